"""Layers that compare a prediction with a target, against numpy written from the definitions."""

import itertools

import numpy as np
import pytest
from wolfram_files import graph, layer, tensor
from wolfram_layers import Cases, check, drawn, normalized_exp

LAYERS = case = Cases()


def _loss(name, kind, function, parameters=None, target=None, shape=(3, 4), p=None):
    given = p

    def made(_file):
        p = (normalized_exp(drawn(2, *shape), -1) if given is None else given).astype("float32")
        t = normalized_exp(drawn(2, *shape, seed=6), -1) if target is None else target
        types = {"Input": tensor(*p.shape[1:]), "Target": tensor(*np.shape(t)[1:])}
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
_loss(
    "index_of_a_probability_of_zero",
    "CrossEntropyLoss",
    lambda _p, _t: np.full(2, -np.log(0.2220446049250313e-15)),
    {"TargetForm": "Index"},
    np.array([3, 3]),
    p=np.tile([0.25, 0.75, 0.0], (2, 1)),
)
_loss(
    "binary_of_a_probability_of_zero",
    "CrossEntropyLoss",
    lambda _p, _t: (
        -np.log(0.2220446049250313e-15) * np.array([1, 0]) + np.array([0, -np.log(1 + 0.2220446049250313e-15)])
    ),
    {"TargetForm": "Binary"},
    np.array([1, 0]),
    p=np.zeros(2),
)


def _contrastive(name, margin, parameters):
    def made(_file):
        d, t = np.array([0.1, 0.1, 0.9, 0.9], "float32"), np.array([0, 1, 0, 1], "float32")
        types = {"Input": tensor(), "Target": tensor()}
        net = layer("ContrastiveLoss", types, {"Loss": tensor()}, parameters)
        return net, [d, t], [np.where(t == 1, np.maximum(margin - d, 0), d)]

    LAYERS[f"loss_contrastive_{name}"] = made


_contrastive("of_a_margin", 1.2, {"Margin": 1.2})
_contrastive("of_the_default_margin", 0.5, {})


def _ctc(name, steps, labels):
    """The sum over all sequences of `steps` classes that become the labels: repeated ones are one, blanks go."""

    def made(_file):
        count, length = 3, labels.shape[1]
        p = normalized_exp(drawn(len(labels), steps, count), -1)
        expected = np.zeros(len(labels))
        for path in itertools.product(range(count), repeat=steps):
            kept = [c for n, c in enumerate(path) if (n == 0 or c != path[n - 1]) and c != count - 1]
            for example, label in enumerate(labels):
                if kept == list(label - 1):
                    expected[example] += p[example, range(steps), path].prod()
        types = {"Input": tensor(steps, count), "Target": tensor(length)}
        return layer("CTCLoss", types, {"Loss": tensor()}), [p, labels.astype("float32")], [-np.log(expected)]

    LAYERS[f"loss_ctc_{name}"] = made


_ctc("of_different_labels", 5, np.array([[1, 2], [2, 1]]))
_ctc("of_repeated_labels", 5, np.array([[1, 1], [2, 2], [1, 2]]))
_ctc("of_one_label", 3, np.array([[2], [1]]))


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
