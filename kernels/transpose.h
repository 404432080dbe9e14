/* transpose.h: LANES vectors turned, for kernels whose lanes are one thing in registers and another in memory.
 *
 * Rounds of interleaving, log2(LANES) of them; needs LANES >= 4.
 */
/* x[i] lane j becomes x[j] lane i. */
static inline void transpose(realv *x)
{
    realv y[LANES];
#if LANES == 16 && defined(__clang__)
    /* In this order all but the last two of the four rounds stay within 128 bits, where shuffles are cheap. */
#pragma unroll
    for (int i = 0; i < 16; i += 2) {
        y[i] = __builtin_shufflevector(x[i], x[i + 1], 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
        y[i + 1] =
            __builtin_shufflevector(x[i], x[i + 1], 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
    }
    /* y[4q], y[4q+1], ...: columns 4l, 4l+1, 4l+2, 4l+3 of rows 4q .. 4q + 3, in 128-bit lane l */
#pragma unroll
    for (int q = 0; q < 16; q += 4) {
#pragma unroll
        for (int i = 0; i < 2; ++i) {
            x[q + 2 * i] = __builtin_shufflevector(y[q + i], y[q + i + 2], 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25,
                                                   12, 13, 28, 29);
            x[q + 2 * i + 1] = __builtin_shufflevector(y[q + i], y[q + i + 2], 2, 3, 18, 19, 6, 7, 22, 23, 10, 11,
                                                       26, 27, 14, 15, 30, 31);
        }
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        realv a = __builtin_shufflevector(x[i], x[i + 4], 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
        realv b =
            __builtin_shufflevector(x[i], x[i + 4], 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
        realv c =
            __builtin_shufflevector(x[i + 8], x[i + 12], 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
        realv d = __builtin_shufflevector(x[i + 8], x[i + 12], 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29,
                                          30, 31);
        y[i] = __builtin_shufflevector(a, c, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
        y[i + 4] = __builtin_shufflevector(a, c, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
        y[i + 8] = __builtin_shufflevector(b, d, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
        y[i + 12] = __builtin_shufflevector(b, d, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
    }
#pragma unroll
    for (int i = 0; i < LANES; ++i)
        x[i] = y[i];
#else
#pragma unroll
    for (int i = 0; i < LANES / 2; ++i)
        INTERLEAVE(y[2 * i], y[2 * i + 1], x[i], x[i + LANES / 2]);
#pragma unroll
    for (int i = 0; i < LANES / 2; ++i)
        INTERLEAVE(x[2 * i], x[2 * i + 1], y[i], y[i + LANES / 2]);
#if LANES >= 8
#pragma unroll
    for (int i = 0; i < LANES / 2; ++i)
        INTERLEAVE(y[2 * i], y[2 * i + 1], x[i], x[i + LANES / 2]);
#if LANES == 16
#pragma unroll
    for (int i = 0; i < LANES / 2; ++i)
        INTERLEAVE(x[2 * i], x[2 * i + 1], y[i], y[i + LANES / 2]);
#else
#pragma unroll
    for (int i = 0; i < LANES; ++i)
        x[i] = y[i];
#endif
#endif
#endif
}
