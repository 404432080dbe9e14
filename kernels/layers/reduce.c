/* Reductions: reduce.cl. */
#include <string.h>

#include "forms.h"
#include "sources.h"

/* reduce_args of reduce.cl. */
typedef struct reduce_block {
    int64_t offset[LAYER_OPERANDS];
    int64_t kept_loops, kept_dim[7], kept_x[7], kept_y[7];
    int64_t loops, dim[7], step[7];
    int64_t n, n_step;
    int64_t cols, col_x, col_y;
    int64_t piece, pieces, segments, share, splits, outputs, count;
    int64_t each, least, most;
} reduce_block;
_Static_assert(sizeof(reduce_block) <= LAYER_BLOCK, "reduce_args must fit the argument block");

static const int64_t least_of[] = {[ARETE_I8] = -128, [ARETE_U8] = 0, [ARETE_I32] = INT32_MIN, [ARETE_I64] = INT64_MIN,
                                   [ARETE_BOOL] = 0};
static const int64_t most_of[] = {[ARETE_I8] = 127, [ARETE_U8] = 255, [ARETE_I32] = INT32_MAX, [ARETE_I64] = INT64_MAX,
                                  [ARETE_BOOL] = 1};

/* The loops of x that y has and those that go; merged, the outermost first. */
static void split_loops(const layer_problem *p, layer_walk *kept, layer_walk *gone) {
    const layer_tensor *x = &p->t[0], *y = ar_layer_out(p, 0);
    int32_t at = 0;
    memset(kept, 0, sizeof *kept);
    memset(gone, 0, sizeof *gone);
    kept->operands = gone->operands = 2;
    for (int32_t d = 0; d < x->rank; ++d) {
        bool reduced = p->a.axis_count == 0;
        for (int i = 0; i < p->a.axis_count; ++i)
            reduced = reduced || p->a.axes[i] == d;
        layer_walk *w = reduced ? gone : kept;
        w->dims[w->loops] = x->dims[d];
        w->step[0][w->loops] = x->strides[d];
        /* Merging orders by the last operand: what goes is ordered by x itself. */
        w->step[1][w->loops++] = reduced ? x->strides[d] : y->strides[at];
        at += !reduced || y->rank == x->rank;
    }
    ar_walk_merge(kept);
    ar_walk_merge(gone);
}

/* Loops but the innermost `without`, the innermost first. */
static int64_t take_loops(const layer_walk *w, int32_t without, int64_t *dim, int64_t *x, int64_t *y) {
    int64_t count = 0;
    for (int32_t d = w->loops - without; d-- > 0; ++count) {
        dim[count] = w->dims[d];
        x[count] = w->step[0][d];
        if (y)
            y[count] = w->step[1][d];
    }
    return count;
}

static void set_bounds(const layer_problem *p, reduce_block *s) {
    int32_t dtype = p->t[0].dtype;
    bool whole = !ar_layer_is_real(dtype);
    s->least = whole ? least_of[dtype] : 0;
    s->most = whole ? most_of[dtype] : 0;
}

/* Splits an output over groups when there are too few outputs to keep the device busy. */
static void set_splits(const layer_build *b, reduce_block *s, int64_t groups) {
    int64_t units = b->device->info.compute_units ? b->device->info.compute_units : 1;
    int64_t want = (b->gpu ? 8 : 4) * units, work = s->count * (s->outputs / groups ? s->outputs / groups : 1);
    s->splits = 1;
    if (groups < want && work >= 65536 && b->p->a.op != ARETE_LAYER_REDUCE_LOG_SUM_EXP) {
        s->splits = (want + groups - 1) / groups;
        int64_t most = work / 16384;
        s->splits = s->splits < most ? s->splits : most;
        s->splits = s->splits < s->segments ? s->splits : s->segments;
    }
    s->share = (s->segments + s->splits - 1) / s->splits;
    s->splits = s->share ? (s->segments + s->share - 1) / s->share : 1;
    s->splits = s->splits ? s->splits : 1;
}

arete_status ar_layer_lower_reduce(layer_build *b) {
    const layer_problem *p = b->p;
    const layer_tensor *y = ar_layer_out(p, 0);
    layer_walk kept, gone;
    split_loops(p, &kept, &gone);
    reduce_block s;
    memset(&s, 0, sizeof s);
    int32_t last = gone.loops - 1, inner = kept.loops - 1;
    bool columns = gone.step[0][last] != 1 && kept.step[0][inner] == 1 && kept.dims[inner] > 1 && gone.dims[last] > 1;
    ar_layer_text options;
    ar_layer_options(b, ar_layer_class(p), &options);
    int group = b->gpu && !columns ? 64 : 1;
    s.outputs = ar_layer_elements(y);
    s.count = s.outputs ? ar_layer_elements(&p->t[0]) / s.outputs : 0;
    if (ar_layer_elements(&p->t[0]) == 0)
        s.count = 0;
    set_bounds(p, &s);
    bool strided;
    if (columns) {
        s.kept_loops = take_loops(&kept, 1, s.kept_dim, s.kept_x, s.kept_y);
        s.loops = take_loops(&gone, 0, s.dim, s.step, NULL);
        s.cols = kept.dims[inner];
        s.col_x = kept.step[0][inner];
        s.col_y = kept.step[1][inner];
        s.piece = 128;
        s.segments = (s.count + s.piece - 1) / s.piece;
        strided = s.col_x != 1;
        set_splits(b, &s, (s.cols + b->lanes - 1) / b->lanes * (s.outputs / s.cols));
    } else {
        s.kept_loops = take_loops(&kept, 0, s.kept_dim, s.kept_x, s.kept_y);
        s.loops = take_loops(&gone, 1, s.dim, s.step, NULL);
        s.n = s.count ? gone.dims[last] : 0;
        s.n_step = gone.step[0][last];
        s.piece = 128 * b->lanes * group;
        s.pieces = s.n ? (s.n + s.piece - 1) / s.piece : 1;
        s.segments = s.n ? s.pieces * (s.count / s.n) : 0;
        strided = s.n_step != 1 && s.n > 1;
        set_splits(b, &s, s.outputs);
        int64_t units = b->device->info.compute_units ? b->device->info.compute_units : 1;
        int64_t each = s.outputs / (16 * units), most = 8192 / (s.count ? s.count : 1) + 1;
        s.each = b->gpu || each < 1 ? 1 : each < most ? each : most;
    }
    ar_layer_append(&options, " -DIN=%s -DOUT=%s -DOP=%d -DGROUP=%d -DSTRIDED=%d",
                    arete_dtype_name((arete_dtype)p->t[0].dtype), arete_dtype_name((arete_dtype)y->dtype),
                    (int)p->a.op - ARETE_LAYER_REDUCE_SUM, group, strided);
    const int tensors[3] = {0, 1, s.splits > 1 ? LAYER_WORKSPACE : 1};
    arete_status status;
    layer_launch *launch =
        ar_layer_add(b, &ar_source_layers_reduce, options.text, columns ? "reduce_columns" : "reduce_rows", &status);
    if (!launch)
        return status;
    ar_layer_block(launch, &s, sizeof s, 3, tensors);
    if (columns) {
        const int64_t count[3] = {(s.cols + b->lanes - 1) / b->lanes, s.outputs / s.cols, s.splits};
        ar_layer_grid(b, launch, 3, count);
    } else {
        launch->dims = 2;
        launch->global[0] = (size_t)((s.outputs + s.each - 1) / s.each * group);
        launch->global[1] = (size_t)s.splits;
        launch->local[0] = (size_t)group;
        launch->local[1] = 1;
    }
    if (s.splits == 1)
        return ARETE_OK;
    b->workspace = (uint64_t)(s.outputs * s.splits) * (ar_layer_class(p) == CLASS_F32 ? 4 : 8);
    launch = ar_layer_add(b, &ar_source_layers_reduce, options.text, "reduce_finish", &status);
    if (!launch)
        return status;
    ar_layer_block(launch, &s, sizeof s, 3, tensors);
    ar_layer_grid(b, launch, 1, &s.outputs);
    return ARETE_OK;
}
