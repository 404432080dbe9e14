/* Rows against their own statistics: norm.cl. */
#include <string.h>

#include "forms.h"
#include "sources.h"

/* norm_args of norm.cl. */
typedef struct norm_block {
    int64_t offset[LAYER_OPERANDS];
    int64_t rows, n, x_step, y_step;
    int64_t loops, dim[7], x[7], y[7], mean[7], deviation[7];
    int64_t cols, x_col, y_col;
    int64_t part, groups, first_of;
    float epsilon;
    float pad;
} norm_block;
_Static_assert(sizeof(norm_block) <= LAYER_BLOCK, "norm_args must fit the argument block");

enum { NORM_SOFTMAX, NORM_LOG_SOFTMAX, NORM_HARDMAX, NORM_LP, NORM_LAYER, NORM_RMS };

/* One loop over dimensions first..end-1 of both; false when they do not merge. */
static bool one_loop(const layer_tensor *x, const layer_tensor *y, int32_t first, int32_t end, int64_t *n,
                     int64_t *x_step, int64_t *y_step) {
    layer_walk w;
    memset(&w, 0, sizeof w);
    w.operands = 2;
    for (int32_t d = first; d < end; ++d) {
        if (x->dims[d] == 1)
            continue;
        w.dims[w.loops] = x->dims[d];
        w.step[0][w.loops] = x->strides[d];
        w.step[1][w.loops++] = y->strides[d];
    }
    for (int32_t d = w.loops - 1; d-- > 0;)
        if (w.step[1][d] < w.step[1][d + 1])
            return false; /* sorting would change the order of elements */
    ar_walk_merge(&w);
    *n = w.dims[0];
    *x_step = w.step[0][0];
    *y_step = w.step[1][0];
    return w.loops == 1;
}

/* Loops over the dimensions outside [first, end), the innermost first; without: leave that one out. */
static void outer_loops(const layer_problem *p, int32_t first, int32_t end, int32_t without, norm_block *s) {
    const layer_tensor *x = &p->t[0], *y = ar_layer_out(p, 0);
    s->rows = 1;
    for (int32_t d = x->rank; d-- > 0;) {
        if ((d >= first && d < end) || d == without || x->dims[d] == 1)
            continue;
        s->dim[s->loops] = x->dims[d];
        s->x[s->loops] = x->strides[d];
        s->y[s->loops] = y->strides[d];
        s->mean[s->loops] = p->out_count > 1 ? ar_layer_out(p, 1)->strides[d] : 0;
        s->deviation[s->loops] = p->out_count > 2 ? ar_layer_out(p, 2)->strides[d] : 0;
        s->rows *= x->dims[d];
        s->loops++;
    }
}

static arete_status launch(layer_build *b, norm_block *s, int op, bool columns, int vectors) {
    const layer_problem *p = b->p;
    int group = b->gpu && !columns ? 64 : 1;
    bool strided = columns ? s->x_col != 1 || s->y_col != 1 : s->n > 1 && (s->x_step != 1 || s->y_step != 1);
    ar_layer_text options;
    ar_layer_options(b, ar_layer_class(p), &options);
    int place[6] = {0, ar_layer_has(p, 1) ? 1 : 0, ar_layer_has(p, 2) ? 2 : 0, p->in_count, p->in_count, p->in_count};
    if (p->out_count > 1)
        place[4] = p->in_count + 1;
    if (p->out_count > 2)
        place[5] = p->in_count + 2;
    const char *names[6];
    for (int i = 0; i < 6; ++i)
        names[i] = arete_dtype_name((arete_dtype)p->t[place[i]].dtype);
    if (p->out_count > 2 && p->t[place[4]].dtype != p->t[place[5]].dtype)
        return ar_fail(ARETE_E_DTYPE, "out[1] and out[2] have types %s and %s, but must have one", names[4], names[5]);
    ar_layer_append(&options, " -DIN=%s -DOUT=%s -DSTAT=%s -DSCALE=%s -DBIAS=%s -DOP=%d -DGROUP=%d -DSTRIDED=%d",
                    names[0], names[3], names[4], names[1], names[2], op, group, strided);
    ar_layer_append(&options, " -DHAS_SCALE=%d -DHAS_BIAS=%d -DHAS_MEAN=%d -DHAS_DEVIATION=%d -DONE_NORM=%d",
                    ar_layer_has(p, 1) ? vectors : 0, ar_layer_has(p, 2) ? vectors : 0, p->out_count > 1,
                    p->out_count > 2, p->a.p == 1);
    int64_t keep = 256;
    while (keep < s->n)
        keep *= 2;
    bool keeps = op == NORM_SOFTMAX && !columns && !strided && !b->gpu && keep <= 4096;
    bool past = keeps && p->t[p->in_count].dtype == ARETE_F32 &&
                (double)s->rows * (double)s->n * 4 > (double)b->device->info.cache_bytes;
    ar_layer_append(&options, " -DKEEP=%d -DPAST=%d", keeps ? (int)keep : 0, past);
    arete_status status;
    layer_launch *l =
        ar_layer_add(b, &ar_source_layers_norm, options.text,
                     columns ? "norm_columns" : keeps ? "softmax_rows" : "norm_rows", &status);
    if (!l)
        return status;
    if (keeps) { /* rows of a work-item */
        int64_t units = b->device->info.compute_units ? b->device->info.compute_units : 1;
        int64_t each = s->rows / (8 * units), most = 65536 / (s->n ? s->n : 1);
        s->cols = each < 1 ? 1 : each > most + 1 ? most + 1 : each;
    }
    ar_layer_block(l, s, sizeof *s, 6, place);
    if (columns) {
        const int64_t count[2] = {(s->cols + b->lanes - 1) / b->lanes, s->rows};
        ar_layer_grid(b, l, 2, count);
    } else {
        l->dims = 1;
        l->global[0] = (size_t)(keeps ? (s->rows + s->cols - 1) / s->cols : s->rows * group);
        l->local[0] = (size_t)group;
    }
    return ARETE_OK;
}

/* Along one axis: across memory when another dimension lies along it. */
static arete_status along_axis(layer_build *b, int op) {
    const layer_problem *p = b->p;
    const layer_tensor *x = &p->t[0], *y = ar_layer_out(p, 0);
    int32_t axis = (int32_t)p->a.axis, col = -1;
    norm_block s;
    memset(&s, 0, sizeof s);
    for (int32_t d = 0; d < x->rank; ++d)
        if (d != axis && x->dims[d] > 1 && x->strides[d] == 1 && y->strides[d] == 1)
            col = d;
    bool columns = col >= 0 && x->dims[axis] > 1 && x->strides[axis] != 1;
    s.n = x->dims[axis];
    s.x_step = x->strides[axis];
    s.y_step = y->strides[axis];
    if (columns) {
        /* Neighbouring dimensions that continue the row of columns join it: [N, C, H, W] has H * W of them. */
        int64_t n, x_col, y_col;
        int32_t first = col;
        while (first - 1 > axis && one_loop(x, y, first - 1, col + 1, &n, &x_col, &y_col))
            --first;
        (void)one_loop(x, y, first, col + 1, &s.cols, &s.x_col, &s.y_col);
        outer_loops(p, first, col + 1, axis, &s);
    } else {
        outer_loops(p, axis, axis + 1, -1, &s);
    }
    if (op == NORM_HARDMAX && s.n > (1 << 24))
        return ar_fail(ARETE_E_UNSUPPORTED, "hardmax takes rows of up to 2^24 elements, not %lld", (long long)s.n);
    return launch(b, &s, op, columns, 0);
}

static arete_status not_one_row(const layer_problem *p) {
    return ar_fail(ARETE_E_UNSUPPORTED,
                   "%s: the strides of x, out[0], scale or bias do not make one row: copy them to tight tensors "
                   "(IDENTITY)",
                   arete_layer_op_name((arete_layer_op)p->a.op));
}

static bool contiguous(const layer_tensor *t) {
    int64_t step = 1;
    for (int32_t d = t->rank; d-- > 0; step *= t->dims[d])
        if (t->dims[d] > 1 && t->strides[d] != step)
            return false;
    return true;
}

arete_status ar_layer_lower_norm(layer_build *b) {
    const layer_problem *p = b->p;
    const layer_tensor *x = &p->t[0], *y = ar_layer_out(p, 0);
    switch ((arete_layer_op)p->a.op) {
    case ARETE_LAYER_SOFTMAX: return along_axis(b, NORM_SOFTMAX);
    case ARETE_LAYER_LOG_SOFTMAX: return along_axis(b, NORM_LOG_SOFTMAX);
    case ARETE_LAYER_HARDMAX: return along_axis(b, NORM_HARDMAX);
    case ARETE_LAYER_LP_NORM: return along_axis(b, NORM_LP);
    default: break;
    }
    norm_block s;
    memset(&s, 0, sizeof s);
    s.epsilon = p->a.epsilon;
    for (uint32_t i = 1; i < p->in_count; ++i)
        if (ar_layer_has(p, i) && !contiguous(&p->t[i]))
            return not_one_row(p);
    if (p->a.op == ARETE_LAYER_LAYER_NORM || p->a.op == ARETE_LAYER_RMS_NORM) {
        if (!one_loop(x, y, (int32_t)p->a.axis, x->rank, &s.n, &s.x_step, &s.y_step))
            return not_one_row(p);
        outer_loops(p, (int32_t)p->a.axis, x->rank, -1, &s);
        return launch(b, &s, p->a.op == ARETE_LAYER_RMS_NORM ? NORM_RMS : NORM_LAYER, false, 1);
    }
    /* A row is a group's channels with their space; N and groups are the loops. */
    int64_t groups = p->a.op == ARETE_LAYER_GROUP_NORM ? p->a.groups : x->dims[1], each = x->dims[1] / groups;
    layer_tensor gx = *x, gy = *y;
    gx.dims[1] = gy.dims[1] = each;
    if (!one_loop(&gx, &gy, 1, x->rank, &s.n, &s.x_step, &s.y_step))
        return not_one_row(p);
    s.loops = 2;
    s.dim[0] = groups;
    s.dim[1] = x->dims[0];
    s.x[0] = x->strides[1] * each;
    s.y[0] = y->strides[1] * each;
    s.x[1] = x->strides[0];
    s.y[1] = y->strides[0];
    s.rows = groups * x->dims[0];
    s.groups = groups;
    bool of_groups = ar_layer_elements(&p->t[1]) != x->dims[1];
    s.part = of_groups || s.n == 0 ? s.n : s.n / each;
    s.first_of = of_groups ? 1 : each;
    return launch(b, &s, NORM_LAYER, false, 2);
}
