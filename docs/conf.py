"""Sphinx configuration: `make docs` builds the site into build/docs and fails on any warning."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import _pages  # noqa: E402 - found on the path above

project = "replica-toolkit"
author = project_copyright = "The replica-toolkit developers"
version = release = installed(project)

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.mathjax", "numpydoc"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = project
html_copy_source = False

myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3

nitpicky = True
nitpick_ignore_regex = [("py:class", r"(abc|argparse|concurrent|enum|sklearn)\..*")]  # bases from elsewhere
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_preserve_defaults = True
numpydoc_show_class_members = False
numpydoc_xref_param_type = False


def setup(app):
    """Write the pages that come from the code, and prepare docstrings before numpydoc reads them."""
    _pages.write(HERE / "generated")
    app.connect("source-read", _pages.process_source)
    app.connect("env-get-outdated", lambda *_: ["index"])  # its contents depend on which pages there are
    app.connect("autodoc-process-docstring", _pages.process_docstring, priority=100)
