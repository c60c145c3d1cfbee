"""Results kept with their object: of a method while the attributes are what they were, of a property for good."""

from __future__ import annotations

import functools
import pickle
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

__all__ = ["kept", "remembered", "without_memory"]

Value = TypeVar("Value")

MEMORY = "_remembered"
"""Attribute that holds the results."""


def remembered(most: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate a method of numbers so that what it returned is kept, until an attribute of its object changes.

    Neither has the object to be hashable, nor is it kept alive.

    Parameters
    ----------
    most : int
        Number of results that an object keeps; when there are so many, all are dropped.

    Returns
    -------
    callable
        The decorator.
    """

    def decorator(method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def wrapper(self: Any, *args: Any) -> Any:
            key = (method.__name__, _state(self), *args)
            known = vars(self).setdefault(MEMORY, {})
            if key not in known:
                if len(known) >= most:
                    known.clear()
                known[key] = method(self, *args)
            return known[key]

        return wrapper

    return decorator


class kept(Generic[Value]):
    """A property computed when first asked for, then kept: functools.cached_property without its lock.

    Up to Python 3.11 that one holds a lock, common to all objects, while it computes. A computation that waits for
    its turn (`replica.numerics.working_digits`) would keep the one whose turn it is from finishing.
    """

    def __init__(self, function: Callable[[Any], Value]) -> None:
        self.function = function
        self.__doc__ = function.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, thing: Any, owner: type | None = None) -> Value:
        if thing is None:
            return self  # type: ignore[return-value]
        value: Value = self.function(thing)
        vars(thing)[self.name] = value
        return value


def without_memory(thing: Any) -> dict[str, Any]:
    """Attributes of an object, without what is remembered: its state where it is copied or sent.

    Parameters
    ----------
    thing : object
        The object.

    Returns
    -------
    dict
        Name to value.
    """
    return {name: value for name, value in vars(thing).items() if name != MEMORY}


class _Itself:
    """What cannot be pickled, such as a function without a name: the same only as itself."""

    def __init__(self, thing: Any) -> None:
        self.thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Itself) and self.thing is other.thing

    def __hash__(self) -> int:
        return id(self.thing)


def _state(thing: Any) -> tuple[Hashable, ...]:
    """What tells whether an attribute was changed, in place too."""
    return tuple((name, _content(value)) for name, value in without_memory(thing).items())


def _content(value: Any) -> Hashable:
    try:
        return pickle.dumps(value)
    except Exception:  # whatever the object makes of being pickled
        return _Itself(value)
