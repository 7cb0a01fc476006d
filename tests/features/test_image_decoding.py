"""Image files as pixels: every kind of pixel, sizes, orientation, damage."""

import io
import struct
import sys
import zlib

import numpy as np
import pytest
from pictures import turned, write
from PIL import Image

from netconv import DataError, NetconvError
from netconv.features import image_decoding
from netconv.features.image_decoding import ImageFacts, common_size, decode
from netconv.features.image_format import ImageFormat

GRADIENT = np.arange(0, 240, 20, np.uint8).reshape(3, 4)
COLORS = np.stack([GRADIENT, GRADIENT[::-1], GRADIENT[:, ::-1]], axis=2)


def read(path, height=3, width=4, channels=1, resize="stretch", data_format="channels_last"):
    """The pixels of one image, (height, width, channels), and its facts."""
    form = ImageFormat(height, width, channels, data_format, resize)
    pixels, [facts] = decode([str(path)], form)
    if isinstance(facts, DataError):
        raise facts
    return pixels.reshape(form.shape), facts


def fails(path):
    with pytest.raises(DataError) as caught:
        read(path)
    return str(caught.value).removeprefix(f"{path}: ")


def grayscale(colors):
    """As Rec. 601 has it."""
    return np.rint(colors @ [0.299, 0.587, 0.114])


@pytest.mark.parametrize("suffix", ["png", "bmp", "tiff", "gif", "webp", "jpg"])
def test_every_format(tmp_path, suffix):
    options = {"lossless": True} if suffix == "webp" else {"quality": 100} if suffix == "jpg" else {}
    pixels, facts = read(write(tmp_path / f"a.{suffix}", GRADIENT, **options))
    np.testing.assert_allclose(pixels[:, :, 0], GRADIENT, atol=2 if suffix == "jpg" else 0)
    assert facts.size == (3, 4)


@pytest.mark.parametrize(("mode", "colors"), [("RGB", "RGB"), ("P", "palette"), ("RGBA", "RGB")])
def test_colors_become_those_of_the_net(tmp_path, mode, colors):
    path = write(tmp_path / "a.png", COLORS, mode)
    np.testing.assert_array_equal(read(path, channels=3)[0], np.asarray(Image.open(path).convert("RGB")))
    gray, facts = read(path)
    expected = grayscale(np.asarray(Image.open(path).convert("RGB"), np.float64))
    np.testing.assert_allclose(gray[:, :, 0], expected, atol=1)
    assert facts == ImageFacts((3, 4), colors)


def test_a_grayscale_image_becomes_rgb(tmp_path):
    pixels, facts = read(write(tmp_path / "a.png", GRADIENT), channels=3)
    np.testing.assert_array_equal(pixels, np.repeat(GRADIENT[:, :, None], 3, axis=2))
    assert facts.colors == "grayscale"


def test_the_order_of_the_axes(tmp_path):
    path = write(tmp_path / "a.png", COLORS)
    np.testing.assert_array_equal(read(path, channels=3, data_format="channels_first")[0], COLORS.transpose(2, 0, 1))


def test_sixteen_bits(tmp_path):
    exact = GRADIENT.astype(np.uint16) * 257
    exact[0, 0], exact[2, 3] = 65535, 129
    pixels, facts = read(write(tmp_path / "a.png", exact))
    np.testing.assert_array_equal(pixels[:, :, 0].ravel(), [255, *GRADIENT.ravel()[1:-1], 1])
    assert facts.colors == "16-bit grayscale"


def test_black_and_white(tmp_path):
    pixels, facts = read(write(tmp_path / "a.png", GRADIENT > 100))
    np.testing.assert_array_equal(pixels[:, :, 0], (GRADIENT > 100) * 255)
    assert facts.colors == "black and white"


def test_cmyk(tmp_path):
    path = tmp_path / "a.jpg"
    solid = np.full((8, 8, 3), (200, 40, 90), np.uint8)
    Image.fromarray(solid).convert("CMYK").save(path, quality=100)
    pixels, facts = read(path, 8, 8, 3)
    np.testing.assert_allclose(pixels, solid, atol=3)
    assert facts.colors == "CMYK"


@pytest.mark.parametrize("mode", ["RGBA", "P"])
def test_transparent_pixels_are_put_on_white(tmp_path, mode):
    if mode == "P":
        path = write(tmp_path / "a.png", np.array([[0, 1]], np.uint8), "P", transparency=0)
        expected = [[255, 1]]
    else:
        path = write(tmp_path / "a.png", np.array([[[0, 0, 0, 0], [100, 100, 100, 51]]], np.uint8))
        expected = [[255, 224]]  # a fifth of 100, and four fifths of 255
    pixels, facts = read(path, 1, 2)
    np.testing.assert_array_equal(pixels[:, :, 0], expected)
    assert facts.transparent


def test_a_net_of_four_channels_takes_transparency(tmp_path):
    rgba = np.dstack([COLORS, GRADIENT])
    pixels, facts = read(write(tmp_path / "a.png", rgba), channels=4)
    np.testing.assert_array_equal(pixels, rgba)
    assert not facts.transparent
    opaque, _ = read(write(tmp_path / "b.png", COLORS), channels=4)
    np.testing.assert_array_equal(opaque, np.dstack([COLORS, np.full((3, 4), 255)]))


@pytest.mark.parametrize("orientation", [3, 6, 8])
@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_images_are_turned_upright(tmp_path, orientation, suffix):
    path = turned(np.kron(GRADIENT, np.ones((8, 8), np.uint8)), orientation, tmp_path / f"a.{suffix}")
    pixels, facts = read(path, 24, 32)
    np.testing.assert_allclose(pixels[4::8, 4::8, 0], GRADIENT, atol=3)
    assert (facts.size, facts.turned) == ((24, 32), True)
    assert common_size([str(path)])[:2] == (24, 32)


def test_stretch_fit_and_fill(tmp_path):
    half = np.zeros((8, 16), np.uint8)
    half[:, 8:] = 200
    path = write(tmp_path / "a.png", half)
    stretched = read(path, 8, 8)[0][:, :, 0]
    np.testing.assert_array_equal(stretched[:, [0, 7]], np.tile([0, 200], (8, 1)))
    fitted = read(path, 8, 8, resize="fit")[0][:, :, 0]
    assert not fitted[[0, 1, 6, 7]].any()
    np.testing.assert_array_equal(fitted[2:6], stretched[2:6])
    filled = read(path, 8, 8, resize="fill")[0][:, :, 0]
    np.testing.assert_array_equal(filled, half[:, 4:12])


@pytest.mark.parametrize("resize", ["stretch", "fit", "fill"])
@pytest.mark.parametrize("shape", [(1, 200), (200, 1), (1, 1), (31, 30)])
def test_extreme_proportions(tmp_path, resize, shape):
    pixels, facts = read(write(tmp_path / "a.png", np.full(shape, 9, np.uint8)), 30, 30, resize=resize)
    assert facts.size == shape and pixels.shape == (30, 30, 1) and pixels.max() == 9


def test_padding_is_black_also_beside_transparency(tmp_path):
    clear = np.zeros((2, 4, 4), np.uint8)
    fitted, _ = read(write(tmp_path / "a.png", clear), 4, 4, resize="fit")
    np.testing.assert_array_equal(fitted[:, 0, 0], [0, 255, 255, 0])


def test_a_large_jpeg_is_decoded_at_a_fraction_of_its_size(tmp_path):
    """The result is that of all of its pixels, nearly."""
    smooth = np.add.outer(np.linspace(0, 120, 800), np.linspace(0, 120, 800)).astype(np.uint8)
    path = write(tmp_path / "a.jpg", smooth, quality=95)
    whole = Image.open(path).resize((50, 50), Image.Resampling.BILINEAR)
    np.testing.assert_allclose(read(path, 50, 50)[0][:, :, 0], np.asarray(whole, np.float64), atol=2)


def test_large_images_are_decoded_one_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(image_decoding, "MANY_PIXELS", 4)
    paths = [str(write(tmp_path / f"{n}.png", GRADIENT + n)) for n in range(8)]
    pixels, _ = decode(paths, ImageFormat(3, 4, 1, "channels_first"))
    np.testing.assert_array_equal(pixels[:, 0], range(8))


def test_the_order_of_images_is_kept(tmp_path):
    paths = [str(write(tmp_path / f"{n}.png", np.full((2, 2), n, np.uint8))) for n in range(200)]
    pixels, facts = decode([*paths, None], ImageFormat(2, 2, 1, "channels_first"))
    np.testing.assert_array_equal(pixels[:, 0], [*range(200), 0])
    assert facts[-1] is None


def test_the_commonest_size(tmp_path):
    small = [str(write(tmp_path / f"{n}.png", GRADIENT)) for n in range(3)]
    large = str(write(tmp_path / "large.png", np.zeros((50, 60, 3), np.uint8)))
    assert common_size(small) == (3, 4, 1)
    assert common_size([large, *small]) == (3, 4, 3)
    (tmp_path / "bad.png").write_text("bad")
    assert common_size([str(tmp_path / "bad.png"), *small]) == (3, 4, 1)
    with pytest.raises(DataError, match=r"bad.png: is not an image that can be read"):
        common_size([str(tmp_path / "bad.png")])


# Bad files


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(side):
    """A small PNG file that has side * side pixels."""
    rows = zlib.compress(bytes((side + 1) * 8))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [9460, 12000, 60000])
def test_a_decompression_bomb(tmp_path, side):
    (tmp_path / "a.png").write_bytes(bomb(side))
    assert fails(tmp_path / "a.png") == "has too many pixels: 89,478,485 are read at most"


def test_damaged_files(tmp_path):
    path = tmp_path / "a.png"
    noise = np.random.default_rng(0).integers(0, 256, (50, 50)).astype(np.uint8)
    whole = write(path, noise).read_bytes()
    unreadable = "is not an image that can be read (PNG, JPEG, GIF, BMP, TIFF, WebP)"
    for data, what in (
        (b"", unreadable),
        (b"text", unreadable),
        (whole[:10], unreadable),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", unreadable),
        (whole[:1500], "is a damaged image: image file is truncated (2 bytes not processed)"),
    ):
        path.write_bytes(data)
        assert fails(path).partition(" (2 bytes")[0] == what.partition(" (2 bytes")[0]
    for position in range(8, len(whole), 97):
        path.write_bytes(whole[:position] + b"\xff" + whole[position + 1 :])
        try:
            read(path)
        except DataError as error:
            assert "\n" not in str(error)


def test_an_error_without_a_reason(tmp_path, monkeypatch):
    """Pillow's decoders raise many kinds of errors."""
    path = write(tmp_path / "a.png")

    def fail(*_, **__):
        raise IndexError("list index out of range\nand more")

    monkeypatch.setattr(Image.Image, "resize", fail)
    assert fails(path) == "is a damaged image: list index out of range"


def test_files_that_cannot_be_read(tmp_path):
    assert fails(tmp_path / "no.png") == "cannot be read: No such file or directory"
    assert fails(tmp_path) == "is not a file"
    assert fails("/dev/zero") == "is not a file"


def test_pixels_of_32_bits(tmp_path):
    path = write(tmp_path / "a.tiff", GRADIENT.astype(np.float32))
    assert fails(path) == "has pixels of 32 bits: save it with 8 or 16 bits"


def test_damaged_metadata_are_ignored(tmp_path):
    path = write(tmp_path / "a.jpg", GRADIENT, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x05\x01\x12\0\x03\xff\xff")
    assert read(path)[1].size == (3, 4)


def test_without_pillow(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(NetconvError) as caught:
        decode(["a.png"], ImageFormat(1, 1, 1, "channels_first"))
    assert str(caught.value) == "reading images needs Pillow: pip install '.[images]'"


def test_animations_have_one_picture(tmp_path):
    stream = io.BytesIO()
    first, second = Image.fromarray(GRADIENT), Image.fromarray(GRADIENT[::-1].copy())
    first.save(stream, "GIF", save_all=True, append_images=[second])
    (tmp_path / "a.gif").write_bytes(stream.getvalue())
    np.testing.assert_array_equal(read(tmp_path / "a.gif")[0][:, :, 0], GRADIENT)
