"""ThreadingLayer with inputs of different shapes, against numpy written from the definitions."""

import numpy as np
import pytest
from wolfram_files import call, layer, tensor
from wolfram_layers import Cases, check, drawn

from netconv.frontends.wolfram.expressions import Symbol

LAYERS = case = Cases()
X, Y = call("Slot", 1), call("Slot", 2)
FUNCTIONS = {
    "Plus": np.add,
    "Subtract": np.subtract,
    "Times": np.multiply,
    "Divide": np.divide,
    "Power": np.power,
    "Max": np.maximum,
    "Min": np.minimum,
}


def _broadcast(name, shapes, out, places, function="Plus", numpy_function=None, **parameters):
    """`places` are the shapes in numpy, without the batch axis, by input."""
    numpy_function = numpy_function or FUNCTIONS[function]

    def made(_file):
        known = [tuple(n or 4 for n in shape) for shape in shapes]
        inputs = [np.abs(drawn(2, *shape, seed=n)) + 0.5 for n, shape in enumerate(known)]
        wide = [x.astype("float64").reshape(2, *place) for x, place in zip(inputs, places, strict=True)]
        result = wide[0]
        for other in wide[1:]:
            result = numpy_function(result, other)
        ports = {str(number): tensor(*shape) for number, shape in enumerate(shapes, 1)}
        head = Symbol(function) if isinstance(function, str) else function
        net = layer("Threading", ports, tensor(*out), {"Function": head, **parameters})
        return net, inputs, [np.broadcast_to(result, (2, *(n or 4 for n in out)))]

    LAYERS[f"threading_{name}"] = made


for _name in FUNCTIONS:
    _broadcast(f"broadcast_{_name}", [(3, 4), (3, 1)], (3, 4), [(3, 4), (3, 1)], _name)
_broadcast("with_both_repeated", [(3, 1), (1, 4)], (3, 4), [(3, 1), (1, 4)], "Times")
_broadcast("of_three", [(3, 1, 2), (1, 4, 1), (3, 4, 2)], (3, 4, 2), [(3, 1, 2), (1, 4, 1), (3, 4, 2)])
_broadcast("with_a_vector_that_fits_once", [(3, 4), (4,)], (3, 4), [(3, 4), (1, 4)])
_broadcast("with_a_number", [(3, 4), ()], (3, 4), [(3, 4), (1, 1)], "Times")
_broadcast("at_level_1", [(4, 4), (4,)], (4, 4), [(4, 4), (1, 4)], Level=1)
_broadcast("at_level_2", [(4, 4), (4,)], (4, 4), [(4, 4), (4, 1)], Level=2)
_broadcast("at_the_last_level", [(4,), (4, 4)], (4, 4), [(4, 1), (4, 4)], "Subtract", Level=-1)
_broadcast("at_levels", [(4,), (4,)], (4, 4), [(4, 1), (1, 4)], "Divide", Level=(2, 1))
_broadcast(
    "at_an_automatic_level",
    [(3, 4), (4,)],
    (3, 4),
    [(3, 4), (1, 4)],
    Level=call("ValidatedParameter", Symbol("Automatic")),
)
_broadcast("along_an_open_length", [(None, 3), (1, 3)], (None, 3), [(4, 3), (1, 3)])
_broadcast("with_a_vector_along_an_open_length", [(3,), (None, 3)], (None, 3), [(1, 3), (4, 3)], "Subtract")
_broadcast(
    "broadcast_in_a_function",
    [(3, 1), (1, 4)],
    (3, 4),
    [(3, 1), (1, 4)],
    call("Function", call("If", call("Less", X, Y), call("Power", X, Y), call("Tanh", call("Plus", X, 1)))),
    lambda x, y: np.where(x < y, x**y, np.tanh(x + 1)),
)


@pytest.mark.parametrize("name", LAYERS)
def test_layer(name, tmp_path):
    check(LAYERS[name], tmp_path)
