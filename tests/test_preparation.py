"""`inspect` reports the error that `convert` reports."""

import damage
import pytest

import netconv
from netconv import conversion
from netconv.inspection import inspect as inspection

NETS = (
    "tied-dense",
    "mlp-softmax-output",
    "two-heads",
    "regression",
    "text-cnn",
    "gluon-lstm",
    "foreach",
    "gluon-cnn",
)


def problem_of(call, path):
    try:
        return call(path)
    except netconv.NetconvError as error:
        return str(error)


def inspected(path):
    found = inspection.inspect(path)
    if found.translates:
        return None
    (problem,) = found.facts["problems"]
    assert found.text.endswith(f"\ncannot be converted: {problem}")
    return problem


def converted(path):
    conversion.convert(path)


@pytest.mark.parametrize("kind", damage.KINDS, ids=lambda kind: kind.__name__)
def test_inspect_and_convert_report_the_same_error(tmp_path, kind):
    for name in NETS:
        path = damage.damage(damage.NETS / name, kind, 0, tmp_path / name)
        assert problem_of(inspected, path) == problem_of(converted, path), name


def test_there_are_many_damaged_nets():
    assert len(damage.KINDS) * len(NETS) >= 200
