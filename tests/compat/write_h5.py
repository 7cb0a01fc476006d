"""Writes the nets of `fixtures` as `.h5` files for `keras2.py`, with what netconv's own model computes.

    python tests/compat/write_h5.py FOLDER

NET.npz has the inputs `in:0` ..., the outputs `out:0` ..., targets `target:0` ... and `scores`, the loss and the
metrics on them. Prints one line for each net: written, or the reason why it is not.
"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "conformance"))

import compare

from netconv.errors import NetconvError
from netconv.keras_files import archive


def unpacked(values):
    return values if len(values) > 1 else values[0]


def record(model, inputs: list) -> dict:
    """What the model computes for the inputs."""
    outputs = model.predict(unpacked(inputs), batch_size=len(inputs[0]), verbose=0)
    outputs = outputs if isinstance(outputs, list) else [outputs]
    losses = model.loss if isinstance(model.loss, list) else [model.loss]
    names = [loss if isinstance(loss, str) else loss.name for loss in losses]
    targets = [
        np.arange(np.prod(output.shape[:-1])).reshape(output.shape[:-1]) % output.shape[-1]
        if name.startswith("sparse")
        else np.full_like(output, 0.5)
        for name, output in zip(names, outputs, strict=True)
    ]
    scores = model.evaluate(unpacked(inputs), unpacked(targets), batch_size=len(inputs[0]), verbose=0)
    members = {"in": inputs, "out": outputs, "target": targets}
    arrays = {f"{kind}:{i}": each for kind, arrays in members.items() for i, each in enumerate(arrays)}
    return arrays | {"scores": np.ravel(scores)}


def main(folder: str) -> None:
    import keras

    Path(folder).mkdir(parents=True, exist_ok=True)
    written = 0
    for net in compare.NETS:
        path = Path(folder) / f"{net.name}.h5"
        converted, members = compare.converted_net(net)
        try:
            archive.save(converted.model, path)
        except NetconvError as error:
            print("not written", net.name, error, flush=True)
        else:
            fed = compare.part(members, "a/in:")
            inputs = [fed[tensor.name].astype(tensor.dtype) for tensor in converted.model.inputs]
            np.savez(path.with_suffix(".npz"), **record(converted.model, inputs))
            print("written", net.name, flush=True)
            written += 1
        keras.backend.clear_session()
    print(f"{written} of {len(compare.NETS)} nets written")


if __name__ == "__main__":
    main(*sys.argv[1:])
