"""Which inputs of a model take images, in which order of axes."""

import keras
import pytest
from nets import graph, null, op, write

import netconv
from netconv.features.image_format import ImageSpec
from netconv.inference.image_inputs import image_spec_of, image_specs

layers = keras.layers


def only_spec(model):
    [spec] = image_specs(model).values() or [None]
    return spec


def functional(*shape, first=None):
    data = keras.Input(shape)
    x = first(data) if first else data
    return keras.Model(data, layers.Dense(2)(layers.Flatten()(x)))


def sequential(*stack):
    return keras.Sequential([keras.Input(stack[0]), *stack[1:], layers.Flatten(), layers.Dense(2)])


@pytest.mark.parametrize(
    ("shape", "spec"),
    [
        ((28, 20, 1), ImageSpec(28, 20, 1, "channels_last", 3)),
        ((1, 28, 20), ImageSpec(28, 20, 1, "channels_first", 3)),
        ((3, 20, 3), ImageSpec(3, 20, 3, "channels_last", 3)),
        ((20, 21, 4), ImageSpec(20, 21, 4, "channels_last", 3)),
        ((28, 20), ImageSpec(28, 20, 1, "channels_last", 2)),
        ((784,), ImageSpec(28, 28, 1, "channels_last", 1)),
        ((785,), None),
        ((1,), None),
        ((20, 20, 7), None),
        ((2, 2, 2, 3), None),
    ],
)
def test_the_shape_says_what_an_input_takes(shape, spec):
    assert only_spec(functional(*shape)) == spec


def test_sizes_may_be_open():
    data = keras.Input((None, None, 3))
    model = keras.Model(data, layers.GlobalAveragePooling2D()(data))
    assert only_spec(model) == ImageSpec(None, None, 3, "channels_last", 3)


@pytest.mark.parametrize("shape", [(3, 4, 3), (3, None, None), (1, 4, 1)])
def test_a_converted_net_has_its_channels_first(tmp_path, shape):
    """Also where the last axis has as many numbers as images have channels."""
    convolution = op("Convolution", "c", [0, 1, 2], kernel="(1, 1)", num_filter=4)
    pool = op("Pooling", "p", [3], global_pool=True, pool_type="avg", kernel="(1, 1)")
    net = graph(null("data"), null("w"), null("b"), convolution, pool, op("Flatten", "f", [4]))
    model = netconv.convert(write(tmp_path, net), input_shapes={"data": (None, *shape)})
    assert only_spec(model) == ImageSpec(shape[1], shape[2], shape[0], "channels_first", 3)


@pytest.mark.parametrize("layer", [lambda: layers.Rescaling(1 / 255), lambda: layers.Normalization(mean=0, variance=1)])
def test_a_model_may_rescale_its_pixels(layer):
    assert only_spec(functional(8, 8, 1, first=layer())).rescales
    assert only_spec(sequential((8, 8, 1), layer())).rescales
    assert not only_spec(sequential((8, 8, 1), layers.Conv2D(2, 3), layer())).rescales


def test_each_of_several_inputs():
    picture, numbers = keras.Input((8, 8, 1), name="picture"), keras.Input((5,), name="numbers")
    joined = layers.Concatenate()([layers.Flatten()(picture), numbers])
    specs = image_specs(keras.Model([picture, numbers], layers.Dense(2)(joined)))
    assert specs == {"picture": ImageSpec(8, 8, 1, "channels_last", 3)}


@pytest.mark.parametrize(
    ("shape", "spec"),
    [
        (None, ImageSpec(None, None, None, "channels_first", 3)),
        ((None, 3, None, None), ImageSpec(None, None, 3, "channels_first", 3)),
        ((None, 5, None, None), None),
        ((None, None, None), ImageSpec(None, None, 1, "channels_last", 2)),
        ((None, None), ImageSpec(None, None, 1, "channels_last", 1)),
        ((None, 7), None),
        ((None, None, None, None, None), None),
    ],
)
def test_nets_whose_shape_is_open(shape, spec):
    assert image_spec_of(shape) == spec


def test_in_words():
    assert str(ImageSpec(8, 9, 3, "channels_last", 3)) == "RGB images of 8 x 9 pixels"
    assert str(ImageSpec(None, None, None, "channels_last", 3)) == "images of any size"
