/* One kernel launched by two threads on two queues, with different arguments: no launch may see the other's. */
#include "opencl_fixture.h"

#include <pthread.h>

enum { THREADS = 2, RUNS = 4000, BATCH = 500 };

static const ar_source source = SOURCE("test/put.cl",
    "__kernel void put(__global int *y, int at, int a, long b, float c) { y[at] = a + (int)b + (int)c; }\n");

typedef struct worker {
    fixture *f;
    const ar_kernel *kernel;
    int seed;
    int wrong;
    arete_status status;
    char text[256];
    pthread_t thread;
} worker;

static arete_status run_batches(worker *w, arete_queue *queue, arete_buffer *y) {
    static const int fill = -1;
    arete_status status = ARETE_OK;
    for (int run = 0; run < RUNS && !status; run += BATCH) {
        int32_t out[BATCH];
        status = arete_queue_fill(queue, y, 0, sizeof out, &fill, sizeof fill, NULL);
        for (int i = 0; i < BATCH && !status; i++) {
            const ar_arg args[] = {AR_BUFFER(y), AR_I32(i), AR_I32(w->seed + run), AR_I64(3 * i),
                                   AR_F32((float)w->seed)};
            const ar_launch launch = {.kernel = w->kernel, .dims = 1, .global = {1}, .local = {1}, .args = args,
                                      .arg_count = 5};
            status = ar_launch_run(queue, &launch, ARETE_WAIT_NONE, NULL);
        }
        if (!status) {
            status = arete_queue_read(queue, y, 0, sizeof out, out, ARETE_WAIT_NONE, NULL);
        }
        for (int i = 0; i < BATCH && !status; i++) {
            w->wrong += out[i] != 2 * w->seed + run + 3 * i;
        }
    }
    return status;
}

static void *work(void *user) {
    worker *w = user;
    arete_queue *queue = NULL;
    arete_buffer *y = NULL;
    w->status = arete_queue_create(w->f->device, 0, &queue);
    if (!w->status) {
        w->status = arete_buffer_create(w->f->device, BATCH * sizeof(int32_t), &y);
    }
    if (!w->status) {
        w->status = run_batches(w, queue, y);
    }
    if (w->status) {
        snprintf(w->text, sizeof w->text, "%s", arete_error_text());
    }
    arete_buffer_release(y);
    arete_queue_release(queue);
    return NULL;
}

static void arguments_stay_apart(void **state) {
    fixture *f = *state;
    worker workers[THREADS];
    const ar_kernel *kernel = NULL;
    assert_ok(ar_kernel_get(f->device, &source, "", "put", &kernel));
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){.f = f, .kernel = kernel, .seed = 1000000 * (i + 1)};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
    }
    for (int i = 0; i < THREADS; i++) {
        if (workers[i].status) {
            fail_msg("thread %d: %s: %s", i, arete_status_name(workers[i].status), workers[i].text);
        }
        assert_int_equal(workers[i].wrong, 0);
    }
}

typedef struct opener {
    pthread_t thread;
    arete_context *context;
    arete_status status;
    arete_cl_context cl_context;
} opener;

static void *open_context(void *user) {
    opener *o = user;
    arete_context_desc desc = {.log_level = ARETE_LOG_OFF, .cache_dir = "off", .tuning_dir = "off"};
    o->status = arete_context_create(&desc, &o->context);
    if (!o->status) {
        o->cl_context = arete_opencl_context(arete_device_at(o->context, 0));
    }
    return NULL;
}

/* Contexts made by several threads at once. */
static void contexts_open_at_once(void **state) {
    (void)state;
    opener openers[4] = {0};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&openers[i].thread, NULL, open_context, &openers[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(openers[i].thread, NULL);
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(openers[i].status, ARETE_OK);
        assert_non_null(openers[i].cl_context);
        for (int j = 0; j < i; j++) {
            assert_ptr_not_equal(openers[i].cl_context, openers[j].cl_context);
        }
    }
    for (int i = 0; i < 4; i++) {
        arete_context_release(openers[i].context);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(contexts_open_at_once),
                                       cmocka_unit_test(arguments_stay_apart)};
    return cmocka_run_group_tests_name("opencl_threads", tests, fixture_open, fixture_close);
}
