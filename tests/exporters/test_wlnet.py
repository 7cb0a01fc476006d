"""A .wlnet file is written again from the .keras file alone: byte for byte where it was not trained, and with the
trained arrays where it was."""

import io
import json

import h5py
import numpy as np
import pytest
from wolfram_files import (
    FALSE,
    NONE,
    TRUE,
    File,
    call,
    chain,
    class_decoder,
    elementwise,
    layer,
    linear,
    packed,
    softmax,
    tensor,
)

import netconv
from netconv.errors import FormatError, NetconvError
from netconv.frontends.wolfram import container
from netconv.frontends.wolfram.expressions import Symbol, unpacked
from netconv.inference.loading import open_model
from netconv.keras_files import archive


def dense(file):
    return chain(linear(file, 4, 5), elementwise(Symbol("Tanh"), 5), linear(file, 5, 3), softmax(3))


def image(file):
    parameters = {"OutputChannels": 4, "KernelSize": (2, 2), "PaddingSize": ((1, 0), (0, 1)), "ChannelGroups": 2,
                  "Dimensionality": 2, "Interleaving": FALSE}  # fmt: skip
    statistics = {"Scaling": file.array(4), "Biases": file.array(4), "MovingMean": file.array(4),
                  "MovingVariance": file.array(4, value=np.ones(4))}  # fmt: skip
    transposed = {"OutputChannels": 2, "KernelSize": (2, 2), "Stride": (2, 2), "PaddingSize": ((0, 0), (0, 0)),
                  "Dimensionality": 2}  # fmt: skip
    return chain(
        layer("Convolution", tensor(2, 5, 4), tensor(4, 5, 4), parameters,
              {"Weights": file.array(4, 1, 2, 2), "Biases": file.array(4)}),
        layer("BatchNormalization", tensor(4, 5, 4), tensor(4, 5, 4), {"Momentum": 0.9, "Epsilon": 0.001}, statistics),
        layer("Deconvolution", tensor(4, 5, 4), tensor(2, 10, 8), transposed,
              {"Weights": file.array(4, 2, 2, 2), "Biases": file.array(2)}),
        layer("Linear", tensor(2, 10, 8), tensor(), {}, {"Weights": file.array(1, 160), "Biases": file.array(1)}),
    )  # fmt: skip


def sequence(kind, gates):
    def made(file):
        def arrays():
            roles = {"InputWeights": (4, 3), "StateWeights": (4, 4), "Biases": (4,)}
            return {f"{gate}{role}": file.array(*shape) for gate in gates for role, shape in roles.items()}

        one, other = (
            layer(kind, tensor(5, 3), tensor(5, 4), {"OutputSize": 4, "Dropout": NONE}, arrays()) for _ in "ab"
        )
        both = {"ForwardNet": one, "BackwardNet": other, "Aggregation": Symbol("Catenate"), "$SequentialOutput": TRUE}
        return chain(layer("NetBidirectional", tensor(5, 3), tensor(5, 8), both))

    return made


def constants(file):
    array = layer("ConstantTimes", tensor(3), tensor(3), {}, {"Scaling": file.array(3)})
    normalized = layer("Normalization", tensor(3), tensor(3), {"AggregationLevels": 1, "ScalingLevels": "Same"},
                       {"Scaling": file.array(3), "Biases": file.array(3)})  # fmt: skip
    slope = layer("ParametricRamp", tensor(3), tensor(3), {}, {"Slope": file.array(3)})
    net = chain(array, normalized, slope)
    file.array(7)  # no layer uses it
    return net


def mapped(file):
    inner = chain(linear(file, 3, 3), elementwise(Symbol("Tanh"), 3))
    nested = layer("NetNest", tensor(3), tensor(3), {"Net": inner, "Iterations": 3})
    return layer("NetMap", tensor(4, 3), tensor(4, 3), {"Net": nested})


NETS = {
    "dense": dense,
    "image": image,
    "lstm": sequence("LongShortTermMemory", ("InputGate", "OutputGate", "ForgetGate", "MemoryGate")),
    "gru": sequence("GatedRecurrent", ("InputGate", "ResetGate", "MemoryGate")),
    "basic": sequence("BasicRecurrent", ("",)),
    "constants": constants,
    "mapped": mapped,
}


@pytest.fixture(params=list(NETS))
def source(request, tmp_path):
    file = File("12.0.10")
    return file.write(tmp_path / "net.wlnet", NETS[request.param](file))


def test_what_was_not_trained_is_the_same_file(source):
    netconv.convert_file(source)
    (written,) = netconv.export(source.with_suffix(".keras"), "wlnet")
    assert written == source.with_name("net-trained.wlnet")
    assert written.read_bytes() == source.read_bytes()


def test_trained_arrays(source):
    netconv.convert_file(source)
    loaded = open_model(source.with_suffix(".keras"))
    model = loaded.model
    x = np.random.default_rng(2).normal(size=(8, *model.input_shape[1:])).astype("float32")
    model.compile(loss="mean_squared_error", optimizer="adam")
    model.fit(x, np.ones((8, *model.output_shape[1:])), verbose=0)
    trained = source.with_name("net-trained.keras")
    archive.save(model, trained, loaded.members)
    (written,) = netconv.export(trained, "wlnet")
    before, after = container.read(source, "a"), container.read(written, "b")
    assert before.without_arrays() == after.without_arrays() and before.network == after.network
    changed = [not np.array_equal(before.values(a), after.values(after.arrays[n])) for n, a in before.arrays.items()]
    assert sum(changed) >= len(changed) - 1  # the array that no layer uses stays
    again = netconv.convert(written)
    np.testing.assert_allclose(again.predict(x, verbose=0), model.predict(x, verbose=0), atol=1e-6)


def test_to_mxnet(source):
    netconv.convert_file(source)
    written = netconv.export(source.with_suffix(".keras"), "mxnet")
    assert [path.name for path in written] == ["net-trained.json", "net-trained.params"]
    one, other = netconv.convert(source), netconv.convert(written[0])
    x = np.random.default_rng(2).normal(size=(3, *one.input_shape[1:])).astype("float32")
    assert one.input_shape == other.input_shape
    np.testing.assert_allclose(other.predict(x, verbose=0), one.predict(x, verbose=0), atol=1e-6)


def test_arrays_in_the_expression(tmp_path):
    file = File()
    net = chain(linear(file, 3, 3), linear(file, 3, 2))
    net["Nodes"]["2"]["Arrays"]["Weights"] = ((1.0, 2.0, 3.0), (4.0, 5.0, 6.0))
    netconv.convert_file(file.write(tmp_path / "net.wlnet", net))
    model = tmp_path / "net.keras"
    assert error_of(model, "wlnet", kind=FormatError) == (
        f"{model}: in its .wlnet file the arrays '2.Weights' are a part of the expression, which is not written; "
        "to='mxnet' writes net.json and net.params"
    )
    one, other = netconv.convert(tmp_path / "net.wlnet"), netconv.convert(netconv.export(model, "mxnet")[0])
    x = np.random.default_rng(2).normal(size=(3, 3)).astype("float32")
    np.testing.assert_allclose(other.predict(x, verbose=0), one.predict(x, verbose=0), atol=1e-6)


@pytest.fixture
def model(tmp_path):
    file = File()
    netconv.convert_file(file.write(tmp_path / "net.wlnet", dense(file)))
    return tmp_path / "net.keras"


def test_to_a_stream_and_from_one(model):
    stream = io.BytesIO()
    assert netconv.export(model.read_bytes(), "wlnet", stream) == []
    assert stream.getvalue() == model.with_name("net.wlnet").read_bytes()


def error_of(*arguments, kind=NetconvError):
    with pytest.raises(kind) as error:
        netconv.export(*arguments)
    return str(error.value)


def test_errors(model, tmp_path):
    assert error_of(model, "caffe") == (
        "'caffe' is not a target; choose one of wlnet, mxnet, savedmodel, litert, onnx, keras, python, r"
    )
    assert error_of(model, "wlnet", tmp_path / "net.json") == (
        f"{tmp_path / 'net.json'}: the file for wlnet ends in .wlnet; choose another output"
    )
    assert error_of(model, "mxnet", io.BytesIO()) == (
        "net.json and net.params are two files, which cannot be written to a stream"
    )
    other = tmp_path / "other.keras"
    netconv.save(netconv.convert(tmp_path / "net.wlnet"), other)
    assert error_of(other, "wlnet", kind=FormatError) == (
        f"{other}: it does not have the net that it was converted from, as it was saved with Keras; like='net.wlnet' "
        "gives the file of the net"
    )
    loaded = open_model(model)
    archive.save(loaded.model, other, {k: v for k, v in loaded.members.items() if not k.startswith("wlnet")})
    assert error_of(other, "wlnet", kind=FormatError) == (
        f"{other}: it was not converted from a .wlnet file; to='mxnet' writes net.json and net.params"
    )


@pytest.mark.parametrize(
    "facts", [b"{}", b'{"arrays": 3}', b'{"arrays": []}', b'{"arrays": [[1, "float32", [5, 4], -3, 80]]}', b"[]"]
)
def test_damaged_facts(model, facts):
    loaded = open_model(model)
    archive.save(loaded.model, model, loaded.members | {"wlnet.json": facts})
    assert error_of(model, "wlnet", kind=FormatError) == f"{model}: its member netconv/wlnet.json is damaged"


@pytest.mark.parametrize("change", [(3, 10**12), (4, 10**12), (1, "object"), (2, [4, 5])], ids=str)
def test_damaged_arrays(model, change):
    loaded = open_model(model)
    facts = json.loads(loaded.members["wlnet.json"])
    facts["arrays"][0][change[0]] = change[1]
    archive.save(loaded.model, model, loaded.members | {"wlnet.json": json.dumps(facts).encode()})
    assert error_of(model, "wlnet", kind=FormatError) == f"{model}: its member netconv/wlnet.json is damaged"


def test_a_net_that_was_not_initialized(tmp_path):
    arrays = {"Weights": tensor(3, 4), "Biases": tensor(3)}
    net = layer("Linear", tensor(4), tensor(3), {"OutputDimensions": (3,)}, arrays)
    netconv.convert_file(File().write(tmp_path / "net.wlnet", net))
    assert error_of(tmp_path / "net.keras", "wlnet", kind=FormatError) == (
        f"{tmp_path / 'net.keras'}: its .wlnet file has no arrays, whose places those of the model could take; use "
        "NetInitialize before Export, and like='net.wlnet'"
    )


def test_a_model_that_was_trained_on_a_table(tmp_path):
    file = File()
    net = dense(file)
    net["Outputs"] = {"Output": class_decoder("cat", "dog", "owl")}
    source = file.write(tmp_path / "net.wlnet", net)
    rng = np.random.default_rng(0)
    rows = [f"{','.join(map(str, rng.normal(size=4).round(3)))},{name}" for name in ("owl", "cat", "dog") * 20]
    (tmp_path / "t.csv").write_text("a,b,c,d,kind\n" + "\n".join(rows) + "\n")
    result = netconv.train(source, tmp_path / "t.csv", epochs=1)
    assert result.encoding.heads[0].classes == ("cat", "dog", "owl")
    result.save(tmp_path / "net-trained.keras")
    lines = []
    (written,) = netconv.export(tmp_path / "net-trained.keras", "wlnet", None, lines.append)
    assert lines == [
        "not in the net: how the training table was read (columns, categories); it takes the numbers that columns "
        "become"
    ]
    assert container.read(written, "x").network == container.read(source, "x").network


@pytest.mark.parametrize("fixed_strings", [False, True])
def test_new_class_names_become_labels(tmp_path, fixed_strings):
    """All the rest of the expression stays, byte for byte."""
    file = File()
    net = dense(file)
    labels = call("ValidatedParameter", ("1", "2", "3")) if fixed_strings else ("1", "2", "3")
    decoder = {"InputDepth": 1, "Labels": labels, "$Rank": 0}
    net["Outputs"] = {"Output": call("NetDecoder", "Class", decoder, tensor(3))}
    source = file.write(tmp_path / "net.wlnet", net, fixed_strings=fixed_strings)
    netconv.convert_file(source, classes=["cat", "dög", "owl"])
    lines = []
    (written,) = netconv.export(tmp_path / "net.keras", "wlnet", None, lines.append)
    assert lines == ["the labels of the decoder of Output are now cat, dög, owl; they were 1, 2, 3"]
    before, after = container.read(source, "a"), container.read(written, "b")
    decoder["Labels"] = call("ValidatedParameter", ("cat", "dög", "owl")) if fixed_strings else ("cat", "dög", "owl")
    assert unpacked(after.stored.decode()) == packed(net) and after.stored != before.stored
    for number, array in before.arrays.items():
        np.testing.assert_array_equal(before.values(array), after.values(after.arrays[number]))
    with h5py.File(written) as one, h5py.File(source) as other:
        assert list(one) == list(other) and one["Network"].dtype.kind == other["Network"].dtype.kind
    (again,) = netconv.export(tmp_path / "net.keras", "wlnet", tmp_path / "again.wlnet")
    assert again.read_bytes() == written.read_bytes()
    assert str(netconv.inspect(written)).splitlines()[-1] == "note: classes cat, dög, owl"


def test_class_names_of_a_net_without_labels(model):
    netconv.convert_file(model.with_name("net.wlnet"), classes=["cat", "dog", "owl"])
    lines = []
    (written,) = netconv.export(model, "wlnet", None, lines.append)
    assert lines == ["not in the net: the class names cat, dog, owl"]
    assert written.read_bytes() == model.with_name("net.wlnet").read_bytes()


def test_a_model_in_memory_keeps_its_net_and_class_names(tmp_path):
    """Trained on the numbers of its outputs."""
    file = File()
    net = dense(file) | {"Outputs": {"Output": class_decoder("cat", "dog", "owl")}}
    source = file.write(tmp_path / "net.wlnet", net)
    x = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
    trained = netconv.train(netconv.convert(source), (x, np.arange(30) % 3), epochs=1)
    lines = []
    (written,) = netconv.export(trained, "wlnet", tmp_path / "trained.wlnet", lines.append)
    assert not any("labels" in line or "class names" in line for line in lines)
    assert container.read(written, "a").stored == container.read(source, "b").stored
    trained.model.save(tmp_path / "plain.keras")  # without what netconv knows
    like = netconv.export(tmp_path / "plain.keras", "wlnet", tmp_path / "like.wlnet", like=source)
    assert like[0].read_bytes() == written.read_bytes()
