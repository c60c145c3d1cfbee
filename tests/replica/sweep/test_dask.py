"""Sweeps on a Dask cluster of this machine."""

import builtins
import os
import signal
import socket
import subprocess
import sys
import time

import psutil
import pytest

from replica import cli
from replica.errors import UsageError
from replica.phase.__main__ import main
from replica.sweep import executor, sweep

distributed = pytest.importorskip("distributed")

WORDS = ["--model", "hopfield", "--T", "0:1:121", "--format", "csv", "--out"]
START = """
import sys
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", host="127.0.0.1") as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
"""


def content(path):
    """Bytes of a file, but for the commit: someone may be at work in the checkout."""
    return b"".join(line for line in path.read_bytes().splitlines(keepends=True) if not line.startswith(b"# commit:"))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A scheduler and two workers, each a process: address and the process they descend from."""
    folder = tmp_path_factory.mktemp("cluster")
    (folder / "start.py").write_text(START)
    process = subprocess.Popen(
        [sys.executable, "start.py"],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        yield process.stdout.readline().strip(), process.pid
        process.stdin.close()
        process.wait(30)


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    path = tmp_path_factory.mktemp("reference") / "o.csv"
    assert cli.run(main, [*WORDS, str(path)]) == 0
    return content(path)


def finished(path):
    path = path.with_name(path.name + ".checkpoint")
    return path.read_bytes().count(b"\n") - 1 if path.exists() else 0


def begun(path, address):
    process = subprocess.Popen(
        [sys.executable, "-m", "replica.phase", *WORDS, str(path), "--scheduler", address],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while finished(path) < 10:
        assert process.poll() is None
        time.sleep(0.005)
    return process


@pytest.mark.slow
def test_same_file_after_the_parent_was_killed(cluster, tmp_path, reference):
    path = tmp_path / "o.csv"
    with begun(path, cluster[0]) as process:
        process.kill()
        process.communicate()
    assert 0 < finished(path) < 121
    again = ["--jobs", "2"] if finished(path) % 2 else ["--scheduler", cluster[0]]
    assert cli.run(main, [*WORDS, str(path), *again]) == 0
    assert content(path) == reference


@pytest.mark.slow
def test_same_file_though_a_worker_was_killed(cluster, tmp_path, reference):
    path = tmp_path / "o.csv"
    workers = [c for c in psutil.Process(cluster[1]).children(recursive=True) if "spawn_main" in " ".join(c.cmdline())]
    with begun(path, cluster[0]) as process:
        os.kill(workers[0].pid, signal.SIGKILL)
        process.communicate(timeout=60)
    assert process.returncode == 0
    assert content(path) == reference


def test_a_cluster_of_threads_and_its_end():
    options = {"n_workers": 1, "threads_per_worker": 2, "processes": False, "dashboard_address": "127.0.0.1:0"}
    with (
        distributed.LocalCluster(**options, host="127.0.0.1", protocol="tcp") as cluster,
        executor(cluster.scheduler_address) as pool,
    ):
        outcomes = list(sweep(abs, [-1, -2, "x"], executor=pool))
        assert outcomes[:2] == [(0, 1), (1, 2)]
        assert isinstance(outcomes[2][1], TypeError)
        # As if the scheduler were lost: its client would wait for it for ever.
        pool.alive = lambda: False
        lost = list(sweep(time.sleep, [0.0, 2.0], executor=pool))
    assert lost[0] == (0, None)
    assert "went away" in str(lost[1][1])


def test_nobody_answers(capsys, monkeypatch):
    monkeypatch.setattr("replica.sweep.workers.ANSWER", 1.0)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        start = time.monotonic()
        assert cli.run(main, ["--theta", "1", "--scheduler", address]) == 1
    assert time.monotonic() - start < 10
    err = capsys.readouterr().err
    assert f"--scheduler: no Dask scheduler answers at {address}" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--scheduler", "nonsense"], "'nonsense' is no address such as tcp://host:8786"),
        (["--scheduler", ""], "--scheduler: the address of a scheduler is needed"),
        (["--scheduler"], "--scheduler: expected one argument"),
        (["--jobs", "1", "--scheduler", "tcp://127.0.0.1:1"], "--scheduler: not allowed with argument --jobs"),
        (["--scheduler", "tcp://127.0.0.1:1", "--jobs", "2"], "--jobs: not allowed with argument --scheduler"),
    ],
)
def test_bad_usage(words, said, capsys):
    try:
        status = cli.run(main, ["--theta", "1", *words])
    except SystemExit as end:
        status = end.code
    err = capsys.readouterr().err
    assert status == 2
    assert said in err
    assert err.count("\n") == 1


def test_without_dask(monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **options):
        if name.startswith(("dask", "distributed")):
            raise ModuleNotFoundError(f"No module named {name!r}")
        return real(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with (
        pytest.raises(UsageError, match=r"pip install 'replica-toolkit\[distributed\]'"),
        executor("tcp://127.0.0.1:1"),
    ):
        pass


@pytest.mark.slow
def test_a_cluster_with_other_versions_is_refused(cluster, monkeypatch):
    import replica.sweep.workers

    here = replica.sweep.workers.versions()
    client = type("Client", (), {"run": lambda self, f: {"tcp://w:1": here | {"numpy": "0.1"}}})()
    with pytest.raises(UsageError, match=r"worker tcp://w:1 has numpy 0\.1"):
        replica.sweep.workers._check_versions(client, "tcp://s:1")
