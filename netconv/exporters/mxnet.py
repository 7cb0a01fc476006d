"""Writes a model back to the files of MXNet that it was converted from. Knows no op."""

from __future__ import annotations

from pathlib import Path

from ..atomic_files import replacing
from ..features.notices import Notify, ignore
from ..frontends.mxnet import params_file
from ..inference.loading import LoadedModel
from .folding import fold
from .notes import notify_of_folding, notify_of_table
from .source import source_of


def export(
    loaded: LoadedModel,
    symbol: Path | str,
    params: Path | str,
    notify: Notify = ignore,
    like: Path | str | None = None,
) -> None:
    """Writes the graph, as it was read, to `symbol`, and the parameters with the model's values to `params`.

    The graph is that of the net that the model was converted from, or of the net in the file `like`. The parameter file
    has the names, order, dtypes and version of the one that was read, and the same values where they were not trained.
    `notify` is called with lines on what is folded into the parameters, and on what the net does not have. Raises
    FormatError if the model does not have the net that it was converted from, or is not of the net in `like`, OSError
    if a file cannot be written.
    """
    graph, _ = source_of(loaded, like)
    folded = fold(graph, loaded)
    parameters = folded.graph.parameters
    with replacing(symbol) as name:
        name.write_bytes(folded.graph.text)
        # The files belong together: both are complete when the first is replaced.
        arrays = [(each.name, each.read()) for each in parameters]
        params_file.write(params, arrays, [each.dtype for each in parameters], [each.version for each in parameters])
    notify_of_folding(folded, notify)
    notify_of_table(loaded, False, notify)
