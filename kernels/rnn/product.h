/* product.h: rows of inputs times one panel of packed weights; CPU class.
 *
 *   acc[i][v] += sum over k < count of  a[at[i] + k] * panel[k][v][lane]      i < PRODUCT_MR, v < PRODUCT_NV
 *
 * Include it once for each instance wanted; the PRODUCT_* parameters are consumed.
 *   PRODUCT_NAME    name of the function to define
 *   PRODUCT_MR      rows;  PRODUCT_NV  vectors across
 *   PRODUCT_WIDE    vectors of a step that lie as f32, [count][WIDE][LANES] before the others
 *   PRODUCT_CHAINS  1, or 2: even and odd steps have sums of their own (one row of four vectors does not hide the
 *                   latency of fma)
 * One step is MR * NV fma, NV loads and MR broadcasts; registers MR * NV * CHAINS + NV + 1. With one chain each
 * element is one sequence of fma over k, whatever MR is: results do not hang on how rows are put together.
 * PAIRED (packed.h): a load has two steps of a vector, which a shift and a mask take apart.
 */
#define PRODUCT_PITCH ((PRODUCT_NV - PRODUCT_WIDE) * LANES) /* elements of a step */

static inline void PRODUCT_NAME(__global const float *a, const long *at, __global const STORAGE(TYPE_W) *w,
                                long count, realv *acc)
{
    realv sum[PRODUCT_CHAINS][PRODUCT_MR][PRODUCT_NV];
    __global const float *row[PRODUCT_MR];
    __global const float *wide = (__global const float *)w;
    long k = 0;
    w += PRODUCT_WIDE * 4 / sizeof(STORAGE(TYPE_W)) * LANES * count;
#pragma unroll
    for (int i = 0; i < PRODUCT_MR; ++i) {
        row[i] = a + at[i];
#pragma unroll
        for (int v = 0; v < PRODUCT_NV; ++v) {
            sum[0][i][v] = acc[i * PRODUCT_NV + v];
#if PRODUCT_CHAINS == 2
            sum[1][i][v] = (realv)(0);
#endif
        }
    }
#if PAIRED
#pragma unroll 1
    for (; k + 2 <= count; k += 2) {
        uintv pair[PRODUCT_NV];
#pragma unroll
        for (int v = 0; v < PRODUCT_NV; ++v)
            pair[v] = CAT2(as_uint, LANES)(loadv_f32((__global const float *)w + v * LANES));
#pragma unroll
        for (int c = 0; c < 2; ++c) {
#pragma unroll
            for (int i = 0; i < PRODUCT_MR; ++i) {
                realv x = (realv)(row[i][k + c]);
#pragma unroll
                for (int v = 0; v < PRODUCT_NV; ++v) {
                    realv *to = &sum[c % PRODUCT_CHAINS][i][v];
                    *to = fma(x, CAT2(as_float, LANES)(c ? pair[v] & 0xffff0000u : pair[v] << 16), *to);
                }
            }
        }
        w += 2 * PRODUCT_PITCH;
    }
    if (k < count) {
#pragma unroll
        for (int v = 0; v < PRODUCT_NV; ++v) {
            const uintv pair = CAT2(as_uint, LANES)(loadv_f32((__global const float *)w + v * LANES));
#pragma unroll
            for (int i = 0; i < PRODUCT_MR; ++i)
                sum[0][i][v] = fma((realv)(row[i][k]), CAT2(as_float, LANES)(pair << 16), sum[0][i][v]);
        }
    }
#else
#pragma unroll 1
    for (; k + PRODUCT_CHAINS <= count; k += PRODUCT_CHAINS) {
#pragma unroll
        for (int c = 0; c < PRODUCT_CHAINS; ++c) {
            realv of_w[PRODUCT_NV];
#pragma unroll
            for (int v = 0; v < PRODUCT_NV; ++v)
                of_w[v] = v < PRODUCT_WIDE ? loadv_f32(wide + v * LANES)
                                           : LOADV(TYPE_W)(w + (v - PRODUCT_WIDE) * LANES);
#pragma unroll
            for (int i = 0; i < PRODUCT_MR; ++i) {
                realv x = (realv)(row[i][k + c]);
#pragma unroll
                for (int v = 0; v < PRODUCT_NV; ++v)
                    sum[c][i][v] = fma(x, of_w[v], sum[c][i][v]);
            }
            w += PRODUCT_PITCH;
            wide += PRODUCT_WIDE * LANES;
        }
    }
#if PRODUCT_CHAINS == 2
    if (k < count) {
#pragma unroll
        for (int v = 0; v < PRODUCT_NV; ++v) {
            realv of_w = v < PRODUCT_WIDE ? loadv_f32(wide + v * LANES)
                                          : LOADV(TYPE_W)(w + (v - PRODUCT_WIDE) * LANES);
#pragma unroll
            for (int i = 0; i < PRODUCT_MR; ++i)
                sum[0][i][v] = fma((realv)(row[i][k]), of_w, sum[0][i][v]);
        }
    }
#endif
#endif /* PAIRED */
#pragma unroll
    for (int i = 0; i < PRODUCT_MR; ++i) {
#pragma unroll
        for (int v = 0; v < PRODUCT_NV; ++v)
#if PRODUCT_CHAINS == 2
            acc[i * PRODUCT_NV + v] = sum[0][i][v] + sum[1][i][v];
#else
            acc[i * PRODUCT_NV + v] = sum[0][i][v];
#endif
    }
}
#undef PRODUCT_NAME
#undef PRODUCT_MR
#undef PRODUCT_NV
#undef PRODUCT_WIDE
#undef PRODUCT_CHAINS
#undef PRODUCT_PITCH
