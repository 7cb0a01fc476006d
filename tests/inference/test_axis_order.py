"""Arrays whose axes are in another order than the model takes them."""

import keras
import numpy as np
import pytest
from models import fails, layers

import netconv
from netconv import DataError
from netconv.features.encoding import Encoding, Feature, Head
from netconv.inference.axis_order import check_axis_order
from netconv.tables.rows import TableFormat, numbered_names, row_shapes


def net(shape, classes=2):
    keras.utils.set_random_seed(1)
    made = keras.Sequential([keras.Input(shape), layers.Flatten(), layers.Dense(classes, activation="softmax")])
    made.compile("adam", "sparse_categorical_crossentropy")
    return made


def checked(given, taken):
    names = numbered_names(int(np.prod(given)))
    encoding = Encoding(names, False, tuple(map(Feature, names)), (Head("out"),))
    format_ = TableFormat(",", ".", False, names, row_shapes=row_shapes([given]))
    check_axis_order(keras.Sequential([keras.Input(taken), layers.Activation("relu")]), encoding, format_, "x.npy")


@pytest.mark.parametrize(
    "given, taken, order",
    [
        ((6, 5, 3), (3, 6, 5), "0, 3, 1, 2"), ((3, 6, 6), (6, 6, 3), "0, 2, 3, 1"), ((5, 6), (6, 5), "0, 2, 1"),
        ((6, 6, 3), (3, None, None), "0, 3, 1, 2"),
    ],
)  # fmt: skip
def test_another_order_is_refused(given, taken, order):
    shapes = [" x ".join("?" if size is None else str(size) for size in shape) for shape in (given, taken)]
    assert fails(checked, given, taken, kind=DataError) == (
        f"x.npy: its rows are {shapes[0]}, and the net takes {shapes[1]}: transpose them, as in x.transpose({order})"
    )


@pytest.mark.parametrize(
    "given, taken",
    [
        ((3, 6, 5), (3, 6, 5)), ((6, 5), (1, 6, 5)), ((6, 5, 1), (1, 6, 5)), ((90,), (3, 6, 5)), ((6, 6), (6, 6)),
        ((3, 6, 5), (None, 6, 5)), ((9, 10), (3, 30)),
    ],
)  # fmt: skip
def test_the_same_order_and_other_shapes(given, taken):
    checked(given, taken)


def test_in_memory_and_in_files(tmp_path):
    x, y = np.random.default_rng(0).normal(size=(20, 6, 6, 3)).astype(np.float32), np.arange(20) % 2
    message = ": its rows are 6 x 6 x 3, and the net takes 3 x 6 x 6: transpose them, as in x.transpose(0, 3, 1, 2)"
    for call in (netconv.train, netconv.evaluate):
        assert fails(call, net((3, 6, 6)), (x, y), kind=DataError) == f"(x, y){message}"
    assert fails(netconv.predict, net((3, 6, 6)), x, kind=DataError) == f"the array{message}"
    np.savez(tmp_path / "d.npz", x=x, y=y)
    found = fails(netconv.train, net((3, 6, 6)), tmp_path / "d.npz", kind=DataError)
    assert found == f"{tmp_path / 'd.npz'}{message}"
    done = netconv.train(net((3, 6, 6)), (x.transpose(0, 3, 1, 2), y), epochs=1)
    assert fails(netconv.predict, done, x, kind=DataError) == f"the array{message}"
    assert netconv.predict(done, x.transpose(0, 3, 1, 2)).to_numpy().shape == (20, 2)
