#include "values.h"

#include <math.h>

#include "activation.h"

static double mod(const layer_step *step, double a, double b) {
    double r = fmod(a, b);
    if (!step->mode && r != 0 && (r < 0) != (b < 0))
        r += b;
    return r;
}

static double smaller(double a, double b) {
    return isnan(a) || a < b ? a : b;
}

static double larger(double a, double b) {
    return isnan(a) || a > b ? a : b;
}

static double of_one(const layer_step *step, double x) {
    switch ((arete_layer_op)step->op) {
    case ARETE_LAYER_ABS: return fabs(x);
    case ARETE_LAYER_NEG: return -x;
    case ARETE_LAYER_EXP: return exp(x);
    case ARETE_LAYER_LOG: return log(x);
    case ARETE_LAYER_SQRT: return sqrt(x);
    case ARETE_LAYER_RECIPROCAL: return 1 / x;
    case ARETE_LAYER_SIGN: return isnan(x) ? x : (double)((x > 0) - (x < 0));
    case ARETE_LAYER_FLOOR: return floor(x);
    case ARETE_LAYER_CEIL: return ceil(x);
    case ARETE_LAYER_ROUND: return rint(x);
    case ARETE_LAYER_NOT: return x == 0;
    case ARETE_LAYER_SIN: return sin(x);
    case ARETE_LAYER_COS: return cos(x);
    case ARETE_LAYER_TAN: return tan(x);
    case ARETE_LAYER_ASIN: return asin(x);
    case ARETE_LAYER_ACOS: return acos(x);
    case ARETE_LAYER_ATAN: return atan(x);
    case ARETE_LAYER_SINH: return sinh(x);
    case ARETE_LAYER_COSH: return cosh(x);
    case ARETE_LAYER_ASINH: return asinh(x);
    case ARETE_LAYER_ACOSH: return acosh(x);
    case ARETE_LAYER_ATANH: return atanh(x);
    case ARETE_LAYER_ERF: return erf(x);
    case ARETE_LAYER_IS_NAN: return isnan(x) != 0;
    case ARETE_LAYER_IS_INF: return isinf(x) && (step->mode == 0 || (step->mode == 1) == (x > 0));
    case ARETE_LAYER_IDENTITY:
    case ARETE_LAYER_CAST: return x;
    case ARETE_LAYER_ACTIVATION:
        return ar_activation_value((arete_activation)step->activation, (double)step->alpha, (double)step->beta, x);
    case ARETE_LAYER_CLIP: return smaller(larger(x, (double)step->alpha), (double)step->beta);
    default: return NAN;
    }
}

static double of_more(const layer_step *step, const double *x) {
    double a = x[0], b = x[1];
    switch ((arete_layer_op)step->op) {
    case ARETE_LAYER_ADD: return a + b;
    case ARETE_LAYER_SUB: return a - b;
    case ARETE_LAYER_MUL: return a * b;
    case ARETE_LAYER_DIV: return a / b;
    case ARETE_LAYER_POW: return pow(a, b);
    case ARETE_LAYER_MIN: return smaller(a, b);
    case ARETE_LAYER_MAX: return larger(a, b);
    case ARETE_LAYER_MOD: return mod(step, a, b);
    case ARETE_LAYER_PRELU: return a < 0 ? a * b : a;
    case ARETE_LAYER_EQUAL: return a == b;
    case ARETE_LAYER_LESS: return a < b;
    case ARETE_LAYER_LESS_EQUAL: return a <= b;
    case ARETE_LAYER_GREATER: return a > b;
    case ARETE_LAYER_GREATER_EQUAL: return a >= b;
    case ARETE_LAYER_AND: return a != 0 && b != 0;
    case ARETE_LAYER_OR: return a != 0 || b != 0;
    case ARETE_LAYER_XOR: return (a != 0) != (b != 0);
    case ARETE_LAYER_WHERE: return a != 0 ? b : x[2];
    case ARETE_LAYER_QUANTIZE: return rint(a / b) + (step->arity > 2 ? x[2] : 0);
    case ARETE_LAYER_DEQUANTIZE: return (a - (step->arity > 2 ? x[2] : 0)) * b;
    case ARETE_LAYER_BATCH_NORM: return (a - x[3]) / sqrt(x[4] + (double)step->alpha) * b + x[2];
    default: return NAN;
    }
}

double ar_layer_value(const layer_step *step, const double *x) {
    return step->arity < 2 ? of_one(step, x[0]) : of_more(step, x);
}

/* Arithmetic that wraps, which signed integers of C do not. */
static int64_t wrap(uint64_t x) {
    return (int64_t)x;
}

static int64_t quotient(int64_t a, int64_t b) {
    return b == 0 ? 0 : b == -1 ? wrap(0 - (uint64_t)a) : a / b;
}

static int64_t remainder_of(const layer_step *step, int64_t a, int64_t b) {
    int64_t r = b == 0 || b == -1 ? 0 : a % b;
    return !step->mode && r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

static int64_t power(int64_t a, int64_t b) {
    uint64_t result = 1, base = (uint64_t)a;
    if (b < 0)
        return a == 1 ? 1 : a == -1 ? (b & 1 ? -1 : 1) : 0;
    for (uint64_t rest = (uint64_t)b; rest; rest >>= 1) {
        result *= rest & 1 ? base : 1;
        base *= base;
    }
    return wrap(result);
}

static int64_t whole_of_one(const layer_step *step, int64_t x) {
    switch ((arete_layer_op)step->op) {
    case ARETE_LAYER_ABS: return x < 0 ? wrap(0 - (uint64_t)x) : x;
    case ARETE_LAYER_NEG: return wrap(0 - (uint64_t)x);
    case ARETE_LAYER_SIGN: return (x > 0) - (x < 0);
    case ARETE_LAYER_NOT: return x == 0;
    case ARETE_LAYER_BIT_NOT: return ~x;
    case ARETE_LAYER_IDENTITY:
    case ARETE_LAYER_CAST: return x;
    default: return 0;
    }
}

int64_t ar_layer_whole(const layer_step *step, const int64_t *x) {
    if (step->arity < 2)
        return whole_of_one(step, x[0]);
    int64_t a = x[0], b = x[1];
    switch ((arete_layer_op)step->op) {
    case ARETE_LAYER_ADD: return wrap((uint64_t)a + (uint64_t)b);
    case ARETE_LAYER_SUB: return wrap((uint64_t)a - (uint64_t)b);
    case ARETE_LAYER_MUL: return wrap((uint64_t)a * (uint64_t)b);
    case ARETE_LAYER_DIV: return quotient(a, b);
    case ARETE_LAYER_POW: return power(a, b);
    case ARETE_LAYER_MIN: return a < b ? a : b;
    case ARETE_LAYER_MAX: return a > b ? a : b;
    case ARETE_LAYER_MOD: return remainder_of(step, a, b);
    case ARETE_LAYER_PRELU: return a < 0 ? wrap((uint64_t)a * (uint64_t)b) : a;
    case ARETE_LAYER_EQUAL: return a == b;
    case ARETE_LAYER_LESS: return a < b;
    case ARETE_LAYER_LESS_EQUAL: return a <= b;
    case ARETE_LAYER_GREATER: return a > b;
    case ARETE_LAYER_GREATER_EQUAL: return a >= b;
    case ARETE_LAYER_AND: return a != 0 && b != 0;
    case ARETE_LAYER_OR: return a != 0 || b != 0;
    case ARETE_LAYER_XOR: return (a != 0) != (b != 0);
    case ARETE_LAYER_BIT_AND: return a & b;
    case ARETE_LAYER_BIT_OR: return a | b;
    case ARETE_LAYER_BIT_XOR: return a ^ b;
    case ARETE_LAYER_SHIFT_LEFT: return b < 0 || b > 63 ? 0 : wrap((uint64_t)a << b);
    case ARETE_LAYER_SHIFT_RIGHT: return b < 0 || b > 63 ? 0 : a >> b;
    case ARETE_LAYER_WHERE: return a ? b : x[2];
    default: return 0;
    }
}
