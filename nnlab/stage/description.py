"""The description of an explorer: controls, computation, picture and sentence, without any widget.

The public function, the live explorer, the stored picture, the site and the tests are all made from this one object.
"""

import inspect
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from textwrap import fill
from types import FunctionType
from typing import Any, Literal

from nnlab import arguments

__all__ = ["Choice", "Description", "Handle", "Preset", "Slider", "Toggle"]


@dataclass(frozen=True)
class Slider:
    """A control for a number in [low, high]; a whole number where ``whole`` is True or ``step`` is a whole number.

    ``log`` gives each decade a number of equal ``step`` s of its exponent, and values with three significant digits.
    The keys of the keyboard walk over ``stops``; a value between two stops is as good, and is shown as it is.
    """

    name: str
    default: float
    low: float
    high: float
    step: float
    label: str
    log: bool = False
    whole: bool = False

    @property
    def ends(self) -> tuple:
        """The values at both ends."""
        return (self.low, self.high)

    @property
    def only_whole(self) -> bool:
        """Whether only whole numbers are allowed."""
        return self.whole or isinstance(self.step, int)

    @property
    def allowed(self) -> str:
        """The range in words."""
        return f"from {self.low:g} to {self.high:g}"

    @property
    def annotation(self) -> Any:
        """The kind of number."""
        return int if self.only_whole else float

    @property
    def stops(self) -> list:
        """The values that the keyboard steps over: from end to end, round where that keeps them apart."""
        low, high = (math.log10(self.low), math.log10(self.high)) if self.log else (self.low, self.high)
        points = [low + k * self.step for k in range(math.ceil((high - low) / self.step - 1e-6))] + [high]
        if not self.log:
            return [self.clean(point) for point in points]
        digits = 2 if self.step >= 0.04 else 3
        between = [float(f"{10**p:.{digits}g}") for p in points[1:-1]]
        return sorted({self.clean(round(v) if self.whole else v) for v in [*between, *self.ends]})

    def text(self, value) -> str:
        """The value as it stands beside the slider: every digit that matters, and no more."""
        if self.whole:
            return str(value)
        if self.log:
            return f"{float(f'{value:.3g}'):g}"  # 1000, not 1e+03
        decimals = max(0, -math.floor(math.log10(self.step) + 1e-6))
        rounded = f"{value:.{decimals}f}"
        return rounded if math.isclose(float(rounded), value, abs_tol=1e-9) else f"{value:g}"

    def clean(self, value):
        """The value as ``compute`` gets it; raises ValueError or TypeError when it is outside the range."""
        slack = 1e-6 * (abs(self.low) + abs(self.high))
        arguments.number(
            self.name, value, self.allowed, lambda v: self.low - slack <= v <= self.high + slack, f"{self.default:g}"
        )
        value = min(max(value, self.low), self.high)  # an end that was rounded may lie a little outside
        if self.only_whole:
            if value != int(value):
                raise ValueError(f"{self.name} must be a whole number. Got {value!r}. Try {round(value)}.")
            return int(value)
        if value == self.default:
            return float(value)  # with all of its digits
        return float(f"{value:.3g}") if self.log else round(float(value), 10)


@dataclass(frozen=True)
class Choice:
    """A control for one of several names."""

    name: str
    default: str
    options: tuple[str, ...]
    label: str

    @property
    def ends(self) -> tuple:
        """Every option: a choice has no other ends."""
        return self.options

    @property
    def allowed(self) -> str:
        """The options in words."""
        *others, last = map(repr, self.options)
        return f"{', '.join(others)} or {last}" if others else last

    @property
    def annotation(self) -> Any:
        """One of the options."""
        return Literal[self.options]

    def clean(self, value):
        """The value itself; raises when it is not an option."""
        arguments.one_of(self.name, value, self.options)
        return value


@dataclass(frozen=True)
class Toggle:
    """A control that is on or off."""

    name: str
    default: bool
    label: str

    @property
    def ends(self) -> tuple:
        """Off and on."""
        return (False, True)

    allowed = "True or False"
    annotation = bool

    def clean(self, value):
        """The value itself; raises TypeError when it is not a bool."""
        if not isinstance(value, bool):
            raise TypeError(f"{self.name} must be True or False. Got {value!r}. Try {self.default}.")
        return value


@dataclass(frozen=True)
class Preset:
    """A named setting that is worth a look, and the reason why."""

    label: str
    reason: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Handle:
    """A place in the picture that can be dragged, along one axis or both.

    Attributes:
        artist: the name of the artist, a line, that lies there; what ``draw`` returns under this name.
        label: what it is, in a few words.
        x: the name of the slider that is moved along the horizontal axis, or None.
        y: the same for the vertical one.
        number: which artist, where there are several under this name.
    """

    artist: str
    label: str
    x: str | None = None
    y: str | None = None
    number: int = 0


@dataclass(frozen=True)
class Description:
    """Everything that makes an explorer.

    Attributes:
        name: the function in ``nnlab.explorers`` that opens it.
        title: the question it answers, in a few words.
        about: what it shows, with formula and source, and what a label of a control has no room for.
        controls: in the order in which they are shown.
        compute: (**values) -> result. Pure: same values, same result.
        draw: (figure) -> {name: artist or list of artists}, the artists that move. Everything else that it draws
            is the background, which is drawn once.
        update: (artists, result) -> scene. Puts the result into the artists. When the scene (any value that can be
            compared, often None) or the limits of an Axes change, the background is drawn anew.
        sentence: (result) -> str, one plain sentence with the numbers that matter.
        letters: how long the sentence can become. There is room for so many, and so the controls below never move.
        presets: settings worth a look.
        size: width and height of the picture in inches, at 100 pixels an inch.
        handles: places in the picture that can be dragged.
        widest: settings whose labels need more room than those of the defaults. The axes leave room for all of them,
            and then never move.
    """

    name: str
    title: str
    about: str
    controls: tuple[Slider | Choice | Toggle, ...]
    compute: Callable
    draw: Callable
    update: Callable
    sentence: Callable
    presets: tuple[Preset, ...] = ()
    size: tuple[float, float] = (8.0, 3.6)
    handles: tuple[Handle, ...] = ()
    widest: tuple[Mapping[str, Any], ...] = ()
    letters: int = 160

    def __post_init__(self):
        if not isinstance(self.controls, tuple | list):
            raise TypeError(
                f"controls must be a tuple. Got {self.controls!r}. Try ({self.controls!r},), with the comma."
            )
        for preset in self.presets:
            self.values(**preset.values)
        for handle in self.handles:
            for name in filter(None, (handle.x, handle.y)):
                arguments.one_of(f"slider of handle {handle.label}", name, self._sliders)
        self.values()

    def values(self, **given) -> dict:
        """The defaults with the given values in their place.

        Raises:
            ValueError, TypeError: an unknown control, or a value outside its range.
        """
        names = [c.name for c in self.controls]
        for name in given:
            arguments.one_of(f"control of {self.name}", name, names)
        return {c.name: c.clean(given.get(c.name, c.default)) for c in self.controls}

    @property
    def _sliders(self) -> list[str]:
        return [control.name for control in self.controls if isinstance(control, Slider)]

    def roomy(self) -> list:
        """The results that the layout must have room for; none if every result needs the same."""
        results = []
        for values in [self.values(**given) for given in ({}, *self.widest)] if self.widest else []:
            with suppress(Exception):  # said once somebody moves there, and not at every other frame
                results.append(self.compute(**values))
        return results

    @property
    def signature(self) -> inspect.Signature:
        """The controls as keyword parameters."""
        keyword = inspect.Parameter.KEYWORD_ONLY
        return inspect.Signature(
            [inspect.Parameter(c.name, keyword, default=c.default, annotation=c.annotation) for c in self.controls]
        )

    @property
    def documentation(self) -> str:
        """What the public function says of itself: question, picture, a line for each control, presets."""
        paragraph = partial(fill, width=80, break_on_hyphens=False)
        labels = ["" if c.label == c.name else f"{c.label}, " for c in self.controls]
        lines = [
            paragraph(f"    {c.name}: {label}{c.allowed}; default {c.default!r}.", subsequent_indent=8 * " ")
            for c, label in zip(self.controls, labels, strict=True)
        ]
        buttons = ", ".join(preset.label for preset in self.presets)
        presets = [paragraph(f"Its buttons are presets: {buttons}.")] if buttons else []
        return "\n\n".join([self.title, paragraph(self.about), "\n".join(["Args:", *lines]), *presets])

    def code(self, values: Mapping[str, Any]) -> str:
        """The one-line call that opens the explorer with these values."""
        given = [f"{c.name}={values[c.name]!r}" for c in self.controls if values[c.name] != c.default]
        function, *first = self._opened_by()
        return f"{function}({', '.join([*first, *given])})"

    def _opened_by(self) -> list[str]:
        """The function that opens it, and what it takes before the controls: names that exist where it was written."""
        if str(getattr(self.compute, "__module__", "")).startswith("nnlab.explorers."):
            return [f"nnlab.explorers.{self.name}"]
        found = ["nnlab.Explorer", "..."]  # a description without a name is for the author to fill in
        for name, value in self._beside_it():
            if value is self:
                found = ["nnlab.Explorer", name]
            elif isinstance(value, FunctionType) and vars(value).get("description") is self:
                return [name]
        return found

    def _beside_it(self) -> Iterator[tuple[str, Any]]:
        """All names of the modules that hold its functions; those of the notebook itself have no module before them."""
        places = {str(getattr(part, "__module__", "")) for part in (self.compute, self.draw, self.update)}
        for place in sorted(places & sys.modules.keys()):
            for name, value in list(vars(sys.modules[place]).items()):
                yield name if place == "__main__" else f"{place}.{name}", value
