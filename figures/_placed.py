"""Random sparse machines of which the phase is looked for twice: by theory, and by descents from states of many L."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csc_array

import rbm_sim
from rbm_sim import RBM, Bernoulli, ReLU
from rbm_sim.observables import participation_ratio
from rbm_sim.retrieval.dynamics import alternate, descend
from rbm_sim.retrieval.landscape import Landscape

COLD = 50.0
"""W₂ of the machines, so that T = p/50."""
PLANTED, MANY = (1, 2, 3, 4, 5, 6, 8), 16
"""L of the states from which descents start, and L̂ beyond which a state counts as a glass."""
PASSES = 3
"""Passes over all units of descents: states that are there converge, others have left by then or do not count."""
DRAWS = 10
"""Draws of L hidden units, each L one of them more."""
MIXED = (0.1, 0.3)
"""Shares of the hidden units in mixtures."""
CHAINS, SWEEPS, HOT = 2, 60, 15.0
"""Chains that are cooled from T = 0.3 p to the temperature of the machine."""


class Kind(NamedTuple):
    """Controls of a machine, in the tilde quantities, and the scatter of its units."""

    N: int
    alpha: float
    p: float
    theta: float
    g: float
    g_sd: float = 0.0
    """Standard deviation of normal fields g̃_i."""
    theta_sd: float = 0.0
    """That of normal thresholds θ̃_μ."""
    x_sd: float = 0.0
    """That of p_i/p, of a gamma law."""
    common: float = 0.0
    """Share of the entries of each pattern that are those of a pattern common to all."""


def machine_of(kind: Kind, rng: np.random.Generator) -> tuple[RBM, Any]:
    """Weights ±c/√N with probability p_i/2 each, c² p = W₂.

    Parameters
    ----------
    kind : Kind
        What is drawn.
    rng : Generator
        Random numbers.

    Returns
    -------
    RBM
        Machine at T = 1, of sparse storage.
    csc_array, shape (N, M)
        Its patterns, ±1 and 0.
    """
    N, M = kind.N, round(kind.alpha * kind.N)
    x = np.ones(N)
    if kind.x_sd:
        shape = 1 / kind.x_sd**2
        x = rng.gamma(shape, 1 / shape, N)
        x /= x.mean()
    xi = rbm_sim.random_patterns(N, M, p=np.minimum(kind.p * x, 1.0), rng=rng, storage="sparse")
    if kind.common:
        xi = _with_common(xi, kind, rng)
    c = math.sqrt(COLD / kind.p)
    g = kind.g + kind.g_sd * rng.normal(size=N)
    theta = kind.theta + kind.theta_sd * rng.normal(size=M)
    w = xi.astype(np.float32) * np.float32(c / math.sqrt(N))
    rbm = RBM(w, visible=Bernoulli(g * kind.p * c * c), hidden=ReLU(theta * math.sqrt(kind.p) * c))
    return rbm, csc_array(xi, dtype=np.int8)


def _with_common(xi: Any, kind: Kind, rng: np.random.Generator) -> Any:
    """The patterns, of which a share of the rows is replaced by one pattern in each column."""
    from scipy.sparse import csr_array

    dense = xi.toarray()
    one = rbm_sim.random_patterns(kind.N, 1, p=kind.p, rng=rng)
    return csr_array(np.where(rng.random(dense.shape) < kind.common, one, dense))


class Found(NamedTuple):
    """Lowest energies of three kinds of states, f̃ = E/(N W₂), and what the compositional ones say."""

    f_planted: float
    """Minimum over ℓ of the mean over draws of planted states after descent; f_quiet where it lies at ℓ → 0."""
    f_planted_err: float
    """Its standard error."""
    ell: float
    """L p there; 0 where it lies at ℓ → 0."""
    ell_err: float
    """Standard error of it."""
    ell_hat: float
    """L̂ p there, L̂ the participation ratio of the hidden activities."""
    f_quiet: float
    """Descent from v_i = 1 where g_i > 0."""
    f_glass: float
    """The lowest state of L̂ > 16 that slow cooling from random starts, or minimisation from
    mixtures of many units, and then descent, found."""
    f_any: float
    """The lowest state of any kind found so."""


def states_of(rbm: RBM, xi: Any, p: float, rng: np.random.Generator) -> Found:
    """Look for the lowest states of a machine.

    Parameters
    ----------
    rbm : RBM
        Machine of `machine_of`.
    xi : csc_array
        Its patterns.
    p : float
        Their sparsity.
    rng : Generator
        Random numbers.

    Returns
    -------
    Found
        Energies and ℓ̂.
    """
    on = (rbm.visible.g > 0) * np.ones(rbm.shape[0])
    f_quiet = float(energies(rbm, descend(rbm, on[None], rng=rng, max_sweeps=PASSES).v)[0])
    f, ratio = _planted(rbm, xi, p, rng)
    ell = p * np.array(PLANTED)
    f_min, best = _minimum(f, ell, f_quiet)
    err = np.std([_minimum(f[pick], ell, f_quiet) for pick in rng.integers(0, DRAWS, (60, DRAWS))], axis=0)
    hat = best * float(np.interp(best, ell, ratio)) if best else 0.0
    return Found(f_min, float(err[0]), best, float(err[1]), hat, f_quiet, *_searched(rbm, xi, rng))


def energies(rbm: RBM, v: np.ndarray) -> np.ndarray:
    """f̃ of configurations, E/(N W₂).

    Parameters
    ----------
    rbm : RBM
        The machine.
    v : array, shape (n, N)
        Configurations.

    Returns
    -------
    array, shape (n,)
        Their f̃.
    """
    return np.asarray(rbm.marginal_energy(v), dtype=float) / (rbm.shape[0] * COLD)


def _planted(rbm: RBM, xi: Any, p: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """f̃ of descents, shape (draws, L), nan where the state was left, and L̂/L at each L."""
    g, shape = rbm.visible.g / COLD, (DRAWS, len(PLANTED))
    f, ratio = np.empty(shape), np.empty(shape)
    for k in range(DRAWS):
        units = rng.choice(rbm.shape[1], PLANTED[-1], replace=False)
        W = np.cumsum(xi[:, units].toarray(), axis=1, dtype=float)[:, np.array(PLANTED) - 1].T
        start = alternate(rbm, g + OVERLAP / 2 * W > 0, max_sweeps=2).v
        near = _unstable(rbm, start) < LOST
        end = start.copy()
        if near.any():
            end[near] = descend(rbm, start[near], rng=rng, max_sweeps=PASSES).v
        h = rbm.hidden.mode(rbm.inputs(end))
        before = rbm.hidden.mode(rbm.inputs(start))
        mine, first = (np.array([a[j, units[:L]].mean() for j, L in enumerate(PLANTED)]) for a in (h, before))
        f[k] = np.where(near & (mine > 0.5 * first), energies(rbm, end), np.nan)
        ratio[k] = participation_ratio(h) / PLANTED
    return f, ratio.mean(axis=0)


OVERLAP = 0.8
"""m̃ in the field of planted states; two steps of alternating minimisation, then descents, do the rest."""
LOST = 0.05
"""Share of units that may gain by a move beyond which there is no state."""


def _unstable(rbm: RBM, v: np.ndarray) -> np.ndarray:
    """Shares of the units that may gain by a move."""
    landscape = Landscape(rbm, v)
    every = np.arange(len(v))
    landscape.refresh(every)
    _, high, tolerance = landscape.gains(every)
    return np.asarray((high > tolerance).mean(axis=1))


def _minimum(f: np.ndarray, ell: np.ndarray, f_quiet: float) -> tuple[float, float]:
    """f̃ and ℓ of the minimum of ℓ times a cubic in ℓ, fitted to the means over draws of what half of them kept."""
    kept = np.isfinite(f).sum(axis=0) >= DRAWS / 2
    kept &= np.cumprod(kept) > 0
    if kept.sum() < 4:
        return f_quiet, 0.0
    mean, scatter = np.nanmean(f[:, kept], axis=0), np.nanstd(f[:, kept], axis=0) + 1e-12
    x = ell[kept]
    fit = np.polynomial.Polynomial.fit(x, (mean - f_quiet) / x, 3, w=x / scatter)
    fine = np.linspace(x[0], x[-1], 400)
    values = fine * fit(fine)
    k = int(np.argmin(values))
    return (f_quiet + float(values[k]), float(fine[k])) if values[k] < 0 else (f_quiet, 0.0)


def _searched(rbm: RBM, xi: Any, rng: np.random.Generator) -> tuple[float, float]:
    """f̃ of the lowest state of L̂ > 16 that is found, nan if none, and of the lowest of all."""
    v = np.concatenate([_cooled(rbm, rng), *(_mixed(rbm, xi, share, rng) for share in MIXED)])
    f = energies(rbm, v)
    glassy = participation_ratio(rbm.hidden.mode(rbm.inputs(v))) > MANY
    lowest = [int(np.argmin(np.where(which, f, np.inf))) for which in (glassy, f < np.inf)]
    end = energies(rbm, descend(rbm, v[lowest], rng=rng, max_sweeps=2).v)
    return (float(end[0]) if glassy.any() else float("nan")), float(end[1])


def _cooled(rbm: RBM, rng: np.random.Generator) -> np.ndarray:
    """States that slow cooling reaches from random ones."""
    v = (rng.random((CHAINS, rbm.shape[0])) < 0.5).astype(np.float32)
    for T in np.geomspace(HOT, 1.0, SWEEPS):
        v = rbm.sample(CHAINS, 1, T=float(T), rng=rng, start=v).v
    return v


def _mixed(rbm: RBM, xi: Any, share: float, rng: np.random.Generator) -> np.ndarray:
    """States that alternating minimisation reaches from v = 1 at the largest sums over many hidden units."""
    N, M = rbm.shape
    sums = [xi[:, rng.choice(M, round(share * M), replace=False)].sum(axis=1) for _ in range(CHAINS)]
    W = np.array([np.asarray(one).ravel() for one in sums]) + 0.5 * rng.random((CHAINS, N))
    return alternate(rbm, np.quantile(W, 0.7, axis=1, keepdims=True) < W, max_sweeps=60).v
