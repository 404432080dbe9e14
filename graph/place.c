#include "place.h"

#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 256 };
#define CHUNK_BYTES ((uint64_t)64 << 20) /* constants share buffers of about this size */

static uint64_t bytes_of(const arete_tensor *t) {
    return (uint64_t)arete_tensor_elements(t) * arete_dtype_size(t->dtype);
}

static uint64_t padded(uint64_t bytes) {
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* First and last step that touch each value's memory; outputs and inputs are the caller's. */
static void find_lives(ar_graph *g) {
    for (int i = 0; i < g->value_count; i++) {
        g->values[i].first = INT32_MAX;
        g->values[i].last = -1;
    }
    for (int s = 0; s < g->step_count; s++)
        for (uint32_t i = 0; i < g->steps[s].slots; i++) {
            if (g->steps[s].value[i] == AR_NO_VALUE)
                continue;
            ar_value *v = &g->values[ar_graph_storage(g, g->steps[s].value[i])];
            v->first = s < v->first ? s : v->first;
            v->last = s > v->last ? s : v->last;
        }
}

static bool in_arena(const ar_graph *g, int i) {
    const ar_value *v = &g->values[i];
    if (v->role != AR_VALUE_STEP || v->storage != AR_NO_VALUE || v->last < 0)
        return false;
    for (int o = 0; o < g->output_count; o++)
        if (ar_graph_storage(g, g->outputs[o]) == i)
            return false;
    return true;
}

typedef struct block {
    int value, first, last;
    uint64_t bytes, offset;
} block;

static int larger_first(const void *a, const void *b) {
    const block *x = a, *y = b;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? 1 : -1;
    return x->value - y->value;
}

static arete_status check_limit(const ar_placement *p, uint64_t weights, uint64_t arena) {
    if (weights > p->limit || arena > p->limit - weights)
        return ar_fail(ARETE_E_MEMORY,
                       "weights (%llu bytes) and intermediate results (%llu) are more than the %llu that they may "
                       "take (desc.device_limit, or what the device has)",
                       (unsigned long long)weights, (unsigned long long)arena, (unsigned long long)p->limit);
    return ARETE_OK;
}

/* The lowest place that is free while the block lives, among those already placed. */
static uint64_t find_place(const block *blocks, size_t placed, const block *of) {
    uint64_t at = 0;
    for (size_t i = 0; i < placed; i++) {
        const block *b = &blocks[i];
        bool together = b->first <= of->last && of->first <= b->last;
        if (together && b->offset < at + of->bytes && at < b->offset + b->bytes) {
            at = b->offset + b->bytes;
            i = (size_t)-1; /* look at all of them again */
        }
    }
    return at;
}

static arete_status place_arena(ar_graph *g, arete_device *device, ar_placement *p) {
    size_t count = 0;
    block *blocks = ar_os_alloc((size_t)(g->value_count + 1) * sizeof *blocks);
    if (!blocks)
        return ar_fail_memory("a memory plan", (uint64_t)g->value_count * sizeof *blocks);
    for (int i = 0; i < g->value_count; i++)
        if (in_arena(g, i))
            blocks[count++] =
                (block){i, g->values[i].first, g->values[i].last, padded(bytes_of(&g->values[i].t)), 0};
    qsort(blocks, count, sizeof *blocks, larger_first);
    for (size_t i = 0; i < count; i++) {
        blocks[i].offset = find_place(blocks, i, &blocks[i]);
        uint64_t end = blocks[i].offset + blocks[i].bytes;
        p->arena_bytes = end > p->arena_bytes ? end : p->arena_bytes;
        p->apart_bytes += blocks[i].bytes;
    }
    arete_status status = check_limit(p, p->weight_bytes, p->arena_bytes);
    if (p->arena_bytes && status == ARETE_OK)
        status = arete_buffer_create(device, p->arena_bytes, &p->arena);
    for (size_t i = 0; i < count && status == ARETE_OK; i++) {
        g->values[blocks[i].value].buffer = p->arena;
        g->values[blocks[i].value].offset = blocks[i].offset;
    }
    ar_os_free(blocks);
    return status == ARETE_OK ? status : ar_fail_within(status, "intermediate results");
}

/* Whether some step reads the constant as it is. */
static void mark_plain(const ar_graph *g, bool *plain, bool *read) {
    for (int s = 0; s < g->step_count; s++)
        for (uint32_t i = 0; i < g->steps[s].slots; i++) {
            int value = g->steps[s].value[i];
            if (value == AR_NO_VALUE || g->values[value].role != AR_VALUE_CONSTANT)
                continue;
            read[value] = true;
            plain[value] = plain[value] || !(g->steps[s].packs >> i & 1);
        }
}

static arete_status add_buffer(ar_placement *p, arete_device *device, uint64_t bytes) {
    arete_buffer **all = ar_os_realloc(p->weights, (p->weight_buffers + 1) * sizeof *all);
    if (!all)
        return ar_fail_memory("a model's weights", bytes);
    p->weights = all;
    arete_status status = check_limit(p, p->weight_bytes + bytes, 0);
    if (status == ARETE_OK)
        status = arete_buffer_create(device, bytes, &all[p->weight_buffers]);
    if (status == ARETE_OK) {
        p->weight_buffers++;
        p->weight_bytes += bytes;
    }
    return status == ARETE_OK ? status : ar_fail_within(status, "weights");
}

/* Puts a constant into memory of the device: as it lies, or times its factors, by way of p->scratch. */
static arete_status upload(const ar_value *v, arete_queue *queue, arete_buffer *buffer, uint64_t offset,
                           ar_placement *p) {
    uint64_t bytes = bytes_of(&v->t), rows = v->factor && bytes ? (uint64_t)v->t.dims[0] : 0;
    if (!rows)
        return bytes ? arete_queue_write(queue, buffer, offset, bytes, v->data, ARETE_WAIT_NONE, NULL) : ARETE_OK;
    arete_status status = arete_queue_finish(queue); /* the last one has left the scratch */
    if (status == ARETE_OK && bytes > p->scratch_bytes) {
        ar_os_free_aligned(p->scratch);
        p->scratch = ar_os_alloc_large(bytes);
        p->scratch_bytes = p->scratch ? bytes : 0;
    }
    if (status != ARETE_OK || !p->scratch)
        return status != ARETE_OK ? status : ar_fail_memory(v->name, bytes);
    float *into = p->scratch;
    uint64_t per = bytes / sizeof *into / rows;
    for (uint64_t row = 0; row < rows; row++)
        for (uint64_t i = row * per; i < (row + 1) * per; i++)
            into[i] = (float)((double)ar_float_at(v->data, i) * v->factor[row]);
    return arete_queue_write(queue, buffer, offset, bytes, into, ARETE_WAIT_NONE, NULL);
}

/* Constants from `from` on that go into one buffer; the next one is returned in *from. */
static arete_status upload_chunk(ar_graph *g, arete_queue *queue, const bool *plain, int *from, ar_placement *p) {
    uint64_t bytes = 0;
    int end = *from;
    for (; end < g->value_count; end++) {
        uint64_t its = padded(bytes_of(&g->values[end].t));
        if (!plain[end])
            continue;
        if (bytes && bytes + its > CHUNK_BYTES)
            break;
        g->values[end].offset = bytes;
        bytes += its;
    }
    arete_status status = bytes ? add_buffer(p, arete_queue_device(queue), bytes) : ARETE_OK;
    for (int i = *from; i < end && status == ARETE_OK; i++) {
        if (!plain[i] || !bytes)
            continue;
        g->values[i].buffer = p->weights[p->weight_buffers - 1];
        status = upload(&g->values[i], queue, g->values[i].buffer, g->values[i].offset, p);
    }
    *from = end;
    return status == ARETE_OK ? arete_queue_finish(queue) : status;
}

/* Bytes of the constants that the step packs, one behind the other. */
static uint64_t pack_bytes(const ar_graph *g, const ar_step *step) {
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < step->slots; i++)
        if ((step->packs >> i & 1) && step->value[i] != AR_NO_VALUE)
            bytes += padded(bytes_of(&g->values[step->value[i]].t));
    return bytes;
}

/* Weights go to the device for the moment of packing, into the same buffer one step after the other. */
static arete_status pack(ar_graph *g, arete_queue *queue, ar_step *step, arete_buffer *stage, ar_placement *p) {
    arete_tensor operands[AR_STEP_SLOTS] = {{0}};
    arete_status status = ARETE_OK;
    uint64_t at = 0;
    for (uint32_t i = 0; i < step->slots && status == ARETE_OK; i++) {
        if (!(step->packs >> i & 1) || step->value[i] == AR_NO_VALUE)
            continue;
        const ar_value *v = &g->values[step->value[i]];
        uint64_t bytes = bytes_of(&v->t);
        operands[i] = step->view[i];
        operands[i].buffer = stage;
        operands[i].offset += at;
        status = upload(v, queue, stage, at, p);
        at += padded(bytes);
    }
    if (status == ARETE_OK)
        status = step->kind->pack(step, queue, operands);
    for (int i = 0; i < 2; i++)
        p->weight_bytes += step->packed[i] ? arete_buffer_size(step->packed[i]) : 0;
    return status == ARETE_OK ? check_limit(p, p->weight_bytes, 0)
                              : ar_fail_within(status, "packing '%s'", step->name);
}

static arete_status pack_all(ar_graph *g, arete_queue *queue, ar_placement *p) {
    arete_buffer *stage = NULL;
    uint64_t bytes = 0;
    for (int s = 0; s < g->step_count; s++) {
        uint64_t its = pack_bytes(g, &g->steps[s]);
        bytes = its > bytes ? its : bytes;
    }
    arete_status status = check_limit(p, p->weight_bytes + bytes, 0);
    if (status == ARETE_OK)
        status = arete_buffer_create(arete_queue_device(queue), bytes ? bytes : 1, &stage);
    for (int s = 0; s < g->step_count && status == ARETE_OK; s++)
        if (g->steps[s].packs)
            status = pack(g, queue, &g->steps[s], stage, p);
    arete_status finished = arete_queue_finish(queue);
    arete_buffer_release(stage);
    return status == ARETE_OK ? finished : status;
}

arete_status ar_place(ar_graph *g, arete_queue *queue, uint64_t limit, ar_placement *p) {
    bool *plain = ar_os_alloc((size_t)g->value_count + 1), *read = ar_os_alloc((size_t)g->value_count + 1);
    arete_status status = ARETE_OK;
    if (!plain || !read) {
        status = ar_fail_memory("a memory plan", 2 * (uint64_t)g->value_count);
        goto out;
    }
    p->limit = limit ? limit : arete_device_get_info(arete_queue_device(queue))->memory_bytes;
    p->limit = p->limit ? p->limit : UINT64_MAX;
    find_lives(g);
    mark_plain(g, plain, read);
    for (int i = 0; i < g->value_count; i++)
        p->parameters += read[i] ? (uint64_t)arete_tensor_elements(&g->values[i].t) : 0;
    for (int from = 0; from < g->value_count && status == ARETE_OK;)
        status = upload_chunk(g, queue, plain, &from, p);
    if (status == ARETE_OK)
        status = pack_all(g, queue, p);
    if (status == ARETE_OK)
        status = place_arena(g, arete_queue_device(queue), p);
out:
    ar_os_free_aligned(p->scratch);
    p->scratch = NULL;
    ar_os_free(plain);
    ar_os_free(read);
    return status;
}

void ar_placement_free(ar_placement *p) {
    arete_buffer_release(p->arena);
    for (size_t i = 0; i < p->weight_buffers; i++)
        arete_buffer_release(p->weights[i]);
    ar_os_free(p->weights);
    *p = (ar_placement){0};
}
