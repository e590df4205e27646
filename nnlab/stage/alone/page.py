"""Page: the HTML of an explorer that lives without a kernel, as a fragment of any page or as a page of its own."""

import base64
import hashlib
import html
import json
import struct
import zlib
from functools import cache
from typing import NamedTuple

from nnlab.stage.alone.recording import Recorded
from nnlab.stage.description import Description, Slider
from nnlab.stage.panel import front

__all__ = ["IMAGE", "Shown", "as_file", "as_json", "data_block", "digest", "fragment", "page", "script", "still"]

IMAGE = "<style>:is(.nnlab-alone, .nnlab-predict) img { max-width: 100%; height: auto }</style>"


class Shown(NamedTuple):
    """What a page says of an explorer besides its recorded frames.

    Attributes:
        about: what a panel must know of it. values: where it opens. sentence, png: what it shows there.
    """

    description: Description
    about: dict
    values: dict
    sentence: str
    png: bytes


@cache
def script() -> tuple[str, str]:
    """The whole front end as one classic script, because a page on a disk may not load modules; and its name.

    The name is made of the text, so that fragments of two versions can stand on one page.
    """
    style = json.dumps(front("panel.css", "alone.css")).replace("</", "<\\/")
    explorers = front("strokes.js", "page.js", "curves.js", "panel.js", "mount.js", "alone.js")
    questions = front("page.js", "question.js", "mount.js", "asked.js")
    name = hashlib.sha256(f"{style}{explorers}{questions}".encode()).hexdigest()[:12]
    scopes = "\n".join(f"(() => {{\n{text}}})();" for text in (explorers, questions))
    return f"(() => {{\nconst [STYLE, FRONT] = [{style}, {name!r}];\n{scopes}\n}})();\n", name


def fragment(shown: Shown, recorded: Recorded, addresses: list[str] | None = None, picture: str = "") -> str:
    """The explorer without the front end: its still picture, which ``front/alone.js`` brings to life, and its frames.

    Args:
        addresses: where each chunk lies, as ``as_file`` writes it; None if all stand in the fragment.
        picture: where the still picture lies; "" if it stands in the fragment.
    """
    image = still(shown.png, shown.sentence, shown.about["size"][0], picture)
    if not recorded.chunks:
        return f'<div class="nnlab-alone">\n{image}\n</div>'
    index = zlib.compress(json.dumps({"axes": recorded.axes, "places": recorded.places}).encode(), 9)
    parts = [
        data_block(as_json({"about": about(shown, recorded.axes), "values": shown.values}), kind="application/json"),
        data_block(encoded(index)),
        *(data_block(encoded(chunk)) for chunk in recorded.chunks if addresses is None),
        *(data_block("", address) for address in addresses or []),
    ]
    note = "<noscript><p>The picture moves where JavaScript is allowed.</p></noscript>"
    return "\n".join([f'<div class="nnlab-alone" data-front="{script()[1]}">', image, note, *parts, "</div>"])


def still(png: bytes, sentence: str, width: int, address: str = "") -> str:
    """A picture that stands still, ``width`` pixels wide where there is room; in a file if there is an address."""
    wide, tall = struct.unpack(">2I", png[16:24])
    source = f'{address}" loading="lazy' if address else f"data:image/png;base64,{encoded(png)}"
    size = f'width="{width}" height="{round(width * tall / wide)}"'
    return f'<img src="{source}" alt="{html.escape(sentence)}" {size}>'


def page(shown: Shown, recorded: Recorded) -> str:
    """A page of its own, which loads nothing: its policy allows the script and the style that stand in it."""
    style, code = front("alone-page.css"), script()[0]
    policy = f"default-src 'none'; img-src data:; script-src {digest(code)}; style-src {digest(style)}"
    description = shown.description
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{html.escape(description.title)}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{html.escape(description.title)}</h1>
{fragment(shown, recorded)}
<p>{html.escape(description.about)}</p>
<p>In a notebook: <code>{html.escape(description.code(shown.values))}</code></p>
</main>
<script>{code}</script>
</body>
</html>
"""


def about(shown: Shown, axes: dict[str, list]) -> dict:
    """What the panel must know, with sliders that stop only where something was recorded."""
    sliders = {c.name: c for c in shown.description.controls if isinstance(c, Slider)}
    controls = []
    for told in shown.about["controls"]:
        name, slider = told["name"], sliders.get(told["name"])
        stops = {"stops": axes[name], "texts": [slider.text(v) for v in axes[name]]} if slider else {}
        controls.append({**told, **stops})
    return {**shown.about, "controls": controls}


def as_file(name: str, chunk: bytes) -> bytes:
    """A chunk as a script of its own, ``name``: it only puts its text where the front end finds it."""
    return f'(window.nnlabChunks ??= {{}})["{name}"] = "{encoded(chunk)}";\n'.encode()


def data_block(text: str, address: str = "", kind: str = "text/plain") -> str:
    """A script that no browser runs."""
    place = f' data-address="{html.escape(address)}"' if address else ""
    return f'<script type="{kind}"{place}>{text}</script>'


def as_json(thing) -> str:
    """JSON that cannot end the element in which it stands."""
    return json.dumps(thing, allow_nan=False).replace("<", "\\u003c")


def encoded(data: bytes) -> str:
    """Bytes as text."""
    return base64.b64encode(data).decode()


def digest(text: str) -> str:
    """What a content security policy calls a script or a style."""
    return f"'sha256-{encoded(hashlib.sha256(text.encode()).digest())}'"
