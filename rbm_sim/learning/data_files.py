"""Data sets in files and folders, in the forms that people have them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rbm_sim._support import arrayfile, imagefolder, shown, textfile
from rbm_sim.learning import idx_folder

LARGEST = 255
"""Of whole numbers that are grey levels."""


class Dataset(NamedTuple):
    """Images, one row each.

    Attributes
    ----------
    images : ndarray of float32, float64 or uint8, shape (samples, pixels)
        Grey levels from 0 to 1 (float32), or two values 0 and 1 (uint8). A file of one's own may hold other
        numbers, such as ±1; they are kept, in double precision.
    labels : ndarray, shape (samples,), or None
        What the images show, if it is known: numbers or text.
    shape : tuple of int
        Of one image; its product is the number of pixels.
    """

    images: np.ndarray
    labels: np.ndarray | None
    shape: tuple[int, ...]

    def __repr__(self) -> str:
        return shown.fields(self)


def read(path: str | os.PathLike[str]) -> np.ndarray:
    """Read the array in a .npy, .npz or IDX file, plain or gzipped, or the numbers of a .csv, .tsv or .txt file.

    Parameters
    ----------
    path : path
        The file: its first bytes tell the format, or its name that it is text. An .npz file must hold one array of
        numbers, or one of the name `images`.

    Returns
    -------
    ndarray
        The array, in the shape and type that the file has, and in native byte order; of text in double precision, or
        unsigned bytes where all are whole numbers from 0 to 255.

    Raises
    ------
    ValueError
        If there is no such file, it is empty, truncated, longer than its header says, damaged or of another
        format, or what is read holds anything but finite real numbers.
    """
    if textfile.is_text(path):
        return textfile.matrix(path, arrayfile.content(path)).values
    return _images(path, arrayfile.members(path), "images")


def from_file(path: Path, split: str | None = None, *, grey: bool = True) -> Dataset:
    """Read a data set from a file.

    Parameters
    ----------
    path : Path
        As for `read`, or an .npz file of two sets.
    split : {"train", "test"}, optional
        Which of two sets.
    grey : bool
        Whether whole numbers from 0 to 255, some above 1, are grey levels out of 255; if not, all numbers stay as
        they are, in double precision.

    Returns
    -------
    Dataset
        The images, whatever their values, their labels and their shape.

    Raises
    ------
    ValueError
        If it cannot be read, holds no images, or has no such set.
    """
    if textfile.is_text(path):
        values, labels = textfile.matrix(path, arrayfile.content(path))
        return _dataset(path, values, labels, grey)
    found = arrayfile.members(path)
    name, label = idx_folder.members(found, split or "train")
    if (split == "test" and name not in found) or (split is not None and name == "images"):
        raise ValueError(f"{path}: holds no arrays of the sets train and test")
    images = _images(path, found, name)
    try:
        labels = found[label]() if label in found else None
    except arrayfile.NoNumbersError:
        labels = None  # objects, which would have to be trusted
    if labels is not None and labels.shape == (len(images), 1):
        labels = labels[:, 0]
    return _dataset(path, images, labels, grey)


def from_folder(folder: Path, split: str | None = None) -> Dataset:
    """Read a data set from a folder.

    Parameters
    ----------
    folder : Path
        With IDX files or an mnist.npz, or of .png images.
    split : {"train", "test"}, optional
        Which of two sets; by default that to train with.

    Returns
    -------
    Dataset
        The images, their labels and their shape.

    Raises
    ------
    ValueError
        If there are none, or they cannot be read.
    """
    files = idx_folder.found(folder, split or "train")
    if files is not None:
        return images_of_bytes(files, split or "train")
    if split is None and imagefolder.files(folder):
        images, labels = imagefolder.load(folder)
        return _dataset(folder, images, labels)
    what = "" if split is None else f" of the set {split}"
    raise ValueError(
        f"{folder}: is a folder without images{what}: no IDX files such as train-images-idx3-ubyte, no .png files"
    )


def images_of_bytes(files: idx_folder.Files, split: str) -> Dataset:
    """Read images of unsigned bytes and their labels.

    Parameters
    ----------
    files : Files
        Where they are.
    split : {"train", "test"}
        Which set of an .npz file.

    Returns
    -------
    Dataset
        Grey levels 0, 1/255, …, 1, and labels if there are any.

    Raises
    ------
    ValueError
        If they cannot be read, are something else, or do not belong together.
    """
    if files.images.suffix == ".npz":
        return from_file(files.images, split)
    images, labels = read(files.images), None if files.labels is None else read(files.labels)
    if images.ndim != 3 or images.dtype != np.uint8:
        raise ValueError(
            f"{files.images}: holds {images.dtype} of shape {images.shape}, must be images of unsigned bytes"
        )
    if labels is not None and labels.shape != images.shape[:1]:
        raise ValueError(
            f"{files.labels}: holds labels of shape {labels.shape}, must be one for each of {len(images)} images"
        )
    grey = images.reshape(len(images), -1).astype(np.float32)
    grey /= LARGEST
    return Dataset(grey, labels, images.shape[1:])


def _dataset(path: Path, images: np.ndarray, labels: np.ndarray | None, grey: bool = True) -> Dataset:
    """Put images and labels of a file together, or raise if they do not fit."""
    if images.ndim < 2 or images.size == 0:
        raise ValueError(
            f"{path}: its array has shape {images.shape}, must be (samples, pixels…) with at least one of each"
        )
    if labels is not None and labels.shape != images.shape[:1]:
        raise ValueError(f"{path}: labels have shape {labels.shape}, must be one for each of {len(images)} images")
    values = _grey(path, images) if grey else _double(path, images)
    return Dataset(values.reshape(len(images), -1), labels, images.shape[1:])


def _images(path: str | os.PathLike[str], found: idx_folder.Members, name: str) -> np.ndarray:
    """Read the array of a name, or the only one of numbers."""
    if name in found or len(found) == 1:
        images = found[name if name in found else next(iter(found))]()
    else:
        numbers = [other for other, array in found.items() if not arrayfile.is_text(array)]
        if len(numbers) != 1:
            raise ValueError(f"{path}: holds the arrays {', '.join(sorted(found))}: one of them must be called images")
        images = found[numbers[0]]()
    if images.dtype.kind in "SU":
        raise ValueError(f"{path}: holds {images.dtype}, must be real numbers")
    return images


def _double(path: Path, values: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        double = values.astype(float)
    if not np.isfinite(double).all():
        raise ValueError(f"{path}: has entries beyond ±{np.finfo(float).max:.2g}, the largest in double precision")
    return double


def _grey(path: Path, values: np.ndarray) -> np.ndarray:
    """Two values 0 and 1 as uint8, whole numbers up to 255 as grey levels out of 255, anything else as it is."""
    if values.dtype.kind in "biu" and ((values == 0) | (values == 1)).all():
        return values.astype(np.uint8)
    if values.min() >= 0 and 1 < values.max() <= LARGEST and (values == np.rint(values)).all():
        return values.astype(np.float32) / np.float32(LARGEST)
    return values if values.dtype == np.float32 else _double(path, values)
