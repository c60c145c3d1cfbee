"""Command lines: options, grids, output, exit status."""

from replica.cli.command import (
    Computed,
    Parser,
    UsageError,
    add_common,
    add_version,
    command_name,
    compute,
    emit,
    grids,
    integer,
    parameters,
    product,
    progress,
    reason,
    run,
    save_figure,
    warn,
)
from replica.cli.inputs import protect

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
    "protect",
    "reason",
    "run",
    "save_figure",
    "warn",
]
