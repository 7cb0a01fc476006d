"""Writes a model back to the files of MXNet that it was converted from. Knows no op."""

from __future__ import annotations

from pathlib import Path

from ..atomic_files import replacing
from ..features.notices import Notify, ignore
from ..frontends.mxnet import params_file
from ..inference.loading import LoadedModel
from ..keras_files import source_net
from .notes import notify_of_scaling


def export(loaded: LoadedModel, symbol: Path | str, params: Path | str, notify: Notify = ignore) -> None:
    """Writes the graph, as it was read, to `symbol`, and the parameters with the model's values to `params`.

    The parameter file has the names, order and dtypes of the one that was read, and the same values where they were not
    trained. `notify` is called with a line that names what scales the numbers of the training table: the net does not
    have it. Raises FormatError if the model does not have the net that it was converted from, OSError if a file cannot
    be written.
    """
    graph = source_net.read(loaded.members, loaded.model, loaded.name)
    notify_of_scaling(loaded, notify)
    arrays = [(parameter.name, parameter.read()) for parameter in graph.parameters]
    with replacing(symbol) as name:
        name.write_bytes(graph.text)
        # The files belong together: both are complete when the first is replaced.
        params_file.write(params, arrays, [parameter.dtype for parameter in graph.parameters])
