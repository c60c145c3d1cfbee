"""Maximum likelihood for small machines: the exact gradient, by enumeration or in closed form, instead of chains."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim._support import check, shown
from rbm_sim._support.random import Seed
from rbm_sim.learning import gaussian_fit
from rbm_sim.learning.contrastive_divergence import Learner
from rbm_sim.learning.parameters import STIFFEST, Parameters, checked, hidden_layer
from rbm_sim.learning.standardisation import NARROWEST, width_slopes
from rbm_sim.machine.gauge import in_gauge
from rbm_sim.machine.rbm import RBM
from rbm_sim.partition import exact, gaussian_layers
from rbm_sim.partition.gaussian_layers import is_gaussian
from rbm_sim.units import DReLU, Gaussian, Normal, Potts, Unit


class Fit(NamedTuple):
    """Result of a fit by maximum likelihood.

    Attributes
    ----------
    rbm : RBM
        The machine, in double precision.
    log_likelihood : ndarray, shape (1 + iterations,)
        Mean log-likelihood of the data at every iteration; it never falls.
    converged : bool
        Whether the gradient has become small; data on a few configurations drive weights to infinity, and only a
        limit on the iterations ends that.
    """

    rbm: RBM
    log_likelihood: np.ndarray
    converged: bool

    def __repr__(self) -> str:
        return shown.fields(self)


def gradient(rbm: RBM, data: ArrayLike) -> Parameters:
    """Exact gradient of the mean log-likelihood, ⟨v h⟩_data − ⟨v h⟩_model for the weights.

    Parameters
    ----------
    rbm : RBM
        Machine with a layer of at most 24 two-valued units, or of Potts units of as many configurations, or with two
        Gaussian layers.
    data : array_like, shape (samples, N)
        Visible configurations.

    Returns
    -------
    slopes : Parameters
        Derivatives by the weights and by the linear parts b of the two potentials (0 for Gaussian units); for `Normal`
        visible units also by ln σ = −½ ln γ at fixed weights and b; for double ReLU hidden units by Δ and ζ.

    Raises
    ------
    ValueError
        If the machine cannot be enumerated, or the data do not fit.
    """
    v = rbm.configurations(data, name="data")
    h = rbm.hidden.mean(rbm.inputs(v))
    model = (gaussian_layers if is_gaussian(rbm) else exact).moments(rbm)
    fixed = isinstance(rbm.visible, Gaussian), isinstance(rbm.hidden, Gaussian)
    slopes = model.v - v.mean(axis=0), model.h - h.mean(axis=0)
    b, c = (np.zeros_like(slope) if zero else slope for slope, zero in zip(slopes, fixed, strict=True))
    widths = None
    if isinstance(rbm.visible, Normal):
        widths = rbm.visible.gamma * ((v * v).mean(axis=0) - np.diagonal(model.vv))
    shape = None
    if isinstance(rbm.hidden, DReLU):
        shape = exact.Enumeration(rbm).hidden_average(rbm.hidden.shape_means)
        shape -= rbm.hidden.shape_means(rbm.inputs(v)).mean(axis=1)
    return Parameters(v.T @ h / len(v) - model.vh, b, c, widths, shape)


def fit(data: ArrayLike, *, visible: Unit, hidden: Unit, units: int, iterations: int = 1000, rng: Seed = None) -> Fit:
    """Maximise the log-likelihood with the exact gradient, by the method of Broyden, Fletcher, Goldfarb and Shanno.

    Parameters
    ----------
    data : array_like, shape (samples, N)
        Visible configurations; of Potts units the numbers of their states, or vectors (samples, N, states).
    visible : Bernoulli, Spin, Gaussian or Potts
        Visible units; mean and variance of Gaussian ones are learned, the standard deviations given h kept above 0.01
        of those of the data.
    hidden : Unit
        Hidden units; between two Gaussian layers the maximum is that of `gaussian_fit.factor_analysis`.
    units : int
        Number of hidden units, >= 1.
    iterations : int
        Largest number of iterations, >= 1.
    rng : None, int, SeedSequence or Generator
        Random numbers of the start.

    Returns
    -------
    Fit
        The machine at the maximum found (Potts units: zero-sum gauge), the log-likelihood on the way, and whether
        it converged.

    Raises
    ------
    ValueError
        If the machine cannot be enumerated, or an argument is out of its range.

    Examples
    --------
    >>> from rbm_sim import Bernoulli, datasets, exact_learning
    >>> data = datasets.bars_and_stripes(2).images  # 6 images: at best ln(1/6) = -1.7918
    >>> found = exact_learning.fit(data, visible=Bernoulli(), hidden=Bernoulli(), units=6, rng=0)
    >>> round(float(found.log_likelihood[-1]), 4)
    -1.7918
    """
    from scipy.optimize import minimize

    iterations = check.integer("iterations", iterations, at_least=1)
    if isinstance(visible, Gaussian) and isinstance(hidden, Gaussian):
        best = gaussian_fit.factor_analysis(data, units)
        return Fit(best.rbm, np.array([best.log_likelihood]), True)
    begun = Learner.begin(data, visible=visible, hidden=hidden, units=units, rng=rng)
    v = checked(data, visible).astype(float)
    if begun.scales is not None:
        v = begun.scales.reduced(v)
    shapes = [x.shape for x in begun.parameters.arrays()]
    ends = np.cumsum([np.prod(shape) for shape in shapes])[:-1]

    def parameters(x: np.ndarray) -> Parameters:
        parts = zip(np.split(x, ends), shapes, strict=True)
        return begun.parameters.like(part.reshape(shape) for part, shape in parts)

    def loss(x: np.ndarray) -> tuple[float, np.ndarray]:
        value, slopes = _log_likelihood(begun, parameters(x), v)
        return -value, -_flat(slopes)

    begun.parameters.w *= 10
    start = _flat(begun.parameters).astype(float)
    high = begun.parameters.map(lambda array: np.full(array.shape, np.inf))
    low = high.map(np.negative)
    constant = 0.0
    if begun.scales is not None and low.log_sigma is not None:
        low.log_sigma[:] = math.log(NARROWEST)
        constant = float(np.log(begun.scales.scale).sum())
    if low.shape is not None and high.shape is not None:
        low.shape[1], high.shape[1] = -STIFFEST, STIFFEST
    history = [-loss(start)[0]]
    options = {"maxiter": iterations, "maxfun": 10 * iterations, "ftol": 1e-14, "gtol": 1e-8}
    found = minimize(
        loss,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=np.stack([_flat(low), _flat(high)], axis=1),
        options=options,
        callback=lambda x: history.append(-loss(x)[0]),
    )
    begun.parameters = parameters(found.x)
    rbm = in_gauge(begun.rbm) if isinstance(visible, Potts) else begun.rbm
    return Fit(rbm, np.array(history) - constant, bool(found.success))


def _flat(parameters: Parameters) -> np.ndarray:
    """All parameters in one array."""
    return np.concatenate([part.ravel() for part in parameters.arrays()])


def _log_likelihood(learner: Learner, parameters: Parameters, v: np.ndarray) -> tuple[float, Parameters]:
    """Mean log-likelihood of data at some parameters, and its derivatives."""
    w, b, log_sigma = parameters.w, parameters.visible, parameters.log_sigma
    hidden = hidden_layer(learner.hidden, parameters)
    if log_sigma is None:
        rbm = RBM(w, visible=learner.visible._with_offset(b), hidden=hidden)
        return exact.log_likelihood(rbm, v), gradient(rbm, v)
    rbm, u = RBM(w, visible=Normal(-b), hidden=hidden), v * np.exp(-log_sigma)
    slopes = gradient(rbm, u)
    slopes.log_sigma = width_slopes(u, rbm.hidden.mean(u @ w), parameters)
    return exact.log_likelihood(rbm, u) - float(log_sigma.sum()), slopes
