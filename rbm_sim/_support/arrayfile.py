"""Arrays in files of others: .npy, .npz and IDX, plain or gzipped, told apart by their first bytes.

Nothing is allocated before the size that a header promises has been compared with the bytes that are there.
"""

import contextlib
import gzip
import io
import math
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

_IDX_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_GZIP, _NPY, _ZIP = b"\x1f\x8b", b"\x93NUMPY", b"PK\x03\x04"


def content(path: str | os.PathLike[str]) -> bytes:
    """Read a file, unpacked if it is gzipped; ValueError if it cannot be read or is empty."""
    try:
        found = Path(path).read_bytes()
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror or error}") from None
    if found.startswith(_GZIP):
        found = _unzipped(path, found)
    if not found:
        raise ValueError(f"{path}: is empty")
    return found


def members(path: str | os.PathLike[str], gaps: bool = False) -> dict[str, Callable[[], np.ndarray]]:
    """Arrays of a file by name, each read when it is called for: what else lies in an archive does not matter.

    The name is empty in a format that holds one array without a name. An entry may be nan only if there may be `gaps`.
    """
    found = content(path)
    if found.startswith(_ZIP):
        return _npz(path, found, gaps)
    if found.startswith(_NPY):
        return {"": partial(_npy, str(path), found, gaps)}
    return {"": partial(_idx, path, found, gaps)}


def _unzipped(path: str | os.PathLike[str], content: bytes) -> bytes:
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path}: its gzip stream of {len(content)} bytes is truncated or damaged: {error}") from None


def _npz(path: str | os.PathLike[str], content: bytes, gaps: bool) -> dict[str, Callable[[], np.ndarray]]:
    with _damaged(path, content):
        archive = zipfile.ZipFile(io.BytesIO(content))
    names = [name for name in archive.namelist() if name.endswith(".npy")]
    if not names:
        raise ValueError(f"{path}: is a zip archive without arrays, must be .npz")
    return {name.removesuffix(".npy"): partial(_member, path, content, archive, name, gaps) for name in names}


def _member(
    path: str | os.PathLike[str], content: bytes, archive: zipfile.ZipFile, name: str, gaps: bool
) -> np.ndarray:
    with _damaged(path, content), archive.open(name) as stream:
        member = stream.read(archive.getinfo(name).file_size)  # a stream that goes on is not unpacked to its end
    return _npy(f"{path}, {name}", member, gaps)


@contextlib.contextmanager
def _damaged(path: str | os.PathLike[str], content: bytes) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ValueError(f"{path}: its zip archive of {len(content)} bytes is truncated or damaged: {error}") from None


def is_text(array: Callable[[], np.ndarray]) -> bool:
    """Whether an array of `members` holds no numbers."""
    try:
        return array().dtype.kind not in "biuf"
    except NoNumbersError:
        return True


class NoNumbersError(ValueError):
    """An array holds neither numbers nor text."""


def _npy(where: str, content: bytes, gaps: bool) -> np.ndarray:
    stream = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = read(stream)
    except Exception as error:  # of a header that is no Python literal, nearly any
        raise ValueError(f"{where}: its .npy header is truncated or damaged: {error}") from None
    if dtype.kind not in "biufSU" or not dtype.itemsize:
        raise NoNumbersError(f"{where}: holds {dtype}, must be real numbers")
    flat = _values(where, content[stream.tell() :], dtype, shape, gaps)
    return flat.reshape(shape, order="F" if fortran else "C")


def _idx(path: str | os.PathLike[str], content: bytes, gaps: bool) -> np.ndarray:
    magic = content[:4]
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _IDX_TYPES or magic[3] == 0:
        raise ValueError(f"{path}: starts with the bytes {magic.hex(' ')}, must be an IDX, .npy or .npz file")
    rank = magic[3]
    header = 4 + 4 * rank
    if len(content) < header:
        raise ValueError(f"{path}: truncated in its IDX header: expected {header} bytes, found {len(content)}")
    shape = tuple(int(n) for n in np.frombuffer(content, ">u4", rank, 4))
    return _values(str(path), content[header:], np.dtype(_IDX_TYPES[magic[2]]), shape, gaps).reshape(shape)


def _values(where: str, content: bytes, dtype: np.dtype, shape: tuple[int, ...], gaps: bool) -> np.ndarray:
    """Return the numbers after a header in native byte order, or raise if their count is wrong or one is not finite."""
    expected = math.prod(shape) * dtype.itemsize
    if expected != len(content) or min(shape, default=0) < 0:
        what = "truncated" if len(content) < expected else "too long"
        raise ValueError(
            f"{where}: {what}: shape {shape} of {dtype} after the header: "
            f"expected {expected} bytes, found {len(content)}"
        )
    flat = np.frombuffer(content, dtype).astype(dtype.newbyteorder("="), copy=True)
    wrong = np.isinf if gaps else (lambda x: ~np.isfinite(x))
    if dtype.kind in "biuf" and wrong(flat).any():
        first = int(np.argmax(wrong(flat)))
        what = "finite, or nan if missing" if gaps else "finite"
        raise ValueError(f"{where}: has the entry {flat[first]} at position {first}: every entry must be {what}")
    return flat
