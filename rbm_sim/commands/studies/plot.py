"""Pictures of retrieval studies."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from replica.table import Table

# Labels, each with rows of a table.
Groups: TypeAlias = list[tuple[str, list[dict[str, Any]]]]

MARKERS = "osD^v<>"
STYLES = ("-", "--", "-.", ":")
SYMBOLS = {"N": "N", "alpha": "α", "theta": "θ", "p": "p", "g": "g", "noise": "noise", "L": "L", "dynamics": ""}


def draw(kind: str, table: "Table", shown: Sequence[str]) -> "Figure":
    """Draw the table of a study.

    Parameters
    ----------
    kind : str
        "capacity", "retrieval" or "basin".
    table : Table
        Its rows.
    shown : sequence of str
        Columns that tell the points apart.

    Returns
    -------
    matplotlib.figure.Figure
        Axes with one line for each group of points, with error bars where errors are known; markers tell the lines
        apart in grey.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.0, 4.2), layout="constrained")
    ax = figure.add_subplot()
    {"capacity": _capacity, "retrieval": _retrieval, "basin": _basin}[kind](ax, table, shown)
    ax.grid(alpha=0.3)
    if any(ax.get_legend_handles_labels()[1]):
        ax.legend(frameon=False)
    return figure


def _groups(table: "Table", names: Sequence[str]) -> Groups:
    """Return the rows in groups that share the values of some columns, each with a label."""
    groups: dict[tuple, list[dict[str, Any]]] = {}
    for row in table.rows():
        groups.setdefault(tuple(row[name] for name in names), []).append(row)
    return [
        (", ".join(f"{SYMBOLS[n]} = {v:g}" if SYMBOLS[n] else str(v) for n, v in zip(names, key, strict=True)), rows)
        for key, rows in groups.items()
    ]


def _lines(ax: "Axes", groups: Groups, x: Callable[[dict[str, Any]], Any], y: str, error: str) -> None:
    for k, (label, rows) in enumerate(groups):
        points = sorted((x(row), row[y], row[error] or 0.0) for row in rows if row[y] is not None)
        if points:
            columns = np.array(points, float).T
            style: dict[str, Any] = {"color": str(0.13 * (k % 6)), "marker": MARKERS[k % 7], "linestyle": STYLES[k % 4]}
            ax.errorbar(*columns, **style, markersize=4, capsize=2, label=label)


def _capacity(ax: "Axes", table: "Table", shown: Sequence[str]) -> None:
    groups = _groups(table, [name for name in shown if name != "N"])
    _lines(ax, groups, lambda row: row["N"] ** -0.5, "alpha_mean", "alpha_mean_err")
    for k, (_, rows) in enumerate(groups):
        limit = rows[0]
        if limit["alpha_c"] is not None:
            error = float(np.hypot(limit["alpha_c_err"], limit["alpha_c_syst"]))
            ax.errorbar(
                0, limit["alpha_c"], error, fmt=MARKERS[k % 7], color=str(0.13 * (k % 6)), mfc="white", capsize=4
            )
    if len({row["alpha_c"] for row in table.rows()}) > 1:
        ax.set_yscale("log")
    ax.set_xlim(left=-0.002)
    ax.set_xlabel("1/√N (open symbols: extrapolated to N → ∞)")
    ax.set_ylabel("mean load α at which a pattern is lost")


def _retrieval(ax: "Axes", table: "Table", shown: Sequence[str]) -> None:
    x = max((n for n in shown if n not in ("N", "dynamics")), key=lambda n: len(set(table[n])))
    y = "kept" if "kept" in table.columns else "m_tilde"
    rest = [name for name in shown if name != x]
    error = f"{y}_err" if f"{y}_err" in table.columns else "lost"
    if error not in table.columns:
        error = x
    _lines(ax, _groups(table, rest), lambda row: row[x], y, error) if error != x else _bare(ax, table, rest, x, y)
    ax.set_xlabel({"alpha": "load α", "L": "number L of patterns retrieved at once"}.get(x, SYMBOLS[x]))
    ax.set_ylabel("fraction of machines that keep the pattern" if y == "kept" else "rescaled overlap m̃")


def _bare(ax: "Axes", table: "Table", rest: Sequence[str], x: str, y: str) -> None:
    for k, (label, rows) in enumerate(_groups(table, rest)):
        points = sorted((row[x], row[y]) for row in rows)
        style: dict[str, Any] = {"color": str(0.13 * (k % 6)), "marker": MARKERS[k % 7], "linestyle": STYLES[k % 4]}
        ax.plot(*np.array(points, float).T, **style, markersize=4, label=label)


def _basin(ax: "Axes", table: "Table", shown: Sequence[str]) -> None:
    rest = [name for name in shown if name != "alpha"]
    _lines(ax, _groups(table, rest), lambda row: row["alpha"], "m0_edge", "m0_edge_err")
    ax.set_xlabel("load α")
    ax.set_ylabel("initial overlap m₀ at the edge of the basin")
