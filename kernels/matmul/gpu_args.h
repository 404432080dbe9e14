/* What the GPU-class solvers of matmul share: a problem and its operands as kernels/matmul/args.h takes them. */
#ifndef AR_MATMUL_GPU_ARGS_H
#define AR_MATMUL_GPU_ARGS_H

#include "problem.h"

/* matmul_args of args.h, field by field. */
typedef struct gpu_matmul_args {
    int64_t m, n, k;
    int64_t lda, ldb, ldc, ldcin;
    int64_t batch_inner;
    int64_t a_offset, b_offset, c_offset, cin_offset, bias_offset;
    int64_t zero_a_offset, zero_b_offset, scale_a_offset, scale_b_offset;
    int64_t a_outer, a_inner, b_outer, b_inner, c_outer, c_inner, cin_outer, cin_inner;
    int64_t mc, nc, kc;
} gpu_matmul_args;

/* The build options that a problem alone decides, for kernels that include epilogue.h and args.h. Returns the length,
 * less than bytes. */
size_t ar_matmul_gpu_options(const matmul_problem *problem, char *text, size_t bytes);

/* Everything but mc, nc, kc, for the matrices at index outer of batch level 0. */
void ar_matmul_gpu_fill(const matmul_problem *problem, const arete_matmul_args *args, int64_t outer,
                        gpu_matmul_args *into);

/* Whether GPU-class kernels can take the problem on this device at all. */
bool ar_matmul_gpu_applies(const matmul_problem *problem, const arete_device *device, const char **why);

/* Whether GPU-class solvers are chosen here unasked: on anything but CPUs. */
static inline bool ar_matmul_gpu_home(const arete_device *device) {
    return device->info.kind == ARETE_DEVICE_GPU || device->info.kind == ARETE_DEVICE_ACCELERATOR;
}

/* The type that accumulates: ARETE_F32, ARETE_F64 or ARETE_I32. */
arete_dtype ar_matmul_gpu_sum(const matmul_problem *problem);

/* One scalar in the kernel's `real`. */
static inline ar_arg ar_matmul_gpu_real(const matmul_problem *problem, double value) {
    return problem->type_a == ARETE_F64 ? AR_F64(value) : AR_F32((float)value);
}

/* The buffer that Cin is read from; NULL when it is not read. */
static inline arete_buffer *ar_matmul_gpu_cin(const matmul_problem *problem, const arete_matmul_args *args) {
    if (problem->cin == MATMUL_CIN_NONE)
        return NULL;
    return problem->cin == MATMUL_CIN_IN_PLACE ? args->c.buffer : args->cin.buffer;
}

#endif
