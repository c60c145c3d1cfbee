"""What a command must not do: write over what it reads."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping

from replica.errors import UsageError

IMAGES = (".png",)
"""Suffixes of files that belong to the data where a folder of images is read."""


def protect(args: argparse.Namespace, inputs: Mapping[str, str | os.PathLike[str] | None]) -> None:
    """Refuse to write over a file that is read, by whatever name it goes.

    Parameters
    ----------
    args : argparse.Namespace
        With the options of `add_common`.
    inputs : mapping of str to path or None
        Word of the command line to the file or folder it names. What does not exist is not protected.

    Raises
    ------
    UsageError
        `--out` or `--plot` is one of them, or would become an image of a folder of images.
    """
    for option in ("out", "plot"):
        target = getattr(args, option, None)
        for name, path in inputs.items():
            if target is None or path is None or not os.path.exists(path):
                continue
            if os.path.isdir(path):
                # its subfolders are the labels of their images
                above = (target.absolute().parent, target.absolute().parent.parent)
                inside = any(place.exists() and os.path.samefile(place, path) for place in above)
                if inside and target.suffix.lower() in IMAGES:
                    raise UsageError(f"--{option}: {str(target)!r} would be an image of {name}: choose another folder")
            elif target.exists() and os.path.samefile(target, path):
                raise UsageError(
                    f"--{option}: {str(target)!r} is {name} itself, and is not written over: choose another name"
                )
