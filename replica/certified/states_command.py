"""`python -m replica.certified states`: all states of a model at a point, with the proof that there are no others."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from replica import cli
from replica.errors import ConvergenceError
from replica.models import catalogue
from replica.models.base import Model, control_fields, domain_text

if TYPE_CHECKING:
    from replica.certified.proven_states import Bounds, ProvenStates

__all__ = ["states_command"]

MODELS = ("compositional", "hopfield", "relu-rbm", "threshold-hopfield")
EXAMPLE = """
python -m replica.certified states --model relu-rbm --alpha 0.1 --theta 0.2 --g -0.02 --p 0.1 --L 10
python -m replica.certified states --model compositional --alpha 0.5 --theta 1.5 --g -0.21 --ell 0.4 --format csv
python -m replica.certified states --model hopfield --alpha 0.05
"""
DESCRIPTION = """\
All solutions of the saddle-point equations of a homogeneous model at T = 0 and one point, with the proof that there
are no others: as many rows as there are states, and for each the decimals that its proven bounds have in common.

How: with a = m/s and b = (g + alpha B/2)/s a state with m > 0 is a zero of two explicit functions on the half plane
a > 0. Outside a bounded part of it inequalities exclude states; the rest is cut into boxes, and interval arithmetic
shows of each that it holds no zero, or exactly one (Krawczyk's operator). States with m = 0 are the zeros of one
function of b, the Hopfield models' those of one function of m/s. Each state is then enclosed once more in balls.

The proof covers all of the half plane. `listed` says which states `replica solve` looks for: it leaves out those with
1 - C < 1e-9 and those next to all units on or off. csv and json have the bounds themselves (m_lower, m_upper, ...). A
point next to a fold may be refused ("not proven"), never miscounted. Takes seconds."""
QUANTITIES = ("m", "q", "r", "C", "margin", "f")
MOST_DIGITS = 12


def states_command(words: Sequence[str]) -> int:
    """Print all states at a point; returns the exit status."""
    cls = _model_class(words)
    parser = cli.Parser(example=EXAMPLE, prog=f"{cli.command_name()} states", description=DESCRIPTION)
    parser.add_argument("--model", metavar="NAME", help=f"{', '.join(MODELS)} (needed; its controls are options, too)")
    for field in () if cls is None else control_fields(cls):
        parser.add_argument(
            f"--{field.name}", type=_number, metavar="X", help=f"{field.metadata['help']}: {domain_text(field)}"
        )
    cli.add_common(parser)
    if cls is None:
        parser.help_or_error(words, f"--model is needed: one of {', '.join(MODELS)}")
    args = parser.parse_args(words)
    given = {f.name: getattr(args, f.name) for f in control_fields(cls) if getattr(args, f.name) is not None}
    missing = [f"--{f.name}" for f in control_fields(cls) if f.name not in given and not isinstance(f.default, float)]
    if missing:
        parser.error(f"{cls.name} needs {' and '.join(missing)}")
    try:
        from replica.certified.proven_states import states
    except ImportError as error:
        raise cli.UsageError(str(error)) from None
    return _print(_proven(states, cls(**given)), args)


def _model_class(words: Sequence[str]) -> type[Model] | None:
    """Model that --model names, None if none is named; its controls are the options."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--model", nargs="?", const="", default=None)
    name = parser.parse_known_args(words)[0].model
    if name is None:
        return None
    if not name:
        raise cli.UsageError(f"--model: a name is needed: {', '.join(MODELS)}")
    if name not in MODELS:
        raise cli.UsageError(f"--model: {name!r} is not one of {', '.join(MODELS)}")
    return catalogue()[name]


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{word!r} is not a number") from None


def _proven(states: Any, model: Model) -> ProvenStates:
    from replica.certified.balls import NotProvenError

    try:
        return states(model)
    except NotProvenError as error:
        raise ConvergenceError(f"not proven: {error}") from None


def _print(found: ProvenStates, args: argparse.Namespace) -> int:
    from replica.table import Table, provenance

    rows = []
    for state in found.states:
        bounds: dict[str, Bounds] = {name: getattr(state, name) for name in QUANTITIES}
        row: dict[str, Any] = {"kind": state.kind, "n": state.n}
        row |= {_title(name): _common(value) for name, value in bounds.items()} | {"listed": state.listed}
        for name, value in bounds.items():
            row |= {f"{name}_lower": value.lower, f"{name}_upper": value.upper}
        rows.append(row)
    about = {"proven": found.proven, "states": len(found.states), "boxes": found.boxes}
    if args.format == "table":
        listed = len(found.listed)
        sys.stdout.write(f"{len(rows)} states, proven ({listed} of them listed by `replica solve`)\n")
    shown = ("kind", "n", *map(_title, QUANTITIES), "listed")
    cli.emit(Table.from_rows(rows, provenance(cli.parameters(args) | about)), args, shown=shown)
    return 0


def _title(name: str) -> str:
    return "1-C" if name == "margin" else name


def _common(value: Bounds) -> str:
    """Digits to which both bounds round alike, 12 at most."""
    if value.lower <= 0 <= value.upper:
        return "0"
    for digits in range(MOST_DIGITS, 0, -1):
        low, high = (f"{end:.{digits}g}" for end in value)
        if low == high:
            return low
    return f"{value.lower:.1g}...{value.upper:.1g}"
