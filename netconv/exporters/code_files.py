"""Writes the code of a model to a file, for people who want to change it, and runs what was written: code whose model
computes something else, be it in the last bit, is not left.

The code reads the weights from the `.keras` file beside it. It is run in a folder of these two, in a child process.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from ..atomic_files import check_writable, replacing, scratch_folder
from ..errors import NetconvError, first_line
from ..features.notices import Notify
from ..inference.differences import largest_difference
from ..inference.loading import LoadedModel
from .agreement import Sample, check_repeatable, listed_batches
from .dialects import Python, R
from .drawn_inputs import drawn_samples
from .fitting_notes import compile_call, fitting_notes
from .keras_code import Code, model_code
from .served_model import served


@dataclass(frozen=True)
class Language:
    """A language: its title, the ending of its files, and how it is written."""

    title: str
    ending: str
    dialect: Python


LANGUAGES = {"python": Language("Python", ".py", Python()), "r": Language("R", ".R", R())}
"""The targets, by the name that the user gives."""

PYTHON_HEAD = '''"""The model as Keras code: a line for each layer, with the shapes of its results.

The weights are in the .keras file beside this one. After `import`, `model` is ready for predict, evaluate and fit.
"""
'''
R_HEAD = """# The model as Keras code: a line for each layer, with the shapes of its results.
#
# The weights are in the .keras file in the current folder. After `source`, `model` is ready for predict, evaluate and
# fit. reticulate must find a Python with Keras, such as that of use_virtualenv("r-keras").
"""
RUN = """
import sys

folder, count = sys.argv[1:]


def outputs_of(model):
    import keras
    import numpy as np

    for number in range(int(count)):
        with np.load(f"{folder}/{number}.npz") as arrays:
            inputs = [keras.ops.convert_to_tensor(arrays[name]) for name in sorted(arrays.files)]
        packed = inputs[0] if len(inputs) == 1 else keras.tree.pack_sequence_as(model.input, inputs)
        found = keras.tree.flatten(model(packed, training=False))
        named = {f"{place:04d}": np.asarray(keras.ops.convert_to_numpy(each)) for place, each in enumerate(found)}
        np.savez(f"{folder}/{number}-outputs.npz", **named)
"""
"""Runs a model on the inputs in a folder."""
RUN_PYTHON = (
    RUN
    + """
import runpy

outputs_of(runpy.run_path(f"{folder}/code.py")["model"])
"""
)
RUN_R = """
arguments <- commandArgs(trailingOnly = TRUE)
Sys.setenv(RETICULATE_PYTHON = arguments[1])
setwd(arguments[2])
source("code.R")
main <- reticulate::import_main()
reticulate::py_run_string(sprintf("import sys\\nsys.argv[1:] = ['.', '%s']", arguments[3]))
reticulate::py_run_file("run.py")
main$outputs_of(model)
"""


def export(loaded: LoadedModel, to: str, target: Path | BinaryIO, notify: Notify) -> None:
    """Writes the code of a model to a path or a binary stream. `notify` is called with lines about what was compared,
    and what the code needs beside it.

    Raises:
        NetconvError: The model is not that of a `.keras` file, has classes that are not Keras's own, or what was
            written computes something else; nothing is written then.
        OSError: The file cannot be written.
    """
    language = LANGUAGES[to]
    if loaded.path is None or loaded.path.suffix != ".keras":
        raise NetconvError(
            f"{loaded.name}: the code loads the weights from a .keras file, which this is not; write one first and "
            "export that"
        )
    if isinstance(target, Path):
        check_writable(target)
    text = code_text(loaded, to)
    _check(loaded, language, text, notify)
    if isinstance(target, Path):
        with replacing(target) as name:
            name.write_text(text, "utf-8")
        if target.resolve().parent != loaded.path.resolve().parent:
            notify(f"{target} reads {loaded.path.name} in its own folder: copy {loaded.path} there")
    else:
        target.write(text.encode())


def code_text(loaded: LoadedModel, to: str) -> str:
    """The code of a model of a `.keras` file. Raises NetconvError."""
    dialect = LANGUAGES[to].dialect
    code = model_code(loaded.model, dialect, loaded.name)
    weights = loaded.path.name if loaded.path else "net.keras"
    compiled = compile_call(loaded.model, dialect)
    notes = [f"# {line}".rstrip() for line in fitting_notes(loaded, dialect)]
    return (_python_text if to == "python" else _r_text)(code, dialect, weights, compiled, notes)


def _python_text(code: Code, dialect: Python, weights: str, compiled: str, notes: Sequence[str]) -> str:
    blocks = ["\n".join(lines) for lines in code.functions]
    body = "\n".join(blocks)
    used = [name for name in ("layers", "ops", "np") if re.search(rf"[\s(\[]{name}\.", body)]
    parts = ", ".join(name for name in used if name != "np")
    imports = [f"from keras import {parts}"] if parts else []
    numeric = ["import numpy as np"] if "np" in used else []
    head = "\n".join(["from pathlib import Path", "", "import keras", *numeric, *imports])
    end = [f"model = {code.model}"]
    end.append(f"model.load_weights(Path(__file__).with_name({dialect.text(weights)}))")
    end += dialect.wrapped(compiled) if compiled else []
    main = ["", 'if __name__ == "__main__":', "    model.summary()", "", *notes]
    return "\n\n\n".join([f"{PYTHON_HEAD}\n{head}", *blocks, "\n".join(end)]) + "\n" + "\n".join(main) + "\n"


def _r_text(code: Code, dialect: Python, weights: str, compiled: str, notes: Sequence[str]) -> str:
    blocks = ["\n".join(lines) for lines in code.functions]
    body = "\n".join(blocks)
    head = ["library(reticulate)", 'keras <- import("keras")', "layers <- keras$layers"]
    head += ["ops <- keras$ops"] if "ops$" in body else []
    for name in ("int", "slice"):
        head += [f"{name} <- import_builtins()${name}"] if f"{name}(" in body.replace(f"_{name}(", "") else []
    head += ["ellipsis <- import_builtins()$Ellipsis"] if "ellipsis" in body else []
    end = [f"model <- {code.model}", f"model$load_weights({dialect.text(weights)})"]
    end += dialect.wrapped(compiled) if compiled else []
    return "\n\n".join([f"{R_HEAD}\n" + "\n".join(head), *blocks, "\n".join(end), "\n".join(notes)]) + "\n"


def _check(loaded: LoadedModel, language: Language, text: str, notify: Notify) -> None:
    """Runs code in a child process. Raises NetconvError if the outputs are not the same to the last bit."""
    original = served(loaded, loaded.model)
    samples = list(drawn_samples(original))
    check_repeatable(original, samples[0])
    found = _run(loaded, language, text, samples)
    if found is None:
        notify(
            "the R code was not run: Rscript with the package reticulate, and a Python with Keras, are needed for it"
        )
        return
    for sample, outputs in zip(samples, found, strict=True):
        for name, one, other in zip(original.outputs, sample.outputs, outputs, strict=True):
            other = other.view(one.dtype) if other.dtype.kind == "V" else other  # numpy has no bfloat16 of its own
            if (one.dtype, one.shape, one.tobytes()) != (other.dtype, other.shape, other.tobytes()):
                difference, size = largest_difference(other, one)
                raise NetconvError(
                    f"{loaded.name}: the {language.title} code computes something else than the Keras model: output "
                    f"{name!r} differs by {difference / (size or 1):.1e} of its largest value; nothing was written"
                )
    rows = listed_batches(sorted({sample.batch for sample in samples}))
    notify(
        f"the {language.title} code was run: the same as the Keras model to the last bit, on drawn inputs, in {rows}"
    )


def _run(loaded: LoadedModel, language: Language, text: str, samples: Sequence[Sample]) -> list[list[Any]] | None:
    """The outputs of the code for the inputs of samples; None if R is not there. Raises NetconvError if it fails."""
    import numpy as np

    assert loaded.path is not None
    with scratch_folder() as folder:
        os.symlink(loaded.path.resolve(), folder / loaded.path.name)
        (folder / f"code{language.ending}").write_text(text, "utf-8")
        for number, sample in enumerate(samples):
            inputs: dict[str, Any] = {
                f"{place:04d}": each.astype("float32") if str(each.dtype) == "bfloat16" else each
                for place, each in enumerate(sample.inputs)
            }
            np.savez(folder / f"{number}.npz", **inputs)
        program = _r_program(folder) if language.title == "R" else _python_program(folder)
        if program is None:
            return None
        done = subprocess.run(
            [*program, str(folder), str(len(samples))], cwd=folder, capture_output=True, text=True,
            errors="replace", stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        if done.returncode:
            last = [line for line in done.stderr.splitlines() if line.strip()]
            said = first_line(RuntimeError(last[-1] if last else f"exit code {done.returncode}"))
            raise NetconvError(f"{loaded.name}: the {language.title} code cannot be run: {said}; nothing was written")
        found = []
        for number in range(len(samples)):
            with np.load(folder / f"{number}-outputs.npz") as arrays:
                found.append([arrays[name] for name in sorted(arrays.files)])
        return found


def _python_program(folder: Path) -> list[str]:
    (folder / "run.py").write_text(RUN_PYTHON, "utf-8")
    return [sys.executable, "-I", str(folder / "run.py")]


def _r_program(folder: Path) -> list[str] | None:
    """The command that runs R code; None if Rscript or reticulate is not there."""
    program = shutil.which("Rscript")
    if program is None:
        return None
    known = subprocess.run(
        [program, "-e", 'quit(status = !nzchar(system.file(package = "reticulate")))'],
        capture_output=True, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    if known.returncode:
        return None
    (folder / "run.py").write_text(RUN, "utf-8")
    (folder / "run.R").write_text(RUN_R, "utf-8")
    return [program, str(folder / "run.R"), sys.executable]
