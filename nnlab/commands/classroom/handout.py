"""``python3 -m nnlab handout FOLDER [06 07 ...]``: copies of the notebooks for a class.

Students get them without solutions. Options: outputs cleared, cells marked as slides, or an instructor's copy, which
keeps the solutions and has notes. Everything else is the stored notebook, byte for byte.
"""

import argparse
import sys
from pathlib import Path

from nnlab.commands.classroom.nbgrader import course
from nnlab.commands.classroom.notes import with_notes
from nnlab.commands.classroom.slides import as_slides
from nnlab.commands.classroom.students import cleared, without_solutions
from nnlab.commands.generated.launch import repository
from nnlab.commands.notebook_files import NotebookError, read, to_bytes, write
from nnlab.commands.notebooks import find_notebooks

__all__ = ["copy_of", "handout", "main"]

SLIDES = "jupyter nbconvert --to slides --TagRemovePreprocessor.remove_input_tags=hide-input"


def handout(folder, wanted=None, replace=False, **options):
    """Write a copy of each wanted notebook into `folder`; returns their paths.

    `wanted` and `options` are those of ``find_notebooks`` and ``copy_of``. Raises `NotebookError` for a notebook that
    is not there, for the folder of the notebooks themselves, and for a file that is there already and is another one,
    which may be somebody's work, unless it may be replaced.
    """
    folder, copies = Path(folder), {}
    for path in find_notebooks(wanted):
        if path.resolve().parent == folder.resolve():
            raise NotebookError(f"{folder} holds the notebooks themselves. Try another folder, such as handout.")
        target, copy = folder / path.name, copy_of(read(path), path.stem, **options)
        if not replace and target.exists() and target.read_bytes() != to_bytes(copy):
            raise NotebookError(f"{target} is another file already. Try another folder, or --replace.")
        copies[target] = copy
    folder.mkdir(parents=True, exist_ok=True)
    for target, copy in copies.items():
        write(target, copy)
    return list(copies)


def copy_of(notebook, stem, clear=False, slides=False, instructor=False):
    """One copy: with notes and solutions for an instructor, without solutions for students."""
    copy = with_notes(notebook, stem) if instructor else without_solutions(notebook)
    copy = as_slides(copy) if slides else copy
    return cleared(copy) if clear else copy


def main(arguments):
    """Write the copies that are asked for; returns the exit code."""
    asked = parser().parse_intermixed_args(arguments)
    others = {"clear": asked.clear, "slides": asked.slides, "instructor": asked.instructor}
    try:
        if asked.nbgrader:
            written = course(asked.folder, asked.notebooks, asked.replace)
        else:
            written = handout(asked.folder, asked.notebooks, asked.replace, **others)
    except (NotebookError, OSError) as error:
        print(f"nnlab: {error}", file=sys.stderr)
        return 1
    print("\n".join(f"{path}: written" for path in written))
    if asked.slides:
        print(f"As a page of slides, without the code of questions: {SLIDES} {written[-1]}")
    if repository() and not asked.instructor:
        print(f"The launch links lead to {repository()}, where the solutions are.")
    return 0


def parser():
    usage = "python3 -m nnlab handout FOLDER [NN ...] [options]"
    made = argparse.ArgumentParser(prog="python3 -m nnlab handout", usage=usage, description="Copies for a class.")
    made.add_argument("folder", type=Path, help="where the copies go")
    made.add_argument("notebooks", nargs="*", metavar="NN", help="such as 06; all if none is named")
    made.add_argument("--clear", action="store_true", help="without outputs")
    made.add_argument("--slides", action="store_true", help="marked as slides, for nbconvert and RISE")
    made.add_argument("--replace", action="store_true", help="write over files that are there already")
    kinds = made.add_mutually_exclusive_group()
    kinds.add_argument("--instructor", action="store_true", help="with the solutions, and with notes for teaching")
    kinds.add_argument("--nbgrader", action="store_true", help="a course folder for nbgrader, with its source")
    return made


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
