"""Writes a model back to the `.wlnet` file of Mathematica that it was converted from. Knows no layer."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from ..atomic_files import replacing
from ..errors import FormatError, option
from ..features.notices import Notify, ignore
from ..frontends.mxnet.symbol_json import format_names
from ..frontends.wolfram.container import with_arrays
from ..inference.loading import LoadedModel
from ..inference.model_scaling import scales_as_encoders
from ..keras_files import source_net, wlnet_members
from ..keras_files.archive import WLNET
from .notes import notify_of_scaling


def export(loaded: LoadedModel, target: Path | str | BinaryIO, notify: Notify = ignore) -> None:
    """Writes the file, as it was read but for the values of its arrays, which are the model's, to `target`, a path or a
    binary stream. `notify` is called with a line that names what scales the numbers of the training table.

    Raises FormatError if the model does not have the file that it was converted from, OSError if the file cannot be
    written.
    """
    if not {wlnet_members.FILE, WLNET} <= loaded.members.keys():
        raise FormatError(
            f"{loaded.name}: it was not converted from a .wlnet file by netconv; {option('to', 'mxnet')} writes "
            "net.json and net.params"
        )
    graph = source_net.read(loaded.members, loaded.model, loaded.name)
    try:
        arrays = wlnet_members.stored_arrays(loaded.members[WLNET], loaded.members[wlnet_members.FILE])
        inline = wlnet_members.inline_arrays(loaded.members[WLNET])
        parameters = dict(zip([*(array.number for array in arrays), *inline], graph.parameters, strict=True))
        if any(parameters[array.number].shape != array.shape for array in arrays):
            raise ValueError
    except (ValueError, TypeError, LookupError):
        raise FormatError(f"{loaded.name}: its member netconv/{WLNET} is damaged") from None
    if inline:
        raise FormatError(
            f"{loaded.name}: in its .wlnet file the arrays {format_names(inline, 5)} are a part of the expression, "
            f"which "
            f"is not written; {option('to', 'mxnet')} writes net.json and net.params"
        )
    values = {array.number: parameters[array.number].read() for array in arrays}
    if not scales_as_encoders(loaded):
        notify_of_scaling(loaded, notify)
    data = with_arrays(loaded.members[wlnet_members.FILE], arrays, values)
    if hasattr(target, "write"):
        target.write(data)
        return
    with replacing(target) as name:
        name.write_bytes(data)
