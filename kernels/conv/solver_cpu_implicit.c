/* cpu_implicit: positions along the lanes, weights broadcast (cpu_implicit.cl). */
#include <math.h>
#include <stdio.h>

#include "solver_cpu.h"

enum { MR, ROWS, TILES };
static const char *const names[] = {"mr", "rows", "tiles", NULL};

#define MAX_STRIP 393216 /* reals: 1.5 MB; a worker thread's stack has 8 MB where it is small */
#define GOOD_STRIP 98304 /* leaves room in a second cache of 512 KB and more */
#define MAX_TAPS 4096
enum {
    ASK_K = 128,
    ASK_M = 64
}; /* from there on the kernel asks for the lines of y ahead: below, it costs more than it saves */

static int64_t columns_of(const conv_problem *p) {
    return (p->out[2] - 1) * p->stride[2] + (p->kernel[2] - 1) * p->dilation[2] + 1;
}

/* Reals of one row of the copy and stride of it, as cpu_implicit.cl lays it out. */
static int64_t phase_of(const conv_problem *p, int64_t vec) {
    return (ar_conv_ceil(columns_of(p), p->stride[2]) + 2 * vec - 1) / vec * vec;
}

static int64_t strip_size(const conv_problem *p, const arete_device *device, int64_t rows) {
    int64_t vec = ar_conv_vec(device);
    if (ar_conv_cpu_pointwise(p))
        return ar_conv_group_c(p) * 2 * vec;
    rows = rows < p->out[1] ? rows : p->out[1];
    int64_t high = p->kernel[1] == 1 ? rows : (rows - 1) * p->stride[1] + (p->kernel[1] - 1) * p->dilation[1] + 1;
    double size = (double)(p->stride[2] * phase_of(p, vec)) * (double)high * (double)p->kernel[0] *
                  (double)ar_conv_group_c(p);
    return size > 1e15 ? INT64_MAX : (int64_t)size + 2 * vec;
}

static bool applies(const void *problem, const arete_device *device, const char **why) {
    const conv_problem *p = problem;
    if (!ar_conv_cpu_applies(p, device, why) || !ar_conv_cpu_planar(p, why))
        return false;
    *why = "stride, dilation or kernel beyond 2^20, or more than 4096 taps";
    for (int i = 0; i < CONV_AXES; ++i)
        if (p->stride[i] > 1 << 20 || p->dilation[i] > 1 << 20 || p->kernel[i] > 1 << 20)
            return false;
    if ((double)p->kernel[0] * (double)p->kernel[1] * (double)p->kernel[2] > MAX_TAPS)
        return false;
    *why = "the inputs of one row pass 1.5 MB";
    return strip_size(p, device, 1) <= MAX_STRIP && columns_of(p) < MAX_STRIP / 4;
}

static bool accepts(const void *problem, const arete_device *device, const ar_params *params, const char **why) {
    const int64_t *n = params->value;
    *why = "mr must be 1 to 16";
    if (n[MR] < 1 || n[MR] > 16)
        return false;
    *why = "rows and tiles must be 1 or more";
    if (n[ROWS] < 1 || n[ROWS] > 1 << 24 || n[TILES] < 1 || n[TILES] > 1 << 24)
        return false;
    *why = "the copy passes 1.5 MB of private memory";
    return strip_size(problem, device, n[ROWS]) <= MAX_STRIP;
}

/* Rows of weights that waste the fewest; 8 rather than 12 (3 to 6% at 16 to 144 channels on Zen 4: fewer stores in
 * a row). */
static int64_t good_rows(const conv_problem *p, const arete_device *device) {
    int64_t most = ar_conv_tile_rows(device), m = ar_conv_group_m(p), best = most;
    double best_cost = INFINITY;
    for (int64_t rows = most; rows >= 1; --rows) {
        double cost =
            (double)(ar_conv_ceil(m, rows)) * fmax((double)rows, 5) * (1 + 0.008 * fabs((double)rows - 8));
        if (cost < best_cost - 1e-9) {
            best = rows;
            best_cost = cost;
        }
    }
    return best;
}

/* Rows (panels, where the kernel is 1 x 1) that groups divide. */
static int64_t row_count(const conv_problem *p, const arete_device *device) {
    return ar_conv_cpu_pointwise(p) ? ar_conv_ceil(ar_conv_volume(p->out), 2 * ar_conv_vec(device)) : p->out[1];
}

/* The part of the rows of taps that are not passed over as padding. */
static double rows_met(const conv_problem *p) {
    double met = 0;
    if (p->kernel[0] > 1)
        return 1;
    for (int64_t y = 0; y < p->out[1]; ++y)
        for (int64_t r = 0; r < p->kernel[1]; ++r) {
            int64_t row = y * p->stride[1] - p->pad[1] + r * p->dilation[1];
            met += row >= 0 && row < p->in[1];
        }
    return met / (double)(p->out[1] * p->kernel[1]);
}

/* Slots of a group of rows x tiles: a panel costs its fma, a vector on its way out 1 where vectors are whole lines
 * of y, else 4.5; a load of b beside the line it begins in costs more; k loops over a table where there are taps.
 */
static double group_slots(const conv_problem *p, const arete_device *device, const int64_t *n) {
    double lanes = (double)ar_conv_vec(device), k = (double)ar_conv_k(p), mr = (double)n[MR];
    double all = (double)row_count(p, device), rows = fmin((double)n[ROWS], all), copy = 0, vectors;
    double tiles = fmin((double)n[TILES], (double)ar_conv_ceil(ar_conv_group_m(p), n[MR]));
    bool pointwise = ar_conv_cpu_pointwise(p);
    bool whole = (pointwise ? ar_conv_volume(p->out) : p->out[2]) % ar_conv_vec(device) == 0;
    double store = whole ? 1 : 4.5, factor = (pointwise ? 1.03 : 1.06) - (whole ? 0.02 : 0) + 0.005 * fabs(mr - 8);
    if (pointwise) {
        vectors = 2 * rows * ceil((double)ar_conv_volume(p->out) / lanes) / (2 * all);
        /* The first tile of a panel meets memory. */
        copy = rows * k * 2;
    } else {
        double high = p->kernel[1] == 1 ? rows : (rows - 1) * (double)p->stride[1] + (double)p->kernel[1];
        double wide = (double)columns_of(p), move = p->stride[2] == 1   ? 4 / lanes
                                                    : p->stride[2] == 2 ? 9 / lanes
                                                                        : 4;
        copy = (double)(ar_conv_group_c(p) * p->kernel[0]) * high * (14 + wide * move);
        vectors = rows * ceil((double)p->out[2] / lanes);
    }
    return tiles * vectors * (rows_met(p) * k * fmax(mr, 5) * factor + store * mr) + copy;
}

static double slots(const conv_problem *p, const arete_device *device, const int64_t *n) {
    double groups = (double)p->out[0] * ceil((double)row_count(p, device) / (double)n[ROWS]) *
                    ceil((double)ar_conv_ceil(ar_conv_group_m(p), n[MR]) / (double)n[TILES]) *
                    (double)(p->n * p->groups);
    if (ar_conv_cpu_pointwise(p))
        groups /= (double)p->out[0];
    double each = group_slots(p, device, n);
    return ar_conv_cpu_busiest(device, groups, each, groups * each);
}

static bool candidate(const void *problem, const arete_device *device, size_t index, ar_params *params) {
    static const int64_t parts[] = {1, 2, 4, 8, 16, 32, 64};
    enum { PARTS = sizeof parts / sizeof parts[0] };
    const conv_problem *p = problem;
    int64_t best = good_rows(p, device), rows = row_count(p, device);
    const int64_t mr[] = {best, 12, 8};
    for (size_t i = 0; i < (ar_conv_vec(device) == 16 ? 3 : 1); ++i) {
        if (i > 0 && mr[i] == best)
            continue;
        int64_t tiles = ar_conv_ceil(ar_conv_group_m(p), mr[i]);
        for (size_t t = 0; t < PARTS && (t == 0 || parts[t - 1] < tiles); ++t) {
            for (size_t r = 0; r < PARTS && (r == 0 || parts[r - 1] < rows); ++r) {
                const char *why;
                *params = (ar_params){{mr[i], ar_conv_ceil(rows, parts[r]), ar_conv_ceil(tiles, parts[t])}};
                if (accepts(problem, device, params, &why) && index-- == 0)
                    return true;
            }
        }
    }
    return false;
}

static void guess(const void *problem, const arete_device *device, ar_params *params) {
    double best = INFINITY;
    ar_params one;
    *params = (ar_params){{good_rows(problem, device), 1, 1}};
    for (size_t i = 0; candidate(problem, device, i, &one); ++i) {
        double cost = slots(problem, device, one.value);
        if (!ar_conv_cpu_pointwise(problem) && strip_size(problem, device, one.value[ROWS]) > GOOD_STRIP)
            cost *= 1.05;
        if (cost < best) {
            best = cost;
            *params = one;
        }
    }
}

static double estimate(const void *problem, const arete_device *device, const arete_roofs *roofs,
                       const ar_params *params) {
    const conv_problem *p = problem;
    if (!ar_conv_cpu_home(device))
        return INFINITY;
    double seconds = ar_conv_cpu_seconds(p, device, roofs, slots(p, device, params->value), 1);
    if (p->prepack)
        return seconds;
    double bytes = 2 * 4 * (double)p->m * (double)ar_conv_k(p);
    return seconds + 4 * bytes / (roofs->bandwidth > 0 ? roofs->bandwidth : 1e10) + roofs->sync_seconds;
}

static arete_status build(arete_plan *plan) {
    const conv_problem *p = ar_plan_problem(plan);
    const int64_t *n = plan->params.value;
    bool pointwise = ar_conv_cpu_pointwise(p);
    int64_t vec = ar_conv_vec(plan->device), tiles = ar_conv_ceil(ar_conv_group_m(p), n[MR]);
    char options[640], layout[64];
    size_t at = ar_conv_options(p, vec, options, sizeof options);
    at += (size_t)snprintf(options + at, sizeof options - at,
                           " -DMR=%d -DPOINTWISE=%d -DASK_FOR_Y=%d -DKD=%d -DKH=%d -DKW=%d -DSW=%d -DSTRIP_MAX=%d",
                           (int)n[MR], pointwise, ar_conv_k(p) >= ASK_K && ar_conv_group_m(p) >= ASK_M,
                           (int)p->kernel[0], (int)p->kernel[1], (int)p->kernel[2], (int)p->stride[2],
                           (int)ar_conv_cpu_room(strip_size(p, plan->device, n[ROWS])));
    if (p->stride[2] > 1)
        snprintf(options + at, sizeof options - at, " -DLINE_MAX=%d",
                 (int)ar_conv_cpu_room(columns_of(p) + 2 * vec));
    arete_status status =
        ar_kernel_get(plan->device, &ar_source_conv_cpu_implicit, options, "conv_cpu_implicit", &plan->kernels[0]);
    if (status != ARETE_OK)
        return status;
    int64_t rows = ar_conv_ceil(row_count(p, plan->device), n[ROWS]);
    conv_cpu_state state = {
        .packed_bytes = (uint64_t)(tiles * n[MR] * p->groups * ar_conv_k(p)) * 4,
        .panel = n[MR],
        .channels = 16,
        .pack_global = {(size_t)tiles, (size_t)ar_conv_ceil(ar_conv_group_c(p), 16), (size_t)p->groups},
        .global = {{(size_t)(pointwise ? rows : p->out[0] * rows), (size_t)ar_conv_ceil(tiles, n[TILES]),
                    (size_t)(p->n * p->groups)}},
    };
    double width = pointwise ? (double)ar_conv_volume(p->out) : (double)p->out[2];
    double lines = pointwise ? 1 : (double)p->out[0] * (double)p->out[1];
    plan->cost.flops_executed = 2 * ceil(width / (double)vec) * (double)vec * lines * rows_met(p) *
                                (double)ar_conv_k(p) * (double)(tiles * n[MR]) * (double)(p->n * p->groups);
    snprintf(layout, sizeof layout, "panel=%d", (int)state.panel);
    ar_conv_cpu_pack_options(p, vec, options, sizeof options);
    return ar_conv_cpu_state(plan, &state, &ar_source_conv_cpu_pack, options, "conv_cpu_pack", layout, 0);
}

static arete_status run(const arete_plan *plan, arete_queue *queue, const void *of, arete_wait_list after,
                        arete_event **done) {
    conv_cpu_run run;
    arete_status status = ar_conv_cpu_begin(plan, queue, of, after, &run);
    if (status != ARETE_OK)
        return status;
    return ar_conv_cpu_launch(plan, queue, &run, plan->params.value + ROWS, 2, done);
}

const ar_solver ar_conv_cpu_implicit = {
    .name = "cpu_implicit",
    .param_names = names,
    .applies = applies,
    .guess = guess,
    .accepts = accepts,
    .estimate = estimate,
    .candidate = candidate,
    .build = build,
    .run = run,
};
