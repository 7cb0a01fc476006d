"""The number of transposes of each net: data are channels-last inside and in MXNet's order outside."""

import json
from pathlib import Path

import numpy as np
import pytest
from nets import draw, graph, null, op, write
from transposes import transposes

from netconv import conversion
from netconv.ops import registry

NETS = Path(__file__).parents[2] / "fixtures" / "conformance" / "nets"
FEED_FORWARD = ["resnet", "mobilenet", "gluon-cnn", "densenet", "inception", "squeezed", "split-attention", "detector"]


def converted(name, known=True):
    folder = NETS / name
    with np.load(folder / "io.npz") as file:
        shapes = {name: tuple(shape) for name, shape in json.loads(str(file["meta"]))["shapes"].items()}
    return conversion.convert(folder / "net.json", input_shapes=shapes if known else None)


@pytest.mark.parametrize("known", [True, False], ids=["known", "inferred"])
@pytest.mark.parametrize("name", FEED_FORWARD)
def test_a_feed_forward_net_has_none_inside(name, known):
    done = converted(name, known)
    inside, outside = transposes(done.model)
    assert inside == 0
    assert outside <= len(done.model.inputs) + len(done.model.outputs)
    assert done.build_report.transposes == inside + outside


@pytest.mark.parametrize(("name", "inside"), [("shuffled", 1), ("enlarged", 1), ("yolo", 0)])
def test_others_have_those_of_the_graph(name, inside):
    """Shuffled channels are moved, and so are axes that the graph transposes and then reshapes."""
    assert transposes(converted(name).model)[0] == inside


BROADCAST = sorted({t.op for name, t in registry.load().items() if name.startswith("broadcast_") and len(t.inputs) == 2}
                   - {"broadcast_like"})  # fmt: skip
NUMPY = ["_npi_add", "_npi_subtract", "_npi_multiply", "_npi_true_divide", "_npi_power", "_npi_less"]


def conv(name, data, weight):
    return op("Convolution", name, [data, weight], kernel=(3, 3), num_filter=4, no_bias=True)


def between(tmp_path, kind, *shape, turned=False, again=False):
    """A convolution, an op with a stored array, another convolution; with `again` another op reads the array too."""
    pair = [4, 3] if turned else [3, 4]
    nodes = [null("data"), null("w1"), null("w2"), conv("one", 0, 1), null("s"), op(kind, "between", pair)]
    nodes += [op(kind, "twice", [5, 4])] if again else []
    nodes.append(conv("two", len(nodes) - 1, 2))
    arrays = {"w1": draw(4, 2, 3, 3), "w2": draw(4, 4, 3, 3), "s": np.abs(draw(*shape)) + 0.5}
    symbol = write(tmp_path, graph(*nodes, heads=[len(nodes) - 1, 5, 3]), **arrays)
    return conversion.convert(symbol, input_shapes={"data": (None, 2, 8, 8)}), arrays["s"]


def by_hand(function, model, stored, turned=False):
    """The result of the op for the output of the first convolution, computed by numpy in MXNet's order."""
    _, found, first = (np.asarray(output) for output in model(draw(3, 2, 8, 8, seed=1)))
    return found, function(stored, first) if turned else function(first, stored)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("shape", [(1,), (1, 1, 1), (4, 1, 1), (1, 4, 1, 1), (6,), (6, 1), (4, 6, 6)])
def test_a_stored_array_of_fewer_axes_between_convolutions_needs_none(tmp_path, shape, turned):
    done, stored = between(tmp_path, "broadcast_sub", *shape, turned=turned)
    assert transposes(done.model) == (0, 4)  # the input and the outputs
    np.testing.assert_allclose(*by_hand(np.subtract, done.model, stored, turned), 1e-6, 1e-6)


@pytest.mark.parametrize("kind", BROADCAST + NUMPY)
def test_no_broadcasting_op_needs_one(tmp_path, kind):
    assert transposes(between(tmp_path, kind, 4, 1, 1)[0].model)[0] == 0


def test_an_array_that_is_read_twice_is_permuted_by_a_reshape(tmp_path):
    done, stored = between(tmp_path, "broadcast_mul", 4, 1, 1, again=True)
    assert transposes(done.model)[0] == 0
    np.testing.assert_allclose(*by_hand(np.multiply, done.model, stored), 1e-6, 1e-6)


def test_a_tensor_of_fewer_axes_gets_the_order_of_the_others(tmp_path):
    """A mask over the pixels, computed from a stored array, and one over the channels."""
    nodes = [null("data"), null("w1"), null("w2"), conv("one", 0, 1), null("s"), op("sigmoid", "mask", [4]),
             op("broadcast_mul", "between", [3, 5]), conv("two", 6, 2)]  # fmt: skip
    for shape in ((4, 1, 1), (6, 6)):
        arrays = {"w1": draw(4, 2, 3, 3), "w2": draw(4, 4, 3, 3), "s": draw(*shape)}
        symbol = write(tmp_path, graph(*nodes, heads=[7, 6, 3]), **arrays)
        done = conversion.convert(symbol, input_shapes={"data": (None, 2, 8, 8)})
        assert transposes(done.model) == (0, 4)
        np.testing.assert_allclose(*by_hand(np.multiply, done.model, 1 / (1 + np.exp(-arrays["s"]))), 1e-5, 1e-6)


@pytest.mark.parametrize("shape", [(144,), (1, 144), (1,), (1, 1)])
def test_a_stored_array_gets_the_order_of_flattened_data(tmp_path, shape):
    """A convolution, flattened without a transpose, times a stored array, and a dense layer."""
    nodes = [null("data"), null("w1"), null("w2"), conv("one", 0, 1), null("s"), op("Flatten", "flat", [3])]
    nodes += [op("broadcast_mul", "between", [5, 4])]
    nodes += [op("FullyConnected", "fc", [6, 2], num_hidden=3, no_bias=True)]
    arrays = {"w1": draw(4, 2, 3, 3), "w2": draw(3, 144), "s": draw(*shape)}
    done = conversion.convert(
        write(tmp_path, graph(*nodes, heads=[7, 3]), **arrays), input_shapes={"data": (None, 2, 8, 8)}
    )
    assert transposes(done.model) == (0, 2)
    found, first = (np.asarray(each) for each in done.model(draw(3, 2, 8, 8, seed=1)))
    np.testing.assert_allclose(found, first.reshape(3, -1) * arrays["s"] @ arrays["w2"].T, 1e-4, 1e-4)


@pytest.mark.parametrize("shape", [(None,), (None, 4, 6, 6)])
def test_a_condition_of_rows_is_not_permuted(tmp_path, shape):
    """The condition by which `where` selects rows has one axis, the first."""
    nodes = [null("data"), null("w1"), null("w2"), conv("one", 0, 1), null("rows"), op("relu", "other", [3]),
             op("where", "between", [4, 5, 3]), conv("two", 6, 2)]  # fmt: skip
    arrays = {"w1": draw(4, 2, 3, 3), "w2": draw(4, 4, 3, 3)}
    symbol = write(tmp_path, graph(*nodes, heads=[7, 6, 3]), **arrays)
    done = conversion.convert(symbol, input_shapes={"data": (None, 2, 8, 8), "rows": shape})
    assert transposes(done.model)[0] == 0
    rows = draw(*(3 if n is None else n for n in shape), seed=2) > 0
    _, found, first = (np.asarray(o) for o in done.model([draw(3, 2, 8, 8, seed=1), rows.astype("float32")]))
    chosen = rows.reshape(3, *shape[1:], *[1] * (4 - len(shape)))
    np.testing.assert_allclose(found, np.where(chosen, np.maximum(first, 0), first), 1e-6, 1e-6)
