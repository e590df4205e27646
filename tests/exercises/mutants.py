"""Mutants of a solution: its source, and that of the functions it calls, with one thing changed."""

from __future__ import annotations

import ast
import copy
import functools
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from types import FunctionType

import torch

from nnlab.exercises import Exercise

COMPARISONS = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
}
OPERATORS = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div,),
    ast.Div: (ast.Mult, ast.FloorDiv),
    ast.FloorDiv: (ast.Div, ast.Mod),
    ast.Pow: (ast.Mult,),
    ast.MatMult: (),
}
RENAMED = {
    "mean": ("sum",),
    "sum": ("mean",),
    "all": ("any",),
    "any": ("all",),
    "min": ("max",),
    "max": ("min",),
    "amax": ("amin", "mean"),
    "argmax": ("argmin",),
    "std": ("var",),
    "var": ("std",),
    "var_mean": ("std_mean",),
    "cos": ("sin",),
    "sqrt": ("exp",),
    "log": ("exp",),
    "softmax": ("log_softmax",),
}

# What changes the container or the number kind, never a value: leaving it away is no mutant
CONVERSIONS = {"numpy", "tolist", "item", "clone", "double", "float", "int", "list", "zip", "array", "asarray", "ravel"}
KINDS = {"dtype", "strict"}


def solution_functions(solution: FunctionType) -> dict[str, ast.FunctionDef]:
    """The definitions of a solution and of what it calls in its own module, by name."""
    module = sys.modules[solution.__module__]
    found: dict[str, ast.FunctionDef] = {}
    waiting = [solution.__name__]
    while waiting:
        name = waiting.pop()
        function = getattr(module, name, None)
        if name in found or not isinstance(function, FunctionType) or function.__module__ != solution.__module__:
            continue
        tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
        assert isinstance(tree, ast.FunctionDef)
        found[name] = tree
        waiting += [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
    return found


def changes(node: ast.AST) -> Iterator[ast.AST]:
    """Everything that may stand in the place of this node."""
    if isinstance(node, ast.Compare):
        for other in COMPARISONS.get(type(node.ops[0]), ()):
            yield ast.Compare(node.left, [other(), *node.ops[1:]], node.comparators)
    elif isinstance(node, ast.BinOp):
        for other in OPERATORS.get(type(node.op), ()):
            yield ast.BinOp(node.left, other(), node.right)
        yield node.left  # a dropped term, factor or exponent
        if not isinstance(node.op, ast.Pow):
            yield node.right
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    elif isinstance(node, ast.Constant):
        yield from changed_constants(node.value)

    elif isinstance(node, ast.IfExp):
        yield ast.IfExp(node.test, node.orelse, node.body)
        yield node.body
        yield node.orelse
    elif isinstance(node, ast.Tuple) and len(node.elts) > 1 and isinstance(node.ctx, ast.Load):
        for k in range(len(node.elts) - 1):
            swapped = [*node.elts]
            swapped[k : k + 2] = swapped[k + 1], swapped[k]
            yield ast.Tuple(swapped, ast.Load())
    elif isinstance(node, ast.Call):
        yield from changed_calls(node)


def changed_constants(value: object) -> Iterator[ast.AST]:
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int | float):
        yield ast.Constant(value + 1)
        yield ast.Constant(value - 1)
        if isinstance(value, float):
            yield ast.Constant(value * 1.1)


def changed_calls(node: ast.Call) -> Iterator[ast.AST]:
    if isinstance(node.func, ast.Name | ast.Attribute) and getattr(node.func, "attr", None) in CONVERSIONS:
        return
    if isinstance(node.func, ast.Name) and node.func.id in CONVERSIONS:
        return
    if isinstance(node.func, ast.Attribute):
        for name in RENAMED.get(node.func.attr, ()):
            yield ast.Call(ast.Attribute(node.func.value, name, ast.Load()), node.args, node.keywords)
        if not (isinstance(node.func.value, ast.Name) and node.func.value.id in ("torch", "math", "functional")):
            yield node.func.value  # x for x.f()
        elif node.args:
            yield node.args[0]  # x for torch.f(x)
    elif isinstance(node.func, ast.Name):
        for name in RENAMED.get(node.func.id, ()):
            yield ast.Call(ast.Name(name, ast.Load()), node.args, node.keywords)
        if len(node.args) == 1:
            yield node.args[0]
    if len(node.args) == 2:
        yield ast.Call(node.func, node.args[::-1], node.keywords)
    for k, keyword in enumerate(node.keywords):
        if keyword.arg not in KINDS:
            yield ast.Call(node.func, node.args, [*node.keywords[:k], *node.keywords[k + 1 :]])


def dropped_statements(tree: ast.FunctionDef) -> Iterator[tuple[str, ast.FunctionDef]]:
    for k, statement in enumerate(tree.body):
        if isinstance(statement, ast.Expr) and not isinstance(statement.value, ast.Constant):
            changed = copy.deepcopy(tree)
            changed.body[k] = ast.Pass()
            yield f"without `{ast.unparse(statement)}`", changed


def places(tree: ast.AST) -> Iterator[tuple[ast.AST, Callable[[ast.AST], None]]]:
    """Every node of a tree with a function that puts another one in its place."""
    for parent in ast.walk(tree):
        if isinstance(parent, ast.keyword) and parent.arg in KINDS:
            continue
        for field, value in ast.iter_fields(parent):
            if isinstance(value, ast.AST):
                yield value, functools.partial(setattr, parent, field)
            elif isinstance(value, list):
                for k, item in enumerate(value):
                    if isinstance(item, ast.AST):
                        yield item, functools.partial(value.__setitem__, k)


def variants(tree: ast.FunctionDef) -> Iterator[tuple[str, ast.FunctionDef]]:
    """The changed definition, one change after the other, with the changed place in words; use it before the next."""
    for node, put in list(places(tree)):
        for other in changes(node):
            if ast.unparse(other) != ast.unparse(node):
                put(other)
                yield f"{ast.unparse(node)} -> {ast.unparse(other)}", tree
                put(node)
    yield from dropped_statements(tree)


def compiled(functions: dict[str, ast.FunctionDef], solution: FunctionType) -> Callable:
    """The solution as these definitions say, with all else that its module holds."""
    scope = dict(vars(sys.modules[solution.__module__]))
    tree = ast.fix_missing_locations(ast.Module(list(functions.values()), []))
    exec(compile(tree, f"<mutant of {solution.__name__}>", "exec"), scope)
    return scope[solution.__name__]


def changed_sources(solution: FunctionType) -> Iterator[tuple[str, dict[str, ast.FunctionDef]]]:
    """All mutants as definitions, each with its change in words."""
    functions = solution_functions(solution)
    for name, tree in functions.items():
        for words, changed in variants(tree):
            yield f"{name}: {words}", {**functions, name: changed}


def of(solution: FunctionType) -> Iterator[tuple[str, Callable]]:
    """All mutants of a solution, each with its change in words."""
    for words, functions in changed_sources(solution):
        yield words, compiled(functions, solution)


def in_place(exercise: Exercise) -> Iterator[tuple[str, Callable]]:
    """The solution, and afterwards one of the tensors that it was given changed."""
    given: list[tuple] = []

    def listening(*arguments):
        given.append(arguments)
        return exercise.solution(*arguments)

    exercise.run(listening, copy.deepcopy(exercise.cases[0]))
    for k, argument in enumerate(given[0]):
        if isinstance(argument, torch.Tensor):

            def mutant(*arguments, k=k):
                result = exercise.solution(*arguments)
                arguments[k].add_(1)
                return result

            yield f"changes argument {k + 1} in place", mutant
