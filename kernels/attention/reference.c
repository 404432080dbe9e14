/* The oracle: one row at a time in f64, and the solver of that name on the reference device. */
#include <math.h>
#include <string.h>

#include "common.h"
#include "oracle.h"

static double round_to(uint8_t type, double value) {
    switch (type) {
    case ARETE_F16:
        return (double)arete_f32_from_f16(arete_f16_from_f32((float)value));
    case ARETE_BF16:
        return (double)arete_f32_from_bf16(arete_bf16_from_f32((float)value));
    default:
        return value;
    }
}

static int64_t clamp(int64_t x, int64_t low, int64_t high) {
    return x < low ? low : x > high ? high : x;
}

static int64_t length(const void *data, uint8_t kind, uint8_t type, int64_t b) {
    return (int64_t)ar_oracle_load(data, type, kind == ATTENTION_EACH_LEN ? b : 0);
}

static attention_span span_of(const attention_problem *p, const attention_host *host, int64_t b) {
    attention_span span = {0, p->skv, 0};
    if (ar_attention_has_cache(p)) {
        int64_t past = p->past ? length(host->past_lens, p->past, p->type_past, b) : host->past;
        span.past = clamp(past, 0, p->capacity - p->skv);
        span.total = span.past + p->skv;
        span.offset = p->type_kv ? span.past : span.past - p->sq;
    }
    if (p->lens) {
        int64_t most = length(host->kv_lens, p->lens, p->type_lens, b);
        span.total = clamp(most, 0, span.total);
        if (!ar_attention_has_cache(p))
            span.offset = span.total - p->sq;
    }
    if (p->mask_dims[3] != 1 && p->mask_dims[3] < span.total)
        span.total = p->mask_dims[3];
    return span;
}

/* Row of the tables for token s of sequence b. */
static int64_t table_row(const attention_problem *p, const void *positions, uint8_t type, int64_t past, int64_t b,
                         int64_t tokens, int64_t s) {
    if (!p->table_rows)
        return b * tokens + s;
    int64_t at = type ? (int64_t)ar_oracle_load(positions, type, b * tokens + s) : past + s;
    return clamp(at, 0, p->table_rows - 1);
}

/* A head of D elements, rotated if the problem says so. sizes[]: sums of magnitudes of what each element comes
 * from. */
static void load_head(const attention_problem *p, const attention_host *host, const void *data, uint8_t type,
                      int64_t at, int64_t row, double *values, double *sizes) {
    for (int64_t e = 0; e < p->d; ++e) {
        values[e] = ar_oracle_load(data, type, at + e);
        sizes[e] = fabs(values[e]);
    }
    int64_t half = p->rotary_dim / 2;
    for (int64_t i = 0; p->rotary && i < half; ++i) {
        int64_t first = p->rotary == ATTENTION_ROTARY_PAIRS ? 2 * i : i;
        int64_t second = p->rotary == ATTENTION_ROTARY_PAIRS ? first + 1 : i + half;
        double cos = ar_oracle_load(host->cos, p->type_table, row * half + i);
        double sin = ar_oracle_load(host->sin, p->type_table, row * half + i);
        double x = values[first], y = values[second];
        values[first] = cos * x - sin * y;
        values[second] = sin * x + cos * y;
        sizes[first] = fabs(cos * x) + fabs(sin * y);
        sizes[second] = fabs(sin * x) + fabs(cos * y);
    }
}

/* Key j of head h: from k, rotated, or from the cache. rounded: how much rounding for the cache may add, relative.
 */
static void load_key(const attention_problem *p, const attention_host *host, const attention_span *span, int64_t b,
                     int64_t h, int64_t j, double *values, double *sizes, double *rounded) {
    bool cache = ar_attention_has_cache(p);
    *rounded = 0;
    if (cache && j < span->past) {
        int64_t at = b * p->k_cache.b + h * p->k_cache.h + j * p->k_cache.s;
        for (int64_t e = 0; e < p->d; ++e) {
            values[e] = ar_oracle_load(host->k_cache, p->type_cache, at + e);
            sizes[e] = fabs(values[e]);
        }
        return;
    }
    int64_t s = j - span->past;
    int64_t row = p->rotary ? table_row(p, host->k_positions, p->type_k_positions, span->past, b, p->skv, s) : 0;
    load_head(p, host, host->k, p->type_kv, b * p->k.b + h * p->k.h + s * p->k.s, row, values, sizes);
    for (int64_t e = 0; cache && e < p->d; ++e)
        values[e] = round_to(p->type_cache, values[e]);
    if (cache && p->rotary && p->type_cache != ARETE_F32)
        *rounded = p->type_cache == ARETE_F16 ? 0x1p-11 : 0x1p-8;
}

static double load_value(const attention_problem *p, const attention_host *host, const attention_span *span,
                         int64_t b, int64_t h, int64_t j, int64_t e) {
    bool cache = ar_attention_has_cache(p);
    if (cache && j < span->past)
        return ar_oracle_load(host->v_cache, p->type_cache,
                              b * p->v_cache.b + h * p->v_cache.h + j * p->v_cache.s + e);
    double x = ar_oracle_load(host->v, p->type_kv, b * p->v.b + h * p->v.h + (j - span->past) * p->v.s + e);
    return cache ? round_to(p->type_cache, x) : x;
}

size_t ar_attention_scratch(const attention_problem *p) {
    return (size_t)(4 * p->d + 2 * ar_attention_keys(p));
}

double ar_attention_tolerance(const attention_problem *p) {
    double most = fmax(2, fmax((double)p->d, (double)ar_attention_keys(p)));
    return 4 * ceil(log2(most)) * 0x1p-24;
}

/* Scores of the keys that the row sees; NAN-free -INFINITY for hidden ones. reach: 1 + a_j of the header. The
 * largest score. */
static double scores_of(const attention_problem *p, const attention_host *host, const attention_span *span,
                        int64_t b, int64_t h, int64_t i, double *scores, double *reach, double *room) {
    double *q = room, *q_size = q + p->d, *k = q_size + p->d, *k_size = k + p->d, most = -INFINITY;
    int64_t row = p->rotary ? table_row(p, host->q_positions, p->type_q_positions, span->past, b, p->sq, i) : 0;
    load_head(p, host, host->q, p->type_q, b * p->q.b + h * p->q.h + i * p->q.s, row, q, q_size);
    for (int64_t j = 0; j < span->total; ++j) {
        bool seen =
            (!p->causal || j <= i + span->offset + p->shift) && (!p->window || j > i + span->offset - p->window);
        double add = 0;
        scores[j] = -INFINITY;
        if (seen && p->type_mask) {
            add = ar_oracle_load(host->mask, p->type_mask,
                                 b * p->mask_steps[0] + h * p->mask_steps[1] + i * p->mask_steps[2] +
                                     j * p->mask_steps[3]);
            seen = p->type_mask == ARETE_BOOL ? add != 0 : !(isinf(add) && add < 0);
            add = p->type_mask == ARETE_BOOL ? 0 : add;
        }
        if (!seen)
            continue;
        double sum = 0, size = 0, rounded;
        load_key(p, host, span, b, h / (p->hq / p->hkv), j, k, k_size, &rounded);
        for (int64_t e = 0; e < p->d; ++e) {
            sum += q[e] * k[e];
            size += q_size[e] * k_size[e];
        }
        sum *= p->scale;
        size *= fabs(p->scale);
        if (p->softcap > 0)
            sum = p->softcap * tanh(sum / p->softcap);
        scores[j] = sum + add;
        reach[j] = 1 + size + p->softcap + fabs(add) + size * rounded / ar_attention_tolerance(p);
        if (!(scores[j] <= most)) /* NaN counts */
            most = scores[j];
    }
    return most;
}

void ar_attention_row(const attention_problem *p, const attention_host *host, int64_t b, int64_t h, int64_t i,
                      double *values, double *magnitudes, double *scratch) {
    attention_span span = span_of(p, host, b);
    double *scores = scratch, *reach = scores + ar_attention_keys(p), *room = reach + ar_attention_keys(p);
    double most = scores_of(p, host, &span, b, h, i, scores, reach, room), total = 0;
    int64_t kv_head = p->hkv ? h / (p->hq / p->hkv) : 0;
    for (int64_t e = 0; e < p->dv; ++e) {
        values[e] = 0;
        if (magnitudes)
            magnitudes[e] = 0;
    }
    if (most < 0 && isinf(most))
        return;
    for (int64_t j = 0; j < span.total; ++j) {
        scores[j] = isinf(scores[j]) && scores[j] < 0 ? 0 : exp(scores[j] - most);
        total += scores[j];
    }
    double mean_reach = 0;
    for (int64_t j = 0; j < span.total; ++j) {
        double weight = scores[j] / total;
        if ((float)weight == 0)
            continue;
        mean_reach += weight * reach[j];
        for (int64_t e = 0; e < p->dv; ++e) {
            double v = load_value(p, host, &span, b, kv_head, j, e);
            values[e] += weight * v;
            if (magnitudes)
                magnitudes[e] += weight * fabs(v) * reach[j];
        }
    }
    for (int64_t e = 0; e < p->dv && magnitudes; ++e)
        magnitudes[e] += fabs(values[e]) * mean_reach;
}

double ar_attention_cached(const attention_problem *p, const attention_host *host, bool of_v, int64_t b, int64_t h,
                           int64_t row, int64_t e, double *magnitude) {
    attention_span span = span_of(p, host, b);
    int64_t s = row - span.past;
    double value;
    if (s < 0 || s >= p->skv) {
        attention_steps steps = of_v ? p->v_cache : p->k_cache;
        value = ar_oracle_load(of_v ? host->v_cache : host->k_cache, p->type_cache,
                               b * steps.b + h * steps.h + row * steps.s + e);
        *magnitude = fabs(value);
        return value;
    }
    attention_steps steps = of_v ? p->v : p->k;
    int64_t at = b * steps.b + h * steps.h + s * steps.s, half = p->rotary_dim / 2;
    value = ar_oracle_load(of_v ? host->v : host->k, p->type_kv, at + e);
    *magnitude = fabs(value);
    if (of_v || !p->rotary || e >= p->rotary_dim)
        return value;
    bool pairs = p->rotary == ATTENTION_ROTARY_PAIRS;
    int64_t i = pairs ? e / 2 : e % half, first = pairs ? 2 * i : i, second = pairs ? first + 1 : i + half;
    int64_t line = table_row(p, host->k_positions, p->type_k_positions, span.past, b, p->skv, s) * half + i;
    double cos = ar_oracle_load(host->cos, p->type_table, line),
           sin = ar_oracle_load(host->sin, p->type_table, line);
    double x = ar_oracle_load(host->k, p->type_kv, at + first),
           y = ar_oracle_load(host->k, p->type_kv, at + second);
    *magnitude = e == first ? fabs(cos * x) + fabs(sin * y) : fabs(sin * x) + fabs(cos * y);
    return e == first ? cos * x - sin * y : sin * x + cos * y;
}

/* A product and a sum in f64 with their loads and conversions, one at a time: about 3 ns. */
static double reference_estimate(const void *problem, const arete_device *device, const arete_roofs *roofs,
                                 const ar_params *params) {
    const attention_problem *p = problem;
    (void)device;
    (void)roofs;
    (void)params;
    return 3e-9 * (double)p->b * (double)p->hq * (double)p->sq * (double)ar_attention_keys(p) *
           (double)(p->d + p->dv);
}

/* Room for one row lies in the workspace, so that running allocates nothing. */
static arete_status reference_build(arete_plan *plan) {
    const attention_problem *p = ar_plan_problem(plan);
    plan->workspace = (ar_attention_scratch(p) + (size_t)p->dv) * sizeof(double);
    return ARETE_OK;
}

static void append(const attention_problem *p, const attention_host *host, void *k_cache, void *v_cache) {
    double size;
    for (int64_t b = 0; b < p->b; ++b) {
        int64_t past = span_of(p, host, b).past;
        for (int64_t h = 0; h < p->hkv; ++h) {
            for (int64_t s = past; s < past + p->skv; ++s) {
                int64_t k = b * p->k_cache.b + h * p->k_cache.h + s * p->k_cache.s;
                int64_t v = b * p->v_cache.b + h * p->v_cache.h + s * p->v_cache.s;
                for (int64_t e = 0; e < p->d; ++e)
                    ar_oracle_store(k_cache, p->type_cache, k + e,
                                    ar_attention_cached(p, host, false, b, h, s, e, &size));
                for (int64_t e = 0; e < p->dv; ++e)
                    ar_oracle_store(v_cache, p->type_cache, v + e,
                                    ar_attention_cached(p, host, true, b, h, s, e, &size));
            }
        }
    }
}

static arete_status reference_run(const arete_plan *plan, arete_queue *queue, const void *of, arete_wait_list after,
                                  arete_event **done) {
    const attention_problem *p = ar_plan_problem(plan);
    const arete_attention_args *args = of;
    arete_buffer *scratch = NULL;
    arete_status status = ar_plan_scratch(plan, queue, args->workspace, &scratch);
    /* Events of this device are complete when they are made, so the marker may come before the work. */
    if (status == ARETE_OK)
        status = ar_queue_marker(queue, after, done);
    if (status != ARETE_OK)
        return status;
    const attention_host host = {ar_oracle_host(&args->q),
                                 ar_oracle_host(&args->k),
                                 ar_oracle_host(&args->v),
                                 ar_oracle_host(&args->mask),
                                 ar_oracle_host(&args->kv_lens),
                                 ar_oracle_host(&args->k_cache),
                                 ar_oracle_host(&args->v_cache),
                                 ar_oracle_host(&args->past_lens),
                                 ar_oracle_host(&args->cos),
                                 ar_oracle_host(&args->sin),
                                 ar_oracle_host(&args->q_positions),
                                 ar_oracle_host(&args->k_positions),
                                 args->past};
    double *row = scratch ? (double *)(void *)scratch->impl : NULL, *room = row ? row + p->dv : NULL;
    void *y = ar_oracle_host(&args->y);
    for (int64_t b = 0; b < p->b; ++b) {
        for (int64_t h = 0; h < p->hq; ++h) {
            for (int64_t i = 0; i < p->sq; ++i) {
                ar_attention_row(p, &host, b, h, i, row, NULL, room);
                for (int64_t e = 0; e < p->dv; ++e)
                    ar_oracle_store(y, p->type_y, b * p->y.b + h * p->y.h + i * p->y.s + e, row[e]);
            }
        }
    }
    if (ar_attention_has_cache(p))
        append(p, &host, ar_oracle_host(&args->k_cache), ar_oracle_host(&args->v_cache));
    return ARETE_OK;
}

const ar_solver ar_attention_reference = {
    .name = "reference",
    .applies = ar_oracle_applies,
    .estimate = reference_estimate,
    .build = reference_build,
    .run = reference_run,
};
