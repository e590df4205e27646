"""What a student touches.

description: what an explorer is, without widgets. picture: how it is drawn. explorer: its controls and its sentence.
recorder: what was drawn, in place of pixels. strokes: the form in which that travels. front: draws it in the browser.
prediction: choose first, then look. live: a training run with handles. source: the package's own code, to read.
"""
