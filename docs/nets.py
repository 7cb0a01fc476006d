"""Writes the nets of tutorial.md, as MXNet and Mathematica write them; neither is needed.

`python nets.py [FOLDER]` writes one `.json` file per net into FOLDER, by default `nets`. None has a parameter file:
they are untrained. Sources of the nets: the Keras and MXNet packages of R (`rnn.graph` for the last of them), MXNet's
Symbol and Mathematica's NetChain.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path


@dataclass(frozen=True)
class Dialect:
    """How a version writes a graph: the `key` of a node's attributes, the ends of the names of a layer's weight and
    bias, and what Mathematica does otherwise than MXNet."""

    version: int
    key: str
    weight: str = "_weight"
    bias: str = "_bias"
    mathematica: bool = False


MXNET_1 = Dialect(10901, "attrs")
MXNET_0 = Dialect(905, "attr")
MATHEMATICA = Dialect(10400, "attrs", ".Weights", ".Biases", mathematica=True)


class Chain:
    """A net that grows node by node; `last` is the number of the node that the next one reads."""

    def __init__(self, dialect: Dialect, data: str = "data"):
        self.dialect, self.nodes = dialect, []
        self.last = self.null(data)

    def node(self, op: str, name: str, inputs: list[int], attributes: dict) -> int:
        node = {"op": op, "name": name}
        if attributes:
            node[self.dialect.key] = {key: str(value) for key, value in attributes.items()}
        self.nodes.append(node | {"inputs": [[number, 0, 0] for number in inputs]})
        return len(self.nodes) - 1

    def null(self, name: str) -> int:
        return self.node("null", name, [], {})

    def add(self, op: str, name: str, *more: str, **attributes) -> Chain:
        """A node that reads the last one and then null nodes, made here by their names."""
        self.last = self.node(op, name, [self.last, *map(self.null, more)], attributes)
        return self

    def layer(self, op: str, name: str, **attributes) -> Chain:
        """A node with a weight and a bias."""
        if self.dialect.mathematica:
            attributes["no_bias"] = False
        return self.add(op, name, name + self.dialect.weight, name + self.dialect.bias, **attributes)

    def dense(self, name: str, units: int) -> Chain:
        return self.layer("FullyConnected", name, num_hidden=units)

    def activation(self, name: str, kind: str) -> Chain:
        return self.add("Activation", name, act_type=kind)

    def dropout(self, name: str, share: float) -> Chain:
        return self.add("Dropout", name, p=share)

    @property
    def json(self) -> str:
        ops = [node["op"] for node in self.nodes]
        graph = {"nodes": self.nodes, "arg_nodes": [number for number, op in enumerate(ops) if op == "null"]}
        if not self.dialect.mathematica:  # where the outputs of each node begin: some have a second one, unseen
            graph["node_row_ptr"] = list(accumulate((1 + (op in ("Dropout", "Pooling")) for op in ops), initial=0))
        graph["heads"] = [[self.last, 0, 0]]
        return json.dumps(graph | {"attrs": {"mxnet_version": ["int", self.dialect.version]}}, indent=2)


def mlp() -> Chain:
    """Keras in R: layer_dense(256, "relu"), layer_dropout(0.4), layer_dense(128, "relu"), layer_dropout(0.3), ..."""
    net = Chain(MXNET_1, "dense_1_input")
    net.dense("dense_1", 256).activation("dense_1_relu", "relu").dropout("dropout_1", 0.4)
    net.dense("dense_2", 128).activation("dense_2_relu", "relu").dropout("dropout_2", 0.3)
    return net.dense("dense_3", 10).add("softmax", "dense_3_softmax", axis=-1)


def logit() -> Chain:
    """Keras in R: a multinomial logit, layer_dense(10, "softmax")."""
    return Chain(MXNET_1, "dense_1_input").dense("dense_1", 10).add("softmax", "dense_1_softmax", axis=-1)


def cnn() -> Chain:
    """MXNet in Python: three blocks of convolution, ReLU, max pooling and dropout, and two dense layers."""
    net = Chain(MXNET_1)
    for block, filters in enumerate((32, 64, 128), 1):
        net.layer("Convolution", f"conv{block}", kernel="(3, 3)", num_filter=filters, pad="(1, 1)")
        net.activation(f"relu{block}", "relu")
        net.add("Pooling", f"pool{block}", kernel="(2, 2)", pool_type="max", stride="(2, 2)")
        net.dropout(f"drop{block}", 0.3)
    net.add("Flatten", "flatten").dense("fc1", 625).activation("relu4", "relu").dropout("drop4", 0.3)
    return net.dense("fc2", 10).add("SoftmaxOutput", "softmax", "softmax_label")


def activations() -> Chain:
    """Keras in R, with activations as layers: layer_dense(784), layer_dropout(0.4), layer_activation("relu"), ..."""
    net = Chain(MXNET_1, "dense_1_input").dense("dense_1", 784).dropout("dropout_1", 0.4)
    net.activation("activation_1", "relu").dense("dense_2", 10)
    return net.add("softmax", "activation_2", axis=-1)


def feedforward() -> Chain:
    """MXNet in R, version 0.9: mx.symbol.FullyConnected(data, 128), mx.symbol.Activation(fc1, "relu"), ..."""
    net = Chain(MXNET_0).dense("fc1", 128).activation("relu1", "relu").dense("fc2", 64).activation("relu2", "relu")
    return net.dense("fc3", 10).add("SoftmaxOutput", "sm", "sm_label")


def lstm() -> Chain:
    """MXNet in R: rnn.graph(num_rnn_layer = 2, num_hidden = 128, num_decode = 10, config = "seq-to-one",
    cell_type = "lstm", loss_output = "softmax")."""
    net = Chain(MXNET_1).add("SwapAxis", "swap_pre", dim1=0, dim2=1)
    options = {"bidirectional": False, "mode": "lstm", "num_layers": 2, "p": 0, "state_outputs": False}
    net.add("RNN", "RNN", "rnn.params.weight", "rnn.state", "rnn.state.cell", state_size=128, **options)
    net.add("SequenceLast", "mask", use_sequence_length=False)
    net.add("FullyConnected", "decode", "cls.weight", "cls.bias", num_hidden=10)
    return net.add("SoftmaxOutput", "loss", "label", ignore_label=-1, use_ignore=False)


def kidney() -> Chain:
    """Mathematica: NetChain[{BatchNormalizationLayer[], LinearLayer[20], Ramp, DropoutLayer[0.1], LinearLayer[2],
    SoftmaxLayer[]}, "Input" -> 24, "Output" -> NetDecoder["Class", ...]]; the classes' names are not exported."""
    net = Chain(MATHEMATICA, "Input")
    options = {"fix_gamma": "false", "use_global_stats": "false", "axis": 1, "cudnn_off": 0}
    arrays = ("1.Scaling", "1.Biases", "1.MovingMean", "1.MovingVariance")
    net.add("BatchNorm", "1", *arrays, eps=0.001, momentum=0.9, **options).dense("2", 20).add("relu", "3$0")
    net.add("Dropout", "4$0", p=0.1, mode="always", axes="()").dense("5", 2).add("softmax", "6$0", axis=1)
    return net.add("identity", "Output")


NETS = (mlp, logit, cnn, activations, feedforward, lstm, kidney)

if __name__ == "__main__":
    folder = Path(sys.argv[1] if sys.argv[1:] else "nets")
    folder.mkdir(exist_ok=True)
    for net in NETS:
        (folder / f"{net.__name__}.json").write_text(net().json + "\n")
