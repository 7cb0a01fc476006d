"""The registry of ops: `translates` reads the signature of a function as the schema of an op.

Names no op and imports no Keras: the registry can be queried before TensorFlow is imported.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import types
import typing
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any

from ..errors import NodeError, UnsupportedOps
from ..graph.attributes import parse
from ..graph.graph import Edge, Graph, Node
from ..graph.partial_shape import Guess, Rule
from ..graph.tracked_array import TrackedArray
from ..kernels.layout import anywhere
from .aliases import ALIASES
from .shape_rules import as_first, as_the_others, broadcast
from .traits import HeadLoss, Keeps
from .unsupported import UNSUPPORTED

NO_EFFECT = frozenset(
    "workspace cudnn_off cudnn_tune cudnn_algo_verbose cudnn_algo_fwd cudnn_algo_bwd_data cudnn_algo_bwd_filter "
    "cudnn_algo_fwd_prec cudnn_algo_bwd_prec num_args ctx sparse_grad key ndev".split()
)
"""Attributes that do not affect the result (`num_args` is the number of inputs, which is known from the inputs)."""

FUSED = frozenset(f"_sg_mkldnn_{name}" for name in ("conv", "fully_connected", "selfatt_qk", "selfatt_valatt"))
"""Ops that hold the ops that oneDNN fused as a subgraph."""


@dataclass(frozen=True)
class OpInput:
    """One input of an op. `stored`: the translation takes a TrackedArray instead of a tensor; `ignored`: the result
    does not depend on it."""

    name: str
    stored: bool
    optional: bool
    variadic: bool
    ignored: bool


@dataclass(frozen=True)
class OpAttribute:
    annotation: Any
    default: Any
    required: bool


@dataclass(frozen=True)
class Translation:
    """One op: its name, its translation, its schema (read from the signature of the translation), and the arguments of
    its declaration (`translates`). Either `shape_rule` is given, or `no_shape_rule`, the reason why there is none."""

    op: str
    function: Callable
    inputs: tuple[OpInput, ...]
    attributes: Mapping[str, OpAttribute]
    layout: Any
    ignores: frozenset[str] = frozenset()
    shape_rule: Rule | None = None
    no_shape_rule: str = ""
    outputs: int = 1
    likely_shapes: Guess | None = None
    features: Callable | None = None
    keeps: Keeps = Keeps.NOTHING
    exact: bool = False
    discontinuous: bool | Callable[[SimpleNamespace], bool] = False
    shape_only: int | None = None
    labels: frozenset[int] = frozenset()
    loss: Callable[[SimpleNamespace], HeadLoss | None] | None = None


OPS: dict[str, Translation] = {}
PATTERNS: dict[str, Translation] = {}
"""Pattern layers: layers of Keras that MXNet has no op for. Nets compose them of several nodes, and passes replace
these by one. No file contains them."""


def _stored(annotation) -> bool:
    return annotation is TrackedArray or TrackedArray in typing.get_args(annotation)


def _schema(function) -> tuple[tuple[OpInput, ...], dict[str, OpAttribute]]:
    inputs, attributes = [], {}
    for p in list(inspect.signature(function, eval_str=True).parameters.values())[1:]:  # the first is `at`
        if p.kind is p.KEYWORD_ONLY:
            required = p.default is p.empty
            attributes[p.name] = OpAttribute(p.annotation, None if required else p.default, required)
        else:
            variadic = p.kind is p.VAR_POSITIONAL
            name = p.name.lstrip("_")
            inputs.append(OpInput(name, _stored(p.annotation), p.default is None, variadic, name != p.name))
    return tuple(inputs), attributes


def translates(
    *names: str,
    layout: Any = None,
    ignores: str = "",
    shape: Rule | str | None = None,
    outputs: int = 1,
    likely: Guess | None = None,
    features: Callable | None = None,
    keeps: Keeps = Keeps.NOTHING,
    exact: bool = False,
    discontinuous: bool | Callable[[SimpleNamespace], bool] = False,
    shape_only: int | None = None,
    labels: str = "",
    loss: Callable[[SimpleNamespace], HeadLoss | None] | None = None,
):
    """Registers a function as the translation of an op: its name in MXNet 1.9.1 first, then its aliases.

    The parameters of the function are, in order: `at`, the site of the node; the inputs, by MXNet's names
    (`TrackedArray` stands for a stored array, `= None` makes an input optional, `*data` takes any number);
    keyword-only, the attributes by MXNet's names, with their types and MXNet's defaults.

    Args:
        layout: How the op handles channels-last data (`kernels/layout.py`). Without it, an op gets its data in
            MXNet's order of axes.
        ignores: Attributes that do not affect what the model computes, such as those of a loss.
        shape: The shape rule of the op (`graph/partial_shape.py`), or the reason why it has none. The default for an
            op with `layout=anywhere`: its inputs are broadcast.
        outputs: The number of outputs of the op, where the rule returns the shapes of only the first ones.
        likely: A guess of the shapes of the inputs, used where the rules leave a rank open.
        features: Called as a rule is, but without outputs. Returns the number of features that the op makes of each
            example by flattening, or None.
        keeps: How much of the inputs the outputs keep.
        exact: Whether results are rounded as IEEE 754 defines, so that they are the same on every machine to the last
            bit. Ops that keep elements are exact.
        discontinuous: Whether a change of the last bit of an input can change the result by much more, as with
            rounding; or a function of the attributes.
        shape_only: The position of the one input of which only the shape matters.
        labels: The names of the inputs that a loss compares its data with. The names of inputs that the op ignores
            begin with an underscore.
        loss: The loss that a head with this op is trained with, as a function of the attributes; None if unknown.
    """

    def register(function):
        inputs, attributes = _schema(function)
        rule = shape or (_elementwise(inputs) if layout is anywhere else None)
        if rule is None:
            raise ValueError(f"{names[0]} needs a shape rule, or the reason why it has none")
        declared = Translation(
            names[0],
            function,
            inputs,
            attributes,
            layout,
            frozenset(ignores.split()),
            shape_rule=None if isinstance(rule, str) else rule,
            no_shape_rule=rule if isinstance(rule, str) else "",
            outputs=outputs,
            likely_shapes=as_the_others if rule is broadcast else likely,
            features=features,
            keeps=keeps,
            exact=exact or keeps > Keeps.NOTHING,
            discontinuous=discontinuous,
            shape_only=shape_only,
            labels=frozenset(i for i, each in enumerate(inputs) if each.name in labels.split()),
            loss=loss,
        )
        for name in names:
            if name in OPS:
                raise ValueError(f"{name} has two translations")
            OPS[name] = declared
        return function

    return register


def _elementwise(inputs: tuple[OpInput, ...]) -> Rule:
    return as_first if len(inputs) == 1 and not inputs[0].variadic else broadcast


def shaped_as(op: str) -> Rule:
    """The shape rule of another op, which may belong to another family."""

    def rule(a, ins, outs):
        found = OPS[op].shape_rule
        return found(a, ins, outs) if found else (ins, outs)

    return rule


def translates_pattern(name: str, layout: Any = None, shape: Rule | None = None):
    """Registers a function as the translation of a pattern layer (`PATTERNS`)."""

    def register(function):
        inputs, attributes = _schema(function)
        PATTERNS[name] = Translation(name, function, inputs, attributes, layout, shape_rule=shape)
        return function

    return register


@cache
def load() -> Mapping[str, Translation]:
    """All translations, by op name."""
    package = importlib.import_module(__package__)
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    for other, name in ALIASES.items():
        OPS[other] = OPS[name]
    return types.MappingProxyType(OPS)


def translation(op: str) -> Translation:
    """The translation of an op of MXNet or of a pattern layer."""
    return load().get(op) or PATTERNS[op]


def keeps(node: Node) -> Keeps:
    """How much of its inputs the outputs of a node keep."""
    return Keeps.NOTHING if node.op == "null" else translation(node.op).keeps


def kept_inputs(node: Node) -> list[Edge]:
    """The inputs whose elements make up the outputs of a node; none if the outputs are computed."""
    if keeps(node) == Keeps.NOTHING:
        return []
    return list(node.inputs[:1]) if keeps(node) >= Keeps.VALUES else value_inputs(node)


def value_inputs(node: Node) -> list[Edge]:
    """The inputs of which not only the shape matters."""
    position = None if node.op == "null" else translation(node.op).shape_only
    return [edge for i, edge in enumerate(node.inputs) if i != position]


def compared_inputs(node: Node) -> list[Edge]:
    """The inputs that a loss compares its data with."""
    positions = frozenset() if node.op == "null" else translation(node.op).labels
    return [edge for i, edge in enumerate(node.inputs) if i in positions]


def named_inputs(node: Node, names: Collection[str]) -> list[Edge]:
    """The inputs that have one of these names in the op's schema."""
    declared = () if node.op == "null" else translation(node.op).inputs
    return [edge for edge, each in zip(node.inputs, declared, strict=False) if each.name in names]


def inputs_used(node: Node) -> int | None:
    """The number of inputs before the first one that the op ignores; None if it ignores none."""
    declared = () if node.op == "null" else translation(node.op).inputs
    return next((i for i, each in enumerate(declared) if each.ignored), None)


def is_discontinuous(node: Node) -> bool:
    """Whether a change of the last bit of an input can change the result by much more."""
    found = node.op != "null" and translation(node.op).discontinuous
    return found(SimpleNamespace(**typed_attributes(node))) if callable(found) else found


def is_exact(node: Node) -> bool:
    """Whether a node computes the same on every machine, to the last bit, from the same inputs."""
    return node.op != "null" and translation(node.op).exact


def is_random(node: Node) -> bool:
    """Whether a node draws random numbers, also in inference: its op is of a family of random ops."""
    return node.op != "null" and translation(node.op).function.__module__.endswith("random")


def head_loss(node: Node) -> HeadLoss | None:
    """The loss that a head with this op is trained with; None if unknown."""
    loss = node.op != "null" and translation(node.op).loss
    return loss(SimpleNamespace(**typed_attributes(node))) if loss else None


def typed_attributes(node: Node) -> dict[str, Any]:
    """The attributes of a node with the types of its op's schema, defaults filled in. Raises NodeError."""
    schema = translation(node.op)
    values = {}
    for key, text in node.attrs.items():
        attribute = schema.attributes.get(key)
        if attribute is None:
            if key in NO_EFFECT or key in schema.ignores:
                continue
            known = ", ".join(sorted(schema.attributes)) or "none"
            raise NodeError(node.op, node.name, f"unknown attribute {key!r} (known: {known})", repr(text))
        try:
            values[key] = parse(text, attribute.annotation)
        except ValueError as error:
            raise NodeError(node.op, node.name, f"attribute {key!r} must be {error}", repr(text)) from None
    for key, attribute in schema.attributes.items():
        if key not in values:
            if attribute.required:
                raise NodeError(node.op, node.name, f"required attribute {key!r} is missing")
            values[key] = attribute.default
    return values


def _nodes(graph: Graph) -> Iterator[Node]:
    """The nodes of a graph and of its subgraphs."""
    for node in graph.nodes:
        yield node
        for subgraph in node.subgraphs:
            yield from _nodes(subgraph)


def check(graph: Graph) -> None:
    """Checks that every op is supported, its attributes are valid and its number of inputs is right. Raises
    UnsupportedOps or NodeError."""
    ops = load()
    unknown: dict[str, list[str]] = {}
    for node in _nodes(graph):
        if node.op != "null" and node.op not in ops:
            unknown.setdefault(node.op, []).append(node.name)
    if unknown:
        count = Counter({op: len(names) for op, names in unknown.items()})
        listed = ", ".join(f"{op} ({n}, first at node {unknown[op][0]!r})" for op, n in count.most_common())
        some = "these ops are" if len(unknown) > 1 else "this op is"
        reasons = "".join(f"; {op} {UNSUPPORTED[op]}" for op, _ in count.most_common() if op in UNSUPPORTED)
        raise UnsupportedOps(f"{graph.source}: {some} not supported: {listed}{reasons}", unknown)
    for node in graph.nodes:
        if node.op == "null":
            continue
        attributes, inputs = typed_attributes(node), ops[node.op].inputs
        most = None if any(i.variadic for i in inputs) else len(inputs)
        least = max(sum(not i.optional and not i.variadic for i in inputs), int(most is None))
        if len(node.inputs) < least or (most is not None and len(node.inputs) > most):
            wanted = f"{least}" if most == least else f"{least} or more" if most is None else f"{least} to {most}"
            raise NodeError(node.op, node.name, f"needs {wanted} inputs", len(node.inputs))
        if attributes.get("no_bias") is False and "bias" in [missing.name for missing in inputs[len(node.inputs) :]]:
            raise NodeError(node.op, node.name, "needs a bias, or no_bias true")
        for subgraph in node.subgraphs:
            check(subgraph)
