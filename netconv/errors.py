"""What netconv says when the input is at fault: one line each. Knows nothing of files, graphs or Keras."""


class NetconvError(Exception):
    """The input is at fault; `str(error)` is one line that says where, what was received and what would work."""


class FormatError(NetconvError):
    """A file is not what it should be: not JSON, not a graph, a parameter file cut short, not a `.keras` archive."""


class UnsupportedOps(NetconvError):
    """The graph holds ops that have no translation. All of them, in one message.

    `ops` maps each op to the names of the nodes that use it.
    """

    def __init__(self, message, ops):
        super().__init__(message)
        self.ops = ops


class NodeError(NetconvError):
    """One node cannot be translated: `op`, `node` (its name), `what` is wrong, `received` where a value is at fault."""

    def __init__(self, op, node, what, received=None):
        said = "" if received is None else f"; received {received}"
        super().__init__(f"{op} node {node!r}: {what}{said}")
        self.op, self.node, self.what, self.received = op, node, what, received


class OpenShape(NodeError):
    """A node must know lengths that are open: `needs` says what for."""

    def __init__(self, op, node, needs, received=None):
        super().__init__(op, node, f"{needs}; give the input's shape", received)
        self.needs = needs


class ShapeError(NetconvError):
    """The shape of an input is not given and cannot be found out, or does not fit; says which option settles it."""


class UnknownShape(ShapeError):
    """The shape of an input is not given and cannot be found out from the net alone."""


class DataError(NetconvError):
    """A table does not fit: `file`, `line` or `row` (1-based; a file that is no text has rows), `column` (its name),
    `value` where they are known."""

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
        self.file, self.line, self.row, self.column, self.value = file, line, row, column, value
