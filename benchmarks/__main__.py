"""Print the table: ``python -m benchmarks [NAME ...]`` (all if none is named); 1 if a goal is missed.

Some are not about speed and run only when they are named. ``python -m benchmarks claims [NN ...] [--splits 5]``
rechecks what the notebooks claim, ``python -m benchmarks diagnosis`` counts how often ``nnlab.diagnosis`` is right on
real runs, and ``python -m benchmarks checkup [--seeds 20]`` whether the checkup finds every fault, and only faults.
``python -m benchmarks elsewhere bounds|colab|newest [NN ...]`` runs the notebooks with other versions of everything,
and ``python -m benchmarks site [FOLDER]`` opens every page of the static site as a slow telephone does.
"""

import argparse
import importlib
import os
import sys
from pathlib import Path

from benchmarks.table import Row, show

NAMES = ("imports", "ensemble", "training", "notebooks", "slider_to_picture", "pages", "grading", "memory")


def main(arguments) -> int:
    """Measure the named benchmarks, or all of them."""
    os.environ.setdefault("NNLAB_RECORD", "off")  # no answer here is a student's
    apart = {"claims": claims, "checkup": checkups, "diagnosis": diagnoses, "elsewhere": others, "site": sites}.get(
        *arguments[:1] or [""]
    )
    rows = apart(arguments[1:]) if apart else speed(arguments)
    print(show(rows))
    return int(not all(row.ok for row in rows))


def speed(arguments) -> list[Row]:
    """The rows of the named benchmarks, or of all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="The speed table of nnlab, measured.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(NAMES)}; all if none is named")
    names = parser.parse_args(arguments).names or NAMES
    if unknown := [name for name in names if name not in NAMES]:
        parser.error(f"NAME must be one of {', '.join(NAMES)}. Got {unknown[0]}. Try {NAMES[0]}.")
    return [row for name in names for row in importlib.import_module(f"benchmarks.{name}").measure()]


def claims(arguments) -> list[Row]:
    """The rows of the named notebooks, or of all, on other splits."""
    from benchmarks.claims import measure

    parser = argparse.ArgumentParser(prog="python -m benchmarks claims", description="Claims on other data splits.")
    parser.add_argument("notebooks", nargs="*", metavar="NN", help="such as 06; all if none is named")
    parser.add_argument("--splits", type=int, default=5, help="how many other splits and seeds")
    chosen = parser.parse_args(arguments)
    return measure(chosen.notebooks, chosen.splits)


def diagnoses(arguments) -> list[Row]:
    """The rows of all real runs."""
    from benchmarks.diagnosis import measure

    argparse.ArgumentParser(prog="python -m benchmarks diagnosis", description="Verdicts on real runs.").parse_args(
        arguments
    )
    return measure()


def checkups(arguments) -> list[Row]:
    """The rows of all patients and of all healthy networks."""
    from benchmarks.checkup import measure

    parser = argparse.ArgumentParser(prog="python -m benchmarks checkup", description="Faults that are found.")
    parser.add_argument("--seeds", type=int, default=20, help="how many of each")
    return measure(parser.parse_args(arguments).seeds)


def others(arguments) -> list[Row]:
    """The row of one environment."""
    from benchmarks.elsewhere import KINDS, measure

    parser = argparse.ArgumentParser(prog="python -m benchmarks elsewhere", description="Notebooks elsewhere.")
    parser.add_argument("kind", choices=KINDS, help="whose versions")
    parser.add_argument("notebooks", nargs="*", metavar="NN", help="such as 06; all if none is named")
    chosen = parser.parse_args(arguments)
    return measure(chosen.kind, chosen.notebooks)


def sites(arguments) -> list[Row]:
    """The rows of every page of a site."""
    from benchmarks.site import measure

    parser = argparse.ArgumentParser(prog="python -m benchmarks site", description="Every page on a slow telephone.")
    parser.add_argument("folder", nargs="?", type=Path, help="a site; one is built if none is named")
    return measure(parser.parse_args(arguments).folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
