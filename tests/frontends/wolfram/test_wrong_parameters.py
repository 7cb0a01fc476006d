"""A parameter of a layer that is missing or wrong is named with its layer."""

import numpy as np
from wolfram_files import (
    NONE,
    TRUE,
    File,
    call,
    chain,
    class_decoder,
    elementwise,
    image_encoder,
    layer,
    linear,
    softmax,
    tensor,
)  # fmt: skip

from netconv.errors import NetconvError, NodeError
from netconv.frontends.wolfram import nets, reader
from netconv.frontends.wolfram.expressions import Symbol

IN_THE_PLACE = [
    0, -1, 3, 10**30, 2.5, float("inf"), "", "x", (), (1,), ((1, 2),), {}, {"a": 1}, NONE, TRUE, Symbol("All"),
    call("Span", 1, 2), call("ExportedArray", 1), call("ExportedArray", 99), call("LengthVar", 1), tensor(), tensor(3),
    {"Type": "Linear"}, {"Type": "Chain"}, call("DirectedInfinity", 1),
]  # fmt: skip


def net(file):
    """A net with layers of many kinds."""
    parameters = {"OutputChannels": 2, "KernelSize": (3, 3), "Stride": (1, 1), "PaddingSize": ((1, 1), (0, 0)),
                  "Dimensionality": 2, "Interleaving": Symbol("False"), "ChannelGroups": 1}  # fmt: skip
    convolution = layer("Convolution", tensor(3, 6, 8), tensor(2, 6, 6), parameters,
                        {"Weights": file.array(2, 3, 3, 3), "Biases": file.array(2)})  # fmt: skip
    arrays = {"InputWeights": file.array(4, 6), "StateWeights": file.array(4, 4), "Biases": file.array(4)}
    recurrent = layer("BasicRecurrent", tensor(6, 6), tensor(6, 4), {"OutputSize": 4, "Dropout": NONE}, arrays)
    nested = layer("NetNest", tensor(4), tensor(4), {"Net": chain(linear(file, 4, 4)), "Iterations": 3})
    mapped = layer("NetMap", tensor(6, 4), tensor(6, 4), {"Net": nested})
    return chain(
        convolution,
        elementwise(call("Function", call("If", call("Less", call("Slot", 1), 1), call("Slot", 1), 1)), 2, 6, 6),
        layer("Part", tensor(2, 6, 6), tensor(6, 6), {"Specification": 1}),
        recurrent,
        mapped,
        layer("Aggregation", tensor(6, 4), tensor(4), {"Function": Symbol("Mean"), "Levels": 1}),
        linear(file, 4, 3),
        softmax(3),
        inputs={"Input": image_encoder(8, 6)},
        outputs={"Output": class_decoder("a", "b", "c")},
    )


def test_wrong_parameters_are_named(tmp_path):
    """Every parameter of every layer, left out or with another value: an error names the layer and the parameter."""
    file = File()
    whole = net(file)
    found, _ = reader.open_net(file.write(tmp_path / "net.wlnet", whole), "net.wlnet")
    for name, each in whole["Nodes"].items():
        for key in each["Parameters"]:
            for value in (None, *IN_THE_PLACE, np.zeros(3, "float32")):
                parameters = {k: v for k, v in each["Parameters"].items() if k != key}
                parameters |= {} if value is None else {key: value}
                other = {**whole, "Nodes": {**whole["Nodes"], name: {**each, "Parameters": parameters}}}
                try:
                    with reader.located("net.wlnet"):
                        reader.translated((found, nets.all_upgraded(other, found.version)))
                except NodeError as error:
                    message = str(error)
                    assert error.node.partition(".")[0] == name and "not those of" not in message
                    assert key == "Net" or key.strip("$").lower() in message.lower()
                except NetconvError as error:
                    assert "damaged" not in str(error)
