/* attention/cpu_softmax.h: what a softmax over vectors is made of, for CPU-class kernels. */
#include "transpose.h"

/* 2^x for x <= 0, or a little above; 0 from -127 on, also for -infinity; NaN stays. */
static inline realv exp2_neg(realv x)
{
    x = select(x, (realv)(-127.0f), x < (realv)(-127.0f));
    realv z = x + (realv)(12583039.0f); /* 1.5 * 2^23 + 127: the whole part + 127 in the lowest bits */
    realv r = x - (z - (realv)(12583039.0f));
    realv p = fma(r, (realv)(0.0013264727f), (realv)(0.009671513f));
    p = fma(p, r, (realv)(0.055507336f));
    p = fma(p, r, (realv)(0.24022242f));
    p = fma(p, r, (realv)(0.693147f));
    p = fma(p, r, (realv)(1.0f));
    return p * CAT2(as_float, LANES)(CAT2(as_int, LANES)(z) << 23);
}

/* softcap * tanh(x / softcap) * log2 e, by e^-2|x|. */
static inline realv cap(realv x, float softcap)
{
    realv a = fabs(x) * (1.0f / softcap);
    realv t = exp2_neg(a * (-2.0f * 1.44269504f));
    realv u = ((realv)(1.0f) - t) / ((realv)(1.0f) + t);
    realv v = a * a; /* small ones by their series */
    realv w = fma(v, fma(v, (realv)(-0.053968254f), (realv)(0.13333333f)), (realv)(-0.33333333f));
    w = a * fma(v, w, (realv)(1.0f));
    return copysign(select(u, w, a < (realv)(0.1f)), x) * (softcap * 1.44269504f);
}

/* Maximum of the columns, with what was before. NaN is passed over: it comes back with the sums. */
static inline void take_maximum(const realv *scores, long keys, realv *most)
{
    realv a = most[0];
    realv b = most[1];
    realv c = a;
    realv d = b;
    long j = 0;
    for (; j + 2 <= keys; j += 2) {
        realv s0 = scores[j * 2], s1 = scores[j * 2 + 1], s2 = scores[j * 2 + 2], s3 = scores[j * 2 + 3];
        a = select(a, s0, s0 > a);
        b = select(b, s1, s1 > b);
        c = select(c, s2, s2 > c);
        d = select(d, s3, s3 > d);
    }
    for (; j < keys; ++j) {
        realv s0 = scores[j * 2], s1 = scores[j * 2 + 1];
        a = select(a, s0, s0 > a);
        b = select(b, s1, s1 > b);
    }
    most[0] = select(a, c, c > a);
    most[1] = select(b, d, d > b);
}

/* Scores become weights 2^(score - base); their sums down the columns. */
static inline void take_weights(realv *scores, long keys, const realv *base, realv *sums)
{
    const realv m0 = base[0], m1 = base[1];
    realv a = (realv)(0), b = (realv)(0), c = (realv)(0), d = (realv)(0);
    long j = 0;
    for (; j + 2 <= keys; j += 2) {
        realv p0 = exp2_neg(scores[j * 2] - m0), p1 = exp2_neg(scores[j * 2 + 1] - m1);
        realv p2 = exp2_neg(scores[j * 2 + 2] - m0), p3 = exp2_neg(scores[j * 2 + 3] - m1);
        scores[j * 2] = p0;
        scores[j * 2 + 1] = p1;
        scores[j * 2 + 2] = p2;
        scores[j * 2 + 3] = p3;
        a += p0;
        b += p1;
        c += p2;
        d += p3;
    }
    for (; j < keys; ++j) {
        realv p0 = exp2_neg(scores[j * 2] - m0), p1 = exp2_neg(scores[j * 2 + 1] - m1);
        scores[j * 2] = p0;
        scores[j * 2 + 1] = p1;
        a += p0;
        b += p1;
    }
    sums[0] = a + c;
    sums[1] = b + d;
}
