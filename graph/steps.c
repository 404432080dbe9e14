/* The families' operations as steps: planned, packed and run through their public calls. */
#include "steps.h"

#include <string.h>

#include "graph.h"

static arete_status layer_plan(ar_step *s, arete_device *device) {
    uint32_t inputs = 0;
    while (inputs < s->slots && !(s->outputs >> inputs & 1))
        inputs++;
    const arete_layer_args args = {
        .in = s->view, .out = s->view + inputs, .in_count = inputs, .out_count = s->slots - inputs};
    return arete_layer_plan(device, s->desc, &args, &s->plan);
}

static arete_status layer_run(const ar_step *s, arete_queue *queue, const arete_tensor *t, arete_wait_list after,
                              arete_event **done) {
    uint32_t inputs = 0;
    while (inputs < s->slots && !(s->outputs >> inputs & 1))
        inputs++;
    const arete_layer_args args = {.in = t, .out = t + inputs, .in_count = inputs, .out_count = s->slots - inputs};
    return arete_layer_run(s->plan, queue, &args, after, done);
}

const ar_step_kind ar_step_layer = {.family = "layer", .plan = layer_plan, .run = layer_run};

static arete_matmul_args matmul_args(const arete_tensor *t) {
    return (arete_matmul_args){.a = t[MM_A],
                               .b = t[MM_B],
                               .c = t[MM_C],
                               .cin = t[MM_CIN],
                               .bias = t[MM_BIAS],
                               .a_scale = t[MM_A_SCALE],
                               .a_zero = t[MM_A_ZERO],
                               .b_scale = t[MM_B_SCALE],
                               .b_zero = t[MM_B_ZERO]};
}

static arete_status matmul_plan(ar_step *s, arete_device *device) {
    const arete_matmul_args args = matmul_args(s->view);
    arete_status status = arete_matmul_plan(device, s->desc, &args, &s->plan);
    const arete_matmul_desc *desc = s->desc;
    s->packs = status == ARETE_OK && desc->prepack && arete_matmul_packs_b(s->plan) ? 1u << MM_B : 0;
    return status;
}

static arete_status matmul_pack(ar_step *s, arete_queue *queue, const arete_tensor *t) {
    return arete_matmul_pack_b(s->plan, queue, &t[MM_B], &s->packed[0]);
}

static arete_status matmul_run(const ar_step *s, arete_queue *queue, const arete_tensor *t, arete_wait_list after,
                               arete_event **done) {
    arete_matmul_args args = matmul_args(t);
    args.packed_b = s->packed[0];
    return arete_matmul_run(s->plan, queue, &args, after, done);
}

const ar_step_kind ar_step_matmul = {
    .family = "matmul", .plan = matmul_plan, .pack = matmul_pack, .run = matmul_run};

static arete_conv_args conv_args(const arete_tensor *t) {
    return (arete_conv_args){.x = t[CONV_X],
                             .w = t[CONV_W],
                             .y = t[CONV_Y],
                             .bias = t[CONV_BIAS],
                             .residual = t[CONV_RESIDUAL],
                             .x_scale = t[CONV_X_SCALE],
                             .x_zero = t[CONV_X_ZERO],
                             .w_scale = t[CONV_W_SCALE],
                             .w_zero = t[CONV_W_ZERO],
                             .y_scale = t[CONV_Y_SCALE],
                             .y_zero = t[CONV_Y_ZERO]};
}

static arete_status conv_plan(ar_step *s, arete_device *device) {
    const arete_conv_args args = conv_args(s->view);
    arete_status status = arete_conv_plan(device, s->desc, &args, &s->plan);
    const arete_conv_desc *desc = s->desc;
    s->packs = status == ARETE_OK && desc->prepack && arete_conv_packs_w(s->plan) ? 1u << CONV_W : 0;
    return status;
}

static arete_status conv_pack(ar_step *s, arete_queue *queue, const arete_tensor *t) {
    return arete_conv_pack_w(s->plan, queue, &t[CONV_W], &s->packed[0]);
}

static arete_status conv_run(const ar_step *s, arete_queue *queue, const arete_tensor *t, arete_wait_list after,
                             arete_event **done) {
    arete_conv_args args = conv_args(t);
    args.packed_w = s->packed[0];
    return arete_conv_run(s->plan, queue, &args, after, done);
}

const ar_step_kind ar_step_conv = {.family = "conv", .plan = conv_plan, .pack = conv_pack, .run = conv_run};

static arete_rnn_args rnn_args(const arete_tensor *t, arete_rnn_weights *weights) {
    *weights = (arete_rnn_weights){.w = t[RNN_W], .r = t[RNN_R], .b = t[RNN_B], .p = t[RNN_P]};
    return (arete_rnn_args){.x = t[RNN_X],
                            .weights = weights,
                            .lens = t[RNN_LENS],
                            .h0 = t[RNN_H0],
                            .c0 = t[RNN_C0],
                            .y = t[RNN_Y],
                            .y_h = t[RNN_Y_H],
                            .y_c = t[RNN_Y_C]};
}

static arete_status rnn_plan(ar_step *s, arete_device *device) {
    arete_rnn_weights weights;
    const arete_rnn_args args = rnn_args(s->view, &weights);
    arete_status status = arete_rnn_plan(device, s->desc, &args, &s->plan);
    const arete_rnn_desc *desc = s->desc;
    if (status == ARETE_OK && desc->prepack && arete_rnn_packs(s->plan))
        s->packs = 1u << RNN_W | 1u << RNN_R | 1u << RNN_B | 1u << RNN_P;
    return status;
}

static arete_status rnn_pack(ar_step *s, arete_queue *queue, const arete_tensor *t) {
    arete_rnn_weights weights;
    rnn_args(t, &weights);
    return arete_rnn_pack(s->plan, queue, &weights, &s->packed[0]);
}

static arete_status rnn_run(const ar_step *s, arete_queue *queue, const arete_tensor *t, arete_wait_list after,
                            arete_event **done) {
    arete_rnn_weights weights;
    arete_rnn_args args = rnn_args(t, &weights);
    args.packed = s->packed[0];
    return arete_rnn_run(s->plan, queue, &args, after, done);
}

const ar_step_kind ar_step_rnn = {.family = "rnn", .plan = rnn_plan, .pack = rnn_pack, .run = rnn_run};

static arete_attention_args attention_args(const arete_tensor *t) {
    return (arete_attention_args){.q = t[ATT_Q],
                                  .k = t[ATT_K],
                                  .v = t[ATT_V],
                                  .y = t[ATT_Y],
                                  .mask = t[ATT_MASK],
                                  .kv_lens = t[ATT_LENS],
                                  .cos = t[ATT_COS],
                                  .sin = t[ATT_SIN],
                                  .q_positions = t[ATT_Q_POSITIONS],
                                  .k_positions = t[ATT_K_POSITIONS]};
}

static arete_status attention_plan(ar_step *s, arete_device *device) {
    const arete_attention_args args = attention_args(s->view);
    return arete_attention_plan(device, s->desc, &args, &s->plan);
}

static arete_status attention_run(const ar_step *s, arete_queue *queue, const arete_tensor *t,
                                  arete_wait_list after, arete_event **done) {
    const arete_attention_args args = attention_args(t);
    return arete_attention_run(s->plan, queue, &args, after, done);
}

const ar_step_kind ar_step_attention = {.family = "attention", .plan = attention_plan, .run = attention_run};
