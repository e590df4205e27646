"""What can go wrong while the environment is made, each in one sentence with its remedy."""

import contextlib
import platform
import re

__all__ = ["DISK", "WRITING", "SetupError", "cause", "explained", "sentence_for"]

VENV = (
    "This Python cannot make environments, because its venv or ensurepip module is missing: on Debian or Ubuntu run "
    "`sudo apt install python3-venv`, elsewhere install Python from python.org, then run this again."
)
DISK = (
    "The disk is full: nnlab needs about 2 GB in {root}, and room in the temporary folder; free some space, then "
    "run this again."
)
WRITING = "{root} cannot be written to: copy the clone to a folder of your own, then run this again."
NETWORK = (
    "pip could not reach the package index: connect to the internet (behind a proxy, set HTTPS_PROXY), then run this "
    "again; only the first start needs it."
)
NO_BUILD = (
    "PyTorch has no build for this computer ({computer}), as for Intel Macs, macOS 13 and older, Windows on ARM and "
    "Pythons that are newer than it: take Python 3.12 from python.org if yours is newer than 3.14, else run the "
    "notebooks on Colab or Binder, or on another computer. (macOS 13 with Apple's chip: `pip install -e .` in an "
    "environment of your own takes an older PyTorch.)"
)
OTHER = "The environment could not be made, and nothing was left behind: see the line above, then run this again."

_SIGNS = {
    VENV: r"ensurepip is not available|No module named '?(venv|ensurepip)",
    DISK: r"No space left on device|Errno 28|Disk quota exceeded|not enough space on the disk",
    WRITING: r"Read-only file system|Permission denied|Access is denied",
    NO_BUILD: r"No matching distribution found for torch\b|\(constraint\) torch==|torch-\S+ is not a supported wheel",
    NETWORK: r"connection broken|Max retries|Timeout|ProxyError|SSLError|Network is|\(from versions: none\)",
}


class SetupError(Exception):
    """What went wrong and what to do about it: one sentence for the person at the keyboard."""


def cause(output):
    """Which of the sentences above explains the output of a failed command, with its gaps still open."""
    return next((sentence for sentence, signs in _SIGNS.items() if re.search(signs, output)), OTHER)


def sentence_for(output, root):
    """The sentence that explains the output of a failed command."""
    computer = f"{platform.system()} on {platform.machine()}, Python {platform.python_version()}"
    return cause(output).format(root=root, computer=computer)


@contextlib.contextmanager
def explained(root):
    """Within this block a failure of the operating system becomes a `SetupError`."""
    try:
        yield
    except OSError as error:
        known = sentence_for(str(error), root)
        raise SetupError(f"{error}: {OTHER}" if known == OTHER else known) from error
