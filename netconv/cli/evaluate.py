"""`netconv evaluate`."""

from __future__ import annotations

import json

import click

import netconv

from .options import DATA, JSON, MODEL, QUIET, opened_model, reading, saying, table


class Limit(click.ParamType):
    """NAME=VALUE: a metric and a number."""

    name = "METRIC=VALUE"

    def convert(self, value, param, ctx):
        name, _, number = value.rpartition("=")
        try:
            return name.strip(), float(number)
        except ValueError:
            self.fail(f"{value!r} is no limit such as accuracy=0.95", param, ctx)


@click.command()
@DATA
@MODEL
@reading
@click.option("--top", type=click.IntRange(min=1), multiple=True, metavar="K",
              help="Also how often the class is among the K likeliest.")  # fmt: skip
@click.option("--min", "minimum", type=Limit(), multiple=True, help="Exits with 1 when a metric is less.")
@click.option("--max", "maximum", type=Limit(), multiple=True, help="Exits with 1 when a metric is more.")
@click.option("--plot", metavar="FILE", help="Draws the confusion matrix (.png or .svg).")
@JSON
@QUIET
def evaluate(data, model, minimum, maximum, plot, as_json, quiet, **options):
    """Says how well a model tells what a table says: loss, accuracy, each class, who is taken for whom."""
    notify = saying(quiet)
    if plot:
        netconv.check_picture(plot)
    opened = opened_model(model, data, False, notify)
    found = netconv.evaluate(opened, table(data), notify=notify, **options)
    if plot:
        netconv.confusion_matrix([report.name for report in found.classes], found.confusion, plot)
    click.echo(json.dumps(found.facts, ensure_ascii=False) if as_json else found.text)
    found.check(dict(minimum), dict(maximum))
