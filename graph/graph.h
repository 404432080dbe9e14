/* A network on its way from file to device: values, and the steps that make them. Built once while a model is
 * loaded (onnx_read.c, lower*.c), improved (fuse.c), placed in memory (place.c), then only run (model.c). */
#ifndef AR_GRAPH_H
#define AR_GRAPH_H

#include <string.h>

#include "arete/arete.h"
#include "error.h"

#define AR_NO_VALUE (-1)

/* Memory that lives as long as the graph, freed at once. */
typedef struct ar_pool {
    struct ar_pool_chunk *chunks;
    uint64_t bytes, limit; /* limit 0: none */
} ar_pool;

void *ar_pool_alloc(ar_pool *pool, size_t bytes); /* zeroed, aligned to 64; NULL with an error text */
void *ar_pool_room(ar_pool *pool, size_t bytes);  /* the same, not zeroed */
/* Whether that much may still be taken, here or beside it; ARETE_E_MEMORY. */
arete_status ar_pool_fits(const ar_pool *pool, uint64_t bytes);
char *ar_pool_text(ar_pool *pool, const char *text, size_t length);
void ar_pool_free(ar_pool *pool);

typedef enum ar_value_role { AR_VALUE_STEP, AR_VALUE_INPUT, AR_VALUE_CONSTANT } ar_value_role;

typedef struct ar_value {
    const char *name;
    arete_tensor t; /* type and dims; tight; dtype NONE: not known */
    ar_value_role role;
    bool is_output;                     /* of the network */
    const void *data;                   /* of constants: on the host, tight, at any address: maybe the file's */
    const double *factor; /* of f32 constants: the value is data times this, an element for each of dims[0]; or NULL */
    const char *symbol[ARETE_MAX_RANK]; /* of inputs: the names of dimensions that the file leaves open */
    const int *items; /* of sequences, known at load alone: their values; NULL: it is none */
    size_t item_count;
    int storage;                        /* the value whose memory this one shares, or AR_NO_VALUE: its own */
    /* place.c */
    arete_buffer *buffer;
    uint64_t offset;
    int first, last; /* steps between which its memory is in use */
} ar_value;

#define AR_STEP_SLOTS 16

typedef struct ar_step ar_step;

/* How a family's operation stands in a graph. Slots are the fields of the family's argument struct. */
typedef struct ar_step_kind {
    const char *family;
    arete_status (*plan)(ar_step *step, arete_device *device);
    /* Packs weights that are constants; NULL: nothing to pack. Blocks. Sets step->packed. */
    arete_status (*pack)(ar_step *step, arete_queue *queue, const arete_tensor *operands);
    arete_status (*run)(const ar_step *step, arete_queue *queue, const arete_tensor *operands,
                        arete_wait_list after, arete_event **done);
} ar_step_kind;

extern const ar_step_kind ar_step_layer, ar_step_matmul, ar_step_conv, ar_step_rnn, ar_step_attention;

struct ar_step {
    const ar_step_kind *kind;
    const char *name, *op;            /* of the node it comes from */
    int value[AR_STEP_SLOTS];         /* AR_NO_VALUE: absent */
    arete_tensor view[AR_STEP_SLOTS]; /* how the step sees the value: offset relative to it */
    uint32_t slots, outputs;          /* outputs: a bit for each slot that is written */
    uint32_t packs;                   /* a bit for each slot whose constant is read in packed form alone */
    void *desc;                       /* the family's descriptor, in the pool */
    arete_plan *plan;
    arete_buffer *packed[2];
    bool dropped; /* by fusion */
};

typedef struct ar_graph {
    ar_pool pool;
    ar_value *values;
    int value_count;
    size_t value_room;
    ar_step *steps;
    int step_count;
    size_t step_room;
    int *inputs, *outputs; /* of the network, in the file's order */
    int input_count, output_count;
    const char *name;
} ar_graph;

void ar_graph_free(ar_graph *graph);

/* Sizes that no memory has, or negative ones: ARETE_E_SHAPE. */
arete_status ar_graph_check_size(const arete_tensor *t);

/* A new value, of unknown type; AR_NO_VALUE with an error text when there is no memory. name is kept as it is. */
int ar_graph_value(ar_graph *graph, const char *name);
int ar_graph_temporary(ar_graph *graph, const char *name, arete_dtype dtype, uint32_t rank, const int64_t *dims);
/* A constant with these values, copied when copy, else kept as they are. */
int ar_graph_constant(ar_graph *graph, const char *name, arete_dtype dtype, uint32_t rank, const int64_t *dims,
                      const void *data, bool copy);

/* A new step of that kind, without operands; desc_bytes of zeroed descriptor. NULL with an error text. */
ar_step *ar_graph_step(ar_graph *graph, const ar_step_kind *kind, const char *name, const char *op, uint32_t slots,
                       size_t desc_bytes);
/* Fills a slot with a value as it is. */
void ar_step_input(const ar_graph *graph, ar_step *step, uint32_t slot, int value);
void ar_step_output(const ar_graph *graph, ar_step *step, uint32_t slot, int value);

/* Drops what the step holds beside the pool: plan, packed weights. */
void ar_step_release(ar_step *step);

/* The value that owns the memory of this one. */
int ar_graph_storage(const ar_graph *graph, int value);

/* The elements of a constant as integers (of any integer type); false when the value is no constant of at most
 * `most`, or has factors. */
bool ar_graph_integers(const ar_graph *graph, int value, int64_t *into, size_t most, size_t *count);
/* The same as doubles, of any type. */
bool ar_graph_reals(const ar_graph *graph, int value, double *into, size_t most, size_t *count);

/* Element i of f32 data at any address. */
static inline float ar_float_at(const void *data, size_t i) {
    float value;
    memcpy(&value, (const char *)data + i * sizeof value, sizeof value);
    return value;
}

/* How many steps read a value, or a value that shares its memory; the network's outputs count once more. */
int ar_graph_uses(const ar_graph *graph, int value);

#endif
