"""What people type after ``python3 -m nnlab``.

cli: the commands. start is how a clone comes to life, generated what is never written by hand: these need only the
standard library. notebooks: refresh; notebook_files: the one form in which a notebook is stored; saved: what the lab
writes of one; pictures: how much its pictures changed; formulas: LaTeX as MathML. classroom: what is for a class. new:
what an author starts from. export: notebooks as pages, slides and PDF. site: the course as a static site.
"""
