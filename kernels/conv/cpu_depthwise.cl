/* cpu_depthwise.cl: one input channel to each group, planes of positions along the lanes; CPU class.
 *
 * A group takes some channels, or a band of rows of one. It copies the inputs of a band into private memory, padding
 * as zeros, columns split by their remainder modulo the stride, and then goes down the columns LANES outputs at a
 * time, ROWS rows at once: an input vector is loaded once for all the rows (and taps) that use it.
 *
 * Weights    as they lie
 * Group      one work-item. Global (bands of `rows` outputs, ceil(groups / channels), images)
 * Copy       [row][column % SW][column / SW], at most STRIP_MAX reals
 * Registers  ROWS sums, KH * KW weights as far as they fit.
 * Limit      memory: x once (and the rows between bands twice), y once.
 * Precision  f32 by fma, one chain.
 */
#ifndef KH
#define KH 3
#endif
#ifndef KW
#define KW 3
#endif
#ifndef SH
#define SH 1
#endif
#ifndef SW
#define SW 1
#endif
#ifndef DH
#define DH 1
#endif
#ifndef DW
#define DW 1
#endif
#ifndef ROWS
#define ROWS 4
#endif
#ifndef STRIP_MAX
#define STRIP_MAX 16384 /* reals of the copy and 2 * LANES more */
#endif
#include "conv/args.h"
#include "conv/cpu_finish.h"
#include "conv/strip.h"
#if X_LAST || Y_LAST
#error "positions must be contiguous"
#endif

/* `rows` rows of inputs from iy on, split by column % SW; `before` and `after` elements of x lie around the plane. */
static inline void copy_band(real *to, const conv_args *s, __global const STORAGE(TYPE_X) *x, const column_masks *m,
                             long before, long after, long iy, long rows, long phase, long columns)
{
    const long plane = s->in[1] * s->in[2];
    const long vectors = ((columns + SW - 1) / SW + LANES - 1) / LANES;
    for (long r = 0; r < rows; ++r, to += SW * phase) {
        const long in_y = iy + r;
        if (in_y < 0 || in_y >= s->in[1]) {
            for (long v = 0; v < vectors; ++v) {
#pragma unroll
                for (int i = 0; i < SW; ++i)
                    STORE_NEAR(, realv, (realv)(0), to + i * phase + v * LANES);
            }
            continue;
        }
        const long from = in_y * s->in[2];
        const long left = plane - from + after;
#if SW == 1
        if (vectors > 2)
            copy_row(to, x + from, m->first, columns, s->in[2], left, 1);
        for (long v = 0; v < (vectors > 2 ? 0 : vectors); ++v)
            STORE_NEAR(, realv, load_masked(x + from, m, v, from + before, left), to + v * LANES);
#elif SW == 2
        for (long v = 0; v < vectors; ++v) {
            realv a = load_masked(x + from, m, 2 * v, from + before, left);
            realv b = load_masked(x + from, m, 2 * v + 1, from + before, left);
            realv even;
            realv odd;
            even.lo = a.even;
            even.hi = b.even;
            odd.lo = a.odd;
            odd.hi = b.odd;
            STORE_NEAR(, realv, even, to + v * LANES);
            STORE_NEAR(, realv, odd, to + phase + v * LANES);
        }
#else
        for (long i = 0; i < columns; ++i) {
            const long column = m->first + i;
            to[i % SW * phase + i / SW] = column >= 0 && column < s->in[2] ? LOADS(TYPE_X)(x + from + column) : (real)0;
        }
#endif
    }
}

/* HEIGHT rows of LANES outputs. from: the first input of the first one. */
#define COLUMN(NAME, HEIGHT)                                                                                        \
    static inline void NAME(const real *from, const real *w, long phase, realv *out)                                \
    {                                                                                                               \
        realv acc[HEIGHT];                                                                                          \
        _Pragma("unroll") for (int r = 0; r < HEIGHT; ++r) acc[r] = (realv)(0);                                     \
        _Pragma("unroll") for (int j = 0; j < (HEIGHT - 1) * SH + (KH - 1) * DH + 1; ++j)                           \
        {                                                                                                           \
            _Pragma("unroll") for (int i = 0; i < KW; ++i)                                                          \
            {                                                                                                       \
                const realv in = LOAD_NEAR(const, realv, from + (j * SW + i * DW % SW) * phase + i * DW / SW);      \
                _Pragma("unroll") for (int r = 0; r < HEIGHT; ++r)                                                  \
                {                                                                                                   \
                    if (j >= r * SH && (j - r * SH) % DH == 0 && (j - r * SH) / DH < KH)                            \
                        acc[r] = fma((realv)(w[(j - r * SH) / DH * KW + i]), in, acc[r]);                           \
                }                                                                                                   \
            }                                                                                                       \
        }                                                                                                           \
        _Pragma("unroll") for (int r = 0; r < HEIGHT; ++r) out[r] = acc[r];                                         \
    }
COLUMN(column_rows, ROWS)
#if ROWS > 1
COLUMN(column_one, 1)
#endif

/* One channel's band to one output channel. */
static inline void make_band(const conv_way_out *o, const conv_args *s, const real *strip, const real *taps, long m,
                             long oy, long height, long phase)
{
    realv out[ROWS];
    long r = 0;
    for (; r + ROWS <= height; r += ROWS) {
        for (long at = 0; at < s->out[2]; at += LANES) {
            const int count = (int)min((long)LANES, s->out[2] - at);
            column_rows(strip + r * (SH * SW) * phase + at, taps, phase, out);
            for (int i = 0; i < ROWS; ++i)
                finish_positions(o, out[i], m, (oy + r + i) * s->out[2] + at, count);
        }
    }
#if ROWS > 1
    for (; r < height; ++r) {
        for (long at = 0; at < s->out[2]; at += LANES) {
            const int count = (int)min((long)LANES, s->out[2] - at);
            column_one(strip + r * (SH * SW) * phase + at, taps, phase, out);
            finish_positions(o, out[0], m, (oy + r) * s->out[2] + at, count);
        }
    }
#endif
}

__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void conv_cpu_depthwise(const conv_args s, const real alpha, const real beta, const long rows,
                                 const long channels, __global const STORAGE(TYPE_X) *x,
                                 __global const STORAGE(TYPE_W) *w, __global const STORAGE(TYPE_BIAS) *bias,
                                 __global const STORAGE(TYPE_R) *residual, __global STORAGE(TYPE_Y) *y)
{
    real strip[STRIP_MAX] __attribute__((aligned(64)));
    column_masks masks;
    const long image = get_group_id(2);
    const long oy = get_group_id(0) * rows;
    const long height = min(rows, s.out[1] - oy);
    const long columns = (s.out[2] - 1) * SW + (KW - 1) * DW + 1;
    const long phase = ((columns + SW - 1) / SW + 2 * LANES - 1) / LANES * LANES;
    const long in_rows = (height - 1) * SH + (KH - 1) * DH + 1;
    const long last = min(s.groups, (long)(get_group_id(1) + 1) * channels);
    x += s.x_offset + image * s.x_image;
    make_masks(&masks, -s.pad[2], s.in[2], (columns + LANES - 1) / LANES + SW);
    for (long group = get_group_id(1) * channels; group < last; ++group) {
        const conv_way_out o = way_out(&s, image, group, alpha, beta, y, residual, bias);
        copy_band(strip, &s, x + group * s.x_channel, &masks, group * s.x_channel,
                  (s.groups - 1 - group) * s.x_channel, oy * SH - s.pad[1], in_rows, phase, columns);
        for (long m = 0; m < s.group_m; ++m) {
            real taps[KH * KW];
            for (int i = 0; i < KH * KW; ++i)
                taps[i] = LOADS(TYPE_W)(w + s.w_offset + group * s.w_group + m * s.w_out +
                                        (FLIP ? KH * KW - 1 - i : i) * s.w_tap);
            make_band(&o, &s, strip, taps, m, oy, height, phase);
        }
    }
}
