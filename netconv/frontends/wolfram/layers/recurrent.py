"""Recurrent layers: MXNet's fused op, with its vector of parameters joined from the arrays of the gates.

MXNet adds two biases to each gate, and Mathematica has one: the other is zero.
"""

from __future__ import annotations

from ....graph.graph import Edge
from ..builder import Layer
from ..expressions import Symbol
from .registry import layer
from .sequences import swapped

GATES = {
    "lstm": ("InputGate", "ForgetGate", "MemoryGate", "OutputGate"),
    "gru": ("ResetGate", "InputGate", "MemoryGate"),
    "rnn_tanh": ("",),
}
"""The gates in MXNet's order, by the mode of its op."""


@layer("LongShortTermMemory")
def long_short_term_memory(at: Layer) -> Edge:
    return _recurrent(at, "lstm", ("State", "CellState"))


@layer("GatedRecurrent")
def gated_recurrent(at: Layer) -> Edge:
    """The input gate is the part of the state that stays; the reset gate is applied after the product."""
    return _recurrent(at, "gru", ("State",))


@layer("BasicRecurrent")
def basic_recurrent(at: Layer) -> Edge:
    return _recurrent(at, "rnn_tanh", ("State",))


def _recurrent(at: Layer, mode: str, states: tuple[str, ...]) -> Edge:
    """All steps. The states start at zero unless the net around the layer gives them."""
    units = at.integer("OutputSize")
    starts = [state(at, name, (units,)) for name in states]
    inputs = [at("expand_dims", start, axis=0) for start in starts]
    hints = {}
    if at.parameter("Dropout", Symbol("None")) not in (Symbol("None"), 0, 0.0):
        hints = {"undropped": "1"}
    out = at.main(
        "RNN", swapped(at, at.input), _parameters(at, mode, units), *inputs,
        hints=hints, state_size=units, num_layers=1, mode=mode, state_outputs=True,
    )  # fmt: skip
    finals = [Edge(out.node, number) for number in range(1, len(states) + 1)]
    for name, final in zip(states, finals, strict=True):
        finish(at, name, at("squeeze", final, axis=(0,)))
    return swapped(at, out)


def _parameters(at: Layer, mode: str, units: int) -> Edge:
    """The weights of the input, those of the state, the biases, and as many zeros."""
    roles = ("InputWeights", "StateWeights", "Biases")
    arrays = [at.required(f"{gate}{role}") for role in roles for gate in GATES[mode]]
    flat = [at("Reshape", array, shape=(-1,)) for array in arrays]
    zeros = at("_zeros", shape=(len(GATES[mode]) * units,))
    return at("_rnn_param_concat", *flat, zeros, num_args=len(flat) + 1, dim=0)


def state(at: Layer, name: str, shape: tuple[int | None, ...]) -> Edge:
    """The initial state: what the net around the layer gives, or an input that is zero by default."""
    if name in at.states:
        return at.states[name]
    return at.graph.add("null", f"{at.name}.{name}", hints={"shape": f"(0, {', '.join(map(str, shape))})"})


def finish(at: Layer, name: str, final: Edge) -> None:
    """Makes a final state available: to the net around the layer, or as an output with the name of the initial
    state."""
    at.final_states[name] = final
    if name not in at.states:
        at.graph.final_states.append(at.graph.add("BlockGrad", f"{at.name}.{name}", (final,)))
