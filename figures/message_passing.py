"""Message passing on one machine: against Gibbs sampling, against state evolution, and its stability.

The equations of D. J. Thouless, P. W. Anderson and R. G. Palmer, Phil. Mag. 35, 593 (1977), for RBMs. Left: means of
every unit of one machine, against sampling. Middle: overlap with a stored pattern, step by step, of 24 machines of
10⁴ spins (symbols), and state evolution (lines). Right: growth of perturbations on machines, and 1 minus the replicon
of the theory, at 50 points on both sides of the line of J. R. L. de Almeida and D. J. Thouless, J. Phys. A 11, 983
(1978).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FixedLocator

import rbm_sim
from figures._spread import spread
from figures._stability import PAIRS, N, measured
from rbm_sim import amp, tap
from rbm_sim.machine.patterns import first_patterns, pattern_weights, random_patterns
from rbm_sim.sampling.averages import thermal_averages
from rbm_sim.statistics.estimates import estimate
from replica.models import GeneralRBM
from replica.potentials import Gaussian, Spin
from replica.table import Table
from replica.table.cells import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE = (13.0, 4.4)
RTOL = 1e-6
"""Differences of 1e-6 lose ten digits."""
SEED = 1977
UNITS, HIDDEN_UNITS = 120, 60
"""Units of the machine whose means are compared one by one."""
CHAINS, RECORDS, THIN = 40, 250, 4
SPINS, LOAD, TEMPERATURE, STEPS, MACHINES = 10_000, 0.1, 0.1, 12, 24
CUES = (0.9, 0.7, 0.6, 0.52)
"""Overlaps that the iteration starts from."""
POINTS = [("growth", name, T) for name, pair in PAIRS.items() for T in pair.temperatures]
KEYS = ("panel", "pair", "T")
"""Columns that a point sets."""
SPOT = (47,)


def row(point: tuple[str, str, float]) -> Row:
    """Growth of perturbations at one point.

    Parameters
    ----------
    point : tuple
        "growth", pair of units, and temperature.

    Returns
    -------
    dict
        The point, N, and what `figures._stability.measured` returns.
    """
    panel, name, T = point
    return {"panel": panel, "pair": name, "T": T, "N": N, **measured(name, T)}


def machine() -> rbm_sim.RBM:
    """The machine whose means are compared one by one.

    Returns
    -------
    RBM
        Bernoulli and ReLU units with normal weights of variance 0.5/N and fields of their own.
    """
    rng = np.random.default_rng(SEED)
    w = rng.normal(scale=math.sqrt(0.5 / UNITS), size=(UNITS, HIDDEN_UNITS))
    g, theta = rng.normal(size=UNITS), rng.normal(scale=0.5, size=HIDDEN_UNITS)
    return rbm_sim.RBM(w, visible=rbm_sim.Bernoulli(g), hidden=rbm_sim.ReLU(theta))


def entries() -> list[Row]:
    """Means of every unit, by the equations at second and first order and by sampling.

    Returns
    -------
    list of dict
        layer, unit, theory (second order), mean_field, measured with its err.
    """
    rbm = machine()
    second, first = tap.solve(rbm), tap.solve(rbm, 1)
    # averages of conditional means: their errors are smaller than those of the units themselves
    observed = {
        "visible": lambda v, h: rbm.visible.mean(h @ rbm.weights.T),
        "hidden": lambda v, h: rbm.hidden.mean(v @ rbm.weights),
    }
    options = {"n_chains": CHAINS, "steps": RECORDS, "burn_in": 100, "thin": THIN, "rng": SEED + 1}
    found = thermal_averages(rbm, observed, **options)
    rows: list[Row] = []
    for layer, two, one in (("visible", second.v, first.v), ("hidden", second.h, first.h)):
        means, errors = np.asarray(found[layer].mean), np.asarray(found[layer].stderr)
        for k in range(len(two)):
            average = {"measured": float(means[k]), "err": float(errors[k])}
            rows.append(
                {
                    "panel": "entries",
                    "layer": layer,
                    "unit": k,
                    "theory": float(two[k]),
                    "mean_field": float(one[k]),
                    **average,
                }
            )
    return rows


def overlaps(cue: float, count: int = MACHINES, size: int = SPINS) -> list[Row]:
    """Overlap with a stored pattern in every step, from a cue.

    Parameters
    ----------
    cue : float
        Overlap of the start.
    count, size : int
        Number of machines, and their visible units.

    Returns
    -------
    list of dict
        cue, step, theory (state evolution), measured with its err.
    """
    alike = round((1 + cue) / 2 * size)
    model = GeneralRBM(Spin(), Gaussian(), alpha=LOAD, T=TEMPERATURE)
    theory = amp.state_evolution(model, steps=STEPS, start=(2 * alike / size - 1, 1.0))
    seen = []
    for seed in np.random.SeedSequence([SEED, alike]).spawn(count):
        rng = np.random.default_rng(seed)
        patterns = random_patterns(size, round(LOAD * size), rng=rng, storage="packed")
        weights = pattern_weights(patterns, np.float64)
        rbm = rbm_sim.RBM(weights, visible=rbm_sim.Spin(), hidden=rbm_sim.Gaussian())
        start = first_patterns(patterns, 1)[:, 0].astype(float)
        start[rng.permutation(size)[alike:]] *= -1
        iterates = amp.run(rbm, TEMPERATURE, steps=STEPS, start=start)
        seen.append(amp.measured(rbm, iterates, T=TEMPERATURE).m)
    rows: list[Row] = []
    for step, values in enumerate(np.array(seen).T):
        found = estimate(list(values))
        of_machines = {"theory": float(theory.m[step]), "measured": found.mean, "err": found.stderr}
        rows.append({"panel": "overlaps", "N": size, "cue": cue, "step": step, **of_machines})
    return rows


def compute() -> Table:
    """Numbers of the three panels.

    Returns
    -------
    Table
        Columns panel, theory, measured and err of all; layer, unit, mean_field; cue, step; pair, T, N, stable.
    """
    rows = [*entries(), *(row for cue in CUES for row in overlaps(cue)), *spread(row, POINTS)]
    return Table.from_rows(rows, {"rng": SEED})


def draw(table: Table, figure: Figure) -> None:
    """Draw the three panels.

    Parameters
    ----------
    table : Table
        From `compute`.
    figure : matplotlib.figure.Figure
        Empty.
    """
    rows = table.rows()
    first, second, third = figure.subplots(1, 3)
    _draw_entries(first, [r for r in rows if r["panel"] == "entries"])
    _draw_overlaps(second, [r for r in rows if r["panel"] == "overlaps"])
    _draw_growth(third, [r for r in rows if r["panel"] == "growth"])


def _draw_entries(ax: Axes, rows: list[Row]) -> None:
    for column, layer, marker, colour, label in (
        ("mean_field", "visible", "+", "k", None),
        ("mean_field", "hidden", "+", "k", "mean field"),
        ("theory", "visible", "o", "C0", "TAP, visible"),
        ("theory", "hidden", "o", "C1", "TAP, hidden"),
    ):
        mine = [r for r in rows if r["layer"] == layer]
        seen = [r["measured"] for r in mine]
        off = [r[column] - r["measured"] for r in mine]
        ax.plot(seen, off, linestyle="", marker=marker, color=colour, markersize=4, label=label)
    ax.axhline(0, color="0.6", linewidth=0.8, zorder=0)
    ax.set(xlabel="mean of a unit, Gibbs sampling", ylabel="equations − sampling")
    ax.set_title(f"Bernoulli–ReLU, {UNITS} × {HIDDEN_UNITS}", fontsize=10)
    ax.legend(frameon=False, fontsize=8)


def _draw_overlaps(ax: Axes, rows: list[Row]) -> None:
    for k, cue in enumerate(sorted({r["cue"] for r in rows}, reverse=True)):
        mine = [r for r in rows if r["cue"] == cue]
        steps = [r["step"] for r in mine]
        ax.plot(steps, [r["theory"] for r in mine], color=f"C{k}", linewidth=1, label=f"{cue:g}")
        ax.errorbar(
            steps,
            [r["measured"] for r in mine],
            [r["err"] for r in mine],
            fmt="osD^"[k],
            color=f"C{k}",
            markersize=4,
            capsize=2,
        )
    ax.set(xlabel="step", ylabel="overlap $m$", ylim=(0.5, 1.02))
    ax.set_title(f"spin–Gaussian, α = {LOAD:g}, T = {TEMPERATURE:g}, N = 10⁴", fontsize=10)
    ax.legend(frameon=False, fontsize=8, title="cue")


def _draw_growth(ax: Axes, rows: list[Row]) -> None:
    for k, name in enumerate(PAIRS):
        theory, seen, err = np.array([(r["theory"], r["measured"], r["err"]) for r in rows if r["pair"] == name]).T
        ax.errorbar(theory, seen, err, fmt="osD^v"[k], color=f"C{k}", markersize=4, capsize=2, linewidth=1, label=name)
    ends = [0.9 * min(r["theory"] for r in rows), 1.1 * max(r["theory"] for r in rows)]
    ax.plot(ends, ends, color="0.6", linewidth=0.8, zorder=0)
    for line in (ax.axhline, ax.axvline):
        line(1, color="0.8", linewidth=0.8, linestyle=":", zorder=0)
    ax.set(xlabel="1 − replicon, theory", ylabel="growth of |δ|² in a step, machines", xscale="log", yscale="log")
    ticks = [0.3, 0.5, 1, 2, 3]
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_minor_formatter("")
        axis.set_major_locator(FixedLocator(ticks))
        axis.set_major_formatter("{x:g}")
    ax.set_title("50 points, AT line at 1, N = 20 000", fontsize=10)
    ax.legend(frameon=False, fontsize=8)
