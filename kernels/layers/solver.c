/* The solvers: the CPU and the GPU class of every form. Both lower the problem to launches, and run them. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "forms.h"

typedef struct layer_state {
    uint32_t count;
    layer_launch launches[];
} layer_state;

static arete_status (*const lower[FORM_COUNT])(layer_build *) = {
    [FORM_MAP] = ar_layer_lower_map,       [FORM_MOVE] = ar_layer_lower_move,
    [FORM_RESAMPLE] = ar_layer_lower_resample, [FORM_INDEX] = ar_layer_lower_index,
    [FORM_REDUCE] = ar_layer_lower_reduce, [FORM_NORM] = ar_layer_lower_norm,
    [FORM_WINDOW] = ar_layer_lower_window, [FORM_SCAN] = ar_layer_lower_scan,
};

layer_launch *ar_layer_add(layer_build *b, const ar_source *source, const char *options, const char *kernel,
                           arete_status *status) {
    const ar_kernel *found = NULL;
    *status = ar_kernel_get(b->device, source, options, kernel, &found);
    if (*status != ARETE_OK)
        return NULL;
    layer_launch *launches = ar_grown(b->launches, &b->room, b->count, sizeof *launches, "a layer's launches");
    if (!launches) {
        *status = ARETE_E_MEMORY;
        return NULL;
    }
    b->launches = launches;
    layer_launch *launch = &b->launches[b->count++];
    memset(launch, 0, sizeof *launch);
    launch->kernel = found;
    return launch;
}

void ar_layer_block(layer_launch *launch, const void *block, size_t bytes, uint32_t operands, const int *tensors) {
    memcpy(launch->block.bytes, block, bytes);
    launch->block_bytes = (uint32_t)bytes;
    launch->operands = operands;
    for (uint32_t i = 0; i < operands && i < sizeof launch->tensor; ++i)
        launch->tensor[i] = (int8_t)tensors[i];
}

/* A CPU has groups of one; elsewhere 128 work-items lie along the first dimension, or, where that is short, also along
 * the second. */
void ar_layer_grid(const layer_build *b, layer_launch *launch, uint32_t dims, const int64_t *count) {
    size_t room = b->gpu ? 128 : 1;
    if (room > b->device->info.max_group_size)
        room = b->device->info.max_group_size;
    launch->dims = dims;
    for (uint32_t d = 0; d < dims; ++d) {
        size_t local = 1, most = d == 0 || d == 1 ? room : 1;
        while (local < most && (int64_t)local < count[d] && local < b->device->info.max_group_dims[d])
            local *= 2;
        while (local > 1 && (local > most || local > b->device->info.max_group_dims[d]))
            local /= 2;
        launch->local[d] = local;
        launch->global[d] = ((size_t)count[d] + local - 1) / local * local;
        room /= local;
    }
}

void ar_layer_append(ar_layer_text *options, const char *format, ...) {
    va_list list;
    va_start(list, format);
    size_t room = sizeof options->text - options->at;
    int put = vsnprintf(options->text + options->at, room, format, list);
    va_end(list);
    options->at += put > 0 ? ((size_t)put < room ? (size_t)put : room - 1) : 0;
}

void ar_layer_options(layer_build *b, int class_of, ar_layer_text *options) {
    bool f64 = class_of == CLASS_F64;
    options->at = 0;
    options->text[0] = '\0';
    b->lanes = f64 ? b->vec / 2 : b->vec;
    ar_layer_append(options, "-DVEC=%d -DCLASS=%d", (int)b->vec, class_of);
    if (f64)
        ar_layer_append(options, " -DREAL_F64=1");
}

static bool applies(const void *problem, const arete_device *device, const char **why) {
    const layer_problem *p = problem;
    *why = "it needs a device with kernels: the reference device has its own solver";
    if (device->info.kind == ARETE_DEVICE_REFERENCE)
        return false;
    *why = "the device has no f64";
    return ar_layer_class(p) != CLASS_F64 || device->info.has_f64;
}

static bool applies_cpu(const void *problem, const arete_device *device, const char **why) {
    *why = "its kernels are of the CPU class, and the device's work-items run in step";
    return !ar_runs_in_step(device) && applies(problem, device, why);
}

static double seconds(const void *problem, const arete_roofs *roofs) {
    arete_cost cost;
    ar_layer_cost(problem, &cost);
    return arete_roofline_seconds(roofs, &cost, NULL);
}

static double estimate_cpu(const void *problem, const arete_device *device, const arete_roofs *roofs,
                           const ar_params *params) {
    (void)params;
    return device->info.kind == ARETE_DEVICE_CPU ? seconds(problem, roofs) : INFINITY;
}

static double estimate_gpu(const void *problem, const arete_device *device, const arete_roofs *roofs,
                           const ar_params *params) {
    (void)params;
    return device->info.kind == ARETE_DEVICE_CPU ? INFINITY : seconds(problem, roofs);
}

static bool empty(const layer_problem *p) {
    for (uint32_t o = 0; o < p->out_count; ++o)
        if (ar_layer_elements(ar_layer_out(p, o)) > 0)
            return false;
    return true;
}

static arete_status build(arete_plan *plan) {
    const layer_problem *p = ar_plan_problem(plan);
    uint32_t width = plan->device->info.vector_f32;
    layer_build b = {.p = p,
                     .op = ar_layer_op_find(p->a.op),
                     .device = plan->device,
                     .gpu = plan->solver == &ar_layer_gpu,
                     .vec = width >= 16 ? 16 : width >= 8 ? 8 : 4};
    arete_status status = empty(p) ? ARETE_OK : lower[b.op->form](&b);
    layer_state *state = NULL;
    if (status == ARETE_OK) {
        state = ar_os_alloc(sizeof *state + b.count * sizeof b.launches[0]);
        status = state ? ARETE_OK : ar_fail_memory("a layer's plan", sizeof *state + b.count * sizeof b.launches[0]);
    }
    if (status == ARETE_OK) {
        state->count = b.count;
        if (b.count)
            memcpy(state->launches, b.launches, b.count * sizeof b.launches[0]);
        plan->state = state;
        plan->workspace = b.workspace;
        plan->cost.launches = b.count;
    }
    ar_os_free(b.launches);
    return status;
}

static const arete_tensor *operand(const layer_problem *p, const arete_layer_args *args, int tensor) {
    return tensor < p->in_count ? &args->in[tensor] : &args->out[tensor - p->in_count];
}

static arete_status run(const arete_plan *plan, arete_queue *queue, const void *of, arete_wait_list after,
                        arete_event **done) {
    const layer_problem *p = ar_plan_problem(plan);
    const layer_state *state = plan->state;
    const arete_layer_args *args = of;
    arete_buffer *scratch = NULL;
    arete_status status = plan->workspace ? ar_plan_scratch(plan, queue, args->workspace, &scratch) : ARETE_OK;
    if (status == ARETE_OK && state->count == 0)
        return ar_queue_marker(queue, after, done);
    for (uint32_t i = 0; i < state->count && status == ARETE_OK; ++i) {
        const layer_launch *l = &state->launches[i];
        ar_arg list[LAYER_OPERANDS + 2];
        union {
            int64_t offset[LAYER_OPERANDS];
            unsigned char bytes[LAYER_BLOCK];
        } block;
        memcpy(&block, &l->block, l->block_bytes);
        list[0] = (ar_arg){.kind = AR_ARG_STRUCT, .bytes = l->block_bytes, .as.object = &block};
        uint32_t count = 1;
        for (uint32_t k = 0; k < l->operands; ++k) {
            arete_buffer *buffer = scratch;
            if (l->tensor[k] != LAYER_WORKSPACE) {
                const arete_tensor *t = operand(p, args, l->tensor[k]);
                buffer = t->buffer;
                if (t->dtype != ARETE_DTYPE_NONE)
                    block.offset[k] += (int64_t)(t->offset / arete_dtype_size(t->dtype));
            }
            list[count++] = AR_BUFFER(buffer);
        }
        if (l->local_bytes)
            list[count++] = AR_LOCAL(l->local_bytes);
        const ar_launch launch = {.kernel = l->kernel,
                                  .dims = l->dims,
                                  .global = {l->global[0], l->global[1], l->global[2]},
                                  .local = {l->local[0], l->local[1], l->local[2]},
                                  .args = list,
                                  .arg_count = count};
        bool last = i + 1 == state->count;
        status = ar_launch_run(queue, &launch, i == 0 ? after : ARETE_WAIT_NONE, last ? done : NULL);
    }
    return status;
}

const ar_solver ar_layer_cpu = {
    .name = "cpu", .applies = applies_cpu, .estimate = estimate_cpu, .build = build, .run = run};
const ar_solver ar_layer_gpu = {
    .name = "gpu", .applies = applies, .estimate = estimate_gpu, .build = build, .run = run};

const ar_solver *const ar_layer_solvers[] = {&ar_layer_cpu, &ar_layer_gpu, &ar_layer_reference, NULL};
