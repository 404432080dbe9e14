/* A case benched, written as JSON, read back: the names that users and scripts know are there. */
#include "double.h"
#include "os.h"
#include "record.h"
#include "test.h"

static json_t *bench_one(arete_device *device, ar_record *record, ar_case *of) {
    ar_measured_roofs roofs;
    ar_bench_spec spec = {.device = device, .data = {.seed = 2}, .rule = ar_race_rule_default(), .roofs = &roofs};
    spec.rule.stop.budget = 0.02;
    assert_ok(ar_roofs_measure(device, &roofs));
    ar_bench_case(&spec, of, record);
    json_t *report = ar_report_json(&spec, json_pack("[o]", ar_record_json(of, device, record)), NULL, 0);
    assert_non_null(report);
    return report;
}

static void fields(void **state) {
    (void)state;
    arete_context *context = reference_context();
    arete_device *device;
    ar_case of;
    ar_record *record = calloc(1, sizeof *record);
    double_fault = NO_FAULT;
    double_case(1000, &of);
    assert_ok(arete_device_find(context, "reference", &device));
    json_t *report = bench_one(device, record, &of);
    char *text = json_dumps(report, 0);
    json_t *back = json_loads(text, 0, NULL), *one = json_array_get(json_object_get(back, "records"), 0);
    const char *op, *name, *dtype, *solver, *bound;
    double median, sync, p25, p75, least, flops, executed, bytes, gflops, gbps, fraction, error, tolerance;
    int passed;
    json_t *samples, *peers;
    assert_int_equal(json_unpack(one, "{s:s, s:s, s:s, s:s, s:s, s:s}", "op", &op, "case", &name, "dtype", &dtype,
                                 "solver", &solver, "device", &(const char *){NULL}, "driver",
                                 &(const char *){NULL}),
                     0);
    assert_string_equal(op, "double");
    assert_string_equal(name, "n=1000");
    assert_string_equal(dtype, "f32");
    assert_string_equal(solver, "doubler");
    assert_int_equal(json_unpack(one, "{s:{s:F,s:F,s:F,s:F,s:o}, s:{s:F}, s:F, s:F, s:F, s:F, s:F}", "seconds",
                                 "median", &median, "min", &least, "p25", &p25, "p75", &p75, "samples", &samples,
                                 "seconds_sync", "median", &sync, "flops", &flops, "flops_executed", &executed,
                                 "bytes", &bytes, "gflops", &gflops, "gbps", &gbps),
                     0);
    assert_true(least > 0 && least <= p25 && p25 <= median && median <= p75);
    assert_true(json_array_size(samples) >= 3);
    assert_near(gflops, flops / median * 1e-9, 1e-6 * gflops);
    assert_near(gbps, bytes / median * 1e-9, 1e-6 * gbps);
    assert_int_equal(json_unpack(one, "{s:{s:s,s:F}, s:{s:b,s:F,s:F}, s:o}", "roof", "bound", &bound, "fraction",
                                 &fraction, "check", "passed", &passed, "max_error", &error, "tolerance",
                                 &tolerance, "peers", &peers),
                     0);
    assert_true(passed && error <= tolerance && json_is_object(peers));
    json_decref(back);
    json_decref(report);
    free(text);
    free(record);
    ar_case_free(&of);
    arete_context_release(context);
}

/* What is wrong is said, in the outcome and in the check. */
static void wrong_result(void **state) {
    (void)state;
    arete_context *context = reference_context();
    arete_device *device;
    ar_case of;
    ar_record *record = calloc(1, sizeof *record);
    double_fault = WRONG_VALUE;
    double_case(1000, &of);
    assert_ok(arete_device_find(context, "reference", &device));
    json_t *report = bench_one(device, record, &of), *one = json_array_get(json_object_get(report, "records"), 0);
    int passed = 1;
    assert_int_equal(json_unpack(one, "{s:{s:b}}", "check", "passed", &passed), 0);
    assert_false(passed);
    assert_string_equal(json_string_value(json_object_get(one, "outcome")), "failed");
    assert_int_equal(record->outcome, AR_FAILED);
    json_decref(report);
    free(record);
    ar_case_free(&of);
    arete_context_release(context);
}

static ar_measured_roofs some_roofs(void) {
    ar_measured_roofs roofs = {.roofs = {.bandwidth = 10e9, .cache_bytes = 1 << 20, .measured = true}};
    roofs.roofs.peak[ARETE_UNIT_F32] = 100e9;
    roofs.rungs[0] = (ar_rung){.bytes = 1 << 16, .bandwidth = 200e9, .name = "cache 64K"};
    roofs.rungs[2] = (ar_rung){.bytes = 1 << 19, .bandwidth = 50e9, .name = "cache 512K"};
    roofs.rungs[3] = (ar_rung){.bytes = 1 << 22, .bandwidth = 10e9, .name = "memory"};
    return roofs;
}

static void roof(void **state) {
    (void)state;
    ar_measured_roofs roofs = some_roofs();
    arete_cost work = {.flops = 1e6, .flops_executed = 1e6, .bytes = 1e6, .launches = 1};
    ar_roof_share share = {.known = false};
    ar_roof_share_of(&roofs, &work, 2 << 20, false, 2e-4, &share); /* 100 us of memory */
    assert_int_equal(share.bound, ARETE_BOUND_MEMORY);
    assert_near(share.fraction, 0.5, 1e-9);
    assert_string_equal(share.level, "memory");
    assert_false(share.fault);
    ar_roof_share_of(&roofs, &work, 1 << 19, false, 2e-5, &share); /* in the cache: 20 us */
    assert_string_equal(share.level, "cache 512K");
    assert_near(share.fraction, 1, 1e-9);
    assert_false(share.fault);
    ar_roof_share_of(&roofs, &work, 1 << 19, true, 2e-5, &share); /* rotated: it cannot be that fast */
    assert_true(share.fault);
    assert_non_null(strstr(share.why, "memory gives 10"));
    share.read_median = 8e9; /* memory was read in turns with it: 125 us */
    share.read_best = 9e9;
    ar_roof_share_of(&roofs, &work, 1 << 19, true, 2.5e-4, &share);
    assert_near(share.fraction, 0.5, 1e-9);
    assert_false(share.fault);
    ar_roof_share_of(&roofs, &work, 1 << 19, true, 1.1e-4, &share); /* above the median, below the best there is */
    assert_false(share.fault);
    share.read_median = share.read_best = 0;
    work.flops_executed = 1e8; /* 1 ms at the peak */
    ar_roof_share_of(&roofs, &work, 1 << 10, false, 0.9e-3, &share);
    assert_int_equal(share.bound, ARETE_BOUND_COMPUTE);
    assert_true(share.fault);
    work.unit = ARETE_UNIT_INT8;
    ar_roof_share_of(&roofs, &work, 1 << 10, false, 1e-3, &share);
    assert_false(share.known);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(fields), cmocka_unit_test(wrong_result),
                                       cmocka_unit_test(roof)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
