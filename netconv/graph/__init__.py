"""Graphs as MXNet describes nets: nodes, attributes, stored arrays, partial shapes. Knows no op and no Keras."""
