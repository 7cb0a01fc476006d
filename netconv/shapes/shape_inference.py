"""Infers all shapes of a graph: forward from its inputs, and backward from stored arrays to inputs without a given
shape.

Knows the registry, no single op, and neither numpy nor Keras. Lengths are in MXNet's axis order, batch axis included;
None is an unknown length, and the whole shape is None where the rank is unknown.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice

from ..errors import NetconvError, NodeError, OpenShape, ShapeError, UnknownShape, option
from ..graph.attributes import Ints, parse
from ..graph.graph import Edge, Graph, Node
from ..graph.partial_shape import Lengths, Shape, ShapeMismatch, format_shape, merge
from .parameter_roles import Role, parameters
from .propagation import BATCHES, ShapeSolver
from .questions import FEWER_STEPS, MOST_EXAMPLES, MOST_NODES, MOST_OF_A_RANK, RANKS, examples, fill_open_axes, question
from .size_search import MOST_STEPS, Undecided, try_sizes


@dataclass(frozen=True)
class Inferred:
    """`inputs` and `arrays` are the shapes of the inputs and of the parameters without a stored array, by node index;
    `notes` has a sentence for each input whose shape was inferred."""

    inputs: dict[int, Lengths]
    arrays: dict[int, Shape]
    notes: tuple[str, ...]


BATCH_RANKS: dict[Lengths, int] = {(None,): 0, (1,): 1}


class UnknownParameter(ShapeError):
    """The shape of a parameter cannot be inferred from any shape of the inputs."""


def forward(graph: Graph, known: Mapping[int, Shape]) -> dict[Edge, Shape]:
    """Infers the shapes of a canonical graph in one pass, given those of inputs by node index.

    Returns the shapes of the first output of each node and of all outputs that are read; None where the rank is
    unknown. Parameters without a stored array are included. Raises NodeError if a stored array or an input does not fit
    its node.
    """
    solver = ShapeSolver(graph, known)
    for index, rule in enumerate(solver.rules):
        if rule:
            solver.refine(solver.step(index, rule, solver.shape), index)
    return {Edge(i, k): solver.shape(Edge(i, k)) for i, count in enumerate(solver.outputs) for k in range(count)}


def infer(graph: Graph, given: Mapping[str, tuple] | None = None, *, ignored: Collection[str] = (),
          zeros: Collection[int] = (), row: tuple[int, ...] | None = None,
          rows: Mapping[str, tuple[int, ...]] | None = None) -> Inferred:  # fmt: skip
    """Infers the shapes of all inputs of a canonical graph, and of its parameters that have no stored array.

    `given` are shapes by input name, batch axis included, None (or 0 or -1) for an unknown length; names in `ignored`
    may be given though they are not inputs. `zeros` are the inputs that start at zero, which have no notes. `row` is
    the shape of a row of data, for the only input whose axes would stay open; `rows` are the shapes of rows of single
    inputs by name. Axes that can have any length stay None,
    as the batch axis. Raises UnknownShape if only the user knows a shape, ShapeError if a given shape does not fit, and
    NodeError if stored arrays do not fit their nodes.
    """
    try:
        return _infer(graph, given or {}, ignored, zeros, row, rows)
    except Undecided as asked:
        raise unknown_shape_error(graph, asked, given or {}, ignored, zeros) from None


def unknown_shape_error(graph: Graph, asked: Undecided, given: Mapping[str, tuple], ignored: Collection[str] = (),
        zeros: Collection[int] = (), also: Iterable[Undecided] = ()) -> ShapeError:  # fmt: skip
    """The error that asks for the shape of an input, with an example that was tried, and with examples for other inputs
    whose shapes are needed too: those of `also`, and those that turn out to be."""
    roles = parameters(graph, given)
    names = [graph.nodes[index].name for index in graph.inputs() if index not in roles and index not in zeros]
    found_so_far: dict[str, Lengths] = {}
    first, left = asked, MOST_NODES
    lacking: UnknownParameter | None = None
    current: Undecided | None = asked
    further = iter(also)

    def tried(shape: Lengths) -> Inferred:
        return _infer(graph, {**given, **found_so_far, name: shape}, ignored, zeros, steps=FEWER_STEPS)

    while current is not None:
        index, name = current.index, graph.nodes[current.index].name
        likely = examples(current)
        fitting: dict[tuple[bool, bool, int], tuple[Lengths, Undecided | None]] = {}
        shapes = chain(islice(likely, len(RANKS)), _examples_by_rank(current, tried), likely)
        for example in islice(shapes, max(1, min(MOST_EXAMPLES, left // len(graph.nodes)))):
            left -= len(graph.nodes)
            other: Undecided | None = None
            try:
                inferred = tried(example)
                _check_batches(graph, inferred)
                batch = inferred.inputs[index][:1]
            except Undecided as also:
                other, batch = also, (also.solver.shape(Edge(index)) or ())[:1]
                if graph.nodes[also.index].name in (*found_so_far, name):
                    continue
            except UnknownParameter as error:
                lacking = error
                continue
            except NetconvError:
                continue
            # An open batch size is better than batches of 1, and asking for other inputs better than other batch sizes.
            rank = BATCH_RANKS.get(batch, len(BATCH_RANKS))
            quality = rank == len(BATCH_RANKS), other is not None, rank
            fitting.setdefault(quality, ((*batch, *example[1:]), other))
            if not any(quality):
                break
        if not fitting:
            return lacking or UnknownShape(question(graph, first, {}), names, first.known)
        found_so_far[name], current = fitting[min(fitting)]
        if current is None:
            current = next((each for each in further if graph.nodes[each.index].name not in found_so_far), None)
    return UnknownShape(question(graph, first, found_so_far), names, first.known)


def _examples_by_rank(asked: Undecided, tried: Callable[[Lengths], Inferred]) -> Iterator[Lengths]:
    """Examples with the lengths of an input that can be inferred from its rank only."""
    for rank in RANKS if asked.known is None else ():
        try:
            shape = tried((None,) * rank).inputs[asked.index]
        except (NetconvError, Undecided):
            continue
        if shape[0] is None:
            yield from islice(fill_open_axes(shape), MOST_OF_A_RANK)


def open_shape_error(
    graph: Graph, given: Mapping[str, tuple], inputs: Mapping[str, Shape], error: OpenShape
) -> NetconvError:
    """The error that asks for the inputs on which open lengths of a node depend, and for others that are open and not
    `given`; `inputs` are the shapes by name."""
    at = [i for i, node in enumerate(graph.nodes) if (node.op, node.name) == (error.op, error.node)]
    upstream = graph.needs(*(at or range(len(graph.nodes))))
    why = f"must be known: {error.op} node {error.node!r}: {error.needs}"
    shapes = {index: inputs.get(graph.nodes[index].name) for index in graph.inputs()}
    open_ = [
        index
        for index, shape in shapes.items()
        if None in (shape or ())[1:] and (index in upstream or graph.nodes[index].name not in given)
    ]
    asked = [Undecided(ShapeSolver(graph, {index: shapes[index]}), index, why) for index in open_]
    asked.sort(key=lambda each: each.index not in upstream)
    if not asked or asked[0].index not in upstream:
        return error
    return unknown_shape_error(graph, asked[0], given, also=asked[1:])


def _check_batches(graph: Graph, found: Inferred) -> None:
    """Raises NodeError if batches of BATCHES examples are not consistent with the graph."""
    for batch in BATCHES:
        inputs = {i: (batch, *s[1:]) if s and s[0] is None else s for i, s in found.inputs.items()}
        forward(graph, {**found.arrays, **inputs})


def _infer(graph: Graph, given: Mapping[str, tuple], ignored: Collection[str], zeros: Collection[int],
           row: tuple[int, ...] | None = None, rows: Mapping[str, tuple[int, ...]] | None = None,
           steps: int = MOST_STEPS) -> Inferred:  # fmt: skip
    """As `infer`, but raises Undecided if only the user knows a shape."""
    roles = parameters(graph, given)
    inputs = [i for i in graph.inputs() if i not in roles]
    known = _given(graph, inputs, given, ignored)
    try:
        solver = _solve(graph, roles, known)
    except NodeError as error:
        if not known:
            raise
        _solve(graph, roles, {})  # an error of the file itself is raised as such
        raise _misfit(graph, roles, known, error) from None
    solver.guess_shapes()
    other_sizes = try_sizes(solver, inputs, steps)
    filled = _fill_by_rows(solver, [i for i in inputs if i not in zeros], row, rows or {})
    found: dict[int, Lengths] = {}
    for index in inputs:
        known_shape = solver.shape(Edge(index))
        if known_shape is None:
            raise Undecided(solver, index)
        found[index] = known_shape
    for index in roles:
        parameter = solver.shape(Edge(index))
        if parameter is None or None in parameter:
            undecided = [i for i, shape in found.items() if None in shape[1:]]
            if undecided:
                raise Undecided(solver, undecided[0])
            name = graph.nodes[index].name
            raise UnknownParameter(f"{graph.source}: the shape of parameter {name!r} cannot be inferred")
    hinted = {i for i in inputs if any((_hint(graph.nodes[i]) or ())[1:])}
    notes = []
    for i, shape in found.items():
        if i not in zeros and shape[:1] != known.get(i, (0,))[:1]:
            what = f"a batch of {shape[0]}" if i in known else f"shape {format_shape(shape)}"
            origin = "data" if i in filled else "parameters" if graph.arrays and i not in hinted else "graph"
            notes.append(f"{graph.nodes[i].name}: {what} inferred from the {origin}{other_sizes.get(i, '')}")
    return Inferred(found, {i: solver.shape(Edge(i)) for i in roles}, tuple(notes))


def _misfit(graph: Graph, roles: Mapping[int, Role], known: Mapping[int, Shape], error: NodeError) -> ShapeError:
    """The error for given shapes that do not fit; it proposes them with a batch axis if they fit with one."""
    names = {i: graph.nodes[i].name for i in known}
    batched = {i: (None, *shape) for i, shape in known.items() if shape and shape[0] is not None}
    try:
        _solve(graph, roles, {**known, **batched})
    except NodeError:
        batched = {}
    if not batched:
        shapes = ", ".join(f"{names[i]}={format_shape(shape)}" for i, shape in known.items())
        return ShapeError(f"{graph.source}: the given input shapes do not fit ({shapes}): {error}")
    given = ", ".join(
        f"{names[i]}={format_shape(known[i])} with {len(shape) - 1} {'axis' if len(shape) == 2 else 'axes'}"
        for i, shape in batched.items()
    )
    options = option("input_shapes", {names[i]: shape for i, shape in batched.items()})
    return ShapeError(
        f"{graph.source}: the given input shapes do not fit ({given}); with the batch axis first they do: {options}"
    )


def _given(graph: Graph, inputs: list[int], given: Mapping[str, tuple], ignored) -> dict[int, Lengths]:
    names = {graph.nodes[i].name for i in inputs}
    for name, shape in given.items():
        if name not in names and name not in ignored:
            known = ", ".join(map(repr, sorted(names)))
            raise ShapeError(f"{graph.source}: there is no input {name!r}; the inputs are {known or 'none'}")
        try:
            wrong = any(n is not None and int(n) != n for n in shape)
        except (TypeError, ValueError):
            wrong = True
        if wrong:
            raise ShapeError(
                f"{graph.source}: the shape of input {name!r} must be integers, or None where a size is unknown; "
                f"received {shape!r}"
            )
    return {
        i: tuple(int(n) if n is not None and n > 0 else None for n in given[graph.nodes[i].name])
        for i in inputs
        if graph.nodes[i].name in given
    }


def _solve(graph: Graph, roles: Mapping[int, Role], known: Mapping[int, Shape]) -> ShapeSolver:
    hinted = {i: _hint(graph.nodes[i], i in roles) for i in graph.inputs()}
    solver = ShapeSolver(graph, {**hinted, **known}, parameters=roles)
    solver.propagate(range(len(solver.rules)))
    return solver


def _hint(node: Node, parameter: bool = False) -> Shape:
    """The shape in the hint `__shape__`, where 0 is unknown; the batch size of an input is left open."""
    if "shape" not in node.hints:
        return None
    try:
        shape = tuple(n if n > 0 else None for n in parse(node.hints["shape"], Ints))
    except ValueError as error:
        raise NodeError(node.op, node.name, f"hint '__shape__' must be {error}", repr(node.hints["shape"])) from None
    return shape if parameter else (None, *shape[1:]) if shape else None


def _fill_by_rows(
    solver: ShapeSolver, inputs: list[int], row: tuple[int, ...] | None, rows: Mapping[str, tuple[int, ...]]
) -> frozenset[int]:
    """Fills the inputs that have open axes by the shapes of their rows of data, the only one that is not in `rows` by
    `row`; returns their indices."""
    undecided = {i: solver.graph.nodes[i].name for i in inputs if None in (solver.shape(Edge(i)) or (None, None))[1:]}
    known = {i: rows[name] for i, name in undecided.items() if name in rows}
    others = [i for i in undecided if i not in known]
    if row is not None and len(others) == 1:
        known[others[0]] = row
    for index, own in known.items():
        shape = filled_by_row(solver.shape(Edge(index)), own)
        if shape is None:
            open_ = format_shape(solver.shape(Edge(index)))
            what = f"input {undecided[index]!r} of shape {open_} cannot be filled by rows of shape {format_shape(own)}"
            raise ShapeError(f"{solver.graph.source}: {what}; give it with {option('input_shapes')}")
        solver.propagate(solver.refine([(Edge(index), shape)]))
    return frozenset(known)


def filled_by_row(shape: Shape, row: tuple[int, ...]) -> Shape:
    """The shape of an input with its open axes filled by a row of data of shape `row`, None if that is impossible. The
    row has the shape of an example, perhaps without the axis of a single channel, or its elements fill a square."""
    if shape is None:
        return (None, *row)
    image = len(shape) > 3
    for axes in (row, (1, *row)) if image else (row,):
        try:
            return merge(shape, (None, *axes))
        except ShapeMismatch:
            pass
    for known in ((None, channels, *shape[2:]) for channels in (1, 3)) if image and shape[1] is None else (shape,):
        lengths = [n for n in known[1:] if n is not None]
        open_, numbers = len(known) - 1 - len(lengths), math.prod(row) / math.prod(lengths)
        side = round(numbers ** (1 / open_)) if open_ else 1
        if side and side**open_ == numbers:
            return (None, *(side if n is None else n for n in known[1:]))
    return None
