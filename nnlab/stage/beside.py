"""Beside: what a cell shows, a picture that stands still and the live one beside it, which hides it while it lives.

They are two outputs. A notebook that is opened again has no kernel yet, and some front ends cannot load the live one:
then the still one is in sight, whatever stands in the place of the other. ``front/panel.css`` has the rules that hide.
"""

import sys
from collections.abc import Callable
from typing import Any

import ipywidgets

from nnlab.stage.panel import VIEW, Panel, view_of

__all__ = ["Beside", "beside", "covered", "show_live"]

HOW = (
    "Nothing moves here, because this front end does not load anywidget. To have the live picture, run the notebook in "
    "JupyterLab as <code>python3 -m nnlab lab</code> starts it."
)
COLAB = (
    "Nothing moves here yet. To have the live picture, run these two lines, and then this cell again: "
    "<code>from google.colab import output</code> and <code>output.enable_custom_widget_manager()</code>."
)
# What is late gives the live one time to come, which hides it; and why it did not come is said in words.
STYLE = """<style>
.nnlab-late { animation: nnlab-late 5s step-end }
@keyframes nnlab-late { from { max-height: 0; margin: 0; overflow: hidden; opacity: 0 } }
:is(.nnlab-beside-1, .nnlab-beside-2) .jupyter-widgets-error-widget { display: none }
</style>"""


def how() -> ipywidgets.HTML:
    """One line on how to get the live picture, of ipywidgets alone: shown if the live one does not come."""
    return late(ipywidgets.HTML(STYLE + (COLAB if "google.colab" in sys.modules else HOW)))


def late(widget):
    """The widget, not to be seen for some seconds."""
    return widget.add_class("nnlab-late")


def beside(widget, stills: int = 1) -> ipywidgets.VBox:
    """A live widget that hides one still output before it, or two; how to get it is said if it does not come."""
    return ipywidgets.VBox([how(), widget]).add_class(f"nnlab-beside-{stills}")


class Beside:
    """What has a ``sentence``, a ``png()``, a ``widget`` and a ``_picture`` is shown as its picture and that widget."""

    widget: Panel
    sentence: str
    _picture: Any
    png: Callable[[], bytes]

    def _repr_mimebundle_(self, include=None, exclude=None) -> tuple[dict, dict]:
        png = self.png()  # first: a live training draws its last step
        size = {"width": self._picture.width, "alt": self.sentence or repr(self)}
        return {"text/plain": repr(self), "image/png": png}, {"image/png": size}

    def _ipython_display_(self) -> None:
        from IPython.display import display

        data, metadata = self._repr_mimebundle_()
        display(data, metadata=metadata, raw=True)
        show_live(beside(self.widget))


def show_live(widget) -> None:
    """An output with nothing but the live widget: no stored notebook needs it."""
    from IPython.display import display

    display({VIEW: view_of(widget)}, raw=True)


def covered(data: dict, metadata: dict) -> Callable[[], None]:
    """Show a still picture behind an empty place, so that it gives no answer away; call the result to uncover it.

    It is uncovered once the question lives, which hides it. If no live question comes, it is seen after some seconds.
    """
    from IPython.display import display

    picture = late(ipywidgets.Image(value=data["image/png"], width=metadata["image/png"]["width"]))
    shown = display({**data, VIEW: view_of(picture)}, metadata=metadata, raw=True, display_id=True)
    return lambda: shown.update(data, metadata=metadata, raw=True)
