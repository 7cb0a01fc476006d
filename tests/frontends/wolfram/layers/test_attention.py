"""AttentionLayer, against numpy written from the definitions."""

import numpy as np
import pytest
from wolfram_files import NONE, TRUE, File, call, graph, layer, linear, tensor
from wolfram_layers import Cases, arrays_of, check, drawn, normalized_exp, two

from netconv.frontends.wolfram import reader

LAYERS = case = Cases()
X, Y = call("Slot", 1), call("Slot", 2)


def pure(body):
    return call("Function", body)


def _attention(name, net, scores, queries=(4, 3), mask=NONE, rescaling=NONE, old=False):
    def made(file):
        keys, values = (5, 2), (5, 2) if old else (5, 6)
        if net is not None:
            scoring = net(file)
        else:
            dot = layer("Dot", {"1": tensor(queries[-1]), "2": tensor(2)}, tensor())
            scoring = graph(
                {"1": dot},
                [".Query -> 1.1", ".Input -> 1.2", "1 -> .Output"],
                {"Input": tensor(2), "Query": tensor(2)},
                {"Output": tensor()},
            )
        inputs = {"Input": tensor(*keys)} if old else {"Key": tensor(*keys), "Value": tensor(*values)}
        parameters = {
            "ScoringNet": scoring,
            "Mask": mask,
            "ScoreRescaling": rescaling,
            "$InputPorts": "InputQuery" if old else "KeyValueQuery",
        }
        out = (*queries[:-1], values[-1])
        made = layer("Attention", inputs | {"Query": tensor(*queries)}, tensor(*out), parameters)
        k, q = drawn(2, *keys), drawn(2, *queries, seed=7)
        v = k if old else drawn(2, *values, seed=6)
        rows = q if len(queries) == 2 else q[:, None]
        s = scores(arrays_of(file), k.astype("float64"), rows.astype("float64"))
        count = rows.shape[1]
        if rescaling != NONE:
            seen = np.arange(1, count + 1)[:, None] if mask != NONE else 5
            s = s / np.sqrt(keys[-1] if rescaling == "DimensionSqrt" else seen)
        if mask != NONE:
            s = np.where(np.arange(5)[None] <= np.arange(count)[:, None], s, -np.inf)
        result = normalized_exp(s, 2) @ v
        return made, [k, q] if old else [k, v, q], [result if len(queries) == 2 else result[:, 0]]

    LAYERS[f"attention_{name}"] = made


def _additive(file):
    nodes = {
        "k": linear(file, 2, 4),
        "q": linear(file, 3, 4, biases=False),
        "t": layer("Threading", two((4,)), tensor(4), {"Function": pure(call("Tanh", call("Plus", X, Y)))}),
        "s": layer(
            "Linear", tensor(4), tensor(), {"OutputDimensions": ()}, {"Weights": file.array(1, 4), "Biases": NONE}
        ),
    }
    return graph(
        nodes,
        [".Input -> k", ".Query -> q", "k -> t.1", "q -> t.2", "t -> s", "s -> .Output"],
        {"Input": tensor(2), "Query": tensor(3)},
        {"Output": tensor()},
    )


def _bilinear(file):
    nodes = {"Linear": linear(file, 2, 3, biases=False), "Dot": layer("Dot", two((3,)), tensor())}
    return graph(
        nodes,
        [".Input -> Linear", ".Query -> Dot.1", "Linear -> Dot.2", "Dot -> .Output"],
        {"Input": tensor(2), "Query": tensor(3)},
        {"Output": tensor()},
    )


def _dots(_arrays, k, q):
    return q @ k.transpose(0, 2, 1)


def _additive_scores(arrays, k, q):
    wk, bk, wq, ws = arrays
    return (np.tanh((k @ wk.T + bk)[:, None] + (q @ wq.T)[:, :, None]) @ ws.T)[..., 0]


_attention("dot", None, _dots, queries=(4, 2))
_attention("dot_of_one_query", None, _dots, queries=(2,))
_attention("dot_rescaled", None, _dots, queries=(4, 2), rescaling="LengthSqrt")
_attention("causal", None, _dots, queries=(5, 2), mask="Causal")
_attention("causal_rescaled", None, _dots, queries=(5, 2), mask="Causal", rescaling="LengthSqrt")
_attention("of_two_ports", None, _dots, queries=(4, 2), old=True)
_attention("bilinear", _bilinear, lambda a, k, q: q @ (k @ a[0].T).transpose(0, 2, 1))
_attention("additive", _additive, _additive_scores)
_attention("additive_of_one_query", _additive, _additive_scores, queries=(3,))


def _heads(name, keys, queries, values, mask=NONE, rescaling=NONE, net=None, scores=None, opened=False):
    """Axes of keys, queries and values, then heads, then lengths."""

    def made(file):
        scoring = net(file) if net else "Dot"
        hide = (lambda shape: (None, *shape[1:])) if opened else (lambda shape: shape)
        ports = {"Key": tensor(*hide(keys)), "Value": tensor(*hide(values)), "Query": tensor(*hide(queries))}
        out = (*queries[:-1], values[-1])
        parameters = {"ScoringNet": scoring, "Mask": mask, "ScoreRescaling": rescaling, "MultiHead": TRUE, "Dropout": 0}
        made = layer("Attention", ports, tensor(*hide(out)), parameters)
        k, v, q = drawn(2, *keys), drawn(2, *values, seed=6), drawn(2, *queries, seed=7)
        flat = [x.astype("float64").reshape(2, -1, *x.shape[-2:]) for x in (k, v, q)]
        results = []
        for head in range(keys[-2]):
            one, value, query = (x[:, :, head] for x in flat)
            s = (scores or _dots)(arrays_of(file), one, query)
            count, seen = query.shape[1], one.shape[1]
            if rescaling == "LengthSqrt":
                s = s / np.sqrt(np.arange(1, count + 1)[:, None] if mask != NONE else seen)
            if rescaling == "DimensionSqrt":
                s = s / np.sqrt(keys[-1])
            if mask != NONE:
                s = np.where(np.arange(seen)[None] <= np.arange(count)[:, None], s, -np.inf)
            results.append(normalized_exp(s, 2) @ value)
        return made, [k, v, q], [np.stack(results, 2).reshape(2, *out)]

    LAYERS[f"attention_{name}"] = made


_heads("of_heads", (5, 3, 2), (4, 3, 2), (5, 3, 6))
_heads("of_heads_and_one_query", (5, 3, 2), (3, 2), (5, 3, 6))
_heads("of_heads_causal", (5, 3, 2), (5, 3, 2), (5, 3, 6), mask="Causal")
_heads("of_heads_causal_rescaled", (5, 3, 2), (5, 3, 2), (5, 3, 6), mask="Causal", rescaling="LengthSqrt")
_heads("of_heads_rescaled_by_dimension", (5, 3, 2), (4, 3, 2), (5, 3, 6), rescaling="DimensionSqrt")
_heads("of_heads_in_arrays", (2, 5, 3, 2), (4, 2, 3, 2), (2, 5, 3, 6), rescaling="LengthSqrt")
_heads("of_heads_additive", (5, 3, 2), (4, 3, 3), (5, 3, 6), net=_additive, scores=_additive_scores)
_heads("of_heads_bilinear", (5, 3, 2), (4, 3, 3), (5, 3, 6), net=_bilinear,
       scores=lambda a, k, q: q @ (k @ a[0].T).transpose(0, 2, 1))  # fmt: skip
_heads("of_heads_of_an_open_length", (5, 3, 2), (5, 3, 2), (5, 3, 6), opened=True)
for _name, _mask in {"causal": "Causal", "rescaled": NONE}.items():
    _heads(f"{_name}_of_an_open_length", (5, 3, 2), (5, 3, 2), (5, 3, 6), _mask, "LengthSqrt", opened=True)
_attention("rescaled_by_dimension", None, _dots, queries=(4, 2), rescaling="DimensionSqrt")


@case
def sequence_attention(file):
    """The name of the layer before 11.3.6."""
    file.version = "11.3.4"
    made, inputs, outputs = LAYERS["attention_of_two_ports"](file)
    return (
        {**made, "Type": "SequenceAttention", "Parameters": {"ScoringNet": made["Parameters"]["ScoringNet"]}},
        inputs,
        outputs,
    )


@case
def attention_of_arrays(_file):
    k, q = drawn(2, 2, 3, 4), drawn(2, 5, 4, seed=7)
    ports = {"Key": tensor(2, 3, 4), "Value": tensor(2, 3, 4), "Query": tensor(5, 4)}
    net = layer("Attention", ports, tensor(5, 4), {"ScoringNet": "Dot"})
    flat = k.astype("float64").reshape(2, 6, 4)
    return net, [k, k, q], [normalized_exp(q @ flat.transpose(0, 2, 1), 2) @ flat]


@pytest.mark.parametrize("name", LAYERS)
def test_layer(name, tmp_path):
    check(LAYERS[name], tmp_path)


def test_dropout_of_the_weights(tmp_path):
    ports = {"Key": tensor(3, 4), "Value": tensor(3, 4), "Query": tensor(5, 4)}
    net = layer("Attention", ports, tensor(5, 4), {"ScoringNet": "Dot", "Dropout": 0.25})
    nodes = reader.read(File().write(tmp_path / "net.wlnet", net), "net.wlnet").graph.nodes
    (dropped,) = (node for node in nodes if node.op == "Dropout")
    assert dropped.attrs["p"] == "0.25" and nodes[dropped.inputs[0].node].op == "softmax"
