/* From descriptor and operands to the problem: every check that needs no buffers; and back. */
#include "problem.h"

#include <math.h>
#include <string.h>

typedef long long ll;

#define DESC_SIZE sizeof(arete_rnn_desc)
#define ARGS_SIZE sizeof(arete_rnn_args)

static bool present(const arete_tensor *t) {
    return t->dtype != ARETE_DTYPE_NONE;
}

/* The cell, flags and activations. */
static arete_status take_desc(const arete_rnn_desc *d, rnn_problem *p) {
    if (d->size != 0 && d->size != DESC_SIZE)
        return ar_fail(ARETE_E_ARGUMENT, "desc.size is %zu, but arete_rnn_desc has %zu bytes in this version",
                       d->size, DESC_SIZE);
    if ((unsigned)d->cell > ARETE_RNN_PLAIN)
        return ar_fail(ARETE_E_ARGUMENT, "desc.cell is %d: must be ARETE_RNN_LSTM, _GRU or _PLAIN", (int)d->cell);
    if ((unsigned)d->direction > ARETE_RNN_BIDIRECTIONAL)
        return ar_fail(ARETE_E_ARGUMENT,
                       "desc.direction is %d: must be ARETE_RNN_FORWARD, _REVERSE or _BIDIRECTIONAL",
                       (int)d->direction);
    if ((unsigned)d->gate_order > ARETE_RNN_GATES_TORCH)
        return ar_fail(ARETE_E_ARGUMENT, "desc.gate_order is %d: must be ARETE_RNN_GATES_ONNX or _TORCH",
                       (int)d->gate_order);
    if (d->layers > ARETE_RNN_MAX_LAYERS)
        return ar_fail(ARETE_E_UNSUPPORTED, "desc.layers is %u: at most %d are supported in one call; chain calls",
                       d->layers, ARETE_RNN_MAX_LAYERS);
    if (!(d->clip >= 0) || isinf(d->clip))
        return ar_fail(ARETE_E_ARGUMENT, "desc.clip is %g: must be above 0, or 0 for none", (double)d->clip);
    if (d->input_forget && d->cell != ARETE_RNN_LSTM)
        return ar_fail(ARETE_E_ARGUMENT, "desc.input_forget is set, but only an LSTM has these gates");
    if (d->linear_before_reset && d->cell != ARETE_RNN_GRU)
        return ar_fail(ARETE_E_ARGUMENT, "desc.linear_before_reset is set, but only a GRU has a reset gate");
    p->cell = (uint8_t)d->cell;
    p->direction = (uint8_t)d->direction;
    p->order = (uint8_t)(d->cell == ARETE_RNN_PLAIN ? 0 : d->gate_order);
    p->batch_major = d->batch_major;
    p->input_forget = d->input_forget;
    p->linear_before_reset = d->linear_before_reset;
    p->clip = d->clip;
    p->layers = d->layers ? d->layers : 1;
    p->prepack = d->prepack;
    int count = ar_rnn_acts(p->cell);
    for (int i = 0; i < RNN_ACTS; ++i) {
        int dir = i / 3, which = i % 3;
        if (which >= count || dir >= ar_rnn_dirs(p))
            continue;
        int at = dir * count + which;
        arete_activation act =
            d->activations ? d->activations[at] : (arete_activation)ar_rnn_default_act(p->cell, which);
        float alpha, beta;
        bool has_alpha, has_beta;
        if ((unsigned)act > UINT8_MAX || !ar_rnn_act_defaults((uint8_t)act, &alpha, &beta, &has_alpha, &has_beta))
            return ar_fail(ARETE_E_UNSUPPORTED,
                           "desc.activations[%d] is %d (%s): must be relu, tanh, sigmoid, affine, leaky_relu, "
                           "thresholded_relu, scaled_tanh, hard_sigmoid, elu, softsign or softplus",
                           at, (int)act, arete_activation_name(act));
        p->act[i] = (uint8_t)act;
        p->alpha[i] = !has_alpha ? 0 : d->activation_alpha ? d->activation_alpha[at] : alpha;
        p->beta[i] = !has_beta ? 0 : d->activation_beta ? d->activation_beta[at] : beta;
        if (!isfinite(p->alpha[i]) || !isfinite(p->beta[i]))
            return ar_fail(ARETE_E_ARGUMENT,
                           "desc.activation_alpha[%d] and _beta[%d] are %g and %g: must be finite", at, at,
                           (double)p->alpha[i], (double)p->beta[i]);
    }
    return ARETE_OK;
}

/* Dimensions in range, strides as the doc has them: all zero, or the last one 1. */
static arete_status check_tensor(const char *name, const arete_tensor *t, uint32_t rank) {
    if (t->rank != rank)
        return ar_fail(ARETE_E_SHAPE, "%s has rank %u: must be %u", name, t->rank, rank);
    bool given = false;
    for (uint32_t i = 0; i < rank; ++i) {
        if (t->dims[i] < 0 || t->dims[i] > INT32_MAX)
            return ar_fail(ARETE_E_SHAPE, "%s.dims[%u] is %lld: must be 0 to 2^31-1", name, i, (ll)t->dims[i]);
        if (t->strides[i] < 0)
            return ar_fail(ARETE_E_SHAPE, "%s.strides[%u] is %lld: must be 0 or more", name, i, (ll)t->strides[i]);
        given |= t->strides[i] != 0;
    }
    if (given && t->strides[rank - 1] != 1 && t->dims[rank - 1] > 1)
        return ar_fail(ARETE_E_SHAPE, "%s.strides[%u] is %lld: the last dimension must be contiguous", name,
                       rank - 1, (ll)t->strides[rank - 1]);
    size_t element = arete_dtype_size(t->dtype);
    if (element == 0 || t->offset % element)
        return ar_fail(element ? ARETE_E_RANGE : ARETE_E_DTYPE,
                       element ? "%s.offset is %llu: must be a multiple of the element size %zu"
                               : "%s.dtype is unknown (offset %llu, element size %zu)",
                       name, (unsigned long long)t->offset, element);
    return ARETE_OK;
}

/* The stride of a dimension, tight when none are given. */
static int64_t stride(const arete_tensor *t, uint32_t dim) {
    int64_t strides[ARETE_MAX_RANK] = {0}, tight = 1;
    bool given = false;
    for (uint32_t i = t->rank; i-- > 0;) {
        given |= t->strides[i] != 0;
        strides[i] = tight;
        tight *= t->dims[i] ? t->dims[i] : 1;
    }
    return given ? t->strides[dim] : strides[dim];
}

static arete_status check_dims(const char *name, const arete_tensor *t, uint32_t rank, const int64_t *want,
                               const char *letters) {
    arete_status status = check_tensor(name, t, rank);
    for (uint32_t i = 0; i < rank && status == ARETE_OK; ++i)
        if (t->dims[i] != want[i])
            status = ar_fail(ARETE_E_SHAPE, "%s.dims[%u] is %lld, but must be %lld (%s)", name, i, (ll)t->dims[i],
                             (ll)want[i], letters);
    return status;
}

/* Operands that must lie without gaps. */
static arete_status check_tight(const char *name, const arete_tensor *t) {
    int64_t tight = 1;
    for (uint32_t i = t->rank; i-- > 0;) {
        if (t->dims[i] > 1 && stride(t, i) != tight)
            return ar_fail(ARETE_E_SHAPE, "%s.strides[%u] is %lld: must be %lld, %s has no gaps", name, i,
                           (ll)t->strides[i], (ll)tight, name);
        tight *= t->dims[i] ? t->dims[i] : 1;
    }
    return ARETE_OK;
}

static const char *const weight_names[RNN_WEIGHTS] = {"w",    "r",       "b",       "p",
                                                      "proj", "w_scale", "r_scale", "proj_scale"};
static const char *const weight_letters[RNN_WEIGHTS] = {
    "w is [D, G*H, I]",  "r is [D, G*H, P]",    "b is [D, 2*G*H]",     "p is [D, 3*H]",
    "proj is [D, P, H]", "w_scale is [D, G*H]", "r_scale is [D, G*H]", "proj_scale is [D, P]"};

const char *ar_rnn_weight_name(int which) {
    return weight_names[which];
}

arete_tensor *ar_rnn_weight(arete_rnn_weights *w, int which) {
    arete_tensor *const all[RNN_WEIGHTS] = {&w->w,    &w->r,       &w->b,       &w->p,
                                            &w->proj, &w->w_scale, &w->r_scale, &w->proj_scale};
    return all[which];
}

/* The dimensions that an operand of a layer must have; its rank, 0 when it is absent. */
static uint32_t weight_dims(const rnn_problem *p, int64_t layer, int which, int64_t dims[3]) {
    int64_t gh = ar_rnn_gates(p) * p->hidden;
    bool scaled = p->type_w == ARETE_I8;
    dims[0] = ar_rnn_dirs(p);
    dims[1] = which == RNN_PROJ || which == RNN_PROJ_SCALE ? p->proj : gh;
    switch (which) {
    case RNN_W:
        dims[2] = ar_rnn_input(p, layer);
        return 3;
    case RNN_R:
        dims[2] = p->proj;
        return 3;
    case RNN_B:
        dims[1] = 2 * gh;
        return p->bias ? 2 : 0;
    case RNN_P:
        dims[1] = 3 * p->hidden;
        return p->peephole ? 2 : 0;
    case RNN_PROJ:
        dims[2] = p->hidden;
        return p->projection ? 3 : 0;
    case RNN_PROJ_SCALE:
        return scaled && p->projection ? 2 : 0;
    default:
        return scaled ? 2 : 0;
    }
}

bool ar_rnn_weight_present(const rnn_problem *p, int which) {
    int64_t dims[3];
    return weight_dims(p, 0, which, dims) != 0;
}

int64_t ar_rnn_weight_elements(const rnn_problem *p, int64_t layer, int which) {
    int64_t dims[3];
    uint32_t rank = weight_dims(p, layer, which, dims);
    return rank == 0 ? 0 : rank == 2 ? dims[0] * dims[1] : dims[0] * dims[1] * dims[2];
}

static uint8_t weight_type(const rnn_problem *p, int which) {
    return which >= RNN_W_SCALE ? ARETE_F32 : which == RNN_B || which == RNN_P ? p->type_b : p->type_w;
}

static arete_status check_weights(const rnn_problem *p, int64_t layer, const arete_rnn_weights *given) {
    arete_rnn_weights copy = *given;
    for (int which = 0; which < RNN_WEIGHTS; ++which) {
        const arete_tensor *t = ar_rnn_weight(&copy, which);
        int64_t dims[3];
        uint32_t rank = weight_dims(p, layer, which, dims);
        if (!present(t) && rank == 0)
            continue;
        arete_status status = ARETE_OK;
        if (!present(t))
            status = ar_fail(ARETE_E_ARGUMENT, "%s is absent, but %s", weight_names[which],
                             which >= RNN_W_SCALE ? "weights of i8 need it (f32)" : "layer 0 has one");
        else if (rank == 0)
            status = ar_fail(ARETE_E_ARGUMENT, "%s is given, but %s: leave it out", weight_names[which],
                             which >= RNN_W_SCALE ? "the weights are not i8 (or there is no projection)"
                             : layer > 0          ? "layer 0 has none"
                                                  : "only an LSTM has it");
        else
            status = check_dims(weight_names[which], t, rank, dims, weight_letters[which]);
        if (status == ARETE_OK && t->dtype != (arete_dtype)weight_type(p, which))
            status = ar_fail(ARETE_E_DTYPE, "%s is %s: must be %s", weight_names[which], arete_dtype_name(t->dtype),
                             arete_dtype_name((arete_dtype)weight_type(p, which)));
        if (status == ARETE_OK)
            status = check_tight(weight_names[which], t);
        if (status != ARETE_OK)
            return ar_fail_within(status, "weights[%lld]", (ll)layer);
    }
    return ARETE_OK;
}

arete_status ar_rnn_problem_weights(const rnn_problem *p, const arete_rnn_weights *weights) {
    arete_status status = ARETE_OK;
    for (int64_t layer = 0; layer < p->layers && status == ARETE_OK; ++layer)
        status = check_weights(p, layer, &weights[layer]);
    return status;
}

/* What x and the first layer's weights say of sizes and types. */
static arete_status take_sizes(const arete_rnn_args *a, rnn_problem *p) {
    const arete_rnn_weights *first = &a->weights[0];
    arete_status status = check_tensor("x", &a->x, 3);
    if (status == ARETE_OK && !present(&first->w))
        status = ar_fail(ARETE_E_ARGUMENT, "weights[0].w is absent");
    if (status == ARETE_OK && !present(&first->r))
        status = ar_fail(ARETE_E_ARGUMENT, "weights[0].r is absent");
    if (status == ARETE_OK)
        status = check_tensor("weights[0].r", &first->r, 3);
    if (status == ARETE_OK && present(&first->proj) && p->cell != ARETE_RNN_LSTM)
        status = ar_fail(ARETE_E_UNSUPPORTED, "weights[0].proj is given, but only an LSTM has a projection");
    if (status == ARETE_OK && present(&first->p) && p->cell != ARETE_RNN_LSTM)
        status = ar_fail(ARETE_E_UNSUPPORTED, "weights[0].p is given, but only an LSTM has peepholes");
    if (status != ARETE_OK)
        return status;
    int time = p->batch_major ? 1 : 0;
    p->steps = a->x.dims[time];
    p->batch = a->x.dims[1 - time];
    p->input = a->x.dims[2];
    p->x_step = stride(&a->x, (uint32_t)time);
    p->x_lane = stride(&a->x, (uint32_t)(1 - time));
    p->hidden = first->r.dims[1] / ar_rnn_gates(p);
    p->proj = first->r.dims[2];
    p->projection = present(&first->proj);
    p->bias = present(&first->b);
    p->peephole = present(&first->p);
    p->type_x = (uint8_t)a->x.dtype;
    p->type_w = (uint8_t)first->w.dtype;
    p->type_b = (uint8_t)(p->bias ? first->b.dtype : p->peephole ? first->p.dtype : ARETE_DTYPE_NONE);
    if (p->hidden == 0 || p->proj == 0 || first->r.dims[1] % ar_rnn_gates(p))
        return ar_fail(ARETE_E_SHAPE,
                       "weights[0].r is [%lld, %lld, %lld]: must be [D, %lld*H, P] with H and P above 0",
                       (ll)first->r.dims[0], (ll)first->r.dims[1], (ll)first->r.dims[2], (ll)ar_rnn_gates(p));
    if (!p->projection && p->proj != p->hidden)
        return ar_fail(ARETE_E_SHAPE, "weights[0].r.dims[2] is %lld, but without proj it must be H = %lld",
                       (ll)p->proj, (ll)p->hidden);
    return ARETE_OK;
}

static arete_status check_types(const rnn_problem *p) {
    bool half = p->type_x == ARETE_F16 || p->type_x == ARETE_BF16;
    if (p->type_x != ARETE_F32 && !half)
        return ar_fail(ARETE_E_DTYPE, "x is %s: must be f32, f16 or bf16",
                       arete_dtype_name((arete_dtype)p->type_x));
    bool w_ok = p->type_w == p->type_x || p->type_w == ARETE_I8 ||
                (p->type_x == ARETE_F32 && (p->type_w == ARETE_F16 || p->type_w == ARETE_BF16));
    if (!w_ok)
        return ar_fail(ARETE_E_DTYPE,
                       "weights[0].w is %s and x is %s: weights must be x's type, i8, or with x of f32 f16 or bf16",
                       arete_dtype_name((arete_dtype)p->type_w), arete_dtype_name((arete_dtype)p->type_x));
    if (p->type_b != ARETE_DTYPE_NONE && p->type_b != ARETE_F32 && p->type_b != p->type_x)
        return ar_fail(ARETE_E_DTYPE, "weights[0].%s is %s: must be f32 or x's type %s", p->bias ? "b" : "p",
                       arete_dtype_name((arete_dtype)p->type_b), arete_dtype_name((arete_dtype)p->type_x));
    if (p->type_y != ARETE_DTYPE_NONE && p->type_y != ARETE_F32 && p->type_y != p->type_x)
        return ar_fail(ARETE_E_DTYPE, "y is %s: must be f32 or x's type %s",
                       arete_dtype_name((arete_dtype)p->type_y), arete_dtype_name((arete_dtype)p->type_x));
    if (p->type_state != ARETE_DTYPE_NONE && p->type_state != ARETE_F32 && p->type_state != p->type_x)
        return ar_fail(ARETE_E_DTYPE, "h0, c0, y_h or y_c is %s: must be f32 or x's type %s",
                       arete_dtype_name((arete_dtype)p->type_state), arete_dtype_name((arete_dtype)p->type_x));
    return ARETE_OK;
}

static arete_status check_state(const rnn_problem *p, const char *name, const arete_tensor *t, int64_t size) {
    if (!present(t))
        return ARETE_OK;
    int64_t ld = p->layers * ar_rnn_dirs(p);
    const int64_t dims[3] = {p->batch_major ? p->batch : ld, p->batch_major ? ld : p->batch, size};
    bool cell = name[0] == 'c' || name[2] == 'c';
    if (cell && p->cell != ARETE_RNN_LSTM)
        return ar_fail(ARETE_E_ARGUMENT, "%s is given, but only an LSTM has a cell state: leave it out", name);
    arete_status status = check_dims(name, t, 3, dims,
                                     p->batch_major ? (cell ? "[B, L*D, H]" : "[B, L*D, P]")
                                                    : (cell ? "[L*D, B, H]" : "[L*D, B, P]"));
    if (status == ARETE_OK && t->dtype != (arete_dtype)p->type_state)
        status = ar_fail(ARETE_E_DTYPE, "%s is %s, but another state is %s: all four have one type", name,
                         arete_dtype_name(t->dtype), arete_dtype_name((arete_dtype)p->type_state));
    return status == ARETE_OK ? check_tight(name, t) : status;
}

static arete_status take_states(const arete_rnn_args *a, rnn_problem *p) {
    p->h0 = present(&a->h0);
    p->c0 = present(&a->c0);
    p->y = present(&a->y);
    p->y_h = present(&a->y_h);
    p->y_c = present(&a->y_c);
    p->type_y = (uint8_t)(p->y ? a->y.dtype : ARETE_DTYPE_NONE);
    p->type_state = (uint8_t)(p->h0    ? a->h0.dtype
                              : p->y_h ? a->y_h.dtype
                              : p->c0  ? a->c0.dtype
                              : p->y_c ? a->y_c.dtype
                                       : ARETE_DTYPE_NONE);
    if (!p->y && !p->y_h && !p->y_c)
        return ar_fail(ARETE_E_ARGUMENT, "y, y_h and y_c are all absent: at least one must be there");
    arete_status status = check_types(p);
    if (status == ARETE_OK)
        status = check_state(p, "h0", &a->h0, p->proj);
    if (status == ARETE_OK)
        status = check_state(p, "c0", &a->c0, p->hidden);
    if (status == ARETE_OK)
        status = check_state(p, "y_h", &a->y_h, p->proj);
    if (status == ARETE_OK)
        status = check_state(p, "y_c", &a->y_c, p->hidden);
    if (status == ARETE_OK && p->y) {
        int64_t dirs = ar_rnn_dirs(p);
        const int64_t seq[4] = {p->steps, dirs, p->batch, p->proj}, batch[4] = {p->batch, p->steps, dirs, p->proj};
        status = check_dims("y", &a->y, 4, p->batch_major ? batch : seq,
                            p->batch_major ? "y is [B, T, D, P]" : "y is [T, D, B, P]");
        p->y_lane = stride(&a->y, p->batch_major ? 0 : 2);
        p->y_step = stride(&a->y, p->batch_major ? 1 : 0);
        p->y_dir = stride(&a->y, p->batch_major ? 2 : 1);
    }
    return status;
}

static arete_status take_lens(const arete_rnn_args *a, rnn_problem *p) {
    p->lens = a->host_lens ? RNN_LENS_HOST : present(&a->lens) ? RNN_LENS_DEVICE : RNN_LENS_NONE;
    if (!present(&a->lens))
        return ARETE_OK;
    if (a->host_lens)
        return ar_fail(ARETE_E_ARGUMENT, "lens and host_lens are both given: give one");
    arete_status status = check_dims("lens", &a->lens, 1, &p->batch, "lens is [B]");
    if (status == ARETE_OK && a->lens.dtype != ARETE_I32)
        status = ar_fail(ARETE_E_DTYPE, "lens is %s: must be i32", arete_dtype_name(a->lens.dtype));
    return status == ARETE_OK ? check_tight("lens", &a->lens) : status;
}

arete_status ar_rnn_problem_make(const arete_rnn_desc *desc, const arete_rnn_args *args, rnn_problem *p) {
    static const arete_rnn_desc plain;
    memset(p, 0, sizeof *p);
    if (args->size != 0 && args->size != ARGS_SIZE)
        return ar_fail(ARETE_E_ARGUMENT, "args.size is %zu, but arete_rnn_args has %zu bytes in this version",
                       args->size, ARGS_SIZE);
    if (!args->weights)
        return ar_fail(ARETE_E_ARGUMENT, "args.weights is NULL: give one arete_rnn_weights for each layer");
    arete_status status = take_desc(desc ? desc : &plain, p);
    if (status == ARETE_OK)
        status = take_sizes(args, p);
    if (status == ARETE_OK)
        status = take_states(args, p);
    if (status == ARETE_OK)
        status = ar_rnn_problem_weights(p, args->weights);
    if (status == ARETE_OK)
        status = take_lens(args, p);
    return status == ARETE_OK ? ar_rnn_problem_settle(p) : status;
}

static arete_tensor describe(uint8_t type, uint32_t rank, const int64_t *dims) {
    return arete_tensor_make(NULL, 0, (arete_dtype)type, rank, dims);
}

static void describe_states(const rnn_problem *p, arete_rnn_args *a) {
    int64_t ld = p->layers * ar_rnn_dirs(p);
    int64_t h[3] = {p->batch_major ? p->batch : ld, p->batch_major ? ld : p->batch, p->proj};
    int64_t c[3] = {h[0], h[1], p->hidden};
    if (p->h0)
        a->h0 = describe(p->type_state, 3, h);
    if (p->c0)
        a->c0 = describe(p->type_state, 3, c);
    if (p->y_h)
        a->y_h = describe(p->type_state, 3, h);
    if (p->y_c)
        a->y_c = describe(p->type_state, 3, c);
    if (p->lens == RNN_LENS_DEVICE)
        a->lens = describe(ARETE_I32, 1, &p->batch);
}

arete_rnn_desc ar_rnn_problem_desc(const rnn_problem *p, rnn_described_acts *acts) {
    int count = ar_rnn_acts(p->cell);
    memset(acts, 0, sizeof *acts);
    for (int dir = 0; dir < ar_rnn_dirs(p); ++dir) {
        for (int i = 0; i < count; ++i) {
            acts->act[dir * count + i] = (arete_activation)p->act[dir * 3 + i];
            acts->alpha[dir * count + i] = p->alpha[dir * 3 + i];
            acts->beta[dir * count + i] = p->beta[dir * 3 + i];
        }
    }
    return (arete_rnn_desc){.size = DESC_SIZE,
                            .cell = (arete_rnn_cell)p->cell,
                            .direction = (arete_rnn_direction)p->direction,
                            .batch_major = p->batch_major,
                            .input_forget = p->input_forget,
                            .linear_before_reset = p->linear_before_reset,
                            .clip = p->clip,
                            .layers = (uint32_t)p->layers,
                            .gate_order = (arete_rnn_gate_order)p->order,
                            .activations = acts->act,
                            .activation_alpha = acts->alpha,
                            .activation_beta = acts->beta,
                            .prepack = p->prepack};
}

void ar_rnn_problem_describe(const rnn_problem *p, rnn_description *d) {
    static const int32_t some;
    memset(d, 0, sizeof *d);
    d->desc = ar_rnn_problem_desc(p, &d->acts);
    arete_rnn_args *a = &d->args;
    a->size = ARGS_SIZE;
    a->weights = d->weights;
    int64_t x[3] = {p->steps, p->batch, p->input}, y[4] = {p->steps, ar_rnn_dirs(p), p->batch, p->proj};
    if (p->batch_major) {
        x[0] = y[0] = p->batch;
        x[1] = y[1] = p->steps;
        y[2] = ar_rnn_dirs(p);
    }
    a->x = describe(p->type_x, 3, x);
    a->x.strides[p->batch_major ? 1 : 0] = p->x_step;
    a->x.strides[p->batch_major ? 0 : 1] = p->x_lane;
    if (p->y) {
        a->y = describe(p->type_y, 4, y);
        a->y.strides[p->batch_major ? 1 : 0] = p->y_step;
        a->y.strides[p->batch_major ? 2 : 1] = p->y_dir;
        a->y.strides[p->batch_major ? 0 : 2] = p->y_lane;
    }
    for (int64_t layer = 0; layer < p->layers; ++layer) {
        for (int which = 0; which < RNN_WEIGHTS; ++which) {
            int64_t dims[3];
            uint32_t rank = weight_dims(p, layer, which, dims);
            if (rank)
                *ar_rnn_weight(&d->weights[layer], which) = describe(weight_type(p, which), rank, dims);
        }
    }
    describe_states(p, a);
    a->host_lens = p->lens == RNN_LENS_HOST ? &some : NULL;
}
