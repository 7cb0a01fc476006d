"""Damaged `.wlnet` files, drawn with a seed: a net with wrong parts, or a file with wrong bytes."""

import random
import tempfile
from pathlib import Path

import h5py
import numpy as np
from wolfram_files import (
    FALSE,
    NONE,
    TRUE,
    File,
    call,
    chain,
    class_decoder,
    classes,
    elementwise,
    graph,
    image_encoder,
    layer,
    linear,
    softmax,
    tensor,
)

from netconv.frontends.wolfram.expressions import Expression, Symbol

NUMBERS = [0, 1, -1, 2, 3, 7, 1000, 10**5, 10**9, 2**31 - 1, 2**31, 10**30, -(10**9), 0.5, 2.5, -0.5, 1e300,
           float("nan"), float("inf")]  # fmt: skip
VALUES = [
    *NUMBERS, "", "x", "é" * 50, (), (1,), (10**9, 10**9), (3, 3), ((1, 2),), ((0, 0), (10**9, 0)), {}, {"a": 1}, NONE,
    TRUE, FALSE, Symbol("All"), Symbol("Automatic"), Symbol("Max"), Symbol("Tanh"), call("Span", 1, 2),
    call("ExportedArray", 1), call("ExportedArray", 2), call("ExportedArray", 99), call("LengthVar", 1), tensor(),
    tensor(3), tensor(None, 3), tensor(10**9), tensor(10**5, 10**5), tensor(*[2] * 40), {"Type": "Linear"},
    {"Type": "Chain"}, {"Type": "Ramp"}, call("DirectedInfinity", 1), call("NetSharedArray", "a"),
    call("ValidatedParameter", 3), call("Function", call("Slot", 1)), call("Rational", 1, 0),
]  # fmt: skip
KINDS = ("Linear", "Convolution", "Pooling", "Elementwise", "Softmax", "Flatten", "Reshape", "Dropout", "Replicate",
         "LongShortTermMemory", "NetMap", "Embedding", "Padding", "Resize", "Chain", "Graph")  # fmt: skip


def _images(file):
    parameters = {"OutputChannels": 2, "KernelSize": (3, 3), "Stride": (1, 1), "PaddingSize": ((1, 1), (0, 0)),
                  "Dimensionality": 2, "Interleaving": FALSE, "ChannelGroups": 1}  # fmt: skip
    convolution = layer("Convolution", tensor(3, 6, 8), tensor(2, 6, 6), parameters,
                        {"Weights": file.array(2, 3, 3, 3), "Biases": file.array(2)})  # fmt: skip
    pooling = layer("Pooling", tensor(2, 6, 6), tensor(2, 5, 5), {
        "KernelSize": (2, 2), "Stride": (1, 1), "PaddingSize": ((0, 0), (0, 0)), "Function": Symbol("Max"),
        "Dimensionality": 2})  # fmt: skip
    statistics = {"Scaling": file.array(2), "Biases": file.array(2), "MovingMean": file.array(2),
                  "MovingVariance": file.array(2, value=(1, 2))}  # fmt: skip
    return chain(
        convolution,
        layer("BatchNormalization", tensor(2, 6, 6), tensor(2, 6, 6), {"Momentum": 0.9, "Epsilon": 0.001}, statistics),
        pooling,
        layer("Flatten", tensor(2, 5, 5), tensor(50), {"Level": Symbol("All")}),
        linear(file, 50, 3),
        softmax(3),
        inputs={"Input": image_encoder(8, 6)},
        outputs={"Output": class_decoder("a", "b", "c")},
    )


def _sequences(file):
    def gates(*names):
        sizes = {"InputWeights": (4, 3), "StateWeights": (4, 4), "Biases": (4,)}
        return {f"{gate}Gate{role}": file.array(*size) for gate in names for role, size in sizes.items()}

    lstm = layer("LongShortTermMemory", tensor(None, 3), tensor(None, 4), {"OutputSize": 4, "Dropout": NONE},
                 gates("Input", "Output", "Forget", "Memory"))  # fmt: skip
    embedding = layer("Embedding", tensor(None, inner=classes(9)), tensor(None, 3),
                      {"OutputDimension": 3, "ClassCount": 9}, {"Weights": file.array(9, 3)})  # fmt: skip
    mapped = layer("NetMap", tensor(None, 4), tensor(None, 2), {"Net": linear(file, 4, 2)})
    last = layer("SequenceLast", tensor(None, 2), tensor(2))
    return chain(embedding, lstm, mapped, last)


def _functions(file):
    nested = layer("NetNest", tensor(4), tensor(4), {"Net": chain(linear(file, 4, 4)), "Iterations": 3})
    function = call("Function", call("If", call("Less", call("Slot", 1), 1), call("Slot", 1), call("Power", 2, 0.5)))
    return chain(
        nested,
        elementwise(function, 4),
        layer("Reshape", tensor(4), tensor(2, 2), {"Dimensions": (2, 2)}),
        layer("Transpose", tensor(2, 2), tensor(2, 2), {"Specification": call("TwoWayRule", 1, 2)}),
        layer("Replicate", tensor(2, 2), tensor(3, 2, 2), {"Specification": (3,), "Level": 1}),
        layer("Part", tensor(3, 2, 2), tensor(2, 2), {"Specification": 1}),
        layer("Aggregation", tensor(2, 2), tensor(2), {"Function": Symbol("Mean"), "Levels": 1}),
        layer("Padding", tensor(2), tensor(5), {"Specification": ((1, 2),), "Padding": 0.5}),
        layer("Dropout", tensor(5), tensor(5), {"DropoutProbability": 0.5}),
    )


def _graphs(file):
    two = {"1": tensor(4), "2": tensor(4)}
    nodes = {
        "a": linear(file, 3, 4),
        "b": linear(file, 3, 4),
        "sum": layer("Threading", two, tensor(4), {"Function": Symbol("Plus")}),
        "joined": layer("Catenate", two, tensor(8), {"Level": 1}),
        "out": linear(file, 8, 1),
    }
    edges = [".One -> a", ".Two -> b", "a -> sum.1", "b -> sum.2", "a -> joined.1", "sum -> joined.2", "joined -> out",
             "out -> .Output", "sum -> .Other"]  # fmt: skip
    inputs, outputs = {"One": tensor(3), "Two": tensor(3)}, {"Output": tensor(1), "Other": tensor(4)}
    return graph(nodes, edges, inputs, outputs)


VERSIONS = ("14.3.0", "12.0.10", "11.3.5", "11.0.0")
NETS = (_images, _sequences, _functions, _graphs)


def _changed(value, pick, rate):
    """An expression with some parts replaced, left out, repeated or nested."""
    if pick.random() < rate:
        match pick.randrange(8):
            case 0 if isinstance(value, str):
                return pick.choice(KINDS)
            case 1 if isinstance(value, dict | tuple | Expression):
                deep = value
                for _ in range(pick.choice([1, 3, 3 if rate > 0.003 else 45 if isinstance(value, dict) else 160])):
                    deep = {"Type": "Chain", "Nodes": {"1": deep}} if isinstance(value, dict) else (deep,)
                return deep
            case 2 | 3 if type(value) in (int, float):
                return pick.choice(NUMBERS)
            case 4 if isinstance(value, tuple) and value:
                return value * pick.choice([2, 3, 50])
        return pick.choice(VALUES)
    if isinstance(value, dict):
        kept = {key: _changed(each, pick, rate) for key, each in value.items() if pick.random() > rate / 2}
        if len(kept) > 1 and pick.random() < rate / 2:  # two parts are exchanged
            one, other = pick.sample(list(kept), 2)
            kept[one], kept[other] = kept[other], kept[one]
        return kept
    if isinstance(value, tuple):
        return tuple(_changed(each, pick, rate) for each in value if pick.random() > rate / 2)
    if isinstance(value, Expression):
        args = tuple(_changed(each, pick, rate) for each in value.args if pick.random() > rate / 2)
        return Expression(value.head if pick.random() > rate / 3 else Symbol("Other"), args)
    return value


def _with_wrong_bytes(data, pick):
    damaged = bytearray(data)
    for _ in range(pick.choice([1, 1, 3, 20])):
        damaged[pick.randrange(pick.choice([len(data), 4096]))] = pick.choice([0, 255, pick.randrange(256)])
    return bytes(damaged[: pick.randrange(len(data))] if pick.random() < 0.2 else damaged)


def damaged(seed):
    """The bytes of a damaged file."""
    pick, file = random.Random(seed), File(VERSIONS[seed // len(NETS) % len(VERSIONS)])
    net = NETS[seed % len(NETS)](file)
    is_container = pick.random() < 0.25
    if not is_container:
        net = _changed(net, pick, pick.choice([0.001, 0.003, 0.01, 0.05]))
        for number, array in enumerate(file.arrays):
            if pick.random() < 0.03:
                file.arrays[number] = pick.choice([array.T, array[..., None], array.reshape(-1)[:3], array * np.nan])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.wlnet"
        file.write(path, net)
        if pick.random() < 0.05:
            _with_wrong_members(path, pick)
        data = path.read_bytes()
    return _with_wrong_bytes(data, pick) if is_container else data


def _with_wrong_members(path, pick):
    """A member that is missing, of another type, chunked, or a link."""
    with h5py.File(path, "a") as file:
        name = pick.choice([*file, "Arrays/1", "Arrays/2"])
        if name not in file:
            return
        del file[name]
        match pick.randrange(5):
            case 0:
                file[name] = h5py.SoftLink("/Version")
            case 1:
                file[name] = h5py.ExternalLink("other.h5", "/Version")
            case 2:
                file.create_dataset(name, (10**12,), "f4", chunks=(1024,))
            case 3:
                file[name] = [1, 2, 3]
