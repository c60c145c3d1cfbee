"""Exact means of missing visible units given those that are known, by enumeration.

With the inputs I_μ = Σ_known w_iμ v_i that the hidden units have from known ones,

P(v_missing | v_known) ∝ exp{−F(v)/T},
P(h | v_known) ∝ exp{Σ_μ [I_μ h_μ − U_μ(h_μ)]/T + Σ_missing K_i(Σ_μ w_iμ h_μ)}.

The first is enumerated if the missing units have two values, the second if the hidden ones have; the smaller of both.
"""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim._support import blas, check
from rbm_sim.machine.clamping import with_gaps
from rbm_sim.machine.rbm import RBM
from rbm_sim.partition.configurations import MAX_UNITS, double, states


def conditional_mean(rbm: RBM, v: ArrayLike, T: float = 1.0) -> np.ndarray:
    """Exact mean of the missing units given the known ones, ⟨v_i | v_known⟩.

    Parameters
    ----------
    rbm : RBM
        Machine.
    v : array_like, shape (..., N)
        Configurations; entries that are nan, None or masked are missing. In each configuration at most 24 units of two
        values may be missing, unless the hidden layer is as small, and of two values.
    T : float
        Temperature, > 0.

    Returns
    -------
    ndarray, shape (..., N)
        Means in double precision; what is known as it is.

    Raises
    ------
    ValueError
        If `v` has another length or values outside the domain, T <= 0, or there is no layer to enumerate.

    Notes
    -----
    The time grows as 2^n with the number of units enumerated, for each configuration anew.

    Examples
    --------
    >>> import numpy as np, rbm_sim
    >>> rbm = rbm_sim.RBM([[0.5], [0.5]], visible=rbm_sim.Spin(), hidden=rbm_sim.Gaussian())
    >>> rbm_sim.exact.conditional_mean(rbm, [1, np.nan]).round(6)  # tanh(1/4)
    array([1.      , 0.244919])
    """
    T = check.number("T", T, above=0)
    rbm = double(rbm)
    v = with_gaps("v", v, rbm.visible, rbm.shape[0], rbm.dtype)
    rows = v.reshape(-1, v.shape[-1]).copy()
    with blas.one_thread():
        for row in rows:
            missing = np.isnan(row)
            if missing.any():
                row[missing] = _mean(_parts(rbm, row, missing, T))
    return rows.reshape(*v.shape[:-1], *rbm.visible.axes(rbm.shape[0]))


def _parts(rbm: RBM, row: np.ndarray, missing: np.ndarray, T: float) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Unnormalised log-probabilities and values of the missing units, chunk by chunk."""
    layers = ((rbm.visible, int(missing.sum())), (rbm.hidden, rbm.shape[1]))
    visible, hidden = (unit.bits(size) for unit, size in layers)
    if min(visible, hidden) > MAX_UNITS:
        raise ValueError(
            f"v misses {layers[0][1]} units of {rbm!r}: exact means need at most {MAX_UNITS} Bernoulli or Spin units, "
            "missing or hidden; sampling.conditional.conditional_mean estimates them"
        )
    return _by_visible(rbm, row, missing, T) if visible <= hidden else _by_hidden(rbm, row, missing, T)


def _by_visible(rbm: RBM, row: np.ndarray, missing: np.ndarray, T: float) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for x in states(rbm.visible, int(missing.sum())):
        v = np.repeat(row[None], len(x), axis=0)
        v[:, missing] = x
        yield -rbm.free_energy(v, T) / T, x


def _by_hidden(rbm: RBM, row: np.ndarray, missing: np.ndarray, T: float) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    I = rbm.matrix.forward(np.where(missing, 0.0, row))
    axes = rbm.visible.axes(len(row))
    free = missing.reshape(axes)[:, 0] if len(axes) > 1 else missing  # of units, not of their entries
    for h in states(rbm.hidden, rbm.shape[1]):
        fields = rbm.matrix.backward(h)
        K = rbm.visible.log_partition(fields, T)[:, free].sum(axis=1)
        yield (h @ I - rbm.hidden.potential(h).sum(axis=1)) / T + K, rbm.visible.mean(fields, T)[:, missing]


def _mean(parts: Iterator[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Mean of the values over all chunks."""
    log_Z, mean = -math.inf, np.zeros(1)
    for log_p, x in parts:
        peak = log_p.max()
        p = np.exp(log_p - peak)
        here = peak + math.log(p.sum())
        log_Z = np.logaddexp(log_Z, here)
        mean = mean + math.exp(here - log_Z) * (p @ x / p.sum() - mean)
    return mean
