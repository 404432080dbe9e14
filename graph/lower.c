#include "lower.h"

#include <stdio.h>
#include <string.h>

enum { OLDEST_OPSET = 1, MOST_NODES = 1 << 20 };

bool ar_node_has(const ar_node *node, uint32_t index) {
    return index < node->in_count && node->in[index] != AR_NO_VALUE;
}

bool ar_node_gives(const ar_node *node, uint32_t index) {
    return index < node->out_count && node->out[index] != AR_NO_VALUE;
}

arete_status ar_node_input(ar_lowering *l, const ar_node *node, uint32_t index, const char *what,
                           const arete_tensor **tensor) {
    if (!ar_node_has(node, index))
        return ar_fail(ARETE_E_FORMAT, "input %u (%s) is missing", index, what);
    arete_tensor *copy = ar_pool_alloc(&l->graph->pool, sizeof *copy); /* values may move as they grow in number */
    if (!copy)
        return ARETE_E_MEMORY;
    *copy = l->graph->values[node->in[index]].t;
    *tensor = copy;
    return ARETE_OK;
}

/* The names of the network's inputs from which a value follows, with commas between. */
static void find_origins(ar_graph *g, int value, char *names, size_t bytes) {
    bool *wanted = ar_pool_alloc(&g->pool, (size_t)g->value_count + 1);
    *names = '\0';
    if (!wanted)
        return;
    wanted[ar_graph_storage(g, value)] = true;
    for (int s = g->step_count; s-- > 0;) {
        const ar_step *step = &g->steps[s];
        bool makes = false;
        for (uint32_t i = 0; i < step->slots; i++)
            makes = makes || ((step->outputs >> i & 1) && step->value[i] != AR_NO_VALUE &&
                              wanted[ar_graph_storage(g, step->value[i])]);
        for (uint32_t i = 0; i < step->slots && makes; i++)
            if (step->value[i] != AR_NO_VALUE)
                wanted[ar_graph_storage(g, step->value[i])] = true;
    }
    for (int i = 0; i < g->input_count; i++) {
        size_t used = strlen(names);
        if (wanted[g->inputs[i]])
            snprintf(names + used, bytes - used, "%s'%s'", used ? ", " : "", g->values[g->inputs[i]].name);
    }
}

arete_status ar_node_integers(const ar_lowering *l, const ar_node *node, uint32_t input, const char *attribute,
                              int64_t *values, size_t most, size_t *count) {
    *count = 0;
    if (attribute && ar_onnx_attribute(node->proto, attribute)) {
        *count = ar_onnx_ints(node->proto, attribute, values, most);
        if (*count > most)
            return ar_fail(ARETE_E_FORMAT, "attribute %s has %zu values, at most %zu make sense", attribute, *count,
                           most);
        return ARETE_OK;
    }
    if (!ar_node_has(node, input))
        return ARETE_OK;
    const ar_value *v = &l->graph->values[node->in[input]];
    if (v->role != AR_VALUE_CONSTANT) {
        char names[256];
        find_origins(l->graph, node->in[input], names, sizeof names);
        return ar_fail(ARETE_E_UNSUPPORTED,
                       "input %u ('%s') is not known before the run: it follows from the model's input %s. Give that "
                       "its value at load (--value NAME=FILE, or --dim NAME=N if it is one integer)",
                       input, v->name, *names ? names : "values");
    }
    if (!ar_graph_integers(l->graph, node->in[input], values, most, count))
        return ar_fail(ARETE_E_FORMAT, "input %u ('%s') must be at most %zu integers", input, v->name, most);
    return ARETE_OK;
}

int ar_node_temporary(ar_lowering *l, const ar_node *node, arete_dtype dtype, uint32_t rank, const int64_t *dims) {
    return ar_graph_temporary(l->graph, node->name, dtype, rank, dims);
}

int ar_lower_scalar(ar_lowering *l, arete_dtype dtype, double value) {
    double f64 = value;
    float f32 = (float)value;
    int64_t i64 = value >= 0x1p63 ? INT64_MAX : value > -0x1p63 ? (int64_t)value : INT64_MIN; /* NaN: the last */
    int32_t i32 = i64 > INT32_MAX ? INT32_MAX : i64 < INT32_MIN ? INT32_MIN : (int32_t)i64;
    uint8_t byte = (uint8_t)i64;
    uint16_t half = dtype == ARETE_F16 ? arete_f16_from_f32(f32) : arete_bf16_from_f32(f32);
    const void *data = dtype == ARETE_F32                          ? (const void *)&f32
                       : dtype == ARETE_F64                        ? (const void *)&f64
                       : dtype == ARETE_I64                        ? (const void *)&i64
                       : dtype == ARETE_I32                        ? (const void *)&i32
                       : dtype == ARETE_F16 || dtype == ARETE_BF16 ? (const void *)&half
                                                                   : (const void *)&byte;
    return ar_graph_constant(l->graph, "", dtype, 0, NULL, data, true);
}

arete_status ar_lower_alias(ar_lowering *l, int from, int to, uint32_t rank, const int64_t *dims) {
    ar_value *v = &l->graph->values[to];
    const ar_value *source = &l->graph->values[from];
    v->t = arete_tensor_make(NULL, 0, source->t.dtype, rank, dims);
    if (arete_tensor_elements(&v->t) != arete_tensor_elements(&source->t))
        return ar_fail(ARETE_E_SHAPE, "%lld elements cannot be seen as %lld",
                       (long long)arete_tensor_elements(&source->t), (long long)arete_tensor_elements(&v->t));
    if (source->role == AR_VALUE_CONSTANT) {
        v->role = AR_VALUE_CONSTANT;
        v->data = source->data;
    } else {
        v->storage = from;
    }
    return ARETE_OK;
}

arete_status ar_lower_layer(ar_lowering *l, const ar_node *node, const arete_layer_desc *desc, const int *in,
                            uint32_t in_count, const int *out, uint32_t out_count) {
    arete_tensor given[AR_STEP_SLOTS] = {{0}}, made[AR_STEP_SLOTS] = {{0}};
    if (in_count + out_count > AR_STEP_SLOTS)
        return ar_fail(ARETE_E_UNSUPPORTED, "%u inputs and %u outputs are more than %d operands", in_count,
                       out_count, AR_STEP_SLOTS);
    for (uint32_t i = 0; i < in_count; i++)
        if (in[i] != AR_NO_VALUE)
            given[i] = l->graph->values[in[i]].t;
    for (uint32_t i = 0; i < out_count; i++)
        if (out[i] != AR_NO_VALUE)
            made[i] = l->graph->values[out[i]].t;
    arete_status status = ARETE_OK;
    for (uint32_t i = 0; i < out_count && status == ARETE_OK; i++)
        status = ar_graph_check_size(&made[i]);
    if (status == ARETE_OK)
        status = arete_layer_infer(desc, given, in_count, made, out_count);
    for (uint32_t i = 0; i < out_count && status == ARETE_OK; i++)
        status = ar_graph_check_size(&made[i]);
    if (status != ARETE_OK)
        return status;
    ar_step *step = ar_graph_step(l->graph, &ar_step_layer, node->name, node->op, in_count + out_count,
                                  sizeof(arete_layer_desc));
    if (!step)
        return ARETE_E_MEMORY;
    memcpy(step->desc, desc, sizeof *desc);
    for (uint32_t i = 0; i < in_count; i++)
        ar_step_input(l->graph, step, i, in[i]);
    for (uint32_t i = 0; i < out_count; i++) {
        int to =
            out[i] != AR_NO_VALUE ? out[i] : ar_node_temporary(l, node, made[i].dtype, made[i].rank, made[i].dims);
        if (to == AR_NO_VALUE)
            return ARETE_E_MEMORY;
        l->graph->values[to].t = arete_tensor_make(NULL, 0, made[i].dtype, made[i].rank, made[i].dims);
        ar_step_output(l->graph, step, in_count + i, to);
    }
    return ARETE_OK;
}

arete_status ar_lower_part(ar_lowering *l, const ar_node *n, int x, int64_t axis, int64_t from, int64_t to, int *part) {
    const arete_layer_desc slice = {
        .op = ARETE_LAYER_SLICE, .axis_count = 1, .axes = {axis}, .starts = {from}, .ends = {to}, .steps = {1}};
    *part = ar_graph_value(l->graph, n->name);
    return *part == AR_NO_VALUE ? ARETE_E_MEMORY : ar_lower_layer(l, n, &slice, &x, 1, part, 1);
}

arete_status ar_lower_drop_axis(ar_lowering *l, const ar_node *n, int x, int64_t axis, int *dropped) {
    const arete_tensor t = l->graph->values[x].t;
    int64_t dims[ARETE_MAX_RANK];
    for (uint32_t d = 0; d + 1 < t.rank; d++)
        dims[d] = t.dims[d >= axis ? d + 1 : d];
    *dropped = ar_graph_value(l->graph, n->name);
    return *dropped == AR_NO_VALUE ? ARETE_E_MEMORY : ar_lower_alias(l, x, *dropped, t.rank - 1, dims);
}

static const ar_lower_op *find(const char *op) {
    static const ar_lower_op *const tables[] = {ar_lower_layers, ar_lower_moves,     ar_lower_products,
                                                ar_lower_rnn,    ar_lower_attention, ar_lower_shapes,
                                                ar_lower_control, ar_lower_losses,   ar_lower_einsums,
                                                ar_lower_hosts,   ar_lower_spectra,   ar_lower_grids,
                                                ar_lower_sequences};
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++)
        for (const ar_lower_op *entry = tables[t]; entry->op; entry++)
            if (strcmp(entry->op, op) == 0)
                return entry;
    return NULL;
}

/* Adds a node to the list of what is missing: "Op: why (node)". */
static void miss(ar_lowering *l, const ar_node *node, const char *why) {
    size_t used = strlen(l->missing);
    l->missing_count++;
    snprintf(l->missing + used, sizeof l->missing - used, "%s  %s '%s': %s", used ? "\n" : "", node->op, node->name,
             why);
}

static int64_t opset_of(const Onnx__ModelProto *model, const char *domain) {
    const char *wanted = domain && strcmp(domain, "ai.onnx") != 0 ? domain : "";
    for (size_t i = 0; i < model->n_opset_import; i++) {
        const char *its = model->opset_import[i]->domain ? model->opset_import[i]->domain : "";
        if (strcmp(strcmp(its, "ai.onnx") == 0 ? "" : its, wanted) == 0)
            return model->opset_import[i]->version;
    }
    return 0;
}

static bool is_recurrence(const char *op) {
    return strcmp(op, "LSTM") == 0 || strcmp(op, "GRU") == 0 || strcmp(op, "RNN") == 0;
}

/* Looks the names up; makes values for the outputs. unknown: an input follows from something that is missing. */
static arete_status bind(ar_lowering *l, const Onnx__NodeProto *proto, ar_scope *scope, ar_node *node,
                         bool *unknown) {
    *node =
        (ar_node){.proto = proto, .op = proto->op_type ? proto->op_type : "?", .name = proto->name, .scope = scope};
    for (int i = 0; i < AR_NODE_MOST; i++)
        node->in[i] = node->out[i] = AR_NO_VALUE;
    node->opset = opset_of(l->model, proto->domain);
    if ((!node->name || !*node->name) && proto->n_output)
        node->name = proto->output[0];
    if (!node->name)
        node->name = node->op;
    node->name = ar_pool_text(&l->graph->pool, node->name, strlen(node->name)); /* they outlive the file */
    node->op = ar_pool_text(&l->graph->pool, node->op, strlen(node->op));
    if (!node->name || !node->op) {
        node->name = node->op = "?";
        return ARETE_E_MEMORY;
    }
    if (proto->n_input > AR_NODE_MOST || proto->n_output > AR_NODE_MOST)
        return ar_fail(ARETE_E_UNSUPPORTED, "%zu inputs and %zu outputs; at most %d each are supported",
                       proto->n_input, proto->n_output, AR_NODE_MOST);
    node->in_count = (uint32_t)proto->n_input;
    node->out_count = (uint32_t)proto->n_output;
    for (uint32_t i = 0; i < node->in_count; i++) {
        const char *name = proto->input[i];
        node->in[i] = *name ? ar_scope_find(scope, name) : AR_NO_VALUE;
        if (*name && node->in[i] == AR_NO_VALUE)
            return ar_fail(ARETE_E_FORMAT, "input %u, '%s', is made by no node before it: it is missing, or the graph has a cycle", i, name);
        const ar_value *v = *name ? &l->graph->values[node->in[i]] : NULL;
        *unknown = *unknown || (v && v->t.dtype == ARETE_DTYPE_NONE && !v->items);
    }
    while (node->in_count && node->in[node->in_count - 1] == AR_NO_VALUE)
        node->in_count--;
    arete_status status = ARETE_OK;
    for (uint32_t i = 0; i < node->out_count && status == ARETE_OK; i++) {
        const char *name = proto->output[i];
        if (!*name)
            continue;
        char *kept = ar_pool_text(&l->graph->pool, name, strlen(name));
        node->out[i] = kept ? ar_graph_value(l->graph, kept) : AR_NO_VALUE;
        status = node->out[i] == AR_NO_VALUE ? ARETE_E_MEMORY : ARETE_OK;
    }
    while (node->out_count && node->out[node->out_count - 1] == AR_NO_VALUE)
        node->out_count--;
    if (status == ARETE_OK && node->out_count == 0)
        return ar_fail(ARETE_E_FORMAT, "none of its outputs has a name");
    /* Only recurrences have a first output that may be absent: elsewhere it is made, and nobody reads it. */
    if (status == ARETE_OK && node->out[0] == AR_NO_VALUE && !is_recurrence(node->op)) {
        node->out[0] = ar_graph_value(l->graph, node->name);
        status = node->out[0] == AR_NO_VALUE ? ARETE_E_MEMORY : ARETE_OK;
    }
    return status;
}

static bool step_constant(const ar_graph *g, const ar_step *step) {
    for (uint32_t i = 0; i < step->slots; i++)
        if (step->value[i] != AR_NO_VALUE && !(step->outputs >> i & 1) &&
            g->values[ar_graph_storage(g, step->value[i])].role != AR_VALUE_CONSTANT)
            return false;
    return true;
}

/* What shares memory with a constant is one. */
static void settle(ar_graph *g, int value) {
    ar_value *v = value == AR_NO_VALUE ? NULL : &g->values[value];
    if (!v || v->role == AR_VALUE_CONSTANT || v->storage == AR_NO_VALUE)
        return;
    const ar_value *owner = &g->values[ar_graph_storage(g, value)];
    if (owner->role != AR_VALUE_CONSTANT)
        return;
    v->role = AR_VALUE_CONSTANT;
    v->data = owner->data;
    v->storage = AR_NO_VALUE;
}

/* Runs those steps from first on whose inputs are constants on the reference device, and takes them out. */
static arete_status fold(ar_lowering *l, const ar_node *node, int first) {
    ar_graph *g = l->graph;
    arete_status status = ARETE_OK;
    int kept = first, before = g->step_count;
    for (int s = first; s < g->step_count && status == ARETE_OK; s++) {
        if (!step_constant(g, &g->steps[s])) {
            g->steps[kept++] = g->steps[s];
            continue;
        }
        bool left;
        status = ar_fold_step(l, &g->steps[s], &left);
        ar_step_release(&g->steps[s]);
        if (status == ARETE_OK && left)
            g->steps[kept++] = g->steps[s];
    }
    if (status != ARETE_OK)
        return status;
    g->step_count = kept;
    for (int s = first; s < kept; s++) /* views of what has become constant are constant, too */
        for (uint32_t i = 0; i < g->steps[s].slots; i++)
            if (!(g->steps[s].outputs >> i & 1))
                settle(g, g->steps[s].value[i]);
    l->folded += before > first && kept == first;
    for (uint32_t i = 0; i < node->out_count; i++)
        settle(g, node->out[i]);
    return ARETE_OK;
}

/* Only once a node is done can others, and its own subgraphs, see its outputs. */
static arete_status publish(const ar_lowering *l, const ar_node *node, ar_scope *scope) {
    arete_status status = ARETE_OK;
    for (uint32_t i = 0; i < node->out_count && status == ARETE_OK; i++)
        if (node->out[i] != AR_NO_VALUE && *node->proto->output[i])
            status = ar_scope_put(scope, l->graph->values[node->out[i]].name, node->out[i]);
    return status == ARETE_OK ? status : ar_fail_within(status, "node '%s' (%s)", node->name, node->op);
}

/* Others look at their inputs' types and shapes, which a sequence has not. */
static bool takes_sequences(const ar_lower_op *entry) {
    for (const ar_lower_op *own = ar_lower_sequences; own->op; own++)
        if (own == entry)
            return true;
    return strcmp(entry->op, "If") == 0 || strcmp(entry->op, "Loop") == 0;
}

static arete_status lower_node(ar_lowering *l, const Onnx__NodeProto *proto, ar_scope *scope) {
    ar_node node;
    bool unknown = false;
    arete_status status = bind(l, proto, scope, &node, &unknown);
    const ar_lower_op *entry = find(node.op);
    int first = l->graph->step_count, first_value = l->graph->value_count - (int)node.out_count;
    l->nodes++;
    if (status == ARETE_OK && unknown)
        return publish(l, &node, scope); /* its inputs' maker is in the list */
    bool ours = !proto->domain || !*proto->domain || strcmp(proto->domain, "ai.onnx") == 0 ||
                strcmp(proto->domain, "com.microsoft") == 0;
    if (status == ARETE_OK && (!entry || !ours))
        status = ar_fail(ARETE_E_UNSUPPORTED, "no such operator here%s%s", ours ? "" : " from the domain ",
                         ours ? "" : proto->domain);
    for (uint32_t i = 0; i < node.in_count && status == ARETE_OK; i++)
        if (node.in[i] != AR_NO_VALUE && l->graph->values[node.in[i]].items && !takes_sequences(entry))
            status = ar_fail(ARETE_E_UNSUPPORTED, "input %u is a sequence", i);
    if (status == ARETE_OK)
        status = entry->lower(l, &node);
    for (int v = first_value < 0 ? 0 : first_value; v < l->graph->value_count && status == ARETE_OK; v++)
        status = ar_graph_check_size(&l->graph->values[v].t);
    if (status == ARETE_OK && l->graph->step_count > first)
        status = fold(l, &node, first);
    if (status == ARETE_E_UNSUPPORTED) {
        miss(l, &node, arete_error_text());
        for (int s = first; s < l->graph->step_count; s++)
            ar_step_release(&l->graph->steps[s]);
        l->graph->step_count = first;
        for (uint32_t i = 0; i < node.out_count; i++)
            if (node.out[i] != AR_NO_VALUE)
                l->graph->values[node.out[i]].t.dtype = ARETE_DTYPE_NONE;
        return publish(l, &node, scope);
    }
    return status == ARETE_OK ? publish(l, &node, scope) : ar_fail_within(status, "node '%s' (%s)", node.name, node.op);
}

arete_status ar_lower_nodes(ar_lowering *l, const Onnx__GraphProto *graph, ar_scope *scope) {
    arete_status status = ARETE_OK;
    if (graph->n_node > MOST_NODES || l->nodes > MOST_NODES)
        return ar_fail(ARETE_E_UNSUPPORTED, "the graph has more than %d nodes", MOST_NODES);
    for (size_t i = 0; i < graph->n_node && status == ARETE_OK; i++)
        status = lower_node(l, graph->node[i], scope);
    return status;
}

arete_status ar_lower_initializers(ar_lowering *l, const Onnx__GraphProto *graph, ar_scope *scope) {
    arete_status status = ARETE_OK;
    if (graph->n_sparse_initializer)
        return ar_fail(ARETE_E_UNSUPPORTED, "the model has sparse initializers");
    for (size_t i = 0; i < graph->n_initializer && status == ARETE_OK; i++) {
        int value = AR_NO_VALUE;
        const char *name = graph->initializer[i]->name;
        if (!name || !*name)
            return ar_fail(ARETE_E_FORMAT, "initializer %zu has no name", i);
        status = ar_lower_tensor(l, graph->initializer[i], &value);
        if (status == ARETE_OK)
            status = ar_scope_put(scope, l->graph->values[value].name, value);
    }
    return status;
}

arete_status ar_lower_model(ar_lowering *l) {
    const Onnx__GraphProto *graph = l->model->graph;
    ar_scope scope = {0};
    int64_t opset = opset_of(l->model, "");
    arete_status status = ARETE_OK;
    if (opset < OLDEST_OPSET)
        status = ar_fail(ARETE_E_UNSUPPORTED, "the model is of opset %lld; %d and newer are supported",
                         (long long)opset, OLDEST_OPSET);
    if (status == ARETE_OK)
        status = ar_lower_initializers(l, graph, &scope);
    if (status == ARETE_OK)
        status = ar_lower_inputs(l, graph, &scope);
    if (status == ARETE_OK) {
        status = ar_lower_nodes(l, graph, &scope);
        if (status == ARETE_E_SHAPE)
            status = ar_lower_assumed(l->graph, status);
    }
    if (status == ARETE_OK)
        status = ar_lower_outputs(l, graph, &scope);
    if (status == ARETE_OK && l->missing_count)
        status = ar_fail(ARETE_E_UNSUPPORTED, "%zu of %zu nodes cannot run here:\n%s", l->missing_count, l->nodes,
                         l->missing);
    else if (status == ARETE_OK && (size_t)l->graph->output_count != graph->n_output)
        status = ar_fail(ARETE_E_FORMAT, "an output of the model has no type");
    ar_scope_free(&scope);
    return status;
}
