"""What a file may promise: nothing is allocated before the size of an array is compared with that of the file."""

from __future__ import annotations

import os

SMALL = 1 << 26
"""Bytes that any file may unpack to."""
TIMES = 16
"""How many times its own size a file may unpack to beyond these; weights shrink by less than a half."""


def check_promised(path: str | os.PathLike[str], what: str, promised: int) -> None:
    """Refuse what takes more memory than the file can mean.

    Parameters
    ----------
    path : path
        The file.
    what : str
        What is to be read.
    promised : int
        Bytes that it will take.

    Raises
    ------
    ValueError
        If these are more than 64 MiB and 16 times those of the file.
    """
    present = os.path.getsize(path)
    if promised > SMALL + TIMES * present:
        raise ValueError(
            f"{what} would take {float(promised):.3g} bytes, and the file has {present}: not read; a machine as large "
            "as that must be stored without compression"
        )
