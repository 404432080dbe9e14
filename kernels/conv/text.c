/* The problem's text form: "n=1 c=64 m=64 in=56x56 k=3x3 pad=1" and what differs from the defaults. Key of tuning
 * records, repro line. What follows from other words (y's extents) is not written; arrays of one value for all axes
 * are written once. */
#include <stddef.h>
#include <string.h>

#include "activation.h"
#include "problem.h"
#include "words.h"

/* One list of integers, and how many were given. */
typedef struct list {
    int64_t value[ARETE_CONV_MAX_SPATIAL];
    uint8_t count;
} list;

typedef struct conv_text {
    int64_t n, c, m, groups;
    list in, k, stride, dilation, pad, end, outpad, xs, ys, rs, ws;
    float alpha, beta;
    uint8_t nhwc, transposed, flip, type_x, type_w, type_y, type_bias, type_residual, activation, math, x_scale, x_zero,
        w_scale, w_zero, y_scale, y_zero, prepack;
} conv_text;

static const char *const layout_names[] = {"nchw", "nhwc", NULL};
static const char *const math_names[] = {"default", "strict", NULL};
static const char *const vary_names[] = {"none", "one", "each", NULL};

#define AT(field) offsetof(conv_text, field)
#define LIST(word, field, most, required)                                                                          \
    {word, AR_WORD_INTS, AT(field.value), NULL, most, AT(field.count), required}

static const ar_word words[] = {
    {"n", AR_WORD_INT, AT(n), NULL, 0, 0, true},
    {"c", AR_WORD_INT, AT(c), NULL, 0, 0, true},
    {"m", AR_WORD_INT, AT(m), NULL, 0, 0, true},
    LIST("in", in, 3, true),
    LIST("k", k, 3, true),
    LIST("stride", stride, 3, false),
    LIST("pad", pad, 3, false),
    LIST("end", end, 3, false), /* padding after the input; default: as pad, or less where it makes no difference */
    LIST("dil", dilation, 3, false),
    {"groups", AR_WORD_INT, AT(groups), NULL, 0, 0, false},
    {"layout", AR_WORD_NAME, AT(nhwc), layout_names, 0, 0, false},
    {"trans", AR_WORD_FLAG, AT(transposed), NULL, 0, 0, false},
    LIST("outpad", outpad, 3, false),
    {"flip", AR_WORD_FLAG, AT(flip), NULL, 0, 0, false},
    {"dtype", AR_WORD_TYPE, AT(type_x), NULL, 0, 0, false},
    {"w", AR_WORD_TYPE, AT(type_w), NULL, 0, 0, false},
    {"y", AR_WORD_TYPE, AT(type_y), NULL, 0, 0, false},
    {"bias", AR_WORD_TYPE, AT(type_bias), NULL, 0, 0, false},
    {"res", AR_WORD_TYPE, AT(type_residual), NULL, 0, 0, false},
    {"act", AR_WORD_NAME, AT(activation), ar_activation_names, 0, 0, false},
    {"alpha", AR_WORD_FLOAT, AT(alpha), NULL, 0, 0, false},
    {"beta", AR_WORD_FLOAT, AT(beta), NULL, 0, 0, false},
    {"xscale", AR_WORD_NAME, AT(x_scale), vary_names, 0, 0, false},
    {"xzero", AR_WORD_NAME, AT(x_zero), vary_names, 0, 0, false},
    {"wscale", AR_WORD_NAME, AT(w_scale), vary_names, 0, 0, false},
    {"wzero", AR_WORD_NAME, AT(w_zero), vary_names, 0, 0, false},
    {"yscale", AR_WORD_NAME, AT(y_scale), vary_names, 0, 0, false},
    {"yzero", AR_WORD_NAME, AT(y_zero), vary_names, 0, 0, false},
    LIST("xs", xs, 3, false), /* strides: image, channel, position */
    LIST("ys", ys, 3, false),
    LIST("rs", rs, 3, false),
    LIST("ws", ws, 3, false), /* first and second dimension, tap */
    {"math", AR_WORD_NAME, AT(math), math_names, 0, 0, false},
    {"prepack", AR_WORD_FLAG, AT(prepack), NULL, 0, 0, false},
    {NULL, AR_WORD_INT, 0, NULL, 0, 0, false},
};

static uint8_t default_y(uint8_t x) {
    return ar_conv_is_int8(x) ? ARETE_I32 : x;
}

/* A list of an entry per axis: one where all are the same, none where all are usual. */
static list shorten(const int64_t *values, uint32_t rank, int64_t usual) {
    list l = {.count = (uint8_t)rank};
    bool same = true;
    for (uint32_t i = 0; i < rank; ++i) {
        l.value[i] = values[i];
        same = same && values[i] == values[0];
    }
    if (same)
        l = (list){.value = {values[0]}, .count = values[0] == usual ? 0 : 1};
    return l;
}

/* Whether padding the end as much as the beginning gives the same output. */
static bool end_as_begin(const arete_conv_desc *desc, const conv_problem *p) {
    arete_conv_desc other = *desc;
    bool same = true;
    for (uint32_t i = 0; i < p->rank && same; ++i) {
        uint32_t at = (uint32_t)CONV_AXES - p->rank + i;
        conv_axis axis = {.in = p->in[at], .kernel = p->kernel[at]};
        other.pads_end[i] = other.pads_begin[i];
        same = ar_conv_axis(&other, i, &axis) == ARETE_OK && axis.out == p->out[at];
    }
    return same;
}

static list strides_of(const arete_tensor *t, const arete_tensor *tight, const conv_place *place) {
    bool same = true;
    for (uint32_t i = 0; i < t->rank; ++i)
        same = same && (t->dims[i] <= 1 || t->strides[i] == tight->strides[i]);
    return same || place->bytes == 0 ? (list){.count = 0}
                                     : (list){.value = {place->image, place->channel, place->point}, .count = 3};
}

static arete_tensor tight_of(const arete_tensor *t) {
    return arete_tensor_make(NULL, 0, t->dtype, t->rank, t->dims);
}

static list weights_strides(const conv_problem *p, const arete_tensor *w) {
    arete_tensor tight = tight_of(w);
    bool same = true;
    for (uint32_t i = 0; i < w->rank; ++i)
        same = same && (w->dims[i] <= 1 || w->strides[i] == tight.strides[i]);
    return same || p->w.bytes == 0 ? (list){.count = 0}
                                   : (list){.value = {w->strides[0], w->strides[1], p->w.tap}, .count = 3};
}

void ar_conv_format(const void *problem, char *text, size_t bytes) {
    const conv_problem *p = problem;
    arete_conv_desc desc;
    arete_conv_args args;
    ar_conv_problem_describe(p, &desc, &args);
    arete_tensor x = tight_of(&args.x), y = tight_of(&args.y), r = tight_of(&args.residual);
    conv_text t = {.n = p->n, .c = p->c, .m = p->m, .groups = p->groups, .alpha = p->alpha, .beta = p->beta};
    t.in.count = t.k.count = p->rank;
    for (uint32_t i = 0; i < p->rank; ++i) {
        t.in.value[i] = p->in[(uint32_t)CONV_AXES - p->rank + i];
        t.k.value[i] = p->kernel[(uint32_t)CONV_AXES - p->rank + i];
    }
    t.stride = shorten(desc.strides, p->rank, 1);
    t.dilation = shorten(desc.dilations, p->rank, 1);
    t.pad = shorten(desc.pads_begin, p->rank, 0);
    t.outpad = shorten(desc.output_padding, p->rank, 0);
    if (!end_as_begin(&desc, p))
        t.end = shorten(desc.pads_end, p->rank, -1);
    t.xs = strides_of(&args.x, &x, &p->x);
    t.ys = strides_of(&args.y, &y, &p->y);
    if (p->type_residual)
        t.rs = strides_of(&args.residual, &r, &p->residual);
    t.ws = weights_strides(p, &args.w);
    t.nhwc = p->nhwc, t.transposed = p->transposed, t.flip = desc.flip;
    t.type_x = p->type_x, t.type_w = p->type_w, t.type_y = p->type_y;
    t.type_bias = p->type_bias, t.type_residual = p->type_residual;
    t.activation = p->activation, t.math = p->math, t.prepack = p->prepack;
    t.x_scale = p->x_scale, t.x_zero = p->x_zero, t.w_scale = p->w_scale, t.w_zero = p->w_zero;
    t.y_scale = p->y_scale, t.y_zero = p->y_zero;
    const conv_text usual = {.groups = 1, .type_x = ARETE_F32, .type_w = p->type_x, .type_y = default_y(p->type_x)};
    ar_words_write(words, &t, &usual, text, bytes);
}

/* The list with one entry per axis. */
static arete_status spread(const char *word, const list *l, uint32_t rank, int64_t usual, int64_t *into) {
    if (l->count > 1 && l->count != rank)
        return ar_fail(ARETE_E_FORMAT, "'%s' has %u values, but 'in' has %u: give as many, or one for all", word,
                       (unsigned)l->count, (unsigned)rank);
    for (uint32_t i = 0; i < rank; ++i)
        into[i] = l->count == 0 ? usual : l->value[l->count == 1 ? 0 : i];
    return ARETE_OK;
}

static arete_status spread_all(const conv_text *t, arete_conv_desc *desc, int64_t *kernel) {
    uint32_t rank = t->in.count;
    arete_status status = spread("k", &t->k, rank, 1, kernel);
    if (status == ARETE_OK)
        status = spread("stride", &t->stride, rank, 1, desc->strides);
    if (status == ARETE_OK)
        status = spread("dil", &t->dilation, rank, 1, desc->dilations);
    if (status == ARETE_OK)
        status = spread("pad", &t->pad, rank, 0, desc->pads_begin);
    if (status == ARETE_OK)
        status = spread("outpad", &t->outpad, rank, 0, desc->output_padding);
    if (status == ARETE_OK && t->end.count)
        status = spread("end", &t->end, rank, 0, desc->pads_end);
    else if (status == ARETE_OK)
        memcpy(desc->pads_end, desc->pads_begin, sizeof desc->pads_end);
    return status;
}

static arete_tensor tensor_of(const conv_text *t, uint8_t type, int64_t c, const int64_t *extents) {
    int64_t dims[ARETE_MAX_RANK] = {t->n};
    uint32_t rank = t->in.count;
    dims[t->nhwc ? rank + 1 : 1] = c;
    for (uint32_t i = 0; i < rank; ++i)
        dims[(t->nhwc ? 1 : 2) + i] = extents[i];
    return arete_tensor_make(NULL, 0, (arete_dtype)type, rank + 2, dims);
}

/* Strides as in the text: image, channel, position. */
static arete_status place_tensor(const char *word, const list *l, bool nhwc, arete_tensor *tensor) {
    if (l->count == 0)
        return ARETE_OK;
    if (l->count != 3)
        return ar_fail(ARETE_E_FORMAT, "'%s' has %u values, but must have 3: image, channel, position", word,
                       (unsigned)l->count);
    uint32_t rank = tensor->rank - 2, first = nhwc ? 1 : 2;
    int64_t step = l->value[2];
    for (uint32_t i = rank; i-- > 0;) {
        tensor->strides[first + i] = step;
        step = tensor->dims[first + i] && step > INT64_MAX / tensor->dims[first + i] ? INT64_MAX
                                                                                     : step * tensor->dims[first + i];
    }
    tensor->strides[0] = l->value[0];
    tensor->strides[nhwc ? rank + 1 : 1] = l->value[1];
    return ARETE_OK;
}

static arete_tensor weights_of(const conv_text *t, const int64_t *kernel) {
    int64_t groups = t->groups ? t->groups : 1, dims[ARETE_MAX_RANK];
    uint32_t rank = t->in.count;
    dims[0] = t->transposed ? t->c : t->m;
    dims[1] = t->transposed ? t->m / groups : t->c / groups;
    for (uint32_t i = 0; i < rank; ++i)
        dims[2 + i] = kernel[i];
    arete_tensor w = arete_tensor_make(NULL, 0, (arete_dtype)t->type_w, rank + 2, dims);
    if (t->ws.count == 3) {
        int64_t step = t->ws.value[2];
        for (uint32_t i = rank; i-- > 0; step *= kernel[i])
            w.strides[2 + i] = step;
        w.strides[0] = t->ws.value[0];
        w.strides[1] = t->ws.value[1];
    }
    return w;
}

static arete_tensor vector_of(uint8_t type, uint8_t kind, int64_t m) {
    if (kind == CONV_ABSENT)
        return (arete_tensor){0};
    return (arete_tensor){.dtype = (arete_dtype)type, .rank = 1, .dims = {kind == CONV_EACH ? m : 1}, .strides = {1}};
}

static void sides_of(const conv_text *t, arete_conv_args *args) {
    if (t->type_bias)
        args->bias = vector_of(t->type_bias, CONV_EACH, t->m);
    args->x_scale = vector_of(ARETE_F32, t->x_scale, t->m);
    args->x_zero = vector_of(t->type_x, t->x_zero, t->m);
    args->w_scale = vector_of(ARETE_F32, t->w_scale, t->m);
    args->w_zero = vector_of(t->type_w, t->w_zero, t->m);
    args->y_scale = vector_of(ARETE_F32, t->y_scale, t->m);
    args->y_zero = vector_of(t->type_y, t->y_zero, t->m);
}

static arete_status make(conv_text *t, conv_problem *p) {
    t->type_w = t->type_w ? t->type_w : t->type_x;
    t->type_y = t->type_y ? t->type_y : default_y(t->type_x);
    arete_conv_desc desc = {.layout = t->nhwc ? ARETE_CONV_NHWC : ARETE_CONV_NCHW,
                            .transposed = t->transposed,
                            .flip = t->flip,
                            .groups = t->groups,
                            .math = (arete_math)t->math,
                            .activation = (arete_activation)t->activation,
                            .alpha = t->alpha,
                            .beta = t->beta,
                            .prepack = t->prepack};
    arete_conv_args args = {0};
    int64_t kernel[ARETE_CONV_MAX_SPATIAL], out[ARETE_CONV_MAX_SPATIAL];
    if (t->ws.count != 0 && t->ws.count != 3)
        return ar_fail(ARETE_E_FORMAT, "'ws' has %u values, but must have 3: of w's first two dimensions, and of taps",
                       (unsigned)t->ws.count);
    arete_status status = spread_all(t, &desc, kernel);
    for (uint32_t i = 0; i < t->in.count && status == ARETE_OK; ++i) {
        conv_axis axis = {.in = t->in.value[i], .kernel = kernel[i]};
        status = ar_conv_axis(&desc, i, &axis);
        out[i] = axis.out;
    }
    if (status != ARETE_OK)
        return status;
    args.x = tensor_of(t, t->type_x, t->c, t->in.value);
    args.y = tensor_of(t, t->type_y, t->m, out);
    if (t->type_residual)
        args.residual = tensor_of(t, t->type_residual, t->m, out);
    args.w = weights_of(t, kernel);
    sides_of(t, &args);
    status = place_tensor("xs", &t->xs, t->nhwc, &args.x);
    if (status == ARETE_OK)
        status = place_tensor("ys", &t->ys, t->nhwc, &args.y);
    if (status == ARETE_OK)
        status = place_tensor("rs", &t->rs, t->nhwc, &args.residual);
    return status == ARETE_OK ? ar_conv_problem_make(&desc, &args, p) : status;
}

arete_status ar_conv_parse(const char *text, void *into) {
    conv_text t = {.groups = 1, .type_x = ARETE_F32};
    conv_problem p;
    arete_status status = ar_words_read("conv", words, text, &t);
    if (status != ARETE_OK)
        return status;
    status = make(&t, &p);
    if (status != ARETE_OK)
        return ar_fail_within(ARETE_E_FORMAT, "conv case '%s'", text);
    memcpy(into, &p, sizeof p);
    return ARETE_OK;
}
