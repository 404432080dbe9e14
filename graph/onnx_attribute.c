#include "onnx_attribute.h"

#include <stdio.h>
#include <string.h>

const Onnx__AttributeProto *ar_onnx_attribute(const Onnx__NodeProto *node, const char *name) {
    for (size_t i = 0; i < node->n_attribute; i++)
        if (node->attribute[i]->name && strcmp(node->attribute[i]->name, name) == 0)
            return node->attribute[i];
    return NULL;
}

int64_t ar_onnx_int(const Onnx__NodeProto *node, const char *name, int64_t absent) {
    const Onnx__AttributeProto *a = ar_onnx_attribute(node, name);
    return a ? a->i : absent;
}

uint32_t ar_onnx_count(const Onnx__NodeProto *node, const char *name, uint32_t absent) {
    const Onnx__AttributeProto *a = ar_onnx_attribute(node, name);
    return !a ? absent : a->i >= 0 && a->i < UINT32_MAX ? (uint32_t)a->i : UINT32_MAX;
}

float ar_onnx_float(const Onnx__NodeProto *node, const char *name, float absent) {
    const Onnx__AttributeProto *a = ar_onnx_attribute(node, name);
    return a ? a->f : absent;
}

size_t ar_onnx_ints(const Onnx__NodeProto *node, const char *name, int64_t *values, size_t most) {
    const Onnx__AttributeProto *a = ar_onnx_attribute(node, name);
    for (size_t i = 0; a && i < a->n_ints && i < most; i++)
        values[i] = a->ints[i];
    return a ? a->n_ints : 0;
}

size_t ar_onnx_floats(const Onnx__NodeProto *node, const char *name, float *values, size_t most) {
    const Onnx__AttributeProto *a = ar_onnx_attribute(node, name);
    for (size_t i = 0; a && i < a->n_floats && i < most; i++)
        values[i] = a->floats[i];
    return a ? a->n_floats : 0;
}

static const char *copy_string(const ProtobufCBinaryData *from, char *text, size_t bytes) {
    size_t length = from->len < bytes - 1 ? from->len : bytes - 1;
    if (length)
        memcpy(text, from->data, length);
    text[length] = '\0';
    return text;
}

const char *ar_onnx_string(const Onnx__NodeProto *node, const char *name, const char *absent, char *text,
                           size_t bytes) {
    const Onnx__AttributeProto *a = ar_onnx_attribute(node, name);
    if (a)
        return copy_string(&a->s, text, bytes);
    snprintf(text, bytes, "%s", absent ? absent : "");
    return text;
}

bool ar_onnx_string_at(const Onnx__NodeProto *node, const char *name, size_t index, char *text, size_t bytes) {
    const Onnx__AttributeProto *a = ar_onnx_attribute(node, name);
    if (!a || index >= a->n_strings)
        return false;
    copy_string(&a->strings[index], text, bytes);
    return true;
}

const Onnx__TensorProto *ar_onnx_tensor(const Onnx__NodeProto *node, const char *name) {
    const Onnx__AttributeProto *a = ar_onnx_attribute(node, name);
    return a ? a->t : NULL;
}

const Onnx__GraphProto *ar_onnx_graph(const Onnx__NodeProto *node, const char *name) {
    const Onnx__AttributeProto *a = ar_onnx_attribute(node, name);
    return a ? a->g : NULL;
}
