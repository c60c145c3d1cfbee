"""Random patterns in bits: an entry ξ = ±1 takes one bit, two if some entries are 0.

A float32 weight takes 4 bytes. Products spread the entries out a block of rows at a time, by a table that holds the
eight entries of every byte, and the block stays in the cache.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from rbm_sim._support import check
from rbm_sim.machine.weights import Dense, Weights

BLOCK_BYTES = 1 << 20
"""Dense entries that packed patterns are spread out to at a time."""


class PackedPatterns(Weights):
    """Weights scale × ξ with ξ = ±1 or 0, one or two bits for each entry.

    Parameters
    ----------
    positive : ndarray of uint8, shape (N, ⌈M/8⌉)
        Bits of the entries +1, eight hidden units a byte, the first one in the highest bit.
    M : int
        Number of patterns.
    nonzero : ndarray of uint8, shape (N, ⌈M/8⌉), optional
        Bits of the entries that are not 0; by default all of them.
    scale : float
        Factor of all entries.
    dtype : dtype
        float32 or float64.

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from rbm_sim.machine.packed import PackedPatterns
    >>> PackedPatterns(np.array([[0b10100000]], np.uint8), 3).dense()
    array([[ 1., -1.,  1.]], dtype=float32)
    """

    def __init__(
        self,
        positive: np.ndarray,
        M: int,
        *,
        nonzero: np.ndarray | None = None,
        scale: float = 1.0,
        dtype: DTypeLike = np.float32,
    ) -> None:
        if np.dtype(dtype) not in (np.float32, np.float64):
            raise ValueError(f"dtype = {dtype!r}: must be float32 or float64")
        M = check.integer("M", M, at_least=1)
        for bits in (positive, nonzero):
            if bits is not None and not _fits(bits, len(positive), M):
                found = f"{np.shape(bits)}, {getattr(bits, 'dtype', type(bits).__name__)}"
                raise ValueError(f"bits of shape {found}: must be uint8, (N, {-(-M // 8)}), N >= 1")
        self.positive, self.nonzero = positive, nonzero
        self.scale = check.number("scale", scale)
        self.shape = (len(positive), M)
        self.dtype = np.dtype(dtype)
        byte = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1)
        self._ones = byte.astype(dtype)
        self._signs = 2 * self._ones - 1
        self._step = max(1, BLOCK_BYTES // (8 * positive.shape[1] * self.dtype.itemsize))

    @property
    def nbytes(self) -> int:
        """Memory of the bits."""
        return self.positive.nbytes + (0 if self.nonzero is None else self.nonzero.nbytes)

    def scaled(self, scale: float, dtype: DTypeLike = np.float32) -> PackedPatterns:
        """Return the same bits with another factor.

        Parameters
        ----------
        scale : float
            The factor.
        dtype : dtype
            float32 or float64.

        Returns
        -------
        PackedPatterns
            New weights that share the bits of these.
        """
        return PackedPatterns(self.positive, self.shape[1], nonzero=self.nonzero, scale=scale, dtype=dtype)

    def first(self, M: int) -> PackedPatterns:
        """Return the first patterns only.

        Parameters
        ----------
        M : int
            How many, 1 to all.

        Returns
        -------
        PackedPatterns
            Weights of shape (N, M) that share the bits of these.
        """
        used = -(-M // 8)
        nonzero = None if self.nonzero is None else self.nonzero[:, :used]
        return PackedPatterns(self.positive[:, :used], M, nonzero=nonzero, scale=self.scale, dtype=self.dtype)

    def forward(self, v: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Product v w, block by block of visible units."""
        total = np.zeros((*v.shape[:-1], self.shape[1]), self.dtype) if out is None else out
        total[...] = 0
        for rows in self._blocks():
            total += v[..., rows] @ self._spread(rows)
        total *= self.scale
        return total

    def backward(self, h: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Product h wᵀ, block by block of visible units."""
        result = np.empty((*h.shape[:-1], self.shape[0]), self.dtype) if out is None else out
        for rows in self._blocks():
            result[..., rows] = h @ self._spread(rows).T
        result *= self.scale
        return result

    def squares(self, x: np.ndarray) -> np.ndarray:
        """Sums Σ_μ w² x: where no entry is 0, the same for every visible unit."""
        if self.nonzero is None:
            return self._repeated(x, self.shape[0])
        return self.scale**2 * self._present(self.nonzero).backward(x)

    def squares_forward(self, x: np.ndarray) -> np.ndarray:
        """Sums Σ_i w² x: where no entry is 0, the same for every hidden unit."""
        if self.nonzero is None:
            return self._repeated(x, self.shape[1])
        return self.scale**2 * self._present(self.nonzero).forward(x)

    def largest(self) -> float:
        """Modulus of the factor, since ξ = ±1."""
        return abs(self.scale)

    def row(self, i: int) -> tuple[slice, np.ndarray]:
        """Row of w, spread out."""
        return slice(None), self._spread(slice(i, i + 1))[0] * self.dtype.type(self.scale)

    def columns(self, first: int, last: int) -> np.ndarray:
        """Columns of w, spread out."""
        bytes_ = slice(first // 8, -(-last // 8))
        skip = first - 8 * bytes_.start
        return self._spread(slice(None), bytes_)[:, skip : skip + last - first] * self.dtype.type(self.scale)

    def transposed(self) -> Dense:
        """Return wᵀ as an array: the bits are stored by rows."""
        return Dense(self.dense().T)

    def _repeated(self, x: np.ndarray, units: int) -> np.ndarray:
        """Sum of scale² x, for each of so many units."""
        total = self.scale**2 * x.sum(axis=-1, keepdims=True)
        return np.broadcast_to(total, (*x.shape[:-1], units))

    def _present(self, nonzero: np.ndarray) -> PackedPatterns:
        """|ξ| as a matrix."""
        present = PackedPatterns(nonzero, self.shape[1], dtype=self.dtype)
        present._signs = present._ones
        return present

    def _blocks(self) -> list[slice]:
        return [slice(i, min(i + self._step, self.shape[0])) for i in range(0, self.shape[0], self._step)]

    def _spread(self, rows: slice, bytes_: slice = slice(None)) -> np.ndarray:
        """Entries ξ of some rows as floats."""
        bits = self.positive[rows, bytes_]
        xi = self._signs.take(bits, axis=0).reshape(len(bits), -1)
        if self.nonzero is not None:
            xi *= self._ones.take(self.nonzero[rows, bytes_], axis=0).reshape(len(bits), -1)
        return xi[:, : self.shape[1]] if bytes_ == slice(None) else xi


def _fits(bits: Any, N: int, M: int) -> bool:
    return isinstance(bits, np.ndarray) and bits.dtype == np.uint8 and bits.shape == (N, -(-M // 8)) and N > 0
