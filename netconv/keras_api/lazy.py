"""Keras and TensorFlow, imported at first use, so that modules of ops can be imported and queried without loading them.
Knows no other module of netconv."""

import gc
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout


class Lazy:
    """A proxy for the module `name`, which is imported when an attribute is first used."""

    def __init__(self, name: str):
        self.__name__ = name

    def __getattr__(self, attribute):
        if "keras" not in sys.modules:
            _import_keras()
        return getattr(importlib.import_module(self.__name__), attribute)


@contextmanager
def no_collection() -> Iterator[None]:
    """Disables garbage collection while many objects are made and few freed: each collection visits all objects, so
    that a model of many layers would take more than linear time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _import_keras() -> None:
    # TensorFlow prints to stdout, amid the results of a command, that a Python has no ssl.
    with no_collection(), redirect_stdout(sys.stderr):
        importlib.import_module("keras")
        gc.freeze()


class Ops(Lazy):
    """`keras.ops`, with some functions corrected."""

    def add(self, x1, x2):
        """x1 + x2, as numpy broadcasts it.

        On TensorFlow, Keras treats a second operand with a single axis longer than 1 as a bias: it adds it along the
        last axis, or axis 1, whichever has that length, whatever the operand's own axis is; (8, 8) + (8, 1) adds to the
        columns. It compares lengths at run time, so this also happens if the batch size equals another length.
        """
        left, right = (tuple(getattr(x, "shape", ())) for x in (x1, x2))
        along_last = len(left) >= len(right) and right[-1:] == left[-1:] and {*right[:-1]} <= {1} and None not in right
        if left == right or along_last or not right:
            return self.__getattr__("add")(x1, x2)
        unsigned = "uint" in str(getattr(x2, "dtype", ""))  # which TensorFlow does not negate
        return self.subtract(x1, self.subtract(self.zeros_like(x2), x2) if unsigned else self.negative(x2))

    def argmax(self, x, axis=None, keepdims=False):
        """The index of the first of the largest elements. See `_with_one_zero`."""
        return self.__getattr__("argmax")(self._with_one_zero(x), axis, keepdims)

    def argmin(self, x, axis=None, keepdims=False):
        return self.__getattr__("argmin")(self._with_one_zero(x), axis, keepdims)

    def _with_one_zero(self, x):
        """x with 0 in place of -0, which Keras treats as less than 0. And TensorFlow compiles argmax(f(x)) for a
        monotonic f into argmax(x), although several f(x) may be equal; `where` prevents this."""
        zero = self.zeros_like(x)
        return self.where(self.equal(x, zero), zero, x)

    def zeros_like(self, x, dtype=None):
        """Zeros of the shape of x. See `_like`."""
        return self.__getattr__("zeros_like")(self._like(x, dtype))

    def ones_like(self, x, dtype=None):
        return self.__getattr__("ones_like")(self._like(x, dtype))

    def full_like(self, x, fill_value, dtype=None):
        return self.__getattr__("full_like")(self._like(x, dtype), fill_value)

    def _like(self, x, dtype):
        """x as a model for a tensor of this dtype, which Keras before 3.11 does not read from the file of a model."""
        return x if dtype is None or str(getattr(x, "dtype", "")) == dtype else self.cast(x, dtype)

    def flip(self, x, axis):
        """`keras.ops.flip` along one axis or several, for which Keras before 3.13 fails on TensorFlow."""
        flip = self.__getattr__("flip")
        for one in axis if isinstance(axis, (tuple, list)) else (axis,):
            x = flip(x, one)
        return x


keras = Lazy("keras")
tf = Lazy("tensorflow")
layers = Lazy("keras.layers")
ops = Ops("keras.ops")
