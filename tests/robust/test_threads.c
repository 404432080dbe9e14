/* One plan, many threads, a queue each; one-shot calls from many threads; two devices at once. */
#include <pthread.h>

#include "product.h"

enum { THREADS = 6, ROUNDS = 60 };

typedef struct worker {
    pthread_t thread;
    arete_device *device;
    const arete_plan *plan; /* NULL: one-shot calls */
    int64_t m, n, k;
    int wrong;
    char text[200];
} worker;

static void *work(void *arg) {
    worker *w = arg;
    product x;
    arete_queue *queue = NULL;
    w->wrong = arete_queue_create(w->device, 0, &queue) != ARETE_OK;
    product_shape(&x, w->m, w->n, w->k);
    product_fill(&x, queue);
    float nan = NAN;
    for (int round = 0; round < ROUNDS && !w->wrong; round++) {
        arete_event *done = NULL;
        arete_status status =
            arete_queue_fill(queue, x.buffer, x.args.c.offset, padded(w->m * w->n), &nan, sizeof nan, NULL);
        if (status == ARETE_OK) {
            status = w->plan ? arete_matmul_run(w->plan, queue, &x.args, ARETE_WAIT_NONE, &done)
                             : arete_matmul(queue, NULL, &x.args, ARETE_WAIT_NONE, &done);
        }
        if (status == ARETE_OK) {
            status = arete_event_wait(done);
        }
        arete_event_release(done);
        w->wrong = status != ARETE_OK || product_wrong(&x, queue);
        if (w->wrong) {
            snprintf(w->text, sizeof w->text, "round %d: %s: %s", round, arete_status_name(status),
                     arete_error_text());
        }
    }
    arete_buffer_release(x.buffer);
    arete_queue_release(queue);
    return NULL;
}

static void run_all(worker *workers, size_t count) {
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
    }
    for (size_t i = 0; i < count; i++) {
        if (workers[i].wrong) {
            fail_msg("thread %zu: %s", i, workers[i].text);
        }
    }
}

static void one_plan(void **state) {
    (void)state;
    static const int64_t shapes[][3] = {{37, 45, 29}, {150, 130, 64}, {1, 300, 70}};
    arete_context *context = NULL;
    assert_ok(arete_context_create(NULL, &context));
    arete_device *device = test_device(context);
    for (size_t s = 0; s < 3; s++) {
        product x;
        arete_plan *plan = NULL;
        product_shape(&x, shapes[s][0], shapes[s][1], shapes[s][2]);
        assert_ok(arete_matmul_plan(device, NULL, &x.args, &plan));
        worker workers[THREADS] = {0};
        for (size_t i = 0; i < THREADS; i++) {
            workers[i] = (worker){.device = device, .plan = plan, .m = x.m, .n = x.n, .k = x.k};
        }
        run_all(workers, THREADS);
        arete_plan_release(plan);
    }
    arete_context_release(context);
}

/* Threads that meet in the plan cache and in the compiler. */
static void one_shot(void **state) {
    (void)state;
    arete_context_desc desc = {.plan_cache_capacity = 2};
    arete_context *context = NULL;
    assert_ok(arete_context_create(&desc, &context));
    worker workers[THREADS] = {0};
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){.device = test_device(context), .m = 20 + 13 * (i % 3), .n = 33, .k = 17};
    }
    run_all(workers, THREADS);
    arete_context_release(context);
}

/* Every device that is here, at once. */
static void all_devices(void **state) {
    (void)state;
    arete_context *context = NULL;
    assert_ok(arete_context_create(NULL, &context));
    worker workers[8] = {0};
    size_t count = arete_device_count(context) < 8 ? arete_device_count(context) : 8;
    for (size_t i = 0; i < count; i++) {
        workers[i] = (worker){.device = arete_device_at(context, i), .m = 40, .n = 50, .k = 60};
    }
    run_all(workers, count);
    arete_context_release(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_plan),
        cmocka_unit_test(one_shot),
        cmocka_unit_test(all_devices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
