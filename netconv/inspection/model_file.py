"""What a `.keras` file contains, without Keras: its config, its layers, and the shapes of its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from ..errors import FormatError
from ..keras_files import archive, config_layers, source_net, zip_members
from ..keras_files.layer_rows import LayerRow
from ..keras_files.stored_weights import stored_weights

TABLE, GRAPH = (f"{zip_members.PREFIX}{member}" for member in (archive.TABLE, source_net.GRAPH))
"""Members: how the table of a trained model was read; the net that a model was converted from."""


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


def read(source: Path | str | bytes | BinaryIO, name: str) -> ModelFile:
    """Reads a file, by its path, its bytes or as a binary stream. Raises FormatError."""
    with zip_members.opened(source, name) as opened:
        members = frozenset(opened.namelist())
        config = archive.checked_config(opened, name)
        metadata = zip_members.read_json(opened, zip_members.METADATA, name)
        table, graph = (
            zip_members.read(opened, member, name) if member in members else None for member in (TABLE, GRAPH)
        )
        if table is not None:
            zip_members.parsed(table, f"{name}: its member {TABLE}")
        stored = stored_weights(zip_members.weights(opened, name), name)
    variables = {each.path: each for each in stored if each.path.startswith("layers/")}
    try:
        layers, shapes = config_layers.list_layers(config, variables), config_layers.weights(config, variables)
    except FormatError as error:
        raise FormatError(f"{name}: its {zip_members.CONFIG} {error}") from None
    except (LookupError, ValueError, TypeError, AttributeError, RecursionError):
        raise FormatError(f"{name}: its {zip_members.CONFIG} is not that of a Keras model") from None
    return ModelFile(config, metadata, layers, shapes, members, table, graph)
