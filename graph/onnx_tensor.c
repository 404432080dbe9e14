#include "onnx_tensor.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "os.h"

arete_dtype ar_onnx_dtype(int onnx_type) {
    switch (onnx_type) {
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT:
        return ARETE_F32;
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16:
        return ARETE_F16;
    case ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16:
        return ARETE_BF16;
    case ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE:
        return ARETE_F64;
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT8:
        return ARETE_I8;
    case ONNX__TENSOR_PROTO__DATA_TYPE__UINT8:
        return ARETE_U8;
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT32:
        return ARETE_I32;
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT64:
        return ARETE_I64;
    case ONNX__TENSOR_PROTO__DATA_TYPE__BOOL:
        return ARETE_BOOL;
    default:
        return ARETE_DTYPE_NONE;
    }
}

static arete_status read_shape(const Onnx__TensorProto *tensor, ar_onnx_array *array) {
    if (tensor->n_dims > ARETE_MAX_RANK)
        return ar_fail(ARETE_E_UNSUPPORTED, "tensor '%s' has %zu dimensions; at most %d are supported", array->name,
                       tensor->n_dims, ARETE_MAX_RANK);
    array->rank = (uint32_t)tensor->n_dims;
    array->count = 1;
    for (uint32_t d = 0; d < array->rank; d++) {
        array->dims[d] = tensor->dims[d];
        if (tensor->dims[d] < 0)
            return ar_fail(ARETE_E_FORMAT, "tensor '%s': dims[%u] is %" PRId64, array->name, d, tensor->dims[d]);
        if (__builtin_mul_overflow(array->count, (uint64_t)tensor->dims[d], &array->count) ||
            array->count > INT64_MAX / 8)
            return ar_fail(ARETE_E_FORMAT, "tensor '%s' has more elements than can be addressed", array->name);
    }
    return ARETE_OK;
}

/* How many values the field for the type holds. */
static size_t values_held(const Onnx__TensorProto *tensor, arete_dtype dtype) {
    switch (dtype) {
    case ARETE_F32:
        return tensor->n_float_data;
    case ARETE_F64:
        return tensor->n_double_data;
    case ARETE_I64:
        return tensor->n_int64_data;
    default: /* f16 and bf16 as bit patterns, bytes, bool, i32 */
        return tensor->n_int32_data;
    }
}

/* The values where the message has them as an array of the type; NULL: it has them in another form. */
static const void *held_array(const Onnx__TensorProto *tensor, arete_dtype dtype) {
    if (tensor->has_raw_data)
        return tensor->raw_data.data;
    switch (dtype) {
    case ARETE_F32:
        return tensor->float_data;
    case ARETE_F64:
        return tensor->double_data;
    case ARETE_I64:
        return tensor->int64_data;
    case ARETE_I32:
        return tensor->int32_data;
    default:
        return NULL;
    }
}

static void copy_values(const Onnx__TensorProto *tensor, ar_onnx_array *array) {
    const void *held = held_array(tensor, array->dtype);
    if (held)
        memcpy(array->data, held, array->bytes);
    else if (array->dtype == ARETE_F16 || array->dtype == ARETE_BF16)
        for (uint64_t i = 0; i < array->count; i++)
            ((uint16_t *)array->data)[i] = (uint16_t)tensor->int32_data[i];
    else
        for (uint64_t i = 0; i < array->count; i++)
            ((uint8_t *)array->data)[i] = (uint8_t)tensor->int32_data[i];
}

static arete_status check_held(const Onnx__TensorProto *tensor, const ar_onnx_array *array) {
    uint64_t held = tensor->has_raw_data ? tensor->raw_data.len : values_held(tensor, array->dtype);
    uint64_t wanted = tensor->has_raw_data ? array->bytes : array->count;
    if (held != wanted)
        return ar_fail(ARETE_E_FORMAT,
                       "tensor '%s' of %" PRIu64 " elements of %s has %" PRIu64 " %s of data, not %" PRIu64,
                       array->name, array->count, arete_dtype_name(array->dtype), held,
                       tensor->has_raw_data ? "bytes" : "values", wanted);
    return ARETE_OK;
}

static arete_status copy_data(const Onnx__TensorProto *tensor, ar_onnx_array *array) {
    array->data = ar_os_alloc(array->bytes ? array->bytes : 1);
    if (!array->data)
        return ar_fail_memory(array->name, array->bytes);
    if (array->bytes)
        copy_values(tensor, array);
    return ARETE_OK;
}

arete_status ar_onnx_array_shape(const Onnx__TensorProto *tensor, ar_onnx_array *array) {
    memset(array, 0, sizeof *array);
    snprintf(array->name, sizeof array->name, "%s", tensor->name ? tensor->name : "");
    array->onnx_type = tensor->data_type;
    array->dtype = ar_onnx_dtype(tensor->data_type);
    arete_status status = read_shape(tensor, array);
    array->bytes = array->count * arete_dtype_size(array->dtype);
    return status;
}

/* Everything but the data. */
static arete_status read_checked(const Onnx__TensorProto *tensor, ar_onnx_array *array) {
    arete_status status = ar_onnx_array_shape(tensor, array);
    if (tensor->has_data_location && tensor->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL)
        return ar_fail(ARETE_E_UNSUPPORTED, "tensor '%s' has its data in another file", array->name);
    return status == ARETE_OK && array->dtype != ARETE_DTYPE_NONE ? check_held(tensor, array) : status;
}

arete_status ar_onnx_array_read(const Onnx__TensorProto *tensor, ar_onnx_array *array) {
    arete_status status = read_checked(tensor, array);
    return status == ARETE_OK && array->dtype != ARETE_DTYPE_NONE ? copy_data(tensor, array) : status;
}

arete_status ar_onnx_array_view(const Onnx__TensorProto *tensor, ar_onnx_array *array, const void **data) {
    arete_status status = read_checked(tensor, array);
    *data = NULL;
    if (status != ARETE_OK || array->dtype == ARETE_DTYPE_NONE)
        return status;
    *data = array->bytes ? held_array(tensor, array->dtype) : NULL;
    if (*data)
        return ARETE_OK;
    status = copy_data(tensor, array);
    *data = array->data;
    return status;
}

void ar_onnx_array_free(ar_onnx_array *array) {
    ar_os_free(array->data);
    memset(array, 0, sizeof *array);
}
