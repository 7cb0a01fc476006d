"""Optimizers, schedules and names with options."""

import keras
import pytest
from models import fails

from netconv.keras_api import call_expressions
from netconv.training.optimizers import optimizer_for, schedule_for
from netconv.training.options import OptimizerOptions


def made(steps=10, epochs=5, compiled=None, **options):
    return optimizer_for(OptimizerOptions(**options), compiled, steps, epochs)


@pytest.mark.parametrize(
    "text, found",
    [
        ("sgd", ("sgd", {})),
        ("sgd(momentum=0.9, nesterov=True)", ("sgd", {"momentum": 0.9, "nesterov": True})),
        ("step(epochs=[1, 2], values=[1e-1, -2, 'a'])", ("step", {"epochs": [1, 2], "values": [0.1, -2, "a"]})),
    ],
)
def test_names_with_options(text, found):
    assert call_expressions.parse(text, "sgd") == found


@pytest.mark.parametrize(
    "text",
    ["", "sgd(0.9)", "sgd(**{'a': 1})", "a.b(c=1)", "sgd(momentum=open('x'))", "f(x=[y for y in z])", "sgd(", "a b",
     "sgd(momentum=" + "(" * 500 + ")", "sgd(m=" + "1" * 2000 + ")", "-sgd", "sgd(momentum=0.9, momentum=0.8)"],
)  # fmt: skip
def test_nothing_else_is_a_name_with_options(text):
    assert fails(call_expressions.parse, text, "sgd(momentum=0.9)") == (
        f"{text!r} is not a name with options such as sgd(momentum=0.9)"
    )


def test_the_options_of_an_optimizer():
    found = made(optimizer="sgd(momentum=0.9, nesterov=True)", learning_rate=0.2, clipnorm=1.0, weight_decay=0.01)
    assert (found.momentum, found.nesterov, found.clipnorm, found.weight_decay) == (0.9, True, 1.0, 0.01)
    assert float(found.learning_rate) == pytest.approx(0.2) and found.name == "sgd"


@pytest.mark.parametrize("name", ["adam", "SGD", "rmsprop", "Adam_W", "lamb", "muon"])
def test_every_optimizer_of_keras(name):
    assert type(made(optimizer=name)).__name__.lower() == name.replace("_", "").lower()


def test_a_compiled_optimizer_is_used_unless_an_option_changes_it():
    compiled = keras.optimizers.RMSprop(0.3)
    assert made(compiled=compiled) is compiled
    other = made(compiled=compiled, global_clipnorm=2.0)
    assert other is not compiled and other.global_clipnorm == 2.0
    assert float(other.learning_rate) == pytest.approx(0.3)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"optimizer": "nope(a=1)"}, "Keras has no optimizer called 'nope'; it has adam, sgd, rmsprop and others"),
        ({"optimizer": "lossscaleoptimizer(inner_optimizer='adam')"},
         "Keras has no optimizer called 'lossscaleoptimizer'; it has adam, sgd, rmsprop and others"),
        ({"optimizer": "adma"}, "Keras has no optimizer called 'adma'; did you mean 'adamax' or 'adam'?"),
        ({"optimizer": "sgd(speed=1)"},
         "sgd has no option 'speed'; it has learning_rate, momentum, nesterov, weight_decay, clipnorm, clipvalue, "
         "global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency, loss_scale_factor, "
         "gradient_accumulation_steps, name"),
        ({"optimizer": "sgd(momentum=3)"}, "sgd: `momentum` must be a float between [0, 1]."),
        ({"clipnorm": 1.0, "clipvalue": 1.0},
         "Adam: Only one of `clipnorm`, `clipvalue` and `global_clipnorm` can be set. Received: clipnorm=1.0, "
         "clipvalue=1.0, global_clipnorm=None"),
        ({"schedule": "linear"},
         "Keras has no schedule called 'linear'; it has cosine, cosine_restarts, exponential, inverse_time, "
         "piecewise, step, polynomial"),
        ({"schedule": "cosin"}, "Keras has no schedule called 'cosin'; did you mean 'cosine'?"),
        ({"schedule": "exponential"}, "exponential requires decay_rate, as in exponential(decay_rate=...)"),
        ({"schedule": "cosine(speed=1)"},
         "cosine has no option 'speed'; it has initial_learning_rate, decay_steps, alpha, name, warmup_target, "
         "warmup_steps"),
        ({"schedule": "cosine(decay_epochs='ten')"}, "cosine: decay_epochs is a number of epochs, not 'ten'"),
        ({"schedule": "step(epochs=[1, 2], values=[0.1])"},
         "schedule step(epochs=[1, 2], values=[0.1]): The length of boundaries should be 1 less than the length of "
         "values. Received: boundaries=[10, 20] of length 2, and values=[0.1] of length 1."),
    ],
)  # fmt: skip
def test_invalid_options(options, message):
    assert fails(made, **options) == message


def rates(text, at, steps=10, epochs=5):
    found = schedule_for(text, 0.8, steps, epochs)
    return [float(found(step)) for step in at]


def test_schedules_count_in_epochs_or_steps():
    assert rates("cosine", [0, 25, 50]) == pytest.approx([0.8, 0.4, 0.0], abs=1e-6)
    assert rates("CosineDecay(decay_steps=10)", [5, 10]) == pytest.approx([0.4, 0.0], abs=1e-6)
    assert rates("cosine(warmup_epochs=1)", [0, 5, 10, 50]) == pytest.approx([0.0, 0.4, 0.8, 0.0], abs=1e-6)
    assert rates("exponential(decay_rate=0.5, decay_epochs=1)", [0, 10, 20]) == pytest.approx([0.8, 0.4, 0.2])
    assert rates("step(epochs=[1, 2.5], values=[3, 2, 1])", [10, 11, 25, 26]) == [3, 2, 2, 1]
    assert rates("polynomial", [0, 25]) == pytest.approx([0.8, 0.40005], rel=1e-3)
    assert rates("cosine_restarts(first_decay_epochs=1)", [0, 5]) == pytest.approx([0.8, 0.4])
    assert rates("inverse_time(decay_rate=1, decay_epochs=1)", [10]) == pytest.approx([0.4])


def test_an_optimizer_with_a_schedule():
    found = made(optimizer="sgd", learning_rate=0.4, schedule="cosine")
    assert float(found.learning_rate) == pytest.approx(0.4)
    assert type(found.get_config()["learning_rate"]) is dict
