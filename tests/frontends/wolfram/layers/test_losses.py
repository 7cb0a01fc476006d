"""Layers that compare a prediction with a target, against numpy written from the definitions."""

import numpy as np
import pytest
from wolfram_files import graph, layer, tensor
from wolfram_layers import Cases, check, drawn, normalized_exp

LAYERS = case = Cases()


def _loss(name, kind, function, parameters=None, target=None, shape=(3, 4)):
    def made(_file):
        p = normalized_exp(drawn(2, *shape), -1)
        t = normalized_exp(drawn(2, *shape, seed=6), -1) if target is None else target
        types = {"Input": tensor(*shape), "Target": tensor(*np.shape(t)[1:])}
        net = layer(kind, types, {"Loss": tensor()}, parameters)
        return net, [p, np.asarray(t, "float32")], [function(p.astype("float64"), np.asarray(t))]

    LAYERS[f"loss_{name}"] = made


INDEX = np.array([[1, 4, 2], [3, 3, 1]])
_loss("mean_squared", "MeanSquaredLoss", lambda p, t: np.square(p - t).mean((1, 2)))
_loss("mean_absolute", "MeanAbsoluteLoss", lambda p, t: np.abs(p - t).mean((1, 2)))
_loss(
    "index",
    "CrossEntropyLoss",
    lambda p, t: -np.log(np.take_along_axis(p, t[..., None].astype(int) - 1, 2))[..., 0].mean(1),
    {"TargetForm": "Index"},
    INDEX,
)
_loss(
    "index_of_one",
    "CrossEntropyLoss",
    lambda p, t: -np.log(p[[0, 1], t.astype(int) - 1]),
    {"TargetForm": "Index"},
    INDEX[:, 0],
    shape=(4,),
)
_loss(
    "probabilities", "CrossEntropyLoss", lambda p, t: -(t * np.log(p)).sum(2).mean(1), {"TargetForm": "Probabilities"}
)
_loss(
    "binary",
    "CrossEntropyLoss",
    lambda p, t: -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean((1, 2)),
    {"TargetForm": "Binary"},
)


def _after_softmax(form, function):
    """The loss of a softmax is that of its logits, also where the softmax is 0 in single precision; other layers have
    the softmax, too."""

    def made(_file):
        x = drawn(2, 3, 4) * 200
        types = {"Input": tensor(3, 4), "Target": tensor(3) if form == "Index" else tensor(3, 4)}
        nodes = {
            "s": layer("Softmax", tensor(3, 4), tensor(3, 4), {"Level": -1}),
            "l": layer("CrossEntropyLoss", types, {"Loss": tensor()}, {"TargetForm": form}),
        }
        edges = [".Input -> s", "s -> l.Input", ".Target -> l.Target", "l.Loss -> .Loss", "s -> .Output"]
        net = graph(nodes, edges, types, {"Loss": tensor(), "Output": tensor(3, 4)})
        t = INDEX.astype("float32") if form == "Index" else normalized_exp(drawn(2, 3, 4, seed=6), -1)
        shifted = x.astype("float64") - x.max(2, keepdims=True)
        logs = shifted - np.log(np.exp(shifted).sum(2, keepdims=True))
        return net, [x, t], [function(logs, t), normalized_exp(x, 2)]

    LAYERS[f"loss_{form}_after_softmax"] = made


_after_softmax("Index", lambda logs, t: -np.take_along_axis(logs, t[..., None].astype(int) - 1, 2)[..., 0].mean(1))
_after_softmax("Probabilities", lambda logs, t: -(t * logs).sum(2).mean(1))


@pytest.mark.parametrize("name", LAYERS)
def test_layer(name, tmp_path):
    check(LAYERS[name], tmp_path)
