"""The verdicts as one HTML page that needs nothing but itself: styles, script and pictures are inside."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterable
from pathlib import Path

from paper_checks.check import Outcome
from paper_checks.formula import as_html
from paper_checks.report import Row, counted, details, grouped
from replica.table import Table

FIGURES = Path(__file__).resolve().parents[1] / "figures"

FIGURE_OF = (
    ("Tubiana & Monasson", r"Fig\. 3\(a\), α_c", "rrbm_capacity"),
    ("Tubiana & Monasson", r"Fig\. 3\(b\), theory", "rrbm_overlap"),
    ("Tubiana & Monasson", r"Fig\. 4\(a\), homogeneous, ℓ", "compositional_energy"),
    ("Tubiana & Monasson", r"Fig\. 4\(c\)", "compositional_overlap"),
    ("AGS, PRL", r"capacity at T = 0", "hopfield_phase_diagram"),
    ("AGS, PRL", r"overlap at the capacity", "overlap_at_capacity"),
    ("Manzan", r"Hopfield network with threshold", "threshold_capacity"),
    ("simulation quoted", r"", "simulated_capacity"),
)
"""Source, pattern of the section, and the committed figure that shows the same; each is drawn once."""

BUDGET = 2_000_000
"""Bytes of pictures that a page may hold."""

FORMULAS = ("computed", "route", "note")
"""Details that may hold formulas."""

SIGNS = {"reproduced": "✓", "misprint": "✎", "differs": "≠", "unchecked": "?", "failed": "✗"}

STYLE = """
:root { color-scheme: light dark; --ink: #1a1a1a; --paper: #fff; --card: #f6f6f4; --line: #d5d5d0; --soft: #595959;
  --reproduced: #0072b2; --misprint: #e69f00; --differs: #d55e00; --unchecked: #8a8a8a; --failed: #b03a8c; }
@media (prefers-color-scheme: dark) { :root { --ink: #eaeaea; --paper: #141414; --card: #1f1f1f; --line: #3a3a3a;
  --soft: #b0b0b0; --reproduced: #56b4e9; --failed: #e39ac9; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1rem; color: var(--ink); background: var(--paper);
  font: 1rem/1.45 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.25rem; margin: 2rem 0 0; border-bottom: 2px solid var(--line); }
h3 { font-size: 1rem; margin: 1.2rem 0 .4rem; }
h2 small { font-weight: normal; color: var(--soft); }
nav { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; gap: .4rem; padding: .5rem 0;
  background: var(--paper); border-bottom: 1px solid var(--line); }
button, select { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line);
  border-radius: .4rem; padding: .25rem .6rem; max-width: 100%; }
button[aria-pressed="true"] { outline: 2px solid var(--ink); font-weight: bold; }
article { background: var(--card); border: 1px solid var(--line); border-left: .45rem solid var(--hue);
  border-radius: .4rem; margin: .6rem 0; padding: .6rem .8rem; }
.reproduced { --hue: var(--reproduced); } .misprint { --hue: var(--misprint); } .differs { --hue: var(--differs); }
.unchecked { --hue: var(--unchecked); } .failed { --hue: var(--failed); }
button[class] { border-bottom: 3px solid var(--hue); }
.badge { display: inline-block; border: 2px solid var(--hue); border-radius: .4rem; padding: 0 .45rem;
  font-weight: bold; font-size: .9rem; }
.formula { font-family: "STIX Two Math", "Cambria Math", "Latin Modern Math", "DejaVu Serif", Georgia, serif;
  font-size: 1.08rem; margin: .4rem 0; }
.formula sub, .formula sup { line-height: 0; }
.formula svg.tex { vertical-align: middle; max-width: 100%; }
dl { display: grid; grid-template-columns: 6rem 1fr; gap: .15rem .8rem; margin: .3rem 0 0; font-size: .92rem; }
dt { color: var(--soft); } dd { margin: 0; }
figure { margin: .6rem 0; } figure img { width: 100%; max-width: 26rem; height: auto; background: #fff; }
figcaption { font-size: .85rem; color: var(--soft); }
[hidden] { display: none !important; }
@media (max-width: 700px) { body { padding: .6rem; } dl { display: block; } dt { font-size: .8rem; margin-top: .35rem; }
  nav { position: static; } }
"""

SCRIPT = """
const cards = [...document.querySelectorAll('article')], buttons = [...document.querySelectorAll('button')];
const select = document.querySelector('select'), shown = document.querySelector('#shown');
function state() {
  const given = new URLSearchParams(location.hash.slice(1));
  return {verdict: given.get('verdict') || '', source: (given.get('source') || '').toLowerCase()};
}
function apply() {
  const {verdict, source} = state();
  let count = 0;
  for (const card of cards) {
    card.hidden = (verdict && card.dataset.verdict !== verdict)
      || !card.dataset.source.toLowerCase().includes(source);
    count += !card.hidden;
  }
  for (const box of document.querySelectorAll('section'))
    box.hidden = !box.querySelector('article:not([hidden])');
  for (const button of buttons)
    button.setAttribute('aria-pressed', String(button.dataset.verdict === verdict));
  const fits = [...select.options].map(o => o.value).filter(v => v && v.toLowerCase().includes(source));
  select.value = source && fits.length === 1 ? fits[0] : '';
  shown.textContent = count + ' of ' + cards.length + ' shown';
}
function go(change) {
  const next = {...state(), ...change};
  location.hash = new URLSearchParams(Object.entries(next).filter(([, value]) => value)).toString();
}
for (const button of buttons) button.addEventListener('click', () => go({verdict: button.dataset.verdict}));
select.addEventListener('change', () => go({source: select.value}));
window.addEventListener('hashchange', apply);
apply();
"""


def page(table: Table) -> str:
    """The report as one page.

    `#verdict=misprint&source=AGS` after its address shows a part of it, as its buttons do.

    Parameters
    ----------
    table : Table
        The verdicts.

    Returns
    -------
    str
        A complete HTML document, the same at every run.
    """
    groups = grouped(table)
    pictures = Pictures()
    body = "\n".join(_source(source, sections, pictures) for source, sections in groups.items())
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>Published formulas and numbers, recomputed</title>
<style>{STYLE}</style>
</head>
<body>
<h1>Published formulas and numbers, recomputed</h1>
<p>{len(table)} checks: {_safe(counted(table["verdict"]))}. Formulas in brackets were lost in the text copy of their
source and are put back.</p>
<nav aria-label="filters">
{_filters(table, groups)}
<span id="shown" role="status"></span>
</nav>
<main>
{body}
</main>
<script>{SCRIPT}</script>
</body>
</html>
"""


class Pictures:
    """Committed figures, each handed out once and as long as they fit.

    Parameters
    ----------
    folder : Path
        Where NAME.png are.
    budget : int
        Bytes that all of them may take in the page.
    """

    def __init__(self, folder: Path = FIGURES, budget: int = BUDGET) -> None:
        self.folder, self.left = folder, budget
        self.used: set[str] = set()

    def of(self, source: str, section: str) -> str:
        """The figure that belongs to a section.

        Parameters
        ----------
        source, section : str
            Where the claim is printed.

        Returns
        -------
        str
            A <figure> element, or nothing.
        """
        return "".join(
            self._element(name)
            for publication, pattern, name in FIGURE_OF
            if publication in source and re.search(pattern, section) and name not in self.used
        )

    def _element(self, name: str) -> str:
        path = self.folder / f"{name}.png"
        if not path.is_file():
            return ""
        data = base64.b64encode(path.read_bytes()).decode()
        if len(data) > self.left:
            return ""
        self.left -= len(data)
        self.used.add(name)
        label = _safe(name.replace("_", " "))
        image = f'<img loading="lazy" src="data:image/png;base64,{data}" alt="computed figure: {label}">'
        return f"<figure>{image}<figcaption>computed here: figures/{_safe(name)}.png</figcaption></figure>"


def _filters(table: Table, groups: Iterable[str]) -> str:
    everything = f'<button type="button" data-verdict="" aria-pressed="true">all ({len(table)})</button>'
    present = [(name, list(table["verdict"]).count(name)) for name in map(str, Outcome)]
    buttons = [
        f'<button type="button" data-verdict="{name}" class="{name}" aria-pressed="false">'
        f"{SIGNS[name]} {name} ({count})</button>"
        for name, count in present
        if count
    ]
    options = ['<option value="">all sources</option>', *(f"<option>{_safe(source)}</option>" for source in groups)]
    return "\n".join([everything, *buttons, f'<select aria-label="source">{"".join(options)}</select>'])


def _source(source: str, sections: dict[str, list[Row]], pictures: Pictures) -> str:
    verdicts = [row["verdict"] for rows in sections.values() for row in rows]
    parts = [
        f"<section><h3>{as_html(section)}</h3>{pictures.of(source, section)}"
        + "".join(_card(row, source) for row in rows)
        + "</section>"
        for section, rows in sections.items()
    ]
    head = f"<h2>{_safe(source)} <small>{len(verdicts)}: {counted(verdicts)}</small></h2>"
    return f"<section>{head}\n" + "\n".join(parts) + "</section>"


def _card(row: Row, source: str) -> str:
    verdict = row["verdict"]
    label = "found" if verdict == "differs" else "right"
    right = f'<p class="formula"><b>{label}:</b> {as_html(row["right"])}</p>' if row["right"] else ""
    items = "".join(
        f"<dt>{_safe(name)}</dt><dd>{as_html(words) if name in FORMULAS else _safe(words)}</dd>"
        for name, words in details(row)
    )
    return (
        f'<article class="{_safe(verdict)}" data-verdict="{_safe(verdict)}" data-source="{_safe(source)}">'
        f'<span class="badge">{SIGNS[verdict]} {_safe(verdict)}</span>'
        f'<p class="formula">{as_html(row["printed"] or "")}</p>{right}<dl>{items}</dl></article>\n'
    )


def _safe(words: str) -> str:
    return html.escape(words, quote=True)
