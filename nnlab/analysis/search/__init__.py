"""What a search over hyper-parameters has tried and found.

trials: the table, and the best of it. views: what is read off it, for a picture. search_plots draws that on the Axes
you give.
"""

from nnlab.analysis.search.trials import COLUMNS, Trials

__all__ = ["COLUMNS", "Trials"]
