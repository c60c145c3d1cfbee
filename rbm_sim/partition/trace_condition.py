"""What a change of the hidden layer keeps: ln Z, the law p(v), both, or neither; exact, for machines small enough.

Data have the energies E(v), p(v) = e^{−E(v)}/Z. A joint energy E′(v, h) = E(v) − T(v, h) has

    Tr_h e^{T(v, h)} = p′(v) Z′/(p(v) Z),

so that p is kept if and only if this trace does not depend on v, Z if and only if its mean over p is 1, and both
if and only if it is 1 for every v (the trace condition of Kadanoff's variational renormalisation). Energies are
arrays over all configurations, at T = 1; those of machines come in the order of `exact.states`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim._support import check, shown
from rbm_sim.machine.rbm import RBM
from rbm_sim.partition import configurations
from rbm_sim.units import Unit

MAX_UNITS = 24
"""Largest number of units, both layers together, whose joint energies are written out (128 megabytes)."""


class Comparison(NamedTuple):
    """Joint law of v and h beside the law of the data.

    Attributes
    ----------
    log_Z, log_Z_new : float
        ln Σ_v e^{−E(v)} and ln Σ_{v,h} e^{−E′(v, h)}.
    distance : float
        Total variation ½ Σ_v |p′(v) − p(v)|: 0 if and only if the law is kept.
    log_mean_trace : float
        ln Σ_v p(v) Tr_h e^{T(v, h)}: 0 if and only if Z is kept.
    spread : float
        Largest less smallest ln Tr_h e^{T(v, h)}: 0 if and only if the law is kept.
    log_trace : ndarray, shape (n,)
        ln Tr_h e^{T(v, h)} = E(v) − F′(v): 0 for every v if and only if both are kept.
    p, p_new : ndarray, shape (n,)
        The two laws of v.
    """

    log_Z: float
    log_Z_new: float
    distance: float
    log_mean_trace: float
    spread: float
    log_trace: np.ndarray
    p: np.ndarray
    p_new: np.ndarray

    def __repr__(self) -> str:
        return shown.fields(self)


def compare(E: ArrayLike, joint: ArrayLike) -> Comparison:
    """Compare p(v) = e^{−E(v)}/Z with the marginal p′(v) = Σ_h e^{−E′(v, h)}/Z′ of a joint energy.

    Parameters
    ----------
    E : array_like, shape (n,)
        Energies of the data.
    joint : array_like, shape (n, k)
        Energies E′(v, h); the number k of hidden configurations is arbitrary.

    Returns
    -------
    Comparison
        ln Z, laws, their distance, and the trace of e^T, T = E − E′.

    Raises
    ------
    ValueError
        If the energies are no finite numbers or their shapes do not fit.

    References
    ----------
    D. J. Schwab and P. Mehta, arXiv:1609.03541.

    Examples
    --------
    >>> from rbm_sim import renormalisation
    >>> c = renormalisation.compare([0.0, 1.0], [[1.0], [2.0]])
    >>> c.distance, c.spread, round(c.log_mean_trace, 12)  # a constant moves Z and nothing else
    (0.0, 0.0, -1.0)
    """
    from scipy.special import logsumexp

    E = _energies(E)
    joint = check.real_array("joint", joint, np.float64)
    if joint.ndim != 2 or len(joint) != len(E) or joint.size == 0:
        raise ValueError(f"joint has shape {joint.shape}: must be ({len(E)}, k), k at least 1")
    F = -logsumexp(-joint, axis=1)
    log_Z, log_Z_new = float(logsumexp(-E)), float(logsumexp(-joint))
    p, p_new = np.exp(-E - log_Z), np.exp(-F - log_Z_new)
    trace = logsumexp(E[:, None] - joint, axis=1)
    mean = float(logsumexp(trace - E) - log_Z)
    return Comparison(log_Z, log_Z_new, total_variation(p, p_new), mean, float(np.ptp(trace)), trace, p, p_new)


def kadanoff_energy(E: ArrayLike, K: ArrayLike) -> np.ndarray:
    """Joint energy E(h) + K(v, h) + ln K̃(h), K̃(h) = Σ_v e^{−K(v, h)}: it keeps Z, whatever K is.

    Its visible law is p′(v) = Σ_h Q(v | h) p(h), Q = e^{−K}/K̃: one step of a Markov chain, so that p is kept if and
    only if it is a stationary law of Q. K = E(v) + f(h), independent draws from p, is one such case.

    Parameters
    ----------
    E : array_like, shape (n,)
        Energies of the data, given to the hidden configurations, of which there are as many.
    K : array_like, shape (n, n)
        Any kernel K(v, h).

    Returns
    -------
    ndarray, shape (n, n)
        Energies E′(v, h), the joint argument of `compare`.

    Raises
    ------
    ValueError
        If the arguments are no finite numbers or their shapes do not fit.

    References
    ----------
    H. W. Lin, M. Tegmark and D. Rolnick, J. Stat. Phys. 168, 1223 (2017), appendix.
    """
    from scipy.special import logsumexp

    E = _energies(E)
    K = _kernel(K, len(E))
    if K.shape[1] != len(E):
        raise ValueError(f"K has shape {K.shape}: must be ({len(E)}, {len(E)})")
    return E + K + logsumexp(-K, axis=0)


def variational_energy(E: ArrayLike, K: ArrayLike) -> np.ndarray:
    """Joint energy E(v) + K(v, h) + ln Σ_h e^{−K(v, h)}: it meets the trace condition, whatever K is.

    The kernel is normalised over h instead of v, e^T = e^{−K}/Σ_h e^{−K} being the law of h given v.

    Parameters
    ----------
    E : array_like, shape (n,)
        Energies of the data.
    K : array_like, shape (n, k)
        Any kernel K(v, h); the number k of hidden configurations is arbitrary.

    Returns
    -------
    ndarray, shape (n, k)
        Energies E′(v, h), the joint argument of `compare`.

    Raises
    ------
    ValueError
        If the arguments are no finite numbers or their shapes do not fit.

    References
    ----------
    L. P. Kadanoff, A. Houghton and M. C. Yalabik, J. Stat. Phys. 14, 171 (1976);
    D. J. Schwab and P. Mehta, arXiv:1609.03541.
    """
    from scipy.special import logsumexp

    E = _energies(E)
    K = _kernel(K, len(E))
    return E[:, None] + K + logsumexp(-K, axis=1, keepdims=True)


def joint_energy(rbm: RBM) -> np.ndarray:
    """Energies E(v, h) of all configurations of a machine.

    Parameters
    ----------
    rbm : RBM
        Machine of two layers of two-valued units, at most 24 in all.

    Returns
    -------
    ndarray, shape (2^N, 2^M)
        The energies, both axes in the order of `exact.states`.

    Raises
    ------
    ValueError
        If a layer is continuous or the machine too large.
    """
    N, M = rbm.shape
    if N + M > MAX_UNITS:
        raise ValueError(f"rbm has {N} + {M} units: at most {MAX_UNITS} can be written out")
    v, h = all_states(rbm.visible, N), all_states(rbm.hidden, M)
    rbm = configurations.double(rbm)
    return rbm.visible.potential(v).sum(axis=1)[:, None] + rbm.hidden.potential(h).sum(axis=1) - v @ rbm.weights @ h.T


def total_variation(p: np.ndarray, q: np.ndarray) -> float:
    """Total variation of two laws, ½ Σ |p − q|.

    Parameters
    ----------
    p, q : ndarray, shape (n,)
        Probabilities.

    Returns
    -------
    float
        Between 0 and 1.
    """
    return float(np.abs(p - q).sum() / 2)


def all_states(unit: Unit, size: int) -> np.ndarray:
    """All configurations of a layer in one array, as `exact.states` gives them chunk by chunk.

    Parameters
    ----------
    unit : Bernoulli, Spin or Potts
        Type of the units.
    size : int
        Number of their entries.

    Returns
    -------
    ndarray, shape (configurations, size)
        The first unit changes fastest.
    """
    return np.concatenate(list(configurations.states(unit, size)))


def _energies(E: ArrayLike) -> np.ndarray:
    E = check.real_array("E", E, np.float64)
    if E.ndim != 1 or E.size == 0:
        raise ValueError(f"E has shape {E.shape}: must hold one energy for each configuration, at least one")
    return E


def _kernel(K: ArrayLike, n: int) -> np.ndarray:
    K = check.real_array("K", K, np.float64)
    if K.ndim != 2 or len(K) != n or K.size == 0:
        raise ValueError(f"K has shape {K.shape}: must be ({n}, k), k at least 1")
    return K
