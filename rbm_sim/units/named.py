"""Units by the names that they have in files and on the command line."""

from collections.abc import Mapping
from dataclasses import fields

from rbm_sim.units.base import Unit
from rbm_sim.units.drelu import DReLU
from rbm_sim.units.potts import Potts
from rbm_sim.units.standard import Bernoulli, Gaussian, ReLU, Spin

NAMED: dict[str, type[Unit]] = {
    "bernoulli": Bernoulli,
    "spin": Spin,
    "gaussian": Gaussian,
    "relu": ReLU,
    "drelu": DReLU,
    "potts": Potts,
}
"""Name to class."""
HIDDEN = tuple(name for name in NAMED if name != "potts")
"""Names of hidden units that can be learned."""


def named(name: str, parameters: Mapping[str, float] | None = None) -> Unit:
    """A unit of a name.

    Parameters
    ----------
    name : str
        "bernoulli", "spin", "gaussian", "relu", "drelu" or "potts".
    parameters : mapping of str to float, optional
        Values of g, theta, states and so on, of which the unit takes its own; 0, γ± = 1 or two if they are missing.

    Returns
    -------
    Unit
        The unit.

    Examples
    --------
    >>> named("relu", {"g": -0.1, "theta": 0.5})
    ReLU(theta=0.5)
    """
    given = parameters or {}
    kind = NAMED[name]
    return kind(**{own.name: given[own.name] for own in fields(kind) if own.name in given})  # type: ignore[arg-type]


def name_of(unit: Unit) -> str:
    """Name of a unit, such as "relu".

    Parameters
    ----------
    unit : Unit
        The unit.

    Returns
    -------
    str
        Its name in files and on the command line.

    Raises
    ------
    ValueError
        If it has none, such as a unit of one's own.
    """
    for name, kind in NAMED.items():
        if isinstance(unit, kind):
            return name
    raise ValueError(f"unit = {unit!r}: has no name in files; must be one of {', '.join(NAMED)}")
