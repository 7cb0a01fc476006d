"""Control flow: loops and branches whose bodies are subgraphs. A loop is unrolled; of a branch both sides are computed
and one is selected."""

from collections.abc import Iterable

from ..graph.attributes import Ints
from ..graph.graph import Edge, Node
from ..graph.partial_shape import ShapeMismatch, merge
from ..keras_api.lazy import ops
from ..kernels.layout import as_they_are
from . import registry
from .registry import translates

LONGEST_WHILE, LONGEST_FOREACH = 1000, 10_000
"""Largest number of steps that a loop is unrolled to."""


def _condition(value):
    """Whether a condition of one element is not 0, as a scalar tensor."""
    return ops.reshape(ops.not_equal(value.natural(), 0), ())


_BODIES = "the shapes of its bodies, which are graphs of their own, are known when they are built"


@translates("_cond", layout=as_they_are, ignores="num_outputs", shape=_BODIES)
def cond(at, *data, cond_input_locs: Ints, then_input_locs: Ints, else_input_locs: Ints):
    given = [[data[i] for i in positions] for positions in (cond_input_locs, then_input_locs, else_input_locs)]
    (condition,), one, two = (at.subgraph(number, values) for number, values in enumerate(given))
    chosen = _condition(condition)
    return [ops.where(chosen, a.natural(), b.natural()) for a, b in zip(one, two, strict=True)]


@translates("_while_loop", layout=as_they_are, ignores="num_outputs", shape=_BODIES)
def while_loop(
    at, *data, num_out_data: int, max_iterations: int, cond_input_locs: Ints, func_input_locs: Ints, func_var_locs: Ints
):
    """Computes all `max_iterations` steps; steps after the condition is false change nothing, and their outputs are
    0."""
    if max_iterations > LONGEST_WHILE:
        raise at.error(f"attribute 'max_iterations' must be at most {LONGEST_WHILE} to be unrolled", max_iterations)
    values = list(data)
    positions = [func_input_locs[i] for i in func_var_locs]
    active, outputs = None, []
    for _ in range(max_iterations):
        (condition,) = at.subgraph(0, [values[i] for i in cond_input_locs])
        active = _condition(condition) if active is None else ops.logical_and(active, _condition(condition))
        results = at.subgraph(1, [values[i] for i in func_input_locs])
        step = [r.natural() for r in results[:num_out_data]]
        outputs.append([ops.where(active, x, ops.zeros_like(x)) for x in step])
        for position, new in zip(positions, results[num_out_data:], strict=True):
            values[position] = at.ordered(ops.where(active, new.natural(), values[position].natural()))
    return [*(ops.stack(list(row), 0) for row in zip(*outputs, strict=True)), *(values[i] for i in positions)]


def subgraph_inputs(node: Node) -> list[list[tuple[Edge, int]]]:
    """For each subgraph of a control flow node, pairs of an input of the node and the null node of the subgraph that
    stands for it; empty for other nodes."""
    if not node.subgraphs:
        return []
    nulls = [[i for i, inner in enumerate(graph.nodes) if inner.op == "null"] for graph in node.subgraphs]
    attributes = registry.typed_attributes(node)
    if "in_data_locs" in attributes:  # data, states and other inputs, each with its index among the null nodes
        positions = (*attributes["in_data_locs"], *attributes["in_state_locs"], *attributes["remain_locs"])
        pairs = zip(node.inputs, positions, strict=False)
        return [[(edge, nulls[0][p]) for edge, p in pairs if 0 <= p < len(nulls[0])]]
    names = [name for name in registry.translation(node.op).attributes if name.endswith("_input_locs")]
    return [
        [(node.inputs[i], null) for i, null in zip(attributes[name], inner, strict=False) if 0 <= i < len(node.inputs)]
        for name, inner in zip(names, nulls, strict=False)
    ]


def _foreach_shape(a, ins, outs, guess=False):
    """Each step reads the data without their first axis; the shapes of states do not change from step to step."""
    if not a._node.subgraphs:
        return ins, outs
    nulls = [null for _, null in subgraph_inputs(a._node)[0]]
    if len(nulls) != len(ins):
        raise ShapeMismatch("attributes 'in_data_locs', 'in_state_locs' and 'remain_locs' must name each input once")
    data, states = len(a.in_data_locs), len(a.in_state_locs)
    time = next((x[0] for x in [*ins[:data], *outs[: a.num_out_data]] if x and x[0] is not None), None)
    seeds = [x and x[1:] for x in ins[:data]] + ins[data:]
    inner = a._inner(a._node.subgraphs[0], dict(zip(nulls, seeds, strict=True)))
    if inner is None:
        return ins, outs
    heads, ends = inner.graph.heads[: a.num_out_data], inner.graph.heads[a.num_out_data : a.num_out_data + states]
    inner.refine((e, x[1:]) for e, x in zip(heads, outs, strict=False) if x)
    dirty: Iterable[int] = range(len(inner.rules))
    for _ in range(2):  # once more with the shapes of the states after the first step
        inner.propagate(dirty)
        if guess:
            inner.guess_shapes()
        for null, end in zip(nulls[data : data + states], ends, strict=False):
            both = merge(inner.shape(Edge(null)), inner.shape(end))
            dirty = {*dirty, *inner.refine([(Edge(null), both), (end, both)] if both is not None else [])}
    found = [inner.shape(Edge(null)) for null in nulls]
    steps = [None if x is None else (time, *x) for x in (*found[:data], *(inner.shape(e) for e in heads))]
    return [*steps[:data], *found[data:]], [*steps[data:], *(inner.shape(e) for e in ends)]


def _foreach_guess(a, ins, outs):
    return _foreach_shape(a, ins, outs, guess=True)[0]


@translates("_foreach", layout=as_they_are, ignores="num_outputs", shape=_foreach_shape, likely=_foreach_guess)
def foreach(at, *args, num_out_data: int, in_data_locs: Ints, in_state_locs: Ints, remain_locs: Ints):
    """Unrolled along the first axis of the data; the inputs are data, then states, then inputs that every step
    reads."""
    data = args[: len(in_data_locs)]
    states = list(args[len(in_data_locs) : len(in_data_locs) + len(in_state_locs)])
    rest = args[len(in_data_locs) + len(in_state_locs) :]
    steps = data[0].shape[0]
    if steps is None or steps > LONGEST_FOREACH:
        raise at.open(f"needs a known number of steps of at most {LONGEST_FOREACH}", steps)
    # One split for each sequence, along time in any layout.
    cuts = [_steps(at, value) for value in data]
    outputs: list[list] = []
    for step in range(steps):
        given = dict(zip(in_data_locs, (cut[step] for cut in cuts), strict=True))
        given |= dict(zip(in_state_locs, states, strict=True)) | dict(zip(remain_locs, rest, strict=True))
        results = at.subgraph(0, [given[i] for i in range(len(given))])
        outputs.append(results[:num_out_data])
        states = results[num_out_data:]
    stacked = [ops.stack([step[i].natural() for step in outputs], 0) for i in range(num_out_data)]
    return [*stacked, *states]


def _steps(at, value) -> list:
    """Slices of a sequence along its first axis in MXNet's order."""
    order = value.order if isinstance(value.order, tuple) else tuple(range(value.rank))
    left = [axis for axis in order if axis != 0]
    order_left = tuple(sorted(left).index(axis) for axis in left)
    return [at.ordered(step, order_left) for step in ops.unstack(value.to(order), axis=order.index(0))]
