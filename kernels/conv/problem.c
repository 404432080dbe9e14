/* From descriptor and operands to the problem: shapes, types, strides. Buffers are looked at in check.c. */
#include "problem.h"

#include <string.h>

static long long ll(int64_t value) {
    return (long long)value;
}

/* Dimensions, strides and offset that make sense by themselves; strides all zero become tight ones. */
static arete_status check_tensor(const char *name, const arete_tensor *t, int64_t strides[ARETE_MAX_RANK]) {
    size_t size = arete_dtype_size(t->dtype);
    if (size == 0)
        return ar_fail(ARETE_E_DTYPE, "%s.dtype is %d, which is no data type: set it (ARETE_F32, ...)", name,
                       (int)t->dtype);
    if (t->rank > ARETE_MAX_RANK)
        return ar_fail(ARETE_E_SHAPE, "%s.rank is %u, but at most %d is possible", name, (unsigned)t->rank,
                       ARETE_MAX_RANK);
    if (t->offset % size != 0)
        return ar_fail(ARETE_E_RANGE, "%s.offset is %llu bytes, but must be a multiple of the %zu bytes of %s", name,
                       (unsigned long long)t->offset, size, arete_dtype_name(t->dtype));
    bool tight = true;
    for (uint32_t i = 0; i < t->rank; ++i) {
        if (t->dims[i] < 0 || t->dims[i] > INT32_MAX)
            return ar_fail(ARETE_E_SHAPE, "%s.dims[%u] is %lld, but must be 0 to 2^31 - 1", name, (unsigned)i,
                           ll(t->dims[i]));
        if (t->strides[i] < 0)
            return ar_fail(ARETE_E_SHAPE, "%s.strides[%u] is %lld, but must not be negative: copy the data in order",
                           name, (unsigned)i, ll(t->strides[i]));
        tight = tight && t->strides[i] == 0;
    }
    int64_t step = 1;
    for (uint32_t i = t->rank; i-- > 0;) {
        strides[i] = tight ? step : t->strides[i];
        if (tight && t->dims[i] > 1) {
            if (step > INT64_MAX / t->dims[i])
                return ar_fail(ARETE_E_RANGE, "%s has more than 2^63 elements: dims[%u] is %lld", name, (unsigned)i,
                               ll(t->dims[i]));
            step *= t->dims[i];
        }
    }
    return ARETE_OK;
}

/* The one stride of dimensions first .. first + count - 1, which must follow each other evenly. */
static arete_status even_stride(const char *name, const arete_tensor *t, const int64_t *strides, uint32_t first,
                                uint32_t count, int64_t *stride) {
    int64_t step = -1;
    *stride = 1;
    for (uint32_t i = first + count; i-- > first;) {
        if (t->dims[i] <= 1)
            continue;
        if (step < 0)
            *stride = step = strides[i];
        if (strides[i] != step)
            return ar_fail(ARETE_E_SHAPE,
                           "%s.strides[%u] is %lld, but must be %lld: positions must follow each other evenly in "
                           "row-major order (copy a window of a larger tensor to a tensor of its own)",
                           name, (unsigned)i, ll(strides[i]), ll(step));
        step = step > INT64_MAX / t->dims[i] ? INT64_MAX : step * t->dims[i];
    }
    return ARETE_OK;
}

/* An operand of activations, taken apart. */
typedef struct view {
    int64_t n, c, extents[CONV_AXES];
    conv_place place;
} view;

static arete_status read_view(const char *name, const arete_tensor *t, bool nhwc, uint32_t rank, view *v) {
    int64_t strides[ARETE_MAX_RANK];
    arete_status status = check_tensor(name, t, strides);
    if (status != ARETE_OK)
        return status;
    if (t->rank != rank + 2)
        return ar_fail(ARETE_E_SHAPE, "%s.rank is %u, but must be %u: images, channels, and the %u spatial dimensions "
                       "of x", name, (unsigned)t->rank, (unsigned)rank + 2, (unsigned)rank);
    uint32_t channel = nhwc ? rank + 1 : 1, first = nhwc ? 1 : 2;
    *v = (view){.n = t->dims[0], .c = t->dims[channel], .extents = {1, 1, 1}};
    v->place.image = strides[0];
    v->place.channel = strides[channel];
    for (uint32_t i = 0; i < rank; ++i)
        v->extents[CONV_AXES - rank + i] = t->dims[first + i];
    return even_stride(name, t, strides, first, rank, &v->place.point);
}

static bool is_float(arete_dtype type) {
    return type == ARETE_F32 || type == ARETE_F16 || type == ARETE_BF16;
}

static bool is_int8(arete_dtype type) {
    return type == ARETE_I8 || type == ARETE_U8;
}

static bool types_fit(arete_dtype x, arete_dtype w, arete_dtype y) {
    if (is_int8(x))
        return is_int8(w) && (y == ARETE_I32 || is_float(y) || is_int8(y));
    return is_float(x) && w == x && (y == x || y == ARETE_F32);
}

static const char *present_of(const arete_tensor *const tensors[], const char *const names[], size_t count) {
    for (size_t i = 0; i < count; ++i)
        if (tensors[i]->dtype != ARETE_DTYPE_NONE)
            return names[i];
    return NULL;
}

static arete_status check_types(const arete_conv_desc *desc, const arete_conv_args *args) {
    arete_dtype x = args->x.dtype, w = args->w.dtype, y = args->y.dtype;
    if (!types_fit(x, w, y))
        return ar_fail(ARETE_E_DTYPE,
                       "x, w, y are %s, %s, %s, but supported are: f32, f32 -> f32; f16, f16 -> f16|f32; bf16, bf16 -> "
                       "bf16|f32; (i8|u8), (i8|u8) -> i32|f32|f16|bf16|i8|u8",
                       arete_dtype_name(x), arete_dtype_name(w), arete_dtype_name(y));
    static const char *const names[] = {"x_scale", "w_scale", "x_zero", "w_zero", "y_scale", "y_zero", "bias",
                                        "residual"};
    const arete_tensor *const all[] = {&args->x_scale, &args->w_scale, &args->x_zero, &args->w_zero,
                                       &args->y_scale, &args->y_zero,  &args->bias,   &args->residual};
    const char *wrong = is_int8(x) ? NULL : present_of(all, names, 4);
    if (wrong)
        return ar_fail(ARETE_E_DTYPE, "%s is given, but x is %s: only i8 and u8 have scales and zero points", wrong,
                       arete_dtype_name(x));
    wrong = is_int8(y) ? NULL : present_of(all + 4, names + 4, 2);
    if (wrong)
        return ar_fail(ARETE_E_DTYPE, "%s is given, but y is %s: only a y of i8 or u8 has it", wrong,
                       arete_dtype_name(y));
    if (is_int8(y) && args->residual.dtype != ARETE_DTYPE_NONE)
        return ar_fail(ARETE_E_DTYPE, "residual needs a real y, but y is %s: give y as f32", arete_dtype_name(y));
    if (y != ARETE_I32)
        return ARETE_OK;
    wrong = present_of(all, names, 2);
    wrong = wrong ? wrong : present_of(all + 6, names + 6, 2);
    if (!wrong && desc->activation != ARETE_ACT_NONE)
        wrong = "desc.activation";
    return wrong ? ar_fail(ARETE_E_DTYPE, "%s needs a real y, but y is i32: give y as f32, or leave it out", wrong)
                 : ARETE_OK;
}

/* A contiguous vector: [1], or [m] where each is possible. */
static arete_status read_vector(const char *name, const arete_tensor *t, arete_dtype want, int64_t m, bool each,
                                uint8_t *kind) {
    if (t->dtype == ARETE_DTYPE_NONE) {
        if (t->buffer)
            return ar_fail(ARETE_E_DTYPE, "%s has a buffer, but no dtype: set %s.dtype to %s, or leave the buffer out",
                           name, name, arete_dtype_name(want));
        return ARETE_OK;
    }
    int64_t strides[ARETE_MAX_RANK];
    arete_status status = check_tensor(name, t, strides);
    if (status != ARETE_OK)
        return status;
    if (t->dtype != want)
        return ar_fail(ARETE_E_DTYPE, "%s.dtype is %s, but must be %s", name, arete_dtype_name(t->dtype),
                       arete_dtype_name(want));
    int64_t have = t->rank == 0 ? 1 : t->dims[0];
    if (t->rank > 1 || (have != 1 && !(each && have == m)))
        return ar_fail(ARETE_E_SHAPE, "%s has rank %u and %lld values, but must be [1]%s", name, (unsigned)t->rank,
                       ll(have), each ? " or [M]" : "");
    if (have > 1 && strides[0] != 1)
        return ar_fail(ARETE_E_SHAPE, "%s.strides[0] is %lld, but must be 1", name, ll(strides[0]));
    *kind = have == 1 ? CONV_ONE : CONV_EACH;
    return ARETE_OK;
}

static arete_status read_bias(const arete_conv_args *args, conv_problem *p) {
    const arete_tensor *t = &args->bias;
    arete_dtype y = args->y.dtype;
    if (t->dtype == ARETE_DTYPE_NONE)
        return t->buffer ? ar_fail(ARETE_E_DTYPE, "bias has a buffer, but no dtype: set bias.dtype, or leave the "
                                                  "buffer out")
                         : ARETE_OK;
    int64_t strides[ARETE_MAX_RANK];
    arete_status status = check_tensor("bias", t, strides);
    if (status != ARETE_OK)
        return status;
    bool fits = t->dtype == ARETE_F32 || (t->dtype == y && is_float(y)) ||
                (t->dtype == ARETE_I32 && is_int8(args->x.dtype));
    if (!fits)
        return ar_fail(ARETE_E_DTYPE, "bias.dtype is %s, but must be f32%s%s%s", arete_dtype_name(t->dtype),
                       is_float(y) && y != ARETE_F32 ? " or that of y, " : "",
                       is_float(y) && y != ARETE_F32 ? arete_dtype_name(y) : "",
                       is_int8(args->x.dtype) ? ", or i32 in units of x_scale*w_scale" : "");
    if (t->rank != 1 || t->dims[0] != p->m)
        return ar_fail(ARETE_E_SHAPE, "bias has rank %u and dims[0] = %lld, but must be [M], M = %lld",
                       (unsigned)t->rank, ll(t->rank ? t->dims[0] : 1), ll(p->m));
    if (p->m > 1 && strides[0] != 1)
        return ar_fail(ARETE_E_SHAPE, "bias.strides[0] is %lld, but must be 1", ll(strides[0]));
    p->type_bias = (uint8_t)t->dtype;
    return ARETE_OK;
}

static arete_status read_sides(const arete_conv_args *args, const view *y, conv_problem *p) {
    arete_dtype x = args->x.dtype, w = args->w.dtype;
    arete_status status = read_bias(args, p);
    if (status == ARETE_OK)
        status = read_vector("x_scale", &args->x_scale, ARETE_F32, p->m, false, &p->x_scale);
    if (status == ARETE_OK)
        status = read_vector("x_zero", &args->x_zero, x, p->m, false, &p->x_zero);
    if (status == ARETE_OK)
        status = read_vector("w_scale", &args->w_scale, ARETE_F32, p->m, true, &p->w_scale);
    if (status == ARETE_OK)
        status = read_vector("w_zero", &args->w_zero, w, p->m, true, &p->w_zero);
    if (status == ARETE_OK)
        status = read_vector("y_scale", &args->y_scale, ARETE_F32, p->m, false, &p->y_scale);
    if (status == ARETE_OK)
        status = read_vector("y_zero", &args->y_zero, args->y.dtype, p->m, false, &p->y_zero);
    if (status != ARETE_OK || args->residual.dtype == ARETE_DTYPE_NONE) {
        if (status == ARETE_OK && args->residual.buffer)
            status = ar_fail(ARETE_E_DTYPE, "residual has a buffer, but no dtype: set residual.dtype to that of y");
        return status;
    }
    if (args->residual.dtype != args->y.dtype && args->residual.dtype != ARETE_F32)
        return ar_fail(ARETE_E_DTYPE, "residual.dtype is %s, but must be that of y, %s, or f32",
                       arete_dtype_name(args->residual.dtype), arete_dtype_name(args->y.dtype));
    view r;
    status = read_view("residual", &args->residual, p->nhwc, p->rank, &r);
    if (status == ARETE_OK && (r.n != y->n || r.c != y->c || memcmp(r.extents, y->extents, sizeof r.extents) != 0))
        status = ar_fail(ARETE_E_SHAPE, "residual is %lld images of %lld channels and %lldx%lldx%lld, but must be of "
                         "y's shape, %lld, %lld, %lldx%lldx%lld", ll(r.n), ll(r.c), ll(r.extents[0]), ll(r.extents[1]),
                         ll(r.extents[2]), ll(y->n), ll(y->c), ll(y->extents[0]), ll(y->extents[1]), ll(y->extents[2]));
    p->type_residual = (uint8_t)args->residual.dtype;
    p->residual = r.place;
    return status;
}

static arete_status check_desc(const arete_conv_desc *desc, const arete_conv_args *args) {
    if (desc->size != 0 && desc->size != sizeof *desc)
        return ar_fail(ARETE_E_ARGUMENT, "desc.size is %zu, but must be 0 or sizeof(arete_conv_desc), %zu here",
                       desc->size, sizeof *desc);
    if (args->size != 0 && args->size != sizeof *args)
        return ar_fail(ARETE_E_ARGUMENT, "args.size is %zu, but must be 0 or sizeof(arete_conv_args), %zu here",
                       args->size, sizeof *args);
    if ((unsigned)desc->layout > ARETE_CONV_NHWC)
        return ar_fail(ARETE_E_ARGUMENT, "desc.layout is %d, which is none: ARETE_CONV_NCHW or ARETE_CONV_NHWC",
                       (int)desc->layout);
    if ((unsigned)desc->math > ARETE_MATH_STRICT)
        return ar_fail(ARETE_E_ARGUMENT, "desc.math is %d, which is none: ARETE_MATH_DEFAULT or ARETE_MATH_STRICT",
                       (int)desc->math);
    if ((unsigned)desc->auto_pad > ARETE_PAD_VALID)
        return ar_fail(ARETE_E_ARGUMENT, "desc.auto_pad is %d, which is none: 0 (explicit) to %d (valid)",
                       (int)desc->auto_pad, (int)ARETE_PAD_VALID);
    if ((unsigned)desc->activation > ARETE_ACT_CLIP)
        return ar_fail(ARETE_E_ARGUMENT, "desc.activation is %d, but must be 0 (none) to %d (clip)",
                       (int)desc->activation, (int)ARETE_ACT_CLIP);
    if (desc->groups < 0)
        return ar_fail(ARETE_E_ARGUMENT, "desc.groups is %lld, but must be 1 or more (0 means 1)", ll(desc->groups));
    uint32_t rank = args->x.rank;
    if (rank < 3 || rank > 2 + ARETE_CONV_MAX_SPATIAL)
        return ar_fail(ARETE_E_SHAPE, "x.rank is %u, but must be 3 to 5: images, channels, and 1 to 3 spatial "
                       "dimensions", (unsigned)rank);
    for (uint32_t i = rank - 2; i < ARETE_CONV_MAX_SPATIAL; ++i)
        if (desc->strides[i] || desc->dilations[i] || desc->pads_begin[i] || desc->pads_end[i] ||
            desc->output_padding[i] || desc->output_shape[i])
            return ar_fail(ARETE_E_SHAPE, "desc has a stride, dilation, padding or output shape for axis %u, but x has "
                           "only %u spatial dimensions: leave it 0", (unsigned)i, (unsigned)rank - 2);
    return ARETE_OK;
}

/* w against x's channels and groups; M. */
static arete_status read_weights(const arete_conv_desc *desc, const arete_conv_args *args, conv_problem *p) {
    int64_t strides[ARETE_MAX_RANK];
    const arete_tensor *w = &args->w;
    arete_status status = check_tensor("w", w, strides);
    if (status != ARETE_OK)
        return status;
    if (w->rank != args->x.rank)
        return ar_fail(ARETE_E_SHAPE, "w.rank is %u, but must be x's, %u", (unsigned)w->rank, (unsigned)args->x.rank);
    if (p->c % p->groups != 0)
        return ar_fail(ARETE_E_SHAPE, "desc.groups is %lld, but must divide x's channels, C = %lld", ll(p->groups),
                       ll(p->c));
    bool turned = desc->transposed;
    if (turned ? w->dims[0] != p->c : w->dims[1] != p->c / p->groups)
        return ar_fail(ARETE_E_SHAPE, "w.dims[%d] is %lld, but must be %s = %lld (C = %lld, groups = %lld)",
                       turned ? 0 : 1, ll(w->dims[turned ? 0 : 1]), turned ? "C" : "C / groups",
                       ll(turned ? p->c : p->c / p->groups), ll(p->c), ll(p->groups));
    if (turned && w->dims[1] > INT32_MAX / p->groups)
        return ar_fail(ARETE_E_SHAPE, "w.dims[1] * groups is %lld * %lld, but M must be at most 2^31 - 1",
                       ll(w->dims[1]), ll(p->groups));
    p->m = turned ? w->dims[1] * p->groups : w->dims[0];
    if (p->m % p->groups != 0)
        return ar_fail(ARETE_E_SHAPE, "desc.groups is %lld, but must divide w.dims[0], M = %lld", ll(p->groups),
                       ll(p->m));
    p->w.out = strides[turned ? 1 : 0];
    p->w.in = strides[turned ? 0 : 1];
    int64_t each = w->dims[0] / p->groups;
    p->w.group = strides[0] > INT64_MAX / (each ? each : 1) ? INT64_MAX : strides[0] * each;
    for (uint32_t i = 0; i < p->rank; ++i)
        p->kernel[CONV_AXES - p->rank + i] = w->dims[2 + i];
    return even_stride("w", w, strides, 2, p->rank, &p->w.tap);
}

static arete_status read_geometry(const arete_conv_desc *desc, conv_problem *p) {
    for (uint32_t i = 0; i < CONV_AXES; ++i)
        p->stride[i] = p->up[i] = p->dilation[i] = p->out[i] = 1;
    for (uint32_t i = 0; i < p->rank; ++i) {
        uint32_t at = CONV_AXES - p->rank + i;
        conv_axis axis = {.in = p->in[at], .kernel = p->kernel[at]};
        arete_status status = ar_conv_axis(desc, i, &axis);
        if (status != ARETE_OK)
            return status;
        p->out[at] = axis.out;
        p->dilation[at] = axis.dilation;
        if (desc->transposed) {
            p->up[at] = axis.stride;
            p->pad[at] = axis.dilation * (axis.kernel - 1) - axis.pad;
        } else {
            p->stride[at] = axis.stride;
            p->pad[at] = axis.pad;
        }
    }
    return ARETE_OK;
}

/* x, w and what follows from them: everything but y and the side operands. */
static arete_status make_inputs(const arete_conv_desc *desc, const arete_conv_args *args, conv_problem *p) {
    arete_status status = check_desc(desc, args);
    if (status != ARETE_OK)
        return status;
    p->rank = (uint8_t)(args->x.rank - 2);
    p->nhwc = desc->layout == ARETE_CONV_NHWC;
    p->transposed = desc->transposed;
    p->groups = desc->groups ? desc->groups : 1;
    for (uint32_t i = 0; i < CONV_AXES; ++i)
        p->kernel[i] = 1;
    view x;
    status = read_view("x", &args->x, p->nhwc, p->rank, &x);
    if (status != ARETE_OK)
        return status;
    p->n = x.n;
    p->c = x.c;
    memcpy(p->in, x.extents, sizeof p->in);
    p->x = x.place;
    p->type_x = (uint8_t)args->x.dtype;
    p->type_w = (uint8_t)args->w.dtype;
    status = read_weights(desc, args, p);
    return status == ARETE_OK ? read_geometry(desc, p) : status;
}

static arete_status read_output(const arete_conv_args *args, conv_problem *p, view *y) {
    arete_status status = read_view("y", &args->y, p->nhwc, p->rank, y);
    if (status != ARETE_OK)
        return status;
    if (y->n != p->n)
        return ar_fail(ARETE_E_SHAPE, "y has %lld images, but x has %lld", ll(y->n), ll(p->n));
    if (y->c != p->m)
        return ar_fail(ARETE_E_SHAPE, "y has %lld channels, but w has M = %lld", ll(y->c), ll(p->m));
    for (uint32_t i = 0; i < p->rank; ++i) {
        uint32_t at = CONV_AXES - p->rank + i;
        if (y->extents[at] == p->out[at])
            continue;
        if (p->transposed)
            return ar_fail(ARETE_E_SHAPE,
                           "axis %u: y has %lld, but y = stride*(x-1) + output_padding + dilation*(kernel-1) + 1 - "
                           "pad_begin - pad_end (or output_shape) is %lld, with x = %lld, kernel %lld",
                           (unsigned)i, ll(y->extents[at]), ll(p->out[at]), ll(p->in[at]), ll(p->kernel[at]));
        return ar_fail(ARETE_E_SHAPE,
                       "axis %u: y has %lld, but y = floor((x + pad_begin + pad_end - dilation*(kernel-1) - 1) / stride) "
                       "+ 1 is %lld, with x = %lld, kernel %lld, dilation %lld, stride %lld",
                       (unsigned)i, ll(y->extents[at]), ll(p->out[at]), ll(p->in[at]), ll(p->kernel[at]),
                       ll(p->dilation[at]), ll(p->stride[at]));
    }
    p->y = y->place;
    p->type_y = (uint8_t)args->y.dtype;
    return ARETE_OK;
}

static const arete_conv_desc defaults;

arete_status ar_conv_problem_make(const arete_conv_desc *desc, const arete_conv_args *args, conv_problem *p) {
    desc = desc ? desc : &defaults;
    memset(p, 0, sizeof *p);
    view y;
    arete_status status = make_inputs(desc, args, p);
    if (status == ARETE_OK)
        status = read_output(args, p, &y);
    if (status == ARETE_OK)
        status = check_types(desc, args);
    if (status == ARETE_OK)
        status = read_sides(args, &y, p);
    if (status != ARETE_OK)
        return status;
    p->flip = desc->flip != desc->transposed;
    p->activation = (uint8_t)desc->activation;
    p->alpha = desc->alpha;
    p->beta = desc->beta;
    p->math = (uint8_t)desc->math;
    p->prepack = desc->prepack;
    return ar_conv_problem_settle(p);
}

arete_status arete_conv_output(const arete_conv_desc *desc, const arete_tensor *x, const arete_tensor *w,
                               arete_tensor *y) {
    if (!x || !w || !y)
        return ar_fail(ARETE_E_ARGUMENT, "arete_conv_output: %s is NULL", !x ? "x" : !w ? "w" : "y");
    desc = desc ? desc : &defaults;
    conv_problem p = {0};
    const arete_conv_args args = {.x = *x, .w = *w};
    arete_status status = make_inputs(desc, &args, &p);
    if (status != ARETE_OK)
        return ar_fail_within(status, "arete_conv_output");
    int64_t dims[ARETE_MAX_RANK];
    dims[0] = p.n;
    dims[p.nhwc ? p.rank + 1 : 1] = p.m;
    for (uint32_t i = 0; i < p.rank; ++i)
        dims[(p.nhwc ? 1 : 2) + i] = p.out[CONV_AXES - p.rank + i];
    arete_dtype type = y->dtype != ARETE_DTYPE_NONE ? y->dtype : is_int8(x->dtype) ? ARETE_I32 : x->dtype;
    *y = arete_tensor_make(y->buffer, y->offset, type, p.rank + 2u, dims);
    return ARETE_OK;
}
