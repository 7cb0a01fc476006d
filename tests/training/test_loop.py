"""Epochs: the order of rows, checkpoints, and resuming an interrupted training."""

import json

import keras
import numpy as np
import pytest
from models import fails, layers, model, separable, source

import netconv
from netconv.errors import FormatError
from netconv.training import batches, checkpoints, steps
from netconv.training.batches import TrainingData


class OnDisk:
    """An array whose rows are read by slices and by sorted indices, as those of a table larger than memory."""

    def __init__(self, array):
        self.array, self.shape, self.dtype = array, array.shape, array.dtype

    def __getitem__(self, rows):
        assert isinstance(rows, slice) or (np.diff(rows) >= 0).all()
        return self.array[rows]

    def __len__(self):
        return len(self.array)


def data(rows=1000, array=np.asarray):
    return TrainingData(
        (array(np.arange(rows, dtype=np.float32)[:, None]),), (np.arange(rows),), lambda targets: targets
    )


def test_the_order_of_an_epoch_follows_from_the_seed_and_its_number():
    first = batches.epoch_order(data(), 7, 0)
    assert sorted(first.tolist()) == list(range(1000))
    assert batches.epoch_order(data(), 7, 0).tolist() == first.tolist()
    assert batches.epoch_order(data(), 7, 1).tolist() != first.tolist() != batches.epoch_order(data(), 8, 0).tolist()


def test_rows_on_disk_are_shuffled_in_blocks(monkeypatch):
    monkeypatch.setattr(batches, "BLOCK_BYTES", 40)
    monkeypatch.setattr(batches, "WINDOW_BYTES", 400)
    order = batches.epoch_order(data(array=OnDisk), 7, 0)
    assert sorted(order.tolist()) == list(range(1000))
    window = order[:100]
    assert len({row // 10 for row in window.tolist()}) == 10
    assert np.abs(np.diff(window)).mean() > 50


def test_each_replica_has_its_share_of_every_batch():
    ends = batches.batch_bounds(10, 4)
    assert ends.tolist() == [0, 4, 8, 10]
    shares = [batches.replica_share(data(10), np.arange(10), ends, replica, 3) for replica in range(3)]
    assert [share.targets[0].tolist() for share in shares] == [[0, 1, 4, 5, 8, 9], [2, 6, 8, 9], [3, 7, 8, 9]]
    assert [share.bounds.tolist() for share in shares] == [[0, 2, 4, 6], [0, 1, 2, 4], [0, 1, 2, 4]]
    weights = np.zeros(10)
    for share in shares:
        for start, stop in zip(share.bounds, share.bounds[1:], strict=False):
            weights[share.targets[0][start:stop]] += share.weights[0][start:stop] / (stop - start) / 3
    assert weights == pytest.approx([1 / 4] * 8 + [1 / 2] * 2)  # the weight of each row in the mean of its batch


def test_a_training_may_have_any_number_of_groups(monkeypatch):
    monkeypatch.setattr(batches, "GROUP_BYTES", 1)  # each batch is a group
    made = netconv.train(net(), source(separable(1300)), batch_size=1, epochs=1, validation_split=0.0)
    assert len(made.history) == 1


def test_gpus_get_rows_of_the_type_that_the_net_takes(monkeypatch):
    """Training is the same with rows of bytes, which stay such on the CPU."""
    text = "a,b,class\n" + "".join(f"{n % 7},{n % 5},{int(n % 7 > 3)}\n" for n in range(100))
    on_cpu = netconv.train(net(), source(text), epochs=2, early_stopping=0)
    given, to_device = [], steps.Steps.to_device

    def spy(self, share_of):
        given.append(to_device(self, share_of))
        return given[-1]

    monkeypatch.setattr(steps.Steps, "to_device", spy)
    for devices, dtype in (([], "uint8"), (["a GPU"], "float32")):
        given.clear()
        monkeypatch.setattr("tensorflow.config.get_visible_devices", lambda _kind, found=devices: found)
        done = netconv.train(net(), source(text), epochs=2, early_stopping=0)
        assert {group[0][0].dtype.name for group in given} == {dtype}
        assert done.history == on_cpu.history


def test_batches_are_even_unless_they_must_be_full():
    assert batches.batch_bounds(1025, 1024, even=True).tolist() == [0, 512, 1025]


HARD = separable(80) + "0.5,1,no\n-0.5,1,yes\n" * 12
OPTIONS = {"epochs": 6, "batch_size": 16, "seed": 3, "reduce_on_plateau": (1, 0.5), "class_weight": "balanced"}


def net():
    keras.utils.set_random_seed(2)
    return model(hidden=[layers.Dense(4, activation="relu"), layers.Dropout(0.3), layers.BatchNormalization()])


def variables(trained):
    made = trained.loaded.model
    return [keras.ops.convert_to_numpy(v) for v in [*made.variables, *made.optimizer.variables]]


def same(one, two):
    for left, right in zip(variables(one), variables(two), strict=True):
        np.testing.assert_array_equal(left, right)
    assert one.history == two.history


def test_a_resumed_training_has_the_weights_of_an_uninterrupted_one(tmp_path):
    """Everything that weights depend on: order of rows, dropout, statistics, slots, learning rate, the best epoch."""
    whole = netconv.train(net(), source(HARD), **OPTIONS)
    seen = []
    interrupted = netconv.train(
        net(), source(HARD), checkpoint=tmp_path, progress=seen.append, stop=lambda: seen[-1].epoch == 3, **OPTIONS
    )
    assert interrupted.stopped and len(interrupted.history) == 3 and "3, the best " in interrupted.text
    assert "stopped in the last one" in interrupted.text
    notes = []
    resumed = netconv.train(net(), source(HARD), checkpoint=tmp_path, resume=True, notify=notes.append, **OPTIONS)
    assert f"continuing after epoch 2, from {tmp_path / 'checkpoint.npz'}" in notes
    same(whole, resumed)
    assert not resumed.stopped
    rates = [metrics["learning_rate"] for metrics in whole.history]
    assert rates[0] == pytest.approx(0.05) and min(rates) < 0.05

    again = netconv.train(net(), source(HARD), checkpoint=tmp_path, resume=True, **OPTIONS)
    assert again.history == whole.history  # it is complete, so nothing is trained

    path = tmp_path / "checkpoint.npz"
    message = fails(netconv.train, net(), source(HARD), checkpoint=tmp_path, resume=True, **OPTIONS | {"seed": 4})
    assert message == (
        f"{path}: its training had seed 3, and this one has 4; leave resume=True out to start from the beginning"
    )
    other = OPTIONS | {"optimizer": "adam", "learning_rate": 0.5}
    message = fails(netconv.train, net(), source(HARD), checkpoint=tmp_path, resume=True, **other)
    assert message == (
        f"{path}: its training had optimizer's learning_rate 0.05000000074505806, and this one has 0.5; leave "
        "resume=True out to start from the beginning"
    )
    path.write_bytes(path.read_bytes()[:-100])
    call = {"checkpoint": tmp_path, "resume": True, **OPTIONS}
    message = fails(netconv.train, net(), source(HARD), kind=FormatError, **call)
    assert message == f"{path}: is damaged, or not a checkpoint of this model"


def test_a_compiled_optimizer_gives_the_same_weights(monkeypatch):
    plain = netconv.train(net(), source(HARD), schedule="cosine", epochs=2)
    monkeypatch.setattr(steps, "COMPILED_FROM", 0)
    compiled = netconv.train(net(), source(HARD), schedule="cosine", epochs=2)
    for one, two in zip(variables(plain), variables(compiled), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-6)


def test_there_may_be_no_checkpoint_yet(tmp_path):
    notes = []
    netconv.train(net(), source(HARD), checkpoint=tmp_path, resume=True, epochs=1, notify=notes.append)
    assert f"no checkpoint in {tmp_path} yet: training starts" in notes
    assert fails(netconv.train, net(), source(HARD), resume=True) == (
        "resume=True needs checkpoint=, which names the folder"
    )


def test_a_checkpoint_is_read_as_data(tmp_path):
    path = tmp_path / "checkpoint.npz"
    np.savez(path, facts=np.array([object()]))
    message = fails(checkpoints.read, tmp_path, [], [], {}, "loss", kind=FormatError)
    assert message == f"{path}: is damaged, or not a checkpoint of this model"


def test_schedule_and_plateau_exclude_each_other():
    message = fails(netconv.train, net(), source(HARD), schedule="cosine", reduce_on_plateau=(1, 0.5))
    assert message == "schedule= and reduce_on_plateau= would both set the learning rate: choose one"


def test_frozen_layers_are_not_trained():
    made = net()
    before = made.get_weights()
    notes = []
    names = [layer.name for layer in made.layers if layer.weights]
    options = {"epochs": 4, "reduce_on_plateau": (1, 0.5), "early_stopping": 0}
    done = netconv.train(made, source(HARD), freeze=(names[0], "batch*"), notify=notes.append, **options)
    optimizer = done.loaded.model.optimizer
    assert float(optimizer.learning_rate) <= done.history[-1]["learning_rate"]
    assert [variable.name for variable in optimizer.variables] == ["iteration", "learning_rate"]
    changed = [bool((a != b).any()) for a, b in zip(before, done.loaded.model.get_weights(), strict=True)]
    assert changed == [False] * 6 + [True, True]
    assert f"frozen: {names[0]}, {names[1]} (28 parameters)" in notes
    assert all(layer.trainable for layer in made.layers)
    message = fails(netconv.train, made, source(HARD), freeze=("conv*",))
    assert message == f"no layer with weights is called 'conv*'; there are {', '.join(names)}"
    message = fails(netconv.train, made, source(HARD), freeze=("*",))
    assert message == "nothing is left to train: all layers with weights are frozen, or there are none"


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_keeps_weights_in_float32(policy):
    def trained(**options):
        keras.utils.set_random_seed(2)
        entry = keras.Input((2,))
        twice = layers.Dense(2)  # which is one layer of a copy, too
        inside = keras.ops.maximum(twice(twice(entry)), 0.1)  # an op is not a layer
        made = keras.Model(entry, layers.Dense(2, activation="softmax")(inside))
        made.compile(keras.optimizers.Adam(0.05), "sparse_categorical_crossentropy")
        return netconv.train(made, source(separable(80)), epochs=8, **options)

    done, full = trained(mixed_precision=policy), trained()
    made = done.loaded.model
    assert {str(v.dtype) for v in made.weights} == {"float32"} and made.layers[1].dtype_policy.name == "float32"
    assert type(made.optimizer).__name__ == "Adam"
    losses, exact = ([metrics["loss"] for metrics in one.history] for one in (done, full))
    assert losses == pytest.approx(exact, abs=0.02) and losses != exact


@pytest.mark.parametrize(
    "error, replicas, message",
    [
        ("ResourceExhaustedError", 1, "not enough memory for batches of 32: try a smaller batch_size"),
        ("UnavailableError", 2,
         "training was interrupted, as another worker has ended; start all of them again, with resume=True if there "
         "are checkpoints"),
    ],
)  # fmt: skip
def test_errors_of_tensorflow(monkeypatch, error, replicas, message):
    import tensorflow as tf

    def train(self, *_):
        self.replicas = replicas
        raise getattr(tf.errors, error)(None, None, "long")

    monkeypatch.setattr(steps.Steps, "train", train)
    assert fails(netconv.train, net(), source(HARD), epochs=1) == message


def test_metrics_for_tensorboard(tmp_path):
    import tensorflow as tf

    done = netconv.train(net(), source(HARD), epochs=2, tensorboard=tmp_path)
    found = {}
    for kind in ("train", "validation"):
        [file] = (tmp_path / kind).iterdir()
        for record in tf.data.TFRecordDataset(str(file)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                found[kind, value.tag, event.step] = float(tf.make_ndarray(value.tensor))
    assert found["train", "epoch_loss", 0] == pytest.approx(done.history[0]["loss"])
    assert found["validation", "epoch_accuracy", 1] == pytest.approx(done.history[1]["val_accuracy"])


def test_metrics_and_losses_with_options():
    done = netconv.train(
        net(), source(HARD), epochs=1, loss="CategoricalCrossentropy(label_smoothing=0.1)",
        metrics=("TopKCategoricalAccuracy(k=1)", "accuracy"),
    )  # fmt: skip
    assert list(done.history[0])[:4] == ["epoch", "loss", "top_k_categorical_accuracy", "accuracy"]
    assert done.loaded.model.loss.label_smoothing == 0.1
    message = fails(netconv.train, net(), source(HARD), metrics=("nope",))
    assert message == "Keras has no metric called 'nope'; it has accuracy, top_k_categorical_accuracy and others"
    message = fails(netconv.train, net(), source(HARD), metrics=("acuracy",))
    assert message == "Keras has no metric called 'acuracy'; did you mean 'accuracy'?"
    message = fails(netconv.train, net(), source(HARD), metrics=("IoU",))
    assert message == "IoU requires num_classes, as in IoU(num_classes=...)"
    message = fails(netconv.train, net(), source(HARD), metrics=("F1Score",))
    assert message == (
        "the metric f1_score has several values, one for each class: choose how they are averaged, as in "
        "F1Score(average='macro')"
    )
    message = fails(netconv.train, net(), source(HARD), metrics=("MeanIoU(num_classes=2)",))
    assert message.startswith("the loss or a metric does not fit the output of the net: Incompatible shapes: [")


def test_the_history_is_plain_numbers(tmp_path):
    done = netconv.train(net(), source(HARD), epochs=1)
    assert json.loads(json.dumps(done.history)) == list(done.history)
    done.save_history(tmp_path / "h.csv")
