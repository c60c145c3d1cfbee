"""What is measured on configurations and on weights: overlaps, order parameters, distances, sparsity."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from rbm_sim import _check
from rbm_sim.rbm import RBM
from rbm_sim.units import TwoValued
from rbm_sim.weights import Dense, Weights, stored

_COLUMNS = 256  # hidden units looked at together, where the weights are not stored as an array


class OrderParameters(NamedTuple):
    """Order parameters of one configuration, or of many.

    Attributes
    ----------
    m : ndarray, shape (..., L)
        Overlaps with the condensed patterns.
    q : float or ndarray, shape (...)
        Activity of the visible units.
    r : float or ndarray, shape (...)
        Mean square of the weak hidden units; nan if there are none.
    """

    m: np.ndarray
    q: Any
    r: Any


class Histogram(NamedTuple):
    """Density of the values of many units, with its error from one configuration to another.

    Attributes
    ----------
    edges : ndarray, shape (bins + 1,)
        Edges of the bins.
    density : ndarray, shape (bins,)
        Fraction of all values per unit length: it integrates to the fraction between the outer edges.
    stderr : ndarray, shape (bins,)
        Standard error of the density; nan for a single configuration.
    n : int
        Number of configurations.
    """

    edges: np.ndarray
    density: np.ndarray
    stderr: np.ndarray
    n: int


def participation_ratio(h: Any, a: float = 3) -> np.ndarray:
    """Number of strongly active units, L̂ = (Σ_μ |h_μ|^a)² / Σ_μ |h_μ|^{2a}.

    Parameters
    ----------
    h : array_like, shape (..., M)
        Activities; the sums run over the last axis.
    a : float
        Exponent, > 0; the larger it is, the less the weak units count.

    Returns
    -------
    ndarray, shape (...)
        L̂, between 1 and M; 0 where all activities are 0.

    Raises
    ------
    ValueError
        If an argument is not finite, `h` is a scalar, or a <= 0.

    References
    ----------
    J. Tubiana and R. Monasson, Phys. Rev. Lett. 118, 138301 (2017), with a = 3.

    Examples
    --------
    >>> import rbm_sim
    >>> float(rbm_sim.participation_ratio([2, 2, 0, 0]))
    2.0
    """
    a = _check.number("a", a, above=0)
    h = np.abs(_check.real_array("h", h).astype(float))
    if h.ndim == 0:
        raise ValueError(f"h = {h}: must have at least one axis, the hidden units")
    scale = h.max(axis=-1, keepdims=True, initial=0)  # powers of activities neither overflow nor underflow
    x = (h / np.where(scale > 0, scale, 1)) ** a
    return x.sum(axis=-1) ** 2 / np.maximum((x * x).sum(axis=-1), 1 - np.sign(scale[..., 0]))


def weight_sparsity(w: Any) -> float:
    """Fraction of non-zero weights, p̂ = (1/MN) Σ_μ (Σ_i w_{iμ}²)² / Σ_i w_{iμ}⁴.

    Parameters
    ----------
    w : array_like, scipy.sparse array or Weights, shape (N, M)
        Weights, visible × hidden.

    Returns
    -------
    float
        p̂, between 0 and 1; a hidden unit without weights counts 0.

    Raises
    ------
    ValueError
        If `w` is not a matrix of finite numbers.

    References
    ----------
    J. Tubiana and R. Monasson, Phys. Rev. Lett. 118, 138301 (2017).

    Examples
    --------
    >>> import rbm_sim
    >>> rbm_sim.weight_sparsity([[1, 0], [-1, 0]])
    0.5
    """
    matrix = _matrix("w", w)
    ratios = [participation_ratio(columns.T, a=2) for columns in _column_blocks(matrix)]
    return float(np.concatenate(ratios).mean() / matrix.shape[0])


def weight_norm(w: Any) -> float:
    """Mean squared norm of the weights of a hidden unit, W₂ = (1/M) Σ_{iμ} w_{iμ}².

    Parameters
    ----------
    w : array_like, scipy.sparse array or Weights, shape (N, M)
        Weights, visible × hidden.

    Returns
    -------
    float
        W₂.

    Raises
    ------
    ValueError
        If `w` is not a matrix of finite numbers.

    References
    ----------
    J. Tubiana and R. Monasson, Phys. Rev. Lett. 118, 138301 (2017).

    Examples
    --------
    >>> from rbm_sim import measure
    >>> measure.weight_norm([[1, 0], [-1, 2]])
    3.0
    """
    matrix = _matrix("w", w)
    return float(sum((columns**2).sum() for columns in _column_blocks(matrix)) / matrix.shape[1])


def silent_units(h: Any) -> np.ndarray:
    """Which hidden units are never active, h_μ = 0 in all the activities given.

    Parameters
    ----------
    h : array_like, shape (..., M)
        Activities of the hidden layer, at least one configuration.

    Returns
    -------
    ndarray of bool, shape (M,)
        True for the silent units; its mean is their fraction.

    Raises
    ------
    ValueError
        If `h` is empty, a scalar, or not finite.

    Examples
    --------
    >>> from rbm_sim import measure
    >>> measure.silent_units([[0, 0, 1.5], [2.0, 0, 0]])
    array([False,  True, False])
    """
    h = _check.real_array("h", h)
    if h.ndim == 0 or h.size == 0:
        raise ValueError(f"h has shape {h.shape}: must be (..., M), at least one configuration")
    return (h == 0).all(axis=tuple(range(h.ndim - 1)))


def distance(v: Any, other: Any) -> np.ndarray:
    """Fraction of the units in which two configurations differ.

    For {0, 1} this is (1/N) Σ_i [v_i (1 − v'_i) + v'_i (1 − v_i)], for spins (1/2N) Σ_i (1 − v_i v'_i).

    Parameters
    ----------
    v, other : array_like, shape (..., N)
        Configurations; the leading axes broadcast.

    Returns
    -------
    ndarray, shape (...)
        d, between 0 and 1.

    Raises
    ------
    ValueError
        If the shapes do not fit or a value is not finite.

    Examples
    --------
    >>> from rbm_sim import measure
    >>> float(measure.distance([1, 0, 1, 1], [1, 1, 1, 0]))
    0.5
    """
    v, other = _check.real_array("v", v), _check.real_array("other", other)
    try:
        fits = v.shape[-1:] == other.shape[-1:] and v.size * other.size > 0 and v.ndim > 0
        np.broadcast_shapes(v.shape, other.shape)
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"v and other have shapes {v.shape} and {other.shape}: must be (..., N) and broadcast")
    return (v != other).mean(axis=-1)


def histogram(x: Any, bins: Any) -> Histogram:
    """Density of the activities or inputs of a layer, with standard errors.

    The units of one configuration depend on each other, so that the errors come from the scatter between
    configurations, which should be independent.

    Parameters
    ----------
    x : array_like, shape (..., units)
        Values, configuration by configuration.
    bins : int or array_like, shape (bins + 1,)
        Number of bins between the smallest and the largest value, or their edges, increasing. A value on an edge
        belongs to the bin above it, that on the last one to the last bin.

    Returns
    -------
    Histogram
        Edges, density and standard errors.

    Raises
    ------
    ValueError
        If `x` is empty or not finite, or `bins` is neither a whole number >= 1 nor an increasing sequence.

    Examples
    --------
    >>> from rbm_sim import measure
    >>> measure.histogram([[0.1, 0.2], [0.3, 0.9]], [0, 0.5, 1]).density
    array([1.5, 0.5])
    """
    x = _check.real_array("x", x, np.float64)
    if x.ndim == 0 or x.size == 0:
        raise ValueError(f"x has shape {x.shape}: must be (..., units), at least one value")
    x = x.reshape(-1, x.shape[-1])
    n = len(x)
    if np.ndim(bins) == 0:
        edges = np.histogram_bin_edges(x, _check.integer("bins", bins, at_least=1))
    else:
        edges = _check.real_array("bins", bins, np.float64)
        if edges.ndim != 1 or len(edges) < 2 or (np.diff(edges) <= 0).any():
            raise ValueError(f"bins = {bins!r}: must be a whole number or increasing edges")
    size = len(edges) - 1
    index = np.searchsorted(edges, x, side="right") - 1
    index[x == edges[-1]] = size - 1
    inside = (index >= 0) & (index < size)
    cells = np.arange(n)[:, None] * size + index
    counts = np.bincount(cells[inside], minlength=n * size).reshape(n, size)
    density = counts / (x.shape[1] * np.diff(edges))
    stderr = density.std(axis=0, ddof=1) / np.sqrt(n) if n > 1 else np.full(size, np.nan)
    return Histogram(edges, density.mean(axis=0), stderr, n)


def overlaps(patterns: Any, v: Any) -> np.ndarray:
    """Overlaps with patterns, m_μ = (1/N) Σ_i ξ_{iμ} v_i.

    Parameters
    ----------
    patterns : array_like, scipy.sparse array or Weights, shape (N, L)
        Patterns ξ, one per column.
    v : array_like, shape (..., N)
        Visible configurations.

    Returns
    -------
    ndarray, shape (..., L)
        m, in double precision unless the patterns are stored in another.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    xi = _matrix("patterns", patterns)
    v = _check.real_array("v", v, xi.dtype)
    N = xi.shape[0]
    if v.ndim == 0 or v.shape[-1] != N:
        raise ValueError(f"v has shape {v.shape}: the last axis must have length {N}")
    return xi.forward(v) / N


def rescaled_overlap(rbm: RBM, v: Any, L: int | None = None) -> np.ndarray:
    """Overlap m̃ with the weights of the strongly active hidden units, 1 for a state made of one of them alone.

    m̃ = (1/L) Σ_{μ ≤ L} Σ_i w_{iμ} σ_i / Σ_i |w_{iμ}|, the hidden units in the order of their activities |h*_μ(v)|,
    with σ_i = 2v_i − 1 for {0, 1} and σ_i = v_i for spins.

    Parameters
    ----------
    rbm : RBM
        Machine with Bernoulli or Spin visible units.
    v : array_like, shape (..., N)
        Visible configurations.
    L : int, optional
        Number of hidden units that count, 1 to M; by default the participation ratio L̂ of the activities, with
        a = 3 and rounded, of each configuration.

    Returns
    -------
    ndarray, shape (...)
        m̃, between −1 and 1, in double precision; nan where by default no unit counts, as none is active. A unit
        without weights adds 0.

    Raises
    ------
    ValueError
        If an argument is out of its range, or the visible units do not have two values.

    References
    ----------
    J. Tubiana and R. Monasson, Phys. Rev. Lett. 118, 138301 (2017).

    Examples
    --------
    >>> import rbm_sim
    >>> rbm = rbm_sim.RBM([[1.0], [-1.0], [0.0]], visible=rbm_sim.Bernoulli(), hidden=rbm_sim.ReLU())
    >>> float(rbm_sim.measure.rescaled_overlap(rbm, [1, 0, 1]))
    1.0
    """
    low = _two_valued(rbm).low
    M = rbm.shape[1]
    v = rbm.configurations(v)
    activity = np.abs(rbm.hidden.mode(rbm.matrix.forward(v))).astype(float)
    if L is None:
        count = np.rint(participation_ratio(activity))[..., None]
    else:
        count = np.full((*v.shape[:-1], 1), _check.integer("L", L, at_least=1))
        if L > M:
            raise ValueError(f"L = {L}: there are only {M} hidden units")
    size = np.concatenate([np.abs(columns).sum(axis=0) for columns in _column_blocks(rbm.matrix)])
    overlap = rbm.matrix.forward((2 * v - (1 + low)) / (1 - low)) / np.where(size > 0, size, 1)
    ranked = np.take_along_axis(overlap, np.argsort(-activity, axis=-1, kind="stable"), axis=-1)
    total = (ranked * (np.arange(M) < count)).sum(axis=-1)
    return np.where(count > 0, total[..., None] / np.maximum(count, 1), np.nan)[..., 0]


def order_parameters(rbm: RBM, v: Any, *, n_condensed: int = 1, p: Any = 1.0) -> OrderParameters:
    """Order parameters at T = 0 of a random RBM, w = ξ/√N, whose first patterns are condensed.

    m_μ = I_μ/√N = (1/N) Σ_i ξ_{iμ} v_i for μ <= L;  q = (1/N) Σ_i (p_i/p) v_i²;
    r = mean of h*_μ² over the weak units μ > L.

    For spin and Gaussian units the last is the mean of (√N m_μ)², the r = q/(1 − C)² of Amit, Gutfreund and
    Sompolinsky; for ReLU units it is the mean of max(0, I − θ)². At T > 0 see `fluctuation`.

    Parameters
    ----------
    rbm : RBM
        Machine with weights ξ/√N.
    v : array_like, shape (..., N)
        Visible configurations.
    n_condensed : int
        Number L of condensed patterns, 1 to M.
    p : float or array_like, shape (N,)
        Densities p_i, needed only if they differ.

    Returns
    -------
    OrderParameters
        m, q and r, each with the leading axes of `v`.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    References
    ----------
    D. J. Amit, H. Gutfreund and H. Sompolinsky, Ann. Phys. 173, 30 (1987);
    J. Tubiana and R. Monasson, Phys. Rev. Lett. 118, 138301 (2017).
    """
    L = condensed(rbm, n_condensed)
    weight = densities(rbm, p)[1]
    v = rbm.configurations(v)
    inputs = rbm.matrix.forward(v)
    weak = rbm.hidden.mode(inputs)[..., L:].astype(float)
    q = (weight * v.astype(float) ** 2).mean(axis=-1)
    r = (weak**2).mean(axis=-1) if weak.size else np.full(v.shape[:-1], np.nan)
    m = inputs[..., :L].astype(float) / np.sqrt(rbm.shape[0])
    return OrderParameters(m, q, r) if v.ndim > 1 else OrderParameters(m, float(q), float(r))


def condensed(rbm: RBM, n_condensed: Any) -> int:
    """Check a number of condensed patterns.

    Parameters
    ----------
    rbm : RBM
        Machine.
    n_condensed : int
        Number L, 1 to M.

    Returns
    -------
    int
        L.

    Raises
    ------
    ValueError
        If it is out of its range.
    """
    L = _check.integer("n_condensed", n_condensed, at_least=1)
    if L > rbm.shape[1]:
        raise ValueError(f"n_condensed = {L}: there are only {rbm.shape[1]} hidden units")
    return L


def densities(rbm: RBM, p: Any) -> tuple[float, Any]:
    """Check the densities p_i of the rows of the weights.

    Parameters
    ----------
    rbm : RBM
        Machine.
    p : float or array_like, shape (N,)
        p_i, in (0, 1].

    Returns
    -------
    p : float
        Their mean.
    weight : float or ndarray, shape (N,)
        p_i/p.

    Raises
    ------
    ValueError
        If they are out of their range.
    """
    density = _check.layer_parameter("p", p)
    N = rbm.shape[0]
    if np.ndim(density) and len(density) != N:
        raise ValueError(f"p has {len(density)} entries: must be a scalar or one for each of {N} visible units")
    if np.min(density) <= 0 or np.max(density) > 1:
        raise ValueError(f"p = {p!r}: must lie in (0, 1]")
    mean = float(np.mean(density))
    return mean, density / mean


def _two_valued(rbm: RBM) -> TwoValued:
    if not isinstance(rbm.visible, TwoValued):
        raise ValueError(f"rbm.visible is {type(rbm.visible).__name__}: must be Bernoulli or Spin units")
    return rbm.visible


def _matrix(name: str, w: Any) -> Weights:
    """Return a matrix in its storage, an array in double precision, or raise."""
    if isinstance(w, Weights) or hasattr(w, "tocsr"):
        return stored(w)
    array = _check.real_array(name, w, np.float64)
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f"{name} has shape {array.shape}: must be a matrix, both axes at least 1")
    return Dense(array)


def _column_blocks(matrix: Weights) -> Iterator[np.ndarray]:
    """The weights of all hidden units in double precision, a few hidden units at a time."""
    for first in range(0, matrix.shape[1], _COLUMNS):
        yield matrix.columns(first, min(first + _COLUMNS, matrix.shape[1])).astype(np.float64, copy=False)
