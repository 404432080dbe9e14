/* Transfers, fills, events, wait lists and buffers of the OpenCL backend. */
#include "opencl_fixture.h"

#include <stdlib.h>

static arete_buffer *make_buffer(fixture *f, uint64_t bytes) {
    arete_buffer *buffer = NULL;
    assert_ok(arete_buffer_create(f->device, bytes, &buffer));
    assert_int_equal(arete_buffer_size(buffer), bytes);
    return buffer;
}

static void moves_bytes(void **state) {
    fixture *f = *state;
    enum { BYTES = 100003 };
    unsigned char *in = malloc(BYTES), *out = calloc(1, BYTES);
    for (int i = 0; i < BYTES; i++) {
        in[i] = (unsigned char)(i * 31 + (i >> 8));
    }
    arete_buffer *a = make_buffer(f, BYTES), *b = make_buffer(f, BYTES);
    arete_event *written = NULL, *copied = NULL, *read = NULL;
    assert_ok(arete_queue_write(f->queue, a, 0, BYTES, in, ARETE_WAIT_NONE, &written));
    assert_ok(arete_queue_copy(f->queue, a, 3, b, 5, BYTES - 7, &copied));
    arete_wait_list list = {2, (arete_event *[]){written, copied}};
    assert_ok(arete_queue_read(f->queue, b, 5, BYTES - 7, out, list, &read));
    assert_ok(arete_event_wait(read));
    assert_memory_equal(out, in + 3, BYTES - 7);
    bool complete = false;
    assert_ok(arete_event_query(written, &complete));
    assert_true(complete);
    arete_event_release(written);
    arete_event_release(copied);
    arete_event_release(read);
    arete_buffer_release(a);
    arete_buffer_release(b);
    free(in);
    free(out);
}

static void fills(void **state) {
    fixture *f = *state;
    enum { BYTES = 4096 };
    unsigned char pattern[16], out[BYTES];
    for (unsigned i = 0; i < 16; i++) {
        pattern[i] = (unsigned char)(i + 1);
    }
    arete_buffer *buffer = make_buffer(f, BYTES);
    for (size_t bytes = 1; bytes <= 16; bytes *= 2) {
        const unsigned char zero = 0;
        assert_ok(arete_queue_fill(f->queue, buffer, 0, BYTES, &zero, 1, NULL));
        assert_ok(arete_queue_fill(f->queue, buffer, 32, 16 * 61, pattern, bytes, NULL));
        assert_ok(arete_queue_read(f->queue, buffer, 0, BYTES, out, ARETE_WAIT_NONE, NULL));
        for (size_t i = 0; i < BYTES; i++) {
            bool inside = i >= 32 && i < 32 + 16 * 61;
            assert_int_equal(out[i], inside ? pattern[(i - 32) % bytes] : 0);
        }
    }
    arete_buffer_release(buffer);
}

/* A command after more events than a list on the stack holds. */
static void waits_for_many(void **state) {
    fixture *f = *state;
    enum { MANY = 101 };
    arete_queue *queues[4];
    arete_event *events[MANY], *done = NULL;
    arete_buffer *buffer = make_buffer(f, 4 * MANY);
    uint32_t out[MANY];
    for (size_t i = 0; i < 4; i++) {
        assert_ok(arete_queue_create(f->device, 0, &queues[i]));
    }
    for (uint32_t i = 0; i < MANY; i++) { /* nobody flushes those queues */
        assert_ok(arete_queue_fill(queues[i % 4], buffer, 4 * i, 4, &i, 4, &events[i]));
    }
    arete_wait_list list = {MANY, events};
    assert_ok(arete_queue_read(f->queue, buffer, 0, sizeof out, out, list, &done));
    assert_ok(arete_event_wait(done));
    for (uint32_t i = 0; i < MANY; i++) {
        assert_int_equal(out[i], i);
        arete_event_release(events[i]);
    }
    arete_event_release(done);
    arete_buffer_release(buffer);
    for (size_t i = 0; i < 4; i++) {
        arete_queue_release(queues[i]);
    }
}

static void events_outlive_queues(void **state) {
    fixture *f = *state;
    arete_queue *queue = NULL;
    arete_buffer *buffer = make_buffer(f, 1 << 20);
    arete_event *filled = NULL, *done = NULL;
    const uint32_t value = 42;
    uint32_t out = 0;
    assert_ok(arete_queue_create(f->device, 0, &queue));
    assert_ok(arete_queue_fill(queue, buffer, 0, 1 << 20, &value, 4, &filled));
    arete_queue_release(queue);
    arete_wait_list list = {1, &filled};
    assert_ok(arete_queue_read(f->queue, buffer, (1 << 20) - 4, 4, &out, list, &done));
    arete_buffer_release(buffer); /* enqueued work still finishes */
    assert_ok(arete_event_wait(done));
    assert_int_equal(out, 42);
    assert_ok(arete_event_wait(filled));
    arete_event_release(filled);
    arete_event_release(done);
}

static void tells_time(void **state) {
    fixture *f = *state;
    enum { BYTES = 1 << 24 };
    arete_buffer *buffer = make_buffer(f, BYTES);
    arete_event *done = NULL;
    arete_queue *plain = NULL;
    const uint32_t value = 1;
    double seconds = -1, started = ar_os_seconds();
    assert_ok(arete_queue_fill(f->queue, buffer, 0, BYTES, &value, 4, &done));
    assert_ok(arete_event_wait(done));
    double elapsed = ar_os_seconds() - started;
    arete_status status = arete_event_seconds(done, &seconds);
    if (status) { /* rusticl: it must say so */
        assert_true(fixture_is_rusticl(f));
        assert_int_equal(status, ARETE_E_UNSUPPORTED);
        assert_text("useless");
    } else {
        print_message("fill: %g s by the device, %g s by the host\n", seconds, elapsed);
        assert_true(seconds >= 0 && seconds <= elapsed);
    }
    arete_event_release(done);
    assert_ok(arete_queue_create(f->device, 0, &plain));
    assert_ok(arete_queue_fill(plain, buffer, 0, BYTES, &value, 4, &done));
    assert_ok(arete_event_wait(done));
    assert_status(ARETE_E_UNSUPPORTED, arete_event_seconds(done, &seconds));
    arete_event_release(done);
    arete_queue_release(plain);
    arete_buffer_release(buffer);
}

/* The empty command with an event: complete when all before it is. */
static void marks(void **state) {
    fixture *f = *state;
    arete_buffer *buffer = make_buffer(f, 1 << 22);
    arete_event *filled = NULL, *marked = NULL;
    const uint32_t value = 7;
    assert_ok(arete_queue_fill(f->queue, buffer, 0, 1 << 22, &value, 4, &filled));
    assert_ok(arete_queue_write(f->queue, buffer, 0, 0, NULL, ARETE_WAIT_NONE, &marked));
    assert_ok(arete_event_wait(marked));
    bool complete = false;
    assert_ok(arete_event_query(filled, &complete));
    assert_true(complete);
    arete_event_release(marked);
    arete_wait_list list = {1, &filled};
    assert_ok(arete_queue_write(f->queue, buffer, 0, 0, NULL, list, &marked));
    assert_ok(arete_queue_flush(f->queue));
    assert_ok(arete_event_wait(marked));
    arete_event_release(marked);
    arete_event_release(filled);
    assert_ok(arete_queue_finish(f->queue));
    arete_buffer_release(buffer);
}

static void refuses_too_large(void **state) {
    fixture *f = *state;
    arete_buffer *buffer = NULL;
    uint64_t limit = f->device->info.max_buffer_bytes;
    char digits[32];
    assert_status(ARETE_E_MEMORY, arete_buffer_create(f->device, limit + 1, &buffer));
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)limit);
    assert_text(digits);
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)limit + 1);
    assert_text(digits);
    assert_status(ARETE_E_MEMORY, arete_buffer_create(f->device, UINT64_MAX, &buffer));
    assert_null(buffer);
}

static void memory_runs_out(void **state) {
    fixture *f = *state;
    arete_buffer *buffer = NULL, *good = make_buffer(f, 64);
    arete_queue *queue = NULL;
    arete_event *event = NULL;
    const char byte = 1;
    ar_os_fail_allocation(1);
    arete_status for_buffer = arete_buffer_create(f->device, 64, &buffer);
    arete_status for_queue = arete_queue_create(f->device, 0, &queue);
    arete_status for_event = arete_queue_fill(f->queue, good, 0, 64, &byte, 1, &event);
    arete_status without_event = arete_queue_fill(f->queue, good, 0, 64, &byte, 1, NULL);
    ar_os_fail_allocation(0);
    assert_int_equal(for_buffer, ARETE_E_MEMORY);
    assert_int_equal(for_queue, ARETE_E_MEMORY);
    assert_int_equal(for_event, ARETE_E_MEMORY);
    assert_int_equal(without_event, ARETE_OK); /* nothing allocates on the running path */
    assert_true(!buffer && !queue && !event);
    assert_ok(arete_queue_finish(f->queue));
    arete_buffer_release(good);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moves_bytes),       cmocka_unit_test(fills),
        cmocka_unit_test(waits_for_many),    cmocka_unit_test(events_outlive_queues),
        cmocka_unit_test(tells_time),        cmocka_unit_test(marks),
        cmocka_unit_test(refuses_too_large), cmocka_unit_test(memory_runs_out),
    };
    return cmocka_run_group_tests_name("opencl_queue", tests, fixture_open, fixture_close);
}
