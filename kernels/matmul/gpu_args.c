/* A matmul problem as GPU-class kernels take it: build options, and where they apply. */
#include "gpu_args.h"

#include <stdio.h>

arete_dtype ar_matmul_gpu_sum(const matmul_problem *p) {
    if (p->type_a == ARETE_F64)
        return ARETE_F64;
    return ar_matmul_is_int8(p->type_a) && ar_matmul_is_int8(p->type_b) ? ARETE_I32 : ARETE_F32;
}

size_t ar_matmul_gpu_options(const matmul_problem *p, char *text, size_t bytes) {
    uint8_t cin = p->cin == MATMUL_CIN_APART ? p->type_cin : p->type_c;
    uint8_t bias = p->bias ? p->type_bias : p->type_a == ARETE_F64 ? ARETE_F64 : ARETE_F32;
    int length = snprintf(
        text, bytes,
        "-DVEC=4 -DREAL_F64=%d -DTYPE_A=%s -DTYPE_B=%s -DTYPE_C=%s -DTYPE_CIN=%s -DTYPE_BIAS=%s -DTRANS_A=%d "
        "-DTRANS_B=%d -DBETA=%d -DCIN_SPLAT=%d -DBIAS=%d -DACT=%d -DZERO_A=%d -DZERO_B=%d -DSCALE_A=%d -DSCALE_B=%d",
        p->type_a == ARETE_F64, arete_dtype_name(p->type_a), arete_dtype_name(p->type_b), arete_dtype_name(p->type_c),
        arete_dtype_name(cin), arete_dtype_name(bias), p->trans_a, p->trans_b, p->cin != MATMUL_CIN_NONE,
        p->cin_splat, p->bias,
        p->activation, p->a_zero, p->b_zero, p->a_scale, p->b_scale);
    return length < 0 ? 0 : (size_t)length;
}

bool ar_matmul_gpu_applies(const matmul_problem *p, const arete_device *device, const char **why) {
    if (device->info.kind == ARETE_DEVICE_REFERENCE) {
        *why = "the reference device runs no kernels";
        return false;
    }
    if (p->type_a == ARETE_F64 && !device->info.has_f64) {
        *why = "the device has no f64";
        return false;
    }
    if (p->m > INT32_MAX || p->n > INT32_MAX || p->k > INT32_MAX) {
        *why = "it takes M, N and K up to 2^31 - 1";
        return false;
    }
    return true;
}
