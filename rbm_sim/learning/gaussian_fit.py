"""Maximum likelihood of machines with two Gaussian layers, from the covariance of the data alone.

Let λ_k and e_k be eigenvalues, falling, and eigenvectors of the covariance C of the data in units of their standard
deviations σ_i given h. A machine of M hidden units gives each of M directions its variance 1/(1 − s²), so that

    w_ik = s_k (e_k)_i,   s_k² = 1 − 1/λ_k, or 0 if λ_k < 1,   k ≤ M,

is the best one at given σ, with the mean log-likelihood

    −½ Σ_i ln 2πσ_i² − ½ Σ_{k≤M, λ_k>1} (ln λ_k + 1) − ½ Σ_{other k} λ_k.

With one σ for all units the best is σ² = mean of the other eigenvalues of the covariance: probabilistic principal
components. With one σ for each it is factor analysis, a maximum in N variables.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim._support import check
from rbm_sim.learning.parameters import checked
from rbm_sim.learning.standardisation import NARROWEST, scales_of
from rbm_sim.machine.change_of_units import in_units
from rbm_sim.machine.rbm import RBM
from rbm_sim.units import Gaussian


class GaussianFit(NamedTuple):
    """Machine of two Gaussian layers with the largest likelihood.

    Attributes
    ----------
    rbm : RBM
        The machine of the data in their units, in double precision.
    log_likelihood : float
        Mean log-likelihood of the data, in nats.
    """

    rbm: RBM
    log_likelihood: float


def principal_components(data: ArrayLike, units: int) -> GaussianFit:
    """Best machine whose visible units have one variance σ² given h: probabilistic principal components.

    Parameters
    ----------
    data : array_like, shape (samples, N)
        Real numbers.
    units : int
        Number of hidden units, 1 to N − 1.

    Returns
    -------
    GaussianFit
        The machine and −(N ln 2π + Σ_{k≤M} ln λ_k + (N − M) ln σ² + N)/2, λ_k the eigenvalues of the covariance and
        σ² the mean of those beyond the first M.

    Raises
    ------
    ValueError
        If the data are no matrix of numbers, do not vary in more than M directions, or `units` is out of its range.

    References
    ----------
    M. E. Tipping and C. M. Bishop, J. R. Stat. Soc. B 61, 611 (1999);
    R. Karakida, M. Okada and S. Amari, Neural Networks 79, 78 (2016).

    Examples
    --------
    >>> import numpy as np
    >>> from rbm_sim import likelihood
    >>> from rbm_sim.learning.gaussian_fit import principal_components
    >>> data = np.random.default_rng(0).normal(size=(50, 3)) * [3, 1, 1]
    >>> found = principal_components(data, 1)
    >>> abs(likelihood.log_likelihood(found.rbm, data).mean - found.log_likelihood) < 1e-12
    True
    """
    data = checked(data, Gaussian()).astype(float)
    N = data.shape[1]
    units = check.integer("units", units, at_least=1)
    if units >= N:
        raise ValueError(f"units = {units}: must be below the number of visible units, {N}")
    mean = data.mean(axis=0)
    eigenvalues, vectors = _falling((data - mean).T @ (data - mean) / len(data))
    rest = float(eigenvalues[units:].mean())
    if not rest > len(eigenvalues) * np.finfo(float).eps * eigenvalues[0]:
        raise ValueError(f"units = {units}: data vary in no more directions, so their density has no bound; take fewer")
    return _machine(mean, np.full(N, math.sqrt(rest)), eigenvalues / rest, vectors, units)


def factor_analysis(data: ArrayLike, units: int) -> GaussianFit:
    """Best machine whose visible units have a variance each, given h: factor analysis.

    Parameters
    ----------
    data : array_like, shape (samples, N)
        Real numbers.
    units : int
        Number of hidden units, >= 1.

    Returns
    -------
    GaussianFit
        The machine and the mean log-likelihood at the maximum found. Its σ_i are kept above 0.01 of the standard
        deviations of the data, for the density may have no bound.

    Raises
    ------
    ValueError
        If the data are no matrix of numbers, or `units` < 1.

    References
    ----------
    K. G. Jöreskog, Psychometrika 32, 443 (1967).
    """
    from scipy.optimize import minimize

    data = checked(data, Gaussian()).astype(float)
    units = check.integer("units", units, at_least=1)
    scales = scales_of(data)
    x = scales.reduced(data)
    covariance = x.T @ x / len(x)

    def loss(log_sigma: np.ndarray) -> tuple[float, np.ndarray]:
        inverse = np.exp(-log_sigma)
        reduced = covariance * np.outer(inverse, inverse)
        eigenvalues, vectors = _falling(reduced)
        squares = 1 - 1 / np.maximum(eigenvalues[:units], 1)
        # ∂/∂ln σ_i at the best w: 1 − [C (1 − w wᵀ)]_ii, all else being at its maximum
        explained = (vectors[:, :units] ** 2 * (squares * eigenvalues[:units])).sum(axis=1)
        return -_log_likelihood(log_sigma, eigenvalues, units), 1 - np.diagonal(reduced) + explained

    start = -np.log(np.maximum(np.diagonal(np.linalg.pinv(covariance + 1e-6 * np.eye(len(covariance)))), 1)) / 2
    bounds = [(math.log(NARROWEST), None)] * len(start)
    options = {"maxiter": 10_000, "maxfun": 100_000, "ftol": 1e-15, "gtol": 1e-9}
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    sigma = np.exp(found.x)
    eigenvalues, vectors = _falling(covariance / np.outer(sigma, sigma))
    return _machine(scales.mean, scales.scale * sigma, eigenvalues, vectors, units)


def _falling(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues of a symmetric matrix, the largest first, and its eigenvectors."""
    eigenvalues, vectors = np.linalg.eigh(matrix)
    return eigenvalues[::-1], vectors[:, ::-1]


def _log_likelihood(log_sigma: np.ndarray, eigenvalues: np.ndarray, units: int) -> float:
    """Mean log-likelihood at the best weights for given σ."""
    kept = np.maximum(eigenvalues[:units], 1)
    small = eigenvalues[:units][eigenvalues[:units] <= 1].sum() - np.count_nonzero(eigenvalues[:units] <= 1)
    total = len(log_sigma) * math.log(2 * math.pi) + 2 * log_sigma.sum() + (np.log(kept) + 1).sum() + small
    return -float(total + eigenvalues[units:].sum()) / 2


def _machine(
    mean: np.ndarray, sigma: np.ndarray, eigenvalues: np.ndarray, vectors: np.ndarray, units: int
) -> GaussianFit:
    """The machine of given σ with the best weights."""
    w = np.zeros((len(sigma), units))
    s = np.sqrt(1 - 1 / np.maximum(eigenvalues[:units], 1))
    w[:, : len(s)] = vectors[:, :units] * s
    machine = in_units(RBM(w, visible=Gaussian(), hidden=Gaussian()), mean, sigma)[0]
    return GaussianFit(machine, _log_likelihood(np.log(sigma), eigenvalues, units))
