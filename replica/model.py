"""What a model is: control parameters, order parameters, saddle-point equations, free energy, charts.

A model is one file in `replica/models`: a frozen dataclass whose fields are the control parameters. Everything
else - solving, following, lines, the command line, the contract tests - works from what that file says.
"""

from __future__ import annotations

import dataclasses
import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from replica.elementary import COMPLEX_STEP, exp, is_multiprecision, log, log1p

__all__ = ["Chart", "Diagram", "ExactState", "Finder", "Found", "Model", "Order", "control"]


class Order(NamedTuple):
    """Order parameters and responses: numbers, or arrays of one shape."""

    m: Any
    """Overlap with each condensed pattern."""
    q: Any
    """Edwards–Anderson overlap (spins) or weighted mean activity (0/1 units) of the visible layer."""
    r: Any
    """Mean squared activation of the weakly activated hidden units."""
    C: Any
    """Response β p (q_d − q) of the visible layer."""
    B: Any
    """Response β p (r_d − r) of the hidden layer."""


def control(
    symbol: str,
    help: str,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    low_included: bool = True,
    high_included: bool = True,
    whole: bool = False,
    loss: int = 1,
    breaking: int = 1,
    default: Any = dataclasses.MISSING,
) -> Any:
    """Declare a control parameter of a model (a dataclass field).

    Parameters
    ----------
    symbol : str
        How it is written in formulas and on axes.
    help : str
        One line for the command line's help.
    low, high : float
        Domain; always finite inside.
    low_included, high_included : bool
        Whether `low` and `high` themselves are allowed.
    whole : bool
        Whether only whole numbers are allowed.
    loss : {1, -1}
        Direction in which retrieval is lost: the one in which folds and coexistence are sought.
    breaking : {1, -1}
        Direction in which replica symmetry breaks: the one in which instabilities are sought.
    default : any, optional
        Default value; without it the control must be given.

    Returns
    -------
    dataclasses.Field
        The field, its metadata filled.
    """
    metadata = {
        "symbol": symbol,
        "help": help,
        "low": low,
        "high": high,
        "low_included": low_included,
        "high_included": high_included,
        "whole": whole,
        "loss": loss,
        "breaking": breaking,
    }
    return dataclasses.field(default=default, metadata=metadata)


def control_fields(cls: Any) -> list[dataclasses.Field]:
    """Fields of a model that are control parameters (those declared by `control`)."""
    return [f for f in dataclasses.fields(cls) if "symbol" in f.metadata]


def domain_text(field: dataclasses.Field) -> str:
    """Say in words which values a control may take."""
    meta = field.metadata
    noun = "an integer" if meta["whole"] else "a finite number"
    if math.isinf(meta["low"]) and math.isinf(meta["high"]):
        return noun
    lower = "" if math.isinf(meta["low"]) else f"{'>=' if meta['low_included'] else '>'} {meta['low']:g}"
    upper = "" if math.isinf(meta["high"]) else f"{'<=' if meta['high_included'] else '<'} {meta['high']:g}"
    return f"{noun} " + " and ".join(filter(None, [lower, upper]))


@dataclasses.dataclass(frozen=True)
class Chart:
    """One curve of solutions at fixed couplings, on which the load α is a function and not an unknown.

    Walking the curve meets every solution of its kind: those at a given α are the crossings of that level.
    `zero_noise` is the end (−1: first node, +1: last) where α r → 0; sheets are counted from there, a new one
    at each fold.
    """

    kind: str
    n: int
    nodes: Callable[[Any, float], NDArray]
    """nodes(model, lowest): increasing coordinates, shape (K,), that reach ln α = lowest at both ends."""
    point: Callable[[Any, NDArray], tuple[NDArray, Order]]
    """point(model, u): ln α (−inf outside the domain) and the order parameters at coordinates u."""
    zero_noise: int = 1
    folded: bool = True
    """Whether α has extrema on the chart; where it is known to be monotone they are not looked for."""


@dataclasses.dataclass(frozen=True)
class ExactState:
    """A solution known in closed form, such as the paramagnet."""

    kind: str
    n: int
    state: Callable[[Any], tuple[NDArray, Order]]
    """state(model): where it exists, and its order parameters."""


class Found(NamedTuple):
    """Solutions at the points of a flat model, one entry each."""

    point: NDArray
    """Index of the point."""
    kind: NDArray
    n: NDArray
    k: NDArray
    """Zero-noise state it descends from, −1 where that has no meaning."""
    sheet: NDArray
    order: Order


@dataclasses.dataclass(frozen=True)
class Finder:
    """Solutions of several kinds found together, where no single chart holds a kind."""

    kinds: tuple[str, ...]
    n: int
    find: Callable[[Any], Found]
    """find(flat model): all of them."""
    fold: Callable[[Any], tuple[Order, float]] | None = None
    """fold(scalar model): order parameters and ln α at the first fold of the retrieval branch."""


@dataclasses.dataclass(frozen=True)
class Diagram:
    """Columns that the `phase` command offers for a model when certain controls are scanned.

    `row(precision, **controls)` gives their values at one point, None for a quantity that does not exist there.
    """

    scanned: tuple[str, ...]
    """Controls that must be given, and are always columns."""
    columns: tuple[str, ...]
    row: Callable[..., dict[str, Any]]
    help: str
    lines: tuple[str, ...]
    """Columns to draw against the scanned control."""
    axis: str
    """What they measure."""
    fixed: tuple[str, ...] = ()
    """Further controls that must be given."""
    precise: bool = True
    """Whether it can be had at more than double precision."""
    draw: Callable[[Any, Any], bool] | None = None
    """draw(table, axes): draw the rows in a way of the model's own; False leaves them to the general one."""


@dataclasses.dataclass(frozen=True, eq=False)
class Model(ABC):
    """Base of all models: validation, broadcasting, and what follows from the equations alone.

    A subclass gives its controls as fields and the methods `saddle`, `free_energy`, `gradient`, `entropy`,
    `transverse`, `replicon`, `unpack` and `branches`. Controls may be numbers or arrays, which broadcast, or mpmath
    numbers (scalars) at high precision.
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
    precise: ClassVar[bool] = True
    """Whether it can be solved at more than double precision."""
    finest: ClassVar[float] = 0.0
    """Value of a control above 0 down to which instabilities are sought."""

    def __post_init__(self) -> None:
        for field in control_fields(type(self)):
            value = getattr(self, field.name)
            if value is not None or field.default is not None:
                object.__setattr__(self, field.name, _checked(field, value))
        try:
            np.broadcast_shapes(*(np.shape(v) for v in self.controls.values()))
        except ValueError:
            shapes = ", ".join(f"{k} {np.shape(v)}" for k, v in self.controls.items())
            raise ValueError(f"controls of shapes {shapes}: shapes that broadcast are needed") from None

    @property
    def controls(self) -> dict[str, Any]:
        """Control parameters by name, those left open (None) excepted."""
        values = {f.name: getattr(self, f.name) for f in control_fields(type(self))}
        return {name: value for name, value in values.items() if value is not None}

    @property
    def shape(self) -> tuple[int, ...]:
        """Common shape of the controls, () for numbers."""
        return np.broadcast_shapes(*(np.shape(v) for v in self.controls.values()))

    def replace(self, **changes: Any) -> Self:
        """Return the same model with some controls changed."""
        known = [f.name for f in control_fields(type(self))]
        for name in changes:
            if name not in known:
                raise ValueError(f"{name!r} is not a control of {self.name}: choose from {', '.join(known)}")
        return dataclasses.replace(self, **changes)

    def unchecked(self, **changes: Any) -> Self:
        """Return a copy with controls of any type (complex steps, trial values), not validated."""
        copy = object.__new__(type(self))
        for name, value in {**vars(self), **changes}.items():
            object.__setattr__(copy, name, value)
        return copy

    # What a model says of itself.

    @abstractmethod
    def saddle(self, order: Order, n: int = 1) -> Order:
        """Right-hand sides of the saddle-point equations at `order`, n patterns condensed."""

    @abstractmethod
    def free_energy(self, order: Order, n: int = 1) -> Any:
        """Free energy per visible unit at `order`, on the saddle or off it."""

    @abstractmethod
    def gradient(self, order: Order, n: int = 1) -> tuple[Any, ...]:
        """∂f/∂(unknowns) as the known combination of the residuals of `saddle`."""

    @abstractmethod
    def entropy(self, order: Order, n: int = 1) -> Any:
        """Entropy per visible unit on the saddle."""

    def energy(self, order: Order, n: int = 1) -> Any:
        """Energy per visible unit on the saddle, U = f + T S."""
        return self.free_energy(order, n) + self.controls.get("T", 0) * self.entropy(order, n)

    @abstractmethod
    def transverse(self, order: Order, n: int = 1) -> tuple[Any, ...]:
        """Eigenvalues of the Hessian of f over the overlaps, in the directions that break the symmetry."""

    @abstractmethod
    def replicon(self, order: Order, n: int = 1) -> Any:
        """Replicon eigenvalue 1 − α p² ⟨(β var_v)²⟩⟨(β var_h)²⟩, > 0 where replica symmetry is stable."""

    def quadrature_error(self, order: Order, n: int = 1) -> Any:
        """Error of the averages at `order`: 0, that is rounding, unless a model says otherwise."""
        return 0.0 * np.asarray(order.m)[()]

    @abstractmethod
    def branches(self, n_condensed: tuple[int, ...]) -> list[Any]:
        """Charts, finders and exact states that together hold every solution with n in `n_condensed` or m = 0."""

    # What follows.

    def pack(self, order: Order) -> list[Any]:
        """Unknowns of Newton's method at `order`."""
        return [log(getattr(order, u[4:])) if u.startswith("log_") else getattr(order, u) for u in self.unknowns]

    @abstractmethod
    def unpack(self, x: Any) -> Order:
        """Order parameters at the unknowns x (a sequence), dependent members included."""

    def equations(self, x: Any, n: int = 1) -> list[Any]:
        """Residuals that Newton drives to zero, one for each unknown; that of log_r is relative."""
        order = self.unpack(x)
        rhs = self.saddle(order, n)
        return [
            log(getattr(rhs, u[4:])) - x[i] if u.startswith("log_") else getattr(rhs, u) - x[i]
            for i, u in enumerate(self.unknowns)
        ]

    def residual(self, order: Order, n: int = 1) -> Any:
        """Largest |right-hand side − order parameter|, relative for those above 1."""
        with np.errstate(all="ignore"):
            rhs = self.saddle(order, n)
        worst: Any = 0.0
        for new, old in zip(rhs, order, strict=True):
            scale = abs(old) if is_multiprecision(old) else np.abs(old)
            if is_multiprecision(scale):
                worst = max(worst, abs(new - old) / max(1, scale))
            else:
                with np.errstate(over="ignore", invalid="ignore"):
                    worst = np.maximum(worst, np.abs(new - old) / np.maximum(1, scale))
        return worst


def derivative(f: Callable[[list[Any]], list[Any]], x: list[Any]) -> list[list[Any]]:
    """Jacobian [i][j] = ∂f_i/∂x_j by complex steps, for numbers, arrays or mpmath numbers."""
    columns = []
    for j in range(len(x)):
        if is_multiprecision(x[j]):
            from mpmath import mp

            step = mp.mpf(10) ** (-2 * mp.dps)
            moved = [v + mp.mpc(0, step) if i == j else v for i, v in enumerate(x)]
            columns.append([mp.im(v) / step for v in f(moved)])
        else:
            moved = [np.asarray(v) + 1j * COMPLEX_STEP if i == j else np.asarray(v)[()] for i, v in enumerate(x)]
            columns.append([np.imag(v) / COMPLEX_STEP for v in f(moved)])
    return [[column[i] for column in columns] for i in range(len(columns[0]))]


def _checked(field: dataclasses.Field, value: Any) -> Any:
    """Return a control as float, float array or mpmath number inside its domain, or raise ValueError."""
    if is_multiprecision(value):
        number = float(value)
        _check_domain(field, np.asarray(number), value)
        return value
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"{field.name} = {value!r}: {domain_text(field)} is needed") from None
    if field.metadata["whole"] and array.dtype != np.asarray(value).dtype and np.asarray(value).dtype == bool:
        raise ValueError(f"{field.name} = {value!r}: {domain_text(field)} is needed")
    if array.size == 0:
        raise ValueError(f"{field.name} is an empty array: at least one value is needed")
    _check_domain(field, array, value)
    if array.ndim == 0:
        return float(array)
    array = array.copy()
    array.flags.writeable = False
    return array


def _check_domain(field: dataclasses.Field, array: NDArray, value: Any) -> None:
    meta = field.metadata
    above = array >= meta["low"] if meta["low_included"] else array > meta["low"]
    below = array <= meta["high"] if meta["high_included"] else array < meta["high"]
    good = np.isfinite(array) & above & below
    if meta["whole"]:
        good &= array == np.round(array)
    if not good.all():
        bad = value if array.ndim == 0 else float(array[~good].flat[0])
        if meta["whole"] and isinstance(bad, float) and bad.is_integer():
            bad = int(bad)
        raise ValueError(f"{field.name} = {bad}: {domain_text(field)} is needed")


SMALL_MARGIN = 1e-4
"""1 − C below which its rounding would show: the glass at small loads and high thresholds has 1e-20 and less."""


def gain(order: Order, scale: Any) -> Any:
    """1/(1 − C), at small 1 − C as B/scale with B = scale/(1 − C): B is known to all its digits, 1 − C is not."""
    C, B = order.C, order.B
    if is_multiprecision(C) or is_multiprecision(B):
        return 1 / (1 - C)
    with np.errstate(all="ignore"):
        plain, fine = 1 / np.asarray(1 - C), np.asarray(B) / scale
        resolved = (np.real(1 - np.asarray(C)) < SMALL_MARGIN) & (np.real(fine) > 0.5 / SMALL_MARGIN)
        return np.where(resolved & np.isfinite(fine), fine, plain)[()]


def log_margin(order: Order, scale: Any) -> Any:
    """Ln(1 − C), likewise."""
    if is_multiprecision(order.C) or is_multiprecision(order.B):
        return log1p(-order.C)
    with np.errstate(all="ignore"):
        small = np.real(1 - np.asarray(order.C)) < SMALL_MARGIN
        return np.where(small, -log(gain(order, scale)), log1p(-order.C))[()]


def exp_clipped(x: Any) -> Any:
    """e^x without a warning where it overflows to inf or underflows to 0."""
    if is_multiprecision(x):
        return exp(x)
    with np.errstate(over="ignore", under="ignore"):
        return exp(x)
