/* One operation of a network as a plain value, and what it costs by its definition. Analytic: knows no device and
 * no solver, so that it can be counted for hardware that is not here. */
#ifndef AR_OP_H
#define AR_OP_H

#include "arete/base.h"

typedef enum ar_op_kind {
    AR_OP_MATMUL,
    AR_OP_CONV,
    AR_OP_RNN,
    AR_OP_ATTENTION,
    AR_OP_LAYER, /* element-wise, norms, softmax, pooling, copies, gathers: what streams through memory */
    AR_OP_KINDS
} ar_op_kind;

enum { AR_CELL_RNN, AR_CELL_LSTM, AR_CELL_GRU }; /* 1, 4 and 3 gates */

/* Layers that take like times for like bytes: one element after another, rows normalised, rows to their softmax,
 * windows, sums over axes, what only moves. */
enum {
    AR_LAYER_ANY,
    AR_LAYER_MAP,
    AR_LAYER_NORM,
    AR_LAYER_SOFTMAX,
    AR_LAYER_WINDOW,
    AR_LAYER_REDUCE,
    AR_LAYER_MOVE
};

/* Zeroed before it is filled. What a kind does not use stays 0. */
typedef struct ar_op {
    ar_op_kind kind;
    uint8_t dtype;         /* arete_dtype of activations */
    uint8_t weights_dtype; /* of weights; NONE: as dtype */
    uint8_t ta, tb;        /* matmul: how A and B lie */
    uint8_t fixed;         /* matmul: B is weights, which stay */
    uint8_t bias, act;     /* matmul, conv: fused; act is an arete_activation */
    uint8_t residual;      /* conv: one more input of the output's shape */
    uint8_t cell, causal, bidirectional;
    uint8_t warm;    /* its operands lie in the last cache when it starts; else they come from memory */
    uint8_t layer;   /* layer: AR_LAYER_..., "class="; of one with a case of its own, that case's */
    int64_t batch;   /* matmul, rnn, attention */
    int64_t m, n, k; /* matmul; conv: n images, m channels out */
    int64_t c, groups, in[2], kernel[2], stride[2], pad[2], dilation[2]; /* conv; [0] height */
    int64_t input, hidden, steps;        /* rnn; input 0: no product with an input */
    int64_t heads, kv_heads, q, kv, dim; /* attention */
    int64_t reads, writes, params;       /* layer: elements; what is read of params counts in reads */
    double ops;                          /* layer: operations for each element written */
} ar_op;

typedef struct ar_op_cost {
    double flops;   /* a multiply-add is 2; a convolution's products with padding count, masked-out scores do not */
    double bytes;   /* compulsory: every input, weight and state read once, every output written once */
    double weights; /* elements of weights */
    double weight_bytes; /* bytes of them */
    double output_bytes; /* bytes written: what training keeps for the way back */
    double passes;       /* how often the weights are needed again, one after another: steps of a recurrent layer */
} ar_op_cost;

/* "matmul", "conv", "rnn", "attention", "layer"; "?" for what is none. */
const char *ar_op_kind_name(ar_op_kind kind);

/* Reads "conv n=1 c=3 m=64 in=224x224 kernel=7 stride=2 pad=3". defaults: the type of activations and of weights
 * where the text has no dtype. ARETE_E_FORMAT names the word that is wrong and what would be right. */
arete_status ar_op_parse(const char *text, arete_dtype dtype, ar_op *into);

/* The shortest text that ar_op_parse() reads back to the same operation. */
void ar_op_format(const ar_op *op, char *text, size_t bytes);

void ar_op_count(const ar_op *op, ar_op_cost *cost);

/* Extent of a convolution's output along axis 0 (height) or 1 (width); below 1 when nothing fits. */
int64_t ar_op_conv_out(const ar_op *op, int axis);

/* Pairs of query and key that attention looks at: all, or with the causal mask those with
 * key <= query + kv - q (the last query sees every key). For one head. */
double ar_op_attention_pairs(const ar_op *op);

/* The case of a family (kernels/casework.h) that runs this operation, with the family's name in front. False: no
 * family of this build does. */
bool ar_op_case(const ar_op *op, char *text, size_t bytes);

/* The operation that a family's case is (what it is fused with is left out); text without the family's name. False:
 * it is of no kind that is known here, or not one operation. */
bool ar_op_of_case(const char *family, const char *text, ar_op *into);

/* AR_LAYER_... of a case of the family layer, "op=softmax in=64x10 axis=1". */
uint8_t ar_op_layer_class(const char *text);

#endif
