#include "mutate.h"

#include <onnx.pb-c.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SLOTS = 4096, MOST_DEPTH = 24 };

/* A field of some message of the model that can be changed. */
typedef struct slot {
    ProtobufCMessage *message;
    const ProtobufCFieldDescriptor *field;
} slot;

typedef struct slots {
    slot all[MOST_SLOTS];
    size_t count;
    char *names[MOST_SLOTS];
    size_t name_count;
    uint64_t state;
} slots;

static uint64_t draw(slots *s, uint64_t below) {
    s->state ^= s->state << 13;
    s->state ^= s->state >> 7;
    s->state ^= s->state << 17;
    return (s->state >> 16) % below;
}

static void *member(const slot *s) {
    return (char *)s->message + s->field->offset;
}

static size_t *quantifier(const slot *s) {
    return (size_t *)(void *)((char *)s->message + s->field->quantifier_offset);
}

static void gather(slots *s, ProtobufCMessage *m, int depth) {
    for (unsigned i = 0; i < m->descriptor->n_fields && depth < MOST_DEPTH; i++) {
        const slot one = {m, &m->descriptor->fields[i]};
        bool repeated = one.field->label == PROTOBUF_C_LABEL_REPEATED, chosen = true;
        if (one.field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
            chosen = *(uint32_t *)(void *)((char *)m + one.field->quantifier_offset) == one.field->id;
        if (!chosen || s->count == MOST_SLOTS)
            continue;
        s->all[s->count++] = one;
        size_t count = repeated ? *quantifier(&one) : 1;
        for (size_t k = 0; k < count; k++) {
            if (one.field->type == PROTOBUF_C_TYPE_MESSAGE) {
                ProtobufCMessage *inner =
                    repeated ? (*(ProtobufCMessage ***)member(&one))[k] : *(ProtobufCMessage **)member(&one);
                if (inner)
                    gather(s, inner, depth + 1);
            } else if (one.field->type == PROTOBUF_C_TYPE_STRING && s->name_count < MOST_SLOTS) {
                char *text = repeated ? (*(char ***)member(&one))[k] : *(char **)member(&one);
                if (text && *text)
                    s->names[s->name_count++] = text;
            }
        }
    }
}

static int64_t number(slots *s) {
    static const int64_t some[] = {0,         1,
                                   2,         3,
                                   4,         5,
                                   7,         8,
                                   10,        13,
                                   16,        64,
                                   255,       -1,
                                   -2,        -3,
                                   1000,      INT32_MAX,
                                   INT32_MIN, INT64_MAX,
                                   INT64_MIN, 65536,
                                   1ll << 31, 1ll << 33,
                                   1ll << 46, INT64_MAX / 4};
    return some[draw(s, sizeof some / sizeof some[0])];
}

static char *text(slots *s) {
    static const char *const some[] = {"",          "x",           "nobody",
                                       "../secret", "/etc/passwd", "Add",
                                       "Conv",      "Loop",        "If",
                                       "Reshape",   "Slice",       "Gather",
                                       "MatMul",    "Gemm",        "Concat",
                                       "Expand",    "Pad",         "LSTM",
                                       "MaxPool",   "Resize",      "Transpose",
                                       "Einsum",    "Scan",        "Tile",
                                       "Split",     "Range",       "ConstantOfShape",
                                       "Softmax",   "ReduceSum",   "axes",
                                       "axis",      "pads",        "strides",
                                       "body",      "perm"};
    const char *from = s->name_count && draw(s, 3) ? s->names[draw(s, s->name_count)]
                                                   : some[draw(s, sizeof some / sizeof some[0])];
    size_t length = strlen(from);
    char *made = malloc(length + 1);
    if (made)
        memcpy(made, from, length + 1);
    return made;
}

static size_t width(ProtobufCType type) {
    switch (type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
    case PROTOBUF_C_TYPE_BYTES:
        return 0;
    default:
        return 4;
    }
}

static void put_number(slots *s, const slot *one, void *at) {
    static const float reals[] = {0, -1, 1e-30f, 1e30f, 0.5f, 3, 1e9f};
    int64_t value = number(s);
    if (one->field->type == PROTOBUF_C_TYPE_FLOAT || one->field->type == PROTOBUF_C_TYPE_DOUBLE) {
        float real = reals[draw(s, sizeof reals / sizeof reals[0])];
        double wide = (double)real;
        memcpy(at, width(one->field->type) == 8 ? (void *)&wide : (void *)&real, width(one->field->type));
        return;
    }
    if (one->field->type == PROTOBUF_C_TYPE_BOOL || one->field->type == PROTOBUF_C_TYPE_ENUM)
        value = (int64_t)draw(s, 20);
    memcpy(at, &value, width(one->field->type));
}

static void change_text(slots *s, char **at) {
    char *made = text(s);
    if (!made)
        return;
    for (size_t i = 0; i < s->name_count; i++)
        if (s->names[i] == *at)
            s->names[i] = s->names[--s->name_count];
    if (*at != &protobuf_c_empty_string[0])
        free(*at);
    *at = made;
}

/* A list of messages, texts or numbers: an element is left out, moved, or changed; numbers may be doubled. */
static void change_list(slots *s, const slot *one) {
    size_t *count = quantifier(one), size = width(one->field->type);
    bool pointers = one->field->type == PROTOBUF_C_TYPE_STRING || one->field->type == PROTOBUF_C_TYPE_MESSAGE;
    if (*count == 0 || one->field->type == PROTOBUF_C_TYPE_BYTES)
        return;
    size_t at = (size_t)draw(s, *count), other = (size_t)draw(s, *count);
    if (pointers) {
        void **list = *(void ***)member(one);
        void *kept = list[at];
        uint64_t how = draw(s, 4);
        if (one->field->type == PROTOBUF_C_TYPE_STRING && how) {
            change_text(s, (char **)&list[at]);
            return;
        }
        if (one->field->type == PROTOBUF_C_TYPE_MESSAGE && how == 0) { /* left out */
            protobuf_c_message_free_unpacked(kept, NULL);
            memmove(list + at, list + at + 1, (*count - at - 1) * sizeof list[0]);
            --*count;
            return;
        }
        list[at] = list[other];
        list[other] = kept;
        return;
    }
    char *list = *(char **)member(one);
    switch (draw(s, 4)) {
    case 0:
        memmove(list + at * size, list + (at + 1) * size, (*count - at - 1) * size);
        --*count;
        return;
    case 1: {
        char *grown = realloc(list, (*count + 1) * size);
        if (!grown)
            return;
        *(char **)member(one) = grown;
        memcpy(grown + *count * size, grown + at * size, size);
        ++*count;
        return;
    }
    default:
        put_number(s, one, list + at * size);
    }
}

static void change(slots *s, const slot *one) {
    const ProtobufCFieldDescriptor *f = one->field;
    if (f->label == PROTOBUF_C_LABEL_REPEATED) {
        change_list(s, one);
        return;
    }
    if (f->type == PROTOBUF_C_TYPE_MESSAGE)
        return;
    if (f->type == PROTOBUF_C_TYPE_STRING) {
        change_text(s, (char **)member(one));
        return;
    }
    if (f->label == PROTOBUF_C_LABEL_OPTIONAL && f->quantifier_offset && !(f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
        *(protobuf_c_boolean *)(void *)((char *)one->message + f->quantifier_offset) = draw(s, 8) != 0;
    if (f->type == PROTOBUF_C_TYPE_BYTES) {
        ProtobufCBinaryData *data = member(one);
        if (data->len && draw(s, 3) == 0)
            data->len--;
        else if (data->len)
            data->data[draw(s, data->len)] = (uint8_t)draw(s, 256);
        return;
    }
    put_number(s, one, member(one));
}

static size_t change_bytes(slots *s, uint8_t *data, size_t bytes) {
    if (bytes == 0)
        return 0;
    if (draw(s, 4) == 0)
        return (size_t)draw(s, bytes);
    data[draw(s, bytes)] = (uint8_t)draw(s, 256);
    return bytes;
}

size_t mutate_model(uint8_t *data, size_t bytes, size_t most, uint64_t seed) {
    slots *s = malloc(sizeof *s);
    if (!s)
        return bytes;
    s->state = (seed + 1) * 0x9E3779B97F4A7C15u | 1;
    size_t times = 1 + (size_t)draw(s, 4);
    Onnx__ModelProto *model = draw(s, 8) ? onnx__model_proto__unpack(NULL, bytes, data) : NULL;
    if (!model) {
        bytes = change_bytes(s, data, bytes);
        free(s);
        return bytes;
    }
    for (size_t i = 0; i < times; i++) {
        s->count = s->name_count = 0;
        gather(s, &model->base, 0);
        for (int tries = 0; tries < 20 && s->count; tries++) {
            const slot *one = &s->all[draw(s, s->count)];
            if (one->field->label == PROTOBUF_C_LABEL_REPEATED && *quantifier(one) == 0)
                continue; /* an empty list stays so */
            change(s, one);
            break;
        }
    }
    size_t size = onnx__model_proto__get_packed_size(model);
    if (size <= most)
        bytes = onnx__model_proto__pack(model, data);
    onnx__model_proto__free_unpacked(model, NULL);
    free(s);
    return bytes;
}
