/* cpu_depthwise: groups of one input channel, plane by plane (cpu_depthwise.cl). */
#include <math.h>
#include <stdio.h>

#include "solver_cpu.h"

enum { ROWS, CHANNELS };
static const char *const names[] = {"rows", "channels", NULL};

#define MAX_TAPS 49 /* more would be a very long program */

/* ROWS of the kernel: 7 divides the height of most networks' planes. */
static int64_t deep_of(const conv_problem *v) {
    return v->out[1] % 7 == 0 ? 7 : v->out[1] < 4 ? 1 : 4;
}

/* Lanes of the kernel: no more than a row has use for. */
static int64_t lanes_of(const conv_problem *v, const arete_device *device) {
    int64_t lanes = ar_conv_vec(device);
    while (lanes > 4 && v->out[2] <= lanes / 2)
        lanes /= 2;
    return lanes;
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
    *why = "a row of 2^30 inputs, or as much padding";
    return p->in[2] < 1 << 30 && p->pad[2] > -(1 << 30) && p->pad[2] < 1 << 30 && p->out[2] < 1 << 30 >> 5;
}

static bool accepts(const void *problem, const arete_device *device, const ar_params *params, const char **why) {
    const int64_t *n = params->value;
    (void)problem, (void)device;
    *why = "rows and channels must be 1 or more";
    return n[ROWS] >= 1 && n[ROWS] <= 1 << 24 && n[CHANNELS] >= 1 && n[CHANNELS] <= 1 << 24;
}

/* Slots of a group. A load beside a line costs 1.6, the parting of two vectors 2; narrower vectors run two at a
 * time. */
static double group_slots(const conv_problem *v, const arete_device *device, const int64_t *n) {
    double lanes = (double)lanes_of(v, device), rows = fmin((double)n[ROWS], (double)v->out[1]);
    double taps = (double)(v->kernel[1] * v->kernel[2]), deep = (double)deep_of(v);
    double high = (deep - 1) * (double)v->stride[1] + (double)v->kernel[1], wide = (double)v->kernel[2];
    double loads = high *
                   (v->stride[2] == 1   ? wide * 1.6
                    : v->stride[2] == 2 ? ceil(wide / 2) * 7
                                        : wide * 3 * lanes) /
                   deep;
    double vectors = rows * ceil((double)v->out[2] / lanes);
    double store =
        ar_conv_group_m(v) > 1 ? 12 : 4; /* several planes of y from one of x: 1.4 times cpu_implicit's time */
    double each = (fmax(taps, loads) + store) * (lanes < (double)ar_conv_vec(device) ? 0.6 : 1);
    return fmin((double)n[CHANNELS], (double)v->groups) * (60 + (double)ar_conv_group_m(v) * vectors * each);
}

static double slots(const conv_problem *v, const arete_device *device, const int64_t *n) {
    double groups = ceil((double)v->out[1] / (double)n[ROWS]) * ceil((double)v->groups / (double)n[CHANNELS]);
    double each = group_slots(v, device, n);
    groups *= (double)v->n;
    return ar_conv_cpu_busiest(device, groups, each, groups * each);
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
    int64_t lanes = lanes_of(&v, plan->device);
    char options[640];
    size_t at = ar_conv_options(p, lanes, options, sizeof options);
    snprintf(options + at, sizeof options - at,
             " -DKH=%d -DKW=%d -DSH=%d -DSW=%d -DDH=%d -DDW=%d -DROWS=%d -DREST=%d -DNARROW=%d", (int)v.kernel[1],
             (int)v.kernel[2], (int)v.stride[1], (int)v.stride[2], (int)v.dilation[1], (int)v.dilation[2],
             (int)deep_of(&v), (int)(v.out[2] % lanes), v.out[2] <= lanes);
    arete_status status = ar_kernel_get(plan->device, &ar_source_conv_cpu_depthwise, options, "conv_cpu_depthwise",
                                        &plan->kernels[0]);
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
