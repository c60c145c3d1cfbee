"""Data to learn: bars and stripes, scikit-learn's digits, MNIST, and files of one's own; their way to two values.

Images are grey levels from 0 to 1 (float32) or two-valued, {0, 1} (uint8), one row each, other numbers in double
precision; nothing is binarised unless it is asked for. MNIST is looked for in a folder, then in the folder that the
environment variable RBM_SIM_DATA names, and fetched only if neither is given. What lies on the disk is read by
`data_files`, and sequences, which are states of Potts units, by `alignments`.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from rbm_sim._support import check, random
from rbm_sim._support.random import Seed
from rbm_sim.learning import data_files, grey_levels, idx_folder
from rbm_sim.learning.alignments import Alignment
from rbm_sim.learning.alignments import read as alignment
from rbm_sim.learning.data_files import Dataset, read
from rbm_sim.learning.grey_levels import as_spins, binarise

__all__ = [
    "Alignment",
    "Dataset",
    "alignment",
    "as_spins",
    "bars_and_stripes",
    "binarise",
    "digits",
    "load",
    "mnist",
    "read",
]

MAX_SIDE = 16
"""Largest side of bars and stripes: 131 070 images of 256 pixels."""

_MNIST_URL = "https://ossci-datasets.s3.amazonaws.com/mnist/"
_MNIST_SHA256 = {
    "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
_NAMES = "'bars-and-stripes:SIDE', 'digits', 'mnist', 'mnist:test'"


def load(
    name_or_path: str | os.PathLike[str],
    *,
    binarise: float | str | None = None,
    rng: Seed = None,
    grey: bool = True,
) -> Dataset:
    """Load a data set by its name, or from a file.

    Parameters
    ----------
    name_or_path : str or path
        'bars-and-stripes:SIDE' (SIDE a number), 'digits', 'mnist' (the training images), 'mnist:test', or a file or
        folder: an array in .npy, .npz or IDX format, its first axis the samples; .csv, .tsv or .txt, a row each; a
        folder of .png images, subfolders their labels; a folder of IDX files under their usual names (torchvision's
        MNIST/raw), Keras's mnist.npz. ':test' after the name of the last two takes their other set. In an .npz
        file the images are the array `images`, or the only one of numbers, and labels the array `labels`, if there
        is one; in a text file labels are the column label, labels, class, target or y. Whole numbers from 0 to 255,
        some above 1, are grey levels out of 255.
    binarise : float, "random" or None
        A threshold, or "random" for values 1 drawn with the grey level as probability; None keeps the values.
    rng : None, int, SeedSequence or Generator
        Source of randomness for "random".
    grey : bool
        Whether whole numbers from 0 to 255 in arrays and text are grey levels; False keeps them as they are, in double
        precision, as real values are learned. Images have grey levels from 0 to 1 in any case.

    Returns
    -------
    Dataset
        The images, their labels and their shape.

    Raises
    ------
    ValueError
        If there is no such data set or file, or what the file holds are no images.
    ImportError
        If the data set needs a package that is not installed.

    Examples
    --------
    >>> from rbm_sim import datasets
    >>> data = datasets.load("bars-and-stripes:3")
    >>> data.images.shape, data.shape
    ((14, 9), (3, 3))
    """
    data = _loaded(name_or_path, check.yes_or_no("grey", grey))
    if binarise is None:
        return data
    if isinstance(binarise, str):
        check.choice("binarise", binarise, ("random",))
        return data._replace(images=grey_levels.binarise(data.images, rng=random.generator(rng)))
    return data._replace(images=grey_levels.binarise(data.images, binarise))


def bars_and_stripes(side: int) -> Dataset:
    """All different images of horizontal bars or vertical stripes: 2^(n+1) − 2 of them, n the side.

    Parameters
    ----------
    side : int
        Side n of the images, 1 to 16.

    Returns
    -------
    Dataset
        Images of two values, bars first: 14 of them for n = 3. The two of one colour, which are both, come once.

    Raises
    ------
    ValueError
        If `side` is not a whole number from 1 to 16.

    References
    ----------
    D. J. C. MacKay, Information Theory, Inference, and Learning Algorithms (Cambridge, 2003), section 43.
    """
    side = check.integer("side", side, at_least=1)
    if side > MAX_SIDE:
        raise ValueError(f"side = {side}: must be at most {MAX_SIDE}")
    lines = (np.arange(2**side)[:, None] >> np.arange(side) & 1).astype(np.uint8)
    bars = np.repeat(lines, side, axis=1)
    stripes = np.tile(lines[1:-1], side)
    return Dataset(np.concatenate([bars, stripes]), None, (side, side))


def digits() -> Dataset:
    """The 1797 handwritten digits of scikit-learn, 8 × 8 pixels.

    Returns
    -------
    Dataset
        Images with grey levels 0, 1/16, …, 1, shape (1797, 64), and labels 0 to 9.

    Raises
    ------
    ImportError
        If scikit-learn is not installed: it is in the extra `data`.

    References
    ----------
    E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository (1998).
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise _missing("digits", "scikit-learn") from None
    images, labels = load_digits(return_X_y=True)
    return Dataset((images / 16).astype(np.float32), labels.astype(np.uint8), (8, 8))


def mnist(folder: str | os.PathLike[str] | None = None, split: str = "train") -> Dataset:
    """The MNIST handwritten digits, 28 × 28 pixels: 60 000 to train with, 10 000 to test.

    Parameters
    ----------
    folder : path or None
        Folder of the original IDX files, plain or gzipped, under any of their usual names, or of mnist.npz, or one
        with such a subfolder `mnist`, `raw` or `MNIST/raw`. None takes the environment variable RBM_SIM_DATA; if that
        is not set either, the files are fetched once, their SHA-256 checked, into the cache of the extra's package
        pooch.
    split : {"train", "test"}
        Which of the two sets.

    Returns
    -------
    Dataset
        Images with grey levels 0, 1/255, …, 1, shape (60 000, 784) or (10 000, 784), and labels 0 to 9.

    Raises
    ------
    ValueError
        If the files are not in the folder, are damaged or do not belong together, or cannot be fetched.
    ImportError
        If they have to be fetched and pooch is not installed: it is in the extra `data`.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, Proc. IEEE 86, 2278 (1998).
    """
    prefix = "train" if check.choice("split", split, ("train", "test")) == "train" else "t10k"
    given = {"folder": folder, "RBM_SIM_DATA": os.environ.get("RBM_SIM_DATA") or None}
    source, place = next(((key, value) for key, value in given.items() if value is not None), ("", None))
    if place is None:
        files = idx_folder.Files(*(_fetched(f"{prefix}-{kind}-ubyte") for kind in ("images-idx3", "labels-idx1")))
    else:
        found = idx_folder.found(Path(place), split)
        if found is None:
            raise ValueError(
                f"{source} = {str(place)!r}: neither it nor its subfolder mnist holds {prefix}-images-idx3-ubyte or "
                f"{prefix}-images-idx3-ubyte.gz, nor is there MNIST/raw or mnist.npz"
            )
        files = found
    return data_files.images_of_bytes(files, split)


def path_of(name_or_path: str | os.PathLike[str]) -> Path | None:
    """The file or folder that a name means.

    Parameters
    ----------
    name_or_path : str or path
        As for `load`.

    Returns
    -------
    Path or None
        None if it is no file or folder, such as 'digits'.
    """
    return _path_and_split(name_or_path)[0]


def _path_and_split(name_or_path: str | os.PathLike[str]) -> tuple[Path | None, str | None]:
    """The file or folder, and the set that is asked for."""
    if not isinstance(name_or_path, (str, os.PathLike)) or not str(name_or_path):
        return None, None
    if Path(name_or_path).exists():
        return Path(name_or_path), None
    name, _, split = str(name_or_path).rpartition(":")
    return (Path(name), split) if name and split in ("train", "test") and Path(name).exists() else (None, None)


def _loaded(name_or_path: str | os.PathLike[str], grey: bool) -> Dataset:
    """Load the data set without cutting it."""
    match name_or_path.split(":") if isinstance(name_or_path, str) else []:
        case ["bars-and-stripes", side] if side.isdecimal():
            return bars_and_stripes(int(side))
        case ["digits"]:
            return digits()
        case ["mnist"]:
            return mnist()
        case ["mnist", "test"]:
            return mnist(split="test")
    path, split = _path_and_split(name_or_path)
    if path is None:
        named = isinstance(name_or_path, (str, os.PathLike))
        text = repr(os.fspath(name_or_path)) if named else check.short(name_or_path)
        raise ValueError(f"{text}: no such file, and not one of {_NAMES}")
    return data_files.from_folder(path, split) if path.is_dir() else data_files.from_file(path, split, grey=grey)


def _fetched(name: str) -> Path:
    """Return the path of a file of MNIST in the cache, and fetch it if it is not there."""
    try:
        import pooch
    except ImportError:
        raise _missing("MNIST without a folder (or RBM_SIM_DATA)", "pooch") from None
    name += ".gz"
    try:
        path = pooch.retrieve(
            _MNIST_URL + name, known_hash=f"sha256:{_MNIST_SHA256[name]}", fname=name, path=pooch.os_cache("rbm_sim")
        )
    except (OSError, ValueError) as error:  # no network, no right to write, or another checksum
        raise ValueError(
            f"{name} could not be fetched ({error}): set RBM_SIM_DATA to a folder that holds the files of MNIST"
        ) from None
    return Path(path)


def _missing(what: str, package: str) -> ImportError:
    return ImportError(f"{what} needs {package}: pip install 'replica-toolkit[data]'")
