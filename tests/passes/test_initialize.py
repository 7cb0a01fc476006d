"""Initial values of an untrained net, and parameters that are missing in a parameter file."""

import json

import numpy as np
import pytest

from netconv.errors import FormatError, NetconvError, NodeError, ShapeError
from netconv.graph.graph import Edge, Graph, Node
from netconv.graph.tracked_array import TrackedArray
from netconv.passes.initialize import initialize, require_arrays
from netconv.shapes.parameter_roles import parameters
from netconv.shapes.shape_inference import infer


def owned_by(op, attrs, count, hints=(), names=(), mathematica=False, arrays=None):
    """A graph of one node that reads `x` and `count` parameters, p1, p2 ... unless `names` is given."""
    names = ["x", *(names or [f"p{i + 1}" for i in range(count)])]
    nulls = [Node("null", name, hints=dict(hints).get(name, {})) for name in names]
    node = Node(op, "node", attrs, tuple(Edge(i) for i in range(len(names))))
    return Graph((*nulls, node), (Edge(len(names)),), arrays or {}, source="net.json", mathematica=mathematica)


def values(graph, given, seed=0, init=None):
    done = initialize(graph, infer(graph, {"x": given}).arrays, seed, init=init)
    return {done.nodes[i].name: array.value for i, array in done.arrays.items()}


@pytest.mark.parametrize(
    ("name", "hints"),
    [
        ("fc7_weight", {"shape": "(4, 2)"}),
        ("own_gamma", {"shape": "(4, 2)"}),
        ("p", {"shape": "(4, 2)", "lr_mult": "1.0"}),
        ("p", {"shape": "(4, 2)", "wd_mult": "10"}),
        ("p", {"init": "ones", "shape": "(4, 2)"}),
        ("p", {"shape": "(4, 2)"}),
    ],
)
def test_an_array_that_a_weight_is_computed_from_is_a_parameter(name, hints):
    """Weights that are normalized before a layer reads them, as in ArcFace."""
    nulls = (Node("null", "x", hints={"shape": "(8, 2)"}), Node("null", name, hints=hints))
    norm = Node("L2Normalization", "norm", {"mode": "instance"}, (Edge(1),))
    dense = Node("FullyConnected", "fc", {"num_hidden": "4", "no_bias": "True"}, (Edge(0), Edge(2)))
    graph = Graph((*nulls, norm, dense), (Edge(3),), {}, source="net.json")
    assert list(parameters(graph)) == [1]
    inferred = infer(graph)
    assert inferred.inputs == {0: (None, 2)} and inferred.arrays == {1: (4, 2)}
    assert inferred.notes == ("x: shape (?, 2) inferred from the graph",)
    assert initialize(graph, inferred.arrays, 0).arrays[1].value.shape == (4, 2)


def test_an_array_that_passes_a_layer_before_a_weight_is_data():
    """Weights that a net computes from its data."""
    nulls = tuple(
        Node("null", name, hints={"shape": "(8, 2)"} if name in "xz" else {}) for name in ("x", "z", "w", "b")
    )
    nodes = (
        Node("FullyConnected", "fc", {"num_hidden": "2"}, (Edge(1), Edge(2), Edge(3))),
        Node("L2Normalization", "norm", {"mode": "instance"}, (Edge(4),)),
        Node("FullyConnected", "of", {"num_hidden": "8", "no_bias": "True"}, (Edge(0), Edge(5))),
    )
    assert list(parameters(Graph((*nulls, *nodes), (Edge(6),), {}, source="net.json"))) == [2, 3]


def test_an_image_that_is_enlarged_is_not_a_weight():
    """MXNet writes the hint of a bilinear weight to it."""
    nulls = (Node("null", "x"), Node("null", "y", hints={"init": '["bilinear", {}]'}))
    attrs = {"sample_type": "nearest", "scale": "2", "num_args": "2"}
    graph = Graph((*nulls, Node("UpSampling", "up", attrs, (Edge(0), Edge(1)))), (Edge(2),), {}, source="net.json")
    assert list(parameters(graph)) == []


DENSE = {"num_hidden": "300"}


def hinted(hint, op="FullyConnected", attrs=DENSE, given=(None, 200)):
    text = hint if isinstance(hint, str) else json.dumps(hint)
    return values(owned_by(op, attrs, 2, {"p1": {"init": text}}), given)["p1"]


def test_roles_decide_without_a_hint():
    dense = values(owned_by("FullyConnected", DENSE, 2), (None, 200))
    assert dense["p1"].shape == (300, 200) and dense["p1"].dtype == np.float32
    assert 0.069 < np.abs(dense["p1"]).max() <= 0.07
    assert not dense["p2"].any()
    norm = values(owned_by("BatchNorm", {}, 4), (None, 3))
    assert {name: value.tolist() for name, value in norm.items()} == {
        "p1": [1, 1, 1], "p2": [0, 0, 0], "p3": [0, 0, 0], "p4": [1, 1, 1],
    }  # fmt: skip
    assert values(owned_by("LeakyReLU", {"act_type": "prelu"}, 1), (None, 2))["p1"].tolist() == [0.25, 0.25]


def test_mathematica_weights_are_normal_by_fan_in():
    weights = values(owned_by("FullyConnected", DENSE, 2, mathematica=True), (None, 200))["p1"]
    assert weights.std() == pytest.approx(0.1, rel=0.02)


@pytest.mark.parametrize(
    ("hint", "low", "high", "deviation"),
    [
        (["uniform", {"scale": 0.5}], -0.5, 0.5, 0.5 / 3**0.5),
        (["normal", {"sigma": 0.1}], -1, 1, 0.1),
        (["xavier", {}], -((3 / 250) ** 0.5), (3 / 250) ** 0.5, (1 / 250) ** 0.5),
        (["Xavier", {"rnd_type": "gaussian", "factor_type": "in", "magnitude": 2}], -1, 1, 0.1),
        (["msraprelu", {"factor_type": "out", "slope": 0}], -1, 1, (2 / 300) ** 0.5),
        ("zeros", 0, 0, 0),
        ('["one", {}]', 1, 1, 0),
        (["constant", {"value": 0.25}], 0.25, 0.25, 0),
    ],
)
def test_a_hint_decides(hint, low, high, deviation):
    drawn = hinted(hint)
    assert low - 1e-7 <= drawn.min() and drawn.max() <= high + 1e-7
    assert drawn.std() == pytest.approx(deviation, rel=0.02, abs=1e-7)


@pytest.mark.parametrize(
    ("init", "deviation"),
    [
        ("xavier", (1 / 250) ** 0.5),
        ("xavier(magnitude=6)", (2 / 250) ** 0.5),
        ("he", 0.1),
        ("uniform(scale=0.5)", 0.5 / 3**0.5),
        ("normal", 0.01),
        ("Normal(sigma=0.2)", 0.2),
    ],
)
def test_the_init_option_sets_weights(init, deviation):
    drawn = values(owned_by("FullyConnected", DENSE, 2), (None, 200), init=init)
    assert drawn["p1"].std() == pytest.approx(deviation, rel=0.02)
    assert not drawn["p2"].any()
    hinted = values(owned_by("FullyConnected", DENSE, 2, {"p1": {"init": "ones"}}), (None, 200), init=init)
    assert (hinted["p1"] == 1).all()
    fused = {"mode": "lstm", "state_size": "40", "num_layers": "1"}
    flat = values(owned_by("RNN", fused, 3, names=["w", "h", "c"]), (5, None, 10), init=init)["w"]
    assert flat[:-320].any() and not flat[-320:].any()


@pytest.mark.parametrize(
    ("init", "message"),
    [
        ("glorot", "there is no initializer called 'glorot': bilinear, constant, fusedrnn, he, lstmbias, msraprelu, "
         "normal, one, ones, orthogonal, uniform, xavier, zero, zeros"),
        ("xavier(2)", "'xavier(2)' is not a name with options such as xavier(magnitude=2)"),
        ("normal(scale=1)", "normal has no option 'scale'; it has sigma"),
        ("constant", "constant requires value, as in constant(value=...)"),
        ("xavier(factor_type='both')",
         "init=\"xavier(factor_type='both')\" does not fit 'p1', of shape (300, 200): 'both'"),
    ],
)  # fmt: skip
def test_invalid_init_options(init, message):
    with pytest.raises(NetconvError) as caught:
        values(owned_by("FullyConnected", DENSE, 2), (None, 200), init=init)
    assert str(caught.value) == message


def test_orthogonal_columns():
    drawn = hinted(["orthogonal", {"scale": 2.0}])
    np.testing.assert_allclose(drawn.T @ drawn, 4 * np.eye(200), atol=1e-4)


def test_bilinear_interpolates():
    drawn = hinted('["bilinear", {}]', "Convolution", {"kernel": "(4, 4)", "num_filter": "2"}, (None, 1, 8, 8))
    line = np.array([0.25, 0.75, 0.75, 0.25])
    np.testing.assert_allclose(drawn, np.broadcast_to(np.outer(line, line), (2, 1, 4, 4)))


def test_the_weight_of_an_enlarged_image_interpolates():
    attrs = {"scale": "2", "sample_type": "bilinear", "num_filter": "3", "num_args": "2"}
    weight = values(owned_by("UpSampling", attrs, 1), (None, 3, 5, 6))["p1"]
    line = np.array([0.25, 0.75, 0.75, 0.25])
    np.testing.assert_allclose(weight, np.broadcast_to(np.outer(line, line), (3, 1, 4, 4)))


def test_images_that_are_enlarged_are_inputs():
    attrs = {"scale": "2", "sample_type": "nearest", "num_args": "2"}
    assert parameters(owned_by("UpSampling", attrs, 1)) == {}


def test_the_forget_gate_of_an_lstm_forgets_little():
    drawn = hinted(["lstmbias", {"forget_bias": 1.0}], attrs={"num_hidden": "8"})
    assert drawn[2:4].all() and not drawn[:2].any() and not drawn[4:].any()


RECURRENT = {"mode": "lstm", "state_size": "3", "num_layers": "2", "bidirectional": "True"}


def test_the_flat_vector_of_a_recurrent_layer_ends_in_its_biases():
    graph = owned_by("RNN", RECURRENT, 3, names=("flat", "h", "c"))
    drawn = values(graph, (None, None, 5))["flat"]
    biases = 2 * 2 * 2 * 4 * 3
    assert drawn.size == 2 * 4 * 3 * ((5 + 3) + (6 + 3)) + biases
    assert not drawn[-biases:].any() and drawn[:-biases].all()
    options = {"mode": "lstm", "num_hidden": 3, "num_layers": 2, "bidirectional": True, "forget_bias": 1.0,
               "init": '["constant", {"value": 0.5}]'}  # fmt: skip
    graph = owned_by("RNN", RECURRENT, 3, {"flat": {"init": json.dumps(["fusedrnn", options])}}, ("flat", "h", "c"))
    drawn = values(graph, (None, None, 5))["flat"]
    assert set(drawn[:-biases]) == {0.5}
    assert drawn[-biases:].reshape(-1, 4, 3)[:, 1].all() and drawn[-biases:].sum() == biases / 4


def test_the_same_seed_gives_the_same_values():
    graph = owned_by("FullyConnected", DENSE, 2)
    one, same, other = (values(graph, (None, 200), seed)["p1"] for seed in (7, 7, -8))
    assert (one == same).all() and not (one == other).any()
    assert one[0, :3].tolist() == pytest.approx([0.03782, -0.05433, -0.04353], abs=1e-5)


def test_equal_names_become_different_parameters():
    graph = owned_by("FullyConnected", DENSE, 2, names=("Nodes", "Nodes"))
    done = initialize(graph, infer(graph, {"x": (None, 2)}).arrays, 0)
    assert [array.origin[1] for array in done.arrays.values()] == ["Nodes", "Nodes_2"]


@pytest.mark.parametrize(
    ("hint", "text"),
    [
        ("mine", "must be one of MXNet's initializers (bilinear, constant, fusedrnn, lstmbias, msraprelu, normal, one, "
         "ones, orthogonal, uniform, xavier, zero, zeros); received 'mine'"),
        ('["xavier"', "must be one of MXNet's initializers (bilinear, constant, fusedrnn, lstmbias, msraprelu, normal, "
         "one, ones, orthogonal, uniform, xavier, zero, zeros); received '[\"xavier\"'"),
        ("[" * 100_000, None),
        ('["bilinear", {}]', "does not fit an array of shape (4, 3) (not enough values to unpack (expected 2, got 0)); "
         "received '[\"bilinear\", {}]'"),
        ('["xavier", {"magnitude": -1}]', None),
        ('["uniform", {"scale": "wide"}]', None),
        ('["fusedrnn", {"mode": "lstm", "num_hidden": 4, "num_layers": 1000000000}]', None),
    ],
)  # fmt: skip
def test_an_invalid_hint_is_rejected(hint, text):
    with pytest.raises(NodeError) as caught:
        hinted(hint, attrs={"num_hidden": "4"}, given=(None, 3))
    assert str(caught.value).startswith("null node 'p1': hint '__init__' ")
    assert text is None or str(caught.value) == f"null node 'p1': hint '__init__' {text}"


def test_shapes_must_be_known_and_within_limits():
    graph = owned_by("FullyConnected", {"num_hidden": "99999999"}, 2)
    with pytest.raises(ShapeError) as caught:
        values(graph, (None, 9999))
    assert str(caught.value) == "net.json: the parameters would have more than 536870912 elements"
    with pytest.raises(ShapeError) as caught:
        initialize(graph, {}, 0)
    assert str(caught.value) == "net.json: the shape of parameter 'p1' cannot be inferred"


def test_missing_parameters_are_named():
    stored = {i: TrackedArray.parameter(f"p{i}", np.ones(3, "float32")) for i in (1, 2)}
    names = ("1.Gamma", "1.Beta", "1.MovingMean", "1.MovingVariance")
    graph = owned_by("BatchNorm", {}, 4, names=names, arrays=stored, mathematica=True)
    with pytest.raises(FormatError) as caught:
        require_arrays(graph)
    assert str(caught.value) == (
        "net.json: the parameter file has no array for '1.MovingMean', '1.MovingVariance': Mathematica 11.2 leaves "
        "moving statistics out; export the net again from Mathematica 12 or later"
    )
    with pytest.raises(FormatError) as caught:
        require_arrays(owned_by("BatchNorm", {}, 4, arrays={1: stored[1]}))
    assert str(caught.value) == (
        "net.json: the parameter file has no array for 'p2', 'p3', 'p4': give the parameter file that belongs to this "
        "graph"
    )
    complete = {i: TrackedArray.parameter(f"p{i}", np.ones(3, "float32")) for i in range(1, 5)}
    require_arrays(owned_by("BatchNorm", {}, 4, arrays=complete))
    assert parameters(owned_by("BatchNorm", {}, 4, arrays=complete)) == {}
