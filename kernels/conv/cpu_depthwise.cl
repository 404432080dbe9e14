/* cpu_depthwise.cl: one input channel to each group, positions along the lanes; CPU class.
 *
 * A group takes some channels, or a band of rows of one. It goes down the columns of a plane LANES outputs at a time,
 * ROWS rows at once, and reads x where it lies: an input row is loaded once for every tap along the width, and each
 * such vector serves all of the ROWS rows that have it under a tap. Lanes outside of the plane are masked, and only at
 * the two ends of a row; rows outside are passed over. With SW = 2 two vectors are loaded and parted into even and
 * odd, for two taps; with greater strides lanes are gathered.
 *
 * Weights    as they lie
 * Group      one work-item. Global (bands of `rows` outputs, ceil(groups / channels), images)
 * Registers  ROWS sums, KH * KW weights as far as they fit, a vector or two of x.
 * Edges      vectors that would begin before x or end behind it (the first and last rows of an image) are gathered.
 * Limit      memory: x once (and the rows between bands twice), y once.
 * Precision  f32 by fma, one chain, in the order of the taps; taps in the padding are left out.
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
#ifndef REST
#define REST 0 /* output columns modulo LANES */
#endif
#ifndef NARROW
#define NARROW 0 /* 1: a row has no more than LANES outputs */
#endif
#include "conv/args.h"
#include "conv/cpu_finish.h"
#if X_LAST || Y_LAST
#error "positions must be contiguous"
#endif
#if LANES == 16
#define LANE_NUMBERS ((int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15))
#elif LANES == 8
#define LANE_NUMBERS ((int8)(0, 1, 2, 3, 4, 5, 6, 7))
#else
#define LANE_NUMBERS ((int4)(0, 1, 2, 3))
#endif
#define LAST_COUNT (REST ? REST : LANES)
#define STEP (SW == 2 ? 2 : 1)       /* taps' distances that one load serves: itself, and the next one */
#define REACH ((KW - 1) * DW)        /* distance of the last tap */
#define DEEP ((ROWS - 1) * SH + (KH - 1) * DH + 1) /* rows of inputs for ROWS of outputs */

static inline void gather_taps(realv *in, __global const STORAGE(TYPE_X) *row, long first, long width)
{
    real lane[LANES];
    for (int i = 0; i < STEP; ++i) {
        for (int j = 0; j < LANES; ++j) {
            const long column = first + i + j * SW;
            lane[j] = column >= 0 && column < width ? LOADS(TYPE_X)(row + column) : (real)0;
        }
        in[i] = vloadv(0, lane);
    }
}

/* Two taps' inputs of one row, from column `first` on: those of a tap, and with SW = 2 those of the next one. inside:
 * which lanes of the loaded vectors are in the plane, or NULL where all are. */
static inline void load_taps(realv *in, __global const STORAGE(TYPE_X) *row, long first, long width,
                             const maskv *inside)
{
#if SW <= 2
    realv a = LOADV(TYPE_X)(row + first);
    if (inside)
        a = CAT2(as_float, LANES)(CAT2(as_int, LANES)(a) & inside[0]);
#if SW == 1
    in[0] = a;
#else
    realv b = LOADV(TYPE_X)(row + first + LANES);
    if (inside)
        b = CAT2(as_float, LANES)(CAT2(as_int, LANES)(b) & inside[1]);
    in[0].lo = a.even;
    in[0].hi = b.even;
    in[1].lo = a.odd;
    in[1].hi = b.odd;
#endif
#else
    gather_taps(in, row, first, width);
#endif
}

/* HEIGHT rows of LANES outputs. plane: the channel's inputs; iy, ix: of the first tap of the first output. */
#define COLUMN(NAME, HEIGHT, EDGE, GATHER)                                                                          \
    static inline void NAME(__global const STORAGE(TYPE_X) *plane, const real *w, long iy, long ix, long height,    \
                            long width, realv *out)                                                                 \
    {                                                                                                               \
        realv acc[HEIGHT];                                                                                          \
        _Pragma("unroll") for (int r = 0; r < HEIGHT; ++r) acc[r] = (realv)(0);                                     \
        maskv inside[(REACH + 1) * STEP];                                                                           \
        _Pragma("unroll") for (int t = 0; t <= REACH; t += STEP)                                                    \
        {                                                                                                           \
            _Pragma("unroll") for (int i = 0; i < STEP; ++i)                                                        \
            {                                                                                                       \
                const maskv at = (maskv)((int)(ix + t + i * LANES)) + LANE_NUMBERS;                                 \
                inside[t * STEP + i] = (at >= 0) & (at < (maskv)((int)width));                                      \
            }                                                                                                       \
        }                                                                                                           \
        _Pragma("unroll") for (int j = 0; j < (HEIGHT - 1) * SH + (KH - 1) * DH + 1; ++j)                           \
        {                                                                                                           \
            if (iy + j < 0 || iy + j >= height)                                                                     \
                continue;                                                                                           \
            __global const STORAGE(TYPE_X) *row = plane + (iy + j) * width;                                         \
            _Pragma("unroll") for (int t = 0; t <= REACH; t += STEP)                                                \
            {                                                                                                       \
                if (t % DW != 0 && (STEP == 1 || (t + 1) % DW != 0))                                                \
                    continue;                                                                                       \
                realv in[STEP];                                                                                     \
                if (GATHER)                                                                                         \
                    gather_taps(in, row, ix + t, width);                                                            \
                else                                                                                                \
                    load_taps(in, row, ix + t, width, EDGE ? inside + t * STEP : 0);                                \
                _Pragma("unroll") for (int i = 0; i < STEP; ++i)                                                    \
                {                                                                                                   \
                    _Pragma("unroll") for (int r = 0; r < HEIGHT; ++r)                                              \
                    {                                                                                               \
                        if ((t + i) % DW == 0 && t + i <= REACH && j >= r * SH && (j - r * SH) % DH == 0 &&         \
                            (j - r * SH) / DH < KH)                                                                 \
                            acc[r] = fma((realv)(w[(j - r * SH) / DH * KW + (t + i) / DW]), in[i], acc[r]);         \
                    }                                                                                               \
                }                                                                                                   \
            }                                                                                                       \
        }                                                                                                           \
        _Pragma("unroll") for (int r = 0; r < HEIGHT; ++r) out[r] = acc[r];                                         \
    }
COLUMN(rows_inner, ROWS, 0, 0)
COLUMN(rows_edge, ROWS, 1, 0)
COLUMN(one_edge, 1, 1, 0)
COLUMN(one_gathered, 1, 1, 1)

/* A band of one channel, to one output channel. `before` elements of x lie before the plane, `left` from its first
 * element on. */
typedef struct {
    __global const STORAGE(TYPE_X) *plane;
    long before, left;
} depthwise_plane;

/* Whether whole vectors that begin `low` elements after the plane, and end before `high`, lie within x. */
static inline int lies_within(const depthwise_plane *p, long low, long high)
{
    return low >= -p->before && high <= p->left;
}

static inline void make_band(const conv_way_out *o, const conv_args *s, const depthwise_plane *p, const real *taps,
                             long m, long oy, long rows)
{
    const long width = s->in[2];
    const long wide = s->out[2];
    const long end = oy + rows;
    realv out[ROWS];
    for (long r = oy; r < end;) {
        const long iy = r * SH - s->pad[1];
        const long top = max(iy, 0L);
        const long bottom = min(iy + DEEP - 1, s->in[1] - 1);
        const int whole = r + ROWS <= end &&
            lies_within(p, top * width - s->pad[2], bottom * width + (wide - 1) / LANES * (LANES * SW) - s->pad[2] +
                            REACH / STEP * STEP + STEP * LANES);
        if (whole) {
#if !NARROW
            for (long at = 0; at < wide - LAST_COUNT; at += LANES) {
                const long ix = at * SW - s->pad[2];
                if (ix >= 0 && ix + REACH / STEP * STEP + STEP * LANES <= width)
                    rows_inner(p->plane, taps, iy, ix, s->in[1], width, out);
                else
                    rows_edge(p->plane, taps, iy, ix, s->in[1], width, out);
#pragma unroll
                for (int i = 0; i < ROWS; ++i)
                    finish_positions(o, out[i], m, (r + i) * wide + at, LANES);
            }
#endif
            const long at = wide - LAST_COUNT;
            const long ix = at * SW - s->pad[2];
            rows_edge(p->plane, taps, iy, ix, s->in[1], width, out);
#pragma unroll
            for (int i = 0; i < ROWS; ++i) {
#if NARROW && REST && !HAS_RESIDUAL
                /* What a narrow row writes too much, the next one writes over; a residual may lie there. */
                if ((r + i) * wide + LANES <= end * wide) {
                    finish_positions(o, out[i], m, (r + i) * wide, LANES);
                    continue;
                }
#endif
                finish_positions(o, out[i], m, (r + i) * wide + at, LAST_COUNT);
            }
            r += ROWS;
            continue;
        }
        for (long last = min(end, r + ROWS); r < last; ++r) {
            const long y = r * SH - s->pad[1];
            const long low = max(y, 0L) * width - s->pad[2];
            const long high = min(y + (KH - 1) * DH, s->in[1] - 1) * width - s->pad[2];
            for (long at = 0; at < wide; at += LANES) {
                const int count = (int)min((long)LANES, wide - at);
                if (lies_within(p, low + at * SW, high + at * SW + REACH / STEP * STEP + STEP * LANES))
                    one_edge(p->plane, taps, y, at * SW - s->pad[2], s->in[1], width, out);
                else
                    one_gathered(p->plane, taps, y, at * SW - s->pad[2], s->in[1], width, out);
                finish_positions(o, out[0], m, r * wide + at, count);
            }
        }
    }
}

__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void conv_cpu_depthwise(const conv_args s, const real alpha, const real beta, const long rows,
                                 const long channels, __global const STORAGE(TYPE_X) *x,
                                 __global const STORAGE(TYPE_W) *w, __global const STORAGE(TYPE_BIAS) *bias,
                                 __global const STORAGE(TYPE_R) *residual, __global STORAGE(TYPE_Y) *y)
{
    const long image = get_group_id(2);
    const long oy = get_group_id(0) * rows;
    const long height = min(rows, s.out[1] - oy);
    const long last = min(s.groups, (long)(get_group_id(1) + 1) * channels);
    depthwise_plane p;
    x += s.x_offset + image * s.x_image;
    for (long group = get_group_id(1) * channels; group < last; ++group) {
        const conv_way_out o = way_out(&s, image, group, alpha, beta, y, residual, bias);
        p.plane = x + group * s.x_channel;
        p.before = group * s.x_channel;
        p.left = (s.groups - 1 - group) * s.x_channel + s.in[1] * s.in[2];
        for (long m = 0; m < s.group_m; ++m) {
            real taps[KH * KW];
            for (int i = 0; i < KH * KW; ++i)
                taps[i] = LOADS(TYPE_W)(w + s.w_offset + group * s.w_group + m * s.w_out +
                                        (FLIP ? KH * KW - 1 - i : i) * s.w_tap);
            make_band(&o, &s, &p, taps, m, oy, height);
        }
    }
}
