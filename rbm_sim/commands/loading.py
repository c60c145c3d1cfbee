"""Data and runs that a command line names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from replica import cli

if TYPE_CHECKING:
    import numpy as np

    from rbm_sim._support.random import Seed
    from rbm_sim.interchange import Found
    from rbm_sim.learning.run_files import Run
    from rbm_sim.units import Unit


def load_data(
    name: str, option: str, level: float | str, *, visible: Unit, rng: Seed = None
) -> tuple[np.ndarray, tuple[int, ...]]:
    """Load data of the values of the visible units: two, made of grey levels where they are not there, or real ones.

    Parameters
    ----------
    name : str
        As for `rbm_sim.learning.datasets.load`.
    option : str
        Word of the command line that names them.
    level : float or "random"
        What makes two values of grey levels.
    visible : Unit
        Visible units.
    rng : None, int, SeedSequence or Generator
        Random numbers for "random".

    Returns
    -------
    tuple
        The data, shape (samples, pixels), and the shape of an image.

    Raises
    ------
    ValueError
        If they cannot be had.
    """
    from rbm_sim.learning import datasets, grey_levels
    from rbm_sim.units import Gaussian, Potts, Spin

    if isinstance(visible, Potts):
        data = load_states(name, option)
        return data, data.shape[1:]
    try:
        found = datasets.load(name)
        if isinstance(visible, Gaussian):
            return found.images, found.shape
        if (found.images < 0).any() and visible.contains(found.images):
            return found.images, found.shape
        _check_levels(name, found.images)
        drawn = {"rng": rng} if isinstance(level, str) else {"threshold": level}
        images = grey_levels.binarise(found.images, **drawn)
    except (ImportError, ValueError) as error:
        raise cli.UsageError(f"{option}: {error}") from None
    if images.size and images.min() == images.max():
        cli.warn(f"{option}: all pixels are {images.min()}; grey levels are cut at --threshold {level}")
    return (grey_levels.as_spins(images) if isinstance(visible, Spin) else images), found.shape


def alphabet_of(name: str) -> str | None:
    """Letters of the states in a file that was loaded, None if it has none.

    Parameters
    ----------
    name : str
        File.

    Returns
    -------
    str or None
        A letter for each state.
    """
    from rbm_sim.learning import alignments

    return alignments.read(name, unknown="gap").alphabet if alignments.is_fasta(name) else None


def load_states(name: str, option: str) -> np.ndarray:
    """Load states of Potts units: an alignment in FASTA letters, or a file of whole numbers from 0 on.

    Parameters
    ----------
    name : str
        File.
    option : str
        Word of the command line that names it.

    Returns
    -------
    ndarray of int8, shape (samples, N, states)
        One 1 for each unit.

    Raises
    ------
    ValueError
        If it cannot be read, or holds other numbers.
    """
    from rbm_sim.learning import alignments, datasets
    from rbm_sim.units import Potts

    try:
        if alignments.is_fasta(name):
            try:
                found = alignments.read(name)
            except ValueError as error:
                if "takes such letters for gaps" not in str(error):
                    raise
                cli.warn(f"{option}: {str(error).partition(';')[0]}; such letters are taken for gaps")
                found = alignments.read(name, unknown="gap")
            return Potts(len(found.alphabet)).one_hot(found.states)
        if datasets.path_of(name) is None:
            raise ValueError(f"{name}: no such file; --visible potts learns {LEARNED}")
        a = datasets.read(name)
        if a.ndim != 2 or not a.size or a.min() < 0 or a.max() >= MOST_STATES or (a != a.round()).any():
            raise ValueError(f"{name}: holds no states; --visible potts learns {LEARNED}")
    except ValueError as error:
        raise cli.UsageError(f"{option}: {error}") from None
    return Potts(max(2, int(a.max()) + 1)).one_hot(a)


MOST_STATES = 256
LEARNED = f"a matrix of states, whole numbers from 0 to {MOST_STATES - 1}, or an alignment, its name ending in .fasta"


def load_incomplete(
    name: str, option: str, level: float | str, *, visible: Unit, pixels: int, rng: Seed = None
) -> np.ndarray:
    """Load images of which pixels are missing, the others with values of the visible units.

    Parameters
    ----------
    name : str
        File: .npy, or .npz with the array `images` or only one, nan where a pixel is missing; or text, with nan or
        empty cells.
    option : str
        Word of the command line that names it.
    level : float or "random"
        What makes two values of grey levels, where the visible units ask for two.
    visible : Unit
        Visible units.
    pixels : int
        Their number.
    rng : None, int, SeedSequence or Generator
        Random numbers for "random".

    Returns
    -------
    ndarray, shape (images, pixels)
        Values of the visible units, nan where they are missing.

    Raises
    ------
    ValueError
        If it cannot be read, does not fit the machine, or nothing is missing.
    """
    import numpy as np

    try:
        images = _with_gaps(name)
        if images.size == pixels or (images.ndim > 1 and images[0].size == pixels):
            images = images.reshape(-1, pixels)
        else:
            raise ValueError(f"{name}: its array has shape {images.shape}, images of the machine have {pixels} pixels")
        missing = np.isnan(images)
        if not missing.any():
            raise ValueError(f"{name}: has no missing pixels: nan marks them, in text an empty cell too")
        images[~missing] = _of_units(name, images[~missing], level, visible, rng)
    except ValueError as error:
        raise cli.UsageError(f"{option}: {error}") from None
    return images


def _with_gaps(name: str) -> np.ndarray:
    """Read the array of a file in which entries may be nan."""
    from rbm_sim._support import arrayfile, textfile

    if textfile.is_text(name):
        return textfile.matrix(name, arrayfile.content(name), gaps=True).values.astype(float)
    found = arrayfile.members(name, gaps=True)
    chosen = next(iter(found)) if len(found) == 1 else "images"
    if chosen not in found:
        raise ValueError(f"{name}: holds the arrays {', '.join(sorted(found))}: one of them must be called images")
    images = found[chosen]()
    if images.dtype.kind not in "biuf":
        raise ValueError(f"{name}: holds {images.dtype}, must be real numbers")
    return images.astype(float)


def _of_units(name: str, known: np.ndarray, level: float | str, visible: Unit, rng: Seed) -> np.ndarray:
    """Values of known pixels as the visible units have them: grey levels made two-valued if they ask for that."""
    from rbm_sim.learning import grey_levels
    from rbm_sim.learning.data_files import LARGEST
    from rbm_sim.units import Spin, TwoValued

    if known.size and known.min() >= 0 and 1 < known.max() <= LARGEST and (known == known.round()).all():
        known = known / LARGEST
    if visible.contains(known) or not isinstance(visible, TwoValued):
        return known
    _check_levels(name, known)
    drawn = {"rng": rng} if isinstance(level, str) else {"threshold": level}
    two = grey_levels.binarise(known, **drawn)
    return grey_levels.as_spins(two) if isinstance(visible, Spin) else two


def _check_levels(name: str, images: np.ndarray) -> None:
    """Raise if values are no grey levels, and say what can be done."""
    from rbm_sim.units import Spin

    low, high = float(images.min()), float(images.max())
    if low >= 0 and high <= 1:
        return
    if Spin().contains(images):
        raise ValueError(f"{name}: has the values −1 and 1 of spins: --visible spin learns them")
    hint = "divide them by the largest" if low >= 0 else "shift and scale them"
    raise ValueError(
        f"{name}: has values from {low:g} to {high:g}, grey levels lie in [0, 1]: {hint}; "
        "--visible gaussian learns real values"
    )


def path_of(name: str | None) -> Path | None:
    """The file or folder of data, None if they are built in or there is no such file.

    Parameters
    ----------
    name : str or None
        As for `rbm_sim.learning.datasets.load`.

    Returns
    -------
    Path or None
        Where they are.
    """
    from rbm_sim.learning import datasets

    return None if name is None else datasets.path_of(name)


def load_run(file: str, option: str) -> Run:
    """Read a run.

    Parameters
    ----------
    file : str
        From the command train.
    option : str
        Word of the command line that names it.

    Returns
    -------
    Run
        The learner in the state of the last epoch that was kept, the history, one row an epoch, and the options of the
        command that began it.

    Raises
    ------
    ValueError
        If it cannot be read.
    """
    from rbm_sim.learning import run_files

    try:
        return run_files.load(file)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None)
        raise cli.UsageError(f"{option}: {f'{file}: {reason}' if reason else error}") from None


MACHINES = (".npz", ".npy", ".h5", ".hdf5", ".safetensors")
"""Suffixes of files that hold a machine."""
MACHINE = ".npz file of the command train, or a machine of another program: .npz, .npy, .h5, .hdf5, .safetensors"
"""What help says of them."""


def load_machine(file: str, option: str, hidden: str | None = None, format: str | None = None) -> Found:
    """Read a machine: of a run, or of another program.

    Parameters
    ----------
    file : str
        The file.
    option : str
        Word of the command line that names it.
    hidden : str, optional
        Its hidden units, where the file does not say them.
    format : str, optional
        Format of the file, if it is not told from its content.

    Returns
    -------
    Found
        The machine, that of the best epoch of a run, and what else was kept with it.

    Raises
    ------
    ValueError
        If it cannot be read.
    """
    from rbm_sim import interchange

    try:
        return interchange.read(file, format, hidden=hidden)
    except (ImportError, ValueError) as error:
        raise cli.UsageError(f"{option}: {error}") from None
