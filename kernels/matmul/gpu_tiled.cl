/* gpu_tiled.cl: C = act(alpha * op(A) * op(B) + beta * Cin + bias); GPU class.
 *
 * A work-group makes a TM x TN tile of C, a work-item a WM x WN block of it, spread in pieces of four rows and four
 * columns so that neighbours read neighbouring words of local memory (SPREAD).
 *
 *   registers <- tile 0 of A and B                                 (vector loads, coalesced)
 *   for each TK of K:   local <- registers;  barrier;  registers <- next tile;
 *                       TK times: WM + WN values from local, WM * WN multiply-adds;
 *                       barrier (BUFFERS 1), or go on in the other buffer (BUFFERS 2)
 *
 * The next tile's loads are under way while this one is multiplied. Both tiles lie K-major in local memory
 * ([TK][TM + PAD], [TK][TN + PAD]) whatever the operands' orders are; what was K-inner is transposed on the way.
 * LOCAL 0 leaves local memory and barriers out: each work-item reads its rows and columns four steps at a time,
 * for devices whose local memory is plain memory and whose caches serve the neighbours (Mali, CPUs).
 *
 * SPLIT 1: the group sums only kc steps of K (its part of the splits) and puts the sums into partial
 * [batch][split][M][N]; matmul_gpu_reduce adds them in the order of the splits and finishes. No atomics: results
 * repeat bit by bit.
 *
 * Global     1-D: GROUP * tiles_m * tiles_n * splits * batch work-items (grids in y and z end at 65535 on some
 *            devices). Tiles go down bands of BAND tile rows, so that concurrent groups share A and B in the cache.
 * Group      GROUP = (TM / WM) * (TN / WN) work-items; no sub-group or wavefront size is assumed.
 * Local      BUFFERS * TK * (TM + TN + 2 * PAD) values of `lds` (4 bytes; f64 8; int8 x int8 2).
 * Registers  WM * WN sums + WM + WN + (TM + TN) * TK / GROUP of the next tile.
 * Precision  f32 (f64) by fma in the order of k; int8 x int8 exactly in int.
 * Limit      arithmetic intensity per byte of global memory TM*TN / (2*(TM+TN)) flop (f32), per byte of local
 *            memory WM*WN / (2*(WM+WN)): see README.md for what that means on which device.
 *
 * s.mc, s.nc: tiles down and across; s.kc: steps of K per split. flags: 1 A's rows, 2 B's rows all start at
 * multiples of four elements.
 */
#include "epilogue.h"
#include "matmul/args.h"
#ifndef TM
#define TM 64 /* tile of C: rows */
#endif
#ifndef TN
#define TN 64 /* ...and columns */
#endif
#ifndef TK
#define TK 16 /* steps of K in local memory */
#endif
#ifndef WM
#define WM 4 /* block of a work-item: rows: 1, 2 or a multiple of 4 */
#endif
#ifndef WN
#define WN 4 /* ...and columns: a multiple of 4 */
#endif
#ifndef VECTOR
#define VECTOR 4 /* elements in a global load where alignment permits: 1 or 4 */
#endif
#ifndef BUFFERS
#define BUFFERS 1 /* tiles in local memory: 2 saves a barrier per TK */
#endif
#ifndef LOCAL
#define LOCAL 1 /* 0: registers only */
#endif
#ifndef SPLIT
#define SPLIT 0 /* 1: sums of a part of K, finished by matmul_gpu_reduce */
#endif
#ifndef BAND
#define BAND 8 /* tile rows walked together */
#endif
#ifndef UNROLL
#define UNROLL 4 /* steps of K in a row: more only lets compilers read ahead until registers run out */
#endif
#define NX (TN / WN)
#define NY (TM / WM)
#define GROUP (NX * NY)
#define PAD 4
#if TM % WM || TN % WN || WN % 4 || (WM != 1 && WM != 2 && WM % 4) || TM % 4 || TN % 4 || TK % 4
#error "TM, TN, TK and WN must be multiples of 4, WM 1, 2 or one, TM and TN multiples of WM and WN"
#endif
#if VECTOR != 1 && VECTOR != 4
#error "VECTOR must be 1 or 4"
#endif
#if BUFFERS != 1 && BUFFERS != 2
#error "BUFFERS must be 1 or 2"
#endif
/* Where value i of a work-item's block lies in the tile: pieces of four, interleaved over the work-items. */
#define SPREAD(span, work, lane, i) \
    ((work) % 4 == 0 ? (i) / 4 * ((span) / (work)*4) + (lane)*4 + (i) % 4 : (lane) * (work) + (i))
#include "matmul/gpu_take.h"
#if VECTOR == 4
typedef lds4 piece;
#else
typedef lds piece;
#endif

#define OPERAND_NAME(x) CAT2(a_, x)
#define OPERAND_TYPE TYPE_A
#define OPERAND_ZERO_TYPE TYPE_ZERO_A
#define OPERAND_ZERO ZERO_A
#define OPERAND_K_INNER (!TRANS_A)
#define OPERAND_SPAN TM
#define OPERAND_WORK WM
#include "matmul/gpu_operand.h"
#define OPERAND_NAME(x) CAT2(b_, x)
#define OPERAND_TYPE TYPE_B
#define OPERAND_ZERO_TYPE TYPE_ZERO_B
#define OPERAND_ZERO ZERO_B
#define OPERAND_K_INNER TRANS_B
#define OPERAND_SPAN TN
#define OPERAND_WORK WN
#include "matmul/gpu_operand.h"

/* LANES finished sums to C; integers exactly, the rest through the epilogue. */
static inline void finish(const epilogue *e, const sum *x, long m, long n, long count)
{
#if INT_SUM && CODE(TYPE_C) == CODE_i32
    __global int *c = e->c + m * e->ldc + n;
#if BETA
    __global const int *old = e->cin + m * e->ldcin + (CIN_SPLAT ? 0 : n);
#endif
    for (int l = 0; l < LANES && l < count; ++l)
#if BETA
        c[l] = x[l] + old[CIN_SPLAT ? 0 : l];
#else
        c[l] = x[l];
#endif
#else
    realv y;
    y.x = (real)x[0];
    y.y = (real)x[1];
#if LANES == 4
    y.z = (real)x[2];
    y.w = (real)x[3];
#endif
    epilogue_store(e, y, m, n, count);
#endif
}

static inline void multiply(sum block[WM][WN], const lds *a, const lds *b)
{
#pragma unroll
    for (int i = 0; i < WM; ++i) {
#pragma unroll
        for (int j = 0; j < WN; ++j)
            block[i][j] = MULTIPLY_ADD(a[i], b[j], block[i][j]);
    }
}

/* What of the common arguments belongs to matrix z. */
static inline void begin(epilogue *e, const matmul_args *s, long z, __global STORAGE(TYPE_C) *c,
                         __global const STORAGE(TYPE_CIN) *cin, __global const STORAGE(TYPE_BIAS) *bias,
                         __global const float *scale_a, __global const float *scale_b)
{
    e->c = c + BATCH_OFFSET(*s, z, c);
    e->cin = cin + BATCH_OFFSET(*s, z, cin);
    e->bias = bias + s->bias_offset;
    e->scale_a = scale_a + s->scale_a_offset;
    e->scale_b = scale_b + s->scale_b_offset;
    e->ldc = s->ldc;
    e->ldcin = s->ldcin;
}

__attribute__((reqd_work_group_size(GROUP, 1, 1)))
__kernel void matmul_gpu_tiled(const matmul_args s, const real alpha, const real beta, const real slope,
                               __global const STORAGE(TYPE_A) *a, __global const STORAGE(TYPE_B) *b,
                               __global const STORAGE(TYPE_CIN) *cin, __global const STORAGE(TYPE_BIAS) *bias,
                               __global STORAGE(TYPE_C) *c, __global const STORAGE(TYPE_ZERO_A) *zero_a,
                               __global const STORAGE(TYPE_ZERO_B) *zero_b, __global const float *scale_a,
                               __global const float *scale_b, __global sum *partial, const long splits,
                               const int flags)
{
    const int item = (int)get_local_id(0);
    const int tx = item % NX;
    const int ty = item / NX;

    /* Which tile, split and matrix: the host keeps the number of groups below 2^31. */
    const uint tiles_m = (uint)s.mc;
    const uint tiles_n = (uint)s.nc;
    uint at = (uint)get_group_id(0);
    const uint rest = at / (tiles_m * tiles_n);
    at %= tiles_m * tiles_n;
    const uint first = at / (BAND * tiles_n) * BAND;
    const uint deep = min((uint)BAND, tiles_m - first);
    at %= BAND * tiles_n;
    const long m0 = (long)(first + at % deep) * TM;
    const long n0 = (long)(at / deep) * TN;
    const long z = rest / (uint)splits;
    const long split = rest % (uint)splits;
    const long k_end = min(s.k, (split + 1) * s.kc);
    long k = split * s.kc;

    const int m_left = (int)min(s.m - m0, (long)TM);
    const int n_left = (int)min(s.n - n0, (long)TN);
    const int a_whole = (flags & 1) && m_left == TM;
    const int b_whole = (flags & 2) && n_left == TN;
    __global const STORAGE(TYPE_A) *from_a = a + BATCH_OFFSET(s, z, a) + (TRANS_A ? m0 + k * s.lda : m0 * s.lda + k);
    __global const STORAGE(TYPE_B) *from_b = b + BATCH_OFFSET(s, z, b) + (TRANS_B ? n0 * s.ldb + k : n0 + k * s.ldb);
    zero_a += s.zero_a_offset + (ZERO_A == 2 ? m0 : 0);
    zero_b += s.zero_b_offset + (ZERO_B == 2 ? n0 : 0);

    sum block[WM][WN];
#pragma unroll
    for (int i = 0; i < WM; ++i) {
#pragma unroll
        for (int j = 0; j < WN; ++j)
            block[i][j] = 0;
    }

#if LOCAL
    LOCAL_ARRAY lds tile_a[BUFFERS][TK * (TM + PAD)] __attribute__((aligned(32)));
    LOCAL_ARRAY lds tile_b[BUFFERS][TK * (TN + PAD)] __attribute__((aligned(32)));
    piece stage_a[(TM * TK / VECTOR + GROUP - 1) / GROUP];
    piece stage_b[(TN * TK / VECTOR + GROUP - 1) / GROUP];
    int buffer = 0;
    int k_left = (int)min(k_end - k, (long)TK);
    if (k < k_end) {
        a_fetch(stage_a, from_a, s.lda, zero_a, m_left, k_left, a_whole && k_left == TK, item);
        b_fetch(stage_b, from_b, s.ldb, zero_b, n_left, k_left, b_whole && k_left == TK, item);
    }
#pragma unroll 1
    while (k < k_end) {
        a_commit(tile_a[buffer], stage_a, item);
        b_commit(tile_b[buffer], stage_b, item);
        barrier(CLK_LOCAL_MEM_FENCE);
        k += TK;
        from_a += TRANS_A ? TK * s.lda : TK;
        from_b += TRANS_B ? TK : TK * s.ldb;
        if (k < k_end) {
            k_left = (int)min(k_end - k, (long)TK);
            a_fetch(stage_a, from_a, s.lda, zero_a, m_left, k_left, a_whole && k_left == TK, item);
            b_fetch(stage_b, from_b, s.ldb, zero_b, n_left, k_left, b_whole && k_left == TK, item);
        }
#pragma unroll UNROLL
        for (int step = 0; step < TK; ++step) {
            lds x[WM];
            lds y[WN];
            a_read(x, tile_a[buffer] + step * (TM + PAD), ty);
            b_read(y, tile_b[buffer] + step * (TN + PAD), tx);
            multiply(block, x, y);
        }
#if BUFFERS == 2
        buffer ^= 1; /* the next barrier keeps a tile from being overwritten before all have read it */
#else
        barrier(CLK_LOCAL_MEM_FENCE);
#endif
    }
#else
#pragma unroll 1
    for (; k < k_end; k += 4) {
        const int k_left = (int)min(k_end - k, 4L);
        lds x[4 * WM];
        lds y[4 * WN];
        a_gather(x, from_a, s.lda, zero_a, m_left, k_left, a_whole && k_left == 4, ty);
        b_gather(y, from_b, s.ldb, zero_b, n_left, k_left, b_whole && k_left == 4, tx);
#pragma unroll
        for (int step = 0; step < 4; ++step)
            multiply(block, x + step * WM, y + step * WN);
        from_a += TRANS_A ? 4 * s.lda : 4;
        from_b += TRANS_B ? 4 : 4 * s.ldb;
    }
#endif

#if SPLIT
    partial += (z * splits + split) * s.m * s.n;
#else
    epilogue e;
    begin(&e, &s, z, c, cin, bias, scale_a, scale_b);
    e.alpha = alpha;
    e.beta = beta;
    e.slope = slope;
#endif
#pragma unroll
    for (int i = 0; i < WM; ++i) {
        const int row = SPREAD(TM, WM, ty, i);
        if (row >= m_left)
            continue;
#pragma unroll
        for (int j = 0; j < WN; j += LANES) {
            const int column = SPREAD(TN, WN, tx, j);
#if SPLIT
#pragma unroll
            for (int l = 0; l < LANES; ++l)
                if (column + l < n_left)
                    partial[(m0 + row) * s.n + n0 + column + l] = block[i][j + l];
#else
            if (column < n_left)
                finish(&e, &block[i][j], m0 + row, n0 + column, n_left - column);
#endif
        }
    }
}

#if SPLIT
/* Adds the splits in order and finishes: a work-item for LANES columns of a row.
 * Global: 1-D, at least batch * M * ceil(N / LANES), in groups of any size. int8 sums for a real C are added in
 * 64 bits, so that no length of K overflows them. */
__kernel void matmul_gpu_reduce(const matmul_args s, const real alpha, const real beta, const real slope,
                                __global const STORAGE(TYPE_CIN) *cin, __global const STORAGE(TYPE_BIAS) *bias,
                                __global STORAGE(TYPE_C) *c, __global const float *scale_a,
                                __global const float *scale_b, __global const sum *partial, const long splits,
                                const long batch)
{
    const long across = (s.n + LANES - 1) / LANES;
    const long at = (long)get_global_id(0);
    const long row = at / across;
    const long z = row / s.m;
    const long m = row % s.m;
    const long n = at % across * LANES;
    if (z >= batch)
        return;
    epilogue e;
    begin(&e, &s, z, c, cin, bias, scale_a, scale_b);
    e.alpha = alpha;
    e.beta = beta;
    e.slope = slope;
    const long count = min(s.n - n, (long)LANES);
    partial += z * splits * s.m * s.n + m * s.n + n;
#if INT_SUM && CODE(TYPE_C) != CODE_i32
    real x[LANES];
    for (int l = 0; l < LANES; ++l) {
        long total = 0;
        for (long p = 0; p < splits && l < count; ++p)
            total += partial[p * s.m * s.n + l];
        x[l] = (real)total;
    }
    epilogue_store(&e, vloadv(0, x), m, n, count);
#else
    sum x[LANES];
    for (int l = 0; l < LANES; ++l) {
        x[l] = 0;
        for (long p = 0; p < splits && l < count; ++p)
            x[l] += partial[p * s.m * s.n + l];
    }
    finish(&e, x, m, n, count);
#endif
}
#endif
