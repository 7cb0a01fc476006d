"""Pages on a training or an evaluation: what they say, what they leave out, and that nothing in them is executed."""

import re
import sys
from html.parser import HTMLParser

import numpy as np
import pytest
from evaluations import evaluate_blocks
from models import fails, model, separable, source

import netconv
from netconv.features.encoding import Encoding, Feature, Head, HeadSpec
from netconv.keras_files.layer_rows import LayerRow, Tensor
from netconv.reports import graphviz, page
from netconv.reports.run_record import RunRecord
from netconv.tables.number_format import figure

HOSTILE = "</title></style><script>alert('1')</script><img src=x onerror=alert(2)> \"&amp;' {{ 7*7 }}"


class Elements(HTMLParser):
    """The elements of a page, and the text of each section."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.links, self.sections, self.section = [], [], [], {}, "head"
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        self.links += [value for name, value in attrs if name in ("href", "xlink:href", "src")]
        if tag == "section":
            self.section = dict(attrs)["id"]

    def handle_data(self, data):
        self.sections[self.section] = " ".join([self.sections.get(self.section, ""), *data.split()])


def written(tmp_path, write, **options):
    target = tmp_path / "page.html"
    write(target, **options)
    return Elements(target.read_text(encoding="utf-8"))


def table(rows=200, names=("no", "yes"), columns=("a", "b", "class")):
    return source(separable(rows, names).replace("a,b,class", ",".join(columns)))


def test_a_page_on_a_training(tmp_path):
    lines = []
    result = netconv.train(model(), table(), epochs=3, notify=lines.append, learning_rate=0.01, class_weight="balanced")
    found = written(tmp_path, result.report, commands=["netconv train 't 1.csv'"]).sections
    assert list(found) == ["head", "data", "model", "training", "evaluation", "messages", "origin"]
    assert "t.csv" in found["data"] and "160 to train on, 40 to validate on" in found["data"]
    assert "Dense 2 6" in found["model"] and "6 parameters" in found["model"]
    assert "3 epochs" in found["training"] and "class weight balanced" in found["training"]
    assert "learning rate 0.01" in found["training"]
    for name, value in result.history[result.best_epoch - 1].items():
        assert name == "epoch" or figure(value) in found["training"]
    for name, value in result.evaluation.metrics.items():
        assert f"{name} {figure(value)}" in found["evaluation"]
    for report in result.evaluation.classes:
        shown = " ".join(map(figure, (report.precision, report.recall, report.f1)))
        assert f"{report.name} {shown} {report.count}" in found["evaluation"]
    assert f"ROC curve, auc {figure(result.evaluation.metrics['auc'])}" in found["evaluation"]
    assert lines and all(" ".join(line.split()) in found["messages"] for line in lines)
    assert "netconv train 't 1.csv'" in found["origin"] and re.search(r"keras 3\.\d+", found["origin"])


def test_a_page_on_an_evaluation(tmp_path):
    evaluation = netconv.evaluate(model(2, 1, "mse", None), source("a,b,price\n1,2,3\n4,5,6\n7,8,9\n"))
    found = written(tmp_path, evaluation.report, messages=["only this"]).sections
    assert list(found) == ["head", "data", "model", "evaluation", "messages", "origin"]
    assert found["messages"].split()[-2:] == ["only", "this"] and "target price" in found["data"]
    assert f"r2 {figure(evaluation.metrics['r2'])}" in found["evaluation"]
    assert "residual: true − predicted" in found["evaluation"] and "To repeat it" not in found["origin"]


def test_without_rows_held_out_the_page_says_what_was_evaluated(tmp_path):
    result = netconv.train(model(), table(), epochs=2, validation_split=0)
    found = written(tmp_path, result.report).sections
    assert "200 to train on, none to validate on" in found["data"]
    assert "200 rows trained on, as none were held out." in found["evaluation"]
    assert "best epoch" not in found["training"]


def test_an_evaluation_without_a_record_has_its_results(tmp_path):
    result = netconv.train(model(), table(), epochs=1)
    assert list(written(tmp_path, result.evaluation.report).sections) == ["head", "evaluation", "origin"]


def test_nothing_in_a_page_is_executed_or_fetched(tmp_path):
    quoted = '"' + HOSTILE.replace('"', '""') + ' {}"'
    names, columns = (quoted.format(1), quoted.format(2)), (quoted.format("a"), "b", "class")
    result = netconv.train(model(), table(names=names, columns=columns), epochs=1, target="class")
    found = written(tmp_path, result.report, commands=[HOSTILE], messages=[HOSTILE, "bell \x07 \ud800"])
    assert not {"script", "img", "link", "iframe", "object"}.intersection(found.tags)
    assert not [name for name in found.attributes if name.startswith("on")]
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert (
        "<script>alert('1')</script>" in found.sections["data"]
        and "{{ 7*7 }}" in text
        and "49" not in found.sections["messages"]
    )
    assert "bell � �" in found.sections["messages"]
    assert found.links and all(link.startswith(("#", "data:")) for link in found.links)
    assert not re.search(r"url\((?!#)|@import", text)


def record(features=2, layers=3, classes=(), messages=(), **encoding):
    columns = tuple(f"column {n}" for n in range(features))
    rows = [
        LayerRow(f"layer_{n}", "Dense", "4", 20, 20, (Tensor(f"layer_{n - 1}", 0, "4"),) if n else ())
        for n in range(layers)
    ]
    made = Encoding(columns, True, tuple(map(Feature, columns)), (Head("out", ("y",), classes),), **encoding)
    return RunRecord("net", tuple(rows), ("t.csv",), made, (dict.fromkeys(classes, 3),), {}, {}, messages)


def test_a_page_is_bounded(tmp_path):
    """10,000 columns, 1,000 classes, 1,000 layers, many messages."""
    names = tuple(f"kind {n}" for n in range(1000))
    outputs, y = np.eye(1000, dtype=np.float32)[np.arange(2000) * 7 % 1000], np.arange(2000) % 1000
    evaluation = evaluate_blocks([(outputs, y)], HeadSpec("out", 1000, 1000), "sparse_categorical_crossentropy", names)
    left_out = {f"unused {n}": "dropped" for n in range(10_000)}
    about = record(10_000, 1000, names, tuple(f"message {n}" for n in range(1000)), left_out=left_out)
    found = written(tmp_path, lambda target: page.write(target, evaluation, about)).sections
    assert (tmp_path / "page.html").stat().st_size < 1_200_000
    assert "column 199 numbers" in found["data"] and "column 200" not in found["data"]
    assert "9,800 more columns are not listed." in found["data"] and "and 9,980 more" in found["data"]
    assert "and 980 more" in found["data"]
    assert "700 more layers are not listed." in found["model"]
    assert "950 more classes, with a larger f1, are not listed." in found["evaluation"]
    assert "800 more lines are not listed." in found["messages"]


def test_the_layers_are_drawn(tmp_path, monkeypatch):
    evaluation = evaluate_blocks([(np.ones((2, 1)), np.ones((2, 1)))], HeadSpec("out", 1, 0), "mse", ("y",))

    def drawn(about):
        found = written(tmp_path, lambda target: page.write(target, evaluation, about))
        return found.sections["model"].split("layer class")[0], "inputs" in found.sections["model"]

    about = record(layers=5)
    text, inputs = drawn(about)
    assert text.count("Dense") == 5 and "100 parameters" in text and not inputs
    branch = LayerRow("other", "Dense", "4", 20, 20, (Tensor("layer_0", 0, "4"),))
    text, inputs = drawn(RunRecord(**{**vars(about), "layers": (*about.layers, branch)}))
    assert text.count("Dense") == 6 and "other" in text and inputs
    monkeypatch.setattr(graphviz, "MOST_BOXES", 4)
    assert drawn(about) == (" Model 100 parameters. ", False)


def test_what_a_page_needs_is_known_before(tmp_path, monkeypatch):
    assert fails(page.check_report, "r.pdf") == "r.pdf: a report is a .html or .htm file"
    assert page.check_report(tmp_path / "r.HTM").name == "r.HTM"
    monkeypatch.setitem(sys.modules, "jinja2", None)
    assert fails(page.check_report, "r.html") == "a report needs Jinja: pip install '.[plot]'"
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert fails(page.check_report, "r.html") == "a report needs matplotlib: pip install '.[plot]'"


def test_a_page_is_written_whole_or_not_at_all(tmp_path):
    evaluation = evaluate_blocks([(np.ones((2, 1)), np.ones((2, 1)))], HeadSpec("out", 1, 0), "mse", ("y",))
    with pytest.raises(OSError, match=r"no/r\.html"):
        evaluation.report(tmp_path / "no" / "r.html")
    assert not list(tmp_path.iterdir())


def test_a_net_with_branches_is_listed_whole_with_what_each_layer_takes(tmp_path):
    rows = "".join(f"{'' if n % 9 == 0 else n * 100},{n},{'yx'[n % 2]}\n" for n in range(40))
    result = netconv.train(model(), source(f"a,b,class\n{rows}"), epochs=1, standardize=True)
    shown = written(tmp_path, result.report).sections["model"]
    layers = result.record.layers
    assert any(len(layer.inputs) > 1 for layer in layers)  # a missing number is replaced beside the others
    for layer in layers:
        taken = f" {', '.join(layer.inputs)}" if layer.inputs else ""
        assert f"{layer.name} {layer.kind} {layer.output} {layer.parameters}{taken}" in shown
