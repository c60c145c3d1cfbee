"""The command place: a run, a file of another program, a page that needs nothing else, and what is refused."""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest

import rbm_sim
from rbm_sim import RBM, Bernoulli, Gaussian, ReLU, interchange
from rbm_sim.__main__ import main
from rbm_sim.joint import place_page
from rbm_sim.joint.phase_lines import phase_lines
from replica import cli


def placed(*words):
    """Exit status."""
    try:
        return cli.run(main, ["place", *(str(word) for word in words)])
    except SystemExit as stopped:
        return stopped.code


@pytest.fixture
def files(tmp_path):
    """A small machine in a file, and data."""
    rng = np.random.default_rng(0)
    w = rng.normal(size=(9, 4))
    interchange.save(
        RBM(w, visible=Bernoulli(-0.5), hidden=ReLU(1.0)), tmp_path / "m.safetensors", format="safetensors"
    )
    np.save(tmp_path / "x.npy", rng.integers(0, 2, (20, 9)))
    np.save(tmp_path / "narrow.npy", rng.integers(0, 2, (20, 8)))
    return tmp_path


CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def widths(page, width):
    """Width that a page takes in a window, and that of the window."""
    note = "document.documentElement.dataset.seen = [document.documentElement.scrollWidth, innerWidth].join(' ');"
    copy = page.with_name("noted.html")
    copy.write_text(page.read_text("utf-8").replace("</body>", f"<script>{note}</script></body>"), "utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={page.parent / 'profile'}"]
    done = subprocess.run(
        [CHROMIUM, *options, f"--window-size={width},800", "--dump-dom", copy.as_uri()],
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    return map(int, re.search(r'data-seen="(\d+) (\d+)"', done.stdout).groups())


def test_a_page_of_any_width(files):
    """Pictures are as wide as the window at most, one below the other where it is narrow; colours are the reader's."""
    machine = RBM(np.eye(4), visible=Bernoulli(), hidden=Gaussian())
    text = place_page.page(rbm_sim.place(machine, np.eye(4)), "<a>.npz")
    assert 'name="viewport" content="width=device-width' in text
    assert "img { max-width: 100%" in text and "flex-wrap: wrap" in text and "color-scheme: light dark" in text
    assert "&lt;a&gt;.npz" in text and "Gaussian hidden units" in text


def test_boundaries_are_lines_and_meet():
    """Three sectors that meet at one point: crossings lie on the rays, to 1/256 of a cell."""

    def phase(row, column):
        angle = np.arctan2(row - 4.3, column - 5.2) % (2 * np.pi)
        return np.array(["a", "b", "c"])[(angle // (2 * np.pi / 3)).astype(int)]

    segments = phase_lines(phase(*np.indices((11, 11)).astype(float)), phase)
    ends = np.concatenate(segments)
    angle = np.arctan2(ends[:, 1] - 4.3, ends[:, 0] - 5.2) % (2 * np.pi / 3)
    away = np.minimum(angle, 2 * np.pi / 3 - angle) * np.hypot(*(ends - [5.2, 4.3]).T)
    assert np.sum(away > 1 / 128) <= 3  # the middle of the cell in which they meet
    assert len(segments) > 15
    assert phase_lines(np.full((3, 3), "a"), phase) == []


@pytest.mark.slow
def test_page_and_rows(files, capsys):
    page = files / "page.html"
    assert placed(files / "m.safetensors", "--data", files / "x.npy", "--out", page, "--format", "json") == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert (row["N"], row["M"], row["source"]) == (9, 4, "data")
    assert row["valid"] is False and "p_hat" in row["warnings"]
    text = page.read_text("utf-8")
    assert text.startswith("<!DOCTYPE html>") and text.count("<img") == 7
    assert not re.search(r"""(src|href)=["'](?!data:)""", text)
    assert f"{row['W2']:.6g}" in text
    if CHROMIUM is not None:
        for width in (390, 1280):
            taken, window = widths(page, width)
            assert taken <= window


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["m.safetensors", "--data", "narrow.npy"], "8 columns, but the machine has 9 visible units"),
        (["none.npz"], "none.npz"),
        (["x.npy", "--from", "unheard"], "unheard"),
        (["m.safetensors", "--out", "m.safetensors"], "--out"),
    ],
)
def test_refusals_are_one_line(files, monkeypatch, capsys, words, said):
    monkeypatch.chdir(files)
    before = (files / "m.safetensors").read_bytes()
    assert placed(*words) == 2
    error = capsys.readouterr().err
    assert said in error and len(error.splitlines()) == 1 and "Traceback" not in error
    assert (files / "m.safetensors").read_bytes() == before
