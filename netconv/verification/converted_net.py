"""The net with which a model is compared, converted as the model was. Knows no MXNet."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, BinaryIO

from .. import conversion, preparation
from ..conversion import Conversion
from ..errors import FormatError, NetconvError, NodeError
from ..frontends.mxnet import symbol_json
from ..graph.graph import Edge, Graph, Node
from ..inference.converted_alike import converted_alike
from ..inference.loading import LoadedModel
from ..keras_files import archive, source_net
from ..ops import registry
from ..preparation import Net

LONGEST = 200
"""The most characters of what was changed in a node that a message has."""


def converted_as(
    net: Any, given: LoadedModel | None, params: Any, input_shapes: Any, seed: int
) -> tuple[Conversion, Graph, Mapping[int, str]]:
    """The net, converted as the model that is given: with the states of recurrent layers as inputs, and with the
    arithmetic of image encoders, if it has these. What is converted is the net that the model was converted from, if
    its nodes have the same names. Also returns the graph of the net, and what was changed in its nodes, by index."""
    data = net.read() if hasattr(net, "read") else None

    def read(**options: Any) -> Net:
        return preparation.read(net if data is None else _stream(data, net), params, **options)

    def convert(read: Net, states: bool = False) -> Conversion:
        if given is not None and not input_shapes:
            converted = converted_alike(read, given.model, seed=seed, states=states)
        else:
            prepared = preparation.prepare(read, input_shapes=input_shapes, seed=seed, states=states)
            converted = conversion.build(prepared, input_shapes)
        others = given is not None and len(given.model.inputs) != len(converted.model.inputs)
        return convert(read, states=True) if others and not states else converted

    own = read()
    if given is None:
        return convert(own), own.graph, {}
    before = _source_graph(given, net)
    if before and not own.is_wlnet and _only_nodes_changed(own.graph, before):
        registry.check(own.graph)
        with suppress(NetconvError):  # the parameters fit the changed net only
            earlier = preparation.read(_stream(before.text, net), own.parameters or False)
            return convert(earlier), own.graph, _changes(own.graph, before)
    converted = convert(own)
    if given.members.get(archive.WLNET, b"") != converted.members.get(archive.WLNET, b"") and given.image_encoders:
        baked = convert(read(bake_encoder=True))
        if given.members[archive.WLNET] == baked.members.get(archive.WLNET):
            converted, own = baked, baked.prepared.net
    return converted, own.graph, _changes(own.graph, before) if before else {}


def _stream(data: bytes, net: Any) -> BinaryIO:
    """A file of these bytes with the name of the net's."""
    stream = io.BytesIO(data)
    stream.name = getattr(net, "name", None) if hasattr(net, "read") else str(net)  # type: ignore[attr-defined]
    return stream


def _source_graph(loaded: LoadedModel, net: Any) -> Graph | None:
    """The graph that a model was converted from, if its file has it; messages call it as they call the net."""
    try:
        return symbol_json.read(_stream(loaded.members[source_net.GRAPH], net))
    except (KeyError, FormatError):
        return None


def _only_nodes_changed(graph: Graph, before: Graph) -> bool:
    """Whether graphs differ, and only in what their nodes do with which inputs."""
    names, names_before = ([node.name for node in each.nodes] for each in (graph, before))
    return graph.nodes != before.nodes and names == names_before and graph.heads == before.heads


def _changes(graph: Graph, before: Graph) -> dict[int, str]:
    """What differs in nodes of the net that the model was converted from, by their indices."""
    both = range(min(len(graph.nodes), len(before.nodes)))
    return {index: words for index in both if (words := _changed(graph, before, index))}


def _changed(graph: Graph, before: Graph, index: int) -> str:
    """What differs in a node of the net that the model was converted from; "" if nothing does."""
    here, there = graph.nodes[index], before.nodes[index]
    if there.name != here.name:
        return ""
    if there.op != here.op:
        return f"the model was converted from a net in which the node is {there.op[:LONGEST]}"
    words = [
        f"{name} is {there.attrs.get(name, 'not given')} and not {here.attrs.get(name, 'given')}"
        for name in _changed_attributes(here, there)
    ]
    if there.inputs != here.inputs:
        words.append(f"its inputs are {_named(before, there.inputs)} and not {_named(graph, here.inputs)}")
    if there.subgraphs != here.subgraphs:
        words.append("its subgraph is another")
    return f"in the net that the model was converted from, {', '.join(words)[:LONGEST]}" if words else ""


def _changed_attributes(here: Node, there: Node) -> list[str]:
    """The attributes that have another value, which may be a default, or another text if the op is not known."""
    own, earlier = here.attrs, there.attrs
    with suppress(NodeError, KeyError):
        own, earlier = registry.typed_attributes(here), registry.typed_attributes(there)
    return [name for name in {**own, **earlier} if own.get(name) != earlier.get(name)]


def _named(graph: Graph, edges: Sequence[Edge]) -> str:
    names = ((repr(graph.nodes[edge.node].name), edge.output) for edge in edges)
    return ", ".join(f"output {output} of {name}" if output else name for name, output in names) or "none"
