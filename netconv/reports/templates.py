"""Pages as templates of Jinja, which is imported when one is filled in."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from ..errors import NetconvError
from ..tables.number_format import CONTROL, figure, shortened

LONGEST_NAME, LONGEST_LINE, LONGEST_COMMAND = 60, 600, 20_000
"""Characters of a name, of a message and of a command line."""


def template(name: str, what: str) -> Any:
    """A template of this folder; `what` begins the error: "a report needs". Raises NetconvError if Jinja is not
    installed."""
    try:
        import jinja2
    except ImportError:
        raise NetconvError(f"{what} Jinja: pip install '.[plot]'") from None
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: (files(__package__) / name).read_text(encoding="utf-8")),
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {
        "figure": figure, "count": "{:,}".format, "name": lambda name: shortened(name, LONGEST_NAME),
        "line": lambda line: CONTROL.sub("�", line)[:LONGEST_LINE],
        "command": lambda command: CONTROL.sub("�", command)[:LONGEST_COMMAND],
    }  # fmt: skip
    return environment.get_template(name)
