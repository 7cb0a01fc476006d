"""Models opened, and what they want of a table. Knows no MXNet: a net that is not yet a model is `conversion`'s.

Nothing here prints: what was found out goes line by line to `say`.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import archive, finding, finish
from .encoding import Encoding, Feature, Input, Needs
from .errors import DataError, FormatError, NetconvError, UnknownShape
from .figures import counted
from .finding import silent
from .ids import ids_of, input_names
from .lazy import keras
from .reading import Reading
from .table import Table

if TYPE_CHECKING:
    import numpy as np

TRAINED = "-trained"
TABLE, CLASSES = "table.json", "classes.json"
"""Members of the archive: the `Encoding`; the names of the classes of a net that was not trained here."""
_CLASS_LOSSES = frozenset({"sparse_categorical_crossentropy", "categorical_crossentropy"})
_ACTIVATION_LOSSES = {"softmax": "sparse_categorical_crossentropy", "sigmoid": "binary_crossentropy"}

Say = Callable[[str], object]


@dataclass(frozen=True)
class Opened:
    """A model with its `name` for messages, its `path` if it has one, and netconv's `members` of its archive.

    `model` is None where only the data tell what a net's input is: `for_rows` then makes it, with initial values drawn
    by `seed` and `init`.
    """

    model: Any
    name: str = "the model"
    path: Path | None = None
    members: dict[str, bytes] = field(default_factory=dict)
    seed: int = 0
    init: str | None = None

    def for_rows(self, row: tuple[int, ...], say: Say = silent) -> Opened:
        """With the model that takes rows of shape `row`. Raises NetconvError."""
        if self.model is not None:
            return self
        from . import conversion

        done = conversion.convert(self.path, seed=self.seed, init=self.init, row=row)
        for note in done.prepared.notes:
            say(note)
        return replace(self, model=done.model, members=done.members)

    @property
    def size(self) -> int:
        """The bytes that the model takes as a file, its optimizer with it, at most; 0 while there is no model."""
        weights = self.model.weights if self.model is not None else ()
        return 3 * sum(4 * math.prod(weight.shape) for weight in weights)

    @property
    def encoding(self) -> Encoding | None:
        """How the table was read that the model was trained on here."""
        return Encoding.load(self.members[TABLE], self.name) if TABLE in self.members else None

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes that were given when the net was converted."""
        try:
            return tuple(map(str, json.loads(self.members.get(CLASSES, b"[]"))))
        except (ValueError, TypeError, RecursionError):
            raise FormatError(f"{self.name}: its member netconv/{CLASSES} is damaged") from None

    def trained_path(self, output: Path | str | None = None) -> Path:
        """Where the trained model goes: `output`, else `<stem>-trained.keras` beside the model. Raises NetconvError
        when that is the model itself or cannot be a `.keras` file."""
        if output is None:
            path = self.path or Path("model.keras")
            output = path.with_name(path.stem.removesuffix("-symbol").removesuffix(TRAINED) + TRAINED + ".keras")
        output = Path(output)
        if self.path and output.resolve() == self.path.resolve():
            raise NetconvError(f"{output}: the trained model would be written over its input; choose another with -o")
        if output.suffix != ".keras":
            raise NetconvError(f"{output}: a trained model is a .keras file, which has room for what was learnt")
        if not output.parent.is_dir():
            raise NetconvError(f"{output}: there is no folder {output.parent}")
        return output


def find_model(data: Path | str | None, training: bool, say: Say = silent) -> Path:
    """The only model or net in the folder of the data, or in the current folder. A net, the `.keras` made of it and the
    trained one are one: for training the first `.keras` is taken, else the trained one. Raises NetconvError."""
    folders = dict.fromkeys([Path(data).resolve().parent if data else Path.cwd(), Path.cwd()])
    found = [_models(folder, training) for folder in folders]
    only = [models for models in found if len(models) == 1]
    if len(only) == 1:
        say(f"model: {only[0][0]} (-m names another)")
        return only[0][0]
    models = [str(path) for models in found for path in models]
    if models:
        listed = ", ".join(models[:10]) + (f" and {len(models) - 10} more" if len(models) > 10 else "")
        raise NetconvError(f"several models: {listed}; choose one with -m")
    raise NetconvError(f"no .keras file and no net.json in {' or '.join(map(str, folders))}: give one with -m")


def _models(folder: Path, training: bool) -> list[Path]:
    """The models in a folder, one of each family."""
    families: dict[str, dict[str, Path]] = {}
    files = [p for p in sorted(folder.iterdir()) if p.suffix and p.is_file()]  # `.keras` is a folder of Keras's own
    for path in [p for p in files if p.suffix == ".keras" or (p.suffix == ".json" and _is_net(p))]:
        kind = "net" if path.suffix == ".json" else "trained" if path.stem.endswith(TRAINED) else "model"
        families.setdefault(path.stem.removesuffix("-symbol").removesuffix(TRAINED), {})[kind] = path
    order = ("model", "net", "trained") if training else ("trained", "model", "net")
    chosen = [next(kinds[kind] for kind in order if kind in kinds) for kinds in families.values()]
    return [path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path for path in chosen]


def _is_net(path: Path) -> bool:
    with path.open("rb") as stream:
        return re.search(rb'"nodes"\s*:', stream.read(64 << 20)) is not None


def open_model(
    model: Path | str | bytes | Any, seed: int = 0, init: str | None = None, training: bool = False
) -> Opened:
    """A model from a `.keras` file, its bytes, a net (`.json`; `seed` and the initialiser `init` are for one without
    parameters) or a keras.Model. For `training`, a net that does not tell its input's shape is opened without a model.
    Raises NetconvError."""
    if isinstance(model, Opened):
        return model
    if init is not None and not str(model).endswith(".json"):
        raise NetconvError("initial values are for a net without parameters, and a model has its own; leave --init out")
    if isinstance(model, bytes):
        return Opened(archive.load(model), "standard input", None, archive.members(model))
    if not isinstance(model, str | Path):
        return Opened(model)
    path = Path(model)
    if path.suffix == ".json":
        from . import conversion

        try:
            done = conversion.convert(path, seed=seed, init=init)
        except UnknownShape:
            if not training:
                raise
            keras.backend.backend()  # imports Keras, as opening a model does: the caller keeps it quiet meanwhile
            return Opened(None, str(path), path, seed=seed, init=init)
        return Opened(done.model, str(path), path, done.members)
    return Opened(archive.load(path), str(path), path, archive.members(path))


# What a model wants


def loss_name(loss) -> str:
    """Keras's snake-case name of a loss, whatever it was given as."""
    if isinstance(loss, list | tuple) and len(loss) == 1:
        loss = loss[0]
    loss = finish.known(keras.losses, loss, "loss")
    name = type(loss).__name__ if isinstance(loss, keras.losses.Loss) else loss.__name__
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def loss_of(opened: Opened):
    """The loss that a model was compiled with, or the one its last activation goes with."""
    if opened.model.loss is not None:
        return opened.model.loss
    last = opened.model.layers[-1]
    activation = last.get_config().get("activation") or type(last).__name__.lower()
    return _ACTIVATION_LOSSES.get(activation, "mean_squared_error")


def needs_of(opened: Opened, loss) -> Needs:
    shapes = [tensor.shape[1:] for tensor in opened.model.inputs]
    outputs = [tensor.shape[1:] for tensor in opened.model.outputs]
    known = all(None not in shape for shape in shapes)
    features = sum(map(math.prod, shapes)) if known else None
    gives = sum(math.prod(d or 1 for d in shape) for shape in outputs)
    classes = 0
    if len(outputs) == 1 and len(outputs[0]) < 2:
        name = loss_name(loss)
        if name == "binary_crossentropy" and gives == 1:
            classes = 2
        elif name in _CLASS_LOSSES:
            classes = gives
    ids = ids_of(opened.model)
    inputs = tuple(
        Input(name, None if None in shape else math.prod(shape), ids.get(name))
        for name, shape in zip(input_names(opened.model), shapes, strict=True)
    )
    return Needs(features, gives, classes, inputs)


def check_trainable(opened: Opened) -> None:
    shapes = [tuple(tensor.shape[1:]) for tensor in opened.model.outputs]
    if len(shapes) > 1:
        raise NetconvError(f"{opened.name}: the net has {len(shapes)} outputs, and a table trains one")
    if len(shapes[0]) > 1:
        raise NetconvError(
            f"{opened.name}: the net gives {shape_text(shapes[0])} a row, and a table trains one row of values"
        )


def shape_text(shape) -> str:
    return " x ".join("?" if d is None else str(d) for d in shape)


def row_shapes(model, total: int, widths: tuple[int, ...] = ()) -> list[tuple[int, ...]]:
    """The shapes of a row of each input, of `total` numbers in all; an unknown length is found out, square where there
    are several. `widths` are the numbers of each input, where they are known. Raises DataError."""
    found = []
    shapes = [tuple(tensor.shape[1:]) for tensor in model.inputs]
    known = [math.prod(d for d in shape if d is not None) for shape in shapes]
    spare = total - sum(width for width, shape in zip(known, shapes, strict=True) if None not in shape)
    for number, (shape, width) in enumerate(zip(shapes, known, strict=True)):
        wanted = widths[number] if widths else spare if None in shape else width
        unknown = shape.count(None)
        if unknown:
            side = round((wanted / width) ** (1 / unknown)) if wanted > 0 else 0
            shape = tuple(side if d is None else d for d in shape)
        if math.prod(shape) != wanted or not wanted:
            shown = shape_text(shapes[number])
            raise DataError(f"{counted(wanted if widths else total, 'feature')} do not fill the net's input of {shown}")
        found.append(shape)
    return found


def inputs_of(model, x: np.ndarray, widths: tuple[int, ...] = ()) -> list[np.ndarray]:
    """Rows (rows, numbers) as the arrays of the model's inputs, in their order; `widths` as in `row_shapes`."""
    parts, start = [], 0
    for tensor, shape in zip(model.inputs, row_shapes(model, x.shape[1], widths), strict=True):
        width = math.prod(shape)
        parts.append(x[:, start : start + width].reshape(-1, *shape).astype(tensor.dtype, copy=False))
        start += width
    return parts


def structure(inputs: list[np.ndarray]):
    """The arrays as Keras wants them."""
    return tuple(inputs) if len(inputs) > 1 else inputs[0]


LARGEST = 16 << 20
"""Bytes that the widest layer gives at once."""
MOST_ROWS = 8192


def outputs_of(model, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """What a model gives, (rows, values): all its outputs side by side, as float32 or what else holds them.

    A net of one row, as detectors of two stages are, gets the rows one by one.
    """
    import numpy as np

    rows, width = len(inputs[0]), sum(math.prod(part.shape[1:]) for part in inputs)
    single = any(output.shape[:1] == (1,) for output in keras.tree.flatten(model.outputs))
    step = 1 if single else max(16, min(MOST_ROWS, LARGEST // 4 // max(1, width, _widest(model))))
    model.jit_compile = False  # compiling takes longer than the rows, and again for each new number of rows
    found = []
    for start in range(0, rows, step):
        given = model.predict_on_batch(structure([part[start : start + step] for part in inputs]))
        given = keras.tree.flatten(given)
        found.append(np.concatenate([np.asarray(g).reshape(len(g), -1) for g in given], axis=1))
    given = np.concatenate(found)
    return given if given.dtype.itemsize >= 4 else given.astype(np.float32)  # float16 of mixed precision


def _widest(model) -> int:
    """Numbers that the widest layer gives a row, as far as shapes are known."""
    given = [keras.tree.flatten(made.output) for made in getattr(model, "operations", model.layers)]
    return max((math.prod(d or 1 for d in tensor.shape[1:]) for one in given for tensor in one), default=1)


def probabilities(y: np.ndarray, loss) -> np.ndarray:
    """The probabilities of the classes, (rows, classes), of what a net gives."""
    import numpy as np

    if getattr(loss, "from_logits", False):
        y = 1 / (1 + np.exp(-y)) if y.shape[1] == 1 else np.exp(y - y.max(axis=1, keepdims=True))
        y = y if y.shape[1] == 1 else y / y.sum(axis=1, keepdims=True)
    return np.concatenate([1 - y, y], axis=1) if y.shape[1] == 1 else y


def class_names(known: tuple[str, ...], count: int) -> tuple[str, ...]:
    return known + tuple(map(str, range(len(known), count)))


# How a table is read for a model


def plain_encoding(
    table: Table, needs: Needs, opened: Opened, reading: Reading, without_target: bool, say: Say
) -> Encoding:
    """The encoding of a table for a model that learnt from none: numbers only, as they are. Raises DataError."""
    if reading.standardize or reading.standardize_target:
        raise DataError(
            "means are learnt in training, and the model was not trained on a table: leave --standardize out"
        )
    found = finding.fit(table, needs, reading, opened.classes, without_target, say)
    return replace(found, features=tuple(Feature(feature.name, ids=feature.ids) for feature in found.features))


def known_encoding(opened: Opened, needs: Needs) -> Encoding | None:
    """The encoding that a model was trained with, checked against the model. Raises FormatError."""
    known = opened.encoding
    if known:
        fits = needs.features in (None, known.width) and len(known.classes) <= needs.classes
        if not fits or len(known.inputs) != len(needs.inputs):
            raise FormatError(f"{opened.name}: its member netconv/{TABLE} does not fit the model")
    return known


def overridden(known: Encoding, reading: Reading) -> Encoding:
    """An encoding with what the user says otherwise. Raises NetconvError when only training could do it."""
    dropped = {name for entry in reading.drop for name in (entry, *entry.split(","))}
    anew = {
        "--columns": reading.columns, "--input": reading.input, "--standardize": reading.standardize,
        "--standardize-target": reading.standardize_target,
        "--drop": dropped.intersection(feature.name for feature in known.features),
    }  # fmt: skip
    for option in (option for option, said in anew.items() if said):
        raise NetconvError(f"the model takes what it was trained on, as it was trained on it: leave {option} out")
    if reading.target:
        known = replace(known, targets=reading.target)
    if reading.rescale and any(feature.mean is not None for feature in known.features):
        raise NetconvError("the model standardises what it takes: leave --rescale out")
    return replace(known, scale=reading.rescale[0], offset=reading.rescale[1]) if reading.rescale else known


def as_targets(y: np.ndarray, needs: Needs, loss) -> np.ndarray:
    """Targets in the form that the loss takes."""
    import numpy as np

    if not needs.classes:
        return y
    if needs.outputs == 1:
        return y[:, None].astype(np.float32)
    return np.eye(needs.classes, dtype=np.float32)[y] if loss_name(loss) == "categorical_crossentropy" else y


def tell_unseen(unseen: Counter[str], say: Say) -> None:
    for name, count in unseen.items():
        if count:
            cells = f"{counted(count, 'cell')} of categories that the training table did not have"
            say(f"warning: column {name!r}: {cells}, taken as missing")
