"""Speed of a converted ResNet-50, compared with Keras's own and with MXNet on the same weights. Processor time is
measured too: other programs on the machine affect it less.

`make bench` records the net, and passes the Python that has MXNet: `python benchmarks/inference.py
.venv-mxnet/bin/python`.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
from turns import RESNET, heading, row

from netconv import conversion

RUNS = {1: 40, 8: 20}


class MXNet:
    """MXNet in a separate process, which times each run itself."""

    def __init__(self, python: str, batch: int):
        prefix = str(RESNET).removesuffix("-symbol.json")
        program = str(RESNET.parent.parent / "run_mxnet.py")
        command = [python, program, prefix, str(batch)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self()

    def __call__(self) -> tuple[float, ...]:
        self.process.stdin.write("run\n")
        self.process.stdin.flush()
        return tuple(map(float, self.process.stdout.readline().split()))

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def keras_run(model, data):
    def run() -> tuple[float, float]:
        start, used = time.perf_counter(), time.process_time()
        model.predict_on_batch(data)
        return time.perf_counter() - start, time.process_time() - used

    run()
    return run


def main() -> None:
    shapes = {"data": (None, 3, 224, 224)}
    ours = conversion.convert(RESNET, input_shapes=shapes).model
    theirs = keras.applications.ResNet50(weights=None, classifier_activation=None)
    heading()
    for batch, runs in RUNS.items():
        data = np.random.default_rng(0).normal(size=(batch, 3, 224, 224)).astype("float32")
        mxnet = MXNet(sys.argv[1], batch)
        sides = [
            keras_run(ours, data),
            keras_run(theirs, np.ascontiguousarray(data.transpose(0, 2, 3, 1))),
            mxnet,
        ]
        times: list[list[tuple[float, ...]]] = [[], [], []]
        for turn in range(runs):
            for number in sorted(range(3), key=lambda n, turn=turn: (n + turn) % 3):
                times[number].append(sides[number]())
        mxnet.close()
        one, keras_s, mxnet_s = ([statistics.median(column) for column in zip(*side, strict=True)] for side in times)
        name = f"ResNet-50, batch {batch}"
        row(f"{name} : keras.applications", one[0], keras_s[0], "s", "<= 1.05")
        row(f"{name}, processor time : keras.applications", one[1], keras_s[1], "s", "<= 1.05")
        row(f"{name} : MXNet, same weights", one[0], mxnet_s[0], "s", "<= 0.7")


if __name__ == "__main__":
    main()
