#include "onnx_wire.h"

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

/* The next field: its number, and for those with a length their bytes; false when the wire is broken. */
static bool next_field(wire *w, uint32_t *number, bool *has_bytes, wire *inner) {
    uint64_t tag, length;
    if (!read_varint(w, &tag))
        return false;
    *number = (uint32_t)(tag >> 3);
    *has_bytes = (tag & 7) == 2;
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
    *inner = (wire){w->at, w->at + length};
    w->at += length;
    return true;
}

static const char *look(wire w, const ProtobufCMessageDescriptor *of, int depth) {
    if (depth > MOST_DEPTH)
        return "its messages lie too deep within each other";
    while (w.at < w.end) {
        uint32_t number;
        bool has_bytes;
        wire inner;
        if (!next_field(&w, &number, &has_bytes, &inner))
            return "it is cut off or no protobuf";
        const ProtobufCFieldDescriptor *field =
            has_bytes ? protobuf_c_message_descriptor_get_field(of, number) : NULL;
        if (!field || field->type != PROTOBUF_C_TYPE_MESSAGE)
            continue;
        const char *wrong = look(inner, field->descriptor, depth + 1);
        if (wrong)
            return wrong;
    }
    return NULL;
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
    const char *wrong = bytes ? look(whole, &onnx__model_proto__descriptor, 0) : "it is empty";
    if (wrong)
        return ar_fail(ARETE_E_FORMAT, "not an ONNX model: %s", wrong);
    ProtobufCAllocator allocator = {take, keep, pool};
    Onnx__ModelProto *made = onnx__model_proto__unpack(&allocator, bytes, data);
    if (!made)
        return ar_fail(ARETE_E_FORMAT, "not an ONNX model: a field has the wrong type, or there is no memory");
    if (!made->graph)
        return ar_fail(ARETE_E_FORMAT, "not an ONNX model: it has no graph");
    *model = made;
    return ARETE_OK;
}
