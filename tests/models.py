"""Small models and tables for the tests of training, evaluation and prediction."""

import io
from pathlib import Path

import keras
import numpy as np
import pytest

from netconv import NetconvError
from netconv.tables.sources import Source

KIDNEY = Path(__file__).parent.parent / "fixtures" / "kidney.csv"
layers = keras.layers


def model(features=2, classes=2, loss="sparse_categorical_crossentropy", activation="softmax", hidden=()):
    """A model with fixed initial values."""
    keras.utils.set_random_seed(1)
    stack = [keras.Input((features,)), *hidden, layers.Dense(classes, activation=activation)]
    made = keras.Sequential(stack)
    made.compile(keras.optimizers.Adam(0.05), loss)
    return made


def source(text):
    return Source("t.csv", lambda: io.BytesIO(text.encode()))


def separable(rows=60, names=("no", "yes"), seed=0):
    """Rows whose class is the sign of a; b is noise."""
    generator = np.random.default_rng(seed)
    lines = [f"{a:.4f},{b:.4f},{names[int(a > 0)]}\n" for a, b in generator.normal(size=(rows, 2))]
    return "a,b,class\n" + "".join(lines)


def fails(call, *arguments, kind=NetconvError, **options):
    with pytest.raises(kind) as caught:
        call(*arguments, **options)
    return str(caught.value)
