"""The program that runs a graph in a Python with MXNet, as text: `mxnet_process.py` passes it to that Python, which
needs nothing of netconv. It is written for Python 3.7 and newer.

Its argument is a folder. In it, `task.json` has the graph (`graph`, the nodes of which are called n0, n1 ...), what to
do (`do`: "forward", "gradients" or "steps"), the learning rate and the number of steps; `arrays.npz` the arrays by name
of the node, and the cotangents by `cotangent:0`, `cotangent:1` ... It writes `results.npz`: the outputs by number, the
gradients by `gradient:n0`, and the arrays after training by `after:n0`; or `error.txt`, one line.
"""

import json
import os
import sys


def arguments(mx, np, symbol, given):
    """All arguments and auxiliary states; labels and other inputs without values are zeros of the inferred shape."""
    shapes = {name: array.shape for name, array in given.items()}
    names = [*symbol.list_arguments(), *symbol.list_auxiliary_states()]
    known = {name: shapes[name] for name in symbol.list_arguments() if name in shapes}
    if any(name not in given for name in names):
        inferred, _, auxiliary = symbol.infer_shape_partial(**known)
        for name, shape in zip(names, [*inferred, *auxiliary]):
            if name not in given:
                if not shape or not all(n > 0 for n in shape):
                    raise ValueError("the shape of input %r cannot be inferred" % name)
                given[name] = np.zeros(shape, "float32")
    return {name: mx.nd.array(given[name], dtype=given[name].dtype) for name in names}


def run(mx, np, task, folder):
    with np.load(os.path.join(folder, "arrays.npz"), allow_pickle=False) as file:
        given = {name: file[name] for name in file.files}
    given = {name: value.astype(task["types"].get(name, value.dtype)) for name, value in given.items()}
    cotangents = [mx.nd.array(given.pop("cotangent:%d" % k)) for k in range(task["cotangents"])]
    symbol = mx.sym.load_json(json.dumps(task["graph"]))
    values = arguments(mx, np, symbol, given)
    auxiliary = set(symbol.list_auxiliary_states())
    states = {name: value for name, value in values.items() if name in auxiliary}
    inputs = {name: value for name, value in values.items() if name not in auxiliary}
    kept = [name for name in task["differentiated"] if name in inputs]
    gradients = {name: mx.nd.zeros_like(inputs[name]) for name in kept}
    executor = symbol.bind(mx.cpu(), inputs, gradients, dict.fromkeys(gradients, "write"), states)
    training = task["training"]
    for _ in range(task["steps"]):
        executor.forward(is_train=training)
        executor.backward(cotangents, is_train=training)
        for name, gradient in gradients.items():
            if task["rate"]:
                inputs[name][:] = inputs[name] - task["rate"] * gradient
    results = {"gradient:" + name: value.asnumpy() for name, value in gradients.items()}
    if task["rate"]:
        trained = [*gradients, *auxiliary]
        results = {"after:" + name: values[name].asnumpy() for name in trained}
    for number, output in enumerate(executor.forward(is_train=False)):
        results[str(number)] = output.asnumpy()
    np.savez(os.path.join(folder, "results.npz"), **results)


def main(folder):
    with open(os.path.join(folder, "task.json")) as stream:
        task = json.load(stream)
    for name, value in task["environment"].items():
        os.putenv(name, value)  # MXNet's library reads it when it is loaded
    try:
        import mxnet as mx
        import numpy as np
    except Exception as error:
        return "import", "%s: %s" % (type(error).__name__, error)
    version = getattr(mx, "__version__", "unknown")
    if not version.startswith("1."):
        return "version", version
    try:
        run(mx, np, task, folder)
    except Exception as error:
        return "run", str(error) or type(error).__name__
    return None


problem = main(sys.argv[1])
if problem:
    with open(os.path.join(sys.argv[1], "error.txt"), "w") as stream:
        json.dump(problem, stream)
