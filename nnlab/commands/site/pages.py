"""Pages: a notebook as MyST, Sphinx's Markdown: text, code, what the code showed, hints, folded solutions."""

import base64
import html
import re
import struct
from pathlib import Path

from nnlab.commands.generated.contents import minutes, shown
from nnlab.commands.notebook_files import text_of
from nnlab.commands.site.kernel import PICTURES
from nnlab.exercises import find
from nnlab.stage.alone.page import still

__all__ = ["CHECK", "flat", "page", "raw"]

CHECK = re.compile(r'nnlab\.check\("([\d.]+)"')
LINK = re.compile(r"\]\((?:\.\./)?(?:notebooks/)?([\w-]+)\.ipynb")
BADGE = re.compile(r"\[!\[([^\]]*)\]\([^)]*\)\]")
STYLE = re.compile(r' style="[^"]*"')
WIDGET = re.compile(r"[A-Z]\w+\(.*(children|value|description)=")
NEEDS = "Here the notebook shows something of ipywidgets, which needs a kernel."


def page(name: str, notebook: dict, folder: Path) -> str:
    """A notebook as MyST.

    Args:
        name: of the notebook, such as "06_optimizers".
        notebook: with its living parts as HTML, see ``alive``.
        folder: of the site, into which its pictures are written.
    """
    parts, pictures = [], Pictures(name, folder)
    for cell in notebook["cells"]:
        source = text_of(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(flat(source))
        elif source.strip():
            parts += code(cell, source, [pictures.output(output) for output in cell["outputs"]])
    parts[0] = re.sub(r"^(# .*)$", lambda title: f"{title[1]}\n\n{effort(notebook)}", parts[0], count=1, flags=re.M)
    return "\n\n".join(parts) + "\n"


def flat(text: str) -> str:
    """Markdown whose links lead to pages of the site, and whose badges are words: a page loads no picture from afar."""
    return BADGE.sub(r"[\1]", LINK.sub(r"](\1.md", text))


def effort(notebook: dict) -> str:
    """Reading time and number of exercises, in one line."""
    checks = {id for cell in shown(notebook) for id in CHECK.findall(cell)}
    return f"*{minutes(notebook)} minutes to read, {len(checks)} exercises*"


def code(cell: dict, source: str, outputs: list[str]) -> list[str]:
    """A cell: its code, folded where the notebook folds it, what it showed, the hints of its exercise."""
    tags, checks = cell["metadata"].get("tags", ()), CHECK.findall(source)
    block = fenced("code-block", "ipython3", source)
    if "solution" in tags:
        return folded(f"Solution of {', '.join(checks)}" if checks else "Solution", [block, *outputs])
    if "setup" in tags:
        return folded("Set-up on Colab and Kaggle", [block])
    if cell["metadata"].get("jupyter", {}).get("source_hidden"):
        return [*outputs, *folded("The code of this", [block])]
    return [block, *outputs, *(hint for id in checks for hint in hints(id))]


def hints(id: str) -> list[str]:
    """The two hints of an exercise, folded."""
    said = enumerate(find(id).hints, start=1)
    return [part for k, text in said for part in folded(f"Hint {k} of 2 for {id}", [raw(paragraph(text))])]


def folded(title: str, parts: list[str]) -> list[str]:
    """Parts that are seen once their title is pressed."""
    return [raw(f"<details><summary>{html.escape(title)}</summary>"), *parts, raw("</details>")]


def raw(text: str) -> str:
    """HTML in MyST."""
    return fenced("raw", "html", text)


def fenced(directive: str, argument: str, text: str) -> str:
    """A directive of MyST whose fence is longer than any in the text."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}{{{directive}}} {argument}\n{text.rstrip()}\n{fence}"


def paragraph(text: str) -> str:
    """Text with `code` in it as HTML."""
    marked = re.sub("`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))
    return f"<p>{marked}</p>"


class Pictures:
    """What a notebook showed, as MyST; pictures go to files of the site, numbered through the notebook."""

    def __init__(self, name: str, folder: Path):
        self.name, self.folder, self.count = name, folder, 0

    def output(self, output: dict) -> str:
        """One output: HTML, a picture, Markdown or text, the first that there is."""
        data = output.get("data", {})
        if "text/html" in data:
            return raw(STYLE.sub("", text_of(data["text/html"])))
        if "image/png" in data:
            return raw(self.picture(base64.b64decode(data["image/png"]), output["metadata"].get("image/png", {})))
        if "text/markdown" in data:
            return flat(text_of(data["text/markdown"]))
        text = text_of(output.get("text", data.get("text/plain", "")))
        if WIDGET.match(text):
            return f"*{NEEDS}*"
        return raw(f'<pre class="output">{html.escape(text.rstrip(), quote=False)}</pre>')

    def picture(self, png: bytes, told: dict) -> str:
        """The HTML of a picture, which is written beside the page."""
        self.count += 1
        path = f"{PICTURES}/{self.name}-{self.count}.png"
        (self.folder / path).parent.mkdir(exist_ok=True)
        (self.folder / path).write_bytes(png)
        width = told.get("width", struct.unpack(">I", png[16:20])[0])
        return f"<p>{still(png, told.get('alt', 'What the code above draws'), width, path)}</p>"
