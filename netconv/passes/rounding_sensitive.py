"""Where the last bit of a number counts: what is rounded to a whole number or compared further on jumps by it."""

from __future__ import annotations

from ..graph.graph import Graph, Node

_COMPARISONS = "equal not_equal greater greater_equal lesser lesser_equal"
_NUMPY_COMPARISONS = "equal not_equal greater greater_equal less less_equal"
JUMPING = frozenset(
    [
        *"floor ceil round rint fix trunc sign argmax argmin argmax_channel topk argsort one_hot".split(),
        *"_mod _mod_scalar _rmod_scalar broadcast_mod _npi_mod _npi_mod_scalar _npi_rmod_scalar".split(),
        *"_npi_floor _npi_ceil _npi_rint _npi_around _npi_trunc _npi_sign _npi_argmax _npi_argmin".split(),
        *"take pick batch_take gather_nd Embedding _histogram _contrib_round_ste _contrib_sign_ste".split(),
        *(form.format(name) for name in _COMPARISONS.split() for form in ("_{}", "_{}_scalar", "broadcast_{}")),
        *(f"_npi_{name}{after}" for name in _NUMPY_COMPARISONS.split() for after in ("", "_scalar")),
    ]
)
"""Ops that jump."""
PASSING = frozenset(
    [
        *"elemwise_add elemwise_sub elemwise_mul elemwise_div broadcast_add broadcast_sub broadcast_mul".split(),
        *"broadcast_div _maximum _minimum broadcast_maximum broadcast_minimum add_n where _npi_where clip".split(),
        *(f"_{name}_scalar" for name in "plus minus rminus mul div rdiv maximum minimum".split()),
        *(f"_npi_{name}{after}" for name in "add subtract multiply true_divide".split() for after in ("", "_scalar")),
        *"_npi_rsubtract_scalar _npi_rtrue_divide_scalar abs negative square sqrt relu _npx_relu".split(),
        *"_npi_absolute _npi_negative _npi_square _npi_sqrt max min mean _np_max _np_min _npi_mean".split(),
        *"Reshape Flatten reshape_like transpose SwapAxis expand_dims squeeze Concat stack SliceChannel".split(),
        *"_split_v2 slice slice_axis slice_like Pad broadcast_axis broadcast_to broadcast_like repeat tile".split(),
        *"reverse sort Cast _np_reshape _npx_reshape _np_transpose _np_squeeze _npi_concatenate _npi_stack".split(),
        *"_npi_broadcast_to _npi_flip _np_moveaxis _copy BlockGrad".split(),
    ]
)
"""Ops that are rounded as IEEE 754 has it, if at all: their last bit is the same everywhere, and passes on."""


def _jumps(node: Node) -> bool:
    return node.op in JUMPING or (node.op == "Cast" and "float" not in node.attrs.get("dtype", ""))


def rounding_sensitive(graph: Graph) -> frozenset[int]:
    """The nodes whose results reach an op that jumps, with their last bit."""
    found: set[int] = set()
    for index in reversed(range(len(graph.nodes))):
        node = graph.nodes[index]
        if _jumps(node) or (index in found and node.op in PASSING):
            found.update(edge.node for edge in node.inputs)
    return frozenset(found)
