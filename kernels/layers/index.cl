/* index.cl: places that a tensor of indices, or the position itself, decides.
 *
 * Loops as in map.cl, over the output (scatter: over the updates); operands are x, the indices, the output, and a value
 * that is no operand: `at`, what the loops' positions add up to by the steps step[3] (a coordinate, or a difference of
 * two).
 * index_map      MODE GATHER    x at the indices' tuple (one each of `tuple` dimensions of x) and the loops' own steps
 *                REVERSE        x at length - 1 - at where at < length, else at; the lengths are the indices
 *                TRILU, EYE     x (1) where at >= limit (mode 1), at <= limit (0), at == limit (2), else 0
 *                ONE_HOT        x[1] where the index is at, else x[0];  RANGE  x + at * (the other operand)
 * index_scatter  y at the tuple = combine(y, update): a work-item has all updates that may meet, in order.
 * Precision      moves bits; RANGE and scatter with a combination in CLASS.
 * Limit          memory.
 */
#include "device_math.h"
#include "layers/elements.h"
#if !IS_REAL
#define realv numv
#endif
#define GATHER 0
#define REVERSE 1
#define MASK 2
#define ONE_HOT 3
#define RANGE 4
#ifndef MODE
#define MODE GATHER
#endif
#ifndef DATA
#define DATA f32 /* storage of x and the output; bits where bits are moved */
#endif
#ifndef INDEX
#define INDEX long
#endif
#ifndef COMBINE_MODE
#define COMBINE_MODE 0
#endif

typedef struct {
    long offset[9]; /* x, indices, output */
    long cols, rows, col_step, row_step, loops;
    long dims[7];
    long step[4][8];
    long tuple, tuple_step, extent[8], stride[8];
    long limit, mode, length, other; /* other: from the first to the second of two values */
    long turns, turn_loops, turn_dims[7], turn_step[3][7]; /* scatter: loops in order, within a work-item */
    ulong one;                       /* EYE: the bits of 1 */
} index_args;

#if MODE == GATHER
static inline long tuple_place(const index_args *s, __global const INDEX *index)
{
    long at = 0;
    for (long k = 0; k < s->tuple; ++k) {
        long i = index[k * s->tuple_step];
        i += i < 0 ? s->extent[k] : 0;
        at += clamp(i, 0L, s->extent[k] - 1) * s->stride[k];
    }
    return at;
}
#endif

static inline void start(const index_args *s, long row, long *at, long *index)
{
    for (int k = 0; k < 3; ++k)
        at[k] = s->offset[k];
    at[3] = 0;
    for (int d = 0; d < s->loops; ++d) {
        index[d] = row % s->dims[d];
        row /= s->dims[d];
        for (int k = 0; k < 4; ++k)
            at[k] += index[d] * s->step[k][d + 1];
    }
}

static inline num value(const index_args *s, __global const EL(DATA) *x, __global const INDEX *index, long at)
{
#if MODE == REVERSE
    const long length = *index;
    return GET(DATA)(x + (at < length && length <= s->length ? length - 1 - at : at) * s->stride[0]);
#elif MODE == MASK
    const bool kept = s->mode == 0 ? at <= s->limit : s->mode == 1 ? at >= s->limit : at == s->limit;
    return kept ? s->mode == 2 ? (num)s->one : GET(DATA)(x) : (num)0;
#elif MODE == ONE_HOT
    long hot = (long)*index;
    hot += hot < 0 ? s->length : 0;
    return GET(DATA)(x + (hot == at && *index == (INDEX)(long)*index ? s->other : 0));
#elif MODE == RANGE
    return GET(DATA)(x) + (num)at * GET(DATA)((__global const EL(DATA) *)index);
#else
    return GET(DATA)(x + tuple_place(s, index));
#endif
}

__kernel void index_map(const index_args s, __global const EL(DATA) *x, __global const INDEX *index,
                        __global EL(DATA) *y)
{
    const long c0 = get_global_id(0) * s.col_step, c1 = min(c0 + s.col_step, s.cols);
    long row = get_global_id(1) * s.row_step;
    const long row1 = min(row + s.row_step, s.rows);
    if (c0 >= s.cols || row >= s.rows)
        return;
    long at[4], turn[7];
    start(&s, row, at, turn);
    for (; row < row1; ++row) {
        long c = c0;
#if MODE == GATHER
        if (s.step[0][0] == 1 && s.step[1][0] == 0 && s.step[2][0] == 1) {
            __global const EL(DATA) *from = x + at[0] + tuple_place(&s, index + at[1]);
            for (; c + LANES <= c1; c += LANES)
                PUTV(DATA)(GETV(DATA)(from + c), y + at[2] + c);
            for (; c < c1; ++c)
                y[at[2] + c] = from[c];
        }
#endif
        for (; c < c1; ++c)
            PUT(DATA)(value(&s, x + at[0] + c * s.step[0][0], index + at[1] + c * s.step[1][0],
                            at[3] + c * s.step[3][0]),
                      y + at[2] + c * s.step[2][0]);
        for (int d = 0; d < s.loops; ++d) {
            const long wrap = ++turn[d] == s.dims[d] ? s.dims[d] : 0;
            for (int k = 0; k < 4; ++k)
                at[k] += s.step[k][d + 1] * (1 - wrap);
            if (!wrap)
                break;
            turn[d] = 0;
        }
    }
}

#if MODE == GATHER
#if COMBINE_MODE == 1
#define COMBINE(old, update) ((old) + (update))
#elif COMBINE_MODE == 2
#define COMBINE(old, update) ((old) * (update))
#elif COMBINE_MODE == 3
#define COMBINE(old, update) ((old) < (update) || (old) != (old) ? (old) : (update))
#elif COMBINE_MODE == 4
#define COMBINE(old, update) ((old) > (update) || (old) != (old) ? (old) : (update))
#else
#define COMBINE(old, update) (update)
#endif

/* Operands: the updates, the indices, the output. */
__kernel void index_scatter(const index_args s, __global const EL(DATA) *updates, __global const INDEX *index,
                            __global EL(DATA) *y)
{
    const long item = get_global_id(0);
    if (item >= s.rows)
        return;
    long at[4], turn[7];
    start(&s, item, at, turn);
    for (long t = 0; t < s.turns; ++t) {
        long rest = t, place[3] = {at[0], at[1], at[2]};
        for (int d = 0; d < s.turn_loops; ++d) {
            const long i = rest % s.turn_dims[d];
            rest /= s.turn_dims[d];
            for (int k = 0; k < 3; ++k)
                place[k] += i * s.turn_step[k][d];
        }
        __global EL(DATA) *to = y + place[2] + tuple_place(&s, index + place[1]);
        PUT(DATA)(COMBINE(GET(DATA)(to), GET(DATA)(updates + place[0])), to);
    }
}
#endif
