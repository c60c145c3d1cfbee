"""Activations h of the hidden units of the R-RBM in a compositional state of L = 5 and in the spin glass, T = 0.

Manzan, slides (2021), "Strongly activated hidden units"; p = 0.1, θ = 0.3, α = 0.6, g = −0.02 of J. Tubiana &
R. Monasson, PRL 118, 138301 (2017), Fig. 3(b). Simulation, N = 65² so that inputs, multiples of 1/√N, never meet θ:
single-unit moves from v = 1[Σ_{μ≤L} ξ_iμ > 0], or from v = 1 into the glass. Theory: weak units have the activation
max(0, z√(pq) − θ)/(1 − C) with z ~ N(0, 1), strong ones are Gaussian around m√N − θ, with the width of a sum over N
units. For the glass theory is replica symmetric, and the dynamics ends above its lowest states.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

import rbm_sim
import replica
from figures._spread import spread
from paper_checks.tubiana_monasson_points import FIG_3B
from rbm_sim.machine.patterns import pattern_weights, random_patterns
from rbm_sim.retrieval.dynamics import descend
from replica.averages.pattern_sum import sparse_sum
from replica.models import ReluRBM
from replica.models.base import Order
from replica.table import Table
from replica.table.cells import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIZE = (9.6, 4.6)
N, L, SEED = 65**2, 5, 2017
M = round(FIG_3B["alpha"] * N)
SAMPLES = {"compositional": 40, "spin glass": 20}
EDGES = np.concatenate([np.arange(0, 26, 2), np.arange(26, 261, 13)]) / 65
"""Bins of the activations above 0, all inputs in the middle between multiples of their width."""


def compute() -> Table:
    """Histograms of simulated activations and what theory has for each bin.

    Returns
    -------
    Table
        Columns state, units ("weak", "strong"), low and high (edges of the bin; both 0 for silent units), count (of
        units, all samples), fraction and fraction_err (of the M − L or L units), theory.
    """
    rows: list[Row] = []
    for state, samples in SAMPLES.items():
        seeds = np.random.SeedSequence([SEED, len(state)]).spawn(samples)
        drawn = spread(_activations, [(state, seed) for seed in seeds])
        strong = L if state == "compositional" else 0
        for units, part in (("weak", slice(strong, None)), ("strong", slice(0, strong))):
            size = len(drawn[0][part])
            if not size:
                continue
            counts = np.array([_counts(h[part]) for h in drawn])
            fraction = counts.mean(axis=0) / size
            error = counts.std(axis=0, ddof=1) / size / math.sqrt(samples)
            low, high = np.append(0, EDGES[:-1]), np.append(0, EDGES[1:])
            columns = (low, high, counts.sum(axis=0), fraction, error, theory(state, units))
            for a, b, count, *numbers in zip(*columns, strict=True):
                values = dict(zip(("fraction", "fraction_err", "theory"), map(float, numbers), strict=True))
                rows.append(
                    {"state": state, "units": units, "low": float(a), "high": float(b), "count": int(count), **values}
                )
    return Table.from_rows(rows, {**FIG_3B, "N": N, "L": L, "samples": list(SAMPLES.values()), "rng": SEED})


def activations(state: str, seed: np.random.SeedSequence) -> np.ndarray:
    """Hidden activations of one machine at the end of the dynamics.

    Parameters
    ----------
    state : str
        "compositional" or "spin glass".
    seed : SeedSequence
        Of this machine.

    Returns
    -------
    ndarray, shape (M,)
        h, the strong units first.
    """
    rng = np.random.default_rng(seed)
    xi = random_patterns(N, M, p=FIG_3B["p"], rng=rng)
    weights = pattern_weights(xi)
    rbm = rbm_sim.RBM(weights, visible=rbm_sim.Bernoulli(FIG_3B["g"]), hidden=rbm_sim.ReLU(FIG_3B["theta"]))
    start = xi[:, :L].sum(axis=1) > 0 if state == "compositional" else np.ones(N)
    v = descend(rbm, np.asarray(start, float), rng=rng).v
    inputs = np.rint(math.sqrt(N) * rbm.inputs(v)) / math.sqrt(N)
    return np.maximum(inputs - FIG_3B["theta"], 0)


def _activations(point: tuple[str, np.random.SeedSequence]) -> np.ndarray:
    return activations(*point)


def theory(state: str, units: str) -> np.ndarray:
    """Fraction of silent units, and of units in each bin.

    Parameters
    ----------
    state : str
        "compositional" or "spin glass".
    units : str
        "weak" or "strong".

    Returns
    -------
    ndarray, shape (bins + 1,)
        Fractions; the law of the sum over N visible units is taken as Gaussian.
    """
    order = solution(state)
    p, theta = FIG_3B["p"], FIG_3B["theta"]
    if units == "weak":
        cumulative = ndtr((EDGES * (1 - order.C) + theta) / math.sqrt(p * order.q))
    else:
        # Σ_i ξ_i v_i/√N: ξ² v has the mean p P(v = 1 | ξ ≠ 0), without noise v = Θ(ξ + sum of the others)
        others = sparse_sum(L - 1, p)
        on = sum(float(others.weight[others.w + xi > 0].sum()) / 2 for xi in (-1, 1))
        width = math.sqrt(p * on - float(order.m) ** 2)
        cumulative = ndtr((EDGES + theta - float(order.m) * math.sqrt(N)) / width)
    return np.append(cumulative[0], np.diff(cumulative))


def solution(state: str) -> Order:
    """Order parameters m, q, r, C, B of a state.

    Parameters
    ----------
    state : str
        "compositional" or "spin glass".

    Returns
    -------
    Order
        Of the state of lowest free energy of its kind.
    """
    kind = "retrieval" if state == "compositional" else "spin_glass"
    found = [s for s in replica.solve_all(ReluRBM(L=L, **FIG_3B)) if s.kind == kind]
    return min(found, key=lambda s: s.free_energy).order


def _counts(h: np.ndarray) -> np.ndarray:
    if h.max() >= EDGES[-1]:
        raise ValueError(f"h = {h.max():g}: beyond the last bin")
    return np.append((h == 0).sum(), np.histogram(h[h > 0], EDGES)[0])


def draw(table: Table, figure: Figure) -> None:
    """Draw the density of the activations of both states on a logarithmic scale.

    Parameters
    ----------
    table : Table
        From `compute`.
    figure : matplotlib.figure.Figure
        Empty.
    """
    axes = figure.subplots(1, 2, sharex=True, sharey=True)
    for ax, state in zip(axes, SAMPLES, strict=True):
        for units, marker, face in (("weak", "o", "white"), ("strong", "s", "0.5")):
            mine = [r for r in table.rows() if (r["state"], r["units"]) == (state, units)]
            if not mine:
                continue
            share = (L if units == "strong" else M - L * (state == "compositional")) / M
            silent, bins = mine[0], mine[1:]
            scale = np.array([share / (r["high"] - r["low"]) for r in bins])
            centre, law, fraction, error = np.array(
                [((r["low"] + r["high"]) / 2, r["theory"], r["fraction"], r["fraction_err"]) for r in bins]
            ).T
            style = "-" if units == "weak" else "--"
            edges = [bins[0]["low"], *(r["high"] for r in bins)]
            look = {"linestyle": style, "color": "0.4", "linewidth": 1.5, "baseline": None}
            ax.stairs(law * scale, edges, label=f"{units} units, theory", **look)
            seen = fraction > 0
            ax.errorbar(
                centre[seen],
                (fraction * scale)[seen],
                (error * scale)[seen],
                fmt=marker,
                color="black",
                markerfacecolor=face,
                markersize=4,
                capsize=2,
                label=f"{units} units, simulation",
            )
            if units == "weak":
                percent = (100 * r for r in (silent["fraction"], silent["fraction_err"], silent["theory"]))
                text = "silent: {:.2f} ± {:.2f} %\ntheory: {:.2f} %".format(*percent)
                if state == "spin glass":
                    text += "\nreplica-symmetric theory:\napproximate in the glass"
                ax.annotate(text, (0.97, 0.7), xycoords="axes fraction", ha="right", va="top")
        names = {"compositional": f"Compositional state, L = {L}", "spin glass": "Spin glass"}
        ax.set(xlabel=r"activation $h$ of a hidden unit", title=names[state], yscale="log")
        ax.set(xlim=(0, 3.6), ylim=(1e-5, 1), ylabel="density per unit of $h$")
        ax.legend(frameon=False, fontsize=9, loc="upper right")
        ax.grid(alpha=0.3)
