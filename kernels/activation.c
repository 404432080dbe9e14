#include "activation.h"

#include <math.h>

const char *const ar_activation_names[] = {
    "none", "relu", "leaky_relu", "sigmoid", "tanh", "gelu_erf", "gelu_tanh", "silu", "elu", "selu", "celu",
    "hard_sigmoid", "hard_swish", "softplus", "softsign", "mish", "thresholded_relu", "affine", "scaled_tanh",
    "clip", NULL,
};

const char *arete_activation_name(arete_activation activation) {
    const size_t count = sizeof ar_activation_names / sizeof ar_activation_names[0] - 1;
    return (size_t)activation < count ? ar_activation_names[activation] : "?";
}

static double sigmoid(double x) {
    return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x));
}

static double softplus(double x) {
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

/* x * factor, where the factor is 0 at -inf. */
static double gated(double x, double factor) {
    return isinf(x) && x < 0 ? 0 : x * factor;
}

static double between(double low, double x, double high) {
    return x < low ? low : x > high ? high : x;
}

double ar_activation_value(arete_activation activation, double alpha, double beta, double x) {
    switch (activation) {
    case ARETE_ACT_RELU:
        return x < 0 ? 0 : x;
    case ARETE_ACT_LEAKY_RELU:
        return x < 0 ? alpha * x : x;
    case ARETE_ACT_SIGMOID:
        return sigmoid(x);
    case ARETE_ACT_TANH:
        return tanh(x);
    case ARETE_ACT_GELU_ERF:
        return gated(x, 0.5 * erfc(-x / sqrt(2.0)));
    case ARETE_ACT_GELU_TANH: /* x/2 * (1 + tanh u) = x / (1 + exp(-2u)) */
        return gated(x, 1 / (1 + exp(-1.5957691216057307118 * (x + 0.044715 * x * x * x))));
    case ARETE_ACT_SILU:
        return gated(x, sigmoid(x));
    case ARETE_ACT_ELU:
        return x < 0 ? alpha * expm1(x) : x;
    case ARETE_ACT_SELU:
        return x > 0 ? beta * x : beta * alpha * expm1(x);
    case ARETE_ACT_CELU:
        return x < 0 ? alpha * expm1(x / alpha) : x;
    case ARETE_ACT_HARD_SIGMOID:
        return between(0, alpha * x + beta, 1);
    case ARETE_ACT_HARD_SWISH:
        return gated(x, between(0, x / 6 + 0.5, 1));
    case ARETE_ACT_SOFTPLUS:
        return softplus(x);
    case ARETE_ACT_SOFTSIGN:
        return isinf(x) ? copysign(1, x) : x / (1 + fabs(x));
    case ARETE_ACT_MISH:
        return gated(x, tanh(softplus(x)));
    case ARETE_ACT_THRESHOLDED_RELU:
        return x > alpha || isnan(x) ? x : 0;
    case ARETE_ACT_AFFINE:
        return alpha * x + beta;
    case ARETE_ACT_SCALED_TANH:
        return alpha * tanh(beta * x);
    case ARETE_ACT_CLIP:
        return between(alpha, x, beta);
    default:
        return x;
    }
}

double ar_activation_slope(arete_activation activation, double alpha, double beta) {
    switch (activation) {
    case ARETE_ACT_LEAKY_RELU:
    case ARETE_ACT_ELU:
        return fmax(1, fabs(alpha));
    case ARETE_ACT_SIGMOID:
        return 0.25;
    case ARETE_ACT_GELU_ERF:
    case ARETE_ACT_GELU_TANH:
        return 1.13;
    case ARETE_ACT_SILU:
    case ARETE_ACT_MISH:
        return 1.1;
    case ARETE_ACT_SELU:
        return fabs(beta) * fmax(1, fabs(alpha));
    case ARETE_ACT_HARD_SIGMOID:
    case ARETE_ACT_AFFINE:
        return fabs(alpha);
    case ARETE_ACT_HARD_SWISH:
        return 1.5;
    case ARETE_ACT_SCALED_TANH:
        return fabs(alpha * beta);
    default:
        return 1;
    }
}
