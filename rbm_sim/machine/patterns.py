"""Random patterns, the weights made of them, and states near them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, cast, overload

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from rbm_sim._support import check, random
from rbm_sim._support.random import Seed
from rbm_sim.machine.packed import PackedPatterns
from rbm_sim.machine.rbm import RBM
from rbm_sim.machine.weights import SparseMatrix
from rbm_sim.units import TwoValued

if TYPE_CHECKING:
    from scipy.sparse import csr_array

# What stores patterns.
PatternsLike: TypeAlias = ArrayLike | PackedPatterns | SparseMatrix


class EntryLaw(Protocol):
    """What draws the entries of patterns."""

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """Return independent entries."""


_BLOCK = 1 << 20
"""Entries that are drawn at a time: they stay in the cache."""


@overload
def random_patterns(
    N: int,
    M: int,
    *,
    p: float | ArrayLike = 1.0,
    law: EntryLaw | None = None,
    rng: Seed = None,
    storage: Literal["array"] = "array",
) -> np.ndarray: ...


@overload
def random_patterns(
    N: int, M: int, *, p: float | ArrayLike = 1.0, rng: Seed = None, storage: Literal["packed"]
) -> PackedPatterns: ...


@overload
def random_patterns(
    N: int, M: int, *, p: float | ArrayLike = 1.0, rng: Seed = None, storage: Literal["sparse"]
) -> csr_array: ...


@overload
def random_patterns(
    N: int, M: int, *, p: float | ArrayLike = 1.0, rng: Seed = None, storage: str
) -> np.ndarray | PackedPatterns | csr_array: ...


def random_patterns(
    N: int,
    M: int,
    *,
    p: float | ArrayLike = 1.0,
    law: EntryLaw | None = None,
    rng: Seed = None,
    storage: str = "array",
) -> np.ndarray | PackedPatterns | csr_array:
    """Draw random patterns: ξ_{iμ} = ±1 with probability p_i/2 each, 0 otherwise, or entries of another law.

    Parameters
    ----------
    N : int
        Length of a pattern (visible units), >= 1.
    M : int
        Number of patterns (hidden units), >= 1.
    p : float or array_like, shape (N,)
        Probability of a non-zero entry, in (0, 1], one for all rows or one per row.
    law : object with a method draw(rng, shape), optional
        Law of real-valued entries in place of p, such as `replica.weight_laws.SignNormal`; storage "array" only.
    rng : None, int, SeedSequence or Generator
        Random numbers, as for ``numpy.random.default_rng``.
    storage : str
        "array": int8, 1 byte an entry; "packed": `PackedPatterns`, 1 bit an entry, 2 if p < 1; "sparse":
        a scipy.sparse.csr_array of int8, 5 bytes or so for each entry that is not 0. The patterns are the same.

    Returns
    -------
    ndarray of int8, PackedPatterns or csr_array, shape (N, M)
        ξ, one pattern per column, in the storage that was asked for; float64 where a law is given.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    References
    ----------
    J. Tubiana and R. Monasson, Phys. Rev. Lett. 118, 138301 (2017), the random-RBM ensemble.

    Examples
    --------
    >>> from rbm_sim.machine.patterns import random_patterns
    >>> random_patterns(1000, 800, rng=1, storage="packed").nbytes
    100000
    """
    N = check.integer("N", N, at_least=1)
    M = check.integer("M", M, at_least=1)
    check.choice("storage", storage, tuple(_STORAGES))
    if law is not None:
        return _drawn(law, (N, M), p, storage, random.generator(rng))
    density = check.layer_parameter("p", p)
    if np.min(density) <= 0 or np.max(density) > 1:
        raise ValueError(f"p = {check.short(p)}: must lie in (0, 1]")
    if np.ndim(density) and len(density) != N:
        raise ValueError(f"p has {len(density)} entries: must be a scalar or one value for each of N = {N} rows")
    column = np.broadcast_to(np.asarray(density, dtype=np.float32).reshape(-1, 1), (N, 1))
    return _STORAGES[storage](N, M, _bits(M, column, random.generator(rng)))


def _drawn(law: Any, shape: tuple[int, int], p: Any, storage: str, rng: np.random.Generator) -> np.ndarray:
    """Entries of a law, checked."""
    if not callable(getattr(law, "draw", None)):
        raise ValueError(f"law = {law!r}: an object with a method draw(rng, shape) is needed")
    if np.ndim(p) or p != 1:
        raise ValueError(f"p = {p!r} and law = {law!r}: give one of the two, a law has a variance of its own")
    if storage != "array":
        raise ValueError(f'storage = {storage!r}: entries of a law are stored as "array" only')
    xi = check.real_array("law.draw(rng, shape)", law.draw(rng, shape))
    if xi.shape != shape:
        raise ValueError(f"law.draw(rng, {shape}) has the shape {xi.shape}")
    return xi.astype(float, copy=False)


def _bits(M: int, density: np.ndarray, rng: np.random.Generator) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """Draw bits of the entries +1 and of those that are not 0 (None: all), a block of rows at a time."""
    rows = max(1, _BLOCK // M)
    full = bool((density == 1).all())
    fine = bool((density < 1e-3).any())  # numpy's single-precision numbers are multiples of 2⁻²⁴
    for first in range(0, len(density), rows):
        block = density[first : first + rows]
        positive = rng.integers(0, 256, (len(block), -(-M // 8)), dtype=np.uint8)
        nonzero = None if full else np.packbits(_present(rng, M, block, fine), axis=1)
        if nonzero is not None:
            positive &= nonzero
        yield positive, nonzero


def _present(rng: np.random.Generator, M: int, density: np.ndarray, fine: bool) -> np.ndarray:
    """Draw which entries of a block of rows are not 0."""
    shape = (len(density), M)
    return random.uniform(rng, shape, np.float32) <= density if fine else rng.random(shape, np.float32) < density


def _entries(M: int, positive: np.ndarray, nonzero: np.ndarray | None) -> np.ndarray:
    """Entries of a block of rows as int8."""
    xi = 2 * np.unpackbits(positive, axis=1, count=M).view(np.int8)
    xi -= 1 if nonzero is None else np.unpackbits(nonzero, axis=1, count=M).view(np.int8)
    return xi


def _as_array(N: int, M: int, bits: Iterator[tuple[np.ndarray, np.ndarray | None]]) -> np.ndarray:
    result, row = np.empty((N, M), np.int8), 0
    for block in bits:
        rows = len(block[0])
        result[row : row + rows] = _entries(M, *block)
        row += rows
    return result


def _as_sparse(N: int, M: int, bits: Iterator[tuple[np.ndarray, np.ndarray | None]]) -> csr_array:
    import scipy.sparse as sp

    return sp.vstack([sp.csr_array(_entries(M, *block)) for block in bits], format="csr")


def _as_packed(N: int, M: int, bits: Iterator[tuple[np.ndarray, np.ndarray | None]]) -> PackedPatterns:
    positive, nonzero = np.empty((N, -(-M // 8)), np.uint8), None
    row = 0
    for plus, present in bits:
        rows = slice(row, row + len(plus))
        positive[rows] = plus
        if present is not None:
            nonzero = np.empty_like(positive) if nonzero is None else nonzero
            nonzero[rows] = present
        row = rows.stop
    return PackedPatterns(positive, M, nonzero=nonzero)


_STORAGES = {"array": _as_array, "packed": _as_packed, "sparse": _as_sparse}


@overload
def pattern_weights(patterns: PackedPatterns, dtype: DTypeLike = np.float32) -> PackedPatterns: ...


@overload
def pattern_weights(patterns: ArrayLike, dtype: DTypeLike = np.float32) -> np.ndarray: ...


@overload
def pattern_weights(patterns: SparseMatrix, dtype: DTypeLike = np.float32) -> csr_array: ...


def pattern_weights(patterns: PatternsLike, dtype: DTypeLike = np.float32) -> np.ndarray | PackedPatterns | csr_array:
    """Weights of the random RBM, w = ξ/√N, stored as the patterns are.

    Parameters
    ----------
    patterns : array_like, PackedPatterns or scipy.sparse array, shape (N, M)
        Patterns ξ, one per column.
    dtype : dtype
        float32 or float64.

    Returns
    -------
    ndarray, PackedPatterns or csr_array, shape (N, M)
        Weights w in `dtype`, ready for `RBM`; packed patterns share their bits with them.

    Raises
    ------
    ValueError
        If `patterns` is not a matrix of finite numbers, or `dtype` is another type.

    References
    ----------
    J. Tubiana and R. Monasson, Phys. Rev. Lett. 118, 138301 (2017), the random-RBM ensemble.
    """
    if dtype not in (np.float32, np.float64):
        raise ValueError(f"dtype = {dtype!r}: must be float32 or float64")
    if isinstance(patterns, PackedPatterns):
        return patterns.scaled(1 / math.sqrt(patterns.shape[0]), dtype)
    if hasattr(patterns, "tocsr"):
        w = patterns.tocsr().astype(dtype)
        w.data /= np.asarray(math.sqrt(w.shape[0]), dtype=dtype)
        return w
    xi = _matrix(patterns)
    return xi.astype(dtype) / np.asarray(math.sqrt(len(xi)), dtype=dtype)


def first_patterns(patterns: PatternsLike, count: int) -> np.ndarray:
    """Return the first patterns as an array, whatever stores them.

    Parameters
    ----------
    patterns : array_like, PackedPatterns or scipy.sparse array, shape (N, M)
        Patterns ξ, one per column.
    count : int
        How many, 1 to M.

    Returns
    -------
    ndarray, shape (N, count)
        Entries of the first `count` columns: of an array a view, in its dtype; spread out if packed or sparse.

    Raises
    ------
    ValueError
        If there are fewer.
    """
    count = check.integer("count", count, at_least=1)
    stored = isinstance(patterns, PackedPatterns) or hasattr(patterns, "tocsr")
    xi: Any = patterns if stored else _matrix(cast(ArrayLike, patterns))
    if count > xi.shape[1]:
        raise ValueError(f"count = {count}: there are only {xi.shape[1]} patterns")
    if isinstance(xi, PackedPatterns):
        return xi.columns(0, count)
    chosen = xi[:, :count]
    return chosen.toarray() if hasattr(chosen, "toarray") else chosen


def _matrix(patterns: ArrayLike) -> np.ndarray:
    xi = check.real_array("patterns", patterns)
    if xi.ndim != 2 or xi.size == 0:
        raise ValueError(f"patterns has shape {xi.shape}: must be (N, M), both at least 1")
    return xi


def pattern_state(pattern: ArrayLike, visible: TwoValued) -> np.ndarray:
    """State of the visible layer that a pattern asks for, v_i = 1 where ξ_i > 0, else the lower value.

    For spin units and ξ = ±1 this is the pattern itself, for Bernoulli units Θ(ξ).

    Parameters
    ----------
    pattern : array_like, shape (N,)
        ξ, or a sum of several patterns for a mixture.
    visible : Bernoulli or Spin
        Type of the visible units.

    Returns
    -------
    ndarray, shape (N,)
        Visible configuration v in float64, each entry 1 or the lower value of the units.

    Raises
    ------
    ValueError
        If the units do not have two values.
    """
    xi = check.real_array("pattern", pattern)
    if not isinstance(visible, TwoValued):
        raise ValueError(f"visible = {visible!r}: must be Bernoulli or Spin units")
    return np.where(xi > 0, 1.0, visible.low)


def corrupted(rbm: RBM, v: ArrayLike, probability: float, *, rng: Seed = None) -> np.ndarray:
    """Flip every visible unit with the given probability (1 − m₀)/2; spins keep the overlap m₀ with `v`.

    Parameters
    ----------
    rbm : RBM
        Machine with Bernoulli or Spin visible units.
    v : array_like, shape (..., N)
        Visible configurations.
    probability : float
        Probability of a flip, in [0, 1].
    rng : None, int, SeedSequence or Generator
        Random numbers, as for ``numpy.random.default_rng``.

    Returns
    -------
    ndarray, shape (..., N)
        A new array, `v` with each unit flipped or not, in the dtype of the weights.

    Raises
    ------
    ValueError
        If an argument is out of its range, or the visible units do not have two values.
    """
    v = rbm.configurations(v)
    if not isinstance(rbm.visible, TwoValued):
        raise ValueError(f"rbm.visible = {rbm.visible!r}: must be Bernoulli or Spin units")
    probability = check.number("probability", probability, at_least=0, at_most=1)
    flips = random.generator(rng).random(v.shape) < probability
    return np.where(flips, rbm.visible.flipped(v), v)
