"""Writes a model for other programs that run it, and runs what was written: a file that computes something else than
the Keras model is not left. Knows no format."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

from ..atomic_files import replacing, replacing_folder, scratch_folder
from ..errors import NetconvError, first_line, option, option_name
from ..features.notices import Notify
from ..features.option_checks import is_integer, require, require_shapes
from ..inference.loading import LoadedModel
from ..inference.sample_inputs import sample_inputs
from ..tables.sources import Data
from . import keras_file, litert, onnx, savedmodel
from .agreement import Agreement, Runner, Sample, agreement, check_repeatable, listed_batches, tolerance
from .drawn_inputs import drawn_samples
from .inference_model import inference_model
from .served_model import ServedModel, example_shape, served


@dataclass(frozen=True)
class Runtime:
    """A kind of file that other programs run. `modules` are imported by `write` and `runner`, and are in the extra
    `extra`; `fixes_batch` says that some models can be written for a fixed batch only."""

    title: str
    ending: str
    write: Callable[..., None]
    runner: Callable[[ServedModel, Path], Runner]
    extra: str = ""
    modules: Sequence[str] = ()
    is_folder: bool = False
    fixes_batch: bool = False


RUNTIMES = {
    "savedmodel": Runtime("SavedModel", ".savedmodel", savedmodel.write, savedmodel.runner, is_folder=True),
    "litert": Runtime("LiteRT", ".tflite", litert.write, litert.runner, "litert", litert.MODULES, fixes_batch=True),
    "onnx": Runtime("ONNX", ".onnx", onnx.write, onnx.runner, "onnx", onnx.MODULES, fixes_batch=True),
    "keras": Runtime("Keras", ".keras", keras_file.write, keras_file.runner),
}
"""The targets, by the name that the user gives."""
CALIBRATION_ROWS = 200
"""Rows of the table that the ranges of int8 are computed from."""
TOLERANCES = {"float16": 1e-2, "int8": 0.2}
"""The largest difference of an output that is allowed, as a part of its largest value, by the quantization."""


@dataclass(frozen=True)
class RuntimeOptions:
    """How a model is written for a runtime.

    Attributes:
        inference: Folds normalizations and scalings into the layers beside them, and leaves out what only training
            needs.
        batch: The size of the batches; None leaves it open where the runtime allows it.
        input_shapes: Shapes of inputs by name, with the batch axis, that have sizes for those that the model leaves
            open.
        quantize: "float16" or "int8" for smaller weights, None for those of the model. For LiteRT.
        calibrate: The table whose rows int8 is fitted to, as for `predict`.
    """

    inference: bool = False
    batch: int | None = None
    input_shapes: Mapping[str, tuple[int | None, ...]] | None = None
    quantize: str | None = None
    calibrate: Data | None = None

    def check(self, to: str) -> None:
        """Raises NetconvError for a value that does not fit, or does not fit the target."""
        require("batch", self.batch, self.batch is None or is_integer(self.batch, 1), "an integer of at least 1")
        require_shapes(self.input_shapes)
        known = self.quantize is None or self.quantize in litert.QUANTIZATIONS
        require("quantize", self.quantize, known, "'float16' or 'int8'")
        for name in ("quantize", "calibrate"):
            if getattr(self, name) is not None and to != "litert":
                raise NetconvError(f"{option_name(name)} is for {option('to', 'litert')}; leave it out")
        if self.quantize == "int8" and self.calibrate is None:
            raise NetconvError(
                f"{option('quantize', 'int8')} needs {option_name('calibrate')}: a table of what the model will be "
                "given, which says how large the numbers within it are"
            )
        if self.calibrate is not None and self.quantize != "int8":
            raise NetconvError(f"{option_name('calibrate')} is for {option('quantize', 'int8')}; leave it out")
        if to == "keras" and not self.inference:
            raise NetconvError(
                f"the model is a Keras model already; {option('inference', True)} writes one for inference alone"
            )
        for name in ("batch", "input_shapes"):
            if to == "keras" and getattr(self, name):
                raise NetconvError(f"{option_name(name)} is for the files of other programs; leave it out")


class DisagreementError(NetconvError):
    """What was written computes something else than the Keras model."""


def check_installed(runtime: Runtime) -> None:
    """Raises NetconvError if what a runtime needs is not installed."""
    if any(find_spec(module) is None for module in runtime.modules):
        *names, last = (name.replace("_", "-") for name in runtime.modules)
        listed = f"{', '.join(names)} and {last}" if names else last
        raise NetconvError(
            f"{runtime.title} files need {listed}: pip install '.[{runtime.extra}]' in a clone of netconv"
        )


def export(loaded: LoadedModel, to: str, target: Path | BinaryIO, options: RuntimeOptions, notify: Notify) -> None:
    """Writes a model to a path or, if it is a single file, to a binary stream. `notify` is called with a line about how
    well the file agrees with the model.

    Raises:
        NetconvError: The model cannot be written, or the file computes something else; nothing is written then.
        OSError: The file cannot be written.
    """
    runtime = RUNTIMES[to]
    options.check(to)
    check_installed(runtime)
    if isinstance(target, Path):
        if runtime.is_folder:
            savedmodel.check_folder(target)
        with (replacing_folder if runtime.is_folder else replacing)(target) as name:
            _write(loaded, runtime, name, options, notify)
        return
    if runtime.is_folder:
        raise NetconvError(f"a {runtime.title} is a folder, which cannot be written to a stream")
    with scratch_folder() as folder:
        path = folder / f"model{runtime.ending}"
        _write(loaded, runtime, path, options, notify)
        with path.open("rb") as stream:
            shutil.copyfileobj(stream, target)


def _write(loaded: LoadedModel, runtime: Runtime, path: Path, options: RuntimeOptions, notify: Notify) -> None:
    model = loaded.model
    original = served(loaded, model)
    if options.inference:
        model, removed = inference_model(model)
        are = "layer is" if removed == 1 else "layers are"
        notify(f"for inference: {removed} {are} left out of {len(original.model.operations)}")
    asked = replace(served(loaded, model).with_shapes(options.input_shapes or {}), is_final=options.inference)
    if options.batch:
        fixed = {shape[0] for shape in asked.shapes if shape and shape[0] not in (None, options.batch)}
        if fixed:
            sizes = " and ".join(sorted(map(str, fixed)))
            raise NetconvError(f"{option('batch', options.batch)}: the model takes batches of {sizes}; leave it out")
        asked = asked.with_batch(options.batch)
    check_repeatable(original, next(drawn_samples(replace(original, shapes=asked.shapes))))
    rows = sample_inputs(loaded, options.calibrate, CALIBRATION_ROWS, notify) if options.calibrate is not None else None
    attempt = partial(_attempt, runtime, path=path, options=options, rows=rows)
    try:
        found = attempt(asked)
    except NetconvError as error:
        if not runtime.fixes_batch or not asked.has_open_batch:
            raise _with_remedy(error, asked) from None
        try:
            found = attempt(asked.with_batch(1))
        except NetconvError as other:
            if isinstance(other, DisagreementError) and not isinstance(error, DisagreementError):
                raise NetconvError(f"{other}; this is for a batch of 1, as its size cannot stay open") from None
            raise _with_remedy(error, asked) from None
        notify(f"a batch of 1, as {runtime.title} cannot leave its size open for this model ({option('batch', 8)})")
    inputs = "the rows of the table" if rows else f"drawn inputs, in {listed_batches(found.batches)}"
    notify(f"differs from the Keras model by at most {found.difference:.2g} of the largest output, on {inputs}")


def _with_remedy(error: NetconvError, asked: ServedModel) -> NetconvError:
    """The error, with the option that gives the sizes that are open besides the batch, if there are any."""
    for name, shape in zip(asked.inputs, asked.shapes, strict=True):
        if None in shape[1:]:
            given = option("input_shapes", {name: example_shape(shape)})
            return NetconvError(f"{error}; it may be possible with sizes for the open axes: {given}")
    return error


def _attempt(
    runtime: Runtime, asked: ServedModel, path: Path, options: RuntimeOptions, rows: list[Any] | None
) -> Agreement:
    """Writes a file and runs it. Raises NetconvError if it cannot be written or run, or does not agree."""
    batched = _batched(rows or [], asked.shapes[0][0] or 1)
    if rows and not batched:
        raise NetconvError(f"{option_name('calibrate')}: the table has fewer rows than a batch")
    with _reasons(f"{asked.name}: it cannot be written for {runtime.title}", path):
        runtime.write(asked, path, *((options.quantize, batched) if options.quantize else ()))
    original = replace(asked, model=served(asked.loaded, asked.loaded.model).model)
    with _reasons(f"{asked.name}: {runtime.title} cannot run what was written", path):
        runner = runtime.runner(asked, path)
        samples = (Sample(inputs, original(inputs)) for inputs in batched) if batched else drawn_samples(original)
        found = agreement(original, runner, samples)
    allowed = TOLERANCES[options.quantize] if options.quantize else tolerance(original)
    if not found.difference <= allowed:
        kind = "folder" if runtime.is_folder else "file"
        raise DisagreementError(
            f"{asked.name}: the {runtime.title} {kind} computes something else than the Keras model: output "
            f"{found.output!r} differs by {found.difference:.1e} of its largest value, and {allowed:.0e} is allowed; "
            "nothing was written"
        )
    return found


@contextmanager
def _reasons(failure: str, path: Path) -> Iterator[None]:
    """Raises the exceptions of a runtime, which are of any kind, as NetconvError: what failed, and their first line,
    without the temporary path."""
    try:
        yield
    except (NetconvError, OSError):
        raise
    except Exception as error:
        raise NetconvError(f"{failure}: {first_line(error).replace(str(path), 'the file')}") from None


def _batched(inputs: list[Any], batch: int) -> list[list[Any]]:
    """The rows of the inputs of a model in batches; a last one that is not complete is left out."""
    if not inputs:
        return []
    starts = range(0, len(inputs[0]) - batch + 1, batch)
    return [[part[start : start + batch] for part in inputs] for start in starts]
