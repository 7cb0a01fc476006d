"""What the shell completes: files by their endings, names of Keras, layers and columns."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

import netconv

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]
TABLES = (
    ".csv", ".tsv", ".txt", ".parquet", ".npy", ".npz", ".gz", ".bz2", ".xz", ".zst", ".zip", ".png", ".jpg", ".jpeg",
)  # fmt: skip
"""Endings of files of data."""
TEXT_OPTIONS = ("delimiter", "encoding", "header", "skip_lines")


def suffixed(*endings: str) -> Complete:
    """Completes files with these endings; where there are none, the shell completes folders."""

    def complete(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        folder, begin = os.path.split(incomplete)
        try:
            names = sorted(entry.name for entry in os.scandir(folder or ".") if not entry.is_dir())
        except OSError:
            names = []
        found = [name for name in names if name.startswith(begin) and name.lower().endswith(endings)]
        return [CompletionItem(incomplete, "dir"), *(CompletionItem(os.path.join(folder, name)) for name in found)]

    return complete


def keras_names(kind: str) -> Complete:
    """Completes names of Keras: "optimizer", "loss" or "metric"."""

    def complete(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return _beginning(netconv.keras_names(kind), incomplete)

    return complete


def layers(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Completes the layers of the model, the one that -m names or the only one beside the data."""
    data = _data(ctx)
    try:
        model = ctx.params.get("model") or netconv.find_model(Path(data[0]) if data else None, True)
        return _beginning(netconv.layer_names(model), incomplete)
    except (netconv.NetconvError, OSError):
        return []


def columns(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Completes the columns of the table, each of several that are separated by commas."""
    before, comma, begin = incomplete.rpartition(",")
    options: dict[str, Any] = {name: ctx.params.get(name) for name in TEXT_OPTIONS}
    try:
        names = netconv.column_names(_data(ctx), options)
    except (netconv.NetconvError, OSError):
        return []
    return [CompletionItem(f"{before}{comma}{name}") for name in names if name.startswith(begin)]


def _data(ctx: click.Context) -> tuple[str, ...]:
    """The files of data that are given. Where the last option has no value yet, click leaves the arguments alone."""
    return ctx.params.get("data") or tuple(ctx.args)


def _beginning(names: list[str], begin: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.startswith(begin)]
