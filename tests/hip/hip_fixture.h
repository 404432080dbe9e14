/* What the tests of the HIP backend's host side share: a context on the double, and the double itself. */
#ifndef HIP_FIXTURE_H
#define HIP_FIXTURE_H

#include "../core/test.h"
#include "arete/hip.h"
#include "backend.h"
#include "double.h"

typedef struct fixture {
    const double_api *driver;
    arete_context *context;
    arete_device *device; /* hip:0 */
    bool nvidia;
} fixture;

int fixture_open(void **state);
int fixture_close(void **state);

/* The double's name of a call. */
static inline const char *call_name(const fixture *f, const char *hip, const char *cuda) {
    return f->nvidia ? cuda : hip;
}

#define assert_no_faults(f)                                                                                        \
    do {                                                                                                           \
        if ((f)->driver->faults()[0]) {                                                                            \
            fail_msg("the double saw: %s", (f)->driver->faults());                                                 \
        }                                                                                                          \
    } while (0)

#endif
