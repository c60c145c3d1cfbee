"""What all tests share: ``--shake`` (another rounding, see tests/shaken/shake.py), samples of cases, audible Ctrl-C."""

import signal
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent / "shaken"))


def pytest_addoption(parser):
    parser.addoption("--shake", action="store_true", help="another rounding of matrix products and of ties")
    parser.addoption("--shake-pattern", type=int, default=1, metavar="K", help="which values go up (default 1)")


def pytest_configure(config):
    if config.getoption("--shake"):
        import shake

        shake.install(config.getoption("--shake-pattern"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Of the cases of a test marked ``some(n)`` all but n, spread evenly, are slow."""
    families = {}
    for item in items:
        mark = item.get_closest_marker("some")
        if mark is not None:
            families.setdefault(item.nodeid.partition("[")[0], (mark.args[0], []))[1].append(item)
    for keep, members in families.values():
        kept = {round(i * (len(members) - 1) / max(keep - 1, 1)) for i in range(keep)}
        for i, item in enumerate(members):
            if i not in kept:
                item.add_marker("slow")


@pytest.fixture
def heard():
    """Ctrl-C as in a foreground shell, for the children of a test: those of nohup, or of ``&`` in a script, ignore it.

    A handler of Python's in the parent is the default one in a child.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
