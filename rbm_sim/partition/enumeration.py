"""A small machine, all configurations of one of its layers enumerated, the other summed or integrated in closed form.

All computation is in double precision, in chunks of a few megabytes.
"""

from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim._support import check, shown
from rbm_sim.machine.change_of_units import from_rest
from rbm_sim.machine.rbm import RBM
from rbm_sim.partition.configurations import MAX_UNITS, averages, chunks, double
from rbm_sim.units import Potts, TwoValued, Unit


class Moments(NamedTuple):
    """Exact mean values of first and second order.

    Attributes
    ----------
    v : ndarray, shape (N,)
        ⟨v_i⟩.
    h : ndarray, shape (M,)
        ⟨h_μ⟩.
    vh : ndarray, shape (N, M)
        ⟨v_i h_μ⟩.
    vv : ndarray, shape (N, N)
        ⟨v_i v_j⟩.
    hh : ndarray, shape (M, M)
        ⟨h_μ h_ν⟩.
    """

    v: np.ndarray
    h: np.ndarray
    vh: np.ndarray
    vv: np.ndarray
    hh: np.ndarray

    def __repr__(self) -> str:
        return shown.fields(self)


class Enumeration:
    """A machine at a temperature, P ∝ exp(−E/T), all configurations of one of its layers enumerated.

    Each method is one pass over the configurations; ln Z and ⟨E⟩, once a pass has given them, are kept.

    Parameters
    ----------
    rbm : RBM
        Machine with at least one layer of at most 24 two-valued units, or of Potts units with as many (2^24)
        configurations. A method that says which layer it enumerates
        asks that of this layer.
    T : float
        Temperature, > 0.

    Raises
    ------
    ValueError
        If T <= 0, and by every method if the layer cannot be enumerated.

    Examples
    --------
    >>> import rbm_sim
    >>> rbm = rbm_sim.RBM([[0.0]], visible=rbm_sim.Spin(), hidden=rbm_sim.Bernoulli())
    >>> found = rbm_sim.exact.Enumeration(rbm)
    >>> round(found.log_partition(), 6), round(found.entropy(), 6)  # ln 4
    (1.386294, 1.386294)
    """

    def __init__(self, rbm: RBM, T: float = 1.0) -> None:
        self.rbm, self.T = rbm, check.number("T", T, above=0)
        self._log_Z: float | None = None
        self._E: float | None = None

    def log_partition(self) -> float:
        """Logarithm of the partition function, ln Z = ln Σ_v exp(−F(v)/T).

        Returns
        -------
        float
            ln Z, continuous units being integrated over the Lebesgue measure.
        """
        return self._averages(lambda p, v, I, log_p: ())[0] if self._log_Z is None else self._log_Z

    def log_likelihood(self, data: ArrayLike) -> float:
        """Mean log-likelihood of data, ⟨−F(v)/T⟩_data − ln Z.

        Parameters
        ----------
        data : array_like, shape (..., N)
            Visible configurations, at least one.

        Returns
        -------
        float
            The mean of ln P(v) over the data.

        Raises
        ------
        ValueError
            If there are no data or they do not fit.
        """
        rbm = double(self.rbm)
        machine, v, _ = from_rest(rbm, rbm.configurations(data, name="data"))
        if v.size == 0:
            raise ValueError(f"data has shape {np.shape(data)}: must hold at least one configuration")
        log_Z = (self if machine is rbm else Enumeration(machine, self.T)).log_partition()
        return float(-machine.free_energy(v, self.T).mean() / self.T) - log_Z

    def visible_distribution(self) -> tuple[np.ndarray, np.ndarray]:
        """Every visible configuration and its probability P(v) = exp(−F(v)/T)/Z, by enumeration of the visible layer.

        Returns
        -------
        v : ndarray, shape (2^N, N), of Potts units (states^N, N, states)
            Configurations: 3 gigabytes of them for 24 units.
        probability : ndarray, shape (2^N,) or (states^N,)
            P(v), of sum 1.
        """
        parts = chunks(double(self.rbm), self.T)
        unit, N = self.rbm.visible, self.rbm.shape[0]
        size = round(2 ** unit.bits(N)) if unit.bits(N) <= MAX_UNITS else 0  # where it is 0 `chunks` says why
        all_v, all_log_p, first = np.empty((size, N)), np.empty(size), 0
        for v, _, log_p in parts:
            all_v[first : first + len(v)], all_log_p[first : first + len(v)] = v, log_p
            first += len(v)
        p = np.exp(all_log_p - all_log_p.max())
        return all_v.reshape(-1, *unit.axes(N)), p / p.sum()

    def hidden_distribution(self) -> tuple[np.ndarray, np.ndarray]:
        """Every hidden configuration and its probability P(h), by enumeration of the hidden layer.

        Returns
        -------
        h : ndarray, shape (2^M, M)
            Configurations.
        probability : ndarray, shape (2^M,)
            P(h), of sum 1.
        """
        return Enumeration(self.rbm.transposed(), self.T).visible_distribution()

    def moments(self) -> Moments:
        """Exact mean values of all units and of all products of two.

        Returns
        -------
        Moments
            ⟨v_i⟩, ⟨h_μ⟩, ⟨v_i h_μ⟩, ⟨v_i v_j⟩ and ⟨h_μ h_ν⟩.
        """
        rbm, exchanged = self._enumerated

        def observe(p: np.ndarray, v: np.ndarray, I: np.ndarray, log_p: np.ndarray) -> tuple[np.ndarray, ...]:
            h = rbm.hidden.mean(I, self.T)
            pv, ph = p[:, None] * v, p[:, None] * h
            hh = ph.T @ h
            if isinstance(rbm.hidden, Potts):
                _exclude_others(hh, rbm.hidden.states)
            np.fill_diagonal(hh, p @ _mean_squares(rbm.hidden, h, I, self.T))
            return p @ v, p @ h, pv.T @ h, pv.T @ v, hh

        v, h, vh, vv, hh = self._averages(observe)[1]
        return Moments(h, v, vh.T, hh, vv) if exchanged else Moments(v, h, vh, vv, hh)

    def hidden_average(self, function: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """Average over P(v) of a function of the inputs of the hidden layer, by enumeration of the visible one.

        Parameters
        ----------
        function : callable
            From inputs, shape (configurations, M), to values, shape (..., configurations, M).

        Returns
        -------
        ndarray, shape (..., M)
            The averages.
        """

        def observe(p: np.ndarray, v: np.ndarray, I: np.ndarray, log_p: np.ndarray) -> tuple[np.ndarray]:
            return (np.einsum("k,...km->...m", p, function(I)),)

        return averages(double(self.rbm), self.T, observe)[1][0]

    def energy(self) -> float:
        """Exact mean energy ⟨E(v, h)⟩.

        Returns
        -------
        float
            ⟨E⟩ = T² d(ln Z)/dT.
        """
        if self._E is None:
            rbm, T = self._enumerated[0], self.T

            def observe(p: np.ndarray, v: np.ndarray, I: np.ndarray, log_p: np.ndarray) -> tuple[np.ndarray]:
                E = rbm.visible.potential(v).sum(axis=1)
                E += (rbm.hidden.mean_potential(I, T) - I * rbm.hidden.mean(I, T)).sum(axis=1)
                return (p @ E,)

            self._E = float(self._averages(observe)[1][0])
        return self._E

    def entropy(self) -> float:
        """Exact joint entropy S = ln Z + ⟨E⟩/T, the mean of −ln P(v, h).

        Returns
        -------
        float
            S in nats; a differential entropy if a layer is continuous, P being its density.
        """
        E = self.energy()  # its pass gives ln Z too
        return self.log_partition() + E / self.T

    def visible_entropy(self) -> float:
        """Exact entropy of the visible layer, −Σ_v P(v) ln P(v), by enumeration of the visible layer.

        Returns
        -------
        float
            The entropy in nats; for that of the hidden layer exchange the layers by `RBM.transposed`.
        """
        log_Z, (mean_log_p,) = averages(double(self.rbm), self.T, lambda p, v, I, log_p: (p @ log_p,))
        return log_Z - float(mean_log_p)

    def marginal_density(self, x: ArrayLike, layer: str, index: int) -> np.ndarray:
        """Exact law of one unit: for a hidden one P(h_μ = x) = Σ_v P(v) P(h_μ = x | I_μ(v)).

        Parameters
        ----------
        x : array_like
            Values; they need not lie in the domain of the unit.
        layer : {"visible", "hidden"}
            Layer of the unit.
        index : int
            Which of its units, >= 0.

        Returns
        -------
        ndarray, shape of `x`
            Density at x, or probability of x for a two-valued unit. The time is proportional to the size of `x`.

        Raises
        ------
        ValueError
            If there is no such unit.
        """

        def density(unit: Unit, x: np.ndarray, I: np.ndarray) -> np.ndarray:
            if not unit.contains(x):
                return np.zeros_like(I)
            return np.exp((I * x - unit.potential(x)) / self.T - unit.log_partition(I, self.T))

        return self._marginal(x, layer, index, density, np.equal)

    def marginal_cdf(self, x: ArrayLike, layer: str, index: int) -> np.ndarray:
        """Exact distribution function of one unit: for a hidden one P(h_μ ≤ x) = Σ_v P(v) P(h_μ ≤ x | I_μ(v)).

        Parameters
        ----------
        x : array_like
            Values; they need not lie in the domain of the unit.
        layer : {"visible", "hidden"}
            Layer of the unit.
        index : int
            Which of its units, >= 0.

        Returns
        -------
        ndarray, shape of `x`
            Probability of a value ≤ x. The time is proportional to the size of `x`.

        Raises
        ------
        ValueError
            If there is no such unit.
        """
        return self._marginal(x, layer, index, lambda unit, x, I: unit.cdf(x, I, self.T), np.less_equal)

    def _marginal(
        self, x: ArrayLike, layer: str, index: int, law: Callable[..., np.ndarray], indicator: np.ufunc
    ) -> np.ndarray:
        """Average over the configurations enumerated of a law given the input, `law(unit, x, I)`.

        If the unit is one of those enumerated, it is the average of `indicator(value of the unit, x)`.
        """
        x = check.real_array("x", x, np.float64)
        hidden = check.choice("layer", layer, ("visible", "hidden")) == "hidden"
        size = self.rbm.weights.shape[hidden]
        if check.integer("index", index, at_least=0) >= size:
            raise ValueError(f"index = {index!r}: the {layer} layer has {size} units")
        rbm, exchanged = self._enumerated
        unit = None
        if hidden != exchanged:
            unit = rbm.hidden.single(index)

        def observe(p: np.ndarray, v: np.ndarray, I: np.ndarray, log_p: np.ndarray) -> tuple[np.ndarray]:
            terms = (indicator(v[:, index], t) if unit is None else law(unit, t, I[:, index]) for t in x.reshape(-1))
            return (np.array([p @ term for term in terms]),)

        return self._averages(observe)[1][0].reshape(x.shape)

    @cached_property
    def _enumerated(self) -> tuple[RBM, bool]:
        """The machine with the layer to enumerate as its visible one, and whether that was exchanged."""
        return _enumerable(self.rbm)

    def _averages(self, observe: Callable[..., tuple[np.ndarray, ...]]) -> tuple[float, tuple[np.ndarray, ...]]:
        """Logarithm of Z and averages over the layer enumerated."""
        self._log_Z, found = averages(self._enumerated[0], self.T, observe)
        return self._log_Z, found


def _mean_squares(unit: Unit, mean: np.ndarray, I: np.ndarray, T: float) -> np.ndarray:
    """⟨x²⟩ given I; for two-valued units x² = (1 + low) x − low."""
    if isinstance(unit, TwoValued):
        return (1 + unit.low) * mean - unit.low
    return mean * mean + unit.variance(I, T)


def _exclude_others(hh: np.ndarray, q: int) -> None:
    """A unit is in one state only: products of two entries of the same unit vanish."""
    for first in range(0, len(hh), q):
        hh[first : first + q, first : first + q] = 0


def _enumerable(rbm: RBM) -> tuple[RBM, bool]:
    """Return the machine with the layer to enumerate as its visible one, and whether that was exchanged."""
    sizes = [unit.bits(size) for unit, size in zip((rbm.visible, rbm.hidden), rbm.shape, strict=True)]
    if min(sizes) > MAX_UNITS:
        raise ValueError(
            f"rbm = {rbm!r}: exact sums need a layer of at most {MAX_UNITS} Bernoulli or Spin units, or of Potts units "
            f"with 2^{MAX_UNITS} configurations"
        )
    exchanged = sizes[1] < sizes[0]
    return double(rbm.transposed() if exchanged else rbm), exchanged
