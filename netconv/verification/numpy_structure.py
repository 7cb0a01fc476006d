"""What the ops of MXNet that rearrange and reduce arrays mean, and its recurrent layers, as in `numpy_ops.py`."""

from __future__ import annotations

import math

import numpy as np

from .numpy_ops import DEFINITIONS as DEFINITIONS
from .numpy_ops import Undefined, defines, require, sigmoid


@defines("Flatten")
def flatten(a, x):
    return x.reshape(len(x), -1)


@defines("Reshape")
def reshape(a, x):
    require(a.shape and not a.reverse)
    left, shape, codes = list(x.shape), [], list(a.shape)
    while codes:
        code = codes.pop(0)
        if code > 0 or code == -1:
            shape.append(code)
            left[:1] = []
        elif code == 0:
            shape.append(left.pop(0))
        elif code == -2:
            shape, left = shape + left, []
        elif code == -3:
            shape.append(left.pop(0) * left.pop(0))
        elif code == -4:
            size, one, other = left.pop(0), codes.pop(0), codes.pop(0)
            shape += [size // other if one == -1 else one, size // one if other == -1 else other]
        else:
            raise Undefined
    return x.reshape(shape)


@defines("transpose")
def transpose(a, x):
    return x.transpose(a.axes or None)


@defines("SwapAxis")
def swap_axis(a, x):
    return x.swapaxes(a.dim1, a.dim2)


@defines("expand_dims")
def expand_dims(a, x):
    return np.expand_dims(x, a.axis)


@defines("squeeze")
def squeeze(a, x):
    return np.squeeze(x, a.axis)


@defines("Concat")
def concat(a, *x):
    return np.concatenate(x, a.dim)


@defines("stack")
def stack(a, *x):
    return np.stack(x, a.axis)


@defines("SliceChannel")
def slice_channel(a, x):
    parts = np.split(x, a.num_outputs, a.axis)
    return [part.squeeze(a.axis) for part in parts] if a.squeeze_axis else parts


@defines("slice_axis")
def slice_axis(a, x):
    cut = [slice(None)] * x.ndim
    cut[a.axis] = slice(a.begin, a.end)
    return x[tuple(cut)]


@defines("reverse")
def reverse(a, x):
    return np.flip(x, a.axis)


@defines("SequenceReverse")
def sequence_reverse(a, x):
    return np.flip(x, a.axis)


@defines("SequenceLast")
def sequence_last(a, x):
    return np.take(x, -1, a.axis)


@defines("UpSampling")
def up_sampling(a, x, *more):
    require(a.sample_type == "nearest" and not more)
    return x.repeat(a.scale, 2).repeat(a.scale, 3)


@defines("Pad")
def pad(a, x):
    widths = list(zip(a.pad_width[::2], a.pad_width[1::2], strict=True))
    if a.mode == "constant":
        return np.pad(x, widths, constant_values=a.constant_value)
    return np.pad(x, widths, mode=a.mode)


@defines("broadcast_axis")
def broadcast_axis(a, x):
    shape = list(x.shape)
    for axis, size in zip(a.axis, a.size, strict=True):
        shape[axis] = size
    return np.broadcast_to(x, shape)


@defines("broadcast_to")
def broadcast_to(a, x):
    return np.broadcast_to(x, [size or own for size, own in zip(a.shape, x.shape, strict=True)])


def _reduction(name: str, function) -> None:
    @defines(name)
    def reduce(a, x):
        axes = {axis % x.ndim for axis in a.axis or range(x.ndim)}
        if a.exclude:
            axes = {*range(x.ndim)} - axes
        return np.atleast_1d(function(x, axis=tuple(axes), keepdims=a.keepdims))


for _name, _function in {"sum": np.sum, "mean": np.mean, "max": np.max, "min": np.min}.items():
    _reduction(_name, _function)

GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}


@defines("RNN")
def rnn(a, x, parameters, *states):
    """Time first. The vector has the weights of all layers and directions, (gates x units, inputs) and (gates x units,
    units), then the two biases of each; the gates are i, f, c, o of an LSTM, and r, z, n of a GRU."""
    require(a.projection_size is None and len(states) <= 2)
    units, gates, ways = a.state_size, GATES[a.mode], 1 + a.bidirectional
    cells = _cut(parameters.reshape(-1), a.num_layers, ways, gates * units, x.shape[2], units)
    zeros = np.zeros((a.num_layers * ways, x.shape[1], units))
    hidden, memory, *_ = (np.broadcast_to(state, zeros.shape) for state in (*states, zeros, zeros))
    finals: list[tuple] = []
    for layer in range(a.num_layers):
        sides = []
        for way in range(ways):
            number = layer * ways + way
            steps = x[::-1] if way else x
            out, *last = _walk(a.mode, steps, cells[number], hidden[number], memory[number])
            sides.append(out[::-1] if way else out)
            finals.append(tuple(last))
        x = np.concatenate(sides, 2)
    return [x, *(np.stack(each) for each in zip(*finals, strict=True))]


def _cut(flat, layers: int, ways: int, rows: int, inputs: int, units: int):
    """The weights and biases of each layer and direction."""
    start = 0

    def take(*shape):
        nonlocal start
        start += math.prod(shape)
        return flat[start - math.prod(shape) : start].reshape(shape)

    sizes = [inputs if layer == 0 else units * ways for layer in range(layers) for _ in range(ways)]
    weights = [(take(rows, size), take(rows, units)) for size in sizes]
    return [(*pair, take(rows), take(rows)) for pair in weights]


def _walk(mode: str, steps, cell, hidden, memory):
    """The states of all steps, the last one, and the last memory of an LSTM."""
    weight, carried, bias, carried_bias = cell
    out = []
    for step in steps:
        given, own = step @ weight.T + bias, hidden @ carried.T + carried_bias
        if mode == "lstm":
            let_in, keep, new, show = np.split(given + own, 4, -1)
            memory = sigmoid(keep) * memory + sigmoid(let_in) * np.tanh(new)
            hidden = sigmoid(show) * np.tanh(memory)
        elif mode == "gru":
            (reset, update, new), (own_reset, own_update, own_new) = np.split(given, 3, -1), np.split(own, 3, -1)
            update = sigmoid(update + own_update)
            new = np.tanh(new + sigmoid(reset + own_reset) * own_new)
            hidden = (1 - update) * new + update * hidden
        else:
            hidden = np.tanh(given + own) if mode == "rnn_tanh" else np.maximum(given + own, 0)
        out.append(hidden)
    return np.stack(out), hidden, *([memory] if mode == "lstm" else [])
