/* LSTM, GRU and RNN. */
#include <string.h>

#include "lower.h"
#include "steps.h"

/* ONNX's names in any case; NONE: unknown. */
static arete_activation activation_of(const char *name) {
    static const struct {
        const char *name;
        arete_activation activation;
    } all[] = {{"relu", ARETE_ACT_RELU},
               {"tanh", ARETE_ACT_TANH},
               {"sigmoid", ARETE_ACT_SIGMOID},
               {"affine", ARETE_ACT_AFFINE},
               {"leakyrelu", ARETE_ACT_LEAKY_RELU},
               {"thresholdedrelu", ARETE_ACT_THRESHOLDED_RELU},
               {"scaledtanh", ARETE_ACT_SCALED_TANH},
               {"hardsigmoid", ARETE_ACT_HARD_SIGMOID},
               {"elu", ARETE_ACT_ELU},
               {"softsign", ARETE_ACT_SOFTSIGN},
               {"softplus", ARETE_ACT_SOFTPLUS}};
    char lower[32];
    size_t length = strlen(name) < sizeof lower - 1 ? strlen(name) : sizeof lower - 1;
    for (size_t i = 0; i < length; i++)
        lower[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] - 'A' + 'a' : name[i]);
    lower[length] = '\0';
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (strcmp(lower, all[i].name) == 0)
            return all[i].activation;
    return ARETE_ACT_NONE;
}

static bool has_alpha(arete_activation a) {
    return a == ARETE_ACT_AFFINE || a == ARETE_ACT_LEAKY_RELU || a == ARETE_ACT_THRESHOLDED_RELU ||
           a == ARETE_ACT_SCALED_TANH || a == ARETE_ACT_HARD_SIGMOID || a == ARETE_ACT_ELU;
}

static bool has_beta(arete_activation a) {
    return a == ARETE_ACT_AFFINE || a == ARETE_ACT_SCALED_TANH || a == ARETE_ACT_HARD_SIGMOID;
}

/* ONNX's defaults, for the activations that the file gives no parameters. */
static float default_of(arete_activation a, bool beta) {
    switch (a) {
    case ARETE_ACT_LEAKY_RELU:
        return 0.01f;
    case ARETE_ACT_HARD_SIGMOID:
        return beta ? 0.5f : 0.2f;
    case ARETE_ACT_AFFINE:
        return beta ? 0 : 1;
    default:
        return 1;
    }
}

/* The lists of activations and of the parameters of those that have some. */
static arete_status activations(ar_lowering *l, const ar_node *n, uint32_t each, arete_rnn_desc *desc) {
    uint32_t count = each * (desc->direction == ARETE_RNN_BIDIRECTIONAL ? 2 : 1);
    char name[32];
    if (!ar_onnx_string_at(n->proto, "activations", 0, name, sizeof name))
        return ARETE_OK;
    arete_activation *list = ar_pool_alloc(&l->graph->pool, count * sizeof *list);
    float *alpha = ar_pool_alloc(&l->graph->pool, count * sizeof *alpha);
    float *beta = ar_pool_alloc(&l->graph->pool, count * sizeof *beta);
    float given_alpha[8], given_beta[8];
    size_t alphas = ar_onnx_floats(n->proto, "activation_alpha", given_alpha, 8), a = 0;
    size_t betas = ar_onnx_floats(n->proto, "activation_beta", given_beta, 8), b = 0;
    if (!list || !alpha || !beta)
        return ARETE_E_MEMORY;
    for (uint32_t i = 0; i < count; i++) {
        if (!ar_onnx_string_at(n->proto, "activations", i, name, sizeof name))
            return ar_fail(ARETE_E_FORMAT, "%u activations are needed", count);
        list[i] = activation_of(name);
        if (list[i] == ARETE_ACT_NONE)
            return ar_fail(ARETE_E_UNSUPPORTED, "the activation '%s'", name);
        alpha[i] = has_alpha(list[i]) && a < alphas ? given_alpha[a++] : default_of(list[i], false);
        beta[i] = has_beta(list[i]) && b < betas ? given_beta[b++] : default_of(list[i], true);
    }
    desc->activations = list;
    desc->activation_alpha = alpha;
    desc->activation_beta = beta;
    return ARETE_OK;
}

static arete_status describe(ar_lowering *l, const ar_node *n, arete_rnn_desc *desc) {
    char direction[16];
    ar_onnx_string(n->proto, "direction", "forward", direction, sizeof direction);
    *desc = (arete_rnn_desc){.cell = strcmp(n->op, "LSTM") == 0  ? ARETE_RNN_LSTM
                                     : strcmp(n->op, "GRU") == 0 ? ARETE_RNN_GRU
                                                                 : ARETE_RNN_PLAIN,
                             .direction = strcmp(direction, "reverse") == 0         ? ARETE_RNN_REVERSE
                                          : strcmp(direction, "bidirectional") == 0 ? ARETE_RNN_BIDIRECTIONAL
                                                                                    : ARETE_RNN_FORWARD,
                             .batch_major = ar_onnx_int(n->proto, "layout", 0) != 0,
                             .input_forget = ar_onnx_int(n->proto, "input_forget", 0) != 0,
                             .linear_before_reset = ar_onnx_int(n->proto, "linear_before_reset", 0) != 0,
                             .clip = ar_onnx_float(n->proto, "clip", 0)};
    return activations(l, n, desc->cell == ARETE_RNN_LSTM ? 3 : desc->cell == ARETE_RNN_GRU ? 2 : 1, desc);
}

/* One output; those that nobody wants stay absent. */
static void result(ar_lowering *l, const ar_node *n, ar_step *step, uint32_t slot, uint32_t output, uint32_t rank,
                   const int64_t *dims) {
    if (output >= n->out_count || n->out[output] == AR_NO_VALUE)
        return;
    l->graph->values[n->out[output]].t = arete_tensor_make(NULL, 0, step->view[RNN_X].dtype, rank, dims);
    ar_step_output(l->graph, step, slot, n->out[output]);
}

static arete_status lower_rnn(ar_lowering *l, const ar_node *n) {
    static const uint32_t slots[] = {RNN_X, RNN_W, RNN_R, RNN_B, RNN_LENS, RNN_H0, RNN_C0, RNN_P};
    const arete_tensor *x, *w, *r;
    arete_status status = ar_node_input(l, n, 0, "x", &x);
    if (status == ARETE_OK)
        status = ar_node_input(l, n, 1, "w", &w);
    if (status == ARETE_OK)
        status = ar_node_input(l, n, 2, "r", &r);
    if (status != ARETE_OK)
        return status;
    if (x->rank != 3 || w->rank != 3 || r->rank != 3)
        return ar_fail(ARETE_E_SHAPE, "x, w and r must have 3 dimensions, but have %u, %u and %u", x->rank, w->rank,
                       r->rank);
    ar_step *step = ar_graph_step(l->graph, &ar_step_rnn, n->name, n->op, RNN_SLOTS, sizeof(arete_rnn_desc));
    if (!step)
        return ARETE_E_MEMORY;
    arete_rnn_desc *desc = step->desc;
    status = describe(l, n, desc);
    if (status != ARETE_OK)
        return status;
    bool weights_constant = true;
    for (uint32_t i = 0; i < n->in_count && i < sizeof slots / sizeof slots[0]; i++) {
        ar_step_input(l->graph, step, slots[i], n->in[i]);
        bool weight = i == 1 || i == 2 || i == 3 || i == 7;
        if (weight && n->in[i] != AR_NO_VALUE)
            weights_constant = weights_constant && l->graph->values[n->in[i]].role == AR_VALUE_CONSTANT;
    }
    desc->prepack = weights_constant;
    int64_t directions = w->dims[0], hidden = r->dims[2];
    int64_t steps = x->dims[desc->batch_major], batch = x->dims[!desc->batch_major];
    if (desc->batch_major) {
        result(l, n, step, RNN_Y, 0, 4, (const int64_t[]){batch, steps, directions, hidden});
        result(l, n, step, RNN_Y_H, 1, 3, (const int64_t[]){batch, directions, hidden});
        result(l, n, step, RNN_Y_C, 2, 3, (const int64_t[]){batch, directions, hidden});
    } else {
        result(l, n, step, RNN_Y, 0, 4, (const int64_t[]){steps, directions, batch, hidden});
        result(l, n, step, RNN_Y_H, 1, 3, (const int64_t[]){directions, batch, hidden});
        result(l, n, step, RNN_Y_C, 2, 3, (const int64_t[]){directions, batch, hidden});
    }
    return step->outputs ? ARETE_OK : ar_fail(ARETE_E_FORMAT, "none of its outputs has a name");
}

const ar_lower_op ar_lower_rnn[] = {{"LSTM", lower_rnn}, {"GRU", lower_rnn}, {"RNN", lower_rnn}, {NULL, NULL}};
