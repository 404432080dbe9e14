/* How ONNX's operators are said in arete/layers.h: one row each, and a function where attributes have to be read. */
#ifndef ONNX_LAYER_H
#define ONNX_LAYER_H

#include "nodes.h"

#include "arete/layers.h"

typedef struct onnx_layer {
    arete_layer_desc desc;
    /* Inputs of the node that are tensors of the device, in order; -1: absent. The others were read as numbers. */
    int in[ARETE_LAYER_INPUTS];
    uint32_t in_count, out_count;
} onnx_layer;

/* false: no layer of this operator, or not in the form that the node has; *why says so. */
bool onnx_layer_of(const node_case *of, onnx_layer *layer, const char **why);

#endif
