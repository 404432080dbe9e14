/* conv/direct_tile.h: one tile of cpu_direct.cl, DT_H x DT_W output positions by NV vectors of output channels.
 *
 * Include it once for each kind of tile; the DT_ parameters are consumed.
 *   DT_NAME            the function to define; DT_H, DT_W: rows and columns of output positions
 *   DT_LEFT, DT_RIGHT  EXACT: 1 where the tile's first (last) column is the image's
 * a: the strip at the tile's first input; w: the packed weights of the block of channels, [c][taps][NV * LANES] or, EXACT,
 * [column of taps][c][depth and line of taps][NV * LANES].
 * Unrolled over the taps, compilers hoist broadcasts and spill, so no loop is unrolled but those over registers.
 * EXACT: a pass over all channels for each tap along the width, which leaves out the columns that see padding there; and
 * for tiles of two rows, lines of taps of which one row alone sees inputs are made for that row alone.
 * int8: products of at most 2^16 are exact in f32 for 256 terms; after CHUNK channels they go to sums of int, whose bits
 * are what comes out.
 * A step is DT_H * DT_W * NV fma, as many broadcasts over NV, and NV loads.
 */
#ifndef DIRECT_TILE
#define DIRECT_TILE
/* A step of rows ROW0 .. ROW1 - 1 and columns COLUMN0 .. COLUMN1 - 1, constants. */
#define TILE_STEP(A, W, ROW0, ROW1, COLUMN0, COLUMN1, WIDTH)                                                        \
    do {                                                                                                            \
        realv wv[NV];                                                                                               \
        _Pragma("unroll") for (int v = 0; v < NV; ++v) wv[v] = LOAD_NEAR(__global const, realv, (W) + v * LANES);   \
        _Pragma("unroll") for (int y_ = (ROW0); y_ < (ROW1); ++y_)                                                  \
        {                                                                                                           \
            _Pragma("unroll") for (int x_ = (COLUMN0); x_ < (COLUMN1); ++x_)                                        \
            {                                                                                                       \
                const realv av = (realv)((A)[y_ * next_row + x_ * SW]);                                             \
                _Pragma("unroll") for (int v = 0; v < NV; ++v) acc[y_ * (WIDTH) + x_][v] =                          \
                    fma(av, wv[v], acc[y_ * (WIDTH) + x_][v]);                                                      \
            }                                                                                                       \
        }                                                                                                           \
    } while (0)
#if X_FAR
#define ASK_AHEAD(p) PREFETCH_L1(p)
#else
#define ASK_AHEAD(p)
#endif
#if EXACT
/* The first column of the image's left end that tap TAP of a line sees an input from, and how many of the right end's
 * columns it does not. */
#define SEEN_FROM(TAP) (PAD_X - (TAP) * DILATION_X <= 0 ? 0 : (PAD_X - (TAP) * DILATION_X + SW - 1) / SW)
#define NOT_SEEN(TAP) ((TAP) * DILATION_X - ROOM_X <= 0 ? 0 : ((TAP) * DILATION_X - ROOM_X + SW - 1) / SW)
/* Channels c0 .. c1 - 1, tap TAP along the width of lines LINE0 .. LINE1 - 1, for the tile's rows ROW0 .. ROW1 - 1. */
#define TILE_PASS(TAP, LINE0, LINE1, ROW0, ROW1, COLUMN0, COLUMN1, WIDTH)                                           \
    if ((COLUMN0) < (COLUMN1) && (LINE0) < (LINE1)) {                                                               \
        A_SPACE const float *at = a + c0 * t->plane + (LINE0) * t->line + (TAP) * t->tap;                           \
        __global const float *weights = w + (((TAP) * t->c + c0) * t->taps[0] * t->taps[1] + (LINE0)) * NR;         \
        const long lines_ = (LINE1) - (LINE0);                                                                      \
        const long slice_rest = t->slice - lines_ * t->line;                                                        \
        const long w_rest = (t->taps[1] - lines_) * NR;                                                             \
        _Pragma("unroll 1") for (long c = c0; c < c1; ++c, at += t->plane_rest)                                     \
        {                                                                                                           \
            _Pragma("unroll 1") for (long z = 0; z < t->taps[0]; ++z, at += slice_rest, weights += w_rest)          \
            {                                                                                                       \
                _Pragma("unroll 1") for (long y = 0; y < lines_; ++y, at += t->line, weights += NR)                 \
                {                                                                                                   \
                    ASK_AHEAD(at + 4 * t->plane);                                                                   \
                    TILE_STEP(at, weights, ROW0, ROW1, COLUMN0, COLUMN1, WIDTH);                                    \
                }                                                                                                   \
            }                                                                                                       \
        }                                                                                                           \
    }
#endif
#endif

static inline void DT_NAME(A_SPACE const float *a, __global const float *w, const strip_shape *t, tap_lines lines,
                           realv *out)
{
    realv acc[DT_H * DT_W][NV];
    const long next_row = t->next_row;
#if INT_SUM
    intv total[DT_H * DT_W][NV];
#pragma unroll
    for (int i = 0; i < DT_H * DT_W; ++i) {
#pragma unroll
        for (int v = 0; v < NV; ++v)
            total[i][v] = (intv)(0);
    }
    for (long c0 = 0; c0 < t->c; c0 += CHUNK) {
        const long c1 = min(t->c, c0 + CHUNK);
#else
    {
        const long c0 = 0;
        const long c1 = t->c;
#endif
#pragma unroll
    for (int i = 0; i < DT_H * DT_W; ++i) {
#pragma unroll
        for (int v = 0; v < NV; ++v)
            acc[i][v] = (realv)(0);
    }
#if EXACT
#define FIRST(TAP) (DT_LEFT ? SEEN_FROM(TAP) : 0)
#define LAST(TAP) (DT_W - (DT_RIGHT ? NOT_SEEN(TAP) : 0))
#if DT_H == 2
#define PASSES(TAP)                                                                                     \
    TILE_PASS(TAP, lines.from1, min(lines.from0, lines.to1), 1, 2, FIRST(TAP), LAST(TAP), DT_W)         \
    TILE_PASS(TAP, lines.from0, lines.to1, 0, 2, FIRST(TAP), LAST(TAP), DT_W)                           \
    TILE_PASS(TAP, max(lines.from0, lines.to1), lines.to0, 0, 1, FIRST(TAP), LAST(TAP), DT_W)
#else
#define PASSES(TAP) TILE_PASS(TAP, lines.from0, lines.to0, 0, 1, FIRST(TAP), LAST(TAP), DT_W)
#endif
    PASSES(0)
    PASSES(1)
#if TAPS_X > 2
    PASSES(2)
#endif
#if TAPS_X > 3
    PASSES(3)
#endif
#if TAPS_X > 4
    PASSES(4)
#endif
#if TAPS_X > 5
    PASSES(5)
#endif
#if TAPS_X > 6
    PASSES(6)
#endif
#undef PASSES
#undef FIRST
#undef LAST
#elif ONE_TAP
#pragma unroll 1
    for (long c = c0; c < c1; ++c, a += t->plane, w += NR) {
#if TH > 1 /* small planes: few positions share the weights, which come from afar */
        PREFETCH_L1(w + 16 * NR);
        PREFETCH_L1(w + 16 * NR + LANES);
#endif
        TILE_STEP(a, w, 0, DT_H, 0, DT_W, DT_W);
    }
#else
    const long seen = lines.to0 - lines.from1;
    const long slice_rest = t->slice - seen * t->line;
    const long line_rest = t->line - t->taps[2] * t->tap;
    const long w_rest = (t->taps[1] - seen) * t->taps[2] * NR;
    a += lines.from1 * t->line;
    w += lines.from1 * t->taps[2] * NR;
#pragma unroll 1
    for (long c = c0; c < c1; ++c, a += t->plane_rest) {
#pragma unroll 1
        for (long z = 0; z < t->taps[0]; ++z, a += slice_rest, w += w_rest) {
#pragma unroll 1
            for (long y = 0; y < seen; ++y, a += line_rest) {
#if !STRIP_MAX /* the next channel's line, a plane away */
#pragma unroll
                for (int i = 0; i <= (DT_W * SW + LANES - 1) / LANES; ++i)
                    PREFETCH_L1(a + t->plane + i * LANES);
#endif
#pragma unroll 1
                for (long x = 0; x < t->taps[2]; ++x, a += t->tap, w += NR)
                    TILE_STEP(a, w, 0, DT_H, 0, DT_W, DT_W);
            }
        }
    }
    a -= lines.from1 * t->line;
    w -= lines.from1 * t->taps[2] * NR;
#endif
#if INT_SUM
#pragma unroll
    for (int i = 0; i < DT_H * DT_W; ++i) {
#pragma unroll
        for (int v = 0; v < NV; ++v)
            total[i][v] += CAT2(convert_int, LANES)(acc[i][v]);
    }
#endif
    }
#pragma unroll
    for (int i = 0; i < DT_H * DT_W; ++i) {
#pragma unroll
        for (int v = 0; v < NV; ++v)
#if INT_SUM
            out[i * NV + v] = CAT2(as_float, LANES)(total[i][v]);
#else
            out[i * NV + v] = acc[i][v];
#endif
    }
}
#undef DT_NAME
#undef DT_H
#undef DT_W
#undef DT_LEFT
#undef DT_RIGHT
