/* transpose.cl: y[b, a] = x[a, b], where x lies along b and y along a, for every turn of further loops. Moves bits.
 *
 * transpose_tiles  CPU class. A work-item has a block of a_step x b_step, tile by tile: LANES vectors are loaded, transposed in
 *                  registers by log2(LANES) rounds of interleaving, and stored. Global (ceil(A / a_step), ceil(B / b_step), outer).
 * transpose_local  GPU class. A group of 32 x 8 brings a 32 x 32 tile into local memory (rows one element longer, so that
 *                  columns fall into different banks) and writes it turned. Global (32 * ceil(B / 32), 8 * ceil(A / 32), outer).
 * Limit            memory: x and y once. Stores of whole aligned vectors go past the cache, so lines are not read first.
 *
 * Parameters: BITS, bytes of an element (elements.h, class 4).
 */
#define CLASS 4
#include "layers/elements.h"

typedef struct {
    long offset[9]; /* x, y */
    long a, b;                    /* extents */
    long x_a, y_b;                /* steps; those of x along b and of y along a are 1 */
    long a_step, b_step;
    long loops, dim[6], x[6], y[6], outer;
} transpose_args;

static inline long place(long index, long loops, const long *dim, const long *step)
{
    long at = 0;
    for (long d = 0; d < loops; ++d) {
        at += index % dim[d] * step[d];
        index /= dim[d];
    }
    return at;
}

#ifndef LOCAL_TILE
#define LOCAL_TILE 0 /* 1: transpose_local, else transpose_tiles */
#endif
#if !LOCAL_TILE
#if defined(__clang__) && BITS * LANES >= 16
#define ALIGNED(p) (((ulong)(p) & (BITS * LANES - 1)) == 0)
#define STREAM(v, p) __builtin_nontemporal_store(v, (__global numv *)(p))
#else
#define ALIGNED(p) 0
#define STREAM(v, p) PUTV(bits)(v, p)
#endif

static inline void tile(__global const el_bits *x, long x_a, __global el_bits *y, long y_b)
{
    numv even[LANES], odd[LANES];
    #pragma unroll
    for (int i = 0; i < LANES; ++i)
        even[i] = getv_bits(x + i * x_a);
    #pragma unroll
    for (int round = LANES; round > 1; round /= 2) {
        #pragma unroll
        for (int i = 0; i < LANES / 2; ++i)
            INTERLEAVE(odd[2 * i], odd[2 * i + 1], even[i], even[i + LANES / 2]);
        #pragma unroll
        for (int i = 0; i < LANES; ++i)
            even[i] = odd[i];
    }
    if (ALIGNED(y) && ALIGNED(y + y_b)) {
        #pragma unroll
        for (int i = 0; i < LANES; ++i)
            STREAM(even[i], y + i * y_b);
    } else {
        #pragma unroll
        for (int i = 0; i < LANES; ++i)
            putv_bits(even[i], y + i * y_b);
    }
}

__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void transpose_tiles(const transpose_args s, __global const el_bits *x, __global el_bits *y)
{
    const long a0 = get_global_id(0) * s.a_step, a1 = min(a0 + s.a_step, s.a);
    const long b0 = get_global_id(1) * s.b_step, b1 = min(b0 + s.b_step, s.b), outer = get_global_id(2);
    x += s.offset[0] + place(outer, s.loops, s.dim, s.x);
    y += s.offset[1] + place(outer, s.loops, s.dim, s.y);
    for (long b = b0; b < b1; b += LANES) {
        for (long a = a0; a < a1; a += LANES) {
            if (a + LANES <= a1 && b + LANES <= b1) {
                tile(x + a * s.x_a + b, s.x_a, y + b * s.y_b + a, s.y_b);
                continue;
            }
            for (long j = b; j < min(b + LANES, b1); ++j)
                for (long i = a; i < min(a + LANES, a1); ++i)
                    y[j * s.y_b + i] = x[i * s.x_a + j];
        }
    }
}
#else
__attribute__((reqd_work_group_size(32, 8, 1)))
__kernel void transpose_local(const transpose_args s, __global const el_bits *x, __global el_bits *y)
{
    __local el_bits part[32][33];
    const long b0 = get_group_id(0) * 32, a0 = get_group_id(1) * 32, outer = get_global_id(2);
    const int i = get_local_id(0), j0 = get_local_id(1);
    x += s.offset[0] + place(outer, s.loops, s.dim, s.x);
    y += s.offset[1] + place(outer, s.loops, s.dim, s.y);
    for (int j = j0; j < 32; j += 8) {
        if (b0 + i < s.b && a0 + j < s.a)
            part[j][i] = x[(a0 + j) * s.x_a + b0 + i];
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int j = j0; j < 32; j += 8) {
        if (a0 + i < s.a && b0 + j < s.b)
            y[(b0 + j) * s.y_b + a0 + i] = part[i][j];
    }
}
#endif
