"""Random numbers: one meaning of the keyword ``rng`` everywhere, and seeds that do not depend on order."""

from typing import Any

import numpy as np

_ALLOWED = "must be None, a whole number >= 0, a numpy SeedSequence or a numpy Generator"


def generator(rng: Any = None) -> np.random.Generator:
    """Return ``numpy.random.default_rng(rng)``, with one clear error for anything it does not take."""
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError):
        raise ValueError(f"rng = {rng!r}: {_ALLOWED}") from None


def seeds(rng: Any, key: tuple[int, ...], count: int) -> list[np.random.SeedSequence]:
    """Return `count` independent seeds, fixed by `rng`, `key` and their index alone.

    Unlike ``SeedSequence.spawn`` this leaves a given SeedSequence as it is, so that the same call gives the
    same numbers twice; a Generator is advanced, as it is by any draw.
    """
    if isinstance(rng, np.random.SeedSequence):
        root = rng
    elif isinstance(rng, np.random.Generator):
        root = np.random.SeedSequence(rng.integers(0, 2**32, size=4, dtype=np.uint32).tolist())
    else:
        try:
            root = np.random.SeedSequence(rng)
        except (TypeError, ValueError):
            raise ValueError(f"rng = {rng!r}: {_ALLOWED}") from None
    return [np.random.SeedSequence(root.entropy, spawn_key=(*root.spawn_key, *key, index)) for index in range(count)]
