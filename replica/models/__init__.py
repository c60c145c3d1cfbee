"""Physical models, one a file; found by walking this folder, imported only when asked for.

Examples
--------
>>> from replica.models import Hopfield
>>> "hopfield" in catalogue()
True
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from replica.model import Model

__all__ = ["catalogue", "get"]


def catalogue() -> dict[str, type[Model]]:
    """Return every model class by its command-line name."""
    from replica.model import Model

    found = {}
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Model) and value.__module__ == module.__name__:
                found[value.name] = value
    return found


def get(name: str) -> type[Model]:
    """Return the model class with this command-line name.

    Parameters
    ----------
    name : str
        For example "hopfield".

    Returns
    -------
    type
        The model class.

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
    for model in catalogue().values():
        if model.__name__ == name:
            return model
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *(model.__name__ for model in catalogue().values())])
