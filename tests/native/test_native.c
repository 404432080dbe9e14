/* The probe's kernels through OpenCL against native code, in turns, pair by pair: f32 and f64 arithmetic must come
 * within 3% of it, streams from memory within 5%. For a quiet machine; elsewhere the pairs scatter, which is said.
 */
#include <time.h>

#include "host.h"
#include "native.h"
#include "probe/ladder.h"
#include "probe/peak.h"
#include "roofs.h"
#include "test.h"

enum { LEAST_PAIRS = 15, MOST_PAIRS = 200 };

#define ARITHMETIC_WITHIN 0.03
#define MEMORY_WITHIN 0.05
#define SECONDS_EACH 4.0

typedef struct fixture {
    arete_context *context;
    ar_bench_device on;
    native native;
} fixture;

static double seconds_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* One thing in two ways: wide vectors and narrow ones (NULL: only wide); the faster counts. */
typedef struct contest {
    const char *name;
    native_work work;
    double native_amount, amount, within;
    const ar_launch *launches[2];
} contest;

/* The better of a round. */
static double round_of(fixture *f, const contest *c, bool own) {
    double best = 0;
    for (int way = 0; way < 2; way++) {
        double seconds = 0;
        if (!c->launches[way])
            continue;
        f->native.narrow = way;
        if (own)
            seconds = native_run(&f->native, c->work);
        else
            assert_ok(ar_time_launches(f->on.queue, c->launches[way], 1, &seconds));
        assert_true(seconds > 0);
        best = best == 0 || seconds < best ? seconds : best;
    }
    return best;
}

/* Pairs until the median of their ratios is known to a third of what is allowed. Gives the median. */
static double pairs(fixture *f, const contest *c) {
    double ratios[MOST_PAIRS], rates[MOST_PAIRS], scratch[MOST_PAIRS];
    ar_statistics ratio = {0}, rate;
    size_t count = 0;
    double start = seconds_now();
    for (int i = -2; i < MOST_PAIRS; i++) { /* the first two warm up */
        double own = round_of(f, c, true), other = round_of(f, c, false);
        if (i < 0)
            continue;
        rates[count] = c->native_amount / own;
        ratios[count++] = c->amount / other / (c->native_amount / own);
        memcpy(scratch, ratios, count * sizeof *scratch);
        ar_statistics_of(scratch, count, &ratio);
        if (count >= LEAST_PAIRS && (ratio.uncertainty < c->within / 3 || seconds_now() - start > SECONDS_EACH))
            break;
    }
    memcpy(scratch, rates, count * sizeof *scratch);
    ar_statistics_of(scratch, count, &rate);
    printf("%-10s native %8.2f G/s, OpenCL %.4f of it, +-%.2f%% of %zu pairs\n", c->name, rate.median * 1e-9,
           ratio.median, 100 * ratio.uncertainty, count);
    if (ratio.uncertainty > c->within)
        printf("%-10s the pairs scatter: something else uses the machine\n", "");
    return ratio.median;
}

static void arithmetic(fixture *f, ar_peak_type type) {
    ar_peak_shape shape;
    ar_peak_loop loop;
    int32_t steps;
    native_work work = type == AR_PEAK_F32 ? NATIVE_F32 : NATIVE_F64;
    double lanes = (double)native_lanes_f32() / (type == AR_PEAK_F32 ? 1 : 2);
    assert_int_equal(ar_peak_shapes(&f->on, type, AR_PEAK_FEW, &shape, 1), 1);
    assert_ok(ar_peak_open(&f->on, &shape, &loop));
    assert_ok(ar_peak_calibrate(&loop, 0.01, &steps));
    ar_peak_set_steps(&loop, steps);
    double amount = ar_peak_step_operations(&shape) * steps * (double)shape.items;
    f->native.amount = (uint64_t)(amount / (2 * NATIVE_CHAINS * lanes) / f->native.threads);
    double own_amount = 2 * NATIVE_CHAINS * lanes * (double)f->native.amount * f->native.threads;
    double ratio = pairs(
        f, &(contest){ar_peak_type_name(type), work, own_amount, amount, ARITHMETIC_WITHIN, {&loop.launch, NULL}});
    assert_ok(ar_peak_check(&loop, steps, 1));
    ar_peak_close(&loop);
    assert_near(ratio, 1, ARITHMETIC_WITHIN);
}

/* Native code goes over the very pages of the OpenCL buffers: where pages lie makes a tenth of a difference. */
static void stream(fixture *f, ar_memory_op op) {
    static const native_work works[] = {NATIVE_READ, NATIVE_READ, NATIVE_COPY, NATIVE_TRIAD};
    static const unsigned arrays[] = {1, 1, 2, 3};
    ar_arg args[2][7];
    ar_launch launches[2];
    uint32_t widths[2];
    double traffic = 0;
    void *from = NULL, *to = NULL;
    size_t count = ar_memory_widths(&f->on, widths);
    for (size_t i = 0; i < count; i++)
        assert_ok(ar_memory_launch(&f->on, op, f->on.bytes, widths[i], args[i], &launches[i], &traffic));
    assert_ok(ar_buffer_map(f->on.queue, f->on.from, 0, f->on.bytes, false, &from));
    assert_ok(ar_buffer_map(f->on.queue, f->on.to, 0, f->on.bytes, false, &to));
    f->native.amount = f->on.bytes / arrays[op] / 4096 * 4096;
    f->native.a = op == AR_READ ? from : to;
    f->native.b = from;
    f->native.c = (char *)from + f->native.amount;
    double ratio = pairs(f, &(contest){ar_memory_op_name(op),
                                       works[op],
                                       (double)f->native.amount * arrays[op],
                                       traffic,
                                       MEMORY_WITHIN,
                                       {&launches[0], count > 1 ? &launches[1] : NULL}});
    assert_ok(ar_buffer_unmap(f->on.queue, f->on.from, from));
    assert_ok(ar_buffer_unmap(f->on.queue, f->on.to, to));
    assert_near(ratio, 1, MEMORY_WITHIN);
}

static void f32(void **state) {
    arithmetic(*state, AR_PEAK_F32);
}

static void f64(void **state) {
    fixture *f = *state;
    if (f->on.info->has_f64)
        arithmetic(f, AR_PEAK_F64);
}

static void read_memory(void **state) {
    stream(*state, AR_READ);
}

static void copy_memory(void **state) {
    stream(*state, AR_COPY);
}

static void triad_memory(void **state) {
    stream(*state, AR_TRIAD);
}

static int open_all(void **state) {
    static fixture f;
    arete_context_desc desc = {.cpu_workers = ARETE_CPU_WORKERS_PINNED};
    arete_device *device = NULL;
    assert_ok(arete_context_create(&desc, &f.context));
    for (size_t i = 0; i < arete_device_count(f.context) && !device; i++)
        if (arete_device_get_info(arete_device_at(f.context, i))->kind == ARETE_DEVICE_CPU)
            device = arete_device_at(f.context, i);
    if (!device) {
        printf("no OpenCL device that is the CPU: nothing to compare\n");
        return -1;
    }
    assert_ok(ar_bench_device_open(device, 0, &f.on));
    f.native.threads =
        f.on.info->compute_units < NATIVE_MOST_THREADS ? f.on.info->compute_units : NATIVE_MOST_THREADS;
    *state = &f;
    return 0;
}

static int close_all(void **state) {
    fixture *f = *state;
    ar_bench_device_close(&f->on);
    arete_context_release(f->context);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(f32), cmocka_unit_test(f64), cmocka_unit_test(read_memory),
                                       cmocka_unit_test(copy_memory), cmocka_unit_test(triad_memory)};
    return cmocka_run_group_tests(tests, open_all, close_all);
}
