"""``python3 -m nnlab new``: the first version of an exercise, an explorer or a notebook of one's own, with its test.

making writes the files into ``notebooks/own``; names says which name they can have. The templates are the text files
of this room: in them NAME stands for the name.
"""
