/* resample.cl: padding and resizing: where an output coordinate reads is decided for each dimension alone.
 *
 * A work-item has row_step rows of the output's last dimension (cols), col_step of each. Global
 * (ceil(cols / col_step), ceil(rows / row_step)).
 * pad      MODE 0 constant, 1 reflect, 2 edge, 3 wrap; the stretch that x covers is copied by vectors.
 * resize   MODE 0 nearest, 1 linear, 2 cubic. Coordinates are scale * i + shift, in pairs of floats (48 bits), and those
 *          within 1e-10 of a whole or half number are that number, so that they do not depend on how they are rounded.
 *          The taps of the outer dimensions (up to 16 together) are found once a row, those of columns once a stretch.
 * Precision f32 (f64); MODE 0 and pad move bits.
 * Limit    memory; linear and cubic the scalar arithmetic of their taps.
 *
 * Parameters: CLASS, BITS; DATA storage; MODE; NEAREST 0 round, prefer floor, 1 prefer ceil, 2 floor, 3 ceil; EXCLUDE 1: cubic
 * taps outside do not count; CROP 1: places outside x are `outside`.
 */
#include "device_math.h"
#include "layers/elements.h"
#ifndef DATA
#define DATA f32
#endif
#ifndef MODE
#define MODE 0
#endif
#ifndef NEAREST
#define NEAREST 0
#endif
#ifndef EXCLUDE
#define EXCLUDE 0
#endif
#ifndef CROP
#define CROP 0
#endif

typedef struct {
    long offset[9]; /* x, y */
    long cols, rows, col_step, row_step, loops;     /* loops: dimensions but the last */
    long out[8], in[8], x_step[8], y_step[8];       /* the last dimension first */
    long before[8];                                 /* pad */
    float scale[8], scale_low[8], shift[8], shift_low[8];
    long scaled;                                    /* bit d: dimension d is resized */
    ulong fill;                                     /* pad: the constant's bits */
    float outside, cubic;
} resample_args;

#if CLASS == CLASS_BITS
static inline long source(long i, long n)
{
    if (i >= 0 && i < n)
        return i;
#if MODE == 1
    if (n == 1)
        return 0;
    const long period = 2 * n - 2;
    i = (i % period + period) % period;
    return i < n ? i : period - i;
#elif MODE == 2
    return i < 0 ? 0 : n - 1;
#elif MODE == 3
    return (i % n + n) % n;
#else
    return -1;
#endif
}

__kernel void pad(const resample_args s, __global const EL(DATA) *x_all, __global EL(DATA) *y_all)
{
    const long c0 = get_global_id(0) * s.col_step, c1 = min(c0 + s.col_step, s.cols);
    long row = get_global_id(1) * s.row_step;
    const long row1 = min(row + s.row_step, s.rows);
    for (; row < row1; ++row) {
        __global const EL(DATA) *x = x_all + s.offset[0];
        __global EL(DATA) *y = y_all + s.offset[1];
        long rest = row;
        bool inside = true;
        for (int d = 1; d <= s.loops; ++d) {
            const long i = rest % s.out[d], from = source(i - s.before[d], s.in[d]);
            rest /= s.out[d];
            y += i * s.y_step[d];
            x += from * s.x_step[d];
            inside = inside && from >= 0;
        }
        long c = c0;
        if (inside && s.x_step[0] == 1 && s.y_step[0] == 1) {
            for (; c < min(c1, s.before[0]); ++c) {
                const long from = source(c - s.before[0], s.in[0]);
                y[c] = from < 0 ? (num)s.fill : x[from];
            }
            const long end = min(c1, s.before[0] + s.in[0]);
            for (; c + LANES <= end; c += LANES)
                PUTV(DATA)(GETV(DATA)(x + c - s.before[0]), y + c);
        }
        for (; c < c1; ++c) {
            const long from = source(c - s.before[0], s.in[0]);
            y[c * s.y_step[0]] = inside && from >= 0 ? x[from * s.x_step[0]] : (num)s.fill;
        }
    }
}
#endif

/* The whole part of where output i of dimension d reads; *part in [0, 1). */
static inline long coordinate(const resample_args *s, int d, long i, float *part)
{
    const float at = (float)i, product = at * s->scale[d];
    float low = fma(at, s->scale[d], -product) + at * s->scale_low[d];
    float sum = product + s->shift[d];
    const float shifted = sum - product;
    low += (product - (sum - shifted)) + (s->shift[d] - shifted) + s->shift_low[d];
    const float high = sum + low;
    low -= high - sum;
    const float twice = rint(2.0f * high);
    const float off = (2.0f * high - twice) + 2.0f * low;
    if (fabs(off) < 2e-10f * (1.0f + fabs(high))) {
        const float down = floor(0.5f * twice);
        *part = 0.5f * twice - down;
        return (long)down;
    }
    float down = floor(high);
    float over = (high - down) + low;
    if (over < 0.0f) {
        over += 1.0f;
        down -= 1.0f;
    }
    if (over >= 1.0f) {
        over -= 1.0f;
        down += 1.0f;
    }
    *part = over;
    return (long)down;
}

#if MODE == 0
#define TAPS 1
#elif MODE == 1
#define TAPS 2
#else
#define TAPS 4
#endif
#if IS_REAL
typedef num weight_t;
#else
typedef float weight_t;
#endif

/* Places (times step) and weights of what output i of dimension d reads; *outside: CROP's. */
static inline int taps(const resample_args *s, int d, long i, long *place, weight_t *weight, bool *outside)
{
    if (!(s->scaled >> d & 1)) {
        place[0] = i * s->x_step[d];
        weight[0] = 1;
        return 1;
    }
    float part;
    long first = coordinate(s, d, i, &part);
    const long n = s->in[d];
    *outside = *outside || first < 0 || first > n - 1 || (first == n - 1 && part > 0.0f);
#if MODE == 0
#if NEAREST == 0
    first += part > 0.5f;
#elif NEAREST == 1
    first += part >= 0.5f;
#elif NEAREST == 3
    first += part > 0.0f;
#endif
    weight[0] = 1;
#elif MODE == 1
    weight[0] = (weight_t)1 - (weight_t)part;
    weight[1] = (weight_t)part;
#else
    const weight_t a = (weight_t)s->cubic;
    weight_t total = 0;
    --first;
    for (int k = 0; k < 4; ++k) {
        const weight_t t = fabs((weight_t)part + (weight_t)(1 - k));
        weight[k] = t <= 1 ? ((a + 2) * t - (a + 3)) * t * t + 1 : ((a * t - 5 * a) * t + 8 * a) * t - 4 * a;
        if (EXCLUDE && (first + k < 0 || first + k >= n))
            weight[k] = 0;
        total += weight[k];
    }
    if (EXCLUDE) {
        for (int k = 0; k < 4; ++k)
            weight[k] /= total;
    }
#endif
    for (int k = 0; k < TAPS; ++k)
        place[k] = clamp(first + k, 0L, n - 1) * s->x_step[d];
    return TAPS;
}

#define STRETCH 256 /* columns whose taps are found once for all rows of a work-item */

__kernel void resize(const resample_args s, __global const EL(DATA) *x_all, __global EL(DATA) *y_all)
{
    const long first = get_global_id(0) * s.col_step, end = min(first + s.col_step, s.cols);
    const long row0 = get_global_id(1) * s.row_step, row1 = min(row0 + s.row_step, s.rows);
    long col_place[STRETCH][TAPS];
    weight_t col_weight[STRETCH][TAPS];
    bool col_outside[STRETCH];
    for (long c0 = first; c0 < end; c0 += STRETCH) {
        const long count = min(end - c0, (long)STRETCH);
        int col_taps = 1;
        for (long c = 0; c < count; ++c) {
            col_outside[c] = false;
            col_taps = taps(&s, 0, c0 + c, col_place[c], col_weight[c], &col_outside[c]);
        }
        for (long row = row0; row < row1; ++row) {
            __global EL(DATA) *y = y_all + s.offset[1] + c0 * s.y_step[0];
            long outer[16], place[4];
            weight_t by[16], weight[4];
            int lines = 1;
            bool row_outside = false;
            outer[0] = s.offset[0];
            by[0] = 1;
            long rest = row;
            for (int d = 1; d <= s.loops; ++d) {
                const long i = rest % s.out[d];
                rest /= s.out[d];
                y += i * s.y_step[d];
                const int n = taps(&s, d, i, place, weight, &row_outside);
                for (int k = n - 1; k >= 0; --k) { /* the first one last: it is overwritten */
                    for (int j = 0; j < lines; ++j) {
                        outer[k * lines + j] = outer[j] + place[k];
                        by[k * lines + j] = by[j] * weight[k];
                    }
                }
                lines *= n;
            }
#if MODE == 0
            for (long c = 0; c < count; ++c)
                y[c * s.y_step[0]] =
                    CROP && (row_outside || col_outside[c]) ? (num)s.fill : x_all[outer[0] + col_place[c][0]];
#else
            for (long c = 0; c < count; ++c) {
                num sum = 0;
                for (int j = 0; j < lines; ++j) {
                    num line = 0;
                    for (int k = 0; k < col_taps; ++k)
                        line = fma(col_weight[c][k], GET(DATA)(x_all + outer[j] + col_place[c][k]), line);
                    sum = fma(by[j], line, sum);
                }
                PUT(DATA)(CROP && (row_outside || col_outside[c]) ? (num)s.outside : sum, y + c * s.y_step[0]);
            }
#endif
        }
    }
}
