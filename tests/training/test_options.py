"""Options of a training that are out of range are errors."""

import subprocess
import sys

import pytest
from models import fails

from netconv import NetconvError
from netconv.training import distribution
from netconv.training.options import TrainingOptions


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 0}, "epochs must be an integer of at least 1; received 0"),
        ({"batch_size": -1}, "batch_size must be an integer of at least 1; received -1"),
        ({"validation_split": 1.5}, "validation_split must be a number from 0 to below 1; received 1.5"),
        ({"early_stopping": -1}, "early_stopping must be an integer of at least 0; received -1"),
        ({"learning_rate": float("nan")}, "learning_rate must be a number above 0; received nan"),
        ({"clipnorm": 0}, "clipnorm must be a number above 0; received 0"),
        ({"weight_decay": float("inf")}, "weight_decay must be a number of at least 0; received inf"),
        ({"epochs": 2.5}, "epochs must be an integer of at least 1; received 2.5"),
        ({"epochs": "5"}, "epochs must be an integer of at least 1; received '5'"),
        ({"learning_rate": "x"}, "learning_rate must be a number above 0; received 'x'"),
        ({"seed": 0.5}, "seed must be an integer from 0 to 4,294,967,295; received 0.5"),
        ({"monitor": None}, "monitor must be the name of a metric; received None"),
        ({"metrics": 3}, "metrics must be a text or a tuple of texts; received 3"),
        ({"optimizer": 3}, "optimizer must be an optimizer of Keras or its name; received 3"),
        ({"schedule": 3}, "schedule must be the name of a schedule of Keras; received 3"),
        ({"loss": 3}, "loss must be a loss of Keras or its name; received 3"),
        ({"init": 3}, "init must be the name of an initializer of MXNet; received 3"),
        ({"checkpoint": 3}, "checkpoint must be the path of a folder; received 3"),
        ({"tensorboard": 3}, "tensorboard must be the path of a folder; received 3"),
        ({"resume": "yes"}, "resume must be True or False; received 'yes'"),
        ({"class_weight": 3},
         "class_weight must be 'balanced' or a dictionary of numbers, such as {'yes': 2, 'no': 1}; received 3"),
        ({"class_weight": {"a": "b"}}, "class_weight must be 'balanced' or a dictionary of numbers, such as "
         "{'yes': 2, 'no': 1}; received 'b'"),
        ({"class_weight": {"kind": {"a": "b"}}}, "class_weight must be 'balanced' or a dictionary of numbers, such as "
         "{'yes': 2, 'no': 1}; received {'a': 'b'}"),
        ({"class_weight": {"a": 1, "kind": "balanced"}}, "class_weight must be 'balanced' or a dictionary of numbers, "
         "such as {'yes': 2, 'no': 1}; received {'a': 1, 'kind': 'balanced'}"),
        ({"class_weight": {"kind": {"a": -1}}},
         "class_weight: the weight of 'a' must be a number from 0 on; received -1"),
        ({"reduce_on_plateau": 3},
         "reduce_on_plateau must be a number of epochs and a factor, such as (5, 0.1); received 3"),
        ({"reduce_on_plateau": (3, 2)},
         "reduce_on_plateau must be a number of epochs and a factor, such as (5, 0.1); received (3, 2)"),
        ({"mixed_precision": "foo"}, "mixed_precision must be 'mixed_float16' or 'mixed_bfloat16'; received 'foo'"),
    ],
)  # fmt: skip
def test_options_out_of_range(options, message):
    assert fails(TrainingOptions, **options) == message


def test_class_numbers_have_weights_by_number():
    assert TrainingOptions(class_weight={0: 1, 1: 5}).class_weight == {"0": 1.0, "1": 5.0}
    by_output = TrainingOptions(class_weight={"kind": {0: 1}, "sex": "balanced"}).class_weight
    assert by_output == {"kind": {"0": 1.0}, "sex": "balanced"}


def test_strategy_by_name(monkeypatch):
    import tensorflow as tf

    monkeypatch.setattr(distribution, "strategy_for", lambda name: f"the strategy {name}")
    assert distribution.as_strategy("mirrored") == "the strategy mirrored"
    assert distribution.as_strategy(None) == "the strategy None"
    one = tf.distribute.OneDeviceStrategy("CPU:0")
    assert distribution.as_strategy(one) is one
    with pytest.raises(NetconvError, match=r"^strategy must be a name, or a tf.distribute.Strategy; received 2$"):
        distribution.as_strategy(2)


def test_tensorflow_is_imported_without_garbage_collection():
    """Its objects stay: each collection would visit them all, which takes a third of the time of the import."""
    code = "import gc, netconv\nfull = []\n"
    code += "gc.callbacks.append(lambda phase, info: full.append(phase) if info['generation'] == 2 else None)\n"
    code += "netconv.strategy_for()\nprint(full, gc.isenabled())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "[] True\n"
