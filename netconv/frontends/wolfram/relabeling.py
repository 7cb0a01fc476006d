"""Replaces the labels of a Class decoder in a `.wlnet` file; all the rest of its expression keeps its bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence

from ...errors import FormatError
from .. import hdf5_heap
from . import container
from .container import NETWORK, expression_of
from .expressions import MAGIC, compress, place_of, unpacked, written


def with_labels(data: bytes, output: str, labels: Sequence[str], name: str) -> bytes | None:
    """The bytes of a file whose Class decoder of `output` has these labels; `name` is its name in messages. None if its
    expression is not compressed, as Export compresses it. Raises FormatError."""
    import h5py
    import numpy as np

    network = container.read(data, name).stored
    if not network.startswith(MAGIC.encode()):
        return None
    with expression_of(name):
        packed = unpacked(network.decode().rstrip("\0"))
        start, end = place_of(packed, ("Outputs", output, 1, "Labels"))
    text = compress(packed[:start] + written(tuple(labels)) + packed[end:])
    stream = io.BytesIO(data)
    try:
        hdf5_heap.check(stream)  # of which HDF5 deletes the old text
    except ValueError as error:
        raise FormatError(f"{name}: a damaged HDF5 file: {error}") from None
    with h5py.File(stream, "r+") as file:
        has_fixed_length = h5py.check_string_dtype(file[NETWORK].dtype).length is not None
        del file[NETWORK]
        file[NETWORK] = np.bytes_(text) if has_fixed_length else text
    return stream.getvalue()
