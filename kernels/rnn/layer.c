/* What every solver's launches have in common: arguments, options, lengths. */
#include <stdio.h>
#include <string.h>

#include "solver_common.h"

void ar_rnn_layer(const rnn_problem *p, const arete_rnn_args *a, int64_t layer, arete_buffer *scratch,
                  const uint64_t between[2], uint64_t lens_at, rnn_layer *into) {
    int64_t dirs = ar_rnn_dirs(p), last = p->layers - 1, wide = dirs * p->proj;
    rnn_kernel_args *k = &into->args;
    memset(into, 0, sizeof *into);
    *k = (rnn_kernel_args){.steps = p->steps,
                           .batch = p->batch,
                           .input = ar_rnn_input(p, layer),
                           .hidden = p->hidden,
                           .proj = p->proj};
    if (layer == 0) {
        into->x = a->x.buffer;
        k->x_offset = ar_rnn_offset(&a->x);
        k->x_step = p->x_step;
        k->x_lane = p->x_lane;
    } else {
        into->x = scratch;
        k->x_offset = (int64_t)(between[(layer + 1) % 2] / 4);
        k->x_step = p->batch * wide;
        k->x_lane = wide;
    }
    if (layer == last) {
        into->y = p->y ? a->y.buffer : NULL;
        k->y_offset = ar_rnn_offset(&a->y);
        k->y_step = p->y_step;
        k->y_dir = p->y_dir;
        k->y_lane = p->y_lane;
        k->has_y = p->y;
    } else {
        into->y = scratch;
        k->y_offset = (int64_t)(between[layer % 2] / 4);
        k->y_step = p->batch * wide;
        k->y_dir = p->proj;
        k->y_lane = wide;
        k->has_y = 1;
    }
    into->lens = p->lens == RNN_LENS_DEVICE ? a->lens.buffer : p->lens == RNN_LENS_HOST ? scratch : NULL;
    k->lens_offset = p->lens == RNN_LENS_DEVICE ? ar_rnn_offset(&a->lens) : (int64_t)(lens_at / 4);
    k->h_dir = ar_rnn_state_dir(p, p->proj);
    k->h_lane = ar_rnn_state_lane(p, p->proj);
    k->c_dir = ar_rnn_state_dir(p, p->hidden);
    k->c_lane = ar_rnn_state_lane(p, p->hidden);
    k->h0_offset = ar_rnn_offset(&a->h0) + layer * dirs * k->h_dir;
    k->yh_offset = ar_rnn_offset(&a->y_h) + layer * dirs * k->h_dir;
    k->c0_offset = ar_rnn_offset(&a->c0) + layer * dirs * k->c_dir;
    k->yc_offset = ar_rnn_offset(&a->y_c) + layer * dirs * k->c_dir;
    k->has_h0 = p->h0;
    k->has_c0 = p->c0;
    k->has_yh = p->y_h;
    k->has_yc = p->y_c;
    k->bias = p->bias;
    k->peephole = p->peephole;
    k->input_forget = p->input_forget;
    k->bounded = p->clip > 0;
    k->lengths = p->lens != RNN_LENS_NONE;
    k->reverse = p->direction == ARETE_RNN_REVERSE;
    k->torch = p->order == ARETE_RNN_GATES_TORCH;
    k->clip = p->clip;
    memcpy(k->alpha, p->alpha, sizeof k->alpha);
    memcpy(k->beta, p->beta, sizeof k->beta);
}

size_t ar_rnn_options(const rnn_problem *p, const arete_device *device, int64_t layer, char *text, size_t bytes) {
    uint8_t x = layer == 0 ? p->type_x : ARETE_F32;
    uint8_t y = layer < p->layers - 1 || !p->y ? ARETE_F32 : p->type_y;
    size_t at = (size_t)snprintf(text, bytes, "-DVEC=%d -DCELL=%d", (int)ar_rnn_vec(device), (int)p->cell);
    const struct {
        const char *name;
        uint8_t type;
    } types[] = {{"X", x}, {"W", p->type_w}, {"Y", y}, {"B", p->type_b}, {"STATE", p->type_state}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; ++i) {
        if (types[i].type != ARETE_F32 && types[i].type != ARETE_DTYPE_NONE)
            at += (size_t)snprintf(text + at, bytes - at, " -DTYPE_%s=%s", types[i].name,
                                   arete_dtype_name((arete_dtype)types[i].type));
    }
    const struct {
        const char *name;
        int value;
    } flags[] = {{"LBR", p->linear_before_reset}, {"PROJECTION", p->projection}};
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; ++i) {
        if (flags[i].value)
            at += (size_t)snprintf(text + at, bytes - at, " -D%s=%d", flags[i].name, flags[i].value);
    }
    static const char *const macros[RNN_ACTS] = {"ACT_F", "ACT_G", "ACT_H", "ACT_F2", "ACT_G2", "ACT_H2"};
    bool apart = ar_rnn_dirs(p) == 2 && memcmp(p->act, p->act + 3, 3) != 0;
    for (int i = 0; i < (apart ? RNN_ACTS : 3); ++i) {
        uint8_t plain = i == 0 ? ARETE_ACT_SIGMOID : i < 3 ? ARETE_ACT_TANH : ARETE_ACT_NONE;
        if (p->act[i] && p->act[i] != plain)
            at += (size_t)snprintf(text + at, bytes - at, " -D%s=act_%s", macros[i],
                                   arete_activation_name((arete_activation)p->act[i]));
    }
    if (apart)
        at += (size_t)snprintf(text + at, bytes - at, " -DACTS_APART=1");
    return at;
}

arete_status ar_rnn_launch(rnn_course *course, const ar_kernel *kernel, const size_t groups[3], int64_t group,
                           const ar_arg *args, size_t count, arete_event **done) {
    const ar_launch of = {.kernel = kernel,
                          .dims = 3,
                          .global = {groups[0] * (size_t)group, groups[1], groups[2]},
                          .local = {(size_t)group, 1, 1},
                          .args = args,
                          .arg_count = (uint32_t)count};
    arete_status status = ar_launch_run(course->queue, &of, course->after, done);
    course->after = ARETE_WAIT_NONE;
    return status;
}

enum { SOME = 64 };

/* rnn_some of stepwise.cl. */
typedef struct some {
    int32_t count;
    int32_t length[SOME];
} some;

arete_status ar_rnn_put_lengths(const rnn_problem *p, const ar_kernel *kernel, rnn_course *course,
                                const int32_t *lens, arete_buffer *scratch, uint64_t lens_at) {
    const size_t groups[3] = {SOME, 1, 1};
    arete_status status = ARETE_OK;
    for (int64_t first = 0; first < p->batch && status == ARETE_OK; first += SOME) {
        some part = {.count = (int32_t)(p->batch - first < SOME ? p->batch - first : SOME)};
        memcpy(part.length, lens + first, (size_t)part.count * sizeof *lens);
        const ar_arg args[] = {AR_STRUCT(part), AR_I64((int64_t)(lens_at / 4) + first), AR_BUFFER(scratch)};
        status = ar_rnn_launch(course, kernel, groups, 1, args, 3, NULL);
    }
    return status;
}
