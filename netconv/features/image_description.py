"""What was read of images, and what became of them, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ..errors import option
from .image_decoding import ImageCounts
from .image_format import COLORS, ImageFormat

MOST = 3
"""Sizes and kinds of colors that are listed."""
RESIZED = {
    "stretch": "stretched to {} ({} or fill keeps their proportions)",
    "fit": "fitted into {}, with black borders",
    "fill": "scaled and cropped at the center to {}",
}


def describe_counts(counts: ImageCounts, form: ImageFormat) -> str:
    """How many images there are, of which sizes and colors, and how they became those of `form`."""
    number = sum(counts.sizes.values())
    sizes = Counter({_size(*size): count for size, count in counts.sizes.items()})
    unit = " pixels" if len(sizes) == 1 else ""
    text = f"{number:,} of {_listed(sizes, 'sizes')}{unit}, {_listed(counts.colors, 'kinds')}"
    return "; ".join([text, *_changes(counts, form)])


def describe_scale(scale: float, offset: float) -> str:
    """What pixels become by a scale and an offset."""
    return f"pixels of 0 to 255 become {offset:.6g} to {255 * scale + offset:.6g}"


def _changes(counts: ImageCounts, form: ImageFormat) -> Iterator[str]:
    others = [size for size in counts.sizes if size != (form.height, form.width)]
    size = _size(form.height, form.width)
    if any(height * form.width != width * form.height for height, width in others):
        yield RESIZED[form.resize].format(size, option("resize", "fit"))
    elif others:
        yield f"resized to {size}"
    if set(counts.colors) != {COLORS[form.channels]}:
        yield f"converted to {COLORS[form.channels]}"
    if counts.transparent:
        yield f"{counts.transparent:,} with transparent pixels, put on white"
    if counts.turned:
        yield f"{counts.turned:,} turned upright, as their EXIF data say"


def _size(height: int, width: int) -> str:
    return f"{height:,} x {width:,}"


def _listed(counts: Counter[str], what: str) -> str:
    """A single text; of several the most common, with their counts."""
    if len(counts) == 1:
        return next(iter(counts))
    shown = counts.most_common(MOST)
    if len(counts) > MOST:
        shown.append((f"other {what}", counts.total() - sum(count for _, count in shown)))
    return ", ".join(f"{text} ({count:,})" for text, count in shown)
