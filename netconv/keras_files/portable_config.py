"""Configs of models without what older Kerases do not know, so that these read them too. Knows configs, no model.

A Keras writes all arguments of its classes, and a Keras refuses arguments that it does not know: it opens no file of a
newer one. Here an argument that the oldest supported Keras does not know is left out where it is at its default.
`keras_arguments.json` is recorded by `tests/compat/record_arguments.py` from the Kerases themselves.
"""

from __future__ import annotations

import importlib
import inspect
import json
from collections.abc import Iterator
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from ..keras_api.lazy import keras
from .shared_layers import in_order

CALLS_IN_ANY_ORDER = (3, 7)
"""The first Keras that postpones a call whose inputs do not exist yet."""
STATES = {"keras.optimizers.Nadam": (3, 10)}
"""The first Keras that loads the state that the newest stores for a class."""
OPERATIONS = "keras.src.ops."
"""The module of operations that are no layers. Kerases before 3.14 know no names of many of them."""


class Requirement(NamedTuple):
    """The oldest Keras (major, minor) that reads a config, and what older ones lack; nothing if it is the oldest that
    is supported."""

    version: tuple[int, int]
    because: str = ""

    def __str__(self) -> str:
        return "{}.{}".format(*self.version)


def portable(config: dict[str, Any]) -> tuple[dict[str, Any], Requirement]:
    """A serialized Keras object without what older Kerases do not know, as far as it can be left out, and the Keras
    that it needs."""
    found = [Requirement(oldest())]
    return _portable(config, found, count(1)), max(found, key=lambda requirement: requirement.version)


@cache
def _record() -> dict[str, Any]:
    return json.loads(Path(__file__).with_name("keras_arguments.json").read_text())


def oldest() -> tuple[int, int]:
    """The oldest supported Keras (major, minor)."""
    return _version(_record()["oldest"])


def _version(text: str) -> tuple[int, int]:
    major, minor = text.split(".")[:2]
    return int(major), int(minor)


def _portable(value, needs: list[Requirement], numbers: Iterator[int]):
    """The value with all configs in it portable; adds what it needs to `needs`; takes numbers for shared layers."""
    if isinstance(value, (list, tuple)):
        return [_portable(each, needs, numbers) for each in value]
    if not isinstance(value, dict):
        return value
    if value.get("class_name") == "DTypePolicy" and value.get("module") == "keras":
        return value["config"]["name"]
    value = {key: _portable(each, needs, numbers) for key, each in value.items()}
    if value.get("class_name") == "Functional":
        layers, readable = in_order(value["config"]["layers"], numbers)
        value["config"] = {**value["config"], "layers": layers}
        if not readable:
            needs.append(Requirement(CALLS_IN_ANY_ORDER, "calls of a layer on results of its own"))
    if isinstance(value.get("module"), str) and isinstance(value.get("config"), dict):
        value["config"] = _known_arguments(f"{value['module']}.{value['class_name']}", value["config"], needs)
    return value


def _known_arguments(name: str, config: dict[str, Any], needs: list[Requirement]) -> dict[str, Any]:
    """The config of a class without arguments at their defaults that the oldest Keras does not know."""
    record = _record()
    if name in record["since"]:
        needs.append(Requirement(_version(record["since"][name]), name.rpartition(".")[2]))
    if name in STATES:
        needs.append(Requirement(STATES[name], f"the state of {name.rpartition('.')[2]}"))
    known = record["arguments"].get(name)
    if known is None:
        return config
    defaults, known_keys = _defaults(name), known.split()
    result = {}
    for key, value in config.items():
        newer = key in defaults and key not in known_keys
        if newer and (_is_default(value, defaults[key]) or (key == "name" and name.startswith(OPERATIONS))):
            continue
        if newer:
            since = record["since"].get(f"{name}({key})", keras.__version__)
            needs.append(Requirement(_version(since), f"{key} of {name.rpartition('.')[2]}"))
        result[key] = value
    return result


def _is_default(value, default) -> bool:
    return value == default or (default is None and value is False)  # a config has False for a flag that was not given


@cache
def _defaults(name: str) -> dict[str, Any]:
    """The arguments of a class of Keras, with their defaults."""
    module, _, class_name = name.rpartition(".")
    cls = getattr(importlib.import_module(module), class_name, object)
    defaults: dict[str, Any] = {}
    for base in cls.__mro__:
        if "__init__" in vars(base) and base is not object:
            parameters = list(inspect.signature(vars(base)["__init__"]).parameters.values())[1:]
            for parameter in parameters:
                defaults.setdefault(parameter.name, parameter.default)
    return defaults
