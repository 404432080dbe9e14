/* The canonical form of a problem, its extents, and the way back to descriptor and operands. */
#include <string.h>

#include "problem.h"

/* *sum += a * b, at most 2^63 - 1; false past it. */
static bool add_product(uint64_t *sum, int64_t a, int64_t b) {
    const uint64_t limit = INT64_MAX;
    uint64_t x = (uint64_t)a, y = (uint64_t)b;
    if (y != 0 && x > limit / y)
        return false;
    if (x * y > limit - *sum)
        return false;
    *sum += x * y;
    return true;
}

/* Products of extents that may be large: INT64_MAX where they do not fit. */
static int64_t product(int64_t a, int64_t b) {
    return b != 0 && a > INT64_MAX / b ? INT64_MAX : a * b;
}

/* The volume, at most INT64_MAX. */
static int64_t volume(const int64_t *extents) {
    return product(product(extents[0], extents[1]), extents[2]);
}

static arete_status extent(const char *name, const int64_t *dims, const int64_t *strides, int count, uint8_t type,
                           uint64_t *bytes) {
    uint64_t elements = 1, whole = 0;
    bool fits = true;
    *bytes = 0;
    for (int i = 0; i < count; ++i) {
        if (dims[i] == 0)
            return ARETE_OK;
        fits = fits && dims[i] < INT64_MAX && add_product(&elements, dims[i] - 1, strides[i]);
    }
    if (!fits || !add_product(&whole, (int64_t)elements, (int64_t)arete_dtype_size((arete_dtype)type)))
        return ar_fail(ARETE_E_RANGE, "%s extends over more than 2^63 bytes: check its dims and strides", name);
    *bytes = whole;
    return ARETE_OK;
}

/* The strides of dimensions of at most one element are those of a tight tensor. */
static arete_status settle_place(const char *name, int64_t n, int64_t c, const int64_t *extents, bool nhwc,
                                 uint8_t type, conv_place *place) {
    int64_t points = volume(extents);
    if (n == 0 || c == 0 || points == 0) {
        *place = (conv_place){0};
        return ARETE_OK;
    }
    if (points == 1)
        place->point = nhwc ? c : 1;
    if (c == 1)
        place->channel = nhwc ? 1 : points;
    if (n == 1)
        place->image = product(points, c);
    return extent(name, (int64_t[3]){n, c, points}, (int64_t[3]){place->image, place->channel, place->point}, 3, type,
                  &place->bytes);
}

static arete_status settle_weights(conv_problem *p) {
    int64_t taps = volume(p->kernel), in = ar_conv_group_c(p), out = ar_conv_group_m(p);
    conv_weights *w = &p->w;
    if (in == 0 || out == 0) {
        *w = (conv_weights){0};
        return ARETE_OK;
    }
    if (taps == 1)
        w->tap = 1;
    if (in == 1)
        w->in = product(w->tap, taps);
    if (out == 1)
        w->out = product(product(w->tap, taps), in);
    if (p->groups == 1)
        w->group = 0;
    return extent("w", (int64_t[4]){p->groups, out, in, taps}, (int64_t[4]){w->group, w->out, w->in, w->tap}, 4,
                  p->type_w, &w->bytes);
}

/* Whether two elements of Y may share a place: with its strides sorted, each must pass all that the smaller span. */
static arete_status check_output(const conv_problem *p) {
    int64_t dims[3] = {p->n, p->m, volume(p->out)};
    const int64_t strides[3] = {p->y.image, p->y.channel, p->y.point};
    uint64_t span = 1;
    for (int taken = 0; taken < 3; ++taken) {
        int least = -1;
        for (int i = 0; i < 3; ++i)
            if (dims[i] > 1 && (least < 0 || strides[i] < strides[least]))
                least = i;
        if (least < 0)
            break;
        if ((uint64_t)strides[least] < span)
            return ar_fail(ARETE_E_ALIAS,
                           "y has a stride of %lld over %lld elements, but must pass the %llu that the smaller strides "
                           "span: elements of y would overlap",
                           (long long)strides[least], (long long)dims[least], (unsigned long long)span);
        if (!add_product(&span, dims[least] - 1, strides[least]))
            return ar_fail(ARETE_E_RANGE, "y extends over more than 2^63 elements: check its dims and strides");
        dims[least] = 1;
    }
    return ARETE_OK;
}

static bool uses_beta(uint8_t activation) {
    return activation == ARETE_ACT_SELU || activation == ARETE_ACT_HARD_SIGMOID || activation == ARETE_ACT_AFFINE ||
           activation == ARETE_ACT_SCALED_TANH || activation == ARETE_ACT_CLIP;
}

static bool uses_alpha(uint8_t activation) {
    return uses_beta(activation) || activation == ARETE_ACT_LEAKY_RELU || activation == ARETE_ACT_ELU ||
           activation == ARETE_ACT_CELU || activation == ARETE_ACT_THRESHOLDED_RELU;
}

arete_status ar_conv_problem_settle(conv_problem *p) {
    if (!uses_alpha(p->activation))
        p->alpha = 0;
    if (!uses_beta(p->activation))
        p->beta = 0;
    for (int i = 0; i < CONV_AXES; ++i) {
        if (p->kernel[i] == 1)
            p->dilation[i] = 1;
        if (p->in[i] <= 1)
            p->up[i] = 1;
    }
    if (volume(p->kernel) == 1)
        p->flip = 0;
    arete_status status = settle_place("x", p->n, p->c, p->in, p->nhwc, p->type_x, &p->x);
    if (status == ARETE_OK)
        status = settle_place("y", p->n, p->m, p->out, p->nhwc, p->type_y, &p->y);
    if (status == ARETE_OK && p->type_residual)
        status = settle_place("residual", p->n, p->m, p->out, p->nhwc, p->type_residual, &p->residual);
    if (status == ARETE_OK)
        status = settle_weights(p);
    if (status == ARETE_OK && !ar_conv_empty(p))
        status = check_output(p);
    return status;
}

static arete_tensor make_tensor(const conv_problem *p, const conv_place *place, uint8_t type, int64_t c,
                                const int64_t *extents) {
    arete_tensor t = {.dtype = (arete_dtype)type, .rank = p->rank + 2u};
    uint32_t channel = p->nhwc ? p->rank + 1u : 1, first = p->nhwc ? 1 : 2;
    t.dims[0] = p->n;
    t.dims[channel] = c;
    int64_t step = place->point;
    for (uint32_t i = p->rank; i-- > 0;) {
        t.dims[first + i] = extents[CONV_AXES - p->rank + i];
        t.strides[first + i] = step;
        step = product(step, t.dims[first + i]);
    }
    t.strides[0] = place->image;
    t.strides[channel] = place->channel;
    return t;
}

static arete_tensor make_weights(const conv_problem *p) {
    arete_tensor t = {.dtype = (arete_dtype)p->type_w, .rank = p->rank + 2u};
    int64_t step = p->w.tap;
    t.dims[0] = p->transposed ? p->c : p->m;
    t.dims[1] = p->transposed ? ar_conv_group_m(p) : ar_conv_group_c(p);
    t.strides[0] = p->transposed ? p->w.in : p->w.out;
    t.strides[1] = p->transposed ? p->w.out : p->w.in;
    if (p->groups > 1 && t.dims[0] == p->groups)
        t.strides[0] = p->w.group;
    for (uint32_t i = p->rank; i-- > 0;) {
        t.dims[2 + i] = p->kernel[CONV_AXES - p->rank + i];
        t.strides[2 + i] = step;
        step = product(step, t.dims[2 + i]);
    }
    return t;
}

static arete_tensor make_vector(uint8_t type, uint8_t kind, int64_t m) {
    arete_tensor t = {.dtype = (arete_dtype)type, .rank = 1, .dims = {kind == CONV_EACH ? m : 1}, .strides = {1}};
    return kind == CONV_ABSENT ? (arete_tensor){0} : t;
}

/* One axis of the descriptor; the end of the padding is the least that gives the output's extent. */
static void describe_axis(const conv_problem *p, uint32_t i, arete_conv_desc *desc) {
    uint32_t at = CONV_AXES - p->rank + i;
    int64_t reach = p->dilation[at] * (p->kernel[at] - 1) + 1;
    desc->dilations[i] = p->dilation[at];
    if (!p->transposed) {
        desc->strides[i] = p->stride[at];
        desc->pads_begin[i] = p->pad[at];
        int64_t least = (p->out[at] - 1) * p->stride[at] + reach - p->in[at] - p->pad[at];
        desc->pads_end[i] = least > 0 ? least : 0;
        return;
    }
    desc->strides[i] = p->up[at];
    desc->pads_begin[i] = reach - 1 - p->pad[at];
    int64_t whole = p->in[at] == 0 ? 0 : p->up[at] * (p->in[at] - 1) + reach;
    int64_t end = whole - desc->pads_begin[i] - p->out[at];
    desc->pads_end[i] = end > 0 ? end : 0;
    desc->output_padding[i] = end < 0 ? -end : 0;
}

void ar_conv_problem_describe(const conv_problem *p, arete_conv_desc *desc, arete_conv_args *args) {
    *desc = (arete_conv_desc){.size = sizeof *desc,
                              .layout = p->nhwc ? ARETE_CONV_NHWC : ARETE_CONV_NCHW,
                              .transposed = p->transposed,
                              .flip = p->flip != p->transposed,
                              .groups = p->groups,
                              .math = (arete_math)p->math,
                              .activation = (arete_activation)p->activation,
                              .alpha = p->alpha,
                              .beta = p->beta,
                              .prepack = p->prepack};
    if (volume(p->kernel) == 1)
        desc->flip = false;
    for (uint32_t i = 0; i < p->rank; ++i)
        describe_axis(p, i, desc);
    memset(args, 0, sizeof *args);
    args->size = sizeof *args;
    args->x = make_tensor(p, &p->x, p->type_x, p->c, p->in);
    args->y = make_tensor(p, &p->y, p->type_y, p->m, p->out);
    if (p->type_residual)
        args->residual = make_tensor(p, &p->residual, p->type_residual, p->m, p->out);
    args->w = make_weights(p);
    if (p->type_bias)
        args->bias = make_vector(p->type_bias, CONV_EACH, p->m);
    args->x_scale = make_vector(ARETE_F32, p->x_scale, p->m);
    args->x_zero = make_vector(p->type_x, p->x_zero, p->m);
    args->w_scale = make_vector(ARETE_F32, p->w_scale, p->m);
    args->w_zero = make_vector(p->type_w, p->w_zero, p->m);
    args->y_scale = make_vector(ARETE_F32, p->y_scale, p->m);
    args->y_zero = make_vector(p->type_y, p->y_zero, p->m);
}
