#include "onnx_wire.h"

#include <string.h>

#include "error.h"

enum { MOST_DEPTH = 100 };

typedef struct wire {
    const uint8_t *at, *end;
} wire;

static bool read_varint(wire *w, uint64_t *value) {
    *value = 0;
    for (int shift = 0; shift < 64 && w->at < w->end; shift += 7) {
        uint8_t byte = *w->at++;
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

/* A field of a message as it stands on the wire. */
typedef struct wire_field {
    const uint8_t *start;
    uint32_t number;
    wire inner;                                /* the bytes of one with a length */
    const ProtobufCMessageDescriptor *message; /* of what they are; NULL: of no message */
    bool raw_data;                             /* they are a tensor's */
} wire_field;

/* The next field of a message of that kind; false when the wire is broken. */
static bool next_field(wire *w, const ProtobufCMessageDescriptor *of, wire_field *f) {
    uint64_t tag, length;
    *f = (wire_field){.start = w->at};
    if (!read_varint(w, &tag))
        return false;
    f->number = (uint32_t)(tag >> 3);
    switch (tag & 7) {
    case 0:
        return read_varint(w, &length);
    case 1:
        length = 8;
        break;
    case 2:
        if (!read_varint(w, &length))
            return false;
        break;
    case 5:
        length = 4;
        break;
    default:
        return false;
    }
    if (length > (uint64_t)(w->end - w->at))
        return false;
    f->inner = (wire){w->at, w->at + length};
    w->at += length;
    const ProtobufCFieldDescriptor *known =
        (tag & 7) == 2 ? protobuf_c_message_descriptor_get_field(of, f->number) : NULL;
    f->message = known && known->type == PROTOBUF_C_TYPE_MESSAGE ? known->descriptor : NULL;
    f->raw_data = known && of == &onnx__tensor_proto__descriptor && strcmp(known->name, "raw_data") == 0;
    return true;
}

/* What the message takes without the bytes of its tensors. */
typedef struct extent {
    size_t bytes, tensors;
} extent;

enum { HEADER_BYTES = 10, INDEX_BYTES = 8 }; /* of a field written anew: its number and a length of five bytes */

static const char *look(wire w, const ProtobufCMessageDescriptor *of, int depth, extent *slim) {
    if (depth > MOST_DEPTH)
        return "its messages lie too deep within each other";
    while (w.at < w.end) {
        wire_field f;
        if (!next_field(&w, of, &f))
            return "it is cut off or no protobuf";
        if (f.raw_data) {
            slim->bytes += HEADER_BYTES + INDEX_BYTES;
            slim->tensors++;
        } else if (f.message) {
            slim->bytes += HEADER_BYTES;
            const char *wrong = look(f.inner, f.message, depth + 1, slim);
            if (wrong)
                return wrong;
        } else {
            slim->bytes += (size_t)(w.at - f.start);
        }
    }
    return NULL;
}

/* The message with an index in place of the bytes of each tensor, so that unpacking copies none of them. */
typedef struct slimming {
    uint8_t *at;
    ProtobufCBinaryData *raw; /* by index: the bytes where the file has them */
    size_t count;
} slimming;

static void write_header(slimming *s, uint32_t number, uint64_t length) {
    for (uint64_t tag = (uint64_t)number << 3 | 2;; tag >>= 7) {
        *s->at++ = (uint8_t)((tag & 0x7f) | (tag > 0x7f ? 0x80 : 0));
        if (tag <= 0x7f)
            break;
    }
    for (int i = 0; i < 5; i++, length >>= 7) /* always five, as it may be known only afterwards */
        *s->at++ = (uint8_t)((length & 0x7f) | (i < 4 ? 0x80 : 0));
}

static void slim_down(slimming *s, wire w, const ProtobufCMessageDescriptor *of) {
    while (w.at < w.end) {
        wire_field f;
        if (!next_field(&w, of, &f))
            return; /* look() has been here */
        if (f.raw_data) {
            const uint64_t index = s->count;
            write_header(s, f.number, INDEX_BYTES);
            memcpy(s->at, &index, INDEX_BYTES);
            s->at += INDEX_BYTES;
            s->raw[s->count++] =
                (ProtobufCBinaryData){(size_t)(f.inner.end - f.inner.at), (uint8_t *)(uintptr_t)f.inner.at};
        } else if (f.message) {
            slimming header = *s;
            write_header(s, f.number, 0);
            const uint8_t *content = s->at;
            slim_down(s, f.inner, f.message);
            write_header(&header, f.number, (uint64_t)(s->at - content));
        } else {
            memcpy(s->at, f.start, (size_t)(w.at - f.start));
            s->at += w.at - f.start;
        }
    }
}

static bool restore(const slimming *s, ProtobufCMessage *message);

/* The messages of one field: an array, one, or one of several that share a place. */
static bool restore_field(const slimming *s, const ProtobufCMessage *message,
                          const ProtobufCFieldDescriptor *field) {
    const char *own = (const char *)message;
    const void *counter = own + field->quantifier_offset, *place = own + field->offset;
    bool well = true;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        ProtobufCMessage *const *all = *(ProtobufCMessage *const *const *)place;
        size_t count = *(const size_t *)counter;
        for (size_t i = 0; i < count && well; i++)
            well = restore(s, all[i]);
    } else if (!(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) || *(const uint32_t *)counter == field->id) {
        ProtobufCMessage *one = *(ProtobufCMessage *const *)place;
        well = !one || restore(s, one);
    }
    return well;
}

/* Tensors' bytes in place of the indices; false when an index is none that was written. */
static bool restore(const slimming *s, ProtobufCMessage *message) {
    const ProtobufCMessageDescriptor *of = message->descriptor;
    bool well = true;
    if (of == &onnx__tensor_proto__descriptor) {
        Onnx__TensorProto *tensor = (Onnx__TensorProto *)message;
        uint64_t index = s->count;
        if (tensor->has_raw_data && tensor->raw_data.len == INDEX_BYTES)
            memcpy(&index, tensor->raw_data.data, INDEX_BYTES);
        well = !tensor->has_raw_data || index < s->count;
        if (tensor->has_raw_data && well)
            tensor->raw_data = s->raw[index];
    }
    for (unsigned f = 0; f < of->n_fields && well; f++)
        if (of->fields[f].type == PROTOBUF_C_TYPE_MESSAGE)
            well = restore_field(s, message, &of->fields[f]);
    return well;
}

static void *take(void *pool, size_t bytes) {
    return ar_pool_room(pool, bytes);
}

static void keep(void *pool, void *memory) {
    (void)pool;
    (void)memory;
}

arete_status ar_onnx_unpack(const void *data, size_t bytes, ar_pool *pool, Onnx__ModelProto **model) {
    const wire whole = {data, (const uint8_t *)data + bytes};
    extent slim = {0};
    const char *wrong = bytes ? look(whole, &onnx__model_proto__descriptor, 0, &slim) : "it is empty";
    if (wrong)
        return ar_fail(ARETE_E_FORMAT, "not an ONNX model: %s", wrong);
    if (slim.bytes > INT32_MAX)
        return ar_fail(ARETE_E_FORMAT, "the model is over 2 GB without its tensors' raw data");
    uint8_t *content = ar_pool_room(pool, slim.bytes + 1);
    slimming s = {content, ar_pool_room(pool, (slim.tensors + 1) * sizeof *s.raw), 0};
    if (!content || !s.raw)
        return ARETE_E_MEMORY;
    slim_down(&s, whole, &onnx__model_proto__descriptor);
    ProtobufCAllocator allocator = {take, keep, pool};
    Onnx__ModelProto *made = onnx__model_proto__unpack(&allocator, (size_t)(s.at - content), content);
    if (!made || !restore(&s, &made->base))
        return ar_fail(ARETE_E_FORMAT, "not an ONNX model: a field has the wrong type, or there is no memory");
    if (!made->graph)
        return ar_fail(ARETE_E_FORMAT, "not an ONNX model: it has no graph");
    *model = made;
    return ARETE_OK;
}
