"""What a change of the hidden layer keeps: ln Z, the law p(v), both, or neither; exact, for machines small enough.

Data have the energies E(v), p(v) = e^{−E(v)}/Z. A joint energy E′(v, h) = E(v) − T(v, h) has

    Tr_h e^{T(v, h)} = p′(v) Z′/(p(v) Z),

so that p is kept if and only if this trace does not depend on v, Z if and only if its mean over p is 1, and both
if and only if it is 1 for every v (the trace condition of Kadanoff's variational renormalisation). Energies are
arrays over all configurations, at T = 1; those of machines come in the order of `exact.states`. The results, with
numbers, are in docs/renormalisation.md.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim._support import check, shown
from rbm_sim.machine.rbm import RBM
from rbm_sim.partition import configurations
from rbm_sim.units import Potts, TwoValued, Unit

MAX_UNITS = 24
"""Largest number of units, both layers together, whose joint energies are written out (128 megabytes)."""

MAX_VISIBLE = 20
"""Largest visible layer whose free energies are written out."""


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


class LayerChange(NamedTuple):
    """Effect of a change of the hidden layer on the visible law.

    Attributes
    ----------
    F_min, F_max : float
        Smallest and largest change of F(v): a constant, if they are equal.
    log_Z : float
        Change of ln Z.
    distance : float
        Total variation between the laws before and after.
    """

    F_min: float
    F_max: float
    log_Z: float
    distance: float


class LayerChanges(NamedTuple):
    """Four things that may be called a normalisation of the hidden layer.

    Attributes
    ----------
    normalised : LayerChange
        Constants in the potentials, U_μ → U_μ + K_μ(0): each unit's free energy vanishes at no input.
    rescaled : LayerChange
        Weights times `scale`, hidden units divided by it: the same machine in other units of h.
    unbalanced : LayerChange
        Weights times `scale`, hidden units as they are.
    standardised : LayerChange
        Inputs I_μ(v) → (I_μ − mean over μ)/(standard deviation over μ), the layer normalisation of deep networks.
    """

    normalised: LayerChange
    rescaled: LayerChange
    unbalanced: LayerChange
    standardised: LayerChange


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
    return Comparison(log_Z, log_Z_new, _distance(p, p_new), mean, float(np.ptp(trace)), trace, p, p_new)


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
    v, h = _states(rbm.visible, N), _states(rbm.hidden, M)
    rbm = configurations.double(rbm)
    return rbm.visible.potential(v).sum(axis=1)[:, None] + rbm.hidden.potential(h).sum(axis=1) - v @ rbm.weights @ h.T


def layer_changes(rbm: RBM, scale: float = 2.0) -> LayerChanges:
    """Changes of F(v), ln Z and p(v) when the hidden layer is normalised or rescaled.

    normalised: F → F + Σ_μ K_μ(0). rescaled, w → a w and h → h/a: F → F for two-valued units, and F + M ln a for
    continuous ones, whose measure dh shrinks. Both leave p(v) alone; `unbalanced` and `standardised` do not.

    Parameters
    ----------
    rbm : RBM
        Machine with at most 20 two-valued visible units; the hidden ones may be of any type.
    scale : float
        The factor a, > 0.

    Returns
    -------
    LayerChanges
        The change of F(v), ln Z and p(v) under each of the four normalisations.

    Raises
    ------
    ValueError
        If the machine cannot be enumerated, or `scale` <= 0.

    Notes
    -----
    Where all inputs of a configuration are equal, such as at v = 0, `standardised` makes them 0.

    References
    ----------
    J. L. Ba, J. R. Kiros and G. E. Hinton, arXiv:1607.06450.
    """
    scale = check.number("scale", scale, above=0)
    N, M = rbm.shape
    if N > MAX_VISIBLE:
        raise ValueError(f"rbm has {N} visible units: at most {MAX_VISIBLE} can be written out")
    v = _states(rbm.visible, N)
    rbm = configurations.double(rbm)
    field, I = rbm.visible.potential(v).sum(axis=1), v @ rbm.weights
    F, unbalanced, standardised = (
        field - rbm.hidden.log_partition(inputs).sum(axis=1) for inputs in (I, scale * I, _standardised(I))
    )
    jacobian = 0.0 if isinstance(rbm.hidden, TwoValued | Potts) else M * math.log(scale)
    return LayerChanges(
        _change(F, F + rbm.hidden.log_partition(np.zeros(M)).sum()),
        _change(F, F + jacobian),
        _change(F, unbalanced),
        _change(F, standardised),
    )


def _change(F: np.ndarray, F_new: np.ndarray) -> LayerChange:
    from scipy.special import logsumexp

    log_Z, log_Z_new = logsumexp(-F), logsumexp(-F_new)
    distance = _distance(np.exp(-F - log_Z), np.exp(-F_new - log_Z_new))
    change = F_new - F
    return LayerChange(float(change.min()), float(change.max()), float(log_Z_new - log_Z), distance)


def _standardised(I: np.ndarray) -> np.ndarray:
    centred = I - I.mean(axis=1, keepdims=True)
    width = np.sqrt((centred**2).mean(axis=1, keepdims=True))
    equal = np.ptp(I, axis=1, keepdims=True) <= 1e-12 * np.abs(I).max(initial=0)  # rounding is no signal
    return np.where(equal, 0, centred / np.where(equal, 1, width))


def _distance(p: np.ndarray, q: np.ndarray) -> float:
    """Total variation."""
    return float(np.abs(p - q).sum() / 2)


def _states(unit: Unit, size: int) -> np.ndarray:
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
