"""Several ops that together are one layer become that layer; similar ones do not."""

import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest
from nets import draw, graph, null, op, write

import netconv

NETS = Path(__file__).parents[2] / "fixtures" / "conformance" / "nets"


def layers(tmp_path, net, shape=(None, 4), **arrays):
    """The classes of the layers of a net, and the model."""
    model = netconv.convert(write(tmp_path, net, **arrays), input_shapes={"data": shape})
    kinds = [type(operation).__name__ for operation in model.operations]
    return [kind for kind in kinds if kind != "InputLayer"], model


def leaky(slope=0.2, data=0, reversed_minus="_RMinusScalar", by=0.0):
    return graph(
        null("data"), op("relu", "a", [0]), op(reversed_minus, "b", [data], scalar=by), op("relu", "c", [2]),
        op("_MulScalar", "d", [3], scalar=slope), op("_Minus", "e", [1, 4]),
    )  # fmt: skip


def ramps(*last, up=1, down=-1):
    return graph(
        null("data"), op("_PlusScalar", "a", [0], scalar=up), op("relu", "b", [1]),
        op("_PlusScalar", "c", [0], scalar=down), op("relu", "d", [3]), op("_Minus", "e", [2, 4]), *last,
    )  # fmt: skip


def through_an_axis(kind, **attrs):
    return graph(
        null("data"), op("expand_dims", "a", [0], axis=0), op("LeakyReLU", "b", [1], act_type=kind, **attrs),
        op("reshape", "c", [2], shape="(-3, -2)"),
    )  # fmt: skip


MINUS_ONE, HALF = op("_PlusScalar", "f", [5], scalar=-1), op("_MulScalar", "f", [5], scalar=0.5)


@pytest.mark.parametrize(
    ("net", "expected"),
    [
        (leaky(), ["ReLU"]),
        (leaky(reversed_minus="_mul_scalar", by=-1), ["ReLU"]),
        (ramps(MINUS_ONE), ["Add", "ReLU", "Add"]),
        (ramps(HALF), ["Add", "ReLU", "Multiply"]),
        (through_an_axis("elu", slope=1), ["ELU"]),
        (graph(null("data"), op("sigmoid", "a", [0]), op("_Mul", "b", [0, 1])), ["Activation"]),
        (graph(null("data"), op("abs", "a", [0]), op("_PlusScalar", "b", [1], scalar=1), op("_Div", "c", [0, 2])),
         ["Activation"]),
    ],
)  # fmt: skip
def test_a_function_of_several_ops_is_one_layer(tmp_path, net, expected):
    assert layers(tmp_path, net)[0] == expected


@pytest.mark.parametrize(
    "net",
    [
        leaky(by=1.0),
        leaky(data=1),
        ramps(MINUS_ONE, up=2),
        ramps(HALF, down=-0.5),
        graph(null("data"), op("tanh", "a", [0]), op("sigmoid", "b", [1]), op("_Mul", "c", [0, 2])),
    ],
)
def test_similar_ops_stay(tmp_path, net):
    kinds, model = layers(tmp_path, net)
    assert len(kinds) > 1 and kinds.count("ReLU") != 1
    assert model(draw(2, 4)).shape == (2, 4)


def test_other_readers_of_an_inner_op_still_work(tmp_path):
    net = leaky()
    net["heads"] = [[5, 0, 0], [1, 0, 0]]
    kinds, model = layers(tmp_path, net)
    assert kinds == ["ReLU", "ReLU"]
    x = draw(2, 4)
    np.testing.assert_array_equal(model(x)[1], np.maximum(x, 0))


def alpha(p=0.2, shift=1.7580993408473766):
    """An AlphaDropout composed of a dropout and its mask."""
    scale = (1 - p) / np.sqrt((1 - p) * (1 + p * 1.7580993408473766**2))
    return graph(
        null("data"), op("Dropout", "a", [0], p=p, mode="always"), op("_PlusScalar", "b", [(1, 1)], scalar=-1),
        op("_MulScalar", "c", [2], scalar=shift), op("_Plus", "d", [1, 3]), op("_MulScalar", "e", [4], scalar=scale),
    )  # fmt: skip


def test_an_alpha_dropout_keeps_mean_and_variance(tmp_path):
    kinds, model = layers(tmp_path, alpha(), (None, 1000))
    assert kinds == ["AlphaDropout"]
    x = draw(20, 1000)
    np.testing.assert_array_equal(model(x), x)
    dropped = np.asarray(model(x, training=True))
    assert abs(dropped.mean() - x.mean()) < 0.02 and abs(dropped.std() - x.std()) < 0.02


def test_the_mask_of_a_dropout_can_be_read(tmp_path):
    """With other numbers it is not an AlphaDropout: dropped elements become -s c, the others s (x m + (m - 1) c)."""
    kinds, model = layers(tmp_path, alpha(p=0.5, shift=3.0), (None, 100))
    assert "AlphaDropout" not in kinds
    x, s = draw(8, 100), 0.5 / np.sqrt(0.5 * (1 + 0.5 * 1.7580993408473766**2))
    found = np.asarray(model(x, training=True))
    stays, goes = np.isclose(found, s * (2 * x + 3), atol=1e-5), np.isclose(found, -3 * s, atol=1e-5)
    assert (stays | goes).all() and 0.35 < stays.mean() < 0.65


def normalized(count, axis="(2)", shape="(-1, 3, 1)"):
    """A NormalizationLayer over one axis of the data, by a divisor that is the count or not; `shape` is that of the
    means."""
    return graph(
        null("data"), op("sum_axis", "a", [0], axis=axis), op("_DivScalar", "b", [1], scalar=count),
        op("reshape", "c", [2], shape=shape), op("broadcast_minus", "d", [0, 3]), op("square", "e", [4]),
        op("sum_axis", "f", [5], axis=axis), op("_DivScalar", "g", [6], scalar=count),
        op("_PlusScalar", "h", [7], scalar=0.001), op("sqrt", "i", [8]), op("reshape", "j", [9], shape=shape),
        op("broadcast_div", "k", [4, 10]),
    )  # fmt: skip


def test_a_normalization_is_one_layer_if_its_divisor_is_the_count(tmp_path):
    assert layers(tmp_path, normalized(4), (None, 3, 4))[0] == ["LayerNormalization"]
    assert "LayerNormalization" not in layers(tmp_path, normalized(3), (None, 3, 4))[0]


@pytest.mark.parametrize(
    ("shape", "means", "kinds"),
    [((3, 4), "(-1, 1, 4)", ["GroupNormalization"]),
     ((3, 4, 5), "(-1, 1, 4, 5)", ["Permute", "LayerNormalization", "Permute"])],
)  # fmt: skip
def test_a_normalization_over_other_axes_than_the_last(tmp_path, shape, means, kinds):
    """PyTorch has a LayerNormalization of the last axes only."""
    found, model = layers(tmp_path, normalized(3, "(1)", means), (None, *shape))
    assert found == kinds
    x = draw(2, *shape)
    expected = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 0.001)
    np.testing.assert_allclose(model(x), expected, atol=1e-6)


@pytest.mark.parametrize(("states", "expected"), [(False, ["Bidirectional"]), (True, ["GRU", "GRU"])])
def test_both_directions_are_one_layer_unless_their_states_are_read(states, expected):
    model = netconv.convert(NETS / "mathematica-bidirectional-12" / "net.json", states=states)
    kinds = [type(operation).__name__ for operation in model.operations]
    assert [kind for kind in kinds if kind in ("Bidirectional", "GRU")] == expected


def elman(steps=3, units=2, feedback=False, shared=False):
    """An unrolled recurrent layer; its bias is a third array."""
    nodes = [null("data"), null("w"), null("u"), null("b"), null("h0"),
             op("SliceChannel", "s", [0], num_outputs=steps, axis=1, squeeze_axis=True)]  # fmt: skip
    state, seen = 4, []
    for step in range(steps):
        given = (5, step) if not (feedback and seen) else state
        nodes.append(op("FullyConnected", f"i{step}", [given, 1, 3], num_hidden=units))
        reading = 2 if not shared else 1
        nodes.append(op("FullyConnected", f"h{step}", [state, reading], num_hidden=units, no_bias=True))
        nodes.append(op("elemwise_add", f"p{step}", [len(nodes) - 2, len(nodes) - 1]))
        nodes.append(op("Activation", f"t{step}", [len(nodes) - 1], act_type="tanh"))
        state = len(nodes) - 1
        seen.append(state)
    nodes.append(op("stack", "all", seen, axis=1, num_args=steps))
    return nodes, seen


WEIGHTS = {"w": draw(2, 2), "u": draw(2, 2, seed=1), "b": draw(2)}


def converted(tmp_path, nodes, heads=None, **given):
    model = netconv.convert(
        write(tmp_path, graph(*nodes, heads=heads), **{**WEIGHTS, **given}),
        input_shapes={"data": (None, 3, 2), "h0": (None, 2)},
    )
    return [type(operation).__name__ for operation in model.operations], model


def by_hand(x, state):
    for step in range(x.shape[1]):
        state = np.tanh(x[:, step] @ WEIGHTS["w"].T + WEIGHTS["b"] + state @ WEIGHTS["u"].T)
        yield state


def test_an_unrolled_layer_is_one(tmp_path):
    kinds, model = converted(tmp_path, elman()[0])
    assert kinds.count("SimpleRNN") == 1 and "Dense" not in kinds and model.count_params() == 10
    x, start = draw(4, 3, 2), draw(4, 2)
    expected = np.stack(list(by_hand(x, start)), 1)
    np.testing.assert_allclose(model([x, start]), expected, 1e-5, 1e-6)


def test_single_steps_of_it_can_be_read(tmp_path):
    nodes, seen = elman()
    kinds, model = converted(tmp_path, nodes, heads=[seen[1], seen[2]])
    assert kinds.count("SimpleRNN") == 1
    x, start = draw(4, 3, 2), draw(4, 2)
    _, second, third = by_hand(x, start)
    np.testing.assert_allclose(model([x, start])[0], second, 1e-5, 1e-6)
    np.testing.assert_allclose(model([x, start])[1], third, 1e-5, 1e-6)


def test_it_runs_backwards_if_it_was_unrolled_backwards(tmp_path):
    nodes, _ = elman()
    for step, index in enumerate((6, 10, 14)):
        nodes[index] = op("FullyConnected", f"i{step}", [(5, 2 - step), 1, 3], num_hidden=2)
    kinds, model = converted(tmp_path, nodes)
    assert kinds.count("SimpleRNN") == 1
    x, start = draw(4, 3, 2), draw(4, 2)
    np.testing.assert_allclose(model([x, start]), np.stack(list(by_hand(x[:, ::-1], start)), 1), 1e-5, 1e-6)


def test_a_state_that_is_fed_back_keeps_it_unrolled(tmp_path):
    assert "SimpleRNN" not in converted(tmp_path, elman(feedback=True)[0])[0]


def test_one_array_for_data_and_state_keeps_it_unrolled(tmp_path):
    nodes, _ = elman(shared=True)
    nodes[2] = null("h1")
    model = netconv.convert(
        write(tmp_path, graph(*nodes), w=WEIGHTS["w"], b=WEIGHTS["b"]),
        input_shapes={"data": (None, 3, 2), "h0": (None, 2), "h1": (None, 2)},
    )
    assert "SimpleRNN" not in [type(operation).__name__ for operation in model.operations]
    assert model.count_params() == 6


def test_a_weight_with_other_readers_keeps_it_unrolled(tmp_path):
    nodes, _ = elman()
    nodes.append(op("FullyConnected", "again", [nodes.index(null("h0")), 2], num_hidden=2, no_bias=True))
    kinds, model = converted(tmp_path, nodes, heads=[len(nodes) - 2, len(nodes) - 1])
    assert "SimpleRNN" not in kinds and model.count_params() == 10


def test_an_inner_sum_with_other_readers_keeps_it_unrolled(tmp_path):
    nodes, seen = elman()
    assert "SimpleRNN" not in converted(tmp_path, nodes, heads=[len(nodes) - 1, seen[1] - 1])[0]


def test_a_layer_applied_twice_has_its_weights_once(tmp_path):
    nodes, _ = elman()
    for node in elman()[0][5:]:
        moved = [[e[0] + 14 if e[0] > 5 or e[0] == 5 else e[0], e[1], 0] for e in node["inputs"]]
        nodes.append({**node, "name": f"{node['name']}again", "inputs": moved})
    kinds, model = converted(tmp_path, nodes, heads=[18, 32])
    assert kinds.count("SimpleRNN") == 1 and model.count_params() == 10


def product(*nodes, w=(4, 3), kind="dot", **attrs):
    """Data times a stored matrix, and the nodes after it; the nodes are data, w, b, the product (3), ..."""
    return graph(null("data"), null("w"), null("b"), op(kind, "fc", [0, 1], **attrs), *nodes), {"w": draw(*w)}


def transposed_product(*nodes, **attrs):
    """As Keras-MXNet writes it."""
    net = graph(null("data"), null("w"), null("b"), op("transpose", "t", [1], axes="(1, 0)"),
                op("dot", "fc", [0, 3], **attrs), *nodes)  # fmt: skip
    return net, {"w": draw(3, 4)}


@pytest.mark.parametrize("shape", [(4,), (2, 4)])
@pytest.mark.parametrize("bias", [None, (3,), (1, 3)])
@pytest.mark.parametrize(
    ("make", "attrs", "w"),
    [
        (product, {}, (4, 3)),
        (product, {"transpose_b": True, "w": (3, 4)}, (3, 4)),
        (product, {"kind": "_np_dot"}, (4, 3)),
        (product, {"kind": "_npi_matmul"}, (4, 3)),
        (transposed_product, {}, (3, 4)),
    ],
)
def test_a_product_with_a_stored_matrix_is_a_dense_layer(tmp_path, make, attrs, w, bias, shape):
    net, arrays = make(**attrs)
    last = len(net["nodes"]) - 1
    if bias:
        kind = "_npi_add" if "kind" in attrs else "broadcast_add"
        net, arrays = make(op(kind, "sum", [last, 2]), **attrs)
        arrays["b"] = draw(*bias, seed=1)
    kinds, model = layers(tmp_path, net, (None, *shape), **arrays)
    assert kinds == ["Dense"]
    assert [layer.use_bias for layer in model.layers[1:]] == [bias is not None]
    x = draw(2, *shape, seed=2)
    matrix = arrays["w"] if w == (4, 3) else arrays["w"].T
    np.testing.assert_allclose(model(x), x @ matrix + arrays.get("b", 0), 1e-5, 1e-5)


@pytest.mark.parametrize(
    ("nodes", "bias", "w"),
    [
        ([op("elemwise_add", "sum", [2, 3])], (2, 3), (4, 3)),  # as many as the batch
        ([op("broadcast_add", "sum", [3, 2])], (1,), (4, 3)),  # one number for all
        ([op("broadcast_add", "sum", [3, 2])], (1, 1, 3), (4, 3)),  # one axis more
        ([op("broadcast_sub", "sum", [3, 2])], (3,), (4, 3)),
        ([op("broadcast_add", "one", [3, 2]), op("broadcast_mul", "sum", [4, 2])], (3,), (4, 3)),  # read again
        ([op("broadcast_add", "one", [3, 2]), op("broadcast_mul", "sum", [4, 3])], (3,), (4, 3)),
    ],
)
def test_other_summands_are_added_separately(tmp_path, nodes, bias, w):
    net, arrays = product(*nodes, w=w)
    arrays["b"] = draw(*bias, seed=1)
    kinds, model = layers(tmp_path, net, (2, 4), **arrays)
    dense = next(layer for layer in model.layers if layer.name == "fc")
    assert len(kinds) > 1 and not dense.use_bias
    x = draw(2, 4, seed=2)
    first = x @ arrays["w"]
    last = first - arrays["b"] if "broadcast_sub" in str(nodes) else first + arrays["b"]
    if "broadcast_mul" in str(nodes):
        last *= arrays["b"] if nodes[-1]["inputs"][1][0] == 2 else first
    np.testing.assert_allclose(model(x), last, 1e-5, 1e-5)


def test_a_bias_of_one_unit_is_one(tmp_path):
    net, arrays = product(op("broadcast_add", "sum", [3, 2]), w=(4, 1))
    kinds, model = layers(tmp_path, net, **arrays, b=draw(1, seed=1))
    assert kinds == ["Dense"] and model.count_params() == 5


@pytest.mark.parametrize(
    ("shape", "w", "attrs"),
    [((4, 2), (4, 3), {"transpose_a": True}), ((2, 4), (4, 3, 2), {}), ((4,), (4, 3), {})],
)
def test_a_product_across_examples_stays(tmp_path, shape, w, attrs):
    net, arrays = product(w=w, **attrs)
    kinds, model = layers(tmp_path, net, shape, **arrays)
    assert "Dense" not in kinds
    x = draw(*shape, seed=2)
    np.testing.assert_allclose(model(x), np.tensordot(x.T if attrs else x, arrays["w"], 1), 1e-5, 1e-5)


def test_a_stored_matrix_from_the_left_stays(tmp_path):
    net = graph(null("data"), null("w"), op("dot", "fc", [1, 0]))
    kinds, model = layers(tmp_path, net, (4, 2), w=draw(3, 4))
    assert "Dense" not in kinds
    np.testing.assert_allclose(model(draw(4, 2)), draw(3, 4) @ draw(4, 2), 1e-5, 1e-5)


def test_products_that_share_a_matrix_share_the_layer(tmp_path):
    net = graph(null("data"), null("w"), op("dot", "one", [0, 1]), op("tanh", "t", [2]), op("dot", "two", [3, 1]))
    kinds, model = layers(tmp_path, net, w=draw(4, 4))
    assert kinds.count("Dense") == 1 and model.count_params() == 16
    np.testing.assert_allclose(model(draw(2, 4)), np.tanh(draw(2, 4) @ draw(4, 4)) @ draw(4, 4), 1e-5, 1e-5)


@pytest.mark.parametrize(
    "other",
    [
        [op("transpose", "t", [1]), op("dot", "two", [3, 4])],
        [op("FullyConnected", "two", [3, 1], num_hidden=4, no_bias=True)],
        [op("broadcast_mul", "two", [3, 1])],
    ],
)
def test_a_matrix_with_other_readers_is_stored_once(tmp_path, other):
    """A product with the matrix, and after a tanh one with its transpose or the matrix again; the batch size is
    four."""
    net = graph(null("data"), null("w"), op("dot", "one", [0, 1]), op("tanh", "u", [2]), *other)
    _, model = layers(tmp_path, net, (4, 4), w=draw(4, 4))
    assert model.count_params() == 16
    x, w = draw(4, 4, seed=2), draw(4, 4)
    first = np.tanh(x @ w)
    np.testing.assert_allclose(
        model(x), first * w if len(other) == 1 and "mul" in other[0]["op"] else first @ w.T, 1e-5, 1e-5
    )


def biases(count):
    """One matrix and `count` biases, each added to a separate product; or one bias for two products."""
    nodes = [null("data"), null("w"), null("b1"), null("b2"), op("dot", "one", [0, 1]), op("dot", "two", [0, 1]),
             op("broadcast_add", "p", [4, 2]), op("broadcast_add", "q", [5, 3 if count == 2 else 2]),
             op("elemwise_mul", "r", [6, 7])]  # fmt: skip
    return graph(*nodes), {"w": draw(4, 3), "b1": draw(3), "b2": draw(3, seed=1)}


@pytest.mark.parametrize("count", [1, 2])
def test_layers_that_share_a_matrix_stay_one(tmp_path, count):
    net, arrays = biases(count)
    if count == 1:
        net["nodes"][3] = null("unused")
        del arrays["b2"]
    kinds, model = layers(tmp_path, net, **arrays)
    assert kinds.count("Dense") == 1 and model.count_params() == 12 + 3 * count
    first = draw(2, 4) @ arrays["w"]
    np.testing.assert_allclose(
        model(draw(2, 4)), (first + arrays["b1"]) * (first + arrays.get("b2", arrays["b1"])), 1e-5, 1e-5
    )


def convolved(bias, kind="Convolution", shaped=None, **attrs):
    """A layer without a bias, and a stored array that is added."""
    added = [op("Reshape", "r", [2], shape=shaped)] if shaped else []
    net = graph(null("data"), null("w"), null("b"), op(kind, "c", [0, 1], **attrs), *added,
                op("broadcast_add", "sum", [3, 4 if shaped else 2]))  # fmt: skip
    return net, draw(*bias)


@pytest.mark.parametrize(
    ("bias", "shaped", "own"),
    [
        ((1, 3, 1, 1), None, True),
        ((3, 1, 1), None, True),
        ((3,), "(1, 3, 1, 1)", True),
        ((1,), None, False),
        ((3,), None, False),
        ((3, 3, 3), None, False),
        ((1, 3, 3, 3), None, False),
    ],
)
@pytest.mark.parametrize("kind", ["Convolution", "Deconvolution"])
def test_a_stored_array_for_each_channel_is_the_bias_of_a_convolution(tmp_path, kind, bias, shaped, own):
    """The image has as many columns as channels."""
    size = 5 if kind == "Convolution" else 1
    net, b = convolved(bias, kind, shaped, kernel=(3, 3), num_filter=3, no_bias=True)
    w = draw(3, 2, 3, 3) if kind == "Convolution" else draw(2, 3, 3, 3)
    kinds, model = layers(tmp_path, net, (None, 2, size, size), w=w, b=b)
    weighty = next(layer for layer in model.layers if "Conv" in type(layer).__name__)
    assert weighty.use_bias == own and ("Embedding" in kinds) == (not own)
    x = draw(2, 2, size, size, seed=3)
    net, _ = convolved(bias, kind, shaped, kernel=(3, 3), num_filter=3, no_bias=True)
    alone = netconv.convert(
        write(
            tmp_path, graph(*net["nodes"][:2], op(kind, "c", [0, 1], kernel=(3, 3), num_filter=3, no_bias=True)), w=w
        ),
        input_shapes={"data": (None, 2, size, size)},
    )
    added = b.reshape(1, 3, 1, 1) if shaped else b
    np.testing.assert_allclose(model(x), np.asarray(alone(x)) + added, 1e-5, 1e-5)


def test_a_dense_layer_after_a_flattened_image_needs_no_transpose(tmp_path):
    """A product with a stored matrix, of data flattened without a transpose."""
    conv = op("Convolution", "conv", [0, 1], kernel=(3, 3), num_filter=4, no_bias=True)
    net = graph(null("data"), null("c"), null("w"), conv, op("Flatten", "flat", [3]), op("dot", "fc", [4, 2]))
    kinds, model = layers(tmp_path, net, (None, 2, 6, 6), c=draw(4, 2, 3, 3), w=draw(64, 3, seed=1))
    assert kinds.count("Permute") == 1 and kinds[-1] == "Dense"  # the input
    net["heads"] = [[4, 0, 0]]
    _, flat = layers(tmp_path, net, (None, 2, 6, 6), c=draw(4, 2, 3, 3), w=draw(64, 3, seed=1))
    x = draw(2, 2, 6, 6)
    np.testing.assert_allclose(model(x), np.asarray(flat(x)) @ draw(64, 3, seed=1), 1e-4, 1e-4)
