"""HDF5 files of others: only numbers and texts that lie in the file itself, and not more than it can hold.

A link to another file, an array that lies in one, an array larger than the file can mean, and compressed pieces that
unpack to more than they say are refused before anything is allocated.
"""

from __future__ import annotations

import contextlib
import math
import os
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rbm_sim._support import check
from rbm_sim.interchange.sizes import check_promised

if TYPE_CHECKING:
    import h5py

MAGIC = b"\x89HDF\r\n\x1a\n"
NEEDED = "HDF5 files need the package h5py: pip install 'replica-toolkit[interchange]'"
LONGEST = 1000
"""Characters of a text."""


class Folder(NamedTuple):
    """A group of an HDF5 file.

    Attributes
    ----------
    group : h5py.Group
        The group.
    path : path
        The file.
    """

    group: h5py.Group
    path: str | os.PathLike[str]

    def names(self) -> list[str]:
        """Names in it, sorted."""
        return sorted(self.group.keys())

    def folder(self, name: str) -> Folder:
        """A group in it; ValueError if there is none."""
        import h5py

        found = self._item(name)
        if not isinstance(found, h5py.Group):
            raise ValueError(f"{name} is {type(found).__name__.lower()}, must be a group")
        return Folder(found, self.path)

    def numbers(self, name: str) -> np.ndarray:
        """An array of finite real numbers in it; ValueError if there is none."""
        found = self._dataset(name)
        if found.dtype.kind not in "biuf":
            raise ValueError(f"{name} holds {check.short(str(found.dtype))[1:-1]}, must be real numbers")
        return check.real_array(name, found[()])

    def text(self, name: str) -> str:
        """A text in it; ValueError if there is none."""
        import h5py

        found = self._dataset(name)
        of_text = found.dtype.kind in "SU" or h5py.check_string_dtype(found.dtype) is not None
        if not of_text or found.shape != () or found.dtype.itemsize > LONGEST:
            raise ValueError(
                f"{name} holds {check.short(str(found.dtype))[1:-1]} of shape {found.shape}, must be a text"
            )
        value = found[()]
        return (value.decode("utf-8") if isinstance(value, bytes) else str(value)).rstrip("\0")

    def _item(self, name: str) -> Any:
        """What a name stands for, if it is in this file."""
        import h5py

        link = self.group.get(name, getlink=True)
        if link is None:
            raise ValueError(f"has no {name} among {check.short(', '.join(self.names()))}")
        if not isinstance(link, h5py.HardLink):
            raise ValueError(
                f"{name} is a link to {check.short(link.path)}: not followed, the file must hold it itself"
            )
        return self.group[name]

    def _dataset(self, name: str) -> h5py.Dataset:
        """An array in it that can be read."""
        import h5py

        found = self._item(name)
        if not isinstance(found, h5py.Dataset) or found.shape is None:
            raise ValueError(f"{name} is no array")
        if found.is_virtual or found.external is not None:
            raise ValueError(f"{name} lies in another file: not read, the file must hold it itself")
        whole = found.dtype.itemsize
        check_promised(self.path, f"{name} of shape {found.shape}", math.prod(found.shape) * whole)
        if found.chunks is not None:
            piece = math.prod(found.chunks) * whole
            check_promised(self.path, f"a piece of {name}", piece)
            _check_pieces(name, found, piece)
        if math.prod(found.shape) and not found.id.get_storage_size():
            raise ValueError(f"{name} of shape {found.shape} was never written")
        return found


def _check_pieces(name: str, dataset: h5py.Dataset, size: int) -> None:
    """Raise unless all pieces of an array unpack to what they say."""
    filters = dataset.id.get_create_plist()
    codes = [filters.get_filter(k)[0] for k in range(filters.get_nfilters())]
    if not codes:
        return
    import h5py

    if codes[-1] != h5py.h5z.FILTER_DEFLATE or set(codes) - {h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_DEFLATE}:
        raise ValueError(f"{name} is compressed or summed in a way that is not read: plain or gzip only")
    for k in range(dataset.id.get_num_chunks()):
        place = dataset.id.get_chunk_info(k)
        check_promised(dataset.file.filename, f"a piece of {name}", place.size)
        left_out, packed = dataset.id.read_direct_chunk(place.chunk_offset)
        plain = left_out >> (len(codes) - 1) & 1
        if not plain and len(zlib.decompressobj().decompress(packed, size + 1)) != size:
            raise ValueError(f"{name} has a piece that does not unpack to {size} bytes: damaged")


@contextlib.contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[Folder]:
    """A file to be read.

    Parameters
    ----------
    path : path
        The file.

    Yields
    ------
    Folder
        All that is in it.

    Raises
    ------
    ValueError
        If it cannot be opened.
    ImportError
        If h5py is missing.
    """
    try:
        import h5py
    except ImportError:
        raise ImportError(NEEDED) from None
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise ValueError(f"is a truncated or damaged HDF5 file: {error}") from None
    with file:
        yield Folder(file, path)


@contextlib.contextmanager
def written(path: str | os.PathLike[str]) -> Iterator[h5py.File]:
    """A file to be written.

    Parameters
    ----------
    path : path
        The file.

    Yields
    ------
    h5py.File
        An empty one.

    Raises
    ------
    ImportError
        If h5py is missing.
    """
    try:
        import h5py
    except ImportError:
        raise ImportError(NEEDED) from None
    with h5py.File(path, "w") as file:
        yield file
