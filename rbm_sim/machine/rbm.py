"""The restricted Boltzmann machine: energy, free energy, and alternating Gibbs sampling."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim._support import check, shown
from rbm_sim._support.random import Seed
from rbm_sim.machine import arguments, fitted
from rbm_sim.machine.gibbs import Chains
from rbm_sim.machine.weights import WeightsLike, stored
from rbm_sim.units import Bernoulli, Potts, Unit


class State(NamedTuple):
    """Joint state of many chains.

    Attributes
    ----------
    v : ndarray, shape (n_chains, N)
        Visible layer.
    h : ndarray, shape (n_chains, M)
        Hidden layer.
    """

    v: np.ndarray
    h: np.ndarray

    def __repr__(self) -> str:
        return shown.fields(self)


class RBM:
    """Restricted Boltzmann machine, P(v, h) ∝ exp{−E(v, h)/T}.

    E(v, h) = −Σ_{iμ} w_{iμ} v_i h_μ + Σ_i U_i(v_i) + Σ_μ U_μ(h_μ)

    Parameters
    ----------
    weights : array_like, scipy.sparse array or PackedPatterns, shape (N, M)
        Weights w, visible × hidden. All computation runs in their dtype (float32 or float64; anything else
        becomes float64). An array is not copied, and must not be changed later. Of Potts visible units they have the
        shape (N, states, M) or, as all inside, (N × states, M); configurations likewise, with one 1 for each unit.
    visible, hidden : Unit
        Unit types of the two layers: `Bernoulli`, `Spin`, `Gaussian`, `ReLU` and so on.

    Attributes
    ----------
    matrix : Weights
        The weights as they are stored.
    shape : tuple of int
        (N, M), of Potts units the numbers of entries.
    dtype : numpy.dtype
        Of all computation.
    visible, hidden : Unit
        The layers, with their parameters as arrays of one entry per unit.

    Raises
    ------
    ValueError
        If the weights are not a matrix of finite numbers, or a layer does not fit them.

    Notes
    -----
    Two continuous layers have a normalisable joint law only if the weights are small enough (Gaussian units:
    largest singular value < 1); this is not checked.

    References
    ----------
    J. Tubiana and R. Monasson, Phys. Rev. Lett. 118, 138301 (2017).

    Examples
    --------
    >>> import rbm_sim
    >>> rbm = rbm_sim.RBM([[0.5], [-0.5]], visible=rbm_sim.Bernoulli(), hidden=rbm_sim.ReLU(0.25))
    >>> float(rbm.energy([1, 0], [2.0]))
    1.5
    """

    def __init__(self, weights: WeightsLike, *, visible: Unit, hidden: Unit) -> None:
        if isinstance(visible, Potts) and np.ndim(weights) == 3:  # type: ignore[arg-type]
            weights = arguments.rows(weights, visible.states)  # type: ignore[arg-type]
        self.matrix = stored(weights)
        self.shape, self.dtype = self.matrix.shape, self.matrix.dtype
        self.visible = arguments.layer("visible", visible, self.shape[0], self.dtype)
        self.hidden = arguments.layer("hidden", hidden, self.shape[1], self.dtype)

    @property
    def weights(self) -> np.ndarray:
        """Weights as an array, shape (N, M): read-only if they are stored as one, else a new one."""
        return self.matrix.dense()

    def __repr__(self) -> str:
        kinds = f"visible={type(self.visible).__name__}, hidden={type(self.hidden).__name__}"
        return f"RBM(N={self.shape[0]}, M={self.shape[1]}, {kinds}, {self.dtype})"

    @classmethod
    def from_sklearn(cls, estimator: Any) -> Self:
        """Return the machine that scikit-learn has learned, of Bernoulli units in both layers.

        Parameters
        ----------
        estimator : sklearn.neural_network.BernoulliRBM
            One that is fitted.

        Returns
        -------
        RBM
            Weights `components_` transposed, fields `intercept_visible_` and `intercept_hidden_`.

        Raises
        ------
        ValueError
            If the estimator has not these three, or they do not fit together.
        """
        w, g, b = fitted.parameters(estimator)
        return cls(w, visible=Bernoulli(g), hidden=Bernoulli(b))

    def transposed(self) -> RBM:
        """Return the machine with its two layers exchanged, E′(h, v) = E(v, h).

        Returns
        -------
        RBM
            The machine with weights wᵀ (a view, unless they are packed patterns).
        """
        return RBM(self.matrix.transposed(), visible=self.hidden, hidden=self.visible)

    def inputs(self, v: ArrayLike) -> np.ndarray:
        """Inputs of the hidden layer, I_μ = Σ_i w_{iμ} v_i.

        Parameters
        ----------
        v : array_like, shape (..., N)
            Visible configurations.

        Returns
        -------
        ndarray, shape (..., M)
            Inputs I_μ, one for each hidden unit and configuration.

        Raises
        ------
        ValueError
            If `v` has another length or values outside the domain.
        """
        return self.matrix.forward(self.configurations(v))

    def configurations(self, v: ArrayLike, name: str = "v") -> np.ndarray:
        """Check visible configurations and give them the dtype of the weights.

        Parameters
        ----------
        v : array_like, shape (..., N)
            Visible configurations.
        name : str
            What messages call them.

        Returns
        -------
        ndarray, shape (..., N)
            The same values in the dtype of the weights; not a copy if they have it.

        Raises
        ------
        ValueError
            If `v` has another length or values outside the domain.
        """
        return arguments.configurations(name, v, self.visible, self.shape[0], self.dtype)

    def energy(self, v: ArrayLike, h: ArrayLike) -> np.ndarray:
        """Joint energy E(v, h) = −Σ w_{iμ} v_i h_μ + Σ_i U_i(v_i) + Σ_μ U_μ(h_μ).

        Parameters
        ----------
        v : array_like, shape (..., N)
            Visible configurations.
        h : array_like, shape (..., M)
            Hidden configurations; the leading axes of `v` and `h` broadcast.

        Returns
        -------
        ndarray, shape (...)
            E(v, h), one number for each pair of configurations.

        Raises
        ------
        ValueError
            If a configuration has another length or values outside the domain, or the axes do not broadcast.
        """
        v = self.configurations(v)
        h = arguments.configurations("h", h, self.hidden, self.shape[1], self.dtype)
        try:
            interaction = (self.matrix.forward(v) * h).sum(axis=-1)
        except ValueError:
            raise ValueError(f"v and h have shapes {v.shape} and {h.shape}: leading axes must match") from None
        return self.visible.potential(v).sum(axis=-1) + self.hidden.potential(h).sum(axis=-1) - interaction

    def free_energy(self, v: ArrayLike, T: float = 1.0) -> np.ndarray:
        """Free energy of visible configurations, F(v) = Σ_i U_i(v_i) − T Σ_μ K_μ(I_μ): P(v) ∝ exp(−F(v)/T).

        K_μ(I) = ln ∫dh exp{(I h − U_μ(h))/T} over the Lebesgue or counting measure, not normalised.

        Parameters
        ----------
        v : array_like, shape (..., N)
            Visible configurations.
        T : float
            Temperature, > 0; `marginal_energy` is the limit T → 0.

        Returns
        -------
        ndarray, shape (...)
            F(v), one number for each configuration.

        Raises
        ------
        ValueError
            If `v` has another length or values outside the domain, or T <= 0.
        """
        T = check.number("T", T, above=0)
        v = self.configurations(v)
        K = self.hidden.log_partition(self.matrix.forward(v), T)
        return self.visible.potential(v).sum(axis=-1) - T * K.sum(axis=-1)

    def marginal_energy(self, v: ArrayLike) -> np.ndarray:
        """Energy of visible configurations, E(v) = min_h E(v, h) = Σ_i U_i(v_i) − Σ_μ max_h [I_μ h − U_μ(h)].

        Parameters
        ----------
        v : array_like, shape (..., N)
            Visible configurations.

        Returns
        -------
        ndarray, shape (...)
            E(v), one number for each configuration.

        Raises
        ------
        ValueError
            If `v` has another length or values outside the domain.
        """
        v = self.configurations(v)
        return self.visible.potential(v).sum(axis=-1) - self.hidden.ground(self.matrix.forward(v)).sum(axis=-1)

    def clamped_free_energy(self, data: ArrayLike, T: float = 1.0) -> float:
        """Free energy of the machine clamped to data, the mean of F(v) over them.

        The log-likelihood of the data, per configuration, is −(this)/T − ln Z.

        Parameters
        ----------
        data : array_like, shape (..., N)
            Visible configurations.
        T : float
            Temperature, > 0.

        Returns
        -------
        float
            Mean ⟨F(v)⟩ over the data, summed in double precision.

        Raises
        ------
        ValueError
            If there are no data, they do not fit, or T <= 0.
        """
        F = self.free_energy(data, T)
        if not F.size:
            raise ValueError(f"data has shape {np.shape(data)}: must hold at least one configuration")
        return float(F.mean(dtype=float))

    def sample(
        self,
        n_chains: int,
        steps: int,
        T: float | ArrayLike = 1.0,
        rng: Seed = None,
        start: ArrayLike | None = None,
        threads: int = 1,
        *,
        clamp: ArrayLike | None = None,
        values: ArrayLike | None = None,
    ) -> State:
        """Draw v ~ P(v | h), then h ~ P(h | v), `steps` times in every chain: alternating (block) Gibbs sampling.

        Parameters
        ----------
        n_chains : int
            Number of independent chains, >= 1.
        steps : int
            Number of full sweeps, >= 0. With 0 sweeps the start comes back, with h drawn given v.
        T : float or array_like, shape (n_chains,)
            Temperature, >= 0, or one > 0 for each chain. At T = 0 units take their most likely value; see also
            `rbm_sim.retrieval.dynamics.alternate`.
        rng : None, int, SeedSequence or Generator
            Random numbers, as for ``numpy.random.default_rng``.
        start : array_like, shape (N,) or (n_chains, N), optional
            Visible configurations to start from; by default drawn from their law without input.
        threads : int
            Threads that share the chains, in blocks of 250; the result does not depend on it.
        clamp : array_like of bool, shape (N,) or (n_chains, N), optional
            True for a visible unit that is held at its value; by default, those that have one in `values`.
        values : array_like, shape (N,) or (n_chains, N), optional
            Values of the units that are held: conditional sampling, of P(v, h) given these. An entry that is nan,
            None or masked is missing: its unit is free, as is any one outside of `clamp`.

        Returns
        -------
        State
            v, shape (n_chains, N) or of Potts units (n_chains, N, states), and h, shape (n_chains, M), after the last
            sweep.

        Raises
        ------
        ValueError
            If an argument is out of its range.
        """
        steps = check.integer("steps", steps, at_least=0)
        chains = Chains(self, n_chains, T=T, rng=rng, start=start, threads=threads, clamp=clamp, values=values).run(
            steps
        )
        v, h = (
            x.reshape(-1, *unit.axes(size))
            for x, unit, size in zip((chains.v, chains.h), (self.visible, self.hidden), self.shape, strict=True)
        )
        return State(v, h)
