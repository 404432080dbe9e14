/* pack_b.cl: B into the panels that cpu_packed.cl and gemv.cl read.
 *
 *   P[j][p][c] = op(B)[p, j * NR + c], 0 for columns from N on;  j < ceil(N/NR), p < K, c < NR
 *
 * Elements are moved as bits, so only their size matters.
 * Group      one work-item, PANELS panels x k_block steps. Global (ceil(ceil(N/NR)/PANELS),
 *            ceil(K/k_block), matrices). TRANS_B = 1 transposes LANES x LANES blocks in registers.
 * Limit      memory: reads B once, writes P once.
 */
#ifndef ELEMENT_BYTES
#define ELEMENT_BYTES 4 /* 1, 2, 4 or 8 */
#endif
#ifndef TRANS_B
#define TRANS_B 0 /* 1: B is stored [N,K] */
#endif
#ifndef PANELS
#define PANELS 8 /* panels of a group: rows of B are then read PANELS * NR elements at a time */
#endif
#define NR (2 * LANES)
#if ELEMENT_BYTES == 1
typedef uchar element;
typedef CAT2(uchar, LANES) elementv;
#elif ELEMENT_BYTES == 2
typedef ushort element;
typedef CAT2(ushort, LANES) elementv;
#elif ELEMENT_BYTES == 4
typedef uint element;
typedef CAT2(uint, LANES) elementv;
#elif ELEMENT_BYTES == 8
typedef ulong element;
typedef CAT2(ulong, LANES) elementv;
#else
#error "ELEMENT_BYTES must be 1, 2, 4 or 8"
#endif

#ifdef __clang__
typedef elementv near_elementv __attribute__((aligned(ELEMENT_BYTES))); /* see LOAD_NEAR in prelude.h */
#endif

__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void matmul_pack_b(const long n, const long k, const long ldb, const long k_block,
                            const long b_offset, const long b_stride, const long p_offset,
                            const long p_stride, __global const element *restrict b,
                            __global element *restrict packed)
{
    const long z = get_group_id(2);
    const long k0 = get_group_id(1) * k_block;
    const long k1 = min(k, k0 + k_block);
    b += b_offset + z * b_stride;
    packed += p_offset + z * p_stride;
#if !TRANS_B
    /* All panels whole: rows of B are read PANELS * NR elements at a time. */
    const long n_first = get_group_id(0) * PANELS * NR;
    if (n_first + PANELS * NR <= n) {
        for (long p = k0; p < k1; ++p) {
#pragma unroll
            for (int j = 0; j < PANELS; ++j) {
                __global const element *from = b + p * ldb + n_first + j * NR;
                __global element *to = packed + (n_first + j * NR) * k + p * NR;
                STORE_NEAR(__global, elementv, LOAD_NEAR(__global const, elementv, from), to);
                STORE_NEAR(__global, elementv, LOAD_NEAR(__global const, elementv, from + LANES), to + LANES);
            }
        }
        return;
    }
#endif
    for (long j = get_group_id(0) * PANELS; j < (long)(get_group_id(0) + 1) * PANELS && j * NR < n; ++j) {
        __global element *to = packed + j * NR * k;
        const long n0 = j * NR;
        const long columns = min((long)NR, n - n0);
        long p = k0;
#if TRANS_B
        __global const element *from = b + n0 * ldb;
        if (columns == NR) {
            for (; p + LANES <= k1; p += LANES) {
                for (int v = 0; v < 2; ++v) {
                    elementv x[LANES];
                    elementv y[LANES];
#pragma unroll
                    for (int i = 0; i < LANES; ++i)
                        x[i] = LOAD_NEAR(__global const, elementv, from + (v * LANES + i) * ldb + p);
#pragma unroll
                    for (int i = 0; i < LANES / 2; ++i)
                        INTERLEAVE(y[2 * i], y[2 * i + 1], x[i], x[i + LANES / 2]);
#if LANES >= 4
#pragma unroll
                    for (int i = 0; i < LANES / 2; ++i)
                        INTERLEAVE(x[2 * i], x[2 * i + 1], y[i], y[i + LANES / 2]);
#endif
#if LANES >= 8
#pragma unroll
                    for (int i = 0; i < LANES / 2; ++i)
                        INTERLEAVE(y[2 * i], y[2 * i + 1], x[i], x[i + LANES / 2]);
#endif
#if LANES >= 16
#pragma unroll
                    for (int i = 0; i < LANES / 2; ++i)
                        INTERLEAVE(x[2 * i], x[2 * i + 1], y[i], y[i + LANES / 2]);
#endif
#pragma unroll
                    for (int i = 0; i < LANES; ++i) {
#if LANES == 4 || LANES == 16
                        STORE_NEAR(__global, elementv, x[i], to + (p + i) * NR + v * LANES);
#else
                        STORE_NEAR(__global, elementv, y[i], to + (p + i) * NR + v * LANES);
#endif
                    }
                }
            }
        }
        for (; p < k1; ++p) {
            for (int c = 0; c < NR; ++c)
                to[p * NR + c] = c < columns ? from[c * ldb + p] : (element)0;
        }
#else
        __global const element *from = b + n0;
        if (columns == NR) {
            for (; p < k1; ++p) {
                STORE_NEAR(__global, elementv, LOAD_NEAR(__global const, elementv, from + p * ldb), to + p * NR);
                STORE_NEAR(__global, elementv, LOAD_NEAR(__global const, elementv, from + p * ldb + LANES),
                           to + p * NR + LANES);
            }
        }
        for (; p < k1; ++p) {
            for (int c = 0; c < NR; ++c)
                to[p * NR + c] = c < columns ? from[p * ldb + c] : (element)0;
        }
#endif
    }
}
