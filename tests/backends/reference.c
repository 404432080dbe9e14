/* The reference device: memory, transfers, events that are complete at once, no kernels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "backend.h"

#include <cmocka.h>

static arete_context *context;
static arete_device *device;

static int open_device(void **state) {
    (void)state;
    arete_context_desc desc = {.backends = "reference", .cache_dir = "off", .tuning_dir = "off"};
    if (arete_context_create(&desc, &context)) {
        return -1;
    }
    device = arete_device_at(context, 0);
    return arete_device_count(context) == 1 ? 0 : -1;
}

static int close_device(void **state) {
    (void)state;
    arete_context_release(context);
    return 0;
}

static void has_info(void **state) {
    (void)state;
    const arete_device_info *info = arete_device_get_info(device);
    assert_string_equal(info->id, "reference");
    assert_string_equal(info->backend, "reference");
    assert_string_equal(info->driver, arete_version());
    assert_int_equal(info->kind, ARETE_DEVICE_REFERENCE);
    assert_int_equal(info->compute_units, 1);
    assert_true(info->name[0]);
    assert_true(info->memory_bytes > 0);
    assert_true(info->cache_line >= 64);
}

static void moves_bytes(void **state) {
    (void)state;
    enum { BYTES = 4096 };
    unsigned char in[BYTES], out[BYTES] = {0};
    for (int i = 0; i < BYTES; i++) {
        in[i] = (unsigned char)(i * 7 + 3);
    }
    arete_queue *queue = NULL;
    arete_buffer *a = NULL, *b = NULL;
    arete_event *done = NULL;
    assert_int_equal(arete_queue_create(device, ARETE_QUEUE_PROFILING, &queue), ARETE_OK);
    assert_int_equal(arete_buffer_create(device, BYTES, &a), ARETE_OK);
    assert_int_equal(arete_buffer_create(device, BYTES, &b), ARETE_OK);
    assert_int_equal((uintptr_t)a->impl % 64, 0);
    assert_int_equal(arete_queue_write(queue, a, 0, BYTES, in, ARETE_WAIT_NONE, NULL), ARETE_OK);
    assert_int_equal(arete_queue_copy(queue, a, 100, b, 200, 1000, NULL), ARETE_OK);
    const uint32_t pattern = 0x04030201;
    assert_int_equal(arete_queue_fill(queue, b, 4, 64, &pattern, sizeof pattern, NULL), ARETE_OK);
    assert_int_equal(arete_queue_read(queue, b, 0, BYTES, out, ARETE_WAIT_NONE, &done), ARETE_OK);
    bool complete = false;
    double seconds = -1;
    assert_int_equal(arete_event_query(done, &complete), ARETE_OK);
    assert_true(complete);
    assert_int_equal(arete_event_wait(done), ARETE_OK);
    assert_int_equal(arete_event_seconds(done, &seconds), ARETE_OK);
    assert_true(seconds >= 0 && seconds < 1);
    assert_memory_equal(out + 200, in + 100, 1000);
    for (int i = 4; i < 68; i++) {
        assert_int_equal(out[i], 1 + (i - 4) % 4);
    }
    arete_event *after = NULL;
    arete_wait_list list = {1, &done};
    assert_int_equal(arete_queue_write(queue, a, 0, 0, NULL, list, &after), ARETE_OK);
    assert_int_equal(arete_event_wait(after), ARETE_OK);
    arete_event_release(after);
    arete_event_release(done);
    arete_buffer_release(a);
    arete_buffer_release(b);
    assert_int_equal(arete_queue_finish(queue), ARETE_OK);
    arete_queue_release(queue);
}

static void runs_no_kernels(void **state) {
    (void)state;
    static const ar_source source = {"none.cl", "", 0};
    const ar_kernel *kernel = NULL;
    assert_int_equal(ar_kernel_get(device, &source, "", "none", &kernel), ARETE_E_UNSUPPORTED);
}

static void memory_runs_out(void **state) {
    (void)state;
    arete_buffer *buffer = NULL;
    assert_int_equal(arete_buffer_create(device, UINT64_C(1) << 60, &buffer), ARETE_E_MEMORY);
    assert_null(buffer);
    for (long n = 1; n <= 2; n++) {
        ar_os_fail_allocation(n);
        arete_status status = arete_buffer_create(device, 64, &buffer);
        ar_os_fail_allocation(0);
        assert_int_equal(status, ARETE_E_MEMORY);
        assert_null(buffer);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(has_info), cmocka_unit_test(moves_bytes),
                                       cmocka_unit_test(runs_no_kernels), cmocka_unit_test(memory_runs_out)};
    return cmocka_run_group_tests_name("backend_reference", tests, open_device, close_device);
}
