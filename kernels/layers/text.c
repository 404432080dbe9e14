/* The text form: "op=softmax in=8x128:f16 axis=1". Tensors are dims with x between, ":type" unless f32, "@strides" unless
 * tight; "s" has rank 0, "-" is absent; several with commas. Outputs stand there only where they do not follow. A chain
 * is its steps: "add(0,1);activation.relu(16)", with ":mode" and "~alpha~beta" where they are not 0. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "words.h"

#include "problem.h"

#define INT(word, field) {word, AR_WORD_INT, offsetof(layer_attributes, field), NULL, 0, 0, false}
#define INTS(word, field, most, count) \
    {word, AR_WORD_INTS, offsetof(layer_attributes, field), NULL, most, offsetof(layer_attributes, count), false}
#define FLOAT(word, field) {word, AR_WORD_FLOAT, offsetof(layer_attributes, field), NULL, 0, 0, false}
#define FLAG(word, field) {word, AR_WORD_FLAG, offsetof(layer_attributes, field), NULL, 0, 0, false}

static const char *const modes[] = {"0", "1", "2", "3", "4", "5", NULL};
#define MODE(word, field) {word, AR_WORD_NAME, offsetof(layer_attributes, field), modes, 0, 0, false}

static const ar_word words[] = {
    INT("axis", axis),
    INTS("axes", axes, ARETE_MAX_RANK, axis_count),
    MODE("mode", mode),
    FLOAT("alpha", alpha),
    FLOAT("beta", beta),
    FLOAT("bias", bias),
    FLOAT("epsilon", epsilon),
    INTS("kernel", kernel, 3, kernel_count),
    INTS("strides", strides, 3, stride_count),
    INTS("dilations", dilations, 3, dilation_count),
    INTS("pads", pads, 2 * ARETE_MAX_RANK, pad_count),
    FLAG("ceil", ceil_mode),
    FLAG("countpad", count_include_pad),
    INTS("starts", starts, ARETE_MAX_RANK, start_count),
    INTS("ends", ends, ARETE_MAX_RANK, end_count),
    INTS("steps", steps, ARETE_MAX_RANK, step_count),
    INT("p", p),
    INT("groups", groups),
    INT("window", window),
    INT("blocksize", blocksize),
    INT("batchdims", batch_dims),
    INT("batchaxis", batch_axis),
    INTS("offset", offset, 1, offset_count),
    MODE("coordinates", coordinates),
    MODE("nearest", nearest),
    FLAG("excludeoutside", exclude_outside),
    FLAG("selectlast", select_last),
    FLAG("smallest", smallest),
    FLAG("exclusive", exclusive),
    FLAG("reverse", reverse),
    {NULL, AR_WORD_INT, 0, NULL, 0, 0, false},
};

static bool tight(const layer_tensor *t) {
    int64_t step = 1;
    for (int32_t d = t->rank; d-- > 0;) {
        if (t->dims[d] > 1 && t->strides[d] != step && ar_layer_elements(t) > 0)
            return false;
        step *= t->dims[d];
    }
    return true;
}

static void put_tensors(ar_writer *w, const layer_tensor *t, int count) {
    for (int i = 0; i < count; ++i, ++t) {
        ar_put(w, "%s", i ? "," : "");
        if (t->dtype == ARETE_DTYPE_NONE) {
            ar_put(w, "-");
            continue;
        }
        for (int32_t d = 0; d < t->rank; ++d)
            ar_put(w, "%s%lld", d ? "x" : "", (long long)t->dims[d]);
        ar_put(w, "%s", t->rank ? "" : "s");
        if (t->dtype != ARETE_F32)
            ar_put(w, ":%s", arete_dtype_name((arete_dtype)t->dtype));
        for (int32_t d = 0; d < t->rank && !tight(t); ++d)
            ar_put(w, "%c%lld", d ? 'x' : '@', (long long)t->strides[d]);
    }
}

static void put_chain(ar_writer *w, const layer_problem *p) {
    for (uint8_t i = 0; i < p->chain_count; ++i) {
        const layer_step *s = &p->chain[i];
        ar_put(w, "%s%s", i ? ";" : " chain=", arete_layer_op_name((arete_layer_op)s->op));
        if (s->op == ARETE_LAYER_ACTIVATION)
            ar_put(w, ".%s", arete_activation_name((arete_activation)s->activation));
        if (s->mode)
            ar_put(w, ":%d", (int)s->mode);
        for (uint8_t k = 0; k < s->arity; ++k)
            ar_put(w, "%c%d", k ? ',' : '(', (int)s->from[k]);
        ar_put(w, ")");
        if (s->alpha != 0 || s->beta != 0) {
            ar_put(w, "~");
            ar_put_real(w, (double)s->alpha, true);
            ar_put(w, "~");
            ar_put_real(w, (double)s->beta, true);
        }
    }
}

static void put_floats(ar_writer *w, const char *word, const float *values, int count) {
    bool any = false;
    for (int i = 0; i < count; ++i)
        any = any || values[i] != 0;
    for (int i = 0; any && i < count; ++i) {
        if (i)
            ar_put(w, "x");
        else
            ar_put(w, " %s=", word);
        ar_put_real(w, (double)values[i], true);
    }
}

/* Whether the outputs are what arete_layer_infer() makes of the rest. */
static bool outputs_follow(const layer_problem *p) {
    arete_layer_desc desc;
    arete_layer_step chain[ARETE_LAYER_STEPS];
    arete_tensor tensors[LAYER_TENSORS], out[LAYER_TENSORS];
    if (p->out_count > 1)
        return false;
    ar_layer_problem_describe(p, &desc, chain, tensors);
    memset(out, 0, sizeof out);
    if (arete_layer_infer(&desc, tensors, p->in_count, out, p->out_count) != ARETE_OK)
        return false;
    const layer_tensor *y = ar_layer_out(p, 0);
    bool same = (int32_t)out[0].dtype == y->dtype && (int32_t)out[0].rank == y->rank && tight(y);
    for (int32_t d = 0; same && d < y->rank; ++d)
        same = out[0].dims[d] == y->dims[d];
    return same;
}

void ar_layer_format(const void *problem, char *text, size_t bytes) {
    const layer_problem *p = problem;
    ar_writer w = {text, bytes};
    ar_put(&w, "op=%s", arete_layer_op_name((arete_layer_op)p->a.op));
    if (p->a.op == ARETE_LAYER_ACTIVATION)
        ar_put(&w, " act=%s", arete_activation_name((arete_activation)p->a.activation));
    if (p->in_count)
        ar_put(&w, " in=");
    put_tensors(&w, p->t, p->in_count);
    if (!outputs_follow(p)) {
        ar_put(&w, " out=");
        put_tensors(&w, ar_layer_out(p, 0), p->out_count);
    }
    if (p->a.op == ARETE_LAYER_FUSED)
        put_chain(&w, p);
    layer_attributes none;
    memset(&none, 0, sizeof none);
    char rest[AR_KEY_BYTES] = "";
    ar_words_write(words, &p->a, &none, rest, sizeof rest);
    ar_put(&w, "%s%s", rest[0] ? " " : "", rest);
    put_floats(&w, "scales", p->a.scales, p->t[0].rank);
    put_floats(&w, "roi", p->a.roi, 2 * p->t[0].rank);
}

typedef struct reading {
    layer_problem raw;
    char rest[1024]; /* words for the table */
    size_t rest_at;
    bool has_op, has_in, has_out;
} reading;

static arete_status wrong(const char *word, const char *value, const char *why) {
    return ar_fail(ARETE_E_FORMAT, "'%s=%s': %s", word, value, why);
}

static arete_status read_tensor(const char *word, const char *value, layer_tensor *t) {
    char text[160], *type = NULL, *strides = NULL;
    if (strcmp(value, "-") == 0)
        return ARETE_OK;
    snprintf(text, sizeof text, "%s", value);
    strides = strchr(text, '@');
    if (strides)
        *strides++ = '\0';
    type = strchr(text, ':');
    if (type)
        *type++ = '\0';
    t->dtype = type ? (int32_t)arete_dtype_parse(type) : (int32_t)ARETE_F32;
    if (t->dtype == ARETE_DTYPE_NONE)
        return wrong(word, value, "behind the colon stands a data type: f32, f16, bf16, f64, i8, u8, i32, i64, bool");
    if (strcmp(text, "s") == 0)
        return ARETE_OK;
    size_t count = 0, stride_count = 0;
    arete_status status = ar_read_integers(word, text, t->dims, ARETE_MAX_RANK, &count);
    if (status == ARETE_OK && strides)
        status = ar_read_integers(word, strides, t->strides, ARETE_MAX_RANK, &stride_count);
    if (status == ARETE_OK && strides && stride_count != count)
        return wrong(word, value, "as many strides as dims are needed");
    t->rank = (int32_t)count;
    return status;
}

static arete_status read_tensors(const char *word, const char *value, layer_tensor *into, uint8_t *count) {
    *count = 0;
    for (const char *at = value; at;) {
        size_t length = strcspn(at, ",");
        char one[160];
        if (length >= sizeof one || *count == ARETE_LAYER_INPUTS)
            return wrong(word, value, "at most 15 tensors");
        snprintf(one, sizeof one, "%.*s", (int)length, at);
        arete_status status = read_tensor(word, one, &into[(*count)++]);
        if (status != ARETE_OK)
            return status;
        at = at[length] ? at + length + 1 : NULL;
    }
    return ARETE_OK;
}

static arete_status read_floats(const char *word, const char *value, float *into, int most) {
    const char *at = value;
    for (int i = 0; i < most; ++i) {
        char *end;
        into[i] = strtof(at, &end);
        if (end == at)
            break;
        if (!*end)
            return ARETE_OK;
        if (*end != 'x')
            break;
        at = end + 1;
    }
    return wrong(word, value, "numbers with x between, one for each dimension");
}

static int activation_named(const char *name) {
    for (int i = 0; i <= ARETE_ACT_CLIP; ++i)
        if (strcmp(arete_activation_name((arete_activation)i), name) == 0)
            return i;
    return -1;
}

/* "activation.elu:1(0,16)~1~0" */
static bool read_step(const char *text, layer_step *s) {
    char name[64];
    size_t length = strcspn(text, ".:(");
    if (length >= sizeof name)
        return false;
    snprintf(name, sizeof name, "%.*s", (int)length, text);
    s->op = (uint8_t)arete_layer_op_parse(name);
    const char *at = text + length;
    if (*at == '.') {
        length = strcspn(++at, ":(");
        snprintf(name, sizeof name, "%.*s", (int)(length < 60 ? length : 60), at);
        int act = activation_named(name);
        if (act < 0)
            return false;
        s->activation = (uint8_t)act;
        at += length;
    }
    char *end;
    if (*at == ':') {
        s->mode = (uint8_t)strtoul(at + 1, &end, 10);
        at = end;
    }
    if (*at != '(')
        return false;
    do {
        if (s->arity == 3)
            return false;
        s->from[s->arity++] = (uint8_t)strtoul(at + 1, &end, 10);
        at = end;
    } while (*at == ',');
    if (*at++ != ')')
        return false;
    if (*at == '~') {
        s->alpha = strtof(at + 1, &end);
        at = end;
    }
    if (*at == '~') {
        s->beta = strtof(at + 1, &end);
        at = end;
    }
    return *at == '\0' && s->op != ARETE_LAYER_NONE;
}

static arete_status read_chain(const char *value, layer_problem *raw) {
    for (const char *at = value; at;) {
        size_t length = strcspn(at, ";");
        char one[128];
        if (raw->chain_count == ARETE_LAYER_STEPS || length >= sizeof one)
            return wrong("chain", value, "at most 16 steps");
        snprintf(one, sizeof one, "%.*s", (int)length, at);
        if (!read_step(one, &raw->chain[raw->chain_count++]))
            return wrong("chain", one, "a step is op(from,...), such as add(0,1) or activation.relu(16)");
        at = at[length] ? at + length + 1 : NULL;
    }
    return ARETE_OK;
}

static arete_status read_word(void *of, const char *word, const char *value) {
    reading *r = of;
    layer_problem *raw = &r->raw;
    if (strcmp(word, "op") == 0) {
        raw->a.op = (uint8_t)arete_layer_op_parse(value);
        r->has_op = true;
        return raw->a.op ? ARETE_OK : wrong(word, value, "no operation has that name; arete/layers.h lists them");
    }
    if (strcmp(word, "act") == 0) {
        int act = activation_named(value);
        raw->a.activation = (uint8_t)(act < 0 ? 0 : act);
        return act < 0 ? wrong(word, value, "no activation has that name") : ARETE_OK;
    }
    if (strcmp(word, "in") == 0) {
        r->has_in = true;
        return read_tensors(word, value, raw->t, &raw->in_count);
    }
    if (strcmp(word, "chain") == 0)
        return read_chain(value, raw);
    if (strcmp(word, "scales") == 0)
        return read_floats(word, value, raw->a.scales, ARETE_MAX_RANK);
    if (strcmp(word, "roi") == 0)
        return read_floats(word, value, raw->a.roi, 2 * ARETE_MAX_RANK);
    if (strcmp(word, "out") == 0) {
        r->has_out = true;
        return ARETE_OK; /* read when it is known how many inputs there are */
    }
    int put = snprintf(r->rest + r->rest_at, sizeof r->rest - r->rest_at, "%s%s=%s", r->rest_at ? " " : "", word, value);
    r->rest_at += put > 0 ? (size_t)put : 0;
    return r->rest_at < sizeof r->rest ? ARETE_OK : wrong(word, value, "the case is too long");
}

static arete_status read_out(void *of, const char *word, const char *value) {
    reading *r = of;
    return strcmp(word, "out") == 0 ? read_tensors(word, value, &r->raw.t[r->raw.in_count], &r->raw.out_count)
                                    : ARETE_OK;
}

arete_status ar_layer_parse(const char *text, void *into) {
    reading r;
    memset(&r, 0, sizeof r);
    arete_status status = ar_words_each("layer", text, read_word, &r);
    if (status == ARETE_OK && !r.has_op)
        status = ar_fail(ARETE_E_FORMAT, "layer: a case needs op=, such as \"op=softmax in=8x128 axis=1\"");
    if (status == ARETE_OK)
        status = ar_words_read("layer", words, r.rest, &r.raw.a);
    if (status == ARETE_OK && r.has_out)
        status = ar_words_each("layer", text, read_out, &r);
    if (status != ARETE_OK)
        return status;
    arete_layer_desc desc;
    arete_layer_step chain[ARETE_LAYER_STEPS];
    arete_tensor tensors[LAYER_TENSORS];
    if (!r.has_out)
        r.raw.out_count = 1;
    if (r.raw.in_count + r.raw.out_count > LAYER_TENSORS)
        return ar_fail(ARETE_E_FORMAT, "layer: at most %d tensors", LAYER_TENSORS);
    ar_layer_problem_describe(&r.raw, &desc, chain, tensors);
    if (!r.has_out)
        status = arete_layer_infer(&desc, tensors, r.raw.in_count, &tensors[r.raw.in_count], 1);
    const arete_layer_args args = {.in = tensors,
                                   .in_count = r.raw.in_count,
                                   .out = &tensors[r.raw.in_count],
                                   .out_count = r.raw.out_count};
    return status == ARETE_OK ? ar_layer_problem_make(&desc, &args, into) : status;
}
