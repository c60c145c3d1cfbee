"""When to stop learning: as soon as a measured quantity has not become better for a number of epochs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rbm_sim._support import check


def asks_to_stop(answer: Any) -> bool:
    """Whether a callback asks to stop: it returned True, Python's or NumPy's; anything else means to go on.

    Parameters
    ----------
    answer : object
        What it returned.

    Returns
    -------
    bool
        The answer.
    """
    return isinstance(answer, bool | np.bool_) and bool(answer)


@dataclass(frozen=True)
class Stop:
    """Early stopping on a column of the history; the machine of the best epoch is kept.

    Parameters
    ----------
    quantity : str
        Name of the column, such as valid_pseudo_ll.
    patience : int
        Measurements without a better one after which learning stops, >= 1. Epochs without a measurement do not count.
    larger : bool
        Whether more is better.

    Raises
    ------
    ValueError
        If a value is out of its range.

    Notes
    -----
    Of the data that are learned from, the pseudo-likelihood rises long after the machine has begun to learn them by
    heart: stop on a quantity of other data.

    References
    ----------
    L. Prechelt, in Neural Networks: Tricks of the Trade (Springer, 1998), chap. 2.
    """

    quantity: str
    patience: int = 10
    larger: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.quantity, str):
            raise ValueError(f"quantity = {check.short(self.quantity)}: must be the name of a column")
        check.integer("patience", self.patience, at_least=1)
        check.yes_or_no("larger", self.larger)

    def best(self, history: Sequence[dict[str, Any]]) -> int | None:
        """Epoch of the best row, the first of equal ones; None if nothing was measured yet.

        Parameters
        ----------
        history : list of dict
            Rows with the column epoch; those without the quantity, or with nan, do not count.

        Returns
        -------
        int or None
            The epoch.
        """
        measured = self._measured(history)
        sign = 1 if self.larger else -1
        return max(measured, key=lambda row: sign * row[self.quantity])["epoch"] if measured else None

    def ends(self, history: Sequence[dict[str, Any]]) -> bool:
        """Whether learning has gone on for `patience` measurements after the best one.

        Parameters
        ----------
        history : list of dict
            As for `best`.

        Returns
        -------
        bool
            Whether to stop.
        """
        best = self.best(history)
        return best is not None and sum(row["epoch"] > best for row in self._measured(history)) >= self.patience

    def _measured(self, history: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        return [row for row in history if self.quantity in row and row[self.quantity] == row[self.quantity]]
