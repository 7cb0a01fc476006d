"""Compares models of Mathematica's layers with what MXNet computed for the graphs that they become (`make record`)."""

import numpy as np
import pytest
from compare import FIXTURES, close, compared_net, pairs, part, recorded, trained
from wolfram_files import File
from wolfram_layers import families

from netconv import conversion
from netconv.frontends.wolfram import nets
from netconv.frontends.wolfram.layers.registry import translations

CASES = [(family, name, function) for family, cases in families().items() for name, function in cases.items()]
TRAINED = [each for each in CASES if each[1] in families()[each[0]].losses]
TOLERANCE = 1e-5


@pytest.fixture(autouse=True)
def cleared():
    """Clears Keras's global state after a test, without garbage collection, which takes longer than the test."""
    yield
    import keras

    keras.backend.clear_session(free_memory=False)


def members_of(family, name=""):
    members = recorded(FIXTURES / "conformance" / "layers" / f"{family}.npz")
    return part(members, f"{name}/") if name else members


def converted_case(function, folder):
    file = File()
    return conversion.convert(file.write(folder / "net.wlnet", function(file)[0]))


def names(cases):
    return [f"{family}-{name}" for family, name, _ in cases]


@pytest.mark.parametrize(("family", "name", "function"), CASES, ids=names(CASES))
def test_layer(family, name, function, tmp_path):
    """Outputs, and gradients with respect to inputs and arrays; for a graph with dropout, what is left in training of
    inputs of ones."""
    converted, members = converted_case(function, tmp_path), members_of(family, name)
    if "a/out:0" in members:
        for pair in compared_net(converted, members, "a"):
            close(pair, TOLERANCE)
    else:  # MXNet has no answer in inference
        assert "dropped" in members
    if "dropped" in members:
        ones = np.ones((200, *converted.model.input_shape[1:]), "float32")
        dropped = converted.model(ones, training=True).numpy()
        least, greatest = members["dropped"]
        assert np.all(np.isclose(dropped, least, 1e-6, 1e-6) | np.isclose(dropped, greatest, 1e-6, 1e-6))
        np.testing.assert_allclose([dropped.min(), dropped.max()], [least, greatest], 1e-6, 1e-6)


@pytest.mark.parametrize(("family", "name", "function"), TRAINED, ids=names(TRAINED))
def test_training(family, name, function, tmp_path):
    """The loss of every step of SGD; the output, and every array after the last one."""
    converted, members = converted_case(function, tmp_path), members_of(family, name)
    for pair in pairs(trained(converted, members), part(members, "train/")):
        close(pair, TOLERANCE)


def test_every_case_is_recorded():
    """`make record` was run after the last change of the cases, and there are no recordings of removed ones."""
    for family, cases in families().items():
        assert {name.partition("/")[0] for name in members_of(family)} == set(cases)


def test_every_type_of_layer_has_a_case():
    shown = set()
    for _, _, function in CASES:
        file = File()
        net = function(file)[0]
        newest = nets.all_upgraded(net, tuple(map(int, file.version.split("."))))
        shown.update(layer["Type"] for _, layer in nets.layers(newest))
    assert translations().keys() - shown == set()
