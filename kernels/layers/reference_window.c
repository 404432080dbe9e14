/* The oracle of pooling, LRN, padding and resizing. */
#include <math.h>
#include <string.h>

#include "reference.h"

static layer_number lrn(const layer_oracle *o, int64_t index, double *magnitude) {
    const layer_problem *p = o->p;
    const layer_tensor *x = &p->t[0];
    int64_t at[ARETE_MAX_RANK] = {0};
    ar_layer_coordinates(x, index, at);
    double v = ar_layer_load(o, 0, ar_layer_place(x, at)).real, sum = 0;
    int64_t c = at[1], first = c - (p->a.window - 1) / 2, last = c + p->a.window / 2;
    for (at[1] = first < 0 ? 0 : first; at[1] <= last && at[1] < x->dims[1]; ++at[1]) {
        double w = ar_layer_load(o, 0, ar_layer_place(x, at)).real;
        sum += w * w;
    }
    double base = (double)p->a.bias + (double)p->a.alpha / (double)p->a.window * sum;
    double y = v / pow(base, (double)p->a.beta);
    *magnitude = fabs(y);
    return ar_layer_number(y);
}

typedef struct pooled {
    int64_t count, inside, best; /* positions of the window; those within x; row-major place of the largest */
    double sum, absolute, most;
    int64_t whole;
} pooled;

static void pool_window(const layer_oracle *o, int64_t *at, pooled *w) {
    const layer_problem *p = o->p;
    const layer_tensor *x = &p->t[0];
    int32_t space = x->rank - 2;
    int64_t start[3], n = 1, flat;
    for (int32_t d = 0; d < space; ++d) {
        start[d] = at[2 + d] * p->a.strides[d] - p->a.pads[d];
        n *= p->a.kernel[d];
    }
    *w = (pooled){.best = -1, .most = -INFINITY};
    for (int64_t i = 0; i < n; ++i) {
        int64_t rest = i;
        bool inside = true, counted = true;
        for (int32_t d = space; d-- > 0;) {
            int64_t c = start[d] + rest % p->a.kernel[d] * p->a.dilations[d];
            rest /= p->a.kernel[d];
            at[2 + d] = c;
            inside = inside && c >= 0 && c < x->dims[2 + d];
            counted = counted && c < x->dims[2 + d] + p->a.pads[space + d];
        }
        w->count += counted;
        if (!inside)
            continue;
        layer_number v = ar_layer_load(o, 0, ar_layer_place(x, at));
        flat = 0;
        for (int32_t d = 0; d < x->rank; ++d)
            flat = flat * x->dims[d] + at[d];
        bool real = ar_layer_is_real(x->dtype);
        if (w->best < 0 || (real ? !isnan(w->most) && (v.real > w->most || isnan(v.real)) : v.whole > w->whole)) {
            w->best = flat;
            w->most = v.real;
            w->whole = v.whole;
        }
        w->inside++;
        w->sum += p->a.op == ARETE_LAYER_LP_POOL ? (p->a.p == 1 ? fabs(v.real) : v.real * v.real) : v.real;
        w->absolute += p->a.op == ARETE_LAYER_LP_POOL && p->a.p == 2 ? v.real * v.real : fabs(v.real);
    }
}

layer_number ar_layer_window_element(layer_oracle *o, uint32_t output, int64_t index, double *magnitude) {
    const layer_problem *p = o->p;
    if (p->a.op == ARETE_LAYER_LRN)
        return lrn(o, index, magnitude);
    int64_t at[ARETE_MAX_RANK] = {0};
    ar_layer_coordinates(ar_layer_out(p, output), index, at);
    pooled w;
    pool_window(o, at, &w);
    double factor = 4 * (w.inside > 2 ? ceil(log2((double)w.inside)) : 1) + 2;
    if (p->a.op == ARETE_LAYER_MAX_POOL) {
        *magnitude = fabs(w.most);
        return output ? (layer_number){(double)w.best, w.best}
                      : (layer_number){w.most, w.best < 0 && ar_layer_is_int(p->t[0].dtype) ? 0 : w.whole};
    }
    if (p->a.op == ARETE_LAYER_LP_POOL) {
        double y = p->a.p == 1 ? w.sum : sqrt(w.sum);
        *magnitude = y * factor;
        return ar_layer_number(y);
    }
    double n = (double)(p->a.count_include_pad ? w.count : w.inside);
    *magnitude = w.absolute / n * factor;
    return ar_layer_number(w.sum / n);
}

/* Where a padded dimension reads: -1 for the constant. */
static int64_t padded(int mode, int64_t i, int64_t n) {
    if (i >= 0 && i < n)
        return i;
    int64_t period = 2 * n - 2;
    switch (mode) {
    case ARETE_PAD_EDGE: return i < 0 ? 0 : n - 1;
    case ARETE_PAD_WRAP: return (i % n + n) % n;
    case ARETE_PAD_REFLECT:
        if (n == 1)
            return 0;
        i = (i % period + period) % period;
        return i < n ? i : period - i;
    default: return -1;
    }
}

static layer_number pad(const layer_oracle *o, int64_t *at, double *magnitude) {
    const layer_problem *p = o->p;
    const layer_tensor *x = &p->t[0];
    bool inside = true;
    for (int i = 0; i < p->a.axis_count; ++i) {
        int64_t d = p->a.axes[i];
        at[d] = padded(p->a.mode, at[d] - p->a.pads[i], x->dims[d]);
        inside = inside && at[d] >= 0;
    }
    layer_number v = {(double)p->a.alpha, 0};
    if (inside)
        v = ar_layer_load(o, 0, ar_layer_place(x, at));
    else
        v = ar_layer_converted(x->dtype, true, v);
    *magnitude = fabs(v.real);
    return v;
}

/* Coordinates in x of output coordinate i of dimension d, as the formula gives them. */
static double formula(const layer_problem *p, int32_t d, double i, bool *outside) {
    double in = (double)p->t[0].dims[d], out = (double)ar_layer_out(p, 0)->dims[d];
    double scale = p->a.scales[d] > 0 ? (double)p->a.scales[d] : out / in, x;
    switch (p->a.coordinates) {
    case ARETE_RESIZE_ASYMMETRIC: return i / scale;
    case ARETE_RESIZE_ALIGN_CORNERS: /* ONNX takes the resized length before it is rounded down */
        out = scale * in;
        return out == 1 ? 0 : i * (in - 1) / (out - 1);
    case ARETE_RESIZE_PYTORCH_HALF_PIXEL: return out > 1 ? (i + 0.5) / scale - 0.5 : 0;
    case ARETE_RESIZE_TF_HALF_PIXEL: return (i + 0.5) / scale;
    case ARETE_RESIZE_TF_CROP: {
        double start = (double)p->a.roi[d], end = (double)p->a.roi[p->t[0].rank + d];
        x = out > 1 ? start * (in - 1) + i * (end - start) * (in - 1) / (out - 1) : 0.5 * (start + end) * (in - 1);
        *outside = *outside || x < 0 || x > in - 1;
        return x;
    }
    default: return (i + 0.5) / scale - 0.5;
    }
}

/* What is a whole or half number but for the rounding of the formula is that number. */
static double original(const layer_problem *p, int32_t d, double i, bool *outside) {
    double x = formula(p, d, i, outside), twice = rint(2 * x);
    return fabs(2 * x - twice) < 2e-10 * (1 + fabs(x)) ? twice / 2 : x;
}

static double nearest(int mode, double x) {
    double down = floor(x);
    switch (mode) {
    case ARETE_NEAREST_ROUND_PREFER_CEIL: return floor(x + 0.5);
    case ARETE_NEAREST_FLOOR: return down;
    case ARETE_NEAREST_CEIL: return ceil(x);
    default: return x - down <= 0.5 ? down : down + 1;
    }
}

/* Weights of the taps from floor(x) - before on. */
static void cubic(double a, double f, double *weight) {
    for (int k = 0; k < 4; ++k) {
        double t = fabs(f + 1 - k);
        weight[k] = t <= 1 ? ((a + 2) * t - (a + 3)) * t * t + 1 : ((a * t - 5 * a) * t + 8 * a) * t - 4 * a;
    }
}

static int taps_of(const layer_problem *p, int32_t d, double x, int64_t *first, double *weight) {
    double down = floor(x);
    if (p->a.mode == ARETE_RESIZE_NEAREST) {
        *first = (int64_t)nearest(p->a.nearest, x);
        weight[0] = 1;
        return 1;
    }
    if (p->a.mode == ARETE_RESIZE_LINEAR) {
        *first = (int64_t)down;
        weight[0] = 1 - (x - down);
        weight[1] = x - down;
        return 2;
    }
    *first = (int64_t)down - 1;
    cubic((double)p->a.alpha, x - down, weight);
    if (p->a.exclude_outside) {
        double sum = 0;
        for (int k = 0; k < 4; ++k) {
            weight[k] = *first + k >= 0 && *first + k < p->t[0].dims[d] ? weight[k] : 0;
            sum += weight[k];
        }
        for (int k = 0; k < 4; ++k)
            weight[k] /= sum;
    }
    return 4;
}

static layer_number resize(const layer_oracle *o, const int64_t *at, double *magnitude) {
    const layer_problem *p = o->p;
    const layer_tensor *x = &p->t[0], *y = ar_layer_out(p, 0);
    int taps[ARETE_MAX_RANK];
    int64_t first[ARETE_MAX_RANK], total = 1, from[ARETE_MAX_RANK] = {0};
    double weight[ARETE_MAX_RANK][4];
    bool outside = false, real = ar_layer_is_real(x->dtype);
    for (int32_t d = 0; d < x->rank; ++d) {
        taps[d] = 1;
        first[d] = at[d];
        weight[d][0] = 1;
        bool unscaled = x->dims[d] == y->dims[d] && (p->a.scales[d] == 0 || p->a.scales[d] == 1) &&
                        p->a.coordinates != ARETE_RESIZE_TF_CROP;
        if (!unscaled || (p->a.coordinates == ARETE_RESIZE_TF_HALF_PIXEL && x->dims[d] != y->dims[d]))
            taps[d] = taps_of(p, d, original(p, d, (double)at[d], &outside), &first[d], weight[d]);
        total *= taps[d];
    }
    if (outside) {
        *magnitude = fabs((double)p->a.beta);
        return ar_layer_converted(x->dtype, true, ar_layer_number((double)p->a.beta));
    }
    layer_number last = {0, 0};
    double sum = 0, absolute = 0;
    for (int64_t i = 0; i < total; ++i) {
        int64_t rest = i;
        double w = 1;
        for (int32_t d = 0; d < x->rank; ++d) {
            int64_t k = rest % taps[d], c = first[d] + k;
            rest /= taps[d];
            w *= weight[d][k];
            from[d] = c < 0 ? 0 : c >= x->dims[d] ? x->dims[d] - 1 : c;
        }
        last = ar_layer_load(o, 0, ar_layer_place(x, from));
        sum += w * last.real;
        absolute += fabs(last.real); /* weights are up to about 1, and have errors of their own */
    }
    *magnitude = p->a.mode == ARETE_RESIZE_NEAREST ? 0 : absolute * 32;
    if (p->a.mode == ARETE_RESIZE_NEAREST)
        return last;
    return real ? ar_layer_number(sum) : ar_layer_converted(x->dtype, true, ar_layer_number(sum));
}

layer_number ar_layer_resample_element(layer_oracle *o, int64_t index, double *magnitude) {
    int64_t at[ARETE_MAX_RANK] = {0};
    ar_layer_coordinates(ar_layer_out(o->p, 0), index, at);
    return o->p->a.op == ARETE_LAYER_PAD ? pad(o, at, magnitude) : resize(o, at, magnitude);
}
