"""net.json in all dialects, its parameter file, and error messages for other files."""

import io
import json
import struct
import subprocess
import sys

import numpy as np
import pytest

from netconv.errors import FormatError
from netconv.frontends.mxnet import params_file, reader, symbol_json
from netconv.graph.graph import Edge, Node


def null(name, **more):
    return {"op": "null", "name": name, "inputs": [], **more}


def dense(name, inputs, **more):
    return {"op": "FullyConnected", "name": name, "inputs": inputs, "attrs": {"num_hidden": "2"}, **more}


NODES = [null("data"), null("fc_weight"), null("fc_bias"), dense("fc", [[0, 0, 0], [1, 0, 0], [2, 0, 0]])]
VERSION = {"mxnet_version": ["int", 10901]}


def graph(nodes=NODES, heads=None, **more):
    """The graph of a JSON object, read from a stream."""
    found = {"nodes": nodes, "heads": [[len(nodes) - 1, 0, 0]] if heads is None else heads, "attrs": VERSION, **more}
    return reader.read(io.BytesIO(json.dumps(found).encode()))


def error_of(data, **options):
    """The error message for a stream of bytes or JSON."""
    with pytest.raises(FormatError) as error:
        reader.read(io.BytesIO(data if isinstance(data, bytes) else json.dumps(data).encode()), **options)
    assert "\n" not in str(error.value)
    return str(error.value).removeprefix("the stream: ")


@pytest.mark.parametrize("key", ["attrs", "attr", "param"])
@pytest.mark.parametrize("length", [2, 3])
def test_dialects(key, length):
    nodes = [null("x"), {"op": "relu", "name": "r", "inputs": [[0, 1, 0][:length]], key: {"a": "(2, 2)"}}]
    found = graph(nodes, [[1, 2, 0][:length]])
    assert found.nodes == (Node("null", "x"), Node("relu", "r", {"a": "(2, 2)"}, (Edge(0, 1),)))
    assert found.heads == (Edge(1, 2),)
    assert found.source == "the stream"


def test_without_heads_the_last_node_is_the_output():
    assert reader.read(io.BytesIO(json.dumps({"nodes": NODES}).encode())).heads == (Edge(3, 0),)


def test_a_byte_order_mark_is_allowed():
    assert len(reader.read(io.BytesIO(b"\xef\xbb\xbf" + json.dumps({"nodes": NODES}).encode())).nodes) == 4


def test_names_may_repeat_and_be_empty():
    found = graph([null(""), null(""), {"op": "add", "name": "", "inputs": [[0, 0], [1, 0]]}])
    assert [node.name for node in found.nodes] == ["", "", ""]


def test_values_that_are_not_text_become_what_mxnet_writes():
    attrs = {"a": 2, "b": True, "c": [2, 2], "d": 0.5, "e": None, "f": [3], "g": [], "h": [None, 1]}
    found = graph([null("x"), {"op": "o", "name": "o", "inputs": [[0, 0]], "attrs": attrs}])
    texts = {"a": "2", "b": "True", "c": "(2, 2)", "d": "0.5", "e": "None", "f": "(3)", "g": "()", "h": "(None, 1)"}
    assert found.nodes[1].attrs == texts


def test_hidden_attributes_become_hints():
    given = {"__shape__": "(0, 3)", "__init__": '["zero", {}]', "lr_mult": "0.5", "kernel": "(3, 3)"}
    noted = {"weight_lr_mult": "2", "ctx_group": "a", "__layout__": "NCHW", "num_hidden": "2"}
    found = graph([null("x", attrs=given), null("w"), dense("fc", [[0, 0], [1, 0]], attrs=noted)])
    assert found.nodes[0].hints == {"shape": "(0, 3)", "init": '["zero", {}]', "lr_mult": "0.5"}
    assert found.nodes[0].attrs == {}  # copied from the op
    assert found.nodes[2].hints == {"weight_lr_mult": "2", "ctx_group": "a", "layout": "NCHW"}
    assert found.nodes[2].attrs == {"num_hidden": "2"}


def test_user_attributes_in_json_of_0_8_are_not_attributes_of_the_op():
    node = {
        "op": "relu",
        "name": "r",
        "param": {"a": "1"},
        "attr": {"mood": "angry", "lr_mult": "2"},
        "inputs": [[0, 0]],
    }
    found = graph([null("x"), {**node, "backward_source_id": -1}])
    assert found.nodes[1] == Node("relu", "r", {"a": "1"}, (Edge(0),), {"lr_mult": "2"})


def old(nodes, heads, version=None):
    attrs = {} if version is None else {"attrs": {"mxnet_version": ["int", version]}}
    return reader.read(io.BytesIO(json.dumps({"nodes": nodes, "heads": heads, **attrs}).encode()))


NORM = [
    null("x"),
    null("n_gamma"),
    null("n_beta"),
    {"op": "BatchNorm", "name": "n", "inputs": [[0, 0], [1, 0], [2, 0]]},
]


def test_moving_statistics_absent_before_0_9_are_added():
    found = old([*NORM, {"op": "relu", "name": "r", "inputs": [[3, 0]]}], [[4, 0], [3, 1]])
    names = ["x", "n_gamma", "n_beta", "n_moving_mean", "n_moving_var", "n", "r"]
    assert [node.name for node in found.nodes] == names
    assert found.nodes[5].inputs == tuple(Edge(i) for i in range(5))
    assert found.nodes[6].inputs == (Edge(5),)
    assert found.heads == (Edge(6), Edge(5, 1))


def test_moving_statistics_are_not_added_since_0_9():
    assert len(old(NORM, [[3, 0]], 900).nodes) == 4


@pytest.mark.parametrize(("version", "axis"), [(None, None), (904, None), (905, "-1")])
def test_an_axis_of_minus_one_meant_none_before_0_9_5(version, axis):
    nodes = [null("x"), {"op": "argmax", "name": "a", "attrs": {"axis": "-1", "keepdims": "1"}, "inputs": [[0, 0]]}]
    found = old(nodes, [[1, 0]], version).nodes[1].attrs
    assert found.get("axis") == axis
    assert found["keepdims"] == "1"


def test_subgraphs_are_kept():
    inner = {"nodes": [null("a"), {"op": "relu", "name": "r", "inputs": [[0, 0, 0]]}], "heads": [[1, 0, 0]]}
    found = graph([null("x"), {"op": "_foreach", "name": "f", "inputs": [[0, 0, 0]], "subgraphs": [inner]}])
    [sub] = found.nodes[1].subgraphs
    assert sub.nodes == (Node("null", "a"), Node("relu", "r", {}, (Edge(0),)))
    assert sub.heads == (Edge(1),)


@pytest.mark.parametrize(
    ("more", "mathematica"),
    [({}, True), ({"node_row_ptr": [0, 1, 2, 3, 4]}, False), ({"attrs": {}}, False)],
    ids=["mathematica", "mxnet", "mxnet 0.8"],
)
def test_the_exporter_is_recognized(more, mathematica):
    assert graph(**more).mathematica is mathematica


def test_ten_thousand_nodes():
    count = 10_000
    found = graph([null("x")] + [{"op": "relu", "name": f"r{i}", "inputs": [[i, 0, 0]]} for i in range(count)])
    assert found.nodes[count].inputs == (Edge(count - 1),)


WHOLE = {"nodes": NODES, "heads": [[3, 0, 0]]}


def with_inputs(*inputs):
    return {"nodes": [null("x"), {"op": "add", "name": "a", "inputs": list(inputs)}, null("y")]}


def nested(levels):
    found = {"nodes": [null("x")]}
    for _ in range(levels):
        found = {"nodes": [{"op": "_foreach", "name": "f", "inputs": [], "subgraphs": [found]}]}
    return found


BROKEN = {
    "empty": (b"\n", "the file is empty"),
    "a table": (b"1,2\n3,4\n", "not a net: it is not JSON; a net is the net.json that Mathematica or MXNet wrote"),
    "a model": (b"PK\3\4", "a Keras model already; train, evaluate and predict take it as their model"),
    "hdf5": (b"\x89HDF\r\n", "an HDF5 file, which Keras loads; netconv takes the .keras file or the net.json"),
    "no json": (b'{"nodes":\n [}', "not JSON from line 2, column 3 on"),
    "cut": (b'{"nodes": [{"op":', "not JSON from line 1, column 18 on"),
    "not text": (b'{"nodes": "\xff"}', "not JSON: byte 11 is not UTF-8 text"),
    "not a number": (b'{"nodes": [NaN]}', "not JSON: NaN is not a JSON number"),
    "parameters": (b"\x12\x01\0\0\0\0\0\0\0\0", "a parameter file, where the graph is expected (net.json)"),
    "deep list": (b"[" * 100_000, "not a graph: nested too deeply"),
    "deep object": (b'{"a":' * 100_000, "not a graph: nested too deeply"),
    "digits": (b'{"nodes": [' + b"9" * 10_000 + b"]}", "a number of 10000 digits"),
    "twice": (b'{"nodes": [], "heads": [], "nodes": []}', "the key 'nodes' occurs twice in one object"),
    "list": ([], 'not a graph: it has no list "nodes"'),
    "no nodes": ({"model_config": {}}, 'not a graph: it has no list "nodes"'),
    "nodes of another kind": ({"nodes": {}}, 'not a graph: it has no list "nodes"'),
    "no node": ({"nodes": []}, "the graph has no nodes"),
    "node of another kind": ({"nodes": [7]}, "node 0 must be an object, not 7"),
    "no op": ({"nodes": [{"name": "x"}]}, "node 0 has no op"),
    "no name": ({"nodes": [{"op": "null"}]}, "node 0 has no name"),
    "half a character": ({"nodes": [null("\ud800")]}, "node 0: its name '\\ud800' is not valid text"),
    "attrs": ({"nodes": [null("x", attrs=[1])]}, "node 0 'x': attrs must be an object, not [1]"),
    "attribute": (
        {"nodes": [null("x", attrs={"a": {"b": 1}})]},
        "node 0 'x': attribute 'a' must be text, a number or a list of these, not {'b': 1}",
    ),
    "attribute of half a character": (
        {"nodes": [null("x", attrs={"a": "\udc00"})]},
        "node 0 'x': attribute 'a' is not valid text",
    ),
    "inputs": ({"nodes": [null("x") | {"inputs": "y"}]}, "node 0 'x': inputs must be a list, not 'y'"),
    "input": (with_inputs([0]), "node 1 'a': input 0 must be [node, output, version], not [0]"),
    "input that is true": (
        with_inputs([0, 0], [True, 0]),
        "node 1 'a': input 1 must be [node, output, version], not [True, 0]",
    ),
    "input of a negative output": (
        with_inputs([0, -1, 0]),
        "node 1 'a': input 0 must be [node, output, version], not [0, -1, 0]",
    ),
    "input of a fraction": (
        with_inputs([0.5, 0]),
        "node 1 'a': input 0 must be [node, output, version], not [0.5, 0]",
    ),
    "input that is not there": (with_inputs([0, 0], [9, 0]), "node 1 'a': input 1 is node 9, and the last is 2"),
    "input ahead": (
        with_inputs([0, 0], [2, 0]),
        "node 1 'a': input 1 is node 2 'y', which comes after it; a node must follow its inputs",
    ),
    "itself": (with_inputs([1, 0]), "the graph has a cycle: node 1 'a' -> node 1 'a'"),
    "cycle": (
        {
            "nodes": [
                null("x"),
                {"op": "add", "name": "a", "inputs": [[0, 0], [3, 0]]},
                {"op": "relu", "name": "b", "inputs": [[1, 0]]},
                {"op": "relu", "name": "c", "inputs": [[2, 0]]},
                {"op": "relu", "name": "d", "inputs": [[3, 0]]},
            ]
        },
        "the graph has a cycle: node 1 'a' -> node 2 'b' -> node 3 'c' -> node 1 'a'",
    ),
    "no heads": (WHOLE | {"heads": []}, "heads must be a list of outputs, not []"),
    "head": (WHOLE | {"heads": [3]}, "head 0 must be [node, output, version], not 3"),
    "head that is not there": (WHOLE | {"heads": [[3, 0], [4, 0]]}, "head 1 is node 4, and the last is 3"),
    "version": (
        WHOLE | {"attrs": {"mxnet_version": "1.9"}},
        "attrs must be {\"mxnet_version\": [\"int\", NUMBER]}, not {'mxnet_version': '1.9'}",
    ),
    "subgraphs": (
        {"nodes": [null("x", subgraphs=1)]},
        "node 0 'x': subgraphs must be a list, and no more than 16 levels deep",
    ),
    "subgraph": (
        {"nodes": [null("f", subgraphs=[{"nodes": [null("y", inputs=[[3, 0]])]}])]},
        "node 0 'f', subgraph 0: node 0 'y': input 0 is node 3, and the last is 0",
    ),
    "subgraphs in subgraphs": (
        nested(17),
        "node 0 'f', subgraph 0: " * 16 + "node 0 'f': subgraphs must be a list, and no more than 16 levels deep",
    ),
    "long name": (
        {"nodes": [null("n" * 10_000, inputs=1)]},
        f"node 0 'n{'n' * 46}...{'n' * 47}n': inputs must be a list, not 1",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_error_messages(name):
    data, message = BROKEN[name]
    assert error_of(data) == message


def test_a_long_cycle_is_shortened():
    count = 1000
    nodes = [{"op": "relu", "name": str(i), "inputs": [[(i - 1) % count, 0]]} for i in range(count)]
    message = error_of({"nodes": nodes})
    assert message.startswith("the graph has a cycle: node ")
    assert " -> 980 more -> node " in message


def test_too_much_json(monkeypatch):
    monkeypatch.setattr(symbol_json, "LARGEST", 1 << 20)
    assert error_of(b" " * ((1 << 20) + 1)) == "more than 1 MiB, too much for the graph of a net"


def test_no_file(tmp_path):
    with pytest.raises(FormatError) as error:
        reader.read(tmp_path / "net.json")
    assert str(error.value) == f"{tmp_path / 'net.json'}: No such file or directory"


def placed(folder, params, nodes=NODES, symbol="net.json", name="net.params"):
    """A net and its parameters as files; `params` are (name, size) pairs, and each array is filled with its
    position."""
    (folder / symbol).write_text(json.dumps({"nodes": nodes, "heads": [[len(nodes) - 1, 0, 0]]}))
    params_file.write(folder / name, [(key, np.full(size, i, "f")) for i, (key, size) in enumerate(params)])
    return folder / symbol


def values(found):
    """The parameter that each null node got, by position in the file."""
    return {index: int(array.value[0]) for index, array in found.arrays.items()}


@pytest.mark.parametrize("keys", [("fc_bias", "fc_weight"), ("arg:fc_bias", "aux:fc_weight")])
def test_parameters_are_assigned_by_name(tmp_path, keys):
    found = reader.read(placed(tmp_path, [(keys[0], 2), (keys[1], 3)]))
    assert values(found) == {1: 1, 2: 0}
    assert found.arrays[1].origin == ("param", keys[1], (3,))
    assert found.inputs() == [0]
    assert found.source == str(tmp_path / "net.json")


def test_an_exact_name_comes_before_a_shortened_one(tmp_path):
    nodes = [null("arg:w"), {"op": "relu", "name": "r", "inputs": [[0, 0]]}]
    assert values(reader.read(placed(tmp_path, [("arg:w", 1)], nodes))) == {0: 0}


def test_the_arrays_of_a_bidirectional_net_of_mathematica_share_a_name(tmp_path):
    nodes = [null("Input"), null("Nodes.Parameters"), null("1.Weights"), null("Nodes.Parameters"), null("4.State")]
    nodes.append({"op": "all", "name": "all", "inputs": [[i, 0] for i in range(5)]})
    keys = [
        "1.Weights",
        "fixedarray:.Nodes.2.Parameters.ForwardNet:FusedWeights",
        "fixedarray:.Nodes.2.Parameters.BackwardNet:FusedWeights",
    ]
    found = reader.read(placed(tmp_path, [(key, 2) for key in keys], nodes))
    assert values(found) == {1: 1, 2: 0, 3: 2}
    assert found.inputs() == [0, 4]


@pytest.mark.parametrize(
    ("name", "short"),
    [
        (".", "Layer"),
        ("Input", "Input"),
        (".Inputs.Input", "Input"),
        (".Nodes.3$0", "3$0"),
        (".Nodes.enc.Nodes.2.Arrays.Biases", "enc.2.Biases"),
        (".Arrays.Weights", "Weights"),
        (".$0", ""),
        (".Nodes.3.States.State.final", "3.State"),
        ("fixedarray:.Nodes.3:FusedWeights", "Nodes"),
        ("fixedarray:.:FusedWeights", ":FusedWeights"),
    ],
)
def test_how_mathematica_shortens_names(name, short):
    assert reader.mathematica_node_name(name) == short


def test_parameters_that_the_graph_does_not_use_are_named(tmp_path):
    symbol = placed(tmp_path, [("fc_weight", 1), ("arg:old", 1), ("aux:bn_moving_mean", 1), ("fc", 1)])
    found = reader.read(symbol)
    assert values(found) == {1: 0}
    assert found.unused == ("arg:old", "aux:bn_moving_mean", "fc")
    where = f"{tmp_path / 'net.params'}: 3 parameters that the graph does not use"
    assert reader.unused_note(found, tmp_path / "net.params") == (f"{where}: 'arg:old', 'aux:bn_moving_mean', 'fc'",)


def test_many_parameters_that_are_not_used_are_counted(tmp_path):
    found = reader.read(placed(tmp_path, [(f"p{i}", 1) for i in range(25)]))
    (note,) = reader.unused_note(found, "net.params")
    named = "'p0', 'p1', 'p2', 'p3', 'p4' and 20 more"
    assert note == f"net.params: 25 parameters that the graph does not use: {named}"


def test_one_parameter_that_is_not_used(tmp_path):
    found = reader.read(placed(tmp_path, [("fc_weight", 1), ("fc_bias", 1), ("old", 1)]))
    (note,) = reader.unused_note(found, "net.params")
    assert note == "net.params: a parameter that the graph does not use: 'old'"
    assert reader.unused_note(reader.read(tmp_path / "net.json", False), "net.params") == ()


def test_a_parameter_whose_node_no_head_needs_is_not_used(tmp_path):
    """A net that was cut by changing only its heads."""
    nodes = [*NODES, null("out_weight"), dense("out", [[3, 0], [4, 0]], attrs={"num_hidden": "2", "no_bias": "1"})]
    symbol = placed(tmp_path, [("fc_weight", 1), ("out_weight", 1), ("fc_bias", 1)], nodes)
    symbol.write_text(json.dumps({"nodes": nodes, "heads": [[3, 0, 0]]}))
    found = reader.read(symbol)
    assert values(found) == {1: 0, 2: 2} and found.unused == ("out_weight",)


def test_unused_parameters_are_not_decoded(tmp_path):
    """A sparse array that would be too large when dense, and one of a type that no layer accepts."""
    symbol = placed(tmp_path, [("fc_weight", 1), ("fc_bias", 1)])
    count = struct.pack("<Q", 4)
    listed = (tmp_path / "net.params").read_bytes().replace(struct.pack("<Q", 2), count)
    wide = struct.pack("<Iiiqqiqq", 0xF993FAC9, 1, 2, 1, 2, 2, 2**40, 2)
    wide += struct.pack("<iiiiiq", 1, 0, 0, 6, 1, 1) + bytes(2 * 4 + 8)
    short = struct.pack("<Iiiq", 0xF993FAC9, 0, 1, 1) + struct.pack("<iii", 1, 0, 8) + bytes(2)
    names = b"".join(struct.pack("<Q", len(name)) + name for name in (b"arg:wide", b"arg:short"))
    head, tail = listed.rsplit(count, 1)
    (tmp_path / "net.params").write_bytes(head + wide + short + count + tail + names)
    found = reader.read(symbol)
    assert values(found) == {1: 0, 2: 1} and found.unused == ("arg:wide", "arg:short")


@pytest.mark.parametrize(
    ("keys", "nodes", "counts"), [(2, 1, "2 parameters for the 1 nodes"), (1, 2, "1 parameters for the 2 nodes")]
)
def test_as_many_parameters_as_nodes_of_a_name(tmp_path, keys, nodes, counts):
    symbol = placed(tmp_path, [("w", 1)] * keys, [null("w")] * nodes)
    with pytest.raises(FormatError) as error:
        reader.read(symbol)
    wanted = f"{counts} named 'w' in {symbol}; each node must have its own"
    assert str(error.value) == f"{tmp_path / 'net.params'}: {wanted}"


def test_a_list_without_names_is_assigned_by_order(tmp_path):
    nodes = [*NODES, null("softmax_label"), {"op": "SoftmaxOutput", "name": "softmax", "inputs": [[3, 0], [4, 0]]}]
    assert values(reader.read(placed(tmp_path, [("0", 3), ("1", 2)], nodes))) == {1: 0, 2: 1}


def test_a_list_without_names_must_fit(tmp_path):
    symbol = placed(tmp_path, [("0", 3)])
    with pytest.raises(FormatError) as error:
        reader.read(symbol)
    wanted = f"1 arrays without names, and {symbol} has 2 nodes that could take them; save them with names"
    assert str(error.value) == f"{tmp_path / 'net.params'}: {wanted}"


def test_a_list_without_names_must_be_certain(tmp_path):
    symbol = placed(tmp_path, [(str(i), 3) for i in range(4)], NORM)
    with pytest.raises(FormatError) as error:
        reader.read(symbol)
    wanted = f"arrays without names, and {symbol} has moving statistics, whose position among them is not certain"
    assert str(error.value) == f"{tmp_path / 'net.params'}: {wanted}; save them with names"


@pytest.mark.parametrize(
    ("symbol", "files", "taken"),
    [
        ("net.json", ["net.params", "net-0009.params"], "net.params"),
        ("net.json", ["net-0001.params", "net-0010.params", "net-extra.params"], "net-0010.params"),
        ("net.json", ["net-9999.params", "net-10000.params"], "net-10000.params"),
        ("net.json", ["net_trained.params"], "net_trained.params"),
        ("net.json", ["network.json", "network.params", "net2-symbol.json", "net2-0001.params"], None),
        ("net.json", ["other.params"], None),
        ("net.json", [], None),
        ("m-12.0-symbol.json", ["m-12.0-0000.params", "m-12.0-0003.params"], "m-12.0-0003.params"),
        ("x-symbol.json", ["x.params", "x-0001.params"], "x.params"),
        ("x-symbol.json", ["x-symbol.params", "x.params"], "x-symbol.params"),
        ("[a]*.json", ["[a]*-0001.params", "a-0002.params"], "[a]*-0001.params"),
    ],
)
def test_finds_the_parameters(tmp_path, symbol, files, taken):
    for name in [symbol, *files]:
        (tmp_path / name).touch()
    assert reader.find_params(tmp_path / symbol) == (taken and tmp_path / taken)


def test_does_not_choose_among_parameters(tmp_path):
    for name in ("net.json", "net-b.params", "net-a.params"):
        (tmp_path / name).touch()
    with pytest.raises(FormatError) as error:
        reader.find_params(tmp_path / "net.json")
    wanted = "several parameter files could belong to it: 'net-a.params', 'net-b.params'; name one with params="
    assert str(error.value) == f"{tmp_path / 'net.json'}: {wanted}"


def test_no_parameters(tmp_path):
    symbol = placed(tmp_path, [("fc_weight", 1)])
    assert reader.read(symbol, False).arrays == {}
    (tmp_path / "net.params").unlink()
    assert reader.read(symbol).arrays == {}
    with pytest.raises(FormatError) as error:
        reader.read(symbol, tmp_path / "net.params")
    assert str(error.value) == f"{tmp_path / 'net.params'}: No such file or directory"


def test_given_parameters_are_used(tmp_path):
    symbol = placed(tmp_path, [("fc_weight", 1)])
    params_file.write(tmp_path / "mine", [("fc_bias", np.zeros(2))])
    assert list(reader.read(symbol, tmp_path / "mine").arrays) == [2]
    with symbol.open("rb") as stream:
        assert list(reader.read(stream, str(tmp_path / "mine")).arrays) == [2]


def test_a_graph_alone_is_read_without_numpy():
    code = "import io, sys; from netconv.frontends.mxnet import reader; reader.read(io.BytesIO(sys.argv[1].encode()))"
    code += "; sys.exit(any(name in sys.modules for name in ('numpy', 'keras', 'tensorflow')))"
    assert subprocess.run([sys.executable, "-c", code, json.dumps(WHOLE)]).returncode == 0
