/* From descriptor and operands to the canonical problem. Buffers are looked at in check.c. */
#include "problem.h"

#include <stdio.h>
#include <string.h>

typedef long long ll;

static arete_status read_tensor(const char *side, uint32_t number, const arete_tensor *t, layer_tensor *into) {
    if (t->dtype == ARETE_DTYPE_NONE && t->rank == 0 && !t->buffer)
        return ARETE_OK; /* absent */
    size_t size = arete_dtype_size(t->dtype);
    if (size == 0)
        return ar_fail(ARETE_E_DTYPE, "%s[%u].dtype is %d, which is no data type: set it (ARETE_F32, ...)", side,
                       (unsigned)number, (int)t->dtype);
    if (t->rank > ARETE_MAX_RANK)
        return ar_fail(ARETE_E_SHAPE, "%s[%u].rank is %u, but at most %d is possible", side, (unsigned)number,
                       (unsigned)t->rank, ARETE_MAX_RANK);
    bool tight = true, empty = false;
    for (uint32_t d = 0; d < t->rank; ++d) {
        if (t->dims[d] < 0 || t->strides[d] < 0)
            return ar_fail(ARETE_E_SHAPE, "%s[%u] has %s[%u] = %lld, but it must not be negative", side, (unsigned)number,
                           t->dims[d] < 0 ? "dims" : "strides", (unsigned)d,
                           (ll)(t->dims[d] < 0 ? t->dims[d] : t->strides[d]));
        tight = tight && t->strides[d] == 0;
        empty = empty || t->dims[d] == 0;
    }
    into->rank = (int32_t)t->rank;
    into->dtype = (int32_t)t->dtype;
    int64_t step = 1, reach = 1;
    for (uint32_t d = t->rank; d-- > 0;) {
        int64_t dim = t->dims[d], stride = tight ? step : t->strides[d];
        into->dims[d] = dim;
        into->strides[d] = dim > 1 && !empty ? stride : 1;
        if (dim > 1 && !empty) {
            if (step > (INT64_MAX >> 5) / dim || stride > ((INT64_MAX >> 5) - reach) / dim)
                return ar_fail(ARETE_E_RANGE, "%s[%u] reaches past 2^58 elements: dims[%u] is %lld", side, (unsigned)number,
                               (unsigned)d, (ll)dim);
            step *= dim;
            reach += stride * (dim - 1);
        }
    }
    return ARETE_OK;
}

static arete_status axis_within(const char *name, int64_t axis, int32_t rank, int64_t *into) {
    if (axis < -(int64_t)rank || axis >= rank)
        return ar_fail(ARETE_E_SHAPE, "desc.%s is %lld, but x has rank %d", name, (ll)axis, (int)rank);
    *into = axis < 0 ? axis + rank : axis;
    return ARETE_OK;
}

static arete_status read_axes(const arete_layer_desc *desc, layer_problem *p) {
    int32_t rank = p->t[0].rank;
    bool used[ARETE_MAX_RANK] = {false};
    if (desc->axis_count > (uint32_t)rank)
        return ar_fail(ARETE_E_SHAPE, "desc.axis_count is %u, but x has rank %d", (unsigned)desc->axis_count, (int)rank);
    for (uint32_t i = 0; i < desc->axis_count; ++i) {
        arete_status status = axis_within("axes", desc->axes[i], rank, &p->a.axes[i]);
        if (status != ARETE_OK)
            return status;
        if (used[p->a.axes[i]])
            return ar_fail(ARETE_E_SHAPE, "desc.axes names dimension %lld twice", (ll)p->a.axes[i]);
        used[p->a.axes[i]] = true;
    }
    p->a.axis_count = (uint8_t)desc->axis_count;
    bool reversed = p->a.op == ARETE_LAYER_TRANSPOSE;
    if ((reversed || p->a.op == ARETE_LAYER_PAD || p->a.op == ARETE_LAYER_SLICE) && desc->axis_count == 0) {
        for (int32_t d = 0; d < rank; ++d)
            p->a.axes[d] = reversed ? rank - 1 - d : d;
        p->a.axis_count = (uint8_t)rank;
    }
    if (reversed && p->a.axis_count != rank)
        return ar_fail(ARETE_E_SHAPE, "desc.axis_count is %u, but x has rank %d: name each dimension once",
                       (unsigned)desc->axis_count, (int)rank);
    return ARETE_OK;
}

static int64_t clamp(int64_t x, int64_t low, int64_t high) {
    return x < low ? low : x > high ? high : x;
}

/* Starts and ends inside the dimension; an end before the first element, of a negative step, is kept as -dim - 1. */
static arete_status read_slice(const arete_layer_desc *desc, layer_problem *p) {
    for (int i = 0; i < p->a.axis_count; ++i) {
        int64_t dim = p->t[0].dims[p->a.axes[i]], step = desc->steps[i] ? desc->steps[i] : 1;
        int64_t start = desc->starts[i], end = desc->ends[i];
        if (step == INT64_MIN)
            step = INT64_MIN + 1;
        start += start < 0 && start > INT64_MIN + dim ? dim : 0;
        end += end < 0 && end > INT64_MIN + dim ? dim : 0;
        start = clamp(start, 0, step > 0 ? dim : dim - 1);
        end = clamp(end, step > 0 ? 0 : -1, step > 0 ? dim : dim - 1);
        if (dim == 0 || (step > 0 ? end <= start : end >= start))
            start = end = 0;
        p->a.starts[i] = start;
        p->a.ends[i] = end < 0 ? -dim - 1 : end;
        p->a.steps[i] = clamp(step, -dim - 1, dim + 1);
    }
    p->a.start_count = p->a.end_count = p->a.step_count = p->a.axis_count;
    return ARETE_OK;
}

static arete_status read_window(const arete_layer_desc *desc, layer_problem *p) {
    int32_t space = p->t[0].rank - 2;
    if (space < 1 || space > 3)
        return ar_fail(ARETE_E_SHAPE, "x has rank %d, but must be [N,C] and 1 to 3 more", (int)p->t[0].rank);
    for (int32_t d = 0; d < space; ++d) {
        int64_t *fields[3] = {&p->a.kernel[d], &p->a.strides[d], &p->a.dilations[d]};
        const int64_t values[3] = {desc->kernel[d], desc->strides[d], desc->dilations[d]};
        for (int f = 0; f < 3; ++f) {
            if (values[f] < 0 || values[f] > INT32_MAX)
                return ar_fail(ARETE_E_ARGUMENT, "desc.%s[%d] is %lld, but must be 1 to 2^31 - 1 (0: 1)",
                               f == 0 ? "kernel" : f == 1 ? "strides" : "dilations", (int)d, (ll)values[f]);
            *fields[f] = values[f] ? values[f] : 1;
        }
    }
    for (int32_t d = 0; d < 2 * space; ++d)
        p->a.pads[d] = clamp(desc->pads[d], -1, INT32_MAX);
    p->a.kernel_count = p->a.stride_count = p->a.dilation_count = (uint8_t)space;
    p->a.pad_count = (uint8_t)(2 * space);
    p->a.ceil_mode = desc->ceil_mode;
    return ARETE_OK;
}

/* The single numbers. */
static void read_numbers(const arete_layer_desc *desc, uint32_t uses, layer_attributes *a) {
    a->alpha = uses & USES_ALPHA ? desc->alpha : 0;
    a->beta = uses & USES_BETA ? desc->beta : 0;
    a->activation = uses & USES_ACTIVATION ? (uint8_t)desc->activation : 0;
    a->mode = uses & USES_MODE ? (uint8_t)desc->mode : 0;
    a->epsilon = uses & USES_EPSILON ? (desc->epsilon > 0 ? desc->epsilon : 1e-5f) : 0;
    a->p = uses & USES_P ? (desc->p ? desc->p : 2) : 0;
    a->groups = uses & USES_GROUPS ? (desc->groups ? desc->groups : 1) : 0;
    a->window = uses & USES_LRN ? desc->window : 0;
    a->bias = uses & USES_LRN ? desc->bias : 0;
    a->blocksize = uses & USES_BLOCKSIZE ? (desc->blocksize ? desc->blocksize : 1) : 0;
    a->batch_dims = uses & USES_BATCH_DIMS ? desc->batch_dims : 0;
    a->batch_axis = uses & USES_BATCH_AXIS ? desc->batch_axis : 0;
    a->offset = uses & USES_OFFSET ? desc->offset : 0;
    a->offset_count = a->offset != 0;
    a->select_last = uses & USES_SELECT_LAST && desc->select_last;
    a->smallest = uses & USES_SMALLEST && desc->smallest;
    a->exclusive = uses & USES_SCAN && desc->exclusive;
    a->reverse = uses & USES_SCAN && desc->reverse;
    a->count_include_pad = uses & USES_COUNT_PAD && desc->count_include_pad;
    if (uses & USES_RESIZE) {
        a->coordinates = (uint8_t)desc->coordinates;
        a->nearest = (uint8_t)desc->nearest;
        a->exclude_outside = desc->exclude_outside;
        if (a->mode != ARETE_RESIZE_CUBIC)
            a->alpha = 0;
        else if (!(a->alpha < 0) && !(a->alpha > 0))
            a->alpha = -0.75f;
        memcpy(a->scales, desc->scales, sizeof a->scales);
        memcpy(a->roi, desc->roi, sizeof a->roi);
    }
}

static arete_status check_numbers(const arete_layer_desc *desc, const layer_op *op, const layer_problem *p) {
    if (op->uses & USES_MODE && desc->mode > op->modes)
        return ar_fail(ARETE_E_ARGUMENT, "desc.mode is %u, but %s has modes 0 to %d", (unsigned)desc->mode, op->name,
                       (int)op->modes);
    if (op->uses & USES_ACTIVATION && (unsigned)desc->activation > ARETE_ACT_CLIP)
        return ar_fail(ARETE_E_ARGUMENT, "desc.activation is %d, which is none", (int)desc->activation);
    if (op->uses & USES_P && p->a.p > 2)
        return ar_fail(ARETE_E_UNSUPPORTED, "desc.p is %lld, but 1 and 2 are supported", (ll)p->a.p);
    if (op->uses & USES_LRN && p->a.window < 1)
        return ar_fail(ARETE_E_ARGUMENT, "desc.window is 0, but must be 1 or more channels");
    if (op->uses & USES_RESIZE && (desc->coordinates > ARETE_RESIZE_TF_HALF_PIXEL || desc->nearest > ARETE_NEAREST_CEIL))
        return ar_fail(ARETE_E_ARGUMENT, "desc.coordinates is %u and desc.nearest %u, but they go to %d and %d",
                       (unsigned)desc->coordinates, (unsigned)desc->nearest, ARETE_RESIZE_TF_HALF_PIXEL,
                       ARETE_NEAREST_CEIL);
    return ARETE_OK;
}

static arete_status read_attributes(const arete_layer_desc *desc, const layer_op *op, layer_problem *p) {
    read_numbers(desc, op->uses, &p->a);
    arete_status status = check_numbers(desc, op, p);
    int32_t rank = p->t[0].rank + (op->op == ARETE_LAYER_ONE_HOT);
    bool along = op->op == ARETE_LAYER_QUANTIZE || op->op == ARETE_LAYER_DEQUANTIZE;
    bool end = op->op == ARETE_LAYER_LAYER_NORM || op->op == ARETE_LAYER_RMS_NORM;
    if (status == ARETE_OK && op->uses & USES_AXIS && !(along && ar_layer_elements(&p->t[1]) == 1) &&
        !(end && desc->axis == rank))
        status = axis_within("axis", desc->axis, rank, &p->a.axis);
    if (status == ARETE_OK && op->uses & USES_BATCH_AXIS)
        status = axis_within("batch_axis", desc->batch_axis, rank, &p->a.batch_axis);
    if (status == ARETE_OK && op->uses & USES_AXES)
        status = read_axes(desc, p);
    if (status == ARETE_OK && op->uses & USES_SLICE)
        status = read_slice(desc, p);
    if (status == ARETE_OK && op->uses & USES_WINDOW)
        status = read_window(desc, p);
    if (status == ARETE_OK && op->uses & USES_PADS) {
        for (int i = 0; i < 2 * p->a.axis_count; ++i)
            p->a.pads[i] = clamp(desc->pads[i], -(INT64_C(1) << 40), INT64_C(1) << 40);
        p->a.pad_count = (uint8_t)(2 * p->a.axis_count);
        p->a.alpha = p->a.mode == ARETE_PAD_CONSTANT ? p->a.alpha : 0;
    }
    return status;
}

/* Whether x of that type goes with the operation. */
static bool takes(const layer_op *op, int32_t dtype) {
    return (op->types & TYPES_REAL && ar_layer_is_real(dtype)) || (op->types & TYPES_INT && ar_layer_is_int(dtype)) ||
           (op->types & TYPES_BOOL && dtype == ARETE_BOOL);
}

/* What input number i must be, given x: its type, or one of a kind. */
static bool input_fits(const layer_problem *p, uint32_t i) {
    int32_t x = p->t[0].dtype, t = p->t[i].dtype;
    bool index = t == ARETE_I32 || t == ARETE_I64;
    switch ((arete_layer_op)p->a.op) {
    case ARETE_LAYER_POW: return ar_layer_is_real(t) || ar_layer_is_int(t);
    case ARETE_LAYER_WHERE: return t == p->t[1].dtype;
    case ARETE_LAYER_QUANTIZE: return i == 1 ? ar_layer_is_real(t) : ar_layer_is_int(t);
    case ARETE_LAYER_DEQUANTIZE: return i == 1 ? ar_layer_is_real(t) : t == x;
    case ARETE_LAYER_BATCH_NORM:
    case ARETE_LAYER_LAYER_NORM:
    case ARETE_LAYER_RMS_NORM:
    case ARETE_LAYER_INSTANCE_NORM:
    case ARETE_LAYER_GROUP_NORM: return t == x || (t == ARETE_F32 && x != ARETE_F64);
    case ARETE_LAYER_GATHER:
    case ARETE_LAYER_GATHER_ELEMENTS:
    case ARETE_LAYER_GATHER_ND:
    case ARETE_LAYER_REVERSE_SEQUENCE: return index;
    case ARETE_LAYER_SCATTER_ELEMENTS:
    case ARETE_LAYER_SCATTER_ND: return i == 1 ? index : t == x;
    case ARETE_LAYER_ONE_HOT:
    case ARETE_LAYER_FUSED: return true;
    default: return t == x;
    }
}

static arete_status check_types(const layer_problem *p, const layer_op *op) {
    uint32_t of = op->op == ARETE_LAYER_WHERE ? 1 : 0;
    if (p->in_count > of && !takes(op, p->t[of].dtype))
        return ar_fail(ARETE_E_DTYPE, "in[%u].dtype is %s, but %s takes%s%s%s", (unsigned)of,
                       arete_dtype_name((arete_dtype)p->t[of].dtype), op->name,
                       op->types & TYPES_REAL ? " f32, f16, bf16, f64" : "",
                       op->types & TYPES_INT ? " i64, i32, i8, u8" : "", op->types & TYPES_BOOL ? " bool" : "");
    if (op->op == ARETE_LAYER_WHERE && p->t[0].dtype != ARETE_BOOL)
        return ar_fail(ARETE_E_DTYPE, "in[0].dtype is %s, but where's condition must be bool",
                       arete_dtype_name((arete_dtype)p->t[0].dtype));
    for (uint32_t i = 1; i < p->in_count; ++i) {
        bool optional = i >= op->least || (op->op == ARETE_LAYER_LAYER_NORM && i == 1);
        if (p->t[i].dtype == ARETE_DTYPE_NONE && !optional)
            return ar_fail(ARETE_E_ARGUMENT, "in[%u] is absent, but %s needs it", (unsigned)i, op->name);
        if (p->t[i].dtype != ARETE_DTYPE_NONE && !input_fits(p, i))
            return ar_fail(ARETE_E_DTYPE, "in[%u].dtype is %s, which does not go with the %s of in[%u] in %s", (unsigned)i,
                           arete_dtype_name((arete_dtype)p->t[i].dtype),
                           arete_dtype_name((arete_dtype)p->t[of].dtype), (unsigned)of, op->name);
    }
    bool limits = ar_layer_has(p, 1) || ar_layer_has(p, 2);
    if (op->op == ARETE_LAYER_CLIP && ar_layer_is_int(p->t[0].dtype) && !limits)
        return ar_fail(ARETE_E_DTYPE, "in[0].dtype is %s, but alpha and beta limit reals alone: give limits as in[1], in[2]",
                       arete_dtype_name((arete_dtype)p->t[0].dtype));
    int32_t y = ar_layer_out(p, 0)->dtype;
    if (op->op == ARETE_LAYER_QUANTIZE && y != ARETE_DTYPE_NONE && !ar_layer_is_int(y))
        return ar_fail(ARETE_E_DTYPE, "out[0].dtype is %s, but quantize gives i8, u8, i32",
                       arete_dtype_name((arete_dtype)y));
    return ARETE_OK;
}

int ar_layer_class(const layer_problem *p) {
    bool real = false;
    for (int i = 0; i < p->in_count + p->out_count; ++i) {
        if (p->t[i].dtype == ARETE_F64)
            return CLASS_F64;
        real = real || ar_layer_is_real(p->t[i].dtype);
    }
    return real ? CLASS_F32 : CLASS_I64;
}

static void push(layer_problem *p, arete_layer_op op, int arity, int first, int second) {
    layer_step *s = &p->chain[p->chain_count++];
    s->op = (uint8_t)op;
    s->mode = p->a.mode;
    s->activation = p->a.activation;
    s->arity = (uint8_t)arity;
    s->alpha = op == ARETE_LAYER_BATCH_NORM ? p->a.epsilon : p->a.alpha;
    s->beta = p->a.beta;
    s->from[0] = (uint8_t)first;
    s->from[1] = (uint8_t)(arity > 1 ? second : 0);
    for (int i = 2; i < arity; ++i)
        s->from[i] = (uint8_t)i;
}

/* The steps of an element-wise operation other than FUSED. */
static void read_chain(layer_problem *p) {
    arete_layer_op op = (arete_layer_op)p->a.op;
    if (op == ARETE_LAYER_CLIP) {
        int last = 0;
        if (ar_layer_has(p, 1) || ar_layer_has(p, 2)) {
            for (int i = 1; i < p->in_count; ++i)
                if (ar_layer_has(p, (uint32_t)i)) {
                    push(p, i == 1 ? ARETE_LAYER_MAX : ARETE_LAYER_MIN, 2, last, i);
                    last = 16 + p->chain_count - 1;
                }
            p->a.alpha = p->a.beta = 0;
            for (int i = 0; i < p->chain_count; ++i)
                p->chain[i].alpha = p->chain[i].beta = 0;
            return;
        }
    }
    bool many = op == ARETE_LAYER_ADD || op == ARETE_LAYER_MIN || op == ARETE_LAYER_MAX || op == ARETE_LAYER_MEAN;
    if (!many) {
        int arity = p->in_count;
        while (arity > 1 && p->t[arity - 1].dtype == ARETE_DTYPE_NONE)
            --arity;
        push(p, op, arity, 0, 1);
        return;
    }
    for (int i = 1; i < p->in_count; ++i)
        push(p, op == ARETE_LAYER_MEAN ? ARETE_LAYER_ADD : op, 2, i == 1 ? 0 : 16 + p->chain_count - 1, i);
    if (op == ARETE_LAYER_MEAN || p->in_count == 1) {
        push(p, ARETE_LAYER_ACTIVATION, 1, p->in_count == 1 ? 0 : 16 + p->chain_count - 1, 0);
        layer_step *s = &p->chain[p->chain_count - 1];
        if (op == ARETE_LAYER_MEAN && p->in_count > 1) {
            s->activation = ARETE_ACT_AFFINE;
            s->alpha = 1.0f / (float)p->in_count;
        } else {
            s->op = ARETE_LAYER_IDENTITY;
        }
    }
}

static arete_status read_fused(const arete_layer_desc *desc, layer_problem *p) {
    if (!desc->chain || desc->chain_count < 1 || desc->chain_count > ARETE_LAYER_STEPS)
        return ar_fail(ARETE_E_ARGUMENT, "desc.chain has %u steps, but fused needs 1 to %d", (unsigned)desc->chain_count,
                       ARETE_LAYER_STEPS);
    int class_of = ar_layer_class(p);
    for (uint32_t i = 0; i < desc->chain_count; ++i) {
        const arete_layer_step *from = &desc->chain[i];
        const layer_op *op = ar_layer_op_find((int)from->op);
        bool copy = from->op == ARETE_LAYER_IDENTITY;
        if (!op || (op->form != FORM_MAP && !copy) || op->op >= ARETE_LAYER_QUANTIZE)
            return ar_fail(ARETE_E_ARGUMENT, "desc.chain[%u].op is %s, which cannot be a step", (unsigned)i,
                           arete_layer_op_name(from->op));
        bool logic = op->types == TYPES_BOOL, limits = op->op == ARETE_LAYER_CLIP;
        if ((limits && class_of == CLASS_I64) || !(op->types & (class_of == CLASS_I64 ? TYPES_INT : TYPES_REAL) || logic))
            return ar_fail(ARETE_E_DTYPE, "desc.chain[%u] is %s, which is not for %s", (unsigned)i, op->name,
                           class_of == CLASS_I64 ? "integers" : "reals");
        if (from->mode > op->modes || (unsigned)from->activation > ARETE_ACT_CLIP)
            return ar_fail(ARETE_E_ARGUMENT, "desc.chain[%u] has mode %u and activation %d, which %s does not", (unsigned)i,
                           (unsigned)from->mode, (int)from->activation, op->name);
        layer_step *s = &p->chain[i];
        bool active = op->op == ARETE_LAYER_ACTIVATION, numbers = active || op->op == ARETE_LAYER_CLIP;
        s->op = op->op;
        s->activation = active ? (uint8_t)from->activation : 0;
        s->mode = (uint8_t)from->mode;
        s->arity = op->op == ARETE_LAYER_CLIP ? 1 : op->least < 2 && op->most > 1 ? 2 : op->least;
        s->alpha = numbers ? from->alpha : 0;
        s->beta = numbers ? from->beta : 0;
        for (uint8_t k = 0; k < s->arity; ++k) {
            if (from->from[k] < 16 ? from->from[k] >= p->in_count || !ar_layer_has(p, from->from[k])
                                   : from->from[k] - 16 >= i)
                return ar_fail(ARETE_E_ARGUMENT, "desc.chain[%u].from[%d] is %u, which is neither an input nor an earlier step",
                               (unsigned)i, (int)k, (unsigned)from->from[k]);
            s->from[k] = (uint8_t)from->from[k];
        }
    }
    p->chain_count = (uint8_t)desc->chain_count;
    return ARETE_OK;
}

/* Everything but whether the outputs are right. */
static arete_status read_problem(const arete_layer_desc *desc, const arete_layer_args *args, layer_problem *p) {
    memset(p, 0, sizeof *p);
    if (desc->size != 0 && desc->size != sizeof *desc)
        return ar_fail(ARETE_E_ARGUMENT, "desc.size is %zu, but must be 0 or sizeof(arete_layer_desc), %zu here",
                       desc->size, sizeof *desc);
    if (args->size != 0 && args->size != sizeof *args)
        return ar_fail(ARETE_E_ARGUMENT, "args.size is %zu, but must be 0 or sizeof(arete_layer_args), %zu here",
                       args->size, sizeof *args);
    const layer_op *op = ar_layer_op_find((int)desc->op);
    if (!op)
        return ar_fail(ARETE_E_ARGUMENT, "desc.op is %d, which is no operation", (int)desc->op);
    if (args->in_count < op->least || args->in_count > op->most || (args->in_count && !args->in))
        return ar_fail(ARETE_E_ARGUMENT, "args.in_count is %u, but %s takes %d to %d inputs", (unsigned)args->in_count,
                       op->name, (int)op->least, (int)op->most);
    if (args->out_count < 1 || args->out_count > op->outs || !args->out)
        return ar_fail(ARETE_E_ARGUMENT, "args.out_count is %u, but %s has 1 to %d outputs", (unsigned)args->out_count,
                       op->name, (int)op->outs);
    p->a.op = op->op;
    p->in_count = (uint8_t)args->in_count;
    p->out_count = (uint8_t)args->out_count;
    arete_status status = ARETE_OK;
    for (uint32_t i = 0; i < args->in_count && status == ARETE_OK; ++i)
        status = read_tensor("in", i, &args->in[i], &p->t[i]);
    for (uint32_t i = 0; i < args->out_count && status == ARETE_OK; ++i) {
        arete_tensor out = args->out[i];
        if (out.dtype == ARETE_DTYPE_NONE && out.rank) /* to be inferred, with dims given */
            out.dtype = ARETE_U8;
        status = read_tensor("out", i, &out, &p->t[p->in_count + i]);
        if (args->out[i].dtype == ARETE_DTYPE_NONE)
            p->t[p->in_count + i].dtype = ARETE_DTYPE_NONE;
    }
    if (status == ARETE_OK && op->least > 0 && p->t[0].dtype == ARETE_DTYPE_NONE)
        status = ar_fail(ARETE_E_ARGUMENT, "in[0] is absent (its dtype is NONE)");
    if (status == ARETE_OK)
        status = check_types(p, op);
    if (status == ARETE_OK)
        status = read_attributes(desc, op, p);
    if (status == ARETE_OK && op->op == ARETE_LAYER_FUSED)
        status = read_fused(desc, p);
    else if (status == ARETE_OK && op->form == FORM_MAP)
        read_chain(p);
    return status;
}

static bool same_dims(const layer_tensor *a, const layer_tensor *b) {
    bool same = a->rank == b->rank;
    for (int32_t d = 0; same && d < a->rank; ++d)
        same = a->dims[d] == b->dims[d];
    return same;
}

static void dims_text(const layer_tensor *t, char *text, size_t bytes) {
    size_t at = 0;
    text[0] = '\0';
    for (int32_t d = 0; d < t->rank && at < bytes; ++d) {
        int put = snprintf(text + at, bytes - at, "%s%lld", d ? "," : "", (ll)t->dims[d]);
        at += put > 0 ? (size_t)put : 0;
    }
}

/* An element of an output must not lie where another one does: strides grow past what smaller ones reach. */
static arete_status check_apart(const layer_problem *p, uint32_t o) {
    const layer_tensor *t = ar_layer_out(p, o);
    if (ar_layer_elements(t) == 0)
        return ARETE_OK;
    int64_t reach = 1;
    bool done[ARETE_MAX_RANK] = {false};
    for (int32_t round = 0; round < t->rank; ++round) {
        int32_t next = -1;
        for (int32_t d = 0; d < t->rank; ++d)
            if (!done[d] && (next < 0 || t->strides[d] < t->strides[next] ||
                             (t->strides[d] == t->strides[next] && t->dims[d] < t->dims[next])))
                next = d;
        done[next] = true;
        if (t->dims[next] > 1 && t->strides[next] < reach)
            return ar_fail(ARETE_E_SHAPE, "out[%u].strides[%d] is %lld, so elements would lie on each other: give it %lld or more",
                           (unsigned)o, (int)next, (ll)t->strides[next], (ll)reach);
        reach += (t->dims[next] - 1) * t->strides[next];
    }
    return ARETE_OK;
}

arete_status ar_layer_problem_make(const arete_layer_desc *desc, const arete_layer_args *args, layer_problem *p) {
    layer_tensor want[LAYER_TENSORS] = {{.rank = 0}}, dropped[LAYER_TENSORS] = {{.rank = 0}};
    arete_status status = read_problem(desc, args, p);
    if (status == ARETE_OK)
        status = ar_layer_shapes(p, true, want);
    if (status == ARETE_OK)
        status = ar_layer_shapes(p, false, dropped);
    for (uint32_t o = 0; o < p->out_count && status == ARETE_OK; ++o) {
        const layer_tensor *have = ar_layer_out(p, o);
        if (have->dtype == ARETE_DTYPE_NONE)
            return ar_fail(ARETE_E_DTYPE, "out[%u].dtype is NONE, but must be %s", (unsigned)o,
                           arete_dtype_name((arete_dtype)want[o].dtype));
        if (have->dtype != want[o].dtype)
            return ar_fail(ARETE_E_DTYPE, "out[%u].dtype is %s, but must be %s", (unsigned)o,
                           arete_dtype_name((arete_dtype)have->dtype), arete_dtype_name((arete_dtype)want[o].dtype));
        if (!same_dims(have, &want[o]) && !same_dims(have, &dropped[o])) {
            char got[160], should[160];
            dims_text(have, got, sizeof got);
            dims_text(&want[o], should, sizeof should);
            return ar_fail(ARETE_E_SHAPE, "out[%u] is [%s], but %s gives [%s]", (unsigned)o, got,
                           arete_layer_op_name(desc->op), should);
        }
        status = check_apart(p, o);
    }
    return status;
}

arete_status arete_layer_infer(const arete_layer_desc *desc, const arete_tensor *in, uint32_t in_count,
                               arete_tensor *out, uint32_t out_count) {
    if (!desc || !out)
        return ar_fail(ARETE_E_ARGUMENT, "arete_layer_infer: %s is NULL", desc ? "out" : "desc");
    layer_problem p;
    layer_tensor want[LAYER_TENSORS] = {{.rank = 0}};
    const arete_layer_args args = {.in = in, .in_count = in_count, .out = out, .out_count = out_count};
    arete_status status = read_problem(desc, &args, &p);
    if (status == ARETE_OK)
        status = ar_layer_shapes(&p, !desc->drop_dims, want);
    if (status != ARETE_OK)
        return ar_fail_within(status, "arete_layer_infer");
    for (uint32_t o = 0; o < out_count; ++o) {
        if (out[o].dtype == ARETE_DTYPE_NONE)
            out[o].dtype = (arete_dtype)want[o].dtype;
        out[o].rank = (uint32_t)want[o].rank;
        memset(out[o].strides, 0, sizeof out[o].strides);
        memcpy(out[o].dims, want[o].dims, sizeof out[o].dims);
    }
    return ARETE_OK;
}
