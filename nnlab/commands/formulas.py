"""Formulas: LaTeX as MathML, which browsers draw without a script."""

import re

from latex2mathml.converter import convert

__all__ = ["mathml"]

NAMED = r"<mi>(?:log|ln|exp|sin|cos|tanh|max|min)</mi>"
BEFORE = re.compile(rf"</(?:mi|mn|mrow|msub|msup)>(?={NAMED})")
# As the base of a subscript, a power or a limit it is one of two parts, and a space would be a third.
AFTER = re.compile(rf"(?<!<msub>)(?<!<msup>)(?<!<munder>){NAMED}(?=<m(?!o))")
THIN = '<mspace width="0.17em" />'


def mathml(latex: str, display: bool = False) -> str:
    r"""A formula as an element ``math``, with TeX's thin space between the name of a function and what is beside it.

    ``display`` gives sums and fractions their full height.

    >>> mathml(r"x + 1").count("<mi>x</mi>")
    1
    """
    spaced = BEFORE.sub(rf"\g<0>{THIN}", convert(latex.strip(), display="block" if display else "inline"))
    return AFTER.sub(rf"\g<0>{THIN}", spaced)
