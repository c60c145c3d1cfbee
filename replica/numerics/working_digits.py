"""The working precision of mpmath, changed for a while by one thread at a time.

mpmath has one working precision for the whole process. Two threads that change and restore it in turn restore what
the other has set, and meanwhile compute at each other's precision. Whoever changes it here holds a lock until it is
restored: computations in many digits queue up, and each is what it is alone.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from replica.numerics.number import Number

__all__ = ["digits_of", "guard_bits", "working_digits"]

_TURN = threading.RLock()
# a process forked in the middle would inherit a lock that nobody releases
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_TURN.acquire, after_in_parent=_TURN.release, after_in_child=_TURN.release)


@contextmanager
def working_digits(digits: int) -> Iterator[None]:
    """Compute with this many decimal digits in mpmath; other threads that want their own wait.

    Parameters
    ----------
    digits : int
        Working precision within the `with` statement, in which more such statements may stand; afterwards it is
        what it was.
    """
    from mpmath import mp

    with _TURN, mp.workdps(digits):
        yield


@contextmanager
def guard_bits(bits: int) -> Iterator[None]:
    """Compute with so many bits more than the working precision, for a sum that loses them."""
    from mpmath import mp

    with _TURN, mp.workprec(mp.prec + bits):
        yield


@contextmanager
def digits_of(*numbers: Number) -> Iterator[None]:
    """Compute with the digits that these numbers carry, those of the longest, and with no fewer than otherwise."""
    from mpmath import mp

    parts = (part for x in numbers for part in getattr(x, "_mpc_", (getattr(x, "_mpf_", (0, 0, 0, 0)),)))
    bits = max((part[3] for part in parts), default=0)
    with _TURN, mp.workprec(max(mp.prec, bits)):
        yield
