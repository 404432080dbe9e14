/* Einsum-12: operands are taken two by two; each pair is one product of matrices, after what one of them alone has
 * was summed, and letters were brought into order. */
#include <stdio.h>
#include <string.h>

#include "lower.h"

enum { MOST_OPERANDS = 8 };

/* A value with a letter for each dimension; dimensions of "..." are '0', '1', ... from the last one. */
typedef struct term {
    int value;
    char labels[ARETE_MAX_RANK + 1];
} term;

static int64_t extent(const ar_lowering *l, const term *t, char label) {
    const char *at = strchr(t->labels, label);
    return at ? l->graph->values[t->value].t.dims[at - t->labels] : 1;
}

/* "b...ij" for a value of that rank; *dots: the most dimensions that any "..." stood for. */
static arete_status read_labels(const char *text, size_t length, int64_t rank, int *dots, char *labels) {
    size_t letters = 0, used = 0;
    for (size_t i = 0; i < length; i++)
        letters += text[i] != '.' && text[i] != ' ';
    bool has_dots = memchr(text, '.', length) != NULL;
    int64_t hidden = rank < 0 ? *dots : rank - (int64_t)letters;
    if (hidden < 0 || (hidden > 0 && !has_dots && rank >= 0) || (rank >= 0 && rank > ARETE_MAX_RANK))
        return ar_fail(ARETE_E_SHAPE, "'%.*s' for an operand of %lld dimensions", (int)length, text,
                       (long long)rank);
    *dots = hidden > *dots ? (int)hidden : *dots;
    for (size_t i = 0; i < length; i++) {
        bool letter = (text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z');
        if (text[i] == ' ')
            continue;
        if (!letter && strncmp(text + i, "...", 3) != 0)
            return ar_fail(ARETE_E_FORMAT, "'%.*s' is no list of letters", (int)length, text);
        if (!letter)
            i += 2;
        for (int64_t d = letter ? 1 : hidden; d > 0; d--) {
            if (used == ARETE_MAX_RANK)
                return ar_fail(ARETE_E_UNSUPPORTED, "more than %d letters", ARETE_MAX_RANK);
            labels[used++] = letter ? text[i] : (char)('0' + d - 1);
        }
    }
    labels[used] = '\0';
    return ARETE_OK;
}

/* A letter that stands twice: the diagonal, by adding the strides of both. */
static arete_status diagonal(ar_lowering *l, const ar_node *n, term *t) {
    const arete_tensor from = l->graph->values[t->value].t;
    arete_tensor view = {.dtype = from.dtype};
    int64_t strides[ARETE_MAX_RANK], step = 1;
    char labels[ARETE_MAX_RANK + 1] = "";
    for (uint32_t d = from.rank; d-- > 0; step *= from.dims[d])
        strides[d] = step;
    for (uint32_t d = 0; d < from.rank; d++) {
        const char *seen = strchr(labels, t->labels[d]);
        uint32_t at = seen ? (uint32_t)(seen - labels) : view.rank;
        if (seen && view.dims[at] != from.dims[d])
            return ar_fail(ARETE_E_SHAPE, "'%c' is %lld and %lld", t->labels[d], (long long)view.dims[at],
                           (long long)from.dims[d]);
        labels[at] = t->labels[d];
        view.dims[at] = from.dims[d];
        view.strides[at] += strides[d];
        view.rank += !seen;
    }
    if (view.rank == from.rank)
        return ARETE_OK;
    const arete_layer_desc copy = {.op = ARETE_LAYER_IDENTITY};
    int out = ar_graph_temporary(l->graph, n->name, from.dtype, view.rank, view.dims), first = l->graph->step_count;
    int whole = ar_graph_temporary(l->graph, n->name, from.dtype, view.rank, view.dims);
    if (out == AR_NO_VALUE || whole == AR_NO_VALUE)
        return ARETE_E_MEMORY;
    arete_status status = ar_lower_layer(l, n, &copy, &whole, 1, &out, 1);
    if (status != ARETE_OK)
        return status;
    l->graph->steps[first].value[0] = t->value;
    l->graph->steps[first].view[0] = view;
    t->value = out;
    memcpy(t->labels, labels, sizeof labels);
    return ARETE_OK;
}

/* Sums what stands in none of `kept`. */
static arete_status sum_out(ar_lowering *l, const ar_node *n, term *t, const char *kept) {
    arete_layer_desc sum = {.op = ARETE_LAYER_REDUCE_SUM, .drop_dims = true};
    char left[ARETE_MAX_RANK + 1] = "";
    for (size_t d = 0; t->labels[d]; d++) {
        if (strchr(kept, t->labels[d]))
            left[strlen(left)] = t->labels[d];
        else
            sum.axes[sum.axis_count++] = (int64_t)d;
    }
    if (sum.axis_count == 0)
        return ARETE_OK;
    int out = ar_graph_value(l->graph, n->name);
    arete_status status = out == AR_NO_VALUE ? ARETE_E_MEMORY : ar_lower_layer(l, n, &sum, &t->value, 1, &out, 1);
    t->value = out;
    memcpy(t->labels, left, sizeof left);
    return status;
}

/* Brings the dimensions into that order. */
static arete_status order(ar_lowering *l, const ar_node *n, term *t, const char *labels) {
    arete_layer_desc turn = {.op = ARETE_LAYER_TRANSPOSE};
    if (strcmp(t->labels, labels) == 0)
        return ARETE_OK;
    for (const char *c = labels; *c; c++) {
        const char *at = strchr(t->labels, *c);
        if (!at)
            return ar_fail(ARETE_E_FORMAT, "'%c' of the output stands in no operand", *c);
        turn.axes[turn.axis_count++] = at - t->labels;
    }
    int out = ar_graph_value(l->graph, n->name);
    arete_status status = out == AR_NO_VALUE ? ARETE_E_MEMORY : ar_lower_layer(l, n, &turn, &t->value, 1, &out, 1);
    t->value = out;
    memcpy(t->labels, labels, strlen(labels) + 1);
    return status;
}

/* Seen as a batch of matrices. */
static arete_status matrices(ar_lowering *l, const ar_node *n, const term *t, int64_t batch, int64_t rows,
                             int64_t cols, int *value) {
    *value = ar_graph_value(l->graph, n->name);
    return *value == AR_NO_VALUE ? ARETE_E_MEMORY
           : batch == 1          ? ar_lower_alias(l, t->value, *value, 2, (const int64_t[]){rows, cols})
                                 : ar_lower_alias(l, t->value, *value, 3, (const int64_t[]){batch, rows, cols});
}

static void add_label(char *labels, char label) {
    size_t length = strlen(labels);
    labels[length] = label;
    labels[length + 1] = '\0';
}

/* x and y into x; kept: what others, or the output, still need. */
static arete_status contract(ar_lowering *l, const ar_node *n, term *x, term *y, const char *kept) {
    char shared[32] = "", inner[32] = "", left[32] = "", right[32] = "", text[64], needed[160];
    int64_t batch = 1, k = 1, rows = 1, cols = 1;
    snprintf(needed, sizeof needed, "%s%s", kept, y->labels);
    arete_status status = sum_out(l, n, x, needed);
    snprintf(needed, sizeof needed, "%s%s", kept, x->labels);
    if (status == ARETE_OK)
        status = sum_out(l, n, y, needed);
    for (const char *c = x->labels; *c && status == ARETE_OK; c++) {
        int64_t size = extent(l, x, *c);
        bool both = strchr(y->labels, *c) != NULL;
        if (both && extent(l, y, *c) != size)
            status = ar_fail(ARETE_E_UNSUPPORTED, "'%c' is %lld and %lld", *c, (long long)size,
                             (long long)extent(l, y, *c));
        add_label(!both ? left : strchr(kept, *c) ? shared : inner, *c);
        *(!both ? &rows : strchr(kept, *c) ? &batch : &k) *= size;
    }
    for (const char *c = y->labels; *c; c++)
        if (!strchr(x->labels, *c)) {
            add_label(right, *c);
            cols *= extent(l, y, *c);
        }
    if (strlen(shared) + strlen(left) + strlen(right) > ARETE_MAX_RANK)
        status = ar_fail(ARETE_E_UNSUPPORTED, "more than %d letters", ARETE_MAX_RANK);
    snprintf(text, sizeof text, "%s%s%s", shared, left, inner);
    if (status == ARETE_OK)
        status = order(l, n, x, text);
    snprintf(text, sizeof text, "%s%s%s", shared, inner, right);
    if (status == ARETE_OK)
        status = order(l, n, y, text);
    int a = AR_NO_VALUE, b = AR_NO_VALUE, c = ar_graph_value(l->graph, n->name),
        out = ar_graph_value(l->graph, n->name);
    int64_t dims[ARETE_MAX_RANK];
    snprintf(text, sizeof text, "%s%s%s", shared, left, right);
    for (size_t d = 0; text[d] && status == ARETE_OK; d++)
        dims[d] = extent(l, strchr(x->labels, text[d]) ? x : y, text[d]);
    if (status == ARETE_OK)
        status = matrices(l, n, x, batch, rows, k, &a);
    if (status == ARETE_OK)
        status = matrices(l, n, y, batch, k, cols, &b);
    if (status == ARETE_OK)
        status = c == AR_NO_VALUE || out == AR_NO_VALUE ? ARETE_E_MEMORY : ar_lower_product(l, n, a, b, c);
    if (status == ARETE_OK)
        status = ar_lower_alias(l, c, out, (uint32_t)strlen(text), dims);
    x->value = out;
    snprintf(x->labels, sizeof x->labels, "%.8s", text);
    return status;
}

/* The letters that stand once in all, in their order: the output when the equation has none. */
static void implied(const term *terms, uint32_t count, int dots, char *out) {
    out[0] = '\0';
    for (int d = dots; d > 0 && strlen(out) < ARETE_MAX_RANK; d--)
        add_label(out, (char)('0' + d - 1));
    for (int c = 'A'; c <= 'z'; c++) {
        int times = 0;
        for (uint32_t i = 0; i < count; i++)
            for (const char *at = terms[i].labels; *at; at++)
                times += *at == c;
        if (times == 1 && strlen(out) < ARETE_MAX_RANK)
            add_label(out, (char)c);
    }
}

static arete_status lower_einsum(ar_lowering *l, const ar_node *n) {
    term terms[MOST_OPERANDS] = {{0}};
    char equation[256], output[ARETE_MAX_RANK + 1] = "";
    const char *at = ar_onnx_string(n->proto, "equation", "", equation, sizeof equation), *arrow = strstr(at, "->");
    int dots = 0;
    arete_status status = ARETE_OK;
    if (n->in_count == 0 || n->in_count > MOST_OPERANDS)
        return ar_fail(ARETE_E_UNSUPPORTED, "%u operands; 1 to %d are supported", n->in_count, MOST_OPERANDS);
    for (uint32_t i = 0; i < n->in_count && status == ARETE_OK; i++) {
        size_t length = strcspn(at, ",-");
        const arete_tensor *x;
        terms[i].value = n->in[i];
        status = ar_node_input(l, n, i, "an operand", &x);
        if (status == ARETE_OK)
            status = read_labels(at, length, x->rank, &dots, terms[i].labels);
        if (status == ARETE_OK && (i + 1 < n->in_count) != (at[length] == ','))
            status = ar_fail(ARETE_E_FORMAT, "'%s' for %u operands", equation, n->in_count);
        if (status == ARETE_OK)
            status = diagonal(l, n, &terms[i]);
        at += length + (at[length] == ',');
    }
    if (status == ARETE_OK && arrow)
        status = read_labels(arrow + 2, strlen(arrow + 2), -1, &dots, output);
    else
        implied(terms, n->in_count, dots, output);
    for (uint32_t i = 1; i < n->in_count && status == ARETE_OK; i++) {
        char kept[(MOST_OPERANDS + 1) * (ARETE_MAX_RANK + 1)];
        snprintf(kept, sizeof kept, "%s", output);
        for (uint32_t k = i + 1; k < n->in_count; k++)
            strcat(kept, terms[k].labels);
        status = contract(l, n, &terms[0], &terms[i], kept);
    }
    if (status == ARETE_OK)
        status = sum_out(l, n, &terms[0], output);
    if (status == ARETE_OK)
        status = order(l, n, &terms[0], output);
    if (status != ARETE_OK)
        return status;
    const arete_tensor t = l->graph->values[terms[0].value].t;
    return ar_lower_alias(l, terms[0].value, n->out[0], t.rank, t.dims);
}

const ar_lower_op ar_lower_einsums[] = {{"Einsum", lower_einsum}, {NULL, NULL}};
