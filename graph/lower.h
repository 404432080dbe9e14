/* From ONNX's nodes to steps: one pass in the file's order, in which every shape becomes known, what is constant is
 * computed, and the rest becomes steps of the families. */
#ifndef AR_LOWER_H
#define AR_LOWER_H

#include "arete/model.h"
#include "graph.h"
#include "onnx_attribute.h"
#include "onnx_tensor.h"

/* Values by their names, in a scope within another (subgraphs see the outer names). */
typedef struct ar_scope {
    const struct ar_scope *outer;
    struct ar_name *names; /* open addressing */
    size_t count, room;
} ar_scope;

arete_status ar_scope_put(ar_scope *scope, const char *name, int value); /* ARETE_E_FORMAT: it is there already */
int ar_scope_find(const ar_scope *scope, const char *name);              /* AR_NO_VALUE: nowhere */
void ar_scope_free(ar_scope *scope);

#define AR_NODE_MOST 64

typedef struct ar_node {
    const Onnx__NodeProto *proto;
    const char *op, *name; /* name: the node's, or its first output's */
    int64_t opset;
    const ar_scope *scope;                   /* that it stands in, for its subgraphs */
    int in[AR_NODE_MOST], out[AR_NODE_MOST]; /* AR_NO_VALUE: absent */
    uint32_t in_count, out_count;
} ar_node;

typedef struct ar_lowering {
    ar_graph *graph;
    arete_device *device;
    arete_queue *reference; /* constants are computed on the reference device */
    const arete_model_desc *desc;
    const Onnx__ModelProto *model;
    const char *folder; /* NULL: no external data */
    struct ar_mapped *mapped;
    size_t nodes, folded;
    double fold_spent, fold_limit; /* operations and bytes of constant steps */
    uint32_t depth;     /* of subgraphs */
    char missing[4096]; /* "Op (node, node, ...)": what the device layer lacks */
    size_t missing_count;
} ar_lowering;

/* Makes steps and sets the type and dims of the node's outputs. ARETE_E_UNSUPPORTED: goes into the list of what is
 * missing. The node's name is put before the text of any failure. */
typedef arete_status (*ar_lower)(ar_lowering *l, const ar_node *node);

typedef struct ar_lower_op {
    const char *op;
    ar_lower lower;
} ar_lower_op;

/* Each file's table, ending with op NULL. */
extern const ar_lower_op ar_lower_layers[], ar_lower_moves[], ar_lower_products[], ar_lower_rnn[],
    ar_lower_attention[], ar_lower_shapes[], ar_lower_control[], ar_lower_losses[],
    ar_lower_einsums[], ar_lower_hosts[], ar_lower_spectra[], ar_lower_grids[],
    ar_lower_sequences[];

/* Reads the model's graph: inputs, initializers, nodes. */
arete_status ar_lower_model(ar_lowering *l);
/* The nodes of a (sub)graph in their order, into a scope that already has its inputs. */
arete_status ar_lower_nodes(ar_lowering *l, const Onnx__GraphProto *graph, ar_scope *scope);
arete_status ar_lower_initializers(ar_lowering *l, const Onnx__GraphProto *graph, ar_scope *scope);

/* onnx_external.c: the tensor's data, also from a file of the folder, as a constant of the graph. */
arete_status ar_lower_tensor(ar_lowering *l, const Onnx__TensorProto *tensor, int *value);
void ar_mapped_free(ar_lowering *l);

/* fold.c: runs a step whose inputs are constants on the reference device; its outputs become constants. left: that
 * would go beyond desc.fold_limit, and the step is left to every run. */
arete_status ar_fold_step(ar_lowering *l, ar_step *step, bool *left);

/* ports.c: the network's inputs, with their open dimensions bound, and its outputs. */
arete_status ar_lower_inputs(ar_lowering *l, const Onnx__GraphProto *graph, ar_scope *scope);
arete_status ar_lower_outputs(ar_lowering *l, const Onnx__GraphProto *graph, ar_scope *scope);
/* Puts before the text of a failure which open dimensions were taken as 1. */
arete_status ar_lower_assumed(const ar_graph *graph, arete_status status);

/* The input's value, checked to be there; its tensor. */
arete_status ar_node_input(ar_lowering *l, const ar_node *node, uint32_t index, const char *what,
                           const arete_tensor **tensor);
/* Whether input index is there at all. */
bool ar_node_has(const ar_node *node, uint32_t index);
/* Whether somebody wants output index. */
bool ar_node_gives(const ar_node *node, uint32_t index);
/* Integers that an operator takes as an input in newer opsets and as an attribute in older ones (axes, pads,
 * split). *count 0: neither. ARETE_E_UNSUPPORTED when the input is no constant. */
arete_status ar_node_integers(const ar_lowering *l, const ar_node *node, uint32_t input, const char *attribute,
                              int64_t *values, size_t most, size_t *count);

/* lower_control.c: a subgraph's nodes, with its inputs bound to values in their order; its outputs' values. */
arete_status ar_lower_inline(ar_lowering *l, const Onnx__GraphProto *graph, const ar_scope *outer, const int *inputs,
                             size_t input_count, int *outputs, size_t most);
/* One turn's value of a scan output, with a dimension of 1 at axis; and such turns joined along it into out. */
arete_status ar_lower_keep_turn(ar_lowering *l, const ar_node *node, int value, int64_t axis, int *kept);
arete_status ar_lower_join(ar_lowering *l, const ar_node *node, const int *turns, size_t count, int64_t axis, int out);
/* A node's output is a value that is there. */
arete_status ar_lower_pass(ar_lowering *l, int from, int to);
arete_status ar_lower_scan(ar_lowering *l, const ar_node *node); /* lower_scan.c */
#define AR_MOST_TURNS 4096

/* lower_products.c: c = a b by numpy's rules, c of a's type. */
arete_status ar_lower_product(ar_lowering *l, const ar_node *node, int a, int b, int c);
/* lower_loss.c */
arete_status ar_lower_batch_training(ar_lowering *l, const ar_node *node);
/* Row-major positions in planes of [H,W] as column-major ones. */
arete_status ar_lower_column_major(ar_lowering *l, const ar_node *node, int from, int to, int64_t height,
                                   int64_t width);

/* A layer's step: outputs inferred from the inputs where their type or dims are not set yet. desc is copied. */
arete_status ar_lower_layer(ar_lowering *l, const ar_node *node, const arete_layer_desc *desc, const int *in,
                            uint32_t in_count, const int *out, uint32_t out_count);

/* A new value: places from .. to - 1 of x along axis, 0 <= axis < rank. */
arete_status ar_lower_part(ar_lowering *l, const ar_node *node, int x, int64_t axis, int64_t from, int64_t to,
                           int *part);
/* A new value: x without its dimension of 1 at axis. */
arete_status ar_lower_drop_axis(ar_lowering *l, const ar_node *node, int x, int64_t axis, int *dropped);

/* Makes `to` a value that shares the memory of `from`, with these dims and the same type. */
arete_status ar_lower_alias(ar_lowering *l, int from, int to, uint32_t rank, const int64_t *dims);

/* A new temporary of that type and shape, named after the node. */
int ar_node_temporary(ar_lowering *l, const ar_node *node, arete_dtype dtype, uint32_t rank, const int64_t *dims);
/* A constant of one f32 (or of that type). */
int ar_lower_scalar(ar_lowering *l, arete_dtype dtype, double value);

#endif
