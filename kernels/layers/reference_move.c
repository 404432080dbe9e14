/* The oracle of operations that move, index and resample. */
#include <math.h>
#include <string.h>

#include "reference.h"

/* The x that a moving operation puts at the output's coordinates `at`. */
static layer_number moved(const layer_oracle *o, const int64_t *at) {
    const layer_problem *p = o->p;
    const layer_tensor *x = &p->t[0], *y = ar_layer_out(p, 0);
    int64_t from[ARETE_MAX_RANK] = {0}, b = p->a.blocksize;
    switch ((arete_layer_op)p->a.op) {
    case ARETE_LAYER_TRANSPOSE:
        for (int32_t d = 0; d < x->rank; ++d)
            from[p->a.axes[d]] = at[d];
        break;
    case ARETE_LAYER_SLICE:
        memcpy(from, at, sizeof from);
        for (int i = 0; i < p->a.axis_count; ++i)
            from[p->a.axes[i]] = p->a.starts[i] + at[p->a.axes[i]] * p->a.steps[i];
        break;
    case ARETE_LAYER_TILE:
        for (int32_t d = 0; d < x->rank; ++d)
            from[d] = at[d] % x->dims[d];
        break;
    case ARETE_LAYER_DEPTH_TO_SPACE: {
        int64_t c = y->dims[1], row = at[2] % b, column = at[3] % b;
        from[0] = at[0];
        from[1] = p->a.mode ? (at[1] * b + row) * b + column : (row * b + column) * c + at[1];
        from[2] = at[2] / b;
        from[3] = at[3] / b;
        break;
    }
    case ARETE_LAYER_SPACE_TO_DEPTH: {
        int64_t c = x->dims[1], block = at[1] / c;
        from[0] = at[0];
        from[1] = at[1] % c;
        from[2] = at[2] * b + block / b;
        from[3] = at[3] * b + block % b;
        break;
    }
    default: /* IDENTITY */
        for (int32_t d = 0; d < x->rank; ++d)
            from[d] = x->dims[d] == 1 ? 0 : at[y->rank - x->rank + d];
        break;
    }
    return ar_layer_load(o, 0, ar_layer_place(x, from));
}

layer_number ar_layer_move_element(layer_oracle *o, uint32_t output, int64_t index, double *magnitude) {
    const layer_problem *p = o->p;
    int64_t at[ARETE_MAX_RANK] = {0}, axis = p->a.axis;
    layer_number x;
    ar_layer_coordinates(ar_layer_out(p, output), index, at);
    if (p->a.op == ARETE_LAYER_CONCAT) {
        uint32_t i = 0;
        while (at[axis] >= p->t[i].dims[axis])
            at[axis] -= p->t[i++].dims[axis];
        x = ar_layer_load(o, i, ar_layer_place(&p->t[i], at));
    } else if (p->a.op == ARETE_LAYER_SPLIT) {
        for (uint32_t i = 0; i < output; ++i)
            at[axis] += ar_layer_out(p, i)->dims[axis];
        x = ar_layer_load(o, 0, ar_layer_place(&p->t[0], at));
    } else {
        x = moved(o, at);
    }
    *magnitude = fabs(x.real);
    return x;
}

/* An index from the tensor: negative ones count from the end, and it is brought inside. */
static int64_t index_at(const layer_oracle *o, int64_t place, int64_t extent) {
    int64_t i = ar_layer_load(o, 1, place).whole;
    i += i < 0 ? extent : 0;
    return i < 0 ? 0 : i >= extent ? extent - 1 : i;
}

static int64_t gather_place(const layer_oracle *o, const int64_t *at) {
    const layer_tensor *x = &o->p->t[0], *index = &o->p->t[1];
    int32_t axis = (int32_t)o->p->a.axis;
    int64_t i = index_at(o, ar_layer_place(index, at + axis), x->dims[axis]), place = i * x->strides[axis];
    for (int32_t d = 0; d < x->rank; ++d)
        if (d != axis)
            place += at[d < axis ? d : d - 1 + index->rank] * x->strides[d];
    return place;
}

/* Where a tuple points in x, and how many dimensions it and the batch cover. */
static int64_t tuple_place(const layer_oracle *o, const int64_t *at, int32_t batch, int32_t *covered) {
    const layer_tensor *x = &o->p->t[0], *index = &o->p->t[1];
    int32_t last = index->rank - 1;
    int64_t base = 0, place = 0;
    for (int32_t d = 0; d < last; ++d)
        base += at[d] * index->strides[d];
    for (int32_t d = 0; d < batch; ++d)
        place += at[d] * x->strides[d];
    for (int32_t k = 0; k < index->dims[last]; ++k)
        place += index_at(o, base + k * index->strides[last], x->dims[batch + k]) * x->strides[batch + k];
    *covered = batch + (int32_t)index->dims[last];
    return place;
}

static double combined(int mode, double a, double b) {
    switch (mode) {
    case ARETE_SCATTER_ADD: return a + b;
    case ARETE_SCATTER_MUL: return a * b;
    case ARETE_SCATTER_MIN: return isnan(a) || a < b ? a : b;
    case ARETE_SCATTER_MAX: return isnan(a) || a > b ? a : b;
    default: return b;
    }
}

static int64_t combined_whole(int mode, int64_t a, int64_t b) {
    switch (mode) {
    case ARETE_SCATTER_ADD: return (int64_t)((uint64_t)a + (uint64_t)b);
    case ARETE_SCATTER_MUL: return (int64_t)((uint64_t)a * (uint64_t)b);
    case ARETE_SCATTER_MIN: return a < b ? a : b;
    case ARETE_SCATTER_MAX: return a > b ? a : b;
    default: return b;
    }
}

/* Every update in order; those that point at `at` count. */
static layer_number scattered(const layer_oracle *o, const int64_t *at, double *magnitude) {
    const layer_problem *p = o->p;
    const layer_tensor *x = &p->t[0], *index = &p->t[1], *updates = &p->t[2];
    layer_number value = ar_layer_load(o, 0, ar_layer_place(x, at));
    int64_t count = ar_layer_elements(updates), from[ARETE_MAX_RANK], target = ar_layer_place(x, at);
    bool nd = p->a.op == ARETE_LAYER_SCATTER_ND;
    double steps = 1;
    *magnitude = fabs(value.real);
    for (int64_t u = 0; u < count; ++u) {
        int64_t place;
        ar_layer_coordinates(updates, u, from);
        if (nd) {
            int32_t covered, slice;
            place = tuple_place(o, from, 0, &covered);
            slice = index->rank - 1;
            for (int32_t d = covered; d < x->rank; ++d)
                place += from[slice + d - covered] * x->strides[d];
        } else {
            int64_t axis = p->a.axis, i = index_at(o, ar_layer_place(index, from), x->dims[axis]);
            from[axis] = i;
            place = ar_layer_place(x, from);
            ar_layer_coordinates(updates, u, from);
        }
        if (place != target)
            continue;
        layer_number update = ar_layer_load(o, 2, ar_layer_place(updates, from));
        value.real = combined(p->a.mode, value.real, update.real);
        value.whole = combined_whole(p->a.mode, value.whole, update.whole);
        if (p->a.mode == ARETE_SCATTER_MUL)
            *magnitude = fabs(value.real) * ++steps;
        else
            *magnitude += fabs(update.real);
    }
    /* Each step is rounded to the type that holds it. */
    if (ar_layer_is_int(x->dtype)) {
        value = ar_layer_converted(x->dtype, false, value);
    } else if (p->a.mode) {
        *magnitude *= x->dtype == ARETE_F16 ? 0x1p13 : x->dtype == ARETE_BF16 ? 0x1p16 : 2;
    }
    return value;
}

static layer_number positional(const layer_oracle *o, const int64_t *at) {
    const layer_problem *p = o->p;
    const layer_tensor *x = &p->t[0], *y = ar_layer_out(p, 0);
    const layer_number zero = {0, 0}, one = {1, 1};
    if (p->a.op == ARETE_LAYER_EYE_LIKE)
        return at[1] - at[0] == p->a.offset ? one : zero;
    if (p->a.op == ARETE_LAYER_TRILU) {
        int64_t diagonal = at[y->rank - 1] - at[y->rank - 2];
        bool kept = p->a.mode ? diagonal >= p->a.offset : diagonal <= p->a.offset;
        return kept ? ar_layer_load(o, 0, ar_layer_place(x, at)) : zero;
    }
    if (p->a.op == ARETE_LAYER_RANGE) {
        layer_number start = ar_layer_load(o, 0, 0), delta = ar_layer_load(o, 2, 0);
        return (layer_number){start.real + (double)at[0] * delta.real,
                              (int64_t)((uint64_t)start.whole + (uint64_t)at[0] * (uint64_t)delta.whole)};
    }
    if (p->a.op == ARETE_LAYER_ONE_HOT) {
        int32_t axis = (int32_t)p->a.axis;
        int64_t from[ARETE_MAX_RANK] = {0}, depth = y->dims[axis];
        for (int32_t d = 0; d < x->rank; ++d)
            from[d] = at[d < axis ? d : d + 1];
        layer_number index = ar_layer_load(o, 0, ar_layer_place(x, from));
        double hot = index.real < 0 ? index.real + (double)depth : index.real;
        return ar_layer_load(o, 1, (double)at[axis] == hot ? p->t[1].strides[0] : 0);
    }
    int64_t from[ARETE_MAX_RANK];
    memcpy(from, at, sizeof from);
    int64_t length = ar_layer_load(o, 1, at[p->a.batch_axis] * p->t[1].strides[0]).whole, axis = p->a.axis;
    if (from[axis] < length && length <= x->dims[axis])
        from[axis] = length - 1 - from[axis];
    return ar_layer_load(o, 0, ar_layer_place(x, from));
}

layer_number ar_layer_index_element(layer_oracle *o, int64_t index, double *magnitude) {
    const layer_problem *p = o->p;
    const layer_tensor *x = &p->t[0];
    int64_t at[2 * ARETE_MAX_RANK] = {0};
    layer_number value;
    ar_layer_coordinates(ar_layer_out(p, 0), index, at);
    if (p->a.op == ARETE_LAYER_SCATTER_ELEMENTS || p->a.op == ARETE_LAYER_SCATTER_ND)
        return scattered(o, at, magnitude);
    if (p->a.op == ARETE_LAYER_GATHER) {
        value = ar_layer_load(o, 0, gather_place(o, at));
    } else if (p->a.op == ARETE_LAYER_GATHER_ELEMENTS) {
        int64_t i = index_at(o, ar_layer_place(&p->t[1], at), x->dims[p->a.axis]);
        at[p->a.axis] = i;
        value = ar_layer_load(o, 0, ar_layer_place(x, at));
    } else if (p->a.op == ARETE_LAYER_GATHER_ND) {
        int32_t covered;
        int64_t place = tuple_place(o, at, (int32_t)p->a.batch_dims, &covered);
        for (int32_t d = covered; d < x->rank; ++d)
            place += at[p->t[1].rank - 1 + d - covered] * x->strides[d];
        value = ar_layer_load(o, 0, place);
    } else {
        value = positional(o, at);
        if (p->a.op == ARETE_LAYER_RANGE) {
            *magnitude = fabs(ar_layer_load(o, 0, 0).real) + fabs(value.real);
            return ar_layer_is_int(x->dtype) ? ar_layer_converted(x->dtype, false, value) : value;
        }
    }
    *magnitude = fabs(value.real);
    return value;
}
