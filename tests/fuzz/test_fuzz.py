"""A short run of what `make fuzz` does for long."""

import os
import time

import pytest
from fuzz.formats import FORMATS
from fuzz.watchdog import Reader


@pytest.fixture(scope="module")
def reader():
    with Reader() as reader:
        yield reader


@pytest.mark.parametrize("name", FORMATS)
def test_damaged_files(reader, name):
    count = FORMATS[name].count
    found, told = reader.faults(name, range(count))
    assert found == {}
    assert told["refused"] > count / 10 and told["read"] > 0


@pytest.mark.parametrize(
    "name, seed",
    [
        ("csv", 90731000001840),  # a tab in the message
        ("net.json", 90731000005357),  # a line break in the name of an op
        ("parquet", 90731000008088),  # Arrow ended the process
        ("keras", 48213000004617),  # HDF5 took 2.9 GB
        ("keras", 48213000005149),  # HDF5 did not return
        ("keras", 770123000006495),  # HDF5 ended the process
        ("keras", 770123000015085),  # HDF5 took 1.9 GB
    ],
)
def test_files_that_were_faults(reader, name, seed):
    assert reader.faults(name, [seed])[0] == {}


def _serve_badly(connection):
    connection.send(None)
    while asked := connection.recv():
        match asked[1]:
            case 1:
                time.sleep(60)
            case 2:
                os._exit(3)
        connection.send(("read", None))


def test_files_that_end_the_process_or_never_return():
    with Reader(_serve_badly, patience=0.5) as reader:
        found, told = reader.faults("keras", range(4))
    assert found == {1: "has not returned after 0.5 s", 2: "ended the process with 3"}
    assert told == {"read": 2, "lost": 2}
