"""Pages of the site that come from the code: the gallery of figures and the reference of the public modules.

Nothing is imported here: names and docstrings are read from the source.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("replica", "rbm_sim")
IF_PRESENT = ("learning", "paper_checks")
"""Pages that the contents name and that need not be there."""
OUTSIDE = re.compile(r"(?<!!)\[([^\]]*)\]\(\.\./[^)\s]*\.md[^)\s]*\)")
"""A link from docs/*.md to markdown elsewhere in the repository."""
SPECIAL = re.compile(r"(?<!\\)([|*])|(?<=\w)_(?=\W|$)")
"""What reStructuredText would read as markup, and formulas are full of."""


def write(folder: Path) -> None:
    """Write all pages; files that are as they should be are not touched, others that end in .rst are removed."""
    pages = {"gallery.rst": gallery(), **{f"{name}.rst": text for name, text in reference()}}
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.rst"):
        if old.name not in pages:
            old.unlink()
    for name, text in pages.items():
        path = folder / name
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")


def docstring(path: Path) -> str:
    """Docstring of a module."""
    return ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""


def title(text: str, underline: str = "=") -> str:
    """A heading."""
    return f"{text}\n{underline * len(text)}\n"


def gallery() -> str:
    """Return the page with every picture in figures/, the docstring of its module below it."""
    parts = [
        title("Figures"),
        "Every picture is drawn from a table of numbers that lies beside it. ``python -m figures NAME`` redraws it,\n"
        "``python -m figures --recompute NAME`` computes the numbers again.\n",
    ]
    for picture in sorted((ROOT / "figures").glob("*.png")):
        source = picture.with_suffix(".py")
        if not source.exists():
            continue
        first, _, rest = docstring(source).partition("\n")
        parts.append(title(picture.stem, "-"))
        parts.append(f".. image:: ../../figures/{picture.name}\n   :alt: {first}\n")
        parts.append("\n".join(prepared(f"{first}\n{rest}".splitlines())) + "\n")
    return "\n".join(parts)


def reference() -> Iterator[tuple[str, str]]:
    """Names and texts of the reference: a page for each package and each public module in it."""
    for package in PACKAGES:
        names = sorted(modules(package))
        rows = "\n".join(f"   * - :doc:`{name} <{name}>`\n     - {summary(path)}" for name, path in names)
        contents = "\n".join(f"   {name}" for name, _ in names)
        yield (
            package,
            f"{title(f'{package} reference')}\n.. automodule:: {package}\n   :no-members:\n\n"
            f".. list-table::\n   :widths: 30 70\n\n{rows}\n\n.. toctree::\n   :hidden:\n\n{contents}\n",
        )
        for name, path in names:
            # a package hands out what its files define: it is described there
            members = ":no-members:" if path.name == "__init__.py" else ":members:\n   :show-inheritance:"
            yield name, f"{title(name)}\n.. automodule:: {name}\n   {members}\n"


def modules(package: str) -> Iterator[tuple[str, Path]]:
    """Public modules of a package, commands excepted, and their files."""
    for path in (ROOT / package).rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        if len(parts) > 1 and not any(part.startswith("_") for part in parts):
            yield ".".join(parts), path


def summary(path: Path) -> str:
    """First line of a module's docstring."""
    return prepared([docstring(path).partition("\n")[0]])[0]


def process_source(app, docname: str, source: list[str]) -> None:
    """Take out of a page what the site cannot have: pages that are not there, links to markdown outside of docs."""
    if docname == "index":
        absent = [name for name in IF_PRESENT if not (Path(app.srcdir) / f"{name}.md").exists()]
        source[0] = "".join(line for line in source[0].splitlines(keepends=True) if line.strip() not in absent)
    source[0] = OUTSIDE.sub(r"\1", source[0]) if "/" not in docname else source[0]


def process_docstring(app, what, name, obj, options, lines) -> None:
    """Prepare a docstring in place (an event of autodoc)."""
    lines[:] = prepared(lines)


def prepared(lines: list[str]) -> list[str]:
    """Lines of a docstring with indented formulas as literal blocks, and what looks like markup but is not escaped.

    Sections of numpydoc are recognised by their underline: what is indented there is no formula.
    """
    out: list[str] = []
    in_section = literal = doctest = False
    for i, line in enumerate(lines):
        underlined = i + 1 < len(lines) and re.fullmatch(r"\s*-{3,}\s*", lines[i + 1])
        if underlined:
            in_section, literal = line.strip() not in ("Notes", "Examples"), False
        after_blank = not out or not out[-1].strip()
        if line.strip() and not line.startswith(" "):
            literal = False
        if not line.strip():
            doctest = False
        elif line.lstrip().startswith(">>>"):
            doctest = True
        elif line.startswith("    ") and after_blank and not in_section and not literal:
            literal = True
            out += ["::", ""]
        out.append(line if literal or doctest else escaped(line))
    return out


def escaped(line: str) -> str:
    """A line of running text, escaped outside of backticks."""
    parts = re.split(r"(`+[^`]*`+)", line)
    return "".join(part if part.startswith("`") else SPECIAL.sub(lambda m: "\\" + m[0], part) for part in parts)
