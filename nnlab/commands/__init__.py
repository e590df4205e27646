"""What people type after ``python3 -m nnlab``.

cli: the commands. environment makes ``.venv`` or finds it, setup_errors says in one sentence what went wrong, start is
how a clone comes to life: these need only the standard library. launch: badges and the set-up cell. notebooks: refresh;
notebook_files: the one form in which a notebook is stored; saved: what the lab writes of one; pictures: how much its
pictures changed; contents: how long they take; glossary: their words. classroom: what is for a class. new: what an
author starts from. export: notebooks as pages, slides and PDF. site: the course as a static site.
"""
