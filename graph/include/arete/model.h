/* Whole networks: an ONNX file, loaded for one device, run many times. In libarete_graph, beside libarete. */
#ifndef ARETE_MODEL_H
#define ARETE_MODEL_H

#include "arete/arete.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A network on a device: its steps planned, its weights uploaded and packed, its memory laid out. */
typedef struct arete_model arete_model;

/** Fixes a dimension that the file leaves open by its name ("batch_size"), or gives an input of one integer (or bool)
 * its value at load by its name. A name that is neither is ARETE_E_NOT_FOUND. */
typedef struct arete_model_dim {
    const char *name;
    int64_t value;
} arete_model_dim;

/** Fixes the shape of an input by its name; wins over arete_model_dim. */
typedef struct arete_model_shape {
    const char *input;
    uint32_t rank;
    int64_t dims[ARETE_MAX_RANK];
} arete_model_shape;

/** Gives an input its value at load, so that what follows from it (shapes, branches) is known: a constant from then
 * on. data: tight, read during the load. */
typedef struct arete_model_value {
    const char *input;
    arete_dtype dtype;
    uint32_t rank;
    int64_t dims[ARETE_MAX_RANK];
    const void *data;
} arete_model_value;

/** How to load. Every field zero, or NULL for the whole: open dimensions are 1, everything is fused. */
typedef struct arete_model_desc {
    size_t size; /**< sizeof(arete_model_desc); 0 is taken for the size of this version */
    const arete_model_dim *dims;
    size_t dim_count;
    const arete_model_shape *shapes;
    size_t shape_count;
    const arete_model_value *values;
    size_t value_count;
    bool no_fusion;        /**< each node as the file has it, for checking */
    arete_math math;       /**< of every convolution, see arete/conv.h */
    uint64_t host_limit;   /**< bytes that the graph and folded constants may take on the host; 0: 4 GB */
    uint64_t device_limit; /**< bytes that weights and activations may take on the device; 0: what it has */
    int64_t batch;         /**< of every input's first dimension, where it is open and not fixed by its name; 0: 1 */
    double fold_limit;     /**< operations and bytes moved that steps on constants may take at load; 0: 1e11. Those
                                beyond it are done in every run */
} arete_model_desc;

/**
 * Reads an ONNX file (opsets 7 to 21), and its external data from files in the same folder or below it. Binds open
 * dimensions, folds what is constant, fuses, plans every step, uploads and packs the weights, lays out the memory.
 * Everything is known before a run: shapes are fixed. Load again for other shapes or another device.
 *
 * What the device layer lacks is ARETE_E_UNSUPPORTED, and arete_error_text() lists every operator that is missing
 * with the nodes that use it. A malformed file is ARETE_E_FORMAT, naming node, operator and input. Blocks while
 * kernels compile. Any thread. The file is mapped while it is loaded: it must not become shorter meanwhile. On success
 * *model holds one reference, the caller's; on failure it is unchanged.
 * Returns ARETE_OK, ARETE_E_ARGUMENT, ARETE_E_NOT_FOUND (no such file, no such input), ARETE_E_IO, ARETE_E_FORMAT,
 * ARETE_E_UNSUPPORTED, ARETE_E_SHAPE, ARETE_E_DTYPE, ARETE_E_MEMORY, ARETE_E_BUILD, ARETE_E_DEVICE.
 */
ARETE_API arete_status arete_model_load(arete_device *device, const char *path, const arete_model_desc *desc,
                                        arete_model **model);

/** The same from memory; folder: where external data is looked for, NULL: external data is refused. */
ARETE_API arete_status arete_model_read(arete_device *device, const void *data, size_t bytes, const char *folder,
                                        const arete_model_desc *desc, arete_model **model);

ARETE_API void arete_model_retain(arete_model *model);

/** Drops one reference; runs already enqueued still finish. NULL is fine. */
ARETE_API void arete_model_release(arete_model *model);

ARETE_API arete_device *arete_model_device(const arete_model *model);

/** An input or output: its name in the file, and its shape and type (no buffer). */
typedef struct arete_model_port {
    const char *name;
    arete_tensor tensor;
} arete_model_port;

ARETE_API size_t arete_model_input_count(const arete_model *model);
ARETE_API size_t arete_model_output_count(const arete_model *model);

/** The index-th, in the file's order; name NULL past the end. Valid while the model lives. */
ARETE_API arete_model_port arete_model_input(const arete_model *model, size_t index);
ARETE_API arete_model_port arete_model_output(const arete_model *model, size_t index);

/**
 * Runs the network once. inputs and outputs: one tensor for each, in order, with the port's shape and type, tight,
 * and buffers of the model's device; the first step waits for after, *done (may be NULL) comes with the last one.
 * Only enqueues; allocates nothing. A model has one set of intermediate memory: runs on one queue follow each
 * other, runs on different queues need a model each. Returns ARETE_OK, ARETE_E_ARGUMENT, ARETE_E_SHAPE,
 * ARETE_E_DTYPE, ARETE_E_RANGE, ARETE_E_MISMATCH, ARETE_E_MEMORY, ARETE_E_DEVICE. On failure earlier steps may have
 * been enqueued.
 */
ARETE_API arete_status arete_model_run(arete_model *model, arete_queue *queue, const arete_tensor *inputs,
                                       size_t input_count, const arete_tensor *outputs, size_t output_count,
                                       arete_wait_list after, arete_event **done);

/** What a network is and costs. */
typedef struct arete_model_info {
    size_t nodes;                  /**< in the file, subgraphs that were taken included */
    size_t steps;                  /**< launched operations that are left */
    size_t folded;                 /**< nodes that were computed at load */
    size_t fused;                  /**< nodes that went into another's step */
    uint64_t parameters;           /**< elements of constants that steps read */
    uint64_t weight_bytes;         /**< on the device, packed forms included */
    uint64_t activation_bytes;     /**< the peak: one block that all intermediate results share */
    uint64_t activation_sum;       /**< what they would take apart */
    uint64_t workspace_bytes;      /**< scratch of the hungriest step */
    double flops, bytes, launches; /**< sums over the steps */
} arete_model_info;

ARETE_API void arete_model_get_info(const arete_model *model, arete_model_info *info);

/** One step. Strings are valid while the model lives. */
typedef struct arete_model_step {
    const char *name, *op; /**< of the node that it started as */
    const char *family;    /**< "matmul", "conv", "layer", ... */
    const char *problem;   /**< a case of that family, as arete bench takes it */
    const char *solver;
    arete_cost cost;
    double estimate;     /**< seconds by the model */
    uint64_t parameters; /**< elements of constants that it reads, those that other steps read too included */
} arete_model_step;

/** The index-th, in the order of running; name NULL past the end. */
ARETE_API arete_model_step arete_model_get_step(const arete_model *model, size_t index);

/**
 * Runs the network as arete_model_run() does, one step at a time, and gives each one's seconds as the host sees
 * them (enqueued, and waited for), in seconds[0 .. steps-1]. Blocks.
 */
ARETE_API arete_status arete_model_profile(arete_model *model, arete_queue *queue, const arete_tensor *inputs,
                                           size_t input_count, const arete_tensor *outputs, size_t output_count,
                                           double *seconds, size_t steps);

#ifdef __cplusplus
}
#endif
#endif
