"""The one file that knows replica: its model at a point, its answer in our units, and the line that repeats it."""

from __future__ import annotations

import math
import warnings

import numpy as np

import replica
from attack.compare import Listed
from attack.equations import State
from attack.points import Point
from replica.models import (
    CompositionalRBM,
    DenseHopfield,
    DilutedHopfield,
    GeneralRBM,
    Hopfield,
    PlantedHopfield,
    PottsHopfield,
    ReluRBM,
    SparseCodingHopfield,
    ThresholdHopfield,
)
from replica.potentials import Discrete, Gaussian, Population, ReLU
from replica.weight_laws import Normal, SignNormal, Uniform, Values


def levels(values, energies):
    """A unit of a few values and their energies."""

    def energy(self, x, T):
        return np.interp(x, values, energies)

    return type("Levels", (Discrete,), {"values": tuple(values), "energy": energy})()


def listed_units(x):
    """Values for single units that make the classes (x, share)."""
    for total in range(1, 30):
        counts = [share * total for _, share in x]
        if all(abs(count - round(count)) < 1e-9 for count in counts):
            return [value for (value, _), count in zip(x, counts, strict=True) for _ in range(round(count))]
    raise ValueError(x)


def _unit(given):
    if isinstance(given, list):
        return f"Population([{', '.join(f'({share!r}, {_unit(unit)})' for share, unit in given)}])"
    if isinstance(given, tuple):
        return f"levels{given!r}"
    return "Gaussian()" if given is None else f"ReLU({given!r})"


CLASSES = {
    "diluted": "DilutedHopfield",
    "dense": "DenseHopfield",
    "potts": "PottsHopfield",
    "sparse-coding": "SparseCodingHopfield",
}


def call(point: Point):
    """The model at a point as text that can be pasted, after `from attack.driver import *`."""
    c = point.controls
    match point.family:
        case "hopfield":
            return f"Hopfield(alpha={c['alpha']!r}, T={c['T']!r})"
        case "threshold-hopfield":
            return f"ThresholdHopfield(alpha={c['alpha']!r}, theta={c['theta']!r})"
        case "planted":
            return f"PlantedHopfield(gamma={c['gamma']!r}, beta_teacher={c['beta_teacher']!r}, T={c['T']!r})"
        case "general" | "general-cold":
            units = f"{_unit(c['visible'])}, {_unit(c['hidden'])}"
            rest = ", ".join(f"{name}={c[name]!r}" for name in ("alpha", "T", "p", "L"))
            return f"GeneralRBM({units}, {rest})"
        case "general-population":
            units = f"{_unit(c['visible'])}, {_unit(c['hidden'])}"
            return f"GeneralRBM({units}, alpha={c['alpha']!r}, T=0.0, p={c['p']!r}, L={c['L']!r})"
        case "general-weights":
            units, (law, *values) = f"{_unit(c['visible'])}, {_unit(c['hidden'])}", c["weights"]
            weights = f"{law}({', '.join(map(repr, values))})"
            return f"GeneralRBM({units}, alpha={c['alpha']!r}, T={c['T']!r}, L={c['L']!r}, weights={weights})"
        case "diluted" | "dense" | "potts" | "sparse-coding":
            rest = ", ".join(f"{name}={value!r}" for name, value in c.items())
            return f"{CLASSES[point.family]}({rest})"
    rest = ", ".join(f"{name}={value!r}" for name, value in c.items() if name != "x")
    if "x" not in c:
        return f"{'ReluRBM' if 'L' in c else 'CompositionalRBM'}({rest})"
    units = listed_units(c["x"])
    if "L" in c:
        return f"ReluRBM({rest}, p_i={[c['p'] * x for x in units]!r})"
    return f"CompositionalRBM({rest}, x_i={units!r})"


NAMES = (
    CompositionalRBM,
    DenseHopfield,
    DilutedHopfield,
    GeneralRBM,
    Hopfield,
    PlantedHopfield,
    PottsHopfield,
    ReluRBM,
    SparseCodingHopfield,
    ThresholdHopfield,
    Gaussian,
    Population,
    ReLU,
    Normal,
    SignNormal,
    Uniform,
    Values,
    levels,
)


def model(point: Point):
    """The model at a point, from the text that is printed."""
    return eval(call(point), {cls.__name__: cls for cls in NAMES})


def answer(point: Point) -> tuple[list[Listed], tuple[str, ...]]:
    """What replica lists, m with its sign, and the lines in which it says what may be missing."""
    n = point.controls.get("n", 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = replica.solve_all(model(point), n_condensed=(n,))
        rows = [_listed(point, solution) for solution in found]
    return rows, found.unaccounted


def _listed(point, solution):
    order = solution.order
    unit = 0.5 if point.family.startswith("compositional") else 1.0
    state = State(*(float(v) for v in (unit * order.m, order.q, order.r, order.C, order.B)))
    converged = solution.status == replica.Status.CONVERGED and all(math.isfinite(v) for v in state)
    f = float(solution.free_energy)
    stable = bool(solution.stable) if state.m else None
    return Listed(state, solution.kind, solution.k, solution.sheet, f, stable, bool(converged))
