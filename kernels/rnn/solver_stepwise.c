/* stepwise: one or two launches for every step (stepwise.cl). Any device, any attribute; the fallback where groups
 * of a launch cannot wait for each other, and a check of the solvers that let them. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "solver_common.h"
#include "sources.h"

enum { LANES_ABREAST = 4 }; /* BT of stepwise.cl */

typedef struct stepwise {
    int64_t group; /* WG */
    const ar_kernel *begin, *end, *lengths;
    const ar_kernel *gates[ARETE_RNN_MAX_LAYERS], *second[ARETE_RNN_MAX_LAYERS];
    int64_t h, c, u, z, g; /* places in the workspace, in floats */
    uint64_t between[2], lens_at;
} stepwise;

static bool applies(const void *problem, const arete_device *device, const char **why) {
    const rnn_problem *p = problem;
    *why = "the reference device runs no kernels";
    if (device->info.kind == ARETE_DEVICE_REFERENCE)
        return false;
    *why = "the batch is too large for one dimension of work-groups";
    return p->batch <= INT32_MAX;
}

static int64_t group_size(const arete_device *device) {
    if (device->info.kind == ARETE_DEVICE_CPU)
        return 1;
    return device->info.max_group_size < 64 ? device->info.max_group_size : 64;
}

static const char *const param_names[] = {"group", NULL};

static void guess(const void *problem, const arete_device *device, ar_params *params) {
    (void)problem;
    params->value[0] = group_size(device);
}

static bool accepts(const void *problem, const arete_device *device, const ar_params *params, const char **why) {
    int64_t group = params->value[0];
    (void)problem;
    *why = "group must be 1 to 256 and a work-group that the device takes";
    return group >= 1 && group <= 256 && group <= device->info.max_group_size;
}

static bool candidate(const void *problem, const arete_device *device, size_t index, ar_params *params) {
    static const int64_t sizes[] = {64, 32, 128, 256, 1};
    const char *why;
    if (index >= sizeof sizes / sizeof sizes[0])
        return false;
    params->value[0] = sizes[index];
    if (!accepts(problem, device, params, &why))
        params->value[0] = group_size(device);
    return true;
}

/* Of all layers. */
static double layer_launches(const rnn_problem *p) {
    double steps = (double)p->steps * (ar_rnn_two_phases(p) ? 2 : 1);
    return (double)p->layers * (steps + 1 + (p->y_h || p->y_c ? 1 : 0));
}

static double launches(const rnn_problem *p) {
    return layer_launches(p) + (p->lens == RNN_LENS_HOST ? ceil((double)p->batch / 64) : 0);
}

/* Weights pass once a step for each four sequences, at about half of what the memory gives in long streams; between
 * launches all units meet, which is taken for half a launch with a wait. */
static double estimate(const void *problem, const arete_device *device, const arete_roofs *roofs,
                       const ar_params *params) {
    const rnn_problem *p = problem;
    (void)params;
    arete_cost cost;
    ar_rnn_family.cost(p, &cost);
    double weights = 0;
    for (int64_t layer = 0; layer < p->layers; ++layer) {
        for (int which = 0; which < RNN_B; ++which)
            weights += (double)ar_rnn_weight_elements(p, layer, which);
        weights += (double)ar_rnn_weight_elements(p, layer, RNN_PROJ);
    }
    cost.bytes = 2 * weights * (double)arete_dtype_size((arete_dtype)p->type_w) * (double)p->steps *
                 (double)ar_rnn_ceil(p->batch, LANES_ABREAST);
    cost.launches = launches(p);
    double units = device->info.compute_units ? device->info.compute_units : 1;
    return arete_roofline_seconds(roofs, &cost, NULL) + (units > 1 ? 0.5 * cost.launches * roofs->sync_seconds : 0);
}

/* Places in the workspace; its size. */
static uint64_t lay_out(const rnn_problem *p, stepwise *s) {
    uint64_t dirs = (uint64_t)ar_rnn_dirs(p), lanes = dirs * (uint64_t)p->batch, at = 0;
    uint64_t h = ar_rnn_align(lanes * (uint64_t)p->proj * 4 * 2), c = ar_rnn_align(lanes * (uint64_t)p->hidden * 4);
    s->h = (int64_t)(at / 4);
    at += h;
    s->c = (int64_t)(at / 4);
    at += p->cell == ARETE_RNN_LSTM ? c : 0;
    int64_t *const more[3] = {&s->u, &s->z, &s->g};
    for (int i = 0; i < 3 && ar_rnn_two_phases(p); ++i) {
        *more[i] = (int64_t)(at / 4);
        at += c;
    }
    for (int i = 0; i < 2; ++i) {
        s->between[i] = at;
        at += p->layers > i + 1 ? ar_rnn_align((uint64_t)p->steps * lanes * (uint64_t)p->proj * 4) : 0;
    }
    s->lens_at = at;
    return at + (p->lens == RNN_LENS_HOST ? ar_rnn_align((uint64_t)p->batch * 4) : 0);
}

static arete_status get_kernels(arete_plan *plan, stepwise *s) {
    const rnn_problem *p = ar_plan_problem(plan);
    const ar_source *source = &ar_source_rnn_stepwise;
    char options[1024];
    arete_status status = ARETE_OK;
    for (int64_t layer = 0; layer < p->layers && status == ARETE_OK; ++layer) {
        size_t at = ar_rnn_options(p, plan->device, layer, options, sizeof options);
        snprintf(options + at, sizeof options - at, " -DWG=%d", (int)s->group);
        status = ar_kernel_get(plan->device, source, options, "rnn_gates", &s->gates[layer]);
        if (status == ARETE_OK && ar_rnn_two_phases(p))
            status = ar_kernel_get(plan->device, source, options, "rnn_second", &s->second[layer]);
    }
    if (status == ARETE_OK)
        status = ar_kernel_get(plan->device, source, options, "rnn_begin", &s->begin);
    if (status == ARETE_OK)
        status = ar_kernel_get(plan->device, source, options, "rnn_end", &s->end);
    if (status == ARETE_OK)
        status = ar_kernel_get(plan->device, source, options, "rnn_lengths", &s->lengths);
    return status;
}

static arete_status build(arete_plan *plan) {
    const rnn_problem *p = ar_plan_problem(plan);
    stepwise *s = ar_os_alloc(sizeof *s);
    if (!s)
        return ar_fail_memory("a plan's state", sizeof *s);
    s->group = plan->params.value[0];
    plan->workspace = lay_out(p, s);
    plan->cost.launches = launches(p);
    arete_status status = get_kernels(plan, s);
    if (status == ARETE_OK)
        plan->state = s;
    else
        ar_os_free(s);
    return status;
}

/* A run on its way. */
typedef struct course {
    rnn_course launches;
    const rnn_problem *p;
    const stepwise *s;
    arete_buffer *scratch;
    double left;        /* launches that are left */
    arete_event **done; /* of the last one */
} course;

static arete_status launch(course *c, const ar_kernel *kernel, const size_t groups[3], int64_t group,
                           const ar_arg *args, size_t count) {
    c->left -= 1;
    return ar_rnn_launch(&c->launches, kernel, groups, group, args, count, c->left < 0.5 ? c->done : NULL);
}

static arete_status run_step(course *c, const rnn_layer *l, const arete_rnn_weights *w, int64_t layer) {
    const rnn_problem *p = c->p;
    size_t dirs = (size_t)ar_rnn_dirs(p), blocks = (size_t)ar_rnn_ceil(p->batch, LANES_ABREAST);
    const ar_arg gates[] = {
        AR_STRUCT(l->args),           AR_BUFFER(l->x),        AR_BUFFER(l->lens),     AR_BUFFER(w->w.buffer),
        AR_BUFFER(w->r.buffer),       AR_BUFFER(w->b.buffer), AR_BUFFER(w->p.buffer), AR_BUFFER(w->w_scale.buffer),
        AR_BUFFER(w->r_scale.buffer), AR_BUFFER(c->scratch),  AR_BUFFER(l->y),
    };
    arete_status status = launch(c, c->s->gates[layer], (size_t[]){(size_t)p->hidden, blocks, dirs}, c->s->group,
                                 gates, sizeof gates / sizeof gates[0]);
    if (status != ARETE_OK || !ar_rnn_two_phases(p))
        return status;
    rnn_kernel_args args = l->args;
    if (p->projection)
        args.at[10] = ar_rnn_offset(&w->proj_scale);
    const ar_arg second[] = {
        AR_STRUCT(args),
        AR_BUFFER(l->lens),
        AR_BUFFER(p->projection ? w->proj.buffer : w->r.buffer),
        AR_BUFFER(p->projection ? w->proj_scale.buffer : w->r_scale.buffer),
        AR_BUFFER(c->scratch),
        AR_BUFFER(l->y),
    };
    return launch(c, c->s->second[layer], (size_t[]){(size_t)p->proj, blocks, dirs}, c->s->group, second,
                  sizeof second / sizeof second[0]);
}

static arete_status run_layer(course *c, const arete_rnn_args *a, int64_t layer) {
    const rnn_problem *p = c->p;
    const arete_rnn_weights *w = &a->weights[layer];
    rnn_layer l;
    ar_rnn_layer(p, a, layer, c->scratch, c->s->between, c->s->lens_at, &l);
    const int64_t at[12] = {c->s->h,
                            c->s->c,
                            c->s->u,
                            c->s->z,
                            c->s->g,
                            ar_rnn_offset(&w->w),
                            ar_rnn_offset(&w->r),
                            ar_rnn_offset(&w->b),
                            ar_rnn_offset(&w->p),
                            ar_rnn_offset(&w->w_scale),
                            ar_rnn_offset(&w->r_scale),
                            ar_rnn_offset(&w->proj)};
    memcpy(l.args.at, at, sizeof at);
    size_t widest = (size_t)(p->hidden > p->proj ? p->hidden : p->proj);
    const size_t global[3] = {widest, (size_t)p->batch, (size_t)ar_rnn_dirs(p)};
    const ar_arg begin[] = {AR_STRUCT(l.args), AR_BUFFER(a->h0.buffer), AR_BUFFER(a->c0.buffer),
                            AR_BUFFER(c->scratch)};
    arete_status status = launch(c, c->s->begin, global, 1, begin, 4);
    for (int64_t step = 0; step < p->steps && status == ARETE_OK; ++step) {
        l.args.step = step;
        status = run_step(c, &l, w, layer);
    }
    const ar_arg end[] = {AR_STRUCT(l.args), AR_BUFFER(a->y_h.buffer), AR_BUFFER(a->y_c.buffer),
                          AR_BUFFER(c->scratch)};
    if (status == ARETE_OK && (p->y_h || p->y_c))
        status = launch(c, c->s->end, global, 1, end, 4);
    return status;
}

static arete_status run(const arete_plan *plan, arete_queue *queue, const void *of, arete_wait_list after,
                        arete_event **done) {
    const arete_rnn_args *a = of;
    course c = {.launches = {queue, after}, .p = ar_plan_problem(plan), .s = plan->state, .done = done};
    c.left = layer_launches(c.p);
    arete_status status = ar_plan_scratch(plan, queue, a->workspace, &c.scratch);
    if (status == ARETE_OK && c.p->lens == RNN_LENS_HOST)
        status = ar_rnn_put_lengths(c.p, c.s->lengths, &c.launches, a->host_lens, c.scratch, c.s->lens_at);
    for (int64_t layer = 0; layer < c.p->layers && status == ARETE_OK; ++layer)
        status = run_layer(&c, a, layer);
    return status;
}

const ar_solver ar_rnn_stepwise = {
    .name = "stepwise",
    .param_names = param_names,
    .applies = applies,
    .guess = guess,
    .accepts = accepts,
    .estimate = estimate,
    .candidate = candidate,
    .build = build,
    .run = run,
};
