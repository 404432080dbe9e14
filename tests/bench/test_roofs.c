/* Roofs measured on whatever device is here are plausible; without a driver they are said to be estimates. */
#include "roofs.h"
#include "test.h"

static void measured(void **state) {
    (void)state;
    arete_context_desc desc = {.cpu_workers = ARETE_CPU_WORKERS_PINNED};
    arete_context *context;
    arete_device *device;
    ar_measured_roofs *roofs = calloc(1, sizeof *roofs);
    assert_ok(arete_context_create(&desc, &context));
    assert_ok(arete_device_find(context, NULL, &device));
    assert_ok(ar_roofs_measure(device, roofs));
    if (arete_device_get_info(device)->kind == ARETE_DEVICE_REFERENCE) {
        assert_false(roofs->roofs.measured);
        assert_non_null(strstr(roofs->missing, "estimates"));
    } else {
        const arete_roofs *r = &roofs->roofs;
        assert_true(r->measured);
        assert_true(r->peak[ARETE_UNIT_F32] > 1e9 && r->peak[ARETE_UNIT_F32] < 1e15);
        assert_true(r->bandwidth > 1e8 && r->bandwidth < 1e14);
        assert_true(r->launch_seconds > 0 && r->launch_seconds <= r->sync_seconds && r->sync_seconds < 1);
        assert_string_equal(ar_roofs_rung(roofs, UINT64_MAX)->name, "memory");
        double before = r->bandwidth;
        assert_ok(ar_roofs_refresh(device, roofs));
        assert_true(roofs->roofs.bandwidth >= before);
    }
    free(roofs);
    arete_context_release(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(measured)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
