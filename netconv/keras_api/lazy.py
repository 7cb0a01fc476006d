"""Keras, imported when it is first used: a module of translations can be read, and asked what it accepts, without
the seconds and the memory that TensorFlow takes. Knows nothing else."""

import gc
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager


class Lazy:
    """Stands for the module `name` until an attribute of it is wanted."""

    def __init__(self, name: str):
        self.__name__ = name

    def __getattr__(self, attribute):
        if "keras" not in sys.modules:
            _import_keras()
        return getattr(importlib.import_module(self.__name__), attribute)


@contextmanager
def no_collection() -> Iterator[None]:
    """Without collecting garbage, while much is made and little thrown away: a collection walks through all there is,
    and a model of many layers takes more than linear time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _import_keras() -> None:
    with no_collection():
        importlib.import_module("keras")
        gc.freeze()


class Ops(Lazy):
    def add(self, x1, x2):
        """x1 + x2, as numpy broadcasts it.

        On TensorFlow, Keras takes a second operand with a single axis longer than 1 for a bias: it adds it along the
        last axis, or axis 1, whichever has that length, wherever the operand's own axis lies; (8, 8) + (8, 1) adds to
        the columns. Lengths count when the model runs, so a batch as long as another axis is enough.
        """
        left, right = (tuple(getattr(x, "shape", ())) for x in (x1, x2))
        along_last = len(left) >= len(right) and right[-1:] == left[-1:] and {*right[:-1]} <= {1} and None not in right
        if left == right or along_last or not right:
            return self.__getattr__("add")(x1, x2)
        unsigned = "uint" in str(getattr(x2, "dtype", ""))  # which TensorFlow does not negate
        return self.subtract(x1, self.subtract(self.zeros_like(x2), x2) if unsigned else self.negative(x2))

    def argmax(self, x, axis=None, keepdims=False):
        """The place of the largest, of equal ones the first. See `_with_one_zero`."""
        return self.__getattr__("argmax")(self._with_one_zero(x), axis, keepdims)

    def argmin(self, x, axis=None, keepdims=False):
        return self.__getattr__("argmin")(self._with_one_zero(x), axis, keepdims)

    def _with_one_zero(self, x):
        """x without -0, which Keras takes for less than 0. When TensorFlow compiles f(x) of a monotonic f, it looks for
        the largest x instead, though f may be the same for others too; but not beyond a choice."""
        zero = self.zeros_like(x)
        return self.where(self.equal(x, zero), zero, x)

    def flip(self, x, axis):
        """`keras.ops.flip` along one axis or several: Keras before 3.13 fails on several, on TensorFlow."""
        flip = self.__getattr__("flip")
        for one in axis if isinstance(axis, (tuple, list)) else (axis,):
            x = flip(x, one)
        return x


keras = Lazy("keras")
layers = Lazy("keras.layers")
ops = Ops("keras.ops")
