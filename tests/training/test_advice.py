"""Advice on a training: each line where it is due, and only there."""

import keras
import numpy as np
import pytest
from models import KIDNEY, fails, layers, model, separable, source

import netconv

EASY = separable(200)


def advice(made, text, **options):
    notes = []
    netconv.train(made, source(text) if isinstance(text, str) else text, notify=notes.append, **options)
    return [note.removeprefix("advice      ") for note in notes if note.startswith("advice")]


def regression(rows=200, target=lambda a: a, scale=1.0):
    generator = np.random.default_rng(0)
    lines = [f"{a:.4f},{b * scale:.4f},{target(a):.4f}\n" for a, b in generator.normal(size=(rows, 2))]
    return "a,b,y\n" + "".join(lines)


def values(**options):
    return model(2, 1, "mse", None, **options)


def test_nothing_is_said_where_nothing_is_due():
    made = model()
    assert advice(made, EASY, epochs=40, early_stopping=1) == []


def test_features_on_different_scales():
    line = "features differ in scale, from a up to {} to b up to {}: standardize=True usually helps"
    text = regression(scale=3000)
    rows = np.array([line.split(",") for line in text.splitlines()[1:]], float)
    [found] = [each for each in advice(values(), text, epochs=2) if each.startswith("features")]
    largest = [float(cell) for cell in found.replace(",", "").replace(":", "").split() if cell[0].isdigit()]
    for column, value in enumerate(largest):
        assert value == pytest.approx(np.abs(rows[:, column]).max(), rel=0.3)  # of the rows trained on
    assert found == line.format(f"{largest[0]:,.6g}", f"{largest[1]:,.6g}")
    assert not [each for each in advice(values(), text, epochs=2, standardize=True) if each.startswith("features")]
    normalizing = values(hidden=[layers.BatchNormalization()])
    assert not [each for each in advice(normalizing, text, epochs=2) if each.startswith("features")]


def test_pixels_have_no_scales_of_their_own():
    made = model(3, hidden=[layers.Reshape((3, 1, 1)), layers.Flatten()])
    pixels = "a,b,c,class\n" + "".join(f"{n % 3},{n * 2},{n % 7},{n % 2}\n" for n in range(120))
    assert any(each.startswith("features") for each in advice(made, pixels, epochs=1))
    images = keras.Input((3, 1, 1))
    net = keras.Model(images, layers.Dense(2, activation="softmax")(layers.Flatten()(images)))
    net.compile("adam", "sparse_categorical_crossentropy")
    assert not any(each.startswith("features") for each in advice(net, pixels, epochs=1))


def test_categories_have_no_scales():
    texts = "a,b,class\n" + "".join(f"{'uv'[n % 2]},{'wxy'[n % 3]},{n % 2}\n" for n in range(60))
    made = model()
    made.set_weights([weight * 0 for weight in made.get_weights()])
    assert advice(made, texts, epochs=1, optimizer="sgd(learning_rate=1e-9)") == [
        "always predicting '0' would be right as often, for 50.0% of the rows: try another learning_rate"
    ]


def test_a_target_of_unusual_size():
    line = "standard deviation"
    [found] = [each for each in advice(values(), regression(target=lambda a: 500 + 40 * a), epochs=1) if line in each]
    assert found.startswith("the target has mean 49") or found.startswith("the target has mean 50")
    assert found.endswith(": standardize_target=True usually helps")
    tiny = regression(target=lambda a: a / 1000)
    assert any(line in each for each in advice(values(), tiny, epochs=1))
    for options in ({"standardize_target": True}, {"loss": "mean_squared_logarithmic_error"}):
        assert not any(line in each for each in advice(values(), tiny, epochs=1, **options))
    assert not any(line in each for each in advice(model(2, 1, "mse", "sigmoid"), tiny, epochs=1))
    assert not any(line in each for each in advice(values(), regression(), epochs=1))


def test_the_best_epoch_is_the_last():
    line = "the best epoch is the last: more may be better still, such as epochs=6"
    assert line in advice(model(), EASY, epochs=3)
    assert line not in advice(model(), EASY, epochs=3, validation_split=0)
    assert line not in advice(model(), EASY, epochs=3, stop=lambda: True)


def test_no_better_than_the_mean():
    made = values()
    options = {"optimizer": "sgd(learning_rate=1e-9)", "epochs": 1}
    [found] = [each for each in advice(made, regression(target=lambda a: 9), **options) if "always" in each] or [""]
    assert found == ""  # every target is the same: r2 is not defined
    [found] = [each for each in advice(made, regression(target=lambda a: 9 - a), **options) if "always" in each]
    assert found.startswith("always predicting the mean would be as good (r2 -")
    assert found.endswith("): try standardize=True and standardize_target=True, or another learning_rate")


def test_no_better_than_the_most_frequent_class():
    rows = [f"{n % 7},{n % 5},{'yes' if n % 10 == 0 else 'no'}\n" for n in range(200)]
    rare = "a,b,class\n" + "".join(rows)
    [found] = [each for each in advice(model(), rare, epochs=2, monitor="val_loss") if "always" in each]
    assert found == (
        "always predicting 'no' would be right as often, for 90.0% of the rows: try class_weight='balanced'"
    )
    options = {"class_weight": {"no": 100}, "epochs": 30}
    found = [each for each in advice(model(), rare, **options) if "always" in each]
    assert found == [
        "always predicting 'no' would be right as often, for 90.0% of the rows: try epochs=60, standardize=True, or "
        "another learning_rate"
    ]
    assert not any("always" in each for each in advice(model(), EASY, epochs=20))


@pytest.mark.parametrize("text, options, reason", [
    ("x,y\n" + "1e30,1\n1e29,2\n" * 20, {}, "x is as large as 1e+30; try standardize=True"),
    ("x,y\n" + "1,1e30\n2,1e30\n" * 20, {}, "the target is 1e+30 on average; try standardize_target=True"),
    ("x,y\n" + "1,1\n2,-2\n" * 20, {"learning_rate": 1e30, "optimizer": "sgd"},
     "the learning rate 1e+30 is too large; try learning_rate=0.01"),
    ("x,y\n" + "99,99\n-99,99\n" * 20, {"mixed_precision": "mixed_float16", "loss": "mean_squared_error", "scale": 1e6},
     "16-bit numbers overflow; try mixed_precision='mixed_bfloat16'"),
])  # fmt: skip
def test_the_likely_reason_of_a_loss_that_is_not_finite(text, options, reason):
    made = model(1, 1, "mse", None, hidden=[layers.Dense(1)])
    if scale := options.pop("scale", None):
        made.set_weights([weight * scale for weight in made.get_weights()])
    message = fails(netconv.train, made, source(text), target="y", **options)
    assert message.partition(", probably because ")[2] == reason
    assert message.startswith("the loss became ")


def test_advice_for_the_kidney_table_is_only_what_is_due():
    """Its net begins with a BatchNorm: its columns may differ in scale."""
    hidden = [layers.BatchNormalization(momentum=0.9), layers.Dense(20), layers.ReLU()]
    assert advice(model(24, hidden=hidden), KIDNEY, epochs=60) == []


def test_only_the_most_useful_advice_is_given():
    slow = {"optimizer": "sgd(learning_rate=1e-9)", "target": "y"}
    [found] = advice(values(), regression(scale=3000), epochs=1, **slow)
    assert found.startswith("features differ in scale")
    [found] = advice(values(), regression(target=lambda a: 9 - a), epochs=1, **slow)
    assert found.startswith("always predicting the mean would be as good")
    [found] = advice(values(), regression(target=lambda a: 9 - a), epochs=3, **slow)
    assert found.startswith("always predicting the mean would be as good (r2 -")
