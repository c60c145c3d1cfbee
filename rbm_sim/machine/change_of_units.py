"""The same machine with its units measured from another origin and in other units: real values, {0, 1} and ±1."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim.machine.rbm import RBM
from rbm_sim.units import Bernoulli, Gaussian, Normal, Spin, TwoValued, Unit


def in_units(rbm: RBM, shift: ArrayLike, scale: ArrayLike | None = None) -> tuple[RBM, float]:
    """Machine of v = shift + scale × x, given the machine of x; the law is the same.

    With U(x) = γx²/2 − g x it has the weights w/scale, stiffness γ/scale² and fields g/scale + γ shift/scale², and its
    hidden units the inputs Σ_i (v_i − shift_i) w_iμ/scale_i, so that their offsets grow by Σ_i w_iμ shift_i/scale_i.

    Parameters
    ----------
    rbm : RBM
        Machine with `Gaussian` or `Normal` visible units.
    shift : array_like, shape (N,)
        Value of v at x = 0.
    scale : array_like, shape (N,), optional
        Units of x in those of v, > 0; 1 if they are left out, the weights then being those of `rbm` themselves.

    Returns
    -------
    machine : RBM
        The machine of v, in double precision if `scale` is given; its hidden units, if they were `Gaussian`, are
        `Normal` ones.
    constant : float
        E_x(x, h) − E_v(v, h), so that ln Z_v = ln Z_x + Σ_i ln scale_i + constant/T.

    Raises
    ------
    ValueError
        If the visible units are of another type.
    """
    if not isinstance(rbm.visible, Gaussian | Normal):
        raise ValueError(f"rbm.visible is {type(rbm.visible).__name__}: must be Gaussian or Normal units")
    N, M = rbm.shape
    shift = np.full(N, shift, float)
    ratio = shift if scale is None else shift / np.full(N, scale, float)
    g, gamma = quadratic(rbm.visible, N)
    constant = float(np.sum((gamma * ratio / 2 + g) * ratio))
    field, offset = g + gamma * ratio, np.zeros(M) + rbm.hidden.offset + rbm.matrix.forward(ratio.astype(rbm.dtype))
    if scale is not None:
        scale = np.full(N, scale, float)
        field, gamma = field / scale, gamma / scale**2
        weights = rbm.weights / scale[:, None]
        offset = rbm.hidden.offset + ratio @ rbm.weights.astype(float)
    machine = RBM(
        rbm.matrix if scale is None else weights, visible=Normal(field, gamma), hidden=_offset(rbm.hidden, offset)
    )
    return machine, constant


def from_rest(rbm: RBM, v: np.ndarray) -> tuple[RBM, np.ndarray, float]:
    """Machine and configurations with real-valued visible units measured from where they rest without couplings.

    F(v) and ln Z of units that are far from 0 are large numbers, and their difference is lost to rounding: far by 10⁹
    standard deviations they are 10¹⁸, and doubles there are 128 apart.

    Parameters
    ----------
    rbm : RBM
        Any machine.
    v : ndarray, shape (..., N)
        Visible configurations, in double precision.

    Returns
    -------
    machine, v : RBM, ndarray
        Of `Normal` units those of v − g/γ; of others the same as were given.
    constant : float
        As for `in_units`: ln Z of the machine that is returned is that of `rbm` plus constant/T.
    """
    if not isinstance(rbm.visible, Normal):
        return rbm, v, 0.0
    g, gamma = quadratic(rbm.visible, rbm.shape[0])
    machine, constant = in_units(rbm, -g / gamma)
    return machine, v - g / gamma, constant


def quadratic(unit: Gaussian | Normal, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Fields g and stiffness γ of a layer with U(x) = γx²/2 − g x.

    Parameters
    ----------
    unit : Gaussian or Normal
        The layer.
    size : int
        Number of its units.

    Returns
    -------
    g, gamma : ndarray of float64, shape (size,)
        Its parameters.
    """
    g, gamma = (unit.g, unit.gamma) if isinstance(unit, Normal) else (0.0, 1.0)
    return np.full(size, g, float), np.full(size, gamma, float)


def with_spins(rbm: RBM) -> tuple[RBM, float]:
    """Machine with units ±1 in place of those of {0, 1}, s = 2v − 1, in whichever layer they are; the law is the same.

    Of two such layers the weights are w/4, the fields g_i/2 + Σ_μ w_iμ/4 and b_μ/2 + Σ_i w_iμ/4, and the constant is
    Σ g/2 + Σ b/2 + Σ w/4. Layers of other units stay what they are, with other offsets.

    Parameters
    ----------
    rbm : RBM
        Any machine; its weights become an array.

    Returns
    -------
    machine : RBM
        The machine of s; `Gaussian` units, which have no fields, become `Normal` ones.
    constant : float
        That of ln Z at temperature T: ln Z of `rbm` is that of `machine` plus constant/T.

    Examples
    --------
    >>> import rbm_sim
    >>> machine, constant = with_spins(rbm_sim.RBM([[4.0]], visible=Bernoulli(1.0), hidden=Bernoulli(0.5)))
    >>> machine.weights.tolist(), machine.visible.g.tolist(), machine.hidden.g.tolist(), constant
    ([[1.0]], [1.5], [1.25], 1.75)
    """
    return _with_values(rbm, Spin)


def with_zero_one(rbm: RBM) -> tuple[RBM, float]:
    """Machine with units of {0, 1} in place of those of ±1, v = (1 + s)/2: the inverse of `with_spins`.

    Parameters
    ----------
    rbm : RBM
        Any machine; its weights become an array.

    Returns
    -------
    machine : RBM
        The machine of v; `Gaussian` units, which have no fields, become `Normal` ones.
    constant : float
        That of ln Z at temperature T: ln Z of `rbm` is that of `machine` plus constant/T.
    """
    return _with_values(rbm, Bernoulli)


def _with_values(rbm: RBM, kind: type[TwoValued]) -> tuple[RBM, float]:
    """Both layers, if they are two-valued, with the values of another kind."""
    machine, visible = _visible_with_values(rbm, kind)
    turned, hidden = _visible_with_values(machine.transposed(), kind)
    return turned.transposed(), visible + hidden


def _visible_with_values(rbm: RBM, kind: type[TwoValued]) -> tuple[RBM, float]:
    """With v = a + c x in −Σ w v h − Σ g v + U(h): weights c w, fields c g, offsets b − a Σ_i w, constant a Σ g."""
    other = Bernoulli if kind is Spin else Spin
    if not isinstance(rbm.visible, TwoValued) or type(rbm.visible) is not other:
        return rbm, 0.0
    c = (1 - rbm.visible.low) / (1 - kind.low)
    a = 1 - c
    g = np.asarray(rbm.visible.g, float)
    w = rbm.weights
    offset = rbm.hidden.offset - a * w.sum(axis=0, dtype=float)
    machine = RBM(w * w.dtype.type(c), visible=kind(c * g), hidden=_offset(rbm.hidden, offset))
    return machine, float(a * g.sum())


def _offset(unit: Unit, offset: np.ndarray) -> Unit:
    """A layer of other offsets; Gaussian units have none."""
    return (Normal() if isinstance(unit, Gaussian) else unit)._with_offset(offset)
