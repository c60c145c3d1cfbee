"""What theory says of a machine: its phase, ℓ*, the energies of the phases, and the nearest boundaries.

The laws of p_i, g_i and θ_μ are replaced by those of means over classes of neighbouring units, so that means are kept.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from rbm_sim.joint.rescaling import Rescaled
from replica.averages.unit_classes import Classes
from replica.diagrams.best_ell import minima
from replica.diagrams.finite_size import FiniteRBM, followed, of_size, phase_of_size
from replica.diagrams.mixed_minimum import mixed_glass, mixed_minimum
from replica.diagrams.quiet_level import QuietLevel, quiet_level
from replica.models import CompositionalRBM
from replica.models.base import Order
from replica.models.sparse.glass import glass_order, glass_states

__all__ = ["Boundary", "Prediction", "boundaries", "predicted"]

VISIBLE_CLASSES, POSITIVE_CLASSES, HIDDEN_CLASSES = (6, 8), 4, 8
"""Classes of p_i times classes of g_i ≤ 0 in each, those of g_i > 0 in each, and classes of θ_μ."""
NARROWEST = 0.3
"""Least width of a class of positive fields, in units of their mean: of a few units the scatter is no width."""
ALIKE = 1e-6
"""Relative differences of fields or thresholds that are rounding, of single precision too."""


class Prediction(NamedTuple):
    """Phase and energies, in the tilde quantities; nan where there is none."""

    phase: str
    """"compositional", "spin_glass", "ferromagnetic", or "" where the states could not be followed."""
    ell_star: float
    """Minimum of f̃ over ℓ; 0 if f̃ increases from ℓ → 0."""
    f_star: float
    """f̃ there."""
    f_sg: float
    """f̃ of the lowest glass."""
    m: float
    """m̃ at ℓ*."""
    laws: str
    """"own": with the machine's own p_i, g_i and θ_μ; "means": all units have the mean ones."""
    f_zero: float = 0.0
    """f̃ of ℓ → 0; nan where noise has taken that state away."""


def predicted(machine: Rescaled) -> Prediction:
    """Phase of a machine of its own laws and size, or of its means where none of its states could be followed."""
    bare = homogeneous(machine)
    own = with_laws(machine, bare)
    _, g, _, width = visible_classes(law_of_x(machine), machine.g)
    widths = np.maximum(width, np.where(g > 0, NARROWEST * g, 0.0)) if (g > 0).any() else None
    quiet = quiet_level(own, widths) or NONE
    f_sg, apart = _lowest_glass(own, quiet)
    star = _minimum(own, quiet)
    if star is not None:
        ell, f_star, m = star[:3]
    elif quiet is not NONE and (quiet.slope >= 0 or not quiet.order.m > 0):
        ell, f_star, m = 0.0, quiet.energy, quiet.order.m
    else:
        # f̃ decreases, to the end of the branch or so far that it was not followed
        ell = f_star = m = math.nan
    if quiet is NONE and not apart:
        return _of_means(machine, bare)
    phase = lowest(f_star, f_sg, quiet.energy)
    if phase == "ferromagnetic" and not apart and quiet.order.q > 0 and not quiet.order.m > 0:
        # it is the glass, and no hidden unit can be strongly active on it
        phase = "spin_glass"
    return Prediction(phase, ell, f_star, f_sg, m, "own", quiet.energy if quiet is not NONE else math.nan)


NONE = QuietLevel(math.inf, Order(*[math.nan] * len(Order._fields)), math.nan)
"""Where noise has taken the state of ℓ → 0 away: it ends at a lower load."""


def _of_means(machine: Rescaled, bare: CompositionalRBM) -> Prediction:
    label, extra = phase_of_size(bare, machine.p, machine.machine.shape[0])
    star, f_star, f_sg = (float(extra[name]) for name in ("ell_star", "f_star", "f_sg"))
    found = star > 0
    return Prediction(
        str(label), star if found else math.nan, f_star if found else math.nan, f_sg, math.nan, "means", 0.0
    )


def lowest(f_star: float, f_sg: float, f_zero: float = 0.0) -> str:
    """The phase whose energy is lowest; nan where there is no such state."""
    if f_star < f_zero and not f_star > f_sg:
        return "compositional"
    return "spin_glass" if f_sg < f_zero else "ferromagnetic"


LOWER_LOAD, OTHER_FIELD = 0.02, -0.15
"""A machine that has a minimum more often; those of laws are followed from it where that of the means has none."""
DENSER = 4.0 ** np.arange(6)
"""Factors of the load at which glasses are taken up where the machine of the means has none."""


def _minimum(own: FiniteRBM, quiet: QuietLevel) -> tuple[float, ...] | None:
    """ℓ, f̃, m̃ of the lowest minimum that is reached from those of homogeneous machines."""
    starts: list[dict[str, float]] = [{}]
    if not quiet.slope >= 0:
        starts += [{"alpha": min(LOWER_LOAD, float(own.alpha)), "g": max(OTHER_FIELD, float(own.g))}]
    for start in starts:
        at = own.unchecked(**start)
        alpha, theta, g = (np.array([float(v)]) for v in (at.alpha, at.theta, at.g))
        ell, energy, orders = followed(minima(alpha, theta, g), alpha, theta, g, own.density, own.visible)
        ways = [
            mixed_minimum(own.starting_at(**start), float(ell[k]), Order(*(float(member[k]) for member in orders)))
            for k in np.nonzero(np.isfinite(energy))[0]
        ]
        reached = [way for way in ways if way is not None]
        if reached:
            return min(reached, key=lambda way: way[1])
    return None


def _lowest_glass(own: FiniteRBM, quiet: QuietLevel) -> tuple[float, bool]:
    """f̃ of the lowest state with m̃ = 0 beside that of ℓ → 0, nan where none is reached, and whether there is one."""
    energies = []
    for factor in DENSER:
        at = own.unchecked(alpha=own.alpha * factor)
        values = [np.array([float(v)]) for v in (1.0, at.theta, at.g, at.alpha)]
        _, b = glass_states(*values)
        for x in b:
            order = Order(*(float(v) for v in glass_order(1.0, float(at.theta), float(at.alpha), x)))
            reached = mixed_glass(own.starting_at(alpha=float(at.alpha)), order)
            if reached is not None and not abs(reached[1].q - quiet.order.q) <= SAME * reached[1].q:
                energies.append(reached[0])
        if len(b):
            break
    return (min(energies), True) if energies else (math.nan, False)


SAME = 1e-6
"""Relative difference of q of one state that was found in two ways."""


def homogeneous(machine: Rescaled) -> CompositionalRBM:
    """The machine, of N → ∞, whose units all have the mean p_i, g_i and θ_μ."""
    return CompositionalRBM(alpha=machine.alpha, theta=float(machine.theta.mean()), g=float(machine.g.mean()))


def with_laws(machine: Rescaled, bare: CompositionalRBM) -> FiniteRBM:
    """The machine with classes of units in place of single ones, and of its p and N."""
    x, g, share, _ = visible_classes(law_of_x(machine), machine.g)
    theta = np.array([part.mean() for part in _parts(np.sort(machine.theta), HIDDEN_CLASSES)])
    theta = theta if np.ptp(theta) > ALIKE * (1 + np.abs(theta).max()) else theta[:1]
    model = CompositionalRBM(
        alpha=bare.alpha, theta=bare.theta, g=bare.g, theta_mu=theta - theta.mean() if len(theta) > 1 else None
    )
    units = Classes(x / (share @ x), share, g - bare.g)
    return of_size(model.with_units(units), machine.p, machine.machine.shape[0])


def law_of_x(machine: Rescaled) -> np.ndarray:
    """p_i/p as far as they differ by more than means over M weights do.

    Strong units are few of the M, so that the entries of a unit with them are drawn without repetition: what their
    number, taken for a law of p_i, adds to the scatter of W this takes away.
    """
    scatter = float(machine.x.var())
    kept = math.sqrt(max(0.0, 1 - machine.x_noise / scatter)) if scatter > 0 else 0.0
    return 1 + kept * (machine.x - 1)


def visible_classes(x: np.ndarray, g: np.ndarray) -> tuple[np.ndarray, ...]:
    """Means of x and g over classes of units, shares, scatter of g: neighbours in x, of one sign of g, neighbours in g.

    Fields > 0 have classes of their own, since ℓ → 0 is at −⟨max(g, 0)⟩ while there is no noise.
    """
    found = []
    for neighbours in _parts(np.argsort(x, kind="stable"), VISIBLE_CLASSES[0]):
        above = g[neighbours] > 0
        for sign, count in ((~above, VISIBLE_CLASSES[1]), (above, POSITIVE_CLASSES)):
            mine = neighbours[sign]
            mine = mine[np.argsort(g[mine], kind="stable")]
            alike = not len(mine) or np.ptp(g[mine]) <= ALIKE * (1 + np.abs(g[mine]).max())
            parts = _parts(mine, 1 if alike else count) if len(mine) else []
            found += [(x[part].mean(), g[part].mean(), len(part) / len(x), g[part].std()) for part in parts]
    return tuple(np.array(found).T)


def _parts(values: np.ndarray, count: int) -> list[np.ndarray]:
    return np.array_split(values, min(count, len(values)))


class Boundary(NamedTuple):
    """The nearest value of a control at which the phase is another one; nan and "" if there is none near."""

    value: float
    phase: str


REACH = {"alpha": math.log(30), "theta": 3.0, "g": 0.5}
"""How far boundaries are looked for: a factor of 30 in α, and so much in θ̃ and g̃."""
NODES = 31


def boundaries(machine: Rescaled) -> dict[str, Boundary]:
    """Nearest boundaries along α, θ̃ and g̃ of the machine of this N whose units all have the mean p_i, g_i and θ_μ.

    Along each control and either way the first change of phase, in cells divided until they are 1e-6 of the reach.
    """
    bare, size = homogeneous(machine), (machine.p, machine.machine.shape[0])
    own = str(phase_of_size(bare, *size)[0])
    ways = [(name, way) for name in REACH for way in (-1, 1)]
    start = np.array([_scaled(float(getattr(bare, name)), name) for name, _ in ways])
    low, high = start, start + np.array([way * REACH[name] for name, way in ways])
    beyond, cell = np.full(len(ways), "", dtype="<U16"), 1.0
    while cell > 1e-6:
        nodes = np.linspace(low, high, NODES, axis=1)
        labels = _labels(bare, size, ways, nodes)
        differs = (labels != own) & (labels != "")
        first, row = np.maximum(1, np.argmax(differs, axis=1)), np.arange(len(ways))
        found = differs.any(axis=1)
        beyond = np.where(found, labels[row, first], "")
        low, high = (np.where(found, nodes[row, first - back], np.nan) for back in (1, 0))
        cell /= NODES - 1
    apart = np.where(beyond != "", np.abs((low + high) / 2 - start), np.inf)
    nearest: dict[str, Boundary] = {}
    for k, (name, _) in enumerate(ways):
        other = k ^ 1
        if apart[k] < apart[other] or (apart[k] == apart[other] and k < other):
            there = np.isfinite(apart[k])
            value = float(_unscaled((low[k] + high[k]) / 2, name)) if there else math.nan
            nearest[name] = Boundary(value, str(beyond[k]) if there else "")
    return nearest


def _labels(
    bare: CompositionalRBM, size: tuple[float, int], ways: list[tuple[str, int]], nodes: np.ndarray
) -> np.ndarray:
    """Phases at values of one control each, a row for each; "" where a row is nan."""
    controls = {name: np.full(nodes.shape, float(getattr(bare, name))) for name in REACH}
    for k, (name, _) in enumerate(ways):
        controls[name][k] = _unscaled(nodes[k], name)
    known = np.isfinite(nodes).all(axis=1)
    labels = np.full(nodes.shape, "", dtype="<U16")
    if known.any():
        there = {name: values[known] for name, values in controls.items()}
        labels[known] = phase_of_size(bare.unchecked(**there), *size)[0]
    return labels


def _scaled(value: float, name: str) -> float:
    return math.log(value) if name == "alpha" else value


def _unscaled(value: np.ndarray, name: str) -> np.ndarray:
    return np.exp(value) if name == "alpha" else value
