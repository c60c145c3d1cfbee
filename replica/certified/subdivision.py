"""Proof that a function of one variable is positive on an interval, by bisection in balls."""

from __future__ import annotations

from collections.abc import Callable

from replica.certified.balls import NotProvenError, arb

__all__ = ["prove_positive"]

PIECES = 2_000


def prove_positive(function: Callable[[arb], arb], low: arb, high: arb, claim: str) -> int:
    """Prove f > 0 on [low, high]: pieces on which the ball of f is not positive are halved.

    Parameters
    ----------
    function : callable
        f; of a ball, a ball that contains f of every number in it.
    low, high : arb
        The ends; where they are balls, the proof holds from the lower end of the first to the upper one of the last.
    claim : str
        What is proven, for the message of the error.

    Returns
    -------
    int
        Number of pieces on which f was evaluated; that it returns at all is the proof.

    Raises
    ------
    NotProvenError
        If more than 2000 pieces would be needed, or f ≤ 0 somewhere.

    Examples
    --------
    >>> from flint import arb
    >>> prove_positive(lambda x: x * x - x + 0.3, arb(0), arb(1), "x² − x + 0.3 > 0") > 1
    True
    """
    first, last = low.lower(), high.upper()
    # the ends are tried first, where a claim that fails mostly does so
    todo, done = [(first, last), (last, last), (first, first)], 0
    while todo:
        left, right = todo.pop()
        found = function(left.union(right))
        done += 1
        if found > 0:
            continue
        if left == right or found <= 0 or done > PIECES:
            raise NotProvenError(f"not proven: {claim} (it fails or is too close near {float(left):.6g})")
        middle = ((left + right) / 2).mid()
        todo += [(middle, right), (left, middle)]
    return done
