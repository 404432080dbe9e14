/* persistent: all steps of a layer in one launch, whose groups hand the steps over to each other (persistent.cl).
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "pack_weights.h"
#include "probe.h"
#include "sources.h"

enum { GROUPS, BLOCK };
static const char *const param_names[] = {"groups", "block", NULL};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

enum { ROWS_MAX = 48, MEET_PITCH = 32, MOST_GROUPS = 1024 };

/* rnn_shape of persistent.cl. */
typedef struct shape_args {
    int64_t dirs, padded, h_pitch, u_pitch, block, chunk_rows, chunk_panels, projected;
} shape_args;

typedef struct persistent {
    rnn_pack_state pack; /* first: rnn.c packs by it */
    const ar_kernel *start[ARETE_RNN_MAX_LAYERS], *run[ARETE_RNN_MAX_LAYERS], *lengths;
    shape_args shape;
    int64_t groups, meet_ints;
    int64_t h, c, u, z, g, x, meet; /* places in the workspace, in floats */
    uint64_t between[2], lens_at, packed_at;
} persistent;

/* Chunks of the stages, all together, must stay below 2^31: counters only rise. */
static bool applies(const void *problem, const arete_device *device, const char **why) {
    const rnn_problem *p = problem;
    rnn_packed packed;
    *why = "groups of one launch wait for each other, which OpenCL 1.2 lets them do on CPU devices only";
    if (device->info.kind != ARETE_DEVICE_CPU)
        return false;
    *why = "its groups are of one work-item, and this device runs several in step";
    if (!ar_rnn_probe_wanted(device))
        return false;
    *why = "a probe found that groups of one launch cannot hand data over to each other on this device";
    if (atomic_load(&device->groups_meet) == AR_MEET_FAILED)
        return false;
    *why = "there is no step: the states are only copied";
    if (p->steps == 0)
        return false;
    *why = "there are too many steps and units for one launch's counters";
    double units = (double)ar_rnn_ceil(p->hidden, ar_rnn_vec(device)) + 4;
    if ((double)p->steps * units * (double)ar_rnn_dirs(p) * 2 * (1 + (double)p->batch / ROWS_MAX) > 1e9)
        return false;
    *why = "packed weights would not fit 64 bits";
    return ar_rnn_packed(p, device, &packed);
}

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

/* One unit's seconds for so many products of a row and weights, which pass `times` times: the arithmetic, or the
 * bytes from where they lie. */
static double unit_seconds(const arete_roofs *roofs, double units, double weights, double bytes, double rows,
                           double times) {
    double peak = roofs->peak[ARETE_UNIT_F32] > 0 ? roofs->peak[ARETE_UNIT_F32] : 1e10;
    bool cached = roofs->cache_bandwidth > 0 && bytes <= (double)roofs->cache_bytes;
    double bandwidth = cached ? roofs->cache_bandwidth : roofs->bandwidth;
    return units * fmax(2 * weights * rows / peak, bandwidth > 0 ? bytes * times / bandwidth : 0);
}

/* The input product, then each step's; with several units 0.4 us to hand a step over, 0.3 for its gates (Zen 4). All
 * but one unit come a third of a wait late: what one has done until then is its own. */
static double estimate(const void *problem, const arete_device *device, const arete_roofs *roofs,
                       const ar_params *params) {
    const rnn_problem *p = problem;
    double seconds = 0, gh = (double)ar_rnn_gates(p) * (double)p->hidden, dirs = (double)ar_rnn_dirs(p);
    double units = device->info.compute_units ? device->info.compute_units : 1, steps = (double)p->steps,
           stages = steps * (ar_rnn_two_phases(p) ? 2 : 1), rows = steps * (double)p->batch;
    double groups = fmin(units, (double)params->value[GROUPS]), late = roofs->sync_seconds / 3;
    double blocks = ceil(steps / (double)(params->value[BLOCK] > 0 ? params->value[BLOCK] : 1));
    bool alone = params->value[GROUPS] == 1;
    for (int64_t layer = 0; layer < p->layers; ++layer) {
        double element = (double)arete_dtype_size((arete_dtype)p->type_w);
        double of_x = dirs * gh * (double)ar_rnn_input(p, layer);
        double each = dirs * (gh * (double)p->proj + (p->projection ? (double)p->proj * (double)p->hidden : 0));
        double one = unit_seconds(roofs, units, of_x, of_x * element, rows, blocks) +
                     unit_seconds(roofs, units, each, each * element, rows, steps);
        double shared = fmax(0, one - late) / groups;
        seconds += (alone ? one : fmin(one, late) + shared + 0.4e-6 * stages) + 0.3e-6 * stages / groups;
        seconds += (alone ? 1 : 2) * roofs->launch_seconds;
        if (!p->prepack)
            seconds += 3 * dirs * gh * (double)(ar_rnn_input(p, layer) + p->proj) * 4 /
                       (roofs->bandwidth > 0 ? roofs->bandwidth : 1e10);
    }
    return seconds + roofs->sync_seconds;
}

/* One group alone where it is done before others would be awake, else as many as units. A block's share of x stays in
 * the last cache. */
static void guess(const void *problem, const arete_device *device, ar_params *params) {
    const rnn_problem *p = problem;
    int64_t step = p->batch * ar_rnn_dirs(p) * ar_rnn_gates(p) * (p->hidden + 16) * 4;
    int64_t room = device->info.cache_bytes > 0 ? (int64_t)(device->info.cache_bytes / 4) : 1 << 20;
    int64_t block = step > 0 ? room / step : 1;
    int64_t most = p->batch > 0 ? ar_rnn_ceil(ROWS_MAX, p->batch) : 1; /* not less than full tiles */
    arete_roofs roofs;
    arete_device_get_roofs(device, &roofs);
    block = block > most ? block : most;
    params->value[BLOCK] = least(block, p->steps > 0 ? p->steps : 1);
    params->value[GROUPS] = 1;
    double alone = estimate(problem, device, &roofs, params);
    params->value[GROUPS] = device->info.compute_units ? device->info.compute_units : 1;
    if (alone < estimate(problem, device, &roofs, params))
        params->value[GROUPS] = 1;
}

static bool accepts(const void *problem, const arete_device *device, const ar_params *params, const char **why) {
    (void)problem;
    (void)device;
    *why = "groups must be 1 to 1024, block 1 or more";
    return params->value[GROUPS] >= 1 && params->value[GROUPS] <= MOST_GROUPS && params->value[BLOCK] >= 1 &&
           params->value[BLOCK] <= INT32_MAX;
}

/* One group alone, and one a unit. */
static bool candidate(const void *problem, const arete_device *device, size_t index, ar_params *params) {
    guess(problem, device, params);
    if (index == 1)
        params->value[GROUPS] = 1;
    return index < 2;
}

static int64_t take(uint64_t *at, uint64_t bytes) {
    int64_t floats = (int64_t)(*at / 4);
    *at += ar_rnn_align(bytes);
    return floats;
}

/* Places in the workspace; its size. */
static uint64_t lay_out(const rnn_problem *p, const arete_device *device, const ar_params *params, persistent *s) {
    uint64_t at = 0, lanes_of = (uint64_t)ar_rnn_vec(device), all = (uint64_t)(ar_rnn_dirs(p) * p->batch);
    shape_args *z = &s->shape;
    int64_t v = (int64_t)lanes_of;
    z->dirs = ar_rnn_dirs(p);
    z->padded = s->pack.packed.padded;
    z->projected = s->pack.packed.projected;
    /* A vector more than they need, so that rows of the batch do not meet in the same sets of a cache. */
    z->h_pitch = ar_rnn_ceil(p->proj, v) * v + (p->batch > 1 ? v : 0);
    z->u_pitch = ar_rnn_ceil(p->hidden, v) * v + (p->batch > 1 ? v : 0);
    z->block = least(params->value[BLOCK], p->steps > 0 ? p->steps : 1);
    s->groups = params->value[GROUPS];
    int64_t rows = z->block * p->batch, blocks = ar_rnn_ceil(rows, ROWS_MAX);
    z->chunk_rows = blocks ? ar_rnn_ceil(rows, blocks) : 1;
    int64_t chunks = s->pack.packed.panels[0] * z->dirs * blocks / (4 * s->groups);
    z->chunk_panels = chunks < 1 ? 1 : least(chunks, 8);
    uint64_t cells = all * (uint64_t)z->padded * lanes_of * 4;
    s->h = take(&at, 2 * all * (uint64_t)z->h_pitch * 4);
    s->c = take(&at, p->cell == ARETE_RNN_LSTM ? cells : 0);
    s->u = take(&at, ar_rnn_two_phases(p) ? all * (uint64_t)z->u_pitch * 4 : 0);
    s->z = take(&at, ar_rnn_two_phases(p) && !p->projection ? cells : 0);
    s->g = take(&at, (uint64_t)z->block * cells * (uint64_t)ar_rnn_gates(p));
    s->x = take(&at, p->type_x == ARETE_F32 ? 0 : (uint64_t)(p->steps * p->batch * p->input) * 4);
    s->meet_ints = (1 + s->groups) * MEET_PITCH;
    s->meet = take(&at, (uint64_t)s->meet_ints * 4);
    for (int i = 0; i < 2; ++i) {
        s->between[i] = at;
        at += p->layers > i + 1 ? ar_rnn_align((uint64_t)p->steps * all * (uint64_t)p->proj * 4) : 0;
    }
    s->lens_at = at;
    at += p->lens == RNN_LENS_HOST ? ar_rnn_align((uint64_t)p->batch * 4) : 0;
    s->packed_at = at;
    return at + (p->prepack ? 0 : s->pack.packed.bytes);
}

/* Layers differ in the type of y alone, and rnn_start in that of the given x. */
static arete_status get_kernels(arete_plan *plan, persistent *s) {
    const rnn_problem *p = ar_plan_problem(plan);
    const ar_source *source = &ar_source_rnn_persistent;
    char options[1024];
    arete_status status = ar_rnn_pack_kernels(plan->device, p, &s->pack.kernels);
    rnn_problem inside = *p;
    inside.type_x = ARETE_F32; /* as the kernels see it */
    for (int64_t layer = 0; layer < p->layers && status == ARETE_OK; ++layer) {
        size_t at = ar_rnn_options(&inside, plan->device, layer, options, sizeof options);
        at +=
            (size_t)snprintf(options + at, sizeof options - at, " -DMR=%d", ar_rnn_vec(plan->device) == 16 ? 6 : 2);
        if (s->pack.packed.wide)
            at += (size_t)snprintf(options + at, sizeof options - at, " -DWIDE=%d", (int)s->pack.packed.wide);
        if (s->groups == 1)
            at += (size_t)snprintf(options + at, sizeof options - at, " -DALONE=1");
        if (p->type_x != ARETE_F32 && layer == 0)
            snprintf(options + at, sizeof options - at, " -DTYPE_GIVEN=%s",
                     arete_dtype_name((arete_dtype)p->type_x));
        if (s->groups > 1)
            status = ar_kernel_get(plan->device, source, options, "rnn_start", &s->start[layer]);
        if (status == ARETE_OK)
            status = ar_kernel_get(plan->device, source, options, "rnn_persistent", &s->run[layer]);
    }
    if (status == ARETE_OK && p->lens == RNN_LENS_HOST)
        status = ar_kernel_get(plan->device, source, options, "rnn_lengths", &s->lengths);
    return status;
}

static arete_status build(arete_plan *plan) {
    const rnn_problem *p = ar_plan_problem(plan);
    persistent *s = ar_os_alloc(sizeof *s);
    if (!s)
        return ar_fail_memory("a plan's state", sizeof *s);
    ar_rnn_packed(p, plan->device, &s->pack.packed);
    plan->workspace = lay_out(p, plan->device, &plan->params, s);
    arete_status status = get_kernels(plan, s);
    if (status != ARETE_OK) {
        ar_os_free(s);
        return status;
    }
    plan->state = s;
    plan->packed_layout = s->pack.packed.layout;
    plan->packed_bytes = s->pack.packed.bytes;
    plan->cost.launches = (s->groups == 1 ? 1 : 2) * (double)p->layers + (p->lens == RNN_LENS_HOST ? ceil((double)p->batch / 64) : 0);
    if (!p->prepack)
        plan->cost.launches += (double)p->layers * (ar_rnn_two_phases(p) ? 4 : 3);
    return ARETE_OK;
}

/* A run on its way. */
typedef struct course {
    rnn_course launches;
    const rnn_problem *p;
    const persistent *s;
    arete_buffer *scratch, *packed;
    int64_t packed_at; /* bytes */
    arete_event **done;
} course;

static arete_status run_layer(course *c, const arete_rnn_args *a, int64_t layer) {
    const rnn_problem *p = c->p;
    const persistent *s = c->s;
    const rnn_packed *k = &s->pack.packed;
    rnn_layer l;
    ar_rnn_layer(p, a, layer, c->scratch, s->between, s->lens_at, &l);
    int64_t element = (int64_t)arete_dtype_size((arete_dtype)p->type_w), at = c->packed_at / element;
    const int64_t places[12] = {s->h,
                                s->c,
                                s->u,
                                s->z,
                                s->g,
                                s->x,
                                s->meet,
                                at + k->at[layer][0],
                                at + k->at[layer][1],
                                at + k->at[layer][2],
                                c->packed_at / 4 + k->vectors_at[layer]};
    memcpy(l.args.at, places, sizeof places);
    bool convert = layer == 0 && p->type_x != ARETE_F32, alone = s->groups == 1;
    arete_buffer *given = convert ? l.x : NULL;
    shape_args shape = s->shape;
    if (!alone) {
        size_t parts = convert ? 8 * (size_t)s->groups : 1;
        const size_t all[3] = {parts, (size_t)p->batch, (size_t)ar_rnn_dirs(p)};
        const ar_arg start[] = {AR_STRUCT(l.args),       AR_STRUCT(shape),        AR_I64(s->meet_ints),
                                AR_BUFFER(a->h0.buffer), AR_BUFFER(a->c0.buffer), AR_BUFFER(given),
                                AR_BUFFER(c->scratch),   AR_BUFFER(c->scratch)};
        arete_status status = ar_rnn_launch(&c->launches, s->start[layer], all, 1, start, COUNT(start), NULL);
        if (status != ARETE_OK)
            return status;
    }
    const size_t groups[3] = {(size_t)s->groups, 1, 1};
    const ar_arg list[] = {AR_STRUCT(l.args),        AR_STRUCT(shape),        AR_BUFFER(convert ? c->scratch : l.x),
                           AR_BUFFER(l.lens),        AR_BUFFER(c->packed),    AR_BUFFER(c->packed),
                           AR_BUFFER(c->scratch),    AR_BUFFER(c->scratch),   AR_BUFFER(l.y),
                           AR_BUFFER(a->y_h.buffer), AR_BUFFER(a->y_c.buffer), /* and with one group alone */
                           AR_BUFFER(a->h0.buffer),  AR_BUFFER(a->c0.buffer), AR_BUFFER(given)};
    return ar_rnn_launch(&c->launches, s->run[layer], groups, 1, list, COUNT(list) - (alone ? 0 : 3),
                         layer == p->layers - 1 ? c->done : NULL);
}

static arete_status run(const arete_plan *plan, arete_queue *queue, const void *of, arete_wait_list after,
                        arete_event **done) {
    const arete_rnn_args *a = of;
    course c = {.launches = {queue, after}, .p = ar_plan_problem(plan), .s = plan->state, .done = done};
    arete_status status = ar_plan_scratch(plan, queue, a->workspace, &c.scratch);
    c.packed = a->packed ? a->packed : c.scratch;
    c.packed_at = a->packed ? 0 : (int64_t)c.s->packed_at;
    if (status == ARETE_OK && c.p->lens == RNN_LENS_HOST)
        status = ar_rnn_put_lengths(c.p, c.s->lengths, &c.launches, a->host_lens, c.scratch, c.s->lens_at);
    if (status == ARETE_OK && !a->packed)
        status = ar_rnn_pack_launch(c.p, &c.s->pack.packed, &c.s->pack.kernels, &c.launches, a->weights,
                                    c.scratch, c.s->packed_at);
    for (int64_t layer = 0; layer < c.p->layers && status == ARETE_OK; ++layer)
        status = run_layer(&c, a, layer);
    return status;
}

const ar_solver ar_rnn_persistent = {
    .name = "persistent",
    .param_names = param_names,
    .applies = applies,
    .guess = guess,
    .accepts = accepts,
    .estimate = estimate,
    .candidate = candidate,
    .build = build,
    .run = run,
};
