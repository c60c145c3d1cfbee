"""Grey levels made two-valued, and two values made those of spins."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim._support import check, random
from rbm_sim._support.random import Seed


def binarise(grey: ArrayLike, threshold: float | None = None, *, rng: Seed = None) -> np.ndarray:
    """Make two values of grey levels: 1 where grey ≥ threshold, or, given `rng`, 1 with probability grey.

    Parameters
    ----------
    grey : array_like
        Grey levels, 0 to 1.
    threshold : float, optional
        Above 0 and at most 1; 0.5 if nothing is given.
    rng : int, SeedSequence or Generator, optional
        Source of randomness, instead of a threshold.

    Returns
    -------
    ndarray of uint8, shape of `grey`
        Values 0 and 1, one for each grey level.

    Raises
    ------
    ValueError
        If a grey level or the threshold is out of range, or both a threshold and `rng` are given.

    Examples
    --------
    >>> from rbm_sim import datasets
    >>> datasets.binarise([0.0, 0.4, 0.5, 1.0])
    array([0, 0, 1, 1], dtype=uint8)
    """
    if rng is None:
        return _cut(grey, 0.5 if threshold is None else threshold)
    if threshold is not None:
        raise ValueError(f"threshold = {threshold!r}: must be left out if rng is given")
    return _drawn(grey, random.generator(rng))


def as_spins(binary: ArrayLike) -> np.ndarray:
    """Turn 0 and 1 into the values −1 and 1 of `Spin` units, 2x − 1.

    Parameters
    ----------
    binary : array_like
        Values 0 and 1.

    Returns
    -------
    ndarray of float32, shape of `binary`
        Values −1 and 1, one for each of 0 and 1.

    Raises
    ------
    ValueError
        If there are other values.
    """
    binary = check.real_array("binary", binary, np.float32)
    other = (binary != 0) & (binary != 1)
    if other.any():
        raise ValueError(f"binary has the entry {binary[other][0]}: must be 0 or 1")
    return 2 * binary - 1


def _cut(grey: ArrayLike, threshold: float) -> np.ndarray:
    threshold = check.number("threshold", threshold, above=0, at_most=1)
    return (_levels(grey) >= threshold).astype(np.uint8)


def _drawn(grey: ArrayLike, rng: np.random.Generator) -> np.ndarray:
    grey = _levels(grey)
    return (rng.random(grey.shape, np.float32) < grey).astype(np.uint8)


def _levels(grey: ArrayLike) -> np.ndarray:
    """Return grey levels as an array, or raise if they are none."""
    grey = check.real_array("grey", grey)
    outside = (grey < 0) | (grey > 1)
    if outside.any():
        raise ValueError(f"grey has the entry {grey[outside][0]}: grey levels must lie in [0, 1]")
    return grey
