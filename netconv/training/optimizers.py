"""The optimizer of a training, and its learning rate schedule. Knows Keras's names, no model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import NetconvError, did_you_mean
from ..keras_api import call_expressions, named_objects
from ..keras_api.lazy import keras
from .options import OptimizerOptions

SCHEDULES = {
    "cosine": "CosineDecay",
    "cosine_restarts": "CosineDecayRestarts",
    "exponential": "ExponentialDecay",
    "inverse_time": "InverseTimeDecay",
    "piecewise": "PiecewiseConstantDecay",
    "step": "PiecewiseConstantDecay",
    "polynomial": "PolynomialDecay",
}
"""Short names of Keras's schedules, besides their own."""
EPOCH_ARGUMENTS = {
    "decay_epochs": "decay_steps",
    "warmup_epochs": "warmup_steps",
    "first_decay_epochs": "first_decay_steps",
    "epochs": "boundaries",
}
"""Arguments in epochs, and the arguments of Keras, in steps, that they are turned into."""


def optimizer_for(options: OptimizerOptions, compiled, steps: int, epochs: int):
    """The optimizer of a training of `epochs` epochs of `steps` steps each.

    `compiled` is the optimizer that the model was compiled with, or None. It is used as it is, state included, unless
    an option changes it. Raises NetconvError.
    """
    optimizer = named_objects.find(keras.optimizers, options.optimizer or compiled or "adam", "optimizer")
    if options.shared_arguments:
        config = {**optimizer.get_config(), **options.shared_arguments}
        try:
            optimizer = type(optimizer).from_config(config)
        except (ValueError, TypeError) as error:
            raise NetconvError(f"{type(optimizer).__name__}: {_one_line(error)}") from None
    if options.optimizer or options.shared_arguments:
        optimizer.name = type(optimizer).__name__.lower()  # Keras numbers what it names itself
    if options.schedule:
        rate = options.learning_rate
        if rate is None:
            rate = float(keras.ops.convert_to_numpy(optimizer.learning_rate))
        config = {**optimizer.get_config(), "learning_rate": schedule_for(options.schedule, rate, steps, epochs)}
        optimizer = type(optimizer).from_config(config)
    elif options.learning_rate is not None:
        optimizer.learning_rate = options.learning_rate
    if options.optimizer:
        named_objects.check_learning_rate(optimizer)
    return optimizer


def untrained(optimizer):
    """A new optimizer with the same arguments; for a LossScaleOptimizer, that of its inner one."""
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    return type(optimizer).from_config(optimizer.get_config())


def moved(optimizer, model):
    """A new optimizer with the same arguments and state, for a copy of the model that it has trained."""
    copy = type(optimizer).from_config(optimizer.get_config())
    if optimizer.built:
        copy.build(model.trainable_variables)
        values = optimizer.variables
        by_path = {variable.path: variable for variable in values}
        if len(by_path) == len(values) and by_path.keys() == {variable.path for variable in copy.variables}:
            values = [by_path[variable.path] for variable in copy.variables]  # the layers may be in another order
        for variable, value in zip(copy.variables, values, strict=True):
            variable.assign(value)
    return copy


def schedule_for(text: str, rate: float, steps: int, epochs: int):
    """Keras's schedule of a learning rate that begins with `rate`, by name: `cosine(warmup_epochs=2)`.

    Lengths are in steps of the optimizer, by Keras's names, or in epochs. A decay without a length takes the whole
    training, `epochs` epochs of `steps` steps each. Raises NetconvError.
    """
    name, arguments = call_expressions.parse(text, "cosine(warmup_epochs=2)")
    module = keras.optimizers.schedules
    classes = {name.lower(): name for name in dir(module) if name.endswith(("Decay", "Restarts"))}
    class_name = SCHEDULES.get(name.lower()) or classes.get(name.lower().replace("_", ""))
    if class_name is None:
        hint = did_you_mean(name, SCHEDULES) or f"it has {', '.join(SCHEDULES)}"
        raise NetconvError(f"Keras has no schedule called {name!r}; {hint}")
    make = getattr(module, class_name)
    arguments = _in_steps(arguments, steps, name)
    if class_name == "PiecewiseConstantDecay" and "values" in arguments:
        arguments.setdefault("boundaries", [])
    elif class_name != "PiecewiseConstantDecay":
        arguments.setdefault("initial_learning_rate", rate)
        length = "first_decay_steps" if class_name == "CosineDecayRestarts" else "decay_steps"
        arguments.setdefault(length, max(1, steps * epochs - int(arguments.get("warmup_steps") or 0)))
    if arguments.get("warmup_steps") and "warmup_target" not in arguments:  # Keras warms up from the initial rate
        arguments.update(initial_learning_rate=0.0, warmup_target=arguments["initial_learning_rate"])
    call_expressions.check(make, name, arguments)
    try:
        schedule = make(**arguments)
        schedule(0)
        return schedule
    except (ValueError, TypeError, ArithmeticError) as error:
        raise NetconvError(f"schedule {text}: {_one_line(error)}") from None


def _in_steps(arguments: Mapping[str, Any], steps: int, name: str) -> dict[str, Any]:
    in_steps = {}
    for argument, value in arguments.items():
        if argument not in EPOCH_ARGUMENTS:
            in_steps[argument] = value
            continue
        lengths = value if isinstance(value, list | tuple) else [value]
        if not all(isinstance(length, int | float) and not isinstance(length, bool) for length in lengths):
            raise NetconvError(f"{name}: {argument} is a number of epochs, not {value!r}")
        counted = [round(length * steps) for length in lengths]
        in_steps[EPOCH_ARGUMENTS[argument]] = counted if argument == "epochs" else counted[0]
    return in_steps


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
