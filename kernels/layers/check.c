/* The inverse of making a problem, and the checks of a run. */
#include <string.h>

#include "problem.h"

typedef unsigned long long ull;

static void tensor_of(const layer_tensor *t, arete_tensor *into) {
    memset(into, 0, sizeof *into);
    into->dtype = (arete_dtype)t->dtype;
    into->rank = (uint32_t)t->rank;
    memcpy(into->dims, t->dims, sizeof into->dims);
    memcpy(into->strides, t->strides, sizeof into->strides);
}

void ar_layer_problem_describe(const layer_problem *p, arete_layer_desc *desc, arete_layer_step *chain,
                               arete_tensor *tensors) {
    const layer_attributes *a = &p->a;
    *desc = (arete_layer_desc){.op = (arete_layer_op)a->op,
                               .activation = (arete_activation)a->activation,
                               .alpha = a->alpha,
                               .beta = a->beta,
                               .bias = a->bias,
                               .epsilon = a->epsilon,
                               .mode = a->mode,
                               .coordinates = a->coordinates,
                               .nearest = a->nearest,
                               .axis = a->axis,
                               .axis_count = a->axis_count,
                               .ceil_mode = a->ceil_mode,
                               .count_include_pad = a->count_include_pad,
                               .exclude_outside = a->exclude_outside,
                               .select_last = a->select_last,
                               .smallest = a->smallest,
                               .exclusive = a->exclusive,
                               .reverse = a->reverse,
                               .p = (uint32_t)a->p,
                               .groups = (uint32_t)a->groups,
                               .window = (uint32_t)a->window,
                               .blocksize = (uint32_t)a->blocksize,
                               .batch_dims = (uint32_t)a->batch_dims,
                               .batch_axis = (uint32_t)a->batch_axis,
                               .offset = a->offset};
    memcpy(desc->axes, a->axes, sizeof desc->axes);
    memcpy(desc->starts, a->starts, sizeof desc->starts);
    memcpy(desc->ends, a->ends, sizeof desc->ends);
    memcpy(desc->steps, a->steps, sizeof desc->steps);
    memcpy(desc->kernel, a->kernel, sizeof desc->kernel);
    memcpy(desc->strides, a->strides, sizeof desc->strides);
    memcpy(desc->dilations, a->dilations, sizeof desc->dilations);
    memcpy(desc->pads, a->pads, sizeof desc->pads);
    memcpy(desc->scales, a->scales, sizeof desc->scales);
    memcpy(desc->roi, a->roi, sizeof desc->roi);
    if (a->op == ARETE_LAYER_FUSED) {
        for (uint8_t i = 0; i < p->chain_count; ++i) {
            const layer_step *s = &p->chain[i];
            chain[i] = (arete_layer_step){.op = (arete_layer_op)s->op,
                                          .activation = (arete_activation)s->activation,
                                          .mode = s->mode,
                                          .from = {s->from[0], s->from[1], s->from[2]},
                                          .alpha = s->alpha,
                                          .beta = s->beta};
        }
        desc->chain = chain;
        desc->chain_count = p->chain_count;
    }
    for (int i = 0; i < p->in_count + p->out_count; ++i)
        tensor_of(&p->t[i], &tensors[i]);
}

static arete_status check_arg(const char *side, uint32_t number, const arete_tensor *t, const layer_tensor *want) {
    if ((int32_t)t->dtype != want->dtype)
        return ar_fail(ARETE_E_DTYPE, "%s[%u].dtype is %s, but the plan was made for %s", side, (unsigned)number,
                       arete_dtype_name(t->dtype), arete_dtype_name((arete_dtype)want->dtype));
    bool tight = true, same = (int32_t)t->rank == want->rank;
    int64_t elements = 1;
    for (int32_t d = 0; same && d < want->rank; ++d) {
        same = t->dims[d] == want->dims[d];
        tight = tight && t->strides[d] == 0;
        elements *= want->dims[d];
    }
    if (!same)
        return ar_fail(ARETE_E_SHAPE, "%s[%u] does not have the dims that the plan was made for", side, (unsigned)number);
    int64_t step = 1;
    for (int32_t d = want->rank; elements > 0 && d-- > 0;) {
        if (want->dims[d] > 1 && (tight ? step : t->strides[d]) != want->strides[d])
            return ar_fail(ARETE_E_SHAPE, "%s[%u].strides[%d] is %lld, but the plan was made for %lld", side,
                           (unsigned)number, (int)d, (long long)(tight ? step : t->strides[d]),
                           (long long)want->strides[d]);
        step *= want->dims[d];
    }
    return ARETE_OK;
}

arete_status ar_layer_check_args(const layer_problem *p, const arete_layer_args *args) {
    if (args->size != 0 && args->size != sizeof *args)
        return ar_fail(ARETE_E_ARGUMENT, "args.size is %zu, but must be 0 or sizeof(arete_layer_args), %zu here",
                       args->size, sizeof *args);
    if (args->in_count != p->in_count || args->out_count != p->out_count || (p->in_count && !args->in) || !args->out)
        return ar_fail(ARETE_E_ARGUMENT, "args has %u inputs and %u outputs, but the plan was made for %d and %d",
                       (unsigned)args->in_count, (unsigned)args->out_count, (int)p->in_count, (int)p->out_count);
    arete_status status = ARETE_OK;
    for (uint32_t i = 0; i < p->in_count && status == ARETE_OK; ++i)
        status = check_arg("in", i, &args->in[i], &p->t[i]);
    for (uint32_t i = 0; i < p->out_count && status == ARETE_OK; ++i)
        status = check_arg("out", i, &args->out[i], ar_layer_out(p, i));
    return status;
}

static uint64_t extent(const layer_tensor *t) {
    uint64_t last = 0;
    if (ar_layer_elements(t) == 0)
        return 0;
    for (int32_t d = 0; d < t->rank; ++d)
        last += (uint64_t)(t->dims[d] - 1) * (uint64_t)t->strides[d];
    return (last + 1) * arete_dtype_size((arete_dtype)t->dtype);
}

static arete_status check_place(const char *side, uint32_t number, const arete_tensor *t, uint64_t bytes,
                                const arete_device *device) {
    size_t size = arete_dtype_size(t->dtype);
    if (bytes == 0)
        return ARETE_OK;
    if (!t->buffer)
        return ar_fail(ARETE_E_ARGUMENT, "%s[%u].buffer is NULL", side, (unsigned)number);
    if (t->buffer->device != device)
        return ar_fail(ARETE_E_MISMATCH, "%s[%u].buffer is on %s, but the plan is for %s", side, (unsigned)number,
                       t->buffer->device->info.id, device->info.id);
    if (t->offset % size != 0)
        return ar_fail(ARETE_E_RANGE, "%s[%u].offset is %llu bytes, but must be a multiple of the %zu bytes of %s", side,
                       (unsigned)number, (ull)t->offset, size, arete_dtype_name(t->dtype));
    if (t->offset > t->buffer->bytes || bytes > t->buffer->bytes - t->offset)
        return ar_fail(ARETE_E_RANGE, "%s[%u] needs bytes %llu to %llu of a buffer of %llu", side, (unsigned)number,
                       (ull)t->offset, (ull)(t->offset + bytes), (ull)t->buffer->bytes);
    return ARETE_OK;
}

/* Whether an element-wise operation may find its output where that input is. */
static bool in_place(const layer_problem *p, const arete_tensor *in, const layer_tensor *x, const arete_tensor *out,
                     const layer_tensor *y) {
    bool element_wise = p->a.op < ARETE_LAYER_SOFTMAX;
    return element_wise && in->offset == out->offset && x->rank == y->rank &&
           arete_dtype_size(in->dtype) == arete_dtype_size(out->dtype) &&
           memcmp(x->dims, y->dims, sizeof x->dims) == 0 && memcmp(x->strides, y->strides, sizeof x->strides) == 0;
}

arete_status ar_layer_check_buffers(const layer_problem *p, const arete_device *device, const arete_layer_args *args) {
    uint64_t bytes[LAYER_TENSORS];
    arete_status status = ARETE_OK;
    for (uint32_t i = 0; i < p->in_count && status == ARETE_OK; ++i) {
        bytes[i] = p->t[i].dtype ? extent(&p->t[i]) : 0;
        status = check_place("in", i, &args->in[i], bytes[i], device);
    }
    for (uint32_t o = 0; o < p->out_count && status == ARETE_OK; ++o) {
        const arete_tensor *out = &args->out[o];
        uint64_t size = extent(ar_layer_out(p, o));
        status = check_place("out", o, out, size, device);
        for (uint32_t i = 0; i < p->in_count && status == ARETE_OK && size; ++i) {
            const arete_tensor *in = &args->in[i];
            if (bytes[i] == 0 || in->buffer != out->buffer || in->offset + bytes[i] <= out->offset ||
                out->offset + size <= in->offset || in_place(p, in, &p->t[i], out, ar_layer_out(p, o)))
                continue;
            status = ar_fail(ARETE_E_ALIAS, "out[%u] (bytes %llu to %llu of its buffer) overlaps in[%u] (%llu to %llu)",
                             (unsigned)o, (ull)out->offset, (ull)(out->offset + size), (unsigned)i, (ull)in->offset,
                             (ull)(in->offset + bytes[i]));
        }
        if (status == ARETE_OK && args->workspace && args->workspace == out->buffer)
            status = ar_fail(ARETE_E_ALIAS, "workspace is the buffer of out[%u]: give it one of its own", (unsigned)o);
    }
    for (uint32_t i = 0; i < p->in_count && status == ARETE_OK; ++i)
        if (args->workspace && args->workspace == args->in[i].buffer)
            status = ar_fail(ARETE_E_ALIAS, "workspace is the buffer of in[%u]: give it one of its own", (unsigned)i);
    return status;
}
