"""How probable data are to a machine: log-likelihood, pseudo-log-likelihood, and what independent units reach."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim._support import blas, check
from rbm_sim.machine.change_of_units import from_rest
from rbm_sim.machine.rbm import RBM
from rbm_sim.partition import exact, gaussian_layers, potts_conditionals
from rbm_sim.partition.ais import LogPartition
from rbm_sim.partition.annealing_path import smoothed
from rbm_sim.partition.bounds import check_log_partition
from rbm_sim.partition.conditional_density import log_conditionals
from rbm_sim.partition.configurations import double
from rbm_sim.partition.gaussian_layers import is_gaussian
from rbm_sim.partition.layer_sums import log_partition_sum, softplus
from rbm_sim.statistics.estimates import Estimate, estimate
from rbm_sim.units import Gaussian, Normal, Potts, TwoValued

ENUMERATED = 16
"""Units up to which ln Z is enumerated here: about a second beside a layer of 784."""

_CHUNK = 1 << 16  # changes of K at a time: they stay in the cache


class LogLikelihood(NamedTuple):
    """Mean log-likelihood of data, in nats for each configuration.

    Attributes
    ----------
    mean : float
        Mean of ln P(v).
    stderr : float
        Standard error from the scatter of the data, ln Z being the same for all; nan for one configuration.
    n : int
        Number of configurations.
    log_partition : float
        The ln Z that was used.
    log_partition_stderr : float
        Its standard error, which `mean` has in addition: 0 if exact or given as a number, but for the rounding of a
        number that is large only because real-valued visible units are far from 0.
    """

    mean: float
    stderr: float
    n: int
    log_partition: float
    log_partition_stderr: float


def log_likelihood(
    rbm: RBM, data: ArrayLike, log_partition: float | LogPartition | None = None, T: float = 1.0
) -> LogLikelihood:
    """Mean log-likelihood of data, ⟨ln P(v)⟩ = ⟨−F(v)/T⟩ − ln Z.

    Parameters
    ----------
    rbm : RBM
        The machine.
    data : array_like, shape (..., N)
        Visible configurations, at least one.
    log_partition : float or LogPartition, optional
        ln Z at temperature T, as `rbm_sim.partition.ais.log_partition` estimates it; by default it is enumerated,
        which needs a layer of at most 16 two-valued units, or that of two Gaussian layers, known in closed form.
    T : float
        Temperature, > 0.

    Returns
    -------
    LogLikelihood
        Mean over the data in nats, with its standard error and that of ln Z. Real-valued data are measured from where
        their units rest without couplings; a ln Z that is given has the rounding it has.

    Raises
    ------
    ValueError
        If the data do not fit, T <= 0, or ln Z is not given and the machine too large to enumerate; or if ln Z is given
        and so small that different data, of discrete values, would be more probable together than 1.

    Examples
    --------
    >>> import rbm_sim
    >>> rbm = rbm_sim.RBM([[0.0], [0.0]], visible=rbm_sim.Spin(), hidden=rbm_sim.Gaussian())
    >>> round(rbm_sim.likelihood.log_likelihood(rbm, [[1, -1], [1, 1]]).mean, 6)  # −2 ln 2
    -1.386294
    """
    T = check.number("T", T, above=0)
    rbm, v = _configurations(rbm, data)
    if log_partition is None and is_gaussian(rbm):
        layers = gaussian_layers.GaussianLayers(rbm, T)
        found = estimate(layers.log_densities(v))
        return LogLikelihood(found.mean, found.stderr, found.n, layers.log_partition(), 0.0)
    machine, v_moved, constant = from_rest(rbm, v)
    clamped = estimate(-machine.free_energy(v_moved, T).astype(np.float64) / T)
    if log_partition is None:
        log_Z = _enumerated(machine, T)
        return LogLikelihood(clamped.mean - log_Z, clamped.stderr, clamped.n, log_Z - constant / T, 0.0)
    error = 0.0
    if isinstance(log_partition, LogPartition):
        log_Z, error = log_partition.value, log_partition.stderr
    else:
        log_Z = check.number("log_partition", log_partition)
    check_log_partition(rbm, log_Z, 0.0 if np.isnan(error) else error, v, T)
    error = max(error, abs(constant) / T * np.finfo(float).eps)
    return LogLikelihood(clamped.mean - (log_Z + constant / T), clamped.stderr, clamped.n, log_Z, error)


def pseudo_log_likelihood(rbm: RBM, data: ArrayLike, T: float = 1.0) -> Estimate:
    """Mean pseudo-log-likelihood of data, ⟨Σ_i ln P(v_i | v_{j≠i})⟩, which needs no partition function.

    With Δ_i the change of F(v) if unit i takes its other value, ln P(v_i | v_{j≠i}) = −ln(1 + e^{−Δ_i/T}).

    Parameters
    ----------
    rbm : RBM
        Machine with Bernoulli, Spin, Potts, Gaussian or Normal visible units; P is a density for the last two.
    data : array_like, shape (..., N)
        Visible configurations, at least one.
    T : float
        Temperature, > 0.

    Returns
    -------
    Estimate
        Mean, standard error from the scatter of the data, and number of configurations.

    Raises
    ------
    ValueError
        If the data do not fit, T <= 0, or the visible units are of another kind.

    Notes
    -----
    The sum is exact, in double precision; the time is that of N M values of K_μ for each configuration, or of two
    matrix products if the hidden units are Gaussian. For real-valued visible units it is some 50 times that, the
    integral over each unit being a sum (`rbm_sim.partition.conditional_density`).

    References
    ----------
    J. Besag, The Statistician 24, 179 (1975).

    Examples
    --------
    >>> import rbm_sim
    >>> rbm = rbm_sim.RBM([[0.0], [0.0]], visible=rbm_sim.Spin(), hidden=rbm_sim.ReLU())
    >>> round(rbm_sim.likelihood.pseudo_log_likelihood(rbm, [1, -1]).mean, 6)  # −2 ln 2
    -1.386294
    """
    return estimate(pseudo_log_likelihoods(rbm, data, T))


def pseudo_log_likelihoods(rbm: RBM, data: ArrayLike, T: float = 1.0) -> np.ndarray:
    """Pseudo-log-likelihood Σ_i ln P(v_i | v_{j≠i}) of each configuration.

    Parameters
    ----------
    rbm : RBM
        Machine with Bernoulli, Spin, Potts, Gaussian or Normal visible units; P is a density for the last two.
    data : array_like, shape (..., N)
        Visible configurations, at least one.
    T : float
        Temperature, > 0.

    Returns
    -------
    ndarray, shape (configurations,)
        One number for each configuration, in nats and in double precision; leading axes of `data` are flattened.

    Raises
    ------
    ValueError
        If the data do not fit, T <= 0, or the visible units are of another kind.
    """
    T = check.number("T", T, above=0)
    if not isinstance(rbm.visible, TwoValued | Potts | Gaussian | Normal):
        raise ValueError(
            f"rbm.visible is {type(rbm.visible).__name__}: must be Bernoulli, Spin, Potts, Gaussian or Normal units"
        )
    rbm, v = _configurations(rbm, data)
    v = v.astype(np.float64)
    if isinstance(rbm.visible, Potts):
        return potts_conditionals.log_conditionals(rbm, v, T).sum(axis=1)
    if not isinstance(rbm.visible, TwoValued):
        return log_conditionals(rbm, v, T).sum(axis=1)
    w = rbm.weights.astype(np.float64)
    step = rbm.visible.flipped(v) - v
    with blas.one_thread():
        log_ratio = step * rbm.visible.g / T + _changes(rbm, v @ w, step, w, T)
    return -softplus(log_ratio).sum(axis=1)


def independent_pixels(data_train: ArrayLike, data_test: ArrayLike) -> Estimate:
    """Mean log-likelihood of test data under independent two-valued units with the frequencies of training data.

    Σ_i ln p_i(v_i) with p_i(1) = (n_i + 1)/(n + 2), n_i of the n training configurations having v_i = 1.

    Parameters
    ----------
    data_train, data_test : array_like, shape (..., N)
        Configurations of units in {0, 1} or in {−1, 1}, at least one each.

    Returns
    -------
    Estimate
        Mean, standard error from the scatter of the test data, and their number.

    Raises
    ------
    ValueError
        If the data have other values, or are of different lengths.

    Examples
    --------
    >>> from rbm_sim import likelihood
    >>> round(likelihood.independent_pixels([[0, 1], [1, 1]], [[1, 1]]).mean, 6)  # ln(2/4 · 3/4)
    -0.980829
    """
    train, test = (_two_valued(name, x) for name, x in (("data_train", data_train), ("data_test", data_test)))
    if train.shape[1] != test.shape[1]:
        raise ValueError(f"data_test has length {test.shape[1]}: must be that of data_train, {train.shape[1]}")
    if min(train.min(), test.min()) < 0 and not (train.all() and test.all()):
        raise ValueError("data_train and data_test have values 0 and −1: must both be in {0, 1} or both in {−1, 1}")
    on = smoothed((train == 1).sum(axis=0), len(train))
    rows = max(1, _CHUNK // test.shape[1])
    blocks = (test[first : first + rows] == 1 for first in range(0, len(test), rows))
    return estimate(np.concatenate([np.where(x, np.log(on), np.log1p(-on)).sum(axis=1) for x in blocks]))


def independent_gaussians(data_train: ArrayLike, data_test: ArrayLike) -> Estimate:
    """Mean log-likelihood of test data under independent normal laws with means and variances of training data.

    Parameters
    ----------
    data_train, data_test : array_like, shape (..., N)
        Real numbers; every training column must vary.

    Returns
    -------
    Estimate
        Mean, standard error from the scatter of the test data, and their number.

    Raises
    ------
    ValueError
        If the data are of different lengths, or a training column is constant: its density has no bound. Values that
        are rounded, such as grey levels, have one if noise of the size of the rounding is added.

    Examples
    --------
    >>> from rbm_sim import likelihood
    >>> round(likelihood.independent_gaussians([[-1.0], [1.0]], [[0.0]]).mean, 6)  # −½ ln 2π
    -0.918939
    """
    train, test = (
        np.atleast_2d(check.real_array(name, x, np.float64))
        for name, x in (("data_train", data_train), ("data_test", data_test))
    )
    if not train.size or train.shape[-1] != test.shape[-1]:
        raise ValueError(f"data_test has length {test.shape[-1]}: must be that of data_train, {train.shape[-1]}")
    train, test = (x.reshape(-1, x.shape[-1]) for x in (train, test))
    mean, scale = train.mean(axis=0), train.std(axis=0)
    constant = np.flatnonzero(scale <= 1e-7 * np.abs(mean))
    if constant.size:
        raise ValueError(f"data_train has the constant column {constant[0]}: its density has no bound")
    return estimate(-((((test - mean) / scale) ** 2 + np.log(2 * np.pi * scale**2)).sum(axis=1) / 2))


def _configurations(rbm: RBM, data: ArrayLike) -> tuple[RBM, np.ndarray]:
    """Return the machine, if real-valued in double precision, and the data as an array of shape (n, N), or raise."""
    if isinstance(rbm.visible, Gaussian | Normal) and rbm.dtype != np.float64:
        rbm = double(rbm)  # as data may be far from 0
    v = rbm.configurations(data, name="data")
    if not v.size:
        raise ValueError(f"data has shape {v.shape}: must hold at least one configuration")
    return rbm, v.reshape(-1, rbm.shape[0])


def _two_valued(name: str, data: ArrayLike) -> np.ndarray:
    """Return configurations of shape (n, N) with values in {0, 1} or {−1, 1}, or raise."""
    x = check.real_array(name, data)
    if not x.size or not x.ndim:
        raise ValueError(f"{name} has shape {x.shape}: must be (n, N), both at least 1")
    if not ((x == 1) | (x == (-1 if x.min() < 0 else 0))).all():
        raise ValueError(f"{name} has entries in [{x.min():g}, {x.max():g}]: must all be in {{0, 1}} or in {{−1, 1}}")
    return x.reshape(-1, x.shape[-1])


def _enumerated(rbm: RBM, T: float) -> float:
    """Exact ln Z, enumerated, or raise if that would take long."""
    units = zip((rbm.visible, rbm.hidden), rbm.shape, strict=True)
    if not any(unit.bits(size) <= ENUMERATED for unit, size in units):
        raise ValueError(
            f"log_partition = None: {rbm!r} has no layer of at most {ENUMERATED} Bernoulli or Spin units to enumerate; "
            "must be ln Z, such as ais.log_partition(rbm) gives it"
        )
    return exact.log_partition(rbm, T)


def _changes(rbm: RBM, I: np.ndarray, step: np.ndarray, w: np.ndarray, T: float) -> np.ndarray:
    """Σ_μ K_μ(I_μ + step_i w_iμ) − K_μ(I_μ), shape (n, N)."""
    if isinstance(rbm.hidden, Gaussian):
        return step * (I @ w.T + step * (w * w).sum(axis=1) / 2) / T
    n, N = step.shape
    y = I - rbm.hidden.offset
    units = max(1, min(N, _CHUNK // w.shape[1]))
    rows = max(1, _CHUNK // (units * w.shape[1]))
    changes = np.empty((n, N))
    for first in range(0, n, rows):
        some = slice(first, first + rows)
        K = log_partition_sum(rbm.hidden, y[some], T)
        for begin in range(0, N, units):
            i = slice(begin, begin + units)
            moved = step[some, i, None] * w[i]
            moved += y[some, None]
            changes[some, i] = log_partition_sum(rbm.hidden, moved, T) - K[:, None]
    return changes
