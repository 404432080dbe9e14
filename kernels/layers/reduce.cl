/* reduce.cl: y = finish(combine over the reduced elements of prepare(x)); sums, means, extrema, products, norms.
 *
 * Loops over x are of two kinds: those that y has (kept) and those that go (reduced), each merged on its own. The reduced
 * ones are cut into segments of at most `piece` turns of their innermost loop; a segment is summed first, then added, so
 * that long sums lose little.
 * reduce_rows     the innermost reduced loop runs along memory: a group of GROUP work-items makes one output, with
 *                 vectors of LANES elements, `each` outputs in turn. Global
 *                 (ceil(outputs / each) * GROUP, splits).
 * reduce_columns  the innermost kept loop runs along memory: a work-item makes LANES outputs. Global (ceil(cols / LANES),
 *                 other outputs, splits).
 * reduce_finish   puts the splits of an output together, in order. Global (outputs).
 * With splits > 1 outputs are parts, num [output][split], in `parts`; else they are finished and stored at once.
 * Precision  f32 (f64, i64) by vectors and segments. Results repeat: the order is fixed by the shape.
 * Limit      memory: x once.
 *
 * Parameters: CLASS; IN, OUT storage; OP one of the RED_ numbers; GROUP (rows); STRIDED 1: the inner loop's step is any.
 */
#include "device_math.h"
#include "layers/elements.h"
#if !IS_REAL
#define realv numv
#endif
#include "layers/steps.h"
#include "layers/lanes.h"
#define RED_SUM 0
#define RED_MEAN 1
#define RED_MAX 2
#define RED_MIN 3
#define RED_PROD 4
#define RED_L1 5
#define RED_L2 6
#define RED_LOG_SUM 7
#define RED_LOG_SUM_EXP 8
#define RED_SUM_SQUARE 9
#ifndef OP
#define OP RED_SUM
#endif
#ifndef IN
#define IN f32
#define OUT f32
#endif
#ifndef STRIDED
#define STRIDED 0
#endif

typedef struct {
    long offset[9];
    long kept_loops, kept_dim[7], kept_x[7], kept_y[7]; /* the innermost first; of columns: without the innermost */
    long loops, dim[7], step[7];                        /* reduced, the innermost first; of rows: without the innermost */
    long n, n_step;                                     /* rows: the innermost reduced loop */
    long cols, col_x, col_y;                            /* columns: the innermost kept loop */
    long piece, pieces;  /* turns of a segment, segments of the innermost reduced loop (rows), of all (columns) */
    long segments, share; /* of an output, of a split */
    long splits, outputs, count; /* count: elements of an output */
    long each;           /* rows: outputs of a work-item */
    long least, most;    /* integers: what extrema of nothing are */
} reduce_args;

#if OP == RED_MAX
#define COMBINE(a, b) op_max(a, b)
#define ONE(a, b) MAXIMUM(a, b)
#define LANES_TOGETHER lanes_max
#define NEUTRAL (IS_REAL ? (num)(-INFINITY) : (num)s.least)
#elif OP == RED_MIN
#define COMBINE(a, b) op_min(a, b)
#define ONE(a, b) MINIMUM(a, b)
#define LANES_TOGETHER lanes_min
#define NEUTRAL (IS_REAL ? (num)INFINITY : (num)s.most)
#elif OP == RED_PROD
#define COMBINE(a, b) ((a) * (b))
#define ONE(a, b) MUL(a, b)
#define LANES_TOGETHER lanes_product
#define NEUTRAL ((num)1)
#else
#define COMBINE(a, b) ((a) + (b))
#define ONE(a, b) ADD(a, b)
#define LANES_TOGETHER lanes_sum
#define NEUTRAL ((num)0)
#endif
#if !IS_REAL && (OP == RED_MAX || OP == RED_MIN)
#undef NEUTRAL
#define NEUTRAL (OP == RED_MAX ? s.least : s.most)
#endif

/* shift: the largest element, of the sum of exponentials; -inf - -inf would be NaN, so it is 0 for infinities. */
static inline numv prepare(numv x, num shift)
{
#if OP == RED_L1
    return op_abs(x);
#elif OP == RED_L2 || OP == RED_SUM_SQUARE
    return x * x;
#elif OP == RED_LOG_SUM_EXP
    return expv(x - (numv)(shift));
#else
    return x;
#endif
}

static inline num finish(num x, num shift, long count)
{
#if OP == RED_MEAN
    return IS_REAL || count ? x / (num)count : (num)0;
#elif OP == RED_L2
    return sqrt(x);
#elif OP == RED_LOG_SUM
    return log(x);
#elif OP == RED_LOG_SUM_EXP
    return shift + log(x);
#else
    return x;
#endif
}

#if STRIDED
#define ROW(p, i, count) FETCH(IN)((p) + (i) * s.n_step, s.n_step, count)
#else
#define ROW(p, i, count) ((count) >= LANES ? GETV(IN)((p) + (i)) : FETCH(IN)((p) + (i), 1, count))
#endif

__attribute__((reqd_work_group_size(GROUP, 1, 1)))
__kernel void reduce_rows(const reduce_args s, __global const EL(IN) *x_all, __global EL(OUT) *y, __global num *parts)
{
    const long split = get_global_id(1), first = split * s.share, end = min(first + s.share, s.segments);
#if GROUP > 1
    LOCAL_ARRAY num scratch[GROUP];
#endif
    const long output_0 = get_group_id(0) * s.each, output_1 = min(output_0 + s.each, s.outputs);
    for (long output = output_0; output < output_1; ++output) {
        __global const EL(IN) *x = x_all + s.offset[0] + place(output, s.kept_loops, s.kept_dim, s.kept_x);
        num shift = 0;
#if OP == RED_LOG_SUM_EXP
        numv most = (numv)(-INFINITY);
        for (long segment = first; segment < end; ++segment) {
            __global const EL(IN) *p = x + place(segment / s.pieces, s.loops, s.dim, s.step);
            const long to = min((segment % s.pieces + 1) * s.piece, s.n);
            for (long i = segment % s.pieces * s.piece + LANE * LANES; i < to; i += GROUP * LANES)
                most = op_max(first_lanes(ROW(p, i, to - i), to - i, (num)(-INFINITY)), most);
        }
        GROUP_TOGETHER(shift, lanes_max(most), scratch, MAXIMUM);
        shift = isinf(shift) ? (num)0 : shift;
#endif
        numv total = (numv)(NEUTRAL);
        for (long segment = first; segment < end; ++segment) {
            __global const EL(IN) *p = x + place(segment / s.pieces, s.loops, s.dim, s.step);
            const long to = min((segment % s.pieces + 1) * s.piece, s.n);
            long i = segment % s.pieces * s.piece + LANE * LANES;
            numv sum = (numv)(NEUTRAL), other = (numv)(NEUTRAL);
            for (; i + (GROUP + 1) * LANES <= to; i += 2 * GROUP * LANES) {
                sum = COMBINE(prepare(ROW(p, i, LANES), shift), sum);
                other = COMBINE(prepare(ROW(p, i + GROUP * LANES, LANES), shift), other);
            }
#if GROUP == 1 && !STRIDED
            for (; i + LANES <= to; i += LANES)
                sum = COMBINE(prepare(ROW(p, i, LANES), shift), sum);
            if (i < to && to >= LANES) /* the last whole vector once more, without what was taken already */
                sum = COMBINE(last_lanes(prepare(GETV(IN)(p + to - LANES), shift), to - i, NEUTRAL), sum);
            else if (i < to)
#else
            for (; i < to; i += GROUP * LANES)
#endif
                sum = COMBINE(first_lanes(prepare(ROW(p, i, to - i), shift), to - i, NEUTRAL), sum);
            total = COMBINE(COMBINE(sum, other), total);
        }
        num result;
        GROUP_TOGETHER(result, LANES_TOGETHER(total), scratch, ONE);
        if (LANE == 0 && s.splits > 1)
            parts[output * s.splits + split] = result;
        else if (LANE == 0)
            PUT(OUT)(finish(result, shift, s.count), y + s.offset[1] + place(output, s.kept_loops, s.kept_dim, s.kept_y));
    }
}

#if STRIDED
#define COLUMNS(p, count) FETCH(IN)(p, s.col_x, count)
#else
#define COLUMNS(p, count) ((count) >= LANES ? GETV(IN)(p) : FETCH(IN)(p, 1, count))
#endif

__kernel void reduce_columns(const reduce_args s, __global const EL(IN) *x, __global EL(OUT) *y, __global num *parts)
{
    const long col = get_global_id(0) * LANES, outer = get_global_id(1), split = get_global_id(2);
    const long first = split * s.share, end = min(first + s.share, s.segments);
    const long count = s.cols - col, rows = s.outputs / s.cols;
    if (count <= 0 || outer >= rows)
        return;
    x += s.offset[0] + place(outer, s.kept_loops, s.kept_dim, s.kept_x) + col * s.col_x;
    numv shift = (numv)(0);
#if OP == RED_LOG_SUM_EXP
    shift = (numv)(-INFINITY);
    for (long r = 0; r < s.count; ++r)
        shift = op_max(COLUMNS(x + place(r, s.loops, s.dim, s.step), count), shift);
    shift = select(shift, (numv)(0), isinf(shift));
#define PREPARE(v) expv((v) - shift)
#else
#define PREPARE(v) prepare(v, (num)0)
#endif
    numv total = (numv)(NEUTRAL);
    for (long segment = first; segment < end; ++segment) {
        const long to = min((segment + 1) * s.piece, s.count);
        numv sum = (numv)(NEUTRAL);
        for (long r = segment * s.piece; r < to;) {
            __global const EL(IN) *p = x + place(r, s.loops, s.dim, s.step);
            const long run = min(to - r, s.dim[0] - r % s.dim[0]);
            for (long k = 0; k < run; ++k)
                sum = COMBINE(PREPARE(COLUMNS(p + k * s.step[0], count)), sum);
            r += run;
        }
        total = COMBINE(sum, total);
    }
    num result[LANES], shifts[LANES];
    vstorel(total, 0, result);
    vstorel(shift, 0, shifts);
    y += s.offset[1] + place(outer, s.kept_loops, s.kept_dim, s.kept_y) + col * s.col_y;
    for (int i = 0; i < LANES; ++i) {
        if (i >= count)
            break;
        if (s.splits > 1)
            parts[(outer * s.cols + col + i) * s.splits + split] = result[i];
        else
            PUT(OUT)(finish(result[i], shifts[i], s.count), y + i * s.col_y);
    }
}

__kernel void reduce_finish(const reduce_args s, __global const EL(IN) *x, __global EL(OUT) *y, __global num *parts)
{
    const long output = get_global_id(0);
    if (output >= s.outputs)
        return;
    num result = NEUTRAL;
    for (long i = 0; i < s.splits; ++i) {
        const num part = parts[output * s.splits + i];
        result = ONE(part, result);
    }
    /* Of columns the innermost kept loop is apart from the others. */
    const long cols = s.cols ? s.cols : 1, outer = output / cols;
    y += s.offset[1] + place(outer, s.kept_loops, s.kept_dim, s.kept_y) + output % cols * s.col_y;
    PUT(OUT)(finish(result, (num)0, s.count), y);
}
