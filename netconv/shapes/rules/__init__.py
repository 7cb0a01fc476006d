"""What each op says of shapes, in both directions: as MXNet infers them, and back from what is stored.

One module a family of ops; `lengths` has the table of the rules and the arithmetic of lengths.
"""

from . import axes, creation, elementwise, layers, linalg, quantized, reduction, sequence, slicing, vision

__all__ = [
    "axes",
    "creation",
    "elementwise",
    "layers",
    "linalg",
    "quantized",
    "reduction",
    "sequence",
    "slicing",
    "vision",
]
