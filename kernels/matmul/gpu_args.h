/* What the GPU-class solvers of matmul share: options, and where they apply. */
#ifndef AR_MATMUL_GPU_ARGS_H
#define AR_MATMUL_GPU_ARGS_H

#include "kernel_args.h"

/* The build options that a problem alone decides, for kernels that include epilogue.h and args.h. Returns the length,
 * less than bytes. */
size_t ar_matmul_gpu_options(const matmul_problem *problem, char *text, size_t bytes);

/* Whether GPU-class kernels can take the problem on this device at all. */
bool ar_matmul_gpu_applies(const matmul_problem *problem, const arete_device *device, const char **why);

/* Whether GPU-class solvers are chosen here unasked: on anything but CPUs. */
static inline bool ar_matmul_gpu_home(const arete_device *device) {
    return device->info.kind == ARETE_DEVICE_GPU || device->info.kind == ARETE_DEVICE_ACCELERATOR;
}

/* The type that accumulates: ARETE_F32, ARETE_F64 or ARETE_I32. */
arete_dtype ar_matmul_gpu_sum(const matmul_problem *problem);

#endif
