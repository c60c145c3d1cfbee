"""Linear algebra on one thread: the rounding of a threaded sum depends on the threads, and threads compete."""

import functools
from typing import Any


def one_thread() -> Any:
    """Return a context in which matrix products run on a single thread."""
    return _libraries().limit(limits=1, user_api="blas")


@functools.cache
def _libraries() -> Any:
    # To look for the libraries takes milliseconds, and only those already loaded are found.
    import numpy  # noqa: F401
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
