/* Activation functions, by which families finish a result or which are layers of their own. */
#ifndef ARETE_ACTIVATION_H
#define ARETE_ACTIVATION_H

#include "arete/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * alpha and beta are the parameters of ONNX's operator of the name; a family's doc says which activations it fuses
 * and where the parameters stand. Only ever appended.
 */
typedef enum arete_activation {
    ARETE_ACT_NONE = 0,
    ARETE_ACT_RELU = 1,       /**< max(0, x) */
    ARETE_ACT_LEAKY_RELU = 2, /**< x < 0 ? alpha * x : x */
    ARETE_ACT_SIGMOID = 3,    /**< 1 / (1 + exp(-x)) */
    ARETE_ACT_TANH = 4,
    ARETE_ACT_GELU_ERF = 5,          /**< x/2 * (1 + erf(x / sqrt 2)) */
    ARETE_ACT_GELU_TANH = 6,         /**< x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))) */
    ARETE_ACT_SILU = 7,              /**< x * sigmoid(x) */
    ARETE_ACT_ELU = 8,               /**< x < 0 ? alpha * (exp(x) - 1) : x */
    ARETE_ACT_SELU = 9,              /**< x > 0 ? beta * x : beta * alpha * (exp(x) - 1) */
    ARETE_ACT_CELU = 10,             /**< max(0, x) + min(0, alpha * (exp(x / alpha) - 1)) */
    ARETE_ACT_HARD_SIGMOID = 11,     /**< max(0, min(1, alpha * x + beta)) */
    ARETE_ACT_HARD_SWISH = 12,       /**< x * max(0, min(1, x / 6 + 1/2)) */
    ARETE_ACT_SOFTPLUS = 13,         /**< log(1 + exp(x)) */
    ARETE_ACT_SOFTSIGN = 14,         /**< x / (1 + |x|) */
    ARETE_ACT_MISH = 15,             /**< x * tanh(softplus(x)) */
    ARETE_ACT_THRESHOLDED_RELU = 16, /**< x > alpha ? x : 0 */
    ARETE_ACT_AFFINE = 17,           /**< alpha * x + beta */
    ARETE_ACT_SCALED_TANH = 18,      /**< alpha * tanh(beta * x) */
    ARETE_ACT_CLIP = 19              /**< max(alpha, min(beta, x)); ReLU6 with 0 and 6 */
} arete_activation;

/** "none", "relu", ...; "?" for values that are none. Never NULL. */
ARETE_API const char *arete_activation_name(arete_activation activation);

#ifdef __cplusplus
}
#endif
#endif
