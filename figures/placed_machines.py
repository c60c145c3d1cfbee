"""Random sparse machines drawn in each phase of the compositional limit, placed by theory and looked at by descents.

N = 4000 to 20 000, p = 0.05 or 0.1, T = p/50, alike units or laws of g_i, θ_μ or p_i: `rbm_sim.place` says a phase
and ℓ*. States at T = 0: single-unit descents from near v_i = 1[g_i + 0.4 W_i > 0], W_i the sum of the patterns of L
random hidden units, 10 draws of each L from 1 to 8; from v_i = 1[g_i > 0]; and from random starts cooled slowly or
mixtures of many units, of which the ends with L̂ > 16 count as glasses. The phase found is that of the lowest of three:
the mean over draws at the best L, ℓ → 0, and the glasses. Six more machines have correlated weights: 30 % of the
entries of their patterns are common to all.

Tubiana & Monasson, PRL 118, 138301 (2017), for the phases.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from figures._placed import Kind, machine_of, states_of
from figures._spread import spread
from rbm_sim import RBM
from rbm_sim.joint.prediction import predicted
from rbm_sim.joint.rescaling import rescaled
from rbm_sim.joint.validity import warnings_for
from replica.diagrams.finite_size import phase_of_size
from replica.models import CompositionalRBM
from replica.table import Table
from replica.table.cells import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIZE = (11.0, 4.8)
RTOL = 1e-6
"""Energies are computed in single precision; descents may take another way where rounding decides."""

SEED = 2017
BOXES: dict[str, tuple[int, int, float, tuple[tuple[float, float], ...]]] = {
    "compositional": (40, 20_000, 0.1, ((0.01, 0.02), (0.5, 1.2), (-0.235, -0.19))),
    "spin_glass": (30, 4_000, 0.05, ((0.08, 0.15), (0.2, 0.7), (-0.25, -0.08))),
    "ferromagnetic": (30, 6_000, 0.05, ((0.01, 0.08), (0.3, 1.2), (-0.36, -0.22))),
}
"""How many machines, N, p, and the ranges of α, θ̃ and g̃ from which those in the phase are taken."""
WIDE = {"compositional": {"g_sd": 0.03, "x_sd": 0.2}, "spin_glass": {"g_sd": 0.08}, "ferromagnetic": {"g_sd": 0.08}}
"""The widest law; fields of 0.08 around −0.2 are positive at 0.6 % of the units, and lower glasses by 3e-3."""
CLEAR = 1e-4
"""Least difference of the lowest level from the next, for alike units: nearer to a boundary N decides nothing."""
CORRELATED, SHARED = 6, 0.3
LUCK = 1e-3
"""How far below the mean over draws the lowest state of a few hidden units lies at these N."""
POINTS = [(k,) for k in range(sum(box[0] for box in BOXES.values()) + CORRELATED)]
KEYS = ("number",)
SPOT = (71, 100)
"""Rows that tests compute again, of states that rounding does not turn."""
MARKERS = {"compositional": "o", "spin_glass": "s", "ferromagnetic": "^"}


@cache
def kinds() -> tuple[tuple[str, Kind], ...]:
    """The machines: the phase of the one whose units are alike, and what is drawn.

    Returns
    -------
    tuple of (str, Kind)
        As many as BOXES says, and the correlated ones ("correlated").
    """
    rng = np.random.default_rng(SEED)
    found: list[tuple[str, Kind]] = []
    for phase, (count, N, p, ranges) in BOXES.items():
        low, high = np.array(ranges).T
        controls = rng.uniform(low, high, (8 * count, 3))
        alpha, theta, g = controls.T
        labels, levels = phase_of_size(CompositionalRBM(alpha=alpha, theta=theta, g=g), p, N)
        lowest, next_one = np.sort([levels["f_star"], np.nan_to_num(levels["f_sg"], nan=np.inf), 0 * g], axis=0)[:2]
        mine = controls[(labels == phase) & (next_one - lowest > CLEAR)][:count]
        laws: list[dict[str, float]] = [{}, {"g_sd": 0.03}, {}, {"theta_sd": 0.15}, {"x_sd": 0.3}, WIDE[phase]]
        found += [(phase, Kind(N, a, p, t, x, **laws[k % len(laws)])) for k, (a, t, x) in enumerate(mine.tolist())]
    found += [("correlated", Kind(4000, 0.1, 0.05, 0.8, -0.25 + 0.02 * k, common=SHARED)) for k in range(CORRELATED)]
    return tuple(found)


def row(point: tuple[int]) -> Row:
    """One machine.

    Parameters
    ----------
    point : (int,)
        Its number, which is its seed.

    Returns
    -------
    dict
        The cells of the table.
    """
    (number,) = point
    drawn, kind = kinds()[number]
    rng = np.random.default_rng([SEED, number])
    rbm, xi = machine_of(kind, rng)
    cells = {"number": number, "drawn": drawn, **kind._asdict(), **placed(rbm)}
    if drawn == "correlated":
        return cells
    states = states_of(rbm, xi, float(cells["p_hat"]), rng)
    return cells | {"found": phase_found(states._asdict())} | {k: _cell(v) for k, v in states._asdict().items()}


def placed(rbm: RBM) -> Row:
    """What theory says of a machine.

    Parameters
    ----------
    rbm : RBM
        The machine.

    Returns
    -------
    dict
        p_hat, the members of `rbm_sim.joint.prediction.Prediction`, and warnings.
    """
    standing = rescaled(rbm)
    if isinstance(standing, str):
        raise ValueError(standing)
    theory = predicted(standing)
    L = theory.ell_star / standing.p
    said = warnings_for(standing, never_active=0.0, L_predicted=L, laws=theory.laws)
    cells = {name: _cell(value) for name, value in theory._asdict().items()}
    return {"p_hat": standing.p, **cells, "warned": "; ".join(said) or None}


def _cell(value: Any) -> Any:
    return None if isinstance(value, float) and np.isnan(value) else value


def phase_found(states: dict[str, Any]) -> str:
    """The phase of the lowest state.

    Parameters
    ----------
    states : dict
        f_planted, ell, f_quiet, f_glass and f_any.

    Returns
    -------
    str
        As `rbm_sim.place` calls it.
    """
    glass = states["f_glass"]
    glass = np.inf if glass is None or np.isnan(glass) else glass
    if states["ell"] > 0 and states["f_planted"] < min(states["f_quiet"], glass):
        return "compositional"
    # no planted state is below ℓ → 0: one of few units that is, by more than luck, is a glass too
    found = min(glass, states["f_any"]) < states["f_quiet"] - (0.0 if glass < states["f_quiet"] else LUCK)
    return "spin_glass" if found else "ferromagnetic"


def compute() -> Table:
    """Place the machines, and look for their states.

    Returns
    -------
    Table
        A row for each machine: what was drawn, what theory says of it, and what descents found.
    """
    return Table.from_rows(spread(row, POINTS), {"seed": SEED})


def draw(table: Table, figure: Figure) -> None:
    """Draw ℓ̂ against ℓ*, and energies found against those of theory.

    Parameters
    ----------
    table : Table
        From `compute`.
    figure : matplotlib.figure.Figure
        Empty.
    """
    rows = [r for r in table.rows() if r["drawn"] != "correlated"]
    left, right = figure.subplots(1, 2)
    states = [r for r in rows if r["phase"] == "compositional" and r["ell_hat"]]
    varied = {False: ("white", "units alike"), True: ("0.6", "laws of $g_i$, $\\theta_\\mu$ or $p_i$")}
    for own, (face, label) in varied.items():
        mine = [r for r in states if bool(r["g_sd"] or r["theta_sd"] or r["x_sd"]) == own]
        left.errorbar(
            [r["ell_star"] for r in mine],
            [r["ell_hat"] for r in mine],
            [r["ell_err"] for r in mine],
            fmt="o",
            color="black",
            markerfacecolor=face,
            linewidth=0.8,
            label=label,
        )
    end = 1.08 * max((max(r["ell_star"], r["ell_hat"]) for r in states), default=0.5)
    left.plot([0, end], [0, end], "-", color="0.5", linewidth=1)
    left.set(
        xlabel=r"$\ell^*$, predicted",
        ylabel=r"$\hat\ell = \hat L\hat p$ of the lowest planted states",
        xlim=(0, end),
        ylim=(0, end),
        title="Machines in the compositional phase",
    )
    left.legend(frameon=False, loc="upper left")
    for phase, marker in MARKERS.items():
        mine = [r for r in rows if r["found"] == phase]
        right.plot(
            [1e3 * _margin(r, "f_star", "f_sg", "f_zero") for r in mine],
            [1e3 * _margin_found(r) for r in mine],
            marker,
            color="black",
            markerfacecolor="white",
            label=f"{phase.replace('_', ' ')} ({len(mine)})",
        )
    wrong = [r for r in rows if r["found"] != r["phase"]]
    right.plot(
        [1e3 * _margin(r, "f_star", "f_sg", "f_zero") for r in wrong],
        [1e3 * _margin_found(r) for r in wrong],
        "kx",
        markersize=11,
        label=f"placed otherwise ({len(wrong)})",
    )
    right.set(
        xlabel=r"$10^3(\min(\tilde f^*, \tilde f_{sg}) - \tilde f_0)$, predicted",
        ylabel="the same of the states found",
        title="Lowest energy below that of ℓ → 0",
    )
    right.set_xscale("symlog", linthresh=0.1)
    right.set_yscale("symlog", linthresh=0.1)
    line = [*-np.geomspace(100, 1e-3, 50), 0.0]
    right.plot(line, line, "-", color="0.5", linewidth=1, zorder=0)
    right.legend(frameon=False, loc="lower right", title="phase found")


def _margin_found(row: Row) -> float:
    """The same of the states found; where theory has no state of ℓ → 0, energies themselves."""
    lowest = {**row, "f_glass": row["f_any"]} if row["found"] == "spin_glass" else row
    return _margin(lowest, "f_planted", "f_glass", "f_zero" if row["f_zero"] is None else "f_quiet")


def _margin(row: Row, star: str, glass: str, zero: str) -> float:
    """The lower of two energies, as far as they are known, less that of ℓ → 0, at most 0."""
    known = [float(row[name]) for name in (star, glass) if row[name] is not None]
    level = float(row[zero] or 0.0)
    return min([*known, level]) - level
