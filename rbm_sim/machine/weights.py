"""How the weights of a machine are stored: dense or sparse here, as bits in `rbm_sim.machine.packed`.

Few products are needed. A sparse matrix takes 8 bytes for each entry that is not 0, twice, for fast products from
either side.
"""

from __future__ import annotations

import abc
import math
from typing import TYPE_CHECKING, Protocol, TypeAlias, cast

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim._support import check

if TYPE_CHECKING:
    from scipy.sparse import csr_array


class SparseMatrix(Protocol):
    """A matrix of scipy.sparse, of any format."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Numbers of rows and of columns."""

    def tocsr(self) -> csr_array:
        """Return the same matrix, stored by rows."""


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
            Inputs v w, one for each hidden unit; `out` itself if it is given.
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
            Inputs h wᵀ, one for each visible unit; `out` itself if it is given.
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
            The sums, one for each visible unit; perhaps a read-only view that repeats them.
        """

    @abc.abstractmethod
    def squares_forward(self, x: np.ndarray) -> np.ndarray:
        """Sums Σ_i w_{iμ}² x_i.

        Parameters
        ----------
        x : ndarray, shape (..., N)
            One number for each visible unit.

        Returns
        -------
        ndarray, shape (..., M)
            The sums, one for each hidden unit; perhaps a read-only view that repeats them.
        """

    def norms(self) -> np.ndarray:
        """Sums Σ_μ w_{iμ}².

        Returns
        -------
        ndarray, shape (N,)
            Squared length of each row of w, one for each visible unit.
        """
        return self.squares(np.ones(self.shape[1], self.dtype))

    @abc.abstractmethod
    def largest(self) -> float:
        """Largest |w_{iμ}|.

        Returns
        -------
        float
            Largest modulus of an entry of w.
        """

    @abc.abstractmethod
    def row(self, i: int) -> tuple[slice | np.ndarray, np.ndarray]:
        """Weights of one visible unit; those that are 0 may be left out.

        Parameters
        ----------
        i : int
            Visible unit.

        Returns
        -------
        index : slice or ndarray of int
            Hidden units of the weights that follow: all of them, or those with an entry in a sparse matrix.
        w : ndarray, shape (M,) or that of `index`
            Their weights w_{iμ}, of dense weights a view.
        """

    @abc.abstractmethod
    def columns(self, first: int, last: int) -> np.ndarray:
        """Weights of the hidden units `first` to `last` − 1, as an array.

        Parameters
        ----------
        first, last : int
            Hidden units.

        Returns
        -------
        ndarray, shape (N, last − first)
            Part of w, visible × hidden; of dense weights a view.
        """

    @abc.abstractmethod
    def transposed(self) -> Weights:
        """Return the matrix wᵀ, without a copy where that is possible.

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
            The whole matrix w; a view if it is stored as an array.
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
        # some BLAS kernels raise the flag on what lies beyond the ends of their blocks; the results are right
        with np.errstate(invalid="ignore"):
            return np.matmul(v, self.w, out=out)

    def backward(self, h: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Product h wᵀ."""
        with np.errstate(invalid="ignore"):
            return np.matmul(h, self.w.T, out=out)

    def squares(self, x: np.ndarray) -> np.ndarray:
        """Sums Σ_μ w² x."""
        return x @ self._squared().T

    def squares_forward(self, x: np.ndarray) -> np.ndarray:
        """Sums Σ_i w² x."""
        return x @ self._squared()

    def norms(self) -> np.ndarray:
        """Sums Σ_μ w², without a matrix of squares."""
        return np.einsum("ij,ij->i", self.w, self.w)

    def largest(self) -> float:
        """Largest |w|, kept."""
        if self._largest is None:
            self._largest = float(max(self.w.max(), -self.w.min()))
        return self._largest

    def row(self, i: int) -> tuple[slice | np.ndarray, np.ndarray]:
        """Row of w, a view."""
        return slice(None), self.w[i]

    def columns(self, first: int, last: int) -> np.ndarray:
        """Columns of w, a view."""
        return self.w[:, first:last]

    def transposed(self) -> Dense:
        """Return wᵀ, a view."""
        return Dense(self.w.T)

    def _squared(self) -> np.ndarray:
        if self._squares is None:
            self._squares = self.w * self.w
        return self._squares


class Sparse(Weights):
    """Weights in a sparse matrix, stored by rows and by columns.

    Parameters
    ----------
    rows, columns : scipy.sparse.csr_array
        w and wᵀ.
    """

    def __init__(self, rows: csr_array, columns: csr_array) -> None:
        self._rows, self._columns = rows, columns
        self._squares: csr_array | None = None
        self._squares_back: csr_array | None = None
        self.shape = rows.shape
        self.dtype = rows.dtype

    @classmethod
    def of(cls, w: SparseMatrix) -> Sparse:
        """Store a matrix of scipy.sparse.

        Parameters
        ----------
        w : sparse array or matrix, shape (N, M)
            The weights.

        Returns
        -------
        Sparse
            The entries of `w`, copied, in float32 or float64, duplicates summed.
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
        """Sums Σ_μ w² x."""
        if self._squares is None:
            self._squares = self._rows.power(2)
        return _sparse_product(self._squares, x)

    def squares_forward(self, x: np.ndarray) -> np.ndarray:
        """Sums Σ_i w² x."""
        if self._squares_back is None:
            self._squares_back = self._columns.power(2)
        return _sparse_product(self._squares_back, x)

    def largest(self) -> float:
        """Largest |w|."""
        return float(np.abs(self._rows.data).max(initial=0))

    def row(self, i: int) -> tuple[slice | np.ndarray, np.ndarray]:
        """Indices and values of one row."""
        entries = slice(self._rows.indptr[i], self._rows.indptr[i + 1])
        return self._rows.indices[entries], self._rows.data[entries]

    def columns(self, first: int, last: int) -> np.ndarray:
        """Columns of w, as an array."""
        return self._columns[first:last].toarray().T

    def transposed(self) -> Sparse:
        """Return wᵀ, without a copy."""
        return Sparse(self._columns, self._rows)


def _sparse_product(matrix: csr_array, x: np.ndarray) -> np.ndarray:
    """Product x matrixᵀ, for any number of leading axes."""
    flat = x.reshape(-1, x.shape[-1])
    product = matrix @ flat[0] if len(flat) == 1 else (matrix @ flat.T).T
    return product.reshape(*x.shape[:-1], matrix.shape[0])


def _into(out: np.ndarray | None, result: np.ndarray) -> np.ndarray:
    if out is None:
        return result
    out[...] = result
    return out


# What makes the weights of a machine.
WeightsLike: TypeAlias = ArrayLike | SparseMatrix | Weights


def stored(weights: WeightsLike) -> Weights:
    """Return weights of any kind in their storage, or raise if they are not a matrix of finite numbers.

    Parameters
    ----------
    weights : array_like, scipy.sparse array or Weights, shape (N, M)
        The weights. An array is not copied (and must not be changed later), but becomes float64 if it is neither
        float32 nor float64.

    Returns
    -------
    Weights
        `Dense` for an array, of which it holds a read-only view, `Sparse` for a sparse matrix, which is copied; what is
        a `Weights` already comes back itself.

    Raises
    ------
    ValueError
        If they are not a matrix of finite numbers.
    """
    if isinstance(weights, Weights):
        return weights
    if hasattr(weights, "tocsr"):
        result = Sparse.of(cast(SparseMatrix, weights))
        check.real_array("weights", result._rows.data)
        if not math.prod(result.shape):
            raise ValueError(f"weights has shape {result.shape}: must be (N, M), visible × hidden, both at least 1")
        return result
    w = check.real_array("weights", weights)
    if w.dtype not in (np.float32, np.float64):
        w = w.astype(np.float64)
    if w.ndim != 2 or w.size == 0:
        raise ValueError(f"weights has shape {w.shape}: must be (N, M), visible × hidden, both at least 1")
    w = w.view()
    w.flags.writeable = False
    return Dense(w)
