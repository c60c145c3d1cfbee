"""The mutations of formulas (tests/mutations.py) still have what they change, and tests to notice it."""

import re
from pathlib import Path

import pytest
from mutations import MUTATIONS

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: f"{Path(m.file).stem}-{m.right[:20]}")
def test_it_applies(mutation):
    assert (ROOT / mutation.file).read_text("utf-8").count(mutation.right) == 1
    assert mutation.right != mutation.wrong
    file, _, name = mutation.tests.partition("::")
    text = (ROOT / file).read_text("utf-8")
    assert not name or re.search(rf"def {re.escape(name.partition('[')[0])}\(", text)
