/* Chains: element-wise steps over one shape, of which only the last result is needed elsewhere. */
#include <math.h>
#include <string.h>

#include "fuse_patterns.h"

enum { MOST_INPUTS = 8, MOST_STEPS = ARETE_LAYER_STEPS };

/* Element-wise from f32 to f32, of fixed arity: how many inputs; 0: cannot be in a chain. */
static uint32_t arity(const ar_step *step) {
    const arete_layer_desc *desc = ar_fuse_layer(step);
    if (!desc || step->view[0].dtype != ARETE_F32 || step->view[step->slots - 1].dtype != ARETE_F32)
        return 0;
    for (uint32_t i = 0; i < step->slots; i++)
        if (step->value[i] != AR_NO_VALUE && !ar_fuse_tight(&step->view[i]))
            return 0;
    switch (desc->op) {
    case ARETE_LAYER_ABS:
    case ARETE_LAYER_NEG:
    case ARETE_LAYER_EXP:
    case ARETE_LAYER_LOG:
    case ARETE_LAYER_SQRT:
    case ARETE_LAYER_RECIPROCAL:
    case ARETE_LAYER_ERF:
    case ARETE_LAYER_FLOOR:
    case ARETE_LAYER_CEIL:
    case ARETE_LAYER_ACTIVATION:
        return step->slots == 2 ? 1 : 0;
    case ARETE_LAYER_CLIP:
        return 1;
    case ARETE_LAYER_ADD:
    case ARETE_LAYER_SUB:
    case ARETE_LAYER_MUL:
    case ARETE_LAYER_DIV:
    case ARETE_LAYER_POW:
    case ARETE_LAYER_MIN:
    case ARETE_LAYER_MAX:
        return step->slots == 3 && step->view[1].dtype == ARETE_F32 ? 2 : 0;
    default:
        return 0;
    }
}

typedef struct chain {
    int steps[MOST_STEPS];
    uint32_t count;
    int inputs[MOST_INPUTS];
    arete_tensor views[MOST_INPUTS];
    uint32_t input_count;
    arete_layer_step made[MOST_STEPS];
} chain;

static bool limits_of(const ar_graph *g, const ar_step *step, arete_layer_step *made) {
    double v;
    size_t count = 0;
    if (step->slots == 2)
        return true; /* its limits stand in the descriptor */
    made->alpha = -INFINITY;
    made->beta = INFINITY;
    for (uint32_t i = 1; i + 1 < step->slots; i++) {
        if (step->value[i] == AR_NO_VALUE)
            continue;
        if (!ar_graph_reals(g, step->value[i], &v, 1, &count) || count != 1)
            return false;
        *(i == 1 ? &made->alpha : &made->beta) = (float)v;
    }
    return true;
}

/* The operand's number within the chain: an earlier step's result, or an input, which is added. */
static bool operand(const ar_graph *g, chain *c, const ar_step *step, uint32_t slot, uint32_t *from) {
    int value = step->value[slot];
    for (uint32_t k = 0; k < c->count; k++)
        if (ar_step_result(&g->steps[c->steps[k]]) == value) {
            *from = ARETE_LAYER_STEP(k);
            return true;
        }
    for (uint32_t k = 0; k < c->input_count; k++)
        if (c->inputs[k] == value) {
            *from = k;
            return true;
        }
    if (c->input_count == MOST_INPUTS)
        return false;
    c->inputs[c->input_count] = value;
    c->views[c->input_count] = step->view[slot];
    *from = c->input_count++;
    return true;
}

/* Adds a step; false, and the chain as it was, when it does not fit. */
static bool add(const ar_graph *g, chain *c, int s) {
    const ar_step *step = &g->steps[s];
    const arete_layer_desc *desc = step->desc;
    uint32_t operands = arity(step);
    chain before = *c;
    if (!operands || c->count == MOST_STEPS)
        return false;
    arete_layer_step *made = &c->made[c->count];
    *made = (arete_layer_step){.op = desc->op,
                               .activation = desc->activation,
                               .mode = desc->mode,
                               .alpha = desc->alpha,
                               .beta = desc->beta};
    bool fits = desc->op != ARETE_LAYER_CLIP || limits_of(g, step, made);
    for (uint32_t i = 0; i < operands && fits; i++)
        fits = operand(g, c, step, i, &made->from[i]);
    if (!fits) {
        *c = before;
        return false;
    }
    c->steps[c->count++] = s;
    return true;
}

static bool in_chain(const chain *c, int s) {
    for (uint32_t k = 0; k < c->count; k++)
        if (c->steps[k] == s)
            return true;
    return false;
}

/* Whether something outside needs the value. */
static bool needed_outside(const ar_graph *g, const chain *c, int value) {
    for (int o = 0; o < g->output_count; o++)
        if (ar_graph_storage(g, g->outputs[o]) == value)
            return true;
    for (int s = 0; s < g->step_count; s++)
        for (uint32_t i = 0; i < g->steps[s].slots && !g->steps[s].dropped && !in_chain(c, s); i++)
            if (g->steps[s].value[i] != AR_NO_VALUE && !(g->steps[s].outputs >> i & 1) &&
                ar_graph_storage(g, g->steps[s].value[i]) == value)
                return true;
    return false;
}

/* Only the last step's result may be needed elsewhere. */
static bool closed(const ar_graph *g, const chain *c) {
    for (uint32_t k = 0; k + 1 < c->count; k++)
        if (needed_outside(g, c, ar_step_result(&g->steps[c->steps[k]])))
            return false;
    return true;
}

static bool reads_chain(const ar_graph *g, const chain *c, const ar_step *step) {
    for (uint32_t i = 0; i < arity(step); i++)
        for (uint32_t k = 0; k < c->count; k++)
            if (step->value[i] == ar_step_result(&g->steps[c->steps[k]]))
                return true;
    return false;
}

static arete_status replace(ar_graph *g, const chain *c) {
    ar_step *last = &g->steps[c->steps[c->count - 1]];
    arete_layer_desc *desc = ar_pool_alloc(&g->pool, sizeof *desc);
    arete_layer_step *made = ar_pool_alloc(&g->pool, c->count * sizeof *made);
    if (!desc || !made)
        return ARETE_E_MEMORY;
    memcpy(made, c->made, c->count * sizeof *made);
    *desc = (arete_layer_desc){.op = ARETE_LAYER_FUSED, .chain = made, .chain_count = c->count};
    int result = ar_step_result(last);
    for (uint32_t k = 0; k + 1 < c->count; k++)
        g->steps[c->steps[k]].dropped = true;
    last->desc = desc;
    last->outputs = 0;
    last->slots = c->input_count + 1;
    for (uint32_t i = 0; i < c->input_count; i++) {
        last->value[i] = c->inputs[i];
        last->view[i] = c->views[i];
    }
    ar_step_output(g, last, c->input_count, result);
    return ARETE_OK;
}

arete_status ar_fuse_chains(ar_graph *g) {
    arete_status status = ARETE_OK;
    for (int s = 0; s < g->step_count && status == ARETE_OK; s++) {
        chain c = {0}, best = {0};
        if (!add(g, &c, s))
            continue;
        const arete_tensor shape = g->values[ar_step_result(&g->steps[s])].t;
        for (int t = s + 1; t < g->step_count && c.count < MOST_STEPS; t++) {
            const ar_step *step = &g->steps[t];
            const arete_tensor *y = arity(step) ? &g->values[ar_step_result(step)].t : NULL;
            if (!y || y->rank != shape.rank || memcmp(y->dims, shape.dims, sizeof shape.dims) != 0 ||
                !reads_chain(g, &c, step))
                continue;
            if (!add(g, &c, t))
                break;
            if (closed(g, &c))
                best = c;
        }
        if (best.count > 1)
            status = replace(g, &best);
    }
    return status;
}
