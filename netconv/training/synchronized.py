"""BatchNormalization for several replicas. Imports Keras: it is imported when a model is copied for them."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


class SynchronizedBatchNormalization(keras.layers.BatchNormalization):
    """A BatchNormalization with the mean and the variance of the whole batch, not of a replica's share of it.

    Keras's option `synchronized` computes the variance as E(x²) - E(x)², which loses digits where the mean is large.
    Here the inputs are first shifted to a mean near 0, which changes neither the outputs nor the gradients.
    """

    def __init__(self, **options: Any):
        super().__init__(**{**options, "synchronized": True})

    def call(self, inputs, training=None, mask=None):
        replica = tf.distribute.get_replica_context()
        if not training or not self.trainable or self.renorm or replica is None:
            return super().call(inputs, training=training, mask=mask)
        inputs = keras.ops.cast(inputs, "float32")
        axes = [axis for axis in range(len(inputs.shape)) if axis != self.axis % len(inputs.shape)]
        mean = replica.all_reduce(tf.distribute.ReduceOp.MEAN, keras.ops.mean(inputs, axes, keepdims=True))
        mean = keras.ops.stop_gradient(mean)
        outputs = super().call(inputs - mean, training=True, mask=mask)
        self.moving_mean.assign_add(keras.ops.reshape(mean, [-1]) * (1 - self.momentum))
        return outputs


def synchronized(config: Any) -> Any:
    """A serialized layer in which every BatchNormalization, also those of nested layers, is synchronized."""
    if isinstance(config, list | tuple):
        return type(config)(map(synchronized, config))
    if not isinstance(config, dict):
        return config
    config = {name: synchronized(value) for name, value in config.items()}
    if config.get("class_name") == "BatchNormalization":
        name = SynchronizedBatchNormalization.__name__
        config |= {"module": None, "class_name": name, "registered_name": name}
    return config


def copy_of(layer, config: dict[str, Any]):
    """A layer like this one with another configuration, in which every BatchNormalization is synchronized."""
    config = synchronized({"class_name": type(layer).__name__, "config": config})
    own = SynchronizedBatchNormalization
    kind: Any = own if config["class_name"] == own.__name__ else type(layer)
    with keras.saving.custom_object_scope({own.__name__: own}):
        return kind.from_config(config["config"])
