"""What is learned, and from what: the parameters of a machine, and data that fit its visible units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array, issparse

from rbm_sim._support import check, shown
from rbm_sim.units import Bernoulli, Gaussian, TwoValued, Unit
from rbm_sim.units.named import NAMED


@dataclass
class Parameters:
    """Parameters that are learned: weights, and the linear parts b of the potentials of the two layers.

    Parameters
    ----------
    w : ndarray, shape (N, M)
        Weights.
    visible, hidden : ndarray, shape (N,), (M,)
        Offsets b, U(x) = U₀(x) + b x: −g of Bernoulli and spin units, θ of ReLU units.
    log_sigma : ndarray, shape (N,), optional
        Of real-valued visible units only, v = mean + scale σ u with u of unit variance given h: ln σ. Weights and
        visible offsets are then those of u.
    """

    w: np.ndarray
    visible: np.ndarray
    hidden: np.ndarray
    log_sigma: np.ndarray | None = None

    def __repr__(self) -> str:
        return shown.fields(self)

    def arrays(self) -> tuple[np.ndarray, ...]:
        """Return the arrays, in the order w, visible, hidden and, if it is there, log_sigma.

        Returns
        -------
        tuple of ndarray
            The arrays themselves, not copies.
        """
        arrays = self.w, self.visible, self.hidden
        return arrays if self.log_sigma is None else (*arrays, self.log_sigma)

    def names(self) -> tuple[str, ...]:
        """Return the names of the arrays, in their order."""
        return ("w", "visible", "hidden", "log_sigma")[: len(self.arrays())]

    def copy(self) -> Parameters:
        """Return the same numbers in arrays of their own."""
        return Parameters(*(x.copy() for x in self.arrays()))


def check_learnable(name: str, unit: Unit) -> None:
    """Refuse units whose parameters are not learned.

    Parameters
    ----------
    name : str
        What the message calls them.
    unit : Unit
        Units.

    Raises
    ------
    ValueError
        If they are not of one of the kinds that have a name: units of one's own have no offset to learn.
    """
    if not isinstance(unit, tuple(NAMED.values())):
        kinds = ", ".join(kind.__name__ for kind in NAMED.values())
        raise ValueError(f"{name} = {unit!r}: must be one of the units {kinds}; others cannot be learned")


def checked(data: ArrayLike, visible: Unit) -> np.ndarray:
    """Check data for learning: a matrix of numbers within the domain of the visible units.

    Parameters
    ----------
    data : array_like or sparse, shape (samples, N)
        Visible configurations; a sparse array or matrix of SciPy's, of Bernoulli units, stays one.
    visible : Bernoulli, Spin or Gaussian
        Visible units.

    Returns
    -------
    ndarray or csr_array, shape (samples, N)
        The data in one byte an entry, int8, if they have two values; real ones in single precision if they come in it,
        otherwise in double.

    Raises
    ------
    ValueError
        If there are none, they are no matrix, or values lie outside the domain.
    """
    if not isinstance(visible, TwoValued | Gaussian):
        raise ValueError(f"visible = {visible!r}: must be Bernoulli, Spin or Gaussian units")
    if issparse(data):
        return _checked_sparse(data, visible)
    x = check.real_array("data", data)
    if x.ndim != 2 or not x.size:
        raise ValueError(f"data has shape {x.shape}: must be (samples, N), both at least 1")
    if isinstance(visible, Gaussian):
        return x if x.dtype == np.float32 else x.astype(float)
    if not visible.contains(x):
        hint = "Spin units have these" if (np.abs(x) == 1).all() else "binarise grey levels first"
        raise ValueError(
            f"data has entries in [{x.min():g}, {x.max():g}]: {type(visible).__name__} units take values in "
            f"{visible.domain}; {hint}"
        )
    return x.astype(np.int8)


def _checked_sparse(data: Any, visible: Unit) -> Any:
    """A sparse matrix of zeros and ones, in rows and in one byte an entry."""
    if not isinstance(visible, Bernoulli):
        raise ValueError(
            f"data is sparse: only Bernoulli units have mostly zeros, not {type(visible).__name__} ones; "
            "data.toarray() makes it dense"
        )
    x = csr_array(data)
    if x.ndim != 2 or not all(x.shape):
        raise ValueError(f"data has shape {x.shape}: must be (samples, N), both at least 1")
    x.sum_duplicates()
    if not visible.contains(check.real_array("data", x.data)):
        raise ValueError(
            f"data has entries in [{x.min():g}, {x.max():g}]: Bernoulli units take values in {visible.domain}; "
            "binarise grey levels first"
        )
    return x.astype(np.int8)


def dense(data: Any) -> np.ndarray:
    """Rows of data as an array.

    Parameters
    ----------
    data : ndarray or sparse array, shape (samples, N)
        From `checked`.

    Returns
    -------
    ndarray, shape (samples, N)
        The same numbers.
    """
    return data.toarray() if issparse(data) else data


def fields_of(data: np.ndarray, visible: Any) -> np.ndarray:
    """Fields in which two-valued units without couplings have the means of data, smoothed.

    Parameters
    ----------
    data : ndarray or sparse array, shape (samples, N)
        From `checked`.
    visible : Bernoulli or Spin
        Visible units.

    Returns
    -------
    ndarray of float32, shape (N,)
        The fields g.
    """
    samples = data.shape[0]
    on = (np.asarray(data.mean(axis=0, dtype=float)) - visible.low) / (1 - visible.low)
    on = (samples * on + 0.5) / (samples + 1)
    return (np.log(on / (1 - on)) / (1 - visible.low)).astype(np.float32)
