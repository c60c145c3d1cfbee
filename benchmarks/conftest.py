"""Make `python -m pytest benchmarks` collect `bench_*.py`; the normal run looks in `tests` only."""


def pytest_configure(config):
    patterns = config.getini("python_files")
    if "bench_*.py" not in patterns:
        config.addinivalue_line("python_files", "bench_*.py")
