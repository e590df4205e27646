"""What can be learned from a network and from a run.

Before any run: checkup looks for faults in a network and its script, and clinic has ten patients for it. Inside a
network: probes. On its answers: mistakes, calibration, and the pictures that it paints. On its learning curves: curves.
Between two runs that share their seeds: comparison. From many runs with other settings: search. plots draws all of it
on the Axes you give, in the colours of palette.
"""
