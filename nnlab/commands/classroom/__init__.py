"""What an instructor does for a class.

grade: a folder of submitted notebooks becomes a table. grade_one: one submission, from its file to its verdicts;
grade_sandbox: the process that it runs in; grade_inside: what happens in there; grade_plain: what comes back.
"""
