"""Plain arrays: .npz, state dicts saved as such among them, and .npy with the weights alone."""

from __future__ import annotations

import contextlib
import os
import zipfile
from collections.abc import Iterator
from typing import Any

import numpy as np

from rbm_sim._support import arrayfile
from rbm_sim.interchange import named_arrays
from rbm_sim.interchange.found import Asked
from rbm_sim.interchange.sizes import check_promised
from rbm_sim.machine.rbm import RBM
from rbm_sim.units import Bernoulli

RUN = {"meta", "w", "step_w"}
"""Arrays by which a run of this package is known."""


@contextlib.contextmanager
def _archive(path: str | os.PathLike[str]) -> Iterator[zipfile.ZipFile]:
    """A zip archive; ValueError if it is none."""
    try:
        archive = zipfile.ZipFile(path)
    except Exception as error:  # of a damaged directory, nearly any
        raise ValueError(f"its zip archive is truncated or damaged, must be a whole .npz file: {error}") from None
    with archive:
        yield archive


def names(path: str | os.PathLike[str]) -> set[str]:
    """Names of the files in a zip archive, of arrays without .npy.

    Parameters
    ----------
    path : path
        The archive.

    Returns
    -------
    set of str
        The names.
    """
    with _archive(path) as archive:
        return {name.removesuffix(".npy") for name in archive.namelist()}


def check_size(path: str | os.PathLike[str]) -> None:
    """Refuse an archive that unpacks to more than it can mean.

    Parameters
    ----------
    path : path
        The archive.

    Raises
    ------
    ValueError
        If it does.
    """
    with _archive(path) as archive:
        check_promised(path, "its arrays", sum(member.file_size for member in archive.infolist()))


def read(path: str | os.PathLike[str], asked: Asked) -> tuple[RBM, float, dict[str, Any]]:
    """Read a machine from .npz.

    Parameters
    ----------
    path : path
        The file.
    asked : Asked
        What it need not say.

    Returns
    -------
    rbm, log_constant, about
        As in `Found`.

    Raises
    ------
    ValueError
        If it is no machine.
    """
    check_size(path)
    found = {name: array() for name, array in arrayfile.members(path).items()}
    texts = {
        name: str(found.pop(name)) for name in named_arrays.TEXTS if name in found and found[name].dtype.kind in "SU"
    }
    rbm, about = named_arrays.machine(found, texts, asked)
    return rbm, 0.0, about


def write(rbm: RBM, path: str | os.PathLike[str]) -> float:
    """Write a machine to .npz.

    Parameters
    ----------
    rbm : RBM
        The machine.
    path : path
        The file.

    Returns
    -------
    float
        0: the machine of the file is the same.
    """
    arrays, texts = named_arrays.contents(rbm)
    with open(path, "wb") as stream:
        np.savez(stream, **arrays, **{name: np.array(text) for name, text in texts.items()})  # type: ignore[arg-type]
    return 0.0


def read_npy(path: str | os.PathLike[str], asked: Asked) -> tuple[RBM, float, dict[str, Any]]:
    """Read the weights of a machine from .npy; it has no fields, and Bernoulli units if no others are asked.

    Parameters
    ----------
    path : path
        The file.
    asked : Asked
        Units and orientation.

    Returns
    -------
    rbm, log_constant, about
        As in `Found`.

    Raises
    ------
    ValueError
        If it holds no matrix of numbers.
    """
    (array,) = arrayfile.members(path).values()
    rbm, about = named_arrays.machine({"weights": array()}, {}, asked)
    return rbm, 0.0, about


def write_npy(rbm: RBM, path: str | os.PathLike[str]) -> float:
    """Write the weights of a machine of Bernoulli units without fields to .npy.

    Parameters
    ----------
    rbm : RBM
        The machine.
    path : path
        The file.

    Returns
    -------
    float
        0: the machine of the file is the same.

    Raises
    ------
    ValueError
        If it is more than its weights.
    """
    for side, unit in (("visible", rbm.visible), ("hidden", rbm.hidden)):
        if not isinstance(unit, Bernoulli) or np.any(unit.g):
            raise ValueError(f"{side} = {type(unit).__name__}, with its fields: .npy holds weights alone; take .npz")
    with open(path, "wb") as stream:
        np.save(stream, rbm.weights, allow_pickle=False)
    return 0.0
