"""The process that a submission runs in: what it may see, and how it is ended.

With bubblewrap (``bwrap``, on Linux) it sees Python, the installed packages and its own empty folder, read-only but for
the last; no network, no other processes, no solutions. Without it, it has the rights of whoever grades.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import signal
import site
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from nnlab import exercises

__all__ = ["closed_places", "end", "start", "why_not_isolated"]

PACKAGE = Path(exercises.__file__).resolve().parents[1]
INSIDE = [sys.executable, "-m", "nnlab.commands.classroom.grade_inside"]
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/etc/ssl")
KEPT = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "LD_LIBRARY_PATH")  # of the environment: no tokens, no proxies


def start(folder: Path, isolated: bool) -> subprocess.Popen[bytes]:
    """Start the inside of a grading process in an empty folder."""
    own = {name: os.environ[name] for name in KEPT if name in os.environ}
    own |= {"HOME": str(folder), "TMPDIR": str(folder), "USERPROFILE": str(folder), "PYTHONPATH": str(PACKAGE.parent)}
    own |= {"OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"}
    return subprocess.Popen(
        [*walls(folder), *INSIDE] if isolated else INSIDE,
        cwd=folder,
        env=own,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def end(process: subprocess.Popen) -> None:
    """End a process and all that it started: bubblewrap takes them with it, else those of its session."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


@functools.cache
def why_not_isolated() -> str:
    """Why submissions cannot be isolated here, in words; empty if they can."""
    if sys.platform != "linux" or not shutil.which("bwrap"):
        return "bubblewrap is not installed"
    trial = [*walls(Path("/tmp")), sys.executable, "-c", "import torch"]
    try:
        done = subprocess.run(trial, capture_output=True, text=True, timeout=120)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bubblewrap does not start ({error})"
    return "" if done.returncode == 0 else f"bubblewrap does not work here ({done.stderr.strip()[-200:]})"


def closed_places() -> list[Path]:
    """Where the solutions are: the modules of the exercises, and in a clone the notebooks and the tests."""
    folder = PACKAGE / "exercises"
    modules = [folder / f"{name}.py" for name in exercises.NOTEBOOKS.values()]
    clone = PACKAGE.parent if (PACKAGE.parent / "pyproject.toml").is_file() else None
    return [*modules, folder / "__pycache__", *([clone / "notebooks", clone / "tests"] if clone else [])]


def walls(folder: Path) -> list[str]:
    """The call of bubblewrap, up to the command that runs inside."""
    arguments = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    arguments += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]  # first: Python or the clone may lie in /tmp
    for place in seen():
        arguments += ["--ro-bind", place, place]
    arguments += ["--bind", str(folder), str(folder)]
    for closed in closed_places():
        if closed.is_relative_to(PACKAGE) and closed.exists():
            arguments += ["--tmpfs", str(closed)] if closed.is_dir() else ["--ro-bind", "/dev/null", str(closed)]
    return [*arguments, "--chdir", str(folder), "--"]


def seen() -> Iterator[str]:
    """What a submission may read: the system's programs, Python, installed packages, and this package."""
    places = [*SYSTEM, sys.base_prefix, sys.prefix, *site.getsitepackages(), site.getusersitepackages(), str(PACKAGE)]
    yield from dict.fromkeys(place for place in places if os.path.exists(place))
