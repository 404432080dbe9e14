#!/usr/bin/env python3
"""Writes a graph of ResNet-50's shape (v1.5) with random weights of a fixed seed, batch norms apart as in a file that
was exported for training, so that their folding is part of what is measured.

  resnet50.py OUT.onnx [BATCH]
"""
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

STAGES = [(64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)]  # width, blocks, stride of the first


class Builder:
    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.nodes, self.constants = [], []

    def constant(self, array):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array, np.float32), name))
        return name

    def op(self, kind, *inputs, **attributes):
        out = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [out], name=f"{kind}_{len(self.nodes)}", **attributes))
        return out

    def conv(self, x, channels, filters, size, stride=1):
        scale = np.sqrt(2 / (channels * size * size))
        weights = self.constant(self.random.standard_normal((filters, channels, size, size)) * scale)
        pad = size // 2
        y = self.op("Conv", x, weights, kernel_shape=[size, size], strides=[stride, stride], pads=[pad] * 4)
        parameters = [self.random.uniform(0.5, 1.5, filters), self.random.uniform(-0.2, 0.2, filters),
                      self.random.uniform(-0.2, 0.2, filters), self.random.uniform(0.5, 1.5, filters)]
        return self.op("BatchNormalization", y, *[self.constant(p) for p in parameters], epsilon=1e-5)

    def bottleneck(self, x, channels, width, stride):
        y = self.op("Relu", self.conv(x, channels, width, 1))
        y = self.op("Relu", self.conv(y, width, width, 3, stride))
        y = self.conv(y, width, 4 * width, 1)
        if stride != 1 or channels != 4 * width:
            x = self.conv(x, channels, 4 * width, 1, stride)
        return self.op("Relu", self.op("Add", y, x))


def export(path, batch):
    b = Builder(50)
    x = b.op("Relu", b.conv("x", 3, 64, 7, 2))
    x = b.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    channels = 64
    for width, blocks, stride in STAGES:
        for block in range(blocks):
            x = b.bottleneck(x, channels, width, stride if block == 0 else 1)
            channels = 4 * width
    x = b.op("Flatten", b.op("GlobalAveragePool", x))
    weights = b.constant(b.random.standard_normal((1000, channels)) * 0.02)
    b.nodes.append(helper.make_node("Gemm", [x, weights, b.constant(b.random.standard_normal(1000))], ["y"], transB=1))
    ports = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, 3, 224, 224])]
    result = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [batch, 1000])]
    graph = helper.make_graph(b.nodes, "resnet50", ports, result, b.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    export(sys.argv[1], int(sys.argv[2]) if len(sys.argv) == 3 else 1)
