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
