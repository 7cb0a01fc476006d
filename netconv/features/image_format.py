"""What a model takes of an image: its size, its channels, the order of its axes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

Resize = Literal["stretch", "fit", "fill"]
"""How an image gets another size: "stretch" changes its proportions, "fit" pads it, "fill" crops it at the center."""
DataFormat = Literal["channels_first", "channels_last"]
"""The order of the axes, as in Keras."""
COLORS = {1: "grayscale", 3: "RGB", 4: "RGBA"}
"""How the pixels of images are called, by their number of channels."""
UNIT = 1 / 255
"""The scale of pixels of 0 to 255 that become 0 to 1."""
LARGEST = 1 << 24
"""Numbers of the largest image that a model may take."""


@dataclass(frozen=True)
class ImageSpec:
    """The images that an input of a model takes: `height`, `width` and `channels`, None for any.

    `axes` is the rank of the input without the batch axis: 3; 2 for images without an axis of channels; or 1, for
    pixels in a row, which a table may have as well. `rescales` is whether the model scales the pixels itself.
    """

    height: int | None
    width: int | None
    channels: int | None
    data_format: DataFormat
    axes: int
    rescales: bool = False

    def __str__(self) -> str:
        size = "any size" if self.height is None or self.width is None else f"{self.height} x {self.width} pixels"
        return f"{COLORS[self.channels]} images of {size}" if self.channels else f"images of {size}"


@dataclass(frozen=True)
class ImageFormat:
    """How an image becomes numbers: it gets `height` x `width` pixels of `channels` in the way of `resize`, in the
    order `data_format`. Its numbers, 0 to 255, times `scale` are what a model gets: 1 if it scales them itself."""

    height: int
    width: int
    channels: int
    data_format: DataFormat
    resize: Resize = "stretch"
    scale: float = 1.0

    def __str__(self) -> str:
        return f"{self.height} x {self.width} pixels, {COLORS[self.channels]}"

    @property
    def numbers(self) -> int:
        """The numbers of an image."""
        return self.height * self.width * self.channels

    @property
    def shape(self) -> tuple[int, int, int]:
        """With the axes in the order of `data_format`."""
        if self.data_format == "channels_first":
            return self.channels, self.height, self.width
        return self.height, self.width, self.channels

    @staticmethod
    def load(facts: Mapping[str, Any]) -> ImageFormat:
        """Of the fields. Raises ValueError, TypeError or LookupError."""
        height, width, channels = (int(facts[name]) for name in ("height", "width", "channels"))
        data_format, resize = facts["data_format"], facts["resize"]
        scale = float(facts["scale"])
        valid = (
            0 < scale < math.inf
            and min(height, width) > 0
            and channels in COLORS
            and height * width * channels <= LARGEST
        )
        if not valid or data_format not in get_args(DataFormat) or resize not in get_args(Resize):
            raise ValueError
        return ImageFormat(height, width, channels, data_format, resize, scale)
