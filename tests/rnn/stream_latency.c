/* Latency of a stream: one step a call, waited for, states going on in place on the device. Prints the median and the
 * 99th percentile over 10,000 calls (or as many as the argument says), and the launches of a call. */
#include "layer.h"

#include "os.h"

enum { HIDDEN = 256 };

static int compare(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static void measure(arete_device *device, arete_rnn_cell cell, size_t calls) {
    static const char *const names[] = {"LSTM", "GRU", "RNN"};
    arete_queue *queue;
    arete_plan *plan = NULL;
    arete_buffer *packed = NULL;
    arete_cost cost;
    layer l;
    double *seconds = calloc(calls, sizeof *seconds);
    assert_ok(arete_queue_create(device, 0, &queue));
    layer_shape(&l, cell, 1, 1, HIDDEN, HIDDEN);
    l.desc.prepack = true;
    l.desc.linear_before_reset = cell == ARETE_RNN_GRU;
    layer_fill(&l, queue);
    assert_ok(arete_rnn_plan(device, &l.desc, &l.args, &plan));
    if (arete_rnn_packs(plan))
        assert_ok(arete_rnn_pack(plan, queue, &l.weights, &packed));
    assert_ok(arete_queue_reserve(queue, arete_plan_workspace(plan)));
    l.args.packed = packed;
    l.args.y_h = l.args.h0;
    l.args.y_c = l.args.c0;
    for (size_t i = 0; i < calls + 100; i++) { /* the first ones warm up */
        double from = ar_os_seconds();
        assert_ok(arete_rnn_run(plan, queue, &l.args, ARETE_WAIT_NONE, NULL));
        assert_ok(arete_queue_finish(queue));
        if (i >= 100)
            seconds[i - 100] = ar_os_seconds() - from;
    }
    qsort(seconds, calls, sizeof *seconds, compare);
    arete_plan_cost(plan, &cost);
    printf("%s hidden %d, batch 1, one step a call, %s: %zu calls, median %.1f us, 99th percentile %.1f us, "
           "%.0f launches a call\n",
           names[cell], HIDDEN, arete_plan_solver(plan), calls, 1e6 * seconds[calls / 2],
           1e6 * seconds[calls * 99 / 100], cost.launches);
    free(seconds);
    arete_buffer_release(packed);
    arete_buffer_release(l.buffer);
    arete_plan_release(plan);
    arete_queue_release(queue);
}

int main(int argc, char **argv) {
    size_t calls = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 10000;
    arete_context *context = test_context();
    arete_device *device = test_device(context);
    for (int cell = 0; cell < 3 && calls > 0; cell++)
        measure(device, (arete_rnn_cell)cell, calls);
    arete_context_release(context);
    return 0;
}
