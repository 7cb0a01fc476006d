"""Training a model on a table, in three steps: prepare, run, finish. Knows no format of tables."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import NetconvError, option
from ..features.encoding import ModelSpec
from ..features.notices import Notify, Recorder, ignore
from ..features.scaling import Scaling
from ..features.table_options import TableOptions, read_options
from ..inference import dataset, trained_rows
from ..inference.dataset import Dataset
from ..inference.evaluation import evaluate_dataset
from ..inference.loading import TABLE, UNTRAINED, LoadedModel, open_model
from ..inference.model_scaling import with_scaling
from ..inference.model_spec import as_compiled, as_targets, loss_weights_of, losses_of, spec_of
from ..inference.reading import find_files
from ..inference.trained_rows import Training
from ..keras_api import named_objects
from ..keras_api.lazy import keras
from ..keras_files.model_layers import list_layers
from ..reports.run_record import RunRecord
from ..tables import free_memory
from ..tables.sources import Data, Source
from . import checkpoints, distribution
from .advice import after_training, scales_of
from .batches import TrainingData, batch_count
from .class_weights import class_weights, described
from .freezing import frozen
from .loop import LoopResult, Plan, Progress, fit
from .metrics import maximizes, metrics_for, split_by_fit
from .optimizers import moved, optimizer_for, untrained
from .options import TrainingOptions
from .result import TrainingResult
from .settings import settings_in_effect

if TYPE_CHECKING:
    import numpy as np


def train(
    model: Path | str | bytes | Any,
    data: Data,
    *,
    validation_data: Data | None = None,
    strategy: Any = None,
    notify: Notify = ignore,
    progress: Callable[[Progress], object] = lambda _: None,
    stop: Callable[[], bool] = bool,
    params: Path | str | None = None,
    input_shapes: Mapping[str, tuple[int | None, ...]] | None = None,
    **options: Any,
) -> TrainingResult:
    """Trains a model on a table. The same call gives the same weights.

    The weights of the best epoch are kept. What is computed from the table, such as fill values and scales, is
    computed on the rows trained on, not on those held out. The trained model scales the numbers of the table itself:
    where it does, it is a copy, and a keras.Model that is passed is left as it is.

    Args:
        model: a `.keras` file (path or bytes), a net (path of a `.json` file), a keras.Model, or what `open_model`
            returns.
        data: a table: path, binary stream, or several of them.
        validation_data: another table to validate on.
        strategy: what `strategy_for` takes as a name, or what it returns. None is one device.
        notify: is called with each line of text on what was inferred or is unusual.
        progress: is called with a Progress, several times a second at most.
        stop: is called as often; once it returns True, training ends, and what was trained so far is kept.
        params: the parameter file of a net, None for the one beside it.
        input_shapes: shapes of the inputs of a net, as for `convert`.
        options: the fields of `TrainingOptions` and `TableOptions`. `seed` is also set as Keras's random seed.

    Raises:
        NetconvError: an option, the table or the model does not fit, or the loss became infinite or NaN.
        OSError: a folder or a checkpoint cannot be written.
        TypeError: there is no such option.
    """
    table_options, training_options = read_options(train, options, TrainingOptions)
    if validation_data is not None and "validation_split" in options:
        raise NetconvError(f"{option('validation_split')} and {option('validation_data')} exclude each other")
    strategy = distribution.as_strategy(strategy)
    notify = Recorder(notify)
    files = find_files(data, table_options, "train", notify)
    held_out = () if validation_data is None else find_files(validation_data, TableOptions(), "test", ignore)
    loaded = open_model(
        model, training_options.seed, training_options.init, True, notify, params=params, input_shapes=input_shapes
    )
    for name in ("checkpoint", "tensorboard"):
        if folder := getattr(training_options, name):
            checkpoints.check_folder(folder, name, loaded.size)
    prepared = _prepare(loaded, files, validation_data, training_options, table_options, strategy, notify)
    settings = settings_in_effect(
        training_options, table_options, prepared.optimizer, prepared.spec, prepared.losses, prepared.metrics,
        prepared.batch_size,
        tuple(file.name for file in held_out),
    )  # fmt: skip
    result = _finish(prepared, *_run(prepared, notify, progress, stop), notify)
    record = RunRecord(
        loaded.name, list_layers(result.loaded.model), tuple(file.name for file in files), result.encoding,
        result.class_rows, result.left_out, settings, notify.lines, prepared.scaling,
    )  # fmt: skip
    return replace(result, record=record)


@dataclass(frozen=True)
class _Prepared:
    """Everything that a training starts from. `net` is what is trained of the model in `loaded`; the trained model is
    compiled with `metrics`; `held_out` is the share of the rows of the table that are held out for validation."""

    options: TrainingOptions
    loaded: LoadedModel
    net: Any
    spec: ModelSpec
    training: Dataset
    validation: Dataset
    scaling: Scaling
    losses: tuple[Any, ...]
    loss_weights: tuple[float, ...]
    metrics: list[list[Any]]
    optimizer: Any
    batch_size: int
    class_weights: tuple[np.ndarray | None, ...]
    held_out: float
    strategy: Any

    def encode(self, targets: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
        """The targets of the heads as their losses take them."""
        return tuple(as_targets(*each) for each in zip(targets, self.spec.heads, self.losses, strict=True))

    def compile(self, model, optimizer, metrics: Sequence[list[Any]], jit_compile: bool | str = "auto") -> None:
        """Compiles the model, or a copy of it, with the metrics of each head."""
        weights = None if set(self.loss_weights) == {1.0} else as_compiled(model, self.loss_weights)
        loss, of_heads = as_compiled(model, self.losses), as_compiled(model, metrics)
        model.compile(optimizer, loss, loss_weights=weights, metrics=of_heads, jit_compile=jit_compile)


def _prepare(
    loaded: LoadedModel,
    files: tuple[Source, ...],
    validation_data: Data | None,
    options: TrainingOptions,
    table_options: TableOptions,
    strategy: Any,
    notify: Notify,
) -> _Prepared:
    """Reads the table and chooses what the options leave open. Sets the random seed of Keras."""
    loss = options.loss
    if isinstance(loss, Mapping):
        loss = {name: named_objects.loss_for(each) for name, each in loss.items() if each is not None}
    elif loss is not None:
        loss = named_objects.loss_for(loss)
    loaded, net, training, validation, scaling = dataset.for_training(
        loaded, files, table_options, loss=loss,
        validation_data=validation_data, validation_split=options.validation_split, seed=options.seed, notify=notify,
    )  # fmt: skip
    free_memory.release()  # what the table took while it was read
    losses = losses_of(loaded, loss)
    loss_weights = loss_weights_of(loaded.model, options.loss_weights)
    spec = spec_of(loaded, losses)
    batch_size = options.batch_size or (32 if len(training) < 10_000 else 128)
    heads = [head.name for head in spec.heads]
    weights = class_weights(options.class_weight, heads, training)
    for line in described(weights, heads, training):
        notify(line)
    keras.utils.set_random_seed(options.seed)
    compiled = getattr(loaded.model, "optimizer", None)
    if compiled is not None and net is not loaded.model:
        compiled = moved(compiled, net)
    steps = batch_count(len(training), training.lengths, batch_size)
    optimizer = optimizer_for(options, compiled, steps, options.epochs)
    chosen = metrics_for(loaded.model, options.metrics, options.monitor, spec)
    metrics = [split_by_fit(*each)[1] for each in zip(chosen, spec.heads, losses, strict=True)]
    held_out = 0.0 if validation_data is not None else options.validation_split
    return _Prepared(
        options, loaded, net, spec, training, validation, scaling, losses, loss_weights, metrics, optimizer,
        batch_size, weights, held_out, strategy,
    )  # fmt: skip


def _run(
    prepared: _Prepared, notify: Notify, progress: Callable[[Progress], object], stop: Callable[[], bool]
) -> tuple[LoopResult, bool]:
    """Trains the net: itself, or a copy of it where the strategy or the precision demands one. Returns also whether
    advice was given."""
    model, options, strategy = prepared.net, prepared.options, prepared.strategy
    with frozen(model, options.freeze, notify):
        working = distribution.working_copy(model, strategy, options.mixed_precision)
        in_place = working is model and not options.freeze
        with strategy.scope():
            optimizer = prepared.optimizer if in_place else untrained(prepared.optimizer)
            if options.mixed_precision == "mixed_float16":
                optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
            metrics = metrics_for(prepared.loaded.model, options.metrics, options.monitor, prepared.spec)
            computed = [
                split_by_fit(*each)[0] for each in zip(metrics, prepared.spec.heads, prepared.losses, strict=True)
            ]
            prepared.compile(working, optimizer, computed, jit_compile=False)
        for index, variable in enumerate(working.variables):
            if variable.name == "seed_generator_state":  # of dropout; a file has the state that it was saved with
                variable.assign([options.seed, index])
        training, validation = prepared.training, prepared.validation
        targets, held_out_targets = (_scaled_targets(part.targets, prepared.scaling) for part in (training, validation))
        weights = prepared.class_weights
        inputs, held_out_inputs = (tuple(rows.stored for rows in part.inputs) for part in (training, validation))
        rows = TrainingData(inputs, targets, prepared.encode, weights, training.lengths)
        held_out = TrainingData(
            held_out_inputs, held_out_targets, prepared.encode, weights, validation.lengths
        ) if validation else None  # fmt: skip
        scaled = prepared.scaling.inputs is not None
        scales = scales_of(model, scaled, replace(training, targets=targets), prepared.spec, prepared.losses)
        lines = tuple(scales.lines())
        for line in lines:
            notify(line)
        rate = float(keras.ops.convert_to_numpy(optimizer.learning_rate))
        plan = Plan(
            options, prepared.batch_size, maximizes(options.monitor, metrics, prepared.spec), _fingerprint(prepared),
            scales.remedy(options, rate),
        )  # fmt: skip
        result = fit(working, rows, held_out, plan, strategy, notify=notify, progress=progress, stop=stop)
    if not in_place:
        model.set_weights(working.get_weights())
        if options.reduce_on_plateau:
            rate = keras.ops.convert_to_numpy(untrained(optimizer).learning_rate)
            prepared.optimizer.learning_rate = float(rate)  # of a variable, Keras would store two
    prepared.compile(model, prepared.optimizer, prepared.metrics)
    return result, bool(lines)


def _finish(prepared: _Prepared, result: LoopResult, advised: bool, notify: Notify) -> TrainingResult:
    """The trained model, with values in the units of the table, and its evaluation. If advice was given before
    training, there is none after it: that is to be followed first."""
    loaded, model, training, validation = prepared.loaded, prepared.net, prepared.training, prepared.validation
    free_memory.release()  # what training took
    if prepared.scaling.outputs:
        model = with_scaling(model, training.encoding, prepared.scaling)
        metrics = metrics_for(prepared.net, (), "loss", prepared.spec)
        prepared.compile(model, moved(prepared.net.optimizer, model), metrics)
    evaluation = evaluate_dataset(model, validation or training, prepared.spec, prepared.losses, prepared.loss_weights)
    if not advised and (line := after_training(result, evaluation, training.encoding, prepared.options)):
        notify(line)
    members = {name: data for name, data in loaded.members.items() if name != UNTRAINED}
    class_rows = tuple(
        {name: sum(counts) for name, *counts in zip(names, *both, strict=True) if sum(counts)}
        for names, *both in zip(training.names, training.counts, validation.counts, strict=True)
    )
    this = Training(training.table_rows, training.checksum, prepared.held_out, prepared.options.seed)
    rows = trained_rows.dump([*trained_rows.load(loaded.members, loaded.name), this])
    return TrainingResult(
        loaded=replace(
            loaded, model=model, members={**members, TABLE: training.encoding.dump(), trained_rows.MEMBER: rows}
        ),
        encoding=training.encoding, history=result.history, best_epoch=result.best_epoch, monitor=result.monitor,
        rows=len(training), validation_rows=len(validation), evaluation=evaluation, class_rows=class_rows,
        left_out=training.left_out, stopped=result.stopped,
        monitored_as=_monitored_as(prepared, result.monitor), chief=distribution.is_chief(prepared.strategy),
    )  # fmt: skip


def _monitored_as(prepared: _Prepared, monitor: str | None) -> str:
    """Where the monitored metric is not in the units of the table, or its rows count differently, how; otherwise ""."""
    standardized = [moments is not None for moments in prepared.scaling.outputs or [None] * len(prepared.spec.heads)]
    name = (monitor or "").removeprefix("val_")
    of_all = name == "loss" or len(prepared.spec.heads) == 1
    heads = [index for index, head in enumerate(prepared.spec.heads) if of_all or name.startswith(f"{head.name}_")]
    parts = ["of the standardized target"] if any(standardized[index] for index in heads) else []
    weights = prepared.class_weights or (None,) * len(prepared.spec.heads)
    if name.endswith("loss") and any(weights[index] is not None for index in heads):
        parts.append("with class weights")
    return ", ".join(parts)


def _scaled_targets(targets: tuple[np.ndarray, ...], scaling: Scaling) -> tuple[np.ndarray, ...]:
    """The targets that the net is trained on."""
    return tuple(
        values if moments is None else ((values - moments.mean) / moments.std).astype("float32")
        for values, moments in zip(targets, scaling.outputs or [None] * len(targets), strict=True)
    )


def _fingerprint(prepared: _Prepared) -> dict[str, Any]:
    """What the weights depend on, beside the seed and the batch size."""
    options, optimizer, scaling = prepared.options, prepared.optimizer, prepared.scaling
    config = {name: value for name, value in optimizer.get_config().items() if name != "name"}  # Keras numbers names
    encoding = prepared.training.encoding
    unnamed = replace(encoding, heads=tuple(replace(head, name="") for head in encoding.heads))  # those of layers, too
    return {
        "rows": len(prepared.training), "checksum of the encoding": zlib.crc32(unnamed.dump()),
        "checksum of the table": prepared.training.checksum, "rows for validation": len(prepared.validation),
        "loss": [named_objects.loss_config(loss) for loss in prepared.losses], "loss weights": prepared.loss_weights,
        "optimizer": type(optimizer).__name__, "optimizer's": config, "class weights": options.class_weight,
        "monitor": options.monitor, "plateau": options.reduce_on_plateau, "frozen layers": list(options.freeze),
        "precision": options.mixed_precision,
        "checksum of the scaling": [
            zlib.crc32(part.tobytes()) for each in (scaling.inputs, *scaling.outputs) for part in each or ()
        ],
    }  # fmt: skip
