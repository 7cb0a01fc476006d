"""What a layer, a loss, a metric and an optimizer of Keras 3 are in the configuration of Keras 2.15. Knows no weights.

Source: the constructors in keras 2.15.0. An argument that Keras 2 does not have is left out at its default, and a
LayerError otherwise.
"""

from __future__ import annotations

import inspect
from typing import Any

from ..errors import LayerError
from ..keras_api.lazy import keras

_KERNEL = (
    "activation use_bias kernel_initializer bias_initializer kernel_regularizer bias_regularizer kernel_constraint"
)
_DENSE = f"{_KERNEL} bias_constraint activity_regularizer"
_WINDOW = "kernel_size strides padding data_format dilation_rate"
_CONV = f"filters groups {_WINDOW} {_DENSE}"
_DEPTHWISE = (
    f"{_WINDOW} depth_multiplier activation use_bias depthwise_initializer bias_initializer depthwise_regularizer "
    "bias_regularizer activity_regularizer depthwise_constraint bias_constraint"
)
_SEPARABLE = f"{_DEPTHWISE} filters pointwise_initializer pointwise_regularizer pointwise_constraint"
_NORM = (
    "axis epsilon center scale beta_initializer gamma_initializer beta_regularizer gamma_regularizer beta_constraint "
    "gamma_constraint"
)
_RNN = (
    "units return_sequences return_state go_backwards stateful unroll zero_output_for_mask dropout recurrent_dropout "
    f"recurrent_initializer recurrent_regularizer recurrent_constraint {_DENSE}"
)
_POOL = "pool_size padding strides data_format"
_GLOBAL = "data_format keepdims"
_EACH = ("1D", "2D", "3D")

UNKNOWN = "Keras 2 does not know"
LAYERS: dict[str, str] = {
    **dict.fromkeys(("Add", "Average", "Identity", "Maximum", "Minimum", "Multiply", "Subtract"), ""),
    **{f"Conv{n}": _CONV for n in _EACH},
    **{f"Conv{n}Transpose": f"filters output_padding {_WINDOW} {_DENSE}" for n in _EACH},
    **{f"DepthwiseConv{n}": _DEPTHWISE for n in _EACH[:2]},
    **{f"SeparableConv{n}": _SEPARABLE for n in _EACH[:2]},
    **{f"{kind}Pooling{n}": _POOL for kind in ("Average", "Max") for n in _EACH},
    **{f"Global{kind}Pooling{n}": _GLOBAL for kind in ("Average", "Max") for n in _EACH},
    "Cropping1D": "cropping",
    **dict.fromkeys(("Cropping2D", "Cropping3D"), "cropping data_format"),
    "ZeroPadding1D": "padding",
    **dict.fromkeys(("ZeroPadding2D", "ZeroPadding3D"), "padding data_format"),
    "UpSampling1D": "size",
    "UpSampling2D": "size data_format interpolation",
    "UpSampling3D": "size data_format",
    "SpatialDropout1D": "rate",
    **dict.fromkeys(("SpatialDropout2D", "SpatialDropout3D"), "rate data_format"),
    "Activation": "activation",
    "AlphaDropout": "rate noise_shape seed",
    "BatchNormalization": f"{_NORM} momentum moving_mean_initializer moving_variance_initializer synchronized",
    "Concatenate": "axis",
    "Dense": f"units {_DENSE}",
    "Dot": "axes normalize",
    "Dropout": "rate noise_shape seed",
    "ELU": "alpha",
    "Embedding": (
        "input_dim output_dim embeddings_initializer embeddings_regularizer activity_regularizer "
        "embeddings_constraint mask_zero"
    ),
    "Flatten": "data_format",
    "GRU": f"{_RNN} recurrent_activation reset_after",
    "GaussianDropout": "rate seed",
    "GaussianNoise": "stddev seed",
    "GroupNormalization": f"groups {_NORM}",
    "LSTM": f"{_RNN} recurrent_activation unit_forget_bias",
    "LayerNormalization": _NORM,
    "LeakyReLU": "negative_slope",
    "Masking": "mask_value",
    "Normalization": "axis mean variance invert",
    "PReLU": "alpha_initializer alpha_regularizer alpha_constraint shared_axes",
    "Permute": "dims",
    "ReLU": "max_value negative_slope threshold",
    "RepeatVector": "n",
    "Rescaling": "scale offset",
    "Reshape": "target_shape",
    "SimpleRNN": _RNN,
    "Softmax": "axis",
}
"""The arguments that Keras 2.15 has for a layer, besides its name, `trainable` and `dtype`, as Keras 3 calls them."""
RENAMED = {("LeakyReLU", "negative_slope"): "alpha"}
WITHOUT_EFFECT = frozenset({"seed"})
"""Arguments that only choose random numbers, and those of Keras 2 are different ones anyway."""
ACTIVATIONS = frozenset(
    "elu exponential gelu linear log_softmax mish relu selu sigmoid silu softmax softplus softsign swish tanh".split()
)
"""The activations that Keras 2 defines as Keras 3 does; its hard_sigmoid has another slope."""
INITIALIZERS = frozenset("seed minval maxval mean stddev scale mode distribution value gain".split())
"""Arguments of the initializers of Keras 2."""
LOSSES = frozenset(
    "BinaryCrossentropy BinaryFocalCrossentropy CategoricalCrossentropy CategoricalFocalCrossentropy CategoricalHinge "
    "CosineSimilarity Hinge Huber KLDivergence LogCosh MeanAbsoluteError MeanAbsolutePercentageError MeanSquaredError "
    "MeanSquaredLogarithmicError Poisson SparseCategoricalCrossentropy SquaredHinge".split()
)
METRICS = LOSSES - {"BinaryFocalCrossentropy", "CategoricalFocalCrossentropy", "Huber", "LogCosh"} | frozenset(
    "AUC Accuracy BinaryAccuracy BinaryIoU CategoricalAccuracy F1Score FBetaScore FalseNegatives FalsePositives IoU "
    "LogCoshError Mean MeanIoU OneHotIoU OneHotMeanIoU Precision PrecisionAtRecall R2Score Recall RecallAtPrecision "
    "RootMeanSquaredError SensitivityAtSpecificity SparseCategoricalAccuracy SparseTopKCategoricalAccuracy "
    "SpecificityAtSensitivity Sum TopKCategoricalAccuracy TrueNegatives TruePositives".split()
)
REDUCTIONS = ("sum_over_batch_size", "sum", "none")
_ADAM = "beta_1 beta_2 epsilon"
OPTIMIZERS = {
    "Adadelta": "rho epsilon",
    "Adagrad": "initial_accumulator_value epsilon",
    "Adam": f"{_ADAM} amsgrad",
    "Adamax": _ADAM,
    "Ftrl": (
        "learning_rate_power initial_accumulator_value l1_regularization_strength l2_regularization_strength "
        "l2_shrinkage_regularization_strength beta"
    ),
    "Nadam": _ADAM,
    "RMSprop": "rho momentum epsilon centered",
    "SGD": "momentum nesterov",
}
"""The arguments of the optimizers of Keras 2 that a file can name to both Keras 2 and 3."""
_ANY_OPTIMIZER = "name learning_rate clipnorm clipvalue global_clipnorm"


def layer_config(layer, name: str) -> dict[str, Any]:
    """The entry of a layer, which is called `name` there, without its inbound nodes. Raises LayerError."""
    kind = type(layer).__name__
    if kind == "InputLayer":
        config = {"batch_input_shape": layer.batch_shape, "dtype": str(layer.dtype), "sparse": False, "ragged": False}
        return {"class_name": kind, "config": config | {"name": name}, "name": name}
    given = layer.get_config()
    config = {"name": name, "trainable": given.pop("trainable", True), "dtype": layer.dtype_policy.name}
    given = {key: value for key, value in given.items() if key not in config}
    if kind == "Bidirectional":
        parts = {"layer": layer.forward_layer, "backward_layer": layer.backward_layer}
        config |= {key: _nested(part) for key, part in parts.items()} | {"merge_mode": given["merge_mode"]}
    elif kind in LAYERS:
        config |= _arguments(layer, f"layer {kind}", name, given, LAYERS[kind].split())
    else:
        raise LayerError(f"layer {kind}", name, "is not in Keras 2")
    return {"class_name": kind, "config": config, "name": name}


def _nested(layer) -> dict[str, Any]:
    """A layer in another one, which Keras 3 finds only by its module."""
    entry = layer_config(layer, layer.name)
    return {"module": "keras.layers", "class_name": entry["class_name"], "config": entry["config"]}


def _arguments(made, kind: str, name: str, given: dict[str, Any], known: list[str]) -> dict[str, Any]:
    """The arguments that Keras 2 has. Raises LayerError if another one is not at its default."""
    parameters = inspect.signature(type(made).__init__).parameters
    config = {}
    for key, value in given.items():
        if key in known:
            config[RENAMED.get((type(made).__name__, key), key)] = _plain(value, kind, name, key)
            continue
        default = parameters[key].default if key in parameters else None
        if key not in WITHOUT_EFFECT and value != default and value not in (None, False, "channels_last"):
            raise LayerError(kind, name, f"has {key}={value!r}, which {UNKNOWN}")
    return config


def _plain(value, kind: str, name: str, key: str):
    """A value in the words of Keras 2: of an object its class and its own arguments."""
    if isinstance(value, dict) and "class_name" in value:
        config = {k: v for k, v in value["config"].items() if v is not None}
        if key.endswith("initializer"):
            config = {k: v if k != "seed" or isinstance(v, int) else None for k, v in config.items()}
            if unknown := [k for k in config if k not in INITIALIZERS]:
                raise LayerError(kind, name, f"has {key} with {unknown[0]}, which {UNKNOWN}")
        module = {"module": value["module"]} if key == "learning_rate" else {}  # by which Keras 3 finds a schedule
        return {**module, "class_name": value["class_name"], "config": config}
    if key in ("activation", "recurrent_activation") and value not in ACTIVATIONS:
        raise LayerError(kind, name, f"has {key} {value!r}, which Keras 2 does not have")
    return value


def training_config(model) -> dict[str, Any]:
    """The loss, the metrics and the optimizer of a compiled model. Raises LayerError."""
    compiled = model._compile_config.config
    loss = compiled["loss"]
    metrics = {
        key: _each(compiled[key], lambda one, of: _metric(one, loss if of is None else of), loss)
        for key in ("metrics", "weighted_metrics")
    }
    return {
        "loss": _each(loss, lambda one, _: _named(keras.losses.get(one), "loss", LOSSES)),
        **metrics,
        "loss_weights": compiled["loss_weights"],
        "optimizer_config": _optimizer_config(model.optimizer),
    }


def _each(given, write, loss=None):
    """The same structure with `write(one, its loss)` of each loss or metric; `loss` is that of the model."""
    if isinstance(given, dict):
        return {key: _each(one, write, loss.get(key) if isinstance(loss, dict) else loss) for key, one in given.items()}
    if isinstance(given, list | tuple):
        losses = loss if isinstance(loss, list | tuple) and len(loss) == len(given) else [loss] * len(given)
        return [_each(one, write, of) for one, of in zip(given, losses, strict=True)]
    return None if given is None else write(given, loss)


def _metric(given, loss):
    """A metric; "accuracy" of class numbers by its class, since Keras 2 takes the word in a file for that of one-hot
    targets."""
    if given in ("accuracy", "acc"):
        name = loss if isinstance(loss, str) else getattr(loss, "name", "")
        config = {"name": given, "dtype": "float32"}
        return {"class_name": "SparseCategoricalAccuracy", "config": config} if name.startswith("sparse") else given
    return _named(keras.metrics.get(given), "metric", METRICS)


def _named(given, kind: str, known: frozenset[str]):
    """A loss or a metric: its name, or its class with its arguments."""
    name = str(getattr(given, "name", None) or getattr(given, "__name__", type(given).__name__))
    if not hasattr(given, "get_config"):  # a function: in full, since Keras 3 does not load "mse" from a file
        if name.replace("_", "") not in map(str.lower, known):
            raise LayerError(kind, name, "is not in Keras 2")
        return name
    if type(given).__name__ not in known:
        raise LayerError(f"{kind} {type(given).__name__}", name, "is not in Keras 2")
    config = given.get_config()
    if type(given).__name__ == "Huber":
        config["delta"] = given._fn_kwargs["delta"]  # which Keras 3 does not store
    if "dtype" in config:
        config["dtype"] = "float32"
    if "reduction" in config:
        config["reduction"] = config["reduction"] or "none"
        if config["reduction"] not in REDUCTIONS:
            raise LayerError(
                f"{kind} {type(given).__name__}", name, f"has reduction={config['reduction']!r}, which {UNKNOWN}"
            )
    return {"class_name": type(given).__name__, "config": config}


def _optimizer_config(optimizer) -> dict[str, Any]:
    kind = type(optimizer).__name__
    if kind not in OPTIMIZERS:
        raise LayerError(f"optimizer {kind}", optimizer.name, f"is none of Keras 2: {', '.join(OPTIMIZERS)}")
    known = f"{_ANY_OPTIMIZER} {OPTIMIZERS[kind]}".split()
    config = _arguments(optimizer, f"optimizer {kind}", optimizer.name, optimizer.get_config(), known)
    return {"class_name": kind, "config": config}
