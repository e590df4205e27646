"""Checked: what is wrong with a site: links that lead nowhere, code from elsewhere; and how large it is."""

import re
from html.parser import HTMLParser
from pathlib import Path
from statistics import median
from urllib.parse import unquote, urlsplit

from nnlab.commands.generated.launch import launch_line
from nnlab.commands.site.frame import POLICY

__all__ = ["Limits", "complaints", "sizes"]

LOADS = ("script", "link", "img", "iframe", "source", "object", "embed")
MARKS = ("mybinder.org", "colab.research.google.com", "kaggle.com")  # where a notebook can be launched


class Limits:
    """What a site may weigh, in bytes."""

    FIRST, MEDIAN, PAGE, SITE = 150_000, 60_000, 1_500_000, 60_000_000


class Read(HTMLParser):
    """What a page links to, what it loads, its anchors, and what its policy would not let run."""

    def __init__(self, text: str):
        super().__init__()
        self.ids: set[str | None] = {""}
        self.links: list[str] = []
        self.loads: list[str] = []
        self.chunks: list[str] = []
        self.refused: list[str] = []
        self.policy = ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        """Note what matters of an element."""
        told = dict(attributes)
        self.ids |= {told.get("id"), told.get("name")}
        if tag == "a" and told.get("href"):
            self.links.append(told["href"])
        if tag in LOADS and (address := told.get("src") or told.get("href")):
            self.loads.append(address)
        if tag == "meta" and told.get("http-equiv") == "Content-Security-Policy":
            self.policy = told["content"]
        if "data-address" in told:
            self.chunks.append(told["data-address"])
        runs = tag == "script" and "src" not in told and told.get("type") not in ("application/json", "text/plain")
        if runs or tag == "style":
            self.refused.append(f"a {tag} stands in the page")
        self.refused += [f"{tag} has {name}" for name in told if name == "style" or name.startswith("on")]


def complaints(folder: Path, repository: str) -> list[str]:
    """One sentence for everything that is wrong."""
    pages = {path.name: Read(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.html"))}
    found = []
    for name, page in pages.items():
        found += [f"{name}: {what}" for what in page.refused]
        found += [f"{name} has another policy: {page.policy}"] if page.policy != POLICY else []
        found += [f"{name} loads {address} from elsewhere" for address in page.loads if urlsplit(address).netloc]
        for address in (*page.links, *page.loads, *page.chunks):
            found += [f"{name}: {reason}" for reason in [broken(address, name, pages, folder)] if reason]
        found += [f"{name}: {reason}" for reason in unlaunched(name, page.links, repository)]
    return found


def broken(address: str, here: str, pages: dict[str, Read], folder: Path) -> str:
    """Why an address of the site leads nowhere; "" if it does not."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc or address.startswith("data:"):
        return ""
    path, anchor = unquote(parts.path) or here, unquote(parts.fragment)
    if path in pages:
        return "" if anchor in pages[path].ids else f"{address} names a place that is not on {path}"
    return "" if (folder / path).is_file() else f"{address} is not there"


def unlaunched(name: str, links: list[str], repository: str) -> list[str]:
    """Launch links of a notebook's page that do not open this notebook, or are missing."""
    if not re.match(r"\d\d_", name):
        return []
    wanted = set(re.findall(r"\]\((https://[^)]*)\)", BADGES.sub("", launch_line(repository, f"{name[:-5]}.ipynb"))))
    found = {link for link in links if urlsplit(link).netloc in MARKS}
    return [f"launch link {link} should not be there" for link in sorted(found - wanted)] + [
        f"launch link {link} is missing" for link in sorted(wanted - found)
    ]


BADGES = re.compile(r"\[!\[[^\]]*\]\([^)]*\)")


def sizes(folder: Path) -> list[tuple[str, float, float]]:
    """(what, bytes, limit): first chunks, the heaviest page with all that it loads at once, the whole site."""
    pages = {path.name: Read(path.read_text(encoding="utf-8")) for path in folder.glob("*.html")}
    size = {path.relative_to(folder).as_posix(): path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    firsts = {address: size[address] for page in pages.values() for address in page.chunks if address.endswith("-0.js")}
    weights = {}
    for name, page in pages.items():
        loaded = {urlsplit(address).path for address in page.loads} | {a for a in page.chunks if a in firsts}
        weights[name] = size[name] + sum(size.get(address, 0) for address in loaded)
    heaviest = max(weights, key=lambda name: weights[name])
    first: list[tuple[str, float, float]]
    first = [("first chunk, largest", max(firsts.values()), Limits.FIRST)] if firsts else []
    first += [("first chunk, median", median(firsts.values()), Limits.MEDIAN)] if firsts else []
    return [
        *first,
        (f"heaviest page with its first chunks ({heaviest})", weights[heaviest], Limits.PAGE),
        (f"the whole site, {len(size)} files", sum(size.values()), Limits.SITE),
    ]
