"""Show the package's own source, and the machine that it runs on."""

import ast
import inspect
import os
import platform
import textwrap
from importlib import metadata

__all__ = ["environment_card", "show_source"]


class Source:
    """The source text of a function or class, shown with colours."""

    def __init__(self, text: str):
        self.text = text

    def __repr__(self) -> str:
        return self.text

    def _repr_markdown_(self) -> str:
        return f"```python\n{self.text}\n```"


def show_source(*things) -> Source:
    """The source of functions, methods or classes of nnlab, as it stands in the file, without docstrings.

    Of several, each is shown under its name. Something with a ``script``, such as a patient of the clinic, is shown as
    all functions of its script.

    >>> import nnlab
    >>> show_source(nnlab.optimizers.SGD.formula)
    def formula(self, w, g, memory, t):
        return w - self.lr * g, ()
    """
    texts = [source_of(thing) for thing in things]
    if len(texts) == 1:
        return Source(texts[0])
    return Source("\n\n".join(f"# {thing.__qualname__}\n{text}" for thing, text in zip(things, texts, strict=True)))


def source_of(thing) -> str:
    """The source text of one function, method or class, without its docstring."""
    if isinstance(script := getattr(thing, "script", None), list):
        return "\n\n".join(map(source_of, script))
    start, remedy = "show_source needs a function, a method or a class that stands in a file.", "type(thing)"
    if inspect.ismodule(thing):
        remedy = f"{thing.__name__.replace('.engine', '')}.{getattr(thing, '__all__', ['...'])[0]}"
    elif getattr(thing, "__name__", "") == "<lambda>":
        remedy = "a function that has a name"
    else:
        try:
            return without_docstring(textwrap.dedent(inspect.getsource(thing))).rstrip()
        except (TypeError, OSError) as error:
            raise TypeError(f"{start} Got {thing!r}. Try nnlab.show_source({remedy}).") from error
    raise TypeError(f"{start} Got {thing!r}. Try {remedy}.")


def without_docstring(text: str) -> str:
    """The source text of one function or class without the docstring and the blank line after it."""
    definition = ast.parse(text).body[0]
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    if not isinstance(definition, kinds) or ast.get_docstring(definition) is None:
        return text
    lines, doc = text.splitlines(), definition.body[0]
    rest = lines[doc.end_lineno :]
    while rest and not rest[0].strip():
        rest = rest[1:]
    return "\n".join(lines[: doc.lineno - 1] + rest)


class Card:
    """A few lines of plain text."""

    def __init__(self, text: str):
        self.text = text

    def __repr__(self) -> str:
        return self.text


def environment_card() -> Card:
    """The versions, the device and the threads that this notebook runs with: say these when you report a bug."""
    import torch

    packages = ("nnlab", "torch", "numpy", "matplotlib", "scikit-learn", "ipywidgets", "ipykernel")
    lines = [f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"]
    lines += [f"{name} {metadata.version(name)}" for name in packages]
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    lines.append(f"device {device}, {torch.get_num_threads()} of {os.cpu_count()} threads")
    return Card("\n".join(lines))
