"""Pictures of nets and models, from the files on."""

import io
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from models import fails, model, two_headed
from nets import dense, graph, null, op, write

import netconv
from netconv import preparation
from netconv.inspection import model_file, node_boxes
from netconv.keras_files import archive
from netconv.reports import layer_boxes

FIXTURES = Path(__file__).parents[2] / "fixtures"
CKD = FIXTURES / "ckd" / "net.wlnet"
NETS = FIXTURES / "conformance" / "nets"


def drawn(source, **options):
    """The texts of a picture."""
    target = io.BytesIO()
    netconv.plot_net(source, target, **options)
    return [" ".join(text.split()) for text in re.findall(r"<text[^>]*>([^<]*)<", target.getvalue().decode())]


@pytest.fixture(scope="module")
def ckd(tmp_path_factory):
    path = tmp_path_factory.mktemp("ckd") / "net.keras"
    netconv.convert_file(CKD, output=path)
    return path


def test_a_net_and_its_model_have_the_same_picture(ckd):
    found = drawn(CKD)
    assert found == drawn(ckd) == drawn(io.BytesIO(ckd.read_bytes())) == drawn(io.BytesIO(CKD.read_bytes()))
    assert {"InputLayer", "BatchNormalization", "Dense", "20", "500", "24"} <= set(found)


def test_the_formats(ckd, tmp_path):
    for ending, start in (
        ("svg", b"<?xml"),
        ("png", b"\x89PNG"),
        ("html", b"<!DOCTYPE html>"),
        ("htm", b"<!DOCTYPE html>"),
        ("SVG", b"<?xml"),
    ):
        for name in ("a", "b"):
            netconv.plot_net(ckd, tmp_path / f"{name}.{ending}")
        content = (tmp_path / f"a.{ending}").read_bytes()
        assert content.startswith(start) and content == (tmp_path / f"b.{ending}").read_bytes()


def outputs(boxes):
    return [(box.name, box.detail, box.shape, box.inputs[0][0]) for box in boxes if box.is_output]


def test_each_output_has_a_box(tmp_path):
    archive.save(two_headed(), tmp_path / "net.keras")
    layers = model_file.read(tmp_path / "net.keras", "net.keras").layers
    assert outputs(layer_boxes.boxes_of(layers)) == [("kind", "", "3", "kind"), ("price", "", "1", "price")]
    found = drawn(tmp_path / "net.keras")
    assert found.count("output") == 3 and found.count("kind") == found.count("price") == 2  # and the legend


def test_each_output_of_the_nodes_has_a_box(tmp_path):
    split = op("SliceChannel", "parts", [0], num_outputs=2)
    net = graph(null("data"), split, op("Activation", "act", [(1, 0)], act_type="relu"), heads=[2, (1, 1)])
    write(tmp_path, net)
    boxes, _ = node_boxes.boxes_of(preparation.read(tmp_path / "net.json"), {"data": (None, 6)})
    assert outputs(boxes) == [("act", "", "3", "2"), ("parts", "[1]", "3", "1")]
    assert drawn(tmp_path / "net.json", nodes=True, input_shapes={"data": (None, 6)}).count("output") == 3


def test_outputs_of_a_nested_model_come_from_its_layers(tmp_path):
    import keras

    entry = keras.Input((4,), name="entry")
    deep = keras.layers.Dense(3, name="deep")(entry)
    inner = keras.Model(entry, [deep, keras.layers.ReLU(name="top")(deep)], name="inner")
    data = keras.Input((4,), name="data")
    archive.save(keras.Model(data, inner(data)), tmp_path / "net.keras")
    layers = model_file.read(tmp_path / "net.keras", "net.keras").layers
    expected = [("inner", "", "3", "inner/deep"), ("inner", "[1]", "3", "inner/top")]
    assert outputs(layer_boxes.boxes_of(layers)) == expected


def test_outputs_are_not_in_the_table_of_a_page(tmp_path):
    archive.save(two_headed(), tmp_path / "net.keras")
    netconv.plot_net(tmp_path / "net.keras", tmp_path / "net.html")
    text = (tmp_path / "net.html").read_text()
    assert '<p class="note">4 layers, ' in text and "<td>output</td>" not in text and ">output<" in text


def test_nodes_are_drawn_without_tensorflow(ckd):
    code = (
        "import io, sys, netconv\n"
        f"for source in ({str(CKD)!r}, {str(CKD.with_suffix('.json'))!r}, {str(ckd)!r}):\n"
        "    target = io.BytesIO()\n"
        "    netconv.plot_net(source, target, nodes=True, notify=print)\n"
        "    assert b'FullyConnected' in target.getvalue()\n"
        f"netconv.plot_net({str(ckd)!r}, io.BytesIO())\n"
        "print(sorted({'tensorflow', 'keras'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_nodes_have_shapes_and_parameters():
    found = drawn(CKD.with_suffix(".json"), nodes=True)
    assert {"FullyConnected", "BatchNorm", "500", "96", "24"} <= set(found) and "?" not in found


def test_a_net_that_cannot_be_converted_is_drawn_by_its_nodes(tmp_path):
    arguments = [null("data"), op("Mystery", "odd", [0]), op("Activation", "act", [1], act_type="relu")]
    write(tmp_path, graph(*arguments))
    notes = []
    found = drawn(tmp_path / "net.json", nodes=True, notify=notes.append)
    assert {"Mystery", "not supported", "Activation"} <= set(found)
    assert len(notes) == 1 and notes[0].startswith("note: drawn without shapes: ") and "Mystery" in notes[0]
    with pytest.raises(netconv.UnsupportedOps):
        netconv.plot_net(tmp_path / "net.json", tmp_path / "net.svg")
    assert not (tmp_path / "net.svg").exists()


def test_nested_nets_of_mathematica_are_groups():
    found = drawn(NETS / "whole-counter-11" / "net.json")
    assert {"stem, 192 parameters", "c1, 22 parameters"} <= set(found)


def test_steps_of_an_unrolled_net_are_folded():
    found = drawn(NETS / "lstm-cells" / "net.json", nodes=True)
    assert any(re.fullmatch(r"\d+ times(, .*)?", text) for text in found)
    boxes, _ = node_boxes.boxes_of(preparation.read(NETS / "lstm-cells" / "net.json"), {})
    assert 2 * found.count("FullyConnected") < sum(box.kind == "FullyConnected" for box in boxes) + 4
    found = drawn(NETS / "lstm-cells" / "net.json")
    assert (found.count("LSTM"), found.count("GRU")) == (1, 1)


def test_many_operations_of_one_node_are_one_box():
    found = drawn(NETS / "yolo" / "net.json")
    assert len(found) < 400


def test_what_is_wrong_is_one_line(tmp_path, monkeypatch):
    net = tmp_path / "net.keras"
    archive.save(model(), net)
    assert fails(netconv.plot_net, net, "a.pdf") == "a.pdf: a picture of a net is a .png, .svg, .html or .htm file"
    message = f"{net}: it was not converted from a net, so that it has no nodes; leave out nodes=True"
    assert fails(netconv.plot_net, net, io.BytesIO(), nodes=True) == message
    message = "params= is for a net (net.json), and a Keras model has its shapes and weights; leave it out"
    assert fails(netconv.plot_net, net, io.BytesIO(), "net.params") == message
    assert fails(netconv.plot_net, "none.json", io.BytesIO()) == "none.json: No such file or directory"
    (tmp_path / "bad.keras").write_bytes(b"PK")
    message = f"{tmp_path / 'bad.keras'}: not a .keras file"
    assert fails(netconv.plot_net, tmp_path / "bad.keras", io.BytesIO()) == message
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sysconfig, "get_path", lambda _name: str(tmp_path))
    message = "a picture of a net needs Graphviz: pip install '.[plot]', or install its program dot"
    assert fails(netconv.check_net_plot, "a.svg") == message
    assert fails(netconv.plot_net, net, tmp_path / "a.html") == message
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.keras", "net.keras"]


def test_a_model_of_another_class_is_an_error(tmp_path):
    import zipfile

    archive.save(model(), tmp_path / "net.keras")
    with zipfile.ZipFile(tmp_path / "net.keras") as source, zipfile.ZipFile(tmp_path / "own.keras", "w") as target:
        for info in source.infolist():
            data = source.read(info)
            target.writestr(info.filename, data.replace(b'"class_name": "Sequential"', b'"class_name": "Mine"'))
    message = (
        f"{tmp_path / 'own.keras'}: its config.json has 'keras.Mine' as a model; what Keras does not have there, or "
        "what does more than compute, is not loaded"
    )
    assert fails(netconv.plot_net, tmp_path / "own.keras", io.BytesIO()) == message


def test_an_untrained_net_has_parameters(tmp_path):
    net, _ = dense(1)
    write(tmp_path, net)
    assert {"4 parameters"} & set(drawn(tmp_path / "net.json", nodes=True, input_shapes={"data": (None, 3)}))
