"""Memory that was freed, and that allocators keep for later: Arrow's, and the C library's of each thread."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress


def release() -> None:
    """Returns freed memory to the operating system, where the C library can, which is GNU's."""
    if "pyarrow" in sys.modules:
        sys.modules["pyarrow"].default_memory_pool().release_unused()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
