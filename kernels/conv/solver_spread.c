/* spread: transposed convolution with a stride, as a product of the matmul family and a gather (spread.cl).
 *
 *   products[M*taps, inputs] = W[C, M*taps]^T X[C, inputs]     for each image and group
 *
 * No product with the zeros between the inputs is made; the products are written to workspace and read once.
 */
#include <math.h>
#include <stdio.h>

#include "../matmul/problem.h"
#include "solver_common.h"
#include "sources.h"

typedef struct conv_spread {
    arete_plan *product; /* of the matmul family, whose workspace comes first */
    uint64_t first;      /* where the products begin in the workspace, bytes */
} conv_spread;

static int64_t inputs(const conv_problem *p) {
    return ar_conv_volume(p->in);
}

static int64_t rows(const conv_problem *p) {
    return ar_conv_group_m(p) * ar_conv_volume(p->kernel);
}

static bool applies(const void *problem, const arete_device *device, const char **why) {
    const conv_problem *p = problem;
    if (!ar_conv_has_kernels(device, why))
        return false;
    *why = "it is for transposed convolutions with a stride";
    if (p->up[0] == 1 && p->up[1] == 1 && p->up[2] == 1)
        return false;
    *why = "it takes f32, f16 and bf16";
    if (ar_conv_is_int8(p->type_x))
        return false;
    *why = "no input channels, no inputs, or no outputs";
    if (p->c == 0 || inputs(p) == 0 || ar_conv_empty(p))
        return false;
    *why = "it takes extents, padding and kernels of up to 2^30";
    for (int i = 0; i < CONV_AXES; ++i)
        if ((double)p->out[i] + fabs((double)p->pad[i]) + (double)p->kernel[i] * (double)p->dilation[i] > 0x1p30)
            return false;
    if ((double)inputs(p) > 0x1p30 || (double)ar_conv_volume(p->out) > 0x1p30 || ar_conv_volume(p->kernel) > 1 << 30)
        return false;
    *why = "neither positions nor channels of x are contiguous";
    if (p->x.point != 1 && p->x.channel != 1)
        return false;
    *why = "the weights of an input channel do not lie together";
    if (p->w.tap != 1)
        return false;
    return ar_conv_group_m(p) == 1 || p->w.out == ar_conv_volume(p->kernel);
}

/* A matrix of one image and group; rows or columns are contiguous. */
static arete_tensor matrix(const arete_tensor *of, int64_t elements, int64_t r, int64_t row_step, int64_t c,
                           int64_t column_step) {
    arete_tensor t = {.dtype = of->dtype, .buffer = of->buffer, .rank = 2, .dims = {r, c},
                      .strides = {row_step, column_step}};
    t.offset = of->offset + (uint64_t)elements * arete_dtype_size(of->dtype);
    return t;
}

/* For image n and group g; products are f32. */
static void fill(const conv_problem *p, const arete_conv_args *args, int64_t n, int64_t g, arete_buffer *products,
                 uint64_t first, arete_matmul_args *into) {
    int64_t c = ar_conv_group_c(p);
    const arete_tensor out = {.dtype = ARETE_F32, .buffer = products, .offset = first};
    *into = (arete_matmul_args){.size = sizeof *into,
                                .a = matrix(&args->w, g * p->w.group, c, p->w.in, rows(p), 1),
                                .b = matrix(&args->x, n * p->x.image + g * c * p->x.channel, c, p->x.channel,
                                            inputs(p), p->x.point),
                                .c = matrix(&out, 0, rows(p), inputs(p), inputs(p), 1)};
}

static arete_status make(const conv_problem *p, matmul_problem *product) {
    const arete_matmul_desc desc = {.trans_a = true};
    arete_conv_desc conv_desc;
    arete_conv_args conv_args;
    arete_matmul_args args;
    ar_conv_problem_describe(p, &conv_desc, &conv_args);
    fill(p, &conv_args, 0, 0, NULL, 0, &args);
    return ar_matmul_problem_make(&desc, &args, product);
}

static double estimate(const void *problem, const arete_device *device, const arete_roofs *roofs,
                       const ar_params *params) {
    const conv_problem *p = problem;
    matmul_problem product;
    (void)params;
    if (make(p, &product) != ARETE_OK)
        return INFINITY;
    double each = (double)p->n * (double)p->groups;
    /* Gathering: some 40 operations for each output and tap that meets it, one lane at a time on CPUs. */
    double taps = (double)ar_conv_volume(p->kernel) / (double)ar_conv_volume(p->up);
    double outputs = (double)p->n * (double)p->m * (double)ar_conv_volume(p->out);
    double peak = roofs->peak[ARETE_UNIT_F32] > 0 ? roofs->peak[ARETE_UNIT_F32] : 1e11;
    return each * (ar_solve_estimate(device, &ar_matmul_family, &product, roofs) + roofs->launch_seconds) +
           outputs * fmax(1, taps) * 40 / (ar_conv_cpu_home(device) ? peak / 32 : peak / 4);
}

static void release(void *state) {
    conv_spread *own = state;
    arete_plan_release(own->product);
}

/* Taps from one that an output meets to the next. */
static int64_t tap_step(const conv_problem *p, int axis) {
    int64_t a = p->up[axis], b = p->dilation[axis];
    while (b) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return p->up[axis] / a;
}

static arete_status build(arete_plan *plan) {
    const conv_problem *p = ar_plan_problem(plan);
    matmul_problem problem;
    char options[640];
    size_t at = ar_conv_options(p, 4, options, sizeof options);
    for (int axis = 0; axis < CONV_AXES; ++axis)
        at += (size_t)snprintf(options + at, sizeof options - at, " -DSTEP%d=%lld", axis, (long long)tap_step(p, axis));
    arete_status status = ar_kernel_get(plan->device, &ar_source_conv_spread, options, "conv_spread",
                                        &plan->kernels[0]);
    if (status != ARETE_OK)
        return status;
    conv_spread *own = ar_os_alloc(sizeof *own);
    if (!own)
        return ar_fail_memory("a plan's state", sizeof *own);
    status = make(p, &problem);
    if (status == ARETE_OK)
        status = ar_solve(plan->device, &ar_matmul_family, &problem, NULL, true, &own->product);
    if (status != ARETE_OK) {
        ar_os_free(own);
        return ar_fail_within(status, "spread");
    }
    own->first = (own->product->workspace + 255) / 256 * 256;
    plan->state = own;
    plan->state_free = release;
    plan->workspace = own->first + (uint64_t)rows(p) * (uint64_t)inputs(p) * sizeof(float);
    double each = (double)p->n * (double)p->groups;
    plan->cost.flops_executed = each * own->product->cost.flops_executed;
    plan->cost.launches = each * (own->product->cost.launches + 1);
    return ARETE_OK;
}

/* One image and group: the products, then the outputs. */
static arete_status run_one(const arete_plan *plan, arete_queue *queue, const arete_conv_args *args, int64_t n,
                            int64_t g, arete_buffer *scratch, arete_wait_list after, arete_event **done) {
    const conv_problem *p = ar_plan_problem(plan);
    const conv_spread *own = plan->state;
    arete_matmul_args product;
    fill(p, args, n, g, scratch, own->first, &product);
    product.workspace = scratch;
    arete_status status = own->product->solver->run(own->product, queue, &product, after, NULL);
    if (status != ARETE_OK)
        return status;
    conv_kernel_args block;
    ar_conv_kernel_args(p, args, &block);
    ar_arg list[7 + CONV_BUFFERS] = {AR_STRUCT(block), AR_F32(p->alpha), AR_F32(p->beta)};
    ar_conv_buffers(p, args, list + 3);
    list[3 + CONV_BUFFERS] = AR_BUFFER(scratch);
    list[4 + CONV_BUFFERS] = AR_I64((int64_t)(own->first / sizeof(float)));
    list[5 + CONV_BUFFERS] = AR_I64(n);
    list[6 + CONV_BUFFERS] = AR_I64(g);
    size_t local = ar_conv_flat_group(plan->device, ar_conv_volume(p->out));
    const ar_launch launch = {
        .kernel = plan->kernels[0],
        .dims = 2,
        .global = {(size_t)ar_conv_ceil(ar_conv_volume(p->out), (int64_t)local) * local, (size_t)ar_conv_group_m(p)},
        .local = {local, 1},
        .args = list,
        .arg_count = 7 + CONV_BUFFERS,
    };
    return ar_launch_run(queue, &launch, ARETE_WAIT_NONE, done);
}

static arete_status run(const arete_plan *plan, arete_queue *queue, const void *of, arete_wait_list after,
                        arete_event **done) {
    const conv_problem *p = ar_plan_problem(plan);
    const arete_conv_args *args = of;
    arete_buffer *scratch = NULL;
    arete_status status = ar_plan_scratch(plan, queue, args->workspace, &scratch);
    for (int64_t n = 0; n < p->n && status == ARETE_OK; ++n)
        for (int64_t g = 0; g < p->groups && status == ARETE_OK; ++g) {
            bool last = n + 1 == p->n && g + 1 == p->groups;
            status = run_one(plan, queue, args, n, g, scratch, after, last ? done : NULL);
            after = ARETE_WAIT_NONE; /* the queue is in order */
        }
    return status;
}

const ar_solver ar_conv_spread = {
    .name = "spread",
    .applies = applies,
    .estimate = estimate,
    .build = build,
    .run = run,
};
