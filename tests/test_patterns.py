"""What nets compose of several ops becomes one layer, and what only looks like it does not."""

import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest
from nets import draw, graph, null, op, write

import netconv

NETS = Path(__file__).parent.parent / "fixtures" / "conformance" / "nets"


def layers(tmp_path, net, shape=(None, 4), **arrays):
    """The classes of what a net is made of, and the model."""
    model = netconv.convert(write(tmp_path, net, **arrays), input_shapes={"data": shape})
    kinds = [type(operation).__name__ for operation in model.operations]
    return [kind for kind in kinds if kind != "InputLayer"], model


def leaky(slope=0.2, data=0, turned="_RMinusScalar", by=0.0):
    return graph(
        null("data"), op("relu", "a", [0]), op(turned, "b", [data], scalar=by), op("relu", "c", [2]),
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
        (leaky(turned="_mul_scalar", by=-1), ["ReLU"]),
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
def test_what_only_looks_like_it_stays(tmp_path, net):
    kinds, model = layers(tmp_path, net)
    assert len(kinds) > 1 and kinds.count("ReLU") != 1
    assert model(draw(2, 4)).shape == (2, 4)


def test_what_else_reads_an_op_within_still_does(tmp_path):
    net = leaky()
    net["heads"] = [[5, 0, 0], [1, 0, 0]]
    kinds, model = layers(tmp_path, net)
    assert kinds == ["ReLU", "ReLU"]
    x = draw(2, 4)
    np.testing.assert_array_equal(model(x)[1], np.maximum(x, 0))


def alpha(p=0.2, shift=1.7580993408473766):
    """An AlphaDropout as it is put together of a dropout and its mask."""
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
    """With other numbers it is no AlphaDropout: what is dropped becomes -s c, what stays s (x m + (m - 1) c)."""
    kinds, model = layers(tmp_path, alpha(p=0.5, shift=3.0), (None, 100))
    assert "AlphaDropout" not in kinds
    x, s = draw(8, 100), 0.5 / np.sqrt(0.5 * (1 + 0.5 * 1.7580993408473766**2))
    found = np.asarray(model(x, training=True))
    stays, goes = np.isclose(found, s * (2 * x + 3), atol=1e-5), np.isclose(found, -3 * s, atol=1e-5)
    assert (stays | goes).all() and 0.35 < stays.mean() < 0.65


def normalized(count):
    """A NormalizationLayer over the last axis of data (3, 4), by a divisor that says how many there are."""
    return graph(
        null("data"), op("sum_axis", "a", [0], axis="(2)"), op("_DivScalar", "b", [1], scalar=count),
        op("reshape", "c", [2], shape="(-1, 3, 1)"), op("broadcast_minus", "d", [0, 3]), op("square", "e", [4]),
        op("sum_axis", "f", [5], axis="(2)"), op("_DivScalar", "g", [6], scalar=count),
        op("_PlusScalar", "h", [7], scalar=0.001), op("sqrt", "i", [8]), op("reshape", "j", [9], shape="(-1, 3, 1)"),
        op("broadcast_div", "k", [4, 10]),
    )  # fmt: skip


def test_a_normalization_is_one_layer_if_its_divisor_is_how_many_there_are(tmp_path):
    assert layers(tmp_path, normalized(4), (None, 3, 4))[0] == ["LayerNormalization"]
    assert "LayerNormalization" not in layers(tmp_path, normalized(3), (None, 3, 4))[0]


@pytest.mark.parametrize(("states", "expected"), [(False, ["Bidirectional"]), (True, ["GRU", "GRU"])])
def test_both_directions_are_one_layer_unless_their_states_are_read(states, expected):
    model = netconv.convert(NETS / "mathematica-bidirectional-12" / "net.json", states=states)
    kinds = [type(operation).__name__ for operation in model.operations]
    assert [kind for kind in kinds if kind in ("Bidirectional", "GRU")] == expected


def elman(steps=3, units=2, feedback=False, shared=False):
    """A recurrent layer as it is unrolled; its bias is a third array."""
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


def rolled(tmp_path, nodes, heads=None, **given):
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
    kinds, model = rolled(tmp_path, elman()[0])
    assert kinds.count("SimpleRNN") == 1 and "Dense" not in kinds and model.count_params() == 10
    x, start = draw(4, 3, 2), draw(4, 2)
    expected = np.stack(list(by_hand(x, start)), 1)
    np.testing.assert_allclose(model([x, start]), expected, 1e-5, 1e-6)


def test_single_steps_can_be_read_off_it(tmp_path):
    nodes, seen = elman()
    kinds, model = rolled(tmp_path, nodes, heads=[seen[1], seen[2]])
    assert kinds.count("SimpleRNN") == 1
    x, start = draw(4, 3, 2), draw(4, 2)
    _, second, third = by_hand(x, start)
    np.testing.assert_allclose(model([x, start])[0], second, 1e-5, 1e-6)
    np.testing.assert_allclose(model([x, start])[1], third, 1e-5, 1e-6)


def test_it_runs_backwards_if_it_was_unrolled_so(tmp_path):
    nodes, _ = elman()
    for step, index in enumerate((6, 10, 14)):
        nodes[index] = op("FullyConnected", f"i{step}", [(5, 2 - step), 1, 3], num_hidden=2)
    kinds, model = rolled(tmp_path, nodes)
    assert kinds.count("SimpleRNN") == 1
    x, start = draw(4, 3, 2), draw(4, 2)
    np.testing.assert_allclose(model([x, start]), np.stack(list(by_hand(x[:, ::-1], start)), 1), 1e-5, 1e-6)


def test_a_state_that_is_fed_back_keeps_it_unrolled(tmp_path):
    assert "SimpleRNN" not in rolled(tmp_path, elman(feedback=True)[0])[0]


def test_one_array_for_data_and_state_keeps_it_unrolled(tmp_path):
    nodes, _ = elman(shared=True)
    nodes[2] = null("h1")
    model = netconv.convert(
        write(tmp_path, graph(*nodes), w=WEIGHTS["w"], b=WEIGHTS["b"]),
        input_shapes={"data": (None, 3, 2), "h0": (None, 2), "h1": (None, 2)},
    )
    assert "SimpleRNN" not in [type(operation).__name__ for operation in model.operations]
    assert model.count_params() == 6


def test_a_weight_that_something_else_reads_keeps_it_unrolled(tmp_path):
    nodes, _ = elman()
    nodes.append(op("FullyConnected", "again", [nodes.index(null("h0")), 2], num_hidden=2, no_bias=True))
    kinds, model = rolled(tmp_path, nodes, heads=[len(nodes) - 2, len(nodes) - 1])
    assert "SimpleRNN" not in kinds and model.count_params() == 10


def test_a_sum_within_that_something_else_reads_keeps_it_unrolled(tmp_path):
    nodes, seen = elman()
    assert "SimpleRNN" not in rolled(tmp_path, nodes, heads=[len(nodes) - 1, seen[1] - 1])[0]


def test_a_layer_applied_twice_has_its_weights_once(tmp_path):
    nodes, _ = elman()
    for node in elman()[0][5:]:
        moved = [[e[0] + 14 if e[0] > 5 or e[0] == 5 else e[0], e[1], 0] for e in node["inputs"]]
        nodes.append({**node, "name": f"{node['name']}again", "inputs": moved})
    kinds, model = rolled(tmp_path, nodes, heads=[18, 32])
    assert kinds.count("SimpleRNN") == 1 and model.count_params() == 10
