/* The run-time half of the checks: buffers there, of this device, large enough, outputs apart. */
#include "problem.h"

typedef unsigned long long ull;

typedef struct operand {
    const char *name;
    const arete_tensor *tensor;
    bool written;
} operand;

enum { OPERANDS = 13 };

static void list(const attention_problem *p, const arete_attention_args *args, operand all[OPERANDS]) {
    const operand these[OPERANDS] = {
        {"y", &args->y, true},
        {"k_cache", &args->k_cache, p->skv > 0},
        {"v_cache", &args->v_cache, p->skv > 0},
        {"q", &args->q, false},
        {"k", &args->k, false},
        {"v", &args->v, false},
        {"mask", &args->mask, false},
        {"kv_lens", &args->kv_lens, false},
        {"past_lens", &args->past_lens, false},
        {"cos", &args->cos, false},
        {"sin", &args->sin, false},
        {"q_positions", &args->q_positions, false},
        {"k_positions", &args->k_positions, false},
    };
    for (int i = 0; i < OPERANDS; ++i)
        all[i] = these[i];
}

static uint64_t extent(const operand *o) {
    return o->tensor->dtype == ARETE_DTYPE_NONE ? 0 : arete_tensor_extent(o->tensor);
}

static arete_status check_place(const operand *o, const arete_device *device) {
    uint64_t bytes = extent(o);
    const arete_buffer *buffer = o->tensor->buffer;
    if (bytes == 0)
        return ARETE_OK;
    if (!buffer)
        return ar_fail(ARETE_E_ARGUMENT, "%s.buffer is NULL", o->name);
    if (buffer->device != device)
        return ar_fail(ARETE_E_MISMATCH, "%s.buffer is on %s, but must be on %s", o->name, buffer->device->info.id,
                       device->info.id);
    if (o->tensor->offset > buffer->bytes || bytes > buffer->bytes - o->tensor->offset)
        return ar_fail(ARETE_E_RANGE, "%s ends at byte %llu, but its buffer has %llu", o->name,
                       (ull)(o->tensor->offset + bytes), (ull)buffer->bytes);
    return ARETE_OK;
}

static bool overlap(const operand *a, const operand *b) {
    uint64_t first = extent(a), second = extent(b);
    return first && second && a->tensor->buffer == b->tensor->buffer &&
           a->tensor->offset < b->tensor->offset + second && b->tensor->offset < a->tensor->offset + first;
}

arete_status ar_attention_check_buffers(const attention_problem *p, const arete_device *device,
                                        const arete_attention_args *args) {
    operand all[OPERANDS];
    list(p, args, all);
    if (ar_attention_empty(p))
        return ARETE_OK;
    for (int i = 0; i < OPERANDS; ++i) {
        arete_status status = check_place(&all[i], device);
        if (status != ARETE_OK)
            return status;
        if (args->workspace && all[i].tensor->dtype != ARETE_DTYPE_NONE && args->workspace == all[i].tensor->buffer)
            return ar_fail(ARETE_E_ALIAS, "workspace is the buffer of %s: give it a buffer of its own",
                           all[i].name);
    }
    for (int i = 0; i < OPERANDS; ++i) {
        for (int j = i + 1; j < OPERANDS && all[i].written; ++j) {
            if (overlap(&all[i], &all[j]))
                return ar_fail(ARETE_E_ALIAS,
                               "%s (from byte %llu) overlaps %s (from byte %llu): give it another place",
                               all[i].name, (ull)all[i].tensor->offset, all[j].name, (ull)all[j].tensor->offset);
        }
    }
    if (!ar_attention_has_cache(p) || p->past != ATTENTION_NO_LENS)
        return ARETE_OK;
    if (args->past < 0 || args->past > p->capacity - p->skv)
        return ar_fail(
            ARETE_E_RANGE, "past is %lld, but with %lld new keys the caches of %lld rows allow 0 to %lld",
            (long long)args->past, (long long)p->skv, (long long)p->capacity, (long long)(p->capacity - p->skv));
    return ARETE_OK;
}
