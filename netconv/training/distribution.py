"""Where a model is trained: devices, several of them, several machines. All of it is `tf.distribute`'s."""

from __future__ import annotations

from contextlib import suppress

from ..errors import NetconvError
from ..keras_api.lazy import keras


def strategy_for(name: str | None = None, device: str | None = None):
    """The strategy "mirrored" (every GPU of this machine) or "multiworker" (the machines that TF_CONFIG names); None is
    one device. The device "cpu" keeps off the GPUs.

    To be asked for before TensorFlow has done anything else: then, on one device that is no GPU, ops run one at a time,
    each on all cores, which is quicker by a tenth. Raises NetconvError.
    """
    import tensorflow as tf

    if device == "cpu":
        with suppress(RuntimeError):  # GPUs are in use already, or there are none
            tf.config.set_visible_devices([], "GPU")
    one = tf.distribute.get_strategy()
    if name is None:
        if not tf.config.get_visible_devices("GPU"):
            with suppress(RuntimeError):  # TensorFlow runs already
                tf.config.threading.set_inter_op_parallelism_threads(1)
        return one
    kinds = {"mirrored": tf.distribute.MirroredStrategy, "multiworker": tf.distribute.MultiWorkerMirroredStrategy}
    if name not in kinds:
        raise NetconvError(f"there is no strategy {name!r}: {' or '.join(kinds)}")
    try:
        found = kinds[name]()
    except (ValueError, TypeError, KeyError, RuntimeError, tf.errors.OpError) as error:
        said = (str(error).splitlines() or [type(error).__name__])[0]
        raise NetconvError(f"the strategy {name} cannot be set up: {said}") from None
    return found if found.num_replicas_in_sync > 1 else one


def is_chief(strategy) -> bool:
    """Whether this process is the one of a strategy's that writes files."""
    resolver = strategy.cluster_resolver
    if resolver is None or not resolver.task_type:
        return True
    first = "chief" if "chief" in resolver.cluster_spec().jobs else "worker"
    return (resolver.task_type, resolver.task_id) == (first, 0)


def working_copy(model, strategy, policy: str | None):
    """The model to train: one whose variables are on every replica of the strategy, and which computes by a policy of
    mixed precision, what it gives excepted. The model itself where neither is wanted."""
    if strategy.num_replicas_in_sync == 1 and policy is None:
        return model
    last = getattr(model, "output_names", (model.layers[-1].name,))  # a Sequential has no such names

    def cloned(layer):
        config = layer.get_config()
        if policy and layer.name not in last and isinstance(layer, keras.layers.Layer):  # not an op
            config["dtype"] = policy
        return type(layer).from_config(config)

    with strategy.scope():
        copy = keras.models.clone_model(model, clone_function=cloned)
        copy.set_weights(model.get_weights())
    return copy
