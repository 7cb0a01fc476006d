"""Figures: their bytes, their formats, and what is an error before anything is drawn."""

import io
import sys

import pytest
from models import fails

from netconv.reports import figures
from netconv.reports.confusion_matrix import panel
from netconv.reports.figures import Panel
from netconv.reports.learning_curves import panels

HISTORY = ({"epoch": 1, "loss": 2.0, "val_loss": 2.5}, {"epoch": 2, "loss": 1.0, "val_loss": 1.5})


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_the_same_numbers_give_the_same_bytes(tmp_path, ending):
    for name in ("a", "b"):
        figures.write([panels(HISTORY), [panel("xy", ((3, 1), (0, 4)))]], tmp_path / f"{name}.{ending}")
    one, other = ((tmp_path / f"{name}.{ending}").read_bytes() for name in ("a", "b"))
    assert one == other and b"Date" not in one and b"date" not in one
    assert len(list(tmp_path.iterdir())) == 2


def test_rows_may_have_different_numbers_of_panels(drawn):
    figures.write([panels(HISTORY) * 2, [panel("xy", ((3, 1), (0, 4)))]], io.BytesIO())
    assert len(drawn[0].axes) == 4  # one of them is the color bar


def test_an_inline_figure_has_the_colors_of_the_page_and_ids_of_its_own():
    def draw(axes):
        axes.plot([0, 1], color=figures.TRAINING, clip_on=True)
        axes.set_title("<b>&amp; #1f6fb4 -->")

    svg = figures.inline_svg(Panel("a line", 3, 2, draw), "first")
    assert svg.startswith("<svg") and "<!--" not in svg and "<metadata" not in svg
    assert "stroke: var(--blue)" in svg and "&lt;b&gt;&amp;amp; #1f6fb4 --&gt;" in svg and "<b>" not in svg
    other = figures.inline_svg(Panel("a line", 3, 2, draw), "second")
    assert other == svg.replace("first-", "second-") != svg


def test_what_cannot_be_drawn_is_known_before(tmp_path, monkeypatch):
    assert fails(figures.check_picture, "c.pdf") == "c.pdf: a plot is a .png or .svg file"
    assert fails(figures.write, [panels(HISTORY)], "c.pdf") == "c.pdf: a plot is a .png or .svg file"
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    message = "plots need matplotlib: pip install '.[plot]'"
    assert fails(figures.check_picture, "c.png") == message
    assert fails(figures.write, [panels(HISTORY)], tmp_path / "c.png") == message
    assert fails(figures.write, [panels(HISTORY)], io.BytesIO()) == message
    assert not list(tmp_path.iterdir())
