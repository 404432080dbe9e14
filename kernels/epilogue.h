/* epilogue.h: what happens to a finished sum on its way to memory, the same for every kernel.
 *
 *   C[m, n] = act(alpha * scale_a * scale_b * x + beta * Cin[m, n] + bias)
 *
 * Parameters
 *   TYPE_C    storage of C;  TYPE_CIN of Cin (default TYPE_C);  TYPE_BIAS of bias (default real's type)
 *   BETA      1: add beta * Cin; 0: Cin is never read
 *   CIN_SPLAT 1: Cin has one column for all, Cin[m]
 *   BIAS      0 none, 1 one per column [N], 2 one per row [M]
 *   ACT       one of the ACT_ numbers below
 *   SCALE_A   0 none, 1 one f32 for all, 2 one per row;  SCALE_B likewise per column
 *
 * Activations hold to a few ulp of f32 (f64: of the built-in functions), saturate for large |x|, and keep
 * NaN. expv() is a degree-6 polynomial after reduction by ln 2 in two parts; erfc is exp(-t^2) times a
 * polynomial for its smooth factor, with the rounding error of t^2 carried along.
 */
#define ACT_NONE 0
#define ACT_RELU 1
#define ACT_LEAKY_RELU 2
#define ACT_SIGMOID 3
#define ACT_TANH 4
#define ACT_GELU_ERF 5
#define ACT_GELU_TANH 6
#define ACT_SILU 7

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
#ifndef ACT
#define ACT ACT_NONE
#endif
#ifndef SCALE_A
#define SCALE_A 0
#endif
#ifndef SCALE_B
#define SCALE_B 0
#endif
#if ACT < 0 || ACT > ACT_SILU
#error "ACT must be 0..7"
#endif
#if BIAS < 0 || BIAS > 2 || SCALE_A < 0 || SCALE_A > 2 || SCALE_B < 0 || SCALE_B > 2
#error "BIAS, SCALE_A and SCALE_B must be 0, 1 or 2"
#endif

#if ACT >= ACT_SIGMOID
#if REAL_F64
static inline realv expv(realv x) { return exp(x); }
static inline realv tanhv(realv x) { return tanh(x); }
#else
/* e^x. |x| beyond 104 is cut off first: the result is 0 or infinity by then. NaN passes every select. */
static inline realv expv(realv x)
{
    realv y = select(x, (realv)(104.0f), x > 104.0f);
    y = select(y, (realv)(-104.0f), x < -104.0f);
    realv n = rint(y * 1.44269504f);
    realv r = fma(n, (realv)(-0.693145752f), y);
    r = fma(n, (realv)(-1.42860677e-6f), r);
    realv p = fma(r, (realv)(1.38888889e-3f), (realv)(8.33333333e-3f));
    p = fma(p, r, (realv)(4.16666667e-2f));
    p = fma(p, r, (realv)(1.66666667e-1f));
    p = fma(p, r, (realv)(0.5f));
    p = fma(p, r, (realv)(1.0f));
    p = fma(p, r, (realv)(1.0f));
    /* 2^n in two factors, so that neither overflows before the product does; a NaN n is only cut off. */
    maskv whole = convert_maskv(select(n, (realv)(0.0f), isnan(n)));
    maskv half_of = whole >> 1;
    realv scale_0 = CAT2(as_float, LANES)((half_of + 127) << 23);
    realv scale_1 = CAT2(as_float, LANES)((whole - half_of + 127) << 23);
    return p * scale_0 * scale_1;
}

static inline realv tanhv(realv x)
{
    realv z = x * x;
    realv p = fma(z, (realv)(-5.70498872745e-3f), (realv)(2.06390887954e-2f));
    p = fma(p, z, (realv)(-5.37397155531e-2f));
    p = fma(p, z, (realv)(1.33314422036e-1f));
    p = fma(p, z, (realv)(-3.33332819422e-1f));
    realv small = fma(p * z, x, x);
    realv large = copysign((realv)(1.0f) - (realv)(2.0f) / (expv(2.0f * fabs(x)) + 1.0f), x);
    return select(small, large, fabs(x) >= 0.625f);
}
#endif

/* 1 / (1 + e^-x) by e^-|x|, which cannot overflow and keeps the small values on the left. */
static inline realv sigmoidv(realv x)
{
    realv e = expv(-fabs(x));
    realv s = (realv)(1) / (e + (real)1);
    return select(s, s * e, x < (real)0);
}
#endif

#if ACT == ACT_GELU_ERF
/* x * Phi(x) = x * erfc(-x / sqrt 2) / 2 */
static inline realv gelu_erfv(realv x)
{
#if REAL_F64
    return (realv)(0.5) * x * erfc(x * -0.70710678118654752);
#else
    realv t = select(fabs(x), (realv)(16.0f), fabs(x) > 16.0f);
    realv square = 0.5f * t * t;
    realv error = fma(0.5f * t, t, -square);
    t *= 0.707106781f;
    realv q = (t - 4.0f) / (t + 4.0f);
    realv p = fma(q, (realv)(-6.325814826e-4f), (realv)(-1.100644738e-3f));
    p = fma(p, q, (realv)(5.092426333e-3f));
    p = fma(p, q, (realv)(-1.600214497e-2f));
    p = fma(p, q, (realv)(3.721348332e-2f));
    p = fma(p, q, (realv)(-6.636484686e-2f));
    p = fma(p, q, (realv)(9.372012013e-2f));
    p = fma(p, q, (realv)(-1.010367009e-1f));
    p = fma(p, q, (realv)(6.809806492e-2f));
    p = fma(p, q, (realv)(1.537959379e-2f));
    p = fma(p, q, (realv)(-1.396211374e-1f));
    p = fma(p, q, (realv)(1.232995119f));
    realv e = expv(-square);
    realv tail = 0.5f * (p / fma((realv)(2.0f), t, (realv)(1.0f))) * fma(-e, error, e);
    realv phi = select((realv)(1.0f) - tail, tail, x < 0.0f);
    return select(x, (realv)(-16.0f), x < -16.0f) * phi;
#endif
}
#endif

static inline realv activate(realv x, real slope)
{
#if ACT == ACT_RELU
    return select(x, (realv)(0), x < (real)0);
#elif ACT == ACT_LEAKY_RELU
    return select(x, x * slope, x < (real)0);
#elif ACT == ACT_SIGMOID
    return sigmoidv(x);
#elif ACT == ACT_TANH
    return tanhv(x);
#elif ACT == ACT_GELU_ERF
    return gelu_erfv(x);
#elif ACT == ACT_GELU_TANH
    realv y = select(x, (realv)(-32), x < (real)-32); /* the factor is 0 there; -inf * 0 would be NaN */
    realv u = (real)1.5957691216057308 * y * fma(y * y, (realv)(0.044715), (realv)(1));
    return y * sigmoidv(u);
#elif ACT == ACT_SILU
    realv y = select(x, (realv)(-200), x < (real)-200);
    return y * sigmoidv(y);
#else
    return x;
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
