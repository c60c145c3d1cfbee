"""What theory says of a machine: its phase, ℓ*, the energies of the phases, and the nearest boundaries.

The laws of p_i, g_i and θ_μ are replaced by classes of equally many units, so that means are kept.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

import replica
from rbm_sim.joint.rescaling import Rescaled
from replica.diagrams.compositional_phases import phase_of
from replica.diagrams.mixed_minimum import mixed_glass
from replica.models import CompositionalRBM

__all__ = ["Boundary", "Prediction", "boundaries", "predicted"]

VISIBLE_CLASSES, HIDDEN_CLASSES = (6, 4), 8
"""Classes of p_i times classes of g_i in each, and classes of θ_μ."""


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


def predicted(machine: Rescaled) -> Prediction:
    """Phase of a machine, with its own laws where the states of the homogeneous one can be followed there."""
    bare = homogeneous(machine)
    means = _of_means(bare)
    # a positive field turns its units on at ℓ → 0, whose energy then is not 0
    if not means.ell_star > 0 or machine.g.max() > 0:
        return means
    own = with_laws(machine, bare)
    star = replica.ell_star(own)
    if str(star.status) != "minimum":
        return means
    glasses = [
        mixed_glass(own, s.order) for s in replica.solve_all(bare.unchecked(ell=1.0)) if s.order.m == 0 < s.order.q
    ]
    if any(glass is None for glass in glasses):
        return means
    f_sg = min((glass[0] for glass in glasses if glass is not None), default=math.nan)
    f_star = float(star.free_energy)
    return Prediction(lowest(f_star, f_sg), float(star.value), f_star, f_sg, float(star.order.m), "own")


def _of_means(bare: CompositionalRBM) -> Prediction:
    label, _, extra = phase_of(bare)
    star, f_star, m, f_sg = (float(extra[name]) for name in ("ell_star", "f_star", "m", "f_sg"))
    return Prediction(str(label), star, f_star, f_sg, m, "means")


def lowest(f_star: float, f_sg: float) -> str:
    """The phase whose energy is lowest, that of ℓ → 0 being 0."""
    if f_star < 0 and not f_star > f_sg:
        return "compositional"
    return "spin_glass" if f_sg < 0 else "ferromagnetic"


def homogeneous(machine: Rescaled) -> CompositionalRBM:
    """The machine whose units all have the mean p_i, g_i and θ_μ."""
    return CompositionalRBM(alpha=machine.alpha, theta=float(machine.theta.mean()), g=float(machine.g.mean()))


def with_laws(machine: Rescaled, bare: CompositionalRBM) -> CompositionalRBM:
    """The machine with classes of units in place of single ones."""
    x, g = classes_of_pairs(machine.x, machine.g, *VISIBLE_CLASSES)
    theta = np.array([part.mean() for part in _parts(np.sort(machine.theta), HIDDEN_CLASSES)])
    return CompositionalRBM(
        alpha=bare.alpha,
        theta=bare.theta,
        g=bare.g,
        x_i=x / x.mean(),
        g_i=g - g.mean() if np.ptp(g) else None,
        theta_mu=theta - theta.mean() if np.ptp(theta) else None,
    )


def classes_of_pairs(x: np.ndarray, g: np.ndarray, many: int, each: int) -> tuple[np.ndarray, np.ndarray]:
    """Means of x and g over classes of equally many units: neighbours in x, and among them neighbours in g."""
    means = [
        (x[part].mean(), g[part].mean())
        for neighbours in _parts(np.argsort(x, kind="stable"), many)
        for part in _parts(neighbours[np.argsort(g[neighbours], kind="stable")], each)
    ]
    values = np.array(means)
    return values[:, 0], values[:, 1]


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
    """Nearest boundaries along α, θ̃ and g̃ of the machine whose units all have the mean p_i, g_i and θ_μ."""
    bare = homogeneous(machine)
    return {name: _nearest(bare, name) for name in REACH}


def _nearest(bare: CompositionalRBM, name: str) -> Boundary:
    here = float(getattr(bare, name))
    own = str(phase_of(bare)[0])
    best, distance = Boundary(math.nan, ""), math.inf
    for way in (-1, 1):
        found = _first_change(bare, name, own, way)
        if found is not None and abs(_scaled(found.value, name) - _scaled(here, name)) < distance:
            best, distance = found, abs(_scaled(found.value, name) - _scaled(here, name))
    return best


def _first_change(bare: CompositionalRBM, name: str, own: str, way: int) -> Boundary | None:
    """The first change of phase in one direction, in a cell that is divided until it is one of 1e-6 of the reach."""
    start = _scaled(float(getattr(bare, name)), name)
    low, high = start, start + way * REACH[name]
    other = ""
    while abs(high - low) > 1e-6 * REACH[name]:
        nodes = np.linspace(low, high, NODES)
        labels = phase_of(bare.unchecked(**{name: _unscaled(nodes, name)}))[0]
        differs = (labels != own) & (labels != "")
        if not differs.any():
            return None
        first = max(1, int(np.argmax(differs)))
        low, high, other = nodes[first - 1], nodes[first], str(labels[first])
    return Boundary(float(_unscaled(np.array((low + high) / 2), name)), other)


def _scaled(value: float, name: str) -> float:
    return math.log(value) if name == "alpha" else value


def _unscaled(value: np.ndarray, name: str) -> np.ndarray:
    return np.exp(value) if name == "alpha" else value
