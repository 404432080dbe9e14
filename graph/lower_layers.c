/* Operators that are layers: element-wise, norms, pooling, reductions. What moves data is in lower_moves.c. */
#include <string.h>

#include "lower.h"

static arete_status layer(ar_lowering *l, const ar_node *n, const arete_layer_desc *desc) {
    return ar_lower_layer(l, n, desc, n->in, n->in_count, n->out, n->out_count ? n->out_count : 1);
}

/* Operators that need no attribute: name and operation. */
static const struct plain {
    const char *op;
    arete_layer_op layer;
} plain_ops[] = {
    {"Abs", ARETE_LAYER_ABS},
    {"Neg", ARETE_LAYER_NEG},
    {"Exp", ARETE_LAYER_EXP},
    {"Log", ARETE_LAYER_LOG},
    {"Sqrt", ARETE_LAYER_SQRT},
    {"Reciprocal", ARETE_LAYER_RECIPROCAL},
    {"Sign", ARETE_LAYER_SIGN},
    {"Floor", ARETE_LAYER_FLOOR},
    {"Ceil", ARETE_LAYER_CEIL},
    {"Round", ARETE_LAYER_ROUND},
    {"Not", ARETE_LAYER_NOT},
    {"Sin", ARETE_LAYER_SIN},
    {"Cos", ARETE_LAYER_COS},
    {"Tan", ARETE_LAYER_TAN},
    {"Asin", ARETE_LAYER_ASIN},
    {"Acos", ARETE_LAYER_ACOS},
    {"Atan", ARETE_LAYER_ATAN},
    {"Sinh", ARETE_LAYER_SINH},
    {"Cosh", ARETE_LAYER_COSH},
    {"Asinh", ARETE_LAYER_ASINH},
    {"Acosh", ARETE_LAYER_ACOSH},
    {"Atanh", ARETE_LAYER_ATANH},
    {"Erf", ARETE_LAYER_ERF},
    {"IsNaN", ARETE_LAYER_IS_NAN},
    {"BitwiseNot", ARETE_LAYER_BIT_NOT},
    {"Add", ARETE_LAYER_ADD},
    {"Sub", ARETE_LAYER_SUB},
    {"Mul", ARETE_LAYER_MUL},
    {"Div", ARETE_LAYER_DIV},
    {"Pow", ARETE_LAYER_POW},
    {"Min", ARETE_LAYER_MIN},
    {"Max", ARETE_LAYER_MAX},
    {"Sum", ARETE_LAYER_ADD},
    {"Mean", ARETE_LAYER_MEAN},
    {"PRelu", ARETE_LAYER_PRELU},
    {"Equal", ARETE_LAYER_EQUAL},
    {"Less", ARETE_LAYER_LESS},
    {"LessOrEqual", ARETE_LAYER_LESS_EQUAL},
    {"Greater", ARETE_LAYER_GREATER},
    {"GreaterOrEqual", ARETE_LAYER_GREATER_EQUAL},
    {"And", ARETE_LAYER_AND},
    {"Or", ARETE_LAYER_OR},
    {"Xor", ARETE_LAYER_XOR},
    {"BitwiseAnd", ARETE_LAYER_BIT_AND},
    {"BitwiseOr", ARETE_LAYER_BIT_OR},
    {"BitwiseXor", ARETE_LAYER_BIT_XOR},
    {"Where", ARETE_LAYER_WHERE},
};

/* Before opset 7 the second operand's dimensions are laid along the first's from an axis on. */
static arete_status old_broadcast(ar_lowering *l, const ar_node *n, ar_node *aligned) {
    const arete_tensor *x, *y;
    arete_status status = ar_node_input(l, n, 0, "a", &x);
    if (status == ARETE_OK)
        status = ar_node_input(l, n, 1, "b", &y);
    if (status != ARETE_OK)
        return status;
    *aligned = *n;
    int64_t last = strcmp(n->op, "PRelu") == 0 && x->rank > 1 ? 1 : (int64_t)x->rank - (int64_t)y->rank;
    int64_t dims[ARETE_MAX_RANK], axis = ar_onnx_int(n->proto, "axis", last);
    axis = axis < 0 ? axis + x->rank : axis;
    if (axis < 0 || axis > (int64_t)x->rank - (int64_t)y->rank)
        return ar_fail(ARETE_E_SHAPE, "b's %u dimensions from axis %lld of a's %u", y->rank, (long long)axis,
                       x->rank);
    for (int64_t d = 0; d < x->rank; d++)
        dims[d] = d >= axis && d < axis + y->rank ? y->dims[d - axis] : 1;
    int seen = ar_graph_value(l->graph, n->name);
    aligned->in[1] = seen;
    return seen == AR_NO_VALUE ? ARETE_E_MEMORY : ar_lower_alias(l, n->in[1], seen, x->rank, dims);
}

static arete_status lower_plain(ar_lowering *l, const ar_node *n) {
    ar_node aligned;
    if (strcmp(n->op, "Add") == 0 && (n->in_count != 2 || !ar_node_has(n, 0)))
        return ar_fail(ARETE_E_FORMAT, "%u inputs, but it takes 2", n->in_count); /* the layer takes any number */
    bool per_channel = n->in_count == 2 && strcmp(n->op, "PRelu") == 0 && l->graph->values[n->in[1]].t.rank == 1;
    if (n->opset < 7 && n->in_count == 2 && (per_channel || ar_onnx_int(n->proto, "broadcast", 0))) {
        arete_status status = old_broadcast(l, n, &aligned);
        if (status != ARETE_OK)
            return status;
        n = &aligned;
    }
    for (size_t i = 0; i < sizeof plain_ops / sizeof plain_ops[0]; i++)
        if (strcmp(n->op, plain_ops[i].op) == 0) {
            arete_layer_desc desc = {.op = plain_ops[i].layer};
            return layer(l, n, &desc);
        }
    return ar_fail(ARETE_E_INTERNAL, "%s is in no table", n->op);
}

/* Activations: ONNX's operator with the defaults of its attributes. */
static const struct activation {
    const char *op;
    arete_activation activation;
    float alpha, beta;
} activations[] = {
    {"Relu", ARETE_ACT_RELU, 0, 0},
    {"LeakyRelu", ARETE_ACT_LEAKY_RELU, 0.01f, 0},
    {"Sigmoid", ARETE_ACT_SIGMOID, 0, 0},
    {"Tanh", ARETE_ACT_TANH, 0, 0},
    {"Elu", ARETE_ACT_ELU, 1, 0},
    {"Selu", ARETE_ACT_SELU, 1.67326319217681884765625f, 1.05070102214813232421875f},
    {"Celu", ARETE_ACT_CELU, 1, 0},
    {"HardSigmoid", ARETE_ACT_HARD_SIGMOID, 0.2f, 0.5f},
    {"HardSwish", ARETE_ACT_HARD_SWISH, 0, 0},
    {"Softplus", ARETE_ACT_SOFTPLUS, 0, 0},
    {"Softsign", ARETE_ACT_SOFTSIGN, 0, 0},
    {"Mish", ARETE_ACT_MISH, 0, 0},
    {"ThresholdedRelu", ARETE_ACT_THRESHOLDED_RELU, 1, 0},
    {"Swish", ARETE_ACT_SILU, 1, 0},
    {"FastGelu", ARETE_ACT_GELU_TANH, 0, 0},
};

static arete_status lower_activation(ar_lowering *l, const ar_node *n) {
    for (size_t i = 0; i < sizeof activations / sizeof activations[0]; i++) {
        const struct activation *a = &activations[i];
        if (strcmp(n->op, a->op) != 0)
            continue;
        arete_layer_desc desc = {.op = ARETE_LAYER_ACTIVATION, .activation = a->activation};
        desc.alpha = ar_onnx_float(n->proto, "alpha", a->alpha);
        desc.beta = ar_onnx_float(n->proto, strcmp(n->op, "Selu") == 0 ? "gamma" : "beta", a->beta);
        if (a->activation == ARETE_ACT_SILU && desc.alpha != 1)
            return ar_fail(ARETE_E_UNSUPPORTED, "Swish with alpha = %g; only 1 is supported", (double)desc.alpha);
        if (n->in_count > 1)
            return ar_fail(ARETE_E_UNSUPPORTED, "%s with a bias", n->op);
        return layer(l, n, &desc);
    }
    return ar_fail(ARETE_E_INTERNAL, "%s is in no table", n->op);
}

static arete_status lower_gelu(ar_lowering *l, const ar_node *n) {
    char kind[16];
    ar_onnx_string(n->proto, "approximate", "none", kind, sizeof kind);
    arete_layer_desc desc = {.op = ARETE_LAYER_ACTIVATION,
                             .activation = strcmp(kind, "tanh") == 0 ? ARETE_ACT_GELU_TANH : ARETE_ACT_GELU_ERF};
    return layer(l, n, &desc);
}

static arete_status lower_is_inf(ar_lowering *l, const ar_node *n) {
    bool positive = ar_onnx_int(n->proto, "detect_positive", 1),
         negative = ar_onnx_int(n->proto, "detect_negative", 1);
    arete_layer_desc desc = {.op = ARETE_LAYER_IS_INF, .mode = positive == negative ? 0 : positive ? 1 : 2};
    if (!positive && !negative)
        return ar_fail(ARETE_E_UNSUPPORTED, "IsInf that detects nothing");
    return layer(l, n, &desc);
}

static arete_status lower_mod(ar_lowering *l, const ar_node *n) {
    arete_layer_desc desc = {.op = ARETE_LAYER_MOD, .mode = (uint32_t)ar_onnx_int(n->proto, "fmod", 0)};
    return layer(l, n, &desc);
}

static arete_status lower_shift(ar_lowering *l, const ar_node *n) {
    char direction[16];
    ar_onnx_string(n->proto, "direction", "", direction, sizeof direction);
    arete_layer_desc desc = {.op =
                                 strcmp(direction, "LEFT") == 0 ? ARETE_LAYER_SHIFT_LEFT : ARETE_LAYER_SHIFT_RIGHT};
    return layer(l, n, &desc);
}

/* Before opset 11 the limits are attributes. */
static arete_status lower_clip(ar_lowering *l, const ar_node *n) {
    arete_layer_desc desc = {.op = ARETE_LAYER_CLIP};
    int in[3] = {n->in[0], AR_NO_VALUE, AR_NO_VALUE};
    const arete_tensor *x;
    arete_status status = ar_node_input(l, n, 0, "x", &x);
    if (status != ARETE_OK)
        return status;
    for (uint32_t i = 1; i < 3; i++) {
        const char *name = i == 1 ? "min" : "max";
        if (ar_node_has(n, i))
            in[i] = n->in[i];
        else if (ar_onnx_attribute(n->proto, name))
            in[i] = ar_lower_scalar(l, x->dtype, (double)ar_onnx_float(n->proto, name, 0));
    }
    uint32_t count = in[2] != AR_NO_VALUE ? 3 : in[1] != AR_NO_VALUE ? 2 : 1;
    if (count == 1)
        return ar_lower_alias(l, n->in[0], n->out[0], x->rank, x->dims);
    return ar_lower_layer(l, n, &desc, in, count, n->out, 1);
}

static arete_status lower_batch_norm(ar_lowering *l, const ar_node *n) {
    arete_layer_desc desc = {.op = ARETE_LAYER_BATCH_NORM, .epsilon = ar_onnx_float(n->proto, "epsilon", 1e-5f)};
    if (ar_onnx_int(n->proto, "training_mode", 0))
        return ar_lower_batch_training(l, n);
    if (n->out_count > 1)
        return ar_fail(ARETE_E_UNSUPPORTED, "BatchNormalization before version 14 with its training outputs");
    return ar_lower_layer(l, n, &desc, n->in, n->in_count, n->out, 1);
}

/* Softmax and its like: since opset 13 along an axis, before that over all dimensions from the axis on. */
static arete_status lower_softmax(ar_lowering *l, const ar_node *n) {
    arete_layer_desc desc = {.op = strcmp(n->op, "Softmax") == 0      ? ARETE_LAYER_SOFTMAX
                                   : strcmp(n->op, "LogSoftmax") == 0 ? ARETE_LAYER_LOG_SOFTMAX
                                                                      : ARETE_LAYER_HARDMAX};
    const arete_tensor *x;
    arete_status status = ar_node_input(l, n, 0, "x", &x);
    if (status != ARETE_OK)
        return status;
    desc.axis = ar_onnx_int(n->proto, "axis", n->opset >= 13 ? -1 : 1);
    int64_t rank = (int64_t)x->rank, axis = desc.axis < 0 ? desc.axis + rank : desc.axis;
    if (n->opset >= 13 || axis == rank - 1)
        return layer(l, n, &desc);
    if (axis < 0 || axis > rank)
        return ar_fail(ARETE_E_SHAPE, "axis is %lld, but x has %lld dimensions", (long long)desc.axis,
                       (long long)rank);
    int64_t flat[2] = {1, 1}, dims[ARETE_MAX_RANK];
    memcpy(dims, x->dims, sizeof dims);
    for (int64_t d = 0; d < rank; d++)
        flat[d >= axis] *= dims[d];
    arete_dtype type = x->dtype;
    int in = ar_node_temporary(l, n, type, 2, flat), out = ar_node_temporary(l, n, type, 2, flat);
    if (in == AR_NO_VALUE || out == AR_NO_VALUE)
        return ARETE_E_MEMORY;
    desc.axis = 1;
    status = ar_lower_alias(l, n->in[0], in, 2, flat);
    if (status == ARETE_OK)
        status = ar_lower_layer(l, n, &desc, &in, 1, &out, 1);
    return status == ARETE_OK ? ar_lower_alias(l, out, n->out[0], (uint32_t)rank, dims) : status;
}

static arete_status lower_lp_norm(ar_lowering *l, const ar_node *n) {
    arete_layer_desc desc = {.op = ARETE_LAYER_LP_NORM,
                             .axis = ar_onnx_int(n->proto, "axis", -1),
                             .p = ar_onnx_count(n->proto, "p", 2)};
    return layer(l, n, &desc);
}

static arete_status lower_norm(ar_lowering *l, const ar_node *n) {
    static const struct {
        const char *op;
        arete_layer_op layer;
    } ops[] = {{"LayerNormalization", ARETE_LAYER_LAYER_NORM},
               {"RMSNormalization", ARETE_LAYER_RMS_NORM},
               {"SimplifiedLayerNormalization", ARETE_LAYER_RMS_NORM},
               {"InstanceNormalization", ARETE_LAYER_INSTANCE_NORM},
               {"GroupNormalization", ARETE_LAYER_GROUP_NORM}};
    arete_layer_desc desc = {.axis = ar_onnx_int(n->proto, "axis", -1),
                             .epsilon = ar_onnx_float(n->proto, "epsilon", 1e-5f),
                             .groups = ar_onnx_count(n->proto, "num_groups", 0)};
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++)
        if (strcmp(n->op, ops[i].op) == 0)
            desc.op = ops[i].layer;
    return layer(l, n, &desc);
}

static arete_status lower_lrn(ar_lowering *l, const ar_node *n) {
    arete_layer_desc desc = {.op = ARETE_LAYER_LRN,
                             .alpha = ar_onnx_float(n->proto, "alpha", 1e-4f),
                             .beta = ar_onnx_float(n->proto, "beta", 0.75f),
                             .bias = ar_onnx_float(n->proto, "bias", 1),
                             .window = ar_onnx_count(n->proto, "size", 1)};
    return layer(l, n, &desc);
}

/* SAME_UPPER and SAME_LOWER as pads. */
static arete_status auto_pads(const ar_node *n, const arete_tensor *x, arete_layer_desc *desc) {
    char mode[16];
    uint32_t spatial = x->rank - 2;
    ar_onnx_string(n->proto, "auto_pad", "NOTSET", mode, sizeof mode);
    if (strncmp(mode, "SAME", 4) != 0)
        return ARETE_OK;
    for (uint32_t d = 0; d < spatial; d++) {
        int64_t stride = desc->strides[d] ? desc->strides[d] : 1,
                dilation = desc->dilations[d] ? desc->dilations[d] : 1;
        int64_t outputs = (x->dims[d + 2] + stride - 1) / stride;
        int64_t total = (outputs - 1) * stride + dilation * (desc->kernel[d] - 1) + 1 - x->dims[d + 2];
        total = total > 0 ? total : 0;
        desc->pads[d] = strcmp(mode, "SAME_LOWER") == 0 ? total - total / 2 : total / 2;
        desc->pads[d + spatial] = total - desc->pads[d];
    }
    return ARETE_OK;
}

static arete_status lower_pool(ar_lowering *l, const ar_node *n) {
    arete_layer_desc desc = {.op = strcmp(n->op, "MaxPool") == 0       ? ARETE_LAYER_MAX_POOL
                                   : strcmp(n->op, "AveragePool") == 0 ? ARETE_LAYER_AVERAGE_POOL
                                                                       : ARETE_LAYER_LP_POOL,
                             .ceil_mode = ar_onnx_int(n->proto, "ceil_mode", 0) != 0,
                             .count_include_pad = ar_onnx_int(n->proto, "count_include_pad", 0) != 0,
                             .p = ar_onnx_count(n->proto, "p", 2)};
    const arete_tensor *x;
    arete_status status = ar_node_input(l, n, 0, "x", &x);
    if (status != ARETE_OK)
        return status;
    if (x->rank < 3 || x->rank > 5)
        return ar_fail(ARETE_E_UNSUPPORTED, "pooling of %u dimensions; [N,C] and 1 to 3 more are supported",
                       x->rank);
    if (ar_onnx_ints(n->proto, "kernel_shape", desc.kernel, 3) != x->rank - 2)
        return ar_fail(ARETE_E_SHAPE, "kernel_shape must have %u values", x->rank - 2);
    ar_onnx_ints(n->proto, "strides", desc.strides, 3);
    ar_onnx_ints(n->proto, "dilations", desc.dilations, 3);
    ar_onnx_ints(n->proto, "pads", desc.pads, 6);
    bool columns = ar_onnx_int(n->proto, "storage_order", 0) && ar_node_gives(n, 1);
    if (columns && x->rank != 4)
        return ar_fail(ARETE_E_UNSUPPORTED, "column-major indices of %u dimensions", x->rank);
    for (int i = 0; i < 6; i++)
        if (desc.pads[i] < 0 || desc.pads[i] > INT32_MAX || desc.kernel[i % 3] > INT32_MAX)
            return ar_fail(ARETE_E_SHAPE, "pads[%d] is %lld, kernel_shape[%d] %lld", i, (long long)desc.pads[i], i % 3,
                           (long long)desc.kernel[i % 3]);
    auto_pads(n, x, &desc);
    if (!columns)
        return layer(l, n, &desc);
    const int out[2] = {n->out[0], ar_graph_value(l->graph, n->name)};
    if (out[1] == AR_NO_VALUE)
        return ARETE_E_MEMORY;
    status = ar_lower_layer(l, n, &desc, n->in, 1, out, 2);
    return status == ARETE_OK ? ar_lower_column_major(l, n, out[1], n->out[1], x->dims[2], x->dims[3]) : status;
}

static arete_status lower_global_pool(ar_lowering *l, const ar_node *n) {
    const arete_tensor *x;
    arete_status status = ar_node_input(l, n, 0, "x", &x);
    if (status != ARETE_OK)
        return status;
    arete_layer_desc desc = {
        .op = strcmp(n->op, "GlobalMaxPool") == 0 ? ARETE_LAYER_REDUCE_MAX
              : strcmp(n->op, "GlobalLpPool") == 0
                  ? (ar_onnx_int(n->proto, "p", 2) == 1 ? ARETE_LAYER_REDUCE_L1 : ARETE_LAYER_REDUCE_L2)
                  : ARETE_LAYER_REDUCE_MEAN,
        .axis_count = x->rank > 2 ? x->rank - 2 : 0};
    for (uint32_t d = 2; d < x->rank; d++)
        desc.axes[d - 2] = d;
    return layer(l, n, &desc);
}

static arete_status lower_reduce(ar_lowering *l, const ar_node *n) {
    static const struct {
        const char *op;
        arete_layer_op layer;
    } ops[] = {{"ReduceSum", ARETE_LAYER_REDUCE_SUM},
               {"ReduceMean", ARETE_LAYER_REDUCE_MEAN},
               {"ReduceMax", ARETE_LAYER_REDUCE_MAX},
               {"ReduceMin", ARETE_LAYER_REDUCE_MIN},
               {"ReduceProd", ARETE_LAYER_REDUCE_PROD},
               {"ReduceL1", ARETE_LAYER_REDUCE_L1},
               {"ReduceL2", ARETE_LAYER_REDUCE_L2},
               {"ReduceLogSum", ARETE_LAYER_REDUCE_LOG_SUM},
               {"ReduceLogSumExp", ARETE_LAYER_REDUCE_LOG_SUM_EXP},
               {"ReduceSumSquare", ARETE_LAYER_REDUCE_SUM_SQUARE}};
    arete_layer_desc desc = {.drop_dims = !ar_onnx_int(n->proto, "keepdims", 1)};
    size_t count = 0;
    arete_status status = ar_node_integers(l, n, 1, "axes", desc.axes, ARETE_MAX_RANK, &count);
    if (status != ARETE_OK)
        return status;
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++)
        if (strcmp(n->op, ops[i].op) == 0)
            desc.op = ops[i].layer;
    if (count == 0 && ar_onnx_int(n->proto, "noop_with_empty_axes", 0)) {
        desc = (arete_layer_desc){.op = ARETE_LAYER_IDENTITY};
        l->graph->values[n->out[0]].t = l->graph->values[n->in[0]].t;
    }
    desc.axis_count = (uint32_t)count;
    return ar_lower_layer(l, n, &desc, n->in, 1, n->out, 1);
}

static arete_status lower_arg(ar_lowering *l, const ar_node *n) {
    arete_layer_desc desc = {.op = strcmp(n->op, "ArgMax") == 0 ? ARETE_LAYER_ARG_MAX : ARETE_LAYER_ARG_MIN,
                             .axis = ar_onnx_int(n->proto, "axis", 0),
                             .drop_dims = !ar_onnx_int(n->proto, "keepdims", 1),
                             .select_last = ar_onnx_int(n->proto, "select_last_index", 0) != 0};
    return layer(l, n, &desc);
}

static arete_status lower_cum_sum(ar_lowering *l, const ar_node *n) {
    arete_layer_desc desc = {.op = ARETE_LAYER_CUM_SUM,
                             .exclusive = ar_onnx_int(n->proto, "exclusive", 0) != 0,
                             .reverse = ar_onnx_int(n->proto, "reverse", 0) != 0};
    size_t count = 0;
    arete_status status = ar_node_integers(l, n, 1, NULL, &desc.axis, 1, &count);
    return status == ARETE_OK ? ar_lower_layer(l, n, &desc, n->in, 1, n->out, 1) : status;
}

static arete_status lower_quantize(ar_lowering *l, const ar_node *n) {
    bool to_integers = strcmp(n->op, "QuantizeLinear") == 0;
    arete_layer_desc desc = {.op = to_integers ? ARETE_LAYER_QUANTIZE : ARETE_LAYER_DEQUANTIZE,
                             .axis = ar_onnx_int(n->proto, "axis", 1)};
    if (ar_onnx_int(n->proto, "block_size", 0))
        return ar_fail(ARETE_E_UNSUPPORTED, "%s in blocks", n->op);
    if (to_integers)
        l->graph->values[n->out[0]].t.dtype = ar_node_has(n, 2) ? l->graph->values[n->in[2]].t.dtype : ARETE_U8;
    return layer(l, n, &desc);
}

const ar_lower_op ar_lower_layers[] = {
    {"Abs", lower_plain},
    {"Neg", lower_plain},
    {"Exp", lower_plain},
    {"Log", lower_plain},
    {"Sqrt", lower_plain},
    {"Reciprocal", lower_plain},
    {"Sign", lower_plain},
    {"Floor", lower_plain},
    {"Ceil", lower_plain},
    {"Round", lower_plain},
    {"Not", lower_plain},
    {"Sin", lower_plain},
    {"Cos", lower_plain},
    {"Tan", lower_plain},
    {"Asin", lower_plain},
    {"Acos", lower_plain},
    {"Atan", lower_plain},
    {"Sinh", lower_plain},
    {"Cosh", lower_plain},
    {"Asinh", lower_plain},
    {"Acosh", lower_plain},
    {"Atanh", lower_plain},
    {"Erf", lower_plain},
    {"IsNaN", lower_plain},
    {"BitwiseNot", lower_plain},
    {"Add", lower_plain},
    {"Sub", lower_plain},
    {"Mul", lower_plain},
    {"Div", lower_plain},
    {"Pow", lower_plain},
    {"Min", lower_plain},
    {"Max", lower_plain},
    {"Sum", lower_plain},
    {"Mean", lower_plain},
    {"PRelu", lower_plain},
    {"Equal", lower_plain},
    {"Less", lower_plain},
    {"LessOrEqual", lower_plain},
    {"Greater", lower_plain},
    {"GreaterOrEqual", lower_plain},
    {"And", lower_plain},
    {"Or", lower_plain},
    {"Xor", lower_plain},
    {"BitwiseAnd", lower_plain},
    {"BitwiseOr", lower_plain},
    {"BitwiseXor", lower_plain},
    {"Where", lower_plain},
    {"Relu", lower_activation},
    {"LeakyRelu", lower_activation},
    {"Sigmoid", lower_activation},
    {"Tanh", lower_activation},
    {"Elu", lower_activation},
    {"Selu", lower_activation},
    {"Celu", lower_activation},
    {"HardSigmoid", lower_activation},
    {"HardSwish", lower_activation},
    {"Softplus", lower_activation},
    {"Softsign", lower_activation},
    {"Mish", lower_activation},
    {"ThresholdedRelu", lower_activation},
    {"Swish", lower_activation},
    {"FastGelu", lower_activation},
    {"Gelu", lower_gelu},
    {"IsInf", lower_is_inf},
    {"Mod", lower_mod},
    {"BitShift", lower_shift},
    {"Clip", lower_clip},
    {"BatchNormalization", lower_batch_norm},
    {"Softmax", lower_softmax},
    {"LogSoftmax", lower_softmax},
    {"Hardmax", lower_softmax},
    {"LpNormalization", lower_lp_norm},
    {"LayerNormalization", lower_norm},
    {"RMSNormalization", lower_norm},
    {"SimplifiedLayerNormalization", lower_norm},
    {"InstanceNormalization", lower_norm},
    {"GroupNormalization", lower_norm},
    {"LRN", lower_lrn},
    {"MaxPool", lower_pool},
    {"AveragePool", lower_pool},
    {"LpPool", lower_pool},
    {"GlobalMaxPool", lower_global_pool},
    {"GlobalAveragePool", lower_global_pool},
    {"GlobalLpPool", lower_global_pool},
    {"ReduceSum", lower_reduce},
    {"ReduceMean", lower_reduce},
    {"ReduceMax", lower_reduce},
    {"ReduceMin", lower_reduce},
    {"ReduceProd", lower_reduce},
    {"ReduceL1", lower_reduce},
    {"ReduceL2", lower_reduce},
    {"ReduceLogSum", lower_reduce},
    {"ReduceLogSumExp", lower_reduce},
    {"ReduceSumSquare", lower_reduce},
    {"ArgMax", lower_arg},
    {"ArgMin", lower_arg},
    {"CumSum", lower_cum_sum},
    {"QuantizeLinear", lower_quantize},
    {"DequantizeLinear", lower_quantize},
    {NULL, NULL},
};
