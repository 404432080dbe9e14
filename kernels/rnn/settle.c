/* The canonical form of a problem, its extents, the defaults of activations. */
#include "problem.h"

typedef struct act_facts {
    uint8_t act;
    bool has_alpha, has_beta;
    float alpha, beta;
} act_facts;

/* The functions that ONNX names for recurrent layers, with its defaults. */
static const act_facts acts[] = {
    {ARETE_ACT_RELU, false, false, 0, 0},
    {ARETE_ACT_TANH, false, false, 0, 0},
    {ARETE_ACT_SIGMOID, false, false, 0, 0},
    {ARETE_ACT_AFFINE, true, true, 1, 0},
    {ARETE_ACT_LEAKY_RELU, true, false, 0.01f, 0},
    {ARETE_ACT_THRESHOLDED_RELU, true, false, 1, 0},
    {ARETE_ACT_SCALED_TANH, true, true, 1, 1},
    {ARETE_ACT_HARD_SIGMOID, true, true, 0.2f, 0.5f},
    {ARETE_ACT_ELU, true, false, 1, 0},
    {ARETE_ACT_SOFTSIGN, false, false, 0, 0},
    {ARETE_ACT_SOFTPLUS, false, false, 0, 0},
};

bool ar_rnn_act_defaults(uint8_t act, float *alpha, float *beta, bool *has_alpha, bool *has_beta) {
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; ++i) {
        if (acts[i].act != act)
            continue;
        *alpha = acts[i].alpha;
        *beta = acts[i].beta;
        *has_alpha = acts[i].has_alpha;
        *has_beta = acts[i].has_beta;
        return true;
    }
    return false;
}

uint8_t ar_rnn_default_act(uint8_t cell, int which) {
    bool gate = cell != ARETE_RNN_PLAIN && which == 0;
    return which >= ar_rnn_acts(cell) ? ARETE_ACT_NONE : gate ? ARETE_ACT_SIGMOID : ARETE_ACT_TANH;
}

/* *sum += count * stride within 62 bits. */
static bool add(uint64_t *sum, int64_t count, int64_t step) {
    const uint64_t limit = (uint64_t)INT64_MAX / 2;
    if (step != 0 && (uint64_t)count > limit / (uint64_t)step)
        return false;
    if ((uint64_t)count * (uint64_t)step > limit - *sum)
        return false;
    *sum += (uint64_t)count * (uint64_t)step;
    return true;
}

static arete_status fail_extent(const char *name) {
    return ar_fail(ARETE_E_RANGE, "%s extends over more than 2^62 bytes: check its dims and strides", name);
}

/* Whether elements of y lie apart: with the strides sorted, each must pass all that the smaller ones span. */
static arete_status check_output(const rnn_problem *p) {
    int64_t dims[4] = {p->proj, p->steps, ar_rnn_dirs(p), p->batch};
    const int64_t strides[4] = {1, p->y_step, p->y_dir, p->y_lane};
    uint64_t span = 1;
    for (int taken = 0; taken < 4; ++taken) {
        int least = -1;
        for (int i = 0; i < 4; ++i)
            if (dims[i] > 1 && (least < 0 || strides[i] < strides[least]))
                least = i;
        if (least < 0)
            break;
        if ((uint64_t)strides[least] < span)
            return ar_fail(ARETE_E_ALIAS,
                           "y has a stride of %lld over %lld elements, but must pass the %llu that the smaller "
                           "strides span: elements of y would overlap",
                           (long long)strides[least], (long long)dims[least], (unsigned long long)span);
        if (!add(&span, dims[least] - 1, strides[least]))
            return fail_extent("y");
        dims[least] = 1;
    }
    return ARETE_OK;
}

arete_status ar_rnn_problem_settle(rnn_problem *p) {
    bool empty = p->steps == 0 || p->batch == 0;
    int64_t dirs = ar_rnn_dirs(p);
    /* A stride that no step is taken by. */
    if (empty || p->steps == 1)
        p->x_step = p->batch_major ? p->input : p->batch * p->input;
    if (empty || p->batch == 1)
        p->x_lane = p->batch_major ? p->steps * p->input : p->input;
    if (!p->y || empty || p->steps == 1)
        p->y_step = !p->y ? 0 : p->batch_major ? dirs * p->proj : dirs * p->batch * p->proj;
    if (!p->y || empty || dirs == 1)
        p->y_dir = !p->y ? 0 : p->batch_major ? p->proj : p->batch * p->proj;
    if (!p->y || empty || p->batch == 1)
        p->y_lane = !p->y ? 0 : p->batch_major ? p->steps * dirs * p->proj : p->proj;
    uint64_t x = 1, y = 1;
    if (!empty) {
        if (!add(&x, p->steps - 1, p->x_step) || !add(&x, p->batch - 1, p->x_lane) ||
            !add(&x, p->input > 0 ? p->input - 1 : 0, 1))
            return fail_extent("x");
        if (p->y) {
            arete_status status = check_output(p);
            if (status != ARETE_OK)
                return status;
        }
        if (!add(&y, p->steps - 1, p->y_step) || !add(&y, p->batch - 1, p->y_lane) ||
            !add(&y, dirs - 1, p->y_dir) || !add(&y, p->proj - 1, 1))
            return fail_extent("y");
    }
    p->bytes_x = empty || p->input == 0 ? 0 : x * arete_dtype_size((arete_dtype)p->type_x);
    p->bytes_y = empty || !p->y ? 0 : y * arete_dtype_size((arete_dtype)p->type_y);
    /* What kernels keep in their workspace must fit addresses, too. */
    double rows = (double)p->steps * (double)p->batch;
    double wide = (double)ar_rnn_gates(p) * ((double)p->hidden + 64) * (double)dirs;
    if (rows * (wide + 2 * (double)p->proj) * 4 > 1e18)
        return ar_fail(ARETE_E_RANGE, "T = %lld, B = %lld, H = %lld: too large to compute in one call",
                       (long long)p->steps, (long long)p->batch, (long long)p->hidden);
    return ARETE_OK;
}
