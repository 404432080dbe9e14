/* product.h: rows of inputs times one panel of packed weights; CPU class.
 *
 *   acc[i][v] += sum over k < count of  a[at[i] + k] * panel[k][v][lane]      i < PRODUCT_MR, v < PRODUCT_NV
 *
 * Include it once for each instance wanted; the PRODUCT_* parameters are consumed.
 *   PRODUCT_NAME    name of the function to define
 *   PRODUCT_MR      rows;  PRODUCT_NV  vectors across
 * The weights are of TYPE_W. One step is MR * NV fma, NV loads and MR broadcasts; registers MR * NV + NV + 1. Each
 * element is one chain of fma over k, whatever MR is: results do not hang on how rows are put together.
 */
static inline void PRODUCT_NAME(__global const float *a, const long *at, __global const STORAGE(TYPE_W) *w, long count,
                                realv *acc)
{
    realv sum[PRODUCT_MR][PRODUCT_NV];
    __global const float *row[PRODUCT_MR];
#pragma unroll
    for (int i = 0; i < PRODUCT_MR; ++i) {
        row[i] = a + at[i];
#pragma unroll
        for (int v = 0; v < PRODUCT_NV; ++v)
            sum[i][v] = acc[i * PRODUCT_NV + v];
    }
#pragma unroll 1
    for (long k = 0; k < count; ++k) {
        realv of_w[PRODUCT_NV];
#pragma unroll
        for (int v = 0; v < PRODUCT_NV; ++v)
            of_w[v] = LOADV(TYPE_W)(w + v * LANES);
#pragma unroll
        for (int i = 0; i < PRODUCT_MR; ++i) {
            realv x = (realv)(row[i][k]);
#pragma unroll
            for (int v = 0; v < PRODUCT_NV; ++v)
                sum[i][v] = fma(x, of_w[v], sum[i][v]);
        }
        w += PRODUCT_NV * LANES;
    }
#pragma unroll
    for (int i = 0; i < PRODUCT_MR; ++i) {
#pragma unroll
        for (int v = 0; v < PRODUCT_NV; ++v)
            acc[i * PRODUCT_NV + v] = sum[i][v];
    }
}
#undef PRODUCT_NAME
#undef PRODUCT_MR
#undef PRODUCT_NV
