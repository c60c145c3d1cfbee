"""Another rounding: ``pytest --shake`` runs every test on numbers that another machine could have computed.

How a product of matrices is rounded depends on the kernel that the BLAS library chose for this processor. A test that
passes on one kernel only, because it compares a trajectory that rounding has turned or the order of values that tie,
has to fail here. Modules of `replica` and `rbm_sim` are rewritten as they are imported:

products
    ``a @ b``, ``np.matmul``, ``np.dot``, ``x.dot``, ``np.tensordot(a, b, 1)``, and ``np.einsum`` over a last axis that
    both operands share, of float or complex arrays: in two halves along that axis, which are added.
order of values
    ``argsort``, ``argmin``, ``argmax`` and ``np.lexsort`` of doubles, and ``sorted``, ``min``, ``max`` and ``.sort`` by
    a key: each value is moved by one unit of its last place, up or down as a hash of its index, of how many orders were
    asked for before, and of ``--shake-pattern`` says. So equal values come in any order, another one each time.
comparisons
    ``<``, ``<=``, ``>``, ``>=`` between two arrays of doubles, moved likewise, but as a hash of the value says: equal
    doubles stay equal, since a value that was selected from an array may be looked up in it.

Left alone is what rounding does not reach: products of integers, of Python objects and mpmath numbers, of sparse
matrices and of `Weights`; values whose last 20 binary digits are 0 (integers, halves, most values with few binary
digits: they are computed exactly, or set); equality, comparisons with a number (the ends of a domain, 0 and 1, are
exact; tolerances are wide), ``sort`` and ``searchsorted`` (which return the values, or look into grids that are set).
Not reached are sums (numpy adds pairwise in the same order everywhere but for the width of vectors: see
tests/no_vectors.py), elementary functions, LAPACK, and code outside of the two packages.

Processes that tests start are shaken too, through `sitecustomize` on ``PYTHONPATH``, unless a test sets that variable
for them. This module is also that plugin: tests/conftest.py calls `install`.
"""

from __future__ import annotations

import ast
import builtins
import importlib.abc
import importlib.machinery
import os
import sys
from pathlib import Path
from types import CodeType
from typing import Any

VARIABLE = "REPLICA_SHAKE"
"""Environment variable that holds the pattern, for processes that tests start."""
PACKAGES = ("replica", "rbm_sim")
EXACT_BITS = 20
"""Last binary digits that are 0 in values which are not moved."""
MIX = 0x9E3779B97F4A7C15
pattern = 1
orders = 0


# What the rewritten code calls.


def matmul(a: Any, b: Any, out: Any = None) -> Any:
    """Product of matrices, in two halves if it is rounded."""
    import numpy as np

    if not _rounded(a, b) or min(np.ndim(a), np.ndim(b)) < 1 or np.shape(a)[-1] < 2:
        return a @ b if out is None else np.matmul(a, b, out=out)
    half = a.shape[-1] // 2
    lower, upper = (b[:half], b[half:]) if b.ndim == 1 else (b[..., :half, :], b[..., half:, :])
    result = np.matmul(a[..., :half], lower, out=out)
    result += np.matmul(a[..., half:], upper)
    return result


def dot(owner: Any, *args: Any, **kwargs: Any) -> Any:
    """``np.dot(a, b)``, or ``a.dot(b)``."""
    import numpy as np

    if owner is np and len(args) == 2 and not kwargs and all(1 <= np.ndim(x) <= 2 for x in args):
        return matmul(*map(_array, args))
    if isinstance(owner, np.ndarray) and len(args) == 1 and not kwargs and 1 <= np.ndim(args[0]) <= 2 >= owner.ndim:
        return matmul(owner, _array(args[0]))
    return owner.dot(*args, **kwargs)


def numpy_matmul(owner: Any, *args: Any, **kwargs: Any) -> Any:
    """``np.matmul(a, b, out=…)``."""
    import numpy as np

    if owner is np and len(args) == 2 and kwargs.keys() <= {"out"}:
        return matmul(*map(_array, args), **kwargs)
    return owner.matmul(*args, **kwargs)


def tensordot(owner: Any, a: Any, b: Any, axes: Any = 2) -> Any:
    """``np.tensordot(a, b, 1)``."""
    if axes == 1 and _rounded(a, b) and a.ndim and a.shape[-1] > 1:
        half = a.shape[-1] // 2
        return owner.tensordot(a[..., :half], b[:half], 1) + owner.tensordot(a[..., half:], b[half:], 1)
    return owner.tensordot(a, b, axes)


def einsum(owner: Any, subscripts: str, *operands: Any, **kwargs: Any) -> Any:
    """``np.einsum`` of two operands, over a last axis that both share."""
    into, _, result = subscripts.partition("->")
    axes = [part[-1] for part in into.split(",")]
    if len(operands) == 2 and _rounded(*operands) and axes[0] == axes[1] and axes[0] not in result:
        a, b = operands
        half = a.shape[-1] // 2
        if half and a.shape[-1] == b.shape[-1]:
            lower = owner.einsum(subscripts, a[..., :half], b[..., :half], **kwargs)
            return lower + owner.einsum(subscripts, a[..., half:], b[..., half:], **kwargs)
    return owner.einsum(subscripts, *operands, **kwargs)


def arg(name: str) -> Any:
    """``x.argmin(…)`` or ``np.argmin(x, …)``, and so for the others."""

    def shaken(owner: Any, *args: Any, **kwargs: Any) -> Any:
        import numpy as np

        if owner is np and args:
            return getattr(np, name)(moved(args[0]), *args[1:], **kwargs)
        return getattr(moved(owner), name)(*args, **kwargs)

    return shaken


argsort, argmin, argmax = arg("argsort"), arg("argmin"), arg("argmax")


def lexsort(owner: Any, keys: Any, *args: Any, **kwargs: Any) -> Any:
    """``np.lexsort``."""
    return owner.lexsort(tuple(moved(key) for key in keys), *args, **kwargs)


def ordered(function: Any, *args: Any, key: Any = None, **kwargs: Any) -> Any:
    """``sorted``, ``min`` or ``max`` by a key."""
    return function(*args, key=_moving(key), **kwargs) if key else function(*args, **kwargs)


def sort(owner: Any, *args: Any, key: Any = None, **kwargs: Any) -> Any:
    """``list.sort`` by a key; the others as they are."""
    return owner.sort(*args, key=_moving(key), **kwargs) if key else owner.sort(*args, **kwargs)


def compare(symbol: str, a: Any, b: Any) -> Any:
    """Order of two arrays of doubles."""
    if _movable(a) and _movable(b):
        a, b = moved(a, by_value=True), moved(b, by_value=True)
    if symbol == "Lt":
        return a < b
    if symbol == "LtE":
        return a <= b
    return a > b if symbol == "Gt" else a >= b


def moved(x: Any, *, by_value: bool = False) -> Any:
    """Doubles that are not exact, each moved by one unit in its last place."""
    global orders  # noqa: PLW0603 - one for the process
    import numpy as np

    if not _movable(x):
        return x
    bits = np.ascontiguousarray(x).view(np.uint64)
    if by_value:
        seed = bits
    else:
        orders += 1
        seed = (np.arange(x.size) + 1000 * orders).astype(np.uint64).reshape(x.shape)
    with np.errstate(over="ignore"):
        mixed = (seed + np.uint64(pattern)) * np.uint64(MIX)
        mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(MIX)
    up = (mixed >> np.uint64(40)) & np.uint64(1) == 1
    inexact = (bits & np.uint64(2**EXACT_BITS - 1) != 0) & np.isfinite(x)
    with np.errstate(all="ignore"):
        return np.where(inexact, np.nextafter(x, np.where(up, np.inf, -np.inf)), x)


def _movable(x: Any) -> bool:
    import numpy as np

    return type(x) is np.ndarray and x.dtype == np.float64 and x.ndim > 0


def _moving(key: Any) -> Any:
    """The key, whose doubles are moved one way or the other from call to call."""
    import numpy as np

    def shaken(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(shaken, value))
        return float(moved(np.array([value]))[0]) if isinstance(value, float) else value

    return lambda item: shaken(key(item))


def _array(x: Any) -> Any:
    import numpy as np

    return np.asarray(x) if isinstance(x, (list, tuple)) else x


def _rounded(a: Any, b: Any) -> bool:
    """Whether the product of the two is rounded, by the BLAS library."""
    import numpy as np

    if type(a) is not np.ndarray or type(b) is not np.ndarray or a.dtype.hasobject or b.dtype.hasobject:
        return False
    return np.result_type(a, b).kind in "fc"


# Rewriting of modules.


class Rewriting(ast.NodeTransformer):
    """Products, orders and comparisons by way of the functions above."""

    METHODS = ("dot", "tensordot", "einsum", "argsort", "argmin", "argmax", "lexsort", "sort")

    def call(self, node: ast.AST, name: str, *args: ast.expr) -> ast.Call:
        """A call of one of the functions above."""
        function = ast.Attribute(ast.Name("__shaken__", ast.Load()), name, ast.Load())
        return ast.copy_location(ast.Call(function, list(args), []), node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """``a @ b``."""
        self.generic_visit(node)
        return self.call(node, "matmul", node.left, node.right) if isinstance(node.op, ast.MatMult) else node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        """``a @= b``, of which there is none."""
        if isinstance(node.op, ast.MatMult):
            raise NotImplementedError(f"line {node.lineno}: a @= b is not shaken")
        return self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        """``a < b``; chains are comparisons of numbers."""
        self.generic_visit(node)
        if len(node.ops) > 1 or not isinstance(node.ops[0], (ast.Lt, ast.LtE, ast.Gt, ast.GtE)):
            return node
        symbol = ast.copy_location(ast.Constant(type(node.ops[0]).__name__), node)
        return self.call(node, "compare", symbol, node.left, node.comparators[0])

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Functions and methods."""
        self.generic_visit(node)
        of = node.func
        if isinstance(of, ast.Attribute) and (of.attr in self.METHODS or of.attr == "matmul"):
            name = "numpy_matmul" if of.attr == "matmul" else of.attr
            new = self.call(node, name, of.value, *node.args)
        elif isinstance(of, ast.Name) and of.id in ("sorted", "min", "max"):
            new = self.call(node, "ordered", of, *node.args)
        else:
            return node
        new.keywords = node.keywords
        return new


class Loader(importlib.machinery.SourceFileLoader):
    """Loads a module rewritten, past the cache of bytecode."""

    def get_code(self, fullname: str) -> CodeType:
        """The module's code."""
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)

    def source_to_code(self, data: Any, path: Any, *, _optimize: int = -1) -> CodeType:  # type: ignore[override]
        """Code of a source, rewritten."""
        tree = ast.fix_missing_locations(Rewriting().visit(ast.parse(data, path)))
        return compile(tree, path, "exec", dont_inherit=True, optimize=_optimize)


class Finder(importlib.abc.MetaPathFinder):
    """Finds modules of the packages where the others find them."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """The module with the loader above."""
        if name.partition(".")[0] not in PACKAGES:
            return None
        for finder in sys.meta_path:
            spec = None if isinstance(finder, Finder) else finder.find_spec(name, path, target)
            if spec is not None:
                if type(spec.loader) is importlib.machinery.SourceFileLoader:
                    spec.loader = Loader(spec.loader.name, spec.loader.path)
                return spec
        return None


def install(number: int) -> None:
    """Shake the packages in this process, and in those that it starts."""
    global pattern  # noqa: PLW0603 - one for the process
    if any(isinstance(finder, Finder) for finder in sys.meta_path):  # a worker of pytest-xdist, by `sitecustomize`
        return
    early = [name for name in PACKAGES if name in sys.modules]
    if early:
        raise RuntimeError(f"{', '.join(early)}: imported before it could be shaken")
    pattern = number
    builtins.__shaken__ = sys.modules[__name__]  # type: ignore[attr-defined]
    sys.meta_path.insert(0, Finder())
    os.environ[VARIABLE] = str(number)
    here = str(Path(__file__).parent)
    paths = [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p]
    if here not in paths:
        os.environ["PYTHONPATH"] = os.pathsep.join([here, *paths])
