"""Live training: a network that trains while you watch, with handles on its running optimizer."""

from nnlab.live.run import LiveRun
from nnlab.live.widget import LiveTraining, live_training

__all__ = ["LiveRun", "LiveTraining", "live_training"]
