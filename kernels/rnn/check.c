/* The run-time half of validation: are the buffers there, here, large enough, and are the outputs apart. */
#include "problem.h"

typedef unsigned long long ull;

typedef struct region {
    const char *name;
    const arete_buffer *buffer;
    uint64_t offset, bytes;
} region;

static arete_status check_place(const region *r, const arete_device *device) {
    if (r->bytes == 0)
        return ARETE_OK;
    if (!r->buffer)
        return ar_fail(ARETE_E_ARGUMENT, "%s.buffer is NULL, but a run needs %llu bytes of it", r->name,
                       (ull)r->bytes);
    if (r->buffer->device != device)
        return ar_fail(ARETE_E_MISMATCH, "%s.buffer is on %s, but the plan is for %s: use a buffer of that device",
                       r->name, r->buffer->device->info.id, device->info.id);
    if (r->offset > r->buffer->bytes || r->bytes > r->buffer->bytes - r->offset)
        return ar_fail(ARETE_E_RANGE, "%s ends at byte %llu, but its buffer has %llu", r->name,
                       (ull)(r->offset + r->bytes), (ull)r->buffer->bytes);
    return ARETE_OK;
}

static bool overlap(const region *a, const region *b) {
    return a->bytes && b->bytes && a->buffer == b->buffer && a->offset < b->offset + b->bytes &&
           b->offset < a->offset + a->bytes;
}

/* outputs[i] may be inputs[same[i]], if exactly so; -1: no input. */
static arete_status check_apart(const region *outputs, const int *same, size_t output_count, const region *inputs,
                                size_t input_count) {
    for (size_t o = 0; o < output_count; ++o) {
        for (size_t i = 0; i < input_count; ++i) {
            bool itself = same[o] == (int)i && outputs[o].offset == inputs[i].offset;
            if (!itself && overlap(&outputs[o], &inputs[i]))
                return ar_fail(ARETE_E_ALIAS,
                               "%s (bytes %llu to %llu of its buffer) overlaps %s: give it a place of its own",
                               outputs[o].name, (ull)outputs[o].offset, (ull)(outputs[o].offset + outputs[o].bytes),
                               inputs[i].name);
        }
        for (size_t i = 0; i < o; ++i)
            if (overlap(&outputs[o], &outputs[i]))
                return ar_fail(ARETE_E_ALIAS, "%s overlaps %s: give each output a place of its own",
                               outputs[o].name, outputs[i].name);
    }
    return ARETE_OK;
}

arete_status ar_rnn_check_weights(const rnn_problem *p, const arete_device *device,
                                  const arete_rnn_weights *weights) {
    for (int64_t layer = 0; layer < p->layers; ++layer) {
        arete_rnn_weights copy = weights[layer];
        for (int which = 0; which < RNN_WEIGHTS; ++which) {
            const arete_tensor *t = ar_rnn_weight(&copy, which);
            uint64_t bytes = (uint64_t)ar_rnn_weight_elements(p, layer, which) * arete_dtype_size(t->dtype);
            region r = {ar_rnn_weight_name(which), t->buffer, t->offset, bytes};
            arete_status status = check_place(&r, device);
            if (status != ARETE_OK)
                return ar_fail_within(status, "weights[%lld]", (long long)layer);
        }
    }
    return ARETE_OK;
}

static arete_status check_lens(const rnn_problem *p, const int32_t *lens) {
    for (int64_t b = 0; b < p->batch; ++b)
        if (lens[b] < 0 || lens[b] > p->steps)
            return ar_fail(ARETE_E_RANGE, "host_lens[%lld] is %d: must be 0 to T = %lld", (long long)b, lens[b],
                           (long long)p->steps);
    return ARETE_OK;
}

arete_status ar_rnn_check_buffers(const rnn_problem *p, const arete_device *device, const arete_rnn_args *a) {
    if (ar_rnn_empty(p))
        return ARETE_OK;
    uint64_t each =
        (uint64_t)(p->layers * ar_rnn_dirs(p) * p->batch) * arete_dtype_size((arete_dtype)p->type_state);
    uint64_t h = each * (uint64_t)p->proj, c = each * (uint64_t)p->hidden;
    region inputs[4 + ARETE_RNN_MAX_LAYERS * RNN_WEIGHTS + 1] = {
        {"h0", a->h0.buffer, a->h0.offset, p->h0 ? h : 0},
        {"c0", a->c0.buffer, a->c0.offset, p->c0 ? c : 0},
        {"x", a->x.buffer, a->x.offset, p->bytes_x},
        {"lens", a->lens.buffer, a->lens.offset, p->lens == RNN_LENS_DEVICE ? 4 * (uint64_t)p->batch : 0}};
    size_t count = 4;
    const region outputs[3] = {{"y_h", a->y_h.buffer, a->y_h.offset, p->y_h ? h : 0},
                               {"y_c", a->y_c.buffer, a->y_c.offset, p->y_c ? c : 0},
                               {"y", a->y.buffer, a->y.offset, p->bytes_y}};
    static const int same[3] = {0, 1, -1};
    for (size_t i = 0; i < count + 3; ++i) {
        arete_status status = check_place(i < count ? &inputs[i] : &outputs[i - count], device);
        if (status != ARETE_OK)
            return status;
    }
    if (a->packed) {
        inputs[count++] = (region){"packed", a->packed, 0, a->packed->bytes};
    } else {
        arete_status status = ar_rnn_check_weights(p, device, a->weights);
        if (status != ARETE_OK)
            return status;
        for (int64_t layer = 0; layer < p->layers; ++layer) {
            arete_rnn_weights copy = a->weights[layer];
            for (int which = 0; which < RNN_WEIGHTS; ++which) {
                const arete_tensor *t = ar_rnn_weight(&copy, which);
                uint64_t bytes = (uint64_t)ar_rnn_weight_elements(p, layer, which) * arete_dtype_size(t->dtype);
                inputs[count++] = (region){ar_rnn_weight_name(which), t->buffer, t->offset, bytes};
            }
        }
    }
    arete_status status = check_apart(outputs, same, 3, inputs, count);
    for (size_t i = 0; i < count + 3 && status == ARETE_OK && a->workspace; ++i) {
        const region *r = i < count ? &inputs[i] : &outputs[i - count];
        if (r->bytes && r->buffer == a->workspace)
            status = ar_fail(ARETE_E_ALIAS, "workspace is the buffer of %s: give it a buffer of its own", r->name);
    }
    if (status == ARETE_OK && p->lens == RNN_LENS_HOST)
        status = check_lens(p, a->host_lens);
    return status;
}
