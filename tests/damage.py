"""Damaged and incomplete nets, made from recorded ones with a random generator."""

import json
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from netconv.frontends.mxnet import params_file

NETS = Path(__file__).parent.parent / "fixtures" / "conformance" / "nets"


@dataclass
class Case:
    """A net to damage: its JSON, its arrays by name, and a random generator."""

    net: dict
    arrays: dict[str, np.ndarray]
    pick: random.Random


def _ops(net):
    return [node for node in net["nodes"] if node["op"] != "null"]


def _attributes(node):
    return node.setdefault("attrs", node.pop("param", None) or node.pop("attr", None) or {})


def nothing(case):
    """The recorded net."""


def missing_parameter(case):
    if case.arrays:
        del case.arrays[case.pick.choice(sorted(case.arrays))]


def no_parameters(case):
    case.arrays.clear()


def extra_parameter(case):
    case.arrays["arg:of_another_net"] = np.zeros((2, 3), "float32")


def renamed_parameter(case):
    if case.arrays:
        name = case.pick.choice(sorted(case.arrays))
        case.arrays[f"{name}_old"] = case.arrays.pop(name)


def longer_parameter(case):
    if case.arrays:
        name = case.pick.choice(sorted(case.arrays))
        case.arrays[name] = np.concatenate([case.arrays[name], case.arrays[name][:1]], 0)


def flat_parameter(case):
    if case.arrays:
        name = case.pick.choice(sorted(case.arrays))
        case.arrays[name] = case.arrays[name].reshape(-1)


def deeper_parameter(case):
    if case.arrays:
        name = case.pick.choice(sorted(case.arrays))
        case.arrays[name] = case.arrays[name][..., None]


def swapped_parameters(case):
    if len(case.arrays) > 1:
        one, other = case.pick.sample(sorted(case.arrays), 2)
        case.arrays[one], case.arrays[other] = case.arrays[other], case.arrays[one]


def unknown_attribute(case):
    _attributes(case.pick.choice(_ops(case.net)))["colour"] = "red"


def unreadable_attribute(case):
    if nodes := [node for node in _ops(case.net) if _attributes(node)]:
        attributes = _attributes(case.pick.choice(nodes))
        attributes[case.pick.choice(sorted(attributes))] = "many"


def other_number(case):
    """An attribute gets another number."""
    nodes = [_attributes(node) for node in _ops(case.net)]
    numbers = [(attributes, key) for attributes in nodes for key in sorted(attributes) if attributes[key].isdigit()]
    if numbers:
        attributes, key = case.pick.choice(numbers)
        attributes[key] = str(int(attributes[key]) + case.pick.choice([-2, -1, 1, 2, 1000]))


def missing_attribute(case):
    if nodes := [node for node in _ops(case.net) if _attributes(node)]:
        attributes = _attributes(case.pick.choice(nodes))
        del attributes[case.pick.choice(sorted(attributes))]


def unknown_op(case):
    case.pick.choice(_ops(case.net))["op"] = "UserOp"


def other_op(case):
    """A node gets the op of another node."""
    node = case.pick.choice(_ops(case.net))
    node["op"] = case.pick.choice(_ops(case.net))["op"]


def input_too_many(case):
    node = case.pick.choice([node for node in _ops(case.net) if node["inputs"]] or [{"inputs": [[0, 0, 0]]}])
    node["inputs"].append(node["inputs"][0])


def input_too_few(case):
    if nodes := [node for node in _ops(case.net) if node["inputs"]]:
        case.pick.choice(nodes)["inputs"].pop()


def other_input(case):
    """A node reads another earlier node."""
    index = case.pick.choice([i for i, node in enumerate(case.net["nodes"]) if node["inputs"] and i])
    inputs = case.net["nodes"][index]["inputs"]
    inputs[case.pick.randrange(len(inputs))] = [case.pick.randrange(index), 0, 0]


def other_output(case):
    """A node reads an output that the earlier node does not have."""
    nodes = [node for node in _ops(case.net) if node["inputs"]]
    case.pick.choice(case.pick.choice(nodes)["inputs"])[1] = case.pick.choice([1, 7, 70000])


def input_ahead(case):
    nodes = [i for i, node in enumerate(case.net["nodes"]) if node["inputs"]]
    index = case.pick.choice(nodes)
    case.net["nodes"][index]["inputs"][0] = [case.pick.randrange(index, len(case.net["nodes"])), 0, 0]


def input_nowhere(case):
    case.pick.choice([node for node in _ops(case.net) if node["inputs"]])["inputs"][0] = [len(case.net["nodes"]), 0, 0]


def other_head(case):
    case.net["heads"] = [[case.pick.randrange(len(case.net["nodes"])), 0, 0]]


def head_without_output(case):
    case.net["heads"] = [[case.net["heads"][0][0], 5, 0]]


def head_nowhere(case):
    case.net["heads"] = [[len(case.net["nodes"]), 0, 0]]


def no_head(case):
    case.net["heads"] = []


def stored_head(case):
    """The head is a parameter: the graph has no input."""
    stored = [i for i, n in enumerate(case.net["nodes"]) if {n["name"], f"arg:{n['name']}"} & case.arrays.keys()]
    if stored:
        case.net["heads"] = [[case.pick.choice(stored), 0, 0]]


def large_constant(case):
    """Adds to a head a constant that is larger than the limit."""
    nodes, head = case.net["nodes"], case.net["heads"][0]
    nodes.append({"op": "_zeros", "name": "zeros", "attrs": {"shape": "(8192, 1)"}, "inputs": []})
    nodes.append({"op": "_ones", "name": "ones", "attrs": {"shape": "(1, 16384)"}, "inputs": []})
    inputs = [[len(nodes) - 2, 0, 0], [len(nodes) - 1, 0, 0]]
    nodes.append({"op": "broadcast_add", "name": "table", "attrs": {}, "inputs": inputs})
    nodes.append({"op": "sum", "name": "total", "attrs": {}, "inputs": [[len(nodes) - 1, 0, 0]]})
    inputs = [head, [len(nodes) - 1, 0, 0]]
    nodes.append({"op": "broadcast_add", "name": "sum", "attrs": {}, "inputs": inputs})
    case.net["heads"][0] = [len(nodes) - 1, 0, 0]


def wrong_hint(case):
    node = case.pick.choice([node for node in case.net["nodes"] if node["op"] == "null"])
    node["attrs"] = {"__shape__": case.pick.choice(["(7, 7, 7)", "wide", "(0, 5)", "()"])}


def damage(recorded: Path, kind, seed: int, folder: Path) -> Path:
    """Writes a recorded net with one damage; returns its path."""
    net = json.loads((recorded / "net.json").read_text())
    stored = recorded / "net.params"
    arrays = {name: np.array(array) for name, array in params_file.read(stored)} if stored.is_file() else {}
    case = Case(net, arrays, random.Random(f"{recorded.name} {kind.__name__} {seed}"))
    kind(case)
    folder.mkdir()
    (folder / "net.json").write_text(json.dumps(case.net))
    if case.arrays:
        params_file.write(folder / "net.params", case.arrays.items())
    return folder / "net.json"


KINDS = (
    nothing, missing_parameter, no_parameters, extra_parameter, renamed_parameter, longer_parameter, flat_parameter,
    deeper_parameter, swapped_parameters, unknown_attribute, unreadable_attribute, other_number, missing_attribute,
    unknown_op, other_op, input_too_many, input_too_few, other_input, other_output, input_ahead, input_nowhere,
    other_head, head_without_output, head_nowhere, no_head, stored_head, large_constant, wrong_hint,
)  # fmt: skip
"""The damages."""
