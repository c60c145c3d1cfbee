"""ψ(q) and its slope in balls and in power series of two terms: `replica.certified.hidden_noise` to any precision."""

from __future__ import annotations

from replica.certified.balls import NotProvenError, Series, arb, arb_series
from replica.certified.gaussian import density, tails

__all__ = ["bell", "hidden_noise_balls", "normal_balls"]


def bell(u: Series) -> Series:
    """φ(u) between its values at the ends, and at 0 if that is inside: the exponential of a wide ball is too wide.

    Parameters
    ----------
    u : arb or arb_series
        Where.

    Returns
    -------
    arb or arb_series
        Ball that contains φ on all of u, of a series also its derivative −uφ.
    """
    at = u[0] if isinstance(u, arb_series) else u
    value = density(at.lower()).union(density(at.upper()))
    if at.contains(0):
        value = value.union(density(arb(0)))
    return arb_series([value, -at * value * u[1]], 2) if isinstance(u, arb_series) else value


def normal_balls(u: Series) -> Series:
    """Φ(u).

    Parameters
    ----------
    u : arb or arb_series
        Where.

    Returns
    -------
    arb or arb_series
        Ball that contains Φ on all of u, of a series also its derivative.
    """
    below = (-u[0] if isinstance(u, arb_series) else -u) / arb(2).sqrt()
    value = (below.lower().erfc() / 2).union(below.upper().erfc() / 2)
    if not isinstance(u, arb_series):
        return value
    return arb_series([value, bell(u[0]) * u[1]], 2)


def hidden_noise_balls(theta: arb, p: arb, q: Series) -> tuple[Series, Series]:
    """ψ and ψ'.

    Parameters
    ----------
    theta, p : arb
        Couplings.
    q : arb or arb_series
        Activity.

    Returns
    -------
    psi, slope : arb or arb_series
        ψ = √(q H2(θ/√(pq))) and ψ' = H0/(2ψ), of a series also their derivatives.

    Raises
    ------
    NotProvenError
        If q may not be positive.
    """
    value = q[0] if isinstance(q, arb_series) else q
    if not value > 0:
        raise NotProvenError("an activity that may be 0")
    y = theta / (p * value).sqrt()
    ends = [_at(theta, p, end) for end in (value.lower(), value.upper())]
    # ψ rises with q, and so does ψ' from y = 4 on
    psi, slope = (a.union(b) for a, b in zip(*ends, strict=True))
    H0, H2, phi, scale = (a.union(b) for a, b in zip(_over_density(y.lower()), _over_density(y.upper()), strict=True))
    if not y >= 4:
        slope = H0 / 2 * (scale / (value * H2)).sqrt()
    if not isinstance(q, arb_series):
        return psi, slope
    sigma = (y * phi / H0 - H0 / H2) / 2
    return arb_series([psi, slope * q[1]], 2), arb_series([slope, slope * sigma / value * q[1]], 2)


def _at(theta: arb, p: arb, q: arb) -> tuple[arb, arb]:
    """ψ and ψ' at an exact q."""
    H0, H2, _, scale = _over_density(theta / (p * q).sqrt())
    return (q * scale * H2).sqrt(), H0 / 2 * (scale / (q * H2)).sqrt()


FAR = 50
TERMS = 40


def _over_density(y: arb) -> tuple[arb, arb, arb, arb]:
    """H0, H2 and φ over a scale, and the scale, which is φ for y > 0; by a series (`mills`) where y is large.

    Everything is positive at a number, but a ball between two of very different size would not be.
    """
    if not y > 0:
        H0, _, H2 = tails(y)
        return H0, H2, density(y), arb(1)
    if y > FAR:
        return _series(y, 0), _series(y, 2), arb(1), density(y)
    phi = density(y)
    H0, _, H2 = tails(y)
    return H0 / phi, H2 / phi, arb(1), phi


def _series(y: arb, k: int) -> arb:
    """Between two partial sums of Σ_j (−1)^j (k + 2j)!/(2^j j! y^{k+2j+1})."""
    total = last = arb(0)
    for j in range(TERMS):
        last, total = total, total + (-1) ** j * arb.fac_ui(k + 2 * j) / (2**j * arb.fac_ui(j) * y ** (k + 2 * j + 1))
    return last.union(total)
