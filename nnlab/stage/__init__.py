"""What a student touches.

description: what an explorer is, without widgets. picture: how it is drawn. explorer: its controls and its sentence.
prediction: choose first, then look. live: a training run with handles. source: the package's own code, to read.
"""
