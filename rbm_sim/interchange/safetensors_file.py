"""The format safetensors: 8 bytes for the length of a header, a header in JSON, and the numbers of all arrays.

The header names for each array its type, its shape and where its bytes begin and end. Texts are in `__metadata__`.
"""

from __future__ import annotations

import json
import math
import os
from typing import Any

import numpy as np

from rbm_sim._support import check
from rbm_sim.interchange import named_arrays
from rbm_sim.interchange.found import Asked
from rbm_sim.machine.rbm import RBM

LONGEST = 1 << 20
"""Bytes of a header; that of a machine has less than a thousand."""
TYPES = {
    **{"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "BOOL": "?"},
    **{"I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1"},
}
LENGTH = 8
"""Bytes of the length of the header, and what the arrays begin at a multiple of."""


def begins(start: bytes, size: int) -> bool:
    """Whether a file begins as this format does.

    Parameters
    ----------
    start : bytes
        Its first bytes.
    size : int
        How many it has.

    Returns
    -------
    bool
        True if a header may follow.
    """
    length = int.from_bytes(start[:LENGTH], "little")
    return start[LENGTH : LENGTH + 1] == b"{" and (length < size or length < LONGEST)


def read(path: str | os.PathLike[str], asked: Asked) -> tuple[RBM, float, dict[str, Any]]:
    """Read a machine.

    Parameters
    ----------
    path : path
        The file.
    asked : Asked
        What it need not say.

    Returns
    -------
    rbm, log_constant, about
        As in `Found`.

    Raises
    ------
    ValueError
        If it is damaged, or no machine.
    """
    size = os.path.getsize(path)
    with open(path, "rb") as stream:
        length = int.from_bytes(stream.read(LENGTH), "little")
        if size < LENGTH or not 2 <= length <= min(LONGEST, size - LENGTH):
            raise ValueError(
                f"its header would have {length} bytes, must have 2 to {LONGEST}, and the file has {size}: "
                "truncated or no safetensors"
            )
        header = _header(stream.read(length))
        texts = header.pop("__metadata__", {})
        if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
            raise ValueError("its __metadata__ is damaged: must hold texts")
        _check_places(header, size - LENGTH - length)
        data = stream.read()
    arrays = {name: _array(name, entry, data) for name, entry in header.items()}
    rbm, about = named_arrays.machine(arrays, {k: v for k, v in texts.items() if k in named_arrays.TEXTS}, asked)
    return rbm, 0.0, about


def _header(text: bytes) -> dict[str, Any]:
    """The header, each entry checked for what it holds."""
    try:
        header = json.loads(text.decode("utf-8"), object_pairs_hook=_once)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"its header is no JSON: {error}") from None
    if not isinstance(header, dict):
        raise ValueError("its header is damaged: must be an object")
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        fits = isinstance(entry, dict) and {"dtype", "shape", "data_offsets"} == set(entry)
        numbers = fits and all(isinstance(entry[key], list) for key in ("shape", "data_offsets"))
        if not numbers or not all(type(n) is int and n >= 0 for n in (*entry["shape"], *entry["data_offsets"])):
            raise ValueError(f"its entry {check.short(name)} is damaged: must have dtype, shape and data_offsets")
        if len(entry["data_offsets"]) != 2 or entry["dtype"] not in (*TYPES,) or len(entry["shape"]) > 3:
            kind = f"type {check.short(entry['dtype'])} and shape {check.short(entry['shape'])}"
            raise ValueError(f"its entry {check.short(name)} has {kind}: no array of a machine")
    return header


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("its header has a name twice")
    return dict(pairs)


def _check_places(header: dict[str, Any], size: int) -> None:
    """Raise unless the arrays fill the rest of the file, one after the other."""
    end = 0
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        begin, last = entry["data_offsets"]
        expected = math.prod(entry["shape"]) * np.dtype(TYPES[entry["dtype"]]).itemsize
        if begin != end or last - begin != expected:
            raise ValueError(
                f"its array {check.short(name)} of shape {tuple(entry['shape'])} lies at {begin} to {last}: "
                f"must begin at {end} and have {float(expected):.6g} bytes"
            )
        end = last
    if end != size:
        raise ValueError(f"its arrays end after {end} bytes, {size} are there: truncated or damaged")


def _array(name: str, entry: dict[str, Any], data: bytes) -> np.ndarray:
    begin, end = entry["data_offsets"]
    flat = np.frombuffer(data[begin:end], TYPES[entry["dtype"]])
    if entry["dtype"] == "BF16":  # the upper half of a single-precision number
        flat = (flat.astype(np.uint32) << 16).view(np.float32)
    return check.real_array(name, flat.reshape(entry["shape"])).copy()


def write(rbm: RBM, path: str | os.PathLike[str]) -> float:
    """Write a machine.

    Parameters
    ----------
    rbm : RBM
        The machine.
    path : path
        The file.

    Returns
    -------
    float
        0: the machine of the file is the same.
    """
    arrays, texts = named_arrays.contents(rbm)
    types = {np.dtype(code): name for name, code in TYPES.items() if name != "BF16"}
    header: dict[str, Any] = {"__metadata__": texts}
    end = 0
    # in the order of their size of entry, so that each lies at a multiple of it
    ordered = sorted(arrays.items(), key=lambda item: -item[1].itemsize)
    for name, array in ordered:
        places = [end, end + array.nbytes]
        header[name] = {"dtype": types[array.dtype], "shape": list(array.shape), "data_offsets": places}
        end += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % LENGTH)
    with open(path, "wb") as stream:
        stream.write(len(text).to_bytes(LENGTH, "little") + text)
        for _, array in ordered:
            stream.write(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes())
    return 0.0
