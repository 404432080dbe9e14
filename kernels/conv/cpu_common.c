/* Conditions, packed weights, launches and the common terms of the models of the CPU-class solvers. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "solver_cpu.h"

static bool is_float(uint8_t type) {
    return type == ARETE_F32 || type == ARETE_F16 || type == ARETE_BF16;
}

bool ar_conv_cpu_applies(const conv_problem *p, const arete_device *device, const char **why) {
    *why = "types other than f32, f16 and bf16";
    return is_float(p->type_x) && ar_conv_cpu_gathers(p, device, why);
}

bool ar_conv_cpu_gathers(const conv_problem *p, const arete_device *device, const char **why) {
    if (!ar_conv_has_kernels(device, why))
        return false;
    *why = "it has one work-item in a group, and the device runs many in step";
    if (ar_runs_in_step(device))
        return false;
    *why = "transposed with a stride";
    for (int i = 0; i < CONV_AXES; ++i)
        if (p->up[i] != 1)
            return false;
    *why = "neither positions nor channels of x and y are contiguous";
    bool planar_y = p->y.point == 1;
    if ((p->x.point != 1 && p->x.channel != 1) || (!planar_y && p->y.channel != 1))
        return false;
    *why = "the residual lies otherwise than y";
    if (p->type_residual && (planar_y ? p->residual.point : p->residual.channel) != 1)
        return false;
    *why = "no input channels, or no outputs";
    return ar_conv_group_c(p) > 0 && p->w.bytes > 0 && p->x.bytes > 0 && !ar_conv_empty(p);
}

bool ar_conv_cpu_planar(const conv_problem *p, const char **why) {
    *why = "positions are not contiguous";
    return p->x.point == 1 && p->y.point == 1 && (!p->type_residual || p->residual.point == 1);
}

bool ar_conv_cpu_pointwise(const conv_problem *p) {
    for (int i = 0; i < CONV_AXES; ++i)
        if (p->kernel[i] != 1 || p->stride[i] != 1 || p->pad[i] != 0 || p->in[i] != p->out[i])
            return false;
    return true;
}

bool ar_conv_cpu_unpadded(const conv_problem *p) {
    for (int i = 0; i < CONV_AXES; ++i) {
        int64_t last = (p->out[i] - 1) * p->stride[i] + (p->kernel[i] - 1) * p->dilation[i] - p->pad[i];
        if (p->pad[i] > 0 || last >= p->in[i])
            return false;
    }
    return true;
}

void ar_conv_cpu_view(const conv_problem *p, conv_problem *view) {
    *view = *p;
    if (!ar_conv_cpu_pointwise(p))
        return;
    view->in[2] = view->out[2] = ar_conv_volume(p->out);
    view->in[0] = view->in[1] = view->out[0] = view->out[1] = 1;
}

int64_t ar_conv_cpu_room(int64_t elements) {
    static const int64_t rooms[] = {4096, 32768, 98304, 196608, 262144};
    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; ++i)
        if (elements <= rooms[i])
            return rooms[i];
    return (elements + 131071) / 131072 * 131072;
}

size_t ar_conv_cpu_pack_options(const conv_problem *p, int64_t vec, char *text, size_t bytes) {
    const char *type = arete_dtype_name((arete_dtype)p->type_w);
    return (size_t)snprintf(text, bytes, "-DVEC=%d -DTYPE_X=%s -DTYPE_W=%s -DFLIP=%d", (int)vec, type, type,
                            p->flip);
}

/* The other units begin later than the first, as their threads are woken: about 8 us on PoCL. Then each takes
 * groups as it gets through with them, and at the end waits for half a group in the mean. */
double ar_conv_cpu_busiest(const arete_device *device, double groups, double slots_each, double slots_all) {
    double units = device->info.compute_units ? device->info.compute_units : 1, late = (units - 1) / units;
    double each = slots_each + CONV_SLOTS_GROUP, mean = (slots_all + groups * CONV_SLOTS_GROUP) / units;
    double uneven = (ceil(groups / units) - groups / units) * each;
    return mean + fmax(uneven, late * (CONV_SLOTS_WAKE + each / 2));
}

double ar_conv_cpu_seconds(const conv_problem *p, const arete_device *device, const arete_roofs *roofs,
                           double slots, double launches) {
    double units = device->info.compute_units ? device->info.compute_units : 1;
    double peak = roofs->peak[ARETE_UNIT_F32] > 0 ? roofs->peak[ARETE_UNIT_F32] : 1e10;
    double seconds = slots * 2 * (double)ar_conv_vec(device) * units / peak;
    double roof = ar_conv_seconds(p, roofs, 0, 1, 0);
    return fmax(seconds, roof) + launches * roofs->launch_seconds;
}

/* ---- packed weights ---- */

arete_status ar_conv_cpu_state(arete_plan *plan, const conv_cpu_state *state, const ar_source *source,
                               const char *options, const char *name, const char *layout, uint64_t more) {
    const conv_problem *p = ar_plan_problem(plan);
    conv_cpu_state *kept = ar_os_alloc(sizeof *kept);
    if (!kept)
        return ar_fail_memory("a plan's state", sizeof *kept);
    *kept = *state;
    arete_status status = source ? ar_kernel_get(plan->device, source, options, name, &kept->pack) : ARETE_OK;
    if (status != ARETE_OK) {
        ar_os_free(kept);
        return status;
    }
    kept->packed_bytes = (kept->packed_bytes + 63) / 64 * 64;
    plan->state = kept;
    plan->workspace = more + (source && !p->prepack ? kept->packed_bytes : 0);
    if (source) {
        char text[256];
        snprintf(text, sizeof text, "conv-w %s type=%d g=%lld m=%lld c=%lld k=%lldx%lldx%lld flip=%d", layout,
                 p->type_w, (long long)p->groups, (long long)p->m, (long long)p->c, (long long)p->kernel[0],
                 (long long)p->kernel[1], (long long)p->kernel[2], p->flip);
        plan->packed_layout = ar_text_hash(text);
        plan->packed_bytes = kept->packed_bytes;
        plan->cost.launches += p->prepack ? 0 : 1;
    }
    return ARETE_OK;
}

static arete_status pack(const arete_plan *plan, arete_queue *queue, const arete_conv_args *args,
                         arete_buffer *into, arete_wait_list after) {
    const conv_cpu_state *state = plan->state;
    conv_kernel_args block;
    ar_conv_kernel_args(ar_plan_problem(plan), args, &block);
    ar_arg list[5] = {AR_STRUCT(block)};
    uint32_t count = 1;
    if (state->panel) {
        list[count++] = AR_I64(state->panel);
        list[count++] = AR_I64(state->channels);
    }
    list[count++] = AR_BUFFER(args->w.buffer);
    list[count++] = AR_BUFFER(into);
    ar_launch launch = {.kernel = state->pack, .dims = 3, .local = {1, 1, 1}, .args = list, .arg_count = count};
    memcpy(launch.global, state->pack_global, sizeof launch.global);
    return ar_launch_run(queue, &launch, after, NULL);
}

arete_status ar_conv_cpu_pack(const arete_plan *plan, arete_queue *queue, const arete_tensor *w,
                              arete_buffer *into) {
    arete_conv_args args = {.w = *w};
    return pack(plan, queue, &args, into, ARETE_WAIT_NONE);
}

arete_status ar_conv_cpu_begin(const arete_plan *plan, arete_queue *queue, const arete_conv_args *args,
                               arete_wait_list after, conv_cpu_run *run) {
    const conv_problem *p = ar_plan_problem(plan);
    const conv_cpu_state *state = plan->state;
    conv_problem view;
    *run = (conv_cpu_run){.args = args, .weights = state->pack ? args->packed_w : args->w.buffer, .after = after};
    ar_conv_cpu_view(p, &view);
    ar_conv_kernel_args(&view, args, &run->block);
    arete_status status = ar_plan_scratch(plan, queue, args->workspace, &run->scratch);
    if (status != ARETE_OK || !state->pack || p->prepack)
        return status;
    run->scratch_at = state->packed_bytes;
    if (run->weights)
        return ARETE_OK;
    run->weights = run->scratch;
    run->after = ARETE_WAIT_NONE; /* the packing waits, and the queue is in order */
    return pack(plan, queue, args, run->scratch, after);
}

enum { MAX_LONGS = 4 };

arete_status ar_conv_cpu_launch(const arete_plan *plan, arete_queue *queue, conv_cpu_run *run, const int64_t *longs,
                                size_t count, arete_event **done) {
    const conv_problem *p = ar_plan_problem(plan);
    const conv_cpu_state *state = plan->state;
    const arete_conv_args *args = run->args;
    ar_arg list[3 + MAX_LONGS + CONV_BUFFERS] = {AR_STRUCT(run->block), AR_F32(p->alpha), AR_F32(p->beta)};
    uint32_t at = 3;
    for (size_t i = 0; i < count; ++i)
        list[at++] = AR_I64(longs[i]);
    ar_conv_buffers(p, args, list + at);
    list[at + 1] = AR_BUFFER(run->weights);
    at += ar_conv_is_int8(p->type_x) ? CONV_BUFFERS : 5;
    ar_launch launch = {.kernel = plan->kernels[0], .dims = 3, .local = {1, 1, 1}, .args = list, .arg_count = at};
    memcpy(launch.global, state->global[0], sizeof launch.global);
    return ar_launch_run(queue, &launch, run->after, done);
}
