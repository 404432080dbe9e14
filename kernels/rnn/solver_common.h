/* What the solvers of rnn share. */
#ifndef AR_RNN_SOLVER_COMMON_H
#define AR_RNN_SOLVER_COMMON_H

#include "problem.h"

/* rnn_args of cell.h, field by field. */
typedef struct rnn_kernel_args {
    int64_t steps, batch, input, hidden, proj;
    int64_t step;
    int64_t x_offset, x_step, x_lane;
    int64_t y_offset, y_step, y_dir, y_lane;
    int64_t lens_offset;
    int64_t h0_offset, c0_offset, yh_offset, yc_offset;
    int64_t h_dir, h_lane, c_dir, c_lane;
    int64_t at[12];
    float clip;
    float alpha[RNN_ACTS], beta[RNN_ACTS];
    int32_t has_h0, has_c0, has_y, has_yh, has_yc;
    int32_t bias, peephole, input_forget, bounded, lengths, reverse, torch;
} rnn_kernel_args;

/* One layer as its kernels see it: where its input and output are. */
typedef struct rnn_layer {
    rnn_kernel_args args;
    arete_buffer *x, *y, *lens;
} rnn_layer;

/* The operands of a layer. between: f32 in scratch, at bytes at[0] and at[1] in turn, of what lies between layers;
 * lens_at: where in scratch (bytes) lengths from the host have been put. */
void ar_rnn_layer(const rnn_problem *problem, const arete_rnn_args *args, int64_t layer, arete_buffer *scratch,
                  const uint64_t between[2], uint64_t lens_at, rnn_layer *into);

/* Build options that the problem and the device decide; x and y of layers in between are f32. */
size_t ar_rnn_options(const rnn_problem *problem, const arete_device *device, int64_t layer, char *text,
                      size_t bytes);

/* VEC of the prelude. */
static inline int64_t ar_rnn_vec(const arete_device *device) {
    uint32_t width = device->info.vector_f32;
    return width >= 16 ? 16 : width >= 8 ? 8 : 4;
}

static inline int64_t ar_rnn_ceil(int64_t a, int64_t b) {
    return a / b + (a % b != 0);
}

static inline uint64_t ar_rnn_align(uint64_t bytes) {
    return (bytes + 255) / 256 * 256;
}

/* A step has a second product that needs all of the first: a projection, or a GRU's candidate. */
static inline bool ar_rnn_two_phases(const rnn_problem *p) {
    return p->projection || (p->cell == ARETE_RNN_GRU && !p->linear_before_reset);
}

/* Where an operand starts, in its elements; 0 where there is none. */
static inline int64_t ar_rnn_offset(const arete_tensor *t) {
    return t->dtype == ARETE_DTYPE_NONE ? 0 : (int64_t)(t->offset / arete_dtype_size(t->dtype));
}

/* Launches on their way, one after another. */
typedef struct rnn_course {
    arete_queue *queue;    /* in order */
    arete_wait_list after; /* of the next launch, which uses it up */
} rnn_course;

/* Enqueues groups[0] x groups[1] x groups[2] groups of `group` work-items in the first dimension. done: NULL, or
 * where the event goes. */
arete_status ar_rnn_launch(rnn_course *course, const ar_kernel *kernel, const size_t groups[3], int64_t group,
                           const ar_arg *args, size_t count, arete_event **done);

/* Lengths from the host into scratch at byte lens_at, by launches that carry them. */
arete_status ar_rnn_put_lengths(const rnn_problem *problem, const ar_kernel *kernel, rnn_course *course,
                                const int32_t *lens, arete_buffer *scratch, uint64_t lens_at);

#endif
