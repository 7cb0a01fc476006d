"""Every schema against MXNet's own, recorded in `fixtures/schema.json`."""

import json
import re
import typing
from pathlib import Path

import pytest

from netconv.graph.attributes import parse
from netconv.ops import registry
from netconv.ops.unsupported import UNSUPPORTED

RECORDED = json.loads((Path(__file__).parents[2] / "fixtures" / "schema.json").read_text())
FUSED = {f"_sg_mkldnn_{name}" for name in ("conv", "fully_connected", "selfatt_qk", "selfatt_valatt")}
ELSEWHERE = {"CuDNNBatchNorm", "WarpCTC", "_contrib_PSROIPooling", "_npi_copy", "_npi_transpose"} | FUSED
"""Ops of plug-ins, for a GPU, fused by oneDNN, and of MXNet 2: the recorded MXNet does not have them or has no schema
for them."""
NOT_IN_SCHEMA = {"lower", "moving_mean", "moving_var", "moving_avg", "length", "num", "endpoint"}
"""Attributes and inputs that MXNet accepts although its own schema does not list them."""
OF_OP = {"_npi_concatenate": {"axis"}, "_npi_norm": {"ord", "axis", "keepdims", "flag"}}
"""The same for a single op."""
TRANSLATED = sorted(registry.load().keys() & (RECORDED["ops"].keys() | RECORDED["aliases"].keys()) - ELSEWHERE)


def schema(op: str) -> dict:
    return RECORDED["ops"][RECORDED["aliases"].get(op, op)]


def kinds(op: str) -> dict[str, str]:
    """The attributes of all ops with the same translation: an old op has fewer than its successor."""
    function, found = registry.load()[op].function, {}
    for other in TRANSLATED:
        if registry.load()[other].function is function:
            for name, kind in schema(other)["attributes"].items():
                found[name] = f"{found.get(name, '')} {kind}"
    return found


def default(kind: str) -> str | None:
    """The default at the end of a type in MXNet's words."""
    found = re.search(r"default='?(.*?)'?$", kind)
    return found and found.group(1)


def test_names():
    unknown = registry.load().keys() - set(TRANSLATED) - ELSEWHERE
    assert unknown == set(), "MXNet knows no such op"


def test_every_op_of_mxnet_is_supported_or_has_a_reason():
    ops = {op for op in RECORDED["ops"].keys() | RECORDED["aliases"].keys() if "backward" not in op}
    assert ops - registry.load().keys() - UNSUPPORTED.keys() == set()


@pytest.mark.parametrize("op", TRANSLATED)
def test_inputs(op):
    """MXNet's names in MXNet's order; inputs at the end may be missing, and then a node with them is rejected. Ops
    translated as another op have the names of that op."""
    translation = registry.load()[op]
    ours = ["any number" if given.variadic else given.name for given in translation.inputs]
    listed = [name for name in ours if name not in NOT_IN_SCHEMA]
    theirs = [
        "any number" if name.endswith("[]") else name for name in schema(op)["inputs"] if name not in NOT_IN_SCHEMA
    ]
    if RECORDED["aliases"].get(op, op) == RECORDED["aliases"].get(translation.op, translation.op):
        assert listed == theirs[: len(listed)]
    else:
        assert len(listed) == len(theirs)


@pytest.mark.parametrize("op", TRANSLATED)
def test_attributes(op):
    ours, theirs = set(registry.load()[op].attributes), set(schema(op)["attributes"])
    assert ours - set(kinds(op)) - NOT_IN_SCHEMA - OF_OP.get(op, set()) == set(), "MXNet knows no such attribute"
    ignored = registry.NO_EFFECT | registry.load()[op].ignores
    assert theirs - ours - ignored == set(), "MXNet writes these too"


@pytest.mark.parametrize("op", TRANSLATED)
def test_defaults(op):
    for name, kind in schema(op)["attributes"].items():
        attribute, text = registry.load()[op].attributes.get(name), default(kind)
        if attribute is None or name in registry.NO_EFFECT:
            continue
        assert attribute.required == ("required" in kind), f"{name}: {kind}"
        if text is not None:
            theirs = None if text == "None" else parse(text, attribute.annotation)
            same = pytest.approx(theirs, rel=1e-6) if isinstance(theirs, float) else theirs
            assert attribute.default == same or not (attribute.default or theirs), f"{name}: {kind}"


@pytest.mark.parametrize("op", TRANSLATED)
def test_choices(op):
    """No value that MXNet does not have."""
    for name, attribute in registry.load()[op].attributes.items():
        theirs = set(re.findall(r"'(.*?)'", " ".join(re.findall(r"\{.*?\}", kinds(op).get(name, "")))))
        for kind in (attribute.annotation, *typing.get_args(attribute.annotation)):
            if theirs and typing.get_origin(kind) is typing.Literal:
                assert {str(choice) for choice in typing.get_args(kind)} <= theirs | {"None"}, name
