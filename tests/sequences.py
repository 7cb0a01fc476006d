"""Texts and models of sequences, for tests: small, and quick to train."""

import keras
import numpy as np
from wolfram_files import File, call, chain, class_decoder, classes, layer, linear, softmax, tensor

from netconv.frontends.wolfram.expressions import Symbol

GOOD, BAD = "good great fine lovely super".split(), "bad awful poor dull sad".split()
REST = "the a movie film it was and very story plot".split()
layers = keras.layers


def sentences(rows=200, seed=0, fewest=3, most=8):
    """Sentences, each with one word that decides its label, as (text, label)."""
    generator = np.random.default_rng(seed)
    made = []
    for _ in range(rows):
        kind = int(generator.integers(2))
        words = list(generator.choice(REST, int(generator.integers(fewest, most + 1))))
        words[int(generator.integers(len(words)))] = str(generator.choice((BAD, GOOD)[kind]))
        made.append((" ".join(words), ("bad", "good")[kind]))
    return made


def table(rows, header="text,label"):
    return f"{header}\n" + "".join(f'"{text}",{label}\n' for text, label in rows)


def pooling(length=None, ids=40, masked=False, outputs=2):
    """A classifier of the mean of embedded tokens."""
    keras.utils.set_random_seed(0)
    entry = keras.Input((length,), name="tokens")
    hidden = layers.GlobalAveragePooling1D()(layers.Embedding(ids, 4, mask_zero=masked)(entry))
    made = keras.Model(entry, layers.Dense(outputs, activation="softmax")(hidden))
    made.compile(keras.optimizers.Adam(0.05), "sparse_categorical_crossentropy")
    return made


def recurrent(length=None, ids=40, units=8):
    """A classifier of the last state of an LSTM."""
    keras.utils.set_random_seed(0)
    entry = keras.Input((length,), name="tokens")
    hidden = layers.LSTM(units)(layers.Embedding(ids, 8)(entry))
    made = keras.Model(entry, layers.Dense(2, activation="softmax")(hidden))
    made.compile(keras.optimizers.Adam(0.03), "sparse_categorical_crossentropy")
    return made


# Nets of Mathematica


def encoder(kind, parameters, length, count, onehot=False):
    """The type of an input with an encoder of texts."""
    made = tensor(length, count) if onehot else tensor(length, inner=classes(count))
    return call("NetEncoder", kind, {"TargetLength": length or Symbol("All"), **parameters}, made)


def tokens(*words, length=None, pattern=None, case="True", data=None):
    """A Tokens encoder."""
    held = call("ValidatedParameter", call("TokenEncodingData", 1, words if data is None else data, len(words)))
    split = call("ValidatedParameter", pattern or Symbol("WordBoundary"))
    parameters = {"Tokens": held, "SplitPattern": split, "IgnoreCase": Symbol(case)}
    return encoder("Tokens", parameters, length, len(words) + 1)


def characters(spec, count, length=None, onehot=False, case="False"):
    """A Characters encoder."""
    held = call("ValidatedParameter", call("CharacterEncodingData", 1, np.zeros(2), np.zeros(2), count, spec))
    parameters = {"Encoding": held, "IgnoreCase": Symbol(case), "$Padding": Symbol("Automatic")}
    return encoder("Characters", parameters, length, count, onehot)


def embedded(target, coder, count, length=None, width=3):
    """The file of a classifier of the mean of embedded tokens, which an encoder makes."""
    file = File()
    weights = {"Weights": file.array(count, width)}
    parameters = {"OutputDimension": width, "ClassCount": count}
    embedding = layer("Embedding", tensor(length, inner=classes(count)), tensor(length, width), parameters, weights)
    mean = layer("Aggregation", tensor(length, width), tensor(width), {"Function": Symbol("Mean"), "Levels": 1})
    decoder = class_decoder("bad", "good")
    net = chain(
        embedding, mean, linear(file, width, 2), softmax(2), inputs={"Input": coder}, outputs={"Output": decoder}
    )
    return file.write(target, net)
