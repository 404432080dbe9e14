/* transpose.cl: y[b, a] = x[a, b], where x lies along b and y along a, for every turn of further loops. Moves bits.
 *
 * transpose_tiles  CPU class. A work-item has a block of a_step x b_step, tile by tile: LANES vectors are loaded, transposed in
 *                  registers by log2(LANES) rounds of interleaving, and stored. Global (ceil(A / a_step), ceil(B / b_step), outer).
 * transpose_few    CPU class. One of the extents is FEW: 2 to 4 channels that become the innermost (x lies along a,
 *                  y along b), or were it (INWARD 0: x along b, y along a). FEW vectors are loaded, their lanes sorted by FEW - 1 rounds
 *                  of choosing from two, and stored. Global (ceil(A / a_step), 1, outer).
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

#ifndef FEW
#define FEW 0 /* transpose_few: the short extent */
#endif
#ifndef INWARD
#define INWARD 1 /* the short extent is innermost in y; 0: in x */
#endif
#if FEW > 4 || FEW == 1 || FEW < 0
#error "FEW is 0, or 2 to 4"
#endif
#ifndef LOCAL_TILE
#define LOCAL_TILE 0 /* 1: transpose_local, else transpose_tiles */
#endif
#if !LOCAL_TILE
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
    if (BITS * LANES >= 16 && BEYOND(y, BITS * LANES) && BEYOND(y + y_b, BITS * LANES)) {
        #pragma unroll
        for (int i = 0; i < LANES; ++i)
            PUT_BEYOND(even[i], y + i * y_b);
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

#if FEW
/* Element l of output vector j, as a lane of the two vectors that are chosen from: x[0] and x[1], then what was chosen so far
 * and x[c]. INWARD: element e of FEW interleaved rows is e / FEW of row e % FEW; else it is the other way round. */
#define AT(j, l) ((j) * LANES + (l))
#if INWARD
#define ROW_OF(j, l) (AT(j, l) % FEW)
#define LANE_OF(j, l) (AT(j, l) / FEW)
#else
#define ROW_OF(j, l) (((l) * FEW + (j)) / LANES)
#define LANE_OF(j, l) (((l) * FEW + (j)) % LANES)
#endif
#define FIRST(j, l, c) (ROW_OF(j, l) == 0 ? LANE_OF(j, l) : ROW_OF(j, l) == 1 ? LANES + LANE_OF(j, l) : 0)
#define MORE(j, l, c) (ROW_OF(j, l) == (c) ? LANES + LANE_OF(j, l) : (l))
#define FOUR(F, j, l, c) F(j, l, c), F(j, l + 1, c), F(j, l + 2, c), F(j, l + 3, c)
#if LANES == 4
#define ALL_LANES(F, j, c) FOUR(F, j, 0, c)
#elif LANES == 8
#define ALL_LANES(F, j, c) FOUR(F, j, 0, c), FOUR(F, j, 4, c)
#else
#define ALL_LANES(F, j, c) FOUR(F, j, 0, c), FOUR(F, j, 4, c), FOUR(F, j, 8, c), FOUR(F, j, 12, c)
#endif
#if defined(__clang__)
#define CHOOSE(a, b, F, j, c) __builtin_shufflevector(a, b, ALL_LANES(F, j, c))
#else
static inline numv choose(numv a, numv b, const int *from)
{
    num x[2 * LANES], y[LANES];
    vstorel(a, 0, x);
    vstorel(b, 1, x);
    for (int l = 0; l < LANES; ++l)
        y[l] = x[from[l]];
    return vloadl(0, y);
}
#define CHOOSE(a, b, F, j, c) choose(a, b, (const int[LANES]){ALL_LANES(F, j, c)})
#endif
#if FEW == 2
#define SORTED(x, j) CHOOSE((x)[0], (x)[1], FIRST, j, 1)
#elif FEW == 3
#define SORTED(x, j) CHOOSE(CHOOSE((x)[0], (x)[1], FIRST, j, 1), (x)[2], MORE, j, 2)
#else
#define SORTED(x, j) CHOOSE(CHOOSE(CHOOSE((x)[0], (x)[1], FIRST, j, 1), (x)[2], MORE, j, 2), (x)[3], MORE, j, 3)
#endif

__attribute__((reqd_work_group_size(1, 1, 1)))
__kernel void transpose_few(const transpose_args s, __global const el_bits *x, __global el_bits *y)
{
    const long a0 = get_global_id(0) * s.a_step, a1 = min(a0 + s.a_step, s.a), outer = get_global_id(2);
    /* From vector to vector, and from element to element along a. */
    const long x_next = INWARD ? s.x_a : LANES, y_next = INWARD ? LANES : s.y_b;
    const long x_a = INWARD ? 1 : FEW, y_a = INWARD ? FEW : 1;
    const long x_b = INWARD ? s.x_a : 1, y_b = INWARD ? 1 : s.y_b;
    x += s.offset[0] + place(outer, s.loops, s.dim, s.x);
    y += s.offset[1] + place(outer, s.loops, s.dim, s.y);
    const bool beyond = BITS * LANES >= 16 && BEYOND(y + a0 * y_a, BITS * LANES) && BEYOND(y + a0 * y_a + y_next, BITS * LANES);
    long a = a0;
    for (; a + LANES <= a1; a += LANES) {
        numv in[FEW], out[FEW];
        #pragma unroll
        for (int c = 0; c < FEW; ++c)
            in[c] = getv_bits(x + a * x_a + c * x_next);
        out[0] = SORTED(in, 0);
        out[1] = SORTED(in, 1);
#if FEW > 2
        out[2] = SORTED(in, 2);
#endif
#if FEW > 3
        out[3] = SORTED(in, 3);
#endif
        #pragma unroll
        for (int c = 0; c < FEW; ++c) {
            if (beyond)
                PUT_BEYOND(out[c], y + a * y_a + c * y_next);
            else
                putv_bits(out[c], y + a * y_a + c * y_next);
        }
    }
    for (; a < a1; ++a)
        for (int c = 0; c < FEW; ++c)
            y[a * y_a + c * y_b] = x[a * x_a + c * x_b];
}
#endif
#else
__attribute__((reqd_work_group_size(32, 8, 1)))
__kernel void transpose_local(const transpose_args s, __global const el_bits *x, __global el_bits *y)
{
    LOCAL_ARRAY el_bits part[32][33];
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
