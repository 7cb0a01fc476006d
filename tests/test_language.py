"""Help, documents and messages are in plain English, with the terms of Keras and numpy."""

import ast
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

import netconv
from netconv.cli import main

ROOT = Path(__file__).parent.parent
PACKAGE = Path(netconv.__file__).parent
INSTEAD = {
    r"found out": "inferred",
    r"\b(told|tells|to tell|tell apart)\b": "predicted, printed, distinguished",
    r"(?<!here )\b(is|are|was) no\b(?! longer)": "is not a",
    r"\b(keep|keeps) off\b": "does not use",
    r"\bat fault\b": "bad, wrong",
    r"\b(broken|broke|breaks) off\b": "interrupted",
    r"\blearnt\b": "trained, fitted, computed",
    r"\b(an|the|no) account\b": "report, messages",
    r"\bfor instance\b": "for example",
    r"\bwhole numbers?\b": "integer",
    r"\b(wants|wanted)\b": "needs, expected, requested",
    r"\bgoes with\b": "needs, is for",
    r"\bsays how well\b": "evaluates",
    r"\b(the|this|a) (net|model) gives\b": "outputs, predicts",
    r"\b(no|not have a|without) translation\b|\b(not|cannot be|are|is) translated\b": "not supported",
    r"\blikel(ier|iest)\b": "more likely, most likely",
    r"\banew\b": "again, from the beginning",
    r"\b(initial|standard|normal|quant|optim)is(e|es|ed|er|ers|ing|ation)\b|\bcolours?\b": "Keras's spelling",
}
"""Patterns to avoid, and better words."""


def literals(path):
    """(line, text) of each string of a module that is not a docstring, with {} for inserted values."""
    tree = ast.parse(path.read_text())
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield node.lineno, "".join(p.value if isinstance(p, ast.Constant) else "{}" for p in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation | parts:
            yield node.lineno, node.value


def prose(path):
    """(line, text) of each line of a document outside code blocks."""
    code = False
    for number, line in enumerate(path.read_text().splitlines(), 1):
        code ^= line.startswith("```")
        if not code:
            yield number, re.sub("`[^`]*`", "``", line)


def check(texts, where):
    found = [
        f"{where}:{line}: {text.strip()!r}; better: {better}"
        for line, text in texts
        for pattern, better in INSTEAD.items()
        if re.search(pattern, text, re.IGNORECASE)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_messages(path):
    check(literals(path), path.relative_to(PACKAGE))


@pytest.mark.parametrize("path", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda p: p.stem)
def test_documents(path):
    check(prose(path), path.name)


@pytest.mark.parametrize("command", ["", *main.list_commands(None)])
def test_help(command):
    help_ = CliRunner().invoke(main, [*command.split(), "--help"], terminal_width=200).stdout
    check(enumerate(help_.splitlines(), 1), f"netconv {command} --help")


def test_the_check_finds_violations(tmp_path):
    (tmp_path / "m.py").write_text(
        '"""Told."""\nraise ValueError(f"{x} is no shape")\nraise ValueError("it was " "found out")\n'
    )
    (tmp_path / "d.md").write_text("It was found\nout. `told`\n```sh\ntold\n```\nIt was told.\n")
    assert list(literals(tmp_path / "m.py")) == [(2, "{} is no shape"), (3, "it was found out")]
    assert [line for line, text in prose(tmp_path / "d.md") if "told" in text] == [6]
    with pytest.raises(
        AssertionError, match=r"^m.py:2: '{} is no shape'; better: is not a\n  m.py:3: 'it was found out'"
    ):
        check(literals(tmp_path / "m.py"), "m.py")


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(PACKAGE.rglob("*.py")) if path.relative_to(PACKAGE).parts[0] not in ("cli", "errors.py")],
    ids=lambda p: str(p.relative_to(PACKAGE)),
)
def test_messages_spell_options_for_the_caller(path):
    """Below the command line a message has an option by `errors.option`, or chooses its words by `errors.spelled`."""
    tree = ast.parse(path.read_text())
    chosen = {id(each) for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "spelled"
              for each in ast.walk(node.args[0])}  # fmt: skip
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    found = [
        f"{path.name}:{node.lineno}: {node.value!r}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in chosen | documentation
        and re.search(r"(?<![\w-])--[a-z]| -[a-z]\b(?!-)", node.value)
    ]  # fmt: skip
    assert not found, "\n".join(found)
