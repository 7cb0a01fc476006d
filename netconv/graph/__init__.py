"""A net as MXNet describes it: nodes, attributes, stored arrays, partial shapes. Knows no single op and no Keras."""
