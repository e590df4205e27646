"""Text: Markdown as HTML that needs no script."""

import re
from html import escape

from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from nnlab.commands.formulas import mathml

__all__ = ["html_of"]

NOTEBOOK = re.compile(r"([^/:]+)\.ipynb(#.*)?")
GAP = r"\qquad"  # between formulas that stand in one line where there is room


def html_of(source: str, suffix: str = ".html") -> str:
    """Markdown as HTML that loads nothing.

    Args:
        suffix: what ".ipynb" becomes in links to the notebooks beside this one; such links are left out where it is "".
    """
    return MarkdownWithMath(renderer=Renderer(suffix)).render(source)


class Renderer(IPythonRenderer):
    """nbconvert's, with formulas in MathML, and words in the place of pictures that lie in the network."""

    def __init__(self, suffix: str):
        super().__init__(escape=False, exclude_anchor_links=True)
        self.suffix = suffix

    def block_math(self, body: str) -> str:
        return f'<span class="formula">{"".join(mathml(part, display=True) for part in parts(body))}</span>'

    def inline_math(self, body: str) -> str:
        return mathml(body)

    def latex_environment(self, name: str, body: str) -> str:
        return self.block_math(f"\\begin{{{name}}}{body}\\end{{{name}}}")

    def image(self, text: str, url: str, title: str | None = None) -> str:
        return escape(text) if url.startswith("http") else super().image(text, url, title)

    def table(self, text: str) -> str:
        return f'<div class="wide"><table>{text}</table></div>\n'

    def link(self, text: str, url: str, title: str | None = None) -> str:
        beside = NOTEBOOK.fullmatch(url)
        if beside and not self.suffix:
            return text
        return super().link(text, f"{beside[1]}{self.suffix}{beside[2] or ''}" if beside else url, title)


def parts(latex: str) -> list[str]:
    """The formulas of one line, which stand one below the other where the line is too long."""
    cut = latex.split(GAP)
    whole = all(part.count("{") == part.count("}") and part.count(r"\left") == part.count(r"\right") for part in cut)
    return cut if whole and r"\begin" not in latex else [latex]
