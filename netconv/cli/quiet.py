"""Keeps TensorFlow and Keras from printing what is of no use to a user, and anything on stdout."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout

from . import streams


@contextmanager
def quiet_keras() -> Iterator[None]:
    """While the block runs, drops what native code writes to stdout and stderr (TensorFlow logs there before it can be
    configured), and warnings that Python logs; anything else that Python writes goes to stderr."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with tempfile.TemporaryFile() as dropped, ExitStack() as stack:
        logging.disable(logging.WARNING)  # Keras's advice
        stack.callback(logging.disable, logging.NOTSET)
        kept = stack.enter_context(_dropped(2, dropped.fileno()))
        if streams.is_apart(sys.stdout):
            stack.enter_context(_dropped(1, dropped.fileno()))
        errors = stack.enter_context(streams.messages(os.dup(kept)))
        stack.enter_context(redirect_stderr(errors))
        stack.enter_context(redirect_stdout(errors))
        yield


@contextmanager
def _dropped(number: int, dropped: int) -> Iterator[int]:
    """Lets a descriptor write to `dropped`; the result writes where it did."""
    kept = os.dup(number)
    os.dup2(dropped, number)
    try:
        yield kept
    finally:
        os.dup2(kept, number)
        os.close(kept)
