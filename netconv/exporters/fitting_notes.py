"""How a model is compiled, as code, and what its fit takes, as comments in the code. Knows no files."""

from __future__ import annotations

import textwrap
from typing import Any

from ..features.encoding import Encoding, Feature
from ..inference.embedding_inputs import input_names
from ..inference.loading import LoadedModel
from ..inference.model_spec import head_names, losses_of
from ..keras_api.lazy import keras
from .constructors import Constructors
from .dialects import WIDTH, Call, Python, Variable

COMPILED = {"optimizer": "rmsprop", "loss": None, "loss_weights": None, "metrics": None, "weighted_metrics": None,
            "run_eagerly": False, "steps_per_execution": 1, "jit_compile": "auto", "auto_scale_loss": True}  # fmt: skip
"""The arguments of `compile` that are written, with values that need not be. Keras always writes an optimizer."""
CLASS_NUMBERS = "sparse_categorical_crossentropy"


def compile_call(model: Any, dialect: Python) -> str:
    """The line that compiles a model as it is compiled; nothing if it is not."""
    config = model.get_compile_config() if getattr(model, "compiled", False) else None
    if not config:
        return ""
    made = Constructors()
    named = {name: _by_place(model, made.value(config[name])) for name, default in COMPILED.items()
             if name in config and (name == "optimizer" or config[name] != default)}  # fmt: skip
    if named.get("jit_compile") == model._resolve_auto_jit_compile():  # Keras saves what "auto" became
        del named["jit_compile"]
    return dialect.text(Call("model.compile", (), named))


def _by_place(model: Any, value: Any) -> Any:
    """A list in the order of the outputs for a dictionary by their names: code has no names of operations."""
    names = getattr(model, "output_names", None) or []
    if isinstance(value, dict) and value and set(value) <= set(names) and not isinstance(model.output, dict):
        return [value.get(name) for name in names]
    return value


def fitting_notes(loaded: LoadedModel, dialect: Python) -> list[str]:
    """Lines that say what `fit` takes, and how it is called."""
    model, text = loaded.model, dialect.text
    xs, ys = _variables("x", model.inputs), _variables("y", model.outputs)
    lines = ["To train it further, with arrays of these shapes:"]
    for variable, tensor, name in zip(xs, model.inputs, input_names(model), strict=True):
        lines.append(f"  {variable.name}: {_shape(tensor.shape)} {tensor.dtype}, for the input {text(name)}")
    losses = losses_of(loaded)
    for variable, tensor, loss, name in zip(ys, model.outputs, losses, head_names(model), strict=True):
        numbers = getattr(loss, "name", loss) == CLASS_NUMBERS
        shape, what = (tensor.shape[:-1], "class numbers from 0") if numbers else (tensor.shape, tensor.dtype)
        lines.append(f"  {variable.name}: {_shape(shape)} {what}, for the output {text(name)}")
    if loaded.encoding is not None:
        lines += _table_notes(loaded.encoding, dialect)
    if not getattr(model, "compiled", False):
        usual = [str(loss) for loss in losses]
        loss = usual[0] if len(usual) == 1 else keras.tree.pack_sequence_as(model.output, usual)
        lines += ["", *_code(Call("model.compile", (), {"optimizer": "adam", "loss": loss}), dialect)]
    data = tuple(
        each[0] if len(each) == 1 else _packed(model, end, each) for end, each in (("input", xs), ("output", ys))
    )
    fit = Call("model.fit", data, {"batch_size": 32, "epochs": 10, "validation_split": 0.2})
    return [*lines, "", *_code(fit, dialect), *_code(Call("model.save", ("fitted.keras",)), dialect)]


def _code(call: Call, dialect: Python) -> list[str]:
    return dialect.wrapped(dialect.text(call), WIDTH - len("# "))


def _table_notes(encoding: Encoding, dialect: Python) -> list[str]:
    """Lines with the columns of the training table."""
    listed = "; ".join(dialect.text(feature.name) + _numbers(feature, dialect) for feature in encoding.features)
    targets = [
        f"{dialect.text(head.targets[0] if len(head.targets) == 1 else list(head.targets))}"
        + (f" ({', '.join(map(dialect.text, head.classes))})" if head.classes else "")
        for head in encoding.heads
    ]
    return [
        "",
        "It was trained on a table. The columns of the inputs, in their order, with the categories that are 0, 1, ...:",
        *_wrapped(listed),
        "Targets, with the classes in their order:",
        *_wrapped("; ".join(targets)),
    ]


def _numbers(feature: Feature, dialect: Python) -> str:
    """What a column becomes, for one that is not a number."""
    if not feature.categories:
        return ""
    how = "one-hot " if feature.onehot else ""
    return f" ({how}{', '.join(map(dialect.text, feature.categories))})"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, 110, initial_indent="  ", subsequent_indent="  ", break_long_words=False)


def _variables(letter: str, tensors: list[Any]) -> list[Variable]:
    return [Variable(letter if len(tensors) == 1 else f"{letter}{number}") for number, _ in enumerate(tensors, 1)]


def _packed(model: Any, end: str, variables: list[Variable]) -> Any:
    return keras.tree.pack_sequence_as(getattr(model, end), variables)


def _shape(shape: Any) -> str:
    sizes = ["rows" if place == 0 and size is None else str(size) for place, size in enumerate(shape)]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"
