/* gemv.cl: products with at most 8 rows or columns: one matrix W streamed once; CPU class.
 *
 *   SIDE 0   W = op(B), vectors are the rows of op(A):     C[v, r] = sum_k x_v[k] * W[r, k],  V = M, R = N
 *   SIDE 1   W = op(A), vectors are the columns of op(B):  C[r, v] likewise,                  V = N, R = M
 *
 * FORM says how W lies in memory:
 *   0 rows   W's rows are contiguous along K (B with TRANS_B = 1, A with TRANS_A = 0): ROWS dot products at a
 *            time, so ROWS streams; each ends in one sum over its lanes.
 *   1 axpy   W is stored [K,R] (B with TRANS_B = 0, A with TRANS_A = 1): UNROLL rows of STRIP outputs at a
 *            time, so UNROLL streams; the sums of the strip stay in the first cache.
 *   2 panels W is packed B (SIDE 0 only, cpu_packed.cl has the layout): one panel after the other, each one
 *            long stream; accumulators in registers.
 *
 * Group      one work-item: outputs r of one block (block = s.nc of SIDE 0, s.mc of SIDE 1: a multiple of
 *            ROWS, LANES or NR by form, and of a cache line of C where it can be) and one slice of K (s.kc).
 * Global     (ceil(R/block), ceil(K/s.kc) = slices, batch).
 * SPLIT      0: s.kc >= K, the group finishes C. 1: sums go to `work`, [batch][slices][V][R] reals, and
 *            matmul_gemv_finish, global (ceil(R/block), 1, batch), adds the slices in order and finishes:
 *            for few outputs and long K. The order is fixed, so results repeat bit by bit.
 * Private    V * K_STEP reals of x, V * STRIP sums (axpy).
 * Precision  f32 (f64) by fma, in blocks of K_STEP steps; integers count as reals here (weights of int8 with
 *            f32/f16/bf16 vectors); int8 x int8 is for cpu_packed.cl and cpu_direct.cl.
 * Limit      memory: W is read once; 2 * V flops an element.
 */
#ifndef SIDE
#define SIDE 0 /* 0: W = B, 1: W = A */
#endif
#ifndef FORM
#define FORM 0 /* 0 rows, 1 axpy, 2 packed panels */
#endif
#ifndef V
#define V 1 /* vectors: 1..8 */
#endif
#ifndef SPLIT
#define SPLIT 0 /* 1: K is split over groups, finished by a second launch */
#endif
#ifndef K_STEP
#if V <= 4
#define K_STEP 4096 /* steps of x held at a time (rows and panels): long enough that streams are not cut up */
#else
#define K_STEP 2048
#endif
#endif
#ifndef ROWS
#if V <= 2
#define ROWS 8 /* dot products side by side: ROWS * V accumulators */
#elif V <= 4
#define ROWS 4
#else
#define ROWS 2
#endif
#endif
#if ROWS > LANES /* sums are finished LANES outputs at a time */
#undef ROWS
#define ROWS LANES
#endif
#define ELEMENTS(bytes) ((bytes) / (int)sizeof(STORAGE(TYPE_W)))
#ifndef LINE /* vectors of a row at a time, a cache line: rows a power of two apart share their places in a cache */
#define LINE (V > 2 || ELEMENTS(64) <= LANES ? 1 : V == 2 || ELEMENTS(64) <= 2 * LANES ? 2 : 4)
#endif
#ifndef ROW_AHEAD /* elements that a row is fetched before it is read: the hardware stops at each page */
#define ROW_AHEAD ELEMENTS(1024)
#endif
#ifndef UNROLL
#define UNROLL 8 /* rows of W per pass over a strip */
#endif
#ifndef STRIP
#if V == 1
#define STRIP 6144 /* outputs of a strip: STRIP * V sums in the first caches, STRIP elements a stream */
#elif V == 2
#define STRIP 4096
#else
#define STRIP 2048
#endif
#endif
#ifndef CHAINS
#if V == 1
#define CHAINS 4 /* steps of a panel with accumulators of their own: CHAINS * V * 2 of them */
#elif V <= 3
#define CHAINS 2
#else
#define CHAINS 1
#endif
#endif
#include "epilogue.h"
#include "matmul/args.h"
#if V < 1 || V > 8 || FORM < 0 || FORM > 2 || (FORM == 2 && SIDE == 1) || STRIP % LANES != 0
#error "V must be 1..8, FORM 0..2 (2 with SIDE 0 only), STRIP a multiple of LANES"
#endif
#if INT_SUM
#error "int8 x int8 is not for this kernel"
#endif
#if K_STEP % (LANES * 4) != 0
#error "K_STEP must be a multiple of 4 * LANES"
#endif

#if SIDE == 0
#define TYPE_W TYPE_B
#define TYPE_X TYPE_A
#define X_CONTIGUOUS (!TRANS_A)
#define ZERO_W ZERO_B
#define LOADS_ZERO_W LOADS(TYPE_ZERO_B)
#define LOADV_ZERO_W(result, p, count) LOAD_PART(TYPE_ZERO_B, result, p, count)
#define TYPE_ZERO_W TYPE_ZERO_B
#define ZERO_X ZERO_A
#define TYPE_ZERO_X TYPE_ZERO_A
#else
#define TYPE_W TYPE_A
#define TYPE_X TYPE_B
#define X_CONTIGUOUS TRANS_B
#define ZERO_W ZERO_A
#define LOADS_ZERO_W LOADS(TYPE_ZERO_A)
#define LOADV_ZERO_W(result, p, count) LOAD_PART(TYPE_ZERO_A, result, p, count)
#define TYPE_ZERO_W TYPE_ZERO_A
#define ZERO_X ZERO_B
#define TYPE_ZERO_X TYPE_ZERO_B
#endif
#if ZERO_X
#define LOADS_X(p, v) (LOADS(TYPE_X)(p) - LOADS(TYPE_ZERO_X)(zero_x + (ZERO_X == 2 ? (v) : 0)))
#define LOADV_X(p, v) (LOADV(TYPE_X)(p) - (realv)(LOADS(TYPE_ZERO_X)(zero_x + (ZERO_X == 2 ? (v) : 0))))
#else
#define LOADS_X(p, v) LOADS(TYPE_X)(p)
#define LOADV_X(p, v) LOADV(TYPE_X)(p)
#endif

/* Steps k0 .. k0 + steps - 1 of the V vectors, as reals. */
static inline void copy_x(real *to, __global const STORAGE(TYPE_X) *x, long ldx, long k0, long steps,
                          __global const STORAGE(TYPE_ZERO_X) *zero_x)
{
    for (int v = 0; v < V; ++v) {
#if X_CONTIGUOUS
        __global const STORAGE(TYPE_X) *from = x + v * ldx + k0;
        long p = 0;
        for (; p + LANES <= steps; p += LANES)
            vstorev(LOADV_X(from + p, v), 0, to + v * K_STEP + p);
        for (; p < steps; ++p)
            to[v * K_STEP + p] = LOADS_X(from + p, v);
#else
        for (long p = 0; p < steps; ++p)
            to[v * K_STEP + p] = LOADS_X(x + (k0 + p) * ldx + v, v);
#endif
    }
}

/* Where sums go: to C through the epilogue, or to this slice's part of the workspace. */
typedef struct {
    epilogue e;
    __global real *work; /* [V][R] of this slice, with SPLIT */
    long outputs;        /* R */
} sink;

/* Finish sums of outputs r .. r + count - 1 (count may exceed LANES) for all vectors. */
static inline void finish_sums(const sink *to, const realv *sums, long r, long count)
{
#if SIDE == 0
    for (int v = 0; v < V; ++v)
        epilogue_store(&to->e, sums[v], v, r, count);
#else
    real part[V * LANES];
    for (int v = 0; v < V; ++v)
        vstorev(sums[v], v, part);
    for (int i = 0; i < min(count, (long)LANES); ++i) {
        for (int v0 = 0; v0 < V; v0 += LANES) {
            real line[LANES];
            for (int v = 0; v < LANES; ++v)
                line[v] = v0 + v < V ? part[(v0 + v) * LANES + i] : (real)0;
            epilogue_store(&to->e, vloadv(0, line), r + i, v0, V - v0);
        }
    }
#endif
}

/* The same, or with SPLIT keep them for the second launch. */
static inline void put_sums(const sink *to, const realv *sums, long r, long count)
{
#if SPLIT
    for (int v = 0; v < V; ++v) {
        real part[LANES];
        vstorev(sums[v], 0, part);
        for (int i = 0; i < min(count, (long)LANES); ++i)
            to->work[v * to->outputs + r + i] = part[i];
    }
#else
    finish_sums(to, sums, r, count);
#endif
}

#if FORM == 0
#include "matmul/sum_of_lanes.h"

/* sums[v * LANES + i] += dot products of `rows` <= ROWS rows (those behind repeat the last one). */
static inline void dot_rows(real *sums, __global const STORAGE(TYPE_W) *w, long ldw, long rows, const real *x,
                            long steps, const real *zero)
{
    __global const STORAGE(TYPE_W) *row[ROWS];
    realv acc[ROWS][V];
#pragma unroll
    for (int i = 0; i < ROWS; ++i) {
        row[i] = w + min((long)i, rows - 1) * ldw;
#pragma unroll
        for (int v = 0; v < V; ++v)
            acc[i][v] = (realv)(0);
    }
    long p = 0;
    for (; p + LINE * LANES <= steps; p += LINE * LANES) {
        /* Past the end of a row comes the same place of the row that is read in its stead after these. */
        const long ahead = p + ROW_AHEAD + (p + ROW_AHEAD < steps ? 0 : (ROWS - 1) * ldw);
        realv xv[LINE][V];
#pragma unroll
        for (int q = 0; q < LINE; ++q) {
#pragma unroll
            for (int v = 0; v < V; ++v)
                xv[q][v] = vloadv(0, x + v * K_STEP + p + q * LANES);
        }
#pragma unroll
        for (int i = 0; i < ROWS; ++i) {
            PREFETCH(row[i] + ahead);
#pragma unroll
            for (int q = 0; q < LINE; ++q) {
                realv wv = LOADV(TYPE_W)(row[i] + p + q * LANES);
#if ZERO_W
                wv -= (realv)(zero[i]);
#endif
#pragma unroll
                for (int v = 0; v < V; ++v)
                    acc[i][v] = fma(wv, xv[q][v], acc[i][v]);
            }
        }
    }
    for (; p + LANES <= steps; p += LANES) {
#pragma unroll
        for (int i = 0; i < ROWS; ++i) {
            realv wv = LOADV(TYPE_W)(row[i] + p);
#if ZERO_W
            wv -= (realv)(zero[i]);
#endif
#pragma unroll
            for (int v = 0; v < V; ++v)
                acc[i][v] = fma(wv, vloadv(0, x + v * K_STEP + p), acc[i][v]);
        }
    }
    for (int i = 0; i < rows; ++i) {
        for (int v = 0; v < V; ++v) {
            real sum = sum_of_lanes(acc[i][v]);
            for (long t = p; t < steps; ++t) {
                real y = LOADS(TYPE_W)(row[i] + t);
#if ZERO_W
                y -= zero[i];
#endif
                sum = fma(y, x[v * K_STEP + t], sum);
            }
            sums[v * LANES + i] += sum;
        }
    }
}
#endif

__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void matmul_gemv(const matmul_args s, const real alpha, const real beta, const real slope,
                          __global const STORAGE(TYPE_A) *a, __global const STORAGE(TYPE_B) *b,
                          __global const STORAGE(TYPE_CIN) *cin, __global const STORAGE(TYPE_BIAS) *bias,
                          __global STORAGE(TYPE_C) *c, __global const STORAGE(TYPE_ZERO_A) *zero_a,
                          __global const STORAGE(TYPE_ZERO_B) *zero_b, __global const float *scale_a,
                          __global const float *scale_b, __global real *work)
{
    const long z = get_group_id(2);
    const long k_begin = get_group_id(1) * s.kc;
    const long k_end = min(s.k, k_begin + s.kc);
    sink to;
    set_epilogue(&to.e, &s, z, alpha, beta, slope, cin, bias, c, scale_a, scale_b);
#if SIDE == 0
    to.outputs = s.n;
    const long block = s.nc;
    __global const STORAGE(TYPE_W) *w = b + BATCH_OFFSET(s, z, b);
    __global const STORAGE(TYPE_X) *x = a + BATCH_OFFSET(s, z, a);
    __global const STORAGE(TYPE_ZERO_W) *zero_of = zero_b + s.zero_b_offset;
    __global const STORAGE(TYPE_ZERO_X) *zero_x = zero_a + s.zero_a_offset;
    const long ldw = s.ldb;
    const long ldx = s.lda;
#else
    to.outputs = s.m;
    const long block = s.mc;
    __global const STORAGE(TYPE_W) *w = a + BATCH_OFFSET(s, z, a);
    __global const STORAGE(TYPE_X) *x = b + BATCH_OFFSET(s, z, b);
    __global const STORAGE(TYPE_ZERO_W) *zero_of = zero_a + s.zero_a_offset;
    __global const STORAGE(TYPE_ZERO_X) *zero_x = zero_b + s.zero_b_offset;
    const long ldw = s.lda;
    const long ldx = s.ldb;
#endif
    to.work = work + (z * get_num_groups(1) + get_group_id(1)) * V * to.outputs;
    const long r_begin = get_group_id(0) * block;
    const long r_end = min(to.outputs, r_begin + block);
    real x_copy[V * K_STEP] __attribute__((aligned(64)));

#if FORM == 0
    /* LANES outputs at a time: the unit in which sums are finished. */
    for (long r = r_begin; r < r_end; r += LANES) {
        real sums[V * LANES];
        for (int i = 0; i < V * LANES; ++i)
            sums[i] = 0;
        real zero[LANES];
        for (int i = 0; i < LANES; ++i) {
#if ZERO_W
            zero[i] = r + i < r_end ? LOADS_ZERO_W(zero_of + (ZERO_W == 2 ? r + i : 0)) : (real)0;
#else
            zero[i] = 0;
#endif
        }
        for (long k0 = k_begin; k0 < k_end; k0 += K_STEP) {
            const long steps = min((long)K_STEP, k_end - k0);
            if (r == r_begin || k_end - k_begin > K_STEP)
                copy_x(x_copy, x, ldx, k0, steps, zero_x);
            for (int i = 0; i < LANES && r + i < r_end; i += ROWS)
                dot_rows(sums + i, w + (r + i) * ldw + k0, ldw, min((long)ROWS, r_end - r - i), x_copy, steps,
                         zero + i);
        }
        realv out[V];
        for (int v = 0; v < V; ++v)
            out[v] = vloadv(v, sums);
        put_sums(&to, out, r, r_end - r);
    }

#elif FORM == 1
    for (long r = r_begin; r < r_end; r += STRIP) {
        realv sums[V * (STRIP / LANES)];
        const long width = min((long)STRIP, r_end - r);
        const long whole = width / LANES;
        for (int i = 0; i < V * (STRIP / LANES); ++i)
            sums[i] = (realv)(0);
        for (long k0 = k_begin; k0 < k_end; k0 += UNROLL) {
            const long steps = min((long)UNROLL, k_end - k0);
            real xs[V * UNROLL];
            for (int v = 0; v < V; ++v) {
                for (int p = 0; p < UNROLL; ++p) {
#if X_CONTIGUOUS
                    xs[v * UNROLL + p] = p < steps ? LOADS_X(x + v * ldx + k0 + p, v) : (real)0;
#else
                    xs[v * UNROLL + p] = p < steps ? LOADS_X(x + (k0 + p) * ldx + v, v) : (real)0;
#endif
                }
            }
            __global const STORAGE(TYPE_W) *from = w + k0 * ldw + r;
            if (steps == UNROLL) {
                for (long i = 0; i < whole; ++i) {
                    realv zero = (realv)(0);
#if ZERO_W == 1
                    zero = (realv)(LOADS_ZERO_W(zero_of));
#elif ZERO_W == 2
                    LOADV_ZERO_W(zero, zero_of + r + i * LANES, LANES);
#endif
                    realv acc[V];
#pragma unroll
                    for (int v = 0; v < V; ++v)
                        acc[v] = (realv)(0);
#pragma unroll
                    for (int p = 0; p < UNROLL; ++p) {
                        realv y = LOADV(TYPE_W)(from + p * ldw + i * LANES) - zero;
#pragma unroll
                        for (int v = 0; v < V; ++v)
                            acc[v] = fma(y, (realv)(xs[v * UNROLL + p]), acc[v]);
                    }
#pragma unroll
                    for (int v = 0; v < V; ++v)
                        sums[v * (STRIP / LANES) + i] += acc[v];
                }
            }
            for (long i = steps == UNROLL ? whole : 0; i * LANES < width; ++i) {
                const long count = width - i * LANES;
                realv zero = (realv)(0);
#if ZERO_W == 1
                zero = (realv)(LOADS_ZERO_W(zero_of));
#elif ZERO_W == 2
                LOADV_ZERO_W(zero, zero_of + r + i * LANES, count);
#endif
                for (int p = 0; p < steps; ++p) {
                    realv y;
                    LOAD_PART(TYPE_W, y, from + p * ldw + i * LANES, count);
                    y -= zero;
                    for (int v = 0; v < V; ++v)
                        sums[v * (STRIP / LANES) + i] =
                            fma(y, (realv)(xs[v * UNROLL + p]), sums[v * (STRIP / LANES) + i]);
                }
            }
        }
        for (long i = 0; i * LANES < width; ++i) {
            realv out[V];
            for (int v = 0; v < V; ++v)
                out[v] = sums[v * (STRIP / LANES) + i];
            put_sums(&to, out, r + i * LANES, width - i * LANES);
        }
    }

#else
    for (long r = r_begin; r < r_end; r += NR) {
        realv sums[V * 2];
        realv zero[2];
        for (int i = 0; i < V * 2; ++i)
            sums[i] = (realv)(0);
        zero[0] = zero[1] = (realv)(0);
#if ZERO_W == 1
        zero[0] = zero[1] = (realv)(LOADS_ZERO_W(zero_of));
#elif ZERO_W == 2
        LOADV_ZERO_W(zero[0], zero_of + r, r_end - r);
        if (r_end - r > LANES)
            LOADV_ZERO_W(zero[1], zero_of + r + LANES, r_end - r - LANES);
#endif
        for (long k0 = k_begin; k0 < k_end; k0 += K_STEP) {
            const long steps = min((long)K_STEP, k_end - k0);
            if (r == r_begin || k_end - k_begin > K_STEP)
                copy_x(x_copy, x, ldx, k0, steps, zero_x);
            __global const STORAGE(TYPE_W) *from = w + (r * s.k + k0 * NR);
            realv acc[CHAINS][V][2];
#pragma unroll
            for (int q = 0; q < CHAINS; ++q) {
#pragma unroll
                for (int v = 0; v < V; ++v)
                    acc[q][v][0] = acc[q][v][1] = (realv)(0);
            }
            long p = 0;
#pragma unroll 1
            for (; p + CHAINS <= steps; p += CHAINS) {
#pragma unroll
                for (int q = 0; q < CHAINS; ++q) {
                    realv y0 = LOADV(TYPE_W)(from + (p + q) * NR) - zero[0];
                    realv y1 = LOADV(TYPE_W)(from + (p + q) * NR + LANES) - zero[1];
#pragma unroll
                    for (int v = 0; v < V; ++v) {
                        realv xv = (realv)(x_copy[v * K_STEP + p + q]);
                        acc[q][v][0] = fma(y0, xv, acc[q][v][0]);
                        acc[q][v][1] = fma(y1, xv, acc[q][v][1]);
                    }
                }
            }
#pragma unroll 1
            for (; p < steps; ++p) {
                realv y0 = LOADV(TYPE_W)(from + p * NR) - zero[0];
                realv y1 = LOADV(TYPE_W)(from + p * NR + LANES) - zero[1];
#pragma unroll
                for (int v = 0; v < V; ++v) {
                    realv xv = (realv)(x_copy[v * K_STEP + p]);
                    acc[0][v][0] = fma(y0, xv, acc[0][v][0]);
                    acc[0][v][1] = fma(y1, xv, acc[0][v][1]);
                }
            }
#pragma unroll
            for (int q = 0; q < CHAINS; ++q) {
#pragma unroll
                for (int v = 0; v < V; ++v) {
                    sums[v] += acc[q][v][0];
                    sums[V + v] += acc[q][v][1];
                }
            }
        }
        put_sums(&to, sums, r, r_end - r);
        if (r_end - r > LANES)
            put_sums(&to, sums + V, r + LANES, r_end - r - LANES);
    }
#endif
}

#if SPLIT
/* Second launch: add up the slices, in their order, and finish. slices = ceil(K / s.kc). */
__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void matmul_gemv_finish(const matmul_args s, const real alpha, const real beta, const real slope,
                                 __global const STORAGE(TYPE_A) *a, __global const STORAGE(TYPE_B) *b,
                                 __global const STORAGE(TYPE_CIN) *cin,
                                 __global const STORAGE(TYPE_BIAS) *bias,
                                 __global STORAGE(TYPE_C) *c, __global const STORAGE(TYPE_ZERO_A) *zero_a,
                                 __global const STORAGE(TYPE_ZERO_B) *zero_b, __global const float *scale_a,
                                 __global const float *scale_b, __global const real *work)
{
    const long z = get_group_id(2);
    const long slices = max(1l, (s.k + s.kc - 1) / s.kc);
    const long outputs = SIDE == 0 ? s.n : s.m;
    const long block = SIDE == 0 ? s.nc : s.mc;
    const long r_end = min(outputs, (long)(get_group_id(0) + 1) * block);
    sink to;
    set_epilogue(&to.e, &s, z, alpha, beta, slope, cin, bias, c, scale_a, scale_b);
    work += z * slices * V * outputs;
    for (long r = get_group_id(0) * block; r < r_end; r += LANES) {
        realv sums[V];
        for (int v = 0; v < V; ++v)
            sums[v] = (realv)(0);
        for (long i = 0; i < slices; ++i) {
            for (int v = 0; v < V; ++v) {
                real part[LANES];
                for (int l = 0; l < LANES; ++l)
                    part[l] = r + l < r_end ? work[(i * V + v) * outputs + r + l] : (real)0;
                sums[v] += vloadv(0, part);
            }
        }
        finish_sums(&to, sums, r, r_end - r);
    }
}
#endif
