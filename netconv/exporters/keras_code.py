"""A Keras model as code that builds it: a function for the model and for each model in it, with a line for each layer.
Knows no files.

The code makes the same graph, so that Keras finds the weights of each layer in the file of the model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import NetconvError
from ..keras_api.lazy import keras
from .constructors import Constructors, custom_classes
from .dialects import Call, Identifiers, Item, Python, Variable
from .operation_calls import constant, operation_call

CHAINED = "x"
"""The variable of a result that only the next line reads."""

BUILD = "build_"
"""The beginning of the names of functions, which no variable has."""


@dataclass(frozen=True)
class Code:
    """The lines of the definitions, and the expression that makes the model."""

    functions: list[list[str]]
    model: str


def model_code(model: Any, dialect: Python, name: str) -> Code:
    """The code of a model. Raises NetconvError, with `name` for the model, for classes that are not Keras's own, and
    for what no code can make again."""
    custom = list(dict.fromkeys(custom_classes(keras.saving.serialize_keras_object(model))))
    if custom:
        raise NetconvError(f"{name}: code needs layers of Keras alone; this model has {', '.join(custom)}")
    try:
        return _Writer(model, dialect).code()
    except NetconvError as error:
        raise NetconvError(f"{name}: {error}") from None


class _Writer:
    """Writes the functions of a model and of the models in it."""

    def __init__(self, model: Any, dialect: Python) -> None:
        self.model, self.dialect = model, dialect
        self.constructors = Constructors(self.making)
        self.identifiers = Identifiers(dialect.reserved)
        self.functions: list[list[str]] = []
        self._written: dict[tuple[str, ...], str] = {}

    def code(self) -> Code:
        model = self.dialect.text(self.making(self.model))
        return Code(self.functions, model)

    def making(self, layer: Any) -> Any:
        """The expression that makes a layer or a model."""
        if not isinstance(layer, keras.Model):
            return self.constructors.layer(layer)
        if isinstance(layer, keras.Sequential):
            lines, result = self._sequential(layer)
        elif hasattr(layer, "operations"):
            lines, result = _Graph(self, layer).lines()
        else:
            raise NetconvError(f"model {layer.name!r} is neither functional nor sequential")
        key = (*lines, result)
        if key not in self._written:
            function = self.identifiers.of(BUILD + layer.name)
            self._written[key] = function
            self.functions.append(self.dialect.function(function, ["name"], lines, result))
        return Call(Variable(self._written[key]), (layer.name,))

    def _sequential(self, model: Any) -> tuple[list[str], str]:
        text, calls = self.dialect.text, _calls(model._functional) if model.inputs else []
        lines = [f"net {self.dialect.assign} {text(Call('keras.Sequential', (), {'name': Variable('name')}))}"]
        results = {id(node.operation): node.outputs for node in calls}
        made = [(self.input(tensor), [tensor]) for tensor in model.inputs or ()]
        made += [(self.making(layer), results.get(id(layer), [])) for layer in model.layers]
        for expression, tensors in made:
            lines.append(self.commented(text(Call("net.add", (expression,))), tensors))
        return lines, "net"

    def commented(self, text: str, tensors: Sequence[Any]) -> str:
        """A line with the shapes of its results."""
        shapes = [str(tuple(tensor.shape)) for tensor in tensors]
        if len(shapes) > 1 and len(set(shapes)) == 1:
            shapes = [f"each {shapes[0]}"]
        return f"{text}  {self.dialect.comment} {', '.join(shapes)}" if shapes else text

    def input(self, tensor: Any) -> Call:
        """The call that makes an input like this one."""
        shape, dtype, entry = tuple(tensor.shape), str(tensor.dtype), tensor._keras_history.operation
        named: dict[str, Any] = {"dtype": dtype} if dtype != keras.config.floatx() else {}
        if getattr(entry, "optional", False):
            named["optional"] = True
        if getattr(tensor, "sparse", False):
            named["sparse"] = True
        named["name"] = entry.name
        if not shape or shape[0] is not None:
            return Call("keras.Input", (), {"batch_shape": shape, **named})
        return Call("keras.Input", (shape[1:],), named)


class _Graph:
    """Writes the body of a function that makes a functional model."""

    def __init__(self, writer: _Writer, model: Any) -> None:
        self.writer, self.model, self.dialect = writer, model, writer.dialect
        self.identifiers = Identifiers({*writer.identifiers.taken, CHAINED, "name", "parts"})
        self.values: dict[int, Any] = {}
        self.calls = _calls(model)
        self.readers: dict[int, list[Any]] = {}
        for node in self.calls:
            for key in {id(tensor): None for tensor in node.input_tensors}:
                self.readers.setdefault(key, []).append(node)
        self.next = dict(zip(map(id, self.calls), self.calls[1:], strict=False))

    def lines(self) -> tuple[list[str], str]:
        """The lines, and the expression for the result."""
        lines = []
        for tensor in self.model.inputs:
            variable = self._variable(tensor._keras_history.operation.name)
            self.values[id(tensor)] = variable
            made = self.dialect.text(self.writer.input(tensor))
            lines.append(self.writer.commented(f"{variable.name} {self.dialect.assign} {made}", [tensor]))
        times = Counter(id(node.operation) for node in self.calls)
        layers: dict[int, Variable] = {}
        for node in self.calls:
            operation = node.operation
            if times[id(operation)] > 1 and id(operation) not in layers and isinstance(operation, keras.layers.Layer):
                layers[id(operation)] = self._variable(operation.name)
                made = self.dialect.text(self.writer.making(operation))
                lines.append(f"{layers[id(operation)].name} {self.dialect.assign} {made}")
            lines += self._call(node, layers.get(id(operation)))
        ends = [self._replaced(each) for each in (self.model._inputs_struct, self.model._outputs_struct)]
        return lines, self.dialect.text(Call("keras.Model", tuple(ends), {"name": Variable("name")}))

    def _call(self, node: Any, layer: Variable | None) -> list[str]:
        """The lines of a call of a layer or an operation."""
        operation = node.operation
        if isinstance(operation, keras.layers.Layer):
            named = {k: v for k, v in node.arguments.kwargs.items() if not _is_usual(k, v)}
            arguments = self._replaced(list(node.arguments.args))
            made = layer or self.writer.making(operation)
            call: Any = Call(made, tuple(arguments), {k: self._replaced(v) for k, v in named.items()})
        else:
            call = self._in(operation_call(node))
        text, outputs = self.dialect.text(call), list(node.outputs)
        structure = _structure(node)
        if not isinstance(structure, dict) and (len(outputs) > 1 or isinstance(structure, list | tuple)):
            variables = [self._variable(f"{operation.name}_{number}") for number in range(len(outputs))]
            for variable, tensor in zip(variables, outputs, strict=True):
                self.values[id(tensor)] = variable
            first, *others = self.dialect.unpacked([each.name for each in variables], text)
            return [self.writer.commented(first, outputs), *others]
        if isinstance(structure, dict):
            variable = self._variable(operation.name)
            for key, tensor in structure.items():
                self.values[id(tensor)] = Item(variable, key)
        else:
            variable = Variable(CHAINED) if self._is_chained(node) else self._variable(operation.name)
            self.values[id(outputs[0])] = variable
        return [self.writer.commented(f"{variable.name} {self.dialect.assign} {text}", outputs)]

    def _variable(self, name: str) -> Variable:
        return Variable(self.identifiers.of(name.removeprefix(BUILD)))

    def _is_chained(self, node: Any) -> bool:
        """Whether only the next call reads the result."""
        tensor = node.outputs[0]
        readers = [] if any(each is tensor for each in self.model.outputs) else self.readers.get(id(tensor), [])
        return len(readers) == 1 and readers[0] is self.next.get(id(node))

    def _replaced(self, value: Any) -> Any:
        """A value among arguments, with the variables of tensors."""
        if id(value) in self.values and keras.backend.is_keras_tensor(value):
            return self.values[id(value)]
        if isinstance(value, Mapping):
            return {key: self._replaced(each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self._replaced(each) for each in value)
        return constant(value)

    def _in(self, expression: Any) -> Any:
        """An expression with the variables of its tensors."""
        if isinstance(expression, Item):
            return Item(self._replaced(expression.of), self._replaced(expression.key))
        named = {key: self._replaced(each) for key, each in expression.named.items()}
        return Call(expression.function, tuple(map(self._replaced, expression.arguments)), named)


def _calls(model: Any) -> list[Any]:
    """The calls (nodes) of a functional model, each after those that it reads, branch by branch."""
    done = {id(tensor) for tensor in model.inputs}
    order: list[Any] = []
    seen: set[int] = set()
    stack = [(tensor, False) for tensor in reversed(model.outputs)]
    while stack:
        tensor, ready = stack.pop()
        if id(tensor) in done:
            continue
        node = _node(tensor)
        if ready or id(node) in seen:
            if ready:
                done.update(id(each) for each in node.outputs)
                order.append(node)
            continue
        seen.add(id(node))
        stack.append((tensor, True))
        stack += [(each, False) for each in reversed(node.input_tensors)]
    return order


def _node(tensor: Any) -> Any:
    history = tensor._keras_history
    return history.operation._inbound_nodes[history.node_index]


def _is_usual(name: str, value: Any) -> bool:
    """Whether an argument of a layer's call says what Keras does without it."""
    return (name == "training" and value is False) or all(each is None for each in keras.tree.flatten(value))


def _structure(node: Any) -> Any:
    """The results of a call as it returns them: a tensor, or a list, tuple or dictionary of tensors."""
    operation, outputs = node.operation, list(node.outputs)
    if isinstance(operation, keras.layers.Layer) and len(outputs) == 1 and not isinstance(operation, keras.Model):
        return outputs[0]
    if isinstance(operation, keras.Model) and not isinstance(operation, keras.Sequential):
        structure = operation._outputs_struct
    else:
        structure = operation.compute_output_spec(*node.arguments.args, **node.arguments.kwargs)
    return keras.tree.pack_sequence_as(structure, outputs)
