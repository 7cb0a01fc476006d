"""Parses a name with arguments, such as `sgd(momentum=0.9)`, without executing it. Knows no Keras."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping
from typing import Any

from ..errors import NetconvError

LONGEST = 1000
"""The largest number of characters."""
NAMED_IN_FULL = 20
"""How many names of arguments a message lists."""


def parse(text: str, example: str) -> tuple[str, dict[str, Any]]:
    """The name and the arguments, which are numbers, strings, True, False, None and lists of these. Raises
    NetconvError, with `example` for what would work."""
    try:
        tree = ast.parse(text[: LONGEST + 1].strip(), mode="eval").body
        if isinstance(tree, ast.Name):
            return tree.id, {}
        if not (isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name)) or tree.args:
            raise ValueError
        options = {k.arg: ast.literal_eval(k.value) for k in tree.keywords if k.arg is not None}
        if len(options) < len(tree.keywords) or len(text) > LONGEST:
            raise ValueError
        return tree.func.id, options
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        raise NetconvError(f"{text!r} is not a name with options such as {example}") from None


def check(call, name: str, options: Mapping[str, Any], extra: tuple[str, ...] = ()) -> None:
    """Raises NetconvError if `call`, which users know as `name`, does not take the arguments, or requires others.
    `extra` are names of arguments that it takes as `**kwargs`."""
    accepted = {n: p for n, p in inspect.signature(call).parameters.items() if p.kind is not p.VAR_KEYWORD}
    known = dict.fromkeys([*accepted, *extra])
    unknown = [option for option in options if option not in known]
    if unknown:
        more = ", ..." if len(known) > NAMED_IN_FULL else ""
        listed = ", ".join([*known][:NAMED_IN_FULL]) + more
        raise NetconvError(f"{name} has no option {unknown[0]!r}; it has {listed or 'none'}")
    missing = [
        n for n, p in accepted.items() if p.default is p.empty and n not in options and p.kind is not p.VAR_POSITIONAL
    ]
    if missing:
        raise NetconvError(f"{name} requires {missing[0]}, as in {name}({missing[0]}=...)")
