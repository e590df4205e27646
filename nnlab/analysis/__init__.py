"""What can be learned from a network and from a run.

Inside a network: probes. On its answers: mistakes, calibration. On its learning curves: curve_measures, and diagnosis,
which names what they show; curve_families makes up curves for practice. Between two runs that share their seeds:
comparison. Before any run: checkup looks for faults in a network and its script, and clinic has ten patients for it.
plots draws all of it on the Axes you give.
"""
