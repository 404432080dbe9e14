/* spread.cl: the second half of a transposed convolution whose products are there already: each output gathers its own.
 *
 *   products [m][tap][q]: of output channel m and tap r with the input at position q (solver_spread.c)
 *   y[m, o] = finish(sum over taps r with (o - pad + r*dilation) = q * up, 0 <= q < in of products[m][r'][q])
 *
 * in the gather's form of args.h, where r' counts as W lies (FLIP). A work-item makes one output; neighbours take
 * neighbouring positions. For one image and group: n and g are arguments;
 * the products begin at element number first.
 * Group any number x 1; global (positions of an output plane, rounded up; channels of a group). No local memory.
 * Precision: a sum of at most taps / up products' sums in f32. Limit: memory, products read once.
 */
#include "conv/args.h"
#include "conv/finish.h"

#ifndef STEP0
#define STEP0 1 /* along each axis: taps from one that an output meets to the next: up / gcd(up, dilation) */
#endif
#ifndef STEP1
#define STEP1 1
#endif
#ifndef STEP2
#define STEP2 1
#endif

/* The first tap that output o meets along an axis, in or out of the input; taps if none. *q: the input. */
static inline int spread_first(const conv_args *s, int axis, int o, int step, int *q)
{
    const int up = (int)s->up[axis];
    for (int r = 0; r < step; ++r) {
        const int u = o - (int)s->pad[axis] + r * (int)s->dilation[axis];
        if (u % up == 0) {
            *q = u / up;
            return r;
        }
    }
    *q = 0;
    return (int)s->taps[axis];
}

__kernel void conv_spread(conv_args s, float alpha, float beta, __global const STORAGE(TYPE_X) *x,
                          __global const STORAGE(TYPE_W) *w, __global const STORAGE(TYPE_BIAS) *bias,
                          __global const STORAGE(TYPE_R) *residual, __global STORAGE(TYPE_Y) *y,
                          __global const float *x_scale, __global const STORAGE(TYPE_X) *x_zero,
                          __global const float *w_scale, __global const STORAGE(TYPE_W) *w_zero,
                          __global const float *y_scale, __global const STORAGE(TYPE_Y) *y_zero,
                          __global const float *products, const long first, const long n, const long g)
{
    const conv_sides sides = {bias, residual, y, x_scale, w_scale, y_scale, y_zero, alpha, beta};
    const long point = (long)get_global_id(0), m = (long)get_global_id(1);
    const long taps = s.taps[0] * s.taps[1] * s.taps[2], inputs = s.in[0] * s.in[1] * s.in[2];
    if (m >= s.group_m || point >= s.out[0] * s.out[1] * s.out[2])
        return;
    const int at = (int)point, width = (int)s.out[2], height = (int)s.out[1];
    const int more0 = STEP0 * (int)s.dilation[0] / (int)s.up[0], more1 = STEP1 * (int)s.dilation[1] / (int)s.up[1];
    const int more2 = STEP2 * (int)s.dilation[2] / (int)s.up[2];
    int first0, first1, first2;
    const int r0 = spread_first(&s, 0, at / width / height, STEP0, &first0);
    const int r1 = spread_first(&s, 1, at / width % height, STEP1, &first1);
    const int r2 = spread_first(&s, 2, at % width, STEP2, &first2);
    products += first + m * taps * inputs;
    float sum = 0;
    for (int a = r0, q0 = first0; a < (int)s.taps[0]; a += STEP0, q0 += more0) {
        for (int b = r1, q1 = first1; b < (int)s.taps[1]; b += STEP1, q1 += more1) {
            for (int c = r2, q2 = first2; c < (int)s.taps[2]; c += STEP2, q2 += more2) {
                const int tap = (a * (int)s.taps[1] + b) * (int)s.taps[2] + c;
                const int q = (q0 * (int)s.in[1] + q1) * (int)s.in[2] + q2;
                if (min(q0, min(q1, q2)) >= 0 && q0 < (int)s.in[0] && q1 < (int)s.in[1] && q2 < (int)s.in[2])
                    sum += products[(FLIP ? taps - 1 - tap : tap) * inputs + q];
            }
        }
    }
    conv_finish(&s, &sides, sum, n, g * s.group_m + m, point);
}
