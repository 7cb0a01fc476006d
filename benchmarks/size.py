"""Time and memory of converting large nets: time by the number of nodes, memory by the size of the parameters."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
from turns import NETCONV, heading, row, run

from netconv.frontends.mxnet import params_file

NODES = (100, 1000, 10000)
VGG16 = (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0)
"""Filters of the convolutions; 0 is a pooling."""
CONVERT = """
import sys, time, netconv
netconv.convert_file(sys.argv[1], output=sys.argv[1] + ".keras")
for path in sys.argv[1:]:
    start = time.perf_counter()
    netconv.convert_file(path, output=path + ".keras")
    print(time.perf_counter() - start)
"""
KERAS = "import sys, keras; keras.applications.VGG16(weights=None).save(sys.argv[1])"


class Net:
    """A graph that grows node by node, and its arrays, all small numbers."""

    def __init__(self):
        self.nodes = [{"op": "null", "name": "data", "inputs": []}]
        self.arrays: list[tuple[str, np.ndarray]] = []

    def add(self, op: str, inputs: list[int], arrays: tuple[tuple[int, ...], ...] = (), **attrs) -> int:
        name = f"{op.lower()}{len(self.nodes)}"
        for number, shape in enumerate(arrays):
            self.arrays.append((f"{name}_{number}", np.full(shape, 0.01, "float32")))
            inputs = [*inputs, len(self.nodes)]
            self.nodes.append({"op": "null", "name": f"{name}_{number}", "inputs": []})
        attrs = {key: str(value) for key, value in attrs.items()}
        self.nodes.append({"op": op, "name": name, "attrs": attrs, "inputs": [[i, 0, 0] for i in inputs]})
        return len(self.nodes) - 1

    def write(self, path: Path) -> Path:
        nulls = [i for i, node in enumerate(self.nodes) if node["op"] == "null"]
        path.write_text(json.dumps({"nodes": self.nodes, "arg_nodes": nulls, "heads": [[len(self.nodes) - 1, 0, 0]]}))
        params_file.write(path.with_suffix(".params"), self.arrays)
        return path


def residual(nodes: int) -> Net:
    """Consecutive dense layers with skip connections."""
    net, last = Net(), 0
    for _ in range(nodes // 4):
        x = net.add("FullyConnected", [last], ((16, 16), (16,)), num_hidden=16)
        x = net.add("elemwise_add", [last, net.add("Activation", [x], act_type="tanh")])
        last = net.add("_mul_scalar", [x], scalar=0.5)
    return net


def vgg16() -> Net:
    net, last, channels = Net(), 0, 3
    for filters in VGG16:
        if filters:
            arrays = ((filters, channels, 3, 3), (filters,))
            last = net.add("Convolution", [last], arrays, kernel=(3, 3), pad=(1, 1), num_filter=filters)
            last, channels = net.add("Activation", [last], act_type="relu"), filters
        else:
            last = net.add("Pooling", [last], kernel=(2, 2), stride=(2, 2), pool_type="max")
    fan_in = channels * 7 * 7
    for units in (4096, 4096, 1000):
        last = net.add("FullyConnected", [last], ((units, fan_in), (units,)), num_hidden=units)
        fan_in = units
    net.add("softmax", [last])
    return net


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = [str(residual(nodes).write(folder / f"nodes-{nodes}.json")) for nodes in NODES]
        command = [sys.executable, "-c", CONVERT, *paths]
        times = [[float(line) for line in run(command)[2].split()] for _ in range(3)]
        seconds = [statistics.median(column) for column in zip(*times, strict=True)]
        heading()
        for few, many, one, two in zip(NODES, NODES[1:], seconds, seconds[1:], strict=False):
            row(f"convert {many:,} nodes : 10 x {few:,} nodes", two, 10 * one, "s", "<= 1")
        net = vgg16()
        size = sum(array.nbytes for _, array in net.arrays) / 2**20
        path = net.write(folder / "vgg16.json")
        ours = [*NETCONV, "convert", str(path), "-o", str(folder / "vgg16.keras")]
        theirs = [sys.executable, "-c", KERAS, str(folder / "theirs.keras")]
        peaks = [(run(ours)[1], run(theirs)[1]) for _ in range(3)]
        one, two = (statistics.median(column) for column in zip(*peaks, strict=True))
        row(f"peak memory of VGG-16 ({size:.0f} MiB) : Keras's own, made and saved", one, two, "MiB", "<= 1")


if __name__ == "__main__":
    main()
