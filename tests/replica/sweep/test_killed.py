"""Commands that are killed, interrupted or starved of disk, and run again: the same file as if nothing had been."""

import os
import resource
import signal
import subprocess
import sys
import time

import psutil
import pytest

POINTS = 101
WORDS = ["-m", "replica.phase", "--model", "hopfield", "--T", f"0:1:{POINTS}", "--format", "csv", "--out", "o.csv"]


def command(folder, *words, **options):
    return subprocess.run(
        [sys.executable, *WORDS, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
        **options,
    )


def content(path):
    """Bytes of a file, but for the commit: someone may be at work in the checkout."""
    return b"".join(line for line in path.read_bytes().splitlines(keepends=True) if not line.startswith(b"# commit:"))


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """The file of an uninterrupted run."""
    folder = tmp_path_factory.mktemp("reference")
    done = command(folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(p.name for p in folder.iterdir()) == ["o.csv", "o.csv.log.json"]
    return content(folder / "o.csv")


def begun(folder, *words):
    """The command, when a tenth of its points is finished."""
    process = subprocess.Popen(
        [sys.executable, *WORDS, *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while finished(folder) < POINTS // 10:
        assert process.poll() is None
        time.sleep(0.005)
    return process


def finished(folder):
    path = folder / "o.csv.checkpoint"
    return max(0, path.read_bytes().count(b"\n") - 1) if path.exists() else 0


@pytest.mark.slow
@pytest.mark.some(1)
@pytest.mark.parametrize(("jobs", "again"), [("1", "2"), ("2", "1")])
def test_kill_the_parent(tmp_path, reference, jobs, again):
    with begun(tmp_path, "--jobs", jobs) as process:
        workers = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "o.csv").exists()
    assert 0 < finished(tmp_path) < POINTS
    psutil.wait_procs(workers, timeout=10)
    assert not [w for w in workers if w.is_running() and w.status() != psutil.STATUS_ZOMBIE]
    assert command(tmp_path, "--jobs", again).returncode == 0
    assert content(tmp_path / "o.csv") == reference
    assert finished(tmp_path) == 0


@pytest.mark.slow
def test_kill_a_worker(tmp_path, reference):
    with begun(tmp_path, "--jobs", "2") as process:
        children = psutil.Process(process.pid).children()
        next(c for c in children if "spawn_main" in " ".join(c.cmdline())).kill()
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert len(out.splitlines()) == POINTS + 1
    assert content(tmp_path / "o.csv") == reference


@pytest.mark.some(1)
@pytest.mark.medium
@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c(tmp_path, reference, jobs):
    with begun(tmp_path, "--jobs", jobs) as process:
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    kept = finished(tmp_path)
    assert len(out.splitlines()) - 1 == kept
    assert err.splitlines()[-1].endswith(f"interrupted: {kept} of {POINTS} points finished; the same command continues")
    assert command(tmp_path).returncode == 0
    assert content(tmp_path / "o.csv") == reference


@pytest.mark.slow
def test_no_room_for_the_checkpoint(tmp_path, reference):
    room = 6000
    done = command(tmp_path, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    kept = finished(tmp_path)
    assert f"checkpoint 'o.csv.checkpoint': File too large: {kept + 1} of {POINTS} points finished" in done.stderr
    assert len(done.stdout.splitlines()) == kept + 2
    assert command(tmp_path).returncode == 0
    assert content(tmp_path / "o.csv") == reference


@pytest.mark.medium
def test_a_checkpoint_of_another_command_is_refused(tmp_path):
    with begun(tmp_path) as process:
        process.kill()
        process.communicate()
    done = command(tmp_path, "--precision", "30")
    assert done.returncode == 2
    assert "'o.csv.checkpoint' belongs to another sweep: its task is" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [
        ["solve", "--model", "hopfield", "--alpha", "0.01:0.1:4", "--T", "0", "0.3"],
        ["phase", "--theta", "0.5", "--simulate", "40", "60", "--samples", "3"],
        ["phase", "--theta", "0.5", "1", "--precision", "25"],
    ],
)
def test_every_sweep_continues(tmp_path, words, monkeypatch):
    from replica import cli
    from replica.__main__ import main
    from replica.sweep import checkpoint

    monkeypatch.chdir(tmp_path)
    saved = []

    def full(self, index, result):
        if saved:
            raise OSError("checkpoint: full")
        saved.append(index)
        save(self, index, result)

    save = checkpoint.Checkpoint.save
    assert cli.run(main, [*words, "--out", "a.json"]) == 0
    monkeypatch.setattr(checkpoint.Checkpoint, "save", full)
    assert cli.run(main, [*words, "--out", "b.json"]) == 1
    monkeypatch.setattr(checkpoint.Checkpoint, "save", save)
    assert (tmp_path / "b.json.checkpoint").exists()
    assert cli.run(main, [*words, "--out", "b.json"]) == 0
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert not (tmp_path / "b.json.checkpoint").exists()
