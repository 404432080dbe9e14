/* A problem and its operands as the kernels take them (args.h): one block for all of them, CPU and GPU class. */
#ifndef AR_MATMUL_KERNEL_ARGS_H
#define AR_MATMUL_KERNEL_ARGS_H

#include "problem.h"

/* matmul_args of args.h, field by field. */
typedef struct matmul_kernel_args {
    int64_t m, n, k;
    int64_t lda, ldb, ldc, ldcin;
    int64_t batch_inner;
    int64_t a_offset, b_offset, c_offset, cin_offset, bias_offset;
    int64_t zero_a_offset, zero_b_offset, scale_a_offset, scale_b_offset;
    int64_t a_outer, a_inner, b_outer, b_inner, c_outer, c_inner, cin_outer, cin_inner;
    int64_t mc, nc, kc;
} matmul_kernel_args;

/* Everything but mc, nc, kc, for the matrices at index outer of batch level 0. */
void ar_matmul_kernel_args(const matmul_problem *problem, const arete_matmul_args *args, int64_t outer,
                           matmul_kernel_args *into);

/* One scalar in the kernel's `real`. */
static inline ar_arg ar_matmul_real(const matmul_problem *problem, double value) {
    return problem->type_a == ARETE_F64 ? AR_F64(value) : AR_F32((float)value);
}

/* The buffer that Cin is read from; NULL when it is not read. */
static inline arete_buffer *ar_matmul_cin_buffer(const matmul_problem *problem, const arete_matmul_args *args) {
    if (problem->cin == MATMUL_CIN_NONE)
        return NULL;
    return problem->cin == MATMUL_CIN_IN_PLACE ? args->c.buffer : args->cin.buffer;
}

#endif
