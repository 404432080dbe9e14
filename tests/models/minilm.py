"""Writes a MiniLM sentence transformer as ONNX, in the primitive operators that exporters write: weights from a
safetensors file, its hyper-parameters from the config.json beside it.

  python3 minilm.py FOLDER-OF-THE-MODEL OUT.onnx
"""
import json
import struct
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def read_safetensors(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    types = {"F32": np.float32, "F16": np.float16, "I64": np.int64}
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        start, end = entry["data_offsets"]
        tensors[name] = np.frombuffer(data[start:end], types[entry["dtype"]]).reshape(entry["shape"])
    return tensors


class Builder:
    def __init__(self):
        self.nodes, self.constants, self.count = [], [], 0

    def constant(self, array, name=None):
        name = name or f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(array, order="C"), name))
        return name

    def op(self, kind, *inputs, **attributes):
        self.count += 1
        out = f"v{self.count}"
        self.nodes.append(helper.make_node(kind, list(inputs), [out], name=f"{kind}_{self.count}", **attributes))
        return out

    def scalar(self, value):
        return self.constant(np.array(value, np.float32))


def layer_norm(b, x, weights, prefix, epsilon):
    mean = b.op("ReduceMean", x, axes=[-1])
    centred = b.op("Sub", x, mean)
    variance = b.op("ReduceMean", b.op("Pow", centred, b.scalar(2)), axes=[-1])
    deviation = b.op("Sqrt", b.op("Add", variance, b.scalar(epsilon)))
    scaled = b.op("Mul", b.op("Div", centred, deviation), b.constant(weights[prefix + ".weight"]))
    return b.op("Add", scaled, b.constant(weights[prefix + ".bias"]))


def linear(b, x, weights, prefix):
    return b.op("Add", b.constant(weights[prefix + ".bias"]), b.op("MatMul", x, b.constant(weights[prefix + ".weight"].T)))


def attention(b, x, mask, weights, prefix, heads, size):
    def split(value, order):
        shape = b.constant(np.array([0, 0, heads, size], np.int64))
        return b.op("Transpose", b.op("Reshape", value, shape), perm=order)

    q = split(linear(b, x, weights, prefix + "self.query"), [0, 2, 1, 3])
    k = split(linear(b, x, weights, prefix + "self.key"), [0, 2, 3, 1])
    v = split(linear(b, x, weights, prefix + "self.value"), [0, 2, 1, 3])
    scores = b.op("Div", b.op("MatMul", q, k), b.scalar(np.sqrt(size)))
    weights_of = b.op("Softmax", b.op("Add", scores, mask), axis=-1)
    joined = b.op("Transpose", b.op("MatMul", weights_of, v), perm=[0, 2, 1, 3])
    return b.op("Reshape", joined, b.constant(np.array([0, 0, heads * size], np.int64)))


def gelu(b, x):
    erf = b.op("Erf", b.op("Div", x, b.scalar(np.sqrt(2))))
    return b.op("Mul", b.op("Mul", x, b.op("Add", erf, b.scalar(1))), b.scalar(0.5))


def export(folder, out):
    weights = read_safetensors(folder + "/model.safetensors")
    with open(folder + "/config.json", encoding="utf-8") as file:
        config = json.load(file)
    heads, width = config["num_attention_heads"], config["hidden_size"]
    epsilon = config["layer_norm_eps"]
    b = Builder()
    ids, kinds, seen = "input_ids", "token_type_ids", "attention_mask"
    words = b.op("Gather", b.constant(weights["embeddings.word_embeddings.weight"]), ids)
    types = b.op("Gather", b.constant(weights["embeddings.token_type_embeddings.weight"]), kinds)
    length = b.op("Gather", b.op("Shape", ids), b.constant(np.array(1, np.int64)))
    one = b.constant(np.array([0], np.int64))
    positions = b.op("Slice", b.constant(weights["embeddings.position_embeddings.weight"]), one,
                     b.op("Unsqueeze", length, one), one)
    x = b.op("Add", b.op("Add", words, types), positions)
    x = layer_norm(b, x, weights, "embeddings.LayerNorm", epsilon)
    axes = b.constant(np.array([1, 2], np.int64))
    wide = b.op("Cast", b.op("Unsqueeze", seen, axes), to=TensorProto.FLOAT)
    mask = b.op("Mul", b.op("Sub", b.scalar(1), wide), b.scalar(np.finfo(np.float32).min))
    for layer in range(config["num_hidden_layers"]):
        prefix = f"encoder.layer.{layer}."
        y = attention(b, x, mask, weights, prefix + "attention.", heads, width // heads)
        x = b.op("Add", linear(b, y, weights, prefix + "attention.output.dense"), x)
        x = layer_norm(b, x, weights, prefix + "attention.output.LayerNorm", epsilon)
        y = gelu(b, linear(b, x, weights, prefix + "intermediate.dense"))
        x = b.op("Add", linear(b, y, weights, prefix + "output.dense"), x)
        x = layer_norm(b, x, weights, prefix + "output.LayerNorm", epsilon)
    # mean over the tokens that count, then length 1
    counted = b.op("Cast", b.op("Unsqueeze", seen, b.constant(np.array([2], np.int64))), to=TensorProto.FLOAT)
    total = b.op("ReduceSum", b.op("Mul", x, counted), b.constant(np.array([1], np.int64)), keepdims=0)
    many = b.op("ReduceSum", counted, b.constant(np.array([1], np.int64)), keepdims=0)
    mean = b.op("Div", total, many)
    norm = b.op("ReduceL2", mean, axes=[1], keepdims=1)
    b.nodes.append(helper.make_node("Div", [mean, norm], ["embedding"]))
    ports = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"]) for name in (ids, seen, kinds)]
    result = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", width])
    graph = helper.make_graph(b.nodes, "minilm", ports, [result], b.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, out)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    export(sys.argv[1], sys.argv[2])
