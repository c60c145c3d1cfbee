"""What a student machine learns of its teacher's pattern, on and off the Nishimori line, and the phases.

F. Alemanno, L. Camanzi, G. Manzan & D. Tantari, "Hopfield model with planted patterns: a teacher-student
self-supervised learning model" (2023): one Gaussian hidden unit, γN examples; on the Nishimori line m = q > 0 iff
β > 1/(1 + √γ). Phases at γ = 1, replica symmetric: learning leaves the paramagnet at T = 1 + γβ*/(1 − β*), the glass
where γβ*C = (1 − β*)(1 − C); below the AT line its replica symmetry is broken. Simulation: Gibbs sampling, N = 2000, of
students that started at the pattern (full) and at random (open symbols, drawn to the right by 0.005 in β and 0.04 in
T, so that they do not cover the others); N = 1000 beside it in the numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import brentq

import replica
from figures._spread import spread
from rbm_sim.learning.planted import learning
from replica.models import PlantedHopfield
from replica.models.planted import learning_load, learning_threshold
from replica.table import Table
from replica.table.cells import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE = (13.2, 4.6)
SEED, BURN_IN, SWEEPS = 2023, 100, 150
SLOW = {(1.0, 0.6, 1.0): 1600, (2.0, 0.47, 1 / 0.47): 500}
"""Sweeps before the first that is measured, by (γ, β*, T), where random starts need more."""
SAMPLES = {1000: 40, 2000: 20}
LOADS = {0.5: (0.62, 0.68, 0.8, 0.9), 1.0: (0.4, 0.56, 0.65, 0.75, 0.85), 2.0: (0.47, 0.55, 0.65, 0.75)}
"""β of the students on the Nishimori line, by γ."""
TEACHERS = {0.6: (1.0, 1.5, 2.0), 0.75: (0.5, 1.0, 2.0, 3.0, 3.5)}
"""T of the students at γ = 1, by β*."""
LINE = [("simulated line", gamma, beta, 1 / beta, N) for gamma, all_ in LOADS.items() for beta in all_ for N in SAMPLES]
OFF = [("simulated", 1.0, teacher, T, N) for teacher, all_ in TEACHERS.items() for T in all_ for N in SAMPLES]
POINTS = [*LINE, *OFF]
KEYS = ("series", "gamma", "beta_teacher", "T", "N")
"""Columns that a point sets."""
SPOT = (2, 32)
STYLES = {0.5: (":", "0.3", "^"), 1.0: ("-", "black", "o"), 2.0: ("--", "0.3", "s"), 0.6: ("", "0.45", "s")}
STYLES[0.75] = ("", "black", "o")
COLUMNS = (*KEYS, "m", "q", "m_err", "q_err", "m_random", "q_random", "m_random_err", "q_random_err")


def compute() -> Table:
    """Overlaps on the Nishimori line and at γ = 1 off it, the lines between phases at γ = 1, and simulations.

    Returns
    -------
    Table
        Columns series ("line", "off", "learning", "glass", "AT", "simulated line", "simulated"), gamma, beta_teacher,
        T, N, m, q, m_err, q_err, and the four of students that started at random.
    """
    rows: list[Row] = []
    for gamma in LOADS:
        least = learning_threshold(gamma)
        beta = least + (0.97 - least) * np.linspace(0, 1, 61)[1:] ** 1.5
        rows.append({"series": "line", "gamma": gamma, "beta_teacher": least, "T": 1 / least, "m": 0.0, "q": 0.0})
        rows += _curve("line", gamma, beta, 1 / beta)
    for teacher in TEACHERS:
        hottest = 1 / learning_threshold(1.0, teacher)
        T = hottest * (1 - np.linspace(0, 1, 81)[1:] ** 2)
        rows.append({"series": "off", "gamma": 1.0, "beta_teacher": teacher, "T": hottest, "m": 0.0, "q": 0.0})
        rows += _curve("off", 1.0, np.full(T.shape, teacher), T)
    rows += _phases()
    rows += spread(row, POINTS)
    table = [{name: r.get(name) for name in COLUMNS} for r in rows]
    return Table.from_rows(
        table, {"samples": list(SAMPLES.values()), "rng": SEED, "burn_in": BURN_IN, "sweeps": SWEEPS}
    )


def _curve(series: str, gamma: float, teacher: np.ndarray, T: np.ndarray) -> list[Row]:
    order = replica.solve(PlantedHopfield(gamma=gamma, beta_teacher=teacher, T=T)).order
    columns = {"beta_teacher": teacher, "T": T, "m": order.m, "q": order.q}
    rows = [dict(zip(columns, map(float, values), strict=True)) for values in zip(*columns.values(), strict=True)]
    return [{"series": series, "gamma": gamma, **values} for values in rows]


def _phases() -> list[Row]:
    """Lines at γ = 1 in the plane of β* and T: where learning sets in, the glass, and the AT line of learning."""
    lines = [("learning", beta, 1 / (1 - beta)) for beta in np.linspace(0.5, 0.81, 32)]
    for T in np.linspace(0, 2, 41)[:-1]:
        edge = brentq(lambda beta, T=T: learning_load(beta, T) - 1, 0.4, 0.6, xtol=1e-13)
        lines.append(("learning", edge, T))
    lines += [("glass", beta, 2.0) for beta in (0.0, 0.5)]
    for beta in np.linspace(0.505, 0.95, 30):
        model = PlantedHopfield(gamma=1, beta_teacher=beta, T=1 / beta)
        lines.append(("AT", beta, replica.instability(model, along="T").value))
    rows = [{"series": name, "gamma": 1.0, "beta_teacher": float(beta), "T": float(T)} for name, beta, T in lines]
    return sorted(rows, key=lambda r: (r["series"], -r["T"]))


def row(point: tuple[str, float, float, float, int]) -> Row:
    """Overlaps of students with their teacher and with each other.

    Parameters
    ----------
    point : tuple
        Series, γ, β*, T and N.

    Returns
    -------
    dict
        Series, γ, β*, T, N, and each overlap with its standard error.
    """
    series, gamma, teacher, T, N = point
    seed = np.random.SeedSequence([SEED, *(round(1000 * v) for v in (gamma, teacher, T)), N])
    found = learning(
        N,
        round(gamma * N),
        beta_teacher=teacher,
        T=T,
        samples=SAMPLES[N],
        burn_in=SLOW.get((gamma, teacher, T), BURN_IN),
        sweeps=SWEEPS,
        rng=seed,
    )
    result: Row = {"series": series, "gamma": gamma, "beta_teacher": teacher, "T": T, "N": N}
    for name, value in found._asdict().items():
        result |= {name: value.mean, f"{name}_err": value.stderr}
    return result


def draw(table: Table, figure: Figure) -> None:
    """Draw m on the Nishimori line, m and q off it, and the phases.

    Parameters
    ----------
    table : Table
        From `compute`.
    figure : matplotlib.figure.Figure
        Empty.
    """
    rows = table.rows()
    line, off, phases = figure.subplots(1, 3)

    def points(series: str, *names: str, **fixed: float) -> np.ndarray:
        chosen = [r for r in rows if r["series"] == series and all(r[k] == v for k, v in fixed.items())]
        return np.array([[r[n] for n in names] for r in chosen], dtype=float).T

    for gamma in LOADS:
        style, shade, marker = STYLES[gamma]
        line.plot(*points("line", "beta_teacher", "m", gamma=gamma), style, color=shade, label=rf"$\gamma = {gamma:g}$")
        x, *pairs = _pairs(points, "simulated line", "m", "beta_teacher", gamma=gamma)
        _symbols(line, x, pairs, 0.005, marker, shade)
    line.set(xlabel=r"inverse temperature $\beta = \beta^*$", ylabel="overlap $m = q$", title="Nishimori line")
    line.set(xlim=(0.3, 1), ylim=(0, 1))
    for label, face in (("from the pattern", "black"), ("from random starts", "white")):
        line.plot([], [], "o", color="black", markersize=5, markerfacecolor=face, label=label)
    line.legend(frameon=False, loc="upper left", fontsize=9)
    for teacher in TEACHERS:
        _, shade, marker = STYLES[teacher]
        for name, style in (("m", "-"), ("q", "--")):
            label = rf"${name}$, $\beta^* = {teacher:g}$"
            off.plot(*points("off", "T", name, beta_teacher=teacher), style, color=shade, label=label)
            x, *pairs = _pairs(points, "simulated", name, "T", beta_teacher=teacher)
            _symbols(off, x, pairs, 0.04, marker, shade)
        off.axvline(1 / teacher, color=shade, linewidth=0.7, linestyle=":")
    off.set(
        xlabel="temperature $T$ of the student",
        ylabel="overlaps $m$, $q$",
        title=r"$\gamma = 1$; dotted: $\beta = \beta^*$",
    )
    off.set(xlim=(0, 4.2), ylim=(0, 1))
    off.legend(frameon=False, loc="upper right", fontsize=9)
    phases.plot(*points("learning", "beta_teacher", "T"), "-", color="black")
    phases.plot(*points("glass", "beta_teacher", "T"), "-", color="black")
    phases.plot(*points("AT", "beta_teacher", "T"), "--", color="0.4", label="AT line")
    beta = np.linspace(0.19, 1, 100)
    phases.plot(beta, 1 / beta, ":", color="black", label="Nishimori line")
    for at, height, name in ((0.17, 2.8, "paramagnet"), (0.25, 1.3, "spin glass"), (0.8, 1.9, "learning")):
        phases.text(at, height, name, ha="center")
    phases.set(xlabel=r"inverse temperature $\beta^*$ of the teacher", ylabel="temperature $T$ of the student")
    phases.set(xlim=(0, 1), ylim=(0, 5), title=r"phases at $\gamma = 1$")
    phases.legend(frameon=False, loc="lower left", fontsize=9)
    for ax in (line, off, phases):
        ax.grid(alpha=0.3)


def _pairs(
    points: Callable[..., np.ndarray], series: str, name: str, axis: str, **fixed: float
) -> tuple[np.ndarray, ...]:
    """Where the largest machines are, their overlaps with errors from the pattern, and from random starts."""
    x, *rest = points(
        series, axis, name, f"{name}_err", f"{name}_random", f"{name}_random_err", N=max(SAMPLES), **fixed
    )
    return x, *rest


def _symbols(ax: Axes, x: np.ndarray, pairs: list[np.ndarray], shift: float, marker: str, shade: str) -> None:
    mean, error, random, random_error = pairs
    common: dict[str, Any] = {"color": shade, "markersize": 5, "capsize": 2, "linestyle": ""}
    ax.errorbar(x, mean, error, marker=marker, **common)
    ax.errorbar(x + shift, random, random_error, marker=marker, markerfacecolor="white", **common)
