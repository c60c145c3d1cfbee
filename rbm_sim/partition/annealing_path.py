"""The machines between a base without couplings and a machine, along which importance sampling anneals.

Between the base, β = 0, and the machine, β = 1, lie the machines with energy (1 − β) E_base + β E. The base has the
same units without couplings and, where they are fitted to data, other visible fields g⁰; so the weights are β w,
the visible fields (1 − β) g⁰ + β g, the potentials of continuous units those of the machine, all intermediate laws
normalisable if that of the machine is, and the partition function of the base

    ln Z_base = Σ_i K_i(0) + Σ_μ K_μ(0),   K(I) = ln ∫dx exp{(I x − U(x))/T}.

Real-valued visible units (`Normal`) keep the variances of the machine, and are measured from their means in the base.

There may be several bases, one in each well of the machine: the visible units in fields that give them their means m
there, the hidden ones in the fields wᵀm, so that the fields in that well stay what they are along the path. Which base
a chain is drawn towards is then one more variable k = 0, …, K − 1, the energy (1 − β) [E_k + T ln(Z_k/Z_0)] + β E:
in the base all k are equally probable, and to the machine k does not matter. Chains from each base give the
sum over wells, which no barrier between them can hide.

One layer is summed or integrated over in the weights of importance, the hidden one unless only that is made of ReLU
units, plain or double, whose K costs ten times as much.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rbm_sim._support import check
from rbm_sim.machine.change_of_units import in_units, quadratic
from rbm_sim.machine.clamping import flat_entries
from rbm_sim.machine.rbm import RBM
from rbm_sim.units import DReLU, Gaussian, Normal, Potts, ReLU, TwoValued, Unit

_LONG_STEP = 2  # half a step of the argument of ln cosh: beyond, 1 − |tanh m tanh d| may have lost two digits


class AnnealingPath:
    """The machines between base and machine, with the laws of the layer that is kept.

    Parameters
    ----------
    rbm : RBM
        The machine.
    T : float
        Temperature, > 0.
    base : array_like, shape (N,) or (n, N), or None
        Mean values of the visible units, or data whose means (for two-valued units smoothed) they become, that the
        base reproduces; ReLU units have none.
    others : ndarray, shape (K − 1, N)
        Means of the visible units in further bases; see `has_means` for which units can have them.

    Attributes
    ----------
    log_base : float
        ln Z of each base, from the origin.
    log_origin : float
        What ln Z of the machine is above that of the same machine measured from the origin, 0 where it is not moved.
    bases : int
        Their number K.

    Raises
    ------
    ValueError
        If an argument is out of its range, or two continuous layers are not known to have a normalisable law.
    """

    def __init__(self, rbm: RBM, T: float, base: ArrayLike | None, others: np.ndarray | tuple = ()) -> None:
        self.T = check.number("T", T, above=0)
        _check_normalisable(rbm)
        self.given, self.origin, constant = rbm, None, 0.0
        if isinstance(rbm.visible, Normal) or (isinstance(rbm.visible, Gaussian) and base is not None):
            # Measured from the means of the base: there hidden units of the base know what they are without couplings.
            self.origin = _origin(rbm, base)
            rbm, constant = in_units(rbm, -self.origin)
            visible: Unit = rbm.visible.centred()
        else:
            visible = rbm.visible if base is None else _fitted(rbm, base, self.T)
        units = (rbm.visible, visible), (rbm.hidden, rbm.hidden)
        pairs = list(zip(units, rbm.shape, strict=True))
        sums = (base.log_partition(np.zeros(size), self.T).sum() for (_, base), size in pairs)
        self.log_base, self.log_origin = float(sum(sums)), -constant / self.T
        layers = [_Layer(*unit, size, rbm.dtype, self.T) for unit, size in pairs]
        self.sums_hidden = isinstance(rbm.visible, ReLU | DReLU) or not isinstance(rbm.hidden, ReLU | DReLU)
        self.bases = 1 + len(others)
        if len(others):
            means = np.asarray(others) - (0.0 if self.origin is None else self.origin)
            layers[0].add_bases(_field(rbm.visible, means, self.T))
            layers[1].add_bases(layers[1].start + rbm.matrix.forward(means.astype(rbm.dtype)))
        self.kept, self.summed = layers if self.sums_hidden else layers[::-1]
        self.matrix = rbm.matrix if self.sums_hidden else rbm.matrix.transposed()

    def draw_base(self, towards: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw the layer that is kept from the bases.

        Parameters
        ----------
        towards : ndarray of int, shape (chains,)
            Base k of each chain.
        rng : numpy.random.Generator
            Random numbers.

        Returns
        -------
        ndarray, shape (chains, units)
            The draws.
        """
        start = np.broadcast_to(self.kept.towards(towards)[0], (len(towards), len(self.kept.start)))
        return self.kept.draw(start.copy(), rng)

    def kept_given(self, v: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw the layer that is kept given samples of the visible one.

        Parameters
        ----------
        v : ndarray, shape (chains, N)
            Visible configurations.
        rng : numpy.random.Generator
            Random numbers.

        Returns
        -------
        ndarray, shape (chains, units)
            The draws; the samples themselves, from their origin, if it is the visible layer that is kept.
        """
        if not self.sums_hidden:
            return self.given.hidden.sample(self.given.matrix.forward(v), rng, self.T)
        return v if self.origin is None else v - self.origin.astype(v.dtype)

    def log_weights(
        self, x: np.ndarray, towards: np.ndarray, betas: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Logarithms of the weights of chains that start from x at the first β and are annealed to the last.

        Parameters
        ----------
        x : ndarray, shape (chains, units)
            The layer that is kept.
        towards : ndarray of int, shape (chains,)
            Base k of each chain at the beginning, drawn in proportion to their weights c_k, which are equal.
        betas : ndarray
            Values of β, rising or falling.
        rng : numpy.random.Generator
            Random numbers.

        Returns
        -------
        ndarray, shape (chains,)
            The logarithms, ln Z of the base left out.
        """
        kept, summed = self.kept, self.summed
        log_w = np.zeros(len(x))
        for old, new in pairwise(betas.tolist()):
            (start, shift, normal), (at_rest, push, normal_too) = kept.towards(towards), summed.towards(towards)
            slope = self.matrix.forward(x)
            if summed.moves:
                slope += push
            field = _line(at_rest, new, slope)
            log_w += summed.gain(field, slope, new - old)
            log_w += (new - old) * (normal + normal_too)
            if kept.moves:
                log_w += (new - old) / self.T * (x * shift.astype(np.float64)).sum(axis=1)
            if new != betas[-1]:
                z = summed.draw(field, rng)
                slope = self.matrix.backward(z)
                if kept.moves:
                    slope += shift
                x = kept.draw(_line(start, new, slope), rng)
                if self.bases > 1:
                    log_p = (1 - new) * (kept.log_base(x) + summed.log_base(z))
                    towards = (log_p + rng.gumbel(size=log_p.shape)).argmax(axis=1)
        return log_w


class _Layer:
    """Units whose field in an input I, at β, is −b⁰ + β (I + b⁰ − b), with the offsets b⁰ of the base and b."""

    def __init__(self, unit: Unit, base: Unit, size: int, dtype: np.dtype, T: float) -> None:
        self.unit, self.T = unit.centred(), T
        self.start = np.full(size, -base.offset, dtype)
        self.shift = np.full(size, base.offset - unit.offset, dtype)
        self.moves = bool(self.shift.any())
        self.bases: Any = ()

    def add_bases(self, fields: np.ndarray) -> None:
        """Let there be further bases, with these fields of the units."""
        starts = np.concatenate([self.start[None], fields]).astype(self.start.dtype)
        log_Z = self.unit.log_partition(starts.astype(np.float64), self.T).sum(axis=1)
        self.bases = starts, starts[:1] + self.shift - starts, log_Z - log_Z[0]
        self.moves = True

    def towards(self, base: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray | float]:
        """Fields at β = 0, their rise with β, and ln(Z_k/Z_0), for each chain, or where there is one base for all."""
        if not self.bases:
            return self.start, self.shift, 0.0
        starts, shifts, log_Z = self.bases
        return starts[base], shifts[base], log_Z[base]

    def log_base(self, x: np.ndarray) -> np.ndarray:
        """Logarithms of how probable units are in each base, but for what they have in common."""
        starts, _, log_Z = self.bases
        return x.astype(np.float64) @ (starts - starts[:1]).T.astype(np.float64) / self.T - log_Z

    def draw(self, field: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw the units in a field, which is overwritten."""
        return self.unit._draw(field, rng, self.T)

    def gain(self, new: np.ndarray, slope: np.ndarray, step: float) -> np.ndarray:
        """Sum over the units of K(new) − K(old) with the fields old = new − step × slope, in double precision."""
        T = self.T
        if isinstance(self.unit, Gaussian):
            middle = new - slope.dtype.type(step / 2) * slope
            return step / T * np.einsum("ki,ki->k", slope, middle, dtype=np.float64)
        if isinstance(self.unit, Normal):
            middle = (new - slope.dtype.type(step / 2) * slope) / self.unit.gamma
            return step / T * np.einsum("ki,ki->k", slope, middle, dtype=np.float64)
        if isinstance(self.unit, TwoValued):
            return _two_valued_gain(new / T, slope / T, step, self.unit.low)
        y = new.astype(np.float64)
        old = y - np.multiply(slope, step, dtype=np.float64)
        return (self.unit.log_partition(y, T) - self.unit.log_partition(old, T)).sum(axis=1)


def _two_valued_gain(new: np.ndarray, slope: np.ndarray, step: float, low: float) -> np.ndarray:
    """Sum over units of K(new) − K(new − step × slope), where K(y) = (1 + low) y/2 + ln 2 cosh((1 − low) y/2)."""
    half = (1 - low) / 2
    d = slope * slope.dtype.type(half * step / 2)
    if np.abs(d).max() > _LONG_STEP:
        y, d = half * new.astype(np.float64), d.astype(np.float64)
        change = np.logaddexp(y, -y) - np.logaddexp(y - 2 * d, 2 * d - y)
    else:
        # ln cosh(m + d) − ln cosh(m − d) = 2 artanh(tanh m tanh d), in which no large numbers cancel
        change = half * new
        change -= d
        np.tanh(change, out=change)
        change *= np.tanh(d)
        np.arctanh(change, out=change)
        change *= 2
    total = change.sum(axis=1, dtype=np.float64)
    return total + (1 + low) / 2 * step * slope.sum(axis=1, dtype=np.float64) if 1 + low else total


def _line(start: np.ndarray, beta: float, slope: np.ndarray) -> np.ndarray:
    """Fields start + β slope."""
    field = slope * slope.dtype.type(beta)
    field += start
    return field


def _origin(rbm: RBM, base: ArrayLike | None) -> np.ndarray:
    """Means of the base of real-valued visible units; without couplings those of the machine."""
    g, gamma = quadratic(rbm.visible, rbm.shape[0])  # type: ignore[arg-type]
    return g / gamma if base is None else np.atleast_2d(_means(base, rbm.shape[0])).mean(axis=0)


def _means(base: ArrayLike, N: int) -> np.ndarray:
    """Return what is given for the base, or raise if its shape does not fit."""
    base = check.real_array("base", base, np.float64)
    if base.ndim not in (1, 2) or base.shape[-1] != N or not len(base):
        raise ValueError(f"base has shape {base.shape}: must be means, shape ({N},), or data, shape (n, {N})")
    return base


def _fitted(rbm: RBM, base: ArrayLike, T: float) -> Unit:
    """Visible units in fields such that without couplings they have given means, or the smoothed means of data."""
    unit, N = rbm.visible, rbm.shape[0]
    if isinstance(unit, Potts):
        return _fitted_states(rbm, unit, check.real_array("base", base, np.float64), T)
    if not isinstance(unit, TwoValued):
        raise ValueError(
            f"base is given and rbm.visible is {type(unit).__name__}: must be Bernoulli, Spin or Potts units"
        )
    base = _means(base, N)
    if base.ndim == 2:
        on = smoothed((rbm.configurations(base, name="base") == 1).sum(axis=0), len(base))
    else:
        on = (base - unit.low) / (1 - unit.low)
        if not ((on > 0) & (on < 1)).all():
            raise ValueError(f"base has means in [{base.min():g}, {base.max():g}]: must be > {unit.low:g} and < 1")
    offset = T / (1 - unit.low) * (np.log1p(-on) - np.log(on))
    return unit._with_offset(offset.astype(rbm.dtype))


def has_means(unit: Unit) -> bool:
    """Whether further bases with given means are there for visible units of this kind.

    Parameters
    ----------
    unit : Unit
        The visible units.

    Returns
    -------
    bool
        True for Bernoulli, Spin, Gaussian and Normal units.
    """
    return isinstance(unit, TwoValued | Gaussian | Normal)


def _field(unit: Unit, means: np.ndarray, T: float) -> np.ndarray:
    """Fields in which units without couplings have given means."""
    if isinstance(unit, TwoValued):
        on = (means - unit.low) / (1 - unit.low)
        return T / (1 - unit.low) * (np.log(on) - np.log1p(-on))
    return means * getattr(unit, "gamma", 1.0)


def _fitted_states(rbm: RBM, unit: Potts, base: np.ndarray, T: float) -> Unit:
    """Potts units with the given probabilities of their states, or with the smoothed frequencies of data."""
    base = flat_entries("base", base, unit, rbm.shape[0])
    if base.ndim == 2:
        count = rbm.configurations(base, name="base").sum(axis=0, dtype=float)
        P = (count + 1) / (len(base) + unit.states)
    else:
        P = base
        sums = P.reshape(-1, unit.states).sum(axis=1)
        if not ((P > 0).all() and np.allclose(sums, 1, atol=1e-6)):
            raise ValueError(
                f"base has entries in [{P.min():g}, {P.max():g}]: probabilities of states must be > 0 and of sum 1"
            )
    return unit._with_offset((-T * np.log(P)).astype(rbm.dtype))


def smoothed(count: np.ndarray, n: int) -> np.ndarray:
    """Probabilities by Laplace's rule of succession, (count + 1)/(n + 2): never 0 or 1.

    Parameters
    ----------
    count : ndarray
        How often each event occurred.
    n : int
        Number of trials.

    Returns
    -------
    ndarray, shape of `count`
        Probability of each event, in (0, 1).
    """
    return (count + 1) / (n + 2)


def _check_normalisable(rbm: RBM) -> None:
    """Raise if both layers are continuous and their joint law is not known to be normalisable."""
    if any(isinstance(unit, TwoValued | Potts) for unit in (rbm.visible, rbm.hidden)):
        return
    w = rbm.weights.astype(np.float64)
    for axis, unit in enumerate((rbm.visible, rbm.hidden)):
        if isinstance(unit, Normal | DReLU):
            gamma = unit.gamma if isinstance(unit, Normal) else unit.softest
            w = w / np.sqrt(np.expand_dims(gamma, 1 - axis))
    norm = float(np.linalg.norm(w, 2))
    # On the half lines x ≥ 0 a quadratic form is at most that of the positive part of its matrix.
    positive = isinstance(rbm.visible, ReLU), isinstance(rbm.hidden, ReLU)
    if all(positive):
        norm = min(norm, float(np.linalg.norm(np.maximum(w, 0), 2)))
    elif any(positive):
        gram = w.T @ w if positive[1] else w @ w.T
        norm = min(norm, math.sqrt(np.linalg.norm(np.maximum(gram, 0), 2)))
    if norm >= 1:
        kinds = f"{type(rbm.visible).__name__} and {type(rbm.hidden).__name__}"
        raise ValueError(f"rbm has the largest singular value {norm:g}: must be < 1 for layers of {kinds} units")
