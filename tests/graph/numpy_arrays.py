"""graph/examples/run_model.py where numpy is installed: arrays in, arrays out, by name, of the right type and shape.

  numpy_arrays.py FOLDER_OF_EXAMPLE MODEL     exit status 77 without numpy
"""
import sys

try:
    import numpy
except ImportError:
    print("skipped: this python3 has no numpy (Debian: python3-numpy)")
    sys.exit(77)

sys.path.insert(0, sys.argv[1])
from run_model import Model  # noqa: E402

model = Model(sys.argv[2], "reference")
(name, port), = model.inputs.items()
shape = tuple(port.dims[: port.rank])
zeros, ramp = numpy.zeros(shape, "float32"), numpy.arange(port.count(), dtype="float32").reshape(shape)
first, other = model(**{name: zeros}), model(**{name: ramp})
for results in (first, other):
    assert list(results) == list(model.outputs), results
    for output, value in results.items():
        tensor = model.outputs[output]
        assert isinstance(value, numpy.ndarray) and value.dtype == numpy.float32, value
        assert value.shape == tuple(tensor.dims[: tensor.rank]), value.shape
        assert numpy.isfinite(value).all(), value
assert any((first[output] != other[output]).any() for output in first), "the input was not read"
assert all((model(**{name: zeros.tobytes()})[output] == first[output]).all() for output in first), "bytes differ"
try:
    model(**{name: numpy.zeros(shape, "float64")})
except ValueError as error:
    print(f"passed; an array of the wrong size is refused: {error}")
else:
    sys.exit("an array of the wrong size was taken")
