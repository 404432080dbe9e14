/* scan.cl: along one axis, in order: running sums, the place of the extremum, the k largest. A work-item has a row.
 *
 * cum_sum  one addition after another, compensated (the rounding error of each is carried to the next).
 * arg      the first (LAST 1: the last) largest or smallest; vectors of LANES where the row lies along memory.
 * top_k    a heap of the k best so far, in the outputs themselves, then sorted. About n + n log k steps.
 * Global   (rows).
 * Limit    memory for long rows that are many; a single row is the work of one unit.
 *
 * Parameters: CLASS; IN storage; LEAST 1: the smallest; NAN_LAST 1: NaN comes after all others, else before; LAST; EXCLUSIVE,
 * REVERSE; CONTIGUOUS 1: x's step is 1.
 */
#include "device_math.h"
#include "layers/elements.h"
#if !IS_REAL
#define realv numv
#endif
#include "layers/lanes.h"
#ifndef IN
#define IN f32
#endif
#ifndef LEAST
#define LEAST 0
#endif
#ifndef NAN_LAST
#define NAN_LAST 0
#endif
#ifndef LAST
#define LAST 0
#endif
#ifndef EXCLUSIVE
#define EXCLUSIVE 0
#endif
#ifndef REVERSE
#define REVERSE 0
#endif
#ifndef CONTIGUOUS
#define CONTIGUOUS 0
#endif

typedef struct {
    long offset[9]; /* x, y, indices */
    long rows, n, k, x_step, y_step, index_step;
    long loops, dim[7], x[7], y[7], index[7]; /* from row to row, the innermost first */
} scan_args;

/* Whether value a stands strictly before b. */
static inline bool before(num a, num b)
{
    const bool nan_a = a != a, nan_b = b != b;
    if (nan_a || nan_b)
        return NAN_LAST ? nan_b && !nan_a : nan_a && !nan_b;
    return LEAST ? a < b : a > b;
}

__kernel void cum_sum(const scan_args s, __global const EL(IN) *x, __global EL(IN) *y, __global long *unused)
{
    const long row = get_global_id(0);
    if (row >= s.rows)
        return;
    x += s.offset[0] + place(row, s.loops, s.dim, s.x);
    y += s.offset[1] + place(row, s.loops, s.dim, s.y);
    num sum = 0, lost = 0;
    for (long t = 0; t < s.n; ++t) {
        const long i = REVERSE ? s.n - 1 - t : t;
        const num v = GET(IN)(x + i * s.x_step);
        if (EXCLUSIVE)
            PUT(IN)(sum, y + i * s.y_step);
#if IS_REAL
        const num add = v - lost, next = sum + add;
        lost = isfinite(next) ? (next - sum) - add : (num)0;
        sum = next;
#else
        sum += v;
#endif
        if (!EXCLUSIVE)
            PUT(IN)(sum, y + i * s.y_step);
    }
}

__kernel void arg(const scan_args s, __global const EL(IN) *x, __global long *y, __global long *unused)
{
    const long row = get_global_id(0);
    if (row >= s.rows)
        return;
    x += s.offset[0] + place(row, s.loops, s.dim, s.x);
    long i = 0, best = 0;
    num found = GET(IN)(x);
#if CONTIGUOUS && IS_REAL
    if (s.n >= 2 * LANES && s.n < (1L << 31)) {
        numv most = GETV(IN)(x);
        maskv at = convert_maskv(vloadl(0, lane_numbers)), here = at;
        for (i = LANES; i + LANES <= s.n; i += LANES) {
            here += (maskv)(LANES);
            const numv v = GETV(IN)(x + i);
            const maskv better = LEAST ? (LAST ? v <= most : v < most) : (LAST ? v >= most : v > most);
            const maskv nan = LAST ? isnan(v) : isnan(v) & ~isnan(most);
            const maskv take = (better & ~isnan(most)) | nan;
            most = select(most, v, take);
            at = select(at, here, take);
        }
        num value[LANES];
        long index[LANES];
        vstorel(most, 0, value);
        vstorel(CAT2(convert_long, LANES)(at), 0, index);
        found = value[0];
        best = index[0];
        for (int l = 1; l < LANES; ++l) {
            const bool same = !before(found, value[l]) && !before(value[l], found);
            if (before(value[l], found) || (same && (LAST ? index[l] > best : index[l] < best))) {
                found = value[l];
                best = index[l];
            }
        }
    }
#endif
    for (; i < s.n; ++i) {
        const num v = GET(IN)(x + i * s.x_step);
        if (before(v, found) || (LAST && !before(found, v))) {
            found = v;
            best = i;
        }
    }
    y[s.offset[1] + place(row, s.loops, s.dim, s.y)] = best;
}

/* Whether (a, i) stands before (b, j): of equal values the lower index. */
static inline bool first_of(num a, long i, num b, long j)
{
    return before(a, b) || (!before(b, a) && i < j);
}

#define VALUE(at) GET(IN)(y + (at) * s.y_step)
#define INDEX(at) index[(at) * s.index_step]
#define SET(at, v, i)                    \
    do {                                 \
        PUT(IN)(v, y + (at) * s.y_step); \
        INDEX(at) = i;                   \
    } while (0)

/* The heap's root is the last in order; makes room at `at` for (v, i) on its way down among count. */
#define SIFT_DOWN(v, i, count)                                                                          \
    do {                                                                                                \
        long at_ = 0;                                                                                   \
        for (;;) {                                                                                      \
            long child_ = 2 * at_ + 1;                                                                  \
            if (child_ >= (count))                                                                      \
                break;                                                                                  \
            if (child_ + 1 < (count) && first_of(VALUE(child_), INDEX(child_), VALUE(child_ + 1), INDEX(child_ + 1))) \
                ++child_;                                                                               \
            if (!first_of(v, i, VALUE(child_), INDEX(child_)))                                          \
                break;                                                                                  \
            SET(at_, VALUE(child_), INDEX(child_));                                                     \
            at_ = child_;                                                                               \
        }                                                                                               \
        SET(at_, v, i);                                                                                 \
    } while (0)

__kernel void top_k(const scan_args s, __global const EL(IN) *x, __global EL(IN) *y, __global long *index)
{
    const long row = get_global_id(0);
    if (row >= s.rows || s.k == 0)
        return;
    x += s.offset[0] + place(row, s.loops, s.dim, s.x);
    y += s.offset[1] + place(row, s.loops, s.dim, s.y);
    index += s.offset[2] + place(row, s.loops, s.dim, s.index);
    for (long i = 0; i < s.n; ++i) {
        const num v = GET(IN)(x + i * s.x_step);
        if (i < s.k) {
            long at = i;
            while (at > 0 && first_of(VALUE((at - 1) / 2), INDEX((at - 1) / 2), v, i)) {
                SET(at, VALUE((at - 1) / 2), INDEX((at - 1) / 2));
                at = (at - 1) / 2;
            }
            SET(at, v, i);
        } else if (before(v, VALUE(0))) {
            SIFT_DOWN(v, i, s.k);
        }
    }
    for (long end = s.k - 1; end > 0; --end) {
        const num last = VALUE(0), v = VALUE(end);
        const long last_index = INDEX(0), i = INDEX(end);
        SIFT_DOWN(v, i, end);
        SET(end, last, last_index);
    }
}
