"""Folders with images and labels in IDX files, under the names that they go by.

MNIST and its relatives come as train-images-idx3-ubyte or train-images.idx3-ubyte, plain or gzipped, perhaps with the
name of the set before it (EMNIST), each perhaps in a folder of its own name (Kaggle), in MNIST/raw (torchvision) or as
one mnist.npz (Keras).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np

Members: TypeAlias = Mapping[str, Callable[[], np.ndarray]]  # arrays of a file by name, read when they are called

PLACES = ("", "mnist", "raw", "MNIST/raw", "MNIST")
"""Subfolders that are looked into, in this order."""
PREFIXES = {"train": ("train",), "test": ("t10k", "test")}


class Files(NamedTuple):
    """Images and labels of one set; the same file if it holds both."""

    images: Path
    labels: Path | None


def found(folder: Path, split: str) -> Files | None:
    """The files of a set in a folder, or None.

    Parameters
    ----------
    folder : Path
        The folder.
    split : {"train", "test"}
        Which of the two sets.

    Returns
    -------
    Files or None
        An .npz file is named alone: its arrays are told apart by their names.

    Raises
    ------
    ValueError
        If there are several sets in the folder.
    """
    for place in PLACES:
        here = folder / place
        images = [path for prefix in PREFIXES[split] for path in _named(here, f"{prefix}-images", 3)]
        if len(images) > 1:
            names = ", ".join(sorted(path.name for path in images))
            raise ValueError(f"{here}: holds the sets {names}: name one of these files")
        if images:
            stem = images[0].name.removesuffix(".gz").replace("-images", "-labels").replace("idx3", "idx1")
            labels = [path for path in _named(here, "-labels", 1) if path.name.removesuffix(".gz") == stem]
            return Files(images[0], labels[0] if labels else None)
        if (here / "mnist.npz").is_file():
            return Files(here / "mnist.npz", None)
    return None


def members(there: Members, split: str) -> tuple[str, str]:
    """Names of the arrays of images and of labels in an .npz file.

    Parameters
    ----------
    there : mapping of str to callable
        Its arrays.
    split : {"train", "test"}
        Which of the two sets that Keras or MedMNIST have in one file.

    Returns
    -------
    tuple of str
        'images' and 'labels' where there are no such sets.
    """
    pairs = ((f"x_{split}", f"y_{split}"), (f"{split}_images", f"{split}_labels"))
    return next((pair for pair in pairs if pair[0] in there), ("images", "labels"))


def _named(folder: Path, name: str, rank: int) -> list[Path]:
    """Files of a set in a folder: the plain one where both are there."""
    paths: dict[str, Path] = {}
    for mark in "-.":
        ending = f"{name}{mark}idx{rank}-ubyte"
        for path in sorted(folder.glob(f"*{ending}")) + sorted(folder.glob(f"*{ending}.gz")):
            inner = path / path.name if path.is_dir() else path
            if inner.is_file():
                paths.setdefault(path.name.removesuffix(".gz"), inner)
    return list(paths.values())
