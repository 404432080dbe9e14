/* layers/steps.h: element-wise operations on numv, one function op_<name> each (op_<name>_m<mode> for other modes);
 * activations are act_<name> of device_math.h. A truth value is 1 or 0. */
#if CLASS == CLASS_BITS
#define op_identity(a) (a)
#else
#define op_identity(a) (a)
#define op_cast(a) (a)
#define TRUTH(condition) select((numv)(0), (numv)(1), condition)
#define UNARY(name, value) static inline numv op_##name(numv a) { return value; }
#define BINARY(name, value) static inline numv op_##name(numv a, numv b) { return value; }

UNARY(neg, -a)
UNARY(not, TRUTH(a == (num)0))
BINARY(add, a + b)
BINARY(sub, a - b)
BINARY(mul, a * b)
BINARY(prelu, select(a, a * b, a < (num)0))
BINARY(equal, TRUTH(a == b))
BINARY(less, TRUTH(a < b))
BINARY(less_equal, TRUTH(a <= b))
BINARY(greater, TRUTH(a > b))
BINARY(greater_equal, TRUTH(a >= b))
BINARY(and, TRUTH((a != (num)0) & (b != (num)0)))
BINARY(or, TRUTH((a != (num)0) | (b != (num)0)))
BINARY(xor, TRUTH((a != (num)0) ^ (b != (num)0)))
static inline numv op_where(numv a, numv b, numv c) { return select(c, b, a != (num)0); }

#if IS_REAL
UNARY(abs, fabs(a))
UNARY(exp, expv(a))
UNARY(log, log(a))
UNARY(sqrt, sqrt(a))
UNARY(reciprocal, (numv)(1) / a)
UNARY(sign, select(sign(a), a, isnan(a)))
UNARY(floor, floor(a))
UNARY(ceil, ceil(a))
UNARY(round, rint(a))
UNARY(sin, sin(a))
UNARY(cos, cos(a))
UNARY(tan, tan(a))
UNARY(asin, asin(a))
UNARY(acos, acos(a))
UNARY(atan, atan(a))
UNARY(sinh, sinh(a))
UNARY(cosh, cosh(a))
UNARY(asinh, asinh(a))
UNARY(acosh, acosh(a))
UNARY(atanh, atanh(a))
UNARY(erf, erf(a))
UNARY(is_nan, TRUTH(isnan(a)))
UNARY(is_inf, TRUTH(isinf(a)))
UNARY(is_inf_m1, TRUTH(isinf(a) & (a > (num)0)))
UNARY(is_inf_m2, TRUTH(isinf(a) & (a < (num)0)))
BINARY(div, a / b)
BINARY(min, select(b, a, (a < b) | isnan(a)))
BINARY(max, select(b, a, (a > b) | isnan(a)))
/* Lane by lane: of vectors of doubles, PoCL's fmod is wrong (4.3 by 2.1 gives 0.0125), and one lane of its pow that is
 * special (0 to the 0, as past the end of a row) spoils others. */
#define BY_LANE(name, function)                  \
    static inline numv op_##name(numv a, numv b) \
    {                                            \
        num x[LANES], y[LANES];                  \
        vstorel(a, 0, x);                        \
        vstorel(b, 0, y);                        \
        for (int i = 0; i < LANES; ++i)          \
            x[i] = function(x[i], y[i]);         \
        return vloadl(0, x);                     \
    }
BY_LANE(mod_m1, fmod)
#if CLASS == CLASS_F64
BY_LANE(pow, pow)
#else
BINARY(pow, pow(a, b))
#endif
static inline numv op_mod(numv a, numv b)
{
    numv r = op_mod_m1(a, b);
    return select(r, r + b, (r != (num)0) & ((r < (num)0) != (b < (num)0)));
}
static inline numv op_clip(numv a, numv low, numv high) { return op_min(op_max(a, low), high); }
static inline numv op_quantize(numv a, numv scale, numv zero) { return rint(a / scale) + zero; }
static inline numv op_dequantize(numv a, numv scale, numv zero) { return (a - zero) * scale; }
static inline numv op_batch_norm(numv a, numv scale, numv bias, numv mean, numv var, numv epsilon)
{
    return fma(a - mean, scale / sqrt(var + epsilon), bias);
}
#else
UNARY(abs, select(a, -a, a < (num)0))
UNARY(sign, TRUTH(a > (num)0) - TRUTH(a < (num)0))
UNARY(bit_not, ~a)
BINARY(min, select(b, a, a < b))
BINARY(max, select(b, a, a > b))
BINARY(bit_and, a & b)
BINARY(bit_or, a | b)
BINARY(bit_xor, a ^ b)
BINARY(shift_left, select(a << (b & (numv)(63)), (numv)(0), (b < (num)0) | (b > (num)63)))
BINARY(shift_right, select(a >> (b & (numv)(63)), (numv)(0), (b < (num)0) | (b > (num)63)))
/* Dividing by 0 and by -1 traps on some devices. */
static inline numv op_div(numv a, numv b)
{
    numv safe = select(b, (numv)(1), (b == (num)0) | (b == (num)-1));
    return select(select(a / safe, -a, b == (num)-1), (numv)(0), b == (num)0);
}
static inline numv op_mod_m1(numv a, numv b)
{
    numv safe = select(b, (numv)(1), (b == (num)0) | (b == (num)-1));
    return a - a / safe * safe;
}
static inline numv op_mod(numv a, numv b)
{
    numv r = op_mod_m1(a, b);
    return select(r, r + b, (r != (num)0) & ((r < (num)0) != (b < (num)0)));
}
static inline numv op_pow(numv a, numv b)
{
    numv result = (numv)(1), base = a, rest = select(b, (numv)(0), b < (num)0);
    for (int i = 0; i < 63; ++i) {
        result = select(result, result * base, (rest & (numv)(1)) != (num)0);
        base *= base;
        rest >>= (numv)(1);
    }
    numv odd = select((numv)(1), (numv)(-1), (b & (numv)(1)) != (num)0);
    numv below = select(select((numv)(0), odd, a == (num)-1), (numv)(1), a == (num)1);
    return select(result, below, b < (num)0);
}
#endif
#endif
