"""One page on a placed machine: its place in two phase diagrams, its weights, and its laws beside those assumed."""

from __future__ import annotations

import base64
import html
import io
import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rbm_sim.joint.phase_lines import phase_lines
from rbm_sim.joint.placement import Placement
from rbm_sim.joint.prediction import homogeneous
from rbm_sim.joint.rescaling import Rescaled
from replica.diagrams.finite_size import phase_of_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["page"]

PHASES = ("ferromagnetic", "spin_glass", "compositional")
NODES = 21
SHOWN_UNITS, ACROSS = 20, 5
STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
img { max-width: 100%; height: auto; background: #fff; }
figure { margin: 1.5rem 0; }
.row { display: flex; flex-wrap: wrap; gap: .5rem; }
.row img { flex: 1 1 17rem; min-width: 0; object-fit: contain; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .2rem .6rem .2rem 0; border-bottom: 1px solid #8884; overflow-wrap: anywhere; }
td:nth-child(2) { white-space: nowrap; }
.answer { font-size: 1.15rem; border-left: 4px solid currentColor; padding-left: .8rem; }
"""
MEANINGS = {
    "N": "visible units",
    "M": "hidden units",
    "alpha": "load M/N",
    "p_hat": "sparsity of the weights",
    "W2": "mean squared norm of the weights of a hidden unit",
    "T_eff": "p_hat/W2, the temperature of the theory's machine",
    "theta": "mean threshold over √W2",
    "theta_sd": "scatter of the thresholds",
    "g": "mean field over W2",
    "g_sd": "scatter of the fields",
    "x_sd": "scatter of p_i/p",
    "source": "where activities are measured",
    "L_hat": "strongly active hidden units, measured",
    "L_hat_err": "standard error of their mean",
    "silent": "hidden units that are silent, mean",
    "m_tilde": "overlap with the strongly active units",
    "distance": "share of pixels in which two configurations differ",
    "ell_hat": "L_hat p_hat",
    "ell_star": "ℓ*, predicted",
    "L_predicted": "ℓ*/p_hat, strongly active hidden units, predicted",
    "m_predicted": "overlap, predicted",
    "f_star": "free energy at ℓ*",
    "f_sg": "free energy of the lowest spin glass",
    "f_zero": "free energy of ℓ → 0, without strongly active units",
    "phase": "phase",
    "laws": "whether from the machine's own laws or their means",
    "alpha_boundary": "nearest boundary in alpha",
    "alpha_beyond": "phase beyond it",
    "theta_boundary": "nearest boundary in theta",
    "theta_beyond": "phase beyond it",
    "g_boundary": "nearest boundary in g",
    "g_beyond": "phase beyond it",
    "valid": "whether all assumptions hold",
}


def page(found: Placement, name: str) -> str:
    """The page.

    Parameters
    ----------
    found : Placement
        The machine's place.
    name : str
        What the machine is called.

    Returns
    -------
    str
        A complete HTML document that needs no other file.
    """
    figures = "" if found.machine is None else "".join(_figures(found, found.machine))
    rows = "".join(
        f"<tr><th scope='row'>{key}</th><td>{html.escape(_text(value))}</td><td>{MEANINGS[key]}</td></tr>\n"
        for key, value in found.row().items()
        if key != "warnings"
    )
    said = "".join(f"<li>{html.escape(line)}</li>" for line in found.warnings)
    assumptions = f"<h2>Where the theory does not hold</h2><ul>{said}</ul>" if said else ""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>Place of {html.escape(name)}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>{html.escape(name)} in the phase diagram</h1>
<p class="answer">{html.escape(answer(found))}</p>
{assumptions}
{figures}
<h2>Numbers</h2>
<table>{rows}</table>
</main>
</body>
</html>
"""


def answer(found: Placement) -> str:
    """One sentence: the phase, and the number of strongly active units predicted and measured."""
    if not found.phase:
        return next(iter(found.warnings), "The phase is not known.")
    phase = found.phase.replace("_", " ")
    measured = f"measured on {found.source}: L̂ = {found.L_hat:.3g} ± {found.L_hat_err:.1g}"
    if not found.ell_star > 0:
        return f"By theory {phase}; {measured}."
    return f"By theory {phase}, with L* = ℓ*/p̂ = {found.L_predicted:.3g} strongly active hidden units; {measured}."


def _text(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _figures(found: Placement, machine: Rescaled) -> list[str]:
    from matplotlib.figure import Figure

    def drawn(draw: Callable[[Axes], object], width: float = 4.4, height: float = 3.8) -> Figure:
        figure = Figure(figsize=(width, height), layout="constrained")
        draw(figure.subplots())
        return figure

    planes = [drawn(partial(_plane, plane=plane)) for plane in _planes(machine)]
    laws = [drawn(partial(_law, label=label, values=values), 3.6, 3.0) for label, values in _laws(machine)]
    weights = [drawn(partial(draw, machine=machine)) for draw in (_strongest, _histogram)]
    size = f"N = {found.N} and p̂ = {found.p_hat:.3g}"
    titles = {
        f"Phases of machines of {size} whose units all have the mean p_i, g_i and θ_μ; the cross is this one.": planes,
        "Its laws (bars) and what the homogeneous theory puts in their place (lines).": laws,
        "Weights: those of the hidden units with the largest norm, and all of them against signs of one size.": weights,
    }
    return [_figure(figures, title) for title, figures in titles.items()]


LABELS = {"alpha": r"load $\alpha$", "theta": r"threshold $\tilde\theta$", "g": r"field $\tilde g$"}


class Plane(NamedTuple):
    """A cut through the phase diagram."""

    across: str
    x: np.ndarray
    """Values along the abscissa."""
    y: np.ndarray
    """Values of θ̃."""
    labels: np.ndarray
    """Phases, shape (θ̃, abscissa)."""
    lines: list[np.ndarray]
    """Boundaries, in units of the grid."""
    here: tuple[float, float]


def _planes(machine: Rescaled) -> list[Plane]:
    """The machine's cuts against the load and the field."""
    bare = homogeneous(machine)
    alpha, theta, g = (float(getattr(bare, name)) for name in ("alpha", "theta", "g"))
    y = np.linspace(min(theta - 1.5, -0.2), max(theta + 1.5, 2.5), NODES)
    across = {
        "alpha": np.geomspace(alpha / 10, alpha * 10, NODES),
        "g": np.linspace(min(g - 0.2, -0.35), max(g + 0.2, 0.1), NODES),
    }
    made = []
    for name, x in across.items():

        def phase(i: np.ndarray, j: np.ndarray, name: str = name, x: np.ndarray = x) -> np.ndarray:
            at = {name: _between(x, j, name), "theta": _between(y, i, "theta")}
            return phase_of_size(bare.unchecked(**at), machine.p, machine.machine.shape[0])[0]

        rows, columns = np.indices((NODES, NODES)).astype(float)
        labels = phase(rows, columns)
        made.append(Plane(name, x, y, labels, phase_lines(labels, phase), (alpha if name == "alpha" else g, theta)))
    return made


def _between(values: np.ndarray, at: np.ndarray, name: str) -> np.ndarray:
    """Values of a control at places between nodes."""
    nodes = np.arange(len(values))
    return np.exp(np.interp(at, nodes, np.log(values))) if name == "alpha" else np.interp(at, nodes, values)


def _plane(ax: Axes, plane: Plane) -> None:
    for segment in plane.lines:
        x, y = _between(plane.x, segment[:, 0], plane.across), _between(plane.y, segment[:, 1], "theta")
        ax.plot(x, y, "k-", linewidth=1.2)
    for phase in PHASES:
        inside = np.argwhere(plane.labels == phase)
        if len(inside) > 0.02 * plane.labels.size:
            i, j = _deepest(plane.labels == phase)
            ax.text(plane.x[j], plane.y[i], phase.replace("_", " "), ha="center", va="center", fontsize=10)
    ax.plot(*plane.here, "kx", markersize=10, markeredgewidth=2.5)
    ax.set(
        xlabel=LABELS[plane.across],
        ylabel=LABELS["theta"],
        xscale="log" if plane.across == "alpha" else "linear",
        xlim=plane.x[[0, -1]],
        ylim=plane.y[[0, -1]],
    )


def _deepest(inside: np.ndarray) -> tuple[int, int]:
    """The node of a region that is farthest from its border and from the frame, along a row most of all."""
    from scipy.ndimage import distance_transform_edt

    depth = distance_transform_edt(np.pad(inside, 1), sampling=(1.0, 0.4))[1:-1, 1:-1]
    i, j = np.unravel_index(int(np.argmax(depth)), inside.shape)
    return int(i), int(j)


def _laws(machine: Rescaled) -> tuple[tuple[str, np.ndarray], ...]:
    return (r"$\tilde\theta_\mu$", machine.theta), (r"$\tilde g_i$", machine.g), (r"$p_i/p$", machine.x)


def _law(ax: Axes, label: str, values: np.ndarray) -> None:
    ax.hist(values, bins=min(40, max(5, round(math.sqrt(len(values))))), color="0.7", edgecolor="black", linewidth=0.4)
    ax.axvline(values.mean(), color="black", linestyle="--")
    ax.set(xlabel=label, ylabel="units")


def _strongest(ax: Axes, machine: Rescaled) -> None:
    w = machine.machine.weights.astype(float)
    strongest = w[:, np.argsort(-(w**2).sum(axis=0))[:SHOWN_UNITS]]
    side = math.isqrt(len(w))
    if side * side == len(w):
        tiles = [np.pad(c.reshape(side, side), 1) for c in strongest.T]
        tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % ACROSS)
        picture = np.vstack([np.hstack(tiles[i : i + ACROSS]) for i in range(0, len(tiles), ACROSS)])
    else:
        picture = strongest.T
    size = float(np.abs(strongest).max()) or 1.0
    drawn = ax.imshow(picture, cmap="gray", vmin=-size, vmax=size)
    if side * side != len(w):
        ax.set_aspect("auto")
    ax.set(xticks=[], yticks=[], xlabel="hidden units with the largest norms")
    ax.figure.colorbar(drawn, ax=ax, label="weight")


def _histogram(ax: Axes, machine: Rescaled) -> None:
    normal = np.sqrt(machine.machine.shape[0] / machine.W2 * machine.p) * machine.machine.weights.astype(float).ravel()
    ax.hist(normal, bins=101, color="0.5", log=True)
    for place in (-1, 0, 1):
        ax.axvline(place, color="black", linestyle="--", linewidth=0.8)
    ax.set(xlabel=r"weight $\times\sqrt{N\hat p/W_2}$", ylabel="weights")


def _figure(figures: list[Figure], caption: str) -> str:
    images = "".join(_image(figure, caption) for figure in figures)
    return f"<figure><div class='row'>{images}</div><figcaption>{html.escape(caption)}</figcaption></figure>\n"


def _image(figure: Figure, caption: str) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=150, metadata={"Software": None})
    data = base64.b64encode(buffer.getvalue()).decode()
    return f'<img src="data:image/png;base64,{data}" alt="{html.escape(caption)}">'
