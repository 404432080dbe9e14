/* Attributes of ONNX nodes, or what the caller gives for their absence. */
#ifndef AR_ONNX_ATTRIBUTE_H
#define AR_ONNX_ATTRIBUTE_H

#include <onnx.pb-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

const Onnx__AttributeProto *ar_onnx_attribute(const Onnx__NodeProto *node, const char *name); /* NULL: absent */
int64_t ar_onnx_int(const Onnx__NodeProto *node, const char *name, int64_t absent);
uint32_t ar_onnx_count(const Onnx__NodeProto *node, const char *name, uint32_t absent); /* no count: UINT32_MAX */
float ar_onnx_float(const Onnx__NodeProto *node, const char *name, float absent);
/* How many there are (0: absent), of which at most `most` are written. */
size_t ar_onnx_ints(const Onnx__NodeProto *node, const char *name, int64_t *values, size_t most);
size_t ar_onnx_floats(const Onnx__NodeProto *node, const char *name, float *values, size_t most);
/* Cut to bytes; absent may be NULL, which gives "". text itself. */
const char *ar_onnx_string(const Onnx__NodeProto *node, const char *name, const char *absent, char *text,
                           size_t bytes);
/* The index-th of a list of strings; false past its end. */
bool ar_onnx_string_at(const Onnx__NodeProto *node, const char *name, size_t index, char *text, size_t bytes);
const Onnx__TensorProto *ar_onnx_tensor(const Onnx__NodeProto *node, const char *name); /* NULL: absent */
const Onnx__GraphProto *ar_onnx_graph(const Onnx__NodeProto *node, const char *name);   /* NULL: absent */

#endif
