"""The equations of any model as equations for curves: the load is one more coordinate.

Coordinates are y = (ln m, −ln(1 − C), ln r, …, ln α), those of the model's unknowns and the load, in which curves are
straight lines towards all ends where a quantity vanishes or diverges. The residuals are relative ones, that of C to
1 − C + 1e-3. Where a model has only a free energy they are its slopes by complex steps,

    F = −w ∂f/∂y,   w = 1/(n m²) for m,   2/(α x x′) for members of the pairs (C, r) and (q, B), x = 1 − C for C,

the Jacobian is that of their central differences, and both count in units of the largest |∂F/∂y| of each slope where
this exceeds 1: a slope that grows with the load, as ∂f/∂m of planted patterns does, is rounded on that scale.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from replica.models.base.order import PAIRS, Order
from replica.models.base.points import taken
from replica.numerics.elementary import COMPLEX_STEP
from replica.numerics.number import Number

__all__ = ["CLOSEST", "FAINT", "NO_OVERLAP", "OPEN", "LoadEquations"]

CLOSEST = 1e-6
"""1 − C down to which curves are followed: there rounding of C is 1e-10 of it."""
ROUNDED = 1e-3
"""1 − C below which its equation counts in units of this: rounding of α and r, e^±30 there, is C's and not 1 − C's."""
NO_OVERLAP = 1e-5
"""m below which a curve has merged with the states without overlap."""
NO_NOISE = (1e-9, 1e-5)
"""αr below which a curve on which the load stays what it is has merged with the paramagnet; for slopes of f, which lose
as many digits, less near."""
STILL = 1e-3
"""Share of ln α in the direction of a curve on which the load stays what it is."""
LEAST_ACTIVITY = 1e-12
"""q below which curves are not accounted for."""
FAINT = -14.0
"""ln αr below which nothing but the load changes along a curve that comes from a state without noise."""
OPEN = 0.999
"""C below which a state at small loads counts as one without noise."""
DIFFERENCE = 1e-5
"""Step of central differences of slopes."""


class LoadEquations(NamedTuple):
    """The equations F(y) = 0 of a model at R rows of couplings, n patterns condensed; m = 0 throughout if n = 0."""

    model: Any
    n: int
    by_slopes: bool
    """Whether F is made of slopes of the free energy."""
    floor: NDArray
    """Ln α of each row below which a curve without noise is not followed."""
    sign: NDArray | None = None
    """Sign of the overlap of each row; positive if None."""

    @property
    def frozen(self) -> bool:
        """Whether m = 0 throughout."""
        return self.n == 0

    @property
    def names(self) -> list[str]:
        """Order parameters in the coordinates, in their order."""
        raw = [u.removeprefix("log_") for u in self.model.unknowns]
        return [name for name in raw if not (self.frozen and name == "m")]

    def rows(self, index: NDArray) -> LoadEquations:
        """Return the same equations at some rows."""
        sign = None if self.sign is None else self.sign[index]
        return self._replace(model=taken(self.model, index), floor=self.floor[index], sign=sign)

    def at(self, y: NDArray) -> tuple[NDArray, NDArray, Order]:
        """F, shape (R, D − 1), its Jacobian, shape (R, D − 1, D), and the order parameters."""
        with np.errstate(all="ignore"):
            F, J = self._by_differences(y) if self.by_slopes else self._by_steps(y)
            return F, J, self.order(y)

    def order(self, y: NDArray) -> Order:
        """Order parameters at points y."""
        with np.errstate(all="ignore"):
            model, x = self._placed(y.T, np.arange(len(y)))
            order = model.unpack(x)
        return type(order)._make(np.broadcast_to(np.asarray(v, dtype=float), (len(y),)) for v in order)

    def moved(self, y: NDArray) -> NDArray:
        """Coordinates of the right-hand sides at points y: what an iteration of the equations makes of them."""
        out = y.copy()
        with np.errstate(all="ignore"):
            F = self._slopes(y.T, np.arange(len(y))).T if self.by_slopes else self._by_steps(y)[0]
            for i, name in enumerate(self.names):
                if name == "C":
                    margin = np.exp(-y[:, i])
                    out[:, i] = -np.log(np.clip(margin - F[:, i] * (margin + ROUNDED), CLOSEST, 1.0))
                elif f"log_{name}" in self.model.unknowns and not self.by_slopes:
                    out[:, i] += F[:, i]
                else:
                    out[:, i] += np.log1p(np.maximum(F[:, i], -0.9))
        return np.clip(np.where(np.isfinite(out), out, y), -300.0, 300.0)

    def spent(self, order: Order) -> NDArray:
        """Whether 1 − C has all but vanished."""
        return np.asarray(1 - order.C < CLOSEST)

    def faint(self, order: Order) -> NDArray:
        """Whether next to no unit is active."""
        return np.asarray(order.q < LEAST_ACTIVITY)

    def noiseless(self, y: NDArray) -> NDArray:
        """Whether points are next to states without noise, C < 1: αr there falls as the load does."""
        order = self.order(y)
        with np.errstate(all="ignore"):
            return (np.log(order.r) + y[:, -1] < FAINT) & (order.C < OPEN) & (y[:, -1] < self.floor)

    def vanished(self, y: NDArray, tangent: NDArray) -> NDArray:
        """Whether noise has vanished with the load, or overlap, or where there is none noise while the load stays."""
        ended = self.noiseless(y) & (tangent[:, -1] < 0)
        if not self.frozen:
            return ended | (y[:, self.names.index("m")] < np.log(NO_OVERLAP))
        with np.errstate(all="ignore"):
            noise = np.exp(y[:, -1]) * self.order(y).r
        return ended | (noise < NO_NOISE[self.by_slopes]) & (np.abs(tangent[:, -1]) < STILL)

    def boundless(self, y: NDArray, tangent: NDArray) -> NDArray:
        """Nowhere: curves are followed to large loads."""
        return np.zeros(len(y), dtype=bool)

    def _placed(self, y: NDArray, row: NDArray) -> tuple[Any, list[Number]]:
        """The model at the loads of points y, coordinates first, and its unknowns there; `row` has the row of each."""
        here = taken(self.model, row)
        by_name = dict(zip(self.names, y[:-1], strict=True))
        x: list[Number] = []
        for unknown in self.model.unknowns:
            name = unknown.removeprefix("log_")
            if name not in by_name:
                x.append(np.zeros(row.shape))
            elif name == "C":
                x.append(-np.expm1(-by_name[name]))
            elif name == "m" and self.sign is not None:
                x.append(self.sign[row] * np.exp(by_name[name]))
            else:
                x.append(by_name[name] if unknown != name else np.exp(by_name[name]))
        return here.unchecked(**{here.load: np.exp(y[-1])}), x

    def _by_steps(self, y: NDArray) -> tuple[NDArray, NDArray]:
        """F and its Jacobian from the model's equations, by complex steps in all coordinates at once."""
        rows, size = y.shape
        stepped = y.T[:, None, :] + 1j * COMPLEX_STEP * np.eye(size)[:, :, None]
        flat = stepped.reshape(size, -1)
        model, x = self._placed(flat, np.tile(np.arange(rows), size))
        residuals = model.equations(x, self.n)
        values = []
        for unknown, own, residual in zip(model.unknowns, x, residuals, strict=True):
            if unknown.removeprefix("log_") in self.names:
                scale = 1 if unknown.startswith("log_") else 1 - own + ROUNDED if unknown == "C" else own
                values.append(np.broadcast_to(residual / scale, flat.shape[1:]).reshape(size, rows))
        both = np.stack(values)
        return np.real(both[:, 0]).T.copy(), np.moveaxis(np.imag(both) / COMPLEX_STEP, 2, 0)

    def _by_differences(self, y: NDArray) -> tuple[NDArray, NDArray]:
        """F from slopes of the free energy and its Jacobian by central differences, in units of the largest entries."""
        rows, size = y.shape
        shifts = DIFFERENCE * np.concatenate([np.zeros((1, size)), np.eye(size), -np.eye(size)])
        moved = (y.T[:, None, :] + shifts.T[:, :, None]).reshape(size, -1)
        values = self._slopes(moved, np.tile(np.arange(rows), len(shifts))).reshape(size - 1, len(shifts), rows)
        F, J = values[:, 0], (values[:, 1 : size + 1] - values[:, size + 1 :]) / (2 * DIFFERENCE)
        steep = np.maximum(np.abs(J).max(axis=1), 1.0)
        return (F / steep).T.copy(), np.moveaxis(J / steep[:, None], 2, 0)

    def _slopes(self, y: NDArray, row: NDArray) -> NDArray:
        """F at points y, coordinates first, by complex steps in all coordinates but the load."""
        size, count = len(y) - 1, len(row)
        steps = 1j * COMPLEX_STEP * np.eye(size + 1)[:, :size]
        stepped = (y[:, None, :] + steps[:, :, None]).reshape(size + 1, -1)
        model, x = self._placed(stepped, np.tile(row, size))
        order = model.unpack(x)
        f = np.broadcast_to(model.free_energy(order, self.n), stepped.shape[1:]).reshape(size, count)
        alpha = np.real(np.exp(y[-1]))
        here = {name: np.real(np.broadcast_to(v, stepped.shape[1:])[:count]) for name, v in order._asdict().items()}
        here["C"] = np.exp(-y[self.names.index("C")]) if "C" in self.names else 1 - here["C"]
        slopes, F = -np.imag(f) / COMPLEX_STEP, {}
        for name, slope in zip(self.names, slopes, strict=True):
            if name == "m":
                F[name] = slope / (max(self.n, 1) * here["m"] ** 2)
                continue
            partner = PAIRS[name] if PAIRS.get(name) in self.names else name
            F[partner] = slope * 2 / alpha / (here[name] * here[PAIRS[name]] if name in PAIRS else 1.0)
        if "C" in F:
            F["C"] = F["C"] * here["C"] / (here["C"] + ROUNDED)
        return np.stack([F[name] for name in self.names])
