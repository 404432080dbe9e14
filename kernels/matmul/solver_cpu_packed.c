/* cpu_packed: B in panels, ahead of time or in the workspace by a launch before the product (cpu_packed.cl). */
#include <math.h>

#include "cpu_common.h"
#include "sources.h"

static const cpu_usual usual = {.tiles = 8, .panels = 16, .steps = 512};

static bool applies(const void *problem, const arete_device *device, const char **why) {
    const matmul_problem *p = problem;
    matmul_packed packed;
    *why = "packed B would not fit 64 bits";
    return ar_matmul_packed_layout(p, device, &packed) && ar_matmul_cpu_applies(p, device, why);
}

/* A block's copy of A stays in the second cache while its panels pass. */
static void guess(const void *problem, const arete_device *device, ar_params *params) {
    ar_matmul_block_guess(problem, device, usual, false, params);
}

static bool accepts(const void *problem, const arete_device *device, const ar_params *params, const char **why) {
    return ar_matmul_block_accepts(problem, device, params, why);
}

static bool candidate(const void *problem, const arete_device *device, size_t index, ar_params *params) {
    return ar_matmul_block_candidate(problem, device, index, params);
}

/* Packing reads B and writes it once, at half the bandwidth of memory even where B lies in a cache: its rows are far
 * apart. Between its launch and the product's all units meet, which costs about as much as a launch with a wait (fitted
 * to 256^3, 512^3 and 1024^3 on Zen 4, where cpu_direct is faster, and 2048^3, where it is not). */
static double estimate(const void *problem, const arete_device *device, const arete_roofs *roofs,
                       const ar_params *params) {
    const matmul_problem *p = problem;
    matmul_packed packed;
    if (!ar_matmul_cpu_home(device) || !ar_matmul_packed_layout(p, device, &packed))
        return INFINITY;
    double seconds = ar_matmul_block_seconds(p, device, roofs, params, false);
    if (p->prepack)
        return seconds;
    double bytes = 2 * (double)packed.bytes;
    return seconds + (roofs->bandwidth > 0 ? bytes / (0.5 * roofs->bandwidth) : 0) + roofs->launch_seconds +
           roofs->sync_seconds;
}

static arete_status build(arete_plan *plan) {
    const matmul_problem *p = ar_plan_problem(plan);
    matmul_packed *packed = ar_os_alloc(sizeof *packed);
    if (!packed)
        return ar_fail_memory("a plan's state", sizeof *packed);
    ar_matmul_packed_layout(p, plan->device, packed);
    arete_status status =
        ar_matmul_block_build(plan, &ar_source_matmul_cpu_packed, "matmul_cpu_packed", false, usual);
    if (status == ARETE_OK && !p->prepack)
        status = ar_matmul_pack_kernel(plan->device, p, &plan->kernels[1]);
    if (status != ARETE_OK) {
        ar_os_free(packed);
        return status;
    }
    plan->state = packed;
    plan->packed_layout = packed->layout;
    plan->packed_bytes = packed->bytes;
    plan->workspace = p->prepack ? 0 : packed->bytes;
    if (!p->prepack)
        plan->cost.launches += (double)((p->step_b[0] ? p->batch[0] : 1) * (p->step_b[1] ? p->batch[1] : 1));
    return ARETE_OK;
}

static arete_status run(const arete_plan *plan, arete_queue *queue, const void *of, arete_wait_list after,
                        arete_event **done) {
    const arete_matmul_args *args = of;
    cpu_launch launch = ar_matmul_block_launch(plan);
    launch.packed = plan->state;
    launch.b_buffer = args->packed_b;
    if (!args->packed_b) {
        const matmul_problem *p = ar_plan_problem(plan);
        arete_status status = ar_plan_scratch(plan, queue, args->workspace, &launch.b_buffer);
        if (status == ARETE_OK)
            status = ar_matmul_pack_launch(queue, plan->kernels[1], p, &args->b, launch.b_buffer, 0, after);
        if (status != ARETE_OK)
            return status;
        if (p->k > 0)
            after = ARETE_WAIT_NONE; /* the packing waited */
    }
    return ar_matmul_cpu_run(plan, queue, args, &launch, NULL, after, done);
}

const ar_solver ar_matmul_cpu_packed = {
    .name = "cpu_packed",
    .param_names = ar_matmul_block_params,
    .applies = applies,
    .guess = guess,
    .accepts = accepts,
    .estimate = estimate,
    .candidate = candidate,
    .build = build,
    .run = run,
};
