"""What a student touches.

description: what an explorer is, without widgets. drawing: how it becomes a picture, and strokes that travel. panel:
the widget that shows them, in the browser by ``front``. beside: that widget and a picture that stands still. explorer:
its controls and its sentence. handles: what can be dragged. ahead: frames before they are wanted. prediction: choose
first, then look. logbook: what was checked and predicted. live: a training run with handles. alone: a page without a
kernel. source: the package's own code.
"""
