"""Writes a model as the net that it was converted from: finds the target and the paths. Knows no format."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

from ..errors import NetconvError
from ..features.notices import Notify, ignore
from ..inference.loading import TRAINED, LoadedModel, open_model
from . import mxnet, wlnet

SUFFIXES = {"wlnet": ".wlnet", "mxnet": ".json"}
"""The targets, and the ending of their files."""


def export(
    model: Path | str | bytes | LoadedModel | Any,
    to: str,
    output: Path | str | BinaryIO | None = None,
    notify: Notify = ignore,
    *,
    like: Path | str | None = None,
) -> list[Path]:
    """Writes a model as the net that it was converted from, with the values that its weights have now.

    Args:
        model: A `.keras` file that netconv wrote, by its path or its bytes, or what `open_model` returned; with `like`
            also any other `.keras` file, or a keras.Model.
        to: "wlnet" for Mathematica's own file, which is as it was but for its arrays; "mxnet" for `net.json` and
            `net.params`.
        output: The path of the file, or for wlnet a binary stream; None is `net-trained.wlnet` or `net-trained.json`
            beside the model.
        notify: Is called with lines about what the files hold of the training, and what they cannot hold.
        like: The file of the net, `.wlnet` or `net.json` with `net.params` beside it, for a model that does not have
            the net that it was converted from, such as one that Keras saved. Its weights are matched by their layers'
            names, or else by their order, and both must compute the same.

    Returns:
        The paths of the files that were written.

    Raises:
        NetconvError: The model does not have the net that it was converted from, or is not of the net in `like`.
        OSError: A file cannot be written.
    """
    if to not in SUFFIXES:
        raise NetconvError(f"{to!r} is not a target; choose {' or '.join(SUFFIXES)}")
    loaded = open_model(model)
    suffix = SUFFIXES[to]
    if output is not None and hasattr(output, "write"):
        if to != "wlnet":
            raise NetconvError("net.json and net.params are two files, which cannot be written to a stream")
        wlnet.export(loaded, output, notify, like)
        return []
    path = _path(loaded, suffix) if output is None else Path(output)
    if path.suffix != suffix:
        raise NetconvError(f"{path}: the file for {to} ends in {suffix}; choose another output")
    paths = [path] if to == "wlnet" else [path, path.with_suffix(".params")]
    if to == "wlnet":
        wlnet.export(loaded, path, notify, like)
    else:
        mxnet.export(loaded, paths[0], paths[1], notify, like)
    return paths


def _path(loaded: LoadedModel, suffix: str) -> Path:
    """Beside the model; never that of the net that the model was converted from."""
    path = loaded.path or Path("net.keras")
    return path.with_name(f"{path.stem.removesuffix(TRAINED)}{TRAINED}{suffix}")
