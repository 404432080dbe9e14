/* conv/finish.h: a finished sum on its way to memory, one element at a time.
 *
 *   y = act(scale * sum + bias + residual), and for Y of i8, u8: saturate(round_even(y / y_scale) + y_zero)
 *
 * Needs args.h; activations are device_math.h's.
 */
#include "device_math.h"

#if INT_SUM
typedef int conv_sum;
#else
typedef float conv_sum;
#endif

/* The side operands of the common argument list. */
typedef struct {
    __global const STORAGE(TYPE_BIAS) *bias;
    __global const STORAGE(TYPE_R) *residual;
    __global STORAGE(TYPE_Y) *y;
    __global const float *x_scale;
    __global const float *w_scale;
    __global const float *y_scale;
    __global const STORAGE(TYPE_Y) *y_zero;
    float alpha, beta; /* of the activation */
} conv_sides;

/* Element (n, m) at position `point` of the output. */
static inline void conv_finish(const conv_args *s, const conv_sides *sides, conv_sum sum, long n, long m, long point)
{
    __global STORAGE(TYPE_Y) *y = sides->y + s->y_offset + n * s->y_image + m * s->y_channel + point * s->y_point;
#if CODE(TYPE_Y) == CODE_i32
    *y = sum;
#else
    real x = (real)sum;
    real scale = 1;
#if X_SCALE
    scale *= sides->x_scale[s->x_scale_offset];
#endif
#if W_SCALE == 1
    scale *= sides->w_scale[s->w_scale_offset];
#elif W_SCALE == 2
    scale *= sides->w_scale[s->w_scale_offset + m];
#endif
#if X_SCALE || W_SCALE
    x *= scale;
#endif
#if HAS_BIAS && CODE(TYPE_BIAS) == CODE_i32
    x = fma((real)sides->bias[s->bias_offset + m], scale, x);
#elif HAS_BIAS
    x += LOADS(TYPE_BIAS)(sides->bias + s->bias_offset + m);
#endif
#if HAS_RESIDUAL
    x += LOADS(TYPE_R)(sides->residual + s->r_offset + n * s->r_image + m * s->r_channel + point * s->r_point);
#endif
#if ACT
    x = activatev((realv)(x), sides->alpha, sides->beta).x;
#endif
#if Y_SCALE
    x /= sides->y_scale[s->y_scale_offset];
#endif
#if Y_ZERO
    x = rint(x) + (real)sides->y_zero[s->y_zero_offset];
#endif
    STORES(TYPE_Y)(x, y);
#endif
}
