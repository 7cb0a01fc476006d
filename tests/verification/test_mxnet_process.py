"""The process that runs a net in MXNet: what it is given and returns, and how it fails. A module stands for MXNet."""

import sys
from pathlib import Path

import numpy as np
import pytest

from netconv import NetconvError
from netconv.graph.graph import Edge, Graph, Node
from netconv.verification import mxnet_process
from netconv.verification.mxnet_process import Source, Training, started

FAKE = Path(__file__).parent / "fake"
X, W, B = (np.arange(n, dtype="float32").reshape(shape) / 7 for n, shape in ((6, (2, 3)), (12, (4, 3)), (4, (4,))))


def python(folder, environment=f"PYTHONPATH='{FAKE}'", command=sys.executable):
    """A program that starts Python with the module that stands for MXNet."""
    path = folder / "python"
    path.write_text(f'#!/bin/sh\n{environment} exec {command} "$@"\n')
    path.chmod(0o755)
    return str(path)


def dense(last="Activation", **attrs):
    nodes = [Node("null", name) for name in ("data", "same", "same")]
    nodes += [Node("FullyConnected", "fc", {"num_hidden": "4"}, (Edge(0), Edge(1), Edge(2)))]
    nodes += [Node(last, "last", attrs or {"act_type": "tanh"}, (Edge(3),))]
    return Source(Graph(tuple(nodes), (Edge(4),)), {0: X, 1: W, 2: B}, {})


def fails(program, source, *notify):
    with pytest.raises(NetconvError) as caught, started(program, source.graph, *notify) as mxnet:
        mxnet.run(source, [Edge(4)])
    return str(caught.value).replace(program, "python")


def test_outputs_of_any_node(tmp_path):
    """Nodes with the same name have different values; the process answers several times."""
    source = dense()
    with started(python(tmp_path), source.graph) as mxnet:
        (outputs, inner) = (mxnet.run(source, heads).outputs for heads in ([Edge(4)], [Edge(3), Edge(4)]))
    np.testing.assert_allclose(outputs[0], np.tanh(X @ W.T + B), rtol=1e-6)
    np.testing.assert_allclose(inner[0], X @ W.T + B, rtol=1e-6)
    assert np.array_equal(inner[1], outputs[0])


def test_gradients_and_steps(tmp_path):
    source, cotangent = dense(), np.ones((2, 4), "float32")
    with started(python(tmp_path), source.graph) as mxnet:
        gradients = mxnet.run(source, [Edge(3)], Training([cotangent], [0, 2], 1)).gradients
        after = mxnet.run(source, [Edge(3)], Training([cotangent], [2], 2, 0.5, training=True))
    np.testing.assert_allclose(gradients[0], cotangent @ W, rtol=1e-5)
    np.testing.assert_allclose(gradients[2], [2, 2, 2, 2], rtol=1e-5)
    np.testing.assert_allclose(after.after[2], B - 2, rtol=1e-5)
    np.testing.assert_allclose(after.outputs[0], X @ W.T + B - 2, rtol=1e-5)


def test_dropout_drops_in_training_only():
    source = dense("Dropout", p="0.5", mode="always")
    written = mxnet_process._graph(source.graph, [Edge(4)])
    assert written["nodes"][4] == {"op": "Dropout", "name": "n4", "attrs": {"p": "0.5"}, "inputs": [[3, 0, 0]]}
    assert written["heads"] == [[4, 0, 0]] and written["arg_nodes"] == [0, 1, 2]


def test_no_mxnet():
    """The interpreter of the tests has no MXNet."""
    assert fails(sys.executable, dense()).replace(sys.executable, "python") == (
        "against='python' does not have MXNet (ModuleNotFoundError: No module named 'mxnet'); install it there: pip "
        "install 'mxnet==1.9.1' 'numpy==1.23.5'"
    )


def test_another_version(tmp_path):
    program = python(tmp_path, f"FAKE_MXNET_VERSION=2.0.0 PYTHONPATH='{FAKE}'")
    assert fails(program, dense()) == "against='python' has MXNet 2.0.0, and 1.x is needed"


def test_not_a_program(tmp_path):
    missing = str(tmp_path / "python")
    assert fails(missing, dense()) == "against='python' cannot be started: No such file or directory"


def test_another_program():
    assert fails("/bin/false", dense()).startswith("against='python' ended without results (exit code 1)")


def test_an_op_that_mxnet_does_not_have(tmp_path):
    assert fails(python(tmp_path), dense("arcane")) == (
        "against='python' cannot run the net: Check failed: no op arcane"
    )


def test_a_crash(tmp_path):
    assert fails(python(tmp_path), dense("crash")) == (
        "against='python' ended without results (exit code 7): Segmentation fault: 11"
    )


def test_no_answer_in_time(tmp_path, monkeypatch):
    monkeypatch.setattr(mxnet_process, "LIMIT", 0.5)
    program = python(tmp_path, "", "sh -c 'echo ready; exec sleep 60' #")
    assert fails(program, dense()) == (
        "against='python' did not answer within 0.5 seconds; give smaller shapes with input_shapes"
    )


def test_no_start_in_time(tmp_path, monkeypatch):
    monkeypatch.setattr(mxnet_process, "START", 1)
    monkeypatch.setattr(mxnet_process, "SILENT", 0.1)
    program, lines = python(tmp_path, "", "sleep 60 #"), []
    assert fails(program, dense(), lines.append) == (
        "against='python' did not answer within 1 seconds; is it a Python with MXNet?"
    )
    assert lines == [f"against={program!r}: waiting for it to import MXNet"]


def test_results_that_are_not_valid(tmp_path):
    program = python(
        tmp_path, "", "sh -c 'echo ready; read folder; echo x > \"$folder/results.npz\"; echo done; cat' #"
    )
    assert fails(program, dense()).startswith("against='python' wrote no valid results: ")


def test_the_process_is_ended(tmp_path):
    source = dense()
    with started(python(tmp_path), source.graph) as mxnet:
        assert mxnet.process.poll() is None
    assert mxnet.process.poll() is not None
