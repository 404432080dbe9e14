/* Where there is no OpenCL: no error, a note that says what is missing (the first argument), and the reference
 * device. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "arete/arete.h"
#include "arete/opencl.h"

#include <cmocka.h>

static const char *expected;

static void says_so(void **state) {
    (void)state;
    for (int round = 0; round < 2; round++) { /* a loader that did not open is tried again, and fails again */
        arete_context *context = NULL;
        arete_context_desc desc = {.log_level = ARETE_LOG_OFF, .cpu_workers = ARETE_CPU_WORKERS_PINNED};
        assert_int_equal(arete_context_create(&desc, &context), ARETE_OK);
        print_message("%s\n", arete_context_backend_text(context));
        assert_non_null(strstr(arete_context_backend_text(context), expected));
        assert_int_equal(arete_device_count(context), 1);
        const arete_device_info *info = arete_device_get_info(arete_device_at(context, 0));
        assert_string_equal(info->id, "reference");
        arete_context_release(context);
    }
}

static void adopting_fails(void **state) {
    (void)state;
    arete_context *context = NULL;
    arete_device *device = NULL;
    assert_int_equal(arete_context_create(NULL, &context), ARETE_OK);
    assert_int_equal(arete_opencl_adopt_device(context, NULL, NULL, &device), ARETE_E_ARGUMENT);
    assert_non_null(strstr(arete_error_text(), "cl_context is NULL"));
    assert_null(arete_opencl_device(arete_device_at(context, 0)));
    assert_null(arete_opencl_context(arete_device_at(context, 0)));
    assert_int_equal(arete_opencl_adopt_queue(arete_device_at(context, 0), NULL, NULL), ARETE_E_MISMATCH);
    arete_context_release(context);
}

int main(int argc, char **argv) {
    expected = argc > 1 ? argv[1] : "no ICD loader";
    const struct CMUnitTest tests[] = {cmocka_unit_test(says_so), cmocka_unit_test(adopting_fails)};
    return cmocka_run_group_tests_name("opencl_absent", tests, NULL, NULL);
}
