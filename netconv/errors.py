"""Errors for invalid input, each with a message of one line. Must not know files, graphs or Keras."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The question whether one of the names most like `name` was meant, in any case; "" if none is like it."""
    by_lower_case = {" ".join(each.lower().split()): each for each in known}
    close = [by_lower_case[each] for each in get_close_matches(name.lower(), by_lower_case, cutoff=0.7)]
    return f"did you mean {' or '.join(map(repr, close))}?" if close else ""


def first_line(error: Exception) -> str:
    """The first line of an error of another library; its type if it has no text."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


class NetconvError(Exception):
    """Invalid input. `str(error)` is one line: the place, what was received and what would work."""


def net_option_error(option: str) -> NetconvError:
    """The error of an option for nets that is given with a Keras model."""
    what = "without a parameter file" if option == "--init" else "(net.json)"
    return NetconvError(f"{option} is for a net {what}, and a Keras model has its shapes and weights; leave it out")


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
