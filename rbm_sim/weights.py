"""How the weights of a machine are stored: dense, sparse, or as bits. Every storage has the same few products.

A float32 weight takes 4 bytes. A pattern entry ξ = ±1 takes one bit in `PackedPatterns` (two if some are 0), and
the entries are spread out a block of rows at a time, by a table that holds the eight entries of every byte; a
sparse matrix takes 8 bytes for each entry that is not 0, twice, for fast products from either side.
"""

import abc
import math
from typing import Any

import numpy as np

from rbm_sim import _check

BLOCK_BYTES = 1 << 20
"""Dense entries that packed patterns are spread out to at a time: they stay in the cache."""


class Weights(abc.ABC):
    """The matrix w, shape (N, M), visible × hidden, by what is done with it.

    Attributes
    ----------
    shape : tuple of int
        (N, M).
    dtype : numpy.dtype
        float32 or float64, of all products.
    """

    shape: tuple[int, int]
    dtype: np.dtype

    @abc.abstractmethod
    def forward(self, v: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Inputs of the hidden layer, v w.

        Parameters
        ----------
        v : ndarray, shape (..., N)
            Visible configurations.
        out : ndarray, shape (..., M), optional
            Where to put them.

        Returns
        -------
        ndarray, shape (..., M)
            v w.
        """

    @abc.abstractmethod
    def backward(self, h: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Inputs of the visible layer, h wᵀ.

        Parameters
        ----------
        h : ndarray, shape (..., M)
            Hidden configurations.
        out : ndarray, shape (..., N), optional
            Where to put them.

        Returns
        -------
        ndarray, shape (..., N)
            h wᵀ.
        """

    @abc.abstractmethod
    def squares(self, x: np.ndarray) -> np.ndarray:
        """Sums Σ_μ w_{iμ}² x_μ.

        Parameters
        ----------
        x : ndarray, shape (..., M)
            One number for each hidden unit.

        Returns
        -------
        ndarray, shape (..., N)
            The sums.
        """

    def norms(self) -> np.ndarray:
        """Sums Σ_μ w_{iμ}².

        Returns
        -------
        ndarray, shape (N,)
            One for each visible unit.
        """
        return self.squares(np.ones(self.shape[1], self.dtype))

    @abc.abstractmethod
    def largest(self) -> float:
        """The largest |w_{iμ}|.

        Returns
        -------
        float
            max |w|.
        """

    @abc.abstractmethod
    def row(self, i: int) -> tuple[Any, np.ndarray]:
        """The weights of one visible unit that are not 0.

        Parameters
        ----------
        i : int
            Visible unit.

        Returns
        -------
        index : slice or ndarray of int
            The hidden units.
        w : ndarray
            Their weights.
        """

    @abc.abstractmethod
    def columns(self, first: int, last: int) -> np.ndarray:
        """The weights of the hidden units `first` to `last` − 1, as an array.

        Parameters
        ----------
        first, last : int
            Hidden units.

        Returns
        -------
        ndarray, shape (N, last − first)
            The weights.
        """

    @abc.abstractmethod
    def transposed(self) -> "Weights":
        """The matrix wᵀ, without a copy where that is possible.

        Returns
        -------
        Weights
            The weights with the layers exchanged.
        """

    def dense(self) -> np.ndarray:
        """All weights as an array.

        Returns
        -------
        ndarray, shape (N, M)
            w.
        """
        return self.columns(0, self.shape[1])


class Dense(Weights):
    """Weights in an array.

    Parameters
    ----------
    w : ndarray, shape (N, M)
        The weights, float32 or float64; not copied.
    """

    def __init__(self, w: np.ndarray) -> None:
        self.w = w
        self.shape = (w.shape[0], w.shape[1])
        self.dtype = w.dtype
        self._squares: np.ndarray | None = None
        self._largest: float | None = None

    def forward(self, v: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Product v w."""
        return np.matmul(v, self.w, out=out)

    def backward(self, h: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Product h wᵀ."""
        return np.matmul(h, self.w.T, out=out)

    def squares(self, x: np.ndarray) -> np.ndarray:
        """Σ_μ w² x."""
        if self._squares is None:
            self._squares = self.w * self.w
        return x @ self._squares.T

    def norms(self) -> np.ndarray:
        """Σ_μ w², without a matrix of squares."""
        return np.einsum("ij,ij->i", self.w, self.w)

    def largest(self) -> float:
        """Largest |w|, kept."""
        if self._largest is None:
            self._largest = float(max(self.w.max(), -self.w.min()))
        return self._largest

    def row(self, i: int) -> tuple[Any, np.ndarray]:
        """A view."""
        return slice(None), self.w[i]

    def columns(self, first: int, last: int) -> np.ndarray:
        """A view."""
        return self.w[:, first:last]

    def transposed(self) -> "Dense":
        """A view."""
        return Dense(self.w.T)


class Sparse(Weights):
    """Weights in a sparse matrix, stored by rows and by columns.

    Parameters
    ----------
    rows, columns : scipy.sparse.csr_array
        w and wᵀ.
    """

    def __init__(self, rows: Any, columns: Any) -> None:
        self._rows, self._columns = rows, columns
        self._squares: Any = None
        self.shape = rows.shape
        self.dtype = rows.dtype

    @classmethod
    def of(cls, w: Any) -> "Sparse":
        """Store a matrix of scipy.sparse.

        Parameters
        ----------
        w : sparse array or matrix, shape (N, M)
            The weights.

        Returns
        -------
        Sparse
            The same.
        """
        import scipy.sparse as sp

        if np.iscomplexobj(w.data if hasattr(w, "data") else 0):
            raise ValueError("weights are complex: must be a matrix of real numbers")
        rows = sp.csr_array(w, copy=True)
        if rows.dtype not in (np.float32, np.float64):
            rows = rows.astype(np.float64)
        rows.sum_duplicates()
        return cls(rows, sp.csr_array(rows.T))

    def forward(self, v: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Product v w."""
        return _into(out, _sparse_product(self._columns, v))

    def backward(self, h: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Product h wᵀ."""
        return _into(out, _sparse_product(self._rows, h))

    def squares(self, x: np.ndarray) -> np.ndarray:
        """Σ_μ w² x."""
        if self._squares is None:
            self._squares = self._rows.power(2)
        return _sparse_product(self._squares, x)

    def largest(self) -> float:
        """Largest |w|."""
        return float(np.abs(self._rows.data).max(initial=0))

    def row(self, i: int) -> tuple[Any, np.ndarray]:
        """Indices and values of one row."""
        entries = slice(self._rows.indptr[i], self._rows.indptr[i + 1])
        return self._rows.indices[entries], self._rows.data[entries]

    def columns(self, first: int, last: int) -> np.ndarray:
        """As an array."""
        return self._columns[first:last].toarray().T

    def transposed(self) -> "Sparse":
        """Without a copy."""
        return Sparse(self._columns, self._rows)


def _sparse_product(matrix: Any, x: np.ndarray) -> np.ndarray:
    """Product x matrixᵀ, for any number of leading axes."""
    flat = x.reshape(-1, x.shape[-1])
    product = matrix @ flat[0] if len(flat) == 1 else (matrix @ flat.T).T
    return product.reshape(*x.shape[:-1], matrix.shape[0])


def _into(out: np.ndarray | None, result: np.ndarray) -> np.ndarray:
    if out is None:
        return result
    out[...] = result
    return out


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
    >>> from rbm_sim.weights import PackedPatterns
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
        dtype: Any = np.float32,
    ) -> None:
        if np.dtype(dtype) not in (np.float32, np.float64):
            raise ValueError(f"dtype = {dtype!r}: must be float32 or float64")
        M = _check.integer("M", M, at_least=1)
        for bits in (positive, nonzero):
            if bits is not None and not _fits(bits, len(positive), M):
                found = f"{np.shape(bits)}, {getattr(bits, 'dtype', type(bits).__name__)}"
                raise ValueError(f"bits of shape {found}: must be uint8, (N, {-(-M // 8)}), N >= 1")
        self.positive, self.nonzero = positive, nonzero
        self.scale = _check.number("scale", scale)
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

    def scaled(self, scale: float, dtype: Any = np.float32) -> "PackedPatterns":
        """The same bits with another factor.

        Parameters
        ----------
        scale : float
            The factor.
        dtype : dtype
            float32 or float64.

        Returns
        -------
        PackedPatterns
            It shares the bits.
        """
        return PackedPatterns(self.positive, self.shape[1], nonzero=self.nonzero, scale=scale, dtype=dtype)

    def first(self, M: int) -> "PackedPatterns":
        """The first patterns only.

        Parameters
        ----------
        M : int
            How many, 1 to all.

        Returns
        -------
        PackedPatterns
            They share the bits.
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
        """Σ_μ w² x: where no entry is 0, the same for every visible unit."""
        if self.nonzero is None:
            total = self.scale**2 * x.sum(axis=-1, keepdims=True)
            return np.broadcast_to(total, (*x.shape[:-1], self.shape[0]))
        present = PackedPatterns(self.nonzero, self.shape[1], dtype=self.dtype)
        present._signs = present._ones
        return self.scale**2 * present.backward(x)

    def largest(self) -> float:
        """The factor of ξ = ±1."""
        return abs(self.scale)

    def row(self, i: int) -> tuple[Any, np.ndarray]:
        """One row spread out."""
        return slice(None), self._spread(slice(i, i + 1))[0] * self.dtype.type(self.scale)

    def columns(self, first: int, last: int) -> np.ndarray:
        """A few columns spread out."""
        bytes_ = slice(first // 8, -(-last // 8))
        skip = first - 8 * bytes_.start
        return self._spread(slice(None), bytes_)[:, skip : skip + last - first] * self.dtype.type(self.scale)

    def transposed(self) -> Dense:
        """As an array: the bits are stored by rows."""
        return Dense(self.dense().T)

    def _blocks(self) -> list[slice]:
        return [slice(i, min(i + self._step, self.shape[0])) for i in range(0, self.shape[0], self._step)]

    def _spread(self, rows: slice, bytes_: slice = slice(None)) -> np.ndarray:
        """The entries ξ of some rows as floats."""
        bits = self.positive[rows, bytes_]
        xi = self._signs.take(bits, axis=0).reshape(len(bits), -1)
        if self.nonzero is not None:
            xi *= self._ones.take(self.nonzero[rows, bytes_], axis=0).reshape(len(bits), -1)
        return xi[:, : self.shape[1]] if bytes_ == slice(None) else xi


def _fits(bits: Any, N: int, M: int) -> bool:
    return isinstance(bits, np.ndarray) and bits.dtype == np.uint8 and bits.shape == (N, -(-M // 8)) and N > 0


def stored(weights: Any) -> Weights:
    """Return weights of any kind in their storage, or raise if they are not a matrix of finite numbers.

    Parameters
    ----------
    weights : array_like, scipy.sparse array or Weights, shape (N, M)
        The weights. An array is not copied (and must not be changed later), but becomes float64 if it is neither
        float32 nor float64.

    Returns
    -------
    Weights
        Their storage.

    Raises
    ------
    ValueError
        If they are not a matrix of finite numbers.
    """
    if isinstance(weights, Weights):
        return weights
    if hasattr(weights, "tocsr"):
        result = Sparse.of(weights)
        _check.real_array("weights", result._rows.data)
        if not math.prod(result.shape):
            raise ValueError(f"weights has shape {result.shape}: must be (N, M), visible × hidden, both at least 1")
        return result
    w = _check.real_array("weights", weights)
    if w.dtype not in (np.float32, np.float64):
        w = w.astype(np.float64)
    if w.ndim != 2 or w.size == 0:
        raise ValueError(f"weights has shape {w.shape}: must be (N, M), visible × hidden, both at least 1")
    w = w.view()
    w.flags.writeable = False
    return Dense(w)
