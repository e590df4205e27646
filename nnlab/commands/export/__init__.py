"""Notebooks to hand out as pages, slides and PDF that need neither a kernel nor a network.

files is the command; exporters are nbconvert's with the template in ``templates``; cells says what is folded, what a
picture is called and where a slide begins; text turns Markdown into HTML; printing asks a browser for a PDF; moving
makes the moving picture of the README.
"""
