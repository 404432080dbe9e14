/* window.cl: pooling in windows of 1 to 3 dimensions, and LRN; any class of device.
 *
 * pool    a work-item makes LANES outputs that neighbour along the last dimension, of row_step rows. Global
 *         (ceil(out_w / LANES), ceil(rows / row_step)), rows being all other output dimensions. Vectors are loaded whole where
 *         all lanes are inside x and stride_w is 1, else lane by lane.
 * pool_lines  CPU class, x and y contiguous along the last dimension, no indices: a work-item has row_step rows. What lies
 *         above each other in the windows is put together first, as a private line with its pads; then what lies beside each
 *         other. Global (ceil(rows / row_step)).
 * lrn     a work-item makes LANES neighbouring places of one channel; the channels around it are summed anew.
 *         Global (ceil(space / LANES), channels, N).
 * Precision f32 (f64; integers in 64 bits). NaN in a window of MAX gives NaN.
 * Limit   memory; window rows are found in cache.
 *
 * Parameters: CLASS; IN, OUT storage; OP 0 max, 1 average, 2 sum of |x|, 3 root of the sum of squares, 4 LRN; HAS_INDEX 1: the
 * place of the largest, row-major in x, is stored; COUNT_PAD 1: the average counts the pads.
 */
#include "device_math.h"
#include "layers/elements.h"
#if !IS_REAL
#define realv numv
#endif
#include "layers/steps.h"
#include "layers/lanes.h"
#ifndef OP
#define OP 0
#endif
#ifndef IN
#define IN f32
#define OUT f32
#endif
#ifndef HAS_INDEX
#define HAS_INDEX 0
#endif
#ifndef COUNT_PAD
#define COUNT_PAD 0
#endif

typedef struct {
    long offset[9]; /* x, y, indices */
    long n, channels, row_step;
    long in[3], out[3], window_of[3], stride[3], dilation[3], before[3], after[3]; /* depth, height, width */
    long x_step[5], y_step[5], index_step[5];                                   /* N, C, depth, height, width */
    long least, window;
    float alpha, beta, bias;
} window_args;

#if OP == 0
#if IS_REAL
#define NEUTRAL (num)(-INFINITY)
#else
#define NEUTRAL s.least
#endif
#define TAKE(sum, v) op_max(v, sum)
#elif OP == 2
#define NEUTRAL (num)0
#define TAKE(sum, v) ((sum) + op_abs(v))
#elif OP == 3
#define NEUTRAL (num)0
#define TAKE(sum, v) ((sum) + (v) * (v))
#else
#define NEUTRAL (num)0
#define TAKE(sum, v) ((sum) + (v))
#endif

/* How many of the window's positions from first on, dilation apart, lie in [low, end). */
static inline long inside(long first, long count, long dilation, long low, long end)
{
    const long skip = first < low ? (low - first + dilation - 1) / dilation : 0;
    const long last = end > first ? (end - first + dilation - 1) / dilation : 0;
    return max(min(last, count) - skip, 0L);
}

#if OP < 4
__kernel void pool(const window_args s, __global const EL(IN) *x_all, __global EL(OUT) *y_all, __global long *indices)
{
    const long ow = get_global_id(0) * LANES, lanes = s.out[2] - ow;
    const long rows = s.n * s.channels * s.out[0] * s.out[1];
    long row = get_global_id(1) * s.row_step;
    const long row1 = min(row + s.row_step, rows);
    if (lanes <= 0)
        return;
    const long w0 = ow * s.stride[2] - s.before[2], width = s.x_step[4];
    for (; row < row1; ++row) {
        const long oh = row % s.out[1], od = row / s.out[1] % s.out[0];
        const long plane = row / s.out[1] / s.out[0], c = plane % s.channels, n = plane / s.channels;
        __global const EL(IN) *x = x_all + s.offset[0] + n * s.x_step[0] + c * s.x_step[1];
        __global EL(OUT) *y = y_all + s.offset[1] + n * s.y_step[0] + c * s.y_step[1] + od * s.y_step[2] + oh * s.y_step[3] +
                              ow * s.y_step[4];
        const long d0 = od * s.stride[0] - s.before[0], h0 = oh * s.stride[1] - s.before[1];
        numv sum = (numv)(NEUTRAL);
#if HAS_INDEX
        long best[LANES];
        num most[LANES];
        for (int i = 0; i < LANES; ++i)
            best[i] = -1;
#endif
        for (long kd = 0; kd < s.window_of[0]; ++kd) {
            const long d = d0 + kd * s.dilation[0];
            if (d < 0 || d >= s.in[0])
                continue;
            for (long kh = 0; kh < s.window_of[1]; ++kh) {
                const long h = h0 + kh * s.dilation[1];
                if (h < 0 || h >= s.in[1])
                    continue;
                __global const EL(IN) *line = x + d * s.x_step[2] + h * s.x_step[3];
                for (long kw = 0; kw < s.window_of[2]; ++kw) {
                    const long w = w0 + kw * s.dilation[2], last = w + (LANES - 1) * s.stride[2];
#if HAS_INDEX
                    for (int i = 0; i < LANES; ++i) {
                        const long at = w + i * s.stride[2];
                        if (i >= lanes || at < 0 || at >= s.in[2])
                            continue;
                        const num v = GET(IN)(line + at * width);
                        if (best[i] < 0 || (most[i] == most[i] && !(v <= most[i]))) {
                            most[i] = v;
                            best[i] = ((plane * s.in[0] + d) * s.in[1] + h) * s.in[2] + at;
                        }
                    }
#else
                    numv v;
                    if (w >= 0 && last < s.in[2]) {
                        v = width * s.stride[2] == 1 ? GETV(IN)(line + w)
                                                     : FETCH(IN)(line + w * width, s.stride[2] * width, LANES);
                    } else {
                        num part[LANES];
                        for (int i = 0; i < LANES; ++i) {
                            const long at = w + i * s.stride[2];
                            part[i] = at >= 0 && at < s.in[2] ? GET(IN)(line + at * width) : NEUTRAL;
                        }
                        v = vloadl(0, part);
                    }
                    sum = TAKE(sum, v);
#endif
                }
            }
        }
#if HAS_INDEX
        __global long *places = indices + s.offset[2] + n * s.index_step[0] + c * s.index_step[1] + od * s.index_step[2] +
                                oh * s.index_step[3] + ow * s.index_step[4];
        for (int i = 0; i < LANES; ++i) {
            if (i < lanes) {
                PUT(OUT)(best[i] < 0 ? NEUTRAL : most[i], y + i * s.y_step[4]);
                places[i * s.index_step[4]] = best[i];
            }
        }
#else
#if OP == 1
        num count[LANES];
        const long d_end = s.in[0] + (COUNT_PAD ? s.after[0] : 0), h_end = s.in[1] + (COUNT_PAD ? s.after[1] : 0);
        const long w_end = s.in[2] + (COUNT_PAD ? s.after[2] : 0);
        const long area = inside(d0, s.window_of[0], s.dilation[0], COUNT_PAD ? d0 : 0, d_end) *
                          inside(h0, s.window_of[1], s.dilation[1], COUNT_PAD ? h0 : 0, h_end);
        for (int i = 0; i < LANES; ++i) {
            const long first = w0 + i * s.stride[2];
            count[i] = (num)(area * inside(first, s.window_of[2], s.dilation[2], COUNT_PAD ? first : 0, w_end));
        }
        sum /= vloadl(0, count);
#elif OP == 3
        sum = sqrt(sum);
#endif
        if (lanes >= LANES && s.y_step[4] == 1)
            PUTV(OUT)(sum, y);
        else
            STORE(OUT)(sum, y, s.y_step[4], lanes);
#endif
    }
}

#if !HAS_INDEX && OP < 4
#ifndef LINE
#define LINE 64 /* room of a line: in[2] + before[2] + what the last window reaches, rounded up to vectors, and 2 more */
#endif
/* LANES elements of a private line, step apart. */
static inline numv spaced(const num *line, long step)
{
    if (step == 1)
        return vloadl(0, line);
#ifndef AR_HIP /* whose vectors have no halves */
    if (step == 2) {
        const numv a = vloadl(0, line), b = vloadl(0, line + LANES);
        numv even;
        even.lo = a.even;
        even.hi = b.even;
        return even;
    }
#endif
    num part[LANES];
    for (int i = 0; i < LANES; ++i)
        part[i] = line[i * step];
    return vloadl(0, part);
}

#if OP == 3
#define PREPARED(v) ((v) * (v))
#elif OP == 2
#define PREPARED(v) op_abs(v)
#else
#define PREPARED(v) (v)
#endif
#if OP == 0
#define JOIN(a, b) op_max(a, b)
#else
#define JOIN(a, b) ((a) + (b))
#endif

__kernel void pool_lines(const window_args s, __global const EL(IN) *x_all, __global EL(OUT) *y_all,
                         __global long *unused)
{
    num line[LINE];
    const long rows = s.n * s.channels * s.out[0] * s.out[1];
    long row = get_global_id(0) * s.row_step;
    const long row1 = min(row + s.row_step, rows);
    for (long i = 0; i < LINE; ++i)
        line[i] = NEUTRAL;
    for (; row < row1; ++row) {
        const long oh = row % s.out[1], od = row / s.out[1] % s.out[0];
        const long plane = row / s.out[1] / s.out[0], c = plane % s.channels, n = plane / s.channels;
        __global const EL(IN) *x = x_all + s.offset[0] + n * s.x_step[0] + c * s.x_step[1];
        __global EL(OUT) *y = y_all + s.offset[1] + n * s.y_step[0] + c * s.y_step[1] + od * s.y_step[2] + oh * s.y_step[3];
        const long d0 = od * s.stride[0] - s.before[0], h0 = oh * s.stride[1] - s.before[1];
        num *inner = line + s.before[2];
        bool fresh = true;
        for (long kd = 0; kd < s.window_of[0]; ++kd) {
            const long d = d0 + kd * s.dilation[0];
            for (long kh = 0; kh < s.window_of[1]; ++kh) {
                const long h = h0 + kh * s.dilation[1];
                if (d < 0 || d >= s.in[0] || h < 0 || h >= s.in[1])
                    continue;
                __global const EL(IN) *from = x + d * s.x_step[2] + h * s.x_step[3];
                for (long i = 0; i < s.in[2]; i += LANES) {
                    const long count = s.in[2] - i;
                    numv v = count >= LANES ? GETV(IN)(from + i) : FETCH(IN)(from + i, 1, count);
                    v = first_lanes(PREPARED(v), count, NEUTRAL);
                    vstorel(fresh ? v : JOIN(v, vloadl(0, inner + i)), 0, inner + i);
                }
                fresh = false;
            }
        }
        for (long i = 0; fresh && i < s.in[2]; ++i)
            inner[i] = NEUTRAL;
        const long d_end = s.in[0] + (COUNT_PAD ? s.after[0] : 0), h_end = s.in[1] + (COUNT_PAD ? s.after[1] : 0);
        const long w_end = s.in[2] + (COUNT_PAD ? s.after[2] : 0);
        const long area = inside(d0, s.window_of[0], s.dilation[0], COUNT_PAD ? d0 : 0, d_end) *
                          inside(h0, s.window_of[1], s.dilation[1], COUNT_PAD ? h0 : 0, h_end);
        const long reach = (s.window_of[2] - 1) * s.dilation[2];
        for (long ow = 0; ow < s.out[2]; ow += LANES) {
            const num *at = line + ow * s.stride[2];
            numv sum = spaced(at, s.stride[2]);
            for (long kw = 1; kw < s.window_of[2]; ++kw)
                sum = JOIN(spaced(at + kw * s.dilation[2], s.stride[2]), sum);
#if OP == 1
            const long first = ow * s.stride[2] - s.before[2];
            if (first >= 0 && first + (LANES - 1) * s.stride[2] + reach < s.in[2]) {
                sum /= (numv)((num)(area * s.window_of[2]));
            } else {
                num counts[LANES];
                for (int i = 0; i < LANES; ++i) {
                    const long w = first + i * s.stride[2];
                    counts[i] = (num)(area * inside(w, s.window_of[2], s.dilation[2], COUNT_PAD ? w : 0, w_end));
                }
                sum /= vloadl(0, counts);
            }
#elif OP == 3
            sum = sqrt(sum);
#endif
            if (s.out[2] - ow >= LANES)
                PUTV(OUT)(sum, y + ow);
            else
                STORE(OUT)(sum, y + ow, 1, s.out[2] - ow);
        }
    }
}
#endif
#else
/* in[0] is the space of a channel, x_step[2] its step. */
__kernel void lrn(const window_args s, __global const EL(IN) *x, __global EL(OUT) *y, __global long *unused)
{
    const long at = get_global_id(0) * LANES, count = s.in[0] - at, c = get_global_id(1), n = get_global_id(2);
    if (count <= 0 || c >= s.channels || n >= s.n)
        return;
    x += s.offset[0] + n * s.x_step[0] + at * s.x_step[2];
    y += s.offset[1] + n * s.y_step[0] + c * s.y_step[1] + at * s.y_step[2];
    const long first = max(c - (s.window - 1) / 2, 0L), last = min(c + s.window / 2, s.channels - 1);
    numv sum = (numv)(0);
    for (long k = first; k <= last; ++k) {
        const numv v = count >= LANES && s.x_step[2] == 1 ? GETV(IN)(x + k * s.x_step[1])
                                                          : FETCH(IN)(x + k * s.x_step[1], s.x_step[2], count);
        sum = fma(v, v, sum);
    }
    const numv v = FETCH(IN)(x + c * s.x_step[1], s.x_step[2], count);
    const numv base = fma((numv)((num)s.alpha / (num)s.window), sum, (numv)((num)s.bias));
    const numv result = v / pow(base, (numv)((num)s.beta));
    if (count >= LANES && s.y_step[2] == 1)
        PUTV(OUT)(result, y);
    else
        STORE(OUT)(result, y, s.y_step[2], count);
}
#endif
