"""The rules of output shapes, compared with Keras's own."""

import keras
import pytest

from netconv.keras_files.output_shapes import output_shape

layers = keras.layers
ROWS = [
    (layers.Dense(7), (None, 3, 5)),
    (layers.EinsumDense("abc,cd->abd", output_shape=(None, 4)), (None, 3, 5)),
    (layers.Embedding(9, 4), (None, 6)),
    (layers.Flatten(), (None, 3, 5)),
    (layers.Flatten(), (None, None, 5)),
    (layers.Reshape((5, -1)), (None, 3, 10)),
    (layers.Permute((2, 1)), (None, 3, 5)),
    (layers.RepeatVector(4), (None, 5)),
    (layers.LSTM(4), (None, 3, 5)),
    (layers.GRU(4, return_sequences=True), (None, None, 5)),
    (layers.Bidirectional(layers.LSTM(4, return_sequences=True)), (None, 3, 5)),
    (layers.Bidirectional(layers.GRU(4), merge_mode="sum"), (None, 3, 5)),
    (layers.TimeDistributed(layers.Dense(2)), (None, 3, 5)),
    (layers.Conv1D(4, 3, padding="causal", dilation_rate=2), (None, 9, 2)),
    (layers.Conv2D(4, (3, 2), strides=2), (None, 9, 8, 2)),
    (layers.Conv2D(4, 3, padding="same", strides=2), (None, 9, None, 2)),
    (layers.Conv2D(4, 3, dilation_rate=2, data_format="channels_first"), (None, 2, 9, 9)),
    (layers.DepthwiseConv2D(3, depth_multiplier=2), (None, 9, 9, 2)),
    (layers.SeparableConv2D(5, 3), (None, 9, 9, 2)),
    (layers.MaxPooling2D(3, strides=2, padding="same"), (None, 9, 9, 2)),
    (layers.AveragePooling1D(2), (None, 9, 2)),
    (layers.GlobalAveragePooling2D(), (None, 9, 9, 2)),
    (layers.GlobalMaxPooling1D(keepdims=True), (None, 9, 2)),
    (layers.UpSampling2D((2, 3)), (None, 9, None, 2)),
    (layers.BatchNormalization(), (None, 9, 2)),
    (layers.Softmax(), (None, 9)),
    (layers.Dropout(0.5), (None, 9)),
]


@pytest.mark.parametrize("layer, shape", ROWS, ids=[f"{n}-{layer.name}" for n, (layer, _) in enumerate(ROWS)])
def test_a_rule_gives_the_shape_that_keras_computes(layer, shape):
    assert output_shape(type(layer).__name__, layer.get_config(), [shape]) == tuple(layer.compute_output_shape(shape))


@pytest.mark.parametrize(
    "layer, shapes",
    [
        (layers.Concatenate(), [(None, 3, 5), (None, 3, 2)]),
        (layers.Concatenate(axis=1), [(None, 3, 5), (None, 4, 5)]),
        (layers.Add(), [(None, 3, 5), (None, 1, 5)]),
    ],
    ids=["last", "first", "add"],
)
def test_a_rule_of_several_inputs(layer, shapes):
    assert output_shape(type(layer).__name__, layer.get_config(), shapes) == tuple(layer.compute_output_shape(shapes))


def test_what_no_rule_has_is_not_known():
    assert output_shape("Mystery", {}, [(None, 3)]) is None
    assert output_shape("Dense", {}, [(None, 3)]) is None and output_shape("Dense", {"units": 3}, [None]) is None
    assert output_shape("Add", {}, [(None, 3), (None, 4)]) is None
    assert output_shape("LSTM", {"units": 3, "return_state": True}, [(None, 2, 4)]) is None
