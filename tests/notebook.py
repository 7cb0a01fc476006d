"""Runs the code of a notebook as a program: `python notebook.py FILE` prints what each cell shows, as HTML if it has
some, after a line `--- ID` for each cell."""

import ast
import json
import sys
from pathlib import Path


def show(value):
    if value is not None:
        html = getattr(value, "_repr_html_", None)
        print(html() if html else repr(value))


def main(path):
    names = {"__name__": "__main__", "show": show}
    for cell in json.loads(Path(path).read_text())["cells"]:
        if cell["cell_type"] != "code":
            continue
        print("---", cell["id"])
        tree = ast.parse("".join(cell["source"]))
        last = tree.body[-1]
        if isinstance(last, ast.Expr):
            last.value = ast.Call(ast.Name("show", ast.Load()), [last.value], [])
        exec(compile(ast.fix_missing_locations(tree), cell["id"], "exec"), names)


if __name__ == "__main__":
    main(sys.argv[1])
