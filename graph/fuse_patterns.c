/* What exporters write in primitive operators, found by looking back from its last step. */
#include <math.h>
#include <string.h>

#include "fuse_patterns.h"
#include "steps.h"

static const ar_step *layer_making(const ar_graph *g, int value, arete_layer_op op) {
    int maker = value == AR_NO_VALUE ? -1 : ar_fuse_maker(g, value);
    const arete_layer_desc *desc = maker < 0 ? NULL : ar_fuse_layer(&g->steps[maker]);
    return desc && desc->op == op && ar_step_result(&g->steps[maker]) == value ? &g->steps[maker] : NULL;
}

/* A constant of one element. */
static bool scalar(const ar_graph *g, int value, double *into) {
    size_t count = 0;
    return ar_graph_reals(g, value, into, 1, &count) && count == 1;
}

static bool near(double a, double b) {
    return fabs(a - b) <= 1e-4 * fabs(b);
}

/* Of a step with two inputs, the scalar one's value and the other operand. */
static bool with_scalar(const ar_graph *g, const ar_step *step, double *value, int *other) {
    if (!step || step->slots != 3)
        return false;
    for (int i = 0; i < 2; i++)
        if (scalar(g, step->value[i], value)) {
            *other = step->value[1 - i];
            return true;
        }
    return false;
}

/* Marks what only led to the step that is now made from `inputs` alone. */
static void drop_unread(ar_graph *g) {
    for (int s = g->step_count - 1; s >= 0; s--) {
        bool read = g->steps[s].dropped;
        for (uint32_t i = 0; i < g->steps[s].slots && !read; i++)
            if (g->steps[s].outputs >> i & 1)
                read = ar_graph_uses(g, g->steps[s].value[i]) > 0;
        if (!read)
            g->steps[s].dropped = true;
    }
}

static void become_layer(ar_graph *g, ar_step *step, arete_layer_desc *desc, const int *in, uint32_t count) {
    int result = ar_step_result(step);
    step->desc = desc;
    step->outputs = 0;
    step->slots = count + 1;
    for (uint32_t i = 0; i < count; i++)
        ar_step_input(g, step, i, in[i]);
    ar_step_output(g, step, count, result);
}

/* x * (1 + erf(x / sqrt 2)) / 2, in any order of the factors. */
static int gelu_of(const ar_graph *g, const ar_step *last) {
    double half, one, root;
    int product, shifted, x, divided;
    if (!with_scalar(g, last, &half, &product) || !near(half, 0.5)) { /* x/2 * (1 + erf) */
        for (int i = 0; i < 2; i++) {
            const ar_step *scaled = layer_making(g, last->value[i], ARETE_LAYER_MUL);
            const ar_step *sum = layer_making(g, last->value[1 - i], ARETE_LAYER_ADD);
            const ar_step *erf = NULL;
            if (!with_scalar(g, scaled, &half, &x) || !near(half, 0.5) || !with_scalar(g, sum, &one, &shifted) ||
                !near(one, 1) || !(erf = layer_making(g, shifted, ARETE_LAYER_ERF)))
                continue;
            const ar_step *quotient = layer_making(g, erf->value[0], ARETE_LAYER_DIV);
            if (quotient && scalar(g, quotient->value[1], &root) && near(root, sqrt(2.0)) &&
                quotient->value[0] == x)
                return x;
        }
        return AR_NO_VALUE;
    }
    const ar_step *mul = layer_making(g, product, ARETE_LAYER_MUL);
    for (int i = 0; mul && mul->slots == 3 && i < 2; i++) {
        const ar_step *sum = layer_making(g, mul->value[i], ARETE_LAYER_ADD);
        x = mul->value[1 - i];
        if (!with_scalar(g, sum, &one, &shifted) || !near(one, 1))
            continue;
        const ar_step *erf = layer_making(g, shifted, ARETE_LAYER_ERF);
        divided = erf ? erf->value[0] : AR_NO_VALUE;
        const ar_step *quotient = layer_making(g, divided, ARETE_LAYER_DIV);
        const ar_step *times = layer_making(g, divided, ARETE_LAYER_MUL);
        int other = AR_NO_VALUE;
        if (quotient && scalar(g, quotient->value[1], &root) && near(root, sqrt(2.0)) && quotient->value[0] == x)
            return x;
        if (with_scalar(g, times, &root, &other) && near(root, sqrt(0.5)) && other == x)
            return x;
    }
    return AR_NO_VALUE;
}

/* x * sigmoid(x), x * hard_sigmoid(x). */
static int gated_of(const ar_graph *g, const ar_step *last, arete_activation *activation) {
    for (int i = 0; i < 2; i++) {
        const ar_step *gate = layer_making(g, last->value[i], ARETE_LAYER_ACTIVATION);
        const arete_layer_desc *desc = gate ? gate->desc : NULL;
        if (!gate || gate->value[0] != last->value[1 - i])
            continue;
        if (desc->activation == ARETE_ACT_SIGMOID) {
            *activation = ARETE_ACT_SILU;
            return gate->value[0];
        }
        if (desc->activation == ARETE_ACT_HARD_SIGMOID && near((double)desc->alpha, 1.0 / 6) &&
            near((double)desc->beta, 0.5)) {
            *activation = ARETE_ACT_HARD_SWISH;
            return gate->value[0];
        }
    }
    return AR_NO_VALUE;
}

/* x * clip(x + 3, 0, 6) / 6, as x * (clip / 6) or (x * clip) / 6. */
static int hard_swish_of(const ar_graph *g, const ar_step *last) {
    double six, three, low, high;
    int x;
    if (!scalar(g, last->value[1], &six) || !near(six, 6))
        return AR_NO_VALUE;
    const ar_step *mul = layer_making(g, last->value[0], ARETE_LAYER_MUL);
    for (int i = 0; mul && mul->slots == 3 && i < 2; i++) {
        const ar_step *clip = layer_making(g, mul->value[i], ARETE_LAYER_CLIP);
        const ar_step *sum = clip ? layer_making(g, clip->value[0], ARETE_LAYER_ADD) : NULL;
        if (with_scalar(g, sum, &three, &x) && near(three, 3) && x == mul->value[1 - i] && clip->slots == 4 &&
            scalar(g, clip->value[1], &low) && scalar(g, clip->value[2], &high) && low == 0 && near(high, 6))
            return x;
    }
    return AR_NO_VALUE;
}

static arete_status fuse_activations(ar_graph *g) {
    for (int s = 0; s < g->step_count; s++) {
        ar_step *step = &g->steps[s];
        const arete_layer_desc *desc = ar_fuse_layer(step);
        arete_activation activation = ARETE_ACT_GELU_ERF;
        int x = AR_NO_VALUE;
        if (!desc || step->slots != 3 || step->view[0].dtype != ARETE_F32)
            continue;
        if (desc->op == ARETE_LAYER_MUL) {
            x = gelu_of(g, step);
            if (x == AR_NO_VALUE)
                x = gated_of(g, step, &activation);
        } else if (desc->op == ARETE_LAYER_DIV) {
            x = hard_swish_of(g, step);
            activation = ARETE_ACT_HARD_SWISH;
        }
        if (x == AR_NO_VALUE)
            continue;
        arete_layer_desc *made = ar_pool_alloc(&g->pool, sizeof *made);
        if (!made)
            return ARETE_E_MEMORY;
        *made = (arete_layer_desc){.op = ARETE_LAYER_ACTIVATION, .activation = activation};
        become_layer(g, step, made, &x, 1);
    }
    return ARETE_OK;
}

/* Whether the reduction is the mean over the last dimension. */
static bool mean_of_last(const ar_step *step) {
    const arete_layer_desc *desc = step ? step->desc : NULL;
    int64_t rank = step ? step->view[0].rank : 0;
    return desc && !desc->drop_dims && desc->axis_count == 1 && (desc->axes[0] == -1 || desc->axes[0] == rank - 1);
}

/* (x - mean) / sqrt(mean((x - mean)^2) + epsilon); gives x. */
static int normalised(const ar_graph *g, const ar_step *div, double *epsilon) {
    double two;
    int variance;
    const ar_step *sub = layer_making(g, div->value[0], ARETE_LAYER_SUB);
    const ar_step *root = layer_making(g, div->value[1], ARETE_LAYER_SQRT);
    const ar_step *sum = root ? layer_making(g, root->value[0], ARETE_LAYER_ADD) : NULL;
    if (!sub || !with_scalar(g, sum, epsilon, &variance))
        return AR_NO_VALUE;
    const ar_step *mean = layer_making(g, sub->value[1], ARETE_LAYER_REDUCE_MEAN);
    const ar_step *mean2 = layer_making(g, variance, ARETE_LAYER_REDUCE_MEAN);
    if (!mean_of_last(mean) || !mean_of_last(mean2) || mean->value[0] != sub->value[0])
        return AR_NO_VALUE;
    const ar_step *power = layer_making(g, mean2->value[0], ARETE_LAYER_POW);
    const ar_step *square = layer_making(g, mean2->value[0], ARETE_LAYER_MUL);
    int base = power && scalar(g, power->value[1], &two) && two == 2 ? power->value[0]
               : square && square->value[0] == square->value[1]      ? square->value[0]
                                                                     : AR_NO_VALUE;
    const ar_step *again = layer_making(g, base, ARETE_LAYER_SUB); /* some exporters subtract twice */
    bool same =
        base == div->value[0] || (again && again->value[0] == sub->value[0] && again->value[1] == sub->value[1]);
    return base != AR_NO_VALUE && same ? sub->value[0] : AR_NO_VALUE;
}

/* Of a step with two inputs, the constant that has one value for each of the last dimension, and the other. */
static bool with_row(const ar_graph *g, const ar_step *step, int64_t count, int *row, int *other) {
    for (int i = 0; i < 2; i++) {
        const ar_value *v = &g->values[step->value[i]];
        if (v->role == AR_VALUE_CONSTANT && v->t.rank >= 1 && v->t.dims[v->t.rank - 1] == count &&
            arete_tensor_elements(&v->t) == count) {
            *row = step->value[i];
            *other = step->value[1 - i];
            return true;
        }
    }
    return false;
}

static arete_status fuse_norms(ar_graph *g) {
    for (int s = 0; s < g->step_count; s++) {
        ar_step *step = &g->steps[s];
        const arete_layer_desc *desc = ar_fuse_layer(step);
        int in[3] = {AR_NO_VALUE, AR_NO_VALUE, AR_NO_VALUE}, scaled, quotient;
        double epsilon = 0;
        if (!desc || desc->op != ARETE_LAYER_ADD || step->slots != 3 || step->view[0].dtype != ARETE_F32)
            continue;
        const arete_tensor *y = &g->values[ar_step_result(step)].t;
        int64_t count = y->rank ? y->dims[y->rank - 1] : 0;
        if (!with_row(g, step, count, &in[2], &scaled))
            continue;
        const ar_step *mul = layer_making(g, scaled, ARETE_LAYER_MUL);
        if (!mul || mul->slots != 3 || !with_row(g, mul, count, &in[1], &quotient))
            continue;
        const ar_step *div = layer_making(g, quotient, ARETE_LAYER_DIV);
        in[0] = div && div->slots == 3 ? normalised(g, div, &epsilon) : AR_NO_VALUE;
        if (in[0] == AR_NO_VALUE)
            continue;
        arete_layer_desc *made = ar_pool_alloc(&g->pool, sizeof *made);
        if (!made)
            return ARETE_E_MEMORY;
        *made = (arete_layer_desc){.op = ARETE_LAYER_LAYER_NORM, .axis = -1, .epsilon = (float)epsilon};
        become_layer(g, step, made, in, 3);
        for (uint32_t i = 1; i < 3; i++)
            step->view[i] = arete_tensor_make(NULL, 0, step->view[i].dtype, 1, &count);
    }
    return ARETE_OK;
}

arete_status ar_fuse_patterns(ar_graph *g) {
    arete_status status = fuse_activations(g);
    if (status == ARETE_OK)
        status = fuse_norms(g);
    if (status == ARETE_OK)
        status = ar_fuse_attention(g);
    drop_unread(g);
    return status;
}
