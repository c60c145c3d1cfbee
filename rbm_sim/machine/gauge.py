"""Gauges of machines of Potts units: which of the weights that give the same law are taken.

The entries of a Potts unit sum to 1, so that w_iaμ → w_iaμ − c_iμ changes inputs by the constant −C_μ = −Σ_i c_iμ.
Hidden units with an offset b undo that by b_μ → b_μ − C_μ; for the Gaussian K = I²/2 fields g_ia → g_ia + Σ_μ C_μ w_iaμ
do, with the new weights. A constant in all fields of a unit changes nothing.
"""

from __future__ import annotations

import numpy as np

from rbm_sim._support import check
from rbm_sim.machine.rbm import RBM
from rbm_sim.units import Gaussian, Potts

GAUGES = ("zero-sum", "lattice-gas")


def project(x: np.ndarray, states: int, gauge: str) -> np.ndarray:
    """Bring parameters into a gauge, in place.

    Parameters
    ----------
    x : ndarray, shape (N × states, ...)
        Weights or fields.
    states : int
        Number of states of a unit.
    gauge : {"zero-sum", "lattice-gas"}
        Sums over the states of a unit are 0, or the parameters of its state 0 are.

    Returns
    -------
    ndarray, shape (N, ...)
        What was subtracted from all states of each unit.
    """
    parts = x.reshape(-1, states, *x.shape[1:])
    constant = parts.mean(axis=1) if gauge == "zero-sum" else parts[:, 0].copy()
    parts -= constant[:, None]
    return constant


def in_gauge(rbm: RBM, gauge: str = "zero-sum") -> RBM:
    """The machine with the same law of the visible units whose weights and fields are in a gauge.

    Parameters
    ----------
    rbm : RBM
        Machine with Potts visible units.
    gauge : {"zero-sum", "lattice-gas"}
        Sums over the states of a unit are 0, or the parameters of its state 0 are.

    Returns
    -------
    RBM
        The machine in the gauge; Gaussian hidden units are measured from another origin.

    Raises
    ------
    ValueError
        If the visible units are others, or there is no such gauge.
    """
    if not isinstance(rbm.visible, Potts):
        raise ValueError(f"rbm.visible is {type(rbm.visible).__name__}: must be Potts units")
    check.choice("gauge", gauge, GAUGES)
    w, g, hidden = rbm.weights.copy(), np.array(rbm.visible.g), rbm.hidden
    constant = project(w, rbm.visible.states, gauge).sum(axis=0)
    if isinstance(hidden, Gaussian):
        g += w @ constant
    else:
        hidden = hidden._with_offset(hidden.offset - constant)
    project(g, rbm.visible.states, gauge)
    return RBM(w, visible=rbm.visible._with_offset(-g), hidden=hidden)
