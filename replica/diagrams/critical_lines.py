"""The critical lines of each model: what `python -m replica.phase` offers for it, one function a row of the table."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from replica.critical import CriticalPoint, coexistence, instability, spinodal
from replica.diagrams.compositional_phases import phase_of
from replica.diagrams.declared_lines import declared
from replica.diagrams.hopfield_temperatures import temperatures
from replica.errors import ConvergenceError
from replica.models.base import Diagram, Model
from replica.models.compositional import CompositionalRBM
from replica.models.hopfield import Hopfield
from replica.models.planted import PlantedHopfield, learning_load
from replica.models.relu_rbm import ReluRBM
from replica.models.sparse.level_curves import zero_noise_states
from replica.models.threshold_hopfield import ThresholdHopfield
from replica.saddle.solver import solve
from replica.table.cells import Row

__all__ = ["diagrams_of"]

LEAST_LOAD = 1e-12
"""Load of the Hopfield model below which T_M and T_c are not told from 1."""


def diagrams_of(cls: type[Model]) -> tuple[Diagram, ...]:
    """Diagrams of a model class: of its lines, those that it declares, and those kept here; none if it has none."""
    return (*declared(cls), *cls.diagrams, *DIAGRAMS.get(cls.name, ()))


def _largest_load(precision: int | None = None, **controls: Any) -> Row:
    """Largest load at which the retrieval state exists, and the order parameters there; none for T ≥ 1."""
    if controls["T"] >= 1:
        return dict.fromkeys(("alpha_M", "m", "q", "r", "C"))
    fold = spinodal(Hopfield(alpha=None, **controls), along="alpha", precision=precision)
    m, q, r, C, _ = fold.order
    return {"alpha_M": fold.value, "m": m, "q": q, "r": r, "C": C}


def _temperatures(precision: int | None = None, **controls: Any) -> Row:
    """T_g, and T_M, T_c, T_R of the retrieval state, each the uppermost one."""
    if controls["alpha"] < LEAST_LOAD:
        raise ConvergenceError(f"T_M and T_c are within 2e-6 of 1 and not resolved: alpha >= {LEAST_LOAD:g} is needed")
    if precision is None:
        found, sure = temperatures(np.array([float(controls["alpha"])]))
        if sure.all():
            return {column: None if np.isnan(T[0]) else float(T[0]) for column, T in found.items()}
    return _searched_temperatures(precision, **controls)


def _searched_temperatures(precision: int | None = None, **controls: Any) -> Row:
    """The same by searches along T, each in its own way."""
    hot = Hopfield(T=2 + 2 * math.sqrt(controls["alpha"]), **controls)
    row: Row = {"T_g": instability(hot, along="T", start="paramagnet", precision=precision).value}
    exists, lowest, symmetric = _starting_temperatures(float(controls["alpha"]))
    searches: dict[str, tuple[Any, float | None, dict[str, Any]]] = {
        "T_M": (spinodal, exists, {"start": "retrieval"}),
        "T_c": (coexistence, lowest, {"between": ("retrieval", "spin_glass")}),
        "T_R": (instability, symmetric, {"start": "retrieval"}),
    }
    for column, (search, T, states) in searches.items():
        row[column] = None
        if T is not None:
            try:
                row[column] = search(Hopfield(T=T, **controls), along="T", precision=precision, **states).value
            except ConvergenceError:
                if column != "T_R":  # T_R ~ e^{−1/2α} may lie below the smallest double
                    raise
    return row


def _starting_temperatures(alpha: float) -> list[float | None]:
    """Highest sampled T at which retrieval exists, is lower than the glass, and has a positive replicon.

    Near the capacity retrieval may exist in a window of T > 0 only, so the window is looked for.
    """
    T = np.concatenate([np.linspace(0, 0.05, 101), np.linspace(0.055, 0.995, 95), 1 - np.geomspace(0.004, 1e-9, 30)])
    line = Hopfield(alpha=alpha, T=T)
    state = solve(line, start="retrieval", throw=False)
    glass = solve(line, start="spin_glass", throw=False)
    found = state.status == 0
    with np.errstate(invalid="ignore"):
        conditions = [found, state.free_energy < glass.free_energy, (state.replicon > 0) & (T > 0)]
    return [float(T[c & found].max()) if (c & found).any() else None for c in conditions]


def _threshold_capacity(precision: int | None = None, **controls: Any) -> Row:
    """Capacity, the fold of the retrieval branch in α, and the order parameters there."""
    start = ThresholdHopfield(alpha=None, **controls)
    return _capacity_columns(spinodal(start, along="alpha", precision=precision), precision)


def _rrbm_capacity(precision: int | None = None, **controls: Any) -> Row:
    """First fold of the branch k = 1 in α, and the order parameters there; none where k = 1 has no state."""
    start = ReluRBM(alpha=None, **controls)
    plain = start.unchecked(**{k: float(v) for k, v in start.controls.items()})
    if not any(state.k == 1 for state in zero_noise_states(plain.couplings(), float(plain.g))):
        return dict.fromkeys(("alpha_c", "m", "q", "r", "C", "B"))
    return _capacity_columns(spinodal(start, along="alpha", precision=precision), precision)


def _capacity_columns(fold: CriticalPoint, precision: int | None) -> Row:
    """α_c and the order parameters there."""
    if precision is None and math.isinf(fold.value):
        raise OverflowError(
            f"log10 alpha_c = {fold.log_value / math.log(10):.12g}: alpha_c overflows a double, use --precision"
        )
    m, q, r, C, B = fold.order
    return {"alpha_c": fold.value, "m": m, "q": q, "r": r, "C": C, "B": B}


def _phases(precision: int | None = None, **controls: Any) -> Row:
    """ℓ*, f̃ and the order parameters there, the level of the spin glass, and the phase."""
    labels, _, extra = phase_of(CompositionalRBM(**controls))
    values = {name: float(value) for name, value in extra.items()}
    row: Row = {k: (None if math.isnan(v) else v) for k, v in values.items()}
    return {**row, "phase": str(labels)}


def _learning(precision: int | None = None, **controls: Any) -> Row:
    """Least γ with learning, and with a glass."""
    load = learning_load(**controls)
    return {
        "gamma_L": load if math.isfinite(load) else None,
        "gamma_g": max(controls["T"] - 1, 0.0) ** 2,
    }


DIAGRAMS: dict[str, tuple[Diagram, ...]] = {
    Hopfield.name: (
        Diagram(
            scanned=("alpha",),
            columns=("T_g", "T_M", "T_c", "T_R"),
            row=_temperatures,
            help="spin glass below T_g, retrieval below T_M, lowest below T_c; replica symmetry breaks below T_R "
            "(the uppermost ones; empty where no such state is, T_R also below 1e-280)",
            lines=("T_g", "T_M", "T_c", "T_R"),
            axis="temperature T",
        ),
        Diagram(
            scanned=("T",),
            columns=("alpha_M", "m", "q", "r", "C"),
            row=_largest_load,
            help="largest load with retrieval, and the order parameters there",
            lines=("alpha_M",),
            axis="load α",
        ),
    ),
    ThresholdHopfield.name: (
        Diagram(
            scanned=("theta",),
            columns=("alpha_c", "m", "q", "r", "C", "B"),
            row=_threshold_capacity,
            help="capacity alpha_c(theta) and the order parameters there",
            lines=("alpha_c",),
            axis="capacity α_c",
        ),
    ),
    ReluRBM.name: (
        Diagram(
            scanned=("theta", "L"),
            fixed=("p", "g"),
            columns=("alpha_c", "m", "q", "r", "C", "B"),
            row=_rrbm_capacity,
            help="capacity alpha_c(theta; L), the first fold of the retrieval branch k = 1, and the order parameters "
            "there",
            lines=("alpha_c",),
            axis="capacity $\\alpha_c$",
        ),
    ),
    CompositionalRBM.name: (
        Diagram(
            scanned=("alpha", "theta", "g"),
            columns=("ell_star", "f_star", "m", "q", "f_sg", "phase"),
            row=_phases,
            help="minimum of f over ell = L p, the level of the spin glass, and the phase (tilde quantities)",
            lines=("ell_star",),
            axis="ℓ*",
            precise=False,
        ),
    ),
    PlantedHopfield.name: (
        Diagram(
            scanned=("T",),
            fixed=("beta_teacher",),
            columns=("gamma_L", "gamma_g"),
            row=_learning,
            help="examples per unit above which the student learns, and above which a spin glass exists",
            lines=("gamma_L", "gamma_g"),
            axis="examples per unit γ",
            precise=False,
        ),
    ),
}
"""By command-line name. A model of one's own declares `diagrams` in its class."""
