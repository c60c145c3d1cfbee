"""The Gaussian integrals H^(k)(x) = ∫_x^∞ Dz (z − x)^k, k = 0, 1, 2, in balls.

They fall with x, so that the ends of a ball bound them: the closed forms, evaluated on a wide ball, would lose all in
their cancelling terms. What cancels at the ends themselves is left to the working precision.
"""

from __future__ import annotations

from replica.certified.balls import Series, arb, arb_series

__all__ = ["density", "tails"]


def density(x: Series) -> Series:
    """φ(x) = e^{−x²/2}/√(2π).

    Parameters
    ----------
    x : arb or arb_series
        Where.

    Returns
    -------
    arb or arb_series
        Ball that contains φ on all of `x`; of a series also its derivative.
    """
    return (-(x * x) / 2).exp() / (2 * arb.pi()).sqrt()


def tails(x: Series) -> tuple[Series, Series, Series]:
    """H0, H1 and H2; of a power series of two terms by dH0 = −φ dx, dH^(k) = −k H^(k−1) dx.

    Parameters
    ----------
    x : arb or arb_series
        Where.

    Returns
    -------
    tuple of arb or arb_series
        (H0, H1, H2) on all of `x`: erfc(x/√2)/2, φ − x H0, (1 + x²) H0 − x φ.
    """
    if not isinstance(x, arb_series):
        H0, H1, H2 = (a.union(b) for a, b in zip(_at(x.lower()), _at(x.upper()), strict=True))
        return H0, H1, H2
    H0, H1, H2 = tails(x[0])
    slopes = (-density(x[0]), -H0, -2 * H1)
    first, second, third = (arb_series([H, dH * x[1]], 2) for H, dH in zip((H0, H1, H2), slopes, strict=True))
    return first, second, third


def _at(x: arb) -> tuple[arb, arb, arb]:
    phi = density(x)
    H0 = (x / arb(2).sqrt()).erfc() / 2
    return H0, phi - x * H0, (1 + x * x) * H0 - x * phi
