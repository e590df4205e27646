"""Search over hyper-parameters: which settings to try, who tries them, and what is kept when something breaks.

running: ``search``. repeated: ``repeated_search``, many at once. strategies: grid, random and Bayesian, as generators
of settings. trial: what one trial is, on whatever process it runs. crew: trials on an executor, and what happens when a
worker dies. journal: the file in which finished trials outlive a crash.
"""

from nnlab.training.search.repeated import repeated_search
from nnlab.training.search.running import search

__all__ = ["repeated_search", "search"]
