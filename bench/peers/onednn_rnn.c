/* Recurrent layers by oneDNN: one layer in one direction, f32, weights packed into the layout that it wants. */
#include "onednn.h"

#include <string.h>

#include "rnn/problem.h"

enum { X, H0, C0, W, R, B, Y, Y_H, Y_C, OPERANDS };

/* What oneDNN calls and we name otherwise. */
typedef struct onednn_rnn {
    const rnn_problem *p;
    int64_t gates, bias_gates;
    dnnl_memory_desc_t given[OPERANDS];  /* weights in oneDNN's order of gates, [1, D, G, H, I] */
    dnnl_memory_desc_t wanted[OPERANDS]; /* layouts left open for weights */
    float *w, *r, *b;                    /* weights with the gates in that order */
} onednn_rnn;

static arete_status check(const rnn_problem *p) {
    const char *why = NULL;
    if (p->type_x != ARETE_F32 || p->type_w != ARETE_F32 || (p->y && p->type_y != ARETE_F32) ||
        (p->type_state && p->type_state != ARETE_F32) || (p->type_b && p->type_b != ARETE_F32))
        why = "f32 alone is compared";
    else if (p->direction == ARETE_RNN_BIDIRECTIONAL || p->layers > 1)
        why = "one layer in one direction is compared";
    else if (p->lens || p->clip > 0 || p->peephole || p->projection || p->input_forget || p->batch_major || !p->y)
        why = "lengths, clip, peepholes, projection, coupled gates, batch first and no y are not compared";
    else if (!p->prepack)
        why = "its weights come packed: prepack=1";
    for (int i = 0; i < ar_rnn_acts(p->cell) && !why; i++)
        if (p->act[i] != ar_rnn_default_act(p->cell, i))
            why = "only the default activations are compared";
    return why ? ar_fail(ARETE_E_UNSUPPORTED, "oneDNN: %s", why) : ARETE_OK;
}

static dnnl_memory_desc_t tensor(const onednn *of, int rank, const int64_t *dims, dnnl_format_tag_t tag) {
    dnnl_memory_desc_t desc;
    dnnl_dims_t d;
    memset(&desc, 0, sizeof desc);
    for (int i = 0; i < rank; i++)
        d[i] = dims[i];
    of->f.dnnl_memory_desc_init_by_tag(&desc, rank, d, dnnl_f32, tag);
    return desc;
}

static void describe(const onednn *of, onednn_rnn *c) {
    const rnn_problem *p = c->p;
    const int64_t x[3] = {p->steps, p->batch, p->input}, y[3] = {p->steps, p->batch, p->hidden};
    const int64_t w[5] = {1, 1, p->input, c->gates, p->hidden}, r[5] = {1, 1, p->hidden, c->gates, p->hidden};
    const int64_t b[4] = {1, 1, c->bias_gates, p->hidden}, s[4] = {1, 1, p->batch, p->hidden};
    memset(c->given, 0, sizeof c->given);
    c->given[X] = tensor(of, 3, x, dnnl_tnc);
    c->given[Y] = tensor(of, 3, y, dnnl_tnc);
    c->given[W] = tensor(of, 5, w, dnnl_ldgoi);
    c->given[R] = tensor(of, 5, r, dnnl_ldgoi);
    if (p->bias)
        c->given[B] = tensor(of, 4, b, dnnl_ldgo);
    if (p->h0 || p->c0) /* both or none: what is absent is zeros in memory of oneDNN's own */
        c->given[H0] = tensor(of, 4, s, dnnl_ldnc);
    if (p->y_h || p->y_c)
        c->given[Y_H] = tensor(of, 4, s, dnnl_ldnc);
    if (p->cell == ARETE_RNN_LSTM) {
        c->given[C0] = c->given[H0];
        c->given[Y_C] = c->given[Y_H];
    }
    memcpy(c->wanted, c->given, sizeof c->given);
    c->wanted[W] = ar_onednn_any(c->given[W]);
    c->wanted[R] = ar_onednn_any(c->given[R]);
}

static arete_status make_primitive(onednn *of, const onednn_rnn *c, dnnl_primitive_t *primitive,
                                   dnnl_primitive_desc_t *desc) {
    const rnn_problem *p = c->p;
    const dnnl_memory_desc_t *d = c->wanted;
    dnnl_rnn_direction_t way =
        p->direction == ARETE_RNN_REVERSE ? dnnl_unidirectional_right2left : dnnl_unidirectional_left2right;
    dnnl_rnn_desc_t rnn;
    dnnl_status_t made;
    if (p->cell == ARETE_RNN_LSTM)
        made = of->f.dnnl_lstm_forward_desc_init(&rnn, dnnl_forward_inference, way, &d[X], &d[H0], &d[C0], &d[W],
                                                 &d[R], &d[B], &d[Y], &d[Y_H], &d[Y_C], 0);
    else if (p->cell == ARETE_RNN_PLAIN)
        made = of->f.dnnl_vanilla_rnn_forward_desc_init(&rnn, dnnl_forward_inference, dnnl_eltwise_tanh, way, &d[X],
                                                        &d[H0], &d[W], &d[R], &d[B], &d[Y], &d[Y_H], 0, 0, 0);
    else if (p->linear_before_reset)
        made = of->f.dnnl_lbr_gru_forward_desc_init(&rnn, dnnl_forward_inference, way, &d[X], &d[H0], &d[W], &d[R],
                                                    &d[B], &d[Y], &d[Y_H], 0);
    else
        made = of->f.dnnl_gru_forward_desc_init(&rnn, dnnl_forward_inference, way, &d[X], &d[H0], &d[W], &d[R],
                                                &d[B], &d[Y], &d[Y_H], 0);
    if (made != dnnl_success)
        return ar_fail(ARETE_E_UNSUPPORTED, "oneDNN describes no such recurrent layer");
    return ar_onednn_primitive(of, &rnn, NULL, "recurrent layer", primitive, desc);
}

/* Gates from where they lie into oneDNN's order: LSTM i f c o, GRU z r h. Its bias is the sum of both, but that of
 * linear_before_reset has h's recurrent half as a fourth. */
static void order_gates(const onednn_rnn *c, const float *w, const float *r, const float *b) {
    static const int64_t lstm[4] = {0, 2, 3, 1}; /* as i o f c are numbered */
    const rnn_problem *p = c->p;
    size_t h = (size_t)p->hidden, of_w = h * (size_t)p->input, of_r = h * h;
    for (int64_t g = 0; g < c->gates; g++) {
        size_t from = (size_t)ar_rnn_gate_at(p, p->cell == ARETE_RNN_LSTM ? lstm[g] : g), to = (size_t)g;
        bool split = p->linear_before_reset && g == 2;
        memcpy(c->w + to * of_w, w + from * of_w, of_w * sizeof *w);
        memcpy(c->r + to * of_r, r + from * of_r, of_r * sizeof *r);
        for (size_t i = 0; i < h && b; i++) {
            float of_h = b[((size_t)c->gates + from) * h + i];
            c->b[to * h + i] = b[from * h + i] + (split ? 0 : of_h);
            if (split)
                c->b[3 * h + i] = of_h;
        }
    }
}

static arete_status add_call(onednn *of, const ar_peer_case *on, const onednn_rnn *c, dnnl_primitive_t primitive,
                             dnnl_primitive_desc_t desc, size_t copy) {
    static const struct {
        int operand, arg;
        const char *name;
    } plain[] = {{X, DNNL_ARG_SRC_LAYER, "x"}, {H0, DNNL_ARG_SRC_ITER, "h0"},   {C0, DNNL_ARG_SRC_ITER_C, "c0"},
                 {Y, DNNL_ARG_DST_LAYER, "y"}, {Y_H, DNNL_ARG_DST_ITER, "y_h"}, {Y_C, DNNL_ARG_DST_ITER_C, "y_c"}};
    const dnnl_memory_desc_t *w = of->f.dnnl_primitive_desc_query_md(desc, dnnl_query_weights_md, 0);
    const dnnl_memory_desc_t *r = of->f.dnnl_primitive_desc_query_md(desc, dnnl_query_weights_md, 1);
    dnnl_memory_t memory = NULL, plain_b = NULL;
    onednn_call call = {primitive, {{0, NULL}}, 0};
    order_gates(c, ar_peer_operand(on, copy, "w", NULL), ar_peer_operand(on, copy, "r", NULL),
                c->p->bias ? ar_peer_operand(on, copy, "b", NULL) : NULL);
    arete_status status = ar_onednn_pack(of, &c->given[W], c->w, w, &memory);
    call.args[call.arg_count++] = (dnnl_exec_arg_t){DNNL_ARG_WEIGHTS_LAYER, memory};
    if (status == ARETE_OK)
        status = ar_onednn_pack(of, &c->given[R], c->r, r, &memory);
    call.args[call.arg_count++] = (dnnl_exec_arg_t){DNNL_ARG_WEIGHTS_ITER, memory};
    if (status == ARETE_OK && c->p->bias) {
        status = ar_onednn_pack(of, &c->given[B], c->b, &c->given[B], &plain_b);
        call.args[call.arg_count++] = (dnnl_exec_arg_t){DNNL_ARG_BIAS, plain_b};
    }
    for (size_t i = 0; i < sizeof plain / sizeof plain[0] && status == ARETE_OK; i++) {
        void *data = ar_peer_operand(on, copy, plain[i].name, NULL);
        const dnnl_memory_desc_t *given = &c->given[plain[i].operand];
        if (given->ndims == 0)
            continue;
        status = ar_onednn_memory(of, given, data ? data : DNNL_MEMORY_ALLOCATE, &memory);
        call.args[call.arg_count++] = (dnnl_exec_arg_t){plain[i].arg, memory};
    }
    return status == ARETE_OK ? ar_onednn_add(of, ONEDNN_RUN, copy, &call) : status;
}

arete_status ar_onednn_rnn(onednn *of, const ar_peer_case *on) {
    onednn_rnn c = {.p = on->of->of};
    const rnn_problem *p = c.p;
    arete_status status = check(p);
    if (status == ARETE_OK && (p->h0 != p->c0 || p->y_h != p->y_c) && p->cell == ARETE_RNN_LSTM)
        status = ar_fail(ARETE_E_UNSUPPORTED, "oneDNN: an LSTM's states are compared both or not at all");
    if (status != ARETE_OK)
        return status;
    c.gates = ar_rnn_gates(p);
    c.bias_gates = c.gates + (p->linear_before_reset ? 1 : 0);
    describe(of, &c);
    dnnl_primitive_t primitive = NULL;
    dnnl_primitive_desc_t desc = NULL;
    status = make_primitive(of, &c, &primitive, &desc);
    size_t h = (size_t)p->hidden, of_w = (size_t)c.gates * h * (size_t)p->input, of_r = (size_t)c.gates * h * h;
    if (status == ARETE_OK) {
        c.w = ar_os_alloc((of_w + of_r + (size_t)c.bias_gates * h) * sizeof *c.w);
        if (!c.w)
            status = ar_fail_memory("oneDNN's weights", (of_w + of_r) * sizeof *c.w);
        c.r = c.w + of_w;
        c.b = c.r + of_r;
    }
    for (size_t copy = 0; copy < on->copies && status == ARETE_OK; copy++)
        status = add_call(of, on, &c, primitive, desc, copy);
    if (desc)
        of->f.dnnl_primitive_desc_destroy(desc);
    ar_os_free(c.w);
    return status;
}
