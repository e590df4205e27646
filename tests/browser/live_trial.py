"""A notebook with live trainings: moons, digits, one that fails; every step of the first two leaves its time and lr."""

from benchmarks.notebook_page import notebook_of

CELLS = {
    "prepare": """
import json
import threading
import time
import torch
import nnlab
made = []
def network(*sizes):
    net = nnlab.Network(sizes)
    return nnlab.models.to_torch(net, net.init("he_normal", seed=0))
class Recorded(torch.optim.SGD):
    def __init__(self, parameters):
        super().__init__(parameters, lr=0.1)
        self.record = []
    def step(self, closure=None):
        self.record.append((1000 * time.time(), self.param_groups[0]["lr"]))
        return super().step(closure)
def live(sizes, data, **settings):
    made.append(nnlab.live_training(network(*sizes), data, steps=20, **settings))
    return made[-1]
class FailsAtStep(torch.nn.Module):
    def __init__(self, step):
        super().__init__()
        self.model, self.left = network(2, 4, 2), step
    def forward(self, x):
        self.left -= self.training
        if self.left < 0:
            raise RuntimeError("this layer has had enough")
        return self.model(x)
""",
    "moons": "moons = live((2, 16, 16, 2), nnlab.moons(), optimizer=Recorded)\nmoons",
    "digits": "digits = live((64, 64, 10), nnlab.digits(), optimizer=Recorded)\ndigits",
    "fails": "nnlab.live_training(FailsAtStep(50), nnlab.moons(), steps=20)",
    "state": """
print(json.dumps({
    "steps": [one.run.steps for one in made],
    "running": [one.running for one in made],
    "marks": [len(one.run.changes) for one in made],
    "threads": [t.name for t in threading.enumerate()].count("nnlab live training"),
    "records": [one.run.optimizer.record for one in made],
}))
""",
    "busy": """
first, until = moons.run.steps, time.time() + 3
rounds = 0
while time.time() < until:
    rounds += sum(range(1000)) > 0
print(json.dumps({"before": first, "after": moons.run.steps, "rounds": rounds}))
""",
    "alone": """
def alone(one, sizes):
    twin = nnlab.live_training(network(*sizes), one.run.data, steps=one.run.steps)
    return twin.losses == one.losses and twin.png() == one.png()
print(json.dumps([alone(moons, (2, 16, 16, 2)), alone(digits, (64, 64, 10))]))
""",
}


def notebook():
    """The notebook, not yet run."""
    return notebook_of(CELLS.values())
