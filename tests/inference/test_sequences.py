"""Sequences of any length in training, evaluation and prediction: rows of one length are computed together, and give
what each gives alone."""

import io
from itertools import pairwise

import keras
import numpy as np
import pandas as pd
import pytest
from models import fails
from sequences import BAD, GOOD, layers, pooling, recurrent, sentences, table

import netconv
from netconv.inference.loading import open_model
from netconv.training.batches import TrainingData, epoch_batches, replica_share, validation_batches


def csv(text):
    return io.BytesIO(text.encode())


@pytest.fixture(scope="module")
def trained():
    """An LSTM of any length that was trained on sentences."""
    lines: list[str] = []
    model = recurrent()
    result = netconv.train(model, csv(table(sentences())), epochs=12, early_stopping=0, notify=lines.append)
    return result, lines


def one_by_one(result, texts):
    """What the model gives for each text alone, by the vocabulary that it was saved with."""
    form = result.encoding.features[0].sequence
    ids = dict(zip(form.vocabulary, form.codes, strict=True))
    rows = [np.array([[ids.get(word, form.unknown) for word in text.split()]]) for text in texts]
    return np.concatenate([result.model.predict(row, verbose=0) for row in rows])


def test_training_on_texts_of_any_length(trained):
    result, lines = trained
    assert result.evaluation.metrics["accuracy"] >= 0.95
    assert "vocabulary  text: the 20 words of the rows trained on (vocabulary={'text': 'FILE'} gives others)" in lines
    assert "sequences   text: 200 rows of 3 to 8 words" in lines
    form = result.encoding.features[0].sequence
    assert form.length is None and set(GOOD + BAD) <= set(form.vocabulary)


def test_predictions_are_those_of_each_row_alone_in_order(trained):
    result, _ = trained
    texts = [text for text, _ in sentences(40, seed=1, most=12)]
    lines: list[str] = []
    found = netconv.predict(result, pd.DataFrame({"text": texts}), notify=lines.append).to_numpy()
    np.testing.assert_allclose(found, one_by_one(result, texts), atol=1e-6)
    assert lines[-1] == "sequences   text: 40 rows of 3 to 12 words"


def test_evaluation_is_that_of_each_row_alone(trained):
    result, _ = trained
    rows = sentences(60, seed=2)
    chances = one_by_one(result, [text for text, _ in rows])
    true = np.array([label == "good" for _, label in rows]).astype(int)
    evaluation = netconv.evaluate(result, csv(table(rows)))
    assert evaluation.metrics["accuracy"] == np.mean(chances.argmax(axis=1) == true)
    assert evaluation.metrics["loss"] == pytest.approx(-np.log(chances[np.arange(60), true]).mean(), rel=1e-4)


def test_the_same_seed_gives_the_same_weights_also_resumed(tmp_path):
    data, options = table(sentences(60)), {"seed": 3, "early_stopping": 0}
    whole = netconv.train(recurrent(units=4), csv(data), epochs=3, **options)
    for epochs in (2, 3):
        part = netconv.train(recurrent(units=4), csv(data), epochs=epochs, checkpoint=tmp_path, resume=True, **options)
    for one, other in zip(whole.model.get_weights(), part.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    evaluated: list[str] = []
    netconv.evaluate(whole, csv(data), held_out=True, notify=evaluated.append)
    assert "held out    12 rows; the model was trained on the other 48" in evaluated


def test_rows_on_disk_are_trained_on_as_those_in_memory(monkeypatch):
    data = table(sentences(60))
    one = netconv.train(pooling(), csv(data), epochs=1)
    monkeypatch.setattr("netconv.tables.disk_buffer.MEMORY", 64)
    lines: list[str] = []
    other = netconv.train(pooling(), csv(data), epochs=1, notify=lines.append)
    assert any("kept on disk" in line for line in lines)
    np.testing.assert_allclose(
        *(each.evaluation.metrics["loss"] for each in (one, other)), rtol=0.2
    )  # the order of the rows is another
    assert netconv.evaluate(one, csv(data)).metrics == netconv.evaluate(one, csv(data)).metrics


def test_batches_have_one_length_and_all_rows():
    lengths = np.array([[3], [2], [3], [3], [2], [5], [3]], np.int32)
    x = np.arange(7)[:, None] * np.ones((7, 5))
    data = TrainingData((x,), (np.arange(7),), lambda targets: targets, None, lengths)
    order, ends = epoch_batches(data, 2, 0, 1)
    assert sorted(order.tolist()) == list(range(7)) and ends[0] == 0 and ends[-1] == 7
    batches = [order[start:stop] for start, stop in pairwise(ends.tolist())]
    assert sorted(map(len, batches)) == [1, 2, 2, 2]
    assert all(len({int(lengths[row, 0]) for row in batch}) == 1 for batch in batches)
    for batch in batches:
        group = replica_share(data, batch, np.array([0, len(batch)]), 0, 1)
        assert group.inputs[0].shape == (len(batch), lengths[batch[0], 0])
    assert epoch_batches(data, 2, 0, 2)[0].tolist() != order.tolist()
    rows, ends = validation_batches(data, 100)
    assert rows.tolist() == [1, 4, 0, 2, 3, 6, 5] and ends.tolist() == [0, 2, 6, 7]


def test_two_inputs_of_any_length():
    one, other = keras.Input((None,), name="question"), keras.Input((None,), name="answer")
    embedding = layers.Embedding(20, 4)
    joined = layers.concatenate([layers.GlobalMaxPooling1D()(embedding(each)) for each in (one, other)])
    model = keras.Model([one, other], layers.Dense(2, activation="softmax")(joined))
    rows = ["1 2 3,4,a", "5,6 7,b", "8 9,1 2,a", "3 4 5,7,b", "6,1 2,a", "2 2 2,9,b"] * 4
    data = "question,answer,label\n" + "\n".join(rows) + "\n"
    result = netconv.train(model, csv(data), epochs=2)
    assert result.encoding.inputs == {"question": 1, "answer": 1}
    found = netconv.predict(result, csv(data)).to_numpy()
    expected = [
        result.model.predict([np.array([list(map(int, cell.split()))]) for cell in row.split(",")[:2]], verbose=0)
        for row in rows
    ]
    np.testing.assert_allclose(found, np.concatenate(expected), atol=1e-6)


def test_a_series_of_numbers_in_one_cell():
    entry = keras.Input((None, 2))
    model = keras.Model(entry, layers.Dense(1)(layers.SimpleRNN(3)(entry)))
    generator = np.random.default_rng(0)
    rows = [generator.normal(size=(2 + number % 3, 2)).round(2) for number in range(24)]
    cells = ["[" + ", ".join(map(str, row.ravel().tolist())) + "]" for row in rows]
    frame = pd.DataFrame({"series": cells, "y": range(24)})
    result = netconv.train(model, frame, epochs=1, rescale=(0.5, 0))
    found = netconv.predict(result, frame).to_numpy()
    expected = np.concatenate([result.model.predict(row[None], verbose=0) for row in rows])
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert any(layer.name == "scale_inputs" for layer in result.model.layers)
    lists = frame.assign(series=[row.ravel().tolist() for row in rows])
    np.testing.assert_allclose(netconv.predict(result, lists).to_numpy(), found, atol=1e-6)


def test_an_untrained_model_takes_lists_that_look_like_numbers():
    model = pooling(ids=400)
    data = "ids,label\n" + "".join(f"{n} {100 + n},a\n" for n in range(1, 4))
    expected = model.predict(np.array([[n, 100 + n] for n in range(1, 4)]), verbose=0)
    np.testing.assert_allclose(netconv.predict(model, csv(data)).to_numpy(), expected, atol=1e-6)


def test_bad_rows_of_a_stream(trained):
    result, _ = trained
    data = 'text\nthe good film\n""\nbad\n!\n'
    found = netconv.predict(result, csv(data), errors="null")
    lines: list[str] = []
    found = netconv.predict(result, csv(data), errors="null", notify=lines.append).to_numpy()
    assert np.isnan(found).any(axis=1).tolist() == [False, True, False, True]
    assert lines[-1] == (
        "warning: 2 bad rows without a prediction; the first: the stream, line 3, column 'text': is a missing cell, "
        "and the net takes a sequence"
    )
    with pytest.raises(netconv.DataError) as caught:
        netconv.predict(result, csv("text\n!\n"))
    assert str(caught.value) == (
        "the stream, line 2, column 'text': is a cell without a token; errors='skip' or null continues"
    )


def test_bad_rows_are_left_out_of_a_training():
    lines: list[str] = []
    data = table([*sentences(30), ("!", "good"), ("?!", "bad")])
    result = netconv.train(pooling(), csv(data), epochs=1, errors="skip", notify=lines.append)
    assert result.rows + result.validation_rows == 30 and result.left_out == {"without a sequence": 2}
    assert (
        "warning: 2 bad rows left out; the first: the stream, line 32, column 'text': is a cell without a token"
        in lines
    )
    assert fails(netconv.train, pooling(), csv(data), epochs=1) == (
        "the stream, line 32, column 'text': is a cell without a token; errors='skip' leaves such rows out"
    )


def test_outputs_with_a_step_for_each_token():
    entry = keras.Input((None,))
    model = keras.Model(entry, layers.Embedding(9, 1)(entry))
    frame = pd.DataFrame({"ids": ["1 2", "3 4"]})
    assert netconv.predict(model, frame).to_numpy().shape == (2, 2)
    frame = pd.DataFrame({"ids": ["1 2", "3 4 5"]})
    with pytest.raises(netconv.DataError) as caught:
        netconv.predict(model, frame).to_numpy()
    assert str(caught.value) == (
        "the net outputs 2 values for one row and 3 for another, as their sequences have different lengths, and "
        "predictions are a table: give it sequences of one length"
    )


def test_a_vocabulary_is_that_of_the_training(trained, tmp_path):
    result, _ = trained
    (tmp_path / "v.txt").write_text("a\n")
    assert fails(netconv.evaluate, result, csv("text,label\na b,good\n"), vocabulary=tmp_path / "v.txt") == (
        "a trained model reads a table as in training: leave vocabulary= out"
    )
    assert fails(netconv.evaluate, pooling(), csv(table(sentences(5)))) == (
        "the stream, column 'text': has words, and the net takes their ids: name the file of the vocabulary, whose "
        "first line is the word with the id 0, with vocabulary={'text': 'FILE'}"
    )


def test_a_converted_net_with_weights_has_a_vocabulary_already(tmp_path):
    result = netconv.train(pooling(), csv(table(sentences(20))), epochs=1)
    result.save(tmp_path / "t.keras")
    loaded = open_model(tmp_path / "t.keras")
    assert not loaded.may_have_vocabulary
    again = netconv.train(loaded, csv(table(sentences(20))), epochs=1)
    assert again.encoding == result.encoding
    assert fails(netconv.train, loaded, csv(table(sentences(20))), epochs=1, columns="text").startswith(
        "the stream, column 'text': has words, and the net takes their ids"
    )
