"""Compares a model with the net that it was converted from: its outputs with those of another program, and, where they
differ, the first node that does."""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ..conversion import Conversion
from ..errors import NetconvError, NodeError, option, stream_name
from ..features.notices import Notify, ignore
from ..features.option_checks import is_path, require, require_seed, require_shapes
from ..graph.graph import Edge, Graph
from ..ops import registry
from . import given_inputs, mxnet_process, trained
from .converted_net import converted_as
from .differences import Difference, difference
from .fault_search import Search, cannot_run, computed_outputs
from .mxnet_process import Source
from .reference import Reference, head_edges, misfit, mxnet_reference, numpy_reference, source_arrays
from .report import OutputCheck, Verification
from .subject import Subject, open_keras, prepared, reloaded

ROUNDING = 10
"""How many times the tolerance MXNet may be from the definitions of the ops, because it rounds to float32."""


def verify(
    net: Path | str | BinaryIO,
    model: Path | str | bytes | None = None,
    params: Path | str | bool | None = None,
    *,
    samples: Path | str | None = None,
    against: Path | str | None = None,
    input_shapes: Mapping[str, tuple[int | None, ...]] | None = None,
    weights: str | None = None,
    gradients: bool = False,
    train_steps: int = 0,
    tolerance: float = 1e-5,
    seed: int = 0,
    notify: Notify = ignore,
) -> Verification:
    """Compares a model with the net that it was converted from.

    Args:
        net: Mathematica's own file (`net.wlnet`) or the graph (`net.json`), a path or a binary stream.
        model: The `.keras` file to verify, by its path or its bytes; None converts the net and verifies the model that
            is loaded from the file.
        params: The parameter file of a `net.json`; None looks for it beside the net.
        samples: An `.npz` file of recorded inputs and outputs.
        against: A Python that has MXNet 1.x, which runs the net in a process of its own.
        input_shapes: Shapes of the inputs by name, as for `convert`.
        weights: "source" puts the parameters of the net into a model that was trained since.
        gradients: Also compares the gradients of the sum of all outputs times drawn numbers, with respect to inputs and
            parameters; needs `against`.
        train_steps: Also compares outputs and parameters after so many steps of plain SGD with these gradients, in
            training mode without dropout; needs `against`.
        tolerance: The largest error of an output, relative to its largest value, that is no disagreement.
        seed: Of the drawn inputs, and of the initial weights of an untrained net.
        notify: Is called with a line if MXNet takes long to start.

    Returns:
        A Verification: `agrees`, `text` for people, `facts` for programs.

    Raises:
        NetconvError: The net cannot be converted, the model is not one of this net or has other weights, or there
            is no MXNet.
        OSError: A file cannot be read.
    """
    began = time.monotonic()
    _check_options(model, weights, against, gradients, train_steps, tolerance)
    require_seed(seed)
    require_shapes(input_shapes)
    given = None if model is None else open_keras(model)
    try:
        converted, raw, changes = converted_as(net, given, params, input_shapes, seed)
    except NodeError as error:  # it names no file, and here are two
        raise NetconvError(f"{stream_name(net) if hasattr(net, 'read') else net}: {error}") from None
    subject = reloaded(converted) if given is None else prepared(given, converted, weights)
    names = converted.prepared.graph.ports
    recorded = given_inputs.read_samples(samples, converted.model, names) if samples is not None else None
    inputs = recorded.inputs if recorded else given_inputs.draw(converted.model, converted.prepared.net.graph, seed)
    heads, source = head_edges(converted), replace(source_arrays(converted, inputs), graph=raw)
    called = subject.call(inputs)
    random = _random(raw, heads)
    if (gradients or train_steps) and random:
        raise NetconvError(f"{raw.source}: output {names[min(random)]!r} is random: its gradients cannot be compared")
    comparisons = []
    with _reference(
        against, subject, source, inputs, heads, changed=raw is not converted.prepared.net.graph, notify=notify
    ) as reference:
        computed, refused = ({}, {}) if recorded else computed_outputs(reference, raw, heads)
        expected = {number: computed[edge] for number, edge in enumerate(heads) if edge in computed}
        if recorded:
            expected = dict(enumerate(recorded.outputs))
        predicted = subject.predict(inputs)
        why = {k: cannot_run(reference, raw, *refused[edge]) for k, edge in enumerate(heads) if edge in refused}
        checks = _checks(names, [called, predicted], expected, random, why)
        if reference.mxnet and not recorded and any(_may_be_rounding(check, tolerance) for check in checks):
            definitions = numpy_reference(source, subject, inputs, heads)
            outputs = list(zip(called, predicted, strict=True))
            checks = _rounded(checks, outputs, expected, heads, definitions, tolerance)
        differences = {edge: check.difference for edge, check in zip(heads, checks, strict=True) if check.difference}
        wrong = {edge: its for edge, its in differences.items() if not its.within(tolerance)}
        shown = {} if recorded else wrong
        fixed = [edge for number, edge in enumerate(heads) if number not in random]
        if recorded and (wrong or changes):
            computed, refused = computed_outputs(reference, raw, list(wrong) or fixed)
            if not wrong:
                wrong = shown = _unlike(computed, dict(zip(heads, called, strict=True)), tolerance)
        first = next(iter([*wrong, *refused]), None)
        search = Search(raw, subject, reference, inputs, tolerance, changes)
        if first is None:
            fault = search.changed_fault(fixed) or search.hidden_fault(fixed)
        else:
            fault = search.first_fault(first, shown.get(first), refused.get(first))
        fault = fault or search.unchecked(fixed)
        repeats = bool(recorded or fault) or first is None or _repeats(reference, computed, first, tolerance)
        alike = not refused and not any(check.difference and check.difference.shapes for check in checks)
        if reference.mxnet and gradients and alike:
            comparisons += trained.compare_gradients(converted, subject, source, heads, reference.mxnet, inputs, seed)
        file = _file(converted, inputs, called, random) if given is None else None
        if reference.mxnet and train_steps and alike:
            comparisons += trained.compare_steps(
                converted, subject, source, heads, reference.mxnet, inputs, train_steps, seed
            )
    return Verification(
        net=raw.source, model=None if given is None else given.name, tolerance=tolerance,
        reference="samples" if recorded else reference.name, nodes=converted.prepared.nodes,
        inputs={name: value.shape for name, value in inputs.items()}, outputs=checks, file=file, fault=fault,
        comparisons=tuple(comparisons), computed=None if recorded or against else reference.computed,
        undefined={} if recorded else dict(reference.undefined), repeats=repeats,
        changes=tuple(f"node {raw.nodes[index].name!r}: {words}" for index, words in changes.items()),
        seconds=time.monotonic() - began,
    )  # fmt: skip


@contextmanager
def _reference(
    against: Any, subject: Subject, source: Source, inputs: Mapping[str, np.ndarray], heads: Sequence[Edge],
    changed: bool, notify: Notify,
) -> Iterator[Reference]:  # fmt: skip
    """MXNet in a process that is ended with the block, or the definitions in numpy. `changed` is whether the net is
    another one than was converted, so that its shapes may not fit."""
    if against is None:
        yield numpy_reference(source, subject, inputs, heads, misfit(source) if changed else None)
        return
    with mxnet_process.started(str(against), source.graph, notify) as mxnet:
        yield mxnet_reference(mxnet, source)


def _check_options(
    model: Any, weights: str | None, against: Any, gradients: bool, train_steps: int, tolerance: float
) -> None:
    fits = model is None or isinstance(model, bytes) or is_path(model)
    require("the model", model, fits, "a .keras file, by its path or its bytes")
    require("weights", weights, weights in (None, "source"), "'source'")
    number = isinstance(tolerance, int | float) and 0 <= tolerance < math.inf
    require("tolerance", tolerance, number, "a number of at least 0")
    require("train_steps", train_steps, isinstance(train_steps, int) and train_steps >= 0, "an integer of at least 0")
    if weights and model is None:
        raise NetconvError(f"{option('weights', weights)} is for a .keras file that is given; leave it out")
    for name, given in (("gradients", gradients), ("train_steps", train_steps)):
        if given and against is None:
            raise NetconvError(f"{option(name, given)} needs a Python with MXNet; name it with {option('against')}")


def _random(graph: Graph, heads: Sequence[Edge]) -> frozenset[int]:
    """The numbers of the outputs that depend on random numbers in inference."""
    random = {index for index, node in enumerate(graph.nodes) if registry.is_random(node)}
    return frozenset(number for number, edge in enumerate(heads) if random & graph.needs(edge.node))


def _checks(
    names: Sequence[str], found: Sequence[Sequence[np.ndarray]], expected: Mapping[int, np.ndarray],
    random: Collection[int], refused: Mapping[int, str],
) -> tuple[OutputCheck, ...]:  # fmt: skip
    """The outputs with their differences, or why they are not compared; `refused` says it of those that cannot be
    computed."""
    checks = []
    for number, name in enumerate(names):
        if number in random:
            checks.append(OutputCheck(name, None, "not compared: it is random"))
        elif number in refused:
            checks.append(OutputCheck(name, None, f"not compared: {refused[number]}"))
        elif number not in expected:
            checks.append(OutputCheck(name, None, "not compared: numpy does not define its op"))
        else:
            both = [difference(outputs[number], expected[number]) for outputs in found]
            checks.append(OutputCheck(name, max(both, key=lambda each: each.relative)))
    return tuple(checks)


def _rounded(
    checks: tuple[OutputCheck, ...], outputs: Sequence[Sequence[np.ndarray]], expected: Mapping[int, np.ndarray],
    heads: Sequence[Edge], definitions: Reference, tolerance: float,
) -> tuple[OutputCheck, ...]:  # fmt: skip
    """The checks with the differences from the definitions of the ops, where the model differs from MXNet only because
    MXNet rounds to float32: the model agrees with the definitions, and MXNet is not far from them."""
    if definitions.undefined:
        return checks
    exact, found = definitions.compute(heads), []
    for number, (check, edge) in enumerate(zip(checks, heads, strict=True)):
        if _differs(check, tolerance):
            own = max((difference(each, exact[edge]) for each in outputs[number]), key=lambda each: each.relative)
            rounding = difference(expected[number], exact[edge])
            if own.within(tolerance) and rounding.within(ROUNDING * tolerance):
                check = replace(check, difference=own, rounding=rounding)
        found.append(check)
    return tuple(found)


def _may_be_rounding(check: OutputCheck, tolerance: float) -> bool:
    """Whether an output differs from MXNet's by no more than what `_rounded` accepts."""
    return (
        check.difference is not None and _differs(check, tolerance)
        and check.difference.relative <= 2 * ROUNDING * tolerance
    )  # fmt: skip


def _differs(check: OutputCheck, tolerance: float) -> bool:
    return check.difference is not None and not check.difference.within(tolerance)


def _unlike(
    computed: Mapping[Edge, np.ndarray], outputs: Mapping[Edge, np.ndarray], tolerance: float
) -> dict[Edge, Difference]:
    """The differences of the outputs from those that a reference computes, where they are too large."""
    found = {edge: difference(outputs[edge], expected) for edge, expected in computed.items()}
    return {edge: its for edge, its in found.items() if not its.within(tolerance)}


def _file(
    converted: Conversion, inputs: Mapping[str, np.ndarray], called: Sequence[np.ndarray], random: Collection[int]
) -> Difference:
    """The largest difference of the reloaded model's outputs from those of the model that was saved."""
    built = Subject(converted.model, "the built model", {}, {}, {}).call(inputs)
    pairs = [pair for number, pair in enumerate(zip(called, built, strict=True)) if number not in random]
    return max((difference(*pair) for pair in pairs), key=lambda each: each.relative, default=Difference(0.0, 0.0))


def _repeats(reference: Reference, computed: Mapping[Edge, np.ndarray], head: Edge, tolerance: float) -> bool:
    """Whether a reference computes the output that it computed before."""
    return difference(reference.compute([head])[head], computed[head]).within(tolerance)
