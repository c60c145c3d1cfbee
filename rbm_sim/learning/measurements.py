"""What learning does to a machine: sparsity of its weights, how many hidden units a datum activates, how strongly."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim._support import check
from rbm_sim._support.random import Seed
from rbm_sim.machine.change_of_units import from_rest
from rbm_sim.machine.rbm import RBM
from rbm_sim.observables import participation_ratio, weight_norm, weight_sparsity
from rbm_sim.partition.ais import log_partition
from rbm_sim.partition.bounds import least_log_partition
from rbm_sim.partition.gaussian_layers import is_gaussian
from rbm_sim.partition.likelihood import ENUMERATED, log_likelihood
from rbm_sim.units import Normal, Potts, TwoValued, Unit

ROWS = 2000
"""Data on which activities are measured: their mean has an error of 2 % of their scatter."""


def describe(rbm: RBM, data: ArrayLike) -> dict[str, float]:
    """Measure a machine on data, the hidden units taking their most likely values h*(v).

    p_hat = (1/MN) Σ_μ (Σ_i w²)²/Σ_i w⁴;  W2 = (1/M) Σ w²;  T_eff = p_hat/W2, the temperature at which weights ±1/√N
    of that density give the same law, Gaussian or ReLU hidden units rescaled by √T;  L_hat = (Σ h³)²/Σ h⁶ and silent,
    the number of hidden units with h = 0, means over the data;  m_tilde, the mean over data of
    Σ_i w_{iμ} σ_i/Σ_i |w_{iμ}| over the L_hat most active units;  F, the clamped free energy of the data.
    Of real-valued visible units w is the weight to √γ v, and σ = ±1 says whether v is above its mean over the data; of
    Potts units σ is v, and the largest |w| over the states of a unit stands for |w|.

    Parameters
    ----------
    rbm : RBM
        The machine, with Bernoulli, Spin, Potts, Gaussian or Normal visible units.
    data : array_like, shape (samples, N)
        Visible configurations; the first 2000 are used.

    Returns
    -------
    dict
        The seven numbers p_hat, W2, T_eff, L_hat, silent, m_tilde and F, under these names.

    Raises
    ------
    ValueError
        If the data do not fit.

    References
    ----------
    J. Tubiana and R. Monasson, Phys. Rev. Lett. 118, 138301 (2017), Fig. 2.
    """
    v = rbm.configurations(check.real_array("data", data)[:ROWS], name="data")
    w = rbm.weights / np.sqrt(rbm.visible.gamma)[:, None] if isinstance(rbm.visible, Normal) else rbm.weights
    h = rbm.hidden.mode(rbm.inputs(v))
    L_hat = participation_ratio(h)
    p_hat, W2 = weight_sparsity(w), float(weight_norm(w))
    return {
        "p_hat": p_hat,
        "W2": W2,
        "T_eff": p_hat / W2 if W2 else float("inf"),
        "L_hat": float(L_hat.mean()),
        "silent": float((h == 0).sum(axis=1).mean()),
        "m_tilde": float(_overlaps(w, _sizes(rbm.visible, w), _signs(rbm.visible, v), h, L_hat).mean()),
        "F": rbm.clamped_free_energy(v),
    }


def likelihood(
    rbm: RBM, data: ArrayLike, *, base: ArrayLike | None = None, rng: Seed = None, threads: int = 1
) -> dict[str, float]:
    """Measure the mean log-likelihood of data; ln Z by enumeration where a layer has at most 16 two-valued units.

    Parameters
    ----------
    rbm : RBM
        The machine, with Bernoulli, Spin, Potts, Gaussian or Normal visible units; between two Gaussian layers ln Z is
        known.
    data : array_like, shape (samples, N)
        Visible configurations.
    base : array_like, shape (n, N), optional
        Data whose means the base of annealed importance sampling takes (100 chains, 10 000 temperatures).
    rng : None, int, SeedSequence or Generator
        Random numbers of annealed importance sampling.
    threads : int
        Threads for it.

    Returns
    -------
    dict
        log_likelihood and log_Z in nats, log_Z_err: the standard error of the latter, 0 if it is exact, inf where it is
        not reliable: log_Z is then a lower bound, at least that with which the data have probability 1.

    Raises
    ------
    ValueError
        If the data do not fit.
    """
    sizes = zip((rbm.visible, rbm.hidden), rbm.shape, strict=True)
    if is_gaussian(rbm) or any(unit.bits(size) <= ENUMERATED for unit, size in sizes):
        found, error = log_likelihood(rbm, data), 0.0
        return {"log_likelihood": found.mean, "log_Z": found.log_partition, "log_Z_err": error}
    v = rbm.configurations(data, name="data")
    machine, v, constant = from_rest(rbm, v)
    if base is not None and machine is not rbm:
        base = from_rest(rbm, check.real_array("base", base, float))[1]
    annealed, least = log_partition(machine, base=base, rng=rng, threads=threads), least_log_partition(machine, v)
    found = log_likelihood(machine, v, max(annealed.value, least))
    error = annealed.stderr if annealed.reliable and annealed.value >= least else float("inf")
    return {"log_likelihood": found.mean, "log_Z": found.log_partition - constant, "log_Z_err": error}


def _signs(visible: Unit, v: np.ndarray) -> np.ndarray:
    """Configurations as ±1: of real values, on which side of their means they lie."""
    if isinstance(visible, TwoValued):
        return v if visible.low else 2 * v - 1
    if isinstance(visible, Potts):
        return v
    return np.where(v >= v.mean(axis=0), 1.0, -1.0)


def _sizes(visible: Unit, w: np.ndarray) -> np.ndarray:
    """Σ_i |w|, of Potts units with the largest |w| over the states of each."""
    size = np.abs(w)
    return (size.reshape(-1, visible.states, w.shape[1]).max(axis=1) if isinstance(visible, Potts) else size).sum(
        axis=0
    )


def _overlaps(w: np.ndarray, sizes: np.ndarray, sigma: np.ndarray, h: np.ndarray, L_hat: np.ndarray) -> np.ndarray:
    """Mean over the L̂ most active hidden units of Σ_i w σ/Σ_i |w|, for each datum."""
    ratio = (sigma @ w) / np.maximum(sizes, np.finfo(w.dtype).tiny)
    order = np.argsort(-np.abs(h), axis=1)
    ranked = np.cumsum(np.take_along_axis(ratio, order, axis=1), axis=1)
    count = np.clip(np.rint(L_hat).astype(int), 1, h.shape[1])
    return ranked[np.arange(len(h)), count - 1] / count
