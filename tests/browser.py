"""Opens pages in headless Chromium and measures what is seen."""

import json
import re
import shutil
import subprocess
import tempfile
from html import unescape
from pathlib import Path

CHROMIUM = shutil.which("chromium")
MEASURE = """
<script>
// The load event waits for these images, too; that of the frame around the page waits for that of the page.
const pictures = [...document.querySelectorAll("svg image, img")].map((element) => {
  const image = new Image();
  image.src = element.getAttribute("xlink:href") || element.getAttribute("href") || element.src;
  return image;
});
const size = (element) => { const box = element.getBoundingClientRect(); return [box.width, box.height]; };
addEventListener("load", () => {
  parent.document.getElementById("found").textContent = JSON.stringify({
    sections: [...document.querySelectorAll("section")].filter((e) => size(e)[1] > 40).map((e) => e.id),
    figures: [...document.querySelectorAll("svg")].map((e) => [
      ...size(e), e.querySelectorAll("path, use, polygon").length
    ]),
    pictures: pictures.map((image) => image.complete ? image.naturalWidth * image.naturalHeight : 0),
    width: innerWidth,
    content: document.documentElement.scrollWidth,
    paper: getComputedStyle(document.body).backgroundColor,
    scripts: document.scripts.length - 1,
    requests: performance.getEntriesByType("resource").map((e) => e.name).filter((name) => !name.startsWith("data:")),
  });
});
</script>
"""
FRAME = """<!DOCTYPE html>
<pre id="found"></pre>
<iframe src="measured.html" style="width: {width}px; height: 2000px; border: 0"></iframe>
"""


def run(page, *options):
    """The document of a page after its scripts, and what it wrote to the console."""
    with tempfile.TemporaryDirectory() as profile:
        command = [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            f"--user-data-dir={profile}", "--enable-logging=stderr", *options,
            "--dump-dom", page.as_uri(),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, re.findall(r"CONSOLE[^\]]*\] (.*)", done.stderr)


def measure(page, width, dark=False):
    """What is seen of a page in a window of `width` pixels: its sections, the sizes of its figures (width, height,
    number of shapes) and the pixels of its pictures, the width of its content, the color of its background, the number
    of its scripts, the addresses that it requested; and its `console`, when it is opened as it is."""
    text = page.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        measured = text.replace("default-src 'none'", "default-src 'none'; script-src 'unsafe-inline'")
        (Path(folder) / "measured.html").write_text(measured + MEASURE, encoding="utf-8")
        (Path(folder) / "frame.html").write_text(FRAME.format(width=width))
        scheme = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
        document, _ = run(
            Path(folder) / "frame.html", "--window-size=1400,2000", "--allow-file-access-from-files", scheme
        )
    found = json.loads(unescape(re.search(r'<pre id="found">(.*?)</pre>', document, re.DOTALL)[1]))
    return found | {"console": run(page)[1]}
