"""Command lines as their users meet them: as processes, by what they print and by their exit status."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from replica.cli import Parser, grids, parameters, progress, save_figure
from replica.table import Table

ROOT = Path(__file__).resolve().parents[3]

DEMO = '''
"""A small command: theta and its square."""
import sys, time
from replica.cli import Parser, add_common, emit, grids, parameters, product, progress, run, save_figure, warn

def main(argv=None):
    parser = Parser(description="Squares.", example="python -m demo --theta 0 1")
    parser.add_grid("--theta", help="angles")
    parser.add_grid("--x", help="points")
    parser.add_grid("--L", integer=True, help="numbers")
    parser.add_argument("--model", choices=("a", "b"), default="a", help="model")
    parser.add_argument("--fail", choices=("value", "system", "bug"), help="fail")
    parser.add_argument("--sleep", type=float, default=0, help="seconds")
    add_common(parser, plot=True, precision=True, jobs=True, rng=True)
    args = parser.parse_args(argv)
    from replica.sweep import collect, executor, sweep
    from replica.table import Table, provenance
    if args.fail:
        raise {"value": ValueError("alpha = -1:\\nmust be > 0"), "system": OSError(28, "No space left"),
               "bug": ZeroDivisionError()}[args.fail]
    import task
    points = [(args.sleep, p) for p in product(grids(args) or {"theta": [1.0]})]
    with executor(args.jobs) as pool:
        finished = sweep(task.square, points, executor=pool)
        results, interrupted = collect(progress(finished, total=len(points), label="demo", quiet=args.quiet))
    meta = provenance(parameters(args), seed=args.rng)
    table = Table.from_rows([row for _, row in results], meta, args.precision)
    if args.plot:
        from matplotlib.figure import Figure
        figure = Figure()
        figure.add_subplot().plot(table["theta"], table["square"])
        save_figure(figure, args.plot)
    emit(table, args)
    return 130 if interrupted else 0

if __name__ == "__main__":
    sys.exit(run(main))
'''
TASK = """
import os, sys, time
def square(point):
    seconds, controls = point
    first = next(iter(controls.values()))
    if seconds and first:
        os.write(2, b"waiting\\n")  # whole lines, whoever else writes
        time.sleep(seconds)
    return {**controls, "square": first * first}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "demo.py").write_text(DEMO)
    (tmp_path / "task.py").write_text(TASK)
    return tmp_path


def demo(folder, *words, **options):
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{folder}"}
    command = [sys.executable, *options.pop("python", ()), "-m", "demo", *words]
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        **options,
    )


@pytest.mark.parametrize(
    ("words", "values"),
    [
        (["--theta", "-0.02"], [-0.02]),
        (["--theta=-0.02"], [-0.02]),
        (["--theta", "-1e-3", "2"], [-1e-3, 2]),
        (["--theta", "-.5", "-1.", "-2E+1"], [-0.5, -1, -20]),
        (["--theta", "-3:5:9"], [-3, -2, -1, 0, 1, 2, 3, 4, 5]),
        (["--theta=-3:5:2"], [-3, 5]),
        (["--theta", "-5:-3:2", "log:1:10:2"], [-5, -3, 1, 10]),
        (["--theta", "-0"], [0]),
    ],
)
def test_negative_values_in_every_spelling(words, values):
    parser = Parser(example="")
    parser.add_grid("--theta", help="")
    assert grids(parser.parse_args(words)) == {"theta": values}


def test_grids_keep_the_order_in_which_they_were_typed_also_in_sub_commands():
    parser = Parser(example="")
    command = parser.add_subparsers().add_parser("solve", example="")
    for name in ("--theta", "--g", "--L"):
        command.add_grid(name, integer=name == "--L", help="")
    args = parser.parse_args(["solve", "--L", "1", "2", "--theta", "-1", "0"])
    assert grids(args) == {"L": [1, 2], "theta": [-1.0, 0.0]}
    assert list(grids(args)) == ["L", "theta"]
    assert parameters(args) == {"L": ["1", "2"], "theta": ["-1", "0"]}


@pytest.mark.medium
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--theta"], "--theta: expected at least one argument"),
        (["--theta", "nan"], "--theta: 'nan' is not a finite number"),
        (["--theta", "-inf"], "--theta: '-inf' is not a finite number"),
        (["--theta", ""], "--theta: '' is not a number"),
        (["--theta", "1", "--theta", "2"], "--theta is given twice"),
        (["--L", "1.5"], "--L: '1.5' gives 1.5; only whole numbers"),
        (["--thta", "0", "0.5"], "unknown option --thta (did you mean --theta?)"),
        (["--the", "0"], "unknown option --the (did you mean --theta?)"),
        (["--qqqqq"], "unknown option --qqqqq"),
        (["0.5"], "unexpected argument '0.5'"),
        (["--model", "c"], "--model: invalid choice: 'c'"),
        (["--out", "t.txt"], "--out: cannot tell the format of 't.txt'"),
        (["--out", "nowhere/t.csv"], "--out: cannot write 'nowhere/t.csv'"),
        (["--plot", "t.csv"], "--plot: cannot tell the format of 't.csv'; allowed are .png, .svg, .pdf"),
        (["--jobs", "0"], "--jobs: '0' is not a whole number of 1 or more"),
        (["--precision", "3"], "--precision: '3' is not a whole number from 15 to 10000"),
        (["--precision", "many"], "--precision: 'many' is not a whole number from 15 to 10000"),
        (["--fail", "value"], "alpha = -1: must be > 0"),
    ],
)
def test_bad_usage_is_one_clear_line(folder, words, said):
    done = demo(folder, *words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("python -m demo: error: ")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_help_has_an_example_and_needs_nothing_heavy(folder):
    done = demo(folder, "--help", python=["-X", "importtime"])
    assert "example:\n  python -m demo --theta 0 1" in done.stdout
    assert done.returncode == 0
    for heavy in ("numpy", "scipy", "mpmath", "matplotlib", "tqdm"):
        assert f" {heavy}\n" not in done.stderr


def test_version(folder):
    done = demo(folder, "--version")
    assert done.stdout.startswith("replica-toolkit 0.")
    assert done.returncode == 0


def test_other_failures_keep_their_own_status(folder):
    system = demo(folder, "--fail", "system")
    assert (system.returncode, system.stderr.count("\n")) == (1, 1)
    bug = demo(folder, "--fail", "bug")
    assert bug.returncode == 1
    assert "Traceback" in bug.stderr


@pytest.mark.medium
def test_output_in_every_format_and_file(folder):
    done = demo(folder, "--theta", "0:1:3", "--L", "2", "--out", "t.csv", "--plot", "t.png", "--format", "json")
    assert done.stderr == ""
    assert json.loads(done.stdout)["rows"][1] == {"theta": 0.5, "L": 2, "square": 0.25}
    table = Table.read(folder / "t.csv")
    assert table["square"] == (0.0, 0.25, 1.0)
    assert table.meta["parameters"]["theta"] == ["0:1:3"]
    assert "format" not in table.meta["parameters"]
    assert (folder / "t.csv.log.json").exists()
    assert (folder / "t.png").read_bytes().startswith(b"\x89PNG")
    text = demo(folder, "--theta", "0:1:3", "--format", "csv").stdout
    assert text == "theta,square\n0.0,0.0\n0.5,0.25\n1.0,1.0\n"


@pytest.mark.medium
def test_numbers_are_strings_of_the_digits_asked_for(folder):
    done = demo(folder, "--theta", "0.1", "--precision", "20", "--format", "json")
    assert json.loads(done.stdout)["rows"] == [{"theta": "0.10000000000000000000", "square": "0.010000000000000000000"}]


@pytest.mark.medium
def test_workers_change_nothing(folder):
    for jobs in ("1", "2"):
        demo(folder, "--theta", "0:1:5", "--jobs", jobs, "--out", f"{jobs}.json")
    assert (folder / "1.json").read_bytes() == (folder / "2.json").read_bytes()


@pytest.mark.medium
@pytest.mark.parametrize("words", [["--theta", "0:1:20000", "--format", "csv"], ["--help"]])
def test_a_closed_pipe_is_silent(folder, words):
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{folder}"}
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "demo", *words]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdout=write,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
        )
    finally:
        os.close(write)
    assert done.stderr == b""
    assert done.returncode == 0


@pytest.mark.some(1)
@pytest.mark.medium
@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_keeps_the_finished_points(folder, jobs):
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{folder}"}
    words = ["--theta", "0:1:4", "--sleep", "100", "--jobs", jobs, "--format", "csv"]
    with subprocess.Popen(
        [sys.executable, "-m", "demo", *words],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stderr.readline() == "waiting\n"
        time.sleep(0.2)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert out == "theta,square\n0.0,0.0\n"
    assert "Traceback" not in err


def test_progress_is_only_for_a_terminal(monkeypatch, capsys):
    items = range(3)
    assert progress(items, quiet=False) is items
    leader, follower = pty.openpty()
    termios.tcsetwinsize(follower, (24, 80))
    with open(follower, "w") as terminal, open(leader, "rb", buffering=0) as screen:
        monkeypatch.setattr(sys, "stderr", terminal)
        assert progress(items, quiet=True) is items
        monkeypatch.setattr("replica.cli.command.PROGRESS_DELAY", 0.0)
        assert list(progress(items, total=3, label="points")) == [0, 1, 2]
        terminal.flush()
        assert select.select([screen], [], [], 5.0)[0]
        assert b"points" in screen.read(200)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_equal_figures_are_equal_files(suffix, tmp_path):
    for name in ("a", "b"):
        figure = Figure()
        figure.add_subplot().plot([0, 1], label="line")
        save_figure(figure, tmp_path / f"{name}{suffix}")
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()
