"""Python's cycle collector during bulk work: out of the way, with memory still bounded."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep the cycle collector out of a bulk load or export.

    Records hold no cycles, so it would only walk hundreds of thousands of live objects again and
    again: a quarter of the client's time. A rare ``gc.collect(0)`` of the caller bounds the rest.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
