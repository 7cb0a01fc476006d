"""What the code holds itself to: imports go down, Keras comes late, a saved model needs no netconv."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import netconv

PACKAGE = Path(netconv.__file__).parent
LEVELS = [
    {"errors"},
    {"files", "figures", "lines", "arrays", "attributes", "batches", "calls", "freezing", "lazy"},
    {
        "checkpoints",
        "graph",
        "ndarray",
        "refused",
        "ids",
        "rows",
        "sources",
        "spool",
        "steps",
        "strategies",
        "summary",
        "synonyms",
        "plots",
        "predictions",
        "report",
    },
    {"fitting", "registry", "symbols", "columns", "reading", "history", "arrayfiles", "delimited", "parquet"},
    {"jumps", "normalise", "reader", "roles", "shape_rules", "table"},
    {"spread"},
    {"sizes"},
    {"shapes"},
    {"constants", "initialise", "encoding", "draft"},
    {"encoded", "finding"},
    {"cells", "directions"},
    {"patterns", "unrolled"},
    {"plus"},
    {"compiling", "functions", "layout", "overlap", "parts", "regroup", "rounding", "special"},
    {"colours", "convolving", "counting", "interleaved", "noise", "windows"},
    {"quantising"},
    {"ops"},
    {"site"},
    {"variables"},
    {"archive", "build", "finish"},
    {"optimizers"},
    {"conversion", "coverage", "inspection"},
    {"feeding", "models"},
    {"learnt", "needs"},
    {"dataset"},
    {"evaluation", "prediction"},
    {"training"},
    {"__init__"},
    {"cli"},
    {"__main__"},
]
LEVEL = {name: level for level, names in enumerate(LEVELS) for name in names}


def modules():
    return [p for p in sorted(PACKAGE.rglob("*.py")) if "__pycache__" not in p.parts]


def own_imports(path):
    """(module of netconv, line) for every import of netconv's own."""
    inside = path.relative_to(PACKAGE).parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            up = inside[: len(inside) - node.level]
            names = [node.module] if node.module else [alias.name for alias in node.names]
            for name in names:
                yield (*up, *name.split("."))[0], node.lineno


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_only_go_down(path):
    part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for name, line in own_imports(path):
        if name != part:
            assert LEVEL[name] < LEVEL[part], f"{path.name}:{line} imports {name}"


@pytest.mark.parametrize("path", sorted((PACKAGE / "ops").glob("*.py")), ids=lambda p: p.name)
def test_families_know_neither_build_nor_the_site_s_insides(path):
    found = {name for name, _ in own_imports(path)}
    assert not found & {"site", "build", "finish", "archive", "conversion"}
    assert "ops" not in found, "a family knows no other family"


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_nobody_below_the_command_line_prints_or_exits(path):
    if "cli" in path.relative_to(PACKAGE).parts:
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in ("print", "exit", "eval", "exec", "input"), f"{path.name}:{node.lineno}"
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert (node.value.id, node.attr) not in {("os", "environ"), ("sys", "exit"), ("pickle", "loads")}


def heavy_modules_after(code):
    program = f"import sys; {code}; print(*[m for m in ('tensorflow', 'keras', 'numpy') if m in sys.modules])"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()


def test_importing_netconv_imports_nothing_heavy():
    assert heavy_modules_after("import netconv") == []


def test_the_registry_can_be_asked_without_keras():
    code = "from netconv import registry; assert len(registry.load()) > 250"
    assert "keras" not in heavy_modules_after(code)
