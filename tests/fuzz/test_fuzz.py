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
