/* conv/direct_tile.h: one tile of cpu_direct.cl, DT_H x DT_W output positions by NV vectors of output channels.
 *
 * Include it once for each size of tile; the DT_ parameters are consumed.
 *   DT_NAME         the function to define; DT_H, DT_W: rows and columns of output positions
 * a: the strip at the tile's first input; w: the packed weights [c][taps][NV * LANES] of the block of channels.
 * Unrolled over the taps, compilers hoist broadcasts and spill, so no loop is unrolled but those over registers.
 * int8: products of at most 2^16 are exact in f32 for 256 terms; after CHUNK channels they go to sums of int, whose bits
 * are what comes out.
 * A step is DT_H * DT_W * NV fma, as many broadcasts over NV, and NV loads.
 */
static inline void DT_NAME(A_SPACE const float *a, __global const float *w, const strip_shape *t, realv *out)
{
    realv acc[DT_H * DT_W][NV];
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
    const long next_row = t->next_row;
#if ONE_TAP
#define TAP_LOOPS
#else
#define TAP_LOOPS                                                                                        \
    _Pragma("unroll 1") for (long z = 0; z < t->taps[0]; ++z, a += t->slice_rest, w += t->w_rest)                        \
        _Pragma("unroll 1") for (long y = 0; y < t->taps[1]; ++y, a += t->line_rest)                     \
            _Pragma("unroll 1") for (long x = 0; x < t->taps[2]; ++x, a += t->tap)
#endif
#pragma unroll 1
    for (long c = c0; c < c1; ++c, a += t->plane_rest) {
        TAP_LOOPS
        {
            realv wv[NV];
#pragma unroll
            for (int v = 0; v < NV; ++v)
                wv[v] = LOAD_NEAR(__global const, realv, w + v * LANES);
#pragma unroll
            for (int y_ = 0; y_ < DT_H; ++y_) {
#pragma unroll
                for (int x_ = 0; x_ < DT_W; ++x_) {
#if EDGE_LEFT || EDGE_RIGHT
                    real a_ = 0;
                    if ((x_ >= EDGE_LEFT && x_ < DT_W - EDGE_RIGHT) ||
                        (ulong)(t->column + x * t->tap + x_ * SW) < (ulong)t->width)
                        a_ = a[y_ * next_row + x_ * SW];
                    realv av = (realv)(a_);
#else
                    realv av = (realv)(a[y_ * next_row + x_ * SW]);
#endif
#pragma unroll
                    for (int v = 0; v < NV; ++v)
                        acc[y_ * DT_W + x_][v] = fma(av, wv[v], acc[y_ * DT_W + x_][v]);
                }
            }
            w += NV * LANES;
        }
    }
#undef TAP_LOOPS
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
