"""Phase diagram of the compositional limit of the R-RBM, homogeneous machine, T = 0.

Announced in Tubiana & Monasson, PRL 118, 138301 (2017), and never shown. Phases by the lowest energy among all states:
spin glass; compositional, ℓ = L p at the minimum ℓ* > 0; ferromagnetic, f̃ increasing from ℓ = 0. Curves are traced
as roots of energy differences (f̃(ℓ*) or 0 against the spin glass) and, between ferromagnetic and compositional, by
the vanishing slope −1/8 + |g̃|/2 of f̃ at ℓ = 0. The last piece to the point where the three meet, |g̃| > 0.2465, is
a straight line. Lines: solid between compositional and spin glass, dashed between ferromagnetic and spin glass,
dash-dotted between ferromagnetic and compositional. Symbols on a grid: phases found point by point, + compositional,
× ferromagnetic, · spin glass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.lines import Line2D
from scipy.optimize import brentq

from replica.diagrams.compositional_phases import glass_energy, phase_boundary, phase_of
from replica.models import CompositionalRBM
from replica.table import Table
from replica.table.cells import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE = (12.0, 4.9)
RTOL = 1e-8
"""Boundaries are roots of energy differences as small as 1e-4, known to 1e-13 or so."""

THRESHOLD = -0.25
"""g̃ at which the slope of f̃ at ℓ = 0 vanishes, for θ̃ > 0."""

CUTS = {"g": -0.21, "theta": 1.5, "alpha": 0.5}
AXES = {
    "g": (("alpha", 0.02, 2.0), ("theta", 0.2, 2.4)),
    "theta": (("alpha", 0.02, 7.0), ("g", -0.4, -0.06)),
    "alpha": (("g", -0.4, -0.06), ("theta", 0.1, 3.0)),
}
"""Panels, each named by the control that is fixed there: abscissa and ordinate, with their ranges."""

SYMBOLS = {"alpha": r"$\alpha$", "theta": r"$\tilde\theta$", "g": r"$\tilde g$"}
NAMES = {"alpha": r"load $\alpha$", "theta": r"threshold $\tilde\theta$", "g": r"field $\tilde g$"}
GLASSY = ("compositional", "spin_glass")
FROZEN = ("ferromagnetic", "spin_glass")
LINES: dict[str, Any] = {" - ".join(GLASSY): "-", " - ".join(FROZEN): "--", "ferromagnetic - compositional": "-."}
MARKERS = {"compositional": ("+", "0.5"), "spin_glass": (".", "0.6"), "ferromagnetic": ("x", "0.6")}


def compute() -> Table:
    """Points of the boundaries, and phases on a grid of each panel.

    Returns
    -------
    Table
        Columns panel ("theta against alpha" and so on), series (a pair of phases, "grid"), alpha, theta, g, phase.
    """
    rows: list[Row] = []
    for fixed in AXES:
        rows += _boundaries(fixed) + _grid(fixed)
    return Table.from_rows(rows, CUTS)


def _panel(fixed: str) -> str:
    (x, *_), (y, *_) = AXES[fixed]
    return f"{y} against {x}"


def _row(fixed: str, series: str, **controls: float) -> Row:
    values = {k: float(v) for k, v in {fixed: CUTS[fixed], **controls}.items()}
    return {"panel": _panel(fixed), "series": series, **{k: values[k] for k in ("alpha", "theta", "g")}}


def _traced(fixed: str, at: dict[str, Any], along: str, limits: tuple[float, float], between: Any) -> list[Any]:
    """Rows of a boundary: the control `along` at each value of the other one."""
    ((name, values),) = at.items()
    model = CompositionalRBM(**{fixed: CUTS[fixed], name: values, along: np.mean(limits)})
    found = np.atleast_1d(phase_boundary(model, along=along, limits=limits, between=between))
    series = " - ".join(between)
    pairs = zip(np.atleast_1d(values), found, strict=True)
    return [_row(fixed, series, **{name: x, along: y}) for x, y in pairs if np.isfinite(y)]


def _boundaries(fixed: str) -> list[Any]:
    inside = THRESHOLD + 3.5e-3
    if fixed == "g":
        loads = np.geomspace(0.02, 2.0, 40)
        return _traced(fixed, {"alpha": loads}, "theta", (0.2, 2.4), GLASSY)
    if fixed == "theta":
        triple = brentq(_glass_at_threshold, 3.0, 7.0, xtol=1e-12)
        rows = _traced(fixed, {"alpha": np.linspace(0.02, triple - 0.45, 40)}, "g", (-0.2475, -0.03), GLASSY)
        rows.append(_row(fixed, " - ".join(GLASSY), alpha=triple, g=THRESHOLD))
        rows.append(_row(fixed, " - ".join(FROZEN), alpha=triple, g=THRESHOLD))
        rows += _traced(fixed, {"alpha": np.linspace(triple, 7.0, 20)[1:]}, "g", (-0.5, -0.2), FROZEN)
        line = np.linspace(0.02, triple, 20)
        return rows + [_row(fixed, "ferromagnetic - compositional", alpha=a, g=THRESHOLD) for a in line]
    fields = np.linspace(inside, -0.06, 40)
    rows = _traced(fixed, {"g": np.linspace(-0.4, THRESHOLD, 20)}, "theta", (0.05, 3.0), FROZEN)
    triple = rows[-1]["theta"]
    rows.append(_row(fixed, " - ".join(GLASSY), g=THRESHOLD, theta=triple))
    rows += _traced(fixed, {"g": fields}, "theta", (0.2, 4.0), GLASSY)
    line = np.linspace(triple, 3.0, 20)
    return rows + [_row(fixed, "ferromagnetic - compositional", theta=t, g=THRESHOLD) for t in line]


def _glass_at_threshold(alpha: float) -> float:
    """Energy of the spin glass at g̃ = −¼; where it is zero three phases meet."""
    energy = glass_energy(CompositionalRBM(alpha=alpha, theta=CUTS["theta"], g=THRESHOLD))
    return float(energy) if np.isfinite(energy) else 1.0


def _grid(fixed: str) -> list[Any]:
    (x, *xs), (y, *ys) = AXES[fixed]
    width, height = (xs[1] - xs[0]) / 20, (ys[1] - ys[0]) / 16
    X, Y = np.meshgrid(xs[0] + width * (np.arange(20) + 0.5), ys[0] + height * (np.arange(16) + 0.5))
    labels, _, _ = phase_of(CompositionalRBM(**{fixed: CUTS[fixed], x: X, y: Y}))
    points = zip(X.ravel(), Y.ravel(), labels.ravel(), strict=True)
    return [{**_row(fixed, "grid", **{x: a, y: b}), "phase": str(phase)} for a, b, phase in points]


def draw(table: Table, figure: Figure) -> None:
    """Draw the three cuts.

    Parameters
    ----------
    table : Table
        From `compute`.
    figure : matplotlib.figure.Figure
        Empty.
    """
    words = {
        "g": ((1.2, 2.0, "compositional"), (1.3, 0.7, "spin glass")),
        "theta": ((1.35, -0.237, "compositional"), (3.3, -0.13, "spin glass"), (2.4, -0.34, "ferromagnetic")),
        "alpha": ((-0.188, 2.55, "compositional"), (-0.17, 0.6, "spin glass"), (-0.33, 1.9, "ferromagnetic")),
    }
    for ax, fixed in zip(np.ravel(figure.subplots(1, 3)), AXES, strict=True):
        rows = [r for r in table.rows() if r["panel"] == _panel(fixed)]
        _draw_panel(ax, fixed, rows, words[fixed])
    key: list[Any] = [
        Line2D([], [], linestyle=style, color="black", label=series.replace(" - ", " – ").replace("_", " "))
        for series, style in LINES.items()
    ]
    key += [
        Line2D([], [], linestyle="", marker=marker, color=shade, label=f"grid: {phase.replace('_', ' ')}")
        for phase, (marker, shade) in MARKERS.items()
    ]
    figure.legend(handles=key, loc="outside lower center", ncols=3, frameon=False, fontsize=9, handlelength=3.2)
    figure.suptitle("Compositional limit of the R-RBM, T = 0: phase of lowest energy", fontsize=11)


def _draw_panel(ax: Axes, fixed: str, rows: list[Row], words: tuple[tuple[float, float, str], ...]) -> None:
    (x, *xs), (y, *ys) = AXES[fixed]
    for a, b, text in words:
        ax.text(a, b, text, ha="center", va="center")

    def covered(a: float, b: float) -> bool:
        """Whether a word is there."""
        half = [(0.0145 * len(text) * (xs[1] - xs[0]), 0.03 * (ys[1] - ys[0])) for *_, text in words]
        return any(abs(a - u) < w and abs(b - v) < h for (u, v, _), (w, h) in zip(words, half, strict=True))

    for series, style in LINES.items():
        line = [(r[x], r[y]) for r in rows if r["series"] == series]
        if line:
            ax.plot(*np.array(line).T, style, color="black", linewidth=1.6)
    for phase, (marker, shade) in MARKERS.items():
        points = [(r[x], r[y]) for r in rows if r["phase"] == phase and not covered(r[x], r[y])]
        if points:
            ax.plot(*np.array(points).T, marker, color=shade, markersize=3.5)
    value = f"{CUTS[fixed]:g}".replace("-", "−")
    ax.set(xlabel=NAMES[x], ylabel=NAMES[y], xlim=xs, ylim=ys, title=f"{SYMBOLS[fixed]} = {value}")
    if fixed == "alpha":
        ax.set_xticks([-0.4, -0.3, -0.2, -0.1])
