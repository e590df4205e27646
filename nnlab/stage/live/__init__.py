"""Live training: a network that trains while you watch, with handles on its running optimizer."""

from nnlab.stage.live.run import LiveRun
from nnlab.stage.live.widget import LiveTraining, live_training

__all__ = ["LiveRun", "LiveTraining", "live_training"]
