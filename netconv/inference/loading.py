"""Models found and opened. Knows no MXNet: a net that is not yet a model is `conversion`'s.

Nothing here prints: what was found out goes line by line to `notify`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import FormatError, NetconvError, UnknownShape
from ..features.encoding import Encoding
from ..features.schema_inference import ignore
from ..keras_api.lazy import keras
from ..keras_files import archive

if TYPE_CHECKING:
    pass

TRAINED = "-trained"
TABLE, CLASSES = "table.json", "classes.json"
"""Members of the archive: the `Encoding`; the names of the classes of a net that was not trained here."""

Notify = Callable[[str], object]


@dataclass(frozen=True)
class LoadedModel:
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

    def for_rows(self, row: tuple[int, ...], notify: Notify = ignore) -> LoadedModel:
        """With the model that takes rows of shape `row`. Raises NetconvError."""
        if self.model is not None:
            return self
        from .. import conversion

        done = conversion.convert(self.path, seed=self.seed, init=self.init, row=row)
        for note in done.prepared.notes:
            notify(note)
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


def find_model(data: Path | str | None, training: bool, notify: Notify = ignore) -> Path:
    """The only model or net in the folder of the data, or in the current folder. A net, the `.keras` made of it and the
    trained one are one: for training the first `.keras` is taken, else the trained one. Raises NetconvError."""
    folders = dict.fromkeys([Path(data).resolve().parent if data else Path.cwd(), Path.cwd()])
    found = [_models(folder, training) for folder in folders]
    only = [models for models in found if len(models) == 1]
    if len(only) == 1:
        notify(f"model: {only[0][0]} (-m names another)")
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
    model: Path | str | bytes | Any,
    seed: int = 0,
    init: str | None = None,
    training: bool = False,
    notify: Notify = ignore,
) -> LoadedModel:
    """A model from a `.keras` file, its bytes, a net (`.json`; `seed` and the initialiser `init` are for one without
    parameters) or a keras.Model. For `training`, a net that does not tell its input's shape is opened without a model.
    What is found out of a net is told to `notify`. Raises NetconvError."""
    if isinstance(model, LoadedModel):
        return model
    if init is not None and not str(model).endswith(".json"):
        raise NetconvError("initial values are for a net without parameters, and a model has its own; leave --init out")
    if isinstance(model, bytes):
        return LoadedModel(archive.load(model), "standard input", None, archive.members(model))
    if not isinstance(model, str | Path):
        return LoadedModel(model)
    path = Path(model)
    if path.suffix == ".json":
        from .. import conversion

        try:
            done = conversion.convert(path, seed=seed, init=init)
        except UnknownShape:
            if not training:
                raise
            keras.backend.backend()  # imports Keras, as opening a model does: the caller keeps it quiet meanwhile
            return LoadedModel(None, str(path), path, seed=seed, init=init)
        for note in done.prepared.notes:
            notify(note)
        return LoadedModel(done.model, str(path), path, done.members)
    return LoadedModel(archive.load(path), str(path), path, archive.members(path))
