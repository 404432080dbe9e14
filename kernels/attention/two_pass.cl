/* two_pass.cl: attention that any device and any shape can run; scores are computed twice and never kept.
 *
 *   attention_stats   work-item: a query.  Largest score m and sum l of e^(score - m), BLOCK keys at a time.
 *   attention_apply   work-item: a query and CHUNK elements of Y.  sum of e^(score - m) / l * V.
 *
 * Global     stats: queries of all heads and sequences, rounded up to the group; apply: times ceil(dv / CHUNK).
 * Group      on CPUs 1, on GPUs 64. No local memory, no barrier.
 * Private    BLOCK + 2 * CHUNK floats. work: 2 floats a query.
 * Precision  f32; sums of a block of keys start at 0 and are then added, which keeps errors small at many keys.
 * Limit      loads: 2 * d + CHUNK of them for d + CHUNK multiply-adds; this is the fallback.
 */
#include "attention/args.h"
#ifndef CHUNK
#define CHUNK 64 /* elements of Y of a work-item */
#endif
#ifndef BLOCK
#define BLOCK 64 /* keys at a time */
#endif

typedef struct {
    __global const STORAGE(TYPE_Q) *q;
    __global const STORAGE(TYPE_K) *k;
    __global const STORAGE(TYPE_V) *v;
    __global const STORAGE(TYPE_MASK) *mask;
    long b, h, i;
    attention_span span;
    long first, end;
} row_view;

static inline row_view view_row(const attention_args *s, long row, __global const STORAGE(TYPE_Q) *q,
                                __global const STORAGE(TYPE_K) *k, __global const STORAGE(TYPE_V) *v,
                                __global const STORAGE(TYPE_MASK) *mask, __global const int *lens,
                                __global const int *past)
{
    row_view r;
    r.i = row % s->sq;
    r.h = row / s->sq % s->hq;
    r.b = row / s->sq / s->hq;
    r.span = key_span(s, r.b, lens, past);
    r.first = first_key(s, r.span, r.i);
    r.end = end_key(s, r.span, r.i);
    r.q = q + s->q_offset + r.b * s->q_b + r.h * s->q_h + r.i * s->q_s;
    r.k = k + s->k_offset + r.b * s->k_b + r.h / s->group * s->k_h;
    r.v = v + s->v_offset + r.b * s->v_b + r.h / s->group * s->v_h;
#if MASK
    r.mask = mask + s->mask_offset + r.b * s->mask_b + r.h * s->mask_h + r.i * s->mask_q;
#endif
    return r;
}

static inline float product(__global const STORAGE(TYPE_Q) *q, __global const STORAGE(TYPE_K) *k, long d)
{
    realv sum = (realv)(0);
    long e = 0;
    for (; e + LANES <= d; e += LANES)
        sum = fma(LOADV(TYPE_Q)(q + e), LOADV(TYPE_K)(k + e), sum);
    float part[LANES];
    vstorev(sum, 0, part);
    float total = 0;
    for (int i = 0; i < LANES; ++i)
        total += part[i];
    for (; e < d; ++e)
        total = fma(LOADS(TYPE_Q)(q + e), LOADS(TYPE_K)(k + e), total);
    return total;
}

/* Scores of keys j0 .. j0 + count - 1; hidden ones are -INFINITY whatever their data. The largest; no NaN. */
static inline float block_scores(const attention_args *s, const row_view *r, long j0, long count, float scale,
                                 float softcap, float *scores)
{
    float most = -INFINITY;
    for (long l = 0; l < count; ++l) {
        float score = -INFINITY;
#if MASK == 1
        if (r->mask[(j0 + l) * s->mask_k] != 0)
#elif MASK == 2
        float add = LOADS(TYPE_MASK)(r->mask + (j0 + l) * s->mask_k);
        if (add != -INFINITY)
#endif
        {
            score = scale * product(r->q, r->k + (j0 + l) * s->k_s, s->d);
            if (s->softcap)
                score = softcap * tanh(score / softcap);
#if MASK == 2
            score += add;
#endif
        }
        scores[l] = score;
        most = score > most ? score : most;
    }
    return most;
}

__kernel void attention_stats(const attention_args s, const float scale, const float softcap,
                              __global const STORAGE(TYPE_Q) *q, __global const STORAGE(TYPE_K) *k,
                              __global const STORAGE(TYPE_V) *v, __global STORAGE(TYPE_Y) *y,
                              __global const STORAGE(TYPE_MASK) *mask, __global const int *lens,
                              __global const int *past, __global float *work)
{
    long row = (long)get_global_id(0);
    if (row >= s.batch * s.hq * s.sq)
        return;
    row_view r = view_row(&s, row, q, k, v, mask, lens, past);
    float m = -INFINITY;
    float sum = 0;
    for (long j = r.first; j < r.end; j += BLOCK) {
        float scores[BLOCK];
        long count = min((long)BLOCK, r.end - j);
        float most = max(m, block_scores(&s, &r, j, count, scale, softcap, scores));
        if (most == -INFINITY) {
            /* No key yet; but a NaN among scores that are no numbers must show. */
            for (long l = 0; l < count; ++l)
                sum = isnan(scores[l]) ? scores[l] : sum;
            continue;
        }
        float part = 0;
        for (long l = 0; l < count; ++l)
            part += exp(scores[l] - most);
        sum = (m == -INFINITY ? sum : sum * exp(m - most)) + part;
        m = most;
    }
    work[s.work_offset + 2 * row] = m;
    work[s.work_offset + 2 * row + 1] = sum;
}

__kernel void attention_apply(const attention_args s, const float scale, const float softcap,
                              __global const STORAGE(TYPE_Q) *q, __global const STORAGE(TYPE_K) *k,
                              __global const STORAGE(TYPE_V) *v, __global STORAGE(TYPE_Y) *y,
                              __global const STORAGE(TYPE_MASK) *mask, __global const int *lens,
                              __global const int *past, __global float *work)
{
    const long chunks = (s.dv + CHUNK - 1) / CHUNK;
    long row = (long)get_global_id(0) / chunks;
    long e0 = (long)get_global_id(0) % chunks * CHUNK;
    if (row >= s.batch * s.hq * s.sq)
        return;
    row_view r = view_row(&s, row, q, k, v, mask, lens, past);
    const int width = (int)min((long)CHUNK, s.dv - e0);
    float m = work[s.work_offset + 2 * row];
    float sum = work[s.work_offset + 2 * row + 1];
    float total[CHUNK];
    for (int e = 0; e < CHUNK; ++e)
        total[e] = 0;
    for (long j = r.first; j < r.end && m != -INFINITY; j += BLOCK) {
        float scores[BLOCK];
        float part[CHUNK];
        long count = min((long)BLOCK, r.end - j);
        block_scores(&s, &r, j, count, scale, softcap, scores);
        for (int e = 0; e < CHUNK; ++e)
            part[e] = 0;
        for (long l = 0; l < count; ++l) {
            float weight = exp(scores[l] - m);
            if (weight == 0)
                continue; /* hidden: its data must not reach Y */
            __global const STORAGE(TYPE_V) *line = r.v + (j + l) * s.v_s + e0;
            for (int e = 0; e < width; ++e)
                part[e] = fma(weight, LOADS(TYPE_V)(line + e), part[e]);
        }
        for (int e = 0; e < CHUNK; ++e)
            total[e] += part[e];
    }
    __global STORAGE(TYPE_Y) *to = y + s.y_offset + r.b * s.y_b + r.h * s.y_h + r.i * s.y_s + e0;
    for (int e = 0; e < width; ++e)
        STORES(TYPE_Y)(sum == 0 ? 0.0f : m == -INFINITY ? sum : total[e] / sum, to + e);
}
