/* plain.cl: any convolution, one output a work-item: the floor that every other solver stands on.
 *
 *   y[n, m, o] = finish(sum over c, r of x[n, c, (o*stride - pad + r*dilation) / up] * w[m, c, r])
 *
 * Group any number x 1 x 1; global (positions of an output plane, rounded up; M; N). Work-items beside each other
 * take positions beside each other (NHWC: channels, with the first two dimensions of the range exchanged).
 * Registers: a handful; no local memory. Precision: fma in f32, in the order taps then channels; int8 in int.
 * Limit: the loads, two for each product. Nothing outside of the operands is read.
 */
#include "conv/args.h"
#include "conv/finish.h"

#ifndef CHANNELS_FIRST
#define CHANNELS_FIRST 0 /* 1: neighbouring work-items take neighbouring channels */
#endif

#if INT_SUM
#define PRODUCT(x, w, sum) ((int)(x) * (int)(w) + (sum))
#define FETCH(type, p) ((int)*(p))
typedef int term;
#else
#define PRODUCT(x, w, sum) fma(x, w, sum)
#define FETCH(type, p) LOADS(type)(p)
typedef float term;
#endif

/* Input position of tap r, or -1. */
static inline long plain_input(const conv_args *s, int axis, long o, long r)
{
    long u = o * s->stride[axis] - s->pad[axis] + r * s->dilation[axis];
    if (u < 0 || u % s->up[axis] != 0)
        return -1;
    u /= s->up[axis];
    return u < s->in[axis] ? u : -1;
}

__kernel void conv_plain(conv_args s, float alpha, float beta, __global const STORAGE(TYPE_X) *x,
                         __global const STORAGE(TYPE_W) *w, __global const STORAGE(TYPE_BIAS) *bias,
                         __global const STORAGE(TYPE_R) *residual, __global STORAGE(TYPE_Y) *y,
                         __global const float *x_scale, __global const STORAGE(TYPE_X) *x_zero,
                         __global const float *w_scale, __global const STORAGE(TYPE_W) *w_zero,
                         __global const float *y_scale, __global const STORAGE(TYPE_Y) *y_zero)
{
    const conv_sides sides = {bias, residual, y, x_scale, w_scale, y_scale, y_zero, alpha, beta};
#if CHANNELS_FIRST
    const long m = (long)get_global_id(0), point = (long)get_global_id(1);
#else
    const long point = (long)get_global_id(0), m = (long)get_global_id(1);
#endif
    const long n = (long)get_global_id(2);
    if (m >= s.m || point >= s.out[0] * s.out[1] * s.out[2])
        return;
    const long g = m / s.group_m, taps = s.taps[0] * s.taps[1] * s.taps[2];
    const long o2 = point % s.out[2], o1 = point / s.out[2] % s.out[1], o0 = point / s.out[2] / s.out[1];
    x += s.x_offset + n * s.x_image + g * s.group_c * s.x_channel;
    w += s.w_offset + g * s.w_group + m % s.group_m * s.w_out;
    term zero_x = 0, zero_w = 0;
#if X_ZERO
    zero_x = x_zero[s.x_zero_offset];
#endif
#if W_ZERO
    zero_w = w_zero[s.w_zero_offset + (W_ZERO == 2 ? m : 0)];
#endif
    conv_sum sum = 0;
    for (long r0 = 0; r0 < s.taps[0]; ++r0) {
        const long i0 = plain_input(&s, 0, o0, r0);
        for (long r1 = 0; r1 < s.taps[1] && i0 >= 0; ++r1) {
            const long i1 = plain_input(&s, 1, o1, r1);
            for (long r2 = 0; r2 < s.taps[2] && i1 >= 0; ++r2) {
                const long i2 = plain_input(&s, 2, o2, r2);
                const long tap = (r0 * s.taps[1] + r1) * s.taps[2] + r2;
                __global const STORAGE(TYPE_X) *from = x + ((i0 * s.in[1] + i1) * s.in[2] + i2) * s.x_point;
                __global const STORAGE(TYPE_W) *by = w + (FLIP ? taps - 1 - tap : tap) * s.w_tap;
                for (long c = 0; c < s.group_c && i2 >= 0; ++c) {
                    sum = PRODUCT(FETCH(TYPE_X, from) - zero_x, FETCH(TYPE_W, by) - zero_w, sum);
                    from += s.x_channel;
                    by += s.w_in;
                }
            }
        }
    }
    conv_finish(&s, &sides, sum, n, m, point);
}
