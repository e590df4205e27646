"""Programs that set-up runs, mostly pip: quiet but for one line that says how far it is. Standard library only."""

import os
import re
import subprocess
import sys
from pathlib import Path

from nnlab.commands.start.setup_errors import DISK, WRITING, SetupError, cause, sentence_for

__all__ = ["PLAIN", "Progress", "has_nvidia", "install_cpu_build", "run", "say"]

PLAIN = ["--no-input", "--disable-pip-version-check"]
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
BRIEFLY = ["--timeout", "5", "--retries", "0"]  # seconds; behind a firewall nobody should wait for minutes
NVIDIA = ("proc/driver/nvidia/version", "dev/nvidia0", "dev/nvidiactl", "usr/lib/wsl/lib/nvidia-smi")
STEP = re.compile(r"\s*(Collecting|Downloading|Installing collected packages:)\s*(.*)")


def has_nvidia(system=Path("/")):
    """Whether this computer has an NVIDIA device that its system knows, also below Windows (WSL)."""
    return any((system / place).exists() for place in NVIDIA)


def install_cpu_build(pip, root):
    """Install the pinned PyTorch alone from its own CPU index, on Linux without an NVIDIA device.

    The default index has only the build with CUDA for Linux, which brings several GB more. When the CPU index gives
    nothing, a sentence says so, and what is installed next comes from the default index.
    """
    pin = re.search(r"^torch==\S+", (root / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)
    if pin is None or sys.platform != "linux" or has_nvidia():
        return
    say("No NVIDIA device here: fetching PyTorch's CPU build. (--cuda takes the other one, several GB more.)")
    code, output = watched([*pip, *BRIEFLY, "--no-deps", "--index-url", CPU_INDEX, pin.group()], root)
    if code:
        if cause(output) in (DISK, WRITING):
            raise SetupError(sentence_for(output, root))
        say(f"{CPU_INDEX} gave no CPU build: going on with the default index, which may bring CUDA, several GB more.")


def run(command, failed, root):
    """Run a program; on failure show the last telling line of the output and raise the sentence that explains it."""
    code, output = watched(command, root)
    if code:
        lines = [line.strip() for line in output.splitlines() if line.strip()] or ["it said nothing"]
        telling = [line for line in lines if re.match(r"ERROR|\w*Error\b|error:", line)] or lines
        say(f"{failed}. It said: {telling[-1][:300]}")
        raise SetupError(sentence_for(output, root))


def watched(command, root):
    """Exit code and output of a program, with its progress on the terminal while it runs."""
    progress, lines = Progress(sys.stderr), []
    process = subprocess.Popen(  # close_fds=False: the lock stays held while pip runs, even if this process is killed
        command, cwd=root, env={**os.environ, "PIP_USER": "0", "PYTHONUNBUFFERED": "1"}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", close_fds=False,
    )  # fmt: skip
    try:
        for line in process.stdout:
            lines.append(line)
            progress.see(line)
        return process.wait(), "".join(lines)
    except BaseException:
        process.kill()
        process.wait()
        raise
    finally:
        process.stdout.close()
        progress.end()


class Progress:
    """What pip is doing, in one line that rewrites itself; where nobody watches (a log), only what takes long."""

    def __init__(self, stream, width=78):
        self.stream, self.width = stream, width
        self.live = stream.isatty()
        self.found, self.shown = set(), False

    def see(self, line):
        """Look at one line of pip's output."""
        step = STEP.match(line)
        if not step:
            return
        kind, what = step.groups()
        if kind == "Collecting":
            name = re.split(r"[\s\[<>=!~;(]", what, maxsplit=1)[0]
            self.found.add(name)
            self._show(f"{len(self.found)} packages found, last {name}")
        elif kind == "Downloading":
            file, _, size = what.rstrip().rpartition(" (")
            name = file.rsplit("/", 1)[-1].split("-", 1)[0]
            megabytes = re.fullmatch(r"(\d[\d.]*) (MB|GB)\)", size)
            is_large = bool(megabytes) and (megabytes[2] == "GB" or float(megabytes[1]) >= 50)
            self._show(f"{len(self.found)} packages found, fetching {name} ({size}", is_large)
        else:
            self._show(f"installing {what.count(',') + 1} packages", True)

    def end(self):
        """Leave the terminal with an empty line."""
        if self.shown:
            self.stream.write("\r" + " " * self.width + "\r")
            self.stream.flush()

    def _show(self, text, takes_long=False):
        if self.live:
            self.stream.write("\r" + f"  {text}"[: self.width].ljust(self.width))
            self.shown = True
        elif takes_long:
            self.stream.write(f"  {text}\n")
        self.stream.flush()


def say(sentence):
    """Tell the person at the keyboard."""
    print(sentence, file=sys.stderr, flush=True)
