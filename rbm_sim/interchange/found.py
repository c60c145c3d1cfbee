"""What is asked of a file, and what is found in it."""

from __future__ import annotations

from typing import Any, NamedTuple

from rbm_sim._support import shown
from rbm_sim.machine.rbm import RBM


class Found(NamedTuple):
    """A machine, and what else a file says.

    Attributes
    ----------
    rbm : RBM
        The machine.
    format : str
        One of `FORMATS`.
    log_constant : float
        What the machine of the file has more in ln Z, at T = 1: that of scales of hidden units which units here do not
        have, and of offsets. The law of v is the same.
    about : dict
        What else was found: `update`, of rbms; `shape` of an image, of RestrictedBoltzmannMachines.jl; all that was
        kept with a run; `assumed`, the layers whose units the file does not name.
    """

    rbm: RBM
    format: str
    log_constant: float = 0.0
    about: dict[str, Any] = {}  # noqa: RUF012 - never changed

    def __repr__(self) -> str:
        return shown.fields(self)


class Asked(NamedTuple):
    """What a reader wants of a file that does not say it, or has several machines.

    Attributes
    ----------
    visible, hidden : str or None
        Names of units.
    orientation : str or None
        Which index of the weights comes first.
    update : int or None
        Which of several machines.
    """

    visible: str | None = None
    hidden: str | None = None
    orientation: str | None = None
    update: int | None = None

    def refuse(self, *names: str) -> None:
        """Raise if something is asked that the file says itself.

        Parameters
        ----------
        *names : str
            What it says.

        Raises
        ------
        ValueError
            If one of these is asked.
        """
        for name in names:
            if getattr(self, name) is not None:
                raise ValueError(f"{name} = {getattr(self, name)!r}: is not asked of this format, which says it itself")
