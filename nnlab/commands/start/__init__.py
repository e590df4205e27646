"""The first minutes of a clone: pip_runs installs and says how far it is, opening decides what JupyterLab shows first.

Standard library only. The folder ``jupyter`` holds JupyterLab's settings for the course, below the student's own.
"""
