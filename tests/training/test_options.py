"""Options of a training that are out of range are errors."""

import pytest
from models import fails

from netconv.training.options import TrainingOptions


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 0}, "epochs must be at least 1; received 0"),
        ({"batch_size": -1}, "batch_size must be at least 1; received -1"),
        ({"validation_split": 1.5}, "validation_split must be from 0 to below 1; received 1.5"),
        ({"early_stopping": -1}, "early_stopping must be at least 0; received -1"),
        ({"learning_rate": float("nan")}, "learning_rate must be above 0; received nan"),
        ({"clipnorm": 0}, "clipnorm must be above 0; received 0"),
        ({"weight_decay": float("inf")}, "weight_decay must be at least 0; received inf"),
    ],
)
def test_options_out_of_range(options, message):
    assert fails(TrainingOptions, **options) == message
