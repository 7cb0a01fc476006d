"""Recurrent layers, and ops on sequences."""

from . import Case, case, forward, free, given, outputs, w, x

GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}
STATES = {"lstm": 2, "gru": 1, "rnn_tanh": 1, "rnn_relu": 1}


def rnn(
    mode: str, layers: int, both: bool, states: bool, time: int = 4, width: int = 3, units: int = 2, **attrs
) -> Case:
    """One op for all layers; its parameters are one vector: all weights, then all biases."""
    ways, gates, projected = 1 + both, GATES[mode], attrs.get("projection_size") or 0
    size = projected or units
    widths = [width] + [ways * size] * (layers - 1)
    vector = w(sum(ways * (gates * units * (n + size + 2) + projected * units) for n in widths))
    initial = [x(layers * ways, 2, n) for n in (size, units)[: STATES[mode]]]
    row = case(
        "RNN",
        x(time, 2, width),
        vector,
        *initial,
        mode=mode,
        state_size=units,
        num_layers=layers,
        bidirectional=both,
        state_outputs=states,
        **attrs,
    )
    return outputs(1 + STATES[mode] * states, row)


PROJECTED = [
    forward(rnn("lstm", layers, both, True, units=4, projection_size=3)) for layers in (1, 2) for both in (False, True)
]
"""MXNet has no gradient for them on a CPU, and crashes if the states are not outputs."""
LENGTHS = given(2, 5, 1)

CASES = [
    *PROJECTED,
    *(
        rnn(mode, layers, both, states)
        for mode in GATES
        for layers in (1, 2)
        for both in (False, True)
        for states in (False, True)
    ),
    rnn("lstm", 3, False, False),
    rnn("gru", 1, False, True, time=1),
    forward(rnn("lstm", 2, False, True, p=0.5)),
    rnn(
        "lstm",
        1,
        False,
        False,
        p="0.0",
        use_sequence_length=False,
        projection_size=None,
        lstm_state_clip_min=None,
        lstm_state_clip_max=None,
        lstm_state_clip_nan=False,
    ),
    case("SequenceLast", x(5, 3, 2)),
    case("SequenceLast", x(3, 5, 2), axis=1),
    case("SequenceLast", x(3, 5, 2), axis=1, use_sequence_length="false"),
    forward(case("SequenceLast", x(5, 3, 2), LENGTHS, use_sequence_length=True)),
    forward(case("SequenceLast", x(3, 5, 2), LENGTHS, use_sequence_length="true", axis=1)),
    case("SequenceReverse", x(5, 3, 2)),
    case("SequenceReverse", x(5, 3, 2), use_sequence_length="false"),
    forward(case("SequenceReverse", x(5, 3, 2), LENGTHS, use_sequence_length=True)),
    forward(case("SequenceReverse", x(5, 3, 2, 2), LENGTHS, use_sequence_length=True)),
    case("SequenceMask", x(5, 3, 2)),
    case("SequenceMask", x(5, 3, 2), use_sequence_length="False", value=3),
    forward(case("SequenceMask", x(5, 3, 2), LENGTHS, use_sequence_length=True)),
    forward(case("SequenceMask", x(5, 3, 2), LENGTHS, use_sequence_length="true", value="-1e37")),
    forward(case("SequenceMask", x(3, 5, 2), LENGTHS, use_sequence_length=True, axis=1, value=0.5)),
    forward(case("SequenceMask", x(5, 3), LENGTHS, use_sequence_length=True)),
    *(
        forward(free(case(op, x(5, 3, 2), given(5, 2, 1), use_sequence_length=True)))
        for op in ("SequenceMask", "SequenceLast", "SequenceReverse")
    ),
]
