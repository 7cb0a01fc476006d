"""Shape inference forward and backward, questions to the user, and errors."""

import numpy as np
import pytest

from netconv.errors import NodeError, ShapeError
from netconv.graph.graph import Edge, Graph, Node
from netconv.graph.partial_shape import ShapeMismatch, apply_reshape_codes, merge
from netconv.graph.tracked_array import TrackedArray
from netconv.ops import registry
from netconv.shapes.parameter_roles import parameters
from netconv.shapes.shape_inference import filled_by_row, forward, infer


def net(*rows, arrays=None, heads=None, hints=None, **attributes):
    """A graph of rows (op, name, inputs, attributes); inputs are names or (name, output). Names that no row defines
    become null nodes; `arrays` has the shapes of stored arrays by name."""
    nodes, index, arrays, hints = [], {}, arrays or {}, hints or {}
    for op, name, inputs, attrs in rows:
        pairs = [(i, 0) if isinstance(i, str) else i for i in inputs]
        for source, _ in pairs:
            if source not in index:
                index[source] = len(nodes)
                nodes.append(Node("null", source, hints=hints.get(source, {})))
        subgraphs = attrs.pop("subgraphs", ()) if isinstance(attrs, dict) else ()
        edges = tuple(Edge(index[source], k) for source, k in pairs)
        index[name] = len(nodes)
        nodes.append(Node(op, name, {k: str(v) for k, v in attrs.items()}, edges, subgraphs=subgraphs))
    stored = {index[n]: TrackedArray.parameter(n, np.zeros(shape, "float32")) for n, shape in arrays.items()}
    last = [Edge(index[h]) for h in heads or [rows[-1][1]]]
    return Graph(tuple(nodes), tuple(last), stored, source="net.json", **attributes)


def shapes_of(graph, given=None, **options):
    """The shapes of the inputs by name."""
    return {graph.nodes[i].name: shape for i, shape in infer(graph, given, **options).inputs.items()}


def head(graph, **given):
    names = {node.name: i for i, node in enumerate(graph.nodes)}
    return forward(graph, {names[n]: shape for n, shape in given.items()})[graph.heads[0]]


def conv(name, data, filters, kernel=(5, 5), **attrs):
    return ("Convolution", name, [data, f"{name}_w", f"{name}_b"], {"kernel": kernel, "num_filter": filters, **attrs})


def dense(name, data, units, **attrs):
    return ("FullyConnected", name, [data, f"{name}_w", f"{name}_b"], {"num_hidden": units, **attrs})


def pool(name, data, **attrs):
    return ("Pooling", name, [data], {"kernel": (2, 2), "stride": (2, 2), "pool_type": "max", **attrs})


def lenet():
    return net(
        conv("c1", "data", 6),
        ("Activation", "a1", ["c1"], {"act_type": "relu"}),
        pool("p1", "a1"),
        conv("c2", "p1", 8),
        pool("p2", "c2"),
        ("Flatten", "flat", ["p2"], {}),
        dense("fc", "flat", 10),
        arrays={"c1_w": (6, 1, 5, 5), "c1_b": (6,), "c2_w": (8, 6, 5, 5), "c2_b": (8,), "fc_w": (10, 128),
                "fc_b": (10,)},
    )  # fmt: skip


ONE_OP = [
    # op, attributes, shapes of the inputs, shape of the output
    ("Convolution", {"kernel": (3, 3), "num_filter": 4, "stride": (2, 2), "pad": (1, 1)}, [(None, 3, 28, 29)],
     (None, 4, 14, 15)),
    ("Convolution", {"kernel": (3,), "num_filter": 4, "dilate": (2,)}, [(2, 3, 9)], (2, 4, 5)),
    ("Deconvolution", {"kernel": (4, 4), "num_filter": 6, "stride": (2, 2), "pad": (1, 1)}, [(2, 5, 6, None)],
     (2, 6, 12, None)),
    ("Deconvolution", {"kernel": (3,), "num_filter": 2, "stride": (2,), "pad": (1,), "adj": (1,)}, [(2, 5, 6)],
     (2, 2, 12)),
    ("Deconvolution", {"kernel": (3,), "num_filter": 2, "stride": (2,), "target_shape": (11,)}, [(2, 5, 6)],
     (2, 2, 11)),
    ("Pooling", {"kernel": (3, 3), "stride": (2, 2)}, [(2, 3, 8, 9)], (2, 3, 3, 4)),
    ("Pooling", {"kernel": (3, 3), "stride": (2, 2), "pooling_convention": "full"}, [(2, 3, 8, 9)], (2, 3, 4, 4)),
    ("Pooling", {"kernel": (2,), "stride": (2,), "pooling_convention": "same"}, [(2, 3, 9)], (2, 3, 5)),
    ("Pooling", {"global_pool": "True"}, [(2, 3, 8, 9)], (2, 3, 1, 1)),
    ("Pooling", {"kernel": (3, 2), "stride": (2, 2), "layout": "NHWC"}, [(2, 8, 9, 3)], (2, 3, 4, 3)),
    ("FullyConnected", {"num_hidden": 7}, [(None, 3, 4)], (None, 7)),
    ("FullyConnected", {"num_hidden": 7, "flatten": "False"}, [(None, 3, 4)], (None, 3, 7)),
    ("Flatten", {}, [(None, 3, 4)], (None, 12)),
    ("Flatten", {}, [(2, 3, None)], (2, None)),
    ("transpose", {"axes": (0, 2, 1)}, [(2, 3, 4)], (2, 4, 3)),
    ("transpose", {}, [(2, 3, 4)], (4, 3, 2)),
    ("SwapAxis", {"dim1": 0, "dim2": 1}, [(None, 3, 4)], (3, None, 4)),
    ("expand_dims", {"axis": -1}, [(2, 3)], (2, 3, 1)),
    ("squeeze", {"axis": (0,)}, [(1, 3)], (3,)),
    ("Concat", {"dim": 1}, [(None, 3), (None, 4)], (None, 7)),
    ("stack", {"axis": 1}, [(2, 3), (2, 3)], (2, 2, 3)),
    ("SliceChannel", {"num_outputs": 3}, [(2, 6)], (2, 2)),
    ("SliceChannel", {"num_outputs": 3, "squeeze_axis": 1}, [(2, 3, 5)], (2, 5)),
    ("slice", {"begin": "(None, 4)", "end": "(None, 0)", "step": "(None, -2)"}, [(2, 6)], (2, 2)),
    ("slice_axis", {"axis": 1, "begin": 1, "end": "None"}, [(2, 6)], (2, 5)),
    ("slice_like", {"axes": (1,)}, [(2, 6), (1, 4)], (2, 4)),
    ("Pad", {"mode": "constant", "pad_width": (0, 0, 1, 2)}, [(2, None)], (2, None)),
    ("Crop", {"h_w": (3, 4)}, [(2, 5, 8, 8)], (2, 5, 3, 4)),
    ("UpSampling", {"scale": 2, "sample_type": "nearest"}, [(2, 5, 3, None)], (2, 5, 6, None)),
    ("mean", {"axis": (2, 3)}, [(2, 5, None, None)], (2, 5)),
    ("sum", {}, [(2, 5)], (1,)),
    ("max", {"axis": (0,), "exclude": "True", "keepdims": "True"}, [(2, 5, 3)], (2, 1, 1)),
    ("argmax", {"axis": 1}, [(2, 5)], (2,)),
    ("dot", {}, [(2, 3, 4), (4, 5)], (2, 3, 5)),
    ("batch_dot", {"transpose_b": "True"}, [(2, 3, 4), (2, 5, 4)], (2, 3, 5)),
    ("Embedding", {"input_dim": 9, "output_dim": 4}, [(None, 7)], (None, 7, 4)),
    ("one_hot", {"depth": 3}, [(None,)], (None, 3)),
    ("take", {"axis": 0}, [(5, 6), (2, 3)], (2, 3, 6)),
    ("SequenceLast", {}, [(7, None, 4)], (None, 4)),
    ("RNN", {"mode": "lstm", "state_size": 5, "num_layers": 2, "bidirectional": "True"}, [(7, None, 4)], (7, None, 10)),
    ("broadcast_add", {}, [(None, 3, 1), (4,)], (None, 3, 4)),
    ("broadcast_axis", {"axis": (1,), "size": (3,)}, [(2, 1)], (2, 3)),
    ("broadcast_to", {"shape": (0, 3)}, [(2, 1)], (2, 3)),
    ("reshape_like", {"lhs_begin": 0, "lhs_end": 1, "rhs_begin": 0, "rhs_end": 2}, [(6, 5), (2, 3, 9)], (2, 3, 5)),
    ("tile", {"reps": (2, 1, 2)}, [(2, 3)], (2, 2, 6)),
    ("depth_to_space", {"block_size": 2}, [(2, 8, 3, 3)], (2, 2, 6, 6)),
    ("LeakyReLU", {"act_type": "prelu"}, [(2, 3, 4)], (2, 3, 4)),
    ("LayerNorm", {}, [(2, 3, 4)], (2, 3, 4)),
    ("_linalg_inverse", {}, [(None, 3, None)], (None, 3, 3)),
    ("_linalg_det", {}, [(None, 3, 3)], (None,)),
    ("_linalg_trsm", {"rightside": "True"}, [(2, 3, 3), (None, 5, None)], (2, 5, 3)),
    ("_linalg_gemm", {"transpose_a": "True"}, [(2, 4, 3), (2, 4, 5), (2, None, 5)], (2, 3, 5)),
    ("_linalg_syrk", {"transpose": "True"}, [(2, 4, 3)], (2, 3, 3)),
    ("khatri_rao", {}, [(2, None), (3, 4)], (6, 4)),
    ("SequenceMask", {}, [(7, None, 4), (3,)], (7, 3, 4)),
    ("softmax", {"use_length": "True", "axis": 1}, [(None, 5), (3,)], (3, 5)),
    ("log_softmax", {}, [(None, 5)], (None, 5)),
    ("pick", {"axis": 1}, [(None, 5), (3,)], (3,)),
    ("batch_take", {}, [(None, 5), (3,)], (3,)),
    ("scatter_nd", {"shape": (4, 5)}, [(3,), (2, 3)], (4, 5)),
    ("where", {}, [(None,), (3, 4), (3, 4)], (3, 4)),
    ("reverse", {"axis": (1,)}, [(None, 4)], (None, 4)),
    ("_split_v2", {"indices": (), "axis": 0, "sections": 3}, [(7, 2)], (3, 2)),
    ("BilinearSampler", {}, [(None, 3, 8, 8), (2, 2, 4, 5)], (2, 3, 4, 5)),
    ("GridGenerator", {"transform_type": "affine", "target_shape": (4, 5)}, [(None, 6)], (None, 2, 4, 5)),
    ("GridGenerator", {"transform_type": "warp"}, [(None, 2, 4, 5)], (None, 2, 4, 5)),
    ("_contrib_BilinearResize2D", {"height": 4, "width": 5}, [(None, 3, None, None)], (None, 3, 4, 5)),
    ("ROIPooling", {"pooled_size": (2, 3), "spatial_scale": 1}, [(1, 8, 9, 9), (5, 5)], (5, 8, 2, 3)),
    ("_contrib_MultiBoxPrior", {"sizes": (1, 2), "ratios": (1, 2, 3)}, [(1, 8, 3, 5)], (1, 60, 4)),
    ("_contrib_MultiBoxDetection", {}, [(None, 3, 6), (2, None), (1, None, 4)], (2, 6, 6)),
    ("_contrib_box_iou", {}, [(2, 3, 4), (5, 4)], (2, 3, 5)),
    ("_contrib_box_nms", {}, [(None, 9, 6)], (None, 9, 6)),
    ("_image_to_tensor", {}, [(None, 4, 5, 3)], (None, 3, 4, 5)),
    ("_contrib_interleaved_matmul_selfatt_qk", {"heads": 2}, [(5, 3, 24)], (6, 5, 5)),
    ("_contrib_interleaved_matmul_encdec_qk", {"heads": 2}, [(4, 3, 8), (5, 3, 16)], (6, 4, 5)),
    ("_contrib_interleaved_matmul_selfatt_valatt", {"heads": 2}, [(5, 3, 24), (6, 5, 5)], (5, 3, 8)),
    ("_contrib_DeformableConvolution", {"kernel": (3, 3), "num_filter": 6}, [(None, 4, 8, 8), (2, 18, 6, 6)],
     (2, 6, 6, 6)),
    ("_npi_multiply_scalar", {"scalar": 2}, [(None, 3)], (None, 3)),
    ("_npi_subtract", {}, [(None, 3, 1), (4,)], (None, 3, 4)),
    ("_npi_concatenate", {"axis": -1}, [(None, 3), (None, 4)], (None, 7)),
    ("_npi_concatenate", {"axis": "None"}, [(2, 3), (2, 4)], (14,)),
    ("_npi_stack", {"axis": 1}, [(2, 3), (2, 3)], (2, 2, 3)),
    ("_npi_mean", {"axis": (2, 3), "keepdims": "True"}, [(None, 5, None, None)], (None, 5, 1, 1)),
    ("_np_sum", {"axis": 1}, [(None, 5, 2)], (None, 2)),
    ("_np_sum", {}, [(None, 5)], ()),
    ("_np_max", {"axis": (0, 1)}, [(2, 5)], ()),
    ("_np_transpose", {"axes": (0, 2, 1)}, [(2, 3, 4)], (2, 4, 3)),
    ("_np_transpose", {}, [(2, 3, 4)], (4, 3, 2)),
    ("_np_reshape", {"newshape": (-1, 12)}, [(None, 3, 4)], (None, 12)),
    ("_npx_reshape", {"newshape": (-2, -5)}, [(None, 3, 4)], (None, 12)),
    ("_npx_reshape", {"newshape": (-2, -6, 3, -1, -4)}, [(None, 12, 4)], (None, 3, 4, 4)),
    ("_npx_reshape", {"newshape": (-1, -2), "reverse": "True"}, [(10, 5, 4)], (50, 4)),
]  # fmt: skip


@pytest.mark.parametrize(("op", "attrs", "shapes", "want"), ONE_OP, ids=[f"{r[0]}-{i}" for i, r in enumerate(ONE_OP)])
def test_a_rule_infers_the_shape_of_the_output(op, attrs, shapes, want):
    names = [f"x{i}" for i in range(len(shapes))]
    stored = [i.name for i in registry.load()[op].inputs[len(shapes) :] if i.stored and not i.optional]
    graph = net((op, "y", [*names, *stored], dict(attrs)))
    assert head(graph, **dict(zip(names, shapes, strict=True))) == want


def test_zeros_leave_the_frozen_batch_size_open():
    assert head(net(("_zeros", "z", [], {"shape": (2, 6)}))) == (None, 6)


RESHAPES = [
    ((None, 3, 4), (0, -1), False, (None, 12)),
    ((None, 3, 4), (-1, 12), False, (None, 12)),
    ((2, None, 4), (0, 0, -1), False, (2, None, 4)),
    ((2, 3, 4), (-2,), False, (2, 3, 4)),
    ((2, 3, 4), (-3, -2), False, (6, 4)),
    ((None, 3, 4), (-3, -2), False, (None, 4)),
    ((6, 4), (-4, 2, -1, 0), False, (2, 3, 4)),
    ((None, 4), (-4, -1, 3, -2), False, (None, 3, 4)),
    ((10, 5, 4), (-1, 0), False, (40, 5)),
    ((10, 5, 4), (-1, 0), True, (50, 4)),
    (None, (-1, 5, 2), False, (None, 5, 2)),
    (None, (0, -2), False, None),
]


@pytest.mark.parametrize(("shape", "codes", "reverse", "want"), RESHAPES)
def test_reshape_follows_every_code(shape, codes, reverse, want):
    assert apply_reshape_codes(shape, codes, reverse) == want


@pytest.mark.parametrize(
    ("shape", "codes", "text"),
    [
        ((2, 3), (4, -1), "data of shape (2, 3) do not fit attribute 'shape'"),
        ((2, 3), (7,), "data of shape (2, 3) do not fit attribute 'shape'"),
        ((2,), (0, 0), "attribute 'shape' asks for more axes than (2,) has"),
        ((2, 3), (-1, -1), "attribute 'shape' may have one -1"),
        ((2, 3), (-4, -1, -1, 0), "-4 in attribute 'shape' must be followed by two lengths"),
        ((2, 3), (-7,), "attribute 'shape' has an unknown code"),
    ],
)
def test_reshape_errors(shape, codes, text):
    with pytest.raises(ShapeMismatch) as caught:
        apply_reshape_codes(shape, codes)
    assert str(caught.value) == text


def test_merge_combines_two_shapes():
    assert merge((None, 3), (2, None)) == (2, 3)
    with pytest.raises(ShapeMismatch):
        merge((2, 3), (2, 4))


# Inferred from the parameters.


def test_a_dense_net_takes_the_fan_in_of_its_first_layer():
    graph = net(
        ("BatchNorm", "bn", ["x", "g", "b", "m", "v"], {}),
        dense("fc", "bn", 20),
        arrays={"g": (24,), "b": (24,), "m": (24,), "v": (24,), "fc_w": (20, 24), "fc_b": (20,)},
    )
    inferred = infer(graph)
    assert inferred.inputs == {0: (None, 24)}
    assert inferred.notes == ("x: shape (?, 24) inferred from the parameters",)


def test_the_size_of_an_image_is_searched():
    inferred = infer(lenet())
    assert list(inferred.inputs.values()) == [(None, 1, 28, 28)]
    assert inferred.notes == (
        "data: shape (?, 1, 28, 28) inferred from the parameters "
        "(sizes from 29 x 29 to 31 x 31 fit too; input_shapes={'data': (None, 1, 29, 29)} takes one)",
    )


def test_of_possible_sizes_one_that_halves_often_is_chosen():
    graph = net(
        conv("c", "data", 4, (3, 3)),
        pool("p", "c", pooling_convention="full"),
        pool("q", "p"),
        dense("fc", "q", 2),
        arrays={"c_w": (4, 3, 3, 3), "c_b": (4,), "fc_w": (2, 4 * 5 * 5), "fc_b": (2,)},
    )
    assert shapes_of(graph) == {"data": (None, 3, 24, 24)}


def test_a_single_other_size_is_reported():
    graph = net(conv("c", "data", 4, (3, 3)), pool("p", "c"), dense("fc", "p", 2),
                arrays={"c_w": (4, 3, 3, 3), "c_b": (4,), "fc_w": (2, 36), "fc_b": (2,)})  # fmt: skip
    assert infer(graph).notes == (
        "data: shape (?, 3, 8, 8) inferred from the parameters (9 x 9 fits too; "
        "input_shapes={'data': (None, 3, 9, 9)} takes it)",
    )


def test_a_net_that_fits_every_size_leaves_the_axes_open():
    graph = net(conv("c", "data", 4), pool("p", "c", global_pool="True"), dense("fc", "p", 2),
                arrays={"c_w": (4, 3, 5, 5), "c_b": (4,), "fc_w": (2, 4), "fc_b": (2,)})  # fmt: skip
    assert shapes_of(graph) == {"data": (None, 3, None, None)}


def test_the_length_of_a_signal_is_searched():
    graph = net(
        ("Convolution", "c", ["x", "w"], {"kernel": "(5)", "num_filter": 4, "stride": "(2)", "no_bias": "True"}),
        dense("fc", "c", 2),
        arrays={"w": (4, 3, 5), "fc_w": (2, 40), "fc_b": (2,)},
    )
    assert shapes_of(graph) == {"x": (None, 3, 24)}


def test_a_reshape_of_an_image_keeps_its_examples_separate():
    graph = net(
        conv("c", "data", 4, (3, 3)),
        ("Reshape", "r", ["c"], {"shape": (-1, 400)}),
        dense("fc", "r", 2),
        arrays={"c_w": (4, 3, 3, 3), "c_b": (4,), "fc_w": (2, 400), "fc_b": (2,)},
    )
    assert shapes_of(graph) == {"data": (None, 3, 12, 12)}


def test_steps_may_be_merged_into_the_batch():
    graph = net(
        ("SwapAxis", "s", ["x"], {"dim1": 0, "dim2": 1}),
        ("RNN", "rnn", ["s", "p", "h"], {"mode": "gru", "state_size": 6, "num_layers": 1}),
        ("Reshape", "r", ["rnn"], {"shape": (-1, 6)}),
        dense("fc", "r", 2),
        arrays={"p": (3 * 6 * (4 + 6 + 2),), "fc_w": (2, 6), "fc_b": (2,)},
    )
    assert shapes_of(graph) == {"x": (None, None, 4), "h": (1, None, 6)}


def test_a_recurrent_net_of_mathematica_has_states_of_batch_and_units():
    graph = net(
        ("SwapAxis", "4$0", ["Input"], {"dim1": 0, "dim2": 1}),
        ("expand_dims", "4$1", ["4.State"], {"axis": 0}),
        ("expand_dims", "4$2", ["4.CellState"], {"axis": 0}),
        ("RNN", "4$3", ["4$0", "Nodes", "4$1", "4$2"], {"state_size": 5, "num_layers": 1, "mode": "lstm"}),
        ("SequenceLast", "4$4", ["4$3"], {}),
        arrays={"Nodes": (4 * 5 * (2 + 5 + 2),)},
    )
    assert shapes_of(graph) == {"Input": (None, None, 2), "4.State": (None, 5), "4.CellState": (None, 5)}
    states = [i for i in graph.inputs() if graph.nodes[i].name != "Input"]
    assert infer(graph, zeros=states).notes == ("Input: shape (?, ?, 2) inferred from the parameters",)


def test_separate_steps_determine_the_length_of_a_sequence():
    graph = net(
        ("SliceChannel", "cut", ["x"], {"num_outputs": 3, "squeeze_axis": 1}),
        *(("FullyConnected", f"f{t}", [("cut", t), "w", "b"], {"num_hidden": 4}) for t in range(3)),
        ("add_n", "sum", ["f0", "f1", "f2"], {}),
        arrays={"w": (4, 7), "b": (4,)},
    )
    assert shapes_of(graph) == {"x": (None, 3, 7)}


def test_a_net_map_has_an_axis_of_steps():
    graph = net(
        ("Reshape", "m", ["Input"], {"shape": (-3, -2)}),
        dense("fc", "m", 4),
        ("reshape_like", "l", ["fc", "Input"], {"lhs_begin": 0, "lhs_end": 1, "rhs_begin": 0, "rhs_end": 2}),
        arrays={"fc_w": (4, 6), "fc_b": (4,)},
    )
    assert shapes_of(graph) == {"Input": (None, None, 6)}


def test_words_become_rows_of_an_embedding():
    graph = net(
        ("Embedding", "e", ["words", "table"], {"input_dim": 30, "output_dim": 8}),
        dense("fc", "e", 2),
        arrays={"table": (30, 8), "fc_w": (2, 40), "fc_b": (2,)},
    )
    assert shapes_of(graph) == {"words": (None, 5)}
    assert shapes_of(net(("Embedding", "e", ["x", "t"], {"input_dim": 3, "output_dim": 2}), arrays={"t": (3, 2)})) == {
        "x": (None, None)
    }


def test_a_stored_operand_determines_the_features():
    graph = net(("broadcast_mul", "k", ["x", "scale"], {}), arrays={"scale": (1, 3, 2)})
    assert shapes_of(graph) == {"x": (None, 3, 2)}


def test_shapes_are_inferred_inside_loops():
    step = net(
        ("Concat", "c", ["x", "h"], {"dim": 1}),
        ("FullyConnected", "f", ["c", "w", "b"], {"num_hidden": 4}),
        ("tanh", "t", ["f"], {}),
        heads=["t", "t"],
    )
    attrs = {"in_data_locs": "[0]", "in_state_locs": "[1]", "remain_locs": "[2, 3]", "num_args": 5, "num_outputs": 2,
             "num_out_data": 1, "subgraphs": (step,)}  # fmt: skip
    graph = net(("_foreach", "loop", ["data", "h0", "w", "b"], attrs), arrays={"w": (4, 7), "b": (4,)})
    assert shapes_of(graph) == {"data": (None, None, 3), "h0": (None, 4)}
    assert head(graph, data=(5, 2, 3), h0=(2, 4)) == (5, 2, 4)
    assert sorted(parameters(net(("_foreach", "loop", ["data", "h0", "w", "b"], dict(attrs, subgraphs=(step,)))))) == [
        2,
        3,
    ]


def test_a_hint_determines_a_shape_but_not_the_batch_size():
    graph = net(("relu", "r", ["x"], {}), hints={"x": {"shape": "(64, 3, 0)"}})
    assert shapes_of(graph) == {"x": (None, 3, None)}
    assert shapes_of(graph, {"x": (None, 4)}) == {"x": (None, 4)}


def test_given_shapes_determine_the_others():
    assert shapes_of(lenet(), {"data": (8, 1, 29, 0)}) == {"data": (8, 1, 29, 28)}
    assert infer(lenet(), {"data": (None, 1, 28, 28)}).notes == ()
    assert shapes_of(lenet(), {"label": (None,), "data": (None, 1, 30, 30)}, ignored={"label"})["data"] == (
        None,
        1,
        30,
        30,
    )


def test_parameters_without_arrays_get_their_shapes():
    graph = net(
        conv("c", "data", 6, (3, 3), num_group=2),
        ("BatchNorm", "bn", ["c", "g", "b", "m", "v"], {}),
        ("LeakyReLU", "act", ["bn", "slope"], {"act_type": "prelu"}),
        dense("fc", "act", 2),
    )
    inferred = infer(graph, {"data": (None, 4, 5, 5)})
    assert {graph.nodes[i].name: shape for i, shape in inferred.arrays.items()} == {
        "c_w": (6, 2, 3, 3), "c_b": (6,), "g": (6,), "b": (6,), "m": (6,), "v": (6,), "slope": (6,),
        "fc_w": (2, 54), "fc_b": (2,),
    }  # fmt: skip


def test_the_concatenated_weights_of_a_recurrent_layer_are_inferred_separately():
    rows, parts = [], {"li": "(12, 0)", "lh": "(12, 3)", "ri": "(12, 0)", "rh": "(12, 3)", "lb": "(24,)", "rb": "(24,)"}
    for part in parts:
        rows.append(("Reshape", f"{part}_flat", [part], {"shape": "(-1)"}))
    graph = net(
        *rows,
        ("Concat", "all", [f"{part}_flat" for part in parts], {"dim": 0}),
        ("RNN", "rnn", ["x", "all", "h", "c"], {"mode": "lstm", "state_size": 3, "num_layers": 1, "bidirectional": 1}),
        hints={part: {"shape": shape} for part, shape in parts.items()},
    )
    inferred = infer(graph, {"x": (None, None, 5)})
    assert {graph.nodes[i].name: s for i, s in inferred.arrays.items()} == {
        "li": (12, 5), "lh": (12, 3), "ri": (12, 5), "rh": (12, 3), "lb": (24,), "rb": (24,)
    }  # fmt: skip


def test_a_parameter_is_recognized_by_its_position_or_its_hint():
    graph = net(dense("fc", "x", 3), ("broadcast_mul", "k", ["fc", "scale"], {}), hints={"scale": {"init": "ones"}})
    assert [graph.nodes[i].name for i in parameters(graph)] == ["fc_w", "fc_b", "scale"]


# Questions and errors.


def rejected(kind, graph, given=None):
    with pytest.raises(kind) as caught:
        infer(graph, given)
    return str(caught.value)


@pytest.mark.parametrize(
    "shape, row, filled",
    [
        (None, (5,), (None, 5)),
        ((None, None), (5,), (None, 5)),
        ((None, None), (28, 28), (None, 784)),
        ((None, None, None), (28, 20), (None, 28, 20)),
        ((None, None, None), (784,), (None, 28, 28)),
        ((None, None, 7), (784,), (None, 112, 7)),
        ((None, None, None, None), (28, 20), (None, 1, 28, 20)),
        ((None, None, None, None), (784,), (None, 1, 28, 28)),
        ((None, None, None, None), (3 * 49,), (None, 3, 7, 7)),
        ((None, 2, None, None), (98,), (None, 2, 7, 7)),
        ((None, None, 7, 7), (49,), (None, 1, 7, 7)),
        ((None, None, None), (5,), None),
        ((None, None, 7), (5,), None),
        ((None, None, None, None), (5,), None),
    ],
)
def test_a_row_of_data_fills_open_axes(shape, row, filled):
    assert filled_by_row(shape, row) == filled


def test_data_determine_the_shape_of_the_only_unknown_input():
    graph = net(conv("c", "data", 4), ("Flatten", "f", ["c"], {}), dense("fc", "f", 10))
    inferred = infer(graph, row=(784,))
    assert inferred.inputs == {0: (None, 1, 28, 28)}
    assert inferred.arrays[graph.inputs()[3]] == (10, 4 * 24 * 24)
    assert inferred.notes == ("data: shape (?, 1, 28, 28) inferred from the data",)
    assert shapes_of(lenet(), row=(7,)) == shapes_of(lenet())
    assert infer(graph, rows={"data": (784,)}) == inferred
    with pytest.raises(ShapeError) as caught:
        infer(graph, row=(5,))
    assert str(caught.value) == (
        "net.json: input 'data' of shape (?, ?, ?, ?) cannot be filled by rows of shape (5,); give it with "
        "input_shapes="
    )


def test_an_unknown_shape_is_one_question():
    assert rejected(ShapeError, net(("relu", "r", ["x"], {}))) == (
        "net.json: the shape of input 'x' cannot be inferred; give for example input_shapes={'x': (None, 10)}"
    )
    graph = net(("relu", "r", ["x"], {}), ("tile", "s", ["r"], {"reps": "(1, 1, 1, 1)"}), conv("c", "s", 2))
    assert rejected(ShapeError, graph) == (
        "net.json: the shape of input 'x' cannot be inferred; give for example input_shapes={'x': (None, 3, 224, 224)}"
    )
    assert rejected(ShapeError, net(dense("fc", "x", 2))) == (
        "net.json: the size of axis 1 of input 'x' of shape (?, ?) cannot be inferred; give for example "
        "input_shapes={'x': (None, 10)}"
    )
    assert rejected(ShapeError, net(conv("c", "x", 2), dense("fc", "c", 2))) == (
        "net.json: the sizes of axes 1, 2 and 3 of input 'x' of shape (?, ?, ?, ?) cannot be inferred; give for "
        "example input_shapes={'x': (None, 3, 224, 224)}"
    )


def test_a_net_that_no_square_fits_asks_for_the_sizes():
    graph = net(conv("c", "x", 1, (3, 3)), dense("fc", "c", 2),
                arrays={"c_w": (1, 3, 3, 3), "c_b": (1,), "fc_w": (2, 12), "fc_b": (2,)})  # fmt: skip
    assert rejected(ShapeError, graph) == (
        "net.json: the sizes of axes 2 and 3 of input 'x' of shape (?, 3, ?, ?) cannot be inferred: no square size "
        "was found that fits the parameters, but 5 x 6 does; give for example "
        "input_shapes={'x': (None, 3, 5, 6)}"
    )
    assert shapes_of(graph, {"x": (None, 3, 5, 6)}) == {"x": (None, 3, 5, 6)}


def test_a_parameter_of_unknown_shape_is_named():
    graph = net(dense("fc", "x", 3), ("broadcast_mul", "k", ["fc", "scale"], {}), hints={"scale": {"init": "ones"}})
    assert (
        rejected(ShapeError, graph, {"x": (None, 2)}) == "net.json: the shape of parameter 'scale' cannot be inferred"
    )


def test_a_wrong_name_lists_the_inputs():
    assert rejected(ShapeError, lenet(), {"image": (None, 1, 28, 28)}) == (
        "net.json: there is no input 'image'; the inputs are 'data'"
    )


@pytest.mark.parametrize("shape", [7, ("a",), (None, 1.5)])
def test_a_given_shape_consists_of_integers(shape):
    assert rejected(ShapeError, lenet(), {"data": shape}) == (
        f"net.json: the shape of input 'data' must be integers, or None where a size is unknown; received {shape!r}"
    )


def test_a_given_shape_that_does_not_fit_names_the_node():
    assert rejected(ShapeError, lenet(), {"data": (None, 1, 32, 32)}) == (
        "net.json: the given input shapes do not fit (data=(?, 1, 32, 32)): FullyConnected node 'fc': weight must have "
        "shape (10, 200) for data of shape (?, 200); received (10, 128)"
    )
    assert rejected(ShapeError, lenet(), {"data": (None, 784)}) == (
        "net.json: the given input shapes do not fit (data=(?, 784)): Convolution node 'c1': data must have shape "
        "(?, 1, ?, ?); received (?, 784)"
    )
    assert rejected(ShapeError, lenet(), {"data": (None, 1, 3, 3)}) == (
        "net.json: the given input shapes do not fit (data=(?, 1, 3, 3)): Convolution node 'c1': the kernel of 5 is "
        "longer than the data; received 3"
    )


def test_a_given_shape_without_the_batch_axis():
    """Only one that fits with it is proposed."""
    assert rejected(ShapeError, lenet(), {"data": (1, 28, 28)}) == (
        "net.json: the given input shapes do not fit (data=(1, 28, 28) with 3 axes); with the batch axis first they "
        "do: input_shapes={'data': (None, 1, 28, 28)}"
    )
    assert rejected(ShapeError, lenet(), {"data": (784,)}).startswith(
        "net.json: the given input shapes do not fit (data=(784,)): Convolution node 'c1': "
    )


def before_a_convolution(operand, *between, op="broadcast_sub", channels=3, arrays=None, first=("x", "p")):
    """A stored array with shape `operand`, combined with the data before a convolution of `channels`."""
    rows = ((op, "s", list(first), {}), *between)
    rows = (*rows, conv("c", rows[-1][1], 4, (3, 3)))
    arrays = {"c_w": (4, channels, 3, 3), "c_b": (4,), "p": operand, **(arrays or {})}
    read = {name for row in rows for name in row[2]}
    return net(*rows, arrays={name: shape for name, shape in arrays.items() if name in read})


SINGLE = [(1, 3, 1, 1), (3, 1, 1), (1,), (1, 1), (1, 1, 1), (1, 1, 1, 1), (1, 3, 1, 1)]


@pytest.mark.parametrize("operand", SINGLE)
@pytest.mark.parametrize("op", ["broadcast_sub", "broadcast_mul", "broadcast_div", "broadcast_maximum", "_npi_add"])
@pytest.mark.parametrize("first", [("x", "p"), ("p", "x")])
def test_a_stored_length_of_1_implies_nothing(operand, op, first):
    assert shapes_of(before_a_convolution(operand, op=op, first=first)) == {"x": (None, 3, None, None)}


BETWEEN = [
    [("Pad", "p0", ["s"], {"mode": "edge", "pad_width": (0, 0, 0, 0, 1, 1, 1, 1)})],
    [("Pad", "p0", ["s"], {"mode": "constant", "pad_width": (0, 0, 0, 0, 2, 1, 0, 1)})],
    [("Pad", "p0", ["s"], {"mode": "reflect", "pad_width": (0, 0, 0, 0, 1, 1, 1, 1)})],
    [("broadcast_div", "d", ["s", "std"], {})],
    [
        ("broadcast_div", "d", ["s", "std"], {}),
        ("Pad", "p0", ["d"], {"mode": "edge", "pad_width": (0,) * 4 + (1,) * 4}),
    ],
    [("UpSampling", "u", ["s"], {"scale": 2, "sample_type": "nearest"})],
    [pool("q", "s")],
    [("Crop", "k", ["s"], {"h_w": (24, 24), "num_args": 1})],
    [("Crop", "k", ["s", "like"], {"num_args": 2})],
    [("slice", "k", ["s"], {"begin": "(None, None, 2)", "end": "(None, None, -2)"})],
    [("slice_axis", "k", ["s"], {"axis": 2, "begin": 0, "end": -1})],
    [("_mul_scalar", "m", ["s"], {"scalar": 2}), ("clip", "k", ["m"], {"a_min": 0, "a_max": 1})],
    [("_greater_scalar", "g", ["x"], {"scalar": 0}), ("where", "w", ["g", "x", "s"], {})],
    [("_contrib_BilinearResize2D", "k", ["s"], {"height": 16, "width": 16})],
    [("_contrib_AdaptiveAvgPooling2D", "k", ["s"], {"output_size": (7, 7)})],
]


@pytest.mark.parametrize("between", BETWEEN, ids=["-".join(row[0] for row in rows) for rows in BETWEEN])
@pytest.mark.parametrize("operand", [(1, 3, 1, 1), (3, 1, 1), (1,)])
def test_ops_in_between_keep_the_size_open(between, operand):
    graph = before_a_convolution(operand, *between, arrays={"std": (1,), "like": (1, 1, 20, 20)})
    assert shapes_of(graph) == {"x": (None, 3, None, None)}


@pytest.mark.parametrize(
    ("rows", "channels", "size"),
    [
        ([("Deconvolution", "d", ["s", "d_w"], {"kernel": (2, 2), "num_filter": 4, "no_bias": 1})], 5, (None, None)),
        ([("Concat", "d", ["x", "s"], {"dim": 1}), conv("c", "d", 4, (3, 3))], 3, (None, None)),
        ([("depth_to_space", "d", ["s"], {"block_size": 2}), conv("e", "d", 4, (3, 3))], 12, (None, None)),
        ([("space_to_depth", "d", ["s"], {"block_size": 2}), conv("h", "d", 4, (3, 3))], 3, (None, None)),
        ([conv("e", "s", 4, (3, 3), pad=(1, 1)), dense("fc", "e", 10)], 3, (28, 28)),
        ([("Pad", "d", ["s"], {"mode": "edge", "pad_width": (0,) * 4 + (1,) * 4}), conv("e", "d", 4, (3, 3)),
          dense("fc", "e", 10)], 3, (28, 28)),
        ([pool("q", "s"), conv("e", "q", 4, (3, 3), pad=(1, 1)), dense("fc", "e", 10)], 3, (56, 56)),
        ([conv("e", "s", 4, (3, 3)), pool("q", "e", global_pool="True"), dense("g", "q", 2)], 3, (None, None)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("scale", [(1,), (1, 1, 1), (1, 1, 1, 1)])
def test_later_parameters_determine_channels_and_size(rows, channels, size, scale):
    arrays = {"p": scale, "d_w": (5, 4, 2, 2), "c_w": (4, 6, 3, 3), "c_b": (4,), "e_w": (4, 3, 3, 3), "e_b": (4,),
              "h_w": (4, 12, 3, 3), "h_b": (4,), "fc_w": (10, 3136), "fc_b": (10,), "g_w": (2, 4),
              "g_b": (2,)}  # fmt: skip
    read = {name for row in rows for name in row[2]} | {"p"}
    arrays = {name: shape for name, shape in arrays.items() if name in read}
    assert shapes_of(net(("broadcast_mul", "s", ["x", "p"], {}), *rows, arrays=arrays)) == {
        "x": (None, channels, *size)
    }


@pytest.mark.parametrize(
    ("operand", "shape"),
    [
        ((4,), (None, 4)),
        ((1, 4), (None, 4)),
        ((3, 1, 1), (None, 3, None, None)),
        ((1, 3, 1, 1), (None, 3, None, None)),
        ((1, 5, 8), (None, 5, 8)),
        ((5, 8), (None, 5, 8)),
    ],
)
def test_stored_arrays_have_no_batch(operand, shape):
    assert shapes_of(net(("broadcast_mul", "s", ["x", "p"], {}), arrays={"p": operand})) == {"x": shape}


# Nets without parameters.


def untrained(*rows, **shapes):
    return net(*rows, hints={name: {"shape": str(shape)} for name, shape in shapes.items()})


def test_only_unknown_channels_are_asked_for():
    rows = (conv("c", "x", 8, (3, 3), stride=(2, 2), pad=(1, 1)), dense("fc", "c", 10))
    graph = untrained(*rows, fc_w=(10, 2048))
    assert rejected(ShapeError, graph) == (
        "net.json: the size of axis 1 of input 'x' of shape (?, ?, 32, 32) cannot be inferred; give for example "
        "input_shapes={'x': (None, 3, 32, 32)}"
    )
    assert shapes_of(graph, row=(1024,)) == {"x": (None, 1, 32, 32)}
    assert shapes_of(graph, {"x": (None, 3, 32, 32)}) == {"x": (None, 3, 32, 32)}
    last = untrained(("transpose", "t", ["x"], {"axes": (0, 3, 1, 2)}),
                     conv("c", "t", 8, (3, 3), stride=(2, 2), pad=(1, 1)), rows[1], fc_w=(10, 2048))  # fmt: skip
    assert rejected(ShapeError, last) == (
        "net.json: the size of axis 3 of input 'x' of shape (?, 32, 32, ?) cannot be inferred; give for example "
        "input_shapes={'x': (None, 32, 32, 3)}"
    )
    line = untrained(("Convolution", "c", ["x", "c_w"], {"kernel": (3,), "num_filter": 4, "no_bias": 1}),
                     dense("fc", "c", 10), fc_w=(10, 40))  # fmt: skip
    assert rejected(ShapeError, line) == (
        "net.json: the size of axis 1 of input 'x' of shape (?, ?, 12) cannot be inferred; give for example "
        "input_shapes={'x': (None, 10, 12)}"
    )


def test_images_have_three_channels_or_one():
    def pooled(features):
        return net(pool("p", "x"), dense("fc", "p", 2), arrays={"fc_w": (2, features), "fc_b": (2,)})

    assert shapes_of(pooled(3 * 14 * 14)) == {"x": (None, 3, 28, 28)}
    assert shapes_of(pooled(14 * 14)) == {"x": (None, 1, 28, 28)}
    assert infer(pooled(14 * 14)).notes == (
        "x: shape (?, 1, 28, 28) inferred from the parameters (29 x 29 fits too; "
        "input_shapes={'x': (None, 1, 29, 29)} takes it)",
    )


def test_channels_that_are_cut_off_are_asked_for():
    graph = net(("slice", "k", ["x"], {"begin": "(None, 0)", "end": "(None, 3)"}), conv("c", "k", 4, (3, 3)),
                arrays={"c_w": (4, 3, 3, 3), "c_b": (4,)})  # fmt: skip
    assert rejected(ShapeError, graph) == (
        "net.json: the size of axis 1 of input 'x' of shape (?, ?, ?, ?) cannot be inferred; give for example "
        "input_shapes={'x': (None, 3, None, None)}"
    )
    assert shapes_of(graph, {"x": (None, 3, None, None)}) == {"x": (None, 3, None, None)}


def test_a_slice_that_any_larger_image_fits_determines_no_size():
    graph = net(("slice", "k", ["x"], {"begin": "(0, 0, 0, 0)", "end": "(None, None, 24, 24)"}),
                conv("c", "k", 4, (3, 3)), dense("fc", "c", 2),
                arrays={"c_w": (4, 3, 3, 3), "c_b": (4,), "fc_w": (2, 4 * 22 * 22), "fc_b": (2,)})  # fmt: skip
    assert rejected(ShapeError, graph) == (
        "net.json: the sizes of axes 2 and 3 of input 'x' of shape (?, 3, ?, ?) cannot be inferred: all sizes from 24 "
        "x 24 "
        "fit; give for example input_shapes={'x': (None, 3, 28, 28)}"
    )


def test_the_width_of_a_line_of_text_stays_open():
    graph = net(
        conv("c", "x", 4, (3, 3), pad=(1, 1)),
        ("transpose", "t", ["c"], {"axes": (3, 0, 1, 2)}),
        ("Reshape", "r", ["t"], {"shape": (0, 0, -1)}),
        ("RNN", "rnn", ["r", "p", "h"], {"mode": "gru", "state_size": 6, "num_layers": 1}),
        arrays={"c_w": (4, 1, 3, 3), "c_b": (4,), "p": (3 * 6 * (4 * 32 + 6 + 2),)},
    )
    assert shapes_of(graph)["x"] == (None, 1, 32, None)


def test_several_inputs_are_one_question():
    graph = net(("relu", "a", ["x"], {}), ("relu", "b", ["y"], {}), ("dot", "d", ["a", "b"], {}))
    assert rejected(ShapeError, graph) == (
        "net.json: the shape of input 'x' cannot be inferred; give for example "
        "input_shapes={'x': (None, 10), 'y': (10, 10)}"
    )


def test_proposed_shapes_work():
    rows = [conv("c0", "x", 2, (1, 1))]
    for k in range(6):
        rows.append(pool(f"p{k}", rows[-1][1], pooling_convention="full"))
    graph = net(*rows, conv("last", "p5", 2, (4, 4), stride=(2, 2)), conv("very", "last", 2, (1, 1)))
    assert "input_shapes={'x': (None, 3, 224, 224)}" in rejected(ShapeError, graph)
    graph = net(*rows, conv("last", "p5", 2, (5, 5)))
    assert "input_shapes={'x': (None, 3, 300, 300)}" in rejected(ShapeError, graph)
    graph = net(("relu", "r", ["x"], {}), ("max", "m", ["r"], {"axis": (2, 3)}))
    assert rejected(ShapeError, graph) == (
        "net.json: the shape of input 'x' cannot be inferred; give for example input_shapes={'x': (None, 3, 224, 224)}"
    )
    graph = net(("Reshape", "r", ["x"], {"shape": (7, 5, 11)}))
    assert rejected(ShapeError, graph) == (
        "net.json: the shape of input 'x' cannot be inferred; input_shapes={'x': '...'} gives it; "
        "no shape that was tried fits"
    )


def test_chosen_shapes_work_with_any_number_of_examples():
    """Batches are cut in two here, so no size works with a single example."""
    graph = net(
        ("slice", "s", ["x"], {"begin": "(0,)", "end": "(None,)"}),
        conv("c", "s", 4, (3, 3), pad=(1, 1)),
        ("Reshape", "r", ["c"], {"shape": (-4, 2, -1, -2)}),
        ("Reshape", "q", ["r"], {"shape": (-3, -2)}),
        dense("fc", "q", 2),
        arrays={"c_w": (4, 3, 3, 3), "c_b": (4,), "fc_w": (2, 4096), "fc_b": (2,)},
    )
    assert rejected(ShapeError, graph) == (
        "net.json: the sizes of axes 2 and 3 of input 'x' of shape (?, 3, ?, ?) cannot be inferred: no square size "
        "was found that fits the parameters; input_shapes={'x': '...'} gives it; no shape that was tried fits"
    )


ONE_NODE = [
    ("Pooling", {"global_pool": "True", "pool_type": "max"}, [(3,)],
     "needs data with a batch, channels and a spatial axis or more; received (3,)"),
    ("FullyConnected", {"num_hidden": 2}, [(), (2, 3), (2,)], "needs data with axes; received ()"),
    ("Convolution", {"kernel": (3,), "num_filter": 4, "num_group": 3}, [(1, 6, 9), (4, 2, 3), (4,)],
     "attribute 'num_group' must divide 4 filters; received 3"),
    ("Pad", {"mode": "constant", "pad_width": ()}, [(2, 3)], "attribute 'pad_width' must have two numbers an axis; "
     "received ()"),
    ("slice", {"begin": (0,), "end": (0,)}, [(2, 3)], "leaves nothing of its data; received (0, 3)"),
    ("Crop", {"num_args": 1, "h_w": (2, 4), "offset": (0, 1)}, [(1, 2, 4, 4)],
     "cannot cut (2, 4) at (0, 1); received (1, 2, 4, 4)"),
    ("Crop", {"num_args": 2, "center_crop": True}, [(1, 2, 3, 3), (1, 2, 4, 2)],
     "cannot cut (4, 2) at (0, 0); received (1, 2, 3, 3)"),
    ("slice", {"begin": (0,), "end": (1, 2)}, [(2, 3)],
     "attributes 'begin', 'end' and 'step' must be equally long; received ((0,), (1, 2), ())"),
    ("slice_axis", {"axis": 1, "begin": 0, "end": 9}, [(2, 3)],
     "attributes 'begin' and 'end' must cut something of 3; received (0, 9)"),
    ("broadcast_axis", {"axis": (0, 1), "size": (2,)}, [(1, 1)],
     "attributes 'axis' and 'size' must be equally long; received ((0, 1), (2,))"),
    ("broadcast_axis", {"axis": (0,), "size": (2,)}, [(3, 1)],
     "data must have shape (1, 1); received (3, 1)"),
    ("broadcast_to", {"shape": (2, 5)}, [(2, 3)],
     "data of shape (2, 3) cannot be broadcast to attribute 'shape'; received (2, 5)"),
    ("broadcast_like", {}, [(2, 3), (2, 5)], "data of shape (2, 3) cannot be broadcast to (2, 5)"),
    ("broadcast_like", {"lhs_axes": (0,)}, [(2, 3), (2, 5)],
     "attributes 'lhs_axes' and 'rhs_axes' must be equally long; received ((0,), None)"),
    ("reshape_like", {"lhs_begin": 0, "lhs_end": 1, "rhs_begin": 0, "rhs_end": 2}, [(6, 5), (2, 4)],
     "6 elements do not fill axes of shape (2, 4)"),
    ("sum", {"axis": (1, -1)}, [(2, 3)], "an axis is named twice; received (1, -1)"),
    ("squeeze", {"axis": (1, 1)}, [(2, 1)], "an axis is named twice; received (1, 1)"),
    ("reverse", {"axis": (7,)}, [(2, 3)], "axis must be in [-2, 2); received 7"),
    ("sort", {"axis": 7}, [(2, 3)], "axis must be in [-2, 2); received 7"),
    ("topk", {"k": 4}, [(2, 3)], "attribute 'k' must be at most 3, the length of the axis; received 4"),
    ("argmax_channel", {}, [(2,)], "axis must be in [-1, 1); received 1"),
    ("pick", {"axis": 1}, [(4, 5), (3,)], "shapes (4,) and (3,) differ"),
    ("batch_take", {}, [(4, 5), (3,)], "shapes (4,) and (3,) differ"),
    ("gather_nd", {}, [(4, 5), (3, 2)], "indices name 3 axes of data of shape (4, 5)"),
    ("scatter_nd", {"shape": (4,)}, [(3,), (2, 3)],
     "indices name 2 axes; attribute 'shape' must have as many; received (4,)"),
    ("scatter_nd", {"shape": (0, 4)}, [(3,), (2, 3)],
     "attribute 'shape' must have lengths of at least 1; received (0, 4)"),
    ("_linalg_inverse", {}, [(3,)], "needs matrices; received (3,)"),
    ("_linalg_inverse", {}, [(3, 4)], "needs square matrices; received (3, 4)"),
    ("_linalg_trmm", {}, [(3, 3), (4, 3)], "inputs of shapes (3, 3) and (4, 3) have no product"),
    ("_linalg_gemm", {}, [(3, 4), (3, 4), (3, 4)], "inputs of shapes (3, 4) and (3, 4) have no product"),
    ("SequenceMask", {"use_sequence_length": "True"}, [(5, 3, 2), (4,)],
     "shapes (3,) and (4,) differ"),
    ("SequenceLast", {"use_sequence_length": "True", "axis": -1}, [(5, 3, 2), (5,)],
     "attribute 'axis' must be 0 or 1; received -1"),
    ("where", {}, [(4,), (3, 2), (3, 2)], "condition must have shape (3,); received (4,)"),
    ("dot", {}, [(), ()], "needs inputs with axes; received ((), ())"),
    ("GroupNorm", {"num_groups": 3}, [(2, 7, 4), (3,), (3,)],
     "attribute 'num_groups' must divide 7 channels; received 3"),
    ("UpSampling", {"scale": 2, "sample_type": "nearest"}, [(1, 3, 4, 4), (1, 3, 3, 3)],
     "images of shape (1, 3, 3, 3) do not divide (1, 3, 8, 8)"),
    ("_contrib_MultiBoxDetection", {}, [(1, 3, 6), (1, 25), (1, 6, 4)],
     "needs four offsets an anchor; received 25"),
    ("_contrib_box_nms", {}, [(6,)], "needs rows of boxes (..., boxes, numbers); received (6,)"),
    ("_image_to_tensor", {}, [(4, 5)],
     "needs an image (height, width, channels) or a batch of them; received (4, 5)"),
    ("_contrib_interleaved_matmul_selfatt_qk", {"heads": 7}, [(5, 2, 24)],
     "the last axis must hold 3 projections of 7 heads; received 24"),
]  # fmt: skip

MISFITS = [
    (
        net(conv("c", "x", 6), arrays={"c_w": (6, 1, 3, 3)}),
        "Convolution node 'c': weight must have shape (6, 1, 5, 5); received (6, 1, 3, 3)",
    ),
    (
        net(dense("fc", "x", 6), arrays={"fc_w": (6, 4), "fc_b": (5,)}),
        "FullyConnected node 'fc': bias must have shape (6,); received (5,)",
    ),
    (
        net(("BatchNorm", "bn", ["x", "g", "b", "m", "v"], {}), arrays={"g": (3,), "b": (3,), "m": (4,), "v": (3,)}),
        "BatchNorm node 'bn': moving_mean must have shape (3,); received (4,)",
    ),
    (
        net(("Embedding", "e", ["x", "t"], {"input_dim": 3, "output_dim": 2}), arrays={"t": (2, 3)}),
        "Embedding node 'e': weight must have shape (3, 2); received (2, 3)",
    ),
    (
        net(("RNN", "r", ["x", "p", "h"], {"mode": "gru", "state_size": 6, "num_layers": 1}), arrays={"p": (100,)}),
        "RNN node 'r': parameters cannot have 100 elements: they are 18 for each input and 144 more",
    ),
    (
        net(("elemwise_add", "s", ["p", "q"], {}), arrays={"p": (2,), "q": (3,)}),
        "elemwise_add node 's': shapes (2,) and (3,) differ",
    ),
    (
        net(("broadcast_add", "s", ["p", "q"], {}), arrays={"p": (2,), "q": (3,)}),
        "broadcast_add node 's': inputs of shapes (2,) and (3,) do not broadcast",
    ),
    (
        net(conv("c", "x", 6, stride=(0, 0))),
        "Convolution node 'c': attribute 'stride' must have 2 numbers of at least 1; received (0, 0)",
    ),
    (
        net(("SliceChannel", "s", ["p"], {"num_outputs": 4}), arrays={"p": (2, 6)}),
        "SliceChannel node 's': attribute 'num_outputs' must divide the length 6; received 4",
    ),
    (
        net(("depth_to_space", "d", ["p"], {"block_size": 2}), arrays={"p": (1, 3, 4, 4)}),
        "depth_to_space node 'd': attribute 'block_size' squared must divide 3 channels; received 2",
    ),
    (
        net(("softmax", "s", [("x", 70000)], {})),
        "null node 'x': has no output 70000",
    ),
    (
        net(("relu", "r", ["x"], {}), hints={"x": {"shape": "big"}}),
        "null node 'x': hint '__shape__' must be a tuple of integers; received 'big'",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("op", "attrs", "shapes", "text"), ONE_NODE, ids=[f"{r[0]}-{i}" for i, r in enumerate(ONE_NODE)]
)
def test_conflicts_of_shapes_and_attributes_are_named(op, attrs, shapes, text):
    arrays = {f"p{i}": shape for i, shape in enumerate(shapes)}
    assert rejected(NodeError, net((op, "n", [*arrays], attrs), arrays=arrays)) == f"{op} node 'n': {text}"


@pytest.mark.parametrize(("graph", "text"), MISFITS, ids=[text.split(" node")[0] for _, text in MISFITS])
def test_an_array_that_does_not_fit_its_node_is_named(graph, text):
    assert rejected(NodeError, graph) == text


def test_ranks_and_lengths_stay_within_bounds():
    rows, last = [], "x"
    for k in range(40):
        rows.append(("expand_dims", f"e{k}", [last], {"axis": 0}))
        last = f"e{k}"
    assert rejected(NodeError, net(*rows, arrays={"x": (2,)})) == "expand_dims node 'e31': has more than 32 axes"
    graph = net(("tile", "t", ["x"], {"reps": "(9999999999)"}), ("tile", "u", ["t"], {"reps": "(9999999999)"}),
                arrays={"x": (2,)})  # fmt: skip
    assert rejected(NodeError, graph) == ("tile node 'u': makes an impossible shape; received (199999999960000000002,)")


def test_thousands_of_nodes():
    rows, last = [conv("c", "data", 2, (1, 1))], "c"
    for k in range(3000):
        rows.append(("elemwise_add", f"s{k}", [last, "c"], {}))
        last = f"s{k}"
    graph = net(*rows, dense("fc", last, 2), arrays={"c_w": (2, 3, 1, 1), "c_b": (2,), "fc_w": (2, 50), "fc_b": (2,)})
    assert shapes_of(graph) == {"data": (None, 3, 5, 5)}


def test_a_bilinear_upsampling_of_open_sizes():
    graph = net(
        ("UpSampling", "u", ["x", "w"], {"scale": 2, "sample_type": "bilinear", "num_filter": 3}),
        arrays={"w": (3, 1, 4, 4)},
    )
    assert shapes_of(graph) == {"x": (None, 3, None, None)}


def test_a_shape_inferred_from_the_graph_is_reported_so():
    graph = net(dense("fc", "data", 2), arrays={"fc_w": (2, 3), "fc_b": (2,)}, hints={"data": {"shape": "(8, 3)"}})
    assert infer(graph).inputs == {0: (None, 3)}
    assert infer(graph).notes == ("data: shape (?, 3) inferred from the graph",)


def one_at_a_time():
    """A net whose Reshape works for one example only."""
    return net(conv("c", "x", 4, (3, 3), pad=(1, 1)), ("Reshape", "r", ["c"], {"shape": "(1, -1)"}),
               dense("fc", "r", 2),
               arrays={"c_w": (4, 3, 3, 3), "c_b": (4,), "fc_w": (2, 256), "fc_b": (2,)})  # fmt: skip


def test_a_net_for_one_example_has_a_batch_of_one():
    graph = one_at_a_time()
    assert infer(graph).inputs == {0: (1, 3, 8, 8)}
    assert infer(graph).notes == ("x: shape (1, 3, 8, 8) inferred from the parameters",)


def test_a_batch_size_that_the_net_determines_is_reported():
    inferred = infer(one_at_a_time(), {"x": (None, 3, 8, 8)})
    assert inferred.inputs == {0: (1, 3, 8, 8)}
    assert inferred.notes == ("x: a batch of 1 inferred from the parameters",)


def test_a_batch_of_one_is_proposed_before_another():
    graph = net(("Reshape", "r", ["x"], {"shape": "(1, -1)"}), dense("fc", "r", 2),
                arrays={"fc_w": (2, 20), "fc_b": (2,)})  # fmt: skip
    assert rejected(ShapeError, graph) == (
        "net.json: the shape of input 'x' cannot be inferred; give for example input_shapes={'x': (1, 20)}"
    )


def test_a_width_from_a_reshape_and_a_height_from_a_layer():
    """A net that reads lines of text: 70 steps of a map that is a quarter as wide as the image."""
    graph = net(conv("c", "x", 4, (3, 3), pad=(1, 1)), pool("p", "c"), pool("q", "p"),
                ("transpose", "t", ["q"], {"axes": "(3, 0, 1, 2)"}), ("Reshape", "r", ["t"], {"shape": "(-3, -3)"}),
                dense("fc", "r", 6), ("Reshape", "s", ["fc"], {"shape": "(-4, 70, -1, 0)"}),
                arrays={"c_w": (4, 1, 3, 3), "c_b": (4,), "fc_w": (6, 32), "fc_b": (6,)})  # fmt: skip
    assert rejected(ShapeError, graph) == (
        "net.json: the sizes of axes 2 and 3 of input 'x' of shape (?, 1, ?, ?) cannot be inferred: no square size "
        "was found that fits the parameters, but 32 x 280 does; give for example "
        "input_shapes={'x': (None, 1, 32, 280)}"
    )


def test_a_proposal_leaves_the_batch_open_even_if_another_input_is_to_be_asked_for():
    graph = net(("_contrib_box_iou", "iou", ["a", "b"], {}))
    assert rejected(ShapeError, graph) == (
        "net.json: the shape of input 'a' cannot be inferred; give for example "
        "input_shapes={'a': (None, 4), 'b': (None, 4)}"
    )


@pytest.mark.parametrize(("added", "expected"), [((1, 8, 6), (None, 8, 5)), ((1, 1, 6), (None, None, 5))])
def test_a_summand_determines_the_number_of_axes(added, expected):
    graph = net(dense("e", "x", 6, flatten="False"), ("broadcast_add", "a", ["e", "at"], {}),
                arrays={"e_w": (6, 5), "e_b": (6,), "at": added})  # fmt: skip
    assert infer(graph).inputs == {0: expected}


def test_no_shape_is_guessed_that_fails_for_every_batch():
    """Each example has seven rows; the layer alone would imply that each row is an example."""
    graph = net(("Reshape", "r", ["x"], {"shape": "(-1, 6)"}), dense("fc", "r", 5),
                ("Reshape", "s", ["fc"], {"shape": "(-1, 7, 5)"}), arrays={"fc_w": (5, 6), "fc_b": (5,)})  # fmt: skip
    assert rejected(ShapeError, graph) == (
        "net.json: the shape of input 'x' cannot be inferred; give for example input_shapes={'x': (None, 3, 224, 224)}"
    )
    assert infer(graph, {"x": (None, 7, 6)}).inputs == {0: (None, 7, 6)}


@pytest.mark.parametrize("turned", [False, True])
def test_data_of_a_product_have_the_length_of_the_matrix(turned):
    graph = net(("dot", "d", ["x", "w"], {"transpose_b": turned}), arrays={"w": (4, 9) if turned else (9, 4)})
    assert infer(graph).inputs == {0: (None, 9)}


@pytest.mark.parametrize(("codes", "expected"), [("(-4, 16, -1, 0)", 16), ("(0, 0, 0)", None)])
def test_a_width_of_which_only_multiples_fit_is_not_open(codes, expected):
    graph = net(conv("c", "x", 4, (3, 3), pad=(1, 1)), ("transpose", "t", ["c"], {"axes": "(3, 0, 1, 2)"}),
                ("Reshape", "r", ["t"], {"shape": "(0, 0, -1)"}), dense("fc", "r", 6, flatten=False),
                ("Reshape", "m", ["fc"], {"shape": "(-3, 0)" if expected else "(0, 0, 0)"}),
                ("Reshape", "s", ["m"], {"shape": codes}),
                arrays={"c_w": (4, 1, 3, 3), "c_b": (4,), "fc_w": (6, 64), "fc_b": (6,)})  # fmt: skip
    assert infer(graph).inputs == {0: (None, 1, 16, expected)}


def test_a_video_that_is_not_a_cube_has_square_frames():
    graph = net(conv("c", "x", 2, (3, 3, 3), pad=(1, 1, 1)), dense("fc", "c", 2),
                arrays={"c_w": (2, 1, 3, 3, 3), "c_b": (2,), "fc_w": (2, 2 * 4 * 28 * 28), "fc_b": (2,)})  # fmt: skip
    assert rejected(ShapeError, graph) == (
        "net.json: the sizes of axes 2, 3 and 4 of input 'x' of shape (?, 1, ?, ?, ?) cannot be inferred: no square "
        "size was found that fits the parameters, but 4 x 28 x 28 does; give for example "
        "input_shapes={'x': (None, 1, 4, 28, 28)}"
    )
