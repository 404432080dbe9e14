/* What the tests of core share: cmocka, and contexts that leave nothing behind. */
#ifndef TEST_H
#define TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>


#include "arete/arete.h"

#define assert_status(call, expected)                                                                                \
    do {                                                                                                             \
        arete_status got_ = (call);                                                                                  \
        if (got_ != (expected)) {                                                                                    \
            fail_msg("%s gave %s (%s), not %s", #call, arete_status_name(got_), arete_error_text(), #expected);      \
        }                                                                                                            \
    } while (0)
#define assert_near(a, b, within) assert_true(fabs((a) - (b)) <= (within))
#define assert_ok(call) assert_status(call, ARETE_OK)
#define assert_text(part)                                                                                            \
    do {                                                                                                             \
        if (!strstr(arete_error_text(), part)) {                                                                     \
            fail_msg("the error text \"%s\" does not say \"%s\"", arete_error_text(), part);                         \
        }                                                                                                            \
    } while (0)

/* A context with the reference device alone; it finds no driver, so nothing in it is anybody else's. */
static inline arete_context *reference_context(void) {
    arete_context_desc desc = {.backends = "reference", .log_level = ARETE_LOG_OFF};
    arete_context *context = NULL;
    assert_ok(arete_context_create(&desc, &context));
    return context;
}

/* An empty directory of this test's own; its path is to be given to free_directory(). */
static inline char *temporary_directory(void) {
    char *path = strdup("/tmp/arete-test-XXXXXX");
    assert_non_null(mkdtemp(path));
    return path;
}

static inline void free_directory(char *path) {
    char command[256];
    snprintf(command, sizeof command, "rm -rf '%s'", path);
    assert_int_equal(system(command), 0);
    free(path);
}

#endif
