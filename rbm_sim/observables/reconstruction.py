"""What a machine makes of a configuration in one step to the hidden layer and back, and how far off that is."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim._support import check
from rbm_sim.machine.rbm import RBM


def reconstruct(rbm: RBM, v: ArrayLike, T: float = 1.0) -> np.ndarray:
    """Mean of the visible layer given the mean of the hidden layer given v: r = ⟨v | h⟩ at h = ⟨h | v⟩.

    Parameters
    ----------
    rbm : RBM
        Machine.
    v : array_like, shape (..., N)
        Visible configurations.
    T : float
        Temperature, >= 0; at T = 0 the most likely values stand for the means.

    Returns
    -------
    ndarray, shape (..., N)
        r, one for each configuration. No random numbers are drawn.

    Raises
    ------
    ValueError
        If `v` has another length or values outside the domain, or T < 0.

    Notes
    -----
    This is not the mean over a Gibbs step, in which h is drawn; the two agree where ⟨v | h⟩ is linear in h, that is for
    Gaussian visible units.

    Examples
    --------
    >>> import rbm_sim
    >>> rbm = rbm_sim.RBM([[1.0], [2.0]], visible=rbm_sim.Gaussian(), hidden=rbm_sim.Gaussian())
    >>> rbm_sim.reconstruct(rbm, [1.0, 1.0])
    array([3., 6.])
    """
    T = check.number("T", T, at_least=0)
    I = rbm.inputs(v)
    h = rbm.hidden.mean(I, T) if T else rbm.hidden.mode(I)
    fields = rbm.matrix.backward(h)
    r = rbm.visible.mean(fields, T) if T else rbm.visible.mode(fields)
    return r.reshape(*r.shape[:-1], *rbm.visible.axes(rbm.shape[0]))


def reconstruction_error(rbm: RBM, v: ArrayLike, T: float = 1.0) -> np.ndarray:
    """Mean squared difference of configurations and their reconstructions, (1/N) Σ_i (v_i − r_i)².

    Parameters
    ----------
    rbm : RBM
        Machine.
    v : array_like, shape (..., N)
        Visible configurations.
    T : float
        Temperature, >= 0, as for `reconstruct`.

    Returns
    -------
    ndarray, shape (...)
        The error, one for each configuration, in double precision.

    Raises
    ------
    ValueError
        If `v` has another length or values outside the domain, or T < 0.

    Notes
    -----
    It says how much of v the hidden layer keeps, and nothing about how probable v is: a machine that copies every
    configuration has no error, and learning does not descend it. `rbm_sim.partition.likelihood` measures that.

    Examples
    --------
    Each spin has a hidden one that copies it. Nothing has an error, and everything is equally probable:

    >>> import numpy as np, rbm_sim
    >>> rbm = rbm_sim.RBM(5 * np.eye(4), visible=rbm_sim.Spin(), hidden=rbm_sim.Spin())
    >>> float(rbm_sim.reconstruction_error(rbm, [1, 1, -1, 1]).round(6))
    0.0
    >>> round(float(rbm_sim.exact.log_likelihood(rbm, [1, 1, -1, 1])), 6)  # −4 ln 2
    -2.772589
    """
    v = rbm.configurations(v)
    difference = np.subtract(v, reconstruct(rbm, v, T).reshape(v.shape), dtype=np.float64)
    return (difference * difference).mean(axis=-1)
