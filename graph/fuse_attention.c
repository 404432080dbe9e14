/* Two products with a softmax between become one step of attention, which reads and writes heads where they lie. */
#include <string.h>

#include "fuse_patterns.h"
#include "steps.h"

static void tight_strides(const arete_tensor *t, int64_t *strides) {
    int64_t step = 1;
    for (uint32_t d = t->rank; d-- > 0;) {
        strides[d] = step;
        step *= t->dims[d];
    }
}

static const ar_step *maker(const ar_graph *g, int value, const ar_step_kind *kind) {
    int s = value == AR_NO_VALUE ? -1 : ar_fuse_maker(g, value);
    return s >= 0 && g->steps[s].kind == kind ? &g->steps[s] : NULL;
}

static const ar_step *layer(const ar_graph *g, int value, arete_layer_op op) {
    const ar_step *step = maker(g, value, &ar_step_layer);
    const arete_layer_desc *desc = step ? ar_fuse_layer(step) : NULL;
    return desc && desc->op == op && ar_step_result(step) == value ? step : NULL;
}

/* The value as [B,H,S,D] with its strides, through a transpose that made it; a rank of 3 has H = 1. */
static bool heads(const ar_graph *g, int value, int *source, arete_tensor *view) {
    const arete_tensor *t = &g->values[value].t;
    const ar_step *transpose = layer(g, value, ARETE_LAYER_TRANSPOSE);
    int64_t strides[ARETE_MAX_RANK];
    arete_tensor seen = *t;
    if (t->rank != 3 && t->rank != 4)
        return false;
    *source = value;
    tight_strides(t, seen.strides);
    if (transpose && ((const arete_layer_desc *)transpose->desc)->axis_count == t->rank) {
        const arete_layer_desc *desc = transpose->desc;
        *source = transpose->value[0];
        tight_strides(&transpose->view[0], strides);
        for (uint32_t d = 0; d < t->rank; d++)
            seen.strides[d] = strides[desc->axes[d]];
    }
    *view = seen;
    if (t->rank == 3)
        *view = (arete_tensor){.dtype = t->dtype,
                               .rank = 4,
                               .dims = {t->dims[0], 1, t->dims[1], t->dims[2]},
                               .strides = {seen.strides[0], seen.strides[0], seen.strides[1], seen.strides[2]}};
    return true;
}

static void swap_last(arete_tensor *view) {
    int64_t dim = view->dims[2], stride = view->strides[2];
    view->dims[2] = view->dims[3];
    view->strides[2] = view->strides[3];
    view->dims[3] = dim;
    view->strides[3] = stride;
}

typedef struct found {
    int q, k, v, mask; /* values */
    arete_tensor view_q, view_k, view_v, view_mask;
    double scale;
} found;

static bool plain_product(const ar_step *p) {
    const arete_matmul_desc *desc = p->desc;
    return !desc->trans_a && !desc->trans_b && desc->beta == 0 && desc->activation == ARETE_ACT_NONE &&
           p->value[MM_BIAS] == AR_NO_VALUE && p->view[MM_A].dtype == ARETE_F32 &&
           p->value[MM_A_SCALE] == AR_NO_VALUE;
}

/* From the softmax's input back over mask and scale to the product of q and k. */
static const ar_step *scores(const ar_graph *g, int value, found *f) {
    const ar_step *sum = layer(g, value, ARETE_LAYER_ADD);
    size_t count = 0;
    f->mask = AR_NO_VALUE;
    f->scale = 1;
    for (int i = 0; sum && sum->slots == 3 && i < 2; i++) {
        const ar_step *made = maker(g, sum->value[i], &ar_step_matmul);
        bool scaled = layer(g, sum->value[i], ARETE_LAYER_DIV) || layer(g, sum->value[i], ARETE_LAYER_MUL);
        if (!made && !scaled)
            continue;
        f->mask = sum->value[1 - i];
        f->view_mask = sum->view[1 - i];
        value = sum->value[i];
        break;
    }
    if (sum && f->mask == AR_NO_VALUE)
        return NULL;
    const ar_step *div = layer(g, value, ARETE_LAYER_DIV), *mul = layer(g, value, ARETE_LAYER_MUL);
    double factor = 1;
    if (div && ar_graph_reals(g, div->value[1], &factor, 1, &count) && count == 1 && factor != 0) {
        f->scale = 1 / factor;
        value = div->value[0];
    } else if (mul && mul->slots == 3) {
        for (int i = 0; i < 2; i++)
            if (ar_graph_reals(g, mul->value[i], &factor, 1, &count) && count == 1) {
                f->scale = factor;
                value = mul->value[1 - i];
                break;
            }
    }
    const ar_step *product = maker(g, value, &ar_step_matmul);
    return product && plain_product(product) && ar_step_result(product) == value ? product : NULL;
}

static bool find(const ar_graph *g, const ar_step *last, found *f) {
    if (last->kind != &ar_step_matmul || last->dropped || !plain_product(last))
        return false;
    const ar_step *softmax = layer(g, last->value[MM_A], ARETE_LAYER_SOFTMAX);
    const arete_layer_desc *desc = softmax ? softmax->desc : NULL;
    if (!softmax || (desc->axis != -1 && desc->axis != (int64_t)softmax->view[0].rank - 1))
        return false;
    const ar_step *product = scores(g, softmax->value[0], f);
    if (!product || !heads(g, product->value[MM_A], &f->q, &f->view_q) ||
        !heads(g, product->value[MM_B], &f->k, &f->view_k) || !heads(g, last->value[MM_B], &f->v, &f->view_v))
        return false;
    swap_last(&f->view_k);
    if (f->mask != AR_NO_VALUE && f->view_mask.rank == 3 && g->values[product->value[MM_A]].t.rank == 3) {
        arete_tensor *m = &f->view_mask; /* [B,Sq,Skv] beside [B,1,Sq,D] */
        *m = arete_tensor_make(NULL, 0, m->dtype, 4, (const int64_t[]){m->dims[0], 1, m->dims[1], m->dims[2]});
    }
    bool together = f->view_q.dims[0] == f->view_k.dims[0] && f->view_q.dims[0] == f->view_v.dims[0] &&
                    f->view_q.dims[1] == f->view_k.dims[1] && f->view_q.dims[1] == f->view_v.dims[1];
    return together && f->view_q.strides[3] == 1 && f->view_k.strides[3] == 1 && f->view_v.strides[3] == 1 &&
           (f->mask == AR_NO_VALUE || f->view_mask.rank <= 4);
}

/* The transpose that puts the heads back side by side: the step writes its result itself. */
static void take_transpose(ar_graph *g, ar_step *step, const arete_tensor *y, int value) {
    int reader = y->rank == 4 ? ar_fuse_reader(g, value) : -1;
    const arete_layer_desc *desc = reader < 0 ? NULL : ar_fuse_layer(&g->steps[reader]);
    if (!desc || desc->op != ARETE_LAYER_TRANSPOSE || desc->axis_count != 4 || g->steps[reader].value[0] != value)
        return;
    int result = ar_step_result(&g->steps[reader]);
    arete_tensor view = *y;
    int64_t strides[ARETE_MAX_RANK];
    tight_strides(&g->values[result].t, strides);
    for (uint32_t d = 0; d < 4; d++)
        view.strides[desc->axes[d]] = strides[d];
    if (view.strides[3] != 1)
        return;
    g->steps[reader].dropped = true;
    step->value[ATT_Y] = result;
    step->view[ATT_Y] = view;
}

arete_status ar_fuse_attention(ar_graph *g) {
    for (int s = 0; s < g->step_count; s++) {
        ar_step *step = &g->steps[s];
        found f;
        if (!find(g, step, &f))
            continue;
        arete_attention_desc *desc = ar_pool_alloc(&g->pool, sizeof *desc);
        if (!desc)
            return ARETE_E_MEMORY;
        *desc = (arete_attention_desc){.scale = f.scale};
        int result = ar_step_result(step);
        const arete_tensor y = g->values[result].t;
        arete_tensor view_y = y;
        if (y.rank == 3)
            view_y = arete_tensor_make(NULL, 0, y.dtype, 4, (const int64_t[]){y.dims[0], 1, y.dims[1], y.dims[2]});
        ar_step made = {
            .kind = &ar_step_attention, .name = step->name, .op = "Attention", .slots = ATT_SLOTS, .desc = desc};
        for (int i = 0; i < AR_STEP_SLOTS; i++)
            made.value[i] = AR_NO_VALUE;
        ar_step_input(g, &made, ATT_Q, f.q);
        ar_step_input(g, &made, ATT_K, f.k);
        ar_step_input(g, &made, ATT_V, f.v);
        ar_step_output(g, &made, ATT_Y, result);
        made.view[ATT_Q] = f.view_q;
        made.view[ATT_K] = f.view_k;
        made.view[ATT_V] = f.view_v;
        made.view[ATT_Y] = view_y;
        if (f.mask != AR_NO_VALUE) {
            ar_step_input(g, &made, ATT_MASK, f.mask);
            made.view[ATT_MASK] = f.view_mask;
        }
        *step = made;
        take_transpose(g, step, &y, result);
    }
    return ARETE_OK;
}
