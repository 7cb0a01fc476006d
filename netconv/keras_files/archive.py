"""Writes and reads `.keras` files: Keras v3 archives with data of netconv in extra members, which Keras ignores. Knows
models, no graph.

The same model gives the same bytes: times and names are fixed.
"""

from __future__ import annotations

import io
import json
import math
import shutil
import tempfile
import warnings
import zipfile
from pathlib import Path

from ..atomic_files import replacing, reserve
from ..errors import FormatError, first_line
from ..keras_api.lazy import keras, no_collection
from . import keras2_hdf5

PREFIX = "netconv/"
HDF5 = (".h5", ".hdf5")
SUFFIXES = (".keras", *HDF5)
"""Of the files that are written."""
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every member: the earliest that a zip file can store."""
VARIABLE = 4096
"""The most bytes that HDF5 needs for a variable besides its values."""


def save(model, target, members: dict[str, bytes] | None = None) -> None:
    """Writes a model to `target`, a path or a binary stream; `members` become `netconv/NAME`.

    A path that ends in `.h5` or `.hdf5` is written for Keras 2, without members. A path is written completely or not at
    all. Raises OSError when it cannot be written, and LayerError for a model that Keras 2 cannot have.
    """
    if hasattr(target, "write"):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.keras"
            save(model, path, members)
            with path.open("rb") as stream:
                shutil.copyfileobj(stream, target)
        return
    with replacing(target) as name:
        if name.suffix in HDF5:
            keras2_hdf5.save(model, name)
        else:
            with no_collection():
                _write(model, name, members or {})


def _write(model, name: Path, members: dict[str, bytes]) -> None:
    variables = [*model.variables, *(model.optimizer.variables if model.optimizer is not None else ())]
    size = sum(4 * math.prod(variable.shape) + VARIABLE for variable in variables)
    reserve(name, 2 * size)  # the weights are written to two files
    with tempfile.TemporaryDirectory(dir=name.parent, prefix=".netconv-") as folder:
        weights = Path(folder) / "model.weights.h5"
        model.save_weights(weights)
        if model.optimizer is not None and not model.optimizer.built:
            _add_slots(model, weights)
        config = keras.saving.serialize_keras_object(model)
        metadata = {"keras_version": keras.__version__, "date_saved": "1980-01-01@00:00:00"}
        with zipfile.ZipFile(name, "w") as archive:
            archive.writestr(zipfile.ZipInfo("metadata.json", EPOCH), json.dumps(metadata))
            archive.writestr(zipfile.ZipInfo("config.json", EPOCH), json.dumps(config))
            info = zipfile.ZipInfo(weights.name, EPOCH)
            info.file_size = weights.stat().st_size
            with weights.open("rb") as source, archive.open(info, "w") as stream:
                shutil.copyfileobj(source, stream, 1 << 20)
            for member, data in sorted(members.items()):
                archive.writestr(zipfile.ZipInfo(PREFIX + member, EPOCH), data)


def _add_slots(model, weights: Path) -> None:
    """Adds the state of an optimizer that has not been built, without which Keras warns when it loads a compiled model.

    The slots of Adam are twice as large as the parameters, and all zeros. Here only their datasets are created: HDF5
    does not store values that were never written.
    """
    import h5py

    optimizer = keras.optimizers.deserialize(keras.optimizers.serialize(model.optimizer))
    started = len(optimizer.variables)  # iteration and learning rate, which save_weights has written
    with keras.StatelessScope(initialize_variables=False):
        optimizer.build(model.trainable_variables)
    with h5py.File(weights, "a") as file:
        group = file["optimizer/vars"]
        for index, variable in enumerate(optimizer.variables[started:], started):
            if str(index) not in group:
                group.create_dataset(str(index), tuple(variable.shape), str(variable.dtype))


def _open(source) -> zipfile.ZipFile:
    name = "standard input" if isinstance(source, bytes) else str(source)
    try:
        archive = zipfile.ZipFile(io.BytesIO(source) if isinstance(source, bytes) else source)
    except zipfile.BadZipFile:
        raise FormatError(f"{name}: not a .keras file") from None
    except OSError as error:
        raise FormatError(f"{name}: {error.strerror or error}") from None
    if "config.json" not in archive.namelist():
        archive.close()
        raise FormatError(f"{name}: not a .keras file (it has no config.json)")
    return archive


def load(source: Path | str | bytes):
    """The keras.Model of a `.keras` file, given by its path or its bytes. Raises FormatError."""
    with _open(source):
        pass
    if isinstance(source, bytes):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.keras"
            path.write_bytes(source)
            return _load(path, "standard input")
    return _load(source, str(source))


def _load(path, name):
    try:
        with warnings.catch_warnings():
            # for an optimizer that was saved before it was built, which starts from the beginning
            warnings.filterwarnings("ignore", "Skipping variable loading for optimizer")
            return keras.saving.load_model(path)
    except Exception as error:  # Keras raises any exception for a damaged archive
        raise FormatError(f"{name}: Keras cannot load it: {first_line(error)}") from None


def members(source: Path | str | bytes) -> dict[str, bytes]:
    """The `netconv/` members of a `.keras` file by name, without the prefix; {} for a file that Keras wrote itself."""
    with _open(source) as archive:
        return {n[len(PREFIX) :]: archive.read(n) for n in archive.namelist() if n.startswith(PREFIX)}
