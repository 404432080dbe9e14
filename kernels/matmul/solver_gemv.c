/* gemv: up to 8 rows or columns against one matrix that is streamed once (gemv.cl). Bound by memory. */
#include <math.h>
#include <stdio.h>

#include "cpu_common.h"
#include "sources.h"

enum { BLOCK, SLICE }; /* outputs of a group; steps of K of a group, 0: all */
static const char *const param_names[] = {"block", "slice", NULL};

enum { MAX_VECTORS = 8, FORM_ROWS = 0, FORM_AXPY = 1, FORM_PANELS = 2 };

/* How the kernel sees the problem. */
typedef struct shape {
    int side; /* 0: the matrix is B, 1: it is A */
    int form;
    int64_t vectors; /* rows of A or columns of B */
    int64_t outputs; /* the matrix's other dimension */
    bool trans_b;
} shape;

static shape shape_of(const matmul_problem *p) {
    bool right = p->m <= MAX_VECTORS && (p->n > MAX_VECTORS || p->n >= p->m || p->prepack);
    if (right)
        return (shape){0, p->prepack ? FORM_PANELS : p->trans_b ? FORM_ROWS : FORM_AXPY, p->m, p->n, p->trans_b};
    /* One column whose values follow each other is as well one row of B transposed, which is read by vectors. */
    return (shape){1, p->trans_a ? FORM_AXPY : FORM_ROWS, p->n, p->m, p->trans_b || (p->n == 1 && p->ldb == 1)};
}

static bool applies(const void *problem, const arete_device *device, const char **why) {
    const matmul_problem *p = problem;
    *why = "M and N are both above 8";
    if (p->m > MAX_VECTORS && p->n > MAX_VECTORS)
        return false;
    *why = "it does not multiply int8 by int8";
    if (ar_matmul_is_int8(p->type_a) && ar_matmul_is_int8(p->type_b))
        return false;
    *why = "B packed ahead needs M of at most 8";
    if (p->prepack && p->m > MAX_VECTORS)
        return false;
    matmul_packed packed;
    *why = "packed B would not fit 64 bits";
    if (p->prepack && !ar_matmul_packed_layout(p, device, &packed))
        return false;
    return ar_matmul_cpu_applies(p, device, why);
}

static int64_t unit_of(const matmul_problem *p, const arete_device *device, const shape *s) {
    (void)device;
    return s->form == FORM_PANELS ? ar_matmul_panel(p, device) : 16; /* outputs of a cache line at least */
}

/* Rows and panels are streams of their own, so small blocks even the units out; axpy reads a block's width of each
 * row of the matrix, so its blocks are wide. With too few outputs for all units, K is split. */
static void guess(const void *problem, const arete_device *device, ar_params *params) {
    const matmul_problem *p = problem;
    shape s = shape_of(p);
    int64_t units = device->info.compute_units ? device->info.compute_units : 1, unit = unit_of(p, device, &s);
    int64_t groups = (s.form == FORM_AXPY ? 4 : 8) * units;
    int64_t pieces = ar_matmul_ceil(s.outputs > 0 ? s.outputs : 1, unit);
    int64_t each = ar_matmul_ceil(pieces, groups);
    double bytes = (double)(s.side ? p->bytes_a : p->bytes_b);
    if (s.form == FORM_PANELS && bytes > 8e6)
        each = 1;
    if (s.form == FORM_ROWS && each > 16)
        each = 16;
    int64_t blocks = ar_matmul_ceil(pieces, each), batch = p->batch[1] * p->batch[2], slice = 0;
    if (blocks * batch < 2 * units && p->k >= 8192) {
        int64_t slices = ar_matmul_ceil(4 * units, blocks * batch > 0 ? blocks * batch : 1);
        slices = slices < p->k / 4096 ? slices : p->k / 4096;
        slice = ar_matmul_ceil(ar_matmul_ceil(p->k, slices), 64) * 64;
        if (slice >= p->k)
            slice = 0;
    }
    *params = (ar_params){{each * unit, slice}};
}

static bool accepts(const void *problem, const arete_device *device, const ar_params *params, const char **why) {
    const matmul_problem *p = problem;
    shape s = shape_of(p);
    int64_t unit = unit_of(p, device, &s);
    *why = "block must be a multiple of 16, of two vectors with packed B";
    if (params->value[BLOCK] < unit || params->value[BLOCK] % unit != 0 || params->value[BLOCK] > (int64_t)1 << 40)
        return false;
    *why = "slice must be 0 or a multiple of 64 that cuts K into at most 256";
    int64_t slice = params->value[SLICE];
    return slice == 0 || (slice > 0 && slice % 64 == 0 && ar_matmul_ceil(p->k, slice) <= 256);
}

static bool candidate(const void *problem, const arete_device *device, size_t index, ar_params *params) {
    static const int64_t blocks[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512}, slices[] = {1, 2, 4, 8, 16};
    const matmul_problem *p = problem;
    shape s = shape_of(p);
    int64_t unit = unit_of(p, device, &s);
    for (size_t i = 0; i < sizeof slices / sizeof slices[0]; ++i) {
        if (i > 0 && p->k / slices[i] < 1024)
            break;
        for (size_t b = 0; b < sizeof blocks / sizeof blocks[0]; ++b) {
            if (b > 0 && blocks[b - 1] * unit >= s.outputs)
                break;
            int64_t slice = slices[i] == 1 ? 0 : ar_matmul_ceil(ar_matmul_ceil(p->k, slices[i]), 64) * 64;
            *params = (ar_params){{blocks[b] * unit, slice}};
            if (index-- == 0)
                return true;
        }
    }
    return false;
}

static int64_t slices_of(const matmul_problem *p, const ar_params *params) {
    return params->value[SLICE] > 0 && p->k > params->value[SLICE] ? ar_matmul_ceil(p->k, params->value[SLICE]) : 1;
}

/* 93% of the bandwidth; half the peak, as each element of the matrix is used for few sums. With packed panels and four
 * vectors the loop is cpu_packed's of four rows: then all of the peak, but not below 8 MB of weights, where cpu_packed's
 * is faster (4x512x512: 48 against 60 us; 4x4608x1536: 1.11 against 0.91 ms; Zen 4). What narrow types cost to convert
 * is hidden behind memory. */
static double estimate(const void *problem, const arete_device *device, const arete_roofs *roofs,
                       const ar_params *params) {
    const matmul_problem *p = problem;
    if (!ar_matmul_cpu_home(device))
        return INFINITY;
    shape s = shape_of(p);
    double units = device->info.compute_units ? device->info.compute_units : 1;
    double blocks = ceil((double)s.outputs / (double)params->value[BLOCK]);
    double batch = (double)ar_matmul_batches(p), slices = (double)slices_of(p, params);
    double groups = fmax(1, blocks * slices * batch);
    double idle = ceil(groups / units) * units / groups; /* units without a group in the last round */
    arete_cost cost;
    ar_matmul_family.cost(p, &cost);
    cost.bytes += slices > 1 ? 2 * 4 * slices * (double)s.vectors * (double)s.outputs * batch : 0;
    cost.bytes *= idle / 0.93;
    bool as_block = s.form == FORM_PANELS && s.vectors == 4 && (double)p->bytes_b > 8e6;
    cost.flops_executed *= idle / (as_block ? 1 : 0.5);
    cost.launches = (double)p->batch[0] * (slices > 1 ? 2 : 1);
    return arete_roofline_seconds(roofs, &cost, NULL);
}

static arete_status build(arete_plan *plan) {
    const matmul_problem *p = ar_plan_problem(plan);
    shape s = shape_of(p);
    int64_t slices = slices_of(p, &plan->params);
    char options[512];
    size_t at = ar_matmul_cpu_options(p, plan->device, s.form != FORM_PANELS && s.trans_b, options, sizeof options);
    snprintf(options + at, sizeof options - at, " -DSIDE=%d -DFORM=%d -DV=%d -DSPLIT=%d", s.side, s.form,
             (int)(s.vectors > 0 ? s.vectors : 1), slices > 1);
    matmul_packed *packed = NULL;
    if (p->prepack) {
        packed = ar_os_alloc(sizeof *packed);
        if (!packed)
            return ar_fail_memory("a plan's state", sizeof *packed);
        ar_matmul_packed_layout(p, plan->device, packed);
    }
    arete_status status =
        ar_kernel_get(plan->device, &ar_source_matmul_gemv, options, "matmul_gemv", &plan->kernels[0]);
    if (status == ARETE_OK && slices > 1)
        status =
            ar_kernel_get(plan->device, &ar_source_matmul_gemv, options, "matmul_gemv_finish", &plan->kernels[1]);
    if (status != ARETE_OK) {
        ar_os_free(packed);
        return status;
    }
    plan->state = packed;
    plan->packed_layout = packed ? packed->layout : 0;
    plan->packed_bytes = packed ? packed->bytes : 0;
    if (slices > 1)
        plan->workspace = (uint64_t)(slices * s.vectors * s.outputs * p->batch[1] * p->batch[2]) *
                          (p->type_a == ARETE_F64 ? 8 : 4);
    plan->cost.launches = (double)p->batch[0] * (slices > 1 ? 2 : 1);
    return ARETE_OK;
}

static arete_status run(const arete_plan *plan, arete_queue *queue, const void *of, arete_wait_list after,
                        arete_event **done) {
    const matmul_problem *p = ar_plan_problem(plan);
    const arete_matmul_args *args = of;
    shape s = shape_of(p);
    int64_t slices = slices_of(p, &plan->params), block = plan->params.value[BLOCK];
    cpu_launch first = {
        .kernel = plan->kernels[0],
        .mc = block,
        .nc = block,
        .kc = slices > 1 ? plan->params.value[SLICE]
              : p->k > 0 ? p->k
                         : 1,
        .global = {(size_t)ar_matmul_ceil(s.outputs, block), (size_t)slices},
        .packed = plan->state,
        .b_buffer = args->packed_b,
        .has_work = true,
    };
    if (slices == 1)
        return ar_matmul_cpu_run(plan, queue, args, &first, NULL, after, done);
    arete_status status = ar_plan_scratch(plan, queue, args->workspace, &first.work);
    if (status != ARETE_OK)
        return status;
    cpu_launch last = first;
    last.kernel = plan->kernels[1];
    last.global[1] = 1;
    return ar_matmul_cpu_run(plan, queue, args, &first, &last, after, done);
}

const ar_solver ar_matmul_gemv = {
    .name = "gemv",
    .param_names = param_names,
    .applies = applies,
    .guess = guess,
    .accepts = accepts,
    .estimate = estimate,
    .candidate = candidate,
    .build = build,
    .run = run,
};
