/* decode: few queries against many keys; K and V are streamed once (decode.cl). Bound by memory. */
#include <math.h>
#include <stdio.h>

#include "common.h"
#include "sources.h"

enum { SPLITS };
static const char *const param_names[] = {"splits", NULL};

enum { MAX_D = 1024, MAX_QUERIES = 256, MAX_TOKENS = 8, MAX_SPLITS = 256, LEAST_KEYS = 128 };

/* Queries that read one key head. */
static int64_t queries(const attention_problem *p) {
    return p->hkv > 0 ? p->hq / p->hkv * p->sq : 0;
}

/* Queries of a group: a power of two, as many as vector lanes at most. */
static int64_t rows_of(const attention_problem *p, const arete_device *device) {
    int64_t most = ar_attention_vec(device) < 8 ? 4 : 8, rows = 1;
    while (rows < most && rows < queries(p))
        rows *= 2;
    return rows;
}

static int64_t blocks_of(const attention_problem *p, const arete_device *device) {
    return ar_attention_ceil(queries(p), rows_of(p, device));
}

static bool applies(const void *problem, const arete_device *device, const char **why) {
    const attention_problem *p = problem;
    *why = "the reference device runs no kernels";
    if (device->info.kind == ARETE_DEVICE_REFERENCE)
        return false;
    *why = "it has one work-item in a group, and the device runs many in step";
    if (ar_runs_in_step(device))
        return false;
    *why = "it takes up to 8 tokens, and up to 256 queries of a key head";
    if (p->sq > MAX_TOKENS || queries(p) > MAX_QUERIES)
        return false;
    *why = "heads have more than 1024 elements, or none";
    return p->d <= MAX_D && p->dv <= MAX_D && p->d > 0 && p->dv > 0;
}

/* Keys are split until there are some groups for each unit. */
static void guess(const void *problem, const arete_device *device, ar_params *params) {
    const attention_problem *p = problem;
    int64_t units = device->info.compute_units ? device->info.compute_units : 1, keys = ar_attention_keys(p);
    double groups = (double)p->b * (double)p->hkv * (double)blocks_of(p, device);
    int64_t splits = groups > 0 ? (int64_t)ceil(8 * (double)units / groups) : 1, most = keys / LEAST_KEYS;
    splits = splits < most ? splits : most;
    *params = (ar_params){{splits < 1 ? 1 : splits > MAX_SPLITS ? MAX_SPLITS : splits}};
}

static bool accepts(const void *problem, const arete_device *device, const ar_params *params, const char **why) {
    (void)problem;
    (void)device;
    *why = "splits must be 1 to 256";
    return params->value[SPLITS] >= 1 && params->value[SPLITS] <= MAX_SPLITS;
}

static bool candidate(const void *problem, const arete_device *device, size_t index, ar_params *params) {
    const attention_problem *p = problem;
    (void)device;
    *params = (ar_params){{(int64_t)1 << index}};
    return index <= 8 && (index == 0 || (ar_attention_keys(p) >> index) >= LEAST_KEYS / 2);
}

/* 95% of the bandwidth; a third of the peak, as each vector that is loaded and converted is used by few queries. */
static double estimate(const void *problem, const arete_device *device, const arete_roofs *roofs,
                       const ar_params *params) {
    const attention_problem *p = problem;
    if (!ar_attention_is_cpu(device))
        return INFINITY;
    arete_cost cost;
    ar_attention_family.cost(p, &cost);
    double blocks = (double)blocks_of(p, device), rows = (double)rows_of(p, device);
    cost.flops_executed *= blocks * rows / fmax(1, (double)queries(p)) / (rows > 1 ? 0.35 : 0.2);
    cost.bytes /= 0.95;
    cost.launches = params->value[SPLITS] > 1 ? 2 : 1;
    return arete_roofline_seconds(roofs, &cost, NULL);
}

static arete_status build(arete_plan *plan) {
    const attention_problem *p = ar_plan_problem(plan);
    int64_t splits = plan->params.value[SPLITS];
    bool hides = p->type_mask || ((p->causal || p->window) && p->sq > 1);
    char options[512];
    size_t at = ar_attention_options(p, plan->device, options, sizeof options);
    snprintf(options + at, sizeof options - at, " -DD=%d -DDV=%d -DROWS=%d -DHIDES=%d -DSPLIT=%d", (int)p->d,
             (int)p->dv, (int)rows_of(p, plan->device), hides, splits > 1);
    arete_status status =
        ar_kernel_get(plan->device, &ar_source_attention_decode, options, "attention_decode", &plan->kernels[0]);
    if (status == ARETE_OK && splits > 1)
        status =
            ar_kernel_get(plan->device, &ar_source_attention_decode, options, "attention_merge", &plan->kernels[1]);
    if (status != ARETE_OK)
        return status;
    int64_t vec = ar_attention_vec(plan->device), pitch = ar_attention_ceil(p->dv, vec) * vec + vec;
    plan->cost.launches = splits > 1 ? 2 : 1;
    return ar_attention_bring_build(plan, splits > 1 ? 4 * (uint64_t)(p->b * p->hq * p->sq * splits * pitch) : 0);
}

static arete_status run(const arete_plan *plan, arete_queue *queue, const void *of, arete_wait_list after,
                        arete_event **done) {
    const attention_problem *p = ar_plan_problem(plan);
    int64_t splits = plan->params.value[SPLITS];
    attention_launch launch;
    arete_status status = ar_attention_begin(plan, queue, of, after, &launch);
    if (status != ARETE_OK)
        return status;
    if (ar_attention_no_y(p))
        return ar_queue_marker(queue, launch.after, done);
    launch.block.splits = splits;
    launch.block.rows = queries(p);
    launch.block.keys = p->hkv;
    const size_t global[3] = {(size_t)splits, (size_t)(p->hkv * blocks_of(p, plan->device)), (size_t)p->b};
    status = ar_attention_launch(plan, queue, 0, &launch, global, 1, splits > 1 ? NULL : done);
    if (status != ARETE_OK || splits == 1)
        return status;
    launch.after = ARETE_WAIT_NONE;
    const size_t rows[3] = {(size_t)(p->b * p->hq * p->sq), 1, 1};
    return ar_attention_launch(plan, queue, 1, &launch, rows, 1, done);
}

const ar_solver ar_attention_decode = {
    .name = "decode",
    .param_names = param_names,
    .applies = applies,
    .guess = guess,
    .accepts = accepts,
    .estimate = estimate,
    .candidate = candidate,
    .build = build,
    .run = run,
};
