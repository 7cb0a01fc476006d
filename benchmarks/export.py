"""Speed of a converted ResNet-50 that was exported with `--inference`, in each runtime, compared with Keras's own
by `predict`, and with MXNet on the same weights.

`make bench` records the net, and passes the Python that has MXNet: `python benchmarks/export.py
.venv-mxnet/bin/python`.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
from inference import MXNet
from turns import RESNET, heading, row

from netconv.exporters.runtimes import RUNTIMES
from netconv.exporters.served_model import ServedModel, served
from netconv.exporters.targets import export
from netconv.inference.loading import open_model

TURNS = {1: 10, 8: 5}
CALLS = 5
"""In a turn, one after the other. The first is not timed: it is slowed down by the threads of the side before, which
wait for more work for a while."""


def timed(function, data):
    def run() -> tuple[float, ...]:
        start = time.perf_counter()
        function(data)
        return (time.perf_counter() - start,)

    run()
    return run


def runner(loaded, to: str, folder: Path):
    """A function of images in a runtime, whose file is written for any size of the batch."""
    path = folder / f"net{RUNTIMES[to].ending}"
    export(loaded, to, path, print, inference=True)
    one: ServedModel = served(loaded, loaded.model)
    run = RUNTIMES[to].runner(one, path)
    return lambda images: run([images])


def main() -> None:
    loaded = open_model(RESNET, input_shapes={"data": (None, 3, 224, 224)})
    theirs = keras.applications.ResNet50(weights=None, classifier_activation=None)
    with tempfile.TemporaryDirectory() as folder:
        runners = {to: runner(loaded, to, Path(folder)) for to in ("savedmodel", "litert", "onnx")}
        heading()
        for batch, turns in TURNS.items():
            data = np.random.default_rng(0).normal(size=(batch, 3, 224, 224)).astype("float32")
            last = np.ascontiguousarray(data.transpose(0, 2, 3, 1))
            mxnet = MXNet(sys.argv[1], batch)
            sides = [timed(run, data) for run in runners.values()]
            sides += [timed(lambda images: theirs.predict(images, verbose=0), last), mxnet]
            times: list[list[float]] = [[] for _ in sides]
            for turn in range(turns):
                for number in sorted(range(len(sides)), key=lambda n, turn=turn: (n + turn) % len(sides)):
                    times[number] += [sides[number]()[0] for _ in range(CALLS)][1:]
            mxnet.close()
            *ours, keras_s, mxnet_s = map(statistics.median, times)
            for to, one in zip(runners, ours, strict=True):
                name = f"ResNet-50 as {RUNTIMES[to].title}, batch {batch}"
                row(f"{name} : `predict` of keras.applications", one, keras_s, "s", "<= 0.8")
                row(f"{name} : MXNet, same weights", one, mxnet_s, "s", "<= 0.7")


if __name__ == "__main__":
    main()
