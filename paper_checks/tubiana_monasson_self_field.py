"""Tubiana & Monasson, PRL 118, 138301 (2017), eq. (2): the self-field of visible units with unequal p_i."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from paper_checks.check import Verdict, check
from paper_checks.evidence import SMOOTH, gradient, weigh
from paper_checks.slides_parameters import ALPHA, DZ, FIELDS, RATIO, P, T, Z
from paper_checks.tubiana_monasson_points import SOURCE

B, R = 0.25, 0.12
"""Order parameters; what is checked holds for any."""


def excess(strength: np.ndarray) -> float:
    """What ∂f/∂B = 0 asks of (1/N)Σ(p_i/p)⟨v_i⟩, minus its value, at T > 0 and in any fields.

    Parameters
    ----------
    strength : ndarray, shape (3,)
        Factor of (α/2) B v² for three kinds of units.

    Returns
    -------
    float
        Zero if the self-field belongs to this q.
    """
    noise = np.sqrt(ALPHA * P * RATIO * R)[:, None] * Z

    def energy(B: float) -> float:
        x = (FIELDS + ALPHA / 2 * B * strength)[:, None] + noise
        return float(-T * np.mean(np.logaddexp(0, x / T) @ DZ))

    by_B = -2 / ALPHA * float(gradient(energy, {"B": B})[0])
    on = expit(((FIELDS + ALPHA / 2 * B * strength)[:, None] + noise) / T) @ DZ
    return by_B - float(np.mean(RATIO * on))


@check(
    source=SOURCE,
    where="eq. (2), self-field of a visible unit",
    printed="(α/2) B p_i v², q = (1/N) Σ (p_i/p) <v_i>",
    seen="p",
    right="(α/2) B (p_i/p) v²",
    route="derivative of the free energy at T = 0.05, unequal p_i",
    expected="misprint",
)
def self_field() -> Verdict:
    """The term (α/2) B q of f and the self-field must give the same q: the slides have it right."""
    note = "f is stationary in B for the q of the paper with p_i/p only"
    return weigh(excess(P * RATIO), 0.0, SMOOTH, note, corrected=excess(RATIO))
