"""Image files as pixels, by Pillow, which is imported when the first image is read.

Pillow reads every kind of PNG and JPEG (palettes, 16 bits, CMYK, EXIF orientation) and the other formats with one call,
and tells the size of an image before it decodes it. Only formats that it decodes itself are accepted: others may run
programs.
"""

from __future__ import annotations

import os
import stat
import threading
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import DataError, NetconvError, first_line
from .image_format import ImageFormat

if TYPE_CHECKING:
    import numpy as np

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP")
MOST_PIXELS = 89_478_485
"""Pixels of the largest image that is read, as in Pillow: more are likely to be an attack on the memory."""
MANY_PIXELS = 1 << 24
"""Larger images are decoded one at a time."""
ORIENTATION = 0x0112
"""The EXIF tag."""
OVERSAMPLING = 2
"""A JPEG may be decoded at a fraction of its size if that is still so many times what is needed."""
SIXTEEN_BITS = ("I;16", "I;16B", "I;16L", "I;16N")


class ImageFacts(NamedTuple):
    """What an image file holds: the size as it is displayed, (height, width); its colors; whether it was `turned` as
    its EXIF orientation says; whether it has `transparent` pixels that were put on white."""

    size: tuple[int, int]
    colors: str
    turned: bool = False
    transparent: bool = False


@dataclass
class ImageCounts:
    """How many images have which size and colors, and how many were turned and put on white; how many are left out as
    they cannot be read, and the error of the `first` of these."""

    sizes: Counter[tuple[int, int]] = field(default_factory=Counter)
    colors: Counter[str] = field(default_factory=Counter)
    turned: int = 0
    transparent: int = 0
    unreadable: int = 0
    first: DataError | None = None

    def add(self, facts: ImageFacts) -> None:
        self.sizes[facts.size] += 1
        self.colors[facts.colors] += 1
        self.turned += facts.turned
        self.transparent += facts.transparent


def check_pillow() -> None:
    """Raises NetconvError if Pillow is not installed."""
    try:
        import PIL.Image  # noqa: F401
    except ImportError:
        raise NetconvError("reading images needs Pillow: pip install '.[images]'") from None


def decode(paths: Sequence[str | None], form: ImageFormat) -> tuple[np.ndarray, list[ImageFacts | DataError | None]]:
    """The pixels of images, (images, numbers) of uint8, decoded in several threads; and for each image what its file
    holds, or why it cannot be read. There are zeros for such an image, and for a path that is None. Raises
    NetconvError."""
    import numpy as np

    check_pillow()
    pixels = np.zeros((len(paths), form.numbers), np.uint8)

    def one(number: int) -> ImageFacts | DataError | None:
        path = paths[number]
        if path is None:
            return None
        try:
            array, facts = _decoded(path, form)
        except DataError as error:
            return error
        pixels[number] = array.reshape(-1)
        return facts

    with _bombs_raise(), ThreadPoolExecutor(_threads()) as pool:
        return pixels, list(pool.map(one, range(len(paths))))


def common_size(paths: Sequence[str]) -> tuple[int, int, int]:
    """The most common (height, width) of images and the channels for all of them, by their headers. Raises DataError if
    none can be read."""
    check_pillow()
    found, error = [], None
    with _bombs_raise():
        for path in paths:
            try:
                with _opened(path) as image:
                    turned = "exif" in image.info and _orientation(image) > 4  # without decoding the image
                    size = image.size if turned else image.size[::-1]
                    found.append((size, 1 if image.mode in ("1", "L", "LA", *SIXTEEN_BITS) else 3))
            except DataError as raised:
                error = error or raised
    if error and not found:
        raise error
    (height, width), _ = Counter(size for size, _ in found).most_common(1)[0]
    return height, width, max(channels for _, channels in found)


def _threads() -> int:
    return min(32, os.cpu_count() or 1)


@contextmanager
def _bombs_raise() -> Iterator[None]:
    """Pillow's warning of very large images as an error, which is raised before they are decoded."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")  # of damaged metadata
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


_one_large_image = threading.Lock()


@contextmanager
def _opened(path: str) -> Iterator[Any]:
    """An image file of which only the header is read so far. Raises DataError for whatever is wrong with it, also
    later."""
    from PIL import Image, UnidentifiedImageError

    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise DataError("is not a file", path)
        with Image.open(path, formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise DataError(
                    f"has {image.height:,} x {image.width:,} pixels: {MOST_PIXELS:,} are read at most", path
                )
            yield image
    except DataError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise DataError(f"has too many pixels: {MOST_PIXELS:,} are read at most", path) from None
    except UnidentifiedImageError:
        raise DataError("is not an image that can be read (PNG, JPEG, GIF, BMP, TIFF, WebP)", path) from None
    except OSError as error:
        if error.strerror:
            raise DataError(f"cannot be read: {error.strerror}", path) from None
        raise DataError(f"is a damaged image: {first_line(error)}", path) from None
    except Exception as error:  # Pillow's decoders raise many kinds for damaged files
        raise DataError(f"is a damaged image: {first_line(error)}", path) from None


def _decoded(path: str, form: ImageFormat) -> tuple[np.ndarray, ImageFacts]:
    """The pixels of an image in the shape of `form`, and what its file holds. Raises DataError."""
    import numpy as np
    from PIL import ImageOps

    with _opened(path) as image:
        (width, height), colors = image.size, _colors(image)
        with _one_large_image if width * height > MANY_PIXELS else nullcontext():
            longest = OVERSAMPLING * max(form.height, form.width)
            image.draft(None, (longest, longest))
            image.load()
            orientation = _orientation(image)
            if orientation > 1:
                image = ImageOps.exif_transpose(image)
            image = _in_plain_mode(image, path)
            if image.mode == "RGB" and form.channels == 1:  # before it is resized, as in Mathematica and Keras
                image = image.convert("L")
            image = _resized(image, form)
        transparent = form.channels < 4 and image.mode == "RGBA" and image.getextrema()[3][0] < 255
        pixels = np.asarray(_padded(_in_channels(image, form.channels), form))
    pixels = pixels.reshape(form.height, form.width, form.channels)
    if form.data_format == "channels_first":
        pixels = pixels.transpose(2, 0, 1)
    size = (width, height) if orientation > 4 else (height, width)
    return pixels, ImageFacts(size, colors, orientation > 1, transparent)


def _orientation(image) -> int:
    orientation = image.getexif().get(ORIENTATION, 1)
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1


def _colors(image) -> str:
    """The kind of an image's pixels, as people call them."""
    names = {"1": "black and white", "L": "grayscale", "LA": "grayscale", "P": "palette", "PA": "palette"}
    if image.mode in SIXTEEN_BITS:
        return "16-bit grayscale"
    return names.get(image.mode, "RGB" if image.mode.startswith("RGB") else image.mode)


def _in_plain_mode(image, path: str):
    """The image as "L", "RGB" or, if it may have transparent pixels, "RGBA". Raises DataError for pixels whose largest
    value is unknown."""
    if image.mode in SIXTEEN_BITS:
        return _in_eight_bits(image)
    if image.mode in ("I", "F"):
        raise DataError("has pixels of 32 bits: save it with 8 or 16 bits", path)
    target = "RGBA" if image.has_transparency_data else "L" if image.mode in ("1", "L", "LA") else "RGB"
    return image if image.mode == target else image.convert(target)


def _in_eight_bits(image):
    import numpy as np
    from PIL import Image

    return Image.fromarray(np.rint(np.asarray(image) / np.float32(257)).astype(np.uint8))


def _resized(image, form: ImageFormat):
    """The image in the size of `form`, or smaller where it is to be padded, by bilinear interpolation with
    antialiasing."""
    from PIL import Image

    size, box = (form.width, form.height), None
    width, height = image.size
    if form.resize == "fit":
        scale = min(form.width / width, form.height / height)
        size = max(1, round(width * scale)), max(1, round(height * scale))
    elif form.resize == "fill":
        scale = max(form.width / width, form.height / height)
        left, top = max(0, (width - form.width / scale) / 2), max(0, (height - form.height / scale) / 2)
        box = left, top, width - left, height - top
    if image.size == size:
        return image
    return image.resize(size, Image.Resampling.BILINEAR, box=box)


def _in_channels(image, channels: int):
    """The image with so many channels, transparent pixels on white."""
    from PIL import Image

    target = {1: "L", 3: "RGB", 4: "RGBA"}[channels]
    if image.mode == "RGBA" != target:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image if image.mode == target else image.convert(target)


def _padded(image, form: ImageFormat):
    """The image in the middle of a black one of the size of `form`."""
    from PIL import Image

    size = (form.width, form.height)
    if image.size == size:
        return image
    padded = Image.new(image.mode, size)
    padded.paste(image, ((size[0] - image.width) // 2, (size[1] - image.height) // 2))
    return padded
