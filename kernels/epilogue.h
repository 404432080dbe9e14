/* epilogue.h: what happens to a finished sum on its way to memory, the same for every kernel.
 *
 *   C[m, n] = act(alpha * scale_a * scale_b * x + beta * Cin[m, n] + bias)
 *
 * Parameters
 *   TYPE_C    storage of C;  TYPE_CIN of Cin (default TYPE_C);  TYPE_BIAS of bias (default real's type)
 *   BETA      1: add beta * Cin; 0: Cin is never read
 *   CIN_SPLAT 1: Cin has one column for all, Cin[m]
 *   BIAS      0 none, 1 one per column [N], 2 one per row [M]
 *   ACT       one of the ACT_ numbers of device_math.h, whose alpha is `slope` and beta 0
 *   SCALE_A   0 none, 1 one f32 for all, 2 one per row;  SCALE_B likewise per column
 */
#ifndef TYPE_C
#define TYPE_C f32
#endif
#ifndef TYPE_CIN
#define TYPE_CIN TYPE_C
#endif
#ifndef TYPE_BIAS
#if REAL_F64
#define TYPE_BIAS f64
#else
#define TYPE_BIAS f32
#endif
#endif
#ifndef BETA
#define BETA 0
#endif
#ifndef CIN_SPLAT
#define CIN_SPLAT 0
#endif
#ifndef BIAS
#define BIAS 0
#endif
#ifndef SCALE_A
#define SCALE_A 0
#endif
#ifndef SCALE_B
#define SCALE_B 0
#endif
#if BIAS < 0 || BIAS > 2 || SCALE_A < 0 || SCALE_A > 2 || SCALE_B < 0 || SCALE_B > 2
#error "BIAS, SCALE_A and SCALE_B must be 0, 1 or 2"
#endif

#include "device_math.h"

static inline realv activate(realv x, real slope)
{
#if ACT == ACT_GELU_ERF && !REAL_F64
    return gelu_of_sumv(x);
#else
    return activatev(x, slope, (real)0);
#endif
}

typedef struct {
    __global STORAGE(TYPE_C) *c; /* of this matrix of the batch */
    __global const STORAGE(TYPE_CIN) *cin;
    __global const STORAGE(TYPE_BIAS) *bias;
    __global const float *scale_a;
    __global const float *scale_b;
    long ldc;
    long ldcin;
    real alpha;
    real beta;
    real slope;
} epilogue;

/* LANES values (the first `count` count) at p, without touching what lies behind. */
#define LOAD_PART(type, result, p, count)                                   \
    do {                                                                    \
        if ((count) >= LANES) {                                             \
            (result) = LOADV(type)(p);                                      \
        } else {                                                            \
            real part_[LANES];                                              \
            for (int i_ = 0; i_ < LANES; ++i_)                              \
                part_[i_] = i_ < (count) ? LOADS(type)((p) + i_) : (real)0; \
            (result) = vloadv(0, part_);                                    \
        }                                                                   \
    } while (0)

#define STORE_PART(type, x, p, count)           \
    do {                                        \
        if ((count) >= LANES) {                 \
            STOREV(type)(x, p);                 \
        } else {                                \
            real part_[LANES];                  \
            vstorev(x, 0, part_);               \
            for (int i_ = 0; i_ < (count); ++i_) \
                STORES(type)(part_[i_], (p) + i_); \
        }                                       \
    } while (0)

/* Finish and store the sums x of row m, columns n .. n + count - 1; count may exceed LANES (then LANES). */
static inline void epilogue_store(const epilogue *e, realv x, long m, long n, long count)
{
    real factor = e->alpha;
#if SCALE_A == 1
    factor *= e->scale_a[0];
#elif SCALE_A == 2
    factor *= e->scale_a[m];
#endif
#if SCALE_B == 1
    factor *= e->scale_b[0];
#endif
    x *= (realv)(factor);
#if SCALE_B == 2
    realv scale;
    LOAD_PART(f32, scale, e->scale_b + n, count);
    x *= scale;
#endif
#if BETA
    realv old;
#if CIN_SPLAT
    old = (realv)(LOADS(TYPE_CIN)(e->cin + m * e->ldcin));
#else
    LOAD_PART(TYPE_CIN, old, e->cin + m * e->ldcin + n, count);
#endif
    x = fma((realv)(e->beta), old, x);
#endif
#if BIAS == 1
    realv bias;
    LOAD_PART(TYPE_BIAS, bias, e->bias + n, count);
    x += bias;
#elif BIAS == 2
    x += (realv)(LOADS(TYPE_BIAS)(e->bias + m));
#endif
    x = activate(x, e->slope);
    __global STORAGE(TYPE_C) *c = e->c + m * e->ldc + n;
    STORE_PART(TYPE_C, x, c, count);
}
