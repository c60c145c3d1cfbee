"""What every command of the project does: exit status, points computed and kept, output, progress.

Nothing heavy is imported here, so that `--help` and usage errors come at once.
"""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from replica.cli import terminal
from replica.cli.grid import product
from replica.cli.options import Parser, add_common, add_version, command_name, grids, integer, parameters
from replica.errors import UsageError
from replica.table.provenance import DISTRIBUTION, replacing

if TYPE_CHECKING:
    import argparse

    from matplotlib.figure import Figure

    from replica.table import Table

__all__ = [
    "Computed",
    "Parser",
    "UsageError",
    "add_common",
    "add_version",
    "command_name",
    "compute",
    "emit",
    "grids",
    "integer",
    "parameters",
    "product",
    "progress",
    "run",
    "save_figure",
    "warn",
]

T = TypeVar("T")

PROGRESS_DELAY = 2.0
"""Seconds of work before a progress bar appears."""

START = time.monotonic()
"""When the command began, near enough."""


def run(main: Callable[[Sequence[str] | None], int | None], argv: Sequence[str] | None = None) -> int:
    """Run a command and turn what can happen to it into an exit status.

    Parameters
    ----------
    main : callable
        From the words of the command line to the exit status (None is 0).
    argv : sequence of str, optional
        The words; None is those of this process.

    Returns
    -------
    int
        2 after a ValueError, printed as one line (`python -X dev` shows where it came from); 1 after an
        OSError (a full disk, a closed stdout) or where memory ends, likewise; 130 after Ctrl-C; 0 if the reader of
        stdout went away; else what `main` returns.
    """
    try:
        try:
            terminal.ready()
            return main(argv) or 0
        finally:
            # Here, where a closed pipe can still be told from an error.
            terminal.flush()
    except BrokenPipeError:
        return 0
    except KeyboardInterrupt:
        warn("interrupted")
        return 130
    except (ValueError, OSError, MemoryError) as error:
        if sys.flags.dev_mode:
            raise
        warn(f"error: {reason(error)}")
        return 2 if isinstance(error, ValueError) else 1
    finally:
        terminal.give_up()


def reason(error: BaseException) -> str:
    """What an error says, or what it is if it says nothing.

    Parameters
    ----------
    error : BaseException
        The error.

    Returns
    -------
    str
        The message of the error, or the name of its class where that is empty; of a file the name and what is wrong.
    """
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        name = error.filename
        return f"{name if name == terminal.STDOUT else repr(str(name))}: {error.strerror}"
    if isinstance(error, MemoryError):
        return f"not enough memory: {error}" if str(error) else "not enough memory"
    return str(error) or type(error).__name__


def emit(
    table: Table,
    args: argparse.Namespace,
    shown: Sequence[str] | None = None,
    renderers: Mapping[str, Callable[[Table], str]] | None = None,
    arrays: Mapping[str, Any] | None = None,
    printed: Table | None = None,
) -> None:
    """Write `--out`, then print the table in the `--format` asked for, even if it could not be written.

    Parameters
    ----------
    table : Table
        The result.
    args : argparse.Namespace
        With the options of `add_common`.
    shown : sequence of str, optional
        Columns that fit on a terminal; files and the other formats have all of them.
    renderers : mapping of str to callable, optional
        Formats of this command alone, as `add_common` was told, to functions that write the table as text; a file
        of such a format has no log. "table" replaces what a terminal gets.
    arrays : mapping of str to ndarray, optional
        What an .npz file has besides.
    printed : Table, optional
        What is printed, if that is not the table of the file.

    Raises
    ------
    OSError
        The file could not be written, such as on a full disk.
    """
    renderers = renderers or {}
    try:
        if args.out is not None:
            renderer = renderers.get(args.out.suffix.lower().removeprefix("."))
            if renderer is None:
                table.write(args.out, duration=time.monotonic() - START, arrays=arrays)
            else:
                with replacing(args.out) as temporary:
                    temporary.write_text(renderer(table), "utf-8", newline="")
    except OSError as error:
        raise OSError(f"--out: cannot write {str(error.filename or args.out)!r}: {error.strerror or error}") from error
    finally:
        _print(table if printed is None else printed, args, shown, renderers)


def _print(
    table: Table,
    args: argparse.Namespace,
    shown: Sequence[str] | None,
    renderers: Mapping[str, Callable[[Table], str]],
) -> None:
    if args.format in renderers:
        text = renderers[args.format](table)
    elif args.format == "json":
        text = terminal.escaped_json(table.to_json())
    elif args.format == "csv":
        # Data alone: other programs' readers know no comments. A file has them.
        text = table.to_csv(comments=False)
    else:
        text = (table if shown is None else table.select(shown)).to_text()
    terminal.write(text)


@dataclass(frozen=True)
class Computed:
    """What a command has computed, perhaps not all it was asked for.

    Parameters
    ----------
    outcomes : list of (int, object)
        Index of each point, and its result or the exception it raised.
    total : int
        Number of points asked for.
    stopped : KeyboardInterrupt or OSError or None
        Why the others are missing.
    checkpoint : Path or None
        File that keeps the results until the table is written.
    """

    outcomes: list[tuple[int, Any]]
    total: int
    stopped: BaseException | None
    checkpoint: Path | None

    def end(self, failed: int) -> int:
        """Say what is missing, or drop the checkpoint: call it when the table is written.

        Parameters
        ----------
        failed : int
            How many points have no result.

        Returns
        -------
        int
            Exit status: 130 after Ctrl-C, 1 if anything failed, else 0.
        """
        if self.stopped is None:
            # Points that failed may be tried again by the same command.
            if self.checkpoint is not None and not any(isinstance(o, Exception) for _, o in self.outcomes):
                self.checkpoint.unlink(missing_ok=True)
            return 1 if failed else 0
        interrupted = isinstance(self.stopped, KeyboardInterrupt)
        again = "" if self.checkpoint is None else "; the same command continues"
        why = "interrupted" if interrupted else f"error: {self.stopped}"
        warn(f"{why}: {len(self.outcomes)} of {self.total} points finished{again}")
        return 130 if interrupted else 1


def compute(
    task: Callable[[Any], Any], points: Sequence[Any], args: argparse.Namespace, label: str = "points"
) -> Computed:
    """Run a task at every point, as `--jobs` or `--scheduler` say, with a checkpoint beside `--out`.

    Parameters
    ----------
    task : callable
        Function of one point, as for `replica.sweep.run`.
    points : sequence
        The points.
    args : argparse.Namespace
        With the options of `add_common`.
    label : str
        What the progress bar is called.

    Returns
    -------
    Computed
        The outcomes, also when Ctrl-C or a full disk stopped it after some of them.
    """
    from replica.sweep import executor, in_turn, sweep

    if getattr(args, "precision", None) is not None:
        task = functools.partial(in_turn, task)
    checkpoint = None if args.out is None else _checkpoint(args.out)
    workers = args.jobs if isinstance(args.jobs, str) else min(args.jobs, len(points))
    outcomes: list[tuple[int, Any]] = []
    stopped: BaseException | None = None
    try:
        with executor(workers) as pool:
            results = sweep(task, points, executor=pool, checkpoint=checkpoint)
            for result in progress(results, len(points), label, args.quiet):
                outcomes.append(result)  # extend() need not keep what came before an interrupt
    except KeyboardInterrupt as error:
        stopped = error
    except OSError as error:
        if not outcomes:
            raise
        stopped = error
    return Computed(outcomes, len(points), stopped, checkpoint)


def _checkpoint(out: Path) -> Path:
    from replica.sweep.checkpoint import begun_at, beside
    from replica.table.provenance import commit

    path = beside(out)
    before, now = begun_at(path), commit()
    if before not in (None, now):
        warn(f"{path} continues what commit {before} began; this is {now}")
    return path


def save_figure(figure: Figure, path: str | Path) -> None:
    """Write a figure of matplotlib so that equal figures are equal files.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure.
    path : str or Path
        File ending in .png, .svg or .pdf.
    """
    import matplotlib as mpl

    kind = Path(path).suffix.lower()
    metadata: Mapping[str, Any] = {
        ".png": {"Software": None},
        ".svg": {"Date": None, "Creator": None},
        ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    }[kind]
    with replacing(path) as temporary, mpl.rc_context({"svg.hashsalt": DISTRIBUTION}):
        figure.savefig(temporary, metadata=dict(metadata), dpi=150)


def progress(iterable: Iterable[T], total: int | None = None, label: str = "", quiet: bool = False) -> Iterable[T]:
    """The same items; a bar on stderr if that is a terminal and the work takes more than about two seconds.

    Parameters
    ----------
    iterable : iterable
        The items.
    total : int, optional
        How many there will be.
    label : str
        What the bar is called.
    quiet : bool
        Never show a bar.

    Returns
    -------
    iterable
        Yields the items of `iterable` in their order, whether or not a bar is shown.
    """
    if quiet or sys.stderr is None or not sys.stderr.isatty():
        return iterable
    from tqdm import tqdm

    return tqdm(iterable, total=total, desc=label, delay=PROGRESS_DELAY, leave=False, dynamic_ncols=True)


def warn(message: str) -> None:
    """Print one line on stderr, such as the name of a point that failed.

    Parameters
    ----------
    message : str
        What to say.
    """
    if sys.stderr is not None:
        sys.stderr.write(f"{command_name()}: {' '.join(message.split())}\n")
