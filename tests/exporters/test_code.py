"""Code that is written for a model builds the same model again."""

import ast
import runpy
import shutil
import subprocess

import keras
import numpy as np
import pytest
from models import fails

import netconv
from netconv.exporters import code_files
from netconv.exporters.dialects import Array, Call, Identifiers, Item, Python, R, Variable
from netconv.exporters.line_wrapping import wrapped
from netconv.exporters.operation_calls import constant
from netconv.exporters.targets import export
from netconv.inference.loading import open_model

layers, ops = keras.layers, keras.ops
HOSTILE = "x\")\nraise SystemExit('bad')\n#{}`$\u202e\\"


def perceptron():
    model = keras.Sequential(
        [keras.Input((4,), name="x"), layers.Dense(5, "tanh", kernel_regularizer=keras.regularizers.L2(0.25)),
         layers.Dropout(0.5, name="drop"), layers.Dense(3, "softmax", name="kind", trainable=False)], name="net",
    )  # fmt: skip
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def convolutional():
    entry = keras.Input((8, 8, 3), name="image")
    x = layers.Conv2D(4, 3, strides=(2, 1), use_bias=False, name="first")(entry)
    x = layers.ReLU(name="ramp")(layers.BatchNormalization(momentum=0.9, name="norm")(x))
    x = layers.MaxPooling2D((2, 2), 1, padding="same", name="pool")(x)
    short = layers.Conv2D(4, 1, name="short")(x)
    x = layers.Add(name="sum")([short, layers.Conv2D(4, 3, padding="same", name="long")(x)])
    return keras.Model(entry, layers.Dense(3, name="scores")(layers.Flatten(name="flat")(x)), name="images")


def recurrent():
    series = keras.Input((6, 4), name="series")
    both = layers.Bidirectional(layers.LSTM(3, return_sequences=True), merge_mode="sum", name="both")(series)
    x, h, c = layers.LSTM(3, return_state=True, name="last")(both)
    again = layers.LSTM(3, name="again")(both, initial_state=[h, c])
    cells = layers.RNN([layers.GRUCell(3), layers.LSTMCell(2)], name="cells")(both)
    return keras.Model(series, layers.Concatenate(name="all")([x, again, cells]))


def masked():
    ids = keras.Input((5,), name="ids", dtype="int32")
    x = layers.LSTM(3, name="lstm")(layers.Embedding(9, 4, mask_zero=True, name="words")(ids))
    return keras.Model(ids, x)


def shared():
    one, other = keras.Input((3,), name="one"), keras.Input((3,), name="other")
    dense = layers.Dense(2, name="both")
    return keras.Model([one, other], layers.Subtract(name="difference")([dense(one), dense(other)]))


def two_ended():
    one, other = keras.Input((3,), name="b-side"), keras.Input((2,), name="a")
    both = layers.Concatenate()([one, other])
    heads = {"kind": layers.Dense(2, "softmax", name="kind")(both), "price": layers.Dense(3, name="price")(both)}
    model = keras.Model({"b-side": one, "a": other}, heads)
    losses = {"kind": "sparse_categorical_crossentropy", "price": keras.losses.Huber(0.5)}
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 100, 0.5)
    model.compile(keras.optimizers.Adam(schedule), losses, loss_weights={"kind": 1.0, "price": 0.5})
    return model


def nested():
    """A block that is called twice, another of the same layers, and a model in a layer."""

    def block(name):
        entry = keras.Input((4,), name="into")
        return keras.Model(entry, layers.Dense(4, name="out")(layers.Dense(4, "relu", name="in")(entry)), name=name)

    entry = keras.Input((4,), name="x")
    one = block("one")
    x = layers.Reshape((2, 2))(block("two")(one(one(entry))))
    inner = keras.Sequential([layers.Dense(3, "tanh"), layers.Dense(2)], name="inner")
    return keras.Model(entry, layers.TimeDistributed(inner, name="steps")(x), name="nested")


def operations():
    entry = keras.Input((4, 6), name=HOSTILE)
    x = ops.where(ops.isnan(entry), np.array([[[0.1] * 6]], "float32"), entry)
    left, right = ops.split(x, 2, axis=-1)
    x = ops.einsum("bij,bkj->bik", left, right) + 1.5
    x = ops.stack([x[:, 0], x[:, -1], ops.max(x, axis=1), ops.clip(x[:, 1], -1.0, np.inf)], axis=1)
    x = ops.concatenate(
        [ops.transpose(x, (0, 2, 1))[..., ::2], ops.pad(x, ((0, 0), (0, 0), (0, 1)))[:, :, 1:3]], axis=2
    )
    return keras.Model(entry, layers.Dense(2, name="out")(2.0 - x * np.float32(0.1)))


def parts():
    """Parts of tensors, ranges, and calls that are too long for a line."""
    entry = keras.Input((6, 4), name="data")
    x = ops.subtract(entry[:, ::2, ::2], np.arange(0, -6, -1, "float32").reshape(3, 2))
    x = layers.ReLU(name="even")(x) + ops.max(entry[0, 0][1:,])
    x = ops.subtract(ops.cast(x[:, 0, :1], "int32"), np.arange(0, -10000, -2, "int32"))
    x = ops.reshape(ops.mean(ops.cast(x, "float32"), axis=1), (-1, 1, 1))
    x = ops.multiply(x, np.array([0.5, 1.5, -2.0, 7.25] * 3, "float32"))
    x = layers.Dense(2, use_bias=False, trainable=False, name="sums_with_other_weights")(x)
    return keras.Model(entry, x, name="parts")


def half():
    entry = keras.Input((4,), name="x", batch_size=2)
    x = layers.Dense(3, activation=keras.activations.leaky_relu, dtype="mixed_float16", name="half")(entry)
    x = layers.Normalization(-1, [3.0, -2.0, 0.5], [4.0, 0.25, 1.0], name="scale")(x)
    return keras.Model(entry, layers.Activation(layers.LeakyReLU(0.25), name="leaky")(x))


SAME = "the {} code was run: the same as the Keras model to the last bit, on drawn inputs, in batches of 1, 2 and 5"


def hostile():
    entry = keras.Input((4,), name=HOSTILE)
    x = layers.Dense(2, name="import")(layers.Dense(3, name="build_net")(entry))
    return keras.Model(entry, layers.Dense(2, name="'; quit()")(x), name='"""\nraise')


MODELS = {
    made.__name__: made
    for made in (
        perceptron,
        convolutional,
        recurrent,
        masked,
        shared,
        two_ended,
        nested,
        operations,
        parts,
        half,
        hostile,
    )
}


def compiled(model):
    """How a model is compiled, without the name of the optimizer, which Keras numbers."""
    config = model.get_compile_config()
    return {**config, "optimizer": {**config["optimizer"]["config"], "name": ""}} if config else {}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The path of a model, saved once by Keras itself."""
    paths = {}

    def of(name):
        if name not in paths:
            keras.utils.set_random_seed(1)
            paths[name] = tmp_path_factory.mktemp(name) / "net.keras"
            model = MODELS[name]()
            if model.compiled:
                model.optimizer.build(model.trainable_variables)
            model.save(paths[name])
        return paths[name]

    return of


def values(model, seed=3):
    """What a model computes of drawn inputs."""
    generator = np.random.default_rng(seed)
    shapes = [(tensor.shape[0] or 2, *tensor.shape[1:]) for tensor in model.inputs]
    drawn = [ops.convert_to_tensor((4 * generator.random(shape)).astype(tensor.dtype)) for shape, tensor in
             zip(shapes, model.inputs, strict=True)]  # fmt: skip
    packed = drawn[0] if len(drawn) == 1 else keras.tree.pack_sequence_as(model.input, drawn)
    found = model(packed, training=False)
    return [np.asarray(each) for each in keras.tree.flatten(found)]


@pytest.mark.parametrize("name", MODELS)
def test_the_code_makes_the_same_model(saved, name):
    path = saved(name)
    text = code_files.code_text(open_model(path), "python")
    (path.parent / "net.py").write_text(text, "utf-8")
    made, model = runpy.run_path(str(path.parent / "net.py"))["model"], keras.saving.load_model(path)
    for one, other in zip(values(model), values(made), strict=True):
        assert one.dtype == other.dtype and one.tobytes() == other.tobytes()
    if not isinstance(model, keras.Sequential):
        structures = [keras.tree.map_structure(lambda each: each.shape, each.output) for each in (model, made)]
        assert structures[0] == structures[1]
    assert [layer.name for layer in made.layers] == [layer.name for layer in model.layers]
    assert [each.shape for each in made.trainable_variables] == [each.shape for each in model.trainable_variables]
    assert compiled(made) == compiled(model)
    assert len(made.losses) == len(model.losses)


def functions(path):
    """The lines of the functions in the Python code of a model."""
    text = code_files.code_text(open_model(path), "python")
    return text[text.index("def ") : text.index("\n\n\nmodel")].splitlines()


def test_how_it_reads(saved):
    assert functions(saved("convolutional")) == [
        "def build_images(name):",
        '    image = keras.Input((8, 8, 3), name="image")  # (None, 8, 8, 3)',
        '    x = layers.Conv2D(4, 3, strides=(2, 1), use_bias=False, name="first")(image)  # (None, 3, 6, 4)',
        '    x = layers.BatchNormalization(momentum=0.9, name="norm")(x)  # (None, 3, 6, 4)',
        '    x = layers.ReLU(name="ramp")(x)  # (None, 3, 6, 4)',
        '    pool = layers.MaxPooling2D(strides=1, padding="same", name="pool")(x)  # (None, 3, 6, 4)',
        '    short = layers.Conv2D(4, 1, name="short")(pool)  # (None, 3, 6, 4)',
        '    x = layers.Conv2D(4, 3, padding="same", name="long")(pool)  # (None, 3, 6, 4)',
        '    x = layers.Add(name="sum")([short, x])  # (None, 3, 6, 4)',
        '    x = layers.Flatten(name="flat")(x)  # (None, 72)',
        '    scores = layers.Dense(3, name="scores")(x)  # (None, 3)',
        "    return keras.Model(image, scores, name=name)",
    ]
    text = code_files.code_text(open_model(saved("nested")), "r")
    assert text[text.index("build_one") : text.index("build_inner <-")].rstrip().splitlines() == [
        "build_one <- function(name) {",
        '  into <- keras$Input(tuple(4L), name = "into")  # (None, 4)',
        '  x <- layers$Dense(4L, activation = "relu", name = "in")(into)  # (None, 4)',
        '  out <- layers$Dense(4L, name = "out")(x)  # (None, 4)',
        "  keras$Model(into, out, name = name)",
        "}",
    ]
    assert '  one <- build_one("one")' in text and '  x <- build_one("two")(x)' in text


def test_parts_ranges_and_long_lines(saved):
    assert functions(saved("parts")) == [
        "def build_parts(name):",
        '    data = keras.Input((6, 4), name="data")  # (None, 6, 4)',
        "    x = data[:, ::2, ::2]  # (None, 3, 2)",
        '    x = ops.subtract(x, np.arange(0, -6, -1, dtype="float32").reshape(3, 2))  # (None, 3, 2)',
        '    even = layers.ReLU(name="even")(x)  # (None, 3, 2)',
        "    x = data[0, 0]  # (4,)",
        "    x = x[1:,]  # (3,)",
        "    x = ops.max(x)  # ()",
        "    x = ops.add(even, x)  # (None, 3, 2)",
        "    x = x[:, 0, :1]  # (None, 1)",
        '    x = ops.cast(x, dtype="int32")  # (None, 1)',
        '    x = ops.subtract(x, np.arange(0, -10000, -2, dtype="int32"))  # (None, 5000)',
        '    x = ops.cast(x, dtype="float32")  # (None, 5000)',
        "    x = ops.mean(x, axis=1)  # (None,)",
        "    x = ops.reshape(x, newshape=[-1, 1, 1])  # (None, 1, 1)",
        "    x = ops.multiply(",
        '        x, np.array([0.5, 1.5, -2.0, 7.25, 0.5, 1.5, -2.0, 7.25, 0.5, 1.5, -2.0, 7.25], "float32")',
        "    )  # (None, 1, 12)",
        "    sums_with_other_weights = layers.Dense(",
        '        2, use_bias=False, trainable=False, name="sums_with_other_weights"',
        "    )(x)  # (None, 1, 2)",
        "    return keras.Model(data, sums_with_other_weights, name=name)",
    ]
    text = code_files.code_text(open_model(saved("parts")), "r")
    assert "  x <- data$`__getitem__`(tuple(slice(NULL), slice(NULL, NULL, 2L), slice(NULL, NULL, 2L)))  # (" in text
    assert text[text.index("  sums_with_other_weights <-") :].splitlines()[:3] == [
        "  sums_with_other_weights <- layers$Dense(",
        '    2L, use_bias = FALSE, trainable = FALSE, name = "sums_with_other_weights"',
        "  )(x)  # (None, 1, 2)",
    ]


def test_names_stay_data(saved):
    tree = ast.parse(code_files.code_text(open_model(saved("hostile")), "python"))
    assert not any(isinstance(each, ast.Raise) for each in ast.walk(tree))
    assert HOSTILE in {each.value for each in ast.walk(tree) if isinstance(each, ast.Constant)}
    code = code_files.code_text(open_model(saved("hostile")), "r")
    assert 'name = "x\\")\\U0000000araise SystemExit(\'bad\')\\U0000000a#{}`$\\U0000202e\\\\"' in code


EXPRESSIONS = [
    (Call("layers.Dense", (3, (1,)), {"use_bias": False}), "layers.Dense(3, (1,), use_bias=False)",
     "layers$Dense(3L, tuple(1L), use_bias = FALSE)"),
    (Call("ops.repeat", (Variable("x"), 2)), "ops.repeat(x, 2)", "ops$`repeat`(x, 2L)"),
    (Item(Variable("x"), (slice(None), 2, Ellipsis, slice(1, None, 2))), "x[:, 2, ..., 1::2]",
     "x$`__getitem__`(tuple(slice(NULL), 2L, ellipsis, slice(1L, NULL, 2L)))"),
    (Item(Variable("x"), (slice(1, 3),)), "x[1:3,]", "x$`__getitem__`(tuple(slice(1L, 3L)))"),
    (Item(Variable("x"), "a"), 'x["a"]', 'x$`__getitem__`("a")'),
    ({"a b": [1.5, float("inf")], "c": None}, '{"a b": [1.5, float("inf")], "c": None}',
     'dict("a b" = list(1.5, Inf), "c" = NULL)'),
    (Array([[1, 2]], (1, 2), "int32"), 'np.array([[1, 2]], "int32")',
     'np_array(array_reshape(c(1L, 2L), c(1, 2)), dtype = "int32")'),
    (Array(range(5), (5,), "int32"), 'np.arange(5, dtype="int32")',
     'np_array(array_reshape(0:4, c(5)), dtype = "int32")'),
    (Array(range(2, 8), (2, 3), "float32"), 'np.arange(2, 8, dtype="float32").reshape(2, 3)',
     'np_array(array_reshape(2:7, c(2, 3)), dtype = "float32")'),
    (Array(range(9, 0, -2), (5,), "int64"), 'np.arange(9, 0, -2, dtype="int64")',
     'np_array(array_reshape(seq(9L, 1L, by = -2L), c(5)), dtype = "int64")'),
    ([0.1, 1 / 3, 2**40], "[0.1, 0.3333333333333333, 1099511627776]",
     'list(0.1, 0x1.5555555555555p-2, int("1099511627776"))'),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "python", "r"), EXPRESSIONS)
def test_expressions(expression, python, r):
    assert (Python().text(expression), R().text(expression)) == (python, r)


@pytest.mark.parametrize(
    ("array", "values"),
    [
        (np.arange(0, -5000, -1, "int32"), range(0, -5000, -1)),
        (np.array([[1, 3, 5], [7, 9, 11]], "float32"), range(1, 13, 2)),
        (np.array([-0.0, 1, 2, 3, 4], "float32"), [-0.0, 1.0, 2.0, 3.0, 4.0]),
        (np.array([0, 0.5, 1, 1.5, 2], "float64"), [0.0, 0.5, 1.0, 1.5, 2.0]),
        (np.array([0, 1, 2, 3, 5], "int32"), [0, 1, 2, 3, 5]),
        (np.array([0, 1, 2, 3], "int32"), [0, 1, 2, 3]),
        (np.array([2] * 5, "int32"), [2] * 5),
        (np.array([4, 3, 2, 1, 0], "uint8"), [4, 3, 2, 1, 0]),
        (np.array([0, 1, 2, 3, np.inf], "float32"), [0.0, 1.0, 2.0, 3.0, np.inf]),
    ],
)
def test_ranges(array, values):
    assert constant(array) == Array(values, array.shape, str(array.dtype))


LINE = 'x = f(first(1, 2), [3, 4], name="a, (b # c")(x)  # (None, 3)'


@pytest.mark.parametrize(
    ("width", "lines"),
    [
        (len(LINE), [LINE]),
        (45, ["x = f(", '  first(1, 2), [3, 4], name="a, (b # c"', ")(x)  # (None, 3)"]),
        (30, ["x = f(", "  first(1, 2),", "  [3, 4],", '  name="a, (b # c",', ")(x)  # (None, 3)"]),
        (13, ["x = f(", "  first(", "    1, 2", "  ),", "  [3, 4],", '  name="a, (b # c",', ")(x)  # (None, 3)"]),
    ],
)
def test_long_lines(width, lines):
    assert wrapped(LINE, width, "  ", ",") == lines


def test_long_lists_of_numbers():
    assert wrapped("x <- c(1L, -2.5, TRUE, 1e-05)", 16, "  ", "") == ["x <- c(", "  1L, -2.5,", "  TRUE, 1e-05", ")"]


def test_many_results():
    names = ["first" * 10, "second" * 10]
    assert Python().unpacked(["h", "c"], "f(x)") == ["h, c = f(x)"]
    assert Python().wrapped(f"{Python().unpacked(names, 'f(x)')[0]}  # (None, 3)") == [
        "(", f"    {names[0]}, {names[1]}", ") = f(x)  # (None, 3)"
    ]  # fmt: skip


def test_identifiers():
    names = Identifiers(Python.reserved)
    assert [names.of(each) for each in ("a b", "a-b", "1", "import", "", "é")] == ["a_b", "a_b_1", "x1", "import_1",
                                                                                   "x", "x_1"]  # fmt: skip


def test_the_file_is_beside_the_model(saved, tmp_path):
    shutil.copy(saved("perceptron"), tmp_path / "net.keras")
    notes = []
    assert export(tmp_path / "net.keras", "python", notify=notes.append) == [tmp_path / "net.py"]
    assert notes == [SAME.format("Python")]
    assert (tmp_path / "net.py").read_text() == code_files.code_text(open_model(tmp_path / "net.keras"), "python")


def test_what_the_table_has(tmp_path):
    rows = "a,b,kind\n" + "1,x,no\n2,y,yes\n3,x,no\n0,y,yes\n" * 5
    (tmp_path / "t.csv").write_text(rows)
    keras.Sequential([keras.Input((2,)), layers.Dense(2, "softmax")]).save(tmp_path / "net.keras")
    netconv.train(tmp_path / "net.keras", tmp_path / "t.csv", epochs=1).save(tmp_path / "trained.keras")
    lines = code_files.code_text(open_model(tmp_path / "trained.keras"), "python").splitlines()
    start = next(number for number, line in enumerate(lines) if "trained on a table" in line)
    assert lines[start + 1 : start + 4] == [
        '#   "a"; "b" ("x", "y")',
        "# Targets, with the classes in their order:",
        '#   "kind" ("no", "yes")',
    ]
    assert lines[-2:] == ["# model.fit(x, y, batch_size=32, epochs=10, validation_split=0.2)",
                          '# model.save("fitted.keras")']  # fmt: skip


def test_bfloat16(tmp_path):
    parts = [keras.Input((4,), dtype="bfloat16"), layers.Dense(3, "relu", dtype="bfloat16")]
    keras.Sequential(parts).save(tmp_path / "net.keras")
    notes = []
    assert export(tmp_path / "net.keras", "python", None, notes.append) == [tmp_path / "net.py"]
    assert "the same as the Keras model to the last bit" in notes[0]


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        (lambda sample: [each + 1 for each in sample.outputs],
         "the Python code computes something else than the Keras model: output 'kind' differs by {} of its largest "
         "value; nothing was written"),
        (None, "the Python code cannot be run: ValueError: no; nothing was written"),
    ],
)  # fmt: skip
def test_code_that_is_wrong_is_not_left(saved, tmp_path, monkeypatch, outputs, message):
    path = saved("perceptron")
    if outputs:
        monkeypatch.setattr(code_files, "_run", lambda *given: [outputs(sample) for sample in given[-1]])
    else:
        monkeypatch.setattr(code_files, "code_text", lambda *_: "raise ValueError('no')\n")
    received = fails(export, path, "python", tmp_path / "net.py")
    figure = received.partition("differs by ")[2].partition(" ")[0]
    assert received == f"{path}: {message.format(figure)}" and not list(tmp_path.iterdir())


def test_a_folder_that_is_missing_is_noticed_first(saved, tmp_path, monkeypatch):
    monkeypatch.setattr(code_files, "code_text", None)
    with pytest.raises(FileNotFoundError, match=r"no/net\.py"):
        export(saved("shared"), "python", tmp_path / "no" / "net.py")


def test_elsewhere_and_without_r(saved, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    path, notes = saved("shared"), []
    export(path, "r", tmp_path / "net.R", notes.append)
    assert notes == [
        "the R code was not run: Rscript with the package reticulate, and a Python with Keras, are needed for it",
        f"{tmp_path / 'net.R'} reads net.keras in its own folder: copy {path} there",
    ]
    assert (tmp_path / "net.R").read_text().startswith("# The model as Keras code")


@keras.saving.register_keras_serializable("tests")
class Scale(layers.Layer):
    """A class that is not Keras's."""


def test_classes_that_are_not_keras_s_own(tmp_path):
    path = tmp_path / "net.keras"
    keras.Sequential([keras.Input((2,)), Scale(), layers.Dense(2)]).save(path)
    assert fails(export, path, "python").startswith(f"{path}: its config.json has ")
    message = (
        "the model: the code loads the weights from a .keras file, which this is not; write one first and export that"
    )
    assert fails(export, perceptron(), "r", tmp_path / "net.R") == message
    assert [each.name for each in tmp_path.iterdir()] == ["net.keras"]


def has_reticulate():
    program = shutil.which("Rscript")
    check = ["-e", 'quit(status = !nzchar(system.file(package = "reticulate")))']
    return program and subprocess.run([program, "--vanilla", *check], check=False, capture_output=True).returncode == 0


@pytest.mark.skipif(not has_reticulate(), reason="R has no reticulate here")
@pytest.mark.parametrize("name", ["operations", "parts"])
def test_r(saved, tmp_path, name):
    shutil.copy(saved(name), tmp_path / "net.keras")
    notes = []
    export(tmp_path / "net.keras", "r", notify=notes.append)
    assert notes == [SAME.format("R")]
