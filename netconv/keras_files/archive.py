"""Writes and reads `.keras` files: Keras v3 archives with data of netconv in extra members, which Keras ignores. Knows
models, no graph.

The same model gives the same bytes: times and names are fixed.
"""

from __future__ import annotations

import json
import math
import shutil
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from ..atomic_files import replacing, reserve, scratch_folder
from ..errors import FormatError, first_line, spelled
from ..keras_api.lazy import keras, no_collection
from . import allowed_classes, keras2_hdf5, zip_members
from .operation_names import restore_names
from .portable_config import Requirement, portable
from .stored_weights import only_weights_of, stored_weights
from .zip_members import CONFIG, PREFIX

TABLE, CLASSES, WLNET, UNTRAINED = "table.json", "classes.json", "wlnet.json", "untrained.json"
"""Members: how a training table was read; the names of the classes of a net that was not trained on a table; what the
encoders of a `.wlnet` file do; that the weights are initial values."""
HDF5 = (".h5", ".hdf5")
SUFFIXES = (".keras", *HDF5)
"""Of the files that are written."""
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every member: the earliest that a zip file can store."""
INITIAL_VALUES, NEW_OPTIMIZER = "Skipping nested container", "Skipping variable loading for optimizer"
"""Warnings of Keras: that layers keep their initial values; that an optimizer, which was saved before it was built,
starts from the beginning."""
VARIABLE = 4096
"""The most bytes that HDF5 needs for a variable besides its values."""


def save(model, target, members: dict[str, bytes] | None = None, notify: Callable[[str], object] | None = None) -> None:
    """Writes a Keras model, compiled or not, to `target`, a path or a binary stream.

    A path that ends in `.h5` or `.hdf5` is written for Keras 2, without members. A path is written completely or not at
    all.

    Args:
        model: The keras.Model.
        target: A path that ends in `.keras`, `.h5` or `.hdf5`, or a binary stream, which gets a `.keras` file.
        members: Further members of a `.keras` file, by their names in its folder `netconv/`.
        notify: Is called with a line if the file needs a newer Keras than the oldest supported one.

    Raises:
        FormatError: The path has another ending, or the model is not a Keras model.
        LayerError: Keras 2 cannot have the model.
        OSError: The file cannot be written.
    """
    if not isinstance(model, keras.Model):
        raise FormatError(f"a Keras model is saved, not {type(model).__name__}")
    if hasattr(target, "write"):
        with scratch_folder() as folder:
            path = folder / "model.keras"
            save(model, path, members, notify)
            with path.open("rb") as stream:
                shutil.copyfileobj(stream, target)
        return
    check_suffix(Path(target))
    with replacing(target) as name:
        if name.suffix in HDF5:
            keras2_hdf5.save(model, name)
            return
        with no_collection():
            needs = _write(model, name, members or {})
    if notify and needs.because:
        notify(f"the file needs Keras {needs} or newer: older ones lack {needs.because}")


def check_suffix(path: Path) -> None:
    """Raises FormatError for a path that does not end as the file of a model does."""
    if path.suffix not in SUFFIXES:
        raise FormatError(f"{path}: a model is a .keras or .h5 file; choose another output")


def _write(model, name: Path, members: dict[str, bytes]) -> Requirement:
    optimizer = getattr(model, "optimizer", None)  # a model that was never compiled does not have the attribute
    variables = [*model.variables, *(optimizer.variables if optimizer is not None else ())]
    size = sum(4 * math.prod(variable.shape) + VARIABLE for variable in variables)
    reserve(name, 2 * size)  # the weights are written to two files
    weights = name.with_name("model.weights.h5")
    model.save_weights(weights)
    if optimizer is not None and not optimizer.built:
        _add_slots(model, weights)
    config, needs = portable(keras.saving.serialize_keras_object(model))
    metadata = {
        "keras_version": keras.__version__,
        "date_saved": "1980-01-01@00:00:00",
        "needs_keras": str(needs),
    }
    with zipfile.ZipFile(name, "w") as archive:
        archive.writestr(zipfile.ZipInfo("metadata.json", EPOCH), json.dumps(metadata))
        archive.writestr(zipfile.ZipInfo("config.json", EPOCH), json.dumps(config))
        info = zipfile.ZipInfo(weights.name, EPOCH)
        info.file_size = weights.stat().st_size
        with weights.open("rb") as source, archive.open(info, "w") as stream:
            shutil.copyfileobj(source, stream, 1 << 20)
        for member, data in sorted(members.items()):
            archive.writestr(zipfile.ZipInfo(PREFIX + member, EPOCH), data, zipfile.ZIP_DEFLATED)
    return needs


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


def load(source: Path | str | bytes):
    """The keras.Model of a `.keras` file, given by its path or its bytes.

    Keras sees the file only if each member has a bounded size, the config names nothing but classes and functions of
    Keras that compute, each where it may stand, and all arrays are in the file; and it makes no weight that the file
    does not store. Raises FormatError.
    """
    name = _name(source)
    with zip_members.opened(source, name) as archive:
        config = checked_config(archive, name)
        stored = stored_weights(zip_members.weights(archive, name), name)
    with only_weights_of(stored, name):
        if isinstance(source, bytes):
            with scratch_folder() as folder:
                path = folder / "model.keras"
                path.write_bytes(source)
                return _load(path, config, name)
        return _load(source, config, name)


def checked_config(archive: zipfile.ZipFile, name: str) -> dict[str, Any]:
    """The config of the model, of which everything may be given to Keras. Raises FormatError."""

    def fail(what: str) -> NoReturn:
        raise FormatError(f"{name}: its {CONFIG} {what}")

    config = zip_members.read_json(archive, CONFIG, name)
    allowed_classes.check(config, fail)
    return config


def _load(path, config, name):
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model = keras.saving.load_model(path)
        restore_names(model, config)
    except Exception as error:  # Keras raises any exception for a damaged archive
        raise FormatError(f"{name}: Keras cannot load it: {first_line(error)}") from None
    for warning in caught:
        text = str(warning.message)
        if text.startswith(INITIAL_VALUES):
            raise FormatError(f"{name}: Keras cannot load all its weights: {text.partition(':')[0]}")
        if not text.startswith(NEW_OPTIMIZER):
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    return model


def members(source: Path | str | bytes) -> dict[str, bytes]:
    """The `netconv/` members of a `.keras` file by name, without the prefix; {} for a file that Keras wrote itself.
    Raises FormatError for a damaged member, and for one that is too large."""
    name = _name(source)
    with zip_members.opened(source, name) as archive:
        found = [member for member in archive.namelist() if member.startswith(PREFIX)]
        data = {member: zip_members.read(archive, member, name) for member in found}
    for member in found:
        if member.endswith(".json"):
            zip_members.parsed(data[member], f"{name}: its member {member}")
    return {member[len(PREFIX) :]: each for member, each in data.items()}


def _name(source: Path | str | bytes) -> str:
    return spelled("standard input", "the model") if isinstance(source, bytes) else str(source)
