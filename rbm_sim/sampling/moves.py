"""Single-unit moves at temperature T on the law of the visible layer alone, P(v) ∝ exp{−F(v)/T}.

F(v) = Σ_i U_i(v_i) − T Σ_μ K_μ(I_μ), the hidden layer summed or integrated over; as T → 0 this is the marginal energy
E(v) = min_h E(v, h). A move of one unit changes the inputs by a row of the weights: with the values of K_μ kept, an
attempt costs M of them, where block Gibbs sampling pays for a product with all weights to draw all units.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim._support import check, random, shown
from rbm_sim._support.random import Seed
from rbm_sim.machine.rbm import RBM
from rbm_sim.units import TwoValued

RULES = ("glauber", "metropolis")


class Moves(NamedTuple):
    """Result of single-unit moves.

    Attributes
    ----------
    v : ndarray, shape (N,) or (n_chains, N)
        Visible configurations after the last sweep.
    acceptance : float
        Fraction of the attempts in which the unit changed its value; nan without any.
    """

    v: np.ndarray
    acceptance: float

    def __repr__(self) -> str:
        return shown.fields(self)


def single_unit(
    rbm: RBM, v: ArrayLike, *, T: float = 1.0, sweeps: int, rule: str = "glauber", rng: Seed = None
) -> Moves:
    """Move the units one by one by heat bath (Glauber) or Metropolis at temperature T.

    With Δ the change of F(v) if unit i takes its other value, it does so with probability 1/(1 + e^{Δ/T}) or
    min(1, e^{−Δ/T}). Both keep P(v) ∝ exp(−F(v)/T). For spins and Gaussian hidden units this is the Hopfield model,
    Δ = 2 v_i (Σ_{j≠i} J_ij v_j + g_i) with J = w wᵀ: no unit feels its own value.

    Parameters
    ----------
    rbm : RBM
        Machine with Bernoulli or Spin visible units and any hidden units.
    v : array_like, shape (N,) or (n_chains, N)
        Configurations to start from, of one chain or of several independent ones.
    T : float
        Temperature, >= 0. At T = 0 a unit moves if Δ < 0; if Δ = 0, with probability ½ (Glauber) or always
        (Metropolis).
    sweeps : int
        Number of sweeps, >= 0. In each one every unit is visited once, in a random order common to all chains; the
        random numbers of the moves are not common.
    rule : str
        "glauber" or "metropolis".
    rng : None, int, SeedSequence or Generator
        Random numbers, as for ``numpy.random.default_rng``.

    Returns
    -------
    Moves
        v and the fraction of accepted moves.

    Raises
    ------
    ValueError
        If an argument is out of its range, or the visible units do not have two values.

    Notes
    -----
    At high temperature a Metropolis sweep moves nearly every unit, from v to its opposite and back: Glauber is then
    the better rule.

    References
    ----------
    R. J. Glauber, J. Math. Phys. 4, 294 (1963);
    N. Metropolis et al., J. Chem. Phys. 21, 1087 (1953);
    D. J. Amit, H. Gutfreund and H. Sompolinsky, Ann. Phys. 173, 30 (1987).

    Examples
    --------
    >>> import numpy as np, rbm_sim
    >>> rbm = rbm_sim.RBM([[0.5], [0.5]], visible=rbm_sim.Spin(), hidden=rbm_sim.Gaussian())
    >>> v, acceptance = rbm_sim.moves.single_unit(rbm, np.ones((10_000, 2)), sweeps=20, rng=1)
    >>> round(float((v[:, 0] * v[:, 1]).mean()), 2)  # tanh(1/4) = .245
    0.25
    """
    T = check.number("T", T, at_least=0)
    sweeps = check.integer("sweeps", sweeps, at_least=0)
    rule = check.choice("rule", rule, RULES)
    rng = random.generator(rng)
    start = rbm.configurations(v)
    if start.ndim > 2:
        raise ValueError(f"v has shape {start.shape}: must be (N,) or (n_chains, N)")
    walkers = _Walkers(rbm, np.atleast_2d(start), T)
    chains, N = walkers.v.shape
    moved = 0
    for _ in range(sweeps):
        for i, u in zip(rng.permutation(N), rng.random((N, chains)), strict=True):
            accepted = u < _probability(walkers.change(i), T, rule)
            walkers.move(accepted)
            moved += int(accepted.sum())
    attempts = sweeps * N * chains
    return Moves(walkers.v.reshape(start.shape), moved / attempts if attempts else float("nan"))


class _Walkers:
    """Configurations with their inputs and the values of K_μ, which moves of the same unit in all chains change."""

    def __init__(self, rbm: RBM, v: np.ndarray, T: float) -> None:
        if not isinstance(rbm.visible, TwoValued):
            raise ValueError(f"rbm.visible is {type(rbm.visible).__name__}: must be Bernoulli or Spin units")
        self.rbm, self.visible, self.T = rbm, rbm.visible, T
        self.v = v.copy()
        self.hidden = rbm.hidden.centred()
        # Double precision: moves add up in the inputs, and a change is a small difference of large energies.
        self.y = rbm.matrix.forward(v).astype(np.float64) - rbm.hidden.offset
        self.ground = self._ground(self.y)

    def _ground(self, y: np.ndarray) -> np.ndarray:
        """T K, or its limit Φ."""
        return self.T * self.hidden.log_partition(y, self.T) if self.T else self.hidden.ground(y)

    def change(self, i: int) -> np.ndarray:
        """Change of F(v) in every chain if unit i takes its other value; `move` then makes it do so."""
        index, w = self.rbm.matrix.row(i)
        new = self.visible.flipped(self.v[:, i])
        step = (new - self.v[:, i]).astype(np.float64)
        y = self.y[:, index] + step[:, None] * w
        ground = self._ground(y)
        self._proposed = i, index, new, y, ground
        return -step * self.visible.g[i] - (ground - self.ground[:, index]).sum(axis=1)

    def move(self, accepted: np.ndarray) -> None:
        """Take the moves `change` was last asked about, in the chains that accept."""
        i, index, new, y, ground = self._proposed
        self.v[:, i] = np.where(accepted, new, self.v[:, i])
        self.y[:, index] = np.where(accepted[:, None], y, self.y[:, index])
        self.ground[:, index] = np.where(accepted[:, None], ground, self.ground[:, index])


def _probability(change: np.ndarray, T: float, rule: str) -> np.ndarray:
    """Probability of a move that changes F by `change`."""
    from scipy.special import expit

    if T == 0:
        return (change < 0) + (0.5 if rule == "glauber" else 1.0) * (change == 0)
    return expit(-change / T) if rule == "glauber" else np.exp(-np.maximum(change, 0) / T)
