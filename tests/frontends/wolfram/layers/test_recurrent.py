"""Recurrent layers, against numpy written from the definitions."""

import numpy as np
import pytest
from wolfram_files import FALSE, NONE, TRUE, call, chain, graph, layer, linear, rule, tensor
from wolfram_layers import Cases, arrays_of, check, drawn, sigmoid

from netconv.frontends.wolfram.expressions import Symbol

LAYERS = case = Cases()


GATES = {
    "LongShortTermMemory": ("InputGate", "OutputGate", "ForgetGate", "MemoryGate"),
    "GatedRecurrent": ("InputGate", "ResetGate", "MemoryGate"),
    "BasicRecurrent": ("",),
}


def recurrent(file, kind, steps, size, units, dropout=NONE):
    """A layer and the function of a sequence (time, size) that it computes."""
    arrays = {}
    for gate in GATES[kind]:
        arrays |= {
            f"{gate}InputWeights": file.array(units, size),
            f"{gate}StateWeights": file.array(units, units),
            f"{gate}Biases": file.array(units),
        }
    states = {"State": tensor(units)} | ({"CellState": tensor(units)} if kind == "LongShortTermMemory" else {})
    parameters = {"OutputSize": units, "Dropout": call("ValidatedParameter", dropout), "$InputSize": size}
    net = layer(kind, tensor(steps, size), tensor(steps, units), parameters, arrays, States=states)
    values = {name: file.arrays[reference.args[0] - 1].astype("float64") for name, reference in arrays.items()}

    def gate(name, x, h):
        return values[f"{name}InputWeights"] @ x + values[f"{name}Biases"], values[f"{name}StateWeights"] @ h

    def run(sequence):
        h, c, out = np.zeros(units), np.zeros(units), []
        for x in sequence:
            if kind == "LongShortTermMemory":
                i, o, f, m = (sum(gate(name, x, h)) for name in GATES[kind])
                c = sigmoid(f) * c + sigmoid(i) * np.tanh(m)
                h = sigmoid(o) * np.tanh(c)
            elif kind == "GatedRecurrent":
                z, r = (sigmoid(sum(gate(name, x, h))) for name in ("InputGate", "ResetGate"))
                given, carried = gate("MemoryGate", x, h)
                h = (1 - z) * np.tanh(given + r * carried) + z * h
            else:
                h = np.tanh(sum(gate("", x, h)))
            out.append(h)
        return np.stack(out)

    return net, run


def each(function, x):
    return np.stack([function(sequence) for sequence in x.astype("float64")])


for _kind in GATES:

    @case
    def made(file, kind=_kind):
        net, run = recurrent(file, kind, 5, 3, 4)
        x = drawn(2, 5, 3)
        return net, [x], [each(run, x)]

    LAYERS[_kind] = LAYERS.pop("made")


@case.trained("mean_squared_error")
def recurrent_layers_in_a_chain(file):
    one, run = recurrent(file, "GatedRecurrent", None, 3, 4)
    other, then = recurrent(file, "LongShortTermMemory", None, 4, 5, dropout=0.3)
    net = chain(one, other, layer("SequenceLast", tensor(None, 5), tensor(5)))
    x = drawn(2, 6, 3)
    return net, [x], [each(lambda s: then(run(s))[-1], x)]


@case
def recurrent_layer_with_a_state(file):
    """The state of the layer comes from another layer."""
    net, _ = recurrent(file, "BasicRecurrent", 3, 2, 4)
    nodes = {"l": linear(file, 5, 4), "r": net}
    made = graph(
        nodes,
        [".State0 -> l", ".Input -> r.Input", "r -> .Output"],
        {"Input": tensor(3, 2), "State0": tensor(5)},
        {"Output": tensor(3, 4)},
    )
    made["Edges"] += (
        rule(call("NetPath", "Nodes", "r", "States", "State"), call("NetPath", "Nodes", "l", "Outputs", "Output")),
    )
    x, s = drawn(2, 3, 2), drawn(2, 5, seed=6)
    wx, wh, b, w, c = arrays_of(file)
    h, out = s @ w.T + c, []
    for t in range(3):
        h = np.tanh(x[:, t] @ wx.T + b + h @ wh.T)
        out.append(h)
    return made, [x, s], [np.stack(out, 1)]


def _bidirectional(name, kind, aggregation, combine):
    def made(file):
        forward, run = recurrent(file, kind, 5, 3, 4)
        backward, other = recurrent(file, kind, 5, 3, 4)
        parameters = {
            "ForwardNet": forward,
            "BackwardNet": backward,
            "Aggregation": Symbol(aggregation),
            "$SequentialOutput": TRUE,
        }
        x = drawn(2, 5, 3)
        out = combine(each(run, x), each(lambda s: other(s[::-1])[::-1], x))
        return layer("NetBidirectional", tensor(5, 3), tensor(*out.shape[1:]), parameters), [x], [out]

    LAYERS[f"bidirectional_{name}"] = made


_bidirectional("lstm", "LongShortTermMemory", "Catenate", lambda a, b: np.concatenate([a, b], 2))
_bidirectional("gru", "GatedRecurrent", "Catenate", lambda a, b: np.concatenate([a, b], 2))
_bidirectional("basic", "BasicRecurrent", "Total", lambda a, b: a + b)
_bidirectional("mean", "GatedRecurrent", "Mean", lambda a, b: (a + b) / 2)


@case.trained("mean_squared_error")
def bidirectional_of_last_elements(file):
    forward, run = recurrent(file, "BasicRecurrent", 5, 3, 4)
    backward, other = recurrent(file, "BasicRecurrent", 5, 3, 4)
    last = layer("SequenceLast", tensor(5, 4), tensor(4))
    parameters = {
        "ForwardNet": chain(forward, last),
        "BackwardNet": chain(backward, last),
        "Aggregation": Symbol("Catenate"),
        "$SequentialOutput": FALSE,
    }
    x = drawn(2, 5, 3)
    out = np.concatenate([each(lambda s: run(s)[-1], x), each(lambda s: other(s[::-1])[-1], x)], 1)
    return layer("NetBidirectional", tensor(5, 3), tensor(8), parameters), [x], [out]


@pytest.mark.parametrize("name", LAYERS)
def test_layer(name, tmp_path):
    check(LAYERS[name], tmp_path)
