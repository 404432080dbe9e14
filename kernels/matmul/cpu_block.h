/* matmul/cpu_block.h: one work-group's block of C, for cpu_packed.cl and cpu_direct.cl.
 *
 *   for each kc of K:  copy A's mc x kc into private memory as reals
 *     for each panel of NR columns:  (cpu_direct: copy B's kc x NR into private memory)
 *       for each tile of MR rows:  micro-kernel; in the last pass finish and store the tile
 *       (a last panel of 1 to 4 columns: dot products along K, cpu_tail.h)
 *
 * A's copy keeps the order of A: with TRANS_A = 0 row by row (pitch KC_MAX + LANES, which spreads the rows
 * over the cache sets whatever lda is), with TRANS_A = 1 as [tile][kc][MR]. Both are vector copies, not
 * transposes; the micro-kernel reads single values, so either order serves.
 * Sums of a block of K start at 0 and are then added to the tile's, which keeps errors small at large K.
 * The kernels differ in what they say before they include this: B_PACKED, and the defaults of MR, MT_MAX, NT_MAX, KC_MAX.
 */
#ifndef HALF_PANEL
#define HALF_PANEL 0 /* 1: a last panel of at most LANES columns does half the work (N % NR in 1..LANES) */
#endif
#ifndef B_AHEAD
#define B_AHEAD 32 /* steps that a packed panel is fetched before it is read */
#endif
#ifndef TAIL
#define TAIL 0 /* 1..4: with HALF_PANEL, so many columns of the last panel are dot products (cpu_tail.h) */
#endif
#include "epilogue.h"
#include "matmul/args.h"
#if MR < 1 || MR > 16 || MT_MAX < 1 || NT_MAX < 1 || KC_MAX % LANES != 0
#error "MR must be 1..16, MT_MAX and NT_MAX positive, KC_MAX a multiple of LANES"
#endif
#if TAIL < 0 || TAIL > 4 || (TAIL && (!HALF_PANEL || TRANS_A || INT_SUM || TAIL > LANES))
#error "TAIL must be 0..4, and 0 without HALF_PANEL, with TRANS_A and with int8 x int8"
#endif
#if INT_SUM && KC_MAX > INT_BLOCK
#error "int8 x int8 needs KC_MAX <= 256"
#endif

#if TRANS_A
#define A_ROW 1
#define A_STEP MR
#define A_TILE (KC_MAX * MR + 2 * LANES)
#else
#define A_ROW (KC_MAX + LANES)
#define A_STEP 1
#define A_TILE (MR * (KC_MAX + LANES))
#endif

#if B_PACKED
#define B_SPACE __global
#define B_ELEMENT STORAGE(TYPE_B)
#define B_STEP NR
#if ZERO_B
#define B_LOAD(b, v) (LOADV(TYPE_B)((b) + (v)*LANES) - zero[v])
#else
#define B_LOAD(b, v) LOADV(TYPE_B)((b) + (v)*LANES)
#endif
#else
#define B_SPACE
#define B_ELEMENT realv
#define B_STEP 2
#define B_LOAD(b, v) (b)[v]
#endif

#define MICRO_NAME micro_full
#define MICRO_MR MR
#define MICRO_NV 2
#define MICRO_A_ROW A_ROW
#define MICRO_A_STEP A_STEP
#define MICRO_B_SPACE B_SPACE
#define MICRO_B_TYPE B_ELEMENT
#define MICRO_B_LOAD B_LOAD
#define MICRO_B_STEP B_STEP
#define MICRO_AHEAD 1
#if B_PACKED
#define MICRO_B_AHEAD B_AHEAD
#endif
#include "micro.h"
#define KEEPS_B (!B_PACKED && !TRANS_B)
#if KEEPS_B
#if ZERO_B
#define B_FIRST(b, v) (LOADV(TYPE_B)((b) + (v)*LANES) - zero[v])
#else
#define B_FIRST(b, v) LOADV(TYPE_B)((b) + (v)*LANES)
#endif
#define MICRO_NAME micro_keep
#define MICRO_MR MR
#define MICRO_NV 2
#define MICRO_A_ROW A_ROW
#define MICRO_A_STEP A_STEP
#define MICRO_B_SPACE __global
#define MICRO_B_TYPE STORAGE(TYPE_B)
#define MICRO_B_LOAD B_FIRST
#define MICRO_B_STEP b_step
#define MICRO_KEEP 1
#define MICRO_AHEAD 1
#include "micro.h"
#endif
#if TAIL
#include "matmul/cpu_tail.h"
#elif HALF_PANEL
#define MICRO_NAME micro_half
#define MICRO_MR MR
#define MICRO_NV 1
#define MICRO_A_ROW A_ROW
#define MICRO_A_STEP A_STEP
#define MICRO_B_SPACE B_SPACE
#define MICRO_B_TYPE B_ELEMENT
#define MICRO_B_LOAD B_LOAD
#define MICRO_B_STEP B_STEP
#define MICRO_AHEAD 1
#if B_PACKED
#define MICRO_B_AHEAD B_AHEAD
#endif
#include "micro.h"
#endif

/* Rows m0 .. m0 + rows - 1 (those from m on count as 0), steps k0 .. k0 + steps - 1 of op(A). */
static inline void copy_a(real *to, __global const STORAGE(TYPE_A) *a, long lda, long m, long m0, long rows,
                          long k0, long steps, const real *zero_row)
{
#if TRANS_A
#define A_VECTORS ((MR + LANES - 1) / LANES)
    a += k0 * lda + m0;
    for (long i = 0; i < rows; i += MR, to += A_TILE) {
        if (m0 + i + A_VECTORS * LANES <= m) {
            /* Each store runs past its MR values; the next step's overwrites what was too much. */
            for (long p = 0; p < steps; ++p) {
#pragma unroll
                for (int v = 0; v < A_VECTORS; ++v) {
                    realv x = LOADV(TYPE_A)(a + p * lda + i + v * LANES);
#if ZERO_A
                    x -= vloadv(0, zero_row + i + v * LANES);
#endif
                    STORE_NEAR(, realv, x, to + p * MR + v * LANES);
                }
            }
        } else {
            for (long p = 0; p < steps; ++p) {
                for (int r = 0; r < MR; ++r) {
                    real x = 0;
                    if (m0 + i + r < m) {
                        x = LOADS(TYPE_A)(a + p * lda + i + r);
#if ZERO_A
                        x -= zero_row[i + r];
#endif
                    }
                    to[p * MR + r] = x;
                }
            }
        }
    }
#else
    a += m0 * lda + k0;
    for (long i = 0; i < rows; ++i, a += lda, to += A_ROW) {
        if (m0 + i >= m) {
            for (long p = 0; p < steps; p += LANES)
                STORE_NEAR(, realv, (realv)(0), to + p);
            continue;
        }
        long p = 0;
        for (; p + LANES <= steps; p += LANES) {
            realv x = LOADV(TYPE_A)(a + p);
#if ZERO_A
            x -= (realv)(zero_row[i]);
#endif
            STORE_NEAR(, realv, x, to + p);
            PREFETCH(a + 4 * lda + p);
        }
        for (; p < steps; ++p) {
            real x = LOADS(TYPE_A)(a + p);
#if ZERO_A
            x -= zero_row[i];
#endif
            to[p] = x;
        }
    }
#endif
}

#if !B_PACKED
/* Columns n0 .. n0 + NR - 1 (those from n on count as 0), steps k0 .. of op(B), as [steps][NR]. */
static inline void copy_b(realv *to, __global const STORAGE(TYPE_B) *b, long ldb, long n, long n0, long k0,
                          long steps, const realv *zero)
{
    long columns = min(n - n0, (long)NR);
#if TRANS_B
    b += n0 * ldb + k0;
    long p = 0;
    for (; p + LANES <= steps; p += LANES) {
        for (int v = 0; v < 2; ++v) {
            realv x[LANES];
            realv y[LANES];
            if (columns >= (v + 1) * LANES) {
#pragma unroll
                for (int i = 0; i < LANES; ++i)
                    x[i] = LOADV(TYPE_B)(b + (v * LANES + i) * ldb + p);
            } else {
#pragma unroll
                for (int i = 0; i < LANES; ++i) {
                    x[i] = (realv)(0);
                    if (v * LANES + i < columns)
                        x[i] = LOADV(TYPE_B)(b + (v * LANES + i) * ldb + p);
                }
            }
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
                realv t = x[i];
#else
                realv t = y[i];
#endif
#if ZERO_B
                t -= zero[v];
#endif
                to[(p + i) * 2 + v] = t;
            }
        }
    }
    for (; p < steps; ++p) {
        real line[NR];
        for (int i = 0; i < NR; ++i)
            line[i] = i < columns ? LOADS(TYPE_B)(b + i * ldb + p) : (real)0;
        for (int v = 0; v < 2; ++v) {
            realv t = vloadv(v, line);
#if ZERO_B
            t -= zero[v];
#endif
            to[p * 2 + v] = t;
        }
    }
#else
    b += k0 * ldb + n0;
    for (long p = 0; p < steps; ++p, b += ldb) {
        realv x0;
        realv x1 = (realv)(0);
        if (columns == NR) {
            x0 = LOADV(TYPE_B)(b);
            x1 = LOADV(TYPE_B)(b + LANES);
        } else {
            LOAD_PART(TYPE_B, x0, b, columns);
            if (columns > LANES)
                LOAD_PART(TYPE_B, x1, b + LANES, columns - LANES);
        }
#if ZERO_B
        x0 -= zero[0];
        x1 -= zero[1];
#endif
        to[p * 2] = x0;
        to[p * 2 + 1] = x1;
    }
#endif
}
#endif

/* What is copied after this pass in the place of tile t, at row m: the next steps of its rows, or the first of
 * the next group's rows. */
static inline micro_ahead lines_ahead(const matmul_args *s, __global const STORAGE(TYPE_A) *a, long m, long t,
                                      long k0, long steps)
{
    const bool last = k0 + steps == s->k;
    const long below = m + s->mc < s->m ? m + s->mc : t * MR;
    const long row = last ? below : m;
    const long k = last ? 0 : k0 + steps;
    const long pitch = s->lda * (long)sizeof(*a);
    micro_ahead next;
#if TRANS_A
    next.line = (__global const char *)(a + k * s->lda + row);
    next.lines = 1;
    next.jump = pitch;
#else
    next.line = (__global const char *)(a + row * s->lda + k);
    next.lines = (steps * (long)sizeof(*a) + 63) / 64;
    next.jump = pitch - 64 * (next.lines - 1);
#endif
    return next;
}

static inline void block_of_c(const matmul_args *s, const epilogue *e, __global const STORAGE(TYPE_A) *a,
                              __global const STORAGE(TYPE_B) *b, long m0, long n0,
                              __global const STORAGE(TYPE_ZERO_A) *zero_a,
                              __global const STORAGE(TYPE_ZERO_B) *zero_b)
{
    const long rows = min(s->mc, s->m - m0);
    const long tiles = (rows + MR - 1) / MR;
    const long panels = (min(s->nc, s->n - n0) + NR - 1) / NR;
    const bool one_pass = s->k <= s->kc;
    const micro_ahead here = {(__global const char *)a, 1, 0}; /* one line, again and again */
    real a_copy[MT_MAX * A_TILE + LANES] __attribute__((aligned(64)));
#if !B_PACKED
    realv b_copy[KC_MAX * 2];
#endif
#if TAIL
    real b_tail[TAIL * KC_MAX] __attribute__((aligned(64)));
#endif
    realv tile[MR * 2];
#if INT_SUM
    intv sums[MT_MAX * NT_MAX * MR * 2];
#else
    realv sums[MT_MAX * NT_MAX * MR * 2];
#endif
    real zero_row[MT_MAX * MR + 2 * LANES];
#if ZERO_A
    for (long i = 0; i < tiles * MR + LANES; ++i)
        zero_row[i] = m0 + i < s->m ? LOADS(TYPE_ZERO_A)(zero_a + (ZERO_A == 2 ? m0 + i : 0)) : (real)0;
#endif

    long k0 = 0;
    do {
        const long steps = min(s->kc, s->k - k0);
        const bool last = k0 + steps == s->k;
        copy_a(a_copy, a, s->lda, s->m, m0, tiles * MR, k0, steps, zero_row);
        for (long j = 0; j < panels; ++j) {
            const long n = n0 + j * NR;
            realv zero[2];
#if ZERO_B == 1
            zero[0] = zero[1] = (realv)(LOADS(TYPE_ZERO_B)(zero_b));
#elif ZERO_B == 2
            zero[0] = zero[1] = (realv)(0);
            LOAD_PART(TYPE_ZERO_B, zero[0], zero_b + n, s->n - n);
            if (s->n - n > LANES)
                LOAD_PART(TYPE_ZERO_B, zero[1], zero_b + n + LANES, s->n - n - LANES);
#endif
#if B_PACKED
            B_SPACE const B_ELEMENT *panel = b + (n * s->k + k0 * NR);
#else
            const realv *panel = b_copy;
            const bool keep = KEEPS_B && s->n - n >= NR;
            if (!keep)
                copy_b(b_copy, b, s->ldb, s->n, n, k0, steps, zero);
#endif
#if TAIL
            if (s->n - n <= LANES)
                turn_tail(b_tail, panel, steps, (const real *)zero);
#endif
            for (long t = 0; t < tiles; ++t) {
                const long m = m0 + t * MR;
#if INT_SUM
                realv *out = tile;
                const int accumulate = 0;
#else
                realv *out = one_pass ? tile : sums + (j * MT_MAX + t) * MR * 2;
                const int accumulate = k0 > 0;
#endif
                if (last) {
#pragma unroll
                    for (int i = 0; i < MR; ++i) {
                        PREFETCH(e->c + (m + i) * e->ldc + n);
                        PREFETCH(e->c + (m + i) * e->ldc + n + NR - 1);
                    }
                }
                const micro_ahead next = j == max(panels - 2, 0l) ? lines_ahead(s, a, m, t, k0, steps) : here;
#if KEEPS_B
                if (keep && t == 0)
                    micro_keep(a_copy, b + (k0 * s->ldb + n), steps, zero, out, accumulate, s->ldb, b_copy,
                               next);
                else
#endif
#if TAIL
                if (s->n - n <= LANES)
                    micro_tail(a_copy + t * A_TILE, b_tail, steps, out, accumulate);
                else
#elif HALF_PANEL
                if (s->n - n <= LANES)
                    micro_half(a_copy + t * A_TILE, panel, steps, zero, out, accumulate, next);
                else
#endif
                    micro_full(a_copy + t * A_TILE, panel, steps, zero, out, accumulate, next);
#if INT_SUM
                intv *sum = sums + (j * MT_MAX + t) * MR * 2;
                /* A half panel has left the second vectors of the tile as they were. */
                const int vectors = HALF_PANEL && s->n - n <= LANES ? 1 : 2;
                for (int i = 0; i < MR; ++i) {
                    for (int v = 0; v < vectors; ++v)
                        sum[i * 2 + v] =
                            CAT2(convert_int, LANES)(tile[i * 2 + v]) + (k0 > 0 ? sum[i * 2 + v] : (intv)(0));
                }
#endif
                if (!last)
                    continue;
                const long valid = min((long)MR, s->m - m);
                for (int i = 0; i < valid; ++i) {
                    for (int v = 0; v < 2; ++v) {
                        const long count = s->n - n - v * LANES;
                        if (count <= 0)
                            break;
#if INT_SUM && CODE(TYPE_C) == CODE_i32
                        /* Exact: no factor, no bias, no activation; beta is 0 or 1. */
                        intv x = sum[i * 2 + v];
                        __global int *c = e->c + (m + i) * e->ldc + n + v * LANES;
#if BETA
                        __global const int *old = e->cin + (m + i) * e->ldcin + (CIN_SPLAT ? 0 : n + v * LANES);
#endif
                        int part[LANES];
                        vstorev(x, 0, part);
                        for (int l = 0; l < min(count, (long)LANES); ++l)
#if BETA
                            c[l] = part[l] + old[CIN_SPLAT ? 0 : l];
#else
                            c[l] = part[l];
#endif
#elif INT_SUM
                        epilogue_store(e, convert_realv(sum[i * 2 + v]), m + i, n + v * LANES, count);
#else
                        epilogue_store(e, out[i * 2 + v], m + i, n + v * LANES, count);
#endif
                    }
                }
            }
        }
        k0 += steps;
    } while (k0 < s->k);
}

#define CPU_BLOCK_PARAMETERS                                                                                        \
    const matmul_args s, const real alpha, const real beta, const real slope, __global const STORAGE(TYPE_A) *a,    \
        __global const STORAGE(TYPE_B) *b, __global const STORAGE(TYPE_CIN) *cin,                                   \
        __global const STORAGE(TYPE_BIAS) *bias, __global STORAGE(TYPE_C) *c,                                       \
        __global const STORAGE(TYPE_ZERO_A) *zero_a, __global const STORAGE(TYPE_ZERO_B) *zero_b,                   \
        __global const float *scale_a, __global const float *scale_b
#define CPU_BLOCK_NAMES s, alpha, beta, slope, a, b, cin, bias, c, zero_a, zero_b, scale_a, scale_b

/* The block of C that is this group's. */
static inline void group_of_c(CPU_BLOCK_PARAMETERS)
{
    const long z = get_group_id(2);
    epilogue e;
    set_epilogue(&e, &s, z, alpha, beta, slope, cin, bias, c, scale_a, scale_b);
    block_of_c(&s, &e, a + BATCH_OFFSET(s, z, a), b + BATCH_OFFSET(s, z, b), get_group_id(0) * s.mc,
               get_group_id(1) * s.nc, zero_a + s.zero_a_offset, zero_b + s.zero_b_offset);
}
