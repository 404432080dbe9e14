/* gpu_implicit: a product that gathers its second operand (gpu_implicit.cl), by tiles in local memory. */
#include <math.h>
#include <stdio.h>

#include "solver_common.h"
#include "sources.h"

enum { TM, TN, TK, WM, WN, BUFFERS, PARAMS };
static const char *const param_names[] = {"tm", "tn", "tk", "wm", "wn", "buffers", NULL};

/* The variants, largest tile first. For each: tm, tn, tk, wm, wn, buffers. */
#define VARIANTS(X)                                                                                                \
    X(128x128x8_8x8_db, 128, 128, 8, 8, 8, 2)                                                                      \
    X(128x64x8_8x8_db, 128, 64, 8, 8, 8, 2)                                                                        \
    X(64x128x8_8x8_db, 64, 128, 8, 8, 8, 2)                                                                        \
    X(64x128x16_8x8, 64, 128, 16, 8, 8, 1)                                                                         \
    X(64x64x16_4x4_db, 64, 64, 16, 4, 4, 2)                                                                        \
    X(64x64x16_4x4, 64, 64, 16, 4, 4, 1)                                                                           \
    X(32x128x16_4x8_db, 32, 128, 16, 4, 8, 2)                                                                      \
    X(32x64x16_4x4_db, 32, 64, 16, 4, 4, 2)                                                                        \
    X(64x32x16_4x4_db, 64, 32, 16, 4, 4, 2)                                                                        \
    X(32x32x16_4x4_db, 32, 32, 16, 4, 4, 2)                                                                        \
    X(16x64x16_2x4_db, 16, 64, 16, 2, 4, 2)                                                                        \
    X(8x128x32_1x4, 8, 128, 32, 1, 4, 1)                                                                           \
    X(4x256x64_1x4, 4, 256, 64, 1, 4, 1)

#define VARIANT_PARAMS(name, ...) {__VA_ARGS__},
static const int variants[][PARAMS] = {VARIANTS(VARIANT_PARAMS)};
#define VARIANT_COUNT (sizeof variants / sizeof *variants)

static int64_t group_size(const ar_params *v) {
    return v->value[TM] / v->value[WM] * (v->value[TN] / v->value[WN]);
}

static int64_t local_bytes(const conv_problem *p, const ar_params *v) {
    int64_t element = ar_conv_is_int8(p->type_x) ? 2 : 4;
    return v->value[BUFFERS] * v->value[TK] * (v->value[TM] + v->value[TN] + 8) * element;
}

static int64_t tiles_m(const conv_problem *p, const ar_params *v) {
    return ar_conv_ceil(ar_conv_group_m(p), v->value[TM]);
}

/* Positions of all images; as a double too, since images and positions together may pass 2^63. */
static double positions(const conv_problem *p) {
    return (double)p->n * (double)p->out[0] * (double)p->out[1] * (double)p->out[2];
}

static int64_t tiles_n(const conv_problem *p, const ar_params *v) {
    return ar_conv_ceil(p->n * ar_conv_volume(p->out), v->value[TN]);
}

static bool applies(const void *problem, const arete_device *device, const char **why) {
    const conv_problem *p = problem;
    const double most = 0x1p30;
    if (!ar_conv_has_kernels(device, why))
        return false;
    *why = "it takes planes and kernels of up to 2^30 positions, products and padding";
    for (int i = 0; i < CONV_AXES; ++i) {
        double last = (double)p->out[i] * (double)p->stride[i], reach = (double)p->kernel[i] * (double)p->dilation[i];
        if (last + reach + fabs((double)p->pad[i]) > most)
            return false;
    }
    *why = "it takes no empty input";
    if (p->x.bytes == 0 && ar_conv_k(p) > 0 && !ar_conv_empty(p))
        return false;
    *why = "it takes planes and kernels of up to 2^30 positions, products and padding";
    return (double)p->in[0] * (double)p->in[1] * (double)p->in[2] <= most && (double)ar_conv_k(p) <= most &&
           positions(p) < 0x1p60;
}

static bool in_range(const ar_params *v, int which, int64_t low, int64_t high, int64_t step) {
    return v->value[which] >= low && v->value[which] <= high && v->value[which] % step == 0;
}

static bool accepts(const void *problem, const arete_device *device, const ar_params *v, const char **why) {
    const conv_problem *p = problem;
    const int64_t *x = v->value;
    *why = "tm and tn must be multiples of 4 up to 512, tk 1 to 64; wn a multiple of 4, wm 1, 2 or a multiple of 4, up "
           "to 16; buffers 1 or 2";
    if (!in_range(v, TM, 4, 512, 4) || !in_range(v, TN, 4, 512, 4) || !in_range(v, TK, 1, 64, 1) ||
        !in_range(v, WM, 1, 16, 1) || !in_range(v, WN, 4, 16, 4) || (x[WM] > 2 && x[WM] % 4) ||
        !in_range(v, BUFFERS, 1, 2, 1))
        return false;
    *why = "tm must be a multiple of wm, and tn of wn";
    if (x[TM] % x[WM] || x[TN] % x[WN])
        return false;
    *why = "the group's size must divide tm*tk and tn*tk, be a multiple of tk, and one of it and tm, and tn, must divide "
           "the other";
    int64_t group = group_size(v);
    if (x[TM] * x[TK] % group || x[TN] * x[TK] % group || group % x[TK] || (group % x[TM] && x[TM] % group) ||
        (group % x[TN] && x[TN] % group))
        return false;
    *why = "the device's work-groups are smaller than tm/wm * tn/wn";
    if (group_size(v) > device->info.max_group_size || group_size(v) > device->info.max_group_dims[0])
        return false;
    *why = "the device's local memory is smaller than the tiles";
    if ((uint64_t)local_bytes(p, v) > device->info.local_bytes)
        return false;
    *why = "there would be 2^31 work-groups or more: take a larger tile";
    return positions(p) / (double)x[TN] * (double)tiles_m(p, v) * (double)p->groups < 0x1p31;
}

/*
 * Seconds, by how the groups fall on the compute units: a unit works through `rounds` of them, at its peak with 256
 * work-items or more on it, less what reading local memory and gathering cost; and no step of TK is shorter than a
 * memory latency.
 */
static double model(const conv_problem *p, const arete_device *device, const arete_roofs *roofs, const ar_params *v) {
    const double latency = 0.6e-6, full_group = 256, resident_items = 1024;
    double peak = roofs->peak[ARETE_UNIT_F32] > 0 ? roofs->peak[ARETE_UNIT_F32] : 1e11;
    double units = device->info.compute_units ? device->info.compute_units : 1;
    double groups = (double)tiles_m(p, v) * (double)tiles_n(p, v) * (double)p->groups;
    double rounds = ceil(groups / units), group = (double)group_size(v);
    double steps = ceil((double)ar_conv_k(p) / (double)v->value[TK]);
    double side = (double)(v->value[WM] + v->value[WN]), block = (double)(v->value[WM] * v->value[WN]);
    /* A gathered element costs some ten operations, shared by the TM channels of the tile. */
    double efficiency = block / (block + side + 10.0 * block / (double)v->value[TM]);
    efficiency *= v->value[BUFFERS] == 2 ? 1.0 : 0.95;
    efficiency *= fmin(1.0, rounds * group / full_group);
    double work = 2.0 * (double)(v->value[TM] * v->value[TN]) * steps * (double)v->value[TK];
    double compute = rounds * work / (peak / units * efficiency);
    double resident = fmax(1.0, floor(resident_items / group));
    double waiting = ceil(rounds / resident) * steps * latency;
    return fmax(compute, waiting) + roofs->launch_seconds;
}

static void set_variant(ar_params *v, size_t variant) {
    *v = (ar_params){0};
    for (int i = 0; i < PARAMS; ++i)
        v->value[i] = variants[variant][i];
}

static void guess(const void *problem, const arete_device *device, ar_params *params) {
    const conv_problem *p = problem;
    const char *why;
    arete_roofs roofs;
    double best = INFINITY;
    arete_device_get_roofs(device, &roofs);
    set_variant(params, VARIANT_COUNT - 3);
    for (size_t i = 0; i < VARIANT_COUNT && !ar_conv_empty(p); ++i) {
        ar_params v;
        set_variant(&v, i);
        double seconds = accepts(p, device, &v, &why) ? model(p, device, &roofs, &v) : INFINITY;
        if (seconds < best) {
            best = seconds;
            *params = v;
        }
    }
}

static bool candidate(const void *problem, const arete_device *device, size_t index, ar_params *params) {
    const char *why;
    for (size_t i = 0; i < VARIANT_COUNT; ++i) {
        set_variant(params, i);
        if (accepts(problem, device, params, &why) && index-- == 0)
            return true;
    }
    return false;
}

static double estimate(const void *problem, const arete_device *device, const arete_roofs *roofs,
                       const ar_params *params) {
    const conv_problem *p = problem;
    const char *why;
    if (!ar_conv_gpu_home(device) || ar_conv_empty(p) || !accepts(p, device, params, &why))
        return INFINITY;
    arete_cost cost;
    ar_conv_family.cost(p, &cost);
    cost.flops_executed = 0;
    return fmax(model(p, device, roofs, params), arete_roofline_seconds(roofs, &cost, NULL));
}

static bool turned(const conv_problem *p) {
    return p->up[0] != 1 || p->up[1] != 1 || p->up[2] != 1;
}

static arete_status build(arete_plan *plan) {
    const conv_problem *p = ar_plan_problem(plan);
    const ar_params *v = &plan->params;
    const char *why;
    if (ar_conv_empty(p))
        return ARETE_OK;
    if (!accepts(p, plan->device, v, &why))
        return ar_fail(ARETE_E_UNSUPPORTED, "gpu_implicit: %s", why);
    char options[640];
    size_t at = ar_conv_options(p, 4, options, sizeof options);
    bool deep = p->in[0] != 1 || p->out[0] != 1 || p->kernel[0] != 1;
    snprintf(options + at, sizeof options - at,
             " -DTM=%d -DTN=%d -DTK=%d -DWM=%d -DWN=%d -DBUFFERS=%d -DAXES=%d -DUP=%d -DX_K_INNER=%d "
             "-DW_K_INNER=%d -DSAME_TAP=%d",
             (int)v->value[TM], (int)v->value[TN], (int)v->value[TK], (int)v->value[WM], (int)v->value[WN],
             (int)v->value[BUFFERS], deep ? 3 : 2, turned(p), p->x.channel == 1 && p->x.point != 1,
             !p->prepack && p->w.in == 1, ar_conv_group_c(p) % v->value[TK] == 0);
    arete_status status =
        ar_kernel_get(plan->device, &ar_source_conv_gpu_implicit, options, "conv_gpu_implicit", &plan->kernels[0]);
    if (status != ARETE_OK)
        return status;
    char layout[160];
    snprintf(layout, sizeof layout, "conv-w gpu m=%lld c=%lld groups=%lld k=%lldx%lldx%lld flip=%d type=%d",
             (long long)p->m, (long long)p->c, (long long)p->groups, (long long)p->kernel[0], (long long)p->kernel[1],
             (long long)p->kernel[2], p->flip, p->type_w);
    plan->packed_layout = p->prepack ? ar_text_hash(layout) : 0;
    plan->packed_bytes = (uint64_t)p->m * (uint64_t)ar_conv_k(p) * arete_dtype_size((arete_dtype)p->type_w);
    plan->packed_bytes += plan->packed_bytes == 0; /* a buffer has at least one byte */
    plan->cost.flops_executed = 2.0 * (double)(tiles_m(p, v) * v->value[TM]) * (double)(tiles_n(p, v) * v->value[TN]) *
                                (double)p->groups *
                                (double)(ar_conv_ceil(ar_conv_k(p), v->value[TK]) * v->value[TK]);
    return ARETE_OK;
}

/* The layout of conv_gpu_pack. */
static void use_packed(const conv_problem *p, conv_kernel_args *block) {
    int64_t taps = ar_conv_volume(p->kernel);
    block->w_offset = 0;
    block->w_out = 1;
    block->w_in = block->group_m;
    block->w_tap = block->group_c * block->group_m;
    block->w_group = taps * block->w_tap;
    if (p->flip) { /* packed in the order that is multiplied; the kernel counts taps from the end */
        block->w_offset = (taps - 1) * block->w_tap;
        block->w_tap = -block->w_tap;
    }
}

static arete_status run(const arete_plan *plan, arete_queue *queue, const void *of, arete_wait_list after,
                        arete_event **done) {
    const conv_problem *p = ar_plan_problem(plan);
    const arete_conv_args *args = of;
    conv_kernel_args block;
    ar_conv_kernel_args(p, args, &block);
    ar_arg list[5 + CONV_BUFFERS] = {AR_STRUCT(block), AR_F32(p->alpha), AR_F32(p->beta)};
    ar_conv_buffers(p, args, list + 3);
    if (args->packed_w) {
        use_packed(p, &block);
        list[4] = AR_BUFFER(args->packed_w);
    }
    int64_t across = tiles_n(p, &plan->params), down = tiles_m(p, &plan->params);
    list[3 + CONV_BUFFERS] = AR_I64(down);
    list[4 + CONV_BUFFERS] = AR_I64(across);
    size_t group = (size_t)group_size(&plan->params);
    const ar_launch launch = {
        .kernel = plan->kernels[0],
        .dims = 1,
        .global = {group * (size_t)(across * down * p->groups), 1, 1},
        .local = {group, 1, 1},
        .args = list,
        .arg_count = 5 + CONV_BUFFERS,
    };
    return ar_launch_run(queue, &launch, after, done);
}

arete_status ar_conv_pack_gpu(const arete_plan *plan, arete_queue *queue, const arete_tensor *w, arete_buffer *into) {
    const conv_problem *p = ar_plan_problem(plan);
    const ar_kernel *kernel = NULL;
    const conv_problem of_w = {.type_x = p->type_w, .type_w = p->type_w, .type_y = ARETE_F32, .flip = p->flip};
    char options[512];
    ar_conv_options(&of_w, 4, options, sizeof options);
    arete_status status = ar_kernel_get(plan->device, &ar_source_conv_gpu_implicit, options, "conv_gpu_pack", &kernel);
    if (status != ARETE_OK || p->w.bytes == 0)
        return status;
    const size_t local = 64;
    const arete_conv_args args = {.w = *w};
    conv_kernel_args block;
    ar_conv_kernel_args(p, &args, &block);
    const ar_arg list[] = {AR_STRUCT(block), AR_BUFFER(w->buffer), AR_BUFFER(into)};
    const ar_launch launch = {
        .kernel = kernel,
        .dims = 1,
        .global = {(size_t)ar_conv_ceil(p->m * ar_conv_k(p), (int64_t)local) * local, 1, 1},
        .local = {local, 1, 1},
        .args = list,
        .arg_count = 3,
    };
    return ar_launch_run(queue, &launch, ARETE_WAIT_NONE, NULL);
}

const ar_solver ar_conv_gpu_implicit = {
    .name = "gpu_implicit",
    .param_names = param_names,
    .applies = applies,
    .guess = guess,
    .accepts = accepts,
    .estimate = estimate,
    .candidate = candidate,
    .build = build,
    .run = run,
};
