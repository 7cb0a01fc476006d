"""What a model takes of an image: its size, its channels, the order of its axes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from .image_encoder import ImageEncoder, Resize

if TYPE_CHECKING:
    import numpy as np

DataFormat = Literal["channels_first", "channels_last"]
"""The order of the axes, as in Keras."""
COLORS = {1: "grayscale", 3: "RGB", 4: "RGBA"}
"""How the pixels of images are called, by their number of channels."""
LARGEST = 1 << 24
"""Numbers of the largest image that a model may take."""


@dataclass(frozen=True)
class ImageSpec:
    """The images that an input of a model takes: `height`, `width` and `channels`, None for any.

    `axes` is the rank of the input without the batch axis: 3; 2 for images without an axis of channels; or 1, for
    pixels in a row, which a table may have as well. `rescales` is whether the model scales the pixels itself. `encoder`
    is what Mathematica does with images for this input, if the net says so.
    """

    height: int | None
    width: int | None
    channels: int | None
    data_format: DataFormat
    axes: int
    rescales: bool = False
    encoder: ImageEncoder | None = None

    def __str__(self) -> str:
        size = "any size" if self.height is None or self.width is None else f"{self.height} x {self.width} pixels"
        return f"{COLORS[self.channels]} images of {size}" if self.channels else f"images of {size}"


@dataclass(frozen=True)
class ImageFormat:
    """How an image becomes numbers: it gets `height` x `width` pixels of `channels` in the way of `resize`, in the
    order `data_format`. Of its numbers, 0 to 255, a model gets `number * scale + offset`, each one for all channels or
    one for each: 1 and 0 if it scales them itself."""

    height: int
    width: int
    channels: int
    data_format: DataFormat
    resize: Resize = "stretch"
    scale: tuple[float, ...] = (1.0,)
    offset: tuple[float, ...] = (0.0,)

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

    @property
    def is_scaled(self) -> bool:
        """Whether a model gets other numbers than 0 to 255."""
        return set(self.scale) != {1.0} or set(self.offset) != {0.0}

    @property
    def channel_slices(self) -> list[slice]:
        """Where the numbers of each channel are among those of an image."""
        if self.data_format == "channels_last":
            return [slice(channel, None, self.channels) for channel in range(self.channels)]
        size = self.height * self.width
        return [slice(start, start + size) for start in range(0, self.numbers, size)]

    def each_channel(self, values: tuple[float, ...]) -> tuple[float, ...]:
        """The value of each channel, of one for all or one for each."""
        return values if len(values) > 1 else values * self.channels

    def each_number(self, values: tuple[float, ...]) -> np.ndarray:
        """The value of each number of an image, (numbers,)."""
        import numpy as np

        result = np.empty(self.numbers)
        for part, value in zip(self.channel_slices, self.each_channel(values), strict=True):
            result[part] = value
        return result

    @staticmethod
    def load(facts: Mapping[str, Any]) -> ImageFormat:
        """Of the fields. Raises ValueError, TypeError or LookupError."""
        height, width, channels = (int(facts[name]) for name in ("height", "width", "channels"))
        data_format, resize = facts["data_format"], facts["resize"]
        scale, offset = (tuple(map(float, facts[name])) for name in ("scale", "offset"))
        valid = (
            all(map(math.isfinite, (*scale, *offset)))
            and {len(scale), len(offset)} <= {1, channels}
            and min(height, width) > 0
            and channels in COLORS
            and height * width * channels <= LARGEST
        )
        if not valid or data_format not in get_args(DataFormat) or resize not in get_args(Resize):
            raise ValueError
        return ImageFormat(height, width, channels, data_format, resize, scale, offset)
