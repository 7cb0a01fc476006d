"""Stands for MXNet in tests: the few functions that the program of `netconv.verification` calls, for graphs of a few
ops. Gradients are central differences in double precision."""

import json
import os

import numpy as np

runs = []


def changing(_attrs, x):
    """The tangent, and another number the first time."""
    runs.append(1)
    return np.tan(x) + (len(runs) == 1)


__version__ = os.environ.get("FAKE_MXNET_VERSION", "1.9.1")
OPS = {
    "FullyConnected": lambda a, x, w, b: x @ w.T + b,
    "Activation": lambda a, x: {"tanh": np.tanh, "sigmoid": lambda x: 1 / (1 + np.exp(-x))}[a["act_type"]](x),
    "softmax": lambda a, x: np.exp(x) / np.exp(x).sum(-1, keepdims=True),
    "SoftmaxOutput": lambda a, x, _label: np.exp(x) / np.exp(x).sum(-1, keepdims=True),
    "elemwise_add": lambda a, x, y: x + y,
    "tan": changing,
    "sin": lambda a, x: np.sin(x) * (1 + 3e-5),  # rounded coarsely
    "cos": lambda a, x: np.cos(x) * (1 + 3e-3),
    "slice_axis": lambda a, x: x[:, int(a["begin"]) : int(a["end"])],
    "relu": lambda a, x: np.maximum(x, 0),
    "Dropout": lambda a, x: x,
    "identity": lambda a, x: x,
}


def normalized(attrs, x, gamma, beta, mean, var):
    return (x - mean) / np.sqrt(var + float(attrs["eps"])) * gamma + beta


class Array:
    """An NDArray."""

    def __init__(self, value):
        self.value = value

    def asnumpy(self):
        return self.value

    def __setitem__(self, key, other):
        self.value[key] = other.value

    def __sub__(self, other):
        return Array(self.value - other.value)

    def __rmul__(self, number):
        return Array(number * self.value)


class nd:
    @staticmethod
    def array(value, dtype):
        return Array(np.array(value, dtype))

    @staticmethod
    def zeros_like(array):
        return Array(np.zeros_like(array.value))


def cpu():
    return None


class Symbol:
    def __init__(self, text):
        self.graph = json.loads(text)
        if any(node["op"] == "crash" for node in self.graph["nodes"]):
            os.write(2, b"Segmentation fault: 11\n")
            os._exit(7)

    def list_arguments(self):
        auxiliary = self.list_auxiliary_states()
        return [node["name"] for node in self.graph["nodes"] if node["op"] == "null" and node["name"] not in auxiliary]

    def list_auxiliary_states(self):
        names = [node["name"] for node in self.graph["nodes"]]
        return [names[i] for node in self.graph["nodes"] if node["op"] == "BatchNorm" for i, *_ in node["inputs"][3:]]

    def infer_shape_partial(self, **known):
        label = next(iter(known.values()))[:1]
        return [known.get(name, label) for name in self.list_arguments()], [], []

    def bind(self, _context, arguments, gradients, _requests, states):
        return Executor(self.graph, arguments | states, gradients)


class sym:
    load_json = Symbol


class Executor:
    def __init__(self, graph, arguments, gradients):
        self.graph, self.arguments, self.gradients = graph, arguments, gradients

    def _outputs(self, training, update=False):
        values = []
        for node in self.graph["nodes"]:
            if node["op"] == "null":
                values.append(self.arguments[node["name"]].value.astype("float64"))
            elif node["op"] == "BatchNorm":
                x, gamma, beta, *moving = (values[index] for index, *_ in node["inputs"])
                own = (x.mean(0), x.var(0)) if training else moving
                values.append(normalized(node["attrs"], x, gamma, beta, *own))
                kept = float(node["attrs"]["momentum"])
                for (index, *_), old, new in zip(node["inputs"][3:], moving, own) if update else ():  # noqa: B905
                    name = self.graph["nodes"][index]["name"]
                    self.arguments[name].value = (kept * old + (1 - kept) * new).astype("float32")
            elif node["op"] not in OPS:
                raise ValueError(f"Error in operator {node['name']}: [12:00] a.cc:7: Check failed: no op {node['op']}")
            else:
                values.append(OPS[node["op"]](node["attrs"], *(values[index] for index, *_ in node["inputs"])))
        return [values[index] for index, *_ in self.graph["heads"]]

    def forward(self, is_train):
        return [Array(value.astype("float32")) for value in self._outputs(is_train, update=is_train)]

    def backward(self, cotangents, is_train):
        for name, gradient in self.gradients.items():
            single = self.arguments[name].value
            self.arguments[name].value = double = single.astype("float64")
            for place in np.ndindex(double.shape):
                sides = []
                for step in (1e-5, -2e-5):
                    double[place] += step
                    sides.append(sum((o * c.value).sum() for o, c in zip(self._outputs(is_train), cotangents)))  # noqa: B905
                double[place] = single[place]
                gradient.value[place] = (sides[0] - sides[1]) / 2e-5
            self.arguments[name].value = single
