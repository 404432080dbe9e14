/* Groups of one launch that hand steps over to each other: whatever the scheduler does, launches end, with the same
 * bits. More groups than workers, one worker, several queues and threads at once, many times over. */
#include <pthread.h>

#include "layer.h"

#include "rnn/probe.h"

/* How often everything is repeated: an argument of the program. */
static long times = 1;

static bool can(arete_device *device) {
    layer l;
    arete_plan *plan = NULL;
    layer_shape(&l, ARETE_RNN_LSTM, 1, 1, 1, 1);
    l.desc.solver = "persistent";
    arete_status status = arete_rnn_plan(device, &l.desc, &l.args, &plan);
    arete_plan_release(plan);
    if (status != ARETE_OK)
        print_message("skipped: %s\n", arete_error_text());
    return status == ARETE_OK;
}

/* This device passes, and a kernel that reads stale words, loses or doubles a count does not. */
static void probe(void **state) {
    fixture *f = *state;
    bool passed = false;
    if (!can(f->device))
        skip();
    assert_int_equal(atomic_load(&f->device->groups_meet), AR_MEET_PASSED); /* can() made a plan */
    for (long i = 0; i < times * 5; i++) {
        assert_ok(ar_rnn_probe_ask(f->device, 0, RNN_PROBE_PATIENCE, &passed));
        assert_true(passed);
    }
    for (int fault = 1; fault <= 3; fault++) {
        assert_ok(ar_rnn_probe_ask(f->device, fault, 1000000, &passed));
        if (passed)
            print_message("fault %d was not found\n", fault);
        assert_false(passed);
    }
}

static void assert_stepwise(arete_device *device, const char *why) {
    layer l;
    arete_plan *plan = NULL;
    layer_shape(&l, ARETE_RNN_LSTM, 5, 1, 8, 64);
    assert_ok(arete_rnn_plan(device, &l.desc, &l.args, &plan));
    assert_non_null(strstr(arete_plan_solver(plan), "stepwise"));
    arete_plan_release(plan);
    plan = NULL;
    l.desc.solver = "persistent";
    assert_status(arete_rnn_plan(device, &l.desc, &l.args, &plan), ARETE_E_UNSUPPORTED);
    assert_text(why);
    assert_null(plan);
}

/* Devices that failed the probe, GPUs, and devices that run work-items in step get a launch a step. */
static void others_get_stepwise(void **state) {
    fixture *f = *state;
    if (!can(f->device))
        skip();
    const arete_device_info info = f->device->info;
    atomic_store(&f->device->groups_meet, AR_MEET_FAILED);
    assert_stepwise(f->device, "a probe found");
    atomic_store(&f->device->groups_meet, AR_MEET_PASSED);
    f->device->info.kind = ARETE_DEVICE_GPU;
    assert_stepwise(f->device, "on CPU devices only");
    f->device->info.kind = info.kind;
    f->device->info.subgroup_size = 8;
    assert_stepwise(f->device, "in step");
    f->device->info = info;
}

/* A layer, and what it must give: by one group alone. */
typedef struct work {
    layer l;
    float *want, *got;
    uint64_t bytes;
    arete_queue *queue;
} work;

static void run(work *w, arete_queue *queue, const char *solver) {
    w->l.desc.solver = solver;
    assert_ok(arete_rnn(queue, &w->l.desc, &w->l.args, ARETE_WAIT_NONE, NULL));
}

static void check(work *w, arete_queue *queue) {
    assert_ok(arete_queue_read(queue, w->l.buffer, w->l.args.y.offset, w->bytes, w->got, ARETE_WAIT_NONE, NULL));
    assert_memory_equal(w->got, w->want, w->bytes);
}

static void open_work(work *w, arete_device *device, arete_rnn_cell cell, int64_t steps, int64_t batch,
                      int64_t hidden) {
    assert_ok(arete_queue_create(device, 0, &w->queue));
    layer_shape(&w->l, cell, steps, batch, 19, hidden);
    layer_fill(&w->l, w->queue);
    w->bytes = arete_tensor_extent(&w->l.args.y);
    w->want = malloc(w->bytes);
    w->got = malloc(w->bytes);
    run(w, w->queue, "persistent:groups=1");
    assert_ok(
        arete_queue_read(w->queue, w->l.buffer, w->l.args.y.offset, w->bytes, w->want, ARETE_WAIT_NONE, NULL));
}

static void close_work(work *w) {
    arete_buffer_release(w->l.buffer);
    arete_queue_release(w->queue);
    free(w->want);
    free(w->got);
}

/* More groups than workers, and more than chunks. GRUs meet twice a step. */
static void many_groups(void **state) {
    static const char *const groups[] = {"persistent:groups=2",   "persistent:groups=3",
                                         "persistent:groups=8",   "persistent:groups=64",
                                         "persistent:groups=301", "persistent:groups=5,block=7"};
    fixture *f = *state;
    if (!can(f->device))
        skip();
    for (int cell = 0; cell < 3; cell++) {
        work w;
        open_work(&w, f->device, (arete_rnn_cell)cell, 20, 1 + cell, 40 + 30 * cell);
        for (long i = 0; i < times * 6; i++) {
            run(&w, w.queue, groups[i % 6]);
            check(&w, w.queue);
        }
        close_work(&w);
    }
}

/* Launch after launch without a wait between them. */
static void launches_in_a_row(void **state) {
    fixture *f = *state;
    work w;
    if (!can(f->device))
        skip();
    open_work(&w, f->device, ARETE_RNN_LSTM, 7, 1, 100);
    for (long i = 0; i < times * 200; i++)
        run(&w, w.queue, i % 3 ? "persistent:groups=2" : "persistent:groups=9");
    check(&w, w.queue);
    close_work(&w);
}

/* One worker: the second group starts when the first has ended. */
static void one_worker(void **state) {
    fixture *f = *state;
    arete_device *parts[16];
    size_t count = 16;
    if (!can(f->device))
        skip();
    arete_status status = arete_device_split(f->device, 1, parts, &count);
    if (status != ARETE_OK) {
        print_message("skipped: the device cannot be split: %s\n", arete_error_text());
        skip();
    }
    for (size_t part = 0; part < count && part < 2; part++) {
        work w;
        open_work(&w, parts[part], ARETE_RNN_GRU, 15, 2, 50);
        for (long i = 0; i < times * 6; i++) {
            run(&w, w.queue, i % 2 ? "persistent:groups=2" : "persistent:groups=6");
            check(&w, w.queue);
        }
        close_work(&w);
    }
}

typedef struct runner {
    pthread_t thread;
    work w;
    long times;
    arete_status status;
} runner;

static void *run_often(void *of) {
    runner *r = of;
    r->w.l.desc.solver = "persistent:groups=3";
    for (long i = 0; i < r->times && r->status == ARETE_OK; i++)
        r->status = arete_rnn(r->w.queue, &r->w.l.desc, &r->w.l.args, ARETE_WAIT_NONE, NULL);
    if (r->status == ARETE_OK)
        r->status = arete_queue_finish(r->w.queue);
    return NULL;
}

/* Several queues at once, each from its own thread: launches share the workers, and groups of one wait while those
 * of another run. */
static void queues_at_once(void **state) {
    enum { THREADS = 4 };
    static runner all[THREADS];
    fixture *f = *state;
    if (!can(f->device))
        skip();
    for (int i = 0; i < THREADS; i++) {
        memset(&all[i], 0, sizeof all[i]);
        open_work(&all[i].w, f->device, (arete_rnn_cell)(i % 3), 12, 1 + i, 40 + 16 * i);
        all[i].times = times * 25;
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&all[i].thread, NULL, run_often, &all[i]), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(all[i].thread, NULL);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(all[i].status, ARETE_OK);
        check(&all[i].w, all[i].w.queue);
        close_work(&all[i].w);
    }
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(probe),       cmocka_unit_test(others_get_stepwise),
                                       cmocka_unit_test(many_groups), cmocka_unit_test(launches_in_a_row),
                                       cmocka_unit_test(one_worker),  cmocka_unit_test(queues_at_once)};
    times = argc > 1 ? strtol(argv[1], NULL, 10) : 1;
    return cmocka_run_group_tests(tests, open_fixture, close_fixture);
}
