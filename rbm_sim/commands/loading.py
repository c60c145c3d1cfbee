"""Data and runs that a command line names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rbm_sim.commands.states import Letters, load_states
from replica import cli

if TYPE_CHECKING:
    import numpy as np

    from rbm_sim._support.random import Seed
    from rbm_sim.interchange import Found
    from rbm_sim.learning.run_files import Run
    from rbm_sim.units import Unit


def load_data(
    name: str, option: str, level: float | str, *, visible: Unit, rng: Seed = None, letters: Letters | None = None
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
    letters : Letters, optional
        Of Potts units: states of the data or the run that these belong to; by default those that occur.

    Returns
    -------
    tuple
        The data, shape (samples, pixels), of Potts units (samples, N, states), and the shape of an image.

    Raises
    ------
    ValueError
        If they cannot be had.
    """
    from rbm_sim.learning import alignments, datasets, grey_levels
    from rbm_sim.units import Potts, Spin, TwoValued

    if isinstance(visible, Potts):
        data = load_states(name, option, letters)
        return data, data.shape[1:]
    if alignments.is_fasta(name) and datasets.path_of(name) is not None:
        raise cli.UsageError(f"{option}: {name}: is an alignment by its name: --visible potts learns its letters")
    try:
        real = not isinstance(visible, TwoValued)
        found = datasets.load(name, grey=not real)
        if real:
            return found.images, found.shape
        if (found.images < 0).any() and visible.contains(found.images):
            return found.images, found.shape
        _check_levels(name, found.images)
        drawn = {"rng": rng} if isinstance(level, str) else {"threshold": level}
        images = grey_levels.binarise(found.images, **drawn)
    except (ImportError, ValueError) as error:
        raise cli.UsageError(f"{option}: {error}") from None
    _warn_one_value(images, option, "pixels", f"--threshold {level}")
    return (grey_levels.as_spins(images) if isinstance(visible, Spin) else images), found.shape


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
        images[~missing] = _of_units(name, option, images[~missing], level, visible, rng)
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


def _of_units(name: str, option: str, known: np.ndarray, level: float | str, visible: Unit, rng: Seed) -> np.ndarray:
    """Values of known pixels as the visible units have them: grey levels made two-valued if they ask for that."""
    from rbm_sim.learning import grey_levels
    from rbm_sim.learning.data_files import LARGEST
    from rbm_sim.units import Spin, TwoValued

    if not isinstance(visible, TwoValued) or visible.contains(known):
        return known
    if known.min() >= 0 and 1 < known.max() <= LARGEST and (known == known.round()).all():
        known = known / LARGEST
    if visible.contains(known):
        return known
    _check_levels(name, known)
    drawn = {"rng": rng} if isinstance(level, str) else {"threshold": level}
    two = grey_levels.binarise(known, **drawn)
    if known.min() < known.max():
        _warn_one_value(two, option, "known pixels", f"the run's --threshold {level}")
    return grey_levels.as_spins(two) if isinstance(visible, Spin) else two


def _warn_one_value(images: np.ndarray, option: str, pixels: str, threshold: str) -> None:
    """Say that a threshold left nothing of the images."""
    if images.size and images.min() == images.max():
        cli.warn(f"{option}: all {pixels} are {images.min()}; grey levels are cut at {threshold}")


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
        run = run_files.load(file)
        _check_about(file, run.about, run.learner.visible)
        return run
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
        found = interchange.read(file, format, hidden=hidden)
        if found.format == "run":
            _check_about(file, found.about, found.rbm.visible)
        return found
    except (ImportError, ValueError) as error:
        raise cli.UsageError(f"{option}: {error}") from None


def load_data_of(found: Found, name: str, option: str) -> np.ndarray:
    """Load data as those of a machine were loaded: grey levels cut where they were, states and letters its own.

    Parameters
    ----------
    found : Found
        The machine, of a run or of another program.
    name : str
        As for `rbm_sim.learning.datasets.load`.
    option : str
        Word of the command line that names them.

    Returns
    -------
    ndarray, shape (samples, N), of Potts units (samples, N, states)
        Values of its visible units.

    Raises
    ------
    UsageError
        If they cannot be had.
    """
    from rbm_sim.units import Potts

    visible, level, letters = found.rbm.visible, found.about.get("threshold") or 0.5, None
    if isinstance(visible, Potts):
        letters = Letters(visible.states, found.about.get("alphabet"), "the machine")
    return load_data(name, option, level, visible=visible, rng=0, letters=letters)[0]


def _check_about(file: str, about: dict[str, Any], visible: Unit) -> None:
    """Raise if what the command train keeps in a run is not what it writes."""
    from rbm_sim._support import check

    for name, fits in (
        ("shape", lambda x: isinstance(x, list) and all(type(side) is int and side > 0 for side in x)),
        ("threshold", lambda x: x == "random" or (isinstance(x, float | int) and 0 < x <= 1)),
        ("alphabet", lambda x: isinstance(x, str) and len(x) == getattr(visible, "states", 0)),
        ("digest", lambda x: isinstance(x, str)),
        ("digests", lambda x: isinstance(x, dict) and all(isinstance(digest, str) for digest in x.values())),
        ("stop", lambda x: isinstance(x, str)),
    ):
        value = about.get(name)
        if value is not None and not fits(value):
            raise ValueError(f"{file!r} is no file of a run: {name} = {check.short(value)}")
