"""The inputs that a model is verified with: drawn, or recorded with the outputs that are expected. Knows no MXNet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, is_zipfile

import numpy as np

from ..errors import DataError, first_line
from ..graph.graph import Graph
from ..inference.embedding_inputs import id_ranges, input_names
from ..keras_api.names import keras_name
from ..ops import registry
from ..tables import zip_archives

BATCH, LENGTH, SIDE = 2, 6, 64
"""The sizes that are drawn for open axes: of the batch, of sequences, of images."""
COUNTS = {
    ("sequence_length", "length", "data_lengths", "label"): (1, 2), ("label_lengths",): (1, 1),
    ("indices", "index"): (0, 1),
}  # fmt: skip
"""The ranges of inputs of ops, by their names: lengths of sequences and class numbers may count from 1, and the loss of
a label that is longer than its sequence is not defined."""


@dataclass(frozen=True)
class Samples:
    """Recorded `inputs` by name, and `outputs` in the order of the model's."""

    inputs: dict[str, np.ndarray]
    outputs: list[np.ndarray]


def draw(model: Any, graph: Graph, seed: int) -> dict[str, np.ndarray]:
    """Inputs of a model by name, drawn with `seed`: from the standard normal distribution, and ids of an Embedding from
    those that it has; `graph` is the net as it was read."""
    rng = np.random.default_rng(seed)
    ids = id_ranges(model) | _counts(graph)
    drawn = {}
    for name, tensor in zip(input_names(model), model.inputs, strict=True):
        shape = _complete(tuple(tensor.shape))
        if name in ids:
            low, high = ids[name]
            values: np.ndarray = rng.integers(low, high + 1, shape)
        elif "int" in str(tensor.dtype) or str(tensor.dtype) == "bool":
            values = rng.integers(0, 2, shape)
        else:
            values = rng.standard_normal(shape)
        drawn[name] = np.asarray(values).astype(str(tensor.dtype))
    return drawn


def _complete(shape: tuple[int | None, ...]) -> tuple[int, ...]:
    """A shape with sizes for its open axes; the only open one is the batch, wherever it is."""
    if shape.count(None) == 1:
        return tuple(BATCH if size is None else size for size in shape)
    inner = SIDE if len(shape) > 3 else LENGTH
    return tuple((inner if axis else BATCH) if size is None else size for axis, size in enumerate(shape))


def _counts(graph: Graph) -> dict[str, tuple[int, int]]:
    """The ranges of inputs that serve as lengths, labels or indices only, by name."""
    found = {}
    consumers = graph.consumers()
    for node in graph.nodes:
        for names, limits in COUNTS.items():
            for edge in registry.named_inputs(node, names):
                before = graph.needs(edge.node)
                for index in before.intersection(graph.inputs()):
                    if all(reader in before or graph.nodes[reader] is node for reader, _ in consumers[index]):
                        found[keras_name(graph.nodes[index].name)] = limits
    return found


def read_samples(path: Path | str, model: Any, names: Sequence[str]) -> Samples:
    """Reads an `.npz` file with an array for each input and each output of a model.

    An input is called by its name, an output `output0`, `output1` ... or by its name, one of `names`; `in:` before the
    name of an input, and `out:` before the number or name of an output, distinguish them. Raises DataError.
    """
    arrays = _arrays(path)
    inputs = {}
    for name, tensor in zip(input_names(model), model.inputs, strict=True):
        value = _find(arrays, (f"in:{name}", name), "input", name, path)
        if not _fits(value.shape, tuple(tensor.shape)):
            expected = tuple(tensor.shape)
            raise DataError(f"input {name!r} has shape {value.shape}, and the model takes {expected}", str(path))
        inputs[name] = value.astype(str(tensor.dtype))
    outputs = []
    for number, name in enumerate(names):
        keys = (f"out:{number}", f"output{number}", f"out:{name}", name)
        outputs.append(_find(arrays, keys, "output", f"output{number}", path))
    return Samples(inputs, outputs)


def _arrays(path: Path | str) -> Mapping[str, np.ndarray]:
    try:
        if is_zipfile(path):
            with zip_archives.opened(path, str(path)):
                pass  # the list of its members is bounded
        file = np.load(path, allow_pickle=False)
        if not isinstance(file, np.lib.npyio.NpzFile):
            raise DataError("not an .npz file of named arrays", str(path))
        with file:
            return {name.replace("#", "_"): file[name] for name in file.files}
    except (ValueError, EOFError, BadZipFile) as error:
        raise DataError(f"not a readable .npz file: {first_line(error)}", str(path)) from None


def _find(arrays: Mapping[str, np.ndarray], keys: Sequence[str], what: str, name: str, path: Path | str) -> np.ndarray:
    for key in keys:
        if key in arrays and arrays[key].dtype.kind in "fiub":
            return arrays[key]
    known = ", ".join(list(arrays)[:10])
    raise DataError(f"no array of numbers for {what} {name!r}: it has {known or 'no arrays'}", str(path))


def _fits(shape: tuple[int, ...], expected: tuple[int | None, ...]) -> bool:
    return len(shape) == len(expected) and all(n in (None, m) for m, n in zip(shape, expected, strict=True))
