"""The first rows of a table as the inputs of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import DataError
from ..features.notices import Notify
from ..features.table_options import TableOptions
from ..tables import table
from ..tables.sources import Data
from .loading import LoadedModel
from .model_encoding import trained_encoding
from .model_rows import model_rows
from .model_spec import losses_of, spec_of
from .reading import find_files

if TYPE_CHECKING:
    import numpy as np


def sample_inputs(loaded: LoadedModel, data: Data, most: int, notify: Notify) -> list[np.ndarray]:
    """Up to `most` of the first rows of a table as the inputs of a model, in its order, read as `predict` reads them.
    Raises NetconvError, also for a bad row among them."""
    import numpy as np

    options = TableOptions()
    files = find_files(data, options, "test", notify)
    spec = spec_of(loaded, losses_of(loaded))
    encoding = trained_encoding(loaded, spec)
    found: list[list[np.ndarray]] = []
    for part in model_rows(loaded, spec, encoding, files, options, (), notify):
        if part.errors.first:
            raise part.errors.first[1]
        if len(part.x):
            if part.lengths is not None:
                raise DataError(
                    "the net takes sequences of any length, and rows of one length are needed", table.title(files)
                )
            found.append([rows[:most] for rows in part.inputs(loaded.model)])
            most -= len(found[-1][0])
        if not most:
            break
    if not found:
        raise DataError("it has no rows", table.title(files))
    return [np.concatenate(parts) for parts in zip(*found, strict=True)]
