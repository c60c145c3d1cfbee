"""Where curves have all but reached an end: no unit is moved by the noise, or C = a at any load that is asked for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from replica.models.layers.curve_equations import LayerEquations
from replica.models.layers.saddle_equations import TwoLayers
from replica.potentials.averages import field_averages

__all__ = ["LEAST_RESPONSE", "at_rest", "margin_at_load"]

COLD_REACH, WARM_REACH = 8.0, 40.0
"""Distance of an input from a corner, over the noise and over T/v, at which units of the size v do not feel it."""
SMOOTH = 0.3
"""Noise and self-field, over T, that change averages by their squares only."""
AT = 1e-14
"""Relative distance of an input from a bend that is a rounding."""
QUIET = 1e-2
"""Noise, in its unit, that stands for little where corners are not known."""
LEAST_RESPONSE = 1e-9
"""Margin 1 − C/a below which states are left out: next to no hidden unit carries them."""
MARGINS = (1e-4, 1e-6)
"""Margins at which r is compared with its law r ~ (1 − C/a)⁻²."""


def at_rest(system: LayerEquations, y: NDArray) -> NDArray:
    """Whether no unit is moved by the noise or the self-field: nothing lies between these points and s = 0.

    q, C and r are then those without noise, down to α → 0.

    Parameters
    ----------
    system : LayerEquations
        The equations, R rows.
    y : array, shape (R, 4)
        Points of curves.

    Returns
    -------
    array of bool, shape (R,)
        Answers.
    """
    m, s, b = system.physical(y)
    layers, units = system.layers, system.units
    T, v = layers.T, units.v
    corners, bent = _corners(layers)
    if not corners.shape[-1]:
        cold = s < QUIET * units.s
    else:
        inputs = m[:, None] * layers.law.w
        away = np.abs(corners[:, :, None] - inputs[:, None, :])
        own = m[:, None] * np.sqrt(np.broadcast_to(layers.law.normal, layers.law.w.shape))
        # at a bend itself the noise of any size does the same to a unit
        at_bend = bent[:, :, None] & (away <= AT * np.abs(inputs[:, None, :]))
        away -= COLD_REACH * np.hypot(s[:, None], own)[:, None, :]
        felt = np.broadcast_to(layers.law.weight != 0, inputs.shape)
        # a normal part of W that is much wider than the noise hides it
        felt = felt & ~((own > 0) & (s[:, None] < QUIET * own))
        away = np.where(felt[:, None, :] & ~at_bend, away, np.inf).min(axis=(1, 2))
        cold = away > WARM_REACH * T / v + 2 * b * v
        if layers.law.density is not None:
            cold = s < QUIET * m * np.sqrt(layers.p)
    return cold | ((v * s < SMOOTH * T) & (b * v * v < SMOOTH * T))


def _corners(layers: TwoLayers) -> tuple[NDArray, NDArray]:
    """Inputs at which units jump or bend, shape (R, K); inf for values never the best; at T = 0 which bend."""
    T = layers.T
    corners = np.asarray(layers.visible.corners(np.zeros_like(T), np.where(T > 0, T, 1.0)))
    cold, bent = np.nonzero(T == 0)[0], np.zeros(corners.shape, dtype=bool)
    if corners.shape[-1] and len(cold):
        at = corners[cold]
        width = 1e-6 * np.maximum(np.abs(at).max(axis=-1, keepdims=True), 1e-300)
        near, nearer = (field_averages(layers.visible, at, s, 0 * at, 0 * at).chi for s in (width, width / 10))
        corners[cold] = np.where(near == 0, np.inf, at)
        bent[cold] = (near > 0) & (np.abs(nearer - near) < 1e-3 * near)
    return corners, bent


def margin_at_load(system: LayerEquations, m: NDArray, log_s: NDArray, log_load: NDArray) -> NDArray:
    """1 − C/a at small loads on curves that end where C = a, α ~ (1 − C/a)²; inf where that is not the law.

    Parameters
    ----------
    system : LayerEquations
        The equations, R rows.
    m, log_s : array, shape (R,)
        The ends, in natural units.
    log_load : array, shape (R,)
        Loads.

    Returns
    -------
    array, shape (R,)
        Margins; 0 where hidden units are silent to all digits.
    """
    layers, units = system.layers, system.units
    s = np.exp(log_s) * units.s
    with np.errstate(all="ignore"):
        q = layers.visible_layer(0 * s if system.frozen else m * units.m, s, 0.0).q
        # no closer than averages of these units allow
        margins = [np.maximum(x, (2 + 8 * (x == max(MARGINS))) * system.closest) for x in MARGINS]
        scaled = [layers.hidden_layer(q, layers.softest * (1 - x)).r * x * x for x in margins]
        lawful = np.abs(scaled[1] - scaled[0]) <= 1e-2 * scaled[0]
        return np.where(lawful, np.sqrt(np.exp(log_load) * layers.p * scaled[1]) / s, np.inf)
