/* matmul/cpu_tail.h: a last panel of few columns as dot products along K; for cpu_block.h.
 *
 *   out[MR][2] lane c of vector 0 (+)= sum over p < steps of  a(i, p) * b(p, c),  c < TAIL
 *
 * The register block spends LANES columns on them; lanes along K spend TAIL. A row of a is A_ROW reals from the next.
 * b comes turned, [TAIL][KC_MAX]. Registers: 4 x TAIL accumulators + TAIL + 1.
 */
#include "matmul/sum_of_lanes.h"

#define TAIL_ROWS 4

/* Columns 0 .. TAIL - 1 of a panel, turned. */
static inline void turn_tail(real *to, B_SPACE const B_ELEMENT *panel, long steps, const real *zero)
{
    for (long p = 0; p < steps; ++p) {
#pragma unroll
        for (int c = 0; c < TAIL; ++c) {
#if B_PACKED
            real x = LOADS(TYPE_B)(panel + p * NR + c);
#if ZERO_B
            x -= zero[c];
#endif
#else
            real x = ((const real *)panel)[p * NR + c];
#endif
            to[c * KC_MAX + p] = x;
        }
    }
}

static inline void micro_tail(const real *a, const real *b, long steps, realv *out, int accumulate)
{
    for (int i0 = 0; i0 < MR; i0 += TAIL_ROWS) {
        realv acc[TAIL_ROWS][TAIL];
        const real *row[TAIL_ROWS];
#pragma unroll
        for (int i = 0; i < TAIL_ROWS; ++i) {
            row[i] = a + min(i0 + i, MR - 1) * A_ROW;
#pragma unroll
            for (int c = 0; c < TAIL; ++c)
                acc[i][c] = (realv)(0);
        }
        long p = 0;
#pragma unroll 1
        for (; p + LANES <= steps; p += LANES) {
            realv bv[TAIL];
#pragma unroll
            for (int c = 0; c < TAIL; ++c)
                bv[c] = vloadv(0, b + c * KC_MAX + p);
#pragma unroll
            for (int i = 0; i < TAIL_ROWS; ++i) {
                const realv av = LOAD_NEAR(const, realv, row[i] + p);
#pragma unroll
                for (int c = 0; c < TAIL; ++c)
                    acc[i][c] = fma(av, bv[c], acc[i][c]);
            }
        }
#pragma unroll
        for (int i = 0; i < TAIL_ROWS; ++i) {
            if (i0 + i >= MR)
                break;
            if (!accumulate)
                out[(i0 + i) * 2] = (realv)(0);
            real *to = (real *)(out + (i0 + i) * 2);
#pragma unroll
            for (int c = 0; c < TAIL; ++c) {
                real sum = sum_of_lanes(acc[i][c]);
                for (long t = p; t < steps; ++t)
                    sum = fma(row[i][t], b[c * KC_MAX + t], sum);
                to[c] += sum;
            }
        }
    }
}
