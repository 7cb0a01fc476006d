"""Keras objects as calls of their classes, with the arguments that are not at their defaults. Knows no dialect."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import NetconvError
from ..keras_api.lazy import keras
from .dialects import Call

MODELS = ("Functional", "Sequential")
FREE = ("build_config", "shared_object_id", "registered_name", "unit_forget_bias")
"""What does not count in a config: what is not an argument, and initial values besides those of initializers."""


def is_object(value: Any) -> bool:
    """Whether a value is the config of an object, with its class."""
    return isinstance(value, Mapping) and isinstance(value.get("class_name"), str) and "config" in value


def custom_classes(config: Any) -> list[str]:
    """The names of the classes and functions in a config that are not Keras's own."""
    if isinstance(config, Mapping):
        within = [name for each in config.values() for name in custom_classes(each)]
        return [*([_class_name(config)] if is_object(config) and _is_custom(config) else []), *within]
    return [name for each in config for name in custom_classes(each)] if isinstance(config, list | tuple) else []


def _class_name(config: Mapping[str, Any]) -> str:
    return str(config.get("registered_name") or config["class_name"]).rpartition(">")[2]


def _is_custom(config: Mapping[str, Any]) -> bool:
    if config["class_name"].startswith("__") or config["class_name"] == "function":
        return ">" in str(config.get("registered_name"))
    module = str(config.get("module") or "keras")
    return config["class_name"] == "Lambda" or module.split(".")[0] != "keras"


class Constructors:
    """Makes the calls, each different one once; `of_model` makes those of models."""

    def __init__(self, of_model: Callable[[Any], Any] | None = None) -> None:
        self._made: dict[str, Call] = {}
        self._of_model = of_model

    def layer(self, layer: Any) -> Call:
        """The call that makes a layer, with its name. Raises NetconvError."""
        call = self.of(keras.saving.serialize_keras_object(layer))
        return Call(call.function, call.arguments, {**call.named, "name": layer.name})

    def of(self, config: Mapping[str, Any]) -> Call:
        """The call that makes an object, given by its config with its class, without its name. Raises
        NetconvError."""
        if self._of_model and config["class_name"] in MODELS:
            return self._of_model(_live(config))
        key = json.dumps(_essence(config), sort_keys=True, default=str)
        if key not in self._made:
            self._made[key] = self._of(config)
        return self._made[key]

    def _of(self, config: Mapping[str, Any]) -> Call:
        cls = type(_live(config))
        arguments = {name: each for name, each in config["config"].items() if _is_essential(name) and name != "name"}
        wanted = _essence(config)["config"]
        parameters = _parameters(cls)
        required = [name for name, each in parameters.items() if each.default is each.empty and name in arguments]
        fixed = {name: arguments[name] for name in required}
        others = {name: each for name, each in arguments.items() if name not in fixed}
        plain = _made(cls, fixed) or {}
        rest = {name: each for name, each in others.items() if name not in plain or plain[name] != wanted[name]}
        if _made(cls, fixed | rest) != wanted:  # the default of an argument may be the value of another
            rest = others
        for name in list(rest):
            fewer = {other: each for other, each in rest.items() if other != name}
            if _made(cls, fixed | fewer) == wanted:
                rest = fewer
        chosen = {name: arguments[name] for name in (*parameters, *rest) if name in fixed or name in rest}
        if _made(cls, chosen) != wanted:
            raise NetconvError(f"{config['class_name']} cannot be made with the arguments that it has")
        for name, value in chosen.items():
            short = _shorter(value)
            if short is not None and _made(cls, {**chosen, name: short}) == wanted:
                chosen[name] = short
        module = "layers" if config["module"] == "keras.layers" else config["module"]
        shown = {name: self.value(value, name) for name, value in chosen.items()}
        positional = list(parameters)[: len(required)] == required
        return Call(
            f"{module}.{config['class_name']}",
            tuple(shown[name] for name in required) if positional else (),
            {name: value for name, value in shown.items() if not positional or name not in required},
        )

    def value(self, value: Any, name: str = "") -> Any:
        """A value of a config, with calls in place of the configs of objects."""
        if is_object(value):
            kind, config = value["class_name"], value["config"]
            if kind == "__tuple__":
                return tuple(self.value(each) for each in value["items"])
            if kind == "function":
                return config
            if kind == "DTypePolicy":
                return config["name"]
            return self.of(value)
        if isinstance(value, Mapping):
            if value.get("class_name") == "__tuple__":
                return tuple(self.value(each) for each in value["items"])
            return {key: self.value(each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self.value(each) for each in value)
        return _short_decimal(value) if name == "learning_rate" and isinstance(value, float) else value


def _is_essential(name: str) -> bool:
    """Initial values are not: the weights are loaded."""
    return name not in FREE and not name.endswith("_initializer")


def _essence(value: Any) -> Any:
    """A config without what does not count: names within it, and initial values."""
    if isinstance(value, Mapping):
        if is_object(value) and value["class_name"] == "DTypePolicy":
            return value["config"]["name"]
        dropped = {"name"} if "trainable" in value or "learning_rate" in value else set()
        return {key: _essence(each) for key, each in value.items() if _is_essential(key) and key not in dropped}
    return [_essence(each) for each in value] if isinstance(value, list | tuple) else value


def _made(cls: type, arguments: Mapping[str, Any]) -> Any:
    """What the config of an object of these arguments is, without what does not count; None if there is none."""
    try:
        made = cls(**{name: _live(each) for name, each in arguments.items()})
        return _essence(keras.saving.serialize_keras_object(made))["config"]
    except Exception:  # a class raises any exception for arguments that do not fit
        return None


def _live(value: Any) -> Any:
    if is_object(value) or (isinstance(value, Mapping) and value.get("class_name") == "__tuple__"):
        return keras.saving.deserialize_keras_object(_unbuilt(value))
    if isinstance(value, list | tuple):
        return type(value)(_live(each) for each in value)
    return value


def _unbuilt(value: Any) -> Any:
    """A copy of a config of which no weights are made."""
    if isinstance(value, Mapping):
        return {key: _unbuilt(each) for key, each in value.items() if key != "build_config"}
    return [_unbuilt(each) for each in value] if isinstance(value, list) else value


def _parameters(cls: type) -> dict[str, inspect.Parameter]:
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {name: each for name, each in inspect.signature(cls).parameters.items() if each.kind in named}


def _shorter(value: Any) -> Any:
    """3 for (3, 3); None for what is not as short."""
    items = value.get("items") if isinstance(value, Mapping) else value
    if isinstance(items, list | tuple) and len(items) > 1 and all(type(each) is int for each in items):
        return items[0] if len(set(items)) == 1 else None
    return None


def _short_decimal(value: float) -> float:
    """0.01 for 0.009999999776482582, which is the float32 nearest to it."""
    import numpy as np

    short = float(str(np.float32(value)))
    return short if float(np.float32(value)) == value else value
