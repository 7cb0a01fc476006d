"""Ops that MXNet computes only on a GPU, or at random, against their definition; unsupported ops and errors."""

import json
import math
import os
import subprocess
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest

import netconv
from netconv.kernels import boxes as overlap
from netconv.ops import registry
from netconv.ops.unsupported import UNSUPPORTED


@pytest.fixture
def net(tmp_path):
    """A function that makes a model of one op for these input shapes."""

    def make(op, attrs, shapes):
        names = list(shapes)
        nodes = [{"op": "null", "name": name, "inputs": []} for name in names]
        attrs = {key: str(value) for key, value in attrs.items()}
        used = [name for name in names if name != "unused"]
        nodes.append({"op": op, "name": "node", "attrs": attrs, "inputs": [[names.index(n), 0, 0] for n in used]})
        heads = [[len(names), 0, 0], *([names.index("unused"), 0, 0] for _ in range("unused" in names))]
        path = tmp_path / "net.json"
        path.write_text(json.dumps({"nodes": nodes, "arg_nodes": list(range(len(names))), "heads": heads}))
        return netconv.convert(path, False, input_shapes=shapes)

    return make


def random(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype("float32")


@pytest.mark.parametrize(
    ("op", "attrs"),
    [
        ("ROIPooling", {"pooled_size": (14, 7), "spatial_scale": 1.0}),
        ("_contrib_ROIAlign", {"pooled_size": (7, 3), "spatial_scale": 1.0, "aligned": True}),
    ],
)
def test_compiled_bins_equal_eager_ones(net, op, attrs):
    """A division by a known number would be compiled to a product with its reciprocal, and bins that end at an integer
    would be longer by one."""
    rois = np.array([[0, 0, 0, n, n] for n in range(1, 100)], "float32")
    model = net(op, attrs, {"data": (1, 2, 100, 100), "rois": rois.shape})
    given = [random(1, 2, 100, 100), rois]
    np.testing.assert_allclose(model.predict_on_batch(given), model(given), atol=1e-5)


def test_position_sensitive_pooling(net):
    size, group, channels, scale = 3, 3, 2, 0.5
    data = random(2, channels * group * group, 9, 8)
    rois = np.array([[0, 0, 0, 10, 12], [1, 3, 2, 15, 9], [1, 40, 40, 41, 41]], "float32")
    attrs = {"spatial_scale": scale, "output_dim": channels, "pooled_size": size}
    model = net("_contrib_PSROIPooling", attrs, {"data": (2, 18, 9, 8), "rois": (3, 5)})
    expected = np.zeros((3, channels, size, size), "float32")
    for r, (image, *box) in enumerate(rois):
        x1, y1 = (round(v) * scale for v in box[:2])
        x2, y2 = ((round(v) + 1) * scale for v in box[2:])
        for c in range(channels):
            for i in range(size):
                for j in range(size):
                    bounds = []
                    for place, begin, end, length in ((i, y1, y2, 9), (j, x1, x2, 8)):
                        step = max(end - begin, 0.1) / size
                        low, high = math.floor(place * step + begin), math.ceil((place + 1) * step + begin)
                        bounds.append(slice(min(max(low, 0), length), min(max(high, 0), length)))
                    cut = data[int(image), (c * group + i) * group + j][tuple(bounds)]
                    expected[r, c, i, j] = cut.mean() if cut.size else 0
    np.testing.assert_allclose(model([data, rois]), expected, 1e-5, 1e-5)


@pytest.mark.parametrize(
    ("op", "attrs", "mean", "deviation"),
    [
        ("_random_uniform", {"low": -1, "high": 3}, 1, 4 / math.sqrt(12)),
        ("_random_normal", {"loc": 2, "scale": 0.5}, 2, 0.5),
        ("_random_exponential", {"lam": 2}, 0.5, 0.5),
        ("_random_randint", {"low": 2, "high": 7}, 4, math.sqrt(2)),
        ("_random_gamma", {"alpha": 2.5, "beta": 3}, 7.5, 3 * math.sqrt(2.5)),
        ("_random_gamma", {"alpha": 0.4, "beta": 2}, 0.8, 2 * math.sqrt(0.4)),
        ("_random_poisson", {"lam": 0}, 0, 0),
        ("_random_poisson", {"lam": 3.5}, 3.5, math.sqrt(3.5)),
        ("_random_poisson", {"lam": 40}, 40, math.sqrt(40)),
        ("_random_negative_binomial", {"k": 3, "p": 0.4}, 4.5, math.sqrt(4.5 / 0.4)),
        ("_random_negative_binomial", {}, 0, 0),
        ("_random_generalized_negative_binomial", {"mu": 12, "alpha": 0.5}, 12, math.sqrt(12 + 72)),
        ("_random_generalized_negative_binomial", {"mu": 2, "alpha": 0}, 2, math.sqrt(2)),
        ("_npi_gamma", {"shape": 2.5, "scale": 3}, 7.5, 3 * math.sqrt(2.5)),
        ("_npi_uniform", {"low": -1, "high": 3}, 1, 4 / math.sqrt(12)),
        ("_npi_uniform_n", {"low": -1, "high": 3}, 1, 4 / math.sqrt(12)),
        ("_npi_normal", {"loc": 2, "scale": 0.5}, 2, 0.5),
        ("_npi_normal_n", {"loc": 2, "scale": 0.5}, 2, 0.5),
        ("_npi_exponential", {"scale": 2}, 2, 2),
        ("_npi_gumbel", {"loc": 1, "scale": 2}, 1 + 2 * 0.5772, 2 * math.pi / math.sqrt(6)),
        ("_npi_logistic", {"loc": 1, "scale": 2}, 1, 2 * math.pi / math.sqrt(3)),
        ("_npi_pareto", {"a": 6}, 1 / 5, math.sqrt(6 / 25 / 4)),
        ("_npi_powerd", {"a": 3}, 3 / 4, math.sqrt(3 / 16 / 5)),
        ("_npi_rayleigh", {"scale": 2}, 2 * math.sqrt(math.pi / 2), 2 * math.sqrt(2 - math.pi / 2)),
        ("_npi_weibull", {"a": 2}, math.sqrt(math.pi) / 2, math.sqrt(1 - math.pi / 4)),
        ("_npi_bernoulli", {"prob": 0.3, "logit": None, "is_logit": False}, 0.3, math.sqrt(0.21)),
        ("_npi_bernoulli", {"prob": None, "logit": -0.8473, "is_logit": True}, 0.3, math.sqrt(0.21)),
    ],
)
def test_random_numbers(net, op, attrs, mean, deviation):
    size = "size" if op.startswith("_npi") else "shape"
    model = net(op, {**attrs, size: (100, 200)}, {"unused": (None, 1)})
    first, second = (np.asarray(model(np.zeros((1, 1), "float32"))[0]).astype("float32") for _ in range(2))
    assert first.shape == (100, 200)
    assert (first != second).any() or not deviation
    np.testing.assert_allclose([first.mean(), first.std()], [mean, deviation], 0.03, 0.03)


PICTURE = (40 + 100 * np.random.default_rng(1).random((4, 6, 3))).astype("float32")


def pictures(model, count):
    return [np.asarray(model(PICTURE)) for _ in range(count)]


@pytest.mark.parametrize(
    ("op", "attrs", "low", "high"),
    [
        ("brightness", {"min_factor": 0.5, "max_factor": 1.5}, 0.5, 1.5),
        ("color_jitter", {"brightness": 0.3, "contrast": 0, "saturation": 0, "hue": 0}, 0.7, 1.3),
    ],
)
def test_one_brightness_is_drawn_for_an_image(net, op, attrs, low, high):
    model = net(f"_image_random_{op}", attrs, {"data": PICTURE.shape})
    factors = [picture / PICTURE for picture in pictures(model, 200)]
    assert max(np.ptp(one) for one in factors) < 1e-5
    means = [one.mean() for one in factors]
    assert low <= min(means) < low + 0.1 * (high - low) and high - 0.1 * (high - low) < max(means) <= high
    np.testing.assert_allclose(model.predict_on_batch(PICTURE), PICTURE, 1e-6)  # the middle


@pytest.mark.parametrize(("way", "axis"), [("left_right", 1), ("top_bottom", 0)])
def test_about_half_of_the_images_are_flipped(net, way, axis):
    model = net(f"_image_random_flip_{way}", {}, {"data": PICTURE.shape})
    flipped = 0
    for picture in pictures(model, 100):
        assert (picture == PICTURE).all() or (picture == np.flip(PICTURE, axis)).all()
        flipped += bool((picture != PICTURE).any())
    assert 30 < flipped < 70
    np.testing.assert_array_equal(model.predict_on_batch(PICTURE), PICTURE)


def test_light_varies_as_in_photographs(net):
    from netconv.kernels.color import PCA_LIGHTING

    model = net("_image_random_lighting", {"alpha_std": 0.5}, {"data": PICTURE.shape})
    changes = np.array([picture - PICTURE for picture in pictures(model, 400)])
    assert np.ptp(changes, (1, 2)).max() < 1e-4
    np.testing.assert_allclose(np.cov(changes[:, 0, 0].T), 0.25 * PCA_LIGHTING @ PCA_LIGHTING.T, 0.3)


def test_colors_are_changed_in_any_order(net):
    """A hue rotation keeps the largest number of each pixel; contrast moves it towards the mean gray, which is that of
    the original image if contrast comes first."""
    from netconv.kernels import color

    attrs = {"brightness": 0, "contrast": 0.9, "saturation": 0, "hue": 0.4}
    model = net("_image_random_color_jitter", attrs, {"data": PICTURE.shape})
    gray, first = (color.GRAY_WEIGHTS * PICTURE).sum(-1).mean(), 0
    for picture in pictures(model, 60):
        slope, shift = np.polyfit(PICTURE.max(-1).ravel(), picture.max(-1).ravel(), 1)
        first += bool(abs(shift / (1 - slope) - gray) < 1e-2)
    assert 15 < first < 45
    np.testing.assert_allclose(model.predict_on_batch(PICTURE), PICTURE, 1e-5)


def poisson(k, lam):
    return math.exp(k * math.log(lam) - lam - math.lgamma(k + 1))


@pytest.mark.parametrize("lam", [2.0, 9.9, 10.1, 300.0])
def test_counts_have_poisson_s_distribution(net, lam):
    """The share of counts up to k, for each k, is within four deviations for 20,000 draws."""
    model = net("_random_poisson", {"lam": lam, "shape": 20_000}, {"unused": (None, 1)})
    drawn = np.asarray(model(np.zeros((1, 1), "float32"))[0])
    assert (drawn == np.round(drawn)).all()
    found = np.cumsum(np.bincount(drawn.astype(int), minlength=400)) / len(drawn)
    expected = np.cumsum([poisson(k, lam) for k in range(len(found))])
    np.testing.assert_allclose(found, expected, atol=4 * 0.5 / math.sqrt(len(drawn)))


@pytest.mark.parametrize(
    ("alpha", "below"),
    [
        (0.5, lambda t: math.erf(math.sqrt(t))),
        (1, lambda t: 1 - math.exp(-t)),
        (2, lambda t: 1 - (1 + t) * math.exp(-t)),
    ],
)
def test_the_gamma_distribution(net, alpha, below):
    model = net("_random_gamma", {"alpha": alpha, "shape": 20_000}, {"unused": (None, 1)})
    drawn = np.asarray(model(np.zeros((1, 1), "float32"))[0])
    for t in (0.01, 0.1, 0.5, 1, 2, 4):
        np.testing.assert_allclose((drawn < t).mean(), below(t), atol=4 * 0.5 / math.sqrt(len(drawn)))


@pytest.mark.parametrize(
    ("op", "parameters", "means"),
    [
        ("_sample_gamma", ([2, 0.5], [1, 4]), [2, 2]),
        ("_sample_poisson", ([2, 50],), [2, 50]),
        ("_sample_negative_binomial", ([3, 2], [0.4, 0.5]), [4.5, 2]),
        ("_sample_generalized_negative_binomial", ([3, 2], [0.4, 0]), [3, 2]),
    ],
)
def test_each_parameter_has_its_numbers(net, op, parameters, means):
    names = "ab"[: len(parameters)]
    model = net(op, {"shape": 4000}, dict.fromkeys(names, (2,)))
    fed = [np.array(p, "float32") for p in parameters]
    drawn = np.asarray(model(fed if len(fed) > 1 else fed[0]))
    assert drawn.shape == (2, 4000)
    np.testing.assert_allclose(drawn.mean(1), means, 0.1)


@pytest.mark.parametrize(
    ("op", "attrs", "mean"),
    [
        ("_random_gamma_like", {"alpha": 2, "beta": 3}, 6),
        ("_random_poisson_like", {"lam": 4}, 4),
        ("_random_negative_binomial_like", {"k": 3, "p": 0.4}, 4.5),
        ("_random_generalized_negative_binomial_like", {"mu": 3, "alpha": 0.4}, 3),
    ],
)
def test_as_many_random_numbers_as_the_data_has(net, op, attrs, mean):
    drawn = np.asarray(net(op, attrs, {"data": (None, 40)})(random(100, 40)))
    assert drawn.shape == (100, 40)
    np.testing.assert_allclose(drawn.mean(), mean, 0.1)


@pytest.mark.parametrize(("op", "shape"), [("_npi_normal", (300, 2)), ("_npi_normal_n", (300, 2))])
def test_parameters_of_random_numbers_may_be_inputs(net, op, shape):
    size = shape if op == "_npi_normal" else shape[:1]
    model = net(op, {"loc": None, "scale": 0.1, "size": size}, {"loc": (2,)})
    drawn = np.asarray(model(np.array([1, 5], "float32")))
    assert drawn.shape == shape
    np.testing.assert_allclose(drawn.mean(0), [1, 5], 0.1)
    alone = net("_npi_normal", {"loc": None, "scale": None}, {"loc": (2,), "scale": (2,)})
    np.testing.assert_allclose(alone([np.array([1, 5], "float32"), np.zeros(2, "float32")]), [1, 5])


def test_fourier_transforms(net):
    data = random(3, 8)
    expected = np.fft.fft(data)
    found = np.asarray(net("_contrib_fft", {}, {"data": (None, 8)})(data))
    np.testing.assert_allclose(found[:, 0::2] + 1j * found[:, 1::2], expected, 1e-4, 1e-5)
    back = np.asarray(net("_contrib_ifft", {}, {"data": (None, 16)})(found))
    np.testing.assert_allclose(back / 8, data, 1e-4, 1e-5)


def test_a_count_sketch(net):
    data, places, signs = random(3, 4), np.array([[1, 0, 1, 4]], "float32"), np.array([[1, -1, -1, 1]], "float32")
    model = net("_contrib_count_sketch", {"out_dim": 5}, {"data": (None, 4), "h": (1, 4), "s": (1, 4)})
    expected = np.zeros((3, 5))
    for j, place in enumerate([1, 0, 1, 4]):
        expected[:, place] += data[:, j] * signs[0, j]
    np.testing.assert_allclose(model([data, places, signs]), expected, 1e-6, 1e-6)


def test_choices(net):
    half = {"a": 4, "size": (2000,), "weighted": True}
    drawn = np.asarray(net("_npi_choice", half, {"p": (4,)})(np.array([0.1, 0, 0.4, 0.5], "float32")))
    np.testing.assert_allclose(np.bincount(drawn, minlength=4) / 2000, [0.1, 0, 0.4, 0.5], atol=0.05)
    each = {"a": 6, "size": (6,), "replace": False}
    drawn = np.asarray(net("_npi_choice", each, {"unused": (None, 1)})(np.zeros((1, 1), "float32"))[0])
    assert sorted(drawn.tolist()) == list(range(6))
    of_rows = net("_npi_choice", {"a": None, "size": (3, 500)}, {"rows": (3, 2)})
    drawn = np.asarray(of_rows(random(3, 2)))
    assert drawn.shape == (3, 500) and set(drawn.ravel()) == {0, 1, 2}


def test_counts_of_classes(net):
    model = net("_npi_multinomial", {"n": 20, "pvals": (0.2, 0.8), "size": (300,)}, {"unused": (None, 1)})
    drawn = np.asarray(model(np.zeros((1, 1), "float32"))[0])
    assert drawn.shape == (300, 2) and (drawn.sum(-1) == 20).all()
    np.testing.assert_allclose(drawn.mean(0), [4, 16], 0.1)


def test_a_sum_of_squares(net):
    data = random(2, 3, 4)
    model = net("_square_sum", {"axis": 1, "keepdims": True}, {"data": (None, 3, 4)})
    np.testing.assert_allclose(model(data), (data**2).sum(1, keepdims=True), 1e-6)


@pytest.mark.parametrize(
    ("op", "attrs", "median"),
    [
        ("_random_normal", {"loc": 2}, 2),
        ("_random_uniform", {"low": -1, "high": 3}, 1),
        ("_random_exponential", {"lam": 2}, math.log(2) / 2),
        ("_random_poisson", {"lam": 3.2}, 3),
        ("_random_poisson", {"lam": 40.2}, 40),
    ],
)
def test_predict_takes_the_median(net, op, attrs, median):
    model = net(op, {**attrs, "shape": (5,)}, {"unused": (None, 1)})
    drawn, _ = model.predict(np.zeros((5, 1), "float32"), verbose=0)
    np.testing.assert_allclose(drawn, np.full(5, median), 1e-5)


def test_drawn_classes_follow_their_probabilities(net):
    model = net("_sample_multinomial", {"shape": (4000,)}, {"data": (None, 3)})
    drawn = np.asarray(model(np.array([[0.1, 0.2, 0.7], [0.5, 0.5, 0]], "float32")))
    found = [np.bincount(row, minlength=3) / 4000 for row in drawn]
    np.testing.assert_allclose(found, [[0.1, 0.2, 0.7], [0.5, 0.5, 0]], atol=0.04)


def test_shuffled_rows_are_the_rows(net):
    rows = np.arange(20, dtype="float32").reshape(10, 2)
    model = net("_shuffle", {}, {"data": (None, 2)})
    shuffled = np.asarray(model(rows))
    assert sorted(shuffled.tolist()) == rows.tolist()


def chain(count):
    """Boxes, best first, each of which overlaps only its neighbors: every second one is kept."""
    left = np.arange(count, dtype="float32")
    boxes = np.stack([left, np.zeros(count), left + 2.5, np.ones(count)], -1)
    scores = np.linspace(1, 0.5, count)[:, None]
    return np.concatenate([scores, boxes], -1).astype("float32")[None]


@pytest.mark.parametrize("count", [1, 60, overlap.BLOCK, 2 * overlap.BLOCK + 100])
def test_suppression_through_a_chain(net, count):
    attrs = {"coord_start": 1, "score_index": 0, "overlap_thresh": 0.3}
    data = chain(count)
    kept = np.asarray(net("_contrib_box_nms", attrs, {"data": (None, count, 5)})(data))[0]
    every_second = data[0, ::2]
    np.testing.assert_allclose(kept[: len(every_second)], every_second)
    assert (kept[len(every_second) :] == -1).all()


def test_broadcast_sums_along_the_right_axis(net):
    """Keras adds a column to a square as if it were a row."""
    square, column = random(3, 3), random(3, 1)
    np.testing.assert_allclose(net("broadcast_add", {}, {"a": (3, 3), "b": (3, 1)})([square, column]), square + column)
    loose = net("broadcast_add", {}, {"a": (None, 3), "b": (None, 1)})
    np.testing.assert_allclose(loose([square, column]), square + column)


def graph(nodes, heads):
    nodes = [{"op": op, "name": name, "attrs": attrs, "inputs": inputs} for op, name, attrs, inputs in nodes]
    arguments = [n for n, node in enumerate(nodes) if node["op"] == "null"]
    return {"nodes": nodes, "arg_nodes": arguments, "heads": heads}


def value(name):
    return ("null", name, {}, [])


def body(path, op, attrs, names, subgraphs, outputs):
    whole = graph([*map(value, names), (op, "node", attrs, [[n, 0, 0] for n in range(len(names))])], [])
    whole["nodes"][-1]["subgraphs"] = subgraphs
    whole["heads"] = [[len(names), k, 0] for k in range(outputs)]
    path.write_text(json.dumps(whole))
    return path


def test_a_branch_follows_its_condition(tmp_path):
    condition = graph([value("n"), ("_greater_scalar", "positive", {"scalar": "0"}, [[0, 0, 0]])], [[1, 0, 0]])
    sides = [
        graph([value("a"), (f"_{name}_scalar", name, {"scalar": "2"}, [[0, 0, 0]])], [[1, 0, 0]])
        for name in ("plus", "mul")
    ]
    attrs = {"num_args": "5", "num_outputs": "1", "cond_input_locs": "(1,)", "then_input_locs": "(0,)"}
    attrs["else_input_locs"] = "(0,)"
    path = body(tmp_path / "net.json", "_cond", attrs, ["a", "n"], [condition, *sides], 1)
    model = netconv.convert(path, False, input_shapes={"a": (None, 3), "n": (1,)})
    data = random(2, 3)
    np.testing.assert_allclose(model([data, np.ones(1, "float32")]), data + 2)
    np.testing.assert_allclose(model([data, -np.ones(1, "float32")]), data * 2)


@pytest.mark.parametrize("steps", [0, 2, 9])
def test_a_loop_stops_when_its_condition_fails(tmp_path, steps):
    """while i < n: outputs s, then i = i + 1, s = 2 s; at most four times."""
    condition = graph([value("i"), value("n"), ("_lesser", "less", {}, [[0, 0, 0], [1, 0, 0]])], [[2, 0, 0]])
    step = graph(
        [
            value("i"),
            value("s"),
            ("_plus_scalar", "next", {"scalar": "1"}, [[0, 0, 0]]),
            ("_mul_scalar", "doubled", {"scalar": "2"}, [[1, 0, 0]]),
        ],
        [[1, 0, 0], [2, 0, 0], [3, 0, 0]],
    )
    attrs = {"num_args": "5", "num_outputs": "3", "num_out_data": "1", "max_iterations": "4"}
    attrs |= {"cond_input_locs": "(0, 1)", "func_input_locs": "(0, 2)", "func_var_locs": "(0, 1)"}
    path = body(tmp_path / "net.json", "_while_loop", attrs, ["i", "n", "s"], [condition, step], 3)
    model = netconv.convert(path, False, input_shapes={"i": (1,), "n": (1,), "s": (2, 3)})
    data, done = random(2, 3), min(steps, 4)
    outputs, count, last = model([np.zeros(1, "float32"), np.array([steps], "float32"), data])
    expected = [data * 2**k if k < done else data * 0 for k in range(4)]
    np.testing.assert_allclose(outputs, expected)
    np.testing.assert_allclose(count, [done])
    np.testing.assert_allclose(last, data * 2**done)


@pytest.mark.parametrize(
    ("op", "attrs", "shapes", "message"),
    [
        (
            "_unravel_index",
            {"shape": (2, 3)},
            {"data": (2, 2)},
            "needs one axis of positions: MXNet loses those of any other; received (2, 2)",
        ),
        (
            "_image_resize",
            {"size": (2, 2), "interp": 2},
            {"data": (4, 4, 3)},
            "attribute 'interp' must be 0 (nearest) or 1 (bilinear); received 2",
        ),
        (
            "ROIPooling",
            {"pooled_size": (0, 2), "spatial_scale": 1},
            {"data": (1, 2, 4, 4), "rois": (3, 5)},
            "attribute 'pooled_size' must be a height and a width of at most 1024; received (0, 2)",
        ),
        (
            "BilinearSampler",
            {},
            {"data": (1, 2, None, 4), "grid": (1, 2, 3, 3)},
            "needs the size of its image; give the input's shape; received (1, None, 4, 2)",
        ),
        (
            "_contrib_box_nms",
            {},
            {"data": (1, None, 6)},
            "needs a known number of boxes, or topk; give the input's shape; received (1, None, 6)",
        ),
        (
            "_contrib_box_nms",
            {"topk": 3},
            {"data": (1, 2, None, 6)},
            "needs a known number of boxes; give the input's shape; received (1, 2, None, 6)",
        ),
        (
            "_contrib_bipartite_matching",
            {"threshold": 0.5},
            {"data": (None, None)},
            "needs a known number of boxes; give the input's shape; received (None, None)",
        ),
        (
            "_linalg_maketrian",
            {},
            {"A": (5,)},
            "the last axis must hold the triangle of a matrix; received 5",
        ),
        (
            "_np_sum",
            {"initial": 1},
            {"a": (2, 3)},
            "attribute 'initial' must be None: MXNet does not compute with it; received 1.0",
        ),
        ("_np_roll", {}, {"data": (2, 3)}, "needs the attribute 'shift'"),
        (
            "_np_reshape",
            {"newshape": (-2, 3)},
            {"a": (2, 3)},
            "attribute 'newshape' may hold lengths and one -1; received (-2, 3)",
        ),
        (
            "_np_reshape",
            {"newshape": (3, 2), "order": "F"},
            {"a": (2, 3)},
            "attribute 'order' must be C, the only one that MXNet has; received F",
        ),
        (
            "_npx_reshape",
            {"newshape": (-3, 3)},
            {"a": (2, 3)},
            "-3 in attribute 'newshape' must meet an axis of length 1; received (-3, 3)",
        ),
        (
            "_npi_broadcast_to",
            {"shape": (-2, 3)},
            {"array": (None, 2)},
            "the shape is not known; give the input's shape; received (None, 2)",
        ),
        (
            "_npi_insert_scalar",
            {"int_ind": 5, "axis": 0},
            {"arr": (4, 3), "values": (3,)},
            "attribute 'int_ind' must be in [-4, 4]; received 5",
        ),
        (
            "_npi_insert_slice",
            {"axis": 0},
            {"arr": (None, 3), "values": (1, 3)},
            "cannot count positions along an axis of unknown length; give the input's shape; received (None, 3)",
        ),
        (
            "_npi_percentile",
            {"q_scalar": 50},
            {"a": (None, 3)},
            "the number of elements is not known; give the input's shape; received (None, 3)",
        ),
        (
            "_npi_average",
            {"weighted": False, "returned": True},
            {"a": (None, 3)},
            "the number of elements is not known; give the input's shape; received (None, 3)",
        ),
        (
            "_npi_dsplit",
            {"indices": "()", "sections": 2},
            {"data": (2, 3, 4)},
            "attribute 'axis' must be 2, along which it splits; received 1",
        ),
        (
            "_npi_normal",
            {"loc": None, "scale": None},
            {"loc": (3,)},
            "needs each parameter as an attribute or as an input; received (None, None)",
        ),
        (
            "_image_adjust_lighting",
            {"alpha": (0.1, 0.2)},
            {"data": (4, 4, 3)},
            "needs three channels and three numbers; received ((4, 4, 3), (0.1, 0.2))",
        ),
        ("_contrib_ifft", {}, {"data": (2, 5)}, "needs rows of real and imaginary parts in turn; received (2, 5)"),
        (
            "_contrib_count_sketch",
            {"out_dim": 0},
            {"data": (2, 5), "h": (1, 5), "s": (1, 5)},
            "attribute 'out_dim' must be 1 to 65536; received 0",
        ),
        (
            "_contrib_RROIAlign",
            {"pooled_size": (2, 2), "spatial_scale": 1},
            {"data": (1, 2, 4, 4), "rois": (3, 6)},
            "attribute 'sampling_ratio' must be 1 to 1024: below 1 the number depends on the size of each region; "
            "received -1",
        ),
        (
            "_npi_choice",
            {"a": 3, "size": (4,), "replace": False},
            {"unused": (1,)},
            "cannot draw 4 of 3 without replacement; received (4,)",
        ),
        (
            "_npi_choice",
            {"a": None, "size": (4,)},
            {"unused": (1,)},
            "needs a known number of choices, and not too many; received (None, (4,))",
        ),
        (
            "_npi_multinomial",
            {"n": 10**9, "pvals": (0.5, 0.5)},
            {"unused": (1,)},
            "needs a known number of classes, and not too many draws; received (1000000000, 2, None)",
        ),
        ("_npi_norm", {"flag": 7}, {"data": (2, 3)}, "attribute 'flag' must be -2 to 2; received 7"),
        (
            "_histogram",
            {"bin_cnt": 3},
            {"data": (2, 3)},
            "needs the input 'bins', or 'bin_cnt' of at most 10000 and a 'range'; received (3, None)",
        ),
        (
            "GridGenerator",
            {"transform_type": "affine"},
            {"data": (1, 6)},
            "attribute 'target_shape' must be a height and a width of at most 16384; received (0, 0)",
        ),
    ],
)
def test_node_error(net, op, attrs, shapes, message):
    with pytest.raises((netconv.NodeError, netconv.ShapeError)) as caught:
        net(op, attrs, shapes)
    error = caught.value.__cause__ if isinstance(caught.value, netconv.ShapeError) else caught.value
    assert str(error) == f"{op} node 'node': {message}"


def test_data_must_hold_all_heads(net, tmp_path):
    op = "_contrib_interleaved_matmul_selfatt_qk"
    with pytest.raises(netconv.errors.ShapeError) as caught:
        net(op, {"heads": 5}, {"data": (4, 2, 12)})
    assert str(caught.value) == (
        f"{tmp_path / 'net.json'}: the given input shapes do not fit (data=(4, 2, 12)): {op} node 'node': "
        "the last axis must hold 3 projections of 5 heads; received 12"
    )


def test_unsupported_ops_have_a_reason(net, tmp_path):
    with pytest.raises(netconv.UnsupportedOps) as caught:
        net("Custom", {}, {"data": (1, 2)})
    assert str(caught.value) == (
        f"{tmp_path / 'net.json'}: this op is not supported: Custom (1, first at node 'node'); Custom runs code that "
        "is not in the file; replace it by MXNet ops and export again"
    )


def test_all_unsupported_ops_are_reported_at_once(tmp_path):
    """Also ops of subgraphs, and before TensorFlow is imported."""
    inner = graph([value("a"), ("NoSuchOp", "deep", {}, [[0, 0, 0]])], [[1, 0, 0]])
    whole = graph(
        [
            value("data"),
            ("Custom", "own", {"op_type": "mine"}, [[0, 0, 0]]),
            ("_cond", "branch", {}, [[1, 0, 0]]),
            ("NLLLoss", "one", {}, [[2, 0, 0]]),
            ("NLLLoss", "two", {}, [[3, 0, 0]]),
        ],
        [[4, 0, 0]],
    )
    whole["nodes"][2]["subgraphs"] = [inner]
    (tmp_path / "net.json").write_text(json.dumps(whole))
    program = (
        "import sys, netconv\n"
        "try:\n    netconv.convert('net.json')\n"
        "except netconv.UnsupportedOps as error:\n    print(error, *error.ops.items(), sep='\\n')\n"
        "print({'tensorflow', 'keras'} & sys.modules.keys())"
    )
    printed = subprocess.check_output([sys.executable, "-c", program], cwd=tmp_path, text=True)
    assert printed.splitlines() == [
        "net.json: these ops are not supported: NLLLoss (2, first at node 'one'), Custom (1, first at node 'own'), "
        f"NoSuchOp (1, first at node 'deep'); NLLLoss {UNSUPPORTED['NLLLoss']}; Custom {UNSUPPORTED['Custom']}",
        "('Custom', ['own'])",
        "('NoSuchOp', ['deep'])",
        "('NLLLoss', ['one', 'two'])",
        "set()",
    ]


def test_no_op_is_both_supported_and_unsupported():
    assert not UNSUPPORTED.keys() & registry.load().keys()
