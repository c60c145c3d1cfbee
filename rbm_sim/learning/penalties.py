"""Penalties of large weights, as a part of a step along the gradient."""

from __future__ import annotations

import numpy as np

from rbm_sim.learning.options import Options


def penalise(step: np.ndarray, w: np.ndarray, options: Options, epoch: int, rate: float) -> None:
    """Take the gradients of (λ/2) Σ w² and of (λ/x) Σ_μ (Σ_i |w_iμ|)^x off a step.

    Parameters
    ----------
    step : ndarray, shape (N, M)
        Step of the weights, changed in place.
    w : ndarray, shape (N, M)
        Weights.
    options : Options
        `weight_decay`, `penalty`, its rise and `exponent`: both λ, and x.
    epoch : int
        Epochs done.
    rate : float
        Learning rate.
    """
    if options.weight_decay:
        step -= np.float32(rate * options.weight_decay) * w
    if penalty := options.penalty_in(epoch):
        norms = np.abs(w).sum(axis=0) ** (options.exponent - 1)
        step -= np.float32(rate * penalty) * norms * np.sign(w)
