"""The state without overlap and noise of any model, m = r = 0, where there is one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["state_without_noise"]

ITERATIONS = 12
"""Iterations in which a state without overlap and noise must come to rest."""
AT_REST = 1e-9
"""Residual of such a state."""
NEAR = 1e-8
"""q and r beside it."""


def state_without_noise(flat: Any, closed: bool) -> tuple[NDArray, Any]:
    """Where m = r = 0 solves the equations with C < 1, and the other order parameters there, by iteration.

    From q = 1, and from q = 0 where the equations are in closed form: there a free energy has no slope.
    """
    shape = flat.shape
    exists, zero = np.zeros(shape, dtype=bool), np.zeros(shape)
    best = flat.order_type(*[zero] * len(flat.order_type._fields))
    with np.errstate(all="ignore"):
        for q in (0.0, 1.0) if closed else (1.0,):
            order = flat.order_type(*[zero] * len(flat.order_type._fields))._replace(q=np.full(shape, q))
            for _ in range(ITERATIONS):
                new = flat.saddle(order, 0)
                order = type(order)._make(np.broadcast_to(np.asarray(v, dtype=float), shape) for v in new)
                order = order._replace(m=zero, r=zero)
            here = (flat.residual(order, 0) < AT_REST) & (order.C < 1) & (order.C >= 0) & ~exists
            # 0 × ∞ is no state: it must be the limit of what is near it
            beside = flat.saddle(order._replace(q=order.q + NEAR, r=order.r + NEAR), 0)
            for a, b in zip(order, beside, strict=True):
                here &= np.abs(a - b) < math.sqrt(NEAR) * (1 + np.abs(a))
            best = type(order)._make(np.where(here, a, b) for a, b in zip(order, best, strict=True))
            exists = exists | here
    return exists, best
