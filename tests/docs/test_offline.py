"""The site can be read from disk: with the configuration of docs, a page with formulas needs nothing from a network."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
NEEDED = ("sphinx", "furo", "myst_parser", "numpydoc", "mathjax")
ABSENT = [name for name in NEEDED if find_spec(name) is None]
PAGE = """# Formulas

In the text $m = \\operatorname{erf}(y)$, and displayed

$$
\\begin{aligned} q &= \\int Dz \\tanh^2 \\beta z \\\\ r &= q \\end{aligned}
$$
"""


class Loaded(HTMLParser):
    """Addresses of all that a browser loads with a page: not the targets of links, nor what is within the page."""

    def __init__(self, text):
        super().__init__()
        self.addresses = []
        self.feed(text)
        self.addresses = [address for address in self.addresses if not address.startswith(("data:", "#"))]

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        names = ["src", "srcset", "data", "poster", "xlink:href"]
        if tag == "use" or (tag == "link" and attrs.get("rel") not in ("index", "search", "next", "prev")):
            names.append("href")
        self.addresses += [attrs[name] for name in names if attrs.get(name)]
        self.addresses += in_css(attrs.get("style") or "")

    def handle_data(self, data):
        if self.cdata_elem == "style":
            self.addresses += in_css(data)


def in_css(text):
    """Addresses in a style sheet, but for data."""
    return re.findall(r"""(?:url\(\s*['"]?|@import\s+['"])(?!data:|['"])([^'")\s]+)""", text)


def on_disk(address, folder):
    """The file of an address, None if it is in a network."""
    parts = urlsplit(address)
    return None if parts.scheme or parts.netloc else folder / unquote(parts.path)


def test_what_a_page_loads_is_found(tmp_path):
    page = """
        <link rel="stylesheet" href="a.css?v=1"><link rel="preload" href="https://x/b.woff2">
        <link rel="next" href="c.html"><a href="https://x/d">text</a>
        <script src="//x/e.js"></script><img src="f.png"><img src="data:image/png;base64,g">
        <p style="background: url(h.png)"><svg><use href="#i"></use></svg>
        <style>@import "j.css"; p {background: url('data:k')} @font-face {src: url("https://x/l.woff")}</style>
    """
    found = [on_disk(address, tmp_path) for address in Loaded(page).addresses]
    a, f, h, j = (tmp_path / name for name in ("a.css", "f.png", "h.png", "j.css"))
    assert found == [a, None, None, f, h, j, None]


@pytest.mark.skipif(bool(ABSENT), reason=f"needs the extra docs: no {', '.join(ABSENT)}")
def test_page_with_formulas_loads_files_beside_it_only(tmp_path):
    source, site = tmp_path / "source", tmp_path / "site"
    source.mkdir()
    (source / "index.md").write_text(PAGE)
    options = ["-q", "-W", "-b", "html", "-c", DOCS, "-D", "exclude_patterns=generated"]
    command = [sys.executable, "-m", "sphinx", *options, source, site]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

    text = (site / "index.html").read_text("utf-8")
    assert text.count('class="math notranslate') == 2
    loads = {address: on_disk(address, site) for address in Loaded(text).addresses}
    for path in site.rglob("*.css"):
        loads |= {address: on_disk(address, path.parent) for address in in_css(path.read_text("utf-8"))}
    assert {address for address, path in loads.items() if path is None or not path.is_file()} == set()

    mathjax = site / "_static" / "mathjax"
    assert mathjax / "startup.js" in loads.values()
    parts = json.loads(re.search(r"window\.MathJax = (.*?)</script>", text)[1])["loader"]["load"]
    assert {"input/tex-full", "output/svg"} <= set(parts)
    # The browser keeps the settings of MathJax's menu, and they can ask for parts that are not here.
    assert not any(part.startswith("ui/") for part in parts)
    for part in ("core", *parts, "output/svg/fonts/tex"):
        assert (mathjax / f"{part}.js").stat().st_size > 0
    assert (mathjax / "LICENSE").is_file()
