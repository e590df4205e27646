"""Each module says in ``__all__`` what is public; nothing else of it is imported elsewhere in the package."""

import ast
import importlib
import pkgutil
from importlib.util import find_spec, resolve_name
from pathlib import Path

import pytest

import nnlab

MODULES = [m.name for m in pkgutil.walk_packages(nnlab.__path__, "nnlab.") if not m.name.endswith("__main__")]


def defined(source: str) -> dict[str, ast.AST]:
    """What a module defines at its top: functions, classes, names."""
    found: dict[str, ast.AST] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {name.id: node for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)}
    return found


def complaints(module, source: str) -> list[str]:
    """What is wrong with the public names of a module."""
    here = defined(source)
    if "__all__" not in here:
        return [f"{module.__name__} has no __all__."] if here else []
    found = []
    for name in module.__all__:
        node = here.get(name)
        if name.startswith("_") or not hasattr(module, name):
            found.append(f"{module.__name__}.__all__ names {name}, which is not there or private.")
        elif isinstance(node, ast.FunctionDef | ast.ClassDef) and not ast.get_docstring(node):
            found.append(f"{module.__name__}.{name} is public and has no docstring.")
    return found


def private_imports(name: str, source: str) -> list[str]:
    """Names that a module takes from another module of nnlab by ``from ... import``, and that are not public there."""
    package = name if find_spec(name).submodule_search_locations else name.rpartition(".")[0]
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.level or node.module.split(".")[0] == "nnlab"):
            origin = resolve_name("." * node.level + (node.module or ""), package)
            public = getattr(importlib.import_module(origin), "__all__", ())
            taken = [item.name for item in node.names if f"{origin}.{item.name}" not in MODULES]
            found += [
                f"{name} imports {item} from {origin}, where __all__ does not name it."
                for item in taken
                if item not in public
            ]
    return found


def source_of(name: str) -> str:
    """The source of a module, which is not run for it."""
    return Path(find_spec(name).origin).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", MODULES)
def test_public_names_exist_and_have_docstrings(name):
    assert complaints(importlib.import_module(name), source_of(name)) == []


@pytest.mark.parametrize("name", ["nnlab.__main__", *MODULES])
def test_only_public_names_are_imported(name):
    assert private_imports(name, source_of(name)) == []


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def f():\n    pass", ["m has no __all__."]),
        ("a, (b, c) = 1, (2, 3)", ["m has no __all__."]),
        ("a: int = 1", ["m has no __all__."]),
        ("'''Only words.'''\nimport math", []),
        ("__all__ = ['f']\ndef f():\n    pass", ["m.f is public and has no docstring."]),
        ("__all__ = ['C']\nclass C(Exception):\n    pass", ["m.C is public and has no docstring."]),
        ("__all__ = ['f', 'N']\nN = 1\ndef f():\n    '''Does.'''\ndef g():\n    pass", []),
        ("__all__ = ['g']", ["m.__all__ names g, which is not there or private."]),
        ("__all__ = ['_g']\n_g = 1", ["m.__all__ names _g, which is not there or private."]),
    ],
)
def test_what_is_wrong_with_a_module_is_said(source, said):
    module = type(nnlab)("m")
    exec(source, module.__dict__)
    assert complaints(module, source) == said


@pytest.mark.parametrize(
    ("line", "taken"),
    [
        ("from nnlab.datasets.idx import read_idx", None),
        ("from nnlab.datasets import idx", None),
        ("from nnlab import arguments, digits", None),
        ("import nnlab.datasets.idx", None),
        ("from math import pi", None),
        ("def f():\n    from nnlab.datasets.idx import UNSIGNED_BYTE as byte", "UNSIGNED_BYTE from nnlab.datasets.idx"),
        ("from .idx import UNSIGNED_BYTE", "UNSIGNED_BYTE from nnlab.datasets.idx"),
        ("from nnlab.datasets.idx import nothing", "nothing from nnlab.datasets.idx"),
        ("from . import nothing", "nothing from nnlab.datasets"),
    ],
)
def test_an_import_of_what_is_not_public_is_told_so(line, taken):
    said = [f"nnlab.datasets.data imports {taken}, where __all__ does not name it."]
    assert private_imports("nnlab.datasets.data", line) == (said if taken else [])
