/* pointwise: kernels of one tap without padding, as a product of the matmul family; nothing of its own is compiled.
 *
 *   positions contiguous (NCHW):  Y[M, P] = W[M, C] X[C, P], stride 1 only
 *   channels contiguous (NHWC):   Y[P, M] = X[P, C] W[M, C]^T, any stride; the weights can be packed
 *
 * for each image and group.
 */
#include <math.h>

#include "../matmul/problem.h"
#include "../matmul/solver_common.h"
#include "solver_common.h"

typedef struct conv_product {
    arete_plan *product; /* of the matmul family */
} conv_product;

static bool positions_run(const conv_problem *p) {
    bool run = p->x.point == 1 && p->y.point == 1 && (!p->type_residual || p->residual.point == 1);
    for (int i = 0; i < CONV_AXES && run; ++i)
        run = p->in[i] == p->out[i];
    return run;
}

static bool channels_run(const conv_problem *p) {
    return p->x.channel == 1 && p->y.channel == 1 && (!p->type_residual || p->residual.channel == 1);
}

static bool applies(const void *problem, const arete_device *device, const char **why) {
    const conv_problem *p = problem;
    if (!ar_conv_has_kernels(device, why))
        return false;
    *why = "the kernel has more than one tap";
    if (ar_conv_volume(p->kernel) != 1)
        return false;
    *why = "it takes no padding and no stride of a transposed convolution";
    for (int i = 0; i < CONV_AXES; ++i)
        if (p->pad[i] != 0 || p->up[i] != 1 || (p->out[i] - 1) * p->stride[i] >= p->in[i])
            return false;
    *why = "neither positions nor channels are contiguous, or positions with a stride";
    if (!positions_run(p) && !channels_run(p))
        return false;
    *why = "one of the strides of w's first two dimensions must be 1";
    if (p->w.in != 1 && p->w.out != 1 && ar_conv_group_c(p) > 1 && ar_conv_group_m(p) > 1)
        return false;
    *why = "it writes no i8 or u8, and takes no bias of i32";
    if (ar_conv_is_int8(p->type_y) || p->type_bias == ARETE_I32)
        return false;
    *why = "with groups it takes no bias, and no scale or zero point for each channel";
    if (p->groups > 1 && (p->type_bias || p->w_scale == CONV_EACH || p->w_zero == CONV_EACH))
        return false;
    *why = "the matmul family does not fuse this activation";
    return p->activation <= ARETE_ACT_SILU;
}

/* One matrix for each image and group, and, where positions have a stride, each line of them. */
static arete_tensor matrices(const arete_tensor *of, const int64_t dims[4], const int64_t steps[4], int64_t rows,
                             int64_t row_step, int64_t columns, int64_t column_step) {
    arete_tensor t = {.buffer = of->buffer, .offset = of->offset, .dtype = of->dtype};
    for (int i = 0; i < 4; ++i) {
        if (dims[i] == 1)
            continue;
        t.dims[t.rank] = steps[i] ? dims[i] : 1;
        t.strides[t.rank++] = steps[i];
    }
    t.dims[t.rank] = rows;
    t.strides[t.rank++] = row_step;
    t.dims[t.rank] = columns;
    t.strides[t.rank++] = column_step;
    return t;
}

static void fill_desc(const conv_problem *p, arete_matmul_desc *desc) {
    *desc = (arete_matmul_desc){.size = sizeof *desc,
                                .trans_b = !positions_run(p),
                                .beta = p->type_residual ? 1 : 0,
                                .activation = (arete_activation)p->activation,
                                .slope = p->alpha,
                                .prepack = p->prepack && !positions_run(p)};
}

/* Y[M, P] = W X */
static void fill_positions(const conv_problem *p, const arete_conv_args *args, arete_matmul_args *into) {
    int64_t c = ar_conv_group_c(p), m = ar_conv_group_m(p), points = ar_conv_volume(p->out);
    const int64_t dims[4] = {p->n, p->groups, 1, 1};
    const int64_t of_x[4] = {p->x.image, c * p->x.channel}, of_y[4] = {p->y.image, m * p->y.channel};
    const int64_t of_w[4] = {0, p->w.group}, of_r[4] = {p->residual.image, m * p->residual.channel};
    *into = (arete_matmul_args){.size = sizeof *into,
                                .a = matrices(&args->w, dims, of_w, m, p->w.out, c, p->w.in),
                                .b = matrices(&args->x, dims, of_x, c, p->x.channel, points, 1),
                                .c = matrices(&args->y, dims, of_y, m, p->y.channel, points, 1),
                                .a_scale = args->w_scale,
                                .a_zero = args->w_zero,
                                .b_scale = args->x_scale,
                                .b_zero = args->x_zero};
    if (p->type_residual)
        into->cin = matrices(&args->residual, dims, of_r, m, p->residual.channel, points, 1);
    if (p->type_bias) {
        into->bias = args->bias;
        into->bias.rank = 2;
        into->bias.dims[1] = 1;
        into->bias.strides[0] = into->bias.strides[1] = 1;
    }
}

/* Y[P, M] = X W^T. Lines of positions are merged where they follow each other. */
static void fill_channels(const conv_problem *p, const arete_conv_args *args, arete_matmul_args *into) {
    int64_t c = ar_conv_group_c(p), m = ar_conv_group_m(p), points = ar_conv_volume(p->out);
    bool even = p->in[1] == p->out[1] && p->in[2] == p->out[2] && (p->out[0] == 1 || p->stride[0] == 1);
    int64_t rows = even ? points : p->out[2], line = p->out[2], plane = p->out[1] * line;
    int64_t dims[4] = {p->n, even ? 1 : p->out[0], even ? 1 : p->out[1], p->groups};
    const int64_t of_x[4] = {p->x.image, p->stride[0] * p->in[1] * p->in[2] * p->x.point,
                             p->stride[1] * p->in[2] * p->x.point, c};
    const int64_t of_y[4] = {p->y.image, plane * p->y.point, line * p->y.point, m};
    const int64_t of_r[4] = {p->residual.image, plane * p->residual.point, line * p->residual.point, m};
    const int64_t of_w[4] = {0, 0, 0, p->w.group};
    int64_t step = (even ? 1 : p->stride[2]) * p->x.point;
    *into = (arete_matmul_args){.size = sizeof *into,
                                .a = matrices(&args->x, dims, of_x, rows, step, c, 1),
                                .b = matrices(&args->w, dims, of_w, m, p->w.out, c, p->w.in),
                                .c = matrices(&args->y, dims, of_y, rows, p->y.point, m, 1),
                                .bias = args->bias,
                                .a_scale = args->x_scale,
                                .a_zero = args->x_zero,
                                .b_scale = args->w_scale,
                                .b_zero = args->w_zero};
    if (p->type_residual)
        into->cin = matrices(&args->residual, dims, of_r, rows, p->residual.point, m, 1);
}

static void fill(const conv_problem *p, const arete_conv_args *args, arete_matmul_args *into) {
    if (positions_run(p))
        fill_positions(p, args, into);
    else
        fill_channels(p, args, into);
}

static arete_status make(const conv_problem *p, matmul_problem *product) {
    arete_conv_desc conv_desc;
    arete_conv_args conv_args;
    arete_matmul_desc desc;
    arete_matmul_args args;
    ar_conv_problem_describe(p, &conv_desc, &conv_args);
    fill_desc(p, &desc);
    fill(p, &conv_args, &args);
    return ar_matmul_problem_make(&desc, &args, product);
}

static double estimate(const void *problem, const arete_device *device, const arete_roofs *roofs,
                       const ar_params *params) {
    const conv_problem *p = problem;
    matmul_problem product;
    (void)params;
    if (ar_conv_empty(p) || make(p, &product) != ARETE_OK)
        return INFINITY;
    /* On CPUs the products measured take up to 1.35 times what their model says for planes as here (16 to 96 channels
     * at 112 x 112, 24 to 144 at 56 x 56), and start later. */
    double seconds = ar_solve_estimate(device, &ar_matmul_family, &product, roofs);
    return ar_conv_cpu_home(device) && positions_run(p) ? 1.35 * seconds : seconds;
}

static void release(void *state) {
    conv_product *own = state;
    arete_plan_release(own->product);
}

static arete_status build(arete_plan *plan) {
    const conv_problem *p = ar_plan_problem(plan);
    if (ar_conv_empty(p))
        return ARETE_OK;
    matmul_problem problem;
    conv_product *own = ar_os_alloc(sizeof *own);
    if (!own)
        return ar_fail_memory("a plan's state", sizeof *own);
    arete_status status = make(p, &problem);
    /* From the cache: such a plan holds no context, so a cached plan that holds it makes no circle. */
    if (status == ARETE_OK)
        status = ar_solve(plan->device, &ar_matmul_family, &problem, NULL, true, &own->product);
    if (status != ARETE_OK) {
        ar_os_free(own);
        return ar_fail_within(status, "pointwise");
    }
    plan->state = own;
    plan->state_free = release;
    plan->workspace = own->product->workspace;
    plan->cost.flops_executed = own->product->cost.flops_executed;
    plan->cost.launches = own->product->cost.launches;
    if (!positions_run(p)) {
        plan->packed_layout = own->product->packed_layout;
        plan->packed_bytes = own->product->packed_bytes;
    }
    return ARETE_OK;
}

static arete_status run(const arete_plan *plan, arete_queue *queue, const void *of, arete_wait_list after,
                        arete_event **done) {
    const conv_problem *p = ar_plan_problem(plan);
    const conv_product *own = plan->state;
    const arete_conv_args *args = of;
    arete_matmul_args product;
    fill(p, args, &product);
    product.packed_b = args->packed_w;
    product.workspace = args->workspace;
    return own->product->solver->run(own->product, queue, &product, after, done);
}

arete_status ar_conv_pack_matmul(const arete_plan *plan, arete_queue *queue, const arete_tensor *w,
                                 arete_buffer *into) {
    const conv_problem *p = ar_plan_problem(plan);
    const conv_product *own = plan->state;
    arete_conv_desc desc;
    arete_conv_args args;
    arete_matmul_args product;
    ar_conv_problem_describe(p, &desc, &args);
    args.w = *w;
    fill(p, &args, &product);
    return ar_matmul_pack(own->product, queue, ar_plan_problem(own->product), &product.b, into);
}

const ar_solver ar_conv_pointwise = {
    .name = "pointwise",
    .applies = applies,
    .estimate = estimate,
    .build = build,
    .run = run,
};
