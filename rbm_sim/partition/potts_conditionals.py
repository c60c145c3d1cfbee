"""Probability of the state of one Potts unit given all the others.

With a the state of unit i, P(v_i = b | v_{j≠i}) ∝ exp{(g_ib − g_ia)/T + Σ_μ [K_μ(I_μ + w_ibμ − w_iaμ) − K_μ(I_μ)]}.
"""

from __future__ import annotations

import numpy as np

from rbm_sim._support import blas
from rbm_sim.machine.rbm import RBM
from rbm_sim.partition.layer_sums import log_partition_sum
from rbm_sim.units import Potts

_CHUNK = 1 << 17  # values of K at a time


def log_conditionals(rbm: RBM, v: np.ndarray, T: float) -> np.ndarray:
    """Logarithms ln P(v_i | v_{j≠i}) of all units.

    Parameters
    ----------
    rbm : RBM
        Machine with Potts visible units.
    v : ndarray of float64, shape (n, N × states)
        Configurations.
    T : float
        Temperature, > 0.

    Returns
    -------
    ndarray, shape (n, N)
        The logarithms, in nats.
    """
    unit: Potts = rbm.visible  # type: ignore[assignment]
    w = rbm.weights.astype(float).reshape(-1, unit.states, rbm.shape[1])
    g = np.asarray(unit.g, float).reshape(-1, unit.states) / T
    a = v.reshape(len(v), -1, unit.states).argmax(axis=-1)
    y = v @ w.reshape(rbm.shape) - rbm.hidden.offset
    rows = max(1, _CHUNK // w[0].size)
    found = np.empty(a.shape)
    with blas.one_thread():
        for first in range(0, len(v), rows):
            some = slice(first, first + rows)
            for i, (w_i, g_i) in enumerate(zip(w, g, strict=True)):
                here = a[some, i]
                without = y[some] - w_i[here]
                log_p = g_i + log_partition_sum(rbm.hidden, without[:, None] + w_i, T)
                own = np.take_along_axis(log_p, here[:, None], axis=1)[:, 0]
                top = log_p.max(axis=1)
                found[some, i] = own - top - np.log(np.exp(log_p - top[:, None]).sum(axis=1))
    return found
