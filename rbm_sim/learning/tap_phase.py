"""The model part of the gradient from TAP equations instead of chains: no random numbers, and no noise of samples.

Each of as many points as a batch has data is the visible layer of a solution, or on the way to one: means a_i, whose
variances are (1 − a)(a − low) where units have two values. Sweeps of the equations move it on, from where the last
batch left it (`persistent`) or from the data, and the points together stand for the states of the machine:

    ⟨v_i h_μ⟩ = mean over the points of a_i a_μ + w_iμ c_i c_μ.

At weak weights there is one solution. Persistent points meet there, and as nothing is random they stay together when it
splits into several; those that start at the data come to all of them.

References
----------
M. Gabrié, E. W. Tramel and F. Krzakala, NIPS 28, 640 (2015).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rbm_sim.learning.options import Options
from rbm_sim.machine.rbm import RBM
from rbm_sim.tap.equations import Equations, Means
from rbm_sim.tap.iteration import follow
from rbm_sim.units import DReLU, TwoValued, Unit


class ModelPart(NamedTuple):
    """Means at the points.

    Attributes
    ----------
    v, h : ndarray of float32, shape (points, N), (points, M)
        a_i and a_μ.
    covariance : ndarray of float32, shape (N, M)
        Sum over the points of w_iμ c_i c_μ.
    """

    v: np.ndarray
    h: np.ndarray
    covariance: np.ndarray


def check_layers(options: Options, visible: Unit, hidden: Unit) -> None:
    """Refuse units whose gradient is not here, if it is asked for.

    Parameters
    ----------
    options : Options
        `negative` says where the model part is taken.
    visible, hidden : Unit
        The layers.

    Raises
    ------
    ValueError
        Unless the visible units have two values and the hidden ones a single parameter.
    """
    if options.negative == "tap" and (not isinstance(visible, TwoValued) or isinstance(hidden, DReLU)):
        kinds = f"{type(visible).__name__} and {type(hidden).__name__}"
        raise ValueError(
            f"negative = 'tap': must be 'chains' for {kinds} units; it is for Bernoulli or Spin visible units and "
            "Bernoulli, Spin, Gaussian or ReLU hidden ones"
        )


def model_part(rbm: RBM, points: np.ndarray, k: int) -> ModelPart:
    """Move the points on, and what the machine has there.

    Parameters
    ----------
    rbm : RBM
        The machine; visible units of two values.
    points : ndarray, shape (points, N)
        Visible means, or data.
    k : int
        Sweeps, >= 1.

    Returns
    -------
    ModelPart
        Means and covariances after them, at second order and T = 1.
    """
    equations = Equations(rbm, 2, 1.0)
    a = points.astype(np.float64)
    v, h = follow(equations, Means(a, (1 - a) * (a - rbm.visible.low)), k)  # type: ignore[attr-defined]
    covariance: np.ndarray = equations.rbm.weights * (v.variance.T @ h.variance)
    return ModelPart(*(x.astype(np.float32) for x in (v.mean, h.mean, covariance)))
