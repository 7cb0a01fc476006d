"""The devices that a model is trained on, of one machine or several, by `tf.distribute`. Knows no data."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from typing import Any

from ..errors import NetconvError, first_line
from ..features.option_checks import require
from ..keras_api.lazy import keras, tf
from ..keras_files.scaling_layers import INPUTS


def strategy_for(name: str | None = None, device: str | None = None):
    """The strategy of a training.

    Call it before TensorFlow does anything else: then, on a machine without a GPU, ops run one at a time, each on all
    cores, which is faster by a tenth.

    Args:
        name: "mirrored" is all GPUs of this machine, "multiworker" the machines in the environment variable TF_CONFIG,
            None one device.
        device: "cpu" hides the GPUs.

    Returns:
        A `tf.distribute.Strategy`.

    Raises:
        NetconvError: there is no such strategy, or TensorFlow cannot set it up.
    """
    if device == "cpu":
        with suppress(RuntimeError):  # GPUs are in use already, or there are none
            tf.config.set_visible_devices([], "GPU")
    one = tf.distribute.get_strategy()
    if name is None:
        if not tf.config.get_visible_devices("GPU"):
            with suppress(RuntimeError):  # TensorFlow runs already
                tf.config.threading.set_inter_op_parallelism_threads(1)
        return one
    strategies = {"mirrored": tf.distribute.MirroredStrategy, "multiworker": tf.distribute.MultiWorkerMirroredStrategy}
    if name not in strategies:
        raise NetconvError(f"there is no strategy {name!r}: {' or '.join(strategies)}")
    try:
        strategy = strategies[name]()
    except (ValueError, TypeError, KeyError, RuntimeError, tf.errors.OpError) as error:
        raise NetconvError(f"the strategy {name} cannot be set up: {first_line(error)}") from None
    return strategy if strategy.num_replicas_in_sync > 1 else one


def as_strategy(value: Any):
    """The strategy that is given by its name, itself, or as None for one device. Raises NetconvError."""
    if value is None or isinstance(value, str):
        return strategy_for(value)
    require("strategy", value, isinstance(value, tf.distribute.Strategy), "a name, or a tf.distribute.Strategy")
    return value


def is_chief(strategy) -> bool:
    """Whether this process writes the files: one of the processes of a strategy does."""
    resolver = strategy.cluster_resolver
    if resolver is None or not resolver.task_type:
        return True
    first = "chief" if "chief" in resolver.cluster_spec().jobs else "worker"
    return (resolver.task_type, resolver.task_id) == (first, 0)


def working_copy(model, strategy, policy: str | None):
    """A copy of a model with variables on every replica of the strategy, which computes in a policy of mixed precision
    except for its outputs and the layers that scale its inputs; the model itself if there is neither. With several
    replicas, BatchNormalization in the copy takes the statistics of the whole batch, not of the share of each replica.
    """
    if strategy.num_replicas_in_sync == 1 and policy is None:
        return model
    last = getattr(model, "output_names", (model.layers[-1].name,))  # a Sequential has no such names

    @cache  # a layer that is called several times is one layer of the copy
    def cloned(layer):
        config = layer.get_config()
        kept = layer.name in last or layer.name.startswith(INPUTS)
        if policy and not kept and isinstance(layer, keras.layers.Layer):  # not an op
            config["dtype"] = policy
        if strategy.num_replicas_in_sync == 1:
            return type(layer).from_config(config)
        from .synchronized import copy_of

        return copy_of(layer, config)

    with strategy.scope():
        copy = keras.models.clone_model(model, clone_function=cloned)
        copy.set_weights(model.get_weights())
    return copy


def vary_seeds(strategy, variables: Sequence[Any]) -> None:
    """Gives each replica random numbers of its own, for dropout and the like: adds the number of the replica to the
    seeds among these variables, which then differ between replicas. The first replica keeps its seeds."""
    seeds = [variable for variable in variables if variable.name == "seed_generator_state"]
    if strategy.num_replicas_in_sync == 1 or not seeds:
        return

    @tf.function
    def vary() -> None:
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        for seed in seeds:
            seed.assign(seed + tf.cast(tf.stack([replica, 0]), seed.dtype))

    strategy.run(vary)
