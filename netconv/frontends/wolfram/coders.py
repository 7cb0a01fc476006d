"""Encoders and decoders: what they do, as plain data. A Function encoder is code and is never run."""

from __future__ import annotations

import math
from typing import Any

from ...errors import FormatError, option
from ...graph.graph import Edge
from . import text_coders
from .builder import GraphBuilder
from .expressions import Symbol, shortened
from .ports import Coder, Port, unwrapped

LARGEST_VALUE = 255
"""The value of white in the images that a graph with a baked encoder takes."""
COLORS = {"Grayscale": 1, "RGB": 3}
"""The color spaces that are known, and how many channels they have."""


def facts(port: Port, baked: bool = False) -> dict[str, Any] | None:
    """What a coder does, as JSON: its `kind`, and for Image, Class, Boolean and those of texts all that is needed to do
    the same. None for a port without one. `baked` says that the arithmetic of an Image encoder is a part of the
    model."""
    coder = port.coder
    if coder is None:
        return None
    found: dict[str, Any] = {"kind": coder.kind}
    if coder.kind == "Image":
        found |= _image(coder) | {"baked": baked}
    if coder.kind == "Class":
        found["labels"] = labels(coder)
        found["unit_vector"] = _text(coder.parameters.get("Form", "Index")) == "UnitVector"
    if coder.kind in text_coders.KINDS:
        found |= text_coders.facts(port)
    return found


def labels(coder: Coder) -> list[str] | None:
    """The names of the classes of a Class or Boolean coder; None if they are not all names or numbers."""
    if coder.kind == "Boolean":
        return ["False", "True"]
    found = unwrapped(coder.parameters.get("Labels"))
    if coder.kind != "Class" or not isinstance(found, tuple) or not found:
        return None
    if not all(isinstance(each, str | int | float | Symbol) for each in found):
        return None
    return [str(each) for each in found]


def _text(value: Any) -> str:
    value = unwrapped(value)
    return str(value) if isinstance(value, Symbol | str) else shortened(value)


def _image(coder: Coder) -> dict[str, Any]:
    parameters = coder.parameters
    size = unwrapped(parameters.get("ImageSize"))
    size = (size, size) if type(size) is int else size
    if not isinstance(size, tuple) or len(size) != 2 or not all(type(n) is int and 0 < n < 1 << 16 for n in size):
        raise FormatError(f"an Image encoder has the ImageSize {shortened(size)}, and not a width and a height")
    space = _text(parameters.get("ColorSpace", "RGB"))
    channels = unwrapped(parameters.get("ColorChannels", COLORS.get(space, 3)))
    return {
        "size": list(size),
        "color_space": space,
        "channels": channels if type(channels) is int else COLORS.get(space, 3),
        "interleaving": unwrapped(parameters.get("Interleaving")) == Symbol("True"),
        "mean": _numbers(parameters.get("MeanImage")),
        "variance": _numbers(parameters.get("VarianceImage")),
        "method": _text(parameters.get("Method", "Stretch")),
        "resampling": _text(parameters.get("Resampling", Symbol("Automatic"))),
        "padding": _text(parameters.get("Padding", Symbol("Black"))),
        "alignment": _text(parameters.get("Alignment", Symbol("Center"))),
        "transposed": unwrapped(parameters.get("DataTransposed")) == Symbol("True"),
    }


def _numbers(value: Any) -> Any:
    """None, a number, a number for each channel, or "image" for an image, which is not read."""
    value = unwrapped(value)
    match value:
        case None | Symbol("None"):
            return None
        case int() | float():
            return float(value)
        case tuple() if value and all(isinstance(each, int | float) and math.isfinite(each) for each in value):
            return [float(each) for each in value]
    return "image"


def scaling(port: Port) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """The mean and the standard deviation of each channel of values 0 to 1 that an Image encoder subtracts and divides
    by; None if they are images."""
    assert port.coder is not None
    found = _image(port.coder)
    numbers = []
    for name, neutral in (("mean", 0.0), ("variance", 1.0)):
        value = neutral if found[name] is None else found[name]
        if value == "image":
            return None
        numbers.append(tuple(value) if isinstance(value, list) else (value,) * found["channels"])
    mean, variance = numbers
    if len(mean) != found["channels"] or len(variance) != found["channels"] or min(variance) <= 0:
        return None
    return mean, tuple(map(math.sqrt, variance))


def bake(graph: GraphBuilder, name: str, port: Port, data: Edge) -> Edge:
    """Does the arithmetic of an Image encoder on images of values 0 to 255; other inputs stay as they are."""
    if port.coder is None or port.coder.kind != "Image":
        return data
    found = scaling(port)
    if found is None:
        raise FormatError(
            f"the MeanImage or VarianceImage of input {name!r} is not a number for each channel, which "
            f"{option('bake_encoder', True)} needs"
        )
    mean, deviation = (tuple(LARGEST_VALUE * n for n in numbers) for numbers in found)
    interleaved = _image(port.coder)["interleaving"]
    if interleaved:
        data = graph.add("transpose", f"{name}.channels_first", (data,), {"axes": (0, 3, 1, 2)})
    data = graph.add("_image_normalize", f"{name}.encoder", (data,), {"mean": mean, "std": deviation})
    if interleaved:
        data = graph.add("transpose", f"{name}.channels_last", (data,), {"axes": (0, 2, 3, 1)})
    return data


def described(name: str, port: Port, is_input: bool, baked: bool) -> str | None:
    """What a person must know about a coder that is not a part of the model; None if there is nothing."""
    if port.coder is None:
        return None
    shape = "numbers" if not port.shape else f"arrays of shape {tuple(n or '?' for n in port.shape)}".replace("'", "")
    kind = port.coder.kind
    if not is_input:
        if kind in ("Class", "Boolean", "Scalar", "Probabilities"):
            return None
        return f"{name}: the decoder {kind} is not a part of the model, whose output is {shape}"
    if kind == "Image":
        found = _image(port.coder)
        width, height = found["size"]
        values = "values 0 to 255"
        if not baked:
            done = scaling(port)
            changed = found["mean"] is not None or found["variance"] is not None
            values = "values 0 to 1"
            if changed and done:
                values += f", less {_listed(done[0])}, divided by {_listed(done[1])}"
            elif changed:
                values += ", less MeanImage, divided by the root of VarianceImage"
        return f"{name}: takes {found['color_space']} images of {width} x {height} pixels, {values}"
    if kind == "Class":
        names = labels(port.coder)
        of = f" of {', '.join(names[:10])}{' ...' if len(names) > 10 else ''}" if names else ""
        return f"{name}: takes class numbers from 1{of}" if not port.shape else f"{name}: takes unit vectors{of}"
    if kind in ("Scalar", "Boolean"):
        return None
    if kind in text_coders.KINDS:
        return text_coders.described(name, port, shape)
    values = f", integers from 1 to {port.classes:,}" if port.classes else ""
    return f"{name}: the encoder {kind} is not a part of the model: give it the {shape} that the encoder makes{values}"


def _listed(numbers: tuple[float, ...]) -> str:
    numbers = numbers[:1] if len(set(numbers)) == 1 else numbers
    return ", ".join(f"{n:.6g}" for n in numbers)
