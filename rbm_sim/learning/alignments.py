"""Alignments of sequences: letters in FASTA files as numbers of states, the gap the state 0."""

from __future__ import annotations

import os
from typing import NamedTuple

import numpy as np

from rbm_sim._support import arrayfile, check, shown, textfile

ALPHABETS = {"dna": "-ACGT", "rna": "-ACGU", "protein": "-ACDEFGHIKLMNPQRSTVWY"}
"""Letters in the order of the states, gap first."""
GAPS = "-.~"
SUFFIXES = (".fasta", ".fa", ".fas", ".faa", ".fna", ".afa", ".mfa")
UNKNOWN = ("refuse", "gap")


class Alignment(NamedTuple):
    """Aligned sequences.

    Attributes
    ----------
    states : ndarray of uint8, shape (sequences, positions)
        Numbers of the letters in the alphabet.
    names : tuple of str
        What follows ">" of each sequence.
    alphabet : str
        Letters in the order of the states; its length is the number of states.
    """

    states: np.ndarray
    names: tuple[str, ...]
    alphabet: str

    def __repr__(self) -> str:
        return shown.fields(self)

    def letters(self, states: np.ndarray) -> list[str]:
        """Sequences of states, such as drawn ones, as text.

        Parameters
        ----------
        states : ndarray of int, shape (sequences, positions)
            Numbers of states.

        Returns
        -------
        list of str
            One text for each sequence.
        """
        return texts(states, self.alphabet)


def texts(states: np.ndarray, alphabet: str) -> list[str]:
    """Numbers of states as letters.

    Parameters
    ----------
    states : ndarray of int, shape (sequences, positions)
        Numbers of states.
    alphabet : str
        Letter of each state.

    Returns
    -------
    list of str
        One text for each sequence.
    """
    return ["".join(row) for row in np.array(list(alphabet))[np.asarray(states, dtype=int)]]


def read(path: str | os.PathLike[str], *, alphabet: str | None = None, unknown: str = "refuse") -> Alignment:
    """Read an alignment in FASTA letters, plain or gzipped.

    Parameters
    ----------
    path : path
        The file: lines ">name", each followed by a sequence on one line or several. Small letters count as capitals,
        "." and "~" as the gap "-".
    alphabet : str, optional
        "dna", "rna", "protein", or the letters themselves, the first one the gap; by default the first of these three
        that has all letters of the file.
    unknown : {"refuse", "gap"}
        What other letters are, such as X: an error, or gaps.

    Returns
    -------
    Alignment
        States, names and the alphabet.

    Raises
    ------
    ValueError
        If there is no such file, it is no FASTA, sequences have different lengths, or a letter is in no alphabet.
    """
    check.choice("unknown", unknown, UNKNOWN)
    names, sequences = _sequences(path)
    for name, sequence in zip(names, sequences, strict=True):
        if len(sequence) != len(sequences[0]):
            raise ValueError(
                f"{path}: the sequence {check.short(name)} has {len(sequence)} letters and the first one "
                f"{len(sequences[0])}: those of an alignment have one length"
            )
    codes = np.frombuffer("".join(sequences).encode("latin-1", "replace"), np.uint8).reshape(len(sequences), -1)
    letters = _alphabet(codes, alphabet)
    table = np.full(256, 255, np.uint8)
    table[np.frombuffer(letters.encode("latin-1"), np.uint8)] = np.arange(len(letters))
    states = table[codes]
    if (states == 255).any():
        row, column = (int(k) for k in np.argwhere(states == 255)[0])
        if unknown == "refuse":
            raise ValueError(
                f"{path}: the sequence {check.short(names[row])} has the letter {chr(codes[row, column])!r} at "
                f"{column + 1}: not one of {letters!r}; unknown = 'gap' takes such letters for gaps"
            )
        states[states == 255] = 0
    return Alignment(states, tuple(names), letters)


def is_fasta(path: str | os.PathLike[str]) -> bool:
    """Whether a file is one of FASTA letters, by its name.

    Parameters
    ----------
    path : path
        Name of a file.

    Returns
    -------
    bool
        Whether it ends as such names do, ".gz" apart.
    """
    return os.fspath(path).lower().removesuffix(".gz").endswith(SUFFIXES)


def _sequences(path: str | os.PathLike[str]) -> tuple[list[str], list[str]]:
    """Names and sequences, in capitals and with one sign for gaps."""
    text = textfile.decoded(path, arrayfile.content(path))
    names: list[str] = []
    parts: list[list[str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(">"):
            names.append(line[1:].strip())
            parts.append([])
        elif line.strip() and not line.startswith(";"):
            if not parts:
                raise ValueError(f"{path}, line {number}: sequences in FASTA begin with a line '>name'")
            parts[-1].append("".join(line.split()))
    if not names:
        raise ValueError(f"{path}: holds no sequences: in FASTA they begin with a line '>name'")
    to_gap = str.maketrans(dict.fromkeys(GAPS, "-"))
    sequences = ["".join(part).upper().translate(to_gap) for part in parts]
    if not all(sequences):
        raise ValueError(f"{path}: the sequence {check.short(names[sequences.index('')])} has no letters")
    return names, sequences


def _alphabet(codes: np.ndarray, asked: str | None) -> str:
    """Letters of the states."""
    if asked is not None:
        letters = ALPHABETS.get(asked, asked) if isinstance(asked, str) else ""
        letters = letters.upper()
        if not 2 <= len(set(letters)) == len(letters) < 255 or not letters.isascii():
            raise ValueError(f"alphabet = {check.short(asked)}: must be {', '.join(ALPHABETS)}, or different letters")
        return letters
    found = {chr(code) for code in np.unique(codes)}
    for letters in ALPHABETS.values():
        if found <= set(letters):
            return letters
    return ALPHABETS["protein"]
