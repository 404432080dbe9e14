/* Control flow whose way is known at load: the branch that is taken, and loops unrolled. */
#include <string.h>

#include "lower.h"

enum { MOST_DEPTH = 16, MOST_TURNS = AR_MOST_TURNS };

/* The subgraph's outputs, looked up in its scope. */
static arete_status results(const Onnx__GraphProto *graph, const ar_scope *scope, int *values, size_t most) {
    for (size_t i = 0; i < graph->n_output && i < most; i++) {
        values[i] = ar_scope_find(scope, graph->output[i]->name ? graph->output[i]->name : "");
        if (values[i] == AR_NO_VALUE)
            return ar_fail(ARETE_E_FORMAT, "output %zu of the subgraph is made by no node", i);
    }
    return ARETE_OK;
}

arete_status ar_lower_inline(ar_lowering *l, const Onnx__GraphProto *graph, const ar_scope *outer,
                             const int *inputs, size_t input_count, int *outputs, size_t most) {
    ar_scope scope = {.outer = outer};
    arete_status status = ARETE_OK;
    if (++l->depth > MOST_DEPTH)
        status = ar_fail(ARETE_E_UNSUPPORTED, "subgraphs lie more than %d deep within each other", MOST_DEPTH);
    if (status == ARETE_OK && graph->n_input < input_count)
        status = ar_fail(ARETE_E_FORMAT, "the subgraph has %zu inputs, not %zu", graph->n_input, input_count);
    for (size_t i = 0; i < input_count && status == ARETE_OK; i++)
        status = ar_scope_put(&scope, graph->input[i]->name ? graph->input[i]->name : "", inputs[i]);
    if (status == ARETE_OK)
        status = ar_lower_initializers(l, graph, &scope);
    if (status == ARETE_OK)
        status = ar_lower_nodes(l, graph, &scope);
    if (status == ARETE_OK)
        status = results(graph, &scope, outputs, most);
    l->depth--;
    ar_scope_free(&scope);
    return status;
}

arete_status ar_lower_pass(ar_lowering *l, int from, int to) {
    const arete_tensor t = l->graph->values[from].t;
    l->graph->values[to].items = l->graph->values[from].items;
    l->graph->values[to].item_count = l->graph->values[from].item_count;
    if (t.dtype == ARETE_DTYPE_NONE)
        return ARETE_OK; /* what makes it is in the list of what is missing */
    return ar_lower_alias(l, from, to, t.rank, t.dims);
}

static arete_status lower_if(ar_lowering *l, const ar_node *n) {
    int64_t condition = 0;
    size_t count = 0;
    int made[AR_NODE_MOST];
    arete_status status = ar_node_integers(l, n, 0, NULL, &condition, 1, &count);
    if (status != ARETE_OK)
        return status;
    const Onnx__GraphProto *branch = ar_onnx_graph(n->proto, condition ? "then_branch" : "else_branch");
    if (count != 1 || !branch || branch->n_output < n->out_count)
        return ar_fail(ARETE_E_FORMAT, "no condition, or no branch with %u outputs", n->out_count);
    status = ar_lower_inline(l, branch, n->scope, NULL, 0, made, n->out_count);
    for (uint32_t i = 0; i < n->out_count && status == ARETE_OK; i++)
        if (n->out[i] != AR_NO_VALUE)
            status = ar_lower_pass(l, made[i], n->out[i]);
    return status;
}

arete_status ar_lower_keep_turn(ar_lowering *l, const ar_node *n, int value, int64_t axis, int *kept) {
    const arete_tensor t = l->graph->values[value].t;
    int64_t dims[ARETE_MAX_RANK] = {1};
    axis = axis < 0 ? axis + t.rank + 1 : axis;
    if (l->graph->values[value].items)
        return ar_fail(ARETE_E_UNSUPPORTED, "a scan output that is a sequence");
    if (t.rank == ARETE_MAX_RANK || axis < 0 || axis > t.rank)
        return ar_fail(ARETE_E_UNSUPPORTED, "a scan output of %u dimensions along axis %lld", t.rank, (long long)axis);
    for (uint32_t d = 0; d <= t.rank; d++)
        dims[d] = d == axis ? 1 : t.dims[d > axis ? d - 1 : d];
    *kept = ar_graph_value(l->graph, n->name);
    return *kept == AR_NO_VALUE ? ARETE_E_MEMORY : ar_lower_alias(l, value, *kept, t.rank + 1, dims);
}

arete_status ar_lower_join(ar_lowering *l, const ar_node *n, const int *turns, size_t count, int64_t axis, int out) {
    const arete_layer_desc concat = {.op = ARETE_LAYER_CONCAT, .axis = axis};
    if (count == 0)
        return ar_fail(ARETE_E_UNSUPPORTED, "a loop without turns, whose outputs have no shape");
    int joined = turns[0];
    for (size_t at = 1; at < count;) {
        int in[ARETE_LAYER_INPUTS] = {joined};
        uint32_t many = 1;
        while (many < ARETE_LAYER_INPUTS && at < count)
            in[many++] = turns[at++];
        joined = ar_graph_value(l->graph, n->name);
        if (joined == AR_NO_VALUE)
            return ARETE_E_MEMORY;
        arete_status status = ar_lower_layer(l, n, &concat, in, many, &joined, 1);
        if (status != ARETE_OK)
            return status;
    }
    return ar_lower_pass(l, joined, out);
}

typedef struct turns {
    int *scanned; /* [outputs][MOST_TURNS] */
    size_t count;
} turns;

/* Turns of the loop's body until the count or the condition ends it. state: condition and loop-carried values. */
static arete_status turn(ar_lowering *l, const ar_node *n, const Onnx__GraphProto *body, int64_t most, int *state,
                         uint32_t carried, turns *all) {
    int in[AR_NODE_MOST + 2], out[AR_NODE_MOST + 1];
    uint32_t scans = n->out_count - carried;
    int64_t go_on = 1;
    size_t one = 0;
    for (int64_t i = 0; i < most; i++) {
        if (state[0] != AR_NO_VALUE && !ar_graph_integers(l->graph, state[0], &go_on, 1, &one))
            return ar_fail(ARETE_E_UNSUPPORTED, "the loop's condition is not known before the run");
        if (!go_on)
            break;
        if (all->count == MOST_TURNS)
            return ar_fail(ARETE_E_UNSUPPORTED, "a loop of more than %d turns", MOST_TURNS);
        in[0] = ar_lower_scalar(l, ARETE_I64, (double)i);
        in[1] = state[0] != AR_NO_VALUE ? state[0] : ar_lower_scalar(l, ARETE_BOOL, 1);
        memcpy(in + 2, state + 1, carried * sizeof in[0]);
        arete_status status = ar_lower_inline(l, body, n->scope, in, carried + 2, out, 1 + n->out_count);
        for (uint32_t s = 0; s < scans && status == ARETE_OK; s++)
            status = ar_lower_keep_turn(l, n, out[1 + carried + s], 0, &all->scanned[s * MOST_TURNS + all->count]);
        if (status != ARETE_OK)
            return status;
        memcpy(state, out, (carried + 1) * sizeof state[0]);
        all->count++;
    }
    return ARETE_OK;
}

static arete_status lower_loop(ar_lowering *l, const ar_node *n) {
    const Onnx__GraphProto *body = ar_onnx_graph(n->proto, "body");
    uint32_t carried = n->in_count > 2 ? n->in_count - 2 : 0;
    int64_t most = INT64_MAX;
    size_t count = 0;
    int state[AR_NODE_MOST + 1];
    if (!body || body->n_output < 1 + (size_t)n->out_count || n->out_count < carried ||
        body->n_input < 2 + (size_t)carried)
        return ar_fail(ARETE_E_FORMAT, "no body with %u inputs and %u outputs", 2 + carried, 1 + n->out_count);
    arete_status status = ar_node_integers(l, n, 0, NULL, &most, 1, &count);
    if (status == ARETE_OK && ar_node_has(n, 0) && count != 1)
        status = ar_fail(ARETE_E_FORMAT, "the number of turns must be one integer");
    if (status != ARETE_OK)
        return status;
    most = count ? most : INT64_MAX;
    state[0] = ar_node_has(n, 1) ? n->in[1] : AR_NO_VALUE;
    memcpy(state + 1, n->in + 2, carried * sizeof state[0]);
    turns all = {ar_os_alloc((size_t)(n->out_count + 1) * MOST_TURNS * sizeof(int)), 0};
    if (!all.scanned)
        return ar_fail_memory("a loop's outputs", (uint64_t)(n->out_count + 1) * MOST_TURNS * sizeof(int));
    status = turn(l, n, body, most, state, carried, &all);
    for (uint32_t i = 0; i < n->out_count && status == ARETE_OK; i++) {
        if (n->out[i] == AR_NO_VALUE)
            continue;
        status = i < carried ? ar_lower_pass(l, state[1 + i], n->out[i])
                             : ar_lower_join(l, n, all.scanned + (i - carried) * MOST_TURNS, all.count, 0,
                                             n->out[i]);
    }
    ar_os_free(all.scanned);
    return status;
}

const ar_lower_op ar_lower_control[] = {
    {"If", lower_if},
    {"Loop", lower_loop},
    {"Scan", ar_lower_scan},
    {NULL, NULL},
};
