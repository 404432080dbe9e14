#include "model_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arete/memory.h"

enum { MOST_WORDS = 64, MOST_GRAPHS = 64, LINE_BYTES = 8192 };

static _Noreturn void wrong(const char *what, const char *text) {
    fprintf(stderr, "model text: %s: '%s'\n", what, text);
    abort();
}

static void *need(size_t bytes) {
    void *memory = calloc(1, bytes ? bytes : 1);
    if (!memory)
        wrong("no memory", "");
    return memory;
}

static char *copy(const char *text, size_t length) {
    char *made = need(length + 1);
    memcpy(made, text, length);
    return made;
}

/* One more element of an array of pointers or numbers. */
static void *grow(void *array, size_t count, size_t element) {
    void *grown = realloc(array, (count + 1) * element);
    if (!grown)
        wrong("no memory", "");
    return grown;
}

#define PUSH(array, count, value)                                                                                  \
    do {                                                                                                           \
        (array) = grow((array), (count), sizeof *(array));                                                         \
        (array)[(count)++] = (value);                                                                              \
    } while (0)

static int onnx_type(const char *name) {
    static const struct {
        const char *name;
        int type;
    } types[] = {{"f32", 1}, {"u8", 2},   {"i8", 3},   {"u16", 4},  {"i16", 5},  {"i32", 6},   {"i64", 7},
                 {"str", 8}, {"bool", 9}, {"f16", 10}, {"f64", 11}, {"u32", 12}, {"bf16", 16}, {"c64", 14}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(types[i].name, name) == 0)
            return types[i].type;
    wrong("a type", name);
}

static size_t type_bytes(int type) {
    return type == 7 || type == 11 || type == 14                ? 8
           : type == 1 || type == 6 || type == 12               ? 4
           : type == 10 || type == 16 || type == 4 || type == 5 ? 2
                                                                : 1;
}

static void put(uint8_t *at, int type, const char *text, char **end) {
    double value = strtod(text, end);
    float f32 = (float)value;
    int64_t i64 = type == 7 ? strtoll(text, NULL, 10) : (int64_t)value;
    uint16_t half = type == 10 ? arete_f16_from_f32(f32) : type == 16 ? arete_bf16_from_f32(f32) : (uint16_t)i64;
    const void *from = type == 1               ? (const void *)&f32
                       : type == 11            ? (const void *)&value
                       : type_bytes(type) == 2 ? (const void *)&half
                                               : (const void *)&i64;
    memcpy(at, from, type_bytes(type));
}

/* "2x3" into dims; "-" none. */
static void read_dims(const char *text, Onnx__TensorProto *t) {
    while (*text && *text != '-') {
        char *end;
        long long dim = strtoll(text, &end, 10);
        if (end == text)
            wrong("dims", text);
        PUSH(t->dims, t->n_dims, dim);
        text = *end == 'x' ? end + 1 : end;
    }
    if (*text == '-' && text[1]) { /* a negative dimension, for hostile models */
        PUSH(t->dims, t->n_dims, strtoll(text, NULL, 10));
    }
}

static Onnx__TensorProto *tensor(const char *name, const char *type, const char *dims, const char *values) {
    Onnx__TensorProto *t = need(sizeof *t);
    onnx__tensor_proto__init(t);
    t->name = copy(name, strlen(name));
    t->has_data_type = 1;
    t->data_type = onnx_type(type);
    read_dims(dims, t);
    if (!values)
        return t;
    size_t count = 1, size = type_bytes(t->data_type);
    for (size_t d = 0; d < t->n_dims; d++)
        count *= (size_t)t->dims[d];
    t->has_raw_data = 1;
    t->raw_data.len = count * size;
    t->raw_data.data = need(count * size);
    const char *at = values;
    for (size_t i = 0; i < count; i++) {
        char *end;
        put(t->raw_data.data + i * size, t->data_type, at, &end);
        at = *end == ',' ? end + 1 : values;
    }
    return t;
}

static void external_entry(Onnx__TensorProto *t, const char *word) {
    const char *equals = strchr(word, '=');
    if (!equals)
        wrong("key=value", word);
    Onnx__StringStringEntryProto *e = need(sizeof *e);
    onnx__string_string_entry_proto__init(e);
    e->key = copy(word, (size_t)(equals - word));
    e->value = copy(equals + 1, strlen(equals + 1));
    PUSH(t->external_data, t->n_external_data, e);
}

static Onnx__ValueInfoProto *port(const char *name, const char *type, const char *dims) {
    Onnx__ValueInfoProto *v = need(sizeof *v);
    onnx__value_info_proto__init(v);
    v->name = copy(name, strlen(name));
    if (!type)
        return v;
    v->type = need(sizeof *v->type);
    onnx__type_proto__init(v->type);
    v->type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    v->type->tensor_type = need(sizeof *v->type->tensor_type);
    onnx__type_proto__tensor__init(v->type->tensor_type);
    v->type->tensor_type->has_elem_type = 1;
    v->type->tensor_type->elem_type = onnx_type(type);
    if (!dims || strcmp(dims, "?") == 0)
        return v;
    Onnx__TensorShapeProto *shape = v->type->tensor_type->shape = need(sizeof *shape);
    onnx__tensor_shape_proto__init(shape);
    for (const char *at = dims; *at && strcmp(dims, "-") != 0;) {
        size_t length = strcspn(at, "x");
        Onnx__TensorShapeProto__Dimension *d = need(sizeof *d);
        onnx__tensor_shape_proto__dimension__init(d);
        char *text = copy(at, length), *end;
        long long number = strtoll(text, &end, 10);
        if (*end) {
            d->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
            d->dim_param = text;
        } else {
            d->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
            d->dim_value = number;
            free(text);
        }
        PUSH(shape->dim, shape->n_dim, d);
        at += length + (at[length] == 'x');
    }
    return v;
}

typedef struct texts {
    char line[LINE_BYTES];
    char *words[MOST_WORDS];
    size_t count;
    Onnx__GraphProto *named[MOST_GRAPHS]; /* subgraphs that no attribute took yet */
    size_t named_count;
} texts;

static Onnx__GraphProto *take_named(texts *t, const char *name) {
    for (size_t i = 0; i < t->named_count; i++)
        if (strcmp(t->named[i]->name, name) == 0) {
            Onnx__GraphProto *found = t->named[i];
            t->named[i] = t->named[--t->named_count];
            return found;
        }
    wrong("no such graph", name);
}

static void read_list(Onnx__AttributeProto *a, const char *text) {
    bool floats = strpbrk(text, ".e") != NULL;
    a->type = floats ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS : ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS;
    while (*text && *text != ']') {
        char *end;
        double value = strtod(text, &end);
        if (end == text)
            wrong("a list", text);
        if (floats)
            PUSH(a->floats, a->n_floats, (float)value);
        else
            PUSH(a->ints, a->n_ints, strtoll(text, NULL, 10));
        text = *end == ',' ? end + 1 : end;
    }
}

static void read_tensor_attribute(Onnx__AttributeProto *a, char *text) {
    char *dims = strchr(text, ':'), *values = dims ? strchr(dims + 1, ':') : NULL;
    if (!values)
        wrong("type:dims:values", text);
    *dims = *values = '\0';
    a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR;
    a->t = tensor("", text, dims + 1, values + 1);
}

static void attribute(texts *t, Onnx__NodeProto *node, char *word) {
    char *equals = strchr(word, '='), *value = equals + 1;
    *equals = '\0';
    if (strcmp(word, "name") == 0) {
        node->name = copy(value, strlen(value));
        return;
    }
    if (strcmp(word, "domain") == 0) {
        node->domain = copy(value, strlen(value));
        return;
    }
    Onnx__AttributeProto *a = need(sizeof *a);
    onnx__attribute_proto__init(a);
    a->name = copy(word, strlen(word));
    a->has_type = 1;
    if (*value == '[') {
        read_list(a, value + 1);
    } else if (*value == '"') {
        a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING;
        a->has_s = 1;
        a->s.len = strcspn(value + 1, "\"");
        a->s.data = (uint8_t *)copy(value + 1, a->s.len);
    } else if (*value == '@') {
        a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPH;
        a->g = take_named(t, value + 1);
    } else if (strchr(value, ':')) {
        read_tensor_attribute(a, value);
    } else if (strpbrk(value, ".e")) {
        a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT;
        a->has_f = 1;
        a->f = strtof(value, NULL);
    } else {
        a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
        a->has_i = 1;
        a->i = strtoll(value, NULL, 10);
    }
    PUSH(node->attribute, node->n_attribute, a);
}

/* "a,,b" into a list of names; "-" is an empty one. */
static void names(char ***list, size_t *count, const char *text) {
    if (strcmp(text, "-") == 0)
        return;
    for (;; text++) {
        size_t length = strcspn(text, ",");
        PUSH(*list, *count, copy(text, length));
        text += length;
        if (!*text)
            return;
    }
}

static Onnx__NodeProto *read_node(texts *t) {
    Onnx__NodeProto *n = need(sizeof *n);
    if (t->count < 3)
        wrong("a node needs inputs and outputs", t->words[0]);
    onnx__node_proto__init(n);
    n->op_type = copy(t->words[0], strlen(t->words[0]));
    names(&n->input, &n->n_input, t->words[1]);
    names(&n->output, &n->n_output, t->words[2]);
    for (size_t i = 3; i < t->count; i++)
        attribute(t, n, t->words[i]);
    return n;
}

/* Splits the next line into words; false at the end. */
static bool next_line(texts *t, const char **at) {
    t->count = 0;
    while (**at && t->count == 0) {
        size_t length = strcspn(*at, ";\n");
        if (length >= sizeof t->line)
            wrong("a line too long", *at);
        memcpy(t->line, *at, length);
        t->line[length] = '\0';
        *at += length + ((*at)[length] != '\0');
        for (char *word = strtok(t->line, " "); word; word = strtok(NULL, " ")) {
            if (t->count == MOST_WORDS)
                wrong("too many words", t->words[0]);
            t->words[t->count++] = word;
        }
    }
    return t->count > 0;
}

static Onnx__GraphProto *read_graph(texts *t, const char **at, const char *name, int64_t *opset) {
    Onnx__GraphProto *g = need(sizeof *g);
    onnx__graph_proto__init(g);
    g->name = copy(name, strlen(name));
    while (next_line(t, at)) {
        const char *what = t->words[0], *third = t->count > 2 ? t->words[2] : NULL;
        if (strcmp(what, "end") == 0)
            break;
        if (strcmp(what, "opset") == 0) {
            *opset = strtoll(t->words[1], NULL, 10);
        } else if (strcmp(what, "input") == 0) {
            PUSH(g->input, g->n_input, port(t->words[1], third, t->count > 3 ? t->words[3] : NULL));
        } else if (strcmp(what, "output") == 0) {
            PUSH(g->output, g->n_output, port(t->words[1], third, t->count > 3 ? t->words[3] : NULL));
        } else if (strcmp(what, "init") == 0) {
            PUSH(g->initializer, g->n_initializer,
                 tensor(t->words[1], third, t->words[3], t->count > 4 ? t->words[4] : NULL));
        } else if (strcmp(what, "external") == 0) {
            Onnx__TensorProto *w = tensor(t->words[1], third, t->words[3], NULL);
            w->has_data_location = 1;
            w->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
            for (size_t i = 4; i < t->count; i++)
                external_entry(w, t->words[i]);
            PUSH(g->initializer, g->n_initializer, w);
        } else if (strcmp(what, "graph") == 0) {
            char inner[64];
            snprintf(inner, sizeof inner, "%s", t->words[1]);
            Onnx__GraphProto *sub = read_graph(t, at, inner, opset);
            if (t->named_count == MOST_GRAPHS)
                wrong("too many graphs", inner);
            t->named[t->named_count++] = sub;
        } else {
            PUSH(g->node, g->n_node, read_node(t));
        }
    }
    return g;
}

Onnx__ModelProto *model_from_text(const char *text) {
    texts *t = need(sizeof *t);
    int64_t opset = 17;
    Onnx__ModelProto *m = need(sizeof *m);
    onnx__model_proto__init(m);
    m->has_ir_version = 1;
    m->ir_version = 8;
    m->graph = read_graph(t, &text, "g", &opset);
    Onnx__OperatorSetIdProto *set = need(sizeof *set);
    onnx__operator_set_id_proto__init(set);
    set->has_version = 1;
    set->version = opset;
    PUSH(m->opset_import, m->n_opset_import, set);
    free(t);
    return m;
}

uint8_t *model_pack(const Onnx__ModelProto *model, size_t *bytes) {
    uint8_t *data = need(onnx__model_proto__get_packed_size(model));
    *bytes = onnx__model_proto__pack(model, data);
    return data;
}

uint8_t *model_bytes_from_text(const char *text, size_t *bytes) {
    Onnx__ModelProto *m = model_from_text(text);
    uint8_t *data = model_pack(m, bytes);
    onnx__model_proto__free_unpacked(m, NULL);
    return data;
}
