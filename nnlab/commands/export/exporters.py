"""Exporters: ``jupyter nbconvert --to nnlab`` and ``--to nnlab-slides``, also in JupyterLab's menu to save and export.

What they write loads nothing: pictures, style and script stand in the file, formulas are MathML, and the policy of the
page forbids the rest.
"""

from functools import partial
from pathlib import Path

from nbconvert.exporters import HTMLExporter
from traitlets import Unicode, default

from nnlab.commands.export.text import html_of
from nnlab.stage.alone.page import digest

__all__ = ["PageExporter", "SlidesExporter"]

TEMPLATES = Path(__file__).parent / "templates"


class PageExporter(HTMLExporter):
    """A page to read and to print: code wraps, solutions and answers are folded, pictures have their words."""

    export_from_notebook = "Page without network"
    styles: tuple[str, ...] = ("page.css",)
    scripts: tuple[str, ...] = ()
    links = Unicode(help="what .ipynb becomes in links to other notebooks").tag(config=True)

    @default("links")
    def _default_links(self):
        return self.file_extension

    @default("template_name")
    def _default_template_name(self):
        return "nnlab"

    @default("template_extension")
    def _default_template_extension(self):
        return ".html.j2"

    @default("extra_template_basedirs")
    def _default_basedirs(self):
        return [str(TEMPLATES)]

    def default_filters(self):
        """nbconvert's, and formulas in MathML."""
        yield from super().default_filters()
        yield "markdown2html", partial(html_of, suffix=self.links)

    def _init_resources(self, resources):
        resources = super()._init_resources(resources)
        style, script = ("".join(map(text_of, names)) for names in (self.styles, self.scripts))
        policy = f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {digest(script)}"
        return resources | {"style": style, "script": script, "policy": policy}


class SlidesExporter(PageExporter):
    """Slides, one for each text and each picture, as large as the screen allows; arrow keys turn them."""

    export_from_notebook = "Slides without network"
    styles = ("page.css", "slides.css")
    scripts = ("slides.js",)

    @default("file_extension")
    def _default_file_extension(self):
        return ".slides.html"


def text_of(name: str) -> str:
    """A file of the template."""
    return (TEMPLATES / "nnlab" / name).read_text(encoding="utf-8")
