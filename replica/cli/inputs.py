"""What a command must not do: write over what it reads, or begin what cannot fit into memory."""

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


def check_memory(option: str, value: int, what: str, needed: float) -> None:
    """Refuse what takes more memory than this machine has, before the system ends the command for it.

    Parameters
    ----------
    option : str
        The option that decides.
    value : int
        Its value.
    what : str
        What there would be so many of.
    needed : float
        Bytes.

    Raises
    ------
    UsageError
        If there is not so much.
    """
    there = _memory()
    if there is not None and needed > there:
        raise UsageError(
            f"{option} = {value}: so many {what} need about {needed / 1e9:.3g} GB, there are {there / 1e9:.3g} GB"
        )


def _memory() -> float | None:
    """Bytes of memory of this machine, None where the system does not tell."""
    try:
        return float(os.sysconf("SC_PHYS_PAGES")) * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None
