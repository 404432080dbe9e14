/* spread.cl: the second half of a transposed convolution whose products are there already: each output gathers its own.
 *
 *   products [m][tap][q]: of output channel m and tap r with the input at position q (solver_spread.c)
 *   y[m, o] = finish(sum over taps r with (o - pad + r*dilation) = q * up, 0 <= q < in of products[m][r'][q])
 *
 * in the gather's form of args.h, where r' counts as W lies (FLIP). A work-item makes one output; neighbours take
 * neighbouring positions. For one image and group: n and g are arguments;
 * the products begin at element number first.
 * Group SPREAD_GROUP x 1; global (positions of an output plane, rounded up; channels of a group). No local memory.
 * Precision: a sum of at most taps / up products' sums in f32. Limit: memory, products read once.
 */
#include "conv/args.h"
#include "conv/finish.h"

/* Input position of tap r along an axis, or -1. */
static inline long spread_input(const conv_args *s, int axis, long o, long r)
{
    const long u = o - s->pad[axis] + r * s->dilation[axis];
    if (u < 0 || u % s->up[axis] != 0)
        return -1;
    return u / s->up[axis] < s->in[axis] ? u / s->up[axis] : -1;
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
    const long o2 = point % s.out[2], o1 = point / s.out[2] % s.out[1], o0 = point / s.out[2] / s.out[1];
    products += first + m * taps * inputs;
    float sum = 0;
    for (long r0 = 0; r0 < s.taps[0]; ++r0) {
        const long q0 = spread_input(&s, 0, o0, r0);
        for (long r1 = 0; r1 < s.taps[1] && q0 >= 0; ++r1) {
            const long q1 = spread_input(&s, 1, o1, r1);
            for (long r2 = 0; r2 < s.taps[2] && q1 >= 0; ++r2) {
                const long q2 = spread_input(&s, 2, o2, r2);
                const long tap = (r0 * s.taps[1] + r1) * s.taps[2] + r2;
                if (q2 >= 0)
                    sum += products[(FLIP ? taps - 1 - tap : tap) * inputs + (q0 * s.in[1] + q1) * s.in[2] + q2];
            }
        }
    }
    conv_finish(&s, &sides, sum, n, g * s.group_m + m, point);
}
