"""Train, evaluate, predict: a Keras model and a table. Knows no MXNet: a net that is not yet a model is `conversion`'s.

Nothing here prints: what was found out goes line by line to `say`, results come back as data.
"""

from __future__ import annotations

import csv
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from . import archive, encoding, finish, table
from .encoding import Encoding, Feature, Needs, silent
from .errors import DataError, FormatError, NetconvError
from .files import replacing
from .lazy import keras
from .table import Rows, Source, counted

if TYPE_CHECKING:
    import numpy as np

EPOCHS = 200
"""The cap: training mostly stops earlier."""
PATIENCE = 15
"""Epochs without a smaller validation loss after which training stops."""
TRAINED = "-trained"
TABLE, CLASSES = "table.json", "classes.json"
"""Members of the archive: the `Encoding`; the names of the classes of a net that was not trained here."""
_CLASS_LOSSES = frozenset({"sparse_categorical_crossentropy", "categorical_crossentropy"})
_ACTIVATION_LOSSES = {"softmax": "sparse_categorical_crossentropy", "sigmoid": "binary_crossentropy"}

Say = Callable[[str], object]


@dataclass(frozen=True)
class Opened:
    """A model with its `name` for messages, its `path` if it has one, and netconv's `members` of its archive."""

    model: Any
    name: str = "the model"
    path: Path | None = None
    members: dict[str, bytes] = field(default_factory=dict)

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


def open_model(model: Path | str | bytes | Any, seed: int = 0) -> Opened:
    """A model from a `.keras` file, its bytes, a net (`.json`, converted with `seed` for what has no parameters) or a
    keras.Model. Raises NetconvError."""
    if isinstance(model, Opened):
        return model
    if isinstance(model, bytes):
        return Opened(archive.load(model), "standard input", None, archive.members(model))
    if not isinstance(model, str | Path):
        return Opened(model)
    path = Path(model)
    if path.suffix == ".json":
        from . import conversion

        done = conversion.convert(path, seed=seed)
        return Opened(done.model, str(path), path, done.members)
    return Opened(archive.load(path), str(path), path, archive.members(path))


# What a model wants


def _loss_name(loss) -> str:
    """Keras's snake-case name of a loss, whatever it was given as."""
    if isinstance(loss, list | tuple) and len(loss) == 1:
        loss = loss[0]
    loss = finish.known(keras.losses, loss, "loss")
    name = type(loss).__name__ if isinstance(loss, keras.losses.Loss) else loss.__name__
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def _loss(opened: Opened):
    """The loss that a model was compiled with, or the one its last activation goes with."""
    if opened.model.loss is not None:
        return opened.model.loss
    last = opened.model.layers[-1]
    activation = last.get_config().get("activation") or type(last).__name__.lower()
    return _ACTIVATION_LOSSES.get(activation, "mean_squared_error")


def _needs(opened: Opened, loss) -> Needs:
    shapes = [tensor.shape[1:] for tensor in opened.model.inputs]
    outputs = [tensor.shape[1:] for tensor in opened.model.outputs]
    known = all(None not in shape for shape in shapes)
    features = sum(map(math.prod, shapes)) if known else None
    gives = sum(math.prod(d or 1 for d in shape) for shape in outputs)
    classes = 0
    if len(outputs) == 1 and len(outputs[0]) < 2:
        name = _loss_name(loss)
        if name == "binary_crossentropy" and gives == 1:
            classes = 2
        elif name in _CLASS_LOSSES:
            classes = gives
    return Needs(features, gives, classes)


def _trainable(opened: Opened) -> None:
    shapes = [tuple(tensor.shape[1:]) for tensor in opened.model.outputs]
    if len(shapes) > 1:
        raise NetconvError(f"{opened.name}: the net has {len(shapes)} outputs, and a table trains one")
    if len(shapes[0]) > 1:
        raise NetconvError(
            f"{opened.name}: the net gives {_shape(shapes[0])} a row, and a table trains one row of values"
        )


def _shape(shape) -> str:
    return " x ".join("?" if d is None else str(d) for d in shape)


def _inputs(model, x: np.ndarray) -> list[np.ndarray]:
    """Rows (rows, width) as the arrays of the model's inputs, in their order; an unknown length is found out, square
    where there are several."""
    parts, start = [], 0
    shapes = [tuple(tensor.shape[1:]) for tensor in model.inputs]
    widths = [math.prod(d for d in shape if d is not None) for shape in shapes]
    spare = x.shape[1] - sum(w for w, shape in zip(widths, shapes, strict=True) if None not in shape)
    for tensor, shape, width in zip(model.inputs, shapes, widths, strict=True):
        unknown = shape.count(None)
        if unknown:
            side = round((spare / width) ** (1 / unknown)) if spare > 0 else 0
            if side**unknown * width != spare or side == 0:
                raise DataError(f"{counted(x.shape[1], 'feature')} do not fill the net's input of {_shape(shape)}")
            shape = tuple(side if d is None else d for d in shape)
            width = math.prod(shape)
        part = x[:, start : start + width].reshape(-1, *shape)
        parts.append(part.astype(tensor.dtype, copy=False))
        start += width
    return parts


def _structure(inputs: list[np.ndarray]):
    """The arrays as Keras wants them."""
    return tuple(inputs) if len(inputs) > 1 else inputs[0]


def _outputs(model, inputs: list[np.ndarray]) -> np.ndarray:
    """What a model gives, (rows, values): all its outputs side by side."""
    import numpy as np

    rows, width = len(inputs[0]), sum(math.prod(part.shape[1:]) for part in inputs)
    step = max(1, min(1024, (4 << 20) // width))
    model.jit_compile = False  # compiling takes longer than the rows, and again for each new number of rows
    found = []
    for start in range(0, rows, step):
        given = model.predict_on_batch(_structure([part[start : start + step] for part in inputs]))
        given = given if isinstance(given, list | tuple) else [given]
        found.append(np.concatenate([np.asarray(g).reshape(len(g), -1) for g in given], axis=1))
    return np.concatenate(found).astype(np.float32, copy=False)


def _probabilities(y: np.ndarray, loss) -> np.ndarray:
    """The probabilities of the classes, (rows, classes), of what a net gives."""
    import numpy as np

    if getattr(loss, "from_logits", False):
        y = 1 / (1 + np.exp(-y)) if y.shape[1] == 1 else np.exp(y - y.max(axis=1, keepdims=True))
        y = y if y.shape[1] == 1 else y / y.sum(axis=1, keepdims=True)
    return np.concatenate([1 - y, y], axis=1) if y.shape[1] == 1 else y


def _names(known: tuple[str, ...], count: int) -> tuple[str, ...]:
    return known + tuple(map(str, range(len(known), count)))


# How a table is read for a model


def _plain(rows: Rows, needs: Needs, opened: Opened, targets, rescale, without_target: bool, say: Say) -> Encoding:
    """The encoding of a table for a model that learnt from none: numbers only, as they are."""
    found = encoding.fit(
        rows, needs, targets, opened.classes, rescale or (1.0, 0.0), without_target=without_target, say=say
    )
    return replace(found, features=tuple(Feature(feature.name) for feature in found.features))


def _known(opened: Opened, needs: Needs) -> Encoding | None:
    """The encoding that a model was trained with, checked against the model."""
    known = opened.encoding
    if known:
        width = sum(feature.width for feature in known.features)
        if needs.features not in (None, width) or len(known.classes) > needs.classes:
            raise FormatError(f"{opened.name}: its member netconv/{TABLE} does not fit the model")
    return known


def _told(known: Encoding, targets: tuple[str, ...], rescale) -> Encoding:
    """An encoding with what the user says otherwise."""
    if targets:
        known = replace(known, targets=targets)
    return replace(known, scale=rescale[0], offset=rescale[1]) if rescale else known


def _full(y: np.ndarray) -> np.ndarray:
    """The rows that have a target."""
    import numpy as np

    return np.flatnonzero(y >= 0) if y.ndim == 1 else np.flatnonzero(~np.isnan(y).any(axis=1))


def _as_targets(y: np.ndarray, needs: Needs, loss) -> np.ndarray:
    """Targets in the form that the loss takes."""
    import numpy as np

    if not needs.classes:
        return y
    if needs.outputs == 1:
        return y[:, None].astype(np.float32)
    return np.eye(needs.classes, dtype=np.float32)[y] if _loss_name(loss) == "categorical_crossentropy" else y


# Evaluation


@dataclass(frozen=True)
class ClassReport:
    """How well one class is told: of `count` rows."""

    name: str
    precision: float
    recall: float
    f1: float
    count: int


@dataclass(frozen=True)
class Evaluation:
    """`metrics` (loss and accuracy; or loss, mse, mae, rmse, r2) over `rows` rows; for classes a report each, and the
    `confusion`: rows are true classes, columns predicted ones, both in the order of `classes`."""

    rows: int
    metrics: dict[str, float]
    classes: tuple[ClassReport, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()

    @property
    def facts(self) -> dict[str, Any]:
        """Plain JSON; a figure that there is none of is null."""
        return _finite(asdict(self))

    @property
    def text(self) -> str:
        lines = [f"rows      {self.rows}", *(f"{name:9} {_figure(value)}" for name, value in self.metrics.items())]
        if self.classes:
            shown = [c for c, row in zip(self.classes, self.confusion, strict=True) if c.count or any(row)]
            wide = max(5, *(len(c.name) for c in self.classes))
            lines += ["", f"{'class':{wide}} precision    recall        f1     count"]
            lines += [f"{c.name:{wide}} {c.precision:9.4f} {c.recall:9.4f} {c.f1:9.4f} {c.count:9}" for c in shown]
            cells = [len(str(count)) for row in self.confusion for count in row]
            column = max(wide, *cells) if wide <= 12 else max(5, *cells)
            heads = [c.name if wide <= 12 else str(n) for n, c in enumerate(self.classes)]
            lines += ["", "confusion: true classes down, predicted across"]
            lines += [f"{'':{wide}} " + " ".join(f"{head:>{column}}" for head in heads)]
            lines += [
                f"{c.name:{wide}} " + " ".join(f"{count:>{column}}" for count in row)
                for c, row in zip(self.classes, self.confusion, strict=True)
            ]
        return "\n".join(lines)


def _figure(value: float) -> str:
    return f"{value:.4f}" if value == 0 or 1e-3 <= abs(value) < 1e5 else f"{value:.6g}"


def _finite(facts):
    if isinstance(facts, dict):
        return {key: _finite(value) for key, value in facts.items()}
    if isinstance(facts, list | tuple):
        return [_finite(value) for value in facts]
    return None if isinstance(facts, float) and not math.isfinite(facts) else facts


def _assess(given: np.ndarray, y: np.ndarray, needs: Needs, loss, names: tuple[str, ...]) -> Evaluation:
    import numpy as np

    function = keras.losses.get(loss[0] if isinstance(loss, list | tuple) else loss)
    value = float(np.mean(keras.ops.convert_to_numpy(function(_as_targets(y, needs, loss), given))))
    if not needs.classes:
        error = given.astype(np.float64) - y
        mse, spread = float(np.mean(error**2)), float(np.mean((y - y.mean(axis=0, dtype=np.float64)) ** 2))
        metrics = {"mse": mse, "mae": float(np.mean(np.abs(error))), "rmse": math.sqrt(mse)}
        return Evaluation(len(y), {"loss": value, **metrics, "r2": 1 - mse / spread if spread else math.nan})
    count = needs.classes
    confusion = np.zeros((count, count), int)
    np.add.at(confusion, (y, _probabilities(given, loss).argmax(axis=1)), 1)
    right, true, told = confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)
    precision, recall = right / np.maximum(told, 1), right / np.maximum(true, 1)
    f1 = 2 * right / np.maximum(true + told, 1)
    reports = zip(names, precision.tolist(), recall.tolist(), f1.tolist(), true.tolist(), strict=True)
    accuracy = float(right.sum() / len(y))
    return Evaluation(
        len(y), {"loss": value, "accuracy": accuracy}, tuple(ClassReport(*report) for report in reports),
        tuple(map(tuple, confusion.tolist())),
    )  # fmt: skip


def evaluate(
    model,
    data: Source | Path | str | BinaryIO,
    *,
    target: tuple[str, ...] = (),
    rescale: tuple[float, float] | None = None,
    header: bool | None = None,
    say: Say = silent,
) -> Evaluation:
    """How well a model tells what a table says.

    `model` is what `open_model` takes, `data` a path or a binary stream; `target` names the target columns; `rescale`
    is (scale, offset) for numbers. A model that was trained here reads the table as its training table was read, any
    other takes numbers as they are. Raises NetconvError.
    """
    opened, data = open_model(model), table.source(data)
    loss = _loss(opened)
    needs = _needs(opened, loss)
    _trainable(opened)
    known = _known(opened, needs)
    if known:
        known = _told(known, target, rescale)
        rows = encoding.read(data, known, header)
    else:
        rows = table.read(data, header)
        known = _plain(rows, needs, opened, target, rescale, False, say)
    unseen: Counter[str] = Counter()
    y = encoding.targets(rows, known)
    x = encoding.features(rows, known, unseen)
    _tell_unseen(unseen, say)
    full = _full(y)
    if not len(full):
        raise DataError("no row has a target", data.name)
    if len(full) < len(y):
        say(f"{counted(len(y) - len(full), 'row')} without a target left out")
        x, y = x[full], y[full]
    names = _names(known.classes, needs.classes)
    return _assess(_outputs(opened.model, _inputs(opened.model, x)), y, needs, loss, names)


def _tell_unseen(unseen: Counter[str], say: Say) -> None:
    for name, count in unseen.items():
        if count:
            cells = f"{counted(count, 'cell')} of categories that the training table did not have"
            say(f"warning: column {name!r}: {cells}, taken as missing")


# Prediction


@dataclass(frozen=True)
class Predictions:
    """What a model says of a table's rows, block by block. `names` are those of the classes or of the values; a block
    is (rows, names) of float32: the probabilities of the classes if `classes`, else the values."""

    names: tuple[str, ...]
    classes: bool
    blocks: Iterator[np.ndarray]

    def csv(self, proba: bool = False) -> Iterator[str]:
        """Text of the rows as CSV, block by block, a header first: class and probability; with `proba` class and the
        probabilities of all classes; values."""
        names = [_quoted(name) for name in self.names]
        shown = ["class", *names] if proba else ["class", "probability"]
        head = ",".join(shown if self.classes else names) + "\n"
        for block in self.blocks:
            if not self.classes:
                rows = [",".join(map(str, row)) for row in block]
            else:
                told = [names[k] for k in block.argmax(axis=1).tolist()]
                given = block.tolist() if proba else block.max(axis=1, keepdims=True).tolist()
                rows = [f"{name},{','.join([f'{p:.6g}' for p in row])}" for name, row in zip(told, given, strict=True)]
            yield head + "".join([f"{row}\n" for row in rows])
            head = ""  # went out with the first rows: a table that cannot be read leaves nothing
        if head:
            yield head

    def json(self, proba: bool = False) -> Iterator[str]:
        """Text of the rows as JSON lines, block by block."""
        for block in self.blocks:
            yield "".join([json.dumps(_finite(self._fact(row, proba)), ensure_ascii=False) + "\n" for row in block])

    def _fact(self, row: np.ndarray, proba: bool) -> dict[str, Any]:
        if not self.classes:
            return {name: float(str(value)) for name, value in zip(self.names, row, strict=True)}
        name = self.names[row.argmax()]
        if proba:
            return {
                "class": name,
                "probabilities": dict(zip(self.names, [float(f"{p:.6g}") for p in row], strict=True)),
            }
        return {"class": name, "probability": float(f"{row.max():.6g}")}


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if re.search(r'[",\r\n]|^\s|\s$', cell) else cell


def predict(
    model,
    data: Source | Path | str | BinaryIO,
    *,
    target: tuple[str, ...] = (),
    rescale: tuple[float, float] | None = None,
    header: bool | None = None,
    say: Say = silent,
) -> Predictions:
    """What a model says of each row of a table, in order, in little memory however long the table is.

    The parameters are `evaluate`'s; a target column is left out. Raises NetconvError, also while the blocks are read.
    """
    opened, data = open_model(model), table.source(data)
    loss = _loss(opened)
    needs = _needs(opened, loss)
    known = _known(opened, needs)
    known = known and _told(known, target, rescale)
    names = _names(known.classes if known else opened.classes, needs.classes)
    if not needs.classes:
        names = known.targets if known and len(known.targets) == needs.outputs else _output_names(opened.model)

    def blocks():
        used, unseen = known, Counter()
        # closing: a fault in the middle leaves no file open
        with closing(encoding.stream(data, used, header) if used else table.stream(data, header)) as stream:
            for rows in stream:
                if not len(rows):
                    continue
                if used is None:
                    used = _plain(rows, needs, opened, target, rescale, True, say)
                x = encoding.features(rows, used, unseen)
                given = _outputs(opened.model, _inputs(opened.model, x))
                yield _probabilities(given, loss) if needs.classes else given
        _tell_unseen(unseen, say)

    return Predictions(names, bool(needs.classes), blocks())


def _output_names(model) -> tuple[str, ...]:
    names = []
    for name, tensor in zip(model.output_names, model.outputs, strict=True):
        count = math.prod(d or 1 for d in tensor.shape[1:])
        names += [name] if count == 1 else [f"{name}_{n}" for n in range(1, count + 1)]
    return tuple(names)


# Training


@dataclass(frozen=True)
class Trained:
    """A trained model, and how it came to be: the `history` has the figures of each epoch, `best` is the number of the
    epoch whose weights it has, `evaluation` is on the rows for validation (on those for training if there are none)."""

    opened: Opened
    history: tuple[dict[str, float], ...]
    best: int
    rows: int
    validation_rows: int
    evaluation: Evaluation

    def save(self, target: Path | str | Any) -> None:
        """Writes the model as `.keras` to a path or a binary stream. Raises OSError."""
        archive.save(self.opened.model, target, self.opened.members)

    def save_history(self, target: Path | str) -> None:
        """Writes the figures of each epoch as JSON lines (`.jsonl`) or CSV. Raises OSError."""
        with replacing(target) as name, name.open("w", newline="", encoding="utf-8") as stream:
            if Path(target).suffix == ".jsonl":
                stream.writelines(json.dumps(_finite(figures)) + "\n" for figures in self.history)
            else:
                writer = csv.DictWriter(stream, list(self.history[0]))
                writer.writeheader()
                writer.writerows(self.history)

    @property
    def facts(self) -> dict[str, Any]:
        known = self.opened.encoding
        return _finite(
            {
                "rows": self.rows, "validation_rows": self.validation_rows, "epochs": len(self.history),
                "best_epoch": self.best, "target": list(known.targets), "classes": list(known.classes),
                "metrics": self.evaluation.metrics,
            }
        )  # fmt: skip

    @property
    def text(self) -> str:
        figures = ", ".join(f"{name} {_figure(value)}" for name, value in self.evaluation.metrics.items())
        kind = f"validation ({counted(self.validation_rows, 'row')})" if self.validation_rows else "training rows"
        return f"{counted(len(self.history), 'epoch')}, the best {self.best}; {kind}: {figures}"


@dataclass(frozen=True)
class Progress:
    """Where training is: epoch `epoch` of at most `epochs`, `done` of it (0 to 1), and its figures so far."""

    epoch: int
    epochs: int
    done: float
    figures: dict[str, float]


def train(
    model,
    data: Source | Path | str | BinaryIO,
    *,
    target: tuple[str, ...] = (),
    validation_data: Source | Path | str | BinaryIO | None = None,
    validation_split: float = 0.2,
    epochs: int = EPOCHS,
    batch_size: int | None = None,
    optimizer: str | None = None,
    learning_rate: float | None = None,
    loss: str | None = None,
    class_weight: str | dict[str, float] | None = None,
    early_stopping: int = PATIENCE,
    rescale: tuple[float, float] | None = None,
    header: bool | None = None,
    seed: int = 0,
    say: Say = silent,
    progress: Callable[[Progress], object] = silent,
) -> Trained:
    """Trains a model on a table.

    `model` is what `open_model` takes, `data` a path or a binary stream. `validation_split` is the share of the rows
    held out, the same of each class, unless there is `validation_data`; what stands for missing cells is learnt from
    the other rows only. Training stops after `early_stopping` epochs (0: never) without a smaller validation
    loss, and the best epoch's weights are kept.
    `optimizer`, `learning_rate` and `loss` are Keras's, those of the model if None. `class_weight` is "balanced" or
    weights by class. Sets Keras's random seed to `seed`: the same call gives the same weights. Raises NetconvError.
    """
    import numpy as np

    opened, data = open_model(model, seed), table.source(data)
    _trainable(opened)
    needs = _needs(opened, loss or _loss(opened))
    known = None if target or rescale or loss else _known(opened, needs)
    if known:
        say("columns, categories and classes are those of the table that the model was trained on")
        rows = encoding.read(data, known, header)
    else:
        rows = table.read(data, header)
        known = encoding.fit(rows, needs, target, opened.classes, rescale or (1.0, 0.0), say=say)
    loss = loss or _loss(opened)
    y = encoding.targets(rows, known)
    full = _full(y)
    if len(full) < len(y):
        say(f"{counted(len(y) - len(full), 'row')} without a target left out")
    if not len(full):
        raise DataError("no row has a target", data.name)
    held = np.empty(0, int) if validation_data else _held_out(y[full], validation_split, seed)
    inside, outside = np.delete(full, held), full[held]
    if any(feature.fill is None for feature in known.features):
        known = encoding.fills(known, rows, inside)
    unseen: Counter[str] = Counter()
    x = encoding.features(rows, known, unseen)
    if validation_data:
        others = encoding.read(table.source(validation_data), known, header)
        vx, vy = encoding.features(others, known, unseen), encoding.targets(others, known)
        vx, vy = vx[_full(vy)], vy[_full(vy)]
    else:
        vx, vy = x[outside], y[outside]
    _tell_unseen(unseen, say)
    x, y = x[inside], y[inside]
    names = _names(known.classes, needs.classes)
    _say_rows(say, y, vy, names if needs.classes else ())

    keras.utils.set_random_seed(seed)
    for index, variable in enumerate(opened.model.variables):
        if variable.name == "seed_generator_state":  # of dropout: not what the file happened to hold
            variable.assign([seed, index])
    batch = batch_size or (32 if len(y) < 10_000 else 128)
    steps = math.ceil(len(y) / batch)
    metrics = _compile(opened.model, loss, optimizer, learning_rate, needs, steps)
    history = _fit(
        opened.model,
        _batches(_inputs(opened.model, x), _as_targets(y, needs, loss), batch, seed),
        _batches(_inputs(opened.model, vx), _as_targets(vy, needs, loss), 1024, None) if len(vy) else None,
        epochs, early_stopping, _weights(class_weight, y, names), steps, progress,
    )  # fmt: skip
    best = 1 + int(np.argmin([figures["val_loss"] for figures in history])) if len(vy) else len(history)
    opened.model.compile(optimizer=opened.model.optimizer, loss=loss, metrics=metrics)
    on_x, on_y = (vx, vy) if len(vy) else (x, y)
    evaluation = _assess(_outputs(opened.model, _inputs(opened.model, on_x)), on_y, needs, loss, names)
    members = {**opened.members, TABLE: known.dump()}
    return Trained(replace(opened, members=members), history, best, len(y), len(vy), evaluation)


def _held_out(y: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Indices of the rows for validation: of each class the share, but never all of it."""
    import numpy as np

    generator = np.random.default_rng(seed)
    groups = [np.flatnonzero(y == k) for k in np.unique(y)] if y.ndim == 1 else [np.arange(len(y))]
    counts = [min(round(share * len(group)), len(group) - 1) for group in groups]
    picked = [generator.permutation(group)[:count] for group, count in zip(groups, counts, strict=True)]
    return np.sort(np.concatenate(picked))


def _say_rows(say: Say, y: np.ndarray, vy: np.ndarray, names: tuple[str, ...]) -> None:
    import numpy as np

    counts = np.bincount(np.concatenate([y, vy]), minlength=len(names)) if names else ()
    listed = [f"{name} {count}" for name, count in zip(names, counts, strict=True) if count]
    classes = f"; classes: {', '.join(listed[:20])}{', ...' if len(listed) > 20 else ''}" if listed else ""
    held = f"{len(vy):,} for validation" if len(vy) else "none for validation"
    say(f"rows: {len(y):,} to train on, {held}{classes}")
    if len(listed) == 1:
        say("warning: all rows are of one class")


def _weights(class_weight, y: np.ndarray, names: tuple[str, ...]) -> dict[int, float] | None:
    import numpy as np

    if class_weight is None:
        return None
    if not names:
        raise NetconvError("class weights are for classes, and this net gives values")
    if class_weight == "balanced":
        counts = np.bincount(y, minlength=len(names))
        present = np.count_nonzero(counts)
        return {k: len(y) / (present * count) if count else 1.0 for k, count in enumerate(counts.tolist())}
    strange = [name for name in class_weight if name not in names]
    if strange:
        raise NetconvError(f"class weight for unknown class {strange[0]!r}; the classes are {', '.join(names)}")
    return {k: float(class_weight.get(name, 1.0)) for k, name in enumerate(names)}


def _compile(model, loss, optimizer, learning_rate, needs: Needs, steps: int):
    """Compiles a model for training; returns the metrics it is to be saved with."""
    metrics = ["accuracy"] if needs.classes else ["mean_absolute_error"]
    config = model.get_compile_config() if model.compiled else None
    kept = keras.saving.deserialize_keras_object(config["metrics"]) if config and config.get("metrics") else metrics
    chosen = finish.optimizer_for(optimizer or getattr(model, "optimizer", None) or "adam", learning_rate)
    # XLA made the first epochs of small nets several times slower, and later ones no faster
    model.compile(optimizer=chosen, loss=loss, metrics=metrics, jit_compile=False, steps_per_execution=min(32, steps))
    return kept


def _batches(inputs: list[np.ndarray], y: np.ndarray, batch: int, seed: int | None):
    """A tf.data pipeline: an epoch of a small table takes a fifth of the time it takes from arrays."""
    import tensorflow as tf

    data = tf.data.Dataset.from_tensor_slices((_structure(inputs), y))
    if seed is not None:
        data = data.shuffle(len(y), seed=seed, reshuffle_each_iteration=True)
    options = tf.data.Options()
    options.deterministic = True
    options.autotune.enabled = False
    return data.batch(batch).prefetch(2).with_options(options)


def _fit(model, batches, validation, epochs, patience, weights, steps, progress) -> tuple[dict[str, float], ...]:
    figures: list[dict[str, float]] = []

    def batch_end(batch, logs):
        progress(Progress(len(figures) + 1, epochs, min(1.0, (batch + 1) / steps), logs or {}))

    def epoch_end(epoch, logs):
        if not math.isfinite(logs["loss"]):
            raise NetconvError(
                f"the loss became {logs['loss']} in epoch {epoch + 1}: try a smaller --learning-rate, or --rescale"
            )
        figures.append({"epoch": epoch + 1, **logs})
        progress(Progress(epoch + 1, epochs, 1.0, logs))

    callbacks = [keras.callbacks.LambdaCallback(on_train_batch_end=batch_end, on_epoch_end=epoch_end)]
    if validation is not None:
        stop = keras.callbacks.EarlyStopping("val_loss", patience=patience or epochs, restore_best_weights=True)
        callbacks.append(stop)
    model.fit(
        batches, epochs=epochs, validation_data=validation, class_weight=weights, callbacks=callbacks, verbose=0,
        shuffle=False,
    )  # fmt: skip
    return tuple(figures)
