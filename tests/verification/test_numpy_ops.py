"""The definitions in numpy compute what MXNet was recorded to compute."""

import io

import pytest
from cases import families, symbol
from compare import FIXTURES, part, recorded

from netconv.frontends.mxnet import symbol_json
from netconv.verification.differences import difference
from netconv.verification.numpy_evaluation import covers, evaluate

ROWS = {
    name: [row for row in rows if covers(row.op) and not row.training and all(i.dtype == "float32" for i in row.inputs)]
    for name, rows in families().items()
}


def computed(row, members):
    """The outputs that numpy computes, with those recorded."""
    graph = symbol_json.read(io.BytesIO(symbol(row).encode()))
    arrays = {i: members[node.name] for i, node in enumerate(graph.nodes) if node.op == "null"}
    found = evaluate(graph, arrays, graph.heads, lambda _edges: {}, []).values
    return [(found[edge], members[f"out:{k}"]) for k, edge in enumerate(graph.heads) if edge in found]


@pytest.mark.parametrize("family", [name for name, rows in ROWS.items() if rows])
def test_recorded_rows(family):
    members = recorded(FIXTURES / "conformance" / "ops" / f"{family}.npz")
    compared = 0
    for row in ROWS[family]:
        its = part(members, f"{row.name}/")
        for value, expected in computed(row, its | part(its, "in:")):
            compared += 1
            found = difference(value.astype("float32"), expected)
            assert found.within(1e-5), f"{row.op} {dict(row.attrs)}: {found}"
    assert compared


def test_an_attribute_that_is_not_defined_leaves_the_node_out():
    row = next(row for row in ROWS["reshape"] if row.op == "Reshape" and row.attrs.get("reverse") == "True")
    members = part(recorded(FIXTURES / "conformance" / "ops" / "reshape.npz"), f"{row.name}/")
    assert computed(row, members | part(members, "in:")) == []
