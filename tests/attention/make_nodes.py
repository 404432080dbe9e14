#!/usr/bin/env python3
"""Writes the node cases in nodes/node/: Attention and RotaryEmbedding of opset 23 and 24, which Debian's test data is too
old for, with what the reference evaluator of PyPI's onnx gives. Layout as in ONNX's own test data, inputs as
initializers of the model. Rerun: python3 -m venv v && v/bin/pip install onnx && v/bin/python make_nodes.py
"""
import pathlib
import shutil

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

here = pathlib.Path(__file__).parent / "nodes" / "node"
random = numpy.random.default_rng(7)


def data(*shape, dtype=numpy.float32):
    return random.uniform(-1, 1, shape).astype(dtype)


def write(name, op, opset, inputs, outputs, **attributes):
    names = ["" if x is None else f"in{i}" for i, x in enumerate(inputs)]
    node = helper.make_node(op, names, [f"out{i}" for i in range(outputs)], **attributes)
    kept = [numpy_helper.from_array(x, n) for x, n in zip(inputs, names) if n]
    types = TensorProto.FLOAT16 if inputs[0].dtype == numpy.float16 else TensorProto.FLOAT
    results = [helper.make_tensor_value_info(f"out{i}", types, None) for i in range(outputs)]
    graph = helper.make_graph([node], name, [], results, kept)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], producer_name="arete")
    folder = here / name / "test_data_set_0"
    folder.mkdir(parents=True)
    (here / name / "model.onnx").write_bytes(model.SerializeToString())
    for i, y in enumerate(ReferenceEvaluator(model).run(None, {})):
        (folder / f"output_{i}.pb").write_bytes(numpy_helper.from_array(y, f"out{i}").SerializeToString())


def attention(name, q, k, v, *rest, opset=23, outputs=1, **attributes):
    write("test_attention_" + name, "Attention", opset, [q, k, v, *rest], outputs, **attributes)


def main():
    shutil.rmtree(here, ignore_errors=True)
    q, k, v = data(2, 3, 4, 8), data(2, 3, 6, 8), data(2, 3, 6, 8)
    attention("4d", q, k, v)
    attention("4d_scaled", q, k, v, scale=0.02)
    attention("4d_causal", q, k, v, is_causal=1)
    attention("4d_softcap", q, k, v, softcap=2.0)
    attention("4d_softcap_mask", q, k, v, random.random((4, 6)) > 0.4, softcap=0.5)
    attention("4d_value_size", q, k, data(2, 3, 6, 10))
    attention("4d_grouped", data(2, 6, 4, 8), data(2, 2, 6, 8), data(2, 2, 6, 8))
    attention("4d_grouped_causal_mask", data(2, 6, 4, 8), data(2, 2, 6, 8), data(2, 2, 6, 8), data(2, 1, 4, 6), is_causal=1)
    attention("4d_mask_2d", q, k, v, data(4, 6))
    attention("4d_mask_3d", q, k, v, data(1, 4, 6))
    attention("4d_mask_4d", q, k, v, data(2, 3, 4, 6))
    attention("4d_mask_bool", q, k, v, random.random((2, 1, 4, 6)) > 0.3)
    attention("4d_mask_bool_causal", q, k, v, random.random((4, 6)) > 0.3, is_causal=1)
    attention("4d_f16", q.astype(numpy.float16), k.astype(numpy.float16), v.astype(numpy.float16))
    past = data(2, 3, 5, 8), data(2, 3, 5, 8)
    new = data(2, 3, 4, 8), data(2, 3, 4, 8)
    attention("4d_past", q, *new, None, *past, outputs=3)
    attention("4d_past_causal", q, *new, None, *past, outputs=3, is_causal=1)
    attention("4d_past_mask", q, *new, data(4, 9), *past, outputs=3)
    heads = {"q_num_heads": 4, "kv_num_heads": 2}
    attention("3d", data(2, 5, 32), data(2, 7, 16), data(2, 7, 20), **heads)
    attention("3d_causal", data(2, 5, 32), data(2, 7, 16), data(2, 7, 20), is_causal=1, **heads)
    attention("3d_past", data(2, 5, 32), data(2, 5, 16), data(2, 5, 16), None, data(2, 2, 3, 8), data(2, 2, 3, 8),
              outputs=3, is_causal=1, **heads)
    lengths = numpy.array([3, 6], dtype=numpy.int64)
    attention("4d_lengths", q, k, v, None, None, None, lengths, opset=24)
    attention("4d_lengths_causal", q, k, v, None, None, None, lengths, opset=24, is_causal=1)
    attention("4d_short_mask", q, k, v, data(4, 5), opset=24)

    def rotary(name, x, *rest, **attributes):
        write("test_rotary_" + name, "RotaryEmbedding", 23, [x, *rest], 1, **attributes)

    positions = random.integers(0, 20, (2, 4))
    rotary("4d", data(2, 3, 4, 8), data(20, 4), data(20, 4), positions)
    rotary("4d_interleaved", data(2, 3, 4, 8), data(20, 4), data(20, 4), positions, interleaved=1)
    rotary("4d_partial", data(2, 3, 4, 8), data(20, 2), data(20, 2), positions, rotary_embedding_dim=4)
    rotary("4d_partial_interleaved", data(2, 3, 4, 8), data(20, 3), data(20, 3), positions, rotary_embedding_dim=6,
           interleaved=1)
    rotary("4d_by_token", data(2, 3, 4, 8), data(2, 4, 4), data(2, 4, 4))
    rotary("3d", data(2, 4, 24), data(20, 4), data(20, 4), positions, num_heads=3)
    rotary("3d_by_token_interleaved", data(2, 4, 24), data(2, 4, 4), data(2, 4, 4), num_heads=3, interleaved=1)


main()
