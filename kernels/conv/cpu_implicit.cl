/* cpu_implicit.cl: convolution with positions along the lanes and weights broadcast; CPU class.
 *
 *   y[m][position] = sum over k of W[m][k] * X[k][position],  k = (channel, taps)
 *
 * the matrix product that im2col stands for, without the matrix: row k of it is a row of x, shifted. With
 * POINTWISE (1 x 1, stride 1, no padding) it is read where x lies, positions counted over the whole plane. Else
 * a group first copies what its rows of outputs read into private memory, padding as zeros, columns split by their
 * remainder modulo the stride, so that any shift is again a run of neighbours.
 *
 * Complements cpu_direct.cl: no turning on the way out, but lanes left over at the end of a row.
 *
 * Copy       [c][depth tap][row][column % SW][column / SW], at most STRIP_MAX reals
 * Weights    packed f32 [ceil(m/MR)][c][KD][KH][KW][MR], rows from m on are 0 (cpu_pack.cl)
 * Tiles      MR channels x 2 vectors of positions; at the end of a row 1 vector
 * Group      one work-item. POINTWISE: global (ceil(panels / rows), ceil(tiles / m_tiles), images * groups), a group
 *            makes `rows` panels of 2 * LANES positions; else (depth * ceil(height / rows), ...), `rows` rows.
 * Registers  MR * 2 sums + 2 + 1.
 * Limit      compute, with few channels memory.
 * Precision  f32 by fma, one chain over k.
 */
#ifndef MR
#define MR 12
#endif
#ifndef POINTWISE
#define POINTWISE 0
#endif
#ifndef KD
#define KD 1
#endif
#ifndef KH
#define KH 1
#endif
#ifndef KW
#define KW 1
#endif
#ifndef SW
#define SW 1
#endif
#ifndef ASK_FOR_Y
#define ASK_FOR_Y 0 /* 1: sums are long and many: the time to fetch where they go is there, and worth it */
#endif
#ifndef STRIP_MAX
#define STRIP_MAX 32768 /* reals of the copy and 2 * LANES more; POINTWISE: of the last panel, c * 2 * LANES */
#endif
#ifndef LINE_MAX
#define LINE_MAX 1024 /* reals of a row of x with its padding and 2 * LANES more; with SW > 1 */
#endif
#include "conv/args.h"
#include "conv/cpu_finish.h"
#include "conv/strip.h"
#if X_LAST || Y_LAST
#error "positions must be contiguous"
#endif
#define NR (2 * LANES)
#define STEPS (KD * KH * KW)

/* Where row k of the matrix begins: k = (c, t) is at c * channel + tap[t]. */
typedef struct {
    long c, channel;
    long first, last; /* taps that a row of outputs meets: those before and behind see padding alone */
    long tap[STEPS];
} row_table;

#define PRODUCT(NAME, SPACE, TYPE, NV, AHEAD)                                                                       \
    static inline void NAME(__global const float *a, SPACE const STORAGE(TYPE) *b, const row_table *t, realv *out)  \
    {                                                                                                               \
        realv acc[MR][NV];                                                                                          \
        _Pragma("unroll") for (int i = 0; i < MR; ++i)                                                              \
        {                                                                                                           \
            _Pragma("unroll") for (int v = 0; v < NV; ++v) acc[i][v] = (realv)(0);                                  \
        }                                                                                                           \
        const long first = t->first;                                                                                \
        const long last = t->last;                                                                                  \
        a += first * MR;                                                                                            \
        _Pragma("unroll 1") for (long c = 0; c < t->c; ++c, a += (STEPS - (last - first)) * MR)                     \
        {                                                                                                           \
            _Pragma("unroll 1") for (long k = first; k < last; ++k)                                                 \
            {                                                                                                       \
                SPACE const STORAGE(TYPE) *at = b + t->tap[k];                                                      \
                realv bv[NV];                                                                                       \
                _Pragma("unroll") for (int v = 0; v < NV; ++v) bv[v] = PANEL_LOAD(SPACE, TYPE)(at + v * LANES);     \
                AHEAD(at);                                                                                          \
                _Pragma("unroll") for (int i = 0; i < MR; ++i)                                                      \
                {                                                                                                   \
                    realv av = (realv)(a[i]);                                                                       \
                    _Pragma("unroll") for (int v = 0; v < NV; ++v) acc[i][v] = fma(av, bv[v], acc[i][v]);           \
                }                                                                                                   \
                a += MR;                                                                                            \
            }                                                                                                       \
            b += t->channel;                                                                                        \
        }                                                                                                           \
        _Pragma("unroll") for (int i = 0; i < MR; ++i)                                                              \
        {                                                                                                           \
            _Pragma("unroll") for (int v = 0; v < NV; ++v) out[i * 2 + v] = acc[i][v];                              \
        }                                                                                                           \
    }
static inline realv load_private(const float *p) { return LOAD_NEAR(const, realv, p); }
#define PANEL_LOAD(space, type) CAT2(PANEL_LOAD_, space)(type)
#define PANEL_LOAD_(type) load_private
#define PANEL_LOAD___global(type) LOADV(type)

#define NOTHING(p)
PRODUCT(product_2, , f32, 2, NOTHING)
PRODUCT(product_1, , f32, 1, NOTHING)
#if POINTWISE
/* Channels are pages apart, which the hardware does not foresee: a panel's first tile asks for the panel after next. */
#define PANEL_AHEAD(p)                  \
    do {                                \
        PREFETCH((p) + 2 * NR);         \
        PREFETCH((p) + 2 * NR + LANES); \
    } while (0)
PRODUCT(product_x, __global, TYPE_X, 2, NOTHING)
PRODUCT(product_x1, __global, TYPE_X, 1, NOTHING)
PRODUCT(product_ahead, __global, TYPE_X, 2, PANEL_AHEAD)
#endif

/* The first count of the 2 * LANES positions from `at` on, of `rows` channels from m on. */
static inline void store_part(const conv_way_out *o, const realv *out, long m, int rows, long at, long count)
{
    for (int i = 0; i < rows; ++i) {
        finish_positions(o, out[i * 2], m + i, at, (int)min(count, (long)LANES));
        if (count > LANES)
            finish_positions(o, out[i * 2 + 1], m + i, at + LANES, (int)(count - LANES));
    }
}

#if ASK_FOR_Y
/* Asks for the lines of y and of the residual that a tile ends in before its sums are made: stores go in order, and one to
 * a line that is not there holds up those behind it (15 cycles each on Zen 4). */
static inline void ask_for(const conv_way_out *o, long m, long at, long count)
{
#pragma unroll
    for (int i = 0; i < MR; ++i) {
        PREFETCH_L1(o->y + (m + i) * o->y_channel + at);
        PREFETCH_L1(o->y + (m + i) * o->y_channel + at + count - 1);
#if HAS_RESIDUAL
        PREFETCH_L1(o->r + (m + i) * o->r_channel + at);
        PREFETCH_L1(o->r + (m + i) * o->r_channel + at + count - 1);
#endif
    }
}
#else
#define ask_for(o, m, at, count)
#endif

/* A tile by PRODUCT, and out. Whole ones are stored without a loop, so that the sums stay in registers. */
#define TILE(PRODUCT_NAME, FROM, COUNT, AT)                                                                         \
    do {                                                                                                            \
        realv sums_[MR * 2];                                                                                        \
        ask_for(&o, i * MR, AT, COUNT);                                                                             \
        PRODUCT_NAME(w + i * weights, FROM, &t, sums_);                                                             \
        const long left_ = s.group_m - i * MR;                                                                      \
        if ((COUNT) == NR && left_ >= MR) {                                                                         \
            _Pragma("unroll") for (int i_ = 0; i_ < MR; ++i_)                                                       \
            {                                                                                                       \
                finish_positions(&o, sums_[i_ * 2], i * MR + i_, AT, LANES);                                        \
                finish_positions(&o, sums_[i_ * 2 + 1], i * MR + i_, (AT) + LANES, LANES);                          \
            }                                                                                                       \
        } else {                                                                                                    \
            realv part_[MR * 2];                                                                                    \
            _Pragma("unroll") for (int i_ = 0; i_ < MR * 2; ++i_) part_[i_] = sums_[i_];                            \
            store_part(&o, part_, i * MR, (int)min(left_, (long)MR), AT, COUNT);                                    \
        }                                                                                                           \
    } while (0)

/* What is written past a row's end is written over by the next row, and there are 2 * LANES behind the last. */
static inline void zero_two(real *at)
{
    STORE_NEAR(, realv, (realv)(0), at);
    STORE_NEAR(, realv, (realv)(0), at + LANES);
}

#if !POINTWISE
/* Rows of inputs from iy on, all columns that outputs 0 .. out[2] - 1 read, split by column % SW. */
static inline void copy_rows(real *to, real *line, const conv_args *s, __global const STORAGE(TYPE_X) *x,
                             const row_table *t, long oz, long iy, long rows, long slice, long phase, long columns)
{
    const long row_step = KH == 1 ? s->stride[1] : 1;
    for (long c = 0; c < s->group_c; ++c) {
        for (long z = 0; z < KD; ++z) {
            real *at = to + c * t->channel + z * slice;
            const long in_z = oz * s->stride[0] - s->pad[0] + z * s->dilation[0];
            for (long r = 0; r < rows; ++r, at += SW * phase) {
                const long in_y = iy + r * row_step;
                if (in_z < 0 || in_z >= s->in[0] || in_y < 0 || in_y >= s->in[1]) {
                    zero_row(at, SW * phase);
                    continue;
                }
                const long from = c * s->x_channel + (in_z * s->in[1] + in_y) * s->in[2];
                const long left = (s->group_c - 1) * s->x_channel + s->in[0] * s->in[1] * s->in[2] - from;
                /* Lanes past the last column are multiplied, though never stored: they are to be numbers. */
#if SW == 1
                copy_row(at, x + from, -s->pad[2], columns, s->in[2], left, 1);
                zero_two(at + columns);
#else
                copy_row(line, x + from, -s->pad[2], columns, s->in[2], left, 1);
                zero_two(line + columns);
#if SW == 2
                zero_two(at + 2 * phase - LANES);
                zero_two(at + phase - LANES);
                for (long i = 0; 2 * i < columns; i += LANES) {
                    realv a = LOAD_NEAR(const, realv, line + 2 * i);
                    realv b = LOAD_NEAR(const, realv, line + 2 * i + LANES);
                    realv even;
                    realv odd;
                    even.lo = a.even;
                    even.hi = b.even;
                    odd.lo = a.odd;
                    odd.hi = b.odd;
                    STORE_NEAR(, realv, even, at + i);
                    STORE_NEAR(, realv, odd, at + phase + i);
                }
#else
                zero_row(at, SW * phase);
                for (long i = 0; i < columns; ++i)
                    at[i % SW * phase + i / SW] = line[i];
#endif
#endif
            }
        }
    }
}
#endif

__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void conv_cpu_implicit(const conv_args s, const real alpha, const real beta, const long rows, const long m_tiles,
                                __global const STORAGE(TYPE_X) *x, __global const float *w,
                                __global const STORAGE(TYPE_BIAS) *bias, __global const STORAGE(TYPE_R) *residual,
                                __global STORAGE(TYPE_Y) *y)
{
    real strip[STRIP_MAX] __attribute__((aligned(64)));
    row_table t;
    const long image = get_group_id(2) / s.groups;
    const long group = get_group_id(2) % s.groups;
    const long tiles = (s.group_m + MR - 1) / MR;
    const long first = get_group_id(1) * m_tiles;
    const long last = min(tiles, first + m_tiles);
    const long weights = s.group_c * (STEPS * MR);
    const conv_way_out o = way_out(&s, image, group, alpha, beta, y, residual, bias);
    x += s.x_offset + image * s.x_image + group * s.group_c * s.x_channel;
    w += group * tiles * weights;
    t.c = s.group_c;
    t.first = 0;
    t.last = STEPS;
#if POINTWISE
    const long points = s.out[0] * s.out[1] * s.out[2];
    const long begin = get_group_id(0) * rows * NR;
    const long end = min(points, begin + rows * NR);
    t.tap[0] = 0;
    for (long at = begin; at < end; at += NR) {
        const long count = min((long)NR, end - at);
        if (count == NR) {
            t.channel = s.x_channel;
            for (long i = first; i < last; ++i) {
                if (i == first)
                    TILE(product_ahead, x + at, NR, at);
                else
                    TILE(product_x, x + at, NR, at);
            }
            continue;
        }
        if (count == LANES) {
            t.channel = s.x_channel;
            for (long i = first; i < last; ++i)
                TILE(product_x1, x + at, LANES, at);
            continue;
        }
        /* What is left over is copied, so that nothing behind x is read. */
        t.channel = NR;
        for (long c = 0; c < s.group_c; ++c) {
            zero_two(strip + c * NR);
            copy_row(strip + c * NR, x + c * s.x_channel, at, count, points, (s.group_c - 1 - c) * s.x_channel + points, 1);
        }
        for (long i = first; i < last; ++i) {
            if (count > LANES)
                TILE(product_2, strip, count, at);
            else
                TILE(product_1, strip, count, at);
        }
    }
#else
    const long down = (s.out[1] + rows - 1) / rows;
    const long oz = get_group_id(0) / down;
    const long oy = get_group_id(0) % down * rows;
    const long height = min(rows, s.out[1] - oy);
    const long columns = (s.out[2] - 1) * SW + (KW - 1) * s.dilation[2] + 1;
    /* Whole vectors, and what the last one of an output row reads too much. */
    const long phase = ((columns + SW - 1) / SW + 2 * LANES - 1) / LANES * LANES;
    const long in_rows = KH == 1 ? height : (height - 1) * s.stride[1] + (KH - 1) * s.dilation[1] + 1;
    const long next_row = (KH == 1 ? 1 : s.stride[1]) * SW * phase;
    real line[SW == 1 ? 1 : LINE_MAX];
    t.channel = KD * in_rows * SW * phase;
    for (int z = 0; z < KD; ++z) {
        for (int r = 0; r < KH; ++r) {
            for (int i = 0; i < KW; ++i)
                t.tap[(z * KH + r) * KW + i] = ((z * in_rows + r * s.dilation[1]) * SW + i * s.dilation[2] % SW) * phase +
                                               i * s.dilation[2] / SW;
        }
    }
    copy_rows(strip, line, &s, x, &t, oz, oy * s.stride[1] - s.pad[1], in_rows, in_rows * SW * phase, phase, columns);
    for (long i = first; i < last; ++i) {
        for (long r = 0; r < height; ++r) {
            const long plane_at = (oz * s.out[1] + oy + r) * s.out[2];
            const real *from = strip + r * next_row;
#if KD == 1
            const long top = (oy + r) * s.stride[1] - s.pad[1];
            for (t.first = 0; t.first < STEPS && top + t.first / KW * s.dilation[1] < 0; t.first += KW)
                ;
            for (t.last = STEPS; t.last > t.first && top + (t.last / KW - 1) * s.dilation[1] >= s.in[1]; t.last -= KW)
                ;
#endif
            for (long at = 0; at < s.out[2]; at += NR) {
                const long count = min((long)NR, s.out[2] - at);
                if (count > LANES)
                    TILE(product_2, from + at, count, plane_at + at);
                else
                    TILE(product_1, from + at, count, plane_at + at);
            }
        }
    }
#endif
}
