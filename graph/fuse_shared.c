/* Products that read the same rows become one product: their weights lie side by side, so do their results, and
 * attention reads its queries, keys and values where they lie. One launch instead of three, and one pass over the rows.
 */
#include <string.h>

#include "fuse_patterns.h"
#include "steps.h"

enum { MOST_SHARED = 8 };

typedef struct shared {
    int steps[MOST_SHARED];
    int64_t first[MOST_SHARED]; /* column of the joint result */
    uint32_t count;
    int64_t columns;
} shared;

static int64_t columns_of(const ar_step *step) {
    return step->view[MM_C].dims[1];
}

/* A product of rows by constant f32 weights, with at most a constant bias for each column. */
static bool simple(const ar_graph *g, const ar_step *step) {
    if (step->kind != &ar_step_matmul || step->dropped)
        return false;
    const arete_matmul_desc *desc = step->desc;
    int b = step->value[MM_B], bias = step->value[MM_BIAS];
    if (desc->trans_a || desc->beta != 0 || desc->solver || step->value[MM_CIN] != AR_NO_VALUE ||
        step->value[MM_A_SCALE] != AR_NO_VALUE || step->value[MM_A_ZERO] != AR_NO_VALUE ||
        step->value[MM_B_SCALE] != AR_NO_VALUE || step->value[MM_B_ZERO] != AR_NO_VALUE)
        return false;
    for (uint32_t slot = MM_A; slot <= MM_C; slot++)
        if (step->view[slot].rank != 2 || step->view[slot].dtype != ARETE_F32 || !ar_fuse_tight(&step->view[slot]))
            return false;
    if (g->values[b].role != AR_VALUE_CONSTANT || step->view[MM_B].dims[desc->trans_b ? 0 : 1] != columns_of(step))
        return false;
    return bias == AR_NO_VALUE ||
           (g->values[bias].role == AR_VALUE_CONSTANT && step->view[MM_BIAS].dtype == ARETE_F32 &&
            arete_tensor_elements(&step->view[MM_BIAS]) == columns_of(step));
}

static bool alike(const ar_step *x, const ar_step *y) {
    const arete_matmul_desc *a = x->desc, *b = y->desc;
    return x->value[MM_A] == y->value[MM_A] && x->view[MM_A].dims[0] == y->view[MM_A].dims[0] &&
           x->view[MM_A].dims[1] == y->view[MM_A].dims[1] && a->trans_b == b->trans_b &&
           (a->alpha == 0 ? 1 : a->alpha) == (b->alpha == 0 ? 1 : b->alpha) && a->activation == b->activation &&
           a->slope == b->slope;
}

/* A view of a tight [rows, columns] as a view of `wide` columns that start at `first`; false when a row's end lies
 * within one of its strides. */
static bool widen(arete_tensor *view, int64_t columns, int64_t first, int64_t wide) {
    int64_t within = 0, tight = 1;
    if (view->offset != 0)
        return false;
    if (ar_fuse_tight(view))
        for (uint32_t d = view->rank; d-- > 0; tight *= view->dims[d])
            view->strides[d] = tight;
    for (uint32_t d = 0; d < view->rank; d++) {
        if (view->strides[d] < 0)
            return false;
        if (view->strides[d] % columns == 0)
            view->strides[d] = view->strides[d] / columns * wide;
        else
            within += (view->dims[d] - 1) * view->strides[d];
    }
    view->offset = (uint64_t)first * arete_dtype_size(view->dtype);
    return within < columns;
}

/* Whether everything that reads the product's result is attention, which takes any strides; with `wide`, those views
 * are changed. */
static bool for_attention(ar_graph *g, const ar_step *step, int64_t first, int64_t wide, int into) {
    int value = step->value[MM_C];
    bool read = false;
    for (int o = 0; o < g->output_count; o++)
        if (ar_graph_storage(g, g->outputs[o]) == value)
            return false;
    for (int s = 0; s < g->step_count; s++)
        for (uint32_t i = 0; i < g->steps[s].slots && !g->steps[s].dropped; i++) {
            ar_step *reader = &g->steps[s];
            if (reader->value[i] == AR_NO_VALUE || (reader->outputs >> i & 1) ||
                ar_graph_storage(g, reader->value[i]) != value)
                continue;
            arete_tensor view = reader->view[i];
            if (reader->kind != &ar_step_attention || i > ATT_V || !widen(&view, columns_of(step), first, wide))
                return false;
            read = true;
            if (into != AR_NO_VALUE) {
                reader->view[i] = view;
                reader->value[i] = into;
            }
        }
    return read;
}

/* Weights side by side, [K, all columns] or transposed, and their biases; AR_NO_VALUE: no memory. */
static int join_weights(ar_graph *g, const shared *all, int64_t k, bool transposed) {
    float *joint = ar_pool_alloc(&g->pool, (size_t)(k * all->columns) * sizeof *joint);
    for (uint32_t p = 0; joint && p < all->count; p++) {
        const ar_step *step = &g->steps[all->steps[p]];
        const char *own = g->values[step->value[MM_B]].data; /* at any address */
        size_t columns = (size_t)columns_of(step);
        if (transposed)
            memcpy(joint + all->first[p] * k, own, (size_t)k * columns * sizeof *joint);
        for (int64_t row = 0; row < k && !transposed; row++)
            memcpy(joint + row * all->columns + all->first[p], own + (size_t)row * columns * sizeof *joint,
                   columns * sizeof *joint);
    }
    const int64_t dims[2] = {transposed ? all->columns : k, transposed ? k : all->columns};
    return joint ? ar_graph_constant(g, "", ARETE_F32, 2, dims, joint, false) : AR_NO_VALUE;
}

static int join_biases(ar_graph *g, const shared *all) {
    float *joint = ar_pool_alloc(&g->pool, (size_t)all->columns * sizeof *joint);
    for (uint32_t p = 0; joint && p < all->count; p++) {
        const ar_step *step = &g->steps[all->steps[p]];
        if (step->value[MM_BIAS] != AR_NO_VALUE)
            memcpy(joint + all->first[p], g->values[step->value[MM_BIAS]].data,
                   (size_t)columns_of(step) * sizeof *joint);
    }
    return joint ? ar_graph_constant(g, "", ARETE_F32, 1, &all->columns, joint, false) : AR_NO_VALUE;
}

static arete_status join(ar_graph *g, const shared *all) {
    ar_step *step = &g->steps[all->steps[0]];
    const arete_matmul_desc *desc = step->desc;
    const int64_t dims[2] = {step->view[MM_C].dims[0], all->columns};
    bool biased = false;
    for (uint32_t p = 0; p < all->count; p++)
        biased = biased || g->steps[all->steps[p]].value[MM_BIAS] != AR_NO_VALUE;
    int weights = join_weights(g, all, step->view[MM_A].dims[1], desc->trans_b);
    int bias = biased && weights != AR_NO_VALUE ? join_biases(g, all) : AR_NO_VALUE;
    int result = ar_graph_temporary(g, g->values[step->value[MM_C]].name, ARETE_F32, 2, dims);
    if (weights == AR_NO_VALUE || (biased && bias == AR_NO_VALUE) || result == AR_NO_VALUE)
        return ARETE_E_MEMORY;
    for (uint32_t p = 0; p < all->count; p++) {
        for_attention(g, &g->steps[all->steps[p]], all->first[p], all->columns, result);
        g->steps[all->steps[p]].dropped = p > 0;
    }
    ar_step_input(g, step, MM_B, weights);
    ar_step_input(g, step, MM_BIAS, bias);
    ar_step_output(g, step, MM_C, result);
    return ARETE_OK;
}

arete_status ar_fuse_shared(ar_graph *g) {
    arete_status status = ARETE_OK;
    for (int s = 0; s < g->step_count && status == ARETE_OK; s++) {
        shared all = {0};
        if (!simple(g, &g->steps[s]))
            continue;
        for (int t = s; t < g->step_count && all.count < MOST_SHARED; t++) {
            if (!simple(g, &g->steps[t]) || !alike(&g->steps[s], &g->steps[t]))
                continue;
            all.first[all.count] = all.columns;
            all.columns += columns_of(&g->steps[t]);
            all.steps[all.count++] = t;
        }
        bool fits = all.count > 1;
        for (uint32_t p = 0; p < all.count && fits; p++)
            fits = for_attention(g, &g->steps[all.steps[p]], all.first[p], all.columns, AR_NO_VALUE);
        if (fits)
            status = join(g, &all);
    }
    return status;
}
