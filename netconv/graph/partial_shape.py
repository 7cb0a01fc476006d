"""Partially known shapes and functions of them. Knows no graph and no op.

A Shape is a tuple of lengths, None for an unknown length; or None if the rank is unknown. The shape rule of an op is
called with the attributes of a node and the shapes of its inputs and outputs as far as they are known, and returns for
each a claim: the shape that follows, which may be less than was known. It raises ShapeMismatch for a contradiction. A
guess has the same arguments and returns the most likely shape of each input, or None.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import islice
from types import SimpleNamespace

Lengths = tuple[int | None, ...]
Shape = Lengths | None
Claims = tuple[Sequence[Shape], Sequence[Shape]]
Rule = Callable[[SimpleNamespace, list[Shape], list[Shape]], Claims]
Guess = Callable[[SimpleNamespace, list[Shape], list[Shape]], Sequence[Shape]]

NATURAL_LAYOUTS = (None, "None", "NCW", "NCHW", "NCDHW")
LARGEST = 2**63


class ShapeMismatch(ValueError):
    """Shapes or attributes that contradict each other: a message `what`, and the wrong value `received`, if any."""

    def __init__(self, what: str, received=None):
        super().__init__(what)
        self.what, self.received = what, received


def merge(one: Shape, two: Shape) -> Shape:
    """The shape that two partial shapes of the same tensor give together. Raises ShapeMismatch if they differ."""
    if one is None or one == two:
        return two
    if two is None:
        return one
    if len(one) != len(two) or any(a != b and a is not None and b is not None for a, b in zip(one, two, strict=True)):
        raise ShapeMismatch(f"shapes {format_shape(one)} and {format_shape(two)} differ")
    return tuple(b if a is None else a for a, b in zip(one, two, strict=True))


def format_shape(shape: Shape) -> str:
    """A shape in a message: (?, 3, 224, 224)."""
    return "unknown" if shape is None else str(tuple("?" if d is None else d for d in shape)).replace("'", "")


def first_known(*lengths: int | None) -> int | None:
    """The first length that is not None."""
    return next((n for n in lengths if n is not None), None)


def count_elements(lengths) -> int | None:
    """The product of lengths, None if one is unknown."""
    return None if None in lengths else math.prod(lengths)


def of_rank(shape: Shape, rank: int) -> tuple[int | None, ...]:
    """The shape if it has that rank, otherwise one of unknown lengths, which as a claim contradicts the known shape."""
    return shape if shape is not None and len(shape) == rank else (None,) * rank


def solve_lengths(lengths: Sequence[int | None], total: int | None) -> tuple[int | None, ...]:
    """Lengths whose product is `total`, with a single unknown length computed. Raises ShapeMismatch."""
    lengths = tuple(lengths)
    if total is None:
        return lengths
    known = math.prod(n for n in lengths if n is not None)
    unknown = lengths.count(None)
    if (total % known if known else total) or (not unknown and known != total):
        raise ShapeMismatch(f"lengths {format_shape(lengths)} do not make {total} elements")
    if unknown != 1 or not known:
        return lengths
    return tuple(total // known if n is None else n for n in lengths)


def normalize_axis(axis: int, rank: int) -> int:
    """An axis, which may be negative, as a non-negative number. Raises ShapeMismatch."""
    if not -rank <= axis < rank:
        raise ShapeMismatch(f"axis must be in [{-rank}, {rank})", axis)
    return axis % rank


def normalize_axes(axes: Sequence[int], rank: int) -> tuple[int, ...]:
    """Distinct axes, which may be negative, as non-negative numbers. Raises ShapeMismatch."""
    found = tuple(normalize_axis(axis, rank) for axis in axes)
    if len(set(found)) < len(found):
        raise ShapeMismatch("an axis is named twice", tuple(axes))
    return found


def per_spatial_axis(name: str, value: Sequence[int], rank: int, default: int, least: int = 1) -> tuple[int, ...]:
    """An attribute with one number for each spatial axis; empty means the default. Raises ShapeMismatch."""
    value = tuple(value) or (default,) * rank
    if len(value) != rank or min(value, default=least) < least:
        raise ShapeMismatch(f"attribute {name!r} must have {rank} numbers of at least {least}", value)
    return value


def window(a, data: Shape, out: Shape):
    """The shapes of data and output of a convolution, and its kernel, stride, dilate and pad, one number for each
    axis."""
    rank = len(a.kernel)
    kernel = per_spatial_axis("kernel", a.kernel, rank, 1)
    stride, dilate = per_spatial_axis("stride", a.stride, rank, 1), per_spatial_axis("dilate", a.dilate, rank, 1)
    pad = per_spatial_axis("pad", a.pad, rank, 0, 0)
    if a.num_group < 1:
        raise ShapeMismatch("attribute 'num_group' must be at least 1", a.num_group)
    return of_rank(data, rank + 2), of_rank(out, rank + 2), kernel, stride, dilate, pad


def convolution_length(length: int | None, kernel: int, stride: int, pad: int, dilate: int = 1) -> int | None:
    """Length of a convolution's output along one axis: floor((n + 2 pad - extent) / stride) + 1."""
    return None if length is None else _fits(length + 2 * pad - dilate * (kernel - 1) - 1, length, kernel) // stride + 1


def pooling_length(length: int | None, kernel: int, stride: int, pad: int, convention: str) -> int | None:
    """Length of a pooling's output along one axis: `valid` rounds down, `full` up, `same` is ceil(n / stride)."""
    if length is None:
        return None
    if convention == "same":
        return -(-length // stride)
    spare = _fits(length + 2 * pad - kernel, length, kernel)
    return (-(-spare // stride) if convention == "full" else spare // stride) + 1


def _fits(spare: int, length: int, kernel: int) -> int:
    if spare < 0:
        raise ShapeMismatch(f"the kernel of {kernel} is longer than the data", length)
    return spare


def apply_reshape_codes(shape: Shape, codes: Sequence[int], reverse: bool = False) -> Shape:
    """The shape of the result of MXNet's Reshape: 0 copies a length, -1 infers one, -2 copies the rest, -3 merges two,
    -4 splits one in the two numbers that follow; `reverse` matches from the right. Unknown lengths stay unknown.
    Source: InferReshapeShape in MXNet's src/operator/tensor/matrix_op-inl.h. Raises ShapeMismatch."""
    if reverse:
        turned = apply_reshape_codes(None if shape is None else shape[::-1], codes[::-1])
        return None if turned is None else turned[::-1]
    if shape is None and -2 in codes:
        return None
    source = iter(shape if shape is not None else [None] * (2 * len(codes)))
    out: list[int | None] = []
    free: list[int | None] = []  # lengths that no code copies: their elements are divided among -1 and plain numbers
    plain: list[int] = []
    infer = None
    todo = iter(codes)

    def take() -> int | None:
        try:
            return next(source)
        except StopIteration:
            raise ShapeMismatch(
                f"attribute 'shape' asks for more axes than {format_shape(shape)} has", tuple(codes)
            ) from None

    for code in todo:
        if code > 0:
            out.append(code)
            plain.append(code)
            free.extend(islice(source, 1))
        elif code == 0:
            out.append(take())
        elif code == -1:
            if infer is not None:
                raise ShapeMismatch("attribute 'shape' may have one -1", tuple(codes))
            infer = len(out)
            out.append(None)
            free.extend(islice(source, 1))
        elif code == -2:
            out.extend(source)
        elif code == -3:
            one, two = take(), take()
            out.append(count_elements((one, two)))
        elif code == -4:
            whole, parts = take(), (next(todo, 0), next(todo, 0))
            if min(parts) < -1 or 0 in parts or parts == (-1, -1):
                raise ShapeMismatch("-4 in attribute 'shape' must be followed by two lengths", tuple(codes))
            out.extend(solve_lengths([None if p == -1 else p for p in parts], whole))
        else:
            raise ShapeMismatch("attribute 'shape' has an unknown code", code)
    if shape is not None:
        free.extend(source)
        total, fixed = count_elements(free), math.prod(plain)
        if total is not None:
            left_over = total != fixed if infer is None else total % fixed if fixed else total
            if left_over:
                raise ShapeMismatch(f"data of shape {format_shape(shape)} do not fit attribute 'shape'", tuple(codes))
            if infer is not None and fixed:
                out[infer] = total // fixed
    return tuple(out)


def solve_features(lengths, total):
    """The lengths of data that has `total` features."""
    try:
        return solve_lengths(lengths, total)
    except ShapeMismatch:
        raise ShapeMismatch(f"{total} features cannot come of data of shape {format_shape((None, *lengths))}") from None


def equal_part(number: int | None, groups: int, what: str, attribute: str = "num_group") -> int | None:
    """The length of one of `groups` equal parts. Raises ShapeMismatch if `number` cannot be divided."""
    if number is not None and (groups < 1 or number % groups):
        raise ShapeMismatch(f"attribute {attribute!r} must divide {number} {what}", groups)
    return None if number is None else number // groups


def diagonal_shape(shape: Shape, offset: int, axis1: int, axis2: int) -> Shape:
    """The shape of diagonals of two axes, which come last; None if these are not two axes of `shape`."""
    if shape is None or not {axis1, axis2} <= {*range(-len(shape), len(shape))}:
        return None
    one, two = axis1 % len(shape), axis2 % len(shape)
    if one == two:
        return None
    rows, columns = shape[one], shape[two]
    length = None
    if rows is not None and columns is not None:
        length = max(0, min(rows + min(offset, 0), columns - max(offset, 0)))
    return (*(n for i, n in enumerate(shape) if i not in (one, two)), length)
