/* Losses, and other operators made of several layers: training's view of a network, evaluated. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lower.h"

/* A layer's result as a new value; AR_NO_VALUE on failure, with *status. Nothing is done when *status is one
 * already. */
static int made(ar_lowering *l, const ar_node *n, const arete_layer_desc *desc, const int *in, uint32_t count,
                arete_status *status) {
    int out = *status == ARETE_OK ? ar_graph_value(l->graph, n->name) : AR_NO_VALUE;
    if (*status == ARETE_OK)
        *status = out == AR_NO_VALUE ? ARETE_E_MEMORY : ar_lower_layer(l, n, desc, in, count, &out, 1);
    return out;
}

static int two(ar_lowering *l, const ar_node *n, arete_layer_op op, int a, int b, arete_status *status) {
    const arete_layer_desc desc = {.op = op};
    const int in[2] = {a, b};
    return made(l, n, &desc, in, b == AR_NO_VALUE ? 1 : 2, status);
}

static int seen_as(ar_lowering *l, const ar_node *n, int value, uint32_t rank, const int64_t *dims,
                   arete_status *status) {
    int out = *status == ARETE_OK ? ar_graph_value(l->graph, n->name) : AR_NO_VALUE;
    if (*status == ARETE_OK)
        *status = out == AR_NO_VALUE ? ARETE_E_MEMORY : ar_lower_alias(l, value, out, rank, dims);
    return out;
}

/* The last value of a chain becomes the node's output. */
static arete_status give(ar_lowering *l, int from, int to, uint32_t rank, const int64_t *dims,
                         arete_status status) {
    return status == ARETE_OK ? ar_lower_alias(l, from, to, rank, dims) : status;
}

/* Weights of the targets, [N,1,d1,...]: of their class, 0 where they are to be ignored; AR_NO_VALUE: all are 1. */
static int target_weights(ar_lowering *l, const ar_node *n, int target, arete_dtype type, arete_status *status) {
    const arete_tensor t = l->graph->values[target].t;
    const Onnx__AttributeProto *ignore = ar_onnx_attribute(n->proto, "ignore_index");
    int weights = AR_NO_VALUE;
    if (ar_node_has(n, 2)) {
        const arete_layer_desc gather = {.op = ARETE_LAYER_GATHER};
        const int in[2] = {n->in[2], target};
        weights = made(l, n, &gather, in, 2, status);
    } else if (ignore) {
        int one = ar_lower_scalar(l, type, 1);
        int out = ar_graph_temporary(l->graph, n->name, type, t.rank, t.dims);
        const arete_layer_desc expand = {.op = ARETE_LAYER_IDENTITY};
        *status = *status != ARETE_OK                        ? *status
                  : one == AR_NO_VALUE || out == AR_NO_VALUE ? ARETE_E_MEMORY
                                                             : ar_lower_layer(l, n, &expand, &one, 1, &out, 1);
        weights = out;
    }
    if (!ignore || *status != ARETE_OK)
        return weights;
    const arete_layer_desc where = {.op = ARETE_LAYER_WHERE};
    int ignored = two(l, n, ARETE_LAYER_EQUAL, target, ar_lower_scalar(l, t.dtype, (double)ignore->i), status);
    const int in[3] = {ignored, ar_lower_scalar(l, type, 0), weights};
    return made(l, n, &where, in, 3, status);
}

/* NegativeLogLikelihoodLoss-13: -x[n, target, d...] * weight[target], summed or averaged by the weights. */
static arete_status likelihood_loss(ar_lowering *l, const ar_node *n, int x, int out) {
    const arete_tensor *target;
    arete_status status = ar_node_input(l, n, 1, "target", &target);
    const arete_tensor tx = l->graph->values[x].t;
    int64_t dims[ARETE_MAX_RANK];
    char reduction[8];
    if (status == ARETE_OK && (tx.rank < 2 || target->rank + 1 != tx.rank))
        status = ar_fail(ARETE_E_SHAPE, "target has %u dimensions, but x has %u", target->rank, tx.rank);
    if (status != ARETE_OK)
        return status;
    for (uint32_t d = 0; d < tx.rank; d++)
        dims[d] = d == 1 ? 1 : target->dims[d > 1 ? d - 1 : d];
    ar_onnx_string(n->proto, "reduction", "mean", reduction, sizeof reduction);
    const arete_layer_desc gather = {.op = ARETE_LAYER_GATHER_ELEMENTS, .axis = 1};
    const arete_layer_desc sum = {.op = ARETE_LAYER_REDUCE_SUM, .drop_dims = true},
                           mean = {.op = ARETE_LAYER_REDUCE_MEAN, .drop_dims = true};
    int index = seen_as(l, n, n->in[1], tx.rank, dims, &status);
    const int in[2] = {x, index};
    int loss = two(l, n, ARETE_LAYER_NEG, made(l, n, &gather, in, 2, &status), AR_NO_VALUE, &status);
    int weights = target_weights(l, n, index, tx.dtype, &status);
    if (weights != AR_NO_VALUE)
        loss = two(l, n, ARETE_LAYER_MUL, loss, weights, &status);
    if (strcmp(reduction, "none") == 0)
        return give(l, loss, out, target->rank, target->dims, status);
    bool plain = strcmp(reduction, "mean") == 0 && weights == AR_NO_VALUE;
    int result = made(l, n, plain ? &mean : &sum, &loss, 1, &status);
    if (strcmp(reduction, "mean") == 0 && !plain)
        result = two(l, n, ARETE_LAYER_DIV, result, made(l, n, &sum, &weights, 1, &status), &status);
    return give(l, result, out, 0, NULL, status);
}

static arete_status lower_likelihood(ar_lowering *l, const ar_node *n) {
    const arete_tensor *x;
    arete_status status = ar_node_input(l, n, 0, "x", &x);
    return status == ARETE_OK ? likelihood_loss(l, n, n->in[0], n->out[0]) : status;
}

static arete_status lower_cross_entropy(ar_lowering *l, const ar_node *n) {
    const arete_layer_desc log_softmax = {.op = ARETE_LAYER_LOG_SOFTMAX, .axis = 1};
    const arete_tensor *x;
    arete_status status = ar_node_input(l, n, 0, "scores", &x);
    int likely = made(l, n, &log_softmax, n->in, 1, &status);
    if (status == ARETE_OK)
        status = likelihood_loss(l, n, likely, n->out[0]);
    if (status == ARETE_OK && n->out_count > 1 && n->out[1] != AR_NO_VALUE)
        status = ar_lower_alias(l, likely, n->out[1], x->rank, x->dims);
    return status;
}

/* Shrink-9: x + bias below -lambd, x - bias above lambd, else 0. */
static arete_status lower_shrink(ar_lowering *l, const ar_node *n) {
    const arete_layer_desc where = {.op = ARETE_LAYER_WHERE};
    double lambd = (double)ar_onnx_float(n->proto, "lambd", 0.5f),
           bias = (double)ar_onnx_float(n->proto, "bias", 0);
    const arete_tensor *x;
    arete_status status = ar_node_input(l, n, 0, "x", &x);
    if (status != ARETE_OK)
        return status;
    int none = ar_lower_scalar(l, x->dtype, 0), low = ar_lower_scalar(l, x->dtype, -lambd),
        high = ar_lower_scalar(l, x->dtype, lambd), shift = ar_lower_scalar(l, x->dtype, bias);
    const int above[3] = {two(l, n, ARETE_LAYER_GREATER, n->in[0], high, &status),
                          two(l, n, ARETE_LAYER_SUB, n->in[0], shift, &status), none};
    int rest = made(l, n, &where, above, 3, &status);
    const int below[3] = {two(l, n, ARETE_LAYER_LESS, n->in[0], low, &status),
                          two(l, n, ARETE_LAYER_ADD, n->in[0], shift, &status), rest};
    return status == ARETE_OK ? ar_lower_layer(l, n, &where, below, 3, n->out, 1) : status;
}

/* MeanVarianceNormalization-13: (x - mean) / (deviation + 1e-9) over axes. */
static arete_status lower_mean_variance(ar_lowering *l, const ar_node *n) {
    arete_layer_desc mean = {.op = ARETE_LAYER_REDUCE_MEAN, .axes = {0, 2, 3}, .axis_count = 3};
    const arete_tensor *x;
    arete_status status = ar_node_input(l, n, 0, "x", &x);
    size_t count = ar_onnx_ints(n->proto, "axes", mean.axes, ARETE_MAX_RANK);
    if (status != ARETE_OK || count > ARETE_MAX_RANK)
        return status != ARETE_OK ? status : ar_fail(ARETE_E_FORMAT, "%zu axes", count);
    mean.axis_count = count ? (uint32_t)count : 3;
    int apart = two(l, n, ARETE_LAYER_SUB, n->in[0], made(l, n, &mean, n->in, 1, &status), &status);
    int square = two(l, n, ARETE_LAYER_MUL, apart, apart, &status);
    int deviation = two(l, n, ARETE_LAYER_SQRT, made(l, n, &mean, &square, 1, &status), AR_NO_VALUE, &status);
    int divisor = two(l, n, ARETE_LAYER_ADD, deviation, ar_lower_scalar(l, x->dtype, 1e-9), &status);
    const arete_layer_desc div = {.op = ARETE_LAYER_DIV};
    const int in[2] = {apart, divisor};
    return status == ARETE_OK ? ar_lower_layer(l, n, &div, in, 2, n->out, 1) : status;
}

/* BatchNormalization-15 with training_mode: by the batch's own mean and variance, which also move the running ones.
 */
arete_status ar_lower_batch_training(ar_lowering *l, const ar_node *n) {
    arete_layer_desc mean = {.op = ARETE_LAYER_REDUCE_MEAN, .axes = {0}, .axis_count = 1},
                     norm = {.op = ARETE_LAYER_BATCH_NORM, .epsilon = ar_onnx_float(n->proto, "epsilon", 1e-5f)};
    double momentum = (double)ar_onnx_float(n->proto, "momentum", 0.9f);
    const arete_tensor *x;
    arete_status status = ar_node_input(l, n, 0, "x", &x);
    if (status != ARETE_OK)
        return status;
    if (x->rank < 2 || n->in_count < 5)
        return ar_fail(ARETE_E_SHAPE, "x of %u dimensions and %u inputs; 2 and 5 are the least", x->rank,
                       n->in_count);
    for (uint32_t d = 2; d < x->rank; d++)
        mean.axes[mean.axis_count++] = d;
    const int64_t channels = x->dims[1];
    int kept = made(l, n, &mean, n->in, 1, &status);
    int apart = two(l, n, ARETE_LAYER_SUB, n->in[0], kept, &status);
    int square = two(l, n, ARETE_LAYER_MUL, apart, apart, &status);
    const int now[2] = {seen_as(l, n, kept, 1, &channels, &status),
                        seen_as(l, n, made(l, n, &mean, &square, 1, &status), 1, &channels, &status)};
    const int in[5] = {n->in[0], n->in[1], n->in[2], now[0], now[1]};
    if (status == ARETE_OK)
        status = ar_lower_layer(l, n, &norm, in, 5, n->out, 1);
    for (uint32_t i = 0; i < 2 && status == ARETE_OK; i++) {
        if (i + 1 >= n->out_count || n->out[i + 1] == AR_NO_VALUE)
            continue;
        int old = two(l, n, ARETE_LAYER_MUL, n->in[3 + i], ar_lower_scalar(l, x->dtype, momentum), &status);
        int new = two(l, n, ARETE_LAYER_MUL, now[i], ar_lower_scalar(l, x->dtype, 1 - momentum), &status);
        const arete_layer_desc add = {.op = ARETE_LAYER_ADD};
        const int both[2] = {old, new};
        if (status == ARETE_OK)
            status = ar_lower_layer(l, n, &add, both, 2, &n->out[i + 1], 1);
    }
    return status;
}

arete_status ar_lower_column_major(ar_lowering *l, const ar_node *n, int from, int to, int64_t height,
                                   int64_t width) {
    const arete_layer_desc add = {.op = ARETE_LAYER_ADD};
    arete_status status = ARETE_OK;
    int area = ar_lower_scalar(l, ARETE_I64, (double)(height * width));
    int h = ar_lower_scalar(l, ARETE_I64, (double)height), w = ar_lower_scalar(l, ARETE_I64, (double)width);
    int plane = two(l, n, ARETE_LAYER_MUL, two(l, n, ARETE_LAYER_DIV, from, area, &status), area, &status);
    int within = two(l, n, ARETE_LAYER_SUB, from, plane, &status);
    int row = two(l, n, ARETE_LAYER_DIV, within, w, &status);
    int column = two(l, n, ARETE_LAYER_SUB, within, two(l, n, ARETE_LAYER_MUL, row, w, &status), &status);
    const int in[3] = {plane, two(l, n, ARETE_LAYER_MUL, column, h, &status), row};
    return status == ARETE_OK ? ar_lower_layer(l, n, &add, in, 3, &to, 1) : status;
}

/* MaxUnpool-11: each value to where its maximum stood, zeros elsewhere. */
static arete_status lower_unpool(ar_lowering *l, const ar_node *n) {
    const arete_layer_desc expand = {.op = ARETE_LAYER_IDENTITY}, scatter = {.op = ARETE_LAYER_SCATTER_ELEMENTS};
    const arete_tensor *x;
    int64_t dims[ARETE_MAX_RANK], kernel[3] = {0}, strides[3] = {1, 1, 1}, pads[6] = {0}, total = 1;
    size_t count = 0;
    arete_status status = ar_node_input(l, n, 0, "x", &x);
    if (status == ARETE_OK)
        status = ar_node_integers(l, n, 2, NULL, dims, ARETE_MAX_RANK, &count);
    if (status != ARETE_OK)
        return status;
    uint32_t spatial = x->rank - 2;
    if (x->rank < 3 || x->rank > 5 || ar_onnx_ints(n->proto, "kernel_shape", kernel, 3) != spatial ||
        (count && count != x->rank))
        return ar_fail(ARETE_E_SHAPE, "x of %u dimensions and its kernel_shape", x->rank);
    ar_onnx_ints(n->proto, "strides", strides, 3);
    ar_onnx_ints(n->proto, "pads", pads, 6);
    for (uint32_t d = 0; d < x->rank; d++) {
        if (!count)
            dims[d] = d < 2
                          ? x->dims[d]
                          : (x->dims[d] - 1) * strides[d - 2] + kernel[d - 2] - pads[d - 2] - pads[d - 2 + spatial];
        if (dims[d] < 0 || __builtin_mul_overflow(total, dims[d], &total))
            return ar_fail(ARETE_E_SHAPE, "dimension %u of the output is %lld", d, (long long)dims[d]);
    }
    const int64_t many = arete_tensor_elements(x);
    int none = ar_lower_scalar(l, x->dtype, 0), zeros = ar_graph_temporary(l->graph, n->name, x->dtype, 1, &total);
    if (none == AR_NO_VALUE || zeros == AR_NO_VALUE)
        return ARETE_E_MEMORY;
    status = ar_lower_layer(l, n, &expand, &none, 1, &zeros, 1);
    const int in[3] = {zeros, seen_as(l, n, n->in[1], 1, &many, &status),
                       seen_as(l, n, n->in[0], 1, &many, &status)};
    return give(l, made(l, n, &scatter, in, 3, &status), n->out[0], x->rank, dims, status);
}

/* HannWindow-17 and its like: a0 - a1 cos(2 pi i / N) + a2 cos(4 pi i / N), of a size that is known at load. */
static arete_status lower_window(ar_lowering *l, const ar_node *n) {
    static const struct {
        const char *op;
        double a[3];
    } windows[] = {{"HannWindow", {0.5, 0.5, 0}},
                   {"HammingWindow", {25.0 / 46, 1 - 25.0 / 46, 0}},
                   {"BlackmanWindow", {0.42, 0.5, 0.08}}};
    int64_t size = 0;
    size_t count = 0, which = 0;
    arete_status status = ar_node_integers(l, n, 0, NULL, &size, 1, &count);
    if (status != ARETE_OK)
        return status;
    if (count != 1 || size < 0 || size > 1 << 24 || ar_onnx_int(n->proto, "output_datatype", 1) != 1)
        return ar_fail(ARETE_E_UNSUPPORTED, "a window of %lld elements, or not of f32", (long long)size);
    while (strcmp(windows[which].op, n->op) != 0)
        which++;
    const double *a = windows[which].a;
    float *data = ar_pool_alloc(&l->graph->pool, (size_t)(size + 1) * sizeof *data);
    if (!data)
        return ARETE_E_MEMORY;
    double turns = ar_onnx_int(n->proto, "periodic", 1) ? (double)size : (double)(size - 1);
    for (int64_t i = 0; i < size; i++) {
        double angle = 6.283185307179586 * (double)i / turns;
        data[i] = (float)(a[0] - a[1] * cos(angle) + a[2] * cos(2 * angle));
    }
    int value = ar_graph_constant(l->graph, n->name, ARETE_F32, 1, &size, data, false);
    return value == AR_NO_VALUE ? ARETE_E_MEMORY : ar_lower_alias(l, value, n->out[0], 1, &size);
}

const ar_lower_op ar_lower_losses[] = {
    {"NegativeLogLikelihoodLoss", lower_likelihood},
    {"SoftmaxCrossEntropyLoss", lower_cross_entropy},
    {"Shrink", lower_shrink},
    {"MeanVarianceNormalization", lower_mean_variance},
    {"MaxUnpool", lower_unpool},
    {"HannWindow", lower_window},
    {"HammingWindow", lower_window},
    {"BlackmanWindow", lower_window},
    {NULL, NULL},
};
