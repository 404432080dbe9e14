/* device_math.h: functions of vectors of reals, and the activations, the same in every kernel.
 *
 *   expv(x) tanhv(x) sigmoidv(x) gelu_erfv(x) log1pv(x) expm1v(x), and act_<name>(x, alpha, beta)
 *   activatev(x, alpha, beta)   the activation of number ACT
 *
 * Parameters
 *   ACT       one of the ACT_ numbers below (arete_activation's), default ACT_NONE
 *
 * They hold to a few ulp of f32 (f64: of the built-in functions), saturate for large |x|, and keep NaN. expv() is a
 * degree-6 polynomial (interpolated at Chebyshev's nodes, 0.2 eps) after reduction by ln 2 in two parts; erfc is
 * exp(-t^2) times a polynomial for its smooth factor, with the rounding error of t^2 carried along.
 */
#define ACT_NONE 0
#define ACT_RELU 1
#define ACT_LEAKY_RELU 2
#define ACT_SIGMOID 3
#define ACT_TANH 4
#define ACT_GELU_ERF 5
#define ACT_GELU_TANH 6
#define ACT_SILU 7
#define ACT_ELU 8
#define ACT_SELU 9
#define ACT_CELU 10
#define ACT_HARD_SIGMOID 11
#define ACT_HARD_SWISH 12
#define ACT_SOFTPLUS 13
#define ACT_SOFTSIGN 14
#define ACT_MISH 15
#define ACT_THRESHOLDED_RELU 16
#define ACT_AFFINE 17
#define ACT_SCALED_TANH 18
#define ACT_CLIP 19

#ifndef ACT
#define ACT ACT_NONE
#endif
#if ACT < 0 || ACT > ACT_CLIP
#error "ACT must be 0..19"
#endif

#if REAL_F64
static inline realv expv(realv x) { return exp(x); }
static inline realv tanhv(realv x) { return tanh(x); }
static inline realv expm1v(realv x) { return expm1(x); }
static inline realv log1pv(realv x) { return log1p(x); }
#else
/* x * scale to the nearest whole number, |x * scale| < 2^21: by adding so much that no bits behind the point are left.
 * rint() is 15 instructions on PoCL. *bits: the whole number plus WHOLE_BITS; anything for a NaN, which stays. */
#define WHOLE_BITS 0x4b400000 /* of 1.5 * 2^23 */
static inline realv wholev(realv x, real scale, maskv *bits)
{
    realv shifted = fma(x, (realv)(scale), (realv)(12582912.0f));
    *bits = CAT2(as_int, LANES)(shifted);
    return shifted - 12582912.0f;
}

/* e^x. |x| beyond 104 is cut off first: the result is 0 or infinity by then. NaN passes every select. */
static inline realv expv(realv x)
{
    maskv whole;
    realv y = select(x, (realv)(104.0f), x > 104.0f);
    y = select(y, (realv)(-104.0f), y < -104.0f);
    realv n = wholev(y, 1.44269504f, &whole);
    realv r = fma(n, (realv)(-0.693145752f), y);
    r = fma(n, (realv)(-1.42860677e-6f), r);
    realv p = fma(r, (realv)(1.39261922e-3f), (realv)(8.36318638e-3f));
    p = fma(p, r, (realv)(4.16665561e-2f));
    p = fma(p, r, (realv)(1.66665763e-1f));
    p = fma(p, r, (realv)(0.5f));
    p = fma(p, r, (realv)(1.0f));
    p = fma(p, r, (realv)(1.0f));
    /* 2^n in two factors, so that neither overflows before the product does. */
    whole -= WHOLE_BITS;
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

/* e^x - 1: where e^x is near 1, the series, whose next term is below an ulp. */
static inline realv expm1v(realv x)
{
    realv p = fma(x, (realv)(1.98412698e-4f), (realv)(1.38888889e-3f));
    p = fma(p, x, (realv)(8.33333333e-3f));
    p = fma(p, x, (realv)(4.16666667e-2f));
    p = fma(p, x, (realv)(1.66666667e-1f));
    p = fma(p, x, (realv)(0.5f));
    return select(expv(x) - 1.0f, fma(x * x, p, x), fabs(x) < 0.5f);
}

/* log(1 + x) of x >= 0: the logarithm of u = 1 + x rounded, corrected by what the rounding lost. */
static inline realv log1pv(realv x)
{
    realv u = x + 1.0f;
    realv lost = x - (u - 1.0f);
    realv y = log(u) + lost / u;
    return select(y, x, x < 5.9604645e-8f || isinf(x));
}
#endif

/* 1 / (1 + e^-x) by e^-|x|, which cannot overflow and keeps the small values on the left. */
static inline realv sigmoidv(realv x)
{
    realv e = expv(-fabs(x));
    realv s = (realv)(1) / (e + (real)1);
    return select(s, s * e, x < (real)0);
}

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

#if !REAL_F64
/* The same of a finished sum, whose own rounding error is larger than 4 eps of |x|: right to that, where gelu_erfv()
 * is right to a few ulp of its result, with a third of the work. Phi(x) = 1/2 + x P(x^2) / Q(x^2) on |x| <= 5.5,
 * fitted for the least largest error of Phi (0.4 eps; 3.4 eps of |x| with all rounding); beyond, Phi is 0 or 1 to
 * 0.4 eps. */
static inline realv gelu_of_sumv(realv x)
{
    realv y = select(x, (realv)(5.5f), x > 5.5f);
    y = select(y, (realv)(-5.5f), y < -5.5f);
    realv u = y * y;
    realv p = fma(u, (realv)(1.11756951e-10f), (realv)(-2.20823253e-8f));
    p = fma(p, u, (realv)(3.2410835e-6f));
    p = fma(p, u, (realv)(1.70376181e-4f));
    p = fma(p, u, (realv)(4.50917939e-3f));
    p = fma(p, u, (realv)(3.59224491e-2f));
    p = fma(p, u, (realv)(3.98942143e-1f));
    realv q = fma(u, (realv)(6.23272208e-5f), (realv)(1.8306569e-3f));
    q = fma(q, u, (realv)(2.9091632e-2f));
    q = fma(q, u, (realv)(2.56708801e-1f));
    q = fma(q, u, (realv)(1.0f));
    realv phi = y * p / q + 0.5f;
    return select(x * phi, (realv)(0.0f), x < -5.5f);
}
#endif

static inline realv log_1_exp(realv x) /* softplus */
{
    return select((realv)(0), x, x > (real)0 || isnan(x)) + log1pv(expv(-fabs(x)));
}

/* x, but so far from -infinity that a product with a factor that vanishes there is 0. */
static inline realv not_below(realv x, real least)
{
    return select(x, (realv)(least), x < least);
}

static inline realv betweenv(realv low, realv x, realv high)
{
    realv y = select(x, low, x < low);
    return select(y, high, y > high);
}

static inline realv act_none(realv x, realv alpha, realv beta) { return x; }
static inline realv act_relu(realv x, realv alpha, realv beta) { return select(x, (realv)(0), x < (real)0); }
static inline realv act_leaky_relu(realv x, realv alpha, realv beta) { return select(x, x * alpha, x < (real)0); }
static inline realv act_sigmoid(realv x, realv alpha, realv beta) { return sigmoidv(x); }
static inline realv act_tanh(realv x, realv alpha, realv beta) { return tanhv(x); }
static inline realv act_gelu_erf(realv x, realv alpha, realv beta) { return gelu_erfv(x); }
static inline realv act_gelu_tanh(realv x, realv alpha, realv beta)
{
    realv y = not_below(x, (real)-32);
    realv u = (real)1.5957691216057308 * y * fma(y * y, (realv)(0.044715), (realv)(1));
    return y * sigmoidv(u);
}
static inline realv act_silu(realv x, realv alpha, realv beta)
{
    realv y = not_below(x, (real)-200);
    return y * sigmoidv(y);
}
static inline realv act_elu(realv x, realv alpha, realv beta) { return select(x, alpha * expm1v(x), x < (real)0); }
static inline realv act_selu(realv x, realv alpha, realv beta)
{
    return select(beta * x, beta * alpha * expm1v(x), x <= (real)0);
}
static inline realv act_celu(realv x, realv alpha, realv beta)
{
    return select(x, alpha * expm1v(x / alpha), x < (real)0);
}
static inline realv act_hard_sigmoid(realv x, realv alpha, realv beta)
{
    return betweenv((realv)(0), fma(alpha, x, beta), (realv)(1));
}
static inline realv act_hard_swish(realv x, realv alpha, realv beta)
{
    realv y = not_below(x, (real)-200);
    return y * betweenv((realv)(0), fma(y, (realv)(1) / (realv)(6), (realv)(0.5)), (realv)(1));
}
static inline realv act_softplus(realv x, realv alpha, realv beta) { return log_1_exp(x); }
static inline realv act_softsign(realv x, realv alpha, realv beta)
{
    return select(x / (fabs(x) + (real)1), copysign((realv)(1), x), isinf(x));
}
/* tanh(log(1 + e)) = n / (n + 2), n = e (e + 2) */
static inline realv act_mish(realv x, realv alpha, realv beta)
{
    realv y = not_below(x, (real)-200);
    realv e = expv(select(y, (realv)(30), y > (real)30));
    realv n = e * (e + (real)2);
    return y * (n / (n + (real)2));
}
static inline realv act_thresholded_relu(realv x, realv alpha, realv beta)
{
    return select(x, (realv)(0), x <= alpha);
}
static inline realv act_affine(realv x, realv alpha, realv beta) { return fma(alpha, x, beta); }
static inline realv act_scaled_tanh(realv x, realv alpha, realv beta) { return alpha * tanhv(beta * x); }
static inline realv act_clip(realv x, realv alpha, realv beta) { return betweenv(alpha, x, beta); }

static inline realv activatev(realv x, real alpha, real beta)
{
    const realv a = (realv)(alpha), b = (realv)(beta);
#if ACT == ACT_RELU
    return act_relu(x, a, b);
#elif ACT == ACT_LEAKY_RELU
    return act_leaky_relu(x, a, b);
#elif ACT == ACT_SIGMOID
    return act_sigmoid(x, a, b);
#elif ACT == ACT_TANH
    return act_tanh(x, a, b);
#elif ACT == ACT_GELU_ERF
    return act_gelu_erf(x, a, b);
#elif ACT == ACT_GELU_TANH
    return act_gelu_tanh(x, a, b);
#elif ACT == ACT_SILU
    return act_silu(x, a, b);
#elif ACT == ACT_ELU
    return act_elu(x, a, b);
#elif ACT == ACT_SELU
    return act_selu(x, a, b);
#elif ACT == ACT_CELU
    return act_celu(x, a, b);
#elif ACT == ACT_HARD_SIGMOID
    return act_hard_sigmoid(x, a, b);
#elif ACT == ACT_HARD_SWISH
    return act_hard_swish(x, a, b);
#elif ACT == ACT_SOFTPLUS
    return act_softplus(x, a, b);
#elif ACT == ACT_SOFTSIGN
    return act_softsign(x, a, b);
#elif ACT == ACT_MISH
    return act_mish(x, a, b);
#elif ACT == ACT_THRESHOLDED_RELU
    return act_thresholded_relu(x, a, b);
#elif ACT == ACT_AFFINE
    return act_affine(x, a, b);
#elif ACT == ACT_SCALED_TANH
    return act_scaled_tanh(x, a, b);
#elif ACT == ACT_CLIP
    return act_clip(x, a, b);
#else
    return x;
#endif
}
