"""Runs of the command train."""

from __future__ import annotations

import os
from typing import Any

from rbm_sim._support import arrayfile
from rbm_sim.interchange.found import Asked
from rbm_sim.interchange.npz_file import check_size
from rbm_sim.learning import run_files
from rbm_sim.machine.rbm import RBM


def read(path: str | os.PathLike[str], asked: Asked) -> tuple[RBM, float, dict[str, Any]]:
    """Read the machine of a run, that of the best epoch where it may stop early.

    Parameters
    ----------
    path : path
        The file.
    asked : Asked
        Nothing: a run says all.

    Returns
    -------
    rbm, log_constant, about
        As in `Found`.

    Raises
    ------
    ValueError
        If it is no run, or broken.
    """
    asked.refuse(*Asked._fields)
    check_size(path)
    for array in arrayfile.members(path).values():
        array()  # what a header promises is compared with what is there
    run = run_files.load(os.fspath(path))
    return run.learner.best_rbm, 0.0, run.about
