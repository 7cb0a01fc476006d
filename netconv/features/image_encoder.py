"""Mathematica's Image encoder: how it makes the numbers that a net takes of an image."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from ..errors import DataError, option

if TYPE_CHECKING:
    from .table_options import TableOptions

Resize = Literal["stretch", "fit", "fill"]
"""How an image gets another size: "stretch" changes its proportions, "fit" pads it, "fill" crops it at the center."""
UNIT = 1 / 255
"""The scale of pixels of 0 to 255 that become 0 to 1."""
METHODS: dict[str, Resize] = {"Stretch": "stretch", "Fit": "fit", "Fill": "fill"}
COLOR_SPACES = {"RGB": 3, "Grayscale": 1}
BLACK = ("Black", "GrayLevel[0]", "GrayLevel[0.0]", "RGBColor[0, 0, 0]", "0")
BILINEAR = ("Automatic", "Linear")


@dataclass(frozen=True)
class ImageEncoder:
    """What the encoder of the input `name` does: an image gets the size of the net in the way of `resize`; its pixels,
    0 to 255, become `pixel * scale + offset`, each one for all channels or one for each.

    `shape` is that of the array that it makes, with the channels first or last. `problems` are the steps that netconv
    does not do, by the option of `TableOptions` that replaces them, or "".
    """

    name: str
    shape: tuple[int, int, int]
    channels_first: bool
    resize: Resize
    scale: tuple[float, ...]
    offset: tuple[float, ...]
    problems: Mapping[str, str]

    def check(self, options: TableOptions) -> None:
        """Raises DataError if image files cannot be encoded as the encoder does, and the options do not replace what
        it does."""
        hints = {
            "": "give the model the arrays that the encoder makes",
            "resize": f"{option('resize', 'fit')}, fill or stretch replaces it",
            "rescale": f"{option('rescale', (0.00392157, 0))} replaces it",
        }
        for name, problem in self.problems.items():
            if not name or getattr(options, name) is None:
                raise DataError(
                    f"the image encoder of input {self.name!r} {problem}, which netconv does not do; {hints[name]}"
                )

    def without_scaling(self) -> ImageEncoder:
        """With pixels of 0 to 255, which the model scales itself."""
        problems = {name: problem for name, problem in self.problems.items() if name != "rescale"}
        return replace(self, scale=(1.0,), offset=(0.0,), problems=problems)

    @staticmethod
    def load(name: str, facts: Mapping[str, Any]) -> ImageEncoder:
        """Of what the member `wlnet.json` says of the encoder. Raises ValueError, TypeError, LookupError or
        AttributeError."""
        (width, height), channels, channels_first = facts["size"], facts["channels"], not facts["interleaving"]
        if not all(type(number) is int and number > 0 for number in (width, height, channels)):
            raise ValueError
        mean, variance = (_numbers(facts[key], neutral, channels) for key, neutral in (("mean", 0), ("variance", 1)))
        variance = variance if variance and min(variance) > 0 else None
        encoder = ImageEncoder(
            name,
            (channels, height, width) if channels_first else (height, width, channels),
            channels_first,
            METHODS.get(facts["method"], "stretch"),
            *_scaling(mean or (0.0,), variance or (1.0,)),
            _problems(facts, mean is not None, variance is not None),
        )
        return encoder.without_scaling() if facts["baked"] else encoder


def _scaling(mean: tuple[float, ...], variance: tuple[float, ...]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The scale and the offset of pixels of 0 to 255: they become 0 to 1, less the mean, divided by the root of the
    variance."""
    number = max(len(mean), len(variance))
    means, variances = (part * number if len(part) < number else part for part in (mean, variance))
    scale = tuple(UNIT / math.sqrt(each) for each in variances)
    return scale, tuple(-each / math.sqrt(other) for each, other in zip(means, variances, strict=True))


def _numbers(value: Any, neutral: float, channels: int) -> tuple[float, ...] | None:
    """A mean or a variance: one number for all channels or one for each; None if it is something else, as an image."""
    if isinstance(value, str):
        return None
    value = neutral if value is None else value
    numbers = tuple(map(float, value if isinstance(value, list) else [value]))
    return numbers if len(numbers) in (1, channels) and all(map(math.isfinite, numbers)) else None


def _problems(facts: Mapping[str, Any], has_mean: bool, has_variance: bool) -> dict[str, str]:
    found = {}
    space, channels, method = facts["color_space"], facts["channels"], facts["method"]
    if COLOR_SPACES.get(space) != channels:
        found[""] = f"makes {channels} channels of the color space {space}"
    elif facts["transposed"]:
        found[""] = "transposes images"
    elif facts["resampling"] not in BILINEAR:
        found[""] = f"resizes images with Resampling {facts['resampling']}"
    if method not in METHODS:
        found["resize"] = f"resizes images with Method {method}"
    elif method == "Fit" and facts["padding"] not in BLACK:
        found["resize"] = f"pads images with {facts['padding']}"
    elif method != "Stretch" and facts["alignment"] != "Center":
        found["resize"] = f"aligns images at {facts['alignment']}"
    if not has_mean:
        found["rescale"] = "has a MeanImage that is not a number for each channel"
    elif not has_variance:
        found["rescale"] = "has a VarianceImage that is not a positive number for each channel"
    return found
