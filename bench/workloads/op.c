#include "op.h"

#include <stddef.h>
#include <string.h>

#include "arete/activation.h"
#include "words.h"

static const char *const kinds[] = {"matmul", "conv", "rnn", "attention", "layer"};
static const char *const cells[] = {"rnn", "lstm", "gru", NULL};
static const char *const activations[] = {"none",     "relu",      "leaky_relu", "sigmoid", "tanh",
                                          "gelu_erf", "gelu_tanh", "silu",       NULL};

/* What the table reads into: spatial words may have one number for both axes. */
typedef struct draft {
    ar_op op;
    uint8_t in_count, kernel_count, stride_count, pad_count, dilation_count;
} draft;

#define AT(field) offsetof(draft, op.field)
#define SPATIAL(name, required)                                                                                    \
    { #name, AR_WORD_INTS, AT(name), NULL, 2, offsetof(draft, name##_count), required }
#define INTEGER(word, field, required)                                                                             \
    { word, AR_WORD_INT, AT(field), NULL, 0, 0, required }
#define FLAG(word, field)                                                                                          \
    { word, AR_WORD_FLAG, AT(field), NULL, 0, 0, false }
#define TYPES                                                                                                      \
    {"dtype", AR_WORD_TYPE, AT(dtype), NULL, 0, 0, false},                                                         \
        {"weights", AR_WORD_TYPE, AT(weights_dtype), NULL, 0, 0, false},
#define END                                                                                                        \
    { NULL, AR_WORD_INT, 0, NULL, 0, 0, false }

static const ar_word matmul_words[] = {INTEGER("m", m, true),
                                       INTEGER("n", n, true),
                                       INTEGER("k", k, true),
                                       INTEGER("batch", batch, false),
                                       FLAG("ta", ta),
                                       FLAG("tb", tb),
                                       FLAG("fixed", fixed),
                                       FLAG("bias", bias),
                                       {"act", AR_WORD_NAME, AT(act), activations, 0, 0, false},
                                       TYPES END};

static const ar_word conv_words[] = {INTEGER("n", n, true),
                                     INTEGER("c", c, true),
                                     INTEGER("m", m, true),
                                     SPATIAL(in, true),
                                     SPATIAL(kernel, true),
                                     SPATIAL(stride, false),
                                     SPATIAL(pad, false),
                                     SPATIAL(dilation, false),
                                     INTEGER("groups", groups, false),
                                     FLAG("bias", bias),
                                     FLAG("residual", residual),
                                     {"act", AR_WORD_NAME, AT(act), activations, 0, 0, false},
                                     TYPES END};

static const ar_word rnn_words[] = {{"cell", AR_WORD_NAME, AT(cell), cells, 0, 0, true},
                                    INTEGER("input", input, true),
                                    INTEGER("hidden", hidden, true),
                                    INTEGER("batch", batch, true),
                                    INTEGER("steps", steps, true),
                                    FLAG("bidirectional", bidirectional),
                                    TYPES END};

static const ar_word attention_words[] = {INTEGER("batch", batch, true),
                                          INTEGER("heads", heads, true),
                                          INTEGER("kv_heads", kv_heads, false),
                                          INTEGER("q", q, true),
                                          INTEGER("kv", kv, true),
                                          INTEGER("dim", dim, true),
                                          FLAG("causal", causal),
                                          TYPES END};

static const char *const layers[] = {"any", "map", "norm", "softmax", "window", "reduce", "move", NULL};

static const ar_word layer_words[] = {INTEGER("reads", reads, true),
                                      INTEGER("writes", writes, true),
                                      INTEGER("params", params, false),
                                      {"ops", AR_WORD_REAL, AT(ops), NULL, 0, 0, false},
                                      {"class", AR_WORD_NAME, AT(layer), layers, 0, 0, false},
                                      TYPES END};

static const ar_word *const tables[] = {matmul_words, conv_words, rnn_words, attention_words, layer_words};

const char *ar_op_kind_name(ar_op_kind kind) {
    return (unsigned)kind < AR_OP_KINDS ? kinds[kind] : "?";
}

static draft defaults_of(ar_op_kind kind, arete_dtype dtype) {
    draft d = {.op = {.kind = kind, .dtype = (uint8_t)dtype}};
    if (kind == AR_OP_MATMUL)
        d.op.batch = 1;
    if (kind == AR_OP_LAYER)
        d.op.ops = 1;
    if (kind == AR_OP_CONV) {
        d.op.groups = 1;
        for (int i = 0; i < 2; i++)
            d.op.stride[i] = d.op.dilation[i] = 1;
    }
    return d;
}

/* One number stands for both axes. */
static void spread(int64_t values[2], uint8_t count) {
    if (count == 1)
        values[1] = values[0];
}

static arete_status check_sizes(const ar_op *op) {
    const struct {
        const char *word;
        int64_t value;
        unsigned kinds; /* those that need it to be at least 1 */
    } sizes[] = {{"m", op->m, 1u << AR_OP_MATMUL | 1u << AR_OP_CONV},
                 {"n", op->n, 1u << AR_OP_MATMUL | 1u << AR_OP_CONV},
                 {"k", op->k, 1u << AR_OP_MATMUL},
                 {"c", op->c, 1u << AR_OP_CONV},
                 {"groups", op->groups, 1u << AR_OP_CONV},
                 {"batch", op->batch, 1u << AR_OP_MATMUL | 1u << AR_OP_RNN | 1u << AR_OP_ATTENTION},
                 {"hidden", op->hidden, 1u << AR_OP_RNN},
                 {"steps", op->steps, 1u << AR_OP_RNN},
                 {"heads", op->heads, 1u << AR_OP_ATTENTION},
                 {"q", op->q, 1u << AR_OP_ATTENTION},
                 {"kv", op->kv, 1u << AR_OP_ATTENTION},
                 {"dim", op->dim, 1u << AR_OP_ATTENTION}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if ((sizes[i].kinds >> op->kind & 1) && (sizes[i].value < 1 || sizes[i].value > INT32_MAX))
            return ar_fail(ARETE_E_FORMAT, "'%s=%lld': the value must be 1 to %d", sizes[i].word,
                           (long long)sizes[i].value, INT32_MAX);
    return ARETE_OK;
}

static arete_status check(const ar_op *op) {
    arete_status status = check_sizes(op);
    if (status != ARETE_OK)
        return status;
    if (op->kind == AR_OP_CONV) {
        if (op->c % op->groups || op->m % op->groups)
            return ar_fail(ARETE_E_FORMAT, "'groups=%lld' must divide c = %lld and m = %lld", (long long)op->groups,
                           (long long)op->c, (long long)op->m);
        for (int i = 0; i < 2; i++)
            if (op->kernel[i] < 1 || op->stride[i] < 1 || op->dilation[i] < 1 || op->pad[i] < 0 ||
                ar_op_conv_out(op, i) < 1)
                return ar_fail(ARETE_E_FORMAT,
                               "'in', 'kernel', 'stride', 'pad' and 'dilation' leave no output along %s",
                               i ? "the width" : "the height");
    }
    if (op->kind == AR_OP_ATTENTION && (op->kv_heads < 1 || op->heads % op->kv_heads))
        return ar_fail(ARETE_E_FORMAT, "'kv_heads=%lld' must divide heads = %lld", (long long)op->kv_heads,
                       (long long)op->heads);
    if (op->kind == AR_OP_ATTENTION && op->causal && op->q > op->kv)
        return ar_fail(ARETE_E_FORMAT, "'causal=1' needs q = %lld to be at most kv = %lld", (long long)op->q,
                       (long long)op->kv);
    return ARETE_OK;
}

arete_status ar_op_parse(const char *text, arete_dtype dtype, ar_op *into) {
    size_t length = strcspn(text, " \t"), kind = 0;
    while (kind < AR_OP_KINDS && !(strlen(kinds[kind]) == length && strncmp(kinds[kind], text, length) == 0))
        kind++;
    if (kind == AR_OP_KINDS)
        return ar_fail(ARETE_E_FORMAT, "'%.*s' is no operation; there are matmul, conv, rnn, attention, layer",
                       (int)length, text);
    draft d = defaults_of((ar_op_kind)kind, dtype);
    arete_status status = ar_words_read(kinds[kind], tables[kind], text + length, &d);
    if (status != ARETE_OK)
        return status;
    spread(d.op.in, d.in_count);
    spread(d.op.kernel, d.kernel_count);
    spread(d.op.stride, d.stride_count);
    spread(d.op.pad, d.pad_count);
    spread(d.op.dilation, d.dilation_count);
    if (d.op.kind == AR_OP_ATTENTION && d.op.kv_heads == 0)
        d.op.kv_heads = d.op.heads;
    if (d.op.weights_dtype == d.op.dtype)
        d.op.weights_dtype = ARETE_DTYPE_NONE;
    status = check(&d.op);
    if (status == ARETE_OK)
        *into = d.op;
    return status;
}

void ar_op_format(const ar_op *op, char *text, size_t bytes) {
    draft now = {*op, 2, 2, 2, 2, 2}, defaults = defaults_of(op->kind, ARETE_F32);
    ar_writer w = {text, bytes};
    if (op->kind == AR_OP_ATTENTION)
        defaults.op.kv_heads = op->heads;
    if (op->kind == AR_OP_CONV)
        defaults.stride_count = defaults.pad_count = defaults.dilation_count = 2;
    ar_put(&w, "%s ", kinds[op->kind]);
    ar_words_write(tables[op->kind], &now, &defaults, w.at, w.room);
}

int64_t ar_op_conv_out(const ar_op *op, int axis) {
    int64_t room = op->in[axis] + 2 * op->pad[axis] - op->dilation[axis] * (op->kernel[axis] - 1) - 1;
    return room < 0 ? 0 : room / op->stride[axis] + 1;
}

/* Input positions along an axis that some output looks at. */
static int64_t touched(const ar_op *op, int axis) {
    int64_t out = ar_op_conv_out(op, axis), count = 0;
    for (int64_t u = 0; u < op->in[axis]; u++)
        for (int64_t r = 0; r < op->kernel[axis]; r++) {
            int64_t from = u + op->pad[axis] - r * op->dilation[axis];
            if (from >= 0 && from % op->stride[axis] == 0 && from / op->stride[axis] < out) {
                count++;
                break;
            }
        }
    return count;
}

double ar_op_attention_pairs(const ar_op *op) {
    double q = (double)op->q, kv = (double)op->kv;
    return op->causal ? q * (kv - q) + q * (q + 1) / 2 : q * kv;
}

static void count_matmul(const ar_op *op, double size, double wsize, ar_op_cost *c) {
    double m = (double)op->m, n = (double)op->n, k = (double)op->k, batch = (double)op->batch;
    c->flops = 2 * batch * m * n * k;
    c->output_bytes = batch * m * n * size;
    if (op->fixed) { /* the same weights for the whole batch */
        c->weights = k * n + (op->bias ? n : 0);
        c->weight_bytes = k * n * wsize + (op->bias ? n * size : 0);
        c->bytes = batch * m * k * size + c->weight_bytes + c->output_bytes;
    } else {
        c->bytes = batch * (m * k + k * n) * size + c->output_bytes + (op->bias ? n * size : 0);
    }
}

static void count_conv(const ar_op *op, double size, double wsize, ar_op_cost *c) {
    double images = (double)op->n, taps = (double)(op->kernel[0] * op->kernel[1]);
    double positions = (double)ar_op_conv_out(op, 0) * (double)ar_op_conv_out(op, 1);
    double out = images * (double)op->m * positions, group_c = (double)(op->c / op->groups);
    c->flops = 2 * out * group_c * taps;
    c->weights = (double)op->m * (group_c * taps + (op->bias ? 1 : 0));
    c->weight_bytes = (double)op->m * (group_c * taps * wsize + (op->bias ? size : 0));
    c->output_bytes = out * size;
    c->bytes = images * (double)op->c * (double)touched(op, 0) * (double)touched(op, 1) * size + c->weight_bytes +
               (op->residual ? 2 : 1) * c->output_bytes;
}

/* Weights [gates*hidden, input] and [gates*hidden, hidden] and two biases; the state is read before the first step
 * and written after the last. */
static void count_rnn(const ar_op *op, double size, double wsize, ar_op_cost *c) {
    static const double gates_of[] = {1, 4, 3};
    double gates = gates_of[op->cell], input = (double)op->input, hidden = (double)op->hidden;
    double batch = (double)op->batch, steps = (double)op->steps, ways = op->bidirectional ? 2 : 1;
    double states = op->cell == AR_CELL_LSTM ? 2 : 1;
    c->flops = ways * 2 * gates * hidden * (input + hidden) * batch * steps;
    c->weights = ways * gates * hidden * (input + hidden + 2);
    c->weight_bytes = ways * gates * hidden * ((input + hidden) * wsize + 2 * size);
    c->output_bytes = ways * steps * batch * hidden * size;
    c->bytes = steps * batch * (input > 0 ? input : gates * hidden * ways) * size + c->weight_bytes +
               c->output_bytes + ways * 2 * states * batch * hidden * size;
    c->passes = steps;
}

static void count_attention(const ar_op *op, double size, ar_op_cost *c) {
    double batch = (double)op->batch, heads = (double)op->heads, dim = (double)op->dim;
    c->flops = 4 * batch * heads * ar_op_attention_pairs(op) * dim;
    c->output_bytes = batch * heads * (double)op->q * dim * size;
    c->bytes = 2 * c->output_bytes + 2 * batch * (double)op->kv_heads * (double)op->kv * dim * size;
}

void ar_op_count(const ar_op *op, ar_op_cost *cost) {
    double size = (double)arete_dtype_size((arete_dtype)op->dtype);
    double wsize = op->weights_dtype ? (double)arete_dtype_size((arete_dtype)op->weights_dtype) : size;
    *cost = (ar_op_cost){.passes = 1};
    switch (op->kind) {
    case AR_OP_MATMUL:
        count_matmul(op, size, wsize, cost);
        break;
    case AR_OP_CONV:
        count_conv(op, size, wsize, cost);
        break;
    case AR_OP_RNN:
        count_rnn(op, size, wsize, cost);
        break;
    case AR_OP_ATTENTION:
        count_attention(op, size, cost);
        break;
    default:
        cost->flops = op->ops * (double)op->writes;
        cost->weights = (double)op->params;
        cost->weight_bytes = (double)op->params * wsize;
        cost->output_bytes = (double)op->writes * size;
        cost->bytes = (double)op->reads * size + cost->output_bytes;
        break;
    }
}
