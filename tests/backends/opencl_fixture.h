/* What the tests of the OpenCL backend share: a context whose log is kept, and the device under test. */
#ifndef OPENCL_FIXTURE_H
#define OPENCL_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "arete/opencl.h"
#include "backend.h"

#include <cmocka.h>

typedef struct fixture {
    arete_context *context;
    arete_device *device; /* what ARETE_TEST_DEVICE names; PoCL */
    arete_queue *queue;   /* with profiling */
    char log[16384];      /* warnings and errors */
} fixture;

/* cmocka's group set-up and tear-down; *state is the fixture. */
int fixture_open(void **state);
int fixture_close(void **state);

/* Whether the device under test is Mesa's rusticl, which lacks a few things that PoCL has. */
bool fixture_is_rusticl(const fixture *f);

#define assert_status(expected, call)                                                                              \
    do {                                                                                                           \
        arete_status status_got = (call);                                                                          \
        if (status_got != (expected)) {                                                                            \
            fail_msg("%s: %s, not %s: %s", #call, arete_status_name(status_got), arete_status_name(expected),      \
                     arete_error_text());                                                                          \
        }                                                                                                          \
    } while (0)
#define assert_ok(call) assert_status(ARETE_OK, call)

/* That the last error's text has this part. */
#define assert_text(part)                                                                                          \
    do {                                                                                                           \
        if (!strstr(arete_error_text(), part)) {                                                                   \
            fail_msg("no \"%s\" in \"%s\"", part, arete_error_text());                                             \
        }                                                                                                          \
    } while (0)

/* A kernel out of a source text, which must be static. */
#define SOURCE(file, string) {.name = file, .text = string, .length = sizeof(string) - 1}

#endif
