"""`.keras` files for tests: a small trained model without Keras, changed in one part, or damaged with a seed."""

import io
import json
import random
import zipfile

import h5py
import numpy as np
from fuzz.values import changed, with_wrong_bytes

POLICY = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}, "registered_name": None}
UNITS = 3


def made(name, config=None, module="keras.layers", registered=None):
    """A serialized object of Keras."""
    return {"module": module, "class_name": name, "config": config or {}, "registered_name": registered}


def _input_of(layer, size):
    history = {"shape": [None, size], "dtype": "float32", "keras_history": [layer, 0, 0]}
    return [{"args": [{"class_name": "__keras_tensor__", "config": history}], "kwargs": {}}]


def config():
    """The config of a model of two numbers, with a Dense layer `fc` and a Softmax `out`."""
    dense = {
        "name": "fc", "trainable": True, "dtype": POLICY, "units": UNITS, "activation": "relu", "use_bias": True,
        "kernel_initializer": made("GlorotUniform", {"seed": None}, "keras.initializers"),
        "bias_initializer": made("Zeros", {}, "keras.initializers"), "kernel_regularizer": None,
        "bias_regularizer": None, "kernel_constraint": None, "bias_constraint": None,
    }  # fmt: skip
    entry = {"batch_shape": [None, 2], "dtype": "float32", "sparse": False, "ragged": False, "name": "data"}
    layers = [
        made("InputLayer", entry) | {"name": "data", "inbound_nodes": []},
        made("Dense", dense)
        | {"build_config": {"input_shape": [None, 2]}, "name": "fc", "inbound_nodes": _input_of("data", 2)},
        made("Softmax", {"name": "out", "axis": -1}) | {"name": "out", "inbound_nodes": _input_of("fc", UNITS)},
    ]
    ends = {"input_layers": [["data", 0, 0]], "output_layers": [["out", 0, 0]]}
    compiled = {
        "optimizer": made("Adam", {"name": "adam", "learning_rate": 0.001}, "keras.optimizers"),
        "loss": "sparse_categorical_crossentropy", "loss_weights": None, "metrics": ["accuracy"],
        "weighted_metrics": None, "run_eagerly": False, "steps_per_execution": 1, "jit_compile": False,
    }  # fmt: skip
    functional = {"name": "net", "trainable": True, "layers": layers, **ends}
    return {**made("Functional", functional, "keras.src.models.functional", "Functional"), "compile_config": compiled}


def weights(file):
    """Writes the weights to an open HDF5 file."""
    group = file.create_group("layers/dense/vars")
    group.attrs["name"] = "fc"
    group["0"], group["1"] = np.eye(2, UNITS, dtype="f4"), np.zeros(UNITS, "f4")
    state = file.create_group("optimizer/vars")
    state["0"], state["1"] = np.int64(0), np.float32(0.001)


def table():
    """How a table with the columns a, b, kind was read."""
    feature = {"categories": [], "onehot": False, "fill": 1.5, "missing": 2, "coerced": False, "ids": None,
               "image": None, "sequence": None}  # fmt: skip
    return {
        "columns": ["a", "b", "kind"], "header": True, "features": [{"name": name, **feature} for name in "ab"],
        "heads": [{"name": "out", "targets": ["kind"], "classes": ["x", "y", "z"]}], "inputs": {}, "left_out": {},
        "decimal": ".",
    }  # fmt: skip


def members():
    """The members of the file by name: JSON, or bytes."""
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        weights(file)
    return {
        "metadata.json": {"keras_version": "3.12.0", "date_saved": "1980-01-01@00:00:00"},
        "config.json": config(),
        "model.weights.h5": stream.getvalue(),
        "netconv/table.json": table(),
    }


def packed(files, method=zipfile.ZIP_STORED):
    """The bytes of an archive of members, given by name or as pairs."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, value in files.items() if isinstance(files, dict) else files:
            archive.writestr(
                zipfile.ZipInfo(name), value if isinstance(value, bytes) else json.dumps(value), compress_type=method
            )
    return stream.getvalue()


def with_config(change):
    """The file after `change` has changed the config, or has returned another one."""
    files = members()
    found = change(files["config.json"])
    return packed(files | ({} if found is None else {"config.json": found}))


def with_weights(change):
    """The file after `change` has changed its open HDF5 file."""
    files = members()
    stream = io.BytesIO(files["model.weights.h5"])
    with h5py.File(stream, "a") as file:
        change(file)
    return packed(files | {"model.weights.h5": stream.getvalue()})


CLASSES = ("TFSMLayer", "Lambda", "StringLookup", "Dense", "Dropout", "Embedding", "GRU", "Adam", "L2", "function",
           "__lambda__", "__numpy__", "__tensor__", "Functional", "Sequential", "Popen", "Map")  # fmt: skip
MODULES = ("keras.layers", "keras.optimizers", "keras.src.ops.core", "builtins", "os", "keras")


def _changed_weights(data, pick):
    stream = io.BytesIO(data)
    with h5py.File(stream, "a") as file:
        place = pick.choice(["layers/dense/vars", "optimizer/vars", "layers", "layers/dense"])
        group, name = file[place], pick.choice("012")
        if name in group:
            del group[name]
        match pick.randrange(9):
            case 0:
                group[name] = h5py.ExternalLink("other.h5", "/x")
            case 1:
                group[name] = h5py.SoftLink("/layers")
            case 2:
                group[name] = h5py.Empty("f4")
            case 3:
                group.create_dataset(name, (10**12,), "f4", chunks=(1024,))
            case 4:
                group[name] = pick.choice([["a", "b"], 1, 1.5, [1 + 2j], [True]])
            case 5:
                group[name] = file["layers"]
            case 6:
                group.create_dataset(name, (2, UNITS), "f4", external=[("/dev/zero", 0, 24)])
            case 7:
                group.attrs["name"] = pick.choice(["é", np.bytes_(b"\xff"), 1, [1, 2], h5py.Empty("f4"), "x" * 9999])
            case 8:
                group[name] = np.zeros(pick.choice([(), (0,), (2, UNITS), (UNITS, 2), (10**6,)]), "f4")
    return stream.getvalue()


def damaged(seed):
    """The bytes of a damaged file."""
    pick = random.Random(seed)
    files = members()
    for name in pick.sample(sorted(files), pick.choice([1, 1, 2])):
        if name == "model.weights.h5":
            changes = (with_wrong_bytes, _changed_weights)
            files[name] = pick.choice(changes)(files[name], pick)
        elif pick.random() < 0.8:
            rate = pick.choice([0.003, 0.01, 0.05])
            files[name] = changed(files[name], pick, rate, CLASSES + MODULES)
        else:
            files[name] = with_wrong_bytes(json.dumps(files[name]).encode(), pick)
    if pick.random() < 0.1:
        files[pick.choice(["../x", "netconv/classes.json", "netconv/wlnet.json", "assets/x", "/etc/x"])] = pick.choice(
            [{}, [], ["x", "y", "z"], b"[1e999]", b"\xff", {"inputs": {"data": {"kind": "Image"}}}]
        )
    if pick.random() < 0.1:
        del files[pick.choice(sorted(files))]
    entries = list(files.items())
    if pick.random() < 0.05:
        entries.append(pick.choice(entries))
    data = packed(entries, pick.choice([zipfile.ZIP_STORED] * 5 + [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA]))
    return with_wrong_bytes(data, pick) if pick.random() < 0.25 else data
