/* Operators whose output's shape follows from data: computed at load, when all that they read is known by then. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lower.h"

/* The input's values; ARETE_E_UNSUPPORTED when they are not known. Freed by ar_os_free. */
static arete_status known(ar_lowering *l, const ar_node *n, uint32_t input, double **values, size_t *count) {
    *values = NULL;
    *count = 0;
    if (!ar_node_has(n, input))
        return ar_fail(ARETE_E_FORMAT, "input %u is missing", input);
    const ar_value *v = &l->graph->values[n->in[input]];
    if (v->role != AR_VALUE_CONSTANT)
        return ar_fail(ARETE_E_UNSUPPORTED,
                       "how much comes out follows from input %u ('%s'), which is not known before the run", input,
                       v->name);
    size_t many = (size_t)arete_tensor_elements(&v->t);
    arete_status status = ar_pool_fits(&l->graph->pool, (uint64_t)many * sizeof **values);
    if (status != ARETE_OK)
        return status;
    *values = ar_os_alloc((many + 1) * sizeof **values);
    if (!*values)
        return ar_fail_memory(v->name, many * sizeof **values);
    return ar_graph_reals(l->graph, n->in[input], *values, many, count)
               ? ARETE_OK
               : ar_fail(ARETE_E_FORMAT, "input %u ('%s') has no numbers", input, v->name);
}

/* A constant as the node's output. */
static arete_status give(ar_lowering *l, const ar_node *n, uint32_t output, arete_dtype dtype, uint32_t rank,
                         const int64_t *dims, const void *data) {
    if (!ar_node_gives(n, output))
        return ARETE_OK;
    int value = ar_graph_constant(l->graph, n->name, dtype, rank, dims, data, true);
    return value == AR_NO_VALUE ? ARETE_E_MEMORY : ar_lower_alias(l, value, n->out[output], rank, dims);
}

static arete_status lower_non_zero(ar_lowering *l, const ar_node *n) {
    double *x;
    size_t count, found = 0;
    arete_status status = known(l, n, 0, &x, &count);
    if (status != ARETE_OK) {
        ar_os_free(x);
        return status;
    }
    const arete_tensor t = l->graph->values[n->in[0]].t;
    uint32_t rank = t.rank ? t.rank : 1;
    for (size_t i = 0; i < count; i++)
        found += x[i] != 0;
    int64_t *at = ar_pool_alloc(&l->graph->pool, (found * rank + 1) * sizeof *at);
    for (size_t i = 0, k = 0; at && i < count; i++) {
        size_t rest = i;
        for (uint32_t d = rank; x[i] != 0 && d-- > 0;) {
            size_t size = t.rank ? (size_t)t.dims[d] : 1;
            at[d * found + k] = (int64_t)(rest % size);
            rest /= size;
        }
        k += x[i] != 0;
    }
    ar_os_free(x);
    return at ? give(l, n, 0, ARETE_I64, 2, (const int64_t[]){rank, (int64_t)found}, at) : ARETE_E_MEMORY;
}

/* Compress-11: a gather along axis of those that the condition takes; the data may come at the run. */
static arete_status lower_compress(ar_lowering *l, const ar_node *n) {
    const arete_layer_desc gather = {.op = ARETE_LAYER_GATHER, .axis = ar_onnx_int(n->proto, "axis", 0)};
    const arete_tensor *x;
    double *take = NULL;
    size_t count = 0;
    int64_t found = 0;
    arete_status status = ar_node_input(l, n, 0, "x", &x);
    if (status == ARETE_OK)
        status = known(l, n, 1, &take, &count);
    int64_t *at = status == ARETE_OK ? ar_pool_alloc(&l->graph->pool, (count + 1) * sizeof *at) : NULL;
    for (size_t i = 0; at && i < count; i++)
        if (take[i] != 0)
            at[found++] = (int64_t)i;
    ar_os_free(take);
    if (!at)
        return status != ARETE_OK ? status : ARETE_E_MEMORY;
    int in[2] = {n->in[0], ar_graph_constant(l->graph, n->name, ARETE_I64, 1, &found, at, false)};
    if (!ar_onnx_attribute(n->proto, "axis")) {
        const int64_t all = arete_tensor_elements(x);
        in[0] = ar_graph_value(l->graph, n->name);
        if (in[0] == AR_NO_VALUE)
            return ARETE_E_MEMORY;
        status = ar_lower_alias(l, n->in[0], in[0], 1, &all);
    }
    if (in[1] == AR_NO_VALUE)
        return ARETE_E_MEMORY;
    return status == ARETE_OK ? ar_lower_layer(l, n, &gather, in, 2, n->out, 1) : status;
}

/* ---- NonMaxSuppression-11 ---- */

typedef struct boxes {
    const double *box, *score;
    int64_t count;
    bool centred; /* [x, y, width, height] instead of two corners [y, x, y, x] */
    double overlap, least;
} boxes;

/* Corners with the smaller ones first. */
static void corners(const boxes *b, int64_t i, double c[4]) {
    const double *v = b->box + 4 * i;
    if (b->centred) {
        c[0] = v[1] - v[3] / 2;
        c[1] = v[0] - v[2] / 2;
        c[2] = v[1] + v[3] / 2;
        c[3] = v[0] + v[2] / 2;
        return;
    }
    for (int d = 0; d < 2; d++) {
        c[d] = fmin(v[d], v[d + 2]);
        c[d + 2] = fmax(v[d], v[d + 2]);
    }
}

static bool overlaps(const boxes *b, int64_t i, int64_t k) {
    double p[4], q[4];
    corners(b, i, p);
    corners(b, k, q);
    double height = fmin(p[2], q[2]) - fmax(p[0], q[0]), width = fmin(p[3], q[3]) - fmax(p[1], q[1]);
    if (height <= 0 || width <= 0)
        return false;
    double both = height * width;
    double either = (p[2] - p[0]) * (p[3] - p[1]) + (q[2] - q[0]) * (q[3] - q[1]) - both;
    return both > b->overlap * either;
}

/* The best box again and again, of those that overlap none taken before. used: as many flags as boxes. */
static size_t suppress(const boxes *b, size_t most, bool *used, int64_t *taken) {
    size_t count = 0;
    memset(used, 0, (size_t)b->count);
    while (count < most) {
        int64_t best = -1;
        for (int64_t i = 0; i < b->count; i++)
            if (!used[i] && b->score[i] > b->least && (best < 0 || b->score[i] > b->score[best]))
                best = i;
        if (best < 0)
            break;
        used[best] = true;
        bool free_of = true;
        for (size_t k = 0; k < count && free_of; k++)
            free_of = !overlaps(b, best, taken[k]);
        if (free_of)
            taken[count++] = best;
    }
    return count;
}

static arete_status suppress_all(ar_lowering *l, const ar_node *n, const double *box, const double *score,
                                 double most, boxes *b) {
    const arete_tensor tb = l->graph->values[n->in[0]].t, ts = l->graph->values[n->in[1]].t;
    if (tb.rank != 3 || ts.rank != 3 || tb.dims[2] != 4 || tb.dims[1] != ts.dims[2] || tb.dims[0] != ts.dims[0])
        return ar_fail(ARETE_E_SHAPE, "boxes must be [N,B,4] and scores [N,C,B]");
    b->count = tb.dims[1];
    size_t each = most < (double)b->count ? (size_t)fmax(most, 0) : (size_t)b->count, found = 0;
    size_t planes = (size_t)(ts.dims[0] * ts.dims[1]);
    bool *used = ar_pool_alloc(&l->graph->pool, (size_t)b->count + 1);
    int64_t *taken = ar_pool_alloc(&l->graph->pool, (each + 1) * sizeof *taken);
    int64_t *out = ar_pool_alloc(&l->graph->pool, (3 * each * planes + 1) * sizeof *out);
    if (!used || !taken || !out)
        return ARETE_E_MEMORY;
    for (int64_t p = 0; p < (int64_t)planes; p++) {
        b->box = box + p / ts.dims[1] * b->count * 4;
        b->score = score + p * b->count;
        size_t count = suppress(b, each, used, taken);
        for (size_t k = 0; k < count; k++, found++) {
            out[3 * found] = p / ts.dims[1];
            out[3 * found + 1] = p % ts.dims[1];
            out[3 * found + 2] = taken[k];
        }
    }
    return give(l, n, 0, ARETE_I64, 2, (const int64_t[]){(int64_t)found, 3}, out);
}

static arete_status lower_suppression(ar_lowering *l, const ar_node *n) {
    double *box = NULL, *score = NULL, most = 0;
    size_t count, one;
    boxes b = {.centred = ar_onnx_int(n->proto, "center_point_box", 0) != 0, .least = -INFINITY};
    arete_status status = known(l, n, 0, &box, &count);
    if (status == ARETE_OK)
        status = known(l, n, 1, &score, &count);
    const struct {
        uint32_t input;
        double *into;
    } limits[] = {{2, &most}, {3, &b.overlap}, {4, &b.least}};
    for (int i = 0; i < 3 && status == ARETE_OK; i++)
        if (ar_node_has(n, limits[i].input) &&
            (!ar_graph_reals(l->graph, n->in[limits[i].input], limits[i].into, 1, &one) || one != 1))
            status = ar_fail(ARETE_E_UNSUPPORTED, "input %u is not one number that is known before the run",
                             limits[i].input);
    if (status == ARETE_OK)
        status = suppress_all(l, n, box, score, most, &b);
    ar_os_free(box);
    ar_os_free(score);
    return status;
}

/* ---- Unique-11 ---- */

/* Slices along the axis: slice i is at [outer][i][inner]. */
typedef struct slices {
    const double *x;
    size_t outer, count, inner;
} slices;

static int compare_slices(const slices *s, size_t a, size_t b) {
    for (size_t o = 0; o < s->outer; o++)
        for (size_t i = 0; i < s->inner; i++) {
            double p = s->x[(o * s->count + a) * s->inner + i], q = s->x[(o * s->count + b) * s->inner + i];
            if (p != q)
                return p < q ? -1 : 1;
        }
    return 0;
}

typedef struct found {
    size_t unique;
    int64_t *first, *inverse, *counts; /* first, counts: of each unique slice */
} found;

static void find_unique(const slices *s, bool sorted, found *f) {
    for (size_t i = 0; i < s->count; i++) {
        size_t at = 0;
        int order = 1;
        while (at < f->unique && (order = compare_slices(s, i, (size_t)f->first[at])) != 0 &&
               (!sorted || order > 0))
            at++;
        bool is_new = at == f->unique || order != 0;
        if (is_new) {
            memmove(f->first + at + 1, f->first + at, (f->unique - at) * sizeof *f->first);
            memmove(f->counts + at + 1, f->counts + at, (f->unique - at) * sizeof *f->counts);
            for (size_t k = 0; k < i; k++)
                f->inverse[k] += f->inverse[k] >= (int64_t)at;
            f->first[at] = (int64_t)i;
            f->counts[at] = 0;
            f->unique++;
        }
        f->counts[at]++;
        f->inverse[i] = (int64_t)at;
    }
}

static arete_status unique_outputs(ar_lowering *l, const ar_node *n, const arete_tensor *t, int64_t axis,
                                   const slices *s, const found *f) {
    const int64_t unique = (int64_t)f->unique, all = (int64_t)s->count, flat = arete_tensor_elements(t);
    const arete_layer_desc gather = {.op = ARETE_LAYER_GATHER, .axis = axis < 0 ? 0 : axis};
    int in[2] = {n->in[0], ar_graph_constant(l->graph, n->name, ARETE_I64, 1, &unique, f->first, false)};
    arete_status status = in[1] == AR_NO_VALUE ? ARETE_E_MEMORY : ARETE_OK;
    if (axis < 0 && status == ARETE_OK) {
        in[0] = ar_graph_value(l->graph, n->name);
        status = in[0] == AR_NO_VALUE ? ARETE_E_MEMORY : ar_lower_alias(l, n->in[0], in[0], 1, &flat);
    }
    if (status == ARETE_OK)
        status = ar_lower_layer(l, n, &gather, in, 2, n->out, 1);
    if (status == ARETE_OK)
        status = give(l, n, 1, ARETE_I64, 1, &unique, f->first);
    if (status == ARETE_OK)
        status = give(l, n, 2, ARETE_I64, 1, &all, f->inverse);
    return status == ARETE_OK ? give(l, n, 3, ARETE_I64, 1, &unique, f->counts) : status;
}

static arete_status lower_unique(ar_lowering *l, const ar_node *n) {
    double *x;
    size_t count;
    arete_status status = known(l, n, 0, &x, &count);
    const arete_tensor t = n->in[0] == AR_NO_VALUE ? (arete_tensor){0} : l->graph->values[n->in[0]].t;
    bool by_axis = ar_onnx_attribute(n->proto, "axis") != NULL;
    int64_t axis = ar_onnx_int(n->proto, "axis", 0);
    axis = axis < 0 ? axis + t.rank : axis;
    if (status == ARETE_OK && by_axis && (axis < 0 || axis >= t.rank))
        status = ar_fail(ARETE_E_SHAPE, "axis is %lld of %u dimensions", (long long)axis, t.rank);
    slices s = {x, 1, by_axis ? 1 : count, 1};
    for (uint32_t d = 0; by_axis && d < t.rank && status == ARETE_OK; d++)
        *(d < axis ? &s.outer : d == axis ? &s.count : &s.inner) *= (size_t)t.dims[d];
    if (status == ARETE_OK && s.count > 1 << 14)
        status = ar_fail(ARETE_E_UNSUPPORTED, "Unique of %zu, at load; at most 16384", s.count);
    found f = {0};
    size_t bytes = (s.count + 1) * sizeof *f.first;
    if (status == ARETE_OK) {
        f.first = ar_pool_alloc(&l->graph->pool, bytes);
        f.inverse = ar_pool_alloc(&l->graph->pool, bytes);
        f.counts = ar_pool_alloc(&l->graph->pool, bytes);
        status = f.first && f.inverse && f.counts ? ARETE_OK : ARETE_E_MEMORY;
    }
    if (status == ARETE_OK) {
        find_unique(&s, ar_onnx_int(n->proto, "sorted", 1) != 0, &f);
        status = unique_outputs(l, n, &t, by_axis ? axis : -1, &s, &f);
    }
    ar_os_free(x);
    return status;
}

const ar_lower_op ar_lower_hosts[] = {
    {"NonZero", lower_non_zero},
    {"Compress", lower_compress},
    {"NonMaxSuppression", lower_suppression},
    {"Unique", lower_unique},
    {NULL, NULL},
};
