"""What is learned, and from what: the parameters of a machine, and data that fit its visible units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim._support import check, shown
from rbm_sim.units import Gaussian, TwoValued, Unit
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
    data : array_like, shape (samples, N)
        Visible configurations.
    visible : Bernoulli, Spin or Gaussian
        Visible units.

    Returns
    -------
    ndarray, shape (samples, N)
        The data in one byte an entry, int8, if they have two values; real ones in single precision if they come in it,
        otherwise in double.

    Raises
    ------
    ValueError
        If there are none, they are no matrix, or values lie outside the domain.
    """
    if not isinstance(visible, TwoValued | Gaussian):
        raise ValueError(f"visible = {visible!r}: must be Bernoulli, Spin or Gaussian units")
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


def fields_of(data: np.ndarray, visible: Any) -> np.ndarray:
    """Fields in which two-valued units without couplings have the means of data, smoothed.

    Parameters
    ----------
    data : ndarray, shape (samples, N)
        From `checked`.
    visible : Bernoulli or Spin
        Visible units.

    Returns
    -------
    ndarray of float32, shape (N,)
        The fields g.
    """
    on = (data.mean(axis=0, dtype=float) - visible.low) / (1 - visible.low)
    on = (len(data) * on + 0.5) / (len(data) + 1)
    return (np.log(on / (1 - on)) / (1 - visible.low)).astype(np.float32)
