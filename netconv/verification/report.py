"""The result of a verification, in words and as facts. Knows no graph and no Keras."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import escaped, option
from .differences import Difference

LISTED = 5
"""How many comparisons of gradients and parameters are printed, those with the largest errors."""


def located(op: str, name: str, index: int) -> str:
    """A node of a net in words."""
    return f"{op} node {name!r}, number {index}"


@dataclass(frozen=True)
class OutputCheck:
    """An output of the model: the larger `difference` of a call and of `predict`, or the reason why it was not
    compared (`left_out`). With `rounding`, how far MXNet is from the definitions of the ops in float64, the difference
    is from these, too."""

    name: str
    difference: Difference | None
    left_out: str = ""
    rounding: Difference | None = None

    def __str__(self) -> str:
        if self.rounding is None:
            return f"largest error {self.difference}"
        return f"largest error {self.difference} from the definitions in float64, from which MXNet is {self.rounding}"


@dataclass(frozen=True)
class Fault:
    """The first node whose output differs: its op, its name and its index in the net, the difference, those of the
    outputs `before` it by the names of their nodes, and what was `changed` in the net, if that is known. Without a
    difference, `refused` says what cannot run the node, and why. `rounded` is whether the outputs before it differ,
    too, by rounding."""

    op: str
    name: str
    index: int
    difference: Difference | None
    before: tuple[tuple[str, Difference], ...]
    changed: str = ""
    refused: str = ""
    rounded: bool = False

    def __str__(self) -> str:
        agree = "nothing before it can be compared"
        if self.before:
            names = ", ".join(repr(name) for name, _ in self.before[:3]) + (", ..." if len(self.before) > 3 else "")
            worst = max(its.relative for _, its in self.before)
            agrees = "differs by rounding" if self.rounded else "agrees"
            agree = f"what it depends on {agrees} ({names}: at most {worst:.2g} relative)"
        changed = f"; {self.changed}" if self.changed else ""
        where = located(self.op, self.name, self.index)
        return f"the first node that differs is {where}: {self.refused or self.difference}; {agree}{changed}"


@dataclass(frozen=True)
class Comparison:
    """A further comparison with MXNet: of a gradient, or of an array after training."""

    what: str
    difference: Difference

    def __str__(self) -> str:
        return f"{self.what}: largest error {self.difference}"


@dataclass(frozen=True, repr=False)
class Verification:
    """How a model compares with the net that it was converted from.

    `reference` says what computed the expected outputs: "MXNet", "numpy" or "samples". `file` is the difference of the
    reloaded model from the one that was saved, None if a model was given. `fault` is the first node that differs.
    `computed` is the number of nodes that numpy computed, and `undefined` counts the others by op; both are empty for
    MXNet. `repeats` is whether MXNet computes the output that differs again when it is run again. `changes` says what
    differs in nodes of the net that the model was converted from. `seconds` is how long everything took.
    """

    net: str
    model: str | None
    reference: str
    tolerance: float
    inputs: Mapping[str, tuple[int, ...]]
    outputs: tuple[OutputCheck, ...]
    nodes: int
    file: Difference | None = None
    fault: Fault | None = None
    comparisons: tuple[Comparison, ...] = ()
    computed: int | None = None
    undefined: Mapping[str, int] = field(default_factory=dict)
    repeats: bool = True
    changes: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def agrees(self) -> bool:
        """Whether every difference is within the tolerance, and every node can be run."""
        found = [
            self.file,
            *(each.difference for each in self.outputs),
            *(each.difference for each in self.comparisons),
        ]
        return self.fault is None and all(each is None or each.within(self.tolerance) for each in found)

    @property
    def text(self) -> str:
        """The result in lines, for a person; what is not printable in the file is escaped."""
        lines = [f"{self.net}: {self.nodes} nodes, compared with {self._compared()}"]
        if self.file is not None:
            same = "equals" if self.file.absolute == 0 else f"differs from ({self.file})"
            lines.append(f"file   the reloaded model {same} the one that was saved")
        for each in self.outputs:
            lines.append(f"output {each.name!r}: {each.left_out or self._verdict(each)}")
        if self.undefined:
            listed = ", ".join(f"{op} ({count})" for op, count in sorted(self.undefined.items()))
            lines.append(f"note: not defined in numpy, and therefore not checked: {listed}")
        if self.computed == 0 and not self.fault:
            lines.append("note: only the file was checked, not the translation")
        more = f"; and {len(self.changes) - 1} more nodes" if len(self.changes) > 1 else ""
        if self.fault:
            lines.append(str(self.fault))
            if self.changes and not self.fault.changed:
                lines.append(f"note: {self.changes[0]}{more}")
        elif any(each.difference and not each.difference.within(self.tolerance) for each in self.outputs):
            lines.append(self._without_fault())
        elif self.changes:
            lines.append(f"note: {self.changes[0]}{more}: no output shows it for these inputs")
        return "\n".join(map(escaped, [*lines, *self._comparison_lines()]))

    def _compared(self) -> str:
        if self.reference == "numpy":
            needed = (self.computed or 0) + sum(self.undefined.values())
            return "their definitions in numpy" + (f" ({self.computed} of {needed})" if self.undefined else "")
        return {"samples": "recorded outputs"}.get(self.reference, self.reference)

    def _without_fault(self) -> str:
        if self.reference == "samples":
            return "no node differs from its definition: the net computes other outputs than those recorded"
        if not self.repeats:
            return (
                f"{self.reference} computes another output when it is run again: it is not defined for these inputs; "
                f"{option('seed', 1)} draws others"
            )
        return "no output of a node differs: the outputs are changed after their nodes"

    def _verdict(self, found: OutputCheck | Comparison) -> str:
        assert found.difference is not None
        return f"{found}, {'agrees' if found.difference.within(self.tolerance) else 'DIFFERS'}"

    def _comparison_lines(self) -> list[str]:
        ordered = sorted(self.comparisons, key=lambda each: -each.difference.relative)
        wrong = sum(not each.difference.within(self.tolerance) for each in ordered)
        lines = [self._verdict(each) for each in ordered[:LISTED]]
        if len(ordered) > LISTED:
            lines.append(f"{len(ordered) - LISTED} more with smaller errors; {wrong} of {len(ordered)} differ")
        return lines

    @property
    def facts(self) -> dict[str, Any]:
        """The result as plain JSON; an infinite error is null."""
        return {
            "net": self.net, "model": self.model, "reference": self.reference, "tolerance": self.tolerance,
            "agrees": self.agrees, "nodes": self.nodes, "computed": self.computed, "undefined": dict(self.undefined),
            "inputs": {name: list(shape) for name, shape in self.inputs.items()},
            "file": self.file and self._numbers(self.file),
            "outputs": [
                {"name": each.name, "left_out": each.left_out or None}
                | (self._numbers(each.difference) if each.difference else {})
                | ({"rounding": self._numbers(each.rounding)} if each.rounding else {})
                for each in self.outputs
            ],
            "first_difference": self.fault and {
                "op": self.fault.op, "name": self.fault.name, "index": self.fault.index,
                **self._numbers(self.fault.difference or Difference(math.inf, math.inf)),
                "refused": self.fault.refused or None, "changed": self.fault.changed or None,
                "before": [{"name": name, **self._numbers(its)} for name, its in self.fault.before],
            },
            "repeats": self.repeats, "changes": list(self.changes),
            "comparisons": [{"what": each.what, **self._numbers(each.difference)} for each in self.comparisons],
            "seconds": round(self.seconds, 2),
        }  # fmt: skip

    def _numbers(self, found: Difference) -> dict[str, Any]:
        absolute, relative = (value if value < math.inf else None for value in (found.absolute, found.relative))
        return {"absolute": absolute, "relative": relative, "agrees": found.within(self.tolerance)}

    def __repr__(self) -> str:
        return self.text
