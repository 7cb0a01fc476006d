"""Draws initial values for a net without a parameter file, as MXNet or Mathematica would. Knows roles of parameters and
hints, no translation.

Numbers come from numpy's PCG64, one stream for each parameter: the same seed gives the same values in any process, but
not MXNet's own numbers. Sources: MXNet's python/mxnet/initializer.py for the initializers, their defaults and the one
of each parameter; the page NetInitialize of Wolfram's documentation for Mathematica ("Kaiming", normally distributed,
biases zero).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ..errors import FormatError, NetconvError, NodeError, ShapeError, option
from ..graph.graph import Edge, Graph, Node, Parameter, origin_name
from ..graph.partial_shape import Shape
from ..graph.tracked_array import TrackedArray
from ..keras_api import call_expressions
from ..ops import registry
from ..ops.recurrent import GATES
from ..shapes.parameter_roles import Role, parameters
from .reachability import MOVING_STATISTICS

if TYPE_CHECKING:
    import numpy as np

MOST_ELEMENTS = 2**29
LARGEST_ORTHOGONAL = 4096
NAMED_IN_FULL = 4

Fill = Callable[..., "np.ndarray"]
"""(random numbers, shape, options) -> values."""


def require_arrays(graph: Graph, given: Collection[str] = ()) -> None:
    """Raises FormatError if a parameter has no stored array and is not `given` as an input."""
    missing = [graph.nodes[i].name for i in parameters(graph, given)]
    if not missing:
        return
    more = f" and {len(missing) - NAMED_IN_FULL} more" if len(missing) > NAMED_IN_FULL else ""
    names = ", ".join(map(repr, missing[:NAMED_IN_FULL])) + more
    moving = all(name.rpartition(".")[2] in ("MovingMean", "MovingVariance") for name in missing)
    cause = (
        "Mathematica 11.2 leaves moving statistics out; export the net again from Mathematica 12 or later"
        if graph.mathematica and moving
        else "give the parameter file that belongs to this graph"
    )
    raise FormatError(f"{graph.source}: the parameter file has no array for {names}: {cause}")


def initialize(
    graph: Graph, shapes: Mapping[int, Shape], seed: int, given: Collection[str] = (), init: str | None = None
) -> Graph:
    """The graph with an array for each parameter that has none and is not `given`: float32, of the shape in `shapes`
    (by node index).

    The hint `__init__` decides, then the role of the parameter in its layer, then its name; weights use `init`, such as
    `xavier(magnitude=2)`, if it is given. `parameters` of the graph has the arrays as MXNet or Mathematica would save
    them. Raises ShapeError if a shape is not fully known or the arrays would have more
    than 2^29 elements, NodeError for an invalid hint, and NetconvError for an invalid `init`.
    """
    import numpy as np

    weight = _default_weight(graph) if init is None else _requested(init)
    arrays, found = dict(graph.arrays), parameters(graph, given)
    known_shapes = _checked_shapes(graph, shapes, found)
    drawn: list[Parameter] = []
    names: set[str] = set()
    for index, role in found.items():
        node, shape = graph.nodes[index], known_shapes[index]
        fill, options = _hinted(node) if "init" in node.hints else _default(graph, index, role, weight)
        try:
            if fill is _fused_rnn:
                options = {"weight": weight, **options}
            value = fill(np.random.default_rng([seed % 2**63, index]), shape, **options)
        except (TypeError, ValueError, ArithmeticError, LookupError) as error:
            if "init" not in node.hints:
                raise NetconvError(
                    f"{option('init', init)} does not fit {node.name!r}, of shape {shape}: {error}"
                ) from None
            what = f"hint '__init__' does not fit an array of shape {shape} ({error})"
            raise NodeError(node.op, node.name, what, repr(node.hints.get("init"))) from None
        name = origin_name(node.name, index, names)
        names.add(name)
        arrays[index] = TrackedArray.parameter(name, value.astype(np.float32))
        prefix = "" if graph.mathematica else "aux:" if role.name in MOVING_STATISTICS else "arg:"
        read = partial(getattr, arrays[index], "value")
        drawn.append(Parameter(f"{prefix}{node.name}", node.index, "float32", shape, name, read))
    drawn.sort(key=lambda parameter: parameter.name.startswith("aux:"))
    return replace(graph, arrays=arrays, parameters=tuple(drawn))


def _checked_shapes(graph: Graph, shapes: Mapping[int, Shape], indices: Collection[int]) -> dict[int, tuple[int, ...]]:
    """The shapes of parameters by node index, before memory is taken for any. Raises ShapeError."""
    found = {}
    for index in indices:
        known = shapes.get(index)
        found[index] = tuple(n for n in known or () if n is not None)
        if known is None or len(found[index]) < len(known):
            raise ShapeError(f"{graph.source}: the shape of parameter {graph.nodes[index].name!r} cannot be inferred")
    if sum(map(math.prod, found.values())) > MOST_ELEMENTS:
        raise ShapeError(f"{graph.source}: the parameters would have more than {MOST_ELEMENTS} elements")
    return found


def _hinted(node: Node) -> tuple[Fill, dict[str, Any]]:
    """The initializer of a hint: `["xavier", {"magnitude": 2}]`, or only a name."""
    text = node.hints["init"]
    try:
        return _fill_by_name(json.loads(text) if text[:1] in '["' else text)
    except (ValueError, TypeError, KeyError, RecursionError):
        known = ", ".join(sorted(FILLS))
        raise NodeError(
            node.op, node.name, f"hint '__init__' must be one of MXNet's initializers ({known})", repr(text)
        ) from None


def _fill_by_name(hint) -> tuple[Fill, dict[str, Any]]:
    name, options = hint if isinstance(hint, list) else (hint, {})
    return FILLS[name.lower()], dict(options)


def _default(graph: Graph, index: int, role: Role, weight: tuple[Fill, dict[str, Any]]) -> tuple[Fill, dict[str, Any]]:
    """The initializer of a parameter without a hint: by its role, or by its name if the layer reads only a part of
    it."""
    constants = {"bias": 0.0, "beta": 0.0, "moving_mean": 0.0, "gamma": 1.0, "moving_var": 1.0}
    if role.op == "LeakyReLU":
        return _constant, {"value": 0.25}
    if role.op == "UpSampling":
        return _bilinear, {}
    if role.direct and role.name in constants:
        return _constant, {"value": constants[role.name]}
    if not role.direct and graph.nodes[index].name.endswith("bias"):
        return _constant, {"value": 0.0}
    for node in graph.nodes:
        if node.op == "RNN" and node.inputs[1:2] == (Edge(index),):
            a = registry.typed_attributes(node)
            options = {key: a[key] for key in ("mode", "num_layers", "bidirectional", "projection_size")}
            return _fused_rnn, {"num_hidden": a["state_size"], "forget_bias": 0.0, **options}
    return weight


def _default_weight(graph: Graph) -> tuple[Fill, dict[str, Any]]:
    return (_kaiming, {}) if graph.mathematica else (_uniform, {})


def _requested(init: str) -> tuple[Fill, dict[str, Any]]:
    """The initializer that the user requests, with its options: one of MXNet's, or He's."""
    name, options = call_expressions.parse(init, "xavier(magnitude=2)")
    fills = {**FILLS, "he": _kaiming}
    if name.lower() not in fills:
        raise NetconvError(f"there is no initializer called {name!r}: {', '.join(sorted(fills))}")
    call_expressions.check(partial(fills[name.lower()], None, None), name, options)
    return fills[name.lower()], options


# The initializers.


def _constant(_rng, shape, value=0.0):
    import numpy as np

    return np.full(shape, float(value))


def _uniform(rng, shape, scale=0.07):
    return rng.uniform(-scale, scale, shape)


def _normal(rng, shape, sigma=0.01):
    return rng.normal(0.0, sigma, shape)


def _kaiming(rng, shape):
    """Normal, with variance 2 / fan-in."""
    return rng.normal(0.0, math.sqrt(2 / max(1, math.prod(shape[1:]))), shape)


def _xavier(rng, shape, rnd_type="uniform", factor_type="avg", magnitude=3):
    if len(shape) < 2:
        raise ValueError("at least two axes are needed")
    area = math.prod(shape[2:])
    fan_in, fan_out = shape[1] * area, shape[0] * area
    scale = math.sqrt(magnitude / {"avg": (fan_in + fan_out) / 2, "in": fan_in, "out": fan_out}[factor_type])
    return {"uniform": _uniform, "gaussian": _normal}[rnd_type](rng, shape, scale)


def _msra_prelu(rng, shape, factor_type="avg", slope=0.25):
    return _xavier(rng, shape, "gaussian", factor_type, 2 / (1 + slope**2))


def _orthogonal(rng, shape, scale=1.414, rand_type="uniform"):
    import numpy as np

    rows, columns = shape[0], math.prod(shape[1:])
    if min(rows, columns) > LARGEST_ORTHOGONAL:
        raise ValueError(f"at most {LARGEST_ORTHOGONAL} orthogonal rows")
    draw = {"uniform": lambda: rng.uniform(-1, 1, (rows, columns)), "normal": lambda: rng.normal(0, 1, (rows, columns))}
    u, _, v = np.linalg.svd(draw[rand_type](), full_matrices=False)
    return scale * (u if u.shape == (rows, columns) else v).reshape(shape)


def _bilinear(_rng, shape):
    """The kernel of bilinear interpolation, in the last two axes."""
    import numpy as np

    height, width = shape[2:]
    f = math.ceil(width / 2)
    center = (2 * f - 1 - f % 2) / (2 * f)
    x, y = (1 - np.abs(np.arange(n) / f - center) for n in (width, height))
    return np.broadcast_to(y[:, None] * x, shape)


def _lstm_bias(rng, shape, forget_bias=1.0):
    """Zeros, except for the second of four gates."""
    value = _constant(rng, shape)
    value[shape[0] // 4 : shape[0] // 2] = forget_bias
    return value


def _fused_rnn(rng, shape, weight, mode, num_hidden, num_layers, bidirectional=False, init=None, forget_bias=1.0,
           projection_size=None):  # fmt: skip
    """An RNN's flat vector: the weights of each gate by the initializer `init` or that of all weights, then the biases,
    which are zero except for the two of an LSTM's forget gate."""
    import numpy as np

    gates, directions, units = GATES[mode], 1 + bool(bidirectional), projection_size or num_hidden
    biases = 2 * gates * num_hidden * num_layers * directions
    if min(num_hidden, num_layers, units) < 1 or biases > shape[0]:
        raise ValueError(f"too few for {num_layers} layers of {num_hidden}")
    bias = np.zeros((num_layers, directions, 2, gates, num_hidden))
    if mode == "lstm":
        bias[..., 1, :] = forget_bias
    fill, options = (
        _fill_by_name(json.loads(init) if isinstance(init, str) and init[:1] == "[" else init) if init else weight
    )
    per_layer = [(num_hidden, units)] * gates + [(projection_size, num_hidden)] * bool(projection_size)
    later = ([(num_hidden, units * directions)] * gates + per_layer) * directions * (num_layers - 1)
    known = sum(math.prod(block) for block in per_layer * directions + later) + biases
    inputs, odd = divmod(shape[0] - known, gates * num_hidden * directions)
    if odd or inputs < 1:
        raise ValueError(f"no input size makes {shape[0]} elements")
    blocks = ([(num_hidden, inputs)] * gates + per_layer) * directions + later
    return np.concatenate([*(fill(rng, block, **options).ravel() for block in blocks), bias.ravel()])


FILLS: dict[str, Fill] = {
    "zero": _constant,
    "zeros": _constant,
    "one": lambda rng, shape: _constant(rng, shape, 1.0),
    "ones": lambda rng, shape: _constant(rng, shape, 1.0),
    "constant": lambda rng, shape, value: _constant(rng, shape, value),
    "uniform": _uniform,
    "normal": _normal,
    "xavier": _xavier,
    "msraprelu": _msra_prelu,
    "orthogonal": _orthogonal,
    "bilinear": _bilinear,
    "lstmbias": _lstm_bias,
    "fusedrnn": _fused_rnn,
}
