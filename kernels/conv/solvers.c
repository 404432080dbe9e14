/* The solvers of convolution, in the order they are asked; of equal estimates the first wins. */
#include "solver_cpu.h"

const ar_solver *const ar_conv_solvers[] = {
    &ar_conv_cpu_direct,
    &ar_conv_cpu_implicit,
    &ar_conv_cpu_depthwise,
    &ar_conv_winograd,
    &ar_conv_pointwise,
    &ar_conv_spread,
    &ar_conv_gpu_implicit,
    &ar_conv_plain,
    &ar_conv_reference,
    NULL,
};

const conv_packer ar_conv_packers[] = {
    {&ar_conv_cpu_direct, ar_conv_cpu_pack},
    {&ar_conv_cpu_implicit, ar_conv_cpu_pack},
    {&ar_conv_winograd, ar_conv_cpu_pack},
    {&ar_conv_pointwise, ar_conv_pack_matmul},
    {&ar_conv_gpu_implicit, ar_conv_pack_gpu},
    {NULL, NULL},
};
