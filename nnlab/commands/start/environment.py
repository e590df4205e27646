"""The Python environment of a clone: found, made, kept up to date, or refused in one sentence.

`prepare` returns the interpreter that has everything. An environment that nnlab made carries a record
(``.venv/nnlab.json``), by which a half-made, outdated or moved one is recognised; an environment that the user made
is installed into, and never removed. This runs before anything is installed: standard library only, and
``packaging`` where it is there.
"""

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path

from nnlab.commands.start.pip_runs import PLAIN, install_cpu_build, run, say
from nnlab.commands.start.setup_errors import SetupError, explained, sentence_for

if os.name != "nt":
    import fcntl

__all__ = ["ROOT", "Environment", "is_ready", "prepare", "pyproject", "requirements"]

ROOT = Path(__file__).resolve().parents[3]
PROBE = "import sys, nnlab; print('%d.%d.%d' % sys.version_info[:3])"


def prepare(extras=(), root=ROOT, cuda=False):
    """Return the path of an interpreter in which nnlab and the requirements of `extras` are installed.

    The interpreter that is running is used when it has them. Otherwise ``.venv`` in the clone is made or brought up
    to date; when it already is, nothing is installed and no network is needed. On Linux without an NVIDIA device
    PyTorch's CPU build is installed, which is several GB smaller, unless `cuda` is set. Raises `SetupError`.
    """
    with explained(root):
        if not (root / "pyproject.toml").is_file():
            raise SetupError(f"{root} has no pyproject.toml: run this in a clone of the nnlab repository.")
        environment = Environment(root, cuda)
        if not environment.is_running_and_ours() and is_ready(extras, root):
            return sys.executable
        if not environment.is_current(extras):
            with _locked(root), _every_stop_cleans_up():
                if not environment.is_current(extras):
                    environment.bring_up_to_date(extras)
        return str(environment.python)


def is_ready(extras=(), root=ROOT):
    """Whether the running interpreter has this clone of nnlab and all that it requires."""
    elsewhere = [entry for entry in sys.path if Path(entry or os.curdir).resolve() != root]
    found = next(iter(importlib.metadata.distributions(name="nnlab", path=elsewhere)), None)
    return found is not None and _is_installed_from(found, root) and all(map(_is_met, requirements(extras, root)))


def requirements(extras=(), root=ROOT):
    """The requirement lines of ``pyproject.toml``, with those of `extras`."""
    project = pyproject(root)["project"]
    return project["dependencies"] + [line for extra in extras for line in project["optional-dependencies"][extra]]


def pyproject(root=ROOT):
    """What ``pyproject.toml`` says, as nested dictionaries."""
    import tomllib  # not at the top: a too old Python must reach the sentence that says so

    with open(root / "pyproject.toml", "rb") as file:
        return tomllib.load(file)


def fingerprint(root=ROOT):
    """A digest of everything that decides what gets installed."""
    asked = {key: value for key, value in pyproject(root).items() if key in ("project", "build-system")}
    text = json.dumps(asked, sort_keys=True) + (root / "constraints.txt").read_text(encoding="utf-8")
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


class Environment:
    """The folder ``.venv`` of a clone, and the record in it."""

    def __init__(self, root=ROOT, cuda=False):
        self.root = root
        self.cuda = cuda
        self.folder = root / ".venv"
        self.discarded = root / ".venv.discarded"
        self.python = self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        self.record_path = self.folder / "nnlab.json"
        self.draft_path = self.folder / "nnlab.json.draft"

    def is_current(self, extras):
        """Whether everything is installed as the clone's files now ask, judged in well under a second."""
        record = self.record()
        return (
            record.get("state") == "ready"
            and record["folder"] == str(self.folder)
            and record["fingerprint"] == fingerprint(self.root)
            and set(extras) <= set(record["extras"])
            and self.cuda <= record.get("cuda", False)
            and record["python"] == self._ask(PROBE)
        )

    def is_running_and_ours(self):
        """Whether this very process runs in a ``.venv`` that nnlab made."""
        return self.folder.is_dir() and Path(sys.prefix).resolve() == self.folder.resolve() and self._is_ours()

    def record(self):
        """What the last installation wrote down; empty when nnlab never installed into this folder."""
        if not self.record_path.exists():
            return {}
        return json.loads(self.record_path.read_text(encoding="utf-8"))

    def bring_up_to_date(self, extras):
        """Install into the environment that is there, or make a new one; a failure leaves nothing half-made."""
        if self.discarded.exists():
            shutil.rmtree(self.discarded)
        if self.folder.exists() and not self._is_usable():
            if not self._is_ours():
                raise SetupError(
                    f"The environment {self.folder} does not work (no Python or no pip in it), and nnlab did not "
                    "make it: remove or rename that folder, then run this again."
                )
            say("Replacing .venv, which is unfinished, was moved, or lost its Python.")
            self._discard()
        if self.folder.exists():
            self._update(extras)
        else:
            self._make(extras)

    def _is_ours(self):
        return self.record().get("ours", set(os.listdir(self.folder)) <= {self.draft_path.name})

    def _is_usable(self):
        record = self.record()
        unfinished = record.get("ours", False) and record.get("state") != "ready"
        moved = record.get("folder", str(self.folder)) != str(self.folder)
        return not unfinished and not moved and self._ask("import pip; print('yes')") == "yes"

    def _ask(self, code):
        if not self.python.exists():
            return None
        answer = subprocess.run([str(self.python), "-I", "-c", code], capture_output=True, text=True)
        return answer.stdout.strip() if answer.returncode == 0 else None

    def _make(self, extras):
        _require_venv()
        started = time.monotonic()
        say("Making the environment .venv in this folder. The first start takes a minute or more.")
        try:
            self.folder.mkdir()
            self._write({"state": "unfinished", "ours": True})
            base = getattr(sys, "_base_executable", None) or sys.executable
            failed = "Python could not make the environment"
            run([base, "-m", "venv", "--without-pip", str(self.folder)], failed, self.root)
            # Not left to venv, which hides why ensurepip failed.
            run([str(self.python), "-I", "-m", "ensurepip", "--default-pip"], failed, self.root)
            self._install(extras, ours=True)
        except BaseException:
            self._discard()
            raise
        say(f"Ready after {time.monotonic() - started:.0f} s. The next start needs no network.")

    def _update(self, extras):
        before = self.record()
        say("Bringing .venv up to date with this clone. This can take a minute or more.")
        ours = before.get("ours", False)
        try:
            self._write({**before, "state": "unfinished", "ours": ours})
            self._install({*extras, *before.get("extras", ())}, ours)
        except BaseException:
            self._settle_failed_update(before)
            raise

    def _settle_failed_update(self, before):
        """Keep what still works: pip mostly fails before it has touched anything."""
        intact = subprocess.run([str(self.python), "-m", "pip", "check"], capture_output=True).returncode == 0
        if before.get("ours") and not intact:
            self._discard()
        elif before:
            self._write(before)
        else:
            self.record_path.unlink(missing_ok=True)

    def _install(self, extras, ours):
        extras = sorted(extras)
        target = f"-e.[{','.join(extras)}]" if extras else "-e."
        pip = [str(self.python), "-m", "pip", "install", *PLAIN]
        cuda = self.cuda or self.record().get("cuda", False)
        if not cuda:
            install_cpu_build(pip, self.root)
        elif not self.record().get("cuda", False):  # a CPU build that is there would satisfy pip
            run([*pip[:3], "uninstall", "--yes", "torch"], "pip could not remove PyTorch's CPU build", self.root)
        say("Installing PyTorch, JupyterLab and nnlab with pip ...")
        run([*pip, "-c", "constraints.txt", target], "pip could not install what nnlab needs", self.root)
        if hasattr(os, "sync"):  # a record must not outlive, in a power cut, the files that it vouches for
            os.sync()
        ready = {"state": "ready", "ours": ours, "extras": extras, "python": self._ask(PROBE)}
        ready |= {"cuda": True} if cuda else {}
        self._write({**ready, "folder": str(self.folder), "fingerprint": fingerprint(self.root)})

    def _write(self, record):
        self.draft_path.write_text(json.dumps(record, indent=1), encoding="utf-8")
        self.draft_path.replace(self.record_path)

    def _discard(self):
        if self.folder.exists():
            self.folder.rename(self.discarded)  # at once, so that no half-removed folder is ever found as .venv
            shutil.rmtree(self.discarded)


def _require_venv():
    missing = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
    if missing:
        raise SetupError(sentence_for(f"No module named {missing[0]}: ensurepip is not available", ROOT))


@contextlib.contextmanager
def _locked(root):
    """One preparation at a time in a clone; a second one waits."""
    if os.name == "nt":
        yield
        return
    with open(root / ".venv.lock", "w") as lock:
        os.set_inheritable(lock.fileno(), True)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another nnlab command is preparing .venv; waiting until it is done.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _every_stop_cleans_up():
    """Within this block SIGTERM and a closed terminal unwind like Ctrl-C."""

    def stop(number, frame):
        raise KeyboardInterrupt

    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), stop) for name in names}
    try:
        yield
    finally:
        for name, action in before.items():
            signal.signal(getattr(signal, name), action)


def _is_installed_from(distribution, root):
    origin = json.loads(distribution.read_text("direct_url.json") or "{}")
    path = urllib.request.url2pathname(urllib.parse.urlsplit(origin.get("url", "")).path)
    return bool(path) and Path(path).resolve() == root


def _is_met(line):
    try:
        from packaging.requirements import Requirement  # comes with JupyterLab: without it, more is missing

        wanted = Requirement(line)
        if wanted.marker and not wanted.marker.evaluate():
            return True
        return wanted.specifier.contains(importlib.metadata.version(wanted.name), prereleases=True)
    except ImportError:  # also what importlib.metadata raises for a package that is not installed
        return False
