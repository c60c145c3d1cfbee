"""Phase diagrams: against scalar solutions, on every executor, with bad input and points that fail."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pytest

from replica.diagrams.phase_map import phase_diagram
from replica.models import Hopfield
from replica.saddle.solver import solve_all
from replica.sweep import executor

MODEL = Hopfield(alpha=0.1, T=0.1)
T = [0.0, 0.05, 0.3, 0.8, 1.2]
ALPHA = [0.001, 0.01, 0.05, 0.1, 0.2]


@dataclass(frozen=True, eq=False)
class Named(Hopfield):
    """A model that knows its phases, and fails at some points."""

    name = "named"

    def phases(self):
        T, alpha = np.broadcast_arrays(self.T, self.alpha)
        if (T == 0.3).any() and (alpha == 0.05).any():
            raise ArithmeticError("no phase")
        return np.where(T > 0.5, "hot", "cold"), T + alpha, {"sum": T - alpha, "kind": np.full(T.shape, "x")}


def same(a, b):
    return (
        (a.labels == b.labels).all()
        and a.free_energy.tobytes() == b.free_energy.tobytes()
        and a.extras.keys() == b.extras.keys()
        and all((a.extras[k] == b.extras[k]).all() for k in a.extras)
        and a.errors == b.errors
    )


def test_against_scalar_solutions():
    diagram = phase_diagram(MODEL, rows={"T": T}, columns={"alpha": ALPHA})
    assert diagram.labels.shape == diagram.free_energy.shape == (5, 5)
    for i, t in enumerate(T):
        for j, alpha in enumerate(ALPHA):
            best = solve_all(Hopfield(alpha=alpha, T=t))[0]
            assert diagram.labels[i, j] == best.kind
            assert diagram.free_energy[i, j] == pytest.approx(best.free_energy, abs=1e-12)
    assert set(diagram.labels.flat) == {"retrieval", "spin_glass", "paramagnet"}
    turned = phase_diagram(MODEL, rows={"alpha": ALPHA}, columns={"T": T})
    assert (turned.labels.T == diagram.labels).all()
    assert (turned.free_energy.T == diagram.free_energy).all()


def test_every_executor_and_the_checkpoint(tmp_path, monkeypatch):
    monkeypatch.setattr("replica.diagrams.phase_map.CHUNK", 10)
    grid = {"rows": {"T": T}, "columns": {"alpha": ALPHA}}
    alone = phase_diagram(MODEL, **grid)
    path = tmp_path / "c"
    with executor(2) as pool:
        assert same(phase_diagram(MODEL, **grid, executor=pool, checkpoint=path), alone)
    assert path.read_bytes().count(b"\n") == 4
    path.write_bytes(path.read_bytes()[:-100])
    seen = []
    with ThreadPoolExecutor(2) as pool:
        again = phase_diagram(
            MODEL,
            **grid,
            executor=pool,
            checkpoint=path,
            progress=lambda items, total: (seen.append((total, item[0])) or item for item in items),
        )
    assert same(again, alone)
    assert seen == [(3, 0), (3, 1), (3, 2)]
    with pytest.raises(ValueError, match="belongs to another sweep"):
        phase_diagram(Hopfield(alpha=0.1, T=0.1), rows={"T": T[:4]}, columns={"alpha": ALPHA}, checkpoint=path)


def test_a_point_that_fails_is_named():
    with pytest.warns(UserWarning, match=r"1 of 25 points failed, such as T = 0.3, alpha = 0.05: no phase"):
        diagram = phase_diagram(Named(alpha=0.1, T=0.1), rows={"T": T}, columns={"alpha": ALPHA})
    assert diagram.errors == {(2, 2): "no phase"}
    assert diagram.labels[:, 0].tolist() == ["cold", "cold", "cold", "hot", "hot"]
    assert diagram.labels[2, 2] == ""
    assert np.isnan(diagram.free_energy[2, 2])
    assert np.isfinite(diagram.free_energy).sum() == 24
    assert diagram.extras["sum"][3, 1] == 0.8 - 0.01
    with pytest.warns(UserWarning, match="alpha = 0.05, T = 0.3"):
        turned = phase_diagram(Named(alpha=0.1, T=0.1), rows={"alpha": ALPHA}, columns={"T": T[:3]})
    assert turned.errors == {(2, 2): "no phase"}
    assert turned.extras["kind"].shape == (5, 3)


def test_table():
    table = phase_diagram(Named(alpha=0.1, T=0.1), rows={"T": [0.1, 0.8]}, columns={"alpha": [0.25, 0.5]}).table()
    assert list(table.columns) == ["T", "alpha", "phase", "free_energy", "sum", "kind"]
    assert table["T"] == (0.1, 0.1, 0.8, 0.8)
    assert table["alpha"] == (0.25, 0.5, 0.25, 0.5)
    assert table["phase"] == ("cold", "cold", "hot", "hot")
    assert table.meta["parameters"]["model"] == "named"


@pytest.mark.parametrize(
    ("rows", "columns", "said"),
    [
        ({"t": [1]}, {"alpha": [1]}, "rows: 't' is not a control of hopfield: choose from"),
        ({"T": []}, {"alpha": [1]}, "rows: T has shape"),
        ({"T": 0.5}, {"alpha": [1]}, "rows: T has shape"),
        ({"T": [0.5, float("nan")]}, {"alpha": [1]}, "rows: T = nan: finite numbers are needed"),
        ({"T": ["a"]}, {"alpha": [1]}, "rows: T = .* a list of numbers is needed"),
        ({"T": [1]}, {"T": [1]}, "rows and columns are both T"),
        ({"T": [1], "alpha": [1]}, {"alpha": [1]}, "rows = .*: one control"),
        ({"T": [1]}, [0.1], "columns = .*: one control"),
        ({"T": [-1]}, {"alpha": [1]}, "T = -1.*is needed"),
    ],
)
def test_bad_input_is_one_clear_line(rows, columns, said):
    with pytest.raises(ValueError, match=said) as error:
        phase_diagram(MODEL, rows=rows, columns=columns)
    assert "\n" not in str(error.value)
