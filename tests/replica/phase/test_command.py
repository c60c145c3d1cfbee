"""The commands `phase`, `solve` and `models`: columns, numbers, exit status."""

import csv
import io
import json
import subprocess
import sys

import numpy as np
import pytest

from replica.__main__ import main as replica_main
from replica.cli import run
from replica.phase.__main__ import main as phase_main

ALPHA_C = 0.1379055664949317
SIMULATED = (
    ["theta", "alpha", "N", "samples"]
    + [f"{name}_{what}" for name in "mqr" for what in ("theory", "sim", "err", "z")]
    + ["lost"]
)


@pytest.fixture
def command(capsys):
    """Run a command in this process: exit status, stdout, stderr."""

    def call(words, main=phase_main):
        try:
            status = run(main, words.split())
        except SystemExit as stop:
            status = stop.code
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.medium
def test_the_main_command_as_a_process():
    done = subprocess.run(
        [sys.executable, "-m", "replica.phase", "--theta", "0", "0.5", "1", "--format", "csv"],
        capture_output=True,
        text=True,
        check=True,
    )
    table = rows(done.stdout)
    assert list(table[0]) == ["theta", "alpha_c", "m", "q", "r", "C", "B"]
    assert [float(row["theta"]) for row in table] == [0, 0.5, 1]
    expected = [0.1379055665, 0.4927682112, 2.4283371375]
    np.testing.assert_allclose([float(row["alpha_c"]) for row in table], expected, atol=5e-11)
    assert done.stderr == ""


@pytest.mark.some(2)
@pytest.mark.medium
@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--theta nan", "--theta"),
        ("--model none --theta 0", "none"),
        ("--model hopfield --alpha -0.1", "alpha"),
    ],
)
def test_bad_usage_as_a_process(words, said):
    done = subprocess.run(
        [sys.executable, "-m", "replica.phase", *words.split()], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert said in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--model hopfield --alpha -0.01", "alpha = -0.01"),
        ("--model hopfield --alpha 0", "alpha = 0"),
        ("--model hopfield --T nan", "--T"),
        ("--model hopfield --T -1", "T = -1"),
        ("--theta inf", "--theta"),
        ("--theta", "--theta"),
        ("--theta 0:1", "--theta"),
        ("--theta 0:1:0", "--theta"),
        ("--theta zero", "--theta"),
        ("--model", "--model"),
        ("--model nothing", "nothing"),
        ("--theta 0 --out /nonexistent/folder/x.csv", "--out"),
        ("--theta 0 --out x.txt", "--out"),
        ("--theta 0 --plot x.csv", "--plot"),
        ("--theta 0 --jobs 0", "--jobs"),
        ("--theta 0 --precision x", "--precision"),
        ("--theta 0 --samples 5", "--samples"),
        ("--theta 0 --simulate 1", "--simulate"),
        ("--nothing 3", "--nothing"),
        ("--alpha 0.1", "--alpha"),
        (
            "--T 0.1",
            "--T: a control of hopfield, planted-hopfield, potts-hopfield; threshold-hopfield has",
        ),
        (
            "--model hopfield --theta 1",
            "--theta: a control of compositional, relu-rbm, threshold-hopfield; ",
        ),
        ("--model hopfield-1rsb --alpha 0.1", "hopfield-1rsb has its line without any option"),
        ("--model hopfield-1rsb --plot x.png", "--plot: the lines of hopfield-1rsb are single numbers"),
        ("", "--theta"),
    ],
)
def test_bad_usage_is_one_line_and_status_2(command, words, said):
    status, out, err = command(words)
    assert status == 2
    assert out == ""
    assert len(err.splitlines()) == 1
    assert said in err
    assert "Traceback" not in err


@pytest.mark.parametrize("words", ["solve --model hopfield", "solve --model hopfield --alpha 0.1 --n 0", "nothing"])
def test_bad_usage_of_the_other_commands(command, words):
    status, out, err = command(words, replica_main)
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1


@pytest.mark.medium
def test_lines_over_loads(command):
    status, out, err = command("--model hopfield --alpha 0.01 0.1 0.2 --format csv")
    assert (status, err) == (0, "")
    table = rows(out)
    assert list(table[0]) == ["alpha", "T_g", "T_M", "T_c", "T_R"]
    np.testing.assert_allclose([float(row["T_g"]) for row in table], 1 + np.sqrt([0.01, 0.1, 0.2]), rtol=1e-12)
    assert float(table[0]["T_M"]) == pytest.approx(0.8010181215, abs=5e-11)
    assert float(table[0]["T_c"]) == pytest.approx(0.7216239674, abs=5e-11)
    assert float(table[1]["T_M"]) == pytest.approx(0.3154322237, abs=5e-11)
    assert table[1]["T_c"] == ""  # above α_1: an answer, not a failure
    assert float(table[1]["T_R"]) < 0.002
    assert [table[2][c] for c in ("T_M", "T_c", "T_R")] == ["", "", ""]


def test_a_line_without_controls(command):
    """The capacity with one step of replica-symmetry breaking, 0.138186 of Steffan and Kühn."""
    status, out, err = command("--model hopfield-1rsb --format csv")
    assert (status, err) == (0, "")
    (row,) = rows(out)
    assert list(row) == ["alpha_c", "m", "q", "r", "C", "B"]
    assert float(row["alpha_c"]) == pytest.approx(0.138186, abs=5e-7)


@pytest.mark.parametrize("spelling", ["--beta-teacher", "--beta_teacher"])
def test_a_control_of_two_words(command, spelling):
    """Nishimori's line, T = 1/β of the teacher = 2: T_c of the planted pattern at γ = (T − 1)²."""
    status, out, _ = command(f"--model planted-hopfield {spelling} 0.5 --T 2 --format csv")
    assert status == 0
    assert float(rows(out)[0]["gamma_L"]) == pytest.approx(1.0, abs=1e-12)


def test_lines_over_temperatures(command):
    status, out, _ = command("--model hopfield --T 0:1:3 --format json")
    assert status == 0
    document = json.loads(out)
    assert set(document) == {"meta", "rows"}
    table = document["rows"]
    assert list(table[0]) == ["T", "alpha_M", "m", "q", "r", "C"]
    assert table[0]["alpha_M"] == pytest.approx(ALPHA_C, abs=1e-14)
    assert table[1]["alpha_M"] == pytest.approx(0.0588155205, abs=5e-11)
    assert table[2]["alpha_M"] is None


@pytest.mark.medium
def test_negative_values_and_grids(command):
    for words in ("--theta -3:5:9", "--theta -1e-3", "--theta=-0.02", "--theta -.5 .5"):
        status, out, err = command(words + " --format csv")
        assert (status, err) == (0, "")
        assert rows(out)
    values = [float(row["theta"]) for row in rows(command("--theta -3:5:9 --format csv")[1])]
    assert values == list(range(-3, 6))


def test_a_capacity_too_large_for_a_double(command):
    status, out, err = command("--theta 0 50 --format csv")
    assert status == 1
    table = rows(out)
    assert float(table[0]["alpha_c"]) == pytest.approx(ALPHA_C, abs=1e-14)
    assert table[1]["alpha_c"] == ""
    assert len(err.splitlines()) == 1
    assert "theta = 50" in err
    assert "log10" in err
    status, out, err = command("--theta 50 --precision 20 --format json")
    assert (status, err) == (0, "")
    assert json.loads(out)["rows"][0]["alpha_c"].count("e+") == 1


def test_fifty_digits(command):
    status, out, _ = command("--theta 0 --precision 50 --format json")
    assert status == 0
    from mpmath import mp

    with mp.workdps(65):
        y = mp.findroot(
            lambda y: 2 / mp.sqrt(mp.pi) * mp.exp(-y * y) * (1 / y + 2 * y) - mp.erf(y) / y**2, mp.mpf("1.5")
        )
        exact = (mp.erf(y) / y - 2 / mp.sqrt(mp.pi) * mp.exp(-y * y)) ** 2 / 2
        text = json.loads(out)["rows"][0]["alpha_c"]
        assert isinstance(text, str)
        assert abs(mp.mpf(text) / exact - 1) < mp.mpf(10) ** -49


@pytest.mark.parametrize("suffix", ["csv", "json", "npz"])
def test_results_go_to_files(command, tmp_path, suffix):
    path = tmp_path / f"capacity.{suffix}"
    status, out, _ = command(f"--theta 0 1 --out {path} --format csv")
    assert status == 0
    printed = [float(row["alpha_c"]) for row in rows(out)]
    if suffix == "csv":
        lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
        values = [float(row["alpha_c"]) for row in csv.DictReader(lines)]
    elif suffix == "json":
        values = [row["alpha_c"] for row in json.loads(path.read_text())["rows"]]
    else:
        with np.load(path) as stored:
            values = list(stored["alpha_c"])
    assert values == printed


@pytest.mark.medium
@pytest.mark.some(1)
@pytest.mark.parametrize("words", ["--theta -1:2:4", "--model hopfield --alpha 0.02 0.1", "--model hopfield --T 0 0.5"])
def test_pictures_are_drawn(command, tmp_path, words):
    for suffix, magic in ((".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")):
        path = tmp_path / f"picture{suffix}"
        status, _, err = command(f"{words} --plot {path}")
        assert (status, err) == (0, "")
        assert path.read_bytes().startswith(magic)


@pytest.mark.slow
def test_jobs_do_not_change_the_answer():
    outputs = [
        subprocess.run(
            [sys.executable, "-m", "replica.phase", "--theta", "-1:2:7", "--format", "csv", "--jobs", jobs],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for jobs in ("1", "2")
    ]
    assert outputs[0] == outputs[1]
    assert len(rows(outputs[0])) == 7


def test_solve_lists_every_solution(command):
    import replica
    from replica.models import Hopfield

    status, out, err = command("solve --model hopfield --alpha 0.05 --T 0.2 --format csv", replica_main)
    assert (status, err) == (0, "")
    table = rows(out)
    found = replica.solve_all(Hopfield(alpha=0.05, T=0.2))
    assert [row["kind"] for row in table] == [s.kind for s in found]
    for row, s in zip(table, found, strict=True):
        assert [float(row[name]) for name in "mqrCB"] == list(s.order)
        assert float(row["f"]) == s.free_energy
        assert row["stable"] == str(s.stable).lower()
        assert row["status"] == "converged"
    status, out, _ = command("solve --model hopfield --alpha 0.01 0.02 --T 0 --n 1 3 5 --format csv", replica_main)
    assert status == 0
    assert {row["alpha"] for row in rows(out)} == {"0.01", "0.02"}
    assert {row["n"] for row in rows(out)} >= {"0", "1", "3"}


def test_solve_at_high_precision(command):
    status, out, _ = command(
        "solve --model threshold-hopfield --alpha 0.3 --theta 0.5 --precision 30 --format json", replica_main
    )
    assert status == 0
    first = next(row for row in json.loads(out)["rows"] if row["kind"] == "retrieval")
    assert isinstance(first["m"], str)
    assert len(first["m"].replace("0.", "", 1)) == 30


def test_models_are_listed(command):
    from replica.models import catalogue

    status, out, _ = command("models --format json", replica_main)
    assert status == 0
    listed = {row["model"]: row for row in json.loads(out)["rows"]}
    assert set(listed) == set(catalogue())
    assert "alpha" in listed["hopfield"]["controls"]
    assert "T_M" in listed["hopfield"]["lines"]


def test_phase_is_a_command_of_the_package(command):
    assert command("phase --theta 0 --format csv", replica_main)[1] == command("--theta 0 --format csv")[1]


def test_simulation_beside_the_theory(command):
    """Seed 0, 20 machines of 300 units: means within 6 standard errors and the θ/√N of finite size."""
    status, out, err = command("--theta 0.5 --simulate 300 --format csv")
    assert (status, err) == (0, "")
    below, above = rows(out)
    assert list(below) == SIMULATED
    assert [float(row["alpha"]) for row in (below, above)] == pytest.approx(
        [0.8 * 0.4927682112, 1.2 * 0.4927682112], rel=1e-9
    )
    assert (below["N"], below["samples"]) == ("300", "20")
    assert float(below["lost"]) < 0.5
    m, error, z = (float(below[k]) for k in ("m_theory", "m_err", "m_z"))
    assert abs(float(below["m_sim"]) - m) < 6 * error + 0.5 / np.sqrt(300)
    assert z == pytest.approx((float(below["m_sim"]) - m) / error, rel=1e-9)
    # above capacity there is no theory, and the pattern is lost
    assert [above[f"{k}_theory"] for k in "mqr"] == ["", "", ""]
    assert above["m_z"] == ""
    assert float(above["lost"]) > 0.5
    assert float(above["m_sim"]) < float(below["m_sim"])


def test_simulation_is_reproducible(command):
    words = "--theta 0.5 --alpha 0.2 --simulate 100 --samples 4 --format csv --rng "
    first, again, other = (command(words + seed)[1] for seed in ("3", "3", "4"))
    assert first == again != other


def test_an_interrupt_before_the_first_point_draws_nothing(command, monkeypatch, tmp_path):
    from replica import cli

    monkeypatch.setattr(cli, "compute", lambda *args: cli.Computed([], 1, KeyboardInterrupt(), None))
    status, out, _ = command(f"--theta 0 --plot {tmp_path / 'lines.png'}")
    assert status == 130
    assert out.split()[:2] == ["theta", "alpha_c"]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("words", ["solve", "solve --alpha 0.1 --theta 0.5", "solve --alpha 0.1 --quiet"])
def test_solve_needs_a_model(command, words):
    status, out, err = command(words, replica_main)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert "--model is needed: one of compositional, dense-hopfield, " in err


def test_help_without_a_model_lists_the_models(command):
    status, out, _ = command("solve --help", replica_main)
    assert status == 0
    assert "threshold-hopfield" in out
    assert "default" not in out
