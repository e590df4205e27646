"""checkup: is this network healthy? The lectures' checks in order, each with its evidence, likely cause and cure.

order: ``checkup`` itself, and the order of the checks. report: what a check finds, and how all of it is shown; faults:
every fault by name, with cause and cure. case: what is examined, always in copies; untouched: so that nothing of a
student's changes; task: what the loss wants. The checks, by what they look at: data, answers, learning, gradients,
units, steps, modes.
"""
