"""Drawings by Graphviz: what they show, that names cannot change them, and what is an error."""

import os
import shutil
import subprocess
import sysconfig
from xml.etree import ElementTree

import pytest
from models import fails

from netconv.reports import graphviz
from netconv.reports.diagram import Box, GroupName, arrange, groups_in, output_box

HOSTILE = '</a><script>alert(1)</script> "&quot; \\n <B> ]>; } -> 日本 {{ 7*7 }}'


def boxes(name="dense", group=()):
    return [
        Box("a", "InputLayer", "input", "in", "", "4", 0, ()),
        Box("b", "Dense", "dense", name, "3, relu", "3", 15, (("a", "4"),), group),
        Box("c", "ReLU", "activation", "relu", "", "3", 0, (("b", "3"),), group),
        Box("d", "Add", "arithmetic, merging", "sum", "", "2 x 3", 0, (("c", "3"), ("a", "4"))),
    ]


def texts(drawn):
    return [" ".join(each.split()) for each in ElementTree.fromstring(drawn).itertext() if each.strip()]


def test_a_drawing_shows_names_shapes_and_parameters():
    drawn = graphviz.svg(arrange(boxes()))
    found = texts(drawn)
    assert drawn.startswith("<svg") and "<title>" not in drawn and "<!--" not in drawn
    assert {"Dense", "dense", "3, relu", "15", "2 × 3", "15 parameters", "arithmetic, merging"} <= set(found)
    assert graphviz.svg(arrange(boxes())) == drawn
    wide, high = graphviz.size(drawn)
    assert wide > 100 and high > 100


@pytest.mark.parametrize("program", ["dot", "graphviz-pure"])
def test_outputs_have_names_and_shapes(monkeypatch, program):
    found = shutil.which(program, path=f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}")
    if found is None:
        pytest.skip(f"there is no {program}")
    monkeypatch.setattr(graphviz, "check_graphviz", lambda _what: found)
    made = [
        *boxes(group=(GroupName("block"),)),
        output_box("o", "sum", 0, "d", "2 x 3"),
        output_box("p", "relu", 1, "c", "3"),
    ]
    diagram = arrange(made)
    (group,) = groups_in(diagram.items)
    whole, closed = texts(graphviz.svg(diagram)), texts(graphviz.svg(diagram, {id(group): "#group-1"}))
    for each in (whole, closed):
        assert each.count("output") == 3 and "[1]" in each  # two boxes and the legend
    assert graphviz.png(diagram)[:4] == b"\x89PNG"


def test_names_are_text():
    drawn = graphviz.svg(arrange(boxes(HOSTILE, (GroupName(HOSTILE),))))
    tags = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(drawn).iter()}
    assert tags <= {"svg", "g", "polygon", "polyline", "path", "text", "a"}
    assert any(text.startswith("</a><script>") for text in texts(drawn))


def test_a_folded_group_links_to_its_place():
    diagram = arrange(boxes(group=(GroupName("block"),)))
    (group,) = groups_in(diagram.items)
    drawn = graphviz.svg(diagram, {id(group): "#group-1"})
    assert 'href="#group-1"' in drawn and "▸ block, 15 parameters" in texts(drawn)
    assert "3, relu" in texts(graphviz.svg(diagram)) and "3, relu" not in texts(drawn)


def test_the_operations_of_a_node_are_one_box():
    found = texts(graphviz.svg(arrange(boxes(group=(GroupName("norm0", "LRN"),)))))
    assert any("LRN, norm0, 15 parameters" in text for text in found) and "relu" not in found


def test_a_long_chain_has_columns():
    chain = [Box(str(n), f"K{n}", "other", f"n{n}", "", "4", 0, ((str(n - 1), "4"),) if n else ()) for n in range(60)]
    wide, high = graphviz.size(graphviz.svg(arrange(chain)))
    assert wide > 300 and high < 600


def test_a_png_is_as_large_as_its_limit_at_most(monkeypatch):
    large, monkeypatched = graphviz.png(arrange(boxes())), graphviz.MOST_PIXELS
    monkeypatch.setattr(graphviz, "MOST_PIXELS", 300)
    small = graphviz.png(arrange(boxes()))
    assert large[:8] == small[:8] == b"\x89PNG\r\n\x1a\n" and monkeypatched > 300
    assert max(int.from_bytes(small[at : at + 4], "big") for at in (16, 20)) <= 310
    assert max(int.from_bytes(large[at : at + 4], "big") for at in (16, 20)) > 310


def test_without_graphviz_there_is_one_error(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sysconfig, "get_path", lambda _name: str(tmp_path))
    message = "a picture of a net needs Graphviz: pip install '.[plot]', or install its program dot"
    assert fails(graphviz.svg, arrange(boxes())) == message
    (tmp_path / "dot").write_text("#!/bin/sh\necho 'Error: no layout' >&2\nexit 1\n")
    (tmp_path / "dot").chmod(0o755)
    assert fails(graphviz.svg, arrange(boxes())) == "Graphviz cannot draw the net: Error: no layout"


def test_what_is_too_large_is_an_error(monkeypatch):
    monkeypatch.setattr(graphviz, "MOST_BOXES", 3)
    assert fails(graphviz.svg, arrange(boxes())) == "the net is too large to draw: 4 boxes, and 3 are drawn at most"
    monkeypatch.setattr(graphviz, "MOST_BOXES", 4)

    def slow(*_arguments, **options):
        raise subprocess.TimeoutExpired("dot", options["timeout"])

    monkeypatch.setattr(subprocess, "run", slow)
    message = "the net is too large to draw: Graphviz did not finish in 60 seconds"
    assert fails(graphviz.svg, arrange(boxes())) == message


def test_every_category_has_a_color():
    from netconv.inspection import node_boxes
    from netconv.reports import layer_boxes

    used = {*layer_boxes.CATEGORIES.values(), *node_boxes.FAMILIES.values(), "other", "not supported", "output"}
    assert used == graphviz.COLORS.keys()


@pytest.mark.parametrize(
    "kind, category",
    [
        ("Conv2DTranspose", "convolution"), ("DepthwiseConv2D", "convolution"), ("Bidirectional", "recurrent"),
        ("GlobalAveragePooling2D", "pooling"), ("LayerNormalization", "normalization"), ("EinsumDense", "dense"),
        ("MultiHeadAttention", "embedding, attention"), ("LeakyReLU", "activation"),
        ("SpatialDropout2D", "dropout, noise"),
        ("Concatenate", "arithmetic, merging"), ("ZeroPadding2D", "shape"), ("Mine", "other"),
    ],
)  # fmt: skip
def test_categories_of_layers(kind, category):
    from netconv.reports.layer_boxes import category_of

    assert category_of(kind) == category
