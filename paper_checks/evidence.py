"""How a printed formula is weighed: as printed, as corrected, and against a truth that is independent of both."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from paper_checks.check import Outcome, Tolerance, Verdict

__all__ = ["PRECISE", "ROUNDING", "SMOOTH", "gradient", "weigh"]

ROUNDING = Tolerance("rounding", 1e-12, "double precision, sums of few terms of order one")
PRECISE = Tolerance("quadrature", 1e-9, "quadratures converge to 1e-11")
SMOOTH = Tolerance("numerical derivative", 1e-7, "central differences of step 1e-4 in fourth order, values to 1e-13")


def weigh(
    printed: ArrayLike, truth: ArrayLike, tolerance: Tolerance, note: str = "", *, corrected: ArrayLike | None = None
) -> Verdict:
    """Verdict on a printed formula: "reproduced", "misprint" if only its correction is true, else "differs".

    Parameters
    ----------
    printed : float or array
        Value of the formula as it is printed.
    truth : float or array
        The same quantity by an independent way.
    tolerance : Tolerance
        Largest deviation allowed, of all elements.
    note : str
        One line of explanation.
    corrected : float or array, optional
        Value of the corrected formula.

    Returns
    -------
    Verdict
        A value that is not finite deviates by infinity.
    """
    wrong = deviation(printed, truth, tolerance)
    unit = " standard errors" if tolerance.name == "standard errors" else ""
    if wrong <= tolerance.value:
        return Verdict(Outcome.REPRODUCED, f"off by {wrong:.1e}{unit}", note, tolerance)
    if corrected is None:
        return Verdict(Outcome.DIFFERS, f"off by {wrong:.3g}{unit}", note, tolerance)
    right = deviation(corrected, truth, tolerance)
    shown = f"printed off by {wrong:.3g}, corrected by {right:.1e}"
    outcome = Outcome.MISPRINT if right <= tolerance.value else Outcome.DIFFERS
    return Verdict(outcome, shown, note, tolerance)


def deviation(value: ArrayLike, truth: ArrayLike, tolerance: Tolerance) -> float:
    """Largest deviation from the truth, relative if the tolerance is.

    Parameters
    ----------
    value, truth : float or array
        What is compared; they broadcast.
    tolerance : Tolerance
        Says whether the deviation is relative.

    Returns
    -------
    float
        Infinite if a value is not finite.
    """
    value, truth = np.asarray(value, dtype=float), np.asarray(truth, dtype=float)
    with np.errstate(invalid="ignore"):
        difference = np.abs(value - truth) / (np.abs(truth) if tolerance.relative else 1.0)
    return float(np.max(difference)) if np.isfinite(difference).all() else math.inf


def gradient(function: Callable[..., float], at: dict[str, float], step: float = 1e-4) -> np.ndarray:
    """Partial derivatives by central differences of fourth order.

    Parameters
    ----------
    function : callable
        Takes the variables as keywords.
    at : dict
        Where, name to value.
    step : float
        Step in each variable.

    Returns
    -------
    ndarray, shape (variables,)
        A derivative for each variable, in the order of `at`.
    """

    def slope(name: str) -> float:
        def moved(steps: int) -> float:
            return function(**{**at, name: at[name] + steps * step})

        return (8 * (moved(1) - moved(-1)) - (moved(2) - moved(-2))) / (12 * step)

    return np.array([slope(name) for name in at])
