"""The first minutes of a clone: from nothing but Python to JupyterLab. Standard library only.

environment makes ``.venv`` or finds it; pip_runs installs and says how far it is; setup_errors says what went wrong in
one sentence; opening decides what JupyterLab shows first. The folder ``jupyter`` holds JupyterLab's settings for the
course, below the student's own.
"""
