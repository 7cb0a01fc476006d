"""Compares netconv with what MXNet computed for every row of the table and every recorded net (`make record`)."""

import json

import numpy as np
import pytest
from cases import families
from compare import (
    FIXTURES,
    NETS,
    check_source_net,
    close,
    compared_net,
    compared_step,
    compiled,
    converted_net,
    converted_row,
    meta,
    operations,
    pairs,
    part,
    predicted,
    recorded,
    reloaded,
    trained,
)

from netconv.keras_files import archive
from netconv.ops import registry
from netconv.ops.coverage import ERRORS

ROWS = [(family, row) for family, rows in families().items() for row in rows]
UNRECORDED = frozenset(
    # random
    "_random_uniform _random_normal _random_exponential _random_randint _random_uniform_like _random_normal_like "
    "_random_exponential_like _sample_uniform _sample_normal _sample_exponential _sample_multinomial _shuffle "
    "_npi_uniform _npi_uniform_n _npi_normal _npi_normal_n _npi_exponential _npi_gumbel _npi_logistic _npi_pareto "
    "_npi_powerd _npi_rayleigh _npi_weibull _npi_bernoulli _npi_gamma "
    "_random_gamma _random_poisson _random_negative_binomial _random_generalized_negative_binomial "
    "_random_gamma_like _random_poisson_like _random_negative_binomial_like "
    "_random_generalized_negative_binomial_like _sample_gamma _sample_poisson _sample_negative_binomial "
    "_sample_generalized_negative_binomial "
    "_npi_choice _npi_multinomial _image_random_flip_left_right _image_random_flip_top_bottom "
    # MXNet computes these on a GPU only
    "_contrib_fft _contrib_ifft _contrib_count_sketch "
    # MXNet runs these in place or on sparse arrays, not in a graph
    "_scatter_set_nd fill_element_0index _sparse_retain _square_sum".split()
)
"""Supported ops for which no result of MXNet can be recorded."""
ANY_MACHINE = 2e-6
"""An error that another processor may have where none was recorded, because it adds in another order."""


@pytest.fixture(autouse=True)
def cleared():
    """Clears Keras's global state after a test, without garbage collection, which takes longer than the test."""
    yield
    import keras

    keras.backend.clear_session(free_memory=False)


@pytest.mark.parametrize(("family", "row"), ROWS, ids=[row.name for _, row in ROWS])
def test_op(family, row, tmp_path):
    """Called, and compiled as by `predict`; a training step is only called. A row is recorded at one batch size and not
    loaded from its file here: `make drawn` does that, and uses batch sizes of 1, 3 and 7."""
    members = part(recorded(FIXTURES / "conformance" / "ops" / f"{family}.npz"), f"{row.name}/")
    converted, measured = converted_row(row, members, tmp_path), ERRORS.get(registry.load()[row.op].op, {})
    check_source_net(converted, converted.model)
    untrained = [] if row.training else predicted(compiled(converted.model), members, members)
    for pair in [*untrained, *compared_step(converted, row, members)]:
        gradient = pair.what.startswith("grad")
        if "out:" in pair.what:
            assert pair.found.dtype.name == pair.expected.dtype, pair.what
        close(pair, 10 * row.tolerance if gradient else row.tolerance)
        limit = measured.get("gradients" if gradient else "outputs")
        assert limit is not None, f"{pair.what}: no error is recorded; `make table` does it"
        assert pair.error() <= max(10 * limit, ANY_MACHINE), f"{pair.what}: `make table` recorded an error of {limit}"


@pytest.mark.parametrize("folder", NETS, ids=lambda folder: folder.name)
def test_net(folder, tmp_path):
    """Called, called after loading, and compiled after loading, at each of its batch sizes."""
    converted, members = converted_net(folder)
    tolerance = meta(members)["tolerance"]
    again = reloaded(converted, tmp_path / "net.keras")
    check_source_net(converted, again)
    assert operations(archive.load(tmp_path / "net.keras")) == operations(converted.model)
    function = compiled(again)
    for size in "ab":
        compared = compared_net(converted, members, size)
        for pair in compared:
            close(pair, 10 * tolerance if pair.what.startswith("grad") else tolerance)
        own = part(members, f"{size}/")
        for pair in predicted(function, part(own, "in:"), own):
            close(pair, tolerance)
        fed = [own[f"in:{tensor.name}"] for tensor in again.inputs]
        outputs = again(fed if len(fed) > 1 else fed[0], training=False)
        for k, output in enumerate(outputs if isinstance(outputs, list) else [outputs]):
            np.testing.assert_allclose(output, compared[k].found, 1e-6, 1e-6, err_msg=f"output {k} of the saved model")


TRAINED = [folder for folder in NETS if meta(recorded(folder / "io.npz"))["training"]]


@pytest.mark.parametrize("folder", TRAINED, ids=lambda folder: folder.name)
def test_training(folder):
    """The loss of every step; the output, and every parameter and moving statistic after the last one."""
    converted, members = converted_net(folder)
    for pair in pairs(trained(converted, members), part(members, "train/")):
        close(pair, 10 * meta(members)["tolerance"])


def test_every_row_is_recorded():
    """`make record` was run after the last change of the table, and there are no recordings of removed rows."""
    for family, rows in families().items():
        members = recorded(FIXTURES / "conformance" / "ops" / f"{family}.npz")
        assert {name.partition("/")[0] for name in members} == {row.name for row in rows}


def test_a_family_is_that_of_its_ops():
    """Rows and recordings are divided into the same families as `netconv/ops`."""
    ops = registry.load()
    for family, rows in families().items():
        assert {ops[row.op].function.__module__.rpartition(".")[2] for row in rows} == {family}


def test_no_row_twice():
    names = [row.name for _, row in ROWS]
    assert len(names) == len(set(names))


def test_every_translation_has_a_row():
    """In the table, or in a net if the op makes no sense alone; one name of each op is enough."""

    def ops(graph):
        for node in graph["nodes"]:
            yield node["op"]
            for inner in node.get("subgraphs", ()):
                yield from ops(inner)

    shown = {row.op for _, row in ROWS}
    for folder in NETS:
        shown.update(ops(json.loads((folder / "net.json").read_text())))
    known = registry.load()
    functions = {known[op].function for op in shown | UNRECORDED if op in known}
    assert [op for op, translation in known.items() if translation.function not in functions] == []
