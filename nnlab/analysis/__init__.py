"""What can be learned from a network and from a run.

Inside a network: probes. On its answers: mistakes, calibration, and the pictures that it paints. On its learning
curves: curve_measures, and diagnosis, which names what they show; curve_families makes up curves for practice. Between
two runs that share their seeds: comparison. plots draws all of it on the Axes you give.
"""
