/* The network's inputs and outputs. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lower.h"

static const arete_model_shape *shape_for(const arete_model_desc *desc, const char *name) {
    for (size_t i = 0; i < desc->shape_count; i++)
        if (strcmp(desc->shapes[i].input, name) == 0)
            return &desc->shapes[i];
    return NULL;
}

static const arete_model_value *value_for(const arete_model_desc *desc, const char *name) {
    for (size_t i = 0; i < desc->value_count; i++)
        if (strcmp(desc->values[i].input, name) == 0)
            return &desc->values[i];
    return NULL;
}

static int64_t symbol_value(const arete_model_desc *desc, const char *symbol, uint32_t d) {
    for (size_t i = 0; i < desc->dim_count; i++)
        if (strcmp(desc->dims[i].name, symbol) == 0)
            return desc->dims[i].value;
    return d == 0 && desc->batch > 0 ? desc->batch : 1;
}

/* One dimension as the file has it: fixed, named, or open. */
static arete_status read_dim(ar_lowering *l, const Onnx__TensorShapeProto__Dimension *dim, ar_value *v,
                             uint32_t d) {
    if (dim->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE && dim->dim_value > 0) {
        v->t.dims[d] = dim->dim_value;
        return ARETE_OK;
    }
    const char *symbol =
        dim->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM ? dim->dim_param : "";
    v->symbol[d] = ar_pool_text(&l->graph->pool, symbol, strlen(symbol));
    v->t.dims[d] = symbol_value(l->desc, symbol, d);
    return v->symbol[d] ? ARETE_OK : ARETE_E_MEMORY;
}

static arete_status read_type(ar_lowering *l, const Onnx__ValueInfoProto *info, ar_value *v) {
    const Onnx__TypeProto *type = info->type;
    if (!type || type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE || !type->tensor_type)
        return ar_fail(ARETE_E_UNSUPPORTED, "input '%s' is no tensor", info->name);
    const Onnx__TensorShapeProto *shape = type->tensor_type->shape;
    v->t.dtype = ar_onnx_dtype(type->tensor_type->elem_type);
    if (v->t.dtype == ARETE_DTYPE_NONE)
        return ar_fail(ARETE_E_UNSUPPORTED, "input '%s' is of ONNX's type %d, which no device here has", info->name,
                       type->tensor_type->elem_type);
    if (shape && shape->n_dim > ARETE_MAX_RANK)
        return ar_fail(ARETE_E_UNSUPPORTED, "input '%s' has %zu dimensions; at most %d are supported", info->name,
                       shape->n_dim, ARETE_MAX_RANK);
    arete_status status = ARETE_OK;
    v->t.rank = shape ? (uint32_t)shape->n_dim : 0;
    for (uint32_t d = 0; d < v->t.rank && status == ARETE_OK; d++)
        status = read_dim(l, shape->dim[d], v, d);
    return status;
}

/* The caller's shape over the file's: dimensions that the file fixes must agree. */
static arete_status take_shape(const ar_value *file, const char *name, uint32_t rank, const int64_t *dims,
                               arete_tensor *t) {
    if (file->t.rank && rank != file->t.rank)
        return ar_fail(ARETE_E_SHAPE, "input '%s' has %u dimensions, but %u were given", name, file->t.rank, rank);
    for (uint32_t d = 0; d < rank; d++) {
        bool open = !file->t.rank || file->symbol[d];
        if (dims[d] < 0 || (!open && dims[d] != file->t.dims[d]))
            return ar_fail(ARETE_E_SHAPE, "input '%s': dimension %u is %" PRId64 ", but was given as %" PRId64,
                           name, d, file->t.dims[d], dims[d]);
        t->dims[d] = dims[d];
    }
    t->rank = rank;
    return ARETE_OK;
}

/* An input of one integer that is given like a dimension; AR_NO_VALUE: it is not. */
static int number_for(ar_lowering *l, const char *name, const arete_tensor *t) {
    bool integer = t->dtype == ARETE_I64 || t->dtype == ARETE_I32 || t->dtype == ARETE_BOOL;
    for (size_t i = 0; i < l->desc->dim_count && integer && arete_tensor_elements(t) == 1; i++)
        if (strcmp(l->desc->dims[i].name, name) == 0) {
            int made = ar_lower_scalar(l, t->dtype, (double)l->desc->dims[i].value);
            if (made != AR_NO_VALUE)
                l->graph->values[made].t = *t;
            return made;
        }
    return AR_NO_VALUE;
}

static arete_status add_input(ar_lowering *l, const Onnx__ValueInfoProto *info, ar_scope *scope) {
    ar_graph *g = l->graph;
    char *name = ar_pool_text(&g->pool, info->name, strlen(info->name));
    ar_value made = {.name = name, .role = AR_VALUE_INPUT, .storage = AR_NO_VALUE};
    const arete_model_shape *shape = shape_for(l->desc, info->name);
    const arete_model_value *given = value_for(l->desc, info->name);
    arete_status status = name ? read_type(l, info, &made) : ARETE_E_MEMORY;
    if (status == ARETE_OK && shape)
        status = take_shape(&made, name, shape->rank, shape->dims, &made.t);
    if (status == ARETE_OK && given)
        status = take_shape(&made, name, given->rank, given->dims, &made.t);
    if (status == ARETE_OK && given && given->dtype != made.t.dtype)
        status = ar_fail(ARETE_E_DTYPE, "input '%s' is of %s, but its value was given as %s", name,
                         arete_dtype_name(made.t.dtype), arete_dtype_name(given->dtype));
    if (status == ARETE_OK && ar_graph_check_size(&made.t) != ARETE_OK)
        status = ar_fail_within(ARETE_E_SHAPE, "input '%s'", info->name);
    if (status != ARETE_OK)
        return status;
    int number = given ? AR_NO_VALUE : number_for(l, info->name, &made.t);
    if (number != AR_NO_VALUE)
        return ar_scope_put(scope, name, number);
    if (given) {
        int value = ar_graph_constant(g, name, made.t.dtype, made.t.rank, made.t.dims, given->data, true);
        return value == AR_NO_VALUE ? ARETE_E_MEMORY : ar_scope_put(scope, name, value);
    }
    int value = ar_graph_value(g, name);
    if (value == AR_NO_VALUE)
        return ARETE_E_MEMORY;
    g->values[value] = made;
    g->inputs[g->input_count++] = value;
    return ar_scope_put(scope, name, value);
}

/* Adds a number, or a text, to a list in a text. */
static void append(char *text, size_t bytes, const char *between, int64_t number, const char *word) {
    size_t used = strlen(text);
    if (word)
        snprintf(text + used, bytes - used, "%s%s", between, word);
    else
        snprintf(text + used, bytes - used, "%s%" PRId64, between, number);
}

static arete_status check_given(const ar_scope *scope, const Onnx__GraphProto *graph, const char *name,
                                const char *what) {
    char names[512] = "";
    if (ar_scope_find(scope, name) != AR_NO_VALUE)
        return ARETE_OK;
    for (size_t i = 0; i < graph->n_input; i++)
        append(names, sizeof names, *names ? ", " : "", 0, graph->input[i]->name);
    return ar_fail(ARETE_E_NOT_FOUND, "the model has no input '%s' whose %s could be set; it has: %s", name, what,
                   *names ? names : "none");
}

/* Names of dimensions that fit nothing are mistyped. */
static arete_status check_dim(const ar_lowering *l, const Onnx__GraphProto *graph, const char *name) {
    char names[512] = "";
    bool known = l->desc->batch > 0 && strcmp(name, "batch") == 0;
    for (size_t i = 0; i < graph->n_input; i++) {
        const Onnx__TypeProto *type = graph->input[i]->type;
        const Onnx__TensorShapeProto *shape = type && type->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE &&
                                                      type->tensor_type
                                                  ? type->tensor_type->shape
                                                  : NULL;
        known = known || strcmp(graph->input[i]->name, name) == 0;
        for (size_t d = 0; shape && d < shape->n_dim; d++) {
            if (shape->dim[d]->value_case != ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM)
                continue;
            known = known || strcmp(shape->dim[d]->dim_param, name) == 0;
            append(names, sizeof names, *names ? ", " : "", 0, shape->dim[d]->dim_param);
        }
    }
    return known ? ARETE_OK
                 : ar_fail(ARETE_E_NOT_FOUND, "the model's inputs have no open dimension '%s'; they have: %s", name,
                           *names ? names : "none with a name");
}

arete_status ar_lower_inputs(ar_lowering *l, const Onnx__GraphProto *graph, ar_scope *scope) {
    arete_status status = ARETE_OK;
    l->graph->inputs = ar_os_alloc((graph->n_input + 1) * sizeof(int));
    l->graph->outputs = ar_os_alloc((graph->n_output + 1) * sizeof(int));
    if (!l->graph->inputs || !l->graph->outputs)
        return ar_fail_memory("a model's ports", (graph->n_input + graph->n_output) * sizeof(int));
    for (size_t i = 0; i < graph->n_input && status == ARETE_OK; i++) {
        if (!graph->input[i]->name || !*graph->input[i]->name)
            return ar_fail(ARETE_E_FORMAT, "input %zu of the model has no name", i);
        if (ar_scope_find(scope, graph->input[i]->name) == AR_NO_VALUE) /* else a weight with its default */
            status = add_input(l, graph->input[i], scope);
    }
    for (size_t i = 0; i < l->desc->shape_count && status == ARETE_OK; i++)
        status = check_given(scope, graph, l->desc->shapes[i].input, "shape");
    for (size_t i = 0; i < l->desc->value_count && status == ARETE_OK; i++)
        status = check_given(scope, graph, l->desc->values[i].input, "value");
    for (size_t i = 0; i < l->desc->dim_count && status == ARETE_OK; i++)
        status = check_dim(l, graph, l->desc->dims[i].name);
    return status;
}

arete_status ar_lower_assumed(const ar_graph *g, arete_status status) {
    for (int i = 0; i < g->input_count; i++) {
        const ar_value *v = &g->values[g->inputs[i]];
        char shape[160] = "", names[256] = "";
        bool assumed = false;
        for (uint32_t d = 0; d < v->t.rank; d++) {
            append(shape, sizeof shape, d ? "," : "", v->t.dims[d], NULL);
            assumed = assumed || (v->symbol[d] && v->t.dims[d] == 1 && d > 0);
            if (v->symbol[d] && *v->symbol[d])
                append(names, sizeof names, *names ? ", " : "; named here: ", 0, v->symbol[d]);
        }
        if (assumed)
            return ar_fail_within(status,
                                  "with input '%s' as [%s] (dimensions that the file leaves open are 1, unless they "
                                  "are set by name or the input's shape is given%s)",
                                  v->name, shape, names);
    }
    return status;
}

/* A value that is a constant, an input, or already an output is copied, so that every output has its own memory. */
static arete_status own_output(ar_lowering *l, int *value) {
    ar_graph *g = l->graph;
    const ar_value *v = &g->values[*value];
    bool taken = g->values[ar_graph_storage(g, *value)].role != AR_VALUE_STEP;
    for (int i = 0; i < g->output_count; i++)
        taken = taken || ar_graph_storage(g, g->outputs[i]) == ar_graph_storage(g, *value);
    if (!taken)
        return ARETE_OK;
    ar_node node = {.op = "Identity", .name = v->name};
    arete_layer_desc copy = {.op = ARETE_LAYER_IDENTITY};
    int from = *value, to = ar_graph_temporary(g, v->name, v->t.dtype, v->t.rank, v->t.dims);
    if (to == AR_NO_VALUE)
        return ARETE_E_MEMORY;
    *value = to;
    return ar_lower_layer(l, &node, &copy, &from, 1, &to, 1);
}

arete_status ar_lower_outputs(ar_lowering *l, const Onnx__GraphProto *graph, ar_scope *scope) {
    ar_graph *g = l->graph;
    for (size_t i = 0; i < graph->n_output; i++) {
        const char *name = graph->output[i]->name ? graph->output[i]->name : "";
        int value = ar_scope_find(scope, name);
        if (value == AR_NO_VALUE)
            return ar_fail(ARETE_E_FORMAT, "output '%s' of the model is made by no node", name);
        if (g->values[value].items)
            return ar_fail(ARETE_E_UNSUPPORTED, "output '%s' is a sequence; outputs are tensors here", name);
        if (g->values[value].t.dtype == ARETE_DTYPE_NONE)
            continue; /* what makes it is missing, and listed */
        arete_status status = own_output(l, &value);
        if (status != ARETE_OK)
            return ar_fail_within(status, "output '%s'", name);
        g->values[value].is_output = true;
        g->outputs[g->output_count++] = value;
    }
    return ARETE_OK;
}
