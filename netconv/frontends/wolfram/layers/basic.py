"""Layers of single vectors and numbers: linear layers, functions, embeddings, constants."""

from __future__ import annotations

from ....graph.graph import Edge
from ..builder import Layer
from ..functions import apply
from .registry import layer


@layer("Linear", implied="OutputDimensions Size")
def linear(at: Layer) -> Edge:
    """Every axis of the input becomes one, row by row; the output may have any number of axes."""
    biases, output = at.array("Biases", optional=True), at.output_shape
    if None in output:
        raise at.error("the shape of its output has a length that is not known")
    units = 1
    for length in output:
        units *= length or 1
    data = at.input if at.shape else at.reshape(at.input, (), (1,))
    arrays = [at.required("Weights")] + ([] if biases is None else [biases])
    data = at.main("FullyConnected", data, *arrays, num_hidden=units, no_bias=biases is None)
    return at.reshape(data, (units,), output)


@layer("Elementwise")
def elementwise(at: Layer) -> Edge:
    return apply(at, at.parameter("Function"), [at.input])


@layer("ParametricRamp")
def parametric_ramp(at: Layer) -> Edge:
    return at.main("LeakyReLU", at.input, at.required("Slope"), act_type="prelu")


@layer("Softmax")
def softmax(at: Layer) -> Edge:
    level, rank = at.parameter("Level", -1), len(at.shape)
    if type(level) is not int or not 1 <= abs(level) <= rank:
        raise at.error(f"parameter Level must be a level of an input of {rank} axes", level)
    return at.main("softmax", at.input, axis=level if level > 0 else rank + 1 + level)


@layer("Dropout")
def dropout(at: Layer) -> Edge:
    """Drops in training only."""
    rate, method = at.number("DropoutProbability", 0.5), at.symbol("Method", "Dropout")
    if not 0 <= rate < 1:
        raise at.error("parameter DropoutProbability must be at least 0 and less than 1", rate)
    if method not in ("Dropout", "AlphaDropout"):
        raise at.error("parameter Method must be Dropout or AlphaDropout", method)
    if rate == 0:
        return at.input
    data = at.main("Dropout", at.input, p=rate)
    return data if method == "Dropout" else _alpha_dropout(at, data, rate)


SELU = 1.6732632423543772 * 1.0507009873554805
"""The negative of the least value of a SELU (Klambauer et al. 2017)."""


def _alpha_dropout(at: Layer, data: Edge, rate: float) -> Edge:
    """Dropped elements get the least value of a SELU, and mean and variance stay."""
    mask = at("_MulScalar", at("_PlusScalar", Edge(data.node, 1), scalar=-1.0), scalar=SELU)
    scale = ((1 - rate) / (1 + SELU**2 * rate)) ** 0.5
    return at("_MulScalar", at("_Plus", data, mask), scalar=scale)


@layer("Embedding", implied="OutputDimension")
def embedding(at: Layer) -> Edge:
    """Classes count from 1."""
    classes, width = at.integer("ClassCount"), at.output_shape[-1] if at.output_shape else 0
    if not width:
        raise at.error("the shape of its output has a length that is not known")
    index = at("_PlusScalar", at.input, scalar=-1.0)
    return at.main("Embedding", index, at.required("Weights"), input_dim=classes, output_dim=width)


@layer("UnitVector", implied="ClassCount")
def unit_vector(at: Layer) -> Edge:
    """Classes count from 1."""
    depth = at.output_shape[-1] if at.output_shape else None
    if depth is None:
        raise at.error("the shape of its output has a length that is not known")
    index = at("_PlusScalar", at("Cast", at.input, dtype="int32"), scalar=-1.0)
    return at.main("one_hot", index, depth=depth)


@layer("ConstantArray", "NetArray", implied="Output Dimensions")
def constant_array(at: Layer) -> Edge:
    """The same array for every example of a batch."""
    array = at.required("Array")
    if at.reference is None:
        raise at.error("a net without inputs is not supported")
    # the array of a number has one element
    array = at("expand_dims", array, axis=0) if at.output_shape else at("Reshape", array, shape=(1,))
    return at.main("broadcast_like", array, at.reference, lhs_axes=(0,), rhs_axes=(0,))


@layer("ConstantPlus", implied="Dimensions")
def constant_plus(at: Layer) -> Edge:
    return at.main("broadcast_plus", at.input, _for_every_example(at, "Biases"))


@layer("ConstantTimes", implied="Dimensions")
def constant_times(at: Layer) -> Edge:
    return at.main("broadcast_mul", at.input, _for_every_example(at, "Scaling"))


def _for_every_example(at: Layer, name: str) -> Edge:
    if None in at.shape:
        raise at.error("the shape of its input has a length that is not known")
    return at("Reshape", at.required(name), shape=(1, *at.shape))


@layer("Total")
def total(at: Layer) -> Edge:
    inputs = list(at.inputs.values())
    return at.main("ElementWiseSum", *inputs, num_args=len(inputs)) if len(inputs) > 1 else at.input


@layer("Dot")
def dot(at: Layer) -> Edge:
    """The last axis of an input with the first axis of the next."""
    (found, left), *others = [(edge, at.shape_of(port)) for port, edge in at.inputs.items()]
    if not others:
        raise at.error("has two inputs or more", "1 input")
    for number, (other, right) in enumerate(others, 1):
        if not left or not right:
            raise at.error("its inputs must be vectors or arrays of more axes")
        found = at.reshape(found, left, (_product(left[:-1]), left[-1]))
        other = at.reshape(other, right, (right[0], _product(right[1:])))
        found = (at.main if number == len(others) else at)("batch_dot", found, other)
        found = at.reshape(found, (_product(left[:-1]), _product(right[1:])), (*left[:-1], *right[1:]))
        left = (*left[:-1], *right[1:])
    return found


def _product(lengths: tuple[int | None, ...]) -> int | None:
    """The number of elements; a single length may be unknown."""
    found = 1
    for length in lengths:
        if length is None:
            return None
        found *= length
    return found
