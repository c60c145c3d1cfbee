"""What is printed gets through: characters that a terminal lacks are spelled out, a closed or full stdout is told.

A terminal of cp1252 or ASCII has no λ; what it cannot show is written as "lambda", "->", "<=", and the rest escaped.
"""

from __future__ import annotations

import codecs
import contextlib
import json
import os
import re
import sys
import unicodedata
from collections.abc import Iterator

HANDLER = "replica-spelled"
"""Name under which `codecs` knows the rule."""

STDOUT = "standard output"

SIGNS = {
    "−": "-", "–": "-", "—": "-", "…": "...", "→": "->", "←": "<-", "×": "x", "·": "*", "√": "sqrt", "∞": "inf",
    "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "∝": "~", "±": "+-", "⟨": "<", "⟩": ">", "Σ": "Sum", "Π": "Prod",
    "∂": "d", "∫": "int", "∈": "in", "’": "'", "‘": "'", "“": '"', "”": '"', "⁄": "/", "\u0302": "^", "\u0303": "~",
}  # fmt: skip


def spelled(character: str) -> str:
    """A character in ASCII: its sign, its Greek name, its letter without accents, or an escape.

    Parameters
    ----------
    character : str
        One character.

    Returns
    -------
    str
        Such as "lambda" for λ, "<=" for ≤, "^2" for ², "e" for é, an escape such as those of Python for 字.
    """
    if character in SIGNS:
        return SIGNS[character]
    name = unicodedata.name(character, "")
    greek = re.fullmatch(r"GREEK (SMALL|CAPITAL) LETTER (\w+)", name)
    if greek:
        word = greek[2].lower().replace("lamda", "lambda")
        return word if greek[1] == "SMALL" else word.capitalize()
    place = {"<super>": "^", "<sub>": "_"}.get(unicodedata.decomposition(character).partition(" ")[0], "")
    plain = "".join(SIGNS.get(c, c) for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c))
    if plain and plain.isascii():
        return place + plain
    return character.encode("ascii", "backslashreplace").decode("ascii")


def _spell(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(spelled, error.object[error.start : error.end])), error.end


codecs.register_error(HANDLER, _spell)


def ready() -> None:
    """Let stdout and stderr spell what they cannot encode; refuse to work for nothing if stdout is closed.

    Raises
    ------
    OSError
        If stdout is closed.
    """
    # What was asked for by PYTHONIOENCODING=…:errors stays.
    for stream, default in ((sys.stdout, "strict"), (sys.stderr, "backslashreplace")):
        if getattr(stream, "errors", None) == default and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=HANDLER)
    if sys.stdout is None:
        raise OSError(f"{STDOUT} is closed; /dev/null takes what nobody wants to read")


def write(text: str) -> None:
    """Print text as it is.

    Parameters
    ----------
    text : str
        What stdout gets.

    Raises
    ------
    OSError
        It cannot be written, such as on a full disk; the error names standard output.
    """
    with _named():
        sys.stdout.write(text)


def flush() -> None:
    """Send off what was printed.

    Raises
    ------
    OSError
        As for `write`.
    """
    if sys.stdout is not None:
        with _named():
            sys.stdout.flush()


def give_up() -> None:
    """Forget what stdout does not take: Python would try once more at exit, and say so in its own words."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def escaped_json(text: str) -> str:
    """JSON that stdout can encode: as it is, or else with escapes, which mean the same.

    Parameters
    ----------
    text : str
        JSON.

    Returns
    -------
    str
        The same value as JSON.
    """
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return re.sub(r"[^\x00-\x7f]", lambda found: json.dumps(found[0])[1:-1], text)
    return text


@contextlib.contextmanager
def _named() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, STDOUT) from error
