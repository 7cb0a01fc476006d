"""Diagrams: what is stacked, what is grouped, and what is folded as it repeats."""

from netconv.reports.diagram import (
    Arrow,
    Box,
    Group,
    GroupName,
    Stack,
    arrange,
    boxes_in,
    groups_in,
    output_box,
    part,
)


def box(key, *sources, kind="Dense", group=(), shape="4", parameters=0):
    taken = tuple((source, shape) for source in sources)
    return Box(key, kind, "other", key, "", shape, parameters, taken, tuple(map(GroupName, group)))


def keys(items):
    return [[each.key for each in item.boxes] if isinstance(item, Stack) else keys(item.items) for item in items]


def test_a_chain_is_one_stack():
    found = arrange([box("a"), box("b", "a", kind="ReLU"), box("c", "b")])
    assert keys(found.items) == [["a", "b", "c"]] and found.arrows == () and found.count == 3


def test_branches_end_stacks():
    found = arrange(
        [box("a"), box("b", "a", kind="ReLU"), box("c", "b"), box("d", "c", "a", kind="Add"), box("e", "d")]
    )
    assert keys(found.items) == [["a"], ["b", "c"], ["d", "e"]]
    assert {(arrow.source, arrow.target) for arrow in found.arrows} == {("a", "b"), ("c", "d"), ("a", "d")}


def test_nested_nets_are_groups_unless_they_have_one_box():
    boxes = [
        box("in"),
        box("s.a", "in", group=("stem",), parameters=3),
        box("s.b", "s.a", group=("stem",), kind="ReLU", parameters=4),
        box("head.c", "s.b", group=("head",)),
    ]
    found = arrange(boxes)
    assert keys(found.items) == [["in"], [["s.a", "s.b"]], ["head.c"]]
    group = found.items[1]
    assert (group.name, group.count, group.parameters) == (GroupName("stem"), 1, 7)
    inner = part(found, group)
    assert keys(inner.items) == [["in"], ["head.c"], ["s.a", "s.b"]] and inner.count == 2
    assert {(arrow.source, arrow.target) for arrow in inner.arrows} == {("in", "s.a"), ("s.b", "head.c")}


def test_an_output_ends_a_chain_and_is_not_counted():
    found = arrange([box("a"), box("b", "a", kind="ReLU"), output_box("o", "b", 0, "b", "4")])
    assert keys(found.items) == [["a", "b", "o"]] and found.arrows == () and found.count == 2
    assert found.items[0].boxes[2] == Box("o", "output", "output", "b", "", "4", 0, (("b", "4"),))


def test_an_output_in_the_midst_of_a_chain_ends_it():
    found = arrange([box("a"), box("b", "a", kind="ReLU"), output_box("o", "a", 0, "a", "4")])
    assert keys(found.items) == [["a"], ["b"], ["o"]]
    assert found.arrows == (Arrow("a", "b", ("4",)), Arrow("a", "o", ("4",)))


def test_outputs_of_one_box_have_its_numbers():
    outputs = [output_box(f"o{number}", "a", number, "a", "4") for number in range(2)]
    assert [(each.name, each.detail) for each in outputs] == [("a", ""), ("a", "[1]")]
    assert keys(arrange([box("a"), *outputs]).items) == [["a"], ["o0"], ["o1"]]


def test_outputs_of_groups_are_outside_of_them():
    boxes = [
        box("in"),
        box("a", "in", group=("stem",)),
        box("b", "a", group=("stem",), kind="ReLU"),
        output_box("x", "a", 0, "a", "4"),
        output_box("y", "b", 0, "b", "4"),
    ]
    found = arrange(boxes)
    assert keys(found.items) == [["in"], [["a"], ["b"]], ["x"], ["y"]]
    inner = part(found, found.items[1])
    assert {each.key: each.category for each in boxes_in(inner.items)} == {
        "in": "input", "x": "output", "y": "output", "a": "other", "b": "other",
    }  # fmt: skip


def residual(name, before, kind="Conv"):
    """Blocks as in a residual net: five boxes and a connection around four of them."""
    made = [box(f"{name}1", before, kind=kind, parameters=10)]
    made.append(box(f"{name}2", f"{name}1", kind="ReLU", parameters=2))
    made.append(box(f"{name}3", f"{name}2", kind=kind, parameters=3))
    made.append(box(f"{name}4", f"{name}3", before, kind="Add"))
    return [*made, box(f"{name}5", f"{name}4", kind="ReLU")]


def test_blocks_that_repeat_are_folded():
    boxes = [
        box("in", kind="Input"),
        *residual("a", "in"),
        *residual("b", "a5"),
        *residual("c", "b5"),
        box("out", "c5"),
    ]
    found = arrange(boxes)
    assert [group.count for group in groups_in(found.items)] == [3]
    assert keys(found.items) == [["in"], [["a1", "a2", "a3"], ["a4", "a5"]], ["out"]]
    assert {(arrow.source, arrow.target, arrow.again) for arrow in found.arrows} == {
        ("in", "a1", False), ("in", "a4", False), ("a3", "a4", False), ("a5", "out", False),
    }  # fmt: skip
    assert found.count == 17 and found.parameters == 45 == found.items[1].parameters


def test_blocks_of_other_sizes_are_not_folded_together():
    wide = [Box(b.key, b.kind, b.category, b.name, "", "8", b.parameters, b.inputs) for b in residual("b", "a5")]
    found = arrange([box("in", kind="Input"), *residual("a", "in"), *wide])
    assert list(groups_in(found.items)) == []


def test_steps_that_pass_on_several_tensors_show_them():
    """An unrolled recurrent net: each step takes a part of the input, and two states of the step before."""
    boxes = [box("data", kind="Input"), box("split", "data", kind="Split")]
    state, cell = "data", "data"
    for n in range(4):
        boxes += [
            box(f"i{n}", "split"),
            box(f"h{n}", state),
            box(f"c{n}", f"i{n}", f"h{n}", cell, kind="Add"),
            box(f"o{n}", f"c{n}", f"h{n}", kind="Mul"),
        ]
        state, cell = f"o{n}", f"c{n}"
    found = arrange([*boxes, box("out", state, kind="Softmax")])
    (group,) = groups_in(found.items)
    assert group.count in (3, 4) and len(list(boxes_in(group.items))) == 4
    again = [arrow for arrow in found.arrows if arrow.again]
    assert {arrow.source[0] for arrow in again} == {"o", "c"} and all(isinstance(arrow, Arrow) for arrow in again)


def test_outputs_of_repeated_blocks_are_all_shown():
    """Each comes from the one block that is drawn."""
    blocks = [
        residual(name, before) for name, before in zip("abcdef", ["in", "a5", "b5", "c5", "d5", "e5"], strict=True)
    ]
    outputs = [output_box(f"o{name}", f"{name}5", 0, f"{name}5", "4") for name in "abcdef"]
    found = arrange([box("in", kind="Input"), *(each for block in blocks for each in block), *outputs])
    assert [group.count for group in groups_in(found.items)] == [6] and found.count == 31
    assert keys(found.items)[2:] == [["oa"], ["ob"], ["oc"], ["od"], ["oe"], ["of"]]
    assert [(arrow.source, arrow.again) for arrow in found.arrows if arrow.target[0] == "o"] == [("a5", False)] * 6


def test_boxes_side_by_side_are_folded_too():
    """Many parts of one tensor that are joined: the parts, then what is made of each, are alike."""
    parts = [box(f"p{n}", "in", kind="GetItem") for n in range(6)]
    made = [box(f"m{n}", f"p{n}", "in", kind="Concatenate") for n in range(6)]
    found = arrange([box("in", kind="Input"), *parts, *made, box("out", *(each.key for each in made))])
    assert [group.count for group in groups_in(found.items)] == [6, 6]
    assert len(list(boxes_in(found.items))) == 4


def test_groups_that_repeat_are_folded_as_one():
    boxes = [box("in", kind="Input")]
    for n in range(5):
        before = boxes[-1].key
        boxes.append(box(f"{n}.a", before, group=(f"block{n}",)))
        boxes.append(box(f"{n}.b", f"{n}.a", group=(f"block{n}",), kind="ReLU"))
    (group,) = groups_in(arrange(boxes).items)
    assert isinstance(group, Group) and (group.name, group.count) == (GroupName("block0"), 5)


def test_a_large_net_is_arranged_in_time():
    boxes = [box("0", kind="Input")]
    for n in range(1, 3000):
        boxes.append(box(str(n), str(n - 1), kind=f"K{n * n % 97}"))
    assert arrange(boxes).count == 3000
