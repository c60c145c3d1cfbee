"""A step of renormalisation that is learned: fewer hidden spins than visible ones, by the exact gradient.

Of all machines of so many hidden spins that one is sought whose law is nearest to p(v) = e^{−E(v)}/Z, that of the least

    D = Σ_v p(v) ln p(v)/p′(v) = ln Z′ − ln Z − Σ_v p(v) ln Tr_h e^{T(v, h)},   ln Tr_h e^T = E(v) − F′(v).

A constant in the energies of the machine is free, and moves the mean of ln Tr_h e^T anywhere. Where it is 0, that is
where the energies agree in the mean, ln Z′ − ln Z is D: the free energy is kept as well as the law is, and not better.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim._support import blas, check, random, shown
from rbm_sim._support.random import Seed
from rbm_sim.machine.rbm import RBM
from rbm_sim.partition import exact
from rbm_sim.partition.layer_sums import log_partition_sum
from rbm_sim.partition.trace_condition import all_states, total_variation
from rbm_sim.units import Spin

MAX_VISIBLE = 20
"""Largest number of visible spins."""
START = 0.1
"""Standard deviation of the weights at the start, where the units are nearly independent."""
_FAST = 12  # 2^12 configurations at a time, those of the first spins


class CoarseGraining(NamedTuple):
    """A machine that has learned a law, and what it kept on the way; arrays have an entry for each iteration.

    Attributes
    ----------
    rbm : RBM
        The machine, in double precision.
    log_Z : float
        ln Z of the data.
    log_Z_new : ndarray, shape (1 + iterations,)
        ln Z′ of the machine, which a constant in its energies would move.
    divergence : ndarray, shape (1 + iterations,)
        D, which is ln Z′ − ln Z with the constant that makes both energies equal in the mean over p.
    deviation : ndarray, shape (1 + iterations,)
        Standard deviation of ln Tr_h e^{T(v, h)} over p, 0 if the trace condition is met but for a constant.
    spread : ndarray, shape (1 + iterations,)
        Its largest less its smallest value, as in `Comparison`.
    distance : ndarray, shape (1 + iterations,)
        Total variation ½ Σ_v |p′(v) − p(v)|.
    converged : bool
        Whether the gradient has become small.
    """

    rbm: RBM
    log_Z: float
    log_Z_new: np.ndarray
    divergence: np.ndarray
    deviation: np.ndarray
    spread: np.ndarray
    distance: np.ndarray
    converged: bool

    def __repr__(self) -> str:
        return shown.fields(self)


def coarse_grain(E: ArrayLike, units: int, iterations: int = 100, rng: Seed = None) -> CoarseGraining:
    """Learn the law of spins by a machine of fewer hidden spins, with the exact gradient of D.

    Parameters
    ----------
    E : array_like, shape (2^N,)
        Energies of the data, in the order of `exact.states`; N from 2 to 20.
    units : int
        Number of hidden spins, from 1 to N − 1.
    iterations : int
        Largest number of iterations (Broyden, Fletcher, Goldfarb and Shanno), >= 1.
    rng : None, int, SeedSequence or Generator
        Random numbers of the start: small weights, no fields. Where E(−v) = E(v) there remain none.

    Returns
    -------
    CoarseGraining
        The machine, and ln Z′, the trace condition and the distance of the laws at each iteration.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Notes
    -----
    An iteration with 20 visible and 5 hidden spins takes about a tenth of a second.

    References
    ----------
    P. Mehta and D. J. Schwab, arXiv:1410.3831.

    Examples
    --------
    >>> from rbm_sim import renormalisation
    >>> E = renormalisation.ising_energies(renormalisation.lattice(1, 5, 0.7))
    >>> found = renormalisation.coarse_grain(E, 2, iterations=300, rng=1)
    >>> bool(found.divergence[-1] < 1e-4 < 0.1 < found.divergence[0])  # two of five spins, an exact step
    True
    """
    from scipy.optimize import minimize

    E = check.real_array("E", E, np.float64)
    N = E.size.bit_length() - 1
    if E.ndim != 1 or E.size != 2**N or not 2 <= N <= MAX_VISIBLE:
        raise ValueError(f"E has shape {E.shape}: must hold 2^N energies, N from 2 to {MAX_VISIBLE}")
    if check.integer("units", units, at_least=1) >= N:
        raise ValueError(f"units = {units}: must be at most {N - 1}, fewer than the {N} visible spins")
    iterations = check.integer("iterations", iterations, at_least=1)
    law, history = _Law(E, N, units), []
    start = np.concatenate([random.generator(rng).normal(0, START, N * units), np.zeros(N + units)])
    with blas.one_thread():
        history.append(law.measures(start))
        found = minimize(
            law.loss,
            start,
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": iterations, "maxfun": 10 * iterations, "ftol": 1e-14, "gtol": 1e-8},
            callback=lambda x: history.append(law.measures(x)),
        )
    log_Z_new, divergence, deviation, spread, distance = np.array(history).T
    rbm, converged = law.machine(found.x), bool(found.success)
    return CoarseGraining(rbm, law.log_Z, log_Z_new, divergence, deviation, spread, distance, converged)


class _Law:
    """The law that is learned, and what a machine of given parameters makes of it."""

    def __init__(self, E: np.ndarray, N: int, M: int) -> None:
        from scipy.special import logsumexp

        self.E, self.N, self.M = E, N, M
        # then no field is needed, and rounding must not make one
        self.even = bool(np.abs(E - E[::-1]).max() <= 1e-12 * np.abs(E).max())
        self.log_Z = float(logsumexp(-E))
        self.p = np.exp(-E - self.log_Z)
        self.fast = all_states(Spin(), min(N, _FAST))
        self.slow = all_states(Spin(), N - _FAST) if N > _FAST else np.zeros((1, 0))
        parts = self.p.reshape(len(self.slow), -1)
        self.v = np.append(self.fast.T @ parts.sum(axis=0), self.slow.T @ parts.sum(axis=1))
        self._last: tuple[bytes, tuple[float, float, float, float, float]] | None = None

    def machine(self, x: np.ndarray) -> RBM:
        """The machine of the parameters w, g, b in one array."""
        w, g, b = np.split(x, [self.N * self.M, self.N * self.M + self.N])
        return RBM(w.reshape(self.N, self.M), visible=Spin(g), hidden=Spin(b))

    def loss(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """D and its derivatives ⟨v h⟩_RBM − ⟨v h⟩_p, and likewise those of v and h."""
        rbm = self.machine(x)
        model = exact.Enumeration(rbm)
        mean, F, h, vh = model.moments(), *self._over(rbm)
        measures = self._measures(F, model.log_partition())
        self._last = x.tobytes(), measures
        fields = np.concatenate([mean.v - self.v, mean.h - h]) * (not self.even)
        return measures[1], np.append((mean.vh - vh).ravel(), fields)

    def measures(self, x: np.ndarray) -> tuple[float, float, float, float, float]:
        """ln Z′, D, deviation and spread of ln Tr_h e^T, and distance, at given parameters."""
        if self._last is None or self._last[0] != x.tobytes():
            self.loss(x)
        assert self._last is not None
        return self._last[1]

    def _over(self, rbm: RBM) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """F(v) of all configurations, and ⟨h⟩ and ⟨v h⟩ over p.

        Inputs are a sum of those of the first spins, the same in all blocks, and of the others, the same within one.
        """
        k = self.fast.shape[1]
        (w_fast, w_slow), (g_fast, g_slow) = (
            np.split(rbm.weights, [k]),
            np.split(-rbm.visible.offset * np.ones(self.N), [k]),
        )
        inside, field = self.fast @ w_fast - rbm.hidden.offset, self.fast @ g_fast
        F, total, slow = np.empty((len(self.slow), len(self.fast))), np.zeros_like(inside), np.zeros_like(w_slow)
        half = self.even and len(self.slow) > 1  # then the last configurations are mirror images of the first
        some = self.slow[: len(self.slow) // 2] if half else self.slow
        for code, (v, p) in enumerate(zip(some, self.p.reshape(F.shape)[: len(some)], strict=True)):
            y = inside + v @ w_slow
            F[code] = -log_partition_sum(rbm.hidden, y, 1.0) - field - v @ g_slow
            weighted = p[:, None] * np.tanh(y)
            total += weighted
            slow += np.outer(v, weighted.sum(axis=0))
        if half:
            F[len(some) :] = F[: len(some)][::-1, ::-1]
        vh = (1 + half) * np.concatenate([self.fast.T @ total, slow])
        return F.reshape(-1), total.sum(axis=0) * (not half), vh

    def _measures(self, F: np.ndarray, log_Z_new: float) -> tuple[float, float, float, float, float]:
        trace = self.E - F
        mean = self.p @ trace
        deviation = math.sqrt(self.p @ (trace - mean) ** 2)
        distance = total_variation(self.p, np.exp(-F - log_Z_new))
        return log_Z_new, float(log_Z_new - self.log_Z - mean), deviation, float(np.ptp(trace)), distance
