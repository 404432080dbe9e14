/* Tensors as ONNX stores them (TensorProto), checked and brought into plain arrays. */
#ifndef AR_ONNX_TENSOR_H
#define AR_ONNX_TENSOR_H

#include <onnx.pb-c.h>

#include "arete/memory.h"

typedef struct ar_onnx_array {
    char name[128];
    int onnx_type;     /* Onnx__TensorProto__DataType */
    arete_dtype dtype; /* NONE: a type that Arete has not; data is then NULL */
    uint32_t rank;     /* 0: one element */
    int64_t dims[ARETE_MAX_RANK];
    uint64_t count, bytes;
    void *data; /* row-major; freed by ar_onnx_array_free */
} ar_onnx_array;

/* The type of Arete that stores an ONNX type; NONE when there is none. */
arete_dtype ar_onnx_dtype(int onnx_type);

/* Name, type and shape alone. ARETE_E_FORMAT, ARETE_E_UNSUPPORTED (more than ARETE_MAX_RANK dimensions). */
arete_status ar_onnx_array_shape(const Onnx__TensorProto *tensor, ar_onnx_array *array);

/* Data inside the message alone. Sizes are checked against what the message holds before anything is allocated.
 * ARETE_E_FORMAT names tensor and field; ARETE_E_UNSUPPORTED: external data, more than ARETE_MAX_RANK dimensions.
 * A type that Arete has not is no failure: see dtype. */
arete_status ar_onnx_array_read(const Onnx__TensorProto *tensor, ar_onnx_array *array);
/* The same, but where the message holds the array as it is wanted, *data points there and array->data is NULL; else
 * they are the same. *data may lie at any address, as in the file. */
arete_status ar_onnx_array_view(const Onnx__TensorProto *tensor, ar_onnx_array *array, const void **data);
void ar_onnx_array_free(ar_onnx_array *array);

#endif
