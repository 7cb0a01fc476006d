"""Counts the transposes of a Keras model."""

import keras

LAYERS = ("Conv", "Dense", "Pool")
"""The names of layers between which a transpose is inside the model."""


def operations_after(operations, begin, end):
    """The operations that follow a convolution, dense or pooling layer when walked in this order."""
    marked, found = set(), set()
    for operation in operations:
        tensors = [id(t) for t in keras.tree.flatten(getattr(operation, begin))]
        before = any(t in marked for t in tensors)
        if before:
            found.add(operation)
        if before or any(kind in type(operation).__name__ for kind in LAYERS):
            marked.update(id(t) for t in keras.tree.flatten(getattr(operation, end)))
    return found


def transposes(model):
    """(inside, at the boundaries)"""
    operations = list(model.operations)
    inner = operations_after(operations, "input", "output") & operations_after(operations[::-1], "output", "input")
    found = [o for o in operations if type(o).__name__ in ("Permute", "Transpose")]
    return sum(o in inner for o in found), sum(o not in inner for o in found)
