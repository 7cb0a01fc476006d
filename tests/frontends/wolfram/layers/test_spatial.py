"""Convolution, pooling, resizing and padding, against numpy written from the definitions."""

import numpy as np
import pytest
from wolfram_files import FALSE, NONE, TRUE, call, layer, tensor
from wolfram_layers import Cases, arrays_of, check, drawn

from netconv.frontends.wolfram.expressions import Symbol

LAYERS = case = Cases()


def windows(x, kernel, stride, dilation=None):
    """(batch, channels, positions..., kernel...) of data (batch, channels, axes...)."""
    dilation = dilation or (1,) * len(kernel)
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    axes = tuple(range(2, x.ndim))
    view = np.lib.stride_tricks.sliding_window_view(x, spans, axes)
    places = tuple(slice(None, None, s) for s in stride)
    return view[(slice(None), slice(None), *places, *(slice(None, None, d) for d in dilation))]


def pad(x, pads, value=0.0):
    return np.pad(x, [(0, 0), (0, 0), *pads], constant_values=value)


def convolved(x, w, b, stride, pads, dilation=None, groups=1):
    rank = w.ndim - 2
    found = windows(pad(x.astype("float64"), pads), w.shape[2:], stride, dilation)
    outs, each, part = [], w.shape[0] // groups, x.shape[1] // groups
    for g in range(groups):
        patch, kernel = found[:, g * part : (g + 1) * part], w[g * each : (g + 1) * each]
        axes = list(range(rank))
        outs.append(np.tensordot(patch, kernel, ([1, *(2 + rank + a for a in axes)], [1, *(2 + a for a in axes)])))
    out = np.moveaxis(np.concatenate(outs, -1), -1, 1)
    return out + (0 if b is None else b.reshape(-1, *(1,) * rank))


def length(n, k, s, p, d=1):
    return (n + sum(p) - (k - 1) * d - 1) // s + 1


def _convolution(
    name,
    shape,
    filters,
    kernel,
    stride=None,
    pads=None,
    dilation=None,
    groups=1,
    biases=True,
    interleaved=False,
    version="14.3.0",
    padding=None,
):
    rank = len(kernel)
    stride, pads = stride or (1,) * rank, pads or ((0, 0),) * rank

    def made(file):
        file.version = version
        sizes = [length(*each) for each in zip(shape[1:], kernel, stride, pads, dilation or (1,) * rank, strict=True)]
        place = (lambda c, s: (*s, c)) if interleaved else (lambda c, s: (c, *s))
        parameters = {
            "OutputChannels": filters,
            "KernelSize": kernel,
            "Stride": stride,
            "PaddingSize": padding or pads,
            "Dilation": dilation or (1,) * rank,
            "ChannelGroups": groups,
            "Dimensionality": rank,
            "Interleaving": TRUE if interleaved else FALSE,
            "$InputChannels": shape[0],
        }
        if version < "11.3.7":
            del parameters["ChannelGroups"]
            parameters["$GroupNumber"] = groups
        if version < "11.3.4":
            del parameters["Interleaving"]
        arrays = {"Weights": file.array(filters, shape[0] // groups, *kernel)}
        arrays["Biases"] = file.array(filters) if biases else NONE
        net = layer(
            "Convolution", tensor(*place(shape[0], shape[1:])), tensor(*place(filters, sizes)), parameters, arrays
        )
        x = drawn(2, *shape)
        w, *b = arrays_of(file)
        out = convolved(x, w, b[0] if b else None, stride, pads, dilation, groups)
        if interleaved:
            x, out = np.moveaxis(x, 1, -1), np.moveaxis(out, 1, -1)
        return net, [x], [out]

    LAYERS[f"convolution_{name}"] = made


_convolution("plain", (3, 6, 5), 4, (3, 2))
_convolution("padded_by_pairs", (3, 6, 5), 4, (3, 3), pads=((1, 1), (1, 1)))
_convolution("padded_unevenly", (3, 6, 5), 4, (3, 3), pads=((1, 2), (0, 1)))
_convolution("padded_as_before_11_3_8", (3, 6, 5), 4, (3, 3), pads=((1, 1), (2, 2)), padding=(1, 2), version="11.3.5")
_convolution("of_11_1", (3, 6, 5), 4, (3, 3), pads=((1, 1), (0, 0)), padding=(1, 0), version="11.1.0")
_convolution("strided_and_dilated", (3, 9, 8), 4, (2, 3), stride=(2, 1), dilation=(2, 2))
_convolution("grouped", (4, 6, 5), 6, (3, 3), groups=2)
_convolution("grouped_as_before_11_3_7", (4, 6, 5), 6, (3, 3), groups=2, version="11.3.4", padding=(0, 0))
_convolution("depthwise", (4, 6, 5), 4, (3, 3), groups=4)
_convolution("without_biases", (3, 6, 5), 4, (3, 3), biases=False)
_convolution("interleaved", (3, 6, 5), 4, (3, 2), pads=((1, 1), (0, 0)), interleaved=True)
_convolution("interleaved_padded_unevenly", (3, 6, 5), 4, (3, 2), pads=((1, 0), (0, 2)), interleaved=True)
_convolution("of_sequences", (3, 9), 4, (3,), stride=(2,), pads=((2, 2),))
_convolution("of_sequences_padded_unevenly", (3, 9), 4, (3,), pads=((2, 1),))
_convolution("of_sequences_interleaved", (3, 9), 4, (3,), interleaved=True)
_convolution("of_volumes", (2, 4, 5, 4), 3, (2, 3, 2), pads=((1, 1), (0, 0), (1, 1)))
_convolution("of_volumes_padded_unevenly", (2, 4, 5, 4), 3, (2, 3, 2), pads=((1, 0), (0, 1), (2, 1)))


def _deconvolution(name, shape, filters, kernel, stride=None, pad=0, groups=1, interleaved=False, version="14.3.0"):
    rank = len(kernel)
    stride = stride or (1,) * rank

    def made(file):
        file.version = version
        arrays = {"Weights": file.array(shape[0], filters // groups, *kernel), "Biases": file.array(filters)}
        x = drawn(2, *shape)
        w, b = arrays_of(file)
        sizes = [s * (n - 1) + k for n, k, s in zip(shape[1:], kernel, stride, strict=True)]
        out = np.zeros((2, filters, *sizes))
        each, part = filters // groups, shape[0] // groups
        for place in np.ndindex(*shape[1:]):
            for g in range(groups):
                values = x[(slice(None), slice(g * part, (g + 1) * part), *place)].astype("float64")
                spread = np.tensordot(values, w[g * part : (g + 1) * part], 1)
                at = tuple(slice(p * s, p * s + k) for p, s, k in zip(place, stride, kernel, strict=True))
                out[(slice(None), slice(g * each, (g + 1) * each), *at)] += spread
        out = out[(slice(None), slice(None), *(slice(pad, n - pad) for n in sizes))] + b.reshape(-1, *(1,) * rank)
        lay = (lambda s: (*s[1:], s[0])) if interleaved else (lambda s: s)
        parameters = {
            "OutputChannels": filters,
            "KernelSize": kernel,
            "Stride": stride,
            "ChannelGroups": groups,
            "PaddingSize": ((pad, pad),) * rank,
            "Dimensionality": rank,
            "$Dilation": (1,) * rank,
            "Interleaving": TRUE if interleaved else FALSE,
        }
        if version < "11.3.7":
            parameters = {
                k: v for k, v in parameters.items() if k not in ("Dimensionality", "$Dilation", "ChannelGroups")
            }
            parameters |= {"PaddingSize": (pad,) * rank, "$GroupNumber": groups}
        net = layer("Deconvolution", tensor(*lay(shape)), tensor(*lay(out.shape[1:])), parameters, arrays)
        if interleaved:
            x, out = np.moveaxis(x, 1, -1), np.moveaxis(out, 1, -1)
        return net, [x], [out]

    LAYERS[f"deconvolution_{name}"] = made


_deconvolution("plain", (3, 4, 3), 2, (2, 3))
_deconvolution("strided_and_padded", (3, 4, 3), 2, (3, 3), stride=(2, 2), pad=1)
_deconvolution("grouped", (4, 4, 3), 2, (2, 2), stride=(2, 2), groups=2)
_deconvolution("interleaved", (3, 4, 3), 2, (2, 2), stride=(2, 2), interleaved=True)
_deconvolution("of_sequences", (3, 5), 2, (4,), stride=(2,), pad=1)
_deconvolution("of_11_3_5", (3, 4, 3), 2, (2, 2), stride=(2, 2), pad=1, version="11.3.5")


def _pooling(name, function, shape, kernel, stride=None, pads=None, interleaved=False, **more):
    rank = len(kernel)
    stride, pads = stride or (1,) * rank, pads or ((0, 0),) * rank

    def made(_file):
        x = drawn(2, *shape)
        uneven = any(a != b for a, b in pads)
        fill = 0.0 if function != "Max" or uneven else -np.inf
        found = windows(pad(x.astype("float64"), pads, fill), kernel, stride)
        axes = tuple(range(-rank, 0))
        out = {"Max": np.max, "Mean": np.mean, "Total": np.sum}[function](found, axes)
        lay = (lambda s: (*s[1:], s[0])) if interleaved else (lambda s: s)
        parameters = {
            "KernelSize": kernel,
            "Stride": stride,
            "PaddingSize": pads,
            "Function": Symbol(function),
            "Dimensionality": rank,
            "Interleaving": TRUE if interleaved else FALSE,
            **more,
        }
        net = layer("Pooling", tensor(*lay(shape)), tensor(*lay(out.shape[1:])), parameters)
        if interleaved:
            x, out = np.moveaxis(x, 1, -1), np.moveaxis(out, 1, -1)
        return net, [x], [out]

    LAYERS[f"pooling_{name}"] = made


_pooling("max", "Max", (3, 6, 5), (2, 2), stride=(2, 2))
_pooling("max_padded", "Max", (3, 6, 5), (3, 3), stride=(2, 1), pads=((1, 1), (1, 1)))
_pooling("max_padded_unevenly", "Max", (3, 6, 5), (3, 3), pads=((1, 0), (0, 2)))
_pooling("mean_padded", "Mean", (3, 6, 5), (3, 3), stride=(2, 2), pads=((1, 1), (1, 1)))
_pooling("total", "Total", (3, 6, 5), (3, 2))
_pooling("interleaved", "Mean", (3, 6, 5), (2, 2), interleaved=True)
_pooling("interleaved_padded_unevenly", "Max", (3, 6, 5), (2, 2), pads=((1, 0), (0, 1)), interleaved=True)
_pooling("of_sequences", "Max", (3, 9), (3,), stride=(2,), pads=((1, 1),))
_pooling("of_volumes", "Mean", (2, 4, 5, 4), (2, 2, 2), pads=((1, 1), (0, 0), (1, 1)))
_pooling(
    "of_14_3",
    "Max",
    (3, 6, 5),
    (2, 2),
    stride=(2, 2),
    **{"$IgnorePadding": FALSE, "$MXGlobalPool": FALSE, "$MXPoolingConvention": "valid"},
)


def _resized(name, shape, spec, out, method, interleaved=False):
    def made(_file):
        x = drawn(2, *shape)
        found = x.astype("float64")
        for axis, (n, m) in enumerate(zip(shape[1:], out, strict=True), 2):
            if method == "Nearest":
                found = np.repeat(found, m // n, axis)
                continue
            place = np.arange(m) * ((n - 1) / (m - 1)) if m > 1 else np.zeros(1)
            low = np.minimum(place.astype(int), max(n - 2, 0))
            part = (place - low).reshape(-1, *(1,) * (found.ndim - 1 - axis))
            high = np.take(found, np.minimum(low + 1, n - 1), axis)
            found = np.take(found, low, axis) * (1 - part) + high * part
        place = (lambda s: (*s[1:], s[0])) if interleaved else (lambda s: s)
        parameters = {
            "Specification": call("ValidatedParameter", spec),
            "Resampling": method,
            "Interleaving": TRUE if interleaved else FALSE,
        }
        net = layer("Resize", tensor(*place(shape)), tensor(*place((shape[0], *out))), parameters)
        if interleaved:
            x, found = np.moveaxis(x, 1, -1), np.moveaxis(found, 1, -1)
        return net, [x], [found]

    LAYERS[f"resize_{name}"] = made


_resized("linear", (3, 5, 4), (7, 9), (7, 9), "Linear")
_resized("linear_scaled", (3, 5, 4), (call("Scaled", 2.0), Symbol("All")), (10, 4), "Linear")
_resized("linear_interleaved", (3, 5, 4), (7, 3), (7, 3), "Linear", interleaved=True)
_resized("linear_of_sequences", (3, 5), (8,), (8,), "Linear")
_resized("nearest", (3, 5, 4), (call("Scaled", 2), call("Scaled", 3)), (10, 12), "Nearest")
_resized("nearest_of_sequences", (3, 5), (call("Scaled", 2),), (10,), "Nearest")


def _padding(name, shape, spec, mode, kind, value=0.0):
    def made(_file):
        x = drawn(2, *shape)
        options = {"constant_values": value} if kind == "constant" else {}
        out = np.pad(x, ((0, 0), *spec), kind, **options)
        net = layer("Padding", tensor(*shape), tensor(*out.shape[1:]), {"Specification": spec, "Padding": mode})
        return net, [x], [out]

    LAYERS[f"padding_{name}"] = made


_padding("of_a_vector", (5,), ((1, 2),), 0.5, "constant", 0.5)
_padding("of_a_matrix", (4, 5), ((1, 2), (0, 3)), "Fixed", "edge")
_padding("of_an_image", (3, 4, 5), ((1, 0), (2, 1), (0, 3)), "Reflected", "reflect")
_padding("of_a_volume", (2, 3, 4, 3), ((1, 0), (0, 1), (2, 1), (1, 1)), 0.0, "constant")


@case
def local_response_normalization(_file):
    x = drawn(2, 6, 3, 3)
    parameters = {"Alpha": 0.5, "Beta": 0.75, "Bias": 2.0, "ChannelWindowSize": 1}
    squares = np.pad(np.square(x.astype("float64")), [(0, 0), (1, 1), (0, 0), (0, 0)])
    sums = squares[:, :-2] + squares[:, 1:-1] + squares[:, 2:]
    net = layer("LocalResponseNormalization", tensor(6, 3, 3), tensor(6, 3, 3), parameters)
    return net, [x], [x * (2 + 0.5 / 3 * sums) ** -0.75]


@case
def spatial_transformation(_file):
    """The corners of the output are at -1 and 1, where those of the image are; outside of the image is zero."""
    (channels, height, width), (rows, columns) = (2, 4, 5), (3, 6)
    x = drawn(2, channels, height, width)
    affine = np.array([[1, 0, 0, 0, 1, 0], [0.7, -0.4, 0.3, 0.5, 0.9, -0.2]], "float32")
    out = np.zeros((2, channels, rows, columns))
    for n, i, j in np.ndindex(2, rows, columns):
        place = affine[n].reshape(2, 3) @ (2 * j / (columns - 1) - 1, 2 * i / (rows - 1) - 1, 1)
        across, down = (place + 1) * (width - 1, height - 1) / 2
        for r, c in np.ndindex(height, width):
            out[n, :, i, j] += max(1 - abs(down - r), 0) * max(1 - abs(across - c), 0) * x[n, :, r, c]
    types = {"Input": tensor(channels, height, width), "Parameters": tensor(6)}
    return layer("SpatialTransformation", types, tensor(channels, rows, columns)), [x, affine], [out]


@pytest.mark.parametrize("name", LAYERS)
def test_layer(name, tmp_path):
    check(LAYERS[name], tmp_path)
