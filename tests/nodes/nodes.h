/* The node cases of ONNX's own test data (Debian: libonnx-testdata): one operator each, with its inputs and the
 * outputs that it must give. */
#ifndef AR_TEST_NODES_H
#define AR_TEST_NODES_H

#include "onnx_tensor.h"

#define NODE_MOST 32 /* inputs or outputs */

typedef struct node_case {
    const char *folder; /* "node/test_lstm_defaults" */
    const char *op;     /* "LSTM" */
    int64_t opset;      /* of the operator's domain */
    Onnx__ModelProto *model;
    const Onnx__NodeProto *node; /* the graph's one node */
    /* In the node's order; an input that is left out has an empty name, rank 0, dtype NONE and no data.
     * Initializers of the model are inputs like others. */
    size_t input_count, output_count;
    ar_onnx_array inputs[NODE_MOST], outputs[NODE_MOST];
} node_case;

/* Attributes, or what the caller gives for their absence. */
int64_t node_int(const node_case *of, const char *name, int64_t absent);
float node_float(const node_case *of, const char *name, float absent);
/* Cut to bytes; absent may be NULL, which gives "". */
void node_string(const node_case *of, const char *name, const char *absent, char *text, size_t bytes);
/* How many there are (0: absent), of which at most `most` are written. */
size_t node_ints(const node_case *of, const char *name, int64_t *values, size_t most);
size_t node_floats(const node_case *of, const char *name, float *values, size_t most);
/* The index-th of a list of strings; false past its end. */
bool node_string_at(const node_case *of, const char *name, size_t index, char *text, size_t bytes);
const Onnx__TensorProto *node_tensor(const node_case *of, const char *name); /* NULL: absent */

/* Calls visit for each case of the folders ("node", "pytorch-converted", "pytorch-operator", "simple") below the
 * test data whose graph is one node of that operator (NULL: any), in the order of names; stops when it returns
 * false. How many cases there were; 0 also when the test data is not installed. */
size_t nodes_each(const char *folder, const char *op, bool (*visit)(const node_case *of, void *with), void *with);

/* Whether the test data is here; a test that needs it says so and skips when not. ARETE_NODES overrides the place.
 */
bool nodes_here(void);

/* Whether got equals the array's values within |got - want| <= absolute + relative * |want| (NaN equals NaN); for
 * integer and bool types exactly. *at: the first element that does not. got has the array's type and count. */
bool node_same(const ar_onnx_array *want, const void *got, double relative, double absolute, uint64_t *at);

/* Element i as a double. */
double node_value(arete_dtype dtype, const void *data, uint64_t i);

#endif
