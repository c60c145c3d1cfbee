"""The framework of paper_checks on small packages of invented claims."""

import collections
import csv
import html.parser
import importlib
import io
import json
import re
import shutil
import subprocess
import sys

import pytest

from paper_checks.__main__ import main
from paper_checks.check import Outcome, check, compare, last_digit
from paper_checks.formula import as_html
from paper_checks.report_html import FIGURE_OF, FIGURES, Pictures
from replica.cli import run
from replica.table import Table

CLAIMS = """
from paper_checks.check import Outcome, Tolerance, Verdict, check, compare, last_digit

@check(source="A 1999", where="eq. 1", printed="3.14", seen="p")
def pi():
    return compare(3.14159, 3.14, last_digit("3.14"), "Archimedes")

@check(source="A 1999", where="eq. 2", printed="2.72", seen="r")
def e():
    return compare(2.71828, 2.72, last_digit("2.72"))

@check(source="A 1999", where="eq. 3", printed="1.42", seen="p", expected="misprint", slow=True)
def root():
    return Verdict(Outcome.MISPRINT, "1.41421", "the last two digits are exchanged")
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package `claims` with one good module; call it to add more modules."""
    folder = tmp_path / "claims"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "a_1999.py").write_text(CLAIMS)
    monkeypatch.syspath_prepend(tmp_path)

    def build(**modules):
        for name, text in modules.items():
            (folder / f"{name}.py").write_text("from paper_checks.check import *\n" + text)
        importlib.invalidate_caches()
        return importlib.import_module("claims")

    yield build
    for name in [name for name in sys.modules if name.partition(".")[0] == "claims"]:
        del sys.modules[name]


def command(package, *words):
    return run(lambda argv: main(argv, package), ["--quiet", *words])


def rows(capsys):
    return {row["name"]: row for row in csv.DictReader(io.StringIO(capsys.readouterr().out))}


def test_fast_checks_by_default_and_all_with_all(package, capsys):
    assert command(package(), "--format", "csv") == 0
    found = rows(capsys)
    assert {name: row["verdict"] for name, row in found.items()} == {
        "a_1999.pi": "reproduced",
        "a_1999.e": "unchecked",
    }
    assert found["a_1999.pi"]["computed"] == "3.14159"
    assert found["a_1999.pi"]["tolerance_is"] == "0.5 of the last digit"
    assert command(package(), "--all", "--format", "csv") == 0
    assert rows(capsys)["a_1999.root"]["verdict"] == "misprint"


def test_the_terminal_gets_the_main_columns_and_a_file_all(package, capsys, tmp_path):
    assert command(package(), "--out", str(tmp_path / "t.json")) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["name", "verdict", "source", "section", "printed", "computed"]
    assert len(lines) == 3
    assert Table.read(tmp_path / "t.json")["note"] == ("Archimedes", "the value is found, but the text was not at hand")


@pytest.mark.parametrize("pattern", ["pi", "a_1999.p*", "PI", "*.pi"])
def test_patterns(package, capsys, pattern):
    assert command(package(), pattern, "--format", "csv") == 0
    assert list(rows(capsys)) == ["a_1999.pi"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing"], "no check matches 'nothing'"),
        (["pi", "nothing"], "no check matches 'nothing'"),
        (["root"], "only slow checks match 'root'"),
    ],
)
def test_a_pattern_without_match_is_bad_usage(package, capsys, words, said):
    assert command(package(), *words) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_unexpected_verdicts_errors_and_broken_modules_are_rows_and_exit_1(package, capsys):
    claims = package(
        b_2001="""
given = dict(source="B", where="p. 1", printed="1", seen="p")
@check(**given)
def differs():
    return compare(2.0, 1.0, last_digit("1"))
@check(**given, expected="differs")
def differs_as_expected():
    return compare(float("nan"), 1.0, last_digit("1"))
@check(**given)
def raises():
    raise ZeroDivisionError("no such luck")
@check(**given)
def forgets():
    pass
@check(**{**given, "seen": "r"})
def blames_a_text_not_at_hand():
    return Verdict(Outcome.MISPRINT, "2", "")
""",
        c_2002="1 / 0",
    )
    assert command(claims, "--format", "csv") == 1
    captured = capsys.readouterr()
    found = {row["name"]: row["verdict"] for row in csv.DictReader(io.StringIO(captured.out))}
    assert found == {
        "a_1999.pi": "reproduced",
        "a_1999.e": "unchecked",
        "b_2001.differs": "differs",
        "b_2001.differs_as_expected": "differs",
        "b_2001.raises": "failed",
        "b_2001.forgets": "failed",
        "b_2001.blames_a_text_not_at_hand": "failed",
        "c_2002": "failed",
    }
    assert "b_2001.raises: failed, expected reproduced: ZeroDivisionError: no such luck" in captured.err
    assert captured.err.count("\n") == 5


def test_ctrl_c_keeps_the_finished_checks(package, capsys):
    claims = package(
        b_2001="""
@check(source="B", where="p. 1", printed="1", seen="p")
def interrupted():
    raise KeyboardInterrupt
"""
    )
    assert command(claims, "--format", "csv") == 130
    assert list(rows(capsys)) == ["a_1999.pi", "a_1999.e"]


@pytest.mark.parametrize(
    ("printed", "inside", "outside"),
    [
        ("0.138", 0.1384, 0.1386),
        ("-1.4e-3", -1.449e-3, -1.46e-3),
        ("−0.07", -0.0651, -0.0649),
        ("12", 12.5, 12.6),
        ("2E2", 249.0, 251.0),
    ],
)
def test_last_digit(printed, inside, outside):
    value = float(printed.replace("−", "-"))
    assert compare(inside, value, last_digit(printed)).outcome is Outcome.REPRODUCED
    assert compare(outside, value, last_digit(printed)).outcome is Outcome.DIFFERS


def test_bad_declarations_are_refused():
    for text in ("", "about 3", "1.2.3", "."):
        with pytest.raises(ValueError, match="not a decimal number"):
            last_digit(text)
    with pytest.raises(ValueError, match="seen = 'x'"):
        check(source="", where="", printed="", seen="x")
    with pytest.raises(ValueError, match="perhaps"):
        check(source="", where="", printed="", seen="p", expected="perhaps")


HOSTILE = """
@check(source="B & <b>Sons</b>", where='"x" | *y*', printed="<script>alert('p')</script> a_{i} ^ | `c` $", seen="p",
       right="x^{-1} & </article>", route="<img src=x>", extraction=True, expected="misprint")
def hostile():
    return Verdict(Outcome.MISPRINT, "printed off by 0.5, corrected by 1.2e-16", "a < b & c\\n# no heading",
                   Tolerance("rounding", 1e-12, "few terms"))
"""


def test_json_rows_have_what_a_report_needs(package, capsys):
    assert command(package(b_2001=HOSTILE), "hostile", "--format", "json") == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    wanted = {"source": "B & <b>Sons</b>", "section": '"x" | *y*', "name": "b_2001.hostile", "verdict": "misprint"}
    assert wanted.items() <= row.items()
    assert row["right"] == "x^{-1} & </article>" and row["route"] == "<img src=x>"
    assert row["printed"].startswith("<script>")


def test_markdown_has_a_summary_and_escapes_everything(package, capsys, tmp_path):
    claims = package(b_2001=HOSTILE)
    assert command(claims, "--all", "--format", "md", "--out", str(tmp_path / "r.md")) == 0
    text = capsys.readouterr().out
    assert (tmp_path / "r.md").read_text() == text
    assert sorted(path.name for path in tmp_path.glob("*.md*")) == ["r.md"]
    assert "**4 checks: 1 reproduced, 2 misprint, 1 unchecked.**" in text
    assert "| A 1999 | 1 | 1 | 1 |" in text
    assert "## B &amp; &lt;b&gt;Sons&lt;/b&gt;" in text
    assert r"### " + r'"x" \| \*y\*' in text
    assert r"&lt;script&gt;alert('p')&lt;/script&gt; a\_{i} ^ \| \`c\` \$" in text
    assert "computed: printed off by 0.5, corrected by less than 1e-12" in text
    assert "1.2e-16" not in text
    assert r"note: a &lt; b &amp; c \# no heading" in text
    assert "<" not in text.replace("&lt;", "")


def test_a_page_is_complete_escaped_and_needs_nothing_else(package, capsys, tmp_path):
    claims = package(b_2001=HOSTILE)
    assert command(claims, "--all", "--out", str(tmp_path / "r.html")) == 0
    assert capsys.readouterr().out.startswith("name")
    text = (tmp_path / "r.html").read_text()
    seen = Tags()
    seen.feed(text)
    assert seen.open == []
    assert [seen.count[tag] for tag in ("article", "script", "style", "b")] == [4, 1, 1, 1]
    assert seen.links == ["data:,"]
    assert 'name="viewport" content="width=device-width' in text
    assert "&lt;script&gt;alert(&#x27;p&#x27;)&lt;/script&gt; a<sub>i</sub>" in text
    assert "x<sup>-1</sup> &amp; &lt;/article&gt;" in text
    assert 'data-source="B &amp; &lt;b&gt;Sons&lt;/b&gt;"' in text
    for word in ("reproduced", "misprint", "unchecked"):
        assert re.search(rf'class="badge">\S {word}<', text)


class Tags(html.parser.HTMLParser):
    """Counts tags, remembers what is still open and what is linked."""

    def __init__(self):
        super().__init__()
        self.open, self.links, self.count = [], [], collections.Counter()

    def handle_starttag(self, tag, attrs):
        self.count[tag] += 1
        self.links += [value for name, value in attrs if name in ("href", "src")]
        if tag not in ("meta", "link", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_figures_are_embedded_once_and_within_a_budget(tmp_path):
    (tmp_path / "rrbm_capacity.png").write_bytes(b"p" * 300)
    section = ("Tubiana & Monasson, PRL", "Fig. 3(a), α_c(θ)")
    pictures = Pictures(tmp_path, budget=1000)
    assert "base64,cHBw" in pictures.of(*section)
    assert pictures.of(*section) == ""
    assert Pictures(tmp_path, budget=399).of(*section) == ""
    assert Pictures(tmp_path / "none").of(*section) == ""
    for _, _, name in FIGURE_OF:
        assert (FIGURES / f"{name}.png").is_file()


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("α~_c = m^{2} + x_iμ", "α\u0303<sub>c</sub> = m<sup>2</sup> + x<sub>iμ</sub>"),
        ("e^{-x_{i}} < N^-1/2", "e<sup>-x<sub>i</sub></sup> &lt; N<sup>-1/2</sup>"),
        ("costs 3 $", "costs 3 $"),
        ("a ~ b, h*_1", "a ~ b, h*<sub>1</sub>"),
    ],
)
def test_formulas_as_html(words, shown):
    assert as_html(words) == shown


def test_tex_is_drawn_in_place_or_shown_as_it_is():
    drawing = as_html(r"so $\alpha_c < \frac{1}{2}$ & more")
    assert drawing == as_html(r"so $\alpha_c < \frac{1}{2}$ & more")
    assert drawing.startswith("so <svg") and drawing.endswith("</svg> &amp; more")
    assert "<metadata>" not in drawing and "http-equiv" not in drawing
    assert as_html(r"$\nonsense{$") == r"$\nonsense{$"


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["--verdict", "unchecked"], ["a_1999.e"]),
        (["--verdict", "reproduced", "unchecked"], ["a_1999.pi", "a_1999.e"]),
        (["--all", "--verdict", "misprint"], ["a_1999.root", "b_2001.hostile"]),
        (["--verdict", "differs"], []),
        (["--source", "sons"], ["b_2001.hostile"]),
        (["--source", "SONS", "--source", "1999", "--verdict", "misprint"], ["b_2001.hostile"]),
        (["e", "--source", "1999"], ["a_1999.e"]),
    ],
)
def test_filters(package, capsys, words, names):
    assert command(package(b_2001=HOSTILE), *words, "--format", "csv") == 0
    assert list(rows(capsys)) == names


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--verdict", "right"], "'right'"),
        (["--source", "1066"], "no source contains '1066'; there are A 1999"),
        (["--source", "1999", "nothing"], "no check matches 'nothing'"),
        (["--format", "pdf"], "'pdf'"),
        (["--out", "r.pdf"], "allowed are .csv, .json, .npz, .md, .html"),
    ],
)
def test_a_bad_filter_or_format_is_one_line(package, capsys, words, said):
    try:
        status = command(package(), *words)
    except SystemExit as stop:
        status = stop.code
    captured = capsys.readouterr()
    assert status == 2
    assert said in captured.err and captured.err.count("\n") == 1
    assert captured.out == ""


def test_a_hidden_surprise_still_counts(package, capsys):
    claims = package(b_2001=HOSTILE.replace('expected="misprint"', 'expected="reproduced"'))
    assert command(claims, "--verdict", "reproduced", "--format", "csv") == 1
    assert "b_2001.hostile: misprint, expected reproduced" in capsys.readouterr().err


def test_the_last_line_counts_the_verdicts(package, capsys):
    assert run(lambda argv: main(argv, package()), ["--all", "--verdict", "misprint"]) == 0
    said = capsys.readouterr().err
    assert said.endswith("3 of 3 checks done: 1 reproduced, 1 misprint, 1 unchecked; 0 unexpected\n")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("terminal", "environment", "coloured"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (True, {"TERM": "dumb"}, False),
    ],
)
def test_colours_are_for_terminals(package, capsys, monkeypatch, terminal, environment, coloured):
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    claims = package()
    assert command(claims) == 0
    plain = capsys.readouterr().out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal, raising=False)
    assert command(claims) == 0
    found = capsys.readouterr().out
    assert ("\x1b[32mreproduced\x1b[0m" in found) == coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", found) == plain


CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def browsed(page, fragment="", width=390):
    """The page after its script ran, with the width it takes noted in <html>."""
    address = f"{page.as_uri()}{fragment}"
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={page.parent / 'profile'}"]
    limits = ["--virtual-time-budget=3000", f"--window-size={width},800", "--dump-dom"]
    done = subprocess.run(
        [CHROMIUM, *options, *limits, address], capture_output=True, text=True, timeout=100, check=True
    )
    return done.stdout


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium, chromium-browser or google-chrome is installed")
@pytest.mark.slow
def test_the_page_in_a_browser(package, tmp_path):
    long = HOSTILE.replace("a_{i}", "x" * 300).replace("few terms", "t" * 200)
    page = tmp_path / "r.html"
    assert command(package(b_2001=long), "--all", "--out", str(page)) == 0
    note = "document.documentElement.dataset.seen = [document.documentElement.scrollWidth, innerWidth].join(' ');"
    page.write_text(page.read_text().replace("</script>\n</body>", f"{note}</script>\n</body>"))

    def shown(dom):
        cards = re.findall(r'<article [^>]*data-verdict="(\w+)"[^>]*>', dom)
        hidden = re.findall(r'<article [^>]*data-verdict="(\w+)"[^>]* hidden="">', dom)
        return sorted((collections.Counter(cards) - collections.Counter(hidden)).elements())

    everything = browsed(page)
    assert shown(everything) == ["misprint", "misprint", "reproduced", "unchecked"]
    taken, width = map(int, re.search(r'data-seen="(\d+) (\d+)"', everything).groups())
    assert taken <= width
    filtered = browsed(page, "#verdict=misprint")
    assert shown(filtered) == ["misprint", "misprint"]
    assert re.search(r'<button [^>]*data-verdict="misprint"[^>]*aria-pressed="true"', filtered)
    assert "2 of 4 shown" in filtered
    assert shown(browsed(page, "#verdict=misprint&source=sons")) == ["misprint"]
    click = "document.querySelector('button[data-verdict=unchecked]').click();"
    page.write_text(page.read_text().replace(note, click))
    assert shown(browsed(page)) == ["unchecked"]
