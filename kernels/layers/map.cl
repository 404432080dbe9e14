/* map.cl: out = f(x0, x1, ...), element by element; any class of device.
 *
 * The nest of loops over the output's elements has one inner loop (cols) and up to 7 outer ones, merged to rows. Every
 * operand has a step for each loop, so broadcasting, slices, transposition and tiling are steps.
 * Group      CPU class: one work-item, row_step x col_step elements. GPU class: a work-item has one row and a vector
 *            of LANES columns; neighbours have neighbouring vectors.
 * Global     (ceil(cols / col_step), ceil(rows / row_step)), rounded up to groups.
 * Precision  f32 (f64; integers in 64 bits) whatever the storage.
 * Limit      memory: every operand once.
 *
 * Parameters: CLASS, BITS (elements.h); NIN inputs of storage IN0, IN1, ... and OUT; MODE0, MODE1, ..., MODE_OUT: how the
 * inner loop walks them, 0 contiguous, 1 in place (one value for all), 2 with any step; STEPS expressions STEP0, ... over
 * x0, x1, ..., s0, s1, ... (earlier steps) and P(i) (numbers of the launch); the last one is stored.
 */
#include "device_math.h"
#include "layers/elements.h"
#if !IS_REAL
#define realv numv
#endif
#include "layers/steps.h"
#ifndef NIN
#define NIN 1
#define IN0 bits
#define OUT bits
#define MODE0 0
#define MODE_OUT 0
#define STEPS 1
#define STEP0 op_identity(x0)
#undef IN0
#undef OUT
#define IN0 f32
#define OUT f32
#endif

typedef struct {
    long offset[9]; /* of the inputs, then the output, in elements */
    long cols, rows, col_step, row_step, loops;
    long dims[7];    /* of the outer loops, the innermost first */
    long step[9][8]; /* [operand][0]: of the inner loop; then of the outer ones */
    float number[32];
} map_args;

#define P(i) ((numv)((num)s.number[i]))
#define WHOLE(T, mode, k) ((mode) == 1 ? (numv)(GET(T)(p##k)) : (numv)(0))
#define LOAD(T, mode, k)                                              \
    ((mode) == 1 ? same##k                                            \
     : (mode) == 0 && count >= LANES ? GETV(T)(p##k + c)              \
                                     : FETCH(T)(p##k + c * s.step[k][0], s.step[k][0], count))

__kernel void layer_map(const map_args s
#if NIN > 0
                        , __global const EL(IN0) *x_0
#endif
#if NIN > 1
                        , __global const EL(IN1) *x_1
#endif
#if NIN > 2
                        , __global const EL(IN2) *x_2
#endif
#if NIN > 3
                        , __global const EL(IN3) *x_3
#endif
#if NIN > 4
                        , __global const EL(IN4) *x_4
#endif
#if NIN > 5
                        , __global const EL(IN5) *x_5
#endif
#if NIN > 6
                        , __global const EL(IN6) *x_6
#endif
#if NIN > 7
                        , __global const EL(IN7) *x_7
#endif
                        , __global EL(OUT) *out)
{
    const long c0 = get_global_id(0) * s.col_step, c1 = min(c0 + s.col_step, s.cols);
    long row = get_global_id(1) * s.row_step;
    const long row1 = min(row + s.row_step, s.rows);
    if (c0 >= s.cols || row >= s.rows)
        return;
    long at[NIN + 1], index[7];
    for (int k = 0; k <= NIN; ++k)
        at[k] = s.offset[k];
    long rest = row;
    for (int d = 0; d < s.loops; ++d) {
        index[d] = rest % s.dims[d];
        rest /= s.dims[d];
        for (int k = 0; k <= NIN; ++k)
            at[k] += index[d] * s.step[k][d + 1];
    }
    for (; row < row1; ++row) {
#define POINTER(T, mode, k)                                  \
    __global const EL(T) *p##k = x_##k + at[k];              \
    const numv same##k = WHOLE(T, mode, k);
#if NIN > 0
        POINTER(IN0, MODE0, 0)
#endif
#if NIN > 1
        POINTER(IN1, MODE1, 1)
#endif
#if NIN > 2
        POINTER(IN2, MODE2, 2)
#endif
#if NIN > 3
        POINTER(IN3, MODE3, 3)
#endif
#if NIN > 4
        POINTER(IN4, MODE4, 4)
#endif
#if NIN > 5
        POINTER(IN5, MODE5, 5)
#endif
#if NIN > 6
        POINTER(IN6, MODE6, 6)
#endif
#if NIN > 7
        POINTER(IN7, MODE7, 7)
#endif
        __global EL(OUT) *to = out + at[NIN];
        for (long c = c0; c < c1; c += LANES) {
            const long count = c1 - c;
#if NIN > 0
            const numv x0 = LOAD(IN0, MODE0, 0);
#endif
#if NIN > 1
            const numv x1 = LOAD(IN1, MODE1, 1);
#endif
#if NIN > 2
            const numv x2 = LOAD(IN2, MODE2, 2);
#endif
#if NIN > 3
            const numv x3 = LOAD(IN3, MODE3, 3);
#endif
#if NIN > 4
            const numv x4 = LOAD(IN4, MODE4, 4);
#endif
#if NIN > 5
            const numv x5 = LOAD(IN5, MODE5, 5);
#endif
#if NIN > 6
            const numv x6 = LOAD(IN6, MODE6, 6);
#endif
#if NIN > 7
            const numv x7 = LOAD(IN7, MODE7, 7);
#endif
            numv y = STEP0;
#if STEPS > 1
            const numv s0 = y;
            y = STEP1;
#endif
#if STEPS > 2
            const numv s1 = y;
            y = STEP2;
#endif
#if STEPS > 3
            const numv s2 = y;
            y = STEP3;
#endif
#if STEPS > 4
            const numv s3 = y;
            y = STEP4;
#endif
#if STEPS > 5
            const numv s4 = y;
            y = STEP5;
#endif
#if STEPS > 6
            const numv s5 = y;
            y = STEP6;
#endif
#if STEPS > 7
            const numv s6 = y;
            y = STEP7;
#endif
#if STEPS > 8
            const numv s7 = y;
            y = STEP8;
#endif
#if STEPS > 9
            const numv s8 = y;
            y = STEP9;
#endif
#if STEPS > 10
            const numv s9 = y;
            y = STEP10;
#endif
#if STEPS > 11
            const numv s10 = y;
            y = STEP11;
#endif
#if STEPS > 12
            const numv s11 = y;
            y = STEP12;
#endif
#if STEPS > 13
            const numv s12 = y;
            y = STEP13;
#endif
#if STEPS > 14
            const numv s13 = y;
            y = STEP14;
#endif
#if STEPS > 15
            const numv s14 = y;
            y = STEP15;
#endif
            if (MODE_OUT == 0 && count >= LANES)
                PUTV(OUT)(y, to + c);
            else
                STORE(OUT)(y, to + c * s.step[NIN][0], s.step[NIN][0], count);
        }
        for (int d = 0; d < s.loops; ++d) {
            const long wrap = ++index[d] == s.dims[d] ? s.dims[d] : 0;
            for (int k = 0; k <= NIN; ++k)
                at[k] += s.step[k][d + 1] * (1 - wrap);
            if (!wrap)
                break;
            index[d] = 0;
        }
    }
}
