"""What a file says about where it came from, and how it gets onto the disk whole or not at all."""

from __future__ import annotations

import contextlib
import functools
import json
import math
import os
import subprocess
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from fractions import Fraction
from importlib import metadata
from pathlib import Path
from typing import Any

from replica.errors import UsageError

DISTRIBUTION = "replica-toolkit"
ROOT = Path(__file__).parents[2]
"""The checkout, where the package runs from one."""
SCHEMA = 1
"""Version of the file layout; raised when an older reader would misread a newer file."""

META_KEY = "__meta__"
"""Member of an npz file that holds the metadata as JSON; no column has such a name."""

DEPENDENCIES = ("numpy", "scipy", "mpmath")


def version() -> str:
    """Version of the package, also where it runs from a checkout without being installed.

    Returns
    -------
    str
        Such as "0.1.0"; "unknown" where neither the installation nor pyproject.toml tells.
    """
    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        import tomllib

        project = ROOT / "pyproject.toml"
        return str(tomllib.loads(project.read_text("utf-8"))["project"]["version"]) if project.exists() else "unknown"


@functools.cache
def commit() -> str | None:
    """Git commit of the checkout that this package runs from.

    Returns
    -------
    str or None
        The full hash, with "-dirty" if tracked files were changed; None outside a checkout.
    """
    if not ((ROOT / ".git").exists() and (ROOT / "pyproject.toml").exists()):
        return None
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        # Without optional locks a run never gets in the way of the user's own git.
        environment = os.environ | {"GIT_OPTIONAL_LOCKS": "0"}
        answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10, env=environment)
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() or None


def provenance(parameters: Mapping[str, Any], seed: Any = None) -> dict[str, Any]:
    """All that decides a result: parameters, seed and versions. No time and no host, so equal runs are equal.

    Parameters
    ----------
    parameters : mapping
        What the calculation was asked for.
    seed : int or numpy.random.SeedSequence, optional
        Seed of its random numbers; None if there are none.

    Returns
    -------
    dict
        Ready for `Table.meta`: schema, package, version, commit (in a checkout), versions of the libraries,
        parameters, seed.
    """
    found: dict[str, Any] = {"schema": SCHEMA, "package": DISTRIBUTION, "version": version()}
    if commit() is not None:
        found["commit"] = commit()
    for name in DEPENDENCIES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found | {"parameters": plain(parameters), "seed": plain(seed)}


def plain(value: Any) -> Any:  # noqa: PLR0911 (one return for each case)
    """The same value in the types of strict JSON; a value that is not a number is null, infinities are text.

    Parameters
    ----------
    value : object
        Numbers (also of numpy, mpmath and fractions), strings, paths, enumerations, seeds, and sequences and
        mappings of these.

    Returns
    -------
    object
        None, bool, int, float, str, list or dict.

    Raises
    ------
    ValueError
        For anything else: its text might differ from run to run.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        return readable(str.__str__(value))
    if isinstance(value, float):
        return None if math.isnan(value) else float(value) if math.isfinite(value) else str(float(value))
    if isinstance(value, Path | Fraction) or hasattr(value, "_mpf_"):
        return readable(str(value))
    if isinstance(value, Mapping):
        return {readable(str(key)): plain(item) for key, item in value.items()}
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, Sequence):
        return [plain(item) for item in value]
    if hasattr(value, "entropy") and hasattr(value, "spawn_key"):
        return {"entropy": plain(value.entropy), "spawn_key": plain(value.spawn_key)}
    raise ValueError(f"a {type(value).__name__} cannot be recorded in a file: {value!r}")


def check_writable(path: str | Path, suffixes: Sequence[str], option: str = "--out", *, keeps: bool = False) -> Path:
    """Refuse a file that could not be written or would be lost, before anything is computed for it.

    Parameters
    ----------
    path : str or Path
        The file to be written later.
    suffixes : sequence of str
        Suffixes that are known, with their dots.
    option : str
        What the error message calls the file.
    keeps : bool
        Whether an .npz file may be there already and no table.

    Returns
    -------
    Path
        The same path as a `Path`; nothing is left on the disk.

    Raises
    ------
    UsageError
        One line: unknown suffix, no such folder, a folder of that name, no permission, or an .npz file that is there
        and no table, such as a machine that has learned or data.
    """
    path = Path(path)
    if path.suffix.lower() not in suffixes:
        raise UsageError(f"{option}: cannot tell the format of {str(path)!r}; allowed are {', '.join(suffixes)}")
    if path.is_dir():
        raise UsageError(f"{option}: {str(path)!r} is a folder")
    if not path.parent.is_dir():
        raise UsageError(f"{option}: cannot write {str(path)!r}: there is no folder {str(path.parent)!r}")
    if not keeps and path.suffix.lower() == ".npz" and not _replaceable(path):
        raise UsageError(
            f"{option}: {str(path)!r} is there and no table of results, so it is not written over: choose another name"
        )
    trial = _temporary(path)
    try:
        # Only trying tells for sure: permissions, read-only disks, quotas.
        trial.touch()
        trial.unlink()
        if path.exists() and not os.access(path, os.W_OK):
            raise PermissionError(13, "the file is read-only")
    except OSError as error:
        raise UsageError(f"{option}: cannot write {str(path)!r}: {error.strerror}") from None
    return path


def _replaceable(path: Path) -> bool:
    """Whether there is no such file, nothing in it, or a table."""
    if not path.is_file() or not path.stat().st_size:
        return True
    with contextlib.suppress(zipfile.BadZipFile, OSError), zipfile.ZipFile(path) as archive:
        return f"{META_KEY}.npy" in archive.namelist()
    return False


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A temporary file in the same folder that takes the name `path` once it is complete.

    Parameters
    ----------
    path : str or Path
        The file to be written; a symbolic link is followed.

    Yields
    ------
    Path
        Where to write. It has the suffix of `path`.

    Raises
    ------
    OSError
        It cannot be written, such as on a full disk: the error has the name `path`, and what was there is as it was.
    """
    target = Path(os.path.realpath(path))
    temporary = _temporary(target)
    try:
        yield temporary
        os.replace(temporary, target)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    finally:
        temporary.unlink(missing_ok=True)


def write_log(path: str | Path, duration: float | None = None) -> Path:
    """Write what differs between equal runs beside a result, as `FILE.log.json`.

    Parameters
    ----------
    path : str or Path
        The result.
    duration : float, optional
        Seconds that the calculation took.

    Returns
    -------
    Path
        The file written: time (UTC), host, duration, python, platform.
    """
    import datetime
    import platform

    entry = {
        "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "host": platform.node(),
        "duration": None if duration is None else round(duration, 3),
        "python": platform.python_version(),
        "platform": platform.platform(),
    }
    log = Path(f"{path}.log.json")
    with replacing(log) as temporary:
        temporary.write_text(json.dumps(entry, indent=2) + "\n", "utf-8")
    return log


def readable(text: str) -> str:
    """Text that UTF-8 can hold.

    Parameters
    ----------
    text : str
        Such as the name of a file.

    Returns
    -------
    str
        The same; bytes of a name that are no UTF-8 become escapes.
    """
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
