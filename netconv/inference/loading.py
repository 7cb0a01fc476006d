"""Finds and opens models. Knows no MXNet: `conversion` makes a model of a net.

Nothing is printed: what is inferred goes line by line to `notify`.
"""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from ..errors import FormatError, NetconvError, UnknownShape, net_option_error, option, spelled
from ..features.encoding import Encoding
from ..features.image_encoder import ImageEncoder
from ..features.notices import Notify, ignore
from ..features.option_checks import is_path, require, require_shapes
from ..features.text_encoder import KINDS, TextEncoder
from ..keras_api.lazy import keras
from ..keras_api.names import keras_name
from ..keras_files import archive
from ..keras_files.archive import CLASSES, TABLE, UNTRAINED, WLNET
from ..keras_files.converted_models import members_of
from ..tables.number_spellings import NUMBER

NETS = (".json", ".wlnet")
"""The endings of files of nets."""
HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
"""The first bytes of a `.wlnet` file."""
TRAINED = "-trained"
"""The end of the stem of a trained model's file."""

Encoder = TypeVar("Encoder")


@dataclass(frozen=True)
class LoadedModel:
    """A model with its `name` for messages, its `path` if it has one, and netconv's `members` of its archive.

    `model` is None for a net whose input shape depends on the table: `for_rows` builds it, with the `input_shapes` that
    are given and initial values drawn with `seed` by the initializer `init`; `inputs` are the names of its inputs, and
    `open_shape` is what is known of one of them then, with the batch axis; None if its rank is unknown.
    """

    model: Any
    name: str = "the model"
    path: Path | None = None
    members: dict[str, bytes] = field(default_factory=dict, repr=False)
    seed: int = 0
    init: str | None = None
    params: Path | str | None = None
    input_shapes: Mapping[str, tuple[int | None, ...]] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
    open_shape: tuple[int | None, ...] | None = None

    def for_rows(self, row: tuple[int, ...], widths: Mapping[str, int] = {}, notify: Notify = ignore) -> LoadedModel:
        """With a model that takes rows of the shape `row`, and `widths` numbers for the inputs of these names. Raises
        NetconvError."""
        if self.model is not None:
            return self
        from .. import conversion

        done = conversion.convert(
            self.path, self.params, input_shapes=self.input_shapes, seed=self.seed, init=self.init, row=row,
            rows={name: (numbers,) for name, numbers in widths.items()},
        )  # fmt: skip
        for note in done.prepared.notes:
            notify(note)
        return replace(self, model=done.model, members=done.members)

    @property
    def size(self) -> int:
        """An upper bound of the bytes of the model's file with its optimizer; 0 while there is no model."""
        weights = self.model.weights if self.model is not None else ()
        return 3 * sum(4 * math.prod(weight.shape) for weight in weights)

    @property
    def is_object(self) -> bool:
        """Whether a keras.Model was passed, which has no members."""
        return self.path is None and not self.members and self.name == LoadedModel.name

    @property
    def untrained(self) -> bool:
        """Whether the weights are initial values, as the net had no parameters."""
        return UNTRAINED in self.members

    @property
    def may_have_vocabulary(self) -> bool:
        """Whether the ids of an Embedding may be those of any words: it is untrained, or netconv does not know what it
        was trained on."""
        return self.untrained or not self.members

    @property
    def encoding(self) -> Encoding | None:
        """How the training table was read; None if the model was not trained on a table. Raises FormatError."""
        return Encoding.load(self.members[TABLE], self.name) if TABLE in self.members else None

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes that were given when the net was converted. Raises FormatError."""
        try:
            return tuple(map(str, json.loads(self.members.get(CLASSES, b"[]"))))
        except (ValueError, TypeError, RecursionError):
            raise FormatError(f"{self.name}: its member netconv/{CLASSES} is damaged") from None

    @property
    def image_encoders(self) -> dict[str, ImageEncoder]:
        """The Image encoders of a net from a `.wlnet` file, by the name of the model's input. Raises FormatError."""
        return self._encoders(("Image",), ImageEncoder.load)

    @property
    def text_encoders(self) -> dict[str, TextEncoder]:
        """The encoders of texts of a net from a `.wlnet` file, by the name of the model's input. Raises FormatError."""
        return self._encoders(tuple(KINDS), lambda _, facts: TextEncoder.load(facts))

    @property
    def class_encoders(self) -> dict[str, tuple[str, ...]]:
        """The names of the classes that inputs take, of a net from a `.wlnet` file, by the name of the model's input.
        Raises FormatError."""
        found = self._encoders(("Class",), lambda _, facts: tuple(map(str, facts["labels"] or ())))
        return {name: names for name, names in found.items() if not all(map(NUMBER.match, names))}

    def _encoders(self, kinds: tuple[str, ...], load: Callable[[str, Any], Encoder]) -> dict[str, Encoder]:
        """What the net says of encoders of these kinds, by the name of the model's input. Raises FormatError."""
        try:
            inputs = json.loads(self.members.get(WLNET, b'{"inputs": {}}'))["inputs"]
            return {keras_name(name): load(name, facts) for name, facts in inputs.items() if facts["kind"] in kinds}
        except (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError):
            raise FormatError(f"{self.name}: its member netconv/{WLNET} is damaged") from None

    def trained_path(self, output: Path | str | None = None) -> Path:
        """The path of the trained model: `output`, else `<stem>-trained.keras` beside the model. Raises NetconvError if
        it is the path of the model itself, or not that of a `.keras` file in an existing folder."""
        if output is None:
            path = self.path or Path("model.keras")
            output = path.with_name(f"{_family(path)}{TRAINED}.keras")
        output = Path(output)
        if self.path and output.resolve() == self.path.resolve():
            raise NetconvError(
                f"{output}: the trained model would be written over its input; choose another with {option('output')}"
            )
        if output.suffix != ".keras":
            raise NetconvError(
                f"{output}: a trained model must be a .keras file, which can store how the table was read"
            )
        if not output.parent.is_dir():
            raise NetconvError(f"{output}: there is no folder {output.parent}")
        return output


def find_model(data: Path | str | None, training: bool, notify: Notify = ignore) -> Path:
    """The only model or net in the folder of the data, or in the current folder.

    A net, the `.keras` file converted from it and the trained model count as one. Of these, training takes the
    converted model, else the net, else the trained model; otherwise the trained model is taken, else the converted one,
    else the net. Raises NetconvError.
    """
    folders = dict.fromkeys([Path(data).resolve().parent if data else Path.cwd(), Path.cwd()])
    found = [_models(folder, training) for folder in folders]
    only = [models for models in found if len(models) == 1]
    if len(only) == 1:
        notify(f"model: {only[0][0]} ({option('model')} names another)")
        return only[0][0]
    models = [str(path) for models in found for path in models]
    if models:
        listed = ", ".join(models[:10]) + (f" and {len(models) - 10} more" if len(models) > 10 else "")
        raise NetconvError(f"several models: {listed}; choose one with {option('model')}")
    raise NetconvError(
        f"no .keras file, no .wlnet file and no net.json in {' or '.join(map(str, folders))}: "
        f"give one with {option('model')}"
    )


def _models(folder: Path, training: bool) -> list[Path]:
    """The models in a folder, one of each family."""
    families: dict[str, dict[str, Path]] = {}
    for path in sorted(folder.iterdir()):
        role = _role(path)
        if role:
            families.setdefault(_family(path), {})[role] = path
    nets = ("wlnet", "net")
    order = ("model", *nets, "trained") if training else ("trained", "model", *nets)
    chosen = [next(roles[role] for role in order if role in roles) for roles in families.values()]
    return [path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path for path in chosen]


def _family(path: Path) -> str:
    """The stem that a net, its converted model and its trained model share."""
    return path.stem.removesuffix("-symbol").removesuffix(TRAINED)


def _role(path: Path) -> str | None:
    """Whether a file is a "net" of MXNet, a "wlnet", a "model" or a "trained" one; None if it is something else, or
    hidden, as `._net.keras` is, which macOS writes beside `net.keras` on some disks."""
    if path.name.startswith("."):
        return None
    if path.suffix == ".keras" and path.is_file():
        return "trained" if path.stem.endswith(TRAINED) else "model"
    if path.suffix == ".wlnet" and path.is_file():
        return "wlnet"
    return "net" if path.suffix == ".json" and path.is_file() and _is_net(path) else None


def _is_net(path: Path) -> bool:
    with path.open("rb") as stream:
        return re.search(rb'"nodes"\s*:', stream.read(64 << 20)) is not None


def open_model(
    model: Path | str | bytes | Any,
    seed: int = 0,
    init: str | None = None,
    training: bool = False,
    notify: Notify = ignore,
    *,
    params: Path | str | None = None,
    input_shapes: Mapping[str, tuple[int | None, ...]] | None = None,
) -> LoadedModel:
    """Opens a model.

    Args:
        model: The path of a `.keras` file or of a net (`.json`, `.wlnet`), the bytes of a `.keras` or `.wlnet` file, a
            keras.Model, or what `train` or this function returned.
        seed: Of the initial values of a net without parameters.
        init: The initializer of a net without parameters.
        training: Whether a net whose input shape depends on the table may be opened without its model.
        notify: Is called with a line about each thing that was inferred about a net.
        params: The parameter file of a net, None for the one beside it.
        input_shapes: Shapes of the inputs of a net by name, as for `convert`.

    Raises:
        NetconvError: The file is not a model, or the net cannot be converted.
    """
    loaded = getattr(model, "loaded", model)  # of a TrainingResult
    if isinstance(loaded, LoadedModel):
        return loaded
    require("params", params, params is None or is_path(params), "the path of a parameter file")
    require_shapes(input_shapes)
    if isinstance(model, bytes) or not str(model).endswith(NETS):
        for name, value in (("init", init), ("params", params), ("input_shapes", input_shapes)):
            if value:
                raise net_option_error(name)
    if isinstance(model, bytes) and not model.startswith(HDF5_SIGNATURE):
        members = archive.members(model)  # first: some versions of Keras unpack them, whatever their size
        return LoadedModel(archive.load(model), spelled("standard input", "the model"), None, members)
    if not isinstance(model, bytes) and not is_path(model):
        return LoadedModel(_checked(model), members=members_of(model))
    if isinstance(model, bytes) or Path(model).suffix in NETS:
        return _converted(model, seed, init, training, notify, params, input_shapes)
    path = Path(model)
    if path.suffix in archive.HDF5:
        raise FormatError(
            f"{path}: a .h5 file is for Keras; netconv takes the .keras file, the .wlnet file or the net.json"
        )
    if path.suffix != ".keras":
        raise FormatError(f"{path}: a model is a .keras file, a .wlnet file or a net.json")
    members = archive.members(path)
    return LoadedModel(archive.load(path), str(path), path, members)


def _checked(model: Any) -> Any:
    """A model that is given as an object. Raises NetconvError for one that is not a model, or has no inputs yet."""
    expected = "a .keras file, a .wlnet file or a net.json, by its path, a keras.Model, or the result of a training"
    require("the model", model, isinstance(model, keras.Model), expected)
    try:
        inputs = model.inputs
    except (AttributeError, ValueError):
        inputs = None
    if not inputs:
        raise NetconvError(f"the model {model.name!r} has no input layer: its shapes are not known; add a keras.Input")
    return model


def _converted(
    net: Path | str | bytes,
    seed: int,
    init: str | None,
    training: bool,
    notify: Notify,
    params: Path | str | None,
    input_shapes: Mapping[str, tuple[int | None, ...]] | None,
) -> LoadedModel:
    """A net, by its path or the bytes of a `.wlnet` file, as a model."""
    from .. import conversion

    path = None if isinstance(net, bytes) else Path(net)
    source = io.BytesIO(net) if isinstance(net, bytes) else path
    name = spelled("standard input", "the model") if path is None else str(path)
    try:
        done = conversion.convert(source, params, input_shapes=input_shapes, seed=seed, init=init)
    except UnknownShape as error:
        if not training or path is None:
            raise
        keras.backend.backend()  # imports Keras, as opening a model does: the caller keeps it quiet meanwhile
        return LoadedModel(None, name, path, {}, seed, init, params, input_shapes or {}, error.inputs, error.known)
    for note in done.prepared.notes:
        notify(note)
    return LoadedModel(done.model, name, path, done.members)
