"""Data of Potts units that a command line names: numbers of states, letters of an alignment, or vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from replica import cli

if TYPE_CHECKING:
    import numpy as np

    from rbm_sim.learning.alignments import Alignment

MOST_STATES = 256
LEARNED = (
    f"a matrix of states, whole numbers from 0 to {MOST_STATES - 1}, vectors (samples, N, states) with a single 1 as "
    "the command sample writes them, or an alignment, its name ending in .fasta"
)


class Letters(NamedTuple):
    """States that units of data have, whether all of them occur or not.

    Attributes
    ----------
    states : int
        Their number.
    alphabet : str or None
        A letter for each, if they have some.
    owner : str
        Where they come from, such as --data.
    """

    states: int
    alphabet: str | None
    owner: str


def alphabet_of(name: str) -> str | None:
    """Letters of the states in a file that was loaded, None if it has none.

    Parameters
    ----------
    name : str
        File.

    Returns
    -------
    str or None
        A letter for each state.
    """
    from rbm_sim.learning import alignments

    return alignments.read(name, unknown="gap").alphabet if alignments.is_fasta(name) else None


def load_states(name: str, option: str, letters: Letters | None = None) -> np.ndarray:
    """Load states of Potts units: letters of an alignment, whole numbers from 0 on, or vectors with a single 1.

    Parameters
    ----------
    name : str
        File.
    option : str
        Word of the command line that names it.
    letters : Letters, optional
        States of the data that these belong to; by default an alphabet that has all letters of the file, or as many
        states as occur.

    Returns
    -------
    ndarray of int8, shape (samples, N, states)
        One 1 for each unit.

    Raises
    ------
    UsageError
        If it cannot be read, or holds other numbers or letters.
    """
    from rbm_sim.learning import alignments, datasets
    from rbm_sim.units import Potts

    try:
        if alignments.is_fasta(name):
            found = _alignment(name, option, None if letters is None else letters.alphabet)
            _check(name, letters, len(found.alphabet))
            return Potts(len(found.alphabet)).one_hot(found.states)
        if datasets.path_of(name) is None:
            raise ValueError(f"{name}: no such file; --visible potts learns {LEARNED}")
        return _vectors(name, datasets.read(name), letters)
    except ValueError as error:
        raise cli.UsageError(f"{option}: {error}") from None


def _alignment(name: str, option: str, alphabet: str | None) -> Alignment:
    """Read an alignment; letters that it should not have become gaps, which is said."""
    from rbm_sim.learning import alignments

    try:
        return alignments.read(name, alphabet=alphabet)
    except ValueError as error:
        if "takes such letters for gaps" not in str(error):
            raise
        cli.warn(f"{option}: {str(error).partition(';')[0]}; such letters are taken for gaps")
        return alignments.read(name, alphabet=alphabet, unknown="gap")


def _vectors(name: str, a: np.ndarray, letters: Letters | None) -> np.ndarray:
    """Vectors as they are, or made of numbers of states."""
    from rbm_sim.units import Potts

    whole = a.size and a.min() >= 0 and a.max() < MOST_STATES and (a == a.round()).all()
    if not whole or a.ndim not in (2, 3):
        raise ValueError(f"{name}: holds no states; --visible potts learns {LEARNED}")
    if a.ndim == 3:
        if a.shape[2] < 2 or not Potts(a.shape[2]).contains(a):
            raise ValueError(f"{name}: holds no states; --visible potts learns {LEARNED}")
        _check(name, letters, a.shape[2])
        return a.astype("int8")
    if letters is None:
        return Potts(max(2, int(a.max()) + 1)).one_hot(a)
    if a.max() >= letters.states:
        raise ValueError(f"{name}: has the state {int(a.max())}, but {letters.owner} has 0 to {letters.states - 1}")
    return Potts(letters.states).one_hot(a)


def _check(name: str, letters: Letters | None, states: int) -> None:
    if letters is not None and states != letters.states:
        raise ValueError(f"{name}: units have {states} states, but those of {letters.owner} {letters.states}")
