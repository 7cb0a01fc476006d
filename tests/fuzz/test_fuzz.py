"""A short run of what `make fuzz` does for long."""

import keras
import pytest
from fuzz.formats import FORMATS
from fuzz.watchdog import faults


@pytest.fixture(scope="module", autouse=True)
def _keras():
    """Keras, imported: its time and memory do not count."""
    assert keras.backend.backend()


@pytest.mark.parametrize("name", FORMATS)
def test_damaged_files(name):
    form = FORMATS[name]
    found, told = faults(form, range(form.count))
    assert found == {}
    assert told["refused"] > form.count / 10 and told["read"] > 0


@pytest.mark.parametrize(
    "name, seed",
    [
        ("csv", 90731000001840),  # a tab in the message
        ("net.json", 90731000005357),  # a line break in the name of an op
        ("parquet", 90731000008088),  # Arrow ended the process
    ],
)
def test_files_that_were_faults(name, seed):
    assert faults(FORMATS[name], [seed])[0] == {}
