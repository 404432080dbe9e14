/* conv/cpu_finish.h: the way out of a sum in the CPU-class convolution kernels.
 *
 * Needs args.h; packed weights are always f32. y and residual must have positions at stride 1, or with Y_LAST
 * channels.
 *
 * Parameters
 *   X_LAST, Y_LAST     1: channels are contiguous (NHWC); 0: positions are (NCHW). Y_LAST is of residual too.
 */
#ifndef X_LAST
#define X_LAST 0
#endif
#ifndef Y_LAST
#define Y_LAST 0
#endif
#define TYPE_C TYPE_Y
#include "epilogue.h"
#include "transpose.h"

/* Where the sums of one group of one image go; channels count within the group. */
typedef struct {
    __global STORAGE(TYPE_Y) *y;
    __global const STORAGE(TYPE_R) *r;
    __global const STORAGE(TYPE_BIAS) *bias;
    long y_channel, y_point, r_channel, r_point;
    real alpha, beta; /* of the activation */
#if INT_SUM
    __global const float *w_scale;
    real scale, y_scale, y_zero; /* scale: x's, and w's where it is one for all */
#endif
} conv_way_out;

static inline conv_way_out way_out(const conv_args *s, long image, long group, real alpha,
                                   real beta, __global STORAGE(TYPE_Y) *y, __global const STORAGE(TYPE_R) *r,
                                   __global const STORAGE(TYPE_BIAS) *bias)
{
    conv_way_out w;
    w.y = y + s->y_offset + image * s->y_image + group * s->group_m * s->y_channel;
    w.r = r;
#if HAS_RESIDUAL
    w.r = r + s->r_offset + image * s->r_image + group * s->group_m * s->r_channel;
#endif
    w.bias = bias;
#if HAS_BIAS
    w.bias = bias + s->bias_offset + group * s->group_m;
#endif
    w.y_channel = s->y_channel;
    w.y_point = s->y_point;
    w.r_channel = s->r_channel;
    w.r_point = s->r_point;
    w.alpha = alpha;
    w.beta = beta;
    return w;
}

/* The first count lanes to and from memory. */
#define STORE_COUNT(type) CAT2(store_count_, type)
#define LOAD_COUNT(type) CAT2(load_count_, type)
#define STORE_COUNT_BY_PARTS(type)                                                      \
    static inline void STORE_COUNT(type)(realv x, __global STORAGE(type) *p, int count) \
    {                                                                                   \
        STORE_PART(type, x, p, count);                                                  \
    }
#define LOAD_COUNT_BY_PARTS(type)                                                       \
    static inline realv LOAD_COUNT(type)(__global const STORAGE(type) *p, int count)    \
    {                                                                                   \
        realv x;                                                                        \
        LOAD_PART(type, x, p, count);                                                   \
        return x;                                                                       \
    }

/* f32 by pieces of half the width each, when count is known to the compiler. */
#if defined(__clang__) && !REAL_F64
#if LANES == 16
typedef float8 near_float8 __attribute__((aligned(4)));
#endif
#if LANES >= 8
typedef float4 near_float4 __attribute__((aligned(4)));
#endif
typedef float2 near_float2 __attribute__((aligned(4)));

static inline void store_count_f32(realv x, __global float *p, int count)
{
    if (count >= LANES) {
        STORE_NEAR(__global, realv, x, p);
        return;
    }
#if LANES == 16
    const float8 x8 = count & 8 ? x.hi : x.lo;
    if (count & 8)
        *(__global near_float8 *)p = x.lo;
    p += count & 8;
#elif LANES == 8
    const float8 x8 = x;
#endif
#if LANES >= 8
    const float4 x4 = count & 4 ? x8.hi : x8.lo;
    if (count & 4)
        *(__global near_float4 *)p = x8.lo;
    p += count & 4;
#else
    const float4 x4 = x;
#endif
    if (count & 2)
        *(__global near_float2 *)p = x4.lo;
    if (count & 1)
        p[count & 2] = count & 2 ? x4.s2 : x4.s0;
}

static inline realv load_count_f32(__global const float *p, int count)
{
    realv x = (realv)(0);
    if (count >= LANES)
        return LOAD_NEAR(__global const, realv, p);
    int at = 0;
    float part[LANES] __attribute__((aligned(64)));
    vstorev(x, 0, part);
#if LANES == 16
    if (count & 8) {
        *(float8 *)part = *(__global const near_float8 *)p;
        at = 8;
    }
#endif
#if LANES >= 8
    if (count & 4) {
        *(float4 *)(part + at) = *(__global const near_float4 *)(p + at);
        at += 4;
    }
#endif
    if (count & 2) {
        *(float2 *)(part + at) = *(__global const near_float2 *)(p + at);
        at += 2;
    }
    if (count & 1)
        part[at] = p[at];
    return vloadv(0, part);
}
#else
STORE_COUNT_BY_PARTS(f32)
LOAD_COUNT_BY_PARTS(f32)
#endif
STORE_COUNT_BY_PARTS(f16)
LOAD_COUNT_BY_PARTS(f16)
STORE_COUNT_BY_PARTS(bf16)
LOAD_COUNT_BY_PARTS(bf16)
STORE_COUNT_BY_PARTS(i8)
STORE_COUNT_BY_PARTS(u8)
LOAD_COUNT_BY_PARTS(i32)

#if INT_SUM && CODE(TYPE_Y) == CODE_i32
/* Sums of int are their own bits: what comes out is exact, and nothing is done to it. */
static inline void finish_positions(const conv_way_out *o, realv x, long m, long position, int count)
{
    __global int *to = o->y + m * o->y_channel + position;
    int part[LANES];
    vstorev(CAT2(as_int, LANES)(x), 0, part);
    for (int i = 0; i < count; ++i)
        to[i] = part[i];
}

static inline void finish_channels(const conv_way_out *o, realv x, long m, long position, int count)
{
    __global int *to = o->y + position * o->y_point + m;
    int part[LANES];
    vstorev(CAT2(as_int, LANES)(x), 0, part);
    for (int i = 0; i < count; ++i)
        to[i] = part[i];
}
#else
/* What a sum becomes, up to the bias; scale: of each lane, with int8. */
static inline realv scaled(realv x, realv scale, realv bias)
{
#if INT_SUM
    x = convert_realv(CAT2(as_int, LANES)(x)) * scale;
#if CODE(TYPE_BIAS) == CODE_i32
    return fma(bias, scale, x);
#endif
#endif
    return x + bias;
}

/* The last steps, the same for every lane. */
static inline realv settled(const conv_way_out *o, realv x)
{
    x = activatev(x, o->alpha, o->beta);
#if Y_SCALE
    x /= (realv)(o->y_scale);
#endif
#if Y_ZERO
    x = rint(x) + (realv)(o->y_zero);
#endif
    return x;
}

/* Lanes are count positions of output channel m, the first one at position. Needs y_point == 1. */
static inline void finish_positions(const conv_way_out *o, realv x, long m, long position, int count)
{
    real bias = 0;
    real scale = 1;
#if HAS_BIAS
    bias = LOADS(TYPE_BIAS)(o->bias + m);
#endif
#if INT_SUM
    scale = o->scale;
#if W_SCALE == 2
    scale *= o->w_scale[m];
#endif
#endif
#if HAS_BIAS || INT_SUM
    x = scaled(x, (realv)(scale), (realv)(bias));
#endif
#if HAS_RESIDUAL
    x += LOAD_COUNT(TYPE_R)(o->r + m * o->r_channel + position, count);
#endif
    STORE_COUNT(TYPE_Y)(settled(o, x), o->y + m * o->y_channel + position, count);
}

/* Lanes are count output channels from m on, at one position. Needs y_channel == 1. */
static inline void finish_channels(const conv_way_out *o, realv x, long m, long position, int count)
{
    realv bias = (realv)(0);
    realv scale = (realv)(1);
#if HAS_BIAS
    bias = LOAD_COUNT(TYPE_BIAS)(o->bias + m, count);
#endif
#if INT_SUM
    scale = (realv)(o->scale);
#if W_SCALE == 2
    scale *= LOAD_COUNT(f32)(o->w_scale + m, count);
#endif
#endif
#if HAS_BIAS || INT_SUM
    x = scaled(x, scale, bias);
#endif
#if HAS_RESIDUAL
    x += LOAD_COUNT(TYPE_R)(o->r + position * o->r_point + m, count);
#endif
    STORE_COUNT(TYPE_Y)(settled(o, x), o->y + position * o->y_point + m, count);
}
#endif
