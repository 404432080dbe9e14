/* plain: one output a work-item, whatever the convolution (plain.cl). */
#include <math.h>
#include <string.h>

#include "solver_common.h"
#include "sources.h"

static bool applies(const void *problem, const arete_device *device, const char **why) {
    (void)problem;
    return ar_conv_has_kernels(device, why);
}

/* Two loads and conversions of single elements for each product: a fiftieth of the peak where vectors are wide. */
static double estimate(const void *problem, const arete_device *device, const arete_roofs *roofs,
                       const ar_params *params) {
    const conv_problem *p = problem;
    arete_cost cost;
    (void)params;
    ar_conv_family.cost(p, &cost);
    return ar_conv_seconds(p, roofs, cost.flops, ar_conv_cpu_home(device) ? 0.01 : 0.05, 1);
}

static bool channels_first(const conv_problem *p) {
    return p->y.channel == 1 && p->y.point != 1;
}

static arete_status build(arete_plan *plan) {
    const conv_problem *p = ar_plan_problem(plan);
    char options[512];
    size_t at = ar_conv_options(p, 4, options, sizeof options);
    if (channels_first(p))
        strcpy(options + at, " -DCHANNELS_FIRST=1");
    return ar_kernel_get(plan->device, &ar_source_conv_plain, options, "conv_plain", &plan->kernels[0]);
}

static arete_status run(const arete_plan *plan, arete_queue *queue, const void *of, arete_wait_list after,
                        arete_event **done) {
    const conv_problem *p = ar_plan_problem(plan);
    const arete_conv_args *args = of;
    conv_kernel_args block;
    ar_conv_kernel_args(p, args, &block);
    ar_arg list[3 + CONV_BUFFERS] = {AR_STRUCT(block), AR_F32(p->alpha), AR_F32(p->beta)};
    ar_conv_buffers(p, args, list + 3);
    int64_t points = ar_conv_volume(p->out), first = channels_first(p) ? p->m : points;
    size_t local = ar_conv_flat_group(plan->device, first);
    const ar_launch launch = {
        .kernel = plan->kernels[0],
        .dims = 3,
        .global = {(size_t)ar_conv_ceil(first, (int64_t)local) * local,
                   (size_t)(channels_first(p) ? points : p->m), (size_t)p->n},
        .local = {local, 1, 1},
        .args = list,
        .arg_count = 3 + CONV_BUFFERS,
    };
    return ar_launch_run(queue, &launch, after, done);
}

const ar_solver ar_conv_plain = {
    .name = "plain",
    .applies = applies,
    .estimate = estimate,
    .build = build,
    .run = run,
};
