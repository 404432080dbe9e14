/* Buffers, transfers, events, their refusals: on the reference device, and on the first other device there is. */
#include "os.h"
#include "test.h"

typedef struct fixture {
    arete_context *context;
    arete_device *device;
    arete_queue *queue;
    arete_buffer *buffer;
} fixture;

static int set_up(void **state) {
    fixture *f = calloc(1, sizeof *f);
    arete_context_desc desc = {.log_level = ARETE_LOG_OFF};
    assert_ok(arete_context_create(&desc, &f->context));
    const char *wanted = getenv("ARETE_TEST_DEVICE");
    assert_ok(arete_device_find(f->context, wanted ? wanted : "reference", &f->device));
    assert_ok(arete_queue_create(f->device, ARETE_QUEUE_PROFILING, &f->queue));
    assert_ok(arete_buffer_create(f->device, 256, &f->buffer));
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    fixture *f = *state;
    arete_buffer_release(f->buffer);
    arete_queue_release(f->queue);
    arete_context_release(f->context);
    free(f);
    return 0;
}

static void transfers(void **state) {
    fixture *f = *state;
    unsigned char out[256], in[256] = {0};
    for (size_t i = 0; i < sizeof out; i++) {
        out[i] = (unsigned char)(i * 7);
    }
    assert_int_equal(arete_buffer_size(f->buffer), 256);
    assert_ptr_equal(arete_buffer_device(f->buffer), f->device);
    assert_ok(arete_queue_write(f->queue, f->buffer, 0, 256, out, ARETE_WAIT_NONE, NULL));
    assert_ok(arete_queue_read(f->queue, f->buffer, 0, 256, in, ARETE_WAIT_NONE, NULL));
    assert_memory_equal(in, out, 256);

    arete_event *copied = NULL, *read = NULL;
    assert_ok(arete_queue_copy(f->queue, f->buffer, 0, f->buffer, 128, 128, &copied));
    assert_ok(arete_queue_read(f->queue, f->buffer, 128, 128, in, (arete_wait_list){1, &copied}, &read));
    assert_ok(arete_event_wait(read));
    bool complete = false;
    assert_ok(arete_event_query(read, &complete));
    assert_true(complete);
    assert_memory_equal(in, out, 128);
    double seconds = -1;
    assert_ok(arete_event_seconds(copied, &seconds));
    assert_true(seconds >= 0 && seconds < 10);
    arete_event_release(copied);
    arete_event_release(read);

    uint32_t pattern = 0xdeadbeef;
    assert_ok(arete_queue_fill(f->queue, f->buffer, 4, 248, &pattern, 4, NULL));
    assert_ok(arete_queue_read(f->queue, f->buffer, 0, 256, in, ARETE_WAIT_NONE, NULL));
    assert_memory_equal(in, out, 4);
    assert_memory_equal(in + 4, &pattern, 4);
    assert_memory_equal(in + 248, &pattern, 4);
    assert_memory_equal(in + 252, out + 124, 4);
}

static void nothing_to_do(void **state) {
    fixture *f = *state;
    arete_event *done = NULL;
    assert_ok(arete_queue_write(f->queue, f->buffer, 256, 0, NULL, ARETE_WAIT_NONE, &done));
    assert_ok(arete_event_wait(done));
    arete_event_release(done);
    assert_ok(arete_queue_read(f->queue, f->buffer, 0, 0, NULL, ARETE_WAIT_NONE, NULL));
    assert_ok(arete_queue_flush(f->queue));
    assert_ok(arete_queue_finish(f->queue));
    arete_buffer_release(NULL);
    arete_queue_release(NULL);
    arete_event_release(NULL);
    arete_plan_release(NULL);
    arete_context_release(NULL);
}

static void refusals(void **state) {
    fixture *f = *state;
    char host[16] = {0};
    arete_event *done = NULL;
    arete_buffer *buffer = NULL;
    assert_status(arete_buffer_create(f->device, 0, &buffer), ARETE_E_ARGUMENT);
    assert_status(arete_buffer_create(NULL, 1, &buffer), ARETE_E_ARGUMENT);
    assert_status(arete_buffer_create(f->device, UINT64_MAX / 2, &buffer), ARETE_E_MEMORY);
    assert_null(buffer);
    assert_status(arete_queue_write(f->queue, f->buffer, 250, 7, host, ARETE_WAIT_NONE, &done), ARETE_E_RANGE);
    assert_text("7 bytes at offset 250");
    assert_text("256 bytes");
    assert_status(arete_queue_read(f->queue, f->buffer, UINT64_MAX, 2, host, ARETE_WAIT_NONE, &done), ARETE_E_RANGE);
    assert_status(arete_queue_write(f->queue, f->buffer, 0, 4, NULL, ARETE_WAIT_NONE, &done), ARETE_E_ARGUMENT);
    assert_status(arete_queue_write(NULL, f->buffer, 0, 4, host, ARETE_WAIT_NONE, &done), ARETE_E_ARGUMENT);
    assert_status(arete_queue_copy(f->queue, f->buffer, 0, f->buffer, 8, 16, &done), ARETE_E_ALIAS);
    assert_status(arete_queue_fill(f->queue, f->buffer, 0, 12, host, 3, &done), ARETE_E_ARGUMENT);
    assert_status(arete_queue_fill(f->queue, f->buffer, 2, 8, host, 4, &done), ARETE_E_RANGE);
    arete_wait_list bad = {1, NULL};
    assert_status(arete_queue_write(f->queue, f->buffer, 0, 4, host, bad, &done), ARETE_E_ARGUMENT);
    arete_queue *queue = NULL;
    assert_status(arete_queue_create(f->device, 0x80, &queue), ARETE_E_ARGUMENT);
    assert_text("0x80");
    assert_null(done);
}

/* A buffer or an event of another device is refused by name. */
static void foreign(void **state) {
    fixture *f = *state;
    arete_context *other = reference_context();
    arete_device *device = arete_device_at(other, 0);
    arete_buffer *buffer = NULL;
    arete_queue *queue = NULL;
    arete_event *event = NULL;
    char host[4];
    assert_ok(arete_buffer_create(device, 16, &buffer));
    assert_ok(arete_queue_create(device, 0, &queue));
    assert_ok(arete_queue_fill(queue, buffer, 0, 16, "abcd", 4, &event));
    assert_status(arete_queue_read(f->queue, buffer, 0, 4, host, ARETE_WAIT_NONE, NULL), ARETE_E_MISMATCH);
    assert_status(arete_queue_read(f->queue, f->buffer, 0, 4, host, (arete_wait_list){1, &event}, NULL),
                  ARETE_E_MISMATCH);
    arete_event_release(event);
    arete_queue_release(queue);
    arete_buffer_release(buffer);
    arete_context_release(other);
}

static void scratch_grows(void **state) {
    fixture *f = *state;
    assert_ok(arete_queue_reserve(f->queue, 1000));
    assert_ok(arete_queue_reserve(f->queue, 10));
    assert_ok(arete_queue_reserve(f->queue, 100000));
    assert_status(arete_queue_reserve(f->queue, UINT64_MAX / 2), ARETE_E_MEMORY);
    assert_text("scratch");
    assert_status(arete_queue_reserve(NULL, 1), ARETE_E_ARGUMENT);
}

/* Objects keep their context alive: releasing it first is fine. */
static void release_order(void **state) {
    (void)state;
    arete_context *context = reference_context();
    arete_buffer *buffer = NULL;
    assert_ok(arete_buffer_create(arete_device_at(context, 0), 64, &buffer));
    arete_context_release(context);
    assert_int_equal(arete_buffer_size(buffer), 64);
    arete_buffer_release(buffer);
}

static void allocation_faults(void **state) {
    fixture *f = *state;
    int failures = 0;
    for (int step = 0; step < 3; step++) {
        arete_status status = ARETE_E_MEMORY;
        for (long n = 1; status != ARETE_OK && n < 50; n++) {
            arete_buffer *buffer = NULL;
            arete_queue *queue = NULL;
            arete_event *event = NULL;
            ar_os_fail_allocation(n);
            status = step == 0   ? arete_buffer_create(f->device, 64, &buffer)
                     : step == 1 ? arete_queue_create(f->device, 0, &queue)
                                 : arete_queue_fill(f->queue, f->buffer, 0, 64, "abcd", 4, &event);
            ar_os_fail_allocation(0);
            failures += status != ARETE_OK;
            assert_true(status == ARETE_OK || (status == ARETE_E_MEMORY && !buffer && !queue && !event));
            arete_buffer_release(buffer);
            arete_queue_release(queue);
            arete_event_release(event);
        }
        assert_int_equal(status, ARETE_OK);
    }
    assert_true(failures >= 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(transfers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_to_do, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refusals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(foreign, set_up, tear_down),
        cmocka_unit_test_setup_teardown(scratch_grows, set_up, tear_down),
        cmocka_unit_test(release_order),
        cmocka_unit_test_setup_teardown(allocation_faults, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
