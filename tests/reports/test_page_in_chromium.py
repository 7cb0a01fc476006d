"""Pages as a browser shows them."""

import pytest
from browser import CHROMIUM, measure
from models import KIDNEY, model, separable, source

import netconv

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium in which to open pages")
TRAINING = ["data", "model", "training", "evaluation", "messages", "origin"]


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """A training on the kidney table, one whose names are hostile, and an evaluation of a regression."""
    folder = tmp_path_factory.mktemp("pages")
    result = netconv.train(KIDNEY.with_name("ckd") / "net.json", KIDNEY, epochs=3, standardize=True)
    result.report(folder / "training.html", commands=["netconv train " + "a-long-name-without-blanks" * 20 + ".csv"])
    names = [f"</style><script>document.body.remove()</script> {'wide' * 30} {n}" for n in (1, 2)]
    hostile = separable(200, names).replace("a,b,", f"{names[0]} a,b,")
    netconv.train(model(), source(hostile), epochs=2, target="class").report(folder / "hostile.html")
    rows = "".join(f"{n},{n % 7},{n * 3}\n" for n in range(400))
    evaluation = netconv.evaluate(model(2, 1, "mse", None), source("a,b,price\n" + rows))
    evaluation.report(folder / "evaluation.html")
    return folder


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize(
    "name, sections, figures",
    [("training", TRAINING, 6), ("hostile", TRAINING, 6), ("evaluation", ["data", "model", *TRAINING[3:]], 3)],
)
def test_a_page_is_shown_whole(pages, name, sections, figures, width):
    found = measure(pages / f"{name}.html", width, dark=width == 390)
    assert found["sections"] == sections
    assert len(found["figures"]) == figures
    assert all(250 < wide <= max(width, 450) and high > 200 and shapes > 5 for wide, high, shapes in found["figures"])
    assert found["pictures"] and min(found["pictures"]) > 0
    assert found["width"] == width and found["content"] <= width
    assert found["paper"] == ("rgb(23, 25, 28)" if width == 390 else "rgb(255, 255, 255)")
    assert (found["scripts"], found["requests"], found["console"]) == (0, [], [])


def test_the_measurement_finds_faults(tmp_path):
    (tmp_path / "bad.html").write_text(
        "<!DOCTYPE html><body><section id=data></section><section id=model><p style='width: 900px; height: 50px'>wide"
        "</section><svg width=0 height=0></svg><img src='data:image/png;base64,AAAA'><img src='http://127.0.0.1:9/x.png'>"
        "<script>console.error('a message')</script>"
    )
    found = measure(tmp_path / "bad.html", 390)
    assert found["sections"] == ["model"] and found["figures"] == [[0, 0, 0]] and found["pictures"] == [0, 0]
    assert found["width"] == 390 and found["content"] > 900 and found["scripts"] == 1
    assert "http://127.0.0.1:9/x.png" in found["requests"]
    assert any("a message" in line for line in found["console"])
