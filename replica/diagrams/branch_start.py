"""Where the branch k = 1 of the compositional limit begins: ℓ → 0.

There W = 0 at almost every unit, and such units are the whole environment of a pattern. With threshold θ̃ ≥ 0 they are
silent: q → 0, no noise, a field G = g̃ + αB̃/2 with B̃ → 0 (½ at θ̃ = 0), m̃ = 1, so that −½ < G < 0 is needed; and

    f̃ → 0,   df̃/dℓ → −⅛ − G/2,   growing with ℓ as long as noise and B̃ stay as they are.

With θ̃ < 0 they are the spin glass of lowest q, whose noise s stays, and at b = G/s

    m̃ = Φ(b + a) − Φ(b − a),   a = m̃/2s   the largest root, b < 0 needed;   f̃ → f̃ of that glass.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.diagrams.branch_equations import LEAST, Controls, local
from replica.models.sparse.glass import glass_at_b, glass_states

__all__ = ["Start", "starts"]


class Start(NamedTuple):
    """Beginnings of P branches."""

    place: NDArray
    """(x, κ, ln ℓ) so near to ℓ → 0 that f̃ has no extremum below, shape (3, P)."""
    exists: NDArray
    """Whether there is a branch at ℓ → 0."""
    slope: NDArray
    """df̃/dℓ at ℓ → 0."""
    energy: NDArray
    """f̃ at ℓ → 0."""


def starts(controls: Controls) -> Start:
    """Beginnings of the branches of P points.

    Parameters
    ----------
    controls : Controls
        ln α, θ̃ and g̃.

    Returns
    -------
    Start
        nan where there is no branch.

    Notes
    -----
    How near is enough. θ̃ ≥ 0: where self-field and noise are below 1e-18 and a tenth of the distance of the field to
    where units flip; below that f̃′ grows with ℓ, as G*(ℓ) − G with G* = −(m P₀ − m²)/(P₀ − P₁) increasing, so that
    its zero is at ℓ > G + ¼. θ̃ < 0: all is smooth in ℓ on the scale of θ̃² and q.
    """
    size = len(controls.g)
    place, (slope, energy) = np.full((3, size), np.nan), np.full((2, size), np.nan)
    result = Start(place, np.zeros(size, dtype=bool), slope, energy)
    silent, glassy = np.nonzero(controls.theta >= 0)[0], np.nonzero(controls.theta < 0)[0]
    for index, begin in ((silent, _silent), (glassy, _glassy)):
        if len(index):
            part = begin(controls.take(index))
            for mine, new in zip(result, part, strict=True):
                mine[..., index] = new
    return result


def _silent(controls: Controls) -> Start:
    """Beginnings at θ̃ ≥ 0."""
    log_alpha, theta, g = controls
    field = np.where(theta == 0, g + 0.25 * np.exp(log_alpha), g)
    edge = np.minimum(-field, 0.5 + field)
    exists = edge > 0
    with np.errstate(all="ignore"):
        # α H0(y) < 1e-18 and s < edge/10, with q = ℓ/2
        noise = 2 * np.log(10 / edge) + log_alpha + 2 * np.log(theta)
        y2 = np.maximum(81.0, np.maximum(2 * (log_alpha + 41.5), 2 * noise))
        ell = np.where(theta == 0, 0.04 * edge**2 * np.exp(-log_alpha), 2 * theta**2 / y2)
        ell = np.minimum(np.minimum(ell, 0.05), 0.5 + field)
        ell = np.where(field > -0.25, np.minimum(ell, field + 0.25), ell)
        ell = np.maximum(ell, 1e-280)
    place = np.stack([np.full(len(g), LEAST), 2 * field * (1 + 0.5 * ell), np.log(ell)])
    return Start(place, exists, -0.125 - 0.5 * field, np.zeros(len(g)))


def _glassy(controls: Controls) -> Start:
    """Beginnings at θ̃ < 0."""
    theta, g = controls.theta, controls.g
    b, s, q = _glass(controls)
    a, exists = _largest_overlap(b, s)
    exists &= b < 0
    with np.errstate(all="ignore"):
        place = np.stack([1 / a, b / a, np.full(len(g), FAR)])
        slope = np.where(exists, local(controls, np.where(exists, place, -1.0)).slope, np.nan)
        ell = 1e-4 * np.minimum(np.maximum(theta**2 / 50, q), 1.0)
        place[2] = np.log(np.maximum(np.minimum(ell, np.abs(slope) * ell * 10), 1e-280))
    return Start(place, exists, slope, -0.5 * s * s - g * q)


def _glass(controls: Controls) -> tuple[NDArray, NDArray, NDArray]:
    """b, s and q of the spin glass of lowest q, b infinite where there is none."""
    log_alpha, theta, g = controls
    one, alpha = np.ones(len(g)), np.exp(log_alpha)
    point, roots = glass_states(one, theta, g, alpha)
    b = np.full(len(g), np.inf)
    np.minimum.at(b, point, roots)
    # r = θ̃² and B = 1 to all digits where q < 1e-197
    silent_s = np.sqrt(alpha) * -theta
    silent = (g + 0.5 * alpha) / silent_s
    with np.errstate(all="ignore"):
        _, log_s, q, _ = glass_at_b(one, theta, alpha, b)
        still = silent < -30
        return np.where(still, silent, b), np.where(still, silent_s, np.exp(log_s)), np.where(still, 0.0, q)


FAR = np.log(1e-200)
"""ln ℓ that stands for ℓ → 0."""


def _largest_overlap(b: NDArray, s: NDArray) -> tuple[NDArray, NDArray]:
    """Largest root a of Φ(b + a) − Φ(b − a) = 2 s a, from above, where the left is concave, and whether it exists."""
    from scipy.special import ndtr

    def density(u: NDArray) -> NDArray:
        return np.exp(-0.5 * u * u) / np.sqrt(2 * np.pi)

    with np.errstate(all="ignore"):
        a = 0.5 / s
        for _ in range(60):
            excess = ndtr(b + a) - ndtr(b - a) - 2 * s * a
            slope = density(b + a) + density(b - a) - 2 * s
            a = a - excess / slope
        excess = ndtr(b + a) - ndtr(b - a) - 2 * s * a
        return a, np.isfinite(a) & (slope < 0) & (np.abs(excess) < 1e-12) & (2 * s * a > 1e-9)
