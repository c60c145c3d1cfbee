"""Where a trained machine stands in the theory's phase diagram: measured beside predicted.

J. Tubiana and R. Monasson, Phys. Rev. Lett. 118, 138301 (2017): in the compositional phase a configuration strongly
activates L̂ ≈ ℓ*/p̂ hidden units, ℓ* the minimum of the free energy over ℓ = L p.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim._support import random
from rbm_sim._support.random import Seed
from rbm_sim.joint.prediction import Boundary, Prediction, boundaries, predicted
from rbm_sim.joint.rescaling import Rescaled, rescaled
from rbm_sim.joint.validity import warnings_for
from rbm_sim.learning.measurements import ROWS, describe
from rbm_sim.machine.rbm import RBM
from rbm_sim.observables import participation_ratio, silent_units, weight_norm, weight_sparsity
from rbm_sim.units import Bernoulli, Spin

__all__ = ["Placement", "place"]

CHAINS, SWEEPS = 200, 500
"""Samples where no data are given."""


@dataclasses.dataclass(frozen=True)
class Placement:
    """A machine in the phase diagram; predictions are nan, and `phase` is "", where there is no theory.

    The attributes are the columns of the command's table; θ, g and energies in the tilde quantities.
    """

    N: int
    M: int
    alpha: float
    p_hat: float
    W2: float
    T_eff: float
    theta: float = math.nan
    theta_sd: float = math.nan
    g: float = math.nan
    g_sd: float = math.nan
    x_sd: float = math.nan
    """Scatter of p_i/p."""
    source: str = ""
    """"data" or "samples": where the activities are measured."""
    L_hat: float = math.nan
    L_hat_err: float = math.nan
    """Standard error of its mean over configurations."""
    silent: float = math.nan
    m_tilde: float = math.nan
    distance: float = math.nan
    """Fraction of the visible units in which two configurations differ, mean over pairs."""
    ell_hat: float = math.nan
    ell_star: float = math.nan
    L_predicted: float = math.nan
    m_predicted: float = math.nan
    f_star: float = math.nan
    f_sg: float = math.nan
    f_zero: float = math.nan
    """Energy of ℓ → 0; 0 unless a field is positive or a threshold negative."""
    phase: str = ""
    laws: str = ""
    alpha_boundary: float = math.nan
    alpha_beyond: str = ""
    theta_boundary: float = math.nan
    theta_beyond: str = ""
    g_boundary: float = math.nan
    g_beyond: str = ""
    valid: bool = False
    """Whether no assumption of the theory fails."""
    warnings: tuple[str, ...] = ()
    machine: Rescaled | None = dataclasses.field(default=None, repr=False)

    def row(self) -> dict[str, Any]:
        """The columns, warnings in one text."""
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.name != "machine"}
        blank = {
            name: None
            for name, value in values.items()
            if value == "" or (isinstance(value, float) and math.isnan(value))
        }
        return values | blank | {"warnings": "; ".join(self.warnings)}


def place(rbm: RBM, data: ArrayLike | None = None, *, rng: Seed = None) -> Placement:
    """Place a machine in the phase diagram of random machines with ReLU hidden units.

    Parameters
    ----------
    rbm : RBM
        Machine at T = 1. There is a theory for Bernoulli or Spin visible and ReLU hidden units; others are measured.
    data : array_like, shape (n, N), optional
        Visible configurations on which activities are measured, the first 2000. If left out, 200 samples after 500
        sweeps from random starts.
    rng : None, int, SeedSequence or Generator
        Random numbers of the samples.

    Returns
    -------
    Placement
        Measured numbers, the phase and ℓ* that theory predicts from the machine's own α, θ̃_μ, g̃_i, p_i and size, the
        nearest boundary along each control, and where the assumptions fail.

    Raises
    ------
    ValueError
        If the data do not fit.

    References
    ----------
    J. Tubiana and R. Monasson, Phys. Rev. Lett. 118, 138301 (2017).

    Examples
    --------
    >>> import rbm_sim
    >>> w = rbm_sim.random_patterns(600, 300, p=0.05, rng=0) / 600**0.5 * 12
    >>> machine = rbm_sim.RBM(w, visible=rbm_sim.Bernoulli(-0.21 * 7.2), hidden=rbm_sim.ReLU(1.5 * 7.2**0.5))
    >>> rbm_sim.place(machine, rng=0).phase
    'spin_glass'
    """
    standing = rescaled(rbm)
    machine = rbm if isinstance(standing, str) else standing.machine
    v, source = _configurations(rbm, machine, data, rng)
    measured = _measured(machine, v) | {"source": source}
    if isinstance(standing, str):
        return Placement(**_weights(rbm), **measured, warnings=(f"no phase: {standing}",))
    prediction = predicted(standing)
    L = prediction.ell_star / standing.p
    never = float(silent_units(machine.hidden.mode(machine.inputs(v))).mean())
    said = warnings_for(standing, never_active=never, L_predicted=L, laws=prediction.laws)
    return Placement(
        **_weights(machine),
        **_laws(standing),
        **measured,
        **_predicted(prediction, L),
        **_near(boundaries(standing)),
        ell_hat=measured["L_hat"] * standing.p,
        valid=not said,
        warnings=tuple(said),
        machine=standing,
    )


def _weights(rbm: RBM) -> dict[str, Any]:
    (N, M), w = rbm.shape, rbm.weights
    p, W2 = weight_sparsity(w), float(weight_norm(w))
    return {"N": N, "M": M, "alpha": M / N, "p_hat": p, "W2": W2, "T_eff": p / W2 if W2 else math.inf}


def _laws(machine: Rescaled) -> dict[str, Any]:
    laws = {"theta": machine.theta, "g": machine.g}
    found = {name: float(values.mean()) for name, values in laws.items()}
    return (
        found | {f"{name}_sd": float(values.std()) for name, values in laws.items()} | {"x_sd": float(machine.x.std())}
    )


def _configurations(rbm: RBM, machine: RBM, data: ArrayLike | None, rng: Seed) -> tuple[np.ndarray, str]:
    """Visible configurations of the machine in its {0,1} form, if it has one."""
    if data is None:
        return machine.sample(CHAINS, SWEEPS, rng=random.generator(rng)).v, "samples"
    v = rbm.configurations(np.asarray(data)[:ROWS], name="data")
    return ((1 + v) / 2 if machine is not rbm else v), "data"


def _measured(machine: RBM, v: np.ndarray) -> dict[str, Any]:
    found = describe(machine, v)
    L_hat = participation_ratio(machine.hidden.mode(machine.inputs(machine.configurations(v))))
    error = float(L_hat.std(ddof=1) / math.sqrt(len(L_hat))) if len(L_hat) > 1 else math.nan
    kept = {name: found[name] for name in ("L_hat", "silent", "m_tilde")}
    return kept | {"L_hat_err": error, "distance": _distance(v, machine)}


def _distance(v: np.ndarray, machine: RBM) -> float:
    """Share of two-valued units in which two configurations differ, mean over pairs; nan for other units."""
    n = len(v)
    if n < 2 or not isinstance(machine.visible, Bernoulli | Spin):
        return math.nan
    up = (v == 1).mean(axis=0, dtype=float)
    return float(2 * (up * (1 - up)).mean() * n / (n - 1))


def _predicted(found: Prediction, L: float) -> dict[str, Any]:
    named = {"ell_star": found.ell_star, "f_star": found.f_star, "f_sg": found.f_sg, "f_zero": found.f_zero}
    return named | {"m_predicted": found.m, "L_predicted": L, "phase": found.phase, "laws": found.laws}


def _near(found: dict[str, Boundary]) -> dict[str, Any]:
    values = {f"{name}_boundary": boundary.value for name, boundary in found.items()}
    return values | {f"{name}_beyond": boundary.phase for name, boundary in found.items()}
