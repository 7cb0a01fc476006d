"""Keras, imported when it is first used: a module of translations can be read, and asked what it accepts, without
the seconds and the memory that TensorFlow takes. Knows nothing else."""

import gc
import importlib
import sys


class Lazy:
    """Stands for the module `name` until an attribute of it is wanted."""

    def __init__(self, name: str):
        self.__name__ = name

    def __getattr__(self, attribute):
        if "keras" not in sys.modules:
            _import_keras()
        return getattr(importlib.import_module(self.__name__), attribute)


def _import_keras() -> None:
    """Without collecting garbage: there is none, and a collection walks through all that TensorFlow makes."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        importlib.import_module("keras")
    finally:
        gc.freeze()
        if enabled:
            gc.enable()


class Ops(Lazy):
    def add(self, x1, x2):
        """`keras.ops.add`, safe to broadcast: on TensorFlow, Keras 3.15 takes an x2 of shape (3, 1) beside an x1 whose
        last axis is 3 for a bias along that axis. It does not look at x1 so, hence the narrow one goes first."""
        narrow = [len(getattr(x, "shape", ())) > 1 and x.shape[-1] == 1 for x in (x1, x2)]
        add = self.__getattr__("add")
        return add(x2, x1) if narrow[1] and not narrow[0] else add(x1, x2)

    def flip(self, x, axis):
        """`keras.ops.flip` along one axis or several: Keras before 3.13 fails on several, on TensorFlow."""
        flip = self.__getattr__("flip")
        for one in axis if isinstance(axis, (tuple, list)) else (axis,):
            x = flip(x, one)
        return x


keras = Lazy("keras")
layers = Lazy("keras.layers")
ops = Ops("keras.ops")
