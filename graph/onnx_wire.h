/* ONNX files as bytes. */
#ifndef AR_ONNX_WIRE_H
#define AR_ONNX_WIRE_H

#include <onnx.pb-c.h>

#include "arete/base.h"

/* The message, after a look at how deep messages lie within each other, so that a hostile file cannot exhaust the
 * stack. ARETE_E_FORMAT when it is none. Freed by onnx__model_proto__free_unpacked(). */
arete_status ar_onnx_unpack(const void *data, size_t bytes, Onnx__ModelProto **model);

#endif
