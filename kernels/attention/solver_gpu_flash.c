/* gpu_flash: online softmax over tiles in local memory (gpu_flash.cl). */
#include <math.h>
#include <stdio.h>

#include "common.h"
#include "sources.h"

/* Tiles by the widest head: queries, work-items across, keys of V in local memory. */
typedef struct variant {
    int64_t most;
    int bq, tx, vb;
} variant;

static const variant variants[] = {{64, 32, 8, 16}, {128, 32, 16, 16}, {256, 16, 16, 8}};
enum { SLICE_OF_K = 16 };

static const variant *variant_of(const attention_problem *p) {
    int64_t widest = p->d > p->dv ? p->d : p->dv;
    for (size_t i = 0; i < sizeof variants / sizeof variants[0]; ++i) {
        if (widest <= variants[i].most)
            return &variants[i];
    }
    return NULL;
}

static uint64_t local_bytes(const variant *v) {
    int64_t bk = 4 * v->tx, k = SLICE_OF_K * bk, rows = v->vb * v->most;
    return 4 * (uint64_t)(v->most * v->bq + (k > rows ? k : rows) + bk * v->bq + 2 * v->bq * v->tx);
}

static bool applies(const void *problem, const arete_device *device, const char **why) {
    const attention_problem *p = problem;
    const variant *v = variant_of(p);
    *why = "the reference device runs no kernels";
    if (device->info.kind == ARETE_DEVICE_REFERENCE)
        return false;
    *why = "heads have more than 256 elements";
    if (!v)
        return false;
    *why = "the device has too little local memory, or too small work-groups";
    if (local_bytes(v) > device->info.local_bytes || device->info.max_group_size < (uint32_t)(v->bq / 4 * v->tx))
        return false;
    *why = "it has more than 2^31 work-groups";
    return (double)p->b * (double)p->hq * (double)ar_attention_ceil(p->sq, v->bq) < 0x1p31;
}

/* A third of the peak: not measured on a GPU yet; queries of a tile that are not there are paid, too. */
static double estimate(const void *problem, const arete_device *device, const arete_roofs *roofs,
                       const ar_params *params) {
    const attention_problem *p = problem;
    (void)params;
    if (device->info.kind != ARETE_DEVICE_GPU && device->info.kind != ARETE_DEVICE_ACCELERATOR)
        return INFINITY;
    arete_cost cost;
    ar_attention_family.cost(p, &cost);
    double bq = (double)variant_of(p)->bq, rows = (double)p->sq;
    cost.flops_executed *= 3 * (rows > 0 ? ceil(rows / bq) * bq / rows : 1);
    return arete_roofline_seconds(roofs, &cost, NULL);
}

static arete_status build(arete_plan *plan) {
    const attention_problem *p = ar_plan_problem(plan);
    const variant *v = variant_of(p);
    char options[512];
    size_t at = ar_attention_options(p, plan->device, options, sizeof options);
    snprintf(options + at, sizeof options - at, " -DD_MAX=%d -DDV_MAX=%d -DBQ=%d -DTX=%d -DDC=%d -DVB=%d",
             (int)v->most, (int)v->most, v->bq, v->tx, SLICE_OF_K, v->vb);
    plan->cost.launches = 1;
    arete_status status = ar_kernel_get(plan->device, &ar_source_attention_gpu_flash, options,
                                        "attention_gpu_flash", &plan->kernels[0]);
    return status == ARETE_OK ? ar_attention_bring_build(plan, 0) : status;
}

static arete_status run(const arete_plan *plan, arete_queue *queue, const void *of, arete_wait_list after,
                        arete_event **done) {
    const attention_problem *p = ar_plan_problem(plan);
    const variant *v = variant_of(p);
    attention_launch launch;
    arete_status status = ar_attention_begin(plan, queue, of, after, &launch);
    if (status != ARETE_OK)
        return status;
    if (ar_attention_no_y(p))
        return ar_queue_marker(queue, launch.after, done);
    size_t local = (size_t)(v->bq / 4 * v->tx);
    const size_t global[3] = {local * (size_t)(ar_attention_ceil(p->sq, v->bq) * p->hq * p->b), 1, 1};
    return ar_attention_launch(plan, queue, 0, &launch, global, local, done);
}

const ar_solver ar_attention_gpu_flash = {
    .name = "gpu_flash",
    .applies = applies,
    .estimate = estimate,
    .build = build,
    .run = run,
};
