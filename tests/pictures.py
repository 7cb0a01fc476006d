"""Pictures for the tests of images."""

import numpy as np
from PIL import Image

TAG_ORIENTATION = 0x0112


def digits(rows, seed=0):
    """Labels, and images of 28 x 28: a pattern for each digit, with noise."""
    generator = np.random.default_rng(seed)
    patterns = np.kron(np.random.default_rng(0).integers(0, 2, (10, 7, 7)), np.ones((4, 4))) * 160
    labels = np.arange(rows) % 10
    return labels, (patterns[labels] + generator.integers(0, 96, (rows, 28, 28))).astype(np.uint8)


def write_digits(folder, rows, seed=0):
    """Writes digits as PNG files, `0/0.png`, `1/1.png` and so on."""
    for number, (label, image) in enumerate(zip(*digits(rows, seed), strict=True)):
        write(folder / str(label) / f"{number}.png", image)
    return folder


def write(path, pixels=None, mode=None, **options):
    """Writes an image, by default of 2 x 2 black pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(np.zeros((2, 2), np.uint8) if pixels is None else np.asarray(pixels))
    (image.convert(mode) if mode else image).save(path, **options)
    return path


def turned(pixels, orientation, path):
    """Writes pixels as a camera does that was held otherwise: with an EXIF orientation that makes them upright."""
    undo = {3: 2, 6: 1, 8: 3}[orientation]  # quarter turns counterclockwise
    exif = Image.Exif()
    exif[TAG_ORIENTATION] = orientation
    return write(path, np.rot90(pixels, undo), exif=exif)
