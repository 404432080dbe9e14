/* Steps that only name a piece of their input (a slice or a row that lies together in memory, a cast to the same type)
 * need no launch: what reads them reads that piece where it lies. */
#include <string.h>

#include "fuse_patterns.h"

/* The first element of the piece, when the elements from there on are the result in its order; else -1. */
static int64_t sliced(const arete_layer_desc *desc, const arete_tensor *x, const arete_tensor *y) {
    int64_t start[ARETE_MAX_RANK] = {0}, first = 0, step = 1;
    if (x->rank != y->rank)
        return -1;
    for (uint32_t i = 0; i < desc->axis_count; i++) {
        int64_t axis = desc->axes[i] < 0 ? desc->axes[i] + x->rank : desc->axes[i];
        if (axis < 0 || axis >= (int64_t)x->rank)
            return -1;
        int64_t dim = x->dims[axis], from = desc->starts[i] < 0 ? desc->starts[i] + dim : desc->starts[i];
        if (desc->steps[i] != 0 && desc->steps[i] != 1)
            return -1;
        start[axis] = from < 0 ? 0 : from;
    }
    bool whole = true; /* so far, from the last dimension on */
    for (uint32_t d = x->rank; d-- > 0; step *= x->dims[d]) {
        if (!whole && y->dims[d] != 1)
            return -1;
        whole = whole && y->dims[d] == x->dims[d];
        first += start[d] * step;
    }
    return first;
}

static int64_t gathered(const ar_graph *g, const ar_step *step, const arete_layer_desc *desc) {
    const arete_tensor *x = &step->view[0];
    int64_t index, each = 1, axis = desc->axis < 0 ? desc->axis + x->rank : desc->axis;
    size_t count = 0;
    if (!ar_graph_integers(g, step->value[1], &index, 1, &count) || count != 1 || axis >= (int64_t)x->rank)
        return -1;
    for (int64_t d = 0; d < axis; d++)
        if (x->dims[d] != 1)
            return -1;
    for (uint32_t d = (uint32_t)axis + 1; d < x->rank; d++)
        each *= x->dims[d];
    index += index < 0 ? x->dims[axis] : 0;
    return index < 0 || index >= x->dims[axis] ? -1 : index * each;
}

static int64_t piece(const ar_graph *g, const ar_step *step) {
    const arete_layer_desc *desc = ar_fuse_layer(step);
    int result = desc ? ar_step_result(step) : AR_NO_VALUE;
    arete_tensor x = step->view[0];
    x.offset = 0; /* a piece of a piece */
    if (!desc || step->value[0] == AR_NO_VALUE || !ar_fuse_tight(&x) ||
        g->values[ar_graph_storage(g, step->value[0])].role == AR_VALUE_CONSTANT ||
        step->view[0].dtype != g->values[result].t.dtype || arete_tensor_elements(&g->values[result].t) == 0)
        return -1;
    switch (desc->op) {
    case ARETE_LAYER_CAST:
        return step->slots == 2 ? 0 : -1;
    case ARETE_LAYER_SLICE:
        return step->slots == 2 ? sliced(desc, &step->view[0], &g->values[result].t) : -1;
    case ARETE_LAYER_GATHER:
        return step->slots == 3 ? gathered(g, step, desc) : -1;
    default:
        return -1;
    }
}

static bool is_output(const ar_graph *g, int value) {
    for (int o = 0; o < g->output_count; o++)
        if (ar_graph_storage(g, g->outputs[o]) == value)
            return true;
    return false;
}

void ar_fuse_pieces(ar_graph *g) {
    for (int s = 0; s < g->step_count; s++) {
        int64_t first = piece(g, &g->steps[s]);
        int result = first < 0 ? AR_NO_VALUE : ar_step_result(&g->steps[s]);
        if (first < 0 || is_output(g, result))
            continue;
        int source = ar_graph_storage(g, g->steps[s].value[0]);
        uint64_t bytes = (uint64_t)first * arete_dtype_size(g->values[result].t.dtype);
        bytes += g->steps[s].view[0].offset;
        for (int r = s + 1; r < g->step_count; r++)
            for (uint32_t i = 0; i < g->steps[r].slots; i++)
                if (g->steps[r].value[i] != AR_NO_VALUE && !(g->steps[r].outputs >> i & 1) &&
                    ar_graph_storage(g, g->steps[r].value[i]) == result) {
                    g->steps[r].value[i] = source;
                    g->steps[r].view[i].offset += bytes;
                }
        g->steps[s].dropped = true;
    }
}
