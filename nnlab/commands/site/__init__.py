"""The static course: every notebook as a page that lives without a kernel and without a network.

build: the command. alive runs the notebooks in kernels, where kernel shows what lives as HTML; pages: a notebook as a
page; contents: all other pages; reference: the pages of the public names; frame: what Sphinx is told, with the theme in
``course/``; checked: what is wrong with a site that was built, and how large it is.
"""
