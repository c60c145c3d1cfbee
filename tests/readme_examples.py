"""Run the examples of the documentation: `python tests/readme_examples.py [FILE.md ...]`.

In ```console and ```bash blocks, lines `$ python -m ...` are run and their output compared with the lines
that follow, if any; `...` there stands for anything, and `# exit 2` at the end of a command for its status.
In ```bash blocks without `$ ` every line `python -m ...` is run. ```python blocks with `>>>` are doctests,
others are run. A block after a line `<!-- not run -->` is left alone.
"""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# The folder of this script holds tests/replica, which would be taken for the package.
sys.path[0] = str(ROOT)
FENCE = re.compile(
    r"^(?P<skip><!-- not run -->\s*\n)?^```(?P<kind>console|bash|python)\s*\n(?P<body>.*?)^```\s*$",
    re.M | re.S,
)
TIME_LIMIT = 300
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@dataclass(frozen=True)
class Command:
    """A command of the documentation, the output shown (if any) and the exit status meant."""

    line: str
    shown: str
    status: int


def blocks(text: str) -> Iterator[tuple[str, str]]:
    """Kind and body of each block that is to be run."""
    for found in FENCE.finditer(text):
        if not found["skip"]:
            yield found["kind"], found["body"]


def commands(kind: str, body: str) -> Iterator[Command]:
    """Commands of a console or bash block that begin with `python -m`."""
    body = body.replace("\\\n", " ")
    prompted = kind == "console" or body.startswith("$ ")
    for part in re.split(r"^\$ ", body, flags=re.M)[1:] if prompted else body.splitlines():
        line, _, shown = part.partition("\n")
        if line.startswith("python -m "):
            status = re.search(r"#\s*exit (\d+)\s*$", line)
            yield Command(line.strip(), shown, int(status[1]) if status else 0)


def run_command(command: Command, folder: Path) -> str | None:
    """What is wrong with a command, None if nothing."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg"}
    done = subprocess.run(
        ["bash", "-c", command.line],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=TIME_LIMIT,
    )
    if done.returncode != command.status:
        return f"exit status {done.returncode} instead of {command.status}\n{done.stdout}{done.stderr}"
    # A console shows both streams.
    got = done.stdout + done.stderr
    if command.shown.strip() and not doctest.OutputChecker().check_output(command.shown, got, OPTIONS):
        return f"shown:\n{command.shown}\nprinted:\n{got}"
    return None


def run_python(body: str, names: dict[str, object]) -> str | None:
    """What is wrong with a block of Python, None if nothing; `names` live on into the next block."""
    if ">>>" not in body:
        try:
            exec(compile(body, "<example>", "exec", dont_inherit=True), names)
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        return None
    test = doctest.DocTestParser().get_doctest(body, names, "example", None, 0)
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=OPTIONS, verbose=False)
    result = runner.run(test, out=report.append, clear_globs=False)
    names.update(test.globs)
    return "".join(report) if result.failed else None


def run_file(path: Path, folder: Path) -> tuple[int, int]:
    """Run a file's examples, print those that are wrong; how many were run and how many are wrong."""
    names: dict[str, object] = {"__name__": "example"}
    run = wrong = 0
    for kind, body in blocks(path.read_text("utf-8")):
        examples = [body] if kind == "python" else list(commands(kind, body))
        for example in examples:
            start = time.monotonic()
            if isinstance(example, Command):
                label, fault = example.line, run_command(example, folder)
            else:
                label, fault = example.partition("\n")[0], run_python(example, names)
            run, wrong = run + 1, wrong + (fault is not None)
            print(
                f"{'ok   ' if fault is None else 'WRONG'} {time.monotonic() - start:6.1f} s  {label}",
                flush=True,
            )
            if fault is not None:
                print(fault)
    return run, wrong


def main(argv: list[str]) -> int:
    """Run the examples of the files given, or of README.md and docs; 1 if any is wrong or there is none."""
    files = [Path(name) for name in argv] or [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    with tempfile.TemporaryDirectory() as folder:
        counts = [run_file(path, Path(folder)) for path in files]
    run, wrong = (sum(column) for column in zip(*counts, strict=True))
    print(f"{run} examples, {wrong} wrong")
    return int(wrong > 0 or run == 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
