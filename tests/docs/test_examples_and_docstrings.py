"""The runner of the documentation's examples, and the docstring checker, find what is wrong."""

import importlib
import importlib.util
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]

GOOD = """
```console
$ python -m json.tool --help | head -1
usage: ...json...
$ ls
$ python -m json.tool nothing  # exit 2
```
```bash
python -m platform > found.txt
cat found.txt
```
```python
x = 20
```
```python
>>> x + 1
21
```
<!-- not run -->
```python
1 / 0
```
```text
python -m nothing
```
"""


def load(name):
    spec = importlib.util.spec_from_file_location(name, TESTS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    # A dataclass looks its module up.
    importlib.sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def examples():
    return load("readme_examples")


def test_good_examples(examples, tmp_path, capsys):
    (tmp_path / "a.md").write_text(GOOD)
    assert examples.run_file(tmp_path / "a.md", tmp_path) == (5, 0)
    assert (tmp_path / "found.txt").exists()
    assert examples.main([str(tmp_path / "a.md")]) == 0
    assert "5 examples, 0 wrong" in capsys.readouterr().out


@pytest.mark.parametrize(
    "block",
    [
        "```console\n$ python -m platform\nwrong\n```",
        "```console\n$ python -m no_such_module\n```",
        "```console\n$ python -m platform  # exit 2\n```",
        "```python\n1 / 0\n```",
        "```python\n>>> 1 + 1\n3\n```",
        "no example at all",
    ],
)
def test_wrong_examples(examples, tmp_path, block, capsys):
    (tmp_path / "a.md").write_text(f"Text.\n\n{block}\n")
    assert examples.main([str(tmp_path / "a.md")]) == 1
    assert "wrong" in capsys.readouterr().out


def test_docstrings(tmp_path, monkeypatch, capsys):
    pytest.importorskip("numpydoc")
    (tmp_path / "documented").mkdir()
    (tmp_path / "documented" / "__init__.py").write_text(
        '"""Package."""\n'
        'def short(x):\n    """x squared."""\n'
        "def none(x):\n    pass\n"
        'def stale(x):\n    """Square.\n\n    Parameters\n    ----------\n'
        '    y : float\n        A number.\n    """\n'
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert load("docstrings").main(["documented"]) == 1
    out = capsys.readouterr().out
    assert "documented.none: GL08" in out
    assert "documented.stale: PR02" in out
    assert "short" not in out
