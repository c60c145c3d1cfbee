"""What a machine couples: interactions of its visible units beyond pairs, and machines for given pair interactions.

Summing over the hidden units leaves couplings between the visible ones of every order at which the hidden law has a
cumulant; Gaussian hidden units have two, and make exactly the pair model (the transformation of Hubbard and
Stratonovich), which `pair_machine` inverts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from rbm_sim._support import check
from rbm_sim.machine.rbm import RBM
from rbm_sim.units import Gaussian, TwoValued, Unit

MAX_ENTRIES = 10**8


def effective_couplings(rbm: RBM, order: int, T: float = 1.0) -> np.ndarray:
    """Couplings J_{i…j} = T^{1−n} Σ_μ κ_n^μ w_{iμ}…w_{jμ} of n visible units, κ_n^μ the cumulant of h_μ at no input.

    They are those of F(v) = F_0 + Σ_i U_i(v_i) − Σ_n (1/n!) Σ_{i…j} J_{i…j} v_i…v_j.

    Parameters
    ----------
    rbm : RBM
        The machine; its visible units may be of any type.
    order : int
        Order n, >= 1: 1 for the fields, 2 for the pairs, …
    T : float
        Temperature, > 0.

    Returns
    -------
    ndarray, shape (N,) * order
        J, symmetric in its indices. Entries with equal indices belong to it, and can be given to lower orders
        where v² = 1 or v² = v.

    Raises
    ------
    ValueError
        If `order` is not a whole number >= 1, there are more than 10⁸ couplings, or T <= 0.

    Notes
    -----
    The series converges where every input |I_μ| is less than the distance to the nearest complex zero of the
    partition function of its unit: √(g² + π²T²) for Bernoulli units, √(g² + π²T²/4) for spins, and
    |θ + (1.91599 + 2.81636 i) √T| for ReLU units. With Gaussian units it ends at n = 2, J = w wᵀ.

    Examples
    --------
    >>> import rbm_sim
    >>> rbm = rbm_sim.RBM([[1.0], [-2.0]], visible=rbm_sim.Spin(), hidden=rbm_sim.Gaussian())
    >>> rbm_sim.couplings.effective_couplings(rbm, 2)
    array([[ 1., -2.],
           [-2.,  4.]])
    """
    order = check.integer("order", order, at_least=1)
    T = check.number("T", T, above=0)
    w = rbm.weights
    N, M = w.shape
    if N**order > MAX_ENTRIES:
        raise ValueError(f"order = {order}: {N}^{order} couplings, must be at most {MAX_ENTRIES}")
    kappa = rbm.hidden.cumulant(np.zeros(M, w.dtype), order, T)
    half = order // 2
    J = (T ** (1 - order) * kappa * _products(w, half)) @ _products(w, order - half).T
    return J.reshape((N,) * order)


def truncated_free_energy(rbm: RBM, v: ArrayLike, order: int, T: float = 1.0) -> np.ndarray:
    """Free energy F(v) with its couplings up to an order: Σ_i U_i(v_i) − T Σ_μ Σ_{n≤order} κ_n^μ (I_μ/T)^n/n!.

    The term n = 0 is K_μ(0), so that the values are comparable with those of `RBM.free_energy`.

    Parameters
    ----------
    rbm : RBM
        The machine.
    v : array_like, shape (..., N)
        Visible configurations.
    order : int
        Highest order kept, >= 1.
    T : float
        Temperature, > 0.

    Returns
    -------
    ndarray, shape (...)
        F(v) up to that order, one number for each configuration, in time O(N M).

    Raises
    ------
    ValueError
        If `v` does not fit, `order` is not a whole number >= 1, or T <= 0.
    """
    order = check.integer("order", order, at_least=1)
    T = check.number("T", T, above=0)
    v = rbm.configurations(v)
    I = rbm.inputs(v)
    none = np.zeros(I.shape[-1], I.dtype)
    K = np.broadcast_to(rbm.hidden.log_partition(none, T), I.shape)
    power = np.ones_like(I)
    for n in range(1, order + 1):
        power = power * I / (n * T)
        K = K + rbm.hidden.cumulant(none, n, T) * power
    return rbm.visible.potential(v).sum(axis=-1) - T * K.sum(axis=-1)


def pair_machine(J: ArrayLike, visible: Unit, *, dtype: DTypeLike = np.float64) -> RBM:
    """Machine with Gaussian hidden units whose visible law is that of H(v) = −½ Σ_{i≠j} J_ij v_i v_j − Σ_i g_i v_i.

    The laws agree at every temperature: w wᵀ = J with a shift of the diagonal that makes it positive
    semidefinite. On the diagonal v² = 1, a constant, or v² = v, a field that is taken off g.

    Parameters
    ----------
    J : array_like, shape (N, N)
        Couplings, symmetric, of any signs. The diagonal has no part in H.
    visible : Bernoulli or Spin
        Visible units, with their fields g.
    dtype : dtype
        Type of the weights, float64 or float32.

    Returns
    -------
    RBM
        The machine. It has one hidden unit for each eigenvalue of J that is not 0, after the shift if there is a
        negative one: a diagonal given with J can save hidden units.

    Raises
    ------
    ValueError
        If `J` is not a symmetric matrix of finite numbers, `visible` not a two-valued unit that fits it, or the
        dtype another one.

    References
    ----------
    A. Barra, A. Bernacchia, E. Santucci and P. Contucci, Neural Networks 34, 1 (2012).

    Examples
    --------
    >>> import rbm_sim
    >>> rbm = rbm_sim.couplings.pair_machine([[0.0, -1.0], [-1.0, 0.0]], rbm_sim.Spin(0.5))
    >>> F = rbm.free_energy([[1, 1], [1, -1], [-1, -1]])
    >>> (F - F[0] + 0.0).round(12)  # H = 0, -1, 2 above the first
    array([ 0., -1.,  2.])
    """
    J = check.real_array("J", J, np.float64)
    if J.ndim != 2 or J.shape[0] != J.shape[1] or J.size == 0:
        raise ValueError(f"J has shape {J.shape}: must be (N, N), N at least 1")
    if np.abs(J - J.T).max() > 1e-6 * np.abs(J).max():
        i, j = np.unravel_index(np.abs(J - J.T).argmax(), J.shape)
        raise ValueError(f"J has entries {J[i, j]:g} at {[int(i), int(j)]} and {J[j, i]:g} opposite: must be symmetric")
    if not isinstance(visible, TwoValued):
        raise ValueError(f"visible = {visible!r}: must be Bernoulli or Spin units")
    if dtype not in (np.float32, np.float64):
        raise ValueError(f"dtype = {dtype!r}: must be float32 or float64")
    rbm = RBM(_square_root(J).astype(dtype), visible=visible, hidden=Gaussian())
    # ½ D v² with D the diagonal of w wᵀ and v² = (1 + low) v − low
    diagonal = np.square(rbm.weights, dtype=np.float64).sum(axis=1)
    offset = rbm.visible.offset + (1 + visible.low) * diagonal / 2
    return RBM(rbm.weights, visible=rbm.visible._with_offset(offset), hidden=Gaussian())


def _square_root(J: np.ndarray) -> np.ndarray:
    """Matrix w with w wᵀ = J off the diagonal, without columns of rounding errors but with at least one."""
    eigenvalues, vectors = np.linalg.eigh((J + J.T) / 2)
    shifted = eigenvalues - min(eigenvalues[0], 0.0)
    keep = shifted > len(J) * np.finfo(float).eps * np.abs(eigenvalues).max()
    keep[-1] = True
    return vectors[:, keep] * np.sqrt(shifted[keep])


def _products(w: np.ndarray, count: int) -> np.ndarray:
    """All products w_{iμ}…w_{jμ} of `count` weights of a hidden unit, shape (N^count, M)."""
    result = np.ones((1, w.shape[1]), w.dtype)
    for _ in range(count):
        result = (result[:, None] * w).reshape(-1, w.shape[1])
    return result
