"""A model computes the same in every mode: called, compiled by TensorFlow, compiled by XLA, exported."""

import json
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import pytest
import tensorflow as tf
from models import source
from nets import draw, graph, null, op, write

import netconv

NETS = Path(__file__).parents[2] / "fixtures" / "conformance" / "nets"
FUSIBLE = ["sums-of-convolutions", "sums-in-space", "gelu-by-hand"]


def recorded(name, fixed=False):
    """A model for each head of a net, because TensorFlow does not optimize a model if some part of it cannot be fused;
    the inputs, and MXNet's outputs."""
    folder = NETS / name
    with np.load(folder / "io.npz") as file:
        shape = json.loads(str(file["meta"]))["shapes"]["data"]
        given = file["a/in:data"]
        expected = [file[f"a/out:{k}"] for k in range(sum(key.startswith("a/out:") for key in file))]
    shapes = {"data": (len(given), *shape[1:])} if fixed else {"data": tuple(shape)}
    whole = netconv.convert(folder / "net.json", input_shapes=shapes)
    return [keras.Model(whole.input, output) for output in whole.outputs], given, expected


def close(found, expected):
    assert np.abs(np.asarray(found) - expected).max() <= 1e-5 * np.abs(expected).max()


@pytest.mark.parametrize("fixed", [False, True], ids=["any batch", "one batch"])
@pytest.mark.parametrize("name", FUSIBLE)
def test_predict_and_evaluate_equal_a_call(name, fixed):
    models, given, expected = recorded(name, fixed)
    for model, right in zip(models, expected, strict=True):
        close(model(given), right)
        close(model.predict(given, batch_size=len(given), verbose=0), right)
        if not fixed:
            close(model.predict(given[:1], verbose=0), right[:1])
        model.compile(loss="mean_squared_error")
        loss = model.evaluate(given, right + np.abs(right).max(), batch_size=len(given), verbose=0)
        assert loss == pytest.approx(np.square(np.abs(right).max()), rel=1e-5)


@pytest.mark.parametrize("name", FUSIBLE)
def test_xla_and_an_export_compute_the_same(name, tmp_path):
    models, given, expected = recorded(name)
    model, right = models[0], expected[0]
    model.compile(jit_compile=True)
    close(model.predict(given, verbose=0), right)
    model.export(tmp_path / "exported", verbose=False)
    exported = tf.saved_model.load(tmp_path / "exported")
    close(exported.serve(given), right)


@pytest.mark.parametrize("name", ["_conv", "-conv", "$conv", "$"])
def test_nets_with_any_first_letter_of_names_are_exported(name, tmp_path):
    weight = null(f"{name}_w")
    net = graph(null("data"), weight, op("Convolution", name, [0, 1], kernel="(3, 3)", num_filter=4, no_bias=True))
    model = netconv.convert(
        write(tmp_path, net, **{weight["name"]: draw(4, 4, 3, 3)}), input_shapes={"data": (None, 4, 5, 6)}
    )
    model.export(tmp_path / "exported", verbose=False)
    exported, given = tf.saved_model.load(tmp_path / "exported"), draw(2, 4, 5, 6)
    close(exported.serve(given), np.asarray(model(given)))


def convolution(*inputs, name="conv", **attrs):
    attrs = {"kernel": "(3, 3)", "pad": "(1, 1)", "num_filter": 4} | attrs
    return op("Convolution", name, [*inputs], **attrs)


def leaky(of, slope=0.3):
    return op("LeakyReLU", "act", [of], act_type="leaky", slope=slope)


W, B = null("w"), null("b")
SAFE = {
    "a convolution": (null("data"), W, B, convolution(0, 1, 2), leaky(3)),
    "its dropout": (null("data"), W, B, convolution(0, 1, 2), op("Dropout", "drop", [3], p=0.2), leaky(4)),
    "it as a loss": (null("data"), W, B, convolution(0, 1, 2), op("make_loss", "loss", [3]), leaky(4)),
    "it and a number": (null("data"), W, B, convolution(0, 1, 2), op("_plus_scalar", "plus", [3], scalar=1), leaky(4)),
    "an input doubled": (null("data"), op("elemwise_add", "both", [0, 0]), leaky(1)),
    "a sum of what is pooled and an input": (
        null("data"), W, B, convolution(0, 1, 2),
        op("Pooling", "pool", [3], kernel="(3, 3)", pad="(1, 1)", pool_type="avg"),
        op("elemwise_add", "both", [4, 0]), leaky(5),
    ),
    "a sum that is pooled": (
        null("data"), W, B, convolution(0, 1, 2), op("elemwise_add", "both", [3, 0]),
        op("Pooling", "pool", [4], kernel="(2, 2)", pool_type="max"), leaky(5),
    ),
    "a sum of what is above zero and an input": (
        null("data"), W, B, convolution(0, 1, 2), op("Activation", "relu", [3], act_type="relu"),
        op("elemwise_add", "both", [4, 0]), leaky(5),
    ),
}  # fmt: skip
SUMS = {
    "a sum": (null("data"), W, B, convolution(0, 1, 2), op("elemwise_add", "both", [3, 0]), leaky(4)),
    "a difference": (null("data"), W, B, convolution(0, 1, 2), op("elemwise_sub", "both", [0, 3]), leaky(4)),
    "a scaled sum": (
        null("data"), W, B, convolution(0, 1, 2), op("elemwise_add", "both", [3, 0]),
        op("_mul_scalar", "times", [4], scalar=1), leaky(5),
    ),
    "a sum, in a Mish that sees it through a reshape": (
        null("data"), W, B, convolution(0, 1, 2), op("elemwise_add", "both", [3, 0]),
        op("Reshape", "same", [4], shape="(0, 0, 0, 0)"), op("Activation", "plus", [5], act_type="softrelu"),
        op("tanh", "gate", [6]), op("elemwise_mul", "mish", [4, 7]),
    ),
}  # fmt: skip


def converted(folder, nodes, *size):
    arrays = {"w": draw(4, 4, 3, 3), "b": draw(4)}
    net = graph(*nodes)
    kept = {name: array for name, array in arrays.items() if any(node["name"] == name for node in net["nodes"])}
    return netconv.convert(write(folder, net, **kept), input_shapes={"data": (None, 4, *(size or (5, 6)))})


def operations(model):
    return [type(operation).__name__ for operation in model.operations]


@pytest.mark.parametrize("nodes", SAFE.values(), ids=SAFE)
def test_a_leaky_relu_stays_a_layer_of(nodes, tmp_path):
    assert "LeakyReLU" in operations(converted(tmp_path, nodes))


@pytest.mark.parametrize("nodes", SUMS.values(), ids=SUMS)
def test_a_leaky_relu_is_not_a_layer_of(nodes, tmp_path):
    model = converted(tmp_path, nodes)
    assert "LeakyReLU" not in operations(model)
    given = draw(2, 4, 5, 6, seed=1)
    close(model.predict(given, verbose=0), np.asarray(model(given)))


@pytest.mark.parametrize(
    "same",
    [
        op("mean", "same", [4], axis="(2, 3)", keepdims=True),
        op("max", "same", [4], axis="(2, 3)", keepdims=True),
        op("Pooling", "same", [4], kernel="(1, 1)", pool_type="max", global_pool=True),
        op("UpSampling", "same", [4], scale=1, sample_type="nearest"),
    ],
    ids=lambda node: node["op"],
)
@pytest.mark.parametrize("size", [(1, 1), (None, None)], ids=["one point", "any size"])
def test_a_mish_of_a_sum_of_one_point(same, size, tmp_path):
    nodes = (
        null("data"), W, B, convolution(0, 1, 2), op("elemwise_add", "both", [3, 0]), same,
        op("Activation", "plus", [5], act_type="softrelu"), op("tanh", "gate", [6]),
        op("elemwise_mul", "mish", [5, 7]),
    )  # fmt: skip
    model, given = converted(tmp_path, nodes, *size), draw(2, 4, 1, 1, seed=1)
    close(model.predict(given, verbose=0), np.asarray(model(given)))


def test_a_leaky_relu_of_a_sum_that_is_enlarged_by_nothing(tmp_path):
    same = op("UpSampling", "same", [4], scale=1, sample_type="nearest")
    nodes = (null("data"), W, B, convolution(0, 1, 2), op("elemwise_add", "both", [3, 0]), same, leaky(5))
    model, given = converted(tmp_path, nodes), draw(2, 4, 5, 6, seed=1)
    close(model.predict(given, verbose=0), np.asarray(model(given)))


def test_a_sum_within_a_loop(tmp_path):
    """The body of a loop reads a tensor that was computed outside of it."""
    body = graph(null("data"), null("sum"), leaky(1), op("_mul_scalar", "next", [2], scalar=0.5), heads=[2, 3])
    body["nodes"][0]["name"] = "x"
    condition = graph(null("sum"), op("sum", "size", [0]), op("_greater_scalar", "more", [1], scalar=-1e9))
    loop = op(
        "_while_loop", "loop", [4, 0],
        num_args=3, num_outputs=2, num_out_data=1, max_iterations=2, cond_input_locs=[0],
        func_input_locs=[1, 0], func_var_locs=[1],
    )  # fmt: skip
    loop["subgraphs"] = [condition, body]
    nodes = (null("data"), W, B, convolution(0, 1, 2), op("elemwise_add", "both", [3, 0]), loop)
    model = converted(tmp_path, nodes)
    given = draw(2, 4, 5, 6, seed=1)
    close(model.predict(given, verbose=0), np.asarray(model(given)))


@pytest.mark.parametrize(
    ("nodes", "kind"),
    [
        ((op("SliceChannel", "halves", [0], num_outputs=2), op("_maximum", "larger", [(1, 0), (1, 1)])), "Maximum"),
        ((op("_mul_scalar", "twice", [0], scalar=2), op("_maximum", "larger", [0, 1])), "Minimum"),
    ],
    ids=["two halves", "its double"],
)
def test_a_maximum_is_a_minimum_of_negatives_where_one_is_the_other_s_multiple(nodes, kind, tmp_path):
    model = converted(tmp_path, (null("data"), *nodes))
    assert [name for name in operations(model) if name in ("Maximum", "Minimum")] == [kind]


@pytest.mark.parametrize(
    ("nodes", "mirrored"),
    [
        ((op("tanh", "act", [0]),), False),
        ((op("_mul_scalar", "part", [0], scalar=0.667), op("tanh", "act", [1])), False),
        ((op("Activation", "plus", [0], act_type="softrelu"), op("tanh", "act", [1])), False),
        (
            (
                op("square", "power", [0]),
                op("elemwise_add", "both", [0, 1]),
                op("_mul_scalar", "part", [2], scalar=0.8),
                op("tanh", "act", [3]),
            ),
            True,
        ),
    ],
    ids=["an input", "its multiple", "its softplus", "a multiple of a sum"],
)
def test_a_tanh_is_mirrored_where_it_may_be_a_gelu_s(nodes, mirrored, tmp_path):
    model = converted(tmp_path, (null("data"), *nodes))
    assert ("Negative" in operations(model)) == mirrored


def test_validation_and_evaluate_equal_a_call(tmp_path):
    nodes = [
        null("data"), op("Reshape", "image", [0], shape="(0, 4, 3, 3)"), W, B, convolution(1, 2, 3),
        op("elemwise_add", "both", [4, 1]), leaky(5, 0.05),
        op("mean", "mean", [6], axis="(1, 2, 3)", keepdims=False), op("expand_dims", "out", [7], axis=1),
        op("LinearRegressionOutput", "lro", [8]),
    ]  # fmt: skip
    path = write(tmp_path, graph(*nodes), w=draw(4, 4, 3, 3), b=draw(4))
    model = netconv.convert(path, input_shapes={"data": (None, 36)}, learning_rate=1e-12)
    rows = draw(40, 36, seed=2)
    target = np.asarray(model(rows))[:, 0] + 2
    lines = [",".join(map(repr, map(float, (*row, y)))) for row, y in zip(rows, target, strict=True)]
    table = "\n".join([",".join([*(f"x{n}" for n in range(36)), "y"]), *lines]) + "\n"
    assert netconv.evaluate(model, source(table)).metrics["loss"] == pytest.approx(4, rel=1e-5)
    done = netconv.train(model, source(table), validation_data=source(table), epochs=1)
    assert done.history[0]["val_loss"] == pytest.approx(4, rel=1e-5)
