/* The HIP backend's host logic, on the double of a driver (double.h): call order, argument layouts, lifetimes,
 * failures. No kernel runs. */
#include "hip_fixture.h"
#include "program.h"

static void traits(void **state) {
    fixture *f = *state;
    const arete_device_info *info = arete_device_get_info(f->device);
    assert_int_equal(arete_device_count(f->context), DOUBLE_DEVICES);
    assert_string_equal(info->id, "hip:0");
    assert_int_equal(info->kind, ARETE_DEVICE_GPU);
    assert_int_equal(info->compute_units, f->nvidia ? 132 : 110);
    assert_int_equal(info->subgroup_size, f->nvidia ? 32 : 64);
    assert_int_equal(info->registers_per_unit, f->nvidia ? 65536 : 131072);
    assert_int_equal(info->items_per_unit, 2048);
    assert_int_equal(info->local_bytes, f->nvidia ? 49152 : 65536);
    assert_int_equal(info->clock_mhz, f->nvidia ? 1980 : 1700);
    assert_int_equal(info->max_group_size, 1024);
    assert_int_equal(info->compute_capability, f->nvidia ? 90 : 0);
    assert_true(info->local_is_dedicated && !info->unified_memory && info->has_f64);
    assert_string_equal(info->extensions, f->nvidia ? "sm_90" : "gfx90a:sramecc+:xnack-");
    assert_non_null(strstr(info->driver, f->nvidia ? "CUDA 12.8" : "HIP 6.2.32831"));
    assert_non_null(strstr(arete_context_backend_text(f->context), info->extensions));
}

static void memory_and_transfers(void **state) {
    fixture *f = *state;
    arete_queue *queue = NULL;
    arete_buffer *a = NULL, *b = NULL;
    assert_ok(arete_queue_create(f->device, 0, &queue));
    assert_ok(arete_buffer_create(f->device, 256, &a));
    assert_ok(arete_buffer_create(f->device, 256, &b));
    unsigned char in[256], out[256];
    for (int i = 0; i < 256; i++) {
        in[i] = (unsigned char)(255 - i);
    }
    assert_ok(arete_queue_write(queue, a, 0, 256, in, ARETE_WAIT_NONE, NULL));
    assert_ok(arete_queue_copy(queue, a, 16, b, 32, 100, NULL));
    assert_ok(arete_queue_read(queue, b, 32, 100, out, ARETE_WAIT_NONE, NULL));
    assert_memory_equal(out, in + 16, 100);
    assert_status(arete_buffer_create(f->device, (uint64_t)1 << 40, &b), ARETE_E_MEMORY);
    assert_text("hip:0");
    arete_buffer_release(a);
    arete_buffer_release(b);
    arete_queue_release(queue);
}

/* Patterns of all sizes over lengths that are no power of two of them. */
static void fills(void **state) {
    fixture *f = *state;
    arete_queue *queue = NULL;
    arete_buffer *buffer = NULL;
    assert_ok(arete_queue_create(f->device, 0, &queue));
    assert_ok(arete_buffer_create(f->device, 1024, &buffer));
    for (size_t each = 1; each <= 16; each *= 2) {
        unsigned char pattern[16], out[1024];
        for (size_t i = 0; i < 16; i++) {
            pattern[i] = (unsigned char)(3 * i + each);
        }
        assert_ok(arete_queue_fill(queue, buffer, 0, 1024, "\0", 1, NULL));
        assert_ok(arete_queue_fill(queue, buffer, 4 * each, 13 * each, pattern, each, NULL));
        assert_ok(arete_queue_read(queue, buffer, 0, 1024, out, ARETE_WAIT_NONE, NULL));
        for (size_t i = 0; i < 1024; i++) {
            assert_int_equal(out[i], i >= 4 * each && i < 17 * each ? pattern[i % each] : 0);
        }
    }
    arete_buffer_release(buffer);
    arete_queue_release(queue);
}

static const char two_kernels[] = "/* what double_rtc.c reads:\n@kernel scale 48 8 4 8 4 4 8\n@kernel nothing\n*/\n";
static const ar_source source = {"test/two.cl", two_kernels, sizeof two_kernels - 1};

typedef struct block {
    int64_t six[6];
} block;

static void launch_arguments(void **state) {
    fixture *f = *state;
    arete_queue *queue = NULL;
    arete_buffer *buffer = NULL;
    const ar_kernel *kernel = NULL;
    assert_ok(arete_queue_create(f->device, 0, &queue));
    assert_ok(arete_buffer_create(f->device, 64, &buffer));
    assert_ok(ar_kernel_get(f->device, &source, "-DTILE=4 -DFAST", "scale", &kernel));
    block s = {{1, -2, 3, 4, 5, 6}};
    const ar_arg args[] = {AR_STRUCT(s), AR_BUFFER(buffer), AR_F32(1.5f), AR_I64(-7), AR_LOCAL(100), AR_LOCAL(64),
                           AR_BUFFER(NULL)};
    ar_launch launch = {.kernel = kernel, .dims = 2, .global = {640, 6}, .local = {64, 2}, .args = args,
                        .arg_count = 7};
    assert_ok(ar_launch_run(queue, &launch, ARETE_WAIT_NONE, NULL));
    const double_launch *seen = f->driver->launch();
    assert_string_equal(seen->kernel, "scale");
    assert_int_equal(seen->groups[0], 10);
    assert_int_equal(seen->groups[1], 3);
    assert_int_equal(seen->groups[2], 1);
    assert_int_equal(seen->items[0] * 100 + seen->items[1] * 10 + seen->items[2], 6421);
    assert_int_equal(seen->count, 7);
    assert_memory_equal(seen->values[0], &s, sizeof s);
    void *at = arete_hip_pointer_of(buffer), *none = NULL;
    assert_memory_equal(seen->values[1], &at, sizeof at);
    assert_memory_equal(seen->values[2], &(float){1.5f}, 4);
    assert_memory_equal(seen->values[3], &(int64_t){-7}, 8);
    assert_memory_equal(seen->values[4], &(uint32_t){0}, 4);
    assert_memory_equal(seen->values[5], &(uint32_t){112}, 4); /* 100 bytes, then the next multiple of 16 */
    assert_memory_equal(seen->values[6], &none, sizeof none);
    assert_int_equal(seen->local_bytes, 176);
    assert_ptr_equal(seen->stream, arete_hip_stream_of(queue));

    /* What the device cannot take is said before anything is enqueued. */
    f->driver->forget();
    launch.local[0] = 128;
    launch.global[0] = 640;
    launch.local[1] = 16;
    launch.global[1] = 16;
    assert_status(ar_launch_run(queue, &launch, ARETE_WAIT_NONE, NULL), ARETE_E_UNSUPPORTED);
    assert_text("at most 1024");
    launch.local[0] = 1;
    launch.local[1] = 1;
    launch.global[1] = 70000;
    assert_status(ar_launch_run(queue, &launch, ARETE_WAIT_NONE, NULL), ARETE_E_UNSUPPORTED);
    assert_text("65535");
    launch.global[1] = 1;
    const ar_arg much[] = {AR_LOCAL(1 << 20)};
    launch.args = much;
    launch.arg_count = 1;
    assert_status(ar_launch_run(queue, &launch, ARETE_WAIT_NONE, NULL), ARETE_E_UNSUPPORTED);
    assert_text("local memory");
    assert_null(strstr(f->driver->calls(), "aunchKernel"));
    assert_status(ar_kernel_get(f->device, &source, "-DTILE=4 -DFAST", "missing", &kernel), ARETE_E_BUILD);
    assert_text("missing");
    arete_buffer_release(buffer);
    arete_queue_release(queue);
}

/* An event on one queue, waited for on another; times; nothing native is made twice. */
static void events(void **state) {
    fixture *f = *state;
    arete_queue *timed = NULL, *plain = NULL;
    arete_event *first = NULL, *second = NULL;
    const ar_kernel *kernel = NULL;
    assert_ok(arete_queue_create(f->device, ARETE_QUEUE_PROFILING, &timed));
    assert_ok(arete_queue_create(f->device, 0, &plain));
    assert_ok(ar_kernel_get(f->device, &source, "", "nothing", &kernel));
    const ar_launch launch = {.kernel = kernel, .dims = 1, .global = {1}, .local = {1}};
    assert_ok(ar_launch_run(timed, &launch, ARETE_WAIT_NONE, &first));
    f->driver->forget();
    assert_ok(ar_launch_run(plain, &launch, (arete_wait_list){1, &first}, &second));
    const char *wait = strstr(f->driver->calls(), call_name(f, "hipStreamWaitEvent", "cuStreamWaitEvent"));
    const char *run = strstr(f->driver->calls(), call_name(f, "hipModuleLaunchKernel", "cuLaunchKernel"));
    const char *record = strstr(f->driver->calls(), call_name(f, "hipEventRecord", "cuEventRecord"));
    assert_true(wait && run && record && wait < run && run < record);
    double seconds = 0;
    bool complete = false;
    assert_ok(arete_event_wait(first));
    assert_ok(arete_event_seconds(first, &seconds));
    assert_near(seconds, 1.5e-3, 1e-9);
    assert_ok(arete_event_query(second, &complete));
    assert_true(complete);
    assert_status(arete_event_seconds(second, &seconds), ARETE_E_UNSUPPORTED);
    arete_event_release(first);
    arete_event_release(second);
    int made = f->driver->live("event");
    for (int i = 0; i < 10; i++) {
        assert_ok(ar_launch_run(timed, &launch, ARETE_WAIT_NONE, &first));
        arete_event_release(first);
    }
    assert_int_equal(f->driver->live("event"), made);
    arete_queue_release(timed);
    arete_queue_release(plain);
}

/* Each device's objects are made and used with that device current, and the thread's own choice comes back. */
static void several_devices(void **state) {
    fixture *f = *state;
    arete_device *other = NULL;
    assert_ok(arete_device_find(f->context, "hip:1", &other));
    arete_queue *queues[2];
    arete_buffer *buffers[2];
    for (int i = 0; i < 2; i++) {
        arete_device *device = i ? other : f->device;
        assert_ok(arete_queue_create(device, 0, &queues[i]));
        assert_ok(arete_buffer_create(device, 64, &buffers[i]));
    }
    for (int i = 0; i < 4; i++) {
        assert_ok(arete_queue_fill(queues[i % 2], buffers[i % 2], 0, 64, "x", 1, NULL));
    }
    assert_true(f->driver->current() <= 0);
    assert_int_equal(arete_hip_ordinal(other), 1);
    for (int i = 0; i < 2; i++) {
        arete_buffer_release(buffers[i]);
        arete_queue_release(queues[i]);
    }
}

static void failures(void **state) {
    fixture *f = *state;
    arete_queue *queue = NULL;
    arete_buffer *buffer = NULL;
    arete_event *event = NULL;
    const ar_kernel *kernel = NULL;
    assert_ok(arete_queue_create(f->device, ARETE_QUEUE_PROFILING, &queue));
    assert_ok(ar_kernel_get(f->device, &source, "", "nothing", &kernel));
    const ar_launch launch = {.kernel = kernel, .dims = 1, .global = {1}, .local = {1}};
    f->driver->plan_failure(call_name(f, "hipMalloc", "cuMemAlloc_v2"), 2, 0);
    assert_status(arete_buffer_create(f->device, 64, &buffer), ARETE_E_MEMORY);
    assert_text("OUT_OF_MEMORY (2)");
    f->driver->plan_failure(call_name(f, "hipStreamCreateWithFlags", "cuStreamCreate"), 999, 0);
    arete_queue *none = NULL;
    assert_status(arete_queue_create(f->device, 0, &none), ARETE_E_DEVICE);
    assert_null(none);
    f->driver->plan_failure(call_name(f, "hipModuleLaunchKernel", "cuLaunchKernel"), 701, 0);
    assert_status(ar_launch_run(queue, &launch, ARETE_WAIT_NONE, &event), ARETE_E_DEVICE);
    assert_text("LAUNCH_OUT_OF_RESOURCES (701)");
    assert_null(event);
    f->driver->plan_failure(call_name(f, "hipEventCreateWithFlags", "cuEventCreate"), 2, 0);
    arete_queue *fresh = NULL;
    assert_ok(arete_queue_create(f->device, 0, &fresh)); /* untimed: no spare event of the kind is there yet */
    f->driver->forget();
    assert_status(ar_launch_run(fresh, &launch, ARETE_WAIT_NONE, &event), ARETE_E_MEMORY);
    assert_null(strstr(f->driver->calls(), "aunchKernel"));
    arete_queue_release(fresh);
    f->driver->plan_failure(call_name(f, "hipEventRecord", "cuEventRecord"), 719, 0);
    assert_status(ar_launch_run(queue, &launch, ARETE_WAIT_NONE, &event), ARETE_E_DEVICE);
    f->driver->plan_failure(call_name(f, "hipModuleLoadData", "cuModuleLoadData"), 209, 0);
    assert_status(ar_kernel_get(f->device, &source, "-DOTHER=1", "nothing", &kernel), ARETE_E_BUILD);
    assert_text("NO_BINARY_FOR_GPU");

    assert_ok(arete_buffer_create(f->device, 64, &buffer));
    f->driver->lose(719);
    assert_status(ar_launch_run(queue, &launch, ARETE_WAIT_NONE, NULL), ARETE_E_DEVICE);
    assert_text("lost");
    char byte;
    assert_status(arete_queue_read(queue, buffer, 0, 1, &byte, ARETE_WAIT_NONE, NULL), ARETE_E_DEVICE);
    assert_status(arete_queue_finish(queue), ARETE_E_DEVICE);
    f->driver->lose(0);
    arete_buffer_release(buffer);
    arete_queue_release(queue);
}

static void interop(void **state) {
    fixture *f = *state;
    arete_queue *theirs = NULL, *queue = NULL, *bare = NULL;
    arete_buffer *whole = NULL, *part = NULL;
    arete_event *event = NULL, *again = NULL;
    assert_ok(arete_queue_create(f->device, 0, &theirs)); /* stands for the application's stream and memory */
    assert_ok(arete_buffer_create(f->device, 256, &whole));
    assert_ok(arete_hip_adopt_stream(f->device, arete_hip_stream_of(theirs), ARETE_QUEUE_PROFILING, &queue));
    assert_ok(arete_hip_adopt_stream(f->device, NULL, 0, &bare));
    char *at = arete_hip_pointer_of(whole);
    assert_ok(arete_hip_adopt_pointer(f->device, at + 64, 192, &part));
    assert_status(arete_hip_adopt_pointer(f->device, at + 64, 193, &part), ARETE_E_RANGE);
    assert_text("192");
    char host[8];
    assert_status(arete_hip_adopt_pointer(f->device, host, 8, &part), ARETE_E_ARGUMENT);
    assert_status(arete_hip_adopt_pointer(f->device, NULL, 8, &part), ARETE_E_ARGUMENT);
    assert_status(arete_hip_adopt_stream(f->device, NULL, 8, &bare), ARETE_E_ARGUMENT);
    f->driver->forget();
    assert_ok(arete_queue_fill(queue, part, 0, 192, "y", 1, &event));
    assert_ok(arete_queue_fill(bare, part, 0, 4, "z", 1, NULL));
    assert_null(strstr(f->driver->calls(), "ynchronize")); /* no hidden waiting */
    assert_ok(arete_hip_adopt_event(f->device, arete_hip_event_of(event), &again));
    assert_ok(arete_event_wait(again));
    assert_int_equal(at[63] == 'y', 0);
    assert_int_equal(at[64], 'z');
    assert_int_equal(at[68], 'y');
    double seconds;
    assert_status(arete_event_seconds(again, &seconds), ARETE_E_UNSUPPORTED);
    if (f->nvidia) {
        arete_device *same = NULL;
        assert_ok(arete_hip_adopt_context(f->device, arete_hip_context_of(f->device), &same));
        assert_ptr_equal(same, f->device);
    } else {
        arete_device *same = NULL;
        assert_status(arete_hip_adopt_context(f->device, (arete_hip_context)(void *)host, &same), ARETE_E_UNSUPPORTED);
    }
    arete_event_release(again);
    arete_event_release(event);
    arete_buffer_release(part);
    arete_buffer_release(whole);
    arete_queue_release(queue);
    arete_queue_release(bare);
    arete_queue_release(theirs);
}

/* An application's context that is current on the thread stays so. */
static void out_of_memory_on_the_host(void **state) {
    fixture *f = *state;
    for (long n = 1; n < 4; n++) {
        arete_buffer *buffer = NULL;
        arete_queue *queue = NULL;
        ar_os_fail_allocation(n);
        arete_status status = arete_buffer_create(f->device, 64, &buffer);
        ar_os_fail_allocation(0);
        assert_true(status == ARETE_OK || status == ARETE_E_MEMORY);
        ar_os_fail_allocation(n);
        status = arete_queue_create(f->device, 0, &queue);
        ar_os_fail_allocation(0);
        assert_true(status == ARETE_OK || status == ARETE_E_MEMORY);
        arete_buffer_release(buffer);
        arete_queue_release(queue);
    }
}

static void pinned_memory(void **state) {
    fixture *f = *state;
    void *memory = NULL;
    assert_ok(arete_host_alloc(f->device, 4096, &memory));
    assert_int_equal(f->driver->live("host"), 1);
    memset(memory, 1, 4096);
    arete_host_free(f->device, memory);
    assert_int_equal(f->driver->live("host"), 0);
    f->driver->plan_failure(call_name(f, "hipHostMalloc", "cuMemHostAlloc"), 2, 0);
    memory = NULL;
    assert_status(arete_host_alloc(f->device, 4096, &memory), ARETE_E_MEMORY);
    assert_null(memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(traits, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(memory_and_transfers, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(fills, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(launch_arguments, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(events, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(several_devices, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(failures, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(interop, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(out_of_memory_on_the_host, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(pinned_memory, fixture_open, fixture_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
