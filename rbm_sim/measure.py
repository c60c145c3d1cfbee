"""What is measured on a configuration: overlaps, order parameters, sparsity of activity and of weights."""

from typing import Any, NamedTuple

import numpy as np

from rbm_sim import _check
from rbm_sim.rbm import RBM


class OrderParameters(NamedTuple):
    """Order parameters of one configuration.

    Attributes
    ----------
    m : ndarray, shape (L,)
        Overlaps with the condensed patterns.
    q : float
        Activity of the visible units.
    r : float
        Mean square of the weak hidden units; nan if there are none.
    """

    m: np.ndarray
    q: float
    r: float


def participation_ratio(h: Any, a: float = 3) -> np.ndarray:
    """Number of strongly active units, L̂ = (Σ_μ |h_μ|^a)² / Σ_μ |h_μ|^{2a}.

    Parameters
    ----------
    h : array_like, shape (..., M)
        Activities; the sums run over the last axis.
    a : float
        Exponent, > 0; the larger it is, the less the weak units count.

    Returns
    -------
    ndarray, shape (...)
        L̂, between 1 and M; 0 where all activities are 0.

    Raises
    ------
    ValueError
        If an argument is not finite, `h` is a scalar, or a <= 0.

    References
    ----------
    J. Tubiana and R. Monasson, Phys. Rev. Lett. 118, 138301 (2017), with a = 3.

    Examples
    --------
    >>> import rbm_sim
    >>> float(rbm_sim.participation_ratio([2, 2, 0, 0]))
    2.0
    """
    a = _check.number("a", a, above=0)
    h = np.abs(_check.real_array("h", h))
    if h.ndim == 0:
        raise ValueError(f"h = {h}: must have at least one axis, the hidden units")
    scale = h.max(axis=-1, keepdims=True, initial=0)  # powers of activities neither overflow nor underflow
    x = (h / np.where(scale > 0, scale, 1)) ** a
    return x.sum(axis=-1) ** 2 / np.maximum((x * x).sum(axis=-1), 1 - np.sign(scale[..., 0]))


def weight_sparsity(w: Any) -> float:
    """Fraction of non-zero weights, p̂ = (1/MN) Σ_μ (Σ_i w_{iμ}²)² / Σ_i w_{iμ}⁴.

    Parameters
    ----------
    w : array_like, shape (N, M)
        Weights, visible × hidden.

    Returns
    -------
    float
        p̂, between 0 and 1; a hidden unit without weights counts 0.

    Raises
    ------
    ValueError
        If `w` is not a matrix of finite numbers.

    References
    ----------
    J. Tubiana and R. Monasson, Phys. Rev. Lett. 118, 138301 (2017).

    Examples
    --------
    >>> import rbm_sim
    >>> rbm_sim.weight_sparsity([[1, 0], [-1, 0]])
    0.5
    """
    w = _check.real_array("w", w)
    if w.ndim != 2 or w.size == 0:
        raise ValueError(f"w has shape {w.shape}: must be (N, M), both at least 1")
    return float(participation_ratio(w.T, a=2).mean() / len(w))


def overlaps(patterns: Any, v: Any) -> np.ndarray:
    """Overlaps with patterns, m_μ = (1/N) Σ_i ξ_{iμ} v_i.

    Parameters
    ----------
    patterns : array_like, shape (N, L)
        Patterns ξ, one per column.
    v : array_like, shape (..., N)
        Visible configurations.

    Returns
    -------
    ndarray, shape (..., L)
        m.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    xi = _check.real_array("patterns", patterns)
    v = _check.real_array("v", v)
    if xi.ndim != 2 or xi.size == 0:
        raise ValueError(f"patterns has shape {xi.shape}: must be (N, L), both at least 1")
    if v.ndim == 0 or v.shape[-1] != len(xi):
        raise ValueError(f"v has shape {v.shape}: the last axis must have length {len(xi)}")
    return v.astype(float) @ xi.astype(float) / len(xi)


def order_parameters(rbm: RBM, v: Any, *, n_condensed: int = 1, p: Any = 1.0) -> OrderParameters:
    """Order parameters at T = 0 of a random RBM, w = ξ/√N, whose first patterns are condensed.

    m_μ = I_μ/√N = (1/N) Σ_i ξ_{iμ} v_i for μ <= L;  q = (1/N) Σ_i (p_i/p) v_i²;
    r = mean of h*_μ² over the weak units μ > L.

    For spin and Gaussian units the last is the mean of (√N m_μ)², the r = q/(1 − C)² of Amit, Gutfreund and
    Sompolinsky; for ReLU units it is the mean of max(0, I − θ)².

    Parameters
    ----------
    rbm : RBM
        Machine with weights ξ/√N.
    v : array_like, shape (N,)
        Visible configuration.
    n_condensed : int
        Number L of condensed patterns, 1 to M.
    p : float or array_like, shape (N,)
        Densities p_i, needed only if they differ.

    Returns
    -------
    OrderParameters
        m, q and r.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    References
    ----------
    D. J. Amit, H. Gutfreund and H. Sompolinsky, Ann. Phys. 173, 30 (1987);
    J. Tubiana and R. Monasson, Phys. Rev. Lett. 118, 138301 (2017).
    """
    L = _check.integer("n_condensed", n_condensed, at_least=1)
    N, M = rbm.weights.shape
    if L > M:
        raise ValueError(f"n_condensed = {L}: there are only {M} hidden units")
    density = _check.layer_parameter("p", p)
    if np.ndim(density) and len(density) != N:
        raise ValueError(f"p has {len(density)} entries: must be a scalar or one for each of {N} visible units")
    if np.min(density) <= 0 or np.max(density) > 1:
        raise ValueError(f"p = {p!r}: must lie in (0, 1]")
    v = rbm.configurations(v)
    if v.ndim != 1:
        raise ValueError(f"v has shape {v.shape}: must be one configuration, shape ({N},)")
    inputs = rbm.inputs(v)
    weak = rbm.hidden.mode(inputs)[L:].astype(float)
    q = float((density / np.mean(density) * v.astype(float) ** 2).mean())
    r = float((weak**2).mean()) if weak.size else float("nan")
    return OrderParameters(inputs[:L].astype(float) / np.sqrt(N), q, r)
