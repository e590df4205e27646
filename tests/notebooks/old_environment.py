"""What Colab has of all that the notebooks use, in a folder that goes before everything else on a kernel's path."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
LINES = (Path(__file__).parent / "colab.txt").read_text(encoding="utf-8").splitlines()
COLAB = dict(line.split("==") for line in LINES if not line.startswith("#"))
# All but torch, whose build with CUDA is too large for every run; `python -m benchmarks elsewhere colab` takes it, too.
WITHOUT_TORCH = {name: version for name, version in COLAB.items() if name != "torch"}
# The widgets and the kernel, with what they need beyond the environment that runs the tests.
NAMES = (
    "ipywidgets",
    "ipykernel",
    "ipython",
    "backcall",
    "decorator",
    "ipython_genutils",
    "nest-asyncio",
    "pickleshare",
)
OLD = {name: COLAB[name] for name in NAMES}


class NotBuilt(Exception):
    """The old versions could not be installed, most likely because there is no network."""


def give_up(what: str, reason: NotBuilt, whose: str = "Colab's versions"):
    """Skip where somebody works without a network; in CI, what was not tried has failed."""
    sentence = f"{what} NOT tried with {whose}, pip could not fetch them: {reason}"
    (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(sentence)


def overlay(cache: Path, versions: dict = OLD) -> Path:
    """The folder with the old packages; built by pip once, found again later without a network."""
    if sys.version_info >= (3, 14):
        pytest.skip("Colab's versions have no builds for this Python, which is newer than Colab's own")
    python = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    folder = cache / f"{python}-{hashlib.sha256(repr(versions).encode()).hexdigest()[:16]}"
    if folder.is_dir():
        return folder
    draft = folder.with_suffix(f".draft-{os.getpid()}")
    pinned = [f"{name}=={version}" for name, version in versions.items()]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", draft, *pinned]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        shutil.rmtree(draft, ignore_errors=True)
        raise NotBuilt(result.stderr.strip().splitlines()[-1])
    if folder.is_dir():  # another process was quicker
        shutil.rmtree(draft)
    else:
        draft.replace(folder)
    return folder


def environment(folder: Path) -> dict:
    """The environment variables of a kernel that has the old packages."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}
