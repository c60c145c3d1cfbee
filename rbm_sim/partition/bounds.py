"""What ln Z must be at least: probabilities of configurations add up to 1 at most.

Any set of different configurations v of units with a list of values has Σ_v P(v) = Σ_v e^{−F(v)/T}/Z ≤ 1.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim.machine.rbm import RBM
from rbm_sim.units import Discrete, Potts, TwoValued

ERRORS = 5.0
"""Standard errors that an estimate of ln Z may lie too low."""
ROUNDING = 1000
"""Roundings of ln Z, in free energies that are sums over both layers."""


def least_log_partition(rbm: RBM, v: ArrayLike, T: float = 1.0) -> float:
    """Logarithm of Σ e^{−F(v)/T} over different visible configurations, a lower bound of ln Z without any error.

    Parameters
    ----------
    rbm : RBM
        The machine.
    v : array_like, shape (..., N)
        Visible configurations, some perhaps several times.
    T : float
        Temperature, > 0.

    Returns
    -------
    float
        The bound; −∞ where visible units have densities, which may be above 1, or there are no configurations.

    Raises
    ------
    ValueError
        If `v` does not fit, or T <= 0.

    Examples
    --------
    >>> import rbm_sim
    >>> rbm = rbm_sim.RBM([[0.0], [0.0]], visible=rbm_sim.Spin(), hidden=rbm_sim.Bernoulli())
    >>> round(least_log_partition(rbm, [[1, 1], [1, -1], [1, 1]]), 6)  # 2 of 4 configurations, Z = 8
    1.386294
    """
    v = rbm.configurations(v)
    v = v.reshape(-1, v.shape[-1])
    if not isinstance(rbm.visible, TwoValued | Potts | Discrete) or not v.size:
        return -math.inf
    packed = v if isinstance(rbm.visible, Discrete) else np.packbits(v == 1, axis=1)
    different = v[np.unique(packed, axis=0, return_index=True)[1]]
    return float(np.logaddexp.reduce(-rbm.free_energy(different, T).astype(np.float64) / T))


def check_log_partition(rbm: RBM, log_Z: float, error: float, v: np.ndarray, T: float) -> None:
    """Refuse an ln Z with which configurations would be more probable together than 1.

    Parameters
    ----------
    rbm : RBM
        The machine.
    log_Z, error : float
        ln Z and its standard error, 5 of which are allowed for, and rounding.
    v : ndarray, shape (n, N)
        Visible configurations.
    T : float
        Temperature, > 0.

    Raises
    ------
    ValueError
        If ln Z is too small.
    """
    least = least_log_partition(rbm, v, T)
    if log_Z + ERRORS * error + ROUNDING * np.finfo(rbm.dtype).eps * (1 + abs(least)) < least:
        raise ValueError(
            f"log_partition = {log_Z:g}: the data alone would have a probability of e^{least - log_Z:.3g}, above 1; "
            f"must be at least {least:.6g}, see ais.LogPartition.reliable"
        )
