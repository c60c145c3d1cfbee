"""Averages over the Skellam law P(w) = e^{−ℓ} I_|w|(ℓ) in balls, the cut-off tails bounded.

I_w(ℓ) ≤ (ℓ/2)^w e^ℓ/w! for w ≥ 0, since w + k choose k is at least 1 in its series, so that P(w) ≤ (ℓ/2)^w/w! and

    2 Σ_{w≥J} (w + 2) P(w) ≤ 2 (J + 2) (ℓ/2)^J/J! / (1 − ρ),    ρ = (J + 3)/(J + 2) · ℓ/(2(J + 1)) < 1,

ρ being the largest ratio of consecutive terms. The law depends on ℓ by dP/dℓ = ½P(w+1) + ½P(w−1) − P(w).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from replica.certified.balls import NotProvenError, arb, arb_series, ctx

__all__ = ["cutoff", "probability", "skellam_averages", "tail"]

LARGEST_CUTOFF = 5000


def probability(ell: arb, w: int) -> arb:
    """P(w) = e^{−ℓ} (ℓ/2)^w 0F1(w + 1; ℓ²/4)/w!, the Bessel function so written because it is fast for wide balls.

    Parameters
    ----------
    ell : arb
        Parameter of the law.
    w : int
        The value, ≥ 0.

    Returns
    -------
    arb
        Ball that contains P(w), and as well P(−w).
    """
    return (-ell).exp() * (ell / 2) ** w * (ell * ell / 4).hypgeom_0f1(w + 1, regularized=True)


def tail(ell: arb, J: int) -> arb:
    """Bound of Σ_{|w|≥J} (|w| + 2) P(w).

    Parameters
    ----------
    ell : arb
        Parameter of the law, > 0.
    J : int
        First value of |w| of the tail, ≥ 1.

    Returns
    -------
    arb
        The bound: +∞ where ρ ≥ 1 and the sum is not bounded by a geometric series.
    """
    half = ell.upper() / 2
    ratio = half * (J + 3) / ((J + 2) * (J + 1))
    if not ratio < 1:
        return arb.pos_inf()
    return (2 * (J + 2) * half**J / arb.fac_ui(J) / (1 - ratio)).upper()


def cutoff(ell: arb, scale: arb) -> int:
    """First J whose tail is below the working precision.

    Parameters
    ----------
    ell : arb
        Parameter of the law.
    scale : arb
        What the tail is multiplied by.

    Returns
    -------
    int
        J, a multiple of 8: terms |w| < J are summed, the tail beyond goes into the radius.

    Raises
    ------
    NotProvenError
        If it is beyond 5000.
    """
    for J in range(8, LARGEST_CUTOFF, 8):
        if scale * tail(ell, J) < arb(2) ** -ctx.prec:
            return J
    raise NotProvenError(f"ell = {float(ell):g}: too many terms")


def skellam_averages(
    functions: Callable[[int], Sequence[arb_series]], ell: arb_series, scale: arb, motion: arb, J: int
) -> list[arb_series]:
    """⟨F(W)⟩ of several functions, as power series of two terms, tails included in the radii.

    Parameters
    ----------
    functions : callable
        From w to the values of the functions. They, and their derivatives in each of their unknowns, must be at most
        scale · (|w| + 1) in size.
    ell : arb_series
        Parameter of the law.
    scale : arb
        Bound of the functions and their derivatives.
    motion : arb
        Sum of the sizes of the unknowns' own derivatives, ℓ among them.
    J : int
        Terms |w| < J are summed.

    Returns
    -------
    list of arb_series
        For each function the average and its derivative, radii wide enough for the tails |w| ≥ J.
    """
    # |dP/dℓ| reaches one step further than P and has weight 2 in all
    rest = 2 * scale * tail(ell[0], J - 1)
    rest_ball = arb_series([_around_zero(rest), _around_zero(rest * motion)], 2)
    weight = [probability(ell[0], w) for w in range(J + 1)]
    totals: list[arb_series] = []
    for w in range(1 - J, J):
        k = abs(w)
        slope = (weight[k + 1] + weight[abs(k - 1)]) / 2 - weight[k]
        law = arb_series([weight[k], slope * ell[1]], 2)
        terms = [law * value for value in functions(w)]
        totals = [a + b for a, b in zip(totals, terms, strict=True)] if totals else terms
    return [total + rest_ball for total in totals]


def _around_zero(radius: arb) -> arb:
    return arb(0, radius.abs_upper())
