"""The public names of the package are listed, typed and documented."""

import ast
import inspect
from pathlib import Path

import pytest

import netconv

SOURCE = Path(netconv.__file__)


def imported_for_types():
    """The names that type checkers see, by module."""
    for node in ast.parse(SOURCE.read_text()).body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            for each in node.body:
                if isinstance(each, ast.ImportFrom):
                    yield each.module, tuple(ast.unparse(alias) for alias in each.names)


def test_every_public_name_is_listed():
    assert set(dir(netconv)) == {*netconv.__all__, "__version__"}
    assert {name for name in netconv.__all__ if hasattr(netconv, name)} == set(netconv.__all__)


def test_type_checkers_see_lazy_imports():
    assert dict(imported_for_types()) == netconv._LAZY
    assert (SOURCE.parent / "py.typed").exists()


@pytest.mark.parametrize("name", netconv.__all__)
def test_every_public_name_is_documented(name):
    documented = getattr(netconv, name)
    assert inspect.getdoc(documented) and not documented.__doc__.startswith(f"{name}("), "dataclass's own"


def test_an_unknown_name():
    with pytest.raises(AttributeError) as caught:
        netconv.convrt  # noqa: B018
    assert str(caught.value) == "module 'netconv' has no attribute 'convrt'"


def test_the_fields_of_table_options_are_the_options_of_the_command_line():
    from netconv.cli import main

    fields = set(inspect.signature(netconv.TableOptions).parameters)
    for command in ("train", "evaluate", "predict"):
        assert fields <= {option.name for option in main.get_command(None, command).params}
