"""Reference: the public names of nnlab, in the groups of its ``__init__``, from their docstrings."""

import importlib
import inspect
import re
from pathlib import Path
from types import ModuleType

__all__ = ["groups", "plain", "reference"]

FACADE = importlib.import_module("nnlab")  # all rooms lie below it, and here it is what is described
CODE = re.compile(r"(``.*?``)")
MEANT = re.compile(r"\*\*|\||_(?!\w)")  # by the mathematics of a docstring; reStructuredText reads other things there
GROUP = re.compile(r'^    # (.+)$|^    "(\w+)": "', re.M)
START = """# Reference

Every public name, in the order in which a training run meets them. In a notebook `Shift+Tab` shows the same text, and
`nnlab.show_source` the code.

```{toctree}
:maxdepth: 2

"""


def reference() -> dict[str, str]:
    """File name -> text, of the page that leads to all others and of a page for each group."""
    pages: dict[str, str] = {}
    names: list[str] = []
    seen: set[type] = set()
    for title, members in groups().items():
        name = "reference_" + re.sub(r"\W+", "_", title)
        names.append(name)
        parts = [heading(title[0].upper() + title[1:], "="), *(entry(member, seen) for member in members)]
        pages[f"{name}.rst"] = "\n\n".join(parts) + "\n"
    pages["reference.md"] = START + "\n".join(names) + "\n```\n"
    return pages


def groups() -> dict[str, list[str]]:
    """The public names by the comments above them in ``nnlab/__init__.py``."""
    found: dict[str, list[str]] = {}
    title = ""
    for title_here, name in GROUP.findall(Path(str(FACADE.__file__)).read_text(encoding="utf-8")):
        title = title_here or title
        if name:
            found.setdefault(title, []).append(name)
    return found


def entry(name: str, seen: set) -> str:
    """A public name: what it is, and for a module what is in it; what was ``seen`` already gets no second anchor."""
    thing, path, head = getattr(FACADE, name), f"nnlab::{name}", heading(f"nnlab.{name}", "-")
    if name == "explorers":
        return f"{head}\n\nAll of them are in the :doc:`gallery <gallery>`."
    if not isinstance(thing, ModuleType):
        return f"{head}\n\n{directive(path, thing, seen)}"
    about = "\n".join(plain((inspect.getdoc(thing) or "").splitlines()))
    members = (directive(f"{path}.{member}", getattr(thing, member), seen) for member in thing.__all__)
    return "\n\n".join([head, about, *filter(None, members)])


def directive(path: str, thing, seen: set) -> str:
    """What makes Sphinx print a docstring; "" for what has none, such as a number."""
    if not inspect.isclass(thing):
        return f".. autofunction:: {path}" if inspect.isroutine(thing) else ""
    again = "\n   :no-index:" if thing in seen else ""
    seen.add(thing)
    return f".. autoclass:: {path}\n   :members:{again}"


def plain(lines: list[str]) -> list[str]:
    """Lines of a docstring in which bars, powers and names that end in "_" mean themselves; code stays as it is."""
    found, example = [], False
    for line in lines:
        example = bool(line.strip()) and (example or line.lstrip().startswith(">>>"))
        parts = CODE.split(line)
        parts[::2] = [MEANT.sub(lambda sign: "".join(f"\\{letter}" for letter in sign[0]), part) for part in parts[::2]]
        found.append(line if example else "".join(parts))
    return found


def heading(text: str, line: str) -> str:
    """A heading of reStructuredText."""
    return f"{text}\n{line * len(text)}"
