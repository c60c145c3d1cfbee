"""Models on a flat list of points: every control an array of one length."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from replica.model import Model

__all__ = ["flattened", "groups", "rows", "taken"]

M = TypeVar("M", bound=Model)


def flattened(model: M) -> M:
    """Return the model with every control as an array over the flat list of points."""
    shape = model.shape
    return model.unchecked(
        **{k: np.broadcast_to(np.asarray(v, dtype=float), shape).reshape(-1) for k, v in model.controls.items()}
    )


def taken(model: M, index: NDArray) -> M:
    """Return a flat model at some of its points."""
    return model.unchecked(**{k: v[index] for k, v in model.controls.items()})


def rows(model: Model) -> int:
    """Number of points of a flat model."""
    return len(next(iter(model.controls.values())))


def groups(flat: M) -> tuple[M, NDArray]:
    """Distinct couplings (all controls but the load) as a flat model, and the group of each point."""
    others = {k: v for k, v in flat.controls.items() if k != flat.load}
    load = flat.controls[flat.load]
    if all(np.all(v == v[0]) for v in others.values()):
        single = {k: v[:1] for k, v in others.items()}
        return flat.unchecked(**single, **{flat.load: load[:1]}), np.zeros(len(load), dtype=int)
    _, first, group = np.unique(np.stack(list(others.values())), axis=1, return_index=True, return_inverse=True)
    return taken(flat, first), group.reshape(-1)
