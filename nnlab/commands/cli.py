"""``python3 -m nnlab lab`` and ``test``: the two commands of a clone, and two more for instructors.

Standard library only: they start from nothing but Python and the clone.
"""

import difflib
import os
import shutil
import subprocess
import sys
import time

from nnlab.commands.start import opening
from nnlab.commands.start.environment import ROOT, prepare
from nnlab.commands.start.setup_errors import SetupError

__all__ = ["COMMANDS", "HELP", "HOOK", "find_browser", "main"]

HELP = """\
Usage: python3 -m nnlab COMMAND

  lab [jupyter arguments]    open the notebooks in JupyterLab (--no-browser, --port 8890)
                             (--cuda, here or at test: PyTorch's build for NVIDIA devices, whatever this computer has)
  test [pytest arguments]    run everything: ruff, mypy, pytest, every notebook, the browser tests
                             (with arguments: only pytest, with these)

For instructors:

  refresh [notebook ...]     run notebooks in a clean kernel and store their outputs (06, or a path)
  badges OWNER/NAME[@TAG]    write launch links into README and notebooks (--clear takes them out)
  contents                   make README's table, the notebooks' times and docs/glossary.md from the notebooks
  handout FOLDER [NN ...]    copies for students, without solutions (--slides, --instructor, --nbgrader; --help)
  new KIND NAME              start an exercise, an explorer or a notebook of your own in notebooks/own, with its test
  export [NN ...] FOLDER     write notebooks as pages that need no network, or --slides, or --pdf
  grade FOLDER               run submitted notebooks, write a table of who solved what (--csv grades.csv, --help)
  site [FOLDER]              write the course as pages that live without a kernel, into site/ (-n 4: with four kernels)

The first start makes the environment .venv in the clone; later ones need no network.
PyTorch computes on one thread, the fastest for networks of this size; for a large one of your own: OMP_NUM_THREADS=4
before the command.
"""

BADGES = """\
Usage: python3 -m nnlab badges OWNER/NAME[@TAG]
       python3 -m nnlab badges --clear

Writes links to Binder, Colab and Kaggle into README.md and all notebooks, and the address from which their first cell
installs nnlab there. With a tag (or a branch) the links and that cell keep to it: a term's copies stay what they were.
--clear takes everything out again. Commit and push what changed.
"""
BROWSERS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
HOOK = "--ContentsManager.pre_save_hook=nnlab.commands.saved.keep_pictures"
NBVAL = ["--nbval", "--nbval-current-env", "--nbval-cell-timeout=120"]
PARALLEL = ["-n", "2"]  # files at a time; pyproject.toml keeps the cells of a notebook together


def main(arguments=None):
    """Carry out one command and return its exit code; what goes wrong in set-up is said in one sentence."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(HELP, end="")
        return 0
    command, rest = arguments[0], arguments[1:]
    # The course's tensors are small. Two threads gain nothing for them, and while other processes keep the cores busy
    # they wait for each other: notebook 14 took 17 s with one thread then, and more than 140 s with two.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        if command not in COMMANDS:
            raise SetupError(_unknown(command))
        return COMMANDS[command](rest)
    except SetupError as error:
        print(f"nnlab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nnnlab: stopped.", file=sys.stderr)
        return 130


def lab(arguments):
    """Open JupyterLab on the notebooks. Token and address stay as Jupyter sets them."""
    python, arguments = _prepared((), arguments)
    # Jupyter refuses to start as root; in a container (Binder, Docker, CI) there is often nobody else.
    as_root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    opening.seed(ROOT)
    os.environ.update(opening.with_settings(os.environ))
    arguments = opening.announce(arguments)
    return _become([python, "-m", "jupyterlab", *opening.options(ROOT), HOOK, *as_root, *arguments])


def test(arguments):
    """Run every check, to the end even if one fails; with arguments only pytest, with these."""
    if os.environ.get("CI") == "true" and find_browser() is None:
        raise SetupError("CI is set but there is no Chromium for the browser tests: run `apt-get install chromium`.")
    python, arguments = _prepared(("test",), arguments)
    if arguments:
        return _become([python, "-m", "pytest", *arguments])
    results = [(title, *_timed([python, "-m", *command])) for title, command in _stages()]
    print("\nnnlab test")
    for title, code, seconds in results:
        print(f"  {title:12} {'passed' if code == 0 else f'FAILED (exit code {code})'} after {seconds:.0f} s")
    return int(any(code for _, code, _ in results))


def refresh(arguments):
    """Run notebooks and store their outputs."""
    return _become([prepare(), "-m", "nnlab.commands.notebooks", *arguments])


def badges(arguments):
    """Write launch links into README and notebooks; needs no environment."""
    from nnlab.commands.generated.launch import badges as write_badges

    if arguments in (["-h"], ["--help"]):
        print(BADGES, end="")
        return 0
    if len(arguments) != 1:
        raise SetupError("badges needs one repository: python3 -m nnlab badges OWNER/NAME[@TAG], or --clear.")
    try:
        changed = write_badges("" if arguments[0] == "--clear" else arguments[0])
    except ValueError as error:
        raise SetupError(str(error)) from error
    except OSError as error:
        raise SetupError(
            f"{error.filename or ROOT} cannot be written to: copy the clone to a folder of yours."
        ) from error
    print("\n".join(f"{path.relative_to(ROOT)}: written" for path in changed) or "Nothing to change.")
    return 0


def grade(arguments):
    """Grade a folder of notebooks."""
    return _become([prepare(), "-m", "nnlab.commands.classroom.grade", *arguments])


def contents(arguments):
    """Make what is made from notebooks; needs no environment."""
    from nnlab.commands.generated.contents import contents as write_table
    from nnlab.commands.generated.contents import times
    from nnlab.commands.generated.glossary import glossary

    changed = [*times(), *filter(None, (write_table(), glossary()))]
    print("\n".join(f"{path.relative_to(ROOT)}: written" for path in changed) or "Nothing to change.")
    return 0


def handout(arguments):
    """Write copies of notebooks for a class."""
    return _become([prepare(), "-m", "nnlab.commands.classroom.handout", *arguments])


def new(arguments):
    """Write the first version of something of one's own."""
    return _become([prepare(), "-m", "nnlab.commands.new.making", *arguments])


def export(arguments):
    """Write notebooks as pages, slides or PDF."""
    return _become([prepare(), "-m", "nnlab.commands.export.files", *arguments])


def site(arguments):
    """Write the static course."""
    python, arguments = _prepared(("site",), arguments)
    return _become([python, "-m", "nnlab.commands.site.build", *arguments])


def _prepared(extras, arguments):
    """The interpreter, and the arguments without the one that is for its making."""
    return prepare(extras, cuda="--cuda" in arguments), [a for a in arguments if a != "--cuda"]


def find_browser():
    """The path of a Chromium or Chrome for the browser tests, or None."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def _stages():
    folders = [name for name in ("nnlab", "tests", "benchmarks") if (ROOT / name).is_dir()]
    return [
        ("ruff check", ["ruff", "check", *folders]),
        ("ruff format", ["ruff", "format", "--check", *folders]),
        ("mypy", ["mypy"]),
        ("pytest", ["pytest", *PARALLEL, *NBVAL, "tests", "notebooks"]),
    ]


def _timed(command):
    started = time.monotonic()
    return subprocess.run(command, cwd=ROOT).returncode, time.monotonic() - started


def _become(command):
    """Hand the process over to `command`, so that signals and exit code are its own."""
    if os.name != "nt":
        sys.stdout.flush()
        os.execv(command[0], command)
    return subprocess.run(command).returncode


def _unknown(command):
    near = difflib.get_close_matches(command, COMMANDS, n=1)
    meant = f"did you mean {near[0]!r}? All commands" if near else "the commands"
    return f"There is no command {command!r}: {meant} are listed by `python3 -m nnlab --help`."


COMMANDS = {
    "lab": lab,
    "test": test,
    "refresh": refresh,
    "badges": badges,
    "contents": contents,
    "grade": grade,
    "handout": handout,
    "new": new,
    "export": export,
    "site": site,
}
