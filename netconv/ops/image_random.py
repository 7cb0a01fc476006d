"""Random image ops, with one random draw for each image (`kernels/random.py`). Images are (height, width, channels)
with values of 0 to 255."""

from ..keras_api.lazy import ops
from ..kernels import color
from ..kernels.random import normal, rescale, symbolic_zeros, uniform
from .registry import translates
from .shape_rules import as_first

NUMBER = (1, 1, 1)


def _image(at, data, *channels: int):
    if len(data.shape) != 3 or data.shape[-1] not in channels:
        wanted = " or ".join(map(str, channels))
        raise at.error(f"needs an image (height, width, channels) of {wanted} channels", tuple(data.shape))
    return data


def _factor(at, low: float, high: float, part: str | None = None):
    if low < 0:
        raise at.error("attribute 'min_factor' must be at least 0", low)
    return rescale(uniform(at, symbolic_zeros(at, NUMBER), part), low, high)


@translates("_image_random_brightness", "_npx__image_random_brightness", shape=as_first)
def random_brightness(at, data, *, min_factor: float, max_factor: float):
    return color.brightness(_image(at, data, 1, 3), _factor(at, min_factor, max_factor))


@translates("_image_random_contrast", "_npx__image_random_contrast", shape=as_first)
def random_contrast(at, data, *, min_factor: float, max_factor: float):
    return color.contrast(_image(at, data, 1, 3), _factor(at, min_factor, max_factor))


@translates("_image_random_saturation", "_npx__image_random_saturation", shape=as_first)
def random_saturation(at, data, *, min_factor: float, max_factor: float):
    return color.saturation(_image(at, data, 1, 3), _factor(at, min_factor, max_factor))


@translates("_image_random_hue", "_npx__image_random_hue", shape=as_first)
def random_hue(at, data, *, min_factor: float, max_factor: float):
    return color.hue(_image(at, data, 3), _factor(at, min_factor, max_factor))


@translates("_image_random_color_jitter", "_npx__image_random_color_jitter", shape=as_first)
def random_color_jitter(at, data, *, brightness: float, contrast: float, saturation: float, hue: float):
    """Applies the changes whose width is above 0 one after the other, in random order."""
    widths = {"brightness": brightness, "contrast": contrast, "saturation": saturation, "hue": hue}
    data, middle = _image(at, data, 3), {"hue": 0.0}
    drawn = {
        name: rescale(
            uniform(at, symbolic_zeros(at, NUMBER), name), middle.get(name, 1.0) - width, middle.get(name, 1.0) + width
        )
        for name, width in widths.items()
        if width > 0
    }
    if not drawn:
        return data
    order = ops.argsort(normal(at, symbolic_zeros(at, (len(drawn),)), "order"))
    for step in range(len(drawn)):
        changed = [getattr(color, name)(data, amount) for name, amount in drawn.items()]
        for number, one in enumerate(changed):
            data = ops.where(ops.equal(order[step], number), one, data)
    return data


@translates("_image_random_lighting", "_npx__image_random_lighting", shape=as_first)
def random_lighting(at, data, *, alpha_std: float = 0.05):
    alpha = ops.multiply(normal(at, symbolic_zeros(at, (1, 1, 3))), alpha_std)
    return color.lighting(_image(at, data, 3), ops.matmul(alpha, color.PCA_LIGHTING.T.astype("float32")))


def _flip_at_random(at, data, axis: int):
    """Flips the images of every second call, on average."""
    return ops.where(
        ops.greater(normal(at, symbolic_zeros(at, NUMBER)), 0), ops.flip(data, axis), _image(at, data, 1, 3)
    )


@translates("_image_random_flip_left_right", "_npx__image_random_flip_left_right", shape=as_first)
def random_flip_left_right(at, data):
    return _flip_at_random(at, data, 1)


@translates("_image_random_flip_top_bottom", "_npx__image_random_flip_top_bottom", shape=as_first)
def random_flip_top_bottom(at, data):
    return _flip_at_random(at, data, 0)
