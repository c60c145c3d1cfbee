"""Published figures, redrawn: one figure per file, its numbers kept beside it as a CSV file.

A figure is a module of this package whose docstring names the source, with two functions: `compute()` returns
a `replica.table.Table`, `draw(table, figure)` draws it into a `matplotlib.figure.Figure`. It may set `SIZE`
(inches) and `RTOL`, `ATOL` (how far recomputed numbers may lie from the committed ones, with the reason).
"""
