"""The door to all formats: which one a file has is told by its first bytes, not by its name."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rbm_sim._support import check
from rbm_sim.interchange import hdf5, julia_file, npz_file, rbms_file, run_file, safetensors_file
from rbm_sim.interchange.found import Asked, Found
from rbm_sim.interchange.named_arrays import UNITS
from rbm_sim.machine.rbm import RBM

JULIA = "RestrictedBoltzmannMachines.jl"
FORMATS = ("run", "npz", "npy", "rbms", JULIA, "safetensors")
"""Names of the formats."""
_KNOWN = "must be a run, .npz, .npy, safetensors, or HDF5 of rbms or RestrictedBoltzmannMachines.jl"
_PICKLE = (
    "is a pickle, which may run any program when it is opened, so it is not: where you trust it, "
    "numpy.savez('machine.npz', **{k: v.numpy() for k, v in torch.load(FILE, weights_only=True).items()}) makes arrays "
    "of a state dict, and RBM.from_sklearn takes an estimator of scikit-learn"
)
_ZIP, _NPY = (b"PK\x03\x04", b"PK\x05\x06"), b"\x93NUMPY"
_WRITERS: dict[str, Callable[[RBM, Path], float]] = {
    "npz": npz_file.write,
    "npy": npz_file.write_npy,
    "rbms": rbms_file.write,
    JULIA: julia_file.write,
    "safetensors": safetensors_file.write,
}
_SUFFIXES = {".npz": "npz", ".npy": "npy", ".h5": "rbms", ".hdf5": "rbms", ".safetensors": "safetensors"}


def load(
    path: str | os.PathLike[str],
    format: str | None = None,
    *,
    visible: str | None = None,
    hidden: str | None = None,
    orientation: str | None = None,
    update: int | None = None,
) -> RBM:
    """Read a machine from a file, of this program or another.

    Parameters
    ----------
    path : path
        The file.
    format : str, optional
        One of `FORMATS`: "run", "npz", "npy", "rbms", "RestrictedBoltzmannMachines.jl", "safetensors". By default, what
        the first bytes tell.
    visible, hidden : str, optional
        Of arrays that do not say their units: "bernoulli" (the default), "spin", "gaussian", "normal", "relu", "drelu"
        or "potts".
    orientation : str, optional
        Of arrays that do not say it: "visible, hidden" if the weights are (N, M), "hidden, visible" if (M, N). By
        default what fits the lengths of the fields, and (N, M) if there are none.
    update : int, optional
        Of rbms: which of the machines in the file, by default the last.

    Returns
    -------
    RBM
        The machine, in the precision of the file. `read` has what else the file says.

    Raises
    ------
    ValueError
        If the file cannot be read, is damaged, promises more than it can hold, refers to other files, or is no machine:
        one line that names it.
    ImportError
        If it is an HDF5 file and h5py is missing.

    Examples
    --------
    >>> import pathlib, tempfile, rbm_sim
    >>> rbm = rbm_sim.RBM([[0.5], [-0.5]], visible=rbm_sim.Bernoulli(), hidden=rbm_sim.ReLU(0.25))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "machine.npz"
    ...     constant = save(rbm, path)
    ...     load(path)
    RBM(N=2, M=1, visible=Bernoulli, hidden=ReLU, float64)
    """
    return read(path, format, visible=visible, hidden=hidden, orientation=orientation, update=update).rbm


def read(
    path: str | os.PathLike[str],
    format: str | None = None,
    *,
    visible: str | None = None,
    hidden: str | None = None,
    orientation: str | None = None,
    update: int | None = None,
) -> Found:
    """Read a machine as `load` does, and what else its file says.

    Parameters
    ----------
    path : path
        The file.
    format : str, optional
        One of `FORMATS`.
    visible, hidden, orientation, update : optional
        As for `load`.

    Returns
    -------
    Found
        The machine, the format, the constant of ln Z and more.

    Raises
    ------
    ValueError
        If the file cannot be read, is damaged, promises more than it can hold, refers to other files, or is no machine:
        one line that names it.
    ImportError
        If it is an HDF5 file and h5py is missing.
    """
    if format is not None:
        check.choice("format", format, FORMATS)
    for name, unit in (("visible", visible), ("hidden", hidden)):
        if unit is not None:
            check.choice(name, unit, tuple(UNITS))
    if update is not None:
        update = check.integer("update", update, at_least=0)
    asked = Asked(visible, hidden, orientation, update)
    path = os.fspath(path)
    found = "machine"
    try:
        found = _format(path)
        return _read(path, found, format, asked)
    except ImportError:
        raise
    except OSError as error:
        reason = error.strerror or f"is damaged, must be a whole {found} file: {error}"
        raise ValueError(_line(path, f"cannot be read: {reason}")) from None
    except ValueError as error:
        raise ValueError(_line(path, str(error))) from None
    except Exception as error:  # of a damaged archive, nearly any
        reason = f"is damaged, must be a whole {found} file: {type(error).__name__}: {error}"
        raise ValueError(_line(path, reason)) from None


def _line(path: str, reason: str) -> str:
    """One line that begins with the name of the file."""
    reason = " ".join(reason.split())
    named = reason.startswith((f"{path}:", f"{path},", repr(path)))  # as messages about arrays and runs do
    return reason if named else f"{path}: {reason}"


def _read(path: str, found: str, format: str | None, asked: Asked) -> Found:
    """What a file of a format holds."""
    readers: dict[str, Callable[[str, Asked], tuple[RBM, float, dict[str, Any]]]] = {
        "run": run_file.read,
        "npz": npz_file.read,
        "npy": npz_file.read_npy,
        "safetensors": safetensors_file.read,
    }
    if found == "hdf5":
        return _hdf5(path, format, asked)
    if format is not None and found != format:
        raise ValueError(f"is no file of the format {format}, but {found}")
    return _found(found, readers[found](path, asked))


def _found(format: str, parts: tuple[RBM, float, dict[str, Any]]) -> Found:
    rbm, constant, about = parts
    return Found(rbm, format, constant, about)


def _hdf5(path: str, format: str | None, asked: Asked) -> Found:
    """What an HDF5 file holds."""
    with hdf5.opened(path) as folder:
        readers = {"rbms": rbms_file, JULIA: julia_file}
        fitting = [name for name, module in readers.items() if module.begins(folder)]
        if not fitting or (format is not None and format not in fitting):
            shown = check.short(", ".join(folder.names()))
            expected = {"rbms": "update_N/params", JULIA: "weights, visible_type and visible_par"}
            parts = [f"{text} of {name}" for name, text in expected.items() if format in (None, name)]
            raise ValueError(f"is an HDF5 file with {shown}, must have {'; '.join(parts) or f'the format {format}'}")
        return _found(format or fitting[0], readers[format or fitting[0]].read(folder, asked))


def _format(path: str) -> str:
    """Format that the first bytes tell; `hdf5` may be two."""
    size = os.path.getsize(path)
    with open(path, "rb") as stream:
        start = stream.read(16)
    if not start:
        raise ValueError(f"is empty, {_KNOWN}")
    if start.startswith(_ZIP):
        names = npz_file.names(path)
        if any(name.endswith("data.pkl") for name in names):
            raise ValueError(_PICKLE)
        return "run" if npz_file.RUN <= names else "npz"
    if start.startswith(_NPY):
        return "npy"
    if start.startswith(hdf5.MAGIC):
        return "hdf5"
    if safetensors_file.begins(start, size):
        return "safetensors"
    if start[:1] == b"\x80" and start[1] in range(2, 6):
        raise ValueError(_PICKLE)
    raise ValueError(f"starts with the bytes {start[:4].hex(' ')}, {_KNOWN}")


def save(rbm: RBM, path: str | os.PathLike[str], format: str | None = None) -> float:
    """Write a machine to a file that others read. A file that is there is replaced, whole or not at all.

    Parameters
    ----------
    rbm : RBM
        The machine.
    path : path
        The file.
    format : str, optional
        "npz", "npy", "rbms", "RestrictedBoltzmannMachines.jl" or "safetensors". By default what the name ends in: .npz,
        .npy, .safetensors, or .h5 and .hdf5 for rbms.

    Returns
    -------
    float
        What ln Z of `rbm` is more than that of the machine in the file, at T = 1: not 0 only where a format has units
        of {0, 1} alone and spins become such. The law is the same.

    Raises
    ------
    ValueError
        If the format is unknown, or has no such units.
    ImportError
        If it is HDF5 and h5py is missing.
    OSError
        If the file cannot be written.
    """
    from replica.table.provenance import replacing

    if not isinstance(rbm, RBM):
        raise ValueError(f"rbm = {check.short(rbm)}: must be an RBM")
    path = Path(path)
    if format is None:
        suffix = path.suffix.lower()
        if suffix not in _SUFFIXES:
            raise ValueError(f"{path}: name it {', '.join(_SUFFIXES)}, or say format, one of {', '.join(_WRITERS)}")
        format = _SUFFIXES[suffix]
    if format == "run":
        raise ValueError("format = 'run': is written by train, with all that learning needs to go on; take 'npz'")
    check.choice("format", format, tuple(_WRITERS))
    with replacing(path) as temporary:
        return _WRITERS[format](rbm, temporary)
