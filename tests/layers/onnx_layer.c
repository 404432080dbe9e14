#include "onnx_layer.h"

#include <math.h>
#include <string.h>

typedef bool (*fill_fn)(const node_case *of, onnx_layer *l);

typedef struct row {
    const char *onnx;
    arete_layer_op op;
    fill_fn fill; /* NULL: every input is a tensor, nothing to read */
    arete_activation activation;
    float alpha, beta; /* of the activation: ONNX's defaults */
} row;

/* The first `count` inputs are tensors, the others were read. */
static void tensors(onnx_layer *l, uint32_t count) {
    l->in_count = count;
    for (uint32_t i = 0; i < count; i++)
        l->in[i] = (int)i;
}

static bool has(const node_case *of, size_t input) {
    return input < of->input_count && of->inputs[input].name[0] != '\0' && of->inputs[input].dtype != ARETE_DTYPE_NONE;
}

/* Integers of an input that is known when the plan is made. */
static uint32_t integers(const node_case *of, size_t input, int64_t *values, size_t most) {
    if (!has(of, input))
        return 0;
    const ar_onnx_array *a = &of->inputs[input];
    for (uint64_t i = 0; i < a->count && i < most; i++)
        values[i] = (int64_t)node_value(a->dtype, a->data, i);
    return (uint32_t)a->count;
}

static double number(const node_case *of, size_t input, double absent) {
    return has(of, input) && of->inputs[input].count ? node_value(of->inputs[input].dtype, of->inputs[input].data, 0)
                                                     : absent;
}

static uint32_t mode_of(const node_case *of, const char *attribute, const char *absent, const char *const *names) {
    char text[64];
    node_string(of, attribute, absent, text, sizeof text);
    uint32_t i = 0;
    while (names[i] && strcmp(names[i], text) != 0)
        i++;
    return i;
}

static bool activation(const node_case *of, onnx_layer *l) {
    l->desc.alpha = node_float(of, "alpha", l->desc.alpha);
    l->desc.beta = node_float(of, l->desc.activation == ARETE_ACT_SELU ? "gamma" : "beta", l->desc.beta);
    return true;
}

static bool gelu(const node_case *of, onnx_layer *l) {
    char text[16];
    node_string(of, "approximate", "none", text, sizeof text);
    l->desc.activation = strcmp(text, "tanh") == 0 ? ARETE_ACT_GELU_TANH : ARETE_ACT_GELU_ERF;
    return true;
}

static bool is_inf(const node_case *of, onnx_layer *l) {
    bool negative = node_int(of, "detect_negative", 1) != 0, positive = node_int(of, "detect_positive", 1) != 0;
    l->desc.mode = negative && positive ? 0 : positive ? 1 : 2;
    return negative || positive;
}

static bool mod(const node_case *of, onnx_layer *l) {
    l->desc.mode = (uint32_t)node_int(of, "fmod", 0);
    return true;
}

static bool bit_shift(const node_case *of, onnx_layer *l) {
    char text[16];
    node_string(of, "direction", "LEFT", text, sizeof text);
    l->desc.op = text[0] == 'L' ? ARETE_LAYER_SHIFT_LEFT : ARETE_LAYER_SHIFT_RIGHT;
    return true;
}

static bool clip(const node_case *of, onnx_layer *l) {
    l->desc.alpha = node_float(of, "min", -INFINITY);
    l->desc.beta = node_float(of, "max", INFINITY);
    tensors(l, of->input_count > 1 ? (uint32_t)of->input_count : 1);
    if (!has(of, 1) && !has(of, 2) && of->opset >= 11) { /* no limits at all */
        l->in_count = 1;
        l->desc.op = ARETE_LAYER_IDENTITY;
    }
    return true;
}

static bool dropout(const node_case *of, onnx_layer *l) {
    tensors(l, 1);
    return number(of, 2, 0) == 0; /* training draws numbers */
}

static bool first_only(const node_case *of, onnx_layer *l) {
    (void)of;
    tensors(l, 1);
    return true;
}

static bool axis_last(const node_case *of, onnx_layer *l) {
    l->desc.axis = node_int(of, "axis", -1);
    return of->opset >= 13 || strstr(of->op, "max") == NULL;
}

static bool axis_zero(const node_case *of, onnx_layer *l) {
    l->desc.axis = node_int(of, "axis", 0);
    return true;
}

static bool axis_one(const node_case *of, onnx_layer *l) {
    l->desc.axis = node_int(of, "axis", 1);
    return true;
}

static bool layer_norm(const node_case *of, onnx_layer *l) {
    l->desc.axis = node_int(of, "axis", -1);
    l->desc.epsilon = node_float(of, "epsilon", 1e-5f);
    return true;
}

static bool lp_norm(const node_case *of, onnx_layer *l) {
    l->desc.axis = node_int(of, "axis", -1);
    l->desc.p = (uint32_t)node_int(of, "p", 2);
    return true;
}

static bool epsilon(const node_case *of, onnx_layer *l) {
    l->desc.epsilon = node_float(of, "epsilon", 1e-5f);
    l->desc.groups = (uint32_t)node_int(of, "num_groups", 0);
    return node_int(of, "training_mode", 0) == 0;
}

static bool lrn(const node_case *of, onnx_layer *l) {
    l->desc.alpha = node_float(of, "alpha", 0.0001f);
    l->desc.beta = node_float(of, "beta", 0.75f);
    l->desc.bias = node_float(of, "bias", 1);
    l->desc.window = (uint32_t)node_int(of, "size", 1);
    return true;
}

static bool reduce(const node_case *of, onnx_layer *l) {
    tensors(l, 1);
    l->desc.axis_count = (uint32_t)node_ints(of, "axes", l->desc.axes, ARETE_MAX_RANK);
    if (!l->desc.axis_count)
        l->desc.axis_count = integers(of, 1, l->desc.axes, ARETE_MAX_RANK);
    l->desc.drop_dims = node_int(of, "keepdims", 1) == 0;
    if (!l->desc.axis_count && node_int(of, "noop_with_empty_axes", 0))
        l->desc.op = ARETE_LAYER_IDENTITY;
    return true;
}

static bool global_pool(const node_case *of, onnx_layer *l) {
    for (uint32_t d = 2; d < of->inputs[0].rank; d++)
        l->desc.axes[l->desc.axis_count++] = d;
    return true;
}

static bool arg(const node_case *of, onnx_layer *l) {
    l->desc.axis = node_int(of, "axis", 0);
    l->desc.drop_dims = node_int(of, "keepdims", 1) == 0;
    l->desc.select_last = node_int(of, "select_last_index", 0) != 0;
    return true;
}

/* SAME_UPPER and SAME_LOWER become pads. */
static void auto_pads(const node_case *of, onnx_layer *l, size_t space) {
    char text[32];
    node_string(of, "auto_pad", "NOTSET", text, sizeof text);
    if (strncmp(text, "SAME", 4) != 0)
        return;
    for (size_t d = 0; d < space; d++) {
        arete_layer_desc *desc = &l->desc;
        int64_t in = of->inputs[0].dims[2 + d], stride = desc->strides[d] ? desc->strides[d] : 1;
        int64_t dilation = desc->dilations[d] ? desc->dilations[d] : 1;
        int64_t out = (in + stride - 1) / stride;
        int64_t all = (out - 1) * stride + dilation * (desc->kernel[d] - 1) + 1 - in;
        all = all > 0 ? all : 0;
        int64_t less = all / 2;
        bool upper = strcmp(text, "SAME_UPPER") == 0;
        desc->pads[d] = upper ? less : all - less;
        desc->pads[space + d] = all - desc->pads[d];
    }
}

static bool pool(const node_case *of, onnx_layer *l) {
    arete_layer_desc *desc = &l->desc;
    size_t space = node_ints(of, "kernel_shape", desc->kernel, 3);
    node_ints(of, "strides", desc->strides, 3);
    node_ints(of, "dilations", desc->dilations, 3);
    node_ints(of, "pads", desc->pads, 6);
    auto_pads(of, l, space);
    desc->ceil_mode = node_int(of, "ceil_mode", 0) != 0;
    desc->count_include_pad = node_int(of, "count_include_pad", 0) != 0;
    desc->p = (uint32_t)node_int(of, "p", 2);
    return node_int(of, "storage_order", 0) == 0;
}

static bool cum_sum(const node_case *of, onnx_layer *l) {
    tensors(l, 1);
    l->desc.axis = (int64_t)number(of, 1, 0);
    l->desc.exclusive = node_int(of, "exclusive", 0) != 0;
    l->desc.reverse = node_int(of, "reverse", 0) != 0;
    return true;
}

static bool top_k(const node_case *of, onnx_layer *l) {
    tensors(l, 1);
    l->desc.axis = node_int(of, "axis", -1);
    l->desc.smallest = node_int(of, "largest", 1) == 0;
    return true;
}

static bool transpose(const node_case *of, onnx_layer *l) {
    l->desc.axis_count = (uint32_t)node_ints(of, "perm", l->desc.axes, ARETE_MAX_RANK);
    return true;
}

static bool split(const node_case *of, onnx_layer *l) {
    tensors(l, 1);
    return axis_zero(of, l);
}

static bool slice(const node_case *of, onnx_layer *l) {
    tensors(l, 1);
    if (of->opset < 10)
        return false;
    uint32_t count = integers(of, 1, l->desc.starts, ARETE_MAX_RANK);
    integers(of, 2, l->desc.ends, ARETE_MAX_RANK);
    l->desc.axis_count = integers(of, 3, l->desc.axes, ARETE_MAX_RANK);
    integers(of, 4, l->desc.steps, ARETE_MAX_RANK);
    for (uint32_t i = 0; !l->desc.axis_count && i < count; i++)
        l->desc.axes[i] = i;
    l->desc.axis_count = count;
    return true;
}

static bool pad(const node_case *of, onnx_layer *l) {
    static const char *const modes[] = {"constant", "reflect", "edge", "wrap", NULL};
    tensors(l, 1);
    l->desc.mode = mode_of(of, "mode", "constant", modes);
    if (!node_ints(of, "pads", l->desc.pads, 2 * ARETE_MAX_RANK))
        integers(of, 1, l->desc.pads, 2 * ARETE_MAX_RANK);
    l->desc.alpha = (float)number(of, 2, (double)node_float(of, "value", 0));
    l->desc.axis_count = integers(of, 3, l->desc.axes, ARETE_MAX_RANK);
    return true;
}

static bool blocks(const node_case *of, onnx_layer *l) {
    static const char *const modes[] = {"DCR", "CRD", NULL};
    l->desc.blocksize = (uint32_t)node_int(of, "blocksize", 1);
    l->desc.mode = l->desc.op == ARETE_LAYER_DEPTH_TO_SPACE ? mode_of(of, "mode", "DCR", modes) : 0;
    return true;
}

static bool batch_dims(const node_case *of, onnx_layer *l) {
    l->desc.batch_dims = (uint32_t)node_int(of, "batch_dims", 0);
    return true;
}

static bool scatter(const node_case *of, onnx_layer *l) {
    static const char *const modes[] = {"none", "add", "mul", "min", "max", NULL};
    l->desc.axis = node_int(of, "axis", 0);
    l->desc.mode = mode_of(of, "reduction", "none", modes);
    return true;
}

static bool resize(const node_case *of, onnx_layer *l) {
    static const char *const modes[] = {"nearest", "linear", "cubic", NULL};
    static const char *const places[] = {"half_pixel",           "asymmetric",         "align_corners",
                                         "pytorch_half_pixel",   "tf_crop_and_resize", "tf_half_pixel_for_nn", NULL};
    static const char *const rounds[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil", NULL};
    bool upsample = strcmp(of->op, "Upsample") == 0;
    tensors(l, 1);
    l->desc.mode = mode_of(of, "mode", "nearest", modes);
    l->desc.coordinates = upsample ? ARETE_RESIZE_ASYMMETRIC
                                   : mode_of(of, "coordinate_transformation_mode", "half_pixel", places);
    l->desc.nearest = upsample ? ARETE_NEAREST_FLOOR : mode_of(of, "nearest_mode", "round_prefer_floor", rounds);
    l->desc.alpha = node_float(of, "cubic_coeff_a", -0.75f);
    l->desc.beta = node_float(of, "extrapolation_value", 0);
    l->desc.exclude_outside = node_int(of, "exclude_outside", 0) != 0;
    size_t roi = upsample ? 99 : 1, scales = upsample ? 1 : 2;
    for (size_t i = 0; has(of, roi) && i < of->inputs[roi].count; i++)
        l->desc.roi[i] = (float)node_value(of->inputs[roi].dtype, of->inputs[roi].data, i);
    for (size_t i = 0; has(of, scales) && i < of->inputs[scales].count; i++)
        l->desc.scales[i] = (float)node_value(of->inputs[scales].dtype, of->inputs[scales].data, i);
    return node_int(of, "antialias", 0) == 0 && l->desc.mode < 3;
}

static bool one_hot(const node_case *of, onnx_layer *l) {
    l->desc.axis = node_int(of, "axis", -1);
    l->in[0] = 0;
    l->in[1] = 2;
    l->in_count = 2;
    return true;
}

static bool trilu(const node_case *of, onnx_layer *l) {
    tensors(l, 1);
    l->desc.mode = (uint32_t)node_int(of, "upper", 1);
    l->desc.offset = (int64_t)number(of, 1, 0);
    return true;
}

static bool eye_like(const node_case *of, onnx_layer *l) {
    tensors(l, 0);
    l->desc.offset = node_int(of, "k", 0);
    return true;
}

static bool reverse_sequence(const node_case *of, onnx_layer *l) {
    l->desc.axis = node_int(of, "time_axis", 0);
    l->desc.batch_axis = (uint32_t)node_int(of, "batch_axis", 1);
    return true;
}

#define ACT(onnx, activation_, alpha, beta) {onnx, ARETE_LAYER_ACTIVATION, activation, ARETE_ACT_##activation_, alpha, beta}
#define OP(onnx, op, fill) {onnx, ARETE_LAYER_##op, fill, ARETE_ACT_NONE, 0, 0}

static const row rows[] = {
    OP("Identity", IDENTITY, NULL), OP("Dropout", IDENTITY, dropout), OP("Expand", IDENTITY, first_only),
    OP("Abs", ABS, NULL), OP("Neg", NEG, NULL), OP("Exp", EXP, NULL), OP("Log", LOG, NULL), OP("Sqrt", SQRT, NULL),
    OP("Reciprocal", RECIPROCAL, NULL), OP("Sign", SIGN, NULL), OP("Floor", FLOOR, NULL), OP("Ceil", CEIL, NULL),
    OP("Round", ROUND, NULL), OP("Not", NOT, NULL), OP("Sin", SIN, NULL), OP("Cos", COS, NULL), OP("Tan", TAN, NULL),
    OP("Asin", ASIN, NULL), OP("Acos", ACOS, NULL), OP("Atan", ATAN, NULL), OP("Sinh", SINH, NULL),
    OP("Cosh", COSH, NULL), OP("Asinh", ASINH, NULL), OP("Acosh", ACOSH, NULL), OP("Atanh", ATANH, NULL),
    OP("Erf", ERF, NULL), OP("IsNaN", IS_NAN, NULL), OP("IsInf", IS_INF, is_inf), OP("BitwiseNot", BIT_NOT, NULL),
    OP("Cast", CAST, NULL), OP("CastLike", CAST, first_only),
    ACT("Relu", RELU, 0, 0), ACT("LeakyRelu", LEAKY_RELU, 0.01f, 0), ACT("Sigmoid", SIGMOID, 0, 0),
    ACT("Tanh", TANH, 0, 0), ACT("Elu", ELU, 1, 0), ACT("Selu", SELU, 1.67326319f, 1.05070102f),
    ACT("Celu", CELU, 1, 0), ACT("HardSigmoid", HARD_SIGMOID, 0.2f, 0.5f), ACT("HardSwish", HARD_SWISH, 0, 0),
    ACT("Softplus", SOFTPLUS, 0, 0), ACT("Softsign", SOFTSIGN, 0, 0), ACT("Mish", MISH, 0, 0),
    ACT("ThresholdedRelu", THRESHOLDED_RELU, 1, 0), OP("Gelu", ACTIVATION, gelu),
    OP("Add", ADD, NULL), OP("Sum", ADD, NULL), OP("Sub", SUB, NULL), OP("Mul", MUL, NULL), OP("Div", DIV, NULL),
    OP("Pow", POW, NULL), OP("Min", MIN, NULL), OP("Max", MAX, NULL), OP("Mean", MEAN, NULL), OP("Mod", MOD, mod),
    OP("PRelu", PRELU, NULL), OP("Equal", EQUAL, NULL), OP("Less", LESS, NULL), OP("LessOrEqual", LESS_EQUAL, NULL),
    OP("Greater", GREATER, NULL), OP("GreaterOrEqual", GREATER_EQUAL, NULL), OP("And", AND, NULL), OP("Or", OR, NULL),
    OP("Xor", XOR, NULL), OP("BitwiseAnd", BIT_AND, NULL), OP("BitwiseOr", BIT_OR, NULL),
    OP("BitwiseXor", BIT_XOR, NULL), OP("BitShift", SHIFT_LEFT, bit_shift), OP("Where", WHERE, NULL),
    OP("Clip", CLIP, clip), OP("QuantizeLinear", QUANTIZE, axis_one), OP("DequantizeLinear", DEQUANTIZE, axis_one),
    OP("BatchNormalization", BATCH_NORM, epsilon),
    OP("Softmax", SOFTMAX, axis_last), OP("LogSoftmax", LOG_SOFTMAX, axis_last), OP("Hardmax", HARDMAX, axis_last),
    OP("LpNormalization", LP_NORM, lp_norm), OP("LayerNormalization", LAYER_NORM, layer_norm),
    OP("RMSNormalization", RMS_NORM, layer_norm), OP("InstanceNormalization", INSTANCE_NORM, epsilon),
    OP("GroupNormalization", GROUP_NORM, epsilon), OP("LRN", LRN, lrn), OP("MaxPool", MAX_POOL, pool),
    OP("AveragePool", AVERAGE_POOL, pool), OP("LpPool", LP_POOL, pool),
    OP("GlobalAveragePool", REDUCE_MEAN, global_pool), OP("GlobalMaxPool", REDUCE_MAX, global_pool),
    OP("ReduceSum", REDUCE_SUM, reduce), OP("ReduceMean", REDUCE_MEAN, reduce), OP("ReduceMax", REDUCE_MAX, reduce),
    OP("ReduceMin", REDUCE_MIN, reduce), OP("ReduceProd", REDUCE_PROD, reduce), OP("ReduceL1", REDUCE_L1, reduce),
    OP("ReduceL2", REDUCE_L2, reduce), OP("ReduceLogSum", REDUCE_LOG_SUM, reduce),
    OP("ReduceLogSumExp", REDUCE_LOG_SUM_EXP, reduce), OP("ReduceSumSquare", REDUCE_SUM_SQUARE, reduce),
    OP("ArgMax", ARG_MAX, arg), OP("ArgMin", ARG_MIN, arg), OP("CumSum", CUM_SUM, cum_sum), OP("TopK", TOP_K, top_k),
    OP("Transpose", TRANSPOSE, transpose), OP("Concat", CONCAT, axis_zero), OP("Split", SPLIT, split),
    OP("Slice", SLICE, slice), OP("Pad", PAD, pad), OP("Tile", TILE, first_only),
    OP("DepthToSpace", DEPTH_TO_SPACE, blocks), OP("SpaceToDepth", SPACE_TO_DEPTH, blocks),
    OP("Gather", GATHER, axis_zero), OP("GatherElements", GATHER_ELEMENTS, axis_zero),
    OP("GatherND", GATHER_ND, batch_dims), OP("Scatter", SCATTER_ELEMENTS, scatter),
    OP("ScatterElements", SCATTER_ELEMENTS, scatter), OP("ScatterND", SCATTER_ND, scatter),
    OP("Resize", RESIZE, resize), OP("Upsample", RESIZE, resize), OP("OneHot", ONE_HOT, one_hot),
    OP("Range", RANGE, NULL), OP("Trilu", TRILU, trilu), OP("EyeLike", EYE_LIKE, eye_like),
    OP("ReverseSequence", REVERSE_SEQUENCE, reverse_sequence),
};

bool onnx_layer_of(const node_case *of, onnx_layer *l, const char **why) {
    memset(l, 0, sizeof *l);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].onnx, of->op) != 0)
            continue;
        *why = "the node's form is one that no layer has";
        l->desc.op = rows[i].op;
        l->desc.activation = rows[i].activation;
        l->desc.alpha = rows[i].alpha;
        l->desc.beta = rows[i].beta;
        l->out_count = (uint32_t)of->output_count;
        if (of->input_count > ARETE_LAYER_INPUTS || of->output_count > ARETE_LAYER_INPUTS)
            return false;
        tensors(l, (uint32_t)of->input_count);
        if (rows[i].fill && !rows[i].fill(of, l))
            return false;
        if (l->desc.op == ARETE_LAYER_IDENTITY)
            l->out_count = 1;
        for (uint32_t k = 0; k < l->in_count; k++)
            l->in[k] = has(of, (size_t)l->in[k]) || of->inputs[l->in[k]].name[0] ? l->in[k] : -1;
        return true;
    }
    *why = "no layer";
    return false;
}
