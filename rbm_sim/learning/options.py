"""Options of learning: how large steps are, how many data are in one, and where the model part of it comes from."""

from __future__ import annotations

from dataclasses import dataclass

from rbm_sim._support import check
from rbm_sim.learning import rates
from rbm_sim.machine import gauge


@dataclass(frozen=True)
class Options:
    """Options of learning.

    Parameters
    ----------
    batch_size : int or None
        Data in one step, >= 1. None: a hundredth of the data, but 10 to 100.
    learning_rate : float or None
        Rate of the first epoch, > 0. None: from the curvature of the likelihood, see `rbm_sim.learning.rates`, anew
        every 50 batches; `decay` multiplies it.
    decay : float
        Factor of the rate from epoch to epoch, in (0, 1].
    momentum : float
        Part of the last step that is taken again, in [0, 1).
    weight_decay : float
        Strength λ >= 0 of the penalty (λ/2) Σ w².
    penalty : float
        Strength λ >= 0 of the penalty (λ/x) Σ_μ (Σ_i |w_{iμ}|)^x of Tubiana and Monasson.
    exponent : float
        Its exponent x >= 1.
    penalty_rise : int
        Epochs over which that penalty grows linearly to λ, >= 0; 0: λ at once, which may kill hidden units early.
    k : int
        Gibbs steps of the chains, >= 1, or sweeps of the TAP equations.
    persistent : bool
        PCD: the chains go on from batch to batch, as many as a batch has data; otherwise CD: they start at the data.
    centred : bool
        Take the gradient with respect to v and h less their means over the data: the same optimum, better conditioned.
        The plain one goes astray at rates at which it does not.
    gauge : {"zero-sum", "lattice-gas"}
        Of the weights and fields of Potts units: their sums over the states are 0, or those of state 0 are.
    negative : {"chains", "tap"}
        Where the model part of the gradient is taken: at chains, or at points that go towards solutions of the TAP
        equations (`rbm_sim.learning.tap_phase`), which should start at the data, `persistent=False`, with k = 3 or so.

    Raises
    ------
    ValueError
        If a value is out of its range.

    References
    ----------
    G. E. Hinton, Neural Comput. 14, 1771 (2002); T. Tieleman, ICML (2008); J. Melchior, A. Fischer and L. Wiskott,
    J. Mach. Learn. Res. 17, 99 (2016); J. Tubiana and R. Monasson, Phys. Rev. Lett. 118, 138301 (2017); M. Gabrié,
    E. W. Tramel and F. Krzakala, NIPS 28, 640 (2015).
    """

    batch_size: int | None = None
    learning_rate: float | None = None
    decay: float = 1.0
    momentum: float = 0.0
    weight_decay: float = 0.0
    penalty: float = 0.0
    exponent: float = 1.0
    penalty_rise: int = 0
    k: int = 1
    persistent: bool = True
    centred: bool = True
    gauge: str = "zero-sum"
    negative: str = "chains"

    def __post_init__(self) -> None:
        if self.batch_size is not None:
            check.integer("batch_size", self.batch_size, at_least=1)
        check.integer("k", self.k, at_least=1)
        if self.learning_rate is not None:
            check.number("learning_rate", self.learning_rate, above=0)
        check.number("decay", self.decay, above=0, at_most=1)
        check.number("momentum", self.momentum, at_least=0, below=1)
        check.number("weight_decay", self.weight_decay, at_least=0)
        check.number("penalty", self.penalty, at_least=0)
        check.number("exponent", self.exponent, at_least=1)
        check.integer("penalty_rise", self.penalty_rise, at_least=0)
        check.yes_or_no("persistent", self.persistent)
        check.yes_or_no("centred", self.centred)
        check.choice("gauge", self.gauge, gauge.GAUGES)
        check.choice("negative", self.negative, ("chains", "tap"))

    def penalty_in(self, epoch: int) -> float:
        """Strength of the penalty as it rises.

        Parameters
        ----------
        epoch : int
            Epochs done.

        Returns
        -------
        float
            `penalty` min(1, (epoch + 1)/penalty_rise) in the next epoch.
        """
        return self.penalty * min(1.0, (epoch + 1) / max(1, self.penalty_rise))

    def blamed(self, rate: float) -> str:
        """What may be too large where learning diverges.

        Parameters
        ----------
        rate : float
            Learning rate of the last step.

        Returns
        -------
        str
            Names and values, joined by "or".
        """
        usual = self.learning_rate is None
        named = [f"the default learning_rate, now {rate:g}," if usual else f"learning_rate = {rate:g}"]
        strengths = {name: getattr(self, name) for name in ("weight_decay", "penalty")}
        return " or ".join(named + [f"{name} = {value:g}" for name, value in strengths.items() if value])

    def batch_of(self, n: int) -> int:
        """Data in one step.

        Parameters
        ----------
        n : int
            Number of data.

        Returns
        -------
        int
            `batch_size`, or what fits n; at most n.
        """
        return min(self.batch_size or rates.usual_batch(n), n)
