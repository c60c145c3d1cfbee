"""Physical models, one a file; found by walking this folder, imported only when asked for.

Examples
--------
>>> from replica.models import Hopfield
>>> "hopfield" in catalogue()
True
"""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from replica.models.base import Model

__all__ = ["catalogue", "get"]


def catalogue() -> dict[str, type[Model]]:
    """Every model class that numbers alone define, by its command-line name."""
    return {name: cls for name, cls in _every_model().items() if _of_numbers(cls)}


def _of_numbers(cls: type[Model]) -> bool:
    """Whether all that must be given are control parameters; `GeneralRBM` needs potentials."""
    needed = (f for f in dataclasses.fields(cls) if f.default is dataclasses.MISSING)
    return all("symbol" in f.metadata for f in needed)


def _every_model() -> dict[str, type[Model]]:
    from replica.models.base import Model

    found = {}
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Model) and value.__module__ == module.__name__:
                found[value.name] = value
    return found


def get(name: str) -> type[Model]:
    """Model class with this command-line name.

    Parameters
    ----------
    name : str
        For example "hopfield".

    Returns
    -------
    type of Model
        The class, to be called with the control parameters.

    Raises
    ------
    ValueError
        If there is no such model; the message lists those that exist.
    """
    models = catalogue()
    if name not in models:
        raise ValueError(f"model = {name!r}: choose from {', '.join(sorted(models))}")
    return models[name]


def __getattr__(name: str) -> Any:
    for model in _every_model().values():
        if model.__name__ == name:
            return model
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *(model.__name__ for model in _every_model().values())])
