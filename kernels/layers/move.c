/* Operations that only move: each is a walk, or one for each part. */
#include <string.h>

#include "forms.h"

/* A walk of x to y over y's dimensions, x's steps being set by the caller. */
static void start(layer_walk *w, int x, int y, const layer_tensor *t) {
    memset(w, 0, sizeof *w);
    w->operands = 2;
    w->loops = t->rank;
    w->tensor[0] = x;
    w->tensor[1] = y;
    memcpy(w->dims, t->dims, sizeof t->dims);
    memcpy(w->step[1], t->strides, sizeof t->strides);
}

/* Parts of a whole along the axis. */
static arete_status parts(layer_build *b, bool split) {
    const layer_problem *p = b->p;
    int count = split ? p->out_count : p->in_count, whole = split ? 0 : p->in_count;
    int64_t at = 0;
    arete_status status = ARETE_OK;
    for (int i = 0; i < count && status == ARETE_OK; ++i) {
        int part = split ? p->in_count + i : i;
        const layer_tensor *t = &p->t[part], *all = &p->t[whole];
        layer_walk w;
        start(&w, split ? whole : part, split ? part : whole, t);
        memcpy(w.step[split ? 1 : 0], t->strides, sizeof t->strides);
        memcpy(w.step[split ? 0 : 1], all->strides, sizeof all->strides);
        w.offset[split ? 0 : 1] = at * all->strides[p->a.axis];
        at += t->dims[p->a.axis];
        if (ar_layer_elements(t) > 0)
            status = ar_layer_copy_walk(b, &w);
    }
    return status;
}

static void slice(const layer_problem *p, layer_walk *w) {
    memcpy(w->step[0], p->t[0].strides, sizeof p->t[0].strides);
    for (int i = 0; i < p->a.axis_count; ++i) {
        int64_t d = p->a.axes[i];
        w->offset[0] += p->a.starts[i] * p->t[0].strides[d];
        w->step[0][d] = p->t[0].strides[d] * p->a.steps[i];
    }
}

/* Each dimension of y as repeats x dims. */
static void tile(const layer_problem *p, layer_walk *w) {
    const layer_tensor *x = &p->t[0], *y = ar_layer_out(p, 0);
    w->loops = 2 * x->rank;
    for (int32_t d = 0; d < x->rank; ++d) {
        w->dims[2 * d] = y->dims[d] / x->dims[d];
        w->dims[2 * d + 1] = x->dims[d];
        w->step[0][2 * d] = 0;
        w->step[0][2 * d + 1] = x->strides[d];
        w->step[1][2 * d] = y->strides[d] * x->dims[d];
        w->step[1][2 * d + 1] = y->strides[d];
    }
}

/* DEPTH_TO_SPACE and back: [N, C, H, W] with b x b blocks; six loops n, c, h, block row, w, block column, in which the
 * deep side's channel is (block row, block column, c), or with CRD (c, block row, block column). */
static void blocks(const layer_problem *p, layer_walk *w) {
    bool to_space = p->a.op == ARETE_LAYER_DEPTH_TO_SPACE;
    int deep = to_space ? 0 : 1;
    const layer_tensor *d = to_space ? &p->t[0] : ar_layer_out(p, 0), *s = to_space ? ar_layer_out(p, 0) : &p->t[0];
    int64_t b = p->a.blocksize, c = s->dims[1], channel = d->strides[1];
    const int64_t dims[6] = {s->dims[0], c, d->dims[2], b, d->dims[3], b};
    const int64_t space[6] = {s->strides[0],     s->strides[1], s->strides[2] * b,
                              s->strides[2], s->strides[3] * b, s->strides[3]};
    bool crd = to_space && p->a.mode == 1;
    const int64_t depth[6] = {d->strides[0],
                              channel * (crd ? b * b : 1),
                              d->strides[2],
                              channel * (crd ? b : b * c),
                              d->strides[3],
                              channel * (crd ? 1 : c)};
    w->loops = 6;
    memcpy(w->dims, dims, sizeof dims);
    memcpy(w->step[deep], depth, sizeof depth);
    memcpy(w->step[1 - deep], space, sizeof space);
}

arete_status ar_layer_lower_move(layer_build *b) {
    const layer_problem *p = b->p;
    if (p->a.op == ARETE_LAYER_CONCAT || p->a.op == ARETE_LAYER_SPLIT)
        return parts(b, p->a.op == ARETE_LAYER_SPLIT);
    layer_walk w;
    start(&w, 0, 1, ar_layer_out(p, 0));
    if (p->a.op == ARETE_LAYER_SLICE) {
        slice(p, &w);
    } else if (p->a.op == ARETE_LAYER_TILE) {
        tile(p, &w);
    } else if (p->a.op == ARETE_LAYER_TRANSPOSE) {
        for (int32_t d = 0; d < w.loops; ++d)
            w.step[0][d] = p->t[0].strides[p->a.axes[d]];
    } else if (p->a.op == ARETE_LAYER_IDENTITY) {
        ar_walk_broadcast(&w, 0, &p->t[0]);
    } else {
        blocks(p, &w);
    }
    return ar_layer_copy_walk(b, &w);
}
