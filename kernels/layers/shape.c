/* The outputs' shapes and types. One function for each rule of layer_shape. */
#include <string.h>

#include "problem.h"

typedef long long ll;

static arete_status bad(const layer_problem *p, const char *what) {
    return ar_fail(ARETE_E_SHAPE, "%s: %s", arete_layer_op_name((arete_layer_op)p->a.op), what);
}

static void copy_dims(layer_tensor *to, const layer_tensor *from) {
    to->rank = from->rank;
    memcpy(to->dims, from->dims, sizeof to->dims);
}

/* Of all inputs but those that lie along one axis (scales, statistics). */
static arete_status broadcast(const layer_problem *p, layer_tensor *want) {
    bool along = p->a.op == ARETE_LAYER_QUANTIZE || p->a.op == ARETE_LAYER_DEQUANTIZE ||
                 p->a.op == ARETE_LAYER_BATCH_NORM;
    copy_dims(want, &p->t[0]);
    if (along) {
        int64_t axis = p->a.op == ARETE_LAYER_BATCH_NORM ? (want->rank > 1 ? 1 : 0) : p->a.axis;
        int64_t extent = want->rank > 0 && axis < want->rank ? want->dims[axis] : 1;
        for (uint32_t i = 1; i < p->in_count; ++i) {
            const layer_tensor *t = &p->t[i];
            if (t->dtype == ARETE_DTYPE_NONE)
                continue;
            int64_t count = ar_layer_elements(t);
            if (t->rank > 1 || (count != extent && (count != 1 || p->a.op == ARETE_LAYER_BATCH_NORM)))
                return ar_fail(ARETE_E_SHAPE, "in[%u] has %lld elements and rank %d, but must be [%lld]%s: the extent of x along its axis",
                               (unsigned)i, (ll)count, (int)t->rank, (ll)extent,
                               p->a.op == ARETE_LAYER_BATCH_NORM ? "" : " or one value");
        }
        return ARETE_OK;
    }
    for (uint32_t i = 1; i < p->in_count; ++i) {
        const layer_tensor *t = &p->t[i];
        if (t->dtype == ARETE_DTYPE_NONE)
            continue;
        int32_t rank = t->rank > want->rank ? t->rank : want->rank;
        int64_t dims[ARETE_MAX_RANK];
        for (int32_t d = 0; d < rank; ++d) {
            int32_t at = d - (rank - want->rank), from = d - (rank - t->rank);
            int64_t a = at < 0 ? 1 : want->dims[at], b = from < 0 ? 1 : t->dims[from];
            if (a != b && a != 1 && b != 1)
                return ar_fail(ARETE_E_SHAPE,
                               "in[%u].dims[%d] is %lld, but the inputs before it have %lld there: give that, or 1 to "
                               "repeat",
                               (unsigned)i, (int)from, (ll)b, (ll)a);
            dims[d] = a == 1 ? b : a;
        }
        want->rank = rank;
        memcpy(want->dims, dims, (size_t)rank * sizeof dims[0]);
    }
    return ARETE_OK;
}

/* The output's own shape: what it must fit is checked here. */
static arete_status given(const layer_problem *p, layer_tensor *want) {
    const layer_tensor *y = ar_layer_out(p, 0), *x = &p->t[0];
    bool open = y->dtype == ARETE_DTYPE_NONE && y->rank == 0; /* to be inferred, and nothing said */
    copy_dims(want, p->a.op == ARETE_LAYER_IDENTITY && open ? x : y);
    if (p->a.op == ARETE_LAYER_IDENTITY && !open) {
        if (y->rank < x->rank)
            return bad(p, "the output has fewer dimensions than x: a broadcast keeps or adds some");
        for (int32_t d = 0; d < x->rank; ++d) {
            int64_t have = x->dims[d], to = y->dims[y->rank - x->rank + d];
            if (have != to && have != 1)
                return ar_fail(ARETE_E_SHAPE, "x.dims[%d] is %lld, but the output has %lld there: give that, or 1", (int)d,
                               (ll)have, (ll)to);
        }
    } else if (p->a.op == ARETE_LAYER_TILE || p->a.op == ARETE_LAYER_RESIZE) {
        if (y->rank != x->rank)
            return bad(p, "the output must have x's rank");
        for (int32_t d = 0; d < x->rank; ++d) {
            bool empty = y->dims[d] == 0, none = x->dims[d] == 0;
            if (p->a.op == ARETE_LAYER_TILE ? (none ? !empty : y->dims[d] % x->dims[d] != 0) : none && !empty)
                return ar_fail(ARETE_E_SHAPE, "out[0].dims[%d] is %lld, which x's %lld do not make", (int)d,
                               (ll)y->dims[d], (ll)x->dims[d]);
        }
    } else if (p->a.op == ARETE_LAYER_RANGE && (y->rank != 1 || ar_layer_elements(x) != 1 ||
                                              ar_layer_elements(&p->t[1]) != 1 || ar_layer_elements(&p->t[2]) != 1)) {
        return bad(p, "the output must have rank 1, the inputs one element each");
    } else if (p->a.op == ARETE_LAYER_EYE_LIKE && y->rank != 2) {
        return bad(p, "the output must have rank 2");
    }
    return ARETE_OK;
}

static arete_status norm(const layer_problem *p, layer_tensor *want) {
    const layer_tensor *x = &p->t[0];
    int64_t count = 1;
    for (int32_t d = (int32_t)p->a.axis; d < x->rank; ++d)
        count *= x->dims[d];
    for (uint32_t i = 1; i < p->in_count; ++i)
        if (ar_layer_has(p, i) && ar_layer_elements(&p->t[i]) != count)
            return ar_fail(ARETE_E_SHAPE,
                           "in[%u] has %lld elements, but must have the %lld that x has from axis %lld on: broadcast it "
                           "by IDENTITY first",
                           (unsigned)i, (ll)ar_layer_elements(&p->t[i]), (ll)count, (ll)p->a.axis);
    for (uint32_t o = 0; o < p->out_count; ++o) {
        copy_dims(&want[o], x);
        for (int32_t d = (int32_t)p->a.axis; o > 0 && d < x->rank; ++d)
            want[o].dims[d] = 1;
    }
    return ARETE_OK;
}

static arete_status same(const layer_problem *p, layer_tensor *want) {
    const layer_tensor *x = &p->t[0];
    copy_dims(want, x);
    bool channels = p->a.op == ARETE_LAYER_INSTANCE_NORM || p->a.op == ARETE_LAYER_GROUP_NORM;
    if ((channels || p->a.op == ARETE_LAYER_LRN) && x->rank < 2)
        return bad(p, "x must have rank 2 or more, [N,C,...]");
    if (p->a.op == ARETE_LAYER_GROUP_NORM && x->dims[1] % p->a.groups != 0)
        return ar_fail(ARETE_E_SHAPE, "desc.groups is %lld, but must divide the %lld channels", (ll)p->a.groups,
                       (ll)x->dims[1]);
    for (uint32_t i = 1; channels && i < 3; ++i) {
        int64_t count = ar_layer_elements(&p->t[i]);
        bool groups = p->a.op == ARETE_LAYER_GROUP_NORM && count == p->a.groups;
        if (p->t[i].rank != 1 || (count != x->dims[1] && !groups) || count != p->t[1].dims[0])
            return ar_fail(ARETE_E_SHAPE, "in[%u] has %lld elements, but must be [C], C = %lld%s", (unsigned)i, (ll)count,
                           (ll)x->dims[1], p->a.op == ARETE_LAYER_GROUP_NORM ? ", or [groups]" : "");
    }
    if (p->a.op == ARETE_LAYER_TRILU && x->rank < 2)
        return bad(p, "x must have rank 2 or more");
    if (p->a.op == ARETE_LAYER_REVERSE_SEQUENCE &&
        (p->a.batch_axis == p->a.axis || p->t[1].rank != 1 || p->t[1].dims[0] != x->dims[p->a.batch_axis]))
        return bad(p, "lengths must be one for each of batch_axis, which must not be axis");
    return ARETE_OK;
}

static arete_status pool(const layer_problem *p, layer_tensor *want) {
    const layer_tensor *x = &p->t[0];
    if (x->rank < 3 || x->rank > 5)
        return ar_fail(ARETE_E_SHAPE, "x has rank %d, but must be [N,C] and 1 to 3 more", (int)x->rank);
    int32_t space = x->rank - 2;
    copy_dims(want, x);
    for (int32_t d = 0; d < space; ++d) {
        int64_t reach = p->a.dilations[d] * (p->a.kernel[d] - 1) + 1, before = p->a.pads[d], after = p->a.pads[space + d];
        int64_t room = x->dims[2 + d] + before + after - reach;
        if (before < 0 || after < 0 || room < 0)
            return ar_fail(ARETE_E_SHAPE, "the window reaches over %lld, but x.dims[%d] with its pads is %lld", (ll)reach,
                           (int)d + 2, (ll)(room + reach));
        int64_t count = (p->a.ceil_mode ? (room + p->a.strides[d] - 1) / p->a.strides[d] : room / p->a.strides[d]) + 1;
        if (p->a.ceil_mode && (count - 1) * p->a.strides[d] >= x->dims[2 + d] + before)
            --count; /* a window that would begin in the pads behind */
        want->dims[2 + d] = count;
    }
    if (p->out_count > 1)
        copy_dims(&want[1], want);
    return ARETE_OK;
}

static void reduce(const layer_problem *p, bool kept, layer_tensor *want) {
    const layer_tensor *x = &p->t[0];
    bool arg = p->a.op == ARETE_LAYER_ARG_MAX || p->a.op == ARETE_LAYER_ARG_MIN;
    want->rank = 0;
    for (int32_t d = 0; d < x->rank; ++d) {
        bool gone = arg ? d == p->a.axis : p->a.axis_count == 0;
        for (int i = 0; i < p->a.axis_count; ++i)
            gone = gone || p->a.axes[i] == d;
        if (!gone || kept)
            want->dims[want->rank++] = gone ? 1 : x->dims[d];
    }
}

static arete_status top_k(const layer_problem *p, layer_tensor *want) {
    const layer_tensor *x = &p->t[0], *y = ar_layer_out(p, 0);
    if (y->rank != x->rank || x->rank == 0)
        return bad(p, "the output must have x's rank, 1 or more");
    copy_dims(want, x);
    want->dims[p->a.axis] = y->dims[p->a.axis];
    if (y->dims[p->a.axis] > x->dims[p->a.axis])
        return ar_fail(ARETE_E_SHAPE, "k is %lld, but x has %lld along axis %lld", (ll)y->dims[p->a.axis],
                       (ll)x->dims[p->a.axis], (ll)p->a.axis);
    if (p->out_count > 1)
        copy_dims(&want[1], want);
    return ARETE_OK;
}

static arete_status concat(const layer_problem *p, bool split, layer_tensor *want) {
    const layer_tensor *whole = split ? &p->t[0] : NULL;
    const layer_tensor *first = &p->t[split ? p->in_count : 0];
    uint32_t count = split ? p->out_count : p->in_count;
    int64_t sum = 0;
    for (uint32_t i = 0; i < count; ++i) {
        const layer_tensor *part = &first[i];
        if (part->rank != p->t[0].rank)
            return bad(p, "all parts must have one rank");
        for (int32_t d = 0; d < part->rank; ++d)
            if (d != p->a.axis && part->dims[d] != p->t[0].dims[d])
                return ar_fail(ARETE_E_SHAPE, "%s[%u].dims[%d] is %lld, but must be %lld as in the others", split ? "out" : "in",
                               (unsigned)i, (int)d, (ll)part->dims[d], (ll)p->t[0].dims[d]);
        sum += part->dims[p->a.axis];
        if (split)
            copy_dims(&want[i], part);
    }
    if (split && sum != whole->dims[p->a.axis])
        return ar_fail(ARETE_E_SHAPE, "the outputs have %lld along axis %lld, but x has %lld", (ll)sum, (ll)p->a.axis,
                       (ll)whole->dims[p->a.axis]);
    if (!split) {
        copy_dims(want, &p->t[0]);
        want->dims[p->a.axis] = sum;
    }
    return ARETE_OK;
}

static void slice(const layer_problem *p, layer_tensor *want) {
    copy_dims(want, &p->t[0]);
    for (int i = 0; i < p->a.axis_count; ++i) {
        int64_t end = p->a.ends[i] < 0 ? -1 : p->a.ends[i]; /* see read_slice() */
        int64_t step = p->a.steps[i], span = end - p->a.starts[i];
        int64_t count = step > 0 ? (span + step - 1) / step : (span + step + 1) / step;
        want->dims[p->a.axes[i]] = (span > 0) == (step > 0) && count > 0 ? count : 0;
    }
}

static arete_status pad(const layer_problem *p, layer_tensor *want) {
    copy_dims(want, &p->t[0]);
    for (int i = 0; i < p->a.axis_count; ++i) {
        int64_t d = p->a.axes[i], before = p->a.pads[i], after = p->a.pads[p->a.axis_count + i];
        if (__builtin_add_overflow(want->dims[d], before, &want->dims[d]) ||
            __builtin_add_overflow(want->dims[d], after, &want->dims[d]) || want->dims[d] < 0)
            return ar_fail(ARETE_E_SHAPE, "desc.pads of %lld and %lld leave nothing sensible of dimension %lld", (ll)before,
                           (ll)after, (ll)d);
        if (p->a.mode != ARETE_PAD_CONSTANT && p->t[0].dims[d] == 0 && want->dims[d] > 0)
            return bad(p, "x is empty: only constants can be padded to it");
    }
    return ARETE_OK;
}

static arete_status blocks(const layer_problem *p, layer_tensor *want) {
    const layer_tensor *x = &p->t[0];
    int64_t b = p->a.blocksize;
    bool to_space = p->a.op == ARETE_LAYER_DEPTH_TO_SPACE;
    if (x->rank != 4 || b > 65536 || (to_space ? x->dims[1] % (b * b) != 0 : x->dims[2] % b != 0 || x->dims[3] % b != 0))
        return ar_fail(ARETE_E_SHAPE, "desc.blocksize is %lld, which must divide %s of x [N,C,H,W]", (ll)b,
                       to_space ? "C, twice," : "H and W");
    copy_dims(want, x);
    want->dims[1] = to_space ? x->dims[1] / (b * b) : x->dims[1] * b * b;
    want->dims[2] = to_space ? x->dims[2] * b : x->dims[2] / b;
    want->dims[3] = to_space ? x->dims[3] * b : x->dims[3] / b;
    return ARETE_OK;
}

static arete_status append(const layer_problem *p, layer_tensor *want, const layer_tensor *from, int32_t first, int32_t end) {
    for (int32_t d = first; d < end; ++d) {
        if (want->rank == ARETE_MAX_RANK)
            return bad(p, "the output has more than 8 dimensions");
        want->dims[want->rank++] = from->dims[d];
    }
    return ARETE_OK;
}

static arete_status gather(const layer_problem *p, layer_tensor *want) {
    const layer_tensor *x = &p->t[0], *index = &p->t[1];
    int32_t axis = (int32_t)p->a.axis;
    want->rank = 0;
    arete_status status = append(p, want, x, 0, axis);
    if (status == ARETE_OK)
        status = append(p, want, index, 0, index->rank);
    if (status == ARETE_OK)
        status = append(p, want, x, axis + 1, x->rank);
    if (status == ARETE_OK && x->dims[axis] == 0 && ar_layer_elements(want) > 0)
        return bad(p, "x has nothing along axis");
    return status;
}

static arete_status gather_elements(const layer_problem *p, layer_tensor *want) {
    const layer_tensor *x = &p->t[0], *index = &p->t[1];
    if (index->rank != x->rank || x->rank == 0)
        return bad(p, "indices must have x's rank, 1 or more");
    for (int32_t d = 0; d < x->rank; ++d)
        if (d != p->a.axis ? index->dims[d] > x->dims[d] : x->dims[d] == 0 && ar_layer_elements(index) > 0)
            return ar_fail(ARETE_E_SHAPE, "indices.dims[%d] is %lld, but x has %lld there", (int)d, (ll)index->dims[d],
                           (ll)x->dims[d]);
    copy_dims(want, index);
    return ARETE_OK;
}

/* y [batch, tuples..., slice] */
static arete_status gather_nd(const layer_problem *p, layer_tensor *want) {
    const layer_tensor *x = &p->t[0], *index = &p->t[1];
    int32_t batch = (int32_t)p->a.batch_dims, last = index->rank - 1;
    if (last < batch || x->rank < 1)
        return bad(p, "indices must have rank above batch_dims, and x rank 1 or more");
    int64_t tuple = index->dims[last];
    if (tuple < 1 || tuple > x->rank - batch)
        return ar_fail(ARETE_E_SHAPE, "indices hold tuples of %lld, but x has %d dimensions to index", (ll)tuple,
                       (int)(x->rank - batch));
    for (int32_t d = 0; d < batch; ++d)
        if (x->dims[d] != index->dims[d])
            return bad(p, "x and indices differ in a batch dimension");
    want->rank = 0;
    arete_status status = append(p, want, index, 0, last);
    return status == ARETE_OK ? append(p, want, x, batch + (int32_t)tuple, x->rank) : status;
}

static arete_status scatter(const layer_problem *p, layer_tensor *want) {
    const layer_tensor *x = &p->t[0], *index = &p->t[1], *updates = &p->t[2];
    copy_dims(want, x);
    layer_tensor expected = {0};
    arete_status status;
    if (p->a.op == ARETE_LAYER_SCATTER_ND) {
        layer_problem as_gather = *p;
        as_gather.a.batch_dims = 0;
        status = gather_nd(&as_gather, &expected);
    } else {
        status = gather_elements(p, &expected);
    }
    if (status != ARETE_OK)
        return status;
    bool fits = updates->rank == expected.rank;
    for (int32_t d = 0; fits && d < expected.rank; ++d)
        fits = updates->dims[d] == expected.dims[d];
    (void)index;
    return fits ? ARETE_OK : bad(p, "updates must have the shape that gathering by the indices would give");
}

static arete_status one_hot(const layer_problem *p, layer_tensor *want) {
    const layer_tensor *index = &p->t[0], *y = ar_layer_out(p, 0);
    if (ar_layer_elements(&p->t[1]) != 2)
        return bad(p, "values must be [off, on]");
    if (y->rank != index->rank + 1)
        return bad(p, "the output must have one dimension more than the indices");
    int32_t axis = (int32_t)p->a.axis;
    want->rank = 0;
    arete_status status = append(p, want, index, 0, axis);
    if (status == ARETE_OK)
        status = append(p, want, y, axis, axis + 1);
    return status == ARETE_OK ? append(p, want, index, axis, index->rank) : status;
}

static arete_status dims(const layer_problem *p, const layer_op *op, bool kept, layer_tensor *want) {
    switch ((layer_shape)op->shape) {
    case SHAPE_BROADCAST: return broadcast(p, want);
    case SHAPE_GIVEN: return given(p, want);
    case SHAPE_SAME: return same(p, want);
    case SHAPE_NORM: return norm(p, want);
    case SHAPE_POOL: return pool(p, want);
    case SHAPE_REDUCE:
    case SHAPE_ARG: reduce(p, kept, want); return ARETE_OK;
    case SHAPE_TOP_K: return top_k(p, want);
    case SHAPE_TRANSPOSE:
        want->rank = p->t[0].rank;
        for (int32_t d = 0; d < want->rank; ++d)
            want->dims[d] = p->t[0].dims[p->a.axes[d]];
        return ARETE_OK;
    case SHAPE_CONCAT: return concat(p, false, want);
    case SHAPE_SPLIT: return concat(p, true, want);
    case SHAPE_SLICE: slice(p, want); return ARETE_OK;
    case SHAPE_PAD: return pad(p, want);
    case SHAPE_BLOCKS: return blocks(p, want);
    case SHAPE_GATHER: return gather(p, want);
    case SHAPE_GATHER_ELEMENTS: return gather_elements(p, want);
    case SHAPE_GATHER_ND: return gather_nd(p, want);
    case SHAPE_SCATTER: return scatter(p, want);
    case SHAPE_ONE_HOT: return one_hot(p, want);
    }
    return ARETE_E_INTERNAL;
}

/* Of the first output; the statistics and indices beside it have their own. */
static int32_t first_type(const layer_problem *p, const layer_op *op) {
    int32_t given_type = ar_layer_out(p, 0)->dtype;
    switch ((layer_result)op->result) {
    case RESULT_X: return p->t[0].dtype;
    case RESULT_BOOL: return ARETE_BOOL;
    case RESULT_I64: return ARETE_I64;
    case RESULT_SECOND: return p->t[1].dtype;
    case RESULT_GIVEN: break;
    }
    if (op->op == ARETE_LAYER_QUANTIZE && ar_layer_has(p, 2))
        return p->t[2].dtype;
    if (op->op == ARETE_LAYER_QUANTIZE && given_type == ARETE_DTYPE_NONE)
        return ARETE_U8;
    if (op->op == ARETE_LAYER_FUSED && given_type == ARETE_DTYPE_NONE)
        return ar_layer_op_find(p->chain[p->chain_count - 1].op)->result == RESULT_BOOL ? ARETE_BOOL : p->t[0].dtype;
    return given_type;
}

arete_status ar_layer_shapes(const layer_problem *p, bool kept, layer_tensor *want) {
    const layer_op *op = ar_layer_op_find(p->a.op);
    arete_status status = dims(p, op, kept, want);
    if (status != ARETE_OK)
        return status;
    int32_t first = first_type(p, op);
    for (uint32_t o = 0; o < p->out_count; ++o) {
        bool beside = o > 0 && op->op != ARETE_LAYER_SPLIT;
        int32_t own = ar_layer_out(p, o)->dtype;
        want[o].dtype = !beside                            ? first
                        : op->op != ARETE_LAYER_LAYER_NORM ? (int32_t)ARETE_I64
                        : own == p->t[0].dtype             ? own
                                                           : (int32_t)ARETE_F32;
    }
    return want[0].dtype ? ARETE_OK
                         : ar_fail(ARETE_E_DTYPE, "out[0].dtype is NONE, but %s needs it: set it", op->name);
}
