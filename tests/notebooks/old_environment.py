"""The widgets and the kernel that Colab has, in a folder that goes before everything else on a kernel's path."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
# Colab's own versions, and what they need beyond the environment that runs the tests.
OLD = {"ipywidgets": "7.7.1", "ipykernel": "6.17.1", "ipython": "7.34.0"}
NEEDED = ("backcall", "decorator", "ipython_genutils", "nest_asyncio", "pickleshare")


class NotBuilt(Exception):
    """The old versions could not be installed, most likely because there is no network."""


def give_up(what: str, reason: NotBuilt):
    """Skip where somebody works without a network; in CI, what was not tried has failed."""
    sentence = f"{what} NOT tried with the old widgets, pip could not fetch them: {reason}"
    (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(sentence)


def overlay(cache: Path) -> Path:
    """The folder with the old packages; built by pip once, found again later without a network."""
    python = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    folder = cache / "-".join([python, *(f"{name}-{version}" for name, version in OLD.items())])
    if folder.is_dir():
        return folder
    draft = folder.with_suffix(f".draft-{os.getpid()}")
    pinned = [f"{name}=={version}" for name, version in OLD.items()]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", draft, *pinned, *NEEDED]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        shutil.rmtree(draft, ignore_errors=True)
        raise NotBuilt(result.stderr.strip().splitlines()[-1])
    draft.replace(folder)
    return folder


def environment(folder: Path) -> dict:
    """The environment variables of a kernel that has the old packages."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}
