/* Attention (ONNX 23 and 24). */
#include <string.h>

#include "lower.h"
#include "steps.h"

/* A packed [B,S,H*D] seen as [B,H,S,D]. */
static arete_tensor unpacked(const arete_tensor *t, int64_t heads) {
    int64_t batch = t->dims[0], tokens = t->dims[1], size = heads ? t->dims[2] / heads : 0;
    return (arete_tensor){.dtype = t->dtype,
                          .rank = 4,
                          .dims = {batch, heads, tokens, size},
                          .strides = {tokens * heads * size, size, heads * size, 1}};
}

/* present = past and the new keys, along the tokens. */
static arete_status append(ar_lowering *l, const ar_node *n, uint32_t input, uint32_t past, uint32_t present,
                           int64_t heads, int *made) {
    const arete_layer_desc concat = {.op = ARETE_LAYER_CONCAT, .axis = 2};
    const arete_tensor fresh = l->graph->values[n->in[input]].t;
    const arete_tensor view = fresh.rank == 3 ? unpacked(&fresh, heads) : fresh;
    int seen = ar_graph_value(l->graph, n->name);
    *made = present < n->out_count && n->out[present] != AR_NO_VALUE ? n->out[present]
                                                                     : ar_graph_value(l->graph, n->name);
    if (seen == AR_NO_VALUE || *made == AR_NO_VALUE)
        return ARETE_E_MEMORY;
    arete_status status = ar_lower_alias(l, n->in[input], seen, 4, view.dims);
    const int in[2] = {n->in[past], seen};
    if (status == ARETE_OK)
        status = ar_lower_layer(l, n, &concat, in, 2, made, 1);
    if (status == ARETE_OK)
        l->graph->steps[l->graph->step_count - 1].view[1] = view;
    return status;
}

static arete_status lower_attention(ar_lowering *l, const ar_node *n) {
    const arete_tensor *q, *k, *v;
    arete_status status = ar_node_input(l, n, 0, "q", &q);
    if (status == ARETE_OK)
        status = ar_node_input(l, n, 1, "k", &k);
    if (status == ARETE_OK)
        status = ar_node_input(l, n, 2, "v", &v);
    if (status != ARETE_OK)
        return status;
    int64_t q_heads = ar_onnx_int(n->proto, "q_num_heads", q->rank == 4 ? q->dims[1] : 0);
    int64_t kv_heads = ar_onnx_int(n->proto, "kv_num_heads", k->rank == 4 ? k->dims[1] : 0), past = 0;
    if (n->out_count > 3)
        return ar_fail(ARETE_E_UNSUPPORTED, "the output qk_matmul_output, the scores of all pairs");
    if (q_heads <= 0 || kv_heads <= 0)
        return ar_fail(ARETE_E_SHAPE, "q_num_heads and kv_num_heads are needed with packed heads");
    int keys = n->in[1], values = n->in[2];
    if (ar_node_has(n, 4) && ar_node_has(n, 5)) {
        past = l->graph->values[n->in[4]].t.dims[2];
        status = append(l, n, 1, 4, 1, kv_heads, &keys);
        if (status == ARETE_OK)
            status = append(l, n, 2, 5, 2, kv_heads, &values);
    } else if (n->out_count > 1) {
        status = ar_fail(ARETE_E_UNSUPPORTED, "present keys without past ones");
    }
    if (status != ARETE_OK)
        return status;
    ar_step *step =
        ar_graph_step(l->graph, &ar_step_attention, n->name, n->op, ATT_SLOTS, sizeof(arete_attention_desc));
    if (!step)
        return ARETE_E_MEMORY;
    bool causal = ar_onnx_int(n->proto, "is_causal", 0) != 0;
    *(arete_attention_desc *)step->desc =
        (arete_attention_desc){.scale = (double)ar_onnx_float(n->proto, "scale", 0),
                               .softcap = (double)ar_onnx_float(n->proto, "softcap", 0),
                               .causal = causal,
                               .causal_shift = causal ? past : 0,
                               .q_heads = q_heads,
                               .kv_heads = kv_heads};
    int64_t last = v->rank == 4 ? v->dims[3] : v->dims[2] / kv_heads;
    arete_tensor *y = &l->graph->values[n->out[0]].t;
    *y = *q;
    y->dims[q->rank - 1] = q->rank == 4 ? last : last * q_heads;
    ar_step_input(l->graph, step, ATT_Q, n->in[0]);
    ar_step_input(l->graph, step, ATT_K, keys);
    ar_step_input(l->graph, step, ATT_V, values);
    ar_step_output(l->graph, step, ATT_Y, n->out[0]);
    if (ar_node_has(n, 3))
        ar_step_input(l->graph, step, ATT_MASK, n->in[3]);
    if (ar_node_has(n, 6))
        ar_step_input(l->graph, step, ATT_LENS, n->in[6]);
    return ARETE_OK;
}

const ar_lower_op ar_lower_attention[] = {{"Attention", lower_attention}, {NULL, NULL}};
