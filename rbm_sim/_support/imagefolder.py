"""Images in a folder of .png files: grey levels from 0 to 1, subfolders the labels."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

SUFFIX = ".png"
GREY = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in a grey level (ITU-R BT.601)."""


class Images(NamedTuple):
    """Images of one size.

    Attributes
    ----------
    grey : ndarray of float32, shape (images, rows, columns)
        Grey levels from 0 to 1, in the order of the names of the files.
    labels : ndarray of str, shape (images,), or None
        Names of the subfolders they lie in, if they do.
    """

    grey: np.ndarray
    labels: np.ndarray | None


def files(folder: Path) -> list[Path]:
    """Return the images of a folder, or, if it holds none, those of its subfolders, by name."""
    return _images(folder) or [path for sub in sorted(folder.iterdir()) if sub.is_dir() for path in _images(sub)]


def load(folder: Path) -> Images:
    """Read the images of a folder; ValueError names the file that is damaged or of another size."""
    paths = files(folder)
    grey = [_grey(path) for path in paths]
    for path, image in zip(paths, grey, strict=True):
        if image.shape != grey[0].shape:
            raise ValueError(
                f"{path}: has {' × '.join(map(str, image.shape))} pixels, {paths[0].name} has "
                f"{' × '.join(map(str, grey[0].shape))}: all must be of one size"
            )
    inside = paths[0].parent != folder
    return Images(np.stack(grey), np.array([path.parent.name for path in paths]) if inside else None)


def _images(folder: Path) -> list[Path]:
    # Names that begin with a dot are of the system, or of a file that is being written.
    return sorted(p for p in folder.iterdir() if p.suffix.lower() == SUFFIX and p.name[0] != "." and p.is_file())


def _grey(path: Path) -> np.ndarray:
    from matplotlib.image import imread

    try:
        pixels = np.asarray(imread(path, format="png"), dtype=np.float32)
    except (OSError, ValueError, SyntaxError) as error:
        raise ValueError(f"{path}: is no .png image: {error}") from None
    if pixels.ndim == 3 and pixels.shape[2] in (2, 4):
        if (pixels[..., -1] != 1).any():
            raise ValueError(f"{path}: is transparent in places, which have no grey level: give it a background")
        pixels = pixels[..., :-1]
    if pixels.ndim == 3 and pixels.shape[2] == 3:
        same = (pixels == pixels[..., :1]).all()
        return pixels[..., 0] if same else (pixels @ np.array(GREY, np.float32)).clip(0, 1)
    return pixels.reshape(pixels.shape[:2])
