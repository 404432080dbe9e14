/* Options, arguments and launches of the CPU-class kernels. */
#include <stdio.h>
#include <string.h>

#include "cpu_common.h"

typedef struct option {
    const char *name;
    int value;
} option;

size_t ar_matmul_cpu_options(const matmul_problem *p, const arete_device *device, bool trans_b, char *text,
                             size_t bytes) {
    bool f64 = p->type_a == ARETE_F64;
    uint8_t cin = p->cin == MATMUL_CIN_APART ? p->type_cin : p->type_c;
    uint8_t bias = p->bias ? p->type_bias : f64 ? ARETE_F64 : ARETE_F32;
    size_t at =
        (size_t)snprintf(text, bytes, "-DVEC=%d -DTYPE_A=%s -DTYPE_B=%s -DTYPE_C=%s", (int)ar_matmul_vec(device),
                         arete_dtype_name((arete_dtype)p->type_a), arete_dtype_name((arete_dtype)p->type_b),
                         arete_dtype_name((arete_dtype)p->type_c));
    if (cin != p->type_c)
        at += (size_t)snprintf(text + at, bytes - at, " -DTYPE_CIN=%s", arete_dtype_name((arete_dtype)cin));
    if (bias != (f64 ? ARETE_F64 : ARETE_F32))
        at += (size_t)snprintf(text + at, bytes - at, " -DTYPE_BIAS=%s", arete_dtype_name((arete_dtype)bias));
    const option options[] = {
        {"REAL_F64", f64},           {"TRANS_A", p->trans_a},
        {"TRANS_B", trans_b},        {"BETA", p->cin != MATMUL_CIN_NONE},
        {"CIN_SPLAT", p->cin_splat}, {"BIAS", p->bias},
        {"ACT", p->activation},      {"ZERO_A", p->a_zero},
        {"ZERO_B", p->b_zero},       {"SCALE_A", p->a_scale},
        {"SCALE_B", p->b_scale},
    };
    for (size_t i = 0; i < sizeof options / sizeof options[0]; ++i) {
        if (options[i].value)
            at += (size_t)snprintf(text + at, bytes - at, " -D%s=%d", options[i].name, options[i].value);
    }
    return at;
}

bool ar_matmul_cpu_applies(const matmul_problem *p, const arete_device *device, const char **why) {
    *why = "the reference device runs no kernels";
    if (device->info.kind == ARETE_DEVICE_REFERENCE)
        return false;
    *why = "it has one work-item in a group, and the device runs many in step";
    if (ar_runs_in_step(device))
        return false;
    *why = "the device has no f64";
    if (p->type_a == ARETE_F64 && !device->info.has_f64)
        return false;
    *why = "two batch levels together pass 2^31 matrices";
    return p->batch[1] == 0 || p->batch[2] <= INT32_MAX / p->batch[1];
}

/* For the matrices at index z of batch level 0: packed B lies by its own steps. */
static void fill(const matmul_problem *p, const arete_matmul_args *args, const cpu_launch *launch, int64_t z,
                 matmul_kernel_args *into) {
    ar_matmul_kernel_args(p, args, z, into);
    if (launch->packed) {
        const int64_t *step_b = launch->packed->steps;
        into->b_offset = z * step_b[0];
        into->b_outer = step_b[1];
        into->b_inner = step_b[2];
    }
    into->mc = launch->mc;
    into->nc = launch->nc;
    into->kc = launch->kc;
}

static arete_status launch_one(const matmul_problem *p, arete_queue *queue, const arete_matmul_args *args,
                               const cpu_launch *l, int64_t z, arete_wait_list after, arete_event **done) {
    matmul_kernel_args block;
    fill(p, args, l, z, &block);
    const ar_arg list[] = {
        AR_STRUCT(block),
        ar_matmul_real(p, p->alpha),
        ar_matmul_real(p, p->beta),
        ar_matmul_real(p, (double)p->slope),
        AR_BUFFER(args->a.buffer),
        AR_BUFFER(l->packed ? l->b_buffer : args->b.buffer),
        AR_BUFFER(ar_matmul_cin_buffer(p, args)),
        AR_BUFFER(p->bias ? args->bias.buffer : NULL),
        AR_BUFFER(args->c.buffer),
        AR_BUFFER(p->a_zero ? args->a_zero.buffer : NULL),
        AR_BUFFER(p->b_zero ? args->b_zero.buffer : NULL),
        AR_BUFFER(p->a_scale ? args->a_scale.buffer : NULL),
        AR_BUFFER(p->b_scale ? args->b_scale.buffer : NULL),
        AR_BUFFER(l->work),
    };
    const ar_launch launch = {
        .kernel = l->kernel,
        .dims = 3,
        .global = {l->global[0], l->global[1], (size_t)(p->batch[1] * p->batch[2])},
        .local = {1, 1, 1},
        .args = list,
        .arg_count = (uint32_t)(sizeof list / sizeof list[0]) - (l->has_work ? 0 : 1),
    };
    return ar_launch_run(queue, &launch, after, done);
}

arete_status ar_matmul_cpu_run(const arete_plan *plan, arete_queue *queue, const arete_matmul_args *args,
                               const cpu_launch *first, const cpu_launch *last, arete_wait_list after,
                               arete_event **done) {
    const matmul_problem *p = ar_plan_problem(plan);
    arete_status status = ARETE_OK;
    for (int64_t z = 0; z < p->batch[0] && status == ARETE_OK; ++z) {
        arete_event **event = z + 1 == p->batch[0] ? done : NULL;
        status = launch_one(p, queue, args, first, z, after, last ? NULL : event);
        if (status == ARETE_OK && last)
            status = launch_one(p, queue, args, last, z, ARETE_WAIT_NONE, event);
        after = ARETE_WAIT_NONE; /* the queue is in order */
    }
    return status;
}
