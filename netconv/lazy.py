"""Keras, imported when it is first used: a module of translations can be read, and asked what it accepts, without
the seconds and the memory that TensorFlow takes. Knows nothing else."""

import importlib


class Lazy:
    """Stands for the module `name` until an attribute of it is wanted."""

    def __init__(self, name: str):
        self.__name__ = name

    def __getattr__(self, attribute):
        return getattr(importlib.import_module(self.__name__), attribute)


keras = Lazy("keras")
layers = Lazy("keras.layers")
ops = Lazy("keras.ops")
