"""One page on a placed machine: its place in two phase diagrams, its weights, and its laws beside those assumed."""

from __future__ import annotations

import base64
import html
import io
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from rbm_sim.joint.placement import Placement
from rbm_sim.joint.prediction import homogeneous
from rbm_sim.joint.rescaling import Rescaled
from replica.diagrams.compositional_phases import phase_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["page"]

PHASES = ("ferromagnetic", "spin_glass", "compositional")
GREYS = ("1.0", "0.86", "0.7")
NODES = 29
SHOWN_UNITS = 24
STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
img { max-width: 100%; height: auto; background: #fff; }
figure { margin: 1.5rem 0; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .2rem .6rem .2rem 0; border-bottom: 1px solid #8884; overflow-wrap: anywhere; }
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

    planes = Figure(figsize=(9.6, 4.2), layout="constrained")
    left, right = planes.subplots(1, 2)
    _plane(left, machine, "alpha", "theta")
    _plane(right, machine, "g", "theta")
    laws = Figure(figsize=(9.6, 3.2), layout="constrained")
    _laws(laws, machine)
    weights = Figure(figsize=(9.6, 3.6), layout="constrained")
    _weights(weights, machine)
    titles = {
        "Phases of the machine whose units all have its mean p_i, g_i and θ_μ; the cross is this machine.": planes,
        "Its laws (bars) and what the homogeneous theory puts in their place (lines).": laws,
        "Weights: those of the hidden units with the largest norm, and all of them against signs of one size.": weights,
    }
    return [_figure(figure, title) for title, figure in titles.items()]


LABELS = {"alpha": r"load $\alpha$", "theta": r"threshold $\tilde\theta$", "g": r"field $\tilde g$"}


def _plane(ax: Axes, machine: Rescaled, across: str, up: str) -> None:
    bare = homogeneous(machine)
    here = {name: float(getattr(bare, name)) for name in ("alpha", "theta", "g")}
    values = {
        "alpha": np.geomspace(here["alpha"] / 10, here["alpha"] * 10, NODES),
        "theta": np.linspace(min(here["theta"] - 1.5, -0.2), max(here["theta"] + 1.5, 2.5), NODES),
        "g": np.linspace(min(here["g"] - 0.2, -0.35), max(here["g"] + 0.2, 0.1), NODES),
    }
    x, y = np.meshgrid(values[across], values[up])
    labels = phase_of(bare.unchecked(**{across: x, up: y}))[0]
    code = np.select([labels == phase for phase in PHASES], range(len(PHASES)), -1)
    ax.contourf(x, y, code, levels=[-0.5, 0.5, 1.5, 2.5], colors=GREYS)
    ax.contour(x, y, code, levels=[0.5, 1.5], colors="black", linewidths=0.8)
    for k, phase in enumerate(PHASES):
        if (code == k).sum() > 0.02 * code.size:
            inside = np.argwhere(code == k)
            i, j = inside[np.argmin(((inside - inside.mean(axis=0)) ** 2).sum(axis=1))]
            ax.text(x[i, j], y[i, j], phase.replace("_", " "), ha="center", va="center", fontsize=8)
    ax.plot(here[across], here[up], "kx", markersize=10, markeredgewidth=2.5)
    ax.set(xlabel=LABELS[across], ylabel=LABELS[up], xscale="log" if across == "alpha" else "linear")


def _laws(figure: Figure, machine: Rescaled) -> None:
    drawn = ((r"$\tilde\theta_\mu$", machine.theta), (r"$\tilde g_i$", machine.g), (r"$p_i/p$", machine.x))
    for ax, (label, values) in zip(figure.subplots(1, 3), drawn, strict=True):
        ax.hist(
            values, bins=min(40, max(5, round(math.sqrt(len(values))))), color="0.7", edgecolor="black", linewidth=0.4
        )
        ax.axvline(values.mean(), color="black", linestyle="--")
        ax.set(xlabel=label, ylabel="units")


def _weights(figure: Figure, machine: Rescaled) -> None:
    w = machine.machine.weights.astype(float)
    columns = figure.subplots(1, 2, width_ratios=[2, 1])
    strongest = w[:, np.argsort(-(w**2).sum(axis=0))[:SHOWN_UNITS]]
    side = math.isqrt(len(w))
    if side * side == len(w):
        tiles = [np.pad(c.reshape(side, side), 1) for c in strongest.T]
        tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % 8)
        picture = np.vstack([np.hstack(tiles[i : i + 8]) for i in range(0, len(tiles), 8)])
    else:
        picture = strongest.T
    size = float(np.abs(strongest).max()) or 1.0
    drawn = columns[0].imshow(
        picture, cmap="gray", vmin=-size, vmax=size, aspect="auto" if picture.shape[0] < side else None
    )
    columns[0].set(xticks=[], yticks=[], xlabel="hidden units with the largest norms")
    figure.colorbar(drawn, ax=columns[0], label="weight")
    normal = np.sqrt(machine.machine.shape[0] / machine.W2 * machine.p) * w.ravel()
    columns[1].hist(normal, bins=101, color="0.5", log=True)
    for place in (-1, 0, 1):
        columns[1].axvline(place, color="black", linestyle="--", linewidth=0.8)
    columns[1].set(xlabel=r"weight $\times\sqrt{N\hat p/W_2}$", ylabel="weights")


def _figure(figure: Figure, caption: str) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    data = base64.b64encode(buffer.getvalue()).decode()
    text = html.escape(caption)
    return f'<figure><img src="data:image/png;base64,{data}" alt="{text}"><figcaption>{text}</figcaption></figure>\n'
