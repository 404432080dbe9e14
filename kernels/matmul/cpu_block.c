/* How cpu_packed and cpu_direct cut C into blocks, and what that costs. */
#include <math.h>
#include <stdio.h>

#include "cpu_common.h"

const char *const ar_matmul_block_params[] = {"mr", "mc", "nc", "kc", NULL};

enum { MAX_ROWS = 16, MAX_STEPS = 4096, INT_STEPS = 256, MAX_TAIL = 4 };
#define MAX_PRIVATE 4e6 /* bytes of private arrays; a worker thread's stack has 8 MB where it is small */

static bool is_int(const matmul_problem *p) {
    return ar_matmul_is_int8(p->type_a) && ar_matmul_is_int8(p->type_b);
}

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

int64_t ar_matmul_block_steps(const matmul_problem *p, int64_t most) {
    if (is_int(p))
        most = least(most, INT_STEPS);
    if (p->k <= 16)
        return 16;
    int64_t passes = ar_matmul_ceil(p->k, most);
    return ar_matmul_ceil(ar_matmul_ceil(p->k, passes), 16) * 16;
}

/* 32 vector registers hold 14 x 2 sums, two vectors of B and one of A; 16 hold 6 x 2. Fewer rows than 12 leave the
 * loads of B less hidden: about 1% a row (measured on Zen 4). */
int64_t ar_matmul_block_rows(const matmul_problem *p, const arete_device *device) {
    int64_t most = ar_matmul_vec(device) == 16 ? 14 : 6, usual = ar_matmul_vec(device) == 16 ? 12 : 6;
    if (p->m <= most)
        return p->m > 0 ? p->m : 1;
    int64_t best = usual;
    double best_cost = INFINITY;
    for (int64_t rows = most; rows >= most - most / 2; --rows) {
        double cost = (double)(ar_matmul_ceil(p->m, rows) * rows) / (double)p->m;
        cost *= 1 + 0.008 * fmax(0, (double)(usual - rows)) + 0.002 * fmax(0, (double)(rows - usual));
        if (cost < best_cost - 1e-9) {
            best = rows;
            best_cost = cost;
        }
    }
    return best;
}

/* Columns of a last panel that are dot products (cpu_tail.h); 0: none. */
static int64_t dot_columns(const matmul_problem *p, int64_t nr) {
    int64_t tail = p->n % nr;
    return tail <= least(MAX_TAIL, nr / 2) && !p->trans_a && !is_int(p) ? tail : 0;
}

static double private_bytes(const matmul_problem *p, const arete_device *device, const int64_t *v) {
    double real = p->type_a == ARETE_F64 ? 8 : 4;
    double nr = (double)ar_matmul_panel(p, device);
    return real * ((double)v[BLOCK_MC] * (double)v[BLOCK_NC] + (double)v[BLOCK_MC] * ((double)v[BLOCK_KC] + 16) +
                   (double)v[BLOCK_KC] * nr);
}

bool ar_matmul_block_accepts(const matmul_problem *p, const arete_device *device, const ar_params *params,
                             const char **why) {
    const int64_t *v = params->value;
    int64_t nr = ar_matmul_panel(p, device);
    *why = "mr must be 1 to 16";
    if (v[BLOCK_MR] < 1 || v[BLOCK_MR] > MAX_ROWS)
        return false;
    *why = "mc must be a multiple of mr";
    if (v[BLOCK_MC] < v[BLOCK_MR] || v[BLOCK_MC] % v[BLOCK_MR] != 0 || v[BLOCK_MC] > 1 << 16)
        return false;
    *why = "nc must be a multiple of two vectors";
    if (v[BLOCK_NC] < nr || v[BLOCK_NC] % nr != 0 || v[BLOCK_NC] > 1 << 16)
        return false;
    *why = is_int(p) ? "kc must be a multiple of 16, at most 256 for int8"
                     : "kc must be a multiple of 16, at most 4096";
    if (v[BLOCK_KC] < 16 || v[BLOCK_KC] % 16 != 0 || v[BLOCK_KC] > (is_int(p) ? INT_STEPS : MAX_STEPS))
        return false;
    *why = "mc * (nc + kc) is more private memory than 4 MB";
    return private_bytes(p, device, v) <= MAX_PRIVATE;
}

bool ar_matmul_block_candidate(const matmul_problem *p, const arete_device *device, size_t index,
                               ar_params *params) {
    static const int64_t tiles[] = {1, 2, 4, 6, 8, 12, 16, 22, 32}, panels[] = {1, 2, 4, 8, 16, 32},
                         steps[] = {128, 256, 384, 512, 1024};
    int64_t nr = ar_matmul_panel(p, device), best = ar_matmul_block_rows(p, device);
    const int64_t rows[] = {best, ar_matmul_vec(device) == 16 ? 12 : 6, ar_matmul_vec(device) == 16 ? 14 : 4};
    for (size_t r = 0; r < 3; ++r) {
        if (r > 0 && (rows[r] == best || rows[r] > p->m))
            continue;
        int64_t need_tiles = ar_matmul_ceil(p->m, rows[r]), need_panels = ar_matmul_ceil(p->n, nr), last_kc = 0;
        for (size_t k = 0; k < sizeof steps / sizeof steps[0]; ++k) {
            int64_t kc = ar_matmul_block_steps(p, steps[k]);
            if (kc == last_kc)
                continue;
            last_kc = kc;
            for (size_t t = 0; t < sizeof tiles / sizeof tiles[0]; ++t) {
                if (t > 0 && tiles[t - 1] >= need_tiles)
                    break;
                for (size_t n = 0; n < sizeof panels / sizeof panels[0]; ++n) {
                    if (n > 0 && panels[n - 1] >= need_panels)
                        break;
                    const char *why;
                    *params = (ar_params){
                        {rows[r], rows[r] * least(tiles[t], need_tiles), nr * least(panels[n], need_panels), kc}};
                    if (ar_matmul_block_accepts(p, device, params, &why) && index-- == 0)
                        return true;
                }
            }
        }
    }
    return false;
}

/*
 * The work of the unit that has most of it, times the units, in flops at the unit's peak.
 * A tile costs its full size, more where few rows leave the latency of fma (4 cycles, 2 a cycle) or the loads of B in
 * sight, and what it takes to start and store; a copied value of A about 9 flops (a vector load and store in 4 to 5
 * cycles, much of it the second cache's); of B 8 where the first tile's product leaves the copy (micro_keep), 40
 * where it is made beforehand because B is turned, half as much again where it is converted besides (measured on
 * Zen 4). A last panel of up to half its columns costs half; one of few columns its dot products, and in each group
 * a cycle an element to turn it. Units take groups as they come, so whole rounds of groups count, and a little of a
 * group more, as units neither start nor end together.
 */
static double block_flops(const matmul_problem *p, const arete_device *device, const int64_t *v, bool copies_b) {
    double units = device->info.compute_units ? device->info.compute_units : 1;
    double nr = (double)ar_matmul_panel(p, device), mr = (double)v[BLOCK_MR], k = (double)p->k;
    double tiles = (double)v[BLOCK_MC] / mr, panels = (double)v[BLOCK_NC] / nr;
    double all_tiles = ceil((double)p->m / mr), all_panels = ceil((double)p->n / nr);
    double groups_m = ceil(all_tiles / tiles), groups_n = ceil(all_panels / panels);
    double batch = (double)ar_matmul_batches(p), groups = groups_m * groups_n * batch;
    tiles = fmin(tiles, all_tiles);
    panels = fmin(panels, all_panels);

    bool narrow = p->type_b != ARETE_F32 && p->type_b != ARETE_F64;
    double step = fmax(mr, 4) * (copies_b || !narrow ? 1.02 : 1.1); /* conversion of B in the inner loop */
    int64_t tail = p->n % ar_matmul_panel(p, device), dots = dot_columns(p, ar_matmul_panel(p, device));
    double spared = dots > 0 ? 0.88 : tail > 0 && (double)tail <= nr / 2 ? 0.5 : 0; /* of the last panel */
    double turn = (double)dots * k * 32;
    double tile_flops = 2 * step * nr * k + 8 * mr * nr;
    double copy_a = 9 * (p->type_a == ARETE_F32 || p->type_a == ARETE_F64 ? 1 : 1.5);
    double copy_b = !copies_b ? 0 : p->trans_b ? 40 * (narrow ? 1.5 : 1) : 8;
    bool has_last = panels == all_panels;
    double group = tiles * (panels - (has_last ? spared : 0)) * tile_flops + tiles * mr * k * copy_a +
                   panels * nr * k * copy_b + (has_last ? turn : 0);
    double all = batch * (all_tiles * (all_panels - spared) * tile_flops + groups_n * all_tiles * mr * k * copy_a +
                          groups_m * (all_panels * nr * k * copy_b + turn));
    double rounds = ceil(groups / units) * units * group;
    return fmax(all, fmin(rounds, all + units * group)) + 0.05 * units * group;
}

double ar_matmul_block_seconds(const matmul_problem *p, const arete_device *device, const arete_roofs *roofs,
                               const ar_params *params, bool copies_b) {
    double peak = roofs->peak[ar_matmul_unit(p)] > 0 ? roofs->peak[ar_matmul_unit(p)] : 1e10;
    double compute = block_flops(p, device, params->value, copies_b) / peak;
    double bytes = (double)(p->bytes_a + p->bytes_b + p->bytes_c + p->bytes_cin);
    bool cached = roofs->cache_bandwidth > 0 && bytes <= (double)roofs->cache_bytes;
    double bandwidth = cached ? roofs->cache_bandwidth : roofs->bandwidth;
    /* Copies of blocks and products take turns within a group, so memory idles meanwhile: cpu_direct reaches 17 of 53
     * GB/s at M = 1, long streams of packed panels most of it (measured on Zen 4, 2 cores). */
    double memory = bandwidth > 0 ? bytes / bandwidth / (copies_b ? 0.5 : 0.85) : 0;
    return fmax(compute, memory) + (double)p->batch[0] * roofs->launch_seconds;
}

/* The next smaller size of a block, as even as can be; the more blocks there are, the larger the steps. */
static int64_t next_smaller(int64_t count, int64_t size) {
    int64_t blocks = ar_matmul_ceil(count, size);
    return least(ar_matmul_ceil(count, blocks + 1 + blocks / 8), size - 1);
}

void ar_matmul_block_guess(const matmul_problem *p, const arete_device *device, cpu_usual most, bool copies_b,
                           ar_params *params) {
    int64_t mr = ar_matmul_block_rows(p, device), nr = ar_matmul_panel(p, device);
    int64_t kc = ar_matmul_block_steps(p, most.steps);
    int64_t tiles = ar_matmul_ceil(p->m, mr), panels = ar_matmul_ceil(p->n, nr);
    tiles = tiles ? tiles : 1;
    panels = panels ? panels : 1;
    int64_t mt_most = ar_matmul_ceil(tiles, ar_matmul_ceil(tiles, most.tiles));
    int64_t nt_most = ar_matmul_ceil(panels, ar_matmul_ceil(panels, most.panels));
    double best = INFINITY;
    for (int64_t mt = mt_most;; mt = next_smaller(tiles, mt)) {
        for (int64_t nt = nt_most;; nt = next_smaller(panels, nt)) {
            const int64_t value[] = {[BLOCK_MR] = mr, [BLOCK_MC] = mr * mt, [BLOCK_NC] = nr * nt, [BLOCK_KC] = kc};
            double flops = block_flops(p, device, value, copies_b);
            if (flops < best) {
                best = flops;
                *params = (ar_params){{mr, mr * mt, nr * nt, kc}};
            }
            if (nt == 1)
                break;
        }
        if (mt == 1)
            break;
    }
}

arete_status ar_matmul_block_build(arete_plan *plan, const ar_source *source, const char *name, bool trans_b,
                                   cpu_usual usual) {
    const matmul_problem *p = ar_plan_problem(plan);
    const int64_t *v = plan->params.value;
    int64_t nr = ar_matmul_panel(p, plan->device), tiles = v[BLOCK_MC] / v[BLOCK_MR], panels = v[BLOCK_NC] / nr;
    int64_t steps = v[BLOCK_KC], tail = p->n % nr;
    tiles = tiles > usual.tiles ? tiles : usual.tiles;
    panels = panels > usual.panels ? panels : usual.panels;
    steps = steps > usual.steps ? steps : usual.steps;
    if (is_int(p))
        steps = INT_STEPS;
    bool half = tail > 0 && tail <= nr / 2;
    int64_t dots = dot_columns(p, nr);
    char options[512];
    size_t at = ar_matmul_cpu_options(p, plan->device, trans_b, options, sizeof options);
    snprintf(options + at, sizeof options - at,
             " -DMR=%d -DMT_MAX=%d -DNT_MAX=%d -DKC_MAX=%d -DHALF_PANEL=%d -DTAIL=%d", (int)v[BLOCK_MR], (int)tiles,
             (int)panels, (int)steps, half, (int)dots);
    double columns = (double)(p->n - tail + (dots > 0 ? dots : half ? nr / 2 : tail > 0 ? nr : 0));
    double padded = (double)(ar_matmul_ceil(p->m, v[BLOCK_MR]) * v[BLOCK_MR]) * columns;
    plan->cost.flops_executed = 2 * padded * (double)p->k * (double)ar_matmul_batches(p);
    plan->cost.launches = (double)p->batch[0];
    return ar_kernel_get(plan->device, source, options, name, &plan->kernels[0]);
}

cpu_launch ar_matmul_block_launch(const arete_plan *plan) {
    const matmul_problem *p = ar_plan_problem(plan);
    const int64_t *v = plan->params.value;
    return (cpu_launch){
        .kernel = plan->kernels[0],
        .mc = v[BLOCK_MC],
        .nc = v[BLOCK_NC],
        .kc = v[BLOCK_KC],
        .global = {(size_t)ar_matmul_ceil(p->m, v[BLOCK_MC]), (size_t)ar_matmul_ceil(p->n, v[BLOCK_NC])},
    };
}
