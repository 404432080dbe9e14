/* How operations become launches. A form's file has one function that reads the problem and adds launches; choosing,
 * running, workspace and offsets are the same for all (solver.c). */
#ifndef AR_LAYERS_FORMS_H
#define AR_LAYERS_FORMS_H

#include "problem.h"

#define LAYER_OPERANDS 9 /* of a launch */
#define LAYER_BLOCK 880  /* bytes of a kernel's argument block; with the operands less than the 1024 that OpenCL grants */
#define LAYER_WORKSPACE (-1)

/* A kernel ready to run: kernel(block by value, operands..., [local memory]). The block begins with
 * int64_t offset[LAYER_OPERANDS], in elements, to which a run adds the tensors' own. */
typedef struct layer_launch {
    const ar_kernel *kernel;
    uint32_t dims;
    size_t global[3], local[3];
    uint32_t operands;
    int8_t tensor[LAYER_OPERANDS]; /* the problem's tensor, or LAYER_WORKSPACE */
    uint32_t block_bytes, local_bytes;
    union {
        int64_t offset[LAYER_OPERANDS];
        unsigned char bytes[LAYER_BLOCK];
    } block;
} layer_launch;

typedef struct layer_build {
    const layer_problem *p;
    const layer_op *op;
    arete_device *device;
    bool gpu; /* lower for the GPU class */
    int64_t vec, lanes; /* VEC, and LANES of the class that ar_layer_options() was last given */
    uint32_t count;
    size_t room;
    layer_launch *launches;
    uint64_t workspace;
} layer_build;

/* Adds a launch of the kernel and gives it for filling; NULL with *status when that failed. */
layer_launch *ar_layer_add(layer_build *b, const ar_source *source, const char *options, const char *kernel,
                           arete_status *status);
/* Sets the block (which begins with the offsets), its operands and the sizes. */
void ar_layer_block(layer_launch *launch, const void *block, size_t bytes, uint32_t operands, const int *tensors);
/* Global sizes for count[0..dims-1] work-items, in groups that suit the class. */
void ar_layer_grid(const layer_build *b, layer_launch *launch, uint32_t dims, const int64_t *count);

typedef struct ar_layer_text {
    char text[1600];
    size_t at;
} ar_layer_text;

/* "-DVEC=.. -DCLASS=.. ", and what follows; b->lanes is set. */
void ar_layer_options(layer_build *b, int class_of, ar_layer_text *options);
void ar_layer_append(ar_layer_text *options, const char *format, ...) AR_PRINTF(2, 3);

/* A nest of loops over operands; the last operand is the output. */
#define LAYER_LOOPS 16
typedef struct layer_walk {
    int32_t loops, operands;
    int64_t dims[LAYER_LOOPS];
    int64_t step[LAYER_OPERANDS][LAYER_LOOPS];
    int64_t offset[LAYER_OPERANDS];
    int tensor[LAYER_OPERANDS];
} layer_walk;

/* Steps of tensor t, aligned at the right with the walk's loops, which are the output's dimensions. */
void ar_walk_broadcast(layer_walk *walk, int operand, const layer_tensor *t);
/* Orders loops by the output's step, drops those of one turn, merges those that all operands walk in one stride. */
void ar_walk_merge(layer_walk *walk);

/* Exchanges loops i and j. */
void ar_walk_swap(layer_walk *walk, int32_t i, int32_t j);

/* How much of cols x rows elements a work-item has. */
void ar_layer_share(const layer_build *b, int64_t cols, int64_t rows, int64_t *col_step, int64_t *row_step);

/* Adds the launch that stores the chain's last step over the walk. bits: copies, whatever the type. */
arete_status ar_layer_map_walk(layer_build *b, layer_walk *walk, const layer_step *chain, uint32_t steps, bool bits);
/* Copies, as above or by tiles where both sides would not be contiguous otherwise. */
arete_status ar_layer_copy_walk(layer_build *b, layer_walk *walk);

arete_status ar_layer_lower_map(layer_build *b);
arete_status ar_layer_lower_move(layer_build *b);
arete_status ar_layer_lower_resample(layer_build *b);
arete_status ar_layer_lower_index(layer_build *b);
arete_status ar_layer_lower_reduce(layer_build *b);
arete_status ar_layer_lower_norm(layer_build *b);
arete_status ar_layer_lower_window(layer_build *b);
arete_status ar_layer_lower_scan(layer_build *b);

#endif
