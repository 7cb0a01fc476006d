"""TensorFlow kept from writing to stderr what no user can act on."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_keras() -> Iterator[None]:
    """While the block runs, what native code writes to stderr is dropped (TensorFlow logs there before it can be
    told not to), and warnings that Python logs; the rest of what Python writes goes through."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.disable(logging.WARNING)  # Keras's advice
    sys.stderr.flush()
    kept = os.dup(2)
    ours, sys.stderr = sys.stderr, os.fdopen(os.dup(kept), "w", buffering=1, encoding="utf-8", errors="replace")
    with tempfile.TemporaryFile() as dropped:
        os.dup2(dropped.fileno(), 2)
        try:
            yield
        finally:
            logging.disable(logging.NOTSET)
            os.dup2(kept, 2)
            os.close(kept)
            sys.stderr.close()
            sys.stderr = ours
