/* cpu_depthwise: groups of one input channel, plane by plane (cpu_depthwise.cl). */
#include <math.h>
#include <stdio.h>

#include "solver_cpu.h"

enum { ROWS, CHANNELS };
static const char *const names[] = {"rows", "channels", NULL};

#define MAX_STRIP 262144 /* reals: 1 MB; a worker thread's stack has 8 MB where it is small */
#define GOOD_STRIP 6144  /* 24 KB: a first cache */
#define MAX_TAPS 49      /* more would be a very long program */

/* ROWS of the kernel: 7 divides the height of most networks' small planes. */
static int64_t deep_of(const conv_problem *v) {
    return v->out[1] % 7 == 0 && v->out[2] <= 16 ? 7 : v->out[1] < 4 ? 1 : 4;
}

static int64_t columns_of(const conv_problem *v) {
    return (v->out[2] - 1) * v->stride[2] + (v->kernel[2] - 1) * v->dilation[2] + 1;
}

static int64_t strip_size(const conv_problem *v, const arete_device *device, int64_t rows) {
    int64_t vec = ar_conv_vec(device);
    int64_t phase = (ar_conv_ceil(columns_of(v), v->stride[2]) + 2 * vec - 1) / vec * vec;
    rows = rows < v->out[1] ? rows : v->out[1];
    double high = (double)(rows - 1) * (double)v->stride[1] + (double)((v->kernel[1] - 1) * v->dilation[1] + 1);
    double size = high * (double)v->stride[2] * (double)phase;
    return size > 1e15 ? INT64_MAX : (int64_t)size + 2 * vec;
}

static bool applies(const void *problem, const arete_device *device, const char **why) {
    const conv_problem *p = problem;
    if (!ar_conv_cpu_applies(p, device, why) || !ar_conv_cpu_planar(p, why))
        return false;
    *why = "groups of more than one input channel";
    if (ar_conv_group_c(p) != 1)
        return false;
    *why = "more than two spatial dimensions";
    if (p->in[0] != 1 || p->kernel[0] != 1 || p->out[0] != 1 || p->pad[0] != 0)
        return false;
    *why = "more than 49 taps, or strides or dilations beyond 16";
    if (p->kernel[1] > MAX_TAPS || p->kernel[2] > MAX_TAPS || p->kernel[1] * p->kernel[2] > MAX_TAPS)
        return false;
    for (int i = 1; i < CONV_AXES; ++i)
        if (p->stride[i] > 16 || p->dilation[i] > 16)
            return false;
    *why = "the inputs of one row pass 1 MB";
    conv_problem v;
    ar_conv_cpu_view(p, &v);
    return strip_size(&v, device, 1) <= MAX_STRIP && columns_of(&v) < MAX_STRIP / 4;
}

static bool accepts(const void *problem, const arete_device *device, const ar_params *params, const char **why) {
    const int64_t *n = params->value;
    conv_problem v;
    ar_conv_cpu_view(problem, &v);
    *why = "rows and channels must be 1 or more";
    if (n[ROWS] < 1 || n[ROWS] > 1 << 24 || n[CHANNELS] < 1 || n[CHANNELS] > 1 << 24)
        return false;
    *why = "the copy passes 1 MB of private memory";
    return strip_size(&v, device, n[ROWS]) <= MAX_STRIP;
}

static double slots(const conv_problem *v, const arete_device *device, const int64_t *n) {
    double lanes = (double)ar_conv_vec(device), rows = fmin((double)n[ROWS], (double)v->out[1]);
    double high = (rows - 1) * (double)v->stride[1] + (double)((v->kernel[1] - 1) * v->dilation[1] + 1);
    double move = v->stride[2] == 1 ? 4 / lanes : v->stride[2] == 2 ? 7 / lanes : 4;
    double copy = high * (5 + (double)columns_of(v) * move);
    double vectors = rows * ceil((double)v->out[2] / lanes), taps = (double)(v->kernel[1] * v->kernel[2]);
    /* Loads beside lines are two a vector; rows of a column share them. */
    double deep = (double)deep_of(v), shared = ((deep - 1) * (double)v->stride[1] + (double)v->kernel[1]) * (double)v->kernel[2] / deep;
    double one = copy + (double)ar_conv_group_m(v) * vectors * (fmax(taps, 2 * shared) + 6);
    double groups = ceil((double)v->out[1] / (double)n[ROWS]) * ceil((double)v->groups / (double)n[CHANNELS]);
    return ar_conv_cpu_busiest(device, groups * (double)v->n, one * fmin((double)n[CHANNELS], (double)v->groups));
}

static bool candidate(const void *problem, const arete_device *device, size_t index, ar_params *params) {
    static const int64_t parts[] = {1, 2, 4, 8, 16}, counts[] = {1, 2, 4, 8, 16, 32, 64, 128};
    enum { PARTS = sizeof parts / sizeof parts[0], COUNTS = sizeof counts / sizeof counts[0] };
    conv_problem v;
    ar_conv_cpu_view(problem, &v);
    for (size_t c = 0; c < COUNTS && (c == 0 || counts[c - 1] < v.groups); ++c) {
        for (size_t r = 0; r < PARTS && (r == 0 || parts[r - 1] < v.out[1]); ++r) {
            const char *why;
            int64_t rows = ar_conv_ceil(v.out[1], parts[r]);
            int64_t deep = deep_of(&v);
            rows = rows > deep ? ar_conv_ceil(rows, deep) * deep : rows;
            *params = (ar_params){{rows, ar_conv_ceil(v.groups, counts[c])}};
            if (accepts(problem, device, params, &why) && index-- == 0)
                return true;
        }
    }
    return false;
}

static void guess(const void *problem, const arete_device *device, ar_params *params) {
    conv_problem v;
    ar_conv_cpu_view(problem, &v);
    double best = INFINITY;
    ar_params one;
    *params = (ar_params){{1, 1}};
    for (size_t i = 0; candidate(problem, device, i, &one); ++i) {
        double cost = slots(&v, device, one.value);
        if (strip_size(&v, device, one.value[ROWS]) > GOOD_STRIP)
            cost *= 1.1;
        if (cost < best) {
            best = cost;
            *params = one;
        }
    }
}

static double estimate(const void *problem, const arete_device *device, const arete_roofs *roofs,
                       const ar_params *params) {
    if (!ar_conv_cpu_home(device))
        return INFINITY;
    conv_problem v;
    ar_conv_cpu_view(problem, &v);
    return ar_conv_cpu_seconds(problem, device, roofs, slots(&v, device, params->value), 1);
}

static arete_status build(arete_plan *plan) {
    const conv_problem *p = ar_plan_problem(plan);
    const int64_t *n = plan->params.value;
    conv_problem v;
    ar_conv_cpu_view(p, &v);
    int64_t vec = ar_conv_vec(plan->device);
    char options[640];
    size_t at = ar_conv_options(p, vec, options, sizeof options);
    int64_t strip = strip_size(&v, plan->device, n[ROWS]);
    snprintf(options + at, sizeof options - at,
             " -DKH=%d -DKW=%d -DSH=%d -DSW=%d -DDH=%d -DDW=%d -DROWS=%d -DSTRIP_MAX=%d", (int)v.kernel[1],
             (int)v.kernel[2], (int)v.stride[1], (int)v.stride[2], (int)v.dilation[1], (int)v.dilation[2],
             (int)deep_of(&v), (int)ar_conv_cpu_room(strip));
    arete_status status =
        ar_kernel_get(plan->device, &ar_source_conv_cpu_depthwise, options, "conv_cpu_depthwise", &plan->kernels[0]);
    if (status != ARETE_OK)
        return status;
    conv_cpu_state state = {
        .global = {{(size_t)ar_conv_ceil(v.out[1], n[ROWS]), (size_t)ar_conv_ceil(v.groups, n[CHANNELS]),
                    (size_t)v.n}},
    };
    return ar_conv_cpu_state(plan, &state, NULL, NULL, NULL, NULL, 0);
}

static arete_status run(const arete_plan *plan, arete_queue *queue, const void *of, arete_wait_list after,
                        arete_event **done) {
    conv_cpu_run run;
    arete_status status = ar_conv_cpu_begin(plan, queue, of, after, &run);
    if (status != ARETE_OK)
        return status;
    return ar_conv_cpu_launch(plan, queue, &run, plan->params.value, 2, done);
}

const ar_solver ar_conv_cpu_depthwise = {
    .name = "cpu_depthwise",
    .param_names = names,
    .applies = applies,
    .guess = guess,
    .accepts = accepts,
    .estimate = estimate,
    .candidate = candidate,
    .build = build,
    .run = run,
};
