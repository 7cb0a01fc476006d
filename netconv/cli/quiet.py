"""Keeps TensorFlow and Keras from printing messages on stderr that are of no use to a user."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_keras() -> Iterator[None]:
    """While the block runs, drops what native code writes to stderr (TensorFlow logs there before it can be configured)
    and warnings that Python logs; anything else that Python writes to stderr is kept."""
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
