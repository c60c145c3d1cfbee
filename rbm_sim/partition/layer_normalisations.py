"""What may be called a normalisation of the hidden layer, and what each does to F(v), ln Z and p(v); exact."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from rbm_sim._support import check
from rbm_sim.machine.rbm import RBM
from rbm_sim.partition import configurations
from rbm_sim.partition.trace_condition import all_states, total_variation
from rbm_sim.units import Potts, TwoValued

MAX_VISIBLE = 20
"""Largest visible layer whose free energies are written out."""


class LayerChange(NamedTuple):
    """Effect of a change of the hidden layer on the visible law.

    Attributes
    ----------
    F_min, F_max : float
        Smallest and largest change of F(v): a constant, if they are equal.
    log_Z : float
        Change of ln Z.
    distance : float
        Total variation between the laws before and after.
    """

    F_min: float
    F_max: float
    log_Z: float
    distance: float


class LayerChanges(NamedTuple):
    """Four things that may be called a normalisation of the hidden layer.

    Attributes
    ----------
    normalised : LayerChange
        Constants in the potentials, U_μ → U_μ + K_μ(0): each unit's free energy vanishes at no input.
    rescaled : LayerChange
        Weights times `scale`, hidden units divided by it: the same machine in other units of h.
    unbalanced : LayerChange
        Weights times `scale`, hidden units as they are.
    standardised : LayerChange
        Inputs I_μ(v) → (I_μ − mean over μ)/(standard deviation over μ), the layer normalisation of deep networks.
    """

    normalised: LayerChange
    rescaled: LayerChange
    unbalanced: LayerChange
    standardised: LayerChange


def layer_changes(rbm: RBM, scale: float = 2.0) -> LayerChanges:
    """Changes of F(v), ln Z and p(v) when the hidden layer is normalised or rescaled.

    normalised: F → F + Σ_μ K_μ(0). rescaled, w → a w and h → h/a: F → F for two-valued units, and F + M ln a for
    continuous ones, whose measure dh shrinks. Both leave p(v) alone; `unbalanced` and `standardised` do not.

    Parameters
    ----------
    rbm : RBM
        Machine with at most 20 two-valued visible units; the hidden ones may be of any type.
    scale : float
        The factor a, > 0.

    Returns
    -------
    LayerChanges
        The change of F(v), ln Z and p(v) under each of the four normalisations.

    Raises
    ------
    ValueError
        If the machine cannot be enumerated, or `scale` <= 0.

    Notes
    -----
    Where all inputs of a configuration are equal, such as at v = 0, `standardised` makes them 0.

    References
    ----------
    J. L. Ba, J. R. Kiros and G. E. Hinton, arXiv:1607.06450.
    """
    scale = check.number("scale", scale, above=0)
    N, M = rbm.shape
    if N > MAX_VISIBLE:
        raise ValueError(f"rbm has {N} visible units: at most {MAX_VISIBLE} can be written out")
    v = all_states(rbm.visible, N)
    rbm = configurations.double(rbm)
    field, I = rbm.visible.potential(v).sum(axis=1), v @ rbm.weights
    F, unbalanced, standardised = (
        field - rbm.hidden.log_partition(inputs).sum(axis=1) for inputs in (I, scale * I, _standardised(I))
    )
    jacobian = 0.0 if isinstance(rbm.hidden, TwoValued | Potts) else M * math.log(scale)
    return LayerChanges(
        _change(F, F + rbm.hidden.log_partition(np.zeros(M)).sum()),
        _change(F, F + jacobian),
        _change(F, unbalanced),
        _change(F, standardised),
    )


def _change(F: np.ndarray, F_new: np.ndarray) -> LayerChange:
    from scipy.special import logsumexp

    log_Z, log_Z_new = logsumexp(-F), logsumexp(-F_new)
    distance = total_variation(np.exp(-F - log_Z), np.exp(-F_new - log_Z_new))
    change = F_new - F
    return LayerChange(float(change.min()), float(change.max()), float(log_Z_new - log_Z), distance)


def _standardised(I: np.ndarray) -> np.ndarray:
    centred = I - I.mean(axis=1, keepdims=True)
    width = np.sqrt((centred**2).mean(axis=1, keepdims=True))
    equal = np.ptp(I, axis=1, keepdims=True) <= 1e-12 * np.abs(I).max(initial=0)  # rounding is no signal
    return np.where(equal, 0, centred / np.where(equal, 1, width))
