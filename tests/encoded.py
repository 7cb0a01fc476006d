"""Small tables and their encodings, for the tests of features."""

import io

import numpy as np
import pytest

from netconv import DataError
from netconv.features import schema_inference, transform
from netconv.features.encoding import HeadSpec, ModelSpec
from netconv.features.notices import ignore
from netconv.features.table_options import TableOptions
from netconv.inference import reading
from netconv.tables.sources import Source


def source(text):
    return (Source("t.csv", lambda: io.BytesIO(text.encode())),)


def encoded(text, spec, notify=ignore, **options):
    """The rows of a table, and their encoding."""
    table_options = TableOptions(**options)
    table = reading.read_table(source(text), table_options, spec.heads)
    table = reading.with_texts(source(text), table, spec, table_options)
    found = schema_inference.infer_encoding(table, spec, table_options, notify=notify)
    everywhere = np.ones(len(table), bool)
    return table.rows(slice(None)), transform.fit_statistics(found, table, everywhere)


def refused(text, spec, **options):
    with pytest.raises(DataError) as caught:
        encoded(text, spec, **options)
    return str(caught.value)


def spec_of(features, outputs, classes, inputs=()):
    """What a model of one output takes, and how many values or classes it predicts."""
    return ModelSpec(features, (HeadSpec("out", outputs, classes),), inputs)


FREE = spec_of(None, 2, 2)
"""A classifier of two classes that takes any number of features."""
