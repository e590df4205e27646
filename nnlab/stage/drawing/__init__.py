"""How a result becomes a picture.

picture: a figure whose moving artists are drawn anew. recorder: a drawing becomes strokes. strokes: the form in which
they travel.
"""
