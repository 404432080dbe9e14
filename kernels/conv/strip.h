/* conv/strip.h: the part of x that a strip of outputs reads, copied into private memory as reals.
 *
 * Padding becomes zeros, so that what reads the copy has no edges to think of. Needs args.h.
 */

/* columns inputs of a row from ix on; zeros outside of 0 .. width - 1. Whole vectors are moved where x still has
 * `left` elements from the row's start on; what is stored too much (less than LANES) is written over by what comes
 * next. */
static inline void copy_row(real *to, __global const STORAGE(TYPE_X) *row, long ix, long columns, long width,
                            long left, long point)
{
    long i = 0;
    for (; i < columns && ix + i < 0; ++i)
        to[i] = 0;
    const long end = min(columns, width - ix);
#if !X_LAST
    for (; i < end && ix + i + LANES <= left; i += LANES)
        STORE_NEAR(, realv, LOADV(TYPE_X)(row + ix + i), to + i);
    i = min(i, max(end, 0L));
#endif
    for (; i < end; ++i)
        to[i] = LOADS(TYPE_X)(row + (ix + i) * point);
    for (; i < columns; ++i)
        to[i] = 0;
}

static inline void zero_row(real *to, long columns)
{
    for (long i = 0; i < columns; ++i)
        to[i] = 0;
}

/* Columns of a row of x, LANES (times the stride, 1 or 2) at a time, without a look at its edges: lanes outside of the
 * image are masked. */
#define MASKS_MAX 32
typedef struct {
    maskv inside[MASKS_MAX]; /* of the vectors that begin at column first, first + LANES, ... */
    long first, width;
} column_masks;

static inline void make_masks(column_masks *m, long first, long width, long vectors)
{
    int lane[LANES];
    m->first = first;
    m->width = width;
    for (long v = 0; v < min(vectors, (long)MASKS_MAX); ++v) {
        for (int i = 0; i < LANES; ++i) {
            const long column = first + v * LANES + i;
            lane[i] = column >= 0 && column < width ? -1 : 0;
        }
        m->inside[v] = vloadv(0, lane);
    }
}

/* Vector v of a row that has `before` elements of x before it and `left` from its start on. */
static inline realv load_masked(__global const STORAGE(TYPE_X) *row, const column_masks *m, long v, long before,
                                long left)
{
    const long column = m->first + v * LANES;
    if (v < MASKS_MAX && column >= -before && column + LANES <= left)
        return CAT2(as_float, LANES)(CAT2(as_int, LANES)(LOADV(TYPE_X)(row + column)) & m->inside[v]);
    real part[LANES];
    for (int i = 0; i < LANES; ++i)
        part[i] = column + i >= 0 && column + i < m->width ? LOADS(TYPE_X)(row + column + i) : (real)0;
    return vloadv(0, part);
}
