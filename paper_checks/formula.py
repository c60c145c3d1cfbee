"""Formulas of the checks as HTML: Unicode text with raised and lowered parts; TeX between dollars as drawings."""

from __future__ import annotations

import functools
import html
import io
import re

TILDE = "\u0303"
"""Combining tilde: sources write α~ for α̃."""

INDEX = r"[A-Za-zα-ωΑ-Ω0-9]+"


def as_html(words: str) -> str:
    r"""A formula as HTML.

    Parameters
    ----------
    words : str
        Such as "m = Σ_{i} e^{-x²}", or "$\alpha_c$"; anything else in it is shown as it is.

    Returns
    -------
    str
        HTML, special characters escaped, the parts between dollars drawn as SVG.
    """
    pieces = words.split("$")
    if len(pieces) % 2 == 0:
        return _raised(words)
    return "".join(drawn(piece) if i % 2 else _raised(piece) for i, piece in enumerate(pieces))


@functools.cache
def drawn(tex: str) -> str:
    """A TeX formula as SVG, by the mathtext of matplotlib.

    Parameters
    ----------
    tex : str
        Without dollars.

    Returns
    -------
    str
        An <svg> element in the colour of the text around it; what mathtext cannot read is shown as it is.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    stream = io.StringIO()
    try:
        with mpl.rc_context({"svg.hashsalt": tex, "svg.fonttype": "path", "mathtext.fontset": "stix"}):
            figure = Figure(figsize=(0.1, 0.1))
            figure.text(0, 0, f"${tex}$", fontsize=12)
            figure.savefig(
                stream,
                format="svg",
                bbox_inches="tight",
                pad_inches=0.02,
                transparent=True,
                metadata={"Date": None, "Creator": None},
            )
    except ValueError:
        return _raised(f"${tex}$")
    picture = stream.getvalue()
    picture = picture[picture.index("<svg") :]
    # Drawings of a page must not share identifiers.
    names = {name: f"f{abs_hash(tex)}-{i}" for i, name in enumerate(re.findall(r'\bid="([^"]+)"', picture))}
    for name, new in names.items():
        picture = picture.replace(f'id="{name}"', f'id="{new}"').replace(f'"#{name}"', f'"#{new}"')
        picture = picture.replace(f"url(#{name})", f"url(#{new})")
    picture = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", picture, flags=re.DOTALL).strip()
    label = html.escape(tex, quote=True)
    return picture.replace("<svg", f'<svg role="img" aria-label="{label}" fill="currentColor" class="tex"', 1)


def abs_hash(words: str) -> str:
    """A short name that depends on the text alone.

    Parameters
    ----------
    words : str
        Any text.

    Returns
    -------
    str
        Eight hexadecimal digits, the same in every process.
    """
    import hashlib

    return hashlib.sha256(words.encode()).hexdigest()[:8]


def _raised(words: str) -> str:
    out = html.escape(words, quote=True)
    out = re.sub(r"(\w)~", rf"\1{TILDE}", out)
    before = None
    while before != out:
        before = out
        out = re.sub(r"\^\{([^{}]*)\}", r"<sup>\1</sup>", out)
        out = re.sub(r"_\{([^{}]*)\}", r"<sub>\1</sub>", out)
    out = re.sub(rf"\^([-−+]\d+/\d+|[-−+]?{INDEX}|\*)", r"<sup>\1</sup>", out)
    return re.sub(rf"(?<=[\w*{TILDE}\u0304\u0302])_({INDEX})", r"<sub>\1</sub>", out)
