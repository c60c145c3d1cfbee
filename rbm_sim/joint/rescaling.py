"""A machine in the units of theory: {0,1} visible units, ReLU hidden ones, weights of variance p/N, a temperature.

The theory's machine has w_iμ = η_iμ/√N, Var η = p, and no temperature. One that learned at T = 1 has W₂ = (1/M) Σ w²
instead of p; with w = c w′, c² = W₂/p, the energy is E(v) = c² E′(v) if θ = c θ′ and g = c² g′. So it is the theory's
machine at the temperature 1/c² = p/W₂, and in the quantities of the compositional limit

    θ̃_μ = θ_μ/√W₂,   g̃_i = g_i/W₂,   x_i = p_i/p = N Σ_μ w_iμ²/(M W₂),   T̃ = T/p = 1/W₂,

which do not depend on how p is estimated.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rbm_sim.machine.change_of_units import with_zero_one
from rbm_sim.machine.rbm import RBM
from rbm_sim.observables import weight_norm, weight_sparsity
from rbm_sim.units import Bernoulli, ReLU, Spin

__all__ = ["Rescaled", "rescaled"]


class Rescaled(NamedTuple):
    """A machine of {0,1} and ReLU units, in the quantities of the compositional limit."""

    machine: RBM
    """The machine in {0,1} form."""
    alpha: float
    """M/N."""
    p: float
    """Sparsity p̂ of the weights."""
    W2: float
    """Mean squared norm W₂ of the weights of a hidden unit."""
    theta: np.ndarray
    """θ̃_μ, shape (M,)."""
    g: np.ndarray
    """g̃_i, shape (N,)."""
    x: np.ndarray
    """p_i/p, shape (N,), of mean 1."""
    x_noise: float = 0.0
    """Variance that each has from being the mean over M weights only."""

    @property
    def T_eff(self) -> float:
        """Temperature p̂/W₂ of the theory's machine."""
        return self.p / self.W2


def rescaled(rbm: RBM) -> Rescaled | str:
    """Put a machine in the units of theory.

    Parameters
    ----------
    rbm : RBM
        Any machine at T = 1.

    Returns
    -------
    Rescaled or str
        The machine, or the reason why the theory does not describe it.
    """
    if not isinstance(rbm.visible, Bernoulli | Spin):
        return f"{_name(rbm.visible)} visible units: the theory is one of two-valued units"
    if not isinstance(rbm.hidden, ReLU):
        return (
            f"{_name(rbm.hidden)} hidden units: the theory of the compositional phase is one of ReLU units, whose"
            " activity has no upper bound"
        )
    machine = with_zero_one(rbm)[0] if isinstance(rbm.visible, Spin) else rbm
    W2 = float(weight_norm(machine.weights))
    if W2 == 0:
        return "all weights are 0"
    w, (N, M) = machine.weights.astype(float), machine.shape
    # the offset of a unit is θ, or −g
    theta, g = (np.zeros(M) + machine.hidden.offset) / np.sqrt(W2), (np.zeros(N) - machine.visible.offset) / W2
    x = N * (w**2).sum(axis=1) / (M * W2)
    x_noise = float((N / W2) ** 2 * (w**2).var(axis=1).mean() / M)
    return Rescaled(machine, M / N, weight_sparsity(w), W2, theta, g, x, x_noise)


def _name(unit: object) -> str:
    return type(unit).__name__
