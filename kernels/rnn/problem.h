/* Recurrent layers as a plain value: what solvers choose by, what plans are cached and tuned by. */
#ifndef AR_RNN_PROBLEM_H
#define AR_RNN_PROBLEM_H

#include "arete/rnn.h"
#include "error.h"
#include "objects.h"
#include "solver.h"

enum { RNN_LENS_NONE = 0, RNN_LENS_DEVICE = 1, RNN_LENS_HOST = 2 };
enum { RNN_ACTS = 6 }; /* three for each direction: f, g, h; those a cell does not have are NONE */

/*
 * Zeroed before it is filled, compared as bytes. Canonical: what cannot matter has one fixed value. Strides are in
 * elements. Parameters of activations are resolved; those that an activation does not have are 0.
 */
typedef struct rnn_problem {
    int64_t steps, batch, input, hidden, proj; /* proj = hidden without a projection */
    int64_t layers;
    int64_t x_step, x_lane;        /* x from one step, one sequence to the next */
    int64_t y_step, y_dir, y_lane; /* likewise y; 0 when it is absent */
    uint64_t bytes_x, bytes_y;     /* from the first to past the last element */
    float clip;                    /* 0: none */
    float alpha[RNN_ACTS], beta[RNN_ACTS];
    uint8_t act[RNN_ACTS]; /* arete_activation */
    uint8_t cell, direction, order, batch_major, input_forget, linear_before_reset;
    uint8_t type_x, type_w, type_y, type_state, type_b; /* arete_dtype; NONE: no such operand */
    uint8_t lens, bias, peephole, projection, h0, c0, y, y_h, y_c;
    uint8_t prepack;
} rnn_problem;

extern const ar_family ar_rnn_family;
extern const ar_solver *const ar_rnn_solvers[]; /* solvers.c; NULL-terminated */
extern const ar_solver ar_rnn_persistent;
extern const ar_solver ar_rnn_stepwise;
extern const ar_solver ar_rnn_reference;

static inline int64_t ar_rnn_dirs(const rnn_problem *p) {
    return p->direction == ARETE_RNN_BIDIRECTIONAL ? 2 : 1;
}

static inline int64_t ar_rnn_gates(const rnn_problem *p) {
    return p->cell == ARETE_RNN_LSTM ? 4 : p->cell == ARETE_RNN_GRU ? 3 : 1;
}

/* Activations of a direction. */
static inline int ar_rnn_acts(uint8_t cell) {
    return cell == ARETE_RNN_LSTM ? 3 : cell == ARETE_RNN_GRU ? 2 : 1;
}

/* Inputs of a layer. */
static inline int64_t ar_rnn_input(const rnn_problem *p, int64_t layer) {
    return layer == 0 ? p->input : ar_rnn_dirs(p) * p->proj;
}

/* Where in memory the gate stands that the kernels know as i o f c, z r h: index in ONNX's order -> in memory. */
static inline int64_t ar_rnn_gate_at(const rnn_problem *p, int64_t gate) {
    static const int64_t lstm[] = {0, 3, 1, 2}, gru[] = {1, 0, 2};
    if (p->order == ARETE_RNN_GATES_ONNX || p->cell == ARETE_RNN_PLAIN)
        return gate;
    return p->cell == ARETE_RNN_LSTM ? lstm[gate] : gru[gate];
}

/* The distances of the states: elements from one layer's direction, and one sequence, to the next. */
static inline int64_t ar_rnn_state_dir(const rnn_problem *p, int64_t size) {
    return p->batch_major ? size : p->batch * size;
}

static inline int64_t ar_rnn_state_lane(const rnn_problem *p, int64_t size) {
    return p->batch_major ? p->layers * ar_rnn_dirs(p) * size : size;
}

/* Whether there is nothing to do at all. */
static inline bool ar_rnn_empty(const rnn_problem *p) {
    return p->batch == 0 || (p->steps == 0 && !p->y_h && !p->y_c);
}

/* The operands of one layer, in the order of arete_rnn_weights: elements each must have; 0: absent. */
enum { RNN_W, RNN_R, RNN_B, RNN_P, RNN_PROJ, RNN_W_SCALE, RNN_R_SCALE, RNN_PROJ_SCALE, RNN_WEIGHTS };
bool ar_rnn_weight_present(const rnn_problem *problem, int which);
int64_t ar_rnn_weight_elements(const rnn_problem *problem, int64_t layer, int which);
arete_tensor *ar_rnn_weight(arete_rnn_weights *weights, int which);
const char *ar_rnn_weight_name(int which);

/* Checks all that can be checked without buffers, fills the problem. desc NULL: all defaults. */
arete_status ar_rnn_problem_make(const arete_rnn_desc *desc, const arete_rnn_args *args, rnn_problem *problem);

/* Whether the weights of all layers are of the problem's shapes and types. */
arete_status ar_rnn_problem_weights(const rnn_problem *problem, const arete_rnn_weights *weights);

/* The descriptor and the shape-only operands that give this problem: the inverse. */
typedef struct rnn_described_acts {
    arete_activation act[RNN_ACTS];
    float alpha[RNN_ACTS], beta[RNN_ACTS];
} rnn_described_acts;
typedef struct rnn_description {
    arete_rnn_desc desc;
    arete_rnn_args args;
    arete_rnn_weights weights[ARETE_RNN_MAX_LAYERS];
    rnn_described_acts acts;
} rnn_description;
/* The descriptor alone, which points into acts. */
arete_rnn_desc ar_rnn_problem_desc(const rnn_problem *problem, rnn_described_acts *acts);
void ar_rnn_problem_describe(const rnn_problem *problem, rnn_description *description);

/* settle.c: strides and parameters in their one form; bytes_x and bytes_y. */
arete_status ar_rnn_problem_settle(rnn_problem *problem);
/* ONNX's default parameters of an activation; 0 for those it has not. false: no activation of recurrent layers. */
bool ar_rnn_act_defaults(uint8_t act, float *alpha, float *beta, bool *has_alpha, bool *has_beta);
/* f, g, h of a cell unless others are given. */
uint8_t ar_rnn_default_act(uint8_t cell, int which);

/* The run-time half of the checks: buffers there, of this device, large enough, outputs apart. */
arete_status ar_rnn_check_buffers(const rnn_problem *problem, const arete_device *device,
                                  const arete_rnn_args *args);
arete_status ar_rnn_check_weights(const rnn_problem *problem, const arete_device *device,
                                  const arete_rnn_weights *weights);

/* text.c */
void ar_rnn_format(const void *problem, char *text, size_t bytes);
arete_status ar_rnn_parse(const char *text, void *into);

/* reference.c: data by operand; absent ones NULL. Data pointers are those of the first elements. */
typedef struct rnn_host {
    const void *x;
    const void *weights[ARETE_RNN_MAX_LAYERS][RNN_WEIGHTS];
    const int32_t *lens;
    const void *h0, *c0;
} rnn_host;

/* What came out for some sequences, exact but for f64 rounding: y[T][D][lanes][P], h[L*D][lanes][P],
 * c[L*D][lanes][H], and what errors are relative to: for each step of the last layer y_size[T][D][lanes], and at
 * the end of each layer's direction end_size[L*D][lanes]. */
typedef struct rnn_result {
    double *y, *h, *c, *y_size, *end_size;
} rnn_result;

/* Computes the sequences lanes[0..count) in memory of ar_rnn_compute_bytes(), into which result then points. */
uint64_t ar_rnn_compute_bytes(const rnn_problem *problem, int64_t count);
void ar_rnn_compute(const rnn_problem *problem, const rnn_host *host, const int64_t *lanes, int64_t count,
                    void *memory, rnn_result *result);

/* Allowed |error| / size before the output type's rounding. */
double ar_rnn_tolerance(const rnn_problem *problem);

#endif
