"""Options of a command line: grids, the common ones, and errors on one line.

Nothing heavy is imported here, so that `--help` and usage errors come at once.
"""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn

from replica.cli.grid import Grid
from replica.errors import UsageError
from replica.table.formats import SUFFIXES
from replica.table.provenance import DISTRIBUTION, check_writable, version

PLOT_SUFFIXES = (".png", ".svg", ".pdf")
PRESENTATION = {"format", "out", "plot", "quiet", "jobs"}
"""Options that do not change a result, and so are not recorded with it."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line, and which takes `-3:5:9` for a value.

    Parameters
    ----------
    example : str
        Command lines shown at the end of the help page.
    **options
        As for `argparse.ArgumentParser`.
    """

    def __init__(self, *, example: str, **options: Any) -> None:
        options.setdefault("prog", command_name())
        options.setdefault("allow_abbrev", False)
        epilog = "example:\n" + "".join(f"  {line.strip()}\n" for line in example.strip().splitlines())
        super().__init__(epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter, **options)
        # What looks like a negative number is a value, as long as no option does; argparse knows neither
        # exponents nor grids.
        self._negative_number_matcher = re.compile(r"-(\d|\.\d|inf|nan)", re.IGNORECASE)
        self.elsewhere: dict[str, str] = {}
        """Options that this command has not, and what to say of each."""

    def add_grid(self, option: str, *, help: str, integer: bool = False, metavar: str = "GRID") -> None:
        """Add an option that takes a grid; the parsed value is a `Grid`, or None if it was not given.

        Parameters
        ----------
        option : str
            Its name, such as "--theta"; an underscore in it may be written as a hyphen, which help pages do.
        help : str
            Its line on the help page.
        integer : bool
            Whether its values are whole numbers.
        metavar : str
            What the help page calls the value.
        """
        names = dict.fromkeys((f"--{option[2:].replace('_', '-')}", option))
        dest = option[2:].replace("-", "_")
        self.add_argument(*names, dest=dest, nargs="+", action=_GridAction, integer=integer, help=help, metavar=metavar)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse, and refuse what no option or argument takes: here, where the nearest option is known.

        Parameters
        ----------
        args : sequence of str, optional
            Words of the command line.
        namespace : argparse.Namespace, optional
            Where the values go.

        Returns
        -------
        tuple
            The namespace, and an empty list.
        """
        namespace, extra = super().parse_known_args(args, namespace)
        if extra:
            self.error(self._unknown(extra))
        return namespace, extra

    def error(self, message: str) -> NoReturn:
        """Print one line and exit with status 2.

        Parameters
        ----------
        message : str
            What is wrong.
        """
        line = " ".join(message.removeprefix("argument ").split())
        self.exit(2, f"{self.prog}: error: {line}\n")

    def help_or_error(self, words: Sequence[str], message: str) -> NoReturn:
        """Print what the words ask for, help or version, and exit; else the error.

        Parameters
        ----------
        words : sequence of str
            Words of the command line.
        message : str
            What is wrong with it, unless it asks for help.
        """
        asked = [word for word in words if word in ("-h", "--help", "--version")]
        if asked:
            self.parse_args(asked)
        self.error(message)

    def _unknown(self, words: Sequence[str]) -> str:
        word = next((w for w in words if w.startswith("-")), None)
        if word is None:
            return f"unexpected argument {words[0]!r}"
        name = word.partition("=")[0]
        if name in self.elsewhere:
            return f"unknown option {name}: {self.elsewhere[name]}"
        near = difflib.get_close_matches(name, self._option_string_actions, n=1)
        return f"unknown option {name}" + (f" (did you mean {near[0]}?)" if near else "")


class _GridAction(argparse.Action):
    """Action that checks a grid as soon as it is read, and remembers the order in which grids came."""

    def __init__(self, *args: Any, integer: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        self.integer = integer

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        option = option_string or self.dest
        order = getattr(namespace, "_grids", ())
        if self.dest in order:
            parser.error(f"{option} is given twice; one {option} takes several values")
        grid = Grid(option, tuple(values), self.integer)
        try:
            grid.values()
        except UsageError as error:
            parser.error(str(error))
        setattr(namespace, self.dest, grid)
        namespace._grids = (*order, self.dest)


def add_common(
    parser: argparse.ArgumentParser,
    *,
    plot: bool = False,
    precision: bool = False,
    jobs: bool = False,
    rng: bool = False,
    formats: Sequence[str] = (),
    keeps: bool = False,
) -> None:
    """Add the options that mean the same in every command; optional ones only where they do something.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        The parser to add to.
    plot, precision, jobs, rng : bool
        Whether the command has `--plot`, `--precision`, `--jobs` and `--scheduler`, `--rng`.
    formats : sequence of str
        Formats that this command alone can write, such as "html": for `--format`, and suffixes for `--out`.
    keeps : bool
        Whether `--out FILE.npz` may be there already and no table: the command looks for itself what is in it.
    """
    group = parser.add_argument_group("common options")
    add = group.add_argument
    suffixes = (*SUFFIXES, *(f".{name}" for name in formats))
    also = f"also write {', '.join(suffixes[:-1])} or {suffixes[-1]}"
    add("--format", choices=("table", "csv", "json", *formats), default="table", help="what stdout gets (table)")
    add("--out", type=_file("--out", suffixes, keeps), metavar="FILE", help=also)
    if plot:
        add("--plot", type=_file("--plot", PLOT_SUFFIXES), metavar="FILE", help="draw .png, .svg or .pdf")
    if precision:
        add("--precision", type=integer(15, 10_000), metavar="DIGITS", help="calculate to this many digits")
    if jobs:
        # Both say where to run, as `replica.sweep.executor` takes it.
        parser.set_defaults(jobs=1)
        where = group.add_mutually_exclusive_group()
        where.add_argument(
            "--jobs", type=integer(1), default=argparse.SUPPRESS, metavar="N", help="worker processes (1)"
        )
        where.add_argument(
            "--scheduler",
            type=_address,
            dest="jobs",
            default=argparse.SUPPRESS,
            metavar="ADDRESS",
            help="run on the Dask cluster whose scheduler is there, such as tcp://host:8786",
        )
    if rng:
        add("--rng", type=integer(0), default=0, metavar="SEED", help="seed of the random numbers (0)")
    add("--quiet", action="store_true", help="no progress bar")
    add_version(group)


def _address(word: str) -> str:
    if not word.strip():
        raise argparse.ArgumentTypeError("the address of a scheduler is needed, such as tcp://host:8786")
    return word


def add_version(parser: argparse._ActionsContainer) -> None:
    """Add `--version`, for a command that only has sub-commands.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        The parser to add to, or one of its groups.
    """
    parser.add_argument("--version", action=_VersionAction, nargs=0, help="print the version and exit")


class _VersionAction(argparse.Action):
    """Action that looks the version up only when it is asked for."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        sys.stdout.write(f"{DISTRIBUTION} {version()}\n")
        parser.exit(0)


def integer(least: int, most: int | None = None) -> Callable[[str], int]:
    """A type for `add_argument`: whole numbers from `least` on, to `most` if it is given.

    Parameters
    ----------
    least : int
        The smallest number allowed.
    most : int, optional
        The largest one.

    Returns
    -------
    callable
        For the argument `type`: takes the word, returns the int or raises an ArgumentTypeError that says what is
        allowed.
    """

    def number(word: str) -> int:
        try:
            value = int(word)
        except ValueError:
            value = least - 1
        if value < least or (most is not None and value > most):
            allowed = f"of {least} or more" if most is None else f"from {least} to {most}"
            raise argparse.ArgumentTypeError(f"{word!r} is not a whole number {allowed}")
        return value

    return number


def grids(args: argparse.Namespace) -> dict[str, list[float | Fraction]]:
    """Values of the grid options that were given, in the order in which they were given.

    Parameters
    ----------
    args : argparse.Namespace
        From `Parser.parse_args`.

    Returns
    -------
    dict
        Name of the option (without dashes) to its values: floats or ints, exact fractions with `--precision`.
    """
    precision = getattr(args, "precision", None)
    return {name: getattr(args, name).values(precision) for name in getattr(args, "_grids", ())}


def parameters(args: argparse.Namespace) -> dict[str, Any]:
    """What to record of a command line: all that decides the result, grids as they were typed.

    Parameters
    ----------
    args : argparse.Namespace
        From `Parser.parse_args`.

    Returns
    -------
    dict
        Name of each option that decides the result to its value; for `replica.table.provenance`.
    """
    return {
        name: list(value.texts) if isinstance(value, Grid) else value
        for name, value in sorted(vars(args).items())
        if value is not None and name not in PRESENTATION and not name.startswith("_")
    }


def command_name() -> str:
    """The running command as its user wrote it.

    Returns
    -------
    str
        For example "python -m replica.phase".
    """
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    if spec is None:
        return Path(sys.argv[0]).name
    return f"python -m {spec.name.removesuffix('.__main__')}"


def _file(option: str, suffixes: Sequence[str], keeps: bool = False) -> Callable[[str], Path]:
    def path(word: str) -> Path:
        try:
            return check_writable(word, suffixes, option, keeps=keeps)
        except UsageError as error:
            message = str(error).removeprefix(f"{option}: ")
            raise argparse.ArgumentTypeError(message) from None

    return path
