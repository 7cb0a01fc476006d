"""Steps of training and of validation, as functions of TensorFlow. Knows a compiled model and batches, no epochs.

docs/architecture.md says why `keras.Model.fit` is not used. All calls are to the public API of Keras and TensorFlow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from ..errors import NetconvError
from ..inference.model_spec import as_compiled, by_head, head_names
from ..keras_api.lazy import keras
from .batches import BatchGroup

COMPILED_FROM, COMPILED_VARIABLES = 1500, 32
"""From how many steps on, and up to how many variables, XLA compiles the optimizer, which takes one pass instead of
ten. On two cores it saves a sixth of the step of an MLP, nothing for a CNN or an LSTM, and takes half a second. The
rest of a step became several times slower when it was compiled."""


class Steps:
    """The steps of a compiled model under a strategy. `planned` is the largest number of training steps; with
    `any_length` batches have different sizes where the inputs of the model leave them open."""

    def __init__(self, model, strategy, planned: int, any_length: bool = False):
        self.model, self.strategy = model, strategy
        self.replicas = strategy.num_replicas_in_sync
        self.variables, self.any_length = model.trainable_variables, any_length
        with strategy.scope():
            self.loss = keras.metrics.Mean("loss")
            self.head_losses = _head_losses(model, self.replicas)
            model.optimizer.build(self.variables)
        self.compiles = (
            planned >= COMPILED_FROM and len(self.variables) <= COMPILED_VARIABLES and self.replicas == 1
            and not isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
        )  # fmt: skip
        self._functions: dict[Callable[..., None], Any] = {}
        self._shared: dict[tuple[int, ...], tuple] = {}

    def to_device(self, share_of: Callable[[int], BatchGroup]) -> tuple:
        """Tensors of the share of each replica, on its device. Inputs that groups share are copied there once."""
        import tensorflow as tf

        def tensors(replica: int):
            share = share_of(replica)
            parts = (share.rows, share.targets, share.weights, share.bounds, share.counts)
            return self._inputs(share, replica), *keras.tree.map_structure(tf.convert_to_tensor, parts)

        if self.replicas == 1:
            return tensors(0)
        return self.strategy.experimental_distribute_values_from_function(
            lambda context: tensors(context.replica_id_in_sync_group)
        )

    def _inputs(self, share: BatchGroup, replica: int) -> tuple:
        import tensorflow as tf

        key = (replica, *map(id, share.inputs))
        if share.shared and key in self._shared:
            return self._shared[key]
        inputs = tuple(map(tf.convert_to_tensor, share.inputs))
        if tf.config.get_visible_devices("GPU"):  # where TensorFlow has no `gather` of small integers
            inputs = tuple(_cast(inputs, self.model))
        if share.shared:
            self._shared[key] = inputs
        return inputs

    def train(self, group: tuple, steps: int) -> None:
        """A training step on each of the `steps` batches of a group that is on the devices."""
        self._run(self._train_step, group, steps)

    def validate(self, group: tuple, steps: int) -> None:
        """Adds each of the batches to the metrics, without training."""
        self._run(self._validation_step, group, steps)

    def reset_metrics(self) -> None:
        self.model.reset_metrics()
        for mean in (self.loss, *(mean for _, mean in self.head_losses)):
            mean.reset_state()

    def metrics(self) -> dict[str, float]:
        """The loss, that of each of several outputs, and the metrics of all batches since `reset_metrics`."""
        # Keras's own loss is of its `train_step`, and those of the outputs count small batches as large ones.
        means = {mean.name: mean.result() for mean in (self.loss, *(mean for _, mean in self.head_losses))}
        found = means | {name: each for name, each in self.model.get_metrics_result().items() if name not in means}
        return {name: float(each) for name, each in found.items()}

    def sum_over_replicas(self, value: float) -> float:
        import tensorflow as tf

        values = self.strategy.experimental_distribute_values_from_function(lambda _: tf.constant(float(value)))
        return float(self.strategy.reduce("SUM", values, axis=None))

    def _run(self, step: Callable[..., None], group: tuple, steps: int) -> None:
        import tensorflow as tf

        if step not in self._functions:
            if not self._functions:
                self._build_metrics(group)
            signature = None if self.replicas > 1 else [self._specs(group), tf.TensorSpec([], tf.int32)]

            @tf.function(input_signature=signature, reduce_retracing=signature is None, autograph=False)
            def function(values, count):
                def run_one(number):
                    self.strategy.run(step, args=(number, *values))
                    return number + 1

                # a loop in Python would need autograph, which rewrites the code of a step: as slow as to trace it
                tf.while_loop(lambda number: number < count, run_one, [0])

            # Of functions that are traced when called, TensorFlow warns after a few trainings.
            self._functions[step] = function.get_concrete_function() if signature else function
        self._functions[step](group, tf.constant(steps))

    def _specs(self, group: tuple) -> tuple:
        """Such a group with any number of rows, and with any size where rows of several lengths leave it open."""
        import tensorflow as tf

        inputs, *rest = keras.tree.map_structure(_spec, group)
        if self.any_length:
            shapes = zip(inputs, self.model.inputs, strict=True)
            inputs = tuple(tf.TensorSpec([None, *entry.shape[1:]], spec.dtype) for spec, entry in shapes)
        return (inputs, *rest)

    def _build_metrics(self, group: tuple) -> None:
        """Metrics create their variables when first called, which they cannot do in a loop of TensorFlow."""
        import tensorflow as tf

        def first_batch(values):
            self.strategy.run(self._validation_step, args=(0, *values))

        try:
            with self.strategy.scope():
                function = tf.function(first_batch, autograph=False)
                (function.get_concrete_function(group) if self.replicas == 1 else function)(group)
        except (ValueError, TypeError, tf.errors.InvalidArgumentError) as error:
            text = re.sub(r"\{\{\w+ [^}]*\}\} ?", "", str(error)).strip()  # TensorFlow's names of its nodes
            # Where in its graph an error arose stands in lines before the reason, and in indented ones.
            lines = [line for line in text.splitlines() if not re.match(r"Graph execution|Detected at|\s|$", line)]
            reason = lines[0] if lines else type(error).__name__
            raise NetconvError(f"the loss or a metric does not fit the output of the net: {reason}") from None
        for name, value in self.model.get_metrics_result().items():
            if keras.ops.ndim(value):
                raise NetconvError(
                    f"the metric {name} has several values, one for each class: choose how they are averaged, as in "
                    "F1Score(average='macro')"
                )
        self.reset_metrics()

    def _train_step(self, number, inputs, rows, targets, weights, bounds, counts) -> None:
        import tensorflow as tf

        with tf.GradientTape() as tape:
            loss = self._loss(number, inputs, rows, targets, weights, bounds, counts, training=True)
            scaled = self.model.optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled, [variable.value for variable in self.variables])
        variables = [v for g, v in zip(gradients, self.variables, strict=True) if g is not None]
        gradients = [g for g in gradients if g is not None]
        if self.compiles and all(isinstance(gradient, tf.Tensor) for gradient in gradients):
            update = self.model.optimizer.apply
            function = tf.function(lambda grads: update(grads, variables), jit_compile=True, autograph=False)
            function.get_concrete_function(gradients)(gradients)
        else:
            self.model.optimizer.apply(gradients, variables)

    def _validation_step(self, number, inputs, rows, targets, weights, bounds, counts) -> None:
        self._loss(number, inputs, rows, targets, weights, bounds, counts, training=False)

    def _loss(self, number, inputs, rows, targets, weights, bounds, counts, training: bool):
        """The loss of one batch, which is added to the metrics."""
        import tensorflow as tf

        start, stop = bounds[number], bounds[number + 1]
        rows, y, w = keras.tree.map_structure(lambda part: part[start:stop], (rows, targets, weights))
        x = [tf.gather(part, rows) for part in inputs]
        of_heads = w or (None,) * len(y)
        w, y = as_compiled(self.model, w) if w else None, as_compiled(self.model, y)
        x = _cast(x, self.model)
        x = x if len(x) > 1 else x[0]
        y_pred = self.model(x, training=training)
        loss = self.model.compute_loss(x, y, y_pred, w, training=training)
        # under a strategy Keras divides the loss by the number of replicas, whose gradients are added
        self.loss.update_state(loss * self.replicas, sample_weight=counts[number])
        for (function, mean), true, predicted, weights in zip(
            self.head_losses, keras.tree.flatten(y), keras.tree.flatten(y_pred), of_heads, strict=bool(self.head_losses)
        ):
            mean.update_state(function(true, predicted, weights), sample_weight=counts[number])
        self.model.compute_metrics(x, y, y_pred, w)
        return loss


def _head_losses(model, replicas: int) -> list[tuple[Callable[..., Any], Any]]:
    """The loss of each of several outputs of a compiled model as a function of targets, outputs and weights, and the
    mean of its values."""
    names = head_names(model)
    if len(names) == 1:
        return []
    losses = by_head(model.loss, names)
    return [
        (_mean_loss(keras.losses.get(loss), replicas), keras.metrics.Mean(f"{name}_loss"))
        for name, loss in zip(names, losses, strict=True)
    ]


def _mean_loss(loss, replicas: int) -> Callable[..., Any]:
    def mean(y, y_pred, weights):
        if isinstance(loss, keras.losses.Loss):
            return loss(y, y_pred, weights) * replicas
        values = loss(y, y_pred)
        return keras.ops.mean(values if weights is None else values * weights)

    return mean


def _cast(inputs: Sequence[Any], model) -> list[Any]:
    """Tensors of the types that the inputs of a model take."""
    return [keras.ops.cast(part, entry.dtype) for part, entry in zip(inputs, model.inputs, strict=True)]


def _spec(tensor):
    """Such a tensor with any number of rows."""
    import tensorflow as tf

    return tf.TensorSpec([None, *tensor.shape[1:]], tensor.dtype)
