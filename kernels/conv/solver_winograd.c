/* winograd: kernels of 3 or 5 taps along one axis or two, of stride 1, by minimal filtering (winograd.cl). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "solver_cpu.h"

enum { F, MR, MT, BLOCKS, FUSED };
static const char *const names[] = {"f", "mr", "mt", "blocks", "fused", NULL};

#define NV 2
#define MAX_V 262144 /* reals that a fused group keeps: 1 MB */

/* What f, the problem and the device decide. */
typedef struct shape {
    int64_t taps, fh, fw, elements;
    int64_t across, tiles;    /* tiles of a row, of all images */
    int64_t vec, c_blocks, m_blocks;
} shape;

static int64_t taps_of(const conv_problem *p) {
    return p->kernel[1] > p->kernel[2] ? p->kernel[1] : p->kernel[2];
}

/* F(4,3), F(2,3), F(2,5): more points lose too much precision. */
static int64_t largest_f(const conv_problem *p) {
    return taps_of(p) == 3 ? 4 : 2;
}

static shape shape_of(const conv_problem *p, const arete_device *device, int64_t f) {
    shape s = {.vec = ar_conv_vec(device), .taps = taps_of(p)};
    s.fh = p->kernel[1] == 1 ? 1 : f;
    s.fw = p->kernel[2] == 1 ? 1 : f;
    s.elements = (s.fh == 1 ? 1 : s.fh + s.taps - 1) * (s.fw == 1 ? 1 : s.fw + s.taps - 1);
    s.across = ar_conv_ceil(p->out[2], s.fw);
    s.tiles = s.across * ar_conv_ceil(p->out[1], s.fh) * p->n;
    s.c_blocks = ar_conv_ceil(ar_conv_group_c(p), s.vec);
    s.m_blocks = ar_conv_ceil(ar_conv_group_m(p), NV * s.vec);
    return s;
}

static int64_t block_reals(const shape *s, const int64_t *n) {
    return s->elements * n[MR] * n[MT] * s->c_blocks * s->vec;
}

static bool applies(const void *problem, const arete_device *device, const char **why) {
    const conv_problem *p = problem;
    if (!ar_conv_cpu_applies(p, device, why))
        return false;
    *why = "strict math";
    if (p->math == ARETE_MATH_STRICT)
        return false;
    *why = "not a kernel of 3 or 5 taps along one axis or two, of stride and dilation 1";
    int64_t taps = taps_of(p);
    bool high = p->kernel[1] == taps || p->kernel[1] == 1, wide = p->kernel[2] == taps || p->kernel[2] == 1;
    if (p->kernel[0] != 1 || p->in[0] != 1 || p->out[0] != 1 || p->pad[0] != 0 || !high || !wide)
        return false;
    if (taps != 3 && taps != 5)
        return false;
    for (int i = 1; i < CONV_AXES; ++i)
        if (p->stride[i] != 1 || (p->dilation[i] != 1 && p->kernel[i] > 1))
            return false;
    /* Their sums are 0, but the neighbours in the tile would leave a rounding error there. */
    *why = "outputs that see padding alone";
    for (int i = 1; i < CONV_AXES; ++i)
        if (p->pad[i] >= p->kernel[i] || p->out[i] - 1 - p->pad[i] >= p->in[i])
            return false;
    *why = "positions of x are not contiguous";
    if (p->x.point != 1)
        return false;
    *why = "the transformed operands pass 2^40 elements";
    shape s = shape_of(p, device, 2);
    return 36.0 * ((double)s.tiles + 16) * (double)(s.c_blocks * s.vec) * (double)p->groups < 1e12;
}

static bool accepts(const void *problem, const arete_device *device, const ar_params *params, const char **why) {
    const int64_t *n = params->value;
    shape s = shape_of(problem, device, n[F]);
    *why = "f must be 2, or 4 with 3 taps";
    if (n[F] != 2 && n[F] != largest_f(problem))
        return false;
    *why = "mr must be 1 to 16, mt 1 to 4";
    if (n[MR] < 1 || n[MR] > 16 || n[MT] < 1 || n[MT] > 4)
        return false;
    *why = "blocks must be 1 or more, fused 0 or 1";
    if (n[BLOCKS] < 1 || n[BLOCKS] > 1 << 24 || n[FUSED] < 0 || n[FUSED] > 1)
        return false;
    *why = "a block's transformed inputs pass 1 MB of private memory";
    return !n[FUSED] || block_reals(&s, n) <= MAX_V;
}

/*
 * Slots of a block's parts. In: LANES rows are loaded, transformed along the height and turned, for each LANES columns
 * (`turn`), then each tile is transformed along the width. Out likewise. Fitted on Zen 4.
 */
static double slots_in(const conv_problem *p, const shape *s, const int64_t *n) {
    double lanes = (double)s->vec, tiles = fmin((double)(n[MR] * n[MT]), (double)s->tiles);
    double run = fmin(tiles, (double)s->across), runs = tiles / run;
    double turns = ceil((run * (double)s->fw + (double)s->taps - 1) / lanes);
    double rows = s->fh == 1 ? 1 : (double)(s->fh + s->taps - 1);
    double turn = lanes * (10 + 4 * rows) + rows * lanes * 6;
    double each = 3.5 * (double)s->elements + 40;
    (void)p;
    return (double)s->c_blocks * (runs * turns * turn + tiles * each);
}

static double slots_out(const conv_problem *p, const shape *s, const int64_t *n) {
    double tiles = fmin((double)(n[MR] * n[MT]), (double)s->tiles), out = (double)(s->fh * s->fw);
    double steps = (double)(s->c_blocks * s->vec), step = fmax((double)(n[MR] * NV), 10) + (n[MT] > 1 ? 0 : 0.4);
    double weights = (double)(s->elements * s->c_blocks * s->vec * NV * s->vec) * 4;
    double products = (double)(s->elements * n[MT]) * (steps * step + 3 * (double)(n[MR] * NV));
    double bytes = weights * (double)(s->m_blocks * p->groups);
    /* Weights beyond the caches come at about 5 bytes a slot, from the last cache at 12. */
    products = fmax(products, weights / (bytes > 16e6 ? 5 : 12));
    return products + NV * tiles * (4 * (double)s->elements + (p->y.point == 1 ? 11 : 4) * out);
}

/* Few large groups: the last wave counts whole, and a unit that is held up holds all up. */
static double busiest(const arete_device *device, double groups, double slots_each) {
    double units = device->info.compute_units ? device->info.compute_units : 1;
    return ceil(groups / units) * (slots_each + CONV_SLOTS_GROUP) * (1 + 0.04 * units / groups);
}

static double slots(const conv_problem *p, const arete_device *device, const int64_t *n) {
    shape s = shape_of(p, device, n[F]);
    double in = slots_in(p, &s, n), out = slots_out(p, &s, n);
    double groups = ceil((double)s.tiles / (double)(n[MR] * n[MT])) * (double)p->groups;
    double splits = ceil((double)s.m_blocks / (double)n[BLOCKS]), blocks = fmin((double)n[BLOCKS], (double)s.m_blocks);
    if (n[FUSED]) {
        /* What passes the second cache together with the weights comes from the last one, for each block. */
        double pressure = (double)block_reals(&s, n) > 131072 ? 1.06 : 1;
        return busiest(device, groups * splits, in + pressure * blocks * out);
    }
    double stored = (double)(s.elements * s.c_blocks * n[MR] * n[MT]) * 4; /* to and from the last cache */
    /* All units meet between the launches, and V changes hands. */
    return busiest(device, groups * (double)s.c_blocks, (in + stored) / (double)s.c_blocks) +
           busiest(device, groups * splits, blocks * out * 1.1 + stored) + 2 * CONV_SLOTS_WAKE;
}

/* Tiles that waste the fewest. */
static int64_t good_rows(const shape *s, const arete_device *device) {
    int64_t most = ar_conv_tile_rows(device), best = most;
    double best_cost = INFINITY;
    if (s->tiles <= most)
        return s->tiles;
    for (int64_t rows = most; rows >= most / 2; --rows) {
        double cost = (double)(ar_conv_ceil(s->tiles, rows) * rows) * (1 + 0.006 * (double)(most - rows));
        if (cost < best_cost - 1e-9) {
            best = rows;
            best_cost = cost;
        }
    }
    return best;
}

static bool candidate(const void *problem, const arete_device *device, size_t index, ar_params *params) {
    static const int64_t parts[] = {1, 2, 4, 8, 16, 32};
    enum { PARTS = sizeof parts / sizeof parts[0], ROWS = 5 };
    for (int64_t f = largest_f(problem); f >= 2; f -= 2) {
        shape s = shape_of(problem, device, f);
        int64_t best = good_rows(&s, device), most = ar_conv_tile_rows(device);
        const int64_t mr[ROWS] = {best, most, most - 1, most - 2, most / 2};
        for (int i = 0; i < ROWS; ++i) {
            if (mr[i] > s.tiles || (i > 0 && mr[i] == best))
                continue;
            for (int64_t mt = 1; mt <= 4 && (mt == 1 || mr[i] * (mt / 2) < s.tiles); mt *= 2) {
                for (size_t b = 0; b < PARTS && (b == 0 || parts[b - 1] < s.m_blocks); ++b) {
                    for (int64_t fused = 1; fused >= 0; --fused) {
                        const char *why;
                        *params = (ar_params){{f, mr[i], mt, ar_conv_ceil(s.m_blocks, parts[b]), fused}};
                        if (accepts(problem, device, params, &why) && index-- == 0)
                            return true;
                    }
                }
            }
        }
    }
    return false;
}

static void guess(const void *problem, const arete_device *device, ar_params *params) {
    const int64_t f = largest_f(problem);
    shape s = shape_of(problem, device, f);
    double best = INFINITY;
    ar_params one;
    *params = (ar_params){{f, good_rows(&s, device), 1, 1, 0}};
    for (size_t i = 0; candidate(problem, device, i, &one); ++i) {
        double cost = slots(problem, device, one.value);
        if (cost < best) {
            best = cost;
            *params = one;
        }
    }
}

static double packed_bytes(const conv_problem *p, const shape *s) {
    return 4 * (double)(s->elements * s->c_blocks * s->vec) * (double)(s->m_blocks * NV * s->vec * p->groups);
}

static double estimate(const void *problem, const arete_device *device, const arete_roofs *roofs,
                       const ar_params *params) {
    const conv_problem *p = problem;
    if (!ar_conv_cpu_home(device))
        return INFINITY;
    const int64_t *n = params->value;
    shape s = shape_of(p, device, n[F]);
    double bytes = packed_bytes(p, &s), bandwidth = roofs->bandwidth > 0 ? roofs->bandwidth : 1e10;
    double seconds = ar_conv_cpu_seconds(p, device, roofs, slots(p, device, n), n[FUSED] ? 1 : 2);
    if (bytes > (double)roofs->cache_bytes) /* the transformed weights come from memory, once at least */
        seconds = fmax(seconds, bytes / bandwidth + 2 * roofs->launch_seconds);
    if (!n[FUSED])
        seconds += 0.3 * roofs->sync_seconds; /* between the launches all units meet */
    return p->prepack ? seconds : seconds + 6 * bytes / bandwidth + roofs->sync_seconds;
}

static arete_status kernels(arete_plan *plan, const char *options) {
    const ar_source *source = &ar_source_conv_winograd;
    if (plan->params.value[FUSED])
        return ar_kernel_get(plan->device, source, options, "winograd_fused", &plan->kernels[0]);
    arete_status status = ar_kernel_get(plan->device, source, options, "winograd_output", &plan->kernels[0]);
    return status == ARETE_OK ? ar_kernel_get(plan->device, source, options, "winograd_input", &plan->kernels[1])
                              : status;
}

static arete_status build(arete_plan *plan) {
    const conv_problem *p = ar_plan_problem(plan);
    const int64_t *n = plan->params.value;
    shape s = shape_of(p, plan->device, n[F]);
    char options[640], layout[64];
    size_t at = ar_conv_options(p, s.vec, options, sizeof options);
    snprintf(options + at, sizeof options - at, " -DFR=%d -DFH=%d -DFW=%d -DNV=%d -DMR=%d -DMT=%d -DY_LAST=%d -DV_MAX=%d",
             (int)s.taps, (int)s.fh, (int)s.fw, NV, (int)n[MR], (int)n[MT], p->y.point != 1,
             n[FUSED] ? (int)ar_conv_cpu_room(block_reals(&s, n)) : 16);
    arete_status status = kernels(plan, options);
    if (status != ARETE_OK)
        return status;
    int64_t blocks = ar_conv_ceil(s.tiles, n[MR] * n[MT]);
    conv_cpu_state state = {
        .packed_bytes = (uint64_t)packed_bytes(p, &s),
        .pack_global = {(size_t)s.m_blocks, (size_t)s.c_blocks, (size_t)p->groups},
        .global = {{(size_t)blocks, (size_t)ar_conv_ceil(s.m_blocks, n[BLOCKS]), (size_t)p->groups},
                   {(size_t)blocks, (size_t)s.c_blocks, (size_t)p->groups}},
    };
    plan->cost.flops_executed = 2 * (double)s.elements * (double)(blocks * n[MR] * n[MT]) *
                                (double)(s.c_blocks * s.vec) * (double)(s.m_blocks * NV * s.vec * p->groups);
    plan->cost.launches = n[FUSED] ? 1 : 2;
    at = ar_conv_cpu_pack_options(p, s.vec, options, sizeof options);
    snprintf(options + at, sizeof options - at, " -DFR=%d -DFH=%d -DFW=%d -DNV=%d", (int)s.taps, (int)s.fh,
             (int)s.fw, NV);
    snprintf(layout, sizeof layout, "winograd nr=%d taps=%d fh=%d fw=%d", (int)(NV * s.vec), (int)s.taps, (int)s.fh,
             (int)s.fw);
    uint64_t more = n[FUSED] ? 0 : 4 * (uint64_t)(block_reals(&s, n) * blocks * p->groups);
    return ar_conv_cpu_state(plan, &state, &ar_source_conv_winograd_pack, options, "winograd_pack", layout, more);
}

/* Two launches: V goes through the workspace, behind the weights where these are packed there too. */
static arete_status run_apart(const arete_plan *plan, arete_queue *queue, conv_cpu_run *run, arete_event **done) {
    const conv_problem *p = ar_plan_problem(plan);
    const conv_cpu_state *state = plan->state;
    const arete_conv_args *args = run->args;
    int64_t at = (int64_t)(run->scratch_at / 4);
    const ar_arg in[] = {AR_STRUCT(run->block), AR_I64(1), AR_I64(at), AR_BUFFER(args->x.buffer),
                         AR_BUFFER(run->scratch)};
    ar_launch launch = {.kernel = plan->kernels[1], .dims = 3, .local = {1, 1, 1}, .args = in,
                        .arg_count = sizeof in / sizeof in[0]};
    memcpy(launch.global, state->global[1], sizeof launch.global);
    arete_status status = ar_launch_run(queue, &launch, run->after, NULL);
    if (status != ARETE_OK)
        return status;
    const ar_arg out[] = {
        AR_STRUCT(run->block), AR_F32(p->alpha), AR_F32(p->beta), AR_I64(plan->params.value[BLOCKS]), AR_I64(at),
        AR_BUFFER(run->scratch), AR_BUFFER(run->weights), AR_BUFFER(p->type_bias ? args->bias.buffer : NULL),
        AR_BUFFER(p->type_residual ? args->residual.buffer : NULL), AR_BUFFER(args->y.buffer)};
    launch.kernel = plan->kernels[0];
    launch.args = out;
    launch.arg_count = sizeof out / sizeof out[0];
    memcpy(launch.global, state->global[0], sizeof launch.global);
    return ar_launch_run(queue, &launch, ARETE_WAIT_NONE, done);
}

static arete_status run(const arete_plan *plan, arete_queue *queue, const void *of, arete_wait_list after,
                        arete_event **done) {
    conv_cpu_run run;
    arete_status status = ar_conv_cpu_begin(plan, queue, of, after, &run);
    if (status != ARETE_OK)
        return status;
    if (!plan->params.value[FUSED])
        return run_apart(plan, queue, &run, done);
    return ar_conv_cpu_launch(plan, queue, &run, plan->params.value + BLOCKS, 1, done);
}

const ar_solver ar_conv_winograd = {
    .name = "winograd",
    .param_names = names,
    .applies = applies,
    .guess = guess,
    .accepts = accepts,
    .estimate = estimate,
    .candidate = candidate,
    .build = build,
    .run = run,
};
