/* The text form: "cell=lstm hidden=512 batch=1 steps=25" and what differs from the defaults. */
#include <math.h>
#include <string.h>

#include "problem.h"
#include "words.h"

/* What a text can say; the problem, with strides as lists. */
typedef struct form {
    rnn_problem p;
    int64_t x_strides[2], y_strides[3];
    uint8_t x_count, y_count;
} form;

static const char *const cells[] = {"lstm", "gru", "rnn", NULL};
static const char *const directions[] = {"forward", "reverse", "both", NULL};
static const char *const orders[] = {"onnx", "torch", NULL};
static const char *const lens[] = {"none", "device", "host", NULL};
/* Indices are those of arete_activation. */
static const char *const act_names[] = {"default",
                                        "relu",
                                        "leaky_relu",
                                        "sigmoid",
                                        "tanh",
                                        "gelu_erf",
                                        "gelu_tanh",
                                        "silu",
                                        "elu",
                                        "selu",
                                        "celu",
                                        "hard_sigmoid",
                                        "hard_swish",
                                        "softplus",
                                        "softsign",
                                        "mish",
                                        "thresholded_relu",
                                        "affine",
                                        "scaled_tanh",
                                        NULL};

#define AT(field) offsetof(form, p.field)
#define INT(name, field)                                                                                           \
    { .word = name, .kind = AR_WORD_INT, .at = AT(field) }
#define FLAG(name, field)                                                                                          \
    { .word = name, .kind = AR_WORD_FLAG, .at = AT(field) }
#define TYPE(name, field)                                                                                          \
    { .word = name, .kind = AR_WORD_TYPE, .at = AT(field) }
#define NAME(name, field, list)                                                                                    \
    { .word = name, .kind = AR_WORD_NAME, .at = AT(field), .names = list }
#define ACT(name, index)                                                                                           \
    NAME(name, act[index], act_names), {.word = name "alpha", .kind = AR_WORD_FLOAT, .at = AT(alpha[index])}, {    \
        .word = name "beta", .kind = AR_WORD_FLOAT, .at = AT(beta[index])                                          \
    }

static const ar_word words[] = {
    {.word = "cell", .kind = AR_WORD_NAME, .at = AT(cell), .names = cells, .required = true},
    {.word = "hidden", .kind = AR_WORD_INT, .at = AT(hidden), .required = true},
    {.word = "batch", .kind = AR_WORD_INT, .at = AT(batch), .required = true},
    {.word = "steps", .kind = AR_WORD_INT, .at = AT(steps), .required = true},
    INT("input", input),
    INT("proj", proj),
    INT("layers", layers),
    NAME("dir", direction, directions),
    NAME("order", order, orders),
    FLAG("bm", batch_major),
    TYPE("dtype", type_x),
    TYPE("w", type_w),
    TYPE("y", type_y),
    TYPE("state", type_state),
    TYPE("b", type_b),
    FLAG("bias", bias),
    FLAG("peep", peephole),
    NAME("lens", lens, lens),
    FLAG("h0", h0),
    FLAG("c0", c0),
    FLAG("yout", y),
    FLAG("yh", y_h),
    FLAG("yc", y_c),
    {.word = "clip", .kind = AR_WORD_FLOAT, .at = AT(clip)},
    FLAG("iforget", input_forget),
    FLAG("lbr", linear_before_reset),
    ACT("f", 0),
    ACT("g", 1),
    ACT("h", 2),
    ACT("f2", 3),
    ACT("g2", 4),
    ACT("h2", 5),
    {.word = "xs",
     .kind = AR_WORD_INTS,
     .at = offsetof(form, x_strides),
     .most = 2,
     .count_at = offsetof(form, x_count)},
    {.word = "ys",
     .kind = AR_WORD_INTS,
     .at = offsetof(form, y_strides),
     .most = 3,
     .count_at = offsetof(form, y_count)},
    FLAG("prepack", prepack),
    {0}};

static void tight(const rnn_problem *p, int64_t x[2], int64_t y[3]) {
    int64_t dirs = ar_rnn_dirs(p);
    x[0] = p->batch_major ? p->input : p->batch * p->input;
    x[1] = p->batch_major ? p->steps * p->input : p->input;
    y[0] = !p->y ? 0 : p->batch_major ? dirs * p->proj : dirs * p->batch * p->proj;
    y[1] = !p->y ? 0 : p->batch_major ? p->proj : p->batch * p->proj;
    y[2] = !p->y ? 0 : p->batch_major ? p->steps * dirs * p->proj : p->proj;
}

/* What is not said: of problem p, whose required words, cell, direction and presence of operands are known. */
static void defaults_of(const rnn_problem *p, form *f) {
    memset(f, 0, sizeof *f);
    f->p = (rnn_problem){.input = p->hidden, .layers = 1, .y = 1, .bias = 0};
    f->p.type_x = ARETE_F32;
    f->p.type_w = p->type_x;
    f->p.type_y = p->y ? p->type_x : ARETE_DTYPE_NONE;
    f->p.type_state = p->h0 || p->c0 || p->y_h || p->y_c ? p->type_x : ARETE_DTYPE_NONE;
    f->p.type_b = p->bias || p->peephole ? ARETE_F32 : ARETE_DTYPE_NONE;
    for (int i = 0; i < RNN_ACTS; ++i) {
        bool has_alpha, has_beta;
        if (i / 3 >= ar_rnn_dirs(p))
            break;
        f->p.act[i] = ar_rnn_default_act(p->cell, i % 3);
        (void)ar_rnn_act_defaults(p->act[i], &f->p.alpha[i], &f->p.beta[i], &has_alpha, &has_beta);
    }
}

void ar_rnn_format(const void *problem, char *text, size_t bytes) {
    form f, plain;
    const rnn_problem *p = problem;
    int64_t x[2], y[3];
    defaults_of(p, &plain);
    memset(&f, 0, sizeof f);
    f.p = *p;
    if (!p->projection)
        f.p.proj = 0;
    tight(p, x, y);
    if (p->x_step != x[0] || p->x_lane != x[1]) {
        f.x_strides[0] = p->x_step;
        f.x_strides[1] = p->x_lane;
        f.x_count = 2;
    }
    if (p->y_step != y[0] || p->y_dir != y[1] || p->y_lane != y[2]) {
        f.y_strides[0] = p->y_step;
        f.y_strides[1] = p->y_dir;
        f.y_strides[2] = p->y_lane;
        f.y_count = 3;
    }
    ar_words_write(words, &f, &plain, text, bytes);
}

/* Fills in what the text left open: NONE, -1 and NaN. */
static arete_status finish(form *f) {
    rnn_problem *p = &f->p;
    form plain;
    p->projection = p->proj > 0;
    p->proj = p->projection ? p->proj : p->hidden;
    if (p->input < 0)
        p->input = p->hidden;
    if (p->type_b != ARETE_DTYPE_NONE && !p->bias && !p->peephole)
        return ar_fail(ARETE_E_FORMAT, "'b' is a type, but there is no bias=1 or peep=1");
    for (int i = 0; i < RNN_ACTS; ++i) {
        bool has_alpha, has_beta, mine = i / 3 < ar_rnn_dirs(p) && i % 3 < ar_rnn_acts(p->cell);
        float alpha = 0, beta = 0;
        if (!mine && p->act[i])
            return ar_fail(ARETE_E_FORMAT, "the cell and direction have no activation %s%s",
                           (const char *const[]){"f", "g", "h"}[i % 3], i < 3 ? "" : "2");
        if (mine && !p->act[i])
            p->act[i] = ar_rnn_default_act(p->cell, i % 3);
        if (mine && !ar_rnn_act_defaults(p->act[i], &alpha, &beta, &has_alpha, &has_beta))
            return ar_fail(ARETE_E_FORMAT, "%s is no activation of recurrent layers", act_names[p->act[i]]);
        p->alpha[i] = isnan(p->alpha[i]) ? alpha : p->alpha[i];
        p->beta[i] = isnan(p->beta[i]) ? beta : p->beta[i];
    }
    defaults_of(p, &plain);
    p->type_w = p->type_w ? p->type_w : plain.p.type_w;
    p->type_y = p->y && p->type_y ? p->type_y : plain.p.type_y;
    p->type_state = plain.p.type_state && p->type_state ? p->type_state : plain.p.type_state;
    p->type_b = p->type_b ? p->type_b : plain.p.type_b;
    int64_t x[2], y[3];
    tight(p, x, y);
    if ((f->x_count && f->x_count != 2) || (f->y_count && f->y_count != 3))
        return ar_fail(ARETE_E_FORMAT, "'xs' must be step x sequence, 'ys' step x direction x sequence");
    p->x_step = f->x_count ? f->x_strides[0] : x[0];
    p->x_lane = f->x_count ? f->x_strides[1] : x[1];
    p->y_step = f->y_count ? f->y_strides[0] : y[0];
    p->y_dir = f->y_count ? f->y_strides[1] : y[1];
    p->y_lane = f->y_count ? f->y_strides[2] : y[2];
    return ARETE_OK;
}

arete_status ar_rnn_parse(const char *text, void *into) {
    form f;
    memset(&f, 0, sizeof f);
    f.p.input = -1;
    f.p.layers = 1;
    f.p.y = 1;
    f.p.type_x = ARETE_F32;
    for (int i = 0; i < RNN_ACTS; ++i)
        f.p.alpha[i] = f.p.beta[i] = NAN;
    arete_status status = ar_words_read("rnn", words, text, &f);
    if (status != ARETE_OK)
        return status;
    status = finish(&f);
    /* The same checks as for a caller, so that a case is one that can be planned. */
    rnn_description *d = NULL;
    if (status == ARETE_OK && (f.p.layers < 1 || f.p.layers > ARETE_RNN_MAX_LAYERS))
        status =
            ar_fail(ARETE_E_FORMAT, "'layers=%lld': must be 1 to %d", (long long)f.p.layers, ARETE_RNN_MAX_LAYERS);
    if (status == ARETE_OK && !(d = ar_os_alloc(sizeof *d)))
        status = ar_fail_memory("a case", sizeof *d);
    if (status == ARETE_OK) {
        rnn_problem made;
        ar_rnn_problem_describe(&f.p, d);
        status = ar_rnn_problem_make(&d->desc, &d->args, &made);
        if (status == ARETE_OK)
            memcpy(into, &made, sizeof made);
    }
    ar_os_free(d);
    return status == ARETE_OK || status == ARETE_E_MEMORY ? status
                                                          : ar_fail_within(ARETE_E_FORMAT, "rnn case '%s'", text);
}
