"""Sphinx configuration: `make docs` builds the site into build/docs and fails on any warning."""

from __future__ import annotations

import shutil
import sys
from importlib.metadata import distribution
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

# Formulas are readable from disk, without a network: MathJax comes from a package that bundles it (and has to do with
# Django in name only), and what pages need of it is laid beside them. The glyphs are drawn as SVG, since browsers may
# refuse fonts from disk. The files that combine all parts are no choice: their menu keeps its settings in the browser,
# and one made on another page asks for parts that are not here, which leaves every formula as raw TeX.
MATHJAX = distribution("django-static-mathjax").locate_file("mathjax/static/mathjax")
MATHJAX_PARTS = ["input/tex-full", "output/svg", "a11y/assistive-mml"]
mathjax_path = "mathjax/startup.js"
mathjax3_config = {"loader": {"load": MATHJAX_PARTS}}
html_static_path = ["_static"]
html_css_files = ["formulas.css"]

nitpicky = True
nitpick_ignore_regex = [("py:class", r"(abc|argparse|concurrent|enum|sklearn)\..*")]  # bases from elsewhere
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_preserve_defaults = True
numpydoc_show_class_members = False
numpydoc_xref_param_type = False


def copy_mathjax(app):
    """Lay the parts of MathJax and its licence beside the pages."""
    if app.builder.format != "html":
        return
    folder = Path(app.outdir) / "_static" / "mathjax"
    for name in ("startup", "core", *MATHJAX_PARTS, "output/svg/fonts/tex"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(MATHJAX / "es5" / f"{name}.js", folder / f"{name}.js")
    shutil.copy(MATHJAX / "LICENSE", folder)


def setup(app):
    """Write the pages that come from the code, and prepare docstrings before numpydoc reads them."""
    _pages.write(Path(app.srcdir) / "generated")
    app.connect("builder-inited", copy_mathjax)
    app.connect("source-read", _pages.process_source)
    app.connect("env-get-outdated", lambda *_: ["index"])  # its contents depend on which pages there are
    app.connect("autodoc-process-docstring", _pages.process_docstring, priority=100)
