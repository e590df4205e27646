"""What a student's notebook keeps: the picture that stands behind every live view.

``python3 -m nnlab lab`` names ``keep_pictures`` as the hook that Jupyter's server calls before it writes a notebook.
A notebook that is opened again has no kernel yet, and for a view without one JupyterLab shows "model not found" in
place of the picture, its sentence and all. So the view is not written where something else can be shown.
"""

from nnlab.commands.notebook_files import WIDGET_VIEW, only_a_view, text_of

__all__ = ["keep_pictures"]

STILL = ("image/png", "text/markdown", "text/html")
SPOKEN = "TensorBoard of "  # its button needs a kernel, and its text says how to do without


def keep_pictures(model: dict, **_) -> None:
    """Take views out of a notebook that is about to be written; what is on the screen stays alive."""
    if model.get("type") != "notebook" or not isinstance(model.get("content"), dict):
        return
    for cell in model["content"].get("cells", []):
        if "outputs" in cell:
            cell["outputs"] = [output for output in cell["outputs"] if not only_a_view(output)]
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if any(kind in data for kind in STILL) or text_of(data.get("text/plain", "")).startswith(SPOKEN):
                data.pop(WIDGET_VIEW, None)
