/* two_pass: any shape on any device that compiles kernels (two_pass.cl); the fallback. */
#include <stdio.h>

#include "common.h"
#include "sources.h"

enum { CHUNK = 64, GROUP = 64 };

static bool applies(const void *problem, const arete_device *device, const char **why) {
    const attention_problem *p = problem;
    *why = "the reference device runs no kernels";
    if (device->info.kind == ARETE_DEVICE_REFERENCE)
        return false;
    *why = "it has more than 2^31 rows";
    return (double)p->b * (double)p->hq * (double)p->sq < 0x1p31 && p->d < 1 << 30 && p->dv < 1 << 30;
}

/* Scores are computed once more for each CHUNK of Y, at about a tenth of the peak (PoCL, Zen 4). */
static double estimate(const void *problem, const arete_device *device, const arete_roofs *roofs,
                       const ar_params *params) {
    const attention_problem *p = problem;
    (void)device;
    (void)params;
    arete_cost cost;
    ar_attention_family.cost(p, &cost);
    double d = (double)p->d, dv = (double)p->dv;
    double scores = 1 + (double)ar_attention_ceil(p->dv, CHUNK);
    cost.flops_executed *= d + dv > 0 ? 10 * (scores * d + dv) / (d + dv) : 1;
    cost.launches = 2;
    return arete_roofline_seconds(roofs, &cost, NULL);
}

static arete_status build(arete_plan *plan) {
    const attention_problem *p = ar_plan_problem(plan);
    char options[512];
    size_t at = ar_attention_options(p, plan->device, options, sizeof options);
    snprintf(options + at, sizeof options - at, " -DCHUNK=%d", CHUNK);
    arete_status status =
        ar_kernel_get(plan->device, &ar_source_attention_two_pass, options, "attention_stats", &plan->kernels[0]);
    if (status == ARETE_OK)
        status = ar_kernel_get(plan->device, &ar_source_attention_two_pass, options, "attention_apply",
                               &plan->kernels[1]);
    plan->cost.launches = 2;
    double d = (double)p->d, dv = (double)p->dv;
    if (d + dv > 0)
        plan->cost.flops_executed *= ((1 + (double)ar_attention_ceil(p->dv, CHUNK)) * d + dv) / (d + dv);
    if (status == ARETE_OK)
        status = ar_attention_bring_build(plan, 8 * (uint64_t)(p->b * p->hq * p->sq));
    return status;
}

static arete_status run(const arete_plan *plan, arete_queue *queue, const void *of, arete_wait_list after,
                        arete_event **done) {
    const attention_problem *p = ar_plan_problem(plan);
    attention_launch launch;
    arete_status status = ar_attention_begin(plan, queue, of, after, &launch);
    if (status != ARETE_OK)
        return status;
    if (ar_attention_no_y(p))
        return ar_queue_marker(queue, launch.after, done);
    int64_t local = ar_attention_is_cpu(plan->device) ? 1 : GROUP, rows = p->b * p->hq * p->sq;
    size_t global[3] = {(size_t)(ar_attention_ceil(rows, local) * local), 1, 1};
    status = ar_attention_launch(plan, queue, 0, &launch, global, (size_t)local, NULL);
    if (status != ARETE_OK)
        return status;
    launch.after = ARETE_WAIT_NONE;
    global[0] = (size_t)(ar_attention_ceil(rows * ar_attention_ceil(p->dv, CHUNK), local) * local);
    return ar_attention_launch(plan, queue, 1, &launch, global, (size_t)local, done);
}

const ar_solver ar_attention_two_pass = {
    .name = "two_pass",
    .applies = applies,
    .estimate = estimate,
    .build = build,
    .run = run,
};
