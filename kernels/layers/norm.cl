/* norm.cl: rows against their own statistics: softmax and its kin, layer, RMS, group and instance normalisation.
 *
 * norm_rows      a row lies along memory (or with one step, STRIDED): a group of GROUP work-items has one row, by vectors
 *                of LANES. It is read once from memory; later passes find it in cache. Global (rows * GROUP).
 * softmax_rows   softmax of contiguous rows of up to KEEP elements, CPU class: s.cols rows a work-item, one exponential for
 *                each element. Global (ceil(rows / s.cols)).
 * norm_columns   a row runs across memory (softmax and its kin along an inner axis): a work-item has LANES neighbouring
 *                rows. Global (ceil(cols / LANES), other rows).
 * Precision      f32 (f64); sums by vectors and in pieces of 64 of them; the variance is that of x - mean, a second pass.
 * Limit          memory: x and y once, as long as a row (columns: LANES of them) fits the cache.
 *
 * Parameters: CLASS; IN, OUT, STAT, SCALE, BIAS storage; OP one of NORM_; GROUP; STRIDED; KEEP; PAST; HAS_SCALE, HAS_BIAS 0 none,
 * 1 one for each element of a row, 2 one for each part of a row; HAS_MEAN, HAS_DEVIATION: statistics are stored.
 */
#include "device_math.h"
#include "layers/elements.h"
#include "layers/steps.h"
#include "layers/lanes.h"
#define NORM_SOFTMAX 0
#define NORM_LOG_SOFTMAX 1
#define NORM_HARDMAX 2
#define NORM_LP 3
#define NORM_LAYER 4
#define NORM_RMS 5
#ifndef OP
#define OP NORM_SOFTMAX
#endif
#ifndef IN
#define IN f32
#define OUT f32
#endif
#ifndef STAT
#define STAT f32
#endif
#ifndef SCALE
#define SCALE f32
#endif
#ifndef BIAS
#define BIAS f32
#endif
#ifndef STRIDED
#define STRIDED 0
#endif
#ifndef HAS_SCALE
#define HAS_SCALE 0
#endif
#ifndef HAS_BIAS
#define HAS_BIAS 0
#endif
#ifndef HAS_MEAN
#define HAS_MEAN 0
#endif
#ifndef HAS_DEVIATION
#define HAS_DEVIATION 0
#endif
#ifndef KEEP
#define KEEP 0 /* softmax of contiguous rows: elements that a row has at most, kept in private memory; 0: computed twice */
#endif
#ifndef PAST
#define PAST 0 /* 1: softmax of f32 writes past the cache, which does not hold y anyway */
#endif
#if KEEP && (GROUP > 1 || STRIDED || OP != NORM_SOFTMAX)
#error "KEEP is for softmax of contiguous rows, one work-item each"
#endif
#ifndef ONE_NORM
#define ONE_NORM 0 /* 1: LP with p = 1 */
#endif

typedef struct {
    long offset[9]; /* x, scale, bias, y, mean, 1 / deviation */
    long rows, n, x_step, y_step;
    long loops, dim[7], x[7], y[7], mean[7], deviation[7]; /* from row to row, the innermost first */
    long cols, x_col, y_col;       /* columns: from row to neighbouring row */
    long part, groups, first_of;   /* scale of position i: (row % groups) * first_of + i / part */
    float epsilon;
} norm_args;

#if STRIDED
#define X(i, count) FETCH(IN)(x + (i) * s.x_step, s.x_step, count)
#define Y(v, i, count) STORE(OUT)(v, y + (i) * s.y_step, s.y_step, count)
#else
#define X(i, count) ((count) >= LANES ? GETV(IN)(x + (i)) : FETCH(IN)(x + (i), 1, count))
#define Y(v, i, count)                              \
    do {                                            \
        if ((count) >= LANES)                       \
            PUTV(OUT)(v, y + (i));                  \
        else                                        \
            STORE(OUT)(v, y + (i), 1, count);       \
    } while (0)
#endif
#define EACH(i) for (long i = LANE * LANES; i < s.n; i += GROUP * LANES)
#define PIECE (64 * GROUP * LANES)

/* The sum of VALUE(v) over the row's vectors v, pieces first. */
#define ROW_SUM(result, v, VALUE)                                                         \
    do {                                                                                  \
        numv total_ = (numv)(0);                                                          \
        for (long from_ = 0; from_ < s.n; from_ += PIECE) {                               \
            const long to_ = min(from_ + PIECE, s.n);                                     \
            numv sum_ = (numv)(0);                                                        \
            for (long i_ = from_ + LANE * LANES; i_ < to_; i_ += GROUP * LANES) {         \
                const long count_ = to_ - i_;                                             \
                const numv v = X(i_, count_);                                             \
                sum_ += first_lanes(VALUE, count_, (num)0);                               \
            }                                                                             \
            total_ += sum_;                                                               \
        }                                                                                 \
        GROUP_TOGETHER(result, lanes_sum(total_), scratch, ADD);                          \
    } while (0)

#if OP <= NORM_HARDMAX
#define ROW_MAX(result)                                                                      \
    do {                                                                                     \
        numv most_ = (numv)(-INFINITY);                                                      \
        EACH(i_) most_ = op_max(first_lanes(X(i_, s.n - i_), s.n - i_, (num)(-INFINITY)), most_); \
        GROUP_TOGETHER(result, lanes_max(most_), scratch, MAXIMUM);                          \
    } while (0)
#endif

#define PLACE(step) place(row, s.loops, s.dim, s.step)

#if OP <= NORM_LOG_SOFTMAX
/* e^d * 2^SHIFT of d <= 0. With the shift, what the largest argument makes cannot overflow in sums, and the smallest that
 * still counts (2^-150) is not denormal, so that one scaling by 2^n is enough: half the instructions of expv(). n is found
 * in the low bits of a float of 1.5 * 2^23. */
#if REAL_F64
static inline numv soft_exp(numv d) { return exp(d); }
#else
#if OP == NORM_SOFTMAX
#define SHIFT 64
#define LEAST -104.0f
#else /* only the sum is wanted, beside whose 1 a value below 2^-126 is nothing */
#define SHIFT 0
#define LEAST -87.0f
#endif
static inline numv soft_exp(numv d)
{
    const numv x = select(d, (numv)(LEAST), d < LEAST);
    const numv wide = fma(x, (numv)(1.44269504f), (numv)(12582912.0f));
    const numv n = wide - 12582912.0f;
    numv r = fma(n, (numv)(-0.693145752f), x);
    r = fma(n, (numv)(-1.42860677e-6f), r);
    numv p = fma(r, (numv)(1.39261922e-3f), (numv)(8.36318638e-3f));
    p = fma(p, r, (numv)(4.16665561e-2f));
    p = fma(p, r, (numv)(1.66665763e-1f));
    p = fma(p, r, (numv)(0.5f));
    p = fma(p, r, (numv)(1.0f));
    p = fma(p, r, (numv)(1.0f));
    const maskv scale = (CAT2(as_int, LANES)(wide) << 23) + ((127 + SHIFT) << 23);
    return p * CAT2(as_float, LANES)(scale);
}
#endif
#endif

__attribute__((reqd_work_group_size(GROUP, 1, 1)))
__kernel void norm_rows(const norm_args s, __global const EL(IN) *x, __global const EL(SCALE) *scale,
                        __global const EL(BIAS) *bias, __global EL(OUT) *y, __global EL(STAT) *mean_out,
                        __global EL(STAT) *deviation_out)
{
    const long row = get_group_id(0);
#if GROUP > 1
    LOCAL_ARRAY num scratch[GROUP];
#endif
    x += s.offset[0] + PLACE(x);
    y += s.offset[3] + PLACE(y);
#if OP == NORM_SOFTMAX || OP == NORM_LOG_SOFTMAX
    num most, sum;
    ROW_MAX(most);
    ROW_SUM(sum, v, soft_exp(v - (numv)(most)));
#if OP == NORM_SOFTMAX
    const numv factor = (numv)((num)1 / sum);
    EACH(i) Y(soft_exp(X(i, s.n - i) - (numv)(most)) * factor, i, s.n - i);
#else
    const numv shift = (numv)(log(sum));
    EACH(i) Y(X(i, s.n - i) - (numv)(most) - shift, i, s.n - i);
#endif
#elif OP == NORM_HARDMAX
    num most;
    ROW_MAX(most);
    numv at = (numv)((num)s.n); /* positions are exact in real: rows are shorter than 2^24 (host) */
    const numv lane = convert_numv(vloadl(0, lane_numbers));
    EACH(i) {
        const numv v = X(i, s.n - i);
        const numv here = select((numv)((num)s.n), lane + (numv)((num)i), v == (numv)(most) | isnan(v));
        at = fmin(first_lanes(here, s.n - i, (num)s.n), at);
    }
    num first;
    GROUP_TOGETHER(first, lanes_min(at), scratch, MINIMUM);
    EACH(i) Y(TRUTH(lane + (numv)((num)i) == (numv)(first)), i, s.n - i);
#elif OP == NORM_LP
    num sum;
#if ONE_NORM
    ROW_SUM(sum, v, fabs(v));
#else
    ROW_SUM(sum, v, v * v);
    sum = sqrt(sum);
#endif
    EACH(i) Y(sum == 0 ? (numv)(0) : X(i, s.n - i) / (numv)(sum), i, s.n - i);
#else
    num mean = 0, square;
#if OP == NORM_LAYER
    ROW_SUM(mean, v, v);
    mean /= (num)s.n;
#endif
    ROW_SUM(square, v, (v - (numv)(mean)) * (v - (numv)(mean)));
    const num inverse = (num)1 / sqrt(square / (num)s.n + (num)s.epsilon);
    if (LANE == 0) {
#if HAS_MEAN
        PUT(STAT)(mean, mean_out + s.offset[4] + PLACE(mean));
#endif
#if HAS_DEVIATION
        PUT(STAT)(inverse, deviation_out + s.offset[5] + PLACE(deviation));
#endif
    }
    scale += s.offset[1];
    bias += s.offset[2];
#if HAS_SCALE == 2 || HAS_BIAS == 2
    const long base = row % s.groups * s.first_of;
    for (long k = 0; k * s.part < s.n; ++k) {
        const long end = (k + 1) * s.part;
        const numv by = (numv)(GET(SCALE)(scale + base + k) * inverse), plus = (numv)(GET(BIAS)(bias + base + k));
        for (long i = k * s.part + LANE * LANES; i < end; i += GROUP * LANES)
            Y(fma(X(i, end - i) - (numv)(mean), by, plus), i, end - i);
    }
#else
    EACH(i) {
        const long count = s.n - i;
        numv v = (X(i, count) - (numv)(mean)) * (numv)(inverse);
#if HAS_SCALE
        v *= count >= LANES ? GETV(SCALE)(scale + i) : FETCH(SCALE)(scale + i, 1, count);
#endif
#if HAS_BIAS
        v += count >= LANES ? GETV(BIAS)(bias + i) : FETCH(BIAS)(bias + i, 1, count);
#endif
        Y(v, i, count);
    }
#endif
#endif
}

#if KEEP
#define PUT_NONE 0
#define PUT_NEAR 1
#define PUT_PAST 2 /* past the cache */
#if PAST
#define PUT_EXP(x, p, put)            \
    do {                              \
        if ((put) == PUT_PAST)        \
            PUT_BEYOND(x, p);         \
        else                          \
            PUTV(OUT)(x, p);          \
    } while (0)
#else
#define PUT_EXP(x, p, put) PUTV(OUT)(x, p)
#endif

/* A row's exponentials take the place of those of the row before, which leave for its output, times by; the next row is read
 * for its largest elements, top. Gives the exponentials' sum. */
static inline numv soft_row(long n, __global const EL(IN) *x, numv most, numv *kept, __global const EL(IN) *next, numv *top,
                            __global EL(OUT) *y, numv by, const int put)
{
    numv total = (numv)(0), top_0 = (numv)(-INFINITY), top_1 = top_0;
    long i = 0;
    while (i + 2 * LANES <= n) {
        const long to = min(i + 32 * LANES, n - 2 * LANES + 1);
        numv sum = (numv)(0), sum_1 = sum;
        for (; i < to; i += 2 * LANES) {
            const numv e = soft_exp(GETV(IN)(x + i) - most), e_1 = soft_exp(GETV(IN)(x + i + LANES) - most);
            const numv v = GETV(IN)(next + i), v_1 = GETV(IN)(next + i + LANES);
            if (put != PUT_NONE) {
                PUT_EXP(kept[i / LANES] * by, y + i, put);
                PUT_EXP(kept[i / LANES + 1] * by, y + i + LANES, put);
            }
            kept[i / LANES] = e;
            kept[i / LANES + 1] = e_1;
            sum += e;
            sum_1 += e_1;
            top_0 = select(top_0, v, v > top_0);
            top_1 = select(top_1, v_1, v_1 > top_1);
        }
        total += sum + sum_1;
    }
    for (; i < n; i += LANES) {
        const long count = n - i;
        const numv e = first_lanes(soft_exp(X(i, count) - most), count, (num)0);
        const numv v = count >= LANES ? GETV(IN)(next + i) : FETCH(IN)(next + i, 1, count);
        const numv w = first_lanes(v, count, (num)(-INFINITY));
        if (put != PUT_NONE)
            Y(kept[i / LANES] * by, i, count);
        kept[i / LANES] = e;
        total += e;
        top_0 = select(top_0, w, w > top_0);
    }
    *top = select(top_0, top_1, top_1 > top_0);
    return total;
}

/* Softmax of s.cols rows one after another: while a row's exponentials are computed, the row before is written and the next
 * one is read, so that memory is busy all the time. NaN is not seen by the comparison: it makes the sum NaN. */
__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void softmax_rows(const norm_args s, __global const EL(IN) *x_all, __global const EL(SCALE) *scale,
                           __global const EL(BIAS) *bias, __global EL(OUT) *y_all, __global EL(STAT) *mean_out,
                           __global EL(STAT) *deviation_out)
{
    long row = get_global_id(0) * s.cols;
    const long end = min(row + s.cols, s.rows);
    numv kept[KEEP / LANES];
    __global const EL(IN) *x = x_all + s.offset[0] + PLACE(x);
    __global EL(OUT) *y = y_all;
    numv top = (numv)(-INFINITY), by = (numv)(0);
    for (long i = 0; i < s.n; i += LANES) {
        const numv v = first_lanes(X(i, s.n - i), s.n - i, (num)(-INFINITY));
        top = select(top, v, v > top);
    }
    for (long first = row; row < end; ++row) {
        __global const EL(IN) *next = x_all + s.offset[0] + (row + 1 < end ? place(row + 1, s.loops, s.dim, s.x) : PLACE(x));
        const numv most = (numv)(lanes_max(top));
        numv total;
        if (row == first)
            total = soft_row(s.n, x, most, kept, next, &top, y, by, PUT_NONE);
#if PAST
        else if (BEYOND(y, sizeof(numv)))
            total = soft_row(s.n, x, most, kept, next, &top, y, by, PUT_PAST);
#endif
        else
            total = soft_row(s.n, x, most, kept, next, &top, y, by, PUT_NEAR);
        by = (numv)((num)1 / lanes_sum(total));
        x = next;
        y = y_all + s.offset[3] + PLACE(y);
    }
    long i = 0;
    for (; i + LANES <= s.n; i += LANES)
        PUTV(OUT)(kept[i / LANES] * by, y + i);
    if (i < s.n)
        STORE(OUT)(kept[i / LANES] * by, y + i, 1, s.n - i);
}
#endif

#if OP <= NORM_LP
#if STRIDED
#define XC(i) FETCH(IN)(x + (i) * s.x_step, s.x_col, count)
#define YC(v, i) STORE(OUT)(v, y + (i) * s.y_step, s.y_col, count)
#else
#define XC(i) (count >= LANES ? GETV(IN)(x + (i) * s.x_step) : FETCH(IN)(x + (i) * s.x_step, 1, count))
#define YC(v, i)                                              \
    do {                                                      \
        if (count >= LANES)                                   \
            PUTV(OUT)(v, y + (i) * s.y_step);                 \
        else                                                  \
            STORE(OUT)(v, y + (i) * s.y_step, 1, count);      \
    } while (0)
#endif
__kernel void norm_columns(const norm_args s, __global const EL(IN) *x, __global const EL(SCALE) *scale,
                           __global const EL(BIAS) *bias, __global EL(OUT) *y, __global EL(STAT) *mean_out,
                           __global EL(STAT) *deviation_out)
{
    const long col = get_global_id(0) * LANES, row = get_global_id(1), count = s.cols - col;
    if (count <= 0 || row >= s.rows)
        return;
    x += s.offset[0] + PLACE(x) + col * s.x_col;
    y += s.offset[3] + PLACE(y) + col * s.y_col;
#if OP == NORM_LP
    numv sum = (numv)(0);
    for (long i = 0; i < s.n; ++i) {
        const numv v = XC(i);
        sum += ONE_NORM ? fabs(v) : v * v;
    }
    if (!ONE_NORM)
        sum = sqrt(sum);
    for (long i = 0; i < s.n; ++i)
        YC(select(XC(i) / sum, (numv)(0), sum == (num)0), i);
#else
    numv most = (numv)(-INFINITY);
    for (long i = 0; i < s.n; ++i)
        most = op_max(XC(i), most);
#if OP == NORM_HARDMAX
    numv found = (numv)(0);
    for (long i = 0; i < s.n; ++i) {
        const numv v = XC(i);
        const numv hot = TRUTH(v == most | isnan(v)) * ((numv)(1) - found);
        found = fmax(found, hot);
        YC(hot, i);
    }
#else
    numv sum = (numv)(0);
    for (long from = 0; from < s.n; from += 64) {
        const long to = min(from + 64, s.n);
        numv piece = (numv)(0);
        for (long i = from; i < to; ++i)
            piece += soft_exp(XC(i) - most);
        sum += piece;
    }
#if OP == NORM_SOFTMAX
    const numv factor = (numv)(1) / sum;
    for (long i = 0; i < s.n; ++i)
        YC(soft_exp(XC(i) - most) * factor, i);
#else
    const numv shift = log(sum);
    for (long i = 0; i < s.n; ++i)
        YC(XC(i) - most - shift, i);
#endif
#endif
#endif
}
#endif
