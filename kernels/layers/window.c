/* Pooling and LRN: window.cl. */
#include <string.h>

#include "forms.h"
#include "sources.h"

/* window_args of window.cl. */
typedef struct window_block {
    int64_t offset[LAYER_OPERANDS];
    int64_t n, channels, row_step;
    int64_t in[3], out[3], kernel[3], stride[3], dilation[3], before[3], after[3];
    int64_t x_step[5], y_step[5], index_step[5];
    int64_t least, window;
    float alpha, beta, bias, pad;
} window_block;
_Static_assert(sizeof(window_block) <= LAYER_BLOCK, "window_args must fit the argument block");

enum { OP_MAX, OP_AVERAGE, OP_ABSOLUTE, OP_SQUARES, OP_LRN };

/* N, C, and the 1 to 3 space dimensions at the end of depth, height, width. */
static void spread(const layer_tensor *t, int64_t step[5]) {
    step[0] = t->strides[0];
    step[1] = t->strides[1];
    for (int32_t d = 2; d < t->rank; ++d)
        step[5 - t->rank + d] = t->strides[d];
}

enum { LINE_MOST = 4096 };

/* Room of a line of pool_lines: what the last vector of outputs reads, and whole vectors of x; 0: too much. */
static int64_t line_room(const layer_build *b, const window_block *s) {
    int64_t lanes = b->vec, outputs = (s->out[2] + lanes - 1) / lanes * lanes;
    int64_t step = s->stride[2] == 2 ? 2 * outputs + lanes : outputs * s->stride[2];
    int64_t reads = step + (s->kernel[2] - 1) * s->dilation[2] + lanes;
    int64_t writes = s->before[2] + s->in[2] + lanes, room = reads > writes ? reads : writes, rounded = 64;
    while (rounded < room)
        rounded *= 2;
    return rounded <= LINE_MOST ? rounded : 0;
}

static arete_status add(layer_build *b, const window_block *s, int op, const int64_t *count) {
    const layer_problem *p = b->p;
    int64_t room = op == OP_LRN || b->gpu || p->out_count > 1 || s->x_step[4] != 1 || s->y_step[4] != 1 ? 0 : line_room(b, s);
    ar_layer_text options;
    ar_layer_options(b, ar_layer_class(p), &options);
    ar_layer_append(&options, " -DIN=%s -DOUT=%s -DOP=%d -DHAS_INDEX=%d -DCOUNT_PAD=%d",
                    arete_dtype_name((arete_dtype)p->t[0].dtype), arete_dtype_name((arete_dtype)p->t[0].dtype), op,
                    p->out_count > 1, (int)p->a.count_include_pad);
    if (room)
        ar_layer_append(&options, " -DLINE=%d", (int)room);
    arete_status status;
    layer_launch *l = ar_layer_add(b, &ar_source_layers_window, options.text,
                                   op == OP_LRN ? "lrn" : room ? "pool_lines" : "pool", &status);
    if (!l)
        return status;
    const int tensors[3] = {0, 1, p->out_count > 1 ? 2 : 1};
    ar_layer_block(l, s, sizeof *s, 3, tensors);
    if (room)
        ar_layer_grid(b, l, 1, &count[1]);
    else
        ar_layer_grid(b, l, op == OP_LRN ? 3 : 2, count);
    return ARETE_OK;
}

static arete_status lrn(layer_build *b) {
    const layer_problem *p = b->p;
    const layer_tensor *x = &p->t[0], *y = ar_layer_out(p, 0);
    window_block s;
    layer_walk space;
    memset(&s, 0, sizeof s);
    memset(&space, 0, sizeof space);
    space.operands = 2;
    space.loops = x->rank - 2;
    for (int32_t d = 2; d < x->rank; ++d) {
        space.dims[d - 2] = x->dims[d];
        space.step[0][d - 2] = x->strides[d];
        space.step[1][d - 2] = y->strides[d];
    }
    ar_walk_merge(&space);
    if (space.loops > 1)
        return ar_fail(ARETE_E_UNSUPPORTED, "lrn: the strides of a channel's space do not make one loop: copy x and the "
                                            "output to tight tensors (IDENTITY)");
    s.n = x->dims[0];
    s.channels = x->dims[1];
    s.in[0] = space.dims[0];
    for (int d = 0; d < 2; ++d) {
        s.x_step[d] = x->strides[d];
        s.y_step[d] = y->strides[d];
    }
    s.x_step[2] = space.step[0][0];
    s.y_step[2] = space.step[1][0];
    s.window = p->a.window;
    s.alpha = p->a.alpha;
    s.beta = p->a.beta;
    s.bias = p->a.bias;
    ar_layer_text options;
    ar_layer_options(b, ar_layer_class(p), &options);
    const int64_t count[3] = {(s.in[0] + b->lanes - 1) / b->lanes, s.channels, s.n};
    return add(b, &s, OP_LRN, count);
}

arete_status ar_layer_lower_window(layer_build *b) {
    const layer_problem *p = b->p;
    const layer_tensor *x = &p->t[0], *y = ar_layer_out(p, 0);
    static const int64_t least_of[] = {
        [ARETE_I8] = -128, [ARETE_U8] = 0, [ARETE_I32] = INT32_MIN, [ARETE_I64] = INT64_MIN, [ARETE_BOOL] = 0};
    if (p->a.op == ARETE_LAYER_LRN)
        return lrn(b);
    window_block s;
    memset(&s, 0, sizeof s);
    s.n = x->dims[0];
    s.channels = x->dims[1];
    int32_t space = x->rank - 2;
    for (int32_t d = 0; d < 3; ++d) {
        int32_t from = d - (3 - space);
        bool there = from >= 0;
        s.in[d] = there ? x->dims[2 + from] : 1;
        s.out[d] = there ? y->dims[2 + from] : 1;
        s.kernel[d] = there ? p->a.kernel[from] : 1;
        s.stride[d] = there ? p->a.strides[from] : 1;
        s.dilation[d] = there ? p->a.dilations[from] : 1;
        s.before[d] = there ? p->a.pads[from] : 0;
        s.after[d] = there ? p->a.pads[space + from] : 0;
    }
    spread(x, s.x_step);
    spread(y, s.y_step);
    if (p->out_count > 1)
        spread(ar_layer_out(p, 1), s.index_step);
    s.least = ar_layer_is_real(x->dtype) ? 0 : least_of[x->dtype];
    int op = p->a.op == ARETE_LAYER_MAX_POOL       ? OP_MAX
             : p->a.op == ARETE_LAYER_AVERAGE_POOL ? OP_AVERAGE
             : p->a.p == 1                         ? OP_ABSOLUTE
                                                   : OP_SQUARES;
    ar_layer_text options;
    ar_layer_options(b, ar_layer_class(p), &options);
    int64_t rows = s.n * s.channels * s.out[0] * s.out[1], units = b->device->info.compute_units;
    int64_t each = rows / (16 * (units ? units : 1));
    s.row_step = b->gpu ? 1 : each > 64 ? 64 : each > 1 ? each : 1;
    const int64_t count[2] = {(s.out[2] + b->lanes - 1) / b->lanes, (rows + s.row_step - 1) / s.row_step};
    return add(b, &s, op, count);
}
