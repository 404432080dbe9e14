/* cpu_flash.cl: online softmax around register-blocked products; CPU class. Lanes are queries.
 *
 *   Q of the group's queries to private memory as [panel][d][NR], scaled by scale * log2 e
 *   for each block of s.keys keys:   K and V of the block to private memory as f32 rows
 *     for each panel of NR = 2 * LANES queries, unless nothing in the block is seen by it:
 *       S^T[key][NR]   = K[key][d] * Q^T[d][NR]        micro-kernel, MR keys at a time
 *       hide, m' = max(m, S), S = 2^(S - m'), l = l * 2^(m - m') + sum S, O^T *= 2^(m - m')
 *       O^T[e][NR]    += V^T[e][key] * S^T[key][NR]    micro-kernel, MV elements at a time
 *   Y = (O^T / l)^T
 *
 * With queries in the lanes neither K nor V is transposed: both products read them as single values that are
 * broadcast, S^T comes out as the panel that the second product reads, and maximum and sum go down the columns.
 *
 * Group      one work-item: s.splits runs of s.rows queries of a head (CAUSAL: one run from the start and one from
 *            the end, so that groups have equal work). Global (runs / s.splits, heads, batch).
 * Private    KEYS_MAX * (K_PITCH + V_PITCH + NR) + ROWS_MAX * (D_MAX + DV_MAX) floats.
 * Registers  as micro.h; MR and MV up to 14 with 32 registers, 6 with 16.
 * Precision  f32 by fma; 2^x by a polynomial of degree 5, 3 eps; sums of a block start at 0 and are then added.
 * Limit      compute: 2 * (d + dv) flops a pair; per vector of S about 8 cycles of the exponential besides.
 * NaN        hidden scores become -infinity before anything is made of them. Where a block of V has infinities or
 *            NaN, and keys may be hidden from some queries, products with weights of 0 are left out one by one.
 */
#include "attention/args.h"
#ifndef D_MAX
#define D_MAX 64 /* d at most; a multiple of 16 */
#endif
#ifndef DV_MAX
#define DV_MAX D_MAX
#endif
#ifndef MR
#define MR 12 /* keys of a tile of S */
#endif
#ifndef MV
#define MV 13 /* elements of a tile of O */
#endif
#ifndef KEYS_MAX
#define KEYS_MAX 256 /* keys of a block */
#endif
#ifndef ROWS_MAX
#define ROWS_MAX 512 /* queries of a run; a multiple of NR */
#endif
#if D_MAX % 16 || DV_MAX % 16
#error "D_MAX and DV_MAX must be multiples of 16"
#endif
#define NR (2 * LANES)
#define K_PITCH (D_MAX + LANES)
#define V_PITCH (DV_MAX + 16) /* the last tile of O reads up to MV - 1 elements too many */
#define PANELS (ROWS_MAX / NR)
#define O_ROWS (DV_MAX + 16)
#define KEY_ROWS (KEYS_MAX + MR)
#if ROWS_MAX % (2 * LANES) || MV > 16 || MR > 16
#error "ROWS_MAX must be a multiple of 2 * LANES, MR and MV at most 16"
#endif

#include "attention/cpu_softmax.h"
#define PANEL_LOAD(b, v) (b)[v]
#define MICRO_NAME micro_values
#define MICRO_MR MV
#define MICRO_NV 2
#define MICRO_A_ROW 1
#define MICRO_A_STEP V_PITCH
#define MICRO_B_SPACE
#define MICRO_B_TYPE realv
#define MICRO_B_LOAD PANEL_LOAD
#define MICRO_B_STEP 2
#include "micro.h"

#if MASK
#include "attention/cpu_mask.h"
#endif

/* The same for scores, K[MR][d] * Q^T[d][NR], with what a mask left in `out` added (MASK and add) and their maximum on the
 * way out: most = max(most, out). */
static inline void micro_scores(const float *a, const realv *b, long steps, int add, realv *out, realv *most)
{
    realv acc[MR][2];
#pragma unroll
    for (int i = 0; i < MR; ++i)
        acc[i][0] = acc[i][1] = (realv)(0);
#pragma unroll 1
    for (long p = 0; p < steps; ++p) {
        realv b0 = b[0];
        realv b1 = b[1];
#pragma unroll
        for (int i = 0; i < MR; ++i) {
            realv x = (realv)(a[i * K_PITCH]);
            acc[i][0] = fma(x, b0, acc[i][0]);
            acc[i][1] = fma(x, b1, acc[i][1]);
        }
        ++a;
        b += 2;
    }
    realv m0 = most[0];
    realv m1 = most[1];
#if MASK
    if (add) {
#pragma unroll
        for (int i = 0; i < MR; ++i) {
            acc[i][0] = masked(acc[i][0], out[i * 2]);
            acc[i][1] = masked(acc[i][1], out[i * 2 + 1]);
        }
    }
#endif
#pragma unroll
    for (int i = 0; i < MR; ++i) {
        out[i * 2] = acc[i][0];
        out[i * 2 + 1] = acc[i][1];
        m0 = select(m0, acc[i][0], acc[i][0] > m0);
        m1 = select(m1, acc[i][1], acc[i][1] > m1);
    }
    most[0] = m0;
    most[1] = m1;
}

/* rows queries to [panel][d][NR], times factor; those from rows to the panel's end are 0. */
static inline void copy_q(realv *to, __global const STORAGE(TYPE_Q) *q, long q_s, long rows, long d, float factor)
{
    for (long i0 = 0; i0 < rows; i0 += LANES) {
        const long count = min((long)LANES, rows - i0);
        realv *panel = to + i0 / NR * (D_MAX * 2) + i0 / LANES % 2;
        if (count < LANES || rows - i0 <= LANES) {
            for (long e = 0; e < d; ++e)
                panel[e * 2] = (realv)(0);
            if (i0 % NR == 0 && rows - i0 <= LANES) {
                for (long e = 0; e < d; ++e)
                    panel[e * 2 + 1] = (realv)(0);
            }
        }
        __global const STORAGE(TYPE_Q) *from = q + i0 * q_s;
        long e = 0;
        for (; e + LANES <= d; e += LANES) {
            realv x[LANES];
            if (count == LANES) {
#pragma unroll
                for (int i = 0; i < LANES; ++i)
                    x[i] = LOADV(TYPE_Q)(from + i * q_s + e) * factor;
            } else {
                for (int i = 0; i < LANES; ++i)
                    x[i] = i < count ? LOADV(TYPE_Q)(from + i * q_s + e) * factor : (realv)(0);
            }
            transpose(x);
#pragma unroll
            for (int i = 0; i < LANES; ++i)
                panel[(e + i) * 2] = x[i];
        }
        for (; e < d; ++e) {
            float line[LANES];
            for (int i = 0; i < LANES; ++i)
                line[i] = i < count ? LOADS(TYPE_Q)(from + i * q_s + e) * factor : 0.0f;
            panel[e * 2] = vloadv(0, line);
        }
    }
}

/* Rows of keys or values as reals. Whether all of them are finite, with `look`. */
#define COPY_ROWS(name, type)                                                                           \
    static inline int name(float *to, long pitch, __global const STORAGE(type) *from, long step,        \
                           long rows, long width, int look)                                             \
    {                                                                                                   \
        realv worst = (realv)(0);                                                                       \
        float tail = 0;                                                                                 \
        for (long j = 0; j < rows; ++j, to += pitch, from += step) {                                    \
            long e = 0;                                                                                 \
            for (; e + LANES <= width; e += LANES) {                                                    \
                realv x = LOADV(type)(from + e);                                                        \
                STORE_NEAR(, realv, x, to + e);                                                         \
                worst = fma(x, (realv)(0), worst); /* 0 while finite, else NaN */                       \
            }                                                                                           \
            for (; e < width; ++e) {                                                                    \
                to[e] = LOADS(type)(from + e);                                                          \
                tail = fma(to[e], 0.0f, tail);                                                          \
            }                                                                                           \
        }                                                                                               \
        if (!look)                                                                                      \
            return 1;                                                                                   \
        float part[LANES];                                                                              \
        vstorev(worst, 0, part);                                                                        \
        for (int i = 0; i < LANES; ++i)                                                                 \
            tail += part[i];                                                                            \
        return tail == 0;                                                                               \
    }
COPY_ROWS(copy_keys, TYPE_K)
COPY_ROWS(copy_values, TYPE_V)

/* O += V^T S with what weighs nothing left out, whatever it is. */
static inline void careful_values(const float *v, const realv *weights, long keys, long dv, realv *o)
{
    for (long e = 0; e < dv; ++e) {
        for (int h = 0; h < 2; ++h) {
            realv sum = (realv)(0);
            for (long j = 0; j < keys; ++j) {
                realv w = weights[j * 2 + h];
                sum = select(fma((realv)(v[j * V_PITCH + e]), w, sum), sum, w == (realv)(0));
            }
            o[e * 2 + h] += sum;
        }
    }
}

/* Keys lo .. hi - 1 are hidden from queries i0 .. by causal and window. */
static inline void hide(const attention_args *s, attention_span span, realv *scores, long i0, long lo, long hi)
{
    for (long j = lo; j < hi; ++j) {
        for (int h = 0; h < 2; ++h) {
            /* Lane l, query i = base + l, sees j when  j - offset - shift <= i  and  j - offset + window > i. */
            intv lane;
            int lanes[LANES];
            for (int l = 0; l < LANES; ++l)
                lanes[l] = l;
            lane = vloadv(0, lanes);
            realv x = scores[(j - lo) * 2 + h];
            const long base = i0 + h * LANES;
            if (s->causal) {
                int from = (int)clamp(j - span.offset - s->shift - base, -1L, (long)LANES);
                x = select(x, (realv)(-INFINITY), lane < (intv)(from));
            }
            if (s->window) {
                int end = (int)clamp(j - span.offset + s->window - base, -1L, (long)LANES);
                x = select(x, (realv)(-INFINITY), lane >= (intv)(end));
            }
            scores[(j - lo) * 2 + h] = x;
        }
    }
}

/* A panel of queries against a block's keys. */
typedef struct {
    realv most[2], sums[2];
} panel_state;

/* Scores and their maximum are in place: weights and the second product. old: the maximum before. */
static inline void finish_block(const attention_args *s, realv *scores, long keys, const float *v, realv *o,
                                const realv *old, panel_state *state, int careful)
{
    realv base[2], factor[2], sums[2];
    for (int h = 0; h < 2; ++h) {
        /* Nothing seen yet: any base gives weights of 0. */
        base[h] = select(state->most[h], (realv)(0), state->most[h] == (realv)(-INFINITY));
        factor[h] = exp2_neg(old[h] - base[h]);
    }
    take_weights(scores, keys, base, sums);
    for (int h = 0; h < 2; ++h)
        state->sums[h] = fma(state->sums[h], factor[h], sums[h]);
    for (long e = 0; e < s->dv; ++e) {
        o[e * 2] *= factor[0];
        o[e * 2 + 1] *= factor[1];
    }
    if (careful) {
        careful_values(v, scores, keys, s->dv, o);
        return;
    }
    for (long e = 0; e < s->dv; e += MV)
        micro_values(v + e, scores, keys, 0, o + e * 2, 1);
}

/* rows queries of a panel from O^T to Y. */
static inline void put_y(const attention_args *s, const realv *o, const panel_state *state, long rows,
                         __global STORAGE(TYPE_Y) *y)
{
    for (int h = 0; h < 2 && h * LANES < rows; ++h) {
        const long count = min((long)LANES, rows - h * LANES);
        const realv l = state->sums[h];
        const realv scale = select((realv)(1.0f) / l, (realv)(0), l == (realv)(0));
        __global STORAGE(TYPE_Y) *to = y + h * LANES * s->y_s;
        long e = 0;
        for (; e + LANES <= s->dv; e += LANES) {
            realv x[LANES];
#pragma unroll
            for (int i = 0; i < LANES; ++i)
                x[i] = o[(e + i) * 2 + h] * scale;
            transpose(x);
            if (count == LANES) {
#pragma unroll
                for (int i = 0; i < LANES; ++i)
                    STOREV(TYPE_Y)(x[i], to + i * s->y_s + e);
            } else {
                for (int i = 0; i < count; ++i)
                    STOREV(TYPE_Y)(x[i], to + i * s->y_s + e);
            }
        }
        for (; e < s->dv; ++e) {
            float line[LANES];
            vstorev(o[e * 2 + h] * scale, 0, line);
            for (int i = 0; i < count; ++i)
                STORES(TYPE_Y)(line[i], to + i * s->y_s + e);
        }
    }
}

__kernel void attention_cpu_flash(const attention_args s, const float scale, const float softcap,
                                  __global const STORAGE(TYPE_Q) *q, __global const STORAGE(TYPE_K) *k,
                                  __global const STORAGE(TYPE_V) *v, __global STORAGE(TYPE_Y) *y,
                                  __global const STORAGE(TYPE_MASK) *mask, __global const int *lens,
                                  __global const int *past, __global float *work)
{
    float keys[KEY_ROWS * K_PITCH] __attribute__((aligned(64)));
    float values[KEY_ROWS * V_PITCH] __attribute__((aligned(64)));
    realv scores[KEY_ROWS * 2];
    realv queries[PANELS * D_MAX * 2];
    realv sums[PANELS * O_ROWS * 2];
    panel_state states[PANELS];
#if MASK
    realv hidden[KEY_ROWS * 2];
#endif
    const long h = (long)get_group_id(1), b = (long)get_group_id(2), groups = (long)get_num_groups(0);
    const attention_span span = key_span(&s, b, lens, past);
    q += s.q_offset + b * s.q_b + h * s.q_h;
    k += s.k_offset + b * s.k_b + h / s.group * s.k_h;
    v += s.v_offset + b * s.v_b + h / s.group * s.v_h;
    y += s.y_offset + b * s.y_b + h * s.y_h;
#if MASK
    mask += s.mask_offset + b * s.mask_b + h * s.mask_h;
#endif
    /* What lies behind a row's elements is multiplied, though not used. */
    for (long j = 0; j < min(s.keys, span.total); ++j) {
        for (long e = s.dv; e % MV != 0; ++e)
            values[j * V_PITCH + e] = 0;
    }

    for (long run = 0; run < s.splits; ++run) {
        const long i0 = (run == 0 ? (long)get_group_id(0) : 2 * groups - 1 - (long)get_group_id(0)) * s.rows;
        const long rows = min(s.rows, s.sq - i0);
        if (rows <= 0)
            continue;
        const long panels = (rows + NR - 1) / NR;
        copy_q(queries, q + i0 * s.q_s, s.q_s, rows, s.d, s.softcap ? scale : scale * 1.44269504f);
        for (long p = 0; p < panels; ++p) {
            for (int x = 0; x < 2; ++x) {
                states[p].most[x] = (realv)(-INFINITY);
                states[p].sums[x] = (realv)(0);
            }
            for (long e = 0; e < s.dv + MV; ++e) {
                sums[(p * O_ROWS + e) * 2] = (realv)(0);
                sums[(p * O_ROWS + e) * 2 + 1] = (realv)(0);
            }
        }
        const long first = first_key(&s, span, i0), end = end_key(&s, span, i0 + rows - 1);
        for (long j0 = first; j0 < end; j0 += s.keys) {
            const long count = min(s.keys, end - j0);
            copy_keys(keys, K_PITCH, k + j0 * s.k_s, s.k_s, count, s.d, 0);
            for (long j = count; j % MR != 0; ++j) {
                for (long e = 0; e < s.d; ++e)
                    keys[j * K_PITCH + e] = 0;
            }
            const int careful =
                !copy_values(values, V_PITCH, v + j0 * s.v_s, s.v_s, count, s.dv, MASK != 0 || s.causal || s.window);
            for (long p = 0; p < panels; ++p) {
                const long i = i0 + p * NR;
                const long i1 = min(i + NR, i0 + rows) - 1;
                long lo = max(first_key(&s, span, i), j0);
                long hi = min(end_key(&s, span, i1), j0 + count);
                if (lo >= hi)
                    continue;
#if MASK
                /* Where the scores will be, to which it is added as they come; capped ones find it apart. */
                lo = take_mask(&s, (s.softcap ? hidden : scores) + (lo - j0) * 2, mask, i, lo, hi, &hi);
                if (lo >= hi)
                    continue;
#endif
                /* Keys that all of the panel's queries see by causal and window need no look. */
                const long from = s.window ? clamp(first_key(&s, span, i1), lo, hi) : lo;
                const long to = s.causal ? clamp(end_key(&s, span, i), lo, hi) : hi;
                const int plain = !s.softcap && from == lo && to == hi;
                const realv old[2] = {states[p].most[0], states[p].most[1]};
                realv most[4] = {old[0], old[1], old[0], old[1]};
                for (long t = (lo - j0) / MR; t * MR < hi - j0; ++t) {
                    const long x = max(t * MR, lo - j0);
                    const long end_x = min(t * MR + MR, hi - j0);
                    const int whole = plain && end_x - x == MR;
#if MASK
                    /* For the next panel, or the next block's first. */
                    expect_mask(&s, mask, p + 1 < panels ? i + NR : i0, x + j0 + (p + 1 < panels ? 0 : s.keys));
#endif
                    micro_scores(keys + t * MR * K_PITCH, queries + p * D_MAX * 2, s.d, !s.softcap,
                                 scores + t * MR * 2, most + (whole ? 0 : 2));
                    if (plain && !whole)
                        take_maximum(scores + x * 2, end_x - x, most);
                }
                realv *block = scores + (lo - j0) * 2;
                if (s.softcap) {
                    for (long x = 0; x < (hi - lo) * 2; ++x) {
                        block[x] = cap(block[x], softcap);
#if MASK
                        block[x] = masked(block[x], hidden[(lo - j0) * 2 + x]);
#endif
                    }
                }
                if (from > lo)
                    hide(&s, span, block, i, lo, from);
                if (to < hi)
                    hide(&s, span, block + (to - lo) * 2, i, to, hi);
                if (!plain)
                    take_maximum(block, hi - lo, most);
                states[p].most[0] = most[0];
                states[p].most[1] = most[1];
                finish_block(&s, block, hi - lo, values + (lo - j0) * V_PITCH, sums + p * O_ROWS * 2, old,
                             &states[p], careful);
            }
        }
        for (long p = 0; p < panels; ++p)
            put_y(&s, sums + p * O_ROWS * 2, &states[p], min((long)NR, rows - p * NR),
                  y + (i0 + p * NR) * s.y_s);
    }
}
