/* Scan, unrolled: as many turns as its inputs are long. Version 8 has a batch in front of everything, which must
 * be 1. */
#include <stdlib.h>
#include <string.h>

#include "lower.h"

typedef struct scan {
    const Onnx__GraphProto *body;
    bool batched; /* version 8 */
    uint32_t states, inputs, outputs;
    int64_t in_axis[AR_NODE_MOST], in_back[AR_NODE_MOST], out_axis[AR_NODE_MOST], out_back[AR_NODE_MOST];
    int state[AR_NODE_MOST], from[AR_NODE_MOST];
    int64_t turns;
} scan;

/* The value without its first dimension, which is 1, or with such a one. */
static arete_status batch_of_one(ar_lowering *l, const ar_node *n, bool with, int *value) {
    const arete_tensor t = l->graph->values[*value].t;
    int64_t dims[ARETE_MAX_RANK] = {1};
    if (with ? t.rank == ARETE_MAX_RANK : t.rank == 0 || t.dims[0] != 1)
        return ar_fail(ARETE_E_UNSUPPORTED, "Scan of version 8 with a batch that is not 1");
    memcpy(dims + with, t.dims + !with, (t.rank - !with) * sizeof dims[0]);
    int made = ar_graph_value(l->graph, n->name);
    if (made == AR_NO_VALUE)
        return ARETE_E_MEMORY;
    arete_status status = ar_lower_alias(l, *value, made, with ? t.rank + 1 : t.rank - 1, dims);
    *value = made;
    return status;
}

static arete_status describe(ar_lowering *l, const ar_node *n, scan *s) {
    uint32_t first = s->batched; /* version 8 begins with the sequences' lengths */
    int64_t inputs = ar_onnx_int(n->proto, "num_scan_inputs", 0);
    if (s->batched && ar_node_has(n, 0))
        return ar_fail(ARETE_E_UNSUPPORTED, "Scan of version 8 with sequence_lens");
    s->body = ar_onnx_graph(n->proto, "body");
    if (!s->body || inputs < 1 || inputs > (int64_t)n->in_count - first)
        return ar_fail(ARETE_E_FORMAT, "no body, or %lld of %u inputs are scanned", (long long)inputs, n->in_count);
    s->inputs = (uint32_t)inputs;
    s->states = n->in_count - first - s->inputs;
    if (n->out_count < s->states || s->body->n_output < n->out_count || s->body->n_input < s->states + s->inputs)
        return ar_fail(ARETE_E_FORMAT, "%u outputs, %u states, and a body of %zu inputs and %zu outputs",
                       n->out_count, s->states, s->body->n_input, s->body->n_output);
    s->outputs = n->out_count - s->states;
    ar_onnx_ints(n->proto, "scan_input_axes", s->in_axis, AR_NODE_MOST);
    ar_onnx_ints(n->proto, s->batched ? "directions" : "scan_input_directions", s->in_back, AR_NODE_MOST);
    ar_onnx_ints(n->proto, "scan_output_axes", s->out_axis, AR_NODE_MOST);
    ar_onnx_ints(n->proto, "scan_output_directions", s->out_back, AR_NODE_MOST);
    for (uint32_t i = 0; i < s->states + s->inputs; i++) {
        int *value = i < s->states ? &s->state[i] : &s->from[i - s->states];
        *value = n->in[first + i];
        if (*value == AR_NO_VALUE)
            return ar_fail(ARETE_E_FORMAT, "input %u is missing", first + i);
        arete_status status = s->batched ? batch_of_one(l, n, false, value) : ARETE_OK;
        if (status != ARETE_OK)
            return status;
    }
    for (uint32_t i = 0; i < s->inputs; i++) {
        const arete_tensor *t = &l->graph->values[s->from[i]].t;
        int64_t axis = s->in_axis[i] += s->in_axis[i] < 0 ? t->rank : 0;
        if (axis < 0 || axis >= t->rank || (i && t->dims[axis] != s->turns))
            return ar_fail(ARETE_E_SHAPE, "scanned input %u: axis %lld, or another length than the first one's", i,
                           (long long)axis);
        s->turns = t->dims[axis];
    }
    return s->turns > AR_MOST_TURNS ? ar_fail(ARETE_E_UNSUPPORTED, "a scan of more than %d turns", AR_MOST_TURNS)
                                    : ARETE_OK;
}

/* The element of a scanned input that a turn reads. */
static arete_status element(ar_lowering *l, const ar_node *n, const scan *s, uint32_t input, int64_t turn,
                            int *value) {
    const int64_t at = s->in_back[input] ? s->turns - 1 - turn : turn, axis = s->in_axis[input];
    int whole;
    arete_status status = ar_lower_part(l, n, s->from[input], axis, at, at + 1, &whole);
    return status == ARETE_OK ? ar_lower_drop_axis(l, n, whole, axis, value) : status;
}

static arete_status all_turns(ar_lowering *l, const ar_node *n, scan *s, int *kept) {
    int in[AR_NODE_MOST], out[AR_NODE_MOST];
    arete_status status = ARETE_OK;
    for (int64_t turn = 0; turn < s->turns && status == ARETE_OK; turn++) {
        memcpy(in, s->state, s->states * sizeof in[0]);
        for (uint32_t i = 0; i < s->inputs && status == ARETE_OK; i++)
            status = element(l, n, s, i, turn, &in[s->states + i]);
        if (status == ARETE_OK)
            status = ar_lower_inline(l, s->body, n->scope, in, s->states + s->inputs, out, s->states + s->outputs);
        for (uint32_t o = 0; o < s->outputs && status == ARETE_OK; o++) {
            int64_t at = s->out_back[o] ? s->turns - 1 - turn : turn;
            status = ar_lower_keep_turn(l, n, out[s->states + o], s->out_axis[o], &kept[o * AR_MOST_TURNS + at]);
        }
        if (status == ARETE_OK)
            memcpy(s->state, out, s->states * sizeof out[0]);
    }
    return status;
}

/* A state or a joined output as the node's own. */
static arete_status give(ar_lowering *l, const ar_node *n, const scan *s, int value, uint32_t output) {
    arete_status status = s->batched ? batch_of_one(l, n, true, &value) : ARETE_OK;
    return status == ARETE_OK ? ar_lower_pass(l, value, n->out[output]) : status;
}

arete_status ar_lower_scan(ar_lowering *l, const ar_node *n) {
    scan s = {.batched = n->opset < 9};
    arete_status status = describe(l, n, &s);
    if (status != ARETE_OK)
        return status;
    int *kept = ar_os_alloc((size_t)(s.outputs + 1) * AR_MOST_TURNS * sizeof *kept);
    if (!kept)
        return ar_fail_memory("a scan's outputs", (uint64_t)(s.outputs + 1) * AR_MOST_TURNS * sizeof *kept);
    status = all_turns(l, n, &s, kept);
    for (uint32_t i = 0; i < n->out_count && status == ARETE_OK; i++) {
        int value = i < s.states ? s.state[i] : ar_graph_value(l->graph, n->name);
        if (!ar_node_gives(n, i))
            continue;
        if (value == AR_NO_VALUE)
            status = ARETE_E_MEMORY;
        else if (i >= s.states)
            status = ar_lower_join(l, n, kept + (i - s.states) * AR_MOST_TURNS, (size_t)s.turns,
                                   s.out_axis[i - s.states], value);
        if (status == ARETE_OK)
            status = give(l, n, &s, value, i);
    }
    ar_os_free(kept);
    return status;
}
