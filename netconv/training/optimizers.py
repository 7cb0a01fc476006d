"""The optimizer of a training: its options, its learning rate over time. Knows Keras's names, no model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import NetconvError
from ..keras_api import call_expressions, named_objects
from ..keras_api.lazy import keras

SCHEDULES = {
    "cosine": "CosineDecay",
    "cosine_restarts": "CosineDecayRestarts",
    "exponential": "ExponentialDecay",
    "inverse_time": "InverseTimeDecay",
    "piecewise": "PiecewiseConstantDecay",
    "step": "PiecewiseConstantDecay",
    "polynomial": "PolynomialDecay",
}
"""Short names of Keras's schedules, which have their own names too."""
EPOCHS = {"decay_epochs": "decay_steps", "warmup_epochs": "warmup_steps", "first_decay_epochs": "first_decay_steps",
          "epochs": "boundaries"}  # fmt: skip
"""Options that count in epochs, and Keras's own, which count steps of the optimizer."""


@dataclass(frozen=True)
class Learning:
    """How a model is to learn, in Keras's words; None is what the model was compiled with, or Keras's default.

    `optimizer` and `schedule` are names, with options where wanted: `sgd(momentum=0.9)`, `cosine(warmup_epochs=2)`.
    """

    optimizer: str | None = None
    learning_rate: float | None = None
    schedule: str | None = None
    clipnorm: float | None = None
    clipvalue: float | None = None
    global_clipnorm: float | None = None
    weight_decay: float | None = None

    @property
    def settings(self) -> dict[str, float]:
        """What is set on any optimizer."""
        names = ("clipnorm", "clipvalue", "global_clipnorm", "weight_decay")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}


def optimizer_for(learning: Learning, compiled, steps: int, epochs: int):
    """The optimizer of a training of `epochs` epochs of `steps` steps each.

    `compiled` is the one that the model was compiled with, or None; with nothing said against it, it goes on as it is.
    Raises NetconvError.
    """
    optimizer = named_objects.find(keras.optimizers, learning.optimizer or compiled or "adam", "optimizer")
    if learning.settings:
        config = {**optimizer.get_config(), **learning.settings}
        try:
            optimizer = type(optimizer).from_config(config)
        except (ValueError, TypeError) as error:
            raise NetconvError(f"{type(optimizer).__name__}: {_line(error)}") from None
    if learning.optimizer or learning.settings:
        optimizer.name = type(optimizer).__name__.lower()  # Keras numbers what it names itself
    if learning.schedule:
        rate = learning.learning_rate
        if rate is None:
            rate = float(keras.ops.convert_to_numpy(optimizer.learning_rate))
        config = {**optimizer.get_config(), "learning_rate": schedule(learning.schedule, rate, steps, epochs)}
        optimizer = type(optimizer).from_config(config)
    elif learning.learning_rate is not None:
        optimizer.learning_rate = learning.learning_rate
    return optimizer


def renewed(optimizer):
    """An optimizer of the same options, which has not learnt yet; the inner one of a LossScaleOptimizer."""
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    return type(optimizer).from_config(optimizer.get_config())


def schedule(text: str, rate: float, steps: int, epochs: int):
    """Keras's schedule of a learning rate that begins with `rate`.

    Lengths are given in steps of the optimizer, by Keras's names, or in epochs (`decay_epochs=10`); a decay that has
    none lasts the whole training. Raises NetconvError.
    """
    name, given = call_expressions.parse(text, "cosine(warmup_epochs=2)")
    module = keras.optimizers.schedules
    kinds = {kind.lower(): kind for kind in dir(module) if kind.endswith(("Decay", "Restarts"))}
    kind = SCHEDULES.get(name.lower()) or kinds.get(name.lower().replace("_", ""))
    if kind is None:
        raise NetconvError(f"Keras has no schedule called {name!r}; it has {', '.join(SCHEDULES)}")
    make = getattr(module, kind)
    options = _in_steps(given, steps, name)
    if kind == "PiecewiseConstantDecay" and "values" in options:
        options.setdefault("boundaries", [])
    elif kind != "PiecewiseConstantDecay":
        options.setdefault("initial_learning_rate", rate)
        length = "first_decay_steps" if kind == "CosineDecayRestarts" else "decay_steps"
        options.setdefault(length, max(1, steps * epochs - int(options.get("warmup_steps") or 0)))
    if options.get("warmup_steps") and "warmup_target" not in options:  # Keras warms up from the initial rate
        options.update(initial_learning_rate=0.0, warmup_target=options["initial_learning_rate"])
    call_expressions.check(make, name, options)
    try:
        made = make(**options)
        made(0)
        return made
    except (ValueError, TypeError, ArithmeticError) as error:
        raise NetconvError(f"schedule {text}: {_line(error)}") from None


def _in_steps(options: Mapping[str, Any], steps: int, name: str) -> dict[str, Any]:
    found = {}
    for option, value in options.items():
        if option not in EPOCHS:
            found[option] = value
            continue
        lengths = value if isinstance(value, list | tuple) else [value]
        if not all(isinstance(length, int | float) and not isinstance(length, bool) for length in lengths):
            raise NetconvError(f"{name}: {option} is a number of epochs, not {value!r}")
        counted = [round(length * steps) for length in lengths]
        found[EPOCHS[option]] = counted if option == "epochs" else counted[0]
    return found


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
