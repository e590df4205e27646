"""What an instructor does for a class.

handout: copies for students, for a lecture, for the instructor. students: what a copy without solutions is; slides: how
a copy is cut into slides; notes: what an instructor's copy has in addition. nbgrader: a source folder for that program.
grade: a folder of submitted notebooks becomes a table. grade_one: one submission, from its file to its verdicts;
grade_sandbox: the process that it runs in; grade_inside: what happens in there; grade_plain: what comes back.
"""
