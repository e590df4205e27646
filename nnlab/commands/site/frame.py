"""Frame: what Sphinx is told, and the few things that it must learn: formulas as MathML, the anchors of Jupyter."""

import inspect
import io
import re
import warnings
from pathlib import Path

from docutils import nodes

from nnlab.commands.formulas import mathml
from nnlab.commands.site.reference import plain

__all__ = ["POLICY", "frame", "setup", "slug"]

HERE = Path(__file__).parent
# A page runs and shows only files that lie beside it. Pictures inside of a page are data, never code.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'"
)
TAG = re.compile(r"<[^>]*>")
# Names and signs of code look like the text around them: their marks are a third of a page, and would delay it.
UNSEEN = re.compile(r'<span class="(?:n|p|o|w|nb|nn|bp|fm|ne|vm)">([^<]*)</span>')
CONFIG = {
    "project": "nnlab",
    "html_title": "nnlab",
    "extensions": ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", __name__],
    "myst_enable_extensions": ["dollarmath", "amsmath"],
    "myst_heading_anchors": 4,
    "myst_heading_slug_func": f"{__name__}.slug",
    "html_theme": "course",
    "html_theme_path": [str(HERE)],
    "html_math_renderer": "mathml",
    "html_context": {"policy": POLICY},
    "html_permalinks": False,
    "html_copy_source": False,
    "html_show_search_summary": False,
    "html_use_index": False,
    "html_domain_indices": False,
    "default_role": "literal",
    "autodoc_member_order": "bysource",
    "autodoc_typehints": "signature",
    "language": "en",
}


def frame(source: Path, folder: Path, work: Path) -> list[str]:
    """Let Sphinx make the HTML of the pages in a folder; returns what it complains of."""
    from sphinx.application import Sphinx
    from sphinx.util.console import nocolor
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    said = io.StringIO()
    nocolor()
    with warnings.catch_warnings(), patch_docutils(), docutils_namespace():
        warnings.simplefilter("ignore")  # its parts warn of each other's next versions
        Sphinx(source, None, folder, work, "html", CONFIG, status=None, warning=said).build()
    return said.getvalue().splitlines()


def slug(title: str) -> str:
    """The anchor of a heading as Jupyter makes it, so that links of notebooks hold on pages, too."""
    return title.replace(" ", "-")


def setup(app):
    """What Sphinx calls: this module is an extension of it."""
    app.add_html_math_renderer("mathml", inline_renderers=(inline, None), block_renderers=(block, None))
    app.connect("autodoc-process-docstring", docstring)
    app.connect("html-page-context", lighten)
    app.connect("autodoc-skip-member", lambda app, what, name, thing, skip, options: skip or is_plain_field(thing))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def docstring(app, what, name, thing, options, lines):
    """Let the mathematics of a docstring mean itself."""
    lines[:] = plain(lines)


def lighten(app, page, template, context, doctree):
    """Leave out of a page's code what no rule of site.css speaks of."""
    if "body" in context:  # a page of the theme alone, such as the search, has none
        context["body"] = UNSEEN.sub(r"\1", context["body"])


def inline(translator, node):
    """A formula in a line of text; at the head of a column its letters, too: not every reader looks into a formula."""
    told = mathml(node.astext())
    if any(isinstance(place, nodes.thead) for place in (node.parent.parent.parent, node.parent.parent.parent.parent)):
        told = f'<span aria-hidden="true">{told}</span><span class="unseen">{TAG.sub("", told)}</span>'
    translator.body.append(told)
    raise nodes.SkipNode


def block(translator, node):
    """A formula on a line of its own."""
    translator.body.append(f'<div class="math">{mathml(node.astext(), display=True)}</div>')
    raise nodes.SkipNode


def is_plain_field(thing) -> bool:
    """Whether this is a field that its class describes: of a named tuple, or one whose default is a function."""
    by_default = inspect.isfunction(thing) and "." not in thing.__qualname__
    return by_default or (getattr(thing, "__doc__", None) or "").startswith("Alias for field number")
