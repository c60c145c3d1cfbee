"""Pictures of the compositional limit: phases over two controls, or f̃ against ℓ at one point."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from replica.diagrams.best_ell import ell_star, energies
from replica.diagrams.compositional_phases import glass_energy, phase_boundary, phase_of
from replica.errors import UsageError
from replica.models.compositional import CompositionalRBM
from replica.phase.labels import axis_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from replica.table import Table

__all__ = ["draw"]

CONTROLS = ("alpha", "theta", "g")
PHASES = ("ferromagnetic", "spin_glass", "compositional")
SHADES = ("1.0", "0.65", "0.85")


def draw(table: Table, ax: Axes) -> bool:
    """Draw the rows of the compositional diagram.

    Parameters
    ----------
    table : Table
        Rows with alpha, theta, g, the phase and the energies.
    ax : matplotlib.axes.Axes
        Where to draw.

    Returns
    -------
    bool
        False where one control varies, which lines show as well.
    """
    varying = [name for name in CONTROLS if len(set(table[name])) > 1]
    if len(varying) == 2:
        _phases(table, ax, *varying)
    elif not varying:
        _energy(table, ax)
    elif len(varying) == 3:
        raise UsageError("--plot: alpha, theta and g all vary; a picture has room for two of them")
    return len(varying) != 1


def _phases(table: Table, ax: Axes, x_name: str, y_name: str) -> None:
    """Draw the phases as shades, and trace the boundary of the compositional phase."""
    x, y = (np.array(sorted({float(v) for v in table[name]})) for name in (x_name, y_name))
    shade = np.full((len(y), len(x)), np.nan)
    for row in table.rows():
        if row["phase"] in PHASES:
            place = np.searchsorted(y, float(row[y_name])), np.searchsorted(x, float(row[x_name]))
            shade[place] = PHASES.index(row["phase"])
    from matplotlib.colors import ListedColormap

    ax.pcolormesh(x, y, shade, cmap=ListedColormap(SHADES), vmin=-0.5, vmax=2.5, shading="nearest")
    for i, name in enumerate(PHASES):
        if (shade == i).any():
            ax.plot([], [], "s", color=SHADES[i], markeredgecolor="0.3", label=name.replace("_", " "))
    fixed = {name: float(table[name][0]) for name in CONTROLS}
    wide = x[0] > 0 and x[-1] > 50 * x[0]
    fine = np.geomspace(x[0], x[-1], 41) if wide else np.linspace(x[0], x[-1], 41)
    model, limits = CompositionalRBM(**{**fixed, x_name: fine}), (float(y[0]), float(y[-1]))
    for phase, style in (("compositional", "-"), ("ferromagnetic", "--")):
        edge = phase_boundary(model, along=y_name, limits=limits, between=(phase, "spin_glass"))
        if np.isfinite(edge).any():
            ax.plot(fine, edge, style, color="0.0", label=f"{phase} and glass of equal energy")
    _quarter(ax, fixed, x_name, y_name, fine, np.linspace(*limits, 201))
    ax.set_xlabel(axis_label(CompositionalRBM, x_name))
    ax.set_ylabel(axis_label(CompositionalRBM, y_name))
    if wide:
        ax.set_xscale("log")
    ax.legend(loc="upper left", fontsize=8)


def _quarter(ax: Axes, fixed: dict[str, float], x_name: str, y_name: str, x: NDArray, y: NDArray) -> None:
    """Draw g̃ = −¼ where it parts the ferromagnetic from the compositional phase: where no other state lies below 0."""
    if "g" not in (x_name, y_name):
        return
    other, values = (x_name, x) if y_name == "g" else (y_name, y)
    lowest = phase_of(CompositionalRBM(**{**fixed, other: values, "g": -0.25}))[1]
    line = np.where(lowest >= 0, -0.25, np.nan)
    low, high = (y if y_name == "g" else x)[[0, -1]]
    if low < -0.25 < high and np.isfinite(line).any():
        ax.plot(*((values, line) if y_name == "g" else (line, values)), "-.", color="0.0", label="ℓ* = 0 below g̃ = −¼")


def _energy(table: Table, ax: Axes) -> None:
    """Draw the energy f̃ against ℓ with its minimum and the level of the glass."""
    model = CompositionalRBM(**{name: float(table[name][0]) for name in CONTROLS})
    star, glass = ell_star(model), glass_energy(model)
    top = 4 * star.value if star.value > 0 else 2.0
    ell = np.linspace(top / 200, top, 200)
    energy, _ = energies(model, ell)
    ax.plot(ell, energy, "-", color="0.0", label="retrieval states")
    if star.value > 0:
        ax.plot([star.value], [star.free_energy], "o", color="0.0", label=f"ℓ* = {star.value:.4g}")
    if np.isfinite(glass):
        ax.axhline(glass, ls="--", color="0.4", label="spin glass")
    ax.set_xlabel("ℓ = L p")
    ax.set_ylabel("energy f̃ per visible unit")
    ax.legend(frameon=False)
