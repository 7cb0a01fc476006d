"""The program that runs graphs in a Python with MXNet: `mxnet_process.py` passes its text to that Python, which needs
nothing of netconv. It is written for Python 3.7 and newer.

Its argument is JSON: variables of the environment. It imports MXNet and writes the line `ready` on its standard output,
whether or not there is MXNet. Then it reads names of folders from its standard input, one a line,
and answers each with the line `done` on its standard output. In a folder, `task.json` has the `graph`, the nodes of
which are called n0, n1 ..., and `arrays.npz` the values of its null nodes by name, and `cotangent:0`, `cotangent:1`
...; it writes `results.npz`: the outputs by number, `gradient:n0` for the nodes `differentiated`, and `after:n0` for
the arrays after training; or `error.json`, the kind of the error and its text.
"""

import json
import os
import sys


def write_error(folder, kind, text):
    with open(os.path.join(folder, "error.json"), "w") as stream:
        json.dump([kind, text], stream)


def import_mxnet():
    """MXNet and numpy, or the kind and the text of the error."""
    try:
        import mxnet  # type: ignore[import-not-found]
        import numpy
    except Exception as error:
        return None, ("import", f"{type(error).__name__}: {error}")
    version = getattr(mxnet, "__version__", "unknown")
    return (mxnet, numpy), None if version.startswith("1.") else ("version", version)


def bound_arrays(mx, np, symbol, given):
    """The arrays of all arguments and auxiliary states; those without values, such as labels, are zeros of the inferred
    shape."""
    arguments, auxiliary = symbol.list_arguments(), symbol.list_auxiliary_states()
    if any(name not in given for name in arguments + auxiliary):
        known = {name: given[name].shape for name in arguments if name in given}
        shapes, _, more = symbol.infer_shape_partial(**known)
        inferred = list(shapes) + list(more)
        for position, name in enumerate(arguments + auxiliary):
            if name not in given:
                if not inferred[position] or not all(n > 0 for n in inferred[position]):
                    raise ValueError(f"the shape of input {name!r} cannot be inferred")
                given[name] = np.zeros(inferred[position], "float32")
    return {name: mx.nd.array(given[name], dtype=given[name].dtype) for name in arguments + auxiliary}


def run(mx, np, folder):
    with open(os.path.join(folder, "task.json")) as stream:
        task = json.load(stream)
    with np.load(os.path.join(folder, "arrays.npz"), allow_pickle=False) as file:
        given = {name: file[name] for name in file.files}
    cotangents = [given.pop(f"cotangent:{k}") for k in range(task["cotangents"])]
    cotangents = [mx.nd.array(value, dtype=value.dtype) for value in cotangents]
    given = {name: value.astype(task["types"].get(name, value.dtype)) for name, value in given.items()}
    symbol = mx.sym.load_json(json.dumps(task["graph"]))
    arrays = bound_arrays(mx, np, symbol, given)
    states = {name: arrays[name] for name in symbol.list_auxiliary_states()}
    arguments = {name: arrays[name] for name in symbol.list_arguments()}
    gradients = {name: mx.nd.zeros_like(arrays[name]) for name in task["differentiated"] if name in arguments}
    executor = symbol.bind(mx.cpu(), arguments, gradients, dict.fromkeys(gradients, "write"), states)
    for _ in range(task["steps"]):
        executor.forward(is_train=task["training"])
        executor.backward(cotangents, is_train=task["training"])
        if task["rate"]:
            for name, gradient in gradients.items():
                arguments[name][:] = arguments[name] - task["rate"] * gradient
    results = {f"gradient:{name}": value.asnumpy() for name, value in gradients.items()}
    results.update({f"after:{name}": arrays[name].asnumpy() for name in [*gradients, *states] if task["rate"]})
    outputs = executor.forward(is_train=False)
    results.update({str(number): output.asnumpy() for number, output in enumerate(outputs)})
    np.savez(os.path.join(folder, "results.npz"), **results)


def answer(line):
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main():
    for name, value in json.loads(sys.argv[1]).items():
        os.putenv(name, value)  # MXNet's library reads it when it is loaded
    modules, problem = import_mxnet()
    answer("ready")
    for line in sys.stdin:
        folder = line.rstrip("\n")
        try:
            if problem is None:
                run(*modules, folder)
            else:
                write_error(folder, *problem)
        except Exception as error:
            write_error(folder, "run", str(error) or type(error).__name__)
        answer("done")


if __name__ == "__main__":
    main()
