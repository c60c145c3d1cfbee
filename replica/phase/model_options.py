"""From a model's fields to command-line options, and back to numbers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from replica.cli.options import Parser
from replica.errors import UsageError
from replica.models.base import Model, control_fields, domain_text

__all__ = ["add_controls", "add_model", "given_controls", "model_class", "named_model", "number"]

DEFAULT_MODEL = "threshold-hopfield"


def model_class(words: Sequence[str], default: str = DEFAULT_MODEL) -> type[Model]:
    """Model class that the words of a command line name with --model.

    Parameters
    ----------
    words : sequence of str
        The command line.
    default : str
        Model if none is named.

    Returns
    -------
    type of Model
        The class that --model names, or the default.

    Raises
    ------
    UsageError
        If there is no such model, or no name follows --model.
    """
    return named_model(words) or _known(default)


def named_model(words: Sequence[str]) -> type[Model] | None:
    """Model class that the words of a command line name with --model, None if they name none.

    Parameters
    ----------
    words : sequence of str
        The command line.

    Returns
    -------
    type of Model or None
        The class.

    Raises
    ------
    UsageError
        If there is no such model, or no name follows --model.
    """
    from replica.models import catalogue

    name = None
    for word, following in zip(words, [*words[1:], None], strict=False):
        if word == "--model":
            if following is None or following.startswith("--"):
                raise UsageError(f"--model: a name is needed: {', '.join(sorted(catalogue()))}")
            name = following
        elif word.startswith("--model="):
            name = word.partition("=")[2]
    return None if name is None else _known(name)


def _known(name: str) -> type[Model]:
    from replica.models import catalogue

    models = catalogue()
    if name not in models:
        raise UsageError(f"--model: {name!r} is unknown; there are {', '.join(sorted(models))}")
    return models[name]


def add_model(parser: Parser, default: str | None = DEFAULT_MODEL) -> None:
    """Add the option --model (its value is read beforehand, by `model_class` or `named_model`)."""
    from replica.models import catalogue

    otherwise = "needed; its controls are options, too" if default is None else f"default {default}"
    parser.add_argument("--model", metavar="NAME", help=f"{', '.join(sorted(catalogue()))} ({otherwise})")


def add_controls(parser: Parser, cls: type[Model]) -> None:
    """Add a grid option for each control of a model, its help from the field's metadata."""
    from replica.models import catalogue

    own = [f"--{field.name.replace('_', '-')}" for field in control_fields(cls)]
    owners: dict[str, list[str]] = {}
    for name, other in sorted(catalogue().items()):
        for field in control_fields(other):
            owners.setdefault(f"--{field.name.replace('_', '-')}", []).append(name)
    for option, names in owners.items():
        if option not in own:
            parser.elsewhere[option] = f"a control of {', '.join(names)}; {cls.name} has {', '.join(own)}"
    for field in control_fields(cls):
        whole = field.metadata["whole"]
        parser.add_grid(f"--{field.name}", integer=whole, help=f"{field.metadata['help']}: {domain_text(field)}")


def given_controls(parser: Parser, cls: type[Model], grids: Mapping[str, Sequence[float | Fraction]]) -> None:
    """Stop the command unless every control without a default value was given."""
    missing = [
        f"--{f.name}" for f in control_fields(cls) if f.name not in grids and f.default in (dataclasses.MISSING, None)
    ]
    if missing:
        parser.error(f"{cls.name} needs {' and '.join(missing)}")


def number(value: float | Fraction) -> Any:
    """A float, or for an exact fraction the mpmath number at the working precision."""
    if isinstance(value, (int, float)):
        return float(value)
    from mpmath import mp

    return mp.mpf(value.numerator) / value.denominator
