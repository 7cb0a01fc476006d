"""Supported and unsupported ops as a table."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import NetconvError
from . import registry
from .unsupported import UNSUPPORTED

ERRORS: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_name("errors.json").read_text())
"""Op to its largest errors compared with MXNet, `outputs` and `gradients` (None: not recorded), relative to MXNet's
largest absolute value if that is above 1, else absolute. Written by `make table`."""


@dataclass(frozen=True)
class Accepted:
    """A supported op: MXNet's name, its aliases, the family (module) it belongs to, its row of `ERRORS` or None, and
    how it is tested: recorded, by distribution or by definition."""

    op: str
    aliases: tuple[str, ...]
    family: str
    errors: dict[str, Any] | None
    tested: str


@dataclass(frozen=True, repr=False)
class Coverage:
    """The supported ops in `accepted`, in alphabetical order; the unsupported ones in `refused`, name to a reason that
    continues a sentence after the name."""

    accepted: tuple[Accepted, ...]
    refused: dict[str, str]

    @property
    def names(self) -> int:
        """The number of supported names."""
        return sum(1 + len(op.aliases) for op in self.accepted)

    def __repr__(self) -> str:
        return self.text

    @property
    def facts(self) -> dict[str, Any]:
        return {"accepted": [asdict(op) for op in self.accepted], "refused": self.refused}

    @property
    def text(self) -> str:
        rows = [("op", "outputs", "gradients", "other names")] if self.accepted else []
        rows += [(op.op, *error_texts(op), ", ".join(op.aliases)) for op in self.accepted]
        widths = [max(len(row[column]) for row in rows) for column in range(3)] if rows else []
        lines = ["  ".join([*map(str.ljust, row, widths), row[3]]).rstrip() for row in rows]
        if rows:
            counts = f"{_count_phrase(len(self.accepted), 'op')} supported, under {self.names} names."
            meaning = (
                "The numbers are the largest errors compared with MXNet, relative to the largest value of the array, "
                "or absolute if that is below 1; - means not measured."
            )
            lines += ["", counts, meaning]
        if self.refused:
            width = max(map(len, self.refused))
            lines += [""] * bool(rows) + [f"{op:{width}}  {reason}" for op, reason in self.refused.items()]
            lines += ["", f"{_count_phrase(len(self.refused), 'name')} not supported."]
        return "\n".join(lines)


def _count_phrase(number: int, what: str) -> str:
    return f"1 {what} is" if number == 1 else f"{number} {what}s are"


def error_texts(op: Accepted) -> tuple[str, str]:
    """The errors of outputs and of gradients as text."""
    if op.errors is None:
        return op.tested, ""
    return figure(op.errors["outputs"]), figure(op.errors["gradients"])


def figure(error: float | None) -> str:
    return "-" if error is None else f"{error:.0e}" if error else "0"


def coverage(part: str = "") -> Coverage:
    """The ops that have `part` in one of their names, regardless of case. Raises NetconvError if there is none."""
    groups: dict[str, list[str]] = {}
    for name, translation in registry.load().items():
        groups.setdefault(translation.op, []).append(name)
    wanted = part.lower()
    accepted = []
    for op in sorted(groups, key=_alphabetical):
        if not any(wanted in name.lower() for name in groups[op]):
            continue
        family = registry.load()[op].function.__module__.rpartition(".")[2]
        aliases = tuple(sorted((name for name in groups[op] if name != op), key=_alphabetical))
        errors = ERRORS.get(op)
        tested = "recorded" if errors else "by distribution" if family.endswith("random") else "by definition"
        accepted.append(Accepted(op, aliases, family, errors, tested))
    refused = {op: UNSUPPORTED[op] for op in sorted(UNSUPPORTED, key=_alphabetical) if wanted in op.lower()}
    if not accepted and not refused:
        raise NetconvError(f"no known op has {part!r} in its name")
    return Coverage(tuple(accepted), refused)


def _alphabetical(name: str) -> tuple[str, str]:
    return name.strip("_").lower(), name
