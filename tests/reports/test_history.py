"""Histories read from files."""

import io

import numpy as np
import pytest
from models import fails

from netconv.reports import history

FIGURES = ({"epoch": 1, "loss": 2.0, "val_loss": 2.5, "accuracy": 0.5},
           {"epoch": 2, "loss": 1.0, "val_loss": 1.5, "accuracy": 0.7},
           {"epoch": 3, "loss": 0.5, "val_loss": 1.6, "accuracy": 0.9})  # fmt: skip
CSV = "epoch,loss,val_loss,accuracy\n1,2.0,2.5,0.5\n2,1.0,1.5,0.7\n3,0.5,1.6,0.9\n"


@pytest.mark.parametrize(
    "text",
    [
        CSV,
        "\ufeff" + CSV.replace("\n", "\r\n\r\n"),
        '{"epoch": 1, "loss": 2.0, "val_loss": 2.5, "accuracy": 0.5, "note": "x"}\n\n'
        '{"epoch": 2, "loss": 1.0, "val_loss": 1.5, "accuracy": 0.7}\n'
        '{"epoch": 3, "loss": 0.5, "val_loss": 1.6, "accuracy": 0.9}\n{"path": "m.keras"}\n',
    ],
)
def test_a_history_is_read_from_csv_and_json_lines(text):
    assert history.read(io.BytesIO(text.encode())) == FIGURES


def test_a_missing_metric():
    (figures,) = history.read(io.BytesIO(b'{"loss": null}'))
    assert np.isnan(figures["loss"])
    (figures,) = history.read(io.BytesIO(b"loss,val_loss\n,2\n"))
    assert np.isnan(figures["loss"]) and figures["val_loss"] == 2
    assert history.read(io.BytesIO(b'{"loss": 1' + b"0" * 400 + b"}")) == ({"loss": float("inf")},)


@pytest.mark.parametrize(
    "text, message",
    [
        (b"", "is not a history: it has no column 'loss'"),
        (b"a,b\n1,2\n", "is not a history: it has no column 'loss'"),
        (b"epoch,loss\n", "is not a history: it has no epoch with a loss"),
        (b'{"a": 1}\n', "is not a history: it has no epoch with a loss"),
        (b'{"loss": "low"}\n', "is not a history: it has no epoch with a loss"),
        (b"\xff\xfe", "is not a history: it is not UTF-8"),
        (b"epoch,loss\n1,2\n2,low\n", "'low' is not a number"),
        (b"epoch,loss\n1,2\n2\n", "1 cells, and the header has 2"),
        (b'{"loss": 1}\n{"loss"\n', "is not JSON"),
        (b"loss\n" + b"1" * 200_000, "cannot be read: field larger than field limit (131072)"),
    ],
)
def test_a_file_that_is_not_a_history(tmp_path, text, message):
    (tmp_path / "h.csv").write_bytes(text)
    where = {"'low'": ", line 3, column 'loss'", "1 cells": ", line 3", "is not JSON": ", line 2", "cannot": ", line 2"}
    place = next((place for start, place in where.items() if message.startswith(start)), "")
    assert fails(history.read, tmp_path / "h.csv") == f"{tmp_path}/h.csv{place}: {message}"


def test_a_history_without_end(monkeypatch):
    monkeypatch.setattr(history, "LARGEST", 1 << 20)
    assert fails(history.read, io.BytesIO(b"x" * (2 << 20))) == "the stream: a history of more than 1 MB"
