"""Size consistency and extensivity: do two machines that do not interact have ln Z = ln Z₁ + ln Z₂, n copies n ln Z?

The exact ln Z does. An estimate does if it treats parts that do not interact independently of each other: a minimum
over all product laws and a series in cumulants do, a minimum over fewer parameters and a series in moments do not. It
is the distinction of quantum chemistry between linked expansions and truncated configuration interaction.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from rbm_sim._support import check, random
from rbm_sim._support.random import Seed
from rbm_sim.machine.rbm import RBM
from rbm_sim.partition import configurations, couplings, exact
from rbm_sim.units import Normal, TwoValued, Unit

_SWEEPS = 10_000
_SETTLED = 1e-13
_GRID = 401


class LogPartitions(NamedTuple):
    """Logarithm of the partition function, exact and estimated; or differences of such.

    Attributes
    ----------
    exact : float
        ln Z.
    mean_field : float
        Largest lower bound ln Z ≥ S − ⟨E⟩ over product laws that was found from random starts.
    uniform : float
        The same over laws with one mean for all visible units.
    truncated : float
        ln Σ_v e^{−F(v)} with the couplings in F(v) up to an order, see `couplings.truncated_free_energy`.
    cumulants : float
        ln Z₀ + Σ_n κ_n/n! up to the order, κ_n the cumulants of X = Σ w_{iμ} v_i h_μ in the law without weights.
    moments : float
        ln Z₀ + ln Σ_n ⟨Xⁿ⟩/n! up to the order; NaN if the sum is not positive.
    """

    exact: float
    mean_field: float
    uniform: float
    truncated: float
    cumulants: float
    moments: float


def join(*rbms: RBM) -> RBM:
    """Machine of several that do not interact: block-diagonal weights, E = E₁(v₁, h₁) + E₂(v₂, h₂) + ….

    Parameters
    ----------
    *rbms : RBM
        The machines, at least one, all with the same unit types.

    Returns
    -------
    RBM
        Machine with all their units, in their order, and no weights between different ones.

    Raises
    ------
    ValueError
        If there is none, or their unit types differ.

    Examples
    --------
    >>> import rbm_sim
    >>> one = rbm_sim.RBM([[1.0]], visible=rbm_sim.Spin(0.5), hidden=rbm_sim.ReLU())
    >>> rbm_sim.extensivity.join(one, one).weights
    array([[1., 0.],
           [0., 1.]])
    """
    if not rbms:
        raise ValueError("rbms is empty: must hold at least one machine")
    from scipy.linalg import block_diag

    return RBM(
        block_diag(*(rbm.weights for rbm in rbms)),
        visible=_joined("visible", [rbm.visible for rbm in rbms], [rbm.shape[0] for rbm in rbms]),
        hidden=_joined("hidden", [rbm.hidden for rbm in rbms], [rbm.shape[1] for rbm in rbms]),
    )


def log_partitions(rbm: RBM, *, order: int = 2, starts: int = 16, rng: Seed = 0) -> LogPartitions:
    """Logarithm of the partition function at T = 1, exact and by five estimates.

    Parameters
    ----------
    rbm : RBM
        Machine with at most 24 two-valued visible units; the hidden ones may be of any type.
    order : int
        Highest order of the three series, >= 1.
    starts : int
        Number of starts of the mean field, >= 1.
    rng : None, int, SeedSequence or Generator
        Source of randomness for the starts.

    Returns
    -------
    LogPartitions
        The exact ln Z and the five estimates of it, in nats.

    Raises
    ------
    ValueError
        If the machine cannot be enumerated or an argument is out of its range.

    References
    ----------
    R. J. Bartlett, Annu. Rev. Phys. Chem. 32, 359 (1981).
    """
    order = check.integer("order", order, at_least=1)
    rbm = _machine(rbm)
    p, v = _free_law(rbm)
    log_Z0, raw = _moments(rbm, p, v, order)
    series = 1 + sum(m / math.factorial(n) for n, m in enumerate(raw, 1))
    linked = sum(kappa / math.factorial(n) for n, kappa in enumerate(_cumulants(raw), 1))
    return LogPartitions(
        exact.log_partition(rbm),
        mean_field(rbm, starts=starts, rng=rng),
        uniform_mean_field(rbm),
        _log_sum(-couplings.truncated_free_energy(rbm, v, order)),
        float(log_Z0 + linked),
        float(log_Z0 + math.log(series)) if series > 0 else math.nan,
    )


def size_defect(*rbms: RBM, order: int = 2, starts: int = 16, rng: Seed = 0) -> LogPartitions:
    """Each estimate for machines side by side, less the sum of the estimates for each: 0 if it is size-consistent.

    Given n times the same machine it is extensivity that is tested.

    Parameters
    ----------
    *rbms : RBM
        The machines, at least one, all with the same unit types.
    order, starts, rng : int, int, None, int, SeedSequence or Generator
        As in `log_partitions`.

    Returns
    -------
    LogPartitions
        Differences, joined machine less sum over the parts, one for the exact ln Z (0 up to rounding) and for each
        estimate.

    Raises
    ------
    ValueError
        If the machines do not fit together or cannot be enumerated together, or an argument is out of its range.
    """
    together, *parts = (
        np.array(log_partitions(rbm, order=order, starts=starts, rng=rng)) for rbm in (join(*rbms), *rbms)
    )
    return LogPartitions(*map(float, together - sum(parts)))


def mean_field(rbm: RBM, *, starts: int = 16, rng: Seed = 0) -> float:
    """Largest S(m) − Σ_i U_i(m_i) + Σ_μ K_μ(Σ_i w_{iμ} m_i) that is found: the best product law, a lower bound of ln Z.

    S(m) is the entropy of independent visible units with means m. From every start the visible and the hidden means
    are set in turn to their best values given the others, by which the bound never falls.

    Parameters
    ----------
    rbm : RBM
        Machine with two-valued visible units, of any number; the hidden ones may be of any type.
    starts : int
        Number of starts, their visible means uniform over the domain, >= 1.
    rng : None, int, SeedSequence or Generator
        Source of randomness.

    Returns
    -------
    float
        The bound at T = 1. The maximum over product laws is size-consistent; what a given number of starts finds
        need not be.

    Raises
    ------
    ValueError
        If the visible units are not two-valued, or `starts` is not a whole number >= 1.
    """
    starts = check.integer("starts", starts, at_least=1)
    rbm = _machine(rbm)
    w = rbm.weights
    m = random.generator(rng).uniform(_low(rbm), 1, (starts, len(w)))
    for _ in range(_SWEEPS):
        old, m = m, rbm.visible.mean(rbm.hidden.mean(m @ w) @ w.T)
        if np.abs(m - old).max() < _SETTLED:
            break
    return float(_bound(rbm, m).max())


def uniform_mean_field(rbm: RBM) -> float:
    """Lower bound of `mean_field` with one mean for all visible units.

    Parameters
    ----------
    rbm : RBM
        Machine with two-valued visible units, of any number; the hidden ones may be of any type.

    Returns
    -------
    float
        The bound at T = 1: extensive, copies having the best mean in common, and not size-consistent.

    Raises
    ------
    ValueError
        If the visible units are not two-valued.
    """
    from scipy.optimize import minimize_scalar

    rbm = _machine(rbm)
    grid = np.linspace(_low(rbm), 1, _GRID)
    ones = np.ones(rbm.shape[0])
    best = int(_bound(rbm, grid[:, None] * ones).argmax())
    bounds = (grid[max(best - 1, 0)], grid[min(best + 1, _GRID - 1)])
    found = minimize_scalar(lambda m: -_bound(rbm, m * ones), bounds=bounds, method="bounded", options={"xatol": 1e-12})
    return float(-found.fun)


def _bound(rbm: RBM, m: np.ndarray) -> np.ndarray:
    """S − ⟨E⟩ of the product law with visible means m and the hidden law that is best with them."""
    from scipy.special import entr

    p = (m - _low(rbm)) / (1 - _low(rbm))
    own = entr(p) + entr(1 - p) - rbm.visible.potential(m)
    return own.sum(axis=-1) + rbm.hidden.log_partition(m @ rbm.weights).sum(axis=-1)


def _free_law(rbm: RBM) -> tuple[np.ndarray, np.ndarray]:
    """Visible law without weights, and its configurations."""
    v = np.concatenate(list(configurations.states(rbm.visible, rbm.shape[0])))
    log_p = -rbm.visible.potential(v).sum(axis=1)
    return np.exp(log_p - _log_sum(log_p)), v


def _moments(rbm: RBM, p: np.ndarray, v: np.ndarray, order: int) -> tuple[float, list[float]]:
    """In the law without weights: ln Z₀ and ⟨X⟩, …, ⟨X^order⟩, X = Σ_μ I_μ h_μ of cumulants Σ_μ κ_n I_μⁿ given v."""
    N, M = rbm.shape
    I, none = v @ rbm.weights, np.zeros(M)
    log_Z0 = rbm.visible.log_partition(np.zeros(N)).sum() + rbm.hidden.log_partition(none).sum()
    kappa = [I**n @ rbm.hidden.cumulant(none, n) for n in range(1, order + 1)]
    given = [np.ones(len(v))]
    for n in range(1, order + 1):
        given.append(sum(math.comb(n - 1, k - 1) * kappa[k - 1] * given[n - k] for k in range(1, n + 1)))
    return float(log_Z0), [float(p @ m) for m in given[1:]]


def _cumulants(raw: list[float]) -> list[float]:
    """Cumulants κ_n = m_n − Σ_{k<n} (n−1 choose k−1) κ_k m_{n−k} of moments m₁, m₂, …."""
    found: list[float] = []
    for n, m in enumerate(raw, 1):
        found.append(m - sum(math.comb(n - 1, k - 1) * found[k - 1] * raw[n - k - 1] for k in range(1, n)))
    return found


def _log_sum(x: np.ndarray) -> float:
    from scipy.special import logsumexp

    return float(logsumexp(x))


def _machine(rbm: RBM) -> RBM:
    """Return the machine in double precision, or raise if its visible units do not have two values."""
    if not isinstance(rbm.visible, TwoValued):
        raise ValueError(f"rbm.visible is {type(rbm.visible).__name__}: must be Bernoulli or Spin units")
    return configurations.double(rbm)


def _low(rbm: RBM) -> float:
    return rbm.visible.low  # type: ignore[attr-defined]


def _joined(layer: str, units: list[Unit], sizes: list[int]) -> Unit:
    kinds = [type(unit).__name__ for unit in units]
    if len(set(kinds)) > 1:
        raise ValueError(f"rbms have {layer} units {', '.join(kinds)}: must be of one type")
    if isinstance(units[0], Normal):
        return Normal(*(np.concatenate([getattr(unit, name) for unit in units]) for name in ("g", "gamma")))
    offsets = [np.broadcast_to(unit.offset, (size,)) for unit, size in zip(units, sizes, strict=True)]
    return units[0]._with_offset(np.concatenate(offsets))
