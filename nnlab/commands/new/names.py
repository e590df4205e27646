"""Which name a thing of one's own can have: it becomes a file, a module and the beginning of ids."""

import importlib.util
import keyword
import re
import sys

from nnlab.commands.start.environment import ROOT

__all__ = ["NameRefused", "checked"]

ALLOWED = re.compile(r"[a-z][a-z0-9_]{0,39}")
WINDOWS = {"con", "prn", "aux", "nul", *(f"{port}{k}" for port in ("com", "lpt") for k in range(10))}  # no file there


class NameRefused(ValueError):
    """Why a name cannot be: the rule, the name, and one that can."""


def checked(name, root=ROOT):
    """The name, if a file, a module and a test can be called so in the clone `root`. Raises `NameRefused`."""
    other = f"my_{name}"
    if not ALLOWED.fullmatch(name) or name.startswith("test_"):
        letters = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_").removeprefix("test_")[:30] or "ravine"
        other = letters if letters[0].isalpha() else f"my_{letters}"
        raise NameRefused(
            "NAME must have small letters, digits and _ only, begin with a letter and not with test_, and have at most "
            f"40 of them. Got {name!r}. Try {other}."
        )
    if name in WINDOWS:
        raise NameRefused(f"NAME must be one that files can have on every computer. Got {name!r}. Try {other}.")
    if keyword.iskeyword(name) or name in sys.stdlib_module_names or importlib.util.find_spec(name) is not None:
        raise NameRefused(f"NAME must be free, and Python or a package has it. Got {name!r}. Try {other}.")
    taken = [path for wanted in (name, f"test_{name}") for path in (root / "tests").rglob(f"{wanted}.py")]
    if taken:
        where = taken[0].relative_to(root).as_posix()
        raise NameRefused(f"NAME must be free, and {where} has it. Got {name!r}. Try {other}.")
    return name
