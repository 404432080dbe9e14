/* micro.h: the register-blocked product all CPU-class kernels share.
 *
 *   out[MR][MICRO_NV * LANES] (+)= sum over p < steps of  a(i, p) * b(p, j)
 *
 * Include it once for each instance wanted; the MICRO_* parameters are consumed.
 *   MICRO_NAME      name of the function to define
 *   MICRO_MR        rows of the block;  MICRO_NV  its vectors across: 1 or 2
 *   MICRO_A_ROW     distance in reals from a(i, p) to a(i + 1, p), a constant
 *   MICRO_A_STEP    distance in reals from a(i, p) to a(i, p + 1), a constant
 *   MICRO_B_SPACE   address space of b; MICRO_B_TYPE its element type
 *   MICRO_B_LOAD(b, v)  realv number v at b; may use the function's argument `zero` (realv[2])
 *   MICRO_B_STEP    distance in elements from b(p, j) to b(p + 1, j), an expression
 *   MICRO_KEEP      1: the function has two arguments more, `b_step`, for MICRO_B_STEP, and `keep`: each step
 *                   also leaves its vectors of b there, [steps][2], for products that follow. Beside MR * NV fma
 *                   the stores cost nothing, where a copy made beforehand would.
 *   MICRO_AHEAD     1: the function has one argument more, a micro_ahead: each step brings one cache line nearer,
 *                   of what the caller copies next. Copies alternate with products; without it memory idles during
 *                   these, and they wait for memory
 *   MICRO_B_AHEAD   how many steps before it is read b is brought nearer (default: not at all). The hardware
 *                   foresees a stream within its page of memory only; 32 steps of 24 fma cover the way to memory
 *
 * One step is MR * NV fma, NV loads of b and MR broadcasts of a. Registers: MR * NV accumulators + NV + 1,
 * so 12 x 2 (up to 14 x 2) fits 32 registers, 6 x 2 fits 16. A compiler that knows fma() as one
 * instruction keeps whole vectors; `a * b + c` may be split.
 * a lies in private memory, compact and apart from cache-set conflicts, whatever A's layout was.
 */
#if defined(MICRO_AHEAD) && !defined(MICRO_AHEAD_TYPE)
#define MICRO_AHEAD_TYPE
typedef struct {
    __global const char *line; /* in the first cache line */
    long lines;                /* that follow each other, before */
    long jump;                 /* bytes to the next piece */
} micro_ahead;
#endif
static inline void MICRO_NAME(const real *a, MICRO_B_SPACE const MICRO_B_TYPE *b, long steps,
                              const realv *zero, realv *out, int accumulate
#ifdef MICRO_KEEP
                              , long b_step, realv *keep
#endif
#ifdef MICRO_AHEAD
                              , micro_ahead ahead
#endif
)
{
#ifdef MICRO_AHEAD
    long ahead_left = ahead.lines;
#endif

    realv acc[MICRO_MR][MICRO_NV];
#pragma unroll
    for (int i = 0; i < MICRO_MR; ++i) {
#pragma unroll
        for (int v = 0; v < MICRO_NV; ++v)
            acc[i][v] = (realv)(0);
    }
#pragma unroll 1
    for (long p = 0; p < steps; ++p) {
        realv bv[MICRO_NV];
#pragma unroll
        for (int v = 0; v < MICRO_NV; ++v)
            bv[v] = MICRO_B_LOAD(b, v);
#ifdef MICRO_KEEP
#pragma unroll
        for (int v = 0; v < MICRO_NV; ++v)
            keep[v] = bv[v];
        keep += 2;
#pragma unroll
        for (int v = 0; v < MICRO_NV; ++v)
            PREFETCH(b + 32 * b_step + v * LANES); /* rows that are pages apart are not foreseen by the hardware */
#endif
#pragma unroll
        for (int i = 0; i < MICRO_MR; ++i) {
            realv av = (realv)(a[i * MICRO_A_ROW]);
#pragma unroll
            for (int v = 0; v < MICRO_NV; ++v)
                acc[i][v] = fma(av, bv[v], acc[i][v]);
        }
#ifdef MICRO_AHEAD
        PREFETCH(ahead.line);
        --ahead_left;
        ahead.line += ahead_left == 0 ? ahead.jump : 64;
        ahead_left = ahead_left == 0 ? ahead.lines : ahead_left;
#endif
#ifdef MICRO_B_AHEAD
#pragma unroll
        for (int v = 0; v < MICRO_NV; ++v)
            PREFETCH(b + MICRO_B_AHEAD * (MICRO_B_STEP) + v * LANES);
#endif
        a += MICRO_A_STEP;
        b += MICRO_B_STEP;
    }
    if (accumulate) {
#pragma unroll
        for (int i = 0; i < MICRO_MR; ++i) {
#pragma unroll
            for (int v = 0; v < MICRO_NV; ++v)
                out[i * 2 + v] += acc[i][v];
        }
    } else {
#pragma unroll
        for (int i = 0; i < MICRO_MR; ++i) {
#pragma unroll
            for (int v = 0; v < MICRO_NV; ++v)
                out[i * 2 + v] = acc[i][v];
        }
    }
}
#undef MICRO_NAME
#undef MICRO_MR
#undef MICRO_NV
#undef MICRO_A_ROW
#undef MICRO_A_STEP
#undef MICRO_B_SPACE
#undef MICRO_B_TYPE
#undef MICRO_B_LOAD
#undef MICRO_B_STEP
#undef MICRO_KEEP
#undef MICRO_AHEAD
#undef MICRO_B_AHEAD
