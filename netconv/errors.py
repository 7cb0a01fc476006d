"""Errors for invalid input, each with a message of one line, and how messages spell options: as the caller writes them.

Must not know files, graphs or Keras.
"""

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches

_caller = "python"
"""Who reads the messages, "python" or "shell": of the process, not of a thread, as tables are read in other threads."""
INTERNAL = re.compile(r"\x1b\[\d*m|\{\{function_node \S*\}\}| \[Op:\w+\]( name: \S*)?")
"""What is left out of the errors of other libraries: colors, and how TensorFlow calls an op itself."""
SHELL_NAMES = {"input_shapes": "--input-shape", "metrics": "--metric", "model": "-m", "output": "-o"}
"""The options of the command line that are not named as in Python, by their names there."""


@contextmanager
def spelled_for_shell() -> Iterator[None]:
    """While the block runs, messages spell options as the command line does, `--skip-lines 2`, and not as Python,
    `skip_lines=2`."""
    global _caller
    before, _caller = _caller, "shell"
    try:
        yield
    finally:
        _caller = before


def spelled(shell: str, python: str) -> str:
    """The words for the caller, of those for the command line and those for Python."""
    return shell if _caller == "shell" else python


def _shell_name(name: str) -> str:
    return SHELL_NAMES.get(name, f"--{name.replace('_', '-')}")


def option_name(name: str) -> str:
    """The name of an option, given as in Python, in a sentence about its value: `--skip-lines` or `skip_lines`."""
    return spelled(_shell_name(name), name)


def option(name: str, value: object = None) -> str:
    """An option as the caller writes it, with a value or, for None, without: `--skip-lines 2` or `skip_lines=2`.

    In the shell, pairs of a dictionary are options of their own, `--encode a=codes --encode b=onehot`; a shape is
    `?,28,28`, True is left out, and False is `--no-header`.
    """
    if value is False:
        return spelled(f"--no-{_shell_name(name).removeprefix('--')}", f"{name}=False")
    shell = _shell_name(name)
    values = [f"{key}={_argument(each)}" for key, each in value.items()] if isinstance(value, Mapping) else [value]
    written = " ".join(shell if each in (None, True) else f"{shell} {_argument(each)}" for each in values)
    return spelled(written, f"{name}={'' if value is None else repr(value)}")


def _argument(value: object) -> str:
    """A value as an argument of the command line."""
    if isinstance(value, tuple | list):
        return ",".join("?" if each is None else str(each) for each in value)
    text = str(value)
    return shlex.quote(text) if set(text) & set("* ()'\"") else text


def stream_name(stream: object) -> str:
    """The name of a stream for messages: that of its file, if it has one."""
    name = getattr(stream, "name", None)
    return name if isinstance(name, str) and name[:1] != "<" else spelled("standard input", "the stream")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The question whether one of the names most like `name` was meant, in any case; "" if none is like it."""
    by_lower_case = {" ".join(each.lower().split()): each for each in known}
    close = [by_lower_case[each] for each in get_close_matches(name.lower(), by_lower_case, cutoff=0.7)]
    return f"did you mean {' or '.join(map(repr, close))}?" if close else ""


def first_line(error: Exception) -> str:
    """The first line of an error of another library, with the next one if it ends with a colon, and without colors, the
    line in which Keras only names the layer, and how TensorFlow calls an op itself; its type if it has no text."""
    lines = [INTERNAL.sub("", line).strip() for line in str(error).splitlines()]
    lines = [line for line in lines if line and not line.startswith("Exception encountered when calling")]
    lines = lines or [type(error).__name__]
    return " ".join(lines[: 2 if lines[0].endswith(":") else 1])


def there_are(name: str, known: Iterable[str], what: str) -> str:
    """The words in front of the list of what there is instead of `name`: "its columns are", after the question whether
    the most similar of the `known` ones was meant."""
    question = did_you_mean(name, known)
    return f"{question} {what[0].upper()}{what[1:]} are" if question else f"{what} are"


def escaped(text: str) -> str:
    """A text in one line: characters of a file that are not printable, such as a line break in a name, are escaped."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


class NetconvError(Exception):
    """Invalid input. `str(error)` is one line: the place, what was received and what would work."""

    def __str__(self) -> str:
        """The message, in one line."""
        return escaped(super().__str__())


def net_option_error(name: str) -> NetconvError:
    """The error of an option for nets that is given with a Keras model."""
    what = "without a parameter file" if name == "init" else "(net.json)"
    why = "a Keras model has its shapes and weights; leave it out"
    return NetconvError(f"{option(name)} is for a net {what}, and {why}")


class FormatError(NetconvError):
    """A file is damaged or of another format: not JSON, not a graph, a truncated parameter file, no `.keras` file."""


class UnsupportedOps(NetconvError):
    """The graph has ops that are not supported; the message lists all of them.

    `ops` maps each of them to the names of the nodes that use it.
    """

    def __init__(self, message, ops):
        super().__init__(message)
        self.ops = ops


class NodeError(NetconvError):
    """A node cannot be converted.

    `op` and `node` are the op and the name of the node, `what` is the problem, `received` the invalid value or None.
    """

    def __init__(self, op, node, what, received=None):
        value = "" if received is None else f"; received {received}"
        super().__init__(f"{op} node {node!r}: {what}{value}")
        self.op, self.node, self.what, self.received = op, node, what, received


class OpenShape(NodeError):
    """A node cannot be converted without sizes that are unknown; `needs` says which."""

    def __init__(self, op, node, needs, received=None):
        super().__init__(op, node, f"{needs}; give the input's shape", received)
        self.needs = needs


class LayerError(NetconvError):
    """A part of a model cannot be written to a file of Keras 2.

    `kind` says what the part is (`operation Erf`), `layer` is its name, `what` the problem.
    """

    remedy = "write a .keras file instead of .h5"

    def __init__(self, kind, layer, what):
        super().__init__(f"{kind} {layer!r}: {what}; {self.remedy}")
        self.kind, self.layer, self.what = kind, layer, what


class ShapeError(NetconvError):
    """The shape of an input is not given and cannot be inferred, or does not fit; the message names the option."""


class UnknownShape(ShapeError):
    """The shape of an input is not given and cannot be inferred from the net alone.

    `inputs` are the names of all inputs that have data. `known` is what is known of the shape, with the batch axis and
    None for an unknown size; None if its rank is unknown.
    """

    def __init__(self, message: str, inputs: Iterable[str] = (), known: tuple[int | None, ...] | None = None):
        super().__init__(message)
        self.inputs, self.known = tuple(inputs), known


class DataError(NetconvError):
    """A table is invalid or does not fit the model.

    `file`, `line` (of a text file) or `row` (of any other), both from 1, `column` (its name) and `value` say where, as
    far as that is known.
    """

    def __init__(self, what, file=None, line=None, column=None, value=None, row=None):
        where = ", ".join(
            part
            for part in (
                file,
                None if line is None else f"line {line}",
                None if row is None else f"row {row}",
                None if column is None else f"column {column!r}",
            )
            if part
        )
        super().__init__(f"{where}: {what}" if where else what)
        self.what = what
        self.file, self.line, self.row, self.column, self.value = file, line, row, column, value

    def with_remedy(self, remedy):
        """The same error with what would help at its end."""
        return type(self)(f"{self.what}; {remedy}", self.file, self.line, self.column, self.value, self.row)


class BadRow(DataError):
    """A row of a table is bad, and the table can be read without it."""
