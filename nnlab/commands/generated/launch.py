"""Where the notebooks can be started from: launch links and the set-up cell, both from one setting.

``[tool.nnlab] repository`` in ``pyproject.toml`` names the GitHub repository: OWNER/NAME, or OWNER/NAME@TAG for copies
that stay as they were at that tag, or nothing.
"""

import re
from urllib.parse import quote

from nnlab.commands.notebook_files import read, text_of, write
from nnlab.commands.start.environment import ROOT, pyproject

__all__ = [
    "badges", "fill", "launch_line", "repository", "setup_source", "site_address", "site_line", "stored",
]  # fmt: skip

# Colab and Kaggle have all else that nnlab requires, and what Optuna and anywidget need here;
# --no-deps keeps their torch as it is.
SETUP = """\
import os, sys
repository, others = "{repository}", "anywidget psygnal torchmetrics lightning-utilities optuna colorlog"
if "google.colab" in sys.modules or os.path.isdir("/kaggle"):  # elsewhere this cell does nothing
    if not repository:
        raise RuntimeError("This copy cannot install nnlab here: open it from a launch link, or run it from a clone.")
    %pip install -q --no-deps git+https://github.com/{{repository}} {{others}}
    if _exit_code:
        raise RuntimeError("nnlab was not installed: see above. Is the internet switched on? Run this cell again.")"""

FROM_A_CLONE = "*Run it with* `python3 -m nnlab lab` *from a clone.*"
NO_SITE = (
    "Someone who forks this gets the course as a site, where everything moves and nothing is installed: "
    "`python3 -m nnlab badges OWNER/NAME` writes its link here."
)
LAUNCH = re.compile(r"<!-- launch -->.*?<!-- /launch -->", re.DOTALL)
SITE = re.compile(r"<!-- site -->.*?<!-- /site -->", re.DOTALL)
SETTING = re.compile(r'^repository = ".*"$', re.MULTILINE)
URLS = re.compile(r"(?<=# urls: `badges` writes them\n).*?(?=# end of urls\n)", re.DOTALL)
OWNER = r"[A-Za-z0-9](?:-?[A-Za-z0-9]){0,38}"
NAME = r"(?!\.{1,2}(?:@|\Z))(?![^@]*\.git(?:@|\Z))[A-Za-z0-9._-]{1,100}"
TAG = r"(?!.*(?:\.\.|//|/\.|\.lock\Z|[./]\Z))[A-Za-z0-9_][A-Za-z0-9._/-]*"
REPOSITORY = re.compile(rf"{OWNER}/{NAME}(?:@{TAG})?")


def repository(root=ROOT):
    """The GitHub repository that ``pyproject.toml`` names, or an empty string."""
    return pyproject(root)["tool"]["nnlab"]["repository"]


def stored(root=ROOT):
    """The notebooks of a clone: those of the course, then those of its owner in ``notebooks/own``."""
    folder = root / "notebooks"
    return [*sorted(folder.glob("*.ipynb")), *sorted(folder.glob("own/*.ipynb"))]


def setup_source(repository):
    """The source of the set-up cell, the same in every notebook."""
    return SETUP.format(repository=repository)


def launch_line(repository, notebook):
    """Binder, Colab and Kaggle links that open `notebook` (its name in that folder), or how to run it without them."""
    if not repository:
        return FROM_A_CLONE
    place, _, tag = repository.partition("@")
    stored = f"{place}/blob/{tag or 'HEAD'}/notebooks/{notebook}"
    binder = f"https://mybinder.org/v2/gh/{place}/{quote(tag or 'HEAD', safe='')}?urlpath=lab/tree/notebooks/{notebook}"
    colab = f"https://colab.research.google.com/github/{stored}"
    kaggle = f"https://kaggle.com/kernels/welcome?src=https://github.com/{stored}"
    return (
        f"[![Open in Binder](https://mybinder.org/badge_logo.svg)]({binder}) "
        f"[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({colab}) "
        f"[![Open in Kaggle](https://kaggle.com/static/images/open-in-kaggle.svg)]({kaggle})"
    )


def site_address(repository):
    """Where GitHub Pages serves the site of a repository, OWNER/NAME or OWNER/NAME@TAG."""
    owner, _, name = repository.partition("@")[0].partition("/")
    own = f"{owner.lower()}.github.io"
    return f"https://{own}/" if name.lower() == own else f"https://{own}/{name}/"


def site_line(repository):
    """The link to the site of the course, or how a fork gets one."""
    if not repository:
        return NO_SITE
    return f"**[The course as a site]({site_address(repository)})**: everything moves, and nothing is installed."


def badges(repository, root=ROOT):
    """Write `repository` (OWNER/NAME, OWNER/NAME@TAG, or empty) into pyproject.toml, README.md and all notebooks.

    The line between ``<!-- launch -->`` and ``<!-- /launch -->`` becomes the links, in README.md the one between
    ``<!-- site -->`` and ``<!-- /site -->`` the link to the site; set-up cells are rewritten; outputs stay. Returns the
    paths that changed. Raises `ValueError` for a name that GitHub does not allow, and where there is no clone.
    """
    if repository and not REPOSITORY.fullmatch(repository):
        raise ValueError(
            f"A repository is OWNER/NAME or OWNER/NAME@TAG as in GitHub's address. Got {repository!r}. Try ada/nnlab."
        )
    if not (root / "pyproject.toml").is_file():
        raise ValueError(
            f"Badges are written into a clone, and {root} is none: there is nothing to write. Try a clone."
        )
    changed = [
        *_rewrite(root / "pyproject.toml", lambda text: _named(text, repository)),
        *_rewrite(root / "README.md", lambda text: _linked(text, repository)),
    ]
    for path in stored(root):
        notebook = read(path)
        fill(notebook, repository, path.relative_to(root / "notebooks").as_posix())
        changed += [path] if write(path, notebook) else []
    return changed


def fill(notebook, repository, name):
    """Write, in place, the launch line and the set-up cell of the notebook that is stored as `name`."""
    first = next((cell for cell in notebook["cells"] if cell["cell_type"] == "markdown"), None)
    if first:
        first["source"] = _launched(text_of(first["source"]), repository, name)
    for cell in notebook["cells"]:
        if "setup" in cell["metadata"].get("tags", ()):
            cell["source"] = setup_source(repository)


def _named(text, repository):
    """The text of pyproject.toml with the setting, and with the addresses that a wheel carries."""
    address = f"https://github.com/{repository.partition('@')[0]}"
    urls = f'[project.urls]\nRepository = "{address}"\nChangelog = "{address}/blob/HEAD/CHANGELOG.md"\n'
    return _replaced(URLS, urls if repository else "", _replaced(SETTING, f'repository = "{repository}"', text))


def _launched(text, repository, name):
    return _replaced(LAUNCH, f"<!-- launch -->\n{launch_line(repository, name)}\n<!-- /launch -->", text)


def _linked(text, repository):
    """README with the links of both places."""
    launched = _launched(text, repository, "00_start_here.ipynb")
    return _replaced(SITE, f"<!-- site -->\n{site_line(repository)}\n<!-- /site -->", launched)


def _replaced(pattern, new, text):
    return pattern.sub(lambda match: new, text)


def _rewrite(path, change):
    if not path.is_file():
        return []
    text = path.read_text(encoding="utf-8")
    if change(text) == text:
        return []
    path.write_text(change(text), encoding="utf-8")
    return [path]
