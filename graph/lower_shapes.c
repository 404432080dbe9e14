/* Operators about shapes, and constants: computed on the host, or another view of the same memory. */
#include <string.h>

#include "lower.h"

static arete_status set_constant(ar_lowering *l, int value, arete_dtype dtype, uint32_t rank, const int64_t *dims,
                                 const void *data) {
    int made = ar_graph_constant(l->graph, l->graph->values[value].name, dtype, rank, dims, data, true);
    if (made == AR_NO_VALUE)
        return ARETE_E_MEMORY;
    l->graph->values[value] = l->graph->values[made];
    return ARETE_OK;
}

static arete_status lower_shape(ar_lowering *l, const ar_node *n) {
    const arete_tensor *x;
    arete_status status = ar_node_input(l, n, 0, "x", &x);
    if (status != ARETE_OK)
        return status;
    int64_t rank = x->rank, start = ar_onnx_int(n->proto, "start", 0), end = ar_onnx_int(n->proto, "end", rank);
    start = start < 0 ? start + rank : start;
    end = end < 0 ? end + rank : end;
    start = start < 0 ? 0 : start > rank ? rank : start;
    end = end < start ? start : end > rank ? rank : end;
    const int64_t count = end - start;
    return set_constant(l, n->out[0], ARETE_I64, 1, &count, x->dims + start);
}

static arete_status lower_size(ar_lowering *l, const ar_node *n) {
    const arete_tensor *x;
    arete_status status = ar_node_input(l, n, 0, "x", &x);
    if (status != ARETE_OK)
        return status;
    const int64_t count = arete_tensor_elements(x);
    return set_constant(l, n->out[0], ARETE_I64, 0, NULL, &count);
}

static arete_status lower_reshape(ar_lowering *l, const ar_node *n) {
    const arete_tensor *x;
    int64_t dims[ARETE_MAX_RANK], known = 1, open = -1;
    size_t count = 0;
    arete_status status = ar_node_input(l, n, 0, "x", &x);
    if (status == ARETE_OK)
        status = ar_node_integers(l, n, 1, "shape", dims, ARETE_MAX_RANK, &count);
    if (status != ARETE_OK)
        return status;
    bool keep_zero = ar_onnx_int(n->proto, "allowzero", 0) != 0;
    for (size_t d = 0; d < count; d++) {
        if (dims[d] == 0 && !keep_zero && d < x->rank)
            dims[d] = x->dims[d];
        if (dims[d] == -1 && open < 0)
            open = (int64_t)d;
        else if (dims[d] < 0 || __builtin_mul_overflow(known, dims[d], &known))
            return ar_fail(ARETE_E_SHAPE, "shape[%zu] is %lld", d, (long long)dims[d]);
    }
    if (open >= 0) {
        if (known == 0 || arete_tensor_elements(x) % known)
            return ar_fail(ARETE_E_SHAPE, "%lld elements do not divide by %lld",
                           (long long)arete_tensor_elements(x), (long long)known);
        dims[open] = arete_tensor_elements(x) / known;
    }
    return ar_lower_alias(l, n->in[0], n->out[0], (uint32_t)count, dims);
}

static arete_status lower_flatten(ar_lowering *l, const ar_node *n) {
    const arete_tensor *x;
    arete_status status = ar_node_input(l, n, 0, "x", &x);
    if (status != ARETE_OK)
        return status;
    int64_t dims[2] = {1, 1}, axis = ar_onnx_int(n->proto, "axis", 1);
    axis = axis < 0 ? axis + x->rank : axis;
    if (axis < 0 || axis > x->rank)
        return ar_fail(ARETE_E_SHAPE, "axis is %lld, but x has %u dimensions", (long long)axis, x->rank);
    for (int64_t d = 0; d < x->rank; d++)
        dims[d >= axis] *= x->dims[d];
    return ar_lower_alias(l, n->in[0], n->out[0], 2, dims);
}

static arete_status lower_squeeze(ar_lowering *l, const ar_node *n) {
    const arete_tensor *x;
    int64_t axes[ARETE_MAX_RANK], dims[ARETE_MAX_RANK];
    bool drop[ARETE_MAX_RANK] = {0};
    size_t count = 0;
    uint32_t rank = 0;
    arete_status status = ar_node_input(l, n, 0, "x", &x);
    if (status == ARETE_OK)
        status = ar_node_integers(l, n, 1, "axes", axes, ARETE_MAX_RANK, &count);
    if (status != ARETE_OK)
        return status;
    for (size_t i = 0; i < count; i++) {
        int64_t axis = axes[i] < 0 ? axes[i] + x->rank : axes[i];
        if (axis < 0 || axis >= x->rank || x->dims[axis] != 1)
            return ar_fail(ARETE_E_SHAPE, "axes[%zu] is %lld, which is no dimension of 1", i, (long long)axes[i]);
        drop[axis] = true;
    }
    for (uint32_t d = 0; d < x->rank; d++)
        if (!(count ? drop[d] : x->dims[d] == 1))
            dims[rank++] = x->dims[d];
    return ar_lower_alias(l, n->in[0], n->out[0], rank, dims);
}

static arete_status lower_unsqueeze(ar_lowering *l, const ar_node *n) {
    const arete_tensor *x;
    int64_t axes[ARETE_MAX_RANK], dims[ARETE_MAX_RANK];
    bool added[ARETE_MAX_RANK] = {0};
    size_t count = 0;
    arete_status status = ar_node_input(l, n, 0, "x", &x);
    if (status == ARETE_OK)
        status = ar_node_integers(l, n, 1, "axes", axes, ARETE_MAX_RANK, &count);
    if (status != ARETE_OK)
        return status;
    int64_t rank = (int64_t)x->rank + (int64_t)count;
    if (rank > ARETE_MAX_RANK)
        return ar_fail(ARETE_E_UNSUPPORTED, "%lld dimensions; at most %d are supported", (long long)rank,
                       ARETE_MAX_RANK);
    for (size_t i = 0; i < count; i++) {
        int64_t axis = axes[i] < 0 ? axes[i] + rank : axes[i];
        if (axis < 0 || axis >= rank || added[axis])
            return ar_fail(ARETE_E_SHAPE, "axes[%zu] is %lld", i, (long long)axes[i]);
        added[axis] = true;
    }
    for (int64_t d = 0, from = 0; d < rank; d++)
        dims[d] = added[d] ? 1 : x->dims[from++];
    return ar_lower_alias(l, n->in[0], n->out[0], (uint32_t)rank, dims);
}

static arete_status lower_identity(ar_lowering *l, const ar_node *n) {
    const arete_tensor *x;
    arete_status status = ar_node_input(l, n, 0, "x", &x);
    if (status != ARETE_OK)
        return status;
    return ar_lower_alias(l, n->in[0], n->out[0], x->rank, x->dims);
}

/* In inference, or where nothing is dropped, the identity; the mask is all true. */
static arete_status lower_dropout(ar_lowering *l, const ar_node *n) {
    int64_t training = 0;
    double ratio = 0.5;
    size_t count = 0;
    arete_status status = ar_node_integers(l, n, 2, NULL, &training, 1, &count);
    if (status == ARETE_OK && training && ar_node_has(n, 1) && !ar_graph_reals(l->graph, n->in[1], &ratio, 1, &count))
        status = ar_fail(ARETE_E_UNSUPPORTED, "Dropout in training mode, its ratio not known before the run");
    if (status == ARETE_OK && training && ratio != 0)
        status = ar_fail(ARETE_E_UNSUPPORTED, "Dropout in training mode draws random numbers, which Arete does not");
    if (status == ARETE_OK)
        status = lower_identity(l, n);
    if (status != ARETE_OK || n->out_count < 2 || n->out[1] == AR_NO_VALUE)
        return status;
    const arete_tensor x = l->graph->values[n->out[0]].t;
    size_t bytes = (size_t)arete_tensor_elements(&x);
    void *mask = ar_os_alloc(bytes ? bytes : 1);
    if (!mask)
        return ar_fail_memory("a mask", bytes);
    memset(mask, 1, bytes);
    status = set_constant(l, n->out[1], n->opset >= 10 ? ARETE_BOOL : x.dtype, x.rank, x.dims, mask);
    ar_os_free(mask);
    return status;
}

static arete_status lower_constant(ar_lowering *l, const ar_node *n) {
    const Onnx__TensorProto *tensor = ar_onnx_tensor(n->proto, "value");
    const Onnx__AttributeProto *a;
    int made = AR_NO_VALUE;
    if (tensor) {
        arete_status status = ar_lower_tensor(l, tensor, &made);
        if (status == ARETE_OK) {
            l->graph->values[made].name = l->graph->values[n->out[0]].name;
            l->graph->values[n->out[0]] = l->graph->values[made];
        }
        return status;
    }
    if ((a = ar_onnx_attribute(n->proto, "value_int")))
        return set_constant(l, n->out[0], ARETE_I64, 0, NULL, &a->i);
    if ((a = ar_onnx_attribute(n->proto, "value_float")))
        return set_constant(l, n->out[0], ARETE_F32, 0, NULL, &a->f);
    if ((a = ar_onnx_attribute(n->proto, "value_ints"))) {
        const int64_t count = (int64_t)a->n_ints;
        return set_constant(l, n->out[0], ARETE_I64, 1, &count, a->ints);
    }
    if ((a = ar_onnx_attribute(n->proto, "value_floats"))) {
        const int64_t count = (int64_t)a->n_floats;
        return set_constant(l, n->out[0], ARETE_F32, 1, &count, a->floats);
    }
    return ar_fail(ARETE_E_UNSUPPORTED, "a constant of strings, or a sparse one");
}

static arete_status lower_constant_of_shape(ar_lowering *l, const ar_node *n) {
    const Onnx__TensorProto *tensor = ar_onnx_tensor(n->proto, "value");
    const arete_layer_desc desc = {.op = ARETE_LAYER_IDENTITY};
    int64_t dims[ARETE_MAX_RANK], elements = 1;
    size_t count = 0;
    int value = AR_NO_VALUE;
    arete_status status = ar_node_integers(l, n, 0, NULL, dims, ARETE_MAX_RANK, &count);
    if (status == ARETE_OK && tensor)
        status = ar_lower_tensor(l, tensor, &value);
    else if (status == ARETE_OK)
        value = ar_lower_scalar(l, ARETE_F32, 0);
    if (status != ARETE_OK || value == AR_NO_VALUE)
        return status != ARETE_OK ? status : ARETE_E_MEMORY;
    for (size_t d = 0; d < count; d++)
        if (dims[d] < 0 || __builtin_mul_overflow(elements, dims[d], &elements) || elements > (int64_t)1 << 40)
            return ar_fail(ARETE_E_SHAPE, "shape[%zu] is %lld", d, (long long)dims[d]);
    int single = ar_graph_value(l->graph, n->name);
    if (single == AR_NO_VALUE)
        return ARETE_E_MEMORY;
    status = ar_lower_alias(l, value, single, 0, NULL);
    if (status != ARETE_OK)
        return status;
    l->graph->values[n->out[0]].t =
        arete_tensor_make(NULL, 0, l->graph->values[value].t.dtype, (uint32_t)count, dims);
    return ar_lower_layer(l, n, &desc, &single, 1, n->out, 1);
}

const ar_lower_op ar_lower_shapes[] = {
    {"Shape", lower_shape},
    {"Size", lower_size},
    {"Reshape", lower_reshape},
    {"Flatten", lower_flatten},
    {"Squeeze", lower_squeeze},
    {"Unsqueeze", lower_unsqueeze},
    {"Identity", lower_identity},
    {"Dropout", lower_dropout},
    {"Constant", lower_constant},
    {"ConstantOfShape", lower_constant_of_shape},
    {NULL, NULL},
};
