"""One of every kind: two explorers, a question with a picture, a live training, what an exercise says, an open question
with its proof in the next cell."""

from benchmarks.notebook_page import notebook_of

CELLS = (
    """
import torch
from matplotlib.figure import Figure
import nnlab
figure = Figure(figsize=(6, 3))
figure.add_subplot().plot([1, 3, 2])
""",
    "nnlab.explorers.capacity()",
    "nnlab.explorers.backprop_steps()",
    'nnlab.predict("Up or down?", ["up", "down", "neither"], answer="up", because="It is so.", reveal=figure)',
    """
net = nnlab.Network([2, 8, 2])
nnlab.live_training(nnlab.models.to_torch(net, net.init("he_normal", seed=0)), nnlab.moons(), steps=20)
""",
    """
for answer in (None, 1.0, 900**-0.5):
    display(nnlab.check("05.4", answer))
nnlab.hint("05.4")
""",
    'nnlab.predict("Is 7 prime?", ["yes", "no"], answer="yes", because="Nothing divides it.")',
    "print('divided by 2, 3 and 5 it leaves', 7 % 2, 7 % 3, 7 % 5)",
    "the_last = 'cell'",
)


def notebook():
    """The notebook, not yet run."""
    return notebook_of(CELLS)
