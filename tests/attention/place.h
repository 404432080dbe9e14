/* Small attentions on every device here, by every solver, against sums written out in f64. */
#ifndef PLACE_H
#define PLACE_H

#include "../core/test.h"

enum { ROOM = 1 << 16 };

typedef struct place {
    arete_device *device;
    arete_queue *queue;
} place;

static const char *const solvers[] = {"cpu_flash", "decode", "gpu_flash", "two_pass", "reference"};
enum { SOLVERS = sizeof solvers / sizeof solvers[0] };

/* Leaves decode and gpu_flash out. */
static bool quick;

/* Data without a short period in [-1, 1]. */
static inline float value(int64_t i, int which) {
    uint32_t x = (uint32_t)i * 2654435761u + (uint32_t)which * 40503u;
    x = (x ^ (x >> 15)) * 2246822519u;
    return (float)((x ^ (x >> 13)) & 0xffff) / 32768.0f - 1.0f;
}

static inline float *values(int64_t count, int which) {
    float *x = malloc(sizeof *x * (size_t)count);
    assert_non_null(x);
    for (int64_t i = 0; i < count; ++i)
        x[i] = value(i, which);
    return x;
}

static inline arete_tensor give(place *p, const void *data, arete_dtype type, uint32_t rank, const int64_t *dims) {
    arete_tensor t = arete_tensor_make(NULL, 0, type, rank, dims);
    uint64_t bytes = arete_tensor_extent(&t);
    assert_ok(arete_buffer_create(p->device, bytes, &t.buffer));
    assert_ok(arete_queue_write(p->queue, t.buffer, 0, bytes, data, ARETE_WAIT_NONE, NULL));
    return t;
}

static inline void take(place *p, const arete_tensor *t, float *to) {
    assert_ok(arete_queue_read(p->queue, t->buffer, 0, arete_tensor_extent(t), to, ARETE_WAIT_NONE, NULL));
}

static inline void drop(arete_attention_args *args) {
    arete_tensor *const all[] = {&args->q,          &args->k,       &args->v,       &args->y,
                                 &args->mask,       &args->kv_lens, &args->k_cache, &args->v_cache,
                                 &args->past_lens,  &args->cos,     &args->sin,     &args->q_positions,
                                 &args->k_positions};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; ++i)
        arete_buffer_release(all[i]->buffer);
    memset(args, 0, sizeof *args);
}

/* Row of one head: q[d] against keys seen[0 .. count - 1] (add: to their scores). */
static inline void naive_row(const float *q, const float *k, const float *v, int64_t d, int64_t dv, int64_t keys,
                             const double *add, double scale, double *y) {
    double *weights = malloc(sizeof *weights * (size_t)(keys + 1)), most = -INFINITY, sum = 0;
    assert_non_null(weights);
    for (int64_t j = 0; j < keys; ++j) {
        double score = 0;
        for (int64_t e = 0; e < d; ++e)
            score += (double)q[e] * (double)k[j * d + e];
        weights[j] = isinf(add[j]) ? -INFINITY : scale * score + add[j];
        most = weights[j] > most ? weights[j] : most;
    }
    for (int64_t e = 0; e < dv; ++e)
        y[e] = 0;
    for (int64_t j = 0; j < keys && !isinf(most); ++j) {
        weights[j] = exp(weights[j] - most);
        sum += weights[j];
    }
    for (int64_t j = 0; j < keys && !isinf(most); ++j)
        for (int64_t e = 0; e < dv && weights[j] > 0; ++e)
            y[e] += weights[j] / sum * (double)v[j * dv + e];
    free(weights);
}

/* Calls test for each solver of each device; how many of them ran is not zero where there is a driver. */
typedef void (*place_test)(place *p, const char *solver);

static inline void everywhere(place_test test) {
    arete_context_desc desc = {.log_level = ARETE_LOG_OFF};
    arete_context *context = NULL;
    assert_ok(arete_context_create(&desc, &context));
    for (size_t i = 0; i < arete_device_count(context); ++i) {
        place p = {arete_device_at(context, i), NULL};
        assert_ok(arete_queue_create(p.device, 0, &p.queue));
        for (int s = 0; s < SOLVERS; ++s)
            if (!quick || (strcmp(solvers[s], "decode") != 0 && strcmp(solvers[s], "gpu_flash") != 0))
                test(&p, solvers[s]);
        arete_queue_release(p.queue);
    }
    arete_context_release(context);
}

/* Whether that solver ran: others do not take the problem, or the device. */
static inline bool attend(place *p, const arete_attention_desc *desc, const arete_attention_args *args) {
    arete_status status = arete_attention(p->queue, desc, args, ARETE_WAIT_NONE, NULL);
    if (status != ARETE_E_UNSUPPORTED)
        assert_ok(status);
    return status == ARETE_OK;
}

#endif
