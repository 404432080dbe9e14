#include "graph.h"

#include <string.h>

struct ar_pool_chunk {
    struct ar_pool_chunk *next;
    size_t used, room;
};

enum { CHUNK_HEADER = 64, CHUNK_BYTES = 1 << 16, MOST_CHUNK_BYTES = 32 << 20 };

arete_status ar_pool_fits(const ar_pool *pool, uint64_t bytes) {
    if (pool->limit && bytes > pool->limit - (pool->bytes < pool->limit ? pool->bytes : pool->limit))
        return ar_fail(ARETE_E_MEMORY,
                       "the model needs more than the %llu bytes that it may take on the host (desc.host_limit)",
                       (unsigned long long)pool->limit);
    return ARETE_OK;
}

/* Chunks grow with the pool, so that those of large models lie in large pages. */
static size_t chunk_room(const ar_pool *pool, size_t bytes) {
    uint64_t room = pool->bytes < MOST_CHUNK_BYTES ? pool->bytes : MOST_CHUNK_BYTES;
    room = room < CHUNK_BYTES ? CHUNK_BYTES : room;
    return bytes > room ? bytes : (size_t)room;
}

void *ar_pool_room(ar_pool *pool, size_t bytes) {
    struct ar_pool_chunk *chunk = pool->chunks;
    if (ar_pool_fits(pool, bytes) != ARETE_OK)
        return NULL;
    bytes = (bytes + 63) / 64 * 64;
    if (!chunk || chunk->room - chunk->used < bytes) {
        size_t room = chunk_room(pool, bytes);
        chunk = ar_os_alloc_large(CHUNK_HEADER + room);
        if (!chunk) {
            ar_fail_memory("a model's graph", CHUNK_HEADER + room);
            return NULL;
        }
        *chunk = (struct ar_pool_chunk){pool->chunks, 0, room};
        pool->chunks = chunk;
    }
    void *memory = (char *)chunk + CHUNK_HEADER + chunk->used;
    chunk->used += bytes;
    pool->bytes += bytes;
    return memory;
}

void *ar_pool_alloc(ar_pool *pool, size_t bytes) {
    void *memory = ar_pool_room(pool, bytes);
    return memory ? memset(memory, 0, bytes) : NULL;
}

char *ar_pool_text(ar_pool *pool, const char *text, size_t length) {
    char *copy = ar_pool_alloc(pool, length + 1);
    if (copy)
        memcpy(copy, text, length);
    return copy;
}

void ar_pool_free(ar_pool *pool) {
    struct ar_pool_chunk *chunk = pool->chunks;
    while (chunk) {
        struct ar_pool_chunk *next = chunk->next;
        ar_os_free_aligned(chunk);
        chunk = next;
    }
    *pool = (ar_pool){0};
}

void ar_step_release(ar_step *step) {
    arete_plan_release(step->plan);
    step->plan = NULL;
    for (int p = 0; p < 2; p++) {
        arete_buffer_release(step->packed[p]);
        step->packed[p] = NULL;
    }
}

void ar_graph_free(ar_graph *graph) {
    for (int i = 0; i < graph->step_count; i++)
        ar_step_release(&graph->steps[i]);
    ar_os_free(graph->steps);
    ar_os_free(graph->values);
    ar_os_free(graph->inputs);
    ar_os_free(graph->outputs);
    ar_pool_free(&graph->pool);
    memset(graph, 0, sizeof *graph);
}

arete_status ar_graph_check_size(const arete_tensor *t) {
    int64_t bytes = 16; /* so that sums of several, and paddings, cannot overflow either */
    for (uint32_t d = 0; d < t->rank && d < ARETE_MAX_RANK; d++)
        if (t->dims[d] < 0 || (t->dims[d] > 0 && __builtin_mul_overflow(bytes, t->dims[d], &bytes)) ||
            bytes > (int64_t)1 << 46)
            return ar_fail(ARETE_E_SHAPE, "a dimension %u of %lld in %u dimensions: negative, or larger than any memory",
                           d, (long long)t->dims[d], t->rank);
    return ARETE_OK;
}

int ar_graph_value(ar_graph *graph, const char *name) {
    ar_value *values = ar_grown(graph->values, &graph->value_room, (size_t)graph->value_count, sizeof *values,
                                "a model's values");
    if (!values)
        return AR_NO_VALUE;
    graph->values = values;
    graph->values[graph->value_count] = (ar_value){.name = name, .storage = AR_NO_VALUE};
    return graph->value_count++;
}

int ar_graph_temporary(ar_graph *graph, const char *name, arete_dtype dtype, uint32_t rank, const int64_t *dims) {
    const arete_tensor made = arete_tensor_make(NULL, 0, dtype, rank, dims); /* dims may lie in the values, which move */
    int at = ar_graph_value(graph, name);
    if (at != AR_NO_VALUE)
        graph->values[at].t = made;
    return at;
}

int ar_graph_constant(ar_graph *graph, const char *name, arete_dtype dtype, uint32_t rank, const int64_t *dims,
                      const void *data, bool copy) {
    int at = ar_graph_temporary(graph, name, dtype, rank, dims);
    if (at == AR_NO_VALUE)
        return at;
    ar_value *v = &graph->values[at];
    if (copy) {
        size_t bytes = (size_t)arete_tensor_elements(&v->t) * arete_dtype_size(dtype);
        void *own = ar_pool_room(&graph->pool, bytes ? bytes : 1);
        if (!own)
            return AR_NO_VALUE;
        if (bytes)
            memcpy(own, data, bytes);
        data = own;
    }
    v->role = AR_VALUE_CONSTANT;
    v->data = data;
    return at;
}

ar_step *ar_graph_step(ar_graph *graph, const ar_step_kind *kind, const char *name, const char *op, uint32_t slots,
                       size_t desc_bytes) {
    void *desc = ar_pool_alloc(&graph->pool, desc_bytes);
    if (!desc)
        return NULL;
    ar_step *steps =
        ar_grown(graph->steps, &graph->step_room, (size_t)graph->step_count, sizeof *steps, "a model's steps");
    if (!steps)
        return NULL;
    graph->steps = steps;
    ar_step *step = &graph->steps[graph->step_count++];
    *step = (ar_step){.kind = kind, .name = name, .op = op, .slots = slots, .desc = desc};
    for (int i = 0; i < AR_STEP_SLOTS; i++)
        step->value[i] = AR_NO_VALUE;
    return step;
}

void ar_step_input(const ar_graph *graph, ar_step *step, uint32_t slot, int value) {
    step->value[slot] = value;
    if (value != AR_NO_VALUE)
        step->view[slot] = graph->values[value].t;
}

void ar_step_output(const ar_graph *graph, ar_step *step, uint32_t slot, int value) {
    ar_step_input(graph, step, slot, value);
    if (value != AR_NO_VALUE)
        step->outputs |= 1u << slot;
}

int ar_graph_storage(const ar_graph *graph, int value) {
    while (graph->values[value].storage != AR_NO_VALUE)
        value = graph->values[value].storage;
    return value;
}

/* Constants may lie at any address. */
static bool read_integer(arete_dtype dtype, const void *data, size_t i, int64_t *into) {
    int32_t i32;
    switch (dtype) {
    case ARETE_I64:
        memcpy(into, (const char *)data + i * sizeof *into, sizeof *into);
        return true;
    case ARETE_I32:
        memcpy(&i32, (const char *)data + i * sizeof i32, sizeof i32);
        *into = i32;
        return true;
    case ARETE_I8:
        *into = ((const int8_t *)data)[i];
        return true;
    case ARETE_U8:
    case ARETE_BOOL:
        *into = ((const uint8_t *)data)[i];
        return true;
    default:
        return false;
    }
}

bool ar_graph_integers(const ar_graph *graph, int value, int64_t *into, size_t most, size_t *count) {
    *count = 0;
    if (value == AR_NO_VALUE)
        return false;
    const ar_value *v = &graph->values[value];
    int64_t elements = arete_tensor_elements(&v->t);
    if (v->role != AR_VALUE_CONSTANT || v->factor || elements > (int64_t)most)
        return false;
    for (size_t i = 0; i < (size_t)elements; i++)
        if (!read_integer(v->t.dtype, v->data, i, &into[i]))
            return false;
    *count = (size_t)elements;
    return true;
}

static double read_real(arete_dtype dtype, const void *data, size_t i) {
    int64_t integer = 0;
    uint16_t half;
    double real;
    switch (dtype) {
    case ARETE_F32:
        return (double)ar_float_at(data, i);
    case ARETE_F64:
        memcpy(&real, (const char *)data + i * sizeof real, sizeof real);
        return real;
    case ARETE_F16:
    case ARETE_BF16:
        memcpy(&half, (const char *)data + i * sizeof half, sizeof half);
        return (double)(dtype == ARETE_F16 ? arete_f32_from_f16(half) : arete_f32_from_bf16(half));
    default:
        read_integer(dtype, data, i, &integer);
        return (double)integer;
    }
}

bool ar_graph_reals(const ar_graph *graph, int value, double *into, size_t most, size_t *count) {
    *count = 0;
    if (value == AR_NO_VALUE)
        return false;
    const ar_value *v = &graph->values[value];
    int64_t elements = arete_tensor_elements(&v->t);
    if (v->role != AR_VALUE_CONSTANT || v->factor || elements > (int64_t)most)
        return false;
    for (size_t i = 0; i < (size_t)elements; i++)
        into[i] = read_real(v->t.dtype, v->data, i);
    *count = (size_t)elements;
    return true;
}

int ar_graph_uses(const ar_graph *graph, int value) {
    int storage = ar_graph_storage(graph, value), uses = 0;
    for (int s = 0; s < graph->step_count; s++) {
        const ar_step *step = &graph->steps[s];
        for (uint32_t i = 0; i < step->slots && !step->dropped; i++)
            if (step->value[i] != AR_NO_VALUE && !(step->outputs >> i & 1) &&
                ar_graph_storage(graph, step->value[i]) == storage)
                uses++;
    }
    for (int o = 0; o < graph->output_count; o++)
        uses += ar_graph_storage(graph, graph->outputs[o]) == storage;
    return uses;
}
