/* cpu_direct: A and B as they lie, copied block by block into private memory (cpu_direct.cl). One launch, any
 * shape. */
#include <math.h>

#include "cpu_common.h"
#include "sources.h"

static const cpu_usual usual = {.tiles = 22, .panels = 16, .steps = 512};

static bool applies(const void *problem, const arete_device *device, const char **why) {
    return ar_matmul_cpu_applies(problem, device, why);
}

static void guess(const void *problem, const arete_device *device, ar_params *params) {
    ar_matmul_block_guess(problem, device, usual, true, params);
}

static bool accepts(const void *problem, const arete_device *device, const ar_params *params, const char **why) {
    return ar_matmul_block_accepts(problem, device, params, why);
}

static bool candidate(const void *problem, const arete_device *device, size_t index, ar_params *params) {
    return ar_matmul_block_candidate(problem, device, index, params);
}

static double estimate(const void *problem, const arete_device *device, const arete_roofs *roofs,
                       const ar_params *params) {
    if (!ar_matmul_cpu_home(device))
        return INFINITY;
    return ar_matmul_block_seconds(problem, device, roofs, params, true);
}

static arete_status build(arete_plan *plan) {
    const matmul_problem *p = ar_plan_problem(plan);
    return ar_matmul_block_build(plan, &ar_source_matmul_cpu_direct, "matmul_cpu_direct", p->trans_b, usual);
}

static arete_status run(const arete_plan *plan, arete_queue *queue, const void *args, arete_wait_list after,
                        arete_event **done) {
    cpu_launch launch = ar_matmul_block_launch(plan);
    return ar_matmul_cpu_run(plan, queue, args, &launch, NULL, after, done);
}

const ar_solver ar_matmul_cpu_direct = {
    .name = "cpu_direct",
    .param_names = ar_matmul_block_params,
    .applies = applies,
    .guess = guess,
    .accepts = accepts,
    .estimate = estimate,
    .candidate = candidate,
    .build = build,
    .run = run,
};
