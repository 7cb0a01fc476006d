"""Runs a converted model on the inputs of a recording: its outputs and gradients in pairs with those of MXNet.

A model is called, and its outputs are also computed as `predict` does, compiled by TensorFlow. TensorFlow fuses most
with oneDNN, which is on by default only on some processors, so programs that compare turn it on
(TF_ENABLE_ONEDNN_OPTS).
"""

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from cases import Case, cotangent, symbol

from netconv import conversion
from netconv.frontends.mxnet import params_file
from netconv.graph import tracked_array
from netconv.keras_api.weighted_layers import weighted_layers
from netconv.keras_files import archive, source_net

FIXTURES = Path(__file__).parents[2] / "fixtures"
NETS = [FIXTURES / "ckd", *sorted((FIXTURES / "conformance" / "nets").iterdir())]


class Pair(NamedTuple):
    """A result of netconv's model and that of MXNet; `what` is its name in the recording: `out:0`, `grad:x0`."""

    what: str
    found: np.ndarray
    expected: np.ndarray

    def error(self) -> float:
        """The largest difference, relative to MXNet's largest absolute value if that is above 1, else absolute."""
        found, expected = (np.atleast_1d(a).astype("float64") for a in (self.found, self.expected))
        both = np.isfinite(found) & np.isfinite(expected)
        found, expected = found[both], expected[both]
        return float(np.abs(found - expected).max(initial=0) / np.abs(expected).max(initial=1))


def close(pair: Pair, tolerance: float, scaled: bool = True) -> None:
    """Raises AssertionError unless shapes are equal and numbers are within `tolerance`: of each number, and, if
    `scaled`, of MXNet's largest one if that is above 1."""
    what, expected = pair.what, np.asarray(pair.expected)
    scaled = scaled and expected.dtype.kind == "f"
    scale = np.abs(expected[np.isfinite(expected)]).max(initial=1) if scaled else 1
    found = np.asarray(pair.found).astype("float64")
    assert found.shape == expected.shape, f"{what}: shape {found.shape}, MXNet's is {expected.shape}"
    np.testing.assert_allclose(found, expected.astype("float64"), tolerance, tolerance * scale, err_msg=what)


@cache
def recorded(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a file; inputs have the names that Keras accepts (Mathematica writes `Input#1`)."""
    with np.load(path) as file:
        return {name.replace("#", "_"): value for name, value in file.items()}


def part(members: dict[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    """The entries whose names begin with the prefix, without it."""
    return {name.removeprefix(prefix): value for name, value in members.items() if name.startswith(prefix)}


def step(conversion, fed: dict[str, np.ndarray], wanted: set[str], training: bool):
    """The outputs of a model, and the gradients of sum_k <output k, cotangent(k)> by input and parameter."""
    import tensorflow as tf

    model, weights = conversion.model, origins(conversion)
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
    shapes = {name: shape for origin in weights.values() for name, shape in tracked_array.sources(origin).items()}
    gradients |= {name: np.zeros(shape) for name, shape in shapes.items()}
    for variable, gradient in zip(variables, dense[len(watched) :], strict=True):
        tracked_array.add_gradient(gradient, weights[id(variable)], gradients)
    return outputs, gradients


def origins(converted) -> dict[int, tuple]:
    """The origins of the variables of a converted model, by their id."""
    layers = weighted_layers(converted.model)
    return {
        id(variable): origin
        for layer, made in converted.build_report.weights.items()
        for variable, origin in zip(layers[layer].weights, made, strict=True)
        if origin is not None
    }


def parameters_of(converted) -> dict[str, np.ndarray]:
    """The parameters of a converted net, with the present values of the model's variables."""
    found = source_net.read(converted.members, converted.model, "net.keras")
    return {parameter.name: parameter.read() for parameter in found.parameters}


def check_source_net(converted, model) -> None:
    """Raises AssertionError unless the net that is read from an untrained model is exactly the one converted."""
    graph, found = converted.prepared.graph, source_net.read(converted.members, model, "net.keras")
    assert found.text == graph.text
    for one, other in zip(found.parameters, graph.parameters, strict=True):
        assert (one.name, one.node, one.dtype, one.shape) == (other.name, other.node, other.dtype, other.shape)
        assert one.read().dtype == other.read().dtype
        assert one.read().tobytes() == other.read().tobytes(), one.name


def compared_row(family: str, row: Case, folder: Path) -> list[Pair]:
    """Compares one row of the table; `folder` is for its files."""
    members = part(recorded(FIXTURES / "conformance" / "ops" / f"{family}.npz"), f"{row.name}/")
    converted = converted_row(row, members, folder)
    return compared_step(converted, row, members)


def converted_row(row: Case, members: dict[str, np.ndarray], folder: Path):
    """The model of one row, with the parameters recorded for it."""
    (folder / "net.json").write_text(symbol(row))
    named = dict(zip(row.names(), row.inputs, strict=True))
    stored = [(name, members[name]) for name, given in named.items() if given.role != "in"]
    if stored:
        params_file.write(folder / "net.params", stored)
    shapes = {name: given.shape for name, given in named.items() if given.role == "in"}
    if row.free:
        shapes = {name: (None, *shape[1:]) for name, shape in shapes.items()}
    if row.any_size:
        shapes["x0"] = (*shapes["x0"][:2], *(None for _ in shapes["x0"][2:]))
    params = folder / "net.params" if stored else None
    return conversion.convert(folder / "net.json", params, input_shapes=shapes)


def compared_step(converted, row: Case, members: dict[str, np.ndarray]) -> list[Pair]:
    """Compares a model with the recordings of its row: outputs, gradients, moving statistics."""
    found = answers(converted, members, row.training)
    after = parameters_of(converted)
    found |= {f"after:{name}": after[name] for name in part(members, "after:")}
    assert len(part(found, "out:")) == row.outputs
    return pairs(found, members)


def answers(converted, expected_members: dict[str, np.ndarray], training: bool = False) -> dict[str, np.ndarray]:
    """The results of netconv for the recorded inputs, by the names of the recordings."""
    gradients = part(expected_members, "grad:")
    outputs, found = step(converted, expected_members | part(expected_members, "in:"), set(gradients), training)
    values = {f"out:{k}": output for k, output in enumerate(outputs)}
    return values | {f"grad:{name}": found.get(name, np.zeros(gradient.shape)) for name, gradient in gradients.items()}


def trained(converted, members: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The losses of steps of plain SGD as recorded, then an output and every parameter."""
    import keras

    model, steps, how = converted.model, part(members, "train/"), meta(members)["training"]
    model.compile(keras.optimizers.SGD(how["rate"]), how["loss"], run_eagerly=True)
    names = [tensor.name for tensor in model.inputs]
    losses = []
    for number, target in enumerate(steps["target"]):
        fed = [steps[f"in:{name}"][number] for name in names]
        model.reset_metrics()
        losses.append(model.train_on_batch(fed if len(fed) > 1 else fed[0], target))
    outputs, _ = step(converted, part(members, "a/in:"), set(), training=False)
    after = {f"after:{name}": value for name, value in parameters_of(converted).items()}
    return {"loss": np.array(losses), "out:0": outputs[0]} | after


def pairs(found: dict[str, np.ndarray], expected_members: dict[str, np.ndarray]) -> list[Pair]:
    return [Pair(what, value, expected_members[what]) for what, value in found.items()]


def compared_net(converted, members: dict[str, np.ndarray], size: str) -> list[Pair]:
    """Compares a recorded net at one of its batch sizes."""
    expected_members = part(members, f"{size}/")
    found = answers(converted, expected_members)
    assert len(part(found, "out:")) == len(part(expected_members, "out:"))
    return pairs(found, expected_members)


def reloaded(converted, path: Path):
    """The model loaded from the file that it is saved to."""
    import keras

    archive.save(converted.model, path, converted.members)
    return keras.models.load_model(path)


def operations(model) -> list[tuple[str, str]]:
    """The kinds and names of all operations and layers, also of those of the models within the model."""
    import keras

    parts = [part for part in model.operations if isinstance(part, keras.Model)]
    return [(type(each).__name__, each.name) for part in [model, *parts] for each in part.operations]


def compiled(model):
    """The function that `predict` compiles: once for all batch sizes that the model accepts."""
    import tensorflow as tf

    def called(*given):
        return model(list(given) if len(given) > 1 else given[0], training=False)

    return tf.function(called, [tf.TensorSpec(x.shape, x.dtype, x.name) for x in model.inputs], autograph=False)


def predicted(function, fed: dict[str, np.ndarray], expected_members: dict[str, np.ndarray]) -> list[Pair]:
    """Compares the outputs of a compiled model with `out:0`, `out:1` ... of the recording."""
    import tensorflow as tf

    outputs = function(*(tf.cast(fed[spec.name], spec.dtype) for spec in function.input_signature))
    outputs = outputs if isinstance(outputs, list) else [outputs]
    return [
        Pair(f"predicted out:{k}", output.numpy(), expected_members[f"out:{k}"]) for k, output in enumerate(outputs)
    ]


def converted_net(folder: Path):
    """A recorded net, converted, and its recordings."""
    members = recorded(folder / "io.npz")
    shapes = {name: tuple(shape) for name, shape in meta(members)["shapes"].items()}
    return conversion.convert(folder / "net.json", input_shapes=shapes), members


def meta(members: dict[str, np.ndarray]) -> dict:
    return json.loads(str(members["meta"]))
