"""Normalizing layers, against numpy written from the definitions."""

import numpy as np
import pytest
from wolfram_files import FALSE, NONE, TRUE, call, chain, elementwise, layer, linear, softmax, tensor
from wolfram_layers import Cases, arrays_of, check, drawn, normalized_exp, ramp

from netconv.frontends.wolfram.expressions import Symbol

LAYERS = case = Cases()


def _batch_norm(name, shape, version, names, interleaved=False):
    def made(file):
        file.version = version
        count = shape[-1 if interleaved else 0]
        variance = np.random.default_rng(3).random(count) + 0.5
        arrays = {name: file.array(count) for name in names}
        arrays |= {"MovingMean": file.array(count), "MovingVariance": file.array(count, value=variance)}
        parameters = {
            "Momentum": 0.9,
            "Epsilon": 0.01,
            "Interleaving": TRUE if interleaved else FALSE,
            "$Channels": count,
        }
        if version < "11.3.5":
            parameters = {"Momentum": 0.9, "Epsilon": 0.01, "Channels": count, "$Shape": tensor(*shape)}
        net = layer("BatchNormalization", tensor(*shape), tensor(*shape), parameters, arrays)
        x = drawn(4, *shape)
        wide = (count,) if interleaved else (count, *(1,) * (len(shape) - 1))
        scaling, biases, mean, var = (a.reshape(wide) for a in arrays_of(file))
        return net, [x], [scaling * (x - mean) / np.sqrt(var + 0.01) + biases]

    LAYERS[f"batch_normalization_{name}"] = made


_batch_norm("of_a_vector", (5,), "14.3.0", ("Scaling", "Biases"))
_batch_norm("of_an_image", (3, 4, 5), "12.0.10", ("Scaling", "Biases"))
_batch_norm("of_11_3_4", (3, 4, 5), "11.3.4", ("Gamma", "Beta"))
_batch_norm("interleaved", (4, 5, 3), "14.3.0", ("Scaling", "Biases"), interleaved=True)


@case.trained("sparse_categorical_crossentropy")
def batch_normalization_in_a_chain(file):
    """Before a convolution of the whole image, and after it."""
    norms = []
    for count in (3, 6):
        arrays = {"Scaling": file.array(count, value=1 + 0.2 * drawn(count)), "Biases": file.array(count)}
        arrays |= {"MovingMean": file.array(count), "MovingVariance": file.array(count, value=0.5 + drawn(count) ** 2)}
        norms.append((arrays, {"Momentum": 0.9, "Epsilon": 0.01, "$Channels": count}))
    weights = {"Weights": file.array(6, 3, 4, 5), "Biases": file.array(6)}
    sizes = {"OutputChannels": 6, "KernelSize": (4, 5), "Stride": (1, 1), "PaddingSize": ((0, 0), (0, 0))}
    net = chain(
        layer("BatchNormalization", tensor(3, 4, 5), tensor(3, 4, 5), norms[0][1], norms[0][0]),
        layer("Convolution", tensor(3, 4, 5), tensor(6, 1, 1), {**sizes, "Dimensionality": 2}, weights),
        layer("BatchNormalization", tensor(6, 1, 1), tensor(6, 1, 1), norms[1][1], norms[1][0]),
        layer("Flatten", tensor(6, 1, 1), tensor(6), {"Level": call("DirectedInfinity", 1)}),
        elementwise(Symbol("Ramp"), 6),
        linear(file, 6, 3),
        softmax(3),
    )
    x = drawn(4, 3, 4, 5)
    scale, shift, mean, var, gamma, beta, center, spread, w, b, v, c = arrays_of(file)
    wide = [each[:, None, None] for each in (scale, shift, mean, var)]
    out = wide[0] * (x - wide[2]) / np.sqrt(wide[3] + 0.01) + wide[1]
    out = gamma * (np.tensordot(out, w, ([1, 2, 3], [1, 2, 3])) + b - center) / np.sqrt(spread + 0.01) + beta
    return net, [x], [normalized_exp(ramp(out) @ v.T + c, 1)]


def _normalization(name, shape, over, along, spec, scaling, arrays=True, kind="Normalization"):
    def made(file):
        x = drawn(4, *shape)
        lengths = [shape[n - 1] for n in along]
        stored = (
            {"Scaling": file.array(*lengths), "Biases": file.array(*lengths)}
            if arrays
            else {"Scaling": NONE, "Biases": NONE}
        )
        parameters = {"AggregationLevels": call("ValidatedParameter", spec), "Epsilon": 0.01}
        parameters["ScalingLevels"] = call("ValidatedParameter", scaling)
        mean, var = x.mean(tuple(over), keepdims=True), x.var(tuple(over), keepdims=True)
        out = (x - mean) / np.sqrt(var + 0.01)
        if arrays:
            wide = [n if i in along else 1 for i, n in enumerate(shape, 1)]
            gamma, beta = (a.reshape(wide) for a in arrays_of(file))
            out = out * gamma + beta
        return layer(kind, tensor(*shape), tensor(*shape), parameters, stored), [x], [out]

    LAYERS[f"normalization_{name}"] = made


SPAN = call("Span", 2, Symbol("All"))
_normalization("of_channels", (3, 4, 5), (2, 3), (1,), SPAN, "Complement")
_normalization("of_vectors_in_a_sequence", (4, 5), (2,), (2,), SPAN, "Same")
_normalization("from_the_end", (4, 5), (2,), (2,), -1, "Same")
_normalization("of_some_levels", (3, 4, 5), (1, 3), (2,), (1, 3), (2,))
_normalization("of_all_levels", (3, 4), (1, 2), (1, 2), Symbol("All"), "Same")
_normalization("by_its_full_name", (4, 5), (2,), (1,), SPAN, "Complement", kind="NormalizationLayer")
_normalization("without_arrays", (3, 4, 5), (2, 3), (), SPAN, "Same", arrays=False)


@case
def instance_normalization(file):
    file.version = "11.3.0"
    x = drawn(4, 3, 5)
    net = layer(
        "InstanceNormalization",
        tensor(3, 5),
        tensor(3, 5),
        {"Epsilon": 0.01},
        {"Gamma": file.array(3), "Beta": file.array(3)},
    )
    gamma, beta = (a[:, None] for a in arrays_of(file))
    centered = x - x.mean(2, keepdims=True)
    return net, [x], [gamma * centered / np.sqrt(x.var(2, keepdims=True) + 0.01) + beta]


@pytest.mark.parametrize("name", LAYERS)
def test_layer(name, tmp_path):
    check(LAYERS[name], tmp_path)
