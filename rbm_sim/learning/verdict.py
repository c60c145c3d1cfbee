"""Whether a machine that has learned is worse than one without couplings, as far as that is cheap, or as it was."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rbm_sim.learning.contrastive_divergence import Learner
from rbm_sim.learning.parameters import checked, dense, fields_of
from rbm_sim.machine.rbm import RBM
from rbm_sim.machine.sides import both_sides
from rbm_sim.partition.bounds import least_log_partition
from rbm_sim.partition.gaussian_layers import is_gaussian
from rbm_sim.partition.likelihood import independent_gaussians, log_likelihood, pseudo_log_likelihoods
from rbm_sim.units import Potts, TwoValued

SHOWN = 100
"""Data that are looked at,"""
ENTRIES = 200_000
"""fewer if they have more entries than this together."""
INTEGRALS = 100_000
"""Data times weights up to which the pseudo-likelihood of real-valued data, each one an integral, is measured."""
ENUMERATED = 12
"""Units of two values of a layer, or as many configurations, up to which ln Z is enumerated."""
CHAINS, SWEEPS = 50, 50
"""Of the chains that look for configurations more probable than the data."""
MARGIN = 0.02
"""Part of the log-likelihood of independent units by which a machine has to fall below it, beside three errors, and
beside N/n, of units of q states N(q − 1)/n: their means are fitted to the n data, which is worth half of that."""

UNMOVED = 1e-3
"""Part of the size of the random weights by which they move at least where anything is learned."""


def worse_than_independent(rbm: RBM, data: np.ndarray, seed: Any = 0) -> str | None:
    """One line if the data are less probable to the machine than to independent units with their means.

    Compared are, on at most 100 data: the log-likelihood, where ln Z is cheap to enumerate; else an upper bound for
    units of two values or q states, as configurations of chains from both sides have at most probability 1 together;
    and the pseudo-log-likelihood, which of independent units is the log-likelihood. That chains find nothing proves
    nothing.

    Parameters
    ----------
    rbm : RBM
        The machine.
    data : ndarray or sparse array, shape (n, N), of Potts units numbers of states, or vectors (n, N, states)
        What it learned from.
    seed : int, SeedSequence or Generator
        Random numbers of the chains.

    Returns
    -------
    str or None
        What is below what; None if nothing is seen.
    """
    if isinstance(rbm.visible, TwoValued | Potts):
        data = checked(data, rbm.visible)
    n, means = data.shape
    shown = dense(data[:: -(-n // min(SHOWN, max(1, ENTRIES // means)))])
    if isinstance(rbm.visible, Potts):
        means -= means // rbm.visible.states
    alone = _independent(rbm, data, shown)
    if not math.isfinite(alone):
        return None
    for name, found, error in _measured(rbm, shown, seed):
        if found < alone - 3 * error - MARGIN * abs(alone) - means / n:
            return f"{name} of the data is {found:.4g}, below that of independent units, {alone:.4g}"
    return None


def unmoved(learner: Learner) -> str | None:
    """One line if the weights of a machine are still the random ones it began with.

    Parameters
    ----------
    learner : Learner
        After learning that began with it.

    Returns
    -------
    str or None
        How little they have moved; None if that is more than a thousandth of their size, or the start is not known.
    """
    if learner.begun is None or not learner.epoch:
        return None
    moved = float(np.linalg.norm(learner.parameters.w - learner.begun) / np.linalg.norm(learner.begun))
    if not moved < UNMOVED:
        return None
    return (
        f"nothing was learned: after epoch {learner.epoch} the random weights have moved by {moved:.1g} of their size"
    )


def _independent(rbm: RBM, data: np.ndarray, shown: np.ndarray) -> float:
    """Mean log-likelihood of independent units, nan where it has no bound."""
    if isinstance(rbm.visible, TwoValued | Potts):
        g = fields_of(data, rbm.visible).astype(float)
        return float((shown @ g).mean() - rbm.visible.centred().log_partition(g).sum())
    try:
        return independent_gaussians(data, shown).mean
    except ValueError:  # a column that does not vary
        return math.nan


def _measured(rbm: RBM, shown: np.ndarray, seed: Any) -> Any:
    """Names, values and errors of what is compared, one after the other."""
    layers = zip((rbm.visible, rbm.hidden), rbm.shape, strict=True)
    if is_gaussian(rbm) or any(unit.bits(size) <= ENUMERATED for unit, size in layers):
        yield "the log-likelihood", log_likelihood(rbm, shown).mean, 0.0
        return
    if isinstance(rbm.visible, TwoValued | Potts):
        far = both_sides(rbm, CHAINS // 2, np.random.default_rng(0))
        near = shown[np.arange(CHAINS - len(far)) % len(shown)]
        starts = np.concatenate([far, near])
        met = rbm.sample(CHAINS, SWEEPS, rng=seed, start=starts).v
        yield "the log-likelihood", -rbm.clamped_free_energy(shown) - least_log_partition(rbm, met), 0.0
    elif len(shown) * rbm.shape[0] * rbm.shape[1] > INTEGRALS:
        shown = shown[: max(1, INTEGRALS // (rbm.shape[0] * rbm.shape[1]))]
    pseudo = pseudo_log_likelihoods(rbm, shown)
    error = float(pseudo.std(ddof=1) / math.sqrt(len(pseudo))) if len(pseudo) > 1 else math.inf
    yield "the pseudo-log-likelihood", float(pseudo.mean()), error
