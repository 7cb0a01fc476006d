"""The layers of a model as boxes of a diagram. Knows names of Keras's classes, no model."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ..keras_files.layer_rows import LayerRow, model_outputs
from .diagram import Box, GroupName, output_box

CATEGORIES = {
    r"InputLayer": "input",
    r".*Conv\d?D?.*|.*Convolution.*": "convolution",
    r".*(LSTM|GRU|RNN|Bidirectional).*": "recurrent",
    r".*Pool.*": "pooling",
    r".*Norm(alization|alize)?|Rescaling": "normalization",
    r".*(Dropout|Gaussian|Noise|Random).*": "dropout, noise",
    r".*(Embedding|Attention).*|OneHot|Take|Gather.*": "embedding, attention",
    r".*Dense.*|Matmul|Dot|Einsum|Tensordot": "dense",
    r"Activation|.*(Re[Ll][Uu]|E[Ll][Uu]|[Ss]oft|[Ss]igmoid|[Tt]anh|[Ss]ilu|Gelu|G[Ll][Uu]|Exp|Log).*": "activation",
    r"Add|Subtract|Multiply|Average|Maximum|Minimum|Concatenate|(True)?Divide|Stack|Power|Square|Sqrt|Rsqrt|Sum|Mean|Max|"
    r"Min|Abs.*|Negative|Sign|Clip|Norm|Prod|Arg(max|min)|Where|Equal|Greater.*|Less.*": "arithmetic, merging",
    r"Flatten|.*Reshape|Permute|.*Transpose|RepeatVector|.*Padding.*|Pad|Cropping.*|UpSampling.*|GetItem|Squeeze|"
    r"ExpandDims|Slice|Split|BroadcastTo|Tile|Repeat|Flip|Cast|Moveaxis|Swapaxes|Identity": "shape",
}  # fmt: skip
"""Patterns of classes to categories; the first that fits is taken."""


def category_of(kind: str) -> str:
    """The category of a class of Keras."""
    return next((category for pattern, category in CATEGORIES.items() if re.fullmatch(pattern, kind)), "other")


def boxes_of(rows: Sequence[LayerRow], paths: Mapping[str, tuple[GroupName, ...]] | None = None) -> list[Box]:
    """The boxes of layers, then those of the outputs of the model; layers of nested models are in groups.

    `paths` are the groups of layers by name: those of the net that the model was converted from.
    """
    made, keys = _boxes(rows, paths or {}, (), {}, "")
    return made + [
        output_box(f"/{number}", layer, output, keys[layer, output], shape)
        for number, (layer, output, shape) in enumerate(model_outputs(rows))
    ]


def _boxes(
    rows: Sequence[LayerRow],
    paths: Mapping[str, tuple[GroupName, ...]],
    group: tuple[GroupName, ...],
    entries: Mapping[str, tuple[str, str]],
    prefix: str,
) -> tuple[list[Box], dict[tuple[str, int], str]]:
    """The boxes of the layers of a model, and the key of the box that has each of their outputs. `entries` are the
    outputs, key and shape, that a nested model takes, by name of its input layer."""
    made: list[Box] = []
    taken_of = {each[:2] for tensors in (model_outputs(rows), *(row.tensors for row in rows)) for each in tensors}
    keys = {output: f"{prefix}{output[0]}" for output in taken_of} | {(row.name, 0): prefix + row.name for row in rows}
    for row in rows:
        if row.name in entries:
            keys[row.name, 0] = entries[row.name][0]
            continue
        taken = [(keys[tensor.layer, tensor.output], tensor.shape) for tensor in row.tensors]
        own = (*group, *paths.get(row.name, ()))
        if row.layers and len(row.entries) == len(taken):
            given = dict(zip(row.entries, taken, strict=True))
            inner, outputs = _boxes(row.layers, paths, (*own, GroupName(row.name)), given, f"{prefix}{row.name}/")
            made += inner
            for number, tensor in enumerate(row.outputs):
                keys[row.name, number] = outputs.get(
                    (tensor.layer, tensor.output), f"{prefix}{row.name}/{tensor.layer}"
                )
            continue
        made.append(
            Box(prefix + row.name, row.kind, category_of(row.kind), row.name, row.detail, row.output, row.parameters,
                tuple(taken), own)
        )  # fmt: skip
    return made, keys
