"""The level of ℓ → 0: the state of a heterogeneous machine in which no hidden unit is strongly active.

W = 0 at almost every unit, and m̃ drops out of the other equations: with s = √(αr̃), β = αB̃/2, σ_i = s√x_i,
u_i = (g̃_i + β x_i)/σ_i,

    q = ⟨x_i H0(−u_i)⟩,  C = ⟨x_i φ(u_i)/σ_i⟩,   s(1 − C) = √(α q⟨H2(y_μ)⟩),   β(1 − C) = ½ α⟨H0(y_μ)⟩,   y_μ = θ̃_μ/√q,
    f̃ = ½ s² C + β q − ⟨σ_i H1(−u_i)⟩ − α q⟨H2(y_μ)⟩/(2(1 − C)).

Fields of a class may have a width w, a normal law: σ_i² = s² x_i + w_i². Without noise C is then the density of fields
at 0, not 0, and there is no such state where that is 1 and more.

Where all g̃_i ≤ 0 ≤ θ̃_μ this is v = 0, with q = 0 and f̃ = 0. A unit with a positive field is on without any pattern, and
a hidden unit with a negative threshold active without any input: f̃ is −⟨max(g̃_i, 0)⟩ − ½α⟨min(θ̃_μ, 0)²⟩ as noise
vanishes, of the order p as all energies, and at higher loads these units make noise. The state is followed in α from 0.
It obeys the equations of the glass, which are those of m̃ = 0; where the machine has another state of these, that is the
glass, and where it has not the two are one.

One strong unit on it costs the share df̃/dℓ of p, with m̃ = ⟨x_i [H0(−u₊) − H0(−u₋)]⟩ at g̃_i ± m̃/2.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.diagrams.finite_size import FiniteRBM
from replica.models.base import Order
from replica.models.compositional import CompositionalRBM
from replica.numerics.elementary import phi
from replica.numerics.gaussian import H
from replica.numerics.rootfinding import find_roots

__all__ = ["QuietLevel", "quiet_level"]

FIRST, LONGEST, SHORTEST = 1e-6, 1.0, 1e-3
"""Share of the load at which the state is taken up without noise, and steps of its logarithm."""
CLOSE = 1e-9
SILENT = -300.0
"""Logarithm of noise that is none."""
OVERLAPS = 400
FAR = 7.0
"""Widths beyond which a class has no units of the other sign."""


class QuietLevel(NamedTuple):
    """The state of ℓ → 0."""

    energy: float
    """f̃."""
    order: Order
    """Order parameters; m that of one strong unit, nan where none can be."""
    slope: float
    """df̃/dℓ there, the energy of one strong unit more; nan where none can be."""


def quiet_level(model: CompositionalRBM, widths: NDArray | None = None) -> QuietLevel | None:
    """The state of ℓ → 0 of a machine, homogeneous or not.

    Parameters
    ----------
    model : CompositionalRBM
        Machine with scalar controls, with its `x_i`, `g_i`, `theta_mu`; its `ell` does not matter.
    widths : array, optional
        Standard deviations of the fields in the classes of `model.units`; 0 if left out.

    Returns
    -------
    QuietLevel or None
        None where the state ends at a lower load.
    """
    units = _units(model, widths)
    own = model.thresholds
    lowest = float(model.theta if own is None else model.theta + own.shift.min())
    if (units.field + FAR * units.width).max() <= 0 <= lowest:
        return _with_one(model, units, 0.0, Order(m=0.0, q=0.0, r=0.0, C=0.0, B=0.0))
    share = np.log(FIRST)
    start = _without_noise(_loaded(model, share), units)
    point = None if start is None else _newton(_loaded(model, share), units, start)
    step = LONGEST
    while point is not None and share < 0:
        step = min(step, -share)
        # noise grows as √α, the field as α
        new = _newton(_loaded(model, share + step), units, point + step * np.array([0.5, 1.0]))
        if new is not None:
            point, share, step = new, share + step, min(2 * step, LONGEST)
            continue
        step /= 2
        if step < SHORTEST:
            return None
    if point is None:
        return None
    q, C, energy = _visible(units, point)
    s, beta = np.exp(point)
    hidden = model.alpha * model._active_square(q) / (2 * (1 - C))
    order = Order(m=0.0, q=q, r=float(s * s / model.alpha), C=C, B=float(2 * beta / model.alpha))
    return _with_one(model, units, float(s * s * C / 2 + beta * q + energy - hidden), order)


class _Units(NamedTuple):
    """Classes of visible units."""

    x: NDArray
    fraction: NDArray
    field: NDArray
    width: NDArray


def _units(model: CompositionalRBM, widths: NDArray | None) -> _Units:
    units = model.units
    one = np.ones(1)
    x, fraction, field = (one, one, 0 * one) if units is None else (units.x, units.fraction, units.fields)
    return _Units(x, fraction, model.g + field, np.zeros(len(x)) if widths is None else np.asarray(widths, dtype=float))


def _loaded(model: CompositionalRBM, log_share: float) -> CompositionalRBM:
    return model.unchecked(alpha=model.alpha * np.exp(log_share))


def _without_noise(model: CompositionalRBM, units: _Units) -> NDArray | None:
    """ln s and ln β at a load that is nearly 0: v = 1 at the positive fields; None where C ≥ 1."""
    q, C, _ = _visible(units, np.array([-100.0, -100.0]))
    if not C < 1:
        return None
    return _hidden(model, q) - np.log1p(-C)


def _hidden(model: CompositionalRBM, q: float) -> NDArray:
    """ln √(α q⟨H2⟩) and ln ½α⟨H0⟩, which do not underflow."""
    square = np.log(model.alpha) + 2 * np.log(model._input(q)) + model._log_hidden(2, q)
    return np.array([square / 2, np.log(model.alpha / 2) + model._log_hidden(0, q)], dtype=float)


def _visible(units: _Units, point: NDArray) -> tuple[float, float, float]:
    """q, C and −⟨σ H1(−u)⟩ of the visible units at ln s and ln β."""
    s, beta = np.exp(np.maximum(point, SILENT))
    sigma = np.hypot(s * np.sqrt(units.x), units.width)
    u = (units.field + beta * units.x) / sigma
    q, C = units.fraction @ (units.x * H(0, -u)), units.fraction @ (units.x * phi(u) / sigma)
    return float(q), float(C), -float(units.fraction @ (sigma * H(1, -u)))


def _residual(model: CompositionalRBM, units: _Units, point: NDArray) -> NDArray:
    q, C, _ = _visible(units, point)
    if not C < 1:
        raise ArithmeticError("C >= 1")
    return point + np.log1p(-C) - _hidden(model, q)


def _newton(model: CompositionalRBM, units: _Units, point: NDArray) -> NDArray | None:
    """The state near a point; None where there is none, or it is far."""
    try:
        x = point
        for _ in range(30):
            ends = [[_residual(model, units, x + way * e) for way in (1, -1)] for e in 1e-6 * np.eye(2)]
            step = np.linalg.solve(np.array([(up - down) / 2e-6 for up, down in ends]).T, _residual(model, units, x))
            x = x - step
            if not np.max(np.abs(x - point)) < 2 * LONGEST:
                return None
            if np.max(np.abs(step)) < CLOSE:
                return x
    except (ArithmeticError, np.linalg.LinAlgError):
        pass
    return None


def _with_one(model: CompositionalRBM, units: _Units, energy: float, order: Order) -> QuietLevel:
    """The level, with the overlap and the energy of one strong unit."""
    s = max(float(np.sqrt(model.alpha * order.r)), 1e-12)
    centre, sigma = units.field + model.alpha * order.B / 2 * units.x, np.hypot(s * np.sqrt(units.x), units.width)
    cost = float(model.cost) if isinstance(model, FiniteRBM) else 0.0

    def gap(m: NDArray) -> NDArray:
        up, down = (H(0, -(centre + sign * m[:, None] / 2) / sigma) for sign in (1, -1))
        return (units.fraction * units.x * (up - down)).sum(axis=1) - cost - m

    nodes = np.linspace(0, 1, OVERLAPS + 1)[1:]
    values = gap(nodes)
    possible = np.nonzero(values >= 0)[0]
    if not len(possible):
        return QuietLevel(energy, order._replace(m=np.nan), np.nan)
    k = int(possible[-1])
    m = 1.0
    if k < OVERLAPS - 1:
        ends = (nodes[[k]], nodes[[k + 1]], values[[k]], values[[k + 1]])
        m = float(find_roots(lambda at, _: gap(at), *ends)[0])
    ramps = [units.fraction @ (units.x * sigma * H(1, -(centre + way * m / 2) / sigma)) for way in (1, -1, 0)]
    slope = m * m / 8 + m * cost / 4 - (ramps[0] + ramps[1] - 2 * ramps[2]) / 2
    return QuietLevel(energy, order._replace(m=m), float(slope))
