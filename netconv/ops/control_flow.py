"""Branches and loops whose bodies are graphs. A loop is unrolled; a branch computes both sides and chooses."""

from ..graph.attributes import Ints
from ..keras_api.lazy import ops
from .registry import translates

LONGEST = 1000
"""Steps that a loop may be unrolled to."""


def _as_they_are(site, values, attributes):
    return values, attributes, None


def _true(value):
    """Whether the one number of a condition is not 0, as a tensor without axes."""
    return ops.reshape(ops.not_equal(value.natural(), 0), ())


@translates("_cond", layout=_as_they_are, ignores="num_outputs")
def cond(at, *data, cond_input_locs: Ints, then_input_locs: Ints, else_input_locs: Ints):
    given = [[data[i] for i in places] for places in (cond_input_locs, then_input_locs, else_input_locs)]
    (condition,), one, two = (at.subgraph(number, values) for number, values in enumerate(given))
    chosen = _true(condition)
    return [ops.where(chosen, a.natural(), b.natural()) for a, b in zip(one, two, strict=True)]


@translates("_while_loop", layout=_as_they_are, ignores="num_outputs")
def while_loop(
    at, *data, num_out_data: int, max_iterations: int, cond_input_locs: Ints, func_input_locs: Ints, func_var_locs: Ints
):
    """All of `max_iterations` steps; one after the condition has failed changes nothing, and its outputs are 0."""
    if max_iterations > LONGEST:
        raise at.error(f"attribute 'max_iterations' must be at most {LONGEST} to be unrolled", max_iterations)
    values = list(data)
    places = [func_input_locs[i] for i in func_var_locs]
    active, outputs = None, []
    for _ in range(max_iterations):
        (condition,) = at.subgraph(0, [values[i] for i in cond_input_locs])
        active = _true(condition) if active is None else ops.logical_and(active, _true(condition))
        results = at.subgraph(1, [values[i] for i in func_input_locs])
        step = [r.natural() for r in results[:num_out_data]]
        outputs.append([ops.where(active, x, ops.zeros_like(x)) for x in step])
        for place, new in zip(places, results[num_out_data:], strict=True):
            values[place] = at.ordered(ops.where(active, new.natural(), values[place].natural()))
    return [*(ops.stack(list(row), 0) for row in zip(*outputs, strict=True)), *(values[i] for i in places)]
