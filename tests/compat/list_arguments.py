"""Prints, as JSON, the keys that the config of each class of the Keras on the path may have: what its constructor, and
those of its base classes that it passes further arguments to, accept.

    python list_arguments.py
"""

import importlib
import inspect
import json
import pkgutil

import keras
import keras.src.ops as operations
from keras.src.ops.operation import Operation

PUBLIC = (
    "layers", "initializers", "losses", "metrics", "optimizers", "optimizers.schedules", "regularizers", "constraints",
)  # fmt: skip


def accepted(cls) -> set[str]:
    """The names of all arguments."""
    names: set[str] = set()
    for base in cls.__mro__:
        if base is Operation and not issubclass(cls, keras.layers.Layer):
            return names | {"name"}  # a dtype given to an operation was that of its arithmetic, not of its result
        if "__init__" not in vars(base):
            continue
        parameters = list(inspect.signature(vars(base)["__init__"]).parameters.values())[1:]
        names |= {p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
        if all(p.kind is not p.VAR_KEYWORD for p in parameters):
            break
    return names


def classes() -> dict[str, type]:
    """All classes by the module and name with which a config refers to them."""
    found = {}
    for module in PUBLIC:
        for name, value in vars(importlib.import_module(f"keras.{module}")).items():
            if inspect.isclass(value):
                found |= {f"keras.{module}.{name}": value, f"keras.{module}.{value.__name__}": value}
    for info in pkgutil.iter_modules(operations.__path__, "keras.src.ops."):
        if info.name.endswith("_test"):
            continue
        for name, value in vars(importlib.import_module(info.name)).items():
            if inspect.isclass(value) and issubclass(value, Operation) and value.__module__ == info.name:
                found[f"{info.name}.{name}"] = value
    return found


print(
    json.dumps({"keras": keras.__version__, "classes": {n: sorted(accepted(c)) for n, c in sorted(classes().items())}})
)
