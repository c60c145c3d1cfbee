"""The base of all models: what each says of itself, and what follows from that alone.

A model is one file in `replica/models`: a frozen dataclass whose fields are the control parameters. Everything
else - solving, following, lines, the command line, the contract tests - works from what that file says.
"""

from __future__ import annotations

import dataclasses
import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np

from replica.models.base.chart import Chart, ExactState, Finder
from replica.models.base.controls import checked, control_fields
from replica.models.base.diagram import Diagram, Line
from replica.models.base.generic_curves import generic_branches
from replica.models.base.order import PAIRS, Order, exp_clipped
from replica.numerics.elementary import is_multiprecision, log
from replica.numerics.jacobian import carried, derivative
from replica.numerics.number import Number

__all__ = ["Model"]


@dataclasses.dataclass(frozen=True, eq=False)
class Model(ABC):
    """Base of all models: validation, broadcasting, and what follows from the equations alone.

    A subclass gives its controls as fields, its `unknowns`, `free_energy`, and what is `dependent` on the unknowns.
    Equations, derivatives and states follow; each method may be replaced by a closed form, for speed, or where it
    knows more. Controls may be numbers or arrays, which broadcast, or mpmath numbers (scalars) at high precision.
    """

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    load: ClassVar[str] = "alpha"
    """The control that the charts leave free."""
    unknowns: ClassVar[tuple[str, ...]] = ("m", "C", "log_r")
    """Order parameters that Newton solves for, as they are or, with log_ before them, as their logarithm."""
    order_type: ClassVar[Any] = Order
    """What its order parameters come in: `Order`, or a named tuple that begins with the same members."""
    diagrams: ClassVar[tuple[Diagram, ...]] = ()
    lines: ClassVar[tuple[Line, ...]] = ()
    """Critical lines that `python -m replica.phase` computes for it."""
    precise: ClassVar[bool] = True
    """Whether it can be solved at more than double precision."""
    finest: ClassVar[float] = 0.0
    """Value of a control above 0 down to which instabilities are sought."""

    def __post_init__(self) -> None:
        for field in control_fields(type(self)):
            value = getattr(self, field.name)
            if value is not None or not (field.default is None or field.name == self.load):
                object.__setattr__(self, field.name, checked(field, value))
        try:
            np.broadcast_shapes(*(np.shape(v) for v in self.controls.values()))
        except ValueError:
            shapes = ", ".join(f"{k} {np.shape(v)}" for k, v in self.controls.items())
            raise ValueError(f"controls of shapes {shapes}: shapes that broadcast are needed") from None

    @property
    def controls(self) -> dict[str, Number]:
        """Control parameters by name, those left open (None) excepted."""
        values = {f.name: getattr(self, f.name) for f in control_fields(type(self))}
        return {name: value for name, value in values.items() if value is not None}

    @property
    def shape(self) -> tuple[int, ...]:
        """Common shape of the controls, () for numbers."""
        return np.broadcast_shapes(*(np.shape(v) for v in self.controls.values()))

    def replace(self, **changes: Number) -> Self:
        """The same model with some controls changed."""
        known = [f.name for f in control_fields(type(self))]
        for name in changes:
            if name not in known:
                raise ValueError(f"{name!r} is not a control of {self.name}: choose from {', '.join(known)}")
        return dataclasses.replace(self, **changes)

    def unchecked(self, **changes: Any) -> Self:
        """A copy with controls of any type (complex steps, trial values), not validated."""
        copy = object.__new__(type(self))
        for name, value in {**vars(self), **changes}.items():
            object.__setattr__(copy, name, value)
        return copy

    # What a model says of itself.

    @abstractmethod
    def free_energy(self, order: Order, n: int = 1) -> Number:
        """Free energy per visible unit at `order`, on the saddle or off it, n patterns condensed."""

    def dependent(self, *args: Any, **known: Any) -> dict[str, Number]:
        """Order parameters that follow from the unknowns, which are given by name; none unless a model says so."""
        return {}

    # What follows from the free energy; a model that knows better says it in closed form.

    def gradient(self, order: Order, n: int = 1) -> tuple[Number, ...]:
        """∂f/∂(unknowns), by complex steps."""
        names, size = list(self.controls), len(self.unknowns)

        def slopes(v: list[Number]) -> list[Number]:
            here = self.unchecked(**dict(zip(names, v[size:], strict=True)))
            return derivative(lambda x: [here.free_energy(here.unpack(x), n)], v[:size])[0]

        return tuple(carried(slopes, [*self.pack(order), *self.controls.values()]))

    def saddle(self, order: Order, n: int = 1) -> Order:
        """Right-hand sides of the saddle-point equations: order parameters less what ∂f/∂(unknowns) makes of them.

        f is bilinear in the pairs (C, r) and (q, B), ½α(rC + Bq + …), so that −(2/α) ∂f/∂C is the residual of r, and so
        on; −(1/n) ∂f/∂m is that of m. What depends on the unknowns is what `unpack` says. At r = 0 it is the limit.
        """
        if not np.any(np.asarray(order.r == 0)):
            return self._right_hand_sides(order, n)
        # f has no slope in ln r there: the quadratic through three small noises
        near, alpha = _small_variance(order.C), self.controls.get(self.load, 2.0)
        step = (order.r == 0) * (near / alpha)
        a, b, c = (self._right_hand_sides(order._replace(r=order.r + k * step), n) for k in (1, 2, 3))
        return type(order)._make(3 * (x - y) + z for x, y, z in zip(a, b, c, strict=True))

    def _right_hand_sides(self, order: Order, n: int) -> Order:
        slope = {}
        for name, value in zip(self.unknowns, self.gradient(order, n), strict=True):
            raw = name.removeprefix("log_")
            slope[raw] = value / getattr(order, raw) if name != raw else value
        alpha = self.controls.get(self.load, 2.0)
        moved = self.unpack(self.pack(order))._asdict()
        for name in slope:
            partner = PAIRS.get(name, name)
            partner = partner if partner in slope else name
            moved[name] = getattr(order, name) - slope[partner] * (2 / alpha if name in PAIRS else 1 / max(n, 1))
        return self.order_type(**moved)

    def entropy(self, order: Order, n: int = 1) -> Number:
        """Entropy −∂f/∂T per visible unit on the saddle, by a complex step; nan for a model without temperature."""
        if "T" not in self.controls:
            return math.nan * order.C
        x = self.pack(order)

        def energy(v: list[Number]) -> list[Number]:
            warmer = self.unchecked(T=v[0])
            return [-warmer.free_energy(warmer.unpack(x), n)]

        return derivative(energy, [self.controls["T"]])[0][0]

    def energy(self, order: Order, n: int = 1) -> Number:
        """Energy per visible unit on the saddle, U = f + T S."""
        return self.free_energy(order, n) + (self.controls["T"] * self.entropy(order, n) if "T" in self.controls else 0)

    def transverse(self, order: Order, n: int = 1) -> tuple[Number, ...]:
        """Eigenvalues of the Hessian of f over the overlaps, in the directions that break the symmetry.

        That along an uncondensed pattern is 1 − C where f has ½ Σ_μ m_μ².
        """
        return (1 - order.C,)

    def replicon(self, order: Order, n: int = 1) -> Number:
        """Replicon eigenvalue 1 − α p² ⟨(β var_v)²⟩⟨(β var_h)²⟩, > 0 where replica symmetry is stable.

        A free energy does not tell it: −inf without temperature, where units of discrete values jump, else nan.
        """
        return (math.nan if "T" in self.controls else -math.inf) + 0 * np.asarray(order.m)[()]

    def quadrature_error(self, order: Order, n: int = 1) -> Number:
        """Error of the averages at `order`: 0, that is rounding, unless a model says otherwise."""
        return 0.0 * np.asarray(order.m)[()]

    def rounding(self, order: Order, n: int = 1) -> Number:
        """Residual that the rounding of the order parameters themselves explains; 0 unless a model says otherwise."""
        return 0.0 * np.asarray(order.m)[()]

    def branches(self, n_condensed: tuple[int, ...]) -> Sequence[Chart | Finder | ExactState]:
        """Charts, finders and exact states that together hold every solution with n in `n_condensed` or m = 0.

        Without charts of the model's own, curves traced by arclength: see `replica.models.base.generic_curves`.
        """
        cls = type(self)
        closed = any(getattr(cls, name) is not getattr(Model, name) for name in ("saddle", "equations", "gradient"))
        return generic_branches(self, n_condensed, closed)

    # What follows.

    def pack(self, order: Order) -> list[Number]:
        """Unknowns of Newton's method at `order`."""
        return [log(getattr(order, u[4:])) if u.startswith("log_") else getattr(order, u) for u in self.unknowns]

    def unpack(self, x: Sequence[Number]) -> Order:
        """Order parameters at the unknowns x (a sequence), dependent members included."""
        known = {
            u.removeprefix("log_"): exp_clipped(v) if u.startswith("log_") else v
            for u, v in zip(self.unknowns, x, strict=True)
        }
        rest = self.dependent(**known)
        try:
            return self.order_type(**known, **rest)
        except TypeError:
            raise ValueError(self._ill_defined(known, rest)) from None

    def _ill_defined(self, known: dict[str, Number], rest: Any) -> str:
        """What is wrong with the order parameters that are unknowns or dependent on them."""
        needed, given = self.order_type._fields, [*known, *(rest if isinstance(rest, dict) else ())]
        missing = [name for name in needed if name not in given]
        where = f"{self.name or type(self).__name__}: unknowns {', '.join(self.unknowns)} and what `dependent` returns"
        if missing:
            return f"{where} lack {', '.join(missing)}: all of {', '.join(needed)} are needed"
        surplus = [name for name in dict.fromkeys(given) if name not in needed or given.count(name) > 1]
        return f"{where} have {', '.join(surplus)} too much: each of {', '.join(needed)} is needed once"

    def equations(self, x: Sequence[Number], n: int = 1) -> list[Number]:
        """Residuals that Newton drives to zero, one for each unknown; that of log_r is relative."""
        return self.against(x, self.saddle(self.unpack(x), n))

    def against(self, x: Sequence[Number], rhs: Order) -> list[Number]:
        """Residuals at the unknowns x, given the right-hand sides there."""
        return [
            log(getattr(rhs, u[4:])) - x[i] if u.startswith("log_") else getattr(rhs, u) - x[i]
            for i, u in enumerate(self.unknowns)
        ]

    def jacobian(self, x: Sequence[Number], n: int = 1) -> list[list[Number]]:
        """Derivatives [i][j] of the i-th equation by the j-th unknown."""
        return derivative(lambda v: self.equations(v, n), list(x))

    def residual(self, order: Order, n: int = 1) -> Number:
        """Largest |right-hand side − order parameter|, relative for those above 1."""
        with np.errstate(all="ignore"):
            rhs = self.saddle(order, n)
        worst: Number = 0.0
        for new, old in zip(rhs, order, strict=True):
            scale = abs(old) if is_multiprecision(old) else np.abs(old)
            if is_multiprecision(scale):
                worst = max(worst, abs(new - old) / max(1, scale))
            else:
                with np.errstate(over="ignore", invalid="ignore"):
                    worst = np.maximum(worst, np.abs(new - old) / np.maximum(1, scale))
        return worst


def _small_variance(like: Number) -> Number:
    """Variance αr of a small noise: its cube is rounding, or three quarters of the digits."""
    if is_multiprecision(like):
        return 10 ** -(like.context.mpf(like.context.dps) / 4)
    return 1e-5
