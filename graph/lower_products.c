/* Products and convolutions, quantised ones too. */
#include <string.h>

#include "lower.h"
#include "steps.h"

static bool constant(const ar_lowering *l, int value) {
    return l->graph->values[value].role == AR_VALUE_CONSTANT;
}

/* A side input of one value, or one for each row or column: rank 0 is seen as [1]. */
static void side_input(const ar_lowering *l, ar_step *step, uint32_t slot, const ar_node *n, uint32_t input) {
    if (!ar_node_has(n, input))
        return;
    ar_step_input(l->graph, step, slot, n->in[input]);
    const int64_t count = arete_tensor_elements(&step->view[slot]);
    step->view[slot] = arete_tensor_make(NULL, 0, step->view[slot].dtype, 1, &count);
}

/* The product's shape by numpy's rules. A vector a is a row, a vector b a column, whose dimension is left out of y.
 */
static arete_status product_shape(const arete_tensor *a, const arete_tensor *b, arete_tensor *view_a,
                                  arete_tensor *view_b, arete_tensor *view_c, arete_tensor *y) {
    *view_a = *a;
    *view_b = *b;
    if (a->rank == 0 || b->rank == 0)
        return ar_fail(ARETE_E_SHAPE, "a product of a scalar");
    if (a->rank == 1)
        *view_a = arete_tensor_make(NULL, 0, a->dtype, 2, (const int64_t[]){1, a->dims[0]});
    if (b->rank == 1)
        *view_b = arete_tensor_make(NULL, 0, b->dtype, 2, (const int64_t[]){b->dims[0], 1});
    uint32_t rank = view_a->rank > view_b->rank ? view_a->rank : view_b->rank;
    *view_c = (arete_tensor){.dtype = y->dtype, .rank = rank};
    for (uint32_t d = 0; d + 2 < rank; d++) {
        int64_t da = d + view_a->rank >= rank ? view_a->dims[d + view_a->rank - rank] : 1;
        int64_t db = d + view_b->rank >= rank ? view_b->dims[d + view_b->rank - rank] : 1;
        if (da != db && da != 1 && db != 1)
            return ar_fail(ARETE_E_SHAPE, "batches of %lld and %lld do not go together", (long long)da,
                           (long long)db);
        view_c->dims[d] = da == 1 ? db : da;
    }
    if (view_a->dims[view_a->rank - 1] != view_b->dims[view_b->rank - 2])
        return ar_fail(ARETE_E_SHAPE, "a has %lld columns, but b has %lld rows",
                       (long long)view_a->dims[view_a->rank - 1], (long long)view_b->dims[view_b->rank - 2]);
    view_c->dims[rank - 2] = view_a->dims[view_a->rank - 2];
    view_c->dims[rank - 1] = view_b->dims[view_b->rank - 1];
    *y = (arete_tensor){.dtype = y->dtype};
    for (uint32_t d = 0; d < rank; d++)
        if (!(d == rank - 2 && a->rank == 1) && !(d == rank - 1 && b->rank == 1))
            y->dims[y->rank++] = view_c->dims[d];
    return ARETE_OK;
}

/* A product of a and b into c, whose type is set; one launch if a matrix is shared: rows of all batches together.
 */
static arete_status product(ar_lowering *l, const ar_node *n, int a, int b, int c, ar_step **made) {
    arete_tensor view_a, view_b, view_c, y = l->graph->values[c].t;
    const arete_tensor ta = l->graph->values[a].t, tb = l->graph->values[b].t;
    arete_status status = product_shape(&ta, &tb, &view_a, &view_b, &view_c, &y);
    if (status != ARETE_OK)
        return status;
    l->graph->values[c].t = y;
    if (view_b.rank == 2 && view_a.rank > 2) { /* rows of all batches are rows of one product */
        int64_t rows = 1, k = view_a.dims[view_a.rank - 1];
        for (uint32_t d = 0; d + 1 < view_a.rank; d++)
            rows *= view_a.dims[d];
        view_a = arete_tensor_make(NULL, 0, ta.dtype, 2, (const int64_t[]){rows, k});
        view_c = arete_tensor_make(NULL, 0, y.dtype, 2, (const int64_t[]){rows, view_b.dims[1]});
    }
    ar_step *step = ar_graph_step(l->graph, &ar_step_matmul, n->name, n->op, MM_SLOTS, sizeof(arete_matmul_desc));
    if (!step)
        return ARETE_E_MEMORY;
    ar_step_input(l->graph, step, MM_A, a);
    ar_step_input(l->graph, step, MM_B, b);
    ar_step_output(l->graph, step, MM_C, c);
    step->view[MM_A] = view_a;
    step->view[MM_B] = view_b;
    step->view[MM_C] = view_c;
    ((arete_matmul_desc *)step->desc)->prepack = constant(l, b);
    *made = step;
    return ARETE_OK;
}

arete_status ar_lower_product(ar_lowering *l, const ar_node *n, int a, int b, int c) {
    ar_step *step;
    l->graph->values[c].t.dtype = l->graph->values[a].t.dtype;
    return product(l, n, a, b, c, &step);
}

static arete_status real_types(const arete_tensor *a, const arete_tensor *b) {
    bool real = a->dtype == ARETE_F32 || a->dtype == ARETE_F16 || a->dtype == ARETE_BF16 || a->dtype == ARETE_F64;
    if (a->dtype != b->dtype || !real)
        return ar_fail(ARETE_E_UNSUPPORTED, "a product of %s and %s; f32, f16, bf16 and f64 are supported",
                       arete_dtype_name(a->dtype), arete_dtype_name(b->dtype));
    return ARETE_OK;
}

static arete_status lower_matmul(ar_lowering *l, const ar_node *n) {
    const arete_tensor *a, *b;
    ar_step *step;
    arete_status status = ar_node_input(l, n, 0, "a", &a);
    if (status == ARETE_OK)
        status = ar_node_input(l, n, 1, "b", &b);
    if (status == ARETE_OK)
        status = real_types(a, b);
    if (status != ARETE_OK)
        return status;
    l->graph->values[n->out[0]].t.dtype = a->dtype;
    return product(l, n, n->in[0], n->in[1], n->out[0], &step);
}

/* C of Gemm as a bias, when it is one; else as Cin with beta. */
static void gemm_c(ar_lowering *l, const ar_node *n, ar_step *step, float beta, int64_t m, int64_t cols) {
    const arete_tensor c = l->graph->values[n->in[2]].t;
    int64_t last = c.rank ? c.dims[c.rank - 1] : 1, count = arete_tensor_elements(&c);
    arete_matmul_desc *desc = step->desc;
    bool float_type = c.dtype != ARETE_F64;
    if (beta == 1 && float_type && last == cols && count == cols && cols != 1) {
        ar_step_input(l->graph, step, MM_BIAS, n->in[2]);
        step->view[MM_BIAS] = arete_tensor_make(NULL, 0, c.dtype, 1, &cols);
        return;
    }
    if (beta == 1 && float_type && c.rank == 2 && last == 1 && c.dims[0] == m && m != 1) {
        ar_step_input(l->graph, step, MM_BIAS, n->in[2]);
        return;
    }
    desc->beta = (double)beta;
    ar_step_input(l->graph, step, MM_CIN, n->in[2]);
    const int64_t dims[2] = {c.rank == 2 ? c.dims[0] : 1, last};
    step->view[MM_CIN] = arete_tensor_make(NULL, 0, c.dtype, 2, dims);
}

static arete_status lower_gemm(ar_lowering *l, const ar_node *n) {
    const arete_tensor *a, *b;
    float beta = ar_onnx_float(n->proto, "beta", 1);
    arete_status status = ar_node_input(l, n, 0, "a", &a);
    if (status == ARETE_OK)
        status = ar_node_input(l, n, 1, "b", &b);
    if (status == ARETE_OK)
        status = real_types(a, b);
    if (status == ARETE_OK && (a->rank != 2 || b->rank != 2))
        status =
            ar_fail(ARETE_E_SHAPE, "a and b must be matrices, but have %u and %u dimensions", a->rank, b->rank);
    if (status != ARETE_OK)
        return status;
    ar_step *step = ar_graph_step(l->graph, &ar_step_matmul, n->name, n->op, MM_SLOTS, sizeof(arete_matmul_desc));
    if (!step)
        return ARETE_E_MEMORY;
    arete_matmul_desc *desc = step->desc;
    *desc = (arete_matmul_desc){.trans_a = ar_onnx_int(n->proto, "transA", 0) != 0,
                                .trans_b = ar_onnx_int(n->proto, "transB", 0) != 0,
                                .alpha = (double)ar_onnx_float(n->proto, "alpha", 1),
                                .prepack = constant(l, n->in[1])};
    const int64_t dims[2] = {a->dims[desc->trans_a], b->dims[!desc->trans_b]};
    if (a->dims[!desc->trans_a] != b->dims[desc->trans_b])
        return ar_fail(ARETE_E_SHAPE, "a has %lld columns, but b has %lld rows", (long long)a->dims[!desc->trans_a],
                       (long long)b->dims[desc->trans_b]);
    if (desc->alpha == 0)
        return ar_fail(ARETE_E_UNSUPPORTED, "alpha is 0");
    l->graph->values[n->out[0]].t = arete_tensor_make(NULL, 0, a->dtype, 2, dims);
    ar_step_input(l->graph, step, MM_A, n->in[0]);
    ar_step_input(l->graph, step, MM_B, n->in[1]);
    ar_step_output(l->graph, step, MM_C, n->out[0]);
    if (ar_node_has(n, 2) && beta != 0)
        gemm_c(l, n, step, beta, dims[0], dims[1]);
    return ARETE_OK;
}

static arete_status lower_matmul_integer(ar_lowering *l, const ar_node *n) {
    const arete_tensor *a, *b;
    ar_step *step = NULL;
    arete_status status = ar_node_input(l, n, 0, "a", &a);
    if (status == ARETE_OK)
        status = ar_node_input(l, n, 1, "b", &b);
    if (status != ARETE_OK)
        return status;
    l->graph->values[n->out[0]].t.dtype = ARETE_I32;
    status = product(l, n, n->in[0], n->in[1], n->out[0], &step);
    if (status != ARETE_OK)
        return status;
    side_input(l, step, MM_A_ZERO, n, 2);
    side_input(l, step, MM_B_ZERO, n, 3);
    return ARETE_OK;
}

static arete_status lower_qlinear_matmul(ar_lowering *l, const ar_node *n) {
    const arete_tensor *zero;
    ar_step *step = NULL;
    arete_status status = ar_node_input(l, n, 7, "y_zero_point", &zero);
    if (status != ARETE_OK)
        return status;
    int real = ar_node_temporary(l, n, ARETE_F32, 0, NULL);
    if (real == AR_NO_VALUE)
        return ARETE_E_MEMORY;
    const arete_layer_desc quantize = {.op = ARETE_LAYER_QUANTIZE, .axis = 0};
    l->graph->values[n->out[0]].t.dtype = zero->dtype;
    status = product(l, n, n->in[0], n->in[3], real, &step);
    if (status != ARETE_OK)
        return status;
    side_input(l, step, MM_A_SCALE, n, 1);
    side_input(l, step, MM_A_ZERO, n, 2);
    side_input(l, step, MM_B_SCALE, n, 4);
    side_input(l, step, MM_B_ZERO, n, 5);
    const int in[3] = {real, n->in[6], n->in[7]};
    return ar_lower_layer(l, n, &quantize, in, 3, n->out, 1);
}

/* Steps of one operand or two on f32 scalars. */
static arete_status small(ar_lowering *l, const ar_node *n, arete_layer_op op, int a, int b, int *made) {
    const arete_layer_desc desc = {.op = op};
    const int in[2] = {a, b};
    *made = ar_graph_value(l->graph, n->name);
    if (*made == AR_NO_VALUE)
        return ARETE_E_MEMORY;
    return ar_lower_layer(l, n, &desc, in, b == AR_NO_VALUE ? 1 : 2, made, 1);
}

/* DynamicQuantizeLinear-11: scale = (max(x, 0) - min(x, 0)) / 255, zero = saturate(round(-min / scale)). */
static arete_status lower_dynamic_quantize(ar_lowering *l, const ar_node *n) {
    const arete_layer_desc cast = {.op = ARETE_LAYER_CAST}, quantize = {.op = ARETE_LAYER_QUANTIZE};
    const arete_layer_desc least = {.op = ARETE_LAYER_REDUCE_MIN, .drop_dims = true},
                           most = {.op = ARETE_LAYER_REDUCE_MAX, .drop_dims = true};
    int none = ar_lower_scalar(l, ARETE_F32, 0), range = ar_lower_scalar(l, ARETE_F32, 255);
    int low = ar_graph_value(l->graph, n->name), high = ar_graph_value(l->graph, n->name), scale, v;
    int zero = n->out_count > 2 && n->out[2] != AR_NO_VALUE ? n->out[2] : ar_graph_value(l->graph, n->name);
    if (none == AR_NO_VALUE || range == AR_NO_VALUE || low == AR_NO_VALUE || high == AR_NO_VALUE ||
        zero == AR_NO_VALUE)
        return ARETE_E_MEMORY;
    arete_status status = ar_lower_layer(l, n, &least, n->in, 1, &low, 1);
    if (status == ARETE_OK)
        status = ar_lower_layer(l, n, &most, n->in, 1, &high, 1);
    if (status == ARETE_OK)
        status = small(l, n, ARETE_LAYER_MIN, low, none, &low);
    if (status == ARETE_OK)
        status = small(l, n, ARETE_LAYER_MAX, high, none, &high);
    if (status == ARETE_OK)
        status = small(l, n, ARETE_LAYER_SUB, high, low, &v);
    if (status == ARETE_OK)
        status = small(l, n, ARETE_LAYER_DIV, v, range, &scale);
    if (status == ARETE_OK)
        status = small(l, n, ARETE_LAYER_DIV, low, scale, &v);
    if (status == ARETE_OK)
        status = small(l, n, ARETE_LAYER_NEG, v, AR_NO_VALUE, &v);
    if (status == ARETE_OK)
        status = small(l, n, ARETE_LAYER_ROUND, v, AR_NO_VALUE, &v);
    if (status != ARETE_OK)
        return status;
    l->graph->values[zero].t.dtype = ARETE_U8;
    l->graph->values[n->out[0]].t.dtype = ARETE_U8;
    status = ar_lower_layer(l, n, &cast, &v, 1, &zero, 1);
    const int in[3] = {n->in[0], scale, zero};
    if (status == ARETE_OK)
        status = ar_lower_layer(l, n, &quantize, in, 3, n->out, 1);
    if (status == ARETE_OK && n->out_count > 1 && n->out[1] != AR_NO_VALUE)
        status = ar_lower_alias(l, scale, n->out[1], 0, NULL);
    return status;
}

static void conv_attributes(const ar_node *n, uint32_t spatial, arete_conv_desc *desc) {
    static const char *const pads_of[] = {"NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"};
    int64_t pads[2 * ARETE_CONV_MAX_SPATIAL] = {0};
    char mode[16];
    ar_onnx_string(n->proto, "auto_pad", "NOTSET", mode, sizeof mode);
    for (int i = 0; i < 4; i++)
        if (strcmp(mode, pads_of[i]) == 0)
            desc->auto_pad = (arete_auto_pad)i;
    ar_onnx_ints(n->proto, "strides", desc->strides, ARETE_CONV_MAX_SPATIAL);
    ar_onnx_ints(n->proto, "dilations", desc->dilations, ARETE_CONV_MAX_SPATIAL);
    ar_onnx_ints(n->proto, "output_padding", desc->output_padding, ARETE_CONV_MAX_SPATIAL);
    ar_onnx_ints(n->proto, "output_shape", desc->output_shape, ARETE_CONV_MAX_SPATIAL);
    ar_onnx_ints(n->proto, "pads", pads, 2 * spatial);
    for (uint32_t d = 0; d < spatial && desc->auto_pad == ARETE_PAD_EXPLICIT; d++) {
        desc->pads_begin[d] = pads[d];
        desc->pads_end[d] = pads[d + spatial];
    }
    desc->groups = ar_onnx_int(n->proto, "group", 1);
}

static arete_status convolution(ar_lowering *l, const ar_node *n, uint32_t w_input, bool transposed,
                                ar_step **made) {
    const arete_tensor *x, *w;
    arete_status status = ar_node_input(l, n, 0, "x", &x);
    if (status == ARETE_OK)
        status = ar_node_input(l, n, w_input, "w", &w);
    if (status != ARETE_OK)
        return status;
    if (x->rank < 3 || x->rank > 2 + ARETE_CONV_MAX_SPATIAL)
        return ar_fail(ARETE_E_UNSUPPORTED, "a convolution of %u dimensions; [N,C] and 1 to %d more are supported",
                       x->rank, ARETE_CONV_MAX_SPATIAL);
    ar_step *step = ar_graph_step(l->graph, &ar_step_conv, n->name, n->op, CONV_SLOTS, sizeof(arete_conv_desc));
    if (!step)
        return ARETE_E_MEMORY;
    arete_conv_desc *desc = step->desc;
    *desc =
        (arete_conv_desc){.transposed = transposed, .math = l->desc->math, .prepack = constant(l, n->in[w_input])};
    conv_attributes(n, x->rank - 2, desc);
    status = arete_conv_output(desc, x, w, &l->graph->values[n->out[0]].t);
    if (status != ARETE_OK)
        return status;
    arete_tensor *y = &l->graph->values[n->out[0]].t;
    *y = arete_tensor_make(NULL, 0, y->dtype, y->rank, y->dims);
    ar_step_input(l->graph, step, CONV_X, n->in[0]);
    ar_step_input(l->graph, step, CONV_W, n->in[w_input]);
    ar_step_output(l->graph, step, CONV_Y, n->out[0]);
    *made = step;
    return ARETE_OK;
}

/* A transposed convolution whose kernel is its stride, b x b, without padding: each input gives b x b outputs of
 * its own. That is a convolution by 1 x 1 to b * b times the channels, whose results are then put side by side. */
static bool is_shuffle(const ar_lowering *l, const ar_node *n, int64_t *block) {
    const arete_tensor *w = ar_node_has(n, 1) ? &l->graph->values[n->in[1]].t : NULL;
    int64_t strides[3] = {0}, pads[6] = {0}, zero[3] = {0}, dilations[3] = {1, 1, 1};
    if (!w || w->rank != 4 || w->dtype != ARETE_F32 || !constant(l, n->in[1]) ||
        ar_onnx_int(n->proto, "group", 1) != 1 || (ar_node_has(n, 2) && !constant(l, n->in[2])) ||
        w->dims[2] != w->dims[3] || w->dims[2] < 2 || ar_onnx_ints(n->proto, "strides", strides, 3) != 2 ||
        ar_onnx_attribute(n->proto, "output_shape"))
        return false;
    ar_onnx_ints(n->proto, "pads", pads, 6);
    ar_onnx_ints(n->proto, "output_padding", zero, 3);
    ar_onnx_ints(n->proto, "dilations", dilations, 3);
    char mode[16];
    bool padded = pads[0] || pads[1] || pads[2] || pads[3] || zero[0] || zero[1] ||
                  strcmp(ar_onnx_string(n->proto, "auto_pad", "NOTSET", mode, sizeof mode), "NOTSET") != 0;
    *block = w->dims[2];
    return !padded && strides[0] == *block && strides[1] == *block && dilations[0] == 1 && dilations[1] == 1;
}

static arete_status lower_shuffle(ar_lowering *l, const ar_node *n, int64_t block) {
    const arete_tensor w = l->graph->values[n->in[1]].t, x = l->graph->values[n->in[0]].t;
    const void *from = l->graph->values[n->in[1]].data;
    const void *bias = ar_node_has(n, 2) ? l->graph->values[n->in[2]].data : NULL;
    int64_t c = w.dims[0], m = w.dims[1], taps = block * block, channels = m * taps;
    float *turned = ar_pool_alloc(&l->graph->pool, (size_t)(c * channels + 1) * sizeof *turned);
    float *repeated = ar_pool_alloc(&l->graph->pool, (size_t)(channels + 1) * sizeof *repeated);
    if (!turned || !repeated)
        return ARETE_E_MEMORY;
    if (x.rank != 4 || x.dims[1] != c)
        return ar_fail(ARETE_E_SHAPE, "x must be [N,%lld,H,W]", (long long)c);
    for (int64_t o = 0; o < channels; o++) {
        repeated[o] = bias ? ar_float_at(bias, (size_t)(o / taps)) : 0;
        for (int64_t i = 0; i < c; i++)
            turned[o * c + i] = ar_float_at(from, (size_t)(i * channels + o));
    }
    int weights =
        ar_graph_constant(l->graph, n->name, ARETE_F32, 4, (const int64_t[]){channels, c, 1, 1}, turned, false);
    int shift = ar_graph_constant(l->graph, n->name, ARETE_F32, 1, &channels, repeated, false);
    int flat = ar_node_temporary(l, n, ARETE_F32, 4, (const int64_t[]){x.dims[0], channels, x.dims[2], x.dims[3]});
    if (weights == AR_NO_VALUE || shift == AR_NO_VALUE || flat == AR_NO_VALUE)
        return ARETE_E_MEMORY;
    ar_step *step = ar_graph_step(l->graph, &ar_step_conv, n->name, n->op, CONV_SLOTS, sizeof(arete_conv_desc));
    if (!step)
        return ARETE_E_MEMORY;
    *(arete_conv_desc *)step->desc = (arete_conv_desc){.math = l->desc->math, .prepack = true};
    ar_step_input(l->graph, step, CONV_X, n->in[0]);
    ar_step_input(l->graph, step, CONV_W, weights);
    ar_step_input(l->graph, step, CONV_BIAS, shift);
    ar_step_output(l->graph, step, CONV_Y, flat);
    const arete_layer_desc spread = {.op = ARETE_LAYER_DEPTH_TO_SPACE, .blocksize = (uint32_t)block, .mode = 1};
    return ar_lower_layer(l, n, &spread, &flat, 1, n->out, 1);
}

static arete_status lower_conv(ar_lowering *l, const ar_node *n) {
    ar_step *step = NULL;
    int64_t block = 0;
    if (strcmp(n->op, "ConvTranspose") == 0 && is_shuffle(l, n, &block))
        return lower_shuffle(l, n, block);
    arete_status status = convolution(l, n, 1, strcmp(n->op, "ConvTranspose") == 0, &step);
    if (status == ARETE_OK && ar_node_has(n, 2))
        ar_step_input(l->graph, step, CONV_BIAS, n->in[2]);
    return status;
}

static arete_status lower_conv_integer(ar_lowering *l, const ar_node *n) {
    ar_step *step = NULL;
    l->graph->values[n->out[0]].t.dtype = ARETE_I32;
    arete_status status = convolution(l, n, 1, false, &step);
    if (status != ARETE_OK)
        return status;
    side_input(l, step, CONV_X_ZERO, n, 2);
    side_input(l, step, CONV_W_ZERO, n, 3);
    return ARETE_OK;
}

static arete_status lower_qlinear_conv(ar_lowering *l, const ar_node *n) {
    const arete_tensor *zero;
    ar_step *step = NULL;
    arete_status status = ar_node_input(l, n, 7, "y_zero_point", &zero);
    if (status != ARETE_OK)
        return status;
    l->graph->values[n->out[0]].t.dtype = zero->dtype;
    status = convolution(l, n, 3, false, &step);
    if (status != ARETE_OK)
        return status;
    side_input(l, step, CONV_X_SCALE, n, 1);
    side_input(l, step, CONV_X_ZERO, n, 2);
    side_input(l, step, CONV_W_SCALE, n, 4);
    side_input(l, step, CONV_W_ZERO, n, 5);
    side_input(l, step, CONV_Y_SCALE, n, 6);
    side_input(l, step, CONV_Y_ZERO, n, 7);
    side_input(l, step, CONV_BIAS, n, 8);
    return ARETE_OK;
}

const ar_lower_op ar_lower_products[] = {
    {"MatMul", lower_matmul},
    {"Gemm", lower_gemm},
    {"MatMulInteger", lower_matmul_integer},
    {"QLinearMatMul", lower_qlinear_matmul},
    {"DynamicQuantizeLinear", lower_dynamic_quantize},
    {"Conv", lower_conv},
    {"ConvTranspose", lower_conv},
    {"ConvInteger", lower_conv_integer},
    {"QLinearConv", lower_qlinear_conv},
    {NULL, NULL},
};
