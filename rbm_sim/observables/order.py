"""Order parameters m, q, r of a configuration at T = 0."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from rbm_sim._support import check, shown
from rbm_sim.machine.rbm import RBM


class OrderParameters(NamedTuple):
    """Order parameters of one configuration, or of many.

    Attributes
    ----------
    m : ndarray, shape (..., L)
        Overlaps with the condensed patterns.
    q : float or ndarray, shape (...)
        Activity of the visible units.
    r : float or ndarray, shape (...)
        Mean square of the weak hidden units; nan if there are none.
    """

    m: np.ndarray
    q: Any
    r: Any

    def __repr__(self) -> str:
        return shown.fields(self)


def order_parameters(rbm: RBM, v: Any, *, n_condensed: int = 1, p: Any = 1.0) -> OrderParameters:
    """Order parameters at T = 0 of a random RBM, w = ξ/√N, whose first patterns are condensed.

    m_μ = I_μ/√N = (1/N) Σ_i ξ_{iμ} v_i for μ <= L;  q = (1/N) Σ_i (p_i/p) v_i²;
    r = mean of h*_μ² over the weak units μ > L.

    For spin and Gaussian units the last is the mean of (√N m_μ)², the r = q/(1 − C)² of Amit, Gutfreund and
    Sompolinsky; for ReLU units it is the mean of max(0, I − θ)². At T > 0 see `fluctuation`.

    Parameters
    ----------
    rbm : RBM
        Machine with weights ξ/√N.
    v : array_like, shape (..., N)
        Visible configurations.
    n_condensed : int
        Number L of condensed patterns, 1 to M.
    p : float or array_like, shape (N,)
        Densities p_i, needed only if they differ.

    Returns
    -------
    OrderParameters
        m, q and r, each with the leading axes of `v`.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    References
    ----------
    D. J. Amit, H. Gutfreund and H. Sompolinsky, Ann. Phys. 173, 30 (1987);
    J. Tubiana and R. Monasson, Phys. Rev. Lett. 118, 138301 (2017).
    """
    L = condensed(rbm, n_condensed)
    weight = densities(rbm, p)[1]
    v = rbm.configurations(v)
    inputs = rbm.matrix.forward(v)
    weak = rbm.hidden.mode(inputs)[..., L:].astype(float)
    q = (weight * v.astype(float) ** 2).mean(axis=-1)
    r = (weak**2).mean(axis=-1) if weak.size else np.full(v.shape[:-1], np.nan)
    m = inputs[..., :L].astype(float) / np.sqrt(rbm.shape[0])
    return OrderParameters(m, q, r) if v.ndim > 1 else OrderParameters(m, float(q), float(r))


def condensed(rbm: RBM, n_condensed: Any) -> int:
    """Check a number of condensed patterns.

    Parameters
    ----------
    rbm : RBM
        Machine.
    n_condensed : int
        Number L, 1 to M.

    Returns
    -------
    int
        L.

    Raises
    ------
    ValueError
        If it is out of its range.
    """
    L = check.integer("n_condensed", n_condensed, at_least=1)
    if L > rbm.shape[1]:
        raise ValueError(f"n_condensed = {L}: there are only {rbm.shape[1]} hidden units")
    return L


def densities(rbm: RBM, p: Any) -> tuple[float, Any]:
    """Check the densities p_i of the rows of the weights.

    Parameters
    ----------
    rbm : RBM
        Machine.
    p : float or array_like, shape (N,)
        p_i, in (0, 1].

    Returns
    -------
    p : float
        Their mean.
    weight : float or ndarray, shape (N,)
        p_i/p.

    Raises
    ------
    ValueError
        If they are out of their range.
    """
    density = check.layer_parameter("p", p)
    N = rbm.shape[0]
    if np.ndim(density) and len(density) != N:
        raise ValueError(f"p has {len(density)} entries: must be a scalar or one for each of {N} visible units")
    if np.min(density) <= 0 or np.max(density) > 1:
        raise ValueError(f"p = {check.short(p)}: must lie in (0, 1]")
    mean = float(np.mean(density))
    return mean, density / mean
