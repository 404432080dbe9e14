/* cpu_packed: B in panels, ahead of time or in the workspace by a launch before the product (cpu_packed.cl). */
#include <math.h>

#include "cpu_common.h"
#include "sources.h"

#define SMALL_B (1 << 18) /* elements: 1 MB of f32 */

static const cpu_usual usual = {.tiles = 8, .panels = 16, .steps = 512};

static bool applies(const void *problem, const arete_device *device, const char **why) {
    const matmul_problem *p = problem;
    matmul_packed packed;
    *why = "packed B would not fit 64 bits";
    return ar_matmul_packed_layout(p, device, &packed) && ar_matmul_cpu_applies(p, device, why);
}

/* Halves the tiles of a block, down to two, until there are that many groups. */
static int64_t fewer_tiles(int64_t tiles, int64_t columns, int64_t mt, int64_t want) {
    while (mt > 2 && ar_matmul_ceil(tiles, mt) * columns < want)
        mt = ar_matmul_ceil(tiles, 2 * ar_matmul_ceil(tiles, mt));
    return mt;
}

/* Eight groups a unit even out what the units do besides; a block's panels stay in the second cache while its tiles
 * pass over them. Where all of B stays there, blocks are cut along the rows first, which costs nothing but the
 * repeated reading of B, and finer, so that a unit that wakes late leaves its share to the others (512^3: 2%,
 * 256^3: 8%). */
static void guess(const void *problem, const arete_device *device, ar_params *params) {
    const matmul_problem *p = problem;
    int64_t units = device->info.compute_units ? device->info.compute_units : 1, want = 8 * units;
    int64_t mr = ar_matmul_block_rows(p, device), nr = ar_matmul_panel(p, device);
    int64_t tiles = ar_matmul_ceil(p->m, mr), panels = ar_matmul_ceil(p->n, nr);
    tiles = tiles ? tiles : 1;
    panels = panels ? panels : 1;
    int64_t most = p->n >= 4096 && p->m >= 1024 ? 2 * usual.panels : p->m <= 96 ? 4 : usual.panels;
    int64_t rows = ar_matmul_ceil(tiles, usual.tiles), mt = ar_matmul_ceil(tiles, rows);
    int64_t nt = most < panels ? most : panels, columns = ar_matmul_ceil(panels, nt);
    double batch = (double)p->batch[1] * (double)p->batch[2];
    bool small_b = p->n * p->k <= SMALL_B && batch <= 1 && tiles >= 4 * units;
    if (small_b) {
        nt = nt < 8 ? nt : 8;
        columns = ar_matmul_ceil(panels, nt);
        mt = fewer_tiles(tiles, columns, mt, 2 * want);
        rows = ar_matmul_ceil(tiles, mt);
        want /= 2;
    }
    while (nt > 1 && (double)rows * (double)columns * batch < (double)want) {
        nt = ar_matmul_ceil(nt, 2);
        columns = ar_matmul_ceil(panels, nt);
    }
    nt = ar_matmul_ceil(panels, columns);
    while (mt > 1 && (double)rows * (double)columns * batch < (double)want) {
        mt = ar_matmul_ceil(tiles, 2 * rows);
        rows = ar_matmul_ceil(tiles, mt);
    }
    *params = (ar_params){{mr, mr * mt, nr * nt, ar_matmul_block_steps(p, usual.steps)}};
}

static bool accepts(const void *problem, const arete_device *device, const ar_params *params, const char **why) {
    return ar_matmul_block_accepts(problem, device, params, why);
}

static bool candidate(const void *problem, const arete_device *device, size_t index, ar_params *params) {
    return ar_matmul_block_candidate(problem, device, index, params);
}

/* Packing reads B and writes it once; between its launch and the product's all units meet, which costs about as much
 * as a launch with a wait (fitted to 256^3 on Zen 4). */
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
    bool cached = roofs->cache_bandwidth > 0 && bytes <= (double)roofs->cache_bytes;
    double bandwidth = cached ? roofs->cache_bandwidth : roofs->bandwidth;
    return seconds + (bandwidth > 0 ? bytes / bandwidth : 0) + roofs->launch_seconds + roofs->sync_seconds;
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
