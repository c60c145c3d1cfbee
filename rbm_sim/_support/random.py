"""Random numbers: one meaning of the keyword ``rng`` everywhere, and seeds that do not depend on order."""

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import DTypeLike

Seed: TypeAlias = int | np.random.SeedSequence | np.random.Generator | None
"""What a keyword ``rng`` takes."""

_ALLOWED = "must be None, a whole number >= 0, a numpy SeedSequence or a numpy Generator"


def generator(rng: Seed = None) -> np.random.Generator:
    """Return ``numpy.random.default_rng(rng)``, with one clear error for anything it does not take."""
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError):
        raise ValueError(f"rng = {rng!r}: {_ALLOWED}") from None


def seeds(rng: Seed, key: tuple[int, ...], count: int) -> list[np.random.SeedSequence]:
    """Return `count` independent seeds, fixed by `rng`, `key` and their index alone.

    A SeedSequence gives the same as the number it was made of; one that is also spawned from elsewhere gives streams
    that are not independent of its children. Unlike ``SeedSequence.spawn`` this leaves a given SeedSequence as it is,
    so that the same call gives the same numbers twice; a Generator is advanced, as it is by any draw.
    """
    if isinstance(rng, np.random.SeedSequence):
        return children(rng, key, count)
    if isinstance(rng, bool | np.bool_ | str):
        raise ValueError(f"rng = {rng!r}: {_ALLOWED}")
    if isinstance(rng, np.random.Generator):
        root = np.random.SeedSequence(rng.integers(0, 2**32, size=4, dtype=np.uint32).tolist())
    else:
        try:
            root = np.random.SeedSequence(rng)
        except (TypeError, ValueError):
            raise ValueError(f"rng = {rng!r}: {_ALLOWED}") from None
    return children(root, key, count)


def children(seed: np.random.SeedSequence, key: tuple[int, ...], count: int) -> list[np.random.SeedSequence]:
    """Return `count` seeds that follow from one: `seed` itself is left as it is."""
    return [np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, *key, index)) for index in range(count)]


def uniform(rng: np.random.Generator, shape: tuple[int, ...], dtype: DTypeLike) -> np.ndarray:
    """Draw uniform numbers in (0, 1], of 53 bits in double precision and of 32 in single precision.

    Small single-precision numbers have their whole mantissa (``Generator.random`` gives multiples of 2⁻²⁴), so
    that an event of probability 1e-9 has it; and 0 does not occur, so that they have a logarithm.
    """
    if dtype != np.float32:
        return 1 - rng.random(shape)
    size = math.prod(shape)
    bits = rng.integers(0, 2**64, (size + 1) // 2, dtype=np.uint64).view(np.uint32)[:size]
    u = bits.astype(np.float32)
    u += np.float32(0.5)
    u *= np.float32(2**-32)
    return u.reshape(shape)


def normal(rng: np.random.Generator, shape: tuple[int, ...], dtype: DTypeLike) -> np.ndarray:
    """Draw standard normal numbers; in single precision by the transformation of Box and Muller, which vectorises."""
    if dtype != np.float32:
        return rng.standard_normal(shape)
    size = math.prod(shape)
    half = (size + 1) // 2
    u = uniform(rng, (2, half), dtype)
    radius = np.sqrt(np.float32(-2) * np.log(u[0]))
    angle = np.multiply(u[1], np.float32(2 * math.pi), out=u[1])
    z = np.empty((2, half), np.float32)
    np.multiply(radius, np.cos(angle), out=z[0])
    np.multiply(radius, np.sin(angle), out=z[1])
    return z.reshape(-1)[:size].reshape(shape)
