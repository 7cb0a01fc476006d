"""Keras's callbacks in netconv's training loop: when training stops, the best epoch, the learning rate."""

import math

import numpy as np
import pytest
from encoded import FREE
from models import model

from netconv.training import metrics
from netconv.training.callbacks import Callbacks


def epochs(callbacks, values, start=0):
    """The learning rates of the epochs, and the number of epochs until training stops."""
    rates = []
    for epoch, value in enumerate(values[start:], start):
        rates.append(float(callbacks.model.optimizer.learning_rate))
        callbacks.model.set_weights([np.full_like(weight, epoch) for weight in callbacks.model.get_weights()])
        callbacks.epoch_end(epoch, {"loss": 9.0 - epoch, callbacks.monitor: value})
        if callbacks.stop:
            break
    return rates, start + len(rates)


def begun(*arguments, **options):
    made = Callbacks(model(), *arguments, **options)
    made.begin()
    return made


def test_a_plateau():
    callbacks = begun(plateau=(2, 0.5))
    rates, _ = epochs(callbacks, [1.0, 0.9, 0.90001, 0.9, 0.95, 0.91, 0.5])
    assert rates == pytest.approx([0.05] * 4 + [0.025] * 2 + [0.0125])


@pytest.mark.parametrize(
    "monitor, values, best, stopped",
    [
        ("val_loss", [3, math.nan, 2, 2, 2, 1], 2, 5),
        ("val_loss", [math.nan, 3, 4, math.nan, 1], 1, 4),
        ("val_accuracy", [0.7, 0.9, 0.9, 0.8, 0.95], 1, 4),
        ("loss", [3, 2, 1], 2, 3),
        ("auc", [math.nan] * 5, 0, 3),
        ("val_true_positives", [1, 2, 1, 1], 1, 4),
    ],
)
def test_the_best_epoch(monitor, values, best, stopped):
    callbacks = begun(monitor, patience=2, maximize=metrics.maximizes(monitor, [[]], FREE))
    assert epochs(callbacks, values)[1] == stopped
    assert callbacks.best_epoch == best
    callbacks.end()
    assert all((weight == best).all() for weight in callbacks.model.get_weights())


def test_no_patience_stops_nothing():
    assert epochs(begun(), [1.0] * 40)[1] == 40


def test_without_validation_the_last_epoch_is_kept_and_the_loss_monitored():
    callbacks = begun(patience=1, plateau=(1, 0.5), validated=False)
    rates, _ = epochs(callbacks, [5.0, 5.0, 5.0])
    assert rates == pytest.approx([0.05, 0.05, 0.025])
    callbacks.end()
    assert callbacks.best_epoch is None and callbacks.best_weights == ()
    assert all((weight == 2).all() for weight in callbacks.model.get_weights())


@pytest.mark.parametrize("interrupted", range(1, 8))
def test_a_resumed_training_has_the_state_of_the_callbacks(interrupted):
    """Patience, best value and weights, and the epochs that the learning rate schedule has waited."""
    values = [1.0, 0.9, 0.95, 0.9, 0.8, 0.85, 0.9, 0.82, 0.84, 0.7]
    options = {"patience": 4, "plateau": (2, 0.5)}
    whole = begun(**options)
    rates, stopped = epochs(whole, values)
    first = begun(**options)
    epochs(first, values[:interrupted])
    history = [{"epoch": epoch + 1, "loss": 9.0 - epoch, "val_loss": values[epoch]} for epoch in range(interrupted)]
    resumed = begun(**options)
    resumed.resume(history, first.best_weights)
    resumed.model.optimizer.learning_rate = first.model.optimizer.learning_rate
    assert epochs(resumed, values, interrupted) == (rates[interrupted:], stopped) and stopped == 9
    assert resumed.best_epoch == whole.best_epoch == 4
    resumed.end()
    assert all((weight == 4).all() for weight in resumed.model.get_weights())


def test_patience_restarts_at_each_better_epoch_of_a_resumed_history():
    history = [{"loss": 1.0, "val_loss": value} for value in (1.0, 2.0, 2.0, 2.0, 0.5)]
    stopped = []
    for epochs in (4, 5):
        callbacks = begun(patience=3)
        callbacks.resume(history[:epochs], [])
        stopped.append(callbacks.stop)
    assert stopped == [True, False]
