/* The oracle of operations along axes: reductions, norms, running sums, the largest k. */
#include <math.h>
#include <string.h>

#include "reference.h"

static bool reduced(const layer_problem *p, int32_t d) {
    bool is = p->a.axis_count == 0;
    for (int i = 0; i < p->a.axis_count; ++i)
        is = is || p->a.axes[i] == d;
    return is;
}

static double doublings(double n) {
    return 4 * (n > 2 ? ceil(log2(n)) : 1);
}

static int64_t wrapped(int64_t a, int64_t b, bool product) {
    return (int64_t)(product ? (uint64_t)a * (uint64_t)b : (uint64_t)a + (uint64_t)b);
}

/* A sum, and what rounding loses of it, which is added at the end: f64 results are held to a few eps of f64. */
typedef struct kept {
    double sum, lost;
} kept;

static void keep(kept *k, double x) {
    double more = k->sum + x;
    k->lost += fabs(k->sum) >= fabs(x) ? (k->sum - more) + x : (x - more) + k->sum;
    k->sum = more;
}

static double kept_total(const kept *k) {
    return isfinite(k->sum) ? k->sum + k->lost : k->sum;
}

typedef struct sums {
    int64_t n;
    kept sum, absolute, square, exponentials;
    double product, least, most;
    int64_t whole_sum, whole_absolute, whole_square, whole_product, whole_least, whole_most;
} sums;

static void sums_start(sums *s, const layer_tensor *x) {
    memset(s, 0, sizeof *s);
    s->product = 1;
    s->whole_product = 1;
    s->least = INFINITY;
    s->most = -INFINITY;
    bool small = x->dtype == ARETE_I8, byte = x->dtype == ARETE_U8 || x->dtype == ARETE_BOOL;
    s->whole_least = small ? 127 : byte ? (x->dtype == ARETE_BOOL ? 1 : 255) : x->dtype == ARETE_I32 ? INT32_MAX : INT64_MAX;
    s->whole_most = small ? -128 : byte ? 0 : x->dtype == ARETE_I32 ? INT32_MIN : INT64_MIN;
}

static void sums_add(sums *s, layer_number v) {
    double x = v.real;
    int64_t w = v.whole;
    s->n++;
    keep(&s->sum, x);
    keep(&s->absolute, fabs(x));
    keep(&s->square, x * x);
    s->product *= x;
    s->least = isnan(s->least) || s->least < x ? s->least : x;
    s->most = isnan(s->most) || s->most > x ? s->most : x;
    s->whole_sum = wrapped(s->whole_sum, w, false);
    s->whole_absolute = wrapped(s->whole_absolute, w < 0 ? wrapped(w, -1, true) : w, false);
    s->whole_square = wrapped(s->whole_square, wrapped(w, w, true), false);
    s->whole_product = wrapped(s->whole_product, w, true);
    s->whole_least = w < s->whole_least ? w : s->whole_least;
    s->whole_most = w > s->whole_most ? w : s->whole_most;
}

/* Calls sums_add for each element that goes into one output; base has the kept coordinates. second: adds exp(x - most)
 * to exponentials instead. */
static void over_reduced(const layer_oracle *o, int64_t *base, sums *s, bool second) {
    const layer_problem *p = o->p;
    const layer_tensor *x = &p->t[0];
    int64_t count = 1;
    for (int32_t d = 0; d < x->rank; ++d)
        count *= reduced(p, d) ? x->dims[d] : 1;
    for (int64_t i = 0; i < count; ++i) {
        int64_t rest = i;
        for (int32_t d = x->rank; d-- > 0;)
            if (reduced(p, d)) {
                base[d] = rest % x->dims[d];
                rest /= x->dims[d];
            }
        layer_number v = ar_layer_load(o, 0, ar_layer_place(x, base));
        if (second)
            keep(&s->exponentials, exp(v.real - s->most));
        else
            sums_add(s, v);
    }
}

static layer_number reduction(const layer_oracle *o, int64_t index, double *magnitude) {
    const layer_problem *p = o->p;
    const layer_tensor *x = &p->t[0];
    int64_t base[ARETE_MAX_RANK] = {0};
    for (int32_t d = x->rank; d-- > 0;)
        if (!reduced(p, d)) {
            base[d] = index % x->dims[d];
            index /= x->dims[d];
        }
    sums s;
    sums_start(&s, x);
    over_reduced(o, base, &s, false);
    double factor = doublings((double)s.n), n = (double)s.n, sum = kept_total(&s.sum);
    double absolute = kept_total(&s.absolute), square = kept_total(&s.square);
    layer_number y = {0, 0};
    *magnitude = 0;
    switch ((arete_layer_op)p->a.op) {
    case ARETE_LAYER_REDUCE_SUM:
        y = (layer_number){sum, s.whole_sum};
        *magnitude = absolute * factor;
        break;
    case ARETE_LAYER_REDUCE_MEAN:
        y = (layer_number){sum / n, s.n ? s.whole_sum / s.n : 0};
        *magnitude = absolute / n * (factor + 2);
        break;
    case ARETE_LAYER_REDUCE_MAX: y = (layer_number){s.most, s.whole_most}; break;
    case ARETE_LAYER_REDUCE_MIN: y = (layer_number){s.least, s.whole_least}; break;
    case ARETE_LAYER_REDUCE_PROD:
        y = (layer_number){s.product, s.whole_product};
        *magnitude = fabs(s.product) * (n + 1);
        break;
    case ARETE_LAYER_REDUCE_L1:
        y = (layer_number){absolute, s.whole_absolute};
        *magnitude = absolute * factor;
        break;
    case ARETE_LAYER_REDUCE_L2:
        y.real = sqrt(square);
        *magnitude = y.real * (factor + 3);
        break;
    case ARETE_LAYER_REDUCE_LOG_SUM:
        y.real = log(sum);
        *magnitude = absolute / fabs(sum) * factor + 16 * fabs(y.real);
        break;
    case ARETE_LAYER_REDUCE_LOG_SUM_EXP: {
        double most = isinf(s.most) ? 0 : s.most;
        s.most = most;
        over_reduced(o, base, &s, true);
        y.real = most + log(kept_total(&s.exponentials));
        *magnitude = factor + 20 * (1 + fabs(most) + fabs(y.real));
        break;
    }
    default:
        y = (layer_number){square, s.whole_square};
        *magnitude = square * (factor + 1);
        break;
    }
    if (ar_layer_is_int(x->dtype) || x->dtype == ARETE_BOOL)
        y = ar_layer_converted(x->dtype, false, y);
    return y;
}

/* Rows that a norm looks at: n elements, step apart, from base. */
typedef struct row {
    int64_t number, base, n, step, position; /* position: of the element asked for */
    int64_t scale;                           /* index of its scale and bias; -1: position */
    const layer_tensor *x;
    int64_t first; /* dimension that rows begin at; axis operations: that dimension alone */
    bool single;
} row;

static int64_t row_place(const row *r, const int64_t *at, int64_t position) {
    int64_t from[ARETE_MAX_RANK];
    memcpy(from, at, sizeof from);
    if (r->single) {
        from[r->first] = position;
    } else {
        for (int32_t d = r->x->rank; d-- > r->first;) {
            from[d] = position % r->x->dims[d];
            position /= r->x->dims[d];
        }
    }
    return ar_layer_place(r->x, from);
}

static layer_memo *row_memo(layer_oracle *o, int64_t number, bool *fresh) {
    layer_memo *m = &o->memo[number % LAYER_MEMO];
    *fresh = m->row != number;
    m->row = number;
    return m;
}

static double row_at(const layer_oracle *o, const row *r, const int64_t *at, int64_t i) {
    return ar_layer_load(o, 0, row_place(r, at, i)).real;
}

/* a: the largest; b: the sum of exp(x - a); n: where the largest is first. Or for LP_NORM a: the norm. */
static void along_axis(const layer_oracle *o, const row *r, const int64_t *at, layer_memo *m) {
    double most = -INFINITY;
    kept sum = {0, 0};
    m->n = 0;
    for (int64_t i = 0; i < r->n; ++i) {
        double x = row_at(o, r, at, i);
        if (o->p->a.op == ARETE_LAYER_LP_NORM)
            keep(&sum, o->p->a.p == 1 ? fabs(x) : x * x);
        else if (!isnan(most) && !(x <= most)) {
            most = x;
            m->n = i;
        }
    }
    if (o->p->a.op == ARETE_LAYER_LP_NORM) {
        m->a = o->p->a.p == 1 ? kept_total(&sum) : sqrt(kept_total(&sum));
        return;
    }
    m->a = most;
    kept exponentials = {0, 0};
    for (int64_t i = 0; i < r->n; ++i)
        keep(&exponentials, exp(row_at(o, r, at, i) - most));
    m->b = kept_total(&exponentials);
}

static layer_number axis_norm(layer_oracle *o, int64_t index, double *magnitude) {
    const layer_problem *p = o->p;
    int64_t at[ARETE_MAX_RANK] = {0};
    ar_layer_coordinates(&p->t[0], index, at);
    row r = {.x = &p->t[0], .n = p->t[0].dims[p->a.axis], .first = p->a.axis, .single = true};
    r.position = at[p->a.axis];
    for (int32_t d = 0; d < r.x->rank; ++d)
        r.number = d == p->a.axis ? r.number : r.number * r.x->dims[d] + at[d];
    bool fresh;
    layer_memo *m = row_memo(o, r.number, &fresh);
    if (fresh)
        along_axis(o, &r, at, m);
    double x = row_at(o, &r, at, r.position);
    if (p->a.op == ARETE_LAYER_HARDMAX)
        return ar_layer_number(r.position == m->n);
    if (p->a.op == ARETE_LAYER_LP_NORM) {
        double y = m->a == 0 ? 0 : x / m->a;
        *magnitude = fabs(y) * (1 + doublings((double)r.n) / 8.4);
        return ar_layer_number(y);
    }
    double y = exp(x - m->a) / m->b;
    if (p->a.op == ARETE_LAYER_SOFTMAX) {
        *magnitude = fabs(y) * (1 + (isinf(x) ? 0 : fabs(x - m->a)) / 10);
        return ar_layer_number(y);
    }
    *magnitude = 1 + (isinf(x) ? 0 : fabs(x - m->a));
    return ar_layer_number(x - m->a - log(m->b));
}

static void statistics(const layer_oracle *o, const row *r, const int64_t *at, layer_memo *m) {
    bool centred = o->p->a.op != ARETE_LAYER_RMS_NORM;
    kept sum = {0, 0}, square = {0, 0}, raw = {0, 0};
    double n = (double)r->n;
    for (int64_t i = 0; i < r->n && centred; ++i)
        keep(&sum, row_at(o, r, at, i));
    m->a = kept_total(&sum) / n;
    for (int64_t i = 0; i < r->n; ++i) {
        double x = row_at(o, r, at, i);
        keep(&square, (x - m->a) * (x - m->a));
        keep(&raw, x * x);
    }
    m->b = 1 / sqrt(kept_total(&square) / n + (double)o->p->a.epsilon);
    m->c = sqrt(kept_total(&raw) / n);
}

static layer_number norm(layer_oracle *o, uint32_t output, int64_t index, double *magnitude) {
    const layer_problem *p = o->p;
    const layer_tensor *x = &p->t[0];
    int64_t at[ARETE_MAX_RANK] = {0}, channel = 0;
    bool layer = p->a.op == ARETE_LAYER_LAYER_NORM || p->a.op == ARETE_LAYER_RMS_NORM;
    row r = {.x = x, .n = 1, .scale = -1};
    ar_layer_coordinates(ar_layer_out(p, output), index, at);
    if (layer) {
        r.first = p->a.axis;
    } else { /* [N, groups, C / groups, ...]: within a row the channels of a group follow each other */
        int64_t each = p->a.op == ARETE_LAYER_GROUP_NORM ? x->dims[1] / p->a.groups : 1;
        channel = at[1];
        r.first = 1;
        r.number = at[0] * x->dims[1] + channel / each * each;
        r.scale = ar_layer_elements(&p->t[1]) == x->dims[1] ? channel : channel / each;
        bool fresh;
        layer_memo *m = row_memo(o, r.number, &fresh);
        if (fresh) {
            int64_t space = ar_layer_elements(x) / (x->dims[0] * x->dims[1]);
            int64_t base[ARETE_MAX_RANK] = {0};
            base[0] = at[0];
            r.n = space * each;
            /* Positions run over channels from the group's first: shift them there. */
            int64_t shift = channel / each * each * space;
            double sum = 0, square = 0, raw = 0;
            for (int64_t i = 0; i < r.n; ++i)
                sum += row_at(o, &r, base, shift + i);
            m->a = sum / (double)r.n;
            for (int64_t i = 0; i < r.n; ++i) {
                double v = row_at(o, &r, base, shift + i);
                square += (v - m->a) * (v - m->a);
                raw += v * v;
            }
            m->b = 1 / sqrt(square / (double)r.n + (double)p->a.epsilon);
            m->c = sqrt(raw / (double)r.n);
        }
    }
    for (int64_t d = 0, end = layer ? r.first : 0; d < end; ++d)
        r.number = r.number * x->dims[d] + at[d];
    for (int32_t d = (int32_t)r.first; layer && d < x->rank; ++d) {
        r.n *= x->dims[d];
        r.position = r.position * x->dims[d] + at[d];
    }
    bool fresh;
    layer_memo *m = row_memo(o, r.number, &fresh);
    if (layer && fresh)
        statistics(o, &r, at, m);
    if (output > 0) {
        *magnitude = output == 1 ? m->c : m->b * (1 + m->c * m->b);
        return ar_layer_number(output == 1 ? m->a : m->b);
    }
    double v = ar_layer_load(o, 0, ar_layer_place(x, at)).real, scale = 1, bias = 0;
    int64_t k = r.scale < 0 ? r.position : r.scale, place[ARETE_MAX_RANK];
    for (uint32_t i = 1; i < 3; ++i)
        if (ar_layer_has(p, i)) {
            ar_layer_coordinates(&p->t[i], k, place);
            *(i == 1 ? &scale : &bias) = ar_layer_load(o, i, ar_layer_place(&p->t[i], place)).real;
        }
    *magnitude = fabs(scale) * (fabs(v - m->a) + m->c) * m->b + fabs(bias);
    return ar_layer_number((v - m->a) * m->b * scale + bias);
}

/* Whether a stands before b in the order of TOP_K and ARG_MAX: NaN counts as the largest. */
static bool before(const layer_problem *p, layer_number a, layer_number b, bool least) {
    if (ar_layer_is_int(p->t[0].dtype))
        return least ? a.whole < b.whole : a.whole > b.whole;
    if (isnan(a.real) || isnan(b.real))
        return least && p->a.op == ARETE_LAYER_TOP_K ? isnan(b.real) && !isnan(a.real) : isnan(a.real) && !isnan(b.real);
    return least ? a.real < b.real : a.real > b.real;
}

static layer_number ordered(layer_oracle *o, uint32_t output, int64_t index, double *magnitude) {
    const layer_problem *p = o->p;
    const layer_tensor *x = &p->t[0], *y = ar_layer_out(p, output);
    bool arg = p->a.op != ARETE_LAYER_TOP_K;
    bool least = arg ? p->a.op == ARETE_LAYER_ARG_MIN : p->a.smallest;
    int64_t at[ARETE_MAX_RANK] = {0}, rest = index, axis = p->a.axis;
    for (int32_t d = x->rank; d-- > 0;) {
        int64_t extent = d == axis ? (arg ? 1 : y->dims[d]) : x->dims[d];
        at[d] = rest % extent;
        rest /= extent;
    }
    int64_t position = at[axis], last = -1, best = -1;
    row r = {.x = x, .first = axis, .single = true};
    layer_number previous = {0, 0}, found = {0, 0};
    /* The last one found is kept, so that the next needs one pass. */
    int64_t number = 0, from = 0;
    for (int32_t d = 0; d < x->rank; ++d)
        number = d == axis ? number : number * x->dims[d] + at[d];
    bool fresh;
    layer_memo *m = row_memo(o, number, &fresh);
    if (!fresh && position > 0 && (int64_t)m->a == position - 1) {
        from = position;
        last = m->n;
        previous = ar_layer_load(o, 0, row_place(&r, at, last));
    }
    for (int64_t k = from; k <= position; ++k) {
        best = -1;
        for (int64_t i = 0; i < x->dims[axis]; ++i) {
            layer_number v = ar_layer_load(o, 0, row_place(&r, at, i));
            bool taken = last >= 0 && !before(p, previous, v, least) && (before(p, v, previous, least) || i <= last);
            bool better = best < 0 || before(p, v, found, least) ||
                          (arg && p->a.select_last && !before(p, found, v, least));
            if (!taken && better) {
                best = i;
                found = v;
            }
        }
        last = best;
        previous = found;
    }
    m->a = (double)position;
    m->n = best;
    *magnitude = fabs(found.real);
    return arg || output == 1 ? (layer_number){(double)best, best} : found;
}

static layer_number running_sum(const layer_oracle *o, int64_t index, double *magnitude) {
    const layer_problem *p = o->p;
    const layer_tensor *x = &p->t[0];
    int64_t at[ARETE_MAX_RANK] = {0}, axis = p->a.axis, n = x->dims[axis];
    ar_layer_coordinates(x, index, at);
    int64_t here = at[axis], first = p->a.reverse ? here + p->a.exclusive : 0;
    int64_t end = p->a.reverse ? n : here + 1 - p->a.exclusive;
    layer_number y = {0, 0};
    kept real = {0, 0};
    double absolute = 0;
    for (at[axis] = first; at[axis] < end; ++at[axis]) {
        layer_number v = ar_layer_load(o, 0, ar_layer_place(x, at));
        keep(&real, v.real);
        y.whole = wrapped(y.whole, v.whole, false);
        absolute += fabs(v.real);
    }
    y.real = kept_total(&real);
    /* Sums are carried along in order: their errors add up at worst, and as a rule by their root. */
    *magnitude = absolute * (doublings((double)n) + 2);
    return ar_layer_is_int(x->dtype) ? ar_layer_converted(x->dtype, false, y) : y;
}

layer_number ar_layer_row_element(layer_oracle *o, uint32_t output, int64_t index, double *magnitude) {
    switch ((layer_form)o->op->form) {
    case FORM_REDUCE: return reduction(o, index, magnitude);
    case FORM_NORM: {
        arete_layer_op op = (arete_layer_op)o->p->a.op;
        return op <= ARETE_LAYER_LP_NORM ? axis_norm(o, index, magnitude) : norm(o, output, index, magnitude);
    }
    default:
        return o->p->a.op == ARETE_LAYER_CUM_SUM ? running_sum(o, index, magnitude)
                                                 : ordered(o, output, index, magnitude);
    }
}
