"""Steps of training and of validation, as functions of TensorFlow. Knows a compiled model and batches, no epochs.

docs/architecture.md says why `keras.Model.fit` is not used. All calls are to the public API of Keras and TensorFlow.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ..errors import NetconvError
from ..keras_api.lazy import keras
from .batches import BatchGroup

COMPILED_FROM, COMPILED_VARIABLES = 1500, 32
"""Steps from which on, and variables up to which, XLA compiles the optimizer, which makes one pass of what are ten. On
two cores it saves an MLP a sixth of a step, a CNN and an LSTM nothing, and takes half a second. The rest of a step it
made slower, several times."""


class Steps:
    """Learns from batches, and judges by them. `planned` is how many steps there may be."""

    def __init__(self, model, strategy, planned: int):
        self.model, self.strategy = model, strategy
        self.replicas = strategy.num_replicas_in_sync
        self.variables = model.trainable_variables
        with strategy.scope():
            self.loss = keras.metrics.Mean("loss")
            model.optimizer.build(self.variables)
        self.compiles = (
            planned >= COMPILED_FROM and len(self.variables) <= COMPILED_VARIABLES and self.replicas == 1
            and not isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
        )  # fmt: skip
        self._functions: dict[Callable[..., None], Any] = {}

    def placed(self, chunk_of: Callable[[int], BatchGroup]) -> tuple:
        """Tensors of the chunk of each replica, on its device."""
        import tensorflow as tf

        def tensors(replica: int):
            chunk = chunk_of(replica)
            weights = () if chunk.weights is None else (chunk.weights,)
            parts = (chunk.inputs, chunk.targets, weights, chunk.bounds, chunk.counts)
            return keras.tree.map_structure(tf.convert_to_tensor, parts)

        if self.replicas == 1:
            return tensors(0)
        return self.strategy.experimental_distribute_values_from_function(
            lambda context: tensors(context.replica_id_in_sync_group)
        )

    def learn(self, placed: tuple, steps: int) -> None:
        """Learns from each of the `steps` batches of what was placed."""
        self._run(self._learn, placed, steps)

    def judge(self, placed: tuple, steps: int) -> None:
        """Counts each of the batches in the figures, and learns nothing."""
        self._run(self._judge, placed, steps)

    def reset(self) -> None:
        self.model.reset_metrics()
        self.loss.reset_state()

    def figures(self) -> dict[str, float]:
        """The loss and the metrics of all batches since `reset`, the loss first."""
        found = {**self.model.get_metrics_result(), "loss": self.loss.result()}  # Keras's own is of its `train_step`
        return {name: float(found[name]) for name in sorted(found, key=lambda name: name != "loss")}

    def _run(self, step: Callable[..., None], placed: tuple, steps: int) -> None:
        import tensorflow as tf

        if step not in self._functions:
            if not self._functions:
                self._begin(placed)
            signature = (
                None if self.replicas > 1 else [keras.tree.map_structure(_spec, placed), tf.TensorSpec([], tf.int32)]
            )

            @tf.function(input_signature=signature, reduce_retracing=signature is None)
            def function(values, count):
                for number in tf.range(count):
                    self.strategy.run(step, args=(number, *values))

            self._functions[step] = function
        self._functions[step](placed, tf.constant(steps))

    def _begin(self, placed: tuple) -> None:
        """Metrics make what they count in when first used, and may not do so in a loop."""
        import tensorflow as tf

        try:
            with self.strategy.scope():
                tf.function(lambda values: self.strategy.run(self._judge, args=(0, *values)), autograph=False)(placed)
        except (ValueError, TypeError, tf.errors.InvalidArgumentError) as error:
            text = re.sub(r"\{\{\w+ [^}]*\}\} ?", "", str(error)).strip()  # TensorFlow's names of its nodes
            said = text.splitlines()[0] if text else type(error).__name__
            raise NetconvError(f"the loss or a metric does not fit what the net gives: {said}") from None
        self.reset()

    def total(self, value: float) -> float:
        """The sum of a number over all replicas."""
        import tensorflow as tf

        values = self.strategy.experimental_distribute_values_from_function(lambda _: tf.constant(float(value)))
        return float(self.strategy.reduce("SUM", values, axis=None))

    def _learn(self, number, inputs, targets, weights, bounds, counts) -> None:
        import tensorflow as tf

        with tf.GradientTape() as tape:
            loss = self._counted(number, inputs, targets, weights, bounds, counts, training=True)
            scaled = self.model.optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled, [variable.value for variable in self.variables])
        variables = [v for g, v in zip(gradients, self.variables, strict=True) if g is not None]
        gradients = [g for g in gradients if g is not None]
        if self.compiles and all(isinstance(gradient, tf.Tensor) for gradient in gradients):
            update = self.model.optimizer.apply
            tf.function(lambda given: update(given, variables), jit_compile=True, autograph=False)(gradients)
        else:
            self.model.optimizer.apply(gradients, variables)

    def _judge(self, number, inputs, targets, weights, bounds, counts) -> None:
        self._counted(number, inputs, targets, weights, bounds, counts, training=False)

    def _counted(self, number, inputs, targets, weights, bounds, counts, training: bool):
        """The loss of one batch, which is counted in the figures."""
        start, stop = bounds[number], bounds[number + 1]
        x, y, w = keras.tree.map_structure(lambda part: part[start:stop], (inputs, targets, weights))
        w = w[0] if w else None
        x = [keras.ops.cast(part, entry.dtype) for part, entry in zip(x, self.model.inputs, strict=True)]
        x = x if len(x) > 1 else x[0]
        given = self.model(x, training=training)
        loss = self.model.compute_loss(x, y, given, w, training=training)
        # under a strategy Keras divides the loss by the number of replicas, whose gradients are added
        self.loss.update_state(loss * self.replicas, sample_weight=counts[number])
        self.model.compute_metrics(x, y, given, w)
        return loss


def _spec(tensor):
    """Any number of rows of such a tensor."""
    import tensorflow as tf

    return tf.TensorSpec([None, *tensor.shape[1:]], tensor.dtype)
