"""What is learned, and from what: the parameters of a machine, and data that fit its visible units."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array, issparse

from rbm_sim._support import check, shown
from rbm_sim._support.memory import check_memory
from rbm_sim.units import Bernoulli, DReLU, Gaussian, Potts, TwoValued, Unit
from rbm_sim.units.named import HIDDEN, NAMED


@dataclass
class Parameters:
    """Parameters that are learned: weights, and the linear parts b of the potentials of the two layers.

    Parameters
    ----------
    w : ndarray, shape (N, M)
        Weights.
    visible, hidden : ndarray, shape (N,), (M,)
        Offsets b, U(x) = U₀(x) + b x: −g of Bernoulli and spin units, θ of ReLU units, (θ₊ + θ₋)/2 of double ones.
    log_sigma : ndarray, shape (N,), optional
        Of real-valued visible units only, v = mean + scale σ u with u of unit variance given h: ln σ. Weights and
        visible offsets are then those of u.
    shape : ndarray, shape (2, M), optional
        Of double ReLU hidden units only: Δ = (θ₊ − θ₋)/2 and ζ, 1/√γ± = 1 ± tanh ζ. So γ± stay positive, and the scale
        of h, which v does not see, is fixed by 1/√γ₊ + 1/√γ₋ = 2.
    """

    w: np.ndarray
    visible: np.ndarray
    hidden: np.ndarray
    log_sigma: np.ndarray | None = None
    shape: np.ndarray | None = None

    def __repr__(self) -> str:
        return shown.fields(self)

    def arrays(self) -> tuple[np.ndarray, ...]:
        """Return the arrays, in the order w, visible, hidden and, if they are there, log_sigma and shape.

        Returns
        -------
        tuple of ndarray
            The arrays themselves, not copies.
        """
        return tuple(getattr(self, name) for name in self.names())

    def names(self) -> tuple[str, ...]:
        """Return the names of the arrays, in their order."""
        return tuple(own.name for own in fields(self) if getattr(self, own.name) is not None)

    def like(self, arrays: Iterable[np.ndarray]) -> Self:
        """Return other numbers of the same parameters, from arrays in their order."""
        return type(self)(**dict(zip(self.names(), arrays, strict=True)))

    def map(self, function: Callable[[np.ndarray], np.ndarray]) -> Self:
        """Return what a function makes of each array."""
        return self.like(function(x) for x in self.arrays())

    def copy(self) -> Self:
        """Return the same numbers in arrays of their own."""
        return self.map(np.copy)


STIFFEST = 2.0
"""Largest |ζ|: a double ReLU unit of which one side is 50 times as narrow as the other is a ReLU unit."""


def shape_of(unit: DReLU, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Offsets and `Parameters.shape` of double ReLU units, h measured such that 1/√γ₊ + 1/√γ₋ = 2.

    Parameters
    ----------
    unit : DReLU
        The units.
    size : int
        Their number.

    Returns
    -------
    offset, shape : ndarray of float32, shape (size,), (2, size)
        b, and Δ and ζ.
    """
    plus, minus = (1 / np.sqrt(np.full(size, gamma, float)) for gamma in (unit.gamma_plus, unit.gamma_minus))
    half = (plus + minus) / 2
    zeta = np.clip(np.log(plus / minus) / 2, -STIFFEST, STIFFEST)
    shape = np.stack([unit.gap * half, zeta])
    return (unit.offset * half).astype(np.float32), shape.astype(np.float32)


def double_relu(shape: np.ndarray, offset: Any = 0.0) -> DReLU:
    """Double ReLU units of given parameters.

    Parameters
    ----------
    shape : ndarray, shape (2, M)
        Δ and ζ.
    offset : ndarray, shape (M,), or 0
        b = (θ₊ + θ₋)/2.

    Returns
    -------
    DReLU
        θ± = b ± Δ, 1/√γ± = 1 ± tanh ζ.
    """
    gap, zeta = shape
    plus, minus = (2 / (1 + np.exp(-sign * zeta)) for sign in (2, -2))
    return DReLU(plus**-2, minus**-2, offset + gap, offset - gap)


def hidden_layer(kind: Unit, parameters: Parameters) -> Unit:
    """Hidden units of given parameters.

    Parameters
    ----------
    kind : Unit
        Units of that kind.
    parameters : Parameters
        Their values.

    Returns
    -------
    Unit
        The hidden layer.
    """
    if parameters.shape is not None:
        return double_relu(parameters.shape, parameters.hidden)
    return kind._with_offset(parameters.hidden)


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
    kinds_of = tuple(NAMED[name] for name in HIDDEN)
    if not isinstance(unit, kinds_of):
        kinds = ", ".join(kind.__name__ for kind in kinds_of)
        raise ValueError(f"{name} = {unit!r}: must be one of the units {kinds}; others cannot be learned")


def check_units(name: str, units: Any, N: int, batch: int) -> int:
    """Refuse machines that no memory holds: weights as they are drawn, in double precision, steps and gradients.

    Parameters
    ----------
    name : str
        What the message calls them.
    units : int
        Number of hidden units, >= 1.
    N : int
        Number of visible ones.
    batch : int
        Data in one step.

    Returns
    -------
    int
        `units`.

    Raises
    ------
    ValueError
        If there is not so much memory, or `units` is no whole number >= 1.
    """
    units = check.integer(name, units, at_least=1)
    check_memory(name, units, "hidden units", 4.0 * units * (5.0 * N + 6.0 * batch))
    return units


def matching(data: Any, visible: Unit, N: int) -> Any:
    """Data to learn from, as `checked` gives them, or raise if they have not as many columns as the machine.

    Parameters
    ----------
    data : ndarray or sparse array, shape (samples, N), or array_like
        From `checked`; of a list this is what becomes.
    visible : Unit
        Visible units.
    N : int
        Their number, of Potts units that of their states.

    Returns
    -------
    ndarray or sparse array, shape (samples, N)
        The data.

    Raises
    ------
    ValueError
        If they do not fit.
    """
    data = data if isinstance(data, np.ndarray) or issparse(data) else checked(data, visible)
    if data.ndim != 2 or data.shape[1] != N:
        raise ValueError(f"data has shape {data.shape}: the machine has {N} visible units")
    return data


LARGEST = 1e150
"""Real-valued data of this size, or as small as 1/LARGEST, have variances that are no numbers."""


def checked(data: ArrayLike, visible: Unit) -> np.ndarray:
    """Check data for learning: a matrix of numbers within the domain of the visible units.

    Parameters
    ----------
    data : array_like or sparse, shape (samples, N)
        Visible configurations; of Potts units the numbers of their states, or vectors (samples, N, states). A sparse
        array or matrix of SciPy's, of Bernoulli units, stays one.
    visible : Bernoulli, Spin, Gaussian or Potts
        Visible units.

    Returns
    -------
    ndarray or csr_array, shape (samples, N), of Potts units (samples, N × states)
        The data in one byte an entry, int8, if they have two values; real ones in single precision if they come in it,
        otherwise in double.

    Raises
    ------
    ValueError
        If there are none, they are no matrix, or values lie outside the domain.
    """
    if not isinstance(visible, TwoValued | Gaussian | Potts):
        raise ValueError(f"visible = {visible!r}: must be Bernoulli, Spin, Gaussian or Potts units")
    if issparse(data):
        return _checked_sparse(data, visible)
    x = check.real_array("data", data)
    if isinstance(visible, Potts):
        return _vectors(x, visible)
    if x.ndim != 2 or not x.size:
        raise ValueError(f"data has shape {x.shape}: must be (samples, N), both at least 1")
    if isinstance(visible, Gaussian):
        size = np.abs(x).max(axis=0).astype(float)
        if not ((size < LARGEST) & ((size > 1 / LARGEST) | (size == 0))).all():
            worst = size.max() if size.max() >= LARGEST else size[size > 0].min()
            raise ValueError(f"data has a column of size {worst:g}: must be of {1 / LARGEST:g} to {LARGEST:g}, or 0")
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


def _vectors(x: np.ndarray, visible: Potts) -> np.ndarray:
    """Data of Potts units as vectors, those of a sample after each other."""
    if x.ndim not in (2, 3) or not x.size or (x.ndim == 3 and x.shape[2] != visible.states):
        raise ValueError(
            f"data has shape {x.shape}: must be (samples, N), numbers of states, or vectors "
            f"(samples, N, {visible.states}), all at least 1"
        )
    if x.ndim == 2:
        x = visible.one_hot(x)
    elif not visible.contains(x):
        raise ValueError(f"data has entries in [{x.min():g}, {x.max():g}]: Potts units take values in {visible.domain}")
    return x.reshape(len(x), -1).astype(np.int8)


def fields_of(data: np.ndarray, visible: Any) -> np.ndarray:
    """Fields in which two-valued or Potts units without couplings have the means of data, smoothed.

    Parameters
    ----------
    data : ndarray or sparse array, shape (samples, N)
        From `checked`.
    visible : Bernoulli, Spin or Potts
        Visible units.

    Returns
    -------
    ndarray of float32, shape (N,)
        The fields g; those of the states of a Potts unit have the sum 0.
    """
    samples = data.shape[0]
    if isinstance(visible, Potts):
        frequency = data.sum(axis=0, dtype=float) + 0.5
        g = np.log(frequency).reshape(-1, visible.states)
        return (g - g.mean(axis=1, keepdims=True)).ravel().astype(np.float32)
    on = (np.asarray(data.mean(axis=0, dtype=float)) - visible.low) / (1 - visible.low)
    on = (samples * on + 0.5) / (samples + 1)
    return (np.log(on / (1 - on)) / (1 - visible.low)).astype(np.float32)
