"""Training, evaluation and prediction on image files, from Python."""

import re
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from models import fails
from nets import graph, null, op
from nets import write as write_net
from pictures import digits, turned, write, write_digits

import netconv
from netconv.inference import dataset
from netconv.tables import disk_buffer

layers = keras.layers
SMALL = (14, 14, 1)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, with 60 digits of three classes in folders."""
    monkeypatch.chdir(tmp_path)
    write_digits(tmp_path / "all", 200)
    (tmp_path / "photos").mkdir()
    for label in "012":
        (tmp_path / "all" / label).rename(tmp_path / "photos" / label)
    return tmp_path


def classifier(shape=SMALL, classes=3, first=()):
    keras.utils.set_random_seed(0)
    stack = [layers.Flatten(), layers.Dense(classes, activation="softmax")]
    model = keras.Sequential([keras.Input(shape), *first, *stack])
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    return model


def train(model, data, **options):
    """The result, and the messages."""
    lines = []
    result = netconv.train(model, data, epochs=options.pop("epochs", 1), notify=lines.append, **options)
    return result, lines


def trained(folder, model, data, **options):
    result, _ = train(model, data, **options)
    result.save(folder / "t.keras")
    return folder / "t.keras"


def image(lines):
    """The messages on images, each on one line."""
    joined = re.sub(r"\n {11,}", " ", "\n".join(lines)).splitlines()
    return [line for line in joined if line.startswith(("images", "scale", "  images"))]


def inputs(data, model, **options):
    """What a model gets: its input and the targets of the rows trained on, and the messages."""
    lines = []
    prepared = dataset.for_training(
        netconv.open_model(model), dataset.sources(str(data)), netconv.TableOptions(**options), loss=None,
        validation_data=None, validation_split=0, seed=0, notify=lines.append,
    )  # fmt: skip
    return prepared.training.inputs[0][:], prepared.training.targets[0], lines


@pytest.mark.usefixtures("folder")
def test_a_folder_is_trained_on_evaluated_and_predicted():
    result, lines = train(classifier(), "photos", epochs=10)
    assert image(lines) == [
        "  images    file: 14 x 14 pixels, grayscale",
        "scale       pixels of 0 to 255 become 0 to 1 (rescale=(1, 0) leaves them)",
        "images      60 of 28 x 28 pixels, grayscale; resized to 14 x 14",
    ]
    result.save("t.keras")
    lines.clear()
    evaluation = netconv.evaluate("t.keras", "photos", notify=lines.append)
    assert evaluation.metrics["accuracy"] == 1
    assert image(lines) == ["images      60 of 28 x 28 pixels, grayscale; resized to 14 x 14"]
    predictions = netconv.predict("t.keras", ["photos/1/1.png", "photos/2/2.png"])
    [block] = predictions.blocks
    assert block.kept["file"].to_pylist() == ["photos/1/1.png", "photos/2/2.png"]
    assert block.values.argmax(axis=1).tolist() == [1, 2]


@pytest.mark.usefixtures("folder")
def test_pixels_and_classes_are_those_of_the_files():
    labels, pixels = digits(200)
    x, y, _ = inputs("photos", classifier((28, 28, 1)))
    chosen = [n for label in range(3) for n in sorted(np.flatnonzero(labels == label).tolist(), key=str)]
    np.testing.assert_array_equal(x[:, :, :, 0], pixels[chosen])
    np.testing.assert_array_equal(y, labels[chosen])


@pytest.mark.parametrize("shape", [(28, 28), (784,), (1, 28, 28)])
@pytest.mark.usefixtures("folder")
def test_other_inputs_take_the_same_pixels(shape):
    expected, _, _ = inputs("photos", classifier((28, 28, 1)))
    np.testing.assert_array_equal(inputs("photos", classifier(shape))[0].ravel(), expected.ravel())


@pytest.mark.parametrize(
    ("options", "line", "scale"),
    [
        ({}, "pixels of 0 to 255 become 0 to 1 (rescale=(1, 0) leaves them)", (1 / 255, 0)),
        ({"rescale": (1 / 127.5, -1)}, "pixels of 0 to 255 become -1 to 1", (1 / 127.5, -1)),
        ({"rescale": (1, 0)}, "pixels are 0 to 255", None),
    ],
)
@pytest.mark.usefixtures("folder")
def test_a_layer_of_the_model_scales_the_pixels(options, line, scale):
    """So that Keras alone predicts the same of the pixels as they are."""
    result, lines = train(classifier(), "photos", **options)
    assert image(lines)[1] == f"scale       {line}"
    result.save("t.keras")
    model = keras.saving.load_model("t.keras")
    configs = {layer.name: layer.get_config() for layer in model.layers}
    assert configs.get("scale_inputs", {}).get("scale") == (scale and pytest.approx(scale[0]))
    assert configs.get("scale_inputs", {}).get("offset") == (scale and scale[1])
    pixels, _, _ = inputs("photos", "t.keras")
    assert pixels.max() > 200
    [block] = netconv.predict("t.keras", "photos").blocks
    np.testing.assert_allclose(model.predict(pixels, verbose=0), block.values, atol=1e-5)
    again, lines = train("t.keras", "photos")
    scalings = [layer.get_config()["scale"] for layer in again.loaded.model.layers if layer.name == "scale_inputs"]
    assert scalings == ([pytest.approx(scale[0])] if scale else [])


@pytest.mark.usefixtures("folder")
def test_a_model_that_rescales_gets_the_pixels():
    _, lines = train(classifier(first=[layers.Rescaling(1 / 255)]), "photos")
    assert image(lines)[1] == "scale       pixels are 0 to 255"


@pytest.mark.usefixtures("folder")
def test_a_model_that_was_not_trained_on_images_gets_0_to_1():
    model = classifier((28, 28, 1))
    pixels, _, _ = inputs("photos", model)
    lines = []
    [block] = netconv.predict(model, "photos", notify=lines.append).blocks
    np.testing.assert_allclose(block.values, model.predict(pixels / 255, verbose=0), atol=1e-5)
    assert "scale       pixels of 0 to 255 become 0 to 1" in lines
    [block] = netconv.predict(model, "photos", rescale=(1 / 127.5, -1)).blocks
    np.testing.assert_allclose(block.values, model.predict(pixels / 127.5 - 1, verbose=0), atol=1e-5)
    rescaled, plain = (netconv.evaluate(model, "photos", **options) for options in ({"rescale": (1 / 255, 0)}, {}))
    assert rescaled.metrics["loss"] == pytest.approx(plain.metrics["loss"], rel=1e-5)


@pytest.mark.usefixtures("folder")
def test_the_same_seed_gives_the_same_weights():
    first, second = (train(classifier(), "photos", epochs=2, seed=3)[0].loaded.model.get_weights() for _ in range(2))
    for one, two in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.usefixtures("folder")
def test_pixels_larger_than_the_memory_are_on_disk(monkeypatch):
    expected = train(classifier(), "photos")[0].evaluation.metrics
    monkeypatch.setattr(disk_buffer, "MEMORY", 14 * 14 * 4 * 10)
    monkeypatch.setattr(dataset, "PART", 14 * 14 * 4 * 7)
    x, y, lines = inputs("photos", classifier())
    assert "more than 0 MB of numbers, kept on disk" in lines
    assert len(x) == len(y) == 60
    assert train(classifier(), "photos")[0].evaluation.metrics.keys() == expected.keys()
    np.testing.assert_array_equal(x, inputs("photos", classifier())[0])


def test_a_table_that_names_its_images(folder):
    (folder / "photos/t.csv").write_text(
        "weight,picture,kind\n" + "".join(f"{n},{n % 10}/{n}.png,class {n % 10}\n" for n in (0, 1, 2, 10, 11, 12))
    )
    result, lines = train(classifier(), "photos/t.csv", validation_split=0)
    assert "  images    picture: 14 x 14 pixels, grayscale" in lines
    assert "left out    weight (not selected)" in "\n".join(lines)
    assert result.encoding.heads[0].classes == ("class 0", "class 1", "class 2")
    result.save("t.keras")
    [block] = netconv.predict("t.keras", "photos/t.csv", keep="weight").blocks
    assert list(block.kept) == ["weight"]
    [of_file] = netconv.predict("t.keras", "photos/1/11.png").blocks
    np.testing.assert_allclose(of_file.values[0], block.values[4], atol=1e-6)
    (folder / "photos/0").rename(folder / "photos/zero")
    assert fails(netconv.evaluate, "t.keras", "photos") == (
        "photos, row 41, column 'class': unknown class 'zero'; the classes are class 0, class 1, class 2"
    )


def test_one_of_several_columns_of_images(folder):
    (folder / "t.csv").write_text("a,b,y\nphotos/0/0.png,no.png,p\nphotos/1/1.png,no.png,q\n")
    model = classifier(classes=2)
    assert fails(train, model, "t.csv") == "t.csv: which column has the images, 'a' or 'b'? Name it with columns="
    assert len(inputs("t.csv", model, columns="a")[1]) == 2


def test_numbers_that_fit_are_taken_instead_of_images(folder):
    (folder / "t.csv").write_text("a,b,c,d,photo,y\n1,2,3,4,x.png,p\n5,6,7,8,y.png,q\n")
    for shape in ((4,), (2, 2, 1)):
        x, _, lines = inputs("t.csv", classifier(shape, 2))
        assert x.reshape(2, 4).tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]
        assert "left out    photo (names of images); columns='*' uses every column" in lines


def test_an_input_of_images_beside_one_of_numbers(folder):
    (folder / "t.csv").write_text(
        "photo,size,y\n" + "".join(f"photos/{n % 10}/{n}.png,{n},{n % 10}\n" for n in (0, 1, 2, 10, 11, 12))
    )
    picture, numbers = keras.Input((14, 14, 1), name="picture"), keras.Input((1,), name="numbers")
    joined = layers.Concatenate()([layers.Flatten()(picture), numbers])
    model = keras.Model([picture, numbers], layers.Dense(3, activation="softmax")(joined))
    model.compile("adam", "sparse_categorical_crossentropy")
    options = {"input": {"picture": "photo", "numbers": "size"}}
    result, _ = train(model, "t.csv", **options)
    result.save("t.keras")
    [block] = netconv.predict("t.keras", "t.csv").blocks
    assert block.values.shape == (6, 3)
    scaled = {layer.name: layer.get_config()["scale"] for layer in result.loaded.model.layers if "scale" in layer.name}
    assert scaled == {"scale_inputs_1": pytest.approx(1 / 255)}


# Sizes and colors


def test_what_became_of_images_is_reported(tmp_path):
    gray = np.full((20, 10), 100, np.uint8)
    color = np.full((30, 30, 3), 50, np.uint8)
    clear = np.zeros((5, 5, 4), np.uint8)
    for name in "ab":
        write(tmp_path / name / "1.png", gray)
        write(tmp_path / name / "2.png", color)
        write(tmp_path / name / "3.png", clear)
        turned(gray, 6, tmp_path / name / "4.png")
        write(tmp_path / name / "5.png", color[:2, :3])
    _, _, lines = inputs(tmp_path, classifier((10, 10, 1), 2))
    assert image(lines)[-1].split("; ") == [
        "images      10 of 20 x 10 (4), 30 x 30 (2), 5 x 5 (2), other sizes (2), RGB (6), grayscale (4)",
        "stretched to 10 x 10 (resize='fit' or fill keeps their proportions)",
        "converted to grayscale",
        "2 with transparent pixels, put on white",
        "2 turned upright, as their EXIF data say",
    ]
    for resize, what in (
        ("fit", "fitted into 10 x 10, with black borders"),
        ("fill", "scaled and cropped at the center to 10 x 10"),
    ):
        assert what in image(inputs(tmp_path, classifier((10, 10, 1), 2), resize=resize)[2])[-1]


def test_later_images_are_resized_as_in_training(tmp_path):
    wide = np.zeros((8, 16), np.uint8)
    wide[:, 8:] = 255
    for name in ("a", "b"):
        write(tmp_path / "photos" / name / "1.png", wide)
    path = trained(tmp_path, classifier((8, 8, 1), 2), tmp_path / "photos", resize="fill", validation_split=0)
    assert netconv.open_model(path).encoding.features[0].image.resize == "fill"
    assert fails(netconv.predict, path, tmp_path / "photos", resize="fit") == (
        "a trained model reads a table as in training: leave resize= out"
    )


def open_net(folder, kernel=3):
    """A net without parameters that takes images of any size."""
    convolution = op("Convolution", "c", [0, 1, 2], kernel=f"({kernel}, {kernel})", num_filter=2)
    pool = op("Pooling", "p", [3], kernel="(2, 2)", stride="(2, 2)", pool_type="max")
    dense = op("FullyConnected", "fc", [4, 5, 6], num_hidden=2)
    names = map(null, ("data", "w", "b"))
    return write_net(
        folder, graph(*names, convolution, pool, null("v"), null("c2"), dense, op("softmax", "s", [7], axis=-1))
    )


def test_a_net_of_any_size_takes_that_of_most_images(tmp_path):
    for name in ("a", "b"):
        for number, height in enumerate((9, 12, 12)):
            write(tmp_path / "photos" / name / f"{number}.png", np.zeros((height, 10, 3), np.uint8))
    result, lines = train(str(open_net(tmp_path)), tmp_path / "photos", validation_split=0)
    assert "data: shape (?, 3, 12, 10) inferred from the data" in lines
    assert result.loaded.model.input_shape == (None, 3, 12, 10)


def test_a_model_of_any_size_takes_that_of_most_images(tmp_path):
    for name in ("a", "b"):
        write(tmp_path / "photos" / name / "0.png", np.zeros((12, 10, 3), np.uint8))
    data = keras.Input((None, None, 3))
    head = layers.Dense(2, activation="softmax")
    model = keras.Model(data, head(layers.GlobalAveragePooling2D()(layers.Conv2D(2, 3)(data))))
    model.compile("adam", "sparse_categorical_crossentropy")
    [plain] = netconv.predict(model, tmp_path / "photos").blocks
    path = trained(tmp_path, model, tmp_path / "photos", validation_split=0)
    write(tmp_path / "large.png", np.zeros((50, 70, 3), np.uint8))
    [block] = netconv.predict(path, tmp_path / "large.png").blocks
    assert plain.values.shape == (2, 2) and block.values.shape == (1, 2)
    assert netconv.evaluate(path, tmp_path / "photos").rows == 2


def test_images_that_are_too_small_for_a_net(tmp_path):
    for name in ("a", "b"):
        write(tmp_path / "photos" / name / "0.png", np.zeros((4, 4), np.uint8))
    assert fails(train, str(open_net(tmp_path, 7)), str(tmp_path / "photos")).startswith(
        f"{tmp_path}/photos: images of 4 x 4 pixels, grayscale do not fit the net: Convolution node 'c': "
    )


# A table in place of images


def test_a_table_of_the_wrong_width(tmp_path):
    (tmp_path / "t.csv").write_text("a,b,c,d,y\n" + "".join(f"{n},{n + 1},3,{n % 5},{n % 2}\n" for n in range(9)))
    assert fails(train, classifier(classes=2), str(tmp_path / "t.csv"), target="y") == (
        f"{tmp_path}/t.csv: 4 features found, and the net takes grayscale images of 14 x 14 pixels: give 196 columns "
        "of pixels, or a folder or a column of image files"
    )
    assert fails(train, str(open_net(tmp_path)), str(tmp_path / "t.csv"), target="y") == (
        f"{tmp_path}/t.csv: 4 features found, and the net takes images: give a column for each pixel of a square image "
        "that is large enough for the net (or its size with input_shapes=), or a folder or a column of image files"
    )


def test_a_table_without_images_for_a_model_of_images(folder):
    path = trained(folder, classifier(), "photos")
    (folder / "t.csv").write_text("a,class\n1,0\n")
    assert fails(netconv.evaluate, path, "t.csv") == (
        "t.csv: has no column 'file' of image files, and the model takes images of 14 x 14 pixels, grayscale; image "
        "files and folders are taken, too"
    )


@pytest.mark.usefixtures("folder")
def test_images_for_a_net_of_numbers():
    model = classifier((5,))
    assert fails(train, model, "photos") == "photos: 1 feature (60 with text one-hot) found, and the net takes 5: file"


def test_images_for_a_model_of_a_table(folder):
    (folder / "t.csv").write_text("a,b,y\n" + "".join(f"{n % 7},{n},{n % 3}\n" for n in range(30)))
    path = trained(folder, classifier((2,)), "t.csv", target="y", columns="a,b")
    assert fails(netconv.evaluate, path, "photos") == (
        "photos: the model was trained on a table, of 2 columns: give a table, not image files"
    )


def test_images_without_classes(folder):
    no_classes = (
        "photos/1: the images have no classes: the class of an image is the name of its folder (photos/cat/1.jpg), or "
        "is in a table with a file column"
    )
    assert fails(train, classifier(), "photos/1") == no_classes
    assert fails(netconv.evaluate, trained(folder, classifier(), "photos"), "photos/1") == no_classes


@pytest.mark.usefixtures("folder")
def test_images_are_not_standardized():
    assert fails(train, classifier(), "photos", standardize=True) == (
        "photos: standardize= is for columns of numbers; pixels are scaled by rescale="
    )


# Bad images


@pytest.fixture
def damaged(folder):
    (folder / "photos/1/1.png").write_text("no image")
    (folder / "photos/2/zero.png").touch()
    return folder


WHY = "photos/1/1.png: is not an image that can be read (PNG, JPEG, GIF, BMP, TIFF, WebP)"


@pytest.mark.usefixtures("damaged")
def test_an_image_that_cannot_be_read():
    error = f"{WHY}; errors='skip' leaves such rows out"
    assert fails(train, classifier(), "photos") == error
    assert fails(netconv.evaluate, classifier(), "photos") == error


def test_images_that_cannot_be_read_are_left_out(damaged):
    result, lines = train(classifier(), "photos", errors="skip", validation_split=0.2)
    assert f"warning: 2 images left out; the first: {WHY}" in lines
    assert (result.rows + result.validation_rows, result.left_out) == (59, {"that cannot be read": 2})
    assert netconv.evaluate(result.loaded.model, "photos", errors="skip").rows == 59
    for path in damaged.glob("photos/*/*.png"):
        path.write_text("no")
    assert fails(train, classifier(), "photos", errors="skip") == "photos: no image can be read"


@pytest.mark.usefixtures("damaged")
def test_predictions_of_images_that_cannot_be_read():
    lines = []
    data = ["photos/0/0.png", "photos/1/1.png", "photos/2/2.png"]
    [block] = netconv.predict(classifier(), data, errors="null", notify=lines.append).blocks
    assert np.isnan(block.values).any(axis=1).tolist() == [False, True, False]
    assert lines[-1] == f"warning: 1 bad row without a prediction; the first: {WHY}"
    [block] = netconv.predict(classifier(), data, errors="skip").blocks
    assert block.kept["file"].to_pylist() == ["photos/0/0.png", "photos/2/2.png"]
    assert fails(lambda: [*netconv.predict(classifier(), data).blocks]) == f"{WHY}; errors='skip' or null continues"


def test_bad_cells_of_a_table(folder):
    rows = "".join(f"photos/{n % 10}/{n}.png,{n % 10}\n" for n in (*range(3), *range(10, 13), *range(20, 23)))
    (folder / "t.csv").write_text(f"file,y\n{rows}photos/no.png,1\n")
    where = "t.csv, line 11, column 'file': "
    assert fails(train, classifier(), "t.csv") == (
        f"{where}'photos/no.png' cannot be read: No such file or directory; errors='skip' leaves such rows out"
    )
    (folder / "t.csv").write_text(f"file,y\n{rows},1\n")
    assert fails(train, classifier(), "t.csv") == f"{where}names no image; errors='skip' leaves such rows out"
    _, lines = train(classifier(), "t.csv", errors="skip")
    assert f"warning: 1 image left out; the first: {where}names no image" in lines


def test_a_checkpoint_of_other_images(folder):
    train(classifier(), "photos", checkpoint="state")
    (folder / "photos/0/0.png").unlink()
    write(folder / "photos/0/0.png", np.zeros((28, 28), np.uint8))
    assert "checksum of the table" in fails(train, classifier(), "photos", checkpoint="state", resume=True)
    write(folder / "photos/0/0.png", digits(1)[1][0])
    assert "checksum of the encoding" in fails(
        train, classifier(), "photos", checkpoint="state", resume=True, resize="fit"
    )
    assert train(classifier(), "photos", checkpoint="state", resume=True, epochs=2)[0].history[-1]["epoch"] == 2


@pytest.mark.usefixtures("folder")
def test_the_rows_that_were_held_out():
    result, _ = train(classifier(), "photos", validation_split=0.25)
    lines = []
    whole = netconv.evaluate(result.loaded, "photos", notify=lines.append)
    held_out = netconv.evaluate(result.loaded, "photos", held_out=True, notify=lines.append)
    assert whole.rows == 60 and held_out.rows == result.validation_rows == 15
    assert "note        the model was trained on 45 of the 60 rows: held_out=True takes only the others" in lines
    assert "held out    15 rows; the model was trained on the other 45" in lines
    assert held_out.metrics == pytest.approx(result.evaluation.metrics)


@pytest.mark.usefixtures("damaged")
def test_images_that_cannot_be_read_are_not_among_those_held_out():
    result, _ = train(classifier(), "photos", errors="skip")
    held_out = netconv.evaluate(result.loaded, "photos", held_out=True, errors="skip")
    assert held_out.rows == result.validation_rows
    assert held_out.metrics == pytest.approx(result.evaluation.metrics)


@pytest.mark.usefixtures("folder")
def test_a_data_frame_that_names_images():
    labels, _ = digits(200)
    paths = {f"photos/{label}/{number}.png": str(label) for number, label in enumerate(labels) if label < 3}
    frame = pd.DataFrame({"photo": paths.keys(), "kind": paths.values()})
    result, lines = train(classifier(), frame)
    assert "  images    photo: 14 x 14 pixels, grayscale" in lines
    result, _ = train(classifier(), (frame[["photo"]], frame["kind"]))
    [block] = netconv.predict(result.loaded, frame[["photo"]]).blocks
    [same] = netconv.predict(result.loaded, "photos").blocks
    by_path = dict(zip(same.kept["file"].to_pylist(), same.values, strict=True))
    np.testing.assert_allclose(block.values, [by_path[path] for path in frame["photo"]], atol=1e-5)


@pytest.mark.parametrize("options", [{}, {"rescale": (1, 0)}])
@pytest.mark.usefixtures("folder")
def test_images_get_no_advice_for_tables(options):
    """A net that learns nothing is not advised to standardize, nor that its features differ in scale."""
    model = classifier((400,))
    model.set_weights([np.zeros((400, 3)), np.array([9, 0, 0])])
    _, lines = train(model, "photos", optimizer="sgd(learning_rate=1e-9)", **options)
    assert [line for line in lines if line.startswith("advice")] == [
        "advice      always predicting '0' would be right as often, for 33.3% of the rows: try another learning_rate"
    ]


@pytest.mark.usefixtures("folder")
def test_inspect_says_once_how_pixels_are_scaled():
    trained(Path(), classifier(), "photos")
    inspection = netconv.inspect("t.keras")
    assert inspection.facts["scaling"] == {"features": {"scale": [pytest.approx(1 / 255)], "offset": [0]}}
    assert "scale       pixels of 0 to 255 become 0 to 1" in inspection.text.splitlines()
