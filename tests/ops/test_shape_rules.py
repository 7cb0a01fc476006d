"""Shape rules against the shapes of MXNet's inputs and outputs, in both directions."""

from types import SimpleNamespace

import numpy as np
import pytest
from cases import families
from compare import FIXTURES, part, recorded

from netconv.graph.graph import Edge, Graph, Node
from netconv.graph.partial_shape import merge
from netconv.kernels.layout import anywhere
from netconv.ops import registry
from netconv.shapes.shape_inference import infer

OPS = registry.load()
PARTIAL = frozenset({"_npx_reshape"})
"""Ops whose rule leaves the output unknown for some attributes: code -3 removes an axis."""


def answered(family):
    """(row, rule, its attributes, shapes of the inputs, shapes of the outputs) for the rows of a family."""
    members = recorded(FIXTURES / "conformance" / "ops" / f"{family}.npz")
    for row in families()[family]:
        rule = OPS[row.op].shape_rule
        if rule is None or row.source:
            continue
        own = part(members, f"{row.name}/")
        node = Node(OPS[row.op].op, "node", dict(row.attrs), ())
        stored = tuple(given.role != "in" for given in row.inputs)
        attributes = SimpleNamespace(**registry.typed_attributes(node), _node=node, _stored=stored)
        outs = [np.shape(own[f"out:{k}"]) for k in range(row.outputs)]
        yield row, rule, attributes, [given.shape for given in row.inputs], outs


@pytest.mark.parametrize("family", families())
def test_a_rule_never_contradicts_mxnet(family):
    """Forward, with the batch unknown, with an input unknown, and back from the outputs."""
    for row, rule, attributes, ins, outs in answered(family):
        blank = [None] * len(outs)
        fed = [i for i, given in enumerate(row.inputs) if given.role == "in"]
        batches = [(None, *shape[1:]) if shape and i in fed else shape for i, shape in enumerate(ins)]
        unknown = [None if i in fed else shape for i, shape in enumerate(ins)]
        questions = [(ins, blank), (ins, outs), (batches, blank), (unknown, outs)]
        questions += [([*ins[:i], None, *ins[i + 1 :]], outs) for i in fed]
        for given, made in questions:
            claims = rule(attributes, list(given), list(made))
            for shapes, claimed in zip((ins, outs), claims, strict=True):
                for shape, claim in zip(shapes, claimed, strict=False):
                    assert merge(shape, None if claim is None else tuple(claim)) == shape, (row.name, given, made)


@pytest.mark.parametrize("family", families())
def test_a_rule_infers_the_shape_of_the_first_output(family):
    for row, rule, attributes, ins, outs in answered(family):
        if row.op not in PARTIAL:
            _, (claim, *_) = rule(attributes, ins, [None] * len(outs))
            assert claim == outs[0], row.name


def test_every_op_has_a_shape_rule_or_a_reason_why_not():
    without = {op for op, declared in OPS.items() if (declared.shape_rule is None) == (not declared.no_shape_rule)}
    assert without == set()
    reasons = {declared.op: declared.no_shape_rule for declared in OPS.values() if declared.no_shape_rule}
    assert set(reasons) == {
        "_cond", "_while_loop", "_npi_einsum", "_npi_insert_scalar", "_npi_insert_slice", "_npi_insert_tensor"
    }  # fmt: skip


def test_an_op_without_a_shape_rule_must_have_a_reason():
    with pytest.raises(ValueError) as caught:
        registry.translates("_no_such_op")(lambda at, data: data)
    assert str(caught.value) == "_no_such_op needs a shape rule, or the reason why it has none"
    assert "_no_such_op" not in registry.load()


ELEMENTWISE = sorted(
    {
        declared.op
        for declared in OPS.values()
        if declared.layout is anywhere and len(declared.inputs) == 1 and not declared.inputs[0].variadic
    }
)
REQUIRED = {"act_type": "relu", "dtype": "float32", "a_min": "0", "a_max": "6", "scalar": "2"}


@pytest.mark.parametrize("op", ELEMENTWISE)
def test_shapes_pass_an_elementwise_op_in_both_directions(op):
    """Before a dense layer and a convolution, the features and channels of the input follow from the weights."""
    attrs = {key: REQUIRED[key] for key, attribute in OPS[op].attributes.items() if attribute.required}
    attrs = {**attrs, "act_type": "relu"} if op == "Activation" else attrs
    layers = {
        "FullyConnected": ({"num_hidden": "3"}, (3, 7), (None, 7)),
        "Convolution": ({"num_filter": "3", "kernel": "(1, 1)"}, (3, 5, 1, 1), (None, 5, None, None)),
    }
    for layer, (options, weight, wanted) in layers.items():
        nodes = (
            Node("null", "x"),
            Node(op, "y", attrs, (Edge(0),)),
            Node("null", "w", hints={"shape": str(weight), "init": "zeros"}),
            Node(layer, "z", {**options, "no_bias": "True"}, (Edge(1), Edge(2))),
        )
        shapes = {} if layer == "FullyConnected" else {"x": (None, None, 4, 4)}
        found = infer(Graph(nodes, (Edge(3),)), shapes).inputs[0]
        assert merge(found, wanted) == found
