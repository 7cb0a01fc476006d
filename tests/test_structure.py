"""The structure of the code: which folder may import which, and that Keras is imported late."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import netconv

PACKAGE = Path(netconv.__file__).parent
LAYERS = [
    "errors",
    "atomic_files keras_api",
    "graph tables",
    "frontends kernels features",
    "ops",
    "shapes",
    "passes",
    "builder keras_files",
    "preparation",
    "conversion",
    "reports",
    "inspection",
    "inference",
    "exporters verification",
    "training",
    "__init__",
    "cli",
    "__main__",
]
"""The folders and files of netconv/, from the lowest layer up: each imports only from layers below its own."""
LAYER = {folder: layer for layer, folders in enumerate(LAYERS) for folder in folders.split()}
FORBIDDEN = {
    "tables": "graph",
    "features": "graph keras_api",
    "reports": "graph keras_api",
    "training": "graph frontends ops shapes passes builder",
    "inference": "graph frontends ops shapes passes builder",
    "frontends": "keras_api",
    "shapes": "keras_api kernels",
    "passes": "kernels",
}
"""What each must not import, though it is in a layer below."""


def modules():
    return [p for p in sorted(PACKAGE.rglob("*.py")) if "__pycache__" not in p.parts]


def own_imports(path):
    """(module of netconv as a tuple of names, line) for every import of netconv's own."""
    inside = path.relative_to(PACKAGE).parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            up = inside[: len(inside) - node.level]
            names = [node.module] if node.module else [alias.name for alias in node.names]
            for name in names:
                yield (*up, *name.split(".")), node.lineno


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_only_go_down(path):
    folder = path.relative_to(PACKAGE).with_suffix("").parts[0]
    for module, line in own_imports(path):
        other = module[0]
        if other != folder:
            assert LAYER[other] < LAYER[folder], f"{path.name}:{line} imports {other}"
            assert other not in FORBIDDEN.get(folder, "").split(), f"{path.name}:{line} imports {other}"


@pytest.mark.parametrize("path", sorted((PACKAGE / "ops").glob("*.py")), ids=lambda p: p.name)
def test_families_know_no_other_family(path):
    if "\n@translates" in path.read_text():
        found = {module[1] for module, _ in own_imports(path) if module[0] == "ops" and len(module) > 1}
        assert found <= {"registry", "shape_rules", "traits"}


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_nobody_below_the_command_line_prints_or_exits(path):
    if "cli" in path.relative_to(PACKAGE).parts:
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in ("print", "exit", "eval", "exec", "input"), f"{path.name}:{node.lineno}"
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert (node.value.id, node.attr) not in {("os", "environ"), ("sys", "exit"), ("pickle", "loads")}


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_temporary_files_with_names_are_made_in_one_place(path):
    """Others are left where the process is killed; what has no name never is."""
    named = {"NamedTemporaryFile", "TemporaryDirectory", "mkdtemp", "mkstemp", "mktemp"}
    if path.name != "atomic_files.py":
        assert not named & {
            getattr(node, "attr", getattr(node, "name", "")) for node in ast.walk(ast.parse(path.read_text()))
        }


def test_the_listing_is_a_table_of_contents():
    entries = {path.name for path in PACKAGE.iterdir() if path.name != "__pycache__"}
    assert len(entries) <= 25
    assert entries == {f"{folder}.py" if (PACKAGE / f"{folder}.py").exists() else folder for folder in LAYER} | {
        "py.typed"
    }


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_every_module_says_what_it_is(path):
    assert ast.get_docstring(ast.parse(path.read_text()))


def heavy_modules_after(code):
    program = f"import sys; {code}; print(*[m for m in ('tensorflow', 'keras', 'numpy') if m in sys.modules])"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()


def test_importing_netconv_imports_nothing_heavy():
    assert heavy_modules_after("import netconv") == []


def test_the_registry_can_be_asked_without_keras():
    code = "from netconv.ops import registry; assert len(registry.load()) > 250"
    assert "keras" not in heavy_modules_after(code)
