/* Fewer steps for the same result: what follows a product goes into its epilogue, batch norms into weights, and
 * chains of element-wise steps into one launch. */
#include "fuse.h"

#include <math.h>
#include <string.h>

#include "fuse_patterns.h"
#include "steps.h"

/* The one step that reads the value, if it is the only one and the value is no output of the network; else -1. */
int ar_fuse_reader(const ar_graph *g, int value) {
    int reader = -1;
    for (int o = 0; o < g->output_count; o++)
        if (ar_graph_storage(g, g->outputs[o]) == value)
            return -1;
    for (int s = 0; s < g->step_count; s++) {
        const ar_step *step = &g->steps[s];
        for (uint32_t i = 0; i < step->slots && !step->dropped; i++) {
            if (step->value[i] == AR_NO_VALUE || (step->outputs >> i & 1) ||
                ar_graph_storage(g, step->value[i]) != value)
                continue;
            if (reader >= 0 && reader != s)
                return -1;
            reader = s;
        }
    }
    return reader;
}

int ar_fuse_maker(const ar_graph *g, int value) {
    int storage = ar_graph_storage(g, value);
    for (int s = 0; s < g->step_count; s++)
        for (uint32_t i = 0; i < g->steps[s].slots && !g->steps[s].dropped; i++)
            if ((g->steps[s].outputs >> i & 1) && g->steps[s].value[i] == storage)
                return s;
    return -1;
}

const arete_layer_desc *ar_fuse_layer(const ar_step *step) {
    return step->kind == &ar_step_layer && !step->dropped ? step->desc : NULL;
}

int ar_step_result(const ar_step *step) {
    for (uint32_t i = 0; i < step->slots; i++)
        if (step->outputs >> i & 1)
            return step->value[i];
    return AR_NO_VALUE;
}

bool ar_fuse_tight(const arete_tensor *view) {
    int64_t step = 1;
    bool none = true, tight = true;
    for (uint32_t d = view->rank; d-- > 0; step *= view->dims[d]) {
        none = none && view->strides[d] == 0;
        tight = tight && (view->strides[d] == step || view->dims[d] == 1);
    }
    return view->offset == 0 && (none || tight);
}

/* The step's first output is written where `value` was. */
static void take_output(const ar_graph *g, ar_step *step, int value) {
    for (uint32_t i = 0; i < step->slots; i++)
        if (step->outputs >> i & 1) {
            arete_tensor view = step->view[i];
            step->value[i] = value;
            if (g->values[value].t.rank == view.rank &&
                memcmp(g->values[value].t.dims, view.dims, sizeof view.dims) == 0)
                step->view[i] = g->values[value].t;
            return;
        }
}

static bool same_shape(const arete_tensor *a, const arete_tensor *b) {
    return a->rank == b->rank && memcmp(a->dims, b->dims, a->rank * sizeof a->dims[0]) == 0 && a->dtype == b->dtype;
}

/* Everything that b depends on is there before step s runs. */
static bool ready_before(const ar_graph *g, int value, int s) {
    int maker = ar_fuse_maker(g, value);
    return maker < s;
}

static bool product_activation(const ar_step *product, arete_activation activation) {
    if (product->kind == &ar_step_matmul)
        return activation <= ARETE_ACT_SILU;
    return true;
}

/* Whether something already follows the product's sum. */
static bool has_activation(const ar_step *p) {
    return p->kind == &ar_step_matmul ? ((arete_matmul_desc *)p->desc)->activation != ARETE_ACT_NONE
                                      : ((arete_conv_desc *)p->desc)->activation != ARETE_ACT_NONE;
}

static bool set_activation(ar_step *p, arete_activation activation, float alpha, float beta) {
    if (has_activation(p) || !product_activation(p, activation))
        return false;
    if (p->kind == &ar_step_matmul) {
        arete_matmul_desc *desc = p->desc;
        desc->activation = activation;
        desc->slope = activation == ARETE_ACT_LEAKY_RELU ? alpha : 0;
    } else {
        arete_conv_desc *desc = p->desc;
        desc->activation = activation;
        desc->alpha = alpha;
        desc->beta = beta;
    }
    return true;
}

/* CLIP with constant limits is the activation of that name. */
static bool clip_limits(const ar_graph *g, const ar_step *step, float *low, float *high) {
    double limits[2] = {-INFINITY, INFINITY}, v;
    size_t count = 0;
    if (step->slots == 2) { /* its limits stand in the descriptor */
        limits[0] = (double)ar_fuse_layer(step)->alpha;
        limits[1] = (double)ar_fuse_layer(step)->beta;
    }
    for (uint32_t i = 1; i < 3; i++) {
        if (i >= step->slots || (step->outputs >> i & 1) || step->value[i] == AR_NO_VALUE)
            continue;
        if (!ar_graph_reals(g, step->value[i], &v, 1, &count) || count != 1)
            return false;
        limits[i - 1] = v;
    }
    *low = (float)limits[0];
    *high = (float)limits[1];
    return true;
}

/* A constant addend as the product's bias: one value for each column (of a matmul) or channel (of a convolution).
 */
static bool take_bias(ar_graph *g, ar_step *p, const arete_tensor *result, int addend) {
    const ar_value *v = &g->values[addend];
    bool conv = p->kind == &ar_step_conv;
    uint32_t slot = conv ? CONV_BIAS : MM_BIAS;
    const arete_tensor *y = &p->view[conv ? CONV_Y : MM_C];
    int64_t columns = conv ? y->dims[1] : y->dims[y->rank - 1], count = arete_tensor_elements(&v->t);
    uint32_t at = conv ? 1 : result->rank - 1;
    if (v->role != AR_VALUE_CONSTANT || p->value[slot] != AR_NO_VALUE || v->t.dtype != y->dtype ||
        has_activation(p) || count != columns || result->rank < 1 || v->t.dtype == ARETE_F64 ||
        y->dtype == ARETE_I32)
        return false;
    if (conv && (p->value[CONV_RESIDUAL] != AR_NO_VALUE || !same_shape(result, y)))
        return false;
    for (uint32_t d = 0; d < v->t.rank; d++) { /* the values lie along that dimension, counted from the end */
        uint32_t from_end = v->t.rank - d, of_result = result->rank - at;
        if (v->t.dims[d] != (from_end == of_result ? columns : 1))
            return false;
    }
    if (v->t.rank < result->rank - at)
        return false;
    ar_step_input(g, p, slot, addend);
    p->view[slot] = arete_tensor_make(NULL, 0, v->t.dtype, 1, &columns);
    return true;
}

static bool take_residual(const ar_graph *g, int s, ar_step *p, const arete_tensor *result, int addend) {
    const ar_value *v = &g->values[addend];
    if (has_activation(p) || !same_shape(&v->t, result) || !ready_before(g, addend, s))
        return false;
    if (p->kind == &ar_step_conv) {
        const arete_conv_desc *desc = p->desc;
        if (p->value[CONV_RESIDUAL] != AR_NO_VALUE || p->view[CONV_X].dtype == ARETE_I8 ||
            p->view[CONV_X].dtype == ARETE_U8 || desc->transposed)
            return false;
        ar_step_input(g, p, CONV_RESIDUAL, addend);
        p->view[CONV_RESIDUAL] = p->view[CONV_Y];
        return true;
    }
    arete_matmul_desc *desc = p->desc;
    if (desc->beta != 0 || p->value[MM_CIN] != AR_NO_VALUE || p->view[MM_A_SCALE].dtype != ARETE_DTYPE_NONE)
        return false;
    desc->beta = 1;
    ar_step_input(g, p, MM_CIN, addend);
    p->view[MM_CIN] = p->view[MM_C];
    return true;
}

/* Whether a step with this index may be moved behind what makes the value: then it runs in the reader's place. */
static void move_to(ar_graph *g, int from, int to) {
    ar_step moved = g->steps[from];
    g->steps[to] = moved;
    g->steps[from].dropped = true;
    g->steps[from].plan = NULL;
    memset(g->steps[from].packed, 0, sizeof g->steps[from].packed);
}

/* One step's only reader, taken over. */
static bool absorb(ar_graph *g, int s) {
    ar_step *p = &g->steps[s];
    int value = ar_step_result(p), reader = ar_fuse_reader(g, value);
    if (reader < 0)
        return false;
    ar_step *next = &g->steps[reader];
    const arete_layer_desc *layer = ar_fuse_layer(next);
    uint32_t read = 0;
    while (read < next->slots &&
           (next->value[read] == AR_NO_VALUE || ar_graph_storage(g, next->value[read]) != value))
        read++;
    if (!layer || layer->op == ARETE_LAYER_FUSED ||
        !same_shape(&g->values[ar_step_result(next)].t, &next->view[read]))
        return false;
    int result = ar_step_result(next);
    float low, high;
    bool taken = false;
    if (layer->op == ARETE_LAYER_ACTIVATION)
        taken = set_activation(p, layer->activation, layer->alpha, layer->beta);
    else if (layer->op == ARETE_LAYER_CLIP && p->kind == &ar_step_conv &&
             ar_graph_storage(g, next->value[0]) == value && clip_limits(g, next, &low, &high))
        taken = set_activation(p, low == 0 && isinf(high) ? ARETE_ACT_RELU : ARETE_ACT_CLIP, low, high);
    if (layer->op == ARETE_LAYER_ADD && next->slots == 3) {
        int other = ar_graph_storage(g, next->value[0]) == value ? 1 : 0;
        int addend = next->value[other];
        const arete_tensor shape = g->values[result].t;
        if (ar_graph_storage(g, addend) != value) {
            taken = take_bias(g, p, &shape, addend);
            if (!taken && same_shape(&g->values[addend].t, &shape) && same_shape(&next->view[!other], &shape)) {
                taken = take_residual(g, reader, p, &shape, addend);
                if (taken && !ready_before(g, addend, s)) { /* the other addend is made between the two */
                    next->dropped = true;
                    take_output(g, p, result);
                    next->plan = NULL;
                    move_to(g, s, reader);
                    return true;
                }
            }
        }
    }
    if (!taken)
        return false;
    next->dropped = true;
    take_output(g, p, result);
    return true;
}

/* Weights with the factors s[m], which are multiplied in on their way to the device, and a new bias
 * (bias - mean) * s + shift. */
static bool fold_norm(ar_graph *g, int s) {
    ar_step *p = &g->steps[s];
    int value = ar_step_result(p), reader = ar_fuse_reader(g, value);
    const arete_layer_desc *layer = reader < 0 ? NULL : ar_fuse_layer(&g->steps[reader]);
    const arete_conv_desc *desc = p->desc;
    if (!layer || layer->op != ARETE_LAYER_BATCH_NORM || has_activation(p) || desc->transposed ||
        p->value[CONV_RESIDUAL] != AR_NO_VALUE || p->view[CONV_W].dtype != ARETE_F32)
        return false;
    ar_step *norm = &g->steps[reader];
    const ar_value *w = &g->values[p->value[CONV_W]];
    const void *parameter[5] = {NULL};
    int64_t m = p->view[CONV_Y].dims[1];
    for (uint32_t i = 1; i < 5; i++) {
        const ar_value *v = &g->values[norm->value[i]];
        if (v->role != AR_VALUE_CONSTANT || v->t.dtype != ARETE_F32 || arete_tensor_elements(&v->t) != m)
            return false;
        parameter[i] = v->data;
    }
    const ar_value *bias = p->value[CONV_BIAS] == AR_NO_VALUE ? NULL : &g->values[p->value[CONV_BIAS]];
    if (w->role != AR_VALUE_CONSTANT || (bias && bias->role != AR_VALUE_CONSTANT))
        return false;
    const arete_tensor shape = w->t;
    if (shape.dims[0] != m || w->factor)
        return false;
    double *factors = ar_pool_room(&g->pool, (size_t)(m + 1) * sizeof *factors);
    float *shift = ar_pool_alloc(&g->pool, (size_t)(m + 1) * sizeof *shift);
    if (!factors || !shift)
        return false;
    double epsilon = layer->epsilon != 0 ? (double)layer->epsilon : 1e-5;
    for (size_t c = 0; c < (size_t)m; c++) {
        double own[5];
        for (int i = 1; i < 5; i++)
            own[i] = (double)ar_float_at(parameter[i], c);
        factors[c] = own[1] / sqrt(own[4] + epsilon);
        double old = bias ? (double)ar_float_at(bias->data, c) : 0;
        shift[c] = (float)((old - own[3]) * factors[c] + own[2]);
    }
    int new_w = ar_graph_constant(g, w->name, ARETE_F32, shape.rank, shape.dims, w->data, false);
    int new_b = ar_graph_constant(g, "", ARETE_F32, 1, &m, shift, false);
    if (new_w == AR_NO_VALUE || new_b == AR_NO_VALUE)
        return false;
    g->values[new_w].factor = factors;
    ar_step_input(g, p, CONV_W, new_w);
    ar_step_input(g, p, CONV_BIAS, new_b);
    norm->dropped = true;
    take_output(g, p, ar_step_result(norm));
    return true;
}

static void fuse_products(ar_graph *g) {
    for (int s = 0; s < g->step_count; s++) {
        while (!g->steps[s].dropped &&
               ((g->steps[s].kind == &ar_step_conv && fold_norm(g, s)) ||
                ((g->steps[s].kind == &ar_step_conv || g->steps[s].kind == &ar_step_matmul) && absorb(g, s)))) {
        }
    }
}

arete_status ar_fuse(ar_graph *graph) {
    arete_status status = ar_fuse_patterns(graph);
    fuse_products(graph);
    if (status == ARETE_OK)
        status = ar_fuse_shared(graph);
    if (status == ARETE_OK)
        status = ar_fuse_chains(graph);
    ar_fuse_pieces(graph);
    return status;
}
