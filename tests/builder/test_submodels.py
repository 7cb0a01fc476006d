"""Graphs that are too deep for one Keras model, which walks a graph recursively."""

import json
from pathlib import Path

import numpy as np
import pytest
from nets import graph, null, op, write

from netconv import conversion
from netconv.builder import submodels
from netconv.frontends.mxnet import reader
from netconv.keras_files import archive

NETS = Path(__file__).parents[2] / "fixtures" / "conformance" / "nets"


def chain(nodes):
    """Dense layers with skip connections, four nodes each; two of them share their weights across all submodels."""
    found, arrays, last = [null("data"), null("shared")], {"shared": np.eye(4, dtype="float32") / 2}, 0
    for n in range(nodes // 4):
        name, weight = f"w{n}", len(found)
        if n % 50:
            found.append(null(name))
            arrays[name] = np.random.default_rng(n).normal(size=(4, 4)).astype("float32") / 2
        weight, at = (weight if n % 50 else 1), len(found)
        found += [
            op("FullyConnected", f"fc{n}", [last, weight], num_hidden=4, no_bias=True),
            op("Activation", f"act{n}", [at], act_type="tanh"),
            op("elemwise_add", f"add{n}", [last, at + 1]),
            op("_mul_scalar", f"half{n}", [at + 2], scalar=0.5),
        ]
        last = len(found) - 1
    return graph(*found), arrays


def computed(arrays, count, x):
    for n in range(count // 4):
        x = (x + np.tanh(x @ arrays[f"w{n}" if n % 50 else "shared"].T)) / 2
    return x


def test_a_deep_chain_becomes_consecutive_submodels(tmp_path):
    net, arrays = chain(1600)
    done = conversion.convert(write(tmp_path, net, **arrays))
    assert [type(layer).__name__ for layer in done.model.layers] == ["InputLayer", *["Functional"] * 6]
    assert done.prepared.nodes == 1600 and done.model.count_params() == 16 * len(arrays)
    archive.save(done.model, tmp_path / "net.keras")
    again = archive.load(tmp_path / "net.keras")
    given = [layer._inbound_nodes[0].arguments.args for layer in done.model.layers[1:]]
    assert not any(isinstance(x, list) and len(x) == 1 for (x,) in given)
    x = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    np.testing.assert_allclose(again(x), computed(arrays, 1600, x), rtol=1e-4, atol=1e-5)


def test_a_graph_that_fits_one_model_is_not_split(tmp_path):
    net, arrays = chain(submodels.FLAT // 4 * 4)
    assert submodels.part_starts(reader.read(write(tmp_path, net, **arrays))) == []


@pytest.mark.parametrize("name", ["lstm-cells", "resnet", "tied-embedding", "detector", "mathematica-unrolled-11"])
def test_split_nets_compute_the_same(name, monkeypatch):
    folder = NETS / name
    with np.load(folder / "io.npz") as file:
        recording = {key: file[key] for key in file if key.startswith("a/") or key == "meta"}
    shapes = {name: tuple(shape) for name, shape in json.loads(str(recording["meta"]))["shapes"].items()}
    monkeypatch.setattr(submodels, "FLAT", 1)
    monkeypatch.setattr(submodels, "DEEPEST", 3)
    model = conversion.convert(folder / "net.json", input_shapes=shapes).model
    assert any(type(layer).__name__ == "Functional" for layer in model.layers)
    fed = [recording[f"a/in:{tensor.name}"] for tensor in model.inputs]
    found = model(fed if len(fed) > 1 else fed[0])
    for k, output in enumerate(found if isinstance(found, list) else [found]):
        np.testing.assert_allclose(output, recording[f"a/out:{k}"], rtol=1e-3, atol=1e-3)
