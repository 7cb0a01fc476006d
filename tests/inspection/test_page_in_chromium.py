"""The page of a net as a browser shows it."""

import tempfile
from pathlib import Path

import pytest
from browser import CHROMIUM, measure, run

import netconv

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium in which to open pages")
NETS = Path(__file__).parents[2] / "fixtures" / "conformance" / "nets"
OPENED = """
<script>
addEventListener("load", () => {
  const shown = () => [...document.querySelectorAll("details")].map((e) => e.open ? "open" : "closed").join(" ");
  const before = shown();
  document.querySelector("#net svg a").dispatchEvent(new MouseEvent("click", {bubbles: true, cancelable: true}));
  setTimeout(() => {
    document.body.innerHTML = "<pre id=found>" + before + " / " + shown() + "</pre>";
  }, 500);
});
</script>
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "net.html"
    netconv.plot_net(NETS / "whole-counter-11" / "net.json", path)
    return path


@pytest.mark.parametrize("width", [390, 1280])
def test_a_page_is_shown_whole(page, width):
    found = measure(page, width, dark=width == 390)
    assert found["sections"] == ["net", "groups", "table"]
    wide, high, shapes = found["figures"][0]
    assert wide > 300 and high > 300 and shapes > 5
    assert found["width"] == width and found["content"] <= width
    assert (found["scripts"], found["requests"], found["console"]) == (0, [], [])


def test_a_group_opens_when_it_is_clicked(page):
    text = page.read_text().replace("default-src 'none'", "default-src 'none'; script-src 'unsafe-inline'")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "clicked.html").write_text(text + OPENED)
        document, _ = run(Path(folder) / "clicked.html", "--virtual-time-budget=3000")
    before, after = document.partition('<pre id="found">')[2].partition("</pre>")[0].split(" / ")
    assert set(before.split()) == {"closed"} and after.split().count("open") == 1
