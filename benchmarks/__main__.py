"""Print the table: ``python -m benchmarks [NAME ...]`` (all if none is named); 1 if a goal is missed."""

import argparse
import importlib
import sys

from benchmarks.table import show

NAMES = ("imports", "ensemble", "training", "notebooks", "slider_to_picture")


def main(arguments) -> int:
    """Measure the named benchmarks, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="The speed table of nnlab, measured.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(NAMES)}; all if none is named")
    names = parser.parse_args(arguments).names or NAMES
    if unknown := [name for name in names if name not in NAMES]:
        parser.error(f"NAME must be one of {', '.join(NAMES)}. Got {unknown[0]}. Try {NAMES[0]}.")
    rows = [row for name in names for row in importlib.import_module(f"benchmarks.{name}").measure()]
    print(show(rows))
    return int(not all(row.ok for row in rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
