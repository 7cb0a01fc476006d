"""What a `.keras` file contains, without Keras: its config, its layers, and the shapes of its weights."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from ..errors import FormatError
from ..keras_files import config_layers
from ..keras_files.config_layers import Variable
from ..keras_files.layer_rows import LayerRow

TABLE, GRAPH = "netconv/table.json", "netconv/graph.json"
"""Members: how the table of a trained model was read; the net that a model was converted from."""
LARGEST = 256 << 20
"""Bytes of a member that are read."""


@dataclass(frozen=True)
class ModelFile:
    """A `.keras` file: `config` and `metadata` as JSON, its `layers`, the shapes of its `weights` by layer and number,
    the names of its `members`, and two of them, None if it does not have them."""

    config: Mapping[str, Any]
    metadata: Mapping[str, Any]
    layers: tuple[LayerRow, ...]
    weights: dict[str, list[int]]
    members: frozenset[str]
    table: bytes | None
    graph: bytes | None


def read(source: Path | str | BinaryIO, name: str) -> ModelFile:
    """Reads a file, by path or as a binary stream. Raises FormatError."""
    import h5py

    try:
        with zipfile.ZipFile(source) as archive:
            members = {info.filename: info.file_size for info in archive.infolist()}
            if members.get("config.json", 0) > LARGEST:
                raise FormatError(
                    f"{name}: its config.json has {members['config.json']} bytes; {LARGEST} are read at most"
                )
            table, graph = (
                archive.read(member) if members.get(member, LARGEST) < LARGEST else None for member in (TABLE, GRAPH)
            )
            config = json.loads(archive.read("config.json"))
            metadata = json.loads(archive.read("metadata.json"))
            variables: dict[str, Variable] = {}
            with archive.open("model.weights.h5") as stream, h5py.File(stream, "r") as file:
                file.visititems(lambda path, item: _add(path, item, variables))
        layers = config_layers.list_layers(config, variables)
        weights = config_layers.weights(config, variables)
    except (zipfile.BadZipFile, LookupError, ValueError, TypeError, AttributeError, OSError, RecursionError) as error:
        what = error.args[0] if isinstance(error, KeyError) else str(error)
        what = str(what)
        raise FormatError(f"{name}: not a .keras file ({what.splitlines()[0] if what else 'damaged'})") from None
    return ModelFile(config, metadata, layers, weights, frozenset(members), table, graph)


def _add(path: str, item: Any, variables: dict[str, Variable]) -> None:
    if path.startswith("layers/") and hasattr(item, "shape"):
        variables[path] = Variable(tuple(item.shape), str(item.parent.attrs.get("name", "")))
