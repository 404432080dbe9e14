/* gpu_implicit.cl: convolution as a product whose second operand is gathered while it is read; GPU class.
 *
 *   Y[m, p] = finish(sum over k of W[m, k] * X[k, p])   for each group
 *
 * k = (tap, channel), the channel innermost; p = (image, output position). A work-group makes a TM x TN tile of Y, a
 * work-item a WM x WN block of it, spread in pieces of four rows and columns (SPREAD) so that neighbours read
 * neighbouring words of local memory.
 *
 *   once:          where the outputs that this work-item gathers for begin to read
 *   for each TK:   local <- registers; barrier; registers <- next tiles; TK times WM + WN values from local, WM * WN
 *                  multiply-adds; barrier (BUFFERS 1), or go on in the other buffer (BUFFERS 2)
 *
 * Taps that fall into padding give zeros. Weights are read through strides: as they lie, or packed
 * by conv_gpu_pack as [group][tap][channel][m], which is contiguous along the tile.
 *
 * Global     1-D: GROUP * tiles_m * tiles_n * groups work-items; tiles of m are innermost, so that concurrent groups
 *            share their inputs in the cache.
 * Group      GROUP = (TM / WM) * (TN / WN) work-items; no sub-group or wavefront size is assumed.
 * Local      BUFFERS * TK * (TM + TN + 2 * PAD) values of `lds` (4 bytes; int8 2).
 * Registers  WM * WN sums + WM + WN + (TM + TN) * TK / GROUP of the next tiles, and AXES + 2 for each origin.
 * Precision  f32 by fma in the order of k; int8 exactly in int.
 * Limit      compute; per byte of local memory WM*WN / (2*(WM+WN)) flop.
 */
#include "conv/args.h"
#include "conv/finish.h"
#ifndef TM
#define TM 64 /* tile: output channels */
#endif
#ifndef TN
#define TN 64 /* ...and positions */
#endif
#ifndef TK
#define TK 16 /* steps of k in local memory */
#endif
#ifndef WM
#define WM 4 /* block of a work-item: channels: 1, 2 or a multiple of 4 */
#endif
#ifndef WN
#define WN 4 /* ...and positions: a multiple of 4 */
#endif
#ifndef BUFFERS
#define BUFFERS 1 /* tiles in local memory: 2 saves a barrier per TK */
#endif
#ifndef AXES
#define AXES 2 /* 3: the depth is more than one deep */
#endif
#ifndef UP
#define UP 0 /* 1: transposed: zeros lie between the inputs */
#endif
#ifndef X_K_INNER
#define X_K_INNER 0 /* 1: neighbours load neighbouring channels of X (NHWC), 0: positions */
#endif
#ifndef W_K_INNER
#define W_K_INNER 0 /* 1: neighbours load neighbouring channels of W, 0: output channels */
#endif
#ifndef UNROLL
#define UNROLL 4
#endif
#ifndef SAME_TAP
#define SAME_TAP 0 /* 1: TK divides the channels of a group, so that a tile's steps all have one tap */
#endif
#define NX (TN / WN)
#define NY (TM / WM)
#define GROUP (NX * NY)
#define PAD 4
#if TM % WM || TN % WN || WN % 4 || (WM != 1 && WM != 2 && WM % 4) || TM % 4 || TN % 4
#error "TM, TN and WN must be multiples of 4, WM 1, 2 or one, TM and TN multiples of WM and WN"
#endif
#if BUFFERS != 1 && BUFFERS != 2
#error "BUFFERS must be 1 or 2"
#endif
/* Where value i of a work-item's block lies in the tile: pieces of four, interleaved over the work-items. */
#define SPREAD(span, work, lane, i) \
    ((work) % 4 == 0 ? (i) / 4 * ((span) / (work)*4) + (lane)*4 + (i) % 4 : (lane) * (work) + (i))
#define LOADS_W ((TM * TK + GROUP - 1) / GROUP)
#define LOADS_X ((TN * TK + GROUP - 1) / GROUP)
/* A work-item's load number `load`: its place along a line of span elements, and the line. */
#define ALONG(span) (GROUP % (span) == 0 ? item % (span) : item + load % LINE_LOADS(span) * GROUP)
#define ACROSS(span) (GROUP % (span) == 0 ? item / (span) + load * (GROUP / (span)) : load / LINE_LOADS(span))
#define LINE_LOADS(span) ((span) > GROUP ? (span) / GROUP : 1)
#if (GROUP % TM && TM % GROUP) || (GROUP % TN && TN % GROUP) || (GROUP % TK && TK % GROUP)
#error "one of GROUP and each of TM, TN and TK must divide the other"
#endif
#if TM * TK % GROUP || TN * TK % GROUP || (X_K_INNER && GROUP % TK) || (W_K_INNER && GROUP % TK)
#error "GROUP must divide the tiles of W and X; TK must divide GROUP where channels are innermost"
#endif
#define ORIGINS (X_K_INNER ? LOADS_X : LINE_LOADS(TN))
#define NOWHERE (-0x40000000) /* an origin that no tap brings into the input */

#if INT_SUM
typedef short lds; /* a byte less its zero point */
#define TAKE(type, p) ((int)*(p))
#define MULTIPLY_ADD(a, b, c) ((int)(a) * (int)(b) + (c))
#else
typedef float lds;
#define TAKE(type, p) LOADS(type)(p)
#define MULTIPLY_ADD(a, b, c) fma(a, b, c)
#endif

/* A step of k: what it adds to an output's first position along each axis (NOWHERE past the end), and to the places
 * in X and W. */
typedef struct {
    long x, w;
    int at[AXES];
} conv_step;

/* An output of the tile: its first tap's position along each axis (negative in padding; NOWHERE past the end), and its
 * image in X. */
typedef struct {
    long x;
    int at[AXES];
} conv_origin;

static inline void find_step(conv_step *to, const conv_args *s, long k, long k_end)
{
    const int channels = (int)s->group_c, taps1 = (int)s->taps[1], taps2 = (int)s->taps[2];
    const int within = (int)min(k, k_end - 1);
    const int tap = within / channels, c = within % channels, taps = (int)s->taps[0] * taps1 * taps2;
    to->x = c * s->x_channel;
    to->w = c * s->w_in + (FLIP ? taps - 1 - tap : tap) * s->w_tap;
    to->at[AXES - 1] = k < k_end ? tap % taps2 * (int)s->dilation[2] : NOWHERE;
    to->at[AXES - 2] = tap / taps2 % taps1 * (int)s->dilation[1];
#if AXES == 3
    to->at[0] = tap / taps2 / taps1 * (int)s->dilation[0];
#endif
}

static inline void find_origin(conv_origin *to, const conv_args *s, long p, long p_end, long g)
{
    const long points = s->out[0] * s->out[1] * s->out[2];
    const long point = p % points;
    const int o2 = (int)(point % s->out[2]), o1 = (int)(point / s->out[2] % s->out[1]);
    to->x = p < p_end ? p / points * s->x_image + g * s->group_c * s->x_channel : 0;
    to->at[AXES - 1] = p < p_end ? (int)(o2 * s->stride[2] - s->pad[2]) : NOWHERE;
    to->at[AXES - 2] = (int)(o1 * s->stride[1] - s->pad[1]);
#if AXES == 3
    to->at[0] = (int)(point / s->out[2] / s->out[1] * s->stride[0] - s->pad[0]);
#endif
}

/* The input along one axis at u, or a negative number outside. */
static inline int input_at(int u, int up, int in)
{
#if UP
    const uint at = (uint)u / (uint)up; /* a negative u gives a large one */
    return at < (uint)in && at * (uint)up == (uint)u ? (int)at : -1;
#else
    (void)up;
    return u < in ? u : -1;
#endif
}

/* Where the element of X that an output reads at a step lies in its channel, or -1 for padding. */
static inline int position(const conv_args *s, const conv_origin *origin, const conv_step *step)
{
    const int height = (int)s->in[1], width = (int)s->in[2];
    const int i1 = input_at(origin->at[AXES - 2] + step->at[AXES - 2], (int)s->up[1], height);
    const int i2 = input_at(origin->at[AXES - 1] + step->at[AXES - 1], (int)s->up[2], width);
    int point = i1 * width + i2, least = min(i1, i2);
#if AXES == 3
    const int i0 = input_at(origin->at[0] + step->at[0], (int)s->up[0], (int)s->in[0]);
    point += i0 * height * width;
    least = min(least, i0);
#endif
    return least < 0 ? -1 : point;
}

/* The tile of X from step k on. Padding is read, too, from its channel's first position: a choice costs less than a
 * branch. */
static inline void fetch_x(lds stage[LOADS_X], __global const STORAGE(TYPE_X) *x, const conv_args *s,
                           const conv_origin origins[ORIGINS], long k0, long k_end, lds zero, int item)
{
    conv_step step;
#if X_K_INNER
    find_step(&step, s, k0 + item % TK, k_end);
#elif SAME_TAP
    find_step(&step, s, k0, k_end);
#endif
#pragma unroll
    for (int load = 0; load < LOADS_X; ++load) {
        const int k = X_K_INNER ? ALONG(TK) : ACROSS(TN);
        const conv_origin *origin = &origins[X_K_INNER ? load : load % LINE_LOADS(TN)];
        long more = 0;
#if !X_K_INNER && SAME_TAP
        more = k * s->x_channel;
#elif !X_K_INNER
        find_step(&step, s, k0 + k, k_end);
#endif
        const int point = position(s, origin, &step);
        const lds taken = (lds)(TAKE(TYPE_X, x + origin->x + step.x + more + max(point, 0) * s->x_point) - zero);
        stage[load] = point < 0 ? 0 : taken;
    }
}

/* The tile of W likewise; w and zero are those of the tile's first channel. */
static inline void fetch_w(lds stage[LOADS_W], __global const STORAGE(TYPE_W) *w, const conv_args *s, long k0,
                           long k_end, __global const STORAGE(TYPE_W) *zero, int m_left, int item)
{
    conv_step step;
#if W_K_INNER
    find_step(&step, s, k0 + item % TK, k_end);
#elif SAME_TAP
    find_step(&step, s, k0, k_end);
#endif
#pragma unroll
    for (int load = 0; load < LOADS_W; ++load) {
        const int m = W_K_INNER ? ACROSS(TK) : ALONG(TM), k = W_K_INNER ? ALONG(TK) : ACROSS(TM);
        const int inside = min(m, m_left - 1);
        long more = 0;
#if !W_K_INNER && SAME_TAP
        more = k * s->w_in;
#elif !W_K_INNER
        find_step(&step, s, k0 + k, k_end);
#endif
        lds taken = (lds)TAKE(TYPE_W, w + inside * s->w_out + step.w + more);
#if W_ZERO
        taken -= (lds)zero[W_ZERO == 2 ? inside : 0];
#else
        (void)zero;
#endif
        stage[load] = m < m_left && k0 + k < k_end ? taken : 0;
    }
}

static inline void commit(__local lds *tile_w, __local lds *tile_x, const lds stage_w[LOADS_W],
                          const lds stage_x[LOADS_X], int item)
{
#pragma unroll
    for (int load = 0; load < LOADS_W; ++load) {
        const int m = W_K_INNER ? ACROSS(TK) : ALONG(TM), k = W_K_INNER ? ALONG(TK) : ACROSS(TM);
        tile_w[k * (TM + PAD) + m] = stage_w[load];
    }
#pragma unroll
    for (int load = 0; load < LOADS_X; ++load) {
        const int p = X_K_INNER ? ACROSS(TK) : ALONG(TN), k = X_K_INNER ? ALONG(TK) : ACROSS(TN);
        tile_x[k * (TN + PAD) + p] = stage_x[load];
    }
}

__attribute__((reqd_work_group_size(GROUP, 1, 1)))
__kernel void conv_gpu_implicit(const conv_args s, const float alpha, const float beta,
                                __global const STORAGE(TYPE_X) *x, __global const STORAGE(TYPE_W) *w,
                                __global const STORAGE(TYPE_BIAS) *bias, __global const STORAGE(TYPE_R) *residual,
                                __global STORAGE(TYPE_Y) *y, __global const float *x_scale,
                                __global const STORAGE(TYPE_X) *x_zero, __global const float *w_scale,
                                __global const STORAGE(TYPE_W) *w_zero, __global const float *y_scale,
                                __global const STORAGE(TYPE_Y) *y_zero, const long tiles_m, const long tiles_n)
{
    LOCAL_ARRAY lds tile_w[BUFFERS][TK * (TM + PAD)] __attribute__((aligned(32)));
    LOCAL_ARRAY lds tile_x[BUFFERS][TK * (TN + PAD)] __attribute__((aligned(32)));
    const int item = (int)get_local_id(0);
    const int tx = item % NX, ty = item / NX;
    const long tile = (long)get_group_id(0);
    const long m0 = tile % tiles_m * TM, p0 = tile / tiles_m % tiles_n * TN, g = tile / tiles_m / tiles_n;
    const long p_end = s.n * s.out[0] * s.out[1] * s.out[2];
    const long k_end = s.group_c * s.taps[0] * s.taps[1] * s.taps[2];
    const int m_left = (int)min(s.group_m - m0, (long)TM);
    x += s.x_offset;
    w += s.w_offset + g * s.w_group + m0 * s.w_out;
    w_zero += s.w_zero_offset + (W_ZERO == 2 ? g * s.group_m + m0 : 0);
    lds zero = 0;
#if X_ZERO
    zero = (lds)x_zero[s.x_zero_offset];
#endif

    conv_origin origins[ORIGINS];
#pragma unroll
    for (int load = 0; load < ORIGINS; ++load) {
        const int p = X_K_INNER ? ACROSS(TK) : ALONG(TN);
        find_origin(&origins[load], &s, p0 + p, p_end, g);
    }
    conv_sum block[WM][WN];
#pragma unroll
    for (int i = 0; i < WM; ++i) {
#pragma unroll
        for (int j = 0; j < WN; ++j)
            block[i][j] = 0;
    }
    lds stage_w[LOADS_W], stage_x[LOADS_X];
    int buffer = 0;
    if (k_end > 0) {
        fetch_w(stage_w, w, &s, 0, k_end, w_zero, m_left, item);
        fetch_x(stage_x, x, &s, origins, 0, k_end, zero, item);
    }
#pragma unroll 1
    for (long k = 0; k < k_end; k += TK) {
        commit(tile_w[buffer], tile_x[buffer], stage_w, stage_x, item);
        barrier(CLK_LOCAL_MEM_FENCE);
        if (k + TK < k_end) {
            fetch_w(stage_w, w, &s, k + TK, k_end, w_zero, m_left, item);
            fetch_x(stage_x, x, &s, origins, k + TK, k_end, zero, item);
        }
#pragma unroll UNROLL
        for (int step = 0; step < TK; ++step) {
            lds a[WM], b[WN];
#pragma unroll
            for (int i = 0; i < WM; ++i)
                a[i] = tile_w[buffer][step * (TM + PAD) + SPREAD(TM, WM, ty, i)];
#pragma unroll
            for (int j = 0; j < WN; ++j)
                b[j] = tile_x[buffer][step * (TN + PAD) + SPREAD(TN, WN, tx, j)];
#pragma unroll
            for (int i = 0; i < WM; ++i) {
#pragma unroll
                for (int j = 0; j < WN; ++j)
                    block[i][j] = MULTIPLY_ADD(a[i], b[j], block[i][j]);
            }
        }
#if BUFFERS == 2
        buffer ^= 1; /* the next barrier keeps a tile from being overwritten before all have read it */
#else
        barrier(CLK_LOCAL_MEM_FENCE);
#endif
    }

    const conv_sides sides = {bias, residual, y, x_scale, w_scale, y_scale, y_zero, alpha, beta};
    const long points = s.out[0] * s.out[1] * s.out[2];
#pragma unroll
    for (int j = 0; j < WN; ++j) {
        const long p = p0 + SPREAD(TN, WN, tx, j);
        if (p >= p_end)
            continue;
        const long n = p / points, point = p % points;
#pragma unroll
        for (int i = 0; i < WM; ++i) {
            const int m = SPREAD(TM, WM, ty, i);
            if (m < m_left)
                conv_finish(&s, &sides, block[i][j], n, g * s.group_m + m0 + m, point);
        }
    }
}

/* Weights as [group][tap][channel][m], tap in the order that is multiplied; one element a work-item.
 * Global: 1-D, at least all of them, in groups of any size. s has W's own strides. */
__kernel void conv_gpu_pack(const conv_args s, __global const STORAGE(TYPE_W) *w, __global STORAGE(TYPE_W) *to)
{
    const long taps = s.taps[0] * s.taps[1] * s.taps[2];
    const long at = (long)get_global_id(0);
    const long m = at % s.group_m, c = at / s.group_m % s.group_c;
    const long tap = at / s.group_m / s.group_c % taps, g = at / s.group_m / s.group_c / taps;
    if (g >= s.groups)
        return;
    w += s.w_offset + g * s.w_group + m * s.w_out + c * s.w_in + (FLIP ? taps - 1 - tap : tap) * s.w_tap;
    STORES(TYPE_W)(LOADS(TYPE_W)(w), to + at); /* exact for each type */
}
