"""Writes a model back to the `.wlnet` file of Mathematica that it was converted from. Knows no layer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from ..atomic_files import replacing
from ..errors import FormatError, option
from ..features.notices import Notify, ignore
from ..frontends.mxnet.symbol_json import format_names
from ..frontends.wolfram.container import with_arrays
from ..frontends.wolfram.relabeling import with_labels
from ..graph.graph import Graph
from ..inference.loading import LoadedModel
from ..keras_files import wlnet_members
from ..keras_files.archive import WLNET
from .folding import fold
from .notes import class_names, notify_of_folding, notify_of_table
from .source import source_of


def export(
    loaded: LoadedModel, target: Path | str | BinaryIO, notify: Notify = ignore, like: Path | str | None = None
) -> None:
    """Writes the file, as it was read but for the values of its arrays, which are the model's, to `target`, a path or a
    binary stream. The file is the one that the model was converted from, or `like`.

    What scales the numbers of the training data is folded into the arrays where that is exact, and the labels of a
    Class decoder become the names of the model's classes, if they are others: `notify` is called with a line on each,
    and on what the file cannot have. Raises FormatError if the model does not have the file that it was converted from,
    or is not of the net in `like`, OSError if the file cannot be written.
    """
    graph, members = source_of(loaded, like)
    if not {wlnet_members.FILE, WLNET} <= members.keys():
        raise FormatError(
            f"{like or loaded.name}: {'it is not' if like else 'it was not converted from'} a .wlnet file; "
            f"{option('to', 'mxnet')} writes net.json and net.params"
        )
    folded = fold(graph, loaded, replace(loaded, members=dict(members)).image_encoders)
    name = loaded.name if like is None else str(like)
    data, names = _with_class_names(_file(folded.graph, members, name), loaded, members, name, notify)
    if hasattr(target, "write"):
        target.write(data)
    else:
        with replacing(target) as path:
            path.write_bytes(data)
    notify_of_folding(folded, notify)
    notify_of_table(loaded, names, notify)


def _file(graph: Graph, members: Mapping[str, bytes], name: str) -> bytes:
    """The bytes of the file with the values of the parameters of its graph."""
    try:
        arrays = wlnet_members.stored_arrays(members[WLNET], members[wlnet_members.FILE])
        inline = wlnet_members.inline_arrays(members[WLNET])
        if not arrays and not inline and graph.parameters:
            raise FormatError(
                f"{name}: its .wlnet file has no arrays, whose places those of the model could take; use NetInitialize "
                f"before Export, and {option('like', 'net.wlnet')}"
            )
        parameters = dict(zip([*(array.number for array in arrays), *inline], graph.parameters, strict=True))
        if any(parameters[array.number].shape != array.shape for array in arrays):
            raise ValueError
    except (ValueError, TypeError, LookupError):
        raise FormatError(f"{name}: its member netconv/{WLNET} is damaged") from None
    if inline:
        raise FormatError(
            f"{name}: in its .wlnet file the arrays {format_names(inline, 5)} are a part of the expression, which is "
            f"not written; {option('to', 'mxnet')} writes net.json and net.params"
        )
    values = {array.number: parameters[array.number].read() for array in arrays}
    return with_arrays(members[wlnet_members.FILE], arrays, values)


def _with_class_names(
    data: bytes, loaded: LoadedModel, members: Mapping[str, bytes], name: str, notify: Notify
) -> tuple[bytes, bool]:
    """The bytes of the file with the names of the model's classes as the labels of its Class decoder, and whether it
    has them."""
    names, outputs = class_names(loaded), _outputs(members, name)
    if not names or len(outputs) != 1:
        return data, False
    ((output, facts),) = outputs.items()
    labels = facts.get("labels") or ["False", "True"] * (facts.get("kind") == "Boolean")
    if list(names) == labels:
        return data, True
    if facts.get("kind") != "Class" or len(names) != len(labels):
        return data, False
    relabeled = with_labels(data, output, names, name)
    if relabeled is None:
        return data, False
    notify(f"the labels of the decoder of {output} are now {_shown(names)}; they were {_shown(labels)}")
    return relabeled, True


def _outputs(members: Mapping[str, bytes], name: str) -> dict[str, Any]:
    """What is known of the decoders, by output."""
    try:
        outputs = json.loads(members[WLNET])["outputs"]
        return {output: dict(facts) for output, facts in outputs.items()}
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        raise FormatError(f"{name}: its member netconv/{WLNET} is damaged") from None


def _shown(names: Any) -> str:
    return f"{', '.join(map(str, names[:10]))}{' ...' if len(names) > 10 else ''}"
