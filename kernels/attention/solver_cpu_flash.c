/* cpu_flash: online softmax around register-blocked products (cpu_flash.cl). */
#include <math.h>
#include <stdio.h>

#include "common.h"
#include "sources.h"

enum { MR, KEYS, ROWS }; /* keys of a tile; keys of a block; queries of a run */
static const char *const param_names[] = {"mr", "keys", "rows", NULL};

enum { MAX_D = 512, MAX_TILE = 16, MAX_KEYS = 1024, MAX_ROWS = 1024 };
#define MAX_PRIVATE 3e6 /* bytes of private arrays; a worker thread's stack has 8 MB where it is small */

/* Rows of private arrays: few sizes, so that few programs serve many heads. */
static int64_t room_for(int64_t d) {
    return d <= 64 ? 64 : d <= 128 ? 128 : d <= 256 ? 256 : MAX_D;
}

/* Keys of a tile: as many as the registers hold but one, which covers 128 best. */
static int64_t key_tile(const arete_device *device) {
    return ar_attention_vec(device) == 16 ? 13 : 6;
}

/* Elements of a tile of O: of a few sizes, so that few programs serve many heads, the one that wastes least. */
static int64_t value_tile(const attention_problem *p, const arete_device *device) {
    static const int64_t wide[] = {13, 14, 12, 10}, narrow[] = {6, 5, 4};
    bool is_wide = ar_attention_vec(device) == 16;
    const int64_t *sizes = is_wide ? wide : narrow;
    int64_t best = sizes[0], n = p->dv;
    for (size_t i = 0; i < (is_wide ? 4 : 3) && n > 48; ++i) {
        double cost =
            (double)(ar_attention_ceil(n, sizes[i]) * sizes[i]) * (1 + 0.008 * (double)(sizes[0] - sizes[i]));
        if (cost < (double)(ar_attention_ceil(n, best) * best) * (1 + 0.008 * (double)(sizes[0] - best)) - 1e-9)
            best = sizes[i];
    }
    return best;
}

static bool paired(const attention_problem *p) {
    return p->causal != 0;
}

static double private_bytes(const attention_problem *p, const arete_device *device, const ar_params *v) {
    double d = (double)room_for(p->d), dv = (double)room_for(p->dv), nr = 2 * (double)ar_attention_vec(device);
    double keys = (double)(v->value[KEYS] + MAX_TILE), rows = (double)v->value[ROWS];
    return 4 * (keys * (d + dv + 32 + nr * (p->type_mask ? 2 : 1)) + rows * (d + dv + 16));
}

static bool applies(const void *problem, const arete_device *device, const char **why) {
    const attention_problem *p = problem;
    *why = "the reference device runs no kernels";
    if (device->info.kind == ARETE_DEVICE_REFERENCE)
        return false;
    *why = "it has one work-item in a group, and the device runs many in step";
    if (ar_runs_in_step(device))
        return false;
    *why = "heads have more than 512 elements";
    return p->d <= MAX_D && p->dv <= MAX_D;
}

/* Long runs read K and V less often; but there must be enough groups for all units. */
static void guess(const void *problem, const arete_device *device, ar_params *params) {
    const attention_problem *p = problem;
    int64_t units = device->info.compute_units ? device->info.compute_units : 1, nr = 2 * ar_attention_vec(device);
    int64_t mr = key_tile(device), widest = p->d > p->dv ? p->d : p->dv;
    int64_t keys = widest <= 64 ? 256 : widest <= 128 ? 192 : widest <= 256 ? 128 : 64;
    int64_t rows = widest <= 128 ? 512 : widest <= 256 ? 256 : 128, runs = paired(p) ? 2 : 1;
    double heads = (double)p->b * (double)p->hq;
    while (rows > nr && heads * (double)ar_attention_ceil(p->sq, rows * runs) < 4 * (double)units)
        rows /= 2;
    if (p->window && rows > 4 * nr)
        rows = 4 * nr;
    int64_t blocks = ar_attention_ceil(ar_attention_ceil(p->sq, rows), runs) * runs;
    rows = ar_attention_ceil(ar_attention_ceil(p->sq > 0 ? p->sq : 1, blocks > 0 ? blocks : 1), nr) * nr;
    int64_t all = ar_attention_keys(p) > 0 ? ar_attention_keys(p) : 1;
    keys = ar_attention_ceil(ar_attention_ceil(all, ar_attention_ceil(all, keys)), mr) * mr;
    *params = (ar_params){{mr, keys, rows}};
}

static bool accepts(const void *problem, const arete_device *device, const ar_params *params, const char **why) {
    const int64_t *v = params->value;
    *why = "mr must be 1 to 16";
    if (v[MR] < 1 || v[MR] > MAX_TILE)
        return false;
    *why = "keys must be a multiple of mr, at most 1024";
    if (v[KEYS] < v[MR] || v[KEYS] % v[MR] != 0 || v[KEYS] > MAX_KEYS)
        return false;
    *why = "rows must be a multiple of two vectors, at most 1024";
    if (v[ROWS] < 1 || v[ROWS] % (2 * ar_attention_vec(device)) != 0 || v[ROWS] > MAX_ROWS)
        return false;
    *why = "keys and rows take more than 3 MB of private memory";
    return private_bytes(problem, device, params) <= MAX_PRIVATE;
}

static bool candidate(const void *problem, const arete_device *device, size_t index, ar_params *params) {
    static const int64_t keys[] = {64, 128, 192, 256, 384, 512}, rows[] = {32, 64, 128, 256, 512, 1024};
    const attention_problem *p = problem;
    const char *why;
    int64_t mr = key_tile(device), nr = 2 * ar_attention_vec(device);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; ++i) {
        for (size_t j = 0; j < sizeof keys / sizeof keys[0]; ++j) {
            *params = (ar_params){{mr, ar_attention_ceil(keys[j], mr) * mr, rows[i]}};
            bool more = (i > 0 && rows[i - 1] >= p->sq) || (j > 0 && keys[j - 1] >= ar_attention_keys(p));
            if (!more && rows[i] % nr == 0 && accepts(p, device, params, &why) && index-- == 0)
                return true;
        }
    }
    return false;
}

static double groups_of(const attention_problem *p, const ar_params *params) {
    return (double)p->b * (double)p->hq *
           (double)ar_attention_ceil(ar_attention_ceil(p->sq, params->value[ROWS]), paired(p) ? 2 : 1);
}

/* 86% of the peak for the pairs; lanes without queries and units without groups in the last round are lost. */
static double estimate(const void *problem, const arete_device *device, const arete_roofs *roofs,
                       const ar_params *params) {
    const attention_problem *p = problem;
    if (!ar_attention_is_cpu(device))
        return INFINITY;
    arete_cost cost;
    ar_attention_family.cost(p, &cost);
    double units = device->info.compute_units ? device->info.compute_units : 1,
           nr = 2 * (double)ar_attention_vec(device);
    double groups = fmax(1, groups_of(p, params)), idle = ceil(groups / units) * units / groups;
    double lanes = ceil((double)p->sq / nr) * nr / fmax(1, (double)p->sq);
    /* Copies of K and V: six operations an element for each run of queries. */
    double copies = ceil((double)p->sq / (double)params->value[ROWS]) * (double)p->b * (double)p->hq *
                    (double)ar_attention_keys(p) * (double)(p->d + p->dv) * 6;
    cost.flops_executed = (cost.flops_executed * lanes / 0.86 + copies) * idle;
    return arete_roofline_seconds(roofs, &cost, NULL);
}

static arete_status build(arete_plan *plan) {
    const attention_problem *p = ar_plan_problem(plan);
    const int64_t *v = plan->params.value;
    char options[512];
    size_t at = ar_attention_options(p, plan->device, options, sizeof options);
    /* Room rounded up, so that few programs serve many lengths. */
    int64_t keys = v[KEYS] <= 272 ? 272 : MAX_KEYS, rows = v[ROWS] <= 512 ? 512 : MAX_ROWS;
    snprintf(options + at, sizeof options - at,
             " -DD_MAX=%d -DDV_MAX=%d -DMR=%d -DMV=%d -DKEYS_MAX=%d -DROWS_MAX=%d", (int)room_for(p->d),
             (int)room_for(p->dv), (int)v[MR], (int)value_tile(p, plan->device), (int)keys, (int)rows);
    plan->cost.launches = 1;
    arete_status status = ar_kernel_get(plan->device, &ar_source_attention_cpu_flash, options,
                                        "attention_cpu_flash", &plan->kernels[0]);
    return status == ARETE_OK ? ar_attention_bring_build(plan, 0) : status;
}

static arete_status run(const arete_plan *plan, arete_queue *queue, const void *of, arete_wait_list after,
                        arete_event **done) {
    const attention_problem *p = ar_plan_problem(plan);
    const int64_t *v = plan->params.value;
    attention_launch launch;
    arete_status status = ar_attention_begin(plan, queue, of, after, &launch);
    if (status != ARETE_OK)
        return status;
    if (ar_attention_no_y(p))
        return ar_queue_marker(queue, launch.after, done);
    launch.block.keys = v[KEYS];
    launch.block.rows = v[ROWS];
    launch.block.splits = paired(p) ? 2 : 1;
    int64_t groups = ar_attention_ceil(ar_attention_ceil(p->sq, v[ROWS]), launch.block.splits);
    const size_t global[3] = {(size_t)groups, (size_t)p->hq, (size_t)p->b};
    return ar_attention_launch(plan, queue, 0, &launch, global, 1, done);
}

const ar_solver ar_attention_cpu_flash = {
    .name = "cpu_flash",
    .param_names = param_names,
    .applies = applies,
    .guess = guess,
    .accepts = accepts,
    .estimate = estimate,
    .candidate = candidate,
    .build = build,
    .run = run,
};
