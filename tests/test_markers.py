"""Every file of tests has some that are quick enough for the loop while working."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FAST = "not slow and not medium"


def collected(chosen):
    """Files of tests in which something is chosen, and how many tests that is."""
    words = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "-m", chosen, "tests"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    nodes = re.findall(r"^(tests/\S+\.py)::", done.stdout, flags=re.M)
    return set(nodes), len(nodes)


@pytest.mark.slow
def test_each_file_keeps_a_fast_test():
    everything, number = collected("")
    fast, chosen = collected(FAST)
    assert everything - fast == set()
    assert chosen > number / 2


def test_some_of_many_cases_run(pytester_folder):
    """Three of ten cases, the first and the last among them, are not slow."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow", "-rp", "-W", "ignore", "."],
        cwd=pytester_folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.findall(r"PASSED test_it\.py::test_case\[(\d)\]", done.stdout) == ["0", "4", "9"]


@pytest.fixture
def pytester_folder(tmp_path):
    (tmp_path / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text("utf-8"), "utf-8")
    (tmp_path / "test_it.py").write_text(
        "import pytest\n\n\n@pytest.mark.some(3)\n@pytest.mark.parametrize('i', range(10))\n"
        "def test_case(i):\n    pass\n"
    )
    return tmp_path
