"""`python -m figures [NAME ...]`: redraw the published figures from their numbers, recompute or check these."""

from __future__ import annotations

import importlib
import math
import pkgutil
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import figures
from replica.cli import Parser, UsageError, add_common, emit, parameters, progress, run, save_figure, warn
from replica.table import Table, provenance
from replica.table.cells import Row

RTOL = 1e-9
"""Recomputed against committed numbers: solvers converge to 1e-12, libraries of machines differ less."""

ATOL = 1e-12
"""The same for numbers that should be zero."""

SIZE = (6.4, 4.8)


def main(argv: Sequence[str] | None = None, package: ModuleType = figures) -> int:
    """Redraw, list or check the figures that are asked for.

    Parameters
    ----------
    argv : sequence of str, optional
        Words of the command line.
    package : module
        Where the figures are, and where their files go.

    Returns
    -------
    int
        0, or 1 if some figure failed or its numbers differ from the committed ones.
    """
    parser = Parser(
        description="""Redraw published figures from their numbers: figures/NAME.png from figures/NAME.csv.
Studies of finite machines take minutes to recompute, those that learn MNIST an hour.""",
        example="python -m figures --list\npython -m figures --recompute hopfield_phase_diagram",
    )
    known = names(package)
    parser.add_argument("names", nargs="*", metavar="NAME", help="figures to redraw (all)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--list", action="store_true", help="say what there is, compute nothing")
    what.add_argument("--recompute", action="store_true", help="compute the numbers too")
    what.add_argument(
        "--check", action="store_true", help="recompute, compare with the committed numbers, write nothing"
    )
    add_common(parser)
    args = parser.parse_args(argv)
    for name in args.names:
        if name not in known:
            raise UsageError(f"no figure is called {name!r}; there are {', '.join(known) or 'none yet'}")
    chosen = [name for name in known if name in args.names or not args.names]
    rows: list[Row] = []
    interrupted = False
    try:
        for name in progress(chosen, label="figures", quiet=args.quiet or args.list):
            rows.append(_row(name, package, args))
    except KeyboardInterrupt:
        interrupted = True
    table = Table({"figure": []}) if not rows else Table.from_rows(rows, provenance(parameters(args)))
    emit(table, args)
    return 130 if interrupted else int(any(row.get("status") in ("failed", "differs") for row in rows))


def names(package: ModuleType) -> list[str]:
    """Names of the figures there are.

    Parameters
    ----------
    package : module
        Such as `figures`.

    Returns
    -------
    list of str
        Names of its public modules, one for each figure, in alphabetical order.
    """
    return sorted(m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_"))


def recompute(module: ModuleType, folder: Path) -> str:
    """Compute the numbers of a figure and write its files.

    Parameters
    ----------
    module : module
        With `compute` and `draw`.
    folder : Path
        Where the files go.

    Returns
    -------
    str
        Names of the two files written, the table and the picture, for the message.
    """
    name = module.__name__.rpartition(".")[2]
    computed = module.compute()
    # The file is committed: its own history says of which commit it is, and no commit can name itself.
    record = {key: value for key, value in provenance({"figure": name}).items() if key != "commit"}
    Table(computed.columns, {**record, **computed.meta}, computed.digits).write(folder / f"{name}.csv", log=False)
    return f"{name}.csv, {redraw(module, folder)}"


def redraw(module: ModuleType, folder: Path) -> str:
    """Draw a figure from its numbers.

    Parameters
    ----------
    module : module
        With `draw`.
    folder : Path
        Where its files are.

    Returns
    -------
    str
        Name of the picture written, for the message.
    """
    from matplotlib.figure import Figure

    name = module.__name__.rpartition(".")[2]
    figure = Figure(figsize=getattr(module, "SIZE", SIZE), layout="constrained")
    module.draw(Table.read(folder / f"{name}.csv"), figure)
    save_figure(figure, folder / f"{name}.png")
    return f"{name}.png"


def difference(computed: Table, committed: Table, rtol: float = RTOL, atol: float = ATOL) -> str | None:
    """The largest difference between two tables that is beyond a tolerance.

    Parameters
    ----------
    computed, committed : Table
        The tables.
    rtol, atol : float
        Numbers agree if they differ by at most atol + rtol times the larger size.

    Returns
    -------
    str or None
        Where and how much; None if the tables agree.
    """
    if list(computed.columns) != list(committed.columns):
        return f"columns {', '.join(computed.columns)} instead of {', '.join(committed.columns)}"
    if len(computed) != len(committed):
        return f"{len(computed)} rows instead of {len(committed)}"
    worst, where = 1.0, None
    for name in computed.columns:
        for row, (new, old) in enumerate(zip(computed[name], committed[name], strict=True), 1):
            excess = _excess(new, old, rtol, atol)
            if excess > worst:
                worst, where = excess, f"{name}, row {row}: {new} instead of {old}"
    return where


def _excess(new: Any, old: Any, rtol: float, atol: float) -> float:
    """Difference of two cells in units of the tolerance."""
    if new == old:
        return 0.0
    if any(value is None or isinstance(value, str | bool) for value in (new, old)):
        return math.inf
    allowed = atol + rtol * max(abs(new), abs(old))
    return float(abs(new - old) / allowed) if allowed and math.isfinite(allowed) else math.inf


def _row(name: str, package: ModuleType, args: Any) -> Row:
    folder = Path(next(iter(package.__path__)))
    try:
        module = importlib.import_module(f"{package.__name__}.{name}")
        if args.list:
            return {"figure": name, "title": (module.__doc__ or "").strip().partition("\n")[0]}
        if not args.check:
            files = (recompute if args.recompute else redraw)(module, folder)
            return {"figure": name, "status": "written", "detail": files}
        committed = Table.read(folder / f"{name}.csv")
        tolerances = getattr(module, "RTOL", RTOL), getattr(module, "ATOL", ATOL)
        found = difference(module.compute(), committed, *tolerances)
    except Exception as error:
        warn(f"{name}: {type(error).__name__}: {error}")
        return {"figure": name, "status": "failed", "detail": f"{type(error).__name__}: {error}"}
    if found is not None:
        warn(f"{name}: {found}")
    return {"figure": name, "status": "agrees" if found is None else "differs", "detail": found}


if __name__ == "__main__":
    sys.exit(run(main))
