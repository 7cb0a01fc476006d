"""A name with options, as in `sgd(momentum=0.9)`, read as data: nothing in it is executed."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping
from typing import Any

from ..errors import NetconvError

LONGEST = 1000
"""Characters of a call."""
NAMED_IN_FULL = 20


def parse(text: str, example: str) -> tuple[str, dict[str, Any]]:
    """The name and the options: `"sgd"` has none, those of `"sgd(momentum=0.9)"` are numbers, texts, True, False, None
    and lists of these. Raises NetconvError, with `example` for what would work."""
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
        raise NetconvError(f"{text!r} is no name with options such as {example}") from None


def check(call, name: str, options: Mapping[str, Any], extra: tuple[str, ...] = ()) -> None:
    """Raises NetconvError when `call`, known as `name`, does not take the options, or wants others besides; `extra` are
    names that it takes for what it shows as **kwargs."""
    taken = {n: p for n, p in inspect.signature(call).parameters.items() if p.kind is not p.VAR_KEYWORD}
    known = dict.fromkeys([*taken, *extra])
    strange = [option for option in options if option not in known]
    if strange:
        more = ", ..." if len(known) > NAMED_IN_FULL else ""
        listed = ", ".join([*known][:NAMED_IN_FULL]) + more
        raise NetconvError(f"{name} has no option {strange[0]!r}; it has {listed or 'none'}")
    missing = [
        n for n, p in taken.items() if p.default is p.empty and n not in options and p.kind is not p.VAR_POSITIONAL
    ]
    if missing:
        raise NetconvError(f"{name} wants {missing[0]}, as in {name}({missing[0]}=...)")
