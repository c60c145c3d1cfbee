"""Solutions of the equations of one machine, and their ln Z."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim._support import check
from rbm_sim._support.random import Seed
from rbm_sim.machine.rbm import RBM
from rbm_sim.tap.damped import DAMPING, pass_messages
from rbm_sim.tap.equations import Equations, Means, third_cumulant
from rbm_sim.tap.iteration import iterate
from rbm_sim.tap.solution import Solution, Status
from replica.errors import ConvergenceError

ACCEPTED = 1e-9
"""Largest residual of what counts as a solution."""
SAME = 1e-6
"""Largest difference of means of one solution found twice, relative above 1."""


def solve(rbm: RBM, order: int = 2, T: float = 1.0, start: ArrayLike | None = None, *, throw: bool = True) -> Solution:
    """Means, variances and ln Z of a machine without sampling, by the expansion of Plefka.

    ln Z ≈ Σ [φ(B, A) − {B a − A (a² + c)/2}/T] + Σ w a a/T + ½ Σ w² c c/T² + (1/6) Σ w³ k k/T³, stationary in the means
    a and variances c of all units; the last two terms are those of second and third order.

    Parameters
    ----------
    rbm : RBM
        The machine.
    order : {1, 2, 3}
        1 is mean field, 2 the equations of Thouless, Anderson and Palmer, 3 for units of two values only.
    T : float
        Temperature, > 0.
    start : array_like, shape (N,), optional
        Visible means to start from, such as a stored pattern; by default those without input.
    throw : bool
        Whether to raise ConvergenceError unless the status is `Status.CONVERGED`.

    Returns
    -------
    Solution
        Means and variances of both layers, ln Z, residual, replicon and status.

    Raises
    ------
    ValueError
        If an argument is out of its range, or the units have no such order.
    ConvergenceError
        If there is no solution that can be relied on, and `throw`; the message says what to try.

    Notes
    -----
    ln Z is over the Lebesgue or counting measure, as that of `rbm_sim.exact`. Its derivatives by fields and weights are
    the moments that belong to it: ∂ ln Z/∂g_i = a_i/T, and T ∂ ln Z/∂w_iμ is `pair_means`.

    References
    ----------
    M. Gabrié, E. W. Tramel and F. Krzakala, NIPS 28, 640 (2015).

    Examples
    --------
    >>> import numpy as np, rbm_sim
    >>> w = 0.2 * np.cos(np.arange(12.0)).reshape(4, 3)
    >>> rbm = rbm_sim.RBM(w, visible=rbm_sim.Bernoulli(0.1), hidden=rbm_sim.Spin())
    >>> round(rbm_sim.tap.solve(rbm).value, 5), round(rbm_sim.exact.log_partition(rbm), 5)
    (5.08759, 5.08785)
    """
    equations = _equations(rbm, order, T)
    check.yes_or_no("throw", throw)
    if start is None:
        mean = _without_input(equations)
    else:
        mean = check.real_array("start", start, np.float64)
        if mean.shape != (rbm.shape[0],):
            raise ValueError(f"start has shape {mean.shape}: must be ({rbm.shape[0]},), a mean for each visible unit")
    (found,) = _solutions(equations, mean[None])
    if throw and found.status != Status.CONVERGED:
        raise ConvergenceError(
            f"tap.solve, order {order}, T = {T:g}, residual {found.residual:.1e}: {found.status.text}"
        )
    return found


def solve_all(
    rbm: RBM, order: int = 2, T: float = 1.0, starts: int | ArrayLike = 20, rng: Seed = None
) -> list[Solution]:
    """Distinct solutions from many starts at once, that of the largest ln Z first.

    Parameters
    ----------
    rbm : RBM
        The machine.
    order : {1, 2, 3}
        As for `solve`.
    T : float
        Temperature, > 0.
    starts : int or array_like, shape (starts, N)
        Number of configurations drawn from the law without input, beside the start without input; or visible means to
        start from.
    rng : None, int, SeedSequence or Generator
        Random numbers, as for ``numpy.random.default_rng``.

    Returns
    -------
    list of Solution
        Solutions of status CONVERGED and UNSTABLE. There may be others, which no start led to.

    Raises
    ------
    ValueError
        If an argument is out of its range, or the units have no such order.

    Examples
    --------
    >>> import numpy as np, rbm_sim
    >>> xi = np.where(np.arange(40) % 3, 1.0, -1.0)  # one pattern, and its mirror image
    >>> rbm = rbm_sim.RBM(xi[:, None] / np.sqrt(40), visible=rbm_sim.Spin(), hidden=rbm_sim.Gaussian())
    >>> [round(abs(float(s.v @ xi)) / 40, 4) for s in rbm_sim.tap.solve_all(rbm, T=0.5, rng=0)]
    [0.9511, 0.9511]
    """
    equations = _equations(rbm, order, T)
    if np.ndim(starts):
        means = check.real_array("starts", starts, np.float64)
        if means.ndim != 2 or means.shape[1] != rbm.shape[0] or not len(means):
            raise ValueError(f"starts has shape {means.shape}: must be (starts, {rbm.shape[0]})")
    else:
        count = check.integer("starts", starts, at_least=0)
        drawn = equations.rbm.visible.sample(np.zeros((count, rbm.shape[0])), np.random.default_rng(rng), T)
        means = np.concatenate([_without_input(equations)[None], drawn])
    kept: list[Solution] = []
    for found in sorted(_solutions(equations, means), key=lambda s: -np.nan_to_num(s.value, nan=-np.inf)):
        if found.status in (Status.CONVERGED, Status.UNSTABLE) and not any(_same(found, other) for other in kept):
            kept.append(found)
    return kept


def log_partition(rbm: RBM, order: int = 2, T: float = 1.0, start: ArrayLike | None = None) -> float:
    """Logarithm of the partition function by the expansion of Plefka: the value of `solve`.

    Parameters
    ----------
    rbm : RBM
        The machine.
    order : {1, 2, 3}
        As for `solve`.
    T : float
        Temperature, > 0.
    start : array_like, shape (N,), optional
        Visible means to start from.

    Returns
    -------
    float
        ln Z; of a machine with several states that of the one that the start leads to.

    Raises
    ------
    ValueError, ConvergenceError
        As `solve`.

    Examples
    --------
    >>> import rbm_sim
    >>> rbm = rbm_sim.RBM([[0.1, 0.0]], visible=rbm_sim.Spin(), hidden=rbm_sim.Spin())
    >>> round(rbm_sim.tap.log_partition(rbm), 6)  # 3 ln 2 + ln cosh 0.1
    2.084442
    """
    return solve(rbm, order, T, start).value


def pair_means(rbm: RBM, solution: Solution, order: int = 2, T: float = 1.0) -> np.ndarray:
    """Means of products ⟨v_i h_μ⟩ = T ∂ ln Z/∂w_iμ that belong to a solution.

    Parameters
    ----------
    rbm : RBM
        The machine.
    solution : Solution
        One of its solutions.
    order : {1, 2, 3}
        The order that it was solved at.
    T : float
        The temperature that it was solved at.

    Returns
    -------
    ndarray, shape (N, M)
        a_i a_μ + w c_i c_μ/T + w² k_i k_μ/2T², as far as the order goes; k = c dc/da.

    Raises
    ------
    ValueError
        If an argument is out of its range.
    """
    equations = _equations(rbm, order, T)
    w, units = equations.rbm.weights, (rbm.visible, rbm.hidden)
    result = np.outer(solution.v, solution.h)
    if order > 1:
        result += w * np.outer(solution.var_v, solution.var_h) / T
    if order > 2:
        k = [third_cumulant(unit, a) for unit, a in zip(units, (solution.v, solution.h), strict=True)]
        result += w**2 * np.outer(*k) / (2 * T**2)
    return result


def _equations(rbm: RBM, order: int, T: float) -> Equations:
    if not isinstance(rbm, RBM):
        raise ValueError(f"rbm = {check.short(rbm)}: must be an RBM")
    if check.integer("order", order, at_least=1) > 3:
        raise ValueError(f"order = {order}: must be 1, 2 or 3")
    return Equations(rbm, order, check.number("T", T, above=0))


def _without_input(equations: Equations) -> np.ndarray:
    return equations.rbm.visible.mean(np.zeros(equations.rbm.shape[0]), equations.T)


def _solutions(equations: Equations, means: np.ndarray) -> list[Solution]:
    """What each start leads to: by sweeps, and where that cannot be relied on, by message passing."""
    found = _judged(equations, *iterate(equations, means))
    for damping in DAMPING if equations.order == 2 else ():
        lost = np.array([k for k, s in enumerate(found) if s.status != Status.CONVERGED], dtype=int)
        if not lost.size:
            break
        v, h = pass_messages(equations, means[lost], *damping)
        lawful = equations.allows(equations.hidden, v) & equations.allows(equations.visible, h)
        v, h = Means(*(x[lawful] for x in v)), Means(*(x[lawful] for x in h))
        for k, new in zip(lost[lawful], _judged(equations, v, h, np.zeros(lawful.sum(), dtype=bool)), strict=True):
            solved = new.status == Status.UNSTABLE and found[k].status != Status.UNSTABLE
            found[k] = new if new.status == Status.CONVERGED or solved else found[k]
    return found


def _judged(equations: Equations, v: Means, h: Means, cut: np.ndarray) -> list[Solution]:
    """Status and ln Z of what iterations ended at; `cut` where a layer was about to lose its law."""
    residual, value = equations.residual(v, h), equations.log_partition(v, h)
    found = []
    for k in range(len(residual)):
        one_v, one_h = Means(*(x[k] for x in v)), Means(*(x[k] for x in h))
        replicon, status = equations.replicon(one_v, one_h), Status.CONVERGED
        if not residual[k] <= ACCEPTED:
            status = Status.NO_LAW if cut[k] else Status.NOT_CONVERGED
        elif equations.order > 1 and not replicon > 0:
            status = Status.UNSTABLE
        solved = status in (Status.CONVERGED, Status.UNSTABLE)
        found.append(
            Solution(
                float(value[k]) if solved else float("nan"),
                one_v.mean,
                one_h.mean,
                one_v.variance,
                one_h.variance,
                float(residual[k]),
                replicon,
                status,
            )
        )
    return found


def _same(a: Solution, b: Solution) -> bool:
    pairs = ((a.v, b.v), (a.h, b.h))
    return all(bool((np.abs(x - y) <= SAME * (1 + np.abs(x))).all()) for x, y in pairs)
