"""Studies of finite machines take minutes: their rows are computed on all cores, and spot-checked one by one."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any


def spread(task: Callable[[Any], Any], points: Sequence[Any]) -> list[Any]:
    """Apply a task to every point, on as many processes as there are cores; the results do not depend on them.

    Parameters
    ----------
    task : callable
        Function of one point, at the top of a module.
    points : sequence
        The points.

    Returns
    -------
    list
        Results in the order of the points.

    Raises
    ------
    Exception
        The first one that a task raised.
    """
    from replica.sweep import executor, sweep

    results = []
    with executor(os.cpu_count() or 1) as pool:
        for _, outcome in sweep(task, points, executor=pool):
            if isinstance(outcome, Exception):
                raise outcome
            results.append(outcome)
    return results
