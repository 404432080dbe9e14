/* cpu_direct.cl: convolution with output channels along the lanes and positions broadcast; CPU class.
 *
 * A group copies the part of x that its strip of outputs reads (all input channels, padding as zeros) into
 * private memory once, as reals; every value of it is then read by broadcasts straight from there, tap by
 * tap: there is no im2col matrix anywhere. Without padding (1 x 1 above all) x is read where it lies, and so it is by
 * EXACT tiles, which leave out what sees padding. A tile's sums stand in registers over all of K.
 *
 * Strip      rows x columns of outputs of one depth; [c][depth tap][row][column] of inputs, at most STRIP_MAX.
 * Weights    packed f32 [ceil(m/NR)][c][taps][NR], NR = NV * LANES, channels from m on are 0; EXACT: BY_COLUMN (cpu_pack.cl)
 * Tiles      TH x TW positions by NR channels; what TW leaves over of the columns is RW wide (0: nothing), what TH
 *            leaves over of the rows is RH high. TH > 1 only where TW is all of a strip's columns.
 * Border     out, pad and the offsets of y tell of those outputs alone that see an input; the others, which lie in
 *            s.plane around them from position -first on, get what a sum of 0 becomes, from the groups of strip 0.
 *            Lines of taps that meet padding in all of a tile are passed over; by EXACT tiles all products with padding.
 * Group      one work-item. Global (strips, blocks of channels, images * groups); a group makes
 *            m_blocks blocks of NR channels of strip_rows x strip_columns outputs.
 * Registers  TH * TW * NV sums + NV + 1: 14 x 2 fits 32, 6 x 2 fits 16.
 * On the way out a tile is turned (log2(LANES) shuffles a vector) so that NCHW gets runs of TW positions.
 * Limit      compute; with few positions to a strip, the stream of weights.
 * Precision  f32 by fma, one chain over K; int8 exactly, in pieces that f32 holds, from weights packed as f32.
 */
#ifndef TW
#define TW 14
#endif
#ifndef TH
#define TH 1
#endif
#ifndef RW
#define RW 0
#endif
#ifndef RH
#define RH 0
#endif
#ifndef NV
#define NV 2
#endif
#ifndef SW
#define SW 1 /* stride along the width */
#endif
#ifndef ONE_TAP
#define ONE_TAP 0 /* 1: the kernel has one tap */
#endif
#ifndef CHUNK
#define CHUNK 1 /* int8: channels that are summed in f32 before they go to int */
#endif
#ifndef STRIP_MAX
#define STRIP_MAX 65536 /* reals of the strip and LANES more; 0: x is read where it lies */
#endif
#if STRIP_MAX
#define A_SPACE
#else
#define A_SPACE __global
#endif
/* 1: no products with padding (direct_tile.h): of tiles of one or two rows. */
#ifndef EXACT
#define EXACT 0
#endif
#ifndef TAPS_X
#define TAPS_X 1 /* along the width, as the next three; of use to EXACT */
#endif
#ifndef DILATION_X
#define DILATION_X 1
#endif
#ifndef PAD_X
#define PAD_X 0 /* in front of a row */
#endif
#ifndef ROOM_X
#define ROOM_X 0 /* inputs behind the last output's first, what is not there counting as negative */
#endif
#ifndef ACROSS
#define ACROSS 0 /* EXACT: 1: one tile is all of a row */
#endif
#ifndef X_FAR
#define X_FAR 0 /* 1: x is large, and its lines are asked for some channels ahead */
#endif
#if EXACT && (TH > 2 || ONE_TAP || TAPS_X > 7)
#error "exact tiles have one or two rows and 2 to 7 taps along them"
#endif
#if RW && RH
#error "a strip has tiles left over to the right or below, not both"
#endif
#include "conv/args.h"
#include "conv/cpu_finish.h"
#include "conv/strip.h"
#if !STRIP_MAX && (X_LAST || CODE(TYPE_X) != CODE_f32)
#error "only f32 with contiguous positions can be read where it lies"
#endif
#ifndef BORDER
#define BORDER 0 /* 1: outputs that see nothing but padding lie around those that strips are made of */
#endif
#define NR (NV * LANES)

/* Distances in reals of the strip (or of x): */
typedef struct {
    long c;
    long taps[3];
    long tap;        /* from a tap to the next one along the width */
    long line;       /* from row tap to row tap */
    long slice;      /* from depth tap to depth tap */
    long plane;      /* from channel to channel */
    long plane_rest; /* what is left of that behind the last slice */
    long next_row;   /* from an output row to the next */
} strip_shape;

/* The lines of taps from0 .. to0 - 1 that meet an input from a tile's first row of outputs, and from1 .. to1 - 1 from its last. */
typedef struct {
    long from0, to0;
    long from1, to1;
} tap_lines;

#define DT_NAME tile_main
#define DT_H TH
#define DT_W TW
#define DT_LEFT ACROSS
#define DT_RIGHT ACROSS
#include "conv/direct_tile.h"
#if EXACT && !ACROSS
#define DT_NAME tile_first
#define DT_H TH
#define DT_W TW
#define DT_LEFT 1
#define DT_RIGHT 0
#include "conv/direct_tile.h"
#endif
#if EXACT && !ACROSS && !RW
#define DT_NAME tile_last
#define DT_H TH
#define DT_W TW
#define DT_LEFT 0
#define DT_RIGHT 1
#include "conv/direct_tile.h"
#endif
#if RW
#define DT_NAME tile_rest
#define DT_H TH
#define DT_W RW
#define DT_LEFT 0
#define DT_RIGHT 1
#include "conv/direct_tile.h"
#endif
#if RH
#define DT_NAME tile_rest
#define DT_H RH
#define DT_W TW
#define DT_LEFT ACROSS
#define DT_RIGHT ACROSS
#include "conv/direct_tile.h"
#endif

#if STRIP_MAX
static inline void copy_strip(real *to, const conv_args *s, __global const STORAGE(TYPE_X) *x, const strip_shape *t,
                              long iz, long iy, long ix, long rows, long columns, long row_step, real x_zero)
{
    for (long c = 0; c < s->group_c; ++c) {
        for (long z = 0; z < s->taps[0]; ++z) {
            real *at = to + c * t->plane + z * t->slice;
            const long in_z = iz + z * s->dilation[0];
            for (long r = 0; r < rows; ++r, at += columns) {
                const long in_y = iy + r * row_step;
                if (in_z < 0 || in_z >= s->in[0] || in_y < 0 || in_y >= s->in[1]) {
                    zero_row(at, columns);
                } else {
                    const long from = c * s->x_channel + (in_z * s->in[1] + in_y) * s->in[2] * s->x_point;
                    copy_row(at, x + from, ix, columns, s->in[2],
                             (s->group_c - 1) * s->x_channel + s->in[0] * s->in[1] * s->in[2] - from, s->x_point);
#if X_ZERO
                    for (long i = max(0L, -ix); i < min(columns, s->in[2] - ix); ++i)
                        at[i] -= x_zero;
#endif
                }
            }
        }
    }
}
#endif

/* Positions of the sums out[i][v], i < height * width, of rows of `width` one below the other, from plane_at on. The
 * strip is made in the order of its positions, so that up to `limit` what is written too much is written over. */
static inline void store_tile(const conv_way_out *o, const conv_args *s, const realv *out, long m0, long plane_at,
                              long limit, int height, int width)
{
#pragma unroll
    for (int v = 0; v < NV; ++v) {
        const long m = m0 + v * LANES;
        const int channels = (int)min((long)LANES, s->group_m - m);
        if (channels <= 0)
            break;
        for (int y = 0; y < height; ++y) {
#if Y_LAST
            for (int i = 0; i < width; ++i)
                finish_channels(o, out[(y * width + i) * NV + v], m, plane_at + y * s->plane[2] + i, channels);
#else
            for (int i0 = 0; i0 < width; i0 += LANES) {
                realv part[LANES];
#pragma unroll
                for (int i = 0; i < LANES; ++i)
                    part[i] = i0 + i < width ? out[(y * width + i0 + i) * NV + v] : out[(y * width + i0) * NV + v];
                transpose(part);
                const int count = width - i0 < LANES ? width - i0 : LANES;
                const long at = plane_at + y * s->plane[2] + i0;
                if (channels == LANES && at + LANES <= limit) {
#pragma unroll
                    for (int j = 0; j < LANES; ++j)
                        finish_positions(o, part[j], m + j, at, LANES);
#if !INT_SUM
                } else if (channels == LANES) {
#pragma unroll
                    for (int j = 0; j < LANES; ++j)
                        finish_positions(o, part[j], m + j, at, count);
#endif
                } else {
                    for (int j = 0; j < channels; ++j)
                        finish_positions(o, part[j], m + j, at, count);
                }
            }
#endif
        }
    }
}

#if BORDER
/* `count` positions from `at` on, of channels m .. last - 1, that no input reaches. */
static inline void store_nothing(const conv_way_out *o, long m, long last, long at, long count)
{
#if Y_LAST
    for (long i = 0; i < count; ++i) {
        for (long j = m; j < last; j += LANES)
            finish_channels(o, (realv)(0), j, at + i, (int)min((long)LANES, last - j));
    }
#else
    for (; m < last; ++m) {
        for (long i = 0; i < count; i += LANES)
            finish_positions(o, (realv)(0), m, at + i, (int)min((long)LANES, count - i));
    }
#endif
}

/* All around the outputs that strips are made of; first: where those begin in the plane. */
static inline void store_border(const conv_way_out *o, const conv_args *s, long first, long m, long last)
{
    const long wide = s->plane[2];
    const long x0 = first % wide;
    const long y0 = first / wide % s->plane[1];
    const long z0 = first / wide / s->plane[1];
    for (long z = 0; z < s->plane[0]; ++z) {
        for (long y = 0; y < s->plane[1]; ++y) {
            const long at = (z * s->plane[1] + y) * wide - first;
            if (z < z0 || z >= z0 + s->out[0] || y < y0 || y >= y0 + s->out[1]) {
                store_nothing(o, m, last, at, wide);
                continue;
            }
            store_nothing(o, m, last, at, x0);
            store_nothing(o, m, last, at + x0 + s->out[2], wide - x0 - s->out[2]);
        }
    }
}
#endif

/* Of a tile of `rows` rows of outputs from oy on. */
static inline tap_lines lines_of(const conv_args *s, long oy, long rows)
{
    tap_lines l = {0, s->taps[1], 0, s->taps[1]};
#if !ONE_TAP
    const long low = oy * s->stride[1] - s->pad[1];
    const long high = low + (rows - 1) * s->stride[1];
    while (l.from1 < l.to1 && high + l.from1 * s->dilation[1] < 0)
        ++l.from1;
    while (l.to1 > l.from1 && high + (l.to1 - 1) * s->dilation[1] >= s->in[1])
        --l.to1;
    while (l.from0 < l.to0 && low + l.from0 * s->dilation[1] < 0)
        ++l.from0;
    while (l.to0 > l.from0 && low + (l.to0 - 1) * s->dilation[1] >= s->in[1])
        --l.to0;
#endif
    return l;
}

#if W_ZERO
/* Takes the weights' zero points, times the sum of the inputs that a position sees, off the sums of int. That costs a
 * scalar sum of all of them, but quantised networks have zero points of 0 here. */
static inline void take_zero(realv *out, A_SPACE const float *a, const strip_shape *t, tap_lines l, const conv_args *s,
                             __global const STORAGE(TYPE_W) *w_zero, long m0, int height, int width)
{
    int any = 0;
    for (long m = m0; m < min(m0 + NR, s->group_m); ++m)
        any |= w_zero[W_ZERO == 2 ? m : 0] != 0;
    if (!any)
        return;
    for (int i = 0; i < height * width; ++i) {
        A_SPACE const float *at = a + i / width * t->next_row + i % width * SW;
        int sum = 0;
        for (long c = 0; c < t->c; ++c) {
            for (long z = 0; z < t->taps[0]; ++z) {
                for (long r = l.from1; r < l.to0; ++r) {
                    for (long k = 0; k < t->taps[2]; ++k)
                        sum += (int)at[c * t->plane + z * t->slice + r * t->line + k * t->tap];
                }
            }
        }
        for (int v = 0; v < NV; ++v) {
            int part[LANES];
            for (long j = 0; j < LANES; ++j) {
                const long m = m0 + v * LANES + j;
                part[j] = m < s->group_m ? sum * (int)w_zero[W_ZERO == 2 ? m : 0] : 0;
            }
            out[i * NV + v] = CAT2(as_float, LANES)(CAT2(as_int, LANES)(out[i * NV + v]) - vloadv(0, part));
        }
    }
}
#else
#define take_zero(out, a, t, l, s, w_zero, m0, height, width)
#endif

/* A residual may lie in y's place, and must not be written over before it is read. */
#if HAS_RESIDUAL
#define LIMIT(x) 0L
#else
#define LIMIT(x) (x)
#endif

/* A tile by TILE_NAME, HIGH rows by WIDE columns, from row ty and column tx of the strip on, and out. Rows of more than
 * one stand one below the other in y, too, but where there is a border. */
#define MAKE_TILE(TILE_NAME, HIGH, WIDE)                                                                            \
    do {                                                                                                            \
        realv out_[(HIGH) * (WIDE) * NV];                                                                           \
        A_SPACE const float *from_ = from + ty * t.next_row + tx * SW;                                              \
        TILE_NAME(from_, wb, &t, lines, out_);                                                                      \
        take_zero(out_, from_, &t, lines, &s, w_zero, b * NR, HIGH, WIDE);                                          \
        const long at_ = (oz * s.plane[1] + oy + ty) * s.plane[2] + ox + tx;                                        \
        store_tile(&o, &s, out_, b * NR, at_, LIMIT(columns == s.plane[2] ? strip_end : at_ - tx + columns),        \
                   BORDER ? (HIGH) : 1, BORDER ? (WIDE) : (HIGH) * (WIDE));                                         \
    } while (0)

__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void conv_cpu_direct(const conv_args s, const real alpha, const real beta, const long strip_rows,
                              const long strip_columns, const long m_blocks, const long border, __global const STORAGE(TYPE_X) *x,
                              __global const float *w, __global const STORAGE(TYPE_BIAS) *bias,
                              __global const STORAGE(TYPE_R) *residual, __global STORAGE(TYPE_Y) *y
#if INT_SUM
                              , __global const float *x_scale, __global const STORAGE(TYPE_X) *x_zero,
                              __global const float *w_scale, __global const STORAGE(TYPE_W) *w_zero,
                              __global const float *y_scale, __global const STORAGE(TYPE_Y) *y_zero
#endif
                              )
{
    real x_zero_ = 0;
#if X_ZERO
    x_zero_ = LOADS(TYPE_X)(x_zero + s.x_zero_offset);
#endif
    const long image = get_group_id(2) / s.groups;
    const long group = get_group_id(2) % s.groups;
    const long across = (s.out[2] + strip_columns - 1) / strip_columns;
    const long down = (s.out[1] + strip_rows - 1) / strip_rows;
    const long at = get_group_id(0);
    const long ox = at % across * strip_columns;
    const long oy = at / across % down * strip_rows;
    const long oz = at / across / down;
    const long rows = min(strip_rows, s.out[1] - oy);
    const long columns = min(strip_columns, s.out[2] - ox);
    const long iz = oz * s.stride[0] - s.pad[0];
    const long iy = oy * s.stride[1] - s.pad[1];
    const long ix = ox * SW - s.pad[2];
    x += s.x_offset + image * s.x_image + group * s.group_c * s.x_channel;

    strip_shape t;
    t.c = s.group_c;
    t.tap = s.dilation[2];
    for (int i = 0; i < 3; ++i)
        t.taps[i] = s.taps[i];
#if STRIP_MAX
    real strip[STRIP_MAX] __attribute__((aligned(64)));
    const long in_columns = (columns - 1) * SW + (s.taps[2] - 1) * s.dilation[2] + 1;
    /* A kernel one tap high needs only the rows at the stride. */
    const long row_step = s.taps[1] == 1 ? s.stride[1] : 1;
    const long in_rows = s.taps[1] == 1 ? rows : (rows - 1) * s.stride[1] + (s.taps[1] - 1) * s.dilation[1] + 1;
    t.slice = in_rows * in_columns;
    t.plane = s.taps[0] * t.slice;
    t.line = s.dilation[1] * in_columns;
    t.next_row = (s.taps[1] == 1 ? 1 : s.stride[1]) * in_columns;
    copy_strip(strip, &s, x, &t, iz, iy, ix, in_rows, in_columns, row_step, x_zero_);
    const real *from = strip;
#else
    t.slice = s.dilation[0] * s.in[1] * s.in[2];
    t.plane = s.x_channel;
    t.line = s.dilation[1] * s.in[2];
    t.next_row = s.stride[1] * s.in[2];
    __global const float *from = x + (iz * s.in[1] + iy) * s.in[2] + ix;
#endif
    t.plane_rest = t.plane - s.taps[0] * t.slice;

    conv_way_out o = way_out(&s, image, group, alpha, beta, y, residual, bias);
#if INT_SUM
    o.scale = 1;
#if X_SCALE
    o.scale *= x_scale[s.x_scale_offset];
#endif
#if W_SCALE == 1
    o.scale *= w_scale[s.w_scale_offset];
#elif W_SCALE == 2
    o.w_scale = w_scale + s.w_scale_offset + group * s.group_m;
#endif
#if Y_SCALE
    o.y_scale = y_scale[s.y_scale_offset];
#endif
#if Y_ZERO
    o.y_zero = LOADS(TYPE_Y)(y_zero + s.y_zero_offset);
#endif
#if W_ZERO
    w_zero += s.w_zero_offset + (W_ZERO == 2 ? group * s.group_m : 0);
#endif
#endif
    const long blocks = (s.group_m + NR - 1) / NR;
    const long first = get_group_id(1) * m_blocks;
    const long last = min(blocks, first + m_blocks);
    const long weights = s.group_c * s.taps[0] * s.taps[1] * s.taps[2] * NR;
    w += group * blocks * weights;
#if BORDER
    if (at == 0)
        store_border(&o, &s, border, first * NR, min(last * NR, s.group_m));
#endif
    const long strip_end = (oz * s.plane[1] + oy + rows) * s.plane[2];
    for (long b = first; b < last; ++b) {
        __global const float *wb = w + b * weights;
        long ty = 0;
        for (; ty + TH <= rows; ty += TH) {
            const tap_lines lines = lines_of(&s, oy + ty, TH);
            long tx = 0;
            for (; tx + TW <= columns; tx += TW) {
#if EXACT && !ACROSS
                if (ox + tx == 0) {
                    MAKE_TILE(tile_first, TH, TW);
                    continue;
                }
#if !RW
                if (ox + tx + TW == s.out[2]) {
                    MAKE_TILE(tile_last, TH, TW);
                    continue;
                }
#endif
#endif
                MAKE_TILE(tile_main, TH, TW);
            }
#if RW
            if (tx < columns)
                MAKE_TILE(tile_rest, TH, RW);
#endif
        }
#if RH
        if (ty < rows) {
            const tap_lines lines = lines_of(&s, oy + ty, RH);
            const long tx = 0;
            MAKE_TILE(tile_rest, RH, TW);
        }
#endif
    }
}
