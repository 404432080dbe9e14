/* Operations as cases of the families that can run them, and back. */
#include <stdlib.h>
#include <string.h>

#include "arete/activation.h"
#include "cases.h"
#include "op.h"
#include "words.h"

static bool family_is_here(const char *name) {
    for (const ar_casework *const *w = ar_families; *w; w++)
        if (strcmp((*w)->family->name, name) == 0)
            return true;
    return false;
}

static void put_types(ar_writer *w, const ar_op *op, const char *weights_word) {
    if (op->dtype != ARETE_F32)
        ar_put(w, " dtype=%s", arete_dtype_name((arete_dtype)op->dtype));
    if (op->weights_dtype)
        ar_put(w, " %s=%s", weights_word, arete_dtype_name((arete_dtype)op->weights_dtype));
}

static void put_matmul(ar_writer *w, const ar_op *op) {
    int64_t m = op->m, batch = op->batch;
    if (op->fixed && !op->ta) { /* the same weights for all: one tall product */
        m *= batch;
        batch = 1;
    }
    ar_put(w, "matmul m=%lld n=%lld k=%lld", (long long)m, (long long)op->n, (long long)op->k);
    ar_put(w, "%s%s%s%s", op->ta ? " ta=1" : "", op->tb ? " tb=1" : "", op->fixed ? " prepack=1" : "",
           op->bias ? " bias=col" : "");
    put_types(w, op, "b");
    if (op->act)
        ar_put(w, " act=%s", arete_activation_name((arete_activation)op->act));
    if (batch > 1)
        ar_put(w, " batch=%lld%s", (long long)batch, op->fixed ? " sb=0" : "");
}

static void put_pair(ar_writer *w, const char *word, const int64_t values[2], int64_t usual) {
    if (values[0] != usual || values[1] != usual)
        ar_put(w, " %s=%lldx%lld", word, (long long)values[0], (long long)values[1]);
}

static void put_conv(ar_writer *w, const ar_op *op) {
    ar_put(w, "conv n=%lld c=%lld m=%lld in=%lldx%lld k=%lldx%lld", (long long)op->n, (long long)op->c,
           (long long)op->m, (long long)op->in[0], (long long)op->in[1], (long long)op->kernel[0],
           (long long)op->kernel[1]);
    put_pair(w, "stride", op->stride, 1);
    put_pair(w, "pad", op->pad, 0);
    put_pair(w, "dil", op->dilation, 1);
    if (op->groups > 1)
        ar_put(w, " groups=%lld", (long long)op->groups);
    put_types(w, op, "w");
    if (op->bias)
        ar_put(w, " bias=f32");
    if (op->residual)
        ar_put(w, " res=%s", arete_dtype_name((arete_dtype)op->dtype));
    if (op->act)
        ar_put(w, " act=%s", arete_activation_name((arete_activation)op->act));
    ar_put(w, " prepack=1");
}

static const char *const cells[] = {"rnn", "lstm", "gru"}; /* AR_CELL_... */

static void put_rnn(ar_writer *w, const ar_op *op) {
    ar_put(w, "rnn cell=%s hidden=%lld batch=%lld steps=%lld", cells[op->cell], (long long)op->hidden,
           (long long)op->batch, (long long)op->steps);
    if (op->input != op->hidden)
        ar_put(w, " input=%lld", (long long)op->input);
    if (op->bidirectional)
        ar_put(w, " dir=both");
    put_types(w, op, "w");
    ar_put(w, " bias=1 prepack=1");
}

static void put_attention(ar_writer *w, const ar_op *op) {
    ar_put(w, "attention b=%lld hq=%lld", (long long)op->batch, (long long)op->heads);
    if (op->kv_heads != op->heads)
        ar_put(w, " hkv=%lld", (long long)op->kv_heads);
    ar_put(w, " sq=%lld", (long long)op->q);
    if (op->kv != op->q)
        ar_put(w, " skv=%lld", (long long)op->kv);
    ar_put(w, " d=%lld", (long long)op->dim);
    put_types(w, op, "kv");
    if (op->causal)
        ar_put(w, " causal=1");
    if (op->causal && op->kv != op->q) /* the last query sees every key */
        ar_put(w, " shift=%lld", (long long)(op->kv - op->q));
}

bool ar_op_case(const ar_op *op, char *text, size_t bytes) {
    static void (*const put[AR_OP_KINDS])(ar_writer *, const ar_op *) = {put_matmul, put_conv, put_rnn,
                                                                         put_attention};
    ar_writer w = {text, bytes};
    if (!put[op->kind] || !family_is_here(ar_op_kind_name(op->kind)))
        return false;
    put[op->kind](&w, op);
    return true;
}

/* ---- back ---- */

static bool is_one_of(const char *text, const char *word, const char *value) {
    char got[32];
    return ar_case_word(text, word, got, sizeof got) && strcmp(got, value) == 0;
}

/* "4x8" as a product. */
static int64_t product_of(const char *text, const char *word) {
    char value[64];
    int64_t product = 1;
    if (ar_case_word(text, word, value, sizeof value))
        for (char *at = value; *at; at += strspn(at, "x"))
            product *= strtoll(at, &at, 10);
    return product;
}

/* One number for both axes, or one for each. False: three. */
static bool extents_of(const char *text, const char *word, int64_t otherwise, int64_t into[2]) {
    char value[64], *end;
    into[0] = into[1] = otherwise;
    if (!ar_case_word(text, word, value, sizeof value))
        return true;
    int64_t first = strtoll(value, &end, 10);
    if (*end != 'x') {
        into[0] = into[1] = first;
        return !*end;
    }
    into[0] = first;
    into[1] = strtoll(end + 1, &end, 10);
    return !*end;
}

static bool matmul_of(const char *text, ar_op *op) {
    op->m = ar_case_number(text, "m", 0);
    op->n = ar_case_number(text, "n", 0);
    op->k = ar_case_number(text, "k", 0);
    op->ta = ar_case_number(text, "ta", 0) != 0;
    op->tb = ar_case_number(text, "tb", 0) != 0;
    op->fixed = ar_case_number(text, "prepack", 0) != 0;
    op->batch = product_of(text, "batch");
    return op->m > 0 && op->n > 0 && op->k > 0 && op->batch > 0;
}

static bool conv_of(const char *text, ar_op *op) {
    op->n = ar_case_number(text, "n", 0);
    op->c = ar_case_number(text, "c", 0);
    op->m = ar_case_number(text, "m", 0);
    op->groups = ar_case_number(text, "groups", 1);
    bool known = extents_of(text, "in", 1, op->in) && extents_of(text, "k", 1, op->kernel) &&
                 extents_of(text, "stride", 1, op->stride) && extents_of(text, "pad", 0, op->pad) &&
                 extents_of(text, "dil", 1, op->dilation);
    char in[64];
    if (known && ar_case_word(text, "in", in, sizeof in) &&
        !strchr(in, 'x')) { /* of one dimension: a height of 1 */
        op->in[0] = op->kernel[0] = op->stride[0] = op->dilation[0] = 1;
        op->pad[0] = 0;
    }
    return known && ar_case_number(text, "trans", 0) == 0 && op->n > 0 && op->c > 0 && op->m > 0 &&
           op->groups > 0 && ar_op_conv_out(op, 0) > 0 && ar_op_conv_out(op, 1) > 0;
}

static bool rnn_of(const char *text, ar_op *op) {
    op->hidden = ar_case_number(text, "hidden", 0);
    op->input = ar_case_number(text, "input", op->hidden);
    op->batch = ar_case_number(text, "batch", 0);
    op->steps = ar_case_number(text, "steps", 0);
    op->bidirectional = is_one_of(text, "dir", "both");
    for (uint8_t i = 0; i < 3; i++)
        if (is_one_of(text, "cell", cells[i]))
            op->cell = i;
    return op->hidden > 0 && op->batch > 0 && op->steps > 0 && ar_case_number(text, "layers", 1) == 1 &&
           ar_case_number(text, "proj", 0) == 0;
}

static bool attention_of(const char *text, ar_op *op) {
    op->batch = ar_case_number(text, "b", 0);
    op->heads = ar_case_number(text, "hq", 0);
    op->kv_heads = ar_case_number(text, "hkv", op->heads);
    op->q = ar_case_number(text, "sq", 0);
    op->kv = ar_case_number(text, "skv", op->q);
    op->dim = ar_case_number(text, "d", 0);
    op->causal = ar_case_number(text, "causal", 0) != 0 && op->q <= op->kv;
    return op->batch > 0 && op->heads > 0 && op->kv_heads > 0 && op->q > 0 && op->kv > 0 && op->dim > 0;
}

bool ar_op_of_case(const char *family, const char *text, ar_op *into) {
    static bool (*const of[AR_OP_KINDS])(const char *, ar_op *) = {matmul_of, conv_of, rnn_of, attention_of};
    static const char *const weights_words[] = {"b", "w", "w", "kv"};
    char dtype[16] = "f32", weights[16];
    int kind = 0;
    while (kind < AR_OP_LAYER && strcmp(family, ar_op_kind_name((ar_op_kind)kind)) != 0)
        kind++;
    if (kind == AR_OP_LAYER)
        return false;
    *into = (ar_op){.kind = (ar_op_kind)kind};
    ar_case_word(text, "dtype", dtype, sizeof dtype);
    into->dtype = (uint8_t)arete_dtype_parse(dtype);
    if (ar_case_word(text, weights_words[kind], weights, sizeof weights) && strcmp(weights, dtype) != 0)
        into->weights_dtype = (uint8_t)arete_dtype_parse(weights);
    return into->dtype != ARETE_DTYPE_NONE && of[kind](text, into);
}

uint8_t ar_op_layer_class(const char *text) {
    static const struct {
        const char *start; /* of the name */
        uint8_t of;
    } classes[] = {{"softmax", AR_LAYER_SOFTMAX},
                   {"log_softmax", AR_LAYER_SOFTMAX},
                   {"layer_norm", AR_LAYER_NORM},
                   {"rms_norm", AR_LAYER_NORM},
                   {"instance_norm", AR_LAYER_NORM},
                   {"group_norm", AR_LAYER_NORM},
                   {"lp_norm", AR_LAYER_NORM},
                   {"max_pool", AR_LAYER_WINDOW},
                   {"average_pool", AR_LAYER_WINDOW},
                   {"lp_pool", AR_LAYER_WINDOW},
                   {"lrn", AR_LAYER_WINDOW},
                   {"reduce_", AR_LAYER_REDUCE},
                   {"transpose", AR_LAYER_MOVE},
                   {"concat", AR_LAYER_MOVE},
                   {"split", AR_LAYER_MOVE},
                   {"slice", AR_LAYER_MOVE},
                   {"pad", AR_LAYER_MOVE},
                   {"tile", AR_LAYER_MOVE},
                   {"identity", AR_LAYER_MOVE},
                   {"gather", AR_LAYER_MOVE},
                   {"depth_to_space", AR_LAYER_MOVE},
                   {"space_to_depth", AR_LAYER_MOVE},
                   {"resize", AR_LAYER_MOVE}};
    char name[32];
    if (!ar_case_word(text, "op", name, sizeof name))
        return AR_LAYER_ANY;
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (strncmp(name, classes[i].start, strlen(classes[i].start)) == 0)
            return classes[i].of;
    return AR_LAYER_MAP;
}
