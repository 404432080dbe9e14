/* Gathering, scattering, and what depends on positions: index.cl. */
#include <string.h>

#include "forms.h"
#include "sources.h"

/* index_args of index.cl. */
typedef struct index_block {
    int64_t offset[LAYER_OPERANDS];
    int64_t cols, rows, col_step, row_step, loops;
    int64_t dims[7];
    int64_t step[4][8];
    int64_t tuple, tuple_step, extent[8], stride[8];
    int64_t limit, mode, length, other;
    int64_t turns, turn_loops, turn_dims[7], turn_step[3][7];
    uint64_t one;
} index_block;
_Static_assert(sizeof(index_block) <= LAYER_BLOCK, "index_args must fit the argument block");

enum { GATHER, REVERSE, MASK, ONE_HOT, RANGE };
enum { X, INDEX, Y, AT }; /* operands of the walk; merging orders by the last one, so AT takes turns with Y */

static const char *raw_type(int32_t dtype) {
    switch (dtype) {
    case ARETE_I32: return "int";
    case ARETE_F32: return "float";
    case ARETE_I8: return "char";
    case ARETE_U8:
    case ARETE_BOOL: return "uchar";
    default: return "long";
    }
}

/* Orders and merges the loops by the output's steps, which the walk has last. */
static arete_status take_walk(const layer_build *b, layer_walk *w, index_block *s) {
    static const int order[4] = {X, INDEX, AT, Y};
    layer_walk sorted = *w;
    for (int k = 0; k < 4; ++k)
        memcpy(sorted.step[k], w->step[order[k]], sizeof w->step[0]);
    sorted.operands = 4;
    ar_walk_merge(&sorted);
    if (sorted.loops > 8)
        return ar_fail(ARETE_E_UNSUPPORTED, "%s: %d loops are left that cannot be merged, but at most 8 are supported",
                       b->op->name, (int)sorted.loops);
    s->loops = sorted.loops - 1;
    s->cols = sorted.dims[sorted.loops - 1];
    s->rows = 1;
    for (int32_t d = 0; d + 1 < sorted.loops; ++d) {
        s->dims[d] = sorted.dims[sorted.loops - 2 - d];
        s->rows *= s->dims[d];
    }
    for (int k = 0; k < 4; ++k)
        for (int32_t d = 0; d < sorted.loops; ++d)
            s->step[order[k]][d] = sorted.step[k][sorted.loops - 1 - d];
    if (sorted.loops == 1 && sorted.dims[0] == 1)
        s->step[INDEX][0] = s->step[AT][0] = 0;
    return ARETE_OK;
}

static arete_status add(layer_build *b, index_block *s, int mode, bool bits, int index, const int *tensors,
                        const char *kernel) {
    const layer_problem *p = b->p;
    const layer_tensor *y = ar_layer_out(p, 0);
    ar_layer_text options;
    ar_layer_options(b, bits ? CLASS_BITS : ar_layer_class(p), &options);
    const char *data = bits ? "bits" : arete_dtype_name((arete_dtype)y->dtype);
    ar_layer_append(&options, " -DMODE=%d -DBITS=%d -DDATA=%s -DCOMBINE_MODE=%d", mode,
                    (int)arete_dtype_size((arete_dtype)y->dtype), data, bits ? 0 : (int)p->a.mode);
    if (mode == RANGE) /* the step, of x's type */
        ar_layer_append(&options, " -DINDEX=el_%s", data);
    else
        ar_layer_append(&options, " -DINDEX=%s", raw_type(p->t[index].dtype));
    arete_status status;
    layer_launch *l = ar_layer_add(b, &ar_source_layers_index, options.text, kernel, &status);
    if (!l)
        return status;
    bool map = strcmp(kernel, "index_map") == 0;
    if (map)
        ar_layer_share(b, s->cols, s->rows, &s->col_step, &s->row_step);
    ar_layer_block(l, s, sizeof *s, 3, tensors);
    const int64_t count[2] = {map ? (s->cols + s->col_step - 1) / s->col_step : s->rows,
                              map ? (s->rows + s->row_step - 1) / s->row_step : 1};
    ar_layer_grid(b, l, 2, count);
    return ARETE_OK;
}

static arete_status gather(layer_build *b) {
    const layer_problem *p = b->p;
    const layer_tensor *x = &p->t[0], *index = &p->t[1], *y = ar_layer_out(p, 0);
    layer_walk w;
    index_block s;
    memset(&w, 0, sizeof w);
    memset(&s, 0, sizeof s);
    w.loops = y->rank;
    memcpy(w.dims, y->dims, sizeof y->dims);
    memcpy(w.step[Y], y->strides, sizeof y->strides);
    int32_t axis = (int32_t)p->a.axis;
    s.tuple = 1;
    s.extent[0] = x->dims[axis];
    s.stride[0] = x->strides[axis];
    if (p->a.op == ARETE_LAYER_GATHER) {
        for (int32_t d = 0; d < y->rank; ++d) {
            bool of_index = d >= axis && d < axis + index->rank;
            w.step[X][d] = of_index ? 0 : x->strides[d < axis ? d : d - index->rank + 1];
            w.step[INDEX][d] = of_index ? index->strides[d - axis] : 0;
        }
    } else if (p->a.op == ARETE_LAYER_GATHER_ELEMENTS) {
        for (int32_t d = 0; d < y->rank; ++d) {
            w.step[X][d] = d == axis ? 0 : x->strides[d];
            w.step[INDEX][d] = index->strides[d];
        }
    } else {
        int32_t batch = (int32_t)p->a.batch_dims, last = index->rank - 1;
        s.tuple = index->dims[last];
        s.tuple_step = index->strides[last];
        for (int32_t k = 0; k < s.tuple; ++k) {
            s.extent[k] = x->dims[batch + k];
            s.stride[k] = x->strides[batch + k];
        }
        for (int32_t d = 0; d < y->rank; ++d) {
            w.step[X][d] = d < batch ? x->strides[d] : d < last ? 0 : x->strides[batch + s.tuple + d - last];
            w.step[INDEX][d] = d < last ? index->strides[d] : 0;
        }
    }
    arete_status status = take_walk(b, &w, &s);
    const int tensors[3] = {0, 1, 2};
    return status == ARETE_OK ? add(b, &s, GATHER, true, 1, tensors, "index_map") : status;
}

static uint64_t bits_of_one(int32_t dtype) {
    switch (dtype) {
    case ARETE_F32: return 0x3f800000u;
    case ARETE_F16: return 0x3c00u;
    case ARETE_BF16: return 0x3f80u;
    case ARETE_F64: return UINT64_C(0x3ff0000000000000);
    default: return 1;
    }
}

static arete_status positional(layer_build *b) {
    const layer_problem *p = b->p;
    const layer_tensor *x = &p->t[0], *y = ar_layer_out(p, 0);
    layer_walk w;
    index_block s;
    memset(&w, 0, sizeof w);
    memset(&s, 0, sizeof s);
    w.loops = y->rank;
    memcpy(w.dims, y->dims, sizeof y->dims);
    memcpy(w.step[Y], y->strides, sizeof y->strides);
    int mode = MASK, tensors[3] = {0, 0, p->in_count}, axis = (int)p->a.axis;
    bool bits = true;
    if (p->a.op == ARETE_LAYER_TRILU || p->a.op == ARETE_LAYER_EYE_LIKE) {
        if (p->a.op == ARETE_LAYER_TRILU)
            memcpy(w.step[X], x->strides, sizeof x->strides);
        w.step[AT][y->rank - 1] = 1;
        w.step[AT][y->rank - 2] = -1;
        s.limit = p->a.offset;
        s.mode = p->a.op == ARETE_LAYER_TRILU ? p->a.mode : 2;
        s.one = bits_of_one(y->dtype);
    } else if (p->a.op == ARETE_LAYER_REVERSE_SEQUENCE) {
        mode = REVERSE;
        tensors[1] = 1;
        memcpy(w.step[X], x->strides, sizeof x->strides);
        w.step[X][axis] = 0;
        w.step[AT][axis] = 1;
        w.step[INDEX][p->a.batch_axis] = p->t[1].strides[0];
        s.stride[0] = x->strides[axis];
        s.length = x->dims[axis];
    } else if (p->a.op == ARETE_LAYER_ONE_HOT) {
        mode = ONE_HOT;
        tensors[0] = 1; /* the values; the indices are the first input */
        for (int32_t d = 0; d < y->rank; ++d)
            w.step[INDEX][d] = d == axis ? 0 : x->strides[d < axis ? d : d - 1];
        w.step[AT][axis] = 1;
        s.length = y->dims[axis];
        s.other = p->t[1].strides[0];
    } else {
        mode = RANGE;
        bits = false;
        tensors[1] = 2; /* delta, of x's type */
        w.step[AT][0] = 1;
    }
    for (int32_t d = 0; d < y->rank; ++d)
        if (y->dims[d] == 1)
            w.step[X][d] = w.step[INDEX][d] = w.step[AT][d] = 0;
    arete_status status = take_walk(b, &w, &s);
    if (status != ARETE_OK)
        return status;
    int32_t type = mode == ONE_HOT ? p->t[0].dtype : ARETE_I64;
    if (mode == ONE_HOT && (type == ARETE_F16 || type == ARETE_BF16 || type == ARETE_F64))
        return ar_fail(ARETE_E_DTYPE, "in[0].dtype is %s, but one_hot takes indices of i64, i32, i8, u8, f32",
                       arete_dtype_name((arete_dtype)type));
    return add(b, &s, mode, bits, mode == ONE_HOT || p->in_count < 2 ? 0 : 1, tensors, "index_map");
}

/* Loops of the updates that may write the same place go in order within a work-item; the others run beside each
 * other. */
static arete_status scatter(layer_build *b) {
    const layer_problem *p = b->p;
    const layer_tensor *x = &p->t[0], *index = &p->t[1], *updates = &p->t[2], *y = ar_layer_out(p, 0);
    bool nd = p->a.op == ARETE_LAYER_SCATTER_ND;
    layer_walk copy;
    memset(&copy, 0, sizeof copy);
    copy.operands = 2;
    copy.loops = y->rank;
    copy.tensor[1] = 3;
    memcpy(copy.dims, y->dims, sizeof y->dims);
    memcpy(copy.step[0], x->strides, sizeof x->strides);
    memcpy(copy.step[1], y->strides, sizeof y->strides);
    arete_status status = ar_layer_copy_walk(b, &copy);
    if (status != ARETE_OK || ar_layer_elements(updates) == 0)
        return status;
    index_block s;
    memset(&s, 0, sizeof s);
    int32_t last = index->rank - 1, axis = (int32_t)p->a.axis;
    s.tuple = nd ? index->dims[last] : 1;
    s.tuple_step = nd ? index->strides[last] : 0;
    for (int32_t k = 0; k < s.tuple; ++k) {
        s.extent[k] = y->dims[nd ? k : axis];
        s.stride[k] = y->strides[nd ? k : axis];
    }
    s.rows = s.turns = 1;
    for (int32_t d = updates->rank; d-- > 0;) {
        bool ordered = nd ? d < last : d == axis;
        if (updates->dims[d] == 1)
            continue;
        int64_t to = ordered ? 0 : y->strides[nd ? (int32_t)s.tuple + d - last : d];
        int64_t at = nd ? (d < last ? index->strides[d] : 0) : index->strides[d];
        if (ordered) {
            s.turn_dims[s.turn_loops] = updates->dims[d];
            s.turn_step[0][s.turn_loops] = updates->strides[d];
            s.turn_step[1][s.turn_loops] = at;
            s.turn_step[2][s.turn_loops++] = to;
            s.turns *= updates->dims[d];
        } else {
            s.dims[s.loops] = updates->dims[d];
            s.step[X][s.loops + 1] = updates->strides[d];
            s.step[INDEX][s.loops + 1] = at;
            s.step[Y][++s.loops] = to;
            s.rows *= updates->dims[d];
        }
    }
    const int tensors[3] = {2, 1, 3};
    return add(b, &s, GATHER, p->a.mode == 0, 1, tensors, "index_scatter");
}

arete_status ar_layer_lower_index(layer_build *b) {
    switch ((arete_layer_op)b->p->a.op) {
    case ARETE_LAYER_GATHER:
    case ARETE_LAYER_GATHER_ELEMENTS:
    case ARETE_LAYER_GATHER_ND: return gather(b);
    case ARETE_LAYER_SCATTER_ELEMENTS:
    case ARETE_LAYER_SCATTER_ND: return scatter(b);
    default: return positional(b);
    }
}
