"""The answers in the solution cells of the notebooks, as a student reads them, and their mutants."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import mutants
import nbformat
from ours import NOTEBOOKS as NOTEBOOKS


class Shown(NamedTuple):
    """One solution cell: the exercise, what the cell needs of the notebook, and its definitions.

    The answer is what the function ``answer`` returns: a function, or a value.
    """

    id: str
    scope: dict[str, Any]
    definitions: dict[str, ast.FunctionDef]

    def made(self, name: str | None = None, changed: ast.FunctionDef | None = None) -> Any:
        """The answer, with one definition in the place of that name."""
        scope = dict(self.scope)
        body = [changed if name == own else tree for own, tree in self.definitions.items()]
        run(body, scope)
        return scope["answer"]()


@cache
def read(path: Path) -> list[Shown]:
    """The solution cells of a notebook whose answer needs no more than its imports and the solutions before."""
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    scope: dict[str, Any] = {}
    found = []
    for cell in cells:
        if "google.colab" in cell.source:
            continue
        tree = ast.parse(cell.source)
        if "solution" not in cell.metadata.get("tags", []):
            run([s for s in tree.body if is_import(s)], scope)
            continue
        *before, last = tree.body
        assert isinstance(last, ast.Expr)
        assert isinstance(last.value, ast.Call)
        id, answer = last.value.args
        if isinstance(answer, ast.Name) and (value := assigned(before, answer.id)):
            before, answer = [s for s in before if not isinstance(s, ast.Assign)], value
        definitions = {s.name: s for s in before if isinstance(s, ast.FunctionDef)}
        assert len(definitions) == len(before), "a solution cell holds functions, or one value, and its check"
        returned = ast.parse(f"def answer():\n    return {ast.unparse(answer)}").body[0]
        assert isinstance(returned, ast.FunctionDef)
        found.append(Shown(ast.literal_eval(id), dict(scope), {**definitions, "answer": returned}))
        run(before, scope)
    return found


def is_import(statement: ast.stmt) -> bool:
    """Whether a statement imports, or gives a library a shorter name: F = torch.nn.functional."""
    return isinstance(statement, ast.Import) or ast.unparse(statement) == "F = torch.nn.functional"


def assigned(statements: list[ast.stmt], name: str) -> ast.expr | None:
    """The value that a statement gives to a name."""
    for statement in statements:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == name:
            return statement.value
    return None


def run(statements: Sequence[ast.stmt], scope: dict) -> None:
    """Execute statements where these names are known."""
    module = ast.fix_missing_locations(ast.Module(list(statements), []))
    exec(compile(module, "<notebook>", "exec"), scope)


def variants(cell: Shown) -> Iterator[tuple[str, Callable[[], Any]]]:
    """What makes the answers with one thing changed, each with its change in words."""
    for name in cell.definitions:
        for words, changed in mutants.variants(copy.deepcopy(cell.definitions[name])):
            yield f"{name}: {words}", lambda name=name, changed=changed: cell.made(name, changed)
