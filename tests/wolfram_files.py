"""Writes small `.wlnet` files for tests, from the description of the format in docs/wlnet.md alone."""

import base64
import io
import struct
import zlib

import h5py
import numpy as np

from netconv.frontends.wolfram.expressions import Expression, Symbol

NEWEST = "14.3.0"
REAL, NONE, TRUE, FALSE = (Symbol(name) for name in ("RealT", "None", "True", "False"))


def call(head, *args):
    """An expression; lists are tuples, associations dictionaries."""
    return Expression(Symbol(head), args)


def tensor(*shape, inner=REAL):
    """The type of an array; None is a length that is not fixed."""
    return call("TensorT", tuple(call("LengthVar", 7) if n is None else n for n in shape), inner)


def classes(count):
    return call("IndexIntegerT", count)


def path(*parts):
    return call("NetPath", *parts)


def rule(one, other):
    return call("Rule", one, other)


def packed(expression, big_integers=False):
    """The bytes of an expression; `big_integers` writes every integer as decimal digits, as some files do."""
    integer = struct.Struct("<i").pack

    def text(kind, value):
        return kind + integer(len(value.encode())) + value.encode()

    def write(part):
        match part:
            case Expression(head, args):
                return b"f" + integer(len(args)) + write(head) + b"".join(map(write, args))
            case Symbol(name):
                return text(b"s", name)
            case tuple():
                return write(call("List", *part))
            case dict():
                return write(call("Association", *(rule(*pair) for pair in part.items())))
            case str():
                return text(b"S", part)
            case int():
                return text(b"I", str(part)) if big_integers or abs(part) >= 1 << 31 else b"i" + integer(part)
            case float():
                return b"r" + struct.pack("<d", part)
            case np.ndarray():
                kind, dtype = {
                    "float64": (b"e", "<f8"), "int64": (b"n", "<i4"), "int32": (b"n", "<i4"),
                    "int8": (b"b", "i1"), "int16": (b"h", "<i2"), "float32": (b"l", "<f4"),
                }[part.dtype.name]  # fmt: skip
                return kind + integer(part.ndim) + b"".join(map(integer, part.shape)) + part.astype(dtype).tobytes()
        raise TypeError(part)

    return b"!boR" + write(expression)


def compressed(expression, **options):
    """As Compress writes it."""
    return "1:" + base64.b64encode(zlib.compress(packed(expression, **options))).decode()


def wxf(expression, zipped=False):
    """As BinarySerialize writes it."""

    def length(number):
        low, rest = number & 0x7F, number >> 7
        return bytes([low | 0x80]) + length(rest) if rest else bytes([low])

    def text(kind, value):
        return kind + length(len(value.encode())) + value.encode()

    def write(part):
        match part:
            case Expression(head, args):
                return b"f" + length(len(args)) + write(head) + b"".join(map(write, args))
            case Symbol(name):
                return text(b"s", f"NeuralNetworks`{name}" if name.endswith("T") else name)
            case tuple():
                return write(call("List", *part))
            case dict():
                pairs = (b"-" + write(key) + write(value) for key, value in part.items())
                return b"A" + length(len(part)) + b"".join(pairs)
            case str():
                return text(b"S", part)
            case int():
                for kind, bits in (("C", 7), ("j", 15), ("i", 31), ("L", 63)):
                    if -1 << bits <= part < 1 << bits:
                        return kind.encode() + part.to_bytes((bits + 1) // 8, "little", signed=True)
                return text(b"I", str(part))
            case float():
                return b"r" + struct.pack("<d", part)
            case np.ndarray():
                code, kind = {"f": (0x23, "<f8"), "i": (0x03, "<i8")}[part.dtype.kind]
                return (
                    bytes([0xC1, code]) + b"".join(map(length, (part.ndim, *part.shape))) + part.astype(kind).tobytes()
                )
        raise TypeError(part)

    data = write(expression)
    return b"8C:" + zlib.compress(data) if zipped else b"8:" + data


def input_form(part):
    """As InputForm prints it."""
    match part:
        case Expression(head, args):
            return f"{input_form(head)}[{', '.join(map(input_form, args))}]"
        case tuple():
            return f"{{{', '.join(map(input_form, part))}}}"
        case dict():
            return f"<|{', '.join(f'{input_form(key)} -> {input_form(value)}' for key, value in part.items())}|>"
        case str():
            return '"' + part.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
        case float():
            return repr(part).replace("e", "*^")
    return str(part)


class File:
    """A file in the making: `array` adds an array to it."""

    def __init__(self, version=NEWEST):
        self.version, self.arrays = version, []

    def array(self, *shape, value=None, dtype="float32"):
        """An array of the file; drawn with a fixed seed if it has no value."""
        if value is None:
            value = np.random.default_rng(len(self.arrays)).normal(size=shape) * 0.5
        self.arrays.append(np.asarray(value).astype(dtype))
        return call("ExportedArray", len(self.arrays))

    def write(self, target, net, fixed_strings=False, network=None, **options):
        """Writes the file; as 11.3 does with `fixed_strings`. `network` is the net as another text or as bytes. Returns
        its path."""
        with h5py.File(target, "w") as file:
            metadata = compressed({"Version": self.version, "Unstable": FALSE})
            for name, value in (
                ("Version", self.version),
                ("Network", compressed(net, **options) if network is None else network),
                ("Metadata", metadata),
            ):
                value = np.frombuffer(value, "u1") if isinstance(value, bytes) else value
                file[name] = np.bytes_(value) if fixed_strings else value
            if not fixed_strings:
                file["Unstable"] = np.int64(0)
            for number, array in enumerate(self.arrays, 1):
                file[f"Arrays/{number}"] = array
        return target

    def data(self, net, **options):
        """The bytes of the file."""
        stream = io.BytesIO()
        self.write(stream, net, **options)
        return stream.getvalue()


def layer(kind, inputs, outputs, parameters=None, arrays=None, **more):
    """A layer; `inputs` and `outputs` are types by port, or the type of Input or Output."""
    return {
        "Type": kind,
        "Arrays": arrays or {},
        "Parameters": parameters or {},
        "Inputs": inputs if isinstance(inputs, dict) else {"Input": inputs},
        "Outputs": outputs if isinstance(outputs, dict) else {"Output": outputs},
        **more,
    }


def chain(*layers, inputs=None, outputs=None):
    """A chain of layers with one input and one output each."""
    names = [str(number) for number in range(1, len(layers) + 1)]
    ends = [path("Inputs", "Input"), *(path("Nodes", name, "Outputs", "Output") for name in names)]
    starts = [*(path("Nodes", name, "Inputs", "Input") for name in names), path("Outputs", "Output")]
    return {
        "Type": "Chain",
        "Nodes": dict(zip(names, layers, strict=True)),
        "Edges": tuple(rule(*pair) for pair in zip(starts, ends, strict=True)),
        "Inputs": inputs or layers[0]["Inputs"],
        "Outputs": outputs or layers[-1]["Outputs"],
    }


def graph(nodes, edges, inputs, outputs):
    """A graph: `edges` are "from -> to", where a port is `layer.Port`, `.Port` a port of the net, and `layer` alone its
    only port."""

    def end(text, side):
        name, _, port = text.strip().partition(".")
        return (
            path("Nodes", name, side, port or side[:-1])
            if name
            else path({"Outputs": "Inputs"}.get(side, "Outputs"), port)
        )

    pairs = [edge.split("->") for edge in edges]
    return {
        "Type": "Graph",
        "Inputs": inputs,
        "Outputs": outputs,
        "Nodes": nodes,
        "Edges": tuple(rule(end(target, "Inputs"), end(source, "Outputs")) for source, target in pairs),
    }


def linear(file, size, units, biases=True, inputs=None, outputs=None):
    """A LinearLayer from vectors to vectors."""
    arrays = {"Weights": file.array(units, size), "Biases": file.array(units) if biases else NONE}
    parameters = {"OutputDimensions": (units,), "$OutputSize": units, "$InputSize": size, "$InputDimensions": (size,)}
    return layer("Linear", inputs or tensor(size), outputs or tensor(units), parameters, arrays)


def elementwise(function, *shape):
    return layer("Elementwise", tensor(*shape), tensor(*shape), {"Function": call("ValidatedParameter", function)})


def softmax(*shape, level=-1):
    return layer("Softmax", tensor(*shape), tensor(*shape), {"Level": level})


def class_decoder(*names):
    """The type of an output whose classes have names."""
    return call("NetDecoder", "Class", {"Labels": names, "InputDepth": 1, "$Rank": 0}, tensor(len(names)))


def image_encoder(width, height, channels=3, interleaving=False, **parameters):
    """The type of an input of images."""
    shape = (height, width, channels) if interleaving else (channels, height, width)
    return call("NetEncoder", "Image", {
        "ImageSize": call("ValidatedParameter", (width, height)), "ColorSpace": "RGB" if channels == 3 else "Grayscale",
        "ColorChannels": channels, "Interleaving": TRUE if interleaving else FALSE, "MeanImage": NONE,
        "VarianceImage": NONE, "Method": "Stretch", **parameters,
    }, tensor(*shape))  # fmt: skip
