"""AttentionLayer, against numpy written from the definitions."""

import numpy as np
import pytest
from wolfram_files import NONE, call, graph, layer, linear, tensor
from wolfram_layers import Cases, arrays_of, check, drawn, normalized_exp, two

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
            s = s / np.sqrt(np.arange(1, count + 1)[:, None] if mask != NONE else 5)
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


@pytest.mark.parametrize("name", LAYERS)
def test_layer(name, tmp_path):
    check(LAYERS[name], tmp_path)
