/* decode.cl: few queries against many keys: K and V are streamed once; CPU class. Lanes are elements of a head.
 *
 * A group takes ROWS queries that read the same key head (its query heads, and the tokens of each), and a part of
 * the keys. BLOCK keys at a time:
 *   scores    TILE = LANES / ROWS keys a step, row after row of K in the order of memory; the LANES sums over lanes
 *             end in one vector
 *   weights   m' = max(m, scores), 2^(score - m'), l and O times 2^(m - m')
 *   values    O[row] += weight * V[key], CHUNK vectors of O in registers, rows of V in the order of memory
 * SPLIT 0: Y = O / l. 1: m, l and O go to work, [row][split][DV_PITCH]; attention_merge adds the parts in order.
 *
 * Group      one work-item. Global (s.splits, key heads * blocks of ROWS, batch); merge (queries).
 * s.rows     queries of a key head: sq * group; s.keys: heads of K.
 * Registers  LANES sums; CHUNK * ROWS = 16 sums of O.
 * Precision  f32 by fma; 2^x by a polynomial of degree 5.
 * Limit      memory: K and V are read once for ROWS queries; 2 * ROWS flops an element.
 * NaN        hidden keys weigh nothing and, with HIDES, their V is not touched.
 */
#include "attention/args.h"
#ifndef D
#define D 64 /* elements of a head of Q and K */
#endif
#ifndef DV
#define DV D /* ...of V and Y */
#endif
#ifndef ROWS
#define ROWS 1 /* queries of a group: 1, 2, 4 or 8, at most LANES */
#endif
#ifndef HIDES
#define HIDES MASK /* 1: keys may be hidden from some of the queries only */
#endif
#ifndef SPLIT
#define SPLIT 0
#endif
#ifndef BLOCK
#define BLOCK 128 /* keys at a time; a multiple of LANES */
#endif
#if ROWS > LANES || LANES % ROWS || BLOCK % LANES
#error "ROWS must divide LANES, LANES must divide BLOCK"
#endif
#include "attention/cpu_softmax.h"
#define TILE (LANES / ROWS)
#define CHUNK (16 / ROWS)
#define D_VECTORS (D / LANES)
#define DV_VECTORS (DV / LANES)
#define DV_PITCH ((DV + LANES - 1) / LANES * LANES + LANES) /* the last vector holds m and l */

/* Lane i of the result is the sum of the lanes of x[i]. */
static inline realv sums_of_lanes(realv *x)
{
#pragma unroll
    for (int span = LANES / 2; span > 0; span /= 2) {
#pragma unroll
        for (int i = 0; i < span; ++i) {
            realv low, high;
            INTERLEAVE(low, high, x[i], x[i + span]);
            x[i] = low + high;
        }
    }
    return x[0];
}

/* scores[row][key] of keys rows of K; q: [ROWS][D] reals. */
static inline void take_scores(const float *q, __global const STORAGE(TYPE_K) *k, long k_s, long keys,
                               float *scores)
{
    for (long j = 0; j < keys; j += TILE) {
        realv x[LANES];
#pragma unroll
        for (int t = 0; t < TILE; ++t) {
            /* Behind the last key its row is read once more. */
            __global const STORAGE(TYPE_K) *row = k + min(j + t, keys - 1) * k_s;
#pragma unroll
            for (int r = 0; r < ROWS; ++r)
                x[r * TILE + t] = (realv)(0);
#pragma unroll
            for (int e = 0; e < D_VECTORS; ++e) {
                realv y = LOADV(TYPE_K)(row + e * LANES);
#pragma unroll
                for (int r = 0; r < ROWS; ++r)
                    x[r * TILE + t] = fma(y, LOAD_NEAR(const, realv, q + r * D + e * LANES), x[r * TILE + t]);
            }
        }
        float part[LANES];
        vstorev(sums_of_lanes(x), 0, part);
#if D % LANES
        for (int t = 0; t < TILE; ++t) {
            __global const STORAGE(TYPE_K) *row = k + min(j + t, keys - 1) * k_s;
            for (int e = D_VECTORS * LANES; e < D; ++e) {
                float y = LOADS(TYPE_K)(row + e);
                for (int r = 0; r < ROWS; ++r)
                    part[r * TILE + t] = fma(y, q[r * D + e], part[r * TILE + t]);
            }
        }
#endif
        for (int r = 0; r < ROWS; ++r) {
            for (int t = 0; t < TILE; ++t)
                scores[r * BLOCK + j + t] = part[r * TILE + t];
        }
    }
}

/* o[row][DV_PITCH] = o * factor[row] + weights[row][key] * V. */
static inline void take_values(const float *weights, __global const STORAGE(TYPE_V) *v, long v_s, long keys,
                               const float *factor, float *o)
{
    int e0 = 0;
#if DV_VECTORS
    for (; e0 + CHUNK <= DV_VECTORS; e0 += CHUNK) {
#define PART CHUNK
#include "attention/decode_values.h"
#undef PART
    }
#if DV_VECTORS % CHUNK
    {
#define PART (DV_VECTORS % CHUNK)
#include "attention/decode_values.h"
#undef PART
    }
#endif
#endif
#if DV % LANES
    for (int e = DV_VECTORS * LANES; e < DV; ++e) {
        for (int r = 0; r < ROWS; ++r) {
            float sum = o[r * DV_PITCH + e] * factor[r];
            for (long j = 0; j < keys; ++j) {
                float w = weights[r * BLOCK + j];
                if (!HIDES || w != 0)
                    sum = fma(w, LOADS(TYPE_V)(v + j * v_s + e), sum);
            }
            o[r * DV_PITCH + e] = sum;
        }
    }
#endif
}

/* Query r of a key head: its head and token. */
#define HEAD(s, kv, r) ((kv) * (s)->group + (r) / (s)->sq)
#define TOKEN(s, r) ((r) % (s)->sq)

/* Hides, caps and masks the scores of one query; those behind the last key become -infinity. */
static inline void settle_scores(const attention_args *s, attention_span span, long b, long h, long i, long j0,
                                 long keys, float softcap, __global const STORAGE(TYPE_MASK) *mask, float *scores)
{
    if (s->softcap) {
        for (long j = 0; j < keys; j += LANES)
            STORE_NEAR(, realv, cap(LOAD_NEAR(const, realv, scores + j), softcap), scores + j);
    }
#if MASK
    mask += s->mask_offset + b * s->mask_b + h * s->mask_h + i * s->mask_q;
    for (long j = 0; j < keys; ++j) {
#if MASK == 1
        if (mask[(j0 + j) * s->mask_k] == 0)
            scores[j] = -INFINITY;
#else
        float add = LOADS(TYPE_MASK)(mask + (j0 + j) * s->mask_k);
        scores[j] = add == -INFINITY ? add : fma(add, 1.44269504f, scores[j]);
#endif
    }
#endif
    const long first = first_key(s, span, i) - j0, end = end_key(s, span, i) - j0;
    for (long j = 0; j < min(first, keys); ++j)
        scores[j] = -INFINITY;
    for (long j = max(min(end, keys), 0L); j % LANES != 0 || j < keys; ++j)
        scores[j] = -INFINITY;
}

/* Scores to weights; the factor that what was summed before is to be multiplied with. */
static inline float weigh(float *scores, long keys, float *m, float *l)
{
    float part[LANES];
    realv most = (realv)(*m);
    for (long j = 0; j < keys; j += LANES) {
        realv x = LOAD_NEAR(const, realv, scores + j);
        most = select(most, x, x > most);
    }
    vstorev(most, 0, part);
    float top = part[0];
    for (int i = 1; i < LANES; ++i)
        top = part[i] > top ? part[i] : top;
    float base = top == -INFINITY ? 0.0f : top;
    realv sum = (realv)(0);
    for (long j = 0; j < keys; j += LANES) {
        realv x = exp2_neg(LOAD_NEAR(const, realv, scores + j) - base);
        STORE_NEAR(, realv, x, scores + j);
        sum += x;
    }
    vstorev(sum, 0, part);
    float total = 0;
    for (int i = 0; i < LANES; ++i)
        total += part[i];
    vstorev(exp2_neg((realv)(*m - base)), 0, part);
    *l = fma(*l, part[0], total);
    *m = top;
    return part[0];
}

__kernel void attention_decode(const attention_args s, const float scale, const float softcap,
                               __global const STORAGE(TYPE_Q) *q, __global const STORAGE(TYPE_K) *k,
                               __global const STORAGE(TYPE_V) *v, __global STORAGE(TYPE_Y) *y,
                               __global const STORAGE(TYPE_MASK) *mask, __global const int *lens,
                               __global const int *past, __global float *work)
{
    float rows[ROWS * D + LANES], scores[ROWS * BLOCK] __attribute__((aligned(64)));
    float o[ROWS * DV_PITCH], m[ROWS], l[ROWS], factor[ROWS];
    const long kv = (long)get_group_id(1) % s.keys, r0 = (long)get_group_id(1) / s.keys * ROWS;
    const long split = (long)get_group_id(0), b = (long)get_group_id(2);
    const attention_span span = key_span(&s, b, lens, past);
    k += s.k_offset + b * s.k_b + kv * s.k_h;
    v += s.v_offset + b * s.v_b + kv * s.v_h;
    const float factor_q = s.softcap ? scale : scale * 1.44269504f;
    long first = span.total, end = 0;
    for (int r = 0; r < ROWS; ++r) {
        const long row = min(r0 + r, s.rows - 1);
        __global const STORAGE(TYPE_Q) *from =
            q + s.q_offset + b * s.q_b + HEAD(&s, kv, row) * s.q_h + TOKEN(&s, row) * s.q_s;
        for (int e = 0; e < D; ++e)
            rows[r * D + e] = LOADS(TYPE_Q)(from + e) * factor_q;
        for (int e = 0; e < DV_PITCH; ++e)
            o[r * DV_PITCH + e] = 0;
        m[r] = -INFINITY;
        l[r] = 0;
        first = min(first, first_key(&s, span, TOKEN(&s, row)));
        end = max(end, end_key(&s, span, TOKEN(&s, row)));
    }
    const long each = ((end - first + s.splits - 1) / s.splits + LANES - 1) / LANES * LANES;
    const long stop = min(end, first + (split + 1) * each);
    for (long j0 = first + split * each; j0 < stop; j0 += BLOCK) {
        const long keys = min((long)BLOCK, stop - j0);
        take_scores(rows, k + j0 * s.k_s, s.k_s, keys, scores);
        for (int r = 0; r < ROWS; ++r) {
            const long row = min(r0 + r, s.rows - 1);
            settle_scores(&s, span, b, HEAD(&s, kv, row), TOKEN(&s, row), j0, keys, softcap, mask,
                          scores + r * BLOCK);
            factor[r] = weigh(scores + r * BLOCK, keys, &m[r], &l[r]);
        }
        take_values(scores, v + j0 * s.v_s, s.v_s, keys, factor, o);
    }
    for (int r = 0; r < ROWS && r0 + r < s.rows; ++r) {
        const long h = HEAD(&s, kv, r0 + r), i = TOKEN(&s, r0 + r);
#if SPLIT
        __global float *to = work + s.work_offset + (((b * s.hq + h) * s.sq + i) * s.splits + split) * DV_PITCH;
        for (int e = 0; e < DV_PITCH; e += LANES)
            STORE_NEAR(__global, realv, LOAD_NEAR(const, realv, o + r * DV_PITCH + e), to + e);
        to[DV_PITCH - LANES] = m[r];
        to[DV_PITCH - LANES + 1] = l[r];
#else
        __global STORAGE(TYPE_Y) *to = y + s.y_offset + b * s.y_b + h * s.y_h + i * s.y_s;
        const float inverse = l[r] == 0 ? 0.0f : 1.0f / l[r];
        for (int e = 0; e < DV; ++e)
            STORES(TYPE_Y)(o[r * DV_PITCH + e] * inverse, to + e);
#endif
    }
}

#if SPLIT
__kernel void attention_merge(const attention_args s, const float scale, const float softcap,
                              __global const STORAGE(TYPE_Q) *q, __global const STORAGE(TYPE_K) *k,
                              __global const STORAGE(TYPE_V) *v, __global STORAGE(TYPE_Y) *y,
                              __global const STORAGE(TYPE_MASK) *mask, __global const int *lens,
                              __global const int *past, __global float *work)
{
    const long row = (long)get_group_id(0);
    const long i = row % s.sq, h = row / s.sq % s.hq, b = row / s.sq / s.hq;
    __global const float *parts = work + s.work_offset + row * s.splits * DV_PITCH;
    __global STORAGE(TYPE_Y) *to = y + s.y_offset + b * s.y_b + h * s.y_h + i * s.y_s;
    float m = -INFINITY, l = 0;
    for (long p = 0; p < s.splits; ++p) {
        float x = parts[p * DV_PITCH + DV_PITCH - LANES];
        m = x > m ? x : m;
    }
    const float base = m == -INFINITY ? 0.0f : m;
    float total[DV_PITCH];
    for (int e = 0; e < DV_PITCH; ++e)
        total[e] = 0;
    for (long p = 0; p < s.splits; ++p) {
        __global const float *part = parts + p * DV_PITCH;
        float line[LANES];
        vstorev(exp2_neg((realv)(part[DV_PITCH - LANES] - base)), 0, line);
        l = fma(part[DV_PITCH - LANES + 1], line[0], l);
        for (int e = 0; e < DV_PITCH - LANES; e += LANES)
            STORE_NEAR(, realv, fma(LOAD_NEAR(__global const, realv, part + e), (realv)(line[0]),
                                    LOAD_NEAR(const, realv, total + e)), total + e);
    }
    const float inverse = l == 0 ? 0.0f : 1.0f / l;
    for (int e = 0; e < DV; ++e)
        STORES(TYPE_Y)(total[e] * inverse, to + e);
}
#endif
