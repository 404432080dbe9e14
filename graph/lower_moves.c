/* Operators that move data: transposes, slices, joins, gathers. */
#include <math.h>
#include <string.h>

#include "lower.h"

static arete_status layer(ar_lowering *l, const ar_node *n, const arete_layer_desc *desc, uint32_t inputs) {
    return ar_lower_layer(l, n, desc, n->in, inputs, n->out, n->out_count ? n->out_count : 1);
}

static arete_tensor *output(ar_lowering *l, const ar_node *n, uint32_t index) {
    return &l->graph->values[n->out[index]].t;
}

static arete_status lower_cast(ar_lowering *l, const ar_node *n) {
    const arete_tensor *like = NULL;
    arete_status status = ARETE_OK;
    arete_dtype type = ar_onnx_dtype((int)ar_onnx_int(n->proto, "to", 0));
    if (strcmp(n->op, "CastLike") == 0) {
        status = ar_node_input(l, n, 1, "the tensor whose type is wanted", &like);
        type = like ? like->dtype : ARETE_DTYPE_NONE;
    }
    if (status == ARETE_OK && type == ARETE_DTYPE_NONE)
        status = ar_fail(ARETE_E_UNSUPPORTED, "to ONNX's type %lld, which no device here has",
                         (long long)ar_onnx_int(n->proto, "to", 0));
    if (status != ARETE_OK)
        return status;
    const arete_layer_desc desc = {.op = ARETE_LAYER_CAST};
    output(l, n, 0)->dtype = type;
    return layer(l, n, &desc, 1);
}

static arete_status lower_transpose(ar_lowering *l, const ar_node *n) {
    arete_layer_desc desc = {.op = ARETE_LAYER_TRANSPOSE};
    desc.axis_count = (uint32_t)ar_onnx_ints(n->proto, "perm", desc.axes, ARETE_MAX_RANK);
    return layer(l, n, &desc, 1);
}

/* More inputs than a step takes go through several: the first ones are joined, then the rest. */
static arete_status lower_concat(ar_lowering *l, const ar_node *n) {
    const arete_layer_desc desc = {.op = ARETE_LAYER_CONCAT, .axis = ar_onnx_int(n->proto, "axis", 1)};
    int rest[AR_NODE_MOST];
    uint32_t count = n->in_count;
    memcpy(rest, n->in, sizeof rest);
    while (count > ARETE_LAYER_INPUTS) {
        int joined = ar_graph_value(l->graph, n->name);
        if (joined == AR_NO_VALUE)
            return ARETE_E_MEMORY;
        arete_status status = ar_lower_layer(l, n, &desc, rest, ARETE_LAYER_INPUTS, &joined, 1);
        if (status != ARETE_OK)
            return status;
        count -= ARETE_LAYER_INPUTS - 1;
        rest[0] = joined;
        memmove(rest + 1, rest + ARETE_LAYER_INPUTS, (count - 1) * sizeof rest[0]);
    }
    return ar_lower_layer(l, n, &desc, rest, count, n->out, 1);
}

static arete_status lower_split(ar_lowering *l, const ar_node *n) {
    arete_layer_desc desc = {.op = ARETE_LAYER_SPLIT, .axis = ar_onnx_int(n->proto, "axis", 0)};
    const arete_tensor *x;
    int64_t sizes[AR_NODE_MOST];
    size_t count = 0;
    arete_status status = ar_node_input(l, n, 0, "x", &x);
    if (status == ARETE_OK)
        status = ar_node_integers(l, n, 1, "split", sizes, AR_NODE_MOST, &count);
    if (status != ARETE_OK)
        return status;
    int64_t axis = desc.axis < 0 ? desc.axis + x->rank : desc.axis, parts = n->out_count;
    if (axis < 0 || axis >= x->rank || parts == 0 || (count && count != n->out_count))
        return ar_fail(ARETE_E_SHAPE, "axis %lld of %u dimensions into %lld outputs (%zu sizes)",
                       (long long)desc.axis, x->rank, (long long)parts, count);
    int64_t each = (x->dims[axis] + parts - 1) / parts, left = x->dims[axis];
    for (uint32_t i = 0; i < n->out_count; i++) {
        if (n->out[i] == AR_NO_VALUE)
            return ar_fail(ARETE_E_UNSUPPORTED, "an output of Split that nobody wants");
        arete_tensor *y = output(l, n, i);
        *y = *x;
        y->dims[axis] = count ? sizes[i] : each < left ? each : left;
        left -= y->dims[axis];
    }
    return layer(l, n, &desc, 1);
}

/* Since opset 10 everything but x is an input. */
static arete_status lower_slice(ar_lowering *l, const ar_node *n) {
    arete_layer_desc desc = {.op = ARETE_LAYER_SLICE};
    size_t starts = 0, ends = 0, axes = 0, steps = 0;
    arete_status status = ar_node_integers(l, n, 1, "starts", desc.starts, ARETE_MAX_RANK, &starts);
    if (status == ARETE_OK)
        status = ar_node_integers(l, n, 2, "ends", desc.ends, ARETE_MAX_RANK, &ends);
    if (status == ARETE_OK)
        status = ar_node_integers(l, n, 3, "axes", desc.axes, ARETE_MAX_RANK, &axes);
    if (status == ARETE_OK)
        status = ar_node_integers(l, n, 4, NULL, desc.steps, ARETE_MAX_RANK, &steps);
    if (status != ARETE_OK)
        return status;
    if (starts != ends || (axes && axes != starts) || (steps && steps != starts))
        return ar_fail(ARETE_E_FORMAT, "%zu starts, %zu ends, %zu axes, %zu steps", starts, ends, axes, steps);
    for (size_t i = axes; i < starts; i++)
        desc.axes[i] = (int64_t)i;
    desc.axis_count = (uint32_t)starts;
    return layer(l, n, &desc, 1);
}

static arete_status lower_pad(ar_lowering *l, const ar_node *n) {
    static const char *const modes[] = {"constant", "reflect", "edge", "wrap"};
    arete_layer_desc desc = {.op = ARETE_LAYER_PAD, .mode = 4, .alpha = ar_onnx_float(n->proto, "value", 0)};
    size_t pads = 0, axes = 0, values = 0;
    double value = 0;
    char mode[16];
    arete_status status = ar_node_integers(l, n, 1, "pads", desc.pads, 2 * ARETE_MAX_RANK, &pads);
    if (status == ARETE_OK)
        status = ar_node_integers(l, n, 3, NULL, desc.axes, ARETE_MAX_RANK, &axes);
    if (status != ARETE_OK)
        return status;
    if (ar_node_has(n, 2) && !ar_graph_reals(l->graph, n->in[2], &value, 1, &values))
        return ar_fail(ARETE_E_UNSUPPORTED, "the padding's value is not known before the run");
    if (values)
        desc.alpha = (float)value;
    for (size_t i = 0; i < pads; i++)
        if (desc.pads[i] > INT32_MAX || desc.pads[i] < INT32_MIN)
            return ar_fail(ARETE_E_SHAPE, "pads[%zu] is %lld", i, (long long)desc.pads[i]);
    ar_onnx_string(n->proto, "mode", "constant", mode, sizeof mode);
    for (uint32_t m = 0; m < 4; m++)
        if (strcmp(mode, modes[m]) == 0)
            desc.mode = m;
    if (desc.mode == 4)
        return ar_fail(ARETE_E_UNSUPPORTED, "padding of mode '%s'", mode);
    desc.axis_count = (uint32_t)axes;
    return layer(l, n, &desc, 1);
}

static arete_status lower_tile(ar_lowering *l, const ar_node *n) {
    const arete_layer_desc desc = {.op = ARETE_LAYER_TILE};
    const arete_tensor *x;
    int64_t repeats[ARETE_MAX_RANK];
    size_t count = 0;
    arete_status status = ar_node_input(l, n, 0, "x", &x);
    if (status == ARETE_OK)
        status = ar_node_integers(l, n, 1, NULL, repeats, ARETE_MAX_RANK, &count);
    if (status != ARETE_OK)
        return status;
    if (count != x->rank)
        return ar_fail(ARETE_E_SHAPE, "%zu repeats for %u dimensions", count, x->rank);
    *output(l, n, 0) = *x;
    for (size_t d = 0; d < count; d++)
        if (repeats[d] < 0 || __builtin_mul_overflow(x->dims[d], repeats[d], &output(l, n, 0)->dims[d]))
            return ar_fail(ARETE_E_SHAPE, "repeats[%zu] is %lld", d, (long long)repeats[d]);
    return layer(l, n, &desc, 1);
}

/* The shape that two broadcast to. */
static arete_status broadcast(const arete_tensor *x, const int64_t *dims, size_t rank, arete_tensor *y) {
    uint32_t most = x->rank > rank ? x->rank : (uint32_t)rank;
    *y = (arete_tensor){.dtype = x->dtype, .rank = most};
    for (uint32_t d = 0; d < most; d++) {
        int64_t a = d + x->rank >= most ? x->dims[d + x->rank - most] : 1;
        int64_t b = d + rank >= most ? dims[d + rank - most] : 1;
        if (a != b && a != 1 && b != 1)
            return ar_fail(ARETE_E_SHAPE, "dimension %u: %lld and %lld do not go together", d, (long long)a,
                           (long long)b);
        y->dims[d] = a == 1 ? b : a;
    }
    return ARETE_OK;
}

static arete_status lower_expand(ar_lowering *l, const ar_node *n) {
    const arete_layer_desc desc = {.op = ARETE_LAYER_IDENTITY};
    const arete_tensor *x;
    int64_t dims[ARETE_MAX_RANK];
    size_t count = 0;
    arete_status status = ar_node_input(l, n, 0, "x", &x);
    if (status == ARETE_OK)
        status = ar_node_integers(l, n, 1, NULL, dims, ARETE_MAX_RANK, &count);
    if (status == ARETE_OK)
        status = broadcast(x, dims, count, output(l, n, 0));
    return status == ARETE_OK ? layer(l, n, &desc, 1) : status;
}

static arete_status lower_blocks(ar_lowering *l, const ar_node *n) {
    char mode[8];
    ar_onnx_string(n->proto, "mode", "DCR", mode, sizeof mode);
    const arete_layer_desc desc = {.op = strcmp(n->op, "DepthToSpace") == 0 ? ARETE_LAYER_DEPTH_TO_SPACE
                                                                            : ARETE_LAYER_SPACE_TO_DEPTH,
                                   .blocksize = ar_onnx_count(n->proto, "blocksize", 0),
                                   .mode = strcmp(mode, "CRD") == 0};
    return layer(l, n, &desc, 1);
}

static arete_status lower_gather(ar_lowering *l, const ar_node *n) {
    arete_layer_desc desc = {.op = strcmp(n->op, "Gather") == 0     ? ARETE_LAYER_GATHER
                                   : strcmp(n->op, "GatherND") == 0 ? ARETE_LAYER_GATHER_ND
                                                                    : ARETE_LAYER_GATHER_ELEMENTS,
                             .axis = ar_onnx_int(n->proto, "axis", 0),
                             .batch_dims = ar_onnx_count(n->proto, "batch_dims", 0)};
    return layer(l, n, &desc, 2);
}

static arete_status lower_scatter(ar_lowering *l, const ar_node *n) {
    static const char *const modes[] = {"none", "add", "mul", "min", "max"};
    char mode[8];
    arete_layer_desc desc = {.op = strcmp(n->op, "ScatterND") == 0 ? ARETE_LAYER_SCATTER_ND
                                                                   : ARETE_LAYER_SCATTER_ELEMENTS,
                             .axis = ar_onnx_int(n->proto, "axis", 0)};
    ar_onnx_string(n->proto, "reduction", "none", mode, sizeof mode);
    for (uint32_t m = 0; m < 5; m++)
        if (strcmp(mode, modes[m]) == 0)
            desc.mode = m;
    return layer(l, n, &desc, 3);
}

static arete_status lower_top_k(ar_lowering *l, const ar_node *n) {
    arete_layer_desc desc = {.op = ARETE_LAYER_TOP_K,
                             .axis = ar_onnx_int(n->proto, "axis", -1),
                             .smallest = !ar_onnx_int(n->proto, "largest", 1)};
    const arete_tensor *x;
    int64_t k = 0;
    size_t count = 0;
    arete_status status = ar_node_input(l, n, 0, "x", &x);
    if (status == ARETE_OK)
        status = ar_node_integers(l, n, 1, "k", &k, 1, &count);
    if (status == ARETE_OK && !count && ar_onnx_attribute(n->proto, "k"))
        k = ar_onnx_int(n->proto, "k", 0);
    if (status != ARETE_OK)
        return status;
    int64_t axis = desc.axis < 0 ? desc.axis + x->rank : desc.axis;
    if (axis < 0 || axis >= x->rank || k < 0 || k > x->dims[axis])
        return ar_fail(ARETE_E_SHAPE, "the %lld first along axis %lld", (long long)k, (long long)desc.axis);
    for (uint32_t i = 0; i < n->out_count; i++) {
        if (n->out[i] == AR_NO_VALUE)
            continue;
        *output(l, n, i) = *x;
        output(l, n, i)->dtype = i ? ARETE_I64 : x->dtype;
        output(l, n, i)->dims[axis] = k;
    }
    return layer(l, n, &desc, 1);
}

/* Names of the modes in the order of Arete's numbers. */
static uint32_t mode_of(const ar_node *n, const char *attribute, const char *absent, const char *const *names) {
    char text[32];
    ar_onnx_string(n->proto, attribute, absent, text, sizeof text);
    for (uint32_t i = 0; names[i]; i++)
        if (strcmp(text, names[i]) == 0)
            return i;
    return UINT32_MAX;
}

/* Output dims from the sizes or the scales; scales[d] are set where the file gives them. */
static arete_status resize_shape(ar_lowering *l, const ar_node *n, const arete_tensor *x, uint32_t scale_input,
                                 uint32_t size_input, arete_layer_desc *desc) {
    double scales[ARETE_MAX_RANK];
    int64_t sizes[ARETE_MAX_RANK], axes[ARETE_MAX_RANK];
    float attribute[ARETE_MAX_RANK];
    size_t scale_count = 0, size_count = 0;
    size_t axis_count = ar_onnx_ints(n->proto, "axes", axes, ARETE_MAX_RANK);
    arete_tensor *y = output(l, n, 0);
    if (ar_node_has(n, scale_input) &&
        !ar_graph_reals(l->graph, n->in[scale_input], scales, ARETE_MAX_RANK, &scale_count))
        return ar_fail(ARETE_E_UNSUPPORTED, "the scales are not known before the run");
    if (ar_node_has(n, size_input) &&
        !ar_graph_integers(l->graph, n->in[size_input], sizes, ARETE_MAX_RANK, &size_count))
        return ar_fail(ARETE_E_UNSUPPORTED, "the sizes are not known before the run");
    if (!scale_count && !size_count) { /* Upsample-7 */
        scale_count = ar_onnx_floats(n->proto, "scales", attribute, ARETE_MAX_RANK);
        for (size_t i = 0; i < scale_count; i++)
            scales[i] = (double)attribute[i];
    }
    size_t count = size_count ? size_count : scale_count;
    if (axis_count == 0)
        for (axis_count = 0; axis_count < x->rank; axis_count++)
            axes[axis_count] = (int64_t)axis_count;
    if (count != axis_count)
        return ar_fail(ARETE_E_SHAPE, "%zu scales or sizes for %zu dimensions", count, axis_count);
    char policy[16];
    if (strcmp(ar_onnx_string(n->proto, "keep_aspect_ratio_policy", "stretch", policy, sizeof policy), "stretch") !=
        0)
        return ar_fail(ARETE_E_UNSUPPORTED, "Resize that keeps the aspect ratio");
    *y = *x;
    for (size_t i = 0; i < count; i++) {
        int64_t axis = axes[i] < 0 ? axes[i] + x->rank : axes[i];
        if (axis < 0 || axis >= x->rank)
            return ar_fail(ARETE_E_SHAPE, "axes[%zu] is %lld", i, (long long)axes[i]);
        double wanted = size_count ? (double)sizes[i] : floor((double)x->dims[axis] * scales[i]);
        if (!(wanted >= 0 && wanted < 0x1p46))
            return ar_fail(ARETE_E_SHAPE, "dimension %lld of %lld resized to %g", (long long)axis,
                           (long long)x->dims[axis], wanted);
        y->dims[axis] = (int64_t)wanted;
        if (!size_count)
            desc->scales[axis] = (float)scales[i];
    }
    return ARETE_OK;
}

static arete_status lower_resize(ar_lowering *l, const ar_node *n) {
    static const char *const modes[] = {"nearest", "linear", "cubic", NULL};
    static const char *const coordinates[] = {
        "half_pixel",           "asymmetric", "align_corners", "pytorch_half_pixel", "tf_crop_and_resize",
        "tf_half_pixel_for_nn", NULL};
    static const char *const nearest[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil", NULL};
    bool old = strcmp(n->op, "Upsample") == 0 || n->opset < 11;
    const arete_tensor *x;
    arete_layer_desc desc = {
        .op = ARETE_LAYER_RESIZE,
        .mode = mode_of(n, "mode", "nearest", modes),
        .coordinates = mode_of(n, "coordinate_transformation_mode", old ? "asymmetric" : "half_pixel", coordinates),
        .nearest = mode_of(n, "nearest_mode", old ? "floor" : "round_prefer_floor", nearest),
        .alpha = ar_onnx_float(n->proto, "cubic_coeff_a", -0.75f),
        .beta = ar_onnx_float(n->proto, "extrapolation_value", 0),
        .exclude_outside = ar_onnx_int(n->proto, "exclude_outside", 0) != 0};
    arete_status status = ar_node_input(l, n, 0, "x", &x);
    if (status != ARETE_OK)
        return status;
    if (desc.mode == UINT32_MAX || desc.coordinates == UINT32_MAX || desc.nearest == UINT32_MAX ||
        ar_onnx_int(n->proto, "antialias", 0))
        return ar_fail(ARETE_E_UNSUPPORTED, "this mode of Resize");
    if (!old && desc.coordinates == ARETE_RESIZE_TF_CROP) {
        double roi[2 * ARETE_MAX_RANK];
        size_t count = 0;
        if (!ar_graph_reals(l->graph, ar_node_has(n, 1) ? n->in[1] : AR_NO_VALUE, roi, 2 * ARETE_MAX_RANK,
                            &count) ||
            count != 2 * x->rank)
            return ar_fail(ARETE_E_UNSUPPORTED, "a region of interest that is not known before the run");
        for (size_t i = 0; i < count; i++)
            desc.roi[i] = (float)roi[i];
    }
    status = old ? resize_shape(l, n, x, 1, AR_NODE_MOST, &desc) : resize_shape(l, n, x, 2, 3, &desc);
    return status == ARETE_OK ? layer(l, n, &desc, 1) : status;
}

static arete_status lower_one_hot(ar_lowering *l, const ar_node *n) {
    arete_layer_desc desc = {.op = ARETE_LAYER_ONE_HOT, .axis = ar_onnx_int(n->proto, "axis", -1)};
    const arete_tensor *x, *values;
    double depth = 0;
    size_t count = 0;
    arete_status status = ar_node_input(l, n, 0, "indices", &x);
    if (status == ARETE_OK)
        status = ar_node_input(l, n, 2, "values", &values);
    if (status != ARETE_OK)
        return status;
    if (!ar_node_has(n, 1) || !ar_graph_reals(l->graph, n->in[1], &depth, 1, &count) || count != 1)
        return ar_fail(ARETE_E_UNSUPPORTED, "a depth that is not known before the run");
    if (!(depth >= 0 && depth < 0x1p46))
        return ar_fail(ARETE_E_SHAPE, "depth is %g", depth);
    int64_t rank = (int64_t)x->rank + 1, axis = desc.axis < 0 ? desc.axis + rank : desc.axis;
    if (axis < 0 || axis >= rank || rank > ARETE_MAX_RANK)
        return ar_fail(ARETE_E_SHAPE, "axis %lld of %lld dimensions", (long long)desc.axis, (long long)rank);
    arete_tensor *y = output(l, n, 0);
    *y = (arete_tensor){.dtype = values->dtype, .rank = (uint32_t)rank};
    for (int64_t d = 0; d < rank; d++)
        y->dims[d] = d == axis ? (int64_t)depth : x->dims[d > axis ? d - 1 : d];
    const int in[2] = {n->in[0], n->in[2]};
    return ar_lower_layer(l, n, &desc, in, 2, n->out, 1);
}

static arete_status lower_range(ar_lowering *l, const ar_node *n) {
    const arete_layer_desc desc = {.op = ARETE_LAYER_RANGE};
    double v[3] = {0, 0, 1};
    const arete_tensor *start;
    size_t count = 0;
    arete_status status = ar_node_input(l, n, 0, "start", &start);
    for (uint32_t i = 0; i < 3 && status == ARETE_OK; i++)
        if (!ar_node_has(n, i) || !ar_graph_reals(l->graph, n->in[i], &v[i], 1, &count) || count != 1)
            status = ar_fail(ARETE_E_UNSUPPORTED, "a range that is not known before the run");
    if (status != ARETE_OK)
        return status;
    double many = ceil((v[1] - v[0]) / v[2]);
    if (v[2] == 0 || !(many < 1e9))
        return ar_fail(ARETE_E_SHAPE, "a range from %g to %g by %g", v[0], v[1], v[2]);
    *output(l, n, 0) = (arete_tensor){.dtype = start->dtype, .rank = 1, .dims = {many > 0 ? (int64_t)many : 0}};
    return layer(l, n, &desc, 3);
}

static arete_status lower_trilu(ar_lowering *l, const ar_node *n) {
    arete_layer_desc desc = {.op = ARETE_LAYER_TRILU, .mode = (uint32_t)ar_onnx_int(n->proto, "upper", 1)};
    size_t count = 0;
    arete_status status = ar_node_integers(l, n, 1, NULL, &desc.offset, 1, &count);
    return status == ARETE_OK ? layer(l, n, &desc, 1) : status;
}

static arete_status lower_eye_like(ar_lowering *l, const ar_node *n) {
    const arete_layer_desc desc = {.op = ARETE_LAYER_EYE_LIKE, .offset = ar_onnx_int(n->proto, "k", 0)};
    const arete_tensor *x;
    arete_status status = ar_node_input(l, n, 0, "x", &x);
    if (status != ARETE_OK)
        return status;
    arete_dtype type = ar_onnx_dtype((int)ar_onnx_int(n->proto, "dtype", 0));
    *output(l, n, 0) = *x;
    if (type != ARETE_DTYPE_NONE)
        output(l, n, 0)->dtype = type;
    return layer(l, n, &desc, 0);
}

static arete_status lower_reverse(ar_lowering *l, const ar_node *n) {
    const arete_layer_desc desc = {.op = ARETE_LAYER_REVERSE_SEQUENCE,
                                   .axis = ar_onnx_int(n->proto, "time_axis", 0),
                                   .batch_axis = ar_onnx_count(n->proto, "batch_axis", 1)};
    return layer(l, n, &desc, 2);
}

const ar_lower_op ar_lower_moves[] = {
    {"Cast", lower_cast},
    {"CastLike", lower_cast},
    {"Transpose", lower_transpose},
    {"Concat", lower_concat},
    {"Split", lower_split},
    {"Slice", lower_slice},
    {"Pad", lower_pad},
    {"Tile", lower_tile},
    {"Expand", lower_expand},
    {"DepthToSpace", lower_blocks},
    {"SpaceToDepth", lower_blocks},
    {"Gather", lower_gather},
    {"GatherND", lower_gather},
    {"GatherElements", lower_gather},
    {"ScatterElements", lower_scatter},
    {"Scatter", lower_scatter},
    {"ScatterND", lower_scatter},
    {"TopK", lower_top_k},
    {"Resize", lower_resize},
    {"Upsample", lower_resize},
    {"OneHot", lower_one_hot},
    {"Range", lower_range},
    {"Trilu", lower_trilu},
    {"EyeLike", lower_eye_like},
    {"ReverseSequence", lower_reverse},
    {NULL, NULL},
};
