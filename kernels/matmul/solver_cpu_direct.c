/* cpu_direct: A and B as they lie, copied block by block into private memory (cpu_direct.cl). One launch, any
 * shape. */
#include <math.h>

#include "cpu_common.h"
#include "sources.h"

static const cpu_usual usual = {.tiles = 32, .panels = 32, .steps = 256};

static bool applies(const void *problem, const arete_device *device, const char **why) {
    return ar_matmul_cpu_applies(problem, device, why);
}

/* Few, large blocks: a block's copy of B serves all its tiles. Two groups a unit or four, where the work is enough
 * to even them out. */
static void guess(const void *problem, const arete_device *device, ar_params *params) {
    const matmul_problem *p = problem;
    int64_t units = device->info.compute_units ? device->info.compute_units : 1;
    int64_t mr = ar_matmul_block_rows(p, device), nr = ar_matmul_panel(p, device);
    int64_t tiles = ar_matmul_ceil(p->m, mr), panels = ar_matmul_ceil(p->n, nr);
    tiles = tiles ? tiles : 1;
    panels = panels ? panels : 1;
    int64_t rows = ar_matmul_ceil(tiles, usual.tiles);
    if (tiles >= units && p->m >= p->n)
        rows = ar_matmul_ceil(rows, units) * units;
    int64_t mt = ar_matmul_ceil(tiles, rows);
    rows = ar_matmul_ceil(tiles, mt);
    double work = (double)p->m * (double)p->n * (double)p->k;
    int64_t want = (work < (double)(1 << 26) ? 2 : 4) * units;
    int64_t batch = p->batch[1] * p->batch[2];
    int64_t nt = panels < usual.panels ? panels : usual.panels;
    while (nt > 2 && (double)rows * (double)ar_matmul_ceil(panels, nt) * (double)batch < (double)want)
        nt = ar_matmul_ceil(nt, 2);
    nt = ar_matmul_ceil(panels, ar_matmul_ceil(panels, nt));
    *params = (ar_params){{mr, mr * mt, nr * nt, ar_matmul_block_steps(p, usual.steps)}};
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
