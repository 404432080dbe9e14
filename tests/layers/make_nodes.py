#!/usr/bin/env python3
"""Writes the node cases in nodes/node/: layers of opsets 18 to 24, which Debian's test data is too old for, with what the
reference evaluator of PyPI's onnx gives. Layout as in ONNX's own test data.
Rerun: python3 -m venv v && v/bin/pip install onnx && v/bin/python make_nodes.py
"""
import pathlib
import shutil

import numpy
import onnx
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

here = pathlib.Path(__file__).parent / "nodes" / "node"
random = numpy.random.default_rng(11)
f16, f32, f64, i64 = numpy.float16, numpy.float32, numpy.float64, numpy.int64


def data(*shape, dtype=f32, width=1.0):
    return random.uniform(-width, width, shape).astype(dtype)


def ints(*values):
    return numpy.array(values, dtype=i64)


def describe(name, x):
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)


def write(name, op, opset, inputs, outputs=1, **attributes):
    names = ["" if x is None else f"in{i}" for i, x in enumerate(inputs)]
    feeds = {n: x for n, x in zip(names, inputs) if n}
    node = helper.make_node(op, names, [f"out{i}" for i in range(outputs)], **attributes)
    opsets = [helper.make_opsetid("", opset)]
    open_graph = helper.make_graph([node], name, [describe(n, x) for n, x in feeds.items()],
                                   [helper.make_empty_tensor_value_info(f"out{i}") for i in range(outputs)])
    results = ReferenceEvaluator(helper.make_model(open_graph, opset_imports=opsets)).run(None, feeds)
    graph = helper.make_graph([node], name, [describe(n, x) for n, x in feeds.items()],
                              [describe(f"out{i}", y) for i, y in enumerate(results)])
    model = helper.make_model(graph, opset_imports=opsets, producer_name="arete")
    onnx.checker.check_model(model)
    folder = here / f"test_{name}" / "test_data_set_0"
    folder.mkdir(parents=True)
    (here / f"test_{name}" / "model.onnx").write_bytes(model.SerializeToString())
    for i, (n, x) in enumerate(feeds.items()):
        (folder / f"input_{i}.pb").write_bytes(numpy_helper.from_array(x, n).SerializeToString())
    for i, y in enumerate(results):
        (folder / f"output_{i}.pb").write_bytes(numpy_helper.from_array(y, f"out{i}").SerializeToString())


def activations():
    wide = data(3, 7, width=8)
    write("gelu_erf", "Gelu", 20, [wide])
    write("gelu_tanh", "Gelu", 20, [wide], approximate="tanh")
    write("gelu_f16", "Gelu", 20, [wide.astype(f16)])
    write("gelu_f64", "Gelu", 20, [wide.astype(f64)])
    write("mish_wide", "Mish", 18, [data(3, 7, width=30)])
    write("mish_f16", "Mish", 22, [wide.astype(f16)])
    write("swish", "Swish", 24, [wide], alpha=1.0)
    write("swish_f16", "Swish", 24, [wide.astype(f16)], alpha=1.0)
    write("celu_small_alpha", "Celu", 12, [wide], alpha=0.25)
    write("hardswish_wide", "HardSwish", 22, [wide])
    write("elu_f16", "Elu", 22, [wide.astype(f16)], alpha=1.5)
    write("selu_f64", "Selu", 22, [wide.astype(f64)])
    write("softplus_f16", "Softplus", 22, [wide.astype(f16)])
    write("softsign_f64", "Softsign", 22, [wide.astype(f64)])
    write("thresholded_relu_f16", "ThresholdedRelu", 22, [wide.astype(f16)], alpha=0.5)
    write("prelu_f16", "PRelu", 16, [wide.astype(f16), data(7, dtype=f16)])


def norms():
    x = data(2, 3, 5, width=4)
    write("rms_last", "RMSNormalization", 23, [x, data(5)])
    write("rms_two_axes", "RMSNormalization", 23, [x, data(3, 5)], axis=1, epsilon=0.01)
    write("rms_negative_axis", "RMSNormalization", 23, [x, data(3, 5)], axis=-2)
    write("rms_f16", "RMSNormalization", 23, [x.astype(f16), data(5, dtype=f16)])
    image = data(2, 6, 3, 5, width=3)
    write("group_norm_channels", "GroupNormalization", 21, [image, data(6), data(6)], num_groups=3)
    write("group_norm_one_group", "GroupNormalization", 21, [image, data(6), data(6)], num_groups=1, epsilon=0.01)
    write("group_norm_line", "GroupNormalization", 21, [data(2, 4, 7), data(4), data(4)], num_groups=2)
    write("layer_norm_statistics", "LayerNormalization", 17, [x, data(3, 5), data(3, 5)], 3, axis=1)


def reductions():
    x = data(3, 4, 5, width=2)
    for op in ("Sum", "Mean", "Max", "Min", "Prod", "L1", "L2", "SumSquare", "LogSumExp"):
        write(f"reduce_{op.lower()}_axes_given", f"Reduce{op}", 18, [x, ints(0, -1)], keepdims=0)
    write("reduce_log_sum_axes_given", "ReduceLogSum", 18, [numpy.abs(x), ints(1)])
    write("reduce_max_noop", "ReduceMax", 18, [x, ints()], noop_with_empty_axes=1)
    write("reduce_max_bool", "ReduceMax", 20, [random.random((3, 4)) > 0.7, ints(1)])


def moves():
    x = data(4, 7)
    write("split_in_parts", "Split", 18, [x], 3, axis=1, num_outputs=3)
    write("pad_some_axes", "Pad", 18, [x, ints(1, 2), numpy.array(0.5, f32), ints(1)])
    write("pad_wrap", "Pad", 19, [x, ints(0, 3, 2, 1)], mode="wrap")
    write("scatter_elements_largest", "ScatterElements", 18, [x, numpy.array([[1, 0, 2]], i64), data(1, 3, width=3)],
          reduction="max")
    write("scatter_elements_least", "ScatterElements", 18, [x, numpy.array([[1, 0, 2]], i64), data(1, 3, width=3)],
          reduction="min")
    write("scatter_nd_largest", "ScatterND", 18, [x, numpy.array([[2], [0]], i64), data(2, 7, width=3)], reduction="max")
    write("transpose_21", "Transpose", 21, [data(2, 3, 4, 3)], perm=[0, 2, 3, 1])
    write("cast_to_f16", "Cast", 21, [data(3, 5, width=9)], to=onnx.TensorProto.FLOAT16)


def pooling():
    x = data(1, 2, 9, 8)
    write("average_pool_dilated", "AveragePool", 19, [x], kernel_shape=[2, 3], dilations=[2, 1])
    write("average_pool_dilated_pads", "AveragePool", 19, [x], kernel_shape=[3, 2], dilations=[2, 2], pads=[1, 1, 1, 1],
          count_include_pad=1)
    write("lp_pool_dilated", "LpPool", 18, [x], kernel_shape=[2, 2], dilations=[2, 2])
    write("max_pool_f16", "MaxPool", 22, [x.astype(f16)], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])


def others():
    x, y = random.integers(-99, 99, (3, 5)).astype(numpy.int32), random.integers(-99, 99, 5).astype(numpy.int32)
    for op in ("And", "Or", "Xor"):
        write(f"bitwise_{op.lower()}_spread", f"Bitwise{op}", 18, [x, y])
    write("bitwise_not", "BitwiseNot", 18, [x])
    image = data(1, 2, 5, 4)
    write("resize_linear_19", "Resize", 19, [image, None, None, ints(1, 2, 8, 9)], mode="linear")
    write("resize_some_axes", "Resize", 18, [image, None, numpy.array([2, 3], f32)], mode="nearest", axes=[2, 3])
    write("is_nan_f16", "IsNaN", 20, [numpy.array([1, numpy.nan, numpy.inf], f16)])
    write("is_inf_f16", "IsInf", 20, [numpy.array([-numpy.inf, numpy.nan, numpy.inf], f16)], detect_negative=0)


def main():
    shutil.rmtree(here, ignore_errors=True)
    for group in (activations, norms, reductions, moves, pooling, others):
        group()


main()
