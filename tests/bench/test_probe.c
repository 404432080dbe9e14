/* The parts of the probe that need no quiet machine: fits, knees, flags, the host's arithmetic; and a whole quick
 * probe on the device that is here: every outcome said, every sample kept, the roofs filled in, read back as they
 * were. */
#include "probe/ladder.h"
#include "probe/peak.h"
#include "probe/probe.h"
#include "probe/transfer.h"
#include "record.h"
#include "saved.h"
#include "test.h"

static void line_fit(void **state) {
    (void)state;
    double amounts[] = {1e3, 1e4, 1e5, 1e6}, seconds[4];
    for (int i = 0; i < 4; i++)
        seconds[i] = 5e-6 + amounts[i] / 2e9;
    ar_line line = ar_line_fit(amounts, seconds, 4);
    assert_near(line.seconds, 5e-6, 1e-12);
    assert_near(line.rate, 2e9, 1);
    assert_true(line.worst < 1e-9);
    seconds[2] *= 1.5;
    assert_true(ar_line_fit(amounts, seconds, 4).worst > 0.1);
    double falling[] = {4e-6, 3e-6, 2e-6, 1e-6};
    assert_near(ar_line_fit(amounts, falling, 4).rate, 0, 0);
    assert_near(ar_line_fit(amounts, seconds, 1).rate, 0, 0);
}

static void knees(void **state) {
    (void)state;
    const uint64_t sizes[] = {1, 2, 4, 8, 16, 32, 64, 128, 256};
    const double rates[] = {300, 350, 345, 230, 228, 229, 190, 60, 40};
    ar_knee found[4];
    assert_int_equal(ar_find_knees(sizes, rates, 9, found, 4), 2);
    assert_int_equal(found[0].below, 4);
    assert_int_equal(found[0].above, 8);
    assert_int_equal(found[1].below, 64);
    assert_int_equal(found[1].above, 128);
    const double flat[] = {100, 101, 99, 100, 98, 100, 101, 100, 99};
    assert_int_equal(ar_find_knees(sizes, flat, 9, found, 4), 0);
    assert_int_equal(ar_find_knees(sizes, rates, 1, found, 4), 0);
}

static void flags(void **state) {
    (void)state;
    ar_series series = {.count = 4, .samples = {1.0, 1.05, 1.2, 1.0}};
    ar_series_finish(&series);
    assert_int_equal(series.flagged_count, 1);
    assert_true(series.flagged[2]);
    assert_near(series.seconds.median, 1.025, 1e-12); /* flagged, not left out */
    ar_series clocked = {.count = 3, .samples = {1, 1, 1}, .clock_mhz = {2000, 1500, 2000}};
    ar_series_finish(&clocked);
    assert_true(clocked.flagged[1] && clocked.flagged_count == 1);
}

typedef struct counted {
    int calls;
} counted;

static arete_status slow_start(void *state, double *seconds) {
    counted *c = state;
    *seconds = c->calls < 5 ? 1.0 / (1 + c->calls) : 0.1;
    c->calls++;
    return ARETE_OK;
}

static arete_status fails_late(void *state, double *seconds) {
    counted *c = state;
    *seconds = 1;
    return ++c->calls > 6 ? ARETE_E_DEVICE : ARETE_OK;
}

static void series(void **state) {
    (void)state;
    counted one = {0}, two = {0};
    ar_series got[2];
    ar_series_rule rule = {.least = 10, .most = 50, .uncertainty = 0.01, .budget = 1, .warm_budget = 1};
    ar_sampler samplers[] = {{&one, slow_start}, {&two, slow_start}};
    assert_ok(ar_series_take(&rule, samplers, 2, got));
    assert_true(got[0].warm >= 7); /* until three agree */
    assert_int_equal(got[0].count, 10);
    assert_int_equal(got[1].count, 10);
    assert_near(got[0].seconds.median, 0.1, 1e-12);
    assert_int_equal(got[0].stop, AR_STOP_STABLE);
    counted late = {0};
    ar_sampler failing = {&late, fails_late};
    assert_status(ar_series_take(&rule, &failing, 1, got), ARETE_E_DEVICE);
    assert_int_equal(got[0].count, 3);
}

/* Values that can be computed by hand. */
static void expected(void **state) {
    (void)state;
    const double starts[] = {1, 2};
    ar_peak_shape shape = {.type = AR_PEAK_F64, .form = AR_PEAK_CHAIN, .width = 1, .chains = 2};
    assert_near(ar_peak_expect(&shape, -1, 0.5, starts, 1), -0.5 + -1.5, 0);
    assert_near(ar_peak_expect(&shape, -1, 0.5, starts, 2), 3, 0);
    shape.form = AR_PEAK_SUM;
    assert_near(ar_peak_expect(&shape, 2, 3, starts, 10), 123, 0);
    shape.type = AR_PEAK_F16;
    assert_near(ar_peak_expect(&shape, 1, 2048, starts, 1), 2048 + 2052, 4); /* 2049 and 2050 in steps of 2 */
    shape = (ar_peak_shape){.type = AR_PEAK_INT8, .form = AR_PEAK_DOT4, .width = 1, .chains = 1};
    const double word[] = {0x01ff02fe}; /* 1, -1, 2, -2 */
    assert_near(ar_peak_expect(&shape, 0x03010401, 0, word, 1), 0x01ff02fe + (3 - 1 + 8 - 2), 0);
    shape.form = AR_PEAK_PAIRS;
    const double pair[] = {0x0002ffff}; /* 2, -1 */
    assert_near(ar_peak_expect(&shape, 0x00030005, 0, pair, 1), 0x0002ffff + (6 - 5), 0);
    shape.form = AR_PEAK_WIDEN;
    const double high[] = {0x80000000u};
    assert_near(ar_peak_expect(&shape, 3, 7, high, 1), 0x80000007u, 0); /* modulo 2^32 */
}

static void unknown_probe(void **state) {
    (void)state;
    arete_context *context = reference_context();
    ar_probe_report *report = calloc(1, sizeof *report);
    ar_probe_spec spec = {.device = arete_device_at(context, 0), .only = "f32,nothing"};
    assert_status(ar_probe_run(&spec, report), ARETE_E_NOT_FOUND);
    assert_text("there is no probe 'nothing'");
    assert_text("bandwidth");
    spec.only = "f32";
    assert_status(ar_probe_run(&spec, report), ARETE_E_UNSUPPORTED);
    assert_text("reference has no kernels");
    ar_probe_report_free(report);
    free(report);
    arete_context_release(context);
}

static void check_result(const ar_probe_result *r) {
    if (!r->ok) {
        assert_true(r->why[0] != 0);
        return;
    }
    assert_true(r->value > 0 && r->best > 0 && r->series.count > 0);
    assert_true(r->quantity == AR_SECONDS ? r->best <= r->value * 1.000001 : r->best >= r->value * 0.999999);
}

static void whole_probe(void **state) {
    (void)state;
    arete_context_desc desc = {.cpu_workers = ARETE_CPU_WORKERS_PINNED};
    arete_context *context;
    arete_device *device;
    assert_ok(arete_context_create(&desc, &context));
    assert_ok(arete_device_find(context, NULL, &device));
    ar_probe_report *report = calloc(1, sizeof *report);
    ar_measured_roofs *back = calloc(1, sizeof *back);
    ar_datasheet low = {.part = "a part that promises little", .bandwidth = 1};
    ar_probe_spec spec = {.device = device,
                          .quick = true,
                          .only = "f16,bf16,bandwidth,data,local,latency,transfers,launches",
                          .datasheet = &low};
    if (arete_device_get_info(device)->kind != ARETE_DEVICE_REFERENCE) {
        assert_ok(ar_probe_run(&spec, report));
        assert_int_equal(report->count, 8);
        for (size_t i = 0; i < report->count; i++) {
            const ar_probe_part *part = &report->parts[i];
            if (part->outcome == AR_FAILED)
                fail_msg("%s: %s", part->name, part->why);
            assert_true(part->outcome == AR_PASSED ? part->summary[0] != 0 : part->why[0] != 0);
            for (size_t j = 0; j < part->count; j++)
                check_result(&part->results[j]);
        }
        assert_true(report->parts[3].results[0].suspect); /* far above that datasheet */
        assert_non_null(strstr(report->parts[3].results[0].why, "above the datasheet's"));
        const ar_measured_roofs *roofs = &report->roofs;
        assert_true(roofs->roofs.bandwidth > 1e8 && roofs->read_bandwidth > 0 && roofs->latency_seconds > 0);
        assert_true(roofs->transfers[0].bandwidth > 0 && roofs->roofs.launch_seconds > 0);
        json_t *run = ar_run_json(device, report);
        assert_ok(ar_run_roofs(run, back));
        assert_near(back->roofs.bandwidth, roofs->roofs.bandwidth, 1);
        assert_near(back->latency_seconds, roofs->latency_seconds, 1e-15);
        assert_near(back->transfers[1].bandwidth, roofs->transfers[1].bandwidth, 1);
        assert_string_equal(back->rungs[AR_RUNGS - 1].name, "memory");
        arete_roofs now;
        arete_device_set_roofs(device, &back->roofs);
        arete_device_get_roofs(device, &now);
        assert_near(now.bandwidth, roofs->roofs.bandwidth, 1);
        json_decref(run);
    }
    ar_probe_report_free(report);
    free(report);
    free(back);
    arete_context_release(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(line_fit),   cmocka_unit_test(knees),
                                       cmocka_unit_test(flags),      cmocka_unit_test(series),
                                       cmocka_unit_test(expected),   cmocka_unit_test(unknown_probe),
                                       cmocka_unit_test(whole_probe)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
