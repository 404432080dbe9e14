/* The harness finds every fault that is planted, says which, and how to see it again. */
#include "check.h"
#include "double.h"
#include "os.h"
#include "test.h"

static arete_context *context;
static arete_device *device;

static int open_context(void **state) {
    (void)state;
    context = reference_context();
    return arete_device_find(context, "reference", &device) == ARETE_OK ? 0 : -1;
}

static int close_context(void **state) {
    (void)state;
    arete_context_release(context);
    return 0;
}

static void check(planted fault, ar_data_mode mode, ar_check *result) {
    ar_case of;
    double_case(100, &of);
    double_fault = fault;
    ar_stage_spec spec = {
        .of = &of, .device = device, .views = true, .workspace = true, .data = {.seed = 5, .mode = mode}};
    ar_check_case(&spec, 0, result);
    ar_case_free(&of);
}

static void passes(void **state) {
    (void)state;
    ar_check result;
    check(NO_FAULT, AR_DATA_RANDOM, &result);
    assert_string_equal(result.why, "");
    assert_int_equal(result.outcome, AR_PASSED);
    assert_int_equal(result.values.checked, 100);
    assert_true(result.values.all);
    assert_string_equal(result.solver, "doubler");
    check(NO_FAULT, AR_DATA_INTEGERS, &result);
    assert_int_equal(result.outcome, AR_PASSED);
    assert_true(result.values.exact);
    assert_near(result.values.tolerance, 0, 0);
}

static void finds(planted fault, const char *words) {
    ar_check result;
    check(fault, AR_DATA_RANDOM, &result);
    assert_int_equal(result.outcome, AR_FAILED);
    if (!strstr(result.why, words))
        fail_msg("'%s' does not say '%s'", result.why, words);
    assert_non_null(strstr(result.repro, "arete selftest --case \"double n=100\" --device reference --seed 5"));
}

static void faults(void **state) {
    (void)state;
    finds(WRONG_VALUE, "y[99] is 2.125");
    finds(NOT_WRITTEN, "y[99] is nan");
    finds(WRITES_BEFORE, "memory around output y was written at byte -1 ");
    finds(WRITES_BEHIND, "memory around output y was written at byte 400 ");
    finds(CHANGES_INPUT, "input x was written at byte 2 ");
    finds(DIFFERS, "a second run gave other bits in y");
    finds(BEHIND_WORKSPACE, "behind the workspace");
    finds(FAILS, "DEVICE: planted");
}

static void skips(void **state) {
    (void)state;
    ar_check result;
    check(CANNOT, AR_DATA_RANDOM, &result);
    assert_int_equal(result.outcome, AR_SKIPPED);
    assert_non_null(strstr(result.why, "it was told not to"));
}

/* Every allocation made to fail once: a failure is said, nothing crashes, nothing leaks. */
static void no_memory(void **state) {
    (void)state;
    ar_check result;
    bool passed = false;
    for (long n = 1; n < 200 && !passed; n++) {
        ar_case of;
        double_case(100, &of);
        double_fault = NO_FAULT;
        ar_stage_spec spec = {.of = &of, .device = device, .views = true, .workspace = true, .data = {.seed = 5}};
        ar_os_fail_allocation(n);
        ar_check_case(&spec, 0, &result);
        ar_os_fail_allocation(0);
        passed = result.outcome == AR_PASSED;
        if (!passed)
            assert_int_equal(result.outcome, AR_FAILED);
        ar_case_free(&of);
    }
    assert_true(passed);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(passes), cmocka_unit_test(faults), cmocka_unit_test(skips),
                                       cmocka_unit_test(no_memory)};
    return cmocka_run_group_tests(tests, open_context, close_context);
}
