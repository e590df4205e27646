"""What an instructor does with the notebooks for a class.

handout: copies for students, for a lecture, for the instructor. students: what a copy without solutions is; slides: how
a copy is cut into slides; notes: what an instructor's copy has in addition. nbgrader: a source folder for that program.
"""
