/* gpu_tiled: tiles of C by work-groups (gpu_tiled.cl), which variant and how many splits of K by a model of waves. */
#include "gpu_args.h"
#include "sources.h"

#include <math.h>
#include <stdio.h>

enum { TM, TN, TK, WM, WN, VECTOR, BUFFERS, LOCAL, SPLITS };
static const char *const param_names[] = {"tm", "tn", "tk", "wm", "wn", "vector", "buffers", "local", "splits", NULL};

#define MAX_STEPS 16384 /* of K in one sum: f32 rounding stays within the tolerance, int8 products within 31 bits */
#define MAX_SPLITS 64
#define REDUCE_GROUP 64

/* The variants, largest tile first; matmul_<type>_<tile>_<block>_<feature>, in which v4 stands for vector loads, db for
 * two local buffers, reg for no local memory. For each: tm, tn, tk, wm, wn, vector, buffers, local. */
#define VARIANTS(X) \
    X(128x128x16_8x8_v4_db, 128, 128, 16, 8, 8, 4, 2, 1) \
    X(128x128x8_8x8_v4_db, 128, 128, 8, 8, 8, 4, 2, 1) \
    X(128x128x16_8x8_v4, 128, 128, 16, 8, 8, 4, 1, 1) \
    X(128x64x16_8x8_v4_db, 128, 64, 16, 8, 8, 4, 2, 1) \
    X(64x128x16_8x8_v4_db, 64, 128, 16, 8, 8, 4, 2, 1) \
    X(64x64x16_8x4_v4_db, 64, 64, 16, 8, 4, 4, 2, 1) \
    X(64x64x16_4x4_v4_db, 64, 64, 16, 4, 4, 4, 2, 1) \
    X(64x64x16_4x4_v4, 64, 64, 16, 4, 4, 4, 1, 1) \
    X(64x64x16_8x8_v4, 64, 64, 16, 8, 8, 4, 1, 1) \
    X(64x64x16_4x4_v1, 64, 64, 16, 4, 4, 1, 1, 1) \
    X(32x128x16_4x8_v4_db, 32, 128, 16, 4, 8, 4, 2, 1) \
    X(128x32x16_8x4_v4_db, 128, 32, 16, 8, 4, 4, 2, 1) \
    X(32x64x16_4x4_v4_db, 32, 64, 16, 4, 4, 4, 2, 1) \
    X(64x32x16_4x4_v4_db, 64, 32, 16, 4, 4, 4, 2, 1) \
    X(32x32x32_4x4_v4_db, 32, 32, 32, 4, 4, 4, 2, 1) \
    X(16x64x32_2x4_v4_db, 16, 64, 32, 2, 4, 4, 2, 1) \
    X(64x16x32_4x4_v4_db, 64, 16, 32, 4, 4, 4, 2, 1) \
    X(8x128x32_1x8_v4_db, 8, 128, 32, 1, 8, 4, 2, 1) \
    X(64x64x4_8x4_v4_reg, 64, 64, 4, 8, 4, 4, 1, 0) \
    X(32x32x4_4x4_v4_reg, 32, 32, 4, 4, 4, 4, 1, 0) \
    X(16x32x4_2x4_v4_reg, 16, 32, 4, 2, 4, 4, 1, 0)

#define VARIANT_PARAMS(name, ...) {__VA_ARGS__},
static const int variants[][SPLITS] = {VARIANTS(VARIANT_PARAMS)};
#define VARIANT_COUNT (sizeof variants / sizeof *variants)
static const int splits_tried[] = {1, 2, 3, 4, 6, 8, 12, 16, 32, 64};
#define SPLITS_COUNT (sizeof splits_tried / sizeof *splits_tried)

typedef struct tiled_state {
    int64_t tiles_m, tiles_n, steps, splits, batch;
    size_t group;
} tiled_state;

static int64_t ceil_div(int64_t x, int64_t by) {
    return x / by + (x % by != 0);
}

static int64_t group_size(const ar_params *v) {
    return v->value[TM] / v->value[WM] * (v->value[TN] / v->value[WN]);
}

static int64_t local_bytes(const matmul_problem *p, const ar_params *v) {
    if (!v->value[LOCAL])
        return 0;
    arete_dtype sum = ar_matmul_gpu_sum(p);
    int64_t element = sum == ARETE_I32 ? 2 : (int64_t)arete_dtype_size(sum);
    return v->value[BUFFERS] * v->value[TK] * (v->value[TM] + v->value[TN] + 8) * element;
}

/* How the parameters cut the problem up. */
static tiled_state cut(const matmul_problem *p, const ar_params *v) {
    tiled_state s;
    s.tiles_m = ceil_div(p->m, v->value[TM]);
    s.tiles_n = ceil_div(p->n, v->value[TN]);
    s.steps = ceil_div(ceil_div(p->k > 0 ? p->k : 1, v->value[SPLITS]), v->value[TK]) * v->value[TK];
    s.splits = v->value[SPLITS] > 1 ? ceil_div(p->k > 0 ? p->k : 1, s.steps) : 1;
    s.batch = p->batch[1] * p->batch[2];
    s.group = (size_t)group_size(v);
    return s;
}

static bool applies(const void *problem, const arete_device *device, const char **why) {
    return ar_matmul_gpu_applies(problem, device, why);
}

static bool in_range(const ar_params *v, int which, int64_t low, int64_t high, int64_t step) {
    return v->value[which] >= low && v->value[which] <= high && v->value[which] % step == 0;
}

static bool accepts(const void *problem, const arete_device *device, const ar_params *v, const char **why) {
    const matmul_problem *p = problem;
    const int64_t *x = v->value;
    *why = "tm, tn and tk must be multiples of 4 up to 512; wn a multiple of 4, wm 1, 2 or a multiple of 4, up to 16";
    if (!in_range(v, TM, 4, 512, 4) || !in_range(v, TN, 4, 512, 4) || !in_range(v, TK, 4, 512, 4) ||
        !in_range(v, WM, 1, 16, 1) || !in_range(v, WN, 4, 16, 4) || (x[WM] > 2 && x[WM] % 4))
        return false;
    *why = "tm must be a multiple of wm, and tn of wn";
    if (x[TM] % x[WM] || x[TN] % x[WN])
        return false;
    *why = "vector must be 1 or 4, buffers 1 or 2, local 0 or 1, splits 1 to 64";
    if ((x[VECTOR] != 1 && x[VECTOR] != 4) || !in_range(v, BUFFERS, 1, 2, 1) || !in_range(v, LOCAL, 0, 1, 1) ||
        !in_range(v, SPLITS, 1, MAX_SPLITS, 1))
        return false;
    *why = "the device's work-groups are smaller than tm/wm * tn/wn";
    if (group_size(v) > device->info.max_group_size || group_size(v) > device->info.max_group_dims[0])
        return false;
    *why = "the device's local memory is smaller than the tiles";
    if ((uint64_t)local_bytes(p, v) > device->info.local_bytes)
        return false;
    if (ar_matmul_empty(p))
        return true;
    tiled_state s = cut(p, v);
    *why = "there would be 2^31 work-groups or more: take a larger tile or fewer splits";
    double groups = (double)s.tiles_m * (double)s.tiles_n * (double)s.splits * (double)s.batch;
    return groups < 2147483648.0;
}

/*
 * Seconds, by how the groups fall on the compute units. A unit works through `rounds` groups; it reaches its peak with
 * 256 work-items or more on it, less what its reads of local memory cost (a quarter of a value's price each, as
 * neighbours share most words), and no round's step of K is shorter than a memory latency. Beside that, tiles are read
 * from the cache, operands from memory once, and partial sums written and read.
 */
static double model(const matmul_problem *p, const arete_device *device, const arete_roofs *roofs,
                    const ar_params *v) {
    const double latency = 0.5e-6, full_group = 256, resident_items = 1024;
    tiled_state s = cut(p, v);
    arete_unit unit = p->type_a == ARETE_F64 ? ARETE_UNIT_F64 : ARETE_UNIT_F32;
    double peak = roofs->peak[unit] > 0 ? roofs->peak[unit] : 1e11;
    double bandwidth = roofs->bandwidth > 0 ? roofs->bandwidth : 1e10;
    double cache = roofs->cache_bandwidth > bandwidth ? roofs->cache_bandwidth : 3 * bandwidth;
    double units = device->info.compute_units ? device->info.compute_units : 1;

    double groups = (double)s.tiles_m * (double)s.tiles_n * (double)s.splits * (double)s.batch;
    double rounds = ceil(groups / units);
    double side = (double)(v->value[WM] + v->value[WN]), block = (double)(v->value[WM] * v->value[WN]);
    double reading = v->value[LOCAL] ? 1.0 : device->info.local_is_dedicated ? 2.5 : 0.8;
    double efficiency = block / (block + side * reading);
    if (v->value[LOCAL])
        efficiency *= v->value[BUFFERS] == 2 ? 1.0 : 0.95;
    if (v->value[LOCAL] && !device->info.local_is_dedicated)
        efficiency *= 0.7; /* filling the tiles is a copy from memory to memory */
    if (v->value[VECTOR] == 1)
        efficiency *= 0.9;
    efficiency *= fmin(1.0, rounds * (double)s.group / full_group);
    double compute = rounds * 2.0 * (double)(v->value[TM] * v->value[TN] * s.steps) / (peak / units * efficiency);

    double resident = fmax(1.0, floor(resident_items / (double)s.group));
    double waiting = ceil(rounds / resident) * (double)(s.steps / v->value[TK]) * latency;
    double tiles = groups * (double)s.steps *
                   (double)(v->value[TM] * (int64_t)arete_dtype_size(p->type_a) +
                            v->value[TN] * (int64_t)arete_dtype_size(p->type_b)) / cache;
    double memory = (double)(p->bytes_a + p->bytes_b + p->bytes_c + p->bytes_cin) / bandwidth;
    double seconds = fmax(fmax(compute, waiting), fmax(tiles, memory / (double)p->batch[0]));
    double launches = 1;
    if (s.splits > 1) {
        double sums = (double)s.batch * (double)p->m * (double)p->n * (double)arete_dtype_size(ar_matmul_gpu_sum(p));
        seconds += 2.0 * (double)s.splits * sums / bandwidth + latency;
        launches = 2;
    }
    return (double)p->batch[0] * (seconds + launches * roofs->launch_seconds);
}

static void set_variant(ar_params *v, size_t variant, int64_t splits) {
    *v = (ar_params){0};
    for (int i = 0; i < SPLITS; ++i)
        v->value[i] = variants[variant][i];
    v->value[SPLITS] = splits;
}

/* Worth trying: fits the device, splits no more than there is, and sums no longer than they may be. */
static bool sensible(const matmul_problem *p, const arete_device *device, const ar_params *v) {
    const char *why;
    int64_t splits = v->value[SPLITS];
    if (!accepts(p, device, v, &why))
        return false;
    if (ar_matmul_empty(p))
        return splits == 1;
    int64_t least = ceil_div(p->k, MAX_STEPS);
    if (least > MAX_SPLITS)
        least = MAX_SPLITS;
    if (splits < least)
        return false;
    return splits == least || splits == 1 || (p->k / splits >= 4 * v->value[TK] && cut(p, v).splits == splits);
}

static void guess(const void *problem, const arete_device *device, ar_params *params) {
    const matmul_problem *p = problem;
    arete_roofs roofs;
    arete_device_get_roofs(device, &roofs);
    int64_t least = ceil_div(p->k, MAX_STEPS);
    double best = INFINITY;
    set_variant(params, VARIANT_COUNT - 1, least < 1 ? 1 : least > MAX_SPLITS ? MAX_SPLITS : least);
    if (ar_matmul_empty(p))
        return;
    for (size_t i = 0; i < VARIANT_COUNT; ++i) {
        for (size_t j = 0; j <= SPLITS_COUNT; ++j) {
            ar_params v;
            set_variant(&v, i, j < SPLITS_COUNT ? splits_tried[j] : least);
            if (!sensible(p, device, &v))
                continue;
            double seconds = model(p, device, &roofs, &v);
            if (seconds < best) {
                best = seconds;
                *params = v;
            }
        }
    }
}

static double estimate(const void *problem, const arete_device *device, const arete_roofs *roofs,
                       const ar_params *params) {
    if (!ar_matmul_gpu_home(device) || ar_matmul_empty(problem))
        return INFINITY;
    return model(problem, device, roofs, params);
}

static bool candidate(const void *problem, const arete_device *device, size_t index, ar_params *params) {
    for (size_t i = 0; i < VARIANT_COUNT * SPLITS_COUNT; ++i) {
        set_variant(params, i % VARIANT_COUNT, splits_tried[i / VARIANT_COUNT]);
        if (sensible(problem, device, params) && index-- == 0)
            return true;
    }
    return false;
}

static arete_status build(arete_plan *plan) {
    const matmul_problem *p = ar_plan_problem(plan);
    const ar_params *v = &plan->params;
    tiled_state *state = ar_os_alloc(sizeof *state);
    if (!state)
        return ar_fail_memory("a gpu_tiled plan's state", sizeof *state);
    *state = cut(p, v);
    char options[640];
    size_t length = ar_matmul_gpu_options(p, options, sizeof options);
    snprintf(options + length, sizeof options - length,
             " -DTM=%d -DTN=%d -DTK=%d -DWM=%d -DWN=%d -DVECTOR=%d -DBUFFERS=%d -DLOCAL=%d -DSPLIT=%d",
             (int)v->value[TM], (int)v->value[TN], (int)v->value[TK], (int)v->value[WM], (int)v->value[WN],
             (int)v->value[VECTOR], (int)v->value[BUFFERS], (int)v->value[LOCAL], state->splits > 1);
    arete_status status = ar_kernel_get(plan->device, &ar_source_matmul_gpu_tiled, options, "matmul_gpu_tiled",
                                        &plan->kernels[0]);
    if (status == ARETE_OK && state->splits > 1)
        status = ar_kernel_get(plan->device, &ar_source_matmul_gpu_tiled, options, "matmul_gpu_reduce",
                               &plan->kernels[1]);
    if (status != ARETE_OK) {
        ar_os_free(state);
        return status;
    }
    double tile_flops = 2.0 * (double)(v->value[TM] * v->value[TN]) * (double)ceil_div(p->k, v->value[TK]) *
                        (double)v->value[TK];
    plan->cost.flops_executed = (double)p->batch[0] * (double)state->batch * (double)state->tiles_m *
                                (double)state->tiles_n * tile_flops;
    plan->cost.launches = (double)p->batch[0] * (state->splits > 1 ? 2 : 1);
    if (state->splits > 1)
        plan->workspace = (uint64_t)state->splits * (uint64_t)state->batch * (uint64_t)p->m * (uint64_t)p->n *
                          arete_dtype_size(ar_matmul_gpu_sum(p));
    plan->state = state;
    return ARETE_OK;
}

/* Whether every row of an operand starts at a multiple of four elements (buffers start at multiples of 32 bytes). */
static bool vectors(int64_t offset, int64_t ld, int64_t outer, int64_t inner) {
    return ((offset | ld | outer | inner) & 3) == 0;
}

static arete_status run_one(const arete_plan *plan, arete_queue *queue, const arete_matmul_args *args,
                            arete_buffer *partial, int64_t outer, arete_wait_list after, arete_event **done) {
    const matmul_problem *p = ar_plan_problem(plan);
    const tiled_state *state = plan->state;
    matmul_kernel_args s;
    ar_matmul_kernel_args(p, args, outer, &s);
    s.mc = state->tiles_m;
    s.nc = state->tiles_n;
    s.kc = state->steps;
    int flags = (vectors(s.a_offset, s.lda, s.a_outer, s.a_inner) ? 1 : 0) |
                (vectors(s.b_offset, s.ldb, s.b_outer, s.b_inner) ? 2 : 0);
    ar_arg alpha = ar_matmul_real(p, p->alpha), beta = ar_matmul_real(p, p->beta);
    ar_arg slope = ar_matmul_real(p, (double)p->slope), cin = AR_BUFFER(ar_matmul_cin_buffer(p, args));
    const ar_arg tiled[] = {
        AR_STRUCT(s), alpha, beta, slope, AR_BUFFER(args->a.buffer), AR_BUFFER(args->b.buffer), cin,
        AR_BUFFER(args->bias.buffer), AR_BUFFER(args->c.buffer), AR_BUFFER(args->a_zero.buffer),
        AR_BUFFER(args->b_zero.buffer), AR_BUFFER(args->a_scale.buffer), AR_BUFFER(args->b_scale.buffer),
        AR_BUFFER(partial), AR_I64(state->splits), AR_I32(flags)};
    ar_launch launch = {
        .kernel = plan->kernels[0], .dims = 1, .local = {state->group, 1, 1}, .args = tiled,
        .global = {state->group * (size_t)(state->tiles_m * state->tiles_n * state->splits * state->batch), 1, 1},
        .arg_count = sizeof tiled / sizeof *tiled};
    if (state->splits == 1)
        return ar_launch_run(queue, &launch, after, done);
    arete_status status = ar_launch_run(queue, &launch, after, NULL);
    if (status != ARETE_OK)
        return status;
    const ar_arg reduce[] = {
        AR_STRUCT(s), alpha, beta, slope, cin, AR_BUFFER(args->bias.buffer), AR_BUFFER(args->c.buffer),
        AR_BUFFER(args->a_scale.buffer), AR_BUFFER(args->b_scale.buffer), AR_BUFFER(partial), AR_I64(state->splits),
        AR_I64(state->batch)};
    int64_t items = state->batch * p->m * ceil_div(p->n, p->type_a == ARETE_F64 ? 2 : 4);
    launch = (ar_launch){
        .kernel = plan->kernels[1], .dims = 1, .local = {REDUCE_GROUP, 1, 1}, .args = reduce,
        .global = {(size_t)(ceil_div(items, REDUCE_GROUP) * REDUCE_GROUP), 1, 1},
        .arg_count = sizeof reduce / sizeof *reduce};
    return ar_launch_run(queue, &launch, (arete_wait_list){0}, done);
}

static arete_status run(const arete_plan *plan, arete_queue *queue, const void *arguments, arete_wait_list after,
                        arete_event **done) {
    const arete_matmul_args *args = arguments;
    const matmul_problem *p = ar_plan_problem(plan);
    arete_buffer *partial = NULL;
    if (plan->workspace) {
        arete_status status = ar_plan_scratch(plan, queue, args->workspace, &partial);
        if (status != ARETE_OK)
            return status;
    }
    for (int64_t outer = 0; outer < p->batch[0]; ++outer) {
        bool first = outer == 0, last = outer == p->batch[0] - 1;
        arete_status status = run_one(plan, queue, args, partial, outer, first ? after : (arete_wait_list){0},
                                      last ? done : NULL);
        if (status != ARETE_OK)
            return status;
    }
    return ARETE_OK;
}

const ar_solver ar_matmul_gpu_tiled = {
    .name = "gpu_tiled",
    .param_names = param_names,
    .applies = applies,
    .guess = guess,
    .accepts = accepts,
    .estimate = estimate,
    .candidate = candidate,
    .build = build,
    .run = run,
};
