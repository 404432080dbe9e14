/* Constants of the file, and of the files beside it that it names. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lower.h"

/* A file of weights, mapped as long as the model is being loaded. */
typedef struct ar_mapped {
    struct ar_mapped *next;
    const char *location;
    ar_os_map map;
} ar_mapped;

void ar_mapped_free(ar_lowering *l) {
    for (ar_mapped *m = l->mapped; m; m = m->next)
        ar_os_unmap(&m->map);
    l->mapped = NULL;
}

static const char *entry(const Onnx__TensorProto *tensor, const char *key) {
    for (size_t i = 0; i < tensor->n_external_data; i++)
        if (tensor->external_data[i]->key && strcmp(tensor->external_data[i]->key, key) == 0)
            return tensor->external_data[i]->value;
    return NULL;
}

static arete_status read_number(const Onnx__TensorProto *tensor, const char *key, uint64_t absent,
                                uint64_t *value) {
    const char *text = entry(tensor, key);
    char *end;
    *value = absent;
    if (!text)
        return ARETE_OK;
    *value = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end)
        return ar_fail(ARETE_E_FORMAT, "tensor '%s': external_data.%s is '%s', not a number", tensor->name, key,
                       text);
    return ARETE_OK;
}

static arete_status map_file(ar_lowering *l, const char *location, const ar_mapped **mapped) {
    for (*mapped = l->mapped; *mapped; *mapped = (*mapped)->next)
        if (strcmp((*mapped)->location, location) == 0)
            return ARETE_OK;
    ar_mapped *made = ar_pool_alloc(&l->graph->pool, sizeof *made);
    if (!made)
        return ARETE_E_MEMORY;
    made->location = location;
    arete_status status = ar_os_map_within(l->folder, location, &made->map);
    if (status != ARETE_OK)
        return status;
    made->next = l->mapped;
    l->mapped = made;
    *mapped = made;
    return ARETE_OK;
}

static arete_status external(ar_lowering *l, const Onnx__TensorProto *tensor, const ar_onnx_array *shape,
                             int *value) {
    const char *location = entry(tensor, "location");
    const ar_mapped *mapped = NULL;
    uint64_t offset, length;
    if (!location || !*location)
        return ar_fail(ARETE_E_FORMAT, "tensor '%s' has its data in another file, but does not say which",
                       shape->name);
    if (!l->folder)
        return ar_fail(ARETE_E_UNSUPPORTED, "tensor '%s' has its data in the file '%s', but no folder was given",
                       shape->name, location);
    arete_status status = map_file(l, location, &mapped);
    if (status == ARETE_OK)
        status = read_number(tensor, "offset", 0, &offset);
    if (status == ARETE_OK)
        status = read_number(tensor, "length", shape->bytes, &length);
    if (status != ARETE_OK)
        return ar_fail_within(status, "tensor '%s'", shape->name);
    if (length != shape->bytes || offset > mapped->map.bytes || shape->bytes > mapped->map.bytes - offset)
        return ar_fail(ARETE_E_FORMAT,
                       "tensor '%s' of %" PRIu64 " bytes: external_data has offset %" PRIu64 " and length %" PRIu64
                       " in '%s' of %zu bytes",
                       shape->name, shape->bytes, offset, length, location, mapped->map.bytes);
    *value = ar_graph_constant(l->graph, "", shape->dtype, shape->rank, shape->dims,
                               (const char *)mapped->map.data + offset, false);
    return *value == AR_NO_VALUE ? ARETE_E_MEMORY : ARETE_OK;
}

arete_status ar_lower_tensor(ar_lowering *l, const Onnx__TensorProto *tensor, int *value) {
    ar_onnx_array array = {0};
    bool outside =
        tensor->has_data_location && tensor->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
    const void *data = NULL;
    arete_status status =
        outside ? ar_onnx_array_shape(tensor, &array) : ar_onnx_array_view(tensor, &array, &data);
    if (status == ARETE_OK && array.dtype == ARETE_DTYPE_NONE)
        status = ar_fail(ARETE_E_UNSUPPORTED, "tensor '%s' is of ONNX's type %d, which no device here has",
                         array.name, array.onnx_type);
    if (status == ARETE_OK && outside) {
        status = external(l, tensor, &array, value);
    } else if (status == ARETE_OK) {
        *value = ar_graph_constant(l->graph, "", array.dtype, array.rank, array.dims, data, array.data);
        status = *value == AR_NO_VALUE ? ARETE_E_MEMORY : ARETE_OK;
    }
    ar_onnx_array_free(&array);
    if (status == ARETE_OK) {
        const char *name = tensor->name ? tensor->name : "";
        l->graph->values[*value].name = ar_pool_text(&l->graph->pool, name, strlen(name));
    }
    return status;
}
