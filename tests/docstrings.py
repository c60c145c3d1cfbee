"""Check the docstrings of everything public: `python tests/docstrings.py [PACKAGE ...]`.

The checks are those of [tool.numpydoc_validation] in pyproject.toml. Unlike `numpydoc lint` this looks at the
imported objects, so that the fields of a dataclass are its parameters, and lets a docstring without sections
be: a formula in one line may say it all. What has sections has them complete.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from numpydoc.docscrape import get_doc_object
from numpydoc.validate import validate

ROOT = Path(__file__).resolve().parents[1]
SECTIONS = {"PR01", "RT01"}
"""The checks that ask for sections."""

PACKAGES = ("replica", "rbm_sim", "figures", "paper_checks")


def modules(package: str) -> Iterator[ModuleType]:
    """The public modules of a package and the commands in it."""
    top = importlib.import_module(package)
    yield top
    for found in pkgutil.walk_packages(top.__path__, f"{package}."):
        if not any(part.startswith("_") and part != "__main__" for part in found.name.split(".")):
            yield importlib.import_module(found.name)


def public(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """Public functions and classes made in a module, and public methods of its classes."""
    for name, thing in list(vars(module).items()):
        if name.startswith("_") or getattr(thing, "__module__", None) != module.__name__:
            continue
        if inspect.isroutine(thing) or inspect.isclass(thing):
            yield f"{module.__name__}.{name}", thing
        if inspect.isclass(thing):
            for member, wrapped in vars(thing).items():
                value = getattr(wrapped, "__func__", wrapped)
                if inspect.isfunction(value) and not member.startswith("_"):
                    # A method that only overrides one of a base class may leave the docstring to that.
                    if value.__doc__ is None and any(hasattr(base, member) for base in thing.__bases__):
                        continue
                    yield f"{module.__name__}.{name}.{member}", value


def faults(name: str, thing: Any, checks: set[str]) -> list[str]:
    """What is wrong with one docstring, a line each."""
    if not thing.__doc__:
        return [f"{name}: GL08 no docstring"]
    if "\n    ---" not in thing.__doc__:
        checks = checks - SECTIONS
    found = validate(get_doc_object(thing))["errors"] if not inspect.isclass(thing) else class_errors(name, thing)
    return [f"{name}: {code} {text}" for code, text in found if code in checks]


def class_errors(name: str, thing: Any) -> list[tuple[str, str]]:
    """What numpydoc says of a class; what is in exceptions and enumerations is their own business."""
    if issubclass(thing, BaseException) or hasattr(thing, "__members__") or hasattr(thing, "_fields"):
        return []
    return [(code, text) for code, text in validate(name)["errors"] if "Parameters {'_" not in text]


def main(packages: list[str]) -> int:
    """Print all faults; 1 if there are any."""
    sys.path.insert(0, str(ROOT))
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["numpydoc_validation"]
    checks = set(settings["checks"])
    count, lines = 0, []
    for package in packages or PACKAGES:
        for module in modules(package):
            for name, thing in public(module):
                count += 1
                lines += faults(name, thing, checks)
    print("\n".join([*lines, f"{count} docstrings, {len(lines)} faults"]))
    return int(bool(lines) or count == 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
