"""Phase diagram of the Hopfield model, temperature against load, replica symmetric.

Amit, Gutfreund & Sompolinsky, PRL 55, 1530 (1985) and Ann. Phys. 173, 30 (1987). T_g: onset of the spin glass;
T_M: retrieval states exist below it; T_c: they are the lowest states below it; T_R: they break replica symmetry
below it. T_M is found as a load at each temperature, so that its re-entrant tip is resolved; T_R, of the order of
e^{−1/2α}, has a panel of its own with a logarithmic scale.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import replica
from replica.models import Hopfield
from replica.phase.hopfield_plot import SIZE, STYLES, draw_lines
from replica.table import Table
from replica.table.cells import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["SIZE", "compute", "draw"]


def compute() -> Table:
    """Points of the four lines, and α_1 and α_c at T = 0.

    Returns
    -------
    Table
        Columns line, alpha, T; the lines T_M and T_c end at T = 0 with α_c and α_1.
    """
    rows: list[Row] = []

    def add(line: str, alpha: float, T: float) -> None:
        rows.append({"line": line, "alpha": float(alpha), "T": float(T)})

    for alpha in 0.16 * np.linspace(0, 1, 33) ** 2:
        # the paramagnet has no solution with α = 0
        onset = 1.0 if alpha == 0 else _along_T(replica.instability, alpha, 3.0, start="paramagnet")
        add("T_g", alpha, onset)
    for T in _temperatures():
        add("T_M", *_along_alpha(replica.spinodal, T))
    for T in _temperatures():
        add("T_c", *_along_alpha(replica.coexistence, T))
    for alpha in [*np.arange(0.02, 0.135, 0.005), *np.linspace(0.135, 0.138, 7), 0.1381, 0.13815, 0.13818]:
        highest = _along_T(replica.spinodal, alpha, 0.022)
        add("T_R", alpha, _along_T(replica.instability, alpha, highest * (1 - 1e-7)))
    add("T_R", *_end_of_breaking())
    return Table.from_rows(rows)


def _temperatures() -> np.ndarray:
    tip = np.linspace(0, 0.06, 31)
    return np.concatenate([tip, np.linspace(0.08, 0.96, 45), 1 - np.geomspace(0.03, 1e-3, 9), [1.0]])


def _end_of_breaking() -> tuple[float, float]:
    """Point of T_M at which the replicon vanishes, where T_R ends."""
    from scipy.optimize import brentq

    def edge(T: float) -> Any:
        return replica.spinodal(Hopfield(alpha=1e-3, T=T), along="alpha")

    T = brentq(lambda T: edge(T).states[0].replicon, 0.02, 0.03, xtol=1e-14)
    return edge(T).value, T


def _along_alpha(search: Any, T: float) -> tuple[float, float]:
    if T == 1:
        return 0.0, T
    # both lines start at T = 1 with α ~ (1 − T)²
    return search(Hopfield(alpha=1e-3 * (1 - T) ** 2, T=T), along="alpha").value, T


def _along_T(search: Any, alpha: float, T: float, **options: Any) -> float:
    return float(search(Hopfield(alpha=alpha, T=T), along="T", **options).value)


def draw(table: Table, figure: Figure) -> None:
    """Draw the diagram as `python -m replica.phase --plot` does.

    Parameters
    ----------
    table : Table
        From `compute`.
    figure : matplotlib.figure.Figure
        Empty.
    """
    draw_lines({name: _line(table, name) for name in STYLES}, figure)


def _line(table: Table, name: str) -> tuple[np.ndarray, np.ndarray]:
    chosen = [(a, T) for line, a, T in zip(table["line"], table["alpha"], table["T"], strict=True) if line == name]
    alpha, T = np.array(chosen).T
    return alpha, T
