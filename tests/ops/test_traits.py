"""Traits are declared only with the op, and all passes read the declaration."""

import ast
from pathlib import Path

import pytest

import netconv
from netconv.builder.compile_model import loss_choices
from netconv.graph.graph import Edge, Graph, Node
from netconv.ops import registry
from netconv.ops.aliases import ALIASES
from netconv.ops.traits import Keeps
from netconv.ops.unsupported import UNSUPPORTED

OPS = registry.load()
NAMES = {declared.op for declared in OPS.values()}
"""Op names in a canonical graph."""
PACKAGE = Path(netconv.__file__).parent
FOLDERS = (
    "builder",
    "conversion.py",
    "frontends",
    "graph",
    "inspection",
    "kernels",
    "keras_files",
    "passes",
    "shapes",
)
"""The folders and files that know graphs."""
PATTERNS = {
    "passes/canonicalize.py", "passes/fuse_bidirectional.py", "passes/fuse_layers.py", "passes/reroll_rnn.py",
    "passes/rewriter.py", "passes/rnn_cells.py",
    "kernels/fusion_safe.py",  # ops that TensorFlow fuses
    "keras_files/keras2_config.py", "keras_files/operations_as_layers.py",  # names of Keras, some of them also of ops
    "keras_files/allowed_classes.py", "keras_files/output_shapes.py",  # the same
    "frontends/mxnet/symbol_json.py",  # ops that old versions of MXNet wrote differently
    "frontends/wolfram/function_names.py",  # the op of each of Mathematica's functions
    "frontends/wolfram/versions.py",  # layers of Mathematica, some of them also names of ops
}  # fmt: skip
"""Modules that match patterns of ops, so that they must name them, and one that names layers of Keras."""


def named_ops(tree):
    """(line, op names) of each collection literal, and each string that is split, with more than one op name."""
    for node in ast.walk(tree):
        texts = []
        if isinstance(node, ast.Set | ast.List | ast.Tuple | ast.Dict):
            parts = node.keys if isinstance(node, ast.Dict) else node.elts
            texts = [part.value for part in parts if isinstance(part, ast.Constant)]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "split":
            texts = str(getattr(node.func.value, "value", "")).split()
        found = [text for text in texts if text in NAMES]
        if len(found) > 1:
            yield node.lineno, found


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_list_of_ops_outside_of_ops(folder):
    path = PACKAGE / folder
    for module in [path] if path.suffix else sorted(path.rglob("*.py")):
        if module.relative_to(PACKAGE).as_posix() not in PATTERNS:
            assert list(named_ops(ast.parse(module.read_text()))) == [], module


def test_aliases_do_not_clash():
    """An alias is neither declared itself nor unsupported, and refers to a declared name."""
    declared = {
        name.value
        for module in (PACKAGE / "ops").glob("*.py")
        for call in ast.walk(ast.parse(module.read_text()))
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "translates"
        for name in call.args
        if isinstance(name, ast.Constant)
    }
    assert declared & ALIASES.keys() == set()
    assert OPS.keys() & UNSUPPORTED.keys() == set()
    assert {other for other, name in ALIASES.items() if OPS[name].op != OPS[other].op or name in ALIASES} == set()


def test_an_op_is_declared_once():
    with pytest.raises(ValueError) as caught:
        registry.translates("clip", shape="a test")(lambda at, data: data)
    assert str(caught.value) == "clip has two translations"


ATTRIBUTES = {
    "Cast": {"dtype": "float64"}, "amp_cast": {"dtype": "float64"}, "Reshape": {"shape": "(0, -1)"},
    "_np_reshape": {"newshape": "(-1, 5)"}, "_npx_reshape": {"newshape": "(-2, -4)"}, "expand_dims": {"axis": "1"},
}  # fmt: skip
LOOKS_THROUGH = sorted({declared.op for declared in OPS.values() if declared.keeps >= Keeps.ORDER})
HEADS = {
    "softmax": ({}, "sparse_categorical_crossentropy"),
    "SoftmaxOutput": ({}, "sparse_categorical_crossentropy"),
    "SoftmaxActivation": ({}, "sparse_categorical_crossentropy"),
    "log_softmax": ({}, "SparseCategoricalCrossentropy"),
    "sigmoid": ({}, "binary_crossentropy"),
    "Activation": ({"act_type": "sigmoid"}, "binary_crossentropy"),
    "LogisticRegressionOutput": ({}, "binary_crossentropy"),
    "MAERegressionOutput": ({}, "mean_absolute_error"),
    "LinearRegressionOutput": ({}, "mean_squared_error"),
}


def chosen(*ops):
    """The loss of a chain of (op, attributes)."""
    nodes = [Node("null", "x")]
    for op, attributes in ops:
        count = max(1, sum(not each.optional and not each.ignored for each in OPS[op].inputs))
        nodes.append(Node(op, f"n{len(nodes)}", attributes, (Edge(len(nodes) - 1),) + (Edge(0),) * (count - 1)))
    (choice,) = loss_choices(Graph(tuple(nodes), (Edge(len(nodes) - 1),)), [2])
    return choice.loss if isinstance(choice.loss, str) else type(choice.loss).__name__


@pytest.mark.parametrize("passing", LOOKS_THROUGH)
@pytest.mark.parametrize("head", HEADS)
def test_the_loss_follows_from_the_head_before_ops_that_change_nothing(head, passing):
    attributes, wanted = HEADS[head]
    assert chosen((head, attributes), (passing, ATTRIBUTES.get(passing, {}))) == wanted


def test_a_computed_head_is_a_number():
    assert chosen(("softmax", {}), ("square", {})) == "mean_squared_error"
    assert chosen(("softmax", {}), ("LinearRegressionOutput", {})) == "mean_squared_error"


def test_ops_that_keep_elements_are_exact():
    assert {d.op for d in OPS.values() if d.keeps > Keeps.NOTHING and not d.exact} == set()


@pytest.mark.parametrize(("dtype", "want"), [("float16", False), ("int32", True), ("bool", True)])
def test_a_cast_is_discontinuous_if_it_makes_integers(dtype, want):
    assert registry.is_discontinuous(Node("Cast", "c", {"dtype": dtype})) is want
