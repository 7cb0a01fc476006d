"""Names as Keras accepts them."""

import re


def keras_name(name: str) -> str:
    """A name as that of a layer: characters that Keras or one of its backends does not accept (PyTorch: a dot) become
    `_`."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)
