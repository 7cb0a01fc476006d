"""Writes a model for another program: finds the target and the paths. Knows no format."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any, BinaryIO

from ..errors import NetconvError, option, option_name
from ..features.notices import Notify, ignore
from ..features.option_checks import check_names
from ..inference.loading import NETS, TRAINED, LoadedModel, open_model
from . import code_files, mxnet, runtimes, wlnet
from .code_files import LANGUAGES
from .notes import notify_of_table
from .runtimes import RUNTIMES, RuntimeOptions

SUFFIXES = {
    "wlnet": ".wlnet", "mxnet": ".json", **{name: runtime.ending for name, runtime in RUNTIMES.items()},
    **{name: language.ending for name, language in LANGUAGES.items()},
}  # fmt: skip
"""The targets, and the ending of their files."""
INFERENCE = "-inference"
"""The end of the stem of the `.keras` file for inference."""


def export(
    model: Path | str | bytes | LoadedModel | Any,
    to: str,
    output: Path | str | BinaryIO | None = None,
    notify: Notify = ignore,
    *,
    like: Path | str | None = None,
    **options: Any,
) -> list[Path]:
    """Writes a model for another program, with the values that its weights have now: as the net that it was converted
    from, for a runtime, or as code. What is written for a runtime, and code, is run on drawn inputs, and compared with
    the model.

    Args:
        model: What `open_model` takes. For a net it must be a `.keras` file that netconv wrote; with `like` it may be
            any other `.keras` file, or a keras.Model.
        to: A net: "wlnet" for Mathematica's own file, which is as it was but for its arrays; "mxnet" for `net.json` and
            `net.params`. Or a runtime: "savedmodel" for TensorFlow's folder, "litert" for the file of LiteRT
            (TensorFlow Lite), "onnx" for an ONNX file, "keras" for a `.keras` file for inference. Or code that builds
            the model of a `.keras` file: "python", or "r" with reticulate.
        output: The path of the file, or for a single file a binary stream; None is beside the model: for a net
            `net-trained.wlnet` or `net-trained.json`, and for a runtime the model's name with the ending of the file.
        notify: Is called with lines about what the files hold of the training, what they cannot hold, and how well they
            agree with the model.
        like: The file of the net, `.wlnet` or `net.json` with `net.params` beside it, for a model that does not have
            the net that it was converted from, such as one that Keras saved. Its weights are matched by their layers'
            names, or else by their order, and both must compute the same.
        **options: The fields of `RuntimeOptions`, for a runtime: `inference`, `batch`, `input_shapes`, `quantize`,
            `calibrate`.

    Returns:
        The paths of the files that were written.

    Raises:
        NetconvError: The model does not have the net that it was converted from, or is not of the net in `like`; the
            runtime cannot have the model, or what was written computes something else. Nothing is left of it then.
        OSError: A file cannot be written.
    """
    check_names(export, options, {field.name for field in fields(RuntimeOptions)})
    if to not in SUFFIXES:
        raise NetconvError(f"{to!r} is not a target; choose one of {', '.join(SUFFIXES)}")
    shapes = options.get("input_shapes") if str(model).endswith(NETS) else None
    loaded = open_model(model, input_shapes=shapes)
    if like is not None and (to in RUNTIMES or to in LANGUAGES):
        raise NetconvError(f"{option_name('like')} is not for {option('to', to)}; leave it out")
    for name, value in options.items():
        if value and to not in RUNTIMES:
            raise NetconvError(f"{option_name(name)} is not for {option('to', to)}; leave it out")
    target = _target(loaded, to, output)
    paths = [target] if isinstance(target, Path) else []
    if to in RUNTIMES:
        runtimes.export(loaded, to, target, RuntimeOptions(**options), notify)
        if to != "keras":
            notify_of_table(loaded, False, notify)
    elif to in LANGUAGES:
        code_files.export(loaded, to, target, notify)
    elif to == "wlnet":
        wlnet.export(loaded, target, notify, like)
    elif paths:
        params = target.with_suffix(".params")
        mxnet.export(loaded, target, params, notify, like)
        paths.append(params)
    else:
        raise NetconvError("net.json and net.params are two files, which cannot be written to a stream")
    return paths


def _target(loaded: LoadedModel, to: str, output: Path | str | BinaryIO | None) -> Any:
    """The path or the stream that is written. Raises NetconvError for a path that does not end as the file does."""
    if output is not None and hasattr(output, "write"):
        return output
    path = _beside(loaded, to) if output is None else Path(str(output))
    if path.suffix != SUFFIXES[to] and not (to in RUNTIMES and RUNTIMES[to].is_folder):
        raise NetconvError(f"{path}: the file for {to} ends in {SUFFIXES[to]}; choose another output")
    return path


def _beside(loaded: LoadedModel, to: str) -> Path:
    """A path beside the model, by its name; never that of the net that the model was converted from."""
    path = loaded.path or Path("net.keras")
    if to in RUNTIMES or to in LANGUAGES:
        stem = f"{path.stem}{INFERENCE if to == 'keras' else ''}"
    else:
        stem = f"{path.stem.removesuffix(TRAINED)}{TRAINED}"
    return path.with_name(f"{stem}{SUFFIXES[to]}")
