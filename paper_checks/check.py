"""What a check is: the printed claim, the computed value, a named tolerance, and the verdict."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import ModuleType

from replica.numerics.number import Number

SEEN = {
    "p": "read in the paper",
    "a": "read in its abstract",
    "s": "second-hand",
    "r": "recalled, source text not at hand",
}


class Outcome(StrEnum):
    """What became of a printed claim."""

    REPRODUCED = "reproduced"
    MISPRINT = "misprint"
    DIFFERS = "differs"
    UNCHECKED = "unchecked"
    FAILED = "failed"


@dataclass(frozen=True)
class Tolerance:
    """How far the computed value may lie from the printed one, and why that far.

    Parameters
    ----------
    name : str
        What it is called in the report.
    value : float
        Largest difference allowed.
    reason : str
        Where the number comes from.
    relative : bool
        Whether the difference is in units of the printed value.
    """

    name: str
    value: float
    reason: str
    relative: bool = False


@dataclass(frozen=True)
class Verdict:
    """The answer of a check.

    Parameters
    ----------
    outcome : Outcome
        What became of the claim.
    computed : str
        The value found here, as it shall be shown.
    note : str
        One line of explanation.
    tolerance : Tolerance, optional
        What the comparison allowed.
    """

    outcome: Outcome
    computed: str
    note: str
    tolerance: Tolerance | None = None


@dataclass(frozen=True)
class Check:
    """A published claim and the function that recomputes it; made by the decorator `check`.

    Parameters
    ----------
    function : callable
        Returns the `Verdict`.
    source, where, printed, seen, right, route : str
        As in `check`.
    extraction : bool
        As in `check`.
    expected : Outcome
        The verdict that is no surprise.
    slow : bool
        Whether it runs only with `--all`.
    name : str
        Module and function.
    """

    function: Callable[[], Verdict] = field(repr=False)
    source: str
    where: str
    printed: str
    seen: str
    right: str
    route: str
    extraction: bool
    expected: Outcome
    slow: bool
    name: str

    def __call__(self) -> Verdict:
        """Run the check; an exception is a verdict too.

        Returns
        -------
        Verdict
            What the function says; a claim that is only recalled can differ, but never counts as evidence
            that the source agrees.
        """
        try:
            verdict = self.function()
            if not isinstance(verdict, Verdict):
                raise TypeError(f"the check returned a {type(verdict).__name__}, not a Verdict")
        except Exception as error:
            return Verdict(Outcome.FAILED, "", f"{type(error).__name__}: {error}")
        if self.seen == "r" and verdict.outcome is Outcome.REPRODUCED:
            reason = f"the value is found, but the text was not at hand; {verdict.note}".removesuffix("; ")
            return replace(verdict, outcome=Outcome.UNCHECKED, note=reason)
        if self.seen == "r" and verdict.outcome is Outcome.MISPRINT:
            return Verdict(Outcome.FAILED, verdict.computed, "nobody can call a text not at hand a misprint")
        return verdict


def check(
    *,
    source: str,
    where: str,
    printed: str,
    seen: str,
    right: str = "",
    route: str = "",
    extraction: bool = False,
    expected: str | None = None,
    slow: bool = False,
) -> Callable[[Callable[[], Verdict]], Check]:
    """Decorator that makes a check of a function returning a `Verdict`.

    Parameters
    ----------
    source : str
        The publication, such as "AGS 1985".
    where : str
        Equation, figure, table or page.
    printed : str
        The claim as it is printed there.
    seen : {"p", "a", "s", "r"}
        How the claim is known: read in the paper, read in its abstract, second-hand, or recalled by the field
        without the original text at hand.
    right : str
        What is right instead, in the notation of the source, of a misprint; what is found, where a claim differs.
    route : str
        By which independent way it is checked, such as "enumeration" or "derivative of the free energy".
    extraction : bool
        Whether the text copy of the source, rather than the source, may have lost what is wrong.
    expected : str, optional
        The verdict that is no surprise; by default "reproduced", or "unchecked" for a recalled claim.
    slow : bool
        Whether it takes more than a few seconds, and runs only with `--all`.

    Returns
    -------
    callable
        Takes the function, returns the `Check` that replaces it.

    Raises
    ------
    ValueError
        Unknown `seen` or `expected`.
    """
    if seen not in SEEN:
        raise ValueError(f"seen = {seen!r}; allowed are {', '.join(SEEN)}")
    usual = Outcome.UNCHECKED if seen == "r" else Outcome.REPRODUCED
    outcome = usual if expected is None else Outcome(expected)

    def decorate(function: Callable[[], Verdict]) -> Check:
        name = f"{function.__module__.rpartition('.')[2]}.{function.__name__}"
        return Check(function, source, where, printed, seen, right, route, extraction, outcome, slow, name)

    return decorate


def last_digit(printed: str, units: float = 0.5) -> Tolerance:
    """Tolerance of a printed decimal: half a unit of its last digit, or one unit if it may be cut off.

    Parameters
    ----------
    printed : str
        A number such as "0.138" or "1.4e-3".
    units : float
        How many units of the last digit are allowed.

    Returns
    -------
    Tolerance
        An absolute tolerance of `units` of the last digit printed, a little more than that for rounding.

    Raises
    ------
    ValueError
        The text is not a number.
    """
    found = re.fullmatch(r"[+-]?\d*\.?(\d*)(?:[eE]([+-]?\d+))?", printed.strip().replace("−", "-"))
    if found is None or not re.search(r"\d", printed):
        raise ValueError(f"{printed!r} is not a decimal number")
    power = int(found[2] or 0) - len(found[1] if "." in printed else "")
    # A computed value on the very edge must not be decided by rounding.
    value = units * 10.0**power * (1 + 1e-9)
    return Tolerance(f"{units:g} of the last digit", value, f"{printed} is printed to a unit of 1e{power}")


def compare(
    computed: Number, printed: float, tolerance: Tolerance, note: str = "", shown: str | None = None
) -> Verdict:
    """Verdict on a number: "reproduced" within the tolerance, else "differs".

    Parameters
    ----------
    computed : float or mpmath number
        The value found here.
    printed : float
        The value of the claim.
    tolerance : Tolerance
        What difference is allowed.
    note : str
        One line of explanation.
    shown : str, optional
        How to show the computed value; by default to ten digits.

    Returns
    -------
    Verdict
        A computed nan differs from everything.
    """
    scale = abs(printed) if tolerance.relative else 1.0
    near = bool(abs(computed - printed) <= tolerance.value * scale)
    text = f"{float(computed):.10g}" if shown is None else shown
    return Verdict(Outcome.REPRODUCED if near else Outcome.DIFFERS, text, note, tolerance)


def collect(package: ModuleType) -> Iterator[Check]:
    """All checks of a package, in the order of its modules and of their lines.

    Parameters
    ----------
    package : module
        Such as `paper_checks`.

    Yields
    ------
    Check
        One check; a module that cannot be imported is a check that fails.
    """
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        short = found.name.rpartition(".")[2]
        if short in ("__main__", "check"):
            continue
        try:
            module = importlib.import_module(found.name)
        except Exception as error:
            yield _broken(short, error)
            continue
        for value in vars(module).values():
            if isinstance(value, Check) and value.function.__module__ == found.name:
                yield value


def _broken(name: str, error: Exception) -> Check:
    def function() -> Verdict:
        raise ImportError(f"{type(error).__name__}: {error}")

    return Check(function, "", "", "", "", "", "", False, Outcome.REPRODUCED, slow=False, name=name)
