"""Recurrent layers (Keras's own for MXNet's fused op), and ops on sequences."""

from typing import Literal

from ..graph.attributes import Count
from ..graph.partial_shape import ShapeMismatch, first_known, merge, of_rank
from ..graph.tracked_array import TrackedArray, sources
from ..keras_api.lazy import layers, ops
from ..kernels.layout import as_they_are
from ..kernels.positions import index_grid
from ..kernels.reshape import take_slice
from .registry import translates, translates_pattern

GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}
BATCH_MAJOR = (1, 0, 2)


def _batch_major(site, values, attributes):
    """The data as (batch, time, features), whatever MXNet's order of axes is; the other inputs in MXNet's order."""
    data, parameters, *states = values
    return [data.to(BATCH_MAJOR), parameters, *(v and v.natural() for v in states)], attributes, BATCH_MAJOR


def _keras_gates(mode: str, array: TrackedArray, units: int) -> TrackedArray:
    """MXNet's order of gates to Keras's: LSTM has i, f, c, o in both; GRU's r, z, n become z, r, n."""
    if mode != "gru":
        return array
    gates = [array[i * units : (i + 1) * units] for i in range(3)]
    return TrackedArray.concatenate([gates[1], gates[0], gates[2]])


def _weights(at, mode, flat: TrackedArray, inputs: int, units: int, num_layers: int, directions: int, projection: int):
    """Splits MXNet's flat vector: the weights of all layers and directions, then the biases.

    Returns for each layer and direction {"kernel": ..., "recurrent_kernel": ..., "bias": ...} in Keras's layout, and
    "projection" if the state is projected; and whether the data needs a constant feature (`_append_ones`).
    """
    gates, state = GATES[mode], projection or units
    sizes = [inputs] + [state * directions] * (num_layers - 1)
    want = sum(directions * (gates * units * (size + state + 2) + projection * units) for size in sizes)
    if flat.size != want:
        raise at.error(f"parameters must have {want} elements for data of {inputs} features", flat.size)
    flat, start = flat.reshape((-1,)), 0

    def cut(shape):
        nonlocal start
        size = shape[0] * (shape[1] if len(shape) > 1 else 1)
        start += size
        return _keras_gates(mode, flat[start - size : start].reshape(shape), units)

    cells = [
        {"kernel": cut((gates * units, size)).T, "recurrent_kernel": cut((gates * units, state)).T}
        | ({"projection": cut((projection, units)).T} if projection else {})
        for size in sizes
        for _ in range(directions)
    ]
    pairs = [[cut((gates * units,)) for _ in range(2)] for _ in cells]
    if not any(sources(carried.origin) for _, carried in pairs):  # the zeros beside the biases of Mathematica
        pairs = [[given, None] for given, _ in pairs]
    beside = False
    for cell, (given, carried) in zip(cells, pairs, strict=True):
        cell["kernel"], cell["bias"], beside = _fold_bias(mode, cell["kernel"], given, carried)
    return cells, beside


def _fold_bias(mode: str, kernel: TrackedArray, given: TrackedArray | None, carried: TrackedArray | None) -> tuple:
    """The kernel and the bias of a Keras layer, from the biases of the input and of the state; and whether the data
    needs a constant feature (`_append_ones`).

    The two biases are trained separately. Only Keras's GRU has a weight for both, and no weight for a single one; in
    all other cases the input bias becomes a row of the kernel, multiplied by a feature that is always 1.
    """
    if mode == "gru" and given and carried:
        return kernel, TrackedArray.concatenate([given.reshape((1, -1)), carried.reshape((1, -1))]), False
    if given and (carried is None) == (mode == "gru"):
        return TrackedArray.concatenate([kernel, given.reshape((1, -1))]), carried, True
    return kernel, carried or given, False


def _append_ones(data):
    return ops.pad(data, ((0, 0), (0, 0), (0, 1)), constant_values=1)


def _rnn_shape(a, ins, outs):
    """Time first. The length of the flat vector is linear in the input size. Source: GetRnnParamSize in MXNet's
    src/operator/rnn-inl.h."""
    (time, batch, size), out = of_rank(ins[0], 3), of_rank(outs[0], 3)
    directions = 2 if a.bidirectional else 1
    units = a.state_size if a.projection_size is None else a.projection_size
    rows = GATES[a.mode] * a.state_size * directions
    later = rows * (units * directions + units + 2) * (a.num_layers - 1) + rows * (units + 2)
    if a.projection_size is not None:
        later += a.projection_size * a.state_size * a.num_layers * directions
    (flat,) = of_rank(ins[1], 1)
    if flat is not None and size is None and rows:
        if flat <= later or (flat - later) % rows:
            raise ShapeMismatch(
                f"parameters cannot have {flat} elements: they are {rows} for each input and {later} more"
            )
        size = (flat - later) // rows
    time, batch = first_known(time, out[0]), first_known(batch, out[1])
    state, cell = ((a.num_layers * directions, batch, n) for n in (units, a.state_size))
    claims = [(time, batch, size), (None if size is None else rows * size + later,), state]
    if a.mode == "lstm":
        claims.append(cell)
    return claims, [(time, batch, units * directions), state, cell]


@translates("RNN", layout=_batch_major, ignores="state_outputs lstm_state_clip_nan", shape=_rnn_shape)
def rnn(
    at,
    data,
    parameters: TrackedArray,
    state=None,
    state_cell=None,
    _sequence_length=None,
    *,
    state_size: int,
    num_layers: int,
    mode: Literal["gru", "lstm", "rnn_relu", "rnn_tanh"],
    bidirectional: bool = False,
    p: float = 0.0,
    projection_size: Count | None = None,
    lstm_state_clip_min: float | None = None,
    lstm_state_clip_max: float | None = None,
    use_sequence_length: bool = False,
):
    """A Keras layer for each of MXNet's layers, or a pair for two directions."""
    if projection_size is not None and mode != "lstm":
        raise at.error("projection_size is for mode lstm only", mode)
    if lstm_state_clip_min is not None or lstm_state_clip_max is not None:
        raise at.error("lstm_state_clip is not supported: MXNet clips the cell state on a GPU only")
    if use_sequence_length:
        raise at.error(
            "use_sequence_length is not supported: MXNet uses the lengths on a GPU only; export with a fixed length"
        )
    if not 0 <= p < 1:
        raise at.error("attribute 'p' must be in [0, 1)", p)
    if not isinstance(parameters, TrackedArray):
        raise at.error("parameters must be stored in the parameter file, not computed")
    if "undropped" in at.node.hints:
        at.note(f"the weights of {at.node.name!r} are not dropped in training, as they are in Mathematica")
    directions = 2 if bidirectional else 1
    cells, beside = _weights(
        at, mode, parameters, data.shape[-1], state_size, num_layers, directions, projection_size or 0
    )
    starts = [s for s, position in ((state, 2), (state_cell, 3)) if s is not None and not at.is_zero(position)]
    if starts and mode == "lstm" and len(starts) < 2:
        starts = [s for s in (state, state_cell) if s is not None]
    if projection_size is not None:
        return _lstm_with_projection(at, data, cells, beside, starts, directions, p)
    return_state = bool(at.used - {0}) or at.is_shared_unsafely(parameters)
    return _stacked(at, data, mode, state_size, cells, beside, starts, directions, p, return_state)


def _stacked(
    at, data, mode: str, units: int, cells, beside: bool, starts, directions: int, p: float, return_state: bool
):
    """Stacks Keras layers: returns all steps, then the last states of every layer and direction."""
    finals: list[list] = []
    layer_count = len(cells) // directions
    for number in range(layer_count):
        part = None if layer_count == 1 else f"{number}"
        if number and p > 0:
            data = at.layer(layers.Dropout, p, seed=at.index + number, part=f"{number}.dropout")(data)
        mine = range(number * directions, (number + 1) * directions)
        layer = _keras_layer(at, part, mode, units, [cells[i] for i in mine], return_state)
        initial = [s[i] for i in mine for s in starts] or None
        out = layer(_append_ones(data) if beside else data, initial_state=initial)
        data, *last = out if return_state else [out]
        each = len(last) // directions
        finals.extend(last[i * each : (i + 1) * each] for i in range(directions if return_state else 0))
    states = [ops.stack(list(each), 0) for each in zip(*finals, strict=True)]
    return [at.ordered(data, BATCH_MAJOR), *map(at.ordered, states)]


def _keras_layer(at, part: str | None, mode: str, units: int, cells, return_state: bool):
    """A layer with the weights of one cell, or a bidirectional layer with those of two."""
    kind = {"lstm": layers.LSTM, "gru": layers.GRU}.get(mode, layers.SimpleRNN)
    config = {"return_sequences": True, "return_state": return_state, "seed": 0} | at.precision()
    if mode == "lstm":
        config["unit_forget_bias"] = False
    if mode == "rnn_relu":
        config["activation"] = "relu"
    if cells[0]["bias"] is None:
        config["use_bias"] = False
        cells = [{role: array for role, array in cell.items() if array is not None} for cell in cells]
    if len(cells) == 1:
        weights = {f"cell.{role}": array for role, array in cells[0].items()}
        return at.layer(kind, units, part=part, weights=weights, **config)
    forward = kind(units, name=f"{at.name(part)}_forward", **config)
    backward = kind(units, name=f"{at.name(part)}_backward", go_backwards=True, **config)
    weights = {
        f"{side}_layer.cell.{role}": array
        for side, cell in zip(("forward", "backward"), cells, strict=True)
        for role, array in cell.items()
    }
    return at.layer(layers.Bidirectional, forward, backward_layer=backward, part=part, weights=weights)


LONGEST = 10_000
"""Largest number of steps that a layer is unrolled to."""


def _lstm_with_projection(at, data, cells, beside: bool, starts, directions: int, p: float):
    """LSTM layers with a projection of their state: unrolled, because Keras has no such layer."""
    if data.shape[1] is None or data.shape[1] > LONGEST:
        raise at.open(f"needs a known number of steps of at most {LONGEST}", data.shape[1])
    finals = []
    for first in range(0, len(cells), directions):
        number = first // directions
        if number and p > 0:
            data = at.layer(layers.Dropout, p, seed=at.index + number, part=f"{number}.dropout")(data)
        data, sides = _append_ones(data) if beside else data, []
        for way in range(directions):
            start = [s[first + way] for s in starts]
            walked, *last = _unrolled_lstm(at, data, cells[first + way], start, way == 1, f"{number}.{way}")
            sides.append(walked)
            finals.append(last)
        data = ops.concatenate(sides, -1)
    states = [ops.stack(each, 0) for each in zip(*finals, strict=True)]
    return [at.ordered(data, BATCH_MAJOR), *map(at.ordered, states)]


def _unrolled_lstm(at, data, cell, start, backwards: bool, part: str):
    """The states of all steps, and the last state and cell state."""
    units, size = cell["projection"].shape
    given = at.layer(layers.Dense, 4 * units, use_bias=False, weights={"kernel": cell["kernel"]}, part=f"{part}.input")
    carried = {"kernel": cell["recurrent_kernel"], "bias": cell["bias"]}
    carry = at.layer(layers.Dense, 4 * units, weights=carried, part=f"{part}.state")
    down = {"kernel": cell["projection"]}
    project = at.layer(layers.Dense, size, use_bias=False, weights=down, part=f"{part}.projection")
    steps = ops.unstack(given(data), axis=1)
    state, memory = start or (ops.zeros_like(steps[0][:, :size]), ops.zeros_like(steps[0][:, :units]))
    walked = []
    for step in steps[::-1] if backwards else steps:
        let_in, keep, new, show = ops.split(ops.add(step, carry(state)), 4, -1)
        memory = ops.add(ops.multiply(ops.sigmoid(keep), memory), ops.multiply(ops.sigmoid(let_in), ops.tanh(new)))
        state = project(ops.multiply(ops.sigmoid(show), ops.tanh(memory)))
        walked.append(state)
    return ops.stack(walked[::-1] if backwards else walked, 1), state, memory


SHORT = 32
"""Largest number of steps for which Keras unrolls the layer, which is faster than its loop for so few."""


@translates_pattern("recurrent", layout=as_they_are)
def recurrent(
    at,
    data,
    input_weights: TrackedArray,
    state_weights: TrackedArray,
    input_biases: TrackedArray,
    state_biases: TrackedArray,
    state,
    state_cell=None,
    *,
    mode: Literal["gru", "lstm", "rnn_relu", "rnn_tanh"],
    backwards: bool = False,
):
    """A layer that was unrolled in the net: data (batch, time, features), gates in Keras's order. Returns all states,
    in the order of the steps, and the last ones."""
    cls = {"lstm": layers.LSTM, "gru": layers.GRU}.get(mode, layers.SimpleRNN)
    given, carried = (None if b.origin[0] == "constant" else b for b in (input_biases, state_biases))
    kernel, bias, beside = _fold_bias(mode, input_weights.T, given, carried)
    tensor = _append_ones(data.natural()) if beside else data.natural()
    weights = {"cell.kernel": kernel, "cell.recurrent_kernel": state_weights.T, "cell.bias": bias}
    config = {"unroll": tensor.shape[1] <= SHORT, "use_bias": bias is not None, "go_backwards": backwards, "seed": 0}
    wanted = {0, 1, 2} if at.is_shared_unsafely(input_weights) else at.used
    config |= {"return_sequences": 0 in wanted, "return_state": bool(wanted - {0}) and wanted != {1}}
    if mode == "lstm":
        config["unit_forget_bias"] = False
    if mode == "rnn_relu":
        config["activation"] = "relu"
    states = [state] if state_cell is None else [state, state_cell]
    starts = None if all(at.is_zero(5 + i) for i in range(len(states))) else [s.natural() for s in states]
    layer = at.layer(cls, state_weights.shape[1], weights=weights, **config)
    out = layer(tensor, initial_state=starts)
    if not config["return_state"]:
        return [out] if config["return_sequences"] else [None, out]
    return [out[0] if config["return_sequences"] else None, *out[1:]]


def _sequence_last_shape(a, ins, outs):
    data, out = ins[0], outs[0]
    if data is None and out:
        data = (*out[: a.axis], None, *out[a.axis :])
    data, *lengths = _sequence(a, data, ins[1:])
    return [data, *lengths], [None if data is None else (*data[: a.axis], *data[a.axis + 1 :])]


@translates("SequenceLast", layout=as_they_are, shape=_sequence_last_shape)
def sequence_last(at, data, sequence_length=None, *, use_sequence_length: bool = False, axis: int = 0):
    """The last step, or the last valid step of each sequence."""
    if not use_sequence_length:
        order = data.order if isinstance(data.order, tuple) else tuple(range(data.rank))
        tensor = data.to(order)
        out = take_slice(tensor, order.index(axis), -1)
        left = [a for a in order if a != axis]
        return at.ordered(out, tuple(sorted(left).index(a) for a in left))
    tensor = data.to((axis, 1 - axis, *range(2, data.rank)))  # time first
    last = ops.subtract(ops.cast(sequence_length.natural(), "int32"), 1)
    chosen = ops.equal(index_grid(tensor, 0), ops.reshape(last, (1, -1, *(1,) * (data.rank - 2))))
    return ops.sum(ops.where(chosen, tensor, ops.zeros_like(tensor)), 0)


def _sequence(a, data, lengths) -> list:
    """Data, and a length for each example."""
    if a.axis not in (0, 1):
        raise ShapeMismatch("attribute 'axis' must be 0 or 1", a.axis)
    if data is None or len(data) < 2:
        return [data, *lengths]
    batch = data[1 - a.axis]
    if lengths:
        (batch,) = merge((batch,), of_rank(lengths[0], 1)) or (None,)
    data = (data[0], batch, *data[2:]) if a.axis == 0 else (batch, *data[1:])
    return [data, *[(batch,)] * len(lengths)]


def _sequence_shape(a, ins, outs):
    claims = _sequence(a, merge(ins[0], outs[0]), ins[1:])
    return claims, claims[:1]


@translates("SequenceMask", layout=as_they_are, shape=_sequence_shape)
def sequence_mask(
    at, data, sequence_length=None, *, use_sequence_length: bool = False, value: float = 0.0, axis: int = 0
):
    if not use_sequence_length:
        return data
    tensor = data.natural()
    rank = data.rank
    length = ops.cast(sequence_length.natural(), "int32")
    length = ops.reshape(length, [-1 if i == 1 - axis else 1 for i in range(rank)])
    return ops.where(ops.less(index_grid(tensor, axis), length), tensor, ops.full_like(tensor, value))


@translates("SequenceReverse", shape=_sequence_shape)
def sequence_reverse(at, data, sequence_length=None, *, use_sequence_length: bool = False, axis: int = 0):
    """Time first; with lengths only the valid steps are reversed."""
    if axis != 0:
        raise at.error("attribute 'axis' must be 0", axis)
    if not use_sequence_length:
        return ops.flip(data, 0)
    steps = index_grid(data, 0)
    length = ops.reshape(ops.cast(sequence_length, "int32"), (1, -1, *(1,) * (len(data.shape) - 2)))
    source = ops.where(ops.less(steps, length), ops.subtract(ops.subtract(length, 1), steps), steps)
    return ops.take_along_axis(data, ops.add(source, ops.zeros_like(data, dtype="int32")), 0)
