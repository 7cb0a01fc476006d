"""Damaged files: each ends in one line, quickly and without much memory, or is still a net."""

import io
import resource
import time

import keras
import pytest
from fuzz.wlnet_files import damaged
from wolfram_files import File, elementwise, layer, linear, tensor

import netconv
from netconv.errors import NetconvError
from netconv.frontends.wolfram import description, reader
from netconv.frontends.wolfram.expressions import Symbol

SECONDS, MEBIBYTES = 5, 512


def outcome(function, *arguments):
    """The message of a function's error, or None."""
    try:
        function(*arguments)
    except NetconvError as error:
        assert "\n" not in str(error) and len(str(error)) < 2000
        return str(error)
    return None


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


@pytest.mark.parametrize("start", range(0, 800, 100))
def test_reading(start):
    found = []
    for seed in range(start, start + 100):
        data = damaged(seed)
        found += [outcome(reader.read, data, "net.wlnet"), outcome(description.describe, data, "net.wlnet")]
    assert 30 < sum(message is not None for message in found) < 190


def converted(data):
    """Converts a file to Keras within bounds; the message of the error, or None."""
    before, start = peak(), time.process_time()
    message = outcome(netconv.convert, io.BytesIO(data))
    assert time.process_time() - start < SECONDS and peak() - before < MEBIBYTES
    return message


@pytest.fixture(scope="module")
def _keras():
    """Keras, imported: its time and memory do not count."""
    assert keras.backend.backend()
    file = File()
    netconv.convert(io.BytesIO(file.data(linear(file, 2, 2))))


@pytest.mark.usefixtures("_keras")
def test_converting():
    found = [converted(damaged(seed)) for seed in range(1000, 1030)]
    assert 5 < found.count(None) < 25


HUGE = 10**9


def uninitialized(inputs, units):
    arrays = {"Weights": tensor(units, inputs), "Biases": tensor(units)}
    return layer("Linear", tensor(inputs), tensor(units), {"OutputDimensions": (units,)}, arrays)


def repeated(times):
    return layer("NetNest", tensor(3), tensor(3), {"Net": elementwise(Symbol("Tanh"), 3), "Iterations": times})


RESIZED = layer("Resize", tensor(3, HUGE, 4), tensor(3, 8, 8), {"Resampling": "Linear"})
TOO_LARGE = {
    "units": (uninitialized(4, HUGE), "the stream: the parameters would have more than 536870912 elements"),
    "inputs": (uninitialized(HUGE, 4), "the stream: the parameters would have more than 536870912 elements"),
    "times": (
        repeated(HUGE),
        "NetNest node 'Layer': parameter Iterations must be at most 1000; received 1000000000",
    ),
    "pixels": (
        RESIZED, "_contrib_BilinearResize2D node 'Layer': needs more than 67108864 weights; received 1000000000 and 8 "
        "pixels",
    ),
}  # fmt: skip


@pytest.mark.usefixtures("_keras")
@pytest.mark.parametrize("case", TOO_LARGE)
def test_what_would_take_much_memory_is_refused(case):
    net, message = TOO_LARGE[case]
    assert converted(File().data(net)) == message
