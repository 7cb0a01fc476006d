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


def two_headed(compiled=False):
    """A model of two features with fixed initial values: `kind`, three classes, and `price`, a value."""
    keras.utils.set_random_seed(1)
    entry = keras.Input((2,), name="point")
    hidden = layers.Dense(16, activation="relu", name="hidden")(entry)
    kind = layers.Dense(3, activation="softmax", name="kind")(hidden)
    made = keras.Model(entry, [kind, layers.Dense(1, name="price")(hidden)])
    if compiled:
        losses, metrics = ["sparse_categorical_crossentropy", "mse"], [["accuracy"], ["mae"]]
        made.compile(keras.optimizers.Adam(0.05), losses, metrics=metrics, loss_weights=[1.0, 0.25])
    return made


def two_targets(rows=120, names=("kind", "price"), seed=0):
    """Rows whose class is how many of a and b are positive, and whose price is linear in them."""
    generator = np.random.default_rng(seed)
    lines = [
        f"{a:.4f},{b:.4f},{('low', 'mid', 'top')[int(a > 0) + int(b > 0)]},{300 * a + 50 * b + 100:.3f}\n"
        for a, b in generator.normal(size=(rows, 2))
    ]
    return f"a,b,{','.join(names)}\n" + "".join(lines)


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
