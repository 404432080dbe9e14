#!/usr/bin/env python3
"""Runs an ONNX model through libarete_graph.so by ctypes; results are numpy arrays where numpy is installed.

    LD_LIBRARY_PATH=PREFIX/lib python3 run_model.py MODEL.onnx [DEVICE]

Model below is all that a program of one's own needs: load once, call often. Inputs and outputs are dicts by name."""
import ctypes as c
import sys

try:
    import numpy
except ImportError:
    numpy = None

MAX_RANK = 8
# arete_dtype: bytes of an element, ctypes' type (None: ctypes has none), numpy's name (None: numpy has none)
DTYPES = {1: (4, c.c_float, "float32"), 2: (2, None, "float16"), 3: (2, None, None), 4: (8, c.c_double, "float64"),
          5: (1, c.c_int8, "int8"), 6: (1, c.c_uint8, "uint8"), 7: (4, c.c_int32, "int32"), 8: (8, c.c_int64, "int64"),
          9: (1, c.c_bool, "bool")}


class Tensor(c.Structure):  # arete_tensor
    _fields_ = [("buffer", c.c_void_p), ("offset", c.c_uint64), ("dtype", c.c_int), ("rank", c.c_uint32),
                ("dims", c.c_int64 * MAX_RANK), ("strides", c.c_int64 * MAX_RANK)]

    def count(self):
        elements = 1
        for d in self.dims[: self.rank]:
            elements *= d
        return elements


class Port(c.Structure):  # arete_model_port
    _fields_ = [("name", c.c_char_p), ("tensor", Tensor)]


class WaitList(c.Structure):  # arete_wait_list
    _fields_ = [("count", c.c_size_t), ("events", c.c_void_p)]


_core = c.CDLL("libarete.so.0", mode=c.RTLD_GLOBAL)
_graph = c.CDLL("libarete_graph.so.0")
_core.arete_error_text.restype = c.c_char_p
for _f in (_graph.arete_model_input, _graph.arete_model_output):
    _f.argtypes, _f.restype = [c.c_void_p, c.c_size_t], Port
for _f in (_graph.arete_model_input_count, _graph.arete_model_output_count):
    _f.argtypes, _f.restype = [c.c_void_p], c.c_size_t
for _f in (_core.arete_queue_write, _core.arete_queue_read):
    _f.argtypes = [c.c_void_p, c.c_void_p, c.c_uint64, c.c_uint64, c.c_void_p, WaitList, c.c_void_p]
_graph.arete_model_run.argtypes = [c.c_void_p, c.c_void_p, c.POINTER(Tensor), c.c_size_t, c.POINTER(Tensor), c.c_size_t,
                                   WaitList, c.c_void_p]
_core.arete_buffer_create.argtypes = [c.c_void_p, c.c_uint64, c.c_void_p]
_core.arete_device_find.argtypes = [c.c_void_p, c.c_char_p, c.c_void_p]
_core.arete_queue_create.argtypes = [c.c_void_p, c.c_uint32, c.c_void_p]
_graph.arete_model_load.argtypes = [c.c_void_p, c.c_char_p, c.c_void_p, c.c_void_p]
_core.arete_queue_finish.argtypes = [c.c_void_p]
_core.arete_context_create.argtypes = [c.c_void_p, c.c_void_p]
for _f in (_core.arete_buffer_release, _core.arete_queue_release, _core.arete_context_release,
           _graph.arete_model_release):
    _f.argtypes, _f.restype = [c.c_void_p], None


def _check(status):
    if status != 0:
        raise RuntimeError(_core.arete_error_text().decode())


class Model:
    """A network on a device (None: the best one here), with memory for its inputs and outputs."""

    def __init__(self, path, device=None):
        self._context, self._device = c.c_void_p(), c.c_void_p()
        self._queue, self._model = c.c_void_p(), c.c_void_p()
        self.inputs, self.outputs = {}, {}
        _check(_core.arete_context_create(None, c.byref(self._context)))
        _check(_core.arete_device_find(self._context, device.encode() if device else None, c.byref(self._device)))
        _check(_core.arete_queue_create(self._device, 0, c.byref(self._queue)))
        _check(_graph.arete_model_load(self._device, path.encode(), None, c.byref(self._model)))
        self._in = self._ports(_graph.arete_model_input, _graph.arete_model_input_count, self.inputs)
        self._out = self._ports(_graph.arete_model_output, _graph.arete_model_output_count, self.outputs)

    def _ports(self, get, count, names):
        tensors = (Tensor * count(self._model))()
        for i in range(len(tensors)):
            port = get(self._model, i)
            tensors[i] = port.tensor
            buffer = c.c_void_p()
            size = max(1, tensors[i].count() * DTYPES[tensors[i].dtype][0])
            _check(_core.arete_buffer_create(self._device, size, c.byref(buffer)))
            tensors[i].buffer = buffer.value
            names[port.name.decode()] = tensors[i]
        return tensors

    def __call__(self, **inputs):
        """inputs: bytes, or arrays (numpy's, array.array) of the input's type and size; gives the outputs by name."""
        none = WaitList(0, None)
        for name, tensor in self.inputs.items():
            data = bytes(inputs[name])
            if len(data) != tensor.count() * DTYPES[tensor.dtype][0]:
                raise ValueError(f"{name} takes {tensor.count()} elements of {DTYPES[tensor.dtype][2]}")
            _check(_core.arete_queue_write(self._queue, tensor.buffer, 0, len(data), data, none, None))
            _check(_core.arete_queue_finish(self._queue))  # data may go away after it
        _check(_graph.arete_model_run(self._model, self._queue, self._in, len(self._in), self._out, len(self._out), none,
                                      None))
        return {name: self._read(tensor) for name, tensor in self.outputs.items()}

    def _read(self, tensor):
        size, ctype, name = DTYPES[tensor.dtype]
        data = c.create_string_buffer(max(1, tensor.count() * size))
        _check(_core.arete_queue_read(self._queue, tensor.buffer, 0, tensor.count() * size, data, WaitList(0, None), None))
        _check(_core.arete_queue_finish(self._queue))
        if numpy and name:
            return numpy.frombuffer(data.raw, name, tensor.count()).reshape(tensor.dims[: tensor.rank])
        return list((ctype * tensor.count()).from_buffer(data)) if ctype else data.raw

    def __del__(self):
        for tensor in list(self.inputs.values()) + list(self.outputs.values()):
            _core.arete_buffer_release(tensor.buffer)
        _graph.arete_model_release(self._model)
        _core.arete_queue_release(self._queue)
        _core.arete_context_release(self._context)


def main():
    model = Model(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
    zeros = {name: bytes(t.count() * DTYPES[t.dtype][0]) for name, t in model.inputs.items()}
    for name, value in model(**zeros).items():
        flat = value.ravel().tolist() if hasattr(value, "ravel") else list(value)
        print(name, model.outputs[name].dims[: model.outputs[name].rank], flat[:8])


if __name__ == "__main__":
    main()
