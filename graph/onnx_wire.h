/* ONNX files as bytes. */
#ifndef AR_ONNX_WIRE_H
#define AR_ONNX_WIRE_H

#include <onnx.pb-c.h>

#include "graph.h"

/* The message, after a look at how deep messages lie within each other, so that a hostile file cannot exhaust the
 * stack. ARETE_E_FORMAT when it is none. It lies in the pool, and goes with it, but for the tensors' raw_data: these
 * point into data, which must stay, at any address. */
arete_status ar_onnx_unpack(const void *data, size_t bytes, ar_pool *pool, Onnx__ModelProto **model);

#endif
