"""Nets of layers in all their forms, and what is refused with one line."""

import io

import numpy as np
import pytest
from wolfram_files import (
    NONE,
    File,
    call,
    chain,
    classes,
    elementwise,
    graph,
    layer,
    linear,
    path,
    rule,
    softmax,
    tensor,
)  # fmt: skip

import netconv
from netconv.errors import FormatError, NetconvError, NodeError, UnsupportedOps
from netconv.frontends.wolfram import nets, reader
from netconv.frontends.wolfram.expressions import Symbol
from netconv.frontends.wolfram.layers.registry import translations

X = np.random.default_rng(1).normal(size=(4, 3)).astype("float32")


def read(folder, net, file=None):
    return reader.read((file or File()).write(folder / "net.wlnet", net), "net.wlnet")


def error_of(folder, net, file=None, kind=FormatError):
    with pytest.raises(kind) as error:
        read(folder, net, file)
    assert "\n" not in str(error.value)
    return str(error.value)


def outputs(folder, net, file, *inputs):
    model = netconv.convert(file.write(folder / "net.wlnet", net))
    return model.predict(list(inputs) if len(inputs) > 1 else inputs[0], verbose=0)


def test_shapes_are_those_of_the_file(tmp_path):
    file = File()
    net = layer("Softmax", tensor(None, 3), tensor(None, 3), {"Level": -1})
    model = netconv.convert(file.write(tmp_path / "net.wlnet", net))
    assert model.input_shape == (None, None, 3) and model.inputs[0].name == "Input"


def test_names(tmp_path):
    file = File()
    inner = chain(linear(file, 3, 2), elementwise(Symbol("Ramp"), 2))
    found = read(tmp_path, chain(inner, linear(file, 2, 1)), file).graph
    assert [(node.op, node.name) for node in found.nodes] == [
        ("null", "Input"), ("null", "1.1.Biases"), ("null", "1.1.Weights"), ("FullyConnected", "1.1"), ("relu", "1.2"),
        ("null", "2.Biases"), ("null", "2.Weights"), ("FullyConnected", "2"), ("identity", "Output"),
    ]  # fmt: skip
    assert [(p.name, p.shape, p.dtype) for p in found.parameters] == [
        ("1.1.Weights", (2, 3), "float32"), ("1.1.Biases", (2,), "float32"),
        ("2.Weights", (1, 2), "float32"), ("2.Biases", (1,), "float32"),
    ]  # fmt: skip
    assert found.mathematica


def test_a_graph_with_named_ports_whose_outputs_are_in_their_own_order(tmp_path):
    file = File()
    nodes = {"a": elementwise(Symbol("Tanh"), 3), "b": elementwise(Symbol("Cos"), 3)}
    edges = [".left -> a", ".right -> b", "b -> .second", "a -> .first"]
    ports = {"left": tensor(3), "right": tensor(3)}
    net = graph(nodes, edges, ports, {"first": tensor(3), "second": tensor(3)})
    first, second = outputs(tmp_path, net, file, X, X + 1)
    np.testing.assert_allclose(first, np.tanh(X), atol=1e-6)
    np.testing.assert_allclose(second, np.cos(X + 1), atol=1e-6)


def test_a_list_of_inputs_as_before_11_3_2(tmp_path):
    file = File("11.2.0")
    nodes = {"a": elementwise(Symbol("Tanh"), 3), "b": elementwise(Symbol("Cos"), 3),
             "c": layer("Catenate", {"Input": call("ListT", 2, tensor(3))}, tensor(6), {"Level": 1})}  # fmt: skip
    net = graph(nodes, [".Input -> a", ".Input -> b", "c -> .Output"], {"Input": tensor(3)}, {"Output": tensor(6)})
    both = tuple(path("Nodes", name, "Outputs", "Output") for name in "ab")
    net["Edges"] += (rule(path("Nodes", "c", "Inputs", "Input"), both),)
    np.testing.assert_allclose(outputs(tmp_path, net, file, X), np.concatenate([np.tanh(X), np.cos(X)], 1), atol=1e-6)


def test_the_words_of_11_0(tmp_path):
    file = File("11.0")
    inner = linear(file, 3, 2)
    inner["Type"] = "DotPlus"
    net = chain(inner, {**softmax(2), "Parameters": {}})
    old = {"Vertices": net["Nodes"], "Connections": net["Edges"]}
    net = {key: value for key, value in net.items() if key not in ("Nodes", "Edges")} | old
    w, b = file.arrays
    e = np.exp(X @ w.T + b)
    np.testing.assert_allclose(outputs(tmp_path, net, file, X), e / e.sum(1, keepdims=True), atol=1e-6)


@pytest.mark.parametrize(
    "version, reference",
    [("12.0.3", call("NetSharedArray", "w")), ("13.0.3", call("NetArray", {"Name": "w", "Array": NONE}))],
)
def test_shared_arrays(tmp_path, version, reference):
    file = File(version)
    weights = file.array(3, 3)
    one, other = linear(file, 3, 3), linear(file, 3, 3, biases=False)
    for each in (one, other):
        each["Arrays"] = {**each["Arrays"], "Weights": reference}
    net = {**chain(one, other), "SharedArrays": {"w": weights}}
    w, b = file.arrays[0], file.arrays[2]
    np.testing.assert_allclose(outputs(tmp_path, net, file, X), (X @ w.T + b) @ w.T, atol=1e-5)


def test_an_array_of_a_net_array_itself(tmp_path):
    file = File()
    net = linear(file, 3, 2, biases=False)
    net["Arrays"] = {**net["Arrays"], "Weights": call("NetArray", {"Name": "w", "Array": net["Arrays"]["Weights"]})}
    np.testing.assert_allclose(outputs(tmp_path, net, file, X), X @ file.arrays[0].T, atol=1e-6)


def test_class_numbers(tmp_path):
    net = layer("UnitVector", classes(4), tensor(4), {"ClassCount": 4})
    assert outputs(tmp_path, net, File(), np.array([1, 4], "float32")).argmax(1).tolist() == [0, 3]


def test_unused_arrays_and_parameters_are_named(tmp_path):
    file = File()
    net = linear(file, 3, 2)
    net["Parameters"]["Sparse"] = Symbol("True")
    file.array(5)
    report = netconv.convert_file(file.write(tmp_path / "net.wlnet", net))
    source = tmp_path / "net.wlnet"
    assert f"note: {source}: a parameter that the graph does not use: 'Arrays/3'" in report.text
    assert "note: Linear: parameters that are not known are ignored: Sparse" in report.text
    assert "inferred from" not in report.text


def test_a_net_without_values(tmp_path):
    file = File()
    net = linear(File(), 3, 2)
    net["Arrays"] = {"Weights": tensor(2, 3), "Biases": call("Nullable", tensor(2))}
    written = file.write(tmp_path / "net.wlnet", net)
    report = netconv.convert_file(written, seed=3)
    assert "note: the net has no values of its arrays: untrained, initial weights drawn with seed 3" in report.text
    assert len(netconv.convert(written).weights) == 2


def test_some_arrays_without_values(tmp_path):
    file = File()
    net = linear(file, 3, 2)
    net["Arrays"] = {**net["Arrays"], "Biases": tensor(2)}
    source = file.write(tmp_path / "net.wlnet", net)
    with pytest.raises(FormatError) as error:
        netconv.convert(source)
    assert str(error.value) == (
        f"{source}: some arrays are not initialized: 'Biases'; initialize the net with NetInitialize before Export"
    )


def test_without_its_parameters(tmp_path):
    source = File().write(tmp_path / "net.wlnet", chain(elementwise(Symbol("Tanh"), 3)))
    with pytest.raises(FormatError) as error:
        netconv.convert(source, "net.params")
    assert str(error.value) == f"{source}: a .wlnet file has its arrays; leave out net.params"
    file = File()
    source = file.write(tmp_path / "net.wlnet", linear(file, 3, 2))
    assert not (netconv.convert(source, False).get_weights()[0] == file.arrays[0].T).all()


def test_from_a_stream(tmp_path):
    file = File()
    source = file.write(tmp_path / "net.wlnet", linear(file, 3, 2))
    stream = io.BytesIO(source.read_bytes())
    model = netconv.convert(stream)
    np.testing.assert_allclose(model.predict(X, verbose=0), X @ file.arrays[0].T + file.arrays[1], atol=1e-6)
    with pytest.raises(FormatError, match=r"^the stream: an HDF5 file without the member Version; a \.wlnet file is"):
        netconv.convert(io.BytesIO(damaged(tmp_path)))
    assert netconv.read(source).nodes[0].name == "Input"


def damaged(folder):
    import h5py

    with h5py.File(folder / "other.h5", "w") as file:
        file["x"] = 1
    return (folder / "other.h5").read_bytes()


def test_unknown_layers_are_named_at_once(tmp_path):
    other = layer("ImageAugmentation", tensor(3), tensor(3))
    inner = layer("NetMap", tensor(4, 3), tensor(4, 3), {"Net": layer("NetGAN", tensor(3), tensor(3))})
    with pytest.raises(UnsupportedOps) as error:
        read(tmp_path, chain(other, chain(*[other] * 6), inner))
    assert str(error.value) == (
        "net.wlnet: layers that are not supported: ImageAugmentation (1, 2.1, 2.2, 2.3, 2.4 and 2 more: Keras has "
        "no layer with the same random crops and reflections); NetGAN (3); "
        'exported with Export["net.json", net, "MXNet"] the net may be'
    )
    assert set(error.value.ops) == {"ImageAugmentation", "NetGAN"}


TANH = elementwise(Symbol("Tanh"), 3)
LINEAR = layer("Linear", tensor(3), tensor(2), {}, {"Weights": call("ExportedArray", 9), "Biases": NONE})


def changed(net, **parts):
    return {**net, **parts}


def edges(*pairs):
    return tuple(rule(*pair) for pair in pairs)


INPUT, OUTPUT = path("Inputs", "Input"), path("Outputs", "Output")
INNER_IN, INNER_OUT = path("Nodes", "1", "Inputs", "Input"), path("Nodes", "1", "Outputs", "Output")
BROKEN = {
    "no net": ((1, 2), "its member Network is {1, 2}, and not a net"),
    "no layers": ({"Type": "Chain", "Nodes": 3}, "the Chain has no layers (Nodes)"),
    "no layer": (changed(chain(TANH), Nodes={"1": 5}), "layer '1' is 5, and not a layer"),
    "no ports": (changed(TANH, Inputs=5), "the Elementwise has no Inputs"),
    "no parameters": (changed(TANH, Parameters=5), "a layer Elementwise has no Parameters or Arrays"),
    "no input": (changed(TANH, Inputs={}), "the net has no input"),
    "another output": (
        changed(TANH, Outputs={"Output": tensor(3), "Other": tensor(3)}),
        "the Elementwise does not give its output 'Other'",
    ),
    "no edge": (changed(chain(TANH), Edges=(3,)), "the net '' has 3 where an edge is expected"),
    "no port": (
        changed(chain(TANH), Edges=edges((path("Nodes", "7", "Inputs", "Input"), INPUT))),
        'the net \'\' has an edge at NetPath["Nodes", "7", "Inputs", "Input"], which is not a port of it',
    ),
    "an output without an edge": (
        changed(chain(TANH), Edges=edges((INNER_IN, INPUT))), "output 'Output' of the net is not connected",
    ),
    "an edge from a port that there is not": (
        changed(chain(TANH), Edges=edges((INNER_IN, path("Inputs", "Other")), (OUTPUT, INNER_OUT))),
        "Nodes/1/Inputs/Input is connected to Inputs/Other, which there is not",
    ),
    "a cycle": (
        changed(chain(TANH), Edges=edges((INNER_IN, INNER_OUT), (OUTPUT, INNER_OUT))),
        "the net has a cycle through layer '1'",
    ),
    "an array that there is not": (LINEAR, "array 'Weights' is number 9, which the file does not have"),
    "a random array": (
        changed(LINEAR, Arrays={"Weights": call("NormalDistribution", 0, 1), "Biases": NONE}),
        "array 'Weights' is NormalDistribution[0, 1], and not an array of the file; initialize the net with "
        "NetInitialize before Export",
    ),
    "lists of different lengths": (
        changed(LINEAR, Arrays={"Weights": ((1, 2), (3,)), "Biases": NONE}),
        "array 'Weights' is {{1, 2}, {3}}, and not an array of the file; initialize the net with NetInitialize before "
        "Export",
    ),
    "an array of words": (
        changed(LINEAR, Arrays={"Weights": call("NumericArray", ("a",), "Real32"), "Biases": NONE}),
        "array 'Weights' is NumericArray[{\"a\"}, \"Real32\"], and not an array of the file; initialize the net with "
        "NetInitialize before Export",
    ),
    "a shared array that there is not": (
        changed(LINEAR, Arrays={"Weights": call("NetSharedArray", "w"), "Biases": NONE}),
        "array 'Weights' is the shared array 'w', which the net does not have",
    ),
    "a shared array of a shared array": (
        changed(LINEAR, Arrays={"Weights": call("NetSharedArray", "w"), "Biases": NONE},
                SharedArrays={"w": call("NetSharedArray", "w")}),
        "the shared array 'w' refers to another shared array",
    ),
}  # fmt: skip


@pytest.mark.parametrize("net, message", BROKEN.values(), ids=list(BROKEN))
def test_broken_nets(net, message, tmp_path):
    assert error_of(tmp_path, net) == f"net.wlnet: {message}"


INLINE = np.arange(6).reshape(2, 3)


@pytest.mark.parametrize(
    "stored",
    [
        call("NumericArray", INLINE.astype("float32"), "Real32"),
        call("RawArray", "Real32", INLINE.astype("float32")),
        call("NumericArray", INLINE.astype("int8"), "UnsignedInteger8"),
        call("NumericArray", INLINE.astype("int16"), "Integer16"),
        call("NumericArray", INLINE.astype(float), "Real64"),
        tuple(map(tuple, INLINE.tolist())),
        INLINE.astype(float),
    ],
    ids=["numeric", "raw", "bytes", "short", "double", "lists", "packed"],
)
def test_arrays_in_the_expression(tmp_path, stored):
    file = File()
    net = chain(changed(LINEAR, Arrays={"Weights": stored, "Biases": file.array(2)}), elementwise(Symbol("Tanh"), 2))
    out = np.tanh(X @ INLINE.T.astype("float32") + file.arrays[0])
    np.testing.assert_allclose(outputs(tmp_path, net, file, X), out, atol=1e-6)
    found = read(tmp_path, net, file).graph.parameters
    assert [(p.name, p.shape, p.node is None) for p in found] == [
        ("1.Biases", (2,), False),
        ("1.Weights", (2, 3), False),
    ]


def test_large_bytes_in_the_expression(tmp_path):
    stored = call("NumericArray", np.array([[-1, -128, 127]], "int8"), "UnsignedInteger8")
    found = read(tmp_path, changed(LINEAR, Arrays={"Weights": stored, "Biases": NONE})).graph.parameters
    assert found[0].read().tolist() == [[255, 128, 127]]


def test_a_shared_array_in_the_expression_is_one(tmp_path):
    arrays = {"Weights": call("NetSharedArray", "w"), "Biases": NONE}
    net = chain(changed(linear(File(), 3, 3), Arrays=arrays), changed(linear(File(), 3, 3), Arrays=arrays))
    net["SharedArrays"] = {"w": tuple(map(tuple, np.eye(3).tolist()))}
    assert [p.name for p in read(tmp_path, net).graph.parameters] == ["w"]


def test_nested_too_deeply(tmp_path, monkeypatch):
    monkeypatch.setattr(nets, "DEEPEST", 3)
    net = TANH
    for _ in range(5):
        net = chain(net)
    assert error_of(tmp_path, net) == "net.wlnet: nets are nested more than 3 levels deep"


def test_too_many_operations(tmp_path, monkeypatch):
    monkeypatch.setattr("netconv.frontends.wolfram.builder.MOST_NODES", 50)
    net = layer("NetNest", tensor(3), tensor(3), {"Net": TANH, "Iterations": 1000})
    assert error_of(tmp_path, net) == "net.wlnet: the net has more than 50 operations"


SCALING = call("Slot", 1)


def pure(body):
    return elementwise(call("Function", body), 3)


def recurrent(**parameters):
    return layer("BasicRecurrent", tensor(4, 3), tensor(4, 2), {"OutputSize": 2, **parameters})


def image(kind, **parameters):
    return layer(kind, tensor(3, 8, 8), tensor(4, 6, 6), {
        "OutputChannels": 4, "KernelSize": (3, 3), "Stride": (1, 1), "PaddingSize": ((0, 0), (0, 0)),
        "Dimensionality": 2, **parameters}, {"Weights": tensor(4, 3, 3, 3), "Biases": NONE})  # fmt: skip


def attention(queries=(2, 3), **parameters):
    ports = {"Key": tensor(2, 3), "Value": tensor(2, 3), "Query": tensor(*queries)}
    return layer("Attention", ports, tensor(2, 3), {"ScoringNet": "Dot", **parameters})


REFUSED = {
    "no input": (changed(TANH, Inputs={"Input": Symbol("AnyTensorT")}, Type="Softmax", Parameters={}),
                 "Softmax node 'Layer': the shape of its input 'Input' is not in the file"),
    "no output": (changed(LINEAR, Outputs={"Output": Symbol("AnyTensorT")}),
                  "Linear node 'Layer': the shape of its output is not in the file"),
    "an open output": (changed(LINEAR, Outputs={"Output": tensor(None)}),
                       "Linear node 'Layer': the shape of its output has a length that is not known"),
    "no parameter": (changed(TANH, Parameters={}), "Elementwise node 'Layer': it has no parameter Function"),
    "no array": (changed(LINEAR, Arrays={"Biases": NONE}), "Linear node 'Layer': it has no array Weights"),
    "no integer": (recurrent(OutputSize=0.5),
                   "BasicRecurrent node 'Layer': parameter OutputSize must be an integer of at least 1; received 0.5"),
    "no number": (layer("Dropout", tensor(3), tensor(3), {"DropoutProbability": "half"}),
                  'Dropout node \'Layer\': parameter DropoutProbability must be a number; received half'),
    "a rate": (layer("Dropout", tensor(3), tensor(3), {"DropoutProbability": 1}),
               "Dropout node 'Layer': parameter DropoutProbability must be at least 0 and less than 1; received 1.0"),
    "a method": (layer("Dropout", tensor(3), tensor(3), {"Method": "Other"}),
                 "Dropout node 'Layer': parameter Method must be Dropout or AlphaDropout; received Other"),
    "no boolean": (image("Convolution", Interleaving=3),
                   "Convolution node 'Layer': parameter Interleaving must be True or False; received 3"),
    "no name": (layer("Aggregation", tensor(3), tensor(), {"Function": 3}),
                "Aggregation node 'Layer': parameter Function must be a name; received 3"),
    "no sizes": (image("Convolution", KernelSize=(3,)),
                 "Convolution node 'Layer': parameter KernelSize must have 2 integers of at least 1; received {3}"),
    "a padding": (image("Convolution", PaddingSize=((1, 2),)),
                  "Convolution node 'Layer': parameter PaddingSize must have 2 pairs of integers of at least 0; "
                  "received {{1, 2}}"),
    "axes": (image("Convolution", Dimensionality=3),
             "Convolution node 'Layer': its input must have one to three axes besides the channels, as its "
             "Dimensionality; received (3, 8, 8)"),
    "an uneven deconvolution": (
        image("Deconvolution", PaddingSize=((1, 0), (0, 0))),
        "Deconvolution node 'Layer': parameter PaddingSize must be the same before and after each axis; received "
        "((1, 0), (0, 0))"),
    "a pooling function": (image("Pooling", Function=Symbol("Median")),
                           "Pooling node 'Layer': parameter Function must be Max, Mean, Total; received Median"),
    "a convention": (image("Pooling", **{"$MXPoolingConvention": "same"}),
                     "Pooling node 'Layer': parameter $MXPoolingConvention must be valid or full; received same"),
    "ignored padding": (image("Pooling", PaddingSize=((1, 1), (1, 1)), **{"$IgnorePadding": Symbol("True")}),
                        "Pooling node 'Layer': padding with $IgnorePadding True is not supported"),
    "a function": (elementwise(Symbol("BesselJ"), 3),
                   "Elementwise node 'Layer': its function BesselJ of 1 arguments is not supported"),
    "a named function": (elementwise("Unknown", 3),
                         "Elementwise node 'Layer': its function is not supported; received Unknown"),
    "code": (pure(call("RunProcess", "rm", SCALING)),
             "Elementwise node 'Layer': its function RunProcess of 2 arguments is not supported"),
    "a number that is too large": (
        pure(call("Plus", SCALING, call("Power", 10, 400))),
        "Elementwise node 'Layer': its function has Power of numbers; received 10.0 and 400.0"),
    "a division by zero": (pure(call("Plus", SCALING, call("Divide", 1, 0))),
                           "Elementwise node 'Layer': its function has Divide of numbers; received 1.0 and 0.0"),
    "a logarithm of zero": (pure(call("Plus", SCALING, call("Log", 0))),
                            "Elementwise node 'Layer': its function has Log of a number; received 0.0"),
    "a large integer": (pure(call("Plus", SCALING, 10**350)),
                        "Elementwise node 'Layer': its function has a number that is too large"),
    "bounds": (pure(call("Clip", SCALING, (1,))),
               "Elementwise node 'Layer': its function Clip must have a lower and an upper bound"),
    "bounds that vary": (pure(call("Clip", SCALING, (SCALING, 1))),
                         "Elementwise node 'Layer': its function Clip must have numbers as bounds"),
    "no last clause": (pure(call("Which", call("Less", SCALING, 1), 2)),
                       "Elementwise node 'Layer': its function Which must end with True and a value"),
    "no clauses": (pure(call("Piecewise", (1, 2))),
                   "Elementwise node 'Layer': its function Piecewise is not supported; received {1, 2}"),
    "a variable that there is not": (pure(call("Slot", 2)),
                                     "Elementwise node 'Layer': its function Slot of 1 arguments is not supported"),
    "too many arguments": (elementwise(call("ScalarFunctionObject", (), 1, {}), 3),
                           "Elementwise node 'Layer': its function has 0 arguments, and the layer 1 inputs"),
    "a step": (elementwise(call("ScalarFunctionObject", (call("ScalarSymbol", 1),), 1, {"a": 3}), 3),
               "Elementwise node 'Layer': its function has a step that is not supported; received 3"),
    "inputs that do not fit": (
        layer("Threading", {"1": tensor(3), "2": tensor(2, 4)}, tensor(2, 4), {"Function": Symbol("Plus")}),
        "Threading node 'Layer': its inputs cannot be repeated to the shape (2, 4) of its output; received (3,), (2, "
        "4)"),
    "inputs that fit in two ways": (
        layer("Threading", {"1": tensor(3), "2": tensor(3, 3)}, tensor(3, 3), {"Function": Symbol("Plus")}),
        "Threading node 'Layer': the file does not say at which level its inputs of fewer axes are repeated; received "
        "(3,), (3, 3)"),
    "inputs at no level": (
        layer("Threading", {"1": tensor(3), "2": tensor(3, 3)}, tensor(3, 3), {"Function": Symbol("Plus"), "Level": 0}),
        "Threading node 'Layer': parameter Level must be a level, or one for each input; received 0"),
    "inputs at two levels": (
        layer("Threading", {"1": tensor(3), "2": tensor(3, 3)}, tensor(3, 3),
              {"Function": Symbol("Plus"), "Level": 1, "Other": 2}),
        "Threading node 'Layer': must have no parameters but Function and the level at which its inputs are repeated; "
        "received Level, Other"),
    "a level": (layer("Softmax", tensor(3), tensor(3), {"Level": 2}),
                "Softmax node 'Layer': parameter Level must be a level of an input of 1 axes; received 2"),
    "levels": (layer("Aggregation", tensor(3), tensor(), {"Function": Symbol("Max"), "Levels": 0}),
               "Aggregation node 'Layer': parameter Levels must be levels of an input of 1 axes; received 0"),
    "an aggregation": (layer("Aggregation", tensor(3), tensor(), {"Function": Symbol("Median"), "Levels": 1}),
                       "Aggregation node 'Layer': parameter Function must be Max, Min, Total, Times or Mean; received "
                       "Median"),
    "a level to flatten": (layer("Flatten", tensor(3, 4), tensor(12), {"Level": 2}),
                           "Flatten node 'Layer': parameter Level must be a level below 2 or infinity; received 2"),
    "a permutation": (layer("Transpose", tensor(3, 4), tensor(4, 3), {"Specification": (1, 1)}),
                      "Transpose node 'Layer': parameter Specification must be a permutation of 2 levels; received "
                      "{1, 1}"),
    "a pair": (layer("Transpose", tensor(3, 4), tensor(4, 3), {"Specification": call("TwoWayRule", 1, 3)}),
               "Transpose node 'Layer': parameter Specification must have pairs of levels of an input of 2 axes; "
               "received "
               "TwoWayRule[1, 3]"),
    "a part": (layer("Part", tensor(3), tensor(), {"Specification": 4}),
               "Part node 'Layer': parameter Specification must have positions and spans; received 4"),
    "a span": (layer("Part", tensor(3), tensor(2), {"Specification": call("Span", 2, 5)}),
               "Part node 'Layer': parameter Specification must have positions of an axis of length 3; received "
               "Span[2, 5]"),
    "too many parts": (layer("Part", tensor(3), tensor(), {"Specification": (1, 1)}),
                       "Part node 'Layer': parameter Specification must have at most 1 parts; received {1, 1}"),
    "copies": (layer("Replicate", tensor(3), tensor(3), {"Specification": 1}),
               "Replicate node 'Layer': parameter Level must be a level of the input; received 1"),
    "a catenation": (layer("Catenate", {"1": tensor(3), "2": tensor(3)}, tensor(6), {"Level": 2}),
                     "Catenate node 'Layer': parameter Level must be a level of inputs of 1 axes; received 2"),
    "a distance": (layer("NetPairEmbedding", tensor(2, 3), tensor(),
                         {"Net": TANH, "DistanceFunction": Symbol("Other")}),
                   "NetPairEmbedding node 'Layer': parameter DistanceFunction must be EuclideanDistance or "
                   "CosineDistance"),
    "no net": (layer("NetMap", tensor(2, 3), tensor(2, 3), {"Net": 3}),
               "NetMap node 'Layer': its parameter Net is not a net"),
    "a fold of open length": (
        layer("NetFold", tensor(None, 3), tensor(None, 3), {"Net": TANH}, States={"State": tensor(3)}),
        "NetFold node 'Layer': needs sequences of one known length of at most 1000; give the net an input of fixed "
        "length with NetReplacePart before Export; received [(None,)]"),
    "times": (layer("NetNest", tensor(3), tensor(3), {"Net": TANH}),
              "NetNest node 'Layer': it has no parameter Iterations"),
    "too many times": (layer("NetNest", tensor(3), tensor(3), {"Net": TANH, "Iterations": 1001}),
                       "NetNest node 'Layer': parameter Iterations must be at most 1000; received 1001"),
    "names": (
        layer("NetMapThread", tensor(2, 3), tensor(2, 3), {"Net": TANH, "$MappedDepth": (1,), "$InputNames": (1,)}),
        "NetMapThread node 'Layer': parameter InputNames must be a list of names; received {1}"),
    "other names": (
        layer("NetMapThread", tensor(2, 3), tensor(2, 3), {"Net": TANH, "$MappedDepth": (1,), "$InputNames": ("a",)}),
        "NetMapThread node 'Layer': parameter $InputNames must have its inputs Input; received a"),
    "constants": (layer("NetFold", tensor(4, 3), tensor(4, 3), {"Net": TANH, "ConstantPorts": ("a",)}),
                  "NetFold node 'Layer': parameter ConstantPorts must have inputs of Input; received a"),
    "an array for a parameter": (
        recurrent(OutputSize=call("ValidatedParameter", np.zeros(3, "float32"))),
        "BasicRecurrent node 'Layer': parameter OutputSize must not be an array; received array of shape (3,)"),
    "heads": (layer("Attention", {"Key": tensor(2, 3), "Value": tensor(2, 3), "Query": tensor(2, 3)}, tensor(2, 3),
                    {"ScoringNet": "Dot", "MultiHead": Symbol("True")}),
              "Attention node 'Layer': its keys and values must be arrays of vectors, its query a vector or an array "
              "of "
              "vectors, each with an axis of heads before the last; received (2, 3), (2, 3), (2, 3)"),
    "a mask": (attention(Mask=call("Rule", "Causal", 3)),
               "Attention node 'Layer': parameter Mask must be Causal or None; received Rule[\"Causal\", 3]"),
    "a causal mask of other queries": (
        attention((4, 3), Mask="Causal"),
        "Attention node 'Layer': the mask Causal needs as many queries as keys, along one axis; received (4,) and "
        "(2,)"),
    "a rescaling": (attention(ScoreRescaling="Other"),
                    "Attention node 'Layer': parameter ScoreRescaling must be DimensionSqrt, LengthSqrt or None; "
                    "received "
                    "Other"),
    "a rescaling by different lengths": (
        attention((2, 4), ScoreRescaling="DimensionSqrt"),
        "Attention node 'Layer': ScoreRescaling DimensionSqrt needs queries and keys of the same known length; "
        "received "
        "4 and 3"),
    "dropout of weights": (attention(Dropout=1), "Attention node 'Layer': parameter Dropout must be at least 0 and "
                                                 "less "
                                                 "than 1; received 1.0"),
    "no query": (layer("Attention", {"Key": tensor(2, 3), "Value": tensor(2, 3)}, tensor(2, 3), {"ScoringNet": "Dot"}),
                 "Attention node 'Layer': must have a Query, and a Key and Value (or Input); received Key, Value"),
    "an ordering": (layer("Ordering", tensor(3), tensor(3), {"Elements": 4}),
                    "Ordering node 'Layer': parameter Elements must be All or a count of at most 3; received 4"),
    "an ordering of a matrix": (layer("Ordering", tensor(3, 3), tensor(3), {}),
                                "Ordering node 'Layer': its input must be a vector; received (3, 3)"),
    "a maximum": (layer("SequenceIndices", tensor(3), tensor(3), {"Maximum": 0}),
                  "SequenceIndices node 'Layer': parameter Maximum must be Infinity or an integer of at least 1; "
                  "received "
                  "0"),
    "indices of a number": (layer("SequenceIndices", tensor(), tensor(), {}),
                            "SequenceIndices node 'Layer': its input must be a sequence; received ()"),
    "a deep position": (
        layer("Extract", {"Input": tensor(3), "Position": tensor(2)}, tensor(), {}),
        "Extract node 'Layer': its Position must be an index, a list of at most 1 of them, or several lists; received "
        "(2,)"),
    "no position": (layer("Extract", tensor(3), tensor(), {}),
                    "Extract node 'Layer': has the inputs Input and Position; received Input"),
    "a margin": (layer("ContrastiveLoss", {"Input": tensor(), "Target": tensor()}, {"Loss": tensor()}, {"Margin": "x"}),
                 "ContrastiveLoss node 'Layer': parameter Margin must be a number; received x"),
    "sequences of numbers": (
        layer("CTCLoss", {"Input": tensor(4), "Target": tensor(2)}, {"Loss": tensor()}, {}),
        "CTCLoss node 'Layer': its Input must be a sequence of vectors, its Target a sequence; received (4,) and (2,)"),
    "a form of target": (layer("CrossEntropyLoss", {"Input": tensor(3), "Target": tensor(3)}, {"Loss": tensor()},
                               {"TargetForm": "Other"}),
                         "CrossEntropyLoss node 'Layer': parameter TargetForm must be Index, Probabilities or Binary; "
                         "received Other"),
    "a resampling": (layer("Resize", tensor(3, 4), tensor(3, 8), {"Resampling": "Cubic"}),
                     "Resize node 'Layer': must resize one or two axes, with Resampling Linear or Nearest; received "
                     "1 axes, Cubic"),
    "a factor": (layer("Resize", tensor(3, 4), tensor(3, 8), {"Resampling": "Nearest", "Specification": (8,)}),
                 "Resize node 'Layer': Resampling Nearest needs a specification of Scaled[n] for each axis; received "
                 "{8}"),
}  # fmt: skip


@pytest.mark.parametrize("net, message", REFUSED.values(), ids=list(REFUSED))
def test_refused_layers(net, message, tmp_path):
    file = File()
    for name, value in net["Arrays"].items():
        if value == call("ExportedArray", 9):
            net = changed(net, Arrays={**net["Arrays"], name: file.array(2, 3)})
    assert error_of(tmp_path, net, file, NodeError) == message


def test_what_a_translation_does_not_expect_names_the_layer(tmp_path, monkeypatch):
    monkeypatch.setitem(translations(), "Softmax", lambda at: at.parameter("Level") + at.shape)
    assert error_of(tmp_path, chain(TANH, softmax(3)), kind=NodeError) == (
        "Softmax node '2': its parameters are not those of such a layer; received <|\"Level\" -> -1|>"
    )


def test_an_output_of_another_shape_than_the_file_says(tmp_path):
    source = File().write(tmp_path / "net.wlnet", chain(changed(TANH, Outputs={"Output": tensor(4)})))
    with pytest.raises(FormatError) as error:
        netconv.convert(source)
    assert str(error.value) == (
        f"{source}: its output 'Output' has the shape (?, 4), and the model's would have (?, 3): a layer of the net is "
        "not converted as Mathematica computes it"
    )


def test_a_layer_that_is_not_fed(tmp_path):
    nodes = {"c": layer("Catenate", {"1": tensor(3), "2": tensor(3)}, tensor(6), {"Level": 1})}
    net = graph(nodes, [".Input -> c.1", "c -> .Output"], {"Input": tensor(3)}, {"Output": tensor(6)})
    assert error_of(tmp_path, net, kind=NetconvError) == "Catenate node 'c': its inputs are not all connected: 2"
