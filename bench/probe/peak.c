#include "peak.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "os.h"
#include "sources.h"

enum { INPUTS = (2 + 16) * 16 + 16, FEW_STEPS = 37, MOST_STEPS = 1 << 28, SHORTEST = 8 };

/* Twice the work must take this much longer. */
#define LEAST_DOUBLE 1.9
#define MOST_DOUBLE 2.1
#define SAMPLE_SECONDS 0.006

/* Element i of the input: factors near -1, so that values stay bounded, never settle, and change all their bits. */
static double input(const ar_peak_shape *shape, uint32_t i) {
    uint32_t bits = ar_filled(i);
    float unit;
    memcpy(&unit, &bits, sizeof unit); /* 0.5..1 */
    if (shape->type == AR_PEAK_INT8) {
        uint32_t value = bits * 2654435761u | 1u;
        /* Pairs: neither half is -32768, whose square twice would leave 32 bits. */
        return i < shape->width && shape->form == AR_PEAK_PAIRS ? value & 0x7fff7fffu : value;
    }
    if (i < shape->width)
        return -1 + ldexp(unit, shape->type == AR_PEAK_F16 ? -9 : -18);
    return unit;
}

static void put_input(const ar_peak_shape *shape, void *to) {
    for (uint32_t i = 0; i < INPUTS; i++) {
        double value = input(shape, i);
        if (shape->type == AR_PEAK_F32)
            ((float *)to)[i] = (float)value;
        else if (shape->type == AR_PEAK_F64)
            ((double *)to)[i] = value;
        else if (shape->type == AR_PEAK_F16)
            ((uint16_t *)to)[i] = arete_f16_from_f32((float)value);
        else
            ((uint32_t *)to)[i] = (uint32_t)value;
    }
}

/* The input as the device has it, after its rounding. */
static double rounded_input(const ar_peak_shape *shape, uint32_t i) {
    double value = input(shape, i);
    return shape->type == AR_PEAK_F32   ? (float)value
           : shape->type == AR_PEAK_F16 ? arete_f32_from_f16(arete_f16_from_f32((float)value))
                                        : value;
}

static size_t element_size(ar_peak_type type) {
    static const size_t sizes[AR_PEAK_TYPES] = {4, 8, 2, 4};
    return sizes[type];
}

static arete_status peak_kernel(const ar_bench_device *on, const ar_peak_shape *shape, const ar_kernel **kernel) {
    char options[96];
    snprintf(options, sizeof options, "-DTYPE=%d -DW=%u -DTWICE=%u -DCHAINS=%u -DFORM=%d%s", (int)shape->type,
             shape->width, 2 * shape->width, shape->chains, shape->form,
             shape->type == AR_PEAK_INT8 && on->info->compute_capability >= 61 ? " -DUSE_PTX" : "");
    return ar_kernel_get(on->device, &ar_source_probe_peak, options, "peak", kernel);
}

arete_status ar_peak_open(const ar_bench_device *on, const ar_peak_shape *shape, ar_peak_loop *loop) {
    double host[INPUTS]; /* room for the widest type */
    const ar_kernel *kernel = NULL;
    size_t bytes = INPUTS * element_size(shape->type);
    *loop = (ar_peak_loop){.on = *on, .shape = *shape};
    arete_status status = peak_kernel(on, shape, &kernel);
    if (status == ARETE_OK && shape->items * shape->width * element_size(shape->type) > on->bytes)
        status = ar_fail(ARETE_E_UNSUPPORTED, "its results do not fit %llu bytes", (unsigned long long)on->bytes);
    if (status == ARETE_OK)
        status = arete_buffer_create(on->device, bytes, &loop->in);
    if (status == ARETE_OK) {
        put_input(shape, host);
        status = arete_queue_write(on->queue, loop->in, 0, bytes, host, ARETE_WAIT_NONE, NULL);
    }
    if (status != ARETE_OK) {
        ar_peak_close(loop);
        return status;
    }
    loop->args[0] = AR_BUFFER(loop->in);
    loop->args[1] = AR_BUFFER(on->to);
    loop->args[2] = AR_I32(FEW_STEPS);
    loop->launch = ar_launch_of(kernel, loop->args, 3, (ar_shape){shape->width, shape->items, shape->group});
    double seconds;
    status = ar_time_launches(on->queue, &loop->launch, 1, &seconds);
    if (status == ARETE_OK)
        status = ar_peak_check(loop, FEW_STEPS, 0);
    if (status != ARETE_OK)
        ar_peak_close(loop);
    return status;
}

void ar_peak_close(ar_peak_loop *loop) {
    arete_buffer_release(loop->in);
    loop->in = NULL;
}

void ar_peak_set_steps(ar_peak_loop *loop, int32_t steps) {
    loop->args[2] = AR_I32(steps);
}

static double element(ar_peak_type type, const void *from, uint32_t i) {
    return type == AR_PEAK_F32   ? (double)((const float *)from)[i]
           : type == AR_PEAK_F64 ? ((const double *)from)[i]
           : type == AR_PEAK_F16 ? (double)arete_f32_from_f16(((const uint16_t *)from)[i])
                                 : (double)((const uint32_t *)from)[i];
}

static arete_status check_item(const ar_peak_loop *loop, size_t item, int32_t steps, uint32_t lanes) {
    const ar_peak_shape *shape = &loop->shape;
    size_t each = shape->width * element_size(shape->type);
    double got[16], starts[16]; /* got: a vector of the widest type */
    arete_status status =
        arete_queue_read(loop->on.queue, loop->on.to, item * each, each, got, ARETE_WAIT_NONE, NULL);
    for (uint32_t lane = 0; lane < lanes && status == ARETE_OK; lane++) {
        for (uint32_t c = 0; c < shape->chains; c++)
            starts[c] = rounded_input(shape, (2 + c) * shape->width + lane + (uint32_t)(item % 16));
        double factor = rounded_input(shape, lane), addend = rounded_input(shape, shape->width + lane);
        double want = ar_peak_expect(shape, factor, addend, starts, steps), is = element(shape->type, got, lane);
        if (is != want && !(isnan(is) && isnan(want)))
            status =
                ar_fail(ARETE_E_DEVICE,
                        "after %d steps lane %u of work-item %zu holds %.17g, but the host computes %.17g: the "
                        "compiler does not compute what it was told",
                        steps, lane, item, is, want);
    }
    return status;
}

arete_status ar_peak_check(const ar_peak_loop *loop, int32_t steps, uint32_t lanes) {
    const size_t items[] = {0, loop->shape.items / 2 + 1, loop->shape.items - 1};
    arete_status status = ARETE_OK;
    size_t count = lanes == 0 ? 3 : 1;
    for (size_t i = 0; i < count && status == ARETE_OK; i++)
        if (items[i] < loop->shape.items)
            status = check_item(loop, items[i], steps, lanes ? lanes : loop->shape.width);
    return status;
}

arete_status ar_peak_calibrate(ar_peak_loop *loop, double wanted, int32_t *steps) {
    arete_status status = ARETE_OK;
    for (*steps = 512; status == ARETE_OK && *steps < MOST_STEPS; *steps *= 2) {
        double best = INFINITY, seconds;
        ar_peak_set_steps(loop, *steps);
        for (int i = 0; i < 2 && status == ARETE_OK; i++) { /* any may be interrupted */
            status = ar_time_launches(loop->on.queue, &loop->launch, 1, &seconds);
            best = fmin(best, seconds);
        }
        if (best > wanted / 16) { /* from here time is in proportion */
            double scaled = *steps * wanted / best;
            *steps = scaled > MOST_STEPS ? MOST_STEPS : scaled < *steps ? *steps : (int32_t)scaled;
            break;
        }
    }
    return status;
}

typedef struct timed {
    ar_peak_loop *loop;
    int32_t steps;
} timed;

static arete_status sample(void *state, double *seconds) {
    const timed *of = state;
    ar_peak_set_steps(of->loop, of->steps);
    return ar_time_launches(of->loop->on.queue, &of->loop->launch, 1, seconds);
}

/* Once and twice the steps, in turns; again, and shorter, while somebody else's work makes them disagree: a stretch
 * that ends before the system lets others in is not disturbed. */
static arete_status take_both(ar_peak_loop *loop, int32_t *steps, const ar_series_rule *rule, double patience,
                              ar_series *twice, double *ratio) {
    timed states[2] = {{loop, 0}, {loop, 0}};
    ar_sampler samplers[2] = {{&states[0], sample}, {&states[1], sample}};
    int32_t least = *steps / SHORTEST + 1, now = *steps;
    ar_series *both = ar_os_alloc(2 * sizeof *both);
    if (!both)
        return ar_fail_memory("samples", 2 * sizeof *both);
    double start = ar_os_seconds();
    arete_status status;
    do {
        *steps = now;
        states[0].steps = now;
        states[1].steps = 2 * now;
        now = now / 2 > least ? now / 2 : least;
        status = ar_series_take(rule, samplers, 2, both);
        *ratio = status == ARETE_OK ? both[1].seconds.min / both[0].seconds.min : 0;
    } while (status == ARETE_OK && (*ratio < LEAST_DOUBLE || *ratio > MOST_DOUBLE) &&
             ar_os_seconds() - start < patience);
    *twice = both[1];
    ar_os_free(both);
    return status;
}

arete_status ar_peak_measure(const ar_bench_device *on, const ar_peak_shape *shape, const ar_series_rule *rule,
                             double patience, ar_probe_result *result) {
    ar_peak_loop loop;
    int32_t steps = 0;
    double ratio = 0;
    arete_status status = ar_peak_open(on, shape, &loop);
    if (status != ARETE_OK) {
        ar_result_fail(result);
        return status;
    }
    status = ar_peak_calibrate(&loop, SAMPLE_SECONDS, &steps);
    if (status == ARETE_OK)
        status = take_both(&loop, &steps, rule, patience, &result->series, &ratio);
    if (status == ARETE_OK) {
        double again;
        timed last = {&loop, 2 * steps};
        status = sample(&last, &again); /* the result of the very launch that was timed */
        if (status == ARETE_OK)
            status = ar_peak_check(&loop, 2 * steps, 1);
    }
    if (status == ARETE_OK) {
        result->amount = ar_peak_step_operations(shape) * 2.0 * steps * (double)shape->items;
        ar_result_settle(result);
        if (ratio < LEAST_DOUBLE || ratio > MOST_DOUBLE) {
            result->ok = false;
            snprintf(result->why, sizeof result->why, "twice the steps took %.2f times as long", ratio);
        }
    } else {
        ar_result_fail(result);
    }
    ar_peak_close(&loop);
    return status;
}
