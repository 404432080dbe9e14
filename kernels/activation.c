#include "arete/activation.h"

const char *arete_activation_name(arete_activation activation) {
    static const char *const names[] = {"none",
                                        "relu",
                                        "leaky_relu",
                                        "sigmoid",
                                        "tanh",
                                        "gelu_erf",
                                        "gelu_tanh",
                                        "silu",
                                        "elu",
                                        "selu",
                                        "celu",
                                        "hard_sigmoid",
                                        "hard_swish",
                                        "softplus",
                                        "softsign",
                                        "mish",
                                        "thresholded_relu",
                                        "affine",
                                        "scaled_tanh",
                                        "clip"};
    return (unsigned)activation < sizeof names / sizeof names[0] ? names[activation] : "?";
}
