"""Decimation of Ising spins as a machine: its visible units are all spins, its hidden ones the spins that are kept.

With w_jj = b between a kept spin and its hidden unit, and the couplings J_ij to the neighbours i of j,

    F(v) + n b = −Σ_j [ln 2 cosh(b + v_j Σ_i J_ij v_i) − b] → −Σ_ij J_ij v_i v_j   for b → ∞,

n hidden units: h_j is v_j, and the trace condition is met. For any b the sum over the visible layer is

    Σ_v e^{−E(v, h)} = (2 cosh b)ⁿ Π_i 2 cosh(Σ_j J_ij h_j),   i over the spins summed,

the law of the kept spins, whose couplings `interactions` finds. Between two neighbours on a chain it is
2 cosh K(h + h′) = √(4 cosh 2K) e^{K′ h h′}, tanh K′ = tanh² K.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim._support import check, shown
from rbm_sim.machine.rbm import RBM
from rbm_sim.partition import configurations
from rbm_sim.partition.trace_condition import all_states
from rbm_sim.units import Spin

MAX_SPINS = 20
"""Largest number of spins whose energies are written out."""
PIN = 20.0
"""Weight b, above the field of the neighbours: h differs from v with probability e^{−2b} = 4e-18, below rounding."""

ROUNDING = 1e-12
"""Couplings below this part of the largest count as none: those that `interactions` finds have rounding errors."""


class Decimation(NamedTuple):
    """A machine whose hidden units are the kept ones of Ising spins.

    Attributes
    ----------
    rbm : RBM
        The machine, its visible units all spins.
    constant : float
        n b, to be added to its energies: F(v) + n b is the energy of the spins.
    E_kept : ndarray, shape (2^n,)
        Energies −ln Σ_v e^{−E(v, h) − n b} of the kept spins, in the order of `exact.states`: their ln Z is that of
        all spins.
    """

    rbm: RBM
    constant: float
    E_kept: np.ndarray

    def __repr__(self) -> str:
        return shown.fields(self)


class Interactions(NamedTuple):
    """Couplings of spins, E(s) = −constant − Σ_i fields_i s_i − ½ Σ_ij pairs_ij s_i s_j − (those of three and more).

    Attributes
    ----------
    constant : float
        Mean of −E over all configurations.
    fields : ndarray, shape (N,)
        Couplings of single spins.
    pairs : ndarray, shape (N, N)
        Couplings of two, symmetric.
    largest_other : float
        Largest absolute coupling of three and more spins, 0 if there is none.
    """

    constant: float
    fields: np.ndarray
    pairs: np.ndarray
    largest_other: float

    def __repr__(self) -> str:
        return shown.fields(self)


def lattice(rows: int, columns: int, K: float, *, periodic: bool = False) -> np.ndarray:
    """Couplings K between nearest neighbours on a square lattice; one row of it is a chain.

    Parameters
    ----------
    rows, columns : int
        Its sides, >= 1.
    K : float
        Coupling in units of T.
    periodic : bool
        Whether sides are closed to rings, those of one spin excepted; two spins on a ring are neighbours twice.

    Returns
    -------
    ndarray, shape (rows × columns, rows × columns)
        Couplings J, spins numbered row by row.

    Raises
    ------
    ValueError
        If a side is no whole number >= 1, or K no number.

    Examples
    --------
    >>> from rbm_sim import renormalisation
    >>> renormalisation.lattice(1, 3, 0.5)
    array([[0. , 0.5, 0. ],
           [0.5, 0. , 0.5],
           [0. , 0.5, 0. ]])
    """
    rows, columns = check.integer("rows", rows, at_least=1), check.integer("columns", columns, at_least=1)
    K = check.number("K", K)
    sides = [_chain(size, check.yes_or_no("periodic", periodic)) for size in (rows, columns)]
    return K * (np.kron(sides[0], np.eye(columns)) + np.kron(np.eye(rows), sides[1]))


def ising_energies(J: ArrayLike) -> np.ndarray:
    """Energies −½ Σ_ij J_ij s_i s_j of all configurations of spins.

    Parameters
    ----------
    J : array_like, shape (N, N)
        Couplings, symmetric with diagonal 0; at most 20 spins.

    Returns
    -------
    ndarray, shape (2^N,)
        The energies, in the order of `exact.states`.

    Raises
    ------
    ValueError
        If `J` is no such matrix.
    """
    J = _couplings(J)
    if len(J) > MAX_SPINS:
        raise ValueError(f"J has shape {J.shape}: the energies of at most {MAX_SPINS} spins can be written out")
    return np.concatenate([-np.einsum("ki,ki->k", s @ J, s) / 2 for s in configurations.states(Spin(), len(J))])


def decimate(J: ArrayLike, kept: ArrayLike, pin: float | None = None) -> Decimation:
    """Machine that keeps some of the spins of an Ising model as its hidden units and sums over the others.

    Parameters
    ----------
    J : array_like, shape (N, N)
        Couplings, symmetric with diagonal 0, neither between two kept spins nor between two that are summed over;
        those below 1e-12 of the largest count as 0.
    kept : array_like of int, shape (n,)
        Indices of the kept spins, at most 20.
    pin : float, optional
        Weight b > 0 between a kept spin and its hidden unit; by default what makes both equal to rounding.

    Returns
    -------
    Decimation
        The machine, and the energies of the kept spins.

    Raises
    ------
    ValueError
        If the arguments are not as above.

    References
    ----------
    L. P. Kadanoff, Physics 2, 263 (1966); P. Mehta and D. J. Schwab, arXiv:1410.3831.

    Examples
    --------
    >>> import numpy as np
    >>> from rbm_sim import renormalisation
    >>> step = renormalisation.decimate(renormalisation.lattice(1, 5, 1.0), [0, 2, 4])
    >>> round(float(renormalisation.interactions(step.E_kept).pairs[0, 1]), 6)
    0.662501
    >>> round(float(np.arctanh(np.tanh(1.0) ** 2)), 6)
    0.662501
    """
    J = _couplings(J)
    kept = _kept(kept, len(J))
    summed = np.setdiff1d(np.arange(len(J)), kept)
    for name, group in (("kept", kept), ("summed over", summed)):
        inside = np.argwhere(J[np.ix_(group, group)])
        if inside.size:
            i, j = (int(group[k]) for k in inside[0])
            raise ValueError(f"J couples spins {i} and {j}, both {name}: units of one layer have no coupling")
    w = J[:, kept]
    b = PIN + float(np.abs(w).sum(axis=0).max()) if pin is None else check.number("pin", pin, above=0)
    w[kept, np.arange(len(kept))] = b
    rbm, constant = RBM(w, visible=Spin(), hidden=Spin()), len(kept) * b
    h = all_states(Spin(), len(kept))
    return Decimation(rbm, constant, rbm.transposed().free_energy(h) + constant)


def interactions(E: ArrayLike) -> Interactions:
    """Couplings of spins that have given energies, those between three and more included.

    Parameters
    ----------
    E : array_like, shape (2^N,)
        Energies in the order of `exact.states`, such as `Decimation.E_kept`, or F(v) of a machine of spins.

    Returns
    -------
    Interactions
        Constant, fields, pairs, and the largest of the others.

    Raises
    ------
    ValueError
        If the number of energies is no power of 2, or they are no numbers.
    """
    E = check.real_array("E", E, np.float64)
    N = E.size.bit_length() - 1
    if E.ndim != 1 or E.size != 2**N or N < 1:
        raise ValueError(f"E has shape {E.shape}: must hold 2^N energies, N at least 1")
    J = -E
    for i in range(N):  # half sum and half difference of both values of spin i: the transform of Walsh and Hadamard
        pair = J.reshape(-1, 2, 2**i)
        J = np.stack([pair[:, 1] + pair[:, 0], pair[:, 1] - pair[:, 0]], axis=1) / 2
    J = J.reshape(-1)
    bits = 2 ** np.arange(N)
    pairs = J[bits[:, None] | bits]
    np.fill_diagonal(pairs, 0)
    other = np.ones(J.size, dtype=bool)
    other[np.append(bits[:, None] | bits, 0)] = False
    return Interactions(float(J[0]), J[bits], pairs, float(np.abs(J[other]).max(initial=0)))


def _chain(size: int, periodic: bool) -> np.ndarray:
    """Number of bonds between spins of a row."""
    bonds = np.eye(size, k=1) + np.eye(size, k=-1)
    if periodic and size > 1:
        bonds[0, -1] += 1
        bonds[-1, 0] += 1
    return bonds


def _couplings(J: ArrayLike) -> np.ndarray:
    J = check.real_array("J", J, np.float64)
    if J.ndim != 2 or J.shape[0] != J.shape[1] or J.size == 0:
        raise ValueError(f"J has shape {J.shape}: must be (N, N), N at least 1")
    small = ROUNDING * np.abs(J).max()
    if np.abs(J - J.T).max() > small or np.abs(np.diagonal(J)).max() > small:
        raise ValueError("J must be symmetric, with diagonal 0")
    return np.where(np.abs(J) > small, (J + J.T) / 2, 0)


def _kept(kept: ArrayLike, N: int) -> np.ndarray:
    indices = np.asarray(kept)
    if indices.ndim != 1 or not 0 < indices.size < N or indices.dtype.kind not in "iu":
        raise ValueError(f"kept = {check.short(kept)}: must be 1 to {N - 1} indices of {N} spins")
    if indices.min() < 0 or indices.max() >= N or len(np.unique(indices)) < indices.size:
        raise ValueError(f"kept = {check.short(kept)}: must be different indices from 0 to {N - 1}")
    if indices.size > MAX_SPINS:
        raise ValueError(
            f"kept has {indices.size} indices: the energies of at most {MAX_SPINS} spins can be written out"
        )
    return indices
