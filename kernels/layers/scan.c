/* Running sums, extrema's places, the k largest: scan.cl. */
#include <string.h>

#include "forms.h"
#include "sources.h"

/* scan_args of scan.cl. */
typedef struct scan_block {
    int64_t offset[LAYER_OPERANDS];
    int64_t rows, n, k, x_step, y_step, index_step;
    int64_t loops, dim[7], x[7], y[7], index[7];
} scan_block;
_Static_assert(sizeof(scan_block) <= LAYER_BLOCK, "scan_args must fit the argument block");

arete_status ar_layer_lower_scan(layer_build *b) {
    const layer_problem *p = b->p;
    const layer_tensor *x = &p->t[0], *y = ar_layer_out(p, 0);
    int32_t axis = (int32_t)p->a.axis;
    bool arg = p->a.op == ARETE_LAYER_ARG_MAX || p->a.op == ARETE_LAYER_ARG_MIN, top = p->a.op == ARETE_LAYER_TOP_K;
    bool least = p->a.op == ARETE_LAYER_ARG_MIN || p->a.smallest;
    if (x->dims[axis] == 0 && arg)
        return ar_fail(ARETE_E_SHAPE, "%s: x has nothing along axis %d", b->op->name, (int)axis);
    scan_block s;
    memset(&s, 0, sizeof s);
    s.n = x->dims[axis];
    s.x_step = x->strides[axis];
    s.rows = 1;
    s.k = top ? y->dims[axis] : 0;
    s.y_step = arg ? 0 : y->strides[axis];
    const layer_tensor *places = top && p->out_count > 1 ? ar_layer_out(p, 1) : NULL;
    s.index_step = places ? places->strides[axis] : 1;
    int32_t at = x->rank; /* in y, which an arg may have without the axis */
    int64_t across = s.k;
    if (arg && y->rank < x->rank)
        --at;
    for (int32_t d = x->rank; d-- > 0;) {
        if (d == axis) {
            at -= !arg || y->rank == x->rank;
            continue;
        }
        --at;
        if (x->dims[d] == 1)
            continue;
        s.dim[s.loops] = x->dims[d];
        s.x[s.loops] = x->strides[d];
        s.y[s.loops] = y->strides[at];
        s.index[s.loops] = places ? places->strides[d] : across;
        across *= x->dims[d];
        s.rows *= x->dims[d];
        s.loops++;
    }
    bool own = top && !places; /* the heap's indices have no output */
    if (own)
        b->workspace = (uint64_t)(s.rows * s.k) * 8;
    ar_layer_text options;
    ar_layer_options(b, ar_layer_class(p), &options);
    ar_layer_append(&options,
                    " -DIN=%s -DLEAST=%d -DNAN_LAST=%d -DLAST=%d -DEXCLUSIVE=%d -DREVERSE=%d -DCONTIGUOUS=%d",
                    arete_dtype_name((arete_dtype)x->dtype), least, top && least, (int)p->a.select_last,
                    (int)p->a.exclusive, (int)p->a.reverse, arg && s.x_step == 1);
    arete_status status;
    layer_launch *l = ar_layer_add(b, &ar_source_layers_scan, options.text, arg ? "arg" : top ? "top_k" : "cum_sum",
                                   &status);
    if (!l)
        return status;
    const int tensors[3] = {0, 1, own ? LAYER_WORKSPACE : places ? 2 : 1};
    ar_layer_block(l, &s, sizeof s, 3, tensors);
    ar_layer_grid(b, l, 1, &s.rows);
    return ARETE_OK;
}
