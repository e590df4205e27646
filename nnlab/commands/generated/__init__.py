"""What is written into README, docs and notebooks and never by hand; standard library only.

contents: README's table, and how long a notebook takes. glossary: the notebooks' words. launch: badges and the set-up
cell.
"""
