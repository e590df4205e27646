"""A clone of which only the packages are stand-ins: Python, venv, pip, the folder and the failures are real."""

import json
import os
import shutil
import subprocess
import sys
import time

from nnlab.commands.start.environment import ROOT

BASE_PYTHON = getattr(sys, "_base_executable", sys.executable)
BOOTSTRAP = ["__init__.py", "__main__.py"]
BOOTSTRAP += [f"commands/{name}.py" for name in ("__init__", "cli")]
STARTING = ("__init__", "environment", "opening", "pip_runs", "setup_errors")
BOOTSTRAP += [f"commands/start/{name}.py" for name in STARTING]

PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "nnlab"
version = "0.1.0"
dependencies = []

[project.optional-dependencies]
test = []
"""

# Builds an editable nnlab without the network; waits for as long as the file `slow` exists.
BACKEND = """\
import os, pathlib, time, tomllib, zipfile

METADATA = "Metadata-Version: 2.1\\nName: nnlab\\nVersion: 0.1.0\\nProvides-Extra: test\\n"
WHEEL = "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"

def build_editable(folder, config_settings=None, metadata_directory=None):
    pathlib.Path("building").touch()
    while os.path.exists("slow"):
        time.sleep(0.05)
    required = tomllib.loads(pathlib.Path("pyproject.toml").read_text())["project"]["dependencies"]
    with zipfile.ZipFile(pathlib.Path(folder, "nnlab-0.1.0-py3-none-any.whl"), "w") as wheel:
        wheel.writestr("nnlab.pth", os.getcwd())
        wheel.writestr("nnlab-0.1.0.dist-info/METADATA", METADATA + "".join(f"Requires-Dist: {r}\\n" for r in required))
        wheel.writestr("nnlab-0.1.0.dist-info/WHEEL", WHEEL)
        wheel.writestr("nnlab-0.1.0.dist-info/RECORD", "")
    return "nnlab-0.1.0-py3-none-any.whl"
"""


class Clone:
    """A small clone whose one command, `lab`, starts a stand-in for JupyterLab that prints its arguments."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "nnlab" / "commands" / "start").mkdir(parents=True)
        for name in BOOTSTRAP:
            shutil.copy(ROOT / "nnlab" / name, folder / "nnlab" / name)
        self.write("pyproject.toml", PYPROJECT)
        self.write("backend.py", BACKEND)
        self.write("constraints.txt", "")
        self.write("jupyterlab.py", "import sys\nprint('JupyterLab', sys.prefix, *sys.argv[1:])\n")

    def write(self, name, text):
        (self.folder / name).write_text(text, encoding="utf-8")

    def require(self, requirement):
        self.write("pyproject.toml", PYPROJECT.replace("dependencies = []", f'dependencies = ["{requirement}"]'))

    @property
    def environment(self):
        return self.folder / ".venv"

    @property
    def record(self):
        return json.loads((self.environment / "nnlab.json").read_text(encoding="utf-8"))

    def start(self, *arguments, python=BASE_PYTHON):
        unreachable = {"PIP_INDEX_URL": "http://127.0.0.1:9", "PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "0"}
        kept = {key: value for key, value in os.environ.items() if not key.startswith("PIP_")}
        return subprocess.Popen(
            [python, "-m", "nnlab", *(arguments or ("lab",))],
            cwd=self.folder,
            env={**kept, **unreachable},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments, python=BASE_PYTHON):
        process = self.start(*arguments, python=python)
        out, err = process.communicate(timeout=60)
        assert "Traceback" not in err, err
        return process.returncode, out, err

    def wait_for(self, sign):
        """Return when `sign` is there; from the sign `building` on, a file `slow` keeps pip busy."""
        deadline = time.monotonic() + 30
        while not (self.folder / sign).exists():
            assert time.monotonic() < deadline, f"{sign} did not appear"
            time.sleep(0.02)
