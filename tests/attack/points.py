"""Random points of every family, biased towards edges: inputs as they are given to replica, and the machine they make.

Zero-noise states have the units with W ≥ w₀ on, where −w₀ m < g < −w₋ m with m = E[W; W ≥ w₀]/L and w₋ the value of W
below w₀; κ = −g/m is drawn near either end as often as between, on both sides. The load follows from the distance t
of the step from its noise, in standard deviations: folds are met at t of a few.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from attack import box, memory_points, plane, smeared, teacher
from attack.arithmetic import log_H
from attack.chance import chosen, log_uniform, near
from attack.equations import Levels, Machine, Normal, Planted, Rectified
from attack.laws import Law


@dataclasses.dataclass(frozen=True)
class Point:
    """A family, and the controls by name; `mirrored`: W → −W and m → −m."""

    family: str
    controls: dict
    mirrored: bool = False

    def machine(self):
        """The machine in our own equations."""
        machine = MACHINES[self.family](**self.controls)
        if not self.mirrored:
            return machine
        law = dataclasses.replace(machine.law, entries=tuple((-w, P) for w, P in machine.law.entries))
        return dataclasses.replace(machine, law=law)

    def mirror(self):
        """The point whose states of m > 0 are those of m < 0 here, where these are others; else None.

        They are where neither W → −W nor v → −v leaves the machine as it is, and a condensed unit takes either sign.
        """
        machine = self.machine()
        entries = getattr(getattr(machine, "law", None), "entries", ())
        units = machine.visible if machine.layered else None
        if not entries or not isinstance(machine.hidden, Normal) or not isinstance(units, Levels):
            return None
        even = sorted(entries) == sorted((-w, P) for w, P in entries)
        pairs = sorted(zip(units.values, units.energies, strict=True))
        flipped = sorted((-x, U) for x, U in pairs)
        return None if even or pairs == flipped else dataclasses.replace(self, mirrored=True)

    def states(self):
        """What our own search finds."""
        machine = self.machine()
        if isinstance(machine, Planted):
            return teacher.states(machine)
        if not machine.layered:
            return machine.states()
        two = len(getattr(machine.visible, "values", ())) == 2
        if machine.T > 0 or not two or machine.hidden.bounded:
            return box.states(machine)
        return plane.states(machine) if isinstance(machine.law, Law) else smeared.states_of(machine)


# Machines from controls.


def hopfield(alpha, T, n):
    """n condensed patterns: W is a sum of n signs."""
    return Machine(Levels((-1.0, 1.0), (0.0, 0.0)), Normal(), Law(n, 1.0), alpha, T, 1.0, n, n)


def threshold_hopfield(alpha, theta):
    """0/1 units at the field −αB/2."""
    return Machine(Levels((0.0, 1.0), (0.0, 0.0)), Rectified(theta), Law(1, 1.0), alpha, balanced=True)


def relu_rbm(alpha, theta, g, p, L, x=((1.0, 1.0),)):
    """0/1 and rectified units; x: classes (p_i/p, share)."""
    law = Law(L, p, classes=x)
    return Machine(Levels((0.0, 1.0), (0.0, -g)), Rectified(theta), law, alpha, p=p, size=L, condensed=L)


def compositional(alpha, theta, g, ell, x=((1.0, 1.0),)):
    """The same with Skellam's law and p = 1; m is m̃/2."""
    law = Law(ell=ell, classes=x)
    return Machine(Levels((0.0, 1.0), (0.0, -g)), Rectified(theta), law, alpha, size=ell, condensed=0)


def planted(gamma, beta_teacher, T):
    """Teacher and student."""
    return Planted(gamma, beta_teacher, T)


def general(visible, hidden, alpha, T, p, L):
    """Units of either layer: (values, energies), or a threshold, or None for Gaussian units."""

    def units(given):
        return Normal() if given is None else Levels(*given) if isinstance(given, tuple) else Rectified(given)

    return Machine(units(visible), units(hidden), Law(L, p), alpha, T, p, L, L)


MACHINES = {
    "hopfield": hopfield,
    "threshold-hopfield": threshold_hopfield,
    "relu-rbm": relu_rbm,
    "compositional": compositional,
    "relu-rbm-mixed": relu_rbm,
    "compositional-mixed": compositional,
    "planted": planted,
    "general-cold": general,
    "general": general,
    **memory_points.MACHINES,
}


# Draws.


CAPACITY = {1: 0.1379055664949317, 3: 0.0299417574}
"""Largest loads of the Hopfield model at T = 0."""


def _hopfield(rng):
    n = int(rng.choice([1, 3]))
    where = chosen(rng, cold=4, onset=1, anywhere=5)
    if where == "cold":
        alpha = near(rng, CAPACITY[n]) if rng.random() < 0.5 else log_uniform(rng, 1e-6, 1.0)
        return Point("hopfield", {"alpha": alpha, "T": 0.0, "n": n})
    if where == "onset":
        T = 1 + log_uniform(rng, 1e-3, 1.0)
        return Point("hopfield", {"alpha": near(rng, (T - 1) ** 2), "T": T, "n": n})
    return Point("hopfield", {"alpha": log_uniform(rng, 1e-5, 0.5), "T": log_uniform(rng, 3e-3, 1.2), "n": n})


def _threshold(rng):
    theta = float(rng.uniform(-3, 5))
    reduced = near(rng, CAPACITY[1]) if rng.random() < 0.5 else log_uniform(rng, 1e-6, 1.0)
    alpha = reduced / 2 * math.exp(-float(log_H(2, math.sqrt(2) * theta)))
    return Point("threshold-hopfield", {"alpha": alpha, "theta": theta})


def _field(rng, law, size):
    """m and q of a zero-noise state, κ = −g/m near or between its ends, and the distance of the nearest step."""
    values = [w for w in law.values() if law.above(w)[0] > 1e-9]
    first = next(i for i, w in enumerate(values) if w >= 1)
    up = first if rng.random() < 0.5 else int(rng.integers(1, len(values)))
    w0, below = float(values[up]), float(values[up - 1])
    q, moment = law.above(w0)
    gap = w0 - below
    where = chosen(rng, between=4, edge=4, beyond=2)
    if where == "between":
        share = float(rng.uniform(0.02, 0.98))
    else:
        share = log_uniform(rng, 1e-9, 0.5) * (1 if where == "edge" else -1)
        share = 1 - share if rng.random() < 0.8 else share
    kappa = below + gap * share
    return moment / size, q, kappa, gap * min(abs(share), abs(1 - share))


def _threshold_of(rng, scale):
    """θ: 0, moderate, large or negative, in units of the noise √(pq) of a hidden unit."""
    where = chosen(rng, zero=1, moderate=6, large=1.5, negative=1.5)
    y = {"zero": 0.0, "moderate": rng.uniform(-1, 3), "large": rng.uniform(3, 12), "negative": rng.uniform(-4, 0)}
    return float(y[where]) * scale


def _sparse(rng, law, size, p):
    """α, θ and g of machines with 0/1 and rectified units."""
    m, q, kappa, distance = _field(rng, law, size)
    theta = _threshold_of(rng, math.sqrt(p * q))
    log_H2 = float(log_H(2, theta / math.sqrt(p * q)))
    if rng.random() < 0.8:
        t = log_uniform(rng, 1.0, 40.0)
        log_alpha = 2 * math.log(distance * m / (p * t)) - math.log(q) - log_H2
    else:
        log_alpha = rng.uniform(-12, 8)
    return {"alpha": math.exp(min(log_alpha, 500.0)), "theta": theta, "g": -kappa * m}


def _relu(rng):
    L = int(rng.choice([1, 1, 2, 3, 4, 5, 7, 10, 14, 20, 28, 40]))
    p = 1.0 if rng.random() < 0.15 else log_uniform(rng, 2e-3, 1.0)
    return Point("relu-rbm", {**_sparse(rng, Law(L, p), L, p), "p": p, "L": L})


def _compositional(rng):
    ell = log_uniform(rng, 1e-3, 8.0)
    return Point("compositional", {**_sparse(rng, Law(ell=ell), ell, 1.0), "ell": ell})


def _classes(rng, most):
    """Two classes of mean 1 of which none exceeds `most`."""
    d = float(rng.integers(1, 62)) / 64
    few, many = (1, 1) if rng.random() < 0.6 else (1, int(rng.integers(2, 5)))
    low, high = (1 - d, 1 + d * few / many) if rng.random() < 0.5 else (1 - d * few / many, 1 + d)
    if high > most:
        return ((1.0 - (most - 1) / 2, 0.5), (1.0 + (most - 1) / 2, 0.5))
    first = few if high - 1 < 1 - low else many
    return ((low, first / (few + many)), (high, 1 - first / (few + many)))


def _relu_mixed(rng):
    L = int(rng.choice([1, 2, 3, 5, 7]))
    p = log_uniform(rng, 5e-3, 0.8)
    x = _classes(rng, 1 / p)
    return Point("relu-rbm-mixed", {**_sparse(rng, Law(L, p, classes=x), L, p), "p": p, "L": L, "x": x})


def _compositional_mixed(rng):
    ell, x = log_uniform(rng, 1e-3, 3.0), _classes(rng, 2.0)
    return Point("compositional-mixed", {**_sparse(rng, Law(ell=ell, classes=x), ell, 1.0), "ell": ell, "x": x})


def _planted(rng):
    teacher, gamma = float(rng.uniform(0.05, 0.95)), log_uniform(rng, 0.05, 30.0)
    delta = teacher / (1 - teacher)
    where = chosen(rng, cold=2, line=2, onset=3, anywhere=3)
    if where == "onset":
        # where the paramagnet, or at T = 0 the glass, gives way to learning
        T = 0.0 if rng.random() < 0.3 else 1 / teacher * (1 + log_uniform(rng, 1e-3, 2.0))
        gamma = near(rng, (T - 1) / delta if T else math.pi / 2 / delta**2)
    else:
        T = {"cold": 0.0, "line": 1 / teacher, "anywhere": log_uniform(rng, 0.02, 4.0)}[where]
    return Point("planted", {"gamma": gamma, "beta_teacher": teacher, "T": T})


def _units(rng, cold):
    """A pair of units, and their scale: visible units of a few values mostly, of no bound else."""
    scale = log_uniform(rng, 1e-6, 1e6) if rng.random() < 0.2 else 1.0
    field = 0.0 if rng.random() < 0.5 else float(rng.normal(0, 0.2))
    low = -1.0 if rng.random() < 0.65 else 0.0
    values, energies = (low, 1.0), (-low * field, -field)
    if rng.random() < 0.15:
        cost = float(rng.uniform(0.0, 0.5))
        values, energies = (-1.0, 0.0, 1.0), (cost, 0.0, cost)
    kind = chosen(rng, gaussian=5, relu=4, spin=0 if cold else 1)
    unbounded = chosen(rng, no=6, relu=1, gaussian=0.5)
    if unbounded != "no":
        # at T = 0 the thresholds alone say how large units are
        scale = 1.0 if cold else scale
        visible = None if unbounded == "gaussian" else scale * float(rng.normal(0, 0.4))
    if kind == "spin":
        tilt = 0.0 if rng.random() < 0.5 else float(rng.normal(0, 0.3))
        return 1.0, visible if unbounded != "no" else (values, energies), ((-1.0, 1.0), (tilt, -tilt))
    hidden = None if kind == "gaussian" else scale * float(rng.uniform(-1.2, 1.5))
    scaled = tuple(scale * v for v in values), tuple(scale * scale * e for e in energies)
    return scale, visible if unbounded != "no" else scaled, hidden


def _sizes(rng, most):
    """p and L: few patterns, or up to so many sparse ones."""
    if rng.random() < 0.8:
        p = 1.0 if rng.random() < 0.5 else float(rng.uniform(0.2, 1.0))
        return p, int(rng.choice([1, 1, 1, 2, 3]))
    return log_uniform(rng, 0.05, 0.5), min(most, int(rng.choice([1, 2, 5, 10, 20])))


def _general(rng, cold=False):
    scale, visible, hidden = _units(rng, cold)
    # at T > 0 our own search takes minutes where many values of W meet units that have m, q and C
    opposite = isinstance(visible, tuple) and len(visible[0]) == 2 and visible[0][0] == -visible[0][1]
    p, L = _sizes(rng, 20 if cold or opposite else 3)
    T = 0.0 if cold else scale * scale * log_uniform(rng, 0.02, 1.1)
    controls = {"visible": visible, "hidden": hidden, "alpha": log_uniform(rng, 1e-4, 0.3), "T": T, "p": p, "L": L}
    return Point("general-cold" if cold else "general", controls)


DRAWS = {
    "hopfield": _hopfield,
    "threshold-hopfield": _threshold,
    "relu-rbm": _relu,
    "compositional": _compositional,
    "relu-rbm-mixed": _relu_mixed,
    "compositional-mixed": _compositional_mixed,
    "planted": _planted,
    "general-cold": lambda rng: _general(rng, cold=True),
    "general": _general,
    **{
        name: lambda rng, name=name, controls=controls: Point(name, controls(rng))
        for name, controls in memory_points.DRAWS.items()
    },
}
SHARES = {
    "": {
        "hopfield": 0.1,
        "threshold-hopfield": 0.05,
        "relu-rbm": 0.3,
        "compositional": 0.2,
        "relu-rbm-mixed": 0.05,
        "compositional-mixed": 0.05,
        "planted": 0.05,
        "general-cold": 0.12,
        "general": 0.08,
        **dict.fromkeys(memory_points.DRAWS, 0.05),
    },
    "0": {
        "hopfield": 0.15,
        "threshold-hopfield": 0.08,
        "relu-rbm": 0.4,
        "compositional": 0.24,
        "relu-rbm-mixed": 0.005,
        "compositional-mixed": 0.005,
        "planted": 0.05,
        "general-cold": 0.07,
        "diluted": 0.01,
        "dense": 0.01,
        "potts": 0.015,
        "sparse-coding": 0.02,
        "general-weights": 0.02,
        "general-population": 0.015,
    },
    "+": {"hopfield": 0.45, "planted": 0.35, "general": 0.2, "potts": 0.05, "general-weights": 0.03},
}
"""Shares of the families among N points of any temperature, at T = 0, and at T > 0.

Machines with classes, where our own search takes 10 s a point, are few at T = 0.
"""
LEAST_LOAD = 1e-12
"""By its documentation replica may lose second sheets, 1 − C ~ √α, at smaller loads."""
FOLDED = 0.05
"""Share of the points of random RBMs that are moved to just below a fold."""


def draw(family, seed, T=""):
    """A random point of a family, at T = 0 ("0"), T > 0 ("+") or any; the same for the same seed."""
    rng = np.random.default_rng([*np.atleast_1d(seed), list(DRAWS).index(family)])
    wanted = {"": (True, False), "0": (False,), "+": (True,)}[T]
    point = DRAWS[family](rng)
    while point.controls.get("alpha", 1.0) < LEAST_LOAD or (point.controls.get("T", 0.0) > 0) not in wanted:
        point = DRAWS[family](rng)
    if family in ("relu-rbm", "compositional", "general-cold", "sparse-coding") and rng.random() < FOLDED:
        point = below_fold(point, log_uniform(rng, 1e-8, 0.1))
    return point


def below_fold(point, distance):
    """The point moved along α to a relative distance from where the number of states with overlap changes."""

    def count(log_alpha):
        moved = dataclasses.replace(point, controls={**point.controls, "alpha": math.exp(log_alpha)})
        return sum(state.m > 0 for state in moved.states())

    low = math.log(point.controls["alpha"])
    here, high = count(low), low + 1.0
    while count(high) == here:
        low, high = high, high + 1.0
        if high > math.log(point.controls["alpha"]) + 8 or high > 600:
            return point
    for _ in range(34):
        middle = (low + high) / 2
        low, high = (middle, high) if count(middle) == here else (low, middle)
    return dataclasses.replace(point, controls={**point.controls, "alpha": math.exp(low) * (1 - distance)})
