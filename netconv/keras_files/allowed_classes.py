"""Which classes and functions of Keras the config of a `.keras` file may name, and where: layers where layers stand,
and functions where functions stand. What is not listed is refused before Keras sees it. Knows configs, no Keras.

Keras makes an object of any of its classes wherever a config has one, and calls what stands for a function. Some of its
layers run other programs (TFSMLayer, TorchModuleWrapper, JaxLayer, Lambda) or read other files (lookup layers).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

_ND = ("1D", "2D", "3D")
LAYERS = frozenset(
    [
        *(
            "Activation ActivityRegularization Add AdditiveAttention AlphaDropout Attention Average "
            "BatchNormalization Bidirectional CategoryEncoding CenterCrop Concatenate Dense Discretization Dot "
            "Dropout ELU EinsumDense Embedding Flatten GRU GRUCell GaussianDropout GaussianNoise GroupNormalization "
            "GroupQueryAttention GroupedQueryAttention Identity InputLayer LSTM LSTMCell LayerNormalization LeakyReLU "
            "Masking Maximum MelSpectrogram Minimum MultiHeadAttention Multiply Normalization PReLU Permute Pipeline "
            "RMSNormalization RNN RandomBrightness RandomContrast RandomCrop RandomFlip RandomRotation "
            "RandomTranslation RandomZoom ReLU RepeatVector Rescaling Reshape Resizing ReversibleEmbedding SimpleRNN "
            "SimpleRNNCell Softmax SpectralNormalization STFTSpectrogram StackedRNNCells Subtract TimeDistributed "
            "UnitNormalization "
        ).split(),
        *(
            f"{kind}{n}"
            for kind in ("Conv", "ConvLSTM", "Cropping", "SpatialDropout", "UpSampling", "ZeroPadding")
            for n in _ND
        ),
        *(f"Conv{n}Transpose" for n in _ND),
        *(f"{kind}Conv{n}" for kind in ("Depthwise", "Separable") for n in _ND[:2]),
        *(f"{part}{kind}Pooling{n}" for part in ("", "Global", "Adaptive") for kind in ("Average", "Max") for n in _ND),
    ]
)
"""Classes of keras.layers that compute with what a file holds, and with nothing else."""
MODELS = {
    "Functional": ("keras", "keras.models", "keras.src.models.functional"),
    "Model": ("keras", "keras.models", "keras.src.models.model"),
    "Sequential": ("keras", "keras.models", "keras.src.models.sequential"),
}
ACTIVATION_LAYERS = frozenset({"ELU", "LeakyReLU", "ReLU", "Softmax"})
"""Layers without weights that are functions, which Keras writes where a function stands."""
ACTIVATIONS = frozenset(
    "celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu linear "
    "log_sigmoid log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax softplus softsign sparse_plus "
    "sparse_sigmoid sparsemax squareplus swish tanh tanh_shrink threshold".split()
)
LOSS_FUNCTIONS = frozenset("bce kld mae mape mse msle ctc dice circle tversky crossentropy accuracy acc ce".split())
"""Short names of losses and metrics; the others are named as their classes."""
CALLS_FUNCTIONS = frozenset(
    "AssociativeScan Cond CustomGradient ForiLoop Function Map Operation Scan Switch VectorizedMap WhileLoop".split()
)
"""Operations that call functions, and those that are bases of others."""
BASES = frozenset(
    "Constraint Initializer Loss MeanMetricWrapper Metric Optimizer Regularizer LearningRateSchedule".split()
)
VALUES = ("__bytes__", "__ellipsis__", "__keras_tensor__", "__numpy__", "__slice__", "__tensor__", "__tuple__")
"""What Keras calls values that JSON does not have."""
VALUE_CLASSES = {
    "SeedGenerator": ("keras.random",),
    **dict.fromkeys(
        ("DTypePolicy", "FloatDTypePolicy", "QuantizedDTypePolicy", "QuantizedFloat8DTypePolicy", "DTypePolicyMap"),
        ("keras", "keras.dtype_policies"),
    ),
    **dict.fromkeys(
        ("AbsMaxQuantizer", "Int8QuantizationConfig", "Int4QuantizationConfig", "Float8QuantizationConfig"),
        ("keras.quantizers",),
    ),
}
"""Classes that are values, and their modules."""
DTYPES = frozenset(
    "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 bfloat16 float32 float64 string".split()
)
DEEPEST = 60
"""How many objects may be inside one another."""
LARGEST_TABLE = 10_000
"""The most thresholds or classes that a metric counts with."""

ONLY = "; what Keras does not have there, or what does more than compute, is not loaded"
KINDS = {
    "activation": "an activation", "initializer": "an initializer", "regularizer": "a regularizer",
    "constraint": "a constraint", "loss": "a loss", "metric": "a metric", "optimizer": "an optimizer",
    "schedule": "a learning rate", "layer": "a layer", "value": "a value", "model": "a model",
}  # fmt: skip
KEYS = {
    "fn": "loss", "loss": "loss", "metrics": "metric", "weighted_metrics": "metric", "optimizer": "optimizer",
    "inner_optimizer": "optimizer", "learning_rate": "schedule", "layer": "layer", "layers": "layer", "cell": "layer",
    "cells": "layer", "forward_layer": "layer", "backward_layer": "layer",
}  # fmt: skip
"""What stands at a key of a config; at others it is seen by the end of the key, as in `kernel_initializer`."""
ENDINGS = ("activation", "initializer", "regularizer", "constraint")
MODULES = {
    "initializer": "keras.initializers", "regularizer": "keras.regularizers", "constraint": "keras.constraints",
    "loss": "keras.losses", "metric": "keras.metrics", "optimizer": "keras.optimizers",
    "schedule": "keras.optimizers.schedules",
}  # fmt: skip


def check(config: Any, fail: Callable[[str], NoReturn]) -> None:
    """Calls `fail`, which raises, with the reason if a config of a model, parsed JSON, names anything that is not
    allowed where it stands."""
    if not isinstance(config, dict) or "class_name" not in config:
        fail("is not that of a model")
    _check(config, "model", "", 0, fail)
    compiled, layers = config.get("compile_config"), config["config"].get("layers")
    if not (compiled is None or isinstance(compiled, dict)):
        fail("has a compile_config that is not an object")
    if not isinstance(layers, list) or not all(isinstance(layer, dict) for layer in layers):
        fail("has no list of layers")


def _check(value: Any, kind: str, place: str, depth: int, fail: Callable[[str], NoReturn]) -> None:
    """Checks a value of a config, which stands where a `kind` does, in the object called `place`."""
    if depth > 4 * DEEPEST:
        fail("has too many parts inside one another")
    if isinstance(value, str) and kind not in ("value", "schedule"):
        if not _is_function(value, kind):
            fail(f"has {_short(value)} as {KINDS[kind]}{_of(place)}{ONLY}")
    elif isinstance(value, list):
        for each in value:
            _check(each, kind, place, depth + 1, fail)
    elif isinstance(value, dict) and "class_name" in value:
        _check_object(value, kind, place, depth, fail)
    elif isinstance(value, dict):
        if kind in ("layer", "model"):
            fail(f"has no class of {KINDS[kind]}{_of(place)}")
        for key, each in value.items():
            _check(each, kind if kind in ("loss", "metric") else _kind_at(key), place, depth + 1, fail)


def _check_object(value: dict[str, Any], kind: str, place: str, depth: int, fail: Callable[[str], NoReturn]) -> None:
    name, module, config = value["class_name"], value.get("module"), value.get("config")
    if name in VALUES and module is None and kind in ("value", "layer"):
        _check_value(name, value, place, depth, fail)
        return
    registered = value.get("registered_name")
    named = f"{module}.{name}" if isinstance(module, str) and module else name
    if name == "function":
        known: tuple[Any, ...] = (None, "function", config)
        fits = module in ("builtins", MODULES.get(kind)) and isinstance(config, str) and _is_function(config, kind)
        named = config
    else:
        known = (None, name)
        fits = isinstance(name, str) and isinstance(module, str) and _is_class(module, name, kind)
    if not fits:
        fail(f"has {_short(named)} as {KINDS[kind]}{_of(place)}{ONLY}")
    if registered not in known:
        fail(f"has {_short(registered)} as the registered name of {_short(named)}{_of(place)}")
    if name == "function":
        return
    if not isinstance(config, dict):
        fail(f"has no config of {_short(named)}{_of(place)}")
    own = config.get("name", value.get("name"))
    inside = own if isinstance(own, str) and kind in ("layer", "model") else place
    for key in ("num_thresholds", "num_classes", "num_labels"):
        if kind == "metric" and isinstance(config.get(key), int) and config[key] > LARGEST_TABLE:
            fail(f"has {config[key]} as {key} of {_short(named)}; at most {LARGEST_TABLE} is possible")
    for key, each in (*config.items(), *((k, v) for k, v in value.items() if k not in ("config", "class_name"))):
        _check(each, _kind_at(key), inside, depth + 1, fail)


def _check_value(name: str, value: dict[str, Any], place: str, depth: int, fail: Callable[[str], NoReturn]) -> None:
    config = value.get("config")
    if name in ("__numpy__", "__tensor__") and not (isinstance(config, dict) and config.get("dtype") in DTYPES):
        dtype = config.get("dtype") if isinstance(config, dict) else config
        fail(f"has {_short(dtype)} as the dtype of a value{_of(place)}")
    for key, each in value.items():
        if key != "class_name":
            _check(each, "value", place, depth + 1, fail)


def _kind_at(key: str) -> str:
    return KEYS.get(key) or next((ending for ending in ENDINGS if key.endswith(ending)), "value")


def _is_function(name: str, kind: str) -> bool:
    """Whether a text is the name of a function, or of an object with its defaults, that may stand for a kind."""
    if kind == "activation":
        return name in ACTIVATIONS
    plain = _plain(name)
    known = ("loss", "metric") if kind in ("loss", "metric") else (kind,)
    return any(plain in _names(each) for each in known) or (len(known) == 2 and plain in LOSS_FUNCTIONS)


def _is_class(module: str, name: str, kind: str) -> bool:
    match kind:
        case "model":
            return module in MODELS.get(name, ())
        case "layer":
            return (
                (module == "keras.layers" and name in LAYERS)
                or module in MODELS.get(name, ())
                or (module.startswith("keras.src.ops.") and name not in CALLS_FUNCTIONS and _is_recorded(module, name))
            )
        case "activation":
            return module == "keras.layers" and name in ACTIVATION_LAYERS
        case "value":
            return module in VALUE_CLASSES.get(name, ())
    return module == MODULES[kind] and name not in BASES and _is_recorded(module, name)


def _is_recorded(module: str, name: str) -> bool:
    return f"{module}.{name}" in _recorded()


@cache
def _recorded() -> frozenset[str]:
    """The classes of all supported Kerases, with their modules."""
    record = json.loads(Path(__file__).with_name("keras_arguments.json").read_text())
    return frozenset(record["arguments"]) | {name for name in record["since"] if "(" not in name}


@cache
def _names(kind: str) -> frozenset[str]:
    """The names of the classes of a kind, each without underscores and in lower case."""
    prefix = f"{MODULES[kind]}." if kind in MODULES else "none."
    names = {name.removeprefix(prefix) for name in _recorded() if name.startswith(prefix)}
    return frozenset(_plain(name) for name in names - BASES if "." not in name)


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _of(place: str) -> str:
    return f" of {_short(place)}" if place else ""


def _short(value: Any) -> str:
    text = ascii(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
