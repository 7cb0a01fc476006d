"""Converts recorded nets for `open_nets.py`: with the recorded batch and with an open one, each with the recorded
inputs and outputs beside it.

    python write_nets.py TARGET FOLDER...

Each FOLDER has a folder for each net: its graph (.json), its parameters (.params) and its recording (.npz) with the
arrays `in:NAME` and `out:K`, or `a/in:NAME` and `a/out:K`.
"""

import json
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

from netconv import conversion, errors
from netconv.keras_api.names import keras_name
from netconv.keras_files import archive


def recording(folder: Path) -> tuple[dict[str, np.ndarray], list[np.ndarray]]:
    """The inputs by name, and the outputs."""
    (file,) = folder.glob("*.npz")
    with np.load(file) as members:
        arrays = {name.removeprefix("a/").replace("__", ":"): members[name] for name in members}
    inputs = {name[3:]: value for name, value in arrays.items() if name.startswith("in:")}
    numbers = sorted(int(name.split(":")[1]) for name in arrays if name.startswith("out:"))
    outputs = {number: next(v for n, v in arrays.items() if n.startswith(f"out:{number}")) for number in numbers}
    return inputs, [outputs[number] for number in numbers]


def trains(model, inputs: list[np.ndarray]) -> bool:
    """Whether the outputs depend on variables in a way that can be trained."""
    with tf.GradientTape() as tape:
        outputs = model(inputs if len(inputs) > 1 else inputs[0])
        outputs = outputs if isinstance(outputs, list) else [outputs]
        total = sum(tf.reduce_sum(tf.cast(output, "float32")) for output in outputs)
    variables = [variable.value for variable in model.trainable_variables]
    return any(gradient is not None for gradient in tape.gradient(total, variables))


def write(folder: Path, target: Path, open_batch: bool) -> None:
    inputs, outputs = recording(folder)
    symbol = next(p for p in folder.glob("*.json") if "nodes" in json.loads(p.read_text()))
    params = next(folder.glob("*.params"), None)
    shapes = {name: (None, *value.shape[1:]) if open_batch else value.shape for name, value in inputs.items()}
    name = f"{folder.parent.name}-{folder.name}{'-open' if open_batch else ''}"
    try:
        done = conversion.convert(symbol, params, input_shapes=shapes)
    except errors.NetconvError as error:
        print(f"{name}: {error}")
        return
    archive.save(done.model, target / f"{name}.keras", done.members)
    given = {keras_name(name): value for name, value in inputs.items()}
    arrays = {f"in:{k}": given[tensor.name].astype(tensor.dtype) for k, tensor in enumerate(done.model.inputs)}
    arrays["trains"] = np.array(trains(done.model, [arrays[f"in:{k}"] for k in range(len(done.model.inputs))]))
    arrays |= {f"out:{k}": value for k, value in enumerate(outputs[: len(done.model.outputs)])}
    np.savez(target / f"{name}.npz", **arrays)


target = Path(sys.argv[1])
target.mkdir(parents=True, exist_ok=True)
for top in map(Path, sys.argv[2:]):
    for folder in sorted(path for path in top.iterdir() if any(path.glob("*.npz")) and any(path.glob("*.json"))):
        for open_batch in (False, True):
            write(folder, target, open_batch)
