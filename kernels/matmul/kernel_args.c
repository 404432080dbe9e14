/* The argument block of args.h. */
#include "kernel_args.h"

static int64_t elements(const arete_tensor *t) {
    return t->dtype == ARETE_DTYPE_NONE ? 0 : (int64_t)(t->offset / arete_dtype_size(t->dtype));
}

void ar_matmul_kernel_args(const matmul_problem *p, const arete_matmul_args *args, int64_t outer,
                           matmul_kernel_args *into) {
    bool in_place = p->cin == MATMUL_CIN_IN_PLACE;
    const arete_tensor *cin = in_place ? &args->c : &args->cin;
    const int64_t *step_cin = in_place ? p->step_c : p->step_cin;
    *into = (matmul_kernel_args){
        .m = p->m, .n = p->n, .k = p->k, .lda = p->lda, .ldb = p->ldb, .ldc = p->ldc, .ldcin = in_place ? p->ldc : p->ldcin,
        .batch_inner = p->batch[2],
        .a_offset = elements(&args->a) + outer * p->step_a[0],
        .b_offset = elements(&args->b) + outer * p->step_b[0],
        .c_offset = elements(&args->c) + outer * p->step_c[0],
        .cin_offset = elements(cin) + outer * step_cin[0],
        .bias_offset = elements(&args->bias),
        .zero_a_offset = elements(&args->a_zero), .zero_b_offset = elements(&args->b_zero),
        .scale_a_offset = elements(&args->a_scale), .scale_b_offset = elements(&args->b_scale),
        .a_outer = p->step_a[1], .a_inner = p->step_a[2], .b_outer = p->step_b[1], .b_inner = p->step_b[2],
        .c_outer = p->step_c[1], .c_inner = p->step_c[2], .cin_outer = step_cin[1], .cin_inner = step_cin[2],
    };
}
