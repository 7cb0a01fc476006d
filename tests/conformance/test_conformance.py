"""netconv against MXNet: every row of the table and every recorded net, by what MXNet computed for it.

Knows neither the ops nor how they are translated. The recordings are made by `make record`.
"""

import json
import os
from functools import cache
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest
from cases import cotangent, families, symbol

from netconv import archive, arrays, conversion, ndarray, registry

FIXTURES = Path(__file__).parents[2] / "fixtures"
NETS = [FIXTURES / "ckd", *sorted((FIXTURES / "conformance" / "nets").iterdir())]
ROWS = [(family, row) for family, rows in families().items() for row in rows]
UNRECORDED = frozenset(
    # random
    "_random_uniform _random_normal _random_exponential _random_randint _random_uniform_like _random_normal_like "
    "_random_exponential_like _sample_uniform _sample_normal _sample_exponential _sample_multinomial _shuffle "
    # MXNet runs these on arrays in place or stored sparsely, not in a graph
    "_scatter_set_nd fill_element_0index _sparse_retain".split()
)
"""Translated ops that MXNet has no answer for that could be recorded."""
NO_ROW_YET = frozenset({"_cond", "_while_loop"})
"""A row has no graphs inside it: these want nets."""
KNOWN = [(family, row) for family, row in ROWS if row.op in registry.load()]


@cache
def recorded(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as file:
        return dict(file)


def part(members: dict[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    """The members whose names begin so, without it."""
    return {name.removeprefix(prefix): value for name, value in members.items() if name.startswith(prefix)}


def close(found, expected: np.ndarray, tolerance: float, what: str) -> None:
    scale = np.abs(expected[np.isfinite(expected)]).max(initial=1) if expected.dtype.kind == "f" else 1
    found = np.asarray(found).astype("float64")
    assert found.shape == expected.shape, f"{what}: shape {found.shape}, MXNet's is {expected.shape}"
    np.testing.assert_allclose(found, expected.astype("float64"), tolerance, tolerance * scale, err_msg=what)


def step(conversion, fed: dict[str, np.ndarray], wanted: set[str], training: bool):
    """The outputs of a model, and the gradients of sum_k <output k, cotangent(k)> by input and parameter."""
    import tensorflow as tf

    model, weights = conversion.model, conversion.account.weights
    inputs = {tensor.name: tf.cast(fed[tensor.name], tensor.dtype) for tensor in model.inputs}
    watched = {name: tensor for name, tensor in inputs.items() if tensor.dtype.is_floating and name in wanted}
    variables = [variable for variable in model.trainable_variables if wanted]
    with tf.GradientTape() as tape:
        tape.watch(list(watched.values()))
        values = list(inputs.values())
        outputs = model(values if len(values) > 1 else values[0], training=training)
        outputs = outputs if isinstance(outputs, list) else [outputs]
        seeds = [cotangent(tuple(output.shape), k) for k, output in enumerate(outputs)]
        total = sum(tf.reduce_sum(o * s) for o, s in zip(outputs, seeds, strict=True) if wanted)
    if not wanted:
        return outputs, {}
    sources = [*watched.values(), *(variable.value for variable in variables)]
    dense = [
        np.zeros(source.shape) if gradient is None else tf.convert_to_tensor(gradient).numpy()
        for source, gradient in zip(sources, tape.gradient(total, sources), strict=True)
    ]
    gradients = dict(zip(watched, dense, strict=False))
    shapes = {name: shape for origin in weights.values() for name, shape in arrays.sources(origin).items()}
    gradients |= {name: np.zeros(shape) for name, shape in shapes.items()}
    for variable, gradient in zip(variables, dense[len(watched) :], strict=True):
        pull(gradient, weights[variable.path], gradients)
    return outputs, gradients


def shape_of(origin) -> tuple[int, ...]:
    match origin:
        case ("param", _, shape) | ("constant", shape) | ("reshape", _, shape):
            return tuple(shape)
        case ("transpose", inner, axes):
            return tuple(shape_of(inner)[axis] for axis in axes)
        case ("slice", _, bounds):
            return tuple(stop - start for start, stop in bounds)
        case ("concat", inners, axis):
            shapes = [shape_of(inner) for inner in inners]
            return tuple(sum(s[i] for s in shapes) if i == axis else n for i, n in enumerate(shapes[0]))
        case ("add", (first, *_)) | ("cast", first):
            return shape_of(first)
    raise ValueError(origin)


def pull(gradient: np.ndarray, origin, into: dict[str, np.ndarray]) -> None:
    """Adds the gradient of a Keras variable to those of the parameters it is made of."""
    match origin:
        case ("param", name, _):
            into[name] = into[name] + gradient
        case ("transpose", inner, axes):
            pull(gradient.transpose(np.argsort(axes)), inner, into)
        case ("reshape", inner, _):
            pull(gradient.reshape(shape_of(inner)), inner, into)
        case ("slice", inner, bounds):
            whole = np.zeros(shape_of(inner))
            whole[tuple(slice(*b) for b in bounds)] = gradient
            pull(whole, inner, into)
        case ("concat", inners, axis):
            cuts = np.cumsum([shape_of(inner)[axis] for inner in inners])[:-1]
            for inner, piece in zip(inners, np.split(gradient, cuts, axis), strict=True):
                pull(piece, inner, into)
        case ("add", inners):
            for inner in inners:
                pull(gradient, inner, into)
        case ("cast", inner):
            pull(gradient, inner, into)


@pytest.fixture(autouse=True)
def forgotten():
    """What a model left in Keras's global state is gone after a test; collecting it would take longer than the test."""
    yield
    import keras

    keras.backend.clear_session(free_memory=False)


@pytest.mark.parametrize(("family", "row"), KNOWN, ids=[row.name for _, row in KNOWN])
def test_op(family, row, tmp_path):
    members = part(recorded(FIXTURES / "conformance" / "ops" / f"{family}.npz"), f"{row.name}/")
    (tmp_path / "net.json").write_text(symbol(row))
    named = dict(zip(row.names(), row.inputs, strict=True))
    stored = [(name, members[name]) for name, given in named.items() if given.role != "in"]
    if stored:
        ndarray.write(tmp_path / "net.params", stored)
    shapes = {name: given.shape for name, given in named.items() if given.role == "in"}
    if row.free:
        shapes = {name: (None, *shape[1:]) for name, shape in shapes.items()}
    params = tmp_path / "net.params" if stored else None
    converted = conversion.convert(tmp_path / "net.json", params, input_shapes=shapes)

    gradients = part(members, "grad:")
    outputs, found = step(converted, members, set(gradients), row.training)
    assert len(outputs) == row.outputs
    for k, output in enumerate(outputs):
        close(output, members[f"out:{k}"], row.tolerance, f"output {k}")
    for name, gradient in gradients.items():
        close(found.get(name, np.zeros(gradient.shape)), gradient, 10 * row.tolerance, f"gradient of {name}")
    after = {name: members[name].copy() for name in part(members, "after:")}
    give_back(converted, after)
    for name, value in part(members, "after:").items():
        close(after[name], value, row.tolerance, f"{name} after the step")


def give_back(converted, into: dict[str, np.ndarray]) -> None:
    """Writes the model's variables into the parameters they were made of, those that are in `into`."""
    for variable in converted.model.variables:
        origin = converted.account.weights.get(variable.path)
        if origin is not None and arrays.sources(origin).keys() & into.keys():
            arrays.scatter(np.asarray(variable), origin, into)


@pytest.mark.parametrize("folder", NETS, ids=lambda folder: folder.name)
def test_net(folder, tmp_path):
    import keras

    members = recorded(folder / "io.npz")
    meta = json.loads(str(members["meta"]))
    shapes = {name: tuple(shape) for name, shape in meta["shapes"].items()}
    converted = conversion.convert(folder / "net.json", folder / "net.params", input_shapes=shapes)
    archive.save(converted.model, tmp_path / "net.keras", converted.members)
    again = keras.models.load_model(tmp_path / "net.keras")
    for size in "ab":
        said = part(members, f"{size}/")
        gradients = part(said, "grad:")
        outputs, found = step(converted, part(said, "in:"), set(gradients), training=False)
        assert len(outputs) == len(part(said, "out:"))
        for k, output in enumerate(outputs):
            close(output, said[f"out:{k}"], meta["tolerance"], f"output {k}")
        for name, gradient in gradients.items():
            close(found.get(name, np.zeros(gradient.shape)), gradient, 10 * meta["tolerance"], f"gradient of {name}")
        fed = [part(said, "in:")[tensor.name] for tensor in again.inputs]
        reloaded = again(fed if len(fed) > 1 else fed[0], training=False)
        for k, output in enumerate(reloaded if isinstance(reloaded, list) else [reloaded]):
            np.testing.assert_allclose(output, outputs[k], 1e-6, 1e-6, err_msg=f"output {k} of the saved model")


TRAINED = [folder for folder in NETS if json.loads(str(recorded(folder / "io.npz")["meta"]))["training"]]


@pytest.mark.parametrize("folder", TRAINED, ids=lambda folder: folder.name)
def test_training(folder):
    """Plain SGD: the loss of every step, the output and every parameter and moving statistic after the last."""
    import keras

    members = recorded(folder / "io.npz")
    meta = json.loads(str(members["meta"]))
    shapes = {name: tuple(shape) for name, shape in meta["shapes"].items()}
    converted = conversion.convert(folder / "net.json", folder / "net.params", input_shapes=shapes)
    model, told = converted.model, part(members, "train/")
    model.compile(keras.optimizers.SGD(meta["training"]["rate"]), meta["training"]["loss"], run_eagerly=True)
    names = [tensor.name for tensor in model.inputs]
    for number, loss in enumerate(told["loss"]):
        fed = [told[f"in:{name}"][number] for name in names]
        model.reset_metrics()
        found = model.train_on_batch(fed if len(fed) > 1 else fed[0], told["target"][number])
        close(found, loss, 10 * meta["tolerance"], f"loss of step {number}")
    outputs, _ = step(converted, part(members, "a/in:"), set(), training=False)
    close(outputs[0], told["out:0"], 10 * meta["tolerance"], "output after training")
    after = {name: np.array(value) for name, value in ndarray.read(folder / "net.params")}
    give_back(converted, after)
    for name, value in part(told, "after:").items():
        close(after[name], value, 10 * meta["tolerance"], f"{name} after training")


def test_every_row_is_recorded():
    """`make record` has run since the table was changed, and nothing is left of rows that are gone."""
    for family, rows in families().items():
        members = recorded(FIXTURES / "conformance" / "ops" / f"{family}.npz")
        assert {name.partition("/")[0] for name in members} == {row.name for row in rows}


def test_no_row_twice():
    names = [row.name for _, row in ROWS]
    assert len(names) == len(set(names))


def test_every_translation_has_a_row():
    """In the table, or in a net where the op makes no sense alone; of the names of an op one is enough."""

    def ops(graph):
        for node in graph["nodes"]:
            yield node["op"]
            for inner in node.get("subgraphs", ()):
                yield from ops(inner)

    shown = {row.op for _, row in ROWS}
    for folder in NETS:
        shown.update(ops(json.loads((folder / "net.json").read_text())))
    known = registry.load()
    functions = {known[op].function for op in shown | UNRECORDED | NO_ROW_YET if op in known}
    assert [op for op, translation in known.items() if translation.function not in functions] == []
