"""Names of layers and weights that every backend of Keras accepts."""

import keras
import pytest
from nets import dense, draw, graph, null, op, write

import netconv


def all_names(model):
    variables = [variable for layer in model._flatten_layers() for variable in layer.variables]
    return [operation.name for operation in model.operations] + [variable.path for variable in variables]


def recurrent():
    weight = draw(2 * (5 * 3 + 5 * 5 + 2 * 5))
    rnn = op(
        "RNN", "4.1", [0, 1, 2], state_size=5, num_layers=1, mode="rnn_tanh", bidirectional=True, state_outputs=False
    )
    return graph(null("a.data"), null("w.x"), null("4.State"), rnn), {"w__x": weight}


def dotted():
    net = graph(
        null("in.data"), null("fc.w"), null("fc.b"), op("FullyConnected", "fc.1", [0, 1, 2], num_hidden=4),
        op("transpose", "t.1", [3], axes="(0, 1)"), op("_mul_scalar", "m.1", [4], scalar=2), op("erf", "e.1", [5]),
    )  # fmt: skip
    return net, {"fc__w": draw(4, 3), "fc__b": draw(4)}


@pytest.mark.parametrize(("net", "shape"), [(dotted(), (None, 3)), (recurrent(), (7, None, 3)), (dense(), (None, 3))])
def test_names_have_no_dots(tmp_path, net, shape):
    path = write(tmp_path, net[0], **net[1])
    model = netconv.convert(path, input_shapes={net[0]["nodes"][0]["name"]: shape})
    assert not [name for name in all_names(model) if "." in name]
    netconv.save(model, tmp_path / "net.keras")
    assert not [name for name in all_names(keras.models.load_model(tmp_path / "net.keras")) if "." in name]


def test_nodes_that_are_called_as_operations_of_keras(tmp_path):
    net = graph(
        null("data"), null("fa_weight"), null("fa_bias"), op("FullyConnected", "fa", [0, 1, 2], num_hidden=4),
        op("erf", "multiply", [3]), op("elemwise_add", "add", [3, 4]), op("L2Normalization", "l2", [5]),
    )  # fmt: skip
    keras.backend.clear_session()  # Keras counts the names that it gives
    model = netconv.convert(write(tmp_path, net, fa_weight=draw(4, 3), fa_bias=draw(4)))
    names = [operation.name for operation in model.operations]
    assert {"fa", "multiply", "add", "l2"} <= set(names) and len(set(names)) == len(names)
