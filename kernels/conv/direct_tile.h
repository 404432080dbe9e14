/* conv/direct_tile.h: one tile of cpu_direct.cl, DT_H x DT_W output positions by NV vectors of output channels.
 *
 * Include it once for each size of tile; the DT_ parameters are consumed.
 *   DT_NAME         the function to define; DT_H, DT_W: rows and columns of output positions
 * a: the strip at the tile's first input; w: the packed weights [c][taps][NV * LANES] of the block of channels.
 * Unrolled over the taps, compilers hoist broadcasts and spill, so no loop is unrolled but those over registers.
 * A step is DT_H * DT_W * NV fma, as many broadcasts over NV, and NV loads.
 */
static inline void DT_NAME(A_SPACE const float *a, __global const float *w, const strip_shape *t, realv *out)
{
    realv acc[DT_H * DT_W][NV];
#pragma unroll
    for (int i = 0; i < DT_H * DT_W; ++i) {
#pragma unroll
        for (int v = 0; v < NV; ++v)
            acc[i][v] = (realv)(0);
    }
    const long next_row = t->next_row;
    const long c_pitch = t->plane;
#pragma unroll 1
    for (long c = 0; c < t->c; ++c) {
#if KD * KH > 1
        A_SPACE const float *line = a;
#pragma unroll 1
        for (int z = 0; z < KD * KH; ++z) {
#else
        A_SPACE const float *line = a;
        {
#endif
            A_SPACE const float *at = line;
#pragma unroll 1
            for (int r = 0; r < KW; ++r) {
                realv wv[NV];
#pragma unroll
                for (int v = 0; v < NV; ++v)
                    wv[v] = LOAD_NEAR(__global const, realv, w + v * LANES);
#pragma unroll
                for (int y = 0; y < DT_H; ++y) {
#pragma unroll
                    for (int x = 0; x < DT_W; ++x) {
                        realv av = (realv)(at[y * next_row + x * SW]);
#pragma unroll
                        for (int v = 0; v < NV; ++v)
                            acc[y * DT_W + x][v] = fma(av, wv[v], acc[y * DT_W + x][v]);
                    }
                }
                at += DW;
                w += NV * LANES;
            }
#if KD * KH > 1
            line += t->line;
#if KD > 1
            if ((z + 1) % KH == 0)
                line += t->slice - KH * t->line;
#endif
#endif
        }
        a += c_pitch;
    }
#pragma unroll
    for (int i = 0; i < DT_H * DT_W; ++i) {
#pragma unroll
        for (int v = 0; v < NV; ++v)
            out[i * NV + v] = acc[i][v];
    }
}
#undef DT_NAME
#undef DT_H
#undef DT_W
