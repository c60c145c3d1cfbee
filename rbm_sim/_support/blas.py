"""Linear algebra on one thread: the rounding of a threaded sum depends on the threads, and threads compete."""

import contextlib
import functools
import threading
from collections.abc import Iterator
from typing import Any

_counting = threading.Lock()
_inside = 0
_limit: Any = None


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Run matrix products on a single thread, in all threads of this process until the last one leaves."""
    global _inside, _limit  # noqa: PLW0603 - the limit is one of the process
    with _counting:
        if _inside == 0:
            _limit = _libraries().limit(limits=1, user_api="blas")
        _inside += 1
    try:
        yield
    finally:
        with _counting:
            _inside -= 1
            if _inside == 0:
                _limit.restore_original_limits()


@functools.cache
def _libraries() -> Any:
    # To look for the libraries takes milliseconds, and only those already loaded are found.
    import numpy  # noqa: F401
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
