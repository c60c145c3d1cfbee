"""ℓ*, the number of active hidden units times p at the minimum of f̃, in the compositional limit, with a proof.

On the chart of `replica.models.sparse.chart`, a = m/s = e^v, b = κa, u = a(κ + W), averages over the Skellam law of ℓ,

    m = ⟨W Φ(u)⟩/ℓ,   q = ⟨Φ(u)⟩,   s = m/a,   C = ⟨φ(u)⟩/s,   Y = θ̃/√q,

the state at (α, g̃) and the minimum of f̃ along its branch solve three equations in (v, κ, ℓ):

    ln[s²(1−C)²/(q H2(Y))] = ln α,   κm − s²(1−C) H0(Y)/(2q H2(Y)) = g̃,
    df̃/dℓ = m²/2 − (s/2) ⟨H1(−u−a) + H1(−u+a) − 2 H1(−u)⟩ = 0.

With the Jacobian J of the three, d²f̃/dℓ² along the branch is det J over the minor of the first two in (v, κ).

J. Tubiana & R. Monasson, PRL 118, 138301 (2017); G. Manzan, slides (2021), "Compositional phase".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from replica.certified.balls import NotProvenError, Written, arb, arb_mat, arb_series, between, ctx, exact, written
from replica.certified.enclosure import Enclosure, enclose
from replica.certified.gaussian import density, tails
from replica.certified.interval_newton import Box, System, jacobian, krawczyk, refined
from replica.certified.low_noise import Machine, prove_first
from replica.certified.skellam import cutoff, skellam_averages

__all__ = ["ell_star", "minimum_equations"]

SIZES = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)
"""Sizes of the boxes that are tried."""
MINIMUM = "d²f/dl² > 0 along the branch; one root (ln a, b/a, l) of the three equations"
FIRST = "the first stationary point on the branch from l -> 0"
TAKEN = "not proven: that no lower minimum lies on the branch (from the solver)"


def ell_star(digits: int = 20, *, alpha: Written = "0.5", theta: Written = "1.5", g: Written = "-0.21") -> Enclosure:
    """ℓ* of a homogeneous machine.

    Proven: the three equations have exactly one root in a box about that of `replica.ell_star`, and d²f̃/dℓ² > 0 along
    the branch there. That it is the first stationary point from ℓ → 0 on is proven where there is so little noise
    that the proof of `replica.certified.low_noise` goes through; `proven` says so. Else it is taken from the solver.

    Parameters
    ----------
    digits : int
        Significant decimals.
    alpha : str or number
        Load, > 0.
    theta : str or number
        θ̃.
    g : str or number
        g̃, in (−½, 0).

    Returns
    -------
    Enclosure
        ℓ* between proven bounds, its decimals, and in words what is proven of it.

    Raises
    ------
    ValueError
        If a control is not a number, or f̃ has no minimum at ℓ > 0 there.
    NotProvenError
        If no box is small enough for a proof.

    Examples
    --------
    >>> ell_star(16).value
    '0.3831934806461045'
    """
    guess = _guess(alpha, theta, g)

    def proof() -> tuple[arb, str]:
        # averages of size one are divided by s = m e^{−v}
        with ctx.workprec(ctx.prec + max(0, int(3 * float(guess[0])))):
            system = minimum_equations(alpha, theta, g)
            unique, where = _largest_box(system, guess)
            root = _minimum(system, unique)
            rank = _rank(Machine.of(alpha, theta, g), unique, root)
        return root[2], f"alpha = {alpha}, theta = {theta}, g = {g}: {MINIMUM} {where}; {rank}"

    return enclose("ell_star", proof, digits)


def minimum_equations(alpha: Written, theta: Written, g: Written) -> System:
    """The three equations for (v, κ, ℓ).

    Parameters
    ----------
    alpha, theta, g : str or number
        Controls.

    Returns
    -------
    callable
        System of `replica.certified.interval_newton`: residuals of ln α, g̃ and df̃/dℓ.
    """
    log_alpha, threshold, field = exact(alpha).log(), exact(theta), exact(g)

    def system(unknowns: list[arb_series]) -> Sequence[arb_series]:
        v, kappa, ell = unknowns
        a = v.exp()
        weighted, q, density, bend = _averages(a, kappa, ell, _motion(unknowns))
        m = weighted / ell
        s = m / a
        margin = 1 - density / s
        H0, _, H2 = tails(threshold / q.sqrt())
        return [
            (s * s * margin * margin / (q * H2)).log() - log_alpha,
            kappa * m - s * s * margin * H0 / (2 * q * H2) - field,
            (m * m - s * bend) / 2,
        ]

    return system


def _averages(a: arb_series, kappa: arb_series, ell: arb_series, motion: arb) -> list[arb_series]:
    """⟨W Φ(u)⟩, ⟨Φ(u)⟩, ⟨φ(u)⟩ and ⟨H1(−u−a) + H1(−u+a) − 2 H1(−u)⟩.

    Φ ≤ 1, φ ≤ 0.4, |uφ| ≤ 0.25, u²φ ≤ 0.3; the bend is between 0 and a, its derivative in κ at most a, and that in v
    at most a(|κ| + |w| + 1). So (1 + a)(1 + |κ|)(|w| + 1) bounds all four and their derivatives in v and κ.
    """

    def functions(w: int) -> list[arb_series]:
        u = a * (kappa + w)
        H0, H1, _ = tails(-u)
        bend = tails(-u - a)[1] + tails(a - u)[1] - 2 * H1
        return [w * H0, H0, density(u), bend]

    scale = (1 + a[0].abs_upper()) * (1 + kappa[0].abs_upper())
    return skellam_averages(functions, ell, scale, motion, cutoff(ell[0], scale))


def _motion(unknowns: list[arb_series]) -> arb:
    return sum((x[1].abs_upper() for x in unknowns), arb(0))


def _minimum(system: System, unique: Box) -> Box:
    """The root (v, κ, ℓ), where f̃ is proven to have a minimum."""
    root = refined(system, unique)
    found = jacobian(system, root)
    minor = arb_mat([[found[i, j] for j in (0, 1)] for i in (0, 1)])
    if not found.det() / minor.det() > 0:
        raise NotProvenError("not proven that f has a minimum there")
    return root


def _rank(machine: Machine, unique: Box, root: Box) -> str:
    """What is known of smaller ℓ."""
    v, kappa, ell = (arb_series([x], 2) for x in root)
    m = (_averages(v.exp(), kappa, ell, arb(0))[0] / ell)[0]
    try:
        prove_first(machine, unique, root, m)
    except NotProvenError:
        return TAKEN
    return FIRST


def _largest_box(system: System, guess: tuple[str, ...]) -> tuple[Box, str]:
    """The largest box that has one root by proof, and its words."""
    shape = _shape(system, guess)
    for size in SIZES:
        radii = [f"{size * x:.1e}" for x in shape]
        sides = [(Fraction(x), Fraction(radius)) for x, radius in zip(guess, radii, strict=True)]
        box = [between(x - radius, x + radius) for x, radius in sides]
        try:
            krawczyk(system, box)
        except NotProvenError:
            continue
        return box, f"within ({', '.join(radii)}) of ({', '.join(guess)})"
    raise NotProvenError(f"no box about (ln a, b/a, l) = ({', '.join(guess)}) has one root by proof")


def _shape(system: System, guess: tuple[str, ...]) -> list[float]:
    """How far the unknowns move if the residuals change by one, the largest taken as 1."""
    try:
        inverse = jacobian(system, [exact(x).mid() for x in guess]).inv()
    except ZeroDivisionError:
        raise NotProvenError("the Jacobian at the solver's state cannot be inverted") from None
    moves = [sum(abs(float(inverse[i, j])) for j in range(3)) for i in range(3)]
    if not all(0 < move < math.inf for move in moves):
        raise NotProvenError("the Jacobian at the solver's state is not known")
    return [move / max(moves) for move in moves]


def _guess(alpha: Written, theta: Written, g: Written) -> tuple[str, ...]:
    """(v, κ, ℓ) by the solver, as decimals, which then are exact."""
    from replica.diagrams.best_ell import ell_star as solver
    from replica.models import CompositionalRBM
    from replica.numerics.gaussian import log_H

    controls = {name: float(written(name, x)) for name, x in (("alpha", alpha), ("theta", theta), ("g", g))}
    found = solver(CompositionalRBM(**controls))
    if not found.value > 0:
        raise ValueError(f"alpha = {alpha}, theta = {theta}, g = {g}: f has no minimum at ell > 0 there")
    m, q, _, C, B = found.order
    # ln s, and not s, which may underflow
    log_s = 0.5 * (math.log(controls["alpha"] * q) + float(log_H(2, controls["theta"] / math.sqrt(q)))) - math.log1p(-C)
    place = (math.log(m / 2) - log_s, (controls["g"] + controls["alpha"] * B / 2) / (m / 2), found.value)
    return tuple(np.format_float_positional(value) for value in place)
